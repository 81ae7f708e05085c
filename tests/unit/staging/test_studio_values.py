"""Values that come along with a thing."""

import numpy as np
import pytest

import raywidget as rw

VERTICES = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], float)
FACES = np.array([(0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2)])


def shown(scene):
    return [s for s in scene.shapes if getattr(s, "shown", None) is not None]


def test_values_become_those_of_the_thing():
    scene = rw.studio((VERTICES, FACES), values=[1, 2, 3, 4], colormap="inferno")
    (mesh,) = shown(scene)
    assert mesh.shown.numbers.array.tolist() == [1, 2, 3, 4]
    assert mesh.colormap.colors == "inferno"
    points = np.random.default_rng(0).random((50, 3))
    (cloud,) = shown(rw.studio(points, values=points[:, 0], ground=False))
    assert cloud.shown.numbers.on == "items"


def test_values_without_a_place_are_refused():
    with pytest.raises(rw.SceneError, match=r"Mesh: values must be .*\(V,\) = 4"):
        rw.studio((VERTICES, FACES), values=[1, 2])
    with pytest.raises(rw.SceneError, match="and there are 0"):
        rw.studio(rw.Sphere((0, 0, 0), 1), values=[1])
    with pytest.raises(rw.SceneError, match="colormap= needs values="):
        rw.studio((VERTICES, FACES), colormap="hot")


def test_show_and_render_take_them_too():
    from raywidget.headless.asked import scene_and_settings

    chosen = {"values": [1, 2, 3, 4], "colormap": "hot", "spp": 3}
    scene, settings = scene_and_settings((VERTICES, FACES), chosen)
    assert shown(scene)[0].colormap.colors == "hot"
    assert settings.spp == 3
