"""3MF files: what is to be printed, with its colours, pictures and places.

After the 3MF Consortium's core specification 1.3 and the extensions for materials and production.
The package is a zip of XML: no part is read beyond a bound, document types are refused (entities
can blow up a few bytes to anything), and nothing outside of the package is looked at.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.files import read_bytes
from raywidget.io.parts import SceneParts
from raywidget.io.pieces import Piece, linear_colors, meshes_of, notes_of
from raywidget.scene.materials.materials import DEFAULT_MATERIAL, Diffuse
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.textures.image_texture import ImageTexture, Wrap
from raywidget.scene.textures.pixels import MAX_PIXELS
from raywidget.scene.values import transforms

MAX_PART = 1 << 30  # bytes of one part, unpacked
MAX_PLACES = 1 << 17  # of objects in objects

_UNITS = {
    "micron": 1e-6,
    "millimeter": 1e-3,
    "centimeter": 1e-2,
    "inch": 0.0254,
    "foot": 0.3048,
    "meter": 1.0,
}
Matrix = NDArray[np.float64]


def read(path: Path) -> SceneParts:
    """All that the build of a 3MF consists of, in the unit of its root; z is up in most."""
    notes: list[str] = []
    try:
        package = _Package(read_bytes(path))
        shapes = _shapes(package, notes)
    except (ValueError, KeyError, OverflowError, zipfile.BadZipFile, expat.ExpatError) as error:
        if isinstance(error, SceneError):
            raise
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise SceneError(f"{path.name!r}: is not a sound 3MF file: {reason}") from None
    return SceneParts(shapes=tuple(shapes), notes=tuple(notes))


# --- Package --------------------------------------------------------------------------------------


class _Package:
    def __init__(self, data: bytes) -> None:
        self.zip = zipfile.ZipFile(io.BytesIO(data))
        self.names = {info.filename.lower().strip("/"): info for info in self.zip.infolist()}
        self.left = 4 * MAX_PART
        self.models: dict[str, _Model] = {}

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a part, no more than the bounds allow."""
        info = self.names.get(name.lower().strip("/"))
        if info is None:
            raise ValueError(f"there is no {name!r} in the package")
        total = 0
        try:
            with self.zip.open(info) as part:
                while chunk := part.read(1 << 20):
                    total += len(chunk)
                    self.left -= len(chunk)
                    if total > MAX_PART or self.left < 0:
                        raise ValueError(f"{name!r} unpacks to more than {MAX_PART:,} bytes")
                    yield chunk
        except (RuntimeError, NotImplementedError, EOFError, OSError) as error:
            raise ValueError(f"{name!r} can't be unpacked: {error}") from None
        except Exception as error:
            if type(error).__module__ != "zlib":
                raise
            raise ValueError(f"{name!r} can't be unpacked: {error}") from None

    def root(self) -> str:
        """The name of the model that the package begins with."""
        found: list[str] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if _local(tag) == "Relationship" and attributes.get("Type", "").endswith("/3dmodel"):
                found.append(attributes.get("Target", ""))

        if "_rels/.rels" in self.names:
            _parse(self.chunks("_rels/.rels"), start)
        found += sorted(name for name in self.names if name.endswith(".model"))
        if not found:
            raise ValueError("there is no model in the package")
        return posixpath.normpath("/" + found[0]).strip("/")

    def model(self, name: str) -> _Model:
        key = name.lower().strip("/")
        if key not in self.models:
            if len(self.models) > 4096:
                raise ValueError("it has more than 4096 models")
            reader = _ModelReader()
            _parse(self.chunks(name), reader.start, reader.end)
            self.models[key] = reader.model
        return self.models[key]


def _local(tag: str) -> str:
    return tag.rsplit(" ", 1)[-1]


