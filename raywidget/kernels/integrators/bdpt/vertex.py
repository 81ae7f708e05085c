"""A point of a subpath, and what the points of one lie in."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from raywidget.kernels.geometry.surface_point import Hit
from raywidget.kernels.integrators.bdpt.weights import Ratios
from raywidget.kernels.language.buffers import make_record_stack, make_stack_array
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.language.vec3 import Vec3, vec3
from raywidget.kernels.layout import MATERIAL_SIZE
from raywidget.kernels.surfaces.lobes import Bsdf

# Paths of more edges than this are left to scattering and next-event estimation, as in `path`: the
# points of a light subpath lie on the stack (32 x 512 bytes), and so far from its ends light is
# spread so evenly that no connection would find more of it.
MAX_EDGES = 32

new_vertices, store_vertex, load_vertex = make_record_stack(512, MAX_EDGES)

# What textures say about the material of each of them, see `bsdf.load_bsdf`.
new_rooms = make_stack_array(types.float32, MATERIAL_SIZE * MAX_EDGES)


UNBOUNDED: Any = np.float32(np.inf)


class BdptSettings(NamedTuple):
    """What bidirectional path tracing needs of the render settings."""

    max_depth: int  # edges: 1 shows emission, 2 adds direct light
    next_event: bool
    roulette: bool
    # For proofs: the only strategy that counts, with weight 1 (points from the light, and from the
    # camera, the lens included); -1: all of them.
    only_s: int
    only_t: int
    bound: float = UNBOUNDED  # see `bound`


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
