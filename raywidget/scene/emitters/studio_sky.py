"""A sky that is made of lamps, by numbers: what a studio lights with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.scene.emitters.emitters import ImageEnvironment
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Color, ColorLike, Vec3, Vec3Like

_ROWS = 256  # of the picture that it becomes; it is twice as wide
_SMALLEST = 1.0  # degrees: a lamp is at least one texel wide
_EDGE = 0.3  # share of a lamp's radius over which it fades


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
        directions = _directions()
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
        facing = np.maximum(0.0, _directions() @ _unit(normal))
        weights = (facing * _solid_angles()[:, None])[..., None]
        r, g, b = (np.asarray(self.image, np.float64) * weights).sum(axis=(0, 1)).tolist()
        return (r, g, b)


def _unit(vector: Vec3Like) -> NDArray[np.float64]:
    return np.asarray(vector, np.float64) / math.hypot(*vector)


@cache
def _directions() -> NDArray[np.float64]:
    """Of the texels, (rows, 2 rows, 3), as `ImageEnvironment` has them."""
    theta = ((np.arange(_ROWS) + 0.5) / _ROWS * math.pi)[:, None]
    phi = ((np.arange(2 * _ROWS) + 0.5) / _ROWS * math.pi)[None, :]
    around = np.broadcast_arrays(
        np.sin(theta) * np.sin(phi), np.cos(theta), -np.sin(theta) * np.cos(phi)
    )
    directions = np.stack(around, axis=-1)
    directions.setflags(write=False)
    return directions


def _solid_angles() -> NDArray[np.float64]:
    """Of one texel of each row."""
    edges = np.cos(np.arange(_ROWS + 1) / _ROWS * math.pi)
    return np.asarray((edges[:-1] - edges[1:]) * math.pi / _ROWS)
