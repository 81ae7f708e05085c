"""Things of large libraries, made by these.

Open3D needs Debian's libusb-1.0-0, libgl1 and libgomp1.
"""

from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("libraries.py")
CPU_ONLY = ("--extra-index-url", "https://download.pytorch.org/whl/cpu")  # 2 GB less of torch


@pytest.mark.parametrize("library", ["torch", "jax", "open3d", "MDAnalysis"])
def test_its_things_are_taken(make_environment, tmp_path, library):
    options = CPU_ONLY if library == "torch" else ()
    environment = make_environment(library, *options)
    environment.run("python", SCRIPT, library, cwd=tmp_path)
