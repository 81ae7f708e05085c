import time

import numpy as np
import pytest

import raywidget as rw
from raywidget.errors import SettingsError
from raywidget.stream.outgoing import make_progress
from raywidget.widget import coarse_denoising, denoising
from raywidget.widget.interaction import Interaction

pytestmark = pytest.mark.usefixtures("no_workers_left")


@pytest.fixture
def widget():
    with_it = rw.RayWidget(
        rw.presets.cornell(), width=48, height=40, spp=4, threads=1, denoise=True, exposure=0.5
    )
    yield with_it
    with_it.close()


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_is_seen_is_denoised_and_saved(widget, tmp_path):
    widget.wait()
    image = widget.image
    assert image.denoised
    assert image.exposure == 0.5
    raw = rw.render(rw.presets.cornell(), width=48, height=40, spp=4)
    np.testing.assert_array_equal(image.raw.pixels, raw.pixels)  # the samples are as ever
    np.testing.assert_array_equal(widget.image.pixels, image.pixels)
    image.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as arrays:
        np.testing.assert_array_equal(arrays["pixels"], image.pixels)
        np.testing.assert_array_equal(arrays["raw"], raw.pixels)


def test_pages_are_sent_what_is_kept(widget):
    widget.wait()
    source = Interaction(widget._session, None, widget._denoising)
    until(lambda: widget._denoising.shows or source.current().film.shows)
    image, film = widget.image, source.current().film
    until(lambda: np.array_equal(film.read(film.tiles[0]).pixels, image.pixels[:40, :48]))
    state = film.read(film.tiles[0])
    assert state.version == film.versions()[0] > 1
    assert state.spp == 4  # so that no page takes it for older than what it has
    assert source.progress().denoised
    assert make_progress(samples=1, goal=1, elapsed=0, rate=0, denoised=True)["denoised"] is True
    assert "denoised" not in make_progress(samples=1, goal=1, elapsed=0, rate=0)


def test_one_click_shows_the_samples_again(widget):
    widget.wait()
    source = Interaction(widget._session, None, widget._denoising)
    shown = source.current().film
    widget.set_state({"denoise": False})  # as the page does it
    assert not widget.denoise
    assert not widget.image.denoised
    film = source.current().film
    assert film is not shown  # all tiles go again
    np.testing.assert_array_equal(film.read(film.tiles[0]).pixels, widget.image.pixels[:40, :48])
    assert not source.progress().denoised
    widget.denoise = True
    assert widget.image.denoised


def test_a_restart_begins_with_samples(widget):
    widget.wait()
    source = Interaction(widget._session, None, widget._denoising)
    until(lambda: source.current().film.shows)
    widget.restart(seed=3)
    widget.wait()
    until(lambda: source.current().film is not None and source.current().film.shows)
    again = rw.render(rw.presets.cornell(), width=48, height=40, spp=4, seed=3)
    np.testing.assert_array_equal(widget.image.raw.pixels, again.pixels)


def test_it_rests_while_the_render_runs(monkeypatch):
    made = []
    make = denoising.Denoising._make
    monkeypatch.setattr(
        denoising.Denoising, "_make", lambda self, film: (made.append(1), make(self, film))
    )
    monkeypatch.setattr(denoising, "SPARE", 1e6)
    widget = rw.RayWidget(
        rw.presets.cornell(), width=32, height=32, spp=256, passes=256, threads=1, denoise=True
    )
    try:
        widget.wait()
        assert len(made) <= 2  # once while it ran, if it ran so long, and perhaps at its end
        assert widget.image.denoised
    finally:
        widget.close()


@pytest.mark.parametrize("value", [1, "yes", None])
def test_it_is_true_or_false(widget, value):
    with pytest.raises(SettingsError, match="denoise"):
        widget.denoise = value
    with pytest.raises(SettingsError, match="denoise"):
        rw.RayWidget(rw.presets.cornell(), denoise=value)
    widget.set_state({"denoise": value})  # nonsense of a page is ignored
    assert widget.denoise is True


def look_round(widget, scene, seen, count):
    for number in range(1, count + 1):
        widget._session.look(scene, client=1, number=number)
        until(lambda number=number: any(p.number == number for p in seen))


@pytest.fixture
def turned(widget):
    """The scene as it is seen from a bit further round."""
    camera = widget.scene.camera
    x, y, z = camera.look_from
    return widget.scene.replace(camera=camera.replace(look_from=(x + 0.05 * abs(z), y, z)))


@pytest.fixture
def seen(widget):
    """Coarse pictures as they are delivered."""
    made = []
    widget._denoising._coarse._deliver = made.append
    widget.wait()
    until(lambda: widget._denoising._coarse._ready)
    return made


def test_pictures_of_a_moving_camera_are_denoised_and_say_so(widget, turned, seen, monkeypatch):
    pytest.importorskip("mitsuba_oidn")
    monkeypatch.setattr(coarse_denoising, "FELT", 60.0)  # however crowded the machine is
    source = Interaction(widget._session, None, widget._denoising)
    look_round(widget, turned, seen, 4)
    picture = next(p for p in seen if p.number == 4)
    assert picture.denoised
    assert source.progress().denoised
    rows, columns, _ = picture.pixels.shape
    truth = rw.render(turned, width=columns, height=rows, spp=256, max_depth=5).pixels

    def error(pixels):
        return np.mean((np.sqrt(np.clip(pixels, 0, 1)) - np.sqrt(np.minimum(truth, 1))) ** 2)

    assert error(picture.pixels) < 0.7 * error(picture.raw)
    widget.denoise = False
    look_round(widget, turned, seen, 5)
    assert not seen[-1].denoised
    assert not source.progress().denoised


def test_a_slow_denoiser_lets_pictures_pass(widget, turned, seen, monkeypatch):
    pytest.importorskip("mitsuba_oidn")
    make = coarse_denoising.denoise

    def slowly(picture):
        time.sleep(0.3)
        return make(picture)

    monkeypatch.setattr(coarse_denoising, "denoise", slowly)
    monkeypatch.setattr(coarse_denoising, "AGAIN", 1e6)
    look_round(widget, turned, seen, 8)
    assert not seen[-1].denoised
    assert [p.generation for p in seen] == sorted({p.generation for p in seen})


def test_a_broken_denoiser_lets_pictures_pass(widget, turned, seen, monkeypatch):
    pytest.importorskip("mitsuba_oidn")

    def fail(picture):
        raise denoising.RaywidgetError("no network here")

    monkeypatch.setattr(coarse_denoising, "denoise", fail)
    look_round(widget, turned, seen, 3)
    assert not any(p.denoised for p in seen)
