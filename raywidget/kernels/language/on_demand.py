"""Functions that kernels are compiled without, until a scene needs one of them.

Compiling the whole vocabulary takes twice as long as compiling what most scenes use, and the first
picture has to wait for it. So there are two kinds of kernels: those for plain scenes, and full
ones, compiled when the first scene comes that needs one of these functions. Where both can render,
they differ by rounding only.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np

from raywidget.kernels.language.jit import DEVICE_OPTIONS, intrinsic, rare
from raywidget.kernels.language.toolchain import overload, types
from raywidget.kernels.language.vec3 import Vec3, vec3_type

P = ParamSpec("P")
R = TypeVar("R")

FULL = 1  # what a scene's field `full` holds if it isn't None


def on_demand(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that only kernels call, for full kernels only.

    The first argument tells which they are: a tuple whose field `full` is None in kernels for plain
    scenes. There, calls return zeros, and `compiler.compile_scene` sees to it that none is made.
    """
    return where_given("full")(function)


def where_given(field: str, *, inlined: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile a function for those kernels only whose first argument, a tuple, has such a field.

    Where the field is None, calls return zeros, and LLVM leaves out what hangs on them: one entry's
    code can do more than another's without a cost to that. What is tiny may be `inlined`.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        return _compiled_where(function, field, inlined)

    return decorate


def _compiled_where(function: Callable[P, R], field: str, inlined: bool) -> Callable[P, R]:

    def stand_in(*arguments: Any) -> Any:
        raise NotImplementedError(f"{function.__name__} exists in compiled code only")

    def choose(*arguments: Any) -> Any:
        return function if _has(arguments[0], field) else _returning_zeros(function)

    stand_in.__name__ = stand_in.__qualname__ = function.__name__
    stand_in.__doc__ = function.__doc__
    decorate = overload  # its options are typed without a pipeline
    decorate(stand_in, jit_options=DEVICE_OPTIONS, strict=False)(choose)
    if not inlined:
        rare(function)
    return typing.cast("Callable[P, R]", stand_in)


def _has(first: Any, field: str) -> bool:
    """Does the first argument, a numba type, hold something there?"""
    return not isinstance(first.types[first.fields.index(field)], types.NoneType)


def _returning_zeros(function: Callable[..., Any]) -> Callable[..., Any]:
    """Another function, with the same result type by the annotations."""
    result = typing.get_type_hints(function)["return"]
    if result is type(None):
        return lambda *arguments: None
    numba_type = _numba_type(result)

    @intrinsic
    def zeros(typing_context: Any) -> Any:
        return numba_type(), lambda context, builder, sig, args: context.get_constant_null(
            sig.return_type
        )

    return lambda *arguments: zeros()


_SCALARS = {
    float: types.float32,
    int: types.int64,
    bool: types.boolean,
    Vec3: vec3_type,
    np.uint64: types.uint64,
}


def _numba_type(annotation: Any) -> Any:
    """What kernels make of an annotation."""
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if typing.get_origin(annotation) is tuple:
        return types.BaseTuple.from_types([_numba_type(a) for a in typing.get_args(annotation)])
    hints = typing.get_type_hints(annotation)
    return types.NamedTuple([_numba_type(hints[name]) for name in annotation._fields], annotation)
