"""What a surface is where a ray has hit: opaque there or not, which of a mixture, how it is tilted.

A fraction of opacity, and a share of a mixture, are chances: a path passes, or takes one of the
two. Shadow rays take what is let through. Few scenes have any of this.

Shapes are filled with their interior whether their surface is there or not: who passes through a
hole is inside as much as who is refracted.
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.attributes import hit_tangent
from raywidget.kernels.geometry.clipping import find_closest, is_occluded
from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.geometry.intersect import ROUND_BLOCK
from raywidget.kernels.geometry.surface_point import Hit, spawn_origin
from raywidget.kernels.geometry.traverse import RayHit
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.random import GROUP_CHOICE, Sequence, draw_four
from raywidget.kernels.language.simd import WIDTH, Real, lanes_max
from raywidget.kernels.language.vec3 import Vec3, cross, dot, load_vec3, normalize, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.surfaces.edges import edge_share
from raywidget.kernels.surfaces.texture import eval_texture
from raywidget.kernels.volumes.medium import cross_surface, in_sight, transmittance

INFINITY = float("inf")

# A path ends here after so many surfaces that let it pass between two that do not.
MAX_PASSED = 1 << 10
_PASSED_SHIFT = 20  # numbers of the n-th surface passed come from group + (n << this)


class Surface(NamedTuple):
    """What `resolve_surface` found."""

    passes: bool  # the path goes straight on
    material: int  # row of the material tables, no mixture
    ns: Vec3  # shading normal, with the normal map; unit, on the side of the geometric normal


@device
def is_special(scene: SceneView, hit: Hit) -> bool:
    """Must `resolve_surface` be asked?"""
    flags = scene.material_codes[hit.material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_FLAGS]
    return flags & layout.MATERIAL_SPECIAL != 0


@device
def is_interface(scene: SceneView, hit: Hit) -> bool:
    """Does the surface only separate two media?"""
    return has_flags(scene, hit, layout.MATERIAL_INTERFACE)


@device
def has_flags(scene: SceneView, hit: Hit, flags: int) -> bool:
    """Has what was hit one of these MATERIAL_* flags?"""
    at = hit.material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_FLAGS
    return scene.material_codes[at] & flags != 0


@device
def pass_through(scene: SceneView, inside: int, hit: Hit, d: Vec3) -> int:
    """The stack of shapes behind a surface that lets a ray of direction `d` go straight on."""
    if scene.medium_count == 0:
        return inside
    return cross_surface(scene, inside, hit.material, dot(d, hit.ng) < 0.0)


@on_demand
def resolve_surface(
    scene: SceneView, hit: Hit, sequence: Sequence, group: int, passed: int
) -> Surface:
    """Decide by the last number of a group of `sequence`, the first time, then by others.

    The edge that begins at the camera, whose group is GROUP_CHOICE, passes what is not seen.
    """
    material = hit.material
    if group == GROUP_CHOICE and has_flags(scene, hit, layout.MATERIAL_UNSEEN):
        return Surface(True, material, hit.ns)
    choice = draw_four(sequence, group + (passed << _PASSED_SHIFT)).w
    opacity = eval_opacity(scene, hit)
    if choice >= opacity:
        return Surface(True, material, hit.ns)
    choice /= opacity  # uniform again
    at = material * layout.MATERIAL_CODES_SIZE
    if scene.material_codes[at + layout.MATERIAL_FLAGS] & layout.MATERIAL_EDGED:
        covered = edge_share(scene, hit, material)
        if choice < covered:
            return Surface(False, scene.material_codes[at + layout.MATERIAL_EDGES], hit.ns)
        choice = (choice - covered) / (1.0 - covered)
    while (
        scene.material_codes[material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_KIND]
        == layout.MIX
    ):
        amount = _number(
            scene, hit, material, layout.MATERIAL_AMOUNT, layout.MATERIAL_AMOUNT_TEXTURE
        )
        members = material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_MEMBERS
        if choice < amount:
            choice /= amount
            material = scene.material_codes[members + 1]
        else:
            choice = (choice - amount) / (1.0 - amount)
            material = scene.material_codes[members]
    flags = scene.material_codes[material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_FLAGS]
    if flags & layout.MATERIAL_NORMAL_MAPPED:
        return Surface(False, material, _mapped_normal(scene, hit, material))
    return Surface(False, material, hit.ns)


@device
def is_unlit(scene: SceneView, material: int) -> bool:
    """Does a surface show a share of its colours without light? `material` is no mixture."""
    flags = scene.material_codes[material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_FLAGS]
    return flags & layout.MATERIAL_UNLIT != 0


@device
def unlit_radiance(scene: SceneView, hit: Hit, material: int) -> Vec3:
    """What a surface gives off of its values' colours, to both sides, whatever light there is.

    For what `is_unlit`. It is no lamp: only who arrives by chance finds it, with the full weight.
    """
    at = material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_UNLIT_TEXTURE
    return eval_texture(scene, 0 + scene.material_codes[at], hit)


@device
def eval_opacity(scene: SceneView, hit: Hit) -> float:
    """The share of the surface that is there."""
    flags = scene.material_codes[hit.material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_FLAGS]
    if flags & layout.MATERIAL_MASKED == 0:
        return 1.0
    return _number(
        scene, hit, hit.material, layout.MATERIAL_OPACITY, layout.MATERIAL_OPACITY_TEXTURE
    )


@device
def _number(scene: SceneView, hit: Hit, material: int, column: int, texture_column: int) -> float:
    """A number in [0, 1] of a material, or the mean of its texture's channels."""
    texture = scene.material_codes[material * layout.MATERIAL_CODES_SIZE + texture_column]
    if texture < 0:
        return scene.materials[material * layout.MATERIAL_SIZE + column]
    color = eval_texture(scene, texture, hit)
    return min(1.0, max(0.0, (color.x + color.y + color.z) * (1.0 / 3.0)))


