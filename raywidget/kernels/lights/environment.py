"""Light from infinitely far away: radiance by direction, and directions drawn from an image.

An image has its texels on meridians and circles of latitude, its poles half a texel beyond the
first and the last row; radiance is bilinear between texels. Its table has a row more at either
end, for what is seen across the pole. Directions are drawn from the cells between texels: a row, a
cell of it, and a direction in the cell, uniform by solid angle. So the density is the same all over
a cell.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.sampling import PI, turn_towards
from raywidget.kernels.language.scalars import index_below, single
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.light_choice import light_probability

ROW_SUM = 0
ROW_PER_SOLID_ANGLE = 1
ROW_UPPER = 2
ROW_LOWER = 3


class EnvironmentSample(NamedTuple):
    """A direction to the environment."""

    wi: Vec3  # unit
    pdf: float  # per solid angle


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
def eval_missed(scene: SceneView, d: Vec3, depth: int) -> Vec3:
    """What a ray brings that hits nothing: the first edge of a path, which the camera sees, ends at
    the background if there is one; all others at the environment.
    """
    if depth == 1 and scene.environment[layout.ENVIRONMENT_BACKGROUND] >= 0.0:
        return load_vec3(scene.environment, layout.ENVIRONMENT_BACKGROUND)
    return eval_environment(scene, d)


@device
def pdf_environment(scene: SceneView, p: Vec3, n: Vec3, d: Vec3) -> float:
    """Density with which `sample_light` at `p` draws direction `d` to the environment."""
    light = int(scene.environment[layout.ENVIRONMENT_LIGHT])
    if light < 0:
        return 0.0
    return light_probability(scene, p, n, light) * pdf_image(scene, d)


class _Place(NamedTuple):
    """Where a direction falls in the grid of texels."""

    column: int  # of the texel above and to the left
    row: int
    across: float  # from it to the next, 0 to 1
    down: float


@device
def _find_place(scene: SceneView, d: Vec3) -> _Place:
    width = int(scene.environment[layout.ENVIRONMENT_WIDTH])
    cells = int(scene.environment[layout.ENVIRONMENT_HEIGHT]) - 1
    x = dot(load_vec3(scene.environment, layout.ENVIRONMENT_FROM_WORLD), d)
    y = dot(load_vec3(scene.environment, layout.ENVIRONMENT_FROM_WORLD + 3), d)
    z = dot(load_vec3(scene.environment, layout.ENVIRONMENT_FROM_WORLD + 6), d)
    turns = turn_towards(x, -z)
    across = turns * single(width) - 0.5
    down = 2.0 * turn_towards(math.sqrt(x * x + z * z), y) * single(cells - 1) + 0.5
    row = index_below(down, cells)
    column = math.floor(across)
    across -= single(column)
    if column < 0:
        column += width
    column = min(max(column, 0), width - 1)
    return _Place(column, row, across, min(1.0, down - single(row)))


@on_demand
def eval_image(scene: SceneView, d: Vec3) -> Vec3:
    """Radiance of an image from direction `d` of the world."""
    width = int(scene.environment[layout.ENVIRONMENT_WIDTH])
    place = _find_place(scene, d)
    right = place.column + 1
    if right == width:
        right = 0
    upper = 3 * place.row * width
    lower = upper + 3 * width
    left_weight = 1.0 - place.across
    pixels = scene.environment_pixels
    above = load_vec3(pixels, upper + 3 * place.column) * left_weight
    above = above + load_vec3(pixels, upper + 3 * right) * place.across
    below = load_vec3(pixels, lower + 3 * place.column) * left_weight
    below = below + load_vec3(pixels, lower + 3 * right) * place.across
    return above * (1.0 - place.down) + below * place.down


@on_demand
def pdf_image(scene: SceneView, d: Vec3) -> float:
    """Density with which `sample_image` draws `d`."""
    width = int(scene.environment[layout.ENVIRONMENT_WIDTH])
    place = _find_place(scene, d)
    row = place.row * layout.ENVIRONMENT_ROW_SIZE
    of_row = scene.environment_rows[row + ROW_SUM]
    if place.row > 0:
        of_row -= scene.environment_rows[row + ROW_SUM - layout.ENVIRONMENT_ROW_SIZE]
    cell = place.row * width + place.column
    of_cell = scene.environment_cdf[cell]
    if place.column > 0:
        of_cell -= scene.environment_cdf[cell - 1]
    return of_row * of_cell * scene.environment_rows[row + ROW_PER_SOLID_ANGLE]


@on_demand
def sample_image(scene: SceneView, u: float, v: float) -> EnvironmentSample:
    """A direction to the image, by its brightness."""
    width = int(scene.environment[layout.ENVIRONMENT_WIDTH])
    cells = int(scene.environment[layout.ENVIRONMENT_HEIGHT]) - 1
    # --- Row, and where in it
    low = 0
    high = cells - 1
    while low < high:
        middle = (low + high) >> 1
        if v < scene.environment_rows[middle * layout.ENVIRONMENT_ROW_SIZE + ROW_SUM]:
            high = middle
        else:
            low = middle + 1
    row = low * layout.ENVIRONMENT_ROW_SIZE
    before = 0.0
    if low > 0:
        before = scene.environment_rows[row + ROW_SUM - layout.ENVIRONMENT_ROW_SIZE]
    of_row = scene.environment_rows[row + ROW_SUM] - before
    down = (v - before) / of_row
    upper = scene.environment_rows[row + ROW_UPPER]
    lower = scene.environment_rows[row + ROW_LOWER]
    half = upper + down * (lower - upper)  # sin^2 of half the angle to the nearest pole
    rise = 1.0 - 2.0 * half
    if 2 * low + 1 > cells:
        rise = -rise
    flat = 2.0 * math.sqrt(max(0.0, half * (1.0 - half)))

    # --- Cell, and where in it
    first = low * width
    begin = 0
    end = width - 1
    while begin < end:
        middle = (begin + end) >> 1
        if u < scene.environment_cdf[first + middle]:
            end = middle
        else:
            begin = middle + 1
    before = 0.0
    if begin > 0:
        before = scene.environment_cdf[first + begin - 1]
    of_cell = scene.environment_cdf[first + begin] - before
    across = (u - before) / of_cell
    phi = 2.0 * PI * (single(begin) + 0.5 + across) / single(width)
    x = flat * math.sin(phi)
    z = -flat * math.cos(phi)

    # --- Back into the world: by the transpose
    table = scene.environment
    wi = (
        load_vec3(table, layout.ENVIRONMENT_FROM_WORLD) * x
        + load_vec3(table, layout.ENVIRONMENT_FROM_WORLD + 3) * rise
        + load_vec3(table, layout.ENVIRONMENT_FROM_WORLD + 6) * z
    )
    return EnvironmentSample(
        wi, of_row * of_cell * scene.environment_rows[row + ROW_PER_SOLID_ANGLE]
    )
