"""Where the origin of the tables is in the scene, and their unit of length.

Kernels compute in float32. It is fine around its origin, and for squares, cubes and fourth powers
of lengths that are neither huge nor tiny. So a scene that is far from its origin (coordinates of a
map) is moved to that of the tables, in float64, and one that is huge or tiny is scaled, by a power
of two, which rounds nothing. All other scenes stay what they are, to the last bit.

What users see is in their own coordinates: see `Placement.points_back` and `lengths_back`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.shapes.simple import Bounds
from raywidget.scene.values.places import FAR, is_far

F64 = NDArray[np.float64]

# What surrounds the origin (a ground, a sky) says nothing of where the other things are; but when
# it is there, they have to be farther away than if they were alone.
_FAR_WITHIN = 8.0 * FAR

# Products of four lengths, and of the differences of such, stay within float32.
_LARGEST = 2.0**28
_SMALLEST = 2.0**-20
_MODERATE = 2**10


class Placement(NamedTuple):
    """From a scene to its tables: ``(point - origin) * scale``."""

    origin: F64  # (3,)
    scale: float  # a power of two

    def points(self, points: NDArray[np.floating]) -> F64:
        """Points of the scene, (..., 3), in the tables."""
        return np.asarray((np.asarray(points, np.float64) - self.origin) * self.scale)

    def bounds(self, bounds: Bounds) -> Bounds:
        """A box of the scene in the tables."""
        return self.points(bounds[0]), self.points(bounds[1])

    def points_back(self, points: NDArray[np.floating]) -> F64:
        """Points of the tables, (..., 3), in the scene."""
        return np.asarray(np.asarray(points, np.float64) / self.scale + self.origin)

    @property
    def is_moved(self) -> bool:
        """Is the origin of the tables another one than the scene's?"""
        return bool(self.origin.any())

    @property
    def is_identity(self) -> bool:
        """Do the tables have the scene's own origin and unit?"""
        return self.scale == 1.0 and not self.is_moved

    def within(self, own: Placement, matrices: F64) -> F64:
        """Matrices (N, 4, 4) that place a thing in the scene, for one that is `own` placed itself.

        They go from the tables of the thing to those of the scene.
        """
        if self.is_identity and own.is_identity:
            return matrices
        result = matrices.copy()
        shift = matrices[:, :3, :3] @ own.origin + (matrices[:, :3, 3] - self.origin)
        result[:, :3, :3] *= self.scale / own.scale
        result[:, :3, 3] = shift * self.scale
        return result

    def as_array(self) -> F64:
        """What `SceneTables.placement` holds, (4,)."""
        return np.array([*self.origin, self.scale])


AS_IT_IS = Placement(np.zeros(3), 1.0)


def placement_in(tables_array: F64) -> Placement:
    """The placement that `SceneTables.placement` holds."""
    return Placement(tables_array[:3], float(tables_array[3]))


def place(boxes: Sequence[Bounds]) -> Placement:
    """A placement for things in these boxes; it depends on nothing else."""
    if not boxes:
        return AS_IT_IS
    lo = np.array([low for low, _ in boxes], np.float64)
    hi = np.array([high for _, high in boxes], np.float64)
    origin = _origin(lo, hi)
    largest = max(float(np.abs(lo - origin).max()), float(np.abs(hi - origin).max()))
    scale = 1.0
    if largest > 0.0 and not _SMALLEST <= largest <= _LARGEST:
        scale = float(_MODERATE) / 2.0 ** math.ceil(math.log2(largest))
    return Placement(origin, scale)


def _origin(lo: F64, hi: F64) -> F64:
    # It may be flat: a ground at y = 1 surrounds the origin, too.
    around = np.abs(lo + hi).max(axis=1) <= (hi - lo).max(axis=1)
    if around.all():
        return np.zeros(3)
    low, high = lo[~around].min(axis=0), hi[~around].max(axis=0)
    if not is_far(low, high, _FAR_WITHIN if around.any() else FAR):
        return np.zeros(3)
    # On a coarse grid: an edit that moves something a little leaves the others where they were.
    size = 0.5 * float((high - low).max())
    step = 2.0 ** math.ceil(math.log2(size)) if size > 0.0 else 1.0
    return np.asarray(np.round(0.5 * (low + high) / step) * step)
