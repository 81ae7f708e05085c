"""Non-local means over two halves of the samples: a denoiser that needs nothing installed.

Rousselle, Knaus and Zwicker 2012 ("Adaptive rendering with non-local means filtering") and 2013
("Robust denoising using feature and color information"): each half is smoothed by weights that the
*other* half gives, so that a pixel's noise has no say in its own weights; colours of surfaces are
divided out first, and weights fall where these or normals differ. Before that, single pixels that
outshine all their neighbours are cut down to the brightest of these: they are like nothing else,
and would stay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

_REACH = 5  # pixels on each side that are looked at
_PATCH = 2  # pixels on each side that are compared
_STRICTNESS = 0.6  # k of the papers: distances are in units of k times the noise
_LEAST = np.float32(1e-3)
_ALBEDO = np.float32(0.05)  # difference of colours, and of normals, at which a weight is 1/e
_NORMAL = np.float32(0.3)


def filter_halves(even: F32, odd: F32, albedo: F32, normal: F32) -> F32:
    """Smooth a picture that is the mean of two, all (H, W, 3) float32.

    `albedo` and `normal` must have no noise worth mentioning.
    """
    colors = np.maximum(albedo, np.float32(0.02))
    plain = [np.asarray(np.maximum(half, 0.0) / colors, np.float32) for half in (even, odd)]
    halves = _cut_spots(plain)
    # The variance of a half, from how far the two are apart: of one pixel alone it is a guess with
    # one degree of freedom, so it is averaged.
    variance = _box(np.asarray((halves[0] - halves[1]) ** 2 / 2, np.float32), 3)
    features = np.concatenate([albedo / _ALBEDO, normal / _NORMAL], axis=2)

    height, width, _ = even.shape
    totals = [half.copy() for half in halves]
    weights = [np.ones((height, width, 1), np.float32) for _ in halves]
    for dy in range(_REACH + 1):
        for dx in range(-_REACH, _REACH + 1):
            if dy == 0 and dx <= 0:
                continue  # a pair of pixels is looked at once
            if dy >= height or abs(dx) >= width:
                continue
            here = slice(0, height - dy), slice(max(0, -dx), width - max(0, dx))
            there = slice(dy, height), slice(max(0, dx), width - max(0, -dx))
            gap = features[here] - features[there]
            alike = np.exp(-np.einsum("ijk,ijk->ij", gap, gap))[..., None]
            noise = variance[here] + variance[there]
            scale = _STRICTNESS * _STRICTNESS * noise + _LEAST * _LEAST
            smaller = np.minimum(variance[here], variance[there])
            for half in (0, 1):
                other = halves[1 - half]
                step = (other[here] - other[there]) ** 2
                # What is left when the noise of both is taken off (Rousselle 2012, equation 2)
                distance = ((step - (variance[here] + smaller)) / scale).mean(2, keepdims=True)
                weight = np.exp(-np.maximum(_box(distance, _PATCH), 0.0)) * alike
                totals[half][here] += weight * halves[half][there]
                totals[half][there] += weight * halves[half][here]
                weights[half][here] += weight
                weights[half][there] += weight
    smooth = (totals[0] / weights[0] + totals[1] / weights[1]) / 2
    return np.asarray(smooth * colors, np.float32)


def _cut_spots(halves: list[F32]) -> list[F32]:
    """Halves in which no pixel is brighter than the brightest of its eight neighbours."""
    height, width, _ = halves[0].shape
    padded = np.pad((halves[0] + halves[1]) / 2, ((1, 1), (1, 1), (0, 0)), mode="symmetric")
    brightest = np.zeros_like(halves[0])
    for dy in (0, 1, 2):
        for dx in (0, 1, 2):
            if (dy, dx) != (1, 1):
                np.maximum(brightest, padded[dy : dy + height, dx : dx + width], out=brightest)
    return [np.minimum(half, brightest) for half in halves]


def _box(values: F32, reach: int) -> F32:
    """Means over squares of 2 `reach` + 1 pixels; at the edges, of those that are there."""
    for axis in (0, 1):
        length = values.shape[axis]
        at = np.arange(length)
        count = np.minimum(at + reach + 1, length) - np.maximum(at - reach, 0)
        room: list[tuple[int, int]] = [(0, 0)] * 3
        room[axis] = (reach, reach)
        padded = np.moveaxis(np.pad(values, room), axis, 0)
        total = padded[:length].copy()
        for k in range(1, 2 * reach + 1):
            total += padded[k : k + length]
        total *= (1.0 / count).astype(np.float32).reshape(-1, 1, 1)
        values = np.moveaxis(total, 0, axis)
    return values
