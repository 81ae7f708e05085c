"""From where to look, where walls stand in the way."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
from raywidget.engine.vantage import WIDEST, Things, find_vantage

LAMP = rw.Quad((-0.3, 1.99, -0.3), (0.6, 0, 0), (0, 0, 0.6), emission=5)
BALL = rw.Sphere((0.6, 0.3, 0.2), 0.3)


def wall(corner, u, v):
    return rw.Quad(corner, u, v)


# A room from -1 to 1 across and in depth, 2 high.
FLOOR = wall((-1, 0, -1), (2, 0, 0), (0, 0, 2))
CEILING = wall((-1, 2, -1), (2, 0, 0), (0, 0, 2))
BEHIND = wall((-1, 0, -1), (2, 0, 0), (0, 2, 0))
BEFORE = wall((-1, 0, 1), (2, 0, 0), (0, 2, 0))
LEFT = wall((-1, 0, -1), (0, 2, 0), (0, 0, 2))
RIGHT = wall((1, 0, -1), (0, 2, 0), (0, 0, 2))
OPEN = [FLOOR, CEILING, BEHIND, LEFT, RIGHT, LAMP, BALL]
CLOSED = [*OPEN, BEFORE]
SIDES = {
    "front": (0, 0, 1),
    "back": (0, 0, -1),
    "right": (1, 0, 0),
    "left": (-1, 0, 0),
    "top": (0, 1, 0.01),
    "bottom": (0, -1, 0.01),
}


@pytest.fixture
def vantage():
    """The place from which a scene's middle is looked at from a side, 4 away."""
    sessions = []
    views = []

    def find(shapes, side, look_from=(0, 1, 4), emitters=(), things=None, vfov=50):
        camera = rw.PerspectiveCamera(look_from=look_from, look_at=(0, 1, 0), vfov=vfov)
        scene = rw.Scene(shapes, emitters=list(emitters), camera=camera)
        session = Session(scene, RenderSettings(width=8, height=8, spp=1))
        sessions.append(session)
        session.start()
        assert session.wait(300)
        far = np.add((0, 1, 0), 4 * np.array(SIDES[side])).tolist()
        wanted = camera.replace(look_from=far, up=(0, 1, 0))
        about = things or Things(range(len(shapes)), (-1, 0, -1), (1, 2, 1))
        found = find_vantage(scene, session.run().renderer, wanted, 1.0, about)
        views.append(found)
        return found.look_from, tuple(far)

    find.views = views
    yield find
    for session in sessions:
        session.close()


@pytest.mark.parametrize("side", ["right", "left", "top", "bottom"])
def test_a_room_with_an_open_side_is_seen_from_within(vantage, side):
    place, _ = vantage(OPEN, side)
    inside = np.abs(np.subtract(place, (0, 1, 0)))
    assert inside.max() < 1
    assert inside @ np.abs(SIDES[side]) > 0.9  # close before the wall


def test_from_behind_what_stands_in_a_room_is_seen(vantage):
    place, _ = vantage([*OPEN, rw.Sphere((0, 1, 0), 0.4)], "back")
    assert -1 < place[2] < -0.9


def test_from_the_open_side_it_is_seen_from_afar(vantage):
    place, far = vantage(OPEN, "front")
    assert place == far


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("sky", [[], [rw.ConstantEnvironment(1)]])
def test_who_is_in_a_closed_room_stays_in_it(vantage, side, sky):
    place, _ = vantage(CLOSED, side, look_from=(0.5, 1, 0.9), emitters=sky)
    assert np.abs(np.subtract(place, (0, 1, 0))).max() < 1


@pytest.mark.parametrize("side", SIDES)
def test_under_the_sky_everything_is_seen_from_everywhere(vantage, side):
    place, far = vantage(OPEN, side, emitters=[rw.ConstantEnvironment(1)])
    assert place == far


def test_where_nothing_is_to_be_seen_nearer_either_the_view_is_what_was_asked_for(vantage):
    lamp = rw.Quad((-1, 3, -1), (2, 0, 0), (0, 0, 2), emission=5)
    place, far = vantage([rw.Sphere((0, 1, 0), 1), lamp], "back")
    assert place == far


def test_a_view_from_within_a_room_is_a_wide_one(vantage):
    vantage(OPEN, "right")
    (view,) = vantage.views
    # As wide as it takes to see as much as from 4 away, but no wider than pictures of rooms are.
    assert view.vfov == WIDEST
    vantage(OPEN, "right", vfov=12)
    narrow = vantage.views[-1]
    half = 4 * np.tan(np.radians(6)) / narrow.look_from[0]
    assert narrow.vfov == pytest.approx(2 * np.degrees(np.arctan(half)))
    assert narrow.vfov < WIDEST
    vantage(OPEN, "front")
    assert vantage.views[-1].vfov == 50


def test_what_stands_before_a_backdrop_is_seen_from_behind_too(vantage):
    ball = rw.Sphere((0, 1, 0), 0.5)
    backdrop = rw.Quad((-9, -9, -2), (18, 0, 0), (0, 18, 0))
    sky = [rw.ConstantEnvironment(1)]
    about = Things({0}, (-0.5, 0.5, -0.5), (0.5, 1.5, 0.5))
    place, _ = vantage([ball, backdrop], "back", emitters=sky, things=about)
    assert -2 < place[2] < -1.9  # before the backdrop, and not in the ball
    for side in ("front", "left", "right", "top"):
        place, far = vantage([ball, backdrop], side, emitters=sky, things=about)
        assert place == far, side
