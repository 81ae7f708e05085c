"""Look into libraries that can't be run here: for what machine, what do they offer and need?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wheels.targets import System

# What kernels take from the C library: mathematics, and memory that is copied or filled.
_FUNCTIONS = "acos asin atan atan2 ceil cos exp floor fmod log log10 pow sin sincos sqrt tan trunc"
_MEMORY = "memcpy memmove memset bzero"
_MATH = {name + end for name in _FUNCTIONS.split() for end in ("", "f")}
ALLOWED = _MATH | set(_MEMORY.split())
_MORE_ALLOWED = {
    "linux": set(),
    "darwin": {"__bzero", "__sincosf_stret", "__sincos_stret", "dyld_stub_binder"},
    "win32": {"__chkstk"},
}

_OF_EVERY_DYLIB = {"_mh_dylib_header", "__dso_handle"}

_MACHINES = {
    "linux-x86_64": "X86_64",
    "linux-aarch64": "AARCH64",
    "darwin-aarch64": "ARM64",
    "darwin-x86_64": "X86_64",
    "win32-x86_64": "AMD64",
}


def check(library: Path, system: System, symbols: set[str]) -> None:
    """See that a library is for a system, offers these symbols alone, and needs little.

    Raises
    ------
    RuntimeError
        If not; it says what is wrong.
    """
    problems = list(_problems(library, system, symbols))
    if problems:
        raise RuntimeError(f"{library.name}: {'; '.join(problems)}")


def _problems(library: Path, system: System, symbols: set[str]) -> Any:
    import lief

    lief.logging.disable()
    binary: Any = lief.parse(str(library))
    machine = _machine(binary)
    if machine != _MACHINES[system.name]:
        yield f"it is for {machine}"
    kind = system.name.split("-")[0]
    offered = exported(binary, kind)
    if missing := symbols - offered:
        yield f"it lacks {', '.join(sorted(missing))}"
    if more := offered - symbols:
        yield f"it also offers {', '.join(sorted(more))}"
    if unknown := {name for name in imported(binary, kind) if not _is_allowed(name, kind)}:
        yield f"it needs {', '.join(sorted(unknown))}"
    if strange := {name for name in libraries(binary, kind) if not _is_system(name, kind)}:
        yield f"it needs the libraries {', '.join(sorted(strange))}"
    if kind == "linux" and _writes_to_code(binary):
        yield "it has relocations in its code"


def _machine(binary: Any) -> str:
    import lief

    header = binary.header
    if isinstance(binary, lief.ELF.Binary):
        return str(header.machine_type).rpartition(".")[2]
    if isinstance(binary, lief.MachO.Binary):
        return str(header.cpu_type).rpartition(".")[2]
    return str(header.machine).rpartition(".")[2]


def exported(binary: Any, kind: str) -> set[str]:
    """Names of what a library offers."""
    if kind == "linux":
        return {str(s.name) for s in binary.dynamic_symbols if s.name and s.shndx != 0}
    if kind == "darwin":
        names = {str(symbol.name).removeprefix("_") for symbol in binary.exported_symbols}
        return names - _OF_EVERY_DYLIB
    table = binary.get_export()
    return {str(entry.name) for entry in table.entries} if table else set()


def imported(binary: Any, kind: str) -> set[str]:
    """Names of what it needs."""
    if kind == "linux":
        return {str(s.name) for s in binary.dynamic_symbols if s.name and s.shndx == 0}
    if kind == "darwin":
        return {str(symbol.name).removeprefix("_") for symbol in binary.imported_symbols}
    return {str(entry.name) for library in binary.imports for entry in library.entries}


def libraries(binary: Any, kind: str) -> set[str]:
    """Names of the libraries that it asks for."""
    import lief

    if kind == "linux":
        return {str(name) for name in binary.libraries}
    if kind == "darwin":
        own = lief.MachO.LoadCommand.TYPE.ID_DYLIB
        return {str(entry.name) for entry in binary.libraries if entry.command != own}
    return {str(library.name) for library in binary.imports}


def _is_allowed(name: str, kind: str) -> bool:
    return name in ALLOWED | _MORE_ALLOWED[kind]


def _is_system(name: str, kind: str) -> bool:
    if kind == "darwin":
        return name == "/usr/lib/libSystem.B.dylib"
    return kind == "win32" and name in ("ucrtbase.dll", "ntdll.dll")


def _writes_to_code(binary: Any) -> bool:
    import lief

    return bool(binary.has(lief.ELF.DynamicEntry.TAG.TEXTREL))
