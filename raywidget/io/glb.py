"""GLB files, read by trimesh: triangles where the nodes put them, without materials."""

from __future__ import annotations

import io
import json
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.files import read_bytes
from raywidget.io.parts import SceneParts
from raywidget.io.pieces import Piece, linear_colors, meshes_of, notes_of
from raywidget.scene.values import transforms
from raywidget.scene.values.checks import MAX_ROWS


def read(path: Path) -> SceneParts:
    """The meshes of a GLB, each where its node puts it."""
    owner = repr(path.name)
    try:
        import trimesh
    except ImportError:
        raise SceneError(
            f'{owner}: reading GLB needs trimesh; pip install "raywidget[io]"'
        ) from None
    data = read_bytes(path)
    try:
        data = _bare_glb(data)
        tree, _ = _glb_tree(data)
        promised = max((int(item["count"]) for item in tree.get("accessors", [])), default=0)
    except Exception as error:
        raise _unsound(owner, error) from None
    if promised > min(len(data), MAX_ROWS):
        raise SceneError(
            f"{owner}: its header promises {promised:,} things in {len(data):,} bytes; "
            "it is damaged, or too large"
        )
    try:
        # Bytes without a place: it can't open what they refer to.
        loaded = trimesh.load_scene(io.BytesIO(data), file_type="glb", process=False)
        count: Counter[str] = Counter()
        return SceneParts(shapes=tuple(meshes_of(_pieces(loaded), count)), notes=notes_of(count))
    except Exception as error:  # parsers raise anything
        raise _unsound(owner, error) from None


def _unsound(owner: str, error: Exception) -> SceneError:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return SceneError(f"{owner}: is not a sound GLB file: {reason}")


_GLB_HEAD = struct.Struct("<4s4I")  # magic, version, length; length and type of the first chunk


def _glb_tree(data: bytes) -> tuple[dict[str, Any], int]:
    """What is in a GLB, and where its binary part begins."""
    if len(data) < _GLB_HEAD.size:
        raise ValueError("it is too short")
    magic, _, _, length, _ = _GLB_HEAD.unpack_from(data)
    if magic != b"glTF":
        raise ValueError("it does not begin with glTF")
    end = _GLB_HEAD.size + length
    tree = json.loads(data[_GLB_HEAD.size : end])
    if not isinstance(tree, dict):
        raise ValueError("its first part is not an object")
    return tree, end


def _bare_glb(data: bytes) -> bytes:
    """A GLB with one plain material and without its pictures, which nobody decodes then."""
    tree, end = _glb_tree(data)
    for name in ("images", "textures", "samplers"):
        tree.pop(name, None)
    tree["materials"] = [{}]
    for mesh in tree.get("meshes", []):
        for primitive in mesh["primitives"]:
            primitive["material"] = 0
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    rest = data[end:]
    head = _GLB_HEAD.pack(b"glTF", 2, _GLB_HEAD.size + len(text) + len(rest), len(text), 0x4E4F534A)
    return head + text + rest


def _pieces(loaded: Any) -> list[Piece]:
    """The triangles of a trimesh.Scene, each piece where the scene puts it."""
    parts = []
    total = 0
    for node in loaded.graph.nodes_geometry:
        matrix, geometry = loaded.graph[node]
        mesh = loaded.geometry[geometry]
        if not hasattr(mesh, "faces"):  # points and lines
            continue
        total += len(mesh.faces)
        if total > MAX_ROWS:
            raise ValueError(f"more than {MAX_ROWS:,} triangles")
        linear = np.asarray(matrix, dtype=np.float64)[:3, :3]
        faces = np.asarray(mesh.faces, dtype=np.int64)
        normals = None
        if "vertex_normals" in mesh._cache:  # otherwise it would compute them
            normals = np.asarray(mesh.vertex_normals, dtype=np.float64)
            if np.abs(np.linalg.det(linear)) > 1e-30:
                normals = normals @ np.linalg.inv(linear)
        uvs = getattr(mesh.visual, "uv", None)
        if uvs is not None and np.shape(uvs) != (len(mesh.vertices), 2):
            uvs = None
        colors, face_colors = _colors(mesh.visual)
        parts.append(
            Piece(
                vertices=transforms.apply(matrix, np.asarray(mesh.vertices, dtype=np.float64)),
                faces=faces[:, ::-1] if np.linalg.det(linear) < 0.0 else faces,
                normals=normals,
                uvs=None if uvs is None else np.asarray(uvs, dtype=np.float64),
                colors=colors,
                face_colors=face_colors,
            )
        )
    return parts


def _colors(visual: Any) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
    """Linear colours of vertices and of faces, or None."""
    attributes = getattr(visual, "vertex_attributes", {})
    if "color" in attributes:  # of a GLB, where they are linear
        values = np.asarray(attributes["color"])
        if values.dtype.kind == "u":
            values = values / np.iinfo(values.dtype).max
        return np.clip(values[:, :3].astype(np.float64), 0.0, 1.0), None
    if visual.kind == "vertex":
        return linear_colors(np.asarray(visual.vertex_colors)[:, :3]), None
    if visual.kind == "face":
        return None, linear_colors(np.asarray(visual.face_colors)[:, :3])
    return None, None
