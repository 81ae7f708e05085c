"""Pixels -> bytes. Each encoder has a decoder of the same name in ``js/src/pixels.js``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from raywidget.picture.development import to_half


def encode_half3(pixels: NDArray[np.float32], level: int) -> bytes:
    """Linear radiance as half floats, three a pixel, row by row.

    Parameters
    ----------
    pixels : (height, width, 3) float32
        Linear Rec. 709 radiance.
    level : int
        Level of detail: one pixel is sent for each square of 2^level pixels.
    """
    return to_half(shrink(pixels, level)).astype("<f2", copy=False).tobytes()


Encoder = Callable[[NDArray[np.float32], int], bytes]

ENCODERS: dict[str, Encoder] = {"half3": encode_half3}
BYTES_PER_PIXEL: dict[str, int] = {"half3": 6}


def shrink(pixels: NDArray[np.float32], level: int) -> NDArray[np.float32]:
    """The mean of each square of 2^level pixels; squares at the edges are cut.

    Values that aren't finite are left out, so that one firefly doesn't take a whole square; a
    square without any finite value becomes 0.
    """
    if level == 0:
        return pixels
    size = 1 << level
    height, width, channels = pixels.shape
    rows, columns = -(-height // size), -(-width // size)
    padded = np.full((rows * size, columns * size, channels), np.nan)
    padded[:height, :width] = pixels
    squares = padded.reshape(rows, size, columns, size, channels)
    finite = np.isfinite(squares)
    sums = np.where(finite, squares, 0.0).sum(axis=(1, 3))
    count = np.maximum(finite.sum(axis=(1, 3)), 1)
    mean: NDArray[np.float32] = (sums / count).astype(np.float32)
    return mean


def sent_size(width: int, height: int, level: int, encoding: str) -> int:
    """Bytes that a rectangle takes on the wire, its padding included and its record not."""
    columns, rows = -(-width >> level), -(-height >> level)
    size = columns * rows * BYTES_PER_PIXEL[encoding]
    return size + -size % 4
