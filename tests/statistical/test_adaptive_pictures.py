"""Samples that go where there is noise: no bias where light is rarely found, and less noise."""

import numpy as np
import pytest
from scipy import stats
from significance import LEVEL, check_batches, render_batches

import raywidget as rw
from raywidget.engine.film.adaptive import CELL
from raywidget.engine.session import accumulation
from raywidget.picture.noise import relative_noise

pytestmark = pytest.mark.statistical

SEEDS = 240
SPP = 48
SIZE = {"width": 24, "height": 16, "max_depth": 5, "tile_size": 16}


def lit_by_chance():
    """A small, bright lamp that only scattering finds, once in some hundred samples, and glass."""
    shapes = [
        rw.Quad((-4, -1, -4), (8, 0, 0), (0, 0, 8), material=rw.Diffuse(0.6)),
        rw.Sphere((0, 0, 0), 0.9, material=rw.Dielectric(1.5)),
        rw.Sphere((1, 1.8, 0.5), 0.2, emission=(300, 250, 200)),
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 1, 6), look_at=(0, 0, 0), vfov=40)
    return rw.Scene(shapes, camera=camera, emitters=[rw.ConstantEnvironment(0.05)])


def adaptive_pictures(number):
    scene, settings = lit_by_chance(), {"next_event": False, "threads": 1, **SIZE}
    seeds = range(1, 1 + number)
    return [rw.render(scene, spp=SPP, adaptive=True, seed=seed, **settings) for seed in seeds]


def cells_of(pictures):
    """Means over 4 x 4 pixels: those of single pixels, seldom lit, are not normally distributed."""
    batches, height, width, _ = pictures.shape
    return pictures.reshape(batches, height // 4, 4, width // 4, 4, 3).mean(axis=(2, 4))


def pixels_of(images):
    return np.array([image.pixels for image in images], float)


@pytest.fixture(scope="module")
def plain():
    return render_batches(lit_by_chance(), 8 * SEEDS, SPP, next_event=False, **SIZE)


@pytest.fixture(scope="module")
def adaptive():
    return adaptive_pictures(SEEDS)


def test_there_is_no_bias(plain, adaptive):
    counts = np.array([image.state.film.spp for image in adaptive])
    assert counts.min() >= 16
    assert np.median(counts.std(axis=0)) > 5.0  # most pixels' numbers are left to chance
    assert check_batches(cells_of(pixels_of(adaptive)), cells_of(plain)) > LEVEL


def test_pixels_that_decide_their_own_number_are_noticed(plain, monkeypatch):
    def by_themselves(sums, swings, pilot):
        error = np.abs(swings).sum(axis=2)
        error = error.reshape(len(error) // CELL, CELL, -1, CELL).sum(axis=(1, 3))
        return np.where(error > error.mean(), 3.0, 0.25)

    monkeypatch.setattr(accumulation, "plan_shares", by_themselves)
    pictures = adaptive_pictures(SEEDS // 2)
    assert check_batches(cells_of(pixels_of(pictures)), cells_of(plain)) < 0.1 * LEVEL


def test_the_estimate_of_the_error_is_right(adaptive):
    pixels = pixels_of(adaptive)
    estimates = np.array([image.state.film.variance() for image in adaptive], float)
    true = (pixels - pixels.mean(axis=0)) ** 2 * SEEDS / (SEEDS - 1)
    differences = (estimates - true).mean(axis=(1, 2, 3))
    z = differences.mean() / (differences.std(ddof=1) / np.sqrt(SEEDS))
    assert 2 * stats.norm.sf(abs(z)) > LEVEL


def test_there_is_less_noise():
    # Mean square of relative error, by that of as many samples dealt out alike.
    scene, size = rw.presets.cornell(), {"width": 48, "height": 48, "spp": 64, "threads": 1}
    error = {}
    for adaptive in (False, True):
        images = [rw.render(scene, adaptive=adaptive, seed=seed, **size) for seed in range(12)]
        pixels = pixels_of(images)
        mean = pixels.mean(axis=0).astype(np.float32)
        error[adaptive] = relative_noise(mean, pixels.var(axis=0, ddof=1).astype(np.float32)) ** 2
    assert error[True] < 0.95 * error[False]
