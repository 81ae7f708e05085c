"""Where samples fall in the picture plane, against the filters that they are named after."""

import numpy as np
import pytest
from significance import LEVEL, chi_square, corrected

import raywidget as rw
from raywidget.engine.film.filters import FILTERS, filter_radius, filter_value, make_filter
from raywidget.kernels.language.buffers import view
from raywidget.kernels.language.jit import entry
from raywidget.kernels.sensors.filter import FilterView, choose_pixel, eval_filter, sample_filter

pytestmark = pytest.mark.statistical

COUNT = 1_000_000
ALL = [(name, None) for name in FILTERS] + [("box", 1.3), ("gaussian", 1.0), ("tent", 0.3)]
CASES = pytest.mark.parametrize(("name", "radius"), ALL)


@entry
def _use(kind, radius, quantiles, u, x, offsets, values, pixels, weights):
    shape = FilterView(kind, radius, view(quantiles))
    for i in range(len(u)):
        offsets[i] = sample_filter(shape, u[i])
        values[i] = eval_filter(shape, x[i])
        pixels[i], weights[i] = choose_pixel(shape, x[i], u[i])


def use(name, radius, u, x):
    offsets, values, weights = np.zeros((3, len(u)), np.float32)
    pixels = np.zeros(len(u), np.int64)
    filter = make_filter(name, radius)
    _use(*filter, u.astype(np.float32), x.astype(np.float32), offsets, values, pixels, weights)
    return offsets.astype(float), values.astype(float), pixels, weights.astype(float)


@CASES
def test_samples_follow_the_filter(name, radius):
    reach = filter_radius(name, radius)
    u = np.random.default_rng(0).random(COUNT, np.float32)
    offsets, *_ = use(name, radius, u, u)
    assert np.abs(offsets - 0.5).max() <= reach * (1 + 1e-6)
    edges = np.linspace(-reach, reach, 201)
    counts, _ = np.histogram(offsets - 0.5, edges)
    parts = 0.5 + np.arange(64)  # midpoints
    inside = edges[:-1, None] + parts / 64 * (edges[1] - edges[0])
    expected = filter_value(name, radius, inside).mean(axis=1) * (edges[1] - edges[0])
    assert expected.sum() == pytest.approx(1, abs=1e-6)
    assert chi_square(counts, expected * COUNT) > corrected(LEVEL, len(ALL))
    order = np.argsort(u)
    assert np.all(np.diff(offsets[order]) >= 0)  # so that even numbers stay even


@CASES
def test_kernels_and_tables_know_the_same_filter(name, radius):
    x = np.linspace(-9, 9, 50_001)
    _, values, *_ = use(name, radius, np.zeros_like(x), x)
    expected = filter_value(name, radius, x)
    away = np.abs(np.abs(x) - filter_radius(name, radius)) > 1e-3  # at the edge of a box, either
    scale = values.sum() * (x[1] - x[0])
    np.testing.assert_allclose(values[away] / scale, expected[away], atol=2e-3)


@CASES
def test_light_is_shared_out_as_samples_are_drawn(name, radius):
    # Light from one place: what pixel c gets on average is the filter's value there.
    generator = np.random.default_rng(0)
    for place in (0.5, 0.83):
        u = generator.random(200_000)
        _, _, pixels, weights = use(name, radius, u, np.full(len(u), place))
        for pixel in range(-9, 10):
            share = weights * (pixels == pixel)
            expected = filter_value(name, radius, np.array([place - pixel - 0.5]))[0]
            assert abs(share.mean() - expected) < 5 * share.std() / np.sqrt(len(u)) + 1e-4


@pytest.mark.parametrize("name", FILTERS)
def test_an_edge_is_as_soft_as_the_filter(name):
    # The right part of the picture shines: pixels near the edge show the integral of the filter.
    lamp = rw.Quad((0, -20, 0), (20, 0, 0), (0, 40, 0), material=rw.Emissive(1))
    camera = rw.OrthographicCamera(look_from=(0.1, 0, 5), look_at=(0.1, 0, 0), height=6)
    scene = rw.Scene([lamp], camera=camera)
    settings = {"width": 16, "height": 6, "spp": 4096, "max_depth": 1, "sampler": "independent"}
    image = rw.render(scene, filter=name, **settings)
    shining = image.pixels[..., 0].sum(axis=0, dtype=float) * 4096
    steps = np.linspace(-9, 9, 180_001)
    below = np.append(0, np.cumsum(filter_value(name, None, (steps[1:] + steps[:-1]) / 2)))
    expected = 1 - np.interp(7.9 - np.arange(16) - 0.5, steps, below / below[-1])
    count = 6 * 4096
    variance = count * expected * (1 - expected)
    deviation = np.sqrt(variance) + 1e-3 * variance  # and rounding
    z = np.abs(shining - count * expected) / np.maximum(deviation, 1.0)
    assert z.max() < 4
    between = (expected > 1e-3) & (expected < 1 - 1e-3)
    assert between.sum() in ((1,) if name == "box" else (2, 3, 4))
