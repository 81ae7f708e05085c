"""Path tracing through media that scatter: `path`, with points in between surfaces.

Media fill closed shapes or the world and are the same everywhere in them (see `medium`); volumes
are boxes of numbers, wherever they lie (see `flight`). Surfaces of the material
`Interface` only separate them: light passes straight on, and no edge is counted.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from raywidget.kernels.geometry.clipping import find_closest, is_lamp_cut
from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.geometry.surface_point import reach_from_spawn, spawn_origin
from raywidget.kernels.geometry.traverse import RayHit
from raywidget.kernels.integrators.bound import add_within, is_bounded
from raywidget.kernels.integrators.catcher import catch_light, is_catcher
from raywidget.kernels.integrators.lit_flight import fly_lit, light_in_space
from raywidget.kernels.integrators.path_lanes import PathSettings
from raywidget.kernels.integrators.tile import (
    PathResult,
    Picture,
    TileTarget,
    Work,
    sample_tile,
)
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.random import (
    GROUP_CHOICE,
    GROUP_EDGE,
    GROUPS_PER_EDGE,
    Sequence,
    draw_four,
    mix,
    next_state,
    number_of,
    start_stream,
)
from raywidget.kernels.language.sampling import (
    INV_PI,
    SPARED,
    make_frame,
    power_heuristic,
    sample_cosine_hemisphere,
    survival_per_throughput,
    to_world,
)
from raywidget.kernels.language.scalars import index32
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.layout import (
    F32,
    MISS,
    VOLUME_SHARPNESS,
    VOLUME_SIZE,
    SceneTables,
    SceneView,
)
from raywidget.kernels.lights.emitter import (
    emitted_radiance,
    eval_missed,
    is_all_sought,
    pdf_environment,
    pdf_light_hit,
    sample_light,
)
from raywidget.kernels.surfaces.bsdf import (
    is_specular,
    load_bsdf,
    make_parameters,
    transmits,
)
from raywidget.kernels.surfaces.scattering import eval_scattering, sample_scattering, viewed_side
from raywidget.kernels.surfaces.surface import (
    MAX_PASSED,
    Shadow,
    changed_hit,
    is_interface,
    is_special,
    is_unlit,
    pass_through,
    resolve_surface,
    trace_shadow,
    unlit_radiance,
)
from raywidget.kernels.volumes.flight import fly, is_volume_unseen, look_at, share_through
from raywidget.kernels.volumes.glow import (
    Glow,
    found_along,
    found_share,
    sample_along,
    sample_glow,
)
from raywidget.kernels.volumes.looking import shaded_side
from raywidget.kernels.volumes.medium import (
    Medium,
    decay,
    eval_phase,
    in_sight,
    inside_towards,
    load_medium,
    sample_phase,
    transmittance,
)

INFINITY = float("inf")

GROUP_SEGMENT = 1 << 31  # of each straight piece of the path: channel, distance, two unused
GROUP_GLOW = 3 << 30  # on the camera's ray, then at the end of an edge: a point that glows

_LIT_EDGES = 3  # of a path, on whose way through a volume light of lamps is looked for


class Flight(NamedTuple):
    """How far light goes before it is scattered."""

    t: float
    scatters: bool  # at `t`, else it gets to the end
    weight: Vec3  # transmittance, times scattering coefficient if it scatters, by density


@device
def largest_of(color: Vec3) -> float:
    """The brightest channel of a colour."""
    return max(color.x, max(color.y, color.z))


@device
def has_sides(scene: SceneView, volume: int) -> bool:
    """Is a volume shaded as surfaces are where its numbers change fast?"""
    return scene.volumes[volume * VOLUME_SIZE + VOLUME_SHARPNESS] > 0.0


@device
def sample_flight(medium: Medium, carried: Vec3, reach: float, choice: float, v: float) -> Flight:
    """Draw a distance in a medium from the extinction of one channel.

    Channels are chosen as `carried` shares them, and densities are those of all channels together
    (the balance heuristic for one sample, Veach 1997, section 9.2.4): so where nothing is
    absorbed, the sum of `carried` over the channels stays what it is.
    """
    extinction = medium.absorption + medium.scattering
    if max(medium.scattering.x, max(medium.scattering.y, medium.scattering.z)) <= 0.0:
        return Flight(reach, False, decay(extinction, reach))
    share = carried * (1.0 / (carried.x + carried.y + carried.z))
    rate = extinction.z
    if choice < share.x:
        rate = extinction.x
    elif choice < share.x + share.y:
        rate = extinction.y
    t = INFINITY
    if rate > 0.0:
        t = -math.log(1.0 - v) / rate
    if t >= reach:
        left = decay(extinction, reach)
        return Flight(reach, False, left * (1.0 / dot(share, left)))
    left = decay(extinction, t)
    return Flight(t, True, left * medium.scattering * (1.0 / dot(share, left * extinction)))


class Arrived(NamedTuple):
    """What comes from a point that glows."""

    radiance: Vec3  # divided by its density
    rays: int
    state: np.uint64


@device
def light_of_glow(
    scene: SceneView, glow: Glow, o: Vec3, p: Vec3, reach: float, inside: int, state: np.uint64
) -> Arrived:
    """Its light, as much as gets to `p`, and to the beginning of the shadow ray at `o`."""
    shadow = Shadow(vec3(1.0, 1.0, 1.0), 1)
    if not scene.is_void or scene.medium_count > 0:
        shadow = trace_shadow(scene, o, glow.wi, reach, inside, 0)
    sent = glow.sent * shadow.share
    if largest_of(sent) > 0.0:
        through = share_through(scene, p, glow.wi, glow.reach, state, False)
        sent = sent * through.share
        state = through.state
    return Arrived(sent, shadow.rays, state)


@on_demand
def glow_on_ray(
    scene: SceneView, o: Vec3, d: Vec3, reach: float, inside: int, sequence: Sequence
) -> Vec3:
    """What glows on a ray of the camera, as far as points on it are to find it."""
    sum = vec3(0.0, 0.0, 0.0)
    numbers = draw_four(sequence, GROUP_GLOW)
    stream = mix(start_stream(sequence))
    for volume in range(scene.volume_count):
        if is_volume_unseen(scene, volume):
            continue
        along = sample_along(scene, volume, o, d, reach, numbers.x)
        if largest_of(along.sent) <= 0.0:
            continue
        sent = along.sent
        if scene.medium_count > 0:
            sent = sent * transmittance(scene, in_sight(scene, inside), along.t)
        through = share_through(scene, o, d, along.t, stream, True)
        stream = through.state
        sum = sum + sent * through.share
    return sum


@device
def trace_volpath(
    scene: SceneView, o: Vec3, d: Vec3, sequence: Sequence, behind: Vec3, settings: PathSettings
) -> PathResult:
    """As `path.advance_paths`, which explains what surfaces do, one path at a time."""
    room = make_parameters()
    bound = settings.bound
    radiance = vec3(0.0, 0.0, 0.0)
    throughput = vec3(1.0, 1.0, 1.0)
    compression = 1.0
    inside = int(scene.surroundings[0])
    rays = 0
    scatter_pdf = 0.0
    glow_pdf = 0.0  # the same, of what glows in volumes
    glows = settings.next_event and scene.glow_count > 0
    lights_ways = settings.next_event and scene.light_count > 0 and scene.volume_count == 1
    lights_ways = lights_ways and scene.medium_count == 0 and not has_sides(scene, 0)
    previous = o  # where light was scattered last, not where it passed an interface
    previous_normal = d
    edge = draw_four(sequence, GROUP_EDGE)
    stream = start_stream(sequence)  # of what volumes draw
    passed = 0  # surfaces that let the path pass since it was last scattered
    segment = 0
    in_space = False  # was light scattered between surfaces last?
    depth = 1
    while True:
        is_mirrored = False
        # --- How far does light go? --------------------------------------------------------------
        reach = INFINITY
        volume = -1
        place = 0.0
        number = 0.0  # by which a volume stops it
        if scene.volume_count > 0:
            number = draw_four(sequence, GROUP_CHOICE + GROUPS_PER_EDGE * (depth - 1)).w
            if passed > 0:  # it has served on the way here
                stream = next_state(stream)
                number = number_of(stream)
        is_lit = False  # has the light of lamps been added where the path is scattered next?
        lights_way = (
            lights_ways
            and depth < min(settings.max_depth, _LIT_EDGES + 1)
            and not (depth == 1 and scene.has_unseen)
        )
        # What is near in smoke need not be looked beyond.
        if scene.volume_count > 0 and in_space and not lights_way:
            flown = fly(scene, o, d, INFINITY, stream, number, False)
            reach = flown.t
            volume = flown.volume
            place = flown.place
            stream = flown.state
        ray = RayHit(reach, 0.0, 0.0, index32(MISS), index32(-1))
        if not scene.is_void:
            ray = find_closest(scene, o, d, reach)
        rays += 1
        if ray.slot != MISS:
            reach = ray.t
            volume = -1
        way = reach
        if glows and depth == 1:
            radiance = radiance + throughput * glow_on_ray(scene, o, d, way, inside, sequence)
        if lights_way:
            lit_flight = fly_lit(scene, o, d, reach, inside, number, stream)
            reach = lit_flight.t
            volume = lit_flight.volume
            place = lit_flight.place
            is_lit = lit_flight.is_lit
            stream = lit_flight.state
            rays += lit_flight.rays
            if is_bounded(bound, depth + 1):
                radiance = add_within(bound, radiance, throughput, lit_flight.radiance, 1.0)
            else:
                radiance = radiance + throughput * lit_flight.radiance
        elif scene.volume_count > 0 and not in_space:
            flown = fly(scene, o, d, reach, stream, number, depth == 1)
            reach = flown.t
            volume = flown.volume
            place = flown.place
            stream = flown.state
        if depth == 1 and scene.has_unseen:
            medium = load_medium(scene, in_sight(scene, inside))
        else:
            medium = load_medium(scene, inside)
        flight = Flight(reach, False, vec3(1.0, 1.0, 1.0))
        if scene.medium_count > 0:
            numbers = draw_four(sequence, GROUP_SEGMENT + segment)
            segment += 1
            flight = sample_flight(medium, throughput, reach, numbers.x, numbers.y)
            throughput = throughput * flight.weight
            if largest_of(throughput) <= 0.0:
                break

        if flight.scatters or volume >= 0:
            # --- Scattered in space --------------------------------------------------------------
            p = o + d * flight.t
            anisotropy = medium.anisotropy
            nowhere = vec3(0.0, 0.0, 0.0)
            side = nowhere  # the normal, on the viewer's side, where a volume is like a surface
            choice = draw_four(sequence, GROUP_CHOICE + GROUPS_PER_EDGE * (depth - 1))
            if not flight.scatters:
                look = look_at(scene, volume, place, p)
                weight = 1.0
                if glows and depth == 1:
                    weight = found_along(scene, volume, o, d, way, flight.t)
                elif glow_pdf > 0.0:
                    weight = found_share(scene, volume, previous, p, glow_pdf)
                if is_bounded(bound, depth):
                    radiance = add_within(bound, radiance, throughput, look.emission, weight)
                else:
                    radiance = radiance + throughput * look.emission * weight
                throughput = throughput * look.albedo
                anisotropy = look.anisotropy
                if largest_of(throughput) <= 0.0:
                    break
                if has_sides(scene, volume):
                    side = shaded_side(scene, volume, p, d, choice.y)
            if depth >= settings.max_depth:
                break
            is_surface = dot(side, side) > 0.0
            sampled = settings.next_event and scene.light_count > 0
            if sampled and not is_lit:
                numbers = vec3(edge.z, edge.w, choice.x)
                lit = light_in_space(scene, p, d, side, anisotropy, inside, numbers, stream)
                rays += lit.rays
                stream = lit.state
                if is_bounded(bound, depth + 1):
                    radiance = add_within(bound, radiance, throughput, lit.radiance, 1.0)
                else:
                    radiance = radiance + throughput * lit.radiance
            if glows:
                glow = sample_glow(scene, p, draw_four(sequence, GROUP_GLOW + depth))
                phase = 0.0
                if glow.pdf > 0.0:
                    if is_surface:
                        phase = max(0.0, dot(side, glow.wi)) * INV_PI
                    else:
                        phase = eval_phase(anisotropy, dot(d, glow.wi))
                if phase > 0.0:
                    came = light_of_glow(scene, glow, p, p, glow.reach, inside, stream)
                    rays += came.rays
                    stream = came.state
                    weight = phase / (glow.pdf + phase * glow.stopped)
                    if is_bounded(bound, depth + 1):
                        radiance = add_within(bound, radiance, throughput, came.radiance, weight)
                    else:
                        radiance = radiance + throughput * came.radiance * weight
            edge = draw_four(sequence, GROUP_EDGE + GROUPS_PER_EDGE * depth)
            scatter_pdf = 0.0
            glow_pdf = 0.0
            if is_surface:
                local = sample_cosine_hemisphere(edge.x, edge.y)
                d = to_world(make_frame(side), local)
                if sampled:
                    scatter_pdf = local.z * INV_PI
                if glows:
                    glow_pdf = local.z * INV_PI
            else:
                wi_world = sample_phase(anisotropy, d, edge.x, edge.y)
                if sampled or glows:
                    phase = eval_phase(anisotropy, dot(d, wi_world))
                    if sampled:
                        scatter_pdf = phase
                    if glows:
                        glow_pdf = phase
                d = wi_world
            previous = p
            previous_normal = side
            o = p
            in_space = True
        else:
            # --- Emission ------------------------------------------------------------------------
            if ray.slot == MISS:
                weight = 1.0
                if scatter_pdf > 0.0:
                    pdf = pdf_environment(scene, previous, previous_normal, d)
                    weight = power_heuristic(scatter_pdf, pdf)
                if is_bounded(bound, depth):
                    missed = eval_missed(scene, d, depth, behind)
                    radiance = add_within(bound, radiance, throughput, missed, weight)
                else:
                    radiance = radiance + throughput * eval_missed(scene, d, depth, behind) * weight
                break
            hit = make_hit(scene, o, d, ray)
            material = hit.material
            if is_special(scene, hit):
                group = GROUP_CHOICE + GROUPS_PER_EDGE * (depth - 1)
                surface = resolve_surface(scene, hit, sequence, group, passed)
                if surface.passes:
                    passed += 1
                    if passed == MAX_PASSED:
                        break
                    inside = pass_through(scene, inside, hit, d)
                    o = spawn_origin(hit, d)
                    continue
                if depth == 1 and is_catcher(scene, hit):
                    caught = catch_light(scene, hit, d, inside, sequence)
                    rays += caught.rays
                    if not caught.is_mirrored:
                        shown = eval_missed(scene, d, depth, behind) * caught.share
                        radiance = radiance + throughput * shown
                        break
                    depth = 2  # what is seen in its coat begins another edge
                    if depth > settings.max_depth:
                        break
                    d = caught.wi
                    o = spawn_origin(hit, d)
                    passed = 0
                    continue
                material = surface.material
                hit = changed_hit(hit, surface.ns, hit.t)
            passed = 0
            if hit.light >= 0:
                weight = 1.0
                if scatter_pdf > 0.0:
                    pdf = pdf_light_hit(scene, previous, previous_normal, hit, d)
                    weight = power_heuristic(scatter_pdf, pdf)
                if is_bounded(bound, depth):
                    emitted = emitted_radiance(scene, hit, d)
                    radiance = add_within(bound, radiance, throughput, emitted, weight)
                else:
                    radiance = radiance + throughput * emitted_radiance(scene, hit, d) * weight
            if is_unlit(scene, material):
                if is_bounded(bound, depth):
                    unlit = unlit_radiance(scene, hit, material)
                    radiance = add_within(bound, radiance, throughput, unlit, 1.0)
                else:
                    radiance = radiance + throughput * unlit_radiance(scene, hit, material)

            # --- Straight on into another medium -------------------------------------------------
            if is_interface(scene, hit):
                inside = pass_through(scene, inside, hit, d)
                o = spawn_origin(hit, d)
                continue
            if depth >= settings.max_depth:
                break

            # --- Scattered by a surface ----------------------------------------------------------
            bsdf = load_bsdf(scene, hit, material, room)
            wo = -d
            lit_side = vec3(0.0, 0.0, 0.0)
            if not transmits(bsdf):
                lit_side = viewed_side(hit, wo)
            choice = draw_four(sequence, GROUP_CHOICE + GROUPS_PER_EDGE * (depth - 1))
            sampled = settings.next_event and scene.light_count > 0 and not is_specular(bsdf)
            if sampled:
                light = sample_light(scene, hit.p, lit_side, edge.z, edge.w, choice.x)
                is_cut = is_lamp_cut(scene, light.light, hit.p, light.wi, light.reach, light.delta)
                if light.pdf > 0.0 and not is_cut:
                    value = eval_scattering(hit, bsdf, wo, light.wi)
                    if value.pdf > 0.0:
                        shadow = trace_shadow(
                            scene,
                            spawn_origin(hit, light.wi),
                            light.wi,
                            reach_from_spawn(hit, light.reach),
                            inside_towards(scene, inside, hit.ng, hit.material, wo, light.wi),
                            0,
                        )
                        rays += shadow.rays
                        weight = 1.0 / light.pdf
                        if not light.delta:
                            weight *= power_heuristic(light.pdf, value.pdf)
                        arrived = light.radiance * shadow.share
                        if scene.volume_count > 0 and largest_of(arrived) > 0.0:
                            through = share_through(
                                scene, hit.p, light.wi, light.reach, stream, False
                            )
                            stream = through.state
                            weight *= through.share
                        if is_bounded(bound, depth + 1):
                            brought = value.f_cos * arrived
                            radiance = add_within(bound, radiance, throughput, brought, weight)
                        else:
                            radiance = radiance + throughput * value.f_cos * arrived * weight
            sees_glow = glows and not is_specular(bsdf)
            if sees_glow:
                glow = sample_glow(scene, hit.p, draw_four(sequence, GROUP_GLOW + depth))
                if glow.pdf > 0.0:
                    value = eval_scattering(hit, bsdf, wo, glow.wi)
                    if value.pdf > 0.0:
                        came = light_of_glow(
                            scene,
                            glow,
                            spawn_origin(hit, glow.wi),
                            hit.p,
                            reach_from_spawn(hit, glow.reach),
                            inside_towards(scene, inside, hit.ng, hit.material, wo, glow.wi),
                            stream,
                        )
                        rays += came.rays
                        stream = came.state
                        weight = 1.0 / (glow.pdf + value.pdf * glow.stopped)
                        if is_bounded(bound, depth + 1):
                            brought = value.f_cos * came.radiance
                            radiance = add_within(bound, radiance, throughput, brought, weight)
                        else:
                            radiance = radiance + throughput * value.f_cos * came.radiance * weight
            edge = draw_four(sequence, GROUP_EDGE + GROUPS_PER_EDGE * depth)
            scattered = sample_scattering(hit, bsdf, wo, edge.x, edge.y, choice.y)
            sample = scattered.sample
            throughput = throughput * sample.weight
            if largest_of(throughput) <= 0.0 or scattered.leaks:
                break
            d = scattered.wi
            inside = inside_towards(scene, inside, hit.ng, hit.material, wo, d)
            compression *= sample.eta * sample.eta
            is_mirrored = sample.is_specular
            scatter_pdf = 0.0
            if sampled and not sample.is_specular:
                scatter_pdf = sample.pdf
            glow_pdf = 0.0
            if sees_glow and not sample.is_specular:
                glow_pdf = sample.pdf
            previous = hit.p
            previous_normal = lit_side
            o = spawn_origin(hit, d)
            in_space = False

        # --- Russian roulette --------------------------------------------------------------------
        if settings.roulette:
            brightest = largest_of(throughput)
            all_sought = settings.next_event and is_all_sought(scene)
            survival = brightest * compression * survival_per_throughput(all_sought)
            if is_mirrored:
                survival *= SPARED
            if survival < 1.0:
                if choice.z >= survival:
                    break
                throughput = throughput * (1.0 / survival)
        depth += 1
    return PathResult(radiance, rays)


@entry
def render_volpath(
    tables: SceneTables,
    camera: F32,
    picture: Picture,
    settings: PathSettings,
    work: Work,
    target: TileTarget,
) -> bool:
    """Path tracing through media, see `tile.sample_tile`."""
    return sample_tile(trace_volpath, tables, camera, picture, settings, work, target)
