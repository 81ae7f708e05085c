"""Light that leaves its source: where the light subpaths of bidirectional path tracing begin.

Surfaces send out subpaths. Environments, and lights that are points or directions, do not: for
them scattering and next-event estimation are left.
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.area_light import sample_round_point
from raywidget.kernels.emitter import beam_share
from raywidget.kernels.hit import largest
from raywidget.kernels.jit import device
from raywidget.kernels.layout import (
    LIGHT_AREA,
    LIGHT_BALL,
    LIGHT_BEAM,
    LIGHT_CORNER,
    LIGHT_EDGE_U,
    LIGHT_EDGE_V,
    LIGHT_EXTENT,
    LIGHT_FLAT,
    LIGHT_KIND,
    LIGHT_NORMAL,
    LIGHT_PROBABILITY,
    LIGHT_RADIANCE,
    LIGHT_ROUND,
    LIGHT_SHEAR,
    LIGHT_SIDE,
    LIGHT_SIZE,
    SceneView,
)
from raywidget.kernels.random import Four
from raywidget.kernels.sampling import (
    INV_PI,
    make_frame,
    sample_cosine_hemisphere,
    sample_sphere,
    sample_triangle,
    to_world,
)
from raywidget.kernels.vec3 import Vec3, load_vec3

_OFFSET = 2.0**-20  # as in `hit`


class Emission(NamedTuple):
    """A ray of light."""

    light: int  # row of the light tables
    p: Vec3  # where on it
    o: Vec3  # `p`, lifted off the surface
    d: Vec3
    cos: float  # of `d` with the normal
    radiance: Vec3
    pdf: float  # by area and solid angle, the choice of the light included; 0: no sample


@device
def sample_emission(scene: SceneView, four: Four, choice: float) -> Emission:
    """Choose a light by its power, a point of it and a direction."""
    return sample_emission_of(scene, _choose_by_power(scene, choice), four)


@device
def sample_emission_of(scene: SceneView, light: int, four: Four) -> Emission:
    """A point of a light, uniform by area, and a direction with density cos / pi."""
    row = light * LIGHT_SIZE
    p = load_vec3(scene.lights, row + LIGHT_CORNER)
    edge_u = load_vec3(scene.lights, row + LIGHT_EDGE_U)
    ng = load_vec3(scene.lights, row + LIGHT_NORMAL)
    kind = int(scene.lights[row + LIGHT_KIND])
    if kind == LIGHT_BALL:
        outward = sample_sphere(four.x, four.y)
        p = p + outward * abs(edge_u.x)
        ng = outward if edge_u.x > 0.0 else -outward
    elif kind == LIGHT_ROUND:
        point = sample_round_point(scene, row, four.x, four.y)
        p = p + point.p
        ng = point.outward * scene.lights[row + LIGHT_SIDE]
    else:
        u = four.x
        v = four.y
        if scene.lights[row + LIGHT_SHEAR] > 0.0:
            u, v = sample_triangle(u, v)
        p = p + edge_u * u + load_vec3(scene.lights, row + LIGHT_EDGE_V) * v
    local = sample_cosine_hemisphere(four.z, four.w)
    pdf = pdf_emission(scene, light, local.z)
    if pdf <= 0.0:
        return Emission(light, p, p, p, 0.0, p, 0.0)
    d = to_world(make_frame(ng), local)
    offset = _OFFSET * (scene.lights[row + LIGHT_EXTENT] + largest(p))
    radiance = load_vec3(scene.lights, row + LIGHT_RADIANCE)
    if scene.lights[row + LIGHT_BEAM] > 0.0:
        radiance = radiance * beam_share(scene, light, local.z)
    return Emission(light, p, p + ng * offset, d, local.z, radiance, pdf)


@device
def pdf_emission(scene: SceneView, light: int, cos: float) -> float:
    """Density with which `sample_emission` draws a point of a light and a direction there.

    `cos` is that of the direction with the normal; 0 for lights that send out no subpaths.
    """
    row = light * LIGHT_SIZE
    kind = int(scene.lights[row + LIGHT_KIND])
    if cos <= 0.0 or (kind != LIGHT_FLAT and kind != LIGHT_BALL and kind != LIGHT_ROUND):
        return 0.0
    area = scene.lights[row + LIGHT_AREA]
    return scene.lights[row + LIGHT_PROBABILITY] / area * (cos * INV_PI)


@device
def _choose_by_power(scene: SceneView, choice: float) -> int:
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
