"""Light through volumes: where it is scattered, and which share of it gets through.

Both walk through blocks of cells, each of which knows the least and the greatest extinction in it,
so that empty space costs a step and no look-up. Collisions are drawn from the greatest one and
taken back by chance (delta tracking; Woodcock et al. 1965, Novak et al. 2018, "Monte Carlo methods
for volumetric light transport simulation", section 4). What gets through is the exact share of the
least one, times a product of shares for the rest (residual ratio tracking; Novak et al. 2014).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from raywidget.kernels import layout
from raywidget.kernels.geometry.clipping import kept_part
from raywidget.kernels.geometry.grid import (
    Look,
    along_grid,
    extinction_at,
    find_place,
    into_grid,
    load_look,
)
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.random import next_state, number_of
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.vec3 import Vec3, vec3
from raywidget.kernels.layout import SceneView

_FAR = 1e30
_FLAT = 1e-12  # slower along an axis, in cells per unit: never to another block
_FAINT = 0.1  # shares below this are decided by chance


class Flown(NamedTuple):
    """Where light is scattered by a volume."""

    t: float  # the end of the ray if it is not
    volume: int  # or -1
    place: float  # in its transfer function, see `grid`
    state: np.uint64  # of the stream of numbers


class Passed(NamedTuple):
    """What of light gets through volumes."""

    share: float  # an estimate without bias, 0 to 1
    state: np.uint64


class _Block(NamedTuple):
    """Where a ray is among the blocks of a volume."""

    row: int  # of its bounds; -1: it has left them all
    x: int
    y: int
    z: int
    next_x: float  # distance at which the next one along x begins
    next_y: float
    next_z: float


class _Walk(NamedTuple):
    """A ray in the blocks of a volume."""

    enter: float  # distances at which it enters the box, and leaves it
    leave: float
    origin: Vec3  # in cells of the grid
    direction: Vec3
    size: Vec3  # of a block along the ray
    bounds: int  # row of the first block
    blocks_x: int  # how many there are
    blocks_y: int
    blocks_z: int
    first: _Block


@device
def _reciprocal(x: float) -> float:
    if abs(x) > _FLAT:
        return 1.0 / x
    return _FAR


@device
def _start(scene: SceneView, volume: int, o: Vec3, d: Vec3, reach: float) -> _Walk:
    origin = into_grid(scene, volume, o)
    direction = along_grid(scene, volume, d)
    codes = volume * layout.VOLUME_CODES_SIZE
    inverse = vec3(_reciprocal(direction.x), _reciprocal(direction.y), _reciprocal(direction.z))
    shape = vec3(
        single(scene.volume_codes[codes + layout.VOLUME_SHAPE]),
        single(scene.volume_codes[codes + layout.VOLUME_SHAPE + 1]),
        single(scene.volume_codes[codes + layout.VOLUME_SHAPE + 2]),
    )
    enter = max(_enter(origin.x, inverse.x, shape.x), _enter(origin.y, inverse.y, shape.y))
    enter = max(max(enter, _enter(origin.z, inverse.z, shape.z)), 0.0)
    leave = min(_leave(origin.x, inverse.x, shape.x), _leave(origin.y, inverse.y, shape.y))
    leave = min(min(leave, _leave(origin.z, inverse.z, shape.z)), reach)
    if scene.clip_count > 0:
        group = int(scene.volume_codes[codes + layout.VOLUME_CLIP])
        part = kept_part(scene, group, o, d, reach)
        enter = max(enter, part.enter)
        leave = min(leave, part.leave)
    per_block = scene.volumes[volume * layout.VOLUME_SIZE + layout.VOLUME_PER_BLOCK]
    blocks_x = int(scene.volume_codes[codes + layout.VOLUME_BLOCKS])
    blocks_y = int(scene.volume_codes[codes + layout.VOLUME_BLOCKS + 1])
    blocks_z = int(scene.volume_codes[codes + layout.VOLUME_BLOCKS + 2])
    x = (origin.x + enter * direction.x) * per_block
    y = (origin.y + enter * direction.y) * per_block
    z = (origin.z + enter * direction.z) * per_block
    block_x = min(max(int(x), 0), blocks_x - 1)
    block_y = min(max(int(y), 0), blocks_y - 1)
    block_z = min(max(int(z), 0), blocks_z - 1)
    size_x = min(abs(inverse.x) / per_block, _FAR)
    size_y = min(abs(inverse.y) / per_block, _FAR)
    size_z = min(abs(inverse.z) / per_block, _FAR)
    bounds = int(scene.volume_codes[codes + layout.VOLUME_BOUNDS])
    first = _Block(
        bounds + (block_x * blocks_y + block_y) * blocks_z + block_z,
        block_x,
        block_y,
        block_z,
        enter + _first_step(x, block_x, direction.x, size_x),
        enter + _first_step(y, block_y, direction.y, size_y),
        enter + _first_step(z, block_z, direction.z, size_z),
    )
    return _Walk(
        enter,
        leave,
        origin,
        direction,
        vec3(size_x, size_y, size_z),
        bounds,
        blocks_x,
        blocks_y,
        blocks_z,
        first,
    )


@device
def _enter(o: float, inverse: float, size: float) -> float:
    """Distance at which a ray is between two planes; it may be so all the way, or never."""
    if inverse == _FAR:
        return 0.0 if o >= 0.0 and o <= size else _FAR
    return min(-o * inverse, (size - o) * inverse)


@device
def _leave(o: float, inverse: float, size: float) -> float:
    if inverse == _FAR:
        return _FAR
    return max(-o * inverse, (size - o) * inverse)


@device
def _first_step(x: float, block: int, direction: float, size: float) -> float:
    if size >= _FAR:
        return _FAR
    part = single(block + 1) - x if direction > 0.0 else x - single(block)
    return max(part, 0.0) * size


@device
def _block_ends(walk: _Walk, block: _Block) -> float:
    """Distance at which the ray leaves a block, or the volume."""
    return min(min(block.next_x, block.next_y), min(block.next_z, walk.leave))


@device
def _next_block(walk: _Walk, block: _Block) -> _Block:
    """The block behind this one."""
    x = block.x
    y = block.y
    z = block.z
    next_x = block.next_x
    next_y = block.next_y
    next_z = block.next_z
    if next_x <= next_y and next_x <= next_z:
        x += 1 if walk.direction.x > 0.0 else -1
        next_x += walk.size.x
        is_left = x < 0 or x >= walk.blocks_x
    elif next_y <= next_z:
        y += 1 if walk.direction.y > 0.0 else -1
        next_y += walk.size.y
        is_left = y < 0 or y >= walk.blocks_y
    else:
        z += 1 if walk.direction.z > 0.0 else -1
        next_z += walk.size.z
        is_left = z < 0 or z >= walk.blocks_z
    row = -1 if is_left else walk.bounds + (x * walk.blocks_y + y) * walk.blocks_z + z
    return _Block(row, x, y, z, next_x, next_y, next_z)


@device
def _point(walk: _Walk, t: float) -> Vec3:
    return vec3(
        walk.origin.x + t * walk.direction.x,
        walk.origin.y + t * walk.direction.y,
        walk.origin.z + t * walk.direction.z,
    )


@device
def _depth_to_go(state: np.uint64) -> float:
    """An optical depth that light gets through, by chance."""
    return -math.log(1.0 - number_of(state))


@device
def _fly_through(
    scene: SceneView, volume: int, o: Vec3, d: Vec3, reach: float, state: np.uint64
) -> Flown:
    """Delta tracking through one volume; the end of the ray and -1 if nothing stops it."""
    walk = _start(scene, volume, o, d, reach)
    if not walk.enter < walk.leave:
        return Flown(reach, -1, 0.0, state)
    block = walk.first
    t = walk.enter
    state = next_state(state)
    depth = _depth_to_go(state)
    while True:
        most = scene.volume_bounds[block.row * layout.BOUNDS_SIZE + 1]
        stop = _block_ends(walk, block)
        through = (stop - t) * most
        if through <= depth:
            depth -= through
            t = stop
            if t >= walk.leave:
                break
            block = _next_block(walk, block)
            if block.row < 0:
                break
        else:
            t += depth / most
            place = find_place(scene, volume, _point(walk, t))
            state = next_state(state)
            if number_of(state) * most < extinction_at(scene, volume, place):
                return Flown(t, volume, place, state)
            state = next_state(state)
            depth = _depth_to_go(state)
    return Flown(reach, -1, 0.0, state)


@on_demand
def fly(scene: SceneView, o: Vec3, d: Vec3, reach: float, state: np.uint64) -> Flown:
    """How far light gets before a volume scatters or absorbs it.

    Collisions with several volumes are independent of each other: the nearest one counts, and has
    the density of their sum.
    """
    nearest = Flown(reach, -1, 0.0, state)
    for volume in range(scene.volume_count):
        flown = _fly_through(scene, volume, o, d, nearest.t, nearest.state)
        if flown.volume >= 0:
            nearest = flown
        else:
            nearest = Flown(nearest.t, nearest.volume, nearest.place, flown.state)
    return nearest


@device
def _pass_through(
    scene: SceneView, volume: int, o: Vec3, d: Vec3, reach: float, state: np.uint64
) -> Passed:
    """Residual ratio tracking through one volume."""
    walk = _start(scene, volume, o, d, reach)
    if not walk.enter < walk.leave:
        return Passed(1.0, state)
    block = walk.first
    t = walk.enter
    share = 1.0
    least_depth = 0.0
    state = next_state(state)
    depth = _depth_to_go(state)
    while True:
        least = scene.volume_bounds[block.row * layout.BOUNDS_SIZE]
        rest = scene.volume_bounds[block.row * layout.BOUNDS_SIZE + 1] - least
        stop = _block_ends(walk, block)
        through = (stop - t) * rest
        if through <= depth:
            depth -= through
            least_depth += (stop - t) * least
            t = stop
            if t >= walk.leave:
                break
            block = _next_block(walk, block)
            if block.row < 0:
                break
        else:
            ahead = depth / rest
            least_depth += ahead * least
            t += ahead
            place = find_place(scene, volume, _point(walk, t))
            met = extinction_at(scene, volume, place) - least
            share *= 1.0 - min(1.0, max(0.0, met / rest))
            state = next_state(state)
            if share < _FAINT:
                if number_of(state) * 2.0 * _FAINT >= share:
                    return Passed(0.0, state)
                share = 2.0 * _FAINT
                state = next_state(state)
            depth = _depth_to_go(state)
    return Passed(share * math.exp(-least_depth), state)


@on_demand
def share_through(scene: SceneView, o: Vec3, d: Vec3, reach: float, state: np.uint64) -> Passed:
    """An estimate of the share of light that gets through all volumes."""
    passed = Passed(1.0, state)
    for volume in range(scene.volume_count):
        one = _pass_through(scene, volume, o, d, reach, passed.state)
        passed = Passed(passed.share * one.share, one.state)
        if passed.share <= 0.0:
            break
    return passed


@on_demand
def look_at(scene: SceneView, volume: int, place: float, p: Vec3) -> Look:
    """What is where light was stopped, at `p` in the world."""
    return load_look(scene, volume, place, into_grid(scene, volume, p))
