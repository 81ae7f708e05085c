"""A widget whose tiles come from an executor: live, in hand, and the same picture."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from stream_doubles import Browser

import raywidget as rw

pytestmark = pytest.mark.usefixtures("threads_end")


class Watched(ThreadPoolExecutor):
    """Two threads that count what they are given."""

    def __init__(self):
        super().__init__(2)
        self.orders = 0

    def submit(self, fn, *args):
        self.orders += 1
        return super().submit(fn, *args)


@pytest.fixture
def executor():
    with Watched() as made:
        yield made


def test_tiles_of_an_executor_are_seen_live(make_widget, executor, scene):
    widget = make_widget(executor=executor, width=160, height=120, spp=64, tile_size=32)
    page = Browser(1, time.monotonic())
    widget.comm.converse(page, until=lambda: page.state == "done")
    assert executor.orders > 1
    tiles = [c for c, _ in widget.comm.customs() if c["k"] == "tiles"]
    assert len(tiles) > 1, "they all came at once"
    here = rw.render(scene, width=160, height=120, spp=64, tile_size=32)
    np.testing.assert_array_equal(widget.image.pixels, here.pixels)


def test_an_edit_goes_before_what_is_out(make_widget, executor, scene):
    widget = make_widget(executor=executor, width=160, height=120, spp=100_000)
    deadline = time.monotonic() + 120.0
    while widget.image.statistics["samples"] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    widget.restart(spp=3, seed=7)
    assert widget.wait(120.0)
    here = rw.render(scene, width=160, height=120, spp=3, seed=7)
    np.testing.assert_array_equal(widget.image.pixels, here.pixels)


def test_what_is_no_executor_is_refused_before_there_is_a_widget(scene):
    with pytest.raises(rw.SettingsError, match="executor: expected"):
        rw.RayWidget(scene, executor=3)
