"""Paths that users give."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.scene.values.paths import user_path


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def test_the_home_is_meant_everywhere(home):
    Image.fromarray(np.full((2, 2, 3), 9, np.uint8)).save(home / "a.png")
    (home / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    assert rw.ImageEnvironment("~/a.png").image.shape == (2, 2, 3)
    assert rw.ImageTexture("~/a.png").pixels.shape[:2] == (2, 2)
    assert rw.ImageTexture(Path("~/a.png")).pixels.shape[:2] == (2, 2)
    assert len(rw.load_mesh("~/a.obj").faces) == 1
    rw.Image(np.ones((1, 1, 3)), spp=1).save("~/b.npy")
    assert (home / "b.npy").is_file()


@pytest.mark.parametrize("value", [None, 3, b"a.png", "", [1], "a\0b.png", "~nobody-at-all/a.png"])
def test_what_is_no_path_is_refused(value):
    with pytest.raises(ValueError, match=r"path|home|determine"):
        user_path(value)
    with pytest.raises(SceneError):
        rw.load_mesh(value)
    with pytest.raises(rw.PictureError):
        rw.Image(np.ones((1, 1, 3)), spp=1).save(value)
