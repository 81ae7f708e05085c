"""Compile all entries as ever, and write what became of them as object files.

``python -m wheels.objects BASE FOLDER SYSTEM-LEVEL ...`` has to run in a process of its own, whose
environment says what numba compiles for (`environment_for`). For the base itself the code is what
numba made, to the bit: its optimised modules, without what lets Python call them. For other
processors LLVM optimises what numba wrote for them; for other systems with the same processors,
machine code is made of the same optimised modules.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from wheels.targets import BASES, PROCESSORS, SYSTEMS, System

ENTRIES = "entries.json"

# numba counts references to arrays. Here kernels borrow all of theirs, without an owner: there is
# never anything to give back.
_NOTHING_TO_GIVE_BACK = """
define void @NRT_MemInfo_call_dtor(ptr %owner) { ret void }
"""


def environment_for(level: str, cache: Path) -> dict[str, str]:
    """The environment of a process that compiles for a level, and for nothing else."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    return kept | {
        "RAYWIDGET_COMPILE": "1",
        "NUMBA_CPU_NAME": PROCESSORS[level].cpu,
        "NUMBA_CPU_FEATURES": PROCESSORS[level].flags(),
        "NUMBA_CACHE_DIR": str(cache),
    }


# --- What numba makes -----------------------------------------------------------------------------


class Version(NamedTuple):
    """One version of an entry."""

    reader: str  # the name of the function that reads a block
    written: bytes  # LLVM's bitcode, before it was optimised
    optimised: bytes  # and after, before machine code was made of it
    slots: str
    arrays: list[str]


def compile_all() -> dict[str, dict[str, Version]]:
    """All versions of all entries, by name and variant.

    Raises
    ------
    RuntimeError
        If `warmup` does not compile an entry as it is called, or it came from disk.
    """
    _keep_modules()
    import raywidget
    from raywidget.kernels.language import jit
    from raywidget.kernels.language.block_readers import PREFIX, can_read, kinds_of
    from raywidget.kernels.language.machine_code import entry_name

    raywidget.warmup(integrators="all")
    found: dict[str, dict[str, Version]] = {}
    for entry in jit.entries:
        name = entry_name(entry.py_func)  # type: ignore[attr-defined]
        versions: dict[str, Version] = {}
        for signature, result in entry.overloads.items():  # type: ignore[attr-defined]
            if not can_read(result.signature.return_type, signature):
                raise RuntimeError(f"{name}: {signature} does not fit into a block")
            kept = getattr(result.library, _KEPT, None)
            if kept is None:
                raise RuntimeError(f"{name} was on disk: kernels need an empty folder")
            reader = PREFIX + result.fndesc.llvm_func_name
            made = Version(reader, *kept, *kinds_of(signature))
            # Arrays that may not be written to are other types, and the same machine code.
            versions.setdefault(_variant(signature), made)
        if not versions.keys() & {"full", "only"}:
            raise RuntimeError(f"{name}: warmup() compiles the versions {sorted(versions)} of it")
        found[name] = versions
    return found


_KEPT = "raywidget_kept"


def _keep_modules() -> None:
    """Have numba keep each library's module, before and after it is optimised."""
    from numba.core.codegen import JITCodeLibrary

    optimise = JITCodeLibrary._optimize_final_module

    def optimise_and_keep(self: Any) -> None:
        written = self._final_module.as_bitcode()
        optimise(self)
        setattr(self, _KEPT, (written, self._final_module.as_bitcode()))

    JITCodeLibrary._optimize_final_module = optimise_and_keep  # type: ignore[method-assign]


def _variant(signature: tuple[Any, ...]) -> str:
    from numba import types

    for kind in signature:
        fields = getattr(kind, "fields", ())
        if "full" in fields:
            full = kind.types[fields.index("full")]
            return "plain" if isinstance(full, types.NoneType) else "full"
    return "only"


# --- What is made of it ---------------------------------------------------------------------------


def target_machine(system: System, level: str) -> Any:
    """LLVM's, for a level of a system's processors."""
    from llvmlite import binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    processor = PROCESSORS[level]
    cpu = "apple-m1" if system.name == "darwin-aarch64" else processor.cpu
    target = llvm.Target.from_triple(system.triple)
    return target.create_target_machine(
        cpu=cpu, features=processor.flags(), opt=3, reloc="pic", codemodel="small"
    )


