"""Data sets of VTK and PyVista -> pieces: surfaces, lines and points, with numbers or colours.

Everything is done by VTK's own methods; its modules are imported only once a thing of VTK is there,
so that they are loaded already.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.io.building import AnyPiece
from raywidget.io.colors import screen_colors
from raywidget.io.fields import Field, Fields, Given, are_bytes, fields_of
from raywidget.io.lines import Lines
from raywidget.io.pieces import Piece
from raywidget.io.points import Points
from raywidget.scene.materials.materials import Material
from raywidget.scene.shapes.edges import Edges
from raywidget.scene.textures.colormaps import ColorMap

POINTS, WIREFRAME, SURFACE = 0, 1, 2  # VTK_POINTS and so on in vtkProperty.h
MOST_EDGES = 500_000  # that are drawn

_COLORS = "raywidget: colours"  # the array that colours travel in through filters
_CELLS = "raywidget: cells"  # the array of what triangles were parts of
SHOWN = "raywidget: shown"  # that of the numbers that are seen
_OPACITY = "raywidget: opacity"  # that of how opaque they are, if it varies
_NOT_SHOWN = ("vtkOriginalPointIds", "vtkOriginalCellIds", "vtkGhostType", "Normals", _CELLS)


class Shown(NamedTuple):
    """Which numbers of a data set are seen as colours, and how."""

    name: str
    colormap: ColorMap | None = None  # else the usual one
    unlit: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a data set is drawn; by default as PyVista's `plot` does.

    Parameters
    ----------
    name : str, optional
    matrix : (4, 4) array, optional
        Where it is moved.
    material : function of bool and str or None, optional
        Makes the material, told whether there are colours, and the name of its opacities.
    representation : int
        `POINTS`, `WIREFRAME` or `SURFACE`.
    flat : bool
        Whether normals don't count.
    shown : Shown, optional
        What its numbers look like, see `showing`.
    line_radius, point_radius : float, optional
        Else they follow from the size of the thing.
    edges : Edges, optional
        How the edges of polygons are drawn.
    """

    name: str | None = None
    matrix: NDArray[np.float64] | None = None
    material: Callable[[bool, str | None], Material] | None = None
    representation: int = SURFACE
    flat: bool = False
    shown: Shown | None = None
    line_radius: float | None = None
    point_radius: float | None = None
    edges: Edges | None = None


def vtk(module: str, name: str) -> Any:
    """A class or function of VTK's."""
    return getattr(importlib.import_module(f"vtkmodules.{module}"), name)


def array_of(data: Any) -> NDArray[Any]:
    """The numbers of one of VTK's arrays."""
    return np.asarray(vtk("util.numpy_support", "vtk_to_numpy")(data))


def leaves(group: Any) -> list[Any]:
    """All blocks of a group and of the groups in it that hold something."""
    walk = group.NewIterator()
    found = []
    walk.InitTraversal()
    while not walk.IsDoneWithTraversal():
        found.append(walk.GetCurrentDataObject())
        walk.GoToNextItem()
    return found


# --- Colours --------------------------------------------------------------------------------------


def painted(data: Any, colors: NDArray[Any] | None, of_points: bool) -> Any:
    """A shallow copy that has these bytes as its colours, or none."""
    copy = _bare(data)
    if colors is not None:
        _add(copy, np.ascontiguousarray(colors, np.uint8), _COLORS, of_points)
    return copy


def showing(
    data: Any, values: NDArray[Any], of_points: bool, opacities: NDArray[Any] | None = None
) -> Any:
    """A shallow copy that shows these numbers, as opaque as others in [0, 1] say."""
    copy = _bare(data)
    _add(copy, values, SHOWN, of_points)
    if opacities is not None:
        _add(copy, opacities, _OPACITY, of_points)
    return copy


def _bare(data: Any) -> Any:
    copy = data.NewInstance()
    copy.ShallowCopy(data)
    for owner in (copy.GetPointData(), copy.GetCellData()):
        for name in (_COLORS, SHOWN, _OPACITY):
            owner.RemoveArray(name)
    return copy


def _add(data: Any, values: NDArray[Any], name: str, of_points: bool) -> None:
    array = vtk("util.numpy_support", "numpy_to_vtk")(values, deep=True)
    array.SetName(name)
    (data.GetPointData() if of_points else data.GetCellData()).AddArray(array)


