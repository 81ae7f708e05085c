"""Textures: colours and numbers that vary over a surface, by its coordinates (u, v).

Wherever a material takes a colour or a number, it takes a texture too; a number is the mean of the
texture's three channels.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.errors import SceneError
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Color, ColorLike
from raywidget.scene.values.described import SceneObject


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Texture(SceneObject):
    """Base class of textures."""

    def evaluate(self, uv: ArrayLike) -> NDArray[np.float64]:
        """Colours at surface coordinates, (..., 2) -> (..., 3): what kernels are tested against."""
        raise NotImplementedError

    def parts(self) -> Iterator[Texture]:
        """The texture itself, and all that it is made of."""
        yield self

    def value_range(self) -> tuple[float, float]:
        """The least and the greatest number that any channel takes anywhere."""
        raise NotImplementedError

    def mean(self) -> Color:
        """The mean colour over one period, as power and importance are reckoned with it."""
        raise NotImplementedError


_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr", ".hdr", ".webp", ".bmp", ".npy")


def _refuse_file(owner: object, name: str, value: object) -> None:
    """A picture's path is no colour, but nearly a texture."""
    if isinstance(value, str | os.PathLike) and os.fspath(value).lower().endswith(_PICTURES):
        advice = f"write ImageTexture({os.fspath(value)!r})"
        raise checks.fail(owner, name, "a colour, a number or a texture", value, advice)


def color_or_texture(owner: object, name: str, value: object) -> Color | Texture:
    """Check for a colour in [0, 1], or a texture of such colours."""
    if isinstance(value, Texture):
        return _of_range(owner, name, value, 1.0)
    _refuse_file(owner, name, value)
    return checks.reflectance(owner, name, value, also=", or a texture")


def number_or_texture(owner: object, name: str, value: object) -> float | Texture:
    """Check for a number in [0, 1], or a texture of such numbers."""
    if isinstance(value, Texture):
        return _of_range(owner, name, value, 1.0)
    _refuse_file(owner, name, value)
    return checks.unit_interval(owner, name, value)


def bright_or_texture(owner: object, name: str, value: object) -> Color | Texture:
    """Check for a colour >= 0, or a texture of such colours."""
    if isinstance(value, Texture):
        return _of_range(owner, name, value, checks.LARGEST)
    _refuse_file(owner, name, value)
    return checks.radiance(owner, name, value)


def radiance_or_texture(owner: object, name: str, value: object) -> Color | Texture:
    """Check for a radiance, or a texture of radiances.

    Light is sampled by position, where a shape's own colours are not at hand.
    """
    if not isinstance(value, Texture):
        _refuse_file(owner, name, value)
        return checks.radiance(owner, name, value)
    if any(isinstance(part, Attribute) for part in value.parts()):
        raise checks.fail(
            owner,
            name,
            "a colour or another texture",
            value,
            "attributes are no lamps; unlit= of the shape gives off a share of its values' colours",
        )
    return _of_range(owner, name, value, checks.LARGEST)


def _of_range(owner: object, name: str, value: Texture, highest: float) -> Texture:
    low, high = value.value_range()
    if low < 0.0 or high > highest * (1.0 + 1e-6):  # floats round
        expected = "in [0, 1]" if highest == 1.0 else ">= 0"
        raise SceneError(
            f"{checks.label(owner)}: {name} must be {expected} everywhere, but "
            f"{checks.label(value)} ranges from {low:g} to {high:g}"
        )
    return value


