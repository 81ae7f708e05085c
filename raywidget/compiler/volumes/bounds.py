"""The least and the greatest number in each block of a grid, and the extinction there."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.volumes.storage import Stored
from raywidget.kernels import layout
from raywidget.kernels.layout import F32

# Cells along the side of a block: of a cloud of 256^3, of which a fifth is filled, 4 took 8.5
# look-ups a sample, 8 took 11.3, 16 took 16.7. There are at most BLOCKS along an axis, since what
# they know should stay in a processor's cache.
_SMALLEST = 4
BLOCKS = 64

_FARTHEST = 16  # blocks that are looked over for something that is not empty


class Ranges(NamedTuple):
    """Stored numbers, -inf where there is a hole: (X, Y, Z) blocks."""

    low: F32
    high: F32
    size: int  # cells along the side of a block


def find_ranges(stored: Stored) -> Ranges:
    """Ranges that hold for all that is between the numbers, too."""
    numbers = stored.array[..., 3] if stored.array.ndim == 4 else stored.array
    size = max(_SMALLEST, -(-max(numbers.shape) // BLOCKS))
    lows, highs = [], []
    for first in range(0, len(numbers), size):
        # The neighbours count: what is between two numbers belongs to both.
        slab = numbers[max(0, first - 1) : first + size + 1]
        low, high = _without_holes(slab, stored)
        lows.append(_in_blocks(low.min(axis=0), size, np.minimum))
        highs.append(_in_blocks(high.max(axis=0), size, np.maximum))
    return Ranges(np.stack(lows), np.stack(highs), size)


def _without_holes(slab: NDArray[Any], stored: Stored) -> tuple[NDArray[Any], NDArray[Any]]:
    if not stored.has_holes:
        return slab, slab
    if stored.storage == layout.GRID_FLOATS:
        holes = ~np.isfinite(slab)
    else:
        holes = slab == np.iinfo(slab.dtype).max
    return (np.where(holes, np.float32(-np.inf), slab),) * 2


def _in_blocks(plane: NDArray[Any], size: int, choose: Any) -> F32:
    """Of a plane of numbers, what `choose` finds in squares that overlap by one all round."""
    for axis in (0, 1):
        count = plane.shape[axis]
        starts = np.arange(0, count, size)
        edges = np.stack([np.maximum(starts - 1, 0), np.minimum(starts + size + 1, count)], axis=1)
        # One more at the end, so that all edges are places; every second interval counts.
        last = np.take(plane, [count - 1], axis=axis)
        padded = np.concatenate([plane, last], axis=axis)
        found = choose.reduceat(padded, edges.ravel(), axis=axis)
        plane = np.take(found, np.arange(0, len(edges) * 2, 2), axis=axis)
    return np.asarray(plane, np.float32)


def bound_extinction(ranges: Ranges, extinction: F32, scale: float, offset: float) -> F32:
    """Least and greatest extinction in each block: (blocks, BOUNDS_SIZE).

    `extinction` is that of the transfer function, row by row; stored numbers are rows after
    `scale` and `offset`.
    """
    last = len(extinction) - 1
    with np.errstate(invalid="ignore"):
        low = np.clip(ranges.low.ravel().astype(np.float64) * scale + offset, -1.0, last)
        high = np.clip(ranges.high.ravel().astype(np.float64) * scale + offset, -1.0, last)
    # What kernels make of them in single precision may lie a little beside.
    first = np.clip(np.floor(low - 1e-3), 0, last).astype(np.int64)
    end = np.clip(np.ceil(high + 1e-3), 0, last).astype(np.int64)
    result = np.empty((len(first), layout.BOUNDS_SIZE), np.float32)
    result[:, 0] = _extremes(extinction, first, end, np.minimum)
    result[:, 1] = _extremes(extinction, first, end, np.maximum)
    result[~np.isfinite(ranges.low.ravel()), 0] = 0.0
    result[~np.isfinite(ranges.high.ravel()), 1] = 0.0
    return result


def _extremes(values: F32, first: NDArray[np.int64], end: NDArray[np.int64], choose: Any) -> F32:
    """What `choose` finds in values[first : end + 1], for all of them at once."""
    # Of each place and so many more, powers of two (Bender and Farach-Colton 2000).
    levels = [values]
    while 2 ** len(levels) <= len(values):
        before, reach = levels[-1], 2 ** (len(levels) - 1)
        levels.append(choose(before[:-reach], before[reach:]))
    level = np.floor(np.log2(end - first + 1)).astype(np.int64)
    result = np.empty(len(first), np.float32)
    for k, table in enumerate(levels):
        at = level == k
        result[at] = choose(table[first[at]], table[end[at] - 2**k + 1])
    return result


def measure_emptiness(bounds: F32) -> None:
    """How far it is from empty blocks to others, in place of their least extinction.

    `bounds` is (X, Y, Z, BOUNDS_SIZE) and contiguous. A ray leaps over so many blocks at once: all
    that are no farther along any axis, but the last, are empty. Looking up to 16 blocks far takes
    some milliseconds for 64^3.
    """
    near = bounds[..., layout.BOUNDS_MOST] > 0.0
    empty = ~near
    distance = np.ones(near.shape, np.float32)
    for _ in range(_FARTHEST - 1):
        if near.all() or not near.any():
            break
        for axis in range(3):
            here = np.moveaxis(near, axis, 0)
            grown = here.copy()
            grown[1:] |= here[:-1]
            grown[:-1] |= here[1:]
            near = np.moveaxis(grown, 0, axis)
        distance += ~near
    if not near.any():
        distance[...] = _FARTHEST
    bounds[empty, layout.BOUNDS_LEAST] = -distance[empty]
