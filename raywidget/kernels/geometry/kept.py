"""What planes keep: the part of a ray that lies behind them, and of hits those that do.

Where faces of different shapes coincide, one of which is cut away, the other must not be lost: so
a walk through the tree is told which hits count, before it takes the nearest one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.intersect import (
    BALL_BLOCK,
    FLAT_BLOCK,
    ROUND_BLOCK,
    intersect_balls,
    intersect_rounds,
)
from raywidget.kernels.geometry.surface_point import RAY_OFFSET, largest
from raywidget.kernels.language.buffers import make_stack_array
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.lane_keys import clear_lowest_bit, lowest_bit
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.simd import WIDTH, Lanes, lane_mask, load_lanes, store_lanes
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3
from raywidget.kernels.layout import SceneView

INFINITY = float("inf")
BY_PLANES = -1  # what a walk counts: what the planes of each shape keep; else what closes a group
_lane_array = make_stack_array(types.float32, WIDTH)


class Kept(NamedTuple):
    """The part of a ray that is kept."""

    enter: float
    leave: float
    through: int  # plane that it comes in through, or -1
    out: int  # plane that it goes out through, or -1


class KeptHit(NamedTuple):
    """The nearest of a block that counts."""

    t: float  # infinite if there is none
    face: float  # of a round
    lane: int


@on_demand
def kept_part(scene: SceneView, group: int, o: Vec3, d: Vec3, t_max: float) -> Kept:
    """Where a ray is behind all planes of a group; nowhere if it enters after it leaves."""
    enter = 0.0
    leave = t_max
    through = -1
    out = -1
    first = 0
    end = 0
    if group >= 0:
        first = int(scene.clip_groups[group * layout.CLIP_GROUP_SIZE])
        end = first + int(scene.clip_groups[group * layout.CLIP_GROUP_SIZE + 1])
    for plane in range(first, end):
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
def is_cut(scene: SceneView, group: int, p: Vec3, slack: float) -> bool:
    """Do the planes of a group cut a point away, that may lie before them by so much?"""
    if group < 0:
        return False
    first = int(scene.clip_groups[group * layout.CLIP_GROUP_SIZE])
    end = first + int(scene.clip_groups[group * layout.CLIP_GROUP_SIZE + 1])
    for plane in range(first, end):
        row = plane * layout.CLIP_SIZE
        height = dot(load_vec3(scene.clips, row), p) - scene.clips[row + layout.CLIP_OFFSET]
        if height > slack:
            return True
    return False


@device
def clip_group(scene: SceneView, shape: int) -> int:
    """Which planes cut a shape: a row of `clip_groups`, or -1."""
    return int(scene.shape_clips[shape * layout.SHAPE_CLIP_SIZE])


@device
def _is_cut_at(scene: SceneView, group: int, o: Vec3, d: Vec3, t: float) -> bool:
    """Is the point at `t` cut away? A face that lies in a plane is not, however it is rounded."""
    p = o + d * t
    return is_cut(scene, group, p, (largest(o) + largest(p)) * RAY_OFFSET)


@device
def _is_closed_of(scene: SceneView, shape: int, group: int) -> bool:
    """Is it a shape of a group whose cuts are closed?"""
    codes = shape * layout.SHAPE_CLIP_SIZE
    is_closed = scene.shape_clips[codes + layout.SHAPE_CAPS] != layout.CAPS_NONE
    return is_closed and int(scene.shape_clips[codes]) == group


@device
def _shape_of(scene: SceneView, references: Any, row: int) -> int:
    """The shape that a primitive of a block is of."""
    return int(scene.primitives[references[row] * layout.PRIMITIVE_SIZE + layout.PRIMITIVE_SHAPE])


@rare
@device
def kept_flats(
    scene: SceneView,
    counts: int,
    block: int,
    instance: int,
    hits: Lanes,
    t: Lanes,
    o: Vec3,
    d: Vec3,
) -> Lanes:
    """Distances at which a block of flats is hit, infinite for those that do not count.

    The ray is that in the world.
    """
    distances = _lane_array()
    store_lanes(distances, 0, t)
    first = block * FLAT_BLOCK + layout.FLAT_PRIMITIVE_ROW * WIDTH
    mask = lane_mask(hits)
    while mask != 0:
        lane = lowest_bit(mask)
        mask = clear_lowest_bit(mask)
        if instance >= 0:
            codes = instance * layout.INSTANCE_CODES_SIZE
            shape = int(scene.instance_codes[codes + layout.INSTANCE_SHAPE])
        else:
            shape = _shape_of(scene, scene.flat_references, first + lane)
        if counts == BY_PLANES:
            is_kept = not _is_cut_at(scene, clip_group(scene, shape), o, d, distances[lane])
        else:
            is_kept = _is_closed_of(scene, shape, counts)
        if not is_kept:
            distances[lane] = INFINITY
    return load_lanes(distances, 0)


@rare
@device
def find_kept_ball(
    scene: SceneView, counts: int, block: int, o: Vec3, d: Vec3, t_max: float
) -> KeptHit:
    """The nearest ball of a block; of one whose near side is cut away, the far one."""
    found = KeptHit(INFINITY, 0.0, 0)
    hits, t = intersect_balls(scene.balls, block, o, d, t_max, scene.large_radius)
    distances = _lane_array()
    store_lanes(distances, 0, t)
    first = block * BALL_BLOCK + layout.BALL_PRIMITIVE_ROW * WIDTH
    mask = lane_mask(hits)
    while mask != 0:
        lane = lowest_bit(mask)
        mask = clear_lowest_bit(mask)
        shape = _shape_of(scene, scene.ball_references, first + lane)
        distance = distances[lane]
        if counts != BY_PLANES:
            if not _is_closed_of(scene, shape, counts):
                distance = INFINITY
        elif _is_cut_at(scene, clip_group(scene, shape), o, d, distance):
            part = kept_part(scene, clip_group(scene, shape), o, d, t_max)
            near = distance
            distance = INFINITY
            if near < part.enter and part.enter < part.leave:
                start = o + d * part.enter
                again, far = intersect_balls(
                    scene.balls, block, start, d, part.leave - part.enter, scene.large_radius
                )
                ends = _lane_array()
                store_lanes(ends, 0, far)
                if (lane_mask(again) >> lane) & 1 != 0:
                    distance = part.enter + ends[lane]
        if distance < found.t:
            found = KeptHit(distance, 0.0, lane)
    return found


@rare
@device
def find_kept_round(
    scene: SceneView, counts: int, block: int, o: Vec3, d: Vec3, t_max: float
) -> KeptHit:
    """The same of rounds."""
    found = KeptHit(INFINITY, 0.0, 0)
    hits, t, face = intersect_rounds(scene.rounds, block, o, d, t_max, scene.large_radius)
    distances = _lane_array()
    faces = _lane_array()
    store_lanes(distances, 0, t)
    store_lanes(faces, 0, face)
    first = block * ROUND_BLOCK + layout.ROUND_PRIMITIVE_ROW * WIDTH
    mask = lane_mask(hits)
    while mask != 0:
        lane = lowest_bit(mask)
        mask = clear_lowest_bit(mask)
        shape = _shape_of(scene, scene.round_references, first + lane)
        distance = distances[lane]
        side = faces[lane]
        if counts != BY_PLANES:
            if not _is_closed_of(scene, shape, counts):
                distance = INFINITY
        elif _is_cut_at(scene, clip_group(scene, shape), o, d, distance):
            part = kept_part(scene, clip_group(scene, shape), o, d, t_max)
            near = distance
            distance = INFINITY
            if near < part.enter and part.enter < part.leave:
                start = o + d * part.enter
                again, far, far_face = intersect_rounds(
                    scene.rounds, block, start, d, part.leave - part.enter, scene.large_radius
                )
                ends = _lane_array()
                store_lanes(ends, 0, far)
                if (lane_mask(again) >> lane) & 1 != 0:
                    distance = part.enter + ends[lane]
                    store_lanes(ends, 0, far_face)
                    side = ends[lane]
        if distance < found.t:
            found = KeptHit(distance, side, lane)
    return found
