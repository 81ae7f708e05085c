"""``python -m wheels [FOLDER]``: a wheel with machine code for Linux on x86-64, and a pure one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from wheels.libraries import ROOT, build_libraries

TAG = "py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64"


def main() -> None:
    """Build both into a folder, `dist` if none is given."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "dist").resolve()
    code = ROOT / "raywidget" / "machine_code"
    try:
        for path in build_libraries(code):
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1e3:.0f} kB", flush=True)
        _build(target, {"RAYWIDGET_WHEEL_TAG": TAG})
    finally:  # a checkout compiles
        for path in code.glob("*"):
            path.unlink()
        if code.is_dir():
            code.rmdir()
    _build(target, {})


def _build(target: Path, more: dict[str, str]) -> None:
    command = [sys.executable, "-m", "uv", "build", "--wheel", "--out-dir", str(target), str(ROOT)]
    subprocess.run(command, env={**os.environ, **more}, check=True)


if __name__ == "__main__":
    main()
