"""Surfaces and planes in data sets of VTK and PyVista, by VTK's own filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from raywidget.errors import SceneError
from raywidget.io.building import CLAY, PAINT, build
from raywidget.io.fields import are_bytes, usual_map
from raywidget.io.isosurfaces import THIN
from raywidget.io.lines import Lines, tubes
from raywidget.io.pieces import Piece
from raywidget.io.vtk_data import (
    SHOWN,
    Look,
    Shown,
    array_of,
    leaves,
    pieces_of,
    plotted,
    showing,
    vtk,
)
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.textures.colormaps import ColorMap, Limits, as_color_map
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Vec3
from raywidget.scene.values.signatures import did_you_mean

_SLOPE = "raywidget: slope"
_POINTS = 0  # vtkDataObject::FIELD_ASSOCIATION_POINTS


class _Showing(NamedTuple):
    """Data sets that show the same numbers."""

    parts: list[Any]
    name: str | None
    low: float = 0.0  # the least finite one of all
    high: float = 0.0


def contour(
    owner: str, data: Any, field: str | None, levels: Sequence[float], radius: float | None
) -> Shape:
    """Where a number is reached: surfaces in space, lines on surfaces.

    Parameters
    ----------
    owner : str
        What messages name.
    data : vtkDataSet, or a group of them
    field : str, optional
        Which of its arrays; by default the active one.
    levels : sequence of float
        Each becomes the value of its part, if there are several.
    radius : float, optional
        Of lines.
    """
    found = _show(owner, data, field)
    if found.name is None:
        raise checks.fail(owner, "values", "a data set that has numbers", data)
    for level in levels:
        if not found.low < level < found.high:
            expected = (
                f"between the least number of {found.name!r}, {found.low:g}, and the greatest "
                f"one, {found.high:g}"
            )
            raise checks.fail(owner, "level", expected, level)
    parts = []
    for part in found.parts:
        contours = vtk("vtkFiltersCore", "vtkContourFilter")()
        part = _on_points(part)
        by_slope = part.IsA("vtkUnstructuredGrid")
        contours.SetInputData(_with_slopes(part) if by_slope else part)
        contours.SetComputeNormals(not by_slope)
        contours.SetInputArrayToProcess(0, 0, 0, _POINTS, SHOWN)
        for number, level in enumerate(levels):
            contours.SetValue(number, level)
        contours.Update()
        parts.append(_with_normals(contours.GetOutput()) if by_slope else contours.GetOutput())
    colormap = None
    if len(levels) > 1:
        colormap = usual_map() or ColorMap()
    name = found.name if len(levels) > 1 else None
    return _shape(owner, parts, name, colormap, radius, data)


def section(
    owner: str,
    data: Any,
    field: str | None,
    point: Vec3 | None,
    normal: Vec3,
    colormap: Any,
    radius: float | None,
) -> Shape:
    """What a plane goes through: a piece of a plane of what is solid, lines of what is a surface.

    It has the numbers of the data set, in colours of the limits that the whole has.

    Parameters
    ----------
    owner : str
    data : vtkDataSet, or a group of them
    field : str, optional
    point : (float, float, float), optional
        By default the middle of it.
    normal : (float, float, float)
    colormap : ColorMap or str, optional
    radius : float, optional
        Of lines.
    """
    found = _show(owner, data, field)
    if point is None:
        boxes = np.array([part.GetBounds() for part in found.parts])
        low, high = boxes[:, ::2].min(axis=0), boxes[:, 1::2].max(axis=0)
        point = tuple((0.5 * (low + high)).tolist())
    parts = []
    for part in found.parts:
        plane = vtk("vtkCommonDataModel", "vtkPlane")()
        plane.SetOrigin(*point)
        plane.SetNormal(*normal)
        cutter = vtk("vtkFiltersCore", "vtkCutter")()
        cutter.SetInputData(part)
        cutter.SetCutFunction(plane)
        cutter.GenerateCutScalarsOff()
        cutter.Update()
        parts.append(cutter.GetOutput())
    chosen = None
    if found.name is not None:
        chosen = usual_map() or ColorMap()
        if colormap is not None:
            chosen = as_color_map(owner, "colormap", colormap)
        if not chosen.log and found.low < found.high:
            limits: Limits = chosen.limits_for(found.low, found.high)
            chosen = chosen.replace(limits=tuple(limits), symmetric=False)
    return _shape(owner, parts, found.name, chosen, radius, data)


def _show(owner: str, data: Any, field: str | None) -> _Showing:
    """The data sets of a thing, showing one of their arrays; vectors by their lengths."""
    blocks = [data]
    if not data.IsA("vtkDataSet"):
        blocks = [block for block in leaves(data) if block.IsA("vtkDataSet")]
    blocks = [block for block in blocks if block.GetNumberOfPoints()]
    if not blocks:
        raise checks.fail(owner, "values", "a data set that has points", data)
    parts, name = [], None
    lows, highs = [], []
    known: dict[str, None] = {}
    for block in blocks:
        part, own = _showing(block, field if field is not None else name)
        for source in (block.GetPointData(), block.GetCellData()):
            known |= dict.fromkeys(str(source.GetArrayName(k)) for k in range(_count(source)))
        if own is None:
            if name is None and field is None:
                parts.append(block)
            continue
        if name is None:
            parts, name = [], own  # those before have none
        parts.append(part)
        for source in (part.GetPointData(), part.GetCellData()):
            if (array := source.GetArray(SHOWN)) is not None:
                numbers = array_of(array)
                numbers = numbers[np.isfinite(numbers)]
                if numbers.size:
                    lows.append(float(numbers.min()))
                    highs.append(float(numbers.max()))
    if field is not None and name is None:
        hint = did_you_mean(field, known) if known else "it has none"
        raise checks.fail(owner, "field", "the name of an array of numbers", field, hint)
    if name is not None and not lows:
        raise SceneError(f"{owner}: {name!r} has no finite number")
    parts = [_without_normals(part) for part in parts]
    return _Showing(parts, name, min(lows, default=0.0), max(highs, default=0.0))


def _without_normals(part: Any) -> Any:
    """The same without the normals of what a solid was made of, which its inside has not."""
    normals = part.GetPointData().GetNormals()
    if normals is None:
        return part
    copy = part.NewInstance()
    copy.ShallowCopy(part)
    copy.GetPointData().SetActiveNormals(None)
    copy.GetPointData().RemoveArray(normals.GetName())
    return copy


def _count(source: Any) -> int:
    return int(source.GetNumberOfArrays())


def _showing(block: Any, field: str | None) -> tuple[Any, str | None]:
    if field is None:
        part, shown = plotted(block)
        if shown is None:
            return block, None
        for source, of_points in ((part.GetPointData(), True), (part.GetCellData(), False)):
            array = source.GetArray(SHOWN)
            if array is not None:
                return showing(block, _lengths(array_of(array)), of_points), shown.name
    for source, of_points in ((block.GetPointData(), True), (block.GetCellData(), False)):
        array = source.GetArray(field)
        if array is None:
            continue
        numbers = array_of(array)
        if numbers.dtype.kind in "biuf" and not are_bytes(numbers):
            return showing(block, _lengths(numbers), of_points), str(field)
    return block, None


def _lengths(numbers: Any) -> Any:
    rows = numbers.astype(np.float64).reshape(len(numbers), -1)
    return np.ascontiguousarray(rows[:, 0]) if rows.shape[1] == 1 else np.linalg.norm(rows, axis=1)


def _on_points(part: Any) -> Any:
    """The same with means of cells at their points, where cells have what is shown."""
    if part.GetPointData().GetArray(SHOWN) is not None:
        return part
    means = vtk("vtkFiltersCore", "vtkCellDataToPointData")()
    means.SetInputData(part)
    means.PassCellDataOn()
    means.Update()
    return means.GetOutput()


def _with_slopes(part: Any) -> Any:
    """The same with the gradient of what it shows: VTK's own normals of cells fold over."""
    slopes = vtk("vtkFiltersGeneral", "vtkGradientFilter")()
    slopes.SetInputData(part)
    slopes.SetInputScalars(_POINTS, SHOWN)
    slopes.SetResultArrayName(_SLOPE)
    slopes.Update()
    return slopes.GetOutput()


