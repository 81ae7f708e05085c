"""Which tiles a page gets, when, and how: the conversation in a simulated world."""

import numpy as np
import pytest
from simulated_world import World
from stream_doubles import Render, read_tiles, shows

from raywidget.picture.development import to_half
from raywidget.stream.window import KB, MB, START


@pytest.fixture
def world():
    world = World()
    world.open_page()
    world.run(0.5)
    return world


def said(world, since):
    """Kinds of the messages sent since then."""
    return [content["k"] for at, content, _ in world.sent if at >= since]


def test_the_first_tile_goes_at_once(world):
    start = world.now
    world.publish(5)
    world.run(0.001)
    assert said(world, start) == ["tiles"]
    world.run(1.0)
    assert shows(world.pages[0], world.render)


def test_a_single_tile_goes_when_it_is_ready_and_many_go_together(world):
    start = world.now
    for _ in range(100):  # 1000 tiles in a second
        for index in range(10):
            world.publish(index)
        world.run(0.01)
    assert 25 <= len(world.messages("tiles", start)) <= 31
    assert world.turns < 400
    world.run(1.0)
    assert shows(world.pages[0], world.render)


def test_pages_say_little_while_nothing_waits_for_their_words(world):
    heard = []
    put = world.inbox.put

    def listen(content):
        heard.append((world.now, content))
        return put(content)

    world.inbox.put = listen
    world.publish_all()
    world.run(1.0)
    start = world.now
    for k in range(300):  # 30 small messages a second
        world.publish(k % len(world.render.film.tiles))
        world.run(1 / 30)
    sent = world.messages("tiles", start)
    words = [content for at, content in heard if at >= start]
    assert len(sent) >= 250
    assert len(words) <= 45  # one in 250 ms
    assert not any(content["soon"] for content in sent)
    assert world.flow.window.round_trip < 0.025  # 10 ms there, 10 ms back
    world.change("paused")
    world.publish(0)
    world.run(0.03)
    assert world.messages("tiles")[-1]["soon"]
    world.run(0.1)
    assert world.flow.in_flight() == (0, 0)


def test_a_slow_browser_slows_the_pictures_and_gets_the_newest():
    world = World(Render(640, 480, 64))
    page = world.open_page()
    world.run(0.5)
    world.down.delay = 2.0
    world.publish_all()
    world.run(0.1)
    start = world.now
    for _ in range(20):
        world.publish_all()
        world.run(0.1)
        size, _ = world.flow.in_flight()
        assert size <= START
    bytes_sent = sum(size for at, _, size in world.sent if at >= start)
    assert bytes_sent < 3 * MB  # of 36 that were rendered
    world.down.delay = 0.01
    world.run(20.0)
    assert shows(page, world.render)


def test_a_tile_that_changed_often_goes_once():
    world = World(Render(64, 64, 64))
    world.open_page()
    world.run(0.5)
    world.flow.window.limit = 30_000
    world.publish(0)
    world.run(0.001)
    assert world.flow.in_flight()[1] == 1
    start = world.now
    for _ in range(5):
        world.publish(0)
    world.run(2.0)
    assert len(world.messages("tiles", start)) == 1
    assert shows(world.pages[0], world.render)


def test_messages_have_at_most_512_kb():
    world = World(Render(1200, 800, 64))
    world.open_page()
    world.publish_all()
    world.run(10.0)
    assert shows(world.pages[0], world.render)
    assert max(size for _, _, size in world.sent) <= 512 * KB


def test_a_tile_that_is_too_big_goes_in_strips():
    world = World(Render(700, 512, 512))
    world.open_page()
    world.publish_all()
    world.run(10.0)
    assert shows(world.pages[0], world.render)
    assert max(size for _, _, size in world.sent) <= 512 * KB


def test_numbers_have_no_gaps(world):
    for _ in range(30):
        world.publish_all()
        world.run(0.05)
    assert [content["seq"] for content in world.messages("tiles")] == list(
        range(1, len(world.messages("tiles")) + 1)
    )


