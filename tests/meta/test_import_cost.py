"""What importing raywidget loads: a fresh interpreter says it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"numba", "llvmlite", "anywidget", "ipywidgets", "traitlets", "IPython", "scipy"}

SCENE = """
import raywidget as rw
rw.Scene(
    [rw.Sphere((0, 0, 0), 1, material=rw.Metal(0.5))],
    emitters=[rw.ConstantEnvironment(1)],
    camera=rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0)),
)
rw.presets.spheregrid()
"""


def loaded_by(code):
    """Top-level modules that are loaded after running some code."""
    report = "import json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    output = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return set(json.loads(output))


def test_import_raywidget_loads_nearly_nothing():
    loaded = loaded_by("import raywidget")
    assert "raywidget" in loaded
    assert not loaded & (HEAVY | {"numpy", "PIL"})


def test_errors_and_names_load_nearly_nothing():
    loaded = loaded_by("import raywidget; raywidget.SceneError, dir(raywidget), raywidget.__all__")
    assert not loaded & (HEAVY | {"numpy", "PIL"})


def test_building_a_scene_loads_numpy_alone():
    loaded = loaded_by(SCENE)
    assert "numpy" in loaded
    assert not loaded & (HEAVY | {"PIL"})


@pytest.mark.parametrize("module", ["raywidget.picture", "raywidget.io.images"])
def test_pictures_load_pillow_only_to_save(module):
    assert not loaded_by(f"import {module}") & (HEAVY | {"PIL", "OpenEXR"})


def test_a_session_and_render_wait_with_numba():
    modules = (
        "raywidget.engine.session.session, raywidget.headless.rendering, raywidget.stream.pump"
    )
    assert not loaded_by(f"import {modules}") & (HEAVY | {"PIL"})
