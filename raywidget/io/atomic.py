"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LEFT_SECONDS = 3600.0


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """An empty file beside `target` to write to; it takes that one's place when all is written.

    Its name can't be guessed, and it is made by nobody else: where others may write into the same
    folder, nothing that they have put there is followed or written through. If anything is raised
    it is removed, and what was there before stays.

    Raises
    ------
    OSError
        If nothing can be written there.
    """
    part = _beside(target)
    try:  # from here on: Ctrl-C may come between the making of a file and the next line
        _create(part)
        yield part
        os.replace(part, target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def sweep(target: Path) -> None:
    """Remove what processes that were killed have left beside `target`, of files of its kind.

    Only what nobody has written to for an hour: the rest may be of somebody who is at it.
    """
    pattern = re.compile(rf"\.raywidget-[0-9a-f]{{24}}{re.escape(target.suffix)}")
    long_ago = time.time() - _LEFT_SECONDS
    with contextlib.suppress(OSError):
        for entry in os.scandir(target.parent):
            if pattern.fullmatch(entry.name) is None:
                continue
            with contextlib.suppress(OSError):  # of somebody else, or gone meanwhile
                if entry.stat(follow_symlinks=False).st_mtime < long_ago:
                    os.unlink(entry.path)


def check_writable(target: Path) -> None:
    """See whether a file can be made beside `target`, by making one and removing it.

    Raises
    ------
    OSError
        If it can't.
    """
    part = _beside(target)
    try:
        _create(part)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _beside(target: Path) -> Path:
    # In the same folder, as a file can't be renamed from one disk to another.
    return target.with_name(f".raywidget-{secrets.token_hex(12)}{target.suffix}")


def _create(part: Path) -> None:
    # Not by `mkstemp`, whose files nobody else may read.
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
