"""Shapes -> flats, balls and instances: the primitives that trees are built over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.materials import MaterialRows
from raywidget.kernels.layout import (
    CORNERS_COLORS,
    CORNERS_FLAGS,
    CORNERS_NORMALS,
    CORNERS_SIZE,
    CORNERS_UVS,
    F32,
    I32,
    INSTANCE_CODES_SIZE,
    INSTANCE_SIZE,
    PRIMITIVE_COLOR,
    PRIMITIVE_CORNERS,
    PRIMITIVE_SIZE,
    VERTEX_SIZE,
)
from raywidget.scene.meshes import Instances, Mesh
from raywidget.scene.shapes import Box, Quad, Shape, Sphere

TRIANGLE = 1.0  # shears
PARALLELOGRAM = 0.0

# Boxes are widened by this share of their coordinates: the float32 sums corner + edge that rays are
# tested against may lie two ulp outside the vertices they came from.
_WIDEN = np.float32(2.0**-21)


@dataclass(frozen=True)
class Flats:
    """Triangles and parallelograms of one tree."""

    corners: F32  # (F, 3, 3) corner, edge_u, edge_v
    shears: F32  # (F,)
    primitives: I32  # (F,) numbers in the table of primitives

    def bounds(self) -> F32:
        """Boxes, (F, 6)."""
        corner, u, v = self.corners[:, 0], self.corners[:, 1], self.corners[:, 2]
        far = np.where(self.shears[:, None] == PARALLELOGRAM, corner + u + v, corner)
        return _boxes(
            np.minimum(np.minimum(corner, corner + u), np.minimum(corner + v, far)),
            np.maximum(np.maximum(corner, corner + u), np.maximum(corner + v, far)),
        )

    def areas(self) -> NDArray[np.float64]:
        """Areas, (F,)."""
        edges = self.corners[:, 1:].astype(np.float64)
        area = np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1)
        return np.asarray(area * np.where(self.shears == TRIANGLE, 0.5, 1.0))


@dataclass(frozen=True)
class Balls:
    """Spheres."""

    centres_radii: F32  # (B, 4), the radius negative where normals point inwards
    primitives: I32  # (B,)

    def bounds(self) -> F32:
        """Boxes, (B, 6)."""
        centres, radii = self.centres_radii[:, :3], np.abs(self.centres_radii[:, 3:])
        return _boxes(centres - radii, centres + radii)


@dataclass(frozen=True)
class InstancedMesh:
    """A mesh with a tree of its own, and the rows of `instances` that place it."""

    flats: Flats
    rows: range


@dataclass(frozen=True)
class Geometry:
    """All primitives of a scene, and what is known about each."""

    flats: Flats
    balls: Balls
    meshes: list[InstancedMesh]
    instances: F32  # see layout
    instance_codes: I32  # see layout; roots are filled in when the trees are built
    instance_bounds: F32  # (I, 6)
    primitives: I32  # see layout; lights are filled in when they are numbered
    corners: I32  # see layout
    vertices: F32  # see layout
    colors: F32  # see layout


def gather_geometry(shapes: Sequence[Shape], materials: MaterialRows) -> Geometry:
    """Take all shapes apart."""
    gathering = _Gathering(materials)
    for index, shape in enumerate(shapes):
        gathering.add(index, shape)
    return gathering.finish()


class _Gathering:
    """Lists that grow shape by shape."""

    def __init__(self, materials: MaterialRows) -> None:
        self._materials = materials
        self._flats: list[tuple[F32, float, I32]] = []
        self._balls: list[tuple[tuple[float, ...], int]] = []
        self._meshes: dict[int, Flats] = {}  # by id of the Mesh, which the scene keeps alive
        self._places: list[tuple[int, int, int, NDArray[np.float64], NDArray[np.float64]]] = []
        self._primitives: list[I32] = []
        self._primitive_count = 0
        self._corners: list[I32] = []
        self._corner_count = 0
        self._vertices: list[F32] = []
        self._vertex_count = 0
        self._colors: list[F32] = []
        self._color_count = 0

    def add(self, index: int, shape: Shape) -> None:
        material = self._materials.row_of(shape)
        if isinstance(shape, Sphere):
            (number,) = self._number(1, material, index)
            radius = -shape.radius if shape.flip_normals else shape.radius
            self._balls.append(((*shape.center, radius), number))
        elif isinstance(shape, Quad):
            corners = np.array([[shape.origin, shape.edge_u, shape.edge_v]], np.float32)
            self._flats.append((corners, PARALLELOGRAM, self._number(1, material, index)))
        elif isinstance(shape, Box):
            corners = _box_faces(shape)
            self._flats.append((corners, PARALLELOGRAM, self._number(6, material, index)))
        elif isinstance(shape, Mesh):
            self._flats.append(self._triangles(shape, material, index))
        elif isinstance(shape, Instances):
            mesh = shape.mesh
            if id(mesh) not in self._meshes:
                own = self._materials.row_of(mesh)
                self._meshes[id(mesh)] = _join_flats([self._triangles(mesh, own, index)])
            lo, hi = mesh.bounds()
            for matrix in shape.transforms:
                self._places.append((id(mesh), material, index, matrix, _moved_box(matrix, lo, hi)))
        else:  # the scene admits no other
            raise AssertionError(f"no primitives for {type(shape).__name__}")

    def _number(self, count: int, material: int, shape: int) -> I32:
        """Rows of the table of primitives for `count` more."""
        rows = np.empty((count, PRIMITIVE_SIZE), np.int32)
        rows[:] = (material, -1, shape, -1, -1)
        self._primitives.append(rows)
        first = self._primitive_count
        self._primitive_count += count
        return np.arange(first, first + count, dtype=np.int32)

    def _triangles(self, mesh: Mesh, material: int, shape: int) -> tuple[F32, float, I32]:
        faces = mesh.faces[:, [0, 2, 1]] if mesh.flip_normals else mesh.faces
        a, b, c = (mesh.vertices[faces[:, k]] for k in range(3))
        corners = np.stack([a, b - a, c - a], axis=1)
        numbers = self._number(len(faces), material, shape)
        rows = self._primitives[-1]
        if mesh.face_colors is not None:
            rows[:, PRIMITIVE_COLOR] = self._add_colors(mesh.face_colors)
        elif mesh.colors is not None:
            rows[:, PRIMITIVE_COLOR] = self._color_count - self._vertex_count
            self._add_colors(mesh.colors)
        if any(a is not None for a in (mesh.normals, mesh.uvs, mesh.colors)):
            rows[:, PRIMITIVE_CORNERS] = np.arange(len(faces)) + self._corner_count
            self._attributes(mesh, faces)
        return corners, TRIANGLE, numbers

    def _add_colors(self, colors: F32) -> NDArray[np.int64]:
        """Take up colours; their rows."""
        self._colors.append(colors)
        first = self._color_count
        self._color_count += len(colors)
        return np.arange(first, self._color_count)

    def _attributes(self, mesh: Mesh, faces: I32) -> None:
        flags = 0
        vertices = np.zeros((len(mesh.vertices), VERTEX_SIZE), np.float32)
        if mesh.normals is not None:
            flags |= CORNERS_NORMALS
            vertices[:, :3] = -mesh.normals if mesh.flip_normals else mesh.normals
        if mesh.uvs is not None:
            flags |= CORNERS_UVS
            vertices[:, 3:] = mesh.uvs
        if mesh.colors is not None:
            flags |= CORNERS_COLORS
        corners = np.empty((len(faces), CORNERS_SIZE), np.int32)
        corners[:, :3] = faces + self._vertex_count
        corners[:, CORNERS_FLAGS] = flags
        self._corners.append(corners)
        self._corner_count += len(corners)
        self._vertices.append(vertices)
        self._vertex_count += len(vertices)

    def finish(self) -> Geometry:
        places = sorted(self._places, key=lambda place: place[0])  # stable: by mesh
        instances = np.zeros((len(places), INSTANCE_SIZE), np.float32)
        codes = np.zeros((len(places), INSTANCE_CODES_SIZE), np.int32)
        bounds = np.zeros((len(places), 6), np.float32)
        for row, (_, material, shape, matrix, box) in enumerate(places):
            instances[row, :12] = matrix[:3].ravel()
            instances[row, 12:] = np.linalg.inv(matrix)[:3].ravel()
            codes[row] = (0, material, shape, -1)
            bounds[row] = _boxes(box[None, :3].astype(np.float32), box[None, 3:].astype(np.float32))
        meshes = []
        owners = [place[0] for place in places]
        for key, flats in self._meshes.items():
            rows = [row for row, owner in enumerate(owners) if owner == key]
            meshes.append(InstancedMesh(flats, range(rows[0], rows[-1] + 1)))
        balls = self._balls
        return Geometry(
            flats=_join_flats(self._flats),
            balls=Balls(
                np.array([ball for ball, _ in balls], np.float32).reshape(-1, 4),
                np.array([number for _, number in balls], np.int32),
            ),
            meshes=meshes,
            instances=instances,
            instance_codes=codes,
            instance_bounds=bounds,
            primitives=_stack(self._primitives, np.empty((0, PRIMITIVE_SIZE), np.int32)),
            corners=_stack(self._corners, np.empty((0, CORNERS_SIZE), np.int32)),
            vertices=_stack(self._vertices, np.empty((0, VERTEX_SIZE), np.float32)),
            colors=_stack(self._colors, np.empty((0, 3), np.float32)),
        )


def _boxes(lo: F32, hi: F32) -> F32:
    room = np.maximum(np.abs(lo), np.abs(hi)) * _WIDEN
    return np.ascontiguousarray(np.concatenate([lo - room, hi + room], axis=1), np.float32)


def _box_faces(box: Box) -> F32:
    """Six parallelograms, (6, 3, 3), whose normals point outwards."""
    transform = box.transform()
    axes, centre = transform[:3, :3].T, transform[:3, 3]  # full edges
    faces = []
    for axis in range(3):
        u, v, w = axes[(axis + 1) % 3], axes[(axis + 2) % 3], axes[axis]
        faces.append([centre + 0.5 * (w - u - v), u, v])
        faces.append([centre - 0.5 * (w + u + v), v, u])
    return np.array(faces, np.float32)


def _moved_box(
    matrix: NDArray[np.float64], lo: NDArray[np.float64], hi: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The box round a moved box, (6,) (Arvo 1990, "Transforming axis-aligned bounding boxes")."""
    centre = matrix[:3, :3] @ (0.5 * (lo + hi)) + matrix[:3, 3]
    half = np.abs(matrix[:3, :3]) @ (0.5 * (hi - lo))
    return np.concatenate([centre - half, centre + half])


def _join_flats(parts: list[tuple[F32, float, I32]]) -> Flats:
    return Flats(
        _stack([corners for corners, _, _ in parts], np.empty((0, 3, 3), np.float32)),
        _stack(
            [np.full(len(corners), shear, np.float32) for corners, shear, _ in parts],
            np.empty(0, np.float32),
        ),
        _stack([numbers for _, _, numbers in parts], np.empty(0, np.int32)),
    )


def _stack(parts: list[NDArray], empty: NDArray) -> NDArray:  # type: ignore[type-arg]
    return np.concatenate(parts, dtype=empty.dtype) if parts else empty
