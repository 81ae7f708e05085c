"""Connections, of all lanes at once: of subpaths to a light, to the lens, and to each other."""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bdpt import rows as more
from raywidget.kernels.integrators.bdpt.connect import Connection
from raywidget.kernels.integrators.bdpt.subpath import GROUP_SPLAT, Splats, splat_connection
from raywidget.kernels.integrators.bdpt.vertex import (
    MAX_EDGES,
    BdptSettings,
    Points,
    load_of_points,
    load_vec3_of_points,
    parts_of,
    rooms_of,
    store_to_points,
    store_vec3_to_points,
)
from raywidget.kernels.integrators.bdpt.weights import Ratios, others, weigh_joined
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_number,
    load_point,
    load_point_row,
    load_row,
    load_sequence,
    load_word,
    load_word_row,
    store_number,
    store_point,
    store_point_row,
    store_row,
    store_word_row,
)
from raywidget.kernels.integrators.next_event import find_visible, sample_lights
from raywidget.kernels.integrators.path_lanes import PathSettings
from raywidget.kernels.integrators.tile import COUNTER_DROPPED, COUNTER_SPLATS
from raywidget.kernels.language.buffers import advance
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.lane_keys import count_bits, lowest_bit
from raywidget.kernels.language.look_up import gather, whole
from raywidget.kernels.language.sampling import INV_PI, make_frame, to_local
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import (
    Lanes,
    Real,
    as_floats,
    choose,
    lane_mask,
    lanes_abs,
    lanes_in,
    lanes_max,
    lanes_min,
    lanes_sqrt,
    spread_number,
)
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import (
    LIGHT_AREA,
    LIGHT_BALL,
    LIGHT_FLAT,
    LIGHT_KIND,
    LIGHT_PROBABILITY,
    LIGHT_ROUND,
    LIGHT_SIZE,
    MATERIAL_SIZE,
    SceneView,
)
from raywidget.kernels.lights.emission import is_point, pdf_emission
from raywidget.kernels.lights.lamp import is_one_lamp
from raywidget.kernels.sensors.filter import PIXEL
from raywidget.kernels.surfaces.bsdf import eval_bsdf_cos, view_bsdf
from raywidget.kernels.surfaces.surface import visibility_from_lens
from raywidget.kernels.volumes.medium import inside_towards

INFINITY = float("inf")
_REACH = 0.99999  # of the way between two points: the other one is not in between
_LARGEST = 1e30  # of what counts as a number


class Surfaces(NamedTuple):
    """Where subpaths have arrived, a lane for each; what scatters there."""

    p: Vec3
    ng: Vec3  # geometric and shading normal
    ns: Vec3
    offset: Lanes
    wo: Vec3  # to the point before
    color: Vec3  # of those that are diffuse
    smooth: int  # lanes where the two normals differ
    other: int  # lanes where something else scatters
    parts: Any  # its material, and the parameters of that
    rooms: Any


class Scattering(NamedTuple):
    """As `BsdfValue`, of lanes, and the density of the other way."""

    f_cos: Vec3
    pdf: Lanes  # of drawing where light comes from, seen by the viewer
    back: Lanes  # of drawing the viewer


@device
def spawn(surfaces: Surfaces, direction: Vec3) -> Vec3:
    """`surface_point.spawn_origin` of lanes."""
    offset = surfaces.offset
    return surfaces.p + surfaces.ng * choose(
        dot(direction, surfaces.ng) >= 0.0, offset, 0.0 - offset
    )


@device
def is_turned(surfaces: Surfaces, viewer: Vec3) -> Lanes:
    """`scattering.is_turned_away` of lanes."""
    return dot(viewer, surfaces.ng) * dot(viewer, surfaces.ns) <= 0.0


@device
def smooth_lanes(ng: Vec3, ns: Vec3) -> int:
    """Where the two normals differ."""
    return ~lane_mask((ng.x == ns.x) & (ng.y == ns.y) & (ng.z == ns.z))


