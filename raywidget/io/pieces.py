"""Pieces of a file: triangles as they stand there, mended until they may be meshes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.fields import Fields
from raywidget.io.parts import SceneParts
from raywidget.scene.materials.materials import DEFAULT_MATERIAL, Material
from raywidget.scene.shapes.edges import Edges
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.shapes.normals import smooth_normals_at
from raywidget.scene.shapes.planes import Plane
from raywidget.scene.values.arrays import kind_of_points
from raywidget.scene.values.checks import LARGEST, MAX_ROWS
from raywidget.scene.values.colors import decode_srgb


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Triangles of one material. Coordinates keep the precision of the file."""

    vertices: NDArray[Any]  # (V, 3)
    faces: NDArray[Any]  # (F, 3)
    normals: NDArray[Any] | None = None  # (V, 3) of any length, even 0
    uvs: NDArray[Any] | None = None  # (V, 2)
    colors: NDArray[Any] | None = None  # (V, 3) linear
    face_colors: NDArray[Any] | None = None  # (F, 3) linear
    face_materials: NDArray[Any] | None = None  # (F,) which of several materials
    polygons: NDArray[Any] | None = None  # (F,) which polygon it is a part of
    edges: Edges | None = None
    material: Material | None = None
    name: str | None = None
    fields: Fields | None = None  # of vertices and faces, instead of colours
    clip: tuple[Plane, ...] | None = None  # of its own, before the origin is moved


_SENTENCES = {
    "lost": "{} left out that had corners which are no (finite) numbers",
    "flat": "{} without area left out",
    "double": "{} left out that stood there twice",
    "normals": "{} of length 0, or that were no numbers, replaced by those of the triangles",
    "uvs": "{} that were no numbers set to 0",
    "colors": "{} outside of their range brought back into it",
}
_THINGS = {
    "normals": "normal",
    "uvs": "texture coordinate",
    "colors": "colour",
}


def notes_of(mended: Counter[str]) -> tuple[str, ...]:
    """A sentence for each kind of thing that was mended."""
    return tuple(_sentence(kind, mended[kind]) for kind in _SENTENCES if mended[kind])


def notes_of_many(mended: Sequence[tuple[str, Counter[str]]]) -> tuple[str, ...]:
    """A sentence for each kind of thing that was mended, of things that have names.

    Examples
    --------
    >>> from collections import Counter
    >>> from raywidget.io.pieces import notes_of_many
    >>> notes_of_many([("a.obj", Counter(flat=2)), ("b.obj", Counter(flat=9, uvs=1))])
    ('b.obj: 9 triangles without area left out, and 2 more in 1 other place', \
'b.obj: 1 texture coordinate that were no numbers set to 0')
    """
    notes = []
    for kind in _SENTENCES:
        counts = [(count[kind], name) for name, count in mended if count[kind]]
        if not counts:
            continue
        most, name = max(counts, key=lambda pair: pair[0])
        note = f"{name}: {_sentence(kind, most)}"
        if len(counts) > 1:
            rest = sum(count for count, _ in counts) - most
            others = f"{len(counts) - 1:,} other place{'s' if len(counts) > 2 else ''}"
            note += f", and {rest:,} more in {others}"
        notes.append(note)
    return tuple(notes)


def _sentence(kind: str, count: int) -> str:
    thing = _THINGS.get(kind, "triangle") + ("s" if count > 1 else "")
    return _SENTENCES[kind].format(f"{count:,} {thing}")


