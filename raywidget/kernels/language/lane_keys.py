"""Which lane is the first in a mask, and which the nearest: masks of bits, and keys to sort by."""

from __future__ import annotations

from typing import Any

from raywidget.kernels.language.jit import intrinsic
from raywidget.kernels.language.simd import WIDTH, bools, call, floats, ints, spread
from raywidget.kernels.language.toolchain import ir, types

_BIT = ir.IntType(1)
_INT32 = ir.IntType(32)

NO_KEY = 0xFFFFFFFF  # see `distance_keys`


@intrinsic
def distance_keys(typing: Any, distances: Any, condition: Any) -> Any:
    """Integers in the order of distances >= 0, each with its lane's number in its lowest bits.

    `NO_KEY` where the condition does not hold. Distances lose their lowest bits: they are rounded
    down. (Bits of positive floats, read as integers, are in the order of the floats.)
    """

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        words = ir.VectorType(_INT32, WIDTH)
        bits = builder.and_(builder.bitcast(args[0], words), ir.Constant(words, [-WIDTH] * WIDTH))
        keys = builder.or_(bits, ir.Constant(words, list(range(WIDTH))))
        return builder.select(args[1], keys, ir.Constant(words, [-1] * WIDTH))

    return ints(floats, bools), generate


@intrinsic
def smallest_key(typing: Any, keys: Any) -> Any:
    """The smallest of `distance_keys`; `NO_KEY` if there is none."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        key = call(builder, f"llvm.vector.reduce.umin.v{WIDTH}i32", _INT32, [args[0]])
        return builder.zext(key, ir.IntType(64))

    return types.int64(ints), generate


@intrinsic
def without_key(typing: Any, keys: Any, key: Any) -> Any:
    """`distance_keys` with one of them, which must be among them, replaced by `NO_KEY`."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        key = spread(builder, context.cast(builder, args[1], sig.args[1], types.int32))
        same = builder.icmp_signed("==", args[0], key)
        return builder.or_(args[0], builder.sext(same, args[0].type))

    return ints(keys, key), generate


@intrinsic
def distance_bits(typing: Any, distance: Any) -> Any:
    """A distance >= 0 as an integer that `distance_keys` may be compared with, see there."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        single = context.cast(builder, args[0], sig.args[0], types.float32)
        return builder.zext(builder.bitcast(single, _INT32), ir.IntType(64))

    return types.int64(distance), generate


@intrinsic
def lowest_bit(typing: Any, mask: Any) -> Any:
    """Index of the lowest bit set in a mask that is not 0."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = context.cast(builder, args[0], sig.args[0], types.uint32)
        index = call(builder, "llvm.cttz.i32", _INT32, [bits, _BIT(1)])
        return builder.zext(index, ir.IntType(64))

    return types.int64(mask), generate


@intrinsic
def clear_lowest_bit(typing: Any, mask: Any) -> Any:
    """The mask without its lowest bit set."""
    return types.uint32(types.uint32), lambda context, builder, sig, args: builder.and_(
        args[0], builder.sub(args[0], _INT32(1))
    )


@intrinsic
def count_bits(typing: Any, mask: Any) -> Any:
    """How many bits are set in a mask."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = context.cast(builder, args[0], sig.args[0], types.uint32)
        return builder.zext(call(builder, "llvm.ctpop.i32", _INT32, [bits]), ir.IntType(64))

    return types.int64(mask), generate


@intrinsic
def is_single(typing: Any, mask: Any) -> Any:
    """Is one bit set in a mask, and only one?"""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = context.cast(builder, args[0], sig.args[0], types.uint32)
        count = call(builder, "llvm.ctpop.i32", _INT32, [bits])
        return builder.icmp_unsigned("==", count, _INT32(1))

    return types.boolean(mask), generate
