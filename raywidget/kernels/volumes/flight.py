"""Light through volumes: where it is scattered, and which share of it gets through.

Both walk through blocks of cells, each of which knows the least and the greatest extinction in it,
so that empty space costs a step and no look-up. Collisions are drawn from the greatest one and
taken back by chance (delta tracking; Woodcock et al. 1965, Novak et al. 2018, "Monte Carlo methods
for volumetric light transport simulation", section 4). What gets through is the exact share of the
least one, or of one between both, times a product of shares for the rest (residual ratio tracking;
Novak et al. 2014).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from raywidget.kernels import layout
from raywidget.kernels.geometry.grid import (
    UNKNOWN,
    Look,
    Near,
    along_grid,
    extinction_at,
    find_place,
    into_grid,
    load_look,
    look_near,
)
from raywidget.kernels.geometry.kept import kept_part
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.random import next_state, number_of
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import choose
from raywidget.kernels.language.vec3 import Vec3, vec3
from raywidget.kernels.layout import SceneView

_FAR = 1e30
_FLAT = 1e-12  # slower along an axis, in cells per unit: never to another block
_NARROW = 0.5  # optical depths of a block, one less the other, that differ but little
_FAINT = 0.1  # shares below this are decided by chance
_THICK = 2.3  # optical depth that leaves such a share


class Flown(NamedTuple):
    """Where light is scattered by a volume."""

    t: float  # the end of the ray if it is not
    volume: int  # or -1
    place: float  # in its transfer function, see `grid`; or UNKNOWN
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


class Walk(NamedTuple):
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
def start_walk(scene: SceneView, volume: int, o: Vec3, d: Vec3, reach: float) -> Walk:
    """A ray in a volume; it is in it if it enters before it leaves."""
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
    cells = scene.volumes[volume * layout.VOLUME_SIZE + layout.VOLUME_BLOCK]
    size_x = min(abs(inverse.x) * cells, _FAR)
    size_y = min(abs(inverse.y) * cells, _FAR)
    size_z = min(abs(inverse.z) * cells, _FAR)
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
    return Walk(
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
def block_ends(walk: Walk, block: _Block) -> float:
    """Distance at which the ray leaves a block, or the volume."""
    return min(min(block.next_x, block.next_y), min(block.next_z, walk.leave))


@device
def _moved(
    walk: Walk, block: _Block, x: int, y: int, z: int, next_x: float, next_y: float, next_z: float
) -> _Block:
    """The block so many along each axis farther on the way."""
    x = block.x + (x if walk.direction.x > 0.0 else -x)
    y = block.y + (y if walk.direction.y > 0.0 else -y)
    z = block.z + (z if walk.direction.z > 0.0 else -z)
    is_there = (x >= 0) & (y >= 0) & (z >= 0)
    is_there = is_there & (x < walk.blocks_x) & (y < walk.blocks_y) & (z < walk.blocks_z)
    row = walk.bounds + (x * walk.blocks_y + y) * walk.blocks_z + z
    return _Block(row if is_there else -1, x, y, z, next_x, next_y, next_z)


@device
def next_block(walk: Walk, block: _Block) -> _Block:
    """The block behind this one, without branches: through which side, no processor foresees."""
    along_x = (block.next_x <= block.next_y) & (block.next_x <= block.next_z)
    along_y = (not along_x) & (block.next_y <= block.next_z)
    along_z = not (along_x | along_y)
    return _moved(
        walk,
        block,
        int(along_x),
        int(along_y),
        int(along_z),
        choose(along_x, block.next_x + walk.size.x, block.next_x),
        choose(along_y, block.next_y + walk.size.y, block.next_y),
        choose(along_z, block.next_z + walk.size.z, block.next_z),
    )


class _Leap(NamedTuple):
    """Over several blocks at once."""

    t: float  # where the ray is then
    block: _Block


@device
def leap_from(walk: Walk, block: _Block, least: float) -> _Leap:
    """Over empty blocks: `least` is what bounds have of one, minus how far it is to others."""
    more = -least - 1.0
    t = min(block.next_x + more * walk.size.x, block.next_y + more * walk.size.y)
    t = min(t, block.next_z + more * walk.size.z)
    x = _passed(t, block.next_x, walk.size.x)
    y = _passed(t, block.next_y, walk.size.y)
    z = _passed(t, block.next_z, walk.size.z)
    return _Leap(
        t,
        _moved(
            walk,
            block,
            x,
            y,
            z,
            block.next_x + single(x) * walk.size.x,
            block.next_y + single(y) * walk.size.y,
            block.next_z + single(z) * walk.size.z,
        ),
    )


@device
def _passed(t: float, next_side: float, size: float) -> int:
    """Sides of blocks that lie before `t`."""
    if t < next_side:
        return 0
    return int((t - next_side) / size) + 1


@device
def point_on(walk: Walk, t: float) -> Vec3:
    """A point of the ray, in cells of the grid."""
    return vec3(
        walk.origin.x + t * walk.direction.x,
        walk.origin.y + t * walk.direction.y,
        walk.origin.z + t * walk.direction.z,
    )


@device
def depth_to_go(state: np.uint64) -> float:
    """An optical depth that light gets through, by chance."""
    return -math.log(1.0 - number_of(state))


@device
def look_once(scene: SceneView, volume: int, p: Vec3, is_linear: bool, state: np.uint64) -> Near:
    """The extinction at a point, or one whose mean that is."""
    if is_linear:
        return look_near(scene, volume, p, state)
    place = find_place(scene, volume, p)
    return Near(extinction_at(scene, volume, place), place)


@device
def _fly_through(
    scene: SceneView, volume: int, o: Vec3, d: Vec3, reach: float, number: float, state: np.uint64
) -> Flown:
    """Delta tracking through one volume; the end of the ray and -1 if nothing stops it.

    `number` is the first one that it takes.
    """
    walk = start_walk(scene, volume, o, d, reach)
    if not walk.enter < walk.leave:
        return Flown(reach, -1, 0.0, state)
    block = walk.first
    t = walk.enter
    depth = -math.log(1.0 - number)  # an optical depth that light gets through
    while True:
        bounds = block.row * layout.BOUNDS_SIZE
        least = scene.volume_bounds[bounds + layout.BOUNDS_LEAST]
        most = scene.volume_bounds[bounds + layout.BOUNDS_MOST]
        if most <= 0.0:
            leap = leap_from(walk, block, least)
            t = leap.t
            block = leap.block
        else:
            is_linear = least < 0.0
            least = abs(least)
            stop = block_ends(walk, block)
            through = max(0.0, stop - t) * most
            if through > depth:
                t += depth / most
                state = next_state(state)
                chance = number_of(state) * most
                if chance < least:
                    return Flown(t, volume, UNKNOWN, state)
                state = next_state(state)
                found = look_once(scene, volume, point_on(walk, t), is_linear, state)
                if chance < found.extinction:
                    return Flown(t, volume, found.place, state)
                state = next_state(state)
                depth = depth_to_go(state)
                continue
            depth -= through
            t = stop
            block = next_block(walk, block)
        if t >= walk.leave or block.row < 0:
            break
    return Flown(reach, -1, 0.0, state)


@device
def is_volume_unseen(scene: SceneView, volume: int) -> bool:
    """Does the camera not see a volume?"""
    return scene.volume_codes[volume * layout.VOLUME_CODES_SIZE + layout.VOLUME_IS_UNSEEN] != 0


@on_demand
def fly(
    scene: SceneView,
    o: Vec3,
    d: Vec3,
    reach: float,
    state: np.uint64,
    number: float,
    from_camera: bool,
) -> Flown:
    """How far light gets before a volume scatters or absorbs it; `from_camera`, one that is seen.

    The first volume takes `number` first, others their own: one that is spread evenly over the
    samples of a pixel made the squared error 2 to 9 % less.

    Collisions with several volumes are independent of each other: the nearest one counts, and has
    the density of their sum.
    """
    nearest = Flown(reach, -1, 0.0, state)
    for volume in range(scene.volume_count):
        if from_camera and is_volume_unseen(scene, volume):
            continue
        flown = _fly_through(scene, volume, o, d, nearest.t, number, nearest.state)
        state = next_state(flown.state)
        number = number_of(state)
        if flown.volume >= 0:
            nearest = Flown(flown.t, flown.volume, flown.place, state)
        else:
            nearest = Flown(nearest.t, nearest.volume, nearest.place, state)
    return nearest


@device
def _pass_through(
    scene: SceneView, volume: int, o: Vec3, d: Vec3, reach: float, state: np.uint64
) -> Passed:
    """Residual ratio tracking through one volume.

    What is counted exactly is the least extinction of a block, or, where the greatest one would
    take but little more light, the middle of both: the rest is then half as much, so half as many
    numbers are looked up, and errs to both sides. (In thick blocks each number could double the
    share, which is noise.)

    Where that alone has left little of the light, chance decides on what it would still take: the
    way out of what is thick may be long.
    """
    walk = start_walk(scene, volume, o, d, reach)
    if not walk.enter < walk.leave:
        return Passed(1.0, state)
    block = walk.first
    t = walk.enter
    share = 1.0
    narrow = _NARROW / min(min(walk.size.x, walk.size.y), walk.size.z)
    least_depth = 0.0
    sure_depth = 0.0  # of it, that is counted and not decided by chance
    limit = _THICK
    by_chance = False
    state = next_state(state)
    depth = depth_to_go(state)
    while True:
        bounds = block.row * layout.BOUNDS_SIZE
        least = scene.volume_bounds[bounds + layout.BOUNDS_LEAST]
        most = scene.volume_bounds[bounds + layout.BOUNDS_MOST]
        if most <= 0.0:
            leap = leap_from(walk, block, least)
            t = leap.t
            block = leap.block
        else:
            is_linear = least < 0.0
            least = abs(least)
            rest = most - least
            lowest = 0.0
            if rest < narrow:
                rest *= 0.5
                least += rest
                lowest = -1.0
            stop = block_ends(walk, block)
            through = max(0.0, stop - t) * rest
            if through > depth:
                ahead = depth / rest
                least_depth += ahead * least
                t += ahead
                state = next_state(state)
                found = look_once(scene, volume, point_on(walk, t), is_linear, state)
                met = found.extinction - least
                share *= 1.0 - min(1.0, max(lowest, met / rest))
                state = next_state(state)
                if share < _FAINT:
                    if number_of(state) * 2.0 * _FAINT >= share:
                        return Passed(0.0, state)
                    share = 2.0 * _FAINT
                    state = next_state(state)
                depth = depth_to_go(state)
                continue
            depth -= through
            least_depth += max(0.0, stop - t) * least
            if least_depth > limit:
                if by_chance:
                    return Passed(0.0, state)
                by_chance = True
                sure_depth = least_depth
                state = next_state(state)
                limit = least_depth + depth_to_go(state)
            t = stop
            block = next_block(walk, block)
        if t >= walk.leave or block.row < 0:
            break
    if not by_chance:
        sure_depth = least_depth
    elif least_depth > limit:
        return Passed(0.0, state)
    return Passed(share * math.exp(-sure_depth), state)


@on_demand
def share_through(
    scene: SceneView, o: Vec3, d: Vec3, reach: float, state: np.uint64, from_camera: bool
) -> Passed:
    """An estimate of the share of light that gets through all volumes; `from_camera`, all that are
    seen.
    """
    passed = Passed(1.0, state)
    for volume in range(scene.volume_count):
        if from_camera and is_volume_unseen(scene, volume):
            continue
        one = _pass_through(scene, volume, o, d, reach, passed.state)
        passed = Passed(passed.share * one.share, one.state)
        if passed.share <= 0.0:
            break
    return passed


@on_demand
def look_at(scene: SceneView, volume: int, place: float, p: Vec3) -> Look:
    """What is where light was stopped, at `p` in the world."""
    cell = into_grid(scene, volume, p)
    is_even = scene.volume_codes[volume * layout.VOLUME_CODES_SIZE + layout.VOLUME_IS_EVEN] != 0
    if is_even:
        place = 0.0
    elif place == UNKNOWN:
        place = max(0.0, find_place(scene, volume, cell))
    return load_look(scene, volume, place, cell)
