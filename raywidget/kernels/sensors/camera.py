"""From a point of the picture, and of the lens, to a ray."""

from __future__ import annotations

import math
from typing import Any

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.sampling import PI, sample_disk
from raywidget.kernels.language.vec3 import Vec3, load_vec3, normalize


@device
def generate_ray(camera: Any, x: float, y: float, u: float, v: float) -> tuple[Vec3, Vec3]:
    """Origin and unit direction of a ray through (x, y) in [-1, 1]^2, y up, and the thin lens at
    the point that (u, v) in [0, 1)^2 chooses.
    """
    if int(camera[layout.CAMERA_KIND]) != layout.PERSPECTIVE:
        return _generate_other_ray(camera, x, y)
    origin = load_vec3(camera, layout.CAMERA_ORIGIN)
    right = load_vec3(camera, layout.CAMERA_RIGHT)
    up = load_vec3(camera, layout.CAMERA_UP)
    x = x + camera[layout.CAMERA_SHIFT]
    y = y + camera[layout.CAMERA_SHIFT + 1]
    direction = load_vec3(camera, layout.CAMERA_FORWARD) + right * x + up * y
    if camera[layout.CAMERA_LENS] <= 0.0:
        return origin, normalize(direction)
    # All rays through one point of the picture meet in the plane that is in focus.
    across, along = sample_disk(u, v)
    aside = right * (
        across * camera[layout.CAMERA_LENS] * camera[layout.CAMERA_LENS_RIGHT]
    ) + up * (along * camera[layout.CAMERA_LENS] * camera[layout.CAMERA_LENS_UP])
    return origin + aside, normalize(direction * camera[layout.CAMERA_FOCUS] - aside)


@rare
@device
def _generate_other_ray(camera: Any, x: float, y: float) -> tuple[Vec3, Vec3]:
    """The cameras without a lens."""
    origin = load_vec3(camera, layout.CAMERA_ORIGIN)
    right = load_vec3(camera, layout.CAMERA_RIGHT)
    up = load_vec3(camera, layout.CAMERA_UP)
    forward = load_vec3(camera, layout.CAMERA_FORWARD)
    if int(camera[layout.CAMERA_KIND]) == layout.ORTHOGRAPHIC:
        return origin + right * x + up * y, forward
    # Equirectangular: longitude -180 to 180 degrees from left to right, latitude from below up
    longitude = x * PI
    latitude = y * (0.5 * PI)
    level = right * math.sin(longitude) + forward * math.cos(longitude)
    return origin, normalize(level * math.cos(latitude) + up * math.sin(latitude))
