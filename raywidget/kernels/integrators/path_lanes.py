"""The steps of a path that differ from one to the next: one lane of a bundle after the other.

`path` calls them, and does what is the same for all paths.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from raywidget.kernels.geometry.clipping import (
    find_closest_of_finite,
)
from raywidget.kernels.geometry.hit import bare_material, make_hit
from raywidget.kernels.geometry.surface_point import spawn_origin
from raywidget.kernels.geometry.traverse import RayHit
from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bound import add_within, is_bounded
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_number,
    load_point,
    load_point_row,
    load_row,
    load_row_of,
    load_sequence,
    load_word,
    load_word_row,
    replace_word_row,
    room_of,
    store_number,
    store_point,
    store_point_row,
    store_row,
    store_word,
    store_word_row,
)
from raywidget.kernels.integrators.catcher import catch_light, is_catcher
from raywidget.kernels.integrators.caustics.chains import (
    follows_chains,
    is_chained,
    may_be_found,
    ratio_at_surface,
    share_beside,
    weigh_images,
)
from raywidget.kernels.integrators.space import (
    FOUND_PASSED,
    NO_MATERIAL,
    go_on,
    go_straight_on,
    in_space,
    passed_before,
)
from raywidget.kernels.integrators.surface_lanes import (
    FOUND_FLAT,
    FOUND_TEXTURED,
    note_flat,
    note_surface,
)
from raywidget.kernels.integrators.texture_lanes import (
    draw_surfaces,
    paint_diffuse,
    tilt_surfaces,
)
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.random import GROUP_CHOICE, GROUPS_PER_EDGE
from raywidget.kernels.language.sampling import power_heuristic
from raywidget.kernels.language.scalars import index32
from raywidget.kernels.language.simd import (
    as_floats,
    choose,
    lanes_in,
    lanes_max,
    spread_number,
    spread_word,
)
from raywidget.kernels.language.vec3 import Vec3, load_vec3, vec3
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import (
    DIFFUSE,
    ENVIRONMENT_BACKGROUND,
    ENVIRONMENT_LIGHT,
    MEDIUM_WORLD,
    MISS,
    SceneView,
)
from raywidget.kernels.lights.emitter import (
    emitted_radiance,
    eval_missed,
    pdf_light_hit,
)
from raywidget.kernels.lights.environment import is_image, look_at_image
from raywidget.kernels.lights.light_choice import far_probability
from raywidget.kernels.lights.portal import look_beside
from raywidget.kernels.surfaces.bsdf import (
    eval_bsdf_cos,
    is_specular,
    load_textures,
    sample_bsdf,
    transmits,
    view_bsdf,
)
from raywidget.kernels.surfaces.surface import (
    MAX_PASSED,
    is_interface,
    is_special,
    is_unlit,
    pass_through,
    resolve_surface,
    unlit_radiance,
)
from raywidget.kernels.volumes.medium import (
    in_sight,
    innermost,
    inside_towards,
    transmittance,
)

INFINITY = float("inf")
UNBOUNDED: Any = np.float32(np.inf)

# What `arrive` finds at the end of an edge
FOUND_END = 1  # nothing that the path could go on from
FOUND_DIFFUSE = 2
FOUND_OTHER = 4
FOUND_SPECULAR = 8
FOUND_TRANSMITS = 16
FOUND_IMAGE = 64  # an image infinitely far away, or a sky with portals: `add_images` adds it
FOUND_FIRST = 128  # the first surface of a path; of those two, where photons are sent
FOUND_CHAINED = 256  # see `caustics.chains`
# From there on, and FOUND_FLAT: see `surface_lanes`


class Arrival(NamedTuple):
    """What `arrive` has done."""

    found: int  # FOUND_*
    rays: int


class PathSettings(NamedTuple):
    """What paths need of the render settings."""

    max_depth: int  # edges: 1 shows emission, 2 adds direct light
    next_event: bool
    roulette: bool
    bound: float = UNBOUNDED  # see `bound`
    casters: Any = None  # `caustics.Casters`, where photons are sent
    space: Any = None  # not None where light may be scattered between surfaces: see `space`


@device
def arrive(
    scene: SceneView, bundle: Bundle, lane: int, lattice: bool, settings: PathSettings
) -> Arrival:
    """Add the emission that an edge has found, and load the surface at its end.

    Beyond surfaces that let the path pass, trace it further.
    """
    o = load_point(bundle, rows.ORIGIN, lane)
    d = load_point(bundle, rows.DIRECTION, lane)
    depth = load_word(bundle, rows.DEPTH, lane)
    passed = 0  # surfaces that have let the path pass
    shot = 0  # rays of a catcher
    while True:
        if passed == 0:
            ray = traced(bundle, lane)
        else:
            ray = find_closest_of_finite(scene, 0, o, d, INFINITY)
        if scene.medium_count > 0 and not in_space(settings):
            inside = bundle.inside[lane]
            if depth == 1 and scene.has_unseen:
                inside = in_sight(scene, inside)
            through = transmittance(scene, inside, ray.t)
            store_point(
                bundle, rows.THROUGHPUT, lane, load_point(bundle, rows.THROUGHPUT, lane) * through
            )
        if ray.slot == MISS:
            is_backdrop = depth == 1 and scene.has_backdrop
            if (is_image(scene) or scene.portal_count > 0) and not is_backdrop:
                return Arrival(FOUND_END | FOUND_IMAGE, passed + 1 + shot)
            # Only images are sought, and portals: what else there is counts in full.
            add_light(
                bundle,
                lane,
                eval_missed(scene, d, depth, _behind(scene, bundle, lane)),
                settings,
                depth,
            )
            return Arrival(FOUND_END, passed + 1 + shot)
        material = bare_material(scene, ray.slot, ray.instance)
        if material >= 0 and depth < settings.max_depth:
            note_flat(scene, bundle, lane, ray)
            store_word(bundle, rows.MATERIAL, lane, material)
            found = load_material(scene, bundle, lane, material, settings)
            return Arrival(FOUND_FLAT | found, passed + 1 + shot)
        noted = note_surface(scene, bundle, lane, ray, passed == 0)
        if noted.found != 0:
            if depth >= settings.max_depth:
                return Arrival(FOUND_END, passed + 1 + shot)
            store_word(bundle, rows.MATERIAL, lane, noted.material)
            found = noted.found
            if found & FOUND_TEXTURED == 0:
                found |= load_material(scene, bundle, lane, noted.material, settings)
            return Arrival(found, passed + 1 + shot)
        hit = make_hit(scene, o, d, ray)
        material = 0 + hit.material
        ns = hit.ns
        if not is_special(scene, hit):
            break
        group = GROUP_CHOICE + GROUPS_PER_EDGE * (depth - 1)
        sequence = load_sequence(bundle, lane, lattice)
        before = passed + passed_before(settings, bundle, lane)
        surface = resolve_surface(scene, hit, sequence, group, before)
        if not surface.passes:
            material = surface.material
            ns = surface.ns
            if depth > 1 or not is_catcher(scene, hit):
                break
            if scene.has_few and passed == 0:
                # Lists round in another way than the tree, in which coverage looks: candidates that
                # are nearly as likely would differ.
                ray = find_closest_of_finite(scene, 0, o, d, INFINITY)
                shot += 1
                if ray.slot != MISS:
                    again = make_hit(scene, o, d, ray)
                    if is_catcher(scene, again):
                        hit = again
            caught = catch_light(scene, hit, d, bundle.inside[lane], sequence)
            shot += caught.rays
            if not caught.is_mirrored:
                shown = eval_missed(scene, d, depth, _behind(scene, bundle, lane))
                add_light(bundle, lane, shown * caught.share, settings, depth)
                return Arrival(FOUND_END, passed + 1 + shot)
            # What is seen in its coat begins another edge.
            depth = 2
            d = caught.wi
            store_word(bundle, rows.DEPTH, lane, depth)
            store_point(bundle, rows.DIRECTION, lane, d)
            if follows_chains(settings):
                store_number(bundle, rows.CHAIN, lane, 0.0)
            if depth > settings.max_depth:
                return Arrival(FOUND_END, passed + 1 + shot)
            if in_space(settings):
                go_on(settings, bundle, lane, hit, d, 0)
                return Arrival(FOUND_PASSED, passed + 1 + shot)
            o = spawn_origin(hit, d)
            passed += 1
            continue
        if in_space(settings):
            go_straight_on(settings, scene, bundle, lane, hit)
            found = FOUND_PASSED if before + 1 < MAX_PASSED else FOUND_END
            return Arrival(found, passed + 1 + shot)
        passed += 1
        if passed == MAX_PASSED:
            return Arrival(FOUND_END, passed + shot)
        if scene.medium_count > 0:
            bundle.inside[lane] = pass_through(scene, bundle.inside[lane], hit, d)
        o = spawn_origin(hit, d)

    if hit.light >= 0:
        weight = 1.0
        scatter_pdf = load_number(bundle, rows.SCATTER_PDF, lane)
        if scatter_pdf > 0.0:
            previous = load_point(bundle, rows.PREVIOUS, lane)
            previous_normal = load_point(bundle, rows.PREVIOUS_NORMAL, lane)
            pdf = pdf_light_hit(scene, previous, previous_normal, hit, d)
            weight = power_heuristic(scatter_pdf, pdf)
        if may_be_found(settings, bundle, lane, depth):
            ratio = ratio_at_surface(settings, scene, bundle, lane, hit.light, hit.p, hit.ng)
            weight = share_beside(weight, ratio)
        add_light(bundle, lane, emitted_radiance(scene, hit, d) * weight, settings, depth)
    if is_unlit(scene, material):
        add_light(bundle, lane, unlit_radiance(scene, hit, material), settings, depth)
    if in_space(settings) and is_interface(scene, hit):
        go_straight_on(settings, scene, bundle, lane, hit)
        return Arrival(FOUND_PASSED, passed + 1 + shot)
    if depth >= settings.max_depth:
        return Arrival(FOUND_END, passed + 1 + shot)

    store_point(bundle, rows.POINT, lane, hit.p)
    store_point(bundle, rows.NORMAL, lane, hit.ng)
    store_point(bundle, rows.SHADING_NORMAL, lane, ns)
    store_number(bundle, rows.OFFSET, lane, hit.offset)
    store_word(bundle, rows.MATERIAL, lane, hit.material)
    load_textures(scene, hit, material, room_of(bundle, lane))
    return Arrival(load_material(scene, bundle, lane, material, settings), passed + 1 + shot)


@device
def draw_textures(
    scene: SceneView, bundle: Bundle, textured: int, mapped: int, settings: PathSettings
) -> None:
    """Look up what the surfaces look like that `note_surface` has noted, and what they are then."""
    if mapped != 0:
        tilt_surfaces(scene, bundle, mapped)
    if not follows_chains(settings):
        painted = paint_diffuse(scene, bundle, textured)
        found = load_word_row(bundle, rows.FOUND) | FOUND_DIFFUSE
        replace_word_row(bundle, rows.FOUND, painted, found)
        textured &= ~painted
    if textured != 0:
        draw_surfaces(scene, bundle, textured)
    while textured != 0:
        lane = lowest_bit(textured)
        textured &= textured - 1
        material = load_word(bundle, rows.MATERIAL, lane)
        found = load_material(scene, bundle, lane, material, settings)
        store_word(bundle, rows.FOUND, lane, load_word(bundle, rows.FOUND, lane) | found)


@device
def _behind(scene: SceneView, bundle: Bundle, lane: int) -> Vec3:
    """What a backdrop shows in the pixel of a path."""
    if scene.has_backdrop:
        return load_point(bundle, rows.BEHIND, lane)
    return vec3(0.0, 0.0, 0.0)


@device
def load_material(
    scene: SceneView, bundle: Bundle, lane: int, material: int, settings: PathSettings
) -> int:
    """Note what scatters where a path has arrived: FOUND_*."""
    store_word(bundle, rows.PART, lane, material)
    bsdf = view_bsdf(scene, material, room_of(bundle, lane))
    found = 0
    if follows_chains(settings):
        if load_word(bundle, rows.DEPTH, lane) == 1:
            found = FOUND_FIRST
        elif is_chained(settings, bundle, lane, material):
            found = FOUND_CHAINED
    if bsdf.kind == DIFFUSE:
        store_point(bundle, rows.COLOR, lane, bsdf.color)
        return found | FOUND_DIFFUSE
    found |= FOUND_OTHER
    if is_specular(bsdf):
        found |= FOUND_SPECULAR
    if transmits(bsdf):
        found |= FOUND_TRANSMITS
    return found


@device
def traced(bundle: Bundle, lane: int) -> RayHit:
    """Where a ray ends that was traced before."""
    return RayHit(
        load_number(bundle, rows.DISTANCE, lane),
        load_number(bundle, rows.U, lane),
        load_number(bundle, rows.V, lane),
        index32(load_word(bundle, rows.SLOT, lane)),
        index32(load_word(bundle, rows.INSTANCE, lane)),
    )


@device
def add_light(bundle: Bundle, lane: int, emitted: Vec3, settings: PathSettings, edges: int) -> None:
    """Count light that a path has met."""
    if is_bounded(settings.bound, edges):
        radiance = load_point(bundle, rows.RADIANCE, lane)
        carried = load_point(bundle, rows.THROUGHPUT, lane)
        radiance = add_within(settings.bound, radiance, carried, emitted, 1.0)
        store_point(bundle, rows.RADIANCE, lane, radiance)
        return
    brought = load_point(bundle, rows.THROUGHPUT, lane) * emitted
    store_point(bundle, rows.RADIANCE, lane, load_point(bundle, rows.RADIANCE, lane) + brought)


@on_demand
def add_images(scene: SceneView, bundle: Bundle, lanes: int, settings: PathSettings) -> None:
    """Count the light of an image, or of a sky with portals, for the lanes that have found it."""
    d = vec3(
        load_row_of(bundle, rows.DIRECTION, lanes),
        load_row_of(bundle, rows.DIRECTION + 1, lanes),
        load_row_of(bundle, rows.DIRECTION + 2, lanes),
    )
    if scene.portal_count > 0:
        seen = look_beside(scene, load_point_row(bundle, rows.PREVIOUS), d)
    else:
        seen = look_at_image(scene, d)
    light = int(scene.environment[ENVIRONMENT_LIGHT])
    weight = spread_number(1.0)
    if light >= 0:
        probability = far_probability(
            scene,
            load_point_row(bundle, rows.PREVIOUS),
            load_point_row(bundle, rows.PREVIOUS_NORMAL),
            light,
        )
        scatter_pdf = load_row(bundle, rows.SCATTER_PDF)
        shared = power_heuristic(scatter_pdf, probability * seen.pdf)
        weight = choose(scatter_pdf > 0.0, shared, 1.0)
        if follows_chains(settings):
            store_row(bundle, rows.SHARE, weight)
            weigh_images(settings, scene, bundle, lanes)
            weight = load_row(bundle, rows.SHARE)
    radiance = seen.radiance
    if scene.environment[ENVIRONMENT_BACKGROUND] >= 0.0:
        at_once = as_floats(load_word_row(bundle, rows.DEPTH)) == 1.0
        background = load_vec3(scene.environment, ENVIRONMENT_BACKGROUND)
        background = vec3(
            spread_number(background.x), spread_number(background.y), spread_number(background.z)
        )
        radiance = choose_vec3(at_once, background, radiance)
    brought = load_point_row(bundle, rows.THROUGHPUT) * radiance * weight
    brought = choose_vec3(lanes_in(lanes), brought, 0.0)
    if settings.bound < INFINITY:
        brought = within_bound(settings.bound, brought, indirect(bundle, lanes, 0))
    store_point_row(bundle, rows.RADIANCE, load_point_row(bundle, rows.RADIANCE) + brought)


@rare
@device
def indirect(bundle: Bundle, lanes: int, more: int) -> int:
    """Those of whose light a bound holds, with so many edges `more` than they have."""
    result = 0
    while lanes != 0:
        lane = lowest_bit(lanes)
        bit = 1 << lane
        lanes &= lanes - 1
        if is_bounded(0.0, load_word(bundle, rows.DEPTH, lane) + more):
            result |= bit
    return result


@device
def within_bound(bound: float, brought: Vec3, lanes: int) -> Vec3:
    """As `bound.within`, for some lanes."""
    most = lanes_max(brought.x, lanes_max(brought.y, brought.z))
    scale = choose(lanes_in(lanes), bound / most, 1.0)
    return brought * choose(most > bound, scale, 1.0)


@device
def eval_others(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """What surfaces that are not diffuse make of light from LIGHT_LOCAL."""
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        bsdf = view_bsdf(scene, load_word(bundle, rows.PART, lane), room_of(bundle, lane))
        wo = load_point(bundle, rows.WO, lane)
        value = eval_bsdf_cos(bsdf, wo, load_point(bundle, rows.LIGHT_LOCAL, lane))
        store_point(bundle, rows.VALUE, lane, value.f_cos)
        store_number(bundle, rows.VALUE_PDF, lane, value.pdf)


@device
def sample_others(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Draw where surfaces that are not diffuse scatter to."""
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        bsdf = view_bsdf(scene, load_word(bundle, rows.PART, lane), room_of(bundle, lane))
        sample = sample_bsdf(
            bsdf,
            load_point(bundle, rows.WO, lane),
            load_number(bundle, rows.BSDF_U, lane),
            load_number(bundle, rows.BSDF_V, lane),
            load_number(bundle, rows.LOBE, lane),
        )
        store_point(bundle, rows.SAMPLED, lane, sample.wi)
        store_point(bundle, rows.WEIGHT, lane, sample.weight)
        store_number(bundle, rows.SAMPLED_PDF, lane, sample.pdf)
        store_number(bundle, rows.SPECULAR, lane, 1.0 if sample.is_specular else 0.0)
        store_number(bundle, rows.ETA, lane, sample.eta)


@device
def enter_media(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Note what paths are in that have crossed a surface towards SAMPLED."""
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        d = load_point(bundle, rows.SAMPLED, lane)
        bundle.inside[lane] = stack_towards(scene, bundle, lane, d)


@device
def note_media(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Note what the paths of some lanes are in, as far as it is seen."""
    store_word_row(bundle, rows.MEDIUM, spread_word(MEDIUM_WORLD))
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        inside = bundle.inside[lane]
        if scene.has_unseen and load_word(bundle, rows.DEPTH, lane) == 1:
            inside = in_sight(scene, inside)
        store_word(bundle, rows.MEDIUM, lane, innermost(inside))


@device
def stack_towards(scene: SceneView, bundle: Bundle, lane: int, wi: Vec3) -> int:
    """The stack of media in direction `wi` from the end of a path."""
    material = load_word(bundle, rows.MATERIAL, lane)
    if material == NO_MATERIAL:
        return bundle.inside[lane]
    ng = load_point(bundle, rows.NORMAL, lane)
    wo = -load_point(bundle, rows.DIRECTION, lane)
    return inside_towards(scene, bundle.inside[lane], ng, material, wo, wi)
