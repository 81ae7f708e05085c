"""trimesh: `Trimesh`, `Scene`, `PointCloud`, `Path3D`, `Path2D`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.recognition import is_a
from raywidget.adapters.taken import Taken, Wishes
from raywidget.io.building import CLAY, AnyPiece
from raywidget.io.colors import one_opacity, screen_colors
from raywidget.io.fields import Fields, Given, fields_of
from raywidget.io.lines import Lines
from raywidget.io.maps import cut_out
from raywidget.io.pieces import Piece
from raywidget.io.points import Points
from raywidget.io.views import level_up
from raywidget.scene.camera import Camera, PerspectiveCamera
from raywidget.scene.materials.materials import Material
from raywidget.scene.materials.principled import Principled
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.textures import Attribute, Texture
from raywidget.scene.values.colors import decode_srgb


def recognises(thing: object) -> bool:
    """Is it one of trimesh's?"""
    return is_a(thing, "trimesh", "Trimesh", "Scene", "PointCloud", "Path3D", "Path2D")


def take(thing: Any, wishes: Wishes) -> Taken:
    """Take it apart."""
    notes: list[str] = []
    if not is_a(thing, "trimesh", "Scene"):
        return Taken(pieces=tuple(_pieces(thing, np.eye(4), None, notes)), notes=tuple(notes))
    pieces: list[AnyPiece] = []
    for node in thing.graph.nodes_geometry:
        matrix, geometry = thing.graph[node]
        if geometry in thing.geometry:
            pieces += _pieces(thing.geometry[geometry], np.asarray(matrix), str(node), notes)
    if getattr(thing, "_lights", None):
        notes.append("its lights are left out: trimesh makes them up where there are none")
    return Taken(pieces=tuple(pieces), cameras=_cameras(thing), notes=tuple(notes))


def _cameras(scene: Any) -> tuple[Camera, ...]:
    """The scene's own camera; trimesh makes one up when it is asked for one."""
    if not getattr(scene, "has_camera", False):
        return ()
    matrix = np.asarray(scene.camera_transform, np.float64)
    position, forward = matrix[:3, 3], -matrix[:3, 2]
    return (
        PerspectiveCamera(
            look_from=tuple(position),
            look_at=tuple(position + forward * max(1e-3, float(scene.scale))),
            up=tuple(level_up(forward, matrix[:3, 1])),
            vfov=float(np.clip(scene.camera.fov[1], 1.0, 170.0)),
        ),
    )


def _pieces(thing: Any, matrix: NDArray[Any], name: str | None, notes: list[str]) -> list[AnyPiece]:
    name = name or (thing.metadata or {}).get("name") or None
    if is_a(thing, "trimesh", "Trimesh"):
        return [_surface(thing, matrix, name, notes)]
    if is_a(thing, "trimesh", "PointCloud"):
        colors = np.asarray(thing.colors)
        given = colors.ndim == 2 and len(colors) == len(thing.vertices)
        linear = screen_colors(colors)[0] if given else None
        return [Points(centers=_moved(thing.vertices, matrix), colors=linear, name=name)]
    if is_a(thing, "trimesh", "Path3D", "Path2D"):
        # Not `thing.discrete`, which needs networkx.
        runs = [_moved(_in_space(e.discrete(thing.vertices)), matrix) for e in thing.entities]
        runs = [run for run in runs if len(run) > 1]
        if runs:
            starts = np.concatenate([run[:-1] for run in runs])
            return [Lines(starts=starts, ends=np.concatenate([r[1:] for r in runs]), name=name)]
    notes.append(f"{name or 'an object'}: left out, a {type(thing).__name__} can't be shown")
    return []


def _in_space(points: Any) -> NDArray[np.float64]:
    """Points of a plane are at z = 0."""
    given = np.asarray(points, np.float64)
    return given if given.shape[1] == 3 else np.pad(given, ((0, 0), (0, 1)))