def _parse(
    chunks: Iterator[bytes],
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def refuse(*_: Any) -> None:
        raise ValueError("it has a document type, which could hide entities")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    if end is not None:
        parser.EndElementHandler = end
    for chunk in chunks:
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


# --- Model ----------------------------------------------------------------------------------------


class _Component(NamedTuple):
    part: str | None
    object: str
    matrix: Matrix


@dataclass
class _Object:
    name: str | None
    group: str | None  # of properties
    row: int
    vertices: array[float] = field(default_factory=lambda: array("d"))
    triangles: array[int] = field(default_factory=lambda: array("q"))
    groups: array[int] = field(default_factory=lambda: array("q"))  # -1: that of the object
    rows: array[int] = field(default_factory=lambda: array("q"))  # three each
    components: list[_Component] = field(default_factory=list)


@dataclass
class _Group:
    """Properties: colours, or places in a picture."""

    colors: list[str] = field(default_factory=list)
    texture: str | None = None
    uvs: array[float] = field(default_factory=lambda: array("d"))


@dataclass
class _Model:
    unit: str = "millimeter"
    objects: dict[str, _Object] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)
    textures: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    build: list[_Component] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    group_names: list[str] = field(default_factory=list)


class _ModelReader:
    def __init__(self) -> None:
        self.model = _Model()
        self.object: _Object | None = None
        self.group: _Group | None = None
        self._numbers: dict[str, int] = {}

    def end(self, tag: str) -> None:
        name = _local(tag)
        if name == "object":
            self.object = None
        elif name in _GROUPS:
            self.group = None

    def start(self, tag: str, raw: dict[str, str]) -> None:
        name = _local(tag)
        thing = self.object
        if thing is not None and name == "vertex":
            thing.vertices.extend((float(raw["x"]), float(raw["y"]), float(raw["z"])))
            return
        if thing is not None and name == "triangle":
            self._triangle(thing, raw)
            return
        attributes = {_local(key): value for key, value in raw.items()}
        handler = getattr(self, "_start_" + name, None)
        if handler is not None:
            handler(attributes)
        elif name in _GROUPS:
            self.group = self.model.groups[attributes["id"]] = _Group()
            if name == "texture2dgroup":
                self.group.texture = attributes["texid"]
            elif name not in ("basematerials", "colorgroup"):
                self.model.unread[name] += 1
        elif name in _UNREAD:
            self.model.unread[name] += 1

    def _triangle(self, thing: _Object, raw: dict[str, str]) -> None:
        thing.triangles.extend((int(raw["v1"]), int(raw["v2"]), int(raw["v3"])))
        first = raw.get("p1")
        group = -1
        if "pid" in raw:
            group = self._numbers.setdefault(raw["pid"], len(self._numbers))
            if group == len(self.model.group_names):
                self.model.group_names.append(raw["pid"])
        thing.groups.append(group)
        if first is None:
            thing.rows.extend((-1, -1, -1))
        else:
            thing.rows.extend((int(first), int(raw.get("p2", first)), int(raw.get("p3", first))))

    def _start_model(self, attributes: dict[str, str]) -> None:
        self.model.unit = attributes.get("unit", "millimeter")
        if self.model.unit not in _UNITS:
            raise ValueError(f"its unit is {self.model.unit!r}; known are {', '.join(_UNITS)}")

    def _start_object(self, attributes: dict[str, str]) -> None:
        self.object = self.model.objects[attributes["id"]] = _Object(
            attributes.get("name", "").strip() or None,
            attributes.get("pid"),
            int(attributes.get("pindex", 0)),
        )

    def _start_component(self, attributes: dict[str, str]) -> None:
        if self.object is not None:
            self.object.components.append(_component(attributes))

    def _start_item(self, attributes: dict[str, str]) -> None:
        self.model.build.append(_component(attributes))

    def _start_base(self, attributes: dict[str, str]) -> None:
        if self.group is not None:
            self.group.colors.append(attributes.get("displaycolor", ""))

    def _start_color(self, attributes: dict[str, str]) -> None:
        if self.group is not None:
            self.group.colors.append(attributes.get("color", ""))

    def _start_tex2coord(self, attributes: dict[str, str]) -> None:
        if self.group is not None:
            self.group.uvs.extend((float(attributes["u"]), float(attributes["v"])))

    def _start_texture2d(self, attributes: dict[str, str]) -> None:
        styles = (attributes.get("tilestyleu", "wrap"), attributes.get("tilestylev", "wrap"))
        self.model.textures[attributes["id"]] = (attributes["path"], *styles)


