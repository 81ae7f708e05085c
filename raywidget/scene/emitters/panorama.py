"""The texels of images of all directions, as `ImageEnvironment` has them."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
_SMALL = 256  # rows of which directions are kept: studios are made often


def texel_directions(rows: int) -> F64:
    """Unit vectors to the middle of the texels, (rows, 2 rows, 3), read-only."""
    return _small_directions(rows) if rows <= _SMALL else _all_directions(rows)


@cache
def _small_directions(rows: int) -> F64:
    return _all_directions(rows)


def _all_directions(rows: int) -> F64:
    theta = ((np.arange(rows) + 0.5) / rows * math.pi)[:, None]
    phi = ((np.arange(2 * rows) + 0.5) / rows * math.pi)[None, :]
    directions = directions_of(theta, phi)
    directions.setflags(write=False)
    return directions


def directions_of(theta: F64, phi: F64) -> F64:
    """Unit vectors at angles from straight up, and of longitude, that are broadcast."""
    parts = np.broadcast_arrays(
        np.sin(theta) * np.sin(phi), np.cos(theta), -np.sin(theta) * np.cos(phi)
    )
    return np.stack(parts, axis=-1)


def texel_solid_angles(rows: int) -> F64:
    """Of one texel of each row, (rows,)."""
    edges = np.cos(np.arange(rows + 1) / rows * math.pi)
    return np.asarray((edges[:-1] - edges[1:]) * math.pi / rows)


def irradiance_of(image: F64, normal: F64) -> tuple[float, float, float]:
    """What a surface receives that faces `normal` (unit) and sees all of it."""
    rows = len(image)
    facing = np.maximum(0.0, texel_directions(rows) @ normal)
    weights = (facing * texel_solid_angles(rows)[:, None])[..., None]
    r, g, b = (image * weights).sum(axis=(0, 1)).tolist()
    return (r, g, b)
