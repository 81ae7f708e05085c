"""The slider of times, the button that plays them, and the one that records: with a real page."""

import base64
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from emulated_host import emulated_host
from PIL import Image as Pillow

import raywidget as rw

SIZE = {"width": 320, "height": 96}
CORNELL = rw.presets.cornell()
TIMES = [0.0, 0.5, 1.0, 1.5]


def scene_at(moment):
    return CORNELL.replace(camera=CORNELL.camera.replace(vfov=40.0 - 10.0 * moment))


@cache
def truth(moment):
    return rw.render(scene_at(moment), spp=1, **SIZE).to_uint8()


@pytest.fixture
def host(browser, compiled_kernels, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scenes = [scene_at(moment) for moment in TIMES]
    narrow = {"viewport": {"width": 340, "height": 600}}
    with emulated_host(
        browser, context=narrow, scene=scenes, times=TIMES, fps=30, spp=1, **SIZE
    ) as host:
        host.page.set_default_timeout(60_000)
        yield host


def shows(host, moment):
    """Does the canvas show the finished picture of a time?"""
    text = host.page.evaluate(
        """() => {
            const canvas = document.querySelector(".raywidget-canvas");
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            let text = "";
            for (let i = 0; i < data.length; i += 4096)
                text += String.fromCharCode(...data.subarray(i, i + 4096));
            return btoa(text);
        }"""
    )
    pixels = np.frombuffer(base64.b64decode(text), np.uint8)
    shape = (SIZE["height"], SIZE["width"], 4)
    return pixels.size == np.prod(shape) and np.array_equal(
        pixels.reshape(shape)[..., :3], truth(moment)
    )


def test_times_are_chosen_and_played(host):
    slider = host.view.get_by_role("slider", name="Time")
    host.until(slider.is_visible, "there is a slider")
    assert slider.get_attribute("aria-valuetext") == "0.0"
    host.until(lambda: shows(host, 0.0), "the first")
    slider.press("ArrowRight")
    host.until(lambda: host.widget.time == 0.5, "the kernel follows the slider")
    host.until(lambda: shows(host, 0.5), "the second, to its last pixel")
    # Python moves the slider.
    host.widget.time = 1.5
    host.until(lambda: slider.get_attribute("aria-valuetext") == "1.5", "the slider follows")
    host.until(lambda: shows(host, 1.5), "the last")
    seen = set()
    host.press("Play")
    host.until(
        lambda: seen.add(slider.get_attribute("aria-valuetext")) or len(seen) == len(TIMES),
        "all of them, while it plays",
    )
    host.view.locator(".raywidget-stage").press("k")
    host.until(lambda: not host.widget.playing, "the key ends it")
    host.until(lambda: host.view.get_by_role("button", name="Play").is_visible(), "Play again")
    host.until(lambda: shows(host, host.widget.time), "where it rests, all is rendered")
    before = TIMES.index(host.widget.time)
    host.view.locator(".raywidget-stage").press("." if before == 0 else ",")
    after = before + (1 if before == 0 else -1)
    host.until(lambda: host.widget.time == TIMES[after], "one step by a key")
    repeat = host.view.get_by_role("button", name="Repeat")
    repeat.click()
    host.until(lambda: repeat.get_attribute("aria-pressed") == "false", "it is not to repeat")
    assert host.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert host.page.evaluate("() => host.errors") == []


def test_a_film_is_recorded_and_downloaded(host):
    host.press("Settings")
    film = host.view.get_by_role("group", name="Film")
    host.until(film.is_visible, "there is a row for films")
    host.view.get_by_label("Format of the film").select_option("webp")
    host.press("Record the times")
    host.until(lambda: host.widget._recorder.film is not None, "it is recorded")
    host.until(
        lambda: host.view.get_by_role("button", name="Download").is_visible(), "it is offered"
    )
    assert "saved" in film.inner_text()
    downloads = []
    host.page.on("download", lambda download: downloads.append(download))
    host.press("Download")
    host.until(lambda: downloads, "it is downloaded")
    (download,) = downloads
    assert download.suggested_filename == "times.webp"
    kept = Path("times.webp").read_bytes()
    assert Path(download.path()).read_bytes() == kept
    with Pillow.open("times.webp") as pictures:
        assert (pictures.n_frames, pictures.size) == (len(TIMES), (320, 96))
    # A long one is broken off.
    host.view.get_by_label("Seconds").fill("60")
    host.press("Record a turn")
    host.press("Cancel")
    host.until(lambda: not host.widget._recorder.recording, "it is broken off")
    host.until(
        lambda: host.view.get_by_role("button", name="Record a turn").is_visible(), "as before"
    )
    assert os.listdir() == ["times.webp"]
    assert host.page.evaluate("() => host.errors") == []
