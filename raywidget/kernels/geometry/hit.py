"""From a ray's end in the tree to everything shading needs to know about the point."""

from __future__ import annotations

import math
from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.intersect import (
    BALL_BLOCK,
    FLAT_BLOCK,
    ROUND_BASE,
    ROUND_BLOCK,
    ROUND_SIDE,
)
from raywidget.kernels.geometry.traverse import RayHit
from raywidget.kernels.language.double import ball_power, round_quadratic
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.sampling import turn_towards
from raywidget.kernels.language.scalars import index32, single
from raywidget.kernels.language.simd import WIDTH, Real, choose, lanes_abs, lanes_max, lanes_sqrt
from raywidget.kernels.language.vec3 import Vec3, cross, dot, length, load_vec3, normalize, vec3
from raywidget.kernels.layout import SceneView

# Rays that leave a surface start this far off it, as a share of the magnitudes that went into the
# point and will go into the next test against the same surface. For flats each axis counts as much
# as it contributes to the normal: on a huge floor y = 0 nothing is rounded along y, and a ball that
# lies on it is not entered from below.
RAY_OFFSET = 2.0**-20

# Large balls and rounds are tested in double precision, where only the rounding of the point itself
# counts, and what is left of theirs where their surface passes through the origin.
LARGE_OFFSET = 2.0**-40
_CAPS = -1.5  # codes of caps are less
_HUGE = 4.0  # times as large as the coordinates of a point on it


class Hit(NamedTuple):
    """A point on a surface."""

    p: Vec3  # on the surface to within rounding
    ng: Vec3  # geometric normal, unit, outwards (flats: edge_u x edge_v)
    ns: Vec3  # shading normal, unit, on the side of `ng`
    u: float  # texture coordinates
    v: float
    t: float  # distance along the ray
    offset: float  # how far off the surface a ray has to start
    material: int  # row of the material tables
    light: int  # row of the light tables, or -1
    shape: int  # index in Scene.shapes
    primitive: int
    slot: int  # what was hit, for what is rarely asked (see `attributes`): layout.BALL_SLOT
    instance: int  # row of `instances`, or -1
    b1: float  # flats: weights of edge_u and edge_v; rounds: cosine and sine of the angle
    b2: float


@device
def largest(a: Vec3) -> float:
    """The largest magnitude of a component."""
    return lanes_max(lanes_abs(a.x), lanes_max(lanes_abs(a.y), lanes_abs(a.z)))


@device
def magnitude(a: Vec3) -> Vec3:
    """The magnitude of each component."""
    return vec3(lanes_abs(a.x), lanes_abs(a.y), lanes_abs(a.z))


@device
def _cross_magnitude(a: Vec3, b: Vec3) -> Vec3:
    """What the magnitudes in a vector product add up to."""
    return vec3(a.y * b.z + a.z * b.y, a.z * b.x + a.x * b.z, a.x * b.y + a.y * b.x)


@device
def _row_magnitudes(x: Vec3, y: Vec3, z: Vec3, p: Vec3) -> Vec3:
    """What the magnitudes in a product of the matrix with rows x, y, z and p add up to."""
    p = magnitude(p)
    return vec3(dot(magnitude(x), p), dot(magnitude(y), p), dot(magnitude(z), p))


@device
def spawn_origin(hit: Hit, direction: Vec3) -> Vec3:
    """Where a ray in `direction` starts so that it does not meet the surface that it leaves."""
    if dot(direction, hit.ng) >= 0.0:
        return hit.p + hit.ng * hit.offset
    return hit.p - hit.ng * hit.offset


@device
def reach_from_spawn(hit: Hit, reach: float) -> float:
    """How far a shadow ray from `spawn_origin` may go so as not to meet what lies `reach` away.

    The ray starts nearer to it by up to the offset, and over there coordinates are as rough.
    """
    return reach - 2.0 * hit.offset


@device
def make_hit(scene: SceneView, o: Vec3, d: Vec3, ray: RayHit) -> Hit:
    """The surface at the end of a ray that hit something."""
    if scene.clip_count > 0 and ray.u < _CAPS:
        return _cap_hit(scene, o, d, ray)
    return _own_hit(scene, o, d, ray)


