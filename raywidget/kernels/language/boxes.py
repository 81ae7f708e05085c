"""Boxes as the tree's builder keeps them: records of eight float32, one vector each.

Elements 0-2 are the lower corner, 4-6 the upper corner negated, so that one minimum of two vectors
makes the box around two boxes. Elements 3 and 7 are free for whatever travels with a box (their
minimum means nothing).
"""

from __future__ import annotations

from typing import Any

from raywidget.kernels.language.jit import device, intrinsic
from raywidget.kernels.language.toolchain import cgutils, ir, types

BOX = 8  # float32 a record

_VECTOR = ir.VectorType(ir.FloatType(), BOX)
_INT = ir.IntType(32)


def _record(context: Any, builder: Any, buffer: Any, index: Any, index_type: Any) -> Any:
    """Pointer to record `index` of a buffer, as one vector."""
    number = context.cast(builder, index, index_type, types.intp)
    element = builder.mul(number, ir.Constant(number.type, BOX))
    return builder.bitcast(builder.gep(buffer, [element]), _VECTOR.as_pointer())


def _load(builder: Any, pointer: Any) -> Any:
    loaded = builder.load(pointer)
    loaded.align = 4
    return loaded


def _store(builder: Any, value: Any, pointer: Any) -> None:
    builder.store(value, pointer).align = 4


def _minimum(builder: Any, a: Any, b: Any) -> Any:
    """Of two vectors without NaN, element by element.

    Not a comparison and a choice: stored over one of the two, that becomes a masked store, which
    AMD's processors with AVX2 take some 40 steps for (a build took 2.3 times as long).
    """
    kind = ir.FunctionType(_VECTOR, [_VECTOR, _VECTOR])
    name = f"llvm.minnum.v{BOX}f32"
    function = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.call(function, [a, b], fastmath=("nnan",))


@intrinsic
def grow_box(typing: Any, boxes: Any, box: Any, others: Any, other: Any) -> Any:
    """Make record `box` large enough for record `other` of another buffer."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        into = _record(context, builder, args[0], args[1], sig.args[1])
        a = _load(builder, into)
        b = _load(builder, _record(context, builder, args[2], args[3], sig.args[3]))
        _store(builder, _minimum(builder, a, b), into)
        return context.get_dummy_value()

    return types.void(boxes, box, others, other), generate


@intrinsic
def swap_boxes(typing: Any, boxes: Any, i: Any, j: Any) -> Any:
    """Exchange two records, with what travels with them."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        first = _record(context, builder, args[0], args[1], sig.args[1])
        second = _record(context, builder, args[0], args[2], sig.args[2])
        a, b = _load(builder, first), _load(builder, second)
        _store(builder, b, first)
        _store(builder, a, second)
        return context.get_dummy_value()

    return types.void(boxes, i, j), generate


_WITHOUT_EXTRAS = ir.Constant(ir.VectorType(ir.IntType(1), BOX), [1, 1, 1, 0] * 2)
_SWAPPED_HALVES = ir.Constant(ir.VectorType(_INT, BOX), [4, 5, 6, 7, 0, 1, 2, 3])


def _twice_the_centre(builder: Any, box: Any) -> Any:
    """Of a box, as a record: lower + upper, and its negative."""
    # What travels along is not a number: arithmetic on its bits could be slow (denormal).
    zero = ir.Constant(_VECTOR, [0.0] * BOX)
    corners = builder.select(_WITHOUT_EXTRAS, box, zero)
    return builder.fsub(corners, builder.shuffle_vector(corners, zero, _SWAPPED_HALVES))


