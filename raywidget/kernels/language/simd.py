"""Vectors of float32, int32 and booleans, as wide as the processor likes.

One ray is tested against `WIDTH` boxes or primitives at once, and `WIDTH` paths are shaded at once.
LLVM lowers the vectors to whatever the processor has (AVX-512, AVX2, SSE, NEON), so they are right
everywhere and fast where the width fits. Operators work lane by lane; a scalar operand is spread
over all lanes. Functions that say "or numbers" take a vector's place for one number, too, so that
what is built of them and of operators (warps, frames, random numbers) is written once for both.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from raywidget.kernels.language.buffers import BufferType, element_pointer
from raywidget.kernels.language.jit import intrinsic
from raywidget.kernels.language.toolchain import (
    AbstractTemplate,
    cgutils,
    choose_width,
    infer_global,
    ir,
    lower_builtin,
    models,
    register_model,
    signature,
    types,
)

WIDTH = choose_width()

_BIT = ir.IntType(1)
_INT32 = ir.IntType(32)
_FLOAT = ir.FloatType()
FAST = ("contract", "nsz")


class _VectorType(types.Type):
    def __init__(self, element: str) -> None:
        self.element = element
        super().__init__(name=f"simd{WIDTH}_{element}")


_ELEMENTS = {"float": _FLOAT, "int": _INT32, "bool": _BIT}
floats, ints, bools = (_VectorType(element) for element in _ELEMENTS)


@register_model(_VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, ir.VectorType(_ELEMENTS[numba_type.element], WIDTH))


Real = Any
"""What annotations call a number, or a vector of them, where a function takes either."""


class Lanes:
    """What annotations call a vector; it exists in compiled code only."""

    def __add__(self, other: Lanes | float) -> Lanes: ...
    def __radd__(self, other: float) -> Lanes: ...
    def __sub__(self, other: Lanes | float) -> Lanes: ...
    def __rsub__(self, other: float) -> Lanes: ...
    def __mul__(self, other: Lanes | float) -> Lanes: ...
    def __rmul__(self, other: float) -> Lanes: ...
    def __truediv__(self, other: Lanes | float) -> Lanes: ...
    def __rtruediv__(self, other: float) -> Lanes: ...
    def __and__(self, other: Lanes | int) -> Lanes: ...
    def __or__(self, other: Lanes | int) -> Lanes: ...
    def __xor__(self, other: Lanes | int) -> Lanes: ...
    def __rshift__(self, other: int) -> Lanes: ...
    def __lt__(self, other: Lanes | float) -> Lanes: ...
    def __le__(self, other: Lanes | float) -> Lanes: ...
    def __gt__(self, other: Lanes | float) -> Lanes: ...
    def __ge__(self, other: Lanes | float) -> Lanes: ...


def spread(builder: Any, scalar: Any) -> Any:
    """LLVM code for a vector with the same value in all lanes."""
    vector = ir.VectorType(scalar.type, WIDTH)
    single = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, _INT32(0))
    lanes = ir.Constant(ir.VectorType(_INT32, WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(single, ir.Constant(vector, ir.Undefined), lanes)


def as_vector(context: Any, builder: Any, value: Any, numba_type: Any, wanted: Any) -> Any:
    """A value as a vector of the kind `wanted`: it is one, or a number."""
    if isinstance(numba_type, _VectorType):
        return value
    scalar = types.float32 if wanted is floats else types.int32
    return spread(builder, context.cast(builder, value, numba_type, scalar))


Emit = Callable[[Any, Any, Any], Any]  # builder and two vectors -> LLVM code


def _register_operator(
    function: Callable[..., Any], emit: dict[Any, Emit], *, compares: bool = False
) -> None:
    class Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            vectors = {a for a in args if isinstance(a, _VectorType)}
            if len(args) != 2 or len(vectors) != 1:
                return None
            (vector,) = vectors
            if vector not in emit:
                return None
            if any(a is not vector and not isinstance(a, types.Number) for a in args):
                return None
            return signature(bools if compares else vector, *args)

    infer_global(function)(Template)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = next(t for t in sig.args if isinstance(t, _VectorType))
        left, right = (
            as_vector(context, builder, value, numba_type, vector)
            for value, numba_type in zip(args, sig.args, strict=True)
        )
        return emit[vector](builder, left, right)

    for left, right in (
        (_VectorType, _VectorType),
        (_VectorType, types.Number),
        (types.Number, _VectorType),
    ):
        lower_builtin(function, left, right)(lower)


def _fast(instruction: str) -> Emit:
    return lambda builder, a, b: getattr(builder, instruction)(a, b, flags=FAST)


def _plain(instruction: str) -> Emit:
    return lambda builder, a, b: getattr(builder, instruction)(a, b)


def _compare(symbol: str) -> dict[Any, Emit]:
    return {
        floats: lambda builder, a, b: builder.fcmp_ordered(symbol, a, b),
        ints: lambda builder, a, b: builder.icmp_signed(symbol, a, b),
    }


# Integers are 32 bits that wrap around; shifts bring in zeros.
_register_operator(operator.add, {floats: _fast("fadd"), ints: _plain("add")})
_register_operator(operator.sub, {floats: _fast("fsub"), ints: _plain("sub")})
_register_operator(operator.mul, {floats: _fast("fmul"), ints: _plain("mul")})
_register_operator(operator.truediv, {floats: _fast("fdiv")})
_register_operator(operator.and_, {bools: _plain("and_"), ints: _plain("and_")})
_register_operator(operator.or_, {bools: _plain("or_"), ints: _plain("or_")})
_register_operator(operator.xor, {bools: _plain("xor"), ints: _plain("xor")})
_register_operator(operator.rshift, {ints: _plain("lshr")})
for _function, _symbol in (
    (operator.eq, "=="),
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
):
    _register_operator(_function, _compare(_symbol), compares=True)


def _lanes_of(table: Any) -> Any:
    """The type of vectors that a buffer holds, if it may hold any."""
    if not isinstance(table, BufferType):
        return None
    return {types.float32: floats, types.int32: ints}.get(table.dtype)


@intrinsic
def load_lanes(typing: Any, table: Any, offset: Any) -> Any:
    """`WIDTH` consecutive float32 or int32 of a buffer, from element `offset`."""
    lanes = _lanes_of(table)
    if lanes is None:
        return None

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = element_pointer(context, builder, sig, args)
        vector = ir.VectorType(_ELEMENTS[lanes.element], WIDTH)
        loaded = builder.load(builder.bitcast(pointer, vector.as_pointer()))
        loaded.align = 4
        return loaded

    return lanes(table, offset), generate


@intrinsic
def store_lanes(typing: Any, table: Any, offset: Any, lanes: Any) -> Any:
    """Write `WIDTH` float32 or int32 to a buffer, from element `offset`."""
    if not _is_lanes(lanes) or lanes is not _lanes_of(table):
        return None

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = element_pointer(context, builder, sig, args)
        stored = builder.store(args[2], builder.bitcast(pointer, args[2].type.as_pointer()))
        stored.align = 4
        return context.get_dummy_value()

    return types.void(table, offset, lanes), generate


def _is_lanes(*values: Any) -> bool:
    return any(isinstance(value, _VectorType) for value in values)


def _common(context: Any, builder: Any, sig: Any, args: Any) -> list[Any]:
    """The arguments as vectors, or as float32 if all of them are numbers."""
    if _is_lanes(*sig.args):
        return [
            as_vector(context, builder, value, numba_type, floats)
            for value, numba_type in zip(args, sig.args, strict=True)
        ]
    return [
        context.cast(builder, value, numba_type, types.float32)
        for value, numba_type in zip(args, sig.args, strict=True)
    ]


def _selection(symbol: str) -> Callable[..., Any]:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        a, b = _common(context, builder, sig, args)
        return builder.select(builder.fcmp_ordered(symbol, a, b), a, b)

    return generate


@intrinsic
def lanes_min(typing: Any, a: Any, b: Any) -> Any:
    """The smaller of two vectors, lane by lane, or numbers; `b` where either is NaN."""
    return (floats if _is_lanes(a, b) else types.float32)(a, b), _selection("<")


@intrinsic
def lanes_max(typing: Any, a: Any, b: Any) -> Any:
    """The larger of two vectors, lane by lane, or numbers; `b` where either is NaN."""
    return (floats if _is_lanes(a, b) else types.float32)(a, b), _selection(">")


def call(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    """LLVM code that calls a function of C or of LLVM."""
    function_type = ir.FunctionType(result, [a.type for a in arguments])
    function = cgutils.get_or_insert_function(builder.module, function_type, name)
    return builder.call(function, arguments)


def _call_for_each(name: str) -> Callable[..., Any]:
    """Generator of a call of an LLVM function of one float32, or of each lane of a vector."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        (x,) = _common(context, builder, sig, args)
        kind = f"v{WIDTH}f32" if _is_lanes(*sig.args) else "f32"
        return call(builder, f"llvm.{name}.{kind}", x.type, [x])

    return generate


