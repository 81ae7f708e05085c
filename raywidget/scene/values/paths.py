"""Paths that users give: where ``~`` is the home, and anything that is no path says so."""

from __future__ import annotations

import os
from pathlib import Path


def user_path(value: object) -> Path:
    """A path as users write it, with ``~`` and ``~name`` replaced by the home that they mean.

    Raises
    ------
    ValueError
        With what is wrong, where it is no path, or none that a system could open.

    Examples
    --------
    >>> from raywidget.scene.values.paths import user_path
    >>> user_path("a.png").name
    'a.png'
    >>> user_path(7)
    Traceback (most recent call last):
    ValueError: expected a path, such as "file.png", got int
    """
    if isinstance(value, str | os.PathLike):
        text = os.fspath(value)
        if isinstance(text, str) and text:
            if "\0" in text:
                raise ValueError(f"a path can't hold a zero byte, got {text[:80]!r}")
            try:
                return Path(text).expanduser()
            except RuntimeError as error:  # no such user, or a user without a home
                raise ValueError(f"{text[:80]!r}: {error}") from None
    got = repr(value) if isinstance(value, str) else type(value).__name__
    raise ValueError(f'expected a path, such as "file.png", got {got}')
