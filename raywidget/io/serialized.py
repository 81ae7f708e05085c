"""Mitsuba's own files of meshes, ``.serialized``: several in one, each packed by deflate.

Two magic numbers, 0x041C and the version (3 or 4), begin each mesh; what follows is packed. The
last four bytes of the file tell how many meshes there are, and before them stands where each of
them begins (in 4 bytes each in version 3, in 8 in version 4). As told in the documentation of
Mitsuba 0.6 and 3, plugin `serialized`.
"""

from __future__ import annotations

import struct
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.files import read_bytes
from raywidget.io.parts import SceneParts
from raywidget.io.pieces import Piece, parts_of
from raywidget.scene.values.checks import MAX_ROWS

_MAGIC = 0x041C
_NORMALS, _UVS, _COLORS, _FLAT, _DOUBLE = 0x1, 0x2, 0x8, 0x10, 0x2000
_MAX_NAME = 1 << 12
_HEAD = 4


def read(path: Path) -> SceneParts:
    """All meshes of a file, each with its name."""
    return parts_of(path, read_pieces)


def read_pieces(path: Path, index: int | None = None) -> tuple[list[Piece], list[str]]:
    """All meshes of a file as they stand there, or the one of an index from 0 on; and notes.

    Raises
    ------
    SceneError
        If the file can't be read, is malformed, promises more than it has, or has no such mesh.
    """
    data = read_bytes(path)
    try:
        begins = _begins(data)
        if index is not None:
            if not 0 <= index < len(begins) - 1:
                raise ValueError(f"there is no mesh {index}, but {len(begins) - 1} from 0 on")
            begins = begins[index : index + 2]
        return [_piece(data, start, end) for start, end in pairwise(begins)], []
    except (ValueError, struct.error) as error:
        message = f"{path.name!r}: is not a sound file of Mitsuba's meshes: {error}"
        raise SceneError(message) from None


def _begins(data: bytes) -> list[int]:
    """Where each mesh begins, and at last where that table does."""
    if len(data) < 2 * _HEAD:
        raise ValueError(f"it has {len(data)} bytes alone")
    magic, version = struct.unpack_from("<HH", data)
    if magic != _MAGIC or version not in (3, 4):
        raise ValueError("it does not begin with 0x041C and a version of 3 or 4")
    (count,) = struct.unpack_from("<I", data, len(data) - 4)
    width = 8 if version == 4 else 4
    table = len(data) - 4 - count * width
    if count < 1 or table < _HEAD:
        raise ValueError(f"it promises {count:,} meshes, for which it is too short")
    begins = [*struct.unpack_from(f"<{count}{'Q' if version == 4 else 'I'}", data, table), table]
    if begins[0] < 0 or any(a + _HEAD > b for a, b in pairwise(begins)):
        raise ValueError("its meshes don't stand one after the other")
    return begins


class _Unpacked:
    """What is packed, unpacked as far as it is asked for: a short file may promise terabytes."""

    def __init__(self, data: bytes) -> None:
        self._inflate = zlib.decompressobj()
        self._rest = data
        self._ready = bytearray()

    def take(self, count: int) -> bytes:
        while len(self._ready) < count:
            try:
                more = self._inflate.decompress(self._rest, count - len(self._ready))
            except zlib.error as error:
                raise ValueError(f"what is packed is damaged: {error}") from None
            self._rest = self._inflate.unconsumed_tail
            if not more:
                raise ValueError(f"{count:,} bytes are missing at its end")
            self._ready += more
        taken = bytes(self._ready[:count])
        del self._ready[:count]
        return taken

    def text(self) -> str:
        """Up to a null."""
        letters = bytearray()
        while (letter := self.take(1)) != b"\0":
            letters += letter
            if len(letters) > _MAX_NAME:
                raise ValueError(f"a name has over {_MAX_NAME:,} letters")
        return letters.decode("utf-8", "replace")

    def rows(self, count: int, width: int, kind: str) -> NDArray[Any]:
        size = count * width * np.dtype(kind).itemsize
        return np.frombuffer(self.take(size), kind).reshape(count, width)


def _piece(data: bytes, start: int, end: int) -> Piece:
    magic, version = struct.unpack_from("<HH", data, start)
    if magic != _MAGIC or version not in (3, 4):
        raise ValueError("a mesh does not begin with 0x041C and a version of 3 or 4")
    unpacked = _Unpacked(data[start + _HEAD : end])
    (flags,) = struct.unpack("<I", unpacked.take(4))
    name = unpacked.text() if version == 4 else ""
    vertices, triangles = struct.unpack("<QQ", unpacked.take(16))
    if max(vertices, triangles) > MAX_ROWS:
        raise ValueError(f"a mesh has more than {MAX_ROWS:,} vertices or triangles")
    real = "<f8" if flags & _DOUBLE else "<f4"
    positions = unpacked.rows(vertices, 3, real)
    normals = unpacked.rows(vertices, 3, real) if flags & _NORMALS else None
    uvs = unpacked.rows(vertices, 2, real) if flags & _UVS else None
    colors = unpacked.rows(vertices, 3, real) if flags & _COLORS else None
    faces = unpacked.rows(triangles, 3, "<u4").astype(np.int64)
    if triangles and int(faces.max()) >= vertices:
        raise ValueError(f"a triangle has a vertex {int(faces.max())}, of {vertices}")
    return Piece(
        vertices=positions,
        faces=faces,
        normals=None if flags & _FLAT else normals,
        uvs=uvs,
        colors=colors,
        name=name or None,
    )
