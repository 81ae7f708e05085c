"""Meshes from files: PLY, OBJ, STL, GLB and OFF, read by trimesh.

Files are not trusted: their size is bounded, so are the numbers of things that their headers
promise (a few bytes can promise billions), nothing that they refer to is opened, and whatever
trimesh stumbles over comes out as a SceneError that names the file.
"""

from __future__ import annotations

import io
import json
import os
import struct
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.errors import SceneError
from raywidget.io.parts import SceneParts
from raywidget.scene.materials.materials import DEFAULT_MATERIAL, Material
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.shapes.normals import smooth_normals
from raywidget.scene.values import arrays, transforms
from raywidget.scene.values.checks import MAX_ROWS, fail

SUFFIXES = (".ply", ".obj", ".stl", ".glb", ".off")
"""The formats that meshes can be read from."""

MAX_BYTES = 1 << 32

_UP = {
    "y": np.eye(4),
    "z": np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]]),
}


class _Part(NamedTuple):
    """One piece of geometry; in a part without normals, ... the others have length 0."""

    vertices: NDArray[Any]  # (V, 3)
    faces: NDArray[Any]  # (F, 3)
    normals: NDArray[Any] | None  # (V, 3)
    uvs: NDArray[Any] | None  # (V, 2)
    colors: NDArray[Any] | None  # (V, 3) linear
    face_colors: NDArray[Any] | None  # (F, 3) linear


def load_mesh(
    path: str | os.PathLike[str],
    *,
    material: Material | None = None,
    up: Literal["y", "z"] = "y",
    transform: ArrayLike | None = None,
    smooth: bool | None = None,
    name: str | None = None,
) -> Mesh:
    r"""Read a mesh from a file: PLY (text or binary), OBJ, STL, GLB or OFF.

    Polygons are split into triangles; all objects in the file become one mesh, where a GLB puts
    them. Vertex normals, texture coordinates and colours are kept if all of its parts have them;
    materials, textures, cameras and lights are not read. Needs trimesh:
    ``pip install "raywidget[io]"``.

    Parameters
    ----------
    path : path-like
        The file; its suffix tells the format. At most 4 GiB.
    material : Material, optional
        What it is made of; otherwise its own colours if the file has them, or a matte grey.
    up : {"y", "z"}
        Which axis points up in the file. "z" (scanners, CAD, Blender's own axes) is turned by -90
        degrees about x, so that y points up.
    transform : (4, 4) array of float, optional
        Applied after that, see `raywidget.transforms`.
    smooth : bool, optional
        True: smooth normals, computed from the triangles where the file has none. False: flat
        triangles, whatever it has. By default as the file has it.
    name : str, optional
        What messages call it.

    Returns
    -------
    Mesh

    Raises
    ------
    SceneError
        If trimesh is missing, the file can't be read, is malformed or too large, has no triangles,
        or holds numbers that no mesh may have.

    Examples
    --------
    >>> import os, tempfile, raywidget as rw
    >>> path = os.path.join(tempfile.mkdtemp(), "corner.obj")
    >>> with open(path, "w") as file:
    ...     _ = file.write("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    >>> rw.load_mesh(path).vertices.shape
    (3, 3)
    """
    file = Path(path)
    owner = f"load_mesh({file.name!r})"
    if up not in _UP:
        raise fail(owner, "up", '"y" or "z"', up)
    matrix = _UP[up]
    if transform is not None:
        matrix = arrays.affine_transforms(owner, "transform", [np.asarray(transform)])[0] @ matrix
    if smooth not in (None, True, False):
        raise fail(owner, "smooth", "True, False or None", smooth)
    part = _joined(_read(owner, file))
    if not len(part.faces):
        raise SceneError(f"{owner}: there are no triangles in it")
    normals = part.normals
    if smooth is False:
        normals = None
    elif smooth and normals is None:
        normals = smooth_normals(part.vertices, part.faces)
    if normals is not None:
        normals = normals @ np.linalg.inv(matrix[:3, :3])  # by the inverse transpose
        normals[np.linalg.norm(normals, axis=1) < 1e-12] = (0.0, 1.0, 0.0)  # of unused vertices
    faces = part.faces
    if np.linalg.det(matrix[:3, :3]) < 0.0:
        faces = faces[:, ::-1]  # a mirror image keeps its front in front
    try:
        return Mesh(
            np.asarray(transforms.apply(matrix, part.vertices), dtype=np.float32),
            faces,
            material=DEFAULT_MATERIAL if material is None else material,
            normals=normals,
            uvs=part.uvs,
            colors=part.colors,
            face_colors=part.face_colors,
            name=name,
        )
    except SceneError as error:
        raise SceneError(f"{owner}: {error}") from None


