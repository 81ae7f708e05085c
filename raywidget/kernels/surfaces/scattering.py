"""Scattering between directions of the world: what subpaths and paths through media share.

BSDFs know a local frame only; here the frame is that of the shading normal, or of the true one
where interpolation has turned the surface away from who looks at it. Nothing leaks through: light
must be on the same side of both normals, or of neither.
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.geometry.clipping import find_closest
from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.geometry.surface_point import Hit, spawn_origin
from raywidget.kernels.geometry.traverse import RayHit
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.random import GROUP_CHOICE, Sequence
from raywidget.kernels.language.sampling import Frame, make_frame, to_local, to_world
from raywidget.kernels.language.scalars import index32
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.layout import MISS, SceneView
from raywidget.kernels.surfaces.bsdf import eval_bsdf_cos, sample_bsdf
from raywidget.kernels.surfaces.lobes import Bsdf, BsdfSample, BsdfValue
from raywidget.kernels.surfaces.surface import (
    MAX_PASSED,
    changed_hit,
    is_special,
    pass_through,
    resolve_surface,
)
from raywidget.kernels.volumes.medium import in_sight, transmittance

INFINITY = float("inf")


@device
def is_turned_away(hit: Hit, w: Vec3) -> bool:
    """Has interpolation of normals turned the surface away from a viewer on that side?"""
    return dot(w, hit.ng) * dot(w, hit.ns) <= 0.0


@device
def viewed_frame(hit: Hit, viewer: Vec3) -> Frame:
    """The frame in which the surface scatters light to `viewer`, as in `path`."""
    if is_turned_away(hit, viewer):
        return make_frame(hit.ng)
    return make_frame(hit.ns)


@device
def viewed_side(hit: Hit, viewer: Vec3) -> Vec3:
    """The normal of that frame, on the side of the viewer: where light must be to be reflected."""
    normal = hit.ng if is_turned_away(hit, viewer) else hit.ns
    return normal if dot(viewer, normal) >= 0.0 else -normal


@device
def eval_scattering(hit: Hit, bsdf: Bsdf, viewer: Vec3, light: Vec3) -> BsdfValue:
    """BSDF times |cos| of `light` with the shading normal, and the density of drawing `light`.

    Whoever comes from either side gives the same roles: light that goes the other way is scattered
    alike only where BSDF and normals are symmetric (Veach 1997, chapter 5).
    """
    return _eval_in(viewed_frame(hit, viewer), hit.ng, bsdf, viewer, light)


@device
def eval_between(ng: Vec3, ns: Vec3, bsdf: Bsdf, viewer: Vec3, light: Vec3) -> BsdfValue:
    """The same, of a surface that is told by its two normals."""
    turned = dot(viewer, ng) * dot(viewer, ns) <= 0.0
    return _eval_in(make_frame(ng if turned else ns), ng, bsdf, viewer, light)


@device
def _eval_in(frame: Frame, ng: Vec3, bsdf: Bsdf, viewer: Vec3, light: Vec3) -> BsdfValue:
    wo = to_local(frame, viewer)
    wi = to_local(frame, light)
    value = eval_bsdf_cos(bsdf, wo, wi)
    if (dot(viewer, ng) * dot(light, ng) > 0.0) != (wo.z * wi.z > 0.0):
        return BsdfValue(vec3(0.0, 0.0, 0.0), 0.0)
    return value


class Scattered(NamedTuple):
    """A direction that was drawn."""

    wi: Vec3
    sample: BsdfSample  # in the local frame
    cos_o: float  # with the shading normal, of the viewer; signed
    crosses: bool  # `wi` is on the other side of the surface
    leaks: bool  # on different sides of the two normals: the path ends


@device
def sample_scattering(
    hit: Hit, bsdf: Bsdf, viewer: Vec3, u: float, v: float, lobe: float
) -> Scattered:
    """Draw where light comes from that is scattered to `viewer`; see `sample_bsdf`."""
    frame = viewed_frame(hit, viewer)
    wo = to_local(frame, viewer)
    sample = sample_bsdf(bsdf, wo, u, v, lobe)
    wi = to_world(frame, sample.wi)
    crosses = sample.wi.z * wo.z < 0.0
    leaks = (dot(wi, hit.ng) * dot(viewer, hit.ng) < 0.0) != crosses
    return Scattered(wi, sample, wo.z, crosses, leaks)


class Arrival(NamedTuple):
    """The end of an edge of a subpath."""

    missed: bool  # there is no surface
    lost: bool  # too many surfaces have let it pass
    hit: Hit  # with the shading normal of the normal map, and the whole length of the edge
    material: int  # row of the material tables, no mixture
    inside: int  # shapes that the subpath is in as it arrives, see `medium`
    carried: Vec3
    rays: int


@device
def follow_edge(
    scene: SceneView,
    o: Vec3,
    d: Vec3,
    inside: int,
    carried: Vec3,
    sequence: Sequence,
    group: int,
) -> Arrival:
    """Trace an edge through all that lets it pass; `group` has the numbers that decide on that.

    Media absorb of `carried` what they do; they must not scatter.
    """
    first = find_closest(scene, o, d, INFINITY)
    return follow_traced(scene, o, d, first, inside, carried, sequence, group)


@device
def follow_traced(
    scene: SceneView,
    o: Vec3,
    d: Vec3,
    ray: RayHit,
    inside: int,
    carried: Vec3,
    sequence: Sequence,
    group: int,
) -> Arrival:
    """The same, where the ray has been traced as far as to the first surface."""
    rays = 0
    passed = 0
    travelled = 0.0
    while True:
        rays += 1
        if scene.medium_count > 0:
            medium = inside
            if group == GROUP_CHOICE and scene.has_unseen:
                medium = in_sight(scene, inside)
            carried = carried * transmittance(scene, medium, ray.t)
        if ray.slot == MISS:
            return Arrival(True, False, _no_hit(d), 0, inside, carried, rays)
        hit = make_hit(scene, o, d, ray)
        material = 0 + hit.material  # 64 bits, as the others
        if is_special(scene, hit):
            surface = resolve_surface(scene, hit, sequence, group, passed)
            if surface.passes:
                passed += 1
                if passed == MAX_PASSED:
                    return Arrival(False, True, hit, material, inside, carried, rays)
                travelled += hit.t
                inside = pass_through(scene, inside, hit, d)
                o = spawn_origin(hit, d)
                ray = find_closest(scene, o, d, INFINITY)
                continue
            material = 0 + surface.material
            hit = changed_hit(hit, surface.ns, hit.t)
        if passed > 0:
            hit = changed_hit(hit, hit.ns, hit.t + travelled)
        return Arrival(False, False, hit, material, inside, carried, rays)


@device
def _no_hit(d: Vec3) -> Hit:
    """What stands in an `Arrival` that found no surface."""
    none = index32(-1)
    return Hit(d, d, d, 0.0, 0.0, INFINITY, 0.0, none, none, none, none, none, none, 0.0, 0.0, none)
