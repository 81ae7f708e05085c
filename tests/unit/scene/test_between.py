"""Scenes between two scenes: what changes, how, and what can't."""

import pickle

import numpy as np
import pytest

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.scene.values.transforms import rotate, rotate_xyz, scale, translate
from raywidget.scene.values.turning import matrix_between

CAMERA = rw.PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 1, 0), vfov=40)
FLOOR = rw.Quad((-9, 0, 9), (18, 0, 0), (0, 0, -18))
VERTICES = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0)], float)
UP = np.array((0.0, 0.0, 1.0))


def scene_of(*shapes, camera=CAMERA, **others):
    return rw.Scene([FLOOR, *shapes], camera=camera, **others)


def halfway(one, other, time=0.5):
    return rw.between(scene_of(one), scene_of(other))(time).shapes[1]


def test_numbers_colours_and_materials_change_evenly():
    ball = rw.Sphere((0, 1, 0), 1, material=rw.Principled("black", roughness=0.2), emission=None)
    other = rw.Sphere((4, 1, 2), 3, material=rw.Principled("white", roughness=0.6))
    made = halfway(ball, other, 0.25)
    assert made.center == (1, 1, 0.5)
    assert made.radius == 1.5
    assert made.material.base_color == (0.25, 0.25, 0.25)
    assert made.material.roughness == pytest.approx(0.3)


def test_what_is_the_same_is_shared():
    paint = rw.Diffuse(0.5)
    moving = rw.Sphere((0, 1, 0), 1, material=paint)
    wall = rw.Mesh(VERTICES, [(0, 1, 2)], material=paint)
    same = rw.Mesh(VERTICES.copy(), [(0, 1, 2)], material=rw.Diffuse(0.5))
    start = scene_of(moving, wall, emitters=[rw.PointLight((0, 4, 0), 3)])
    end = scene_of(moving.replace(center=(1, 1, 0)), same, emitters=[rw.PointLight((0, 4, 0), 3)])
    made = rw.between(start, end)(0.5)
    assert made.shapes[0] is FLOOR
    assert made.shapes[1].material is paint
    assert made.shapes[2] is wall  # equal, if another object
    assert made.emitters is start.emitters
    assert made.camera is CAMERA
    only_camera = rw.between(start, start.replace(camera=CAMERA.replace(vfov=10)))
    assert only_camera(0.5).shapes is start.shapes
    assert only_camera(0.5).camera.vfov == pytest.approx(20)  # a zoom, by equal factors


def test_things_are_matched_by_name():
    a, b = (rw.Sphere((x, 1, 0), 1, name=name) for x, name in ((0, "a"), (5, "b")))
    start = scene_of(a, b)
    end = scene_of(b.replace(center=(7, 1, 0)), a)
    centers = [shape.center[0] for shape in rw.between(start, end)(0.5).shapes[1:]]
    assert centers == [0, 6]


def test_a_camera_turns_and_keeps_its_distance():
    aside = CAMERA.replace(look_at=(5, 1, 5))
    made = rw.between(scene_of(), scene_of(camera=aside))(0.5).camera
    view = np.subtract(made.look_at, made.look_from)
    np.testing.assert_allclose(view, 5 * np.array([1, 0, -1]) / np.sqrt(2), atol=1e-9)
    assert made.look_from == (0, 1, 5)
    np.testing.assert_allclose(made.up, (0, 1, 0), atol=1e-12)


def test_copies_boxes_and_quads_turn():
    mesh = rw.Mesh(VERTICES, [(0, 1, 2)])
    start = rw.Instances(mesh, [translate(1, 0, 0) @ scale(1, 2, 1), scale(-1, 1, 1)])
    turned = rotate(120, (0, 1, 0))
    end = rw.Instances(mesh, [translate(3, 0, 0) @ turned @ scale(1, 4, 1), scale(-1, 1, 1)])
    made = halfway(start, end)
    expected = translate(2, 0, 0) @ rotate(60, (0, 1, 0)) @ scale(1, 3, 1)
    np.testing.assert_allclose(made.transforms[0], expected, atol=1e-12)
    np.testing.assert_array_equal(made.transforms[1], scale(-1, 1, 1))
    assert made.mesh is mesh
    box = rw.Box((0, 1, 0), (1, 2, 3))
    made = halfway(box, box.replace(rotation=(0, 120, 0)))
    np.testing.assert_allclose(made.rotation, (0, 60, 0), atol=1e-9)
    for rotation in ((10, 20, 30), (-70, 90, 0), (30, -90, 15)):
        made = halfway(box, box.replace(rotation=rotation), 1.0)
        np.testing.assert_allclose(rotate_xyz(*made.rotation), rotate_xyz(*rotation), atol=1e-6)
    quad = rw.Quad((0, 1, 0), (2, 0, 0), (0, 1, 0))
    made = halfway(quad, quad.replace(edge_u=(0, 0, -2)))  # a door, a quarter open
    np.testing.assert_allclose(made.edge_u, (np.sqrt(2), 0, -np.sqrt(2)), atol=1e-12)
    np.testing.assert_allclose(made.edge_v, (0, 1, 0), atol=1e-12)


