"""Lights that no ray meets: points, spots, and light from one direction."""

from __future__ import annotations

import math

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.light_sample import LightSample, no_sample

INFINITY = float("inf")


@device
def height_of_cap(angle: float) -> float:
    """1 - cos, which keeps its precision where the angle is small."""
    sin = math.sin(0.5 * angle)
    return 2.0 * sin * sin


@device
def height_between(a: Vec3, b: Vec3) -> float:
    """1 - cos of the angle between two unit vectors, likewise."""
    apart = a - b
    return 0.5 * dot(apart, apart)


@device
def spot_falloff(scene: SceneView, at: int, below: float) -> float:
    """Share of its full intensity that a spot sends at an angle to its axis, 0 to 1.

    `at` is the element of `lights` where its two half angles and the kind of its falloff begin;
    `below` is 1 - cos of the angle: the cosine itself can't tell angles below 0.02 degrees.
    """
    cone = scene.lights[at]
    beam = scene.lights[at + 1]
    angle = 2.0 * math.asin(min(1.0, math.sqrt(0.5 * max(0.0, below))))
    if angle >= cone:
        return 0.0
    if angle <= beam:
        return 1.0
    kind = int(scene.lights[at + 2])
    if kind == layout.SPOT_LINEAR:
        return (cone - angle) / (cone - beam)
    widest = height_of_cap(cone)
    share = (widest - below) / (widest - height_of_cap(beam))
    share = min(1.0, max(0.0, share))
    if kind == layout.SPOT_SMOOTH:
        return share * share * (3.0 - 2.0 * share)
    square = share * share
    return square * square


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
