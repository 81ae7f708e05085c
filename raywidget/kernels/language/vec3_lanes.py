"""A vector of `WIDTH` points, directions or colours: what `Vec3` is for one, with the same words.

Made by `vec3.vec3` of vectors of float32; operators, `dot`, `cross` and `choose_vec3` work lane by
lane. In LLVM it is a struct of three vectors.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from raywidget.kernels.language.jit import intrinsic
from raywidget.kernels.language.simd import WIDTH, as_vector, bools, floats
from raywidget.kernels.language.toolchain import (
    AbstractTemplate,
    cgutils,
    infer_global,
    ir,
    lower_builtin,
    make_attribute_wrapper,
    models,
    register_model,
    signature,
    types,
)

_FAST = ("contract", "nsz", "arcp")  # as jit's fastmath, for the instructions built here
_AXES = "xyz"


class _Vec3LanesType(types.Type):
    def __init__(self) -> None:
        super().__init__(name=f"vec3x{WIDTH}")


vec3_lanes_type = _Vec3LanesType()


@register_model(_Vec3LanesType)
class _Vec3LanesModel(models.StructModel):
    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, [(axis, floats) for axis in _AXES])


for _axis in _AXES:
    make_attribute_wrapper(_Vec3LanesType, _axis, _axis)


def _components(context: Any, builder: Any, value: Any, numba_type: Any) -> list[Any]:
    """Three vectors: those of many points, or the same number or lanes of numbers three times."""
    if numba_type is vec3_lanes_type:
        return [builder.extract_value(value, k) for k in range(3)]
    return [as_vector(context, builder, value, numba_type, floats)] * 3


def pack_lanes(context: Any, builder: Any, components: list[Any]) -> Any:
    """LLVM code for the struct of three vectors."""
    struct = cgutils.create_struct_proxy(vec3_lanes_type)(context, builder)
    struct.x, struct.y, struct.z = components
    return struct._getvalue()


def dot_lanes(builder: Any, a: Any, b: Any) -> Any:
    """LLVM code for the inner products."""
    products = [
        builder.fmul(builder.extract_value(a, k), builder.extract_value(b, k), flags=_FAST)
        for k in range(3)
    ]
    partial = builder.fadd(products[0], products[1], flags=_FAST)
    return builder.fadd(partial, products[2], flags=_FAST)


def cross_lanes(context: Any, builder: Any, a: Any, b: Any) -> Any:
    """LLVM code for the vector products."""
    x, y, z = ([builder.extract_value(v, k) for v in (a, b)] for k in range(3))

    def minor(first: list[Any], second: list[Any]) -> Any:
        left = builder.fmul(first[0], second[1], flags=_FAST)
        return builder.fsub(left, builder.fmul(second[0], first[1], flags=_FAST), flags=_FAST)

    return pack_lanes(context, builder, [minor(y, z), minor(z, x), minor(x, y)])


def length_lanes(builder: Any, a: Any) -> Any:
    """LLVM code for the lengths."""
    square = dot_lanes(builder, a, a)
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(square.type, [square.type]), f"llvm.sqrt.v{WIDTH}f32"
    )
    return builder.call(function, [square])


def normalize_lanes(context: Any, builder: Any, a: Any) -> Any:
    """LLVM code for the unit vectors in the same directions."""
    one = ir.Constant(ir.VectorType(ir.FloatType(), WIDTH), [1.0] * WIDTH)
    scale = builder.fdiv(one, length_lanes(builder, a), flags=_FAST)
    products = [builder.fmul(builder.extract_value(a, k), scale, flags=_FAST) for k in range(3)]
    return pack_lanes(context, builder, products)


def _register_operator(function: Callable[..., Any], instruction: str) -> None:
    class Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if vec3_lanes_type not in args:
                return None
            fits = (a in (vec3_lanes_type, floats) or isinstance(a, types.Number) for a in args)
            return signature(vec3_lanes_type, *args) if all(fits) else None

    infer_global(function)(Template)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        left, right = (
            _components(context, builder, value, numba_type)
            for value, numba_type in zip(args, sig.args, strict=True)
        )
        results = [
            getattr(builder, instruction)(a, b, flags=_FAST)
            for a, b in zip(left, right, strict=True)
        ]
        return pack_lanes(context, builder, results)

    other = (_Vec3LanesType, type(floats), types.Number)
    for kind in other:
        lower_builtin(function, _Vec3LanesType, kind)(lower)
        if kind is not _Vec3LanesType:
            lower_builtin(function, kind, _Vec3LanesType)(lower)


_register_operator(operator.add, "fadd")
_register_operator(operator.sub, "fsub")
_register_operator(operator.mul, "fmul")


@infer_global(operator.neg)
class _Negation(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return signature(vec3_lanes_type, vec3_lanes_type) if args[0] is vec3_lanes_type else None


@lower_builtin(operator.neg, _Vec3LanesType)
def _lower_negation(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    zero = ir.Constant(ir.VectorType(ir.FloatType(), WIDTH), [-0.0] * WIDTH)
    components = _components(context, builder, args[0], sig.args[0])
    return pack_lanes(context, builder, [builder.fsub(zero, c) for c in components])


@intrinsic
def choose_vec3(typing: Any, condition: Any, a: Any, b: Any) -> Any:
    """`a` in the lanes where the condition holds, else `b`; of a number, one point."""
    if condition is not bools:
        if a is not b:
            return None
        return a(condition, a, b), lambda context, builder, sig, args: builder.select(*args)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        left, right = (_components(context, builder, args[k], sig.args[k]) for k in (1, 2))
        chosen = [builder.select(args[0], x, y) for x, y in zip(left, right, strict=True)]
        return pack_lanes(context, builder, chosen)

    return vec3_lanes_type(condition, a, b), generate
