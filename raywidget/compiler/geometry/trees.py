"""A scene's trees: that of the world, and those of the meshes that are copied into it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.apart import list_apart, set_apart, write_world
from raywidget.compiler.geometry.bodies import digest
from raywidget.compiler.geometry.brute_force import is_few, list_few, write_root
from raywidget.compiler.geometry.bvh import UNCUT, build_binary_tree, room_for_cuts
from raywidget.compiler.geometry.gathering import Geometry
from raywidget.compiler.geometry.own_trees import Span, members_of, own_trees, point_to_bodies
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
from raywidget.compiler.parallel import one_by_one
from raywidget.kernels import layout
from raywidget.kernels.language.boxes import BOX
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.layout import F32


class Keys(NamedTuple):
    """Digests of all that trees are made of."""

    whole: bytes
    own: tuple[bytes, ...]  # of bodies, and of meshes that are copied


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
    spans: tuple[Span, ...] = ()  # of bodies and instanced meshes
    plan: Plan | None = None  # to refit them by, if they are to be

    def blocks(self) -> tuple[F32, F32, F32]:
        """Flats, balls and rounds."""
        return self.flats, self.balls, self.rounds


def keys_of_trees(geometry: Geometry) -> Keys:
    """Digests of the geometry, and of each mesh that has a tree of its own.

    A changed material makes a new shape with new arrays, so that it is by their content that
    unmoved shapes are known. Digests keep no memory alive: 20 bytes instead of 44 a triangle.
    """
    bodies = [body.key() for body in geometry.bodies]
    meshes = [digest(_arrays(mesh.flats)) for mesh in geometry.meshes]
    balls, rounds = geometry.balls, geometry.rounds
    parts = [geometry.instance_boxes, *_arrays(geometry.flats)]
    parts += [balls.centres_radii, balls.primitives, rounds.values, rounds.primitives]
    parts.append(np.array([body.first for body in geometry.bodies], np.int64))
    return Keys(digest(parts, *bodies, *meshes), (*bodies, *meshes))


def _arrays(flats: Flats) -> list[NDArray[Any]]:
    return [flats.corners, flats.shears, flats.primitives]


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
    """Nodes and blocks of the world's tree, and of those of bodies and of instanced meshes.

    With a plan, they can be refitted: 5 bytes a triangle. Only where all `is_still`, something is
    set apart: trees that are refitted give the same pictures as those that are built anew. Without
    a plan, trees of bodies and of copied meshes that `previous` has are taken from there, by their
    `keys`: they are what a build would make.
    """
    if is_few(geometry):
        few = list_few(geometry)
        blocks = few.nodes, few.flats, few.balls, few.rounds
        plan = NO_PLAN if with_plan else None
        return Trees(*blocks, few.few_flats, few.few_balls, (), plan=plan)
    known: dict[bytes, Span] = {}
    has_plan = with_plan or (previous is not None and previous.plan is not None)
    if previous is not None and previous.keys is not None and not has_plan:
        known = dict(zip(previous.keys.own, previous.spans, strict=False))
    old_keys = keys.own if keys is not None and known else ()
    kept = [known.get(key) for key in old_keys]
    if previous is None or not any(kept):
        own = own_trees(geometry, threads, not with_plan)
    else:
        own = own_trees(geometry, threads, True, kept, previous.nodes, previous.flats)

    # --- The world --------------------------------------------------------------------------------
    copies, bodies = len(geometry.instances), len(geometry.bodies)
    counts_by_kind = [
        copies + bodies,
        len(geometry.flats.primitives),
        len(geometry.balls.primitives),
        len(geometry.rounds.primitives),
    ]
    ends = np.cumsum(counts_by_kind)
    # What will be refitted is not cut: boxes would grow to hold flats whole.
    may_cut = is_still and not with_plan
    room = room_for_cuts(counts_by_kind[1]) if may_cut else 0
    memory = np.empty((ends[-1] + room, BOX), np.float32)
    boxes = memory[: ends[-1]]
    boxes[:copies] = geometry.instance_boxes
    for row, tree in enumerate(own[:bodies], copies):
        boxes[row] = tree.box()
    geometry.flats.write_boxes(boxes[ends[0] : ends[1]], threads)
    geometry.balls.write_boxes(boxes[ends[1] : ends[2]], threads)
    geometry.rounds.write_boxes(boxes[ends[2] :])
    # The tree of a body is to the world's one leaf, as a copy is.
    kinds_in_order = np.array(
        [layout.LEAF_INSTANCE, layout.LEAF_FLAT, layout.LEAF_BALL, layout.LEAF_ROUND], np.uint8
    )
    kinds = np.repeat(kinds_in_order, counts_by_kind)
    starts = int(ends[0]), int(ends[1]), int(ends[2])
    apart = set_apart(geometry, boxes, kinds, starts) if is_still else None
    counts = np.zeros(4, np.int64)  # nodes, blocks of flats, balls, rounds
    made: list[F32] = []
    if apart is not None:
        counts[:] = 1, *apart.blocks()
        made.append(np.empty(layout.NODE_SIZE, np.float32))
        kinds = kinds[: -apart.size]
    root = int(counts[0])
    if len(kinds):
        outlines = UNCUT
        if may_cut:
            numbers = UNCUT.numbers if apart is None else apart.numbers
            outlines = geometry.flats.outlines(numbers, starts[0])
        world = build_binary_tree(memory, kinds, threads, outlines)
        its_nodes, members = collapse(world, kinds, counts)
        del world
    else:  # nothing in the world but a mesh that is copied nowhere
        its_nodes, members = aligned_zeros(layout.NODE_SIZE), NO_MEMBERS
        write_root(its_nodes, [])
        counts[0] += 1
    made.append(its_nodes)
    spans: list[Span] = []
    for tree in own:
        span = tree.span(int(counts[0]), int(counts[1]))
        counts[:2] += span.nodes, span.blocks
        spans.append(span)
    if bodies:
        point_to_bodies(its_nodes, copies, [span.node for span in spans[:bodies]])

    # --- All nodes --------------------------------------------------------------------------------
    if len(made) == 1 and not spans:
        nodes = made[0]
    else:
        nodes = aligned_zeros(int(counts[0]) * layout.NODE_SIZE)
        np.concatenate(made, out=nodes[: sum(len(part) for part in made)])
    for tree, span in zip(own, spans, strict=True):
        tree.write_nodes(span, nodes)
    del made, its_nodes, boxes, memory  # at its peak a build takes three times what it leaves

    # --- Blocks -----------------------------------------------------------------------------------
    sizes = (
        layout.FLAT_ROWS * WIDTH,
        layout.BALL_ROWS * WIDTH,
        layout.ROUND_ROWS * WIDTH,
    )
    flats, balls, rounds = (
        aligned_zeros(int(count) * size) for count, size in zip(counts[1:], sizes, strict=True)
    )
    of_flats, of_balls, of_rounds = members
    some, others = geometry.balls, geometry.rounds
    lists = (
        np.zeros((0, layout.FEW_SIZE), np.float32),
        np.zeros((0, layout.FEW_BALL_SIZE), np.float32),
    )
    if apart is not None:
        order = apart.numbers.take(of_flats.order, mode="clip")  # no leaf has what is out of range
        of_flats, of_balls, of_rounds = (part._replace(order=order) for part in members)
        write_world(nodes, apart)
        lists = list_apart(geometry, apart, starts[0], starts[1])
        pack_rows(some.centres_radii, some.primitives, apart.balls, starts[1], balls, threads)
        pack_rows(others.values, others.primitives, apart.rounds, starts[2], rounds, threads)
        _pack_flats(geometry.flats, apart.flats, starts[0], flats, threads)
    _pack_flats(geometry.flats, of_flats, starts[0], flats, threads)
    pack_rows(some.centres_radii, some.primitives, of_balls, starts[1], balls, threads)
    pack_rows(others.values, others.primitives, of_rounds, starts[2], rounds, threads)

    def write_own(k: int, threads: int) -> None:
        own[k].write_blocks(spans[k], flats, threads)

    one_by_one([span.blocks for span in spans], threads, write_own)
    plan = None
    if with_plan:
        all_members = (members, *(members_of(*each) for each in zip(own, spans, strict=True)))
        roots = (root, *(span.node for span in spans))
        plan = Plan(all_members, roots, kinds_of(geometry), copies)
    roots_of_meshes = tuple(span.node for span in spans[bodies:])
    return Trees(nodes, flats, balls, rounds, *lists, roots_of_meshes, keys, tuple(spans), plan)


def _pack_flats(part: Flats, members: Members, first: int, blocks: F32, threads: int) -> None:
    pack_flats(part.corners, part.shears, part.primitives, members, first, blocks, threads)
