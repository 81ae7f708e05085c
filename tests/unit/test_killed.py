"""Processes that are killed, at any moment: files are those of before or of after, never half."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")


@pytest.mark.parametrize("what", ["saving", "checkpoints", "films"])
def test_files_are_whole_after_kill(tmp_path, what):
    script = Path(__file__).with_name("killed.py")
    done = subprocess.run(
        [sys.executable, str(script), what, str(tmp_path), "7"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
