"""What a scene is about, as far as boxes tell."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.widget.framing import frame_shapes

CAMERA = rw.PerspectiveCamera(look_from=(0, 1, 6), look_at=(0, 1, 0))
BALL = rw.Sphere((0, 1, 0), 1)
FLOOR = rw.Quad((-15, 0, 15), (30, 0, 0), (0, 0, -30))
LAMP = rw.Quad((-1, 9, -1), (2, 0, 0), (0, 0, 2), emission=5)


def frame(*shapes, up=(0, 1, 0)):
    return frame_shapes(rw.Scene(list(shapes), camera=CAMERA), up)


def about(*shapes):
    found = frame(*shapes)
    return found["center"], found["radius"]


BALL_ALONE = ([0, 1, 0], pytest.approx(np.sqrt(3)))


def test_nothing_at_all():
    assert frame() == {"center": [0, 0, 0], "radius": 1, "ground": None, "lamps": []}


def test_what_stands_alone_has_no_ground():
    assert about(BALL) == BALL_ALONE
    assert frame(BALL)["ground"] is None


@pytest.mark.parametrize(
    "ground",
    [
        FLOOR,
        rw.Disk((0, 0, 0), (0, 1, 0), 12),
        rw.Box((0, -0.1, 0), (20, 0.2, 20)),
    ],
)
def test_a_floor_is_ground_and_no_subject(ground):
    assert about(BALL, ground) == BALL_ALONE
    assert frame(BALL, ground)["ground"] == pytest.approx(0, abs=1e-6)


def test_a_large_sphere_is_ground_among_several_things():
    world = rw.Sphere((0, -1000, 0), 1000)
    found = frame(BALL, rw.Sphere((3, 0.5, 0), 0.5), world)
    assert found["radius"] < 3
    assert found["ground"] == pytest.approx(0)


def test_a_dome_round_all_is_neither():
    dome = rw.Sphere((0, 0, 0), 1000, flip_normals=True)
    found = frame(BALL, rw.Sphere((3, 0.5, 0), 0.5), dome)
    assert found["radius"] < 3
    assert found["ground"] is None


def test_a_wall_and_a_table_are_no_ground():
    wall = rw.Quad((-15, 0, -3), (30, 0, 0), (0, 30, 0))
    assert frame(BALL, wall)["ground"] is None
    table = rw.Box((0, -1, 0), (4, 2, 4))
    assert about(BALL, table)[1] > 3


def test_z_may_be_up():
    floor = rw.Quad((-15, -15, -0.5), (30, 0, 0), (0, 30, 0))
    found = frame(rw.Sphere((0, 0, 0.5), 1), floor, up=(0, 0, 2))
    assert found["ground"] == pytest.approx(-0.5)
    assert found["center"] == [0, 0, 0.5]


def test_flat_lamps_light_the_subject_and_are_none():
    found = frame(BALL, FLOOR, LAMP)
    assert (found["center"], found["radius"]) == BALL_ALONE
    assert found["lamps"] == [[-1, 9, -1, 1, 9, 1]]
    dark = LAMP.replace(emission=0)
    assert frame(BALL, dark)["lamps"] == []


def test_a_ball_that_shines_is_what_it_is_about_only_where_nothing_else_stands():
    bulb = rw.Sphere((0, 9, 0), 0.5, emission=3)
    assert frame(BALL, bulb, FLOOR)["lamps"] == []
    assert about(BALL, bulb, FLOOR) == BALL_ALONE
    assert about(bulb, FLOOR)[0] == [0, 9, 0]
    assert about(bulb) == about(bulb.replace(emission=0))
    # Where nothing but lamps is there, they are looked at.
    assert frame(LAMP) == frame(LAMP.replace(emission=0))
