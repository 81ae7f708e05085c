"""Large things beside a tree: floors, walls, lamps and balls of a scene that has meshes, too.

They are few, and rays meet them more often than all else. So they are kept in lists as a world of
few primitives is (`kernels.geometry.brute_force`): paths test them for all lanes at once, and walk
through the tree of what remains, if they come near it at all. All others walk from node 0, under
which everything is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.brute_force import (
    ROUND_COST,
    list_balls,
    list_flats,
    share_out,
    write_root,
)
from raywidget.compiler.geometry.gathering import Geometry
from raywidget.compiler.geometry.primitives import PARALLELOGRAM, Balls, Flats
from raywidget.compiler.geometry.wide import Members
from raywidget.kernels import layout
from raywidget.kernels.language.boxes import BOX
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.layout import F32, I32

# Each costs every ray 1 to 2 cycles; a walk that finds nothing takes some 60, and a block 100.
_MOST = 24
_LARGE = 0.01  # of the area of all boxes together: where there are more, only such ones count


class Apart(NamedTuple):
    """What is kept beside the tree, and how it is sorted into the first blocks."""

    size: int
    numbers: I32  # of all primitives, in the order that their boxes have now: these are the last
    flats: Members
    balls: Members
    rounds: Members
    leaves: list[tuple[int, F32]]  # for `write_root`

    def blocks(self) -> tuple[int, int, int]:
        """Of flats, balls, and rounds."""
        return len(self.flats.ranges), len(self.balls.ranges), len(self.rounds.ranges)


def set_apart(
    geometry: Geometry, boxes: F32, kinds: NDArray[np.uint8], starts: tuple[int, int, int]
) -> Apart | None:
    """Choose what is kept beside the tree, and move its boxes behind all others.

    `starts` says where flats, balls and rounds begin. None if there is nothing, or nothing else.
    """
    first_flat, first_ball, first_round = starts
    flats = np.flatnonzero(geometry.flats.shears == PARALLELOGRAM) + first_flat
    balls = np.arange(len(geometry.balls.primitives)) + first_ball
    rounds = np.arange(first_round, len(boxes))
    if len(flats) + len(balls) + ROUND_COST * len(rounds) > _MOST:
        rounds = rounds[:0]
    if len(flats) + len(balls) > _MOST:
        whole = _around(boxes)[None]
        least = _LARGE * _areas(whole)
        flats = flats[_areas(boxes[flats]) > least]
        # Half of a ball's box is 12 of its squared radius; rows of radii are shorter than of boxes.
        balls = balls[np.square(geometry.balls.centres_radii[:, 3]) > least / np.float32(12.0)]
    if len(flats) + len(balls) > _MOST:
        return None
    chosen = np.concatenate([flats, balls, rounds])
    count = len(chosen)
    if count == 0 or count == len(boxes):
        return None
    members = []
    leaves = []
    for some, kind in (
        (flats, layout.LEAF_FLAT),
        (balls, layout.LEAF_BALL),
        (rounds, layout.LEAF_ROUND),
    ):
        groups = share_out(boxes[some])
        order = [some[group.members] for group in groups]
        lengths = np.array([len(group) for group in order], np.int32)
        ranges = np.stack([np.cumsum(lengths) - lengths, lengths], axis=1).astype(np.int32)
        members.append(Members(np.concatenate([*order, some[:0]]).astype(np.int32), ranges, 0))
        leaves += [(-1 - ((block << 2) | kind), g.box) for block, g in enumerate(groups)]
    numbers = np.arange(len(boxes), dtype=np.int32)
    end = len(boxes) - count
    holes = chosen[chosen < end]
    numbers[holes] = np.setdiff1d(numbers[end:], chosen)
    boxes[holes] = boxes[numbers[holes]]
    kinds[holes] = kinds[numbers[holes]]
    return Apart(count, numbers[:end], members[0], members[1], members[2], leaves)


def write_world(nodes: F32, apart: Apart) -> None:
    """Write node 0: what is apart, and the tree of all else, which begins at node 1."""
    rows = nodes[: 2 * layout.NODE_SIZE].reshape(2, -1, WIDTH)
    used = np.flatnonzero(rows[1, 0] <= rows[1, 1])  # empty ones are inside out
    references = rows[1, layout.CHILD_ROW // WIDTH].view(np.int32)
    children = []
    for lane in used:
        box = np.zeros(BOX, np.float32)
        box[:3] = rows[1, 0:6:2, lane]
        box[4:7] = -rows[1, 1:6:2, lane]
        children.append((int(references[lane]), box))
    whole = np.min([box for _, box in children], axis=0)
    if len(children) + len(apart.leaves) > WIDTH:
        children = [(1, whole)]
    write_root(nodes, [*apart.leaves, *children])
    rest = nodes[layout.NODE_REST : layout.NODE_REST + 7]
    rest[:1].view(np.int32)[0] = 1
    rest[1:4] = whole[:3]
    rest[4:7] = -whole[4:7]
    nodes.view(np.int32)[layout.NODE_ROUNDS] = len(apart.rounds.order)


def list_apart(
    geometry: Geometry, apart: Apart, first_flat: int, first_ball: int
) -> tuple[F32, F32]:
    """The tables `few_flats` and `few_balls`."""
    some = apart.flats.order - first_flat
    flats = Flats(
        geometry.flats.corners[some], geometry.flats.shears[some], geometry.flats.primitives[some]
    )
    some = apart.balls.order - first_ball
    balls = Balls(geometry.balls.centres_radii[some], geometry.balls.primitives[some])
    return list_flats(flats, _slots(apart.flats)), list_balls(balls, _slots(apart.balls))


def _around(boxes: F32) -> F32:
    """The box around all boxes, (8,)."""
    # numpy is slow along columns, and along short rows: by rows of so many boxes, 0.4 of the time.
    at_once = 64
    even = len(boxes) - len(boxes) % at_once
    rows = boxes[:even].reshape(-1, at_once * BOX).min(axis=0, initial=np.inf)
    rows = np.concatenate([rows.reshape(at_once, BOX), boxes[even:]])
    return np.asarray(rows.min(axis=0))


def _areas(boxes: F32) -> F32:
    """Half the areas of boxes."""
    x, y, z = (-boxes[:, 4 + axis] - boxes[:, axis] for axis in range(3))
    return np.asarray(x * y + y * z + z * x)


def _slots(members: Members) -> I32:
    """Of what is in `order`, in that order."""
    slots = [np.arange(count) + block * WIDTH for block, (_, count) in enumerate(members.ranges)]
    return np.concatenate([*slots, np.empty(0)]).astype(np.int32)
