"""Light that comes from no shape: so far the surroundings of a scene."""

from __future__ import annotations

from dataclasses import dataclass, field

from raywidget.scene import checks
from raywidget.scene.checks import ColorLike
from raywidget.scene.described import SceneObject


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Emitter(SceneObject):
    """Base class of emitters."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Environment(Emitter):
    """Base class of emitters that surround a scene from infinitely far away."""


@dataclass(frozen=True, eq=False, repr=False)
class ConstantEnvironment(Environment):
    """The same light from all directions.

    Parameters
    ----------
    radiance : colour
        In W/(sr m^2), each channel >= 0; one number for a grey.
    name : str, optional
        What messages call it.

    Raises
    ------
    SceneError
        If the radiance is negative or not finite.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.ConstantEnvironment(1)
    ConstantEnvironment(radiance=(1, 1, 1))
    """

    radiance: ColorLike

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(radiance=checks.radiance(self, "radiance", self.radiance))


@dataclass(frozen=True, eq=False, repr=False)
class GradientEnvironment(Environment):
    """Light that blends from one colour below to another above, like a clear sky.

    The radiance from the unit direction d is bottom + (top - bottom) * (d.y + 1) / 2.

    Parameters
    ----------
    top : colour
        Radiance from straight above, in W/(sr m^2), each channel >= 0.
    bottom : colour
        Radiance from straight below.
    name : str, optional
        What messages call it.

    Raises
    ------
    SceneError
        If a radiance is negative or not finite.

    Examples
    --------
    >>> import raywidget as rw
    >>> sky = rw.GradientEnvironment(top=(0.5, 0.7, 1.0), bottom=(1, 1, 1), name="sky")
    """

    top: ColorLike = field(kw_only=True)
    bottom: ColorLike = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            top=checks.radiance(self, "top", self.top),
            bottom=checks.radiance(self, "bottom", self.bottom),
        )
