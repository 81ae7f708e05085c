"""Many shapes at once, from arrays: for points, particles, atoms and bonds, edges of graphs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.shapes.quantities import ValuedShape
from raywidget.scene.shapes.simple import Bounds, TurnableShape
from raywidget.scene.values import arrays, checks


@dataclass(frozen=True, eq=False, repr=False)
class Spheres(ValuedShape, TurnableShape):
    """Many spheres; each is like a `Sphere`.

    A hundred thousand cost no more than a mesh of as many triangles. Lists are taken too; arrays
    are copied, and stored read-only as float32 (float64 where they are far from the origin, or few
    and far apart).

    Parameters
    ----------
    centers : (N, 3) array of float
        In scene units, finite; N at most 2^27.
    radii : float or (N,) array of float
        In scene units, > 0; one number for all.
    colors : (N, 3) array of float, optional
        A colour for each, linear RGB in [0, 1], for materials that ask for it.

    Raises
    ------
    SceneError
        If an array has a wrong shape or type, or a number is out of its range; the first such row
        is named.

    Examples
    --------
    >>> import numpy as np
    >>> import raywidget as rw
    >>> cloud = rw.Spheres(np.random.default_rng(0).random((1000, 3)), 0.01)
    >>> cloud
    Spheres(centers=<1000x3 float32>, radii=<1000 float32>)
    """

    centers: NDArray[np.float32] | NDArray[np.float64]
    radii: NDArray[np.float32]
    colors: NDArray[np.float32] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        centers = arrays.points(self, "centers", self.centers, "N")
        self._set(
            centers=centers,
            radii=arrays.lengths(self, "radii", self.radii, "N", len(centers)),
        )
        if self.colors is not None:
            self._set(colors=arrays.colors(self, "colors", self.colors, "N", len(centers)))
        self._check_quantities()

    def _value_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"items": (len(self.centers),)}

    def bounds(self) -> Bounds:
        """Lowest and highest corner of the box round all of them, (3,) float64 each."""
        lo, hi = self._bounds
        return lo.copy(), hi.copy()

    @cached_property
    def _bounds(self) -> Bounds:
        radii = self.radii.astype(np.float64)
        columns = [self.centers[:, axis].astype(np.float64) for axis in range(3)]
        lo = np.array([(column - radii).min() for column in columns])
        return lo, np.array([(column + radii).max() for column in columns])

    def area(self) -> float:
        """Area of all of them, in square scene units."""
        return float(4.0 * np.pi * (self.radii.astype(np.float64) ** 2).sum())


@dataclass(frozen=True, eq=False, repr=False)
class Cylinders(ValuedShape, TurnableShape):
    """Many round cylinders; each is like a `Cylinder`.

    A hundred thousand cost no more than a mesh of as many triangles. Lists are taken too; arrays
    are copied, and stored read-only as float32 (float64 where they are far from the origin, or few
    and far apart).

    Parameters
    ----------
    starts, ends : (N, 3) array of float
        The ends of their axes, in scene units, finite; N at most 2^27. They must differ in every
        row.
    radii : float or (N,) array of float
        In scene units, > 0; one number for all.
    colors : (N, 3) array of float, optional
        A colour for each, linear RGB in [0, 1], for materials that ask for it.
    caps : bool
        Are they closed at both ends?

    Values are one for each, or (N, 2): at its start and at its end, and in between what lies
    between.

    Raises
    ------
    SceneError
        If an array has a wrong shape or type, or a number is out of its range; the first such row
        is named.

    Examples
    --------
    >>> import numpy as np
    >>> import raywidget as rw
    >>> points = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0)])
    >>> bonds = rw.Cylinders(points[:-1], points[1:], 0.1, caps=False)
    >>> bonds
    Cylinders(starts=<2x3 float32>, ends=<2x3 float32>, radii=<2 float32>, caps=False)
    """

    starts: NDArray[np.float32] | NDArray[np.float64]
    ends: NDArray[np.float32] | NDArray[np.float64]
    radii: NDArray[np.float32]
    colors: NDArray[np.float32] | None = field(default=None, kw_only=True)
    caps: bool = field(default=True, kw_only=True)  # its ends; of cuts the scene decides

    def __post_init__(self) -> None:
        super().__post_init__()
        starts = arrays.points(self, "starts", self.starts, "N")
        count = len(starts)
        ends = arrays.points(self, "ends", self.ends, "N", count)
        lengths = np.linalg.norm(ends.astype(np.float64) - starts, axis=1)
        bad = lengths < checks.SMALLEST_LENGTH
        if bad.any():
            row = int(np.argmax(bad))
            raise SceneError(
                f"{checks.label(self)}: starts and ends must be different points, "
                f"got {starts[row].tolist()} twice in row {row}"
            )
        self._set(
            starts=starts,
            ends=ends,
            radii=arrays.lengths(self, "radii", self.radii, "N", count),
            caps=checks.flag(self, "caps", self.caps),
        )
        if self.colors is not None:
            self._set(colors=arrays.colors(self, "colors", self.colors, "N", count))
        self._check_quantities()

    def _value_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"items": (len(self.starts),), "ends": (len(self.starts), 2)}

    def bounds(self) -> Bounds:
        """Lowest and highest corner of the smallest box round all of them, (3,) float64 each."""
        a, b = self.starts.astype(np.float64), self.ends.astype(np.float64)
        axis = (b - a) / np.linalg.norm(b - a, axis=1, keepdims=True)
        extent = np.sqrt(np.maximum(0.0, 1.0 - axis**2)) * self.radii.astype(np.float64)[:, None]
        return (np.minimum(a, b) - extent).min(axis=0), (np.maximum(a, b) + extent).max(axis=0)

    def area(self) -> float:
        """Area of all of them, in square scene units: the sides, and the caps if they have them."""
        radii = self.radii.astype(np.float64)
        lengths = np.linalg.norm(self.ends.astype(np.float64) - self.starts, axis=1)
        caps = 2.0 * radii**2 if self.caps else 0.0
        return float(np.pi * (2.0 * radii * lengths + caps).sum())