_GROUPS = {
    *("basematerials", "colorgroup", "texture2dgroup", "compositematerials", "multiproperties"),
}
_UNREAD = {"beamlattice", "beam", "slicestack", "displacementmesh", "volumetricstack", "implicit"}


def _component(attributes: dict[str, str]) -> _Component:
    matrix = np.eye(4)
    if "transform" in attributes:
        numbers = [float(word) for word in attributes["transform"].split()]
        if len(numbers) != 12 or not np.isfinite(numbers).all():
            raise ValueError(f"{attributes['transform'][:60]!r} is not 12 finite numbers")
        matrix[:3] = np.array(numbers).reshape(4, 3).T  # rows are points there
    return _Component(attributes.get("path"), attributes["objectid"], matrix)


# --- Shapes ---------------------------------------------------------------------------------------


def _shapes(package: _Package, notes: list[str]) -> list[Shape]:
    root_name = package.root()
    root = package.model(root_name)
    if root.unit != "millimeter":
        notes.append(f"its unit is the {root.unit}; numbers stay as they are")
    places: dict[tuple[str, str], list[Matrix]] = {}
    left = MAX_PLACES
    stack = [(root_name, item, np.eye(4), 0) for item in reversed(root.build)]
    while stack:
        part, item, outer, depth = stack.pop()
        left -= 1
        if left < 0 or depth > 64:
            raise ValueError(f"more than {MAX_PLACES:,} objects in objects, or in themselves")
        name = (item.part or part).strip("/")
        model = package.model(name)
        thing = model.objects.get(item.object)
        if thing is None:
            raise ValueError(f"there is no object {item.object!r} in {name!r}")
        matrix = outer @ item.matrix
        if len(thing.triangles):
            places.setdefault((name, item.object), []).append(matrix)
        stack.extend((name, c, matrix, depth + 1) for c in reversed(thing.components))
    count: Counter[str] = Counter()
    shapes: list[Shape] = []
    for (name, key), matrices in places.items():
        model = package.model(name)
        scale = _UNITS[model.unit] / _UNITS[root.unit]
        sized = transforms.scale(scale)
        pieces = _pieces(package, model, model.objects[key], notes)
        for piece in pieces:
            shapes += _placed(piece, [matrix @ sized for matrix in matrices], count, notes)
    unread: Counter[str] = sum((m.unread for m in package.models.values()), Counter())
    notes.extend(f"{number:,} {word!r} left out" for word, number in sorted(unread.items()))
    notes.extend(notes_of(count))
    return shapes


def _placed(
    piece: Piece, matrices: list[Matrix], count: Counter[str], notes: list[str]
) -> list[Shape]:
    sound = [m for m in matrices if abs(np.linalg.det(m[:3, :3])) > 1e-30]
    if len(sound) < len(matrices):
        notes.append(f"{len(matrices) - len(sound):,} places that flatten an object left out")
    if len(sound) == 1:
        (matrix,) = sound
        faces = piece.faces[:, ::-1] if np.linalg.det(matrix[:3, :3]) < 0.0 else piece.faces
        moved = replace(piece, vertices=transforms.apply(matrix, piece.vertices), faces=faces)
        return [*meshes_of([moved], count)]
    if not sound:
        return []
    return [
        Instances(mesh, np.stack(sound), name=mesh.name)
        for mesh in meshes_of([piece], count)
        if isinstance(mesh, Mesh)
    ]


