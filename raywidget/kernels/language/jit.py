"""The decorators of all compiled code.

`device` marks functions that are called from compiled code only; `entry` the few that Python
calls. Only entries are kept on disk (`storage`): their callees are stored inside them. `compilers`
says what numba makes of both.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba
import numba.extending
from numba import types

from raywidget.errors import RenderError
from raywidget.kernels.language.compilers import DEVICE_OPTIONS, ENTRY_OPTIONS, RARE, compiling
from raywidget.kernels.language.processor import config
from raywidget.kernels.language.storage import StoredKernels

P = ParamSpec("P")
R = TypeVar("R")

if config.DISABLE_JIT:
    raise RenderError(
        "NUMBA_DISABLE_JIT is set, and raywidget's kernels exist in compiled code only: unset it "
        "(or numba.config.DISABLE_JIT) before raywidget renders for the first time"
    )


def device(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that only compiled code calls; LLVM inlines it where that pays."""
    dispatcher: Any = numba.njit(**DEVICE_OPTIONS)(function)
    find_call = dispatcher.get_call_template

    def find_call_by_types(args: Any, kws: Any) -> Any:
        # A number that is written out has a type of its own, and each such type its own version
        # of the function: 30 of one that loads a row, a quarter of the time for `path`.
        plain = [types.unliteral(a) for a in args]
        return find_call(plain, {name: types.unliteral(a) for name, a in kws.items()})

    dispatcher.get_call_template = find_call_by_types
    return typing.cast("Callable[P, R]", dispatcher)


def rare(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a `device` function (above it) that most scenes never call: LLVM does not inline it.

    It then costs neither registers nor compile time in its callers.
    """
    setattr(getattr(function, "py_func", function), RARE, True)
    return function


def entry(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that Python calls, and keep the machine code on disk."""
    dispatcher: Any = numba.njit(**ENTRY_OPTIONS)(function)
    dispatcher._cache = StoredKernels(function)
    compile_or_load = dispatcher.compile

    def compile_or_load_quietly(signature: Any) -> Any:
        with compiling():
            return compile_or_load(signature)

    dispatcher.compile = compile_or_load_quietly
    return typing.cast("Callable[P, R]", dispatcher)


def intrinsic(generator: Callable[..., Any]) -> Any:
    """A function of compiled code that is written in LLVM instructions.

    It is numba's decorator; typed anew, since numba's describes the generator (which gets the
    typing context first) and not what kernels call.
    """
    return numba.extending.intrinsic(generator)
