"""Compile all entries as ever, and write what became of them as object files.

``python -m wheels.objects LEVEL FOLDER`` has to run in a process of its own, whose environment says
what numba compiles for (`environment_for`). The code is what numba made, to the bit: its optimised
modules, without what lets Python call them, and with one function each that takes a block of slots.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

# What the levels of x86-64 have, as LLVM names it (x86-64 psABI, 1.0, table 3.1).
_V3 = "sse3 ssse3 sse4.1 sse4.2 popcnt cx16 sahf avx avx2 bmi bmi2 f16c fma lzcnt movbe xsave crc32"
_V4 = f"{_V3} avx512f avx512bw avx512cd avx512dq avx512vl evex512"
ENTRIES = "entries.json"

PROCESSORS = {"v3": ("x86-64-v3", _V3), "v4": ("x86-64-v4", _V4)}

# numba counts references to arrays. Here kernels borrow all of theirs, without an owner: there is
# never anything to give back.
_NOTHING_TO_GIVE_BACK = """
define void @NRT_MemInfo_call_dtor(ptr %owner) { ret void }
"""


def environment_for(level: str, cache: Path) -> dict[str, str]:
    """The environment of a process that compiles for a level, and for nothing else."""
    name, features = PROCESSORS[level]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    return kept | {
        "RAYWIDGET_COMPILE": "1",
        "NUMBA_CPU_NAME": name,
        "NUMBA_CPU_FEATURES": ",".join(f"+{feature}" for feature in features.split()),
        "NUMBA_CACHE_DIR": str(cache),
    }


def compile_all() -> dict[str, dict[str, tuple[Any, Any]]]:
    """All versions of all entries: by name and variant, numba's signature and result."""
    import raywidget
    from raywidget.kernels.language import jit
    from raywidget.kernels.language.machine_code import entry_name

    raywidget.warmup(integrators="all")
    found: dict[str, dict[str, tuple[Any, Any]]] = {}
    for entry in jit.entries:
        versions: dict[str, tuple[Any, Any]] = {}
        for signature, result in entry.overloads.items():  # type: ignore[attr-defined]
            # Arrays that may not be written to are other types, and the same machine code.
            versions.setdefault(_variant(signature), (signature, result))
        name = entry_name(entry.py_func)  # type: ignore[attr-defined]
        if not versions.keys() & {"full", "only"}:
            raise RuntimeError(f"{name}: warmup() compiles the versions {sorted(versions)} of it")
        found[name] = versions
    return found


def _variant(signature: tuple[Any, ...]) -> str:
    from numba import types

    for kind in signature:
        fields = getattr(kind, "fields", ())
        if "full" in fields:
            full = kind.types[fields.index("full")]
            return "plain" if isinstance(full, types.NoneType) else "full"
    return "only"


def _arrays(kinds: Any) -> list[str]:
    """Types of arrays among arguments, as `machine_code.flatten` writes them."""
    from numba import types
    from numba.np.numpy_support import as_dtype

    found = []
    for kind in kinds:
        if isinstance(kind, types.Array):
            found.append(f"{as_dtype(kind.dtype).str[1:]} {kind.ndim}")
        elif isinstance(kind, types.BaseTuple):
            found += _arrays(kind)
    return found


_KINDS = {"ptr": "p", "float": "f", "double": "d"}


def write_object(symbol: str, signature: Any, result: Any, target: Any, path: Path) -> Any:
    """Write the object file of one version; returns what the manifest says of it."""
    from llvmlite import binding as llvm

    module = result.library._get_module_for_linking().clone()  # as it is stored, too
    callee = module.get_function(result.fndesc.llvm_func_name)
    callee.linkage = llvm.Linkage.external
    declared = [str(argument.type) for argument in callee.arguments]
    lines = [f"declare i32 @{callee.name}({', '.join(declared)})"]
    lines += [f"define i32 @{symbol}(ptr %result, ptr %slots) {{", "  %raised = alloca ptr"]
    given = ["ptr %result", "ptr %raised"]
    kinds = ""
    for k, kind in enumerate(declared[2:]):
        lines.append(f"  %at{k} = getelementptr i64, ptr %slots, i64 {k}")
        if kind == "i1":
            lines.append(f"  %byte{k} = load i8, ptr %at{k}, align 1")
            lines.append(f"  %slot{k} = trunc i8 %byte{k} to i1")
        else:
            lines.append(f"  %slot{k} = load {kind}, ptr %at{k}, align 1")
        given.append(f"{kind} %slot{k}")
        kinds += _KINDS.get(kind, "i")
    lines.append(f"  %status = call i32 @{callee.name}({', '.join(given)})")
    lines += ["  ret i32 %status", "}"]
    shell = llvm.parse_assembly("\n".join(lines) + _NOTHING_TO_GIVE_BACK)
    shell.triple, shell.data_layout = module.triple, module.data_layout
    module.link_in(shell)
    for function in module.functions:
        if not function.is_declaration and function.name != symbol:
            function.linkage = llvm.Linkage.internal
    for variable in module.global_variables:
        if not variable.is_declaration:
            variable.linkage = llvm.Linkage.internal
    _drop_unused(module, target)
    missing = [
        f.name
        for f in module.functions
        if f.is_declaration and f.name.startswith(("Py", "NRT_", "numba_"))
    ]
    if missing:
        raise RuntimeError(f"{symbol} needs what only Python and numba have: {', '.join(missing)}")
    path.write_bytes(target.emit_object(module))
    return {"slots": kinds, "arrays": _arrays(signature)}


def _drop_unused(module: Any, target: Any) -> None:
    from llvmlite import binding as llvm

    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=0))
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, builder)


def main() -> None:
    """Write objects and what they hold into a folder."""
    level, folder = sys.argv[1], Path(sys.argv[2])
    found = compile_all()

    from llvmlite import binding as llvm

    from raywidget.kernels.language.machine_code import symbol_of

    name, features = PROCESSORS[level]
    target = llvm.Target.from_default_triple().create_target_machine(
        cpu=name,
        features=",".join(f"+{feature}" for feature in features.split()),
        opt=3,
        reloc="pic",
        codemodel="small",
    )
    entries: dict[str, dict[str, Any]] = {}
    for entry, versions in found.items():
        entries[entry] = {}
        for variant, (signature, result) in versions.items():
            symbol = symbol_of(entry, variant)
            path = folder / f"{symbol}.o"
            entries[entry][variant] = write_object(symbol, signature, result, target, path)
    (folder / ENTRIES).write_text(json.dumps(entries))


if __name__ == "__main__":
    main()
