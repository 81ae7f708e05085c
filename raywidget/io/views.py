"""What files do not say of a camera, and hands need: a point to turn round, and what is up.

Most files place a camera by a matrix. Its picture is the same whatever point of the axis it looks
at, and whether its up is that of the picture or that of the world; but a drag turns it round that
point and that up, and wheels and keys move it by shares of the distance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.scene.camera import Camera
from raywidget.scene.shapes.simple import Shape

F64 = NDArray[np.float64]

_LEVEL = 1e-4  # of a horizon: that much less than upright is rounding
_STEEP = 0.999  # straight up or down, where a world's up says nothing about the picture


def bounds_of(shapes: Sequence[Shape]) -> F64:
    """Two corners of what there is to see, (2, 3); zeros if there is nothing."""
    if not shapes:
        return np.zeros((2, 3))
    boxes = [shape.bounds() for shape in shapes]
    low = np.min([lo for lo, _ in boxes], axis=0)
    return np.stack([low, np.max([hi for _, hi in boxes], axis=0)])


def unit_or(vector: F64, otherwise: tuple[float, float, float]) -> F64:
    """A vector of unit length, or another one if it has none."""
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length > 1e-12 else otherwise, dtype=np.float64)


def far_ahead(start: F64, forward: F64, bounds: F64) -> float:
    """How far away is what a camera looks at: as far as the middle of all there is to see.

    From within, as in a room, it is half of the way out at least.
    """
    low, high = bounds
    far = float((bounds.mean(axis=0) - start) @ forward)
    if np.all(start >= low) and np.all(start <= high):
        with np.errstate(divide="ignore", invalid="ignore"):
            out = np.fmin.reduce(np.fmax((low - start) / forward, (high - start) / forward))
        far = max(far, 0.5 * float(out)) if np.isfinite(out) else far
    if far > 1e-6:
        return far
    return max(1.0, float(np.linalg.norm(high - low)))


def level_up(forward: F64, up: F64) -> F64:
    """+y or +z, if the picture is the same with it: if the camera's horizon is level then.

    Of both, the one that is more upright in the picture, and upon which it looks down.
    """
    right = np.cross(forward, up)
    size = float(np.linalg.norm(right))
    best, result = 0.0, up
    for axis in np.eye(3)[1:]:
        is_level = abs(float(right @ axis)) <= _LEVEL * size
        upright = float(axis @ up)
        if is_level and upright > 0.0 and abs(float(axis @ forward)) < _STEEP:
            score = upright - 1e-3 * float(axis @ forward)
            if score > best:
                best, result = score, axis
    return result


def aimed(camera: Camera, bounds: ArrayLike, *, is_told: bool = False) -> Camera:
    """A camera that looks from its place to a point of its axis, upright if it can be.

    With `is_told`, the point that it looks at is the file's.
    """
    start = np.asarray(camera.look_from, np.float64)
    forward = np.asarray(camera.look_at, np.float64) - start
    far = float(np.linalg.norm(forward))
    forward = forward / far
    up = np.asarray(camera.up, np.float64)
    up = level_up(forward, up / np.linalg.norm(up))
    if not is_told:
        far = far_ahead(start, forward, np.asarray(bounds, np.float64))
    return camera.replace(look_at=start + far * forward, up=up)
