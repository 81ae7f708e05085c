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
    load_brought,
    load_of_points,
    load_share,
    load_vec3_of_points,
    parts_of,
    rooms_of,
    store_connection,
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
    """`scattering.eval_scattering` of lanes; of those in `reversed_lanes` the other way, too.

    What is more than a diffuse surface without a shading normal of its own is told by a function
    that is called for it alone: numbers of 22 rows were handed over for nothing.
    """
    viewer_g = dot(viewer, surfaces.ng)
    light_g = dot(light, surfaces.ng)
    stays = viewer_g * light_g > 0.0
    pdf = choose(stays, lanes_abs(light_g) * INV_PI, 0.0)
    back = choose(stays, lanes_abs(viewer_g) * INV_PI, 0.0)
    f_cos = surfaces.color * pdf
    lanes &= surfaces.smooth | surfaces.other
    if lanes != 0:
        _scatter_between(scene, bundle, surfaces, lanes, reversed_lanes, viewer, light)
        is_rest = lanes_in(lanes)
        f_cos = choose_vec3(is_rest, load_point_row(bundle, rows.VALUE), f_cos)
        pdf = choose(is_rest, load_row(bundle, rows.VALUE_PDF), pdf)
        back = choose(is_rest, load_row(bundle, more.VALUE_BACK), back)
    return Scattering(f_cos, pdf, back)


@rare
@device
def _scatter_between(
    scene: SceneView,
    bundle: Bundle,
    surfaces: Surfaces,
    lanes: int,
    reversed_lanes: int,
    viewer: Vec3,
    light: Vec3,
) -> None:
    """The same of all kinds of surfaces: VALUE, VALUE_PDF and VALUE_BACK."""
    viewer_g = dot(viewer, surfaces.ng)
    light_g = dot(light, surfaces.ng)
    stays_g = viewer_g * light_g > 0.0
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
    other = surfaces.other & lanes
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
    store_point_row(bundle, rows.VALUE, choose_vec3(leaks, 0.0, f_cos))
    store_row(bundle, rows.VALUE_PDF, choose(leaks, 0.0, pdf))
    store_row(bundle, more.VALUE_BACK, choose(stays_back ^ stays_g, 0.0, back))


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
    """Keep the points that light subpaths have arrived at.

    Of plain ones (diffuse, without a shading normal of their own) all that depends on where light
    came from is counted in already, and the normal is that of its side.
    """
    depth = as_floats(load_word_row(bundle, rows.DEPTH))
    store_row(bundle, more.POINTS, choose(lanes_in(lanes), depth, load_row(bundle, more.POINTS)))
    cos = dot(surfaces.wo, surfaces.ng)
    is_plain = lanes_in(~(surfaces.other | surfaces.smooth))
    kind = choose(is_plain, more.POINT_PLAIN, spread_number(more.POINT_SMOOTH))
    kind = choose(lanes_in(surfaces.other), more.POINT_OTHER, kind)
    kind = choose(lanes_in(specular), more.POINT_SPECULAR, kind)
    brought = load_point_row(bundle, more.EMITTED) * load_point_row(bundle, rows.THROUGHPUT)
    value = choose_vec3(is_plain, surfaces.color * INV_PI, 1.0 / lanes_abs(cos))
    brought = brought * value
    far = ratios.far * choose(is_plain, lanes_abs(cos) * INV_PI, 1.0)
    ng = surfaces.ng * choose(is_plain & (cos < 0.0), -1.0, spread_number(1.0))
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
        taken = lane_mask(same)
        left &= ~taken
        store_vec3_to_points(points, index, more.POINT_P, same, surfaces.p)
        store_vec3_to_points(points, index, more.POINT_NG, same, ng)
        store_to_points(points, index, more.POINT_OFFSET, same, surfaces.offset)
        store_vec3_to_points(points, index, more.POINT_BROUGHT, same, brought)
        store_to_points(points, index, more.POINT_NEAR, same, ratios.near)
        store_to_points(points, index, more.POINT_FAR, same, far)
        store_to_points(points, index, more.POINT_KIND, same, kind)
        if taken & ~specular & (surfaces.other | surfaces.smooth) != 0:
            store_vec3_to_points(points, index, more.POINT_NS, same, surfaces.ns)
            store_vec3_to_points(points, index, more.POINT_WO, same, surfaces.wo)
            store_vec3_to_points(points, index, more.POINT_COLOR, same, surfaces.color)


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
    # Points of the light subpath, as far as there are edges left for them
    longest = single(min(settings.max_depth, MAX_EDGES)) - 1.0
    count = lanes_min(load_row(bundle, more.POINTS), longest - depth)
    plain = lanes & ~(surfaces.other | surfaces.smooth)
    carried = load_point_row(bundle, rows.THROUGHPUT) * surfaces.color
    cos_o = dot(surfaces.wo, surfaces.ng)
    side = choose(cos_o < 0.0, -1.0, spread_number(1.0))
    ng = surfaces.ng * side
    far = ratios.far * (lanes_abs(cos_o) * INV_PI)
    total = spread_number(0.0)
    index = 0
    while True:
        going = lanes & lane_mask(count > single(index))
        if going == 0:
            break
        kind = load_of_points(points, index, more.POINT_KIND)
        usable = going & lane_mask(kind > more.POINT_SPECULAR)
        if settings.only_s >= 0 and settings.only_s != index + 2:
            usable = 0
        # --- Diffuse surfaces: their densities differ from each other by constants ----------------
        to_light = load_vec3_of_points(points, index, more.POINT_P) - surfaces.p
        square = dot(to_light, to_light)
        per_square = 1.0 / square
        cos_here = lanes_max(dot(to_light, ng), 0.0)
        cos_there = 0.0 - dot(to_light, load_vec3_of_points(points, index, more.POINT_NG))
        cos_there = lanes_max(cos_there, 0.0)
        geometry = (cos_here * per_square) * (cos_there * per_square) * INV_PI
        brought = load_vec3_of_points(points, index, more.POINT_BROUGHT) * carried * geometry
        if settings.only_s < 0:
            near_there = geometry * load_of_points(points, index, more.POINT_NEAR)
            far_there = geometry * load_of_points(points, index, more.POINT_FAR)
            near_here = geometry * ratios.near
            far_here = geometry * far
            weight = weigh_joined(
                near_there * near_there + far_there * far_there,
                near_here * near_here + far_here * far_here,
            )
            brought = brought * weight
        # --- And all others -----------------------------------------------------------------------
        rest = usable & ~(plain & lane_mask(kind == more.POINT_PLAIN))
        if rest != 0:
            _join_others(scene, bundle, points, index, surfaces, ratios, rest, settings)
            joined = load_point_row(bundle, rows.LIGHT_RADIANCE)
            brought = choose_vec3(lanes_in(rest), joined, brought)
        brightest = lanes_max(brought.x, lanes_max(brought.y, brought.z))
        usable &= lane_mask((brightest > 0.0) & (brightest < _LARGEST))
        share = choose(lanes_in(usable), brightest, 0.0)
        total = total + share
        store_connection(points, index, brought, share)
        index += 1
    joined = lanes & lane_mask(total > 0.0)
    if joined == 0:
        return 0
    # --- One of them ------------------------------------------------------------------------------
    chosen = u * total
    before = spread_number(0.0)
    kept = spread_number(1.0)
    none = spread_number(0.0)
    radiance = vec3(none, none, none)
    end = surfaces.p
    normal = surfaces.ng
    offset = surfaces.offset
    for number in range(index):
        share = load_share(points, number)
        after = before + share
        taken = (chosen >= before) & (chosen < after)
        before = after
        kept = choose(taken, share, kept)
        radiance = choose_vec3(taken, load_brought(points, number), radiance)
        end = choose_vec3(taken, load_vec3_of_points(points, number, more.POINT_P), end)
        normal = choose_vec3(taken, load_vec3_of_points(points, number, more.POINT_NG), normal)
        offset = choose(taken, load_of_points(points, number, more.POINT_OFFSET), offset)
    store_point_row(bundle, rows.LIGHT_RADIANCE, radiance * (total / kept))
    faces = dot(surfaces.p - end, normal) >= 0.0
    target = end + normal * choose(faces, offset, 0.0 - offset)
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


