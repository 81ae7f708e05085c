"""Planes -> their tables; and which shapes are closed, so that cuts through them can be, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.placement import Placement
from raywidget.kernels import layout
from raywidget.kernels.layout import F32, I32
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.planes import Plane
from raywidget.scene.shapes.round import Cone, Cylinder
from raywidget.scene.shapes.simple import Box, Shape, Sphere
from raywidget.scene.shapes.volumes import Volume

_SCENE = 0  # the group of the scene's own planes
_NONE = -1


class ClipTables(NamedTuple):
    """See layout."""

    planes: F32
    groups: I32
    shapes: I32
    caps: I32


def groups_of(scene: Scene, shapes: Sequence[Shape]) -> list[int]:
    """Which planes cut each shape: 0 the scene's, others its own, -1 none."""
    numbers: dict[tuple[int, ...], int] = {}
    return [_group(scene, shape, numbers) for shape in shapes]


def _group(scene: Scene, shape: Shape, numbers: dict[tuple[int, ...], int]) -> int:
    if shape.clip is None:
        return _SCENE if scene.clip else _NONE
    if not shape.clip:
        return _NONE
    return numbers.setdefault(tuple(id(plane) for plane in shape.clip), len(numbers) + 1)


def pack_planes(scene: Scene, shapes: Sequence[Shape], placement: Placement) -> tuple[F32, I32]:
    """All planes, those of the scene first, and the groups that they make; see layout."""
    sets: dict[int, Sequence[Plane]] = {_SCENE: scene.clip}
    groups = groups_of(scene, shapes)
    sets |= {group: shape.clip for group, shape in zip(groups, shapes, strict=True)
             if group > _SCENE and shape.clip}  # fmt: skip
    rows: list[tuple[int, int]] = []
    planes: list[NDArray[np.float64]] = []
    for number in range(len(sets)):
        rows.append((len(planes), len(sets[number])))
        planes += [_plane_row(plane, placement) for plane in sets[number]]
    cut = [group for group, shape in zip(groups, shapes, strict=True)
           if not isinstance(shape, Volume)]  # fmt: skip
    if len(rows) == 1 and any(group != _SCENE for group in cut):
        rows.append((0, 0))  # not the same for all
    table = np.array(planes, np.float32).reshape(-1, layout.CLIP_SIZE)
    return table, np.array(rows, np.int32)


def pack_clips(scene: Scene, shapes: Sequence[Shape], placement: Placement) -> ClipTables:
    """The tables of all planes; empty ones where there are none."""
    planes, groups = pack_planes(scene, shapes, placement)
    if not len(planes):
        nothing = np.zeros((0, layout.SHAPE_CLIP_SIZE), np.int32)
        return ClipTables(planes, groups[:1], nothing, np.zeros(1, np.int32))
    rows = np.empty((len(shapes), layout.SHAPE_CLIP_SIZE), np.int32)
    rows[:, 0] = groups_of(scene, shapes)
    for row, shape in zip(rows, shapes, strict=True):
        row[layout.SHAPE_CAPS] = _caps(scene, shape) if row[0] != _NONE else layout.CAPS_NONE
    closes = bool(rows[:, layout.SHAPE_CAPS].any())
    return ClipTables(planes, groups, rows, np.array([closes], np.int32))


def _plane_row(plane: Plane, placement: Placement) -> NDArray[np.float64]:
    normal = plane.unit_normal()
    return np.array([*normal, normal @ placement.points(np.array(plane.point))])


def caps_of(scene: Scene, shape: Shape) -> bool | str:
    """What closes the cuts of a shape: its own word, else the scene's."""
    # Those of what is round are its ends.
    own = None if isinstance(shape, Cylinder | Cone | Cylinders) else shape.caps
    return scene.caps if own is None else own


def _caps(scene: Scene, shape: Shape) -> int:
    caps = caps_of(scene, shape)
    if isinstance(shape, Volume):
        return layout.CAPS_VALUES if caps == "values" else layout.CAPS_NONE
    if not caps or not _is_closed(shape):
        return layout.CAPS_NONE
    return layout.CAPS_VALUES if caps == "values" else layout.CAPS_MATERIAL


def _is_closed(shape: Shape) -> bool:
    if getattr(shape, "flip_normals", False):
        return False
    if isinstance(shape, Sphere | Spheres | Box):
        return True
    if isinstance(shape, Cylinder | Cone | Cylinders):
        return shape.caps
    mesh = shape.mesh if isinstance(shape, Instances) else shape
    return isinstance(mesh, Mesh) and not mesh.flip_normals and _is_watertight(mesh)


def _is_watertight(mesh: Mesh) -> bool:
    """Does each edge, between points and not numbers of vertices, go once there and once back?"""
    points = np.ascontiguousarray(mesh.vertices)
    rows: Any = points.view([("", points.dtype)] * 3).ravel()
    numbers = np.unique(rows, return_inverse=True)[1].astype(np.int64)
    corners: NDArray[np.int64] = numbers[mesh.faces]
    starts, ends = corners.ravel(), np.roll(corners, -1, axis=1).ravel()
    real = starts != ends
    count = int(numbers.max()) + 1 if len(numbers) else 0
    there = np.sort(starts[real] * count + ends[real])
    back = np.sort(ends[real] * count + starts[real])
    return bool(len(there)) and np.array_equal(there, back)
