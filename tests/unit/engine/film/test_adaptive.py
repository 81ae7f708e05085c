"""Samples where they are needed: how they are dealt out, and what must not change it."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import raywidget as rw
from raywidget.engine.film.adaptive import pilot_samples, plan_shares, refinements
from raywidget.engine.film.tiles import Tile
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings

pytestmark = pytest.mark.usefixtures("no_workers_left")

SCENE = rw.presets.cornell_boxes()
SIZE = {"width": 44, "height": 30, "max_depth": 4, "seed": 3, "tile_size": 16, "adaptive": True}


@pytest.fixture(scope="module")
def image():
    return rw.render(SCENE, spp=50, threads=1, aovs=["samples", "variance"], **SIZE)


def test_all_pixels_get_some_and_spp_is_the_mean(image):
    samples = image.aovs["samples"]
    assert image.spp == 50
    assert samples.min() >= 16 + (50 - 16) // 4
    assert samples.max() <= 16 + 6 * (50 - 16)
    assert samples.max() > 2 * samples.min()
    for y in range(0, 30, 16):  # in each tile
        for x in range(0, 44, 16):
            assert 49 < samples[y : y + 16, x : x + 16].mean() <= 50
    assert image.statistics["samples"] == samples.sum()
    assert np.isfinite(image.noise)
    assert np.isfinite(image.aovs["variance"]).all()


@pytest.mark.parametrize("how", [{"threads": 3}, {"threads": 2, "passes": 1}, {"passes": 7}])
def test_threads_and_passes_change_no_bit(image, how):
    other = rw.render(SCENE, spp=50, aovs=["samples"], **SIZE, **how)
    np.testing.assert_array_equal(other.pixels, image.pixels)
    np.testing.assert_array_equal(other.aovs["samples"], image.aovs["samples"])


def test_callbacks_see_the_picture_grow(image):
    tiles, passes = [], []
    other = rw.render(SCENE, spp=50, on_tile=tiles.append, on_pass=passes.append, **SIZE)
    assert [p.spp for p in passes] == [1, 2, 4, 8, 16, 32, 50]
    assert [p.image.spp for p in passes] == [p.spp for p in passes]
    canvas = np.zeros_like(image.pixels)
    for tile in tiles:
        canvas[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = tile.pixels
    np.testing.assert_array_equal(canvas, image.pixels)
    np.testing.assert_array_equal(other.pixels, image.pixels)


@pytest.mark.parametrize("spp", [1, 15, 16])
def test_few_samples_are_dealt_out_alike(spp):
    plain = rw.render(SCENE, spp=spp, **{**SIZE, "adaptive": False, "sampler": "halves"})
    np.testing.assert_array_equal(rw.render(SCENE, spp=spp, **SIZE).pixels, plain.pixels)


def test_stopping_and_going_on_changes_nothing():
    settings = RenderSettings(spp=400, threads=2, **SIZE)
    session = Session(SCENE, settings)
    session.start()
    for _ in range(4):
        time.sleep(0.15)
        session.stop()
        session.start()
    assert session.wait(300)
    progress, found = session.progress(), session.image()
    session.close()
    assert progress.samples == progress.goal == found.state.film.spp.sum()
    np.testing.assert_array_equal(found.pixels, rw.render(SCENE, spp=400, **SIZE).pixels)


def test_it_cannot_be_gone_on_with(image):
    with pytest.raises(rw.PictureError, match="adaptive can't be gone on with"):
        rw.render(SCENE, spp=100, resume=image, **SIZE)
    with pytest.raises(rw.PictureError, match="adaptive can't be gone on with"):
        rw.render(SCENE, spp=100, resume=image, **{**SIZE, "adaptive": False})
    session = Session(SCENE, RenderSettings(spp=20, **SIZE))
    with pytest.raises(rw.SettingsError, match="adaptive: can't be gone on with"):
        session.extend(10)
    session.close()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"adaptive": 1}, "adaptive: expected True or False"),
        ({"integrator": "bdpt"}, "adaptive: 'bdpt' brings light"),
        ({"noise": 0.1}, "adaptive: can't be ended by noise"),
        ({"tile_size": 20}, "adaptive: tile_size must be a multiple of 8, got 20"),
    ],
)
def test_what_does_not_go_together(wrong, message):
    with pytest.raises(rw.SettingsError, match=message):
        RenderSettings(**{"adaptive": True, **wrong})


def test_pilots():
    assert [pilot_samples(n) for n in (1, 15, 64, 128, 255, 256, 1000)] == [
        *(1, 15, 16, 16, 16, 32, 64)
    ]


sides = st.integers(1, 33)


@given(st.integers(0, 2**32), sides, sides, st.sampled_from([0.0, 1e-3, 1.0]))
def test_the_samples_of_a_cell_have_no_say_in_its_share(seed, width, height, likely):
    random = np.random.default_rng(seed)
    sums = 16.0 * random.exponential(size=(height, width, 3))
    sums *= random.random(sums.shape) < likely
    swings = (sums * random.uniform(-1, 1, sums.shape)).astype(np.float32)
    shares = plan_shares(sums, swings, 16)
    assert shares.min() >= 0.25
    assert shares.max() <= 6.0
    rows, columns = np.indices((height, width)) // 4
    colour = (rows + columns) % 2
    for own in (0, 1):
        changed, changed_swings = sums.copy(), swings.copy()
        changed[colour == own] = 7.0 * random.random((np.sum(colour == own), 3))
        changed_swings[colour == own] = 3.0 * random.random((np.sum(colour == own), 3))
        cells = np.indices(shares.shape).sum(axis=0) % 2 == own
        again = plan_shares(changed, changed_swings, 16)
        np.testing.assert_array_equal(again[cells], shares[cells])

    taken = np.zeros((height, width), int)
    for first, end in ((16, 40), (40, 41), (41, 100)):
        for cell in refinements(Tile(3, 8, 16, width, height), shares, 16, first, end):
            assert cell.first <= cell.end
            assert (cell.tile.x, cell.tile.y) == (8 + cell.columns.start, 16 + cell.rows.start)
            part = taken[cell.rows, cell.columns]
            assert part.shape == (cell.tile.height, cell.tile.width)
            part += cell.end - cell.first
    assert 82.9 < taken.mean() <= 84
