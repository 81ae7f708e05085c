"""Many lights: a tree over them is walked down by what each half may bring to a point.

Conty Estevez and Kulla 2018, "Importance sampling of many lights with adaptive tree splitting",
without the splitting; the bound of a node's contribution in the form of Pharr, Jakob and Humphreys
2023, section 12.6.3. The density of a light is the product of the choices on the way down, taken on
the way up from its leaf.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.random import mix
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import Real, choose, lanes_max, lanes_sqrt
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
    strength = nodes[row + layout.LIGHT_NODE_STRENGTH]
    radius = nodes[row + layout.LIGHT_NODE_RADIUS]
    at = row + layout.LIGHT_NODE_AXIS
    has_side = dot(n, n) > 0.0
    if radius < 0.0:
        cos = n.x * nodes[at] + n.y * nodes[at + 1] + n.z * nodes[at + 2]
        cos = lanes_max(0.0, cos + nodes[row + layout.LIGHT_NODE_COS_NORMALS])
        return strength * choose(has_side, cos, 1.0)
    at_centre = row + layout.LIGHT_NODE_CENTRE
    x = nodes[at_centre] - p.x
    y = nodes[at_centre + 1] - p.y
    z = nodes[at_centre + 2] - p.z
    square = x * x + y * y + z * z
    least = max(radius * radius, _NEAREST)
    within = square <= least  # light may come from everywhere
    square = lanes_max(square, least)
    per_distance = 1.0 / lanes_sqrt(square)
    # Half the angle that the node fills
    sin_b = radius * per_distance
    cos_b = _other(sin_b)

    # Angle between the nearest normal and the nearest way to the point
    cos = (0.0 - (x * nodes[at] + y * nodes[at + 1] + z * nodes[at + 2])) * per_distance
    cos, sin = _less(
        cos,
        _other(cos),
        nodes[row + layout.LIGHT_NODE_COS_NORMALS],
        nodes[row + layout.LIGHT_NODE_SIN_NORMALS],
    )
    cos, sin = _less(cos, sin, cos_b, sin_b)
    leaving = choose(cos > nodes[row + layout.LIGHT_NODE_COS_LIGHT], cos, 0.0)

    # Cosine at the receiver, at best
    cos = (x * n.x + y * n.y + z * n.z) * per_distance
    cos, sin = _less(cos, _other(cos), cos_b, sin_b)
    arriving = choose(has_side, lanes_max(0.0, cos), 1.0)
    return strength / square * choose(within, 1.0, leaving * arriving)


@device
def _other(x: Real) -> Real:
    """The sine of a cosine, or the other way round."""
    return lanes_sqrt(lanes_max(0.0, 1.0 - x * x))


@device
def _less(cos_a: Real, sin_a: Real, cos_b: Real, sin_b: Real) -> tuple[Real, Real]:
    """Cosine and sine of max(0, a - b) for angles from 0 to pi."""
    nothing = cos_a > cos_b
    cos = choose(nothing, 1.0, cos_a * cos_b + sin_a * sin_b)
    return cos, choose(nothing, 0.0, sin_a * cos_b - cos_a * sin_b)


@on_demand
def choose_in_tree(
    scene: SceneView, p: Vec3, n: Vec3, u: float, v: float, choice: float, share: float
) -> Chosen:
    """Walk down the tree with a number from 0 to 1, the rest of one below the `share` of the tree.

    The light is -1 where none of them is seen.
    """
    probability = share
    resolved = 1.0 / share  # width of the present choice in units of the first
    fresh = mix(
        np.uint64(choice * _BITS) ^ mix(np.uint64(u * _BITS) ^ (np.uint64(v * _BITS) << _SHIFT_24))
    )
    node = 0
    while True:
        child = scene.light_references[node * layout.LIGHT_NODE_SIZE + layout.LIGHT_NODE_CHILD]
        if child < 0:
            return Chosen(-1 - child, probability)
        left = importance(scene, child, p, n)
        right = importance(scene, child + 1, p, n)
        total = left + right
        if not total > 0.0:  # nothing below is seen from here
            return Chosen(-1, 0.0)
        if resolved * _USED_UP > 1.0:
            choice += resolved * _STEP * single(fresh & _LOW_24) * _STEP
            fresh = mix(fresh)
            resolved = 1.0
        choice = min(choice, _BELOW_ONE)
        q = left / total
        if choice < q:
            node = child
            choice /= q
        else:
            node = child + 1
            q = right / total
            choice = (choice - (1.0 - q)) / q
            if choice < 0.0:
                choice = 0.0
        probability *= q
        resolved /= q


@on_demand
def probability_in_tree(scene: SceneView, p: Vec3, n: Vec3, light: int, share: float) -> float:
    """Probability with which `choose_in_tree` at `p` gives this light."""
    probability = share
    node = int(scene.light_leaves[light])
    while True:
        parent = scene.light_references[node * layout.LIGHT_NODE_SIZE + layout.LIGHT_NODE_PARENT]
        if parent < 0:
            return probability
        child = scene.light_references[parent * layout.LIGHT_NODE_SIZE + layout.LIGHT_NODE_CHILD]
        left = importance(scene, child, p, n)
        right = importance(scene, child + 1, p, n)
        total = left + right
        if not total > 0.0:
            return 0.0
        probability *= (left if node == child else right) / total
        node = parent
