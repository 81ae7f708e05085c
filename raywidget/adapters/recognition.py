"""What a thing is, told by the names of its classes: no library is imported for that."""

from __future__ import annotations


def is_a(thing: object, library: str, *names: str) -> bool:
    """Is it of one of these classes of a library, or of one derived from them?"""
    return any(
        cls.__name__ in names and cls.__module__.partition(".")[0] == library
        for cls in type(thing).__mro__
    )
