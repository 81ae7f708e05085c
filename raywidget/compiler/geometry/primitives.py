"""What trees are built over: flats, balls and rounds as arrays, with their boxes and areas.

Boxes are written as the records of `kernels.language.boxes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.parallel import in_parts
from raywidget.kernels.language.jit import entry
from raywidget.kernels.layout import F32, I32

F64 = NDArray[np.float64]

TRIANGLE = 1.0  # shears
PARALLELOGRAM = 0.0

# Boxes are widened by this share of their coordinates: the float32 sums corner + edge that rays are
# tested against may lie two ulp outside the vertices they came from.
_WIDEN = 2.0**-21

MANY_BALLS = 4096
"""From so many on, boxes are written by compiled code, which fewer need not wait for."""


_AS_THEY_ARE = np.empty(0, np.int32)


class Outlines(NamedTuple):
    """What flats look like, for a builder that may cut them."""

    corners: F32  # (F, 3, 3), see `Flats`; none if nothing is to be cut
    shears: F32  # (F,)
    numbers: I32  # of primitives, in the order that their boxes have; none if that is theirs
    first: int  # number of the first flat


@dataclass(frozen=True)
class Flats:
    """Triangles and parallelograms of one tree."""

    corners: F32  # (F, 3, 3) corner, edge_u, edge_v
    shears: F32  # (F,)
    primitives: I32  # (F,) numbers in the table of primitives

    def write_boxes(self, boxes: F32, threads: int = 1) -> None:
        """Write the boxes, (F, 8)."""

        def write(begin: int, end: int) -> None:
            _box_flats(self.corners[begin:end], self.shears[begin:end], boxes[begin:end])

        if len(boxes):
            in_parts(len(boxes), threads, write)

    def areas(self) -> F64:
        """Areas, (F,)."""
        return flat_areas(self.corners, self.shears)

    def outlines(self, numbers: I32 = _AS_THEY_ARE, first: int = 0) -> Outlines:
        """What a tree's builder has to know to cut them: see there."""
        return Outlines(self.corners, self.shears, numbers, first)


@dataclass(frozen=True)
class Balls:
    """Spheres."""

    centres_radii: F32  # (B, 4), the radius negative where normals point inwards
    primitives: I32  # (B,)

    def write_boxes(self, boxes: F32, threads: int = 1) -> None:
        """Write the boxes, (B, 8)."""
        if not len(boxes):
            return
        box = _box_balls if len(boxes) >= MANY_BALLS else _box_few_balls

        def write(begin: int, end: int) -> None:
            box(self.centres_radii[begin:end], boxes[begin:end])

        in_parts(len(boxes), threads, write)

    def areas(self) -> F64:
        """Areas, (B,)."""
        return 4.0 * np.pi * self.centres_radii[:, 3].astype(np.float64) ** 2


@dataclass(frozen=True)
class Rounds:
    """Truncated cones, cylinders, disks."""

    values: F32  # (R, ROUND_PRIMITIVE_ROW) the rows of layout's blocks, as columns
    primitives: I32  # (R,)

    def write_boxes(self, boxes: F32) -> None:
        """Write the boxes, (R, 8)."""
        values = self.values.astype(np.float64)
        base, axis, height = values[:, :3], values[:, 9:12], values[:, 12:13]
        top = base + axis * height
        extent = np.sqrt(np.maximum(0.0, 1.0 - axis**2))
        # Where the axis is straight, the box of the disk is as flat as float32 allows.
        room = 1e-6 * (height + values[:, 13:14] + values[:, 14:15])
        at_base, at_top = extent * values[:, 13:14], extent * values[:, 14:15]
        write_boxes(
            boxes,
            np.minimum(base - at_base, top - at_top) - room,
            np.maximum(base + at_base, top + at_top) + room,
        )

    def areas(self) -> F64:
        """Areas of side, base and top, (R, 3)."""
        height, base, top = (self.values[:, k].astype(np.float64) for k in (12, 13, 14))
        has_base, has_top = self.values[:, 16], self.values[:, 17]
        side = (base + top) * np.hypot(height, base - top) * (height > 0.0)
        return np.pi * np.stack([side, base**2 * has_base, top**2 * has_top], axis=1)


def look_up_corners(vertices: F32, faces: I32, corners: F32, threads: int) -> None:
    """Write corners and edges of triangles."""

    def look_up(begin: int, end: int) -> None:
        _look_up_corners(vertices, faces[begin:end], corners[begin:end])

    in_parts(len(faces), threads, look_up)


@entry
def _look_up_corners(vertices: F32, faces: I32, corners: F32) -> None:
    """`look_up_corners`: in numpy, pass by pass, it took four times as long."""
    for i in range(len(faces)):
        a, b, c = faces[i, 0], faces[i, 1], faces[i, 2]
        for axis in range(3):
            corner = vertices[a, axis]
            corners[i, 0, axis] = corner
            corners[i, 1, axis] = vertices[b, axis] - corner
            corners[i, 2, axis] = vertices[c, axis] - corner


@entry
def _box_flats(corners: F32, shears: F32, boxes: F32) -> None:
    """`write_boxes` for flats: in numpy, pass by pass, it took six times as long."""
    for i in range(len(boxes)):
        for axis in range(3):
            corner, u, v = corners[i, 0, axis], corners[i, 1, axis], corners[i, 2, axis]
            at_u, at_v = corner + u, corner + v
            lo = min(corner, min(at_u, at_v))
            hi = max(corner, max(at_u, at_v))
            if shears[i] == PARALLELOGRAM:
                far = at_u + v
                lo, hi = min(lo, far), max(hi, far)
            room = max(abs(lo), abs(hi)) * _WIDEN
            boxes[i, axis] = lo - room
            boxes[i, 4 + axis] = -hi - room


def _box_few_balls(balls: F32, boxes: F32) -> None:
    radii = np.abs(balls[:, 3])
    for axis in range(3):
        centres = balls[:, axis]
        _write_sides(boxes, axis, centres - radii, centres + radii)


@entry
def _box_balls(balls: F32, boxes: F32) -> None:
    """`write_boxes` for balls: in numpy, pass by pass, it took a fifth of a build of 100,000."""
    for i in range(len(boxes)):
        radius = abs(balls[i, 3])
        for axis in range(3):
            lo, hi = balls[i, axis] - radius, balls[i, axis] + radius
            room = max(abs(lo), abs(hi)) * _WIDEN
            boxes[i, axis] = lo - room
            boxes[i, 4 + axis] = -hi - room


def flat_areas(corners: NDArray[Any], shears: NDArray[Any]) -> F64:
    """Areas of flats, (F,)."""
    edges = corners[:, 1:].astype(np.float64)
    area = np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1)
    return np.asarray(area * np.where(shears == TRIANGLE, 0.5, 1.0))


def write_boxes(boxes: F32, lo: NDArray[Any], hi: NDArray[Any]) -> None:
    """Write boxes, with some room for rounding, as records (N, 8) of `kernels.language.boxes`."""
    for axis in range(3):  # columns are long, rows are short
        _write_sides(boxes, axis, lo[:, axis], hi[:, axis])


def _write_sides(boxes: F32, axis: int, lo: NDArray[Any], hi: NDArray[Any]) -> None:
    room = np.maximum(np.abs(lo), np.abs(hi)) * np.float32(_WIDEN)
    boxes[:, axis] = lo - room
    boxes[:, 4 + axis] = -hi - room
