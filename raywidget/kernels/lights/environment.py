"""Light from infinitely far away: radiance by direction, and directions drawn from an image.

An image has its texels on meridians and circles of latitude, its poles half a texel beyond the
first and the last row; radiance is bilinear between texels. Beyond either end there is a row more,
for what is seen across the pole. Directions are drawn from the cells between texels: a row, a cell
of it, and a direction in the cell, with a density that is bilinear between the luminances of its
corners, over longitude and solid angle. (With an even one, a sun of one texel in a dim sky has 1.8
times the second moment.) What draws and what looks up is written once for numbers and lanes.

Large images do not stay near: what is asked of a cell stands together, in one line of the cache or
two (see layout). In tables of their own, texels and running sums had three and a half.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.language.buffers import CACHE_LINE, address_of, prefetch
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.look_up import in_any_lane, look_up, look_up_four, whole
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.sampling import cos_sin_turn, turn_towards
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import (
    Real,
    choose,
    lanes_abs,
    lanes_floor,
    lanes_max,
    lanes_min,
    lanes_sqrt,
)
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, vec3
from raywidget.kernels.layout import SceneView

_WEIGHTS = (0.2126, 0.7152, 0.0722)  # of luminances: `scene.values.colors.REC709_WEIGHTS`
_BELOW_ONE = 1.0 - 2.0**-24
_TINY = 1e-30
_LARGE = 1 << 15  # texels: half a megabyte


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
    share: Real  # of the cell's solid angle that lies above, 0 to 1


class _Texel(NamedTuple):
    """Radiance, and its luminance."""

    radiance: Vec3
    luminance: Real


class _Corners(NamedTuple):
    """The texels round a cell."""

    upper_left: _Texel
    upper_right: _Texel
    lower_left: _Texel
    lower_right: _Texel
    chance: Real  # of the cell, in its row
    before: Real  # that of the cells before it


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
    square = x * x + z * z
    down = _texels_down(lanes_sqrt(square), y, cells)
    row = lanes_floor(_clamp(down, 0.0, cells - 1.0))
    # sin^2 of half the angle to the pole that the row's edges are measured from
    half = square / (2.0 + 2.0 * lanes_abs(y))
    to_south = 2.0 * row + 1.0 > cells
    half = choose(to_south ^ (y < 0.0), 1.0 - half, half)
    upper = _of_row(scene, whole(row), layout.ENVIRONMENT_UPPER)
    lower = _of_row(scene, whole(row), layout.ENVIRONMENT_LOWER)
    share = _clamp((half - upper) / (lower - upper), 0.0, 1.0)
    column = lanes_floor(across)
    across = across - column
    column = _clamp(choose(column < 0.0, column + width, column), 0.0, width - 1.0)
    return _Place(column, row, across, lanes_min(down - row, 1.0), share)


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
def _corners(scene: SceneView, row: Real, column: Real) -> _Corners:
    left = 2 * _edge_at(scene, whole(row), whole(column))  # an edge has two texels
    upper_left, before = _texel(scene, left)
    lower_left, _ = _texel(scene, left + 1)
    upper_right, after = _texel(scene, left + 2)
    lower_right, _ = _texel(scene, left + 3)
    return _Corners(upper_left, upper_right, lower_left, lower_right, after - before, before)


@device
def _edge_at(scene: SceneView, row: Any, column: Any) -> Any:
    """The edge to the left of a cell; the next one is to its right."""
    return row * (int(scene.environment[layout.ENVIRONMENT_WIDTH]) + 1) + column


@device
def _radiance_at(corners: _Corners, across: Real, down: Real) -> Vec3:
    """Radiance between texels."""
    rest = 1.0 - across
    above = corners.upper_left.radiance * rest + corners.upper_right.radiance * across
    below = corners.lower_left.radiance * rest + corners.lower_right.radiance * across
    return above * (1.0 - down) + below * down


@device
def _within_cell(corners: _Corners, across: Real, share: Real) -> Real:
    """Density in a cell by that of an even one."""
    upper_left = corners.upper_left.luminance
    upper_right = corners.upper_right.luminance
    lower_left = corners.lower_left.luminance
    lower_right = corners.lower_right.luminance
    above = upper_left * (1.0 - across) + upper_right * across
    below = lower_left * (1.0 - across) + lower_right * across
    mean = 0.25 * (upper_left + upper_right + lower_left + lower_right)
    return (above * (1.0 - share) + below * share) / lanes_max(mean, _TINY)


@device
def _draw_linear(u: Real, first: Real, last: Real) -> Real:
    """A number in [0, 1] with a density that goes from `first` to `last`, up to a factor."""
    first = first / lanes_max(first + last, _TINY)
    last = 1.0 - first
    root = lanes_sqrt(first * first * (1.0 - u) + last * last * u)
    return lanes_min(u / lanes_max(first + root, _TINY), 1.0)


@device
def _texel(scene: SceneView, index: Any) -> tuple[_Texel, Real]:
    """A texel, and what stands beside it."""
    red, green, blue, beside = look_up_four(scene.environment_edges, index)
    luminance = red * _WEIGHTS[0] + green * _WEIGHTS[1] + blue * _WEIGHTS[2]
    return _Texel(vec3(red, green, blue), luminance), beside


@device
def _pdf_at(scene: SceneView, corners: _Corners, place: _Place) -> Real:
    """Density with which a direction of this cell is drawn."""
    of_cell = corners.chance * _of_row(scene, whole(place.row), layout.ENVIRONMENT_DENSITY)
    return of_cell * _within_cell(corners, place.across, place.share)


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
    corners = _corners(scene, place.row, place.column)
    radiance = _radiance_at(corners, place.across, place.down)
    return Seen(radiance, _pdf_at(scene, corners, place))


@on_demand
def eval_image(scene: SceneView, d: Vec3) -> Vec3:
    """Radiance of an image from direction `d` of the world."""
    place = _find_place(scene, d)
    return _radiance_at(_corners(scene, place.row, place.column), place.across, place.down)


@on_demand
def pdf_image(scene: SceneView, d: Vec3) -> float:
    """Density with which `sample_image` draws `d`."""
    place = _find_place(scene, d)
    return _pdf_at(scene, _corners(scene, place.row, place.column), place)


@on_demand
def sample_image(scene: SceneView, u: float, v: float) -> EnvironmentSample:
    """A direction to the image, by its brightness."""
    return draw_from_image(scene, u, v)


class _Sums(NamedTuple):
    """Running sums, and a guide into them: see layout."""

    sums: Any
    row: Any  # where the first is
    size: int
    column: int
    guide: Any
    guide_row: Any
    guide_size: int
    guide_column: int


@device
def _search(table: _Sums, count: float, guides: float, u: Real) -> Real:
    """Which of `count` running sums is the first that exceeds `u`."""
    entry = lanes_floor(u * guides)
    low = look_up(table.guide, table.guide_row + whole(entry), table.guide_size, table.guide_column)
    following = lanes_min(entry + 1.0, guides - 1.0)
    high = look_up(
        table.guide, table.guide_row + whole(following), table.guide_size, table.guide_column
    )
    high = choose(entry < guides - 1.0, high, count - 1.0)
    while in_any_lane(low < high):
        middle = lanes_floor((low + high) * 0.5)
        sums = look_up(table.sums, table.row + whole(middle), table.size, table.column)
        exceeds = u < sums  # always, where low and high have met
        low = choose(exceeds, low, middle + 1.0)
        high = choose(exceeds, middle, high)
    return low


class Aim(NamedTuple):
    """Where in an image a direction will be drawn, as far as it is known."""

    row: Real
    cell: Any  # of the table of cells, whose guide tells more


@device
def is_far_to_fetch(scene: SceneView) -> bool:
    """Is an image too large for a processor's own cache?"""
    table = scene.environment
    return table[layout.ENVIRONMENT_WIDTH] * table[layout.ENVIRONMENT_HEIGHT] > single(_LARGE)