@rare
@device
def _join_others(
    scene: SceneView,
    bundle: Bundle,
    points: Points,
    index: int,
    surfaces: Surfaces,
    ratios: Ratios,
    lanes: int,
    settings: BdptSettings,
) -> None:
    """What light the points of a number bring to some ends, where either scatters in whatever way:
    LIGHT_RADIANCE, which is 0 where it can't be.
    """
    kind = load_of_points(points, index, more.POINT_KIND)
    is_plain = kind == more.POINT_PLAIN
    others_there = lanes & ~lane_mask(is_plain)
    p = load_vec3_of_points(points, index, more.POINT_P)
    ng = load_vec3_of_points(points, index, more.POINT_NG)
    brought = load_vec3_of_points(points, index, more.POINT_BROUGHT)
    far = load_of_points(points, index, more.POINT_FAR)
    to_light = p - surfaces.p
    square = dot(to_light, to_light)
    per_square = 1.0 / square
    w = to_light * lanes_sqrt(per_square)
    back = vec3(0.0 - w.x, 0.0 - w.y, 0.0 - w.z)
    here = scatter_between(scene, bundle, surfaces, lanes, lanes, surfaces.wo, w)
    lanes &= lane_mask((here.pdf > 0.0) & (square > 0.0))
    cos_there = dot(back, ng)
    there_back = lanes_max(cos_there, 0.0) * INV_PI
    scatters = cos_there > 0.0
    cos_there = lanes_abs(cos_there)
    if others_there != 0:
        ns = load_vec3_of_points(points, index, more.POINT_NS)
        wo = load_vec3_of_points(points, index, more.POINT_WO)
        ends = Surfaces(
            p,
            ng,
            ns,
            load_of_points(points, index, more.POINT_OFFSET),
            wo,
            load_vec3_of_points(points, index, more.POINT_COLOR),
            smooth_lanes(ng, ns),
            others_there & lane_mask(kind == more.POINT_OTHER),
            parts_of(points, index),
            rooms_of(points, index),
        )
        there = scatter_between(scene, bundle, ends, others_there, others_there, back, wo)
        brought = choose_vec3(is_plain, brought, brought * there.f_cos)
        far = choose(is_plain, far, far * there.pdf)
        there_back = choose(is_plain, there_back, there.back)
        scatters = choose(is_plain, cos_there * there_back, there.pdf) > 0.0
    lanes &= lane_mask(scatters)
    per_cos_there = cos_there * per_square
    throughput = load_point_row(bundle, rows.THROUGHPUT)
    brought = brought * throughput * here.f_cos * per_cos_there
    if settings.only_s < 0:
        near = load_of_points(points, index, more.POINT_NEAR)
        per_cos_here = lanes_abs(dot(w, surfaces.ng)) * per_square
        brought = brought * weigh_joined(
            others(Ratios(near, far), here.pdf * per_cos_there, 1.0),
            others(ratios, there_back * per_cos_here, here.back),
        )
    store_point_row(bundle, rows.LIGHT_RADIANCE, choose_vec3(lanes_in(lanes), brought, 0.0))
