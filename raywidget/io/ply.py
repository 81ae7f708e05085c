"""PLY files (Stanford's polygon format): meshes, strips and clouds of points.

After Turk's description (1994): text and both orders of bytes, any elements and properties. What is
not known by its name is passed over; what a header promises is held against the file's size.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.files import beside, read_bytes
from raywidget.io.parts import SceneParts
from raywidget.io.pieces import Piece, linear_colors, meshes_of, notes_of, per_corner
from raywidget.io.points import spheres
from raywidget.io.polygons import triangulate
from raywidget.io.words import NotANumber, numbers, words_of_lines
from raywidget.scene.materials.materials import Diffuse
from raywidget.scene.textures.textures import ImageTexture

_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("long", "int64"), "i8"),
    **dict.fromkeys(("ulong", "uint64"), "u8"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}


def read(path: Path) -> SceneParts:
    """The mesh of a PLY, or its points as balls where it has no faces."""
    notes: list[str] = []
    count: Counter[str] = Counter()
    try:
        ply = _read(path, notes)
        shapes: list[Any] = []
        if ply.piece is not None:
            shapes += meshes_of([ply.piece], count)
        else:
            shapes += spheres(ply.points, ply.colors, ply.radii, notes=notes)
    except ValueError as error:
        raise _said(path, error) from None
    return SceneParts(shapes=tuple(shapes), notes=(*notes, *notes_of(count)))


def read_pieces(path: Path) -> tuple[list[Piece], list[str]]:
    """The triangles of a PLY as they stand there, and notes."""
    notes: list[str] = []
    try:
        ply = _read(path, notes)
    except ValueError as error:
        raise _said(path, error) from None
    return [] if ply.piece is None else [ply.piece], notes


def _said(path: Path, error: ValueError) -> SceneError:
    if isinstance(error, SceneError):
        return error
    return SceneError(f"{path.name!r}: is not a sound PLY file: {error}")


# --- Header ---------------------------------------------------------------------------------------


class _Property(NamedTuple):
    name: str
    kind: str  # of numpy, without the order of bytes
    count_kind: str | None  # of a list


class _Element(NamedTuple):
    name: str
    size: int
    properties: list[_Property]


class _Header(NamedTuple):
    order: str  # of bytes: "<", ">", or "" for text
    elements: list[_Element]
    texture: str | None
    end: int


def _header(data: bytes) -> _Header:
    if not data.startswith(b"ply"):
        raise ValueError("it does not begin with 'ply'")
    found = re.compile(rb"^[ \t]*end_header[ \t]*(\r\n|\n|\r)?", re.MULTILINE).search(
        data[: 1 << 20].replace(b"\r", b"\n")
    )
    if found is None:
        raise ValueError("its header does not end ('end_header' is missing)")
    end = found.end()
    if data[end - 1 : end + 1] == b"\r\n":
        end += 1
    order: str | None = None
    elements: list[_Element] = []
    texture = None
    for line in re.split(rb"[\r\n]+", data[: found.start()]):
        words = line.decode("latin-1").split()
        match words:
            case ["format", kind, *_]:
                orders = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
                if kind not in orders:
                    raise ValueError(f"its format is {kind!r}; known are {', '.join(orders)}")
                order = orders[kind]
            case ["element", name, count]:
                if not re.fullmatch(r"[0-9]{1,18}", count):
                    raise ValueError(f"it has {count!r} of {name!r}, which is no count")
                elements.append(_Element(name, int(count), []))
            case ["property", "list", count_kind, kind, name] if elements:
                if count_kind not in _TYPES or kind not in _TYPES or "f" in _TYPES[count_kind]:
                    raise ValueError(f"{name!r} is a list of {count_kind!r} {kind!r}")
                _add(elements[-1], _Property(name, _TYPES[kind], _TYPES[count_kind]))
            case ["property", kind, name] if elements:
                if kind not in _TYPES:
                    raise ValueError(f"{name!r} is of the unknown type {kind!r}")
                _add(elements[-1], _Property(name, _TYPES[kind], None))
            case ["comment", "TextureFile", *rest] if rest:
                texture = texture or " ".join(rest)
            case ["property" | "element" | "format", *_]:
                raise ValueError(f"its header has the line {' '.join(words)[:60]!r}")
            case _:  # comments, also those that lack the word, as some programs write them
                pass
    if order is None:
        raise ValueError("its header names no format")
    return _Header(order, elements, texture, end)


def _add(element: _Element, new: _Property) -> None:
    if len(element.properties) >= 4096:
        raise ValueError(f"{element.name!r} has more than 4096 properties")
    if any(old.name == new.name for old in element.properties):
        # A second one of that name is passed over.
        new = new._replace(name=f"{new.name} {len(element.properties)}")
    element.properties.append(new)


# --- Body -----------------------------------------------------------------------------------------


class _List(NamedTuple):
    values: NDArray[Any]  # of all rows, one after the other
    counts: NDArray[np.int64]


_Columns = dict[str, Any]  # arrays, and a _List for each list


def _bodies(data: bytes, header: _Header) -> dict[str, _Columns]:
    names = [element.name for element in header.elements]
    reader: Any = _Text(data, header) if not header.order else _Binary(data, header)
    result: dict[str, _Columns] = {}
    for name, element in zip(names, header.elements, strict=True):
        if not element.properties:
            continue
        least = reader.least_size(element) * element.size
        if least > reader.left():
            raise ValueError(
                f"its header promises {element.size:,} of {name!r}, which take {least:,} "
                f"{reader.unit}, but {reader.left():,} are left: it is damaged, or cut"
            )
        columns = reader.columns(element)
        result.setdefault(name, columns)
    return result


class _Binary:
    unit = "bytes"

    def __init__(self, data: bytes, header: _Header) -> None:
        self.data, self.order, self.at = data, header.order, header.end

    def left(self) -> int:
        return len(self.data) - self.at

    def least_size(self, element: _Element) -> int:
        return sum(np.dtype(p.count_kind or p.kind).itemsize for p in element.properties)

    def _dtype(self, element: _Element, sizes: list[int]) -> np.dtype[Any]:
        """Of a row whose lists have these sizes."""
        fields: list[Any] = []
        many = iter(sizes)
        for place, item in enumerate(element.properties):
            kind = self.order + item.kind
            if item.count_kind is None:
                fields.append((f"v{place}", kind))
            else:
                fields.append((f"n{place}", self.order + item.count_kind))
                fields.append((f"v{place}", kind, (next(many),)))
        return np.dtype(fields)

    def columns(self, element: _Element) -> _Columns:
        lists = [p for p in element.properties if p.count_kind is not None]
        if not element.size:
            return _empty(element)
        if not lists:
            table = np.frombuffer(self.data, self._dtype(element, []), element.size, self.at)
            self.at += table.nbytes
            return {p.name: table[f"v{k}"] for k, p in enumerate(element.properties)}
        return self._alike(element) or self._ragged(element)

    def _alike(self, element: _Element) -> _Columns | None:
        """All rows, if their lists are as long as those of the first, as they mostly are."""
        sizes: list[int] = []
        at = self.at
        for item in element.properties:
            if item.count_kind is None:
                at += np.dtype(item.kind).itemsize
                continue
            size, at = self._count(item, at)
            sizes.append(size)
            at += size * np.dtype(item.kind).itemsize
        if (at - self.at) * element.size > self.left():
            return None
        try:
            row = self._dtype(element, sizes)
            table = np.frombuffer(self.data, row, element.size, self.at)
        except ValueError:  # rows of more than 2 GiB
            return None
        result: _Columns = {}
        many = iter(sizes)
        for place, item in enumerate(element.properties):
            values = table[f"v{place}"]
            if item.count_kind is None:
                result[item.name] = values
                continue
            size = next(many)
            if not (table[f"n{place}"] == size).all():
                return None
            counts = np.full(element.size, size, np.int64)
            result[item.name] = _List(values.reshape(-1), counts)
        self.at += table.nbytes
        return result

    def _count(self, item: _Property, at: int) -> tuple[int, int]:
        kind = np.dtype(self.order + str(item.count_kind))
        if at + kind.itemsize > len(self.data):
            raise ValueError("it ends within its lists: it is cut")
        size = int(np.frombuffer(self.data, kind, 1, at)[0])
        if size < 0:
            raise ValueError(f"a list {item.name!r} has {size} entries")
        if size * np.dtype(item.kind).itemsize > len(self.data) - at:
            raise ValueError(f"a list {item.name!r} of {size:,} entries goes beyond the file's end")
        return size, at + kind.itemsize

    def _ragged(self, element: _Element) -> _Columns:
        """Rows of different lengths: their places one after the other, what is in them at once."""
        order = "little" if self.order == "<" else "big"
        steps: list[tuple[int, int, int, bool]] = []  # fixed bytes before, of the count, of an item
        fixed = 0
        for item in element.properties:
            if item.count_kind is None:
                fixed += np.dtype(item.kind).itemsize
                continue
            kind = np.dtype(item.count_kind)
            steps.append((fixed, kind.itemsize, np.dtype(item.kind).itemsize, kind.kind == "i"))
            fixed = 0
        data, at, end = self.data, self.at, len(self.data)
        rows = np.empty(element.size, np.int64)
        sizes = np.empty((len(steps), element.size), np.int64)
        for row in range(element.size):
            rows[row] = at
            for place, (before, wide, each, signed) in enumerate(steps):
                at += before
                size = data[at] if wide == 1 and at < end else -1
                if wide > 1:
                    size = int.from_bytes(data[at : at + wide], order, signed=signed)  # type: ignore[arg-type]
                at += wide + size * each
                if size < 0 or at > end:
                    raise ValueError(
                        f"{element.name!r} {row:,} of {element.size:,} goes beyond the file's end"
                    )
                sizes[place, row] = size
            at += fixed
        if at > end:
            raise ValueError("it ends within its lists: it is cut")
        self.at = at
        result: _Columns = {}
        offset, place = rows, 0
        for item in element.properties:
            kind = np.dtype(self.order + item.kind)
            if item.count_kind is None:
                result[item.name] = self._at(offset, kind)
                offset = offset + kind.itemsize
                continue
            offset = offset + np.dtype(item.count_kind).itemsize
            counts = sizes[place]
            within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
            places = np.repeat(offset, counts) + within * kind.itemsize
            result[item.name] = _List(self._at(places, kind), counts)
            offset = offset + counts * kind.itemsize
            place += 1
        return result

    def _at(self, places: NDArray[np.int64], kind: np.dtype[Any]) -> NDArray[Any]:
        raw = np.frombuffer(self.data, np.uint8)
        gathered = np.empty((len(places), kind.itemsize), np.uint8)
        for byte in range(kind.itemsize):
            gathered[:, byte] = raw[places + byte]
        return gathered.view(kind).reshape(-1)


class _Text:
    """Rows are lines if there are as many; then what is behind the last property is passed over.

    Else they are a stream of words.
    """

    unit = "words"

    def __init__(self, data: bytes, header: _Header) -> None:
        body = data[header.end :].replace(b"\r", b"\n") + b"\n"
        counts = words_of_lines(body)
        try:
            self.values = numbers(body, int(counts.sum()))
        except NotANumber as error:
            raise ValueError(f"in its body {error}") from None
        self.at = 0
        counts = counts[counts > 0]
        self.lines = None
        if len(counts) == sum(e.size for e in header.elements if e.properties):
            self.lines = np.append(0, np.cumsum(counts))
            self.row = 0

    def left(self) -> int:
        return len(self.values) - self.at

    def least_size(self, element: _Element) -> int:
        return len(element.properties)

    def columns(self, element: _Element) -> _Columns:
        if not element.size:
            return _empty(element)
        result = self._alike(element) or self._ragged(element)
        if self.lines is not None:
            self.row += element.size
            self.at = int(self.lines[self.row])
        return result

    def _size(self, at: int, item: _Property) -> int:
        if at >= len(self.values):
            raise ValueError("it ends within its lists: it is cut")
        value = self.values[at]
        if not 0 <= value <= len(self.values) - at - 1 or value % 1:
            raise ValueError(f"a list {item.name!r} of {value:,g} entries goes beyond its end")
        return int(value)

    def _alike(self, element: _Element) -> _Columns | None:
        width = 0
        firsts: list[tuple[_Property, int, int]] = []  # place and size
        for item in element.properties:
            size = 1
            if item.count_kind is not None:
                size = self._size(self.at + width, item)
                width += 1
            firsts.append((item, width, size))
            width += size
        words = width
        if self.lines is not None:
            line_ends = self.lines[self.row : self.row + element.size + 1]
            words = int(line_ends[1] - line_ends[0])
            if words < width or (np.diff(line_ends) != words).any():
                return None
        if words * element.size > self.left():
            return None
        table = self.values[self.at : self.at + words * element.size].reshape(-1, words)
        result: _Columns = {}
        for item, place, size in firsts:
            values = _cast(table[:, place : place + size].reshape(-1), item)
            if item.count_kind is None:
                result[item.name] = values
                continue
            if not (table[:, place - 1] == size).all():
                return None
            result[item.name] = _List(values, np.full(element.size, size, np.int64))
        self.at += words * element.size
        return result

    def _ragged(self, element: _Element) -> _Columns:
        rows: dict[str, list[Any]] = {item.name: [] for item in element.properties}
        at = self.at
        for row in range(element.size):
            if self.lines is not None:
                if at > self.lines[self.row + row]:
                    raise ValueError(f"{element.name!r} {row:,} lacks some of its numbers")
                at = int(self.lines[self.row + row])
            for item in element.properties:
                if item.count_kind is None:
                    rows[item.name].append((at, 1))
                    at += 1
                else:
                    size = self._size(at, item)
                    rows[item.name].append((at + 1, size))
                    at += 1 + size
        if at > len(self.values):
            raise ValueError("it ends within its lists: it is cut")
        self.at = at
        result: _Columns = {}
        for item in element.properties:
            begins, counts = np.array(rows[item.name], np.int64).reshape(-1, 2).T
            within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
            values = _cast(self.values[np.repeat(begins, counts) + within], item)
            result[item.name] = values if item.count_kind is None else _List(values, counts)
        return result


def _cast(values: NDArray[np.float64], item: _Property) -> NDArray[Any]:
    """Numbers of a text in the type that the header gives them, if they fit."""
    kind = np.dtype(item.kind)
    if kind.kind == "f":
        return values
    limits = np.iinfo(kind)
    if ((values >= limits.min) & (values <= limits.max) & (values % 1 == 0)).all():
        return values.astype(kind)
    return values


def _empty(element: _Element) -> _Columns:
    none = np.empty(0, np.int64)
    return {
        item.name: np.empty(0, item.kind)
        if item.count_kind is None
        else _List(np.empty(0, item.kind), none)
        for item in element.properties
    }


# --- What is in it --------------------------------------------------------------------------------

# In the order in which they are looked for.
_COLORS = (
    ("red", "green", "blue"),
    ("diffuse_red", "diffuse_green", "diffuse_blue"),
    ("r", "g", "b"),
)
_UVS = (
    ("u", "v"),
    ("s", "t"),
    ("texture_u", "texture_v"),
    ("texture_s", "texture_t"),
    ("texcoord_u", "texcoord_v"),
    ("u0", "v0"),
    ("s0", "t0"),
    ("tu", "tv"),
    ("tx", "ty"),
)
_FACES = ("vertex_indices", "vertex_index")
_RADII = (("radius",), ("radii",), ("pscale",))


class _Ply(NamedTuple):
    piece: Piece | None
    points: NDArray[Any]
    colors: NDArray[Any] | None
    radii: NDArray[Any] | None


@np.errstate(invalid="ignore", over="ignore")
def _read(path: Path, notes: list[str]) -> _Ply:
    data = read_bytes(path)
    header = _header(data)
    bodies = _bodies(data, header)
    vertex = bodies.get("vertex", bodies.get("vertices", {}))
    points = _table(vertex, (("x", "y", "z"),))
    if points is None:
        raise ValueError("it has no vertices with x, y and z")
    points = points.astype(np.float64)
    colors = _colors(vertex)
    if "alpha" in vertex and colors is not None and len(vertex["alpha"]):
        alpha = vertex["alpha"]
        if (alpha != alpha[0]).any():
            notes.append("how opaque single vertices are (alpha) is left out")
    corners, counts, face = _polygons(bodies, notes)
    radii = _table(vertex, _RADII)
    if not len(counts) or not len(corners):
        return _Ply(None, points, colors, None if radii is None else radii[:, 0])
    bad = (corners < 0) | (corners >= len(points)) | (corners % 1 != 0)
    if bad.any():
        raise ValueError(f"a face names vertex {corners[bad][0]:g} of {len(points):,}")
    split = triangulate(points, corners.astype(np.int64), counts)
    if split.crossed:
        notes.append(f"{split.crossed:,} polygons cross themselves; they look as they may")
    piece = Piece(
        vertices=points,
        faces=corners.astype(np.int64)[split.corners],
        normals=_table(vertex, (("nx", "ny", "nz"), ("normal_x", "normal_y", "normal_z"))),
        uvs=_table(vertex, _UVS),
        colors=colors,
        material=_material(path, header, notes),
    )
    face_colors = _colors(face)
    if face_colors is not None and len(face_colors) == len(counts):
        if colors is None:
            piece = replace(piece, face_colors=face_colors[split.polygons])
        else:
            notes.append("both vertices and faces have colours; those of vertices are shown")
    wedges = face.get("texcoord")
    if isinstance(wedges, _List) and len(wedges.counts) == len(counts):
        piece = _with_wedges(piece, split, wedges, counts, notes)
    return _Ply(piece, points, colors, None)


def _table(columns: _Columns, names: tuple[tuple[str, ...], ...]) -> NDArray[Any] | None:
    for row in names:
        found = [columns.get(name) for name in row]
        if all(isinstance(column, np.ndarray) for column in found):
            return np.stack(found, axis=1)  # type: ignore[arg-type]
    return None


def _colors(columns: _Columns) -> NDArray[Any] | None:
    found = _table(columns, _COLORS)
    return None if found is None else linear_colors(found)


def _polygons(
    bodies: dict[str, _Columns], notes: list[str]
) -> tuple[NDArray[Any], NDArray[np.int64], _Columns]:
    """Corners of all faces or strips, how many each has, and what else faces have."""
    face = bodies.get("face", bodies.get("faces", {}))
    for name in _FACES:
        if isinstance(face.get(name), _List):
            listed = face[name]
            if len(listed.counts):
                return listed.values, listed.counts, face
    for columns in (bodies.get("tristrips", {}), bodies.get("tristrip", {})):
        for name in _FACES:
            if isinstance(columns.get(name), _List):
                return (*_strips(columns[name]), {})
    if "range_grid" in bodies:
        notes.append("its grid of ranges is shown as points")
    if face and not any(isinstance(face.get(name), _List) for name in _FACES):
        raise ValueError(f"its faces have no list named {' or '.join(_FACES)}")
    return np.empty(0), np.empty(0, np.int64), {}


def _strips(strips: _List) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Triangles of strips: each corner makes one with the two before it; -1 begins a new strip."""
    values = strips.values.astype(np.int64)
    starts = np.zeros(len(values) + 1, bool)
    starts[np.cumsum(strips.counts)] = True
    starts[0] = True
    starts[1:] |= values == -1  # the strip begins behind it
    begins = np.flatnonzero(starts)
    place = (
        np.arange(len(values))
        - begins[np.searchsorted(begins, np.arange(len(values)), "right") - 1]
    )
    whole = np.flatnonzero((place >= 2) & (values != -1))
    odd = place[whole] % 2 == 1
    a, b, c = values[whole - 2], values[whole - 1], values[whole]
    faces = np.stack([np.where(odd, b, a), np.where(odd, a, b), c], axis=1)
    # Corners that come twice turn a strip; their triangles have no area.
    faces = faces[(a != b) & (b != c) & (c != a)]
    return faces.reshape(-1), np.full(len(faces), 3, np.int64)


def _material(path: Path, header: _Header, notes: list[str]) -> Diffuse | None:
    if header.texture is None:
        return None
    picture = beside(path, header.texture)
    if picture is None:
        notes.append(f"its picture {header.texture!r} is not in the file's folder; left out")
        return None
    try:
        return Diffuse(ImageTexture(picture))
    except SceneError as error:
        notes.append(f"its picture is left out: {error}")
        return None


def _with_wedges(
    piece: Piece, split: Any, wedges: _List, counts: NDArray[np.int64], notes: list[str]
) -> Piece:
    """Texture coordinates of corners, as scanning programs write them."""
    sound = wedges.counts == 2 * counts
    if not sound.any():
        return piece
    if not sound.all():
        notes.append(f"{int((~sound).sum()):,} faces have no texture coordinates")
    flat = np.zeros((int(counts.sum()), 2))
    flat[np.repeat(sound, counts)] = wedges.values[np.repeat(sound, wedges.counts)].reshape(-1, 2)
    return per_corner(piece, flat[split.corners])
