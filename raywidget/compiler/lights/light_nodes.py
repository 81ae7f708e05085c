"""Rows of lights -> what is weighed when one of them is chosen: nodes and leaves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.lights.light_tree import (
    AXIS,
    LOWER,
    NORMALS,
    SPREAD,
    STRENGTH,
    SUMMARY_SIZE,
    UPPER,
    build_light_tree,
    write_groups,
)
from raywidget.kernels import layout
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.layout import F32, I32
from raywidget.scene.values.colors import REC709_WEIGHTS

F64 = NDArray[np.float64]

# Lights that stand apart are chosen by what they bring to a point, else by their power: 2 to 9
# times the efficiency for 2 to 10,000 balls, random quads or ceiling panels in a room, also where
# there are only two. Those that are within this many radii of the largest are one lamp, unless they
# are many.
_APART = 1.5
_MANY = 8

# So many are weighed one by one; more are a tree, and what is infinitely far away stays beside it.
_FEW = 8
_FAR = 16


class Weighed(NamedTuple):
    """See layout."""

    nodes: F32
    branches: F32
    leaves: I32


def weighed(finite: F64, infinite: F64) -> Weighed:
    """Of few lights their nodes, of many a tree and what is far away, or nothing."""
    near, far = len(finite), len(infinite)
    summaries = _summaries(finite)
    no_branches = np.zeros((0, layout.LIGHT_BRANCH_ROWS * WIDTH), np.float32)
    none = Weighed(
        np.zeros((0, layout.LIGHT_NODE_SIZE), np.float32), no_branches, np.zeros(0, np.int32)
    )
    if near + far < 2 or (far == 0 and not _stand_apart(summaries)):
        return none
    unit = summaries[:, STRENGTH].max() if near else 1.0
    summaries[:, STRENGTH] = np.maximum(summaries[:, STRENGTH] / unit, 1e-20)
    distant = _far_nodes(infinite, unit)
    if near + far <= _FEW or (near == 0 and far <= _FAR):
        nodes = np.zeros((near, layout.LIGHT_NODE_SIZE), np.float32)
        write_groups(summaries, nodes)
        balls = finite[:, layout.LIGHT_KIND] == layout.LIGHT_BALL  # smaller than round their boxes
        nodes[balls, layout.LIGHT_NODE_RADIUS] = np.abs(finite[balls, layout.LIGHT_EDGE_U])
        return none._replace(nodes=np.concatenate([nodes, distant]))
    if near == 0:
        return none
    tree = build_light_tree(summaries)
    if far > _FAR:
        together = np.zeros((1, layout.LIGHT_NODE_SIZE), np.float32)
        together[0, layout.LIGHT_NODE_RADIUS] = -1.0
        together[0, layout.LIGHT_NODE_COS_NORMALS] = 1.0
        together[0, layout.LIGHT_NODE_STRENGTH] = distant[:, layout.LIGHT_NODE_STRENGTH].sum()
        distant = together
    return Weighed(np.concatenate([tree.root, distant]), tree.branches, tree.leaves)


def _far_nodes(rows: F64, unit: float) -> F32:
    """A row for each light that is infinitely far away; strengths are in units of an intensity."""
    nodes = np.zeros((len(rows), layout.LIGHT_NODE_SIZE), np.float32)
    everywhere = rows[:, layout.LIGHT_KIND] == layout.LIGHT_ENVIRONMENT
    nodes[:, layout.LIGHT_NODE_RADIUS] = -1.0
    nodes[:, layout.LIGHT_NODE_AXIS : layout.LIGHT_NODE_AXIS + 3] = np.where(
        everywhere[:, None], 0.0, -rows[:, layout.LIGHT_EDGE_U : layout.LIGHT_EDGE_U + 3]
    )
    nodes[:, layout.LIGHT_NODE_COS_NORMALS] = everywhere
    brightness = rows[:, layout.LIGHT_RADIANCE : layout.LIGHT_RADIANCE + 3] @ np.array(
        REC709_WEIGHTS
    )
    # Of an image, what a surface receives on average: a quarter of all that comes.
    irradiance = np.where(everywhere, 0.25, 1.0) * brightness
    nodes[:, layout.LIGHT_NODE_STRENGTH] = np.clip(irradiance / unit, 1e-20, 1e20)
    return nodes


def _strengths(rows: F64) -> F64:
    """Greatest luminous intensity of finite lights."""
    brightness = rows[:, layout.LIGHT_RADIANCE : layout.LIGHT_RADIANCE + 3] @ np.array(
        REC709_WEIGHTS
    )
    kinds, areas = rows[:, layout.LIGHT_KIND], rows[:, layout.LIGHT_AREA]
    across = areas.copy()  # that is seen from the brightest side
    across[kinds == layout.LIGHT_BALL] *= 0.25
    solid = (kinds == layout.LIGHT_ROUND) & (rows[:, layout.LIGHT_EDGE_V] > 0.0)
    across[solid] /= np.pi  # at most, for long ones
    across[(kinds == layout.LIGHT_POINT) | (kinds == layout.LIGHT_SPOT)] = 1.0
    return np.asarray(np.maximum(brightness, 1e-300) * across)


def _stand_apart(summaries: F64) -> bool:
    """Does it matter where a point is, for which of the lights it should choose?"""
    if len(summaries) < 2:
        return False
    low, high = summaries[:, LOWER : LOWER + 3], summaries[:, UPPER : UPPER + 3]
    largest = np.linalg.norm(high - low, axis=1).max()
    whole = np.linalg.norm(high.max(axis=0) - low.min(axis=0))
    return bool(len(summaries) >= _MANY or whole > _APART * largest)


def _summaries(rows: F64) -> F64:
    """What the tree has to know of each finite light."""
    summaries = np.zeros((len(rows), SUMMARY_SIZE))
    corner, u, v = (
        rows[:, first : first + 3]
        for first in (layout.LIGHT_CORNER, layout.LIGHT_EDGE_U, layout.LIGHT_EDGE_V)
    )
    kinds = rows[:, layout.LIGHT_KIND]
    summaries[:, LOWER : LOWER + 3] = corner
    summaries[:, UPPER : UPPER + 3] = corner
    summaries[:, AXIS + 1] = 1.0
    summaries[:, NORMALS] = np.pi
    summaries[:, SPREAD] = np.pi / 2.0
    summaries[:, STRENGTH] = _strengths(rows)

    flat = kinds == layout.LIGHT_FLAT
    whole = (rows[:, layout.LIGHT_SHEAR] <= 0.0)[:, None]
    points = np.stack([corner, corner + u, corner + v, np.where(whole, corner + u + v, corner)])
    summaries[flat, LOWER : LOWER + 3] = points.min(axis=0)[flat]
    summaries[flat, UPPER : UPPER + 3] = points.max(axis=0)[flat]
    summaries[flat, AXIS : AXIS + 3] = rows[flat, layout.LIGHT_NORMAL : layout.LIGHT_NORMAL + 3]
    summaries[flat, NORMALS] = 0.0

    ball = kinds == layout.LIGHT_BALL
    radii = np.abs(rows[ball, layout.LIGHT_EDGE_U])[:, None]
    summaries[ball, LOWER : LOWER + 3] -= radii
    summaries[ball, UPPER : UPPER + 3] += radii

    round_ = kinds == layout.LIGHT_ROUND
    top = corner + u * v[:, :1]
    extent = np.sqrt(np.maximum(0.0, 1.0 - u**2))
    low = np.minimum(corner - extent * v[:, 1:2], top - extent * v[:, 2:3])
    high = np.maximum(corner + extent * v[:, 1:2], top + extent * v[:, 2:3])
    summaries[round_, LOWER : LOWER + 3] = low[round_]
    summaries[round_, UPPER : UPPER + 3] = high[round_]
    disk = round_ & (v[:, 0] == 0.0)
    summaries[disk, AXIS : AXIS + 3] = (u * rows[:, layout.LIGHT_SIDE : layout.LIGHT_SIDE + 1])[
        disk
    ]
    summaries[disk, NORMALS] = 0.0
    beamed = rows[:, layout.LIGHT_BEAM] > 0.0
    summaries[beamed, SPREAD] = np.minimum(rows[beamed, layout.LIGHT_BEAM], np.pi / 2.0)

    spot = kinds == layout.LIGHT_SPOT
    cone, beam = rows[spot, layout.LIGHT_EDGE_V], rows[spot, layout.LIGHT_EDGE_V + 1]
    summaries[spot, AXIS : AXIS + 3] = u[spot]
    summaries[spot, NORMALS] = np.maximum(beam, cone - np.pi / 2.0)
    summaries[spot, SPREAD] = np.clip(cone - summaries[spot, NORMALS], 0.0, np.pi / 2.0)
    return summaries
