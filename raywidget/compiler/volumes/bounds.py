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

_STRAIGHT = 1e-6  # of the greatest extinction: bends that are less are rounding
_HARDLY = 1e-30  # what stands for 0 where a minus has to be told

_AT_ONCE = 1 << 15  # blocks: temporary copies stay small

_PARTS = 32  # along an axis, for each of which is told how much it glows

_FARTHEST = 16  # blocks that are looked over for something that is not empty


class Ranges(NamedTuple):
    """Stored numbers, -inf where there is a hole: (X, Y, Z) blocks."""

    low: F32
    high: F32
    size: int  # cells along the side of a block


def find_ranges(stored: Stored, between: bool) -> Ranges:
    """Ranges that hold for all that is between the numbers, too, if there is anything."""
    numbers = stored.array[..., 3] if stored.array.ndim == 4 else stored.array
    size = max(_SMALLEST, -(-max(numbers.shape) // BLOCKS))
    lows, highs = [], []
    for first in range(0, len(numbers), size):
        # The neighbours count: what is between two numbers belongs to both.
        slab = numbers[max(0, first - between) : first + size + between]
        low, high = _without_holes(slab, stored)
        lows.append(_in_blocks(low.min(axis=0), size, between, np.minimum))
        highs.append(_in_blocks(high.max(axis=0), size, between, np.maximum))
    return Ranges(np.stack(lows), np.stack(highs), size)


def _without_holes(slab: NDArray[Any], stored: Stored) -> tuple[NDArray[Any], NDArray[Any]]:
    if not stored.has_holes:
        return slab, slab
    if stored.storage == layout.GRID_FLOATS:
        holes = ~np.isfinite(slab)
    else:
        holes = slab == np.iinfo(slab.dtype).max
    return (np.where(holes, np.float32(-np.inf), slab),) * 2


def _in_blocks(plane: NDArray[Any], size: int, reach: int, choose: Any) -> F32:
    """Of a plane of numbers, what `choose` finds in squares, and so far round each of them."""
    for axis in (0, 1):
        count = plane.shape[axis]
        starts = np.arange(0, count, size)
        ends = np.minimum(starts + size + reach, count)
        edges = np.stack([np.maximum(starts - reach, 0), ends], axis=1)
        # One more at the end, so that all edges are places; every second interval counts.
        last = np.take(plane, [count - 1], axis=axis)
        padded = np.concatenate([plane, last], axis=axis)
        found = choose.reduceat(padded, edges.ravel(), axis=axis)
        plane = np.take(found, np.arange(0, len(edges) * 2, 2), axis=axis)
    return np.asarray(plane, np.float32)


def bound_extinction(
    ranges: Ranges, extinction: F32, scale: float, offset: float, between: bool
) -> F32:
    """Least and greatest extinction in each block: (blocks, BOUNDS_SIZE).

    `extinction` is that of the transfer function, row by row; stored numbers are rows after
    `scale` and `offset`. Where it is linear in a block, or nothing is `between` the numbers, that
    is told, see layout.
    """
    lows, highs = ranges.low.ravel(), ranges.high.ravel()
    result = np.empty((len(lows), layout.BOUNDS_SIZE), np.float32)
    for first in range(0, len(lows), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        with np.errstate(invalid="ignore"):
            low = lows[part].astype(np.float64) * scale + offset
            high = highs[part].astype(np.float64) * scale + offset
        _bound(result[part], extinction, low, high, between)
    return result


def _bound(
    result: F32, extinction: F32, low: NDArray[np.float64], high: NDArray[np.float64], between: bool
) -> None:
    """Of blocks with numbers from some rows to others; -inf is a hole."""
    last = len(extinction) - 1
    is_solid, is_there = np.isfinite(low), np.isfinite(high)
    low, high = np.clip(low, -1.0, last), np.clip(high, -1.0, last)
    # What kernels make of them in single precision may lie a little beside.
    first = np.clip(np.floor(low - 1e-3), 0, last).astype(np.int64)
    end = np.clip(np.ceil(high + 1e-3), 0, last).astype(np.int64)
    result[:, 0] = _extremes(extinction, first, end, np.minimum)
    result[:, 1] = _extremes(extinction, first, end, np.maximum)
    result[~is_solid, 0] = 0.0
    result[~is_there | _is_nowhere(extinction, low, high), 1] = 0.0
    is_linear = is_solid if not between else is_solid & _is_straight(extinction, low, high)
    result[is_linear, 0] = -np.maximum(result[is_linear, 0], _HARDLY)


def _is_nowhere(values: F32, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[Any]:
    """Are values 0 from one place to another? Both are exact: rounding them makes nothing of 0."""
    last = len(values) - 1
    low, high = np.clip(low, 0.0, last), np.clip(high, 0.0, last)
    rows = np.arange(last + 1)
    ends = np.interp(low, rows, values) + np.interp(high, rows, values)
    before = np.concatenate([[0], np.cumsum(values > 0.0)])
    first = np.ceil(low).astype(np.int64)
    end = np.maximum(first, np.floor(high).astype(np.int64) + 1)
    nowhere: NDArray[Any] = (ends == 0.0) & (before[end] == before[first])
    return nowhere


def _is_straight(values: F32, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[Any]:
    """Do values go linearly from one place to another, with no bend between? Beyond both ends
    they stay what they are there.
    """
    padded = np.concatenate([values[:1], values.astype(np.float64), values[-1:]])
    bends = np.abs(np.diff(padded, 2)) > _STRAIGHT * float(values.max())
    before = np.concatenate([[0], np.cumsum(bends)])
    last = len(values) - 1
    # Rows strictly between, but for what is rounding.
    first = np.clip(np.floor(low + 1e-3).astype(np.int64) + 1, 0, last + 1)
    end = np.clip(np.ceil(high - 1e-3).astype(np.int64), 0, last + 1)
    straight: NDArray[Any] = before[np.maximum(first, end)] == before[first]
    return straight


class Parts(NamedTuple):
    """How much parts of a volume glow, (X, Y, Z): power for each unit of their volume, times it."""

    power: NDArray[np.float64]
    side: int  # numbers along the side of one


def find_glow(ranges: Ranges, looks: F32, scale: float, offset: float) -> Parts:
    """What glows where, roughly: the mean over all numbers from the least to the greatest.

    A part is some blocks along each axis; it has power wherever there may be any.
    """
    emission = looks[:, layout.LOOK_EMISSION : layout.LOOK_EMISSION + 3].mean(axis=1)
    power = looks[:, layout.LOOK_EXTINCTION].astype(np.float64) * emission
    last = len(power) - 1
    with np.errstate(invalid="ignore"):
        low = np.clip(ranges.low.astype(np.float64) * scale + offset, 0.0, last)
        high = np.clip(ranges.high.astype(np.float64) * scale + offset, 0.0, last)
    first, end = np.floor(low).astype(np.int64), np.ceil(high).astype(np.int64) + 1
    sums = np.concatenate([[0.0], np.cumsum(power)])
    mean = (sums[end] - sums[first]) / (end - first)
    mean[~np.isfinite(ranges.high)] = 0.0
    joined = -(-max(mean.shape) // _PARTS)
    for axis in range(3):
        mean = np.add.reduceat(mean, np.arange(0, mean.shape[axis], joined), axis=axis)
    return Parts(mean, joined * ranges.size)


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
