"""Clouds of points: files that have places, but no faces."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.io.pieces import mended_colors
from raywidget.scene.shapes.many import Spheres
from raywidget.scene.values.checks import LARGEST, SMALLEST_LENGTH


@np.errstate(invalid="ignore", over="ignore")  # of points that are left out
def spheres(
    points: NDArray[Any],
    colors: NDArray[Any] | None = None,
    radii: NDArray[Any] | None = None,
    *,
    notes: list[str],
    name: str | None = None,
) -> list[Spheres]:
    """A ball for each point that is finite; an empty list if none is.

    Without radii, the ball is as wide as half of the usual distance to the nearest other point.

    Parameters
    ----------
    points : (N, 3) array
    colors : (N, 3) array, optional
        Linear.
    radii : (N,) array, optional
    notes : list of str
        What was mended is added to it.
    name : str, optional
    """
    with np.errstate(invalid="ignore"):
        keep = (np.abs(points) <= LARGEST).all(axis=1)
        if radii is not None:
            keep &= (radii >= SMALLEST_LENGTH) & (radii <= LARGEST)
    if lost := len(points) - int(keep.sum()):
        notes.append(f"{lost:,} points left out that are not finite, or have no radius")
    if not keep.any():
        return []
    points = points[keep]
    if colors is not None:
        colors = mended_colors(colors[keep])
    sizes: Any = spacing(points) / 2.0 if radii is None else radii[keep]
    if radii is None:
        notes.append(f"{len(points):,} points are shown as balls of radius {sizes:.3g}")
    return [Spheres(points.astype(np.float32), sizes, colors=colors, name=name)]


def spacing(points: NDArray[Any]) -> float:
    """The usual distance from a point to the nearest one that is elsewhere: a median of 64."""
    probes = points[:: max(1, len(points) // 64)][:64].astype(np.float64)
    nearest = np.full(len(probes), np.inf)
    for first in range(0, len(points), 1 << 14):
        some = points[first : first + (1 << 14)].astype(np.float64)
        squares = np.zeros((len(probes), len(some)))
        for axis in range(3):
            squares += (probes[:, axis, None] - some[:, axis]) ** 2
        squares[squares == 0.0] = np.inf
        nearest = np.minimum(nearest, squares.min(axis=1))
    found = nearest[np.isfinite(nearest)]
    scale = float(np.abs(points).max())
    result = float(np.sqrt(np.median(found))) if len(found) else 0.0
    return max(result, 1e-6 * scale, 1e-9) if result < LARGEST else 1.0
