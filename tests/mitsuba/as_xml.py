"""Scenes in Mitsuba's words, written as the files that Mitsuba's users have: XML, PLY, EXR."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import OpenEXR

TAGS = {
    "bsdf": "twosided diffuse conductor roughconductor dielectric roughdielectric thindielectric"
    " plastic principled blendbsdf mask normalmap null",
    "shape": "sphere rectangle cube disk cylinder ply shapegroup instance",
    "emitter": "area constant envmap point spot directional",
    "texture": "bitmap checkerboard mesh_attribute",
    "sensor": "perspective thinlens orthographic",
    "integrator": "path volpath",
    "medium": "homogeneous heterogeneous",
    "volume": "constvolume gridvolume",
    "phase": "hg",
    "film": "hdrfilm",
    "rfilter": "box tent gaussian",
    "sampler": "independent",
}
TAG_OF = {kind: tag for tag, kinds in TAGS.items() for kind in kinds.split()}


def write_xml(words: dict, folder: Path) -> Path:
    """Write what `translate.to_mitsuba` gives into a folder; meshes and pictures beside it."""
    root = ET.Element("scene", version="3.0.0")
    for name, value in words.items():
        if name != "type":
            _add(root, name, value, folder)
    path = folder / "scene.xml"
    ET.ElementTree(root).write(path)
    return path


def _add(parent, name, value, folder) -> None:
    if isinstance(value, dict) and value["type"] == "rgb":
        text = ", ".join(map(repr, value["value"]))
        ET.SubElement(parent, "rgb", name=name, value=text)
    elif isinstance(value, dict) and value["type"] == "ref":
        ET.SubElement(parent, "ref", name=name, id=value["id"])
    elif isinstance(value, dict):
        _add_plugin(parent, name, value, folder)
    elif isinstance(value, np.ndarray):
        inside = ET.SubElement(parent, "transform", name=name)
        ET.SubElement(inside, "matrix", value=" ".join(map(repr, value.ravel().tolist())))
    elif isinstance(value, bool):
        ET.SubElement(parent, "boolean", name=name, value=str(value).lower())
    elif isinstance(value, str):
        ET.SubElement(parent, "string", name=name, value=value)
    elif isinstance(value, int):
        ET.SubElement(parent, "integer", name=name, value=repr(value))
    elif isinstance(value, float | np.floating):
        ET.SubElement(parent, "float", name=name, value=repr(float(value)))
    else:
        ET.SubElement(parent, "vector", name=name, value=", ".join(repr(float(v)) for v in value))


def _add_plugin(parent, name, value, folder) -> None:
    if value["type"] == "mesh":
        value = _mesh(value, folder)
    elif "bitmap" in value:
        file = folder / f"picture-{len(list(folder.iterdir()))}.exr"
        channels = {"RGB": np.ascontiguousarray(value["bitmap"], np.float32)}
        OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION}, channels).write(str(file))
        value = {k: v for k, v in value.items() if k != "bitmap"} | {"filename": file.name}
    elif "grid" in value:
        file = folder / f"grid-{len(list(folder.iterdir()))}.vol"
        numbers = value["grid"].reshape(*value["grid"].shape[:3], -1)
        grid = np.ascontiguousarray(numbers.transpose(2, 1, 0, 3), "<f4")  # x runs fastest
        header = np.array([1, *numbers.shape], "<i4")
        box = np.array([0, 0, 0, 1, 1, 1], "<f4")
        file.write_bytes(b"VOL\x03" + header.tobytes() + box.tobytes() + grid.tobytes())
        value = {k: v for k, v in value.items() if k != "grid"} | {"filename": file.name}
    tag = TAG_OF[value["type"]]
    attributes = {"type": value["type"]}
    if tag in ("shape", "sensor") and parent.tag == "scene":
        attributes["id"] = name
    elif parent.tag != "scene":
        attributes["name"] = name
    element = ET.SubElement(parent, tag, attributes)
    for key, part in value.items():
        if key != "type":
            _add(element, key, part, folder)


def _mesh(value: dict, folder: Path) -> dict:
    mesh = value["mesh"]
    file = folder / f"mesh-{len(list(folder.iterdir()))}.ply"
    columns = {"x y z": mesh.vertices}
    if mesh.normals is not None:
        columns["nx ny nz"] = mesh.normals * (-1.0 if mesh.flip_normals else 1.0)
    if mesh.uvs is not None:
        columns["u v"] = mesh.uvs
    if mesh.colors is not None:
        columns["r g b"] = mesh.colors
    faces = mesh.faces[:, ::-1] if mesh.flip_normals else mesh.faces
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(mesh.vertices)}"]
    header += [f"property float {name}" for names in columns for name in names.split()]
    header += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header"]
    rows = np.zeros(len(faces), [("count", "u1"), ("corners", "<i4", 3)])
    rows["count"], rows["corners"] = 3, faces
    vertices = np.concatenate(list(columns.values()), axis=1).astype("<f4")
    text = "\n".join(header).encode() + b"\n"
    file.write_bytes(text + vertices.tobytes() + rows.tobytes())
    kept = {key: part for key, part in value.items() if key not in ("mesh", "type")}
    flat = mesh.normals is None
    return {"type": "ply", "filename": file.name, "face_normals": flat} | kept
