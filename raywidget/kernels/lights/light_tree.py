"""Many lights: a tree over them is walked down by what each branch may bring to a point.

Conty Estevez and Kulla 2018, "Importance sampling of many lights with adaptive tree splitting",
without the splitting; the bound of a contribution in the form of Pharr, Jakob and Humphreys 2023,
section 12.6.3, its angles to the edge of a ball by the sum of a cosine and a sine, which costs no
root. A node has as many branches as a vector has lanes, which are weighed at once: 2 levels for 200
lights instead of 8, and the choice among many is by the bound of each. The density of a light is
the product of the choices on the way down, taken on the way up from its leaf.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.random import mix
from raywidget.kernels.language.scalars import index32, single
from raywidget.kernels.language.simd import (
    WIDTH,
    Lanes,
    Real,
    choose,
    lane_mask,
    lanes_max,
    lanes_min,
    lanes_sqrt,
    load_lanes,
    number_in_lane,
    running_sums,
)
from raywidget.kernels.language.vec3 import Vec3, dot
from raywidget.kernels.layout import SceneView

# A random number has 24 bits. Where the choices so far have used up this share of them, fresh ones
# are put below: else the last choices of a deep tree would be made with a handful of values.
_STEP = 2.0**-24
_USED_UP = 2.0**-8
_BITS = 2.0**24
_LOW_24 = np.uint64(0xFFFFFF)
_SHIFT_24 = np.uint64(24)
_NEAREST = 1e-30  # squared distance
_BELOW_ONE = 1.0 - 2.0**-24
_UNSEEN = -(1 << 31)  # a node: nothing below the last one is seen


class Chosen(NamedTuple):
    """A light, and with what probability it was chosen."""

    light: int
    probability: float


@device
def importance(scene: SceneView, node: int, p: Vec3, n: Vec3) -> Real:
    """A bound, up to a factor, of the light that a node's lights bring to a point; of lanes, lanes.

    `n` is the unit normal of a surface that light can only reach from its side, or 0.
    """
    row = node * layout.LIGHT_NODE_SIZE
    nodes = scene.light_nodes
    radius = nodes[row + layout.LIGHT_NODE_RADIUS]
    strength = nodes[row + layout.LIGHT_NODE_STRENGTH]
    axis = row + layout.LIGHT_NODE_AXIS
    if radius < 0.0:
        cos = n.x * nodes[axis] + n.y * nodes[axis + 1] + n.z * nodes[axis + 2]
        cos = lanes_max(0.0, cos) + nodes[row + layout.LIGHT_NODE_COS_NORMALS]
        return strength * choose(dot(n, n) > 0.0, cos, 1.0)
    centre = row + layout.LIGHT_NODE_CENTRE
    return _bound(
        nodes[centre] - p.x,
        nodes[centre + 1] - p.y,
        nodes[centre + 2] - p.z,
        n,
        _Group(
            radius,
            nodes[axis],
            nodes[axis + 1],
            nodes[axis + 2],
            nodes[row + layout.LIGHT_NODE_COS_NORMALS],
            nodes[row + layout.LIGHT_NODE_SIN_NORMALS],
            nodes[row + layout.LIGHT_NODE_COS_LIGHT],
            strength,
        ),
    )


class _Group(NamedTuple):
    """Lights in a ball, see `layout.LIGHT_NODE_SIZE`."""

    radius: Real
    axis_x: Real
    axis_y: Real
    axis_z: Real
    cos_normals: Real
    sin_normals: Real
    cos_light: Real
    strength: Real


@device
def _bound(x: Real, y: Real, z: Real, n: Vec3, group: _Group) -> Real:
    """What lights bring that are at (x, y, z) as seen from a point: of a number or of lanes."""
    square = x * x + y * y + z * z
    least = lanes_max(group.radius * group.radius, _NEAREST)
    within = square <= least  # light may come from everywhere
    square = lanes_max(square, least)
    per_distance = 1.0 / lanes_sqrt(square)
    half = group.radius * per_distance  # sine of half the angle that they fill

    # Angle between the nearest normal and the nearest way to the point
    cos = (0.0 - (x * group.axis_x + y * group.axis_y + z * group.axis_z)) * per_distance
    sin = lanes_sqrt(lanes_max(0.0, 1.0 - cos * cos))
    turned = cos * group.cos_normals + sin * group.sin_normals
    cos = lanes_min(1.0, choose(cos > group.cos_normals, 1.0, turned) + half)
    leaving = choose(cos > group.cos_light, cos, 0.0)

    # Cosine at the receiver, at best; 1 where there is no side
    cos = (x * n.x + y * n.y + z * n.z) * per_distance + half
    cos = cos + choose(dot(n, n) > 0.0, 0.0, 2.0)
    arriving = lanes_max(0.0, lanes_min(1.0, cos))
    return group.strength * per_distance * per_distance * choose(within, 1.0, leaving * arriving)


@device
def _weigh_branches(scene: SceneView, node: int, p: Vec3, n: Vec3) -> Lanes:
    """`importance` of all branches of a node; 0 where there are less."""
    at = node * layout.LIGHT_BRANCH_ROWS
    table = scene.light_branches
    return _bound(
        load_lanes(table, (at + layout.LIGHT_NODE_CENTRE) * WIDTH) - p.x,
        load_lanes(table, (at + layout.LIGHT_NODE_CENTRE + 1) * WIDTH) - p.y,
        load_lanes(table, (at + layout.LIGHT_NODE_CENTRE + 2) * WIDTH) - p.z,
        n,
        _Group(
            load_lanes(table, (at + layout.LIGHT_NODE_RADIUS) * WIDTH),
            load_lanes(table, (at + layout.LIGHT_NODE_AXIS) * WIDTH),
            load_lanes(table, (at + layout.LIGHT_NODE_AXIS + 1) * WIDTH),
            load_lanes(table, (at + layout.LIGHT_NODE_AXIS + 2) * WIDTH),
            load_lanes(table, (at + layout.LIGHT_NODE_COS_NORMALS) * WIDTH),
            load_lanes(table, (at + layout.LIGHT_NODE_SIN_NORMALS) * WIDTH),
            load_lanes(table, (at + layout.LIGHT_NODE_COS_LIGHT) * WIDTH),
            load_lanes(table, (at + layout.LIGHT_NODE_STRENGTH) * WIDTH),
        ),
    )


class Descent(NamedTuple):
    """Where a walk down the tree is, and what is left of its numbers."""

    node: int  # below 0: -1 - the light of a leaf, or _UNSEEN
    choice: float
    probability: float
    resolved: float  # width of the present choice in units of the first
    fresh: np.uint64  # bits for choices to come


@device
def begin_descent(u: float, v: float, choice: float, share: float) -> Descent:
    """At the root, with a number from 0 to 1, the rest of one below the `share` of the tree."""
    fresh = mix(
        np.uint64(choice * _BITS) ^ mix(np.uint64(u * _BITS) ^ (np.uint64(v * _BITS) << _SHIFT_24))
    )
    return Descent(index32(0), np.float64(choice), share, 1.0 / share, fresh)


@device
def descend(scene: SceneView, at: Descent, p: Vec3, n: Vec3) -> Descent:
    """Choose a branch of a node."""
    node, choice, probability, resolved, fresh = at
    weights = _weigh_branches(scene, node, p, n)
    sums = running_sums(weights)
    total = number_in_lane(sums, WIDTH - 1)
    if not total > 0.0:  # nothing below is seen from here
        return Descent(index32(_UNSEEN), choice, 0.0 * probability, resolved, fresh)
    if resolved * _USED_UP > 1.0:
        choice += resolved * _STEP * single(fresh & _LOW_24) * _STEP
        fresh = mix(fresh)
        resolved = 1.0
    sought = min(choice, _BELOW_ONE) * total
    seen = 0 + lane_mask(weights > 0.0)
    above = seen & lane_mask(sums > sought)
    if above == 0:  # rounding
        above = seen
    lane = lowest_bit(above)
    weight = number_in_lane(weights, lane)
    q = weight / total
    choice = max(0.0, (sought - (number_in_lane(sums, lane) - weight)) / weight)
    node = _reference(scene, node, layout.LIGHT_BRANCH_CHILD, lane)
    return Descent(index32(node), np.float64(choice), probability * q, resolved / q, fresh)


@device
def chosen_by(at: Descent) -> Chosen:
    """What a walk has chosen that has ended."""
    return Chosen(-1 if at.node == _UNSEEN else -1 - at.node, at.probability)


@on_demand
def choose_in_tree(
    scene: SceneView, p: Vec3, n: Vec3, u: float, v: float, choice: float, share: float
) -> Chosen:
    """Walk down the tree, see `begin_descent`. The light is -1 where none of them is seen."""
    at = begin_descent(u, v, choice, share)
    while at.node >= 0:
        at = descend(scene, at, p, n)
    return chosen_by(at)


@device
def _reference(scene: SceneView, node: int, row: int, lane: int) -> int:
    return int(scene.light_references[(node * layout.LIGHT_BRANCH_ROWS + row) * WIDTH + lane])


@on_demand
def probability_in_tree(scene: SceneView, p: Vec3, n: Vec3, light: int, share: float) -> float:
    """Probability with which `choose_in_tree` at `p` gives this light."""
    probability = share
    branch = int(scene.light_leaves[light])
    while branch >= 0:
        node = branch // WIDTH
        weights = _weigh_branches(scene, node, p, n)
        total = number_in_lane(running_sums(weights), WIDTH - 1)
        if not total > 0.0:
            return 0.0
        probability *= number_in_lane(weights, branch - node * WIDTH) / total
        branch = _reference(scene, node, layout.LIGHT_BRANCH_PARENT, 0)
    return probability
