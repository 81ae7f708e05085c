"""A world of few primitives: lists for `kernels.geometry.brute_force`, and a tree of one node.

That node is made in numpy: to compile the builder of large trees (2 s of CPU, a fifth of the first
picture of a small scene) would take longer than it could ever save.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.gathering import Geometry
from raywidget.compiler.geometry.primitives import PARALLELOGRAM, Balls, Flats, Rounds, write_boxes
from raywidget.compiler.geometry.wide import aligned_zeros
from raywidget.kernels import layout
from raywidget.kernels.language.boxes import BOX
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.layout import F32, I32

ROUND_COST = 4  # of flats


class FewTables(NamedTuple):
    """A node whose children are blocks, those blocks, and the lists."""

    nodes: F32
    flats: F32
    balls: F32
    rounds: F32
    few_flats: F32
    few_balls: F32


def is_few(geometry: Geometry) -> bool:
    """Is this world small enough to be tested without a tree?"""
    count = len(geometry.flats.primitives) + len(geometry.balls.primitives)
    count += ROUND_COST * len(geometry.rounds.primitives)
    return count <= layout.FEW and not geometry.meshes and not geometry.bodies


def list_few(geometry: Geometry) -> FewTables:
    """All about a world of few primitives."""
    flats, balls, rounds = geometry.flats, geometry.balls, geometry.rounds
    flat_groups, ball_groups = share_out(_box_flats(flats)), share_out(_box(balls))
    round_groups = share_out(_box(rounds))
    nodes = aligned_zeros(layout.NODE_SIZE)
    write_root(
        nodes,
        [
            *_leaves(layout.LEAF_FLAT, flat_groups),
            *_leaves(layout.LEAF_BALL, ball_groups),
            *_leaves(layout.LEAF_ROUND, round_groups),
        ],
    )
    nodes.view(np.int32)[layout.NODE_ROUNDS] = len(rounds.primitives)
    of_flats, of_balls = _slots(flat_groups), _slots(ball_groups)
    flat_columns = [*flats.corners.reshape(-1, 9).T, flats.shears]
    return FewTables(
        nodes,
        _pack(
            layout.FLAT_ROWS, flat_columns, layout.FLAT_PRIMITIVE_ROW, flats.primitives, of_flats
        ),
        _pack(
            layout.BALL_ROWS,
            [*balls.centres_radii.T],
            layout.BALL_PRIMITIVE_ROW,
            balls.primitives,
            of_balls,
        ),
        _pack(
            layout.ROUND_ROWS,
            [*rounds.values.T],
            layout.ROUND_PRIMITIVE_ROW,
            rounds.primitives,
            _slots(round_groups),
        ),
        list_flats(flats, of_flats),
        list_balls(balls, of_balls),
    )


def write_root(nodes: F32, leaves: list[tuple[int, F32]]) -> None:
    """Write a node with leaves only: references and boxes, records of `kernels.language.boxes`."""
    rows = nodes[: layout.NODE_SIZE].reshape(-1, WIDTH)
    rows[0:6:2] = np.inf  # a box that no ray meets
    rows[1:6:2] = -np.inf
    references = rows[layout.CHILD_ROW // WIDTH :].view(np.int32)
    references[:] = 0
    for lane, (reference, box) in enumerate(leaves):
        rows[0:6:2, lane] = box[:3]
        rows[1:6:2, lane] = -box[4:7]
        references[0, lane] = reference


class Group(NamedTuple):
    """Primitives that share a block."""

    members: NDArray[np.int64]
    box: F32


def _box_flats(flats: Flats) -> F32:
    boxes = np.zeros((len(flats.corners), BOX), np.float32)
    corner, u, v = np.moveaxis(flats.corners, 1, 0)
    is_four = (flats.shears == PARALLELOGRAM)[:, None]
    points = np.stack([corner, corner + u, corner + v, np.where(is_four, corner + u + v, corner)])
    write_boxes(boxes, points.min(axis=0), points.max(axis=0))
    return boxes


def _box(things: Balls | Rounds) -> F32:
    boxes = np.zeros((len(things.primitives), BOX), np.float32)
    things.write_boxes(boxes)
    return boxes


def share_out(boxes: F32) -> list[Group]:
    """Neighbours together, in as few blocks as can be."""
    centres = boxes[:, :3] - boxes[:, 4:7]

    def share(members: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        if len(members) <= WIDTH:
            return [members]
        axis = int(np.argmax(np.ptp(centres[members], axis=0)))
        order = members[np.argsort(centres[members, axis], kind="stable")]
        half = (len(members) + WIDTH - 1) // WIDTH // 2 * WIDTH
        return share(order[:half]) + share(order[half:])

    groups = share(np.arange(len(boxes))) if len(boxes) else []
    return [Group(members, boxes[members].min(axis=0)) for members in groups]


def _leaves(kind: int, groups: list[Group]) -> list[tuple[int, F32]]:
    return [(-1 - ((block << 2) | kind), group.box) for block, group in enumerate(groups)]


def _slots(groups: list[Group]) -> I32:
    slots = np.zeros(sum(len(group.members) for group in groups), np.int32)
    for block, group in enumerate(groups):
        slots[group.members] = block * WIDTH + np.arange(len(group.members))
    return slots


def _pack(rows: int, columns: list[F32], primitive_row: int, primitives: I32, slots: I32) -> F32:
    """Blocks of so many rows, with the columns from row 0 on."""
    blocks = aligned_zeros((len(slots) + WIDTH - 1) // WIDTH * rows * WIDTH)
    block, lane = np.divmod(slots, WIDTH)
    by_row = blocks.reshape(-1, rows, WIDTH)
    for row, column in enumerate(columns):
        by_row[block, row, lane] = column
    by_row.view(np.int32)[block, primitive_row, lane] = primitives
    return blocks


def list_flats(flats: Flats, slots: I32) -> F32:
    """The table `few_flats`."""
    corner, u, v = np.moveaxis(flats.corners.astype(np.float64), 1, 0)
    normal = np.cross(u, v)
    area = np.linalg.norm(normal, axis=1)
    # No ray hits what has no area. The first of two in the same place is seen: a lamp that lies in
    # the ceiling, the bottom of a box that stands on the floor. A tree shows one or the other.
    seen = np.argsort(area, kind="stable")
    seen = seen[area[seen] > 0.0]
    table = np.zeros((len(seen), layout.FEW_SIZE), np.float32)
    per_area = 1.0 / area[seen, None]
    for column, values in (
        (layout.FEW_CORNER, corner[seen]),
        (layout.FEW_NORMAL, normal[seen] * per_area),
        (layout.FEW_ACROSS_U, v[seen] * per_area),
        (layout.FEW_ACROSS_V, -u[seen] * per_area),
    ):
        table[:, column : column + 3] = values
    table[:, layout.FEW_SHEAR] = flats.shears[seen]
    table.view(np.int32)[:, layout.FEW_SLOT] = slots[seen]
    return table


def list_balls(balls: Balls, slots: I32) -> F32:
    """The table `few_balls`."""
    table = np.zeros((len(slots), layout.FEW_BALL_SIZE), np.float32)
    table[:, layout.FEW_BALL_CENTRE : layout.FEW_BALL_CENTRE + 3] = balls.centres_radii[:, :3]
    table[:, layout.FEW_BALL_SQUARE] = balls.centres_radii[:, 3] ** 2
    table[:, layout.FEW_BALL_RADIUS] = np.abs(balls.centres_radii[:, 3])
    table.view(np.int32)[:, layout.FEW_BALL_SLOT] = slots + layout.BALL_SLOT
    return table
