"""Triangles for shapes that have a formula, with the surface coordinates that the shapes have."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.shapes.simple import Box, Quad
from raywidget.scene.values.arrays import frozen_points

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


class Facets(NamedTuple):
    """Triangles, as they go into a primitive."""

    positions: F32 | F64  # (V, 3); doubles of what is far from the origin for its size
    corners: NDArray[np.uint32]  # (T, 3)
    normals: F32 | None = None  # (V, 3)
    uvs: F32 | None = None  # (V, 2), v up
    colors: F32 | None = None  # (V, 3)
    uvs2: F32 | None = None  # (V, 2)

    def settled(self) -> tuple[Facets, F64]:
        """With single positions from an origin of their own, since a node's place is double."""
        origin = np.zeros(3)
        if self.positions.dtype == np.float32:
            return self, origin
        used = self.positions[self.corners.ravel()]
        origin = np.round(0.5 * (used.min(axis=0) + used.max(axis=0)))
        return self._replace(positions=(self.positions - origin).astype(np.float32)), origin

    def turned(self) -> Facets:
        """With front and back swapped, as the renderer does it: each triangle's first corner stays.

        A texture without coordinates is shown in each triangle from there on.
        """
        normals = None if self.normals is None else -self.normals
        return self._replace(corners=self.corners[:, [0, 2, 1]], normals=normals)

    def apart(self) -> Facets:
        """With three vertices of its own for each triangle."""
        rows = self.corners.ravel()
        normals, uvs, colors, uvs2 = (
            None if array is None else array[rows]
            for array in (self.normals, self.uvs, self.colors, self.uvs2)
        )
        corners = np.arange(len(rows), dtype=np.uint32).reshape(-1, 3)
        return Facets(self.positions[rows], corners, normals, uvs, colors, uvs2)


def parallelograms(corner: Any, edge_u: Any, edge_v: Any) -> Facets:
    """(N, 3) corners and edges; the front is where edge_u x edge_v points."""
    o, u, v = (np.asarray(array, np.float64).reshape(-1, 3) for array in (corner, edge_u, edge_v))
    positions = np.stack([o, o + u, o + u + v, o + v], axis=1)
    uvs = np.tile(np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32), (len(o), 1))
    first = 4 * np.arange(len(o), dtype=np.uint32)[:, None, None]
    corners = first + np.array([(0, 1, 2), (0, 2, 3)], np.uint32)
    return Facets(frozen_points(positions.reshape(-1, 3)), corners.reshape(-1, 3), None, uvs)


def of_quad(quad: Quad) -> Facets:
    """A parallelogram as two triangles."""
    return parallelograms(quad.origin, quad.edge_u, quad.edge_v)


def of_box(box: Box) -> Facets:
    """A box as twelve triangles, its faces and their coordinates as in the compiler."""
    transform = box.transform()
    axes, centre = transform[:3, :3].T, transform[:3, 3]
    faces = []
    for axis in range(3):
        u, v, w = axes[(axis + 1) % 3], axes[(axis + 2) % 3], axes[axis]
        faces.append((centre + 0.5 * (w - u - v), u, v))
        faces.append((centre - 0.5 * (w + u + v), v, u))
    return parallelograms(*(np.array(part) for part in zip(*faces, strict=True)))