def test_a_lost_last_message_is_repaired_with_what_is_there_then(world):
    world.down.drop = 1.0
    world.publish(3)
    world.run(0.5)
    world.down.drop = 0.0
    assert not shows(world.pages[0], world.render)
    world.run(1.0)  # the timeout is a second
    assert shows(world.pages[0], world.render)
    assert [content["seq"] for content in world.messages("tiles")] == [1, 2]


def test_a_lost_message_in_between_is_repaired_at_once(world):
    world.publish(3)
    world.run(0.2)
    world.down.drop = 1.0
    world.publish(4)
    world.run(0.1)
    world.down.drop = 0.0
    world.publish(5)
    world.run(0.15)
    assert shows(world.pages[0], world.render)


def test_what_a_newer_message_has_carried_is_not_repaired(world):
    world.down.drop = 1.0
    world.publish(3)
    world.run(0.1)
    world.down.drop = 0.0
    world.publish(3)
    world.run(3.0)
    assert len(world.messages("tiles")) == 2
    assert shows(world.pages[0], world.render)


def test_who_does_not_look_gets_no_pixels_and_later_what_changed(world):
    page = world.pages[0]
    world.publish_all()
    world.run(0.5)
    page.show(False)
    world.run(0.5)
    start = world.now
    world.publish(2)
    world.publish(7)
    world.run(8.0)
    assert "tiles" not in said(world, start)
    page.show(True)
    world.run(0.5)
    assert shows(page, world.render)
    assert [content["n"] for content in world.messages("tiles", start)] == [2]


def test_tiles_that_cannot_be_sent_cost_nothing(world):
    world.pages[0].show(False)
    world.run(2.0)
    turns = world.turns
    for _ in range(200):
        world.publish_all()
        world.run(0.01)
    assert world.turns - turns < 5


def test_a_hidden_page_that_missed_what_another_got():
    world = World()
    first, second = world.open_page(), world.open_page()
    world.publish_all()
    world.run(1.0)
    second.show(False)
    world.run(0.2)
    world.up.drop = 0.0
    pages, world.pages = world.pages, [first]  # the other hears nothing for a while
    world.publish(1)
    world.publish(2)
    world.run(1.0)
    assert shows(first, world.render)
    assert not shows(second, world.render)
    world.pages = pages
    second.show(True)
    start = world.now
    world.run(1.0)
    assert shows(second, world.render)
    assert sum(content["n"] for content in world.messages("tiles", start)) == 2


def test_a_hidden_page_does_not_hold_up_the_others():
    world = World()
    first, second = world.open_page(), world.open_page()
    world.run(0.5)
    second.show(False)
    world.run(0.2)
    world.pages = [first]
    world.flow.window.limit = 1
    for _ in range(20):
        world.publish_all()
        world.run(0.2)
    world.run(1.0)
    assert shows(first, world.render)
    assert world.flow.closed_loop()


def test_open_loop_while_the_cell_is_busy():
    """No word from the browser gets through: the picture comes all the same, slowly."""
    world = World(Render(400, 300, 50))
    page = world.open_page()
    world.up.drop = 1.0
    world.display()
    world.publish_all()
    world.run(5.0)
    assert shows(page, world.render)
    assert page.state == "running"
    start = world.now
    for _ in range(300):
        world.publish_all()
        world.run(0.1)
    sent = [(at, size) for at, content, size in world.sent if content["k"] == "tiles"]
    assert sum(size for _, size in sent) <= 8 * MB
    assert min(np.diff([at for at, _ in sent])) >= 0.25
    assert not world.messages("tiles", start + 20.0)  # it waits for a word
    world.up.drop = 0.0
    world.run(10.0)
    assert shows(page, world.render)
    assert page.welcomes == 1


def test_a_laptop_is_closed_in_the_middle(world):
    world.display()
    world.publish_all()
    world.run(0.5)
    world.down.drop = world.up.drop = 1.0
    start = world.now
    for _ in range(1200):
        world.publish_all()
        world.run(0.1)
    assert sum(size for at, _, size in world.sent if at >= start) < 12 * MB
    world.down.drop = world.up.drop = 0.0
    world.run(12.0)
    assert shows(world.pages[0], world.render)


