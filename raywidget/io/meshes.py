"""Meshes from files: all triangles of a file as one."""

from __future__ import annotations

import importlib
import logging
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.errors import EmptyMeshError, SceneError
from raywidget.io import serialized
from raywidget.io.pieces import Piece, mended, notes_of
from raywidget.io.scene_files import advice_on, read_scene, suffix_of, suffixes
from raywidget.scene.materials.materials import DEFAULT_MATERIAL, Material
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.normals import creased_normals, smooth_normals
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.values import arrays, checks, transforms
from raywidget.scene.values.checks import MAX_ROWS, fail
from raywidget.scene.values.signatures import checked_call

_PIECES = {
    # Formats whose readers give coordinates in the precision of the file.
    ".obj": "wavefront",
    ".off": "off",
    ".ply": "ply",
    ".serialized": "serialized",
    ".stl": "stl",
}

_UP = {
    "y": np.eye(4),
    "z": np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]]),
}

_log = logging.getLogger(__name__)


@checked_call(SceneError)
def load_mesh(
    path: str | os.PathLike[str],
    *,
    material: Material | None = None,
    up: Literal["y", "z"] = "y",
    transform: ArrayLike | None = None,
    smooth: bool | float | None = None,
    name: str | None = None,
) -> Mesh:
    r"""Read all triangles of a file as one mesh: PLY, OBJ, STL, OFF, GLB and more.

    Polygons are split into triangles; all objects in the file become one mesh, where the file puts
    them. Normals, texture coordinates and colours are kept; a part that has none, where others
    have, gets flat normals, coordinates (0, 0) and grey. Materials, textures, cameras and lights
    are not read: `load_scene` does. What was mended on the way, as triangles without area, is told
    to the logger ``raywidget.io.meshes``.

    Parameters
    ----------
    path : path-like
        The file; its suffix tells the format. At most 4 GiB.
    material : Material, optional
        What it is made of; otherwise its own colours if the file has them, or a matte grey.
    up : {"y", "z"}
        Which axis points up in the file. "z" (scanners, CAD, Blender's own axes) is turned by -90
        degrees about x, so that y points up.
    transform : (4, 4) array of float, optional
        Applied after that, see `raywidget.transforms`; in double precision, so that a file in
        coordinates of a map may be brought to the origin without loss.
    smooth : bool or float, optional
        True: smooth normals, computed from the triangles where the file has none. False: flat
        triangles, whatever it has. An angle in degrees, for parts of machines: normals are computed
        anew, and edges where the triangles meet at more than it stay sharp (30 is usual). By
        default as the file has it.
    name : str, optional
        What messages call it.

    Returns
    -------
    Mesh

    Raises
    ------
    SceneError
        If the file can't be read, is malformed or too large, or has no triangles.

    Examples
    --------
    >>> import os, tempfile, raywidget as rw
    >>> path = os.path.join(tempfile.mkdtemp(), "corner.obj")
    >>> with open(path, "w") as file:
    ...     _ = file.write("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    >>> rw.load_mesh(path).vertices.shape
    (3, 3)
    """
    file = checks.path("load_mesh()", "path", path)
    owner = f"load_mesh({file.name!r})"
    if not isinstance(up, str) or up not in _UP:
        raise fail(owner, "up", '"y" or "z"', up)
    matrix = _UP[up]
    if transform is not None:
        given = checks.array(owner, "transform", transform, "a (4, 4) array")
        matrix = arrays.affine_transforms(owner, "transform", [given])[0] @ matrix
    return mesh_of(file, matrix, material=material, smooth=smooth, name=name)


