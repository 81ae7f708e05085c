"""Light from infinitely far away: radiance by direction, and directions drawn from an image.

An image has its texels on meridians and circles of latitude, its poles half a texel beyond the
first and the last row; radiance is bilinear between texels. Its table has a row more at either
end, for what is seen across the pole. Directions are drawn from the cells between texels: a row, a
cell of it, and a direction in the cell, uniform by solid angle. So the density is the same all over
a cell. What draws and what looks up is written once for numbers and lanes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.look_up import in_any_lane, look_up, whole
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.sampling import cos_sin_turn, turn_towards
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import (
    Real,
    choose,
    lanes_floor,
    lanes_max,
    lanes_min,
    lanes_sqrt,
)
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, vec3
from raywidget.kernels.layout import SceneView

_BELOW_ONE = 1.0 - 2.0**-24


class EnvironmentSample(NamedTuple):
    """A direction to the environment, and what comes from there."""

    wi: Vec3  # unit
    pdf: float  # per solid angle
    radiance: Vec3


@device
def is_image(scene: SceneView) -> bool:
    """Is what is infinitely far away an image?"""
    return scene.environment[layout.ENVIRONMENT_KIND] == single(layout.PANORAMA)


@device
def is_all_sought(scene: SceneView) -> bool:
    """Are there lights that are sampled, and none but them?"""
    is_sky = scene.environment[layout.ENVIRONMENT_KIND] != single(layout.NO_ENVIRONMENT)
    is_sky = is_sky and scene.environment[layout.ENVIRONMENT_LIGHT] < 0.0
    return scene.light_count > 0 and not is_sky


@device
def eval_environment(scene: SceneView, d: Vec3) -> Vec3:
    """Radiance from infinitely far away, for a ray of direction `d` that hits nothing."""
    kind = int(scene.environment[layout.ENVIRONMENT_KIND])
    if kind == layout.NO_ENVIRONMENT:
        return vec3(0.0, 0.0, 0.0)
    if kind == layout.PANORAMA:
        return eval_image(scene, d)
    top = load_vec3(scene.environment, layout.ENVIRONMENT_TOP)
    if kind == layout.GRADIENT:
        axis = load_vec3(scene.environment, layout.ENVIRONMENT_FROM_WORLD + 3)
        height = 0.5 * (dot(axis, d) + 1.0)
        return top * height + load_vec3(scene.environment, layout.ENVIRONMENT_BOTTOM) * (
            1.0 - height
        )
    return top


@device
def backdrop_of(scene: SceneView, pixel: int) -> Vec3:
    """What a picture behind everything shows in a pixel, numbered row by row; 0 without one."""
    if scene.has_backdrop:
        return load_vec3(scene.backdrop, 3 * pixel)
    return vec3(0.0, 0.0, 0.0)


@device
def eval_missed(scene: SceneView, d: Vec3, depth: int, behind: Vec3) -> Vec3:
    """What a ray brings that hits nothing: the first edge of a path, which the camera sees, ends at
    the background if there is one; all others at the environment.

    `behind` is what `backdrop_of` gives for the pixel of the path.
    """
    if depth == 1 and scene.has_backdrop:
        return behind
    if depth == 1 and scene.environment[layout.ENVIRONMENT_BACKGROUND] >= 0.0:
        return load_vec3(scene.environment, layout.ENVIRONMENT_BACKGROUND)
    return eval_environment(scene, d)


class _Place(NamedTuple):
    """Where a direction falls in the grid of texels."""

    column: Real  # of the texel above and to the left, whole numbers
    row: Real
    across: Real  # from it to the next, 0 to 1
    down: Real


@device
def _clamp(x: Real, lowest: float, highest: float) -> Real:
    """`x` within bounds, whatever it is: indices made of it exist."""
    return lanes_max(lanes_min(x, highest), lowest)


@device
def _find_place(scene: SceneView, d: Vec3) -> _Place:
    width = scene.environment[layout.ENVIRONMENT_WIDTH]
    cells = scene.environment[layout.ENVIRONMENT_HEIGHT] - 1.0
    x = _along(scene, 0, d)
    y = _along(scene, 3, d)
    z = _along(scene, 6, d)
    across = turn_towards(x, 0.0 - z) * width - 0.5
    down = _texels_down(lanes_sqrt(x * x + z * z), y, cells)
    row = lanes_floor(_clamp(down, 0.0, cells - 1.0))
    column = lanes_floor(across)
    across = across - column
    column = _clamp(choose(column < 0.0, column + width, column), 0.0, width - 1.0)
    return _Place(column, row, across, lanes_min(down - row, 1.0))


@device
def _along(scene: SceneView, axis: int, d: Vec3) -> Real:
    """A coordinate of a direction in the environment's frame."""
    table = scene.environment
    at = layout.ENVIRONMENT_FROM_WORLD + axis
    return d.x * table[at] + d.y * table[at + 1] + d.z * table[at + 2]