def test_a_newcomer_sees_a_coarse_picture_first():
    world = World(Render(640, 480, 64))
    world.publish_all(spp=4)
    page = world.open_page()
    world.run(0.02)
    (coarse,) = world.messages("tiles")
    assert coarse["n"] == len(world.render.film.tiles)
    assert world.sent[-1][2] <= 64 * KB + 16 * coarse["n"]
    world.run(0.02)
    assert (page.front.spp > 0).all()
    film = world.render.film
    truth = np.concatenate([film.read(tile).pixels.ravel() for tile in film.tiles])
    assert abs(page.front.half.astype(float).mean() - truth.mean()) < 0.01
    world.run(5.0)
    assert shows(page, world.render)


def test_a_coarse_picture_does_not_replace_a_fine_one():
    world = World(Render(640, 480, 64))
    first = world.open_page()
    world.publish_all(spp=4)
    world.run(5.0)
    world.open_page()
    for _ in range(100):
        world.run(0.01)
        assert shows(first, world.render)


def watch(page):
    """All tiles that a page receives from now on."""
    tiles = []
    receive = page.receive

    def watching(content, buffers, now):
        if content["k"] == "tiles":
            tiles.extend(read_tiles(content, buffers[0]))
        receive(content, buffers, now)

    page.receive = watching
    return tiles


def test_small_pictures_come_as_they_are():
    world = World(Render(64, 48, 16))
    world.publish_all(spp=4)
    page = world.open_page()
    tiles = watch(page)
    world.run(5.0)
    assert shows(page, world.render)
    assert {tile.level for tile in tiles} == {0}


def test_on_a_slow_link_drafts_go_first_and_the_end_is_exact():
    world = World(Render(640, 480, 64))
    world.down.bandwidth = 10e6 / 8
    world.down.delay = world.up.delay = 0.02
    page = world.open_page()
    tiles = watch(page)
    for _ in range(40):
        world.publish_all()
        world.run(0.25)
    assert world.flow.window.narrow
    assert 0.8e6 < world.flow.window.rate < 1.4e6
    assert (page.front.spp > 30).all()  # with exact pixels, four rounds ago would be the rule
    assert not all(tile.exact for tile in tiles)
    world.change("done")
    world.run(8.0)
    assert shows(page, world.render)
    assert page.front.exact.all()
    assert page.state == "done"


def test_a_fast_link_never_sees_a_draft():
    world = World(Render(640, 480, 64))
    world.down.bandwidth = 30e6
    tiles = watch(world.open_page())
    for _ in range(40):
        world.publish_all()
        world.run(0.25)
    assert tiles
    assert all(tile.exact or tile.level for tile in tiles)


@pytest.mark.parametrize("light", [1e-9, 3e-4, 1e4, 1e12])
def test_pictures_outside_of_half_floats_come_with_a_pre_exposure(light):
    world = World(Render(200, 150, 32))
    world.render.light = light
    first = world.open_page()
    world.publish_all()
    world.run(1.0)
    late = world.open_page()
    world.publish_all()
    world.change("done")
    world.run(3.0)
    for page in (first, late):
        assert shows(page, world.render)
        assert page.front.exponent != 0


def test_a_picture_that_turns_bright_is_sent_again_once():
    world = World(Render(200, 150, 32))
    page = world.open_page()
    world.publish_all()
    world.run(1.0)
    assert page.front.exponent == 0
    world.render.light = 1e9
    world.publish_all()
    world.run(0.1)
    world.change("done")
    start = world.now
    world.run(10.0)
    assert shows(page, world.render)
    assert page.front.exponent > 20
    assert sum(size for at, _, size in world.sent if at > start) < 3 * 200 * 150 * 6


def test_what_a_worker_publishes_late_is_seen(world):
    """After a stop, tiles are published that nobody announces."""
    world.change("stopped")
    world.run(0.05)
    world.render.publish(3)
    world.run(0.5)
    assert shows(world.pages[0], world.render)


def test_halves_are_those_of_the_picture(world):
    world.publish(0)
    world.run(0.2)
    tile = world.render.film.tiles[0]
    expected = to_half(world.render.film.read(tile).pixels)
    assert np.array_equal(world.pages[0].front.half[: tile.height, : tile.width], expected)
