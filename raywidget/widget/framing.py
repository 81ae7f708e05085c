"""Where a scene is, for those who move its camera: what it is about, its ground, its lamps.

Boxes of shapes are all that is looked at: whole scenes take milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.scene import Scene
from raywidget.scene.shapes.many import Spheres
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.shapes.round import Disk
from raywidget.scene.shapes.simple import Quad, Shape, Sphere
from raywidget.stream.protocol import Content

# What is this many times larger than the middle one of the shapes is ground or sky, not a subject.
HUGE = 12.0
WIDE = 2.5  # times as large as all the rest, and thin below or behind it: ground or wall, too
THIN = 0.05  # of its width
STRAIGHT = 0.999  # cosine between a direction and an axis along which it goes
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


class Framed(NamedTuple):
    """What a scene is about."""

    stage: Content  # what a page is told of it
    things: frozenset[int]  # the shapes that it is about, by their places in `Scene.shapes`


def frame_shapes(scene: Scene, up: Sequence[float] = (0.0, 1.0, 0.0)) -> Framed:
    """Where the scene is.

    Parameters
    ----------
    scene : Scene
        Whose shapes are looked at.
    up : (float, float, float)
        The scene's, see `upright`.

    Returns
    -------
    Framed
        With ``center``, ``radius`` and ``box`` of what the scene is about: all shapes but grounds,
        backdrops, skies, and lamps, which are there to give light. ``ground``: how far up it
        begins, or None where there is none. ``lamps``: boxes of the flat and round lamps beside
        it, as six numbers.
    """
    boxes = dict(enumerate(_box(shape) for shape in scene.shapes))
    lit = {index for index, shape in enumerate(scene.shapes) if is_flat_lamp(shape)}
    bodies = {index: box for index, box in boxes.items() if index not in lit}
    if not bodies:
        bodies, lit = boxes, set()
    if not bodies:
        nowhere = {"center": [0.0, 0.0, 0.0], "radius": 1.0, "ground": None, "lamps": []}
        return Framed(nowhere | {"box": [-1.0] * 3 + [1.0] * 3}, frozenset())
    direction = np.asarray(up, np.float64) / np.linalg.norm(up)
    unlit = {index: box for index, box in bodies.items() if not _is_bulb(scene.shapes[index])}
    standing = [box for box in unlit.values() if not _is_thin(_heights(box, direction))]
    things = _subject(unlit if standing else bodies, direction)
    subject = _around([bodies[index] for index in things])
    lit |= {i for i in bodies.keys() - set(things) if isinstance(scene.shapes[i], Sphere)} - set(
        unlit
    )
    lamps = [boxes[index] for index in sorted(lit)]
    stage = {
        "center": (0.5 * (subject.low + subject.high)).tolist(),
        "radius": max(0.5 * subject.size, 1e-9),
        "box": [*subject.low.tolist(), *subject.high.tolist()],
        "ground": _ground(list(bodies.values()), subject, direction),
        "lamps": [[*box.low.tolist(), *box.high.tolist()] for box in lamps[:MOST_LAMPS]],
    }
    return Framed(stage, frozenset(things))


def upright(scene: Scene) -> Vector:
    """What is up in a scene: its camera's up, but for one that looks straight down on it.

    Such a camera has its up within the picture. What it looks down on may say so by a ground;
    without one, it does if it looks along -y, since y is up where nothing says otherwise.
    """
    camera = scene.camera
    up = np.asarray(camera.up, np.float64) / np.linalg.norm(camera.up)
    above = -camera.frame().forward
    if np.abs(above).max() < STRAIGHT:
        return up
    axis = np.rint(above)
    lies, stands = (frame_shapes(scene, tuple(one)).stage["ground"] for one in (axis, up))
    if lies is not None and stands is None:
        return axis
    plan = axis[1] == 1.0 and up[2] < -STRAIGHT and (lies is None) == (stands is None)
    return axis if plan else up


def is_flat_lamp(shape: Shape) -> bool:
    """Does it shine to one side, so that there is nothing to be seen of it from the other?"""
    flat = isinstance(shape, Quad | Disk) or (isinstance(shape, Mesh) and len(shape.faces) <= 2)
    return flat and shape.radiance is not None


def _is_bulb(shape: Shape) -> bool:
    """Does it shine all round?"""
    return isinstance(shape, Sphere | Spheres) and shape.radiance is not None


def _subject(bodies: dict[int, Box], up: Vector) -> list[int]:
    """What is neither ground nor sky, nor a wall behind all that is there."""
    limit = HUGE * float(np.median([box.size for box in bodies.values()]))
    kept = {index: box for index, box in bodies.items() if box.size <= limit}
    solid = [box for box in kept.values() if not _is_sheet(box)]
    if solid:
        rest = _around(solid)
        kept = {index: box for index, box in kept.items() if not _is_backdrop(box, rest, up)}
    return sorted(kept)


def _is_sheet(one: Box) -> bool:
    least, middle, _ = np.sort(one.high - one.low)
    return bool(least <= THIN * middle)


def _is_backdrop(one: Box, rest: Box, up: Vector) -> bool:
    """Is it a sheet, far larger than all the rest, on which that stands or before which?"""
    _, *breadths = np.sort(one.high - one.low).tolist()
    if not _is_sheet(one) or math.sqrt(math.prod(breadths)) <= WIDE * rest.size:
        return False
    across = int(np.argmin(one.high - one.low))
    if up[across] ** 2 > 0.5:
        return _lies_below(_heights(one, up), _heights(rest, up))
    # A wall: all is before it, or behind.
    slack = 0.25 * (rest.high - rest.low)[across]
    before = one.high[across] <= rest.low[across] + slack
    return bool(before or one.low[across] >= rest.high[across] - slack)


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
