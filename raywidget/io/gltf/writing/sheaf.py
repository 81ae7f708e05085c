"""The JSON and the bytes of a glTF file that is being written; equal bytes are stored once."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tree = dict[str, Any]

VERTICES, INDICES = 34962, 34963  # what a bufferView is for

_COMPONENTS = {"u1": 5121, "u2": 5123, "u4": 5125, "f4": 5126}
_KINDS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
_ALIGNMENT = 8  # the largest number that is stored


class Sheaf:
    """What is written, piece by piece."""

    def __init__(self, *, apart: bool) -> None:
        self.lists: dict[str, list[Tree]] = {}
        self.extensions: set[str] = set()
        self.parts: list[memoryview] = []  # of the buffer, one after the other
        self.size = 0
        self.apart = apart  # do pictures get files of their own?
        self.pictures: list[bytes] = []  # PNG, by their number in "images"
        self._notes: Counter[str] = Counter()
        self._known: dict[Any, int] = {}
        self._digests: dict[bytes, Any] = {}  # of bytes -> the first view of them

    def note(self, text: str) -> None:
        """Remember a sentence; what is said twice is counted."""
        self._notes[text] += 1

    def notes(self) -> tuple[str, ...]:
        """All that was said, in order."""
        return tuple(
            text if count == 1 else f"{text} ({count} times)" for text, count in self._notes.items()
        )

    def add(self, kind: str, tree: Tree) -> int:
        """Append to one of the lists at the top, such as "nodes"; returns the index."""
        items = self.lists.setdefault(kind, [])
        items.append(tree)
        return len(items) - 1

    def once(self, kind: str, tree: Tree) -> int:
        """As `add`, but what is equal has one index."""
        key = (kind, repr(sorted(tree.items())))
        if key not in self._known:
            self._known[key] = self.add(kind, tree)
        return self._known[key]

    def extend(self, tree: Tree, name: str, content: Tree) -> None:
        """Give an object an extension."""
        self.extensions.add(name)
        tree.setdefault("extensions", {})[name] = content

    def view(self, data: NDArray[Any] | bytes, target: int | None = None, row: int = 0) -> int:
        """The index of a bufferView with these bytes; without a target, one with any will do.

        Vertices say how many bytes a row has.
        """
        plain: Any = np.ascontiguousarray(data) if isinstance(data, np.ndarray) else data
        raw = memoryview(plain)
        raw = raw.cast("B") if raw.nbytes else memoryview(b"\0" * 4)
        digest = hashlib.sha256(raw).digest()
        key = ("view", digest, target, row)
        if key not in self._known and target is None:
            key = self._digests.get(digest, key)
        if key not in self._known:
            pad = -self.size % _ALIGNMENT
            if pad:
                self.parts.append(memoryview(b"\0" * pad))
            tree = {"buffer": 0, "byteOffset": self.size + pad, "byteLength": raw.nbytes}
            if row:
                tree["byteStride"] = row
            if target is not None:
                tree["target"] = target
            self._digests.setdefault(digest, key)
            self.parts.append(raw)
            self.size += pad + raw.nbytes
            self._known[key] = self.add("bufferViews", tree)
        return self._known[key]

    def accessor(
        self, array: NDArray[Any], target: int | None = None, *, bounded: bool = False
    ) -> int:
        """The index of an accessor of (N,) or (N, columns) numbers; `bounded` with its extremes."""
        columns = 1 if array.ndim == 1 else array.shape[1]
        tree: Tree = {
            "bufferView": self.view(
                array, target, array.itemsize * columns if target == VERTICES else 0
            ),
            "componentType": _COMPONENTS[array.dtype.str[1:]],
            "count": len(array),
            "type": _KINDS[columns],
        }
        if bounded:
            tree["min"] = np.atleast_1d(array.min(axis=0)).tolist()
            tree["max"] = np.atleast_1d(array.max(axis=0)).tolist()
        return self.once("accessors", tree)

    def picture(self, pixels: NDArray[Any]) -> int:
        """The index of an image of (H, W, 1, 3 or 4) numbers of 8 or 16 bits without a sign."""
        digest = hashlib.sha256(pixels.tobytes()).digest()
        key = ("picture", digest, pixels.shape, pixels.dtype.str)
        if key not in self._known:
            png = encode_png(pixels)
            self.pictures.append(png)
            tree: Tree = {"mimeType": "image/png"}
            if not self.apart:
                tree["bufferView"] = self.view(png)
            self._known[key] = self.add("images", tree)
        return self._known[key]


def encode_png(pixels: NDArray[Any]) -> bytes:
    """(H, W, 1, 3 or 4) numbers of 8 or 16 bits as a PNG, by Pillow where it can."""
    height, width, channels = pixels.shape
    if pixels.dtype == np.uint8:
        from PIL import Image

        buffer = io.BytesIO()
        flat = pixels[:, :, 0] if channels == 1 else pixels
        Image.fromarray(np.ascontiguousarray(flat)).save(buffer, format="PNG")
        return buffer.getvalue()
    # Pillow writes no colours of 16 bits (PNG specification, sections 5, 9 and 11).
    kind = {1: 0, 3: 2, 4: 6}[channels]
    rows = np.zeros((height, 1 + 2 * width * channels), np.uint8)  # a filter of 0 begins each
    rows[:, 1:] = np.ascontiguousarray(pixels, ">u2").view(np.uint8).reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
