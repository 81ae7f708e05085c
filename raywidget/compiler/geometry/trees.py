"""A scene's trees: that of the world, and those of the meshes that are copied into it."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.apart import list_apart, set_apart, write_world
from raywidget.compiler.geometry.brute_force import is_few, list_few, write_root
from raywidget.compiler.geometry.bvh import build_binary_tree
from raywidget.compiler.geometry.gathering import Geometry
from raywidget.compiler.geometry.primitives import Flats
from raywidget.compiler.geometry.refit import NO_PLAN, Plan, kinds_of, refit
from raywidget.compiler.geometry.wide import (
    NO_MEMBERS,
    Members,
    aligned_zeros,
    collapse,
    pack_flats,
    pack_rows,
)
from raywidget.kernels import layout
from raywidget.kernels.language.boxes import BOX
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.layout import F32


class Span(NamedTuple):
    """Where in nodes and blocks of flats a tree is."""

    node: int
    nodes: int
    block: int
    blocks: int


class Keys(NamedTuple):
    """Digests of all that trees are made of."""

    whole: bytes
    meshes: tuple[bytes, ...]  # of those that are copied


class Trees(NamedTuple):
    """Nodes and blocks: see layout."""

    nodes: F32
    flats: F32
    balls: F32
    rounds: F32
    few_flats: F32
    few_balls: F32
    roots: tuple[int, ...]  # of instanced meshes
    keys: Keys | None = None  # of the geometry that they are of; None if nobody will ask
    spans: tuple[Span, ...] = ()  # of instanced meshes
    plan: Plan | None = None  # to refit them by, if they are to be

    def blocks(self) -> tuple[F32, F32, F32]:
        """Flats, balls and rounds."""
        return self.flats, self.balls, self.rounds


def keys_of_trees(geometry: Geometry) -> Keys:
    """Digests of the geometry, and of each mesh that is copied.

    A changed material makes a new shape with new arrays, so that it is by their content that
    unmoved shapes are known. Digests keep no memory alive: 20 bytes instead of 44 a triangle.
    """
    meshes = tuple(_digest(_arrays(mesh.flats)) for mesh in geometry.meshes)
    balls, rounds = geometry.balls, geometry.rounds
    parts = [geometry.instance_boxes, *_arrays(geometry.flats)]
    parts += [balls.centres_radii, balls.primitives, rounds.values, rounds.primitives]
    return Keys(_digest(parts, *meshes), meshes)


def _arrays(flats: Flats) -> list[NDArray[Any]]:
    return [flats.corners, flats.shears, flats.primitives]


def _digest(parts: list[NDArray[Any]], *others: bytes) -> bytes:
    # Of what hashlib has, the fastest on processors of today: 9 ms for 328,000 triangles, not 20.
    digest = hashlib.sha1(usedforsecurity=False)
    for part in parts:
        digest.update(np.int64(part.size).tobytes())
        digest.update(np.ascontiguousarray(part).data)
    for other in others:
        digest.update(other)
    return digest.digest()


def write_roots(geometry: Geometry, roots: tuple[int, ...]) -> None:
    """Tell copies where the trees of their meshes begin."""
    for mesh, root in zip(geometry.meshes, roots, strict=True):
        geometry.instance_codes[mesh.rows.start : mesh.rows.stop, layout.INSTANCE_ROOT] = root


def refit_trees(trees: Trees, geometry: Geometry, threads: int) -> Trees | None:
    """The same trees for primitives that have moved, if that can be and is worth it.

    They have no plan: only what was built is refitted.
    """
    if trees.plan is None:
        return None
    made = refit(trees.nodes, trees.blocks(), trees.plan, geometry, threads)
    if made is None:
        return None
    return trees._replace(**made._asdict(), keys=None, spans=(), plan=None)


def build_trees(
    geometry: Geometry,
    threads: int,
    with_plan: bool = False,
    is_still: bool = True,
    previous: Trees | None = None,
    keys: Keys | None = None,
) -> Trees:
    """Nodes and blocks of the world's tree and of those of instanced meshes.

    With a plan, they can be refitted: 5 bytes a triangle. Only where all `is_still`, something is
    set apart: trees that are refitted give the same pictures as those that are built anew. Without
    a plan, trees of copied meshes that `previous` has are taken from there, by their `keys`: they
    are what a build would make.
    """
    known: dict[bytes, Span] = {}
    if not with_plan and previous is not None and previous.keys is not None:
        known = dict(zip(previous.keys.meshes, previous.spans, strict=False))
    if is_few(geometry):
        few = list_few(geometry)
        blocks = few.nodes, few.flats, few.balls, few.rounds
        plan = NO_PLAN if with_plan else None
        return Trees(*blocks, few.few_flats, few.few_balls, (), plan=plan)
    counts_by_kind = [
        len(geometry.instances),
        len(geometry.flats.primitives),
        len(geometry.balls.primitives),
        len(geometry.rounds.primitives),
    ]
    ends = np.cumsum(counts_by_kind)
    boxes = np.empty((ends[-1], BOX), np.float32)
    boxes[: ends[0]] = geometry.instance_boxes
    geometry.flats.write_boxes(boxes[ends[0] : ends[1]], threads)
    geometry.balls.write_boxes(boxes[ends[1] : ends[2]])
    geometry.rounds.write_boxes(boxes[ends[2] :])
    kinds_in_order = np.array(
        [layout.LEAF_INSTANCE, layout.LEAF_FLAT, layout.LEAF_BALL, layout.LEAF_ROUND], np.uint8
    )
    kinds = np.repeat(kinds_in_order, counts_by_kind)
    starts = int(ends[0]), int(ends[1]), int(ends[2])
    apart = set_apart(geometry, boxes, kinds, starts) if is_still else None
    counts = np.zeros(4, np.int64)  # nodes, blocks of flats, balls, rounds
    roots: list[int] = []
    made: list[F32] = []
    if apart is not None:
        counts[:] = 1, *apart.blocks()
        made.append(np.empty(layout.NODE_SIZE, np.float32))
        boxes, kinds = boxes[: -apart.size], kinds[: -apart.size]
    parts = [(boxes, kinds)]
    kept: list[Span | None] = [None]
    for index, mesh in enumerate(geometry.meshes):
        kept.append(None if keys is None else known.get(keys.meshes[index]))
        boxes = np.empty((0 if kept[-1] else len(mesh.flats.primitives), BOX), np.float32)
        if len(boxes):
            mesh.flats.write_boxes(boxes, threads)
        parts.append((boxes, np.full(len(boxes), layout.LEAF_FLAT, np.uint8)))

    members: list[tuple[Members, Members, Members]] = []
    spans: list[Span] = []
    for (boxes, kinds), old in zip(parts, kept, strict=True):
        node, block = int(counts[0]), int(counts[1])
        roots.append(node)
        if old is not None and previous is not None:
            its_nodes, its_members = _moved_nodes(previous.nodes, old, node, block), NO_MEMBERS
            counts[:2] += old.nodes, old.blocks
        elif len(boxes):
            tree = build_binary_tree(boxes, kinds, threads)
            its_nodes, its_members = collapse(tree, kinds, counts)
        else:  # nothing in the world but a mesh that is copied nowhere
            its_nodes, its_members = aligned_zeros(layout.NODE_SIZE), NO_MEMBERS
            write_root(its_nodes, [])
            counts[0] += 1
        made.append(its_nodes)
        members.append(its_members)
        spans.append(Span(node, int(counts[0]) - node, block, int(counts[1]) - block))
    sizes = (
        layout.FLAT_ROWS * WIDTH,
        layout.BALL_ROWS * WIDTH,
        layout.ROUND_ROWS * WIDTH,
    )
    if len(made) == 1:
        nodes = made[0]
    else:
        nodes = aligned_zeros(int(counts[0]) * layout.NODE_SIZE)
        np.concatenate(made, out=nodes)
    del made, its_nodes, parts, boxes  # at its peak a build takes three times what it leaves
    flats, balls, rounds = (
        aligned_zeros(int(count) * size) for count, size in zip(counts[1:], sizes, strict=True)
    )
    of_flats, of_balls, of_rounds = members[0]
    some, others = geometry.balls, geometry.rounds
    lists = (
        np.zeros((0, layout.FEW_SIZE), np.float32),
        np.zeros((0, layout.FEW_BALL_SIZE), np.float32),
    )
    if apart is not None:
        order = apart.numbers[of_flats.order]
        of_flats, of_balls, of_rounds = (part._replace(order=order) for part in members[0])
        write_world(nodes, apart)
        lists = list_apart(geometry, apart, starts[0], starts[1])
        pack_rows(some.centres_radii, some.primitives, apart.balls, starts[1], balls, threads)
        pack_rows(others.values, others.primitives, apart.rounds, starts[2], rounds, threads)
    packed = [(geometry.flats, of_flats, starts[0])]
    if apart is not None:
        packed.append((geometry.flats, apart.flats, starts[0]))
    size = sizes[0]
    for mesh, (of_its_flats, *_), span, old in zip(
        geometry.meshes, members[1:], spans[1:], kept[1:], strict=True
    ):
        if old is not None and previous is not None:
            whole = previous.flats[old.block * size : (old.block + old.blocks) * size]
            flats[span.block * size : (span.block + span.blocks) * size] = whole
        else:
            packed.append((mesh.flats, of_its_flats, 0))
    for part, its_flats, first in packed:
        pack_flats(part.corners, part.shears, part.primitives, its_flats, first, flats, threads)
    pack_rows(some.centres_radii, some.primitives, of_balls, starts[1], balls, threads)
    pack_rows(others.values, others.primitives, of_rounds, starts[2], rounds, threads)
    plan = None
    if with_plan:
        plan = Plan(tuple(members), tuple(roots), kinds_of(geometry), len(geometry.instances))
    own_roots, own_spans = tuple(roots[1:]), tuple(spans[1:])
    return Trees(nodes, flats, balls, rounds, *lists, own_roots, keys, own_spans, plan)


def _moved_nodes(nodes: F32, span: Span, node: int, block: int) -> F32:
    """The nodes of a tree of flats, to begin at another one, and its blocks at another block."""
    size = layout.NODE_SIZE
    made = nodes[span.node * size : (span.node + span.nodes) * size].copy()
    rows = made.view(np.int32).reshape(-1, size)
    children = rows[:, layout.CHILD_ROW : layout.CHILD_ROW + WIDTH]
    is_node, is_leaf = children > 0, children < 0
    children[is_node] += node - span.node
    children[is_leaf] -= (block - span.block) << 2  # -1 - (block << 2 | kind)
    return made