def test_matrices_come_back_at_both_ends():
    random = np.random.default_rng(4)
    a = random.normal(size=(50, 3, 3))
    b = random.normal(size=(50, 3, 3))
    b[np.linalg.det(a) * np.linalg.det(b) < 0] *= -1
    np.testing.assert_allclose(matrix_between(a, b, 0.0), a, atol=1e-12)
    np.testing.assert_allclose(matrix_between(a, b, 1.0), b, atol=1e-7)


def test_directions_keep_their_length():
    sun, low = (rw.DirectionalLight(direction, 2) for direction in ((0, -1, 0), (-1, 0, 0)))
    made = rw.between(scene_of(emitters=[sun]), scene_of(emitters=[low]))(0.5).emitters[0]
    np.testing.assert_allclose(made.direction, (-np.sqrt(0.5), -np.sqrt(0.5), 0), atol=1e-12)


def test_vertices_and_values():
    faces = [(0, 1, 2)]
    start = rw.Mesh(VERTICES, faces, values=[0.0, 1, 2], quantities={"p": [1.0, 1, 1]})
    end = rw.Mesh(VERTICES + UP * 2, faces, values=[2.0, 1, 0], quantities={"p": [3.0, 1, 1]})
    made = halfway(start, end)
    np.testing.assert_allclose(made.vertices, VERTICES + UP)
    np.testing.assert_allclose(made.values, (1, 1, 1))
    np.testing.assert_allclose(made.quantities["p"], (2, 1, 1))
    cloud = np.random.default_rng(0).random((4, 5, 6), np.float32)
    volume = rw.Volume(cloud)
    made = halfway(volume, rw.Volume(cloud + 1))
    np.testing.assert_allclose(made.values.array, cloud + 0.5, atol=1e-6)


def test_times_outside_are_those_of_the_ends():
    scene_at = rw.between(scene_of(rw.Sphere((0, 1, 0), 1)), scene_of(rw.Sphere((1, 1, 0), 1)))
    assert [scene_at(time).shapes[1].center[0] for time in (-2, 0, 1, 3)] == [0, 0, 1, 1]
    copy = pickle.loads(pickle.dumps(scene_at))
    assert copy(0.25).shapes[1].center == (0.25, 1, 0)
    assert repr(scene_at).startswith("between(Scene")


BALL = rw.Sphere((0, 1, 0), 1, name="ball")
MESH = rw.Mesh(VERTICES, [(0, 1, 2)], name="part")
TILES = rw.Diffuse(rw.Checkerboard("white", "black"))


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (BALL, BALL.replace(name="egg"), "'ball' is not in the other scene"),
        (BALL, rw.Box((0, 0, 0), (1, 1, 1), name="ball"), "a Sphere in one scene, a Box in"),
        (BALL, BALL.replace(emission=2), "emission is None in one scene"),
        (MESH, MESH.replace(faces=[(0, 2, 1)]), "faces has other whole numbers"),
        (MESH, rw.Mesh(np.eye(4, 3), [(0, 1, 2)], name="part"), "3 x 3 numbers in one scene, 4 x"),
        (
            rw.Instances(MESH, [rotate(0, (0, 1, 0))]),
            rw.Instances(MESH, [rotate(180, (0, 1, 0))]),
            "turned by 180 degrees",
        ),
        (
            rw.Instances(MESH, [scale(1)]),
            rw.Instances(MESH, [scale(-1, 1, 1)]),
            "mirrored in one of the scenes only",
        ),
        (BALL, BALL.replace(material=TILES), "is a Diffuse in one|is .* in one scene"),
        (BALL, BALL.replace(flip_normals=True), "flip_normals is False in one scene, True in"),
    ],
)
def test_where_there_is_no_way(one, other, message):
    with pytest.raises(SceneError, match=message) as error:
        rw.between(scene_of(one), scene_of(other))
    assert str(error.value).startswith("between: ")


def test_numbers_of_things_and_what_is_no_scene():
    with pytest.raises(SceneError, match="fewer shapes"):
        rw.between(scene_of(rw.Sphere((0, 1, 0), 1)), scene_of())
    with pytest.raises(SceneError, match="'ball' is in the other scene only"):
        rw.between(scene_of(), scene_of(BALL))
    with pytest.raises(SceneError, match="expected two scenes"):
        rw.between(scene_of(), BALL)
    with pytest.raises(SceneError, match="time must be"):
        rw.between(scene_of(), scene_of())("now")