def plotted(data: Any) -> tuple[Any, Shown | None]:
    """The data set in the colours that PyVista would plot it in: its active scalars by a map.

    Bytes, three or four in each row, are colours already.
    """
    name, cells_first = _active_scalars(data)
    owners = [(data.GetPointData(), True), (data.GetCellData(), False)]
    for owner, of_points in owners[::-1] if cells_first else owners:
        array = owner.GetArray(name) if name is not None else owner.GetScalars()
        if array is None or array.GetName() in _NOT_SHOWN or not array.GetNumberOfTuples():
            continue
        values = array_of(array)
        if are_bytes(values):
            return painted(data, values[:, :3], of_points), None
        if values.dtype.kind in "biuf":
            return showing(data, values, of_points), Shown(str(array.GetName() or "scalars"))
    for owner, of_points in owners:  # colours that nobody has made active
        for index in range(owner.GetNumberOfArrays()):
            array = owner.GetArray(index)
            if array is not None and are_bytes(values := array_of(array)):
                return painted(data, values[:, :3], of_points), None
    return data, None


def _active_scalars(data: Any) -> tuple[str | None, bool]:
    """Their name, and whether they belong to cells; PyVista remembers both."""
    info = getattr(data, "active_scalars_info", None)
    if info is None:
        return None, False
    return info.name, getattr(info.association, "name", "") == "CELL"


# --- Pieces ---------------------------------------------------------------------------------------


def pieces_of(data: Any, notes: list[str], look: Look | None = None) -> list[AnyPiece]:
    """What a data set consists of, in colours that `painted` gave it."""
    look = look or Look()
    surface, mesh = _outside(data)
    if not mesh.GetNumberOfPoints():
        notes.append(f"{look.name or 'a data set'}: left out, it has no points")
        return []
    points = array_of(mesh.GetPoints().GetData()).astype(np.float64)
    faces = _cells(mesh.GetPolys(), 3)
    # Cells are numbered: points first, then lines, then polygons.
    segments = _segments(mesh.GetLines())
    colors = _Colors(mesh, len(segments), len(faces))
    numbers = _Numbers(mesh, len(segments), len(faces), look.shown, notes)
    material = None
    if look.material is not None:
        material = look.material(colors.are_there or numbers.are_there, numbers.opacity)
    uvs, smooth = mesh.GetPointData().GetTCoords(), mesh.GetPointData().GetNormals()
    if not data.IsA("vtkPolyData"):  # of what a solid was made of: its outside has others
        smooth = None
    normals = None if smooth is None or look.flat else array_of(smooth).astype(np.float64)
    matrix = look.matrix
    front = faces
    if matrix is not None:
        points = points @ matrix[:3, :3].T + matrix[:3, 3]
        normals = None if normals is None else normals @ np.linalg.pinv(matrix[:3, :3])
        front = faces[:, ::-1] if np.linalg.det(matrix[:3, :3]) < 0.0 else faces
    pieces: list[AnyPiece] = []
    if len(faces) and look.representation == SURFACE:
        pieces.append(
            Piece(
                vertices=points,
                faces=front,
                normals=normals,
                uvs=None if uvs is None else array_of(uvs)[:, :2],
                colors=colors.of_points,
                face_colors=colors.of_faces,
                polygons=_polygons(mesh, len(faces)),
                edges=look.edges,
                material=material,
                name=look.name,
                fields=numbers.of_surface,
            )
        )
    if len(faces) and look.representation == WIREFRAME:
        pieces += _edge_lines(
            surface, faces, points, colors.of_points, numbers.of_edges, material, look, notes
        )
    if len(segments) and look.representation != POINTS:
        of_lines = colors.of_lines
        if colors.of_points is not None:
            of_lines = colors.of_points[segments[:, 0]]
        pieces.append(
            Lines(
                starts=points[segments[:, 0]],
                ends=points[segments[:, 1]],
                radii=look.line_radius,
                colors=of_lines,
                material=material,
                name=look.name,
                fields=numbers.of_lines(segments),
            )
        )
    if look.representation == POINTS or not pieces:
        pieces += _point_pieces(mesh, points, colors, numbers, material, look)
    return pieces


class _Colors:
    """Linear colours of a mesh: of its points, or of its verts, lines and faces."""

    def __init__(self, mesh: Any, lines: int, faces: int) -> None:
        self.of_points = _found(mesh.GetPointData())
        cells = None if self.of_points is not None else _found(mesh.GetCellData())
        verts = mesh.GetNumberOfVerts()
        self.of_verts = self.of_lines = self.of_faces = None
        if cells is not None and len(cells) == verts + lines + faces:
            self.of_verts, self.of_lines = cells[:verts], cells[verts : verts + lines]
            self.of_faces = cells[verts + lines :] if faces else None
        self.are_there = self.of_points is not None or (cells is not None and len(cells) > 0)


