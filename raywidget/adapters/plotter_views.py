"""Where a PyVista plotter looks from, how large its pixels are, and what lights it has."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera
from raywidget.scene.emitters.emitters import (
    ConstantEnvironment,
    DirectionalLight,
    Emitter,
    PointLight,
    SpotLight,
)
from raywidget.scene.values.colors import decode_srgb

_SURROUND = 0.6  # radiance from all sides that a light kit beside lamps becomes


def view_of(plotter: Any) -> Camera:
    """Where it looks from; if nobody has said so yet, where PyVista will when it shows."""
    renderer = plotter.renderer
    camera = renderer.GetActiveCamera()
    position, target = np.array(camera.GetPosition()), np.array(camera.GetFocalPoint())
    up, scale = np.array(camera.GetViewUp()), float(camera.GetParallelScale())
    if not getattr(plotter, "camera_set", True):
        place, target, up = (np.array(v, np.float64) for v in renderer.get_default_cam_pos())
        distance, scale = _reset(plotter, float(camera.GetViewAngle()))
        away = place - target
        position = target + distance * away / np.linalg.norm(away)
    ends: dict[str, Any] = {"look_from": tuple(position), "look_at": tuple(target)}
    ends["up"] = _upright(position, target, up)
    if camera.GetParallelProjection():
        return OrthographicCamera(**ends, height=2.0 * scale)
    aside, above = (0.5 * float(x) for x in camera.GetWindowCenter())  # in halves of the window
    return PerspectiveCamera(**ends, vfov=float(camera.GetViewAngle()), shift=(aside, above))


def _upright(position: NDArray[Any], target: NDArray[Any], up: NDArray[Any]) -> tuple[float, ...]:
    """The way up, or another one where it is the view itself, as VTK has it then."""
    along = (target - position) / (np.linalg.norm(target - position) or 1.0)
    if np.linalg.norm(np.cross(along, up)) > 1e-6 * np.linalg.norm(up):
        return tuple(up.tolist())
    return tuple(np.roll(up, 1).tolist())


def _reset(plotter: Any, angle: float) -> tuple[float, float]:
    """Distance and parallel scale of VTK's `ResetCamera` (vtkRenderer.cxx)."""
    bounds = np.array(plotter.renderer.ComputeVisiblePropBounds()).reshape(3, 2)
    sides = bounds[:, 1] - bounds[:, 0]
    radius = 0.5 * float(np.linalg.norm(sides)) if (sides >= 0.0).all() else 0.5
    radius = radius or 0.5
    width, height = window_of(plotter)
    aspect = min(1.0, width / height)
    half = math.atan(math.tan(math.radians(angle) / 2.0) * aspect)
    return radius / math.sin(half), radius / aspect


def window_of(plotter: Any) -> tuple[int, int]:
    """Width and height of the active subplot in pixels."""
    left, low, right, high = plotter.renderer.GetViewport()
    width, height = plotter.window_size
    return max(1, round(width * (right - left))), max(1, round(height * (high - low)))


class Pixels(NamedTuple):
    """How large a pixel of the plotter's window is where it looks at."""

    size: float

    @classmethod
    def of(cls, plotter: Any, camera: Camera) -> Pixels:
        """Of a plotter that is seen by a camera."""
        width, height = window_of(plotter)
        if isinstance(camera, OrthographicCamera):
            return cls(camera.height / height)
        assert isinstance(camera, PerspectiveCamera)
        away = float(np.linalg.norm(np.subtract(camera.look_at, camera.look_from)))
        return cls(2.0 * away * camera.half_height(width / height) / height)

    def radius(self, width: float) -> float:
        """What a line or point as wide as some pixels has."""
        return max(0.5 * float(width), 0.25) * self.size


def orientation_of(renderer: Any) -> dict[str, Any]:
    """The arrows of `add_axes`, as an annotation; nothing if there are none."""
    widget = getattr(renderer, "axes_widget", None)
    actor = getattr(renderer, "axes_actor", None)
    if widget is None or actor is None or not widget.GetEnabled():
        return {}
    told = [getattr(actor, f"Get{axis}AxisLabelText", lambda: "")() for axis in "XYZ"]
    names = tuple(str(text or axis) for text, axis in zip(told, "XYZ", strict=True))
    return {"orientation": names}


def lights_of(renderer: Any, notes: list[str]) -> tuple[Emitter, ...]:
    """Lights that the user has placed in the scene.

    Those that go along with the camera are PyVista's light kit: alone, a studio's takes their
    place; beside others, light from all sides.
    """
    emitters: list[Emitter] = []
    kit = False
    lights = renderer.GetLights()
    for index in range(lights.GetNumberOfItems()):
        light = lights.GetItemAsObject(index)
        if not light.GetSwitch():
            continue
        if light.LightTypeIsSceneLight():
            emitters += _light(light, notes)
        else:
            kit = True
    if emitters and kit:
        emitters.append(ConstantEnvironment(_SURROUND))
    return tuple(emitters)


def _light(light: Any, notes: list[str]) -> list[Emitter]:
    color = decode_srgb(np.clip(light.GetDiffuseColor(), 0.0, 1.0)) * light.GetIntensity()
    position = np.array(light.GetTransformedPosition())
    target = np.array(light.GetTransformedFocalPoint())
    away = float(np.linalg.norm(target - position))
    if away == 0.0 or not color.any():
        return []
    # VTK's light makes a white matte surface across it as bright as 1: pi W/m^2.
    if not light.GetPositional():
        direction = tuple((target - position).tolist())
        return [DirectionalLight(direction, tuple((math.pi * color).tolist()))]
    notes.append("a lamp falls off with the square of the distance; it is right at its target")
    strength = tuple((math.pi * color * away**2).tolist())
    where = tuple(position.tolist())
    if light.GetConeAngle() >= 90.0:
        return [PointLight(where, strength)]
    cone = max(1.0, float(light.GetConeAngle()))
    at = tuple(target.tolist())
    return [SpotLight(where, at, strength, cone_angle=cone, beam_angle=0.9 * cone)]
