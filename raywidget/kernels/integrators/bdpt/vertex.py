"""A point of a subpath, and what the points of one lie in."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from raywidget.kernels.geometry.surface_point import Hit
from raywidget.kernels.integrators.bdpt import rows
from raywidget.kernels.integrators.bdpt.weights import Ratios
from raywidget.kernels.language.buffers import advance, make_stack_array
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.simd import WIDTH, Lanes, Real, choose, load_lanes, store_lanes
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.language.vec3 import Vec3, vec3
from raywidget.kernels.layout import MATERIAL_SIZE
from raywidget.kernels.surfaces.lobes import Bsdf

# Paths of more edges than this are left to scattering and next-event estimation, as in `path`: the
# points of light subpaths lie on the stack, and so far from its ends light is spread so evenly that
# no connection would find more of it.
MAX_EDGES = 32

_make_numbers = make_stack_array(types.float32, MAX_EDGES * rows.POINT_ROWS * WIDTH)
_make_connections = make_stack_array(types.float32, MAX_EDGES * 4 * WIDTH)
_make_parts = make_stack_array(types.int32, MAX_EDGES * WIDTH)
_make_rooms = make_stack_array(types.float32, MAX_EDGES * MATERIAL_SIZE * WIDTH)


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
    """Where the points of `WIDTH` light subpaths are kept, on the stack."""

    numbers: Any  # buffer of POINT_ROWS rows for each
    parts: Any  # buffer of int32, a row for each: row of the material tables
    rooms: Any  # buffer of float32, MATERIAL_SIZE for each point of each lane, see `bsdf`
    connections: Any  # buffer of four rows for each: what joining it brings, and its share


@device
def make_points() -> Points:
    """Room for one light subpath in each lane; call it where it is to live."""
    return Points(_make_numbers(), _make_parts(), _make_rooms(), _make_connections())


@device
def parts_of(points: Points, index: int) -> Any:
    """The materials of the points of a number."""
    return advance(points.parts, index * WIDTH)


@device
def rooms_of(points: Points, index: int) -> Any:
    """The parameters of their materials, where they have textures."""
    return advance(points.rooms, index * (MATERIAL_SIZE * WIDTH))


@device
def load_of_points(points: Points, index: int, row: int) -> Any:
    """One number of the points of a number."""
    return load_lanes(points.numbers, (index * rows.POINT_ROWS + row) * WIDTH)


@device
def load_vec3_of_points(points: Points, index: int, row: int) -> Vec3:
    """Three numbers of them."""
    return vec3(
        load_of_points(points, index, row),
        load_of_points(points, index, row + 1),
        load_of_points(points, index, row + 2),
    )


@device
def store_to_points(points: Points, index: int, row: int, lanes: Lanes, value: Real) -> None:
    """Set one number of those in some lanes."""
    at = (index * rows.POINT_ROWS + row) * WIDTH
    store_lanes(points.numbers, at, choose(lanes, value, load_lanes(points.numbers, at)))


@device
def store_vec3_to_points(points: Points, index: int, row: int, lanes: Lanes, value: Vec3) -> None:
    """Set three."""
    store_to_points(points, index, row, lanes, value.x)
    store_to_points(points, index, row + 1, lanes, value.y)
    store_to_points(points, index, row + 2, lanes, value.z)


@device
def store_connection(points: Points, index: int, brought: Vec3, share: Lanes) -> None:
    """Keep what joining the points of a number brings."""
    at = index * (4 * WIDTH)
    store_lanes(points.connections, at, brought.x)
    store_lanes(points.connections, at + WIDTH, brought.y)
    store_lanes(points.connections, at + 2 * WIDTH, brought.z)
    store_lanes(points.connections, at + 3 * WIDTH, share)


@device
def load_brought(points: Points, index: int) -> Vec3:
    """That."""
    at = index * (4 * WIDTH)
    return vec3(
        load_lanes(points.connections, at),
        load_lanes(points.connections, at + WIDTH),
        load_lanes(points.connections, at + 2 * WIDTH),
    )


@device
def load_share(points: Points, index: int) -> Any:
    """How likely it is to be chosen."""
    return load_lanes(points.connections, index * (4 * WIDTH) + 3 * WIDTH)


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
