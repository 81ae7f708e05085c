"""A point of a subpath, and how light is scattered there from either side."""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import types

from raywidget.kernels.geometry.hit import Hit
from raywidget.kernels.integrators.bdpt.weights import Ratios
from raywidget.kernels.language.buffers import make_record_stack, make_stack_array
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.sampling import Frame, make_frame, to_local
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.layout import MATERIAL_SIZE
from raywidget.kernels.surfaces.bsdf import eval_bsdf_cos
from raywidget.kernels.surfaces.lobes import Bsdf, BsdfValue

# Paths of more edges than this are left to scattering and next-event estimation, as in `path`: the
# points of a light subpath lie on the stack (32 x 512 bytes), and so far from its ends light is
# spread so evenly that no connection would find more of it.
MAX_EDGES = 32

new_vertices, store_vertex, load_vertex = make_record_stack(512, MAX_EDGES)

# What textures say about the material of each of them, see `bsdf.load_bsdf`.
new_rooms = make_stack_array(types.float32, MATERIAL_SIZE * MAX_EDGES)


class BdptSettings(NamedTuple):
    """What bidirectional path tracing needs of the render settings."""

    max_depth: int  # edges: 1 shows emission, 2 adds direct light
    next_event: bool
    roulette: bool
    # For proofs: the only strategy that counts, with weight 1 (points from the light, and from the
    # camera, the lens included); -1: all of them.
    only_s: int
    only_t: int


class Points(NamedTuple):
    """Where the points of a light subpath are kept, on the stack."""

    vertices: Any  # buffer of MAX_EDGES records, see `load_vertex`
    rooms: Any  # buffer of float32, MATERIAL_SIZE for each


@device
def make_points() -> Points:
    """Room for one light subpath; call it where it is to live."""
    return Points(new_vertices(), new_rooms())


class Vertex(NamedTuple):
    """A point on a surface, with what the subpath carries there."""

    hit: Hit
    bsdf: Bsdf
    wo: Vec3  # to the point before
    inside: int  # shapes that the subpath is in as it arrives, see `medium`
    carried: Vec3  # light, or importance, that arrives: by the density of all points up to here
    ratios: Ratios


@device
def no_normal() -> Vec3:
    """For light sampling: where subpaths meet, either side may be that of the viewer."""
    return vec3(0.0, 0.0, 0.0)


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
def eval_scattering(hit: Hit, bsdf: Bsdf, viewer: Vec3, light: Vec3) -> BsdfValue:
    """BSDF times |cos| of `light` with the shading normal, and the density of drawing `light`.

    Directions are the world's. Both subpaths call it with the same roles, whichever they come
    from: light that goes the other way is scattered alike only where BSDF and normals are symmetric
    (Veach 1997, chapter 5).
    """
    frame = viewed_frame(hit, viewer)
    wo = to_local(frame, viewer)
    wi = to_local(frame, light)
    value = eval_bsdf_cos(bsdf, wo, wi)
    # On the same side of the shading normal, but not of the true surface, or the other way round:
    # nothing leaks through it.
    if (dot(viewer, hit.ng) * dot(light, hit.ng) > 0.0) != (wo.z * wi.z > 0.0):
        return BsdfValue(vec3(0.0, 0.0, 0.0), 0.0)
    return value
