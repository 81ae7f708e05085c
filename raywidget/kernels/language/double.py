"""What needs double precision, and gives back single: spheres, cylinders and cones of any size.

How far a point is from a sphere is a small difference of large squares. In float32 it is off by
about an ulp of the radius: in a room whose walls are spheres of radius 1e5, by a hundredth of a
unit. Here squares and their difference are taken in float64, where coordinates and radii in
float32 have room to spare; what is left is small, or a sum, and fits float32.
"""

from __future__ import annotations

from typing import Any

from raywidget.kernels.language.jit import intrinsic
from raywidget.kernels.language.simd import FAST, WIDTH, floats, spread
from raywidget.kernels.language.toolchain import ir, types

_DOUBLE = ir.DoubleType()


class _Arithmetic:
    """Products and sums of float64, of a number or of all lanes."""

    def __init__(self, context: Any, builder: Any) -> None:
        self._context = context
        self._builder = builder

    def widen(self, value: Any, numba_type: Any) -> Any:
        """A float32, or lanes of them."""
        if numba_type is floats:
            return self._builder.fpext(value, ir.VectorType(_DOUBLE, WIDTH))
        single = self._context.cast(self._builder, value, numba_type, types.float32)
        return self._builder.fpext(single, _DOUBLE)

    def number(self, value: float) -> Any:
        return ir.Constant(_DOUBLE, value)

    def narrow(self, value: Any, of_lanes: bool) -> Any:
        if not of_lanes:
            return self._builder.fptrunc(value, ir.FloatType())
        if value.type == _DOUBLE:
            value = spread(self._builder, value)
        return self._builder.fptrunc(value, ir.VectorType(ir.FloatType(), WIDTH))

    def _apply(self, instruction: str, a: Any, b: Any) -> Any:
        # Numbers are spread as late as can be: what is the same in all lanes is computed once.
        if a.type != b.type:
            a, b = (spread(self._builder, x) if x.type == _DOUBLE else x for x in (a, b))
        return getattr(self._builder, instruction)(a, b, flags=FAST)

    def add(self, a: Any, b: Any) -> Any:
        return self._apply("fadd", a, b)

    def subtract(self, a: Any, b: Any) -> Any:
        return self._apply("fsub", a, b)

    def multiply(self, a: Any, b: Any) -> Any:
        return self._apply("fmul", a, b)

    def dot(self, a: list[Any], b: list[Any]) -> Any:
        x, y, z = (self.multiply(p, q) for p, q in zip(a, b, strict=True))
        return self.add(self.add(x, y), z)


@intrinsic
def ball_power(
    typing: Any, ox: Any, oy: Any, oz: Any, cx: Any, cy: Any, cz: Any, radius: Any
) -> Any:
    """|o - c|^2 - radius^2, the power of a point with respect to a sphere: lanes, or numbers."""
    signature = (ox, oy, oz, cx, cy, cz, radius)
    of_lanes = floats in signature

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = _Arithmetic(context, builder)
        values = [wide.widen(value, kind) for value, kind in zip(args, sig.args, strict=True)]
        return wide.narrow(_power(wide, _towards_centre(wide, values), values[6]), of_lanes)

    return (floats if of_lanes else types.float32)(*signature), generate


@intrinsic
def ball_quadratic(
    typing: Any,
    ox: Any,
    oy: Any,
    oz: Any,
    cx: Any,
    cy: Any,
    cz: Any,
    radius: Any,
    dx: Any,
    dy: Any,
    dz: Any,
) -> Any:
    """(b, c, b^2 - a c) of a sphere and a ray, for a t^2 - 2 b t + c = 0: lanes, or numbers.

    a = d . d, b = -(o - centre) . d, and c is `ball_power`.
    """
    signature = (ox, oy, oz, cx, cy, cz, radius, dx, dy, dz)
    of_lanes = floats in signature
    result: Any = types.UniTuple(floats if of_lanes else types.float32, 3)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = _Arithmetic(context, builder)
        values = [wide.widen(value, kind) for value, kind in zip(args, sig.args, strict=True)]
        direction = values[7:]
        towards = _towards_centre(wide, values)
        a = wide.dot(direction, direction)
        b = wide.dot(towards, direction)
        c = _power(wide, towards, values[6])
        discriminant = wide.subtract(wide.multiply(b, b), wide.multiply(a, c))
        parts = [wide.narrow(value, of_lanes) for value in (b, c, discriminant)]
        return context.make_tuple(builder, result, parts)

    return result(*signature), generate


@intrinsic
def round_quadratic(
    typing: Any,
    ox: Any,
    oy: Any,
    oz: Any,
    bx: Any,
    by: Any,
    bz: Any,
    ax: Any,
    ay: Any,
    az: Any,
    radius: Any,
    slope: Any,
    height: Any,
    dx: Any,
    dy: Any,
    dz: Any,
) -> Any:
    """(a, b, c, b^2 - a c, rise, below, above) of a cone and a ray: lanes, or numbers.

    a t^2 + 2 b t + c < 0 within a cone whose axis `a` goes from `b`, where its radius is `radius`,
    and which widens by `slope`. Along the axis the ray rises by `rise`, and begins `below` the base
    and `above` the top, at `height`.
    """
    signature = (ox, oy, oz, bx, by, bz, ax, ay, az, radius, slope, height, dx, dy, dz)
    of_lanes = floats in signature
    result: Any = types.UniTuple(floats if of_lanes else types.float32, 7)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = _Arithmetic(context, builder)
        values = [wide.widen(value, kind) for value, kind in zip(args, sig.args, strict=True)]
        away = [wide.subtract(o, b) for o, b in zip(values[:3], values[3:6], strict=True)]
        axis, direction = values[6:9], values[12:15]
        # The axis is rounded to float32, and so not quite of length 1; 1 / sqrt(s) near s = 1:
        half = wide.multiply(wide.dot(axis, axis), wide.number(0.5))
        unit = wide.subtract(wide.number(1.5), half)
        z = wide.multiply(wide.dot(away, axis), unit)
        rise = wide.multiply(wide.dot(direction, axis), unit)
        turn = wide.multiply(values[10], rise)
        there = wide.add(values[9], wide.multiply(values[10], z))

        def product(p: list[Any], q: list[Any], up_p: Any, up_q: Any, in_p: Any, in_q: Any) -> Any:
            apart = wide.subtract(wide.dot(p, q), wide.multiply(up_p, up_q))
            return wide.subtract(apart, wide.multiply(in_p, in_q))

        a = product(direction, direction, rise, rise, turn, turn)
        b = product(away, direction, z, rise, there, turn)
        c = product(away, away, z, z, there, there)
        discriminant = wide.subtract(wide.multiply(b, b), wide.multiply(a, c))
        below, above = wide.subtract(wide.number(0.0), z), wide.subtract(z, values[11])
        parts = (a, b, c, discriminant, rise, below, above)
        return context.make_tuple(builder, result, [wide.narrow(x, of_lanes) for x in parts])

    return result(*signature), generate


def _towards_centre(wide: _Arithmetic, values: list[Any]) -> list[Any]:
    return [wide.subtract(c, o) for o, c in zip(values[:3], values[3:6], strict=True)]


def _power(wide: _Arithmetic, towards: list[Any], radius: Any) -> Any:
    return wide.subtract(wide.dot(towards, towards), wide.multiply(radius, radius))
