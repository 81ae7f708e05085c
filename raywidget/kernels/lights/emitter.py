"""Light sources: emission seen, and emission sought.

`sample_light` draws a direction to a light from a point; `pdf_light_hit` and `pdf_environment` give
the density with which it would have drawn a direction that scattering found.

Environments that vary slowly are not sought: scattering finds them everywhere, and one more shadow
ray per bounce costs more than it brings (1.6 and 2.5 times the efficiency without, on two scenes
lit by a sky alone; up to 1.6 beside lamps). An image is, and so is what is seen through portals.
"""

from __future__ import annotations

from raywidget.kernels import layout
from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.geometry.intersect import ROUND_BASE, ROUND_SIDE, ROUND_TOP
from raywidget.kernels.geometry.surface_point import Hit
from raywidget.kernels.geometry.traverse import RayHit
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.vec3 import Vec3, cross, dot, load_vec3, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.area_light import (
    flat_coordinates,
    pdf_ball,
    pdf_by_area,
    pdf_flat,
    sample_ball,
    sample_flat,
    sample_round,
)
from raywidget.kernels.lights.delta_light import height_between, sample_delta, spot_falloff
from raywidget.kernels.lights.environment import (
    eval_environment,
    eval_missed,
    is_all_sought,
)
from raywidget.kernels.lights.light_choice import choose_light, light_probability
from raywidget.kernels.lights.light_sample import LightSample, no_sample
from raywidget.kernels.lights.light_tree import Chosen
from raywidget.kernels.lights.portal import draw_environment, pdf_environment
from raywidget.kernels.surfaces.texture import eval_painted

__all__ = [
    "choose_light",
    "emitted_radiance",
    "eval_environment",
    "eval_missed",
    "is_all_sought",
    "light_probability",
    "pdf_environment",
    "pdf_light_hit",
    "pdf_light_point",
    "sample_chosen",
    "sample_light",
    "with_texture",
]

INFINITY = float("inf")


@device
def emitted_radiance(scene: SceneView, hit: Hit, d: Vec3) -> Vec3:
    """Radiance that the surface itself sends against a ray of direction `d`: front side only."""
    if dot(d, hit.ng) >= 0.0:
        return vec3(0.0, 0.0, 0.0)
    radiance = emission_at(scene, hit)
    if hit.light >= 0 and scene.lights[hit.light * layout.LIGHT_SIZE + layout.LIGHT_BEAM] > 0.0:
        return radiance * beam_share(scene, hit.light, height_between(-d, hit.ng))
    return radiance


@on_demand
def beam_share(scene: SceneView, light: int, below: float) -> float:
    """Share of its radiance that a light sends at an angle to its normal: all, if it is no spot.

    `below` is 1 - cos of the angle.
    """
    at = light * layout.LIGHT_SIZE + layout.LIGHT_BEAM
    if scene.lights[at] == 0.0:
        return 1.0
    return spot_falloff(scene, at, below)


@device
def emission_at(scene: SceneView, hit: Hit) -> Vec3:
    """Radiance that a surface gives off at a point, from its front."""
    codes = hit.material * layout.MATERIAL_CODES_SIZE
    if scene.material_codes[codes + layout.MATERIAL_FLAGS] & layout.MATERIAL_GLOW_TEXTURED:
        texture = scene.material_codes[codes + layout.MATERIAL_EMISSION_TEXTURE]
        return eval_painted(scene, texture, hit)
    return load_vec3(
        scene.materials, hit.material * layout.MATERIAL_SIZE + layout.MATERIAL_EMISSION
    )


@device
def sample_light(
    scene: SceneView, p: Vec3, n: Vec3, u: float, v: float, choice: float
) -> LightSample:
    """Choose a light, and a direction to it from `p`.

    `n` is the unit normal of a surface that light can only reach from its side, or 0.
    """
    return sample_chosen(scene, p, u, v, choose_light(scene, p, n, u, v, choice))


@device
def sample_chosen(scene: SceneView, p: Vec3, u: float, v: float, chosen: Chosen) -> LightSample:
    """A direction from `p` to a light that was chosen."""
    light = chosen.light
    probability = chosen.probability
    if light < 0:
        return no_sample(light)
    kind = int(scene.lights[light * layout.LIGHT_SIZE + layout.LIGHT_KIND])
    if kind == layout.LIGHT_FLAT:
        sample = sample_flat(scene, light, p, probability, u, v)
    elif kind == layout.LIGHT_BALL:
        sample = sample_ball(scene, light, p, probability, u, v)
    else:
        sample = _sample_other(scene, light, kind, p, probability, u, v)
    if scene.light_slots[light * layout.LIGHT_SLOT_SIZE] != layout.MISS and sample.pdf > 0.0:
        return with_texture(scene, p, sample)
    return sample


