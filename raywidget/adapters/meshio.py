"""meshio: a `Mesh` of finite elements, seen from outside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.recognition import is_a
from raywidget.adapters.taken import Taken, Wishes
from raywidget.io.building import AnyPiece
from raywidget.io.lines import Lines
from raywidget.io.pieces import Piece
from raywidget.io.points import Points

# Faces of cells as polygons of their first corners, as VTK numbers them (file formats, figure 2).
_FACES: dict[str, tuple[tuple[int, ...], ...]] = {
    "triangle": ((0, 1, 2),),
    "quad": ((0, 1, 2, 3),),
    "tetra": ((0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2)),
    "pyramid": ((0, 3, 2, 1), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)),
    "wedge": ((0, 1, 2), (3, 5, 4), (0, 3, 4, 1), (1, 4, 5, 2), (2, 5, 3, 0)),
    "hexahedron": (
        (0, 3, 2, 1),
        (4, 5, 6, 7),
        (0, 1, 5, 4),
        (1, 2, 6, 5),
        (2, 3, 7, 6),
        (3, 0, 4, 7),
    ),
}
_SOLID = ("tetra", "pyramid", "wedge", "hexahedron")


def recognises(thing: object) -> bool:
    """Is it a mesh of meshio's?"""
    return is_a(thing, "meshio", "Mesh")


def take(thing: Any, wishes: Wishes) -> Taken:
    """Triangles of surfaces, and of the faces that only one solid cell has; lines; or points."""
    points = np.asarray(thing.points, np.float64)
    if points.shape[1] == 2:
        points = np.column_stack([points, np.zeros(len(points))])
    notes: list[str] = []
    flat: list[NDArray[Any]] = []
    solid: list[NDArray[Any]] = []
    pieces: list[AnyPiece] = []
    for block in thing.cells:
        kind = block.type.rstrip("0123456789")
        corners = np.asarray(block.data) if len(block.data) else np.zeros((0, 0), int)
        if kind == "line" and len(corners):
            ends = points[corners[:, :2]]
            pieces.append(Lines(starts=ends[:, 0], ends=ends[:, 1]))
        elif kind == "polygon" and len(corners):
            flat += _fan(corners)
        elif kind in _FACES and len(corners):
            for face in _FACES[kind]:
                polygons = corners[:, list(face)]
                if kind in _SOLID:
                    solid.append(polygons)
                else:
                    flat += _fan(polygons)
        elif kind != "vertex" and len(corners):
            notes.append(f"{len(corners):,} cells of type {block.type!r} left out")
    triangles = flat + _outside(solid)
    if triangles:
        pieces.insert(0, Piece(vertices=points, faces=np.concatenate(triangles)))
    if not pieces and len(points):
        pieces.append(Points(centers=points))
    return Taken(pieces=tuple(pieces), notes=tuple(notes))


def _fan(polygons: NDArray[Any]) -> list[NDArray[Any]]:
    """Triangles from the first corner of each polygon."""
    count = polygons.shape[1]
    return [polygons[:, [0, k, k + 1]] for k in range(1, count - 1)]


def _outside(polygons: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """Triangles of those that occur once: others lie between two cells."""
    triangles: list[NDArray[Any]] = []
    for corners in (3, 4):
        same = [faces for faces in polygons if faces.shape[1] == corners]
        if same:
            every = np.concatenate(same)
            _, first, count = np.unique(
                np.sort(every, axis=1), axis=0, return_index=True, return_counts=True
            )
            triangles += _fan(every[first[count == 1]])
    return triangles
