"""The flats of one shape, before they are joined to those of all others."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.placement import Placement
from raywidget.compiler.geometry.primitives import (
    PARALLELOGRAM,
    TRIANGLE,
    Flats,
    look_up_corners,
)
from raywidget.compiler.geometry.shape_rows import small_edges
from raywidget.kernels.layout import F32, I32, I64


class FlatsPart(NamedTuple):
    """The parallelograms of a shape, or its triangles."""

    primitives: I32
    corners: F32 | None  # (F, 3, 3) of parallelograms; of triangles, they are yet to be looked up
    vertices: F32 | None = None
    faces: I32 | None = None
    edges: tuple[I64, F32] | None = None  # better ones of some triangles, (N, 2, 3)


def triangles_part(
    vertices: NDArray[Any], faces: I32, placement: Placement, numbers: I32
) -> FlatsPart:
    """Triangles of a mesh, where they are in the tables."""
    if vertices.dtype == np.float32 and placement.is_identity:
        return FlatsPart(numbers, None, vertices, faces)
    placed = placement.points(vertices)
    vertices = placed.astype(np.float32)
    return FlatsPart(numbers, None, vertices, faces, small_edges(placed, vertices, faces))


def join_flats(parts: list[FlatsPart], threads: int) -> Flats:
    """All of them as one."""
    ends = np.cumsum([0, *(len(part.primitives) for part in parts)])
    corners = np.empty((ends[-1], 3, 3), np.float32)
    shears = np.empty(ends[-1], np.float32)
    for part, first, last in zip(parts, ends[:-1], ends[1:], strict=True):
        shears[first:last] = PARALLELOGRAM if part.corners is not None else TRIANGLE
        if part.corners is not None:
            corners[first:last] = part.corners
        else:
            assert part.vertices is not None
            assert part.faces is not None
            look_up_corners(part.vertices, part.faces, corners[first:last], threads)
            if part.edges is not None:
                rows, edges = part.edges
                corners[first:last][rows, 1:] = edges
    numbers = [part.primitives for part in parts]
    joined = numbers[0] if len(numbers) == 1 else np.concatenate([*numbers, np.empty(0, np.int32)])
    return Flats(corners, shears, joined)
