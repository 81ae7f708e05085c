"""The built front end: what `js/` has been made into, and pages hold."""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).parents[1] / "static"


def front_end_text(name: str) -> str:
    """The text of a file of the built front end, or "" if it hasn't been built."""
    path = STATIC / name
    # A single line would be taken for a path if its end looked like a suffix.
    return path.read_text(encoding="utf-8") + "\n" if path.is_file() else ""
