"""The binary tree over primitives; `wide` makes a tree as wide as the vectors of it.

A primitive here is a box and a kind, and of flats an outline, as far as they may be cut; what else
is inside does not matter until the leaves are packed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.items import (
    AREA,
    CODE,
    KIND_BITS,
    TAG,
    Halves,
    Items,
    kind_of,
    make_record,
    make_two_boxes,
    measure,
)
from raywidget.compiler.geometry.primitives import Outlines
from raywidget.compiler.geometry.spatial_splits import view_outlines
from raywidget.compiler.geometry.splits import split_by_cost, split_by_kind
from raywidget.compiler.parallel import in_parts
from raywidget.kernels.geometry.traverse import MAX_TREE_DEPTH
from raywidget.kernels.language.boxes import BOX, clear_box, copy_box, grow_box, half_area
from raywidget.kernels.language.buffers import make_stack_array, view
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.layout import F32, I32, LEAF_FLAT, LEAF_INSTANCE

# From this depth on, nodes are halved instead of split by cost: with at most 2^27 primitives no
# path is then longer than MAX_TREE_DEPTH.
_HALVING_DEPTH = MAX_TREE_DEPTH - 30

# Flats that fit a leaf are split all the same where that makes the areas of boxes so much smaller:
# rays test fewer blocks (1.02 to 1.05 times as many rays in public interiors), of which there are a
# tenth more. Balls would be built 1.1 times as long, and rays be no faster.
_LOOSE = 0.8

_INFINITY = float("inf")
_ROOM = 4  # one reference more for so many primitives, if flats may be cut
_MOST_ROOM = 1 << 17  # of what large meshes need no more: a build has 36 bytes for each


class BinaryTree(NamedTuple):
    """The tree before its collapse; node 0 is the root."""

    bounds: F32  # (N, 8) records of `kernels.language.boxes`
    links: I32  # (N, 2) leaf: first primitive (in sorted order), count; else left child, 0
    order: I32  # (R,) primitives, sorted so that each leaf is a range; none where no leaf is
    leaves: int


UNCUT = Outlines(np.empty((0, 3, 3), np.float32), np.empty(0, np.float32), np.empty(0, np.int32), 0)


def room_for_cuts(flats: int) -> int:
    """How many references may be added for so many flats."""
    return min(flats // _ROOM, _MOST_ROOM)


def build_binary_tree(
    boxes: F32, kinds: NDArray[np.uint8], threads: int = 1, outlines: Outlines = UNCUT
) -> BinaryTree:
    """Build a tree over P >= 1 primitives, the same one with any number of threads.

    `boxes` (R, 8) are records of `kernels.language.boxes`, which are sorted on the way: P of them,
    and room for others where flats with `outlines` may be cut. `kinds` (P,) are those of `layout`.

    All primitives of a leaf have the same kind, and fill at most one block: `WIDTH` flats, balls or
    rounds, or one instance. Instances come first in the list: their number in it is their row.
    """
    count, room = len(kinds), len(boxes)
    codes = boxes.view(np.int32)
    around: list[F32] = []  # parts of the whole, and their centres

    def mark(first: int, last: int) -> None:
        around.append(np.empty((2, BOX), np.float32))
        _mark(boxes, codes, kinds, first, last, around[-1])

    in_parts(count, threads, mark)
    tree = BinaryTree(
        np.empty((2 * room, BOX), np.float32), np.empty((2 * room, 2), np.int32), codes[:, 0], 0
    )
    tree.bounds[0], whole = np.min(around, axis=0)
    if threads == 1 or count < _WORTH_THREADS:
        part = _Part(0, 0, count, room, 0, 0, 0)
        leaves = _build(boxes, codes, tree.bounds, tree.links, part, False, whole[None], outlines)
    else:
        leaves = _build_in_parts(boxes, codes, tree, count, whole, threads, outlines)
    order = codes[:, CODE] - TAG
    order >>= KIND_BITS
    return tree._replace(order=order, leaves=leaves)


class _Shared(NamedTuple):
    """What threads that build one tree have in common."""

    items: F32
    codes: I32
    tree: BinaryTree
    outlines: Outlines
    enough: int  # larger parts are split, and their halves built apart
    centres: F32
    halves: Iterator[int]  # rows of `centres` that are free for two halves
    pool: ThreadPoolExecutor
    begun: list[Future[int]]


def _build_in_parts(
    items: F32,
    codes: I32,
    tree: BinaryTree,
    count: int,
    whole: F32,
    threads: int,
    outlines: Outlines,
) -> int:
    """Split large parts one by one, and leave each that is small enough to one thread.

    `whole` is the box round all centres. Returns how many leaves there are.
    """
    # Whoever splits a part has measured its halves: to do so again when their turn came cost two
    # threads a tenth more CPU than one. Each part that is split is larger than `enough`, and of
    # each level there are fewer than can be.
    enough = count // (_PARTS * threads)
    centres = np.empty((2 * (_PARTS * threads + 1) * MAX_TREE_DEPTH, BOX), np.float32)
    centres[0] = whole
    leaves = 0
    with ThreadPoolExecutor(threads, thread_name_prefix="raywidget-build") as pool:
        begun: list[Future[int]] = []
        rows = itertools.count(1, 2)
        shared = _Shared(items, codes, tree, outlines, enough, centres, rows, pool, begun)
        begun.append(pool.submit(_build_below, shared, _Part(0, 0, count, len(items), 0, 0, 0)))
        while begun:  # what a thread leaves to others is there before it is done itself
            leaves += begun.pop().result()
    return leaves


def _build_below(shared: _Shared, part: _Part) -> int:
    """Build a part, or its left halves, and leave the right ones to others; returns leaves made."""
    while True:
        is_split = part.last - part.first > shared.enough
        if is_split:
            part = part._replace(halves=next(shared.halves))
        leaves, parts = _build_part(shared, part, is_split)
        if not parts:
            return leaves
        part, other = parts
        shared.begun.append(shared.pool.submit(_build_below, shared, other))


def _build_part(
    shared: _Shared, part: _Part, only_one: bool
) -> tuple[int, tuple[()] | tuple[_Part, _Part]]:
    """Build a part, or only its uppermost node; returns leaves made, and parts left to be built."""
    tree = shared.tree
    leaves = _build(
        shared.items,
        shared.codes,
        tree.bounds,
        tree.links,
        part,
        only_one,
        shared.centres,
        shared.outlines,
    )
    child = int(tree.links[part.node, 0])
    if not only_one or tree.links[part.node, 1] > 0:
        return leaves, ()
    (left, on_left), (right, on_right) = tree.links[child : child + 2].tolist()
    depth, halves = part.depth + 1, part.halves
    return leaves, (
        _Part(child, left, left + on_left, right, depth, halves, 0),
        _Part(child + 1, right, right + on_right, part.end, depth, halves + 1, 0),
    )


_PARTS = 4  # that many or more a thread; each costs 40 us
_AT_ONCE = 256  # are marked and then measured: they are still in the first cache

# Below this many primitives a build takes a few milliseconds, and threads would cost as much.
_WORTH_THREADS = 20_000


class _Part(NamedTuple):
    """A range of primitives, and the node that is to hold it."""

    node: int  # its box is known
    first: int
    last: int
    end: int  # of the room that it has
    depth: int
    centres: int  # row of the box round twice its centres
    halves: int  # where such rows of its halves are to be, if it is only split


@device
def _fits_leaf(items: Items, first: int, last: int) -> bool:
    count = last - first
    if count > WIDTH or (count > 1 and kind_of(items, first) == LEAF_INSTANCE):
        return False
    for i in range(first + 1, last):
        if kind_of(items, i) != kind_of(items, first):
            return False
    return True


_waiting = make_stack_array(types.int64, 5 * 128)
_waiting_centres = make_stack_array(types.float32, 128 * BOX)


@entry
def _mark(
    boxes: F32, codes: I32, kinds: NDArray[np.uint8], first: int, last: int, around: F32
) -> None:
    """Write what travels with the boxes of a range; `around` is the box, and that of centres."""
    items = Items(view(boxes), view(codes))
    records = view(around)
    parts = make_two_boxes()
    clear_box(records, 0)
    clear_box(records, 1)
    for begin in range(first, last, _AT_ONCE):
        end = min(begin + _AT_ONCE, last)
        for i in range(begin, end):
            codes[i, CODE] = TAG + (i << KIND_BITS) + kinds[i]
            dx = boxes[i, 4] + boxes[i, 0]
            dy = boxes[i, 5] + boxes[i, 1]
            dz = boxes[i, 6] + boxes[i, 2]
            boxes[i, AREA] = -(dx * dy + dy * dz + dz * dx)
        measure(items, begin, end, parts, 0, parts, 1)
        grow_box(records, 0, parts, 0)
        grow_box(records, 1, parts, 1)


@entry
def _build(
    boxes: F32,
    codes: I32,
    node_bounds: F32,
    links: I32,
    part: _Part,
    only_one: bool,
    all_centres: F32,
    outlines: Outlines,
) -> int:
    """Top down; the larger half of each split waits on the stack, so that it stays small.

    Children are pairs of nodes. A part of primitives has the pairs from its first one on to itself,
    so that threads need not agree on numbers: the first of them for the split that made the part,
    the others, in turn, for splits of its own, so that what will be read together is together. With
    `only_one` just the part's own node is made, and the links of its children tell where they begin
    and how many they hold. Returns how many leaves were.
    """
    items = Items(view(boxes), view(codes))
    nodes = view(node_bounds)
    chain = view(links)
    given = view(all_centres)
    shapes = view_outlines(outlines)
    waiting = _waiting()  # node, first, last, end, depth
    waiting_centres = _waiting_centres()
    count = leaves = 0
    child = 2 * part.first
    node, first, last, end, depth = part.node, part.first, part.last, part.end, part.depth
    halves = Halves(make_two_boxes(), make_two_boxes())
    centres = make_record()
    copy_box(centres, 0, given, part.centres)
    while True:
        fits = _fits_leaf(items, first, last)
        middle = first
        is_loose = fits and last - first > 2 and kind_of(items, first) == LEAF_FLAT
        if depth < _HALVING_DEPTH and (is_loose or not fits):
            most = single(_LOOSE) * half_area(nodes, node) if fits else single(_INFINITY)
            middle, last = split_by_cost(
                items, shapes, first, last, end, nodes, node, centres, halves, most
            )
        is_split = middle > first and middle < last
        if fits and not is_split:
            chain[2 * node] = first
            chain[2 * node + 1] = last - first
            leaves += 1
            if count == 0:
                return leaves
            count -= 1
            node = waiting[5 * count]
            first = waiting[5 * count + 1]
            last = waiting[5 * count + 2]
            end = waiting[5 * count + 3]
            depth = waiting[5 * count + 4]
            copy_box(centres, 0, waiting_centres, count)
            continue
        if not is_split:
            middle = split_by_kind(items, first, last)
            if middle == first or middle == last:
                middle = (first + last) // 2
            measure(items, first, middle, halves.boxes, 0, halves.centres, 0)
            measure(items, middle, last, halves.boxes, 1, halves.centres, 1)
        right = middle
        if end > last:
            right = _share_room(items, first, middle, last, end)
            last += right - middle
        child = 2 * right if only_one else child + 2
        copy_box(nodes, child, halves.boxes, 0)
        copy_box(nodes, child + 1, halves.boxes, 1)
        chain[2 * node] = child
        chain[2 * node + 1] = 0
        if only_one:
            copy_box(given, part.halves, halves.centres, 0)
            copy_box(given, part.halves + 1, halves.centres, 1)
            chain[2 * child] = first
            chain[2 * child + 1] = middle - first
            chain[2 * child + 2] = right
            chain[2 * child + 3] = last - right
            return 0
        left_is_larger = middle - first > last - right
        waiting[5 * count] = child if left_is_larger else child + 1
        waiting[5 * count + 1] = first if left_is_larger else right
        waiting[5 * count + 2] = middle if left_is_larger else last
        waiting[5 * count + 3] = right if left_is_larger else end
        waiting[5 * count + 4] = depth + 1
        copy_box(waiting_centres, count, halves.centres, 0 if left_is_larger else 1)
        copy_box(centres, 0, halves.centres, 1 if left_is_larger else 0)
        count += 1
        if left_is_larger:
            node, first = child + 1, right
        else:
            node, last, end = child, middle, right
        depth += 1


@device
def _share_room(items: Items, first: int, middle: int, last: int, end: int) -> int:
    """Give both halves of a range as much of the room behind it as they are large.

    Returns where the right one begins then.
    """
    room = (end - last) * (middle - first) // (last - first)
    right = middle + room
    moved = min(room, last - middle)
    for k in range(moved):
        copy_box(items.boxes, last + room - moved + k, items.boxes, middle + k)
    return right
