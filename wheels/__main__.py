"""``python -m wheels [FOLDER]``: wheels with machine code for all systems, and a pure one."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from wheels.libraries import ROOT, build_libraries
from wheels.targets import SYSTEMS

CODE = ROOT / "raywidget" / "machine_code"


def main() -> None:
    """Build them into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "dist")
    parser.add_argument(
        "--only", action="append", choices=tuple(SYSTEMS), help="only this system; may be repeated"
    )
    parser.add_argument("--kernels", type=Path, help="keep what numba compiles in this folder")
    options = parser.parse_args()
    folder = options.folder.resolve()
    with tempfile.TemporaryDirectory() as place:
        made = build_libraries(Path(place), options.only or tuple(SYSTEMS), options.kernels)
        try:
            for name, paths in made.items():
                for path in paths:
                    print(f"{name}: {path.name}, {path.stat().st_size / 1e3:.0f} kB", flush=True)
                shutil.rmtree(CODE, ignore_errors=True)
                shutil.copytree(Path(place) / name, CODE)
                _build(folder, {"RAYWIDGET_WHEEL_TAG": SYSTEMS[name].tag})
        finally:  # a checkout compiles
            shutil.rmtree(CODE, ignore_errors=True)
    _build(folder, {})


def _build(target: Path, more: dict[str, str]) -> None:
    command = [sys.executable, "-m", "uv", "build", "--wheel", "--out-dir", str(target), str(ROOT)]
    subprocess.run(command, env={**os.environ, **more}, check=True)


if __name__ == "__main__":
    main()