def mesh_of(
    file: Path,
    matrix: NDArray[np.float64],
    *,
    part: int | None = None,
    material: Material | None = None,
    smooth: bool | float | None = None,
    name: str | None = None,
    mended_before: Counter[str] | None = None,
) -> Mesh:
    """What `load_mesh` returns; of a file of Mitsuba's that holds several, `part` may be taken.

    What is mended is added to `mended_before`, if it is given, for whoever reads many files.
    """
    owner = f"load_mesh({file.name!r})"
    angle = _crease(owner, smooth)
    try:
        pieces, notes = _read(file, part)
        count: Counter[str] = Counter() if mended_before is None else mended_before
        moved = (mended(_moved(piece, matrix), count) for piece in pieces)
        whole = joined([piece for piece in moved if piece is not None])
    except (SceneError, ValueError) as error:
        reason = str(error).removeprefix(f"{file.name!r}: ")
        raise SceneError(f"{owner}: {reason}") from None
    for note in (*notes, *(notes_of(count) if mended_before is None else ())):
        _log.warning("%s: %s", owner, note)
    if whole is None:
        raise EmptyMeshError(f"{owner}: there are no triangles in it")
    if smooth is False:
        whole = replace(whole, normals=None)
    elif smooth is True and whole.normals is None:
        whole = replace(whole, normals=_unit_or_up(smooth_normals(whole.vertices, whole.faces)))
    elif angle is not None:
        whole = _creased(whole, angle)
    return Mesh(
        whole.vertices,
        whole.faces,
        material=DEFAULT_MATERIAL if material is None else material,
        normals=whole.normals,
        uvs=whole.uvs,
        colors=whole.colors,
        face_colors=whole.face_colors,
        polygons=whole.polygons,
        name=name,
    )


def _crease(owner: str, smooth: object) -> float | None:
    if smooth is None or isinstance(smooth, bool):
        return None
    expected = "True, False, None or an angle in degrees, in (0, 180]"
    angle = checks.number(owner, "smooth", smooth, expected)
    if not 0.0 < angle <= 180.0:
        raise fail(owner, "smooth", expected, smooth)
    return angle


def _read(file: Path, part: int | None) -> tuple[Sequence[Piece], Sequence[str]]:
    if part is not None:
        return serialized.read_pieces(file, part)
    if reader := _PIECES.get(file.suffix.lower()):
        module = importlib.import_module(f"raywidget.io.{reader}")
        pieces: list[Piece]
        pieces, notes = module.read_pieces(file)
        return pieces, notes
    if suffix_of(file) not in suffixes():
        raise fail(
            repr(file.name),
            "path",
            f"a file of type {', '.join(suffixes())}",
            str(file),
            advice_on(file),
        )
    parts = read_scene(file)
    return [piece for shape in parts.shapes for piece in _pieces_of(shape)], parts.notes


def _pieces_of(shape: Shape) -> list[Piece]:
    if isinstance(shape, Mesh):
        return [
            Piece(
                vertices=shape.vertices,
                faces=shape.faces[:, ::-1] if shape.flip_normals else shape.faces,
                normals=shape.normals,
                uvs=shape.uvs,
                colors=shape.colors,
                face_colors=shape.face_colors,
                polygons=shape.polygons,
            )
        ]
    if isinstance(shape, Instances):
        total = len(shape.mesh.faces) * len(shape.transforms)
        if total > MAX_ROWS:
            raise ValueError(
                f"its copies have {total:,} triangles, too many for one mesh; load_scene() keeps "
                "them as copies"
            )
        (piece,) = _pieces_of(shape.mesh)
        return [_moved(piece, matrix) for matrix in shape.transforms]
    return []


def _moved(piece: Piece, matrix: NDArray[np.float64]) -> Piece:
    if np.array_equal(matrix, np.eye(4)):
        return piece
    linear = matrix[:3, :3]
    normals = piece.normals
    if normals is not None:
        normals = normals @ np.linalg.inv(linear)  # by the inverse transpose
    with np.errstate(invalid="ignore", over="ignore"):
        vertices = transforms.apply(matrix, piece.vertices)
    faces = piece.faces
    if np.linalg.det(linear) < 0.0:
        faces = faces[:, ::-1]  # a mirror image keeps its front in front
    return replace(piece, vertices=vertices, faces=faces, normals=normals)


