"""Normals of meshes that have none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


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
