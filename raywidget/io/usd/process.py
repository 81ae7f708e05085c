"""Asks a second Python for what is on a stage."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from raywidget.errors import SceneError
from raywidget.io import apart
from raywidget.io.files import size_of_readable

MAX_SECONDS = 300.0

_MODULE = "raywidget.io.usd.inside"
_INSTALL = 'reading USD needs usd-core: pip install "raywidget[usd]"'


def describe(path: Path) -> dict[str, Any]:
    """What `inside` tells of the stage of a file.

    Raises
    ------
    SceneError
        If usd-core is missing, or the file can't be read, or its reading takes more memory
        (`inside.MAX_MEMORY`) or time than it may.
    """
    name = path.name
    if importlib.util.find_spec("pxr") is None:
        raise SceneError(f"{name!r}: {_INSTALL}")
    size_of_readable(path)
    found = _asked(path)
    document = found.document
    if found.late:
        raise SceneError(f"{name!r}: took more than {MAX_SECONDS:g} seconds to read; split it")
    if document is None:
        raise SceneError(
            f"{name!r}: USD's library crashed while it read the file ({found.ending}): it is "
            "damaged or too large for the memory; write it anew, as with usdcat"
        )
    if "error" in document:
        raise SceneError(f"{name!r}{document['error']}")
    return document


def _asked(path: Path) -> apart.Answer:
    """The answer if there is a whole one, how the process ended, and whether it had to be."""
    return apart.ask(_MODULE, path, MAX_SECONDS, _environment())


def _environment() -> dict[str, str]:
    """That of this process, without what has USD look for plugins and files elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PXR_", "USD_", "TF_"))}
    kept["PXR_WORK_THREAD_LIMIT"] = "4"
    return kept