@intrinsic
def multiply_add(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c``, rounded once."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vectors = [
            as_vector(context, builder, value, numba_type, floats)
            for value, numba_type in zip(args, sig.args, strict=True)
        ]
        return call(builder, f"llvm.fma.v{WIDTH}f32", vectors[0].type, vectors)

    return floats(a, b, c), generate


@intrinsic
def lanes_sqrt(typing: Any, a: Any) -> Any:
    """Square root of each lane, or of a number; NaN where negative."""
    return (floats if _is_lanes(a) else types.float32)(a), _call_for_each("sqrt")


@intrinsic
def lanes_floor(typing: Any, a: Any) -> Any:
    """The largest whole number below each lane, or a number."""
    return (floats if _is_lanes(a) else types.float32)(a), _call_for_each("floor")


@intrinsic
def copy_sign(typing: Any, magnitude: Any, sign: Any) -> Any:
    """Each lane of `magnitude` with the sign of that lane of `sign`."""
    return floats(floats, floats), lambda context, builder, sig, args: call(
        builder, f"llvm.copysign.v{WIDTH}f32", args[0].type, list(args)
    )


@intrinsic
def lanes_abs(typing: Any, a: Any) -> Any:
    """Magnitude of each lane, or of a number."""
    return (floats if _is_lanes(a) else types.float32)(a), _call_for_each("fabs")


