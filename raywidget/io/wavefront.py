"""OBJ files of Wavefront, with the materials of their MTL files.

After the description in "Wavefront Advanced Visualizer", appendix B1 (1992): vertices with weights
or colours, texture coordinates and normals, polygons, objects, groups, smoothing groups and
materials. Curves, surfaces and lines are left out.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.files import beside, read_bytes
from raywidget.io.parts import SceneParts
from raywidget.io.pieces import Piece, linear_colors, meshes_of, notes_of
from raywidget.io.points import spheres
from raywidget.io.polygons import triangulate
from raywidget.io.wavefront_materials import Library, read_library
from raywidget.io.words import NotANumber, Table, Text, as_bytes, blanks, numbers, words_of_lines

_ABSENT = -(2**62)


def read(path: Path) -> SceneParts:
    """Meshes of an OBJ, one for each object, group and material; points, where it has no faces."""
    notes: list[str] = []
    pieces, points = _read(path, notes, materials=True)
    count: Counter[str] = Counter()
    try:
        shapes: list[Any] = [*meshes_of(pieces, count)]
        if points is not None:
            shapes += spheres(*points, notes=notes)
    except ValueError as error:
        raise SceneError(f"{path.name!r}: {error}") from None
    return SceneParts(shapes=tuple(shapes), notes=(*notes, *notes_of(count)))


def read_pieces(path: Path) -> tuple[list[Piece], list[str]]:
    """The triangles of an OBJ as they stand there, without materials, and notes."""
    notes: list[str] = []
    return _read(path, notes, materials=False)[0], notes


@np.errstate(invalid="ignore", over="ignore")
def _read(
    path: Path, notes: list[str], materials: bool
) -> tuple[list[Piece], tuple[NDArray[Any], NDArray[Any] | None] | None]:
    text = Text(as_bytes(read_bytes(path)))
    try:
        kinds = _kinds(text)
        rows = {kind: np.flatnonzero(kinds == kind) for kind in (_V, _VT, _VN, _F)}
        points, colors = _vertices(text, rows[_V])
        if not len(rows[_F]):
            if not len(points):
                raise ValueError("there are no vertices in it; is it an OBJ file?")
            return [], (points, colors)
        uvs = _uvs(text.table(rows[_VT], 2))
        normals = _normals(text, rows[_VN])
        tables = [points, uvs, normals]
        corners, counts = _corners(text, rows, [len(table) for table in tables], notes)
        runs = _runs(text, np.flatnonzero(kinds == _OTHER), rows[_F], notes)
        split = triangulate(points, corners[:, 0], counts)
        if split.crossed:
            notes.append(f"{split.crossed:,} polygons cross themselves; they look as they may")
        library = Library({})
        if materials:
            library = _library(path, runs.libraries, notes)
        pieces = _pieces(tables, colors, corners, split, runs, library, notes)
        return pieces, None
    except ValueError as error:
        if isinstance(error, SceneError):
            raise
        raise SceneError(f"{path.name!r}: {error}") from None


# --- Lines ----------------------------------------------------------------------------------------

_OTHER, _V, _VT, _VN, _F, _NOTHING = range(6)


def _kinds(text: Text) -> NDArray[np.uint8]:
    """What each line is, by its first word."""
    a, b, c = (text.letters(place) for place in range(3))
    ends_1, ends_2 = (b == 32) | (b == 9), (c == 32) | (c == 9)
    kinds = np.full(len(a), _OTHER, np.uint8)
    kinds[(a == 10) | (a == ord("#")) | (a == 0)] = _NOTHING
    v = (a == ord("v")) | (a == ord("V"))
    kinds[v & ends_1] = _V
    kinds[v & ((b == ord("t")) | (b == ord("T"))) & ends_2] = _VT
    kinds[v & ((b == ord("n")) | (b == ord("N"))) & ends_2] = _VN
    kinds[((a == ord("f")) | (a == ord("F"))) & ends_1] = _F
    kinds[(a == ord("f")) & (b == ord("o")) & ends_2] = _F  # what faces were called before
    return kinds


def _vertices(
    text: Text, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float32] | None]:
    table = text.table(rows, 1)
    short = table.counts < 3
    if short.any():
        row = rows[np.argmax(short)]
        raise ValueError(f"line {text.number(row)}: a vertex has three numbers")
    points = np.ascontiguousarray(table.columns(0, 3))
    colored = table.counts >= 6
    if not colored.any():
        return points, None
    # Four numbers are coordinates and a weight, six or more end in a colour (and an alpha).
    colors = np.full((len(points), 3), 0.5, np.float32)
    some = np.repeat(colored, table.counts)
    rest = Table(table.values[some], table.counts[colored])
    colors[colored] = linear_colors(rest.columns(3, 3))
    return points, colors


def _uvs(table: Table) -> NDArray[np.float64]:
    """(T, 2) texture coordinates; of curves on a surface only the first is given."""
    if not len(table.counts) or table.counts.min() >= 2:
        return table.columns(0, 2)
    result = np.zeros((len(table.counts), 2))
    begin = np.cumsum(table.counts) - table.counts
    for place in range(2):
        some = table.counts > place
        result[some, place] = table.values[begin[some] + place]
    return result


def _normals(text: Text, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    table = text.table(rows, 2)
    short = table.counts < 3
    if short.any():
        raise ValueError(f"line {text.number(rows[np.argmax(short)])}: a normal has three numbers")
    return table.columns(0, 3)


# --- Faces ----------------------------------------------------------------------------------------


def _corners(
    text: Text, rows: dict[int, NDArray[np.int64]], sizes: list[int], notes: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows (C, 3) of the tables of vertices, texture coordinates and normals for all corners.

    And how many corners each face has. What a corner lacks is -1.
    """
    faces = rows[_F]
    written = text.gathered(faces, 2)
    counts = words_of_lines(written)
    given = _indices(text, faces, written, counts)
    if counts.min() < 3:
        few = int((counts < 3).sum())
        notes.append(f"{few:,} face{'s' * (few > 1)} of less than three corners left out")
    face_of = np.repeat(np.arange(len(faces)), counts)
    result = np.full((len(given), 3), -1, np.int64)
    for place, (kind, what) in enumerate(((_V, "vertex"), (_VT, "coordinate"), (_VN, "normal"))):
        if place >= given.shape[1]:
            break
        column = given[:, place]
        result[:, place] = column - 1
        relative = column < 0
        if relative.any():
            before = np.searchsorted(rows[kind], faces)  # that many stand before each face
            result[relative, place] = column[relative] + before[face_of[relative]]
        absent = column == _ABSENT
        bad = (result[:, place] < 0) | (result[:, place] >= sizes[place])
        bad |= column == 0
        bad &= ~absent
        if place == 0 and bad.any():
            corner = int(np.argmax(bad))
            raise ValueError(
                f"line {text.number(faces[face_of[corner]])}: there is no vertex {column[corner]}; "
                f"they are counted from 1 to {sizes[0]:,}, and from -1 back from where the face is"
            )
        if bad.any():
            notes.append(
                f"{int(bad.sum()):,} corners name a {what} that is not there (the first in line "
                f"{text.number(faces[face_of[int(np.argmax(bad))]])}); they have none"
            )
        result[bad | absent, place] = -1
    return result, counts


