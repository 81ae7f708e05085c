"""Numbers that Python has no word for: narrow integers, float32, bits."""

from __future__ import annotations

from typing import Any

from raywidget.kernels.language.jit import device, intrinsic
from raywidget.kernels.language.toolchain import types


@intrinsic
def index32(typing: Any, x: Any) -> Any:
    """An integer narrowed to int32 (numba widens all integer arithmetic to 64 bits)."""
    return types.int32(x), lambda context, builder, sig, args: context.cast(
        builder, args[0], sig.args[0], types.int32
    )


@intrinsic
def single(typing: Any, x: Any) -> Any:
    """An integer, or a float64, as float32."""
    return types.float32(x), lambda context, builder, sig, args: context.cast(
        builder, args[0], sig.args[0], types.float32
    )


@device
def index_below(x: float, count: int) -> int:
    """`x` rounded down, but no less than 0 and no more than `count` - 1, whatever it is.

    What is looked up in a table by a float is looked up by this: to make an integer of NaN, or of
    what is too large for one, gives any number, and the process dies.
    """
    if not x > 0.0:
        return 0
    if not x < single(count):
        return count - 1
    return min(int(x), count - 1)