@intrinsic
def flip_sign(typing: Any, a: Any, sign: Any) -> Any:
    """Each lane of `a`, negated where that lane of `sign` is negative."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        words = ir.VectorType(_INT32, WIDTH)
        bits = builder.bitcast(args[0], words)
        mask = ir.Constant(words, [-(2**31)] * WIDTH)
        flipped = builder.xor(bits, builder.and_(builder.bitcast(args[1], words), mask))
        return builder.bitcast(flipped, args[0].type)

    return floats(floats, floats), generate


@intrinsic
def choose(typing: Any, condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`; all of them may be numbers."""
    lanes = _is_lanes(condition)
    result = next((t for t in (a, b) if _is_lanes(t)), floats) if lanes else types.float32

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if lanes:
            left, right = (
                as_vector(context, builder, args[k], sig.args[k], result) for k in (1, 2)
            )
        else:
            left, right = (
                context.cast(builder, args[k], sig.args[k], types.float32) for k in (1, 2)
            )
        return builder.select(args[0], left, right)

    return result(condition, a, b), generate


@intrinsic
def lane_mask(typing: Any, condition: Any) -> Any:
    """A bit for each lane, lane 0 the lowest."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], ir.IntType(WIDTH))
        return builder.zext(bits, _INT32)

    return types.uint32(bools), generate


@intrinsic
def lanes_in(typing: Any, mask: Any) -> Any:
    """The lanes whose bits are set in an integer."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        # Each lane tests its own bit: without mask registers, spreading the bits of one integer
        # over the lanes takes an instruction for each.
        words = ir.VectorType(_INT32, WIDTH)
        bits = ir.Constant(words, [1 << lane for lane in range(WIDTH)])
        mask = spread(builder, context.cast(builder, args[0], sig.args[0], types.int32))
        return builder.icmp_signed("!=", builder.and_(mask, bits), ir.Constant(words, [0] * WIDTH))

    return bools(mask), generate


@intrinsic
def spread_number(typing: Any, x: Any) -> Any:
    """A number in all lanes, as float32."""
    return floats(x), lambda context, builder, sig, args: as_vector(
        context, builder, args[0], sig.args[0], floats
    )