def _indices(
    text: Text, faces: NDArray[np.int64], written: bytes, counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(C, 1 to 3) numbers as written at the corners of all faces."""
    total = int(counts.sum())
    if b"/" not in written:
        return _whole(text, faces, written, counts, counts).reshape(-1, 1)
    letters = np.frombuffer(written, np.uint8)
    blank = blanks(letters)
    begins = ~blank
    begins[1:] &= blank[:-1]
    words = np.flatnonzero(begins)
    slashes = np.flatnonzero(letters == 47)
    many = np.diff(np.searchsorted(slashes, words), append=len(slashes))
    if many.max() > 2:
        corner = int(np.argmax(many > 2))
        row = faces[np.searchsorted(np.cumsum(counts), corner, side="right")]
        raise ValueError(f"line {text.number(row)}: a corner has three numbers at most")
    if (begun := letters[words] == 47).any():
        row = faces[np.searchsorted(np.cumsum(counts), int(np.argmax(begun)), side="right")]
        raise ValueError(f"line {text.number(row)}: a corner begins with its vertex, not with '/'")
    # What is left out between or behind slashes gets a number of its own.
    absent = str(_ABSENT).encode()
    after = letters[np.minimum(slashes + 1, len(letters) - 1)]
    if ((after == 47) | blanks(after)).any():
        written = written.replace(b"//", b"/" + absent + b"/")
        for end in (b" ", b"\t", b"\n", b"\v", b"\f", b"\r"):
            written = written.replace(b"/" + end, b"/" + absent + end)
    width = many + 1
    face_of = np.repeat(np.arange(len(counts)), counts)
    per_face = np.bincount(face_of, weights=width, minlength=len(counts)).astype(np.int64)
    values = _whole(text, faces, written.replace(b"/", b" "), counts, per_face)
    if width.min() == width.max():
        return values.reshape(total, -1)
    result = np.full((total, 3), _ABSENT, np.int64)
    at = np.cumsum(width) - width
    for place in range(3):
        some = width > place
        result[some, place] = values[at[some] + place]
    return result


def _whole(
    text: Text,
    faces: NDArray[np.int64],
    written: bytes,
    counts: NDArray[np.int64],
    per_face: NDArray[np.int64],
) -> NDArray[np.int64]:
    try:
        return numbers(written, int(per_face.sum()), np.int64)
    except NotANumber as error:
        row = faces[np.searchsorted(np.cumsum(per_face), error.place, side="right")]
        raise ValueError(f"line {text.number(row)}: {error}") from None


# --- What faces belong to -------------------------------------------------------------------------


class _Runs(NamedTuple):
    """Which names hold for each face; a run goes on until a name changes."""

    of_faces: NDArray[np.int64]  # (F,) rows of `names`
    names: list[tuple[str, str]]  # of object or group, and of material
    smoothing: NDArray[np.int64]  # (F,) smoothing groups; 0 is off
    libraries: list[str]


def _runs(
    text: Text, others: NDArray[np.int64], faces: NDArray[np.int64], notes: list[str]
) -> _Runs:
    thing, group, material, smoothing = "", "", "", 0
    known: dict[tuple[str, str], int] = {}
    begins, which, smooth = [0], [0], [0]
    known["", ""] = 0
    libraries: list[str] = []
    left: Counter[str] = Counter()
    numbers_of: dict[str, int] = {}
    for row in others.tolist():
        words = text.line(row).decode("utf-8", "replace").split(None, 1)
        if not words:
            continue
        word, rest = words[0].lower(), words[1].strip() if len(words) > 1 else ""
        if word == "usemtl":
            material = rest
        elif word == "o":
            thing, group = rest, ""
        elif word == "g":
            group = rest
        elif word == "s":
            # Groups may have any number or name; "0" and "off" are none.
            off = rest in ("", "0", "off", "null")
            smoothing = 0 if off else numbers_of.setdefault(rest, len(numbers_of) + 1)
        elif word == "mtllib":
            libraries.append(rest)
            continue
        else:
            left[word[:20]] += 1
            continue
        name = group if group not in ("", "default") or not thing else thing
        key = (name, material)
        begins.append(row)
        which.append(known.setdefault(key, len(known)))
        smooth.append(smoothing)
    lines = left.pop("l", 0)
    if lines:
        notes.append(f"{lines:,} line{'s' * (lines > 1)} left out")
    if left:
        shown = ", ".join(f"{word!r}" for word in sorted(left)[:8])
        notes.append(f"{left.total():,} lines that begin with {shown} left out")
    at = np.searchsorted(np.array(begins), faces, side="right") - 1
    return _Runs(np.array(which)[at], list(known), np.array(smooth)[at], libraries)


def _library(path: Path, names: list[str], notes: list[str]) -> Library:
    materials: dict[str, Any] = {}
    missing = []
    for line in dict.fromkeys(names):
        # A name with blanks is one name, unless there is no such file.
        whole = beside(path, line)
        for name in [line] if whole is not None else line.split():
            file = beside(path, name)
            if file is None:
                missing.append(name)
                continue
            found = read_library(file)
            for entry in found.materials.values():
                entry.notes = notes
            materials = found.materials | materials
    if missing:
        shown = ", ".join(repr(name) for name in missing[:4])
        notes.append(f"materials are in {shown}, which is not in the file's folder")
    return Library(materials)


# --- Pieces ---------------------------------------------------------------------------------------


def _pieces(
    tables: list[NDArray[Any]],
    colors: NDArray[Any] | None,
    corners: NDArray[np.int64],
    split: Any,
    runs: _Runs,
    library: Library,
    notes: list[str],
) -> list[Piece]:
    run_of = runs.of_faces[split.polygons]
    order = np.argsort(run_of, kind="stable")
    triangles = split.corners[order]
    ends = np.cumsum(np.bincount(run_of, minlength=len(runs.names)))
    rows = corners[triangles]  # (T, 3, 3)
    smoothing = runs.smoothing[split.polygons][order]
    polygons = split.of_many()
    polygons = None if polygons is None else polygons[order]
    pieces = []
    unknown: Counter[str] = Counter()
    begin = 0
    for end, (name, material) in zip(ends.tolist(), runs.names, strict=True):
        if end == begin:
            continue
        own = library.materials.get(material)
        if own is None and material and library.materials:
            unknown[material] += 1
        label = name or material
        pieces.append(
            _piece(
                tables,
                colors,
                rows[begin:end].reshape(-1, 3),
                smoothing[begin:end],
                None if polygons is None else polygons[begin:end],
                None if own is None else own.made(colors is not None),
                label if label.strip() else None,
            )
        )
        begin = end
    if unknown:
        shown = ", ".join(repr(name) for name in list(unknown)[:4])
        notes.append(f"there is no material {shown} in the file's libraries; grey took its place")
    return pieces


def _piece(
    tables: list[NDArray[Any]],
    colors: NDArray[Any] | None,
    rows: NDArray[np.int64],
    smoothing: NDArray[np.int64],
    polygons: NDArray[np.int64] | None,
    material: Any,
    name: str | None,
) -> Piece:
    """A piece of the triangles whose corners are (3 T, 3) rows of the tables."""
    points, uvs, normals = tables
    has_uvs = bool((rows[:, 1] >= 0).any())
    lacking = np.asarray((rows[:, 2] < 0).reshape(-1, 3).any(axis=1))  # triangles
    has_normals = not lacking.all() or bool(smoothing.any())
    if has_normals and lacking.any():
        rows, normals = _with_normals(points, normals, rows, lacking, smoothing)
    used = [0, *([1] if has_uvs else []), *([2] if has_normals else [])]
    first, inverse = _distinct(rows[:, used])
    at = rows[first]
    coordinates = None
    if has_uvs:
        coordinates = np.where((at[:, 1] >= 0)[:, None], uvs[at[:, 1]], 0.0)
    return Piece(
        vertices=points[at[:, 0]],
        faces=inverse.reshape(-1, 3),
        normals=normals[at[:, 2]] if has_normals else None,
        uvs=coordinates,
        colors=None if colors is None else colors[at[:, 0]],
        polygons=polygons,
        material=material,
        name=name,
    )


def _with_normals(
    points: NDArray[Any],
    normals: NDArray[Any],
    rows: NDArray[np.int64],
    lacking: NDArray[np.bool_],
    smoothing: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Normals for triangles that have none: even ones within a smoothing group, flat elsewhere."""
    rows = rows.copy()
    corners = rows.reshape(-1, 3, 3)
    some = np.flatnonzero(lacking)
    vertices = corners[some, :, 0]
    # A vertex counts once in each group, and once in each triangle outside of groups.
    groups = np.where(smoothing[some] > 0, smoothing[some], -1 - np.arange(len(some)))
    pairs = np.stack([vertices.ravel(), np.repeat(groups, 3)], axis=1)
    first, inverse = _distinct(pairs)
    places = points[pairs[first, 0]]
    with np.errstate(invalid="ignore", over="ignore"):
        a, b, c = (points[vertices[:, k]] for k in range(3))
        flat = np.cross(b - a, c - a)
    flat[~np.isfinite(flat).all(axis=1)] = 0.0
    sums = np.zeros((len(places), 3))
    for axis in range(3):
        sums[:, axis] = np.bincount(inverse, np.repeat(flat[:, axis], 3), minlength=len(places))
    corners[some, :, 2] = len(normals) + inverse.reshape(-1, 3)
    return rows, np.concatenate([normals.reshape(-1, 3), sums])


def _distinct(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each different row stands first, and which of them each row is; in sorted order."""
    keys = rows[:, 0]
    for column in range(1, rows.shape[1]):
        low = int(rows[:, column].min())
        span = int(rows[:, column].max()) - low + 1
        if int(keys.max()) >= 2**62 // span:
            keys = np.unique(keys, return_inverse=True)[1].reshape(-1)
        keys = keys * span + (rows[:, column] - low)
    highest = int(keys.max())
    if highest < 4 * len(keys) + 1024:  # without sorting
        first = np.full(highest + 1, len(keys), np.int64)
        first[keys[::-1]] = np.arange(len(keys))[::-1]
        present = np.flatnonzero(first < len(keys))
        found = first[present]
        rank = np.empty(highest + 1, np.int64)
        rank[present] = np.arange(len(present))
        inverse = rank[keys]
    else:
        _, found, inverse = np.unique(keys, return_index=True, return_inverse=True)
        inverse = inverse.reshape(-1)
    return found, inverse
