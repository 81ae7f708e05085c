"""Numbers -> colours by a map, in numpy: what kernels are tested against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.errors import SceneError
from raywidget.scene.textures.map_tables import MOST_ENTRIES, NoMap, find_table, written_out
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Color, ColorLike
from raywidget.scene.values.described import SceneObject
from raywidget.scene.values.given import as_items

_MOST_TICKS = 256


class Limits(NamedTuple):
    """Which values have the first and the last colour."""

    low: float
    high: float


@dataclass(frozen=True, eq=False, repr=False)
class ColorMap(SceneObject):
    """How values become colours: for `values` of shapes, and for the bar beside the picture.

    A value between the limits takes one of the map's colours, as in matplotlib: of N colours the
    number ``int(N * share)``. Colours of maps are meant for screens; they are converted to linear
    light once. Light and shadow then change what is seen: see `unlit` of shapes.

    Parameters
    ----------
    colors : str, array or sequence of str
        A name of matplotlib, ColorBrewer, Crameri, cmocean and others (those of ``cmap``; "_r"
        reverses), such as "viridis", "inferno", "coolwarm", "tab10"; or a map object of matplotlib
        or cmap; or (N, 3) numbers by the sRGB curve in [0, 1] or uint8, N colours in equal steps;
        or names of colours that are blended into each other, as ``["white", "red"]``.
    limits : (float, float), optional
        The values of the first and of the last colour, low < high; None for either is the least or
        greatest finite value of what is coloured. By default both are.
    label : str, optional
        What the bar beside the picture is called: quantity and unit, such as "T / K".
    log : bool
        Equal ratios are equal steps; what is not > 0 has the colour `nan`.
    symmetric : bool
        Widen the limits so that 0 is in the middle.
    nan : colour
        Of what is no number; by default the map's own, else "darkgray".
    below, above : colour, optional
        Of values beyond the limits; by default the map's own, else its first and last colour.
    steps : int, optional
        So many different colours only.
    ticks : sequence of float, or of (float, str), or mapping, optional
        Which values the bar tells, and in which words: ``{1: "sand", 2: "clay"}``. By default
        round numbers.
    bar : bool
        Does a bar beside the picture tell the colours?

    Raises
    ------
    SceneError
        If there is no such map, limits are reversed, not finite, or not > 0 with `log`, or a colour
        leaves [0, 1].

    Examples
    --------
    >>> import raywidget as rw
    >>> heat = rw.ColorMap("inferno", limits=(0, 100), label="T / K")
    >>> heat
    ColorMap(colors='inferno', limits=(0, 100), label='T / K')
    >>> heat.evaluate([0, 50, float("nan")]).round(3).tolist()
    [[0.0, 0.0, 0.001], [0.5, 0.038, 0.089], [0.397, 0.397, 0.397]]
    """

    colors: Any = "viridis"
    limits: tuple[float | None, float | None] | None = field(default=None, kw_only=True)
    label: str | None = field(default=None, kw_only=True)
    log: bool = field(default=False, kw_only=True)
    symmetric: bool = field(default=False, kw_only=True)
    nan: ColorLike | None = field(default=None, kw_only=True)
    below: ColorLike | None = field(default=None, kw_only=True)
    above: ColorLike | None = field(default=None, kw_only=True)
    steps: int | None = field(default=None, kw_only=True)
    ticks: Any = field(default=None, kw_only=True)
    bar: bool = field(default=True, kw_only=True)
    table: NDArray[np.float32] = field(init=False)  # (N, 3) linear
    extremes: tuple[Color, Color, Color] = field(init=False)  # of nan, below, above

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps is not None:
            expected = f"a whole number from 1 to {MOST_ENTRIES}"
            number = checks.number(self, "steps", self.steps, expected)
            if number != int(number) or not 1 <= number <= MOST_ENTRIES:
                raise checks.fail(self, "steps", expected, self.steps)
            self._set(steps=int(number))
        try:
            found = find_table(self.colors, self.steps)
        except NoMap as error:
            expected = "the name of a colour map, a map, an (N, 3) array, or a list of colours"
            raise checks.fail(self, "colors", expected, self.colors, str(error)) from None
        given = self.colors
        self._set(colors=written_out(given, found))
        if self.label is not None and not isinstance(self.label, str):
            raise checks.fail(self, "label", "a string or None", self.label)
        self._set(
            log=checks.flag(self, "log", self.log),
            symmetric=checks.flag(self, "symmetric", self.symmetric),
            bar=checks.flag(self, "bar", self.bar),
            table=found.rows,
        )
        if self.log and self.symmetric:
            raise SceneError(f"{checks.label(self)}: log and symmetric can't go together")
        for name in ("nan", "below", "above"):
            if getattr(self, name) is not None:
                self._set(**{name: checks.reflectance(self, name, getattr(self, name))})
            elif not isinstance(given, str):  # an object that brings its own
                self._set(**{name: getattr(found, name)})
        self._set(limits=self._checked_limits(), extremes=self._extremes(found))
        self._set(ticks=self._checked_ticks())

    def _extremes(self, found: Any) -> tuple[Color, ...]:
        first, last = (tuple(float(c) for c in found.rows[k]) for k in (0, -1))
        gray = checks.reflectance(self, "nan", "darkgray")
        chosen = (
            (self.nan, found.nan, gray),
            (self.below, found.below, first),
            (self.above, found.above, last),
        )
        return tuple(next(c for c in choices if c is not None) for choices in chosen)  # type: ignore[misc]

    def _checked_limits(self) -> tuple[float | None, float | None] | None:
        if self.limits is None:
            return None
        expected = "two numbers, low < high, or None for either"
        try:
            low, high = self.limits
        except (TypeError, ValueError):
            raise checks.fail(self, "limits", expected, self.limits) from None
        low = None if low is None else checks.number(self, "limits", low, expected)
        high = None if high is None else checks.number(self, "limits", high, expected)
        if self.log and any(limit is not None and limit <= 0.0 for limit in (low, high)):
            raise checks.fail(self, "limits", "> 0, as log=True", self.limits)
        if low is not None and high is not None and not low < high:
            advice = ""
            if low > high:
                advice = "to turn the map round, append '_r' to its name"
            raise checks.fail(self, "limits", expected, self.limits, advice)
        return None if low is None and high is None else (low, high)

    def _checked_ticks(self) -> tuple[tuple[float, str], ...] | None:
        """As pairs; without words, the number itself is written."""
        if self.ticks is None:
            return None
        expected = 'numbers, or (number, text), at most 256, such as {1: "sand", 2: "clay"}'
        given = self.ticks
        items = tuple(given.items()) if isinstance(given, Mapping) else as_items(given)
        if items is None or len(items) > _MOST_TICKS:
            raise checks.fail(self, "ticks", expected, given)
        made = []
        for item in items:
            pair = (item, "") if isinstance(item, int | float | np.number) else as_items(item) or ()
            if len(pair) != 2 or not isinstance(pair[1], str):
                raise checks.fail(self, "ticks", expected, item)
            made.append((checks.number(self, "ticks", pair[0], expected), pair[1]))
        return tuple(made)

    def limits_for(self, least: float, greatest: float) -> Limits:
        """The limits for values in this range, which counts where none are given.

        Where that leaves nothing between them, there is 1 (with `log` a factor of 10).
        """
        low, high = self.limits or (None, None)
        lower = least if low is None else low
        upper = greatest if high is None else high
        if self.symmetric:
            upper = max(abs(lower), abs(upper))
            lower = -upper
        if not lower < upper:
            if high is None:
                lower, upper = (lower, lower * 10.0) if self.log else (lower, lower + 1.0)
            elif low is None:
                lower = upper / 10.0 if self.log else upper - 1.0
        return Limits(lower, upper)

    def range_of(self, values: ArrayLike) -> tuple[float, float] | None:
        """The least and the greatest value that can have a colour of its own, or None."""
        array = np.asarray(values)
        counts = np.isfinite(array) if array.dtype.kind == "f" else np.ones(array.shape, bool)
        if self.log:
            counts &= array > 0
        chosen = array if counts.all() else array[counts]
        return (float(chosen.min()), float(chosen.max())) if chosen.size else None

    def shares(self, values: ArrayLike, limits: Limits) -> NDArray[np.float64]:
        """How far values are from the lower to the upper limit: 0 to 1, beyond them less or more.

        NaN where a value has no place.
        """
        v = np.asarray(values, np.float64)
        low, high = limits
        with np.errstate(all="ignore"):
            if self.log:
                v = np.log(np.where(v > 0.0, v, np.nan))
                low, high = float(np.log(low)), float(np.log(high))
            # Halves, since a difference of the largest floats is none.
            return np.asarray((v / 2 - low / 2) / (high / 2 - low / 2))

    def evaluate(self, values: ArrayLike, limits: Limits | None = None) -> NDArray[np.float64]:
        """Colours of values, in linear light: (...) -> (..., 3).

        `limits` count instead of the map's own; without either it is the range of the values.
        """
        v = np.asarray(values, np.float64)
        if limits is None:
            found = self.range_of(v)
            limits = self.limits_for(*(found or (0.0, 1.0)))
        share = self.shares(v, limits)
        count = len(self.table)
        row = np.minimum(np.clip(np.nan_to_num(share), 0.0, 1.0) * count, count - 1).astype(
            np.int64
        )
        result = self.table[row].astype(np.float64)
        nan, below, above = self.extremes
        result[share < 0.0] = below
        result[share > 1.0] = above
        result[np.isnan(share)] = nan
        return result


def as_color_map(owner: object, name: str, value: object) -> ColorMap:
    """Check for a colour map, or what one is made of."""
    if isinstance(value, ColorMap):
        return value
    try:
        return ColorMap(value)
    except SceneError:
        expected = "a ColorMap, or a name such as 'viridis'"
        if isinstance(value, str):
            try:
                find_table(value, None)
            except NoMap as error:
                raise checks.fail(owner, name, expected, value, str(error)) from None
        raise checks.fail(owner, name, expected, value) from None
