"""What rough surfaces lose: tables over roughness and angle, and averages of Fresnel terms.

Light that leaves one microfacet for another is lost to single scattering. The tables are made when
a material first asks for them, by integrating over the visible normals (0.05 to 0.1 s each), and
kept for the life of the process.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels.layout import (
    ENERGY_COLUMNS,
    ENERGY_ROWS,
    ENERGY_SIZE,
    F32,
)

F64 = NDArray[np.float64]

_SIDES = 24  # points in half a turn, and from the middle of the visible normals to their rim
_RINGS = 160
_AT_ONCE = 2  # columns: what is computed of so many stays in the cache
_SMALLEST_ALPHA = 1e-4
_SMALLEST_COSINE = 1e-4


class EnergyRows:
    """Gives each table a place in the one array that kernels read."""

    def __init__(self) -> None:
        self._parts: list[F32] = [np.zeros(1, np.float32)]  # place 0 means: no table
        self._places: dict[tuple[str, float], int] = {}

    def place_of_metal(self) -> int:
        """Where the table of white metals is."""
        return self._place(("metal", 1.0), [metal_table()])

    def place_of_glass(self, eta: float) -> int:
        """Where that of glass is, lit from outside; the one for light from inside follows."""
        if eta == 1.0:
            return 0
        return self._place(("glass", eta), [glass_table(eta), glass_table(1.0 / eta)])

    def place_of_layers(self) -> int:
        """Where the tables of a principled material are: of metal, of Schlick's term, of sheen."""
        return self._place(("layers", 1.0), [metal_table(), grazing_table(), sheen_table()])

    def table(self) -> F32:
        """All of them."""
        return np.concatenate(self._parts)

    def _place(self, key: tuple[str, float], tables: list[F32]) -> int:
        if key not in self._places:
            self._places[key] = sum(len(part) for part in self._parts)
            self._parts += tables
        return self._places[key]


@lru_cache(maxsize=1)
def metal_table() -> F32:
    """1 - E for a surface whose facets reflect everything."""

    def weight(cos: F64, facets: Facets, alpha: F64) -> F64:
        up = 2.0 * facets.cos * facets.z - cos
        return np.where(up > 0.0, _smith_g1(up, alpha), 0.0)

    return _losses(weight)


@lru_cache(maxsize=1)
def grazing_table() -> F32:
    """What the same surface reflects if its facets do as (1 - cos)^5: the part of Schlick's term
    that grows towards the horizon.
    """

    def weight(cos: F64, facets: Facets, alpha: F64) -> F64:
        cos_o = np.clip(facets.cos, 0.0, 1.0)
        up = 2.0 * cos_o * facets.z - cos
        seen = np.where(up > 0.0, _smith_g1(up, alpha), 0.0)
        return np.asarray(1.0 - (1.0 - cos_o) ** 5 * seen)

    return _losses(weight, smooth=(1.0 - _table_cosines()) ** 5)


@lru_cache(maxsize=1)
def sheen_table() -> F32:
    """Albedo of the sheen of `kernels.surfaces.principled`, by integration over the hemisphere."""
    cos_o = _table_cosines()[:, None, None]
    z, weights = np.polynomial.legendre.leggauss(48)
    z, weights = 0.5 * (z + 1.0), 0.5 * weights
    phi = np.pi * (np.arange(48) + 0.5) / 48
    z, phi = z[:, None], phi[None, :]
    sine = np.sqrt(1.0 - z**2)
    x = sine * np.cos(phi) + np.sqrt(1.0 - cos_o**2)
    half_square = x**2 + (sine * np.sin(phi)) ** 2
    sin2 = half_square / (half_square + (z + cos_o) ** 2)
    table = np.empty((ENERGY_ROWS, ENERGY_COLUMNS + 1))
    for row in range(ENERGY_ROWS):
        alpha = max((row / (ENERGY_ROWS - 1.0)) ** 2, 0.005)
        density = (2.0 + 1.0 / alpha) * sin2 ** (0.5 / alpha) / (2.0 * np.pi)
        hidden = _sheen_lambda(cos_o, alpha) + _sheen_lambda(z, alpha)
        visible = np.minimum(1.0, 1.0 / ((1.0 + hidden) * 4.0 * cos_o * z))
        values = density * visible * z * weights[:, None]
        table[row, :-1] = np.minimum(1.0, values.sum(axis=(1, 2)) * 2.0 * np.pi / 48)
    return _with_averages(table)


