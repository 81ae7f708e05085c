"""Meshes of a stage: polygons and their primvars -> triangles with values at vertices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.notes import Notes
from raywidget.io.polygons import triangulate
from raywidget.scene.shapes.normals import smooth_normals

F32 = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass
class Triangles:
    """Triangles of a mesh, before it is known which values each vertex has."""

    points: F32  # (V, 3)
    vertices: Rows  # (T, 3) of points
    corners: Rows  # (T, 3) of the list of all corners
    polygons: Rows  # (T,)
    faces: int  # how many polygons there are
    all_corners: int

    def some(self, keep: NDArray[np.bool_]) -> Triangles:
        """Those of them that are kept."""
        return Triangles(
            self.points,
            self.vertices[keep],
            self.corners[keep],
            self.polygons[keep],
            self.faces,
            self.all_corners,
        )


@dataclass
class Values:
    """A primvar on triangles: which of its values each corner has."""

    values: F32  # (K, C)
    rows: Rows  # (T, 3) of them
    interpolation: str
    is_shared: bool  # are corners of the same vertex sure to have the same value?


@dataclass
class Arrays:
    """What a mesh here is made of."""

    vertices: F32
    faces: Rows
    polygons: Rows  # (F,)
    normals: F32 | None = None
    uvs: F32 | None = None
    colors: F32 | None = None
    face_colors: F32 | None = None


def triangles_of(told: dict[str, Any], place: str, notes: Notes) -> Triangles | None:
    """Triangles of a mesh's faces but its holes; None if there are none.

    Raises
    ------
    SceneError
        If numbers and corners of faces do not fit together.
    """
    points, counts, indices = (told[name] for name in ("points", "counts", "indices"))
    if points is None or counts is None or indices is None or not len(points) or not len(counts):
        notes.add("a mesh without points or faces is left out", place)
        return None
    corners = int(counts.sum(dtype=np.int64))
    if counts.min() < 0 or corners != len(indices):
        raise SceneError(
            f"faceVertexCounts must be as many corners as faceVertexIndices has "
            f"({len(indices):,}), got {corners:,}"
        )
    if len(indices) and (indices.min() < 0 or indices.max() >= len(points)):
        bad = int(np.argmax((indices < 0) | (indices >= len(points))))
        raise SceneError(
            f"faceVertexIndices must be from 0 to {len(points) - 1:,}, "
            f"got {indices[bad]} at {bad:,}"
        )
    try:
        found = triangulate(points.astype(np.float64), indices, counts.astype(np.int64))
    except ValueError as error:
        raise SceneError(str(error)) from None
    if found.crossed:
        notes.add("polygons that cross themselves are split as well as can be", place)
    keep = np.ones(len(found.polygons), bool)
    holes = told["holes"]
    if holes is not None and len(holes):
        is_hole = np.zeros(len(counts), bool)
        is_hole[holes[(holes >= 0) & (holes < len(counts))]] = True
        keep = ~is_hole[found.polygons]
    rows = found.corners[keep]
    if told["left"]:
        rows = rows[:, ::-1]
    if not len(rows):
        notes.add("a mesh without triangles is left out", place)
        return None
    vertices = indices.astype(np.int64)[rows]
    return Triangles(points, vertices, rows, found.polygons[keep], len(counts), len(indices))


def values_of(
    told: dict[str, Any] | None, name: str, triangles: Triangles, place: str, notes: Notes
) -> Values | None:
    """A primvar on triangles; None, with a note, if it does not fit them."""
    if told is None:
        return None
    values, indices, interpolation = told["values"], told["indices"], told["interpolation"]
    expected = {
        "constant": 1,
        "uniform": triangles.faces,
        "vertex": len(triangles.points),
        "varying": len(triangles.points),
        "faceVarying": triangles.all_corners,
    }.get(interpolation)
    given = len(values) if indices is None else len(indices)
    if expected is None or (given < expected if interpolation == "constant" else given != expected):
        notes.add(
            f"primvar {name!r} ({interpolation}) must have {expected:,} values, got {given:,}; "
            "left out"
            if expected is not None
            else f"primvar {name!r} is left out",
            place,
        )
        return None
    if indices is not None and (indices.min() < 0 or indices.max() >= len(values)):
        notes.add(f"indices of primvar {name!r} point outside of its values; left out", place)
        return None
    if interpolation == "constant":
        rows = np.zeros_like(triangles.vertices)
    elif interpolation == "uniform":
        rows = np.repeat(triangles.polygons[:, None], 3, axis=1)
    elif interpolation == "faceVarying":
        rows = triangles.corners
    else:
        rows = triangles.vertices
    if indices is not None:
        rows = indices.astype(np.int64)[rows]
    elif interpolation == "faceVarying":
        # Most corners of a vertex have the same values, though each is written out.
        ids, first = _alike(values)
        rows, values = ids[rows], values[first]
    return Values(values, rows, interpolation, interpolation in ("constant", "vertex", "varying"))


def welded(
    triangles: Triangles, normals: Values | None, uvs: Values | None, colors: Values | None
) -> Arrays:
    """One vertex for each point with its values; those that no triangle uses are left out."""
    face_colors = None
    if colors is not None and colors.interpolation == "uniform":
        face_colors = colors.values[colors.rows[:, 0]]
        colors = None
    key = triangles.vertices.ravel()
    for item in (normals, uvs, colors):
        if item is not None and not item.is_shared:
            _, key = np.unique(key, return_inverse=True)  # small numbers, so that none overflows
            key = key.reshape(-1) * len(item.values) + item.rows.ravel()
    _, first, faces = np.unique(key, return_index=True, return_inverse=True)

    def at(item: Values | None) -> Any:
        return None if item is None else item.values[item.rows.ravel()[first]]

    return Arrays(
        triangles.points[triangles.vertices.ravel()[first]],
        faces.reshape(-1, 3),
        triangles.polygons,
        at(normals),
        at(uvs),
        at(colors),
        face_colors,
    )


def rounded(triangles: Triangles) -> Values:
    """Smooth normals for a mesh that stands for a smooth surface."""
    normals = smooth_normals(triangles.points.astype(np.float64), triangles.vertices)
    return Values(normals.astype(np.float32), triangles.vertices, "vertex", True)


def _alike(values: F32) -> tuple[Rows, Rows]:
    """A number for each row, the same for equal rows; and the first row of each number."""
    bits = np.ascontiguousarray(values).view(np.uint32).astype(np.uint64)
    ids = bits[:, 0]
    first = np.zeros(0, np.int64)
    for column in range(1, max(2, bits.shape[1])):
        if column < bits.shape[1]:
            ids = (ids << np.uint64(32)) | bits[:, column]
        _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
        ids = inverse.reshape(-1).astype(np.uint64)
    return ids.astype(np.int64), first
