"""Polygons into triangles, whether they are convex or not.

Most polygons of files are convex, and become fans at the speed of numpy. Others have their ears
clipped (Meisters 1975, "Polygons have ears"), many at a time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_WORK = 1 << 30  # squared numbers of corners, of all that is not convex: half a minute

_CHUNK = 1 << 17  # triangles looked at together


class Triangulation(NamedTuple):
    """Triangles, in the order of their polygons."""

    corners: NDArray[np.int64]  # (T, 3) rows of the array of corners
    polygons: NDArray[np.int64]  # (T,) which polygon each is a part of
    crossed: int  # how many polygons cross or overlap themselves

    def of_many(self) -> NDArray[np.int64] | None:
        """`polygons`, or None where each triangle is one."""
        is_one = len(self.polygons) == 0 or (np.diff(self.polygons) != 0).all()
        return None if is_one else self.polygons


@np.errstate(invalid="ignore", over="ignore")  # of corners that are not finite
def triangulate(
    points: NDArray[np.float64], corners: NDArray[np.integer[Any]], counts: NDArray[np.int64]
) -> Triangulation:
    """Split polygons into triangles that look to the same side.

    Parameters
    ----------
    points : (V, 3) array of float
    corners : (C,) array of int
        Rows of `points`: the corners of the first polygon, of the second, and so on.
    counts : (P,) array of int
        How many of them each has; those of less than three give nothing.

    Raises
    ------
    ValueError
        If polygons that are not convex have too many corners to be split in a reasonable time.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.io.polygons import triangulate
    >>> arrow = np.array([(2, -1, 0), (1, 0, 0), (2, 1, 0), (0, 0, 0)], float)
    >>> triangulate(arrow, np.arange(4), np.array([4])).corners.tolist()
    [[3, 0, 1], [1, 2, 3]]
    """
    starts = np.cumsum(counts) - counts
    if len(counts) and counts.min() == 3 == counts.max():
        whole = np.arange(3 * len(counts), dtype=np.int64).reshape(-1, 3)
        return Triangulation(whole, np.arange(len(counts)), 0)
    many = np.maximum(counts - 2, 0)
    firsts = np.cumsum(many) - many  # the first triangle of each polygon
    polygons = np.repeat(np.arange(len(counts)), many)
    fan = np.arange(len(polygons)) - firsts[polygons]
    result = np.empty((len(polygons), 3), np.int64)
    result[:, 0] = starts[polygons]
    result[:, 1] = result[:, 0] + fan + 1
    result[:, 2] = result[:, 1] + 1
    crossed = 0
    bent = _bent(points, corners, counts, result, firsts, polygons)
    if (counts[bent].astype(np.float64) ** 2).sum() > MAX_WORK:
        raise ValueError("polygons that are not convex have too many corners; triangulate them")
    for size in np.unique(counts[bent]):
        same = bent[counts[bent] == size]
        for first in range(0, len(same), max(1, _CHUNK // int(size))):
            some = same[first : first + max(1, _CHUNK // int(size))]
            rows = starts[some, None] + np.arange(size)
            ears, odd = _clip_ears(*_flattened(points[corners[rows]]))
            crossed += int(odd.sum())
            target = firsts[some, None] + np.arange(size - 2)
            result[target] = starts[some, None, None] + ears
    return Triangulation(result, polygons, crossed)


def _bent(
    points: NDArray[Any],
    corners: NDArray[Any],
    counts: NDArray[Any],
    fans: NDArray[Any],
    firsts: NDArray[Any],
    polygons: NDArray[Any],
) -> NDArray[np.int64]:
    """The polygons of which a fan has triangles that look the other way."""
    found = []
    large = np.flatnonzero(counts > 3)
    ends = np.cumsum(counts[large] - 2)
    first = 0
    while first < len(large):
        done = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, done + _CHUNK)))
        some = large[first:last]
        first = last
        many = counts[some] - 2
        begin = np.cumsum(many) - many
        rows = np.arange(many.sum()) + np.repeat(firsts[some] - begin, many)
        a, b, c = (points[corners[fans[rows, k]]] for k in range(3))
        areas = np.cross(b - a, c - a)
        whole = np.add.reduceat(areas, begin, axis=0)  # Newell's normal, as long as twice the area
        inside = (areas * np.repeat(whole, many, axis=0)).sum(axis=1)
        scale = (whole * whole).sum(axis=1)
        bad = inside < -1e-9 * np.repeat(scale, many)
        found.append(some[np.logical_or.reduceat(bad, begin)])
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _flattened(corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates (P, n) of polygons (P, n, 3) seen along the axis that shows most of them.

    Two of the coordinates themselves: what lies on a line stays there to the bit.
    """
    offset = corners - corners[:, :1]
    normals = np.cross(offset[:, 1:-1], offset[:, 2:]).sum(axis=1)
    axis = np.argmax(np.abs(normals), axis=1)
    rows = np.arange(len(corners))
    mirrored = normals[rows, axis] < 0.0
    u = np.where(mirrored, (axis + 2) % 3, (axis + 1) % 3)
    v = np.where(mirrored, (axis + 1) % 3, (axis + 2) % 3)
    return offset[rows, :, u], offset[rows, :, v]


