"""Which edges of triangles are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels import layout
from raywidget.scene.shapes.edges import Edges

_MOST_STEPS = 64  # to the least number of a sector; each step knows more than twice as far


class Marks(NamedTuple):
    """What kernels know of the edges of some triangles or parallelograms, see `layout`."""

    own: NDArray[np.uint8]  # (F,) `edge_marks`
    rows: NDArray[np.int32]  # (F + 1,) `edge_rows`, from 0 on
    ends: NDArray[np.float32]  # (N, 4) `edge_ends`

    @classmethod
    def alike(cls, count: int, mark: int) -> Marks:
        """All have the same edges, and no others end at them."""
        none = np.zeros((0, layout.EDGE_END_SIZE), np.float32)
        return cls(np.full(count, mark, np.uint8), np.zeros(count + 1, np.int32), none)

    def scaled(self, scale: float) -> Marks:
        """The same of triangles so many times as large."""
        if scale == 1.0 or not len(self.ends):
            return self
        ends = self.ends.copy()
        ends[:, :3] *= scale
        return self._replace(ends=ends)


def join_marks(parts: Sequence[tuple[int, Marks]], count: int) -> Marks:
    """All marks of a scene with so many primitives; each part begins at one."""
    if not parts:
        return Marks.alike(0, 0)._replace(rows=np.zeros(0, np.int32))
    own, counts = np.zeros(count, np.uint8), np.zeros(count + 1, np.int64)
    for first, marks in parts:
        own[first : first + len(marks.own)] = marks.own
        counts[first + 1 : first + len(marks.rows)] = np.diff(marks.rows)
    ends = np.concatenate([marks.ends for _, marks in sorted(parts, key=lambda part: part[0])])
    rows = np.cumsum(counts).astype(np.int32) if len(ends) else np.zeros(0, np.int32)
    return Marks(own, rows, ends)


def mark_edges(
    edges: Edges,
    vertices: NDArray[Any],
    faces: NDArray[Any],
    polygons: NDArray[np.int32] | None = None,
) -> Marks:
    """Marks of triangles; none where two of one polygon meet."""
    if edges.feature_angle is None and polygons is None:
        return Marks.alike(len(faces), layout.MARK_ALL & 7)
    drawn = np.ones((len(faces), 3), bool)
    welded, corners = _welded(vertices, faces), vertices.astype(np.float64)[faces]
    if edges.feature_angle is not None:
        drawn = _features(edges.feature_angle, corners, welded)
    if polygons is not None:
        drawn &= ~_within(welded, polygons)
    marks = (drawn << np.arange(3)).sum(axis=1)
    if drawn.all():
        return Marks.alike(len(faces), 0)._replace(own=np.asarray(marks, np.uint8))
    # Lines end round, on triangles, too, that share no more than the corner.
    ends = np.zeros(int(welded.max(initial=-1)) + 1, bool)
    for k in range(3):
        for corner in (welded[:, k], welded[:, (k + 1) % 3]):
            ends[corner[drawn[:, k]]] = True
    at_ends = ends[welded]
    marks |= (at_ends << np.arange(3)).sum(axis=1) * layout.MARK_CORNER
    asking = np.flatnonzero(~drawn.all(axis=1) & at_ends.any(axis=1))
    found = _reaching_in(asking, welded, corners, drawn)
    triangle = np.concatenate([part.triangle for part in found])
    order = np.argsort(triangle, kind="stable")
    table = np.empty((len(order), layout.EDGE_END_SIZE), np.float32)
    table[:, :3] = np.concatenate([part.leads for part in found])[order]
    table[:, layout.EDGE_END_CORNER] = np.concatenate([part.corner for part in found])[order]
    rows = np.zeros(len(faces) + 1, np.int64)
    rows[1:] = np.bincount(triangle, minlength=len(faces))
    return Marks(np.asarray(marks, np.uint8), np.cumsum(rows).astype(np.int32), table)


class _Reaching(NamedTuple):
    """Drawn edges of others that triangles see from a corner, with no drawn edge between.

    Wide lines reach across a diagonal that is closer to them than to the other edge.
    """

    triangle: NDArray[np.int64]
    corner: NDArray[np.int64]
    leads: NDArray[Any]  # (N, 3) from there to the other end


def _reaching_in(
    asking: NDArray[np.int64],
    faces: NDArray[np.int64],
    corners: NDArray[Any],
    drawn: NDArray[np.bool_],
) -> list[_Reaching]:
    """Those of some triangles: all that have an edge which isn't drawn and touch one that is."""
    sides = [_ordered(faces[asking], k) for k in range(3)]
    low, high = (np.stack([side[end] for side in sides], axis=1) for end in (0, 1))
    hidden = np.argwhere(~drawn[asking])
    order, groups = _shared([high[~drawn[asking]], low[~drawn[asking]]])
    pairs = np.flatnonzero(groups[1:] == groups[:-1])
    pair = np.stack([hidden[order[pairs]], hidden[order[pairs + 1]]])  # (2, N, 2)
    # Most are two halves of a quadrilateral, who have all that they ask for of each other.
    counts = (~drawn[asking]).sum(axis=1)
    halves = (counts[pair[..., 0]] == 1).all(axis=0)
    # ... and not of three that meet at a diagonal
    halves &= np.bincount(groups, minlength=1)[groups[pairs]] == 2
    found = []
    for own, other in ((0, 1), (1, 0)):
        face, k = asking[pair[own, halves, 0]], pair[own, halves, 1]
        apex = corners[asking[pair[other, halves, 0]], (pair[other, halves, 1] + 2) % 3]
        found += [
            _Reaching(face, corner, apex - corners[face, corner]) for corner in (k, (k + 1) % 3)
        ]
    is_half = np.zeros(len(asking), bool)
    is_half[pair[:, halves, 0]] = True
    rest = np.full(len(asking), -1)
    rest[~is_half] = np.arange((~is_half).sum())
    links = pair[:, ~halves].copy()
    links[..., 0] = rest[links[..., 0]]
    links = links[:, (links[..., 0] >= 0).all(axis=0)]
    other_faces = asking[~is_half]
    if len(other_faces):
        part = _round_vertices(faces[other_faces], corners[other_faces], drawn[other_faces], links)
        found.append(part._replace(triangle=other_faces[part.triangle]))
    return found


