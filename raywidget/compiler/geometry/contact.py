"""Huge balls and rounds, put where float32 has them pass through what lies on them.

A ground that is a sphere of radius 1e6, tilted, has a centre whose coordinates are rounded by a
sixteenth of a unit, and stands off by as much. But there are thousands of centres and radii within
a few roundings of the true ones, and for one pair of them the surface passes by the small things
where it should, to a millionth of that. How much it is turned by going there is a few ulp.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels import layout
from raywidget.kernels.layout import F32

F64 = NDArray[np.float64]

_NEAR_ENOUGH = 2.0**-40  # of a thing's size
_SIDE = 2  # base and top come before


def settle_ball(row: F32, centre: F64, radius: float, middle: F64) -> None:
    """Move a ball's row (4,) so that its surface is as far from `middle` as it is."""
    away = float(np.linalg.norm(centre - middle)) - radius

    def error(values: F64) -> F64:
        distances = np.linalg.norm(values[:, :3] - middle, axis=1)
        return np.asarray(distances - np.abs(values[:, 3]) - away)

    row[:] = _nearest(row, [8, 8, 8], [16], error, _NEAR_ENOUGH * radius)


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
    # Other numbers than the base's, too: along an axis of the scene, it moves by whole ulp only.
    first = layout.ROUND_HEIGHT_ROW
    lengths_at = np.array([first, first + 1, first + 3])
    is_side = face == _SIDE
    others = lengths_at[1:] if is_side else lengths_at[:1]
    columns = np.concatenate([np.arange(3), np.arange(9, 12), others])
    known = row.astype(np.float64)

    def error(values: F64) -> F64:
        rows = np.tile(known, (len(values), 1))
        rows[:, columns] = values
        axes = rows[:, 9:12] / np.linalg.norm(rows[:, 9:12], axis=1, keepdims=True)
        shape = tuple(rows[:, lengths_at].T)
        return np.asarray(_distances(rows[:, :3], axes, shape, middle)[face] - exact[face])

    turns = [1, 1, 1] if is_side else [0, 0, 0]
    size = max(height, base_radius, top_radius)
    steps = [16 if row[column] else 0 for column in others]  # disks and cylinders stay such
    row[columns] = _nearest(row[columns], [8, 8, 8, *turns], steps, error, _NEAR_ENOUGH * size)


def _distances(bases: F64, axes: F64, shape: tuple[Any, ...], middle: F64) -> F64:
    """How far a point is outside of base, top and side, (3, N), of rounds with these bases.

    Their `shape` is height, radius at the base and slope, each of all or of one after the other.
    """
    height, base_radius, slope = shape
    away = middle - bases
    along = (away * axes).sum(axis=1)
    across = np.linalg.norm(away - along[:, None] * axes, axis=1)
    side = (across - base_radius - slope * along) / np.hypot(1.0, slope)
    return np.stack([-along, along - height, side])


def _nearest(
    rounded: F32, left: list[int], right: list[int], error: Callable[[F64], F64], enough: float
) -> F32:
    """Of the float32 around some, (K,), the closest ones whose error is near enough, or the least.

    So many roundings those on the `left` are moved at most, and those on the `right`. What a step
    changes adds up, so the two can be searched apart, and are then put together in pairs.
    """
    start = float(error(rounded[None].astype(np.float64))[0])
    columns, parts = np.arange(len(rounded)), []
    for own, most in ((columns[: len(left)], left), (columns[len(left) :], right)):
        each = [np.arange(-n, n + 1) for n in most]
        steps = np.stack(np.meshgrid(*each, indexing="ij"), axis=-1).reshape(-1, len(most))
        far = np.square(steps).sum(axis=1)
        by_distance = np.argsort(far, kind="stable")
        steps, far = steps[by_distance], far[by_distance]
        values = np.tile(rounded, (len(steps), 1))
        values[:, own] += (steps * np.spacing(np.abs(rounded[own]))).astype(np.float32)
        parts.append((values[:, own], error(values.astype(np.float64)) - start, far))
    (left_values, left_changes, left_far), (right_values, right_changes, right_far) = parts
    order = np.argsort(left_changes, kind="stable")
    places = np.searchsorted(left_changes[order], -start - right_changes)
    pairs = [(0, 0)]  # as it was
    for place in (places - 1, places):
        nearest = order[np.clip(place, 0, len(order) - 1)]
        pairs += zip(nearest, range(len(nearest)), strict=True)
    i, j = np.array(pairs).T
    candidates = np.concatenate([left_values[i], right_values[j]], axis=1)
    errors = np.abs(error(candidates.astype(np.float64)))
    best = np.lexsort((left_far[i] + right_far[j], np.maximum(errors, enough)))[0]
    return np.asarray(candidates[best])
