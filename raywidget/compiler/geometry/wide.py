"""The tree that rays walk through: nodes as wide as the vectors, leaves packed into blocks.

Wald, Benthin and Boulos 2008, "Getting rid of packets", for the collapse of the binary tree.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.bvh import BinaryTree
from raywidget.compiler.parallel import in_parts
from raywidget.kernels import layout
from raywidget.kernels.geometry.traverse import MAX_TREE_DEPTH
from raywidget.kernels.language.boxes import BOX, half_area
from raywidget.kernels.language.buffers import (
    CACHE_LINE,
    address_of,
    make_stack_array,
    prefetch,
    view,
)
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.layout import F32, I32

_INFINITY = float("inf")
_AHEAD = 2  # blocks whose corners are fetched while others are written: 0.85 of the time


def aligned_zeros(size: int) -> F32:
    """Zeros (size,) that start at a cache line, so that no vector straddles two."""
    memory = np.zeros(size + CACHE_LINE // 4, np.float32)
    start = -memory.ctypes.data % CACHE_LINE // 4
    return memory[start : start + size]


class Members(NamedTuple):
    """What the blocks of one kind hold."""

    order: I32  # primitives of the tree
    ranges: I32  # (B, 2) of each block: where its primitives begin in `order`, and their count
    block: int  # the number of the first block


NO_MEMBERS = (Members(np.empty(0, np.int32), np.empty((0, 2), np.int32), 0),) * 3


def collapse(
    tree: BinaryTree, kinds: NDArray[np.uint8], counts: NDArray[np.int64]
) -> tuple[F32, tuple[Members, Members, Members]]:
    """Make wide nodes of a binary tree, and number the blocks of its leaves.

    `counts` (4,) holds the next free node, block of flats, balls and rounds, and is moved on.
    Returns the nodes, and what the blocks of flats, balls and rounds hold.
    """
    before = counts.copy()
    size = 2 * tree.leaves - 1
    plan = _Plan(np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int64))
    _plan_nodes(tree, plan)
    # How many there will be is known at the end; what is not written takes no memory until then.
    nodes = aligned_zeros(max(1, tree.leaves - 1) * layout.NODE_SIZE)
    ranges = np.empty((3, tree.leaves, 2), np.int32)
    scratch = _Scratch(
        np.zeros(3, np.int64),
        np.empty(((MAX_TREE_DEPTH + 1) * WIDTH, 2), np.int64),
        np.empty((WIDTH, 2), np.int64),
    )
    _collapse(tree, plan, kinds, nodes, nodes.view(np.int32), ranges, counts, scratch)
    made = counts - before
    flats, balls, rounds = (
        Members(tree.order, ranges[k, : made[k + 1]], int(before[k + 1])) for k in range(3)
    )
    return nodes[: made[0] * layout.NODE_SIZE], (flats, balls, rounds)


class _Plan(NamedTuple):
    """Which nodes of the binary tree become wide ones; a row for each, parents before children.

    The left child of a node is in the next row. `choices` holds `_CHOICE_BITS` bits for each number
    of places j that its parent may have left for a node: 0 if it is to be a wide node, in one of
    them; else how many its left child gets when its two children share them. The lowest bits (j =
    0) are for the children that it has as a wide node.
    """

    order: I32  # (2 leaves - 1,) nodes of the binary tree
    right: I32  # rows of right children; 0 for leaves
    choices: NDArray[np.int64]


class _Scratch(NamedTuple):
    """Room for a collapse: compiled code allocates nothing."""

    made: NDArray[np.int64]  # (3,): blocks
    # Depth first: of each level, no more wait than a node has children.
    waiting: NDArray[np.int64]  # ((MAX_TREE_DEPTH + 1) * WIDTH, 2): row of the plan, wide node
    children: NDArray[np.int64]  # (WIDTH, 2)


_CHOICE_BITS = 4
_STACK_SIZE = MAX_TREE_DEPTH + 2
_costs = make_stack_array(types.float32, _STACK_SIZE * WIDTH)
_own_costs = make_stack_array(types.float32, WIDTH)
_rows = make_stack_array(types.int64, _STACK_SIZE)


@device
def _choice(plan: _Plan, row: int, places: int) -> Any:
    return (plan.choices[row] >> (places * _CHOICE_BITS)) & ((1 << _CHOICE_BITS) - 1)


@entry
def _plan_nodes(tree: BinaryTree, plan: _Plan) -> None:
    """Find the wide nodes whose areas have the smallest sum: that many are visited by rays.

    By dynamic programming (Ylitie, Karras and Laine 2017, "Efficient incoherent ray traversal on
    GPUs through compressed wide BVHs", section 3.1): the best way for a node to fill up to j places
    is to become a wide node in one, or to leave its children i and j - i of them. Which leaves
    there are is not in question.
    """
    bounds = view(tree.bounds)
    waiting = _rows()
    waiting[0] = 0
    depth = 1
    count = 0
    while depth > 0:
        depth -= 1
        node = waiting[depth]
        plan.order[count] = node
        count += 1
        if tree.links[node, 1] == 0:
            left = tree.links[node, 0]
            waiting[depth] = left + 1
            waiting[depth + 1] = left
            depth += 2

    # From the last row to the first. On the stack are the costs of subtrees whose parents have not
    # had their turn: of two children, the left one's are on top. There `waiting` holds their rows.
    costs = _costs()
    own = _own_costs()
    for row in range(count - 1, -1, -1):
        node = plan.order[row]
        if tree.links[node, 1] > 0:
            plan.right[row] = 0
            plan.choices[row] = 0
            for j in range(WIDTH):
                costs[depth * WIDTH + j] = 0.0
            waiting[depth] = row
            depth += 1
            continue
        depth -= 1
        left = depth * WIDTH - 1  # the cost of j places is at left + j
        right = left - WIDTH
        choices = 0
        best = 0
        for j in range(2, WIDTH + 1):
            best = 1
            least = costs[left + 1] + costs[right + j - 1]
            for i in range(2, j):
                cost = costs[left + i] + costs[right + j - i]
                if cost < least:
                    least = cost
                    best = i
            own[j - 1] = least
            if j < WIDTH:
                choices |= best << (j * _CHOICE_BITS)
        # In a single place it is a wide node, whose children share all places there are.
        choices |= best
        alone = half_area(bounds, node) + own[WIDTH - 1]
        own[0] = alone
        for j in range(2, WIDTH + 1):
            if alone < own[j - 1]:
                own[j - 1] = alone
                if j < WIDTH:
                    choices &= ~(((1 << _CHOICE_BITS) - 1) << (j * _CHOICE_BITS))
        for j in range(WIDTH):
            costs[(depth - 1) * WIDTH + j] = own[j]
        plan.right[row] = waiting[depth - 1]
        plan.choices[row] = choices
        waiting[depth - 1] = row


@entry
def _collapse(
    tree: BinaryTree,
    plan: _Plan,
    kinds: NDArray[np.uint8],
    nodes: F32,
    references: I32,
    ranges: NDArray[np.int32],
    counts: NDArray[np.int64],
    scratch: _Scratch,
) -> None:
    """Write the wide nodes of a plan, and number the blocks of its leaves."""
    bounds = view(tree.bounds)
    first = counts[0]
    made, waiting, children = scratch.made, scratch.waiting, scratch.children
    waiting[0, 0] = 0
    waiting[0, 1] = first
    counts[0] += 1
    count_waiting = 1
    while count_waiting > 0:
        count_waiting -= 1
        at = (waiting[count_waiting, 1] - first) * layout.NODE_SIZE
        count = _find_children(tree, plan, waiting[count_waiting, 0], children)
        for k in range(WIDTH):
            if k >= count:
                for axis in range(3):
                    nodes[at + 2 * axis * WIDTH + k] = _INFINITY
                    nodes[at + (2 * axis + 1) * WIDTH + k] = -_INFINITY
                continue
            row = children[k, 0]
            child = plan.order[row]
            if tree.links[child, 1] == 0:
                reference = counts[0]
                counts[0] += 1
                waiting[count_waiting, 0] = row
                waiting[count_waiting, 1] = reference
                count_waiting += 1
            else:
                reference = _number_leaf(tree, kinds, child, ranges, counts, made)
            for axis in range(3):
                nodes[at + 2 * axis * WIDTH + k] = bounds[child * BOX + axis]
                nodes[at + (2 * axis + 1) * WIDTH + k] = -bounds[child * BOX + 4 + axis]
            references[at + layout.CHILD_ROW + k] = reference


@device
def _find_children(tree: BinaryTree, plan: _Plan, row: int, children: NDArray[np.int64]) -> int:
    """Rows of the children of a wide node, in the first column; returns how many there are."""
    children[0, 0] = row
    children[0, 1] = WIDTH
    count = 1
    if tree.links[plan.order[row], 1] > 0:  # the root of a tree that is one leaf
        return count
    k = 0
    share = _choice(plan, row, 0)
    while k < count:
        row = children[k, 0]
        if share == 0:  # stays what it is: a wide node, or a leaf
            k += 1
        else:
            children[count, 0] = plan.right[row]
            children[count, 1] = children[k, 1] - share
            count += 1
            children[k, 0] = row + 1
            children[k, 1] = share
        if k < count:
            places = children[k, 1]
            share = 0
            if places > 1:
                share = _choice(plan, children[k, 0], places)
    return count


@device
def _number_leaf(
    tree: BinaryTree,
    kinds: NDArray[np.uint8],
    leaf: int,
    ranges: NDArray[np.int32],
    counts: NDArray[np.int64],
    made: NDArray[np.int64],
) -> Any:
    """Take the next block for a leaf, and the reference to it."""
    first = tree.links[leaf, 0]
    kind = kinds[tree.order[first]]
    if kind == layout.LEAF_INSTANCE:
        return -1 - ((np.int64(tree.order[first]) << 2) | kind)
    counter = 0 if kind == layout.LEAF_FLAT else 1 if kind == layout.LEAF_BALL else 2
    ranges[counter, made[counter], 0] = first
    ranges[counter, made[counter], 1] = tree.links[leaf, 1]
    made[counter] += 1
    block = counts[counter + 1]
    counts[counter + 1] += 1
    return -1 - ((block << 2) | kind)


def pack_flats(
    corners: F32,
    shears: F32,
    primitives: I32,
    members: Members,
    first: int,
    blocks: F32,
    threads: int,
) -> None:
    """Write flats, (F, 3, 3) corner and edges, into their blocks.

    `first` is the number that the first of them has among all primitives of the tree.
    """
    rows = corners.reshape(-1, 9)
    references = blocks.view(np.int32)

    def pack(begin: int, end: int) -> None:
        part = members.ranges[begin:end]
        block = members.block + begin
        _pack_flats(rows, shears, primitives, members.order, part, block, first, blocks, references)

    if len(primitives):
        in_parts(len(members.ranges), threads, pack)


@entry
def _pack_flats(
    corners: F32,
    shears: F32,
    primitives: I32,
    order: I32,
    ranges: I32,
    block: int,
    first: int,
    blocks: F32,
    references: I32,
) -> None:
    # Block by block: to write each flat where it belongs, one after the other, took twice as long.
    count = len(ranges)
    table = view(corners)
    for b in range(count):
        begin = ranges[b, 0]
        if b + _AHEAD < count:
            later = ranges[b + _AHEAD, 0]
            for lane in range(ranges[b + _AHEAD, 1]):
                place = address_of(table, 9 * (order[later + lane] - first))
                prefetch(place)
                prefetch(place + 32)
        for lane in range(ranges[b, 1]):
            i = order[begin + lane] - first
            row = (block + b) * (layout.FLAT_ROWS * WIDTH) + lane
            for k in range(9):
                blocks[row + k * WIDTH] = corners[i, k]
            blocks[row + 9 * WIDTH] = shears[i]
            references[row + layout.FLAT_PRIMITIVE_ROW * WIDTH] = primitives[i]


def pack_rows(
    values: F32, primitives: I32, members: Members, first: int, blocks: F32, threads: int
) -> None:
    """Write balls or rounds, (N, C) values, into their blocks, likewise; the last row of a block is
    the number of the primitive.
    """
    references = blocks.view(np.int32)

    def pack(begin: int, end: int) -> None:
        part = members.ranges[begin:end]
        block = members.block + begin
        _pack_rows(values, primitives, members.order, part, block, first, blocks, references)

    if len(primitives):  # many scenes have none, and need not compile this
        in_parts(len(members.ranges), threads, pack)


@entry
def _pack_rows(
    values: F32,
    primitives: I32,
    order: I32,
    ranges: I32,
    block: int,
    first: int,
    blocks: F32,
    references: I32,
) -> None:
    columns = values.shape[1]
    for b in range(len(ranges)):
        begin = ranges[b, 0]
        for lane in range(ranges[b, 1]):
            i = order[begin + lane] - first
            row = (block + b) * ((columns + 1) * WIDTH) + lane
            for k in range(columns):
                blocks[row + k * WIDTH] = values[i, k]
            references[row + columns * WIDTH] = primitives[i]
