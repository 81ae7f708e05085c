"""Compiled kernels on disk: where they are kept, and that nothing there can do harm.

numba's own way to do this fails for good where a file is damaged or the disk is full, writes to
another place where it may not write to the first, and notices edits only in the file of an entry.
Here a file has a digest of its contents; whatever is wrong with it, the kernel is compiled again.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import stat
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
import platformdirs
from llvmlite import binding as llvm
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from raywidget.kernels.language import compilers
from raywidget.kernels.language.processor import config, host_features

_DAY = 24 * 3600.0
KEPT_DAYS = 30
"""Kernels that nobody has loaded for so long are removed, when others are stored beside them."""

_MAGIC = b"raywidget kernel 1\n"
_PREFIX = "kernels-"

# What decides of numba's options what code becomes. (joblib's workers set NUMBA_NUM_THREADS.)
_OPTIONS = (
    "BOUNDSCHECK CPU_NAME DEBUGINFO_DEFAULT DEBUG_JIT DEBUG_NRT DISABLE_INTEL_SVML ENABLE_AVX "
    "ENABLE_PROFILING EXTEND_VARIABLE_LIFETIMES LLVM_REFPRUNE_FLAGS LLVM_REFPRUNE_PASS "
    "LOOP_VECTORIZE NRT_STATS OPT SLP_VECTORIZE USING_SVML"
).split()


class StoredKernels:
    """The versions of one entry on disk, as numba asks for them (its interface of caches)."""

    def __init__(self, function: Callable[..., Any]) -> None:
        module = function.__module__.rsplit(".", 1)[-1]
        name = f"{module}.{function.__qualname__}"
        self._name = "".join(c if c.isalnum() or c in "._" else "_" for c in name)
        self._function = function
        self._folder: Path | None = None

    @property
    def cache_path(self) -> str:
        """Where they are, or would go."""
        return str(self._folder or next(_folders()))

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The compiled version for these types of arguments, None if there is no sound one.

        None also means that it is compiled next, so it is then tried out how.
        """
        found = self._load(signature, target_context)
        if found is None and not compilers.is_plain():
            compilers.try_out()
            if compilers.is_plain():
                found = self._load(signature, target_context)
        return found

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a compiled version. Where that can't be done there is one warning, and no error."""
        if compiled.library.has_dynamic_globals:
            return  # addresses of this process
        body = dumps((signature, compiled._reduce()))
        contents = _MAGIC + hashlib.sha256(body).digest() + body
        file_name = self._file_name(signature, compiled.codegen)
        refused: list[str] = []
        for folder in _folders():
            try:
                _make_private(folder)
                _write(folder / file_name, contents)
            except OSError as error:
                refused.append(f"{folder} ({error.strerror or error})")
                continue
            self._folder = folder
            _remove_unused(folder)
            _warn_once(refused, folder)
            return
        _warn_once(refused, None)

    def enable(self) -> None:
        """Nothing: they are always kept."""

    def disable(self) -> None:
        """Nothing: they are always kept."""

    def flush(self) -> None:
        """Nothing: a version that is compiled anew replaces its file."""

    def _load(self, signature: Any, target_context: Any) -> Any:
        file_name = self._file_name(signature, target_context.codegen())
        for folder in _folders():
            body = _read(folder / file_name)
            if body is None:
                continue
            try:
                stored, reduced = pickle.loads(body)
                if stored != signature:
                    continue
                compilers.prepare_to_load(target_context)
                compiled = CompileResult._rebuild(target_context, *reduced)
            except Exception:  # whatever it was: the kernel can be compiled, and replaces the file
                continue
            self._folder = folder
            _mark_used(folder)
            return compiled
        return None

    def _source(self) -> tuple[Any, ...]:
        """What tells this function from others of its name, and from itself before an edit."""
        code = self._function.__code__
        closed_over = [cell.cell_contents for cell in self._function.__closure__ or ()]
        try:
            file = hashlib.sha256(Path(code.co_filename).read_bytes()).hexdigest()
        except OSError:  # of a prompt
            file = repr((code.co_consts, code.co_names))
        return code.co_filename, file, code.co_firstlineno, code.co_code, dumps(closed_over)

    def _file_name(self, signature: Any, codegen: Any) -> str:
        key = repr((signature, codegen.magic_tuple(), self._source()))
        return f"{self._name}-{hashlib.sha256(key.encode()).hexdigest()[:20]}.nbc"


# --- Folders --------------------------------------------------------------------------------------


