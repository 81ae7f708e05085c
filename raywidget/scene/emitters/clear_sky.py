"""Light of a clear or hazy sky, and of the sun's disc in it.

The model of Hosek and Wilkie: 2012, "An analytic model for full spectral sky-dome radiance", and
2013, "Adding a solar radiance function to the Hosek-Wilkie skylight model". Its numbers, which were
fitted to simulated skies, are those that the authors have published (version 1.4a, under the terms
in `hosek_wilkie.txt`): of the sky those for sRGB, of the sun those of eleven wavelengths.

`hosek_wilkie.npz` holds, in float32:

- `spread` (3, 2, 10, 6, 9): by channel, albedo (0 and 1), turbidity (1 to 10) and control point of
  the sun's elevation, the nine numbers of the distribution over the sky.
- `level` (3, 2, 10, 6): likewise, what the distribution is multiplied with.
- `sun` (11, 10, 45, 4): by wavelength, turbidity and part of the sun's elevation, coefficients of a
  cubic, the highest power first; in W/(m^2 sr nm).
- `limb` (11, 6): by wavelength, of the polynomial by which the disc is darker at its rim.
"""

from __future__ import annotations

import math
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.emitters.sun import RADIUS

F64 = NDArray[np.float64]

LUMENS = 683.0  # per watt, of which CIE Y is made

_WAVELENGTHS = 320.0 + 40.0 * np.arange(11)  # nm
_PARTS = 45  # of the sun's elevation, each with a cubic


class _Numbers(NamedTuple):
    spread: F64
    level: F64
    sun: F64
    limb: F64


@cache
def _numbers() -> _Numbers:
    place = resources.files("raywidget.scene.emitters") / "hosek_wilkie.npz"
    with place.open("rb") as file, np.load(file, allow_pickle=False) as held:
        return _Numbers(*(np.asarray(held[name], np.float64) for name in _Numbers._fields))


def sky_luminance(
    cos_zenith: F64, cos_sun: F64, elevation: float, turbidity: float, albedo: tuple[float, ...]
) -> F64:
    """What the sky gives off, (N, 3): linear sRGB whose white is luminance, in cd/m^2.

    Parameters
    ----------
    cos_zenith, cos_sun : (N,) arrays
        Of the angles of directions with straight above, >= 0, and with the sun.
    elevation : float
        Of the sun, degrees.
    turbidity : float
        1 to 10.
    albedo : (float, float, float)
        Of the ground, by channel.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.scene.emitters.clear_sky import sky_luminance
    >>> up, away = np.array([1.0]), np.array([0.5])
    >>> sky_luminance(up, away, 30.0, 3.0, (0.2, 0.2, 0.2)).round(-1)  # blue
    array([[1150., 2180., 4360.]])
    """
    away = np.arccos(np.clip(cos_sun, -1.0, 1.0))
    squared, slant = cos_sun * cos_sun, np.sqrt(cos_zenith)
    height = 1.0 / (cos_zenith + 0.01)
    light = np.empty((*np.shape(cos_zenith), 3))
    for channel in range(3):
        a, b, c, d, e, f, g, i, h = _at(
            _numbers().spread[channel], elevation, turbidity, albedo[channel]
        )
        level = _at(_numbers().level[channel], elevation, turbidity, albedo[channel])
        # Equations 8 and 9 of the paper of 2012. (h and i stand the other way round in the file.)
        thin = 1.0 + h * h - 2.0 * h * cos_sun
        glow = (1.0 + squared) / (thin * np.sqrt(thin))
        near = c + d * np.exp(e * away) + f * squared + g * glow + i * slant
        light[..., channel] = LUMENS * level * near * (1.0 + a * np.exp(b * height))
    return light


def _at(table: F64, elevation: float, turbidity: float, albedo: float) -> F64:
    """Between the numbers of `table` (2, 10, 6, ...), equation 11 of the paper of 2012."""
    x = (elevation / 90.0) ** (1.0 / 3.0)
    powers = np.arange(6)
    curve = np.array([math.comb(5, k) for k in range(6)]) * x**powers * (1.0 - x) ** (5 - powers)
    low = min(int(turbidity), 9) - 1
    share = turbidity - 1.0 - low
    by_albedo = (1.0 - albedo) * table[0] + albedo * table[1]
    by_haze = (1.0 - share) * by_albedo[low] + share * by_albedo[low + 1]
    return np.asarray(np.tensordot(curve, by_haze, axes=1))


