"""A scene of millions of triangles -> one of thousands that looks the same in a coarse picture.

The tree over all triangles takes a second for each million or two of them, and a coarse picture has
some ten thousand pixels. So vertices are gathered in the cells of a grid about as large as a pixel
(Rossignac and Borrel 1993, "Multi-resolution 3D approximations for rendering complex scenes"), and
what is left has its first picture while the tree of the scene itself has not been begun.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.quantities import UNNAMED
from raywidget.scene.shapes.simple import Shape

WORTH_IT = 500_000  # triangles that are saved: tables take longer by some tenths of a second
_SMALL = 2_000  # triangles of a mesh that is left as it is
_MOST_CELLS = 160  # along the longest side of a mesh: numbers of cells stay small
_SHARE_OF_PIXEL = 0.7

Cells = NDArray[np.int32]


def stand_in(scene: Scene, columns: int, rows: int) -> Scene | None:
    """A lighter scene for a picture of such a size, or None where this one is light enough."""
    count = _count(scene.shapes)
    if count < WORTH_IT:
        return None
    pixel = _SHARE_OF_PIXEL * _angle_of_pixel(scene.camera, columns, rows)
    shapes: list[Shape] = []
    for shape in scene.shapes:
        if isinstance(shape, Mesh):
            shapes.append(_lighter(shape, _size_of_pixel(scene.camera, shape, pixel)))
        elif isinstance(shape, Instances):  # of which one may stand anywhere
            shapes.append(shape.replace(mesh=_lighter(shape.mesh, 0.0)))
        else:
            shapes.append(shape)
    if count - _count(shapes) < WORTH_IT:  # as in rooms of many things: it would take as long
        return None
    return scene.replace(shapes=shapes)


def _count(shapes: Iterable[Shape]) -> int:
    meshes = map(_mesh_in, shapes)
    return sum(len(mesh.faces) for mesh in meshes if mesh is not None)


def _mesh_in(shape: object) -> Mesh | None:
    if isinstance(shape, Instances):
        return shape.mesh
    return shape if isinstance(shape, Mesh) else None


def _angle_of_pixel(camera: Camera, columns: int, rows: int) -> float:
    """Height of a pixel at distance 1; of parallel rays, anywhere."""
    if isinstance(camera, PerspectiveCamera):
        return 2.0 * camera.half_height(columns / rows) / rows
    if isinstance(camera, OrthographicCamera):
        return camera.height / rows
    return math.pi / rows


def _size_of_pixel(camera: Camera, mesh: Mesh, pixel: float) -> float:
    """How large it is at the nearest point of the box round a mesh."""
    if isinstance(camera, OrthographicCamera):
        return pixel
    low, high = mesh.bounds()
    eye = np.array(camera.look_from)
    return pixel * float(np.linalg.norm(np.maximum(np.maximum(low - eye, eye - high), 0.0)))


def _lighter(mesh: Mesh, least: float) -> Mesh:
    """The mesh on a grid whose cells are no smaller than that."""
    if len(mesh.faces) < _SMALL:
        return mesh
    low, high = mesh.bounds()
    side = max(least, float((high - low).max()) / _MOST_CELLS)
    if not side > 0.0:
        return mesh
    home = _homes(mesh.vertices, low, high, side)
    a, b, c = (home[mesh.faces[:, corner]] for corner in range(3))
    kept = np.flatnonzero((a != b) & (b != c) & (c != a))
    lone = _one_of_each(mesh, home, a, kept)
    chosen = np.concatenate([kept, lone])
    corners = mesh.faces[chosen]
    used = np.zeros(len(mesh.vertices), bool)
    used[corners.ravel()] = True
    rows = np.flatnonzero(used)
    number = np.cumsum(used, dtype=np.int32) - 1
    places = mesh.vertices[rows].astype(np.float64)
    moved = used.copy()
    moved[mesh.faces[lone].ravel()] = False  # smaller than a cell: it stays as it is
    inside = moved[rows]
    # Triangles that look flat show the grid, unless they lie where the surface is in the mean.
    middles = mesh.vertices if mesh.normals is not None else _middles(mesh.vertices, home)
    places[inside] = middles[home[rows[inside]]]
    changes: dict[str, Any] = {"vertices": places, "faces": number[corners]}
    for name in ("normals", "uvs", "uvs2", "colors"):
        values = getattr(mesh, name)
        if values is not None:
            changes[name] = values[rows]
    changes["edges"] = None  # which are not those of its triangles
    for name in ("face_colors", "face_materials", "polygons"):
        values = getattr(mesh, name)
        if values is not None:
            changes[name] = values[chosen]
    return mesh.replace(**changes, **_quantities(mesh, rows, chosen))


def _quantities(mesh: Mesh, rows: NDArray[Any], chosen: NDArray[Any]) -> dict[str, Any]:
    """Its values at these vertices, or of these triangles."""
    changes: dict[str, Any] = {}
    kinds = set()
    kept = {}
    for name, numbers in mesh.own_numbers().items():
        kinds.add(numbers.on)
        kept[name] = numbers.array[chosen if numbers.on == "faces" else rows]
    if mesh.values is not None:
        changes["values"] = kept.pop(UNNAMED)
    if mesh.quantities is not None:
        changes["quantities"] = kept
    if len(kinds) == 1:
        changes["per"] = kinds.pop() if len(rows) == len(chosen) else None
    return changes


def _homes(
    vertices: NDArray[Any], low: NDArray[np.float64], high: NDArray[np.float64], side: float
) -> Cells:
    """For each vertex, one that stands for all in its cell."""
    cell = np.zeros(len(vertices), np.int32)
    total = 1
    for axis in range(3):
        count = int((high[axis] - low[axis]) / side) + 1
        along = (vertices[:, axis] - low[axis]) * (1.0 / side)
        # Vertices that no triangle uses may lie anywhere.
        cell += total * np.clip(along, 0.0, count - 1.0).astype(np.int32)
        total *= count
    someone = np.zeros(total, np.int32)
    someone[cell] = np.arange(len(vertices), dtype=np.int32)
    return np.asarray(someone[cell])


def _middles(vertices: NDArray[Any], home: Cells) -> NDArray[np.float64]:
    """Means of the vertices of each cell, in the rows of those that stand for them."""
    count = np.maximum(np.bincount(home, minlength=len(vertices)), 1)
    sums = [np.bincount(home, vertices[:, axis], len(vertices)) / count for axis in range(3)]
    return np.stack(sums, axis=1)


def _one_of_each(mesh: Mesh, home: Cells, first: Cells, kept: NDArray[np.intp]) -> NDArray[np.intp]:
    """A triangle of each cell in which all have vanished: threads, crumbs."""
    shown = np.zeros(len(mesh.vertices), bool)
    shown[home[mesh.faces[kept].ravel()]] = True
    hidden = np.flatnonzero(~shown[first])
    one = np.full(len(mesh.vertices), -1, np.int32)
    one[first[hidden]] = hidden
    return one[one >= 0].astype(np.intp)