def _sheen_lambda(cos: F64, alpha: float) -> F64:
    """Estevez and Kulla 2017, as in `kernels.surfaces.principled`."""
    t = (1.0 - alpha) ** 2
    low = np.array([21.5473, 3.82987, 0.19823, -1.97760, -4.32054])
    a, b, c, d, e = low + (np.array([25.3245, 3.32435, 0.16801, -1.27393, -4.85967]) - low) * t

    def fit(x: F64 | float) -> F64:
        return np.asarray(a / (1.0 + b * np.power(x, c)) + d * x + e)

    steep = np.exp(fit(np.minimum(cos, 0.5)))
    return np.where(cos < 0.5, steep, np.exp(2.0 * fit(0.5) - fit(1.0 - np.maximum(cos, 0.5))))


@lru_cache(maxsize=64)
def glass_table(eta: float) -> F32:
    """1 - E for a clear boundary; `eta` is the index beyond it by that before it."""

    def weight(cos: F64, facets: Facets, alpha: F64) -> F64:
        cos_o = np.clip(facets.cos, 0.0, 1.0)
        reflected = fresnel(cos_o, eta)
        up = 2.0 * cos_o * facets.z - cos
        cos_t = np.sqrt(np.maximum(0.0, 1.0 - (1.0 - cos_o**2) / eta**2))
        down = (cos_o / eta - cos_t) * facets.z - cos / eta
        mirrored = np.where(up > 0.0, _smith_g1(np.abs(up), alpha), 0.0)
        let_through = np.where(down < 0.0, _smith_g1(np.abs(down), alpha), 0.0)
        return reflected * mirrored + (1.0 - reflected) * let_through

    return _losses(weight)


def fresnel(cos_i: F64, eta: float) -> F64:
    """As `kernels.surfaces.fresnel.fresnel`, in float64."""
    sin2_t = (1.0 - cos_i**2) / eta**2
    cos_t = np.sqrt(np.maximum(0.0, 1.0 - sin2_t))
    parallel = (eta * cos_i - cos_t) / (eta * cos_i + cos_t)
    perpendicular = (cos_i - eta * cos_t) / (cos_i + eta * cos_t)
    return np.where(sin2_t >= 1.0, 1.0, 0.5 * (parallel**2 + perpendicular**2))


def average_conductor(n: float, k: float) -> float:
    """Reflectance of a conductor in diffuse light, from Fresnel's equations in complex numbers."""
    cos_i, weights = _cosine_nodes()
    index = n - 1j * k
    cos_t = np.sqrt(1.0 - (1.0 - cos_i**2) / index**2)
    perpendicular = (cos_i - index * cos_t) / (cos_i + index * cos_t)
    parallel = (index * cos_i - cos_t) / (index * cos_i + cos_t)
    both = 0.5 * (np.abs(perpendicular) ** 2 + np.abs(parallel) ** 2)
    return float((both * weights).sum())


def internal_reflectance(eta: float) -> float:
    """Share of diffuse light that a smooth boundary reflects back inside, 0 to 1.

    ``1 - (1 - R) / eta^2`` from the outer diffuse reflectance ``R = integral of 2 cos F(cos)`` over
    the cosine, which is smooth and thus integrated well (Egan and Hilgeman 1979 for the relation).
    """
    cos_i, weights = _cosine_nodes()
    outer = float((fresnel(cos_i, eta) * weights).sum())
    return 1.0 - (1.0 - outer) / eta**2


