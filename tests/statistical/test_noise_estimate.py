"""Is the error that a picture claims the error that it has?"""

import numpy as np
import pytest
from scipy import stats
from significance import LEVEL, corrected

import raywidget as rw
from raywidget.picture.noise import relative_noise

pytestmark = pytest.mark.statistical

SEEDS = 220
CASES = {
    "halves": {"spp": 16, "sampler": "halves"},
    "independent": {"spp": 16, "sampler": "independent"},
    "an odd number": {"spp": 9, "sampler": "independent"},
    "a wide filter": {"spp": 8, "filter": "gaussian", "sampler": "halves"},
    "splats": {"spp": 8, "integrator": "bdpt", "sampler": "halves"},
}


@pytest.fixture(scope="module", params=CASES)
def pictures(request):
    scene = rw.presets.cornell_boxes()
    settings = {"width": 12, "height": 10, "max_depth": 4, "threads": 1, **CASES[request.param]}
    images = [rw.render(scene, seed=seed, **settings) for seed in range(SEEDS)]
    return (
        np.array([image.pixels for image in images], float),
        np.array([image.state.film.variance() for image in images], float),
        images,
    )


def test_the_estimate_is_right_on_average(pictures):
    pixels, variances, _ = pictures
    true = (pixels - pixels.mean(axis=0)) ** 2 * SEEDS / (SEEDS - 1)
    differences = (variances - true).mean(axis=(1, 2, 3))  # of each picture, with its own scatter
    z = differences.mean() / (differences.std(ddof=1) / np.sqrt(SEEDS))
    assert 2 * stats.norm.sf(abs(z)) > corrected(LEVEL, len(CASES))
    assert differences.std() / np.sqrt(SEEDS) < 0.2 * true.mean()  # it would notice a half


def test_the_number_is_the_error_by_brightness(pictures):
    pixels, _, images = pictures
    true = pixels.var(axis=0, ddof=1).astype(np.float32)
    expected = [relative_noise(image.pixels, true) ** 2 for image in images]
    found = [image.noise**2 for image in images]
    z = np.mean(np.subtract(found, expected)) / (np.std(found, ddof=1) / np.sqrt(SEEDS))
    assert 2 * stats.norm.sf(abs(z)) > corrected(LEVEL, len(CASES))


def told_and_true(spp, **how):
    """Variance by brightness, in the mean of seeds."""
    scene = rw.presets.cornell_boxes()
    settings = {"width": 12, "height": 10, "max_depth": 2, "threads": 1, "spp": spp, **how}
    images = [rw.render(scene, seed=seed, **settings) for seed in range(60)]
    true = np.array([image.pixels for image in images], float).var(axis=0, ddof=1)
    told = np.mean([image.noise**2 for image in images])
    return told, np.mean([relative_noise(i.pixels, true.astype(np.float32)) ** 2 for i in images])


def test_lattices_have_less_noise_than_their_samples_let_expect():
    # Why the variance of samples, divided by their number, would not do.
    halves, independent = (told_and_true(64, sampler=s)[0] for s in ("halves", "independent"))
    assert halves < 0.7 * independent


@pytest.mark.parametrize("spp", [4, 7, 16, 24, 64])
def test_one_lattice_is_never_told_too_good(spp):
    told, true = told_and_true(spp)
    assert true < told  # by far in so smooth a picture


def test_one_lattice_has_less_noise_than_two():
    _, true = told_and_true(64)
    assert true < told_and_true(64, sampler="halves")[0]