@device
def cap_code(plane: int) -> float:
    """What `RayHit.u` says of a cut by a plane that closes a shape (see `clipping`)."""
    return single(-2 - plane)


@rare
@device
def _cap_hit(scene: SceneView, o: Vec3, d: Vec3, ray: RayHit) -> Hit:
    """On a cut, of the material of what is left behind it; it does not shine."""
    third = 1.0 / 3.0
    u = third if ray.slot < layout.BALL_SLOT else 0.0
    hit = _own_hit(scene, o, d, RayHit(ray.t, u, third, ray.slot, ray.instance))
    row = int(-1.5 - ray.u) * layout.CLIP_SIZE
    ng = load_vec3(scene.clips, row)
    p = o + d * ray.t
    away = dot(ng, p) - scene.clips[row + layout.CLIP_OFFSET]
    p = p - ng * away
    offset = (largest(p) + largest(o) + abs(scene.clips[row + layout.CLIP_OFFSET])) * RAY_OFFSET
    return Hit(
        p,
        ng,
        ng,
        hit.u,
        hit.v,
        ray.t,
        offset,
        hit.material,
        index32(-1),
        hit.shape,
        hit.primitive,
        hit.slot,
        hit.instance,
        hit.b1,
        hit.b2,
    )


@device
def _own_hit(scene: SceneView, o: Vec3, d: Vec3, ray: RayHit) -> Hit:
    if ray.slot >= layout.ROUND_SLOT:
        return _round_hit(scene, o, d, ray)
    if ray.slot >= layout.BALL_SLOT:
        return _ball_hit(scene, o, d, ray)
    return _flat_hit(scene, ray)


class FlatSurface(NamedTuple):
    """A point of a flat, in its own space."""

    p: Vec3
    ng: Vec3  # unit, edge_u x edge_v
    reach: Real  # see `RAY_OFFSET`


@device
def flat_surface(
    corner: Vec3, edge_u: Vec3, edge_v: Vec3, u: Real, v: Real, large: float
) -> FlatSurface:
    """The point of a flat with weights `u` and `v` of its edges; of lanes, lanes.

    Of edges longer than `large` only the part up to the point counts as rounding.
    """
    normal = cross(edge_u, edge_v)
    # The square of a tiny triangle's would be too small for float32 to be precise.
    scale = choose(dot(normal, normal) < 1e-30, 2.0**60, 1.0)
    normal = normal * scale
    per_length = 1.0 / lanes_sqrt(dot(normal, normal))
    ng = normal * per_length
    # Rounding across the surface: of points, and of the normal itself where edges nearly coincide.
    along_u = magnitude(edge_u)
    along_v = magnitude(edge_v)
    is_large = lanes_max(largest(edge_u), largest(edge_v)) > large
    along = along_u * choose(is_large, u, 1.0) + along_v * choose(is_large, v, 1.0)
    reach = dot(magnitude(ng), magnitude(corner) + along)
    reach = reach + scale * per_length * dot(_cross_magnitude(along_u, along_v), along)
    return FlatSurface(corner + edge_u * u + edge_v * v, ng, reach)


@device
def bare_material(scene: SceneView, slot: int, instance: int) -> int:
    """The material of what was hit, if it is a flat that is told by its edges alone; else -1.

    It is no copy, does not shine, no vertex of it has attributes, and its material is the same
    everywhere (no MATERIAL_FLAGS). That is looked up by where it is in the tree, as neighbours are
    neighbours there: one miss of the cache less for each ray (1.05 times the samples per second in
    a mesh of 328,000 triangles).
    """
    if slot >= layout.BALL_SLOT or instance >= 0:
        return -1
    return 0 + scene.bare_materials[slot]  # 64 bits, as the other


