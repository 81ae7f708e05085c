"""Affine transforms as (4, 4) float64 matrices, for `Instances`.

Points are columns: ``translate(0, 1, 0) @ rotate(90, (0, 1, 0)) @ scale(2)`` makes a thing twice
as large, then turns it, then lifts it. Coordinates are right-handed, angles are in degrees and
counter-clockwise seen from the tip of the axis.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.errors import SceneError, SceneWarning
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Vec3Like
from raywidget.scene.values.radians import looks_like_radians, say_in_degrees
from raywidget.scene.values.signatures import checked_call
from raywidget.scene.values.telling import warn

__all__ = ["apply", "rotate", "rotate_xyz", "scale", "translate"]


@checked_call(SceneError)
def translate(x: float, y: float, z: float) -> NDArray[np.float64]:
    """Shift by (x, y, z), in scene units.

    Examples
    --------
    >>> from raywidget import transforms
    >>> transforms.apply(transforms.translate(0, 1, 0), (5, 5, 5)).tolist()
    [5.0, 6.0, 5.0]
    """
    matrix = np.eye(4)
    matrix[:3, 3] = checks.vec3("translate()", "shift", (x, y, z))
    return matrix


@checked_call(SceneError)
def scale(x: float, y: float | None = None, z: float | None = None) -> NDArray[np.float64]:
    """Stretch by x, y and z about the origin; one number stretches all three alike.

    Raises
    ------
    SceneError
        If only two numbers are given, or one is 0.

    Examples
    --------
    >>> from raywidget import transforms
    >>> transforms.apply(transforms.scale(2), (1, 2, 3)).tolist()
    [2.0, 4.0, 6.0]
    """
    if (y is None) != (z is None):
        raise checks.fail("scale()", "factors", "1 number or 3", (x, y, z))
    factors = checks.vec3("scale()", "factors", (x, x if y is None else y, x if z is None else z))
    if 0.0 in factors:
        raise checks.fail("scale()", "factors", "not 0", factors)
    return np.diag((*factors, 1.0))


@checked_call(SceneError)
def rotate(degrees: float, axis: Vec3Like) -> NDArray[np.float64]:
    """Turn about an axis through the origin (Rodrigues' formula).

    Parameters
    ----------
    degrees : float
        Counter-clockwise seen from the tip of the axis.
    axis : (float, float, float)
        Its direction, of any length but 0.

    Raises
    ------
    SceneError
        If the axis is zero, or a number is not finite.

    Examples
    --------
    >>> from raywidget import transforms
    >>> transforms.apply(transforms.rotate(90, (0, 1, 0)), (0, 0, 1)).round(12).tolist()
    [1.0, 0.0, 0.0]
    """
    angle = checks.number("rotate()", "degrees", degrees, "a finite number, before the axis")
    if looks_like_radians(angle):
        warn(say_in_degrees("rotate()", "degrees", angle), SceneWarning)
    return rotation(angle, axis)


def rotation(degrees: float, axis: Vec3Like) -> NDArray[np.float64]:
    """Turn as `rotate` does, for angles that are degrees without doubt."""
    angle = math.radians(degrees)
    direction = checks.direction("rotate()", "axis", axis)
    norm = math.hypot(*direction)
    x, y, z = (c / norm for c in direction)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    matrix = np.eye(4)
    matrix[:3, :3] += math.sin(angle) * cross + (1.0 - math.cos(angle)) * (cross @ cross)
    return matrix


@checked_call(SceneError)
def rotate_xyz(x: float, y: float, z: float) -> NDArray[np.float64]:
    """Turn about the x axis, then the y axis, then the z axis, by degrees.

    Examples
    --------
    >>> from raywidget import transforms
    >>> transforms.apply(transforms.rotate_xyz(90, 90, 0), (0, 1, 0)).round(12).tolist()
    [1.0, 0.0, 0.0]
    """
    angles = checks.vec3("rotate_xyz()", "angles", (x, y, z))
    turned = [angle for angle in angles if angle != 0.0]
    if turned and all(map(looks_like_radians, turned)):
        warn(say_in_degrees("rotate_xyz()", "angles", angles), SceneWarning)
    return rotation_xyz(*angles)


def rotation_xyz(x: float, y: float, z: float) -> NDArray[np.float64]:
    """Turn as `rotate_xyz` does, for angles that are degrees without doubt."""
    return np.asarray(
        rotation(z, (0, 0, 1)) @ rotation(y, (0, 1, 0)) @ rotation(x, (1, 0, 0)), np.float64
    )


@checked_call(SceneError)
def apply(matrix: ArrayLike, points: ArrayLike) -> NDArray[np.float64]:
    """Transform points: a (4, 4) matrix and (..., 3) points give (..., 3) points.

    Examples
    --------
    >>> from raywidget import transforms
    >>> transforms.apply(transforms.scale(1, 2, 3), [(1, 1, 1), (0, 0, 1)]).tolist()
    [[1.0, 2.0, 3.0], [0.0, 0.0, 3.0]]
    """
    m = checks.array("apply()", "matrix", matrix, "a (4, 4) array")
    p = checks.array("apply()", "points", points, "a (..., 3) array")
    for field, array in (("matrix", m), ("points", p)):
        if array.dtype.kind not in "iuf":
            raise checks.fail("apply()", field, "an array of numbers", array)
    m, p = m.astype(np.float64, copy=False), p.astype(np.float64, copy=False)
    if m.shape != (4, 4):
        raise checks.fail("apply()", "matrix", "a (4, 4) array", m)
    if p.ndim < 1 or p.shape[-1] != 3:
        raise checks.fail("apply()", "points", "a (..., 3) array", p)
    return np.asarray(p @ m[:3, :3].T + m[:3, 3], dtype=np.float64)


def __dir__() -> list[str]:
    """What completion shows."""
    return [*__all__, *(name for name in globals() if name.startswith("__"))]


def move_box(
    matrices: NDArray[np.float64], lo: NDArray[np.float64], hi: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres and half sizes, (N, 3), of upright boxes round a box that (N, 4, 4) matrices move.

    Arvo 1990, "Transforming axis-aligned bounding boxes", Graphics Gems.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget import transforms
    >>> turned = transforms.rotate(90, (0, 0, 1))
    >>> centre, half = transforms.move_box(turned[None], np.zeros(3), np.array([2.0, 4.0, 6.0]))
    >>> centre.round(12).tolist(), half.round(12).tolist()
    ([[-2.0, 1.0, 3.0]], [[2.0, 1.0, 3.0]])
    """
    middle, size = np.append(0.5 * (lo + hi), 1.0), np.append(0.5 * (hi - lo), 0.0)
    centre, half = np.empty((2, len(matrices), 3))
    for part in chunks(len(matrices)):
        rows = np.ascontiguousarray(matrices[part]).reshape(-1, 4)
        centre[part] = (rows @ middle).reshape(-1, 4)[:, :3]
        half[part] = (np.abs(rows) @ size).reshape(-1, 4)[:, :3]
    return centre, half


def chunks(count: int) -> Iterator[slice]:
    """Parts of a long array that fit into the cache.

    Examples
    --------
    >>> from raywidget import transforms
    >>> list(transforms.chunks(20_000))
    [slice(0, 8192, None), slice(8192, 16384, None), slice(16384, 20000, None)]
    """
    for first in range(0, count, 8192):
        yield slice(first, min(count, first + 8192))
