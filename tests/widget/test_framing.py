"""What a scene is about, as far as boxes tell."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.widget.framing import frame_shapes, upright

CAMERA = rw.PerspectiveCamera(look_from=(0, 1, 6), look_at=(0, 1, 0))
BALL = rw.Sphere((0, 1, 0), 1)
FLOOR = rw.Quad((-15, 0, 15), (30, 0, 0), (0, 0, -30))
LAMP = rw.Quad((-1, 9, -1), (2, 0, 0), (0, 0, 2), emission=5)


def frame(*shapes, up=(0, 1, 0)):
    return frame_shapes(rw.Scene(list(shapes), camera=CAMERA), up).stage


def about(*shapes):
    found = frame(*shapes)
    return found["center"], found["radius"]


BALL_ALONE = ([0, 1, 0], pytest.approx(np.sqrt(3)))


def test_nothing_at_all():
    nothing = {"center": [0, 0, 0], "radius": 1, "ground": None, "lamps": []}
    assert frame() == nothing | {"box": [-1, -1, -1, 1, 1, 1]}


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
    assert frame(BALL, bulb, FLOOR)["lamps"] == [[-0.5, 8.5, -0.5, 0.5, 9.5, 0.5]]
    assert about(BALL, bulb, FLOOR) == BALL_ALONE
    assert about(bulb, FLOOR)[0] == [0, 9, 0]
    assert about(bulb) == about(bulb.replace(emission=0))
    # Where nothing but lamps is there, they are looked at.
    assert frame(LAMP) == frame(LAMP.replace(emission=0))


def test_the_box_is_round_what_it_is_about():
    assert frame(BALL, FLOOR, LAMP)["box"] == [-1, 0, -1, 1, 2, 1]


def test_floor_and_wall_behind_everything_are_a_backdrop():
    wall = rw.Quad((-15, 0, -3), (30, 0, 0), (0, 30, 0))
    scene = rw.Scene([wall, FLOOR, BALL, LAMP], camera=CAMERA)
    assert frame_shapes(scene).things == {2}
    assert about(wall, FLOOR, BALL) == BALL_ALONE
    # What stands on both sides of a sheet is not before it; a screen of its own size is no wall.
    through = rw.Quad((-15, -15, 0), (30, 0, 0), (0, 30, 0))
    assert about(through, BALL)[1] > 20
    screen = rw.Quad((-2, 0, -3), (4, 0, 0), (0, 3, 0))
    assert frame_shapes(rw.Scene([screen, BALL], camera=CAMERA)).things == {0, 1}


def looking(look_from, up, *shapes):
    ends = {"look_from": look_from, "look_at": (0, 0, 0), "up": up}
    camera = rw.OrthographicCamera(**ends, height=5)
    return upright(rw.Scene(list(shapes or [BALL]), camera=camera)).tolist()


def test_what_is_up_is_what_the_camera_says_but_for_plans():
    assert looking((3, 2, 1), (0, 2, 0)) == [0, 1, 0]
    assert looking((3, 2, 1), (0, 0, 1)) == [0, 0, 1]
    # Elevations: along an axis, upright.
    assert looking((0, 0, 9), (0, 1, 0)) == [0, 1, 0]
    assert looking((0, -9, 0), (0, 0, 1)) == [0, 0, 1]
    # Plans: from above, with what is behind at the top of the picture.
    assert looking((0, 9, 0), (0, 0, -1)) == [0, 1, 0]
    floor = rw.Quad((-15, -15, -1), (30, 0, 0), (0, 30, 0))
    assert looking((0, 0, 9), (0, 1, 0), floor, rw.Sphere((0, 0, 0), 1)) == [0, 0, 1]
