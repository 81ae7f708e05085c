"""Bidirectional path tracing: subpaths from camera and light, connected in every way (Veach 1997).

A sample is one camera subpath and one light subpath (`bdpt_subpath`). Every point of the one is
joined to every point of the other and to a light, every point of the light subpath to the lens, and
lights that the camera subpath meets count as well (`bdpt_connect`). Each of these is an estimate of
the same light, and `bdpt_weights` gives to each the share at which it is good.

What is joined to the lens lands anywhere in the picture: it goes into a log of splats.
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.geometry.surface_point import spawn_origin
from raywidget.kernels.integrators.bdpt.connect import (
    connect_subpaths,
    connect_to_light,
    counts,
    weigh_emission,
    weigh_environment,
)
from raywidget.kernels.integrators.bdpt.subpath import Splats, make_splats, trace_light_subpath
from raywidget.kernels.integrators.bdpt.vertex import (
    MAX_EDGES,
    BdptSettings,
    Points,
    Vertex,
    load_vertex,
    make_points,
)
from raywidget.kernels.integrators.bdpt.weights import (
    arrive_ratios,
    mirror_ratios,
    scatter_ratios,
    start_camera_ratios,
)
from raywidget.kernels.integrators.bound import add_within, is_bounded, within
from raywidget.kernels.integrators.catcher import catch_light, is_catcher
from raywidget.kernels.integrators.splat import SplatLog, view_splats
from raywidget.kernels.integrators.tile import (
    PathResult,
    Picture,
    TileTarget,
    Work,
    sample_tile,
    view_picture,
)
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.random import (
    GROUP_CHOICE,
    GROUP_EDGE,
    GROUPS_PER_EDGE,
    Sequence,
    draw_four,
)
from raywidget.kernels.language.sampling import survival_per_throughput
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.layout import F32, SceneTables, SceneView
from raywidget.kernels.lights.emitter import emitted_radiance, eval_missed, is_all_sought
from raywidget.kernels.sensors.importance import pdf_camera
from raywidget.kernels.surfaces.bsdf import is_specular, load_bsdf, make_parameters
from raywidget.kernels.surfaces.scattering import (
    eval_scattering,
    follow_edge,
    is_turned_away,
    sample_scattering,
)
from raywidget.kernels.surfaces.surface import is_unlit, unlit_radiance
from raywidget.kernels.volumes.medium import inside_towards

INFINITY = float("inf")


class BdptRun(NamedTuple):
    """What the samples of a kernel call have in common."""

    settings: BdptSettings
    points: Points
    splats: Splats


@device
def trace_camera_subpath(
    scene: SceneView,
    o: Vec3,
    d: Vec3,
    sequence: Sequence,
    behind: Vec3,
    settings: BdptSettings,
    points: Points,
    light_points: int,
) -> PathResult:
    """Radiance that arrives at `o` from `d`, but for what light subpaths bring to the lens."""
    room = make_parameters()
    bound = settings.bound
    radiance = vec3(0.0, 0.0, 0.0)
    carried = vec3(1.0, 1.0, 1.0)
    compression = 1.0
    ratios = start_camera_ratios(pdf_camera(scene.camera, d))
    previous = o
    scatter_pdf = 0.0
    edge = draw_four(sequence, GROUP_EDGE)
    inside = int(scene.surroundings[0])
    rays = 0
    depth = 1
    while True:
        # --- The next point ----------------------------------------------------------------------
        group = GROUP_CHOICE + GROUPS_PER_EDGE * (depth - 1)
        end = follow_edge(scene, o, d, inside, carried, sequence, group)
        rays += end.rays
        carried = end.carried
        inside = end.inside
        if end.missed:
            if counts(settings, 0, depth + 1):
                weight = weigh_environment(scene, ratios, previous, d, depth, scatter_pdf, settings)
                if is_bounded(bound, depth):
                    missed = eval_missed(scene, d, depth, behind)
                    radiance = add_within(bound, radiance, carried, missed, weight)
                else:
                    radiance = radiance + carried * eval_missed(scene, d, depth, behind) * weight
            break
        if end.lost:
            break
        hit = end.hit
        if depth == 1 and is_catcher(scene, hit):
            caught = catch_light(scene, hit, d, inside, sequence)
            rays += caught.rays
            if counts(settings, 0, depth + 1):
                shown = eval_missed(scene, d, depth, behind) * caught.share
                radiance = radiance + carried * shown
            break
        wo = -d
        cos_o = abs(dot(wo, hit.ng))
        if cos_o <= 0.0:
            break
        ratios = arrive_ratios(ratios, hit.t * hit.t, cos_o)
        bsdf = load_bsdf(scene, hit, end.material, room)
        z = Vertex(hit, bsdf, wo, inside, carried, ratios)

        # --- All ways to the light from here -----------------------------------------------------
        if hit.light >= 0 and counts(settings, 0, depth + 1):
            weight = weigh_emission(scene, z, previous, depth, scatter_pdf, settings)
            if is_bounded(bound, depth):
                emitted = emitted_radiance(scene, hit, d)
                radiance = add_within(bound, radiance, carried, emitted, weight)
            else:
                radiance = radiance + carried * emitted_radiance(scene, hit, d) * weight
        if is_unlit(scene, end.material) and counts(settings, 0, depth + 1):
            if is_bounded(bound, depth):
                unlit = unlit_radiance(scene, hit, end.material)
                radiance = add_within(bound, radiance, carried, unlit, 1.0)
            else:
                radiance = radiance + carried * unlit_radiance(scene, hit, end.material)
        if depth >= settings.max_depth:
            break
        choice = draw_four(sequence, group)
        if counts(settings, 1, depth + 1):
            found = connect_to_light(scene, z, depth, edge.z, edge.w, choice.x, settings)
            if is_bounded(bound, depth + 1):
                radiance = radiance + within(bound, found.radiance)
            else:
                radiance = radiance + found.radiance
            rays += found.rays
        for i in range(min(light_points, min(settings.max_depth, MAX_EDGES) - depth - 1)):
            if counts(settings, i + 2, depth + 1):
                found = connect_subpaths(scene, load_vertex(points.vertices, i, z), z, settings)
                if is_bounded(bound, depth + i + 2):
                    radiance = radiance + within(bound, found.radiance)
                else:
                    radiance = radiance + found.radiance
                rays += found.rays

        # --- Scatter -----------------------------------------------------------------------------
        edge = draw_four(sequence, GROUP_EDGE + GROUPS_PER_EDGE * depth)
        scattered = sample_scattering(hit, bsdf, wo, edge.x, edge.y, choice.y)
        sample = scattered.sample
        carried = carried * sample.weight
        brightest = max(carried.x, max(carried.y, carried.z))
        if brightest <= 0.0 or scattered.leaks:
            break
        d = scattered.wi
        cos_i = abs(dot(d, hit.ng))
        compression *= sample.eta * sample.eta
        scatter_pdf = 0.0
        if sample.is_specular:
            reversible = is_turned_away(hit, d) == is_turned_away(hit, wo)
            ratios = mirror_ratios(ratios, reversible, cos_i)
        else:
            if not is_specular(bsdf):
                scatter_pdf = sample.pdf
            back = eval_scattering(hit, bsdf, d, wo).pdf
            ratios = scatter_ratios(ratios, sample.pdf, back, cos_i)
        if scattered.crosses and scene.medium_count > 0:
            inside = inside_towards(scene, inside, hit.ng, hit.material, wo, d)
        previous = hit.p
        o = spawn_origin(hit, d)

        # --- Russian roulette --------------------------------------------------------------------
        if settings.roulette:
            per_throughput = survival_per_throughput(is_all_sought(scene))
            survival = brightest * compression * per_throughput
            if survival < 1.0:
                if choice.z >= survival:
                    break
                carried = carried * (1.0 / survival)
        depth += 1
    return PathResult(radiance, rays)


@device
def trace_bdpt(
    scene: SceneView, o: Vec3, d: Vec3, sequence: Sequence, behind: Vec3, run: BdptRun
) -> PathResult:
    """One sample, a `tile.Trace`."""
    light = trace_light_subpath(scene, sequence, run.settings, run.points, run.splats)
    path = trace_camera_subpath(
        scene, o, d, sequence, behind, run.settings, run.points, light.points
    )
    return PathResult(path.radiance, path.rays + light.rays)


@entry
def render_bdpt(
    tables: SceneTables,
    camera: F32,
    picture: Picture,
    settings: BdptSettings,
    work: Work,
    target: TileTarget,
    log: SplatLog,
) -> bool:
    """Bidirectional path tracing, see `tile.sample_tile`.

    The log has room for MAX_EDGES - 1 lines a sample, or `max_depth` - 1 if that is less.
    """
    splats = make_splats(view_splats(log, target.counters), view_picture(picture))
    run = BdptRun(settings, make_points(), splats)
    return sample_tile(trace_bdpt, tables, camera, picture, run, work, target)
