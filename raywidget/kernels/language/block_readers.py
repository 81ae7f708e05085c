"""The function of compiled code that takes an entry's arguments out of a block (see `blocks`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llvmlite import ir
from numba import types as _types
from numba.np.numpy_support import as_dtype

from raywidget.kernels.language.blocks import FAILED

types: Any = _types  # typed loosely there

PREFIX = "raywidget_reader."
"""What its name begins with; after it comes that of the function that it calls."""

_SLOT = ir.IntType(64)
_STATUS_NONE = -2  # what numba's functions return if nothing was raised, and nothing is returned


def kinds_of(arguments: Iterable[Any]) -> tuple[str, list[str]]:
    """What is in the slots for arguments of such types, and which arrays: as `Layout` takes it."""
    kinds, arrays = "", []
    for argument in arguments:
        if isinstance(argument, types.Array):
            arrays.append(f"{as_dtype(argument.dtype).str[1:]} {argument.ndim}")
            kinds += "p" + "i" * argument.ndim
        elif isinstance(argument, types.BaseTuple):
            inner, more = kinds_of(argument)
            kinds, arrays = kinds + inner, arrays + more
        elif not isinstance(argument, types.NoneType):
            kinds += {types.float32: "f", types.float64: "d"}.get(argument, "i")
    return kinds, arrays


def can_read(result: Any, arguments: Iterable[Any]) -> bool:
    """Can an entry with such types be called by a block?"""
    simple = (types.Integer, types.Boolean, types.NoneType)
    return isinstance(result, simple) and all(map(_fits, arguments))


def _fits(kind: Any) -> bool:
    if isinstance(kind, types.BaseTuple):
        return all(map(_fits, kind))
    if isinstance(kind, types.Array):
        return kind.layout == "C" and isinstance(kind.dtype, types.Number)
    return isinstance(kind, (types.Integer, types.Float, types.Boolean, types.NoneType))


def add_reader(context: Any, library: Any, result: Any, arguments: Any) -> None:
    """Add the reader for the one entry that a library holds; the library is not finished yet."""
    (name,) = [
        function.name
        for function in library._final_module.functions
        if not function.is_declaration and not _is_wrapper(function.name)
    ]
    module = library.create_ir_module("reader")
    entry = ir.Function(module, context.call_conv.get_function_type(result, arguments), name)
    slots = _SLOT.as_pointer()
    reader = ir.Function(module, ir.FunctionType(_SLOT, [slots]), PREFIX + name)
    builder = ir.IRBuilder(reader.append_basic_block("entry"))
    place = [0]
    values = [_take(context, builder, reader.args[0], place, kind) for kind in arguments]
    status, value = context.call_conv.call_function(
        builder, entry, result, arguments, values, attrs=("noinline",)
    )
    code = builder.sext(status.code, _SLOT)
    failed = builder.not_(
        builder.or_(
            builder.icmp_signed("==", code, _SLOT(0)),
            builder.icmp_signed("==", code, _SLOT(_STATUS_NONE)),
        )
    )
    told = builder.add(code, _SLOT(FAILED))
    builder.ret(builder.select(failed, told, _as_slot(builder, result, value)))
    library.add_ir_module(module)


def _is_wrapper(name: str) -> bool:
    """Is it what Python or C calls, by numba's names for these?"""
    return name.startswith(("_ZN7cpython", "cfunc."))


def _as_slot(builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.NoneType):
        return _SLOT(0)
    if isinstance(kind, types.Boolean):
        return builder.zext(value, _SLOT)
    if isinstance(kind, types.Integer) and kind.bitwidth == _SLOT.width:
        return value
    return (builder.sext if kind.signed else builder.zext)(value, _SLOT)


def _take(context: Any, builder: Any, slots: Any, place: list[int], kind: Any) -> Any:
    """The next argument, of a type."""

    def load(as_type: Any) -> Any:
        pointer = builder.gep(slots, [_SLOT(place[0])])
        place[0] += 1
        return builder.load(builder.bitcast(pointer, as_type.as_pointer()))

    if isinstance(kind, types.BaseTuple):
        items = [_take(context, builder, slots, place, item) for item in kind]
        return context.make_tuple(builder, kind, items)
    if isinstance(kind, types.NoneType):
        return context.get_dummy_value()
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder)
        element = context.get_data_type(kind.dtype)
        data = load(element.as_pointer())
        shape = [load(_SLOT) for _ in range(kind.ndim)]
        size = _SLOT(context.get_abi_sizeof(element))
        strides: list[Any] = []
        step = size
        for extent in reversed(shape):
            strides.insert(0, step)
            step = builder.mul(step, extent)
        items = _SLOT(1)
        for extent in shape:
            items = builder.mul(items, extent)
        # No owner, no parent: what a kernel is given outlives its call.
        for name, value in (("meminfo", None), ("parent", None)):
            field = getattr(array, name).type
            setattr(array, name, ir.Constant(field, value))
        array.data, array.nitems, array.itemsize = data, items, size
        array.shape = _packed(builder, shape)
        array.strides = _packed(builder, strides)
        return array._getvalue()
    if isinstance(kind, types.Boolean):
        return builder.trunc(load(ir.IntType(8)), ir.IntType(1))
    return load(context.get_value_type(kind))


def _packed(builder: Any, numbers: list[Any]) -> Any:
    packed = ir.Constant(ir.ArrayType(_SLOT, len(numbers)), ir.Undefined)
    for k, number in enumerate(numbers):
        packed = builder.insert_value(packed, number, k)
    return packed
