"""Data sets of VTK and PyVista -> pieces: their surfaces, lines and points, with colours.

Everything is done by VTK's own methods; its modules are imported only once a thing of VTK is there,
so that they are loaded already.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.io.building import AnyPiece
from raywidget.io.colormaps import bytes_of_scalars
from raywidget.io.colors import screen_colors
from raywidget.io.lines import Lines
from raywidget.io.pieces import Piece
from raywidget.io.points import Points
from raywidget.scene.materials.materials import Material

POINTS, WIREFRAME, SURFACE = 0, 1, 2  # VTK_POINTS and so on in vtkProperty.h
MOST_EDGES = 500_000  # that are drawn

_COLORS = "raywidget: colours"  # the array that colours travel in through filters
_NOT_SHOWN = ("vtkOriginalPointIds", "vtkOriginalCellIds", "vtkGhostType")


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a data set is drawn; by default as PyVista's `plot` does.

    Parameters
    ----------
    name : str, optional
    matrix : (4, 4) array, optional
        Where it is moved.
    material : function of bool, optional
        Makes the material, told whether there are colours.
    representation : int
        `POINTS`, `WIREFRAME` or `SURFACE`.
    flat : bool
        Whether normals don't count.
    line_radius, point_radius : float, optional
        Else they follow from the size of the thing.
    edges : material, optional
        Draws the edges of polygons, too.
    """

    name: str | None = None
    matrix: NDArray[np.float64] | None = None
    material: Callable[[bool], Material] | None = None
    representation: int = SURFACE
    flat: bool = False
    line_radius: float | None = None
    point_radius: float | None = None
    edges: Material | None = None


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
    copy = data.NewInstance()
    copy.ShallowCopy(data)
    for owner in (copy.GetPointData(), copy.GetCellData()):
        owner.RemoveArray(_COLORS)
    if colors is not None:
        array = vtk("util.numpy_support", "numpy_to_vtk")(
            np.ascontiguousarray(colors, np.uint8), deep=True
        )
        array.SetName(_COLORS)
        (copy.GetPointData() if of_points else copy.GetCellData()).AddArray(array)
    return copy


def colored_by_scalars(data: Any, notes: list[str]) -> Any:
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
        if _are_bytes(values):
            return painted(data, values[:, :3], of_points)
        colors = bytes_of_scalars(values, str(array.GetName() or "scalars"), notes)
        if colors is not None:
            return painted(data, colors, of_points)
    for owner, of_points in owners:  # colours that nobody has made active
        for index in range(owner.GetNumberOfArrays()):
            array = owner.GetArray(index)
            if array is not None and _are_bytes(values := array_of(array)):
                return painted(data, values[:, :3], of_points)
    return data


def _active_scalars(data: Any) -> tuple[str | None, bool]:
    """Their name, and whether they belong to cells; PyVista remembers both."""
    info = getattr(data, "active_scalars_info", None)
    if info is None:
        return None, False
    return info.name, getattr(info.association, "name", "") == "CELL"


def _are_bytes(values: NDArray[Any]) -> bool:
    return values.dtype == np.uint8 and values.ndim == 2 and values.shape[1] in (3, 4)


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
    material = None if look.material is None else look.material(colors.are_there)
    uvs, smooth = mesh.GetPointData().GetTCoords(), mesh.GetPointData().GetNormals()
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
                material=material,
                name=look.name,
            )
        )
        if look.edges is not None:
            pieces += _edge_lines(surface, faces, points, None, look.edges, look, notes)
    if len(faces) and look.representation == WIREFRAME:
        pieces += _edge_lines(surface, faces, points, colors.of_points, material, look, notes)
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
            )
        )
    if look.representation == POINTS or not pieces:
        pieces += _point_pieces(mesh, points, colors, material, look)
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
    triangles = vtk("vtkFiltersCore", "vtkTriangleFilter")()
    triangles.SetInputData(data)
    triangles.PassLinesOn()
    triangles.PassVertsOn()
    triangles.Update()
    return data, triangles.GetOutput()


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
        )
    ]


def _point_pieces(
    mesh: Any,
    points: NDArray[np.float64],
    colors: _Colors,
    material: Material | None,
    look: Look,
) -> list[AnyPiece]:
    """Balls at all points; each in the colour of its point, or of the cell that is this point."""
    own = colors.of_points
    verts = mesh.GetVerts()
    if own is None and colors.of_verts is not None and verts.GetNumberOfCells():
        at = array_of(verts.GetConnectivityArray()).astype(np.int64)
        if len(at) == len(colors.of_verts):
            points, own = points[at], colors.of_verts
    if own is None and colors.are_there:
        material = None if look.material is None else look.material(False)
    return [
        Points(
            centers=points, radii=look.point_radius, colors=own, material=material, name=look.name
        )
    ]