@intrinsic
def spread_word(typing: Any, x: Any) -> Any:
    """An integer in all lanes, as int32."""
    return ints(x), lambda context, builder, sig, args: as_vector(
        context, builder, args[0], sig.args[0], ints
    )


@intrinsic
def alike(typing: Any, x: Any, other: Any) -> Any:
    """A number as float32: in all lanes if `other` is lanes."""
    result = floats if _is_lanes(other) else types.float32

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if result is floats:
            return as_vector(context, builder, args[0], sig.args[0], floats)
        return context.cast(builder, args[0], sig.args[0], types.float32)

    return result(x, other), generate


@intrinsic
def as_words(typing: Any, x: Any) -> Any:
    """What arithmetic on 32 bits takes: integer lanes as they are, a number as uint64."""
    if x is ints:
        return ints(x), lambda context, builder, sig, args: args[0]
    return types.uint64(x), lambda context, builder, sig, args: context.cast(
        builder, args[0], sig.args[0], types.uint64
    )


@intrinsic
def as_floats(typing: Any, x: Any) -> Any:
    """Integers as float32: lanes (signed), or a number."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if x is ints:
            return builder.sitofp(args[0], ir.VectorType(_FLOAT, WIDTH))
        return context.cast(builder, args[0], sig.args[0], types.float32)

    return (floats if x is ints else types.float32)(x), generate


@intrinsic
def reverse_bits(typing: Any, x: Any) -> Any:
    """Integer lanes with their bits in reverse order, or the lower 32 bits of a number."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if x is ints:
            return call(builder, f"llvm.bitreverse.v{WIDTH}i32", args[0].type, [args[0]])
        word = builder.trunc(args[0], _INT32)
        return builder.zext(call(builder, "llvm.bitreverse.i32", _INT32, [word]), ir.IntType(64))

    return (ints(ints) if x is ints else types.uint64(types.uint64)), generate


@intrinsic
def add_to_doubles(typing: Any, table: Any, offset: Any, lanes: Any, condition: Any) -> Any:
    """Add to `WIDTH` float64 of a buffer, from element `offset`, where a condition holds."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = ir.VectorType(ir.DoubleType(), WIDTH)
        pointer = element_pointer(context, builder, sig, args)
        pointer = builder.bitcast(pointer, vector.as_pointer())
        before = builder.load(pointer)
        before.align = 8
        after = builder.fadd(before, builder.fpext(args[2], vector))
        stored = builder.store(builder.select(args[3], after, before), pointer)
        stored.align = 8
        return context.get_dummy_value()

    return types.void(table, offset, lanes, condition), generate


@intrinsic
def smallest(typing: Any, lanes: Any) -> Any:
    """The smallest of all lanes, none of which may be NaN."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector, width = args[0], WIDTH
        while width > 1:  # halve, lane by lane
            width //= 2
            index = ir.VectorType(_INT32, width)
            low = builder.shuffle_vector(vector, vector, ir.Constant(index, list(range(width))))
            high = builder.shuffle_vector(
                vector, vector, ir.Constant(index, list(range(width, 2 * width)))
            )
            vector = builder.select(builder.fcmp_ordered("<", low, high), low, high)
        return builder.extract_element(vector, _INT32(0))

    return types.float32(floats), generate


@intrinsic
def running_sums(typing: Any, lanes: Any) -> Any:
    """Of each lane and all before it. By doubling: zeros between may round, so that sums of equal
    sets of lanes can differ in their last bits.
    """

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector, step = args[0], 1
        none = ir.Constant(vector.type, [0.0] * WIDTH)
        while step < WIDTH:
            order = [k - step if k >= step else WIDTH for k in range(WIDTH)]
            index = ir.Constant(ir.VectorType(_INT32, WIDTH), order)
            vector = builder.fadd(vector, builder.shuffle_vector(vector, none, index))
            step *= 2
        return vector

    return floats(floats), generate


@intrinsic
def number_in_lane(typing: Any, lanes: Any, lane: Any) -> Any:
    """The number in one lane of a vector."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = context.cast(builder, args[1], sig.args[1], types.int32)
        return builder.extract_element(args[0], place)

    return types.float32(floats, lane), generate
