"""Checks of the large arrays that a user hands over: vertices, faces, normals, uvs, transforms.

They are copied, so that later changes to the user's array don't change a scene behind the
renderer's back; the copies are C-contiguous and read-only. Single precision is what kernels read;
only points that are far from the origin stay in double precision, until it is known from where the
scene is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.values import checks
from raywidget.scene.values.checks import (
    BYTES_ARE_NOT_LIGHT,
    LARGEST,
    MAX_ROWS,
    SMALLEST_LENGTH,
    fail,
    label,
)
from raywidget.scene.values.colors import parse_color
from raywidget.scene.values.places import FAR, is_far
from raywidget.scene.values.transforms import chunks

# So few points take no memory to speak of, and beyond this float32 rounds by 6e-5.
_FEW = 64
_WIDE = 1024.0


def _as_numbers(owner: object, field: str, value: object, expected: str) -> NDArray[Any]:
    array = checks.array(owner, field, value, expected)
    if array.dtype.kind not in "iuf":
        raise fail(owner, field, expected, array if array.size else value)
    return array


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array


def _first_bad_row(bad: NDArray[np.bool_]) -> int:
    """Index of the first row of which any entry is bad."""
    return int(np.argmax(bad.reshape(len(bad), -1).any(axis=1)))


def _lies_within(array: NDArray[Any], low: float, high: float) -> bool:
    """Is every number in [low, high]? NaN is not. In a third of the time of a mask."""
    with np.errstate(invalid="ignore"):
        return bool(array.min() >= low and array.max() <= high)


def rows(
    owner: object, field: str, value: object, columns: int, letter: str, count: int | None = None
) -> NDArray[np.float32]:
    """Check for a (rows, columns) array of finite numbers; returns a float32 copy.

    `letter` stands for the number of rows in messages; `count`, when given, is that number.
    """
    array = _checked_rows(owner, field, value, columns, letter, count)
    return _frozen(np.array(array, dtype=np.float32, order="C"))


def points(
    owner: object, field: str, value: object, letter: str, count: int | None = None
) -> NDArray[np.float32] | NDArray[np.float64]:
    """As `rows` of three, but a float64 copy of what is so far away that float32 would spoil it."""
    return frozen_points(given_points(owner, field, value, letter, count))


def given_points(
    owner: object, field: str, value: object, letter: str, count: int | None = None
) -> NDArray[Any]:
    """Check for points, and return them as they came; `frozen_points` makes the copy."""
    return _checked_rows(owner, field, value, 3, letter, count)


def frozen_points(
    given: NDArray[Any], faces: NDArray[Any] | None = None
) -> NDArray[np.float32] | NDArray[np.float64]:
    """A copy in the floats that `kind_of_points` says."""
    return _frozen(np.array(given, dtype=kind_of_points(given, faces), order="C"))


def kind_of_points(
    points: NDArray[Any], faces: NDArray[Any] | None = None
) -> type[np.float32] | type[np.float64]:
    """Which floats to store points (N, 3) in, N > 0; only those count that `faces` use.

    Doubles if they are so far from the origin for their extent that a scene of them is moved there
    (`compiler.geometry.placement`), or if they are few and far apart, as those of a ground are
    (`compiler.geometry.contact`, `fans`); and are no float32 as it is.
    """
    if points.dtype == np.float32 or points.dtype.itemsize <= 2:
        return np.float32
    if faces is not None:
        used = np.bincount(faces.ravel(), minlength=len(points)) > 0
        points = points if used.all() else points[used]
    columns = [points[:, axis] for axis in range(3)]  # numpy is slow along rows
    lo, hi = ([edge(column) for column in columns] for edge in (np.min, np.max))
    is_wide = len(points) <= _FEW and max(np.abs(lo).max(), np.abs(hi).max()) > _WIDE
    if not is_wide and not is_far(np.array(lo), np.array(hi), 0.5 * FAR):
        return np.float32
    exact = all(np.array_equal(column, column.astype(np.float32)) for column in columns)
    return np.float32 if exact else np.float64


def _checked_rows(
    owner: object, field: str, value: object, columns: int, letter: str, count: int | None
) -> NDArray[Any]:
    many = letter if count is None else str(count)
    expected = f"a ({many}, {columns}) array of numbers"
    array = _as_numbers(owner, field, value, expected)
    if array.ndim != 2 or array.shape[1] != columns or (count is not None and len(array) != count):
        raise fail(owner, field, expected, array)
    if not 1 <= len(array) <= MAX_ROWS:
        raise fail(owner, field, f"of 1 to {MAX_ROWS} rows", array)
    if not _lies_within(array, -LARGEST, LARGEST):
        with np.errstate(invalid="ignore"):
            row = _first_bad_row(~(np.abs(array) <= LARGEST))
        raise SceneError(
            f"{label(owner)}: {field} must be finite and within +-{LARGEST:g}, "
            f"got {field}[{row}] = {array[row].tolist()}"
        )
    return array


def unit_rows(
    owner: object,
    field: str,
    value: object,
    letter: str,
    count: int,
    unused: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Check for a (count, 3) array of directions; returns them at length 1.

    Rows that are `unused` may be zero; they become (0, 1, 0). What is of length 1 but for rounding
    (sqrt(3) / 2^25 at most) stays as it is, so that copies are equal to the bit.
    """
    given = rows(owner, field, value, 3, letter, count)
    x, y, z = (given[:, axis].astype(np.float64) for axis in range(3))
    norms = np.sqrt(x * x + y * y + z * z)  # a fifth of the time of numpy's own
    bad = norms < 1e-12
    if unused is not None and (idle := bad & unused).any():
        given = given.copy()
        given[idle], norms[idle], bad[idle] = (0.0, 1.0, 0.0), 1.0, False
    if bad.any():
        row = int(np.argmax(bad))
        raise SceneError(
            f"{label(owner)}: {field} must not be zero, got {field}[{row}] = {given[row].tolist()}"
        )
    off = np.abs(norms - 1.0) >= 1e-7
    if off.any():
        given = given.copy()
        given[off] = given[off].astype(np.float64) / norms[off, None]
    return _frozen(given)


