"""Asks a second Python for what is on a stage, so that whatever happens there, this one goes on."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from raywidget.errors import SceneError
from raywidget.io.files import MAX_BYTES
from raywidget.io.usd import wire

MAX_SECONDS = 300.0

_MODULE = "raywidget.io.usd.inside"
_INSTALL = 'reading USD needs usd-core: pip install "raywidget[usd]"'


def describe(path: Path) -> dict[str, Any]:
    """What `inside` tells of the stage of a file.

    Raises
    ------
    SceneError
        If usd-core is missing, or the file can't be read, or its reading takes more memory
        (`inside.MAX_MEMORY`) or time than it may.
    """
    name = path.name
    if importlib.util.find_spec("pxr") is None:
        raise SceneError(f"{name!r}: {_INSTALL}")
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SceneError(f"{name!r}: can't be read: {reason}") from None
    if size > MAX_BYTES:
        raise SceneError(f"{name!r}: must be at most {MAX_BYTES:,} bytes, got {size:,}; split it")
    document, status, late = _asked(path)
    if late:
        raise SceneError(f"{name!r}: took more than {MAX_SECONDS:g} seconds to read; split it")
    if document is None:
        raise SceneError(
            f"{name!r}: USD's library crashed while it read the file ({_ending(status)}): it is "
            "damaged or too large for the memory; write it anew, as with usdcat"
        )
    if "error" in document:
        raise SceneError(f"{name!r}{document['error']}")
    return document


def _asked(path: Path) -> tuple[dict[str, Any] | None, int, bool]:
    """The answer if there is a whole one, how the process ended, and whether it had to be."""
    late = threading.Event()
    command = [sys.executable, "-P", "-m", _MODULE, os.path.abspath(path)]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        cwd=path.resolve().parent,  # where names are looked for that nothing else is told of
    ) as process:

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(MAX_SECONDS, end)
        timer.daemon = True
        timer.start()
        document = None
        try:
            assert process.stdout is not None
            document = wire.read(process.stdout)  # type: ignore[arg-type]
        except (ValueError, KeyError, IndexError, TypeError):
            pass  # it ended before it was done: how says why
        finally:
            timer.cancel()
            process.kill()
    return document, process.returncode, late.is_set()


def _environment() -> dict[str, str]:
    """That of this process, without what has USD look for plugins and files elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PXR_", "USD_", "TF_"))}
    kept["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
    kept["PXR_WORK_THREAD_LIMIT"] = "4"
    kept["MALLOC_ARENA_MAX"] = "2"  # each may reserve 64 MiB of what the process may address
    return kept


def _ending(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit {status}"
