"""Pictures: the result of a render, and how it is shown. Plain numpy."""

from raywidget.picture.curves import CURVES, check_display, make_table
from raywidget.picture.development import count_invalid, develop, to_half
from raywidget.picture.image import Image
from raywidget.picture.luminance import luminance

__all__ = [
    "CURVES",
    "Image",
    "check_display",
    "count_invalid",
    "develop",
    "luminance",
    "make_table",
    "to_half",
]
