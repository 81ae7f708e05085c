"""Code in README and pages runs, and what their tables say exists."""

import contextlib
import os
import re
import shlex
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import raywidget as rw
from docs.site.blocks import blocks, inline_calls, small, wrong

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_CODE = [page for page in PAGES if blocks(page, "python")]


def name(page):
    return page.relative_to(ROOT).as_posix()


def a_part():
    """What README calls a part, and the fields on it."""
    vertices = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0.5)], float)
    faces = np.array([(0, 1, 2), (0, 2, 3)])
    return vertices, faces


def things_of_readme():
    vertices, faces = a_part()
    camera = rw.PerspectiveCamera(look_from=(2, 1, 3), look_at=(0, 0, 0))
    sheet = rw.Mesh(vertices, faces, values=np.arange(4.0), name="part")
    lamp = rw.Quad((-1, 4, -1), (2, 0, 0), (0, 0, 2), emission=5, name="lamp")
    scene = rw.Scene([sheet, lamp], camera=camera)
    widget = rw.RayWidget(scene, width=32, height=24, spp=1)
    return {
        "numpy": np,
        "rw": rw,
        "thing": (vertices, faces),
        "vertices": vertices,
        "faces": faces,
        "temperature": np.arange(4.0),
        "pressure": np.ones(4),
        "streamlines": [np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0)], float)],
        "speed": np.arange(3.0),
        "point": (0.5, 0.5, 0.0),
        "normal": (1, 0, 0),
        "K": [(500, 0, 320), (0, 500, 240), (0, 0, 1)],
        "pose": np.eye(4),
        "camera": camera,
        "front": camera,
        "above": camera.replace(look_from=(0, 4, 1)),
        "behind": camera.replace(look_from=(0, 1, -4)),
        "widget": widget,
    }


# What only clusters have: such blocks are read, not run.
ELSEWHERE = re.compile(r"^ *from (dask_jobqueue|dask_kubernetes|distributed|loky|mpi4py)\b", re.M)

GIVEN = {"README.md": things_of_readme, "docs/gallery.md": lambda: {"rw": rw}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where pages find the files that they speak of."""
    monkeypatch.chdir(tmp_path)
    rw.Scene(
        [rw.Mesh(*a_part())],
        camera=rw.PerspectiveCamera(look_from=(2, 1, 3), look_at=(0, 0, 0)),
    ).save("scene.glb")
    lines = ["solid part", "facet normal 0 0 1", "outer loop"]
    lines += ["vertex 0 0 0", "vertex 1 0 0", "vertex 0 1 0"]
    Path("part.stl").write_text("\n".join([*lines, "endloop", "endfacet", "endsolid part\n"]))
    obj = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"
    Path("bunny.obj").write_text(obj)
    return tmp_path


@contextlib.contextmanager
def widgets_are_closed():
    """Widgets that a page opens end with it."""
    opened = []
    make = rw.RayWidget.__init__

    def remember(self, *arguments, **keywords):
        opened.append(self)
        make(self, *arguments, **keywords)

    with mock.patch.object(rw.RayWidget, "__init__", remember):
        try:
            yield
        finally:
            for widget in opened:
                widget.close()


@pytest.mark.filterwarnings("ignore")  # pages speak of other libraries, which warn of themselves
@pytest.mark.parametrize("page", WITH_CODE, ids=name)
def test_blocks_run(page, folder):
    with widgets_are_closed():
        names = GIVEN.get(name(page), dict)()
        for line, source in blocks(page, "python"):
            code = "\n" * (line - 1) + small(source)
            block = compile(code, name(page), "exec")
            if not ELSEWHERE.search(source):
                exec(block, names)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_blocks_in_the_words_of_others_are_python(page):
    for line, source in blocks(page, "py"):
        compile("\n" * (line - 1) + source, name(page), "exec")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_calls_within_lines_exist(page):
    assert [problem for call in inline_calls(page) if (problem := wrong(call))] == []


def test_a_wrong_call_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("Write `rw.Sphere((0, 0, 0), radus=1)` or `rw.Sfere()`, `rw.Metal(1)`.")
    assert [wrong(call) for call in inline_calls(page)] == [
        "Sphere has no radus",
        "there is no Sfere",
        None,
    ]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_are_understood(page):
    from docs.site.reference import parser

    for _, source in blocks(page, ""):
        for line in source.splitlines():
            if re.match(r"raywidget (?!COMMAND)", line):
                parser().parse_args(shlex.split(line, comments=True)[1:])


def test_pages_are_found():
    assert len(WITH_CODE) > 10
    assert os.path.exists(WITH_CODE[0])
