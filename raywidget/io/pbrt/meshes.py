"""Triangles as pbrt understands them -> meshes: which side is the front, and files of them."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io import ply
from raywidget.io.notes import Notes
from raywidget.io.pbrt.tokens import MAX_BYTES, unpacked
from raywidget.io.pieces import Piece, mended, notes_of
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.values import transforms

F64 = NDArray[np.float64]


def mesh_of(
    piece: Piece, matrix: F64, is_reversed: bool, keywords: dict[str, Any], place: str, notes: Notes
) -> Mesh | None:
    """A mesh in its place; None if all of its triangles are damaged.

    Its front is where its normals point or, without normals, from where its corners appear
    counter-clockwise before `matrix` is applied; a matrix that mirrors keeps it.
    """
    linear = matrix[:3, :3]
    normals, faces = piece.normals, piece.faces
    if normals is not None:
        faces = _facing(piece.vertices, faces, normals)
        with np.errstate(over="ignore", invalid="ignore"):
            normals = normals @ np.linalg.inv(linear)  # by the inverse transpose
    if np.linalg.det(linear) < 0.0:
        faces = faces[:, ::-1]
    with np.errstate(over="ignore", invalid="ignore"):
        vertices = transforms.apply(matrix, piece.vertices)
    count: Counter[str] = Counter()
    try:
        whole = mended(Piece(vertices=vertices, faces=faces, normals=normals, uvs=piece.uvs), count)
    except ValueError as error:
        raise SceneError(f"{place}: {error}") from None
    for note in notes_of(count):
        notes.add(f"a mesh: {note}", place)
    if whole is None:
        return None
    return Mesh(
        whole.vertices,
        whole.faces,
        normals=whole.normals,
        uvs=whole.uvs,
        flip_normals=is_reversed,
        **keywords,
    )


def _facing(vertices: Any, faces: Any, normals: Any) -> Any:
    """The triangles with their corners counter-clockwise where the normals point."""
    with np.errstate(over="ignore", invalid="ignore"):
        a, b, c = (np.asarray(vertices[faces[:, k]], np.float64) for k in range(3))
        wound = np.cross(b - a, c - a)
        away = np.einsum("fx,fkx->f", wound, np.asarray(normals, np.float64)[faces]) < 0.0
    return np.where(away[:, None], faces[:, ::-1], faces) if away.any() else faces


def per_corner(piece: Piece) -> Piece:
    """The piece with the texture coordinates that pbrt gives to triangles without any."""
    count = len(piece.faces)
    order = piece.faces.ravel()
    return Piece(
        vertices=piece.vertices[order],
        faces=np.arange(3 * count).reshape(-1, 3),
        normals=None if piece.normals is None else piece.normals[order],
        uvs=np.tile(np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]), (count, 1)),
    )


def read_ply(path: Path, place: str, notes: Notes) -> list[Piece]:
    """The triangles of a PLY, which may be packed by gzip."""
    if path.suffix.lower() != ".gz":
        pieces, told = ply.read_pieces(path)
    else:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / path.stem
            copy.write_bytes(unpacked(path, MAX_BYTES))
            pieces, told = ply.read_pieces(copy)
    for note in told:
        notes.add(f"{path.name}: {note}", place)
    return pieces
