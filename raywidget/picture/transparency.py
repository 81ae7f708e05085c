"""Pictures that are cut out: alpha, and what it is laid over.

Radiance goes with alpha *premultiplied*: it is what the camera sees of what is there, and not that
colour at full coverage (Porter and Duff 1984, "Compositing digital images"). So what light adds
where nothing covers (an image in glass, the glow of a skin of smoke) is kept, and the way over a
background is one sum. PNG wants it otherwise, see `straight`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

CHECK_PIXELS = 8  # side of a square of the board
CHECK_DARK, CHECK_LIGHT = 0.133, 0.319  # radiance: 40 % and 60 % grey on the screen


def straight(pixels: F32, alpha: F32) -> F32:
    """Colours as they would be at full coverage, (..., 3); black where nothing covers.

    What is developed is this, not the premultiplied colour: a tone curve is not linear, and would
    draw a dark or a bright line round everything.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.picture.transparency import straight
    >>> straight(np.float32([[0.25, 0.5, 0.0]]), np.float32([0.5])).tolist()
    [[0.5, 1.0, 0.0]]
    """
    covers = alpha > 0.0
    scale = np.where(covers, alpha, np.float32(1.0))[..., None]
    with np.errstate(over="ignore"):
        colors: F32 = np.where(covers[..., None], pixels / scale, np.float32(0.0))
    return colors


def lay_over(pixels: F32, alpha: F32, background: F32) -> F32:
    """Premultiplied radiance (..., 3) over a background that is opaque, in linear light."""
    composed: F32 = pixels + (np.float32(1.0) - alpha)[..., None] * background
    return composed


def lay_over_checkerboard(
    pixels: F32, alpha: F32, x: int = 0, y: int = 0, step: float = 1.0
) -> F32:
    """Over the grey squares that stand for nothing, as on the canvas.

    Parameters
    ----------
    pixels : (height, width, 3) float32
        A part of a picture.
    alpha : (height, width) float32
        Its coverage.
    x, y : int
        Where its corner is in the picture.
    step : float
        Pixels of the picture from one of its own to the next.
    """
    height, width = alpha.shape
    rows, columns = (
        np.floor((start + (np.arange(size) + 0.5) * step) / CHECK_PIXELS).astype(np.int64)
        for start, size in ((y, height), (x, width))
    )
    is_light = (rows[:, None] + columns) % 2 == 0
    board = np.where(is_light, np.float32(CHECK_LIGHT), np.float32(CHECK_DARK))
    return lay_over(pixels, alpha, board[..., None])


def alpha_words(alpha: F32, most: np.float32) -> F32:
    """Alpha as whole numbers up to `most`; no tone curve goes over it."""
    return np.asarray(np.floor(alpha * most + np.float32(0.5)), np.float32)
