"""What numba finds out again and again within one compilation, found out once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from numba.core.runtime.context import NRTContext
from numba.core.types import BaseFunction

_lock = threading.Lock()
_depth = 0
_signatures: dict[Any, Any] = {}
_counted: dict[Any, bool] = {}


@contextlib.contextmanager
def remembering() -> Iterator[None]:
    """Remember some answers while a kernel compiles.

    - What operators and intrinsics make of their operands: `path` asks 8,256 times, of which 7,700
      are repetitions, and numba tries all its declarations each time.
    - Which types have references to be counted: none behind the first lines of kernels, where numba
      takes every variable apart in search of them.

    With the passes that `jit` leaves out, compiling `path` makes 23 million Python calls instead of
    36. Both answers depend on types alone; other threads that compile meanwhile share them.
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
                _signatures.clear()
                _counted.clear()


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


_resolve: Any = BaseFunction.get_call_type
_count: Any = NRTContext._call_incref_decref

# Whose method, its name, what it is meanwhile, and otherwise.
_ANSWERS: tuple[tuple[type, str, Callable[..., Any], Any], ...] = (
    (BaseFunction, "get_call_type", _get_call_type, _resolve),
    (NRTContext, "_call_incref_decref", _call_incref_decref, _count),
)
