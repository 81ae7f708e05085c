"""Rays in a scene of which planes cut a part away: where they end, and what closes the cut.

What is kept lies behind all planes, so a ray is in it from one distance to another: the tree is
asked for no more than that. Shapes may have planes of their own, or none: then the walk through the
tree asks what it meets for its planes, and goes on if they cut it away. A cut through a closed
shape is closed by a *cap*: where a ray comes through a plane, or goes out through one, and the
shape is all around that point. A volume is closed in itself.
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.beginnings import Beginnings, begun, begun_shadow
from raywidget.kernels.geometry.grid import NOWHERE, find_place, into_grid
from raywidget.kernels.geometry.hit import cap_code, make_hit
from raywidget.kernels.geometry.kept import BY_PLANES, is_cut, kept_part
from raywidget.kernels.geometry.surface_point import spawn_origin
from raywidget.kernels.geometry.traverse import (
    RayHit,
    find_closest_whole,
    go_on_to_closest,
    go_on_to_occluder,
    is_occluded_from,
    is_occluded_whole,
    walk_to_closest,
)
from raywidget.kernels.language.buffers import make_stack_array
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.scalars import index32, single
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.layout import SceneView

INFINITY = float("inf")
_BESIDES = 1e29  # farther away is only what is infinitely far
_MOST_ENTERED = 64
_MOST_CROSSINGS = 10_000
_entered_stack = make_stack_array(types.int64, _MOST_ENTERED)


class Cap(NamedTuple):
    """The shape that a cut goes through."""

    slot: int  # of where it is left; MISS if there is none
    instance: int


@device
def lamp_group(scene: SceneView, light: int) -> int:
    """Which planes cut a light that is a shape."""
    return int(scene.lights[light * layout.LIGHT_SIZE + layout.LIGHT_CLIP])


@device
def is_lamp_cut(scene: SceneView, light: int, p: Vec3, wi: Vec3, reach: float, delta: bool) -> bool:
    """Is the point of a lamp cut away, `reach` from `p`? Lights that are no shapes never are."""
    if scene.clip_count == 0 or light < 0 or delta or not reach < _BESIDES:
        return False
    return is_cut(scene, lamp_group(scene, light), p + wi * reach, 0.0)


# --- Caps ----------------------------------------------------------------------------------------


@on_demand
def _find_cap(scene: SceneView, group: int, o: Vec3) -> Cap:
    """The innermost closed shape of a group that a point is in, if two of three rays say so.

    What stands on something else that is cut, too, shares a face with it, and one of the two may be
    missed: one ray goes upwards, two level to the sides.
    """
    volume = _find_volume(scene, group, o)
    if volume >= 0:
        return Cap(layout.VOLUME_SLOT + volume, -1)
    first = _leaves(scene, group, o, vec3(0.3139, 0.7371, 0.5985))
    second = _leaves(scene, group, o, vec3(1.0, 0.00011, 0.00017))
    if first.slot != layout.MISS and second.slot != layout.MISS:
        return first
    if first.slot == layout.MISS and second.slot == layout.MISS:
        return first
    third = _leaves(scene, group, o, vec3(-1.0, 0.00013, 0.00019))
    if third.slot == layout.MISS:
        return third
    return first if first.slot != layout.MISS else second


@device
def _find_volume(scene: SceneView, group: int, o: Vec3) -> int:
    """A volume of a group whose cut is coloured, and in which a point is; or -1."""
    for volume in range(scene.volume_count):
        codes = volume * layout.VOLUME_CODES_SIZE
        is_closed = scene.volume_codes[codes + layout.VOLUME_MATERIAL] >= 0
        if is_closed and scene.volume_codes[codes + layout.VOLUME_CLIP] == group:
            p = into_grid(scene, volume, o)
            x = single(scene.volume_codes[codes + layout.VOLUME_SHAPE])
            y = single(scene.volume_codes[codes + layout.VOLUME_SHAPE + 1])
            z = single(scene.volume_codes[codes + layout.VOLUME_SHAPE + 2])
            level = p.x >= 0.0 and p.x <= x and p.y >= 0.0 and p.y <= y
            if level and p.z >= 0.0 and p.z <= z and find_place(scene, volume, p) != NOWHERE:
                return volume
    return -1


@on_demand
def _leaves(scene: SceneView, group: int, o: Vec3, d: Vec3) -> Cap:
    """The first closed shape of a group that a ray leaves without having entered it."""
    entered = _entered_stack()
    count = 0
    for _ in range(_MOST_CROSSINGS):
        ray = find_closest_whole(scene, o, d, INFINITY, group)
        if ray.slot == layout.MISS:
            break
        hit = make_hit(scene, o, d, ray)
        # Balls and rounds are things of their own, flats together make one.
        key = (1 + hit.instance) * (1 << 24) + hit.shape
        if ray.slot >= layout.BALL_SLOT:
            key = -1 - hit.primitive
        if dot(d, hit.ng) < 0.0:
            if count == _MOST_ENTERED:
                break
            entered[count] = key
            count += 1
        else:
            found = -1
            for k in range(count):
                if entered[k] == key:
                    found = k
            if found < 0:
                return Cap(0 + ray.slot, 0 + ray.instance)  # 64 bits, as below
            count -= 1
            entered[found] = entered[count]
        o = spawn_origin(hit, d)
    return Cap(layout.MISS, -1)


# --- Where rays end ------------------------------------------------------------------------------


@on_demand
def _find_kept(
    scene: SceneView, o: Vec3, d: Vec3, t_max: float
) -> tuple[float, float, float, int, int]:
    """`find_closest` where the same planes cut all shapes: t, u, v, slot, instance."""
    part = kept_part(scene, 0, o, d, t_max)
    if not part.enter < part.leave:
        return t_max, 0.0, 0.0, layout.MISS, -1
    start = o + d * part.enter
    if scene.has_caps and part.through >= 0:
        cap = _find_cap(scene, 0, start)
        if cap.slot != layout.MISS:
            return part.enter, cap_code(part.through), 0.0, cap.slot, cap.instance
    ray = find_closest_whole(scene, start, d, part.leave - part.enter)
    if ray.slot != layout.MISS:
        return part.enter + ray.t, ray.u, ray.v, 0 + ray.slot, 0 + ray.instance
    if scene.has_caps and part.out >= 0:
        cap = _find_cap(scene, 0, o + d * part.leave)
        if cap.slot != layout.MISS:
            return part.leave, cap_code(part.out), 0.0, cap.slot, cap.instance
    return t_max, 0.0, 0.0, layout.MISS, -1


@on_demand
def _find_kept_of_groups(
    scene: SceneView, o: Vec3, d: Vec3, t_max: float
) -> tuple[float, float, float, int, int]:
    """The same where shapes have planes of their own, or none."""
    t = t_max
    u = single(0.0)
    v = single(0.0)
    slot = layout.MISS
    instance = -1
    ray = find_closest_whole(scene, o, d, t_max, BY_PLANES)
    if ray.slot != layout.MISS:
        t = ray.t
        u = ray.u
        v = ray.v
        slot = 0 + ray.slot
        instance = 0 + ray.instance
    if scene.has_caps:
        for group in range(scene.clip_group_count):
            part = kept_part(scene, group, o, d, t)
            if not part.enter < part.leave:
                continue
            cap = Cap(layout.MISS, -1)
            if part.through >= 0:
                cap = _find_cap(scene, group, o + d * part.enter)
                if cap.slot != layout.MISS:
                    t = part.enter
                    u = cap_code(part.through)
            if cap.slot == layout.MISS and part.out >= 0:
                cap = _find_cap(scene, group, o + d * part.leave)
                if cap.slot != layout.MISS:
                    t = part.leave
                    u = cap_code(part.out)
            if cap.slot != layout.MISS:
                v = single(0.0)
                slot = cap.slot
                instance = cap.instance
    return t, u, v, slot, instance


@device
def _find_cut(
    scene: SceneView, o: Vec3, d: Vec3, t_max: float
) -> tuple[float, float, float, int, int]:
    if scene.clip_group_count > 1:
        return _find_kept_of_groups(scene, o, d, t_max)
    return _find_kept(scene, o, d, t_max)


@device
def find_closest(scene: SceneView, o: Vec3, d: Vec3, t_max: float) -> RayHit:
    """The closest hit with 0 < t < `t_max` of what is kept; of a ray that is not finite, none."""
    if scene.clip_count > 0:
        t, u, v, slot, instance = _find_cut(scene, o, d, t_max)
        return RayHit(t, u, v, index32(slot), index32(instance))
    return find_closest_whole(scene, o, d, t_max)


@device
def find_closest_of_finite(scene: SceneView, first: int, o: Vec3, d: Vec3, t_max: float) -> RayHit:
    """`find_closest` from node `first` on, for those who know that the ray is finite."""
    if scene.clip_count > 0:
        t, u, v, slot, instance = _find_cut(scene, o, d, t_max)
        return RayHit(t, u, v, index32(slot), index32(instance))
    return walk_to_closest(scene, first, o, d, t_max)


@device
def go_on_to_kept(
    scene: SceneView, first: int, beginnings: Beginnings, lane: int, o: Vec3, d: Vec3, t_max: float
) -> RayHit:
    """The same of a ray whose walk has begun with those of other lanes, if there are no planes."""
    if scene.clip_count > 0:
        t, u, v, slot, instance = _find_cut(scene, o, d, t_max)
        return RayHit(t, u, v, index32(slot), index32(instance))
    return go_on_to_closest(scene, first, begun(beginnings, first, lane), o, d, t_max)


@on_demand
def _is_kept_occluded(scene: SceneView, o: Vec3, d: Vec3, t_max: float) -> bool:
    if scene.clip_group_count > 1:
        return _find_kept_of_groups(scene, o, d, t_max)[3] != layout.MISS
    if scene.has_caps:
        return _find_kept(scene, o, d, t_max)[3] != layout.MISS
    part = kept_part(scene, 0, o, d, t_max)
    if not part.enter < part.leave:
        return False
    return is_occluded_whole(scene, o + d * part.enter, d, part.leave - part.enter)


@device
def is_occluded(scene: SceneView, o: Vec3, d: Vec3, t_max: float) -> bool:
    """Is there any hit with 0 < t < `t_max` of what is kept?"""
    return is_occluded_by_rest(scene, 0, o, d, t_max)


@device
def is_occluded_by_rest(scene: SceneView, first: int, o: Vec3, d: Vec3, t_max: float) -> bool:
    """The same from node `first` on."""
    if scene.clip_count > 0:
        return _is_kept_occluded(scene, o, d, t_max)
    return is_occluded_from(scene, first, o, d, t_max)


@device
def is_kept_in_the_way(
    scene: SceneView, first: int, beginnings: Beginnings, lane: int, o: Vec3, d: Vec3, t_max: float
) -> bool:
    """The same of a ray whose walk has begun with those of other lanes, if there are no planes."""
    if scene.clip_count > 0:
        return _is_kept_occluded(scene, o, d, t_max)
    return go_on_to_occluder(scene, first, begun_shadow(beginnings, first, lane), o, d, t_max)