@device
def scatter_between(
    scene: SceneView,
    bundle: Bundle,
    surfaces: Surfaces,
    lanes: int,
    reversed_lanes: int,
    viewer: Vec3,
    light: Vec3,
) -> Scattering:
    """`scattering.eval_scattering` of lanes; of those in `reversed_lanes` the other way, too."""
    viewer_g = dot(viewer, surfaces.ng)
    light_g = dot(light, surfaces.ng)
    stays_g = viewer_g * light_g > 0.0
    pdf = choose(stays_g, lanes_abs(light_g) * INV_PI, 0.0)
    back = choose(stays_g, lanes_abs(viewer_g) * INV_PI, 0.0)
    f_cos = surfaces.color * pdf
    other = surfaces.other & lanes
    if (surfaces.smooth & lanes) | other != 0:
        viewer_s = dot(viewer, surfaces.ns)
        light_s = dot(light, surfaces.ns)
        # In the frame of who looks at it: see `scattering.viewed_frame`
        turned = viewer_g * viewer_s <= 0.0
        turned_back = light_g * light_s <= 0.0
        cos = choose(turned, light_g, light_s)
        stays = cos * choose(turned, viewer_g, viewer_s) > 0.0
        cos_back = choose(turned_back, viewer_g, viewer_s)
        stays_back = cos_back * choose(turned_back, light_g, light_s) > 0.0
        pdf = choose(stays, lanes_abs(cos) * INV_PI, 0.0)
        back = choose(stays_back, lanes_abs(cos_back) * INV_PI, 0.0)
        f_cos = surfaces.color * pdf
        if other != 0:
            is_other = lanes_in(other)
            frame = make_frame(choose_vec3(turned, surfaces.ng, surfaces.ns))
            _eval_others(
                scene, bundle, surfaces, other, to_local(frame, viewer), to_local(frame, light)
            )
            f_cos = choose_vec3(is_other, load_point_row(bundle, rows.VALUE), f_cos)
            pdf = choose(is_other, load_row(bundle, rows.VALUE_PDF), pdf)
            other &= reversed_lanes
            if other != 0:
                frame = make_frame(choose_vec3(turned_back, surfaces.ng, surfaces.ns))
                _eval_others(
                    scene, bundle, surfaces, other, to_local(frame, light), to_local(frame, viewer)
                )
                back = choose(lanes_in(other), load_row(bundle, rows.VALUE_PDF), back)
        # Light is on the same side of both normals, or of neither.
        leaks = stays ^ stays_g
        f_cos = choose_vec3(leaks, 0.0, f_cos)
        pdf = choose(leaks, 0.0, pdf)
        back = choose(stays_back ^ stays_g, 0.0, back)
    return Scattering(f_cos, pdf, back)


@device
def _eval_others(
    scene: SceneView, bundle: Bundle, surfaces: Surfaces, lanes: int, wo: Vec3, wi: Vec3
) -> None:
    store_point_row(bundle, rows.WO, wo)
    store_point_row(bundle, rows.LIGHT_LOCAL, wi)
    _eval_each(scene, bundle, surfaces.parts, surfaces.rooms, lanes)


@rare
@device
def _eval_each(scene: SceneView, bundle: Bundle, parts: Any, rooms: Any, lanes: int) -> None:
    """What surfaces that are not diffuse scatter to WO of light from LIGHT_LOCAL."""
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        bsdf = view_bsdf(scene, 0 + parts[lane], advance(rooms, lane * MATERIAL_SIZE))
        wo = load_point(bundle, rows.WO, lane)
        value = eval_bsdf_cos(bsdf, wo, load_point(bundle, rows.LIGHT_LOCAL, lane))
        store_point(bundle, rows.VALUE, lane, value.f_cos)
        store_number(bundle, rows.VALUE_PDF, lane, value.pdf)


# --- To a light, and to the lens ------------------------------------------------------------------


@device
def draw_lights(scene: SceneView, bundle: Bundle, lanes: int, path: PathSettings) -> int:
    """Draw a direction to a light for each lane; those that have one.

    LIGHT_EMIT is the density with which a light subpath draws the point that was drawn: by area,
    times that of the light as LIGHT_PDF measures it, and by the cosine under which the ray arrives.
    """
    none = spread_number(0.0)
    store_point_row(bundle, rows.LIT_SIDE, vec3(none, none, none))  # see `no_normal`
    lit = sample_lights(scene, bundle, lanes, path)
    if is_one_lamp(scene):
        emit = scene.lights[LIGHT_PROBABILITY] / scene.lights[LIGHT_AREA] * INV_PI
        store_row(bundle, more.LIGHT_EMIT, spread_number(emit))
    elif lit != 0:
        _note_emission(scene, bundle, lit)
    return lit


