"""The numbers of one shape -> rows of flats, balls, rounds and instances, where the tables are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.placement import Placement
from raywidget.compiler.geometry.primitives import F64, write_boxes
from raywidget.kernels import layout
from raywidget.kernels.language.boxes import BOX
from raywidget.kernels.layout import F32, I32
from raywidget.scene.shapes.lines import Arrows, Tubes
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.round import Cone, Cylinder, Disk
from raywidget.scene.shapes.simple import Box, Shape, Sphere, TurnableShape
from raywidget.scene.values import transforms
from raywidget.scene.values.turning import frames_around

# Share of its edges by which the corners of a triangle may be rounded, and remain its corners
_LOST = 2.0**-7


def placed_flats(flats: F64, placement: Placement) -> F32:
    """Corners and edges, (F, 3, 3)."""
    corners, edges = placement.points(flats[:, :1]), flats[:, 1:] * placement.scale
    return np.concatenate([corners, edges], axis=1).astype(np.float32)


def small_edges(placed: F64, rounded: F32, faces: I32) -> tuple[layout.I64, F32] | None:
    """Edges of triangles, and their rows, that are too small for how far from the origin they are.

    Of float32 corners they would be another shape: a small lamp far away would be as bright as
    rounding makes it. They may come apart by an ulp of their corners instead.
    """
    lost = np.abs(placed - rounded).max(axis=1)
    if not lost.any():
        return None
    edges = np.stack([placed[faces[:, k]] - placed[faces[:, 0]] for k in (1, 2)], axis=1)
    least = np.abs(edges).max(axis=2).min(axis=1)
    rows = np.flatnonzero(lost[faces].max(axis=1) > _LOST * least)
    return (rows, edges[rows].astype(np.float32)) if len(rows) else None


class BallNumbers(NamedTuple):
    """Spheres as they were given."""

    centers: NDArray[Any]  # (B, 3)
    radii: NDArray[Any]  # (B,)


class RoundNumbers(NamedTuple):
    """Disks, cylinders and cones as they were given, in float64."""

    base: F64  # (R, 3) its middle
    axis: F64  # (R, 3) unit, from the base to the top
    height: F64  # (R,)
    base_radius: F64  # (R,)
    top_radius: F64
    caps: tuple[bool, bool]  # at base and top


def balls_in_full(shape: Sphere | Spheres | Tubes) -> BallNumbers:
    """Centres and radii."""
    if isinstance(shape, Sphere):
        return BallNumbers(np.array([shape.center]), np.array([shape.radius]))
    if isinstance(shape, Tubes):
        return BallNumbers(shape.points, shape.radii)
    return BallNumbers(shape.centers, shape.radii)


def ball_rows(shape: Sphere | Spheres | Tubes, placement: Placement) -> F32:
    """Centres and signed radii, (B, 4)."""
    centers, radii = balls_in_full(shape)
    rows = np.empty((len(centers), 4), np.float32)
    rows[:, :3] = centers if placement.is_identity else placement.points(centers)
    rows[:, 3] = radii if placement.scale == 1.0 else radii * placement.scale
    if shape.flip_normals:
        rows[:, 3] *= -1.0
    return rows


def box_faces(box: Box) -> F64:
    """Six parallelograms, (6, 3, 3), whose normals point outwards."""
    transform = box.transform()
    axes, centre = transform[:3, :3].T, transform[:3, 3]  # full edges
    faces = []
    for axis in range(3):
        u, v, w = axes[(axis + 1) % 3], axes[(axis + 2) % 3], axes[axis]
        faces.append([centre + 0.5 * (w - u - v), u, v])
        faces.append([centre - 0.5 * (w + u + v), v, u])
    return np.array(faces)


def rounds_in_full(shape: Shape) -> RoundNumbers:
    """Where they begin, what they are round, how long and how wide they are."""
    base_radius: Any
    top_radius: Any
    if isinstance(shape, Disk):
        base = np.array([shape.center], np.float64)
        step = np.array([shape.normal], np.float64)
        base_radius = top_radius = shape.radius
        caps = (False, True)
    elif isinstance(shape, Cylinder | Cone):
        base = np.array([shape.base], np.float64)
        step = np.array([shape.top], np.float64) - base
        if isinstance(shape, Cylinder):
            base_radius = top_radius = shape.radius
        else:
            base_radius, top_radius = shape.base_radius, shape.top_radius
        caps = (shape.caps, shape.caps or top_radius == 0.0)  # no ray slips out at a tip
    elif isinstance(shape, Cylinders):
        base = shape.starts.astype(np.float64)
        step = shape.ends - base
        base_radius = top_radius = shape.radii
        caps = (shape.caps, shape.caps)
    elif isinstance(shape, Tubes | Arrows):
        ends = shape.rounds()
        base, step = ends.base, ends.top - ends.base
        base_radius, top_radius = ends.base_radius, ends.top_radius
        caps = (ends.caps, ends.caps)
    else:  # the scene admits no other
        raise AssertionError(f"no primitives for {type(shape).__name__}")
    length = np.linalg.norm(step, axis=1)
    height = np.zeros(1) if isinstance(shape, Disk) else length
    wide = [np.broadcast_to(np.float64(r), len(base)) for r in (base_radius, top_radius)]
    return RoundNumbers(base, step / length[:, None], height, wide[0], wide[1], caps)


def round_rows(shape: Shape, placement: Placement) -> F32:
    """The rows of a block of rounds, as columns (R, ROUND_PRIMITIVE_ROW)."""
    base, axis, height, base_radius, top_radius, caps = rounds_in_full(shape)
    height = height * placement.scale
    rows = np.empty((len(axis), layout.ROUND_PRIMITIVE_ROW), np.float32)
    rows[:, 0:3] = placement.points(base)
    rows[:, 3:6], rows[:, 6:9] = frames_around(axis)
    rows[:, 9:12] = axis
    rows[:, 12] = height
    rows[:, 13] = base_radius * placement.scale
    rows[:, 14] = top_radius * placement.scale
    rows[:, 15] = (rows[:, 14] - rows[:, 13]) / np.where(height > 0.0, height, 1.0)
    rows[:, 16], rows[:, 17] = caps
    assert isinstance(shape, TurnableShape)
    rows[:, 18] = -1.0 if shape.flip_normals else 1.0
    return rows


def instance_rows(matrices: F64) -> F32:
    """World-from-object and the inverse of its linear part, (N, INSTANCE_SIZE)."""
    rows = np.empty((len(matrices), layout.INSTANCE_SIZE), np.float32)
    rows[:, :12] = matrices[:, :3].reshape(-1, 12)
    # The inverse by cofactors, row by row: numpy's for any size takes ten times as long.
    for part in transforms.chunks(len(matrices)):
        m = np.ascontiguousarray(matrices[part, :3].reshape(-1, 12).T).reshape(3, 4, -1)
        x, y, z = m[:, 0], m[:, 1], m[:, 2]
        per_volume = 1.0 / _dot(x, _cross(y, z))
        for k, row in enumerate((_cross(y, z), _cross(z, x), _cross(x, y))):
            rows[part, 12 + 3 * k : 15 + 3 * k] = (row * per_volume).T
    return rows


def _cross(a: F64, b: F64) -> F64:
    """Vector products of (3, N)."""
    return np.stack(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    )


def _dot(a: F64, b: F64) -> F64:
    """Inner products of (3, N)."""
    return np.asarray(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


def moved_boxes(matrices: F64, lo: F64, hi: F64) -> F32:
    """Boxes (N, 8) of all copies."""
    centre, half = transforms.move_box(matrices, lo, hi)
    boxes = np.zeros((len(centre), BOX), np.float32)
    for part in transforms.chunks(len(centre)):
        write_boxes(boxes[part], centre[part] - half[part], centre[part] + half[part])
    return boxes
