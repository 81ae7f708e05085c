"""Photons bring what path tracing finds by chance: the same picture in the mean."""

import numpy as np
import pytest
from significance import LEVEL, check_batches, render_batches

import raywidget as rw

pytestmark = pytest.mark.statistical

SMALL = {"width": 6, "height": 5}

METAL = rw.Metal((0.9, 0.7, 0.5), roughness=0.3)
BALL = rw.Sphere((-0.8, 0.7, 0), 0.7, material=METAL)
LAMP = rw.Quad((0.2, 3, -0.8), (1.2, 0, 0), (0, 0, 1.2), emission=(9, 8, 7))
SPHERE = rw.Sphere((1.6, 1.6, -0.6), 0.4, emission=(6, 8, 9))
VIEW = rw.PerspectiveCamera(look_from=(0, 2.2, 5), look_at=(0, 0.3, 0), vfov=30)


FLOOR = rw.Quad((-2.5, 0, 2.5), (5, 0, 0), (0, 0, -5), material=rw.Diffuse((0.7, 0.6, 0.5)))


def scene_of(*shapes, emitters=(), camera=VIEW):
    return rw.Scene([FLOOR, *shapes], emitters=emitters, camera=camera)


def ball_of(material):
    return BALL.replace(material=material)


def picture():
    pixels = np.full((8, 16, 3), 0.1, np.float32)
    pixels[1:4, 5:7] = 6.0
    return rw.ImageEnvironment(pixels)


def both(scene, per_batch=256, batches=24, **settings):
    settings = {"max_depth": 6, **settings, **SMALL}
    without = render_batches(scene, batches, per_batch, seed=21, **settings)
    with_photons = render_batches(scene, batches, per_batch, seed=22, caustics=True, **settings)
    return without, with_photons


MIX = rw.Mix(METAL, rw.Diffuse((0.2, 0.4, 0.6)), 0.4)
PLATE = rw.Quad(
    (-1.6, 1.2, 0.6), (1.6, 0, 0), (0, 0.4, -1.2), material=rw.Dielectric(1.5, thin=True)
)
SCENES = {
    "polished": scene_of(ball_of(rw.Metal(0.9, roughness=0.15)), LAMP),
    "dull, beside a ball of light": scene_of(ball_of(rw.Metal(0.9, roughness=0.6)), LAMP, SPHERE),
    "mirror": scene_of(ball_of(rw.Conductor("gold")), LAMP.replace(emission=4)),
    "glass": scene_of(ball_of(rw.Dielectric(1.5)), LAMP),
    "frosted glass": scene_of(ball_of(rw.Dielectric(1.5, roughness=0.4)), LAMP, SPHERE),
    "mixture, lacquer, plate": scene_of(
        ball_of(MIX),
        BALL.replace(center=(0.8, 0.5, 0.6), radius=0.5, material=rw.Coated(METAL)),
        PLATE,
        LAMP,
    ),
    "chain of two": scene_of(
        BALL, BALL.replace(center=(0.6, 0.6, 0.2), radius=0.6, material=rw.Dielectric(1.5)), LAMP
    ),
    "image": scene_of(BALL, emitters=[picture()]),
    "points": scene_of(
        BALL,
        emitters=[
            rw.PointLight((1, 2.5, 1), 6),
            rw.SpotLight((-1, 3, 1), (-0.8, 0.7, 0), intensity=9, cone_angle=30),
            rw.DirectionalLight((-0.4, -1, -0.2), 1.0),
        ],
    ),
    "lens": scene_of(BALL, LAMP, camera=VIEW.replace(aperture_radius=0.1, focus_distance=5)),
}


@pytest.mark.parametrize("name", SCENES)
def test_the_picture_is_the_same_in_the_mean(name):
    assert check_batches(*both(SCENES[name])) > LEVEL


def test_the_test_notices_light_that_is_counted_twice():
    without, with_photons = both(SCENES["polished"])
    assert check_batches(without, with_photons * 1.05) < LEVEL


