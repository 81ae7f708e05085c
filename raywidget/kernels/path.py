"""Path tracing: follow light backwards from the camera until it is found."""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.bsdf import (
    eval_bsdf_cos,
    is_specular,
    load_bsdf,
    make_parameters,
    sample_bsdf,
    transmits,
)
from raywidget.kernels.emitter import (
    emitted_radiance,
    eval_environment,
    pdf_environment,
    pdf_light_hit,
    sample_light,
)
from raywidget.kernels.hit import make_hit, reach_from_spawn, spawn_origin
from raywidget.kernels.jit import device
from raywidget.kernels.layout import MISS, SceneView
from raywidget.kernels.medium import inside_towards, transmittance
from raywidget.kernels.random import GROUP_CHOICE, GROUP_EDGE, GROUPS_PER_EDGE, Sequence, draw_four
from raywidget.kernels.sampling import make_frame, power_heuristic, to_local, to_world
from raywidget.kernels.surface import MAX_PASSED, is_special, resolve_surface, visibility
from raywidget.kernels.traverse import find_closest
from raywidget.kernels.vec3 import Vec3, dot, vec3

INFINITY = float("inf")

# Paths live on with probability min(1, throughput / this), from the first bounce on: 1.1-1.5 times
# the efficiency of starting at the fourth with min(throughput, 0.95).
_ROULETTE_FULL = 0.25


class PathSettings(NamedTuple):
    """What `trace_path` needs of the render settings."""

    max_depth: int  # edges: 1 shows emission, 2 adds direct light
    next_event: bool
    roulette: bool


class PathResult(NamedTuple):
    """What one path brought."""

    radiance: Vec3
    rays: int  # traced, shadow rays included


@device
def trace_path(
    scene: SceneView, o: Vec3, d: Vec3, sequence: Sequence, settings: PathSettings
) -> PathResult:
    """Radiance that arrives at `o` from direction `d`, one unbiased estimate.

    Next-event estimation and scattering are combined by multiple importance sampling (Veach 1997,
    section 9.2), which weights the emission that each of them finds and nothing else.
    """
    room = make_parameters()
    radiance = vec3(0.0, 0.0, 0.0)
    throughput = vec3(1.0, 1.0, 1.0)
    compression = 1.0  # of radiance inside dense media, which is not a loss of throughput
    inside = int(scene.surroundings[0])  # see `medium`
    rays = 0
    scatter_pdf = 0.0  # of the direction `d`; 0 if light sampling can't find what `d` finds
    previous = o  # where `d` comes from, and the normal of the lit side there
    previous_normal = d
    passed = 0  # surfaces that let the path pass since it was last scattered
    edge = draw_four(sequence, GROUP_EDGE)
    depth = 1
    while True:
        # --- Where does the ray end? -------------------------------------------------------------
        ray = find_closest(scene, o, d, INFINITY)
        rays += 1
        if scene.medium_count > 0:
            throughput = throughput * transmittance(scene, inside, ray.t)

        # --- Emission found by scattering --------------------------------------------------------
        if ray.slot == MISS:
            weight = 1.0
            if scatter_pdf > 0.0:
                weight = power_heuristic(scatter_pdf, pdf_environment(scene, d))
            radiance = radiance + throughput * eval_environment(scene, d) * weight
            break
        hit = make_hit(scene, o, d, ray)
        material = hit.material
        ns = hit.ns
        if is_special(scene, hit):
            group = GROUP_CHOICE + GROUPS_PER_EDGE * (depth - 1)
            surface = resolve_surface(scene, hit, sequence, group, passed)
            if surface.passes:
                passed += 1
                if passed == MAX_PASSED:
                    break
                o = spawn_origin(hit, d)
                continue
            material = surface.material
            ns = surface.ns
        passed = 0
        if hit.light >= 0:
            weight = 1.0
            if scatter_pdf > 0.0:
                pdf = pdf_light_hit(scene, previous, previous_normal, hit, d)
                weight = power_heuristic(scatter_pdf, pdf)
            radiance = radiance + throughput * emitted_radiance(scene, hit, d) * weight
        if depth >= settings.max_depth:
            break

        # --- The surface, seen in the frame of its shading normal --------------------------------
        bsdf = load_bsdf(scene, hit, material, room)
        wo_world = -d
        cos_g = dot(wo_world, hit.ng)
        normal = ns
        if cos_g * dot(wo_world, normal) <= 0.0:
            normal = hit.ng  # interpolation, or a map, turned the surface away from who sees it
        frame = make_frame(normal)
        wo = to_local(frame, wo_world)
        lit_side = normal if wo.z >= 0.0 else -normal
        if transmits(bsdf):
            lit_side = vec3(0.0, 0.0, 0.0)
        choice = draw_four(sequence, GROUP_CHOICE + GROUPS_PER_EDGE * (depth - 1))

        # --- Emission found by next-event estimation ---------------------------------------------
        sampled = settings.next_event and scene.light_count > 0 and not is_specular(bsdf)
        if sampled:
            light = sample_light(scene, hit.p, lit_side, edge.z, edge.w, choice.x)
            if light.pdf > 0.0:
                wi = to_local(frame, light.wi)
                value = eval_bsdf_cos(bsdf, wo, wi)
                # On the same side of the true surface as of the shading one: nothing leaks.
                stays = wi.z * wo.z > 0.0
                if value.pdf > 0.0 and (dot(light.wi, hit.ng) * cos_g > 0.0) == stays:
                    rays += 1
                    start = spawn_origin(hit, light.wi)
                    reach = reach_from_spawn(hit, light.reach)
                    visible = visibility(scene, start, light.wi, reach)
                    if visible > 0.0:
                        weight = visible / light.pdf
                        if not light.delta:
                            weight *= power_heuristic(light.pdf, value.pdf)
                        arrived = light.radiance
                        if scene.medium_count > 0:
                            way = inside_towards(scene, inside, hit, wo_world, light.wi)
                            arrived = arrived * transmittance(scene, way, light.reach)
                        radiance = radiance + throughput * value.f_cos * arrived * weight

        # --- Scatter -----------------------------------------------------------------------------
        edge = draw_four(sequence, GROUP_EDGE + GROUPS_PER_EDGE * depth)
        sample = sample_bsdf(bsdf, wo, edge.x, edge.y, choice.y)
        throughput = throughput * sample.weight
        brightest = max(throughput.x, max(throughput.y, throughput.z))
        if brightest <= 0.0:
            break
        d = to_world(frame, sample.wi)
        crosses = sample.wi.z * wo.z < 0.0
        if (dot(d, hit.ng) * cos_g < 0.0) != crosses:
            break
        if crosses and scene.medium_count > 0:
            inside = inside_towards(scene, inside, hit, wo_world, d)
        compression *= sample.eta * sample.eta
        scatter_pdf = 0.0
        if sampled and not sample.is_specular:
            scatter_pdf = sample.pdf
        previous = hit.p
        previous_normal = lit_side
        o = spawn_origin(hit, d)

        # --- Russian roulette --------------------------------------------------------------------
        if settings.roulette:
            survival = brightest * compression / _ROULETTE_FULL
            if survival < 1.0:
                if choice.z >= survival:
                    break
                throughput = throughput * (1.0 / survival)
        depth += 1
    return PathResult(radiance, rays)
