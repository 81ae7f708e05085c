"""How kernels are compiled in half of numba's time: all that uses numba's private interfaces.

`memo` is the other module that does; the table in ``docs/architecture.md`` tells what each buys.
Importing this module raises ImportError or AttributeError where one of them is missing, and
`compilers` then has numba compile as it always does.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import binding as llvm
from llvmlite import ir
from numba import _dynfunc  # type: ignore[attr-defined]
from numba.core import cgutils, types
from numba.core.base import BaseContext
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import DefaultPassBuilder
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

from raywidget.kernels.language.block_readers import add_reader, can_read
from raywidget.kernels.language.literals import FloatLiteralsAreSingle
from raywidget.kernels.language.memo import remembering

__all__ = ["device_pipeline", "entry_pipeline", "prepare_to_load", "remembering"]

_NEEDLESS = (InlineOverloads, NopythonRewrites)

# Methods that are called or stood in for here: a stand-in for what is no longer called would go
# unnoticed.
for _owner, _names in (
    (
        JITCodeLibrary,
        "_raise_if_finalized _finalize_dynamic_globals _optimize_functions _optimize_final_module "
        "add_ir_module finalize get_pointer_to_function enable_object_caching",
    ),
    (NativeLowering, "run_pass"),
    (BaseContext, "declare_function get_arg_packer get_returned_value insert_func_defn"),
    (DefaultPassBuilder, "define_typed_pipeline define_nopython_lowering_pipeline"),
    (type(rtsys), "initialize"),
):
    for _name in _names.split():
        getattr(_owner, _name)


class _DeviceLibrary(JITCodeLibrary):
    """The LLVM code of a function that only other compiled functions call, as numba wrote it.

    numba optimises each function alone, then links it into its caller and optimises both, and so on
    up: a leaf five calls down is optimised five times, for the same code in the end. And it makes
    machine code of each of them, with all that it calls: 2.4 of 7.4 seconds of CPU for `path`. An
    entry links what it calls, optimises it as a whole, and is the only one to become machine code.
    """

    is_rare = False
    is_empty = True
    may_fail = False

    def add_ir_module(self, ir_module: Any) -> None:
        self.may_fail |= any(map(_may_fail, ir_module.functions))
        if self.is_rare:
            for function in ir_module.functions:
                if not function.is_declaration:
                    function.attributes.add("noinline")
        module = llvm.parse_assembly(cgutils.normalize_ir_text(str(ir_module)))
        self._optimize_functions(module)
        if self.is_empty:
            module.name = ir_module.name
            self._final_module = module
            self.is_empty = False
        else:
            self._final_module.link_in(module)

    def finalize(self) -> None:
        self._raise_if_finalized()
        self._finalize_dynamic_globals()  # entries verify all of it
        self._finalized = True

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def get_pointer_to_function(self, name: str) -> int:
        raise NotImplementedError(f"{self.name} has no machine code of its own")


def _may_fail(function: Any) -> bool:
    """Does a function, as numba writes it, return another status than that all went well?"""
    ends = [block.terminator for block in function.blocks]
    codes = [end.return_value for end in ends if end.opname == "ret"]
    return any(getattr(code, "constant", None) != 0 for code in codes)


def _sure_call(description: Any, library: Any) -> Any:
    """What calls a function that can't fail: numba's way without what looks at its status.

    That is a quarter of what it writes for kernels otherwise, all of which LLVM takes away again.
    """

    def call(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        callee = context.declare_function(builder.module, description)
        packer = context.get_arg_packer(description.argtypes)
        place = cgutils.alloca_once(builder, callee.args[0].type.pointee)
        no_error = ir.Constant(callee.args[1].type, None)
        builder.call(callee, [place, no_error, *packer.as_arguments(builder, arguments)])
        return context.get_returned_value(builder, description.restype, builder.load(place))

    call.signature = description.argtypes  # type: ignore[attr-defined]
    call.libs = (library,)  # type: ignore[attr-defined]
    return call


@register_pass(mutates_CFG=True, analysis_only=False)
class _DeviceLowering(NativeLowering):
    """Write a function in LLVM's language, and leave the rest to the entries that call it."""

    _name = "raywidget_device_lowering"

    def run_pass(self, state: Any) -> bool:
        library = _DeviceLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        library.is_rare = getattr(
            state.func_id.func, "raywidget_rare", False
        )  # as `jit.rare` marks it
        library.enable_object_caching()
        state.library = library
        state.flags.no_compile = True
        super().run_pass(state)
        lowered = state["cr"]
        library.finalize()
        nothing = _dynfunc.make_function(  # dispatchers want a function, even one never called
            lowered.fndesc.lookup_module(), state.func_id.func_name, "", 0, lowered.env, (library,)
        )
        if library.may_fail or isinstance(lowered.fndesc.restype, types.Optional):
            state.targetctx.insert_user_function(nothing, lowered.fndesc, [library])
        else:
            call = _sure_call(lowered.fndesc, library)
            state.targetctx.insert_func_defn([(call, nothing, call.signature)])
        state["cr"] = lowered._replace(cfunc=nothing)
        return True


