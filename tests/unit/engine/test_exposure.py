"""Pictures with an open shutter: which time a sample sees, and that nothing else decides."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.exposure import share_of_sample
from raywidget.engine.session.session import Session
from raywidget.errors import RenderError, SceneError, SettingsError

pytestmark = pytest.mark.usefixtures("no_workers_left")

SMALL = {"width": 24, "height": 16}
ROOM = rw.presets.preset("simple-sphere")


def turned(time):
    return ROOM.replace(camera=ROOM.camera.replace(look_from=(3 * time, 1, 4)))


def rolled(time):
    ball = rw.Sphere((time, 0.5, 0), 0.5, material=rw.Diffuse((0.8, 0.3, 0.1)), name="roller")
    lamp = rw.Quad((-1, 3, -1), (2, 0, 0), (0, 0, 2), emission=4 + 4 * time)
    return ROOM.replace(shapes=[*ROOM.shapes, ball, lamp])


@pytest.mark.parametrize("half", [0, 1])
def test_times_are_spread_evenly_within_all_powers_of_two(half):
    for count in (2, 16, 128):
        for first in (0, count, 6 * count):
            numbers = range(2 * first + half, 2 * (first + count) + half, 2)
            strata = [int(count * share_of_sample(3, number)) for number in numbers]
            assert sorted(strata) == list(range(count))


def test_times_are_of_their_seed():
    times = {share_of_sample(seed, sample) for seed in range(50) for sample in range(20)}
    assert len(times) == 1000
    assert all(0 <= time < 1 for time in times)
    assert share_of_sample(5, 9) == share_of_sample(5, 9)
    shares = np.array([share_of_sample(seed, 6) for seed in range(2000)])
    counts = np.histogram(shares, 10, (0, 1))[0]
    assert counts.min() > 140  # of 200, which is 4.5 standard deviations
    assert counts.max() < 260
    pairs = np.array([[share_of_sample(seed, k) for k in (0, 1)] for seed in range(2000)])
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.1  # halves know nothing of each other


@pytest.mark.parametrize("scene_at", [turned, rolled], ids=["camera", "things"])
def test_nothing_but_scene_and_settings_decides(scene_at):
    moving = rw.Moving(scene_at, (0, 0.4))
    whole = rw.render(moving, spp=12, threads=1, **SMALL)
    for how in (
        {"threads": 2, "tile_size": 8},
        {"threads": 2, "passes": 12},
        {"passes": 1, "tile_size": 64},
    ):
        np.testing.assert_array_equal(
            rw.render(moving, spp=12, **how, **SMALL).pixels, whole.pixels
        )
    half = rw.render(moving, spp=5, **SMALL)
    rest = rw.render(moving, spp=12, resume=half, passes=2, **SMALL)
    np.testing.assert_array_equal(rest.pixels, whole.pixels)
    region = rw.render(moving, spp=12, region=(5, 3, 11, 9), **SMALL)
    np.testing.assert_array_equal(region.pixels, whole.pixels[3:12, 5:16])
    with ThreadPoolExecutor(2) as pool:
        elsewhere = rw.render(moving, spp=12, executor=pool, tile_size=8, **SMALL)
    np.testing.assert_array_equal(elsewhere.pixels, whole.pixels)
    other = rw.render(moving, spp=12, seed=1, **SMALL)
    assert not np.array_equal(other.pixels, whole.pixels)


def test_it_is_the_mean_of_its_times():
    """Sample by sample: each is that of a still scene, with the same random numbers."""
    moving = rw.Moving(rolled, (0.2, 0.8))
    total = np.zeros((16, 24, 3))
    for sample in range(4):
        scene = moving.at_share(share_of_sample(0, sample))
        before = 0.0
        if sample:
            before = rw.render(scene, spp=sample, **SMALL).pixels.astype(float) * sample
        total += (
            rw.render(scene, spp=sample + 1, **SMALL).pixels.astype(float) * (sample + 1) - before
        )
    image = rw.render(moving, spp=4, **SMALL)
    np.testing.assert_allclose(image.pixels, total / 4, atol=1e-5)


def test_what_rests_is_as_without_a_shutter():
    still = rw.render(rolled(0.3), spp=6, **SMALL)
    for moving in (
        rw.Moving(lambda time: rolled(0.3)),  # made anew each time
        rw.Moving(rolled, (0.3, 0.3)),
    ):
        np.testing.assert_array_equal(rw.render(moving, spp=6, **SMALL).pixels, still.pixels)


@pytest.mark.parametrize("integrator", ["bdpt", "volpath", "direct", "ao", "normals", "depth"])
def test_every_integrator_sees_it(integrator):
    how = {"spp": 4, "integrator": integrator, "ao_distance": 3.0, **SMALL}
    moving = rw.Moving(rolled, (0, 1))
    image = rw.render(moving, threads=2, **how)
    again = rw.render(moving, threads=1, tile_size=8, **how)
    np.testing.assert_array_equal(image.pixels, again.pixels)
    assert not np.array_equal(image.pixels, rw.render(moving.still, **how).pixels)


def test_alpha_and_outputs_beside_light():
    """A square that leaves half of a picture: means over time, but numbers of the middle."""

    def scene_at(time):
        grey = rw.Diffuse(0.5)
        square = rw.Quad((-1 + 2 * time, -1, 0), (2, 0, 0), (0, 2, 0), material=grey, emission=1)
        camera = rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), height=2)
        return rw.Scene([square], camera=camera)

    names = ("albedo", "depth", "position", "object_id", "denoise_albedo")
    how = {"width": 16, "height": 16, "alpha": True, "aovs": names}
    image = rw.render(rw.Moving(scene_at), spp=64, **how)
    covered = (np.arange(16) + 0.5) / 16  # at x, the share of time until the edge goes by
    np.testing.assert_allclose(image.alpha.mean(axis=0), covered, atol=0.05)
    np.testing.assert_allclose(image.aovs["albedo"].mean(axis=(0, 2)), covered, atol=0.05)
    assert (np.abs(image.aovs["denoise_albedo"].mean(axis=(0, 2)) - covered) < 0.08).all()
    np.testing.assert_array_equal(image.aovs["object_id"][8], [-1] * 8 + [0] * 8)
    hit = image.aovs["depth"] < np.inf
    np.testing.assert_allclose(image.aovs["depth"][hit], 5, atol=1e-5)
    place = image.aovs["position"][:, 8:, 0].mean(axis=0)
    np.testing.assert_allclose(place, (np.arange(8) + 0.5) / 8, atol=0.03)


def test_far_from_the_origin():
    """Tables of each time have an origin of their own, outputs are of the scene."""

    def scene_at(time):
        far = (1e6 + 40 * time, 0, 0)
        camera = rw.OrthographicCamera(look_from=(1e6 + 40 * time, 0, 5), look_at=far, height=2)
        return rw.Scene([rw.Sphere(far, 0.7, emission=1)], camera=camera)

    how = {"width": 8, "height": 8, "aovs": ("position", "depth"), "spp": 8}
    image = rw.render(rw.Moving(scene_at), **how)
    x = image.aovs["position"][4, 4, 0]
    expected = 1e6 + 40 * np.mean([share_of_sample(0, k) for k in range(8)])
    assert abs(x - expected) < 0.5
    np.testing.assert_allclose(image.aovs["depth"][4, 4], 4.3, atol=0.1)


def test_scenes_are_asked_for_one_by_one_and_once_each():
    times, inside = [], []

    def scene_at(time):
        inside.append(time)
        assert len(inside) == 1  # never two threads
        times.append(time)
        scene = turned(time)
        inside.pop()
        return scene

    moving = rw.Moving(scene_at, (0, 1))
    times.clear()
    rw.render(moving, spp=16, threads=3, tile_size=8, **SMALL)
    assert sorted(times) == sorted(share_of_sample(0, sample) for sample in range(16))


def test_only_what_moves_is_compiled_again():
    session = Session(rw.Moving(turned), rw.RenderSettings(spp=2, width=8, height=8))
    session.start()
    session.wait()
    renderer = session.run().renderer
    assert renderer.at(0).tables.nodes is renderer.tables.nodes
    assert renderer.at(0) is renderer.at(0)
    session.restart(scene=turned(0))
    session.wait()
    still = session.run().renderer
    assert still.at(5) is still
    session.close()


def test_what_goes_wrong_is_told():
    with pytest.raises(SettingsError, match=r"adaptive: .* no scene that moves"):
        rw.render(rw.Moving(turned), adaptive=True, **SMALL)
    with pytest.raises(RenderError, match="ZeroDivisionError"):
        rw.render(rw.Moving(lambda time: turned(1 / (time > 0.4))), spp=8, threads=2, **SMALL)
    with pytest.raises(SceneError, match=r"scene_at\(0\.\d+\) must return a Scene, got None"):
        rw.render(rw.Moving(lambda time: turned(0) if time == 0.5 else None), spp=2, **SMALL)

    def other_camera(time):
        camera = rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), height=2)
        return turned(0) if time == 0.5 else ROOM.replace(camera=camera)

    with pytest.raises(SettingsError, match="'bdpt' knows no camera but"):
        rw.render(rw.Moving(other_camera), spp=2, integrator="bdpt", **SMALL)


def test_more_of_a_tile_is_told_within_a_pass():
    parts, tiles = [], []

    def part():
        parts.append(min(session.current().film.read_spp(t) for t in session.current().film.tiles))

    settings = rw.RenderSettings(width=32, height=16, tile_size=16, spp=8, passes=1, threads=1)
    session = Session(rw.Moving(turned, (0.0, 1.0)), settings, on_tile=tiles.append, on_part=part)
    session.start()
    session.wait()
    session.close()
    assert len(tiles) == 2
    assert len(parts) == 14  # seven samples of two tiles, before the last one
    assert sorted(set(parts)) == list(range(8))