def _with_normals(part: Any) -> Any:
    """Normals towards smaller numbers; none where there is no gradient."""
    points = part.GetPointData()
    array = points.GetArray(_SLOPE)
    if array is None:
        return part
    slopes = -array_of(array).astype(np.float64)
    long = np.linalg.norm(slopes, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes = np.nan_to_num(slopes / long, posinf=0.0, neginf=0.0).astype(np.float32)
    normals = vtk("util.numpy_support", "numpy_to_vtk")(slopes, deep=True)
    normals.SetName("Normals")
    points.RemoveArray(_SLOPE)
    points.SetNormals(normals)
    return part


def _facing(piece: Piece) -> Piece:
    """The same with the fronts of all triangles where their normals point to."""
    if piece.normals is None:
        return piece
    a, b, c = (np.asarray(piece.vertices)[piece.faces[:, k]] for k in range(3))
    normals = np.asarray(piece.normals)[piece.faces].sum(axis=1)
    turned = np.einsum("ij,ij->i", np.cross(b - a, c - a), normals) < 0.0
    faces = np.where(turned[:, None], piece.faces[:, ::-1], piece.faces)
    return replace(piece, faces=faces)


def _alike(part: Any) -> Any:
    """The same with numbers of one type and no scalars: else those that are joined lose them."""
    copy = part.NewInstance()
    copy.ShallowCopy(part)
    for source in (copy.GetPointData(), copy.GetCellData()):
        source.SetActiveScalars(None)
        array = source.GetArray(SHOWN)
        if array is not None:
            same = vtk("util.numpy_support", "numpy_to_vtk")(
                array_of(array).astype(np.float64), deep=True
            )
            same.SetName(SHOWN)
            source.AddArray(same)  # in place of the one of this name
    return copy


def _shape(
    owner: str,
    parts: list[Any],
    name: str | None,
    colormap: ColorMap | None,
    radius: float | None,
    data: Any,
) -> Shape:
    """One shape of what filters have made, with numbers or without."""
    join = vtk("vtkFiltersCore", "vtkAppendPolyData")()
    for part in parts:
        if part.GetNumberOfCells():
            join.AddInputData(_alike(part))
    if not join.GetNumberOfInputConnections(0):
        word = "the plane does not meet" if owner.startswith("plane") else "no surface is in"
        raise SceneError(f"{owner}: {word} the {type(data).__name__}")
    join.Update()
    shown = None if name is None else Shown(name, colormap)
    notes: list[str] = []
    pieces = pieces_of(join.GetOutput(), notes, Look(shown=shown))
    for piece in pieces:
        if isinstance(piece, Piece):
            shapes = build([_facing(piece)], notes)
            if shapes:
                return shapes[0]
        if isinstance(piece, Lines):
            extent = float(np.linalg.norm(np.ptp(np.concatenate([piece.starts, piece.ends]), 0)))
            thickness = THIN * extent if radius is None else radius
            thin = replace(piece, radii=thickness, joints=piece.fields is not None)
            shapes = tubes(thin, CLAY if shown is None else PAINT, extent, notes)
            if shapes:
                return shapes[0]
    raise SceneError(f"{owner}: the plane only touches the {type(data).__name__}")
