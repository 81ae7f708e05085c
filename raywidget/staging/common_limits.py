"""One range of numbers for all times, so that a colour means the same at each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from raywidget.scene.moving import Moving
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.quantities import ValuedShape
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.colormaps import ColorMap

_Key = tuple[str | int, str]  # of a shape, by its name or else its place, and a quantity


def with_common_limits(scenes: Sequence[Scene]) -> list[Scene]:
    """The same scenes; where no limits are given, colours reach from the least to the greatest.

    Things that have a name are matched by it, all others by their order.

    Examples
    --------
    >>> import raywidget as rw
    >>> from raywidget.staging.common_limits import with_common_limits
    >>> camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
    >>> dots = rw.Spheres([(0, 0, 0), (1, 0, 0)], 0.3, values=[0, 1])
    >>> times = [rw.Scene([dots.replace(values=[0, k])], camera=camera) for k in (1, 5)]
    >>> [scene.shapes[0].shown.limits.high for scene in with_common_limits(times)]
    [5.0, 5.0]
    """
    if any(isinstance(scene, Moving) for scene in scenes):
        return list(scenes)
    ranges: dict[_Key, list[tuple[float, float]]] = {}
    for scene in scenes:
        for key, _, span in _open(scene):
            ranges.setdefault(key, []).append(span)
    whole = {
        key: (min(low for low, _ in spans), max(high for _, high in spans))
        for key, spans in ranges.items()
        if len(set(spans)) > 1
    }
    return [_limited(scene, whole) for scene in scenes] if whole else list(scenes)


def _open(scene: Scene) -> Iterator[tuple[_Key, ColorMap, tuple[float, float]]]:
    """What has no limits, its map, and the range of its numbers."""
    for place, shape in enumerate(scene.shapes):
        called = shape.name or place
        if isinstance(shape, Volume):
            color = shape.transfer.color
            is_open = shape.transfer.limits is None and shape.transfer.extinction is None
            if isinstance(color, ColorMap) and is_open and color.limits is None:
                yield (called, ""), color, (shape.values.low, shape.values.high)
        elif isinstance(shape, ValuedShape):
            for name, quantity in shape.own_quantities.items():
                if quantity.colormap.limits is None:
                    span = quantity.numbers.low, quantity.numbers.high
                    if quantity.colormap.log:
                        span = quantity.colormap.range_of(quantity.numbers.array) or span
                    yield (called, name), quantity.colormap, span


def _limited(scene: Scene, whole: dict[_Key, tuple[float, float]]) -> Scene:
    maps: dict[str | int, dict[str, ColorMap]] = {}
    for (called, name), colormap, _ in _open(scene):
        if (called, name) in whole:
            limits = tuple(colormap.limits_for(*whole[called, name]))
            chosen = colormap.replace(limits=limits, symmetric=False)
            maps.setdefault(called, {})[name] = chosen
    if not maps:
        return scene
    return scene.replace(shapes=list(_shapes(scene.shapes, maps)))


def _shapes(shapes: Iterable[Shape], maps: dict[str | int, dict[str, ColorMap]]) -> Iterator[Shape]:
    for place, shape in enumerate(shapes):
        own = maps.get(shape.name or place)
        if own is None:
            yield shape
        elif isinstance(shape, Volume):
            yield shape.replace(transfer=shape.transfer.replace(color=own[""]))
        else:
            assert isinstance(shape, ValuedShape)
            known: Any = {name: one.colormap for name, one in shape.own_quantities.items()}
            yield shape.replace(colormap={**known, **own})
