"""The numbers of a volume as kernels read them: bytes, words of 16 bits, or floats."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels import layout
from raywidget.scene.values.grids import Grid

_TYPES = {"byte": np.uint8, "half": np.uint16, "single": np.float32}
_STORAGES = {"byte": layout.GRID_BYTES, "half": layout.GRID_WORDS, "single": layout.GRID_FLOATS}
LARGE = 1 << 25  # numbers: from so many on floats are not kept twice
_LARGE = 1e30  # floats beyond this are brought to 0 to 1, so that products stay finite


class Stored(NamedTuple):
    """A grid in memory."""

    array: NDArray[Any]  # C-contiguous, its axes in the order of `axes`
    axes: tuple[int, ...]  # of the user's array, the slowest first
    storage: int  # layout.GRID_*
    scale: float  # the user's number is the stored one times this
    offset: float  # plus this
    has_holes: bool


def store(grid: Grid, precision: str) -> Stored:
    """Bring a grid into its form; without a copy where it has it."""
    return grid.once(("stored", precision), lambda: _store(grid, precision))


def _store(grid: Grid, precision: str) -> Stored:
    array, axes = grid.in_order(), grid.axes()[:3]
    if array.dtype == np.bool_:
        array = array.view(np.uint8)
    if array.dtype == np.uint8:
        precision = "byte"
    if array.dtype == _TYPES[precision] and array.flags.c_contiguous and _is_sound(grid):
        scale = 1.0 / 255.0 if grid.is_colored and array.dtype == np.uint8 else 1.0
        return Stored(array, axes, _STORAGES[precision], scale, 0.0, grid.holes > 0)
    if precision == "half" and _is_large(array) and _is_sound(grid):
        return Stored(array, axes, layout.GRID_FLOATS, 1.0, 0.0, grid.holes > 0)
    is_short = array.dtype == np.int16 and precision == "half" and not grid.is_colored
    if is_short and array.flags.c_contiguous:
        return Stored(array, axes, layout.GRID_SHORTS, 1.0, 0.0, False)
    result = np.empty(array.shape, _TYPES[precision])
    if array.dtype == np.uint8:  # its bytes lie apart from each other
        result[...] = array
        scale = 1.0 / 255.0 if grid.is_colored else 1.0
        return Stored(result, axes, layout.GRID_BYTES, scale, 0.0, False)
    most = float(_top(precision, grid))
    first = 0
    for slab in grid.slabs():
        part = result[first : first + len(slab)]
        _convert(slab, part, grid, most, precision)
        first += len(slab)
    low, high = (0.0, 1.0) if grid.is_colored else (grid.low, grid.high)
    scale = (high / most - low / most) if high > low else 1.0
    return Stored(result, axes, _STORAGES[precision], scale, low, grid.holes > 0)


def _is_large(array: NDArray[Any]) -> bool:
    """Would a copy of halves cost more memory than it is worth, beside these floats?

    What is mapped from a file is no memory until it is read, and is copied.
    """
    owner: Any = array
    while owner is not None and not isinstance(owner, np.memmap):
        owner = getattr(owner, "base", None)
    is_there = array.dtype == np.float32 and array.flags.c_contiguous and owner is None
    return bool(is_there and array.size >= LARGE)


def _is_sound(grid: Grid) -> bool:
    return max(abs(grid.low), abs(grid.high)) < _LARGE


def _top(precision: str, grid: Grid) -> int:
    """The stored form of the greatest number."""
    if precision == "single":
        return 1 if grid.is_colored else 2  # half of the largest span of floats is one
    most = layout.GRID_HOLE_BYTE if precision == "byte" else layout.GRID_HOLE_WORD
    return most - 1 if grid.holes > 0 else most


def _convert(
    slab: NDArray[Any], part: NDArray[Any], grid: Grid, most: float, precision: str
) -> None:
    """Numbers from the least to the greatest become 0 to `most`; holes what stands for them."""
    kind: Any = np.float64 if slab.dtype.itemsize > 2 else np.float32
    low, high = (0.0, 1.0) if grid.is_colored else (grid.low, grid.high)
    with np.errstate(all="ignore"):
        # Halves, since a difference of the largest floats is none.
        share = slab.astype(kind)
        share *= 0.5
        share -= low / 2
        share *= most / (high / 2 - low / 2) if high > low else 0.0
        if precision == "single":
            share[~np.isfinite(slab)] = np.nan
            part[...] = share
            return
        if grid.is_colored and precision == "byte":
            _encode(share)
        share += 0.5
        np.clip(share, 0.0, most, out=share)
        if grid.holes and slab.dtype.kind == "f":
            share[~np.isfinite(slab)] = most + 1.0
        part[...] = share


def _encode(colors: NDArray[Any]) -> None:
    """Linear bytes of colours by the sRGB curve, in place; not the opacity."""
    light = colors[..., :3] / 255.0
    curve = 1.055 * np.maximum(light, 0.0) ** (1.0 / 2.4) - 0.055
    colors[..., :3] = 255.0 * np.where(light <= 0.04045 / 12.92, 12.92 * light, curve)
