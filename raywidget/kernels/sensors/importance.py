"""The camera seen from the scene: what `camera.generate_ray` draws, the other way round."""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.sampling import sample_disk
from raywidget.kernels.language.simd import Real, choose, lanes_sqrt
from raywidget.kernels.language.vec3 import Vec3, dot, vec3


class LensSample(NamedTuple):
    """A point of the lens, as seen from a point of the scene."""

    wi: Vec3  # unit, to the lens
    distance: Real
    x: Real  # where light on this way meets the picture, in [-1, 1]^2 if it does; y up
    y: Real
    # Density of camera rays that come this way, by area across them: that by solid angle (see
    # `per_pdf_camera`) by the squared distance; 0: the lens is not seen from there
    pdf: Real


@device
def _along(camera: Any, column: int, v: Vec3) -> Real:
    """Inner product with a direction of the camera's."""
    return v.x * camera[column] + v.y * camera[column + 1] + v.z * camera[column + 2]


@device
def per_pdf_camera(camera: Any, d: Vec3) -> Real:
    """1 by the density per solid angle of camera rays in direction `d`, over the whole picture.

    Pixels are sampled evenly: A cos^3, where A is the area of the picture at distance 1; 0 where
    no ray goes. A thin lens only moves where rays start.
    """
    cos = _along(camera, layout.CAMERA_FORWARD, d)
    area = 4.0 / (camera[layout.CAMERA_LENS_RIGHT] * camera[layout.CAMERA_LENS_UP])
    return choose(cos > 0.0, cos * cos * cos * area, 0.0)


@device
def sample_lens(camera: Any, p: Vec3, u: Real, v: Real) -> LensSample:
    """The point of the lens that (u, v) chooses, from `p`; uniform by area as for camera rays.

    Of lanes of points and numbers, one for each of them.
    """
    scale_right = camera[layout.CAMERA_LENS_RIGHT]
    scale_up = camera[layout.CAMERA_LENS_UP]
    at = layout.CAMERA_ORIGIN
    from_x = p.x - camera[at]
    from_y = p.y - camera[at + 1]
    from_z = p.z - camera[at + 2]
    # In units of half the picture: where the ray through the middle of the lens would go.
    shift_x = 0.0 * u - camera[layout.CAMERA_SHIFT]
    shift_y = 0.0 * v - camera[layout.CAMERA_SHIFT + 1]
    if camera[layout.CAMERA_LENS] > 0.0:
        across, along = sample_disk(u, v)
        across = across * (camera[layout.CAMERA_LENS] * scale_right)
        along = along * (camera[layout.CAMERA_LENS] * scale_up)
        right = layout.CAMERA_RIGHT
        up = layout.CAMERA_UP
        from_x = from_x - across * camera[right] - along * camera[up]
        from_y = from_y - across * camera[right + 1] - along * camera[up + 1]
        from_z = from_z - across * camera[right + 2] - along * camera[up + 2]
        shift_x = shift_x + across / camera[layout.CAMERA_FOCUS]
        shift_y = shift_y + along / camera[layout.CAMERA_FOCUS]
    from_lens = vec3(from_x, from_y, from_z)
    depth = _along(camera, layout.CAMERA_FORWARD, from_lens)
    distance = lanes_sqrt(dot(from_lens, from_lens))
    per_depth = 1.0 / choose(depth > 0.0, depth, 1.0)
    x = _along(camera, layout.CAMERA_RIGHT, from_lens) * (scale_right * scale_right)
    y = _along(camera, layout.CAMERA_UP, from_lens) * (scale_up * scale_up)
    per_distance = 1.0 / choose(depth > 0.0, distance, 1.0)
    d = from_lens * per_distance
    per_cos = distance * per_depth
    pdf = (per_cos * per_depth) * (per_cos * per_distance) * (0.25 * scale_right * scale_up)
    pdf = choose(depth > 0.0, pdf, 0.0)
    return LensSample(
        vec3(0.0 - d.x, 0.0 - d.y, 0.0 - d.z),
        distance,
        x * per_depth + shift_x,
        y * per_depth + shift_y,
        pdf,
    )
