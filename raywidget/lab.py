"""JupyterLab opened on a notebook that shows one thing."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raywidget.errors import RaywidgetError


def open_lab(path: str, words: Mapping[str, Any], *, browser: bool) -> int:
    """Write a notebook into a folder of its own, open JupyterLab on it, and wait until that ends.

    Parameters
    ----------
    path : str
        A file, or the name of a preset.
    words : mapping of str to value
        Parameters of `studio` and settings for it.
    browser : bool
        Open a browser, where there is a display; otherwise the address is printed.

    Returns
    -------
    int
        JupyterLab's exit code.

    Raises
    ------
    RaywidgetError
        If JupyterLab is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise RaywidgetError('JupyterLab is not installed: pip install "raywidget[lab]"')
    with tempfile.TemporaryDirectory(prefix="raywidget-") as folder:
        notebook = write_notebook(Path(folder), path, words)
        command = [sys.executable, "-m", "jupyterlab", f"--notebook-dir={folder}"]
        command += ["--log-level=WARN", f"--LabApp.default_url=/lab/tree/{notebook.name}"]
        if not browser or not has_display():
            command.append("--no-browser")
            print("No browser is opened: open one of the addresses below. Ctrl-C ends it.")
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        return subprocess.run(command, check=False).returncode


def has_display() -> bool:
    """Can a browser be seen here?"""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def write_notebook(folder: Path, path: str, words: Mapping[str, Any]) -> Path:
    """A notebook of one cell, named after the file."""
    is_file = os.path.isfile(path)
    thing = repr(path) if is_file else f"rw.presets.{path}()"
    parameters = "".join(f", {name}={value!r}" for name, value in words.items())
    source = f"import raywidget as rw\n\nrw.RayWidget({thing}{parameters})"
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "show",
        "metadata": {},
        "outputs": [],
        "source": source,
    }
    stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in Path(path).stem) or "show"
    notebook = folder / f"{stem}.ipynb"
    content = {
        "cells": [cell],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    notebook.write_text(json.dumps(content), encoding="utf-8")
    return notebook