@device
def aim_at_image(scene: SceneView, u: Real, v: Real) -> Aim:
    """Which row `draw_from_image` will take."""
    table = scene.environment
    in_row = _find_row(scene, _clamp(v, 0.0, _BELOW_ONE))
    entry = lanes_floor(_clamp(u, 0.0, _BELOW_ONE) * table[layout.ENVIRONMENT_CELL_GUIDES])
    return Aim(in_row, whole(in_row) * int(table[layout.ENVIRONMENT_WIDTH]) + whole(entry))


@device
def fetch_guide(scene: SceneView, cell: int) -> None:
    """Have the guide of an aim brought near."""
    prefetch(address_of(scene.environment_guides, cell))


@device
def fetch_aimed(scene: SceneView, row: int, cell: int) -> None:
    """Have brought near what will most likely be drawn: the guide says where it begins."""
    edge = _edge_at(scene, row, int(scene.environment_guides[cell]))
    place = address_of(scene.environment_edges, edge * layout.ENVIRONMENT_EDGE_SIZE)
    prefetch(place)
    prefetch(place + CACHE_LINE)


@device
def _find_row(scene: SceneView, v: Real) -> Real:
    table = scene.environment
    rows = scene.environment_rows
    size = layout.ENVIRONMENT_ROW_SIZE
    first = whole(v * 0.0)
    return _search(
        _Sums(
            rows,
            first,
            size,
            layout.ENVIRONMENT_SUM,
            rows,
            first,
            size,
            layout.ENVIRONMENT_GUIDE,
        ),
        table[layout.ENVIRONMENT_HEIGHT] - 1.0,
        table[layout.ENVIRONMENT_ROW_GUIDES],
        v,
    )


