"""Which light: chosen by what each may bring to the point.

What is weighed against each other are all lights where they are few, else the tree of the finite
ones and those that are infinitely far away. What stands in between is not known: so a share of the
choices is uniform among all that may reach the point, and none that is overrated makes the others
rare (a sun behind walls, beside a lamp in the room).
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import Real, choose
from raywidget.kernels.language.vec3 import Vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.light_tree import (
    Chosen,
    choose_in_tree,
    importance,
    probability_in_tree,
)

_BELOW_ONE = 1.0 - 2.0**-24

# Without it (and `compiler.lights.sight`), two points of which one is hidden have 15 times the
# variance of a choice that is uniform always, with both 1.05 times; where none is hidden it costs
# 1.05 to 1.2 times the variance.
_UNIFORM = 0.25


class _Weights(NamedTuple):
    """Of all that is weighed."""

    total: Real
    seen: Real  # how many may reach the point


class Drawn(NamedTuple):
    """One of what is weighed; of lanes, lanes."""

    number: Real  # -1: none may reach the point
    probability: Real
    rest: Real  # of the number that chose it, 0 to 1


@device
def _weigh_all(scene: SceneView, p: Vec3, n: Vec3) -> _Weights:
    total = p.x * 0.0
    seen = p.x * 0.0
    for number in range(scene.weighed_count):
        weight = importance(scene, number, p, n)
        total = total + weight
        seen = seen + choose(weight > 0.0, 1.0, 0.0)
    return _Weights(total, seen)


@device
def _share(weight: Real, weights: _Weights) -> Real:
    """Probability of one of what is weighed."""
    share = (1.0 - _UNIFORM) * weight / weights.total + _UNIFORM / weights.seen
    return choose(weight > 0.0, share, 0.0)


@device
def draw_weighed(scene: SceneView, p: Vec3, n: Vec3, choice: Real) -> Drawn:
    """Choose one of all that is weighed; for lanes of points, in all lanes."""
    weights = _weigh_all(scene, p, n)
    running = p.x * 0.0
    chosen = p.x * 0.0 - 1.0
    probability = p.x * 0.0
    start = p.x * 0.0
    for number in range(scene.weighed_count):
        share = _share(importance(scene, number, p, n), weights)
        taken = (share > 0.0) & (choice >= running)  # the last one counts
        chosen = choose(taken, single(number), chosen)
        probability = choose(taken, share, probability)
        start = choose(taken, running, start)
        running = running + share
    return Drawn(chosen, probability, (choice - start) / probability)


@on_demand
def _choose_weighed(
    scene: SceneView, p: Vec3, n: Vec3, u: float, v: float, choice: float
) -> Chosen:
    if scene.weighed_count == 1:  # all are in the tree
        return choose_in_tree(scene, p, n, u, v, choice, 1.0)
    drawn = draw_weighed(scene, p, n, choice)
    number = int(drawn.number)
    if number < 0:
        return Chosen(-1, 0.0)
    rest = min(_BELOW_ONE, max(0.0, drawn.rest))
    if scene.leaf_count == 0:
        return Chosen(number, drawn.probability)
    if number == 0:
        return choose_in_tree(scene, p, n, u, v, rest, drawn.probability)
    if _is_far_together(scene):
        share = scene.light_cdf[scene.leaf_count - 1]
        light = choose_by_power(scene, share + rest * (1.0 - share))
        return Chosen(light, drawn.probability * _power(scene, light) / (1.0 - share))
    return Chosen(scene.leaf_count - 1 + number, drawn.probability)


@device
def _is_far_together(scene: SceneView) -> bool:
    """Are all that are infinitely far away weighed as one?"""
    return scene.weighed_count == 2 and scene.light_count > scene.leaf_count + 1


@device
def choose_light(scene: SceneView, p: Vec3, n: Vec3, u: float, v: float, choice: float) -> Chosen:
    """Choose a light, at a point with a side as in `importance`; -1 where none is seen."""
    if scene.weighed_count > 0:
        return _choose_weighed(scene, p, n, u, v, choice)
    light = choose_by_power(scene, choice)
    return Chosen(light, _power(scene, light))


@device
def light_probability(scene: SceneView, p: Vec3, n: Vec3, light: int) -> float:
    """Probability with which `choose_light` at `p` chooses a row of the light tables."""
    if scene.weighed_count > 0:
        return _probability_weighed(scene, p, n, light)
    return _power(scene, light)


@device
def far_probability(scene: SceneView, p: Vec3, n: Vec3, light: int) -> Real:
    """As `light_probability`, of a light that is infinitely far away; of lanes, lanes."""
    if scene.weighed_count == 0:
        return p.x * 0.0 + _power(scene, light)
    number = light
    if scene.leaf_count > 0:
        number = 1 if _is_far_together(scene) else light - scene.leaf_count + 1
    weights = _weigh_all(scene, p, n)
    share = _share(importance(scene, number, p, n), weights)
    if scene.leaf_count > 0 and _is_far_together(scene):
        share = share * (_power(scene, light) / (1.0 - scene.light_cdf[scene.leaf_count - 1]))
    return share


@on_demand
def _probability_weighed(scene: SceneView, p: Vec3, n: Vec3, light: int) -> float:
    if scene.weighed_count == 1:
        return probability_in_tree(scene, p, n, light, 1.0)
    number = light
    if scene.leaf_count > 0:
        number = max(0, light - scene.leaf_count + 1)
        if number > 0 and _is_far_together(scene):
            number = 1
    weights = _weigh_all(scene, p, n)
    share = _share(importance(scene, number, p, n), weights)
    if scene.leaf_count == 0 or share <= 0.0:
        return share
    if number == 0:
        return probability_in_tree(scene, p, n, light, share)
    if _is_far_together(scene):
        return share * _power(scene, light) / (1.0 - scene.light_cdf[scene.leaf_count - 1])
    return share


@device
def _power(scene: SceneView, light: int) -> float:
    """A light's share of all power."""
    return scene.lights[light * layout.LIGHT_SIZE + layout.LIGHT_PROBABILITY]


@device
def choose_by_power(scene: SceneView, choice: float) -> int:
    """First row whose running sum exceeds `choice`, by bisection."""
    low = 0
    high = scene.light_count - 1
    while low < high:
        middle = (low + high) >> 1
        if choice < scene.light_cdf[middle]:
            high = middle
        else:
            low = middle + 1
    return low
