"""The decorators of all compiled code, and the folder that compiled code is kept in.

`device` marks functions that are called from compiled code only; `entry` the few that Python
calls. Only entries are cached on disk: their callees are stored inside them (50 files and 1.4 MB
become 8 files and 0.4 MB).
"""

from __future__ import annotations

import atexit
import gc
import hashlib
import os
import shutil
import stat
import tempfile
import typing
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import llvmlite
import numba
import numba.extending
import numpy as np
import platformdirs
from llvmlite import binding as llvm
from numba import _dynfunc, types  # type: ignore[attr-defined]
from numba.core import config as _config
from numba.core import ir
from numba.core.caching import FunctionCache
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, PassManager, register_pass
from numba.core.runtime.nrt import rtsys
from numba.core.typed_passes import InlineOverloads, NativeLowering, NopythonRewrites
from numba.core.untyped_passes import (
    FixupArgs,
    GenericRewrites,
    IRProcessing,
    ReconstructSSA,
    TranslateByteCode,
)

from raywidget.kernels.language.memo import remembering

config: Any = _config  # its attributes are made when it is loaded

P = ParamSpec("P")
R = TypeVar("R")

_NEEDLESS = (InlineOverloads, NopythonRewrites)

_RARE: set[str] = set()  # parts of the LLVM names of the functions that `rare` has marked


@register_pass(mutates_CFG=False, analysis_only=False)
class _FloatLiteralsAreSingle(FunctionPass):
    """Give every float literal of a kernel the type float32.

    numba types ``0.5`` as float64, and one such literal turns a whole expression into float64. With
    this pass, kernels write ``0.5 * x`` where they would need ``HALF * x``.
    """

    _name = "raywidget_float_literals_are_single"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        for block in state.func_ir.blocks.values():
            for assignment in block.find_insts(ir.Assign):
                source = assignment.value
                if isinstance(source, ir.Const | ir.Global | ir.FreeVar) and (
                    type(source.value) is float
                ):
                    source.value = np.float32(source.value)
        return True


class _DeviceLibrary(JITCodeLibrary):
    """The LLVM code of a function that only other compiled functions call, as numba wrote it.

    numba optimises each function alone, then links it into its caller and optimises both, and so on
    up: a leaf five calls down is optimised five times, for the same code in the end. And it makes
    machine code of each of them, with all that it calls: 2.4 of 7.4 seconds of CPU for `path`. An
    entry links what it calls, optimises it as a whole, and is the only one to become machine code.
    """

    def finalize(self) -> None:
        self._raise_if_finalized()
        self._final_module.verify()
        self._finalize_dynamic_globals()
        self._finalized = True

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def get_pointer_to_function(self, name: str) -> int:
        raise NotImplementedError(f"{self.name} has no machine code of its own")


@register_pass(mutates_CFG=True, analysis_only=False)
class _DeviceLowering(NativeLowering):
    """Write a function in LLVM's language, and leave the rest to the entries that call it."""

    _name = "raywidget_device_lowering"

    def run_pass(self, state: Any) -> bool:
        library = _DeviceLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        library.enable_object_caching()
        state.library = library
        state.flags.no_compile = True
        super().run_pass(state)
        lowered = state["cr"]
        library.finalize()
        nothing = _dynfunc.make_function(  # dispatchers want a function, even one never called
            lowered.fndesc.lookup_module(), state.func_id.func_name, "", 0, lowered.env, (library,)
        )
        state.targetctx.insert_user_function(nothing, lowered.fndesc, [library])
        state["cr"] = lowered._replace(cfunc=nothing)
        return True


@register_pass(mutates_CFG=False, analysis_only=False)
class _KeepCalleesInside(FunctionPass):
    """Make the functions that an entry calls its own.

    Under their public names, the ones that are not inlined would be looked for in the whole
    process: it would find the unoptimised ones of `_LeaveOptimisationToEntries` in a process that
    has compiled the entry, and the optimised ones in one that has loaded it from disk. Both would
    render, not the same bits.
    """

    _name = "raywidget_keep_callees_inside"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        library = state.targetctx.codegen().create_library(state.func_id.func_qualname)
        library.enable_object_caching()
        finalise = library.finalize
        optimise = library._optimize_final_module

        def finalise_with_all_callees() -> None:
            library._linking_libraries = _all_callees(library)
            finalise()

        def optimise_as_a_whole() -> None:
            for function in library._final_module.functions:
                if function.linkage == llvm.Linkage.linkonce_odr:
                    function.linkage = llvm.Linkage.internal
                    if any(name in function.name for name in _RARE):
                        function.add_function_attribute("noinline")
            optimise()

        library.finalize = finalise_with_all_callees
        library._optimize_final_module = optimise_as_a_whole
        state.library = library
        return True


def _all_callees(library: Any) -> list[Any]:
    """The libraries that a library calls, and those that these call, each once."""
    found: dict[Any, None] = {}
    waiting = list(library._linking_libraries)
    while waiting:
        callee = waiting.pop(0)
        if callee not in found:
            found[callee] = None
            if isinstance(callee, _DeviceLibrary):  # others have theirs inside
                waiting += callee._linking_libraries
    return list(found)


