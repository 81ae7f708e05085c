"""`Vec3`: three float32 in registers, with operators.

Points, directions and colours alike; colours are linear Rec. 709. In LLVM it is one vector of four
lanes, the last of which means nothing: 1.11 times the samples per second of a struct of three
numbers in a Cornell box, which in turn is as fast as three separate scalars, where an array of
three on the heap costs 17 times as much.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from raywidget.kernels.language.buffers import BufferType
from raywidget.kernels.language.jit import intrinsic
from raywidget.kernels.language.simd import Real, as_vector, floats
from raywidget.kernels.language.toolchain import (
    AbstractTemplate,
    AttributeTemplate,
    cgutils,
    infer_getattr,
    infer_global,
    ir,
    lower_builtin,
    lower_getattr_generic,
    models,
    register_model,
    signature,
    types,
)
from raywidget.kernels.language.vec3_lanes import (
    cross_lanes,
    dot_lanes,
    length_lanes,
    normalize_lanes,
    pack_lanes,
    vec3_lanes_type,
)

FAST = ("contract", "nsz", "arcp")  # as jit's fastmath, for the instructions built here


class Vec3:
    """What annotations call the value; it exists in compiled code only."""

    x: float
    y: float
    z: float

    def __add__(self, other: Vec3) -> Vec3: ...
    def __sub__(self, other: Vec3) -> Vec3: ...
    def __mul__(self, other: Vec3 | Real) -> Vec3: ...
    def __rmul__(self, other: Real) -> Vec3: ...
    def __truediv__(self, other: Vec3 | Real) -> Vec3: ...
    def __neg__(self) -> Vec3: ...


class _Vec3Type(types.Type):
    def __init__(self) -> None:
        super().__init__(name="vec3")


vec3_type = _Vec3Type()


_VECTOR = ir.VectorType(ir.FloatType(), 4)
_UNDEFINED = ir.Constant(_VECTOR, ir.Undefined)
_INT32 = ir.IntType(32)
_AXES = "xyz"


@register_model(_Vec3Type)
class _Vec3Model(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, _VECTOR)


@infer_getattr
class _Components(AttributeTemplate):
    key = _Vec3Type

    def generic_resolve(self, value: Any, attr: str) -> Any:
        return types.float32 if attr in _AXES else None


@lower_getattr_generic(_Vec3Type)
def _lower_component(context: Any, builder: Any, numba_type: Any, value: Any, name: str) -> Any:
    return builder.extract_element(value, _INT32(_AXES.index(name)))


def _unpack(builder: Any, vector: Any) -> list[Any]:
    return [builder.extract_element(vector, _INT32(i)) for i in range(3)]


def _pack(builder: Any, components: list[Any]) -> Any:
    # 0 in the spare lane: what was left in a register could be slow to calculate with.
    vector = ir.Constant(_VECTOR, [0.0] * 4)
    for i, component in enumerate(components):
        vector = builder.insert_element(vector, component, _INT32(i))
    return vector


def _shuffle(builder: Any, vector: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(_INT32, 4), lanes))


def _spread(builder: Any, scalar: Any) -> Any:
    return _shuffle(builder, builder.insert_element(_UNDEFINED, scalar, _INT32(0)), [0] * 4)


def _rotate(builder: Any, vector: Any) -> Any:
    """(y, z, x)."""
    return _shuffle(builder, vector, [1, 2, 0, 3])


def _as_vector(context: Any, builder: Any, value: Any, numba_type: Any) -> Any:
    if numba_type is vec3_type:
        return value
    return _spread(builder, context.cast(builder, value, numba_type, types.float32))


def _register_operator(function: Callable[..., Any], instruction: str) -> None:
    class Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if vec3_type not in args:
                return None
            if any(a is not vec3_type and not isinstance(a, types.Number) for a in args):
                return None
            return signature(vec3_type, *args)

    infer_global(function)(Template)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        left, right = (
            _as_vector(context, builder, value, numba_type)
            for value, numba_type in zip(args, sig.args, strict=True)
        )
        return getattr(builder, instruction)(left, right, flags=FAST)

    for left, right in (
        (_Vec3Type, _Vec3Type),
        (_Vec3Type, types.Number),
        (types.Number, _Vec3Type),
    ):
        lower_builtin(function, left, right)(lower)


_register_operator(operator.add, "fadd")
_register_operator(operator.sub, "fsub")
_register_operator(operator.mul, "fmul")
_register_operator(operator.truediv, "fdiv")


@infer_global(operator.neg)
class _Negation(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return signature(vec3_type, vec3_type) if args[0] is vec3_type else None


@lower_builtin(operator.neg, _Vec3Type)
def _lower_negation(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.fsub(ir.Constant(_VECTOR, [-0.0] * 4), args[0])


def _dot(builder: Any, a: Any, b: Any) -> Any:
    products = _unpack(builder, builder.fmul(a, b, flags=FAST))
    partial = builder.fadd(products[0], products[1], flags=FAST)
    return builder.fadd(partial, products[2], flags=FAST)


def _sqrt(builder: Any, x: Any) -> Any:
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(ir.FloatType(), [ir.FloatType()]), "llvm.sqrt.f32"
    )
    return builder.call(function, [x])


@intrinsic
def vec3(typing: Any, x: Any, y: Any, z: Any) -> Any:
    """The vector (x, y, z); integers and float64 are converted. Of lanes, it is one of lanes."""
    of_lanes = floats in (x, y, z)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pairs = list(zip(args, sig.args, strict=True))
        if of_lanes:
            lanes = [as_vector(context, builder, value, kind, floats) for value, kind in pairs]
            return pack_lanes(context, builder, lanes)
        return _pack(
            builder, [context.cast(builder, value, kind, types.float32) for value, kind in pairs]
        )

    return (vec3_lanes_type if of_lanes else vec3_type)(x, y, z), generate


@intrinsic
def dot(typing: Any, a: Any, b: Any) -> Any:
    """Inner product; of two vectors of lanes, lane by lane."""
    if a is vec3_lanes_type:
        return floats(a, b), lambda context, builder, sig, args: dot_lanes(builder, *args)
    return types.float32(vec3_type, vec3_type), lambda context, builder, sig, args: _dot(
        builder, *args
    )


@intrinsic
def cross(typing: Any, a: Any, b: Any) -> Any:
    """Vector product, right-handed; of two vectors of lanes, lane by lane."""
    if a is vec3_lanes_type:
        return vec3_lanes_type(a, b), lambda context, builder, sig, args: cross_lanes(
            context, builder, *args
        )

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        a, b = args
        left = builder.fmul(a, _rotate(builder, b), flags=FAST)
        right = builder.fmul(_rotate(builder, a), b, flags=FAST)
        return _rotate(builder, builder.fsub(left, right, flags=FAST))

    return vec3_type(vec3_type, vec3_type), generate


@intrinsic
def length(typing: Any, a: Any) -> Any:
    """Euclidean length; of vectors of lanes, of each."""
    if a is vec3_lanes_type:
        return floats(a), lambda context, builder, sig, args: length_lanes(builder, args[0])
    return types.float32(vec3_type), lambda context, builder, sig, args: _sqrt(
        builder, _dot(builder, args[0], args[0])
    )


@intrinsic
def normalize(typing: Any, a: Any) -> Any:
    """Unit vector in the direction of `a`, which must not be zero; of lanes, of each."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if a is vec3_lanes_type:
            return normalize_lanes(context, builder, args[0])
        norm = _sqrt(builder, _dot(builder, args[0], args[0]))
        scale = builder.fdiv(ir.FloatType()(1.0), norm, flags=FAST)
        return builder.fmul(args[0], _spread(builder, scale), flags=FAST)

    return a(a), generate


@intrinsic
def sqrt_each(typing: Any, a: Any) -> Any:
    """Square roots of the three numbers; NaN where they are negative."""
    if a is not vec3_type:
        return None

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_VECTOR, [_VECTOR]), "llvm.sqrt.v4f32"
        )
        return builder.call(function, [args[0]])

    return vec3_type(a), generate


@intrinsic
def load_vec3(typing: Any, table: Any, offset: Any) -> Any:
    """Three consecutive float32 of a buffer, from element `offset`."""
    if not isinstance(table, BufferType) or table.dtype != types.float32:
        return None

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        first = context.cast(builder, args[1], sig.args[1], types.intp)
        word = first.type
        return _pack(
            builder,
            [builder.load(builder.gep(args[0], [builder.add(first, word(k))])) for k in range(3)],
        )

    return vec3_type(table, offset), generate
