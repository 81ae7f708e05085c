"""The tree over primitives: binned SAH, then collapsed until nodes are as wide as the vectors.

Wald 2007, "On fast construction of SAH-based bounding volume hierarchies"; Wald, Benthin and
Boulos 2008, "Getting rid of packets", for the collapse. A primitive here is a box and a kind; what
is inside does not matter until the leaves are packed.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from raywidget.kernels.boxes import (
    BOX,
    clear_box,
    find_bins,
    grow_box,
    grow_centres,
    half_area,
    swap_boxes,
)
from raywidget.kernels.buffers import make_stack_array, view
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
from raywidget.kernels.scalars import single
from raywidget.kernels.simd import WIDTH
from raywidget.kernels.traverse import MAX_TREE_DEPTH

_BINS = 16
_BINS_PER_EXTENT = _BINS * 0.999  # the last centre still falls into the last bin
_INFINITY = float("inf")

# From this depth on, nodes are halved instead of split by cost: with at most 2^27 primitives no
# path is then longer than MAX_TREE_DEPTH.
_HALVING_DEPTH = MAX_TREE_DEPTH - 30

# A primitive whose box has more than this share of its node's area may be set apart: 1.5 instead of
# 1.6 nodes per ray on four hundred spheres over a huge ground.
_HUGE = 0.3


class BinaryTree(NamedTuple):
    """The tree before its collapse; node 0 is the root."""

    bounds: F32  # (N, 8) records of `kernels.boxes`
    links: I32  # (N, 2) leaf: first primitive (in sorted order), count; else left child, 0
    order: I32  # (P,) primitives, sorted so that each leaf is a range


def build_binary_tree(bounds: F32, kinds: NDArray[np.uint8], threads: int = 1) -> BinaryTree:
    """Build a tree over boxes (P, 6) of P >= 1 primitives, the same one with any number of threads.

    All primitives of a leaf have the same kind, and fill at most one block: `WIDTH` flats, balls or
    rounds, or one instance. Instances come first in the list: their number in it is their row.
    """
    count = len(bounds)
    items = np.empty((count, BOX), np.float32)
    items[:, :3] = bounds[:, :3]
    np.negative(bounds[:, 3:], out=items[:, 4:7])
    codes = items.view(np.int32)
    codes[:, _PRIMITIVE] = np.arange(count)
    codes[:, _KIND] = kinds
    tree = BinaryTree(
        np.empty((2 * count, BOX), np.float32), np.empty((2 * count, 2), np.int32), codes[:, 0]
    )
    if threads == 1 or count < _WORTH_THREADS:
        _build(items, codes, tree.bounds, tree.links, _Part(0, 0, count, 0), False)
    else:
        _build_in_parts(items, codes, tree, threads)
    return tree._replace(order=np.ascontiguousarray(codes[:, _PRIMITIVE]))


def _build_in_parts(items: F32, codes: I32, tree: BinaryTree, threads: int) -> None:
    """Split large parts one by one, and leave each that is small enough to one thread."""
    enough = len(items) // (4 * threads)
    with ThreadPoolExecutor(threads, thread_name_prefix="raywidget-build") as pool:
        waiting = {pool.submit(_build_part, items, codes, tree, _Part(0, 0, len(items), 0), enough)}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for finished in done:
                for part in finished.result():
                    waiting.add(pool.submit(_build_part, items, codes, tree, part, enough))


def _build_part(
    items: F32, codes: I32, tree: BinaryTree, part: _Part, enough: int
) -> tuple[_Part, ...]:
    """Build a part, or only its uppermost node; returns the parts that are left to be built."""
    only_one = part.last - part.first > enough
    _build(items, codes, tree.bounds, tree.links, part, only_one)
    child = int(tree.links[part.node, 0])
    if not only_one or tree.links[part.node, 1] > 0:
        return ()
    middle = child // 2
    return (
        _Part(child, part.first, middle, part.depth + 1),
        _Part(child + 1, middle, part.last, part.depth + 1),
    )


def count_wide(tree: BinaryTree, kinds: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many wide nodes, and blocks of flats, balls and rounds, the collapsed tree will take."""
    counts = np.zeros(4, np.int64)
    nothing = np.empty(0, np.float32)
    _collapse(tree, kinds, False, nothing, nothing.view(np.int32), counts)
    return counts


def collapse(
    tree: BinaryTree, kinds: NDArray[np.uint8], nodes: F32, counts: NDArray[np.int64]
) -> I32:
    """Write the wide nodes, from node ``counts[0]`` on, and number the blocks of the leaves.

    `counts` holds the next free node, block of flats, balls and rounds, and is moved on. Returns
    the slot of each primitive (P,): block * WIDTH + lane, or its own number for instances.
    """
    return _collapse(tree, kinds, True, nodes, nodes.view(np.int32), counts)


# What travels with a primitive's box.
_PRIMITIVE = 3  # its number
_KIND = 7

# Below this many primitives a build takes a few milliseconds, and threads would cost as much.
_WORTH_THREADS = 20_000


