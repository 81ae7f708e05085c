"""Light that is sent towards what gathers it: where caustics begin.

Things that mirror or bend light lie in balls. From a point of a light, a direction is drawn evenly
within the cones that the balls are seen under; where they fill much of the view, it is drawn as
`emission` does. Distant light is sent through the discs that the balls are to it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.random import Four
from raywidget.kernels.language.sampling import (
    INV_PI,
    PI,
    make_frame,
    sample_cosine_hemisphere,
    sample_disk,
    sample_sphere,
    to_world,
)
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.delta_light import height_between, spot_falloff
from raywidget.kernels.lights.emission import (
    Emission,
    is_dark_point,
    is_point,
    is_surface,
    no_emission,
    sample_light_point,
    send,
)
from raywidget.kernels.lights.portal import pdf_sky, sample_sky

_ALL_ROUND = 2.0  # height of the cap that is a whole sphere
_WIDE = 0.5  # sum of heights from which on the view is not worth aiming at

TARGET_SIZE = 4  # elements of `Targets.balls` for each: centre, radius


class Targets(NamedTuple):
    """What light is aimed at, and which light is."""

    balls: Any  # buffer of float32
    ball_count: int
    probabilities: Any  # of each light to be chosen, float32; they add up to `share`
    cdf: Any  # running sum of each light's part of them, the last is 1
    share: float  # of all samples that send light at all


class _Seen(NamedTuple):
    """A ball, as seen from a point."""

    axis: Vec3
    height: float  # 1 - cos of the half angle; 0: it is behind the light's surface


@device
def _see(targets: Targets, number: int, p: Vec3, ng: Vec3) -> _Seen:
    at = TARGET_SIZE * number
    way = load_vec3(targets.balls, at) - p
    radius = targets.balls[at + 3]
    if dot(way, ng) <= -radius:
        return _Seen(way, 0.0)
    square = dot(way, way)
    sine = radius * radius / square  # squared
    if sine >= 0.9999:
        return _Seen(vec3(0.0, 1.0, 0.0), _ALL_ROUND)
    return _Seen(way * (1.0 / math.sqrt(square)), sine / (1.0 + math.sqrt(1.0 - sine)))


@device
def _total_height(targets: Targets, p: Vec3, ng: Vec3) -> float:
    total = 0.0
    for number in range(targets.ball_count):
        total += _see(targets, number, p, ng).height
    return total


@device
def _pdf_direction(targets: Targets, p: Vec3, ng: Vec3, d: Vec3) -> float:
    """Density per solid angle of a direction from a point; `ng` is 0 where there is no surface."""
    total = 0.0
    met = 0.0
    for number in range(targets.ball_count):
        seen = _see(targets, number, p, ng)
        total += seen.height
        if seen.height > 0.0 and height_between(d, seen.axis) <= seen.height:
            met += 1.0
    if total >= _WIDE:
        if dot(ng, ng) > 0.0:
            return max(0.0, dot(d, ng)) * INV_PI
        return 0.25 * INV_PI
    if total <= 0.0:
        return 0.0
    return met / (2.0 * PI * total)


@device
def _draw_direction(targets: Targets, p: Vec3, ng: Vec3, u: float, v: float, choice: float) -> Vec3:
    """Such a direction, if there is any."""
    total = _total_height(targets, p, ng)
    if total >= _WIDE:
        if dot(ng, ng) > 0.0:
            return to_world(make_frame(ng), sample_cosine_hemisphere(u, v))
        return sample_sphere(u, v)
    rest = choice * total
    chosen = _Seen(vec3(0.0, 1.0, 0.0), 0.0)
    for number in range(targets.ball_count):
        seen = _see(targets, number, p, ng)
        if seen.height > 0.0 and (rest >= 0.0 or chosen.height <= 0.0):
            chosen = seen
        rest -= seen.height
    below = u * chosen.height
    sine = math.sqrt(below * (2.0 - below))
    phi = 2.0 * PI * v
    local = vec3(sine * math.cos(phi), sine * math.sin(phi), 1.0 - below)
    return to_world(make_frame(chosen.axis), local)


@device
def _choose(scene: SceneView, targets: Targets, choice: float) -> int:
    """First light whose running sum exceeds `choice`, by bisection."""
    low = 0
    high = scene.light_count - 1
    while low < high:
        middle = (low + high) >> 1
        if choice < targets.cdf[middle]:
            high = middle
        else:
            low = middle + 1
    return low


@device
def sample_aimed(
    scene: SceneView, targets: Targets, four: Four, choice: float, target: float
) -> Emission:
    """Choose a light, a point of it and a direction; see `emission.sample_emission`.

    `choice` chooses the light, `target` the ball.
    """
    light = _choose(scene, targets, choice)
    if not is_surface(scene, light):
        return _sample_other(scene, targets, light, four, target)
    point = sample_light_point(scene, light, four.x, four.y)
    d = _draw_direction(targets, point.p, point.ng, four.z, four.w, target)
    cos = dot(d, point.ng)
    if cos <= 0.0 or is_dark_point(scene, light, point.p):
        return no_emission(light, point.p)
    pdf = pdf_aimed(scene, targets, light, point.p, point.ng, d)
    if pdf <= 0.0:
        return no_emission(light, point.p)
    return send(scene, light, point, d, cos, pdf)


@on_demand
def _sample_other(
    scene: SceneView, targets: Targets, light: int, four: Four, target: float
) -> Emission:
    """From a point, a spot, or from infinitely far away."""
    row = light * layout.LIGHT_SIZE
    axis = load_vec3(scene.lights, row + layout.LIGHT_EDGE_U)
    strength = load_vec3(scene.lights, row + layout.LIGHT_RADIANCE)
    nowhere = vec3(0.0, 0.0, 0.0)
    kind = int(scene.lights[row + layout.LIGHT_KIND])
    if is_point(scene, light):
        p = load_vec3(scene.lights, row + layout.LIGHT_CORNER)
        d = _draw_direction(targets, p, nowhere, four.x, four.y, target)
        pdf = pdf_aimed(scene, targets, light, p, nowhere, d)
        if pdf <= 0.0:
            return no_emission(light, p)
        if kind == layout.LIGHT_SPOT:
            below = height_between(d, axis)
            strength = strength * spot_falloff(scene, row + layout.LIGHT_EDGE_V, below)
        return Emission(light, p, p, d, 1.0, strength * (1.0 / pdf), pdf)
    d = axis
    if kind == layout.LIGHT_ENVIRONMENT:
        drawn = sample_sky(scene, four.x, four.y)
        d = -drawn.wi
        strength = drawn.radiance
    rest = target * _total_square(targets)
    at = 0
    for number in range(targets.ball_count):
        if rest >= 0.0:
            at = TARGET_SIZE * number
        radius = targets.balls[TARGET_SIZE * number + 3]
        rest -= radius * radius
    x, y = sample_disk(four.z, four.w)
    radius = targets.balls[at + 3]
    far = 2.0 * scene.environment[layout.ENVIRONMENT_REACH] + radius
    shift = to_world(make_frame(d), vec3(x * radius, y * radius, -far))
    o = load_vec3(targets.balls, at) + shift
    pdf = pdf_aimed(scene, targets, light, o, nowhere, d)
    if pdf <= 0.0:
        return no_emission(light, o)
    return Emission(light, o, o, d, 1.0, strength * (1.0 / pdf), pdf)


@device
def _total_square(targets: Targets) -> float:
    total = 0.0
    for number in range(targets.ball_count):
        radius = targets.balls[TARGET_SIZE * number + 3]
        total += radius * radius
    return total


@device
def pdf_aimed(scene: SceneView, targets: Targets, light: int, p: Vec3, ng: Vec3, d: Vec3) -> float:
    """Density with which `sample_aimed` draws the ray of light through `p` in direction `d`.

    In the units of `emission.pdf_emission`. `p` and `ng` are of the light's surface if it has one.
    """
    if not is_surface(scene, light):
        return _pdf_other(scene, targets, light, p, d)
    area = scene.lights[light * layout.LIGHT_SIZE + layout.LIGHT_AREA]
    return targets.probabilities[light] / area * _pdf_direction(targets, p, ng, d)


@on_demand
def _pdf_other(scene: SceneView, targets: Targets, light: int, p: Vec3, d: Vec3) -> float:
    probability = targets.probabilities[light]
    if is_point(scene, light):
        return probability * _pdf_direction(targets, p, vec3(0.0, 0.0, 0.0), d)
    total = 0.0
    met = 0.0
    for number in range(targets.ball_count):
        at = TARGET_SIZE * number
        way = load_vec3(targets.balls, at) - p
        aside = way - d * dot(way, d)
        square = targets.balls[at + 3] * targets.balls[at + 3]
        total += square
        if dot(aside, aside) <= square:
            met += 1.0
    if total <= 0.0:
        return 0.0
    across = probability * met * INV_PI / total
    if int(scene.lights[light * layout.LIGHT_SIZE + layout.LIGHT_KIND]) == layout.LIGHT_ENVIRONMENT:
        return across * pdf_sky(scene, -d)
    return across
