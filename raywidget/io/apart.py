"""Asks a second Python for what is in a file, so that whatever happens there, this one goes on.

Libraries in C++ that are not written for files from anywhere may crash over damaged ones, go round
for ever, or unfold a few lines to any size. There they can take neither the kernel nor its memory
along. What the two say to each other is in `wire`; `bound_memory` is for the one that reads.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from raywidget.io import wire


class Answer(NamedTuple):
    """What came back."""

    document: dict[str, Any] | None  # None if there is no whole one
    status: int  # how the process ended: an exit code, or minus a signal
    late: bool  # it was ended, since it took too long

    @property
    def ending(self) -> str:
        """How the process ended, in words."""
        return f"signal {-self.status}" if self.status < 0 else f"exit {self.status}"


def ask(
    module: str, path: Path, seconds: float, environment: Mapping[str, str] | None = None
) -> Answer:
    """Run ``python -m module path`` and read the document that it writes.

    Parameters
    ----------
    module : str
        Its `main` calls `answer`.
    path : Path
        The file that it is asked for.
    seconds : float
        After which it is ended.
    environment : mapping, optional
        Of the process, instead of this one's.
    """
    late = threading.Event()
    kept = dict(os.environ if environment is None else environment)
    kept["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
    kept["MALLOC_ARENA_MAX"] = "2"  # each may reserve 64 MiB of what the process may address
    with subprocess.Popen(
        [sys.executable, "-P", "-m", module, os.path.abspath(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=kept,
        cwd=path.resolve().parent,  # where names are looked for that nothing else is told of
    ) as process:

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, end)
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
    return Answer(document, process.returncode, late.is_set())


def answer(make: Callable[[], dict[str, Any]], too_large: str) -> None:
    """Write what `make` returns to standard output, from which libraries are kept away."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no part of the answer
    try:
        wire.write(out, make())
    except (MemoryError, wire.TooLarge):
        wire.write(out, {"error": too_large})


def bound_memory(most: int) -> None:
    """Let this process address no more than so many bytes, where the system has such a bound."""
    try:
        import resource
    except ImportError:
        return
    limits: Any = resource
    _, hard = limits.getrlimit(limits.RLIMIT_AS)
    most = most if hard == limits.RLIM_INFINITY else min(most, hard)
    limits.setrlimit(limits.RLIMIT_AS, (most, hard))
    limits.setrlimit(limits.RLIMIT_CORE, (0, 0))