@pytest.mark.parametrize(
    "change",
    [{"next_event": False}, {"roulette": False}, {"max_depth": 3}, {"filter": "gaussian"}],
    ids=lambda change: next(iter(change)),
)
def test_settings_mean_the_same(change):
    assert check_batches(*both(SCENES["polished"], **change)) > LEVEL


@pytest.mark.parametrize(
    "emitter",
    [
        rw.PointLight((1, 2.5, 1), 6),
        rw.SpotLight((1, 3, 1), (-0.8, 0.7, 0), intensity=9, cone_angle=40),
        rw.DirectionalLight((-0.4, -1, -0.2), 1.0),
    ],
    ids=lambda item: type(item).__name__,
)
def test_light_that_paths_cannot_find_is_that_of_bdpt(emitter):
    # A perfect mirror shows no point: without photons its light is missing on the floor.
    scene = scene_of(ball_of(rw.Metal(0.9)), emitters=[emitter])
    settings = {"max_depth": 4, **SMALL}
    bdpt = render_batches(scene, 32, 256, seed=3, integrator="bdpt", **settings)
    photons = render_batches(scene, 32, 512, seed=4, caustics=True, **settings)
    assert check_batches(bdpt, photons) > LEVEL
    path = render_batches(scene, 32, 64, seed=5, **settings)
    assert check_batches(bdpt, path) < LEVEL


def test_caustics_have_less_noise():
    small = rw.Quad((0.7, 3, -0.3), (0.2, 0, 0), (0, 0, 0.2), emission=200)
    without, with_photons = both(scene_of(ball_of(rw.Dielectric(1.5)), small), per_batch=64)
    noisy = with_photons.std(axis=0) > 0.001
    gain = without.var(axis=0)[noisy] / with_photons.var(axis=0)[noisy]
    assert np.quantile(gain, 0.9) > 4.0


def test_a_bound_takes_light_away_from_what_exceeds_it_only():
    scene = SCENES["polished"]
    settings = {**SMALL, "max_depth": 6}
    free = render_batches(scene, 16, 64, seed=7, **settings)
    wide = render_batches(scene, 16, 64, seed=7, clamp_indirect=1e9, **settings)
    np.testing.assert_allclose(wide, free, rtol=1e-5)
    narrow = render_batches(scene, 16, 64, seed=7, clamp_indirect=0.05, **settings)
    assert (narrow <= free + 1e-6).all()
    assert narrow.mean() < 0.99 * free.mean()
    direct = {**settings, "max_depth": 2}
    np.testing.assert_allclose(
        render_batches(scene, 4, 16, seed=7, **direct),
        render_batches(scene, 4, 16, seed=7, clamp_indirect=0.05, **direct),
        rtol=1e-5,
    )


@pytest.mark.parametrize(
    "how", [{"integrator": "bdpt"}, {"integrator": "volpath"}, {"caustics": True}]
)
def test_a_bound_holds_wherever_light_is_found(how):
    scene = SCENES["polished"]
    settings = {**SMALL, "max_depth": 6, **how}
    free = render_batches(scene, 4, 64, seed=8, **settings)
    narrow = render_batches(scene, 4, 64, seed=8, clamp_indirect=0.05, **settings)
    assert (narrow <= free + 1e-6).all()
    assert narrow.mean() < 0.99 * free.mean()


def test_what_moves_throws_its_caustics_at_all_times():
    def scene_at(time):
        ball = BALL.replace(center=(-0.8 + 1.2 * time, 0.7, 0))
        return scene_of(*([ball] if time > 0.2 else []), LAMP)  # at first there is nothing polished

    def pictures(**settings):
        moving = rw.Moving(scene_at, (0, 1))
        settings = {**SMALL, "spp": 48, "max_depth": 4, "sampler": "independent", **settings}
        return np.array([rw.render(moving, seed=k, **settings).pixels for k in range(24)], float)

    with_photons = pictures(caustics=True)
    assert check_batches(pictures(), with_photons) > LEVEL
    assert check_batches(pictures(max_depth=2), with_photons) < LEVEL
