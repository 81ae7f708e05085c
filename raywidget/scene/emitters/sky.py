"""A clear sky with its sun, by place and time or by angles."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.errors import SceneError
from raywidget.scene.emitters.emitters import ImageEnvironment
from raywidget.scene.emitters.panorama import (
    directions_of,
    irradiance_of,
    texel_directions,
    texel_solid_angles,
)
from raywidget.scene.emitters.sun import RADIUS, sun_luminous_irradiance, sun_position
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

    The sky is that of Preetham, Shirley and Smits (1999, "A practical analytic model for
    daylight"), the sun a disc of 0.53 degrees that is dimmed by air and haze. Below the horizon it
    is ground, lit by both. It becomes an image of all directions whose bright places are sampled,
    the sun among them. Radiance 1 is 40,000 cd/m^2: a white ground is about as bright at noon.

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
        Haze, 1.7 (very clear) to 10 (thick); 3 is a clear day.
    ground_albedo : colour
        What the ground below reflects, 0 to 1.
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
        turbidity = checks.number(self, "turbidity", self.turbidity, "a number from 1.7 to 10")
        if not 1.7 <= turbidity <= 10.0:
            raise checks.fail(self, "turbidity", "a number from 1.7 to 10", self.turbidity)
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
        zenith = math.radians(90.0 - elevation)
        up, towards = np.asarray(self.up) / math.hypot(*self.up), np.array(self.sun_direction)
        directions = texel_directions(rows)
        height = directions @ up
        weights = texel_solid_angles(rows)[:, None, None]
        away = np.arccos(np.clip(directions @ towards, -1.0, 1.0))
        above = height > 0.0
        light = np.zeros((rows, 2 * rows, 3))
        light[above] = _sky_rgb(height[above], away[above], zenith, self.turbidity)
        lit = (light * np.maximum(height, 0.0)[..., None] * weights).sum(axis=(0, 1))
        sun = np.maximum(_XYZ_TO_RGB @ sun_luminous_irradiance(elevation, self.turbidity), 0.0)
        sun /= WHITE
        if self.sun:
            lit = lit + sun * math.sin(math.radians(elevation))
            light += _disc(rows, towards, away)[..., None] * sun
        light[~above] += np.array(self.ground_albedo) * lit / math.pi
        return np.asarray(light, np.float32)


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


def _perez(a: F64, cos_theta: Any, gamma: Any) -> Any:
    """How luminance is spread over the sky, equation 3 of the paper."""
    near = 1.0 + a[2] * np.exp(a[3] * gamma) + a[4] * np.cos(gamma) ** 2
    return (1.0 + a[0] * np.exp(a[1] / cos_theta)) * near


def sky_xyy(cos_theta: F64, gamma: F64, zenith: float, turbidity: float) -> F64:
    """Chromaticities x, y and luminance in cd/m^2 of the sky, (..., 3).

    Preetham, Shirley and Smits 1999, appendix A.2. `cos_theta` of the angle with straight above,
    `gamma` the angle with the sun, `zenith` that of the sun with straight above, in radians.
    """
    t = np.array([turbidity, 1.0])
    spread = {
        "Y": [(0.1787, -1.4630), (-0.3554, 0.4275), (-0.0227, 5.3251), (0.1206, -2.5771),
              (-0.0670, 0.3703)],
        "x": [(-0.0193, -0.2592), (-0.0665, 0.0008), (-0.0004, 0.2125), (-0.0641, -0.8989),
              (-0.0033, 0.0452)],
        "y": [(-0.0167, -0.2608), (-0.0950, 0.0092), (-0.0079, 0.2102), (-0.0441, -1.6537),
              (-0.0109, 0.0529)],
    }  # fmt: skip
    sun = np.array([zenith**3, zenith**2, zenith, 1.0])
    haze = np.array([turbidity**2, turbidity, 1.0])
    above = {
        "x": haze @ np.array([(0.00166, -0.00375, 0.00209, 0.0), (-0.02903, 0.06377, -0.03202,
                              0.00394), (0.11693, -0.21196, 0.06052, 0.25886)]) @ sun,
        "y": haze @ np.array([(0.00275, -0.00610, 0.00317, 0.0), (-0.04214, 0.08970, -0.04153,
                              0.00516), (0.15346, -0.26756, 0.06670, 0.26688)]) @ sun,
    }  # fmt: skip
    chi = (4.0 / 9.0 - turbidity / 120.0) * (math.pi - 2.0 * zenith)
    bright = (4.0453 * turbidity - 4.9710) * math.tan(chi) - 0.2155 * turbidity + 2.4192
    above["Y"] = max(1000.0 * bright, 0.0)  # with the sun at the horizon, little is left of it
    slant = np.maximum(cos_theta, 0.01)  # the fit has no horizon
    parts = []
    for name in ("x", "y", "Y"):
        numbers = np.array(spread[name]) @ t
        at_zenith = _perez(numbers, 1.0, zenith)
        parts.append(above[name] * _perez(numbers, slant, gamma) / at_zenith)
    return np.stack(parts, axis=-1)


def _sky_rgb(cos_theta: F64, gamma: F64, zenith: float, turbidity: float) -> F64:
    x, y, luminance = np.moveaxis(sky_xyy(cos_theta, gamma, zenith, turbidity), -1, 0)
    luminance = np.maximum(luminance, 0.0)
    y = np.maximum(y, 1e-3)
    xyz = np.stack([x / y * luminance, luminance, (1.0 - x - y) / y * luminance], axis=-1)
    return np.asarray(np.maximum(xyz @ _XYZ_TO_RGB.T, 0.0) / WHITE)


def _disc(rows: int, towards: F64, away: F64) -> F64:
    """Radiance by irradiance of a disc, over the texels: its irradiance across is exactly 1."""
    covered = np.zeros((rows, 2 * rows))
    near = np.argwhere(away < math.radians(RADIUS) + 3.0 * math.pi / rows)
    fine = (np.arange(_FINE) + 0.5) / _FINE - 0.5
    limit = math.cos(math.radians(RADIUS))
    for row, column in near:
        theta = ((row + 0.5 + fine) / rows * math.pi)[:, None]
        phi = ((column + 0.5 + fine) / rows * math.pi)[None, :]
        covered[row, column] = np.mean(directions_of(theta, phi) @ towards >= limit)
    weights = texel_solid_angles(rows)[:, None] * np.cos(away)
    return np.asarray(covered / np.sum(covered * weights))