def _round_vertices(
    faces: NDArray[np.int64],
    corners: NDArray[Any],
    drawn: NDArray[np.bool_],
    links: NDArray[np.int64],
) -> _Reaching:
    """The same of any triangles, and pairs (2, N, 2) of an edge that isn't drawn: face, which."""
    # Round a vertex, corners of triangles are one sector where only edges that aren't drawn part
    # them. The k-th edge has the k-th corner and the next one.
    nodes = np.arange(faces.size).reshape(faces.shape)
    sectors = np.arange(faces.size)
    joined = []
    for of_low in (True, False):
        ends = []
        for face, k in (links[0].T, links[1].T):
            following = (k + 1) % 3
            begins_low = faces[face, k] <= faces[face, following]
            ends.append(nodes[face, np.where(begins_low == of_low, k, following)])
        joined.append(np.stack(ends))
    a, b = np.concatenate(joined, axis=1)
    for _ in range(_MOST_STEPS):
        least = np.minimum(sectors[a], sectors[b])
        before = sectors.copy()
        np.minimum.at(sectors, a, least)
        np.minimum.at(sectors, b, least)
        sectors = sectors[sectors]
        if (sectors == before).all():
            break
    # Drawn edges by the sectors that they begin in
    face, k = np.nonzero(drawn)
    following = (k + 1) % 3
    begins = np.concatenate([nodes[face, k], nodes[face, following]])
    along = corners[face, following] - corners[face, k]
    leads = np.concatenate([along, -along])
    to = np.concatenate([faces[face, following], faces[face, k]])
    by_sector = np.argsort(sectors[begins], kind="stable")
    sorted_sectors = sectors[begins][by_sector]
    # Corners that have an edge beside them that isn't drawn ask for all of their sector.
    asks = np.flatnonzero((~drawn | ~np.roll(drawn, 1, axis=1)).ravel())
    first = np.searchsorted(sorted_sectors, sectors[asks], "left")
    many = np.searchsorted(sorted_sectors, sectors[asks], "right") - first
    asker = np.repeat(asks, many)
    within = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
    edge = by_sector[np.repeat(first, many) + within]
    triangle, corner = np.divmod(asker, 3)
    others = ~(faces[triangle] == to[edge, None]).any(axis=1)
    asker, edge, triangle, corner = (x[others] for x in (asker, edge, triangle, corner))
    once = np.unique(np.stack([asker, to[edge]]), axis=1, return_index=True)[1]  # of two triangles
    return _Reaching(triangle[once], corner[once], leads[edge[once]])


