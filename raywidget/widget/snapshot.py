"""The picture in the widget's own state, so that exposure stays live where a notebook is only read.

It is one record of a `tiles` message (see `docs/protocol.md`): half floats, with their
pre-exposure. The front end shows it when no kernel answers.
"""

from __future__ import annotations

import math

from raywidget.picture.development import choose_exponent
from raywidget.picture.image import Image
from raywidget.picture.transparency import lay_over_checkerboard
from raywidget.stream.encoders import ENCODERS, EXACT
from raywidget.stream.outgoing import Record, pack_records

MOST_PIXELS = 1 << 20  # 6 MB; larger pictures are kept coarser
MOST_PIXELS_NARROW = 1 << 16  # on a slow link, which it has to pass


def encode_snapshot(image: Image, most_pixels: int | None = MOST_PIXELS) -> bytes:
    """A picture as one record: every pixel, or coarser if there are more than so many."""
    level = 0
    if most_pixels is not None:
        while math.prod(-(-side >> level) for side in (image.width, image.height)) > most_pixels:
            level += 1
    shown, alpha = image.seen()
    if alpha is not None:
        shown = lay_over_checkerboard(shown, alpha)
    exponent = choose_exponent(shown)
    pixels = ENCODERS[EXACT](shown, level, exponent)
    size = (image.width, image.height)
    return pack_records([Record(0, 0, *size, level, max(image.spp, 1), pixels, exponent)])