@device
def _flat_hit(scene: SceneView, ray: RayHit) -> Hit:
    block = ray.slot // WIDTH
    row = block * FLAT_BLOCK + (ray.slot - block * WIDTH)
    flats = scene.flats
    corner = vec3(flats[row], flats[row + WIDTH], flats[row + 2 * WIDTH])
    edge_u = vec3(flats[row + 3 * WIDTH], flats[row + 4 * WIDTH], flats[row + 5 * WIDTH])
    edge_v = vec3(flats[row + 6 * WIDTH], flats[row + 7 * WIDTH], flats[row + 8 * WIDTH])
    primitive = scene.flat_references[row + layout.FLAT_PRIMITIVE_ROW * WIDTH]

    flat = flat_surface(corner, edge_u, edge_v, ray.u, ray.v, scene.large_radius)
    p = flat.p
    ng = flat.ng
    ns = ng
    is_smooth = False
    u = ray.u
    v = ray.v

    row = primitive * layout.PRIMITIVE_SIZE
    corners = scene.primitives[row + layout.PRIMITIVE_CORNERS]
    if corners >= 0:
        corner_row = corners * layout.CORNERS_SIZE
        a = scene.corners[corner_row] * layout.VERTEX_SIZE
        b = scene.corners[corner_row + 1] * layout.VERTEX_SIZE
        c = scene.corners[corner_row + 2] * layout.VERTEX_SIZE
        flags = scene.corners[corner_row + layout.CORNERS_FLAGS]
        weight = 1.0 - ray.u - ray.v
        if flags & layout.CORNERS_UVS:
            table = scene.vertices
            u = table[a + 3] * weight + table[b + 3] * ray.u + table[c + 3] * ray.v
            v = table[a + 4] * weight + table[b + 4] * ray.u + table[c + 4] * ray.v
        if flags & layout.CORNERS_NORMALS:
            is_smooth = True
            ns = (
                load_vec3(scene.vertices, a) * weight
                + load_vec3(scene.vertices, b) * ray.u
                + load_vec3(scene.vertices, c) * ray.v
            )

    material = scene.primitives[row + layout.PRIMITIVE_MATERIAL]
    light = scene.primitives[row + layout.PRIMITIVE_LIGHT]
    shape = scene.primitives[row + layout.PRIMITIVE_SHAPE]
    reach = flat.reach
    if ray.instance >= 0:
        p, ng, ns, reach = _to_world(scene, ray.instance, p, ng, ns, reach)
        codes = ray.instance * layout.INSTANCE_CODES_SIZE
        own = scene.instance_codes[codes + layout.INSTANCE_MATERIAL]
        if own >= 0:
            material = own
        first = scene.instance_codes[codes + layout.INSTANCE_LIGHT]
        light = index32(first + light if first >= 0 and light >= 0 else -1)
        shape = scene.instance_codes[codes + layout.INSTANCE_SHAPE]

    if is_smooth:
        # Interpolated normals may be opposite, or cancel out; the winding decides what is outside.
        square = dot(ns, ns)
        if square > 1e-12:
            ns = ns * (1.0 / math.sqrt(square))
        else:
            ns = ng
        if dot(ns, ng) < 0.0:
            ns = -ns
    else:
        ns = ng
    return Hit(
        p,
        ng,
        ns,
        u,
        v,
        ray.t,
        reach * RAY_OFFSET,
        material,
        light,
        shape,
        primitive,
        ray.slot,
        ray.instance,
        ray.u,
        ray.v,
    )


@device
def _to_world(
    scene: SceneView, instance: int, p: Vec3, ng: Vec3, ns: Vec3, reach: float
) -> tuple[Vec3, Vec3, Vec3, float]:
    """A point, its normals and its reach out of the object space of an instance."""
    row = instance * layout.INSTANCE_SIZE
    table = scene.instances
    x = load_vec3(table, row)
    y = load_vec3(table, row + 4)
    z = load_vec3(table, row + 8)
    shift = vec3(table[row + 3], table[row + 7], table[row + 11])
    turned = vec3(dot(x, p), dot(y, p), dot(z, p))
    world_p = turned + shift
    # Normals go by the inverse transpose: the rows of object-from-world are its columns.
    row += 12
    ix = load_vec3(table, row)
    iy = load_vec3(table, row + 3)
    iz = load_vec3(table, row + 6)
    normal = ix * ng.x + iy * ng.y + iz * ng.z
    per_length = 1.0 / length(normal)  # from object space to the world, along the normal
    world_ng = normal * per_length
    world_ns = ix * ns.x + iy * ns.y + iz * ns.z
    # Rays are rounded on the way into object space, this point on the way out.
    inwards = _row_magnitudes(ix, iy, iz, turned)
    outwards = _row_magnitudes(x, y, z, p) + magnitude(shift)
    world_reach = per_length * (reach + dot(magnitude(ng), inwards))
    world_reach += dot(magnitude(world_ng), outwards)
    return world_p, world_ng, world_ns, world_reach


