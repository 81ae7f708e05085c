"""Loop's subdivision surfaces: a coarse mesh -> a fine one on their limit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


class Subdivided(NamedTuple):
    """A mesh on the limit surface."""

    vertices: F64  # (V, 3)
    faces: I64  # (F, 3)


class _Edges(NamedTuple):
    ends: I64  # (E, 2), the smaller first
    of_face: I64  # (F, 3): the edge from corner k to corner k + 1
    faces: I64  # (E,): how many it is part of


def loop_subdivided(vertices: F64, faces: I64, levels: int) -> Subdivided:
    """Subdivide each triangle into four, `levels` times, and bring vertices to the limit.

    Edges of one triangle are boundaries: their curves are cubic B-splines of their own. After Loop,
    "Smooth subdivision surfaces based on triangles" (1987), with Warren's weights; limit positions
    as in Hoppe et al., "Piecewise smooth surface reconstruction" (1994).

    Parameters
    ----------
    vertices : (V, 3) array of float
    faces : (F, 3) array of int
    levels : int

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.io.pbrt.subdivision import loop_subdivided
    >>> corner = np.eye(3)
    >>> loop_subdivided(corner, np.array([(0, 1, 2)]), 2).faces.shape
    (16, 3)
    """
    for _ in range(levels):
        edges = _edges(faces)
        old = _moved(vertices, edges, _weights)
        vertices = np.concatenate([old, _new_points(vertices, faces, edges)])
        faces = _split(faces, edges.of_face + len(old))
    return Subdivided(_moved(vertices, _edges(faces), _limit_weights), faces)


def _edges(faces: I64) -> _Edges:
    corners = np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1).reshape(-1, 2)
    pairs = np.sort(corners, axis=1)
    ends, of_face, count = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    return _Edges(ends, of_face.reshape(-1, 3), count)


def _new_points(vertices: F64, faces: I64, edges: _Edges) -> F64:
    """A point on each edge: 3/8 of both ends and 1/8 of both opposite corners; halves outside."""
    middle = vertices[edges.ends].sum(axis=1)
    opposite = np.zeros_like(middle)
    np.add.at(opposite, edges.of_face.ravel(), vertices[np.roll(faces, 1, axis=1)].reshape(-1, 3))
    inside = (edges.faces == 2)[:, None]
    return np.asarray(np.where(inside, 0.375 * middle + 0.125 * opposite, 0.5 * middle))


def _moved(vertices: F64, edges: _Edges, weights: object) -> F64:
    """Each vertex with a share of its neighbours; those on boundaries know only the boundary."""
    count = len(vertices)
    on_boundary = np.zeros(count, bool)
    outer = edges.ends[edges.faces == 1]
    on_boundary[outer] = True
    degree, total = _neighbours(vertices, edges.ends)
    of_inside, of_boundary = weights(degree)  # type: ignore[operator]
    result = vertices * (1.0 - degree * of_inside)[:, None] + total * of_inside[:, None]
    degree, total = _neighbours(vertices, outer)
    round_it = vertices * (1.0 - 2.0 * of_boundary) + total * of_boundary
    # Where more than two boundaries meet, or none but edges of three triangles, it stays.
    result = np.where(on_boundary[:, None], round_it, result)
    stays = (on_boundary & (degree != 2)) | _is_odd(count, edges)
    return np.where(stays[:, None], vertices, result)


def _is_odd(count: int, edges: _Edges) -> NDArray[np.bool_]:
    """Vertices of edges that more than two triangles share, and of none at all."""
    odd = np.ones(count, bool)
    odd[edges.ends] = False
    odd[edges.ends[edges.faces > 2]] = True
    return odd


def _neighbours(vertices: F64, ends: I64) -> tuple[I64, F64]:
    """How many each vertex has, and their sum."""
    degree = np.bincount(ends.ravel(), minlength=len(vertices))
    total = np.zeros_like(vertices)
    np.add.at(total, ends[:, 0], vertices[ends[:, 1]])
    np.add.at(total, ends[:, 1], vertices[ends[:, 0]])
    return degree, total


def _weights(degree: I64) -> tuple[F64, float]:
    return np.where(degree == 3, 3.0 / 16.0, 3.0 / (8.0 * np.maximum(degree, 1))), 1.0 / 8.0


def _limit_weights(degree: I64) -> tuple[F64, float]:
    inside, _ = _weights(degree)
    return 1.0 / (degree + 3.0 / (8.0 * inside)), 1.0 / 6.0  # of a cubic B-spline


def _split(faces: I64, middle: I64) -> I64:
    """Four triangles of each; `middle` holds the points on its three edges."""
    (a, b, c), (ab, bc, ca) = faces.T, middle.T
    four = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return np.stack([np.stack(three, axis=1) for three in four], axis=1).reshape(-1, 3)
