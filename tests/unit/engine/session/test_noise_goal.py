"""Ending when there is little noise: always at the same sample, and with the same picture."""

import threading

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.session import finishing
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
from raywidget.picture.noise import relative_noise, standard_error

pytestmark = pytest.mark.usefixtures("no_workers_left")

SIZE = {"width": 40, "height": 30, "max_depth": 4, "seed": 3, "tile_size": 16, "threads": 2}
HALVES = {**SIZE, "sampler": "halves"}  # as it is with a goal
SCENE = rw.presets.cornell_boxes()
GOAL = 0.18


@pytest.fixture(scope="module")
def image():
    return rw.render(SCENE, spp=200, noise=GOAL, **SIZE)


def test_it_ends_as_soon_as_the_noise_is_little_enough(image):
    assert image.noise <= GOAL
    looks = [k << n for n in range(2, 6) for k in (4, 5, 6, 7)]
    place = looks.index(image.spp)
    assert 0 < place < len(looks) - 1
    assert image.spp == image.settings.spp
    for spp in looks[:place]:
        assert rw.render(SCENE, spp=spp, **HALVES).noise > GOAL
    np.testing.assert_array_equal(rw.render(SCENE, spp=image.spp, **HALVES).pixels, image.pixels)


@pytest.mark.parametrize("how", [{"threads": 1}, {"threads": 3, "tile_size": 7}, {"passes": 5}])
def test_threads_tiles_and_passes_change_no_bit(image, how):
    other = rw.render(SCENE, spp=200, noise=GOAL, **{**SIZE, **how})
    np.testing.assert_array_equal(other.pixels, image.pixels)


def test_spp_is_the_limit():
    image = rw.render(SCENE, spp=18, noise=1e-3, **SIZE)
    assert image.spp == 18
    np.testing.assert_array_equal(image.pixels, rw.render(SCENE, spp=18, **HALVES).pixels)


