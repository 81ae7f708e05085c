"""A scene that moves is the scene of the middle of its exposure, and knows the others."""

import pickle

import pytest

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.scene.edits import edit_scene

FLOOR = rw.Quad((-9, 0, 9), (18, 0, 0), (0, 0, -18), name="floor")
CAMERA = rw.PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 1, 0))


def scene_at(time):
    ball = rw.Sphere((time, 1, 0), 1, material=rw.Metal(0.8), name="ball")
    return rw.Scene([ball, FLOOR], camera=CAMERA, defaults={"spp": 3})


def test_it_is_the_scene_in_the_middle():
    moving = rw.Moving(scene_at, shutter=(1, 2))
    assert isinstance(moving, rw.Scene)
    assert moving.shapes[0].center == moving.still.shapes[0].center == (1.5, 1, 0)
    assert moving.shapes is moving.still.shapes
    assert moving.defaults == {"spp": 3}
    assert moving.bounds()[1][0] == 9
    assert moving.shutter == (1.0, 2.0)
    assert moving.at_share(0.25).shapes[0].center == (1.25, 1, 0)
    assert moving.at(-4).shapes[0].center == (-4, 1, 0)


def test_changes_are_made_at_all_times():
    moving = rw.Moving(scene_at)
    other = CAMERA.replace(vfov=20)
    changed = moving.replace(camera=other)
    assert changed.camera is changed.at(0.9).camera is other
    assert changed.shapes is moving.shapes  # which is what tells that only the camera has moved
    edited = edit_scene(changed, {"ball.material.roughness": 0.3, "ball.radius": 2})
    for time in (0.0, 0.5, 0.7):
        ball = edited.at(time).shapes[0]
        assert (ball.material.roughness, ball.radius, ball.center[0]) == (0.3, 2, time)
        assert edited.at(time).camera is other
    assert moving.at(0.7).shapes[0].radius == 1
    later = edited.replace(shutter=(3, 5), background=1)
    assert later.still.shapes[0].center == (4, 1, 0)
    assert (later.shapes[0].radius, later.camera, later.background) == (2, other, (1, 1, 1))
    with pytest.raises(SceneError, match="no object named 'bal'"):
        edit_scene(moving, {"bal.radius": 2})


def test_it_can_be_pickled_with_its_changes():
    moving = edit_scene(rw.Moving(scene_at, (0, 2)), {"ball.radius": 2})
    copy = pickle.loads(pickle.dumps(moving))
    assert copy.shutter == (0, 2)
    assert repr(copy.at(0.3)) == repr(moving.at(0.3))
    assert repr(copy) == repr(moving)
    assert repr(copy).startswith("Moving(scene_at, shutter=(0, 2)): Scene(")


def test_an_edit_opens_the_shutter_for_longer():
    edited = edit_scene(rw.Moving(scene_at, (0, 2)), {"shutter": (0, 3), "ball.radius": 2})
    assert edited.shutter == (0, 3)
    assert edited.still.shapes[0].radius == edited.at(0.1).shapes[0].radius == 2
    with pytest.raises(SceneError, match="before it opens"):
        edit_scene(edited, {"shutter": (1, 0)})


def test_between_two_titles_the_first_one_stays():
    start, end = (scene_at(k).replace(annotations={"title": str(k)}) for k in (0, 1))
    assert rw.between(start, end)(0.5).annotations == {"title": "0"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rw.Moving(scene_at(0)), "must be a function from a time"),
        (lambda: rw.Moving(lambda: scene_at(0)), "must take one argument, the time"),
        (lambda: rw.Moving(scene_at, 0.5), "shutter must be two times"),
        (lambda: rw.Moving(scene_at, (1, 0)), "closes at 0, before it opens at 1"),
        (lambda: rw.Moving(scene_at, (0, float("nan"))), "shutter must be"),
        (lambda: rw.Moving(lambda time: FLOOR), r"scene_at\(0.5\) must return a Scene.*studio"),
        (lambda: rw.Moving(lambda time: None), "must return a Scene, got None"),
        (lambda: rw.Moving(lambda time: rw.Moving(scene_at)), r"moving.at\(time\)"),
        (lambda: rw.Moving(scene_at).save("a.glb"), "save moving.at"),
        (lambda: rw.Moving(scene_at).at(float("nan")), "time must be a finite number, got nan"),
        (lambda: rw.Moving(scene_at).replace(radius=1), "no parameter 'radius'"),
    ],
)
def test_what_can_not_be(make, message):
    with pytest.raises(SceneError, match=message):
        make()
