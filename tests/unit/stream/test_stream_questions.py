"""What pages ask beyond pixels: camera moves, probes, settings, files."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from simulated_world import World

from raywidget.engine.preview.coarse import CoarsePicture
from raywidget.errors import ProtocolError, SceneError
from raywidget.stream.coarse_feed import COARSE_EVERY
from raywidget.stream.conversation import STILL
from raywidget.stream.inbox import MAX_QUESTIONS, Inbox
from raywidget.stream.protocol import (
    BIGGEST,
    CameraMove,
    FileRequest,
    Probe,
    RenderChange,
    Vantage,
    parse_message,
)

CAMERA = {
    "k": "camera",
    "client": 1,
    "number": 3,
    "moving": True,
    "look_from": [0, 1.5, 5],
    "look_at": [0, 0, 0],
    "up": [0, 1, 0],
    "vfov": 40,
}
PROBE = {"k": "probe", "client": 1, "number": 2, "x": 0, "y": 7}
VANTAGE = {name: CAMERA[name] for name in ("look_from", "look_at", "up", "vfov")}
VANTAGE |= {"k": "vantage", "client": 1, "number": 5}
RENDER = {"k": "render", "client": 1}
FILE = {"k": "file", "client": 1, "number": 4, "format": "npz"}


def test_what_browsers_ask():
    move = CameraMove(1, 3, True, (0, 1.5, 5), (0, 0, 0), (0, 1, 0), 40, None)
    assert parse_message(CAMERA) == move
    assert parse_message(PROBE) == Probe(1, 2, 0, 7, False)
    assert parse_message(PROBE | {"again": True}) == Probe(1, 2, 0, 7, True)
    assert parse_message(VANTAGE) == Vantage(1, 5, (0, 1.5, 5), (0, 0, 0), (0, 1, 0), 40, None)
    assert parse_message(CAMERA | {"height": 3}) == move._replace(vfov=None, height=3)
    assert parse_message(FILE) == FileRequest(1, 4, "npz")
    nothing = RenderChange(1, None, None, None, None, False)
    assert parse_message(RENDER) == nothing
    assert parse_message(RENDER | {"max_depth": 3}) == nothing._replace(max_depth=3)
    assert parse_message(RENDER | {"integrator": "path"}) == nothing._replace(integrator="path")
    assert parse_message(RENDER | {"caustics": True}) == nothing._replace(caustics=True)
    size = {"width": 40, "height": 30}
    assert parse_message(RENDER | size) == nothing._replace(size=(40, 30))
    region = nothing._replace(region=(0, 1, 2, 3))
    assert parse_message(RENDER | {"region": [0, 1, 2, 3]}) == region
    assert parse_message(RENDER | {"region": None}) == nothing._replace(clear_region=True)


@pytest.mark.parametrize(
    "message",
    [
        CAMERA | {"moving": 1},
        CAMERA | {"look_from": [0, 1]},
        CAMERA | {"look_from": [0, 1, 2, 3]},
        CAMERA | {"look_at": "here"},
        CAMERA | {"look_at": [0, 0, math.nan]},
        CAMERA | {"look_at": [0, 0, math.inf]},
        CAMERA | {"look_at": [0, 0, 10**400]},
        CAMERA | {"look_at": [0, 0, True]},
        CAMERA | {"up": None},
        CAMERA | {"vfov": 1e9},
        CAMERA | {"height": "tall"},
        CAMERA | {"height": None},
        CAMERA | {"number": 0},
        PROBE | {"x": -1},
        PROBE | {"y": 1e9},
        PROBE | {"x": 70_000},
        PROBE | {"again": 1},
        VANTAGE | {"look_from": [0, 1]},
        VANTAGE | {"up": [0, 0, math.nan]},
        VANTAGE | {"number": "5"},
        VANTAGE | {"vfov": None},
        RENDER | {"max_depth": 0},
        RENDER | {"max_depth": 2.5},
        RENDER | {"integrator": 5},
        RENDER | {"integrator": "p" * 1000},
        RENDER | {"caustics": 1},
        RENDER | {"width": 5},
        RENDER | {"width": 5, "height": BIGGEST},
        RENDER | {"region": [0, 0, 0, 5]},
        RENDER | {"region": [0, 0, 5]},
        RENDER | {"region": "all"},
        FILE | {"format": "exe"},
        FILE | {"format": ["npz"]},
    ],
)
def test_malformed_questions_are_errors(message):
    with pytest.raises(ProtocolError) as error:
        parse_message(message)
    assert len(str(error.value)) < 200


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=5,
)


@given(
    base=st.sampled_from([CAMERA, PROBE, RENDER | {"region": [0, 0, 1, 1]}, FILE]),
    data=st.data(),
)
def test_one_wrong_field_raises_nothing_else(base, data):
    field = data.draw(st.sampled_from(sorted(set(base) - {"k"})))
    message = base | {field: data.draw(json_values)}
    inbox = Inbox()
    inbox.put(message)  # raises nothing, whatever it is


def test_the_inbox_keeps_the_newest_camera_and_few_questions():
    inbox = Inbox()
    for number in range(1, 100):
        assert inbox.put(CAMERA | {"number": number})
        assert inbox.put(PROBE | {"number": number})
    post = inbox.take()
    assert post.camera.number == 99
    assert [probe.number for probe in post.questions] == list(range(100 - MAX_QUESTIONS, 100))
    assert not inbox.take()


# --- In a conversation ----------------------------------------------------------------------------


@pytest.fixture
def world():
    world = World()
    world.open_page()
    world.run(0.5)
    return world


def coarse(generation, number=1, client=1, value=0.5):
    pixels = np.full((3, 4, 3), value, np.float32)
    return CoarsePicture(generation, 64, 48, 16, pixels, client, number)


def moved(world):
    return [call.number for call in world.render.calls if isinstance(call, CameraMove)]


def test_a_camera_that_rests_settles(world):
    world.say(CAMERA)
    world.run(STILL / 2)
    world.say(CAMERA | {"number": 4})
    world.run(STILL - 0.01)
    assert (moved(world), "settle" in world.render.calls) == ([3, 4], False)
    world.run(0.05)
    assert world.render.calls[-1] == "settle"
    world.run(5.0)
    assert world.render.calls.count("settle") == 1


def test_a_camera_that_is_let_go_settles_at_once(world):
    world.say(CAMERA)
    world.run(0.05)
    world.say(CAMERA | {"number": 4, "moving": False})
    world.run(0.01)
    assert moved(world) == [3, 4]
    assert world.render.calls[-1] == "settle"


def test_tiles_wait_while_the_camera_moves(world):
    """Coarse pictures would wait behind them, and they show what is past."""
    sent = len(world.messages("tiles"))
    world.say(CAMERA)
    world.run(0.01)
    world.publish_all()
    world.run(STILL / 2)
    assert len(world.messages("tiles")) == sent
    world.run(STILL)  # nothing came of it: no new render, and no word that it has ended
    assert sum(content["n"] for content in world.messages("tiles")[sent:]) == 12


def test_a_camera_that_cannot_be_is_refused_with_its_message(world):
    def refuse(move):
        raise SceneError("PerspectiveCamera: look_from and look_at must differ")

    world.render.move_camera = refuse
    world.say(CAMERA)
    world.run(1.0)
    assert "settle" not in world.render.calls
    assert world.messages("state")[-1]["message"].endswith("must differ")
    assert world.conversation.failures == 1


def test_a_coarse_picture_goes_ahead_of_its_begin(world):
    world.conversation._coarse.picture = coarse(2, number=5)
    world.news = True
    world.run(0.1)
    ((content, buffers),) = world.pages[0].others
    assert content == {
        "k": "coarse",
        "epoch": 77,
        "generation": 2,
        "width": 64,
        "height": 48,
        "tile": 16,
        "columns": 4,
        "rows": 3,
        "exponent": 0,
        "encoding": "half3",
        "client": 1,
        "number": 5,
    }
    half = np.frombuffer(buffers[0], "<f2")
    assert half.tolist() == [0.5] * 36
    assert world.messages("begin")[-1]["generation"] == 1
    assert world.conversation._coarse.picture is None


def test_coarse_pictures_come_no_faster_than_they_are_seen(world):
    start = world.now
    for number in range(1, 201):
        world.conversation._coarse.picture = coarse(1 + number, number)
        world.news = True
        world.run(0.005)
    seen = [content["number"] for content, _ in world.pages[0].others]
    assert 1 / COARSE_EVERY - 2 <= len(seen) / (world.now - start) <= 1 / COARSE_EVERY + 2
    world.run(0.1)
    assert world.pages[0].others[-1][0]["number"] == 200


def test_late_and_unseen_coarse_pictures_are_dropped(world):
    world.restart()
    world.run(0.1)
    world.conversation._coarse.picture = coarse(1)
    world.news = True
    world.run(0.1)
    world.pages[0].show(False)
    world.run(0.2)
    world.conversation._coarse.picture = coarse(9)
    world.news = True
    world.run(0.1)
    assert world.pages[0].others == []
    assert world.conversation._coarse.picture is None


def sketch(generation, value=0.5):
    return coarse(generation, 0, 0, value)._replace(sketched=True)


def test_a_sketch_is_shown_to_all_until_the_scene_is_compiled():
    world = World()
    film, world.render.film = world.render.film, None  # it compiles
    drawn = world.conversation._coarse.picture = sketch(1)
    world.run(1.0)  # nobody is there yet
    assert world.conversation._coarse.picture is drawn
    first = world.open_page()
    world.run(0.5)
    second = world.open_page()
    world.run(1.0)
    # Sent twice, to all: who has seen it sees it again.
    assert [len(page.others) for page in (first, second)] == [2, 1]
    world.render.film = film
    world.conversation._coarse.picture = coarse(1, 0, 0, value=0.25)
    world.news = True
    world.run(0.5)
    for page in (first, second):
        shown = np.frombuffer(page.others[-1][1][0], "<f2")
        assert set(shown.tolist()) == {0.25}


def test_a_sketch_that_comes_late_is_dropped(world):
    world.conversation._coarse.picture = sketch(1)
    world.news = True
    world.run(0.1)
    assert world.pages[0].others == []
    assert world.conversation._coarse.picture is None


def test_a_sketch_takes_the_place_of_nothing_rendered(world):
    world.render.film = None
    world.conversation.offer(coarse(1, value=0.25))
    world.conversation.offer(sketch(1))
    world.news = True
    world.run(0.1)
    ((_, buffers),) = world.pages[0].others
    assert set(np.frombuffer(buffers[0], "<f2").tolist()) == {0.25}


def test_questions_reach_the_source_and_answers_the_page(world):
    world.say(PROBE)
    world.say(FILE)
    world.run(0.05)
    assert world.render.calls == [Probe(1, 2, 0, 7, False), FileRequest(1, 4, "npz")]
    world.conversation.answer({"k": "pixel", "client": 1, "number": 2}, [])
    world.conversation.answer({"k": "file", "client": 1, "index": 0}, [b"abc"])
    world.news = True
    world.run(0.1)
    (pixel, _), (file, buffers) = world.pages[0].others
    assert (pixel["epoch"], file["epoch"], buffers) == (77, 77, [b"abc"])


def test_a_file_of_any_number_of_pieces_arrives_whole_and_holds_nothing_up(world):
    count = 700
    head = {"k": "file", "client": 1, "number": 1}
    pieces = [({**head, "index": index}, [bytes([index % 256])]) for index in range(count)]
    client = next(iter(world.conversation.flow.clients))
    assert world.conversation.send_file(client, pieces)
    world.news = True
    world.run(5.0)
    world.conversation.answer({"k": "pixel", "client": 1, "number": 2}, [])
    world.news = True
    world.run(0.5)
    assert any(content["k"] == "pixel" for content, _ in world.pages[0].others)
    world.run(count / 10.0)
    files = [(c["index"], b) for c, b in world.pages[0].others if c["k"] == "file"]
    assert files == [(index, [bytes([index % 256])]) for index in range(count)]
    assert world.conversation._news.files == {}


def test_a_newer_file_takes_the_place_of_an_older_one_and_pages_that_left_get_none(world):
    client = next(iter(world.conversation.flow.clients))
    for number in (1, 2):
        piece = {"k": "file", "client": client, "number": number}
        assert world.conversation.send_file(client, [(piece, [b"x"])] * 3)
    for stranger in range(1000, 1003):
        assert world.conversation.send_file(stranger, [({"k": "file"}, [b"y"])])
    assert not world.conversation.send_file(2000, [({"k": "file"}, [b"z"])])
    world.news = True
    world.run(1.0)
    assert [c["number"] for c, _ in world.pages[0].others if c["k"] == "file"] == [2, 2, 2]
    assert world.conversation._news.files == {}


def test_a_page_is_told_what_the_source_describes():
    world = World()
    world.render.describe = lambda: {"stage": {"vfov": 40}}
    world.open_page()
    world.run(0.5)
    assert world.messages("begin")[-1]["stage"] == {"vfov": 40}
    world.render.describe = lambda: {"stage": {"vfov": 50}}
    world.restart()
    world.run(0.5)
    assert world.messages("begin")[-1]["stage"] == {"vfov": 50}
