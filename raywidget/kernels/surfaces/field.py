"""Values on shapes, and their colours.

`scene/textures/colormaps` says which colour a value has, in numpy; this is its twin.
"""

from __future__ import annotations

import math

from raywidget.kernels import layout
from raywidget.kernels.geometry.intersect import ROUND_BLOCK
from raywidget.kernels.geometry.surface_point import Hit
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, vec3
from raywidget.kernels.layout import SceneView

NAN = float("nan")


@device
def hit_value(scene: SceneView, field: int, hit: Hit) -> float:
    """The value of a row of `fields` where a ray has hit: between vertices it is interpolated."""
    row = field * layout.FIELD_SIZE
    on = scene.fields[row + layout.FIELD_ON]
    first = scene.fields[row + layout.FIELD_FIRST]
    values = scene.values
    if on == layout.FIELD_VERTICES:
        corners = scene.primitives[hit.primitive * layout.PRIMITIVE_SIZE + layout.PRIMITIVE_CORNERS]
        at = corners * layout.CORNERS_SIZE
        a = values[first + scene.corners[at]]
        b = values[first + scene.corners[at + 1]]
        c = values[first + scene.corners[at + 2]]
        value = a * (1.0 - hit.b1 - hit.b2) + b * hit.b1 + c * hit.b2
        # Rounding must not lead beyond the limits, where other colours are.
        return _between(value, min(a, min(b, c)), max(a, max(b, c)))
    if on == layout.FIELD_COPIES:
        return values[first + hit.instance]
    if on == layout.FIELD_ROUNDS and hit.slot >= layout.ROUND_SLOT:
        at = scene.fields[row + layout.FIELD_ENDS] + 2 * hit.primitive
        a = values[at]
        b = values[at + 1]
        along = _along_round(scene, hit)
        value = a * (1.0 - along) + b * along
        return _between(value, min(a, b), max(a, b))
    return values[first + hit.primitive]


@device
def _between(value: float, low: float, high: float) -> float:
    """A number within bounds; NaN stays NaN."""
    if value < low:
        return low
    if value > high:
        return high
    return value


@device
def _along_round(scene: SceneView, hit: Hit) -> float:
    """How far from the base to the top of a round, 0 to 1."""
    slot = hit.slot - layout.ROUND_SLOT
    block = slot // WIDTH
    row = block * ROUND_BLOCK + (slot - block * WIDTH)
    rounds = scene.rounds
    base = vec3(rounds[row], rounds[row + WIDTH], rounds[row + 2 * WIDTH])
    at = row + 9 * WIDTH
    axis = vec3(rounds[at], rounds[at + WIDTH], rounds[at + 2 * WIDTH])
    height = rounds[row + layout.ROUND_HEIGHT_ROW * WIDTH]
    if not height > 0.0:
        return 0.0
    return min(1.0, max(0.0, dot(hit.p - base, axis) / height))


@device
def field_color(scene: SceneView, field: int, value: float) -> Vec3:
    """The colour of a value by the map of a row of `fields`."""
    at = 0 + scene.fields[field * layout.FIELD_SIZE + layout.FIELD_MAP]
    maps = scene.maps
    is_log = maps[at + layout.MAP_LOG] != 0.0
    if not value == value or (is_log and not value > 0.0):
        return load_vec3(maps, at + layout.MAP_NAN)
    if value < maps[at + layout.MAP_LOW]:
        return load_vec3(maps, at + layout.MAP_BELOW)
    if value > maps[at + layout.MAP_HIGH]:
        return load_vec3(maps, at + layout.MAP_ABOVE)
    if is_log:
        value = math.log(value)
    # Divided, not multiplied by the inverse: what is a share of the limits stays one.
    share = (value - maps[at + layout.MAP_START]) / maps[at + layout.MAP_SPAN]
    count = maps[at + layout.MAP_COUNT]
    entry = int(min(count - 1.0, max(0.0, share * count)))
    return load_vec3(maps, at + layout.MAP_COLORS + 3 * entry)


@device
def shown_value(scene: SceneView, hit: Hit) -> float:
    """The value that a shape shows where a ray has hit it; NaN where it shows none."""
    at = hit.material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_FIELD
    field = 0 + scene.material_codes[at]
    if field < 0:
        return NAN
    return hit_value(scene, field, hit)
