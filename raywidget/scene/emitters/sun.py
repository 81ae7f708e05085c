"""Where the sun stands: plain formulas.

Positions are those of the Astronomical Almanac's low-precision formulas (as in Michalsky 1988, "The
Astronomical Almanac's algorithm for approximate solar position"), right to 0.01 degrees from 1950
to 2050, without refraction.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

RADIUS = 0.2665  # degrees, seen from the earth

_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)


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
