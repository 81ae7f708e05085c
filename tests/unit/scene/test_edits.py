"""Scenes are edited by path; what is not on a path stays the same object."""

import pytest

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.scene.edits import edit_scene


@pytest.fixture
def scene():
    shared = rw.Diffuse(0.5, name="paint")
    return rw.Scene(
        [
            rw.Sphere((0, 1, 0), 1, material=rw.Metal(0.8, name="steel"), name="ball"),
            rw.Sphere((3, 1, 0), 1, material=shared, name="left"),
            rw.Sphere((6, 1, 0), 1, material=shared, name="right"),
            rw.Quad((0, 5, 0), (1, 0, 0), (0, 0, 1), emission=9, name="lamp"),
        ],
        emitters=[rw.GradientEnvironment(top=1, bottom=0, name="sky")],
        camera=rw.PerspectiveCamera(look_from=(0, 1, 9), look_at=(0, 1, 0)),
    )


def test_parameters_of_named_objects(scene):
    edited = edit_scene(scene, {"lamp.emission": (1, 2, 3), "ball.radius": 0.5, "sky.top": 4})
    assert edited.shapes[3].emission == (1, 2, 3)
    assert edited.shapes[0].radius == 0.5
    assert edited.emitters[0].top == (4, 4, 4)
    assert scene.shapes[3].emission == (9, 9, 9)


def test_what_is_not_on_the_path_is_the_same_object(scene):
    edited = edit_scene(scene, {"ball.material.roughness": 0.3})
    assert edited.shapes[0].material.roughness == 0.3
    assert edited.shapes[0].material.name == "steel"
    assert [a is b for a, b in zip(edited.shapes, scene.shapes, strict=True)] == [False] + [
        True
    ] * 3
    assert edited.emitters is scene.emitters
    assert edited.camera is scene.camera
    assert edit_scene(scene, {}) is scene


def test_a_camera_leaves_the_shapes_alone(scene):
    edited = edit_scene(scene, {"camera.vfov": 20})
    assert edited.camera.vfov == 20
    assert edited.shapes is scene.shapes


def test_a_shared_material_changes_wherever_it_is(scene):
    edited = edit_scene(scene, {"paint.color": (1, 0, 0)})
    assert edited.shapes[1].material is edited.shapes[2].material
    assert edited.shapes[1].material.color == (1, 0, 0)


def test_through_one_object_only_that_one_changes(scene):
    # Two materials of one name would be an error: this one gets a name of its own.
    edited = edit_scene(scene, {"left.material": rw.Diffuse(0.1, name="other")})
    assert edited.shapes[1].material.name == "other"
    assert edited.shapes[2].material is scene.shapes[2].material


def test_places_and_whole_objects(scene):
    ball = rw.Sphere((0, 2, 0), 2, name="ball")
    edited = edit_scene(scene, {"shapes[0]": ball, "shapes[-1].emission": 5})
    assert edited.shapes[0] is ball
    assert edited.shapes[3].emission == (5, 5, 5)
    assert edit_scene(scene, {"ball": ball}).shapes[0] is ball


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lmap.emission": 1}, "the scene has no object named 'lmap'; did you mean 'lamp'"),
        ({"environment.top": 1}, "no object named 'environment'; did you mean 'sky.top'"),
        ({"dome.top": 1}, "found by the name= .*; there are the names 'ball', 'lamp', 'left', 'pa"),
        ({"lamp.emision": 1}, "Quad 'lamp' has no parameter 'emision'; did you mean 'emission'"),
        ({"ball.radius": -1}, "Sphere 'ball': radius must be > 0, got -1"),
        ({"ball": 3}, "'ball' is a Sphere, and can only be replaced by another object, got 3"),
        ({"ball.radius.x": 3}, "radius of Sphere 'ball' is 1.0, which has no parameter 'x'"),
        ({"shapes[9].radius": 3}, r"shapes has 4 items, there is no \[9\]"),
        ({"ball..radius": 3}, "a path is names with dots between"),
        ({3: 3}, "a path is names with dots between"),
        ([("ball.radius", 3)], "expected a mapping"),
    ],
)
def test_messages(scene, changes, message):
    with pytest.raises(SceneError, match=message):
        edit_scene(scene, changes)


def test_what_has_no_name_is_told_with_its_place_and_the_names_that_there_are():
    names = [f"ball {k:02d}" for k in range(30)]
    balls = [rw.Sphere((k, 0, 0), 1, name=name) for k, name in enumerate(names)]
    sky = rw.ImageEnvironment([[(1, 1, 1), (2, 2, 2)]] * 2)
    camera = rw.PerspectiveCamera(look_from=(0, 1, 9), look_at=(0, 1, 0))
    with pytest.raises(SceneError) as told:
        edit_scene(rw.Scene(balls, emitters=[sky], camera=camera), {"environment.rotation": 9})
    assert "ImageEnvironment has no name yet: make it with name='environment'" in str(told.value)
    assert "or write 'emitters[0].rotation'" in str(told.value)
    assert "there are the names 'ball 00', 'ball 01', " in str(told.value)
    assert str(told.value).endswith("'ball 11' and 18 more")
    with pytest.raises(SceneError, match=r"'emitters\[0\].rotation'; no object has a name$"):
        edit_scene(rw.Scene([], emitters=[sky], camera=camera), {"environment.rotation": 9})
    scene = rw.Scene([], emitters=[sky.replace(name="environment")], camera=camera)
    assert edit_scene(scene, {"environment.rotation": 9}).emitters[0].rotation is not None
