"""Reconstruction filters by name, and the tables that kernels draw from."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


class _Shape(NamedTuple):
    radius: float  # in pixels, unless another is asked for
    value: Callable[[Values], Values]  # at distances from the middle by the radius, 0 to 1


def _gaussian(t: Values) -> Values:
    values: Values = np.exp(-8.0 * t * t) - np.exp(-8.0)
    return values


def _blackman_harris(t: Values) -> Values:
    weights = (0.35875, -0.48829, 0.14128, -0.01168)
    values: Values = np.sum(
        [w * np.cos(k * np.pi * (t + 1.0)) for k, w in enumerate(weights)], axis=0
    )
    return values


# The defaults of pbrt (box), Mitsuba 3 (tent, Gaussian) and Cycles (Blackman-Harris).
_SHAPES = {
    "box": _Shape(0.5, np.ones_like),
    "tent": _Shape(1.0, lambda t: 1.0 - t),
    "gaussian": _Shape(2.0, _gaussian),
    "blackman-harris": _Shape(1.5, _blackman_harris),
}

FILTERS = tuple(_SHAPES)
"""The names of filters."""

_GRID = 1 << 16


def filter_radius(name: str, radius: float | None) -> float:
    """The radius of a filter in pixels."""
    return _SHAPES[name].radius if radius is None else radius


def filter_value(name: str, radius: float | None, distance: Values) -> Values:
    """A filter at distances from the middle along one axis, in pixels; its integral is 1."""
    reach = filter_radius(name, radius)
    t = np.abs(distance) / reach
    grid = (np.arange(_GRID) + 0.5) / _GRID
    value = _SHAPES[name].value
    integral = 2.0 * reach * value(grid).mean()
    values: Values = np.where(t <= 1.0, value(np.minimum(t, 1.0)), 0.0) / integral
    return values


@lru_cache(maxsize=16)
def make_filter(name: str, radius: float | None) -> tuple[int, np.float32, NDArray[np.float32]]:
    """What kernels need of a filter: see `kernels.sensors.filter.FilterView`."""
    from raywidget.kernels.sensors import filter as kernels

    reach = filter_radius(name, radius)
    if name == "box" and reach == 0.5:
        kind = kernels.PIXEL
    else:
        kinds = (kernels.BOX, kernels.TENT, kernels.GAUSSIAN, kernels.BLACKMAN_HARRIS)
        kind = kinds[FILTERS.index(name)]
    # Probability of what lies beyond each point of a grid, added up from outside for its digits
    values = _SHAPES[name].value((np.arange(_GRID) + 0.5) / _GRID)
    beyond = np.append(0.0, np.cumsum(values[::-1])) / values.sum()
    distance = reach * (1.0 - np.arange(_GRID + 1) / _GRID)
    wanted = (np.arange(kernels.FILTER_STEPS + 1) / kernels.FILTER_STEPS) ** 4
    quantiles = np.interp(wanted, beyond, distance)
    return kind, np.float32(reach), quantiles.astype(np.float32)