def sun_spectrum(elevation: F64, cos_rim: F64, turbidity: float) -> F64:
    """What the sun's disc gives off, (N, 11), in W/(m^2 sr nm) at 320, 360 to 720 nm.

    Parameters
    ----------
    elevation : (N,) array
        Of the directions, degrees.
    cos_rim : (N,) array
        On the sun itself, of the angle with its surface's normal: 1 amid the disc, 0 at its rim.
    turbidity : float
        1 to 10.
    """
    numbers = _numbers()
    angle = np.radians(elevation)
    part = np.clip((_PARTS * np.cbrt(angle / (math.pi / 2.0))).astype(np.int64), 0, _PARTS - 1)
    beyond = angle - (part / _PARTS) ** 3 * (math.pi / 2.0)
    low = min(int(turbidity), 9) - 1
    share = turbidity - 1.0 - low
    cubic = (1.0 - share) * numbers.sun[:, low] + share * numbers.sun[:, low + 1]
    straight = np.zeros((len(_WAVELENGTHS), *np.shape(elevation)))
    for k in range(4):
        straight = straight * beyond + cubic[:, part, k]
    rim = np.polynomial.polynomial.polyval(cos_rim, numbers.limb.T)
    return np.asarray((straight * rim).T)


def sun_xyz(elevation: F64, away: F64, turbidity: float) -> F64:
    """What the sun's disc gives off, (N, 3): CIE X, Y, Z in cd/m^2; 0 beside it.

    Parameters
    ----------
    elevation, away : (N,) arrays
        Of directions, in degrees: above the horizon, and from the middle of the disc.
    turbidity : float
        1 to 10.
    """
    sine = np.sin(np.radians(away)) / math.sin(math.radians(RADIUS))
    seen = (np.abs(away) < RADIUS) & (elevation > 0.0)
    cos_rim = np.sqrt(np.maximum(0.0, 1.0 - sine * sine))
    light = sun_spectrum(np.maximum(elevation, 0.0), cos_rim, turbidity)
    return np.where(seen[..., None], light @ _bands_to_xyz(), 0.0)


def sun_luminous_irradiance(elevation: float, turbidity: float) -> F64:
    """What arrives straight from the sun on a surface across it: CIE X, Y, Z in lux.

    Parameters
    ----------
    elevation : float
        Of the middle of its disc, degrees; what is below the horizon is missing.
    turbidity : float
        1 to 10.

    Examples
    --------
    >>> from raywidget.scene.emitters.clear_sky import sun_luminous_irradiance
    >>> sun_luminous_irradiance(60.0, 3.0).round(-2)
    array([84300., 87000., 73400.])
    """
    count = 128
    away = RADIUS * np.sqrt((np.arange(count) + 0.5) / count)[:, None]  # equal areas
    turned = (np.arange(count) + 0.5) / count * 2.0 * math.pi
    heights = elevation + away * np.cos(turned)
    aside = np.broadcast_to(away, heights.shape)
    seen = sun_xyz(heights.ravel(), aside.ravel(), turbidity).mean(axis=0)
    return np.asarray(seen * math.pi * math.sin(math.radians(RADIUS)) ** 2)


@cache
def _bands_to_xyz() -> F64:
    """(11, 3): integrals of the matching functions by those of a hat about each wavelength."""
    fine = np.arange(360.0, 720.5, 1.0)
    hats = np.maximum(0.0, 1.0 - np.abs(fine[:, None] - _WAVELENGTHS) / 40.0)
    weights = np.ones(len(fine))
    weights[[0, -1]] = 0.5
    return np.asarray(LUMENS * (hats.T * weights) @ matching_functions(fine).T)


def matching_functions(nanometres: F64) -> F64:
    """CIE 1931 x, y, z, (3, N), by Wyman, Sloan and Shirley 2013 (the multi-lobe fit)."""

    def lobe(centre: float, below: float, above: float) -> F64:
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
