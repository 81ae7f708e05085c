"""The ends of edges that differ from one to the next: one lane after the other.

`bdpt` calls this for what `arrive_lanes` leaves over.
"""

from __future__ import annotations

from raywidget.kernels.geometry.clipping import find_closest
from raywidget.kernels.geometry.hit import bare_material, make_hit
from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bdpt import rows as more
from raywidget.kernels.integrators.bdpt.connect import (
    counts,
    weigh_emission,
    weigh_environment,
)
from raywidget.kernels.integrators.bdpt.subpath import (
    GROUP_LIGHT_CHOICE,
    LIGHT_GROUPS_PER_EDGE,
)
from raywidget.kernels.integrators.bdpt.vertex import BdptSettings, no_normal
from raywidget.kernels.integrators.bdpt.weights import (
    Ratios,
    arrive_ratios,
)
from raywidget.kernels.integrators.bound import add_within, is_bounded
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_number,
    load_point,
    load_point_row,
    load_row,
    load_sequence,
    load_word,
    replace_row,
    room_of,
    store_number,
    store_point,
    store_word,
)
from raywidget.kernels.integrators.catcher import catch_light, is_catcher
from raywidget.kernels.integrators.path_lanes import (
    FOUND_END,
    Arrival,
    PathSettings,
    load_material,
    traced,
)
from raywidget.kernels.integrators.surface_lanes import (
    FOUND_FLAT,
    FOUND_TEXTURED,
    note_flat,
    note_surface,
)
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.random import (
    GROUP_CHOICE,
    GROUPS_PER_EDGE,
)
from raywidget.kernels.language.simd import spread_number
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.layout import MATERIAL_DARK, MISS, SceneView
from raywidget.kernels.lights.emission import (
    Emission,
    is_point,
    pdf_direct,
)
from raywidget.kernels.lights.emitter import emitted_radiance, eval_missed
from raywidget.kernels.lights.lamp import is_one_lamp, pdf_lamp
from raywidget.kernels.surfaces.bsdf import load_textures
from raywidget.kernels.surfaces.scattering import follow_traced
from raywidget.kernels.surfaces.surface import has_flags, is_unlit, unlit_radiance
from raywidget.kernels.volumes.medium import in_sight, transmittance

INFINITY = float("inf")

FOUND_DARK = 1 << 16  # beside those of `path_lanes` and `surface_lanes`: nothing that the lens sees


# --- Ends of edges --------------------------------------------------------------------------------


@device
def arrive(
    scene: SceneView,
    bundle: Bundle,
    lane: int,
    from_light: bool,
    lattice: bool,
    settings: BdptSettings,
    path: PathSettings,
) -> Arrival:
    """Add the emission that a camera subpath finds at the end of an edge; note the surface."""
    o = load_point(bundle, rows.ORIGIN, lane)
    d = load_point(bundle, rows.DIRECTION, lane)
    depth = load_word(bundle, rows.DEPTH, lane)
    inside = bundle.inside[lane]
    carried = load_point(bundle, rows.THROUGHPUT, lane)
    ray = traced(bundle, lane)
    if ray.slot != MISS and (from_light or depth < settings.max_depth):
        material = bare_material(scene, ray.slot, ray.instance)
        found = FOUND_FLAT
        if material >= 0:
            note_flat(scene, bundle, lane, ray)
        else:
            noted = note_surface(scene, bundle, lane, ray, True)
            found = noted.found
            material = noted.material
        if found != 0:
            if scene.medium_count > 0:
                medium = inside
                if depth == 1 and scene.has_unseen and not from_light:
                    medium = in_sight(scene, inside)
                carried = carried * transmittance(scene, medium, ray.t)
                store_point(bundle, rows.THROUGHPUT, lane, carried)
            store_number(bundle, rows.DISTANCE, lane, ray.t)
            store_word(bundle, rows.MATERIAL, lane, material)
            if found & FOUND_TEXTURED == 0:
                found |= load_material(scene, bundle, lane, material, path)
            return Arrival(found, 1)

    sequence = load_sequence(bundle, lane, lattice)
    group = GROUP_CHOICE + GROUPS_PER_EDGE * (depth - 1)
    if from_light:
        group = GROUP_LIGHT_CHOICE + LIGHT_GROUPS_PER_EDGE * (depth - 1)
    end = follow_traced(scene, o, d, ray, inside, carried, sequence, group)
    rays = end.rays
    bundle.inside[lane] = end.inside
    store_point(bundle, rows.THROUGHPUT, lane, end.carried)
    if end.lost or (end.missed and from_light):
        return Arrival(FOUND_END, rays)
    hit = end.hit
    if not from_light:
        previous = load_point(bundle, rows.PREVIOUS, lane)
        scatter_pdf = load_number(bundle, rows.SCATTER_PDF, lane)
        ratios = Ratios(load_number(bundle, more.NEAR, lane), load_number(bundle, more.FAR, lane))
        is_asked = counts(settings, 0, depth + 1)
        if end.missed:
            if is_asked:
                weight = weigh_environment(scene, ratios, previous, d, depth, scatter_pdf, settings)
                seen = eval_missed(scene, d, depth, _behind(scene, bundle, lane))
                _add(bundle, lane, end.carried, seen, weight, settings, depth)
            return Arrival(FOUND_END, rays)
        if depth == 1 and is_catcher(scene, hit):
            if scene.has_few and rays == 1:
                # As in `path_lanes.arrive`: coverage looks in the tree.
                again = find_closest(scene, o, d, INFINITY)
                rays += 1
                if again.slot != MISS:
                    other = make_hit(scene, o, d, again)
                    if is_catcher(scene, other):
                        hit = other
            caught = catch_light(scene, hit, d, end.inside, sequence)
            if is_asked:
                shown = eval_missed(scene, d, depth, _behind(scene, bundle, lane)) * caught.share
                _add(bundle, lane, end.carried, shown, 1.0, settings, depth)
            return Arrival(FOUND_END, rays + caught.rays)
        cos = abs(dot(d, hit.ng))
        if cos <= 0.0:
            return Arrival(FOUND_END, rays)
        if hit.light >= 0 and is_asked:
            ratios = arrive_ratios(ratios, hit.t * hit.t, cos)
            weight = weigh_emission(scene, hit, ratios, previous, d, depth, scatter_pdf, settings)
            emitted = emitted_radiance(scene, hit, d)
            _add(bundle, lane, end.carried, emitted, weight, settings, depth)
        if is_unlit(scene, end.material) and is_asked:
            unlit = unlit_radiance(scene, hit, end.material)
            _add(bundle, lane, end.carried, unlit, 1.0, settings, depth)
        if depth >= settings.max_depth:
            return Arrival(FOUND_END, rays)

    store_point(bundle, rows.POINT, lane, hit.p)
    store_point(bundle, rows.NORMAL, lane, hit.ng)
    store_point(bundle, rows.SHADING_NORMAL, lane, hit.ns)
    store_number(bundle, rows.OFFSET, lane, hit.offset)
    store_number(bundle, rows.DISTANCE, lane, hit.t)
    store_word(bundle, rows.MATERIAL, lane, hit.material)
    load_textures(scene, hit, end.material, room_of(bundle, lane))
    kind = load_material(scene, bundle, lane, end.material, path)
    if has_flags(scene, hit, MATERIAL_DARK):
        kind |= FOUND_DARK
    return Arrival(kind, rays)