class _Part(NamedTuple):
    """A range of primitives, and the node that is to hold it."""

    node: int
    first: int
    last: int
    depth: int


class _Items(NamedTuple):
    """The primitives, being sorted."""

    boxes: Any
    codes: Any  # the same memory as int32


@device
def _blocks(count: int) -> float:
    """Cost of testing `count` primitives: whole blocks."""
    return single((count + WIDTH - 1) // WIDTH)


@device
def _kind(items: _Items, i: int) -> int:
    return items.codes[i * BOX + _KIND]


@device
def _fits_leaf(items: _Items, first: int, last: int) -> bool:
    count = last - first
    if count > WIDTH or (count > 1 and _kind(items, first) == LEAF_INSTANCE):
        return False
    for i in range(first + 1, last):
        if _kind(items, i) != _kind(items, first):
            return False
    return True


_bin_boxes = make_stack_array(types.float32, 3 * _BINS * BOX)
_bin_counts = make_stack_array(types.int64, 3 * _BINS)
_right_costs = make_stack_array(types.float32, _BINS)
_side_boxes = make_stack_array(types.float32, 2 * BOX)
_record = make_stack_array(types.float32, BOX)
_waiting = make_stack_array(types.int64, 4 * 128)


@entry
def _build(
    boxes: F32, codes: I32, node_bounds: F32, links: I32, part: _Part, only_one: bool
) -> None:
    """Top down; the larger half of each split waits on the stack, so that it stays small.

    The children of a node that is split before primitive m are nodes 2 m and 2 m + 1: no other
    split is there, so threads need not agree on numbers. With `only_one` just the part's own node
    is made.
    """
    items = _Items(view(boxes), view(codes))
    nodes = view(node_bounds)
    waiting = _waiting()  # node, first, last, depth
    count = 0
    node, first, last, depth = part.node, part.first, part.last, part.depth
    bounds = _record()
    while True:
        clear_box(bounds, 0)  # a place of its own can stay in a register
        for i in range(first, last):
            grow_box(bounds, 0, items.boxes, i)
        clear_box(nodes, node)
        grow_box(nodes, node, bounds, 0)
        if _fits_leaf(items, first, last):
            links[node, 0] = first
            links[node, 1] = last - first
            if count == 0:
                return
            count -= 1
            node = waiting[4 * count]
            first = waiting[4 * count + 1]
            last = waiting[4 * count + 2]
            depth = waiting[4 * count + 3]
            continue
        middle = first
        if depth < _HALVING_DEPTH:
            middle = _split_by_cost(items, first, last, half_area(nodes, node))
        if middle == first or middle == last:
            middle = _split_by_kind(items, first, last)
        if middle == first or middle == last:
            middle = (first + last) // 2
        links[node, 0] = 2 * middle
        links[node, 1] = 0
        if only_one:
            return
        left_is_larger = middle - first > last - middle
        waiting[4 * count] = 2 * middle if left_is_larger else 2 * middle + 1
        waiting[4 * count + 1] = first if left_is_larger else middle
        waiting[4 * count + 2] = middle if left_is_larger else last
        waiting[4 * count + 3] = depth + 1
        count += 1
        if left_is_larger:
            node, first = 2 * middle + 1, middle
        else:
            node, last = 2 * middle, middle
        depth += 1


@device
def _split_by_kind(items: _Items, first: int, last: int) -> int:
    """Primitives of the first one's kind to the front, if they are few enough to be a leaf soon."""
    if last - first > 4 * WIDTH:
        return first
    kind = _kind(items, first)
    middle = first
    for i in range(first, last):
        if _kind(items, i) == kind:
            swap_boxes(items.boxes, i, middle)
            middle += 1
    return middle


@device
def _split_by_cost(items: _Items, first: int, last: int, node_area: float) -> int:
    """Sort a range into two by the cheapest split; its position, or `first` if there is none."""
    bins = _bin_boxes()
    bin_counts = _bin_counts()
    right_costs = _right_costs()
    side = _side_boxes()
    centres = _record()
    scales = _record()

    # --- Extent of the centres, and the largest box -----------------------------------------------
    clear_box(centres, 0)
    largest = 0.0
    for i in range(first, last):
        largest = max(largest, half_area(items.boxes, i))
        grow_centres(centres, 0, items.boxes, i)
    clear_box(scales, 0)
    for axis in range(3):
        extent = -centres[axis + 4] - centres[axis]
        # 0 puts all into the first bin, where no plane separates them
        scales[axis] = _BINS_PER_EXTENT / extent if extent > 1e-30 else 0.0

    # --- Fill the bins of all three axes ----------------------------------------------------------
    for b in range(3 * _BINS):
        clear_box(bins, b)
        bin_counts[b] = 0
    for i in range(first, last):
        x, y, z = find_bins(items.boxes, i, centres, scales, _BINS - 1)
        y += _BINS
        z += 2 * _BINS
        grow_box(bins, x, items.boxes, i)
        grow_box(bins, y, items.boxes, i)
        grow_box(bins, z, items.boxes, i)
        bin_counts[x] += 1
        bin_counts[y] += 1
        bin_counts[z] += 1

    # --- The cheapest plane -----------------------------------------------------------------------
    best_cost = _INFINITY
    best_axis = -1
    best_bin = 0
    for axis in range(3):
        clear_box(side, 0)
        count = 0
        for b in range(_BINS - 1, 0, -1):
            grow_box(side, 0, bins, axis * _BINS + b)
            count += bin_counts[axis * _BINS + b]
            right_costs[b] = half_area(side, 0) * _blocks(count) if count > 0 else _INFINITY
        clear_box(side, 0)
        count = 0
        for b in range(1, _BINS):
            grow_box(side, 0, bins, axis * _BINS + b - 1)
            count += bin_counts[axis * _BINS + b - 1]
            if count > 0:
                cost = half_area(side, 0) * _blocks(count) + right_costs[b]
                if cost < best_cost:
                    best_cost, best_axis, best_bin = cost, axis, b

    # --- Or the largest few apart: a huge ground would stretch every box on the way to its leaf ---
    if largest > _HUGE * node_area:
        threshold = 0.5 * largest
        clear_box(side, 0)
        clear_box(side, 1)
        apart = 0
        for i in range(first, last):
            is_large = half_area(items.boxes, i) >= threshold
            apart += is_large
            grow_box(side, 1 if is_large else 0, items.boxes, i)
        if apart < last - first:
            cost = half_area(side, 1) * _blocks(apart)
            cost += half_area(side, 0) * _blocks(last - first - apart)
            if cost < best_cost:
                middle = first
                for i in range(first, last):
                    if half_area(items.boxes, i) >= threshold:
                        swap_boxes(items.boxes, i, middle)
                        middle += 1
                return middle
    if best_axis < 0:
        return first

    # --- Sort by the plane ------------------------------------------------------------------------
    middle = first
    end = last
    while middle < end:
        x, y, z = find_bins(items.boxes, middle, centres, scales, _BINS - 1)
        number = x if best_axis == 0 else (y if best_axis == 1 else z)
        if number < best_bin:
            middle += 1
        else:
            end -= 1
            swap_boxes(items.boxes, middle, end)
    return middle


@entry
def _collapse(
    tree: BinaryTree,
    kinds: NDArray[np.uint8],
    write: bool,
    nodes: F32,
    references: I32,
    counts: NDArray[np.int64],
) -> I32:
    """Give each wide node the up to `WIDTH` largest descendants of a binary node as children."""
    bounds = view(tree.bounds)
    slots = np.zeros(len(tree.order) if write else 0, np.int32)
    stack = np.empty((len(tree.links) // 2 + 2, 2), np.int64)  # binary node, wide node
    children = np.empty(WIDTH, np.int64)
    stack[0, 0] = 0
    stack[0, 1] = counts[0]
    counts[0] += 1
    waiting = 1
    while waiting > 0:
        waiting -= 1
        binary = stack[waiting, 0]
        row = stack[waiting, 1] * NODE_SIZE
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
                stack[waiting, 0] = child
                stack[waiting, 1] = reference
                waiting += 1
            else:
                reference = _number_leaf(tree, kinds, child, write, slots, counts)
            if write:
                for axis in range(3):
                    nodes[row + 2 * axis * WIDTH + k] = bounds[child * BOX + axis]
                    nodes[row + (2 * axis + 1) * WIDTH + k] = -bounds[child * BOX + 4 + axis]
                references[row + CHILD_ROW + k] = reference
                references[row + CHILD_ROW + WIDTH + k] = 0
    return slots


@device
def _number_leaf(
    tree: BinaryTree,
    kinds: NDArray[np.uint8],
    leaf: int,
    write: bool,
    slots: I32,
    counts: NDArray[np.int64],
) -> int:
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


@entry
def pack_flats(
    corners: F32, shears: F32, primitives: I32, slots: I32, blocks: F32, block_references: I32
) -> None:
    """Write flats, (F, 3, 3) corner and edges, to their slots in the blocks."""
    for i in range(len(slots)):
        row = slots[i] // WIDTH * (FLAT_ROWS * WIDTH) + slots[i] % WIDTH
        for k in range(9):
            blocks[row + k * WIDTH] = corners[i, k // 3, k % 3]
        blocks[row + 9 * WIDTH] = shears[i]
        block_references[row + FLAT_PRIMITIVE_ROW * WIDTH] = primitives[i]


@entry
def pack_rows(values: F32, primitives: I32, slots: I32, blocks: F32, block_references: I32) -> None:
    """Write balls or rounds, (N, C) values, to their slots; the last row of a block is the number
    of the primitive.
    """
    columns = values.shape[1]
    for i in range(len(slots)):
        row = slots[i] // WIDTH * ((columns + 1) * WIDTH) + slots[i] % WIDTH
        for k in range(columns):
            blocks[row + k * WIDTH] = values[i, k]
        block_references[row + columns * WIDTH] = primitives[i]
