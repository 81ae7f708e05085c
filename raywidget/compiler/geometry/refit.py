"""Trees whose primitives have moved: the same nodes and blocks, with other numbers in them.

Rays meet the same in a refitted tree as in one that is built anew, but where two primitives are hit
at the very same distance: which of them counts is up to the order of the tree. So a tree is only
ever refitted from one that everybody builds alike, never from another refitted one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.gathering import Geometry
from raywidget.compiler.geometry.primitives import Flats
from raywidget.compiler.geometry.wide import Members, aligned_zeros, pack_flats, pack_rows
from raywidget.kernels import layout
from raywidget.kernels.language.boxes import BOX
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.layout import F32, I32

_CHILD = layout.CHILD_ROW // WIDTH
# How much larger all boxes together may become, as a ratio of the areas that decide how many nodes
# a ray visits: beyond it, what is built anew is soon the cheaper one.
_WORTH = 2.0


class Plan(NamedTuple):
    """What trees are made of: all that a refit has to know beside nodes and blocks."""

    members: tuple[tuple[Members, Members, Members], ...]  # of the world, and of copied meshes
    roots: tuple[int, ...]  # of all of them
    primitives: tuple[I32, ...]  # of flats of the world, of meshes, of balls, of rounds
    instances: int


NO_PLAN = Plan((), (), (), 0)  # of a world of few, which is built in no time


class Refitted(NamedTuple):
    """Nodes and blocks, see layout."""

    nodes: F32
    flats: F32
    balls: F32
    rounds: F32


def kinds_of(geometry: Geometry) -> tuple[I32, ...]:
    """Numbers of all primitives, in the order in which a plan has them."""
    return (
        geometry.flats.primitives,
        *(mesh.flats.primitives for mesh in geometry.meshes),
        geometry.balls.primitives,
        geometry.rounds.primitives,
    )


def refit(
    nodes: F32, blocks: tuple[F32, F32, F32], plan: Plan, geometry: Geometry, threads: int
) -> Refitted | None:
    """Trees for primitives that have moved; None if they are others, or too far from their places.

    Parameters
    ----------
    nodes : array
        Of the trees as they were built.
    blocks : tuple of array
        Their flats, balls and rounds.
    plan : Plan
        Of these trees.
    geometry : Geometry
        What there is now.
    threads : int
        Who packs.
    """
    own = kinds_of(geometry)
    if len(own) != len(plan.primitives) or len(geometry.instances) != plan.instances:
        return None
    if not all(np.array_equal(a, b) for a, b in zip(own, plan.primitives, strict=True)):
        return None
    made = nodes_like(nodes)
    rows = made.reshape(-1, layout.NODE_ROWS, WIDTH)
    references = rows[:, _CHILD].view(np.int32)
    first_flat = len(geometry.instances)
    first_ball = first_flat + len(geometry.flats.primitives)
    first_round = first_ball + len(geometry.balls.primitives)
    for tree, (members, root) in enumerate(zip(plan.members, plan.roots, strict=True)):
        if tree == 0:
            whole = np.empty((first_round + len(geometry.rounds.primitives), BOX), np.float32)
            whole[:first_flat] = geometry.instance_boxes
            geometry.flats.write_boxes(whole[first_flat:first_ball])
            geometry.balls.write_boxes(whole[first_ball:first_round])
            geometry.rounds.write_boxes(whole[first_round:])
        else:
            flats: Flats = geometry.meshes[tree - 1].flats
            whole = np.empty((len(flats.primitives), BOX), np.float32)
            flats.write_boxes(whole)
        if len(whole):
            leaves = _Leaves(geometry.instance_boxes, members, whole)
            _refit_tree(rows, references, root, leaves)
    if _area(made) > _WORTH * _area(nodes):
        return None
    flats_made, balls, rounds = (aligned_zeros(block.size) for block in blocks)
    pack = [(geometry.flats, plan.members[0][0], first_flat)]
    pack += [
        (mesh.flats, members[0], 0)
        for mesh, members in zip(geometry.meshes, plan.members[1:], strict=True)
    ]
    for part, its, first in pack:
        pack_flats(part.corners, part.shears, part.primitives, its, first, flats_made, threads)
    some, others = geometry.balls, geometry.rounds
    _, of_balls, of_rounds = plan.members[0]
    pack_rows(some.centres_radii, some.primitives, of_balls, first_ball, balls, threads)
    pack_rows(others.values, others.primitives, of_rounds, first_round, rounds, threads)
    return Refitted(made, flats_made, balls, rounds)


def nodes_like(nodes: F32) -> F32:
    """A copy, where vectors can be loaded from."""
    made = aligned_zeros(nodes.size)
    made[:] = nodes
    return made


class _Leaves:
    """Boxes of the leaves of one tree; `whole` has those of all its primitives."""

    def __init__(
        self, instance_boxes: F32, members: tuple[Members, Members, Members], whole: F32
    ) -> None:
        self._instances = instance_boxes
        self._members = members
        self._of_blocks = tuple(_least_of_blocks(each, whole) for each in members)

    def boxes(self, references: I32) -> F32:
        """Of leaves, by references to them, (N, BOX)."""
        made = np.empty((len(references), BOX), np.float32)
        codes = -1 - references
        blocks, kinds = codes >> 2, codes & 3
        is_copy = kinds == layout.LEAF_INSTANCE
        made[is_copy] = self._instances[blocks[is_copy]]
        leaf_kinds = layout.LEAF_FLAT, layout.LEAF_BALL, layout.LEAF_ROUND
        for kind, members, least in zip(leaf_kinds, self._members, self._of_blocks, strict=True):
            own = kinds == kind
            made[own] = least[blocks[own] - members.block]
        return made


def _least_of_blocks(members: Members, whole: F32) -> F32:
    """Boxes round what each block holds, (B, BOX)."""
    begins, counts = members.ranges.T.astype(np.int64)
    made = np.empty((len(begins), BOX), np.float32)
    if len(begins):
        made[:] = whole[members.order[begins]]
    # Member after member of all blocks at once: blocks are many, and none holds more than a vector.
    for lane in range(1, int(counts.max(initial=0))):
        some = np.flatnonzero(counts > lane)
        part = whole[members.order[begins[some] + lane]]
        made[some] = np.minimum(made[some], part)
    return made


def _refit_tree(rows: F32, references: I32, root: int, leaves: _Leaves) -> None:
    """Write the boxes of all nodes of a tree, from its leaves upwards."""
    levels = [np.array([root])]
    while len(levels[-1]):
        below = references[levels[-1]]
        levels.append(below[below > 0].astype(np.int64))  # no node has the root as a child
    of_nodes = np.empty((len(rows), BOX), np.float32)
    for level in reversed(levels[:-1]):
        below = references[level]
        boxes = np.full((*below.shape, BOX), np.inf, np.float32)  # where no child is
        is_node, is_leaf = below > 0, below < 0
        boxes[is_node] = of_nodes[below[is_node]]
        boxes[is_leaf] = leaves.boxes(below[is_leaf])
        of_nodes[level] = boxes.min(axis=1)
        for axis in range(3):
            rows[level, 2 * axis] = boxes[:, :, axis]
            rows[level, 2 * axis + 1] = -boxes[:, :, 4 + axis]


def _area(nodes: F32) -> float:
    """Of all boxes, halved; those of no child count nothing."""
    rows = nodes.reshape(-1, layout.NODE_ROWS, WIDTH)
    sides: list[NDArray[np.float64]] = [
        np.maximum(rows[:, 2 * axis + 1].astype(np.float64) - rows[:, 2 * axis], 0.0)
        for axis in range(3)
    ]
    x, y, z = sides
    return float((x * y + y * z + z * x).sum())
