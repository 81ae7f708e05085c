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
from raywidget.io.uneven import evened
from raywidget.scene.shapes.volumes import Volume
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
    volume, notes = volume_of_field(field)
    color = volume.transfer.color
    label = label_of(field)
    if isinstance(color, ColorMap) and label is not None:
        transfer = volume.transfer.replace(color=color.replace(label=label))
        volume = volume.replace(transfer=transfer)
    return Taken(pieces=(volume,), up="z", notes=notes)


def volume_of_field(field: Any) -> tuple[Volume, tuple[str, ...]]:
    """Its last dimension is x, its first one z, as those of a height field are x and y."""
    field = field.squeeze()
    places = [_coordinate(field, name) for name in field.dims]
    even = evened(np.asarray(field.values), places, [str(name) for name in field.dims])
    volume = volume_of(
        even.values.transpose(), spacing=even.spacing[::-1], origin=even.origin[::-1]
    )
    if field.name is not None and str(field.name).strip():
        volume = volume.replace(name=str(field.name))
    return volume, even.notes


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
