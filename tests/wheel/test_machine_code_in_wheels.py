"""The wheel with machine code, where there is neither numba nor a compiler."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from environments import Environment
from scipy import stats

from raywidget.kernels.language.machine_code import levels_of, machine, processor_features

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from wheels.objects import environment_for  # noqa: E402
from wheels.targets import BASES, HERE, SYSTEMS  # noqa: E402

LEVELS = [level.name for level in levels_of(processor_features(), machine())]
SCRIPT = Path(__file__).with_name("pictures.py")
MANY_LIGHTS = ("full volpath", "full path", "full direct", "full bdpt", "preset chess")
RENDER = "import raywidget as rw; rw.render(rw.presets.cornell(), width=8, height=8, spp=1)"

if f"{sys.platform}-{machine()}" != HERE or LEVELS[0] not in BASES:
    pytest.skip("wheels are built on Linux, on x86-64 with AVX2", allow_module_level=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel, and a folder with the kernels of a compiler."""
    folder = tmp_path_factory.mktemp("machine_code")
    checkout = folder / "checkout"
    left_out = (".*", "node_modules", "__pycache__", "build", "dist", "test-results")
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(*left_out))
    options = ["--only", HERE, "--kernels", str(folder / "kernels")]
    subprocess.run(
        [sys.executable, "-m", "wheels", str(folder), *options], cwd=checkout, check=True
    )
    assert not (checkout / "raywidget" / "machine_code").exists()
    (wheel,) = folder.glob("*manylinux*.whl")
    return wheel, folder / "kernels"


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    environment = Environment(tmp_path_factory.mktemp("without") / "environment")
    environment.run("pip", "install", built[0], cwd=built[0].parent)
    listed = json.loads(environment.run("pip", "list", "--format", "json", cwd=built[0].parent))
    assert not {"numba", "llvmlite"} & {entry["name"].lower() for entry in listed}
    return environment


def run(environment, folder, script, **variables):
    """A script in the environment, in a folder; what became of it."""
    return subprocess.run(
        [environment.bin / "python", "-c", script],
        cwd=folder,
        env=environment.variables | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_small_and_says_for_which_machines_it_is(built):
    folder = "raywidget/machine_code"
    system = SYSTEMS[HERE]
    with zipfile.ZipFile(built[0]) as archive:
        brought = {name for name in archive.namelist() if name.startswith(folder)}
        text = read(archive, "WHEEL")
    libraries = {f"{folder}/{HERE}-{level}.so" for level in system.levels}
    assert brought == libraries | {f"{folder}/manifest.json"}
    for tag in system.tag.removeprefix("py3-none-").split("."):
        assert f"Tag: py3-none-{tag}\n" in text
    assert built[0].stat().st_size < 15_000_000
    (pure,) = built[0].parent.glob("*-none-any.whl")
    with zipfile.ZipFile(pure) as archive:
        assert not [name for name in archive.namelist() if name.startswith(folder)]


def test_only_the_pure_wheel_needs_a_compiler(built):
    (pure,) = built[0].parent.glob("*-none-any.whl")
    for path, needed in ((built[0], False), (pure, True)):
        with zipfile.ZipFile(path) as archive:
            lines = read(archive, "METADATA").partition("\n\n")[0].splitlines()
        compilers = [line for line in lines if line.startswith("Requires-Dist: numba")]
        always = [line for line in compilers if "extra ==" not in line]
        assert len(always) == needed
        assert [line for line in compilers if "extra == 'compile'" in line]
        assert sum("extra" not in line for line in lines if line.startswith("Requires-Dist")) >= 7


def read(archive, name):
    (path,) = (path for path in archive.namelist() if path.endswith(f".dist-info/{name}"))
    return archive.read(path).decode()


@pytest.fixture(scope="module")
def pictures(installed, tmp_path_factory):
    """Pictures of every kind with the machine code of the best level, and what was told of them."""
    path = tmp_path_factory.mktemp("pictures") / "mine.npz"
    said = json.loads(installed.run("python", SCRIPT, path, cwd=path.parent).splitlines()[-1])
    return np.load(path), said


def test_pictures_of_every_kind_equal_those_of_a_compiler_to_the_bit(built, pictures, tmp_path):
    a, said = pictures
    assert said["loaded"] == []
    assert Path(said["kernels"]).name == f"{HERE}-{LEVELS[0]}.so"
    theirs = tmp_path / "theirs.npz"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(theirs)],
        env=environment_for(LEVELS[0], built[1] / LEVELS[0]) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    compiled = json.loads(done.stdout.splitlines()[-1])
    assert compiled["loaded"] == ["numba", "llvmlite"]
    b = np.load(theirs)
    assert len(a.files) > 40
    assert a.files == b.files
    assert [name for name in a.files if not np.array_equal(a[name], b[name])] == []


