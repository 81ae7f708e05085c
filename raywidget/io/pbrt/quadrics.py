"""Spheres, cylinders and disks that are cut, stretched or textured -> grids of triangles."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

AROUND = 128  # segments of a full circle: its outline is off by 3e-4 of the radius


class Grid(NamedTuple):
    """A surface by its parameters; triangles are counter-clockwise from the side of its normals."""

    vertices: F64  # (V, 3)
    faces: I64  # (F, 3)
    normals: F64  # (V, 3)
    uvs: F64  # (V, 2)


def _grid(across: int, along: int) -> tuple[F64, F64, I64]:
    """(u, v) from 0 to 1 and the triangles between them."""
    u, v = np.meshgrid(np.linspace(0.0, 1.0, across + 1), np.linspace(0.0, 1.0, along + 1))
    first = (np.arange(along)[:, None] * (across + 1) + np.arange(across)).ravel()
    a, b, c, d = first, first + 1, first + across + 2, first + across + 1
    faces = np.stack([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)], axis=1)
    return u.ravel(), v.ravel(), faces.reshape(-1, 3)


def _steps(angle: float) -> int:
    """Segments for a part of a circle."""
    return max(math.ceil(AROUND * angle / (2.0 * math.pi)), 4)


def sphere(radius: float, z_min: float, z_max: float, phi_max: float) -> Grid:
    """The part of a sphere between two heights, up to an angle in radians from +x by way of +y."""
    low, high = (math.acos(min(max(z / radius, -1.0), 1.0)) for z in (z_min, z_max))
    u, v, faces = _grid(_steps(phi_max), max(_steps(low - high), 4))
    theta, phi = low + v * (high - low), u * phi_max
    normals = np.stack(
        [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1
    )
    return Grid(radius * normals, faces, normals, np.stack([u, v], axis=1))


def cylinder(radius: float, z_min: float, z_max: float, phi_max: float) -> Grid:
    """The side of a cylinder about the z axis."""
    u, v, faces = _grid(_steps(phi_max), 1)
    phi = u * phi_max
    normals = np.stack([np.cos(phi), np.sin(phi), np.zeros_like(phi)], axis=1)
    vertices = radius * normals
    vertices[:, 2] = z_min + v * (z_max - z_min)
    return Grid(vertices, faces, normals, np.stack([u, v], axis=1))


def disk(height: float, radius: float, inner: float, phi_max: float) -> Grid:
    """A disk or a ring across the z axis; v is 0 at the outer rim."""
    u, v, faces = _grid(_steps(phi_max), 1)
    phi, distance = u * phi_max, radius + v * (inner - radius)
    x, y = distance * np.cos(phi), distance * np.sin(phi)
    vertices = np.stack([x, y, np.full_like(x, height)], axis=1)
    normals = np.zeros_like(vertices)
    normals[:, 2] = 1.0
    return Grid(vertices, faces, normals, np.stack([u, v], axis=1))


def patches(corners: F64, uvs: F64, steps: int) -> Grid:
    """Bilinear patches (N, 4, 3), corners at (0, 0), (1, 0), (0, 1), (1, 1); `uvs` (N, 4, 2)."""
    u, v, faces = _grid(steps, steps)
    shares = np.stack([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v], axis=1)  # (K, 4)
    count = len(corners)
    vertices = np.einsum("kc,ncx->nkx", shares, corners)
    along = np.einsum("kc,ncx->nkx", np.stack([v - 1, 1 - v, -v, v], axis=1), corners)
    up = np.einsum("kc,ncx->nkx", np.stack([u - 1, -u, 1 - u, u], axis=1), corners)
    normals = np.cross(along, up)
    faces = (faces + (np.arange(count) * len(u))[:, None, None]).reshape(-1, 3)
    uv = np.einsum("kc,ncx->nkx", shares, uvs)
    return Grid(vertices.reshape(-1, 3), faces, normals.reshape(-1, 3), uv.reshape(-1, 2))