def of_ball(around: int) -> Facets:
    """A sphere of radius 1 about the origin, of so many segments, and half as many from pole to
    pole: u runs once round the y axis, v from the bottom to the top.
    """
    rows = max(2, around // 2)
    u, v = np.meshgrid(np.arange(around + 1) / around, np.arange(rows + 1) / rows)
    turn, height = 2.0 * math.pi * (u - 0.5), math.pi * v
    out = np.stack(
        [np.sin(height) * np.cos(turn), -np.cos(height), np.sin(height) * np.sin(turn)], axis=-1
    )
    positions = out.reshape(-1, 3).astype(np.float32)
    uvs = np.stack([u, v], axis=-1).reshape(-1, 2).astype(np.float32)
    cells = _grid(rows, around)[:, ::-1]
    a, b, c = np.moveaxis(positions[cells], 1, 0)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return Facets(positions, cells[area > 1e-7], positions, uvs)  # at the poles, half are flat


def of_round(
    base_radius: float, top_radius: float, height: float, caps: tuple[bool, bool], around: int
) -> Facets:
    """A truncated cone along z from the origin: its side if it has a height, and its caps.

    u runs once round; v as on a `Cylinder`.
    """
    turns = np.arange(around + 1) / around
    angle = 2.0 * math.pi * (turns - 0.5)
    circle = np.stack([np.cos(angle), np.sin(angle), np.zeros(around + 1)], axis=1)
    up = np.array((0.0, 0.0, 1.0))
    parts: list[tuple[Any, Any]] = []
    if height > 0.0:
        slope = (top_radius - base_radius) / height
        normal = (circle - slope * up) / math.hypot(1.0, slope)
        rings = np.stack([base_radius * circle, top_radius * circle + height * up])
        parts.append((rings, np.stack([normal, normal])))
    if caps[0] and base_radius > 0.0:
        rings = np.stack([0.0 * circle, base_radius * circle])
        parts.append((rings, np.broadcast_to(-up, rings.shape)))
    if caps[1] and top_radius > 0.0:
        rings = np.stack([top_radius * circle, 0.0 * circle]) + height * up
        parts.append((rings, np.broadcast_to(up, rings.shape)))
    positions, normals, uvs, corners = [], [], [], []
    for number, (rings, normal) in enumerate(parts):
        positions.append(rings.reshape(-1, 3))
        normals.append(normal.reshape(-1, 3))
        u, v = np.meshgrid(turns, (0.0, 1.0))
        uvs.append(np.stack([u, v], axis=-1).reshape(-1, 2))
        corners.append(_grid(1, around) + np.uint32(number * 2 * (around + 1)))
    points = np.concatenate(positions).astype(np.float32)
    cells = np.concatenate(corners)
    a, b, c = np.moveaxis(points.astype(np.float64)[cells], 1, 0)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return Facets(
        points,
        cells[area > 1e-9 * area.max()],  # at a tip and in the middle of a cap, half are flat
        np.concatenate(normals).astype(np.float32),
        np.concatenate(uvs).astype(np.float32),
    )


def _grid(rows: int, columns: int) -> NDArray[np.uint32]:
    """Triangles of a grid of (rows + 1, columns + 1) vertices, counter-clockwise from u to v."""
    first = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).reshape(-1, 1)
    across = columns + 1
    steps = np.array((0, 1, across + 1, 0, across + 1, across))
    return np.asarray((first + steps).reshape(-1, 3), np.uint32)


def copied(facets: Facets, matrices: F64, colors: F32 | None) -> Facets:
    """(N, 4, 4) copies in one, each in a colour of its own."""
    count, size = len(matrices), len(facets.positions)
    linear = matrices[:, :3, :3]
    positions = np.einsum("nij,vj->nvi", linear, facets.positions) + matrices[:, None, :3, 3]
    normals = None
    if facets.normals is not None:
        x, y, z = (linear[:, :, k] for k in range(3))
        cofactors = np.stack([np.cross(y, z), np.cross(z, x), np.cross(x, y)], axis=2)
        normals = np.einsum("nij,vj->nvi", cofactors, facets.normals)
        normals /= np.linalg.norm(normals, axis=2, keepdims=True)
        normals = normals.reshape(-1, 3).astype(np.float32)
    shift = np.arange(count, dtype=np.uint32)[:, None, None] * np.uint32(size)
    return Facets(
        frozen_points(positions.reshape(-1, 3)),
        (facets.corners + shift).reshape(-1, 3),
        normals,
        None if facets.uvs is None else np.tile(facets.uvs, (count, 1)),
        None if colors is None else np.repeat(colors, size, axis=0),
    )