def write_object(symbol: str, bitcode: bytes, reader: str, machine: Any, system: System) -> bytes:
    """The object file of one version, which has one public function."""
    from llvmlite import binding as llvm

    module = llvm.parse_bitcode(bitcode)
    _aim(module, machine, system)
    shell = llvm.parse_assembly(_NOTHING_TO_GIVE_BACK)
    shell.triple, shell.data_layout = module.triple, module.data_layout
    module.link_in(shell)
    for thing in (*module.functions, *module.global_variables):
        if not thing.is_declaration:
            thing.linkage = llvm.Linkage.internal
    function = module.get_function(reader)
    function.linkage = llvm.Linkage.external
    function.name = symbol
    if system.name.startswith("win32"):
        function.storage_class = llvm.StorageClass.dllexport
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, _pass_builder(machine, 0))
    missing = [
        f.name
        for f in module.functions
        if f.is_declaration and f.name.startswith(("Py", "NRT_", "numba_"))
    ]
    if missing:
        raise RuntimeError(f"{symbol} needs what only Python and numba have: {', '.join(missing)}")
    made: bytes = machine.emit_object(module)
    return made


def optimise_for(written: bytes, machine: Any, system: System, without_fma: bool) -> bytes:
    """Optimise for another processor, as numba does for its own."""
    from llvmlite import binding as llvm

    text = _COUNTING.sub(r"\1  ret void\n}", str(llvm.parse_bitcode(written)))
    strange = sorted(set(re.findall(r"\bcall [^\n]*@(llvm\.x86\.[\w.]+)", text)))
    if strange and "x86_64" not in system.name:
        raise RuntimeError(f"{', '.join(strange)} exist on x86-64 only")
    module = llvm.parse_assembly(with_two_roundings(text) if without_fma else text)
    _aim(module, machine, system)
    for speed in (0, 3):
        builder = _pass_builder(machine, speed)
        passes = builder.getModulePassManager()
        if speed == 0:
            passes.add_loop_rotate_pass()
            passes.add_instruction_combine_pass()
            passes.add_jump_threading_pass()
        passes.add_refprune_pass()
        passes.run(module, builder)
    made: bytes = module.as_bitcode()
    return made


# numba's functions that count references: what it has made machine code of is for one processor.
_COUNTING = re.compile(r"(define [^\n]*@NRT_(?:inc|dec)ref\([^\n]*\{\n).*?\n\}", re.DOTALL)


def _aim(module: Any, machine: Any, system: System) -> None:
    module.triple, module.data_layout = system.triple, str(machine.target_data)


def _pass_builder(machine: Any, speed: int) -> Any:
    from llvmlite import binding as llvm

    options = llvm.create_pipeline_tuning_options(speed_level=speed)
    options.loop_vectorization = options.slp_vectorization = speed > 0
    return llvm.create_pass_builder(machine, options)


_FMA = re.compile(r"@(llvm\.fma\.(?:v(\d+))?f32)\(")


def with_two_roundings(text: str) -> str:
    """Fused multiply-add by products in double precision, which hold all bits of them.

    Processors without that instruction have the C library do it, one number after the other. The
    sum is rounded to double, then to single precision: twice, which one in 10^8 times ends one step
    beside.
    """
    for name, lanes in sorted(set(_FMA.findall(text))):
        single, double = (f"<{lanes} x {kind}>" if lanes else kind for kind in ("float", "double"))
        ours = f"raywidget_{name.replace('.', '_')}"
        text = re.sub(rf"^declare [^\n]*@{re.escape(name)}\([^\n]*$", "", text, flags=re.MULTILINE)
        text = text.replace(f"@{name}(", f"@{ours}(")
        text += f"""
define internal {single} @{ours}({single} %a, {single} %b, {single} %c) alwaysinline {{
  %x = fpext {single} %a to {double}
  %y = fpext {single} %b to {double}
  %z = fpext {single} %c to {double}
  %product = fmul {double} %x, %y
  %sum = fadd {double} %product, %z
  %rounded = fptrunc {double} %sum to {single}
  ret {single} %rounded
}}
"""
    return text


def write_all(base: str, folder: Path, targets: list[str]) -> None:
    """Write objects for targets such as ``linux-x86_64-v3``, and what they take, into folders."""
    from raywidget.kernels.language.machine_code import symbol_of

    found = compile_all()
    said = {
        entry: {
            variant: {"slots": made.slots, "arrays": made.arrays}
            for variant, made in versions.items()
        }
        for entry, versions in found.items()
    }
    (folder / ENTRIES).write_text(json.dumps(said))
    optimised: dict[tuple[str, str, str], bytes] = {}
    for target in targets:
        name, _, level = target.rpartition("-")
        system, processor = SYSTEMS[name], PROCESSORS[level]
        machine = target_machine(system, level)
        place = folder / target
        place.mkdir()
        for entry, versions in found.items():
            for variant, made in versions.items():
                bitcode = made.optimised
                if level != processor.base:
                    key = level, entry, variant
                    if key not in optimised:
                        no_fma = level not in BASES and "x86_64" in system.name
                        optimised[key] = optimise_for(made.written, machine, system, no_fma)
                    bitcode = optimised[key]
                symbol = symbol_of(entry, variant)
                (place / f"{symbol}.o").write_bytes(
                    write_object(symbol, bitcode, made.reader, machine, system)
                )


if __name__ == "__main__":
    write_all(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