@device
def _texels_down(flat: Real, rise: Real, cells: float) -> Real:
    """How many texels below the first row a direction is."""
    return 2.0 * turn_towards(flat, rise) * (cells - 1.0) + 0.5


@device
def _radiance_at(scene: SceneView, place: _Place) -> Vec3:
    """Radiance between texels."""
    width = int(scene.environment[layout.ENVIRONMENT_WIDTH])
    right = place.column + 1.0
    right = choose(right < scene.environment[layout.ENVIRONMENT_WIDTH], right, 0.0)
    upper = whole(place.row) * width
    lower = upper + width
    left_weight = 1.0 - place.across
    above = _texel(scene, upper + whole(place.column)) * left_weight
    above = above + _texel(scene, upper + whole(right)) * place.across
    below = _texel(scene, lower + whole(place.column)) * left_weight
    below = below + _texel(scene, lower + whole(right)) * place.across
    return above * (1.0 - place.down) + below * place.down


@device
def _texel(scene: SceneView, index: Any) -> Vec3:
    pixels = scene.environment_pixels
    return vec3(
        look_up(pixels, index, 3, 0), look_up(pixels, index, 3, 1), look_up(pixels, index, 3, 2)
    )


@device
def _pdf_at(scene: SceneView, place: _Place) -> Real:
    """Density with which a direction of this cell is drawn."""
    width = int(scene.environment[layout.ENVIRONMENT_WIDTH])
    row = whole(place.row)
    of_cell = _sum_at(scene, row * width + whole(place.column))
    before = lanes_max(place.column - 1.0, 0.0)
    before = _sum_at(scene, row * width + whole(before))
    of_cell = of_cell - choose(place.column > 0.0, before, 0.0)
    return of_cell * _of_row(scene, row, layout.ENVIRONMENT_DENSITY)


@device
def _sum_at(scene: SceneView, cell: Any) -> Real:
    return look_up(
        scene.environment_cells, cell, layout.ENVIRONMENT_CELL_SIZE, layout.ENVIRONMENT_SUM
    )


@device
def _of_row(scene: SceneView, row: Any, column: int) -> Real:
    return look_up(scene.environment_rows, row, layout.ENVIRONMENT_ROW_SIZE, column)


class Seen(NamedTuple):
    """What an image sends from a direction, and with what density it is drawn; of lanes, lanes."""

    radiance: Vec3
    pdf: Real


@device
def look_at_image(scene: SceneView, d: Vec3) -> Seen:
    """What an image sends from direction `d` of the world."""
    place = _find_place(scene, d)
    return Seen(_radiance_at(scene, place), _pdf_at(scene, place))


@on_demand
def eval_image(scene: SceneView, d: Vec3) -> Vec3:
    """Radiance of an image from direction `d` of the world."""
    return _radiance_at(scene, _find_place(scene, d))


@on_demand
def pdf_image(scene: SceneView, d: Vec3) -> float:
    """Density with which `sample_image` draws `d`."""
    return _pdf_at(scene, _find_place(scene, d))


