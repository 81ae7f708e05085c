"""What is said when: whole conversations in simulated time."""

import pytest
from simulated_world import World
from stream_doubles import shows

from raywidget.errors import SettingsError
from raywidget.stream.conversation import Disconnected
from raywidget.stream.flow import MAX_CLIENTS


@pytest.fixture
def world():
    world = World()
    world.open_page()
    world.run(0.5)
    return world


def said(world, since):
    """Kinds of the messages sent since then."""
    return [content["k"] for at, content, _ in world.sent if at >= since]


def test_hello_is_answered_in_order(world):
    assert said(world, 0.0) == ["welcome", "begin", "state"]
    welcome, begin, state = (content for _, content, _ in world.sent)
    assert (welcome["client"], welcome["next"], welcome["epoch"]) == (1, 1, 77)
    assert (begin["width"], begin["height"], begin["tile"], begin["spp"]) == (64, 48, 16, 64)
    assert state["state"] == "running"


def test_nothing_is_said_to_nobody():
    world = World()
    world.publish_all()
    world.run(20.0)
    assert world.sent == []


def test_a_restart_is_told_and_everything_goes_again(world):
    world.publish_all()
    world.run(0.5)
    start = world.now
    world.restart()
    world.run(0.1)
    assert said(world, start) == ["begin", "state"]
    world.publish_all()
    world.run(0.5)
    assert world.messages("begin", start)[0]["generation"] == 2
    assert world.messages("tiles", start)[0]["seq"] == 2
    assert shows(world.pages[0], world.render)


def test_more_samples_are_told_as_the_same_generation(world):
    world.change("done")
    world.run(0.5)
    start = world.now
    world.say({"k": "control", "client": 1, "do": "more", "samples": 36})
    world.run(0.5)
    assert world.render.calls == [("more", 36)]
    (begin,) = world.messages("begin", start)
    assert (begin["generation"], begin["spp"]) == (1, 100)
    assert world.pages[0].state == "running"


@pytest.mark.parametrize(
    ("do", "state"), [("pause", "paused"), ("stop", "stopped"), ("resume", "running")]
)
def test_buttons(world, do, state):
    world.say({"k": "control", "client": 1, "do": do})
    world.run(0.1)
    assert world.render.calls == [do]
    assert world.pages[0].state == state
    assert world.announced[-1] == state


def test_what_was_begun_and_done_between_two_turns_is_announced(world):
    """Who waits for a render to end, such as what keeps its picture, is to look again."""
    world.publish_all()
    world.change("done")
    world.run(0.5)
    count = len(world.announced)
    world.run(5.0)
    assert len(world.announced) == count
    world.restart()
    world.render.state = "done"
    world.run(0.5)
    assert world.announced[count:] == ["done"]
    world.render.settings = world.render.settings.replace(spp=128)
    world.change("done")
    world.run(0.5)
    assert world.announced[count:] == ["done", "done"]


def test_restart_button(world):
    world.say({"k": "control", "client": 1, "do": "restart"})
    world.run(0.1)
    assert world.pages[0].generation == 2


@pytest.mark.parametrize("error", [SettingsError("spp: too many"), TypeError("a bug")])
def test_a_button_that_fails_says_why(world, error):
    def extend(spp):
        raise error

    world.render.extend = extend
    world.say({"k": "control", "client": 1, "do": "more", "samples": 36})
    world.run(0.1)
    assert str(error) in world.pages[0].message
    assert world.pages[0].state == "running"
    world.say({"k": "control", "client": 1, "do": "pause"})
    world.run(0.1)
    assert world.pages[0].message is None


def test_done_is_said_when_the_last_tile_has_arrived(world):
    world.down.delay = 0.3
    world.publish_all()
    world.change("done")
    world.run(0.2)
    assert world.announced[-1] == "done"
    assert world.messages("state")[-1]["state"] == "running"
    world.run(1.0)
    assert world.pages[0].state == "done"
    tiles = max(at for at, content, _ in world.sent if content["k"] == "tiles")
    done = min(at for at, content, _ in world.sent if content.get("state") == "done")
    assert done > tiles + 0.3


def test_a_lost_state_is_said_again_and_then_there_is_silence(world):
    world.down.drop = 1.0
    world.change("paused", "resting")
    world.run(0.5)
    world.down.drop = 0.0
    world.run(1.0)
    assert (world.pages[0].state, world.pages[0].message) == ("paused", "resting")
    world.run(30.0)
    turns, messages = world.turns, len(world.sent)
    world.run(1000.0)
    assert world.turns == turns
    assert len(world.sent) == messages


def test_progress_is_said_while_there_are_no_tiles(world):
    start = world.now
    world.run(5.0)
    assert 4 <= len(world.messages("state", start)) <= 6


def test_progress_is_looked_at_5_times_a_second_at_most(world):
    asked = []
    progress = world.render.progress
    world.render.progress = lambda: asked.append(world.now) or progress()
    for _ in range(200):
        world.publish_all()
        world.run(0.01)
    assert len(asked) <= 11
    assert world.messages("tiles")[-1]["progress"]["samples"] > 0


def test_need_gets_everything(world):
    world.publish_all()
    world.run(0.5)
    start = world.now
    world.say({"k": "need", "client": 1, "epoch": 77, "generation": 1})
    world.run(0.5)
    assert said(world, start) == ["begin", "state", "tiles"]
    assert world.messages("tiles", start)[0]["n"] == len(world.render.film.tiles)


