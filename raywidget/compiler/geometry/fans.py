"""Flats that are huge for what stands on them: a ground of 1e10 units under a ball of one.

A flat is tested from its corner. In single precision, a ray is as far off as an ulp of the way to
it, and a point on the flat as an ulp of its edges; where the corner is far away, contact shadows
dissolve. So a huge parallelogram is taken apart into triangles round its point next to all that is
small: that becomes the corner of each. Huge triangles of meshes are, too.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.placement import Placement, place
from raywidget.kernels.layout import I32
from raywidget.scene.shapes.lines import Tubes
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.simple import Bounds, Shape
from raywidget.scene.values import transforms

F64 = NDArray[np.float64]

# So many times as large as another thing a flat has to be: then an ulp of it is a hundredth of
# that. If it is tilted, rays start some ulp of its size above it.
_HUGE = 2.0**18
HUGE_TILTED = 2.0**7

_MOST_SPLIT = 64  # triangles of a mesh
_MOST_MEMBERS = 256  # of a shape, that count as small things
_NEAR = 0.25  # of its size, as far from a triangle small things may be


class Fan(NamedTuple):
    """Triangles round a point, which is the first vertex."""

    vertices: F64  # (5, 3)
    uvs: F64  # (5, 2) in the parallelogram
    faces: I32  # (2 to 4, 3)


class Parts(NamedTuple):
    """What a mesh has become whose huge triangles were taken apart."""

    origins: I32  # (F,) of which face each is part
    corners: I32  # (N, 3) whose blend each new vertex is
    weights: F64  # (N, 3)

    def blended(self, rows: NDArray[Any]) -> NDArray[Any]:
        """What vertices have, those of the new ones at the end."""
        new = np.einsum("nk,nk...->n...", self.weights, rows[self.corners].astype(np.float64))
        return np.concatenate([rows, new.astype(rows.dtype)])


class _PlacedMesh(NamedTuple):
    placement: Placement
    mesh: Mesh
    parts: Parts | None


class SmallThings:
    """What is small beside a flat, in the boxes of a scene's shapes."""

    def __init__(self, boxes: Sequence[Bounds]) -> None:
        self._lo = np.array([lo for lo, _ in boxes], np.float64).reshape(-1, 3)
        self._hi = np.array([hi for _, hi in boxes], np.float64).reshape(-1, 3)
        self._sizes = (self._hi - self._lo).max(axis=1, initial=0.0)
        self._sorted = np.sort(self._sizes)
        self._middles: dict[int, F64] = {}  # of so many of the smallest
        self.least = float(self._sizes.min(initial=np.inf))

    @classmethod
    def among(cls, shapes: Sequence[Shape]) -> SmallThings:
        """What is small beside others in a scene, and beside others of the same shape."""
        return cls([box for shape in shapes for box in _boxes(shape)])

    def fan(self, corner: F64, edge_u: F64, edge_v: F64) -> Fan | None:
        """The triangles of a parallelogram, (3,) each; None if it does not have to be taken apart.

        Examples
        --------
        >>> import numpy as np
        >>> from raywidget.compiler.geometry.fans import SmallThings
        >>> things = SmallThings([(np.array([4.0, 0, 5.0]), np.array([6.0, 2.0, 7.0]))])
        >>> fan = things.fan(np.array([-1e8, 0, 0]), np.array([2e8, 0, 0]), np.array([0, 0, 1e8]))
        >>> fan.vertices[0].tolist()
        [5.0, 0.0, 6.0]
        """
        size = max(float(np.abs(edge_u).max()), float(np.abs(edge_v).max()))
        middle = self.middle(size / float(_times(edge_u, edge_v)))
        if middle is None:
            return None
        edges = np.stack([edge_u, edge_v], axis=1)
        u, v = np.clip(np.linalg.lstsq(edges / size, (middle - corner) / size)[0], 0.0, 1.0)
        places = np.array([(u, v), (0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
        faces = [
            (0, a, b)
            for (a, b), share in zip(
                ((1, 2), (2, 3), (3, 4), (4, 1)), (v, 1.0 - u, 1.0 - v, u), strict=True
            )
            if share > 0.0
        ]
        return Fan(corner + places @ edges.T, places, np.array(faces, np.int32))

    def middle(self, size: float) -> F64 | None:
        """Where things are that are smaller than `size`, (3,); None if nothing is."""
        count = int(np.searchsorted(self._sorted, size))
        if not count:
            return None
        if count not in self._middles:  # rooms ask for the same few, for each of their walls
            small = self._sizes < size
            middles = 0.5 * (self._lo[small] + self._hi[small])
            self._middles[count] = np.asarray(np.median(middles, axis=0))
        return self._middles[count]

    def split(self, mesh: Mesh, tilted: bool = False) -> tuple[Mesh, Parts | None]:
        """The mesh with its huge triangles taken apart; None if it has none.

        The first part of a face stands where the face was, the others at the end. Values of the
        mesh stay what they are: see `Parts`. With `tilted`, none counts as level: copies may be
        turned.
        """
        if not len(self._sizes) or not len(mesh.faces):
            return mesh, None
        low, high = mesh.bounds()
        if float((high - low).max()) <= HUGE_TILTED * self.least:
            return mesh, None
        corners = mesh.vertices[mesh.faces]
        sizes = np.ptp(corners, axis=1).max(axis=1)
        huge = np.flatnonzero(sizes > HUGE_TILTED * self.least)
        huge = huge[np.argsort(-sizes[huge], kind="stable")][:_MOST_SPLIT]
        faces, weights = [], []
        for face, share in zip(
            huge, self._shares(corners[huge].astype(np.float64), tilted), strict=True
        ):
            if share is not None:
                faces.append(int(face))
                weights.append(share)
        if not faces:
            return mesh, None
        return _split(mesh, faces, np.array(weights))

    def place_copies(self, copies: Instances, placement: Placement) -> _PlacedMesh:
        """Where the mesh of some copies has its origin and unit, and the mesh as it is there.

        Where triangles of the largest copy are huge for other things, they are taken apart next to
        them, and there is its origin, as it is where the mesh's own is far from them; its unit is
        the scene's. What is rounded is then as small as they are.
        """
        mesh = copies.mesh
        low, high = mesh.bounds()
        own = place([(low, high)])
        _, halves = transforms.move_box(copies.transforms, low, high)
        sizes = halves.max(axis=1)
        largest = int(np.argmax(sizes))
        middle = self.middle(2.0 * float(sizes[largest]) / HUGE_TILTED)
        if middle is None:
            return _PlacedMesh(own, mesh, None)
        inverse = np.linalg.inv(copies.transforms[largest])
        origin = np.clip(inverse[:3, :3] @ middle + inverse[:3, 3], low, high)
        ratio = 2.0 * float(sizes[largest] / (high - low).max())
        scale = placement.scale * 2.0 ** round(math.log2(ratio))
        boxes = []
        for low, high in zip(self._lo, self._hi, strict=True):
            centres, halves = transforms.move_box(inverse[None], low, high)
            boxes.append((centres[0] - halves[0], centres[0] + halves[0]))
        split, parts = SmallThings(boxes).split(mesh, tilted=True)
        away = np.abs(copies.transforms[largest][:3, :3] @ (origin - own.origin)).max()
        if parts is None and self.middle(float(away) / HUGE_TILTED) is None:
            return _PlacedMesh(own, mesh, None)
        return _PlacedMesh(Placement(origin, scale), split, parts)

    def _shares(self, corners: F64, tilted: bool) -> Iterator[F64 | None]:
        """Weights of each triangle's corners, (N, 3, 3), next to all that is small for it."""
        edges = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        low, high = corners.min(axis=1), corners.max(axis=1)
        sizes = (high - low).max(axis=1)
        times = np.full(len(corners), HUGE_TILTED) if tilted else _times(*edges)
        for row, (size, limit) in enumerate(
            zip(sizes.tolist(), (sizes / times).tolist(), strict=True)
        ):
            middle = self.middle(limit)
            beside = 0.0
            if middle is not None:
                beside = np.maximum(low[row] - middle, middle - high[row]).max()
            # Most have nothing near them: that is known before any equation is solved.
            if middle is None or beside > 1.001 * _NEAR * size:
                yield None
            else:
                yield _share_at(corners[row], middle, size)


def _share_at(corners: F64, middle: F64, size: float) -> F64 | None:
    a, u, v = corners[0], corners[1] - corners[0], corners[2] - corners[0]
    edges = np.stack([u, v], axis=1) / size
    s, t = np.linalg.lstsq(edges, (middle - a) / size)[0]
    weights = np.maximum([1.0 - s - t, s, t], 0.0)
    weights /= weights.sum()
    away = float(np.linalg.norm(weights @ corners - middle))
    # Nothing lies on it, or right at a corner.
    if away > _NEAR * size or weights.max() > 1.0 - 1e-9:
        return None
    return np.asarray(weights)


def _boxes(shape: Shape) -> Iterator[Bounds]:
    """The box of a shape, and those of members that are small beside others of it."""
    yield shape.bounds()
    low: NDArray[Any]
    high: NDArray[Any]
    if isinstance(shape, Spheres | Tubes):
        points = shape.centers if isinstance(shape, Spheres) else shape.points
        sizes, low, high = 2.0 * shape.radii, points, points
    elif isinstance(shape, Cylinders):
        low, high = np.minimum(shape.starts, shape.ends), np.maximum(shape.starts, shape.ends)
        sizes = np.maximum((high - low).max(axis=1), 2.0 * shape.radii)
    elif isinstance(shape, Instances):
        centres, halves = transforms.move_box(shape.transforms, *shape.mesh.bounds())
        sizes, low, high = 2.0 * halves.max(axis=1), centres, centres
    else:
        return
    largest = float(sizes.max())
    if float(sizes.min()) * HUGE_TILTED >= largest:
        return
    for row in np.flatnonzero(sizes * HUGE_TILTED < largest)[:_MOST_MEMBERS]:
        middle, half = 0.5 * (low[row].astype(np.float64) + high[row]), 0.5 * float(sizes[row])
        yield middle - half, middle + half


def _times(edge_u: F64, edge_v: F64) -> F64:
    """How many times as large as other things flats with these edges, (..., 3), have to be."""
    scaled = (edge / np.abs(edge).max(axis=-1, keepdims=True) for edge in (edge_u, edge_v))
    normal = np.sort(np.abs(np.cross(*scaled)), axis=-1)
    return np.where(normal[..., 1] <= 1e-7 * normal[..., 2], _HUGE, HUGE_TILTED)


def _split(mesh: Mesh, faces: list[int], weights: F64) -> tuple[Mesh, Parts]:
    """Put a vertex into each of these faces, with weights (N, 3) of its corners."""
    changed = mesh.faces.copy()
    added, added_origins = [], []
    for number, (face, shares) in enumerate(zip(faces, weights, strict=True)):
        middle = len(mesh.vertices) + number
        a, b, c = mesh.faces[face]
        apart = [
            (middle, p, q)
            for p, q, share in ((b, c, shares[0]), (c, a, shares[1]), (a, b, shares[2]))
            if share > 0.0
        ]
        changed[face] = apart[0]
        added += apart[1:]
        added_origins += [face] * (len(apart) - 1)
    origins = np.concatenate([np.arange(len(changed)), np.array(added_origins, int)])
    parts = Parts(origins.astype(np.int32), mesh.faces[faces], weights)
    new = {name: getattr(mesh, name) for name in (*_OF_VERTICES, *_OF_FACES)}
    new |= {name: parts.blended(new[name]) for name in _OF_VERTICES if new[name] is not None}
    new |= {name: new[name][origins] for name in _OF_FACES if new[name] is not None}
    new["faces"] = np.concatenate([changed, np.array(added, np.int32).reshape(-1, 3)])
    if mesh.edges is not None:  # those of the parts are not drawn
        numbers = np.arange(len(mesh.faces)) if mesh.polygons is None else mesh.polygons
        new["polygons"] = numbers.astype(np.int32)[origins]
    # Not by its constructor: values would not fit, which are split where they are packed.
    result = copy.copy(mesh)
    for name, rows in new.items():
        object.__setattr__(result, name, rows)
    return result, parts


_OF_VERTICES = ("vertices", "normals", "uvs", "uvs2", "colors")
_OF_FACES = ("face_colors", "face_materials")
