"""From a point of the picture, and of the lens, to a ray."""

from __future__ import annotations

from typing import Any

from raywidget.kernels.jit import device
from raywidget.kernels.layout import (
    CAMERA_FOCUS,
    CAMERA_FORWARD,
    CAMERA_LENS,
    CAMERA_LENS_RIGHT,
    CAMERA_LENS_UP,
    CAMERA_ORIGIN,
    CAMERA_RIGHT,
    CAMERA_UP,
)
from raywidget.kernels.sampling import sample_disk
from raywidget.kernels.vec3 import Vec3, load_vec3, normalize


@device
def generate_ray(camera: Any, x: float, y: float, u: float, v: float) -> tuple[Vec3, Vec3]:
    """Origin and unit direction of a ray through (x, y) in [-1, 1]^2, y up, and the thin lens at
    the point that (u, v) in [0, 1)^2 chooses.
    """
    origin = load_vec3(camera, CAMERA_ORIGIN)
    right = load_vec3(camera, CAMERA_RIGHT)
    up = load_vec3(camera, CAMERA_UP)
    direction = load_vec3(camera, CAMERA_FORWARD) + right * x + up * y
    if camera[CAMERA_LENS] <= 0.0:
        return origin, normalize(direction)
    # All rays through one point of the picture meet in the plane that is in focus.
    across, along = sample_disk(u, v)
    shift = right * (across * camera[CAMERA_LENS] * camera[CAMERA_LENS_RIGHT]) + up * (
        along * camera[CAMERA_LENS] * camera[CAMERA_LENS_UP]
    )
    return origin + shift, normalize(direction * camera[CAMERA_FOCUS] - shift)
