"""The JSON of a glTF file and the bytes that it speaks of, neither of which is trusted.

Every value that is taken out of the JSON goes through a function here that knows what it must be;
whatever isn't becomes one SceneError with the file and the place ("accessor 3"). Bytes come from
the file itself, from data: URIs, and from files below its folder, and from nowhere else.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.files import beside, read_bytes

Tree = dict[str, Any]
Bytes = NDArray[np.uint8]

_HEAD = struct.Struct("<4sII")  # magic, version, length of the whole
_CHUNK = struct.Struct("<II")  # length, type
_JSON, _BIN = 0x4E4F534A, 0x004E4942

_FLOOR = 1 << 28
_MULTIPLE = 64


class Document:
    """A glTF file: its JSON, its bytes, and what there is to say about it.

    What arrays and pictures take up in memory is counted as they are made: at most 64 times what
    the files hold, and 256 MiB for pictures, 256 MiB for everything else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._notes: Counter[str] = Counter()
        data = read_bytes(path)
        self._size = len(data)
        self._spent: Counter[str] = Counter()
        self._buffers: dict[int, Bytes] = {}
        self._views: dict[int, Bytes] = {}
        self.unpacked: dict[int, Bytes] = {}  # bufferViews that were compressed
        text: bytes = data
        self._binary: Bytes | None = None
        if data[:4] == b"glTF":
            text, self._binary = self._chunks(data)
        elif path.suffix.lower() == ".glb":
            raise self.error("", "is not a sound GLB file: it does not begin with glTF")
        try:
            tree = json.loads(text.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
            raise self.error("", f"is no glTF: its JSON can't be read: {reason[:200]}") from None
        if not isinstance(tree, dict):
            raise self.error("", "is no glTF: its JSON must be an object")
        self.tree: Tree = tree
        self._check_version()

    # --- What is said ----------------------------------------------------------------------------

    def error(self, place: str, text: str) -> SceneError:
        """Make the error to raise, about a place of the file."""
        where = f", {place}" if place else ""
        return SceneError(f"{self.path.name!r}{where}: {text}")

    def note(self, text: str) -> None:
        """Remember a sentence about the file; what is said twice is counted."""
        self._notes[text] += 1

    def notes(self) -> tuple[str, ...]:
        """All that was said, in order."""
        return tuple(
            text if count == 1 else f"{text} ({count} times)" for text, count in self._notes.items()
        )

    def spend(self, size: int, place: str, *, on: str = "arrays") -> None:
        """Count bytes that are about to be taken from memory; an error where they are too many."""
        self._spent[on] += size
        most = _FLOOR + _MULTIPLE * self._size
        if self._spent[on] > most:
            raise self.error(
                place,
                f"the file unfolds to more than {most:,} bytes of {on} out of {self._size:,}; "
                "it is damaged, or made to fill the memory",
            )

    # --- JSON ------------------------------------------------------------------------------------

    def items(self, kind: str) -> list[Tree]:
        """The list of that name at the top, such as "nodes"."""
        return self.objects(self.tree, kind, "")

    def item(self, kind: str, index: object, place: str) -> Tree:
        """One of them."""
        items = self.items(kind)
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(items):
            raise self.error(
                place, f"refers to {kind}[{_brief(index)}], but there are {len(items)} {kind}"
            )
        return items[index]

    def objects(self, owner: Tree, key: str, place: str) -> list[Tree]:
        """A list of objects; empty where there is none."""
        value = owner.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(place, f"{key} must be a list of objects, got {_brief(value)}")
        return value

    def object(self, owner: Tree, key: str, place: str) -> Tree:
        """An object; empty where there is none."""
        value = owner.get(key, {})
        if not isinstance(value, dict):
            raise self.error(place, f"{key} must be an object, got {_brief(value)}")
        return value

    def extension(self, owner: Tree, name: str, place: str) -> Tree | None:
        """An extension of an object, or None."""
        extensions = self.object(owner, "extensions", place)
        return self.object(extensions, name, place) if name in extensions else None

    def integer(
        self, owner: Tree, key: str, place: str, default: int | None = None, most: int = 2**53
    ) -> int:
        """An integer >= 0."""
        value = owner.get(key, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise self.error(place, f"{key} must be an integer in [0, {most}], got {_brief(value)}")
        return value

    def index(self, owner: Tree, key: str, place: str) -> int | None:
        """An index, or None where there is none."""
        return self.integer(owner, key, place) if key in owner else None

    def indices(self, owner: Tree, key: str, place: str) -> list[int]:
        """A list of indices; empty where there is none."""
        value = owner.get(key, [])
        whole = isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)
        if not whole:
            raise self.error(place, f"{key} must be a list of integers >= 0, got {_brief(value)}")
        return list(value)

    def number(self, owner: Tree, key: str, place: str, default: float) -> float:
        """A finite number."""
        value = owner.get(key, default)
        if not _is_number(value):
            raise self.error(place, f"{key} must be a finite number, got {_brief(value)}")
        return float(value)

    def unit(self, owner: Tree, key: str, place: str, default: float) -> float:
        """A number in [0, 1]; what lies outside is clipped, with a note."""
        value = self.number(owner, key, place, default)
        if not 0.0 <= value <= 1.0:
            self.note(f"{place}: {key} = {value:g} was clipped to [0, 1].")
        return min(1.0, max(0.0, value))

    def numbers(
        self, owner: Tree, key: str, place: str, default: tuple[float, ...]
    ) -> tuple[float, ...]:
        """As many finite numbers as the default has."""
        value = owner.get(key, default)
        right = isinstance(value, list | tuple) and len(value) == len(default)
        if not right or not all(_is_number(item) for item in value):
            expected = f"{len(default)} finite numbers"
            raise self.error(place, f"{key} must be {expected}, got {_brief(value)}")
        return tuple(float(item) for item in value)

    def text(self, owner: Tree, key: str, place: str, default: str = "") -> str:
        """A string."""
        value = owner.get(key, default)
        if not isinstance(value, str):
            raise self.error(place, f"{key} must be a string, got {_brief(value)}")
        return value

    def flag(self, owner: Tree, key: str, place: str) -> bool:
        """True or false; false where nothing is said."""
        value = owner.get(key, False)
        if not isinstance(value, bool):
            raise self.error(place, f"{key} must be true or false, got {_brief(value)}")
        return value

    def words(self, key: str) -> list[str]:
        """A list of strings at the top."""
        value = self.tree.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error("", f"{key} must be a list of strings, got {_brief(value)}")
        return value

    # --- Bytes -----------------------------------------------------------------------------------

    def view(self, index: int, place: str) -> Bytes:
        """The bytes of a bufferView."""
        if index not in self._views:
            view = self.item("bufferViews", index, place)
            here = f"bufferView {index}"
            if "buffer" not in view:
                raise self.error(here, "it names no buffer")
            buffer = self.buffer(self.integer(view, "buffer", here), here)
            self._views[index] = self.part(view, buffer, here)
        return self._views[index]

    def part(self, view: Tree, buffer: Bytes, place: str) -> Bytes:
        """The bytes from byteOffset on, byteLength of them."""
        start = self.integer(view, "byteOffset", place, 0)
        length = self.integer(view, "byteLength", place)
        if start + length > len(buffer):
            raise self.error(
                place, f"ends at byte {start + length:,} of a buffer of {len(buffer):,}"
            )
        return buffer[start : start + length]

    def buffer(self, index: int, place: str) -> Bytes:
        """The bytes of a buffer."""
        if index not in self._buffers:
            buffer = self.item("buffers", index, place)
            here = f"buffer {index}"
            length = self.integer(buffer, "byteLength", here)
            if "uri" in buffer:
                data = self.resource(self.text(buffer, "uri", here), here)
                if data is None:
                    uri = buffer["uri"][:100]
                    raise self.error(here, f"there is no file {uri!r} in its folder")
            elif index == 0 and self._binary is not None:
                data = self._binary
            else:
                raise self.error(here, "it has no uri, and the file no binary part")
            if len(data) < length:
                raise self.error(here, f"must have {length:,} bytes, got {len(data):,}")
            self._buffers[index] = data[:length]
        return self._buffers[index]

    def resource(self, uri: str, place: str) -> Bytes | None:
        """The bytes behind a URI: a data: URI, or a file below the folder; None if none is there.

        Nothing is fetched from a network.
        """
        if uri[:5].lower() == "data:":
            head, comma, body = uri.partition(",")
            if not comma:
                raise self.error(place, "its data: URI has no data")
            try:
                if head.lower().endswith(";base64"):
                    raw = base64.b64decode(body.strip() + "=" * (-len(body.strip()) % 4))
                else:
                    raw = unquote(body).encode("latin-1")
            except (binascii.Error, UnicodeEncodeError) as error:
                raise self.error(place, f"its data: URI can't be read: {error}") from None
            return np.frombuffer(raw, np.uint8)
        if "://" in uri:
            return None
        file = beside(self.path, unquote(uri)) or beside(self.path, uri)
        if file is None:
            return None
        data = read_bytes(file)
        self._size += len(data)
        return np.frombuffer(data, np.uint8)

    def _chunks(self, data: bytes) -> tuple[bytes, Bytes | None]:
        """The JSON and the binary part of a GLB."""
        if len(data) < _HEAD.size + _CHUNK.size:
            raise self.error("", "is not a sound GLB file: it is too short")
        _, version, length = _HEAD.unpack_from(data)
        if version != 2:
            raise self.error("", f"is glTF of version {version}; only version 2 can be read")
        if length > len(data):
            raise self.error("", f"is cut short: it must have {length:,} bytes, got {len(data):,}")
        size, kind = _CHUNK.unpack_from(data, _HEAD.size)
        start = _HEAD.size + _CHUNK.size
        if kind != _JSON or start + size > len(data):
            raise self.error("", "is not a sound GLB file: its first part is no JSON")
        text = data[start : start + size]
        at = start + size
        while at + _CHUNK.size <= len(data):
            size, kind = _CHUNK.unpack_from(data, at)
            at += _CHUNK.size
            if at + size > len(data):
                raise self.error(
                    "", f"is cut short: a part ends at byte {at + size:,} of {len(data):,}"
                )
            if kind == _BIN:
                return text, np.frombuffer(data, np.uint8, size, at)
            at += size
        return text, None

    def _check_version(self) -> None:
        asset = self.object(self.tree, "asset", "")
        version = asset.get("minVersion", asset.get("version"))
        if not isinstance(version, str) or version.split(".")[0] != "2":
            said = f"version {version}" if isinstance(version, str) else "no version"
            old = "; glTF 1.0 can be brought to 2.0 by gltf-pipeline or Blender"
            raise self.error(
                "",
                f"says {said} of glTF; only version 2 can be read"
                + (old if isinstance(version, str) and version.startswith("1") else ""),
            )


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _brief(value: object) -> str:
    text = (
        repr(value) if not isinstance(value, int) or value.bit_length() < 1000 else "a huge number"
    )
    return text if len(text) <= 60 else text[:57] + "..."
