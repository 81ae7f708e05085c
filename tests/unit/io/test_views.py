"""Where cameras of files look, and what is up for them: the same pictures, and a hand's way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import raywidget as rw
from raywidget.io.views import aimed, far_ahead, level_up

ROOM = np.array([(-4.0, 0.0, -3.0), (4.0, 3.0, 5.0)])


@given(st.floats(-3.1, 3.1), st.floats(-1.5, 1.5), st.sampled_from([(0, 1, 0), (0, 0, 1)]))
@settings(max_examples=100, deadline=None)
def test_a_level_camera_has_the_world_s_up(yaw, pitch, axis):
    axis = np.array(axis, float)
    across = np.cross(axis, (1.0, 0.0, 0.0))
    level = np.cos(yaw) * np.array((1.0, 0.0, 0.0)) + np.sin(yaw) * across
    forward = np.cos(pitch) * level + np.sin(pitch) * axis
    own = np.cos(pitch) * axis - np.sin(pitch) * level
    up = level_up(forward, own)
    # The frame is the same: the picture does not turn.
    right = np.cross(forward, up)
    np.testing.assert_allclose(right / np.linalg.norm(right), np.cross(forward, own), atol=1e-3)
    if abs(pitch) < 0.7 and abs(np.cos(yaw)) > 0.1:
        np.testing.assert_array_equal(up, axis)


def test_a_camera_that_leans_keeps_its_own():
    up = np.array((0.3, 0.9, 0.1))
    forward = np.cross((1.0, 0.2, 0.0), up)
    assert level_up(forward / np.linalg.norm(forward), up) is up


def test_from_above_the_picture_s_up_remains():
    np.testing.assert_array_equal(
        level_up(np.array((0.0, -1, 0)), np.array((1.0, 0, 0))), (1, 0, 0)
    )


@pytest.mark.parametrize(
    ("start", "forward", "expected"),
    [
        ((0, 1, 20), (0, 0, -1), 19.0),  # the middle of all, from outside
        ((0, 1, 4), (0, 0, -1), 3.5),  # half of the way to the wall
        ((3, 1, 0), (-1, 0, 0), 3.5),
        ((-3.9, 1, 0), (-1, 0, 0), 0.05),  # before a wall
    ],
)
def test_how_far_away_is_what_is_looked_at(start, forward, expected):
    far = far_ahead(np.array(start, float), np.array(forward, float), ROOM)
    assert far == pytest.approx(expected)


def test_away_from_everything_it_is_as_far_as_all_is_large():
    far = far_ahead(np.array((0.0, 1, 20)), np.array((0.0, 0, 1)), ROOM)
    assert far == pytest.approx(np.linalg.norm(ROOM[1] - ROOM[0]))


def test_a_focus_that_is_told_stays():
    camera = rw.PerspectiveCamera(look_from=(0, 1, 4), look_at=(0, 1, 3), up=(0, 2, 0))
    assert aimed(camera, ROOM, is_told=True).look_at == (0, 1, 3)
    near = aimed(camera, ROOM)
    np.testing.assert_allclose(near.look_at, (0, 1, 0.5))
    np.testing.assert_array_equal(near.up, (0, 1, 0))


MITSUBA = """<scene version="3.0.0">
  <sensor type="perspective"><float name="fov" value="50"/>
    <transform name="to_world">
      <lookat origin="0, 6, 12" target="0, 2, 0" up="0, 1, 0"/></transform></sensor>
  <shape type="cube"><transform name="to_world"><scale value="4"/></transform></shape>
</scene>"""

PBRT = """LookAt 0 6 12  0 2 0  0 1 0
Camera "perspective" "float fov" 50
WorldBegin
Scale 4 4 4
Shape "trianglemesh" "point3 P" [-1 -1 -1  1 -1 1  1 1 1  -1 1 -1] "integer indices" [0 1 2 0 2 3]
"""


@pytest.mark.parametrize(("name", "text"), [("scene.xml", MITSUBA), ("scene.pbrt", PBRT)])
def test_scene_files_give_hands_a_pivot_and_a_horizon(tmp_path, name, text):
    """It was a point one unit ahead, and the up of the picture: a drag lost the scene askew."""
    path = tmp_path / name
    path.write_text(text)
    camera = rw.load_scene(path).camera
    np.testing.assert_allclose(camera.look_from, (0, 6, 12), atol=1e-5)
    np.testing.assert_array_equal(camera.up, (0, 1, 0))
    forward = np.array((0, -4, -12)) / np.sqrt(160)
    way = np.array(camera.look_at) - camera.look_from
    np.testing.assert_allclose(way / np.linalg.norm(way), forward, atol=1e-5)
    assert np.linalg.norm(way) == pytest.approx(np.array((0, -6, -12)) @ forward, rel=1e-4)
