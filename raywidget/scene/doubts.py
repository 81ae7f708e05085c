"""What is allowed in a scene, and is nearly always a mistake: told when it is shown or rendered.

Nothing here is refused. Each doubt names the object and what to write instead.
"""

from __future__ import annotations

import dataclasses
import math
import weakref
from collections.abc import Iterator

import numpy as np

from raywidget.errors import SceneWarning
from raywidget.scene.camera import Camera, PerspectiveCamera
from raywidget.scene.emitters.emitters import ImageEnvironment, SpotLight
from raywidget.scene.emitters.portal import Portal
from raywidget.scene.materials.materials import DEFAULT_MATERIAL, Material
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.quantities import ValuedShape
from raywidget.scene.shapes.simple import Box, Shape
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.textures import Attribute, Texture
from raywidget.scene.values.checks import label
from raywidget.scene.values.described import SceneObject
from raywidget.scene.values.radians import looks_like_radians, say_in_degrees
from raywidget.scene.values.telling import warn

_looked_at: weakref.WeakSet[Scene] = weakref.WeakSet()


def warn_of_doubts(scene: Scene) -> None:
    """Warn of what is probably not meant in a scene, once for each scene.

    Warns
    -----
    SceneWarning
        For each kind of doubt, with the first object that it is about.
    """
    if scene in _looked_at:
        return
    _looked_at.add(scene)
    for doubt in find_doubts(scene):
        warn(doubt, SceneWarning)


def find_doubts(scene: Scene) -> list[str]:
    """What is probably not meant in a scene, a sentence each; of each kind the first one.

    Examples
    --------
    >>> import raywidget as rw
    >>> from raywidget.scene.doubts import find_doubts
    >>> camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=0.7)
    >>> find_doubts(rw.Scene(camera=camera))
    ['PerspectiveCamera: vfov=0.7 is in degrees; were radians meant? They are vfov=40.1']
    """
    doubts = [*_of_camera(scene.camera)]
    for emitter in scene.emitters:
        if isinstance(emitter, SpotLight) and looks_like_radians(emitter.cone_angle):
            doubts.append(say_in_degrees(label(emitter), "cone_angle", emitter.cone_angle))
        elif isinstance(emitter, ImageEnvironment):
            doubts += _of_rotation(emitter, _angles(np.asarray(emitter.rotation)))
        elif isinstance(emitter, Portal) and scene.environment is None:
            doubts.append(
                f"{label(emitter)}: there is no environment whose light could come through it; "
                "add one to emitters=, such as ConstantEnvironment(1)"
            )
    kinds: dict[str, str] = {}
    for shape in scene.shapes:
        if isinstance(shape, Box):
            for doubt in _of_rotation(shape, tuple(map(float, shape.rotation))):
                kinds.setdefault("rotation", doubt)
        for kind, doubt in _of_textures(shape):
            kinds.setdefault(kind, doubt)
    return [*doubts, *kinds.values()]


def _of_camera(camera: Camera) -> Iterator[str]:
    # From 3 to 180 degrees in radians; as degrees, a lens of half a metre and more. What is still
    # narrower is no lens in either: one looks at a single point on purpose.
    if isinstance(camera, PerspectiveCamera) and 0.05 < camera.vfov < math.pi:
        yield say_in_degrees(label(camera), "vfov", camera.vfov)


def _of_rotation(owner: SceneObject, angles: tuple[float, ...]) -> Iterator[str]:
    turned = [angle for angle in angles if angle != 0.0]
    if turned and all(map(looks_like_radians, turned)):
        yield say_in_degrees(label(owner), "rotation", angles)


def _angles(matrix: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, ...]:
    """Degrees about x, then y, then z that make a rotation; one number if it is about y."""
    x = math.atan2(matrix[2, 1], matrix[2, 2])
    y = math.asin(max(-1.0, min(1.0, -matrix[2, 0])))
    z = math.atan2(matrix[1, 0], matrix[0, 0])
    angles = tuple(0.0 if abs(a) < 1e-12 else math.degrees(a) for a in (x, y, z))
    return angles[1:2] if angles[0] == angles[2] == 0.0 else angles


# --- Textures that shapes can't answer ------------------------------------------------------------


def _of_textures(shape: Shape) -> Iterator[tuple[str, str]]:
    mesh = shape.mesh if isinstance(shape, Instances) else shape
    materials: tuple[Material, ...] = (shape.material,)
    if isinstance(mesh, Mesh) and not (isinstance(shape, Instances) and shape.has_own_material):
        materials = mesh.all_materials
    parts: tuple[SceneObject, ...] = tuple(m for m in materials if m is not DEFAULT_MATERIAL)
    if isinstance(shape.emission, Texture):
        parts += (shape.emission,)
    if not parts:
        return
    for texture in _textures(parts):
        if isinstance(texture, Attribute):
            if texture.attribute == "color" and not _has_colors(shape):
                yield "attribute", _without_colors(shape)
        elif isinstance(mesh, Mesh) and _needs_second(texture) and mesh.uvs2 is None:
            name = f" {texture.name!r}" if texture.name else ""
            yield (
                "uvs2",
                f"{label(shape)}: {type(texture).__name__}{name} lies by second texture "
                "coordinates, and the mesh has none: the first ones were taken; give the mesh "
                "uvs2=, an array of shape (V, 2), or leave out uvs=2",
            )
        elif _needs_second(texture):
            pass
        elif isinstance(mesh, Mesh) and mesh.uvs is None and len(mesh.faces) > 1:
            name = f" {texture.name!r}" if texture.name else ""
            yield (
                "uvs",
                f"{label(shape)}: {type(texture).__name__}{name} needs texture coordinates, and "
                "the mesh has none: it is shown once in each triangle; give the mesh uvs=, an "
                "array of shape (V, 2)",
            )


def _textures(parts: tuple[SceneObject, ...]) -> Iterator[Texture]:
    """All textures of materials, and those within them."""
    seen: set[int] = set()
    waiting: list[object] = list(parts)
    while waiting:
        item = waiting.pop()
        if not isinstance(item, SceneObject) or id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, Texture) and not _is_single(item):
            yield item
        waiting += [getattr(item, field.name) for field in dataclasses.fields(item)]


def _needs_second(texture: Texture) -> bool:
    return isinstance(texture, ImageTexture) and texture.uvs == 2


def _is_single(texture: Texture) -> bool:
    """Is it the same everywhere, so that coordinates don't matter?"""
    return isinstance(texture, ImageTexture) and np.asarray(texture.image).shape[:2] == (1, 1)


def _has_colors(shape: Shape) -> bool:
    if isinstance(shape, Instances) and shape.colors is not None:
        return True
    mesh = shape.mesh if isinstance(shape, Instances) else shape
    if any(isinstance(item, ValuedShape) and item.own_quantities for item in (shape, mesh)):
        return True
    if isinstance(mesh, Mesh):
        return mesh.colors is not None or mesh.face_colors is not None
    return isinstance(mesh, Spheres | Cylinders) and mesh.colors is not None


def _without_colors(shape: Shape) -> str:
    remedy = "give its material a colour"
    if isinstance(shape, Mesh):
        remedy = "give it colors= (V, 3) or face_colors= (F, 3)"
    elif isinstance(shape, Instances | Spheres | Cylinders):
        remedy = "give it colors= (N, 3)"
    return f"{label(shape)}: Attribute('color') is white, since it has no colours; {remedy}"
