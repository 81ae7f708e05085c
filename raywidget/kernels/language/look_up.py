"""Numbers of tables, looked up by numbers or by lanes of them.

For lanes, `gather` asks LLVM for the instruction that loads all of them, where there is one: it is
a twentieth of the code that loads them one after the other, and waits for all of them at once.
"""

from __future__ import annotations

from typing import Any

from raywidget.kernels.language.jit import device, intrinsic
from raywidget.kernels.language.simd import WIDTH, bools, floats, ints
from raywidget.kernels.language.toolchain import cgutils, ir, types
from raywidget.kernels.language.vec3 import Vec3, vec3

_INT32 = ir.IntType(32)
_INT64 = ir.IntType(64)


@intrinsic
def whole(typing: Any, x: Any) -> Any:
    """Whole numbers in float32 as integers: lanes, or a number."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if x is floats:
            return builder.fptosi(args[0], ir.VectorType(_INT32, WIDTH))
        return context.cast(builder, args[0], sig.args[0], types.int64)

    return (ints if x is floats else types.int64)(x), generate


@intrinsic
def in_any_lane(typing: Any, condition: Any) -> Any:
    """Does a condition hold in a lane; or does it hold, if it is that of numbers?"""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if condition is not bools:
            return args[0]
        bits = builder.bitcast(args[0], ir.IntType(WIDTH))
        return builder.icmp_unsigned("!=", bits, ir.IntType(WIDTH)(0))

    return types.boolean(condition), generate


@intrinsic
def in_all_lanes(typing: Any, condition: Any) -> Any:
    """Does a condition hold in every lane; or does it hold, if it is that of numbers?"""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if condition is not bools:
            return args[0]
        bits = builder.bitcast(args[0], ir.IntType(WIDTH))
        return builder.icmp_unsigned("==", bits, ir.IntType(WIDTH)((1 << WIDTH) - 1))

    return types.boolean(condition), generate


@intrinsic
def look_up_four(typing: Any, table: Any, row: Any) -> Any:
    """All numbers of a row of four float32 or int32; of lanes of rows, four times lanes.

    A row is loaded at once, and the rows of all lanes are transposed in registers: it takes a
    quarter of the instructions of four calls of `look_up`.
    """
    is_whole = table.dtype is types.int32
    lanes = ints if is_whole else floats
    kind = types.UniTuple(lanes if row is ints else table.dtype, 4)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        four = ir.VectorType(args[0].type.pointee, 4)

        def load(row: Any) -> Any:
            begin = builder.gep(args[0], [builder.mul(row, _INT64(4))])
            loaded = builder.load(builder.bitcast(begin, four.as_pointer()))
            loaded.align = 4
            return loaded

        if row is not ints:
            numbers = load(context.cast(builder, args[1], sig.args[1], types.int64))
            parts = [builder.extract_element(numbers, _INT32(k)) for k in range(4)]
            return context.make_tuple(builder, kind, parts)
        vectors = [
            load(builder.zext(builder.extract_element(args[1], _INT32(lane)), _INT64))
            for lane in range(WIDTH)
        ]
        size = 4
        while len(vectors) > 1:  # one after the other
            size *= 2
            order = ir.Constant(ir.VectorType(_INT32, size), list(range(size)))
            vectors = [
                builder.shuffle_vector(vectors[k], vectors[k + 1], order)
                for k in range(0, len(vectors), 2)
            ]
        parts = []
        for k in range(4):
            order = ir.Constant(ir.VectorType(_INT32, WIDTH), list(range(k, 4 * WIDTH, 4)))
            parts.append(builder.shuffle_vector(vectors[0], vectors[0], order))
        return context.make_tuple(builder, kind, parts)

    return kind(table, row), generate


@intrinsic
def gather(typing: Any, table: Any, place: Any) -> Any:
    """An element of a table of float32 or int32, by a number or by lanes of less than 2^31.

    Of a table of bytes it is four of them, from `place` on, as an integer, the first the lowest.
    """
    is_byte = table.dtype is types.uint8
    lanes = floats if table.dtype is types.float32 else ints

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        element = _INT32 if is_byte else args[0].type.pointee
        alignment = 1 if is_byte else 4
        if place is not ints:
            at = context.cast(builder, args[1], sig.args[1], types.int64)
            pointer = builder.bitcast(builder.gep(args[0], [at]), element.as_pointer())
            loaded = builder.load(pointer)
            loaded.align = alignment
            return builder.zext(loaded, _INT64) if is_byte else loaded
        # llvmlite has no word for vectors of pointers: they are made of that for one.
        pointers = builder.gep(args[0], [_INT32(0)])
        pointers.indices = [args[1]]
        pointers.operands = [args[0], args[1]]
        pointers.type = ir.VectorType(args[0].type, WIDTH)
        if is_byte:
            pointers = builder.bitcast(pointers, ir.VectorType(element.as_pointer(), WIDTH))
        result = ir.VectorType(element, WIDTH)
        all_of_them = ir.Constant(ir.VectorType(ir.IntType(1), WIDTH), [1] * WIDTH)
        kind = ir.FunctionType(result, [pointers.type, _INT32, all_of_them.type, result])
        code = "i32" if element == _INT32 else "f32"
        name = f"llvm.masked.gather.v{WIDTH}{code}.v{WIDTH}p0"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        nothing = ir.Constant(result, ir.Undefined)
        return builder.call(function, [pointers, _INT32(alignment), all_of_them, nothing])

    if place is ints:
        return lanes(table, place), generate
    return (types.int64 if is_byte else table.dtype)(table, place), generate


@device
def gather_point(table: Any, place: Any) -> Vec3:
    """Three elements of a table of float32, from those on that lanes tell."""
    return vec3(gather(table, place), gather(table, place + 1), gather(table, place + 2))


@device
def look_up(table: Any, row: Any, row_size: int, column: int) -> Any:
    """A float32 or int32 of a table of rows, or of a row for each lane; of less than 2^31."""
    return gather(table, row * row_size + column)
