"""Transfer functions: what numbers in space look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.textures.colormaps import ColorMap, Limits, as_color_map
from raywidget.scene.values import checks
from raywidget.scene.values.described import SceneObject
from raywidget.scene.values.given import NotNumbers, as_items, as_numpy, as_whole

F64: TypeAlias = NDArray[np.float64]

# Columns of `TransferFunction.looks`
EXTINCTION = 0
ALBEDO = 1
EMISSION = 4
ANISOTROPY = 7
COLUMNS = 8

_RESOLUTIONS = (256, 1024)
_MOST_POINTS = 4096


@dataclass(frozen=True, eq=False, repr=False)
class TransferFunction(SceneObject):
    """What the numbers of a `Volume` look like: how thick it is, its colour, its glow.

    Everything is a function of the number, which is given as one value for all, as an array in
    equal steps from the lower to the upper limit, or as points ``[(number, value), ...]``, linear
    in between and constant beyond. Of light that goes a distance t, exp(-density * extinction * t)
    gets through; of what does not, the share `albedo` times `color` is scattered.

    Parameters
    ----------
    color : colour, ColorMap, name of one, (N, 3) array or points
        The colour of what is scattered. An array is of screen colours (sRGB), as in `ColorMap`.
    extinction : float, (N,) array or points, optional
        How thick it is, >= 0, in units of `density`; by default from 0 at the lower limit to 1 at
        the upper one.
    density : float, optional
        Extinction per scene unit where `extinction` is 1. By default it is chosen for each volume,
        such that an eighth of a millionth of the light would get through from corner to corner.
    emission : colour, ColorMap, name of one, (N, 3) array or points, optional
        Radiance, in W/(sr m^2), of what is so thick that nothing gets through; an array is linear
        and may exceed 1. A volume that glows lights the scene as a lamp does.
    glow : float
        A factor for `emission`.
    albedo : float, (N,) array or points
        Share of what is not let through that is scattered, in [0, 1]; the rest is absorbed.
    g : float, (N,) array or points, optional
        Mean cosine of the scattered light, in (-1, 1), as `HomogeneousMedium.anisotropy`; by
        default that of the volume.
    limits : (float, float), optional
        The numbers at which the function begins and ends, low < high; None for either is the least
        or greatest finite number in the volume. By default those of a `ColorMap` in `color`.
    resolution : {256, 1024}
        Entries of its table.

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> smoke = rw.TransferFunction(0.8, density=20)
    >>> bone = rw.TransferFunction(
    ...     color=[(0, "tomato"), (300, "ivory")],
    ...     extinction=[(150, 0), (300, 1)],
    ...     density=5.0,
    ...     limits=(-1000, 2000),
    ... )
    >>> fire = rw.TransferFunction(0.2, emission="inferno", glow=8.0, density=4.0)
    """

    color: Any = 0.8
    extinction: Any = field(default=None, kw_only=True)
    density: float | None = field(default=None, kw_only=True)
    emission: Any = field(default=None, kw_only=True)
    glow: float = field(default=1.0, kw_only=True)
    albedo: Any = field(default=1.0, kw_only=True)
    g: Any = field(default=None, kw_only=True)
    limits: tuple[float | None, float | None] | None = field(default=None, kw_only=True)
    resolution: int = field(default=256, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            color=_checked_color(self, "color", self.color, False),
            extinction=_checked_numbers(self, "extinction", self.extinction, (0.0, checks.LARGEST)),
            glow=checks.non_negative(self, "glow", self.glow),
            albedo=_checked_numbers(self, "albedo", self.albedo, (0.0, 1.0)),
            g=_checked_numbers(self, "g", self.g, (-0.999, 0.999)),
            limits=self._checked_limits(),
        )
        if self.density is not None:
            self._set(density=checks.non_negative(self, "density", self.density))
        if self.emission is not None:
            self._set(emission=_checked_color(self, "emission", self.emission, True))
        if self.albedo is None:
            raise checks.fail(self, "albedo", "a number in [0, 1], an array or points", None)
        if as_whole(self.resolution) not in _RESOLUTIONS:
            raise checks.fail(self, "resolution", "256 or 1024", self.resolution)

    def _checked_limits(self) -> tuple[float | None, float | None] | None:
        if self.limits is None:
            return None
        expected = "two numbers, low < high, or None for either"
        items = as_items(self.limits)
        if items is None or len(items) != 2:
            raise checks.fail(self, "limits", expected, self.limits)
        low, high = (
            None if item is None else checks.number(self, "limits", item, expected)
            for item in items
        )
        if low is not None and high is not None and not low < high:
            raise checks.fail(self, "limits", expected, self.limits)
        return (low, high)

    def limits_for(self, least: float, greatest: float) -> Limits:
        """The limits for a volume with numbers in this range."""
        if self.limits is None and isinstance(self.color, ColorMap):
            return self.color.limits_for(least, greatest)
        low, high = self.limits or (None, None)
        lower = least if low is None else low
        upper = greatest if high is None else high
        if not upper > lower:
            return Limits(lower, upper + 1.0) if high is None else Limits(upper - 1.0, upper)
        return Limits(lower, upper)

    def color_limits_for(self, least: float, greatest: float) -> Limits:
        """The numbers of the first and the last colour of its map, in such a volume."""
        if isinstance(self.color, ColorMap) and self.color.limits is not None:
            return self.color.limits_for(least, greatest)
        return self.limits_for(least, greatest)

    def looks(self, limits: Limits, g: float) -> F64:
        """The table, (resolution, 8): extinction by density, albedo, emission, anisotropy.

        `g` is that of the volume, for when the function has none.
        """
        low, high = limits
        share = np.linspace(0.0, 1.0, self.resolution)
        numbers = low * (1.0 - share) + high * share
        result = np.zeros((self.resolution, COLUMNS))
        extinction = share if self.extinction is None else _evaluated(self.extinction, numbers, 1)
        result[:, EXTINCTION] = extinction.reshape(-1)
        albedo = _evaluated(self.albedo, numbers, 1)
        result[:, ALBEDO : ALBEDO + 3] = albedo * _evaluated(self.color, numbers, 3, limits)
        if self.emission is not None:
            emission = _evaluated(self.emission, numbers, 3, limits)
            result[:, EMISSION : EMISSION + 3] = self.glow * emission
        anisotropy = _evaluated(g if self.g is None else self.g, numbers, 1)
        result[:, ANISOTROPY] = anisotropy.reshape(-1)
        return result


def _evaluated(what: Any, numbers: F64, columns: int, limits: Limits | None = None) -> F64:
    """A value, an array, points or a map at some numbers in equal steps: (N, columns)."""
    if isinstance(what, ColorMap):
        return what.evaluate(numbers, limits if what.limits is None else None)
    if isinstance(what, float) or (isinstance(what, tuple) and not isinstance(what[0], tuple)):
        return np.broadcast_to(np.asarray(what, np.float64), (len(numbers), columns))
    if isinstance(what, tuple):
        places = np.array([place for place, _ in what], np.float64)
        values = np.array([value for _, value in what], np.float64).reshape(len(what), columns)
        at = numbers
    else:
        values = what.reshape(len(what), columns)
        places, at = np.linspace(0.0, 1.0, len(values)), np.linspace(0.0, 1.0, len(numbers))
    return np.stack([np.interp(at, places, values[:, k]) for k in range(columns)], axis=1)


def _checked_numbers(
    owner: object, name: str, value: object, within: tuple[float, float]
) -> float | F64 | tuple[Any, ...] | None:
    """A function of the volume's numbers, as `_evaluated` takes it."""
    low, high = within
    expected = f"a number from {low:g} to {high:g}, an array of them, or points [(number, value)]"
    if value is None:
        return None
    if isinstance(value, Real) or getattr(value, "ndim", None) == 0:
        number = checks.number(owner, name, value, expected)
        if not low <= number <= high:
            raise checks.fail(owner, name, expected, value)
        return number
    array = checks.array(owner, name, value, expected)
    if array.dtype.kind not in "iuf" or not array.ndim or not 1 <= len(array) <= _MOST_POINTS:
        raise checks.fail(owner, name, expected, value)
    array = array.astype(np.float64)
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] != 2):
        raise checks.fail(owner, name, expected, value)
    values = array if array.ndim == 1 else array[:, 1]
    if not np.isfinite(array).all() or values.min() < low or values.max() > high:
        raise checks.fail(owner, name, expected, value)
    if array.ndim == 1:
        array.setflags(write=False)
        return array
    _refuse_disorder(owner, name, array[:, 0])
    return tuple((float(place), float(number)) for place, number in array)


