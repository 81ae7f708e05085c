"""Rays in a scene of which planes cut a part away: where they end, and what closes the cut.

What is kept lies behind all planes, so a ray is in it from one distance to another: the tree is
asked for no more than that. A cut through a closed shape is closed by a *cap*: where a ray comes
through a plane, or goes out through one, and the shape is all around that point.
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.hit import cap_code, make_hit
from raywidget.kernels.geometry.surface_point import spawn_origin
from raywidget.kernels.geometry.traverse import (
    RayHit,
    find_closest_whole,
    is_occluded_whole,
    walk_to_closest,
)
from raywidget.kernels.language.buffers import make_stack_array
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.scalars import index32
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, vec3
from raywidget.kernels.layout import SceneView

INFINITY = float("inf")
_BESIDES = 1e29  # farther away is only what is infinitely far
_MOST_ENTERED = 64
_MOST_CROSSINGS = 10_000
_entered_stack = make_stack_array(types.int64, _MOST_ENTERED)


class Kept(NamedTuple):
    """The part of a ray that is kept."""

    enter: float
    leave: float
    through: int  # plane that it comes in through, or -1
    out: int  # plane that it goes out through, or -1


class Cap(NamedTuple):
    """The shape that a cut goes through."""

    slot: int  # of where it is left; MISS if there is none
    instance: int


@on_demand
def kept_part(scene: SceneView, o: Vec3, d: Vec3, t_max: float) -> Kept:
    """Where a ray is behind all planes; nowhere if it enters after it leaves."""
    enter = 0.0
    leave = t_max
    through = -1
    out = -1
    for plane in range(scene.clip_count):
        row = plane * layout.CLIP_SIZE
        normal = load_vec3(scene.clips, row)
        slope = dot(normal, d)
        height = dot(normal, o) - scene.clips[row + layout.CLIP_OFFSET]
        if slope > 0.0:
            t = -height / slope
            if t < leave:
                leave = t
                out = plane
        elif slope < 0.0:
            t = height / -slope
            if t > enter:
                enter = t
                through = plane
        elif height > 0.0:
            leave = -1.0
    return Kept(enter, leave, through, out)


@on_demand
def is_cut(scene: SceneView, p: Vec3) -> bool:
    """Is a point cut away?"""
    for plane in range(scene.clip_count):
        row = plane * layout.CLIP_SIZE
        if dot(load_vec3(scene.clips, row), p) > scene.clips[row + layout.CLIP_OFFSET]:
            return True
    return False


@device
def is_lamp_cut(scene: SceneView, p: Vec3, wi: Vec3, reach: float, delta: bool) -> bool:
    """Is the point of a lamp cut away, `reach` from `p`? Lights that are no shapes never are."""
    if scene.clip_count == 0 or delta or not reach < _BESIDES:
        return False
    return is_cut(scene, p + wi * reach)


@on_demand
def _find_cap(scene: SceneView, o: Vec3) -> Cap:
    """The innermost closed shape that a point is in, if two of three rays say that there is one.

    What stands on a floor, or at a wall, shares a face with it, and one of the two may be missed:
    one ray goes upwards, two level to the sides.
    """
    first = _leaves(scene, o, vec3(0.3139, 0.7371, 0.5985))
    second = _leaves(scene, o, vec3(1.0, 0.00011, 0.00017))
    if first.slot != layout.MISS and second.slot != layout.MISS:
        return first
    if first.slot == layout.MISS and second.slot == layout.MISS:
        return first
    third = _leaves(scene, o, vec3(-1.0, 0.00013, 0.00019))
    if third.slot == layout.MISS:
        return third
    return first if first.slot != layout.MISS else second


@on_demand
def _leaves(scene: SceneView, o: Vec3, d: Vec3) -> Cap:
    """The first closed shape that a ray leaves without having entered it."""
    entered = _entered_stack()
    count = 0
    for _ in range(_MOST_CROSSINGS):
        ray = find_closest_whole(scene, o, d, INFINITY)
        if ray.slot == layout.MISS:
            break
        hit = make_hit(scene, o, d, ray)
        if scene.closed_shapes[hit.shape] != 0:
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


@on_demand
def _find_kept(
    scene: SceneView, o: Vec3, d: Vec3, t_max: float
) -> tuple[float, float, float, int, int]:
    """`find_closest` in a scene with planes: t, u, v, slot, instance."""
    part = kept_part(scene, o, d, t_max)
    if not part.enter < part.leave:
        return t_max, 0.0, 0.0, layout.MISS, -1
    start = o + d * part.enter
    if scene.has_caps and part.through >= 0:
        cap = _find_cap(scene, start)
        if cap.slot != layout.MISS:
            return part.enter, cap_code(part.through), 0.0, cap.slot, cap.instance
    ray = find_closest_whole(scene, start, d, part.leave - part.enter)
    if ray.slot != layout.MISS:
        return part.enter + ray.t, ray.u, ray.v, 0 + ray.slot, 0 + ray.instance
    if scene.has_caps and part.out >= 0:
        cap = _find_cap(scene, o + d * part.leave)
        if cap.slot != layout.MISS:
            return part.leave, cap_code(part.out), 0.0, cap.slot, cap.instance
    return t_max, 0.0, 0.0, layout.MISS, -1


@device
def find_closest(scene: SceneView, o: Vec3, d: Vec3, t_max: float) -> RayHit:
    """The closest hit with 0 < t < `t_max` of what is kept; of a ray that is not finite, none."""
    if scene.clip_count > 0:
        t, u, v, slot, instance = _find_kept(scene, o, d, t_max)
        return RayHit(t, u, v, index32(slot), index32(instance))
    return find_closest_whole(scene, o, d, t_max)


@device
def find_closest_of_finite(scene: SceneView, o: Vec3, d: Vec3, t_max: float) -> RayHit:
    """`find_closest` for those who know that the ray is finite."""
    if scene.clip_count > 0:
        t, u, v, slot, instance = _find_kept(scene, o, d, t_max)
        return RayHit(t, u, v, index32(slot), index32(instance))
    return walk_to_closest(scene, o, d, t_max)


@on_demand
def _is_kept_occluded(scene: SceneView, o: Vec3, d: Vec3, t_max: float) -> bool:
    if scene.has_caps:
        return _find_kept(scene, o, d, t_max)[3] != layout.MISS
    part = kept_part(scene, o, d, t_max)
    if not part.enter < part.leave:
        return False
    return is_occluded_whole(scene, o + d * part.enter, d, part.leave - part.enter)


@device
def is_occluded(scene: SceneView, o: Vec3, d: Vec3, t_max: float) -> bool:
    """Is there any hit with 0 < t < `t_max` of what is kept?"""
    if scene.clip_count > 0:
        return _is_kept_occluded(scene, o, d, t_max)
    return is_occluded_whole(scene, o, d, t_max)