class _Numbers:
    """What a mesh has numbers of: of its points, and of its verts, lines and faces."""

    def __init__(
        self, mesh: Any, lines: int, faces: int, shown: Shown | None, notes: list[str]
    ) -> None:
        self.fields: Fields | None = None
        self.opacity: str | None = None
        self._verts, self._lines, self._faces = mesh.GetNumberOfVerts(), lines, faces
        if shown is None:
            return
        points, cells = mesh.GetPointData(), mesh.GetCellData()
        of_points = points.GetArray(SHOWN) is not None
        cell_count = self._verts + lines + faces
        given: list[Given] = []
        for owner, on, count in (
            (points, "points", mesh.GetNumberOfPoints()),
            (cells, "cells", cell_count),
        ):
            given += _arrays(owner, on, count, shown if (on == "points") == of_points else None)
        show = (shown.name, "points" if of_points else "cells")
        self.fields = fields_of(given, show, notes, colormap=shown.colormap, unlit=shown.unlit)
        owner = points if of_points else cells
        if self.fields is not None and (array := owner.GetArray(_OPACITY)) is not None:
            self.opacity = f"opacity by {self.fields.show}"
            arrays = {**self.fields.arrays, self.opacity: Field(array_of(array), show[1])}
            self.fields = replace(self.fields, arrays=arrays)

    @property
    def are_there(self) -> bool:
        """Are there any?"""
        return self.fields is not None

    def _kept(self, chosen: dict[str, tuple[Any, str]]) -> Fields | None:
        """Those of some kinds, for which rows, and what has them then; None without the shown."""
        if self.fields is None:
            return None
        arrays = {
            name: Field(one.values[chosen[one.on][0]], chosen[one.on][1])
            for name, one in self.fields.arrays.items()
            if one.on in chosen
        }
        return replace(self.fields, arrays=arrays) if self.fields.show in arrays else None

    @property
    def of_surface(self) -> Fields | None:
        """Of vertices and triangles."""
        first = self._verts + self._lines
        return self._kept(
            {"points": (slice(None), "vertices"), "cells": (slice(first, None), "faces")}
        )

    @property
    def of_edges(self) -> Fields | None:
        """Of the ends of edges."""
        return self._kept({"points": (slice(None), "points")})

    def of_lines(self, segments: NDArray[np.int64]) -> Fields | None:
        """Of straight pieces, at both ends or all along."""
        cells = slice(self._verts, self._verts + self._lines)
        return self._kept({"points": (segments, "items"), "cells": (cells, "items")})

    def of_balls(self, at: NDArray[np.int64] | None) -> Fields | None:
        """Of all points; or of those of the cells that are points."""
        if at is None:
            return self._kept({"points": (slice(None), "items")})
        return self._kept({"points": (at, "items"), "cells": (slice(0, self._verts), "items")})


def _arrays(owner: Any, on: str, count: int, shown: Shown | None) -> list[Given]:
    """Arrays of points or of cells; the one that is shown comes in place of the one of its name."""
    passed_over = {_COLORS, SHOWN, _OPACITY, *_NOT_SHOWN}
    for array in (owner.GetNormals(), owner.GetTCoords()):
        if array is not None:
            passed_over.add(str(array.GetName()))
    found = []
    if shown is not None:
        found.append(Given(shown.name, array_of(owner.GetArray(SHOWN)), on))
        passed_over.add(shown.name)
    for index in range(owner.GetNumberOfArrays()):
        array = owner.GetArray(index)
        name = None if array is None else array.GetName()
        if name is None or name in passed_over or array.GetNumberOfTuples() != count:
            continue
        found.append(Given(name, array_of(array), on))
    return [item for item in found if len(item.values) == count]


def _found(owner: Any) -> NDArray[Any] | None:
    array = owner.GetArray(_COLORS)
    return None if array is None else screen_colors(array_of(array))[0]


