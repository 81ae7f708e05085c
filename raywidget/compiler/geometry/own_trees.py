"""Trees under the world's: of bodies, and of meshes that are copied.

They are built before it is known where in the tables they will be, or taken from older tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from raywidget.compiler.geometry.bodies import Body
from raywidget.compiler.geometry.bvh import UNCUT, build_binary_tree, room_for_cuts
from raywidget.compiler.geometry.gathering import Geometry, InstancedMesh
from raywidget.compiler.geometry.primitives import Flats
from raywidget.compiler.geometry.wide import Members, collapse, pack_flats
from raywidget.compiler.parallel import one_by_one
from raywidget.kernels import layout
from raywidget.kernels.language.boxes import BOX
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.layout import F32, I32

_NOTHING = np.empty(0, np.float32)
_CHILDREN = slice(layout.CHILD_ROW, layout.CHILD_ROW + WIDTH)


class Span(NamedTuple):
    """Where in nodes and blocks of flats a tree is."""

    node: int
    nodes: int
    block: int
    blocks: int
    first: int  # number of a body's first primitive; of meshes that are copied, 0


class OwnTree(Protocol):
    """A tree that can be written anywhere."""

    def span(self, node: int, block: int) -> Span:
        """Where it is if it begins there."""

    def box(self) -> F32:
        """A record of `kernels.language.boxes`."""

    def write_nodes(self, span: Span, nodes: F32) -> None:
        """Write its nodes."""

    def write_blocks(self, span: Span, blocks: F32, threads: int) -> None:
        """Write its blocks."""


class _Built:
    def __init__(self, owner: Body | InstancedMesh, threads: int, may_cut: bool) -> None:
        self._owner = owner
        flats = self._flats(threads)
        count = len(flats.primitives)
        room = room_for_cuts(count) if may_cut else 0
        boxes = np.empty((count + room, BOX), np.float32)
        flats.write_boxes(boxes[:count], threads)
        kinds = np.full(count, layout.LEAF_FLAT, np.uint8)
        counts = np.zeros(4, np.int64)
        outlines = flats.outlines() if may_cut else UNCUT
        tree = build_binary_tree(boxes, kinds, threads, outlines)
        self._nodes, self._members = collapse(tree, kinds, counts)

    def _flats(self, threads: int) -> Flats:
        # Of a body they are looked up twice: to keep them would take 44 bytes a triangle.
        return self._owner.flats(threads) if isinstance(self._owner, Body) else self._owner.flats

    def members_at(self, block: int) -> tuple[Members, Members, Members]:
        of_flats, of_balls, of_rounds = self._members
        return of_flats._replace(block=block), of_balls, of_rounds

    def span(self, node: int, block: int) -> Span:
        first = self._owner.first if isinstance(self._owner, Body) else 0
        nodes = len(self._nodes) // layout.NODE_SIZE
        return Span(node, nodes, block, len(self._members[0].ranges), first)

    def box(self) -> F32:
        return _box_of(self._nodes, 0)

    def write_nodes(self, span: Span, nodes: F32) -> None:
        _move_nodes(self._nodes, span._replace(node=0, block=0), span, nodes)

    def write_blocks(self, span: Span, blocks: F32, threads: int) -> None:
        part, members = self._flats(threads), self.members_at(span.block)[0]
        pack_flats(part.corners, part.shears, part.primitives, members, 0, blocks, threads)


class _Kept:
    def __init__(self, owner: Body | InstancedMesh, nodes: F32, blocks: F32, old: Span) -> None:
        self._nodes, self._blocks, self._old = nodes, blocks, old
        self._first = owner.first if isinstance(owner, Body) else 0

    def span(self, node: int, block: int) -> Span:
        return self._old._replace(node=node, block=block, first=self._first)

    def box(self) -> F32:
        return _box_of(self._nodes, self._old.node)

    def write_nodes(self, span: Span, nodes: F32) -> None:
        _move_nodes(self._nodes, self._old, span, nodes)

    def write_blocks(self, span: Span, blocks: F32, threads: int) -> None:
        _move_blocks(self._blocks, self._old, span, blocks)


def own_trees(
    geometry: Geometry,
    threads: int,
    may_cut: bool,
    kept: Sequence[Span | None] = (),
    nodes: F32 = _NOTHING,
    blocks: F32 = _NOTHING,
) -> list[OwnTree]:
    """Those of bodies, then those of copied meshes.

    Flats of others may be cut. Those that are `kept` are in older `nodes` and `blocks`.
    """
    owners: list[Body | InstancedMesh] = [*geometry.bodies, *geometry.meshes]
    kept = kept or [None] * len(owners)
    sizes = [
        0 if old else len(owner.faces if isinstance(owner, Body) else owner.flats.primitives)
        for owner, old in zip(owners, kept, strict=True)
    ]

    def make(k: int, threads: int) -> OwnTree:
        old = kept[k]
        if old:
            return _Kept(owners[k], nodes, blocks, old)
        return _Built(owners[k], threads, may_cut)

    return one_by_one(sizes, threads, make)


def members_of(tree: OwnTree, span: Span) -> tuple[Members, Members, Members]:
    """What the blocks hold of a tree that has just been built."""
    assert isinstance(tree, _Built)
    return tree.members_at(span.block)


def point_to_bodies(nodes: F32, copies: int, roots: list[int]) -> None:
    """Have leaves that stand for bodies be the nodes at which their trees begin.

    They were built as if they were instances, behind all `copies`.
    """
    references = _references(nodes)
    numbers = (-1 - references) >> 2
    is_body = (references < 0) & (((-1 - references) & 3) == layout.LEAF_INSTANCE)
    is_body &= numbers >= copies
    references[is_body] = np.array(roots, np.int32)[numbers[is_body] - copies]


def _references(nodes: F32) -> I32:
    return nodes.view(np.int32).reshape(-1, layout.NODE_SIZE)[:, _CHILDREN]


def _box_of(nodes: F32, node: int) -> F32:
    """The box round all children of a node; those of no child are inside out."""
    rows = nodes.reshape(-1, layout.NODE_ROWS, WIDTH)[node]
    box = np.zeros(BOX, np.float32)
    box[:3] = rows[0:6:2].min(axis=1)
    box[4:7] = -rows[1:6:2].max(axis=1)
    return box


def _move_nodes(source: F32, old: Span, new: Span, nodes: F32) -> None:
    """Write the nodes of a tree of flats that begins, and whose blocks begin, somewhere else."""
    size = layout.NODE_SIZE
    made = nodes[new.node * size : (new.node + new.nodes) * size]
    made[:] = source[old.node * size : (old.node + old.nodes) * size]
    references = _references(made)
    shift = np.where(references > 0, new.node - old.node, (old.block - new.block) << 2)
    references += np.where(references != 0, shift, 0).astype(np.int32)  # -1 - (block << 2 | kind)


def _move_blocks(source: F32, old: Span, new: Span, blocks: F32) -> None:
    """Write the blocks of a tree whose primitives have other numbers."""
    size = layout.FLAT_ROWS * WIDTH
    made = blocks[new.block * size : (new.block + new.blocks) * size]
    made[:] = source[old.block * size : (old.block + old.blocks) * size]
    if new.first != old.first:
        rows = made.reshape(-1, layout.FLAT_ROWS, WIDTH)
        numbers = rows.view(np.int32)[:, layout.FLAT_PRIMITIVE_ROW]
        # Lanes that no triangle is in are all zeros.
        numbers += np.where(
            rows[:, layout.FLAT_SHEAR_ROW] != 0.0, np.int32(new.first - old.first), np.int32(0)
        )
