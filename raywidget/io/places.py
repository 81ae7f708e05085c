"""Places of things, as matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def invertible(places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of (N, 4, 4) matrices have an inverse worth the name?"""
    linear = places[:, :3, :3]
    sizes = np.linalg.norm(linear, axis=1)
    volume = np.abs(np.linalg.det(linear / np.maximum(sizes, 1e-300)[:, None, :]))
    return np.asarray((sizes.min(axis=1) > 1e-14) & (volume > 2e-9))


def moved_normals(normals: NDArray[Any], linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normals (N, 3) of what a (3, 3) matrix moves; what is mirrored keeps its front in front."""
    # By the inverse transpose: the cofactors are the same but for their length.
    x, y, z = linear.T
    cofactors = np.stack([np.cross(y, z), np.cross(z, x), np.cross(x, y)], axis=1)
    sign = -1.0 if np.linalg.det(linear) < 0.0 else 1.0
    return np.asarray(normals @ (cofactors.T * sign))
