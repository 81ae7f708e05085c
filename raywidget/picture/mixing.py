"""Displays that mix channels: AgX, Khronos PBR Neutral, luminance, false colour.

`js/src/pixels/mixing.js` repeats this file operation by operation: float64, in a fixed order, and
whatever is not plus, minus, times or divided by comes from tables of whole numbers, which
`tests/fixtures/mixing.json` compares entry by entry. So the canvas equals the saved PNG
byte for byte. Change neither alone.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from raywidget.picture.curves import CURVES, Curve, srgb

F64: TypeAlias = NDArray[np.float64]
Bytes: TypeAlias = NDArray[np.uint8]

# Sobotka's AgX: into the space where its curve is applied, and back; its range in stops.
_INSET = (
    (0.842479062253094, 0.0784335999999992, 0.0792237451477643),
    (0.0423282422610123, 0.878468636469772, 0.0791661274605434),
    (0.0423756549057051, 0.0784336, 0.879142973793104),
)
_OUTSET = (
    (1.19687900512017, -0.0980208811401368, -0.0990297440797205),
    (-0.0528968517574562, 1.15190312990417, -0.0989611768448433),
    (-0.0529716355144438, -0.0980434501171241, 1.15107367264116),
)
_AGX_LOW, _AGX_HIGH = -12.47393, 4.026069

WIDE = 1 << 17
_WORDS = 65535
_INFINITE = 0x7F800000 >> 14

# Colours 32 places apart; two stops each, where they stand for light.
_ANCHORS = (
    (8, 8, 16),
    (56, 30, 120),
    (38, 86, 190),
    (26, 150, 160),
    (60, 176, 80),
    (220, 208, 50),
    (240, 130, 30),
    (214, 40, 60),
    (255, 235, 245),
)


def wide_index(values: F64) -> NDArray[np.uint32]:
    """The place of numbers >= 0 in tables of 2^17 entries: the first bits of their float32."""
    with np.errstate(over="ignore"):
        return np.asarray(values.astype(np.float32).view(np.uint32) >> np.uint32(14))


def wide_values() -> list[float]:
    """A number for each place."""
    indices = np.arange(_INFINITE, dtype=np.uint32)
    bits = (indices << np.uint32(14)) + np.uint32(1 << 13)
    values: list[float] = bits.view(np.float32).astype(np.float64).tolist()
    return [0.0, *values[1:], *[3e38] * (WIDE - _INFINITE)]


def _whole(y: float, most: int) -> int:
    return math.floor(min(max(y, 0.0), 1.0) * most + 0.5)


def _agx(value: float) -> int:
    """Benjamin Wrensch's polynomial for AgX's contrast curve."""
    stops = math.log2(value) if value > 0.0 else _AGX_LOW
    x = min(max((stops - _AGX_LOW) / (_AGX_HIGH - _AGX_LOW), 0.0), 1.0)
    y = -0.00232 + x * (
        0.1191 + x * (0.4298 + x * (-6.868 + x * (31.96 + x * (-40.14 + x * 15.5))))
    )
    return _whole(y, _WORDS)


@functools.cache
def agx_table() -> NDArray[np.float64]:
    """AgX's curve in whole numbers up to 65535, by `wide_index`."""
    return np.array([_agx(value) for value in wide_values()], np.float64)


@functools.cache
def agx_bytes() -> Bytes:
    """From AgX's display value, of which 2.2 is the exponent, to sRGB bytes."""
    values = (_whole(srgb(math.pow(i / _WORDS, 2.2)), 255) for i in range(_WORDS + 1))
    return np.fromiter(values, np.uint8)


@functools.cache
def srgb_bytes() -> Bytes:
    """From sRGB's linear light in whole numbers to its bytes."""
    return np.fromiter((_whole(srgb(i / _WORDS), 255) for i in range(_WORDS + 1)), np.uint8)


@functools.cache
def heat_table() -> Bytes:
    """Stops from -8 to 8 as places in the palette, by `wide_index`."""
    places = (
        _whole((math.log2(value) + 8.0) / 16.0, 255) if value > 0.0 else 0
        for value in wide_values()
    )
    return np.fromiter(places, np.uint8)


@functools.lru_cache(maxsize=8)
def curve_table(curve: str) -> Bytes:
    """A curve for each channel alone, by `wide_index`."""
    apply: Curve = CURVES[curve]
    return np.fromiter((_whole(apply(value), 255) for value in wide_values()), np.uint8)


@functools.cache
def palette() -> Bytes:
    """256 colours (256, 3)."""
    colors = np.empty((256, 3), np.uint8)
    for place in range(256):
        first = min(place >> 5, 7)
        share = place - 32 * first
        for c in range(3):
            low, high = _ANCHORS[first][c], _ANCHORS[first + 1][c]
            colors[place, c] = low + ((high - low) * share + 15) // 31
    return colors


def luminance(light: F64) -> F64:
    """(..., 3) -> (...), added in this order."""
    return np.asarray(0.2126 * light[..., 0] + 0.7152 * light[..., 1] + 0.0722 * light[..., 2])


def _times(matrix: tuple[tuple[float, float, float], ...], channels: list[F64]) -> list[F64]:
    r, g, b = channels
    return [row[0] * r + row[1] * g + row[2] * b for row in matrix]


def _clamp_words(values: F64) -> NDArray[np.int64]:
    return np.clip(np.floor(values + 0.5), 0.0, _WORDS).astype(np.int64)


def agx(light: F64) -> Bytes:
    """AgX of linear light, exposed: (H, W, 3) -> bytes."""
    channels = [light[..., c] for c in range(3)]
    curved = [agx_table()[wide_index(value)] for value in _times(_INSET, channels)]
    shown = [agx_bytes()[_clamp_words(value)] for value in _times(_OUTSET, curved)]
    return np.stack(shown, axis=-1)


def neutral(light: F64) -> Bytes:
    """Khronos PBR Neutral Tone Mapper, specification of 2024: (H, W, 3) -> bytes."""
    start = 0.8 - 0.04
    least = light.min(axis=-1)
    offset = np.where(least < 0.08, least - 6.25 * least * least, 0.04)
    shifted = light - offset[..., None]
    peak = shifted.max(axis=-1)
    d = 1.0 - start
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        top = 1.0 - (d * d) / (peak + d - start)
        scale = top / peak
        keep = 1.0 / (0.15 * (peak - top) + 1.0)
        gray = top * (1.0 - keep)
        pressed = shifted * scale[..., None] * keep[..., None] + gray[..., None]
    chosen = np.where((peak >= start)[..., None], pressed, shifted)
    return srgb_bytes()[_clamp_words(chosen * float(_WORDS))]


MIXING: dict[str, Callable[[F64], Bytes]] = {"agx": agx, "neutral": neutral}


def show_samples(samples: NDArray[np.int64], goal: int) -> Bytes:
    """How many of its samples each pixel has: (H, W) -> (H, W, 3)."""
    places = (255 * np.minimum(samples, goal)) // goal if goal > 0 else np.zeros_like(samples)
    return palette()[places]


def mix(light: F64, curve: str, channel: str) -> Bytes:
    """Develop exposed light, (H, W, 3), where a table of half floats is not enough."""
    if channel == "heat":
        return palette()[heat_table()[wide_index(luminance(light))]]
    if channel != "color":
        index = ("red", "green", "blue", "luminance").index(channel)
        one = luminance(light) if index == 3 else light[..., index]
        if curve not in MIXING:
            return np.repeat(curve_table(curve)[wide_index(one)][..., None], 3, axis=-1)
        light = np.repeat(one[..., None], 3, axis=-1)
    return MIXING[curve](light)
