"""The tree that rays walk through: nodes as wide as the vectors, leaves packed into blocks.

Wald, Benthin and Boulos 2008, "Getting rid of packets", for the collapse of the binary tree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.bvh import BinaryTree
from raywidget.compiler.threads import in_ranges, run_all
from raywidget.kernels.boxes import BOX, half_area
from raywidget.kernels.buffers import CACHE_LINE, view
from raywidget.kernels.jit import device, entry
from raywidget.kernels.layout import (
    CHILD_ROW,
    F32,
    FLAT_PRIMITIVE_ROW,
    FLAT_ROWS,
    I32,
    LEAF_BALL,
    LEAF_FLAT,
    LEAF_INSTANCE,
    NODE_SIZE,
)
from raywidget.kernels.simd import WIDTH
from raywidget.kernels.traverse import MAX_TREE_DEPTH

_INFINITY = float("inf")

# The uppermost nodes are made one by one, until so many wait below which threads can be at work;
# however many threads there are, so that the numbers of nodes do not depend on them.
_ENOUGH = 32

_NOTHING = np.empty(0, np.float32)
_NO_SLOTS = np.empty(0, np.int32)


def aligned_zeros(size: int) -> F32:
    """Zeros (size,) that start at a cache line, so that no vector straddles two."""
    memory = np.zeros(size + CACHE_LINE // 4, np.float32)
    start = -memory.ctypes.data % CACHE_LINE // 4
    return memory[start : start + size]


@dataclass(frozen=True)
class WidePlan:
    """How a binary tree will be collapsed, and what that takes."""

    tree: BinaryTree
    kinds: NDArray[np.uint8]
    top: NDArray[np.int64]  # (4,) wide nodes and blocks of flats, balls, rounds of the upper part
    waiting: NDArray[np.int64]  # (N, 2) binary nodes below it, and their numbers as wide nodes
    below: NDArray[np.int64]  # (N, 4) what each of them takes besides that node

    @property
    def counts(self) -> NDArray[np.int64]:
        """Wide nodes and blocks of all, (4,)."""
        return np.asarray(self.top + self.below.sum(axis=0))


def plan_wide(tree: BinaryTree, kinds: NDArray[np.uint8], threads: int = 1) -> WidePlan:
    """Count what the collapsed tree will take."""
    top = np.array([1, 0, 0, 0], np.int64)
    waiting = _collapse_top(tree, kinds, False, _NOTHING, _NO_SLOTS, top)
    below = np.zeros((len(waiting), 4), np.int64)

    def task(k: int) -> Callable[[], object]:
        none = _NOTHING.view(np.int32)
        return lambda: _collapse(
            tree, kinds, False, _NOTHING, none, _NO_SLOTS, below[k], waiting[k : k + 1], 0
        )

    run_all([task(k) for k in range(len(waiting))], threads)
    return WidePlan(tree, kinds, top, waiting, below)


def write_wide(plan: WidePlan, nodes: F32, first: NDArray[np.int64], threads: int = 1) -> I32:
    """Write the wide nodes, and number the blocks of the leaves.

    `first` (4,) holds the next free node, block of flats, balls and rounds, and is moved on.
    Returns the slot of each primitive (P,): block * WIDTH + lane, or its own number for instances.
    """
    slots = np.zeros(len(plan.tree.order), np.int32)
    top = first.copy()
    top[0] += 1  # the root
    waiting = _collapse_top(plan.tree, plan.kinds, True, nodes, slots, top)
    starts = top + np.cumsum(plan.below, axis=0) - plan.below

    def task(k: int) -> Callable[[], object]:
        return lambda: _collapse(
            plan.tree,
            plan.kinds,
            True,
            nodes,
            nodes.view(np.int32),
            slots,
            starts[k],
            waiting[k : k + 1],
            0,
        )

    run_all([task(k) for k in range(len(waiting))], threads)
    first += plan.counts
    return slots


def _collapse_top(
    tree: BinaryTree,
    kinds: NDArray[np.uint8],
    write: bool,
    nodes: F32,
    slots: I32,
    counts: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The uppermost nodes; `counts` includes the root's already. Returns what waits below."""
    root = np.array([[0, counts[0] - 1]], np.int64)
    references = nodes.view(np.int32)
    rest = _collapse(tree, kinds, write, nodes, references, slots, counts, root, _ENOUGH)
    return np.asarray(rest, np.int64)