def _moved(points: Any, matrix: NDArray[Any]) -> NDArray[np.float64]:
    moved = np.asarray(points, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    return np.asarray(moved)


def _surface(mesh: Any, matrix: NDArray[Any], name: str | None, notes: list[str]) -> Piece:
    label = f"mesh {name!r}" if name else "a mesh"
    faces = np.asarray(mesh.faces)
    vertices = np.asarray(mesh.vertices, np.float64)
    normals = None
    if "vertex_normals" in mesh._cache:  # the file's, or asked for before: not made up here
        normals = np.asarray(mesh.vertex_normals) @ np.linalg.pinv(matrix[:3, :3])
    if np.linalg.det(matrix[:3, :3]) < 0.0:
        faces = faces[:, ::-1]
    colors = face_colors = uvs = material = None
    kind = getattr(mesh.visual, "kind", None)
    if kind == "vertex":
        colors, alphas = screen_colors(mesh.visual.vertex_colors)
        material = _paint(one_opacity(alphas, label, notes))
    elif kind == "face":
        face_colors, alphas = screen_colors(mesh.visual.face_colors)
        material = _paint(one_opacity(alphas, label, notes))
    elif kind == "texture":
        uvs = getattr(mesh.visual, "uv", None)
        material = _material(mesh.visual.material, uvs is not None, label, notes)
    fields = _fields(mesh, kind, label, notes)
    return Piece(
        vertices=_moved(vertices, matrix),
        faces=faces,
        normals=normals,
        uvs=uvs,
        colors=colors,
        face_colors=face_colors,
        material=material,
        name=name,
        fields=fields,
    )


def _fields(mesh: Any, kind: str | None, label: str, notes: list[str]) -> Fields | None:
    """Its attributes, where it has no colours of its own."""
    given = [
        Given(str(name), np.asarray(values), on)
        for on, count, attributes in (
            ("vertices", len(mesh.vertices), mesh.vertex_attributes),
            ("faces", len(mesh.faces), mesh.face_attributes),
        )
        for name, values in dict(attributes).items()
        if len(np.shape(values)) in (1, 2) and len(values) == count
    ]
    if given and kind is not None:
        named = ", ".join(repr(item.name) for item in given[:4])
        notes.append(f"{label}: its attributes are not shown, it has colours: {named}")
        return None
    return fields_of(given, None, notes)


def _paint(opacity: float) -> Material:
    return Principled(Attribute("color"), roughness=0.45, opacity=opacity)


def _material(material: Any, has_uvs: bool, label: str, notes: list[str]) -> Material:
    """A `PBRMaterial`, or a `SimpleMaterial` of an OBJ file."""
    if not is_a(material, "trimesh", "PBRMaterial"):
        picture = _texture(getattr(material, "image", None), has_uvs)
        shininess = float(np.clip(getattr(material, "glossiness", None) or 30.0, 0.0, 1e4))
        return Principled(
            picture or _srgb(getattr(material, "diffuse", None)),
            # A lobe of Phong's exponent n is about as wide as GGX of alpha^2 = 2 / (n + 2)
            # (Walter et al. 2007, section 5.2), and alpha = roughness^2.
            roughness=float((2.0 / (shininess + 2.0)) ** 0.25),
        )
    factor = material.baseColorFactor
    rgba = np.ones(4) if factor is None else np.asarray(factor, np.float64).reshape(-1)[:4]
    if factor is not None and np.asarray(factor).dtype.kind in "iu":
        rgba = rgba / 255.0  # linear, as in glTF, in spite of its eight bits
    rgba = np.clip(rgba, 0.0, 1.0)
    base = _texture(material.baseColorTexture, has_uvs, factor=tuple(rgba[:3].tolist()))
    both = material.metallicRoughnessTexture
    metallic = 1.0 if material.metallicFactor is None else float(material.metallicFactor)
    roughness = 1.0 if material.roughnessFactor is None else float(material.roughnessFactor)
    if factor is None and material.metallicFactor is None and both is None:
        metallic, roughness = 0.0, 0.45  # a default object, not a description
    emission: Any = _texture(material.emissiveTexture, has_uvs)
    glow = material.emissiveFactor
    if glow is not None and np.max(glow) > 0.0 and emission is None:
        emission = tuple(np.asarray(glow, np.float64)[:3].tolist())
    opacity: Any = 1.0
    if material.alphaMode == "BLEND" and emission is None:
        opacity = float(rgba[3])
        if material.baseColorTexture is not None and material.baseColorTexture.mode == "RGBA":
            opacity = _texture(material.baseColorTexture, has_uvs, channel="a") or opacity
    elif material.alphaMode == "MASK":
        opacity = _mask(material, float(rgba[3]), has_uvs)
    return Principled(
        base or tuple(rgba[:3].tolist()),
        metallic=_texture(both, has_uvs, channel="b", factor=metallic) or metallic,
        roughness=_texture(both, has_uvs, channel="g", factor=roughness) or roughness,
        emission=emission,
        opacity=opacity,
        normal_map=_texture(material.normalTexture, has_uvs, encoding="linear"),
    )


def _mask(material: Any, factor: float, has_uvs: bool) -> Any:
    """What of a surface is there: where its alpha reaches the cutoff."""
    cutoff = 0.5 if material.alphaCutoff is None else float(material.alphaCutoff)
    picture = material.baseColorTexture
    if picture is None or not has_uvs or "A" not in picture.getbands():
        return 1.0 if factor >= cutoff else 0.0
    alpha = np.asarray(picture.getchannel("A"))[:, :, None]
    there = cut_out(alpha, factor, cutoff, ("repeat", "repeat"))
    if there.min() == there.max():
        return float(there.max() > 0)
    return ImageTexture(np.repeat(there, 3, axis=2), channel="r", encoding="linear")


def _texture(picture: Any, has_uvs: bool, **parameters: Any) -> Texture | None:
    """A picture of Pillow's as a texture."""
    if picture is None or not has_uvs:
        return None
    if picture.mode not in ("RGB", "RGBA"):
        picture = picture.convert("RGBA" if "A" in picture.mode else "RGB")
    return ImageTexture(np.asarray(picture), **parameters)


def _srgb(color: Any) -> Any:
    if color is None:
        return CLAY.base_color
    values = np.asarray(color, np.float64).reshape(-1)[:3]
    return tuple(decode_srgb(values / (255.0 if np.asarray(color).dtype.kind in "iu" else 1.0)))
