"""From a ray's end in the tree to everything shading needs to know about the point."""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.curved_hit import ball_hit, round_hit
from raywidget.kernels.geometry.intersect import FLAT_BLOCK
from raywidget.kernels.geometry.surface_point import RAY_OFFSET, Hit, largest, magnitude
from raywidget.kernels.geometry.traverse import RayHit
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.scalars import index32, single
from raywidget.kernels.language.simd import WIDTH, Real, choose, lanes_max, lanes_sqrt
from raywidget.kernels.language.vec3 import Vec3, cross, dot, length, load_vec3, vec3
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import SceneView

_CAPS = -1.5  # codes of caps are less


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
def make_hit(scene: SceneView, o: Vec3, d: Vec3, ray: RayHit) -> Hit:
    """The surface at the end of a ray that hit something."""
    # Each kind of surface is called for once: LLVM inlines what has one caller, which saves a sixth
    # of the instructions of a picture of balls.
    is_cap = scene.clip_count > 0 and ray.u < _CAPS
    code = ray.u
    if is_cap and ray.slot >= layout.VOLUME_SLOT:
        return _on_volume_cut(scene, o, d, ray)
    if is_cap:
        third = 1.0 / 3.0
        u = third if ray.slot < layout.BALL_SLOT else 0.0
        ray = RayHit(ray.t, u, third, ray.slot, ray.instance)
    if ray.slot >= layout.ROUND_SLOT:
        hit = round_hit(scene, o, d, ray)
    elif ray.slot >= layout.BALL_SLOT:
        hit = ball_hit(scene, o, d, ray)
    else:
        hit = _flat_hit(scene, ray)
    if is_cap:
        hit = _on_cap(scene, o, d, ray.t, code, hit)
    return hit


@device
def cap_code(plane: int) -> float:
    """What `RayHit.u` says of a cut by a plane that closes a shape (see `clipping`)."""
    return single(-2 - plane)


@rare
@device
def _on_cap(scene: SceneView, o: Vec3, d: Vec3, t: float, code: float, hit: Hit) -> Hit:
    """On a cut, of the material of what is left behind it; it does not shine."""
    row = int(-1.5 - code) * layout.CLIP_SIZE
    ng = load_vec3(scene.clips, row)
    p = o + d * t
    away = dot(ng, p) - scene.clips[row + layout.CLIP_OFFSET]
    p = p - ng * away
    offset = (largest(p) + largest(o) + abs(scene.clips[row + layout.CLIP_OFFSET])) * RAY_OFFSET
    return Hit(
        p,
        ng,
        ng,
        hit.u,
        hit.v,
        t,
        offset,
        hit.material,
        index32(-1),
        hit.shape,
        hit.primitive,
        hit.slot,
        hit.instance,
        hit.b1,
        hit.b2,
        index32(int(-1.5 - code)),
    )


@rare
@device
def _on_volume_cut(scene: SceneView, o: Vec3, d: Vec3, ray: RayHit) -> Hit:
    """On a cut through a volume."""
    codes = (ray.slot - layout.VOLUME_SLOT) * layout.VOLUME_CODES_SIZE
    plane = int(-1.5 - ray.u)
    row = plane * layout.CLIP_SIZE
    ng = load_vec3(scene.clips, row)
    p = o + d * ray.t
    p = p - ng * (dot(ng, p) - scene.clips[row + layout.CLIP_OFFSET])
    offset = (largest(p) + largest(o) + abs(scene.clips[row + layout.CLIP_OFFSET])) * RAY_OFFSET
    none = index32(-1)
    return Hit(
        p,
        ng,
        ng,
        0.0,
        0.0,
        ray.t,
        offset,
        index32(scene.volume_codes[codes + layout.VOLUME_MATERIAL]),
        none,
        index32(scene.volume_codes[codes + layout.VOLUME_INDEX]),
        none,
        ray.slot,
        none,
        0.0,
        0.0,
        index32(plane),
    )


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
def blend_corners(a: Vec3, b: Vec3, c: Vec3, u: Real, v: Real) -> Vec3:
    """What three corners have, at a point of a triangle; of lanes, lanes."""
    return a * (1.0 - u - v) + b * u + c * v


@device
def shading_normal(ns: Vec3, ng: Vec3) -> Vec3:
    """The unit normal that is made of those of corners; of lanes, lanes.

    They may be opposite, or cancel out; the winding decides what is outside.
    """
    square = dot(ns, ns)
    is_sound = square > 1e-12
    ns = choose_vec3(is_sound, ns * (1.0 / lanes_sqrt(choose(is_sound, square, 1.0))), ng)
    return ns * choose(dot(ns, ng) < 0.0, -1.0, 1.0)


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
            ns = blend_corners(
                load_vec3(scene.vertices, a),
                load_vec3(scene.vertices, b),
                load_vec3(scene.vertices, c),
                ray.u,
                ray.v,
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

    ns = shading_normal(ns, ng) if is_smooth else ng
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
        index32(-1),
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