@entry
def _collapse(
    tree: BinaryTree,
    kinds: NDArray[np.uint8],
    write: bool,
    nodes: F32,
    references: I32,
    slots: I32,
    counts: NDArray[np.int64],
    root: NDArray[np.int64],
    enough: int,
) -> NDArray[np.int64]:
    """Give each wide node the up to `WIDTH` largest descendants of a binary node as children.

    `root` (1, 2) is the binary node to begin with, and its number as a wide node; what is below it
    is numbered from `counts` on. Ends when `enough` nodes wait, and returns those; with 0, when
    none do.
    """
    bounds = view(tree.bounds)
    # The top is opened breadth first, round and round the queue; the rest depth first.
    room = max(enough, (MAX_TREE_DEPTH + 1) * WIDTH) + WIDTH
    queue = np.empty((room, 2), np.int64)
    queue[0, 0] = root[0, 0]
    queue[0, 1] = root[0, 1]
    head = 0
    waiting = 1
    children = np.empty(WIDTH, np.int64)
    while waiting > 0 and (enough == 0 or waiting < enough):
        waiting -= 1
        at = head if enough > 0 else waiting
        if enough > 0:
            head = (head + 1) % room
        binary = queue[at, 0]
        row = queue[at, 1] * NODE_SIZE
        count = _choose_children(tree, bounds, binary, children)
        for k in range(WIDTH):
            if k >= count:
                if write:
                    for axis in range(3):
                        nodes[row + 2 * axis * WIDTH + k] = _INFINITY
                        nodes[row + (2 * axis + 1) * WIDTH + k] = -_INFINITY
                    references[row + CHILD_ROW + k] = 0
                    references[row + CHILD_ROW + WIDTH + k] = 0
                continue
            child = children[k]
            if tree.links[child, 1] == 0:
                reference = counts[0]
                counts[0] += 1
                last = (head + waiting) % room
                queue[last, 0] = child
                queue[last, 1] = reference
                waiting += 1
            else:
                reference = _number_leaf(tree, kinds, child, write, slots, counts)
            if write:
                for axis in range(3):
                    nodes[row + 2 * axis * WIDTH + k] = bounds[child * BOX + axis]
                    nodes[row + (2 * axis + 1) * WIDTH + k] = -bounds[child * BOX + 4 + axis]
                references[row + CHILD_ROW + k] = reference
                references[row + CHILD_ROW + WIDTH + k] = 0
    rest = np.empty((waiting, 2), np.int64)
    for k in range(waiting):
        for column in range(2):  # numba compiles assignments of rows for three seconds
            rest[k, column] = queue[(head + k) % room, column]
    return rest


@device
def _choose_children(
    tree: BinaryTree, bounds: Any, binary: int, children: NDArray[np.int64]
) -> int:
    """Open the largest of a node's descendants until there are enough; returns how many."""
    count = 1
    children[0] = binary
    while count < WIDTH:
        widest = -1
        area = -1.0
        for k in range(count):
            child_area = half_area(bounds, children[k])
            if tree.links[children[k], 1] == 0 and child_area > area:
                area = child_area
                widest = k
        if widest < 0:
            break
        left = tree.links[children[widest], 0]
        children[widest] = left
        children[count] = left + 1
        count += 1
    return count


@device
def _number_leaf(
    tree: BinaryTree,
    kinds: NDArray[np.uint8],
    leaf: int,
    write: bool,
    slots: I32,
    counts: NDArray[np.int64],
) -> Any:
    """Take the next block for a leaf, and the reference to it."""
    first = tree.links[leaf, 0]
    kind = kinds[tree.order[first]]
    if kind == LEAF_INSTANCE:
        index = np.int64(tree.order[first])
        if write:
            slots[index] = index
        return -1 - ((index << 2) | kind)
    counter = 1 if kind == LEAF_FLAT else 2 if kind == LEAF_BALL else 3
    block = counts[counter]
    counts[counter] += 1
    if write:
        for lane in range(tree.links[leaf, 1]):
            slots[tree.order[first + lane]] = block * WIDTH + lane
    return -1 - ((block << 2) | kind)


def pack_flats(
    corners: F32, shears: F32, primitives: I32, slots: I32, blocks: F32, threads: int = 1
) -> None:
    """Write flats, (F, 3, 3) corner and edges, to their slots in the blocks."""
    references = blocks.view(np.int32)
    in_ranges(
        lambda first, last: _pack_flats(
            corners, shears, primitives, slots, blocks, references, first, last
        ),
        len(slots),
        threads,
    )


@entry
def _pack_flats(
    corners: F32,
    shears: F32,
    primitives: I32,
    slots: I32,
    blocks: F32,
    references: I32,
    first: int,
    last: int,
) -> None:
    for i in range(first, last):
        row = slots[i] // WIDTH * (FLAT_ROWS * WIDTH) + slots[i] % WIDTH
        for k in range(9):
            blocks[row + k * WIDTH] = corners[i, k // 3, k % 3]
        blocks[row + 9 * WIDTH] = shears[i]
        references[row + FLAT_PRIMITIVE_ROW * WIDTH] = primitives[i]


def pack_rows(values: F32, primitives: I32, slots: I32, blocks: F32) -> None:
    """Write balls or rounds, (N, C) values, to their slots; the last row of a block is the number
    of the primitive.
    """
    if len(slots):  # many scenes have none, and need not compile this
        _pack_rows(values, primitives, slots, blocks, blocks.view(np.int32))


@entry
def _pack_rows(values: F32, primitives: I32, slots: I32, blocks: F32, references: I32) -> None:
    columns = values.shape[1]
    for i in range(len(slots)):
        row = slots[i] // WIDTH * ((columns + 1) * WIDTH) + slots[i] % WIDTH
        for k in range(columns):
            blocks[row + k * WIDTH] = values[i, k]
        references[row + columns * WIDTH] = primitives[i]
