"""Numbers on a grid of which nothing else is known -> a volume worth looking at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.materials.transfer import TransferFunction
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.colormaps import ColorMap
from raywidget.scene.values.colors import encode_srgb

_LOOKED_AT = 1 << 20  # numbers, at most
_BINS = 256
_OPTICAL_DEPTH = 60.0  # of the thickest numbers, from corner to corner
_ONE_SIDED = 4.0  # times as far from the commonest number to one end as to the other
_MOST_LABELS = 24  # regions
_OF_THE_LARGEST = 2.0  # optical depth of the largest region
_COMMON = 0.02  # share of the numbers from which on one of 256 bins is a background


def volume_of(values: NDArray[Any], **parameters: Any) -> Volume:
    """A volume whose transfer function follows from its numbers."""
    volume = Volume(values, **parameters)
    if volume.values.is_colored:
        size = float(np.linalg.norm(volume.size()))
        thick = TransferFunction(1.0, density=_OPTICAL_DEPTH / size)
        return volume.replace(transfer=thick)
    labels = _labels(volume)
    if labels is not None:
        return volume.replace(
            transfer=transfer_for_labels(*labels, volume), interpolation="nearest"
        )
    return volume.replace(transfer=transfer_for(volume))


def _labels(volume: Volume) -> tuple[NDArray[Any], NDArray[Any], int] | None:
    """Of whole numbers that are names of regions: which, how many have each, which is air."""
    array = volume.values.array
    low, high = volume.values.low, volume.values.high
    if array.dtype.kind not in "iu" or not high - low < _BINS:
        return None
    some = np.asarray(_thinned(array), np.int64)
    counts = np.bincount((some - int(low)).ravel(), minlength=int(high - low) + 1)
    names = np.flatnonzero(counts)
    if not 3 <= len(names) <= _MOST_LABELS:
        return None
    rim = np.concatenate([some[[0, -1]].ravel(), some[:, [0, -1]].ravel(), some[..., 0].ravel()])
    air = int(np.bincount(rim - int(low)).argmax()) + int(low)
    return names + int(low), counts[names], air


def transfer_for_labels(
    names: NDArray[Any], counts: NDArray[Any], air: int, volume: Volume
) -> TransferFunction:
    """A colour for each region; the larger one is, the more is seen through it."""
    first, last = int(names[0]), int(names[-1])
    size = float(np.linalg.norm(volume.size()))
    solid = names != air
    share = counts[solid] / counts.sum()
    depth = np.minimum(_OPTICAL_DEPTH, _OF_THE_LARGEST * np.sqrt(share.max() / share))
    own = depth / np.cbrt(share)
    thickness = np.full(last - first + 1, own.max())  # of those that nobody has seen, too
    thickness[names[solid] - first] = own
    if first <= air <= last:
        thickness[air - first] = 0.0
    palette = encode_srgb(ColorMap("tab10").table.astype(np.float64))
    order = np.cumsum(np.isin(np.arange(first, last + 1), names[solid])) - 1
    colors = ColorMap(
        palette[np.maximum(order, 0) % len(palette)],
        limits=(first - 0.5, last + 0.5),
        ticks=names[solid].tolist(),
    )
    most = float(thickness.max())
    return TransferFunction(
        colors,
        extinction=thickness / most,
        density=most / size,
        limits=(first, last),
        resolution=1024,
    )


def transfer_for(volume: Volume) -> TransferFunction:
    """Rare numbers are thick, the commonest ones, which are mostly air, are not there.

    Where numbers lie on both sides of the commonest one, both ends are thick, in two colours.
    """
    some = _some(volume.values.array)
    density = _OPTICAL_DEPTH / float(np.linalg.norm(volume.size()))
    low, high = (float(v) for v in np.quantile(some, (0.001, 0.999)))
    if not high > low:
        low, high = volume.values.low, volume.values.high
    if not high > low:
        return TransferFunction(0.8, extinction=1.0, density=0.1 * density)
    counts, edges = np.histogram(np.clip(some, low, high), _BINS)
    commonest = int(np.argmax(counts))
    middle = float(0.5 * (edges[commonest] + edges[commonest + 1]))
    is_background = counts[commonest] > _COMMON * counts.sum()
    below, above = middle - low, high - middle
    if is_background and max(below, above) < _ONE_SIDED * min(below, above):
        reach = max(below, above)
        points = [(-1, 1), (-0.55, 0.3), (-0.2, 0), (0.2, 0), (0.55, 0.3), (1, 1)]
        extinction = [(middle + reach * place, thickness) for place, thickness in points]
        colors = ColorMap("coolwarm", limits=(middle - reach, middle + reach))
        return TransferFunction(colors, extinction=extinction, density=density)
    if is_background and below > above:  # what is seldom is low
        start = _threshold(counts[::-1], edges[::-1])
        points = [(low, 1.0), (0.5 * (low + start), 0.25), (start, 0.0)]
        colors = ColorMap("inferno_r", limits=(low - 0.1 * (high - low), high))
        return TransferFunction(colors, extinction=points, density=density, limits=(low, high))
    start = _threshold(counts, edges)
    points = [(start, 0.0), (0.5 * (start + high), 0.25), (high, 1.0)]
    colors = ColorMap("inferno", limits=(low, high + 0.1 * (high - low)))
    return TransferFunction(colors, extinction=points, density=density, limits=(low, high))


def _thinned(array: NDArray[Any]) -> NDArray[Any]:
    """Numbers from everywhere."""
    step = max(1, int(np.ceil((array.size / _LOOKED_AT) ** (1.0 / 3.0))))
    return array[::step, ::step, ::step]


def _some(array: NDArray[Any]) -> NDArray[np.float64]:
    """Those that are finite."""
    numbers = np.asarray(_thinned(array), np.float64).ravel()
    numbers = numbers[np.isfinite(numbers)]
    return numbers if len(numbers) else np.asarray(array, np.float64)[np.isfinite(array)]


def _threshold(counts: NDArray[Any], edges: NDArray[Any]) -> float:
    """What parts the numbers best in two: the variance between both parts is greatest (Otsu 1979).

    Of parts that are equally good, the middle.
    """
    weight = np.cumsum(counts).astype(np.float64)
    centre = 0.5 * (edges[:-1] + edges[1:])
    total = np.cumsum(counts * centre)
    with np.errstate(all="ignore"):
        gap = total / weight - (total[-1] - total) / (weight[-1] - weight)
        between = np.nan_to_num(weight * (weight[-1] - weight) * gap * gap)
    best = np.flatnonzero(between >= between.max() * (1.0 - 1e-9))
    return float(edges[int(best.mean()) + 1])
