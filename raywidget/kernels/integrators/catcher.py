"""Ground that shows only the light it lacks: what shadows take away of what is behind everything.

Where a camera ray meets a catcher, light is drawn in proportion to what would reach the point if
nothing stood in the way; whether something does is the estimate of the share that is left. To draw
in that proportion, candidates are drawn from the lights, and from the sky where it has no row
among them, weighted by what they bring, and one of them is kept (resampled importance sampling;
Talbot, Cline and Egbert 2005). The mean of a ratio is not the ratio of the means: what is left of
that falls with the number of candidates, and faster the more evenly they are spread.

Light that was scattered before is not asked for, and other catchers stand in nobody's way.
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.clipping import find_closest, is_lamp_cut
from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.geometry.surface_point import Hit, reach_from_spawn, spawn_origin
from raywidget.kernels.language.buffers import make_stack_array
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.random import Four, Sequence, draw_four, start_stream
from raywidget.kernels.language.sampling import (
    PI,
    make_frame,
    sample_cosine_hemisphere,
    to_world,
)
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.language.vec3 import Vec3, dot
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.emitter import (
    choose_light,
    eval_environment,
    light_probability,
    sample_chosen,
)
from raywidget.kernels.lights.environment import is_image, sample_image
from raywidget.kernels.surfaces.bsdf import load_bsdf, make_parameters
from raywidget.kernels.surfaces.scattering import sample_scattering, viewed_side
from raywidget.kernels.surfaces.surface import has_flags, trace_shadow
from raywidget.kernels.volumes.flight import share_through
from raywidget.kernels.volumes.medium import inside_towards, transmittance

INFINITY = float("inf")

_CANDIDATES = 16  # of lights, and as many of the sky
_make_sums = make_stack_array(types.float32, 2 * _CANDIDATES)

# Above all groups of the integrators
GROUP_CATCH = (3 << 30) + (1 << 29)  # point u, v, which light, which candidate
GROUP_COAT = (3 << 30) + (1 << 29) + 1  # direction u, v, lobe, whether it mirrors

# Steps of the additive sequence with the lowest discrepancy in two dimensions (Roberts 2018):
# powers of 1 / x, where x^3 = x + 1.
_STEP_U = 0.7548776662
_STEP_V = 0.5698402910


class Caught(NamedTuple):
    """What a catcher does to a camera ray."""

    is_mirrored: bool  # the ray goes on along `wi`, where something is to be seen in the coat
    wi: Vec3
    share: float  # else: of what is behind everything, that no shadow takes
    rays: int


@device
def is_catcher(scene: SceneView, hit: Hit) -> bool:
    """Does the surface show the camera shadows alone?"""
    return has_flags(scene, hit, layout.MATERIAL_CATCHER)


@device
def _mean(color: Vec3) -> float:
    return (color.x + color.y + color.z) * (1.0 / 3.0)


@device
def _turned(u: float, step: float, k: int) -> float:
    """The k-th of numbers that are spread evenly from `u` on, in [0, 1)."""
    moved = u + step * single(k)
    return min(moved - single(int(moved)), 0.99999994)


class _Kinds(NamedTuple):
    """What candidates are drawn from."""

    of_lights: int  # how many, the first ones
    of_sky: int
    far: int  # the row among lights of what is infinitely far away, or -1
    in_image: bool  # is that an image?
    share_of_sky: float  # of the lights' candidates


class _Candidate(NamedTuple):
    """Light that would arrive if nothing stood in the way."""

    wi: Vec3
    weight: float
    reach: float
    clear: float  # what fog leaves of it


@device
def _kinds_of(scene: SceneView, hit: Hit, side: Vec3) -> _Kinds:
    """What light there is at a point."""
    kind = int(scene.environment[layout.ENVIRONMENT_KIND])
    far = int(scene.environment[layout.ENVIRONMENT_LIGHT])
    in_image = is_image(scene) and far >= 0
    # Of a sky that is no row of `lights`, or is one for the sake of portals
    has_sky = kind != layout.NO_ENVIRONMENT and not in_image
    share_of_sky = 0.0
    if has_sky and far >= 0:
        share_of_sky = light_probability(scene, hit.p, side, far)
    of_lights = _CANDIDATES if scene.light_count > 0 else 0
    return _Kinds(of_lights, _CANDIDATES if has_sky else 0, far, in_image, share_of_sky)


@on_demand
def _draw_candidate(
    scene: SceneView,
    hit: Hit,
    side: Vec3,
    above: Vec3,
    inside: int,
    numbers: Four,
    kinds: _Kinds,
    k: int,
) -> _Candidate:
    """The k-th candidate."""
    u = _turned(numbers.x, _STEP_U, k)
    v = _turned(numbers.y, _STEP_V, k)
    weight = 0.0
    reach = INFINITY
    wi = side
    is_far = True
    probability = 1.0
    if k < kinds.of_lights:
        pick = (single(k) + numbers.z) * (1.0 / _CANDIDATES)
        chosen = choose_light(scene, hit.p, side, u, v, pick)
        probability = chosen.probability
        # Through portals it would be looked for where it is seen; here it is asked what would come
        # if nothing stood in the way.
        is_far = chosen.light >= 0 and chosen.light == kinds.far
        if not is_far:
            light = sample_chosen(scene, hit.p, u, v, chosen)
            wi = light.wi
            reach = light.reach
            is_cut = is_lamp_cut(scene, light.light, hit.p, wi, reach, light.delta)
            if light.pdf > 0.0 and not is_cut:
                weight = _mean(light.radiance) * max(0.0, dot(side, wi)) / light.pdf
    if is_far and kinds.in_image:
        drawn = sample_image(scene, u, v)
        wi = drawn.wi
        if drawn.pdf > 0.0:
            weight = _mean(drawn.radiance) * max(0.0, dot(side, wi)) / (drawn.pdf * probability)
    elif is_far:
        wi = to_world(make_frame(side), sample_cosine_hemisphere(u, v))
        weight = _mean(eval_environment(scene, wi)) * PI / (1.0 + kinds.share_of_sky)
    if dot(wi, above) <= 0.0:
        weight = 0.0
    clear = 1.0
    if scene.medium_count > 0:  # fog takes its share whether anything stands there or not
        clear = _mean(transmittance(scene, inside, reach))
        weight *= clear
    return _Candidate(wi, weight if weight > 0.0 else 0.0, reach, clear)


@on_demand
def catch_light(scene: SceneView, hit: Hit, d: Vec3, inside: int, sequence: Sequence) -> Caught:
    """What of the light at the end of a camera ray, of direction `d`, other things take away.

    `inside` is the stack of shapes that the ray is in.
    """
    wo = -d
    rays = 0
    codes = hit.material * layout.MATERIAL_CODES_SIZE
    coat = int(scene.material_codes[codes + layout.MATERIAL_MEMBERS])
    if coat >= 0:
        numbers = draw_four(sequence, GROUP_COAT)
        bsdf = load_bsdf(scene, hit, coat, make_parameters())
        mirrored = sample_scattering(hit, bsdf, wo, numbers.x, numbers.y, numbers.z)
        if numbers.w < mirrored.sample.weight.x and not mirrored.leaks:
            o = spawn_origin(hit, mirrored.wi)
            ray = find_closest(scene, o, mirrored.wi, INFINITY)
            rays += 1
            if ray.slot != layout.MISS:
                met = make_hit(scene, o, mirrored.wi, ray)
                if not is_catcher(scene, met):
                    return Caught(True, mirrored.wi, 0.0, rays)

    side = viewed_side(hit, wo)
    above = hit.ng if dot(wo, hit.ng) >= 0.0 else -hit.ng
    numbers = draw_four(sequence, GROUP_CATCH)
    kinds = _kinds_of(scene, hit, side)
    sums = _make_sums()
    total = 0.0
    for k in range(kinds.of_lights + kinds.of_sky):
        total += _draw_candidate(scene, hit, side, above, inside, numbers, kinds, k).weight
        sums[k] = total
    if not (total > 0.0 and total < INFINITY):
        return Caught(False, d, 1.0, rays)  # where no light comes from, none is missing
    # By sums, and not by one weight after the other against those before: a number that is spread
    # over again with each of 32 has no bits left.
    sought = numbers.w * total
    k = 0
    while k + 1 < kinds.of_lights + kinds.of_sky and not sums[k] > sought:
        k += 1
    kept = _draw_candidate(scene, hit, side, above, inside, numbers, kinds, k)
    shadow = trace_shadow(
        scene,
        spawn_origin(hit, kept.wi),
        kept.wi,
        reach_from_spawn(hit, kept.reach),
        inside_towards(scene, inside, hit.ng, hit.material, wo, kept.wi),
        layout.MATERIAL_CATCHER,
    )
    left = _mean(shadow.share) / kept.clear
    if scene.volume_count > 0 and left > 0.0:
        stream = start_stream(sequence)
        left *= share_through(scene, hit.p, kept.wi, kept.reach, stream, False).share
    return Caught(False, d, min(1.0, left), rays + shadow.rays)
