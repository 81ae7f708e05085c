"""A sky that is made of lamps, by numbers: what a studio lights with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.scene.emitters.emitters import ImageEnvironment
from raywidget.scene.emitters.panorama import irradiance_of, texel_directions
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Color, ColorLike, Vec3, Vec3Like

_ROWS = 256  # of the picture that it becomes; it is twice as wide
_SMALLEST = 1.0  # degrees: a lamp is at least one texel wide
_EDGE = 0.3  # share of a lamp's radius over which it fades


# Of each room its lamps (direction, radius in degrees, radiance), and the sky round them.
_ROOMS: dict[str, dict[str, Any]] = {
    "softboxes": {
        "lamps": [
            ((-0.75, 1.0, 0.6), 20.0, (12.0, 11.7, 11.2)),
            ((1.0, 0.45, 0.5), 28.0, (1.6, 1.65, 1.75)),
            ((0.5, 0.6, -1.0), 12.0, (5.0, 5.2, 5.6)),
        ],
        "top": (0.25, 0.25, 0.26),
        "horizon": (0.15, 0.15, 0.15),
        "bottom": (0.1, 0.1, 0.1),
    },
    "window": {
        "lamps": [
            ((-1.0, 0.42, 0.1), 17.0, (9.0, 10.0, 12.0)),
            ((-1.0, 0.42, -0.75), 17.0, (9.0, 10.0, 12.0)),
        ],
        "top": (0.12, 0.12, 0.12),
        "horizon": (0.09, 0.085, 0.08),
        "bottom": (0.06, 0.05, 0.04),
    },
    "ring": {
        "lamps": [
            ((math.cos(k * math.pi / 4), 0.35, math.sin(k * math.pi / 4)), 9.0, (6.0, 6.0, 6.0))
            for k in range(8)
        ],
        "top": (0.6, 0.6, 0.6),
        "horizon": (0.05, 0.05, 0.05),
        "bottom": (0.1, 0.1, 0.1),
    },
    "overcast": {
        "lamps": [],
        "top": (1.0, 1.02, 1.06),
        "horizon": (0.34, 0.35, 0.37),
        "bottom": (0.25, 0.25, 0.25),
    },
    "dusk": {
        "lamps": [
            ((0.3, 0.06, -1.0), 8.0, (14.0, 6.0, 2.0)),
            ((0.3, 0.1, -1.0), 40.0, (0.5, 0.22, 0.1)),
        ],
        "top": (0.03, 0.06, 0.16),
        "horizon": (0.3, 0.2, 0.17),
        "bottom": (0.05, 0.045, 0.05),
    },
    "dark": {
        "lamps": [
            ((-1.0, 0.5, -0.6), 7.0, (40.0, 40.0, 42.0)),
            ((1.0, 0.4, -0.5), 5.0, (40.0, 36.0, 30.0)),
        ],
        "top": (0.01, 0.01, 0.01),
        "horizon": (0.01, 0.01, 0.01),
        "bottom": (0.01, 0.01, 0.01),
    },
}


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class StudioEnvironment(ImageEnvironment):
    """Round lamps infinitely far away, before a sky that blends from below to above.

    It is an image of 512 x 256 texels that is made when the environment is: shadows are as soft as
    lamps are wide, and a thing is lit the same whatever its size.

    Parameters
    ----------
    lamps : sequence of (direction, angle, radiance)
        Of each lamp the direction towards it, (x, y, z) of any length; its radius in degrees, from
        1 to 90; and its radiance, a colour in W/(sr m^2). It fades at its edge.
    top, bottom : colour
        Radiance of the sky from straight above and below, in W/(sr m^2), each channel >= 0.
    horizon : colour, optional
        Radiance at the horizon; by default half-way between the two.
    up : (float, float, float)
        Where straight above is; of any length but 0.

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> sky = rw.StudioEnvironment(lamps=[((1, 1, 0), 20, 12.0)], top=0.8, bottom=0.4)
    >>> sky
    StudioEnvironment(top=(0.8, 0.8, 0.8), bottom=(0.4, 0.4, 0.4), lamps=(((1, 1, 0), 20, (12, 12, \
12)),))
    >>> [round(channel, 1) for channel in sky.irradiance((0, 1, 0))]
    [4.6, 4.6, 4.6]
    """

    image: Any = field(init=False, repr=False)
    scale: float = field(default=1.0, init=False, repr=False)
    rotation: ArrayLike = field(default=0.0, init=False, repr=False)
    top: ColorLike = 0.5
    bottom: ColorLike = 0.5
    lamps: Sequence[Any] = ()
    horizon: ColorLike | None = None
    up: Vec3Like = (0.0, 1.0, 0.0)

    def __post_init__(self) -> None:
        self._set(
            top=checks.radiance(self, "top", self.top),
            bottom=checks.radiance(self, "bottom", self.bottom),
            up=checks.direction(self, "up", self.up),
            lamps=self._checked_lamps(),
        )
        if self.horizon is not None:
            self._set(horizon=checks.radiance(self, "horizon", self.horizon))
        self._set(image=self._picture())
        super().__post_init__()

    def _checked_lamps(self) -> tuple[tuple[Vec3, float, Color], ...]:
        expected = "a list of (direction, angle, radiance)"
        if isinstance(self.lamps, str) or not isinstance(self.lamps, Sequence):
            raise checks.fail(self, "lamps", expected, self.lamps)
        lamps = []
        for index, lamp in enumerate(self.lamps):
            where = f"lamps[{index}]"
            if isinstance(lamp, str) or not isinstance(lamp, Sequence) or len(lamp) != 3:
                raise checks.fail(self, where, "(direction, angle, radiance)", lamp)
            angle = checks.number(self, where, lamp[1], "an angle in degrees from 1 to 90")
            if not _SMALLEST <= angle <= 90.0:
                raise checks.fail(self, where, "an angle in degrees from 1 to 90", lamp[1])
            radiance = checks.radiance(self, where, lamp[2])
            lamps.append((checks.direction(self, where, lamp[0]), angle, radiance))
        return tuple(lamps)

    def _picture(self) -> NDArray[np.float32]:
        directions = texel_directions(_ROWS)
        height = directions @ _unit(self.up)
        top, bottom = np.array(self.top), np.array(self.bottom)
        middle = 0.5 * (top + bottom) if self.horizon is None else np.array(self.horizon)
        share = np.abs(height)[..., None]
        light = middle * (1.0 - share) + np.where(height[..., None] >= 0.0, top, bottom) * share
        for direction, angle, radiance in self.lamps:
            cosine = directions @ _unit(direction)
            within = cosine > math.cos(math.radians(angle)) - 1e-9  # elsewhere it gives nothing
            away = np.degrees(np.arccos(np.clip(cosine[within], -1.0, 1.0)))
            fade = np.clip((angle - away) / (_EDGE * angle), 0.0, 1.0)
            light[within] += (fade * fade * (3.0 - 2.0 * fade))[..., None] * np.array(radiance)
        return np.asarray(light, np.float32)

    def irradiance(self, normal: Vec3Like) -> Color:
        """What a surface receives that faces `normal` and sees all of it, in W/m^2."""
        return irradiance_of(np.asarray(self.image, np.float64), _unit(normal))

    @classmethod
    def named(cls, name: str, scale: float = 1.0) -> StudioEnvironment:
        """One of a few rooms that are known by name, all made of numbers.

        Parameters
        ----------
        name : str
            ``"softboxes"``: a key light, a fill and a rim. ``"window"``: daylight from one side of
            a dim room. ``"ring"``: eight lamps all around, for metal. ``"overcast"``: an even
            cloudy sky. ``"dusk"``: a warm glow at the horizon below a blue sky. ``"dark"``: two
            narrow rims in a black room.
        scale : float
            What all radiance is multiplied with, >= 0.

        Raises
        ------
        SceneError
            If there is none of this name.

        Examples
        --------
        >>> import raywidget as rw
        >>> [round(channel, 2) for channel in rw.StudioEnvironment.named("overcast").top]
        [1.0, 1.02, 1.06]
        """
        owner = cls.__name__
        checks.choice(owner, "name", name, tuple(_ROOMS))
        factor = checks.non_negative(owner, "scale", scale)
        room = dict(_ROOMS[name])
        lamps = [
            (towards, angle, tuple(factor * channel for channel in color))
            for towards, angle, color in room.pop("lamps")
        ]
        lights: dict[str, Any] = {
            key: tuple(factor * channel for channel in color) for key, color in room.items()
        }
        return cls(lamps=lamps, **lights)


def _unit(vector: Vec3Like) -> NDArray[np.float64]:
    return np.asarray(vector, np.float64) / math.hypot(*vector)
