"""meshio: a `Mesh` of finite elements, seen from outside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.recognition import is_a
from raywidget.adapters.taken import Taken, Wishes
from raywidget.io.building import AnyPiece
from raywidget.io.colors import screen_colors
from raywidget.io.fields import Field, Fields, Given, are_bytes, fields_of
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

    Its first data that are one number, or a colour, for each point or cell are shown; else the
    lengths of its first vectors.
    """
    points = np.asarray(thing.points, np.float64)
    if points.shape[1] == 2:
        points = np.column_stack([points, np.zeros(len(points))])
    notes: list[str] = []
    data = _Data(thing, notes)
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
            colors = None if data.of_points is None else data.of_points[corners[:, 0]]
            colors = colors if data.of_cells is None else data.of_cells[cells]
            fields = data.fields(corners[:, :2], cells, "items")
            pieces.append(Lines(starts=ends[:, 0], ends=ends[:, 1], colors=colors, fields=fields))
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
            polygons=_numbered(triangles),
            colors=data.of_points,
            face_colors=None if data.of_cells is None else data.of_cells[rows],
            fields=data.fields(slice(None), rows),
        )
        pieces.insert(0, surface)
    if not pieces and len(points):
        fields = data.fields(slice(None), None, "items")
        pieces.append(Points(centers=points, colors=data.of_points, fields=fields))
    return Taken(pieces=tuple(pieces), notes=tuple(notes))


class _Faces(NamedTuple):
    """Polygons of one number of corners, and the cells that they belong to."""

    corners: NDArray[Any]  # (N, C)
    cells: NDArray[Any]  # (N,)
    part: int = 0  # of a fan, which triangle of each polygon


def _numbered(triangles: list[_Faces]) -> NDArray[np.int64] | None:
    """Which polygon each triangle is a part of; None if each is one."""
    numbers, count = [], 0
    for faces in triangles:
        if faces.part == 0:
            first, count = count, count + len(faces.corners)
        numbers.append(first + np.arange(len(faces.corners)))
    return np.concatenate(numbers) if any(faces.part for faces in triangles) else None


class _Data:
    """What a mesh has of its points and cells: numbers, or colours."""

    def __init__(self, thing: Any, notes: list[str]) -> None:
        given = [Given(n, np.asarray(v), "points") for n, v in thing.point_data.items()]
        for name, blocks in thing.cell_data.items():
            parts = [np.asarray(values) for values in blocks]
            if parts and len({part.shape[1:] for part in parts}) == 1:
                given.append(Given(name, np.concatenate(parts), "cells"))
        given = [item for item in given if item.values.ndim in (1, 2) and len(item.values)]
        self.of_points: Any = None  # linear colours
        self.of_cells: Any = None
        self._fields: Fields | None = None
        shown = next((item for item in given if _is_plain(item.values)), None)
        if shown is not None and are_bytes(shown.values):
            colors = screen_colors(shown.values)[0]
            self.of_points, self.of_cells = (
                (colors, None) if shown.on == "points" else (None, colors)
            )
        else:
            show = None if shown is None else (shown.name, shown.on)
            self._fields = fields_of(given, show, notes)

    def fields(self, points: Any, cells: Any, on: str | None = None) -> Fields | None:
        """For these rows; of what has them `on` something else than vertices and faces."""
        if self._fields is None:
            return None
        chosen = {"points": (points, on or "vertices"), "cells": (cells, on or "faces")}
        arrays = {
            name: Field(one.values[chosen[one.on][0]], chosen[one.on][1])
            for name, one in self._fields.arrays.items()
            if chosen[one.on][0] is not None
        }
        return replace(self._fields, arrays=arrays) if self._fields.show in arrays else None


def _is_plain(values: NDArray[Any]) -> bool:
    """Is it one finite number, or a colour, for each?"""
    if are_bytes(values):
        return True
    if values.dtype.kind not in "biuf" or values.shape[1:] not in ((), (1,)):
        return False
    return values.dtype.kind != "f" or bool(np.isfinite(values).any())


def _fan(polygons: _Faces) -> list[_Faces]:
    """Triangles from the first corner of each polygon."""
    corners, cells, _ = polygons
    return [_Faces(corners[:, [0, k, k + 1]], cells, k - 1) for k in range(1, corners.shape[1] - 1)]


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
