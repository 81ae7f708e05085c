"""Normals of meshes that have none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FEW = 16


def smooth_normals(vertices: NDArray[Any], faces: NDArray[Any]) -> NDArray[np.float64]:
    """Normals at the vertices: means of those of the triangles round them, by area.

    Vertices at the same place count as one, so that seams don't show.

    Parameters
    ----------
    vertices : (V, 3) array of float
    faces : (F, 3) array of int

    Returns
    -------
    (V, 3) array of float
        Of length 1, or 0 where no triangle is.
    """
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    of_faces = np.cross(b - a, c - a)  # as long as twice the area
    _, place = np.unique(vertices, axis=0, return_inverse=True)
    place = place.reshape(-1)
    sums = np.zeros((int(place.max()) + 1, 3))
    for axis in range(3):
        for corner in range(3):
            sums[:, axis] += np.bincount(
                place[faces[:, corner]], weights=of_faces[:, axis], minlength=len(sums)
            )
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(np.where(norms > 0.0, sums / np.maximum(norms, 1e-300), 0.0)[place])


def smooth_normals_at(
    vertices: NDArray[Any], faces: NDArray[Any], wanted: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Those of `smooth_normals` at some vertices, in a fraction of the time where they are few.

    Parameters
    ----------
    vertices : (V, 3) array of float
    faces : (F, 3) array of int
    wanted : (V,) array of bool

    Returns
    -------
    (W, 3) array of float
        One for each that is wanted.
    """
    rows = np.flatnonzero(_is_one_of(vertices[:, 0], vertices[wanted, 0]))
    for axis in (1, 2):
        rows = rows[_is_one_of(vertices[rows, axis], vertices[wanted, axis])]
    near = np.zeros(len(vertices), bool)  # all that may be at the same place as one of them
    near[rows] = True
    touching = faces[near[faces[:, 0]] | near[faces[:, 1]] | near[faces[:, 2]]]
    used = wanted.copy()
    used[touching.ravel()] = True
    row = np.cumsum(used) - 1
    return np.asarray(smooth_normals(vertices[used], row[touching])[row[wanted]])


def _is_one_of(values: NDArray[Any], some: NDArray[Any]) -> NDArray[np.bool_]:
    some = np.unique(some)
    if len(some) > _FEW:
        return np.isin(values, some)
    found = np.zeros(len(values), bool)
    for value in some:  # numpy sorts them all, which takes twenty times as long
        found |= values == value
    return found


def creased_normals(
    vertices: NDArray[Any], faces: NDArray[Any], degrees: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Normals that are smooth across flat edges and break at sharp ones.

    Round a vertex, triangles are taken together that are joined by edges at which their normals
    differ by no more than the angle; the normal is their mean, by area. Vertices at the same place
    count as one. Where they break, vertices are split.

    Parameters
    ----------
    vertices : (V, 3) array of float
    faces : (F, 3) array of int
    degrees : float
        The angle, in (0, 180].

    Returns
    -------
    rows : (W,) array of int
        Which vertex each of the new ones comes from.
    normals : (W, 3) array of float
        Of length 1, or 0 where triangles have no area.
    faces : (F, 3) array of int
        Rows of the new vertices.
    """
    count = len(faces)
    a, b, c = (vertices[faces[:, corner]].astype(np.float64) for corner in range(3))
    of_faces = np.cross(b - a, c - a)
    norms = np.linalg.norm(of_faces, axis=1, keepdims=True)
    units = of_faces / np.maximum(norms, 1e-300)
    _, place = np.unique(vertices, axis=0, return_inverse=True)
    corners = place.reshape(-1)[faces]
    # Each edge twice or more often, once from each of its triangles.
    begin, end = corners, np.roll(corners, -1, axis=1)
    low, high = np.minimum(begin, end).ravel(), np.maximum(begin, end).ravel()
    order = np.lexsort((high, low))
    same = (np.diff(low[order]) == 0) & (np.diff(high[order]) == 0)
    one, other = order[:-1][same], order[1:][same]
    flat = (units[one // 3] * units[other // 3]).sum(axis=1) >= np.cos(np.radians(degrees)) - 1e-9
    one, other = one[flat], other[flat]

    def corner_at(edge: NDArray[Any], low_end: bool) -> NDArray[Any]:
        face, side = edge // 3, edge % 3
        first = (corners[face, side] == low[edge]) == low_end
        return np.asarray(3 * face + np.where(first, side, (side + 1) % 3))

    ones = np.concatenate([corner_at(one, True), corner_at(one, False)])
    others = np.concatenate([corner_at(other, True), corner_at(other, False)])
    group = _connected(3 * count, ones, others)
    sums = np.zeros((3 * count, 3))
    for axis in range(3):
        weights = np.repeat(of_faces[:, axis], 3)
        sums[:, axis] = np.bincount(group, weights=weights, minlength=3 * count)
    keys = group * len(vertices) + faces.ravel()
    _, rows, new = np.unique(keys, return_index=True, return_inverse=True)
    normals = sums[group[rows]]
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300)
    return faces.ravel()[rows], normals, new.reshape(-1, 3)


def _connected(count: int, ones: NDArray[Any], others: NDArray[Any]) -> NDArray[np.int64]:
    """The least number among all that are joined to each of `count` things by pairs.

    Hooking and pointer jumping (Shiloach and Vishkin 1982): rounds grow with the logarithm.
    """
    label = np.arange(count)
    while True:
        x, y = label[ones], label[others]
        if np.array_equal(x, y):
            return label
        np.minimum.at(label, np.maximum(x, y), np.minimum(x, y))
        while not np.array_equal(label, jumped := label[label]):
            label = jumped