def _pieces(package: _Package, model: _Model, thing: _Object, notes: list[str]) -> Iterator[Piece]:
    """The triangles of an object, apart by the picture that is on them."""
    vertices = np.frombuffer(thing.vertices, np.float64).reshape(-1, 3)
    faces = np.frombuffer(thing.triangles, np.int64).reshape(-1, 3)
    if (bad := (faces < 0) | (faces >= len(vertices))).any():
        raise ValueError(f"a triangle names vertex {faces[bad][0]} of {len(vertices):,}")
    rows = np.frombuffer(thing.rows, np.int64).reshape(-1, 3)
    groups = np.frombuffer(thing.groups, np.int64)
    whole = Piece(vertices=vertices, faces=faces, name=thing.name)
    colors = np.full((*faces.shape, 4), np.nan)
    taken = np.zeros(len(faces), bool)
    for number in np.unique(groups).tolist():
        key = thing.group if number < 0 else model.group_names[number]
        group = None if key is None else model.groups.get(key)
        if group is None:
            continue
        some = np.flatnonzero(groups == number)
        chosen = np.where(rows[some] < 0, thing.row, rows[some])
        size = len(group.uvs) // 2 if group.texture is not None else len(group.colors)
        if (out := (chosen < 0) | (chosen >= size)).any():
            if size:
                notes.append(f"{int(out.sum()):,} corners name properties that are not there")
            some, chosen = some[~out.any(axis=1)], chosen[~out.any(axis=1)]
        if not len(some):
            continue
        if group.texture is None:
            table = np.array([_rgba(color) for color in group.colors])
            colors[some] = table[chosen]
            continue
        picture = _picture(package, model, group.texture, notes)
        if picture is not None:
            uvs = np.frombuffer(group.uvs, np.float64).reshape(-1, 2)[chosen].reshape(-1, 2)
            taken[some] = True
            yield Piece(
                vertices=vertices[faces[some].ravel()],
                faces=np.arange(3 * len(some)).reshape(-1, 3),
                uvs=uvs,
                material=Diffuse(picture),
                name=thing.name,
            )
    if not taken.all():
        yield _colored(replace(whole, faces=faces[~taken]), colors[~taken], notes)


def _rgba(text: str) -> tuple[float, float, float, float]:
    """#RRGGBB or #RRGGBBAA, in [0, 1]; what is none has no colour."""
    digits = text.strip().removeprefix("#")
    try:
        values = bytes.fromhex(digits)
    except ValueError:
        values = b""
    if len(values) not in (3, 4):
        return (np.nan,) * 4
    r, g, b, a = (*values, 255)[:4]
    return (r / 255.0, g / 255.0, b / 255.0, a / 255.0)


def _colored(piece: Piece, rgba: NDArray[np.float64], notes: list[str]) -> Piece:
    """The piece with the colours (F, 3, 4) of its corners, as simply as they allow."""
    known = ~np.isnan(rgba[..., 0])
    if not known.any():
        return piece
    linear = linear_colors(np.where(np.isnan(rgba[..., :3]), 0.0, rgba[..., :3]))
    linear[~known] = 0.5
    alpha = rgba[..., 3][known]
    if known.all() and (rgba == rgba[0, 0]).all():
        r, g, b = (float(value) for value in linear[0, 0])
        opacity = float(alpha[0]) or 1.0
        return replace(piece, material=Diffuse((r, g, b), opacity=opacity))
    if (alpha < 1.0).any():
        notes.append("how opaque single triangles are is left out")
    if (linear == linear[:, :1]).all():
        return replace(piece, face_colors=linear[:, 0], material=DEFAULT_MATERIAL)
    return replace(
        piece,
        vertices=piece.vertices[piece.faces.ravel()],
        faces=np.arange(piece.faces.size).reshape(-1, 3),
        colors=linear.reshape(-1, 3),
    )


_WRAPS: dict[str, Wrap] = {"mirror": "mirror", "clamp": "clamp", "none": "clamp"}


def _picture(package: _Package, model: _Model, key: str, notes: list[str]) -> ImageTexture | None:
    from PIL import Image

    try:
        path, style, other = model.textures[key]
        data = b"".join(package.chunks(path))
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ValueError(f"it has more than {MAX_PIXELS} pixels")
            pixels = np.asarray(picture.convert("RGB"))
    except KeyError:
        notes.append(f"there is no picture {key!r}")
        return None
    except Exception as error:  # decoders raise anything
        notes.append(f"picture {key!r} left out: {' '.join(str(error).split())[:200]}")
        return None
    if style != other:
        notes.append(f"picture {key!r} goes on in two ways; {style!r} is taken for both")
    return ImageTexture(pixels, wrap=_WRAPS.get(style, "repeat"))
