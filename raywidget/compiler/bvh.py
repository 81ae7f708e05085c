"""The tree over primitives: binned SAH, then collapsed until nodes are as wide as the vectors.

Wald 2007, "On fast construction of SAH-based bounding volume hierarchies"; Wald, Benthin and
Boulos 2008, "Getting rid of packets", for the collapse. A primitive here is a box and a kind; what
is inside does not matter until the leaves are packed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from raywidget.kernels.buffers import make_stack_array, view
from raywidget.kernels.jit import device, entry
from raywidget.kernels.layout import (
    BALL_PRIMITIVE_ROW,
    BALL_ROWS,
    CHILD_ROW,
    F32,
    FLAT_PRIMITIVE_ROW,
    FLAT_ROWS,
    I32,
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

    bounds: F32  # (N, 6) lower corner, upper corner
    links: I32  # (N, 2) leaf: first primitive (in sorted order), count; else left child, 0
    order: I32  # (P,) primitives, sorted so that each leaf is a range


def build_binary_tree(bounds: F32, kinds: NDArray[np.uint8]) -> BinaryTree:
    """Build a tree over boxes (P, 6) of P >= 1 primitives.

    All primitives of a leaf have the same kind, and fill at most one block: `WIDTH` flats or balls,
    or one instance. Instances come first in the list: their number in it is their row.
    """
    count = len(bounds)
    sorted_bounds = bounds.copy()
    sorted_kinds = kinds.copy()
    order = np.arange(count, dtype=np.int32)
    node_bounds = np.empty((2 * count, 6), np.float32)
    links = np.empty((2 * count, 2), np.int32)
    size = _build(sorted_bounds, sorted_kinds, order, node_bounds, links)
    return BinaryTree(node_bounds[:size], links[:size], order)


def count_wide(tree: BinaryTree, kinds: NDArray[np.uint8]) -> tuple[int, int, int]:
    """How many wide nodes, blocks of flats and blocks of balls the collapsed tree will take."""
    counts = np.zeros(3, np.int64)
    nothing = np.empty(0, np.float32)
    _collapse(tree, kinds, False, nothing, nothing.view(np.int32), counts)
    return int(counts[0]), int(counts[1]), int(counts[2])


def collapse(
    tree: BinaryTree, kinds: NDArray[np.uint8], nodes: F32, counts: NDArray[np.int64]
) -> I32:
    """Write the wide nodes, from node ``counts[0]`` on, and number the blocks of the leaves.

    `counts` holds the next free node, block of flats and block of balls, and is moved on. Returns
    the slot of each primitive (P,): block * WIDTH + lane, or its own number for instances.
    """
    return _collapse(tree, kinds, True, nodes, nodes.view(np.int32), counts)


# Boxes lie in flat buffers, BOX numbers each: lower corner, upper corner. (Two-dimensional arrays
# compile twice as long, for index checks that nothing here needs.)
_BOX = 6


@device
def _half_area(boxes: Any, box: int) -> float:
    at = box * _BOX
    dx = boxes[at + 3] - boxes[at]
    dy = boxes[at + 4] - boxes[at + 1]
    dz = boxes[at + 5] - boxes[at + 2]
    return dx * dy + dy * dz + dz * dx


@device
def _clear_box(boxes: Any, box: int) -> None:
    for axis in range(3):
        boxes[box * _BOX + axis] = _INFINITY
        boxes[box * _BOX + 3 + axis] = -_INFINITY


@device
def _grow_box(boxes: Any, box: int, others: Any, other: int) -> None:
    """Make room for another box."""
    for axis in range(3):
        low = box * _BOX + axis
        other_low = other * _BOX + axis
        boxes[low] = min(boxes[low], others[other_low])
        boxes[low + 3] = max(boxes[low + 3], others[other_low + 3])


@device
def _blocks(count: int) -> float:
    """Cost of testing `count` primitives: whole blocks."""
    return single((count + WIDTH - 1) // WIDTH)


class _Sorting(NamedTuple):
    """The primitives, being sorted: three buffers that are permuted together."""

    boxes: Any
    kinds: Any
    order: Any


@device
def _swap(items: _Sorting, i: int, j: int) -> None:
    for k in range(_BOX):
        held = items.boxes[i * _BOX + k]
        items.boxes[i * _BOX + k] = items.boxes[j * _BOX + k]
        items.boxes[j * _BOX + k] = held
    kind = items.kinds[i]
    items.kinds[i] = items.kinds[j]
    items.kinds[j] = kind
    primitive = items.order[i]
    items.order[i] = items.order[j]
    items.order[j] = primitive


@device
def _fits_leaf(items: _Sorting, first: int, last: int) -> bool:
    count = last - first
    if count > WIDTH or (count > 1 and items.kinds[first] == LEAF_INSTANCE):
        return False
    for i in range(first + 1, last):
        if items.kinds[i] != items.kinds[first]:
            return False
    return True


_bin_boxes = make_stack_array(types.float32, 3 * _BINS * _BOX)
_bin_counts = make_stack_array(types.int64, 3 * _BINS)
_right_costs = make_stack_array(types.float32, _BINS)
_side_boxes = make_stack_array(types.float32, 2 * _BOX)
_centres = make_stack_array(types.float32, _BOX)
_scales = make_stack_array(types.float32, 3)
_waiting = make_stack_array(types.int64, 4 * 128)


@entry
def _build(bounds: F32, kinds: NDArray[np.uint8], order: I32, node_bounds: F32, links: I32) -> int:
    """Top down; the larger part of each split waits on the stack, so that it stays small."""
    items = _Sorting(view(bounds), view(kinds), view(order))
    nodes = view(node_bounds)
    waiting = _waiting()  # node, first, last, depth
    count = 0
    size = 1
    node, first, last, depth = 0, 0, len(kinds), 0
    while True:
        _clear_box(nodes, node)
        for i in range(first, last):
            _grow_box(nodes, node, items.boxes, i)
        if _fits_leaf(items, first, last):
            links[node, 0] = first
            links[node, 1] = last - first
            if count == 0:
                return size
            count -= 1
            node = waiting[4 * count]
            first = waiting[4 * count + 1]
            last = waiting[4 * count + 2]
            depth = waiting[4 * count + 3]
            continue
        middle = first
        if depth < _HALVING_DEPTH:
            middle = _split_by_cost(items, first, last, _half_area(nodes, node))
        if middle == first or middle == last:
            middle = _split_by_kind(items, first, last)
        if middle == first or middle == last:
            middle = (first + last) // 2
        links[node, 0] = size
        links[node, 1] = 0
        left_is_larger = middle - first > last - middle
        waiting[4 * count] = size if left_is_larger else size + 1
        waiting[4 * count + 1] = first if left_is_larger else middle
        waiting[4 * count + 2] = middle if left_is_larger else last
        waiting[4 * count + 3] = depth + 1
        count += 1
        if left_is_larger:
            node, first = size + 1, middle
        else:
            node, last = size, middle
        size += 2
        depth += 1


@device
def _split_by_kind(items: _Sorting, first: int, last: int) -> int:
    """Primitives of the first one's kind to the front, if they are few enough to be a leaf soon."""
    if last - first > 4 * WIDTH:
        return first
    kind = items.kinds[first]
    middle = first
    for i in range(first, last):
        if items.kinds[i] == kind:
            _swap(items, i, middle)
            middle += 1
    return middle


