"""pxr's types -> arrays and what JSON knows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pxr import Gf, Sdf

MAX_ARRAYS = 1 << 32  # bytes of all arrays of a stage


class Reader:
    """Reads values at one time, and counts what they take."""

    def __init__(self, time: Any) -> None:
        self.time = time
        self._left = MAX_ARRAYS
        self._kept: dict[str, NDArray[Any]] = {}

    def array(self, attribute: Any, kind: Any, columns: int = 1) -> NDArray[Any] | None:
        """The array of an attribute, (N,) or (N, columns); None if it has none."""
        value = attribute.Get(self.time) if attribute else None
        return None if value is None else self.as_array(value, kind, columns)

    def as_array(self, value: Any, kind: Any, columns: int = 1) -> NDArray[Any] | None:
        """A value of pxr's as an array; None if it is none of such numbers."""
        try:
            array = np.array(value, kind)
        except (TypeError, ValueError):
            return None
        if array.size == 0:
            array = array.reshape((0,) if columns == 1 else (0, columns))
        if columns == 1:
            array = array.reshape(-1)
        elif array.ndim == 1 and len(array) == columns:
            array = array[None]
        if array.ndim != (1 if columns == 1 else 2) or (columns > 1 and array.shape[1] != columns):
            return None
        self._left -= array.nbytes
        if self._left < 0:
            raise ValueError(f"holds more than {MAX_ARRAYS:,} bytes of arrays")
        return array

    def plain(self, attribute: Any, default: Any = None) -> Any:
        """The value of an attribute as JSON knows it."""
        value = attribute.Get(self.time) if attribute else None
        value = plain(value)
        return default if value is None else value


def plain(value: Any) -> Any:
    """A single value as JSON knows it; None for what it does not know."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Sdf.AssetPath):
        return value.resolvedPath or value.path
    if isinstance(value, Gf.Vec2f | Gf.Vec2d | Gf.Vec3f | Gf.Vec3d | Gf.Vec4f | Gf.Vec4d):
        return [float(number) for number in value]
    if isinstance(value, Gf.Vec2h | Gf.Vec3h | Gf.Vec4h):
        return [float(number) for number in value]
    return None


def matrix(value: Any) -> NDArray[np.float64]:
    """A matrix that is multiplied with columns, as here; pxr's are with rows."""
    return np.ascontiguousarray(np.array(value, np.float64).T)
