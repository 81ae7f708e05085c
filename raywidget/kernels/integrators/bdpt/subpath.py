"""Light subpaths: from a light into the scene, the way that photons go."""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.geometry.surface_point import spawn_origin
from raywidget.kernels.integrators.bdpt.connect import Connection, connect_to_lens, counts
from raywidget.kernels.integrators.bdpt.vertex import (
    MAX_EDGES,
    BdptSettings,
    Points,
    Vertex,
    no_normal,
    store_vertex,
)
from raywidget.kernels.integrators.bdpt.weights import (
    arrive_from_light,
    arrive_ratios,
    mirror_ratios,
    scatter_ratios,
    seen_from,
    start_light_ratios,
)
from raywidget.kernels.integrators.bound import is_bounded, within
from raywidget.kernels.integrators.splat import SplatView, note_splat
from raywidget.kernels.integrators.tile import COUNTER_DROPPED, PictureView
from raywidget.kernels.language.buffers import advance
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.random import Sequence, draw_four
from raywidget.kernels.language.scalars import index_below, single
from raywidget.kernels.language.vec3 import dot, vec3
from raywidget.kernels.layout import MATERIAL_SIZE, SceneView
from raywidget.kernels.lights.emission import is_delta, is_point, pdf_direct, sample_emission
from raywidget.kernels.sensors.filter import PIXEL, FilterView, choose_pixel
from raywidget.kernels.surfaces.bsdf import load_bsdf
from raywidget.kernels.surfaces.scattering import (
    eval_scattering,
    follow_edge,
    is_turned_away,
    sample_scattering,
)
from raywidget.kernels.volumes.medium import inside_towards

INFINITY = float("inf")

# Far above the groups of the camera's subpath, those of surfaces that it passes included.
GROUP_EMISSION = 1 << 31  # point u, v and direction u, v at the light
GROUP_LIGHT = (1 << 31) + 1  # which light, three unused
GROUP_LIGHT_EDGE = (1 << 31) + 2  # at point i: BSDF u, v, and point of the lens u, v
GROUP_LIGHT_CHOICE = (1 << 31) + 3  # at point i: lobe, roulette, unused, see `surface`
GROUP_SPLAT = 3 << 30  # of point i: which pixel, see `filter`
LIGHT_GROUPS_PER_EDGE = 2

ROULETTE_FULL = 0.25


class Splats(NamedTuple):
    """Where light goes that reaches the lens."""

    log: SplatView
    width: int  # of the picture
    height: int
    filter: FilterView
    most_x: float  # where filters see: from -most to most, the picture is from -1 to 1
    most_y: float


@device
def make_splats(log: SplatView, picture: PictureView) -> Splats:
    """For a picture and its filter."""
    margin = 0.0 if picture.filter.kind == PIXEL else 2.0 * picture.filter.radius
    return Splats(
        log,
        picture.width,
        picture.height,
        picture.filter,
        1.0 + margin / single(picture.width),
        1.0 + margin / single(picture.height),
    )


class LightSubpath(NamedTuple):
    """What has become of a photon."""

    points: int  # how many it has, not counting the one on the light
    rays: int