def _clip_ears(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Triangles (P, n - 2, 3) of polygons (P, n) that run counter-clockwise; which are odd ones."""
    count, size = x.shape
    rows = np.arange(count)
    before = np.tile(np.roll(np.arange(size), 1), (count, 1))
    after = np.tile(np.roll(np.arange(size), -1), (count, 1))
    alive = np.ones((count, size), bool)
    turns = np.empty((count, size))  # twice the area of the corner's triangle, < 0 where it is deep
    ears = np.empty((count, size), bool)
    odd = np.zeros(count, bool)
    triangles = np.empty((count, size - 2, 3), np.int64)

    def measure(corner: Any) -> None:
        a, c = before[rows, corner], after[rows, corner]
        ax, ay = x[rows, a], y[rows, a]
        turns[rows, corner] = (x[rows, corner] - ax) * (y[rows, c] - ay) - (
            y[rows, corner] - ay
        ) * (x[rows, c] - ax)

    def look(corner: Any) -> None:
        """Is it an ear: a corner whose triangle holds no deep one?"""
        tips = (before[rows, corner], np.broadcast_to(corner, count), after[rows, corner])
        blocked = alive & (turns <= 0.0)
        for k in range(3):
            i, j = tips[k], tips[(k + 1) % 3]
            ix, iy = x[rows, i, None], y[rows, i, None]
            side = (x[rows, j, None] - ix) * (y - iy) - (y[rows, j, None] - iy) * (x - ix)
            blocked &= side >= 0.0
            blocked &= (x != ix) | (y != iy)  # bridges to holes pass a place twice
        ears[rows, corner] = (turns[rows, corner] > 0.0) & ~blocked.any(axis=1)

    for corner in range(size):
        measure(corner)
    for corner in range(size):
        look(corner)
    for step in range(size - 3):
        tip = np.argmax(ears, axis=1)
        stuck = ~ears[rows, tip]
        if stuck.any():  # nothing but corners on a line, or the polygon crosses itself
            flat = alive[stuck] & (turns[stuck] == 0.0)
            some = flat.any(axis=1)
            best = np.argmax(np.where(alive[stuck], turns[stuck], -np.inf), axis=1)
            tip[stuck] = np.where(some, np.argmax(flat, axis=1), best)
            odd[np.flatnonzero(stuck)[~some]] = True
        a, c = before[rows, tip], after[rows, tip]
        triangles[:, step] = np.stack([a, tip, c], axis=1)
        alive[rows, tip] = ears[rows, tip] = False
        after[rows, a], before[rows, c] = c, a
        measure(a)
        measure(c)
        look(a)
        look(c)
    triangles[:, -1, 0] = np.argmax(alive, axis=1)
    triangles[:, -1, 1] = after[rows, triangles[:, -1, 0]]
    triangles[:, -1, 2] = after[rows, triangles[:, -1, 1]]
    return triangles, odd