@np.errstate(invalid="ignore", over="ignore")  # of what is mended
def mended(piece: Piece, count: Counter[str]) -> Piece | None:
    """The piece without what no mesh may have, counted; None if nothing is left.

    Raises
    ------
    ValueError
        If there is more of it than a mesh may have.
    """
    if max(len(piece.vertices), len(piece.faces)) > MAX_ROWS:
        raise ValueError(f"it has more than {MAX_ROWS:,} vertices or triangles")
    vertices, faces = piece.vertices, piece.faces
    with np.errstate(invalid="ignore"):
        sound = np.abs(vertices) <= LARGEST  # NaN compares false
    keep = np.ones(len(faces), bool)
    if not sound.all():
        keep = sound.all(axis=1)[faces].all(axis=1)
        count["lost"] += len(faces) - int(keep.sum())
        vertices = np.where(sound, vertices, 0.0)
    keep = _without_flat(vertices, faces, keep, count)
    keep = _without_doubles(faces, keep, count)
    face_colors, face_materials, fields = piece.face_colors, piece.face_materials, piece.fields
    polygons = piece.polygons
    if not keep.all():
        faces = faces[keep]
        face_colors = None if face_colors is None else face_colors[keep]
        face_materials = None if face_materials is None else face_materials[keep]
        fields = None if fields is None else fields.taking(keep, "faces")
        polygons = None if polygons is None else polygons[keep]
    if not len(faces):
        return None
    uvs = piece.uvs
    if uvs is not None:
        with np.errstate(invalid="ignore"):
            good = np.abs(uvs) <= LARGEST
        if not good.all():
            count["uvs"] += int((~good).any(axis=1).sum())
            uvs = np.where(good, uvs, 0.0)
    return replace(
        piece,
        vertices=vertices,
        faces=faces,
        normals=_mended_normals(vertices, faces, piece.normals, count),
        uvs=uvs,
        colors=None if piece.colors is None else mended_colors(piece.colors, count),
        face_colors=None if face_colors is None else mended_colors(face_colors, count),
        face_materials=face_materials,
        fields=fields,
        polygons=polygons,
    )


def _without_flat(
    vertices: NDArray[Any], faces: NDArray[Any], keep: NDArray[Any], count: Counter[str]
) -> NDArray[np.bool_]:
    """Which of the triangles that are kept have an area in the precision that a mesh keeps?"""
    if not keep.any():
        return keep
    kind = kind_of_points(vertices, faces[keep])
    # Axis by axis, which is several times as fast.
    x, y, z = (np.ascontiguousarray(vertices[:, axis], kind) for axis in range(3))
    a, b, c = (np.ascontiguousarray(faces[:, corner]) for corner in range(3))
    ux, uy, uz = (axis[b] - axis[a] for axis in (x, y, z))
    vx, vy, vz = (axis[c] - axis[a] for axis in (x, y, z))
    with np.errstate(over="ignore", invalid="ignore"):
        flat = (uy * vz == uz * vy) & (uz * vx == ux * vz) & (ux * vy == uy * vx)
    flat &= keep
    if flat.any():
        # Products of what is tiny or huge may be equal by rounding only.
        rows = np.flatnonzero(flat)
        corners = vertices.astype(kind).astype(np.float64)[faces[rows]]
        edges = corners[:, 1:] - corners[:, :1]
        flat[rows] = ~np.cross(edges[:, 0], edges[:, 1]).any(axis=1)
        count["flat"] += int(flat.sum())
    return np.asarray(keep & ~flat)


def _without_doubles(
    faces: NDArray[Any], keep: NDArray[Any], count: Counter[str]
) -> NDArray[np.bool_]:
    """Of triangles with the same corners and the same front the first is kept."""
    if not len(faces):
        return keep
    first = np.argmin(faces, axis=1)  # begin with the least corner, keep the turn
    rows = np.arange(len(faces))
    a, b, c = (faces[rows, (first + k) % 3].astype(np.uint64) for k in range(3))
    # A hash: what is alike by it is looked into below.
    keys = (a * np.uint64(0x9E3779B97F4A7C15)) ^ (b * np.uint64(0xC2B2AE3D27D4EB4F)) ^ (c << 3)
    ordered = np.sort(keys)
    if not (same := ordered[1:] == ordered[:-1]).any():
        return keep
    some = np.flatnonzero(np.isin(keys, ordered[1:][same]))
    corners = np.stack([a[some], b[some], c[some]], axis=1)
    _, at, found = np.unique(corners, axis=0, return_index=True, return_inverse=True)
    doubles = np.zeros(len(faces), bool)
    doubles[some] = at[found.reshape(-1)] != np.arange(len(some))
    doubles &= keep
    count["double"] += int(doubles.sum())
    return keep & ~doubles


