"""What this installation renders with."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from raywidget.errors import RenderError

if TYPE_CHECKING:
    from raywidget.kernels.language.machine_code import Level


def place_of_kernels() -> str:
    """Where the machine code of kernels is: a library of the package, or a folder of a cache.

    Raises
    ------
    RenderError
        If there is none, and nothing to compile with.
    """
    from raywidget.kernels.integrators.path_tiles import render_path
    from raywidget.kernels.language.machine_code import LIBRARY

    if LIBRARY is not None:
        return str(LIBRARY.path)
    path: str = render_path.stats.cache_path  # type: ignore[attr-defined]
    return path


def describe() -> dict[str, str]:
    """What is in use, to be told to somebody who wonders: by name, in the order to be read."""
    from raywidget.kernels.language import machine_code

    levels = machine_code.levels_of(machine_code.processor_features(), machine_code.machine())
    told = {
        "raywidget": f"{_version('raywidget')}, {Path(__file__).parents[1]}",
        "python": f"{platform.python_version()}, {sys.executable}",
        "numpy": np.__version__,
        "numba": _version("numba"),
        "machine": f"{sys.platform}, {machine_code.machine()}, {_levels(levels)}",
    }
    if machine_code.LIBRARY is not None:
        level = machine_code.LIBRARY.level
        told["kernels"] = f"machine code that came with the package, {level.lanes} numbers at once"
        told["library"] = str(machine_code.LIBRARY.path)
        return told
    try:
        place = place_of_kernels()
    except RenderError as error:
        told["kernels"] = f"none: {error}"
        return told
    told["kernels"] = f"compiled here: {machine_code.WHY_NONE}"
    told["kept in"] = place
    return told


def _levels(levels: list[Level]) -> str:
    names = ", ".join(level.name for level in levels)
    return f"levels {names}" if names else "of no level that there is machine code for"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
