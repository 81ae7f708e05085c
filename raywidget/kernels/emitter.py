"""Light sources: emission seen, and emission sought.

`sample_light` draws a direction to a light from a point; `pdf_light_hit` gives the density with
which it would have drawn a direction that scattering found.

Environments that vary slowly are not sought: scattering finds them everywhere, and one more shadow
ray per bounce costs more than it brings (1.6 and 2.5 times the efficiency without, on two scenes
lit by a sky alone; up to 1.6 beside lamps). One that does not would become a row of `lights`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from raywidget.kernels.hit import Hit
from raywidget.kernels.jit import device
from raywidget.kernels.layout import (
    ENVIRONMENT_BOTTOM,
    ENVIRONMENT_KIND,
    ENVIRONMENT_TOP,
    GRADIENT,
    LIGHT_AREA,
    LIGHT_BALL,
    LIGHT_CORNER,
    LIGHT_EDGE_U,
    LIGHT_EDGE_V,
    LIGHT_KIND,
    LIGHT_PROBABILITY,
    LIGHT_RADIANCE,
    LIGHT_SHEAR,
    LIGHT_SIZE,
    MATERIAL_CODES_SIZE,
    MATERIAL_EMISSION,
    MATERIAL_EMISSION_TEXTURE,
    MATERIAL_FLAGS,
    MATERIAL_GLOW_TEXTURED,
    MATERIAL_SIZE,
    NO_ENVIRONMENT,
    SceneView,
)
from raywidget.kernels.sampling import PI, make_frame, sample_sphere, sample_triangle, to_world
from raywidget.kernels.texture import eval_texture_uv
from raywidget.kernels.vec3 import Vec3, cross, dot, load_vec3, normalize, vec3

# Shadow rays end this short of the light, so as not to hit it: rounding of a flat's point is some
# 1e-6 of the distance; near a ball's horizon the root of a small number is taken.
_FLAT_REACH = 0.99999
_BALL_REACH = 0.999


class LightSample(NamedTuple):
    """A direction to a light, as seen from a point."""

    wi: Vec3  # unit
    reach: float  # anything nearer than this is in between
    radiance: Vec3  # that arrives if nothing is; 0 from the back of a light
    pdf: float  # per solid angle, the choice of the light included; 0: no sample


@device
def emitted_radiance(scene: SceneView, hit: Hit, d: Vec3) -> Vec3:
    """Radiance that the surface itself sends against a ray of direction `d`: front side only."""
    if dot(d, hit.ng) >= 0.0:
        return vec3(0.0, 0.0, 0.0)
    return emission_at(scene, hit.material, hit.u, hit.v)


@device
def emission_at(scene: SceneView, material: int, u: float, v: float) -> Vec3:
    """Radiance that a row of the material tables gives off at texture coordinates (u, v)."""
    codes = material * MATERIAL_CODES_SIZE
    if scene.material_codes[codes + MATERIAL_FLAGS] & MATERIAL_GLOW_TEXTURED:
        texture = scene.material_codes[codes + MATERIAL_EMISSION_TEXTURE]
        return eval_texture_uv(scene, texture, u, v)
    return load_vec3(scene.materials, material * MATERIAL_SIZE + MATERIAL_EMISSION)


@device
def eval_environment(scene: SceneView, d: Vec3) -> Vec3:
    """Radiance from infinitely far away, for a ray of direction `d` that hits nothing."""
    kind = int(scene.environment[ENVIRONMENT_KIND])
    if kind == NO_ENVIRONMENT:
        return vec3(0.0, 0.0, 0.0)
    top = load_vec3(scene.environment, ENVIRONMENT_TOP)
    if kind == GRADIENT:
        height = 0.5 * (d.y + 1.0)
        return top * height + load_vec3(scene.environment, ENVIRONMENT_BOTTOM) * (1.0 - height)
    return top


@device
def sample_light(scene: SceneView, p: Vec3, u: float, v: float, choice: float) -> LightSample:
    """Choose a light by its probability, and a direction to it from `p`."""
    light = _choose_light(scene, choice)
    row = light * LIGHT_SIZE
    probability = scene.lights[row + LIGHT_PROBABILITY]
    radiance = load_vec3(scene.lights, row + LIGHT_RADIANCE)
    if int(scene.lights[row + LIGHT_KIND]) == LIGHT_BALL:
        return _sample_ball(scene, row, p, radiance, probability, u, v)
    return _sample_flat(scene, row, p, radiance, probability, u, v)


@device
def pdf_light_hit(scene: SceneView, p: Vec3, hit: Hit, d: Vec3) -> float:
    """Density with which `sample_light` at `p` draws `d`, which ends on light `hit.light`."""
    row = hit.light * LIGHT_SIZE
    probability = scene.lights[row + LIGHT_PROBABILITY]
    if int(scene.lights[row + LIGHT_KIND]) == LIGHT_BALL:
        centre = load_vec3(scene.lights, row + LIGHT_CORNER)
        radius = scene.lights[row + LIGHT_EDGE_U]
        cap = _cap_height(centre - p, radius)
        if cap > 0.0:
            return probability / (2.0 * PI * cap)
    to_hit = hit.p - p
    cos = abs(dot(d, hit.ng))
    return probability * dot(to_hit, to_hit) / (cos * scene.lights[row + LIGHT_AREA])


@device
def _choose_light(scene: SceneView, choice: float) -> int:
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


@device
def _sample_flat(
    scene: SceneView, row: int, p: Vec3, radiance: Vec3, probability: float, u: float, v: float
) -> LightSample:
    """Uniform by area on a triangle or parallelogram."""
    edge_u = load_vec3(scene.lights, row + LIGHT_EDGE_U)
    edge_v = load_vec3(scene.lights, row + LIGHT_EDGE_V)
    if scene.lights[row + LIGHT_SHEAR] > 0.0:
        u, v = sample_triangle(u, v)
    to_light = load_vec3(scene.lights, row + LIGHT_CORNER) + edge_u * u + edge_v * v - p
    square = dot(to_light, to_light)
    normal = cross(edge_u, edge_v)
    facing = -dot(to_light, normal)
    if facing <= 0.0:  # its back, or its edge
        return LightSample(p, 0.0, radiance, 0.0)
    distance = math.sqrt(square)
    cos = facing / (distance * math.sqrt(dot(normal, normal)))
    pdf = probability * square / (cos * scene.lights[row + LIGHT_AREA])
    return LightSample(to_light * (1.0 / distance), distance * _FLAT_REACH, radiance, pdf)


@device
def _cap_height(to_centre: Vec3, signed_radius: float) -> float:
    """1 - cos of the half angle under which a ball is seen; 0 from within, where it has none."""
    sin2 = signed_radius * signed_radius / dot(to_centre, to_centre)
    if sin2 >= 0.9999:
        return 0.0
    return sin2 / (1.0 + math.sqrt(1.0 - sin2))  # 1 - cos without its cancellation


@device
def _sample_ball(
    scene: SceneView, row: int, p: Vec3, radiance: Vec3, probability: float, u: float, v: float
) -> LightSample:
    """Uniform in the cone that a ball fills; from within, uniform by area."""
    to_centre = load_vec3(scene.lights, row + LIGHT_CORNER) - p
    radius = scene.lights[row + LIGHT_EDGE_U]
    cap = _cap_height(to_centre, radius)
    if cap > 0.0:
        if radius < 0.0:  # it shines inwards, and is seen from without
            return LightSample(p, 0.0, radiance, 0.0)
        below = u * cap  # 1 - cos
        sin2 = below * (2.0 - below)
        sin = math.sqrt(sin2)
        phi = 2.0 * PI * v
        axis = make_frame(normalize(to_centre))
        wi = to_world(axis, vec3(sin * math.cos(phi), sin * math.sin(phi), 1.0 - below))
        square = dot(to_centre, to_centre)
        half_chord = math.sqrt(max(0.0, radius * radius - square * sin2))
        distance = math.sqrt(square) * (1.0 - below) - half_chord
        return LightSample(wi, distance * _BALL_REACH, radiance, probability / (2.0 * PI * cap))
    outward = sample_sphere(u, v)
    to_light = to_centre + outward * abs(radius)
    square = dot(to_light, to_light)
    facing = -dot(to_light, outward) if radius > 0.0 else dot(to_light, outward)
    if facing <= 0.0:
        return LightSample(p, 0.0, radiance, 0.0)
    distance = math.sqrt(square)
    area = scene.lights[row + LIGHT_AREA]
    pdf = probability * square * distance / (facing * area)
    return LightSample(to_light * (1.0 / distance), distance * _BALL_REACH, radiance, pdf)