@on_demand
def sample_image(scene: SceneView, u: float, v: float) -> EnvironmentSample:
    """A direction to the image, by its brightness."""
    return draw_from_image(scene, u, v)


@device
def _search(table: Any, row_size: int, first: Any, count: float, guides: float, u: Real) -> Real:
    """Which of `count` running sums from row `first` of a table is the first that exceeds `u`."""
    entry = lanes_floor(u * guides)
    low = look_up(table, first + whole(entry), row_size, layout.ENVIRONMENT_GUIDE)
    following = lanes_min(entry + 1.0, guides - 1.0)
    high = look_up(table, first + whole(following), row_size, layout.ENVIRONMENT_GUIDE)
    high = choose(entry < guides - 1.0, high, count - 1.0)
    while in_any_lane(low < high):
        middle = lanes_floor((low + high) * 0.5)
        sums = look_up(table, first + whole(middle), row_size, layout.ENVIRONMENT_SUM)
        exceeds = u < sums  # always, where low and high have met
        low = choose(exceeds, low, middle + 1.0)
        high = choose(exceeds, middle, high)
    return low


@device
def draw_from_image(scene: SceneView, u: Real, v: Real) -> EnvironmentSample:
    """A direction to the image, by its brightness; of lanes of numbers, lanes."""
    table = scene.environment
    width = table[layout.ENVIRONMENT_WIDTH]
    cells = table[layout.ENVIRONMENT_HEIGHT] - 1.0
    u = _clamp(u, 0.0, _BELOW_ONE)
    v = _clamp(v, 0.0, _BELOW_ONE)
    # --- Row, and where in it
    in_row = _search(
        scene.environment_rows,
        layout.ENVIRONMENT_ROW_SIZE,
        whole(v * 0.0),
        cells,
        table[layout.ENVIRONMENT_ROW_GUIDES],
        v,
    )
    row = whole(in_row)
    before = _of_row(scene, row, layout.ENVIRONMENT_BEFORE)
    down = (v - before) / (_of_row(scene, row, layout.ENVIRONMENT_SUM) - before)
    upper = _of_row(scene, row, layout.ENVIRONMENT_UPPER)
    lower = _of_row(scene, row, layout.ENVIRONMENT_LOWER)
    half = upper + down * (lower - upper)  # sin^2 of half the angle to the nearest pole
    rise = 1.0 - 2.0 * half
    rise = choose(2.0 * in_row + 1.0 > cells, 0.0 - rise, rise)
    flat = 2.0 * lanes_sqrt(lanes_max(0.0, half * (1.0 - half)))

    # --- Cell, and where in it
    first = row * int(width)
    column = _search(
        scene.environment_cells,
        layout.ENVIRONMENT_CELL_SIZE,
        first,
        width,
        table[layout.ENVIRONMENT_CELL_GUIDES],
        u,
    )
    before = _sum_at(scene, first + whole(lanes_max(column - 1.0, 0.0)))
    before = choose(column > 0.0, before, 0.0)
    of_cell = _sum_at(scene, first + whole(column)) - before
    across = (u - before) / of_cell
    turns = (column + 0.5 + across) / width
    cos, sin = cos_sin_turn(turns - lanes_floor(turns))
    x = flat * sin
    z = 0.0 - flat * cos

    # --- Back into the world: by the transpose
    at = layout.ENVIRONMENT_FROM_WORLD
    wi = vec3(
        table[at] * x + table[at + 3] * rise + table[at + 6] * z,
        table[at + 1] * x + table[at + 4] * rise + table[at + 7] * z,
        table[at + 2] * x + table[at + 5] * rise + table[at + 8] * z,
    )
    texels_down = _clamp(_texels_down(flat, rise, cells) - in_row, 0.0, 1.0)
    radiance = _radiance_at(scene, _Place(column, in_row, across, texels_down))
    return EnvironmentSample(
        wi, of_cell * _of_row(scene, row, layout.ENVIRONMENT_DENSITY), radiance
    )
