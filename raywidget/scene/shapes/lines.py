"""Lines with thickness, and arrows: many at once, from arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.shapes.quantities import Numbers, ValuedShape
from raywidget.scene.shapes.simple import Bounds, TurnableShape
from raywidget.scene.values import arrays, checks
from raywidget.scene.values.given import NotNumbers, as_items, as_numpy

F64 = NDArray[np.float64]

_SHARES = ("shaft_radius", "head_length", "head_radius")


class RoundEnds(NamedTuple):
    """Truncated cones by their ends."""

    base: F64  # (R, 3)
    top: F64
    base_radius: F64  # (R,)
    top_radius: F64
    caps: bool


@dataclass(frozen=True, eq=False, repr=False)
class Tubes(ValuedShape, TurnableShape):
    """Lines with thickness: streamlines, trajectories, fibres, edges of graphs.

    Joints and ends are round; where the radius changes, cones touch the balls at their ends. All
    are one shape of as many balls and cones as there are points; a hundred thousand cost no more
    than a mesh of as many triangles. They are made for opaque materials: within them, balls and
    cones overlap.

    Parameters
    ----------
    polylines : (N, 3) array, or sequence of them
        The points of each line, in scene units, finite; lines of one point are balls.
    radius : float, (P,) array, or sequence of arrays
        In scene units, > 0; one number for all, or one for each of all P points together, line
        after line.
    values : (P,) or (L,) array, or sequence of arrays, optional
        A number for each point, line after line; along the lines they are interpolated. Or one for
        each of all L lines; where there are as many lines as points, they are those of points.
    colors : (P, 3) or (L, 3) array, or sequence of (N, 3) arrays, optional
        A colour for each point, or for each of all L lines, linear RGB in [0, 1], for materials
        that ask for them; between points they are interpolated. Where there are as many lines as
        points, they are those of points.

    Raises
    ------
    SceneError
        If an array has a wrong shape or type, or a number is out of its range; which line and row
        is told.

    Examples
    --------
    >>> import numpy as np
    >>> import raywidget as rw
    >>> t = np.linspace(0, 12, 200)
    >>> helix = np.stack([np.cos(t), t / 6, np.sin(t)], axis=1)
    >>> rw.Tubes(helix, radius=0.05, values=t, colormap="viridis").points.shape
    (200, 3)
    """

    polylines: NDArray[Any] | Sequence[NDArray[Any]]
    radius: float | NDArray[Any] | Sequence[NDArray[Any]]
    colors: NDArray[np.float32] | None = field(default=None, kw_only=True)  # (P, 3)
    points: NDArray[np.float32] | NDArray[np.float64] = field(init=False)  # (P, 3) of all lines
    radii: NDArray[np.float32] = field(init=False)  # (P,)
    segments: NDArray[np.int32] = field(init=False)  # (S, 2) points that a cone connects

    def __post_init__(self) -> None:
        super().__post_init__()
        lines = self._lines()
        counts = [len(line) for line in lines]
        joined = np.concatenate(lines) if len(lines) > 1 else lines[0]
        if len(joined) > checks.MAX_ROWS:
            raise checks.fail(self, "polylines", f"of at most {checks.MAX_ROWS} points", joined)
        points = arrays.frozen_points(joined)
        radius = self._in_one("radius", self.radius, counts)
        radii = arrays.lengths(self, "radius", radius, "P", len(points))
        kept = tuple(arrays.frozen_points(line) for line in lines)
        single = isinstance(radius, int | float | np.number) or np.ndim(np.asarray(radius)) == 0
        self._set(
            polylines=kept[0] if len(kept) == 1 else kept,
            radius=float(radii[0]) if single else radii,
            points=points,
            radii=radii,
        )
        firsts = np.arange(len(points) - 1, dtype=np.int32)
        ends = np.cumsum(counts)[:-1] - 1  # where the next point is of another line
        pairs = np.delete(np.stack([firsts, firsts + 1], axis=1), ends, axis=0)
        # A ball that holds the next one needs no cone to it.
        steps = points.astype(np.float64)[pairs]
        apart = np.linalg.norm(steps[:, 1] - steps[:, 0], axis=1)
        grown = np.abs(np.diff(radii.astype(np.float64)[pairs], axis=1))[:, 0]
        segments = pairs[apart > np.maximum(grown * (1.0 + 1e-6), checks.SMALLEST_LENGTH)]
        segments.setflags(write=False)
        self._set(segments=segments)
        self._set(_counts=tuple(counts))
        if self.values is not None:
            self._set(values=self._in_one("values", self.values, counts))
        if self.colors is not None:
            self._set(colors=self._checked_colors(counts))
        self._check_quantities()

    def _checked_colors(self, counts: list[int]) -> NDArray[np.float32]:
        """A colour for each point."""
        given = self._in_one("colors", self.colors, counts, 3)
        array = checks.array(self, "colors", given, "an array of colours")
        if array.shape == (len(counts), 3) != (len(self.points), 3):
            array = np.repeat(array, counts, axis=0)
        return arrays.colors(self, "colors", array, "P", len(self.points))

    def _lines(self) -> list[NDArray[Any]]:
        given: Any = self.polylines
        expected = "(N, 3) points of a line, or a list of such arrays"
        if isinstance(given, list | tuple):
            items = list(given)
            try:
                first = as_numpy(items[0]) if items else None
            except NotNumbers:
                first = None
            if first is None:
                raise checks.fail(self, "polylines", expected, given)
            if first.ndim == 2:
                return [
                    arrays.given_points(self, f"polylines[{k}]", line, "N")
                    for k, line in enumerate(items)
                ]
        array = checks.array(self, "polylines", given, expected)
        if array.ndim == 3:
            return [
                arrays.given_points(self, f"polylines[{k}]", line, "N")
                for k, line in enumerate(array)
            ]
        return [arrays.given_points(self, "polylines", array, "N")]

    def _in_one(self, name: str, value: Any, counts: list[int], columns: int = 0) -> Any:
        """What is given line by line, as one array; anything else as it is."""
        items = as_items(value) if isinstance(value, list | tuple) else None
        if items is None or len(items) != len(counts) or len(counts) == 1 or np.isscalar(items[0]):
            return value
        parts = [
            checks.array(self, f"{name}[{k}]", item, "numbers") for k, item in enumerate(items)
        ]
        if columns and all(part.ndim < 2 for part in parts):
            return value
        for k, (part, count) in enumerate(zip(parts, counts, strict=True)):
            if part.shape != ((count, columns) if columns else (count,)):
                what = "colours" if columns else "numbers"
                raise checks.fail(
                    self, f"{name}[{k}]", f"{count} {what}, one for each of its points", part
                )
        return np.concatenate(parts)

    def _value_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"points": (len(self.points),)}

    def _checked_values(self, name: str, value: Any) -> Numbers:
        """A number for each point; what is one for each line is that of all of its points."""
        counts: tuple[int, ...] = self.__dict__["_counts"]
        size = getattr(value, "size", None)
        if size is None and isinstance(value, list | tuple):
            size = len(value)
        if size == len(counts) != len(self.points):
            given: Any = value if hasattr(value, "shape") else np.asarray(value)
            if given.dtype.kind in "biuf" and given.ndim == 1:
                value = (
                    np.ma.repeat(given, counts)
                    if np.ma.isMaskedArray(given)
                    else np.repeat(given, counts)
                )
        return super()._checked_values(name, value)

    def packed_count(self, numbers: Numbers) -> int:
        """How many numbers `packed` makes of values."""
        return len(self.points) + self.segments.size

    def packed(self, numbers: Numbers) -> NDArray[Any]:
        """Values of the balls, then of both ends of the cones between them."""
        return np.concatenate([numbers.array, numbers.array[self.segments].ravel()])

    def rounds(self) -> RoundEnds:
        """The cones that touch the balls at both ends of each segment."""
        ends = self.points.astype(np.float64)[self.segments]
        radii = self.radii.astype(np.float64)[self.segments]
        step = ends[:, 1] - ends[:, 0]
        apart = np.linalg.norm(step, axis=1)
        axis = step / apart[:, None]
        lean = (radii[:, 0] - radii[:, 1]) / apart  # the sine of the angle of the side
        share = np.sqrt(1.0 - lean**2)
        shift = axis * lean[:, None]
        return RoundEnds(
            ends[:, 0] + shift * radii[:, :1],
            ends[:, 1] + shift * radii[:, 1:],
            radii[:, 0] * share,
            radii[:, 1] * share,
            False,
        )

    def bounds(self) -> Bounds:
        """Lowest and highest corner of the box round all balls, (3,) float64 each."""
        points, radii = self.points.astype(np.float64), self.radii.astype(np.float64)[:, None]
        return (points - radii).min(axis=0), (points + radii).max(axis=0)

    def area(self) -> float:
        """Area of all balls and cones, in square scene units, as if none lay within another."""
        a = self.rounds()
        side = np.hypot(np.linalg.norm(a.top - a.base, axis=1), a.base_radius - a.top_radius)
        balls = 4.0 * np.pi * (self.radii.astype(np.float64) ** 2).sum()
        return float(balls + np.pi * ((a.base_radius + a.top_radius) * side).sum())


@dataclass(frozen=True, eq=False, repr=False)
class Arrows(ValuedShape, TurnableShape):
    """Arrows from points along vectors.

    Parameters
    ----------
    points, vectors : (N, 3) array of float
        Where each begins, and where it points, finite. A vector of length 0 has no arrow.
    scale : "auto" or float
        Scene units for a unit of a vector, > 0; by default so that the longest arrow is as long as
        points are apart, as if they were evenly spread over their box.
    shaft_radius, head_length, head_radius : float
        Of an arrow of length 1, > 0.
    values : (N,) array or "length", optional
        A number for each; "length" takes that of its vector.
    colors : (N, 3) array, optional
        A colour for each, linear RGB in [0, 1], for materials that ask for them.

    Raises
    ------
    SceneError
        If an array has a wrong shape or type, a number is out of its range, or all vectors are 0.

    Examples
    --------
    >>> import raywidget as rw
    >>> arrows = rw.Arrows([(0, 0, 0), (2, 0, 0)], [(0, 1, 0), (0, 2, 0)], scale=0.5)
    >>> arrows.lengths().tolist()
    [0.5, 1.0]
    """

    points: NDArray[np.float32] | NDArray[np.float64]
    vectors: NDArray[np.float32] | NDArray[np.float64]
    scale: float | Literal["auto"] = field(default="auto", kw_only=True)
    shaft_radius: float = field(default=0.04, kw_only=True)
    head_length: float = field(default=0.3, kw_only=True)
    head_radius: float = field(default=0.1, kw_only=True)
    colors: NDArray[np.float32] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        points = arrays.points(self, "points", self.points, "N")
        vectors = arrays.points(self, "vectors", self.vectors, "N", len(points))
        self._set(points=points, vectors=vectors)
        if not self.has_arrow().any():
            raise SceneError(f"{checks.label(self)}: vectors must not all be 0")
        if not (isinstance(self.scale, str) and self.scale == "auto"):
            self._set(scale=checks.length(self, "scale", self.scale))
        for name in _SHARES:
            self._set(**{name: checks.length(self, name, getattr(self, name))})
        if self.head_length >= 1.0:
            raise checks.fail(self, "head_length", "below 1, the whole arrow", self.head_length)
        values: Any = self.values
        if isinstance(values, str):
            if values != "length":
                raise checks.fail(self, "values", "numbers, or 'length'", self.values)
            self._set(values=np.linalg.norm(vectors.astype(np.float64), axis=1))
        if self.colors is not None:
            self._set(colors=arrays.colors(self, "colors", self.colors, "N", len(points)))
        self._check_quantities()

    def has_arrow(self) -> NDArray[np.bool_]:
        """Which of them are there, (N,): those whose vector is not 0."""
        lengths = np.linalg.norm(self.vectors.astype(np.float64), axis=1)
        return np.asarray(lengths > checks.SMALLEST_LENGTH)

    def _factor(self) -> float:
        if self.scale != "auto":
            return float(self.scale)
        longest = float(np.linalg.norm(self.vectors.astype(np.float64), axis=1).max())
        size = np.ptp(self.points.astype(np.float64), axis=0)
        flat = size > 1e-9 * max(float(size.max()), 1e-300)
        if not flat.any() or len(self.points) < 2:
            return 1.0
        # Evenly spread over as many dimensions as the box has
        apart = float(np.prod(size[flat]) / len(self.points)) ** (1.0 / int(flat.sum()))
        return float(max(apart, float(size.max()) / len(self.points)) / longest)

    def lengths(self) -> F64:
        """How long they are in the scene, (N,)."""
        return np.asarray(self._factor() * np.linalg.norm(self.vectors.astype(np.float64), axis=1))

    def _value_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"items": (len(self.points),)}

    def packed_count(self, numbers: Numbers) -> int:
        """How many numbers `packed` makes of values."""
        return 2 * int(self.has_arrow().sum())

    def packed(self, numbers: Numbers) -> NDArray[Any]:
        """Values of all shafts, then of all heads."""
        return np.tile(numbers.array[self.has_arrow()], 2)

    def rounds(self) -> RoundEnds:
        """All shafts, then all heads."""
        chosen = self.has_arrow()
        start = self.points.astype(np.float64)[chosen]
        step = self.vectors.astype(np.float64)[chosen] * self._factor()
        length = np.linalg.norm(step, axis=1)
        neck, tip = start + (1.0 - self.head_length) * step, start + step
        return RoundEnds(
            np.concatenate([start, neck]),
            np.concatenate([neck, tip]),
            np.concatenate([self.shaft_radius * length, self.head_radius * length]),
            np.concatenate([self.shaft_radius * length, 0.0 * length]),
            True,
        )

    def bounds(self) -> Bounds:
        """Corners of a box round all of them, (3,) float64 each; not always the smallest one."""
        a = self.rounds()
        low = np.minimum(a.base - a.base_radius[:, None], a.top - a.top_radius[:, None])
        high = np.maximum(a.base + a.base_radius[:, None], a.top + a.top_radius[:, None])
        return low.min(axis=0), high.max(axis=0)

    def area(self) -> float:
        """Area of all shafts and heads, in square scene units."""
        a = self.rounds()
        side = np.hypot(np.linalg.norm(a.top - a.base, axis=1), a.base_radius - a.top_radius)
        caps = a.base_radius**2 + a.top_radius**2
        return float(np.pi * ((a.base_radius + a.top_radius) * side + caps).sum())
