"""Numbers on a grid, and what a transfer function makes of them.

A *look* is a row of the transfer function: how thick it is there, its colour, its glow. Where
between two rows one is, is a number, the *place* of a point; `NOWHERE` is that of a hole.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from raywidget.kernels import layout
from raywidget.kernels.language.buffers import bytes_at, floats_at, shorts_at, words_at
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.random import three_numbers_of
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.vec3 import Vec3, load_vec3, vec3
from raywidget.kernels.layout import SceneView

NOWHERE = -1.0
UNKNOWN = -2.0  # a place that nobody has looked up: to look up a number costs most of all
NAN = float("nan")
_INFINITY = float("inf")


class Cell(NamedTuple):
    """Eight numbers of a grid around a point, by their indices, and how near it is to each."""

    a: int  # low x, low y, low z
    b: int  # low, low, high
    c: int  # low, high, low
    d: int
    e: int  # high x
    f: int
    g: int
    h: int
    x: float  # from low to high
    y: float
    z: float


@device
def into_grid(scene: SceneView, volume: int, p: Vec3) -> Vec3:
    """A point of the world in cells of the grid."""
    return _turned(scene, volume, p, 1.0)


@device
def along_grid(scene: SceneView, volume: int, d: Vec3) -> Vec3:
    """A direction in cells of the grid, for the same distances."""
    return _turned(scene, volume, d, 0.0)


@device
def _turned(scene: SceneView, volume: int, p: Vec3, shifted: float) -> Vec3:
    m = scene.volumes
    row = volume * layout.VOLUME_SIZE + layout.VOLUME_FROM_WORLD
    return vec3(
        m[row] * p.x + m[row + 1] * p.y + m[row + 2] * p.z + shifted * m[row + 3],
        m[row + 4] * p.x + m[row + 5] * p.y + m[row + 6] * p.z + shifted * m[row + 7],
        m[row + 8] * p.x + m[row + 9] * p.y + m[row + 10] * p.z + shifted * m[row + 11],
    )


@device
def _clamped(i: int, count: int) -> int:
    return min(max(i, 0), count - 1)


@device
def _find_cell(scene: SceneView, codes: int, p: Vec3) -> Cell:
    """The numbers around a point; beyond the outermost ones they go on as they are."""
    nx = scene.volume_codes[codes + layout.VOLUME_SHAPE]
    ny = scene.volume_codes[codes + layout.VOLUME_SHAPE + 1]
    nz = scene.volume_codes[codes + layout.VOLUME_SHAPE + 2]
    half = 0.5
    if scene.volume_codes[codes + layout.VOLUME_IS_NEAREST] != 0:
        half = 0.0
    # Rounded down: points lie at most a cell or two before the grid, and `math.floor` is a call.
    ix = int(p.x - half + 4.0) - 4
    iy = int(p.y - half + 4.0) - 4
    iz = int(p.z - half + 4.0) - 4
    x0 = _clamped(ix, nx)
    y0 = _clamped(iy, ny)
    z0 = _clamped(iz, nz)
    x = 0
    y = 0
    z = 0
    if half > 0.0:
        x = (_clamped(ix + 1, nx) - x0) * ny * nz
        y = (_clamped(iy + 1, ny) - y0) * nz
        z = _clamped(iz + 1, nz) - z0
    a = (x0 * ny + y0) * nz + z0
    near = 2.0 * half  # with 0, all weight is on the low corner
    return Cell(
        a,
        a + z,
        a + y,
        a + y + z,
        a + x,
        a + x + z,
        a + x + y,
        a + x + y + z,
        near * (p.x - half - single(ix)),
        near * (p.y - half - single(iy)),
        near * (p.z - half - single(iz)),
    )


@device
def _blend(
    cell: Cell, a: float, b: float, c: float, d: float, e: float, f: float, g: float, h: float
) -> float:
    low = a + cell.z * (b - a)
    high = c + cell.z * (d - c)
    front = low + cell.y * (high - low)
    low = e + cell.z * (f - e)
    high = g + cell.z * (h - g)
    back = low + cell.y * (high - low)
    return front + cell.x * (back - front)


@device
def _read(grid: Any, cell: Cell, step: int, channel: int) -> float:
    """Linear between the eight numbers of a cell."""
    return _blend(
        cell,
        single(grid[cell.a * step + channel]),
        single(grid[cell.b * step + channel]),
        single(grid[cell.c * step + channel]),
        single(grid[cell.d * step + channel]),
        single(grid[cell.e * step + channel]),
        single(grid[cell.f * step + channel]),
        single(grid[cell.g * step + channel]),
        single(grid[cell.h * step + channel]),
    )


@device
def _has_hole(grid: Any, cell: Cell, hole: int) -> bool:
    low = max(max(grid[cell.a], grid[cell.b]), max(grid[cell.c], grid[cell.d]))
    high = max(max(grid[cell.e], grid[cell.f]), max(grid[cell.g], grid[cell.h]))
    return max(low, high) == hole


@device
def _number_at(scene: SceneView, volume: int, p: Vec3) -> float:
    """The stored number at a point, `p` in cells of the grid; NaN in a hole."""
    codes = volume * layout.VOLUME_CODES_SIZE
    cell = _find_cell(scene, codes, p)
    address = scene.volume_codes[codes + layout.VOLUME_GRID]
    storage = scene.volume_codes[codes + layout.VOLUME_STORAGE]
    holes = scene.volume_codes[codes + layout.VOLUME_HAS_HOLES] != 0
    step = 1
    channel = 0
    if scene.volume_codes[codes + layout.VOLUME_IS_COLORED] != 0:
        step = 4
        channel = 3
    if storage == layout.GRID_BYTES:
        if holes and _has_hole(bytes_at(address), cell, layout.GRID_HOLE_BYTE):
            return NAN
        return _read(bytes_at(address), cell, step, channel)
    if storage == layout.GRID_WORDS:
        if holes and _has_hole(words_at(address), cell, layout.GRID_HOLE_WORD):
            return NAN
        return _read(words_at(address), cell, step, channel)
    if storage == layout.GRID_SHORTS:
        return _read(shorts_at(address), cell, step, channel)
    number = _read(floats_at(address), cell, step, channel)
    return number if abs(number) < _INFINITY else NAN


@device
def find_rows(scene: SceneView, volume: int, p: Vec3) -> float:
    """The number at a point, in rows of its transfer function, which may lie beyond both ends.

    `p` is in cells of the grid. In a hole it is NaN.
    """
    number = _number_at(scene, volume, p)
    row = volume * layout.VOLUME_SIZE
    rows = number * scene.volumes[row + layout.VOLUME_SCALE]
    return rows + scene.volumes[row + layout.VOLUME_OFFSET]


@on_demand
def value_at(scene: SceneView, volume: int, p: Vec3) -> float:
    """The number of a volume at a point of the world; NaN in a hole."""
    number = _number_at(scene, volume, into_grid(scene, volume, p))
    row = volume * layout.VOLUME_SIZE
    number = number * scene.volumes[row + layout.VOLUME_VALUE_SCALE]
    return number + scene.volumes[row + layout.VOLUME_VALUE_OFFSET]


@on_demand
def color_at(scene: SceneView, volume: int, p: Vec3) -> Vec3:
    """The colour of a volume of colours at a point of the world."""
    return _color_at(scene, volume, into_grid(scene, volume, p))


@device
def place_of(scene: SceneView, volume: int, rows: float) -> float:
    """The place that belongs to a number in rows."""
    if not abs(rows) < _INFINITY:
        return NOWHERE
    last = scene.volume_codes[volume * layout.VOLUME_CODES_SIZE + layout.VOLUME_ENTRIES] - 1
    return min(max(rows, 0.0), single(last))


@device
def find_place(scene: SceneView, volume: int, p: Vec3) -> float:
    """Where in its transfer function a point is, in rows; `p` is in cells of the grid."""
    return place_of(scene, volume, find_rows(scene, volume, p))


@device
def find_slope(scene: SceneView, volume: int, p: Vec3) -> Vec3:
    """How the place changes from cell to cell along the axes of the grid; holes count as 0."""
    return vec3(
        _difference(scene, volume, p, vec3(1.0, 0.0, 0.0)),
        _difference(scene, volume, p, vec3(0.0, 1.0, 0.0)),
        _difference(scene, volume, p, vec3(0.0, 0.0, 1.0)),
    )


@device
def _difference(scene: SceneView, volume: int, p: Vec3, step: Vec3) -> float:
    ahead = max(0.0, find_place(scene, volume, p + step))
    return 0.5 * (ahead - max(0.0, find_place(scene, volume, p - step)))


@device
def out_of_grid(scene: SceneView, volume: int, slope: Vec3) -> Vec3:
    """A slope along the axes of the grid as one in the world: by the transposed matrix."""
    m = scene.volumes
    row = volume * layout.VOLUME_SIZE + layout.VOLUME_FROM_WORLD
    return vec3(
        m[row] * slope.x + m[row + 4] * slope.y + m[row + 8] * slope.z,
        m[row + 1] * slope.x + m[row + 5] * slope.y + m[row + 9] * slope.z,
        m[row + 2] * slope.x + m[row + 6] * slope.y + m[row + 10] * slope.z,
    )


@device
def _row_of(scene: SceneView, volume: int, place: float) -> int:
    codes = volume * layout.VOLUME_CODES_SIZE
    last = scene.volume_codes[codes + layout.VOLUME_ENTRIES] - 2
    first = scene.volume_codes[codes + layout.VOLUME_TABLE]
    return (first + min(int(place), last)) * layout.LOOK_SIZE


@device
def _within_row(scene: SceneView, volume: int, place: float) -> float:
    last = scene.volume_codes[volume * layout.VOLUME_CODES_SIZE + layout.VOLUME_ENTRIES] - 2
    return place - single(min(int(place), last))


@device
def extinction_at(scene: SceneView, volume: int, place: float) -> float:
    """How much light is lost per unit of length."""
    if place < 0.0:
        return 0.0
    codes = volume * layout.VOLUME_CODES_SIZE
    row = min(int(place), scene.volume_codes[codes + layout.VOLUME_ENTRIES] - 2)
    part = place - single(row)
    row += scene.volume_codes[codes + layout.VOLUME_TABLE]
    low = scene.volume_extinctions[row]
    return low + part * (scene.volume_extinctions[row + 1] - low)


class Near(NamedTuple):
    """What is at a point, or at one of the numbers around it."""

    extinction: float
    place: float  # of the point; UNKNOWN between numbers


@device
def look_near(scene: SceneView, volume: int, p: Vec3, state: np.uint64) -> Near:
    """The extinction at one of the eight numbers around a point, chosen with their weights.

    Its mean is that at the point where extinction goes linearly with the numbers, and it costs one
    look into memory instead of four or eight: most of the time of a large volume goes there.
    (Numbers that are chosen instead of blended: Hofmann et al. 2021, "Efficient unbiased volume
    path tracing on the GPU"; Pharr et al. 2024, "Filtering after shading with stochastic texture
    filtering".)
    """
    codes = volume * layout.VOLUME_CODES_SIZE
    is_nearest = scene.volume_codes[codes + layout.VOLUME_IS_NEAREST] != 0
    shift = vec3(4.0, 4.0, 4.0)
    if not is_nearest:
        shift = three_numbers_of(state) + vec3(3.5, 3.5, 3.5)
    ny = scene.volume_codes[codes + layout.VOLUME_SHAPE + 1]
    nz = scene.volume_codes[codes + layout.VOLUME_SHAPE + 2]
    x = _clamped(int(p.x + shift.x) - 4, scene.volume_codes[codes + layout.VOLUME_SHAPE])
    y = _clamped(int(p.y + shift.y) - 4, ny)
    z = _clamped(int(p.z + shift.z) - 4, nz)
    at = (x * ny + y) * nz + z
    if scene.volume_codes[codes + layout.VOLUME_IS_COLORED] != 0:
        at = 4 * at + 3
    address = scene.volume_codes[codes + layout.VOLUME_GRID]
    storage = scene.volume_codes[codes + layout.VOLUME_STORAGE]
    if storage == layout.GRID_BYTES:
        number = single(bytes_at(address)[at])
    elif storage == layout.GRID_WORDS:
        number = single(words_at(address)[at])
    elif storage == layout.GRID_SHORTS:
        number = single(shorts_at(address)[at])
    else:
        number = single(floats_at(address)[at])
    row = volume * layout.VOLUME_SIZE
    rows = number * scene.volumes[row + layout.VOLUME_SCALE]
    place = place_of(scene, volume, rows + scene.volumes[row + layout.VOLUME_OFFSET])
    return Near(extinction_at(scene, volume, place), place if is_nearest else UNKNOWN)


class Look(NamedTuple):
    """What light meets in a volume."""

    albedo: Vec3
    emission: Vec3
    anisotropy: float


@device
def load_look(scene: SceneView, volume: int, place: float, p: Vec3) -> Look:
    """What is at a place; `p`, in cells of the grid, is asked for where the grid has colours."""
    row = _row_of(scene, volume, place)
    part = _within_row(scene, volume, place)
    low = load_vec3(scene.volume_looks, row + layout.LOOK_ALBEDO)
    albedo = (
        low
        + (load_vec3(scene.volume_looks, row + layout.LOOK_SIZE + layout.LOOK_ALBEDO) - low) * part
    )
    low = load_vec3(scene.volume_looks, row + layout.LOOK_EMISSION)
    high = load_vec3(scene.volume_looks, row + layout.LOOK_SIZE + layout.LOOK_EMISSION)
    emission = low + (high - low) * part
    g = scene.volume_looks[row + layout.LOOK_ANISOTROPY]
    g += part * (scene.volume_looks[row + layout.LOOK_SIZE + layout.LOOK_ANISOTROPY] - g)
    if scene.volume_codes[volume * layout.VOLUME_CODES_SIZE + layout.VOLUME_IS_COLORED] != 0:
        color = _color_at(scene, volume, p)
        albedo = albedo * color
        emission = emission * color
    return Look(albedo, emission, g)


@device
def _color_at(scene: SceneView, volume: int, p: Vec3) -> Vec3:
    """Linear between the colours around a point; bytes are decoded by the sRGB curve before."""
    codes = volume * layout.VOLUME_CODES_SIZE
    cell = _find_cell(scene, codes, p)
    address = scene.volume_codes[codes + layout.VOLUME_GRID]
    storage = scene.volume_codes[codes + layout.VOLUME_STORAGE]
    if storage == layout.GRID_BYTES:
        bytes = bytes_at(address)
        return vec3(
            _read_coded(scene, bytes, cell, 0),
            _read_coded(scene, bytes, cell, 1),
            _read_coded(scene, bytes, cell, 2),
        )
    if storage == layout.GRID_WORDS:
        words = words_at(address)
        red, green, blue = (
            _read(words, cell, 4, 0),
            _read(words, cell, 4, 1),
            _read(words, cell, 4, 2),
        )
        return vec3(red, green, blue) * (1.0 / 65535.0)
    floats = floats_at(address)
    return vec3(_read(floats, cell, 4, 0), _read(floats, cell, 4, 1), _read(floats, cell, 4, 2))


@device
def _read_coded(scene: SceneView, grid: Any, cell: Cell, channel: int) -> float:
    texels = scene.texels
    first = layout.TEXELS_SRGB
    return _blend(
        cell,
        texels[first + grid[cell.a * 4 + channel]],
        texels[first + grid[cell.b * 4 + channel]],
        texels[first + grid[cell.c * 4 + channel]],
        texels[first + grid[cell.d * 4 + channel]],
        texels[first + grid[cell.e * 4 + channel]],
        texels[first + grid[cell.f * 4 + channel]],
        texels[first + grid[cell.g * 4 + channel]],
        texels[first + grid[cell.h * 4 + channel]],
    )
