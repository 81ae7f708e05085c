"""pbrt's square pictures of all directions -> pictures by longitude and latitude.

The map is Clarberg's, "Fast equal-area mapping of the (hemi)sphere using SIMD" (2008): each texel
of the square covers the same solid angle.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

MAX_ROWS = 2048  # of the result; what is finer is averaged
_ROWS_AT_ONCE = 16


def square_from_sphere(directions: F64) -> F64:
    """Unit vectors (..., 3) -> places in the unit square (..., 2).

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.io.pbrt.octahedral import square_from_sphere
    >>> square_from_sphere(np.array([(0.0, 0.0, 1.0)])).tolist()
    [[0.5, 0.5]]
    """
    x, y, z = np.moveaxis(directions, -1, 0)
    radius = np.sqrt(np.maximum(1.0 - np.abs(z), 0.0))
    turn = np.arctan2(np.abs(y), np.abs(x)) * (2.0 / np.pi)
    v = turn * radius
    u = radius - v
    below = z < 0.0
    u, v = np.where(below, 1.0 - v, u), np.where(below, 1.0 - u, v)
    return np.asarray((np.stack([np.copysign(u, x), np.copysign(v, y)], axis=-1) + 1.0) / 2.0)


def sphere_from_square(places: F64) -> F64:
    """The inverse of `square_from_sphere`."""
    u, v = np.moveaxis(2.0 * places - 1.0, -1, 0)
    signed = 1.0 - (np.abs(u) + np.abs(v))
    radius = 1.0 - np.abs(signed)
    with np.errstate(invalid="ignore", divide="ignore"):
        turn = np.where(radius == 0.0, 1.0, (np.abs(v) - np.abs(u)) / radius + 1.0) * np.pi / 4.0
    z = np.copysign(1.0 - radius**2, signed)
    across = radius * np.sqrt(np.maximum(2.0 - radius**2, 0.0))
    x, y = np.copysign(np.cos(turn), u) * across, np.copysign(np.sin(turn), v) * across
    return np.stack([x, y, z], axis=-1)


def wide_from_sphere(directions: F64) -> F64:
    """Where earlier versions have a direction in a picture by longitude and latitude about +z."""
    x, y, z = np.moveaxis(directions, -1, 0)
    longitude = np.arctan2(y, x) / (2.0 * np.pi) % 1.0
    return np.stack([longitude, np.arccos(np.clip(z, -1.0, 1.0)) / np.pi], axis=-1)


def latlong(
    picture: NDArray[np.float32],
    light_from_world: F64,
    place_of: Callable[[F64], F64] = square_from_sphere,
) -> NDArray[np.float32]:
    """A picture of all directions, (N, M, C), as (H, 2 H, C), as an `ImageEnvironment` is.

    Each pixel is the mean of several looks at the texels, so that little suns keep their light.

    Parameters
    ----------
    picture : (N, M, C) array of float32
    light_from_world : (3, 3) array
        Takes directions of the scene to those of the light.
    place_of : callable
        Takes directions of the light to places in the picture, from 0 to 1.
    """
    size = len(picture)
    rows = min(max(size, 16), MAX_ROWS)
    looks = max(2, 2 * -(-size // rows))
    result = np.empty((rows, 2 * rows, picture.shape[2]), np.float32)
    offsets = (np.arange(looks) + 0.5) / looks
    longitude = (np.arange(2 * rows)[:, None] + offsets).ravel() * (np.pi / rows)
    for begin in range(0, rows, _ROWS_AT_ONCE):
        some = np.arange(begin, min(begin + _ROWS_AT_ONCE, rows))
        total = np.zeros((len(some), 2 * rows, picture.shape[2]))
        weights = np.zeros((len(some), 1, 1))
        for offset in offsets:
            latitude = ((some + offset) * (np.pi / rows))[:, None]  # from +y down
            level = np.sin(latitude)
            world = np.stack(
                np.broadcast_arrays(
                    level * np.sin(longitude), np.cos(latitude), -level * np.cos(longitude)
                ),
                axis=-1,
            )
            local = world @ light_from_world.T
            local /= np.linalg.norm(local, axis=-1, keepdims=True)
            place = place_of(local) * (picture.shape[1], size)
            column = np.clip(place[..., 0], 0, picture.shape[1] - 1).astype(np.int64)
            row = np.clip(place[..., 1], 0, size - 1).astype(np.int64)
            seen = picture[row, column]
            # Looks nearer to the equator see a wider part of the sky.
            mean = seen.reshape(len(some), 2 * rows, looks, -1).mean(axis=2)
            total += mean * level[:, :, None]
            weights += level[:, :, None]
        result[some] = total / weights
    return result
