"""Coarse pictures lose their noise and keep what they show."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.preview.smoothing import SPECK, smooth


def grey(values):
    return np.repeat(np.asarray(values, np.float32)[..., None], 3, axis=2)


def test_what_is_even_stays_as_it_is():
    even = np.tile(np.array([0.2, 0.5, 0.8], np.float32), (7, 9, 1))
    np.testing.assert_allclose(smooth(even), even, rtol=1e-5)


def test_a_speck_does_not_become_a_blot():
    picture = np.full((9, 9), 0.25)
    picture[4, 4] = 90.0
    smoothed = smooth(grey(picture))
    assert smoothed.max() < SPECK * 0.25
    np.testing.assert_allclose(smoothed[0], 0.25, rtol=1e-5)


def test_black_spots_in_a_shadow_are_filled():
    rng = np.random.default_rng(4)
    picture = np.where(rng.random((24, 24)) < 0.5, 0.0, 0.2)
    smoothed = smooth(grey(picture))
    assert (smoothed > 0.0).all()
    inside = smoothed[4:-4, 4:-4, 0]
    assert inside.std() < 0.35 * picture[4:-4, 4:-4].std()
    assert inside.mean() == pytest.approx(picture[4:-4, 4:-4].mean(), rel=0.1)


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_room_that_few_samples_light_is_as_bright_as_it_is(share):
    """Each speck was cut off beside black neighbours: the darker the room, the blacker."""
    rng = np.random.default_rng(6)
    lit = rng.random((80, 100)) < share
    picture = np.where(lit, rng.uniform(0.5, 1.5, lit.shape) * 0.2 / share, 0.0)
    smoothed = smooth(grey(picture))[8:-8, 8:-8, 0]
    assert smoothed.mean() == pytest.approx(0.2, rel=0.25)
    assert smoothed.std() < 0.5 * smoothed.mean()


def test_a_lamp_in_a_dark_room_does_not_glow_round_itself():
    picture = np.full((60, 60), 0.02)
    picture[25:31, 25:35] = 40.0
    smoothed = smooth(grey(picture))[..., 0]
    away = np.ones_like(smoothed, bool)
    away[21:35, 21:39] = False
    np.testing.assert_allclose(smoothed[away], 0.02, rtol=0.05)
    assert smoothed[28, 30] > 1.0


def test_an_edge_between_light_and_dark_stays():
    picture = np.full((12, 12), 0.02)
    picture[:, 6:] = 2.0
    smoothed = smooth(grey(picture))[6, :, 0]
    np.testing.assert_allclose(smoothed[:4], 0.02, rtol=1e-4)
    np.testing.assert_allclose(smoothed[8:], 2.0, rtol=1e-3)
    assert smoothed[6] - smoothed[5] > 0.6  # what is left of 1.98 between two neighbours


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (3, 2)])
def test_small_pictures_and_black_ones(shape):
    assert (smooth(np.zeros((*shape, 3), np.float32)) == 0.0).all()
    assert smooth(np.full((*shape, 3), 1e30, np.float32)).shape == (*shape, 3)


def test_it_is_nearer_to_the_truth():
    scene = rw.presets.cornell()
    few = rw.render(scene, width=80, height=60, spp=1, max_depth=5).pixels
    many = rw.render(scene, width=80, height=60, spp=256, max_depth=5, seed=7).to_uint8()

    def error(pixels):
        shown = rw.Image(pixels, spp=1).to_uint8().astype(float)
        return np.sqrt(((shown - many) ** 2).mean())

    assert error(smooth(np.asarray(few))) < 0.65 * error(np.asarray(few))
