"""Scenes of files that users hold, of what both sides know: for comparisons on one's own scenes.

What Mitsuba has not, or models otherwise, becomes what is near and both have, on both sides: such
as glTF's layered surfaces, which become a mixture of a matte and a metallic one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import raywidget as rw
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.textures.textures import Texture

PREFIX = "file:"
GLOSS = 0.05  # of a surface's light, where its specular layer becomes a part of a mixture


def from_file(path: str) -> rw.Scene:
    """The scene of a file, of materials that both sides have."""
    if not Path(path).is_file():
        raise rw.RaywidgetError(f"there is no file {path!r}")
    scene = rw.load_scene(path)
    known: dict[int, Any] = {}

    def common(material: Any) -> Any:
        if id(material) not in known:
            known[id(material)] = _in_common(material)
        return known[id(material)]

    return scene.replace(shapes=[_of_common(shape, common) for shape in scene.shapes])


def _of_common(shape: Any, common: Any) -> Any:
    changes: dict[str, Any] = {"material": common(shape.material)}
    if isinstance(shape, Mesh) and shape.materials is not None:
        changes = {"materials": [common(material) for material in shape.materials]}
    if isinstance(shape, Instances) and shape.material is None:
        changes = {"mesh": _of_common(shape.mesh, common)}
    return shape.replace(**changes)


def _in_common(material: Any) -> Any:
    outer = {"name": None, "emission": material.emission, "opacity": material.opacity}
    if isinstance(material, rw.Principled):
        roughness = max(_number(material.roughness), 0.1)
        if _number(material.metallic) > 0.5:
            return rw.Metal(material.base_color, roughness, **outer)
        if _number(material.transmission) > 0.5:
            return rw.Dielectric(material.ior, thin=material.thin, **outer)
        gloss = rw.Metal((1.0, 1.0, 1.0), roughness)
        return rw.Mix(rw.Diffuse(material.base_color), gloss, GLOSS, **outer)
    if isinstance(material, rw.Dielectric) and material.thin and material.roughness:
        return material.replace(roughness=0.0, normal_map=None)
    if material.normal_map is not None and isinstance(material, rw.Dielectric | rw.Mix):
        return material.replace(normal_map=None)
    return material


def _number(value: Any) -> float:
    mean = value.mean() if isinstance(value, Texture) else value
    return float(sum(mean) / len(mean)) if isinstance(mean, tuple) else float(mean)
