"""Photons for caustics: where they may be asked for, and what else they touch."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.compiler.lights.casters import MOST_BALLS, find_casters
from raywidget.engine.renderer import Renderer
from raywidget.engine.settings import RenderSettings

SIZE = {"width": 16, "height": 12, "spp": 4}
LAMP = rw.Quad((-1, 3, -1), (2, 0, 0), (0, 0, 2), emission=8)
FLOOR = rw.Quad((-2, 0, 2), (4, 0, 0), (0, 0, -4), material=rw.Diffuse(0.6))
BALL = rw.Sphere((0, 0.7, 0), 0.7, material=rw.Metal(0.9, roughness=0.2))
VIEW = rw.PerspectiveCamera(look_from=(0, 2, 5), look_at=(0, 0.4, 0))
SCENE = rw.Scene([FLOOR, BALL, LAMP], camera=VIEW)


@pytest.mark.parametrize(
    "others",
    [{"integrator": "bdpt"}, {"integrator": "volpath"}, {"integrator": "ao"}, {"adaptive": True}],
    ids=str,
)
def test_what_does_not_go_with_photons_is_told(others):
    with pytest.raises(rw.SettingsError, match=r"^caustics: "):
        RenderSettings(caustics=True, **others)


def test_cameras_that_photons_do_not_know_are_told():
    scene = SCENE.replace(camera=rw.PanoramicCamera(look_from=(0, 1, 3), look_at=(0, 0, 0)))
    with pytest.raises(rw.SettingsError, match="caustics: photons know no camera but Perspective"):
        rw.render(scene, caustics=True, **SIZE)


def test_where_nothing_gathers_light_the_picture_is_the_same():
    scene = SCENE.replace(shapes=[FLOOR, LAMP, BALL.replace(material=rw.Diffuse(0.5))])
    a, b = rw.render(scene, **SIZE), rw.render(scene, caustics=True, **SIZE)
    assert np.array_equal(a.pixels, b.pixels)


def test_a_region_is_that_part_of_the_whole_and_threads_change_nothing():
    whole = rw.render(SCENE, caustics=True, threads=1, **SIZE)
    part = rw.render(SCENE, caustics=True, region=(3, 5, 9, 6), tile_size=8, threads=2, **SIZE)
    assert np.array_equal(part.pixels, whole.pixels[5:11, 3:12])
    assert not np.array_equal(whole.pixels, rw.render(SCENE, **SIZE).pixels)


def balls_of(scene):
    renderer = Renderer(scene, RenderSettings(**SIZE))
    return find_casters(scene, renderer.tables, renderer.placement)


def test_photons_are_sent_to_all_that_gathers_light():
    glass = rw.Box((1, 0.25, -1), (0.5, 0.5, 0.5), material=rw.Dielectric(1.5))
    found = balls_of(SCENE.replace(shapes=[*SCENE.shapes, glass]))
    assert len(found.balls) == 2
    assert np.allclose(found.balls[0], (0, 0.7, 0, 0.7), rtol=1e-3)
    assert found.balls[1, 3] >= np.sqrt(3) * 0.25
    assert found.probabilities.sum() == pytest.approx(found.share)
    assert balls_of(SCENE.replace(shapes=[FLOOR, LAMP])) is None
    assert balls_of(SCENE.replace(shapes=[FLOOR, BALL])) is None


def test_many_things_are_gathered_in_few_balls():
    centers = np.random.default_rng(3).uniform(-5, 5, (300, 3))
    many = rw.Spheres(centers, 0.1, material=rw.Dielectric(1.5))
    found = balls_of(SCENE.replace(shapes=[many, LAMP])).balls.astype(float)
    assert len(found) == MOST_BALLS
    distances = np.linalg.norm(centers[:, None] - found[None, :, :3], axis=2) + 0.1
    assert (distances <= found[None, :, 3]).any(axis=1).all()


def test_what_has_been_clamped_is_told_by_the_picture():
    image = rw.render(SCENE, clamp_indirect=4.0, caustics=True, **SIZE)
    assert (image.settings.clamp_indirect, image.settings.caustics) == (4.0, True)
