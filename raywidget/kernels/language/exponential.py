"""Exponentials and logarithms of numbers and of lanes: the same polynomials for both.

The C library's functions take one number, and a call: for 16 lanes that is some 80 ns, these are 3.
"""

from __future__ import annotations

from typing import Any

from raywidget.kernels.language.jit import device, intrinsic
from raywidget.kernels.language.simd import (
    WIDTH,
    Real,
    choose,
    floats,
    lanes_floor,
    lanes_max,
    lanes_min,
)
from raywidget.kernels.language.toolchain import ir, types

_LEAST = -87.0  # below, results are less than the least float32 that is not denormal
_LOG2_HIGH = 0.693359375  # log 2 in two parts, the first with few bits
_LOG2_LOW = 2.12194440e-4


def _shapes(x: Any) -> tuple[Any, Any, Any, Any]:
    """Types of a number or lanes: numba's, LLVM's as float and as int, and a maker of constants."""
    word, number = ir.IntType(32), ir.FloatType()
    if x is floats:
        words, numbers = ir.VectorType(word, WIDTH), ir.VectorType(number, WIDTH)
        return floats, numbers, words, lambda value: ir.Constant(words, [value] * WIDTH)
    return types.float32, number, word, word


@intrinsic
def _power_of_two(typing: Any, n: Any) -> Any:
    """2 to the power of a whole number in float32, -126 to 127."""
    kind, numbers, words, constant = _shapes(n)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        biased = builder.add(builder.fptosi(args[0], words), constant(127))
        return builder.bitcast(builder.shl(biased, constant(23)), numbers)

    return kind(kind), generate


@intrinsic
def _exponent(typing: Any, x: Any) -> Any:
    """The n of x = m 2^n with m from 1/2 to 1, in float32; x > 0."""
    kind, numbers, words, constant = _shapes(x)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        biased = builder.lshr(builder.bitcast(args[0], words), constant(23))
        return builder.sitofp(builder.sub(biased, constant(126)), numbers)

    return kind(kind), generate


@intrinsic
def _mantissa(typing: Any, x: Any) -> Any:
    """The m of the same."""
    kind, numbers, words, constant = _shapes(x)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.and_(builder.bitcast(args[0], words), constant(0x7FFFFF))
        return builder.bitcast(builder.or_(bits, constant(0x3F000000)), numbers)

    return kind(kind), generate


@device
def exp_of(x: Real) -> Real:
    """e^x to within 2^-22 of it, x <= 88; 0 below -87 (Moshier 1989, expf of Cephes)."""
    bounded = lanes_max(lanes_min(x, 88.0), _LEAST)
    n = lanes_floor(bounded * 1.44269504 + 0.5)
    r = (bounded - n * _LOG2_HIGH) + n * _LOG2_LOW
    series = 1.3981999507e-3 + r * 1.9875691500e-4
    series = 8.3334519073e-3 + r * series
    series = 4.1665795894e-2 + r * series
    series = 1.6666665459e-1 + r * series
    series = 5.0000001201e-1 + r * series
    power = (1.0 + (r + r * r * series)) * _power_of_two(n)
    return choose(x < _LEAST, 0.0, power)


@device
def log_of(x: Real) -> Real:
    """The natural logarithm to within 2^-22 of it, of what is finite and not less than 2^-126
    (Moshier 1989, logf of Cephes).
    """
    n = _exponent(x)
    m = _mantissa(x)
    is_low = m < 0.70710678
    n = choose(is_low, n - 1.0, n)
    r = choose(is_low, m + m, m) - 1.0
    square = r * r
    series = r * 7.0376836292e-2 - 1.1514610310e-1
    series = 1.1676998740e-1 + r * series
    series = r * series - 1.2420140846e-1
    series = 1.4249322787e-1 + r * series
    series = r * series - 1.6668057665e-1
    series = 2.0000714765e-1 + r * series
    series = r * series - 2.4999993993e-1
    series = 3.3333331174e-1 + r * series
    rest = r * square * series - n * _LOG2_LOW - 0.5 * square
    return (r + rest) + n * _LOG2_HIGH
