"""Motion blur against closed forms: means over seeds, tested by their own variance."""

import numpy as np
import pytest
from scipy import stats
from significance import LEVEL, corrected

import raywidget as rw

pytestmark = pytest.mark.statistical

SEEDS = 40
WHITE = {"material": rw.Diffuse(0.0), "emission": 1.0}


def means_over_seeds(moving, **how):
    """Of the rows of a picture: mean and standard error of it, (width,)."""
    rows = np.array(
        [
            rw.render(moving, seed=seed, filter="box", **how).pixels[..., 0].mean(axis=0)
            for seed in range(SEEDS)
        ],
        float,
    )
    return rows.mean(axis=0), rows.std(axis=0, ddof=1) / np.sqrt(SEEDS)


def assert_agrees(mean, error, expected):
    rare = np.minimum(expected, 1.0 - expected) * SEEDS < 10.0
    # What is hardly ever seen has no error that could be measured, but one that it can't exceed.
    error = np.where(rare, np.sqrt(np.maximum(expected * (1.0 - expected), 0.0) / SEEDS), error)
    sure = error == 0.0  # what never changes must be right
    np.testing.assert_allclose(mean[sure], expected[sure], atol=1e-6)
    t = (mean - expected)[~sure] / error[~sure]
    p = 2.0 * stats.t.sf(np.abs(t), SEEDS - 1)
    assert p.min() > corrected(LEVEL, len(p)), (mean, expected)


def integral_of_clamp(x):
    """Of clamp(x, 0, 1), from minus infinity."""
    inside = np.clip(x, 0.0, 1.0)
    return 0.5 * inside**2 + np.maximum(x - 1.0, 0.0)


@pytest.mark.parametrize("spp", [1, 6])
@pytest.mark.parametrize("shutter", [(0.0, 1.0), (0.25, 0.5)])
def test_a_square_that_moves_past_pixels(shutter, spp):
    """Coverage of pixel [i, i + 1] by what lies right of an edge, as a mean over places of it."""

    def scene_at(time):
        edge = -2.0 + 3.5 * time
        square = rw.Quad((edge, -9, 0), (40, 0, 0), (0, 18, 0), **WHITE)
        camera = rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), height=8)
        return rw.Scene([square], camera=camera)

    mean, error = means_over_seeds(rw.Moving(scene_at, shutter), width=8, height=8, spp=spp)
    begin, end = (-2.0 + 3.5 * time for time in shutter)
    right = np.arange(8) - 3.0  # right sides of pixels
    expected = (integral_of_clamp(right - begin) - integral_of_clamp(right - end)) / (end - begin)
    assert_agrees(mean, error, expected)


def test_a_camera_that_turns():
    """A thin bright wall that a pinhole sweeps over: the share of time that a pixel sees it."""

    def scene_at(time):
        angle = np.radians(-20.0 + 40.0 * time)
        camera = rw.PerspectiveCamera(
            look_from=(0, 0, 0), look_at=(np.sin(angle), 0, -np.cos(angle)), vfov=60
        )
        return SCENE.replace(camera=camera)

    # All that lies right of straight ahead shines, far up and down.
    wall = rw.Quad((0, -1e3, -5), (1e3, 0, 0), (0, 2e3, 0), **WHITE)
    SCENE = rw.Scene([wall], camera=rw.PerspectiveCamera(look_from=(0, 0, 0), look_at=(0, 0, -1)))
    mean, error = means_over_seeds(rw.Moving(scene_at), width=9, height=9, spp=2)
    # Right of the edge is what lies, seen at angle a of the camera, at screen x > tan(-a).
    half = np.tan(np.radians(30.0))
    angles = np.radians(-20.0 + 40.0 * (np.arange(20_000) + 0.5) / 20_000)
    edges = (np.tan(-angles) / half + 1.0) * 4.5  # in pixels
    expected = np.clip(np.arange(1, 10)[:, None] - edges, 0.0, 1.0).mean(axis=1)
    assert_agrees(mean, error, expected)


def test_a_lamp_that_brightens_and_a_field_that_changes():
    """Light is linear: the mean of a lamp is the lamp of the mean."""

    def scene_at(time):
        lamp = rw.Quad((-9, -9, 0), (18, 0, 0), (0, 18, 0), **{**WHITE, "emission": 8.0 * time**2})
        camera = rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), height=8)
        return rw.Scene([lamp], camera=camera)

    mean, error = means_over_seeds(rw.Moving(scene_at, (0, 1)), width=4, height=4, spp=3)
    # All pixels have the same times.
    assert abs(mean[0] - 8.0 / 3.0) < stats.t.isf(LEVEL / 2, SEEDS - 1) * error[0]


def test_the_noise_that_is_told_is_that_of_times_too():
    """Over seeds, an error as large as `Image.noise` says, though each sample has no other."""

    def scene_at(time):
        lamp = rw.Quad((-9, -9, 0), (18, 0, 0), (0, 18, 0), **{**WHITE, "emission": 2.0 * time})
        camera = rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), height=8)
        return rw.Scene([lamp], camera=camera)

    how = {"width": 2, "height": 2, "spp": 8, "aovs": ("variance",)}
    images = [rw.render(rw.Moving(scene_at), seed=seed, **how) for seed in range(100)]
    true = np.var([image.pixels[0, 0, 0] for image in images], ddof=1)
    told = np.mean([image.aovs["variance"][0, 0] for image in images])
    # Both are means of 100 numbers with a spread of about sqrt(2) times themselves.
    assert 0.55 < told / true < 1.8, (told, true)