@dataclass(frozen=True, eq=False, repr=False)
class Checkerboard(Texture):
    """Squares of two colours in turn.

    Parameters
    ----------
    color_a, color_b : colour or Texture
        Linear RGB in [0, 1], one number for a grey, or another texture. The square from (0, 0) to
        (1, 1) in scaled coordinates, which are (u * scale_u, v * scale_v), has `color_a`.
    scale : (float, float) or float
        Squares per unit of u and of v, not 0; one number serves both.

    Raises
    ------
    SceneError
        If a colour leaves [0, 1], or a scale is 0 or not finite.

    Examples
    --------
    >>> import raywidget as rw
    >>> tiles = rw.Checkerboard((0.9, 0.9, 0.9), 0.1, scale=8)
    >>> floor = rw.Diffuse(tiles)
    """

    color_a: ColorLike | Texture
    color_b: ColorLike | Texture
    scale: tuple[float, float] | float = field(default=(1.0, 1.0), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        scale = checks.pair(self, "scale", self.scale)
        if 0.0 in scale:
            raise checks.fail(self, "scale", "squares per unit, not 0", self.scale)
        self._set(
            color_a=self._checked("color_a", self.color_a),
            color_b=self._checked("color_b", self.color_b),
            scale=scale,
        )

    def parts(self) -> Iterator[Texture]:
        """The texture itself, and all that it is made of."""
        yield self
        for color in (self.color_a, self.color_b):
            if isinstance(color, Texture):
                yield from color.parts()

    def _checked(self, name: str, value: object) -> Color | Texture:
        return value if isinstance(value, Texture) else checks.reflectance(self, name, value)

    def evaluate(self, uv: ArrayLike) -> NDArray[np.float64]:
        """Colours at surface coordinates, (..., 2) -> (..., 3)."""
        uv = np.asarray(uv, dtype=np.float64)
        across = uv * self.scale
        squares = np.floor(np.where(np.isfinite(across), across, 0.0)).sum(axis=-1)
        is_a = np.mod(squares, 2.0) == 0.0
        a, b = (
            c.evaluate(uv) if isinstance(c, Texture) else np.asarray(c)
            for c in (self.color_a, self.color_b)
        )
        return np.where(is_a[..., None], a, b)

    def value_range(self) -> tuple[float, float]:
        """The least and the greatest number that any channel takes anywhere."""
        ranges = [_range(self.color_a), _range(self.color_b)]
        return min(low for low, _ in ranges), max(high for _, high in ranges)

    def mean(self) -> Color:
        """Half of each."""
        return _half_way(_mean(self.color_a), _mean(self.color_b))


@dataclass(frozen=True, eq=False, repr=False)
class Gradient(Texture):
    """A colour that blends into another along one coordinate of the surface.

    It is ``bottom + (top - bottom) * t`` with t = v (or u), held at the ends outside of [0, 1].

    Parameters
    ----------
    bottom, top : colour
        At 0 and at 1: linear RGB >= 0, one number for a grey.
    axis : {"v", "u"}
        Along which coordinate.

    Raises
    ------
    SceneError
        If a colour is negative or not finite, or the axis is another.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.Gradient((1, 0, 0), (0, 0, 1)).evaluate((0.3, 0.25))
    array([0.75, 0.  , 0.25])
    """

    bottom: ColorLike
    top: ColorLike
    axis: Literal["v", "u"] = field(default="v", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.choice(self, "axis", self.axis, ("v", "u"))
        self._set(
            bottom=checks.radiance(self, "bottom", self.bottom),
            top=checks.radiance(self, "top", self.top),
        )

    def evaluate(self, uv: ArrayLike) -> NDArray[np.float64]:
        """Colours at surface coordinates, (..., 2) -> (..., 3)."""
        along = np.asarray(uv, dtype=np.float64)[..., 1 if self.axis == "v" else 0]
        t = np.clip(along, 0.0, 1.0)[..., None]
        return np.asarray(self.bottom) * (1.0 - t) + np.asarray(self.top) * t

    def value_range(self) -> tuple[float, float]:
        """The least and the greatest number that any channel takes anywhere."""
        return _range((*_mean(self.bottom), *_mean(self.top)))

    def mean(self) -> Color:
        """Half-way between the two."""
        return _half_way(_mean(self.bottom), _mean(self.top))


@dataclass(frozen=True, eq=False, repr=False)
class Attribute(Texture):
    """What a shape itself brings: its colours, or one of its quantities.

    A shape that has colours or values and for which no material is given is
    ``Diffuse(Attribute("color"))``.

    Parameters
    ----------
    attribute : str
        "color": the colours of its vertices, faces or items, or those of the values that it shows;
        white without any. Else the name of one of its `quantities` ("values" for those without a
        name): its colours where a colour is asked for; where a number is (a roughness, an opacity)
        the values themselves, which must lie in [0, 1] unless there are limits. What is no number
        counts as 0 there.
    times : Texture, optional
        They are multiplied with another texture: a picture that is tinted by vertices.
    limits : (float, float), optional
        For numbers: the values that count as 0 and as 1, in either order; beyond them it is the
        same.

    Raises
    ------
    SceneError
        If the name is none, or it would be multiplied with itself.

    Examples
    --------
    >>> import raywidget as rw
    >>> mesh = rw.Mesh(
    ...     [(0, 0, 0), (1, 0, 0), (0, 1, 0)],
    ...     [(0, 1, 2)],
    ...     colors=[(1, 0, 0), (0, 1, 0), (0, 0, 1)],
    ...     material=rw.Metal(rw.Attribute("color"), roughness=0.3),
    ... )
    """

    attribute: str = "color"
    times: Texture | None = field(default=None, kw_only=True)
    limits: tuple[float, float] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.attribute, str) or not self.attribute.strip():
            raise checks.fail(self, "attribute", "'color', or a quantity's name", self.attribute)
        if self.limits is not None:
            limits = checks.pair(self, "limits", self.limits)
            if limits[0] == limits[1]:
                raise checks.fail(self, "limits", "two different numbers", self.limits)
            self._set(limits=limits)
        if self.times is not None:
            checks.instance(self, "times", self.times, Texture, "a texture, as ImageTexture(path)")
            if any(isinstance(part, Attribute) for part in self.times.parts()):
                raise checks.fail(self, "times", "without the colours of the shape", self.times)

    def parts(self) -> Iterator[Texture]:
        """The texture itself, and what it is multiplied with."""
        yield self
        if self.times is not None:
            yield from self.times.parts()

    def evaluate(self, uv: ArrayLike) -> NDArray[np.float64]:
        """As if the shape were white: no coordinates tell its colours."""
        if self.times is not None:
            return self.times.evaluate(uv)
        return np.ones((*np.asarray(uv).shape[:-1], 3))

    def value_range(self) -> tuple[float, float]:
        """Colours of shapes lie in [0, 1]."""
        if self.times is not None:
            low, high = self.times.value_range()
            return min(0.0, low), max(0.0, high)
        return 0.0, 1.0

    def mean(self) -> Color:
        """As if the shape were white: only it knows its colours."""
        return (1.0, 1.0, 1.0) if self.times is None else self.times.mean()


def _range(color: Any) -> tuple[float, float]:
    return color.value_range() if isinstance(color, Texture) else (min(color), max(color))


def _mean(color: Any) -> Color:
    if isinstance(color, Texture):
        return color.mean()
    r, g, b = color
    return (r, g, b)


def _half_way(a: Color, b: Color) -> Color:
    return (0.5 * (a[0] + b[0]), 0.5 * (a[1] + b[1]), 0.5 * (a[2] + b[2]))
