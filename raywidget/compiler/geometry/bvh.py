"""The binary tree over primitives, by binned SAH; `wide` makes a tree as wide as the vectors of it.

Wald 2007, "On fast construction of SAH-based bounding volume hierarchies". A primitive here is a
box and a kind; what is inside does not matter until the leaves are packed.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.parallel import in_parts
from raywidget.kernels.geometry.traverse import MAX_TREE_DEPTH
from raywidget.kernels.language.boxes import (
    BOX,
    clear_box,
    copy_box,
    find_bins,
    grow_box,
    grow_centres,
    grow_either,
    half_area,
    swap_boxes,
)
from raywidget.kernels.language.buffers import make_stack_array, view
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.layout import F32, I32, LEAF_INSTANCE

_BINS = 16
_FEWEST_BINS = 4
# Of many primitives, a plane is chosen by so many, but at least every eighth: 0.75 of the time for
# 328,000 triangles, and the area of the nodes stays the same to 1 in 200. Where even that is more
# than `_MOST_SAMPLES`, by fewer: memory is what takes the time there (1.31 million: 0.9 of it).
_SAMPLES = 128
_LONGEST_STEP = 8
_MOST_SAMPLES = 16384
# Large ones must not be missed, the wall of a room: the area became 1.5 times as large. So they are
# looked for, or where that would be a guess for each of a few, all are taken.
_SMALL = 0.01  # of the area of the node
_MANY = 1 << 16
_BELOW_ONE = 0.999  # the last centre still falls into the last bin
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
    leaves: int


def build_binary_tree(boxes: F32, kinds: NDArray[np.uint8], threads: int = 1) -> BinaryTree:
    """Build a tree over P >= 1 primitives, the same one with any number of threads.

    `boxes` (P, 8) are records of `kernels.boxes`, which are sorted on the way.

    All primitives of a leaf have the same kind, and fill at most one block: `WIDTH` flats, balls or
    rounds, or one instance. Instances come first in the list: their number in it is their row.
    """
    count = len(boxes)
    codes = boxes.view(np.int32)
    around: list[F32] = []  # parts of the whole, and their centres

    def mark(first: int, last: int) -> None:
        around.append(np.empty((2, BOX), np.float32))
        _mark(boxes, codes, kinds, first, last, around[-1])

    in_parts(count, threads, mark)
    tree = BinaryTree(
        np.empty((2 * count, BOX), np.float32), np.empty((2 * count, 2), np.int32), codes[:, 0], 0
    )
    tree.bounds[0], whole = np.min(around, axis=0)
    if threads == 1 or count < _WORTH_THREADS:
        part = _Part(0, 0, count, 0, 0, 0)
        leaves = _build(boxes, codes, tree.bounds, tree.links, part, False, whole[None])
    else:
        leaves = _build_in_parts(boxes, codes, tree, whole, threads)
    order = codes[:, _CODE] - _TAG
    order >>= _KIND_BITS
    return tree._replace(order=order, leaves=leaves)


def _build_in_parts(items: F32, codes: I32, tree: BinaryTree, whole: F32, threads: int) -> int:
    """Split large parts one by one, and leave each that is small enough to one thread.

    `whole` is the box round all centres. Returns how many leaves there are.
    """
    leaves = 0
    enough = len(items) // (4 * threads)
    # Whoever splits a part has measured its halves: to do so again when their turn came cost two
    # threads a tenth more CPU than one. Each part that is split is larger than `enough`, and of
    # each level there are fewer than can be.
    centres = np.empty((2 * (4 * threads + 1) * MAX_TREE_DEPTH, BOX), np.float32)
    centres[0] = whole
    used = 1
    with ThreadPoolExecutor(threads, thread_name_prefix="raywidget-build") as pool:

        def submit(part: _Part) -> Future[tuple[int, tuple[_Part, ...]]]:
            nonlocal used
            part = part._replace(halves=used)
            only_one = part.last - part.first > enough
            used += 2 * only_one
            return pool.submit(_build_part, items, codes, tree, part, only_one, centres)

        waiting = {submit(_Part(0, 0, len(items), 0, 0, 0))}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for finished in done:
                more, parts = finished.result()
                leaves += more
                waiting |= {submit(part) for part in parts}
    return leaves


def _build_part(
    items: F32, codes: I32, tree: BinaryTree, part: _Part, only_one: bool, centres: F32
) -> tuple[int, tuple[_Part, ...]]:
    """Build a part, or only its uppermost node; returns leaves made, and parts left to be built."""
    leaves = _build(items, codes, tree.bounds, tree.links, part, only_one, centres)
    child = int(tree.links[part.node, 0])
    if not only_one or tree.links[part.node, 1] > 0:
        return leaves, ()
    middle = child // 2
    return leaves, (
        _Part(child, part.first, middle, part.depth + 1, part.halves, 0),
        _Part(child + 1, middle, part.last, part.depth + 1, part.halves + 1, 0),
    )


# What travels with a primitive's box.
_CODE = 3  # its number and its kind
_AREA = 7  # half its area, negated: where boxes are put together, that of the largest remains
_KIND_BITS = 2
# As a float, a small whole number would be denormal, which makes arithmetic slow though nobody
# looks at its result: 140 ms instead of 109 for 328,000 triangles. With this bit it is not.
_TAG = 1 << 29

_AT_ONCE = 256  # are marked and then measured: they are still in the first cache

# Below this many primitives a build takes a few milliseconds, and threads would cost as much.
_WORTH_THREADS = 20_000


class _Part(NamedTuple):
    """A range of primitives, and the node that is to hold it."""

    node: int  # its box is known
    first: int
    last: int
    depth: int
    centres: int  # row of the box round twice its centres
    halves: int  # where such rows of its halves are to be, if it is only split


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
    return items.codes[i * BOX + _CODE] & ((1 << _KIND_BITS) - 1)


@device
def _largest(boxes: Any, box: int) -> float:
    """Half the area of a primitive, or of the largest one in a box."""
    return -boxes[box * BOX + _AREA]


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
_two_boxes = make_stack_array(types.float32, 2 * BOX)
_record = make_stack_array(types.float32, BOX)
_waiting = make_stack_array(types.int64, 4 * 128)
_waiting_centres = make_stack_array(types.float32, 128 * BOX)


class _Halves(NamedTuple):
    """What a split knows of its two halves: two records each."""

    boxes: Any
    centres: Any  # the box around twice the centres


@entry
def _mark(
    boxes: F32, codes: I32, kinds: NDArray[np.uint8], first: int, last: int, around: F32
) -> None:
    """Write what travels with the boxes of a range; `around` is the box, and that of centres."""
    items = _Items(view(boxes), view(codes))
    records = view(around)
    parts = _two_boxes()
    clear_box(records, 0)
    clear_box(records, 1)
    for begin in range(first, last, _AT_ONCE):
        end = min(begin + _AT_ONCE, last)
        for i in range(begin, end):
            codes[i, _CODE] = _TAG + (i << _KIND_BITS) + kinds[i]
            dx = boxes[i, 4] + boxes[i, 0]
            dy = boxes[i, 5] + boxes[i, 1]
            dz = boxes[i, 6] + boxes[i, 2]
            boxes[i, _AREA] = -(dx * dy + dy * dz + dz * dx)
        _measure(items, begin, end, parts, 0, parts, 1)
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
) -> int:
    """Top down; the larger half of each split waits on the stack, so that it stays small.

    Children are pairs of nodes. A part of primitives has the pairs from its first one on to itself,
    so that threads need not agree on numbers: the first of them for the split that made the part,
    the others, in turn, for splits of its own, so that what will be read together is together. With
    `only_one` just the part's own node is made. Returns how many leaves were.
    """
    items = _Items(view(boxes), view(codes))
    nodes = view(node_bounds)
    chain = view(links)
    given = view(all_centres)
    waiting = _waiting()  # node, first, last, depth
    waiting_centres = _waiting_centres()
    count = leaves = 0
    child = 2 * part.first
    node, first, last, depth = part.node, part.first, part.last, part.depth
    halves = _Halves(_two_boxes(), _two_boxes())
    centres = _record()
    copy_box(centres, 0, given, part.centres)
    while True:
        if _fits_leaf(items, first, last):
            chain[2 * node] = first
            chain[2 * node + 1] = last - first
            leaves += 1
            if count == 0:
                return leaves
            count -= 1
            node = waiting[4 * count]
            first = waiting[4 * count + 1]
            last = waiting[4 * count + 2]
            depth = waiting[4 * count + 3]
            copy_box(centres, 0, waiting_centres, count)
            continue
        middle = first
        if depth < _HALVING_DEPTH:
            middle = _split_by_cost(items, first, last, nodes, node, centres, halves)
        if middle == first or middle == last:
            middle = _split_by_kind(items, first, last)
            if middle == first or middle == last:
                middle = (first + last) // 2
            _measure(items, first, middle, halves.boxes, 0, halves.centres, 0)
            _measure(items, middle, last, halves.boxes, 1, halves.centres, 1)
        child = 2 * middle if only_one else child + 2
        copy_box(nodes, child, halves.boxes, 0)
        copy_box(nodes, child + 1, halves.boxes, 1)
        chain[2 * node] = child
        chain[2 * node + 1] = 0
        if only_one:
            copy_box(given, part.halves, halves.centres, 0)
            copy_box(given, part.halves + 1, halves.centres, 1)
            return 0
        left_is_larger = middle - first > last - middle
        waiting[4 * count] = child if left_is_larger else child + 1
        waiting[4 * count + 1] = first if left_is_larger else middle
        waiting[4 * count + 2] = middle if left_is_larger else last
        waiting[4 * count + 3] = depth + 1
        copy_box(waiting_centres, count, halves.centres, 0 if left_is_larger else 1)
        copy_box(centres, 0, halves.centres, 1 if left_is_larger else 0)
        count += 1
        if left_is_larger:
            node, first = child + 1, middle
        else:
            node, last = child, middle
        depth += 1


@device
def _measure(
    items: _Items, first: int, last: int, boxes: Any, box: int, centres: Any, record: int
) -> None:
    """Write the box around a range and that around its centres."""
    around, around_centres = _record(), _record()  # places of their own can stay in registers
    clear_box(around, 0)
    clear_box(around_centres, 0)
    for i in range(first, last):
        grow_box(around, 0, items.boxes, i)
        grow_centres(around_centres, 0, items.boxes, i)
    copy_box(boxes, box, around, 0)
    copy_box(centres, record, around_centres, 0)


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
def _fill_bins(
    items: _Items, i: int, centres: Any, scales: Any, last: int, bins: Any, counts: Any, weight: int
) -> None:
    """Put a primitive, which stands for so many, into the bins of all three axes."""
    x, y, z = find_bins(items.boxes, i, centres, scales, last)
    y += _BINS
    z += 2 * _BINS
    grow_box(bins, x, items.boxes, i)
    grow_box(bins, y, items.boxes, i)
    grow_box(bins, z, items.boxes, i)
    counts[x] += weight
    counts[y] += weight
    counts[z] += weight


@device
def _split_by_cost(
    items: _Items, first: int, last: int, nodes: Any, node: int, centres: Any, halves: _Halves
) -> int:
    """Sort a range into two by the cheapest split; its position, or `first` if there is none.

    Where it is between the two, the halves have been measured.
    """
    node_area = half_area(nodes, node)
    largest = _largest(nodes, node)
    bins = _bin_boxes()
    bin_counts = _bin_counts()
    right_costs = _right_costs()
    side = _two_boxes()
    scales = _record()
    clear_box(scales, 0)
    # Few primitives need few bins: their sweeps took a third of the build.
    used = min(_BINS, _FEWEST_BINS + (last - first) // 4)
    for axis in range(3):
        extent = -centres[axis + 4] - centres[axis]
        # 0 puts all into the first bin, where no plane separates them
        scales[axis] = single(used) * _BELOW_ONE / extent if extent > 1e-30 else 0.0

    # --- Fill the bins of all three axes ----------------------------------------------------------
    for axis in range(3):
        for b in range(axis * _BINS, axis * _BINS + used):
            clear_box(bins, b)
            bin_counts[b] = 0
    step = max(1, min((last - first) // _SAMPLES, _LONGEST_STEP))
    if last - first > _LONGEST_STEP * _MOST_SAMPLES:
        step = (last - first) // _MOST_SAMPLES | 1  # odd: meshes have rows of even lengths
    large = _SMALL * node_area
    if largest < large:
        large = _INFINITY
    elif last - first < _MANY:
        step, large = 1, _INFINITY
    for i in range(first, last, step):
        if _largest(items.boxes, i) < large:
            _fill_bins(items, i, centres, scales, used - 1, bins, bin_counts, step)
    if large < _INFINITY:
        for i in range(first, last):
            if _largest(items.boxes, i) >= large:
                _fill_bins(items, i, centres, scales, used - 1, bins, bin_counts, 1)

    # --- The cheapest plane -----------------------------------------------------------------------
    best_cost = _INFINITY
    best_axis = -1
    best_bin = 0
    for axis in range(3):
        clear_box(side, 0)
        count = 0
        for b in range(used - 1, 0, -1):
            grow_box(side, 0, bins, axis * _BINS + b)
            count += bin_counts[axis * _BINS + b]
            right_costs[b] = half_area(side, 0) * _blocks(count) if count > 0 else _INFINITY
        clear_box(side, 0)
        count = 0
        for b in range(1, used):
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
            is_large = _largest(items.boxes, i) >= threshold
            apart += is_large
            grow_box(side, 0 if is_large else 1, items.boxes, i)
        if apart < last - first:
            cost = half_area(side, 0) * _blocks(apart)
            cost += half_area(side, 1) * _blocks(last - first - apart)
            if cost < best_cost:
                middle = first
                left, right = _two_boxes(), _two_boxes()
                _clear_halves(left, right)
                for i in range(first, last):
                    is_large = _largest(items.boxes, i) >= threshold
                    grow_either(left, right, is_large, items.boxes, i)
                    swap_boxes(items.boxes, i, middle)
                    middle += is_large
                _copy_halves(halves, left, right)
                return middle
    if best_axis < 0:
        return first

    # --- Sort by the plane ------------------------------------------------------------------------
    # Without a branch: a processor would guess every other one wrongly. The halves are measured on
    # the way: to do so afterwards took 1.3 times as long where they don't fit into a cache.
    middle = first
    left, right = _two_boxes(), _two_boxes()
    _clear_halves(left, right)
    lowest, scale, plane = centres[best_axis], scales[best_axis], single(best_bin)
    for i in range(first, last):
        at = i * BOX + best_axis
        twice_the_centre = items.boxes[at] - items.boxes[at + 4]
        is_left = (twice_the_centre - lowest) * scale < plane
        grow_either(left, right, is_left, items.boxes, i)
        swap_boxes(items.boxes, i, middle)  # what was passed from there on belongs to the right
        middle += is_left
    _copy_halves(halves, left, right)
    return middle


@device
def _clear_halves(left: Any, right: Any) -> None:
    for k in range(2):
        clear_box(left, k)
        clear_box(right, k)


@device
def _copy_halves(halves: _Halves, left: Any, right: Any) -> None:
    """`left` and `right` are places of their own: they can stay in registers."""
    copy_box(halves.boxes, 0, left, 0)
    copy_box(halves.boxes, 1, right, 0)
    copy_box(halves.centres, 0, left, 1)
    copy_box(halves.centres, 1, right, 1)
