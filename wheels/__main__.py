"""``python -m wheels [FOLDER]``: a wheel with machine code for Linux on x86-64, and a pure one."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from wheels.libraries import ROOT, build_libraries

TAG = "py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64"


def main() -> None:
    """Build both into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "dist")
    parser.add_argument("--kernels", type=Path, help="keep what numba compiles in this folder")
    options = parser.parse_args()
    folder = options.folder.resolve()
    code = ROOT / "raywidget" / "machine_code"
    try:
        for path in build_libraries(code, kernels=options.kernels):
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e3:.0f} kB", flush=True)
        _build(folder, {"RAYWIDGET_WHEEL_TAG": TAG})
    finally:  # a checkout compiles
        shutil.rmtree(code, ignore_errors=True)
    _build(folder, {})


def _build(target: Path, more: dict[str, str]) -> None:
    command = [sys.executable, "-m", "uv", "build", "--wheel", "--out-dir", str(target), str(ROOT)]
    subprocess.run(command, env={**os.environ, **more}, check=True)


if __name__ == "__main__":
    main()