@intrinsic
def grow_centres(typing: Any, centres: Any, box: Any, others: Any, other: Any) -> Any:
    """Make record `box` large enough for twice the centre of record `other`."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        into = _record(context, builder, args[0], args[1], sig.args[1])
        a = _load(builder, into)
        other = _load(builder, _record(context, builder, args[2], args[3], sig.args[3]))
        b = _twice_the_centre(builder, other)
        _store(builder, _minimum(builder, a, b), into)
        return context.get_dummy_value()

    return types.void(centres, box, others, other), generate


@intrinsic
def grow_either(
    typing: Any, first: Any, second: Any, takes_first: Any, others: Any, other: Any
) -> Any:
    """Make record 0 of one of two buffers large enough for a record, and record 1 for its centre.

    Record 1 holds the box around twice the centres.
    """
    bit = ir.IntType(1)
    bits = ir.VectorType(bit, BOX)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        flag = builder.trunc(context.cast(builder, args[2], sig.args[2], types.intp), bit)
        # One bit for each element: a choice of vectors by a single one is a branch on x86, which
        # processors guess wrongly (100,000 spheres took 1.8 times as long).
        flag = builder.insert_element(ir.Constant(bits, ir.Undefined), flag, _INT(0))
        flag = builder.shuffle_vector(flag, flag, ir.Constant(ir.VectorType(_INT, BOX), [0] * BOX))
        loaded = _load(builder, _record(context, builder, args[3], args[4], sig.args[4]))
        nothing = ir.Constant(_VECTOR, [float("inf")] * BOX)
        for number, what in enumerate((loaded, _twice_the_centre(builder, loaded))):
            where = ir.Constant(ir.IntType(64), number)
            for buffer, choice in zip(args, ((what, nothing), (nothing, what)), strict=False):
                into = _record(context, builder, buffer, where, types.intp)
                taken = builder.select(flag, *choice)
                _store(builder, _minimum(builder, _load(builder, into), taken), into)
        return context.get_dummy_value()

    return types.void(first, second, takes_first, others, other), generate


@intrinsic
def find_bins(typing: Any, boxes: Any, box: Any, centres: Any, scales: Any, last: Any) -> Any:
    """The bins (x, y, z) of a box: (twice its centre - the lowest) * scale, from 0 to `last`.

    `centres` and `scales` hold one record each.
    """
    result = types.UniTuple(types.intp, 3)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        first = ir.Constant(ir.IntType(64), 0)
        loaded = _load(builder, _record(context, builder, args[0], args[1], sig.args[1]))
        lowest, scale = (
            _load(builder, _record(context, builder, args[k], first, types.intp)) for k in (2, 3)
        )
        centre = _twice_the_centre(builder, loaded)
        place = builder.fmul(builder.fsub(centre, lowest), scale)
        numbers = builder.fptosi(place, ir.VectorType(_INT, BOX))
        limit = context.cast(builder, args[4], sig.args[4], types.int32)
        one = builder.insert_element(ir.Constant(numbers.type, ir.Undefined), limit, _INT(0))
        limits = builder.shuffle_vector(one, one, ir.Constant(numbers.type, [0] * BOX))
        numbers = builder.select(builder.icmp_signed("<", numbers, limits), numbers, limits)
        zeros = ir.Constant(numbers.type, [0] * BOX)  # what is not a number gives any integer
        numbers = builder.select(builder.icmp_signed(">", numbers, zeros), numbers, zeros)
        bins = [
            builder.sext(builder.extract_element(numbers, _INT(axis)), ir.IntType(64))
            for axis in range(3)
        ]
        return context.make_tuple(builder, result, bins)

    return result(boxes, box, centres, scales, last), generate


@device
def clear_box(boxes: Any, box: int) -> None:
    """Make it the box around nothing."""
    for k in range(BOX):
        boxes[box * BOX + k] = float("inf")


@device
def copy_box(into: Any, box: int, boxes: Any, other: int) -> None:
    """Record `other` becomes record `box` of another buffer."""
    for k in range(BOX):
        into[box * BOX + k] = boxes[other * BOX + k]


@device
def half_area(boxes: Any, box: int) -> float:
    """Half the surface of a box, which must hold something."""
    at = box * BOX
    dx = boxes[at + 4] + boxes[at]
    dy = boxes[at + 5] + boxes[at + 1]
    dz = boxes[at + 6] + boxes[at + 2]
    return dx * dy + dy * dz + dz * dx  # both factors of each product are negated