@pytest.mark.parametrize(
    "message",
    [
        {"k": "need", "client": 1, "epoch": 78, "generation": 1},
        {"k": "need", "client": 2, "epoch": 77, "generation": 1},
        {"k": "ack", "client": 1, "epoch": 78, "seq": 1, "missing": [1], "visible": True},
        {"k": "ack", "client": 1, "epoch": 77, "seq": 2, "missing": [1], "visible": False},
        {"k": "ack", "client": 3, "epoch": 77, "seq": 2, "missing": [1], "visible": True},
    ],
)
def test_words_of_strangers_change_nothing(world, message):
    world.publish_all()
    world.run(0.5)
    start = world.now
    world.say(message)
    world.run(0.3)
    assert "tiles" not in said(world, start)
    world.publish(0)
    world.run(0.3)
    assert shows(world.pages[0], world.render)


def test_a_known_page_that_says_hello_again_gets_what_it_has_not_acknowledged(world):
    world.publish_all()
    world.run(0.5)
    world.down.drop = 1.0
    world.publish(4)
    world.run(0.1)
    world.down.drop = 0.0
    start = world.now
    have = {"epoch": 77, "generation": 1, "seq": 1}
    world.say({"k": "hello", "v": 1, "client": 1, "have": have})
    world.run(0.3)
    assert said(world, start) == ["welcome", "begin", "state", "tiles"]
    assert world.messages("tiles", start)[0]["n"] == 1
    assert shows(world.pages[0], world.render)


def test_a_flood_of_hellos_gets_a_trickle_of_answers(world):
    start = world.now
    for k in range(20_000):
        world.say({"k": "hello", "v": 1, "client": 10 + k, "have": None})
        if k % 20 == 0:
            world.run(0.01)
    seconds = world.now - start
    assert len(world.sent) < 25 * seconds + 60
    assert len(world.flow.clients) <= 16
    assert len(world.conversation._news.welcomes) <= 16


def flood(world, clients):
    """So many strangers say hello and nothing more."""
    for client in clients:
        world.say({"k": "hello", "v": 1, "client": client, "have": None})


def test_a_flood_of_hellos_takes_nothing_from_who_listens(world):
    page = world.pages[0]
    for k in range(60):
        flood(world, range(1000 + 20 * k, 1020 + 20 * k))
        world.publish_all()
        world.run(0.1)
        assert page.client in world.flow.clients
    world.run(6.0)  # the strangers are given up
    start = world.now
    for _ in range(20):
        world.publish_all()
        world.run(0.1)
    assert len(world.messages("tiles", start)) > 15
    assert shows(page, world.render)


def test_a_page_that_was_crowded_out_is_counted_again_and_gets_what_it_lacks(world):
    page = world.pages[0]
    world.publish_all()
    world.run(0.5)
    del world.flow.clients[page.client]
    world.down.drop = 1.0
    flood(world, range(1000, 1040))
    world.publish_all()
    world.run(1.0)
    world.down.drop = 0.0
    assert page.client not in world.flow.clients
    assert not shows(page, world.render)
    world.run(12.0)  # it breaks the silence
    assert page.client in world.flow.clients
    assert shows(page, world.render)
    for _ in range(30):
        world.publish_all()
        world.run(0.1)
    world.run(1.0)
    assert shows(page, world.render)


def test_more_pages_than_are_counted_see_the_picture_all_the_same(world):
    for _ in range(MAX_CLIENTS + 3):
        world.open_page()
    for _ in range(80):
        world.publish_all()
        world.run(0.1)
    assert len(world.flow.clients) == MAX_CLIENTS
    # Who is not counted makes nobody send everything again and again.
    size = sum(size for _, content, size in world.sent if content["k"] == "tiles")
    assert size < 1.3 * 80 * world.render.film.width * world.render.film.height * 6
    world.render.state = "done"
    world.news = True
    world.run(30.0)
    assert all(shows(page, world.render) for page in world.pages)


def test_a_flood_of_buttons_is_bounded(world):
    for _ in range(5000):
        world.say({"k": "control", "client": 1, "do": "restart"})
    world.run(1.0)
    assert len(world.render.calls) <= 32


def test_failing_sends_are_counted_and_made_up_for(world):
    world.send_fails = True
    world.publish_all()
    world.change("paused")
    world.run(3.0)
    assert 3 <= world.conversation.failures <= 20
    world.send_fails = False
    world.run(3.0)
    assert shows(world.pages[0], world.render)
    assert world.pages[0].state == "paused"


def test_a_host_in_trouble_is_left_alone(world):
    world.send_fails = True
    for _ in range(500):
        world.publish_all()
        world.news = True
        world.run(0.01)
    assert world.conversation.failures < 12


def test_a_closed_channel_ends_it(world):
    world.closed = True
    world.publish(0)
    with pytest.raises(Disconnected):
        world.run(0.1)


def test_an_observer_that_fails_is_no_harm(world):
    def fail(state):
        raise KeyError(state)

    world.conversation._announce = fail
    world.change("paused")
    world.run(0.1)
    assert world.pages[0].state == "paused"


def test_farewell(world):
    world.conversation.farewell()
    assert world.messages("state")[-1]["state"] == "closed"
