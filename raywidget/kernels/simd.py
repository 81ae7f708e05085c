"""Vectors of float32, int32 and booleans, as wide as the processor likes, for the tree alone.

One ray is tested against `WIDTH` boxes or primitives at once. LLVM lowers the vectors to whatever
the processor has (AVX-512, AVX2, SSE, NEON), so they are right everywhere and fast where the width
fits. Operators work lane by lane; a scalar operand is spread over all lanes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin, models, register_model

from raywidget.kernels.buffers import BufferType, element_pointer
from raywidget.kernels.jit import host_features, intrinsic

# 16 lanes pay on AVX-512 only (1.14 times the paths per second of 8 lanes in a mesh of 328k
# triangles); with AVX2, 8 are faster.
WIDTH = 16 if {"avx512f", "avx512vl"} <= host_features() else 8

_INT32 = ir.IntType(32)
_FAST = ("contract", "nsz")


class _VectorType(types.Type):
    def __init__(self, element: str) -> None:
        self.element = element
        super().__init__(name=f"simd{WIDTH}_{element}")


_ELEMENTS = {"float": ir.FloatType(), "int": _INT32, "bool": ir.IntType(1)}
_floats, _ints, _bools = (_VectorType(element) for element in _ELEMENTS)


@register_model(_VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, ir.VectorType(_ELEMENTS[numba_type.element], WIDTH))


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
    def __and__(self, other: Lanes) -> Lanes: ...
    def __or__(self, other: Lanes) -> Lanes: ...
    def __lt__(self, other: Lanes | float) -> Lanes: ...
    def __le__(self, other: Lanes | float) -> Lanes: ...
    def __gt__(self, other: Lanes | float) -> Lanes: ...
    def __ge__(self, other: Lanes | float) -> Lanes: ...


def _spread(builder: Any, scalar: Any) -> Any:
    vector = ir.VectorType(scalar.type, WIDTH)
    single = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, _INT32(0))
    lanes = ir.Constant(ir.VectorType(_INT32, WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(single, ir.Constant(vector, ir.Undefined), lanes)


def _as_vector(context: Any, builder: Any, value: Any, numba_type: Any, wanted: Any) -> Any:
    if isinstance(numba_type, _VectorType):
        return value
    scalar = types.float32 if wanted is _floats else types.int32
    return _spread(builder, context.cast(builder, value, numba_type, scalar))


def _register_operator(
    function: Callable[..., Any], emit: Callable[[Any, Any, Any], Any], *, compares: bool = False
) -> None:
    class Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            vectors = {a for a in args if isinstance(a, _VectorType)}
            if len(args) != 2 or len(vectors) != 1:
                return None
            (vector,) = vectors
            if any(a is not vector and not isinstance(a, types.Number) for a in args):
                return None
            return signature(_bools if compares else vector, *args)

    infer_global(function)(Template)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = next(t for t in sig.args if isinstance(t, _VectorType))
        left, right = (
            _as_vector(context, builder, value, numba_type, vector)
            for value, numba_type in zip(args, sig.args, strict=True)
        )
        return emit(builder, left, right)

    for left, right in (
        (_VectorType, _VectorType),
        (_VectorType, types.Number),
        (types.Number, _VectorType),
    ):
        lower_builtin(function, left, right)(lower)


def _compare(symbol: str) -> Callable[[Any, Any, Any], Any]:
    return lambda builder, a, b: builder.fcmp_ordered(symbol, a, b)


_register_operator(operator.add, lambda builder, a, b: builder.fadd(a, b, flags=_FAST))
_register_operator(operator.sub, lambda builder, a, b: builder.fsub(a, b, flags=_FAST))
_register_operator(operator.mul, lambda builder, a, b: builder.fmul(a, b, flags=_FAST))
_register_operator(operator.truediv, lambda builder, a, b: builder.fdiv(a, b, flags=_FAST))
_register_operator(operator.and_, lambda builder, a, b: builder.and_(a, b))
_register_operator(operator.or_, lambda builder, a, b: builder.or_(a, b))
for _function, _symbol in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
):
    _register_operator(_function, _compare(_symbol), compares=True)


def _is_float_table(table: Any) -> bool:
    return isinstance(table, BufferType) and table.dtype == types.float32


@intrinsic
def load_lanes(typing: Any, table: Any, offset: Any) -> Any:
    """`WIDTH` consecutive float32 of a buffer, from element `offset`."""
    if not _is_float_table(table):
        return None

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = element_pointer(context, builder, sig, args)
        vector = ir.VectorType(ir.FloatType(), WIDTH)
        loaded = builder.load(builder.bitcast(pointer, vector.as_pointer()))
        loaded.align = 4
        return loaded

    return _floats(table, offset), generate


@intrinsic
def store_lanes(typing: Any, table: Any, offset: Any, lanes: Any) -> Any:
    """Write `WIDTH` float32 to a buffer, from element `offset`."""
    if not _is_float_table(table) or lanes is not _floats:
        return None

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = element_pointer(context, builder, sig, args)
        stored = builder.store(args[2], builder.bitcast(pointer, args[2].type.as_pointer()))
        stored.align = 4
        return context.get_dummy_value()

    return types.void(table, offset, lanes), generate


def _selection(symbol: str) -> Callable[..., Any]:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        a, b = (
            _as_vector(context, builder, value, numba_type, _floats)
            for value, numba_type in zip(args, sig.args, strict=True)
        )
        return builder.select(builder.fcmp_ordered(symbol, a, b), a, b)

    return generate


@intrinsic
def lanes_min(typing: Any, a: Any, b: Any) -> Any:
    """The smaller of two, lane by lane; `b` where either is NaN."""
    return _floats(a, b), _selection("<")


@intrinsic
def lanes_max(typing: Any, a: Any, b: Any) -> Any:
    """The larger of two, lane by lane; `b` where either is NaN."""
    return _floats(a, b), _selection(">")


def _call(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    function_type = ir.FunctionType(result, [a.type for a in arguments])
    function = cgutils.get_or_insert_function(builder.module, function_type, name)
    return builder.call(function, arguments)


@intrinsic
def multiply_add(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c``, rounded once."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vectors = [
            _as_vector(context, builder, value, numba_type, _floats)
            for value, numba_type in zip(args, sig.args, strict=True)
        ]
        return _call(builder, f"llvm.fma.v{WIDTH}f32", vectors[0].type, vectors)

    return _floats(a, b, c), generate


@intrinsic
def lanes_sqrt(typing: Any, a: Any) -> Any:
    """Square root of each lane; NaN where negative."""
    return _floats(_floats), lambda context, builder, sig, args: _call(
        builder, f"llvm.sqrt.v{WIDTH}f32", args[0].type, [args[0]]
    )


@intrinsic
def copy_sign(typing: Any, magnitude: Any, sign: Any) -> Any:
    """Each lane of `magnitude` with the sign of that lane of `sign`."""
    return _floats(_floats, _floats), lambda context, builder, sig, args: _call(
        builder, f"llvm.copysign.v{WIDTH}f32", args[0].type, list(args)
    )


@intrinsic
def lanes_abs(typing: Any, a: Any) -> Any:
    """Magnitude of each lane."""
    return _floats(_floats), lambda context, builder, sig, args: _call(
        builder, f"llvm.fabs.v{WIDTH}f32", args[0].type, [args[0]]
    )


@intrinsic
def flip_sign(typing: Any, a: Any, sign: Any) -> Any:
    """Each lane of `a`, negated where that lane of `sign` is negative."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        words = ir.VectorType(_INT32, WIDTH)
        bits = builder.bitcast(args[0], words)
        mask = ir.Constant(words, [-(2**31)] * WIDTH)
        flipped = builder.xor(bits, builder.and_(builder.bitcast(args[1], words), mask))
        return builder.bitcast(flipped, args[0].type)

    return _floats(_floats, _floats), generate


@intrinsic
def choose(typing: Any, condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        left, right = (_as_vector(context, builder, args[k], sig.args[k], _floats) for k in (1, 2))
        return builder.select(args[0], left, right)

    return _floats(condition, a, b), generate


@intrinsic
def lane_mask(typing: Any, condition: Any) -> Any:
    """A bit for each lane, lane 0 the lowest."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], ir.IntType(WIDTH))
        return builder.zext(bits, _INT32)

    return types.uint32(_bools), generate


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

    return types.float32(_floats), generate


@intrinsic
def lowest_bit(typing: Any, mask: Any) -> Any:
    """Index of the lowest bit set in a mask that is not 0."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index = _call(builder, "llvm.cttz.i32", _INT32, [args[0], ir.IntType(1)(1)])
        return builder.zext(index, ir.IntType(64))

    return types.int64(types.uint32), generate


@intrinsic
def clear_lowest_bit(typing: Any, mask: Any) -> Any:
    """The mask without its lowest bit set."""
    return types.uint32(types.uint32), lambda context, builder, sig, args: builder.and_(
        args[0], builder.sub(args[0], _INT32(1))
    )