def _folders() -> Iterator[Path]:
    """Where kernels may be kept, the first choice first."""
    name = cache_name(compilers.is_plain())
    if config.CACHE_DIR:
        yield Path(config.CACHE_DIR).absolute() / name
    else:
        home = _user_folder()
        if home is not None:
            yield home / name
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    yield Path(tempfile.gettempdir()) / f"raywidget-{owner}" / name


def _user_folder() -> Path | None:
    """In the user's cache folder; None if there is no user."""
    try:
        folder = Path(platformdirs.user_cache_dir("raywidget", appauthor=False))
        if not folder.is_absolute():  # such values of XDG_CACHE_HOME are to be ignored
            folder = Path.home() / ".cache" / "raywidget"
    except (RuntimeError, KeyError, OSError):  # a user that the system does not know
        return None
    return folder if folder.is_absolute() else None


@lru_cache(maxsize=2)
def cache_name(plain: bool) -> str:
    """Name of the folder of kernels, made of everything that decides what they are."""
    package = Path(__file__).parents[2]
    sources = sorted([*package.glob("kernels/**/*.py"), *package.glob("compiler/**/*.py")])
    parts = [sys.implementation.cache_tag or "", getattr(sys, "abiflags", ""), str(plain)]
    parts += [numba.__version__, llvmlite.__version__, np.__version__]
    parts += [llvm.get_host_cpu_name(), *sorted(host_features())]  # homes are shared by machines
    parts += [f"{name}={getattr(config, name, None)}" for name in _OPTIONS]
    parts += [
        f"{path.relative_to(package).as_posix()}:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in sources
    ]
    return _PREFIX + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


def _make_private(folder: Path) -> None:
    """Make a folder that only we write to.

    Raises
    ------
    OSError
        If that can't be done.
    """
    folder.parent.parent.mkdir(parents=True, exist_ok=True)
    for place in (folder.parent, folder):
        place.mkdir(exist_ok=True, mode=0o700)
    if folder.parent.parent == Path(tempfile.gettempdir()) and not _is_private(folder.parent):
        raise PermissionError(f"{folder.parent} is not ours alone")
    if not _is_private(folder):
        raise PermissionError("others may write there, and what is read from it is run")


def _is_private(place: Path | int, from_root: bool = False) -> bool:
    """Ours, and writable by nobody else: what is in it is unpickled and run.

    `from_root` allows what the administrator has put there.
    """
    status = os.lstat(place) if isinstance(place, Path) else os.fstat(place)
    if not hasattr(os, "getuid"):
        return True
    owners = (os.getuid(), 0) if from_root else (os.getuid(),)
    others = stat.S_IWGRP | stat.S_IWOTH
    return status.st_uid in owners and not status.st_mode & others


def _mark_used(folder: Path) -> None:
    with suppress(OSError):
        if time.time() - folder.stat().st_mtime > _DAY:
            os.utime(folder)


@lru_cache(maxsize=2)
def _remove_unused(folder: Path) -> None:
    """Remove folders like this one that nobody has used for a long time, once per process.

    A process that has loaded from one has no need of it any more.
    """
    now = time.time()
    with suppress(OSError):
        for place in folder.parent.glob(f"{_PREFIX}*"):
            status = place.lstat()
            old = now - status.st_mtime > KEPT_DAYS * _DAY
            if old and place != folder and stat.S_ISDIR(status.st_mode) and _is_private(place):
                shutil.rmtree(place, ignore_errors=True)
        for part in folder.glob("*.part"):  # of processes that were killed while they wrote
            if now - part.lstat().st_mtime > _DAY:
                part.unlink(missing_ok=True)


# --- Files ----------------------------------------------------------------------------------------


def _write(path: Path, contents: bytes) -> None:
    """Write a file, or leave what is there: other processes read it at any time."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.part")
    try:
        part.write_bytes(contents)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _read(path: Path) -> bytes | None:
    """What `save_overload` wrote; None if it isn't there, isn't whole, or others may change it."""
    try:
        if not _is_private(path.parent, from_root=True):
            return None
        with path.open("rb") as file:
            if not _is_private(file.fileno(), from_root=True):
                return None
            contents = file.read()
    except OSError:
        return None
    digest, body = contents[len(_MAGIC) :][:32], contents[len(_MAGIC) + 32 :]
    sound = contents.startswith(_MAGIC) and hashlib.sha256(body).digest() == digest
    return body if sound else None


_warned: set[str] = set()


def _warn_once(refused: list[str], instead: Path | None) -> None:
    if not refused or _warned:
        return
    _warned.update(refused)
    rest = (
        f"they are kept in {instead}"
        if instead
        else "they will be compiled again in each new process"
    )
    warnings.warn(
        f"compiled kernels can't be kept in {', nor in '.join(refused)}; {rest}",
        RuntimeWarning,
        stacklevel=2,
    )