def lengths(
    owner: object, field: str, value: object, letter: str, count: int
) -> NDArray[np.float32]:
    """Check for (count,) lengths > 0, or one for all; returns a (count,) float32 copy."""
    many = f"{letter} = {count}"
    expected = f"a number > 0, or ({letter},) of them for {many}"
    array = _as_numbers(owner, field, value, expected)
    if array.shape not in {(), (count,)}:
        raise fail(owner, field, expected, array)
    bad = ~((array >= SMALLEST_LENGTH) & (array <= LARGEST))  # NaN compares false
    if bad.any():
        row = int(np.argmax(bad))
        which = f"{field}[{row}] = " if array.ndim else ""
        limits = f"in [{SMALLEST_LENGTH:g}, {LARGEST:g}]"
        raise SceneError(
            f"{label(owner)}: {field} must be {limits}, got {which}{array.reshape(-1)[row]}"
        )
    return _frozen(np.broadcast_to(array, count).astype(np.float32, order="C"))


def colors(
    owner: object, field: str, value: object, letter: str, count: int
) -> NDArray[np.float32]:
    """Check for a (count, 3) array of colours in [0, 1], linear RGB, or as many names.

    A fourth column, as matplotlib's colour maps have it, must be 1 and is left out.
    """
    named = _named_colors(owner, field, value)
    given = _as_numbers(owner, field, named, f"a ({count}, 3) array of numbers")
    if given.dtype == np.uint8:
        raise fail(owner, field, "in [0, 1], linear RGB", given, BYTES_ARE_NOT_LIGHT)
    if given.ndim == 2 and given.shape[1] == 4:
        if np.any(given[:, 3] != 1.0):
            advice = "the fourth column would be opacity; give opacity= to the material"
            raise fail(owner, field, f"a ({count}, 3) array of numbers", given, advice)
        given = given[:, :3]
    array = rows(owner, field, given, 3, letter, count)
    if not _lies_within(array, 0.0, 1.0):
        row = _first_bad_row((array < 0.0) | (array > 1.0))
        advice = f"; {BYTES_ARE_NOT_LIGHT}" if array.max() > 1.0 else ""
        raise SceneError(
            f"{label(owner)}: {field} must be in [0, 1], linear RGB, "
            f"got {field}[{row}] = {array[row].tolist()}{advice}"
        )
    return array


