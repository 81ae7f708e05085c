"""Pieces as what `wire` can say, and back."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from raywidget.io.fields import Field, Fields
from raywidget.io.lines import Lines
from raywidget.io.pieces import Piece
from raywidget.io.points import Points

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (Piece, Lines, Points)}


def packed(piece: Any) -> dict[str, Any]:
    """A piece without a material of its own as JSON with arrays."""
    values = {}
    for field in dataclasses.fields(piece):
        value = getattr(piece, field.name)
        if value is not field.default:
            values[field.name] = _plain(value)
    return {"kind": type(piece).__name__, "values": values}


def unpacked(tree: dict[str, Any]) -> Any:
    """The piece again.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is none.
    """
    values = dict(tree["values"])
    if "fields" in values:
        told = values["fields"]
        arrays = {name: Field(array, str(on)) for name, array, on in told["arrays"]}
        if told["show"] not in arrays:
            raise ValueError("its arrays are not there")
        values["fields"] = Fields(arrays=arrays, show=told["show"])
    return _KINDS[tree["kind"]](**values)


def _plain(value: Any) -> Any:
    if isinstance(value, Fields):  # maps are the business of whoever shows them
        arrays = [(name, _plain(one.values), one.on) for name, one in value.arrays.items()]
        return {"arrays": arrays, "show": value.show}
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            return np.ascontiguousarray(value, "<f4" if value.dtype.itemsize <= 4 else "<f8")
        return np.ascontiguousarray(value, "<i8")
    return value
