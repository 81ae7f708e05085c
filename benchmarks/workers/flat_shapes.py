"""Shapes with flat sides as triangles, for other renderers."""

from __future__ import annotations

from typing import Any

import numpy as np


def triangles_of(shape: Any) -> tuple[Any, Any]:
    """Vertices and faces."""
    if hasattr(shape, "faces"):
        return shape.vertices, shape.faces
    if hasattr(shape, "edge_u"):
        return shape.corners(), np.array([[0, 1, 2], [0, 2, 3]])
    corner = shape.corners()  # of a box: 4 x + 2 y + z
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return corner, np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
