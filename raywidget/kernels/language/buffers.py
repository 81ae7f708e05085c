"""Bare pointers to tables, small arrays on the stack, and an atomic flag.

numba counts references to arrays, also in compiled code: passing them down cost 1.4 times the time
of the whole path tracer. A buffer is the array's address and nothing else: no shape, no bounds
check, no negative index. The entry point makes buffers of its arrays (`view`) and keeps the arrays
alive while it runs.
"""

from __future__ import annotations

import operator
from typing import Any

from raywidget.kernels.language.jit import intrinsic
from raywidget.kernels.language.toolchain import (
    AbstractTemplate,
    cgutils,
    infer_global,
    ir,
    lower_builtin,
    models,
    register_model,
    signature,
    types,
)

CACHE_LINE = 64  # bytes


class BufferType(types.Type):
    """The numba type of a pointer to elements of one scalar type."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"buffer({dtype})")


@register_model(BufferType)
class _BufferModel(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: Any) -> None:
        element = manager.lookup(numba_type.dtype).get_data_type()
        super().__init__(manager, numba_type, element.as_pointer())


@intrinsic
def view(typing: Any, array: Any) -> Any:
    """The buffer of a C-contiguous array; multi-dimensional arrays are read flat."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return context.make_array(sig.args[0])(context, builder, args[0]).data

    return BufferType(array.dtype)(array), generate


def element_pointer(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """LLVM pointer to element ``args[1]`` of buffer ``args[0]``, for intrinsics."""
    index = context.cast(builder, args[1], sig.args[1], types.intp)
    return builder.gep(args[0], [index])


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], BufferType) and isinstance(args[1], types.Integer):
            return signature(args[0].dtype, *args)
        return None


@lower_builtin(operator.getitem, BufferType, types.Integer)
def _lower_getitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.load(element_pointer(context, builder, sig, args))


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], BufferType) and isinstance(args[1], types.Integer):
            return signature(types.none, *args)
        return None


@lower_builtin(operator.setitem, BufferType, types.Integer, types.Any)
def _lower_setitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    value = context.cast(builder, args[2], sig.args[2], sig.args[0].dtype)
    builder.store(value, element_pointer(context, builder, sig, args))
    return context.get_dummy_value()


def make_stack_array(dtype: Any, size: int) -> Any:
    """An intrinsic without arguments that returns a buffer of `size` elements on the stack."""

    @intrinsic
    def stack_array(typing: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            element = context.get_data_type(dtype)
            # In the entry block, so that a call in a loop does not grow the stack.
            with builder.goto_entry_block():
                slot = builder.alloca(ir.ArrayType(element, size))
                slot.align = CACHE_LINE
            return builder.bitcast(slot, element.as_pointer())

        return BufferType(dtype)(), generate

    return stack_array


@intrinsic
def advance(typing: Any, buffer: Any, index: Any) -> Any:
    """The buffer that begins at element `index` of another."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return element_pointer(context, builder, sig, args)

    return buffer(buffer, index), generate


@intrinsic
def address_of(typing: Any, table: Any, index: Any) -> Any:
    """Where an element of a buffer lies in memory."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ptrtoint(element_pointer(context, builder, sig, args), ir.IntType(64))

    return types.int64(table, index), generate


@intrinsic
def prefetch(typing: Any, address: Any) -> Any:
    """Ask for the cache line around an address, which need not be one of ours."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = builder.inttoptr(args[0], ir.IntType(8).as_pointer())
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer.type, word, word, word])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [pointer, word(0), word(3), word(1)])  # to read, data, to keep
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def load_flag(typing: Any, flags: Any, index: Any) -> Any:
    """An atomic load of one byte that another thread may write at any time.

    A plain load of the flag was hoisted out of the loop: the render ran on to its end.
    """

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load_atomic(element_pointer(context, builder, sig, args), "monotonic", 1)

    return types.uint8(flags, index), generate


@intrinsic
def as_int32(typing: Any, table: Any) -> Any:
    """The same memory seen as int32."""
    return BufferType(types.int32)(table), lambda context, builder, sig, args: builder.bitcast(
        args[0], ir.IntType(32).as_pointer()
    )


def _make_view_at(dtype: Any, bits: Any) -> Any:
    @intrinsic
    def view_at(typing: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], bits.as_pointer())

        return BufferType(dtype)(types.int64), generate

    return view_at


# The buffer that begins at an address, of an array that somebody keeps alive.
bytes_at = _make_view_at(types.uint8, ir.IntType(8))
words_at = _make_view_at(types.uint16, ir.IntType(16))
shorts_at = _make_view_at(types.int16, ir.IntType(16))
floats_at = _make_view_at(types.float32, ir.FloatType())
doubles_at = _make_view_at(types.float64, ir.DoubleType())
