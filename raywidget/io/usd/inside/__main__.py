"""Tells of a stage on its standard output: ``python -m raywidget.io.usd.inside FILE``."""

from __future__ import annotations

import sys
from typing import Any

from raywidget.io import apart
from raywidget.io.usd import inside

_TOO_LARGE = ": takes too much memory to read; it is made to fill it, or must be split"


def main(path: str) -> None:
    """Read one file, and tell of it or of what is wrong with it."""
    inside.is_bounded = True
    inside.bound_memory(0)
    apart.answer(lambda: answered(path), _TOO_LARGE)


def answered(path: str) -> dict[str, Any]:
    """What is told of a file: ``{"error": ...}`` if it can't be read."""
    try:
        from raywidget.io.usd.inside.walk import describe

        return describe(path)
    except MemoryError:
        return {"error": _TOO_LARGE}
    except Exception as error:  # pxr's are of many types
        return {"error": _told(error)}


def _told(error: Exception) -> str:
    if isinstance(error, ValueError):
        return str(error) if str(error).startswith((":", ",")) else f": {error}"
    return f": can't be read by USD's library: {inside.reason(error)}"


if __name__ == "__main__":
    main(sys.argv[1])
