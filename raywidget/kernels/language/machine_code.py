"""Kernels that were compiled when the wheel was built: found, checked, and called without numba.

The folder `machine_code` of the package holds a library for each level of processors, and a
manifest that says what is in them (`wheels/` makes both). They are taken if they were made of the
very sources that stand beside them, are whole, and the processor has what they need; else kernels
are compiled here, and there is one warning if that is not as it should be. Nothing is written
anywhere.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import platform
import sys
import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from raywidget.errors import RaywidgetWarning, RenderError
from raywidget.kernels.language.blocks import COMPILE, BlockEntry, Layout, reader_type

PACKAGE = Path(__file__).parents[2]
FOLDER = PACKAGE / "machine_code"
MANIFEST = "manifest.json"

# What tells numba for which processor to compile: whoever sets it wants a compiler.
_MEANT_FOR_NUMBA = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")


class Level(NamedTuple):
    """A kind of processors that a library is made for."""

    name: str
    lanes: int  # float32 in a vector
    needs: tuple[str, ...]  # names that numpy has for the features it needs
    group: str = ""  # numpy's name for all of them, from 2.4 on


# All processors that have these have the rest of x86-64-v3 (BMI, LZCNT, MOVBE), too, which numpy
# does not name before 2.4.
_SSE4 = ("SSE3", "SSSE3", "SSE41", "SSE42", "POPCNT")
_AVX2 = (*_SSE4, "AVX2", "FMA3", "F16C")
_AVX512 = (*_AVX2, "AVX512F", "AVX512BW", "AVX512CD", "AVX512DQ", "AVX512VL")

LEVELS = {
    "x86_64": (
        Level("v4", 16, _AVX512, "X86_V4"),
        Level("v3", 8, _AVX2, "X86_V3"),
        Level("v2", 8, _SSE4, "X86_V2"),
    ),
    "aarch64": (Level("v8", 8, ("NEON", "ASIMD")),),
}
"""By machine, the best first."""

SUFFIXES = {"linux": ".so", "darwin": ".dylib", "win32": ".dll"}


def source_digest() -> str:
    """A hash of all sources that kernels are made of."""
    total = hashlib.sha256()
    for path in sorted([*PACKAGE.glob("kernels/**/*.py"), *PACKAGE.glob("compiler/**/*.py")]):
        total.update(f"{path.relative_to(PACKAGE).as_posix()}\n".encode())
        # Line ends are the installer's business.
        total.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return total.hexdigest()


def machine() -> str:
    """The kind of this machine's processor."""
    name = platform.machine().lower()
    return {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64"}.get(name, name)


def levels_of(features: dict[str, bool], kind: str) -> list[Level]:
    """All levels that a processor with such features has, as numpy names them; the best first."""
    return [
        level
        for level in LEVELS.get(kind, ())
        if features.get(level.group, True) and all(features.get(n, False) for n in level.needs)
    ]


def processor_features() -> dict[str, bool]:
    """What numpy found out about the processor (numpy 2.0 to 2.5; not part of what it promises)."""
    try:
        found: dict[str, bool] = import_module("numpy._core._multiarray_umath").__cpu_features__
    except (ImportError, AttributeError):
        return {}
    return found


def file_name(system: str, kind: str, level: str) -> str:
    """Of a library: for a system as `sys.platform` names it, a machine, and a level of it."""
    return f"{system}-{kind}-{level}{SUFFIXES.get(system, '.so')}"


class Library:
    """Machine code of all entries, for one level of processors."""

    def __init__(self, path: Path, level: Level, entries: dict[str, Any]) -> None:
        self.path = path
        self.level = level
        self.entries = entries
        if sys.platform == "linux":  # it takes sines from whoever has them, of whatever version
            for name in ("libm.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"):
                try:
                    ctypes.CDLL(name, ctypes.RTLD_GLOBAL)
                    break
                except OSError:
                    continue
        self._code = ctypes.CDLL(str(path))

    def reader(self, symbol: str) -> Any:
        """What reads a block and runs an entry, by its name."""
        return reader_type((symbol, self._code))


class Found(NamedTuple):
    """The library of this process, or why there is none."""

    library: Library | None
    reason: str = ""
    is_fault: bool = False  # is it not as it should be?


def find_library(folder: Path = FOLDER) -> Found:
    """Look for the library for this processor, made of these sources."""
    for name in (COMPILE, *_MEANT_FOR_NUMBA):
        if os.environ.get(name, "0" if name == COMPILE else "") not in ("", "0"):
            return Found(None, f"the environment variable {name} is set")
    try:
        text = (folder / MANIFEST).read_bytes()
    except FileNotFoundError:
        return Found(None, "the package brings no machine code")
    except OSError as error:
        return Found(None, f"the machine code in {folder} can't be read ({error})", True)
    try:
        manifest = json.loads(text)
        sources, libraries = manifest["sources"], dict(manifest["libraries"])
        entries = dict(manifest["entries"])
    except (ValueError, TypeError, KeyError):
        return Found(None, f"{folder / MANIFEST} is damaged", True)
    if sources != source_digest():
        why = f"the machine code in {folder} is of other sources than those beside it"
        return Found(None, why, True)
    for level in levels_of(processor_features(), machine()):
        path = folder / file_name(sys.platform, machine(), level.name)
        if path.name in libraries:
            return _load(path, level, libraries[path.name], entries)
    return Found(None, f"the package brings no machine code for this processor ({machine()})")


def _load(path: Path, level: Level, digest: str, entries: dict[str, Any]) -> Found:
    try:
        # A library that was cut short is mapped all the same, and kills the process later.
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            return Found(None, f"{path} is damaged", True)
        return Found(Library(path, level, entries))
    except OSError as error:
        return Found(None, f"{path} can't be loaded ({error})", True)


LIBRARY, WHY_NONE, _is_fault = find_library()
"""The library of this process; None if kernels are compiled here, and then the reason."""

if _is_fault:
    warnings.warn(
        f"raywidget: {WHY_NONE}. Kernels are compiled here, which takes some seconds; "
        "to install the package anew mends it",
        RaywidgetWarning,
        stacklevel=2,
    )


# --- Entries --------------------------------------------------------------------------------------


def variant_of(arguments: Iterable[Any]) -> str:
    """Which version of an entry is wanted: for plain scenes, for full ones, or the only one."""
    for argument in arguments:
        fields = getattr(argument, "_fields", ())
        if "full" in fields:
            return "plain" if argument.full is None else "full"
    return "only"


def entry_name(function: Callable[..., Any]) -> str:
    """The name of an entry in the manifest."""
    return f"{function.__module__.removeprefix('raywidget.')}.{function.__qualname__}"


def symbol_of(name: str, variant: str) -> str:
    """The name of a version of an entry in a library."""
    return f"raywidget_{name}_{variant}".replace(".", "_")


class PrebuiltEntry:
    """An entry whose machine code is at hand."""

    def __init__(self, function: Callable[..., Any], library: Library) -> None:
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
        self.__module__ = function.__module__
        self.py_func = function
        self._library = library
        self._name = entry_name(function)
        self._returns = function.__annotations__["return"]
        self._versions: dict[str, BlockEntry] = {}

    def __call__(self, *arguments: Any) -> Any:
        """Run it."""
        return self._version(variant_of(arguments))(*arguments)

    def bind(self, *leading: Any) -> Callable[..., Any]:
        """The entry with its first arguments, which are laid out here and kept."""
        return self._version(variant_of(leading)).bind(*leading)

    def _version(self, variant: str) -> BlockEntry:
        found = self._versions.get(variant)
        if found is None:
            try:
                said = self._library.entries[self._name][variant]
            except KeyError:
                raise RenderError(
                    f"{self._library.path} has no version '{variant}' of {self._name}; set "
                    f"{COMPILE}=1 to have it compiled here, and please tell raywidget's authors"
                ) from None
            reader = self._library.reader(symbol_of(self._name, variant))
            layout = Layout(self._name, said["slots"], said["arrays"])
            found = self._versions[variant] = BlockEntry(reader, layout, self._returns)
        return found
