"""Kernels that were compiled when the wheel was built: found, checked, and called without numba.

The folder `machine_code` of the package holds a library for each level of processors, and a
manifest that says what is in them (`wheels/` makes both). They are taken if they were made of the
very sources that stand beside them, and the processor has what they need; else kernels are compiled
here. Nothing is written anywhere.

An entry takes one block of 8-byte slots: the arguments as numba flattens them, tuples and arrays
opened up. Those that stay the same from call to call are laid out once (`PrebuiltEntry.bind`).
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import platform
import struct
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from raywidget.errors import RenderError

PACKAGE = Path(__file__).parents[2]
FOLDER = PACKAGE / "machine_code"
MANIFEST = "manifest.json"
COMPILE = "RAYWIDGET_COMPILE"
"""Environment variable: if set (and not to 0), kernels are compiled here all the same."""

# What tells numba for which processor to compile: whoever sets it wants a compiler.
_MEANT_FOR_NUMBA = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_DISABLE_JIT")

_STATUS_OK, _STATUS_NONE = 0, -2  # what numba's functions return if nothing was raised
_FORMATS = {"p": "Q", "i": "Q", "f": "f4x", "d": "d"}
_MASK = (1 << 64) - 1


class Level(NamedTuple):
    """A kind of processors that a library is made for."""

    name: str
    lanes: int  # float32 in a vector
    needs: tuple[str, ...]  # names that numpy has for the features it needs


# All processors that have these have the rest of x86-64-v3 (BMI, LZCNT, MOVBE), too, which numpy
# does not name before 2.4.
_AVX2 = ("AVX2", "FMA3", "F16C")

LEVELS = {
    "x86_64": (
        Level("v4", 16, (*_AVX2, "AVX512F", "AVX512BW", "AVX512CD", "AVX512DQ", "AVX512VL")),
        Level("v3", 8, _AVX2),
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


def level_of(features: dict[str, bool], kind: str) -> Level | None:
    """The best level for a processor with such features, as numpy names them."""
    for level in LEVELS.get(kind, ()):
        if all(features.get(name, False) for name in level.needs):
            return level
    return None


def processor_features() -> dict[str, bool]:
    """What numpy found out about the processor (numpy 2.0 to 2.5; not part of what it promises)."""
    try:
        found: dict[str, bool] = import_module("numpy._core._multiarray_umath").__cpu_features__
    except (ImportError, AttributeError):
        return {}
    return found


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

    def function(self, symbol: str) -> Any:
        """What is called by a symbol, with pointers to where results go and to the slots."""
        function = self._code[symbol]
        function.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        function.restype = ctypes.c_int
        return function


def find_library(folder: Path = FOLDER) -> Library | None:
    """The library for this processor; None if there is none that is made of these sources."""
    if os.environ.get(COMPILE, "0") not in ("", "0"):
        return None
    if any(os.environ.get(name) for name in _MEANT_FOR_NUMBA):
        return None
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or manifest.get("sources") != source_digest():
        return None
    level = level_of(processor_features(), machine())
    if level is None:
        return None
    path = folder / f"{sys.platform}-{machine()}-{level.name}{SUFFIXES.get(sys.platform, '.so')}"
    try:
        return Library(path, level, manifest["entries"])
    except (OSError, KeyError):  # not for this system, or one that it can't be loaded on
        return None


LIBRARY = find_library()
"""The library of this process; None if kernels are compiled here."""


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


def flatten(arguments: Iterable[Any], slots: list[Any], arrays: list[str]) -> None:
    """Open arguments up as numba does; also notes the types of arrays."""
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            if not argument.flags.c_contiguous:
                raise RenderError(
                    f"kernels take C-contiguous arrays; got strides {argument.strides}"
                )
            arrays.append(f"{argument.dtype.str[1:]} {argument.ndim}")
            address = argument.__array_interface__["data"][0]
            # No owner, no parent: what a kernel is given outlives its call.
            slots += (0, 0, argument.size, argument.itemsize, address)
            slots += argument.shape
            slots += argument.strides
        elif isinstance(argument, tuple):
            flatten(argument, slots, arrays)
        elif argument is None:
            slots.append(0)
        else:
            slots.append(argument)


class Layout:
    """How slots are laid out, by what the manifest says of one version of an entry."""

    def __init__(self, name: str, kinds: str, arrays: list[str]) -> None:
        self.name = name
        self.kinds = kinds
        self.arrays = arrays

    def pack(self, arguments: Iterable[Any], first: int = 0, first_array: int = 0) -> Packed:
        """Lay out arguments; those from a slot and an array on."""
        slots: list[Any] = []
        arrays: list[str] = []
        flatten(arguments, slots, arrays)
        kinds = self.kinds[first : first + len(slots)]
        expected = self.arrays[first_array : first_array + len(arrays)]
        if arrays != expected or len(kinds) != len(slots):
            raise RenderError(
                f"{self.name} was compiled for arrays ({', '.join(expected)}), got "
                f"({', '.join(arrays)}); set {COMPILE}=1 to have it compiled here"
            )
        for k, kind in enumerate(kinds):
            if kind == "i" and not isinstance(slots[k], int):
                slots[k] = int(slots[k]) & _MASK
            elif kind == "i" and slots[k] < 0:
                slots[k] &= _MASK
        return Packed(_packer(kinds)(*slots), len(slots), len(arrays))


class Packed(NamedTuple):
    """Arguments as an entry reads them."""

    block: bytes
    slots: int
    arrays: int


@lru_cache(maxsize=256)
def _packer(kinds: str) -> Callable[..., bytes]:
    return struct.Struct("<" + "".join(_FORMATS[kind] for kind in kinds)).pack


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
        self._versions: dict[str, tuple[Any, Layout]] = {}

    def __call__(self, *arguments: Any) -> Any:
        """Run it."""
        function, layout = self._version(variant_of(arguments))
        return self._run(function, layout, layout.pack(arguments).block)

    def bind(self, *leading: Any) -> Callable[..., Any]:
        """The entry with its first arguments, which are laid out here and kept."""
        function, layout = self._version(variant_of(leading))
        # `leading` is kept because the block points to its memory.
        return partial(self._run_bound, function, layout, layout.pack(leading), leading)

    def _run_bound(
        self, function: Any, layout: Layout, head: Packed, kept: tuple[Any, ...], *rest: Any
    ) -> Any:
        block = head.block + layout.pack(rest, head.slots, head.arrays).block
        return self._run(function, layout, block)

    def _version(self, variant: str) -> tuple[Any, Layout]:
        found = self._versions.get(variant)
        if found is None:
            said = self._library.entries[self._name][variant]
            layout = Layout(self._name, said["slots"], said["arrays"])
            found = self._library.function(symbol_of(self._name, variant)), layout
            self._versions[variant] = found
        return found

    def _run(self, function: Any, layout: Layout, block: bytes) -> Any:
        if len(block) != 8 * len(layout.kinds):
            raise RenderError(
                f"{self._name} takes {len(layout.kinds)} slots, got {len(block) // 8}"
            )
        result = ctypes.c_int64(0)
        status = function(ctypes.addressof(result), block)
        if status not in (_STATUS_OK, _STATUS_NONE):
            raise RenderError(f"{self._name} failed with status {status}")
        if self._returns == "None":
            return None
        return bool(result.value & 1) if self._returns == "bool" else result.value
