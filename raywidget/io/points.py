"""Clouds of points: files that have places, but no faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.io.fields import Fields
from raywidget.io.pieces import mended_colors
from raywidget.scene.materials.materials import Material
from raywidget.scene.shapes.many import Spheres
from raywidget.scene.shapes.planes import Plane
from raywidget.scene.values.checks import LARGEST, SMALLEST_LENGTH

_LEAST, _LARGEST = 1e-4, 0.02  # radii that nobody gave, of the diagonal of what is shown
_PROBES = 128  # points whose neighbours are looked for


@dataclass(frozen=True, kw_only=True)
class Points:
    """Balls; where no radii are known they follow from how densely the centres lie."""

    centers: NDArray[Any]  # (N, 3)
    radii: NDArray[Any] | float | None = None
    colors: NDArray[Any] | None = None  # (N, 3) linear
    material: Material | None = None
    name: str | None = None
    fields: Fields | None = None  # of balls, instead of colours
    clip: tuple[Plane, ...] | None = None  # of its own, before the origin is moved


@np.errstate(invalid="ignore", over="ignore")  # of points that are left out
def spheres(
    points: NDArray[Any],
    colors: NDArray[Any] | None = None,
    radii: NDArray[Any] | None = None,
    *,
    notes: list[str],
    name: str | None = None,
    fields: Fields | None = None,
) -> list[Spheres]:
    """A ball for each point that is finite; an empty list if none is.

    Without radii, they follow from how densely the points lie, see `ball_radius`.

    Parameters
    ----------
    points : (N, 3) array
    colors : (N, 3) array, optional
        Linear.
    radii : (N,) array, optional
    notes : list of str
        What was mended is added to it.
    name : str, optional
    fields : Fields, optional
        Instead of colours.
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
    sizes: Any = ball_radius(points) if radii is None else radii[keep]
    if radii is None:
        notes.append(f"{len(points):,} points are shown as balls of radius {sizes:.3g}")
    if fields is None:
        return [Spheres(points, sizes, colors=colors, name=name)]
    told = (fields if keep.all() else fields.taking(keep)).parameters()
    return [Spheres(points, sizes, name=name, **told)]


def ball_radius(points: NDArray[Any], diagonal: float | None = None) -> float:
    """Half of the usual distance from a point to the nearest one that is elsewhere.

    It is a median of 128 of them, and no less and no more than shares of a diagonal.

    Parameters
    ----------
    points : (N, 3) array, all finite
    diagonal : float, optional
        Of all that is shown; by default that of the points.
    """
    if diagonal is None:
        low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
        diagonal = float(np.linalg.norm(high - low))
        if diagonal == 0.0:
            diagonal = float(np.abs(points).max()) or 1.0
    step = max(1, len(points) // _PROBES)
    probes = points[::step][:_PROBES].astype(np.float64)
    nearest = np.full(len(probes), np.inf)
    for first in range(0, len(points), 1 << 14):
        some = points[first : first + (1 << 14)].astype(np.float64)
        squares = np.zeros((len(probes), len(some)))
        for axis in range(3):
            squares += (probes[:, axis, None] - some[:, axis]) ** 2
        squares[squares == 0.0] = np.inf
        nearest = np.minimum(nearest, squares.min(axis=1))
    found = nearest[np.isfinite(nearest)]
    radius = 0.5 * float(np.sqrt(np.median(found))) if len(found) else np.inf
    radius = min(max(radius, _LEAST * diagonal), _LARGEST * diagonal)
    return min(max(radius, SMALLEST_LENGTH), LARGEST)