@device
def _ball_hit(scene: SceneView, o: Vec3, d: Vec3, ray: RayHit) -> Hit:
    slot = ray.slot - layout.BALL_SLOT
    block = slot // WIDTH
    row = block * BALL_BLOCK + (slot - block * WIDTH)
    balls = scene.balls
    centre = vec3(balls[row], balls[row + WIDTH], balls[row + 2 * WIDTH])
    radius = balls[row + 3 * WIDTH]
    primitive = scene.ball_references[row + layout.BALL_PRIMITIVE_ROW * WIDTH]

    # Along the outward normal the distance to the centre is the radius to the last bit, whatever
    # the rounding of t.
    away = (o - centre) + d * ray.t  # in this order: small balls may be far from the world's origin
    square = dot(away, away)
    outward = away * (1.0 / math.sqrt(square))
    if square == 0.0:
        outward = -normalize(d)
    if abs(radius) > scene.large_radius:
        return _large_ball_hit(scene, o, d, ray, centre, radius, outward, primitive)
    p = centre + outward * abs(radius)
    offset = (largest(centre) + abs(radius)) * RAY_OFFSET
    return _on_ball(scene, ray, p, outward, radius, offset, primitive)


@rare
@device
def _large_ball_hit(
    scene: SceneView,
    o: Vec3,
    d: Vec3,
    ray: RayHit,
    centre: Vec3,
    radius: float,
    outward: Vec3,
    primitive: int,
) -> Hit:
    """Where an ulp of the radius is too much: the point is put there in double precision."""
    p = centre + outward * abs(radius)
    if abs(radius) > _HUGE * (largest(o) + ray.t * largest(d)):
        p = o + d * ray.t
    power = ball_power(p.x, p.y, p.z, centre.x, centre.y, centre.z, radius)
    p = p - outward * (power / (abs(radius) + math.sqrt(max(0.0, power + radius * radius))))
    offset = largest(p) * RAY_OFFSET + (largest(centre) + abs(radius)) * LARGE_OFFSET
    return _on_ball(scene, ray, p, outward, radius, offset, primitive)


@device
def _on_ball(
    scene: SceneView,
    ray: RayHit,
    p: Vec3,
    outward: Vec3,
    radius: float,
    offset: float,
    primitive: int,
) -> Hit:
    ng = outward if radius > 0.0 else -outward
    # Texture: u once round the y axis, v from the bottom to the top.
    u = 0.5 + turn_towards(outward.z, outward.x)
    across = math.sqrt(outward.x * outward.x + outward.z * outward.z)
    v = 2.0 * turn_towards(across, -outward.y)
    row = primitive * layout.PRIMITIVE_SIZE
    return Hit(
        p,
        ng,
        ng,
        u,
        v,
        ray.t,
        offset,
        scene.primitives[row + layout.PRIMITIVE_MATERIAL],
        scene.primitives[row + layout.PRIMITIVE_LIGHT],
        scene.primitives[row + layout.PRIMITIVE_SHAPE],
        primitive,
        ray.slot,
        ray.instance,
        0.0,
        0.0,
    )