def _outside(data: Any) -> tuple[Any, Any]:
    """The surface of a data set as `vtkPolyData`, and the same in triangles and straight pieces."""
    if not data.IsA("vtkPolyData"):
        surface = vtk("vtkFiltersGeometry", "vtkGeometryFilter")()
        surface.SetInputData(data)
        surface.Update()
        data = surface.GetOutput()
    numbers = vtk("util.numpy_support", "numpy_to_vtk")(
        np.arange(data.GetNumberOfCells(), dtype=np.int32), deep=True
    )
    numbers.SetName(_CELLS)
    numbered = data.NewInstance()
    numbered.ShallowCopy(data)
    numbered.GetCellData().AddArray(numbers)
    triangles = vtk("vtkFiltersCore", "vtkTriangleFilter")()
    triangles.SetInputData(numbered)
    triangles.PassLinesOn()
    triangles.PassVertsOn()
    triangles.Update()
    return data, triangles.GetOutput()


def _polygons(mesh: Any, count: int) -> NDArray[Any] | None:
    """Which cell each triangle was a part of, the last `count` cells; None if each was one."""
    array = mesh.GetCellData().GetArray(_CELLS)
    if array is None or count < 2 or array.GetNumberOfTuples() < count:
        return None
    numbers = array_of(array)[-count:]
    return None if (np.diff(numbers) != 0).all() else numbers


def _cells(cells: Any, corners: int) -> NDArray[np.int64]:
    if not cells.GetNumberOfCells():
        return np.zeros((0, corners), np.int64)
    return array_of(cells.GetConnectivityArray()).astype(np.int64).reshape(-1, corners)


def _segments(cells: Any) -> NDArray[np.int64]:
    """The straight pieces of all polylines, as pairs of points."""
    if not cells.GetNumberOfCells():
        return np.zeros((0, 2), np.int64)
    corners = array_of(cells.GetConnectivityArray()).astype(np.int64)
    ends = np.zeros(len(corners), bool)
    ends[array_of(cells.GetOffsetsArray()).astype(np.int64)[1:] - 1] = True
    starts = np.flatnonzero(~ends)
    return np.stack([corners[starts], corners[starts + 1]], axis=1)


def _edge_lines(
    surface: Any,
    faces: NDArray[np.int64],
    points: NDArray[np.float64],
    colors: NDArray[Any] | None,
    numbers: Fields | None,
    material: Material | None,
    look: Look,
    notes: list[str],
) -> list[AnyPiece]:
    """Edges of a surface: of its own polygons where it has them, else of triangles."""
    polygons = surface.GetPolys()
    if polygons.GetNumberOfCells() and not surface.GetNumberOfStrips():
        corners = array_of(polygons.GetConnectivityArray()).astype(np.int64)
        offsets = array_of(polygons.GetOffsetsArray()).astype(np.int64)
        following = np.arange(1, len(corners) + 1)
        following[offsets[1:] - 1] = offsets[:-1]
        pairs = np.stack([corners, corners[following]], axis=1)
    else:
        pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    if len(pairs) > MOST_EDGES:
        label = look.name or "a data set"
        notes.append(f"{label}: its {len(pairs):,} edges are not drawn, {MOST_EDGES:,} at most")
        return []
    return [
        Lines(
            starts=points[pairs[:, 0]],
            ends=points[pairs[:, 1]],
            radii=look.line_radius,
            colors=None if colors is None else colors[pairs[:, 0]],
            material=material,
            name=look.name,
            fields=None if numbers is None else numbers.taking(pairs, to="items"),
        )
    ]


def _point_pieces(
    mesh: Any,
    points: NDArray[np.float64],
    colors: _Colors,
    numbers: _Numbers,
    material: Material | None,
    look: Look,
) -> list[AnyPiece]:
    """Balls at all points; each in the colour of its point, or of the cell that is this point."""
    own = colors.of_points
    at: NDArray[np.int64] | None = None
    verts = mesh.GetVerts()
    if verts.GetNumberOfCells():
        at = array_of(verts.GetConnectivityArray()).astype(np.int64)
        at = at if len(at) == mesh.GetNumberOfVerts() else None
    if own is None and colors.of_verts is not None and at is not None:
        points, own = points[at], colors.of_verts
    fields = numbers.of_balls(None)
    if fields is None and at is not None:
        fields = numbers.of_balls(at)
        points = points if fields is None else points[at]
    if own is None and fields is None and (colors.are_there or numbers.are_there):
        material = None if look.material is None else look.material(False, None)
    return [
        Points(
            centers=points,
            radii=look.point_radius,
            colors=own,
            material=material,
            name=look.name,
            fields=fields,
        )
    ]