@rare
@device
def _note_emission(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """LIGHT_EMIT of lights that lanes have chosen."""
    lights = choose(lanes_in(lanes), whole(load_row(bundle, rows.CHOSEN)), 0)
    at = lights * LIGHT_SIZE
    kind = gather(scene.lights, at + LIGHT_KIND)
    surfaces = (kind == single(LIGHT_FLAT)) | (kind == single(LIGHT_BALL))
    surfaces = surfaces | (kind == single(LIGHT_ROUND))
    area = choose(surfaces, gather(scene.lights, at + LIGHT_AREA), 1.0)
    emit = gather(scene.lights, at + LIGHT_PROBABILITY) / area * INV_PI
    store_row(bundle, more.LIGHT_EMIT, emit)
    lanes &= ~lane_mask(surfaces)
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        light = int(load_number(bundle, rows.CHOSEN, lane))
        wi = load_point(bundle, rows.LIGHT_DIRECTION, lane)
        density = pdf_emission(scene, light, 1.0, -wi)
        if is_point(scene, light):
            reach = load_number(bundle, rows.LIGHT_REACH, lane)
            density = density / (reach * reach)
        store_number(bundle, more.LIGHT_EMIT, lane, density)


@device
def find_visible_from_lens(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """As `next_event.find_visible`, of the lens, where not all is seen."""
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        wi = load_point(bundle, rows.LIGHT_DIRECTION, lane)
        inside = bundle.inside[lane]
        if scene.medium_count > 0:
            ng = load_point(bundle, rows.NORMAL, lane)
            material = load_word(bundle, rows.MATERIAL, lane)
            wo = -load_point(bundle, rows.DIRECTION, lane)
            inside = inside_towards(scene, inside, ng, material, wo, wi)
        share = visibility_from_lens(
            scene,
            load_point(bundle, rows.SHADOW_ORIGIN, lane),
            wi,
            load_number(bundle, rows.LIGHT_REACH, lane),
            inside,
        )
        store_number(bundle, rows.VISIBLE, lane, 1.0)
        arrived = load_point(bundle, rows.LIGHT_RADIANCE, lane) * share
        store_point(bundle, rows.LIGHT_RADIANCE, lane, arrived)


@device
def splat(
    bundle: Bundle,
    lanes: int,
    lattice: bool,
    splats: Splats,
    settings: BdptSettings,
) -> None:
    """Note what RADIANCE of light arrives at the lens from points that see it."""
    radiance = load_point_row(bundle, rows.LIGHT_RADIANCE) * load_row(bundle, rows.VISIBLE)
    brightest = lanes_max(radiance.x, lanes_max(radiance.y, radiance.z))
    lanes &= lane_mask(brightest > 0.0)
    if lanes == 0:
        return
    store_point_row(bundle, rows.LIGHT_RADIANCE, radiance)
    if splats.filter.kind == PIXEL and not settings.bound < INFINITY:
        size = lanes_abs(radiance.x) + lanes_abs(radiance.y) + lanes_abs(radiance.z)
        _splat_pixels(bundle, lanes, splats, lanes & ~lane_mask(size < INFINITY))
        return
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        count = load_word(bundle, rows.DEPTH, lane)
        x = load_number(bundle, more.LENS_X, lane)
        y = load_number(bundle, more.LENS_Y, lane)
        found = Connection(load_point(bundle, rows.LIGHT_RADIANCE, lane), 1, x, y)
        sequence = load_sequence(bundle, lane, lattice)
        splat_connection(splats, sequence, GROUP_SPLAT + count, found, settings, count + 1)


@device
def _splat_pixels(bundle: Bundle, lanes: int, splats: Splats, infinite: int) -> None:
    """The same, where all light counts for the pixel that is met: places for all lanes at once."""
    log = splats.log
    x = (load_row(bundle, more.LENS_X) + 1.0) * (0.5 * single(splats.width))
    y = (1.0 - load_row(bundle, more.LENS_Y)) * (0.5 * single(splats.height))
    column = whole(lanes_min(x, single(splats.width - 1)))
    row = whole(lanes_min(y, single(splats.height - 1)))
    pixel = row * splats.width + column
    half = load_word_row(bundle, rows.HALF)
    store_word_row(bundle, rows.PRIMITIVE, pixel * 2 + half)
    count = log.counters[COUNTER_SPLATS]
    log.counters[COUNTER_DROPPED] = log.counters[COUNTER_DROPPED] + count_bits(infinite)
    lanes &= ~infinite
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        log.places[count] = load_word(bundle, rows.PRIMITIVE, lane)
        for k in range(3):
            log.values[3 * count + k] = load_number(bundle, rows.LIGHT_RADIANCE + k, lane)
        count += 1
    log.counters[COUNTER_SPLATS] = count


# --- Between subpaths -----------------------------------------------------------------------------


@device
def keep_points(
    bundle: Bundle, points: Points, surfaces: Surfaces, ratios: Ratios, lanes: int, specular: int
) -> None:
    """Keep the points that light subpaths have arrived at."""
    cos = lanes_abs(dot(surfaces.wo, surfaces.ng))
    brought = load_point_row(bundle, more.EMITTED) * load_point_row(bundle, rows.THROUGHPUT)
    brought = brought * (1.0 / cos)
    depth = as_floats(load_word_row(bundle, rows.DEPTH))
    store_row(bundle, more.POINTS, choose(lanes_in(lanes), depth, load_row(bundle, more.POINTS)))
    kind = choose(lanes_in(surfaces.other), more.POINT_OTHER, spread_number(more.POINT_DIFFUSE))
    kind = choose(lanes_in(specular), more.POINT_SPECULAR, kind)
    left = lanes & surfaces.other & ~specular
    while left != 0:
        lane = lowest_bit(left)
        left &= left - 1
        index = load_word(bundle, rows.DEPTH, lane) - 1
        parts_of(points, index)[lane] = load_word(bundle, rows.PART, lane)
        room = advance(rooms_of(points, index), lane * MATERIAL_SIZE)
        for column in range(MATERIAL_SIZE):
            room[column] = bundle.rooms[lane * MATERIAL_SIZE + column]
    left = lanes
    while left != 0:  # those with the same number of points at once
        count = load_word(bundle, rows.DEPTH, lowest_bit(left))
        index = count - 1
        same = (depth == count) & lanes_in(lanes)
        left &= ~lane_mask(same)
        store_vec3_to_points(points, index, more.POINT_P, same, surfaces.p)
        store_vec3_to_points(points, index, more.POINT_NG, same, surfaces.ng)
        store_vec3_to_points(points, index, more.POINT_NS, same, surfaces.ns)
        store_to_points(points, index, more.POINT_OFFSET, same, surfaces.offset)
        store_vec3_to_points(points, index, more.POINT_WO, same, surfaces.wo)
        store_vec3_to_points(points, index, more.POINT_BROUGHT, same, brought)
        store_vec3_to_points(points, index, more.POINT_COLOR, same, surfaces.color)
        store_to_points(points, index, more.POINT_NEAR, same, ratios.near)
        store_to_points(points, index, more.POINT_FAR, same, ratios.far)
        store_to_points(points, index, more.POINT_KIND, same, kind)


@device
def join_subpaths(
    scene: SceneView,
    bundle: Bundle,
    points: Points,
    surfaces: Surfaces,
    ratios: Ratios,
    lanes: int,
    u: Real,
    settings: BdptSettings,
) -> int:
    """Join the ends of camera subpaths to the light subpaths of their samples; lanes that could be.

    Of all connections of an end one is chosen, in proportion to what it brings if nothing stands in
    between, and brings as much as all of them (resampled importance sampling; Talbot, Cline and
    Egbert 2005). VISIBLE and LIGHT_RADIANCE say what it is.
    """
    depth = as_floats(load_word_row(bundle, rows.DEPTH))
    throughput = load_point_row(bundle, rows.THROUGHPUT)
    count = load_row(bundle, more.POINTS)
    longest = min(settings.max_depth, MAX_EDGES)
    total = spread_number(0.0)
    kept = spread_number(1.0)
    target = surfaces.p
    radiance = choose_vec3(lanes_in(0), throughput, 0.0)
    index = 0
    while index < longest:
        # Lanes that have so many points, and edges left for this one
        going = lanes & lane_mask((count > index) & (depth + (index + 2.0) <= longest))
        if going == 0:
            break
        kind = load_of_points(points, index, more.POINT_KIND)
        usable = going & lane_mask(kind > more.POINT_SPECULAR)
        if settings.only_s >= 0 and settings.only_s != index + 2:
            usable = 0
        if usable != 0:
            ng = load_vec3_of_points(points, index, more.POINT_NG)
            ns = load_vec3_of_points(points, index, more.POINT_NS)
            ends = Surfaces(
                load_vec3_of_points(points, index, more.POINT_P),
                ng,
                ns,
                load_of_points(points, index, more.POINT_OFFSET),
                load_vec3_of_points(points, index, more.POINT_WO),
                load_vec3_of_points(points, index, more.POINT_COLOR),
                smooth_lanes(ng, ns),
                usable & lane_mask(kind == more.POINT_OTHER),
                parts_of(points, index),
                rooms_of(points, index),
            )
            to_light = ends.p - surfaces.p
            square = dot(to_light, to_light)
            per_square = 1.0 / square
            w = to_light * lanes_sqrt(per_square)
            back = vec3(0.0 - w.x, 0.0 - w.y, 0.0 - w.z)
            here = scatter_between(scene, bundle, surfaces, usable, usable, surfaces.wo, w)
            usable &= lane_mask((here.pdf > 0.0) & (square > 0.0))
            there = scatter_between(scene, bundle, ends, usable, usable, back, ends.wo)
            usable &= lane_mask(there.pdf > 0.0)
            if usable != 0:
                per_cos_there = lanes_abs(dot(w, ends.ng)) * per_square
                brought = load_vec3_of_points(points, index, more.POINT_BROUGHT)
                brought = brought * throughput * here.f_cos * there.f_cos * per_cos_there
                if settings.only_s < 0:
                    ends_ratios = Ratios(
                        load_of_points(points, index, more.POINT_NEAR),
                        load_of_points(points, index, more.POINT_FAR),
                    )
                    per_cos_here = lanes_abs(dot(w, surfaces.ng)) * per_square
                    brought = brought * weigh_joined(
                        others(ends_ratios, here.pdf * per_cos_there, there.pdf),
                        others(ratios, there.back * per_cos_here, here.back),
                    )
                brightest = lanes_max(brought.x, lanes_max(brought.y, brought.z))
                usable &= lane_mask((brightest > 0.0) & (brightest < _LARGEST))
                share = choose(lanes_in(usable), brightest, 0.0)
                before = total
                total = total + share
                scaled = u * total
                taken = (scaled < share) & lanes_in(usable)
                # Uniform again
                part = choose(taken, share, before)
                left = choose(taken, scaled, scaled - share) / choose(part > 0.0, part, 1.0)
                u = choose(part > 0.0, left, u)
                kept = choose(taken, share, kept)
                target = choose_vec3(taken, spawn(ends, back), target)
                radiance = choose_vec3(taken, brought, radiance)
        index += 1
    store_point_row(bundle, rows.LIGHT_RADIANCE, radiance * (total / kept))
    joined = lanes & lane_mask(total > 0.0)
    if joined == 0:
        return 0
    origin = spawn(surfaces, target - surfaces.p)
    way = target - origin
    reach = lanes_sqrt(dot(way, way))
    store_point_row(bundle, rows.LIGHT_DIRECTION, way * (1.0 / choose(reach > 0.0, reach, 1.0)))
    store_point_row(bundle, rows.SHADOW_ORIGIN, origin)
    reach = reach * _REACH
    store_row(bundle, rows.LIGHT_REACH, reach)
    find_visible(scene, bundle, joined)
    visible = choose(lanes_in(joined) & (reach > 0.0), load_row(bundle, rows.VISIBLE), 0.0)
    store_row(bundle, rows.VISIBLE, visible)
    return joined
