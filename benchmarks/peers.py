"""The environment that the peers are installed into, away from the project's own."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.harness import ROOT, Missing

FOLDER = Path(os.environ.get("RAYWIDGET_BENCH_ENV", ROOT / ".venv-bench"))
PYTHON = FOLDER / "bin" / "python"

# Mitsuba compiles through an LLVM library that it looks for when it starts. 19 serves processors
# as new as Zen 4 and Sapphire Rapids; 15 and 16 abort there.
LLVM_PACKAGES = ("libllvm19",)
LLVM_FILES = ("libLLVM.so.19.1", "libLLVM-19.so.1", "libLLVM.so.20.1", "libLLVM-18.so.1")
LLVM_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")


def ensure(*packages: str) -> Path:
    """Install packages into the peers' environment, and return its Python.

    Raises
    ------
    Missing
        If they can't be installed, with pip's last words.
    """
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
        _install("-e", str(ROOT))
    wanted = [package for package in packages if not _is_installed(package)]
    if wanted:
        _install(*wanted)
    return PYTHON


def llvm_environment() -> dict[str, str]:
    """Variables with which Mitsuba finds its LLVM.

    Raises
    ------
    Missing
        If there is no library that fits, and none can be installed.
    """
    if "DRJIT_LIBLLVM_PATH" in os.environ:
        return {}
    found = _find_llvm()
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        command = ["apt-get", "install", "-y", "--no-install-recommends", *LLVM_PACKAGES]
        subprocess.run(command, check=False, capture_output=True)
        found = _find_llvm()
    if found is None:
        raise Missing(
            f"Mitsuba's LLVM variants need one of {', '.join(LLVM_FILES)}: {LLVM_PACKAGES}"
        )
    return {"DRJIT_LIBLLVM_PATH": found}


def _find_llvm() -> str | None:
    for name in LLVM_FILES:
        for folder in LLVM_FOLDERS:
            if (path := Path(folder, name)).exists():
                return str(path)
    return ctypes.util.find_library("LLVM-19")


def _is_installed(package: str) -> bool:
    done = subprocess.run(
        [str(PYTHON), "-c", f"import importlib.util as u; assert u.find_spec({package!r})"],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def _install(*arguments: str) -> None:
    print(f"installing {' '.join(arguments)} into {FOLDER}", file=sys.stderr)
    done = subprocess.run(
        [str(PYTHON), "-m", "pip", "install", "--quiet", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise Missing(f"pip can't install {' '.join(arguments)}: {last}")
