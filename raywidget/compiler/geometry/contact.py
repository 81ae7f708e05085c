"""Huge balls and rounds, put where float32 has them pass through what lies on them.

A ground that is a sphere of radius 1e6, tilted, has a centre whose coordinates are rounded by a
sixteenth of a unit, and stands off by as much. But there are thousands of centres within a few
roundings of the true one, and for one of them the surface passes by the small things where it
should, to a thousandth of that. How much it is turned by going there is less than an ulp.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels import layout
from raywidget.kernels.layout import F32

F64 = NDArray[np.float64]


def settle_ball(row: F32, centre: F64, radius: float, middle: F64) -> None:
    """Move the centre of a ball's row (4,) so that its surface is as far from `middle` as it is."""
    away = float(np.linalg.norm(centre - middle)) - radius
    rounded = abs(float(row[3]))
    row[:3] = _nearest(row[:3], lambda c: np.linalg.norm(c - middle, axis=1) - rounded - away)


def settle_round(
    row: F32, base: F64, axis: F64, lengths: tuple[float, float, float], middle: F64
) -> None:
    """The same for a row of a round (ROUND_PRIMITIVE_ROW,), whose nearest face counts.

    `lengths` are its height, and the radii at its base and top.
    """
    height, base_radius, top_radius = lengths
    slope = (top_radius - base_radius) / height if height > 0.0 else 0.0
    exact = _distances(base[None], axis, (height, base_radius, slope), middle)[:, 0]
    faces = np.array([row[16] > 0, row[17] > 0, height > 0.0])
    face = int(np.argmin(np.where(faces, np.abs(exact), np.inf)))
    own = row[9:12].astype(np.float64)
    own /= np.linalg.norm(own)
    # Radius and slope, too: along an axis of the scene, bases can only be moved by whole ulp.
    columns = np.array([0, 1, 2, layout.ROUND_HEIGHT_ROW + 1, layout.ROUND_HEIGHT_ROW + 3])
    height = float(row[layout.ROUND_HEIGHT_ROW])

    def error(values: F64) -> F64:
        shapes = height, values[:, 3], values[:, 4]
        return np.asarray(_distances(values[:, :3], own, shapes, middle)[face] - exact[face])

    row[columns] = _nearest(row[columns], error)


def _distances(bases: F64, axis: F64, shape: tuple[float, Any, Any], middle: F64) -> F64:
    """How far a point is outside of base, top and side, (3, N), of rounds with these bases."""
    height, base_radius, slope = shape
    away = middle - bases
    along = away @ axis
    across = np.linalg.norm(away - along[:, None] * axis, axis=1)
    side = (across - base_radius - slope * along) / np.hypot(1.0, slope)
    return np.stack([-along, along - height, side])


def _nearest(rounded: F32, error: Callable[[F64], F64]) -> F32:
    """Of the float32 around some, (3,) or (5,), those whose error is least."""
    most = 8 if len(rounded) == 3 else 3
    each = [np.arange(-most, most + 1)] * len(rounded)
    steps = np.stack(np.meshgrid(*each, indexing="ij"), axis=-1).reshape(-1, len(rounded))
    steps = steps[np.argsort((steps**2).sum(axis=1), kind="stable")]  # the first of equals
    candidates = (rounded + steps * np.spacing(np.abs(rounded))).astype(np.float32)
    errors = np.abs(error(candidates.astype(np.float64)))
    return np.asarray(candidates[int(np.argmin(errors))])