# --- Shadow rays ---------------------------------------------------------------------------------


class Shadow(NamedTuple):
    """What gets to a point from a light."""

    share: Vec3
    rays: int


@device
def visibility(scene: SceneView, o: Vec3, d: Vec3, reach: float, inside: int) -> Vec3:
    """The share of light that gets through from `o` as far as `reach`.

    `inside` is the stack of shapes at `o`, on the side of `d`.
    """
    if scene.has_masks:
        return visibility_through_masks(scene, o, d, reach, inside)
    if is_occluded(scene, o, d, reach):
        return vec3(0.0, 0.0, 0.0)
    if scene.medium_count == 0:
        return vec3(1.0, 1.0, 1.0)
    return transmittance(scene, inside, reach)


@on_demand
def visibility_through_masks(scene: SceneView, o: Vec3, d: Vec3, reach: float, inside: int) -> Vec3:
    """Of all masks and media in between."""
    return trace_shadow(scene, o, d, reach, inside, 0).share


@on_demand
def visibility_from_lens(scene: SceneView, o: Vec3, d: Vec3, reach: float, inside: int) -> Vec3:
    """`visibility` of a point of the lens, where not all is seen."""
    return trace_shadow(scene, o, d, reach, inside, layout.MATERIAL_UNSEEN).share


@device
def trace_shadow(
    scene: SceneView, o: Vec3, d: Vec3, reach: float, inside: int, ignored: int
) -> Shadow:
    """Follow a shadow ray through masks, interfaces and media.

    What has one of the `ignored` MATERIAL_* flags is not there.
    """
    share = vec3(1.0, 1.0, 1.0)
    rays = 0
    passed = 0
    while passed < MAX_PASSED:
        ray = find_closest(scene, o, d, reach)
        rays += 1
        if scene.medium_count > 0:
            medium = inside
            if ignored & layout.MATERIAL_UNSEEN != 0:
                medium = in_sight(scene, inside)
            share = share * transmittance(
                scene, medium, ray.t if ray.slot != layout.MISS else reach
            )
        if ray.slot == layout.MISS:
            return Shadow(share, rays)
        hit = make_hit(scene, o, d, ray)
        if ignored != 0 and has_flags(scene, hit, ignored):
            passed += 1
        elif not is_interface(scene, hit):
            share = share * (1.0 - eval_opacity(scene, hit))
            passed += 1
        if max(share.x, max(share.y, share.z)) <= 0.0:
            break
        inside = pass_through(scene, inside, hit, d)
        o = spawn_origin(hit, d)
        reach -= ray.t
    return Shadow(vec3(0.0, 0.0, 0.0), rays)


# --- What the camera sees ------------------------------------------------------------------------


class InSight(NamedTuple):
    """The first surface that the camera sees along a ray, opaque or not."""

    ray: RayHit  # the last piece, which begins at `o`
    o: Vec3
    travelled: float  # before that


