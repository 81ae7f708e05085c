"""Flats that are huge for what stands on them: a ground of 1e10 units under a ball of one.

A flat is tested from its corner. In single precision, a ray is as far off as an ulp of the way to
it, and a point on the flat as an ulp of its edges; where the corner is far away, contact shadows
dissolve. So a huge parallelogram is taken apart into triangles round its point next to all that is
small: that becomes the corner of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels.layout import I32
from raywidget.scene.shapes.simple import Bounds

F64 = NDArray[np.float64]

# So many times as large as another thing a flat has to be: then an ulp of it is a hundredth of
# that.
_HUGE = 2.0**18


class Fan(NamedTuple):
    """Triangles round a point, which is the first vertex."""

    vertices: F64  # (5, 3)
    uvs: F64  # (5, 2) in the parallelogram
    faces: I32  # (2 to 4, 3)


class SmallThings:
    """What is small beside a flat, in the boxes of a scene's shapes."""

    def __init__(self, boxes: Sequence[Bounds]) -> None:
        self._lo = np.array([lo for lo, _ in boxes], np.float64).reshape(-1, 3)
        self._hi = np.array([hi for _, hi in boxes], np.float64).reshape(-1, 3)
        self._sizes = (self._hi - self._lo).max(axis=1, initial=0.0)

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
        small = self._sizes * _HUGE < size
        if not small.any():
            return None
        middle = np.median(0.5 * (self._lo[small] + self._hi[small]), axis=0)
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
