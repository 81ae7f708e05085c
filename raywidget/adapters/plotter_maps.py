"""The colours of a PyVista plotter's actors: their numbers, lookup tables and scalar bars."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.fields import are_bytes
from raywidget.io.vtk_data import array_of, vtk
from raywidget.scene.textures.colormaps import ColorMap
from raywidget.scene.values.colors import decode_srgb, encode_srgb

_DIRECT, _MAPPED = 2, 1  # VTK_COLOR_MODE_DIRECT_SCALARS, and through the table
_COMPONENT, _OF_COLORS = 1, 2  # vtkScalarsToColors::VectorModes
_LOG = 1  # VTK_SCALE_LOG10
_ROWS = 256  # of tables that are functions
_MOST_WORDS = 256  # beside a bar
_NEAR = 1.5 / 255.0  # a table is that of a map by its name, to rounding


class Scalars(NamedTuple):
    """What a mapper colours a data set by."""

    name: str
    of_points: bool
    numbers: NDArray[Any] | None  # (N,), or None: colours are given as they are
    colors: NDArray[np.uint8]  # (N, 3), what VTK makes of them
    alphas: NDArray[np.float64] | None


class Bars:
    """Which lookup tables a plotter has bars of, and their titles."""

    def __init__(self, plotter: Any) -> None:
        self._titles: dict[str, str] = {}
        bars = getattr(plotter, "scalar_bars", None)
        mappers = getattr(bars, "_scalar_bar_mappers", {})
        for title, actor in dict(bars.items() if bars is not None else ()).items():
            if not actor.GetVisibility():
                continue
            owners = [actor, *mappers.get(title, ())]
            for owner in owners:
                has_table = hasattr(owner, "GetLookupTable")  # mappers of volumes have functions
                told = owner.GetLookupTable() if has_table else owner
                self._titles[told.GetAddressAsString("")] = str(actor.GetTitle() or title).strip()

    def title(self, table: Any) -> str | None:
        """What the bar of a table, or of a volume's mapper, is called; None if there is no bar."""
        return self._titles.get(table.GetAddressAsString(""))


def mapped_scalars(data: Any, mapper: Any) -> Scalars | None:
    """What a mapper colours a data set by; None if it does not."""
    if not mapper.GetScalarVisibility():
        return None
    kind = vtk("vtkCommonCore", "reference")(0)
    scalars = mapper.GetAbstractScalars(
        data,
        mapper.GetScalarMode(),
        mapper.GetArrayAccessMode(),
        mapper.GetArrayId(),
        mapper.GetArrayName() or "",
        kind,
    )
    if scalars is None or not scalars.GetNumberOfTuples():
        return None
    given: NDArray[Any] | None = None
    if scalars.IsA("vtkDataArray"):
        given = array_of(scalars)
    are_colors = scalars.GetNumberOfComponents() in (3, 4) and mapper.GetColorMode() != _MAPPED
    table = mapper.GetLookupTable()
    if are_colors and given is not None and are_bytes(given):
        values = given
    else:
        if mapper.GetUseLookupTableScalarRange() == 0:
            table.SetRange(*mapper.GetScalarRange())
        if table.IsA("vtkLookupTable"):
            table.BuildSpecialColors()  # of what is no number, or beyond the range
        values = array_of(table.MapScalars(scalars, _DIRECT if are_colors else _MAPPED, -1))
    of_points = int(kind) == 0 and len(values) == data.GetNumberOfPoints()
    if not of_points and len(values) != data.GetNumberOfCells():
        return None  # of the whole data set
    numbers = None
    if not are_colors and given is not None and given.dtype.kind in "biuf":
        numbers = _one_number(given, table)
    return Scalars(
        str(scalars.GetName() or "scalars"),
        of_points,
        numbers,
        np.ascontiguousarray(values[:, :3]),
        values[:, 3] / 255.0 if values.shape[1] == 4 else None,
    )


def _one_number(values: NDArray[Any], table: Any) -> NDArray[Any] | None:
    """Of vectors what the table looks at: a component, or the length."""
    if values.ndim == 1:
        return values
    if values.shape[1] == 1:
        return values[:, 0]
    mode = table.GetVectorMode()
    if mode == _OF_COLORS:
        return None
    if mode == _COMPONENT:
        component = min(max(0, table.GetVectorComponent()), values.shape[1] - 1)
        return np.ascontiguousarray(values[:, component])
    return np.asarray(np.linalg.norm(values.astype(np.float64), axis=1))


def map_of(mapper: Any, scalars: Scalars, bars: Bars) -> ColorMap | None:
    """The map that does as the mapper's table does; None if there is none."""
    table = mapper.GetLookupTable()
    if scalars.numbers is None or table.GetIndexedLookup():
        return None
    low, high = table.GetRange()
    is_table = table.IsA("vtkLookupTable")
    log = is_table and table.GetScale() == _LOG
    if is_table:
        rows = array_of(table.GetTable())[:, :3]
    else:
        middles = low + (np.arange(_ROWS) + 0.5) / _ROWS * (high - low)
        rows = np.array([table.GetColor(value) for value in middles])
    told: dict[str, Any] = {"log": log}
    if low < high:
        told["limits"] = (low, high)
    if is_table:
        told["nan"] = _linear(table.GetNanColor())
        if table.GetUseBelowRangeColor():
            told["below"] = _linear(table.GetBelowRangeColor())
        if table.GetUseAboveRangeColor():
            told["above"] = _linear(table.GetAboveRangeColor())
    title = bars.title(table)
    told |= {"bar": title is not None, "label": title, "ticks": _words_of(table)}
    name = _named(table, rows)
    try:
        return ColorMap(name, **_steps(rows), **told) if name else ColorMap(rows, **told)
    except SceneError:  # logarithms of what is not > 0
        return None


def _words_of(table: Any) -> dict[float, str] | None:
    """What a table says about some of its values, as it does about categories."""
    values = table.GetAnnotatedValues()
    found = {}
    for index in range(0 if values is None else min(values.GetNumberOfTuples(), _MOST_WORDS)):
        value = values.GetVariantValue(index)
        text = " ".join(str(table.GetAnnotation(index)).split())
        if value.IsNumeric() and np.isfinite(value.ToDouble()) and text:
            found[value.ToDouble()] = text
    return found or None


def _linear(color: Any) -> tuple[float, ...]:
    return tuple(decode_srgb(np.clip(np.array(color[:3], np.float64), 0.0, 1.0)).tolist())


def _named(table: Any, rows: NDArray[Any]) -> str | None:
    """The name of the map that a table of PyVista's was made of, if its colours still are that."""
    name = getattr(getattr(table, "cmap", None), "name", None)
    if not isinstance(name, str):
        return None
    try:
        made = ColorMap(name, **_steps(rows))
    except SceneError:
        return None
    if len(made.table) != len(rows):
        return None
    colors = encode_srgb(made.table.astype(np.float64))
    return name if np.abs(colors - rows / 255.0).max() < _NEAR else None


def _steps(rows: NDArray[Any]) -> dict[str, Any]:
    return {} if len(rows) == _ROWS else {"steps": len(rows)}
