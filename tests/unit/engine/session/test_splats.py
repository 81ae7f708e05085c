"""Light that samples bring to other pixels than their own: one layer, the same to the bit."""

import ctypes

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine import renderer as renderer_module
from raywidget.engine.film.film import Film
from raywidget.engine.renderer import Integrator
from raywidget.engine.session import accumulation
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
from raywidget.kernels.integrators.splat import SplatLog, commit_splats
from raywidget.kernels.integrators.tile import COUNTER_SPLATS

pytestmark = pytest.mark.usefixtures("no_workers_left", "light")

WIDTH, HEIGHT = 37, 23
SETTINGS = RenderSettings(
    width=WIDTH, height=HEIGHT, spp=6, tile_size=16, threads=2, seed=3, integrator="albedo"
)
SCENE = rw.presets.cornell()
MOST = 3


def numbers(pixel, sample):
    """Some numbers for each sample; in [0, 1)."""
    z = np.asarray(pixel, np.uint64) * np.uint64(6364136223846793005) + np.uint64(977 * sample + 1)
    z = (z ^ (z >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return (z >> np.uint64(40)).astype(float) / 2**24


def arrays_of(row):
    """Sums, swings, and both as they were, of a row of `Batch.tiles`."""
    _, _, width, height, *addresses = row.tolist()
    size = height * width * 3
    kinds = [ctypes.c_double, ctypes.c_float] * 2
    arrays = [
        np.ctypeslib.as_array((kind * size).from_address(address)).reshape(height, width, 3)
        for kind, address in zip(kinds, addresses, strict=True)
        if address  # else swings are the sums, of one sample
    ]
    return arrays if addresses[-1] else [*arrays, arrays[-1]]


def light_entry(tables, camera, picture, settings, batch, log):
    """Each sample brings 1 to its own pixel, and up to `MOST` splats to pixels anywhere."""
    if len(batch.tiles) == 0:
        return True
    (row,) = batch.tiles
    sums, swings, *old = arrays_of(row)
    left, top, width, height, *_ = row
    y, x = np.mgrid[top : top + height, left : left + width]
    pixel = (y * WIDTH + x).ravel()
    sums[...], swings[...] = old
    for sample in range(batch.first, batch.first + batch.samples):
        if batch.cancel[0]:
            return False
        sums[...] += 1.0
        swings[...] += 1.0 - 2.0 * (sample % 2)
        for k in range(MOST):
            u = numbers(pixel, 10 * sample + k)
            some = u < 0.7
            first = batch.counters[COUNTER_SPLATS]
            last = first + some.sum()
            places = (u[some] / 0.7 * WIDTH * HEIGHT).astype(int)
            log.places[first:last] = 2 * places + sample % 2
            log.values[first:last] = (numbers(pixel[some], sample) * [[1], [2], [0.1]]).T
            batch.counters[COUNTER_SPLATS] = last
    return True


@pytest.fixture
def light(monkeypatch):
    def make(scene, settings, scale):
        return Integrator(light_entry, (), MOST)

    monkeypatch.setitem(renderer_module.INTEGRATORS, "albedo", make)


def finish(settings, **options):
    session = Session(SCENE, settings, **options)
    session.start()
    assert session.wait(300)
    image = session.image()
    session.close()
    return image


def expected(spp):
    """Without an engine."""
    layer = np.zeros((HEIGHT * WIDTH, 3))
    pixel = np.arange(HEIGHT * WIDTH)
    for sample in range(spp):
        for k in range(MOST):
            u = numbers(pixel, 10 * sample + k)
            some = u < 0.7
            places = (u[some] / 0.7 * WIDTH * HEIGHT).astype(int)
            np.add.at(layer, places, (numbers(pixel[some], sample) * [[1], [2], [0.1]]).T)
    return 1 + layer.reshape(HEIGHT, WIDTH, 3) / spp


def settings_of(settings):
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


def test_what_is_splatted_is_in_the_picture():
    np.testing.assert_allclose(finish(SETTINGS).pixels, expected(6), rtol=1e-6)


@pytest.mark.parametrize("seconds", [0.0, 1e-4, 10.0])
@pytest.mark.parametrize("how", [{"threads": 1}, {"threads": 3, "passes": 4}, {"tile_size": 9}])
def test_threads_tiles_passes_and_calls_change_no_bit(how, seconds, monkeypatch):
    reference = finish(SETTINGS.replace(threads=1, passes=1, tile_size=64))
    monkeypatch.setattr(accumulation, "CALL_SECONDS", seconds)
    image = finish(SETTINGS.replace(**how))
    np.testing.assert_array_equal(image.pixels, reference.pixels)
    np.testing.assert_array_equal(image.state.film.splats, reference.state.film.splats)
    first = finish(SETTINGS.replace(spp=2, **how))
    on = rw.render(SCENE, resume=first, **settings_of(SETTINGS.replace(**how)))
    np.testing.assert_array_equal(on.pixels, reference.pixels)
    again = rw.render(SCENE, resume=on, **settings_of(SETTINGS))
    np.testing.assert_array_equal(again.pixels, reference.pixels)


def test_small_logs_change_no_bit(monkeypatch):
    reference = finish(SETTINGS)
    monkeypatch.setattr(renderer_module, "_LOG_SPLATS", 1)
    np.testing.assert_array_equal(finish(SETTINGS).pixels, reference.pixels)


def test_each_tile_of_each_pass_is_told_once_and_the_last_state_is_the_picture():
    tiles = []
    image = rw.render(SCENE, on_tile=tiles.append, **settings_of(SETTINGS))
    keys = [(t.pass_index, t.x, t.y) for t in tiles]
    assert len(keys) == len(set(keys)) == 6 * 4  # 1, 2, 4, 6 samples
    canvas = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for tile in tiles:
        canvas[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = tile.pixels
    np.testing.assert_array_equal(canvas, image.pixels)


def test_a_goal_for_noise():
    tiles, passes = [], []
    goal = 0.75 * finish(SETTINGS.replace(spp=16)).noise
    settings = settings_of(SETTINGS.replace(spp=100, noise=goal))
    image = rw.render(SCENE, on_tile=tiles.append, on_pass=passes.append, **settings)
    assert 16 < image.spp < 100
    assert image.noise <= goal
    np.testing.assert_allclose(image.pixels, expected(image.spp), rtol=1e-6)
    keys = [(t.pass_index, t.x, t.y) for t in tiles]
    assert len(keys) == len(set(keys)) == 6 * len(passes)
    for done in passes:
        np.testing.assert_allclose(done.image.pixels, expected(done.spp), rtol=1e-6)
    canvas = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for tile in tiles:
        canvas[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = tile.pixels
    np.testing.assert_array_equal(canvas, image.pixels)


def test_pictures_of_passes_are_whole():
    passes = []
    rw.render(SCENE, on_pass=passes.append, **settings_of(SETTINGS))
    assert [p.spp for p in passes] == [1, 2, 4, 6]
    for done in passes:
        np.testing.assert_allclose(done.image.pixels, expected(done.spp), rtol=1e-6)


def test_the_end_makes_new_versions_of_all_tiles():
    session = Session(SCENE, SETTINGS)
    session.start()
    assert session.wait(300)
    film = session.current().film
    versions = film.versions()
    session.extend(3)
    assert session.wait(300)
    assert all(a < b for a, b in zip(versions, film.versions(), strict=True))
    np.testing.assert_allclose(session.image().pixels, expected(9), rtol=1e-6)
    for tile in film.tiles:
        part = session.image().pixels[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width]
        np.testing.assert_array_equal(film.read(tile).pixels, part)
    session.close()


def test_what_was_stopped_goes_on():
    slow = SETTINGS.replace(spp=40, passes=1)
    reference = finish(slow)
    session = Session(SCENE, slow)
    for _ in range(6):
        session.start()
        session.wait(0.01)
        session.stop()
    session.start()
    assert session.wait(300)
    np.testing.assert_array_equal(session.image().pixels, reference.pixels)
    session.close()


# --- The layer ------------------------------------------------------------------------------------


def test_sums_do_not_depend_on_order_and_hold_much_and_little():
    generator = np.random.default_rng(0)
    places = generator.integers(0, 2 * 6, 3000).astype(np.int32)
    values = (generator.random((3000, 3)) ** 40 * 1e5).astype(np.float32)
    layers = np.zeros((2, 2, 2, 3, 3), np.int64)
    for layer in layers:
        order = generator.permutation(3000)
        commit_splats(SplatLog(places[order], values[order]), 3000, layer)
    np.testing.assert_array_equal(layers[0], layers[1])
    sums = np.zeros((6, 2, 3))
    np.add.at(sums.reshape(-1, 3), places, values)
    np.testing.assert_allclose(
        layers[0].reshape(2, 6, 3) / 2**32, sums.transpose(1, 0, 2), rtol=1e-7
    )


def test_only_what_is_used_of_a_log_counts_and_nothing_overflows():
    layer = np.zeros((2, 1, 1, 3), np.int64)
    log = SplatLog(np.array([0, 1, 0], np.int32), np.array([[1e30], [-1e30], [5]], np.float32))
    log = log._replace(values=np.repeat(log.values, 3, axis=1))
    commit_splats(log, 2, layer)
    assert layer[0].ravel().tolist() == [2**62] * 3
    assert layer[1].ravel().tolist() == [-(2**62)] * 3


def test_halves_of_splats_tell_the_error():
    film = Film(1, 1, 4)
    (tile,) = film.tiles
    zeros = np.zeros((1, 1, 3))

    class Some:
        def add_to(self, layer):
            layer[0] += 2 * 2**32
            layer[1] += 6 * 2**32

    film.publish(tile, zeros, 2, zeros, Some())
    state = film.state()
    assert state.pixels().ravel().tolist() == [4.0] * 3  # (2 + 6) / 2
    assert state.variance().ravel().tolist() == [4.0] * 3  # ((2 - 6) / 2)^2
