"""From the columns of a PLY to triangles, or points."""

from __future__ import annotations

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
from raywidget.io.ply.bodies import Columns, List, read_bodies
from raywidget.io.ply.header import Header, read_header
from raywidget.io.points import spheres
from raywidget.io.polygons import triangulate
from raywidget.scene.materials.materials import Diffuse
from raywidget.scene.textures.image_texture import ImageTexture


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
    header = read_header(data)
    bodies = read_bodies(data, header)
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
        polygons=split.of_many(),
        material=_material(path, header, notes),
    )
    face_colors = _colors(face)
    if face_colors is not None and len(face_colors) == len(counts):
        if colors is None:
            piece = replace(piece, face_colors=face_colors[split.polygons])
        else:
            notes.append("both vertices and faces have colours; those of vertices are shown")
    wedges = face.get("texcoord")
    if isinstance(wedges, List) and len(wedges.counts) == len(counts):
        piece = _with_wedges(piece, split, wedges, counts, notes)
    return _Ply(piece, points, colors, None)


def _table(columns: Columns, names: tuple[tuple[str, ...], ...]) -> NDArray[Any] | None:
    for row in names:
        found = [columns.get(name) for name in row]
        if all(isinstance(column, np.ndarray) for column in found):
            return np.stack(found, axis=1)  # type: ignore[arg-type]
    return None


def _colors(columns: Columns) -> NDArray[Any] | None:
    found = _table(columns, _COLORS)
    return None if found is None else linear_colors(found)


def _polygons(
    bodies: dict[str, Columns], notes: list[str]
) -> tuple[NDArray[Any], NDArray[np.int64], Columns]:
    """Corners of all faces or strips, how many each has, and what else faces have."""
    face = bodies.get("face", bodies.get("faces", {}))
    for name in _FACES:
        if isinstance(face.get(name), List):
            listed = face[name]
            if len(listed.counts):
                return listed.values, listed.counts, face
    for columns in (bodies.get("tristrips", {}), bodies.get("tristrip", {})):
        for name in _FACES:
            if isinstance(columns.get(name), List):
                return (*_strips(columns[name]), {})
    if "range_grid" in bodies:
        notes.append("its grid of ranges is shown as points")
    if face and not any(isinstance(face.get(name), List) for name in _FACES):
        raise ValueError(f"its faces have no list named {' or '.join(_FACES)}")
    return np.empty(0), np.empty(0, np.int64), {}


def _strips(strips: List) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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


def _material(path: Path, header: Header, notes: list[str]) -> Diffuse | None:
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
    piece: Piece, split: Any, wedges: List, counts: NDArray[np.int64], notes: list[str]
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