@pytest.mark.parametrize("level", LEVELS[1:])
def test_a_weaker_processor_has_its_own_machine_code(installed, pictures, tmp_path, level):
    """numpy is told to do without what it has; pictures differ by rounding."""
    stronger = LEVELS[: LEVELS.index(level)]
    missing = " ".join(f"X86_{name.upper()}" for name in stronger)
    path = tmp_path / "weaker.npz"
    done = subprocess.run(
        [installed.bin / "python", SCRIPT, path],
        env=installed.variables | {"NPY_DISABLE_CPU_FEATURES": missing},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert Path(said["kernels"]).name == f"{HERE}-{level}.so"
    best, weaker = pictures[0], np.load(path)
    assert best.files == weaker.files
    for name in best.files:
        a, b = best[name], weaker[name]
        if name in MANY_LIGHTS:
            # Nodes of their tree have as many branches as there are lanes: others are drawn.
            noise = (a.astype(float) - b).mean(axis=2).ravel()
            assert not noise.any() or stats.ttest_1samp(noise, 0.0).pvalue > 1e-4, name
            continue
        # A path that goes elsewhere for a last bit changes its pixel; there are few of them.
        assert np.isclose(a, b, rtol=1e-3, atol=1e-4, equal_nan=True).mean() > 0.95, name
        if name.startswith("preset"):
            continue  # of one sample: a single path is two percent of the light
        both = np.isfinite(a) & np.isfinite(b)  # depths and values of nothing are not
        assert abs(a[both].mean() - b[both].mean()) <= 0.02 * abs(a[both]).mean(), name


def test_nothing_is_written_and_a_home_is_not_needed(installed, tmp_path):
    script = "import raywidget as rw; rw.warmup()"
    package = next(installed.bin.parent.glob("lib/python*/site-packages/raywidget"))
    before = sorted(package.rglob("*"))
    places = {name: str(tmp_path / name) for name in ("HOME", "XDG_CACHE_HOME", "TMPDIR")}
    for name in places:
        (tmp_path / name).mkdir()
    nowhere = dict.fromkeys(places, "/nonexistent")
    for variables in (places, nowhere):
        done = run(installed, tmp_path, script, PYTHONDONTWRITEBYTECODE="1", **variables)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
    assert {path.name for path in tmp_path.rglob("*")} == places.keys()
    assert sorted(package.rglob("*")) == before


def test_without_numba_its_switches_do_not_matter(installed, tmp_path):
    done = run(installed, tmp_path, RENDER, NUMBA_DISABLE_JIT="1")
    assert done.returncode == 0, done.stderr


def test_info_tells_what_is_in_use(installed, tmp_path):
    told = installed.run("raywidget", "info", cwd=tmp_path)
    assert f"{HERE}-{LEVELS[0]}.so" in told
    assert "numba           not installed" in told
    assert "came with the package" in told


# --- Where there is a compiler missing ------------------------------------------------------------


@pytest.fixture
def copied(installed, tmp_path):
    """The installed package once more, in a folder."""
    package = next(installed.bin.parent.glob("lib/python*/site-packages/raywidget"))
    shutil.copytree(package, tmp_path / "raywidget")
    return tmp_path


def edit(package):
    with (package / "kernels" / "layout.py").open("a") as file:
        file.write("# edited\n")
    return "other sources"


def cut_short(package):
    for path in package.glob("machine_code/*.so"):
        os.truncate(path, path.stat().st_size // 2)
    return "damaged"


def change(package):
    for path in package.glob("machine_code/*.so"):
        code = bytearray(path.read_bytes())
        code[len(code) // 2] ^= 1
        path.write_bytes(code)
    return "damaged"


@pytest.mark.parametrize("spoil", [edit, cut_short, change])
def test_what_can_not_be_trusted_is_told_once_and_not_run(installed, copied, spoil):
    """There is no compiler here: the error says what would be needed."""
    expected = spoil(copied / "raywidget")
    done = run(installed, copied, RENDER)
    assert done.returncode != 0
    assert done.stderr.count("RaywidgetWarning:") == 1
    last = done.stderr.splitlines()[-1]
    assert expected in last
    assert 'pip install "raywidget[compile]"' in last
    assert (
        "kernels         none"
        in run(installed, copied, "from raywidget.cli import main; main(['info'])").stdout
    )


def test_who_asks_for_a_compiler_is_told_that_there_is_none(installed, tmp_path):
    done = run(installed, tmp_path, RENDER, RAYWIDGET_COMPILE="1")
    assert done.returncode != 0
    assert "RAYWIDGET_COMPILE is set" in done.stderr.splitlines()[-1]
    assert "RaywidgetWarning" not in done.stderr
