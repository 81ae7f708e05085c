"""The surfaces at the ends of paths, of all lanes at once.

What most rays meet is a flat, a ball or a round that is no copy and no lamp, of a material that is
what it is wherever a ray comes from. One lane after the other notes which numbers such a surface is
made of (`note_surface`); points, normals and texture coordinates are made of them in vectors.
Whatever else is met, `geometry.hit` tells for one lane.
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.attributes import (
    ball_tangent,
    shortened,
    tangent_beside,
    tangent_by_coordinates,
)
from raywidget.kernels.geometry.curved_hit import ball_coordinates, ball_outward, round_surface
from raywidget.kernels.geometry.hit import blend_corners, flat_surface, shading_normal
from raywidget.kernels.geometry.intersect import BALL_BLOCK, FLAT_BLOCK, ROUND_BLOCK
from raywidget.kernels.geometry.surface_point import RAY_OFFSET, largest
from raywidget.kernels.geometry.traverse import RayHit
from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_point_row,
    load_row,
    replace_point_row,
    replace_row,
    replace_word_row,
    store_nine,
    store_number,
    store_point,
    store_word,
)
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.look_up import gather
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.sampling import turn_towards
from raywidget.kernels.language.simd import (
    WIDTH,
    Lanes,
    choose,
    lane_mask,
    lanes_abs,
    lanes_in,
    lanes_max,
    spread_word,
)
from raywidget.kernels.language.vec3 import Vec3, cross, load_vec3, vec3
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.surfaces.surface import tilted_normal

# What is known of a surface before it is made, beside `path_lanes`' other FOUND_*
FOUND_FLAT = 1 << 5
FOUND_BALL = 1 << 9
FOUND_SMOOTH = 1 << 10  # a triangle whose corners have normals
FOUND_COORDINATES = 1 << 11  # one whose corners have texture coordinates, which are asked for
FOUND_TEXTURED = 1 << 12
FOUND_MAPPED = 1 << 13  # with a normal map
FOUND_ROUND = 1 << 14
FOUND_DRAWN = FOUND_TEXTURED | FOUND_MAPPED
_BLOCK_BITS = WIDTH.bit_length() - 1

# What is asked lane by lane: it depends on chance, on the camera, or shines
_SINGLE = (
    layout.MATERIAL_UNLIT
    | layout.MATERIAL_INTERFACE
    | (layout.MATERIAL_SPECIAL & ~layout.MATERIAL_NORMAL_MAPPED)
)


class Noted(NamedTuple):
    """What `note_surface` has found."""

    found: int  # FOUND_*; 0: the lane has to look for itself
    material: int


@device
def note_flat(scene: SceneView, bundle: Bundle, lane: int, ray: RayHit) -> None:
    """What a flat is made of."""
    block = ray.slot // WIDTH
    row = block * FLAT_BLOCK + (ray.slot - block * WIDTH)
    for number in range(9):
        bundle.numbers[(rows.POINT + number) * WIDTH + lane] = scene.flats[row + number * WIDTH]
    store_number(bundle, rows.U, lane, ray.u)
    store_number(bundle, rows.V, lane, ray.v)


@device
def note_surface(scene: SceneView, bundle: Bundle, lane: int, ray: RayHit, is_first: bool) -> Noted:
    """Note what was met, if it can be made together with what others have met.

    `is_first`: it was met by the ray that the bundle tells of.
    """
    none = Noted(0, 0)
    if ray.slot >= layout.VOLUME_SLOT or ray.instance >= 0 or scene.clip_count > 0:
        return none
    is_round = ray.slot >= layout.ROUND_SLOT
    is_ball = ray.slot >= layout.BALL_SLOT and not is_round
    slot = 0 + ray.slot
    if is_round:
        slot -= layout.ROUND_SLOT
    elif is_ball:
        slot -= layout.BALL_SLOT
    block = slot // WIDTH
    lane_row = slot - block * WIDTH
    if is_round:
        at = block * ROUND_BLOCK + lane_row
        primitive = 0 + scene.round_references[at + layout.ROUND_PRIMITIVE_ROW * WIDTH]
        size = scene.rounds[at + layout.ROUND_HEIGHT_ROW * WIDTH] + max(
            scene.rounds[at + (layout.ROUND_HEIGHT_ROW + 1) * WIDTH],
            scene.rounds[at + (layout.ROUND_HEIGHT_ROW + 2) * WIDTH],
        )
        if size > scene.large_radius or not is_first:
            return none
    elif is_ball:
        at = block * BALL_BLOCK + lane_row
        primitive = 0 + scene.ball_references[at + layout.BALL_PRIMITIVE_ROW * WIDTH]
        radius = scene.balls[at + 3 * WIDTH]
        if abs(radius) > scene.large_radius or not is_first:
            return none
    else:
        at = block * FLAT_BLOCK + lane_row
        primitive = 0 + scene.flat_references[at + layout.FLAT_PRIMITIVE_ROW * WIDTH]
    row = primitive * layout.PRIMITIVE_SIZE
    material = 0 + scene.primitives[row + layout.PRIMITIVE_MATERIAL]
    flags = scene.material_codes[material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_FLAGS]
    if scene.primitives[row + layout.PRIMITIVE_LIGHT] >= 0 or flags & _SINGLE != 0:
        return none
    found = 0
    if flags & layout.MATERIAL_TEXTURED:
        found = FOUND_TEXTURED
    if flags & layout.MATERIAL_NORMAL_MAPPED:
        found |= FOUND_MAPPED
    store_word(bundle, rows.PRIMITIVE, lane, primitive)
    store_word(bundle, rows.SLOT, lane, ray.slot)
    store_number(bundle, rows.DISTANCE, lane, ray.t)
    if is_ball:
        balls = scene.balls
        centre = vec3(balls[at], balls[at + WIDTH], balls[at + 2 * WIDTH])
        store_point(bundle, rows.POINT, lane, centre)
        store_number(bundle, rows.NORMAL, lane, balls[at + 3 * WIDTH])
        return Noted(found | FOUND_BALL, material)
    if is_round:
        _note_round(scene, bundle, lane, at, ray)
        return Noted(found | FOUND_ROUND, material)
    note_flat(scene, bundle, lane, ray)
    corners = scene.primitives[row + layout.PRIMITIVE_CORNERS]
    if corners >= 0:
        found |= _note_corners(scene, bundle, lane, 0 + corners, found & FOUND_DRAWN != 0)
    return Noted(found | FOUND_FLAT, material)


@on_demand
def _note_round(scene: SceneView, bundle: Bundle, lane: int, at: int, ray: RayHit) -> None:
    """What a round is made of."""
    for number in range(9):  # base, x, y
        bundle.numbers[(rows.POINT + number) * WIDTH + lane] = scene.rounds[at + number * WIDTH]
    for number in range(7):  # axis, height, radii, slope
        value = scene.rounds[at + (number + 9) * WIDTH]
        bundle.numbers[(rows.ROUND_AXIS + number) * WIDTH + lane] = value
    side = scene.rounds[at + layout.ROUND_SIDE_ROW * WIDTH]
    store_number(bundle, rows.HANDEDNESS, lane, side)
    store_number(bundle, rows.U, lane, ray.u)


@device
def _note_corners(
    scene: SceneView, bundle: Bundle, lane: int, corners: int, by_coordinates: bool
) -> int:
    """What the corners of a triangle have."""
    row = corners * layout.CORNERS_SIZE
    a = scene.corners[row] * layout.VERTEX_SIZE
    b = scene.corners[row + 1] * layout.VERTEX_SIZE
    c = scene.corners[row + 2] * layout.VERTEX_SIZE
    flags = scene.corners[row + layout.CORNERS_FLAGS]
    table = scene.vertices
    found = 0
    if flags & layout.CORNERS_NORMALS:
        found = FOUND_SMOOTH
        store_nine(
            bundle,
            rows.CORNER_NORMALS,
            lane,
            load_vec3(table, a),
            load_vec3(table, b),
            load_vec3(table, c),
        )
    if by_coordinates and flags & layout.CORNERS_UVS:
        found |= FOUND_COORDINATES
        store_point(bundle, rows.CORNER_UVS, lane, vec3(table[a + 3], table[b + 3], table[c + 3]))
        store_point(
            bundle, rows.CORNER_UVS + 3, lane, vec3(table[a + 4], table[b + 4], table[c + 4])
        )
    return found


class NotedLanes(NamedTuple):
    """What `note_flats` has found, in lanes."""

    lanes: int  # which it has noted
    found: Lanes  # FOUND_*
    material: Lanes


@device
def note_flats(scene: SceneView, bundle: Bundle, lanes: int, slot: Lanes) -> NotedLanes:
    """As `note_surface`, of flats that some lanes have met, but for what `note_flat` notes."""
    block = slot >> _BLOCK_BITS
    place = block * FLAT_BLOCK + (slot - block * WIDTH) + layout.FLAT_PRIMITIVE_ROW * WIDTH
    primitive = gather(scene.flat_references, place)
    primitive = choose(lanes_in(lanes), primitive, spread_word(0))
    row = primitive * layout.PRIMITIVE_SIZE
    material = gather(scene.primitives, row + layout.PRIMITIVE_MATERIAL)
    light = gather(scene.primitives, row + layout.PRIMITIVE_LIGHT)
    corners = gather(scene.primitives, row + layout.PRIMITIVE_CORNERS)
    codes = material * layout.MATERIAL_CODES_SIZE
    flags = gather(scene.material_codes, codes + layout.MATERIAL_FLAGS)
    lanes &= lane_mask((light < 0) & ((flags & _SINGLE) == 0))
    none = spread_word(0)
    is_textured = (flags & layout.MATERIAL_TEXTURED) == layout.MATERIAL_TEXTURED
    is_mapped = (flags & layout.MATERIAL_NORMAL_MAPPED) == layout.MATERIAL_NORMAL_MAPPED
    found = choose(is_textured, spread_word(FOUND_TEXTURED), none)
    found = choose(is_mapped, found | FOUND_MAPPED, found)
    replace_word_row(bundle, rows.PRIMITIVE, lanes, primitive)
    cornered = lanes & lane_mask(corners > -1)
    if cornered != 0:
        row = choose(lanes_in(cornered), corners, none) * layout.CORNERS_SIZE
        flags = gather(scene.corners, row + layout.CORNERS_FLAGS)
        smooth = cornered & lane_mask((flags & layout.CORNERS_NORMALS) == layout.CORNERS_NORMALS)
        laid = cornered & lane_mask((flags & layout.CORNERS_UVS) == layout.CORNERS_UVS)
        laid &= lane_mask((found & FOUND_DRAWN) > 0)
        if smooth | laid != 0:
            for corner in range(3):
                vertex = choose(lanes_in(smooth | laid), gather(scene.corners, row + corner), none)
                at = vertex * layout.VERTEX_SIZE
                if smooth != 0:
                    for k in range(3):
                        number = gather(scene.vertices, at + k)
                        replace_row(bundle, rows.CORNER_NORMALS + 3 * corner + k, smooth, number)
                if laid != 0:
                    for k in range(2):
                        number = gather(scene.vertices, at + (3 + k))
                        replace_row(bundle, rows.CORNER_UVS + 3 * k + corner, laid, number)
        found = choose(lanes_in(smooth), found | FOUND_SMOOTH, found)
        found = choose(lanes_in(laid), found | FOUND_COORDINATES, found)
    return NotedLanes(lanes, found, material)


class LaneSets(NamedTuple):
    """Which lanes have what, see FOUND_*."""

    flat: int
    ball: int
    round: int
    smooth: int
    coordinates: int
    drawn: int  # those with textures, or with a normal map
    mapped: int


@device
def make_surfaces(scene: SceneView, bundle: Bundle, sets: LaneSets) -> None:
    """Points, normals and offsets of the lanes that `note_surface` has noted."""
    if sets.flat != 0:
        _make_flats(scene, bundle, sets)
    if sets.ball != 0:
        _make_balls(scene, bundle, sets)
    if sets.round != 0:
        _make_rounds(scene, bundle, sets)


@device
def _make_flats(scene: SceneView, bundle: Bundle, sets: LaneSets) -> None:
    edge_u = load_point_row(bundle, rows.NORMAL)
    edge_v = load_point_row(bundle, rows.SHADING_NORMAL)
    u = load_row(bundle, rows.U)
    v = load_row(bundle, rows.V)
    corner = load_point_row(bundle, rows.POINT)
    flat = flat_surface(corner, edge_u, edge_v, u, v, scene.large_radius)
    normal = flat.ng
    if sets.smooth != 0:
        first = load_point_row(bundle, rows.CORNER_NORMALS)
        second = load_point_row(bundle, rows.CORNER_NORMALS + 3)
        third = load_point_row(bundle, rows.CORNER_NORMALS + 6)
        blended = shading_normal(blend_corners(first, second, third, u, v), flat.ng)
        normal = choose_vec3(lanes_in(sets.smooth), blended, normal)
    if sets.drawn & sets.flat != 0:
        _lay_flats(scene, bundle, sets, edge_u, edge_v)
    replace_point_row(bundle, rows.POINT, sets.flat, flat.p)
    replace_point_row(bundle, rows.NORMAL, sets.flat, flat.ng)
    replace_point_row(bundle, rows.SHADING_NORMAL, sets.flat, normal)
    replace_row(bundle, rows.OFFSET, sets.flat, flat.reach * RAY_OFFSET)


@on_demand
def _lay_flats(
    scene: SceneView, bundle: Bundle, sets: LaneSets, edge_u: Vec3, edge_v: Vec3
) -> None:
    """Texture coordinates, and how they lie."""
    u = load_row(bundle, rows.U)
    v = load_row(bundle, rows.V)
    of_corners = lanes_in(sets.coordinates)
    corners_u = load_point_row(bundle, rows.CORNER_UVS)
    corners_v = load_point_row(bundle, rows.CORNER_UVS + 3)
    weight = 1.0 - u - v
    at_u = corners_u.x * weight + corners_u.y * u + corners_u.z * v
    at_v = corners_v.x * weight + corners_v.y * u + corners_v.z * v
    replace_row(bundle, rows.HIT_U, sets.flat, choose(of_corners, at_u, u))
    replace_row(bundle, rows.HIT_V, sets.flat, choose(of_corners, at_v, v))
    if sets.mapped & sets.flat == 0:
        return
    b_u = corners_u.y - corners_u.x
    b_v = corners_v.y - corners_v.x
    c_u = corners_u.z - corners_u.x
    c_v = corners_v.z - corners_v.x
    tangent = tangent_by_coordinates(edge_u, edge_v, b_u, b_v, c_u, c_v)
    tangent = choose_vec3(of_corners, tangent, edge_u)
    is_mirrored = of_corners & (b_u * c_v - c_u * b_v < 0.0)
    replace_point_row(bundle, rows.TANGENT, sets.flat, shortened(tangent))
    replace_row(bundle, rows.HANDEDNESS, sets.flat, choose(is_mirrored, -1.0, 1.0))


@device
def _make_balls(scene: SceneView, bundle: Bundle, sets: LaneSets) -> None:
    centre = load_point_row(bundle, rows.POINT)
    radius = load_row(bundle, rows.NORMAL)
    o = load_point_row(bundle, rows.ORIGIN)
    d = load_point_row(bundle, rows.DIRECTION)
    outward = ball_outward(o, d, load_row(bundle, rows.DISTANCE), centre)
    size = lanes_abs(radius)
    ng = outward * choose(radius > 0.0, 1.0, -1.0)
    if sets.drawn & sets.ball != 0:
        _lay_balls(scene, bundle, sets, outward, ng)
    replace_point_row(bundle, rows.POINT, sets.ball, centre + outward * size)
    replace_point_row(bundle, rows.NORMAL, sets.ball, ng)
    replace_point_row(bundle, rows.SHADING_NORMAL, sets.ball, ng)
    replace_row(bundle, rows.OFFSET, sets.ball, (largest(centre) + size) * RAY_OFFSET)


@on_demand
def _lay_balls(scene: SceneView, bundle: Bundle, sets: LaneSets, outward: Vec3, ng: Vec3) -> None:
    """Texture coordinates, and how they lie."""
    u, v = ball_coordinates(outward)
    replace_row(bundle, rows.HIT_U, sets.ball, u)
    replace_row(bundle, rows.HIT_V, sets.ball, v)
    if sets.mapped & sets.ball == 0:
        return
    tangent = ball_tangent(u)
    # v goes up
    is_upright = cross(ng, tangent_beside(tangent, ng)).y >= 0.0
    replace_point_row(bundle, rows.TANGENT, sets.ball, tangent)
    replace_row(bundle, rows.HANDEDNESS, sets.ball, choose(is_upright, 1.0, -1.0))


@on_demand
def _make_rounds(scene: SceneView, bundle: Bundle, sets: LaneSets) -> None:
    base = load_point_row(bundle, rows.POINT)
    x_axis = load_point_row(bundle, rows.NORMAL)
    y_axis = load_point_row(bundle, rows.SHADING_NORMAL)
    axis = load_point_row(bundle, rows.ROUND_AXIS)
    height = load_row(bundle, rows.ROUND_AXIS + 3)
    base_radius = load_row(bundle, rows.ROUND_AXIS + 4)
    top_radius = load_row(bundle, rows.ROUND_AXIS + 5)
    slope = load_row(bundle, rows.ROUND_AXIS + 6)
    met = round_surface(
        load_point_row(bundle, rows.ORIGIN),
        load_point_row(bundle, rows.DIRECTION),
        load_row(bundle, rows.DISTANCE),
        base,
        x_axis,
        y_axis,
        axis,
        height,
        base_radius,
        top_radius,
        slope,
        load_row(bundle, rows.U),
    )
    ng = met.outward * load_row(bundle, rows.HANDEDNESS)
    reach = largest(base) + height + lanes_max(base_radius, top_radius)
    if sets.drawn & sets.round != 0:
        replace_row(bundle, rows.HIT_U, sets.round, 0.5 + turn_towards(met.sin, met.cos))
        replace_row(bundle, rows.HIT_V, sets.round, met.v)
        tangent = y_axis * met.cos - x_axis * met.sin
        replace_point_row(bundle, rows.TANGENT, sets.round, tangent)
    replace_point_row(bundle, rows.POINT, sets.round, met.p)
    replace_point_row(bundle, rows.NORMAL, sets.round, ng)
    replace_point_row(bundle, rows.SHADING_NORMAL, sets.round, ng)
    replace_row(bundle, rows.OFFSET, sets.round, reach * RAY_OFFSET)


@device
def tilt_normals(bundle: Bundle, lanes: int) -> None:
    """Tilt the shading normals of some lanes by what their normal maps say in LOOKED_UP."""
    ns = load_point_row(bundle, rows.SHADING_NORMAL)
    ng = load_point_row(bundle, rows.NORMAL)
    said = load_point_row(bundle, rows.LOOKED_UP)
    tilt = vec3(said.x * 2.0 - 1.0, said.y * 2.0 - 1.0, said.z * 2.0 - 1.0)
    tangent = tangent_beside(load_point_row(bundle, rows.TANGENT), ns)
    scale = load_row(bundle, rows.NORMAL_SCALE)
    tilted = tilted_normal(tilt, scale, tangent, load_row(bundle, rows.HANDEDNESS), ns, ng)
    replace_point_row(bundle, rows.SHADING_NORMAL, lanes, tilted)
