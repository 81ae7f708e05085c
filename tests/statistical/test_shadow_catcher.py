"""What a catcher lacks is what a matte ground lacks, whatever stands on it and lights it."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.errors import SceneError, SettingsError
from tests.statistical.significance import (
    LEVEL,
    PictureStatistics,
    check_means,
    corrected,
    exactly,
    picture_statistics,
)

SIZE = {"width": 24, "height": 24}
# From afar, so that a pixel of the ground is lit alike all over.
CAMERA = rw.PerspectiveCamera(look_from=(0, 27, 12), look_at=(0, 0, 0), vfov=5.8)
BALL = rw.Sphere((0, 0.6, 0), 0.4, material=rw.Diffuse(0.6), name="ball")
PANORAMA = np.full((16, 32, 3), 0.2, np.float32)
PANORAMA[3, 9] = 60.0
LIGHTS = {
    "point": ([], [rw.PointLight((3, 8, 2), 300)]),
    "area": (
        [rw.Quad((3.0, 3.0, 1.0), (-2, 0, 0), (0, 0, -2), material=rw.Emissive(9), visible=False)],
        [],
    ),
    "constant": ([], [rw.ConstantEnvironment(0.7)]),
    "image": ([], [rw.ImageEnvironment(PANORAMA)]),
    # The lamp is small and far away: its own shadows would count as those of the ball.
    "all": (
        [rw.Sphere((-8, 9, 2), 0.3, material=rw.Emissive(700), visible=False)],
        [
            rw.PointLight((3, 8, 2), 200),
            rw.DirectionalLight((-1, -2, 0.5), 2),
            rw.GradientEnvironment(top=1.5, bottom=0.3),
        ],
    ),
}


def ground(material):
    return rw.Quad((-9, 0, 9), (18, 0, 0), (0, 0, -18), material=material, name="ground")


def lit(light, things, material, **others):
    lamps, emitters = LIGHTS[light]
    shapes = [*lamps, *things, ground(material)]
    return rw.Scene(shapes, emitters=emitters, camera=CAMERA, **others)


def shows_only(scene, albedo):
    """Pixels in which, and round which, nothing is seen but what has this colour."""
    channel = rw.render(scene, spp=8, aovs=["albedo"], **SIZE).aovs["albedo"][..., 0]
    alone = channel == np.float32(albedo)
    padded = np.pad(alone, 1, mode="edge")
    around = [padded[1 + y : 25 + y, 1 + x : 25 + x] for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return np.all(around, axis=0)


def on_the_ground(statistics, is_ground):
    mask = is_ground[..., None]
    return PictureStatistics(statistics.mean * mask, statistics.variance * mask, statistics.batches)


@pytest.mark.parametrize("light", list(LIGHTS))
def test_its_share_is_that_of_a_matte_ground(light):
    is_ground = shows_only(lit(light, [BALL], rw.Diffuse(0.5)), 0.5)
    assert 0.5 < is_ground.mean() < 0.99
    direct = {"max_depth": 2, **SIZE}
    bare = picture_statistics(lit(light, [], rw.Diffuse(0.5)), **direct)
    shaded = picture_statistics(lit(light, [BALL], rw.Diffuse(0.5)), seed=1, **direct)
    white = lit(light, [BALL], rw.ShadowCatcher(), background=1.0)
    left = picture_statistics(white, seed=2, **direct)
    assert left.mean[is_ground].min() < 0.9
    expected = PictureStatistics(
        left.mean * bare.mean,
        left.variance * bare.mean**2 + bare.variance * left.mean**2,
        left.batches,
    )
    a, b = on_the_ground(shaded, is_ground), on_the_ground(expected, is_ground)
    # The light of a lamp nearby differs by some thousandths within a pixel at a shadow's edge.
    assert check_means(a, b, rounding=1e-3) > corrected(LEVEL, len(LIGHTS))


@pytest.mark.parametrize("integrator", ["path", "volpath", "bdpt"])
def test_a_cut_out_laid_over_a_picture_is_the_render_before_it(integrator):
    wall = np.random.default_rng(1).random((24, 24, 3)).astype(np.float32)
    scene = lit("all", [BALL], rw.ShadowCatcher(0.4))
    settings = {"spp": 4, "integrator": integrator, **SIZE}
    cut = rw.render(scene, alpha=True, **settings)
    assert 0.02 < cut.alpha.mean() < 0.9
    before = rw.render(scene.replace(background=wall), **settings)
    over = cut.over(wall).pixels
    np.testing.assert_allclose(over, before.pixels, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("integrator", ["volpath", "bdpt"])
def test_integrators_agree(integrator):
    scene = lit("area", [BALL], rw.ShadowCatcher(0.4), background=(0.2, 0.5, 0.9))
    path = picture_statistics(scene, max_depth=4, **SIZE)
    other = picture_statistics(scene, max_depth=4, integrator=integrator, seed=1, **SIZE)
    assert check_means(path, other) > corrected(LEVEL, 2)


def test_a_point_without_light_lacks_none():
    scene = rw.Scene([ground(rw.ShadowCatcher()), BALL], camera=CAMERA, background=0.25)
    picture = rw.render(scene.replace(shapes=scene.shapes[:1]), spp=2, **SIZE)
    assert np.all(picture.pixels == 0.25)
    assert np.all(
        rw.render(scene.replace(shapes=scene.shapes[:1]), spp=2, alpha=True, **SIZE).alpha == 0
    )


def test_catchers_throw_no_shadow_on_each_other():
    wall = rw.Quad((-1.5, 0, -1), (3, 0, 0), (0, 3, 0), material=rw.ShadowCatcher())
    scene = lit("point", [wall], rw.ShadowCatcher(), background=1.0)
    assert np.all(rw.render(scene, spp=2, **SIZE).pixels == 1.0)


def test_others_know_it_as_a_matte_ground():
    """Light that it scatters back, and what a mirror shows; a lamp would make sparks in it."""
    mirror = rw.Sphere((0, 0.6, 0), 0.4, material=rw.Metal(0.9), name="ball")
    is_ball = shows_only(lit("constant", [mirror], rw.Diffuse(0.3)), 0.9)
    assert is_ball.sum() >= 4
    caught = picture_statistics(
        lit("constant", [mirror], rw.ShadowCatcher(0.3)), max_depth=5, **SIZE
    )
    matte = picture_statistics(
        lit("constant", [mirror], rw.Diffuse(0.3)), seed=1, max_depth=5, **SIZE
    )
    assert check_means(on_the_ground(caught, is_ball), on_the_ground(matte, is_ball)) > LEVEL


def test_a_coat_shows_things_and_not_the_sky():
    """Seen from straight above: the share of Schlick's term at right angles, of a white ceiling."""
    ceiling = rw.Quad((-9, 9, -9), (18, 0, 0), (0, 0, 18), material=rw.Emissive(2.0), visible=False)
    camera = rw.OrthographicCamera(look_from=(0, 5, 0), look_at=(0, 0, 0), up=(0, 0, -1), height=1)
    scene = rw.Scene(
        [ground(rw.ShadowCatcher(reflection=0.25)), ceiling],
        emitters=[rw.ConstantEnvironment(0.5)],
        camera=camera,
        background=0.0,
    )
    seen = picture_statistics(scene, **SIZE)
    assert check_means(seen, exactly(0.25 * 2.0, seen.mean.shape)) > corrected(LEVEL, 2)
    cut = picture_statistics(scene.replace(background=1.0), **SIZE)
    # The sky lights the ground behind the ceiling's edges, but hardly.
    assert np.all(cut.mean < 0.25 * 2.0 + 0.75 + 0.05)
    empty = scene.replace(shapes=scene.shapes[:1], background=1.0)
    assert np.all(rw.render(empty, spp=4, **SIZE).pixels == 1.0)


def test_what_it_refuses():
    with pytest.raises(SceneError, match="reflection"):
        rw.ShadowCatcher(reflection=2)
    with pytest.raises(SceneError, match="does not shine"):
        ground(rw.ShadowCatcher()).replace(emission=1)
    with pytest.raises(SceneError, match="scatters light"):
        rw.Mix(rw.Diffuse(0.5), rw.ShadowCatcher())
    with pytest.raises(SettingsError, match="ShadowCatcher"):
        rw.render(
            lit("point", [BALL], rw.ShadowCatcher(reflection=0.1)), spp=1, integrator="bdpt", **SIZE
        )
