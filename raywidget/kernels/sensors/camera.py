"""From a point of the picture, and of the lens, to a ray; of lanes of points, to lanes of rays."""

from __future__ import annotations

from typing import Any

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.sampling import cos_sin_turn, sample_disk
from raywidget.kernels.language.simd import Real, alike
from raywidget.kernels.language.vec3 import Vec3, load_vec3, normalize, vec3


@device
def generate_ray(camera: Any, x: Real, y: Real, u: Real, v: Real) -> tuple[Vec3, Vec3]:
    """Origin and unit direction of a ray through (x, y) in [-1, 1]^2, y up, and the thin lens at
    the point that (u, v) in [0, 1)^2 chooses.
    """
    if int(camera[layout.CAMERA_KIND]) != layout.PERSPECTIVE:
        return _generate_other_ray(camera, x, y)
    origin = _at(load_vec3(camera, layout.CAMERA_ORIGIN), x)
    right = _at(load_vec3(camera, layout.CAMERA_RIGHT), x)
    up = _at(load_vec3(camera, layout.CAMERA_UP), x)
    x = x + camera[layout.CAMERA_SHIFT]
    y = y + camera[layout.CAMERA_SHIFT + 1]
    direction = _at(load_vec3(camera, layout.CAMERA_FORWARD), x) + right * x + up * y
    if camera[layout.CAMERA_LENS] <= 0.0:
        return origin, normalize(direction)
    # All rays through one point of the picture meet in the plane that is in focus.
    across, along = sample_disk(u, v)
    aside = right * (
        across * camera[layout.CAMERA_LENS] * camera[layout.CAMERA_LENS_RIGHT]
    ) + up * (along * camera[layout.CAMERA_LENS] * camera[layout.CAMERA_LENS_UP])
    return origin + aside, normalize(direction * camera[layout.CAMERA_FOCUS] - aside)


@device
def _at(a: Vec3, x: Real) -> Vec3:
    """The same vector in all lanes, if `x` is lanes."""
    return vec3(alike(a.x, x), alike(a.y, x), alike(a.z, x))


@rare
@device
def _generate_other_ray(camera: Any, x: Real, y: Real) -> tuple[Vec3, Vec3]:
    """The cameras without a lens."""
    origin = _at(load_vec3(camera, layout.CAMERA_ORIGIN), x)
    right = _at(load_vec3(camera, layout.CAMERA_RIGHT), x)
    up = _at(load_vec3(camera, layout.CAMERA_UP), x)
    forward = _at(load_vec3(camera, layout.CAMERA_FORWARD), x)
    if int(camera[layout.CAMERA_KIND]) == layout.ORTHOGRAPHIC:
        return origin + right * x + up * y, forward
    # Equirectangular: longitude -1/2 to 1/2 of a turn from left to right, latitude -1/4 to 1/4 from
    # below up. Angles of (0, 1) turns are asked for: half a turn, and a quarter, more.
    cos_turned, sin_turned = cos_sin_turn(x * 0.5 + 0.5)
    sin_below, cos_level = cos_sin_turn(y * 0.25 + 0.25)
    level = right * (0.0 - sin_turned) + forward * (0.0 - cos_turned)
    return origin, normalize(level * cos_level + up * (0.0 - sin_below))
