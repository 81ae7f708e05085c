"""Numbers on a regular grid: checked slab by slab, never copied."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.values import checks

T = TypeVar("T")

_SLAB = 1 << 20  # numbers that are looked at together: temporary copies stay small
_MOST = 1 << 40
_MOST_ALONG = 1 << 20


class Grid:
    """An array that fills space, and what has been made of it.

    It refers to the user's array, which may be mapped from a file and be larger than memory would
    bear twice; who changes it afterwards has to make another `Grid`.

    Parameters
    ----------
    owner : object
        What messages name.
    values : array
        (X, Y, Z) real numbers, or (X, Y, Z, 4) colours with opacity. Of numbers that are masked,
        and of what is longer than 64 bits, there is a copy.

    Raises
    ------
    SceneError
        If it is none, has no extent along an axis, or nothing in it is finite.

    Attributes
    ----------
    array : array
        The same memory, read-only.
    low, high : float
        Least and greatest finite number; of colours, of the opacity.
    holes : int
        How many numbers are not finite.
    """

    def __init__(self, owner: object, values: Any) -> None:
        expected = "an array of real numbers (X, Y, Z), or of colours (X, Y, Z, 4)"
        if np.ma.isMaskedArray(values):
            values = _without_masked(values)
        array = checks.array(owner, "values", values, expected)
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:
            array = array.astype(np.float64)
        if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
            raise checks.fail(owner, "values", expected, array)
        if array.ndim == 2:
            raise checks.fail(owner, "values", expected, array, "a slice is values[:, :, None]")
        if array.ndim == 4 and array.shape[3] == 1:
            array = array[..., 0]
        if array.ndim != 3 and not (array.ndim == 4 and array.shape[3] == 4):
            advice = ""
            if array.ndim == 4 and array.shape[3] == 3:
                advice = "colours need a fourth number, how opaque they are"
            raise checks.fail(owner, "values", expected, array, advice)
        if 0 in array.shape:
            raise checks.fail(owner, "values", "of some extent along each axis", array)
        if max(array.shape[:3]) > _MOST_ALONG or array.size > _MOST:
            raise checks.fail(owner, "values", f"at most {_MOST_ALONG:,} along an axis", array)
        self.array: NDArray[Any] = array.view()
        self.array.flags.writeable = False
        self._made: dict[Any, Any] = {}
        self._lock = threading.Lock()
        self._scan(owner)

    def _scan(self, owner: object) -> None:
        lows, highs, self.holes = [], [], 0
        for slab in self.slabs():
            numbers = slab[..., 3] if self.is_colored else slab
            if slab.dtype.kind == "f":
                finite = np.isfinite(slab)
                count = int(np.count_nonzero(finite))
                self.holes += slab.size - count
                if count == 0:
                    continue
                if count < slab.size:
                    if self.is_colored:
                        raise SceneError(
                            f"{checks.label(owner)}: values must be finite where they are colours"
                        )
                    numbers = numbers[finite]
            if self.is_colored and slab.dtype.kind == "f" and not _is_unit(slab):
                raise SceneError(
                    f"{checks.label(owner)}: values must lie in [0, 1] where they are colours "
                    f"(or be uint8), got {slab.min():g} to {slab.max():g}"
                )
            lows.append(numbers.min())
            highs.append(numbers.max())
        if self.is_colored and self.array.dtype.kind != "f" and self.array.dtype != np.uint8:
            raise SceneError(
                f"{checks.label(owner)}: values must be uint8 or floats where they are colours, "
                f"got {self.array.dtype}"
            )
        if not lows:
            raise SceneError(
                f"{checks.label(owner)}: values must hold a finite number, "
                f"got none among {self.array.size:,}"
            )
        self.low, self.high = float(min(lows)), float(max(highs))

    @property
    def is_colored(self) -> bool:
        """Are there colours with opacity?"""
        return self.array.ndim == 4

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers along x, y and z."""
        x, y, z = self.array.shape[:3]
        return (x, y, z)

    def slabs(self) -> Iterator[NDArray[Any]]:
        """The array in pieces along its slowest axis."""
        array = self.in_order()
        step = max(1, _SLAB * len(array) // max(1, array.size))
        for first in range(0, len(array), step):
            yield array[first : first + step]

    def in_order(self) -> NDArray[Any]:
        """The array with the axes in the order of its memory, the slowest first."""
        return self.array.transpose(self.axes())

    def axes(self) -> tuple[int, ...]:
        """Its axes, the slowest in memory first; colours stay together."""
        if self.is_colored or self.array.flags.c_contiguous or not self.array.flags.f_contiguous:
            return tuple(range(self.array.ndim))
        return (2, 1, 0)

    def once(self, key: object, make: Callable[[], T]) -> T:
        """What was made under a key, or is made now and kept."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            result: T = self._made[key]
            return result

    def __repr__(self) -> str:
        return f"<{'x'.join(map(str, self.array.shape))} {self.array.dtype}>"


def _without_masked(values: Any) -> Any:
    """What is masked as NaN."""
    if values.dtype.kind not in "biuf" or values.ndim != 3:
        return values  # is refused with a word
    single = values.dtype.itemsize <= (4 if values.dtype.kind == "f" else 2)
    return values.astype(np.float32 if single else np.float64).filled(np.nan)


def _is_unit(slab: NDArray[Any]) -> bool:
    return bool(slab.min() >= 0.0 and slab.max() <= 1.0)
