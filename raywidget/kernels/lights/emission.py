"""Light that leaves its source: where the light subpaths of bidirectional path tracing begin.

Constant environments and gradients send out no subpaths, but where there are portals: for them
scattering is left, which finds them everywhere.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.clipping import lamp_group
from raywidget.kernels.geometry.kept import is_cut
from raywidget.kernels.geometry.surface_point import largest
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
    sample_triangle,
    to_world,
)
from raywidget.kernels.language.vec3 import Vec3, load_vec3, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.area_light import sample_round_point
from raywidget.kernels.lights.delta_light import height_between, height_of_cap, spot_falloff
from raywidget.kernels.lights.emitter import (
    beam_share,
    light_probability,
    pdf_environment,
    pdf_light_point,
    with_texture,
)
from raywidget.kernels.lights.light_sample import LightSample
from raywidget.kernels.lights.portal import pdf_sky, sample_sky

OFFSET = 2.0**-20  # as in `hit`


class Emission(NamedTuple):
    """A ray of light."""

    light: int  # row of the light tables
    p: Vec3  # where on it, if it has a surface
    o: Vec3  # where the ray starts, off the surface
    d: Vec3
    cos: float  # of `d` with the surface's normal; 1 if there is none
    carried: Vec3  # radiance times `cos` (or what lights without a surface have) by density
    pdf: float  # of all that was drawn, the choice of the light included; 0: no sample


@device
def sample_emission_from(scene: SceneView, light: int, four: Four) -> Emission:
    """A point of a light and a direction."""
    if is_surface(scene, light):
        return sample_emission_of(scene, light, four)
    return _sample_other(scene, light, four)


@device
def _kind(scene: SceneView, light: int) -> int:
    return int(scene.lights[light * layout.LIGHT_SIZE + layout.LIGHT_KIND])


@device
def is_surface(scene: SceneView, light: int) -> bool:
    """Can scattering find the light, as a surface?"""
    kind = _kind(scene, light)
    return kind == layout.LIGHT_FLAT or kind == layout.LIGHT_BALL or kind == layout.LIGHT_ROUND


@device
def is_point(scene: SceneView, light: int) -> bool:
    """Does all light come from one point?"""
    kind = _kind(scene, light)
    return kind == layout.LIGHT_POINT or kind == layout.LIGHT_SPOT


@device
def is_delta(scene: SceneView, light: int) -> bool:
    """Is it a point or a direction, so that scattering can't find it?"""
    kind = _kind(scene, light)
    return (
        kind == layout.LIGHT_POINT or kind == layout.LIGHT_SPOT or kind == layout.LIGHT_DIRECTIONAL
    )


class LightPoint(NamedTuple):
    """A point of a light's surface."""

    p: Vec3
    ng: Vec3  # the normal on its front


@device
def sample_light_point(scene: SceneView, light: int, u: float, v: float) -> LightPoint:
    """A point of a light's surface, uniform by area."""
    row = light * layout.LIGHT_SIZE
    p = load_vec3(scene.lights, row + layout.LIGHT_CORNER)
    edge_u = load_vec3(scene.lights, row + layout.LIGHT_EDGE_U)
    ng = load_vec3(scene.lights, row + layout.LIGHT_NORMAL)
    kind = _kind(scene, light)
    if kind == layout.LIGHT_BALL:
        outward = sample_sphere(u, v)
        p = p + outward * abs(edge_u.x)
        ng = outward if edge_u.x > 0.0 else -outward
    elif kind == layout.LIGHT_ROUND:
        point = sample_round_point(scene, row, u, v)
        p = p + point.p
        ng = point.outward * scene.lights[row + layout.LIGHT_SIDE]
    else:
        if scene.lights[row + layout.LIGHT_SHEAR] > 0.0:
            u, v = sample_triangle(u, v)
        p = p + edge_u * u + load_vec3(scene.lights, row + layout.LIGHT_EDGE_V) * v
    return LightPoint(p, ng)


@device
def is_dark_point(scene: SceneView, light: int, p: Vec3) -> bool:
    """Is a point of a light's surface cut away?"""
    return scene.clip_count > 0 and is_cut(scene, lamp_group(scene, light), p, 0.0)


@device
def send(
    scene: SceneView, light: int, point: LightPoint, d: Vec3, cos: float, pdf: float
) -> Emission:
    """Light that leaves a point of a surface in direction `d`, under `cos`, drawn with `pdf`."""
    row = light * layout.LIGHT_SIZE
    ng = point.ng
    p = point.p
    offset = OFFSET * (scene.lights[row + layout.LIGHT_EXTENT] + largest(p))
    radiance = load_vec3(scene.lights, row + layout.LIGHT_RADIANCE)
    if scene.light_slots[light * layout.LIGHT_SLOT_SIZE] != layout.MISS:
        # As seen from right in front
        away = math.sqrt(scene.lights[row + layout.LIGHT_AREA])
        seen = LightSample(-ng, away, radiance, 1.0, False, ng, light)
        radiance = with_texture(scene, p + ng * away, seen).radiance
    if scene.lights[row + layout.LIGHT_BEAM] > 0.0:
        radiance = radiance * beam_share(scene, light, height_between(d, ng))
    return Emission(light, p, p + ng * offset, d, cos, radiance * (cos / pdf), pdf)


