"""Values on shapes, and their colours.

`scene/textures/colormaps` says which colour a value has, in numpy; this is its twin.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.attributes import along_round
from raywidget.kernels.geometry.grid import value_at
from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.geometry.kept import clip_group
from raywidget.kernels.geometry.surface_point import Hit, spawn_origin
from raywidget.kernels.geometry.traverse import find_closest_whole
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.vec3 import Vec3, load_vec3, vec3
from raywidget.kernels.layout import SceneView

INFINITY = float("inf")
NAN = float("nan")
_CHORDS = 7
_PER_CHORD = 1.0 / 7.0
_MOST_PASSED = 256  # surfaces of other things within a shape


@device
def hit_value(scene: SceneView, field: int, hit: Hit) -> float:
    """The value of a row of `fields` where a ray has hit: between vertices it is interpolated."""
    if hit.cap >= 0:
        return _cut_value(scene, field, hit)
    return _surface_value(scene, field, hit)


@on_demand
def _cut_value(scene: SceneView, field: int, hit: Hit) -> float:
    """On a cut: of a volume its number; in a shape, if it is asked for, what is in between.

    Mean values along chords (Floater 2003, "Mean value coordinates"; Lipman et al. 2007, "GPU-
    assisted positive mean value coordinates"): on each of some lines through the point the values
    at both ends count by the inverse of their distance. What is linear on the surface is linear
    inside, and towards the rim it becomes what is there.
    """
    if hit.slot >= layout.VOLUME_SLOT:
        return value_at(scene, hit.slot - layout.VOLUME_SLOT, hit.p)
    caps = scene.shape_clips[hit.shape * layout.SHAPE_CLIP_SIZE + layout.SHAPE_CAPS]
    on = scene.fields[field * layout.FIELD_SIZE + layout.FIELD_ON]
    is_one = on == layout.FIELD_COPIES or (
        on == layout.FIELD_PRIMITIVES and hit.slot >= layout.BALL_SLOT
    )
    if caps != layout.CAPS_VALUES or is_one:
        return _surface_value(scene, field, hit)
    total = 0.0
    weights = 0.0
    for k in range(_CHORDS):
        # Evenly over half of all directions, by a spiral of golden angles.
        height = (single(k) + 0.5) * _PER_CHORD
        across = math.sqrt(1.0 - height * height)
        turn = 2.3999632 * single(k) + 0.4
        d = vec3(across * math.cos(turn), across * math.sin(turn), height)
        ahead = _end_of_chord(scene, field, hit, d)
        behind = _end_of_chord(scene, field, hit, -d)
        if ahead.weight > 0.0 and behind.weight > 0.0:
            total += ahead.weight * ahead.value + behind.weight * behind.value
            weights += ahead.weight + behind.weight
    if not weights > 0.0:
        return _surface_value(scene, field, hit)
    return total / weights


class _End(NamedTuple):
    """Where a line through the inside of a shape leaves it."""

    value: float
    weight: float  # 0: it does not


@device
def _end_of_chord(scene: SceneView, field: int, cut: Hit, d: Vec3) -> _End:
    o = cut.p
    group = clip_group(scene, cut.shape)  # others don't hide what coincides with them
    travelled = 0.0
    for _ in range(_MOST_PASSED):
        ray = find_closest_whole(scene, o, d, INFINITY, group)
        if ray.slot == layout.MISS:
            break
        hit = make_hit(scene, o, d, ray)
        travelled += ray.t
        if hit.shape == cut.shape and hit.instance == cut.instance:
            own = hit.slot < layout.BALL_SLOT or hit.primitive == cut.primitive
            if own:
                value = _surface_value(scene, field, hit)
                return _End(value, 1.0 / max(travelled, 1e-30))
        o = spawn_origin(hit, d)
    return _End(0.0, 0.0)


@device
def _surface_value(scene: SceneView, field: int, hit: Hit) -> float:
    """The value of a row of `fields` on the surface of its shape."""
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
        along = along_round(scene, hit)
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
