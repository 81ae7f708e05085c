"""Meshes that are computed: arrays of vertices (V, 3) and faces (F, 3), fronts outside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.scene import Material, Mesh
from raywidget.scene.shapes.normals import smooth_normals

Vertices = NDArray[np.float64]
Faces = NDArray[np.int32]


def uv_sphere(segments: int, rings: int) -> tuple[Vertices, Faces]:
    """Make a sphere of radius 1 from latitudes and longitudes.

    A grid of segments x rings cells has 2 * segments * rings triangles (1536 for 32 x 24), but
    those of the first and last ring have two corners in a pole: half of them have no area and
    are left out, which leaves 2 * segments * (rings - 1) (1472).
    """
    theta = np.pi * np.arange(1, rings) / rings
    circles = np.stack([np.sin(theta), np.cos(theta)], axis=1)
    return lathe([(0.0, 1.0), *circles.tolist(), (0.0, -1.0)], segments)


def made_of(
    material: Material, vertices: Vertices, faces: Faces, *, name: str | None = None
) -> Mesh:
    """Make a smooth mesh."""
    return Mesh(
        vertices.astype(np.float32),
        faces,
        normals=smooth_normals(vertices, faces).astype(np.float32),
        material=material,
        name=name,
    )


def lathe(profile: Sequence[tuple[float, float]], segments: int) -> tuple[Vertices, Faces]:
    """Turn a profile, points (radius, y), about the y axis.

    Walked from the top down it has its outside on the right: fronts point away from the axis. Its
    first and last point may lie on the axis, where it closes.
    """
    points = np.asarray(profile, dtype=np.float64)
    phi = 2.0 * np.pi * np.arange(segments) / segments
    poles = [row for row in (0, len(points) - 1) if points[row, 0] == 0.0]
    starts: list[int] = []
    rows: list[Vertices] = []
    count = 0
    for row, (radius, y) in enumerate(points):
        starts.append(count)
        if row in poles:
            ring = np.array([(0.0, y, 0.0)])
        else:
            ring = np.stack(
                [radius * np.cos(phi), np.full(segments, y), -radius * np.sin(phi)], axis=1
            )
        rows.append(ring)
        count += len(ring)
    this = np.arange(segments)
    following = (this + 1) % segments
    faces = []
    for row in range(len(points) - 1):
        upper, lower = starts[row], starts[row + 1]
        if row in poles:
            faces.append(np.stack([np.full(segments, upper), lower + this, lower + following], 1))
        elif row + 1 in poles:
            faces.append(np.stack([upper + this, np.full(segments, lower), upper + following], 1))
        else:
            faces.append(np.stack([upper + this, lower + this, lower + following], 1))
            faces.append(np.stack([upper + this, lower + following, upper + following], 1))
    return np.concatenate(rows), np.concatenate(faces).astype(np.int32)


def rounded(profile: Sequence[tuple[float, float]], steps: int = 8) -> list[tuple[float, float]]:
    """Make a smooth profile through some points (Catmull-Rom splines)."""
    points = np.asarray(profile, dtype=np.float64)
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = (np.arange(steps) / steps)[:, None]
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        pieces.append(
            0.5
            * (
                2 * b
                + (c - a) * t
                + (2 * a - 5 * b + 4 * c - d) * t**2
                + (3 * b - a - 3 * c + d) * t**3
            )
        )
    curve = np.concatenate([*pieces, points[-1:]])
    curve[:, 0] = np.maximum(curve[:, 0], 0.0)
    curve[1:-1, 0] = np.maximum(curve[1:-1, 0], 1e-6)
    return [(float(r), float(y)) for r, y in curve]


def tube(path: ArrayLike, radii: ArrayLike, segments: int) -> tuple[Vertices, Faces, Vertices]:
    """Sweep a circle along a path (N, 3) with a radius for each point, closed at both ends.

    Returns also the direction in which each vertex lies from the path, (V, 3). Frames don't turn
    about the path (Wang et al. 2008, "Computation of rotation minimizing frames").
    """
    spine = np.asarray(path, dtype=np.float64)
    along = np.gradient(spine, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    normals = np.empty_like(spine)
    side = np.cross(along[0], (0.0, 0.0, 1.0) if abs(along[0, 2]) < 0.9 else (1.0, 0.0, 0.0))
    normals[0] = side / np.linalg.norm(side)
    for i in range(len(spine) - 1):  # double reflection
        v = spine[i + 1] - spine[i]
        square = v @ v
        reflected = normals[i] - (2.0 / square) * (v @ normals[i]) * v
        tangent = along[i] - (2.0 / square) * (v @ along[i]) * v
        w = along[i + 1] - tangent
        normals[i + 1] = reflected - (2.0 / max(w @ w, 1e-30)) * (w @ reflected) * w
    binormals = np.cross(along, normals)
    phi = 2.0 * np.pi * np.arange(segments) / segments
    outward = (
        normals[:, None] * np.cos(phi)[None, :, None]
        + binormals[:, None] * np.sin(phi)[None, :, None]
    )
    rings = spine[:, None] + outward * np.asarray(radii, dtype=np.float64)[:, None, None]
    count = len(spine) * segments
    vertices = np.concatenate([rings.reshape(-1, 3), spine[:1], spine[-1:]])
    directions = np.concatenate([outward.reshape(-1, 3), -along[:1], along[-1:]])
    this = np.arange(segments)
    following = (this + 1) % segments
    faces = []
    for row in range(len(spine) - 1):
        near, far = row * segments, (row + 1) * segments
        faces.append(np.stack([near + this, near + following, far + following], axis=1))
        faces.append(np.stack([near + this, far + following, far + this], axis=1))
    faces.append(np.stack([np.full(segments, count), following, this], axis=1))
    last = count - segments
    faces.append(np.stack([np.full(segments, count + 1), last + this, last + following], axis=1))
    return vertices, np.concatenate(faces).astype(np.int32), directions


def serpent(segments: int = 96, rings: int = 900) -> tuple[Vertices, Faces]:
    """Make a coiled serpent with a comb on its back: z up, some 200 wide, lying on z = -40."""
    t = np.linspace(0.0, 1.0, rings)
    tail = np.minimum(1.0, t / 0.5) ** 0.75
    neck = 1.0 - 0.5 * _step(0.62, 0.86, t)
    head = 1.0 + 0.75 * np.exp(-(((t - 0.955) / 0.026) ** 2))
    end = np.sqrt(np.clip(1.0 - ((t - 0.955) / 0.045) ** 2, 0.0, 1.0))
    radius = 19.0 * tail * neck * head * np.where(t > 0.955, end, 1.0) + 0.3
    angle = 2.0 * np.pi * (2.3 * t + 0.08)
    wide = 96.0 * (1.0 - 0.75 * _step(0.3, 0.9, t))
    lifted = 120.0 * _step(0.5, 0.93, t) ** 1.3 - 12.0 * _step(0.93, 1.0, t)
    spine = np.stack([wide * np.cos(angle), wide * np.sin(angle), radius - 40.0 + lifted], axis=1)
    vertices, faces, outward = tube(spine, radius, segments)
    # Scales all over, and a comb along the top of the back.
    row = np.minimum(np.arange(len(vertices)) // segments, rings - 1)
    column = np.arange(len(vertices)) % segments
    row[-2:], column[-2:] = (0, rings - 1), 0
    around, lengthwise = column / segments, row / rings
    body = radius[row] * _step(0.02, 0.1, lengthwise) * (1.0 - _step(0.9, 0.94, lengthwise))
    scales = np.sin(2 * np.pi * (12 * around + 110 * lengthwise)) * np.sin(
        2 * np.pi * (12 * around - 110 * lengthwise)
    )
    comb = np.maximum(outward[:, 2], 0.0) ** 16 * (0.5 - 0.5 * np.cos(2 * np.pi * 70 * lengthwise))
    vertices = vertices + outward * (body * (0.035 * scales + 0.45 * comb))[:, None]
    vertices[:, :2] += (-32.0, 28.0)  # into the middle of the dragon's picture
    return vertices, faces


def _step(low: float, high: float, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    x = np.clip((t - low) / (high - low), 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x))
