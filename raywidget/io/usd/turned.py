"""Round things as meshes with smooth normals, for places that stretch them; they stand along z."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

SEGMENTS = 96  # round the axis; the edges of triangles are within 0.06 % of the radius
_ARC = 24  # from a pole to the equator

Strip = F64  # (K, 4): distance from the axis, z, and the normal's parts along both


def sphere(radius: float) -> list[Strip]:
    """The outline of a sphere."""
    angles = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 2 * _ARC + 1)
    return [_arc(radius, 0.0, angles)]


def capsule(bottom: float, top: float, height: float) -> list[Strip]:
    """The outline of a cylinder or cone between two balls that it touches along its whole rim."""
    # The side is tangent to both: its normal leans by the difference of radii over the length.
    lean = math.asin(min(1.0, max(-1.0, (bottom - top) / height))) if height > 0.0 else 0.0
    low = _arc(bottom, -0.5 * height, np.linspace(-0.5 * np.pi, lean, _ARC + 1))
    high = _arc(top, 0.5 * height, np.linspace(lean, 0.5 * np.pi, _ARC + 1))
    return [np.concatenate([low, high])]


def cone(bottom: float, top: float, height: float) -> list[Strip]:
    """The outline of a truncated cone with caps; both radii the same is a cylinder."""
    half = 0.5 * height
    length = math.hypot(height, bottom - top) or 1.0
    out, up = height / length, (bottom - top) / length
    strips = [np.array([(bottom, -half, out, up), (top, half, out, up)])]
    if bottom > 0.0:
        strips.insert(0, np.array([(0.0, -half, 0.0, -1.0), (bottom, -half, 0.0, -1.0)]))
    if top > 0.0:
        strips.append(np.array([(top, half, 0.0, 1.0), (0.0, half, 0.0, 1.0)]))
    return strips


def _arc(radius: float, z: float, angles: Any) -> Strip:
    c, s = np.cos(angles), np.sin(angles)
    c[np.abs(c) < 1e-12] = 0.0
    return np.stack([radius * c, z + radius * s, c, s], axis=1)


def revolved(strips: list[Strip]) -> tuple[F64, NDArray[np.int64], F64]:
    """Vertices, faces and normals of an outline that is turned round z, from the bottom up."""
    turns = 2.0 * np.pi * np.arange(SEGMENTS) / SEGMENTS
    c, s = np.cos(turns), np.sin(turns)
    vertices, faces, normals = [], [], []
    count = 0
    for strip in strips:
        r, z, out, up = (column[:, None] for column in strip.T)
        rows = len(strip)
        flat = np.ones(SEGMENTS)
        vertices.append(np.stack([r * c, r * s, z * flat], axis=2).reshape(-1, 3))
        normals.append(np.stack([out * c, out * s, up * flat], axis=2).reshape(-1, 3))
        number = count + np.arange(rows * SEGMENTS).reshape(rows, SEGMENTS)
        a, b = number[:-1], np.roll(number, -1, axis=1)[:-1]
        d, e = number[1:], np.roll(number, -1, axis=1)[1:]
        low, high = strip[:-1, 0] > 0.0, strip[1:, 0] > 0.0  # at the axis there is one triangle
        faces.append(np.stack([a, b, e], axis=2)[low].reshape(-1, 3))
        faces.append(np.stack([a, e, d], axis=2)[high].reshape(-1, 3))
        count += rows * SEGMENTS
    return np.concatenate(vertices), np.concatenate(faces), np.concatenate(normals)


CUBE = (
    np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]),
    np.array(
        [
            (0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1),
            (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3),
        ]
    ),
)  # fmt: skip


def along(axis: str) -> F64:
    """The turn that takes z to an axis, and x and y to the other two in their order."""
    shift = {"X": 1, "Y": 2}.get(axis, 0)
    return np.roll(np.eye(3), shift, axis=0)