def _mended_normals(
    vertices: NDArray[Any], faces: NDArray[Any], normals: NDArray[Any] | None, count: Counter[str]
) -> NDArray[Any] | None:
    if normals is None:
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        bad = ~((normals**2).sum(axis=1) > 1e-20) | ~(np.abs(normals) <= LARGEST).all(axis=1)
    if not bad.any():
        return normals
    used = np.zeros(len(vertices), bool)
    used[faces.ravel()] = True
    count["normals"] += int((bad & used).sum())
    normals = np.where(bad[:, None], 0.0, normals)
    if (bad & used).any():
        own = smooth_normals_at(vertices, faces, bad)
        # Where triangles of a vertex cancel out, any direction serves as well as another.
        own[np.linalg.norm(own, axis=1) < 0.5] = (0.0, 1.0, 0.0)
        normals[bad] = own
    normals[bad & ~used] = (0.0, 1.0, 0.0)
    return np.asarray(normals)


def mended_colors(colors: NDArray[Any], count: Counter[str] | None = None) -> NDArray[Any]:
    """Colours within [0, 1]; how many were not is counted."""
    with np.errstate(invalid="ignore"):
        good = (colors >= 0.0) & (colors <= 1.0)
    if good.all():
        return colors
    if count is not None:
        count["colors"] += int((~good).any(axis=1).sum())
    return np.asarray(np.clip(np.nan_to_num(colors, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0))


@np.errstate(invalid="ignore", over="ignore")  # of what is mended
def linear_colors(values: NDArray[Any]) -> NDArray[np.float32]:
    """Colours as programs store them, by the sRGB curve, as linear light.

    Bytes run to 255, other integers to 65,535, or to 255 if none is larger; numbers to 1, but if
    one is larger than 2, they are integers in disguise.

    Parameters
    ----------
    values : (N, 3) array

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.io.pieces import linear_colors
    >>> [round(float(linear_colors(np.full((1, 3), v))[0, 0]), 3) for v in (0.5, 127.5)]
    [0.214, 0.214]
    """
    if values.dtype == np.uint8:
        table = decode_srgb(np.arange(256) / 255.0).astype(np.float32)
        return np.asarray(table[values])
    with np.errstate(invalid="ignore"):
        scaled = np.asarray(values, np.float64) / range_of_colors(values)
    return decode_srgb(scaled).astype(np.float32)


def range_of_colors(values: NDArray[Any]) -> float:
    """The number that means full: 1, 255 or 65,535, see `linear_colors`."""
    if values.dtype == np.uint8:
        return 255.0
    largest = float(np.nanmax(values, initial=0.0))
    if values.dtype.kind in "iu":
        return 65535.0 if largest > 255.0 else 255.0
    return 1.0 if largest <= 2.0 else 255.0 if largest <= 255.0 else 65535.0


def parts_of(path: Path, read: Callable[[Path], tuple[list[Piece], list[str]]]) -> SceneParts:
    """What a file of nothing but meshes says: those of its pieces that have triangles.

    Raises
    ------
    SceneError
        If `read` does, or there is more in it than a mesh may have.
    """
    pieces, notes = read(path)
    count: Counter[str] = Counter()
    try:
        shapes = tuple(meshes_of(pieces, count))
    except ValueError as error:
        raise SceneError(f"{path.name!r}: {error}") from None
    return SceneParts(shapes=shapes, notes=(*notes, *notes_of(count)))


def meshes_of(pieces: Iterable[Piece], count: Counter[str]) -> list[Mesh]:
    """Meshes of all pieces that have triangles."""
    meshes = []
    for raw in pieces:
        piece = mended(raw, count)
        if piece is not None:
            meshes.append(
                Mesh(
                    piece.vertices,
                    piece.faces,
                    normals=piece.normals,
                    uvs=piece.uvs,
                    colors=piece.colors,
                    face_colors=piece.face_colors,
                    edges=piece.edges,
                    polygons=piece.polygons,
                    material=DEFAULT_MATERIAL if piece.material is None else piece.material,
                    name=piece.name,
                )
            )
    return meshes


def per_corner(piece: Piece, uvs: NDArray[Any]) -> Piece:
    """The piece with texture coordinates (F, 3, 2) of corners; vertices are split at seams."""
    table = np.column_stack([piece.faces.ravel(), uvs.reshape(-1, 2)])
    _, rows, new = np.unique(table, axis=0, return_index=True, return_inverse=True)
    at = piece.faces.ravel()[rows]
    return replace(
        piece,
        vertices=piece.vertices[at],
        faces=new.reshape(-1, 3),
        normals=None if piece.normals is None else piece.normals[at],
        uvs=uvs.reshape(-1, 2)[rows],
        colors=None if piece.colors is None else piece.colors[at],
    )
