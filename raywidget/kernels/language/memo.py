"""What numba finds out again and again within one compilation, found out once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from numba.core import base, event
from numba.core.base import BaseContext
from numba.core.ir import Inst, Loc, Var
from numba.core.runtime.context import NRTContext
from numba.core.types import BaseFunction
from numba.core.typing.context import BaseContext as TypingContext

_lock = threading.Lock()
_depth = 0
_signatures: dict[Any, Any] = {}
_counted: dict[Any, bool] = {}
_attributes: dict[Any, Any] = {}
_sizes: dict[int, tuple[Any, int]] = {}
_located: dict[Any, bool] = {}


@contextlib.contextmanager
def remembering() -> Iterator[None]:
    """Remember some answers while a kernel compiles.

    - What operators and intrinsics make of their operands: `path` asks 8,256 times, of which 7,700
      are repetitions, and numba tries all its declarations each time.
    - Which types have references to be counted: none behind the first lines of kernels, where numba
      takes every variable apart in search of them.
    - Of which types attributes are; how large values are, which numba has LLVM read a module for;
      whether what writes a call wants to know its line, for which numba reads its signature.

    Who measures how long locks are held is not told each time, and variables of an instruction are
    looked for with fewer questions.

    With the passes that `jit` leaves out, compiling `path` makes 23 million Python calls instead of
    36. Answers depend on types alone; other threads that compile meanwhile share them.
    """
    global _depth
    with _lock:
        _depth += 1
        if _depth == 1:
            for owner, name, quick, _ in _ANSWERS:
                setattr(owner, name, quick)
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                for owner, name, _, usual in _ANSWERS:
                    setattr(owner, name, usual)
                for answers in (_signatures, _counted, _attributes, _sizes, _located):
                    answers.clear()


def _get_call_type(self: Any, context: Any, args: Any, kws: Any) -> Any:
    if kws:
        return _resolve(self, context, args, kws)
    question = self, context, args
    signature = _signatures.get(question)
    if signature is None:
        signature = _signatures[question] = _resolve(self, context, args, kws)
    return signature


def _call_incref_decref(self: Any, builder: Any, kind: Any, value: Any, function: Any) -> None:
    counted = _counted.get(kind)
    if counted is None:
        model = self._context.data_model_manager[kind]
        counted = _counted[kind] = bool(model.contains_nrt_meminfo())
    if counted:
        _count(self, builder, kind, value, function)


def _resolve_getattr(self: Any, kind: Any, name: str) -> Any:
    question = self, kind, name
    answer = _attributes.get(question)
    if answer is None:
        answer = _attributes[question] = _find_attribute(self, kind, name)
    return answer


def _get_abi_sizeof(self: Any, kind: Any) -> int:
    answer = _sizes.get(id(kind))
    if answer is None:
        answer = _sizes[id(kind)] = kind, _measure(self, kind)  # it stays, and nothing has its `id`
    return answer[1]


def _has_loc(function: Any) -> bool:
    answer = _located.get(function)
    if answer is None:
        answer = _located[function] = _wants_line(function)
    return answer


def _broadcast(what: Any) -> None:
    if what.kind not in _LOCKS:
        _tell(what)


def _rec_list_vars(self: Any, value: Any) -> list[Any]:
    kind = type(value)
    if kind is not dict:
        return [value] if kind is Var else _list_variables(self, value)
    found = []
    for item in value.values():
        kind = type(item)
        if kind is Var:
            found.append(item)
        elif kind not in _WITHOUT_VARIABLES:
            found += _list_variables(self, item)
    return found


_resolve: Any = BaseFunction.get_call_type
_count: Any = NRTContext._call_incref_decref
_find_attribute: Any = TypingContext.resolve_getattr
_measure: Any = BaseContext.get_abi_sizeof
_wants_line: Any = base._has_loc
_tell: Any = event.broadcast
_list_variables: Any = Inst._rec_list_vars

_LOCKS = {"numba:compiler_lock", "numba:llvm_lock"}
_WITHOUT_VARIABLES = {str, int, bool, float, type(None), Loc}

# Whose method, its name, what it is meanwhile, and otherwise.
_ANSWERS: tuple[tuple[Any, str, Callable[..., Any], Any], ...] = (
    (BaseFunction, "get_call_type", _get_call_type, _resolve),
    (NRTContext, "_call_incref_decref", _call_incref_decref, _count),
    (TypingContext, "resolve_getattr", _resolve_getattr, _find_attribute),
    (BaseContext, "get_abi_sizeof", _get_abi_sizeof, _measure),
    (base, "_has_loc", _has_loc, _wants_line),
    (event, "broadcast", _broadcast, _tell),
    (Inst, "_rec_list_vars", _rec_list_vars, _list_variables),
)
