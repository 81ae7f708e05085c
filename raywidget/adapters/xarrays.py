"""xarray: a 2-D `DataArray` is a height field over its coordinates, a 3-D one a volume."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.arrays import height_field
from raywidget.adapters.recognition import is_a
from raywidget.adapters.taken import Taken, Wishes
from raywidget.adapters.volumes import volume_of
from raywidget.errors import SceneError
from raywidget.io.fields import Given, fields_of, usual_map
from raywidget.scene.textures.colormaps import ColorMap


def recognises(thing: object) -> bool:
    """Is it one of xarray's?"""
    return is_a(thing, "xarray", "DataArray", "Dataset")


def take(thing: Any, wishes: Wishes) -> Taken:
    """Rows and columns where the coordinates say, in colours of the values, as xarray plots."""
    if is_a(thing, "xarray", "Dataset"):
        names = ", ".join(map(repr, list(thing.data_vars)[:6]))
        raise SceneError(f"expected a DataArray, got a Dataset; choose one of {names}")
    field = thing.squeeze()
    if field.ndim == 3:
        return _take_volume(field)
    if field.ndim != 2:
        raise SceneError(
            "a DataArray must have two dimensions to be a height field, or three to be a volume, "
            f"got {dict(field.sizes)}; choose one slice by .isel() or .sel()"
        )
    rows, columns = field.dims
    surface, notes = height_field(
        np.asarray(field.values, np.float64),
        wishes.up,
        _coordinate(field, columns),
        _coordinate(field, rows),
        name=None if field.name is None else str(field.name),
    )
    given = Given(str(field.name or "height"), np.asarray(field.values).ravel(), "vertices")
    colormap = (usual_map() or ColorMap()).replace(label=label_of(field))
    fields = fields_of([given], None, notes, colormap=colormap)
    surface = replace(surface, fields=fields)
    return Taken(pieces=(surface,), up=wishes.up, notes=tuple(notes))


def label_of(field: Any) -> str | None:
    """What it is and its unit, as its attributes say (CF conventions)."""
    attributes = getattr(field, "attrs", {})
    names = (attributes.get("long_name"), attributes.get("standard_name"), field.name)
    name = next((str(name) for name in names if name), None)
    unit = str(attributes.get("units") or "")
    if name is None or unit in ("", "1"):
        return name
    return f"{name} / {unit}" if unit.isalnum() else f"{name} / ({unit})"


def _take_volume(field: Any) -> Taken:
    """Its last dimension is x, its first one z, as those of a height field are x and y."""
    notes: list[str] = []
    values = np.asarray(field.values)
    spacing, origin = [], []
    for axis, name in enumerate(field.dims):
        places = _coordinate(field, name)
        if places is None:
            spacing.append(1.0)
            origin.append(0.0)
            continue
        places = places.astype(np.float64)
        if len(places) > 1 and places[0] > places[-1]:
            values, places = np.flip(values, axis), places[::-1]
        step = float(places[-1] - places[0]) / max(1, len(places) - 1) or 1.0
        if len(places) > 1 and np.abs(np.diff(places) - step).max() > 0.01 * step:
            notes.append(
                f"the steps of {name!r} differ: they are shown as equal ones of {step:.6g}"
            )
        spacing.append(step)
        origin.append(float(places[0]))
    volume = volume_of(values.transpose(), spacing=tuple(spacing[::-1]), origin=tuple(origin[::-1]))
    if field.name is not None and str(field.name).strip():
        volume = volume.replace(name=str(field.name))
    return Taken(pieces=(volume,), up="z", notes=tuple(notes))


def _coordinate(field: Any, name: Any) -> NDArray[Any] | None:
    """Numbers that grow or fall, or None: then rows are 1 apart."""
    if name not in field.coords:
        return None
    values = np.asarray(field.coords[name].values)
    if values.dtype.kind == "M":  # times
        values = (values - values[0]).astype(np.int64)
    if values.ndim != 1 or values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        return None
    steps = np.diff(values.astype(np.float64))
    return values if (steps > 0.0).all() or (steps < 0.0).all() else None
