"""What docs/cluster.md shows runs as it stands there, as far as this machine has what it needs."""

import ast
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from raywidget.cli.arguments import make_parser
from raywidget.terminal import Voice

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.S)
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, re.S)
ELSEWHERE = ("dask_jobqueue", "dask_kubernetes")  # need a cluster around them


def modules_of(block):
    tree = ast.parse(block)
    names = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    return [name.partition(".")[0] for name in names if name is not None]


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_programs_run(tmp_path, number):
    block = PYTHON[number]
    modules = modules_of(block)
    if set(modules) & set(ELSEWHERE):
        ast.parse(block)
        return
    for name in modules:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    (tmp_path / "program.py").write_text(block, encoding="utf-8")
    command = [sys.executable, "program.py"]
    if "mpi4py" in modules:
        if shutil.which("mpirun") is None:
            pytest.skip("there is no mpirun")
        flags = ["--allow-run-as-root", "--oversubscribe"]
        command = [
            "mpirun",
            *flags,
            "-n",
            "2",
            sys.executable,
            "-m",
            "mpi4py.futures",
            "program.py",
        ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    made = {path.name for path in tmp_path.rglob("*.png")}
    assert made == ({"0000.png", "0003.png"} if "render_many" in block else {"box.png"})


def commands():
    for line in "".join(SHELL).splitlines():
        words = shlex.split(line)
        if "--wrap" in words:
            words = shlex.split(words[words.index("--wrap") + 1])
        words = words[words[:1] == ["exec"] :]
        if words and words[0] == "raywidget":
            yield words[1:]


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_commands_are_understood(words):
    assert make_parser(Voice()).parse_args(words).run is not None


def test_there_is_something_to_try():
    assert len(PYTHON) >= 7
    assert len(list(commands())) >= 6