@rare
@device
def _round_hit(scene: SceneView, o: Vec3, d: Vec3, ray: RayHit) -> Hit:
    """On a truncated cone: u once round, v from the middle of the base to its rim, from there along
    the side to the top, and from the rim of the top to its middle, 0 to 1 each.
    """
    slot = ray.slot - layout.ROUND_SLOT
    block = slot // WIDTH
    row = block * ROUND_BLOCK + (slot - block * WIDTH)
    rounds = scene.rounds
    base = vec3(rounds[row], rounds[row + WIDTH], rounds[row + 2 * WIDTH])
    at = row + 3 * WIDTH
    x_axis = vec3(rounds[at], rounds[at + WIDTH], rounds[at + 2 * WIDTH])
    at += 3 * WIDTH
    y_axis = vec3(rounds[at], rounds[at + WIDTH], rounds[at + 2 * WIDTH])
    at += 3 * WIDTH
    axis = vec3(rounds[at], rounds[at + WIDTH], rounds[at + 2 * WIDTH])
    at = row + layout.ROUND_HEIGHT_ROW * WIDTH
    height = rounds[at]
    base_radius = rounds[at + WIDTH]
    top_radius = rounds[at + 2 * WIDTH]
    slope = rounds[at + 3 * WIDTH]
    side = rounds[row + layout.ROUND_SIDE_ROW * WIDTH]
    primitive = scene.round_references[row + layout.ROUND_PRIMITIVE_ROW * WIDTH]

    away = (o - base) + d * ray.t
    x = dot(away, x_axis)
    y = dot(away, y_axis)
    z = dot(away, axis)
    r = math.sqrt(x * x + y * y)
    cos = 1.0
    sin = 0.0
    if r > 0.0:
        cos = x / r
        sin = y / r
    face = int(ray.u)
    if face == ROUND_SIDE:
        # Onto the side, along its normal
        steepness = 1.0 / (1.0 + slope * slope)
        z = min(height, max(0.0, z + slope * steepness * (r - base_radius - slope * z)))
        r = base_radius + slope * z
        along = math.sqrt(steepness)
        outward = x_axis * (cos * along) + y_axis * (sin * along) - axis * (slope * along)
        v = z / height
    elif face == ROUND_BASE:
        z = 0.0
        outward = -axis
        v = min(1.0, r / base_radius)
    else:
        z = height
        outward = axis
        v = max(0.0, 1.0 - r / max(top_radius, 1e-30))
    ng = outward * (side / length(outward))
    p = base + x_axis * (cos * r) + y_axis * (sin * r) + axis * z
    extent = height + max(base_radius, top_radius)
    reach = largest(base) + height + max(base_radius, top_radius)
    offset = reach * RAY_OFFSET
    if extent > scene.large_radius:
        p = _on_large_round(o + d * ray.t, base, axis, base_radius, slope, height, face, outward)
        offset = largest(p) * RAY_OFFSET + reach * LARGE_OFFSET
    row = primitive * layout.PRIMITIVE_SIZE
    return Hit(
        p,
        ng,
        ng,
        0.5 + turn_towards(sin, cos),
        v,
        ray.t,
        offset,
        scene.primitives[row + layout.PRIMITIVE_MATERIAL],
        scene.primitives[row + layout.PRIMITIVE_LIGHT],
        scene.primitives[row + layout.PRIMITIVE_SHAPE],
        primitive,
        ray.slot,
        ray.instance,
        cos,
        sin,
    )


@rare
@device
def _on_large_round(
    p: Vec3,
    base: Vec3,
    axis: Vec3,
    base_radius: float,
    slope: float,
    height: float,
    face: int,
    outward: Vec3,
) -> Vec3:
    """A point that is close to a face, put onto it in double precision."""
    equation = round_quadratic(
        p.x,
        p.y,
        p.z,
        base.x,
        base.y,
        base.z,
        axis.x,
        axis.y,
        axis.z,
        base_radius,
        slope,
        height,
        0.0,
        0.0,
        0.0,
    )
    away = equation[6]  # above the top
    if face == ROUND_BASE:
        away = equation[5]
    elif face == ROUND_SIDE:
        radius = base_radius - slope * equation[5]
        power = equation[2]
        away = power / (radius + math.sqrt(max(0.0, power + radius * radius)))
        away *= 1.0 / math.sqrt(1.0 + slope * slope)
    return p - outward * away