def test_callbacks_get_all_that_was_rendered(image):
    tiles, passes = [], []
    other = rw.render(
        SCENE, spp=200, noise=GOAL, on_tile=tiles.append, on_pass=passes.append, **SIZE
    )
    np.testing.assert_array_equal(other.pixels, image.pixels)
    assert passes[-1].spp == image.spp
    np.testing.assert_array_equal(passes[-1].image.pixels, image.pixels)
    assert len(tiles) == 6 * len(passes)
    canvas = np.zeros((30, 40, 3), np.float32)
    for tile in tiles:
        canvas[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = tile.pixels
    np.testing.assert_array_equal(canvas, image.pixels)


def test_resuming_goes_on_to_the_same_end(image):
    first = rw.render(SCENE, spp=9, **HALVES)
    on = rw.render(SCENE, spp=200, noise=GOAL, resume=first, **SIZE)
    np.testing.assert_array_equal(on.pixels, image.pixels)
    nothing = rw.render(SCENE, spp=200, noise=GOAL, resume=image, **SIZE)
    assert nothing.spp == image.spp
    better = rw.render(SCENE, spp=image.spp + 3, resume=image, **SIZE)
    assert better.spp == image.spp + 3


def test_what_was_begun_without_a_goal_keeps_its_numbers():
    first = rw.render(SCENE, spp=4, **SIZE)
    assert first.settings.sampler == "lattice"
    on = rw.render(SCENE, spp=200, noise=0.3, resume=first, **SIZE)
    assert on.settings.sampler == "lattice"
    np.testing.assert_array_equal(on.pixels, rw.render(SCENE, spp=on.spp, **SIZE).pixels)
    with pytest.raises(rw.PictureError, match="has sampler='lattice', asked for sampler='halves'"):
        rw.render(SCENE, spp=200, noise=0.3, resume=first, **HALVES)


def test_more_samples_than_the_goal_needs(image):
    settings = RenderSettings(spp=200, noise=GOAL, **SIZE)
    session = Session(SCENE, settings)
    session.start()
    assert session.wait(300)
    assert session.progress().noise == pytest.approx(image.noise)
    session.extend(5)
    assert session.wait(300)
    more = session.image()
    session.close()
    assert more.spp == image.spp + 5
    expected = rw.render(SCENE, spp=image.spp + 5, **HALVES)
    np.testing.assert_array_equal(more.pixels, expected.pixels)


def test_progress_knows_the_noise():
    session = Session(SCENE, RenderSettings(spp=8, **SIZE))
    assert session.progress().noise is None
    session.start()
    ended = session.wait(300)
    noise, image = session.progress().noise, session.image()
    session.close()
    assert ended
    assert noise == pytest.approx(image.noise)


def test_a_pass_measured_late_does_not_hide_the_last_one(monkeypatch):
    last_is_known, threads, own = threading.Event(), set(), threading.local()
    measure_noise = finishing.measure_noise

    def begin(stage, run, passes):
        own.passes = passes
        measure_noise(stage, run, passes)

    def measure(pixels, variance):
        threads.add(threading.current_thread())
        if own.passes == 3:  # that of four samples; the other worker does all the rest
            assert last_is_known.wait(300)
            return 1e9
        noise = relative_noise(pixels, variance)
        last_is_known.set()
        return noise

    monkeypatch.setattr(finishing, "measure_noise", begin)
    monkeypatch.setattr(finishing, "relative_noise", measure)
    monkeypatch.setattr(finishing, "MEASURE_EVERY", 0.0)
    session = Session(SCENE, RenderSettings(spp=8, **SIZE), on_state=lambda: None)
    session.start()
    ended = session.wait(300)
    noise, image = session.progress().noise, session.image()
    session.close()
    assert ended
    assert len(threads) == 2
    assert noise == pytest.approx(image.noise)


def test_noise_that_nobody_hears_of_is_measured_when_it_is_asked_for(monkeypatch):
    calls = []

    def measure(pixels, variance):
        calls.append(threading.current_thread())
        return relative_noise(pixels, variance)

    monkeypatch.setattr(finishing, "relative_noise", measure)
    session = Session(SCENE, RenderSettings(spp=8, **SIZE))
    session.start()
    ended = session.wait(300)
    image = session.image()
    assert ended
    assert not calls
    assert session.progress().noise == session.progress().noise == pytest.approx(image.noise)
    session.close()
    assert calls == [threading.current_thread()]


@pytest.mark.parametrize("listener", [None, lambda: None])
@pytest.mark.parametrize("spp", [2, 9, 23])
def test_the_last_pass_is_always_measured(spp, listener):
    session = Session(SCENE, RenderSettings(spp=spp, passes=spp, **SIZE), on_state=listener)
    session.start()
    ended = session.wait(300)
    noise, image = session.progress().noise, session.image()
    session.close()
    assert ended
    assert noise == pytest.approx(image.noise)


# --- The numbers ----------------------------------------------------------------------------------


def test_one_sample_tells_nothing():
    image = rw.render(SCENE, spp=1, **SIZE)
    assert image.noise is None
    assert np.isnan(image.error).all()
    image = rw.Image(np.zeros((2, 2, 3)), spp=4)
    assert image.noise is None
    assert image.error is None


def test_noise_by_hand():
    # Two pixels, of which each is measured by the other.
    pixels = np.zeros((1, 2, 3), np.float32)
    pixels[0, 0] = 2.0
    variance = np.zeros((1, 2, 3), np.float32)
    variance[0, 0] = 0.04
    variance[0, 1] = 0.01
    # Mean luminance 1: 0.1 is added to the values.
    shares = np.array([0.04 * 3 / (3 * 0.01), 0.01 * 3 / (3 * 4 + 3 * 0.01)])
    assert relative_noise(pixels, variance) == pytest.approx(np.sqrt(shares.mean()), rel=1e-5)
    assert relative_noise(pixels * 8, variance * 64) == pytest.approx(
        relative_noise(pixels, variance), rel=1e-6
    )
    variance[0, 1, 2] = np.nan
    assert relative_noise(pixels, variance) is None
    black = np.zeros((3, 3, 3), np.float32)
    assert relative_noise(black, black) == 0.0


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3), (6, 7)])
def test_brightness_is_that_of_the_pixels_around(shape):
    generator = np.random.default_rng(0)
    pixels = generator.random((*shape, 3)).astype(np.float32)
    variance = generator.random((*shape, 3)).astype(np.float32)
    height, width = shape
    dark = 3 * (0.1 * (pixels @ (0.2126, 0.7152, 0.0722)).mean()) ** 2
    shares = []
    for y in range(height):
        for x in range(width):
            part = pixels[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].reshape(-1, 3)
            mean = (part.sum(axis=0) - pixels[y, x]) / max(1, len(part) - 1)
            shares.append(variance[y, x].sum() / ((mean**2).sum() + dark))
    assert relative_noise(pixels, variance) == pytest.approx(np.sqrt(np.mean(shares)), rel=1e-4)


def test_errors_are_smoothed_as_squares():
    variance = np.zeros((9, 9, 3), np.float32)
    variance[4, 4] = 1.0
    error = standard_error(variance)
    assert (error**2).sum() == pytest.approx(3.0, rel=1e-6)
    assert error[4, 4, 0] == pytest.approx(6 / 16)
    assert not error[:2].any()
    np.testing.assert_allclose(standard_error(np.full((1, 3, 3), 4.0, np.float32)), 2.0)
