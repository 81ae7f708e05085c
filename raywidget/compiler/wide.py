"""The tree that rays walk through: nodes as wide as the vectors, leaves packed into blocks.

Wald, Benthin and Boulos 2008, "Getting rid of packets", for the collapse of the binary tree.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.bvh import BinaryTree
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


def aligned_zeros(size: int) -> F32:
    """Zeros (size,) that start at a cache line, so that no vector straddles two."""
    memory = np.zeros(size + CACHE_LINE // 4, np.float32)
    start = -memory.ctypes.data % CACHE_LINE // 4
    return memory[start : start + size]


def collapse(
    tree: BinaryTree, kinds: NDArray[np.uint8], counts: NDArray[np.int64]
) -> tuple[F32, I32]:
    """Make wide nodes of a binary tree, and number the blocks of its leaves.

    `counts` (4,) holds the next free node, block of flats, balls and rounds, and is moved on.
    Returns the nodes, and the slot of each primitive (P,): block * WIDTH + lane, or its own number
    for instances.
    """
    # How many there will be is known at the end; what is not written takes no memory until then.
    nodes = np.zeros(max(1, tree.leaves - 1) * NODE_SIZE, np.float32)
    slots = np.empty(len(tree.order), np.int32)
    first = counts[0]
    _collapse(tree, kinds, nodes, nodes.view(np.int32), slots, counts)
    return nodes[: (counts[0] - first) * NODE_SIZE], slots


@entry
def _collapse(
    tree: BinaryTree,
    kinds: NDArray[np.uint8],
    nodes: F32,
    references: I32,
    slots: I32,
    counts: NDArray[np.int64],
) -> None:
    """Give each wide node the up to `WIDTH` largest descendants of a binary node as children."""
    bounds = view(tree.bounds)
    first = counts[0]
    # Depth first: of each level, no more wait than a node has children.
    waiting = np.empty(((MAX_TREE_DEPTH + 1) * WIDTH, 2), np.int64)  # binary node, wide node
    waiting[0, 0] = 0
    waiting[0, 1] = first
    counts[0] += 1
    count_waiting = 1
    children = np.empty(WIDTH, np.int64)
    while count_waiting > 0:
        count_waiting -= 1
        row = (waiting[count_waiting, 1] - first) * NODE_SIZE
        count = _choose_children(tree, bounds, waiting[count_waiting, 0], children)
        for k in range(WIDTH):
            if k >= count:
                for axis in range(3):
                    nodes[row + 2 * axis * WIDTH + k] = _INFINITY
                    nodes[row + (2 * axis + 1) * WIDTH + k] = -_INFINITY
                continue
            child = children[k]
            if tree.links[child, 1] == 0:
                reference = counts[0]
                counts[0] += 1
                waiting[count_waiting, 0] = child
                waiting[count_waiting, 1] = reference
                count_waiting += 1
            else:
                reference = _number_leaf(tree, kinds, child, slots, counts)
            for axis in range(3):
                nodes[row + 2 * axis * WIDTH + k] = bounds[child * BOX + axis]
                nodes[row + (2 * axis + 1) * WIDTH + k] = -bounds[child * BOX + 4 + axis]
            references[row + CHILD_ROW + k] = reference


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
    slots: I32,
    counts: NDArray[np.int64],
) -> Any:
    """Take the next block for a leaf, and the reference to it."""
    first = tree.links[leaf, 0]
    kind = kinds[tree.order[first]]
    if kind == LEAF_INSTANCE:
        index = np.int64(tree.order[first])
        slots[index] = index
        return -1 - ((index << 2) | kind)
    counter = 1 if kind == LEAF_FLAT else 2 if kind == LEAF_BALL else 3
    block = counts[counter]
    counts[counter] += 1
    for lane in range(tree.links[leaf, 1]):
        slots[tree.order[first + lane]] = block * WIDTH + lane
    return -1 - ((block << 2) | kind)


def pack_flats(corners: F32, shears: F32, primitives: I32, slots: I32, blocks: F32) -> None:
    """Write flats, (F, 3, 3) corner and edges, to their slots in the blocks."""
    if len(slots):
        _pack_flats(corners, shears, primitives, slots, blocks, blocks.view(np.int32))


@entry
def _pack_flats(
    corners: F32, shears: F32, primitives: I32, slots: I32, blocks: F32, references: I32
) -> None:
    # In one thread: what takes time is the memory, and two were slower.
    for i in range(len(slots)):
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
