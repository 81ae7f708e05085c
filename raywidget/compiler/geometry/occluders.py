"""What may hide light, of a world of few primitives: flats, and boxes of six of them.

A shadow ray asks a box once, for a third of what its faces cost. Closest hits ask the faces: of two
in the same place, they have to agree on which one is seen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.primitives import PARALLELOGRAM
from raywidget.kernels import layout
from raywidget.kernels.layout import F32, SceneTables

_FACES = 6
_LEAST = 3  # faces that may hide light: so many cost more than the box
# Of coordinates, as far as normals have a part in them: faces are as far from the planes of their
# box at most, and boxes are so much smaller to rays from outside, and larger to those from within.
_SLACK = 2.0**-22 + 2.0**-23
_THIN = 0.001  # of half a box: such a share of it is no rounding


class Box(NamedTuple):
    """Six of the flats, and what they enclose."""

    faces: NDArray[np.int64]
    centre: NDArray[np.float64]
    rows: NDArray[np.float64]  # see `layout.FEW_BOX_ROWS`
    outside: float


def list_occluders(tables: SceneTables) -> SceneTables:
    """With `few_occluders` and `few_boxes` of its `few_flats`, which are in the order to stay."""
    flats = tables.few_flats
    is_loose = np.ones(len(flats), bool)
    table = []
    for box in find_boxes(flats):
        if np.count_nonzero(flats[box.faces, layout.FEW_SIDE] == 0.0) >= _LEAST:
            is_loose[box.faces] = False
            table.append([*box.centre, *box.rows.ravel(), box.outside])
    boxes = np.array(table, np.float32).reshape(-1, layout.FEW_BOX_SIZE)
    return tables._replace(few_occluders=flats[is_loose], few_boxes=boxes)


def find_boxes(flats: F32) -> list[Box]:
    """The boxes, upright or askew, whose faces are among `few_flats`."""
    rows = np.flatnonzero(flats[:, layout.FEW_SHEAR] == PARALLELOGRAM)
    if len(rows) < _FACES:
        return []
    values = flats[rows].astype(np.float64)
    corner, normal, across_u, across_v = (
        values[:, at : at + 3]
        for at in (
            layout.FEW_CORNER,
            layout.FEW_NORMAL,
            layout.FEW_ACROSS_U,
            layout.FEW_ACROSS_V,
        )
    )
    area = 1.0 / np.linalg.norm(np.cross(across_u, across_v), axis=1)
    u, v = -across_v * area[:, None], across_u * area[:, None]
    middles = corner + (u + v) / 2
    faces = np.stack([corner, corner + u, corner + v, corner + u + v], axis=1)
    largest = np.abs(faces).max()

    # Pairs of parallel flats of the same area; three of a box have the same middle.
    first, second = np.triu_indices(len(rows), 1)
    fit = np.abs(area[first] - area[second]) <= 1e-4 * area[first]
    fit &= np.abs(np.sum(normal[first] * normal[second], axis=1)) > 0.9999
    first, second = first[fit], second[fit]
    between = (middles[first] + middles[second]) / 2
    boxes: list[Box] = []
    taken = np.zeros(len(rows), bool)
    for one in range(len(first)):
        same = np.abs(between - between[one]).max(axis=1) <= 4 * _SLACK * largest
        if np.count_nonzero(same) < 3 or taken[first[one]] or taken[second[one]]:
            continue
        members = np.unique([first[same], second[same]])
        box = _box_of(
            members[~taken[members]],
            between[one],
            np.array([u[first[one]], v[first[one]], middles[second[one]] - middles[first[one]]]),
            middles,
            faces,
        )
        if box is not None:
            taken[box.faces] = True
            boxes.append(box._replace(faces=rows[box.faces]))
    return boxes


def _box_of(
    members: NDArray[np.int64],
    centre: NDArray[np.float64],
    edges: NDArray[np.float64],
    middles: NDArray[np.float64],
    faces: NDArray[np.float64],
) -> Box | None:
    """The box with that centre and those edges, if its faces are among the members."""
    volume = abs(np.linalg.det(edges))
    if not volume > 0.0:
        return None
    inverse = np.linalg.inv(edges.T / 2)
    reach = np.abs(faces[members]).max(axis=(0, 1))
    slack = _SLACK * (np.abs(inverse) @ reach)
    if slack.max() > _THIN:
        return None
    found = []
    for axis in range(3):
        for side in (-1.0, 1.0):
            expected = np.zeros(3)
            expected[axis] = side
            places = (middles[members] - centre) @ inverse.T
            fits = np.all(np.abs(places - expected) <= slack, axis=1)
            corners = np.abs((faces[members] - centre) @ inverse.T)
            fits &= np.all(np.abs(corners - 1.0) <= slack, axis=(1, 2))
            if not np.any(fits):
                return None
            found.append(members[np.argmax(fits)])
    smaller = 1.0 - slack
    outside = float(((1.0 + slack) / smaller).max())
    return Box(np.array(found), centre, inverse / smaller[:, None], outside)
