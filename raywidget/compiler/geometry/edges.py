"""Which edges of triangles are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels import layout
from raywidget.scene.shapes.edges import Edges


def mark_edges(
    edges: Edges,
    vertices: NDArray[Any],
    faces: NDArray[Any],
    polygons: NDArray[np.int32] | None = None,
) -> NDArray[np.uint8]:
    """Marks of triangles, (F,) as in `layout`; none where two of one polygon meet."""
    drawn = np.ones((len(faces), 3), bool)
    if edges.feature_angle is None and polygons is None:
        return np.full(len(faces), 7 * layout.MARK_EDGE, np.uint8)
    faces, corners = _welded(vertices, faces), vertices.astype(np.float64)[faces]
    if edges.feature_angle is not None:
        drawn = _features(edges.feature_angle, corners, faces)
    if polygons is not None:
        drawn &= ~_within(faces, polygons)
    marks = (drawn << np.arange(3)).sum(axis=1)
    if not drawn.all():
        # Lines end round, on triangles, too, that share no more than the corner.
        ends = np.zeros(int(faces.max(initial=-1)) + 1, bool)
        for k in range(3):
            for corner in (faces[:, k], faces[:, (k + 1) % 3]):
                ends[corner[drawn[:, k]]] = True
        marks |= (ends[faces] << np.arange(3)).sum(axis=1) * layout.MARK_CORNER
    return np.asarray(marks, np.uint8)


def _ordered(faces: NDArray[Any], k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The lesser and the greater corner of the k-th edges."""
    a, b = faces[:, k].astype(np.int64), faces[:, (k + 1) % 3].astype(np.int64)
    return np.minimum(a, b), np.maximum(a, b)


def _shared(keys: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of equal keys: the order that brings them together, and the group of each then."""
    order = np.lexsort(keys)
    new = np.zeros(len(order), bool)
    new[:1] = True
    for key in keys:
        new[1:] |= key[order][1:] != key[order][:-1]
    return order, np.cumsum(new) - 1


def _within(faces: NDArray[Any], polygons: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Edges that another triangle of the same polygon has, too, (F, 3)."""
    ends = [_ordered(faces, k) for k in range(3)]
    low, high = (np.concatenate([end[side] for end in ends]) for side in (0, 1))
    order, groups = _shared([low, high, np.tile(polygons.astype(np.int64), 3)])
    result = np.zeros(3 * len(faces), bool)
    result[order] = np.bincount(groups)[groups] > 1
    return result.reshape(3, -1).T


def _welded(vertices: NDArray[Any], faces: NDArray[Any]) -> NDArray[np.int64]:
    """Corners of triangles by place: programs take vertices apart for normals and coordinates."""
    points = np.ascontiguousarray(vertices)
    rows: Any = points.view([("", points.dtype)] * 3).ravel()
    numbers = np.unique(rows, return_inverse=True)[1].reshape(-1)
    return np.asarray(numbers[faces], np.int64)


def _features(angle: float, corners: NDArray[Any], welded: NDArray[Any]) -> NDArray[np.bool_]:
    """Edges where faces meet at more than an angle, or not just two of them, (F, 3)."""
    faces = welded
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    normals /= np.where(lengths > 0.0, lengths, 1.0)[:, None]
    ends = [_ordered(welded, k) for k in range(3)]
    low, high = (np.concatenate([end[side] for end in ends]) for side in (0, 1))
    order, groups = _shared([low, high])
    counts = np.bincount(groups)
    owners = order % len(faces)
    firsts = np.cumsum(counts) - counts
    is_pair = counts == 2
    a, b = owners[firsts[is_pair]], owners[firsts[is_pair] + 1]
    sharp = np.ones(len(counts), bool)
    # The angle by its tangent: a cosine can't tell small ones apart.
    sine = np.linalg.norm(np.cross(normals[a], normals[b]), axis=1)
    cosine = (normals[a] * normals[b]).sum(axis=1)
    # Faces that were turned the other way round go the same way along the edge.
    starts = np.concatenate([welded[:, k] for k in range(3)])[order]
    first = firsts[is_pair]
    cosine = np.where(starts[first] == starts[first + 1], -cosine, cosine)
    sharp[is_pair] = np.degrees(np.arctan2(sine, cosine)) > angle
    result = np.zeros(3 * len(faces), bool)
    result[order] = sharp[groups]
    return result.reshape(3, -1).T
