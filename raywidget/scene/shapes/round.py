"""Round shapes with an axis: disk, cylinder, cone. The front side is where the normals point."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.shapes.simple import Bounds, Shape, TurnableShape
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Vec3, Vec3Like


def _disk_extent(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half the size of the box round a disk of radius 1 at right angles to a unit axis."""
    return np.asarray(np.sqrt(np.maximum(0.0, 1.0 - axis * axis)))


@dataclass(frozen=True, eq=False, repr=False)
class Disk(TurnableShape):
    """A flat disk.

    The front side is where `normal` points. Its surface coordinates, seen from there: u runs once
    round, counter-clockwise; v from 0 at the rim to 1 in the middle.

    Parameters
    ----------
    center : (float, float, float)
        In scene units.
    normal : (float, float, float)
        At right angles to the disk, of any length but 0; stored at length 1.
    radius : float
        In scene units, > 0.

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> lamp = rw.Disk((0, 3, 0), (0, -1, 0), 0.5, emission=10)  # it shines down
    >>> round(lamp.area(), 3)
    0.785
    """

    center: Vec3Like
    normal: Vec3Like
    radius: float

    def __post_init__(self) -> None:
        super().__post_init__()
        normal = checks.direction(self, "normal", self.normal)
        norm = math.hypot(*normal)
        self._set(
            center=checks.vec3(self, "center", self.center),
            normal=tuple(c / norm for c in normal),
            radius=checks.length(self, "radius", self.radius),
        )

    def bounds(self) -> Bounds:
        """Lowest and highest corner of the box round the disk (it may be flat), (3,) each."""
        center = np.array(self.center, dtype=np.float64)
        half = self.radius * _disk_extent(np.array(self.normal))
        return center - half, center + half

    def area(self) -> float:
        """Area of one side, in square scene units."""
        return math.pi * self.radius**2


@dataclass(frozen=True, eq=False, repr=False)
class Cylinder(TurnableShape):
    """A round cylinder, closed or open.

    Its normals point outwards. Its surface coordinates: u runs once round the axis; v from 0 at the
    base to 1 at the top of the side, from 0 in the middle of the base to 1 at its rim, and from 0
    at the rim of the top to 1 in its middle.

    Parameters
    ----------
    base, top : (float, float, float)
        The ends of its axis, in scene units; not the same point.
    radius : float
        In scene units, > 0.
    caps : bool
        Is it closed at both ends? Without caps it is a tube, whose inner side is its back.

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> post = rw.Cylinder((0, 0, 0), (0, 2, 0), 0.1, name="post")
    >>> post.bounds()
    (array([-0.1,  0. , -0.1]), array([0.1, 2. , 0.1]))
    """

    base: Vec3Like
    top: Vec3Like
    radius: float
    caps: bool = field(default=True, kw_only=True)  # its ends; of cuts the scene decides

    def __post_init__(self) -> None:
        super().__post_init__()
        base, top = _checked_ends(self, self.base, self.top)
        self._set(
            base=base,
            top=top,
            radius=checks.length(self, "radius", self.radius),
            caps=checks.flag(self, "caps", self.caps),
        )

    def bounds(self) -> Bounds:
        """Lowest and highest corner of the smallest upright box round it, (3,) float64 each."""
        return _bounds(self.base, self.top, self.radius, self.radius)

    def area(self) -> float:
        """Area of the outside, in square scene units: the side, and the caps if it has them."""
        return _area(self.base, self.top, self.radius, self.radius, self.caps)


@dataclass(frozen=True, eq=False, repr=False)
class Cone(TurnableShape):
    """A cone, whole or truncated, closed or open.

    Its normals point outwards. Its surface coordinates are those of a `Cylinder`.

    Parameters
    ----------
    base, top : (float, float, float)
        The ends of its axis, in scene units; not the same point.
    base_radius : float
        In scene units, > 0.
    top_radius : float
        In scene units, >= 0: 0 for a tip, else the cone is truncated (a frustum).
    caps : bool
        Is it closed where it would be open?

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> hat = rw.Cone((0, 0, 0), (0, 4, 0), 3, caps=False)
    >>> round(hat.area(), 3)  # pi r times the length of the side
    47.124
    """

    base: Vec3Like
    top: Vec3Like
    base_radius: float
    top_radius: float = 0.0
    caps: bool = field(default=True, kw_only=True)  # its ends; of cuts the scene decides

    def __post_init__(self) -> None:
        super().__post_init__()
        base, top = _checked_ends(self, self.base, self.top)
        self._set(
            base=base,
            top=top,
            base_radius=checks.length(self, "base_radius", self.base_radius),
            top_radius=checks.non_negative(self, "top_radius", self.top_radius),
            caps=checks.flag(self, "caps", self.caps),
        )

    def bounds(self) -> Bounds:
        """Lowest and highest corner of the smallest upright box round it, (3,) float64 each."""
        return _bounds(self.base, self.top, self.base_radius, self.top_radius)

    def area(self) -> float:
        """Area of the outside, in square scene units: the side, and the caps if it has them."""
        return _area(self.base, self.top, self.base_radius, self.top_radius, self.caps)


def _checked_ends(shape: Shape, base: object, top: object) -> tuple[Vec3, Vec3]:
    checked = checks.vec3(shape, "base", base), checks.vec3(shape, "top", top)
    if math.dist(*checked) < checks.SMALLEST_LENGTH:
        raise SceneError(
            f"{checks.label(shape)}: base and top must be different points, got {checked[0]} twice"
        )
    return checked


def _bounds(base: Vec3Like, top: Vec3Like, base_radius: float, top_radius: float) -> Bounds:
    a, b = np.array(base, dtype=np.float64), np.array(top, dtype=np.float64)
    extent = _disk_extent((b - a) / np.linalg.norm(b - a))
    return (
        np.minimum(a - base_radius * extent, b - top_radius * extent),
        np.maximum(a + base_radius * extent, b + top_radius * extent),
    )


def _area(
    base: Vec3Like, top: Vec3Like, base_radius: float, top_radius: float, caps: bool
) -> float:
    side = math.hypot(math.dist(base, top), base_radius - top_radius)
    ends = base_radius**2 + top_radius**2 if caps else 0.0
    return math.pi * ((base_radius + top_radius) * side + ends)
