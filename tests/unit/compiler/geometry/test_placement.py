"""Where the origin of the tables is, and their unit of length."""

import numpy as np
import pytest

import raywidget as rw
from raywidget import transforms as tf
from raywidget.compiler import compile_scene, placement_in
from raywidget.compiler.geometry.fans import SmallThings
from raywidget.compiler.geometry.placement import Placement, place
from raywidget.kernels.layout import LIGHT_AREA

CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))


def box(middle, size):
    middle = np.asarray(middle, float)
    return middle - 0.5 * size, middle + 0.5 * size


@pytest.mark.parametrize(
    "boxes",
    [
        [],
        [box((0, 0, 0), 1.0)],
        [box((3, 0, -5), 1.0)],
        [box((0, 0, 0), 1e8)],
        [box((0, -1e6, 0), 2e6), box((0, 1, 0), 2.0)],
        [box((0, 0, 0), 1e-5)],
    ],
)
def test_ordinary_scenes_stay_what_they_are(boxes):
    assert place(boxes).is_identity


@pytest.mark.parametrize("name", rw.presets.NAMES)
def test_presets_stay_what_they_are(name):
    scene = rw.presets.preset(name)
    assert place([shape.bounds() for shape in scene.shapes]).is_identity


def test_a_scene_far_away_gets_an_origin_among_its_things():
    place_of_it = place([box((5e5, 5e6, 0), 3.0), box((5e5 + 4, 5e6, 2), 1.0)])
    assert place_of_it.scale == 1.0
    assert np.abs(place_of_it.origin - (5e5 + 2, 5e6, 1)).max() < 8.0
    assert place_of_it.is_moved


def test_a_ground_round_the_origin_does_not_keep_things_there():
    ground, house = box((0, 0, 0), 1e7), box((5e5, 5e6, 0), 20.0)
    assert np.abs(place([ground, house]).origin - (5e5, 5e6, 0)).max() < 20.0


def test_an_edit_that_moves_a_thing_a_little_leaves_the_origin():
    one, other = ([box((5e5, 5e6, 0), 50.0), box((5e5 + x, 5e6, 2), 1.0)] for x in (4, 5))
    assert place(one).origin.tolist() == place(other).origin.tolist()


@pytest.mark.parametrize("size", [1e10, 3e14, 1e-9, 1e-14])
def test_huge_and_tiny_scenes_are_scaled_by_a_power_of_two(size):
    scale = place([box((0, 0, 0), size)]).scale
    assert np.log2(scale) == np.round(np.log2(scale))
    assert 100 <= scale * size <= 3000


def test_there_and_back():
    it = Placement(np.array([5e5, 5e6, 3.0]), 2.0**-4)
    points = np.random.default_rng(1).normal(size=(20, 3)) + it.origin
    np.testing.assert_allclose(it.points_back(it.points(points)), points, rtol=1e-15)


def test_copies_go_from_their_tables_to_those_of_the_scene():
    own, whole = (
        Placement(np.array([1e6, 2.0, 3.0]), 0.5),
        Placement(np.array([7.0, 1e5, 0.0]), 4.0),
    )
    matrix = tf.translate(9, 1e5, -1e6) @ tf.rotate_xyz(10, 20, 30) @ tf.scale(3)
    point = np.array([1e6 + 1, 5.0, -2.0])
    expected = whole.points(tf.apply(matrix, point))
    got = tf.apply(whole.within(own, matrix[None])[0], own.points(point))
    np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_tables_say_where_they_are():
    scene = rw.Scene([rw.Sphere((5e5, 5e6, 0), 3)], camera=CAMERA)
    it = placement_in(compile_scene(scene).placement)
    assert np.abs(it.origin - (5e5, 5e6, 0)).max() <= 4.0
    assert it.scale == 1.0


# --- Huge parallelograms --------------------------------------------------------------------------


def test_a_flat_is_left_whole_among_things_of_its_size():
    things = SmallThings([box((0, 0, 0), 1.0), box((0, 1, 0), 2000.0)])
    assert things.fan(np.array([-1e3, 0, 0]), np.array([2e3, 0, 0]), np.array([0, 0, 2e3])) is None


@pytest.mark.parametrize("middle", [(3.0, 1.0, -4.0), (1e9, 0.0, 5.0), (-1e9, 0.0, 1e9)])
def test_the_triangles_of_a_huge_flat_cover_it(middle):
    turn = tf.rotate_xyz(20, 30, 40)[:3, :3]
    corner, u, v = turn @ (-1e8, 0, 1e8), turn @ (2e8, 0, 0), turn @ (0, 0, -2e8)
    fan = SmallThings([box(turn @ middle, 1.0)]).fan(corner, u, v)
    assert fan is not None
    a, b, c = np.moveaxis(fan.vertices[fan.faces], 1, 0)
    normals = np.cross(b - a, c - a)
    front = np.cross(u, v)
    assert ((normals @ front) > 0).all()  # all of them face the same way
    np.testing.assert_allclose(0.5 * normals.sum(axis=0), front, rtol=1e-9)
    places = corner + fan.uvs @ np.array([u, v])
    np.testing.assert_allclose(fan.vertices, places, atol=1e-6)
    inside = np.clip(turn.T @ (turn @ middle) * (1, 0, 1), -1e8, 1e8)
    np.testing.assert_allclose(turn.T @ fan.vertices[0], inside, atol=1e-5)


def test_small_triangles_far_away_keep_their_shape():
    place_of_it = np.array([6e3, 8e3, 0])
    corners = place_of_it + 1e-3 * np.array([(0, 0, 0), (1, 0, 0), (0.3, 0.1, 1)])
    ground = rw.Quad((-5, 0, 5), (10, 0, 0), (0, 0, -10))
    lamp = rw.Mesh(corners, [(0, 1, 2)], emission=1.0)
    tables = compile_scene(rw.Scene([ground, lamp], camera=CAMERA))
    area = 0.5 * np.linalg.norm(np.cross(*(corners[1:] - corners[0])))
    assert tables.lights[0, LIGHT_AREA] == pytest.approx(area, rel=1e-5)
