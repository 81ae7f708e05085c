"""Plain arrays, of numpy and of whatever can become one: torch, CuPy, pandas, nested lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.recognition import is_a
from raywidget.adapters.taken import Taken, Wishes
from raywidget.adapters.volumes import volume_of
from raywidget.errors import SceneError
from raywidget.io.pieces import Piece
from raywidget.io.points import Points

_FLAT, _STEEP = 0.02, 1.0  # heights per length of the longer side that are left as they are
_PLAIN = 0.06  # instead of _FLAT where rows and columns have no unit: less looks like a sheet
_RELIEF = 0.2  # what others are brought to
_FEW = 7  # columns of what is no height field
_NAMES = (("vertices", "points", "verts"), ("faces", "triangles", "cells"))  # in dictionaries


def recognises(thing: object) -> bool:
    """Is it one array of numbers, (vertices, faces), or a dictionary of the two?"""
    if _is_pair(thing) or _named(thing) is not None:
        return True
    return _is_array(thing) or _is_nested(thing)


def take(thing: Any, wishes: Wishes) -> Taken:
    """Points if there are three columns, else a height field or a volume; or vertices and faces."""
    named = _named(thing)
    if named is not None:
        thing = named
    if _is_pair(thing):
        return _take_pair(*thing)
    array = numbers(_coordinates(thing))
    if array.ndim == 2 and array.shape[1] == 3:
        if not len(array):
            raise SceneError("an array of points must not be empty, got shape (0, 3)")
        return Taken(pieces=(Points(centers=array),))
    if array.ndim == 2 and min(array.shape) >= 2 and array.shape[1] > _FEW:
        surface, notes = height_field(array, wishes.up)
        return Taken(pieces=(surface,), up=wishes.up, notes=tuple(notes))
    if _is_volume(array):
        return Taken(pieces=(volume_of(array),), up=wishes.up)
    advice = ""
    if array.ndim == 2 and 3 < array.shape[1] <= _FEW:
        advice = "; of rows with more than coordinates, give array[:, :3]"
    elif array.ndim == 2 and array.shape[1] == 2:
        advice = "; points in a plane need a third column, such as zeros"
    elif array.ndim == 3:
        advice = "; a volume needs at least 2 numbers along each axis"
    raise SceneError(
        f"an array must be (N, 3) points, a 2-D height field of more than {_FEW} columns, or a "
        "3-D volume, "
        f"got shape {array.shape}{advice}"
    )


def _is_volume(array: NDArray[Any]) -> bool:
    is_colored = array.ndim == 4 and array.shape[3] == 4
    return (array.ndim == 3 or is_colored) and min(array.shape[:3]) >= 2


def _is_array(thing: object) -> bool:
    if isinstance(thing, np.ndarray):
        return True
    library = type(thing).__module__.partition(".")[0]
    if library in ("torch", "cupy", "pandas", "jaxlib", "jax", "tensorflow", "polars", "dask"):
        return True
    if is_a(thing, "open3d", "Tensor", "Vector3dVector", "Vector3fVector"):
        return True
    return hasattr(thing, "__array__") and hasattr(thing, "shape")


def _is_nested(thing: object) -> bool:
    """Rows of numbers as lists or tuples."""
    if not isinstance(thing, list | tuple) or not thing:
        return False
    rows = all(isinstance(row, list | tuple | np.ndarray) for row in thing)
    return rows and all(
        isinstance(value, int | float | np.number) for row in thing for value in row[:1]
    )


def _named(thing: object) -> Any:
    """What a dictionary calls its vertices, and its faces if it has some."""
    if not isinstance(thing, Mapping):
        return None
    found = [
        next((thing[name] for name in names if thing.get(name) is not None), None)
        for names in _NAMES
    ]
    vertices, faces = found
    return vertices if vertices is None or faces is None else (vertices, faces)


def _coordinates(thing: Any) -> Any:
    """The columns x, y, z of a table that has them, whatever else it has."""
    columns = getattr(thing, "columns", None)
    if columns is None or type(thing).__module__.partition(".")[0] not in ("pandas", "polars"):
        return thing
    by_name = {str(name).strip().lower(): name for name in columns}
    if not {"x", "y", "z"} <= set(by_name):
        return thing
    return thing[[by_name[name] for name in ("x", "y", "z")]]


def _take_pair(vertices: Any, faces: Any) -> Taken:
    points, indices = numbers(vertices), numbers(faces)
    notes: tuple[str, ...] = ()
    if not _point_at(indices, points):  # else it is as it should be
        if points.dtype.kind in "iu" and _point_at(points, indices):
            points, indices = indices, points
            notes = ("a mesh: taken as (vertices, faces), it was given the other way round",)
        elif indices.dtype.kind == "f":
            raise SceneError(
                "faces must be whole numbers, rows of the vertices counted from 0; "
                f"got numbers of type {indices.dtype}"
            )
    if indices.dtype.kind == "f":
        indices = indices.astype(np.int64)
    return Taken(pieces=(_surface(points, indices),), notes=notes)


def _point_at(faces: NDArray[Any], vertices: NDArray[Any]) -> bool:
    """Can these be rows of those: whole numbers in their range?"""
    if not faces.size or faces.dtype.kind not in "iuf" or vertices.shape[1] != 3:
        return False
    low, high = faces.min(), faces.max()
    if not (low >= 0 and high < len(vertices)):
        return False
    if faces.dtype.kind != "f":
        return True
    # Voxels are whole numbers, too, but many of theirs are equal in a row.
    ordered = np.sort(faces[:, :3], axis=1)
    return bool((faces == np.floor(faces)).all() and (np.diff(ordered, axis=1) > 0).all())


def _is_pair(thing: object) -> bool:
    """(vertices, faces): three columns, and whole numbers in three or four.

    Whole numbers may come as floats, as out of text files, if they can be nothing else.
    """
    if not isinstance(thing, list | tuple) or len(thing) != 2:
        return False
    if not all(_is_array(part) or _is_nested(part) for part in thing):
        return False
    vertices, faces = (numbers(part) for part in thing)
    if vertices.ndim != 2 or faces.ndim != 2 or not len(vertices):
        return False
    if vertices.shape[1] == 3 and faces.shape[1] in (3, 4):
        if faces.dtype.kind in "iu":
            return True
        if faces.dtype.kind == "f" and len(vertices) > 2 and _point_at(faces, vertices):
            return True
    other_way = vertices.dtype.kind in "iu" and vertices.shape[1] in (3, 4)
    return (
        other_way
        and faces.shape[1] == 3
        and faces.dtype.kind == "f"
        and (_point_at(vertices, faces) and not _point_at(faces, vertices))
    )


def numbers(thing: Any) -> NDArray[Any]:
    """As a numpy array: from the card of a tensor, out of a table; what is masked becomes NaN."""
    if hasattr(thing, "detach"):  # torch
        thing = _of_torch(thing)
    elif hasattr(thing, "get") and type(thing).__module__.partition(".")[0] == "cupy":
        thing = thing.get()
    elif is_a(thing, "open3d", "Tensor"):
        thing = thing.cpu().numpy()
    if isinstance(thing, np.ma.MaskedArray):
        thing = np.ma.filled(thing.astype(np.float64), np.nan)
    try:
        array = np.asarray(thing)
    except Exception as error:  # of JAX within what it traces, and of whatever else has arrays
        reason = " ".join(str(error).split())[:120]
        kind = type(thing).__name__
        raise SceneError(f"can't make an array of numbers of {kind}: {reason}") from None
    if array.dtype.name == "bfloat16":  # JAX's, which numpy itself does not know
        array = array.astype(np.float32)
    if array.dtype.kind == "O":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise SceneError("an array must hold numbers, got objects") from None
    if array.dtype.kind not in "biuf":
        advice = "; give its real part, or np.abs of it" if array.dtype.kind == "c" else ""
        raise SceneError(f"an array must hold numbers, got type {array.dtype}{advice}")
    return array


def _of_torch(tensor: Any) -> Any:
    """The tensor with its numbers in the memory of the processor, one after the other."""
    try:
        tensor = tensor.detach()
        if "strided" not in str(getattr(tensor, "layout", "strided")):
            tensor = tensor.to_dense()
        tensor = tensor.cpu().resolve_conj()
        return tensor.float() if "bfloat16" in str(tensor.dtype) else tensor
    except (NotImplementedError, RuntimeError) as error:
        raise SceneError(f"a tensor can't be read: {' '.join(str(error).split())[:120]}") from None


def _surface(vertices: NDArray[Any], faces: NDArray[Any]) -> Piece:
    polygons = None
    if faces.shape[1] == 4:
        polygons = np.tile(np.arange(len(faces)), 2)
        faces = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
    return Piece(vertices=vertices, faces=faces, polygons=polygons)


def height_field(
    heights: NDArray[Any],
    up: str,
    x: NDArray[Any] | None = None,
    y: NDArray[Any] | None = None,
    name: str | None = None,
) -> tuple[Piece, list[str]]:
    """A surface of a value on a grid.

    Parameters
    ----------
    heights : (H, W) array
        Row 0 is the nearest to the viewer, or the lowest `y`; what is not finite is a hole.
    up : str
        The axis of the heights.
    x, y : (W,) and (H,) arrays, optional
        Where columns and rows are; by default 1 apart.
    name : str, optional

    Returns
    -------
    Piece, list of str
        And notes: how much heights are exaggerated, and how many are missing.
    """
    values = np.asarray(heights, np.float64)
    rows, columns = values.shape
    across = np.arange(columns, dtype=np.float64) if x is None else np.asarray(x, np.float64)
    along = np.arange(rows, dtype=np.float64) if y is None else np.asarray(y, np.float64)
    notes: list[str] = []
    sound = np.isfinite(values)
    if not sound.any():
        raise SceneError("a height field must have numbers that are finite, got none")
    if missing := int(np.count_nonzero(~sound)):
        notes.append(f"a height field: {missing:,} values that are not finite left out")
    low, high = float(values[sound].min()), float(values[sound].max())
    side = max(float(np.ptp(across)), float(np.ptp(along)))
    relief = (high - low) / side if side > 0.0 else 0.0
    scale = 1.0
    flat = _PLAIN if x is None and y is None else _FLAT
    if relief > 0.0 and not flat <= relief <= _STEEP:
        scale = _RELIEF / relief
        notes.append(f"a height field: heights are drawn {scale:.4g} times as large as they are")
    filled = np.where(sound, values, low)
    grid_x, grid_y = np.meshgrid(across, along)
    points = np.stack([grid_x, grid_y, filled * scale], axis=-1)
    faces = _grid_faces(rows, columns)
    if np.ptp(across) and np.ptp(along) and (across[-1] < across[0]) != (along[-1] < along[0]):
        faces = faces[:, ::-1]
    if missing:
        faces = faces[sound.ravel()[faces].all(axis=1)]
        if not len(faces):
            raise SceneError("a height field must have finite values side by side, got none")
    normals = _grid_normals(points)
    return (
        Piece(
            vertices=to_up(points.reshape(-1, 3), up),
            faces=faces,
            normals=to_up(normals.reshape(-1, 3), up),
            name=name,
        ),
        notes,
    )


def _grid_faces(rows: int, columns: int) -> NDArray[np.int64]:
    corner = np.arange(rows * columns).reshape(rows, columns)[:-1, :-1].reshape(-1, 1)
    # Counter-clockwise, seen from above.
    halves = np.array([(0, 1, columns + 1), (0, columns + 1, columns)])
    return np.concatenate([corner + half for half in halves])


def _grid_normals(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Upwards, by differences of the neighbours."""
    along, across = np.gradient(points, axis=(0, 1))
    normals = np.cross(across, along)
    return np.where(normals[..., 2:] < 0.0, -normals, normals)


def to_up(points: NDArray[Any], up: str) -> NDArray[Any]:
    """Points whose third axis is up, where another one is."""
    x, y, z = points.T
    if up.lstrip("+-") == "y":
        return np.stack([x, z, -y], axis=1)
    if up.lstrip("+-") == "x":
        return np.stack([z, x, y], axis=1)
    return points