@on_demand
def find_in_sight(scene: SceneView, o: Vec3, d: Vec3) -> InSight:
    """Where a camera ray ends that passes what is not seen."""
    travelled = 0.0
    ray = find_closest(scene, o, d, INFINITY)
    for _ in range(MAX_PASSED):
        if ray.slot == layout.MISS:
            break
        hit = make_hit(scene, o, d, ray)
        if not has_flags(scene, hit, layout.MATERIAL_UNSEEN):
            break
        travelled += ray.t
        o = spawn_origin(hit, d)
        ray = find_closest(scene, o, d, INFINITY)
    return InSight(ray, o, travelled)


# --- Normal maps ---------------------------------------------------------------------------------


@device
def _mapped_normal(scene: SceneView, hit: Hit, material: int) -> Vec3:
    """What a tangent-space map says: x along u, y along v, z along the shading normal."""
    texture = scene.material_codes[
        material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_NORMAL_TEXTURE
    ]
    scale = scene.materials[material * layout.MATERIAL_SIZE + layout.MATERIAL_NORMAL_SCALE]
    tilt = eval_texture(scene, texture, hit) * 2.0 - vec3(1.0, 1.0, 1.0)
    tangent = hit_tangent(scene, hit)
    return tilted_normal(tilt, scale, tangent, _handedness(scene, hit), hit.ns, hit.ng)


@device
def tilted_normal(
    tilt: Vec3, scale: Real, tangent: Vec3, handedness: Real, ns: Vec3, ng: Vec3
) -> Vec3:
    """A normal tilted by a map, no farther than at right angles to the true surface; of lanes,
    lanes.

    `tangent` is at right angles to `ns`.
    """
    bitangent = cross(ns, tangent) * handedness
    n = tangent * (tilt.x * scale) + bitangent * (tilt.y * scale) + ns * lanes_max(tilt.z, 1e-3)
    n = normalize(n)
    return normalize(n + ng * lanes_max(1e-3 - dot(n, ng), 0.0))


@device
def _handedness(scene: SceneView, hit: Hit) -> float:
    """1 where (u direction, v direction, normal) are right-handed, -1 where they are mirrored."""
    if hit.slot >= layout.ROUND_SLOT:
        slot = hit.slot - layout.ROUND_SLOT
        block = slot // WIDTH
        row = block * ROUND_BLOCK + (slot - block * WIDTH)
        return scene.rounds[row + layout.ROUND_SIDE_ROW * WIDTH]
    if hit.slot >= layout.BALL_SLOT:  # v goes up
        return 1.0 if cross(hit.ng, hit_tangent(scene, hit)).y >= 0.0 else -1.0
    sign = 1.0
    corners = scene.primitives[hit.primitive * layout.PRIMITIVE_SIZE + layout.PRIMITIVE_CORNERS]
    if corners >= 0:
        row = corners * layout.CORNERS_SIZE
        if scene.corners[row + layout.CORNERS_FLAGS] & layout.CORNERS_UVS:
            table = scene.vertices
            a = scene.corners[row] * layout.VERTEX_SIZE
            b = scene.corners[row + 1] * layout.VERTEX_SIZE
            c = scene.corners[row + 2] * layout.VERTEX_SIZE
            area = (table[b + 3] - table[a + 3]) * (table[c + 4] - table[a + 4])
            area -= (table[c + 3] - table[a + 3]) * (table[b + 4] - table[a + 4])
            if area < 0.0:
                sign = -1.0
    if hit.instance >= 0:
        place = hit.instance * layout.INSTANCE_SIZE
        x = load_vec3(scene.instances, place)
        y = load_vec3(scene.instances, place + 4)
        z = load_vec3(scene.instances, place + 8)
        if dot(cross(x, y), z) < 0.0:
            sign = -sign
    return sign


@device
def changed_hit(hit: Hit, ns: Vec3, t: float) -> Hit:
    """The same hit with another shading normal, seen by a ray that has come another way."""
    return Hit(
        hit.p,
        hit.ng,
        ns,
        hit.u,
        hit.v,
        t,
        hit.offset,
        hit.material,
        hit.light,
        hit.shape,
        hit.primitive,
        hit.slot,
        hit.instance,
        hit.b1,
        hit.b2,
        hit.cap,
    )
