"""Which passes compile a kernel: ours (`pipeline`), or where those fail, numba's own.

Ours take half the time, and lean on private interfaces of numba. Whether they still work is tried
out on a small kernel before the first real one is compiled; if not, there is one warning, and numba
compiles as it always does. Pictures then differ by rounding.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import re
import threading
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import llvmlite
import numba
import numpy as np
from numba import types
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.untyped_passes import IRProcessing

from raywidget.errors import RenderError
from raywidget.kernels.language.literals import FloatLiteralsAreSingle

TRIED = ((0, 61), (0, 68))
"""The oldest and the newest release of numba that the whole of `make matrix` was run on."""

# contract and arcp let LLVM use fused multiply-add and reciprocals; nsz frees the sign of zero.
# nnan and ninf stay off: the slab test relies on comparisons with infinity, and dropped samples on
# comparisons with NaN. (The full set was no faster: 0.97 of this one.)
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "boundscheck": False,
    "fastmath": {"contract", "nsz", "arcp"},
    "no_cfunc_wrapper": True,  # C calls none of them
}

RARE = "raywidget_rare"
"""An attribute of functions that are not to be inlined."""

_given_up: list[str] = []  # why our passes are not used; empty as long as they are
if os.environ.get("RAYWIDGET_PLAIN_KERNELS", "0") not in ("", "0"):
    _given_up.append("RAYWIDGET_PLAIN_KERNELS is set")


@lru_cache(maxsize=1)
def _own() -> Any:
    """The module with our passes; None if numba lacks what they need."""
    if _given_up:
        return None
    try:
        from raywidget.kernels.language import pipeline
    except (ImportError, AttributeError) as error:
        _give_up(error)
        return None
    return pipeline


def is_plain() -> bool:
    """Does numba compile kernels as it always does?"""
    return _own() is None or bool(_given_up)


def _give_up(error: BaseException) -> None:
    _given_up.append(f"{type(error).__name__}: {error}")
    low, high = (".".join(map(str, release)) for release in TRIED)
    warnings.warn(
        f"raywidget can't use its quick way to compile with numba {numba.__version__} and llvmlite "
        f"{llvmlite.__version__} ({_given_up[-1]}): kernels are compiled by numba's own passes, "
        f"which takes about twice as long; numba {low} to {high} is known to work",
        RuntimeWarning,
        stacklevel=2,
    )


class EntryCompiler(CompilerBase):
    """Compiles a function that Python calls."""

    def define_pipelines(self) -> list[Any]:
        """The passes, in a list of one."""
        if not is_plain():
            return [_own().entry_pipeline(self.state)]
        return [_plain_pipeline(self.state)]


class DeviceCompiler(CompilerBase):
    """Compiles a function that only kernels call."""

    def define_pipelines(self) -> list[Any]:
        """The passes, in a list of one."""
        if not is_plain():
            return [_own().device_pipeline(self.state)]
        return [_plain_pipeline(self.state)]


def _plain_pipeline(state: Any) -> Any:
    """Numba's own, and the pass that kernels do not type without."""
    pipeline = DefaultPassBuilder.define_nopython_pipeline(state)
    pipeline.add_pass_after(FloatLiteralsAreSingle, IRProcessing)
    pipeline.finalize()
    return pipeline


ENTRY_OPTIONS = {**_OPTIONS, "pipeline_class": EntryCompiler}
DEVICE_OPTIONS = {**_OPTIONS, "no_cpython_wrapper": True, "pipeline_class": DeviceCompiler}


@lru_cache(maxsize=1)
def try_out() -> None:
    """Find out if our passes work with this numba, before they compile what matters.

    A tenth of a second, in a process that compiles for many.
    """
    if is_plain():
        return

    def scale(numbers: Any, factor: Any) -> Any:
        return (0.5, 2.0)[1] * numbers[0] * factor + 1.0

    setattr(scale, RARE, True)
    device = numba.njit(**DEVICE_OPTIONS)(scale)

    def trial(numbers: Any, factor: Any) -> Any:
        return device(numbers, factor) + device(numbers, 0.75)

    entry = numba.njit(**ENTRY_OPTIONS)(trial)
    try:
        result = entry(np.full(1, 4.0, np.float32), np.float32(0.25))
        if result != 10.0 or entry.nopython_signatures[0].return_type != types.float32:
            raise RenderError(f"a kernel that gives float32(10) gave {result!r}")
    except Exception as error:  # whatever it is: it does not work
        _give_up(error)


_lock = threading.Lock()
_compiling = 0


@contextlib.contextmanager
def compiling() -> Iterator[None]:
    """What holds while a kernel is compiled, or loaded."""
    # A compilation makes millions of small objects and hardly any cycles: with the collector
    # looking more seldom, it takes 5 % less.
    before = gc.get_threshold()
    gc.set_threshold(50_000, *before[1:])
    try:
        with _without_debug_messages(), _remembering():
            yield
    except Exception as error:
        if is_plain() or TRIED[0] <= _release() <= TRIED[1]:
            raise
        raise RenderError(
            f"kernels could not be compiled with numba {numba.__version__}, which is not among the "
            "releases that raywidget was tried with: install another one, or set the environment "
            "variable RAYWIDGET_PLAIN_KERNELS=1 to have it compile as it always does"
        ) from error
    finally:
        gc.set_threshold(*before)


def _release() -> tuple[int, ...]:
    """Of numba, such as (0, 68); of a version that is about to be released, too."""
    return tuple(map(int, re.findall(r"\d+", numba.__version__)[:2]))


def prepare_to_load(target_context: Any) -> None:
    """Make numba ready to run what comes from disk."""
    if is_plain():
        target_context.refresh()
    else:
        _own().prepare_to_load(target_context)


def _remembering() -> Any:
    return contextlib.nullcontext() if is_plain() else _own().remembering()


@contextlib.contextmanager
def _without_debug_messages() -> Iterator[None]:
    """Keep numba from logging each step: 18 MB for one kernel, in a program that logs all it can.

    Not where somebody has set the level of numba's own logger.
    """
    global _compiling
    logger = logging.getLogger("numba")
    with _lock:
        if _compiling == 0 and logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)
            logger.raywidget_quiet = True  # type: ignore[attr-defined]
        _compiling += 1
    try:
        yield
    finally:
        with _lock:
            _compiling -= 1
            if _compiling == 0 and logger.__dict__.pop("raywidget_quiet", False):
                logger.setLevel(logging.NOTSET)
