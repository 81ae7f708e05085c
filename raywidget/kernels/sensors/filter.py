"""Reconstruction filters: how much of the picture plane round its middle a pixel sees.

A sample is drawn where the filter wants it, with weight 1, and counts for its own pixel only:
filter importance sampling (Ernst, Stamminger and Greiner 2006). So tiles stay independent.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from raywidget.kernels.language.jit import device
from raywidget.kernels.language.look_up import look_up, whole
from raywidget.kernels.language.sampling import PI
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import Real, choose, lanes_floor, lanes_min, lanes_sqrt

# Kinds of filters; all are products of one function of x and the same of y.
PIXEL = 0  # a box of one pixel
BOX = 1
TENT = 2
GAUSSIAN = 3
BLACKMAN_HARRIS = 4

# Rows of `FilterView.quantiles` but one. They follow the fourth root of the probability of what
# lies farther out, where the tails of all filters are smooth enough to be interpolated.
FILTER_STEPS = 512


class FilterView(NamedTuple):
    """A filter, inside compiled code; made by `engine.film.filters`."""

    kind: int  # code above
    radius: float  # in pixels
    quantiles: Any  # (FILTER_STEPS + 1,) distances from the middle, from far to 0


@device
def sample_filter(filter: FilterView, u: Real) -> Real:
    """Place of a sample along one axis, from the left or upper edge of its pixel, in pixels.

    `u` is in [0, 1); of lanes, lanes.
    """
    if filter.kind == PIXEL:
        return u
    is_before = u < 0.5
    outside = choose(is_before, 2.0 * u, 2.0 * (1.0 - u))
    place = lanes_sqrt(lanes_sqrt(outside)) * single(FILTER_STEPS)
    row = lanes_min(lanes_floor(place), single(FILTER_STEPS - 1))
    share = place - row
    far = look_up(filter.quantiles, whole(row), 1, 0)
    distance = far + (look_up(filter.quantiles, whole(row), 1, 1) - far) * share
    return choose(is_before, 0.5 - distance, 0.5 + distance)


@device
def eval_filter(filter: FilterView, x: float) -> float:
    """Value at a distance from the middle along one axis, not normalised; 0 outside."""
    x = abs(x)
    if filter.kind == PIXEL:
        return 1.0 if x <= 0.5 else 0.0
    if x >= filter.radius:
        return 0.0
    t = x / filter.radius
    if filter.kind == TENT:
        return 1.0 - t
    if filter.kind == GAUSSIAN:  # standard deviation of a quarter of the radius, and down to 0
        return math.exp(-8.0 * t * t) - math.exp(-8.0)
    if filter.kind == BLACKMAN_HARRIS:  # Harris 1978, "the 4-term window of minimum side lobes"
        a = PI * (t + 1.0)
        cosines = 0.14128 * math.cos(2.0 * a) - 0.01168 * math.cos(3.0 * a)
        return 0.35875 - 0.48829 * math.cos(a) + cosines
    return 1.0


@device
def choose_pixel(filter: FilterView, x: float, u: float) -> tuple[int, float]:
    """The pixel along one axis that light at `x` (in pixels) counts for, and its weight.

    Pixels are drawn by what their filters make of it; they may lie outside the picture. For light
    that comes to the picture plane where it likes, and not where a pixel has drawn a sample.
    """
    if filter.kind == PIXEL:
        return int(math.floor(x)), 1.0  # noqa: RUF046
    first = int(math.ceil(x - filter.radius - 0.5))  # noqa: RUF046
    last = int(math.floor(x + filter.radius - 0.5))  # noqa: RUF046
    total = single(0)
    for pixel in range(first, last + 1):
        total += eval_filter(filter, x - single(pixel) - 0.5)
    rest = u * total
    chosen = first
    for pixel in range(first, last + 1):
        chosen = pixel
        rest -= eval_filter(filter, x - single(pixel) - 0.5)
        if rest < 0.0:
            break
    # The values at pixels add up to the integral only on average.
    return chosen, total / _integral(filter)


@device
def _integral(filter: FilterView) -> float:
    """Of `eval_filter` over all distances."""
    if filter.kind == TENT:
        return filter.radius
    if filter.kind == GAUSSIAN:  # sqrt(pi / 8) erf(sqrt(8)) - 2 e^-8
        return filter.radius * 0.625946
    if filter.kind == BLACKMAN_HARRIS:
        return filter.radius * 0.7175
    return 2.0 * filter.radius
