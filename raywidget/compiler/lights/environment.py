"""Environments -> their tables: radiance, and for images what directions are drawn with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.kernels import layout
from raywidget.kernels.language.buffers import CACHE_LINE
from raywidget.kernels.layout import F32
from raywidget.scene.emitters.emitters import (
    ConstantEnvironment,
    Emitter,
    Environment,
    GradientEnvironment,
    ImageEnvironment,
)
from raywidget.scene.emitters.portal import Portal
from raywidget.scene.values.colors import REC709_WEIGHTS

_STEPS = 2.0**24  # random numbers of kernels are multiples of 1 / this
_MOST_NUMBERS = 2**31 - 1  # elements are told by int32
_FINE = 4  # times as many entries as sums has the guide into rows, which are few: see layout


class EnvironmentTables(NamedTuple):
    """See layout."""

    values: F32
    edges: F32
    rows: F32
    guides: F32
    # Integral of the luminance over all directions; 0 unless it is sampled: an image, or what is
    # seen through portals.
    brightness: float


def pack_environment(emitters: Sequence[Emitter]) -> EnvironmentTables:
    """The tables of the one environment among the emitters, or of none."""
    values = np.zeros(layout.ENVIRONMENT_SIZE, np.float32)
    values[layout.ENVIRONMENT_LIGHT] = -1.0
    edges = np.zeros((0, 1, layout.ENVIRONMENT_EDGE_SIZE), np.float32)
    rows = np.zeros((0, layout.ENVIRONMENT_ROW_SIZE), np.float32)
    guides = np.zeros((0, 1), np.float32)
    brightness = 0.0
    for emitter in emitters:  # the scene admits one environment
        if isinstance(emitter, ConstantEnvironment):
            values[layout.ENVIRONMENT_KIND] = layout.CONSTANT
            values[layout.ENVIRONMENT_TOP : layout.ENVIRONMENT_TOP + 3] = emitter.radiance
            values[layout.ENVIRONMENT_BOTTOM : layout.ENVIRONMENT_BOTTOM + 3] = emitter.radiance
        elif isinstance(emitter, GradientEnvironment):
            values[layout.ENVIRONMENT_KIND] = layout.GRADIENT
            values[layout.ENVIRONMENT_TOP : layout.ENVIRONMENT_TOP + 3] = emitter.top
            values[layout.ENVIRONMENT_BOTTOM : layout.ENVIRONMENT_BOTTOM + 3] = emitter.bottom
            values[layout.ENVIRONMENT_FROM_WORLD + 3 : layout.ENVIRONMENT_FROM_WORLD + 6] = (
                emitter.axis
            )
        elif isinstance(emitter, ImageEnvironment):
            image = _beyond_poles(np.asarray(emitter.image))
            values[layout.ENVIRONMENT_KIND] = layout.PANORAMA
            values[layout.ENVIRONMENT_HEIGHT], values[layout.ENVIRONMENT_WIDTH] = image.shape[:2]
            # A rotation goes back by its transpose.
            turned = np.asarray(emitter.rotation).T.ravel()
            values[layout.ENVIRONMENT_FROM_WORLD : layout.ENVIRONMENT_FROM_WORLD + 9] = turned
            image *= np.float32(emitter.scale)  # a copy by now
            luminance = image @ np.array(REC709_WEIGHTS, np.float32)
            rows, sums, guides, brightness = _pack_cells(luminance)
            edges = _pack_edges(image, sums)
            values[layout.ENVIRONMENT_ROW_GUIDES] = _FINE * _guide_size(guides.shape[0])
            values[layout.ENVIRONMENT_CELL_GUIDES] = _guide_size(guides.shape[1])
        elif isinstance(emitter, Environment):
            raise AssertionError(f"no row for {type(emitter).__name__}")
    if brightness == 0.0 and any(isinstance(emitter, Portal) for emitter in emitters):
        ends = values[[layout.ENVIRONMENT_TOP + k for k in range(3)]]
        ends = 0.5 * (ends + values[[layout.ENVIRONMENT_BOTTOM + k for k in range(3)]])
        brightness = 4.0 * np.pi * float(ends @ np.array(REC709_WEIGHTS))
    return EnvironmentTables(values, edges, rows, guides, brightness)


def _beyond_poles(image: F32) -> F32:
    """The image, with what is seen across its poles: its ends, half a turn on."""
    half = image.shape[1] // 2
    ends = image[[0, -1]]
    across = np.roll(ends, half, axis=1)
    if image.shape[1] % 2:  # half a turn on is between two texels
        across = 0.5 * (across + np.roll(ends, half + 1, axis=1))
    return np.concatenate([across[:1], image, across[1:]])


def _pack_edges(image: F32, sums: F32) -> F32:
    """What stands at the edges of cells, with running sums of these."""
    height, width = image.shape[:2]
    shape = height - 1, width + 1, layout.ENVIRONMENT_EDGE_SIZE
    size = math.prod(shape)
    if size > _MOST_NUMBERS:
        raise SceneError("ImageEnvironment: an image must have less than 2^28 texels")
    # From a cache line on, so that half of the cells have both edges in one.
    memory = np.zeros(size + CACHE_LINE // 4, np.float32)
    start = -memory.ctypes.data % CACHE_LINE // 4
    edges = memory[start : start + size].reshape(shape)
    # Channel by channel, and four numbers as one: numpy takes twice as long over threes.
    lower = layout.ENVIRONMENT_LOWER_TEXEL
    for channel in range(3):
        edges[:, :-1, channel] = image[:-1, :, channel]
        edges[-1, :-1, lower + channel] = image[-1, :, channel]
    edges[:, -1] = edges[:, 0]
    fours = edges.view(np.complex128)
    fours[:-1, :, 1] = fours[1:, :, 0]
    edges[:, 1:, layout.ENVIRONMENT_BEFORE_EDGE] = sums
    return edges


def luminances_of(edges: F32) -> NDArray[np.float64]:
    """Luminances of the texels that are in the table of edges, those beyond the poles, too."""
    lower = layout.ENVIRONMENT_LOWER_TEXEL
    rows = np.concatenate([edges[:, :-1, :3], edges[-1:, :-1, lower : lower + 3]])
    return (rows @ np.array(REC709_WEIGHTS, np.float32)).astype(np.float64)


def _pack_cells(luminance: F32) -> tuple[F32, F32, F32, float]:
    """Rows, running sums within them, guides into these, and the integral of the luminance."""
    mean = luminance + np.roll(luminance, -1, axis=1)
    mean = 0.25 * (mean[:-1] + mean[1:]).astype(np.float64)
    count, width = mean.shape
    # sin^2 of half the angle to the nearest pole is exact where 1 - cos is not.
    # The first and the last cell end at the pole.
    rows_down = np.clip(np.arange(count + 1) - 0.5, 0.0, count - 1.0)
    edges = np.sin(rows_down * (0.5 * np.pi / (count - 1))) ** 2
    upper, lower = edges[:-1], edges[1:]
    solid_angle = 4.0 * np.pi / width * (lower - upper)
    south = 2 * np.arange(count) + 1 > count
    total = solid_angle * mean.sum(axis=1)

    sums = running_sum(total)
    before = np.concatenate([np.zeros(1, np.float32), sums[:-1]])
    guide = _guide(sums[None], _FINE * _guide_size(count))[0]
    rows = np.zeros((len(guide), layout.ENVIRONMENT_ROW_SIZE), np.float32)
    rows[:, layout.ENVIRONMENT_SUM] = 1.0
    rows[:count, layout.ENVIRONMENT_SUM] = sums
    rows[:, layout.ENVIRONMENT_GUIDE] = guide
    rows[:count, layout.ENVIRONMENT_BEFORE] = before
    rows[:count, layout.ENVIRONMENT_DENSITY] = (sums.astype(float) - before) / solid_angle
    rows[:count, layout.ENVIRONMENT_UPPER] = np.where(south, edges[::-1][:-1], upper)
    rows[:count, layout.ENVIRONMENT_LOWER] = np.where(south, edges[::-1][1:], lower)
    within = running_sum(mean)
    guides = _guide(within, _guide_size(width))
    return rows, within, guides, float(total.sum())


def _guide_size(count: int) -> int:
    """Entries of the guide into so many sums: a power of two, so that no entry is rounded to."""
    return 1 << (count.bit_length() - 1)


def _guide(sums: F32, size: int) -> F32:
    """For each row of running sums, see layout; at least as many numbers as sums."""
    rows, count = sums.shape
    # A sum is at most g / size for all g from here on: it is passed over by these entries.
    passed_by = np.ceil(sums * np.float32(size)).astype(np.int64)
    passed_by += np.arange(rows)[:, None] * (size + 1)
    passed = np.bincount(passed_by.ravel(), minlength=rows * (size + 1))
    guide = np.zeros((rows, max(count, size)), np.float32)
    guide[:, :size] = passed.reshape(rows, size + 1)[:, :size].cumsum(axis=1)
    return guide


def running_sum(weights: NDArray[np.float64]) -> F32:
    """Running sums of probabilities along the last axis; the last is 1.

    In steps of the random number that chooses, so that each is drawn exactly as often as its
    density says. What is too weak for a step is left to scattering.
    """
    if weights.shape[-1] == 0:
        return np.zeros(weights.shape, np.float32)
    sums = np.cumsum(weights, axis=-1, dtype=np.float64)
    sums /= np.maximum(sums[..., -1:], 1e-300)
    sums = np.round(sums * _STEPS) / _STEPS
    sums[..., -1] = 1.0
    return np.ascontiguousarray(sums, np.float32)
