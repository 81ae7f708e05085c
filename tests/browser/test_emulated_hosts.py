"""Hosts that tests can't drive, VS Code and Colab, by the rules that are documented of them."""

import time

import numpy as np
import pytest
from emulated_host import emulated_host

import raywidget as rw
from raywidget.io.front_end import front_end_text

SMALL = {"width": 64, "height": 48, "spp": 4, "tile_size": 16, "threads": 1}
HOSTS = {
    "whole buffers": {},
    "VS Code: views into larger buffers": {"offset": 37, "initialize": True, "prompt": False},
    "Colab: no initialize, no subshell": {"offset": 8, "initialize": False, "prompt": False},
}
MOST_BYTES = 5_000_000  # of a module that Colab and others load


@pytest.mark.parametrize("how", HOSTS.values(), ids=HOSTS)
def test_the_canvas_comes_to_show_what_render_gives(browser, compiled_kernels, how):
    with emulated_host(browser, **how, **SMALL) as host:
        expected = rw.render(host.widget.scene, **SMALL).to_uint8()

        def is_there():
            shown = np.array(host.pixels(), np.uint8)
            return shown.size == 48 * 64 * 4 and np.array_equal(
                shown.reshape(48, 64, 4)[..., :3], expected
            )

        host.until(is_there, "the canvas shows the picture")
        assert host.page.evaluate("() => host.errors") == []


def test_without_subshells_buttons_act_when_the_cell_has_ended(browser, compiled_kernels):
    how = HOSTS["Colab: no initialize, no subshell"]
    with emulated_host(browser, **how, **SMALL | {"spp": 100_000}) as host:
        host.until(host.shows_something, "a first picture")
        host.busy = True
        host.press("Pause")
        host.rest(500)
        assert host.widget.status == "running"
        host.busy = False
        host.until(lambda: host.widget.status == "paused", "it is paused")


def test_tiles_arrive_while_a_cell_keeps_the_kernel_busy(browser, compiled_kernels):
    how = HOSTS["VS Code: views into larger buffers"]
    with emulated_host(browser, **how, **SMALL | {"spp": 100_000}) as host:
        host.until(host.shows_something, "a first picture")
        host.busy = True
        before = host.pixels()
        end = time.monotonic() + 30
        while host.pixels() == before:
            assert time.monotonic() < end, "no tile came while the cell was busy"
            host.rest(100)


def test_sliders_of_the_page_reach_the_kernel(browser, compiled_kernels):
    with emulated_host(browser, offset=37, **SMALL) as host:
        host.until(lambda: host.widget.status == "done", "it is rendered")
        slider = host.view.get_by_role("slider", name="Exposure in stops")
        slider.focus()
        slider.press("ArrowRight")
        host.until(lambda: host.widget.exposure > 0, "the kernel knows the exposure")


def test_the_front_end_is_small_and_asks_no_network():
    script, style = front_end_text("widget.js"), front_end_text("widget.css")
    assert 0 < len(script.encode()) + len(style.encode()) < MOST_BYTES
    for text in (script, style):
        assert "fetch(" not in text
        assert "import(" not in text
        assert "url(http" not in text
