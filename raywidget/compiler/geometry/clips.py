"""Planes -> their table; and which shapes are closed, so that cuts through them can be, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.placement import Placement
from raywidget.kernels import layout
from raywidget.kernels.layout import F32, I32
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.planes import Plane
from raywidget.scene.shapes.round import Cone, Cylinder
from raywidget.scene.shapes.simple import Box, Shape, Sphere


def pack_planes(planes: Sequence[Plane], placement: Placement) -> F32:
    """See layout: (P, CLIP_SIZE)."""
    table = np.zeros((len(planes), layout.CLIP_SIZE), np.float32)
    for plane, row in zip(planes, table, strict=True):
        normal = plane.unit_normal()
        row[:3] = normal
        row[layout.CLIP_OFFSET] = normal @ placement.points(np.array(plane.point))
    return table


def find_closed(shapes: Sequence[Shape]) -> I32:
    """By the index of a shape: 1 where it is closed, and its normals point outwards."""
    return np.array([_is_closed(shape) for shape in shapes], np.int32)


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