def _ordered(faces: NDArray[Any], k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The lesser and the greater corner of the k-th edges."""
    a, b = faces[:, k].astype(np.int64), faces[:, (k + 1) % 3].astype(np.int64)
    return np.minimum(a, b), np.maximum(a, b)


def _shared(keys: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of equal keys: the order that brings them together, and the group of each then."""
    order = np.lexsort(keys)
    new = np.zeros(len(order), bool)
    new[:1] = True
    for key in keys:
        new[1:] |= key[order][1:] != key[order][:-1]
    return order, np.cumsum(new) - 1


def _within(faces: NDArray[Any], polygons: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Edges that another triangle of the same polygon has, too, (F, 3)."""
    ends = [_ordered(faces, k) for k in range(3)]
    low, high = (np.concatenate([end[side] for end in ends]) for side in (0, 1))
    order, groups = _shared([low, high, np.tile(polygons.astype(np.int64), 3)])
    result = np.zeros(3 * len(faces), bool)
    result[order] = np.bincount(groups)[groups] > 1
    return result.reshape(3, -1).T


def _welded(vertices: NDArray[Any], faces: NDArray[Any]) -> NDArray[np.int64]:
    """Corners of triangles by place: programs take vertices apart for normals and coordinates."""
    points = np.ascontiguousarray(vertices)
    rows: Any = points.view([("", points.dtype)] * 3).ravel()
    numbers = np.unique(rows, return_inverse=True)[1].reshape(-1)
    return np.asarray(numbers[faces], np.int64)


def _features(angle: float, corners: NDArray[Any], welded: NDArray[Any]) -> NDArray[np.bool_]:
    """Edges where faces meet at more than an angle, or not just two of them, (F, 3)."""
    faces = welded
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    normals /= np.where(lengths > 0.0, lengths, 1.0)[:, None]
    ends = [_ordered(welded, k) for k in range(3)]
    low, high = (np.concatenate([end[side] for end in ends]) for side in (0, 1))
    order, groups = _shared([low, high])
    counts = np.bincount(groups)
    owners = order % len(faces)
    firsts = np.cumsum(counts) - counts
    is_pair = counts == 2
    a, b = owners[firsts[is_pair]], owners[firsts[is_pair] + 1]
    sharp = np.ones(len(counts), bool)
    # The angle by its tangent: a cosine can't tell small ones apart.
    sine = np.linalg.norm(np.cross(normals[a], normals[b]), axis=1)
    cosine = (normals[a] * normals[b]).sum(axis=1)
    # Faces that were turned the other way round go the same way along the edge.
    starts = np.concatenate([welded[:, k] for k in range(3)])[order]
    first = firsts[is_pair]
    cosine = np.where(starts[first] == starts[first + 1], -cosine, cosine)
    sharp[is_pair] = np.degrees(np.arctan2(sine, cosine)) > angle
    result = np.zeros(3 * len(faces), bool)
    result[order] = sharp[groups]
    return result.reshape(3, -1).T
