"""STL files, in text and in bytes, with the colours that two programs put between the triangles."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.files import read_bytes
from raywidget.io.parts import SceneParts
from raywidget.io.pieces import Piece, parts_of
from raywidget.io.polygons import triangulate
from raywidget.io.words import Text
from raywidget.scene.values.colors import decode_srgb

_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_HEAD = 84


def read(path: Path) -> SceneParts:
    """The solids of an STL; a text file may have several, each with its name."""
    return parts_of(path, read_pieces)


def read_pieces(path: Path) -> tuple[list[Piece], list[str]]:
    """The triangles of an STL as they stand there, and notes."""
    data = read_bytes(path)
    notes: list[str] = []
    try:
        if _is_text(data):
            return _text(data, notes), notes
        return _binary(data, notes), notes
    except ValueError as error:
        raise SceneError(f"{path.name!r}: is not a sound STL file: {error}") from None


def _is_text(data: bytes) -> bool:
    """Is it text? Many binary files begin with "solid", too."""
    if len(data) >= _HEAD:
        promised = int.from_bytes(data[80:84], "little")
        if len(data) == _HEAD + promised * _FACET.itemsize:
            return False
    head = data[: 1 << 14]
    if b"\0" in head:
        return False
    start = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"solid", b"facet")) and (
        b"facet" in head.lower() or len(data) < _HEAD or b"endsolid" in head.lower()
    )


# --- Bytes ----------------------------------------------------------------------------------------


def _binary(data: bytes, notes: list[str]) -> list[Piece]:
    if len(data) < _HEAD:
        raise ValueError(f"it has {len(data)} bytes; its header alone has {_HEAD}")
    promised = int.from_bytes(data[80:84], "little")
    whole = (len(data) - _HEAD) // _FACET.itemsize
    if promised > whole:
        if not whole or not _plausible(data, whole):
            raise ValueError(
                f"its header promises {promised:,} triangles, but there are bytes for {whole:,}"
            )
        notes.append(f"it is cut: {whole:,} of {promised:,} triangles are there")
    behind = len(data) - _HEAD - promised * _FACET.itemsize
    if behind > 0:
        notes.append(f"{behind:,} bytes behind the last triangle left out")
    facets = np.frombuffer(data, _FACET, min(promised, whole), _HEAD)
    if not len(facets):
        return []
    return [
        Piece(
            vertices=facets["corners"].reshape(-1, 3),
            faces=np.arange(3 * len(facets)).reshape(-1, 3),
            face_colors=_colors(data[:80], facets["attribute"]),
        )
    ]


def _plausible(data: bytes, whole: int) -> bool:
    """Do the bytes look like triangles at all, so that a part of them is worth having?"""
    some = np.frombuffer(data, _FACET, min(whole, 1000), _HEAD)["corners"]
    with np.errstate(invalid="ignore", over="ignore"):
        sizes = np.abs(some)
        odd = ~np.isfinite(some) | (sizes > 1e15) | ((sizes < 1e-30) & (sizes > 0.0))
    return bool(odd.mean() < 0.01)


def _colors(head: bytes, attributes: NDArray[np.uint16]) -> NDArray[np.float32] | None:
    """Linear colours (F, 3), if the file has them.

    VisCAM and SolidView: bit 15 says that the triangle has a colour, blue is in the lowest five
    bits. Materialise Magics: a colour for all stands in the header, bit 15 says that it holds for
    the triangle, too, and red is in the lowest bits.
    """
    bits = attributes.astype(np.int64)
    low, middle, high = (((bits >> shift) & 31) / 31.0 for shift in (0, 5, 10))
    own = bits >> 15 == 0
    magics = head.find(b"COLOR=")
    if 0 <= magics <= 80 - 10:
        default = np.frombuffer(head, np.uint8, 3, magics + 6) / 255.0
        found = np.stack([low, middle, high], axis=1)
        found[~own] = default
        return decode_srgb(found).astype(np.float32)
    if own.all():
        return None
    found = np.stack([high, middle, low], axis=1)
    result = decode_srgb(found).astype(np.float32)
    result[own] = 0.5  # grey, as a shape of which nothing is said
    return result


# --- Text -----------------------------------------------------------------------------------------


def _text(data: bytes, notes: list[str]) -> list[Piece]:
    text = Text(data)
    rows = _lines_of(text, b"vertex")
    if data.lower().count(b"vertex") > 2 * len(rows):  # words may stand on any line
        keyword = re.compile(rb"(?i)\b(vertex|endloop|endfacet|facet|outer|endsolid)\b")
        text = Text(keyword.sub(rb"\n\1", data))
        rows = _lines_of(text, b"vertex")
    facets = _lines_of(text, b"facet")
    if not len(rows):
        if len(facets) or not _lines_of(text, b"endsolid").size:
            raise ValueError("it is cut before its first triangle")
        return []
    # The last line may be cut within a number: it counts only if the triangle's end is there.
    ends = _lines_of(text, b"endloop")
    ends = ends if len(ends) else _lines_of(text, b"endfacet")
    last = rows[-1]
    if not len(ends) or ends[-1] < last:
        closed = np.searchsorted(rows, ends[-1]) if len(ends) else 0
        notes.append(f"it is cut: the last triangle, of {len(rows) - closed:,} corners, left out")
        rows = rows[:closed]
        if not len(rows):
            raise ValueError("it is cut within its first triangle")
    table = text.table(rows, len(b"vertex"))
    if (table.counts != 3).any():
        row = rows[np.argmax(table.counts != 3)]
        raise ValueError(f"line {text.number(row)}: a vertex has three numbers")
    points = table.columns(0, 3)
    loops = np.searchsorted(rows, ends[ends > rows[0]])
    counts = np.diff(loops, prepend=0).astype(np.int64)
    counts = counts[counts > 0]
    if (counts < 3).any():
        notes.append(f"{int((counts < 3).sum()):,} triangles of less than three corners left out")
    split = triangulate(points, np.arange(len(points)), counts)
    return _solids(text, points, rows, split.corners)


def _solids(
    text: Text, points: NDArray[Any], rows: NDArray[np.int64], faces: NDArray[np.int64]
) -> list[Piece]:
    """A piece for each solid."""
    begins = _lines_of(text, b"solid")
    which = np.searchsorted(begins, rows[faces[:, 0]], side="right") - 1
    pieces = []
    order = np.flatnonzero(np.diff(which, prepend=-2))
    for first, last in zip(order, [*order[1:], len(faces)], strict=True):
        part = faces[first:last]
        low, high = int(part.min()), int(part.max()) + 1
        solid = int(which[first])
        name = b"" if solid < 0 else text.line(int(begins[solid]))[len(b"solid") :].strip()
        pieces.append(
            Piece(
                vertices=points[low:high],
                faces=part - low,
                name=name.decode("utf-8", "replace") or None,
            )
        )
    return pieces


def _lines_of(text: Text, word: bytes) -> NDArray[np.int64]:
    """The lines that begin with a word, in capitals or not."""
    found = np.ones(len(text.starts), bool)
    for place, letter in enumerate(word[:8]):
        found &= (text.letters(place) | 32) == letter
    rows = np.flatnonzero(found)
    behind = text.bytes[np.minimum(text.starts[rows] + len(word), len(text.bytes) - 1)]
    return rows[behind <= 32]
