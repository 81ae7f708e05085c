"""The lists of a world of few primitives, see `kernels.few`."""

from __future__ import annotations

import numpy as np

from raywidget.compiler.primitives import Balls, Flats
from raywidget.kernels.layout import (
    BALL_SLOT,
    F32,
    FEW_ACROSS_U,
    FEW_ACROSS_V,
    FEW_BALL_CENTRE,
    FEW_BALL_SIZE,
    FEW_BALL_SLOT,
    FEW_BALL_SQUARE,
    FEW_CORNER,
    FEW_NORMAL,
    FEW_SHEAR,
    FEW_SIZE,
    FEW_SLOT,
    I32,
)


def list_flats(flats: Flats, slots: I32) -> F32:
    """The table `few_flats`."""
    corner, u, v = np.moveaxis(flats.corners.astype(np.float64), 1, 0)
    normal = np.cross(u, v)
    area = np.linalg.norm(normal, axis=1)
    # No ray hits what has no area. The first of two in the same place is seen: a lamp that lies in
    # the ceiling, the bottom of a box that stands on the floor. A tree shows one or the other.
    seen = np.argsort(area, kind="stable")
    seen = seen[area[seen] > 0.0]
    table = np.zeros((len(seen), FEW_SIZE), np.float32)
    per_area = 1.0 / area[seen, None]
    for column, values in (
        (FEW_CORNER, corner[seen]),
        (FEW_NORMAL, normal[seen] * per_area),
        (FEW_ACROSS_U, v[seen] * per_area),
        (FEW_ACROSS_V, -u[seen] * per_area),
    ):
        table[:, column : column + 3] = values
    table[:, FEW_SHEAR] = flats.shears[seen]
    table.view(np.int32)[:, FEW_SLOT] = slots[seen]
    return table


def list_balls(balls: Balls, slots: I32) -> F32:
    """The table `few_balls`."""
    table = np.zeros((len(slots), FEW_BALL_SIZE), np.float32)
    table[:, FEW_BALL_CENTRE : FEW_BALL_CENTRE + 3] = balls.centres_radii[:, :3]
    table[:, FEW_BALL_SQUARE] = balls.centres_radii[:, 3] ** 2
    table.view(np.int32)[:, FEW_BALL_SLOT] = slots + BALL_SLOT
    return table
