"""The thread: it starts, talks, survives, and ends."""

import gc
import threading
import time
import weakref

import pytest
from stream_doubles import Browser, Render, shows

from raywidget.stream.conversation import Disconnected
from raywidget.stream.news import NEWS_BURST, NEWS_RATE
from raywidget.stream.pump import Pump

HELLO = {"k": "hello", "v": 1, "client": 1, "have": None}


def wait_until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


class Line:
    """Where a pump sends to."""

    def __init__(self):
        self.sent = []
        self.threads = set()
        self.error = None

    def __call__(self, content, buffers):
        self.threads.add(threading.current_thread().name)
        if self.error is not None:
            raise self.error
        self.sent.append((content, buffers))


@pytest.fixture
def line():
    return Line()


@pytest.fixture
def pump(line):
    pump = Pump(line)
    yield pump
    assert pump.close()


def pump_threads():
    return [t for t in threading.enumerate() if t.name == "raywidget-pump"]


def test_a_page_sees_the_picture(pump, line):
    render = Render()
    pump.start(render)
    page = Browser(1, time.monotonic())
    heard = 0

    def converse():
        nonlocal heard
        now = time.monotonic()
        while heard < len(line.sent):
            page.receive(*line.sent[heard], now)
            heard += 1
        for message in page.poll(now):
            pump.hear(message)
        return page.state == "done" and shows(page, render)

    for index in range(len(render.film.tiles)):
        render.publish(index)
        pump.tile_ready()
        converse()
    render.state = "done"
    pump.wake()
    wait_until(converse)
    assert line.threads == {"raywidget-pump"}
    assert pump.failures == 0


def test_a_tile_is_sent_when_it_is_ready(pump, line):
    render = Render()
    pump.start(render)
    pump.hear(HELLO)
    wait_until(lambda: len(line.sent) >= 3)
    render.publish(0)
    pump.tile_ready()
    wait_until(lambda: any(content["k"] == "tiles" for content, _ in line.sent))


def test_it_ends_only_once(line):
    pump = Pump(line)
    pump.start(Render())
    pump.hear(HELLO)
    wait_until(lambda: len(line.sent) >= 3)
    assert pump.close()
    assert line.sent[-1][0]["state"] == "closed"
    assert pump.close()
    pump.start(Render())
    assert not pump_threads()
    pump.hear(HELLO)
    pump.wake()
    pump.tile_ready()
    pump.displayed()


def test_it_need_not_have_been_started(line):
    pump = Pump(line)
    pump.hear(HELLO)
    pump.tile_ready()
    assert pump.close()
    assert line.sent == []


def test_what_came_before_the_start_is_heard(pump, line):
    pump.hear(HELLO)
    pump.start(Render())
    wait_until(lambda: len(line.sent) >= 3)


def test_failing_sends_do_not_end_it(pump, line, capfd):
    line.error = OSError("broken pipe")
    pump.start(Render())
    pump.hear(HELLO)
    time.sleep(0.2)
    line.error = None
    wait_until(lambda: len(line.sent) >= 3)
    assert capfd.readouterr() == ("", "")


def test_a_failing_render_does_not_end_it(pump, line, capfd):
    render = Render()
    current, render.current = render.current, None
    pump.start(render)
    pump.hear(HELLO)
    wait_until(lambda: pump.failures > 0)
    render.current = current
    wait_until(lambda: len(line.sent) >= 2)
    assert capfd.readouterr() == ("", "")


def test_a_closed_channel_ends_it(pump, line):
    line.error = Disconnected()
    pump.start(Render())
    pump.hear(HELLO)
    wait_until(lambda: not pump_threads())


def test_nonsense_is_ignored(pump, line, capfd):
    pump.start(Render())
    for content in (None, 3, [], {}, {"k": "ack"}, {"k": "x"}, b"", object(), {"k": "hello"}):
        pump.hear(content)
    pump.hear(HELLO)
    wait_until(lambda: len(line.sent) >= 3)
    assert pump.failures == 0
    assert capfd.readouterr() == ("", "")


def test_it_may_be_closed_from_its_own_thread():
    def send(content, buffers):
        pump.close()

    pump = Pump(send)
    pump.start(Render())
    pump.hear(HELLO)
    wait_until(lambda: not pump_threads())


def test_a_closed_pump_is_collected(line):
    pump = Pump(line)
    pump.start(Render())
    pump.close()
    gone = weakref.ref(pump)
    del pump
    gc.collect()
    assert gone() is None


def test_a_flood_from_many_threads(pump, line):
    render = Render()
    pump.start(render)

    def flood(client):
        for k in range(300):
            pump.hear(HELLO | {"client": client * 1000 + k})
            pump.tile_ready()

    begin = time.monotonic()
    threads = [threading.Thread(target=flood, args=(client,)) for client in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.1)
    assert len(line.sent) <= NEWS_BURST + NEWS_RATE * (time.monotonic() - begin)
    assert pump.failures == 0
