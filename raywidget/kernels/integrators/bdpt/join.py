"""Connections of camera subpaths to light subpaths, of all lanes at once."""

from __future__ import annotations

from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bdpt import rows as more
from raywidget.kernels.integrators.bdpt.scatter import (
    Surfaces,
    scatter_between,
    smooth_lanes,
    spawn,
)
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
    load_point_row,
    load_row,
    load_word,
    load_word_row,
    store_point_row,
    store_row,
)
from raywidget.kernels.integrators.next_event import find_visible
from raywidget.kernels.language.buffers import advance
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.sampling import INV_PI
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import (
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
from raywidget.kernels.language.vec3 import dot, vec3
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import (
    MATERIAL_SIZE,
    SceneView,
)

_REACH = 0.99999  # of the way between two points: the other one is not in between
_LARGEST = 1e30  # of what counts as a number


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
