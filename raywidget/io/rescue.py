"""A picture that can't be written where it was to go is written somewhere else: it took long."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from raywidget.errors import PictureError


def rescue(name: str, save: Callable[[Path], object]) -> Path | None:
    """Save a picture in the current folder, else in the one for temporary files.

    Parameters
    ----------
    name : str
        What the new file's name ends with, before its suffix.
    save : callable
        Saves it as a file that ends in ``.npz``: linear light and all that belongs to it.

    Returns
    -------
    Path or None
        Where it is now; None if it can't be written anywhere.
    """
    for folder in (Path.cwd, tempfile.gettempdir, Path.home):
        try:
            path = Path(folder()) / f"rescued-{secrets.token_hex(4)}-{name[:60]}.npz"
            save(path)
            return path
        except (PictureError, OSError, RuntimeError):  # no current folder, no home, no space, ...
            continue
    return None
