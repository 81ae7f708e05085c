"""What pictures say of themselves: the words that `images` writes into them, read back."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from raywidget.errors import PictureError

_MOST = 1 << 20  # characters of a word
_KEYWORD = re.compile(r"(?:^|; )([A-Za-z][A-Za-z0-9_-]{0,78}): ")
_SETTINGS = "raywidget-settings"
_BY_PILLOW = {".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".avif": "AVIF"} | dict.fromkeys(
    (".tif", ".tiff"), "TIFF"
)

SUFFIXES = (".png", ".exr", ".hdr", *_BY_PILLOW)
"""Of the files that say something."""


def read_text(path: Path) -> dict[str, str]:
    """What a picture's file says of itself; nothing where there is none, or it is damaged."""
    suffix = path.suffix.lower()
    if suffix == ".png":
        return _from_png(path)
    if suffix == ".exr":
        return _from_exr(path)
    if suffix == ".hdr":
        return _from_hdr(path)
    return _from_exif(path, _BY_PILLOW[suffix]) if suffix in _BY_PILLOW else {}


def read_settings(path: Path) -> dict[str, Any]:
    """How a picture was rendered, as its file says it.

    Raises
    ------
    PictureError
        If it does not say it.
    """
    if not path.is_file():
        raise PictureError(f"there is no picture {str(path)!r}")
    text = read_text(path).get(_SETTINGS)
    try:
        settings = None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict):
        known = ", ".join(SUFFIXES)
        raise PictureError(
            f"{str(path)!r} does not say how it was rendered; raywidget writes that into {known}"
        )
    return settings


def _from_png(path: Path) -> dict[str, str]:
    from PIL import Image as Pillow

    try:
        with Pillow.open(path, formats=["PNG"]) as picture:
            picture.load()
            return _words(getattr(picture, "text", {}))
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):
        return {}


def _from_exr(path: Path) -> dict[str, str]:
    try:
        import OpenEXR

        header = OpenEXR.File(str(path), header_only=True).header()
    except (ImportError, OSError, RuntimeError, ValueError, TypeError):
        return {}
    named = {str(name).replace("_", "-"): value for name, value in header.items()}
    return _words(named)


def _from_hdr(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            head = file.read(_MOST).partition(b"\n\n")[0]
    except OSError:
        return {}
    lines = head.decode("utf-8", errors="replace").splitlines()
    return _words(dict(line.split("=", 1) for line in lines if "=" in line))


def _from_exif(path: Path, kind: str) -> dict[str, str]:
    from PIL import Image as Pillow

    try:
        with Pillow.open(path, formats=[kind]) as picture:
            told = picture.getexif().get(0x010E, "")
    except (OSError, SyntaxError, ValueError, KeyError, Pillow.DecompressionBombError):
        return {}
    if not isinstance(told, str) or len(told) > _MOST:
        return {}
    pieces = _KEYWORD.split(told)
    return _words(dict(zip(pieces[1::2], pieces[2::2], strict=True)))


def _words(found: Any) -> dict[str, str]:
    return {
        str(name): value
        for name, value in found.items()
        if isinstance(value, str) and len(value) <= _MOST
    }