class _EntryCompiler(CompilerBase):
    """numba's pipeline without the passes for what no kernel has.

    That is closures, ``with`` blocks, dynamic exceptions, inlining in numba's own IR, loops over
    literals, and expressions of whole arrays.
    """

    def define_pipelines(self) -> list[Any]:
        untyped = PassManager("raywidget_untyped")
        untyped.add_pass(TranslateByteCode, "analyzing bytecode")
        untyped.add_pass(FixupArgs, "fix up args")
        untyped.add_pass(IRProcessing, "processing IR")
        untyped.add_pass(_FloatLiteralsAreSingle, "give float literals the type float32")
        self._add_own_passes(untyped)
        untyped.add_pass(GenericRewrites, "nopython rewrites")
        untyped.add_pass(ReconstructSSA, "ssa")
        untyped.finalize()
        typed = DefaultPassBuilder.define_typed_pipeline(self.state)
        typed.passes = [step for step in typed.passes if step[0] not in _NEEDLESS]
        pipeline = PassManager("raywidget")
        for part in (untyped, typed, self._lowering()):
            pipeline.passes.extend(part.passes)
        pipeline.finalize()
        # Else all variables are analysed after each pass that may have changed something.
        pipeline._ENFORCING = False
        return [pipeline]

    def _compile_core(self) -> Any:
        # A compilation makes millions of small objects and hardly any cycles: with the collector
        # looking more seldom, it takes 5 % less.
        before = gc.get_threshold()
        gc.set_threshold(50_000, *before[1:])
        try:
            with remembering():
                return super()._compile_core()
        finally:
            gc.set_threshold(*before)

    def _add_own_passes(self, pipeline: Any) -> None:
        pipeline.add_pass(_KeepCalleesInside, "keep callees inside")

    def _lowering(self) -> Any:
        return DefaultPassBuilder.define_nopython_lowering_pipeline(self.state)


class _DeviceCompiler(_EntryCompiler):
    def _add_own_passes(self, pipeline: Any) -> None:
        pass

    def _lowering(self) -> Any:
        pipeline = super()._lowering()
        pipeline.passes = [
            (_DeviceLowering, "device lowering") if step is NativeLowering else (step, name)
            for step, name in pipeline.passes
        ]
        return pipeline


class _EntryCache(FunctionCache):
    """Machine code of an entry on disk; it is loaded without what only a compilation needs.

    That is numba's knowledge of all of Python and numpy, and scipy where it is installed: the first
    picture in a new process comes after 1.0 s instead of 1.5.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        rtsys.initialize(target_context)  # what looks after arrays, which loaded code calls
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


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
DEVICE_OPTIONS = {**_OPTIONS, "no_cpython_wrapper": True, "pipeline_class": _DeviceCompiler}


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
    names = f"{function.__module__}.{function.__qualname__}".split(".")
    _RARE.add("".join(f"{len(name)}{name}" for name in names))
    return function


def entry(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that Python calls, and keep the machine code on disk.

    numba reads ``config.CACHE_DIR`` when the decorator runs, so it is set just here and restored:
    the user's own kernels keep their own place. Where the user has set it, ours go below it.
    """
    before = config.CACHE_DIR
    config.CACHE_DIR = str(Path(before, _cache_name())) if before else cache_folder()
    try:
        dispatcher: Any = numba.njit(**_OPTIONS, pipeline_class=_EntryCompiler)(function)
        dispatcher._cache = _EntryCache(function)
    finally:
        config.CACHE_DIR = before
    return typing.cast("Callable[P, R]", dispatcher)


def intrinsic(generator: Callable[..., Any]) -> Any:
    """A function of compiled code that is written in LLVM instructions.

    It is numba's decorator; typed anew, since numba's describes the generator (which gets the
    typing context first) and not what kernels call.
    """
    return numba.extending.intrinsic(generator)


@lru_cache(maxsize=1)
def host_features() -> frozenset[str]:
    """Features of the processor that code is compiled for, as LLVM names them.

    ``NUMBA_CPU_FEATURES`` lowers them, as it does for numba.
    """
    if config.CPU_FEATURES is not None:
        listed = str(config.CPU_FEATURES).split(",")
        return frozenset(name[1:] for name in listed if name.startswith("+"))
    if config.CPU_NAME:  # another processor was asked for: assume nothing beyond the baseline
        return frozenset()
    return frozenset(name for name, present in llvm.get_host_cpu_features().items() if present)


@lru_cache(maxsize=1)
def cache_folder() -> str:
    """Folder for compiled kernels, named by everything that decides what they are.

    numba's own check looks only at the file of the entry, so an edit in any other file of the
    kernels would go unnoticed; here it leads to another folder. A folder that is not ours, or that
    can't be written, is not used: the kernels then live in a temporary one until the process ends.
    """
    folder = Path(platformdirs.user_cache_dir("raywidget", appauthor=False)) / _cache_name()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if _is_private(folder):
            return str(folder)
    except OSError:
        pass
    temporary = tempfile.mkdtemp(prefix="raywidget-kernels-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return temporary


def _cache_name() -> str:
    package = Path(__file__).parents[2]
    sources = sorted([*package.glob("kernels/**/*.py"), *package.glob("compiler/**/*.py")])
    parts = [numba.__version__, llvmlite.__version__, np.__version__]
    parts += [llvm.get_host_cpu_name(), *sorted(host_features())]  # homes are shared by machines
    parts += [f"{name}={value}" for name, value in sorted(os.environ.items()) if "NUMBA_" in name]
    parts += [
        f"{path.relative_to(package).as_posix()}:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in sources
    ]
    return "kernels-" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


def _is_private(folder: Path) -> bool:
    """Ours, writable by nobody else, and writable: numba unpickles what it finds there."""
    status = folder.stat()
    if hasattr(os, "getuid") and (
        status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ):
        return False
    return os.access(folder, os.W_OK | os.X_OK)
