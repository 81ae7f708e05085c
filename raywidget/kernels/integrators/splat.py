"""Light that a path brings to other pixels than its own.

A kernel call notes its splats in a log of its own; when it has ended well, `commit_splats` adds
them to the layer of the film. That is in fixed point: integers add up to the same whatever their
order, so threads and tiles change no bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels.integrators.tile import COUNTER_SPLATS
from raywidget.kernels.language.buffers import view
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.scalars import index32
from raywidget.kernels.language.vec3 import Vec3

INFINITY = float("inf")

# A splat of radiance 1 is 2^32 in the layer: it resolves 2e-10, and holds a sum of 2e9.
SPLAT_ONE = np.float64(2.0**32)
_LARGEST = np.float64(2.0**62)


class SplatLog(NamedTuple):
    """The splats of one kernel call."""

    places: NDArray[np.int32]  # (N,) 2 * pixel of the picture + half
    values: NDArray[np.float32]  # (N, 3) see `note_splat`


class SplatView(NamedTuple):
    """`SplatLog` as buffers, inside compiled code."""

    places: Any
    values: Any
    counters: Any  # of the `Batch`


@device
def view_splats(log: SplatLog, counters: NDArray[np.int64]) -> SplatView:
    """Bare pointers to a log; its caller keeps the arrays alive."""
    return SplatView(view(log.places), view(log.values), view(counters))


@device
def note_splat(log: SplatView, pixel: int, half: int, value: Vec3) -> bool:
    """Note light for a pixel (y * width + x) from a sample of a half; False if it is not finite.

    The radiance of a pixel is the sum of the values of all light paths by the number of samples per
    pixel, where each sample brings one light path. The log must have room.
    """
    if not abs(value.x) + abs(value.y) + abs(value.z) < INFINITY:
        return False
    count = log.counters[COUNTER_SPLATS]
    log.places[count] = index32(2 * pixel + half)
    log.values[3 * count] = value.x
    log.values[3 * count + 1] = value.y
    log.values[3 * count + 2] = value.z
    log.counters[COUNTER_SPLATS] = count + 1
    return True


@entry
def commit_splats(log: SplatLog, count: int, layer: NDArray[np.int64]) -> None:
    """Add the first `count` splats of a log to a layer (2, H, W, 3): halves, pixels, colours."""
    places = view(log.places)
    values = view(log.values)
    sums = view(layer)
    half_size = layer.size // 2
    for i in range(count):
        place = places[i]
        start = (place & 1) * half_size + 3 * (place >> 1)
        for channel in range(3):
            value = np.float64(values[3 * i + channel]) * SPLAT_ONE
            sums[start + channel] = sums[start + channel] + np.int64(
                np.rint(min(_LARGEST, max(-_LARGEST, value)))
            )