@device
def no_emission(light: int, p: Vec3) -> Emission:
    """What could not be drawn."""
    return Emission(light, p, p, p, 0.0, p, 0.0)


@device
def sample_emission_of(scene: SceneView, light: int, four: Four) -> Emission:
    """A point of a light's surface, uniform by area, and a direction with density cos / pi."""
    point = sample_light_point(scene, light, four.x, four.y)
    local = sample_cosine_hemisphere(four.z, four.w)
    pdf = pdf_emission(scene, light, local.z, vec3(0.0, 0.0, 0.0))
    if pdf <= 0.0 or is_dark_point(scene, light, point.p):
        return no_emission(light, point.p)
    d = to_world(make_frame(point.ng), local)
    return send(scene, light, point, d, local.z, pdf)


@on_demand
def _sample_other(scene: SceneView, light: int, four: Four) -> Emission:
    """Points send light everywhere, or into a cone; distant lights through a disk round all."""
    row = light * layout.LIGHT_SIZE
    axis = load_vec3(scene.lights, row + layout.LIGHT_EDGE_U)
    strength = load_vec3(scene.lights, row + layout.LIGHT_RADIANCE)
    kind = _kind(scene, light)
    if kind == layout.LIGHT_POINT or kind == layout.LIGHT_SPOT:
        p = load_vec3(scene.lights, row + layout.LIGHT_CORNER)
        d = sample_sphere(four.x, four.y)
        if kind == layout.LIGHT_SPOT:
            below = four.x * height_of_cap(scene.lights[row + layout.LIGHT_EDGE_V])
            sin = math.sqrt(below * (2.0 - below))
            phi = 2.0 * PI * four.y
            local = vec3(sin * math.cos(phi), sin * math.sin(phi), 1.0 - below)
            d = to_world(make_frame(axis), local)
            strength = strength * spot_falloff(scene, row + layout.LIGHT_EDGE_V, below)
        pdf = pdf_emission(scene, light, 1.0, d)
        if pdf <= 0.0:
            return Emission(light, p, p, p, 0.0, p, 0.0)
        return Emission(light, p, p, d, 1.0, strength * (1.0 / pdf), pdf)
    d = axis
    if kind == layout.LIGHT_ENVIRONMENT:
        drawn = sample_sky(scene, four.x, four.y)
        d = -drawn.wi
        strength = drawn.radiance
    pdf = pdf_emission(scene, light, 1.0, d)
    if pdf <= 0.0:
        return Emission(light, d, d, d, 0.0, d, 0.0)
    x, y = sample_disk(four.z, four.w)
    reach = scene.environment[layout.ENVIRONMENT_REACH]
    centre = load_vec3(scene.environment, layout.ENVIRONMENT_CENTRE)
    o = centre + to_world(make_frame(d), vec3(x * reach, y * reach, -reach))
    return Emission(light, o, o, d, 1.0, strength * (1.0 / pdf), pdf)


@device
def pdf_emission(scene: SceneView, light: int, cos: float, d: Vec3) -> float:
    """Density with which `sample_emission_from` draws a ray of light.

    By area and solid angle where the light has a surface, under `cos` to its normal; by solid angle
    round a point; by area across distant light, and solid angle if it comes from an image.
    """
    row = light * layout.LIGHT_SIZE
    if cos <= 0.0:
        return 0.0
    if is_surface(scene, light):
        area = scene.lights[row + layout.LIGHT_AREA]
        return scene.lights[row + layout.LIGHT_PROBABILITY] / area * (cos * INV_PI)
    return _pdf_other(scene, light, d)


@on_demand
def _pdf_other(scene: SceneView, light: int, d: Vec3) -> float:
    row = light * layout.LIGHT_SIZE
    probability = scene.lights[row + layout.LIGHT_PROBABILITY]
    kind = _kind(scene, light)
    if kind == layout.LIGHT_POINT:
        return probability * (0.25 * INV_PI)
    if kind == layout.LIGHT_SPOT:
        return probability / (2.0 * PI * height_of_cap(scene.lights[row + layout.LIGHT_EDGE_V]))
    reach = scene.environment[layout.ENVIRONMENT_REACH]
    if reach <= 0.0:
        return 0.0
    across = probability * INV_PI / (reach * reach)
    if kind == layout.LIGHT_ENVIRONMENT:
        return across * pdf_sky(scene, -d)
    return across


@device
def pdf_direct(scene: SceneView, start: Emission, p: Vec3, n: Vec3) -> float:
    """Density with which next-event estimation at `p` draws the light that arrives there.

    `n` is as for `emitter.sample_light`. Of points and directions, it is the probability of their
    choice.
    """
    if is_surface(scene, start.light):
        return pdf_light_point(scene, p, n, start.light, start.p, start.cos)
    if _kind(scene, start.light) == layout.LIGHT_ENVIRONMENT:
        return pdf_environment(scene, p, n, -start.d)
    return light_probability(scene, p, n, start.light)