def _checked_color(owner: object, name: str, value: object, is_light: bool) -> Any:
    """A colour, a map, linear colours, or points, as `_evaluated` takes them."""
    check = checks.radiance if is_light else checks.reflectance
    if isinstance(value, ColorMap):
        return value
    if isinstance(value, str):
        try:
            return as_color_map(owner, name, value)
        except SceneError as no_map:
            try:
                return check(owner, name, value)
            except SceneError:
                raise no_map from None
    if _is_points(value):
        points = _checked_points(owner, name, value)
        _refuse_disorder(owner, name, np.array([place for place, _ in points]))
        return tuple((place, check(owner, name, color)) for place, color in points)
    if isinstance(value, Real) or _dimensions(value) <= 1:
        return check(owner, name, value)
    if not is_light or getattr(value, "dtype", None) == np.uint8:
        return as_color_map(owner, name, value)
    expected = (
        "a colour, a ColorMap or its name, an (N, 3) array >= 0, or points [(number, colour)]"
    )
    array = checks.array(owner, name, value, expected)
    if array.dtype.kind not in "iuf" or array.ndim != 2 or array.shape[1] != 3:
        raise checks.fail(owner, name, expected, value)
    array = array.astype(np.float64)
    if not np.isfinite(array).all() or array.min() < 0.0 or array.max() > checks.LARGEST:
        raise checks.fail(owner, name, expected, value)
    array.setflags(write=False)
    return array


def _dimensions(value: object) -> int:
    """How many axes an array has; 0 where it can't be one, for a check of colours to refuse."""
    try:
        return as_numpy(value).ndim
    except NotNumbers:
        return 0


def _is_points(value: object) -> bool:
    """Pairs of a number and a colour?"""
    if not isinstance(value, list | tuple) or not value or len(value) > _MOST_POINTS:
        return False
    return all(
        isinstance(item, list | tuple) and len(item) == 2 and isinstance(item[0], Real)
        for item in value
    )


def _checked_points(owner: object, name: str, value: Any) -> list[tuple[float, Any]]:
    return [(checks.number(owner, name, place, "finite points"), color) for place, color in value]


def _refuse_disorder(owner: object, name: str, places: F64) -> None:
    if np.any(np.diff(places) < 0.0):
        raise SceneError(
            f"{checks.label(owner)}: the points of {name} must be in the order of their numbers"
        )


Points: TypeAlias = Sequence[tuple[float, float]]
