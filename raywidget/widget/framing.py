"""Where a scene is, for those who move its camera: what it is about, its ground, its lamps.

Boxes of shapes are all that is looked at: whole scenes take milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.scene import Scene
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.shapes.round import Disk
from raywidget.scene.shapes.simple import Quad, Shape, Sphere
from raywidget.stream.protocol import Content

# What is this many times larger than the middle one of the shapes is ground or sky, not a subject.
HUGE = 12.0
WIDE = 2.5  # times as large as all the rest, and thin below it: a ground, too
THIN = 0.05  # of its width
MOST_LAMPS = 32

Vector = NDArray[np.float64]


class Box(NamedTuple):
    """Lowest and highest corner of a box round shapes."""

    low: Vector
    high: Vector

    @property
    def size(self) -> float:
        """Its diagonal."""
        return float(np.linalg.norm(self.high - self.low))


class Heights(NamedTuple):
    """A box as one sees it who stands upright."""

    low: float
    high: float
    across: Vector  # (2,) how wide it is

    @property
    def width(self) -> float:
        """The lesser one."""
        return float(self.across.min())


def frame_shapes(scene: Scene, up: Sequence[float] = (0.0, 1.0, 0.0)) -> Content:
    """Where the scene is, as a page is told it.

    Parameters
    ----------
    scene : Scene
        Whose shapes are looked at.
    up : (float, float, float)
        The camera's.

    Returns
    -------
    dict
        ``center`` and ``radius`` of what the scene is about: all shapes but grounds, skies, and
        lamps, which are there to give light; round ones count where nothing else stands there.
        ``ground``: how far up it begins, or None where there is none. ``lamps``: boxes of the flat
        lamps, as six numbers.
    """
    boxes = [_box(shape) for shape in scene.shapes]
    lit = [is_flat_lamp(shape) for shape in scene.shapes]
    lamps = [box for box, lamp in zip(boxes, lit, strict=True) if lamp]
    bodies = [box for box, lamp in zip(boxes, lit, strict=True) if not lamp]
    if not bodies:
        bodies, lamps = lamps, []
    if not bodies:
        return {"center": [0.0, 0.0, 0.0], "radius": 1.0, "ground": None, "lamps": []}
    direction = np.asarray(up, np.float64) / np.linalg.norm(up)
    balls = [isinstance(shape, Sphere) and shape.radiance is not None for shape in scene.shapes]
    unlit = [box for box, *shines in zip(boxes, lit, balls, strict=True) if not any(shines)]
    standing = [box for box in unlit if not _is_thin(_heights(box, direction))]
    subject = _subject(unlit if standing else bodies, direction)
    return {
        "center": (0.5 * (subject.low + subject.high)).tolist(),
        "radius": max(0.5 * subject.size, 1e-9),
        "ground": _ground(bodies, subject, direction),
        "lamps": [[*box.low.tolist(), *box.high.tolist()] for box in lamps[:MOST_LAMPS]],
    }


def is_flat_lamp(shape: Shape) -> bool:
    """Does it shine to one side, so that there is nothing to be seen of it from the other?"""
    flat = isinstance(shape, Quad | Disk) or (isinstance(shape, Mesh) and len(shape.faces) <= 2)
    return flat and shape.radiance is not None


def _subject(bodies: list[Box], up: Vector) -> Box:
    """A box round what is neither ground nor sky."""
    limit = HUGE * float(np.median([box.size for box in bodies]))
    kept = [box for box in bodies if box.size <= limit]
    largest = max(range(len(kept)), key=lambda index: kept[index].size)
    rest = kept[:largest] + kept[largest + 1 :]
    if rest:
        around = _around(rest)
        ground, above = _heights(kept[largest], up), _heights(around, up)
        if _is_thin(ground) and ground.width > WIDE * around.size and _lies_below(ground, above):
            return around
    return _around(kept)


def _ground(bodies: list[Box], subject: Box, up: Vector) -> float | None:
    """How far up the ground begins on which the subject stands, if it does."""
    above = _heights(subject, up)
    standing = [_heights(box, up) for box in bodies]
    wide = [one for one in standing if (one.across >= 0.8 * above.across).all()]
    tops = [one.high for one in wide if _lies_below(one, above)]
    return max(tops, default=None)


def _is_thin(one: Heights) -> bool:
    return one.high - one.low <= THIN * one.width


def _lies_below(one: Heights, above: Heights) -> bool:
    # Things may be sunk in a little.
    return one.high <= above.low + 0.25 * (above.high - above.low)


def _heights(box: Box, up: Vector) -> Heights:
    middle, half = 0.5 * (box.low + box.high), 0.5 * (box.high - box.low)
    height, reach = float(middle @ up), float(half @ np.abs(up))
    # Across: without the axis that is nearest to up.
    across = np.delete(2.0 * half, int(np.argmax(np.abs(up))))
    return Heights(height - reach, height + reach, across)


def _around(boxes: list[Box]) -> Box:
    return Box(np.min([box.low for box in boxes], axis=0), np.max([b.high for b in boxes], axis=0))


def _box(shape: Shape) -> Box:
    low, high = shape.bounds()
    return Box(np.asarray(low, np.float64), np.asarray(high, np.float64))
