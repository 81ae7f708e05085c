"""The primitives of a tree while they are sorted: records of boxes, and what travels with them."""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels.language.boxes import BOX, clear_box, copy_box, grow_box, grow_centres
from raywidget.kernels.language.buffers import make_stack_array
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.language.toolchain import types

# What travels with a primitive's box.
CODE = 3  # its number and its kind
AREA = 7  # half its area, negated: where boxes are put together, that of the largest remains
KIND_BITS = 2
# As a float, a small whole number would be denormal, which makes arithmetic slow though nobody
# looks at its result: 140 ms instead of 109 for 328,000 triangles. With this bit it is not.
TAG = 1 << 29

make_two_boxes = make_stack_array(types.float32, 2 * BOX)
make_record = make_stack_array(types.float32, BOX)


class Items(NamedTuple):
    """The primitives, being sorted."""

    boxes: Any
    codes: Any  # the same memory as int32


@device
def blocks(count: int) -> Any:
    """Cost of testing `count` primitives: whole blocks."""
    return single((count + WIDTH - 1) // WIDTH)


@device
def kind_of(items: Items, i: int) -> Any:
    """The kind of a primitive: one of `layout.LEAF_*`."""
    return items.codes[i * BOX + CODE] & ((1 << KIND_BITS) - 1)


@device
def largest(boxes: Any, box: int) -> Any:
    """Half the area of a primitive, or of the largest one in a box."""
    return -boxes[box * BOX + AREA]


class Halves(NamedTuple):
    """What a split knows of its two halves: two records each."""

    boxes: Any
    centres: Any  # the box around twice the centres


@device
def measure(
    items: Items, first: int, last: int, boxes: Any, box: int, centres: Any, record: int
) -> None:
    """Write the box around a range and that around its centres."""
    # Places of their own can stay in registers.
    around, around_centres = make_record(), make_record()
    clear_box(around, 0)
    clear_box(around_centres, 0)
    for i in range(first, last):
        grow_box(around, 0, items.boxes, i)
        grow_centres(around_centres, 0, items.boxes, i)
    copy_box(boxes, box, around, 0)
    copy_box(centres, record, around_centres, 0)