def _creased(piece: Piece, degrees: float) -> Piece:
    corners, normals, faces = creased_normals(piece.vertices, piece.faces, degrees)
    return replace(
        piece,
        vertices=piece.vertices[corners],
        faces=faces,
        normals=_unit_or_up(normals),
        uvs=None if piece.uvs is None else piece.uvs[corners],
        colors=None if piece.colors is None else piece.colors[corners],
    )


def _unit_or_up(normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normals of vertices that no triangle uses, or whose triangles cancel out, point up."""
    normals[np.linalg.norm(normals, axis=1) < 0.5] = (0.0, 1.0, 0.0)
    return normals


# --- Several as one -------------------------------------------------------------------------------


def joined(pieces: Sequence[Piece]) -> Piece | None:
    """All pieces as one, without materials; what only some of them have, the others get."""
    if len(pieces) < 2:
        return pieces[0] if pieces else None
    if sum(len(piece.faces) for piece in pieces) > MAX_ROWS:
        raise ValueError(f"it has more than {MAX_ROWS:,} triangles")
    if any(piece.normals is not None for piece in pieces):
        pieces = [piece if piece.normals is not None else _flat(piece) for piece in pieces]
    by_faces = any(p.face_colors is not None for p in pieces)
    by_vertices = any(p.colors is not None for p in pieces)
    if by_faces and by_vertices:
        pieces = [_colored_at_vertices(piece) for piece in pieces]
    starts = np.cumsum([0, *(len(piece.vertices) for piece in pieces[:-1])])

    def all_of(name: str, rows: str, default: float, columns: int) -> Any:
        values = [getattr(piece, name) for piece in pieces]
        if all(value is None for value in values):
            return None
        counts = [len(getattr(piece, rows)) for piece in pieces]
        return np.concatenate(
            [
                np.full((count, columns), default) if value is None else value
                for value, count in zip(values, counts, strict=True)
            ]
        )

    return Piece(
        vertices=np.concatenate([piece.vertices for piece in pieces]),
        faces=np.concatenate([p.faces + start for p, start in zip(pieces, starts, strict=True)]),
        normals=all_of("normals", "vertices", 0.0, 3),
        uvs=all_of("uvs", "vertices", 0.0, 2),
        colors=all_of("colors", "vertices", 0.5, 3),
        face_colors=None if by_vertices else all_of("face_colors", "faces", 0.5, 3),
        polygons=_all_polygons(pieces),
    )


def _all_polygons(pieces: Sequence[Piece]) -> NDArray[Any] | None:
    """Numbers of their own for those of each piece."""
    if all(piece.polygons is None for piece in pieces):
        return None
    numbers, first = [], 0
    for piece in pieces:
        own = np.arange(len(piece.faces)) if piece.polygons is None else piece.polygons
        numbers.append(first + own)
        first += int(own.max()) + 1 if len(own) else 0
    return np.concatenate(numbers)


def _apart(piece: Piece) -> Piece:
    """The same triangles, none of which share a vertex."""
    corners = piece.faces.ravel()
    return replace(
        piece,
        vertices=piece.vertices[corners],
        faces=np.arange(len(corners)).reshape(-1, 3),
        normals=None if piece.normals is None else piece.normals[corners],
        uvs=None if piece.uvs is None else piece.uvs[corners],
        colors=None if piece.colors is None else piece.colors[corners],
    )


def _flat(piece: Piece) -> Piece:
    apart = _apart(piece)
    a, b, c = np.moveaxis(apart.vertices.astype(np.float64).reshape(-1, 3, 3), 1, 0)
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300)
    return replace(apart, normals=np.repeat(normals, 3, axis=0))


def _colored_at_vertices(piece: Piece) -> Piece:
    if piece.face_colors is None:
        return piece
    apart = _apart(piece)
    return replace(apart, colors=np.repeat(piece.face_colors, 3, axis=0), face_colors=None)
