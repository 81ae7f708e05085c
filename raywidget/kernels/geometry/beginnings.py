"""Walks of the rays of all lanes begin together: each is tested against the boxes of one node.

A walk waits: where it goes on is known when all of a node is tested (some 60 cycles), and branches
are foreseen wrongly. Tests of the first node, which every ray visits, need not wait for each other,
and reciprocals of directions are computed for all rays at once: 1.03 to 1.1 times the samples per
second, wherever rays walk.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.slopes import (
    INFINITY,
    RaySlopes,
    box_distances,
    ray_slopes,
    with_rows,
)
from raywidget.kernels.language.buffers import make_stack_array
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import (
    NO_KEY,
    clear_lowest_bit,
    distance_keys,
    lowest_bit,
    smallest_key,
    without_key,
)
from raywidget.kernels.language.scalars import index32
from raywidget.kernels.language.simd import (
    WIDTH,
    Lanes,
    Real,
    choose,
    lane_mask,
    lanes_abs,
    load_lanes,
    spread_number,
    spread_word,
    store_lanes,
)
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.language.vec3 import Vec3, vec3
from raywidget.kernels.layout import SceneView

# Rows of numbers: of each ray
_INVERSE = 0  # 3
_OFFSET = 3  # 3
_REACH = 6
_NUMBER_ROWS = 7

_LAST_LANE = 1 << (WIDTH - 1)  # of a mask; stands in where no bit is set

_make_numbers = make_stack_array(types.float32, _NUMBER_ROWS * WIDTH)
_make_references = make_stack_array(types.int32, WIDTH)
_make_nearest = make_stack_array(types.int64, WIDTH)
_make_keys = make_stack_array(types.int32, WIDTH * WIDTH)


class Beginning(NamedTuple):
    """Where a walk is: what it visits next, and which children of one node wait."""

    slopes: RaySlopes
    reference: int
    row: int  # where references to the children of that node are
    nearest: int  # of those that wait the smallest key, see `lane_keys`; NO_KEY: none wait
    keys: Lanes


class ShadowBeginning(NamedTuple):
    """The same for shadow rays."""

    slopes: RaySlopes
    reference: int
    row: int
    others: int  # a bit for each child that waits


class Beginnings(NamedTuple):
    """What is known of the walks of all lanes, in buffers."""

    numbers: Any
    references: Any
    nearest: Any  # of shadow rays the bits
    keys: Any


@device
def make_beginnings() -> Beginnings:
    """Room for them, on the stack of who asks."""
    return Beginnings(_make_numbers(), _make_references(), _make_nearest(), _make_keys())


@device
def _prepare(beginnings: Beginnings, o: Vec3, d: Vec3, reach: Lanes) -> Lanes:
    """Keep what box tests need of each ray (see `slopes.ray_slopes`); which rays are finite."""
    x = _store_axis(beginnings, 0, o.x, d.x)
    y = _store_axis(beginnings, 1, o.y, d.y)
    z = _store_axis(beginnings, 2, o.z, d.z)
    store_lanes(beginnings.numbers, _REACH * WIDTH, reach)
    total = lanes_abs(d.x) + lanes_abs(d.y) + lanes_abs(d.z)
    return total + x + y + z < INFINITY


@device
def _store_axis(beginnings: Beginnings, axis: int, o: Real, d: Real) -> Lanes:
    """One coordinate of it; the magnitude of its offset."""
    least = choose(d >= 0.0, spread_number(1e18), -1e18)
    inverse = choose(lanes_abs(d) > 1e-18, 1.0 / d, least)
    offset = 0.0 - o * inverse
    store_lanes(beginnings.numbers, (_INVERSE + axis) * WIDTH, inverse)
    store_lanes(beginnings.numbers, (_OFFSET + axis) * WIDTH, offset)
    return lanes_abs(offset)


@device
def _slopes_of(beginnings: Beginnings, lane: int) -> RaySlopes:
    """What has been computed of the ray of a lane."""
    numbers = beginnings.numbers
    at = lane + _OFFSET * WIDTH
    return with_rows(
        vec3(numbers[lane], numbers[lane + WIDTH], numbers[lane + 2 * WIDTH]),
        vec3(numbers[at], numbers[at + WIDTH], numbers[at + 2 * WIDTH]),
    )


@device
def begin_at(first: int, o: Vec3, d: Vec3) -> Beginning:
    """A walk that begins at a node, all of it."""
    slopes = ray_slopes(o, d)
    return Beginning(slopes, index32(first), 0 + layout.CHILD_ROW, 0 + NO_KEY, spread_word(-1))


@device
def begin_shadow_at(first: int, o: Vec3, d: Vec3) -> ShadowBeginning:
    """The same for a shadow ray."""
    return ShadowBeginning(ray_slopes(o, d), index32(first), 0 + layout.CHILD_ROW, 0)


@device
def begin_to_closest(
    scene: SceneView, beginnings: Beginnings, first: int, lanes: int, o: Vec3, d: Vec3, t_max: Lanes
) -> int:
    """Test the rays of some lanes, which are finite, against node `first`; lanes that have met it.

    The walks of these go on from where they have `begun`, see `traverse.go_on_to_closest`.
    """
    _prepare(beginnings, o, d, t_max)
    row = first * layout.NODE_SIZE + layout.CHILD_ROW
    walking = 0
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        reach = beginnings.numbers[_REACH * WIDTH + lane]
        enter, leave = box_distances(scene.nodes, first, _slopes_of(beginnings, lane), reach)
        met = enter <= leave
        walking |= (lane_mask(met) != 0) << lane
        keys = distance_keys(enter, met)
        key = smallest_key(keys)
        beginnings.references[lane] = scene.node_references[row + (key & (WIDTH - 1))]
        keys = without_key(keys, key)
        store_lanes(beginnings.keys, lane * WIDTH, keys)
        beginnings.nearest[lane] = smallest_key(keys)
    return walking


@device
def begin_shadows(
    scene: SceneView, beginnings: Beginnings, first: int, lanes: int, o: Vec3, d: Vec3, t_max: Lanes
) -> int:
    """The same for shadow rays, of which those that are not finite go no further."""
    lanes &= lane_mask(_prepare(beginnings, o, d, t_max))
    row = first * layout.NODE_SIZE + layout.CHILD_ROW
    walking = 0
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        reach = beginnings.numbers[_REACH * WIDTH + lane]
        enter, leave = box_distances(scene.nodes, first, _slopes_of(beginnings, lane), reach)
        mask = lane_mask(enter <= leave)
        walking |= (mask != 0) << lane
        child = scene.node_references[row + lowest_bit(mask | _LAST_LANE)]
        beginnings.references[lane] = child
        beginnings.nearest[lane] = clear_lowest_bit(mask)
    return walking


@device
def begun(beginnings: Beginnings, first: int, lane: int) -> Beginning:
    """Where the walk of a lane is that has begun at node `first`."""
    return Beginning(
        _slopes_of(beginnings, lane),
        beginnings.references[lane],
        first * layout.NODE_SIZE + layout.CHILD_ROW,
        beginnings.nearest[lane],
        load_lanes(beginnings.keys, lane * WIDTH),
    )


@device
def begun_shadow(beginnings: Beginnings, first: int, lane: int) -> ShadowBeginning:
    """The same for a shadow ray."""
    return ShadowBeginning(
        _slopes_of(beginnings, lane),
        beginnings.references[lane],
        first * layout.NODE_SIZE + layout.CHILD_ROW,
        beginnings.nearest[lane],
    )
