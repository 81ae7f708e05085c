"""Cameras of a stage."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.notes import Notes
from raywidget.io.views import far_ahead, level_up, unit_or
from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera

F64 = NDArray[np.float64]

_PIXELS = 640 * 480  # of a picture of another shape
_TENTH = 0.1  # apertures and focal lengths are in tenths of a unit of the scene


def camera(
    told: dict[str, Any], path: str, place: F64, bounds: F64, name: str, notes: Notes
) -> tuple[Camera, dict[str, Any]]:
    """A camera, and the size of picture that has its shape.

    `bounds` are two corners of what there is to see: the camera looks at a point of its axis that
    is as far as their middle.
    """
    numbers = {k: v for k, v in told.items() if k != "projection"}
    for key, value in numbers.items():
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise SceneError(f"{key} must be a finite number, got {value!r}")
    across, high = numbers["horizontalAperture"], numbers["verticalAperture"]
    focal = numbers["focalLength"]
    if not min(across, high) > 0.0 or (told["projection"] == "perspective" and not focal > 0.0):
        raise SceneError(
            f"apertures and focalLength must be > 0, got {across:g}, {high:g} and {focal:g}"
        )
    offset = numbers["horizontalApertureOffset"], numbers["verticalApertureOffset"]
    start = place[:3, 3]
    forward = unit_or(-place[:3, 2], (0.0, 0.0, -1.0))
    up = unit_or(place[:3, 1], (0.0, 1.0, 0.0))
    far = far_ahead(start, forward, bounds)
    focus = numbers["focusDistance"]
    pose: dict[str, Any] = {"look_from": start, "up": level_up(forward, up), "name": name}
    if told["projection"] == "orthographic":
        height = _TENTH * high * float(np.linalg.norm(place[:3, 1]))
        start = start + place[:3, :2] @ (_TENTH * np.array(offset))
        pose["look_from"] = start
        made: Camera = OrthographicCamera(look_at=start + far * forward, height=height, **pose)
        return made, _size(across / high)
    if told["projection"] != "perspective":
        notes.add(f"the projection {told['projection']!r} is taken as perspective", path)
    lens: dict[str, Any] = {}
    if numbers["fStop"] > 0.0:
        if focus > 0.0:
            far = focus
            lens = {
                "aperture_radius": _TENTH * focal / (2.0 * numbers["fStop"]),
                "focus_distance": focus,
            }
        else:
            notes.add("a camera with an fStop but no focusDistance is a pinhole here", path)
    vfov = math.degrees(2.0 * math.atan(0.5 * high / focal))
    lens["shift"] = (offset[0] / across, offset[1] / high)
    made = PerspectiveCamera(look_at=start + far * forward, vfov=vfov, **lens, **pose)
    return made, _size(across / high)


def _size(aspect: float) -> dict[str, Any]:
    if not 1.0 / 16.0 <= aspect <= 16.0:
        return {}
    height = max(1, round(math.sqrt(_PIXELS / aspect)))
    return {"width": max(1, round(aspect * height)), "height": height}