@device
def trace_light_subpath(
    scene: SceneView,
    sequence: Sequence,
    settings: BdptSettings,
    points: Points,
    splats: Splats,
) -> LightSubpath:
    """Fill `points` with the points that one photon meets, and join each of them to the lens."""
    longest = min(settings.max_depth, MAX_EDGES) - 1
    if scene.light_count == 0 or longest < 1:
        return LightSubpath(0, 0)
    where = draw_four(sequence, GROUP_EMISSION)
    start = sample_emission(scene, where, draw_four(sequence, GROUP_LIGHT).x)
    if start.pdf <= 0.0:
        return LightSubpath(0, 0)
    carried = start.carried
    weight = vec3(1.0, 1.0, 1.0)  # what is left of `carried`
    ratios = start_light_ratios(start.pdf, start.cos, not is_delta(scene, start.light))
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
        if cos_o <= 0.0:
            break
        if count == 0:
            direct = 0.0
            if settings.next_event:
                direct = pdf_direct(scene, start, hit.p, no_normal())
            ratios = seen_from(ratios, direct)
            if is_point(scene, start.light):
                ratios = arrive_ratios(ratios, hit.t * hit.t, cos_o)
            else:
                ratios = arrive_from_light(ratios, cos_o)
        else:
            ratios = arrive_ratios(ratios, hit.t * hit.t, cos_o)
        bsdf = load_bsdf(scene, hit, end.material, advance(points.rooms, MATERIAL_SIZE * count))
        y = Vertex(hit, bsdf, wo, inside, carried * weight, ratios)
        store_vertex(points.vertices, count, y)
        edge = draw_four(sequence, GROUP_LIGHT_EDGE + group)
        count += 1
        if counts(settings, count + 1, 1):
            found = connect_to_lens(
                scene, y, edge.z, edge.w, splats.most_x, splats.most_y, settings
            )
            rays += found.rays
            if max(found.radiance.x, max(found.radiance.y, found.radiance.z)) > 0.0:
                splat_connection(splats, sequence, GROUP_SPLAT + count, found, settings, count + 1)
        if count == longest:
            break

        # --- Scatter: what came from `wo` goes on to a viewer in direction `d` --------------------
        choice = draw_four(sequence, GROUP_LIGHT_CHOICE + group)
        scattered = sample_scattering(hit, bsdf, wo, edge.x, edge.y, choice.x)
        sample = scattered.sample
        if max(sample.weight.x, max(sample.weight.y, sample.weight.z)) <= 0.0 or scattered.leaks:
            break
        d = scattered.wi
        cos_i = abs(dot(d, hit.ng))
        if cos_i <= 0.0:
            break
        # Cosines with the shading normal belong to the side of the light, those with the geometric
        # normal come from areas (Veach 1997, section 5.3).
        if sample.is_specular:
            if is_turned_away(hit, d) != is_turned_away(hit, wo):
                break  # seen from `d`, another normal would mirror
            # The squeeze of radiance into another medium, undone: power is not squeezed.
            squeeze = sample.eta * sample.eta * abs(scattered.cos_o) / abs(sample.wi.z)
            weight = weight * sample.weight * (squeeze * cos_i / cos_o)
            ratios = mirror_ratios(ratios, True, cos_i)
        else:
            value = eval_scattering(hit, bsdf, d, wo)
            weight = weight * value.f_cos * (cos_i / (cos_o * sample.pdf))
            ratios = scatter_ratios(ratios, sample.pdf, value.pdf, cos_i)
        brightest = max(weight.x, max(weight.y, weight.z))
        if brightest <= 0.0:
            break
        if scattered.crosses and scene.medium_count > 0:
            inside = inside_towards(scene, inside, hit.ng, hit.material, wo, d)
        o = spawn_origin(hit, d)

        # --- Russian roulette --------------------------------------------------------------------
        if settings.roulette:
            survival = brightest / ROULETTE_FULL
            if survival < 1.0:
                if choice.y >= survival:
                    break
                weight = weight * (1.0 / survival)
    return LightSubpath(count, rays)


@device
def splat_connection(
    splats: Splats,
    sequence: Sequence,
    group: int,
    found: Connection,
    settings: BdptSettings,
    edges: int,
) -> None:
    """Note light for the pixel that a connection to the lens has met, or for one near it.

    Two numbers of `group` choose which, unless it is the one that was met.
    """
    x = (found.x + 1.0) * 0.5 * single(splats.width)
    y = (1.0 - found.y) * 0.5 * single(splats.height)
    if splats.filter.kind == PIXEL:
        column = index_below(x, splats.width)
        row = index_below(y, splats.height)
        value = found.radiance
    else:
        choice = draw_four(sequence, group)
        column, weight_x = choose_pixel(splats.filter, x, choice.x)
        row, weight_y = choose_pixel(splats.filter, y, choice.y)
        if min(column, row) < 0 or column >= splats.width or row >= splats.height:
            return
        value = found.radiance * (weight_x * weight_y)
    if is_bounded(settings.bound, edges):
        value = within(settings.bound, value)
    if not note_splat(splats.log, row * splats.width + column, sequence.half, value):
        splats.log.counters[COUNTER_DROPPED] = splats.log.counters[COUNTER_DROPPED] + 1