@register_pass(mutates_CFG=False, analysis_only=False)
class _KeepCalleesInside(FunctionPass):
    """Make the functions that an entry calls its own.

    Under their public names, the ones that are not inlined would be looked for in the whole
    process: it would find those of `_DeviceLibrary`, which are not optimised, in a process that has
    compiled the entry, and the optimised ones in one that has loaded it from disk. Both would
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
        own: set[str] = set()

        def finalise_with_all_callees() -> None:
            if can_read(state.return_type, state.args):
                add_reader(state.targetctx, library, state.return_type, state.args)
            callees = _all_callees(library)
            library._linking_libraries = [c for c in callees if not isinstance(c, _DeviceLibrary)]
            of_ours = [c for c in callees if isinstance(c, _DeviceLibrary)]
            if of_ours:
                together = _link(of_ours)
                own.update(f.name for f in together.functions if not f.is_declaration)
                library._final_module.link_in(together)
                for callee in of_ours:
                    library._reload_init.update(callee._reload_init)
            finalise()

        def optimise_as_a_whole() -> None:
            for function in library._final_module.functions:
                if function.linkage == llvm.Linkage.linkonce_odr or function.name in own:
                    function.linkage = llvm.Linkage.internal
            optimise()

        library.finalize = finalise_with_all_callees
        library._optimize_final_module = optimise_as_a_whole
        state.library = library
        return True


def _link(libraries: list[_DeviceLibrary]) -> Any:
    """One module of many libraries' functions.

    LLVM goes through all that a module has before it links another into it, so they are linked in
    groups first: one after the other, 700 took a tenth of the time of `volpath`.
    """
    size = math.isqrt(len(libraries)) + 1
    together = None
    for start in range(0, len(libraries), size):
        group = libraries[start]._final_module.clone()
        for library in libraries[start + 1 : start + size]:
            group.link_in(library._final_module, preserve=True)
        if together is None:
            together = group
        else:
            together.link_in(group)
    return together


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


def entry_pipeline(state: Any) -> Any:
    """The passes for a function that Python calls: numba's without those for what no kernel has.

    That is closures, ``with`` blocks, dynamic exceptions, inlining in numba's own IR, loops over
    literals, and expressions of whole arrays.
    """
    return _pipeline(state, is_entry=True)


def device_pipeline(state: Any) -> Any:
    """The passes for a function that only kernels call."""
    return _pipeline(state, is_entry=False)


def _pipeline(state: Any, is_entry: bool) -> Any:
    untyped = PassManager("raywidget_untyped")
    untyped.add_pass(TranslateByteCode, "analyzing bytecode")
    untyped.add_pass(FixupArgs, "fix up args")
    untyped.add_pass(IRProcessing, "processing IR")
    untyped.add_pass(FloatLiteralsAreSingle, "give float literals the type float32")
    if is_entry:
        untyped.add_pass(_KeepCalleesInside, "keep callees inside")
    untyped.add_pass(GenericRewrites, "nopython rewrites")
    untyped.add_pass(ReconstructSSA, "ssa")
    untyped.finalize()
    typed = DefaultPassBuilder.define_typed_pipeline(state)
    typed.passes = [step for step in typed.passes if step[0] not in _NEEDLESS]
    lowering = DefaultPassBuilder.define_nopython_lowering_pipeline(state)
    if not is_entry:
        lowering.passes = [
            (_DeviceLowering, "device lowering") if step is NativeLowering else (step, name)
            for step, name in lowering.passes
        ]
    pipeline = PassManager("raywidget")
    for part in (untyped, typed, lowering):
        pipeline.passes.extend(part.passes)
    pipeline.finalize()
    # Else all variables are analysed after each pass that may have changed something.
    pipeline._ENFORCING = False
    return pipeline


def prepare_to_load(target_context: Any) -> None:
    """Make numba ready to run machine code that comes from disk, and no more.

    What only a compilation needs is left out: numba's knowledge of all of Python and numpy, and
    scipy where it is installed. The first picture in a new process comes after 1.0 s instead of
    1.5.
    """
    rtsys.initialize(target_context)  # what looks after arrays, which loaded code calls
