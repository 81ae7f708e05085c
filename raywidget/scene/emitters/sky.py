"""A clear sky with its sun, by place and time or by angles."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.errors import SceneError
from raywidget.scene.emitters.clear_sky import sky_luminance, sun_luminous_irradiance, sun_xyz
from raywidget.scene.emitters.emitters import ImageEnvironment
from raywidget.scene.emitters.panorama import (
    directions_of,
    irradiance_of,
    texel_directions,
    texel_solid_angles,
)
from raywidget.scene.emitters.sun import RADIUS, sun_position
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Color, Vec3, Vec3Like

F64 = NDArray[np.float64]

WHITE = 40_000.0  # cd/m^2 that are radiance 1: a white ground under the sun at noon

_ROWS = 1024  # of the picture, where the sun is in it: its disc is three texels wide
_ROWS_OF_SKY = 256
_FINE = 24  # parts of a texel, each way, by which the sun's edge is drawn
_XYZ_TO_RGB = np.array(  # IEC 61966-2-1
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SkyEnvironment(ImageEnvironment):
    """A clear or hazy sky, and the sun in it.

    The sky is that of Hosek and Wilkie (2012, "An analytic model for full spectral sky-dome
    radiance"), and so is the sun (2013): a disc of 0.53 degrees, darker at its rim, that is dimmed
    by air and haze. Below the horizon it is ground, lit by both. It becomes an image of all
    directions whose bright places are sampled, the sun among them. Radiance 1 is 40,000 cd/m^2: a
    white ground is about as bright at noon.

    Give either `sun_elevation` (and `sun_azimuth`), or `latitude`, `longitude` and `time`.

    Parameters
    ----------
    sun_elevation : float
        Degrees above the horizon, in (0, 90].
    sun_azimuth : float
        Degrees from north over east. North is -z and east +x, where y is up; with z up, north is
        +y.
    latitude, longitude : float
        Where it is, in degrees: north and east are positive.
    time : datetime or str
        When, with a time zone; or in ISO 8601, such as ``"2026-06-21T18:30+02:00"``.
    turbidity : float
        Haze, 1 (the purest air) to 10 (thick); 3 is a clear day.
    ground_albedo : colour
        What the ground below reflects, 0 to 1. It lights the sky, too.
    sun : bool
        Is the sun in it? Without, it is the blue sky alone, such as for shade.
    scale : float
        What its radiance is multiplied with, >= 0.
    up : (float, float, float)
        Where straight above is; of any length but 0.

    Raises
    ------
    SceneError
        If a value is out of its range, or the sun is not above the horizon.

    Examples
    --------
    >>> import raywidget as rw
    >>> sky = rw.SkyEnvironment(sun_elevation=35, sun_azimuth=120, turbidity=3)
    >>> evening = rw.SkyEnvironment(latitude=48.2, longitude=16.4, time="2026-06-21T18:00+02:00")
    >>> [round(angle) for angle in evening.sun_angles]
    [26, 276]
    """

    image: Any = field(init=False, repr=False)
    rotation: ArrayLike = field(default=0.0, init=False, repr=False)
    sun_elevation: float | None = None
    sun_azimuth: float = 180.0
    latitude: float | None = None
    longitude: float | None = None
    time: datetime | str | None = None
    turbidity: float = 3.0
    ground_albedo: Any = 0.2
    sun: bool = True
    scale: float = 1.0
    up: Vec3Like = (0.0, 1.0, 0.0)

    def __post_init__(self) -> None:
        turbidity = checks.number(self, "turbidity", self.turbidity, "a number from 1 to 10")
        if not 1.0 <= turbidity <= 10.0:
            raise checks.fail(self, "turbidity", "a number from 1 to 10", self.turbidity)
        self._set(
            turbidity=turbidity,
            ground_albedo=checks.reflectance(self, "ground_albedo", self.ground_albedo),
            sun=checks.flag(self, "sun", self.sun),
            up=checks.direction(self, "up", self.up),
            sun_azimuth=checks.number(self, "sun_azimuth", self.sun_azimuth, "degrees"),
        )
        self._place_sun()
        self._set(image=self._picture())
        super().__post_init__()

    @property
    def sun_angles(self) -> tuple[float, float]:
        """Elevation of the sun, and its azimuth from north over east, in degrees."""
        if self.sun_elevation is not None:
            return self.sun_elevation, self.sun_azimuth
        assert self.latitude is not None
        assert self.longitude is not None
        return sun_position(self.latitude, self.longitude, _instant(self.time))

    @property
    def sun_direction(self) -> Vec3:
        """Unit vector towards the sun."""
        elevation, azimuth = (math.radians(angle) for angle in self.sun_angles)
        flat = math.cos(elevation)
        local = (flat * math.sin(azimuth), math.sin(elevation), -flat * math.cos(azimuth))
        x, y, z = (_frame(self.up) @ np.array(local)).tolist()
        return (x, y, z)

    def irradiance(self, normal: Vec3Like) -> Color:
        """What a surface receives that faces `normal` and sees all of it, in W/m^2."""
        image = np.asarray(self.image, np.float64) * self.scale
        return irradiance_of(image, np.asarray(normal, np.float64) / math.hypot(*normal))

    def _place_sun(self) -> None:
        places = {name: getattr(self, name) for name in ("latitude", "longitude", "time")}
        missing = [name for name, value in places.items() if value is None]
        if (self.sun_elevation is not None) == (not missing) or 0 < len(missing) < 3:
            got = "both" if self.sun_elevation is not None else f"no {', '.join(missing)}"
            raise SceneError(
                f"{checks.label(self)}: where the sun stands is said by sun_elevation, or by "
                f"latitude, longitude and time; got {got}"
            )
        if self.sun_elevation is not None:
            elevation = checks.number(self, "sun_elevation", self.sun_elevation, "degrees")
            if not 0.0 < elevation <= 90.0:
                raise checks.fail(self, "sun_elevation", "degrees in (0, 90]", self.sun_elevation)
            self._set(sun_elevation=elevation)
            return
        for name, most in (("latitude", 90.0), ("longitude", 360.0)):
            expected = f"degrees from -{most:g} to {most:g}"
            angle = checks.number(self, name, places[name], expected)
            if abs(angle) > most:
                raise checks.fail(self, name, expected, places[name])
            self._set(**{name: angle})
        try:
            moment = _instant(self.time)
        except (TypeError, ValueError):
            expected = 'a datetime with a time zone, or such as "2026-06-21T18:30+02:00"'
            raise checks.fail(self, "time", expected, self.time) from None
        self._set(time=moment.isoformat())
        elevation = self.sun_angles[0]
        if elevation <= 0.0:
            advice = f"the sun is {-elevation:.1f} degrees below the horizon then"
            raise checks.fail(self, "time", "by day", self.time, advice)

    def _picture(self) -> NDArray[np.float32]:
        rows = _ROWS if self.sun else _ROWS_OF_SKY
        elevation = self.sun_angles[0]
        up, towards = np.asarray(self.up) / math.hypot(*self.up), np.array(self.sun_direction)
        directions = texel_directions(rows)
        height, cos_sun = directions @ up, directions @ towards
        weights = texel_solid_angles(rows)[:, None, None]
        above = height > 0.0
        light = np.zeros((rows, 2 * rows, 3))
        light[above] = sky_luminance(
            height[above], cos_sun[above], elevation, self.turbidity, self.ground_albedo
        )
        np.maximum(light, 0.0, out=light)  # some blues lie outside of sRGB
        lit = (light * np.maximum(height, 0.0)[..., None] * weights).sum(axis=(0, 1))
        if self.sun:
            across = _to_rgb(sun_luminous_irradiance(elevation, self.turbidity))
            lit = lit + across * math.sin(math.radians(elevation))
            _add_disc(light, cos_sun, up, towards, self.turbidity, across)
        light[~above] += np.array(self.ground_albedo) * lit / math.pi
        return np.asarray(light / WHITE, np.float32)


def sun_angles_of(direction: Vec3Like, up: Vec3Like) -> tuple[float, float]:
    """Elevation, and azimuth from north over east, in degrees, of what points towards a sun.

    Examples
    --------
    >>> from raywidget.scene.emitters.sky import sun_angles_of
    >>> [round(angle) for angle in sun_angles_of((1, 1, 0), up=(0, 1, 0))]  # in the east
    [45, 90]
    """
    east, height, south = _frame(up).T @ np.asarray(direction, np.float64)
    elevation = math.atan2(height, math.hypot(east, south))
    return math.degrees(elevation), math.degrees(math.atan2(east, -south)) % 360.0


def _instant(time: object) -> datetime:
    moment = datetime.fromisoformat(time) if isinstance(time, str) else time
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise TypeError("a time zone is missing")
    return moment


def _frame(up: Vec3Like) -> F64:
    """From (east, up, south) to the world: the smallest turn that takes y to `up`."""
    a = np.array([0.0, 1.0, 0.0])
    b = np.asarray(up, np.float64) / math.hypot(*up)
    if b[1] < -0.999999:
        return np.diag([1.0, -1.0, -1.0])
    v = np.cross(a, b)
    skew = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    turn: F64 = np.eye(3) + skew + skew @ skew / (1.0 + a @ b)
    return turn


def _to_rgb(xyz: F64) -> F64:
    return np.asarray(np.maximum(xyz @ _XYZ_TO_RGB.T, 0.0))


def _add_disc(
    light: F64, cos_sun: F64, up: F64, towards: F64, turbidity: float, across: F64
) -> None:
    """Draw the sun into a picture, so that what arrives of it is `across`, by channel."""
    rows = len(light)
    fine = (np.arange(_FINE) + 0.5) / _FINE - 0.5
    reach = math.cos(math.radians(RADIUS) + 3.0 * math.pi / rows)
    near = np.nonzero(cos_sun > reach)
    sun = np.zeros((len(near[0]), 3))
    for k, (row, column) in enumerate(zip(*near, strict=True)):
        theta = ((row + 0.5 + fine) / rows * math.pi)[:, None]
        phi = ((column + 0.5 + fine) / rows * math.pi)[None, :]
        directions = directions_of(theta, phi)
        away = 2.0 * np.arcsin(np.linalg.norm(directions - towards, axis=-1) / 2.0)
        elevation = np.degrees(np.arcsin(np.clip(directions @ up, -1.0, 1.0)))
        seen = sun_xyz(elevation.ravel(), np.degrees(away).ravel(), turbidity)
        sun[k] = _to_rgb(seen).mean(axis=0)
    arrives = (texel_solid_angles(rows)[near[0]] * cos_sun[near]) @ sun
    light[near] += sun * across / np.maximum(arrives, 1e-30)