@device
def _behind(scene: SceneView, bundle: Bundle, lane: int) -> Vec3:
    """What a backdrop shows in the pixel of a path."""
    if scene.has_backdrop:
        return load_point(bundle, rows.BEHIND, lane)
    return vec3(0.0, 0.0, 0.0)


@device
def _add(
    bundle: Bundle,
    lane: int,
    carried: Vec3,
    emitted: Vec3,
    weight: float,
    settings: BdptSettings,
    edges: int,
) -> None:
    """Count light that a camera subpath has met."""
    radiance = load_point(bundle, rows.RADIANCE, lane)
    if is_bounded(settings.bound, edges):
        radiance = add_within(settings.bound, radiance, carried, emitted, weight)
    else:
        radiance = radiance + carried * emitted * weight
    store_point(bundle, rows.RADIANCE, lane, radiance)


@device
def see_lights(scene: SceneView, bundle: Bundle, lanes: int, settings: BdptSettings) -> None:
    """Complete the ratios of first points after lights, where POINT is, by the density with which
    next-event estimation draws the light from there.

    Where the first edge counts by solid angle at both ends, DISTANCE becomes 1.
    """
    if is_one_lamp(scene) and settings.next_event:
        lanes &= ~_see_lamp(scene, bundle, lanes)
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        light = load_word(bundle, rows.LIGHT, lane)
        p = load_point(bundle, more.START, lane)
        d = load_point(bundle, rows.DIRECTION, lane)
        start = Emission(light, p, p, d, load_number(bundle, more.START_COS, lane), p, 1.0)
        direct = 0.0
        if settings.next_event:
            direct = pdf_direct(scene, start, load_point(bundle, rows.POINT, lane), no_normal())
        store_number(bundle, more.NEAR, lane, load_number(bundle, more.NEAR, lane) * direct)
        if not is_point(scene, light):
            store_number(bundle, rows.DISTANCE, lane, 1.0)


@device
def _see_lamp(scene: SceneView, bundle: Bundle, lanes: int) -> int:
    """The same where a flat is the only light; of which lanes it could be done at once."""
    direct, done = pdf_lamp(
        scene,
        load_point_row(bundle, rows.POINT),
        load_point_row(bundle, more.START),
        load_row(bundle, more.START_COS),
        lanes,
    )
    replace_row(bundle, more.NEAR, done, load_row(bundle, more.NEAR) * direct)
    replace_row(bundle, rows.DISTANCE, done, spread_number(1.0))
    return done
