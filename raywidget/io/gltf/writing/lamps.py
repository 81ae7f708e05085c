"""Cameras and lights -> those of glTF, in the units that `sights` reads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.io.gltf.sights import LIGHTS, LUMENS_PER_WATT
from raywidget.io.gltf.writing.placing import quaternions
from raywidget.io.gltf.writing.sheaf import Sheaf, Tree
from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera
from raywidget.scene.emitters.emitters import (
    DirectionalLight,
    Emitter,
    Environment,
    PointLight,
    SpotLight,
)

_WIDEST = math.pi / 2  # of a spot's cone: more the extension does not allow


def write_camera(sheaf: Sheaf, camera: Camera, aspect: float | None, reach: float) -> int:
    """The node of a camera; `reach` is how large the scene is."""
    distance = math.dist(camera.look_from, camera.look_at)
    tree: Tree = {} if camera.name is None else {"name": camera.name}
    if isinstance(camera, OrthographicCamera):
        y = 0.5 * camera.height
        x = y * (aspect or 4.0 / 3.0)
        far = 2.0 * (distance + reach)
        lens: Tree = {"xmag": x, "ymag": y, "znear": 0.0, "zfar": far}
        tree |= {"type": "orthographic", "orthographic": lens}
    else:
        vfov = 90.0
        if isinstance(camera, PerspectiveCamera):
            vfov = camera.vertical_fov(aspect or 4.0 / 3.0)
            if camera.fov_axis != "vertical":
                sheaf.note("The camera's field of view in glTF is right for this picture's shape.")
            if camera.aperture_radius > 0.0:
                sheaf.note("The camera has no lens in glTF: all is in focus.")
            if camera.shift != (0.0, 0.0):
                sheaf.note("The camera's shift has no place in glTF: it looks straight ahead.")
            if aspect is not None:
                aspect *= camera.pixel_aspect
        else:
            sheaf.note(f"A {type(camera).__name__} became one that sees 90 degrees.")
        lens = {"yfov": math.radians(vfov), "znear": 1e-3 * distance}
        if aspect is not None:
            lens["aspectRatio"] = aspect
        tree |= {"type": "perspective", "perspective": lens}
    right, up, forward = camera.frame()
    node: Tree = {"camera": sheaf.add("cameras", tree), **_turned(right, up, -forward)}
    if camera.name is not None:
        node["name"] = camera.name
    node["translation"] = list(map(float, camera.look_from))
    return sheaf.add("nodes", node)


def write_light(sheaf: Sheaf, emitter: Emitter, lights: list[Tree]) -> int | None:
    """The node of a light; None for what has no place in glTF."""
    tree: Tree = {} if emitter.name is None else {"name": emitter.name}
    node: Tree = {}
    power: Any
    if isinstance(emitter, PointLight):
        tree["type"], power = "point", emitter.intensity
        node["translation"] = list(emitter.position)
    elif isinstance(emitter, DirectionalLight):
        tree["type"], power = "directional", emitter.irradiance
        node |= _along(emitter.axis)
    elif isinstance(emitter, SpotLight):
        tree["type"], power = "spot", emitter.intensity
        node |= _along(emitter.axis)
        node["translation"] = list(emitter.position)
        tree["spot"] = _cone(sheaf, emitter)
    else:
        what = "environment" if isinstance(emitter, Environment) else type(emitter).__name__
        sheaf.note(f"The {what} has no place in glTF.")
        return None
    brightest = max(power)
    if brightest > 0.0:
        tree["color"] = [value / brightest for value in power]
    tree["intensity"] = brightest * LUMENS_PER_WATT
    lights.append(tree)
    sheaf.extend(node, LIGHTS, {"light": len(lights) - 1})
    if emitter.name is not None:
        node["name"] = emitter.name
    return sheaf.add("nodes", node)


def _cone(sheaf: Sheaf, spot: SpotLight) -> Tree:
    if spot.falloff != "smooth":
        sheaf.note("A spot light fades smoothly towards the edge of its cone in glTF.")
    if spot.radius > 0.0:
        sheaf.note("A spot light with a disc became a point.")
    outer, inner = (math.radians(angle) for angle in spot.half_angles)
    if outer > _WIDEST:
        sheaf.note("The cone of a spot light was narrowed to 90 degrees.")
    outer = min(outer, _WIDEST)
    return {"outerConeAngle": outer, "innerConeAngle": min(inner, outer * (1.0 - 1e-9))}


def _along(axis: Any) -> Tree:
    """Turned so that -z lies along an axis."""
    back = -np.asarray(axis, float)
    side = np.cross((0.0, 1.0, 0.0) if abs(back[1]) < 0.9 else (1.0, 0.0, 0.0), back)
    side /= np.linalg.norm(side)
    return _turned(side, np.cross(back, side), back)


def _turned(x: NDArray[Any], y: NDArray[Any], z: NDArray[Any]) -> Tree:
    turn = quaternions(np.stack([x, y, z], axis=1)[None])[0]
    return {"rotation": turn.tolist()}
