"""Cameras and lights of a glTF file.

Lights of KHR_lights_punctual are in candela and lux. Watts come out by 683 lumens to the watt, as
Blender's importer has it by default ("Standard"); a surface's emission is taken as it is, by both.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.io.gltf.document import Document, Tree
from raywidget.io.gltf.nodes import Placed
from raywidget.io.views import far_ahead, level_up, unit_or
from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera
from raywidget.scene.emitters.emitters import DirectionalLight, Emitter, PointLight, SpotLight

LIGHTS = "KHR_lights_punctual"
LUMENS_PER_WATT = 683.0

_PIXELS = 640 * 480  # of a picture of another shape


def read_camera(
    document: Document, node: Placed, bounds: NDArray[np.float64], name: str | None
) -> tuple[Camera, dict[str, Any]]:
    """The camera of a node, and the size of picture that has its shape.

    `bounds` are two corners of what there is to see: the camera looks at a point of its axis that
    is as far as their middle.
    """
    index = document.integer(node.tree, "camera", f"node {node.index}")
    tree = document.item("cameras", index, f"node {node.index}")
    here = f"camera {index}"
    start = node.matrix[:3, 3]
    forward = unit_or(-node.matrix[:3, 2], (0.0, 0.0, -1.0))
    up = unit_or(node.matrix[:3, 1], (0.0, 1.0, 0.0))
    far = far_ahead(start, forward, bounds)
    pose: dict[str, Any] = {
        "look_from": start,
        "look_at": start + far * forward,
        "up": level_up(forward, up),
        "name": name,
    }
    kind = document.text(tree, "type", here)
    if kind == "perspective":
        lens = document.object(tree, "perspective", here)
        angle = document.number(lens, "yfov", here, 0.0)
        if not 0.0 < angle < math.pi:
            raise document.error(here, f"yfov must be in (0, pi), got {angle:g}")
        aspect = document.number(lens, "aspectRatio", here, 0.0)
        return PerspectiveCamera(vfov=math.degrees(angle), **pose), _size(aspect)
    if kind == "orthographic":
        lens = document.object(tree, "orthographic", here)
        x, y = (abs(document.number(lens, key, here, 0.0)) for key in ("xmag", "ymag"))
        if not y > 0.0:
            raise document.error(here, "ymag must not be 0")
        size = float(np.linalg.norm(node.matrix[:3, 1]))
        return OrthographicCamera(height=2.0 * y * (size or 1.0), **pose), _size(x / y)
    raise document.error(here, f"type must be perspective or orthographic, got {kind[:20]!r}")


def _size(aspect: float) -> dict[str, Any]:
    if not 1.0 / 16.0 <= aspect <= 16.0:
        return {}
    height = max(1, round(math.sqrt(_PIXELS / aspect)))
    return {"width": max(1, round(aspect * height)), "height": height}


def read_light(document: Document, node: Placed, light: Tree, name: str | None) -> Emitter | None:
    """A light of KHR_lights_punctual; None if it is dark."""
    here = f"light of node {node.index}"
    tables = document.extension(document.tree, LIGHTS, "") or {}
    lights = document.objects(tables, "lights", LIGHTS)
    index = document.integer(light, "light", here)
    if index >= len(lights):
        raise document.error(here, f"refers to light {index} of {len(lights)}")
    tree, here = lights[index], f"light {index}"
    strength = document.number(tree, "intensity", here, 1.0) / LUMENS_PER_WATT
    color = document.numbers(tree, "color", here, (1.0, 1.0, 1.0))
    shine = tuple(max(0.0, value * strength) for value in color)
    if max(shine) <= 0.0:
        return None
    position = node.matrix[:3, 3]
    axis = unit_or(-node.matrix[:3, 2], (0.0, 0.0, -1.0))
    kind = document.text(tree, "type", here)
    if kind == "directional":
        return DirectionalLight(axis, shine, name=name)
    if kind == "point":
        return PointLight(position, shine, name=name)
    if kind == "spot":
        spot = document.object(tree, "spot", here)
        outer = document.number(spot, "outerConeAngle", here, math.pi / 4)
        inner = document.number(spot, "innerConeAngle", here, 0.0)
        outer = math.degrees(min(math.pi, max(1e-4, outer)))
        inner = min(outer, max(0.0, math.degrees(inner)))
        return SpotLight(
            position,
            direction=axis,
            intensity=shine,
            cone_angle=outer,
            beam_angle=inner,
            falloff="smooth",
            name=name,
        )
    raise document.error(here, f"type must be directional, point or spot, got {kind[:20]!r}")
