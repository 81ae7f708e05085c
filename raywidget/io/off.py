"""OFF files, as Geomview describes them ("The OFF file format family"): streams of words."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.files import read_bytes
from raywidget.io.parts import SceneParts
from raywidget.io.pieces import Piece, linear_colors, meshes_of, notes_of
from raywidget.io.points import spheres
from raywidget.io.polygons import triangulate
from raywidget.io.words import NotANumber, as_bytes, numbers, words_of_lines

_KEYWORD = re.compile(rb"(?i:(ST)?(C)?)(N)?(4)?(n)?(?i:OFF)")


def read(path: Path) -> SceneParts:
    """The mesh of an OFF, or its points as balls where it has no faces."""
    notes: list[str] = []
    count: Counter[str] = Counter()
    try:
        piece, points, colors = _read(path, notes)
        shapes: list[Any] = []
        if piece is not None:
            shapes += meshes_of([piece], count)
        else:
            shapes += spheres(points, colors, notes=notes)
    except ValueError as error:
        raise _said(path, error) from None
    return SceneParts(shapes=tuple(shapes), notes=(*notes, *notes_of(count)))


def read_pieces(path: Path) -> tuple[list[Piece], list[str]]:
    """The triangles of an OFF as they stand there, and notes."""
    notes: list[str] = []
    try:
        piece = _read(path, notes)[0]
    except ValueError as error:
        raise _said(path, error) from None
    return [] if piece is None else [piece], notes


def _said(path: Path, error: ValueError) -> SceneError:
    if isinstance(error, SceneError):
        return error
    return SceneError(f"{path.name!r}: is not a sound OFF file: {error}")


class _Words(NamedTuple):
    """All numbers of the file, and where its lines that are not empty begin among them."""

    values: NDArray[np.float64]
    begins: NDArray[np.int64]
    counts: NDArray[np.int64]

    def line_at(self, place: int) -> int | None:
        """The line that begins with that number, if one does."""
        line = int(np.searchsorted(self.begins, place))
        return line if line < len(self.begins) and self.begins[line] == place else None


@np.errstate(invalid="ignore", over="ignore")
def _read(
    path: Path, notes: list[str]
) -> tuple[Piece | None, NDArray[np.float64], NDArray[Any] | None]:
    data = as_bytes(read_bytes(path))
    if b"#" in data[:1024] or b"\n#" in data or b" #" in data:
        data = re.sub(rb"#[^\r\n]*", b"", data)
    whole, data = data, data.lstrip()
    has: tuple[bytes | None, ...] = (None,) * 5
    if keyword := _KEYWORD.match(data):
        has = keyword.groups()
        data = data[keyword.end() :]
    elif not re.match(rb"[0-9]+\s", data[:32]):
        raise ValueError("it begins neither with 'OFF' nor with a number")
    if data[:64].lstrip().upper().startswith(b"BINARY"):
        raise ValueError("it is in bytes (OFF BINARY), which isn't read; save it as text")
    before = whole[: len(whole) - len(data)]
    words = _words(data, 1 + before.count(b"\n") + before.replace(b"\r\n", b"").count(b"\r"))
    has_uvs, has_colors, has_normals, has_weight, other_space = (word is not None for word in has)
    if other_space:
        raise ValueError("it is of another space than three dimensions (nOFF)")
    vertex_count, face_count, at = _counts(words)
    table, at = _vertices(
        words, at, vertex_count, 3 + has_weight + 3 * has_normals + 2 * has_uvs, has_colors
    )
    points, rest = table[:, :3], table[:, 3:]
    if has_weight:
        with np.errstate(divide="ignore", invalid="ignore"):
            points = points / rest[:, :1]
        rest = rest[:, 1:]
    normals = None
    if has_normals:
        normals, rest = rest[:, :3], rest[:, 3:]
    uvs = None
    if has_uvs:
        uvs, rest = rest[:, rest.shape[1] - 2 :], rest[:, : rest.shape[1] - 2]
    colors = linear_colors(rest[:, :3]) if rest.shape[1] in (3, 4) else None
    points = np.ascontiguousarray(points)
    faces = _faces(words, at, face_count, notes)
    if not len(faces.counts):
        return None, points, colors
    bad = (faces.corners < 0) | (faces.corners >= vertex_count) | (faces.corners % 1 != 0)
    if bad.any():
        raise ValueError(f"a face names vertex {faces.corners[bad][0]:g} of {vertex_count:,}")
    corners = faces.corners.astype(np.int64)
    if few := int((faces.counts < 3).sum()):
        notes.append(f"{few:,} face{'s' * (few > 1)} of less than three corners left out")
    split = triangulate(points, corners, faces.counts)
    if split.crossed:
        notes.append(f"{split.crossed:,} polygons cross themselves; they look as they may")
    face_colors = None if faces.colors is None else faces.colors[split.polygons]
    if colors is not None and face_colors is not None:
        notes.append("both vertices and faces have colours; those of vertices are shown")
        face_colors = None
    piece = Piece(
        vertices=points,
        faces=corners[split.corners],
        normals=normals,
        uvs=uvs,
        colors=colors,
        face_colors=face_colors,
        polygons=split.of_many(),
    )
    return piece, points, colors


def _words(data: bytes, first_line: int) -> _Words:
    text = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") + b"\n"
    counts = words_of_lines(text)
    begins = np.cumsum(counts) - counts
    try:
        values = numbers(text, int(counts.sum()))
    except NotANumber as error:
        line = int(np.searchsorted(np.cumsum(counts), error.place, side="right"))
        raise ValueError(f"line {first_line + line}: {error}") from None
    return _Words(values, begins[counts > 0], counts[counts > 0])


def _counts(words: _Words) -> tuple[int, int, int]:
    """Numbers of vertices and faces, and where vertices begin; edges may be left out."""
    size = 2 if len(words.counts) and words.counts[0] == 2 else 3
    found = words.values[:size]
    if len(found) < size or (found[:2] < 0).any() or (found[:2] % 1 != 0).any():
        raise ValueError("it does not begin with the numbers of vertices, faces and edges")
    vertices, faces = found[:2]
    if 3 * vertices + faces > len(words.values) - size:
        raise ValueError(
            f"its header promises {vertices:,.0f} vertices and {faces:,.0f} faces, but only "
            f"{len(words.values) - size:,} numbers follow: it is damaged, or cut"
        )
    return int(vertices), int(faces), size


def _vertices(
    words: _Words, at: int, count: int, least: int, has_colors: bool
) -> tuple[NDArray[np.float64], int]:
    """(count, width) numbers of the vertices, and where they end."""
    line = words.line_at(at)
    width = least + 4 * has_colors
    if line is not None and count and line + count <= len(words.counts):
        found = int(words.counts[line])
        if found >= least and (words.counts[line : line + count] == found).all():
            width = found
    if width * count > len(words.values) - at:
        raise ValueError("it ends within its vertices: it is cut")
    return words.values[at : at + width * count].reshape(count, width), at + width * count


class _Faces(NamedTuple):
    corners: NDArray[np.float64]
    counts: NDArray[np.int64]
    colors: NDArray[np.float32] | None


def _faces(words: _Words, at: int, count: int, notes: list[str]) -> _Faces:
    if not count:
        return _Faces(np.empty(0), np.empty(0, np.int64), None)
    line = words.line_at(at)
    if line is not None and line + count <= len(words.counts):
        begins = words.begins[line : line + count]
        sizes = words.values[begins]
        many = words.counts[line : line + count]
        if ((sizes >= 0) & (sizes % 1 == 0) & (sizes < many)).all():
            counts = sizes.astype(np.int64)
            extra = many - 1 - counts
            colors = _colors(words, begins, many, extra, notes)
            return _Faces(_of(words, begins + 1, counts), counts, colors)
    # Words in any lines: without colours, or with what is left of a line as a colour.
    found, end = _walk(words, at, count, by_lines=False)
    if found is None or end != len(words.values):
        other, _ = _walk(words, at, count, by_lines=True)
        found = found if other is None else other
    if found is None:
        raise ValueError(f"it ends within its {count:,} faces: it is cut, or damaged")
    counts = words.values[found].astype(np.int64)
    return _Faces(_of(words, found + 1, counts), counts, None)


def _of(words: _Words, begins: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[Any]:
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(words.values[np.repeat(begins, counts) + within])


def _walk(
    words: _Words, at: int, count: int, by_lines: bool
) -> tuple[NDArray[np.int64] | None, int]:
    """Where each face begins, and the last one ends; None if they go beyond the file's end."""
    total = len(words.values)
    begins = np.empty(count, np.int64)
    ends = words.begins + words.counts
    for face in range(count):
        if at >= total:
            return None, at
        size = words.values[at]
        if not 0 <= size < total - at or size % 1:
            return None, at
        begins[face] = at
        at += 1 + int(size)
        if by_lines:
            at = int(ends[np.searchsorted(ends, at)]) if at < total else at
    return begins, at


def _colors(
    words: _Words,
    begins: NDArray[np.int64],
    many: NDArray[np.int64],
    extra: NDArray[np.int64],
    notes: list[str],
) -> NDArray[np.float32] | None:
    """(F, 3) linear colours of faces, from the three or four numbers behind their corners."""
    colored = (extra == 3) | (extra == 4)
    if indexed := int((extra == 1).sum()):
        notes.append(f"{indexed:,} colours that are numbers of a colour map left out")
    if not colored.any():
        return None
    places = (begins + many - extra)[colored]
    result = np.full((len(begins), 3), 0.5, np.float32)  # grey, as where nothing is said
    result[colored] = linear_colors(words.values[places[:, None] + np.arange(3)])
    return result