@device
def _bin_of(items: _Sorting, i: int, axis: int, centres: Any, scales: Any) -> int:
    """The bin of a primitive along an axis; twice the centre stands for the centre."""
    at = i * _BOX + axis
    offset = items.boxes[at] + items.boxes[at + 3] - centres[axis]
    return min(_BINS - 1, int(offset * scales[axis]))


@device
def _split_by_cost(items: _Sorting, first: int, last: int, node_area: float) -> int:
    """Sort a range into two by the cheapest split; its position, or `first` if there is none."""
    bins = _bin_boxes()
    bin_counts = _bin_counts()
    right_costs = _right_costs()
    side = _side_boxes()
    centres = _centres()
    scales = _scales()

    # --- Extent of the centres, and the largest box -----------------------------------------------
    _clear_box(centres, 0)
    largest = 0.0
    for i in range(first, last):
        largest = max(largest, _half_area(items.boxes, i))
        for axis in range(3):
            centre = items.boxes[i * _BOX + axis] + items.boxes[i * _BOX + axis + 3]
            centres[axis] = min(centres[axis], centre)
            centres[axis + 3] = max(centres[axis + 3], centre)
    for axis in range(3):
        extent = centres[axis + 3] - centres[axis]
        # 0 puts all into the first bin, where no plane separates them
        scales[axis] = _BINS_PER_EXTENT / extent if extent > 1e-30 else 0.0

    # --- Fill the bins of all three axes ----------------------------------------------------------
    for b in range(3 * _BINS):
        _clear_box(bins, b)
        bin_counts[b] = 0
    for i in range(first, last):
        for axis in range(3):
            b = axis * _BINS + _bin_of(items, i, axis, centres, scales)
            _grow_box(bins, b, items.boxes, i)
            bin_counts[b] += 1

    # --- The cheapest plane -----------------------------------------------------------------------
    best_cost = _INFINITY
    best_axis = -1
    best_bin = 0
    for axis in range(3):
        _clear_box(side, 0)
        count = 0
        for b in range(_BINS - 1, 0, -1):
            _grow_box(side, 0, bins, axis * _BINS + b)
            count += bin_counts[axis * _BINS + b]
            right_costs[b] = _half_area(side, 0) * _blocks(count) if count > 0 else _INFINITY
        _clear_box(side, 0)
        count = 0
        for b in range(1, _BINS):
            _grow_box(side, 0, bins, axis * _BINS + b - 1)
            count += bin_counts[axis * _BINS + b - 1]
            if count > 0:
                cost = _half_area(side, 0) * _blocks(count) + right_costs[b]
                if cost < best_cost:
                    best_cost, best_axis, best_bin = cost, axis, b

    # --- Or the largest few apart: a huge ground would stretch every box on the way to its leaf ---
    if largest > _HUGE * node_area:
        threshold = 0.5 * largest
        _clear_box(side, 0)
        _clear_box(side, 1)
        apart = 0
        for i in range(first, last):
            is_large = _half_area(items.boxes, i) >= threshold
            apart += is_large
            _grow_box(side, 1 if is_large else 0, items.boxes, i)
        if apart < last - first:
            cost = _half_area(side, 1) * _blocks(apart)
            cost += _half_area(side, 0) * _blocks(last - first - apart)
            if cost < best_cost:
                middle = first
                for i in range(first, last):
                    if _half_area(items.boxes, i) >= threshold:
                        _swap(items, i, middle)
                        middle += 1
                return middle
    if best_axis < 0:
        return first

    # --- Sort by the plane ------------------------------------------------------------------------
    middle = first
    end = last
    while middle < end:
        if _bin_of(items, middle, best_axis, centres, scales) < best_bin:
            middle += 1
        else:
            end -= 1
            _swap(items, middle, end)
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
                child_area = _half_area(bounds, children[k])
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
                    nodes[row + 2 * axis * WIDTH + k] = bounds[child * _BOX + axis]
                    nodes[row + (2 * axis + 1) * WIDTH + k] = bounds[child * _BOX + 3 + axis]
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
    counter = 1 if kind == LEAF_FLAT else 2
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
def pack_balls(
    centres_radii: F32, primitives: I32, slots: I32, blocks: F32, block_references: I32
) -> None:
    """Write balls, (B, 4) centre and signed radius, to their slots in the blocks."""
    for i in range(len(slots)):
        row = slots[i] // WIDTH * (BALL_ROWS * WIDTH) + slots[i] % WIDTH
        for k in range(4):
            blocks[row + k * WIDTH] = centres_radii[i, k]
        block_references[row + BALL_PRIMITIVE_ROW * WIDTH] = primitives[i]
