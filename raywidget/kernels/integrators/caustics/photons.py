"""Photons: from a light over casters to a surface that the camera sees."""

from __future__ import annotations

from typing import Any

from raywidget.kernels.geometry.surface_point import spawn_origin
from raywidget.kernels.integrators.bdpt.connect import connect_to_lens
from raywidget.kernels.integrators.bdpt.subpath import (
    GROUP_EMISSION,
    GROUP_LIGHT,
    GROUP_LIGHT_CHOICE,
    GROUP_LIGHT_EDGE,
    GROUP_SPLAT,
    LIGHT_GROUPS_PER_EDGE,
    splat_connection,
)
from raywidget.kernels.integrators.bdpt.vertex import BdptSettings, Vertex
from raywidget.kernels.integrators.bdpt.weights import (
    Ratios,
    arrive_from_light,
    arrive_ratios,
    mirror_ratios,
    scatter_ratios,
    start_light_ratios,
)
from raywidget.kernels.integrators.caustics.chains import MOST_EDGES, with_casters
from raywidget.kernels.language.random import Sequence, draw_four
from raywidget.kernels.language.vec3 import dot, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.aimed import sample_aimed
from raywidget.kernels.lights.emission import is_delta, is_point, pdf_direct
from raywidget.kernels.surfaces.bsdf import is_specular, load_bsdf, make_parameters, transmits
from raywidget.kernels.surfaces.scattering import (
    eval_scattering,
    follow_edge,
    is_turned_away,
    sample_scattering,
    viewed_side,
)
from raywidget.kernels.volumes.medium import inside_towards

_ROULETTE_FULL = 0.25


@with_casters
def trace_photon(settings: Any, scene: SceneView, sequence: Sequence) -> int:
    """Send a photon, and splat what it brings; returns the rays that were traced.

    As light subpaths of `bdpt`, but it ends at the first surface that is no caster, nothing is
    joined to the lens before the light has met a caster, and other ways to the same path are those
    of `path` alone: next-event estimation at the first caster, and scattering into the light.
    """
    casters = settings.casters
    longest = min(settings.max_depth, MOST_EDGES) - 1  # points
    if scene.light_count == 0 or longest < 2:
        return 0
    which = draw_four(sequence, GROUP_LIGHT)
    where = draw_four(sequence, GROUP_EMISSION)
    start = sample_aimed(scene, casters.targets, where, which.x, which.y)
    if start.pdf <= 0.0:
        return 0
    room = make_parameters()
    joining = BdptSettings(
        settings.max_depth, settings.next_event, settings.roulette, -1, -1, settings.bound
    )
    carried = start.carried
    weight = vec3(1.0, 1.0, 1.0)
    ratios = start_light_ratios(start.cos / start.pdf, not is_delta(scene, start.light))
    inside = int(scene.surroundings[1 + start.light])
    o = start.o
    d = start.d
    count = 0
    rays = 0
    while True:
        # --- The next point ----------------------------------------------------------------------
        group = LIGHT_GROUPS_PER_EDGE * count
        end = follow_edge(scene, o, d, inside, weight, sequence, GROUP_LIGHT_CHOICE + group)
        rays += end.rays
        if end.missed or end.lost:
            break
        weight = end.carried
        inside = end.inside
        hit = end.hit
        wo = -d
        cos_o = abs(dot(wo, hit.ng))
        is_caster = casters.materials[end.material] != 0
        if cos_o <= 0.0 or (count == 0 and not is_caster):
            break
        if count == 0 and not is_point(scene, start.light):
            ratios = arrive_from_light(ratios, cos_o)
        else:
            ratios = arrive_ratios(ratios, hit.t * hit.t, cos_o)
        bsdf = load_bsdf(scene, hit, end.material, room)
        edge = draw_four(sequence, GROUP_LIGHT_EDGE + group)
        count += 1
        if count > 1:
            splats = casters.splats
            y = Vertex(hit, bsdf, wo, inside, carried * weight, ratios)
            found = connect_to_lens(scene, y, edge.z, edge.w, splats.most_x, splats.most_y, joining)
            rays += found.rays
            if max(found.radiance.x, max(found.radiance.y, found.radiance.z)) > 0.0:
                splat_connection(splats, sequence, GROUP_SPLAT + count, found, joining, count + 1)
        if count == longest or not is_caster:
            break

        # --- Scatter, as `bdpt.advance_subpaths` explains -------------------------------------
        choice = draw_four(sequence, GROUP_LIGHT_CHOICE + group)
        scattered = sample_scattering(hit, bsdf, wo, edge.x, edge.y, choice.x)
        sample = scattered.sample
        if max(sample.weight.x, max(sample.weight.y, sample.weight.z)) <= 0.0 or scattered.leaks:
            break
        d = scattered.wi
        cos_i = abs(dot(d, hit.ng))
        if cos_i <= 0.0:
            break
        if sample.is_specular:
            if is_turned_away(hit, d) != is_turned_away(hit, wo):
                break
            squeeze = sample.eta * sample.eta * abs(scattered.cos_o) / abs(sample.wi.z)
            weight = weight * sample.weight * (squeeze * cos_i / cos_o)
            ratios = mirror_ratios(ratios, True, cos_i)
        else:
            value = eval_scattering(hit, bsdf, d, wo)
            weight = weight * value.f_cos * (cos_i / (cos_o * sample.pdf))
            near = 0.0
            if count == 1 and settings.next_event and not is_specular(bsdf):
                side = vec3(0.0, 0.0, 0.0)
                if not transmits(bsdf):
                    side = viewed_side(hit, d)
                near = ratios.near * pdf_direct(scene, start, hit.p, side)
            ratios = scatter_ratios(Ratios(near, ratios.far), sample.pdf, value.pdf, cos_i)
            ratios = Ratios(0.0, ratios.far)
        brightest = max(weight.x, max(weight.y, weight.z))
        if brightest <= 0.0:
            break
        if scattered.crosses and scene.medium_count > 0:
            inside = inside_towards(scene, inside, hit.ng, hit.material, wo, d)
        o = spawn_origin(hit, d)

        # --- Russian roulette --------------------------------------------------------------------
        if settings.roulette:
            survival = brightest / _ROULETTE_FULL
            if survival < 1.0:
                if choice.y >= survival:
                    break
                weight = weight * (1.0 / survival)
    return rays
