"""How a part of a tree's primitives is split in two: by planes, by size, by kind.

Wald 2007, "On fast construction of SAH-based bounding volume hierarchies".
"""

from __future__ import annotations

from typing import Any

from raywidget.compiler.geometry.items import (
    Halves,
    Items,
    blocks,
    kind_of,
    largest,
    make_record,
    make_two_boxes,
)
from raywidget.compiler.geometry.spatial_splits import OutlinesView, find_plane, split_by_plane
from raywidget.kernels.language.boxes import (
    BOX,
    clear_box,
    copy_box,
    find_bins,
    grow_box,
    grow_either,
    half_area,
    swap_boxes,
)
from raywidget.kernels.language.buffers import make_stack_array
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.language.toolchain import types

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

# A primitive whose box has more than this share of its node's area may be set apart: 1.5 instead of
# 1.6 nodes per ray on four hundred spheres over a huge ground.
_HUGE = 0.3

# Where the halves of a node overlap by more than this share of the root's area, it may be worth to
# cut something (Stich, Friedrich and Dietrich 2009, section 4.1, who have 1e-5: it takes twice as
# long, and gains nothing more in public interiors).
_OVERLAP = 1e-4
_OWN_OVERLAP = 0.4  # and of the node's: of regular meshes, nobody asks then

_bin_boxes = make_stack_array(types.float32, 3 * _BINS * BOX)
_bin_counts = make_stack_array(types.int64, 3 * _BINS)
_right_costs = make_stack_array(types.float32, _BINS)


@device
def split_by_kind(items: Items, first: int, last: int) -> int:
    """Primitives of the first one's kind to the front, if they are few enough to be a leaf soon."""
    if last - first > 4 * WIDTH:
        return first
    kind = kind_of(items, first)
    middle = first
    for i in range(first, last):
        if kind_of(items, i) == kind:
            swap_boxes(items.boxes, i, middle)
            middle += 1
    return middle


@device
def _fill_bins(
    items: Items, i: int, centres: Any, scales: Any, last: int, bins: Any, counts: Any, weight: int
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
def split_by_cost(
    items: Items,
    outlines: OutlinesView,
    first: int,
    last: int,
    end: int,
    nodes: Any,
    node: int,
    centres: Any,
    halves: Halves,
    most: float,
) -> tuple[int, int]:
    """Sort a range into two by the cheapest split, if one costs less than `most`.

    Where the right half begins, or `first` if there is no such split, and where it ends: flats that
    are cut make it longer, up to `end`. Where it begins behind `first`, halves have been measured.
    """
    node_area = half_area(nodes, node)
    widest = largest(nodes, node)
    bins = _bin_boxes()
    bin_counts = _bin_counts()
    right_costs = _right_costs()
    side = make_two_boxes()
    scales = make_record()
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
    if widest < large:
        large = _INFINITY
    elif last - first < _MANY:
        step, large = 1, _INFINITY
    for i in range(first, last, step):
        if largest(items.boxes, i) < large:
            _fill_bins(items, i, centres, scales, used - 1, bins, bin_counts, step)
    if large < _INFINITY:
        for i in range(first, last):
            if largest(items.boxes, i) >= large:
                _fill_bins(items, i, centres, scales, used - 1, bins, bin_counts, 1)

    # --- The cheapest plane -----------------------------------------------------------------------
    best_cost = most
    best_axis = -1
    best_bin = 0
    for axis in range(3):
        clear_box(side, 0)
        count = 0
        for b in range(used - 1, 0, -1):
            grow_box(side, 0, bins, axis * _BINS + b)
            count += bin_counts[axis * _BINS + b]
            right_costs[b] = half_area(side, 0) * blocks(count) if count > 0 else _INFINITY
        clear_box(side, 0)
        count = 0
        for b in range(1, used):
            grow_box(side, 0, bins, axis * _BINS + b - 1)
            count += bin_counts[axis * _BINS + b - 1]
            if count > 0:
                cost = half_area(side, 0) * blocks(count) + right_costs[b]
                if cost < best_cost:
                    best_cost, best_axis, best_bin = cost, axis, b
    overlap = node_area
    if best_axis >= 0:
        clear_box(side, 0)
        clear_box(side, 1)
        for b in range(used):
            grow_box(side, 0 if b < best_bin else 1, bins, best_axis * _BINS + b)
        overlap = _shared_area(side)

    # --- Or the largest few apart: a huge ground would stretch every box on the way to its leaf ---
    threshold = _INFINITY
    apart = 0
    if widest > _HUGE * node_area:
        threshold = 0.5 * widest
        clear_box(side, 0)
        clear_box(side, 1)
        for i in range(first, last):
            is_large = largest(items.boxes, i) >= threshold
            apart += is_large
            grow_box(side, 0 if is_large else 1, items.boxes, i)
        cost = _INFINITY
        if apart < last - first:
            cost = half_area(side, 0) * blocks(apart)
            cost += half_area(side, 1) * blocks(last - first - apart)
        if cost < best_cost:
            best_cost = cost
            overlap = _shared_area(side)
        else:
            threshold = _INFINITY

    # --- Or a plane that cuts what lies across it -------------------------------------------------
    may_cut = outlines.are_there and end > last and last - first > WIDTH
    worth = max(single(_OVERLAP) * half_area(nodes, 0), single(_OWN_OVERLAP) * node_area)
    if may_cut and overlap > worth:
        plane = find_plane(items, outlines, first, last, nodes, node, best_cost)
        if plane.axis >= 0:
            middle, new_last = split_by_plane(items, outlines, first, last, end, plane, halves)
            if middle > first and middle < new_last:
                return middle, new_last

    middle = first
    if threshold < _INFINITY:
        left, right = make_two_boxes(), make_two_boxes()
        _clear_halves(left, right)
        for i in range(first, last):
            is_large = largest(items.boxes, i) >= threshold
            grow_either(left, right, is_large, items.boxes, i)
            swap_boxes(items.boxes, i, middle)
            middle += is_large
        _copy_halves(halves, left, right)
        return middle, last
    if best_axis < 0:
        return first, last

    # --- Sort by the plane ------------------------------------------------------------------------
    # Without a branch: a processor would guess every other one wrongly. The halves are measured on
    # the way: to do so afterwards took 1.3 times as long where they don't fit into a cache.
    left, right = make_two_boxes(), make_two_boxes()
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
    return middle, last


@device
def _shared_area(sides: Any) -> Any:
    """Half the area of what two boxes have in common."""
    x = max(sides[0], sides[BOX]) + max(sides[4], sides[BOX + 4])
    y = max(sides[1], sides[BOX + 1]) + max(sides[5], sides[BOX + 5])
    z = max(sides[2], sides[BOX + 2]) + max(sides[6], sides[BOX + 6])
    return x * y + y * z + z * x if max(x, max(y, z)) <= 0.0 else single(0.0)


@device
def _clear_halves(left: Any, right: Any) -> None:
    for k in range(2):
        clear_box(left, k)
        clear_box(right, k)


@device
def _copy_halves(halves: Halves, left: Any, right: Any) -> None:
    """`left` and `right` are places of their own: they can stay in registers."""
    copy_box(halves.boxes, 0, left, 0)
    copy_box(halves.boxes, 1, right, 0)
    copy_box(halves.centres, 0, left, 1)
    copy_box(halves.centres, 1, right, 1)
