"""Pieces -> shapes: triangles, points and lines, wherever they came from.

Things may lie far from the origin, where single precision is too coarse; so their arrays stay as
they came until `build` knows where the origin will be. What real data has wrong (normals of length
0, corners that are not numbers, triangles without an area) is mended there, counted and noted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.fields import MOST_NUMBERS, Fields
from raywidget.io.lines import Lines, tubes
from raywidget.io.pieces import Piece, mended, notes_of
from raywidget.io.points import Points, ball_radius, spheres
from raywidget.scene.materials.materials import DEFAULT_MATERIAL, Material
from raywidget.scene.materials.principled import Principled
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.shapes.planes import Plane
from raywidget.scene.shapes.simple import Bounds, Shape
from raywidget.scene.textures.textures import Attribute

CLAY = Principled((0.32, 0.37, 0.44), roughness=0.45)  # where nothing says what a thing is made of
PAINT = Principled(Attribute("color"), roughness=0.45)  # the same, in the colours that it brings

AnyPiece: TypeAlias = Piece | Points | Lines | Shape


# --- Where things are -----------------------------------------------------------------------------


def bounds_of(pieces: Sequence[AnyPiece]) -> Bounds:
    """Corners of the box round all of them, (3,) float64 each; what is not a number is left out."""
    lows, highs = [], []
    for piece in pieces:
        if isinstance(piece, Shape):
            low, high = piece.bounds()
        else:
            points = np.concatenate([np.reshape(p, (-1, 3)) for p in _places(piece)])
            points = points.astype(np.float64)
            points = points[np.isfinite(points).all(axis=1)]
            if not len(points):
                continue
            reach = getattr(piece, "radii", None)
            margin = 0.0 if reach is None else float(np.max(reach))
            low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
        lows.append(low)
        highs.append(high)
    if not lows:
        return np.zeros(3), np.zeros(3)
    return np.min(lows, axis=0), np.max(highs, axis=0)


def _places(piece: Piece | Points | Lines) -> list[NDArray[Any]]:
    if isinstance(piece, Piece):
        faces, used = np.asarray(piece.faces), np.zeros(len(piece.vertices), bool)
        used[faces[(faces >= 0) & (faces < len(used))]] = True  # `build` refuses the others
        return [np.asarray(piece.vertices)[used]]
    return [piece.centers] if isinstance(piece, Points) else [piece.starts, piece.ends]


# --- Pieces -> shapes -----------------------------------------------------------------------------


def build(
    pieces: Sequence[AnyPiece], notes: list[str], origin: NDArray[Any] | None = None
) -> list[Shape]:
    """Make shapes of pieces, seen from `origin`; what is mended is added to `notes`."""
    low, high = bounds_of(pieces)
    diagonal = float(np.linalg.norm(high - low)) or 1.0
    at = np.zeros(3) if origin is None else np.asarray(origin, np.float64)
    shapes: list[Shape] = []
    names: set[str] = set()
    room = MOST_NUMBERS
    for piece in pieces:
        if not isinstance(piece, Shape) and piece.fields is not None:
            label = _label(piece, "a thing")
            fields, room = piece.fields.bounded(room, label, notes)
            piece = replace(piece, fields=fields)
        if isinstance(piece, Shape):
            shapes.append(piece)
            continue
        if isinstance(piece, Piece):
            found = _mesh(_uniquely(piece, names), at, notes)
        elif isinstance(piece, Points):
            found = _balls(_uniquely(piece, names), at, diagonal, notes)
        else:
            found = _tubes(_uniquely(piece, names), at, diagonal, notes)
        if piece.clip:
            planes = [Plane(tuple(p.point - at), p.normal) for p in piece.clip]
            found = [shape.replace(clip=planes) for shape in found]
        shapes += found
    return shapes


def _uniquely(piece: Any, names: set[str]) -> Any:
    """The piece, by a name that no other one of its scene has."""
    name = piece.name
    if not isinstance(name, str) or not name.strip():
        return replace(piece, name=None)
    count, unique = 2, name
    while unique in names:
        unique, count = f"{name} {count}", count + 1
    names.add(unique)
    return replace(piece, name=unique)


def _material(piece: Piece | Points | Lines, colored: bool) -> Material:
    if piece.material is not None:
        return piece.material
    return PAINT if colored else CLAY


def _label(piece: Piece | Points | Lines, what: str) -> str:
    return f"{what} {piece.name!r}" if piece.name else f"a {what}"


def _mesh(piece: Piece, origin: NDArray[Any], notes: list[str]) -> list[Shape]:
    label = _label(piece, "mesh")
    vertices, faces = np.array(piece.vertices, np.float64), np.asarray(piece.faces)
    if vertices.ndim != 2 or vertices.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3:
        raise SceneError(
            f"{label} must be (V, 3) vertices and (F, 3) faces, "
            f"got arrays of shape {vertices.shape} and {faces.shape}"
        )
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise SceneError(
            f"{label} has faces that name vertices from {faces.min()} to {faces.max()}, "
            f"but there are {len(vertices)}, counted from 0"
        )
    vertices -= origin
    normals = piece.normals
    if normals is not None and np.shape(normals) != vertices.shape:
        notes.append(f"{label}: normals left out, {len(normals):,} for {len(vertices):,} vertices")
        normals = None
    count: Counter[str] = Counter()
    try:
        sound = mended(
            replace(
                piece,
                vertices=vertices,
                faces=faces.astype(np.int64, copy=False),
                normals=None if normals is None else np.asarray(normals, np.float64),
                uvs=None if piece.uvs is None else np.asarray(piece.uvs, np.float64)[:, :2],
                colors=_rgb(piece.colors),
                face_colors=_rgb(piece.face_colors) if piece.colors is None else None,
            ),
            count,
        )
    except ValueError as error:
        raise SceneError(f"{label}: {error}") from None
    notes += [f"{label}: {note}" for note in notes_of(count)]
    if sound is None:
        notes.append(f"{label}: left out, it has no triangles")
        return []
    told = {} if sound.fields is None else _told_of_mesh(sound, sound.fields, label, notes)
    if not told:
        told = {"colors": sound.colors, "face_colors": sound.face_colors}
    colored = any(value is not None for value in told.values())
    mesh = Mesh(
        sound.vertices,
        sound.faces,
        normals=sound.normals,
        uvs=sound.uvs,
        edges=sound.edges,
        polygons=sound.polygons,
        material=_material(piece, colored),
        name=piece.name,
        **told,
    )
    return [mesh]


def _told_of_mesh(piece: Piece, fields: Fields, label: str, notes: list[str]) -> dict[str, Any]:
    """Its quantities; where both kinds are equally many, those of the kind that is shown."""
    kinds = {one.on for one in fields.arrays.values()}
    if len(piece.vertices) != len(piece.faces) or len(kinds) == 1:
        alike = len(piece.vertices) == len(piece.faces)
        return fields.parameters() | ({"per": kinds.pop()} if alike else {})
    shown = fields.arrays[fields.show].on
    notes.append(f"{label}: it has as many vertices as triangles, and keeps arrays of {shown} only")
    return fields.parameters(shown) | {"per": shown}


def _rgb(colors: NDArray[Any] | None) -> Any:
    return None if colors is None else np.asarray(colors, np.float64)[:, :3]


def _balls(piece: Points, origin: NDArray[Any], diagonal: float, notes: list[str]) -> list[Shape]:
    centers = np.asarray(piece.centers, np.float64) - origin
    radii: Any = piece.radii
    if radii is None:
        finite = centers[np.isfinite(centers).all(axis=1)]
        radii = ball_radius(finite, diagonal) if len(finite) else 1.0
    radii = np.broadcast_to(np.asarray(radii, np.float64), len(centers))
    own: list[str] = []
    found = spheres(
        centers, _rgb(piece.colors), radii, notes=own, name=piece.name, fields=piece.fields
    )
    label = _label(piece, "point cloud")
    notes += [f"{label}: {note}" for note in own]
    return [
        balls.replace(
            material=_material(piece, balls.colors is not None or balls.shown is not None)
        )
        for balls in found
    ]


def _tubes(piece: Lines, origin: NDArray[Any], diagonal: float, notes: list[str]) -> list[Shape]:
    moved = replace(
        piece,
        starts=np.asarray(piece.starts, np.float64) - origin,
        ends=np.asarray(piece.ends, np.float64) - origin,
        colors=_rgb(piece.colors),
    )
    own: list[str] = []
    colored = piece.colors is not None or piece.fields is not None
    found = tubes(moved, _material(piece, colored), diagonal, own)
    label = _label(piece, "set of lines")
    notes += [f"{label}: {note}" for note in own]
    return found


def is_unpainted(shape: Shape) -> bool:
    """Does nothing say what a shape is made of?"""
    return shape.material is DEFAULT_MATERIAL
