"""Pictures whose rows are made when they are asked for are those that are there as a whole."""

import pickle

import numpy as np
import pytest

import raywidget as rw
from raywidget.picture.luminance import mean_luminance
from raywidget.picture.noise import relative_noise
from raywidget.picture.rows import MadeRows

SIZE = {"width": 50, "height": 37, "tile_size": 8, "threads": 2, "max_depth": 4}


class Counting:
    """A picture that knows the largest piece of it that was asked for."""

    def __init__(self, pixels):
        self.pixels, self.most = pixels, 0

    def __call__(self, rows):
        self.most = max(self.most, rows.stop - rows.start)
        return self.pixels[rows]


@pytest.fixture
def pixels():
    return np.random.default_rng(0).gamma(1.0, 0.5, (300, 1000, 3)).astype(np.float32)


def test_developing_measuring_and_saving_never_ask_for_all(pixels, tmp_path):
    light, error = Counting(pixels), Counting(pixels * 1e-3)
    image = rw.Image(
        MadeRows(300, 1000, light), spp=4, variance=MadeRows(300, 1000, error), curve="filmic"
    )
    whole = rw.Image(pixels, spp=4, variance=error.pixels, curve="filmic")
    np.testing.assert_array_equal(image.to_uint8(), whole.to_uint8())
    assert image.noise == whole.noise
    for name in ("png", "npy"):
        image.save(tmp_path / f"made.{name}")
        whole.save(tmp_path / f"whole.{name}")
        made, expected = (tmp_path / f"{of}.{name}" for of in ("made", "whole"))
        assert made.read_bytes() == expected.read_bytes()
    np.testing.assert_array_equal(np.load(tmp_path / "made.npy"), pixels)
    assert light.most <= 70
    assert error.most <= 70
    assert mean_luminance(MadeRows(300, 1000, light)) == mean_luminance(pixels)
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.pixels is image.pixels
    np.testing.assert_array_equal(image.error, whole.error)


@pytest.mark.parametrize("integrator", ["path", "bdpt"])
def test_a_film_makes_rows(integrator):
    scene = rw.presets.cornell()
    image = rw.render(scene, **SIZE, spp=5, integrator=integrator)
    state = image.state.film
    made = MadeRows(37, 50, state.rows_of_pixels)
    error = MadeRows(37, 50, state.rows_of_variance)
    for rows in (slice(0, 37), slice(3, 20), slice(36, 37), slice(8, 16)):
        np.testing.assert_array_equal(made[rows], state.pixels()[rows])
        np.testing.assert_array_equal(error[rows], state.variance()[rows])
    assert relative_noise(made, error) == relative_noise(state.pixels(), state.variance())
    assert pickle.loads(pickle.dumps(image)).noise == image.noise


def test_rows_of_a_film_in_the_middle_of_a_pass_have_the_light_of_all_paths():
    """Splats are by the light paths of the whole picture, not by those of some rows."""
    session_film = rw.render(rw.presets.cornell(), **SIZE, spp=2, integrator="bdpt").state.film
    parts = list(session_film.parts)
    for index in range(len(parts) // 2):  # the upper tiles have taken twice as many
        part = parts[index]
        parts[index] = part._replace(
            sums=2 * part.sums, known_swings=2 * part.swings, spp=2 * part.spp
        )
    state = type(session_film)(50, 37, session_film.tiles, tuple(parts), session_film.splats)
    np.testing.assert_array_equal(state.rows_of_pixels(slice(0, 5)), state.pixels()[:5])
    np.testing.assert_array_equal(state.rows_of_variance(slice(30, 37)), state.variance()[30:])
