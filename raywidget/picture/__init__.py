"""Pictures: the result of a render, and how it is shown. Plain numpy."""

from raywidget.picture.curves import (
    CHANNELS,
    CURVE_NAMES,
    CURVES,
    check_channel,
    check_display,
    make_table,
)
from raywidget.picture.development import count_invalid, develop, to_half
from raywidget.picture.image import Image
from raywidget.picture.luminance import luminance

__all__ = [
    "CHANNELS",
    "CURVES",
    "CURVE_NAMES",
    "Image",
    "check_channel",
    "check_display",
    "count_invalid",
    "develop",
    "luminance",
    "make_table",
    "to_half",
]
