"""Open3D: meshes, point clouds, line sets, boxes and voxels, old and new (`open3d.t`)."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.recognition import is_a
from raywidget.adapters.taken import Taken, Wishes
from raywidget.io.building import AnyPiece
from raywidget.io.colors import screen_colors
from raywidget.io.lines import Lines
from raywidget.io.pieces import Piece, per_corner
from raywidget.io.points import Points
from raywidget.scene.materials.principled import Principled
from raywidget.scene.textures.image_texture import ImageTexture

_BOXES = ("AxisAlignedBoundingBox", "OrientedBoundingBox")
_SIDES = np.array(  # of a cube from 0 to 1, by its corners 4 x + 2 y + z, seen from outside
    [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
)


def recognises(thing: object) -> bool:
    """Is it one of Open3D's?"""
    return is_a(thing, "open3d", "TriangleMesh", "PointCloud", "LineSet", "VoxelGrid", *_BOXES)


def take(thing: Any, wishes: Wishes) -> Taken:
    """Take it apart."""
    if hasattr(thing, "to_legacy"):
        thing = thing.to_legacy()
    if is_a(thing, "open3d", "TriangleMesh"):
        return _mesh(thing)
    if is_a(thing, "open3d", "VoxelGrid"):
        return Taken(pieces=tuple(_voxels(thing)))
    piece: AnyPiece
    if is_a(thing, "open3d", *_BOXES):
        lines = importlib.import_module("open3d").geometry.LineSet  # it is there, or no box were
        is_level = is_a(thing, "open3d", "AxisAlignedBoundingBox")
        make = "create_from_axis_aligned_bounding_box"
        thing = getattr(lines, make if is_level else "create_from_oriented_bounding_box")(thing)
    colors = _colors(thing.colors) if thing.has_colors() else None
    if is_a(thing, "open3d", "PointCloud"):
        piece = Points(centers=np.asarray(thing.points), colors=colors)
    else:
        ends = np.asarray(thing.points)[np.asarray(thing.lines)]
        piece = Lines(starts=ends[:, 0], ends=ends[:, 1], colors=colors)
    return Taken(pieces=(piece,))


def _mesh(mesh: Any) -> Taken:
    piece = Piece(
        vertices=np.asarray(mesh.vertices),
        faces=np.asarray(mesh.triangles),
        normals=np.asarray(mesh.vertex_normals) if mesh.has_vertex_normals() else None,
        colors=_colors(mesh.vertex_colors) if mesh.has_vertex_colors() else None,
    )
    if not mesh.has_triangle_uvs():
        return Taken(pieces=(piece,))
    corners = np.asarray(mesh.triangle_uvs).reshape(-1, 3, 2)
    pictures = [np.asarray(picture) for picture in getattr(mesh, "textures", [])]
    which = np.asarray(getattr(mesh, "triangle_material_ids", []), np.int64)
    if len(which) != len(piece.faces):
        which = np.zeros(len(piece.faces), np.int64)
    pieces: list[AnyPiece] = []
    for index in np.unique(which):
        rows = which == index
        part = per_corner(_with_faces(piece, rows), corners[rows])
        picture = pictures[index] if 0 <= index < len(pictures) else None
        pieces.append(part if picture is None else _painted(part, picture))
    return Taken(pieces=tuple(pieces))


def _with_faces(piece: Piece, rows: NDArray[np.bool_]) -> Piece:
    return Piece(
        vertices=piece.vertices,
        faces=piece.faces[rows],
        normals=piece.normals,
        colors=piece.colors,
    )


def _painted(piece: Piece, picture: NDArray[Any]) -> Piece:
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)
    # Open3D's first row is where v is 0.
    texture = ImageTexture(np.ascontiguousarray(picture[::-1, :, :3]))
    return Piece(
        vertices=piece.vertices,
        faces=piece.faces,
        normals=piece.normals,
        uvs=piece.uvs,
        material=Principled(texture, roughness=0.45),
    )


def _voxels(grid: Any) -> list[AnyPiece]:
    """A cube for each voxel, in its colour; sides between two of them are left out."""
    voxels = grid.get_voxels()
    if not voxels:
        return []
    places = np.array([voxel.grid_index for voxel in voxels], np.int64)
    colors = screen_colors(np.array([voxel.color for voxel in voxels], np.float64))[0]
    there = {tuple(place) for place in places.tolist()}
    offsets = np.array([(c >> 2 & 1, c >> 1 & 1, c & 1) for c in range(8)])
    outward = np.array([(-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1)])
    vertices, rows = [], []
    for side, step in zip(_SIDES, outward, strict=True):
        seen = [tuple(place) not in there for place in (places + step).tolist()]
        vertices.append(places[seen][:, None] + offsets[side])
        rows.append(np.flatnonzero(seen))
    corners = np.concatenate(vertices).reshape(-1, 3) * grid.voxel_size + np.asarray(grid.origin)
    squares = np.arange(len(corners)).reshape(-1, 4)
    painted = np.concatenate(rows)
    return [
        Piece(
            vertices=corners,
            faces=np.concatenate([squares[:, [0, 1, 2]], squares[:, [0, 2, 3]]]),
            face_colors=colors[np.concatenate([painted, painted])],
        )
    ]


def _colors(values: Any) -> Any:
    return screen_colors(np.asarray(values, np.float64))[0]
