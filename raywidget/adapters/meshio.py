"""meshio: a `Mesh` of finite elements, seen from outside."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.recognition import is_a
from raywidget.adapters.taken import Taken, Wishes
from raywidget.io.building import AnyPiece
from raywidget.io.colormaps import bytes_of_scalars
from raywidget.io.colors import screen_colors
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
    """Triangles of surfaces, and of the faces that only one solid cell has; lines; or points.

    In the colours of its first data that are one number, or a colour, for each point or cell.
    """
    points = np.asarray(thing.points, np.float64)
    if points.shape[1] == 2:
        points = np.column_stack([points, np.zeros(len(points))])
    notes: list[str] = []
    of_points, of_cells = _colors(thing, notes)
    flat: list[_Faces] = []
    solid: list[_Faces] = []
    pieces: list[AnyPiece] = []
    first = 0  # cell of the block
    for block in thing.cells:
        kind = block.type.rstrip("0123456789")
        corners = np.asarray(block.data) if len(block.data) else np.zeros((0, 0), int)
        cells = first + np.arange(len(corners))
        first += len(corners)
        if kind == "line" and len(corners):
            ends = points[corners[:, :2]]
            colors = of_points[corners[:, 0]] if of_points is not None else None
            colors = of_cells[cells] if of_cells is not None else colors
            pieces.append(Lines(starts=ends[:, 0], ends=ends[:, 1], colors=colors))
        elif kind == "polygon" and len(corners):
            flat += _fan(_Faces(corners, cells))
        elif kind in _FACES and len(corners):
            for face in _FACES[kind]:
                polygons = _Faces(corners[:, list(face)], cells)
                if kind in _SOLID:
                    solid.append(polygons)
                else:
                    flat += _fan(polygons)
        elif kind != "vertex" and len(corners):
            notes.append(f"{len(corners):,} cells of type {block.type!r} left out")
    triangles = flat + _outside(solid)
    if triangles:
        rows = np.concatenate([faces.cells for faces in triangles])
        surface = Piece(
            vertices=points,
            faces=np.concatenate([faces.corners for faces in triangles]),
            colors=of_points,
            face_colors=None if of_cells is None else of_cells[rows],
        )
        pieces.insert(0, surface)
    if not pieces and len(points):
        pieces.append(Points(centers=points, colors=of_points))
    return Taken(pieces=tuple(pieces), notes=tuple(notes))


class _Faces(NamedTuple):
    """Polygons of one number of corners, and the cells that they belong to."""

    corners: NDArray[Any]  # (N, C)
    cells: NDArray[Any]  # (N,)


def _colors(thing: Any, notes: list[str]) -> tuple[Any, Any]:
    """Linear colours of points, or of all cells in their order."""
    for name, values in thing.point_data.items():
        if (colors := _mapped(np.asarray(values), name, notes)) is not None:
            return colors, None
    for name, blocks in thing.cell_data.items():
        parts = [np.asarray(values) for values in blocks]
        if parts and len({part.shape[1:] for part in parts}) == 1:
            colors = _mapped(np.concatenate(parts), name, notes)
            if colors is not None:
                return None, colors
    return None, None


def _mapped(values: NDArray[Any], name: str, notes: list[str]) -> NDArray[Any] | None:
    if values.ndim == 2 and values.dtype == np.uint8 and values.shape[1] in (3, 4):
        return screen_colors(values)[0]
    if values.ndim != 1 and values.shape[1:] != (1,):
        return None
    colors = bytes_of_scalars(values, name, notes)
    return None if colors is None else screen_colors(colors)[0]


def _fan(polygons: _Faces) -> list[_Faces]:
    """Triangles from the first corner of each polygon."""
    corners, cells = polygons
    return [_Faces(corners[:, [0, k, k + 1]], cells) for k in range(1, corners.shape[1] - 1)]


def _outside(polygons: list[_Faces]) -> list[_Faces]:
    """Triangles of those that occur once: others lie between two cells."""
    triangles: list[_Faces] = []
    for count in (3, 4):
        same = [faces for faces in polygons if faces.corners.shape[1] == count]
        if same:
            every = np.concatenate([faces.corners for faces in same])
            cells = np.concatenate([faces.cells for faces in same])
            _, first, number = np.unique(
                np.sort(every, axis=1), axis=0, return_index=True, return_counts=True
            )
            once = first[number == 1]
            triangles += _fan(_Faces(every[once], cells[once]))
    return triangles
