"""Shapes moved as they are: what lies far from the origin is brought to it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.shapes.volumes import Volume

_PLACES: dict[type[Shape], tuple[str, ...]] = {
    Mesh: ("vertices",),
    Spheres: ("centers",),
    Cylinders: ("starts", "ends"),
}


def can_move(shape: Shape) -> bool:
    """Is it one of the kinds that files and things consist of?"""
    return type(shape) in _PLACES or isinstance(shape, Instances | Volume)


def moved(shape: Shape, offset: NDArray[np.float64]) -> Shape:
    """The same shape, further by `offset`."""
    if isinstance(shape, Instances):
        matrices = np.array(shape.transforms)
        matrices[:, :3, 3] += offset
        return shape.replace(transforms=matrices)
    if isinstance(shape, Volume):
        return shape.replace(origin=tuple(np.array(shape.origin) + offset))
    changes: dict[str, Any] = {
        name: getattr(shape, name).astype(np.float64) + offset for name in _PLACES[type(shape)]
    }
    return shape.replace(**changes)
