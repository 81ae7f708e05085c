"""The decorators of `jit`, where kernels are compiled in this process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numba
import numba.extending
from numba import types

from raywidget.errors import RenderError
from raywidget.kernels.language import compilers
from raywidget.kernels.language.blocks import BlockEntry, Layout, reader_type
from raywidget.kernels.language.compilers import DEVICE_OPTIONS, ENTRY_OPTIONS, RARE, compiling
from raywidget.kernels.language.processor import config
from raywidget.kernels.language.storage import StoredKernels

__all__ = ["DEVICE_OPTIONS", "RARE", "bind", "device", "entry", "intrinsic"]

if config.DISABLE_JIT:
    raise RenderError(
        "NUMBA_DISABLE_JIT is set, and raywidget's kernels exist in compiled code only: unset it "
        "(or numba.config.DISABLE_JIT) before raywidget renders for the first time"
    )

intrinsic = numba.extending.intrinsic


def device(function: Callable[..., Any]) -> Any:
    """See `jit.device`."""
    dispatcher: Any = numba.njit(**DEVICE_OPTIONS)(function)
    find_call = dispatcher.get_call_template
    found: dict[Any, Any] = {}

    def find_call_by_types(args: Any, kws: Any) -> Any:
        # A number that is written out has a type of its own, and each such type its own version
        # of the function: 30 of one that loads a row, a quarter of the time for `path`.
        plain = tuple(types.unliteral(a) for a in args)
        if kws:
            return find_call(plain, {name: types.unliteral(a) for name, a in kws.items()})
        answer = found.get(plain)
        if answer is None:
            answer = found[plain] = find_call(plain, kws)
        return answer

    dispatcher.get_call_template = find_call_by_types
    return dispatcher


def entry(function: Callable[..., Any]) -> Any:
    """See `jit.entry`."""
    dispatcher: Any = numba.njit(**ENTRY_OPTIONS)(function)
    dispatcher._cache = StoredKernels(function)
    compile_or_load = dispatcher.compile

    def compile_or_load_quietly(signature: Any) -> Any:
        _refuse_other_orders(signature)
        with compiling():
            return compile_or_load(signature)

    dispatcher.compile = compile_or_load_quietly
    return dispatcher


def _refuse_other_orders(slots: Any) -> None:
    """A version for each order of axes is what numba would make; machine code has but one."""
    for slot in slots:
        if isinstance(slot, types.BaseTuple):
            _refuse_other_orders(slot)
        elif isinstance(slot, types.Array) and slot.layout != "C":
            raise RenderError(f"kernels take C-contiguous arrays; got {slot}")


def bind(entry: Any, *leading: Any) -> Callable[..., Any]:
    """See `jit.bind`."""
    bound: list[Callable[..., Any]] = []

    def call(*rest: Any) -> Any:
        if bound:
            return bound[0](*rest)
        result = entry(*leading, *rest)  # compiled, or loaded, for the types that there are
        version = _read_by_blocks(entry, (*leading, *rest))
        bound.append(partial(entry, *leading) if version is None else version.bind(*leading))
        return result

    return call


def _read_by_blocks(entry: Any, arguments: tuple[Any, ...]) -> BlockEntry | None:
    """The version of an entry that takes such arguments; None if only numba can call it, or if it
    is not compiled at all.
    """
    if compilers.is_plain() or not hasattr(entry, "overloads"):
        return None
    from raywidget.kernels.language.block_readers import PREFIX, can_read, kinds_of

    compiled = entry.overloads.get(tuple(entry.typeof_pyval(value) for value in arguments))
    if compiled is None or not can_read(compiled.signature.return_type, compiled.signature.args):
        return None
    address = compiled.library.get_pointer_to_function(PREFIX + compiled.fndesc.llvm_func_name)
    if not address:
        return None
    layout = Layout(entry.py_func.__qualname__, *kinds_of(compiled.signature.args))
    returns = entry.py_func.__annotations__.get("return", "int")
    return BlockEntry(reader_type(address), layout, returns)
