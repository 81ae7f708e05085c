"""What describes the package to indexes, forges and other installers says the same everywhere."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import raywidget
from release.__main__ import metadata_problems, version, version_problems
from release.readme import for_an_index, relative_targets

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def read(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_there_is_one_version():
    assert version() == raywidget.__version__
    assert list(version_problems()) == []
    assert "version" in PROJECT["dynamic"]


def test_the_citation_is_whole():
    told = read("CITATION.cff")
    assert told["cff-version"] == "1.2.0"
    assert told["title"] == PROJECT["name"]
    assert told["license"] == PROJECT["license"]
    assert told["version"] == raywidget.__version__
    assert told["authors"]
    assert told["message"]


def test_the_recipe_needs_what_the_package_needs():
    recipe = read("conda/recipe.yaml")
    needed = dict(line.split(" ", 1) for line in recipe["requirements"]["run"])
    assert needed.pop("python") == ">=${{ python_min }}"
    assert recipe["context"]["python_min"] == PROJECT["requires-python"].removeprefix(">=")
    lines = PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["custom"]["dependencies"]
    lines = [*lines, *PROJECT["optional-dependencies"]["compile"]]
    stated = (re.fullmatch(r"([\w-]+)(.*)", line).groups() for line in lines)
    assert needed == dict(stated)
    assert recipe["context"]["version"] == raywidget.__version__
    (script,) = recipe["build"]["python"]["entry_points"]
    assert script == f"raywidget = {PROJECT['scripts']['raywidget']}"


def test_a_binder_gets_extras_that_exist():
    (line,) = (ROOT / "binder" / "requirements.txt").read_text().split()
    extras = re.fullmatch(r"\.\[(.*)\]", line)[1].split(",")
    assert set(extras) <= set(PROJECT["optional-dependencies"])
    python = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert python in PYTHONS


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such permission")
def test_a_binder_warms_up():
    script = ROOT / "binder" / "postBuild"
    assert script.stat().st_mode & 0o100
    assert "raywidget warmup" in script.read_text()


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda p: p.name)
def test_what_the_forge_reads_is_yaml(path):
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(told, dict)
    if path.parent.name == "workflows":
        assert told[True]  # "on", as YAML 1.1 reads it
        assert told["permissions"]["contents"] == "read"
        for job in told["jobs"].values():
            for step in job.get("steps", []):
                assert ("uses" in step) != ("run" in step)
                for target in re.findall(r"\bmake ([\w-]+)", step.get("run", "")):
                    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
                    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_all_pythons_are_tried_and_told():
    matrix = read(".github/workflows/test.yml")["jobs"]["elsewhere"]["strategy"]["matrix"]
    assert matrix["python"] == PYTHONS
    for system in ("ubuntu", "macos", "windows", "arm"):
        assert any(system in name for name in matrix["system"])
    for python in PYTHONS:
        assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]


def test_readme_has_links_that_hold_on_an_index():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert relative_targets(text)
    for target in relative_targets(text):
        assert (ROOT / target).exists(), target
    there = for_an_index(text, "https://forge.example/owner/raywidget", "1.2.3")
    assert relative_targets(there) == []
    assert "](https://forge.example/owner/raywidget/raw/v1.2.3/docs/images/" in there
    assert "](https://forge.example/owner/raywidget/blob/v1.2.3/CHANGELOG.md)" in there
    without = for_an_index(text, None, "1.2.3")
    assert relative_targets(without) == []
    assert "docs/images" not in without
    assert "CHANGELOG.md" in without


def test_what_metadata_lack_is_told():
    from email.message import Message

    told = Message()
    told.set_payload("![a picture](docs/a.jpg)")
    problems = list(metadata_problems(told))
    assert "the metadata lack Summary" in problems
    assert "no classifier for Python 3.14" in problems
    assert "the README has links that lead nowhere on an index: docs/a.jpg" in problems
