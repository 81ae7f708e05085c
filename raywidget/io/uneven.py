"""Fields at places that are not equally far from each other -> on a regular grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_EVEN = 0.01  # of a step: what steps may differ by
_FINER = 4  # times as many numbers along an axis, at most
_MOST = 1 << 26  # numbers of which a field may become that has fewer


class Even(NamedTuple):
    """A field at places that are equally far from each other."""

    values: NDArray[Any]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    notes: tuple[str, ...]


def evened(
    values: NDArray[Any], places: Sequence[NDArray[Any] | None], names: Sequence[str]
) -> Even:
    """The same field on a regular grid, linear between its numbers.

    Parameters
    ----------
    values : (X, Y, Z) array
    places : three arrays, or None
        Where its numbers are along each axis, growing or falling; None: 1 apart from 0 on.
    names : three str
        What the axes are called in notes.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.io.uneven import evened
    >>> field = np.array([0.0, 1.0, 3.0]).reshape(3, 1, 1)
    >>> even = evened(field, [np.array([0, 1, 3]), None, None], "xyz")
    >>> even.values.ravel().tolist(), even.spacing
    ([0.0, 1.0, 2.0, 3.0], (1.0, 1.0, 1.0))
    """
    spacing, origin, notes = [1.0] * 3, [0.0] * 3, []
    for axis, (own, name) in enumerate(zip(places, names, strict=True)):
        if own is None:
            continue
        at = np.asarray(own, np.float64)
        if len(at) > 1 and at[0] > at[-1]:
            values, at = np.flip(values, axis), at[::-1]
        origin[axis] = float(at[0])
        if len(at) < 2:
            continue
        steps = np.diff(at)
        extent = float(at[-1] - at[0])
        step = extent / (len(at) - 1)
        if np.abs(steps - step).max() > _EVEN * step:
            room = max(_MOST, values.size) * len(at) // max(values.size, 1)
            wanted = int(np.ceil(extent / steps.min() - 1e-6)) + 1
            count = max(len(at), min(wanted, _FINER * len(at), room))
            step = extent / (count - 1)
            values = _taken_over(values, axis, at, at[0] + step * np.arange(count))
            notes.append(
                f"the steps of {name!r} differ: its {len(at)} numbers are taken over to {count} "
                f"at equal ones of {step:.6g}"
            )
        spacing[axis] = step
    return Even(values, tuple(spacing), tuple(origin), tuple(notes))


def _taken_over(
    values: NDArray[Any], axis: int, at: NDArray[Any], wanted: NDArray[Any]
) -> NDArray[Any]:
    first = np.clip(np.searchsorted(at, wanted, side="right") - 1, 0, len(at) - 2)
    share = np.clip((wanted - at[first]) / (at[first + 1] - at[first]), 0.0, 1.0)
    single = values.dtype.kind == "f" and values.dtype.itemsize <= 4
    share = share.astype(np.float32 if single else np.float64)
    share = share.reshape([-1 if k == axis else 1 for k in range(values.ndim)])
    before, after = np.take(values, first, axis), np.take(values, first + 1, axis)
    with np.errstate(invalid="ignore"):
        mixed = before * (1 - share) + after * share
    # What is not known makes nothing unknown that has no share of it.
    return np.asarray(np.where(share == 0, before, np.where(share == 1, after, mixed)))
