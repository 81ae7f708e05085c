"""The decorators of all compiled code.

`device` marks functions that are called from compiled code only; `entry` the few that Python
calls. Only entries are kept on disk (`storage`): their callees are stored inside them. `compilers`
says what numba makes of both. Where the wheel brought machine code (`machine_code`), entries call
that, numba is not imported, and all else here does nothing.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from raywidget.kernels.language.machine_code import LIBRARY, PrebuiltEntry
from raywidget.kernels.language.toolchain import COMPILES

P = ParamSpec("P")
R = TypeVar("R")

if COMPILES:
    from raywidget.kernels.language import compiling as _compiling

DEVICE_OPTIONS: dict[str, Any] = _compiling.DEVICE_OPTIONS if COMPILES else {}

entries: list[Callable[..., Any]] = []
"""All that were defined, for whoever builds libraries of them."""


def device(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that only compiled code calls; LLVM inlines it where that pays."""
    return _compiling.device(function) if COMPILES else function


def rare(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a `device` function (above it) that most scenes never call: LLVM does not inline it.

    It then costs neither registers nor compile time in its callers.
    """
    if COMPILES:
        setattr(getattr(function, "py_func", function), _compiling.RARE, True)
    return function


def entry(function: Callable[P, R]) -> Callable[P, R]:
    """A function that Python calls: compiled ahead, or here, and then kept on disk."""
    made: Any
    made = _compiling.entry(function) if LIBRARY is None else PrebuiltEntry(function, LIBRARY)
    entries.append(made)
    return typing.cast("Callable[P, R]", made)


def bind(entry: Callable[..., R], *leading: Any) -> Callable[..., R]:
    """An entry with its first arguments, which stay as they are from call to call."""
    if isinstance(entry, PrebuiltEntry):
        return entry.bind(*leading)
    if COMPILES:
        return _compiling.bind(entry, *leading)
    return functools.partial(entry, *leading)


def intrinsic(generator: Callable[..., Any]) -> Any:
    """A function of compiled code that is written in LLVM instructions.

    It is numba's decorator; typed anew, since numba's describes the generator (which gets the
    typing context first) and not what kernels call.
    """
    return _compiling.intrinsic(generator) if COMPILES else generator