def _named_colors(owner: object, field: str, value: object) -> object:
    """Rows of names as rows of numbers; anything else as it is."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "UO" or value.ndim != 1 or not len(value):
            return value
    elif (
        isinstance(value, str)
        or not isinstance(value, Sequence)
        or not len(value)
        or not isinstance(value[0], str)
    ):
        return value
    try:
        return np.array([parse_color(str(word)) for word in value], np.float32)
    except ValueError as error:
        raise SceneError(
            f"{label(owner)}: {field} must be colours, got a word that is none; {error}"
        ) from None


def triangle_indices(
    owner: object, field: str, value: object, vertex_count: int
) -> NDArray[np.int32]:
    """Check for an (F, 3) array of indices into the vertices; returns an int32 copy."""
    expected = "an (F, 3) array of integers"
    array = _as_numbers(owner, field, value, expected)
    if array.dtype.kind == "f":
        raise fail(owner, field, expected, array, "convert them with .astype(np.int32)")
    if array.ndim != 2 or array.shape[1] != 3:
        advice = "split polygons into triangles" if array.ndim == 2 and array.shape[1] > 3 else ""
        raise fail(owner, field, expected, array, advice)
    if not 1 <= len(array) <= MAX_ROWS:
        raise fail(owner, field, f"of 1 to {MAX_ROWS} rows", array)
    if not _lies_within(array, 0, vertex_count - 1):
        row = _first_bad_row((array < 0) | (array >= vertex_count))
        advice = "files that count from 1 need a - 1" if array.min() >= 1 else ""
        tail = f"; {advice}" if advice else ""
        raise SceneError(
            f"{label(owner)}: {field} must be in [0, {vertex_count - 1}] for {vertex_count} "
            f"vertices, got {field}[{row}] = {array[row].tolist()}{tail}"
        )
    return _frozen(np.array(array, dtype=np.int32, order="C"))


def indices(
    owner: object, field: str, value: object, letter: str, count: int, limit: int
) -> NDArray[np.int32]:
    """Check for a (count,) array of integers in [0, limit); returns an int32 copy."""
    expected = f"a ({letter},) array of integers for {letter} = {count}"
    array = _as_numbers(owner, field, value, expected)
    if array.dtype.kind == "f" or array.shape != (count,):
        raise fail(owner, field, expected, array)
    bad = (array < 0) | (array >= limit)
    if bad.any():
        row = int(np.argmax(bad))
        raise SceneError(
            f"{label(owner)}: {field} must be in [0, {limit - 1}], "
            f"got {field}[{row}] = {array[row]}"
        )
    return _frozen(np.array(array, dtype=np.int32, order="C"))


def affine_transforms(owner: object, field: str, value: object) -> NDArray[np.float64]:
    """Check for (N, 4, 4) invertible affine matrices; returns a float64 copy."""
    expected = "an (N, 4, 4) array of numbers"
    array = _as_numbers(owner, field, value, expected)
    if array.ndim != 3 or array.shape[1:] != (4, 4):
        advice = "for one copy write [matrix]" if array.shape == (4, 4) else ""
        raise fail(owner, field, expected, array, advice)
    if not 1 <= len(array) <= MAX_ROWS:
        raise fail(owner, field, f"of 1 to {MAX_ROWS} matrices", array)
    result = np.array(array, dtype=np.float64, order="C")
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(result) <= LARGEST)
    if bad.any():
        row = _first_bad_row(bad)
        raise SceneError(
            f"{label(owner)}: {field} must be finite and within +-{LARGEST:g}, "
            f"{field}[{row}] is not"
        )
    bad = result[:, 3, :] != (0.0, 0.0, 0.0, 1.0)
    if bad.any():
        row = _first_bad_row(bad)
        raise SceneError(
            f"{label(owner)}: {field} must have (0, 0, 0, 1) as last row (points are columns: "
            f"the shift stands in the last column), got {result[row, 3].tolist()} "
            f"in {field}[{row}]"
        )
    linear = result[:, :3, :3]
    bad = np.concatenate([_flattens(linear[part]) for part in chunks(len(linear))])
    if bad.any():
        row = int(np.argmax(bad))
        raise SceneError(
            f"{label(owner)}: {field} must be invertible, {field}[{row}] flattens the mesh "
            f"(determinant {np.linalg.det(linear[row]):g})"
        )
    return _frozen(result)


def _flattens(linear: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of (N, 3, 3) matrices have no inverse worth the name?

    By the determinant of the columns scaled to length 1: 1 for a rotation of any size, 0 when flat.
    """
    x, y, z = (np.ascontiguousarray(linear[:, :, k].T) for k in range(3))
    volume = x[0] * (y[1] * z[2] - y[2] * z[1])
    volume += x[1] * (y[2] * z[0] - y[0] * z[2])
    volume += x[2] * (y[0] * z[1] - y[1] * z[0])
    a, b, c = (np.sqrt((column * column).sum(axis=0)) for column in (x, y, z))
    tiny = np.minimum(np.minimum(a, b), c) < 1e-15
    return np.asarray(tiny | (np.abs(volume) < 1e-9 * (a * b * c)))
