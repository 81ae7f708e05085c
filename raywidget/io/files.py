"""Bytes of files that come from anywhere: bounded, and never from outside of their folder."""

from __future__ import annotations

import os
from pathlib import Path

from raywidget.errors import SceneError

MAX_BYTES = 1 << 32


def size_of_readable(file: Path) -> int:
    """Bytes of a file that can be read, at most `MAX_BYTES`.

    Raises
    ------
    SceneError
        If it can't be read, or is too large.
    """
    try:
        size = file.stat().st_size
        with file.open("rb"):
            pass
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from None
    if size > MAX_BYTES:
        raise SceneError(
            f"{file.name!r}: must be at most {MAX_BYTES:,} bytes, got {size:,}; "
            "simplify it, or split it"
        )
    return size


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """All bytes of a file, of at most `MAX_BYTES`.

    Raises
    ------
    SceneError
        If it can't be read, or is too large.
    """
    file = Path(path)
    size_of_readable(file)
    try:
        return file.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: OSError | ValueError) -> SceneError:
    reason = getattr(error, "strerror", None) or error  # ValueError: a null in the name
    return SceneError(f"{file.name!r}: can't be read: {reason}")


def beside(file: Path, name: str) -> Path | None:
    r"""The file of that name, told by `file`: below its folder, or None.

    Windows' separators are understood, case is not: where the very name is missing, one that
    differs in case only is taken. Absolute names and names with ``..`` are looked for by their last
    part, since files remember folders of the machine they were made on. What a link in the folder
    points to must lie below the folder, too.

    Parameters
    ----------
    file : Path
        The file that refers to another.
    name : str
        As it stands there; it is not trusted.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from raywidget.io.files import beside
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "wood.png").write_bytes(b"")
    >>> beside(folder / "chair.obj", r"C:\textures\Wood.PNG").name
    'wood.png'
    >>> beside(folder / "chair.obj", "/etc/passwd") is None
    True
    """
    words = [word for word in name.replace("\\", "/").split("/") if word not in ("", ".")]
    if not words or "\0" in name:
        return None
    try:
        folder = Path(os.path.realpath(file.parent))
        inside = ".." not in words and not os.path.isabs(name) and ":" not in words[0]
        for parts in ([words] if inside else []) + [words[-1:]]:
            found = _without_case(folder, parts)
            if found is None:
                continue
            real = Path(os.path.realpath(found))
            if real.is_file() and real.is_relative_to(folder):
                return real
    except (OSError, ValueError):
        return None
    return None


def _without_case(folder: Path, words: list[str]) -> Path | None:
    for word in words:
        if (folder / word).exists():
            folder /= word
            continue
        if not folder.is_dir():
            return None
        same = [entry for entry in os.listdir(folder) if entry.lower() == word.lower()]
        if not same:
            return None
        folder /= min(same)
    return folder
