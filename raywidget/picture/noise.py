"""How far a picture is from the one that it converges to: from estimated variances to numbers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from raywidget.picture.luminance import mean_luminance, strips
from raywidget.picture.rows import Rows

_DARK = 0.1  # of the mean luminance: darker pixels are not measured against themselves
_TAPS = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
ERROR_REACH = len(_TAPS) // 2  # pixels on each side that `standard_error` looks at


def relative_noise(pixels: Rows, variance: Rows) -> float | None:
    """Root mean square over pixels of error by brightness; None where nothing is known.

    The square of a pixel's share is the sum of the variances of its colours by the sum of their
    squares, taken from the mean of the 24 pixels around it, to which a tenth of the picture's mean
    luminance is added, squared, for each: noise in the dark is seen less. By the pixel's own value
    it would be divided by the very error that is to be measured: a single bright spot, which makes
    both large, would count for 1, and its absence for 0 (the squares came out at a third of what
    they are in one scene).
    """
    dark = _DARK * mean_luminance(pixels)
    height, width, _ = pixels.shape
    total = 0.0  # in the order of rows, so that it is the same each time
    for part in strips(height, width):
        first, last = max(0, part.start - 2), min(height, part.stop + 2)
        around = _mean_around(pixels[first:last])[part.start - first : part.stop - first]
        around *= around
        scale = _sum_of_colors(around)
        scale += np.float32(3.0 * dark**2)
        shares = _sum_of_colors(variance[part])
        shares /= np.maximum(scale, np.float32(1e-30), out=scale)
        total += float(shares.sum(dtype=np.float64))
    mean = total / (height * width)
    return math.sqrt(mean) if math.isfinite(mean) else None


def _sum_of_colors(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, 3) -> (H, W): numpy's sums over so short an axis take five times as long."""
    return np.asarray(pixels[..., 0] + pixels[..., 1] + pixels[..., 2])


def _mean_around(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of 5 x 5 pixels without the one in the middle; at the edges, of those that are there."""
    height, width, _ = pixels.shape
    flat = pixels.reshape(height, 3 * width)  # colours are neighbours: numpy is slow along three
    rows = flat.copy()
    for k in (-2, -1, 1, 2):
        here, there = _overlap(height, k)
        rows[here] += flat[there]
    total = rows - flat
    for k in (-2, -1, 1, 2):
        here, there = (slice(3 * s.start, 3 * s.stop) for s in _overlap(width, k))
        total[:, here] += rows[:, there]
    down, across = (
        np.minimum(np.arange(n), 2) + np.minimum(np.arange(n)[::-1], 2) + 1 for n in (height, width)
    )
    shares = {
        n: np.repeat(1.0 / np.maximum(n * across - 1, 1), 3).astype(np.float32) for n in set(down)
    }
    for row, n in zip(total, down, strict=True):
        row *= shares[n]
    np.maximum(total, 0.0, out=total)  # a difference of sums
    return total.reshape(pixels.shape)


def _overlap(size: int, shift: int) -> tuple[slice, slice]:
    """Where a row lies over itself when it is shifted, before and after."""
    return slice(max(0, -shift), max(0, size - shift)), slice(max(0, shift), max(0, size + shift))


def standard_error(variance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Roots of variances that are averaged over 5 x 5 pixels by binomial weights.

    Alone, each pixel's variance is an estimate with a single degree of freedom.
    """
    reach = (ERROR_REACH, ERROR_REACH)
    padded = np.pad(variance, (reach, reach, (0, 0)), mode="symmetric")
    height, width, _ = variance.shape
    error = np.empty(variance.shape, np.float32)
    for part in strips(height, width):
        around = padded[part.start : part.stop + 2 * ERROR_REACH].astype(np.float64)
        count = part.stop - part.start
        rows = sum(tap * around[k : k + count] for k, tap in enumerate(_TAPS))
        error[part] = np.sqrt(sum(tap * rows[:, k : k + width] for k, tap in enumerate(_TAPS)))
    return error
