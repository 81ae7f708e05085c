"""Single rays through a compiled scene, for those who ask a few hundred questions about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.camera import PerspectiveCamera

if TYPE_CHECKING:
    from raywidget.engine.renderer import Renderer

F64 = NDArray[np.float64]


class Met(NamedTuple):
    """What a ray meets first."""

    shape: int  # index in Scene.shapes; beyond their end: the disc of a spot light
    distance: float
    point: F64  # (3,)
    normal: F64  # (3,), geometric, unit, on the front side


class Prober:
    """Asks a compiled scene what rays meet. The first question compiles a kernel.

    Parameters
    ----------
    renderer : Renderer
        The scene.
    """

    def __init__(self, renderer: Renderer) -> None:
        from raywidget.kernels import layout
        from raywidget.kernels.integrators import pick

        # Surfaces are asked for: what volumes hide is nowhere in particular.
        surfaces = renderer.tables._replace(volumes=renderer.tables.volumes[:0])
        self._tables, self._pick, self._layout = surfaces, pick, layout
        self._placement = renderer.placement
        self.compile_camera = renderer.compile_camera  # for `through`
        # Its middle ray is pointed wherever it is wanted.
        aim = PerspectiveCamera(look_from=(0, 0, 0), look_at=(0, 0, -1))
        self._camera = renderer.compile_camera(aim, 1, 1)
        self._values = np.zeros(pick.PICK_SIZE, np.float32)
        self._codes = np.zeros(pick.PICK_CODES, np.int32)

    def rounding(self, point: F64) -> float:
        """How far from where it is a point (3,) may be taken to be, with some room."""
        return 1e-6 * float(np.abs(point - self._placement.origin).max())

    def along(self, origin: F64, direction: F64) -> Met | None:
        """What the ray from `origin` along the unit vector `direction` meets; None: nothing."""
        first, forward = self._layout.CAMERA_ORIGIN, self._layout.CAMERA_FORWARD
        self._camera[first : first + 3] = self._placement.points(origin)
        self._camera[forward : forward + 3] = direction
        return self.through(self._camera, 0.0, 0.0)

    def through(self, camera: NDArray[np.float32], x: float, y: float) -> Met | None:
        """What the ray of a compiled camera through (x, y) in [-1, 1]^2, y up, meets."""
        pick, values, codes = self._pick, self._values, self._codes
        if not pick.pick_point(self._tables, camera, x, y, values, codes):
            return None
        at, across = pick.PICK_POINT, pick.PICK_NORMAL
        return Met(
            int(codes[pick.PICK_SHAPE]),
            float(values[pick.PICK_DISTANCE]) / self._placement.scale,
            self._placement.points_back(values[at : at + 3]),
            values[across : across + 3].astype(np.float64),
        )


def all_round(count: int) -> F64:
    """Directions spread evenly over the sphere, (count, 3): a spiral by the golden angle."""
    height = 1.0 - (2.0 * np.arange(count) + 1.0) / count
    radius = np.sqrt(1.0 - height**2)
    angle = np.arange(count) * math.pi * (3.0 - math.sqrt(5.0))
    return np.stack([radius * np.cos(angle), height, radius * np.sin(angle)], axis=1)
