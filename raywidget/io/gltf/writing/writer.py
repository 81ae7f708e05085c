"""A scene -> a file, `.glb` or `.gltf` with what lies beside it."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from raywidget.errors import SceneError
from raywidget.io.atomic import replacing
from raywidget.io.gltf import exact
from raywidget.io.gltf.sights import LIGHTS
from raywidget.io.gltf.writing.forms import Forms
from raywidget.io.gltf.writing.lamps import write_camera, write_light
from raywidget.io.gltf.writing.paint import Paint
from raywidget.io.gltf.writing.sheaf import Sheaf, Tree
from raywidget.scene.scene import Scene

_MOST = 2**32 - 1  # bytes of a GLB, which counts them in 32 bits


def write(scene: Scene, path: Path, *, in_full: bool) -> tuple[str, ...]:
    """Write a scene; what was there before is replaced only once all is written.

    Returns notes: what glTF can't say, and what was done instead. With `in_full` the file says it
    beside, for raywidget (see `exact`).

    Raises
    ------
    SceneError
        If the file can't be written.
    """
    sheaf = Sheaf(apart=path.suffix.lower() == ".gltf")
    tree = _tree(scene, sheaf)
    described = exact.describe(scene, sheaf.view, sheaf.picture) if in_full else None
    if sheaf.apart:
        _write_apart(path, sheaf, tree, described)
    else:
        _write_glb(path, sheaf, tree, described)
    return sheaf.notes()


def _tree(scene: Scene, sheaf: Sheaf) -> Tree:
    """All that glTF says of the scene, but for the lists."""
    forms = Forms(sheaf, Paint(sheaf))
    low, high = scene.bounds()
    aspect = None
    if {"width", "height"} <= set(scene.defaults):
        aspect = scene.defaults["width"] / scene.defaults["height"]
    nodes = [write_camera(sheaf, scene.camera, aspect, float(np.linalg.norm(high - low)))]
    for shape in scene.shapes:
        nodes += forms.nodes(shape)
    lights: list[Tree] = []
    for emitter in scene.emitters:
        node = write_light(sheaf, emitter, lights)
        nodes += [] if node is None else [node]
    if scene.medium is not None:
        sheaf.note("What fills the space round all shapes has no place in glTF.")
    if scene.background is not None:
        sheaf.note("The background has no place in glTF.")
    all_shapes = all(shape.visible for shape in scene.shapes)
    if not (all_shapes and all(emitter.visible for emitter in scene.emitters)):
        sheaf.note("In glTF the camera sees what it does not here (visible=False).")
    top: Tree = {"nodes": nodes}
    if scene.name is not None:
        top["name"] = scene.name
    tree: Tree = {
        "asset": {"version": "2.0", "generator": _generator()},
        "scene": 0,
        "scenes": [top],
    }
    if lights:
        tree["extensions"] = {LIGHTS: {"lights": lights}}
    return tree


def _generator() -> str:
    try:
        return f"raywidget {importlib.metadata.version('raywidget')}"
    except importlib.metadata.PackageNotFoundError:  # run from its sources
        return "raywidget"


def _finished(
    sheaf: Sheaf, tree: Tree, described: Tree | None, uris: Sequence[str] | None
) -> bytes:
    """The JSON; with names of files for the buffer and the pictures, if they have some."""
    tree = {**tree, **sheaf.lists}
    if sheaf.extensions:
        tree["extensionsUsed"] = sorted(sheaf.extensions)
    if sheaf.parts:
        buffer: Tree = {"byteLength": sheaf.size}
        if uris is not None:
            buffer["uri"] = uris[0]
        tree["buffers"] = [buffer]
    if uris is not None and "images" in tree:
        tree["images"] = [
            {**image, "uri": uri} for image, uri in zip(tree["images"], uris[1:], strict=True)
        ]
    if described is not None:
        beside = sheaf.pictures if uris is not None else []
        buffers = [hashlib.sha256()] if sheaf.parts else []
        for part in sheaf.parts:
            buffers[0].update(part)
        digests = [digest.hexdigest() for digest in buffers]
        digests += [hashlib.sha256(picture).hexdigest() for picture in beside]
        tree["extras"] = exact.sealed(tree, described, digests)
    try:
        text = json.dumps(tree, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode()
    except ValueError as error:  # a setting that is not finite, half a character in a name
        raise SceneError(f"the scene can't be said in JSON: {error}") from None


def _write_glb(path: Path, sheaf: Sheaf, tree: Tree, described: Tree | None) -> None:
    text = _finished(sheaf, tree, described, None)
    text += b" " * (-len(text) % 4)
    binary = sheaf.size + -sheaf.size % 4
    total = 20 + len(text) + (8 + binary if binary else 0)
    if total > _MOST:
        raise SceneError(
            f"{path.name!r}: a .glb holds at most {_MOST:,} bytes, the scene takes {total:,}; "
            "save it as .gltf"
        )
    parts: list[Any] = [struct.pack("<4sIIII", b"glTF", 2, total, len(text), 0x4E4F534A), text]
    if binary:
        parts += [struct.pack("<II", binary, 0x004E4942), *sheaf.parts, b"\0" * (-sheaf.size % 4)]
    _replace([(path, parts)])


def _write_apart(path: Path, sheaf: Sheaf, tree: Tree, described: Tree | None) -> None:
    names = [f"{path.stem}.bin"]
    names += [f"{path.stem}_{number}.png" for number in range(len(sheaf.pictures))]
    text = _finished(sheaf, tree, described, [quote(name) for name in names])
    contents: list[Sequence[Any]] = [sheaf.parts, *([png] for png in sheaf.pictures)]
    files = [
        (path.with_name(name), parts) for name, parts in zip(names, contents, strict=True) if parts
    ]
    _replace([*files, (path, [text])])


def _replace(files: Sequence[tuple[Path, Sequence[Any]]]) -> None:
    """Write all files under other names, then give them theirs, in order."""
    target = files[-1][0]
    try:
        with contextlib.ExitStack() as stack:
            # What was entered first takes its place last.
            for target, parts in reversed(files):
                part = stack.enter_context(replacing(target))
                with part.open("wb") as file:
                    for piece in parts:
                        file.write(piece)
    except OSError as error:
        raise SceneError(f"can't save {str(target)!r}: {error.strerror or error}") from None
