"""What glTF can't say of a scene, said beside it in `extras.raywidget`, for raywidget alone.

All objects of the scene are listed with their parameters, each after what it is made of. Arrays are
bufferViews, pictures of bytes images of the file, mostly those that its meshes and materials have
anyway. A digest of all that the file holds beside goes along: when another program has changed the
file, that counts, and this is left alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget import scene as described
from raywidget.errors import SceneError
from raywidget.io.gltf.document import Document, Tree
from raywidget.scene.backdrop import Backdrop
from raywidget.scene.emitters.emitters import ImageEnvironment
from raywidget.scene.emitters.sky import SkyEnvironment
from raywidget.scene.emitters.studio_sky import StudioEnvironment
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.values.described import SceneObject

KEY = "raywidget"

_VERSION = 1
_DEEPEST = 8  # lists within lists
_DTYPES = ("<f4", "<f8", "<f2", "<i4", "<i8", "<u4", "<u8", "<i2", "<u2", "|i1", "|u1", "|b1")
_KINDS: dict[str, type[SceneObject]] = {
    kind.__name__: kind
    for kind in (
        *(getattr(described, name) for name in described.__all__),
        SkyEnvironment,
        StudioEnvironment,
    )
    if isinstance(kind, type) and issubclass(kind, SceneObject)
}

View = Callable[[NDArray[Any]], int]  # bytes -> a bufferView
Picture = Callable[[NDArray[Any]], int]  # (H, W, 1 or 3) bytes -> an image


# --- To say it ------------------------------------------------------------------------------------


def describe(scene: Scene, view: View, picture: Picture) -> Tree:
    """Write down a scene with all that it is made of."""
    describer = _Describer(view, picture)
    describer.value(scene)
    return {"version": _VERSION, "objects": describer.objects}


def fingerprint(scene: Scene) -> str:
    """Names a scene by all that it is made of, parameters and arrays: the same in every process.

    Two scenes that have the same are rendered to the same picture. It is no seal: who can choose a
    file's content can choose what it is called by.

    Raises
    ------
    SceneError
        If it holds what no file can, such as objects of classes that are not raywidget's.
    """

    def digest(array: NDArray[Any]) -> Any:
        data = np.ascontiguousarray(array)
        return f"{data.dtype.str}{data.shape}{hashlib.sha256(data.data).hexdigest()}"

    describer = _Describer(digest, digest)
    describer.value(scene)
    for item in describer.objects:
        if item["kind"] not in _KINDS:
            raise SceneError(f"no file can hold a {item['kind']}: it is no class of raywidget")
    text = json.dumps(describer.objects, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(tree: Tree, description: Tree, resources: list[str]) -> Tree:
    """The extras of a file, with the digest that belongs to the rest of it."""
    return {KEY: {**description, "digest": _digest(tree, resources)}}


class _Describer:
    def __init__(self, view: View, picture: Picture) -> None:
        self._view, self._picture = view, picture
        self._numbers: dict[int, int] = {}
        self.objects: list[Tree] = []

    def value(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, tuple | list):
            return [self.value(item) for item in value]
        if isinstance(value, SceneObject):
            return {"object": self._object(value)}
        if isinstance(value, Mapping):
            return {"mapping": {key: self.value(item) for key, item in value.items()}}
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, np.ndarray):
            if value.dtype == np.uint8 and value.ndim == 3:
                return {"picture": self._picture(value)}
            return self._array(value)
        raise SceneError(f"a {type(value).__name__} can't be saved, got {value!r}"[:200])

    def _array(self, value: NDArray[Any]) -> Tree:
        dtype = value.dtype.newbyteorder("<")
        array = np.ascontiguousarray(value, dtype)
        return {"array": self._view(array), "type": dtype.str, "shape": list(value.shape)}

    def _object(self, item: SceneObject) -> int:
        if id(item) not in self._numbers:
            values = item._parameters()
            if isinstance(item, ImageTexture):
                # As it was chosen from its file, of which nothing is said.
                values["image"] = item.pixels
                if item.is_srgb != (item.pixels.dtype == np.uint8):
                    values["encoding"] = "srgb" if item.is_srgb else "linear"
                values.pop("channel", None)
            tree: Tree = {name: self.value(value) for name, value in values.items()}
            if isinstance(item, Volume):  # also of bytes it is no picture
                tree["values"] = self._array(values["values"])
            self.objects.append({"kind": type(item).__name__, "values": tree})
            self._numbers[id(item)] = len(self.objects) - 1
        return self._numbers[id(item)]


# --- To read it -----------------------------------------------------------------------------------


def read(document: Document, picture: Callable[[int, str], NDArray[Any] | None]) -> Scene | None:
    """The scene that stands beside the rest of a file; None, maybe with a note, without one."""
    extras = document.tree.get("extras")
    if not isinstance(extras, dict) or not isinstance(extras.get(KEY), dict):
        return None
    tree = extras[KEY]
    if tree.get("version") != _VERSION:
        document.note("raywidget wrote more into the file than this version of it can read.")
        return None
    try:
        if tree.get("digest") != _digest(document.tree, _resources(document)):
            document.note(
                "The file was changed since raywidget wrote it: it is read as others read it."
            )
            return None
        return _Rebuilder(document, picture).scene(tree)
    except SceneError as error:
        document.note(f"What raywidget wrote beside can't be read ({error}).")
        return None


class _Rebuilder:
    def __init__(
        self, document: Document, picture: Callable[[int, str], NDArray[Any] | None]
    ) -> None:
        self._document, self._picture = document, picture
        self._objects: list[SceneObject] = []

    def scene(self, tree: Tree) -> Scene:
        document = self._document
        for number, item in enumerate(document.objects(tree, "objects", KEY)):
            here = f"{KEY} object {number}"
            name = document.text(item, "kind", here)
            values = document.object(item, "values", here)
            kind = _KINDS.get(name)
            if kind is None:
                raise document.error(here, f"no object is called {name[:40]!r}")
            if issubclass(kind, Backdrop | ImageTexture | ImageEnvironment) and isinstance(
                values.get("image"), str
            ):
                raise document.error(here, "a picture must be part of the file")
            made = {key: self._value(value, here, 0) for key, value in values.items()}
            item_made = kind(**made)
            if isinstance(item_made, ImageEnvironment) and "image" not in made:
                # It is computed from a few numbers.
                document.spend(np.asarray(item_made.image).nbytes, here, on="pictures")
            self._objects.append(item_made)
        last = self._objects[-1] if self._objects else None
        if not isinstance(last, Scene):
            raise document.error(KEY, "its last object must be a Scene")
        return last

    def _value(self, value: Any, here: str, depth: int) -> Any:
        document = self._document
        if depth > _DEEPEST:
            raise document.error(here, "its values are nested too deeply")
        if isinstance(value, list):
            return tuple(self._value(item, here, depth + 1) for item in value)
        if not isinstance(value, dict):
            return value
        if "object" in value:
            index = document.integer(value, "object", here)
            if index >= len(self._objects):
                raise document.error(here, f"refers to object {index}, which does not stand above")
            return self._objects[index]
        if "picture" in value:
            index = document.integer(value, "picture", here)
            pixels = self._picture(index, here)
            if pixels is None:
                raise document.error(here, f"image {index} can't be read")
            document.spend(2 * pixels.nbytes, here, on="pictures")
            return pixels
        if "array" in value:
            return self._array(value, here)
        content = document.object(value, "mapping", here)
        return {key: self._value(item, here, depth + 1) for key, item in content.items()}

    def _array(self, tree: Tree, here: str) -> NDArray[Any]:
        document = self._document
        dtype = document.text(tree, "type", here)
        shape = document.indices(tree, "shape", here)
        data = document.view(document.integer(tree, "array", here), here)
        if dtype not in _DTYPES or len(shape) > 4:
            raise document.error(here, f"no array is {dtype[:8]!r} of {len(shape)} dimensions")
        count = int(np.prod(shape, dtype=object))
        size = np.dtype(dtype).itemsize
        if count * size > len(data):
            raise document.error(here, f"an array of {count:,} numbers does not fit into its bytes")
        document.spend(3 * count * size, here)
        return np.ndarray(tuple(shape), dtype, data)


# --- The seal -------------------------------------------------------------------------------------


def _resources(document: Document) -> list[str]:
    """Digests of the buffers and of the pictures that are files of their own, in order."""
    places = [document.buffer(k, KEY) for k in range(len(document.items("buffers")))]
    for number, image in enumerate(document.items("images")):
        if "uri" in image:
            here = f"image {number}"
            data = document.resource(document.text(image, "uri", here), here)
            if data is None:
                raise document.error(here, "its file is missing")
            places.append(data)
    return [hashlib.sha256(data.data).hexdigest() for data in places]


def _digest(tree: Tree, resources: list[str]) -> str:
    """Of all that a file says beside, however its JSON is laid out."""
    rest = {**tree, "extras": {k: v for k, v in tree.get("extras", {}).items() if k != KEY}}
    text = json.dumps([rest, resources], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
