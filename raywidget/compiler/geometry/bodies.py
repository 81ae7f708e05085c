"""Large meshes that stand apart from each other: each has a tree of its own under the world's.

An edit that moves one of them leaves the trees of the others as they are (`compiler.geometry.
trees`). Which ones they are follows from the scene alone, so that an edited scene has the very
tables of a new one. A ray that comes near two of them walks through two trees, so none may be in
the way of another: of those that are, the wider ones go into the world's tree, triangle by
triangle, which finds its way round the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.flat_parts import join_flats, triangles_part
from raywidget.compiler.geometry.placement import Placement
from raywidget.compiler.geometry.primitives import Flats
from raywidget.kernels.layout import I32
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.shapes.simple import Bounds, Shape

_LEAST = 2048  # triangles: the tree of fewer takes a millisecond
_WORTH = 1 << 16  # triangles of all of them: below, one tree takes no more than 20 milliseconds
_MOST = 1024
# Share of the smaller box that two of them may have in common. Of a hundred balls whose boxes share
# this much at most with another's, rays per second by those of one tree are: 0.09: 1.03 to 1.06,
# 0.13: 1.00 to 1.03, 0.18: 0.94, 0.40: 0.70 to 0.79.
_OVERLAP = 0.1
# Of the triangles of large meshes so many may be in the world's tree; of a heap all are.
_LOOSE = 0.25


class Body(NamedTuple):
    """A mesh that has a tree of its own where it stands."""

    mesh: Mesh
    faces: I32  # as they are turned
    placement: Placement
    first: int  # number of its first triangle among all primitives

    def triangles(self) -> slice:
        """Rows of the table of primitives."""
        return slice(self.first, self.first + len(self.faces))

    def flats(self, threads: int = 1) -> Flats:
        """Its triangles: made whenever they are asked for, since most are not."""
        numbers = np.arange(self.first, self.first + len(self.faces), dtype=np.int32)
        part = triangles_part(self.mesh.vertices, self.faces, self.placement, numbers)
        return join_flats([part], threads)

    def key(self) -> bytes:
        """A digest of its triangles, whatever their numbers."""
        found = hashlib.sha1(_digest_of(self.mesh), usedforsecurity=False)
        found.update(self.placement.as_array().tobytes())
        found.update(b"turned" if self.mesh.flip_normals else b"")
        return found.digest()


def digest(parts: Sequence[NDArray[Any]], *others: bytes) -> bytes:
    """Of arrays, and of other digests."""
    # Of what hashlib has, the fastest on processors of today: 9 ms for 328,000 triangles, not 20.
    made = hashlib.sha1(usedforsecurity=False)
    for part in parts:
        made.update(np.int64(part.size).tobytes())
        made.update(np.ascontiguousarray(part).data)
    for other in others:
        made.update(other)
    return made.digest()


# Meshes never change, and most of an edited scene's are those of the scene before.
_digests: WeakKeyDictionary[Mesh, bytes] = WeakKeyDictionary()


def _digest_of(mesh: Mesh) -> bytes:
    made = _digests.get(mesh)
    if made is None:
        kind = str(mesh.vertices.dtype).encode()
        made = _digests[mesh] = digest([mesh.vertices, mesh.faces], kind)
    return made


def choose_bodies(shapes: Sequence[Shape], boxes: Sequence[Bounds]) -> frozenset[int]:
    """Numbers of the shapes that get trees of their own; none, or at least two."""
    sizes = {k: len(s.faces) for k, s in enumerate(shapes) if isinstance(s, Mesh)}
    large = [k for k, size in sizes.items() if size >= _LEAST]
    whole = sum(sizes[k] for k in large)
    if not 2 <= len(large) <= _MOST or whole < _WORTH:
        return frozenset()
    lo, hi = (np.array([boxes[k][side] for k in large], np.float64) for side in (0, 1))
    extents = hi - lo
    extents += 1e-6 * extents.max()  # of what is flat
    volumes = extents.prod(axis=1)
    taken: list[int] = []
    for row in np.argsort(volumes, kind="stable"):
        common = np.minimum(hi[taken], hi[row]) - np.maximum(lo[taken], lo[row])
        common = np.maximum(common + (extents[taken] - (hi - lo)[taken]), 0.0)
        if not np.any(common.prod(axis=1) > _OVERLAP * volumes[taken]):
            taken.append(int(row))
    within = sum(sizes[large[row]] for row in taken)
    if len(taken) < 2 or within < (1.0 - _LOOSE) * whole:
        return frozenset()
    return frozenset(large[row] for row in taken)
