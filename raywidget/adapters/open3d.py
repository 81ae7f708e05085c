"""Open3D: meshes, point clouds and line sets, old and new (`open3d.t`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from raywidget.adapters.recognition import is_a
from raywidget.adapters.taken import Taken, Wishes
from raywidget.io.building import AnyPiece
from raywidget.io.colors import screen_colors
from raywidget.io.lines import Lines
from raywidget.io.pieces import Piece
from raywidget.io.points import Points


def recognises(thing: object) -> bool:
    """Is it one of Open3D's?"""
    return is_a(thing, "open3d", "TriangleMesh", "PointCloud", "LineSet")


def take(thing: Any, wishes: Wishes) -> Taken:
    """Take it apart."""
    if hasattr(thing, "to_legacy"):
        thing = thing.to_legacy()
    piece: AnyPiece
    if is_a(thing, "open3d", "TriangleMesh"):
        piece = Piece(
            vertices=np.asarray(thing.vertices),
            faces=np.asarray(thing.triangles),
            normals=np.asarray(thing.vertex_normals) if thing.has_vertex_normals() else None,
            colors=_colors(thing.vertex_colors) if thing.has_vertex_colors() else None,
        )
        notes = ("its textures are left out",) if thing.has_textures() else ()
        return Taken(pieces=(piece,), notes=notes)
    colors = _colors(thing.colors) if thing.has_colors() else None
    if is_a(thing, "open3d", "PointCloud"):
        piece = Points(centers=np.asarray(thing.points), colors=colors)
    else:
        ends = np.asarray(thing.points)[np.asarray(thing.lines)]
        piece = Lines(starts=ends[:, 0], ends=ends[:, 1], colors=colors)
    return Taken(pieces=(piece,))


def _colors(values: Any) -> Any:
    return screen_colors(np.asarray(values, np.float64))[0]