@device
def _face_of(scene: SceneView, row: int, normal: Vec3) -> int:
    """Base, top or side of a round, by its normal: those of base and top are the axis."""
    axis = load_vec3(scene.lights, row + layout.LIGHT_EDGE_U)
    aside = cross(normal, axis)
    if dot(aside, aside) > 1e-12:
        return ROUND_SIDE
    if dot(normal, axis) * scene.lights[row + layout.LIGHT_SIDE] < 0.0:
        return ROUND_BASE
    return ROUND_TOP


@on_demand
def with_texture(scene: SceneView, p: Vec3, sample: LightSample) -> LightSample:
    """With the radiance of the point of a textured light that was drawn."""
    row = sample.light * layout.LIGHT_SIZE
    codes = sample.light * layout.LIGHT_SLOT_SIZE
    slot = int(scene.light_slots[codes + layout.LIGHT_SLOT])
    instance = int(scene.light_slots[codes + layout.LIGHT_INSTANCE])
    ray = RayHit(sample.reach, 0.0, 0.0, slot, instance)
    if int(scene.lights[row + layout.LIGHT_KIND]) == layout.LIGHT_FLAT:
        at = flat_coordinates(scene, row, p, sample.wi)
        ray = RayHit(at.t, at.u, at.v, slot, instance)
        if scene.light_slots[codes + layout.LIGHT_MIRRORED] == 1:
            ray = RayHit(at.t, at.v, at.u, slot, instance)
    elif int(scene.lights[row + layout.LIGHT_KIND]) == layout.LIGHT_ROUND:
        ray = RayHit(sample.reach, single(_face_of(scene, row, sample.normal)), 0.0, slot, instance)
    hit = make_hit(scene, p, sample.wi, ray)
    radiance = emission_at(scene, hit)
    return LightSample(
        sample.wi,
        sample.reach,
        radiance,
        sample.pdf,
        sample.delta,
        sample.normal,
        sample.light,
    )


@device
def _in_beam(scene: SceneView, sample: LightSample) -> LightSample:
    """With the share of its radiance that a spot's disc sends there."""
    share = beam_share(scene, sample.light, height_between(-sample.wi, sample.normal))
    return LightSample(
        sample.wi,
        sample.reach,
        sample.radiance * share,
        sample.pdf,
        sample.delta,
        sample.normal,
        sample.light,
    )


@on_demand
def _sample_other(
    scene: SceneView, light: int, kind: int, p: Vec3, chosen: float, u: float, v: float
) -> LightSample:
    if kind == layout.LIGHT_ROUND:
        return _in_beam(scene, sample_round(scene, light, p, chosen, u, v))
    if kind == layout.LIGHT_ENVIRONMENT:
        sample = draw_environment(scene, p, u, v)
        nowhere = vec3(0.0, 0.0, 0.0)
        pdf = chosen * sample.pdf
        return LightSample(sample.wi, INFINITY, sample.radiance, pdf, False, nowhere, light)
    return sample_delta(scene, light, kind, p, chosen)


@device
def pdf_light_hit(scene: SceneView, p: Vec3, n: Vec3, hit: Hit, d: Vec3) -> float:
    """Density with which `sample_light` at `p` draws `d`, which ends on light `hit.light`."""
    return pdf_light_point(scene, p, n, hit.light, hit.p, abs(dot(d, hit.ng)))


@device
def pdf_light_point(
    scene: SceneView, p: Vec3, n: Vec3, light: int, point: Vec3, cos: float
) -> float:
    """Density with which `sample_light` at `p` draws the direction to a point of a light's surface.

    `cos` is that between the surface's normal and the way from `p`, > 0.
    """
    row = light * layout.LIGHT_SIZE
    probability = light_probability(scene, p, n, light)
    kind = int(scene.lights[row + layout.LIGHT_KIND])
    if kind == layout.LIGHT_FLAT:
        return probability * pdf_flat(scene, row, p, point, cos)
    if kind == layout.LIGHT_BALL:
        return probability * pdf_ball(scene, row, p, point, cos)
    return probability * pdf_by_area(scene.lights[row + layout.LIGHT_AREA], p, point, cos)