@device
def draw_from_image(scene: SceneView, u: Real, v: Real) -> EnvironmentSample:
    """A direction to the image, by its brightness; of lanes of numbers, lanes."""
    table = scene.environment
    width = table[layout.ENVIRONMENT_WIDTH]
    cells = table[layout.ENVIRONMENT_HEIGHT] - 1.0
    u = _clamp(u, 0.0, _BELOW_ONE)
    v = _clamp(v, 0.0, _BELOW_ONE)
    # --- Row
    in_row = _find_row(scene, v)
    row = whole(in_row)
    before = _of_row(scene, row, layout.ENVIRONMENT_BEFORE)
    v = (v - before) / (_of_row(scene, row, layout.ENVIRONMENT_SUM) - before)

    # --- Cell of it
    column = _search(
        _Sums(
            scene.environment_edges,
            _edge_at(scene, row, 1),  # the sum up to a cell stands at its right edge
            layout.ENVIRONMENT_EDGE_SIZE,
            layout.ENVIRONMENT_BEFORE_EDGE,
            scene.environment_guides,
            row * int(width),
            1,
            0,
        ),
        width,
        table[layout.ENVIRONMENT_CELL_GUIDES],
        u,
    )
    corners = _corners(scene, in_row, column)
    of_cell = corners.chance
    u = (u - corners.before) / of_cell

    # --- Where in the cell
    upper_left = corners.upper_left.luminance
    upper_right = corners.upper_right.luminance
    lower_left = corners.lower_left.luminance
    lower_right = corners.lower_right.luminance
    share = _draw_linear(v, upper_left + upper_right, lower_left + lower_right)
    across = _draw_linear(
        u,
        upper_left * (1.0 - share) + lower_left * share,
        upper_right * (1.0 - share) + lower_right * share,
    )
    upper = _of_row(scene, row, layout.ENVIRONMENT_UPPER)
    lower = _of_row(scene, row, layout.ENVIRONMENT_LOWER)
    half = upper + share * (lower - upper)  # sin^2 of half the angle to the nearest pole
    rise = 1.0 - 2.0 * half
    rise = choose(2.0 * in_row + 1.0 > cells, 0.0 - rise, rise)
    flat = 2.0 * lanes_sqrt(lanes_max(0.0, half * (1.0 - half)))
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
    down = _clamp(_texels_down(flat, rise, cells) - in_row, 0.0, 1.0)
    pdf = of_cell * _of_row(scene, row, layout.ENVIRONMENT_DENSITY)
    pdf = pdf * _within_cell(corners, across, share)
    return EnvironmentSample(wi, pdf, _radiance_at(corners, across, down))
