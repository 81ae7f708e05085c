"""The wheel with machine code, where there is neither numba nor a compiler."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from environments import Environment

from raywidget.kernels.language.machine_code import level_of, machine, processor_features

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from wheels.objects import PROCESSORS, environment_for  # noqa: E402

LEVEL = level_of(processor_features(), machine())
SCRIPT = Path(__file__).with_name("pictures.py")
NEEDED = ("anywidget", "cmap", "numpy", "pillow", "platformdirs", "tqdm", "traitlets")

if sys.platform != "linux" or LEVEL is None or LEVEL.name not in PROCESSORS:
    pytest.skip("machine code is built for x86-64 with AVX2, on Linux", allow_module_level=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel, and a folder with the kernels of a compiler."""
    folder = tmp_path_factory.mktemp("machine_code")
    checkout = folder / "checkout"
    left_out = (".*", "node_modules", "__pycache__", "build", "dist", "test-results")
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(*left_out))
    command = [sys.executable, "-m", "wheels", str(folder), "--kernels", str(folder / "kernels")]
    subprocess.run(command, cwd=checkout, check=True)
    assert not (checkout / "raywidget" / "machine_code").exists()
    (wheel,) = folder.glob("*manylinux*.whl")
    return wheel, folder / "kernels"


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    environment = Environment(tmp_path_factory.mktemp("without") / "environment")
    environment.run("pip", "install", *NEEDED, cwd=built[0].parent)
    environment.run("pip", "install", "--no-deps", built[0], cwd=built[0].parent)
    listed = json.loads(environment.run("pip", "list", "--format", "json", cwd=built[0].parent))
    assert not {"numba", "llvmlite"} & {entry["name"].lower() for entry in listed}
    return environment


def test_it_is_small_and_says_for_which_machines_it_is(built):
    with zipfile.ZipFile(built[0]) as archive:
        names = set(archive.namelist())
        (information,) = (name for name in names if name.endswith(".dist-info/WHEEL"))
        text = archive.read(information).decode()
    folder = "raywidget/machine_code"
    libraries = {f"{folder}/linux-x86_64-{level}.so" for level in PROCESSORS}
    assert libraries | {f"{folder}/manifest.json"} <= names
    assert "py3-none-manylinux_2_17_x86_64" in text
    assert built[0].stat().st_size < 15_000_000
    (pure,) = built[0].parent.glob("*-none-any.whl")
    with zipfile.ZipFile(pure) as archive:
        assert not [name for name in archive.namelist() if name.startswith(folder)]


def test_pictures_of_every_kind_equal_those_of_a_compiler_to_the_bit(built, installed, tmp_path):
    mine, theirs = tmp_path / "mine.npz", tmp_path / "theirs.npz"
    said = json.loads(installed.run("python", SCRIPT, mine, cwd=tmp_path).splitlines()[-1])
    assert said["loaded"] == []
    assert Path(said["kernels"]).name == f"linux-x86_64-{LEVEL.name}.so"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(theirs)],
        env=environment_for(LEVEL.name, built[1] / LEVEL.name) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    compiled = json.loads(done.stdout.splitlines()[-1])
    assert compiled["loaded"] == ["numba", "llvmlite"]
    a, b = np.load(mine), np.load(theirs)
    assert len(a.files) > 40
    assert a.files == b.files
    assert [name for name in a.files if not np.array_equal(a[name], b[name])] == []


def test_nothing_is_written_and_a_home_is_not_needed(installed, tmp_path):
    variables = installed.variables | {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"}
    command = [installed.bin / "python", "-c", "import raywidget as rw; rw.warmup()"]
    done = subprocess.run(
        command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_sources_that_were_edited_are_compiled(installed, tmp_path):
    """There is no compiler in this environment: the error says what would be needed."""
    package = next(installed.bin.parent.glob("lib/python*/site-packages/raywidget"))
    edited = tmp_path / "raywidget"
    shutil.copytree(package, edited)
    with (edited / "kernels" / "layout.py").open("a") as file:
        file.write("# edited\n")
    script = "import raywidget as rw; rw.render(rw.presets.cornell(), width=8, height=8, spp=1)"
    done = subprocess.run(
        [installed.bin / "python", "-c", script],
        cwd=tmp_path,
        env=installed.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "numba" in done.stderr.splitlines()[-1]
