"""How bright a colour looks."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.picture.rows import Rows
from raywidget.scene.values.colors import REC709_WEIGHTS

STRIP_PIXELS = 1 << 16


def luminance(pixels: ArrayLike) -> NDArray[np.float64]:
    """Luminance of linear Rec. 709 colours: (..., 3) -> (...)."""
    channels = np.asarray(pixels, dtype=np.float64)
    r, g, b = REC709_WEIGHTS
    # Not a matrix product: BLAS may add in another order on another machine.
    return np.asarray(r * channels[..., 0] + g * channels[..., 1] + b * channels[..., 2])


def mean_luminance(pixels: Rows) -> float:
    """The mean over a picture, (H, W, 3); rows are looked at in turn, to save memory."""
    height, width = pixels.shape[:2]
    sums = [float(luminance(pixels[part]).sum()) for part in strips(height, width)]
    total = math.fsum(sums) if all(map(math.isfinite, sums)) else sum(sums)
    return total / (height * width)


def strips(height: int, width: int) -> Iterator[slice]:
    """Rows of a picture in turn, so many that what is computed of them needs little memory.

    Examples
    --------
    >>> from raywidget.picture.luminance import strips
    >>> list(strips(5, 2**15))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, STRIP_PIXELS // max(1, width))
    for top in range(0, height, step):
        yield slice(top, min(height, top + step))
