"""The camera seen from the scene: what `camera.generate_ray` draws, the other way round."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.sampling import sample_disk
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3


class LensSample(NamedTuple):
    """A point of the lens, as seen from a point of the scene."""

    wi: Vec3  # unit, to the lens
    distance: float
    x: float  # where light on this way meets the picture, in [-1, 1]^2 if it does; y up
    y: float
    pdf: float  # see `pdf_camera`; 0: the lens is not seen from there


@device
def pdf_camera(camera: Any, d: Vec3) -> float:
    """Density per solid angle of camera rays in direction `d`, over the whole picture.

    Pixels are sampled evenly: 1 / (A cos^3), where A is the area of the picture at distance 1. A
    thin lens only moves where rays start.
    """
    cos = dot(d, load_vec3(camera, layout.CAMERA_FORWARD))
    if cos <= 0.0:
        return 0.0
    return (
        0.25 * camera[layout.CAMERA_LENS_RIGHT] * camera[layout.CAMERA_LENS_UP] / (cos * cos * cos)
    )


@device
def sample_lens(camera: Any, p: Vec3, u: float, v: float) -> LensSample:
    """The point of the lens that (u, v) chooses, from `p`; uniform by area as for camera rays."""
    right = load_vec3(camera, layout.CAMERA_RIGHT)
    up = load_vec3(camera, layout.CAMERA_UP)
    scale_right = camera[layout.CAMERA_LENS_RIGHT]
    scale_up = camera[layout.CAMERA_LENS_UP]
    from_lens = p - load_vec3(camera, layout.CAMERA_ORIGIN)
    # In units of half the picture: where the ray through the middle of the lens would go.
    shift_x = -camera[layout.CAMERA_SHIFT]
    shift_y = -camera[layout.CAMERA_SHIFT + 1]
    if camera[layout.CAMERA_LENS] > 0.0:
        across, along = sample_disk(u, v)
        across *= camera[layout.CAMERA_LENS]
        along *= camera[layout.CAMERA_LENS]
        from_lens = from_lens - right * (across * scale_right) - up * (along * scale_up)
        shift_x += across * scale_right / camera[layout.CAMERA_FOCUS]
        shift_y += along * scale_up / camera[layout.CAMERA_FOCUS]
    depth = dot(from_lens, load_vec3(camera, layout.CAMERA_FORWARD))
    if depth <= 0.0:
        return LensSample(p, 0.0, 0.0, 0.0, 0.0)
    distance = math.sqrt(dot(from_lens, from_lens))
    per_depth = 1.0 / depth
    x = dot(from_lens, right) * scale_right * scale_right * per_depth + shift_x
    y = dot(from_lens, up) * scale_up * scale_up * per_depth + shift_y
    d = from_lens * (1.0 / distance)
    return LensSample(-d, distance, x, y, pdf_camera(camera, d))