@lru_cache(maxsize=1)
def _cosine_nodes() -> tuple[F64, F64]:
    """Cosines, and weights that integrate a function of them times 2 cos from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(128)
    cos = 0.5 * (nodes + 1.0)
    return cos, weights * cos


def _table_cosines() -> F64:
    s = np.arange(ENERGY_COLUMNS) / (ENERGY_COLUMNS - 1.0)
    return np.asarray(np.maximum(s**2, _SMALLEST_COSINE))


class Facets(NamedTuple):
    """Normals of the facets that a direction sees, evenly spread; all (columns, sides, rings)."""

    z: F64  # along the surface's normal
    cos: F64  # to the direction


def _losses(weight: Callable[[F64, Facets, F64], F64], smooth: F64 | float = 0.0) -> F32:
    """A table of `layout.ENERGY_*`: 1 less the mean weight of visible normals.

    `weight` knows the cosines of directions, too. `smooth` is the first row, of a surface that is
    not rough.
    """
    cos = _table_cosines()[:, None, None]
    table = np.empty((ENERGY_ROWS, ENERGY_COLUMNS + 1))
    for row in range(ENERGY_ROWS):
        alpha = np.asarray(max((row / (ENERGY_ROWS - 1.0)) ** 2, _SMALLEST_ALPHA))
        for first in range(0, ENERGY_COLUMNS, _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            weights = weight(cos[some], _visible_facets(cos[some], alpha), alpha)
            table[row, :-1][some] = 1.0 - weights.mean(axis=(1, 2))
    table[0, :-1] = smooth
    return _with_averages(np.maximum(table, 0.0))


def _with_averages(table: F64) -> F32:
    """Fill the last column: 2 cos times what kernels interpolate, integrated over the cosine.

    Pieces are of degree 4 in the square root of the cosine: exact with three nodes each.
    """
    step = 1.0 / (ENERGY_COLUMNS - 1.0)
    start = np.arange(ENERGY_COLUMNS - 1) * step
    nodes, weights = np.polynomial.legendre.leggauss(3)
    within = 0.5 * (nodes + 1.0)
    left, right = table[:, :-2, None], table[:, 1:-1, None]
    at = (start[:, None] + within * step) ** 3 * (4.0 * 0.5 * step) * weights
    table[:, -1] = ((left * (1.0 - within) + right * within) * at).sum(axis=(1, 2))
    result = table.astype(np.float32).ravel()
    assert result.size == ENERGY_SIZE
    return result


def _visible_facets(z_o: F64, alpha: F64) -> Facets:
    """As `kernels.surfaces.microfacet.sample_visible_normal`, evenly over half of the cap.

    Axis by axis, and some columns at once: as rows of three numbers, all of them, a table took
    three to four times as long.
    """
    x_o = np.sqrt(1.0 - z_o**2)
    x_s = x_o * alpha
    length = np.sqrt(x_s * x_s + z_o * z_o)
    x_s, z_s = x_s / length, z_o / length
    phi = np.pi * ((np.arange(_SIDES) + 0.5) / _SIDES)[:, None]
    z = (1.0 - (np.arange(_RINGS) + 0.5) / _RINGS) * (1.0 + z_s) - z_s
    r = np.sqrt(np.maximum(0.0, 1.0 - z**2))
    x = (r * np.cos(phi) + x_s) * alpha
    y = r * np.sin(phi) * alpha
    up = z + z_s
    length = np.sqrt(x * x + y * y + up * up)
    x /= length
    up = up / length
    return Facets(up, x_o * x + z_o * up)


def _smith_g1(cos: F64, alpha: F64) -> F64:
    return np.asarray(2.0 * cos / (cos + np.sqrt(alpha**2 + (1.0 - alpha**2) * cos**2)))
