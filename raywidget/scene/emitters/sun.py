"""Where the sun stands, and what of its light arrives: plain formulas.

Positions are those of the Astronomical Almanac's low-precision formulas (as in Michalsky 1988, "The
Astronomical Almanac's algorithm for approximate solar position"), right to 0.01 degrees from 1950
to 2050, without refraction.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

RADIUS = 0.2665  # degrees, seen from the earth

_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
_TEMPERATURE = 5778.0  # kelvin
_SOLAR_CONSTANT = 1361.0  # W/m^2, over all wavelengths


def sun_position(latitude: float, longitude: float, time: datetime) -> tuple[float, float]:
    """Elevation and azimuth in degrees; azimuth from north over east.

    Parameters
    ----------
    latitude, longitude : float
        Degrees, north and east positive.
    time : datetime
        With a time zone.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from raywidget.scene.emitters.sun import sun_position
    >>> noon = datetime(2024, 6, 20, 12, 1, 40, tzinfo=UTC)
    >>> [round(angle, 1) for angle in sun_position(51.4779, 0.0, noon)]  # Greenwich
    [62.0, 180.0]
    """
    days = (time - _J2000).total_seconds() / 86400.0
    mean_longitude = math.radians((280.460 + 0.9856474 * days) % 360.0)
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360.0)
    ecliptic = mean_longitude + math.radians(
        1.915 * math.sin(anomaly) + 0.020 * math.sin(2.0 * anomaly)
    )
    obliquity = math.radians(23.439 - 0.0000004 * days)
    right_ascension = math.atan2(math.cos(obliquity) * math.sin(ecliptic), math.cos(ecliptic))
    declination = math.asin(math.sin(obliquity) * math.sin(ecliptic))
    sidereal = math.radians((280.46061837 + 360.98564736629 * days + longitude) % 360.0)
    hour_angle = sidereal - right_ascension
    north = math.radians(latitude)
    sine = math.sin(declination) * math.sin(north)
    sine += math.cos(declination) * math.cos(north) * math.cos(hour_angle)
    elevation = math.asin(max(-1.0, min(1.0, sine)))
    azimuth = math.atan2(
        -math.cos(declination) * math.sin(hour_angle),
        math.sin(declination) * math.cos(north)
        - math.cos(declination) * math.sin(north) * math.cos(hour_angle),
    )
    return math.degrees(elevation), math.degrees(azimuth) % 360.0


def sun_luminous_irradiance(elevation: float, turbidity: float) -> NDArray[np.float64]:
    """What arrives straight from the sun on a surface across it: CIE X, Y, Z in lux.

    A black body of 5778 K, of which air and haze take their part (Preetham, Shirley and Smits 1999,
    appendix A.1; Rayleigh and Angstrom; ozone, gas and water, which take less than 5 % of the
    luminance, are left out).
    """
    angle = 90.0 - elevation
    air = 1.0 / (math.cos(math.radians(angle)) + 0.15 * (93.885 - angle) ** -1.253)
    microns = np.arange(0.38, 0.7801, 0.005)
    haze = 0.04608 * turbidity - 0.04586
    let_through = np.exp(-0.008735 * microns**-4.08 * air) * np.exp(-haze * microns**-1.3 * air)
    # Planck's law, scaled so that its integral is the solar constant: sigma T^4 by pi is radiance
    exponent = 14387.77 / (microns * _TEMPERATURE)
    radiance = 1.191043e8 / microns**5 / np.expm1(exponent)  # W / (m^2 sr um)
    whole = 5.670374e-8 * _TEMPERATURE**4 / math.pi
    irradiance = radiance / whole * _SOLAR_CONSTANT * let_through  # W / (m^2 um)
    return np.asarray(683.0 * 0.005 * (matching_functions(1000.0 * microns) @ irradiance))


def matching_functions(nanometres: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE 1931 x, y, z, (3, N), by Wyman, Sloan and Shirley 2013 (the multi-lobe fit)."""

    def lobe(centre: float, below: float, above: float) -> NDArray[np.float64]:
        width = np.where(nanometres < centre, below, above)
        return np.asarray(np.exp(-0.5 * ((nanometres - centre) / width) ** 2))

    return np.stack(
        [
            1.056 * lobe(599.8, 37.9, 31.0)
            + 0.362 * lobe(442.0, 16.0, 26.7)
            - 0.065 * lobe(501.1, 20.4, 26.2),
            0.821 * lobe(568.8, 46.9, 40.5) + 0.286 * lobe(530.9, 16.3, 31.1),
            1.217 * lobe(437.0, 11.8, 36.0) + 0.681 * lobe(459.0, 26.0, 13.8),
        ]
    )