def read(path: Path) -> SceneParts:
    """All that is in a file, as one mesh."""
    return SceneParts(shapes=(load_mesh(path),))


# --- Reading --------------------------------------------------------------------------------------


def _read(owner: str, file: Path) -> list[_Part]:
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        advice = "export it as .glb" if suffix in (".gltf", ".fbx", ".blend", ".usd") else ""
        raise fail(owner, "path", f"a file of type {', '.join(SUFFIXES)}", str(file), advice)
    try:
        import trimesh
    except ImportError:
        raise SceneError(
            f'{owner}: reading meshes needs trimesh; pip install "raywidget[io]"'
        ) from None
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise SceneError(f"{owner}: must be at most {MAX_BYTES:,} bytes, got {size:,}")
        data = file.read_bytes()
    except OSError as error:
        raise SceneError(f"{owner}: can't be read: {error.strerror or error}") from None
    try:
        if suffix == ".glb":
            data = _bare_glb(data)
        promised = _promised(suffix, data)
    except Exception as error:
        raise _unsound(owner, suffix, error) from None
    if promised > min(len(data), MAX_ROWS):
        raise SceneError(
            f"{owner}: its header promises {promised:,} things in {len(data):,} bytes; "
            "it is damaged, or too large"
        )
    try:
        # Bytes without a place: it can't open what they refer to.
        loaded = trimesh.load_scene(
            io.BytesIO(data),
            file_type=suffix[1:],
            process=False,
            skip_materials=suffix != ".glb",  # there it would skip texture coordinates too
        )
        return _parts(loaded)
    except Exception as error:  # parsers raise anything
        raise _unsound(owner, suffix, error) from None


def _unsound(owner: str, suffix: str, error: Exception) -> SceneError:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return SceneError(f"{owner}: is not a sound {suffix[1:].upper()} file: {reason}")


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


def _promised(suffix: str, data: bytes) -> int:
    """The largest number of things that a header announces, each of at least one byte."""
    if suffix == ".ply":
        header = data[: data.find(b"end_header")][: 1 << 16].split(b"\n")
        lines = [line.split() for line in header]
        counts = [line[2] for line in lines if len(line) == 3 and line[0] == b"element"]
        return max((int(count) for count in counts if count.isdigit()), default=0)
    if suffix == ".off":
        numbers = data[: 1 << 12].replace(b"OFF", b" ").split()[:2]
        return max((int(number) for number in numbers if number.isdigit()), default=0)
    if suffix == ".glb":
        tree, _ = _glb_tree(data)
        return max((int(accessor["count"]) for accessor in tree.get("accessors", [])), default=0)
    return 0


def _parts(loaded: Any) -> list[_Part]:
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
        parts.append(
            _Part(
                transforms.apply(matrix, np.asarray(mesh.vertices, dtype=np.float64)),
                faces[:, ::-1] if np.linalg.det(linear) < 0.0 else faces,
                normals,
                None if uvs is None else np.asarray(uvs, dtype=np.float64),
                *_colors(mesh.visual),
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
        return _from_srgb(visual.vertex_colors), None
    if visual.kind == "face":
        return None, _from_srgb(visual.face_colors)
    return None, None


def _from_srgb(rgba: Any) -> NDArray[np.float64]:
    """(N, 4) bytes, as they are seen, to (N, 3) linear (IEC 61966-2-1)."""
    c = np.asarray(rgba)[:, :3] / 255.0
    return np.asarray(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4))


def _joined(parts: list[_Part]) -> _Part:
    """All parts as one; what some of them lack, all do."""
    if not parts:
        return _Part(np.zeros((0, 3)), np.zeros((0, 3), np.int64), None, None, None, None)
    starts = np.cumsum([0, *(len(part.vertices) for part in parts[:-1])])

    def all_of(name: str) -> Any:
        values = [getattr(part, name) for part in parts]
        return None if any(v is None for v in values) else np.concatenate(values)

    return _Part(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]),
        all_of("normals"),
        all_of("uvs"),
        all_of("colors"),
        all_of("face_colors"),
    )
