"""Lights that no ray meets: points, spots, and light from one direction."""

from __future__ import annotations

import math

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.look_up import in_any_lane
from raywidget.kernels.language.sampling import PI, cos_sin_turn, turn_towards
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import Real, choose, lanes_max, lanes_min, lanes_sqrt
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.light_sample import LightSample, no_sample

INFINITY = float("inf")


@device
def height_of_cap(angle: Real) -> Real:
    """1 - cos, which keeps its precision where the angle is small."""
    _, sin = cos_sin_turn(angle * (0.25 / PI))
    return 2.0 * sin * sin


@device
def height_between(a: Vec3, b: Vec3) -> Real:
    """1 - cos of the angle between two unit vectors, likewise."""
    apart = a - b
    return 0.5 * dot(apart, apart)


@device
def spot_falloff(scene: SceneView, at: int, below: float) -> float:
    """Share of its full intensity that a spot sends at an angle to its axis, 0 to 1.

    `at` is the element of `lights` where its two half angles and the kind of its falloff begin;
    `below` is 1 - cos of the angle: the cosine itself can't tell angles below 0.02 degrees.
    """
    return falloff_of(scene.lights[at], scene.lights[at + 1], scene.lights[at + 2], below)


@device
def falloff_of(cone: Real, beam: Real, kind: Real, below: Real) -> Real:
    """`spot_falloff` of half angles and a kind; of lanes, lanes."""
    half = lanes_sqrt(lanes_min(1.0, 0.5 * lanes_max(0.0, below)))  # sine of half the angle
    angle = 4.0 * PI * turn_towards(half, lanes_sqrt(1.0 - half * half))
    share = (cone - angle) / (cone - beam)
    if in_any_lane(kind > single(layout.SPOT_LINEAR)):
        widest = height_of_cap(cone)
        within = (widest - below) / (widest - height_of_cap(beam))
        within = lanes_min(1.0, lanes_max(0.0, within))
        square = within * within
        is_smooth = kind == single(layout.SPOT_SMOOTH)
        curved = choose(is_smooth, square * (3.0 - 2.0 * within), square * square)
        share = choose(kind > single(layout.SPOT_LINEAR), curved, share)
    return choose(angle >= cone, 0.0, choose(angle <= beam, 1.0, share))


@device
def sample_delta(scene: SceneView, light: int, kind: int, p: Vec3, chosen: float) -> LightSample:
    """The one direction to a point, a spot or a directional light, chosen with `chosen`."""
    row = light * layout.LIGHT_SIZE
    intensity = load_vec3(scene.lights, row + layout.LIGHT_RADIANCE)
    nowhere = vec3(0.0, 0.0, 0.0)
    if kind == layout.LIGHT_DIRECTIONAL:
        wi = -load_vec3(scene.lights, row + layout.LIGHT_EDGE_U)
        return LightSample(wi, INFINITY, intensity, chosen, True, nowhere, light)
    to_light = load_vec3(scene.lights, row + layout.LIGHT_CORNER) - p
    square = dot(to_light, to_light)
    if square < 1e-36:
        return no_sample(light)
    distance = math.sqrt(square)
    wi = to_light * (1.0 / distance)
    strength = 1.0 / square
    if kind == layout.LIGHT_SPOT:
        below = height_between(-wi, load_vec3(scene.lights, row + layout.LIGHT_EDGE_U))
        strength *= spot_falloff(scene, row + layout.LIGHT_EDGE_V, below)
        if strength == 0.0:
            return no_sample(light)
    return LightSample(wi, distance, intensity * strength, chosen, True, nowhere, light)
