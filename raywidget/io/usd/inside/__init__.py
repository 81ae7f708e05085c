"""What runs in the process of its own: tells of the prims of a stage as they are.

`layers` opens a stage of which no layer lies outside of the file's folder; `walk` goes over it,
`gprims`, `networks` and `sights` say what prims are, and `values` makes numbers of pxr's types.
"""

import re

from raywidget.io import apart

MAX_MEMORY = 12 << 30
"""Bytes that the process may address at most, where the system has such a bound (Linux)."""

_FLOOR, _MULTIPLE = 4 << 30, 8  # of them, and of the size of all layers together


def bound_memory(size: int) -> None:
    """Let the process address no more than layers of so many bytes should take to read."""
    if not is_bounded:
        return
    apart.bound_memory(min(MAX_MEMORY, _FLOOR + _MULTIPLE * size))


is_bounded = False  # until `__main__` says that this is a process of its own


def reason(error: Exception) -> str:
    """What pxr complains about, without where in its sources it does."""
    found = re.findall(r" : '(.*?)'\s*(?=\n\s*Error in|\Z)", str(error), re.DOTALL)
    text = found[0] if found else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:300]
