"""Volumes -> rows of their tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.placement import Placement
from raywidget.compiler.volumes.bounds import (
    bound_extinction,
    find_glow,
    find_ranges,
    measure_emptiness,
)
from raywidget.compiler.volumes.storage import store
from raywidget.kernels import layout
from raywidget.kernels.layout import F32, I64
from raywidget.scene.materials import transfer
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.shapes.volumes import Volume


class VolumeTables(NamedTuple):
    """See layout."""

    codes: I64
    values: F32
    bounds: F32
    looks: F32
    glow: F32


class _Kept:
    """Codes with addresses, and the arrays that lie there: numpy's `base` keeps both alive."""

    def __init__(self, codes: I64, grids: list[NDArray[Any]]) -> None:
        self._codes = codes
        self.grids = grids
        self.__array_interface__ = codes.__array_interface__


def pack_volumes(
    shapes: Sequence[Shape],
    placement: Placement,
    groups: Sequence[int] | None = None,
    cuts: Sequence[int] = (),
) -> VolumeTables:
    """The tables of all volumes among the shapes; empty ones if there are none.

    `groups` has the planes that cut each shape, `cuts` the materials of the volumes' cuts.
    """
    indices = [k for k, shape in enumerate(shapes) if isinstance(shape, Volume)]
    volumes = [shape for shape in shapes if isinstance(shape, Volume)]
    codes = np.zeros((len(volumes), layout.VOLUME_CODES_SIZE), np.int64)
    values = np.zeros((len(volumes), layout.VOLUME_SIZE), np.float32)
    bounds, looks, grids = [], [], []
    glows: list[NDArray[np.float64]] = []
    block_count = row_count = part_count = 0
    for volume, code, row in zip(volumes, codes, values, strict=True):
        stored = store(volume.values, volume.precision)
        between = volume.interpolation != "nearest"
        ranges = volume.values.once(
            ("ranges", volume.precision, between),
            lambda stored=stored, between=between: find_ranges(stored, between),
        )
        table, scale, offset = _look_up(volume, placement, stored.scale, stored.offset)
        bound = bound_extinction(ranges, table[:, layout.LOOK_EXTINCTION], scale, offset, between)
        measure_emptiness(bound.reshape(*ranges.low.shape, layout.BOUNDS_SIZE))
        code[layout.VOLUME_GRID] = stored.array.ctypes.data
        code[layout.VOLUME_SHAPE : layout.VOLUME_SHAPE + 3] = stored.array.shape[:3]
        code[layout.VOLUME_STORAGE] = stored.storage
        code[layout.VOLUME_IS_COLORED] = volume.values.is_colored
        code[layout.VOLUME_IS_NEAREST] = volume.interpolation == "nearest"
        code[layout.VOLUME_HAS_HOLES] = stored.has_holes
        code[layout.VOLUME_BOUNDS] = block_count
        code[layout.VOLUME_BLOCKS : layout.VOLUME_BLOCKS + 3] = ranges.low.shape
        code[layout.VOLUME_TABLE] = row_count
        code[layout.VOLUME_ENTRIES] = len(table)
        code[layout.VOLUME_IS_UNSEEN] = not volume.visible
        row[layout.VOLUME_VALUE_SCALE] = stored.scale
        row[layout.VOLUME_VALUE_OFFSET] = stored.offset
        matrix = _from_world(volume, placement, stored.axes)
        row[:12] = matrix.ravel()
        code[layout.VOLUME_GLOW] = -1
        if volume.transfer.emission is not None:
            parts = find_glow(ranges, table, scale, offset)
            cell = 1.0 / np.prod(np.linalg.norm(matrix[:, :3].astype(np.float64), axis=1))
            code[layout.VOLUME_GLOW] = part_count
            code[layout.VOLUME_GLOW_PARTS : layout.VOLUME_GLOW_PARTS + 3] = parts.power.shape
            code[layout.VOLUME_GLOW_SIDE] = parts.side
            glows.append(parts.power.ravel() * cell * ranges.size**3)
            part_count += parts.power.size
        row[layout.VOLUME_SCALE], row[layout.VOLUME_OFFSET] = scale, offset
        row[layout.VOLUME_PER_BLOCK] = 1.0 / ranges.size
        row[layout.VOLUME_BLOCK] = ranges.size
        is_even = bool(np.all(table[:, layout.LOOK_ALBEDO :] == table[0, layout.LOOK_ALBEDO :]))
        code[layout.VOLUME_IS_EVEN] = is_even and not volume.values.is_colored
        if volume.shading == "gradient":
            row[layout.VOLUME_SHARPNESS] = volume.sharpness
        bounds.append(bound)
        looks.append(table)
        grids.append(stored.array)
        block_count += len(bound)
        row_count += len(table)
    codes[:, layout.VOLUME_INDEX] = indices
    codes[:, layout.VOLUME_CLIP] = -1 if groups is None else np.array(groups, np.int64)[indices]
    codes[:, layout.VOLUME_MATERIAL] = cuts if len(cuts) else -1
    return VolumeTables(
        np.asarray(_Kept(codes, grids)),
        values,
        np.concatenate(bounds) if bounds else np.zeros((0, layout.BOUNDS_SIZE), np.float32),
        np.concatenate(looks) if looks else np.zeros((0, layout.LOOK_SIZE), np.float32),
        _shares(glows),
    )


def _shares(powers: list[NDArray[np.float64]]) -> F32:
    """The running sum of all of them, up to 1; nothing if there is none."""
    sums = np.cumsum(np.concatenate(powers)) if powers else np.zeros(1)
    if not 0.0 < sums[-1] < np.inf:
        return np.zeros(0, np.float32)
    return np.asarray(sums / sums[-1], np.float32)


def _look_up(
    volume: Volume, placement: Placement, scale: float, offset: float
) -> tuple[F32, float, float]:
    """Its transfer function, and scale and offset from stored numbers to rows of it."""
    grid = volume.values
    least, greatest = (0.0, 1.0) if grid.is_colored else (grid.low, grid.high)
    limits = volume.transfer.limits_for(least, greatest)
    table = volume.transfer.looks(limits, volume.g)
    table[:, transfer.EXTINCTION] *= volume.density() / placement.scale
    last = len(table) - 1
    # Halves, since a difference of the largest floats is none.
    per_number = last / (limits.high / 2 - limits.low / 2)
    return (
        table.astype(np.float32),
        scale / 2 * per_number,
        (offset / 2 - limits.low / 2) * per_number,
    )


def _from_world(volume: Volume, placement: Placement, axes: tuple[int, ...]) -> F32:
    """From points of the tables to cells of the stored grid: (3, 4)."""
    matrix = volume.to_world()
    # Its axes are at right angles to each other: the inverse is the transpose, by lengths.
    turned = matrix[:3, :3].T / np.array(volume.spacing)[:, None] ** 2
    shift = turned @ (placement.origin - matrix[:3, 3])
    both = np.concatenate([turned / placement.scale, shift[:, None]], axis=1)
    return both[list(axes)].astype(np.float32)
