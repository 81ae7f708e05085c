"""Pixels -> bytes. Each encoder has a decoder of the same name in ``js/src/pixels/decoders.js``.

``half3`` is exact: what a picture is developed from. ``luma8`` takes a quarter of it, for links on
which exact pixels would come too late; it keeps brightness to 2 % or so, and mixes the colours of
neighbours.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from raywidget.picture.development import to_half

Pixels = NDArray[np.float32]

LUMA_STOPS = 24.0  # darker than the brightest pixel by more than this is black


def encode_half3(pixels: Pixels, level: int, exponent: int = 0) -> bytes:
    """Linear radiance as half floats, three a pixel, row by row.

    Parameters
    ----------
    pixels : (height, width, 3) float32
        Linear Rec. 709 radiance.
    level : int
        Level of detail: one pixel is sent for each square of 2^level pixels.
    exponent : int
        Pre-exposure: what is sent is the radiance times 2^-exponent.
    """
    return to_half(shrink(pixels, level), exponent).astype("<f2", copy=False).tobytes()


def encode_luma8(pixels: Pixels, level: int, exponent: int = 0) -> bytes:
    """A byte of brightness for each pixel, two of colour for each square of four.

    Brightness is the sum of the channels on a logarithmic scale from the darkest pixel of this
    tile to its brightest; colour is the share of red and of blue in it.
    """
    rgb = to_half(shrink(pixels, level), exponent).astype(np.float32)
    sums = rgb.sum(axis=2)
    codes = np.zeros(sums.shape, np.uint8)
    low, step = 0.0, 0.0
    if (lit := sums > 0.0).any():
        stops = np.log2(sums[lit])
        high = float(stops.max())
        low = max(float(stops.min()), high - LUMA_STOPS)
        step = (high - low) / 254.0
        scaled = (stops - low) / step if step > 0.0 else np.zeros_like(stops)
        codes[lit] = np.where(scaled < -0.5, 0, np.clip(np.rint(scaled) + 1.0, 1.0, 255.0))
    rows, columns = sums.shape
    even = np.pad(rgb, ((0, rows % 2), (0, columns % 2), (0, 0)))
    pairs = even[::2] + even[1::2]
    squares = pairs[:, ::2] + pairs[:, 1::2]
    share = squares[..., ::2] / np.maximum(squares.sum(axis=2, keepdims=True), 1e-7)
    colour = np.rint(255.0 * share).astype(np.uint8)
    return b"".join((struct.pack("<ff", low, step), codes.tobytes(), colour.tobytes()))


Encoder = Callable[[Pixels, int, int], bytes]

ENCODERS: dict[str, Encoder] = {"half3": encode_half3, "luma8": encode_luma8}
EXACT = "half3"
DRAFT = "luma8"


def shrink(pixels: Pixels, level: int) -> Pixels:
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
    mean: Pixels = (sums / count).astype(np.float32)
    return mean


def sent_size(width: int, height: int, level: int, encoding: str) -> int:
    """Bytes that a rectangle takes on the wire, its padding included and its record not."""
    columns, rows = -(-width >> level), -(-height >> level)
    if encoding == DRAFT:
        size = 8 + columns * rows + 2 * -(-columns >> 1) * -(-rows >> 1)
    else:
        size = 6 * columns * rows
    return size + -size % 4
