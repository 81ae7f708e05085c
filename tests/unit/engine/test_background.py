"""A background is what the camera sees where nothing is, and lights nothing."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.preview.sketch import Sketch

BACKGROUND = (0.25, 0.5, 2.0)
CAMERA = rw.PerspectiveCamera(look_from=(0, 1, 8), look_at=(0, 0, 0), vfov=40)
SIZE = {"width": 32, "height": 24, "spp": 4, "max_depth": 5, "threads": 1}
CLEAR = rw.Diffuse(0.5, opacity=0.0)


def scene(**parameters):
    shapes = [
        rw.Sphere((-1, 0, 0), 1, material=rw.Metal(0.9)),
        rw.Sphere((1.2, 0, 0), 1, material=rw.Diffuse((0.2, 0.6, 0.3))),
    ]
    sky = rw.GradientEnvironment(top=(0.3, 0.5, 1.0), bottom=(0.9, 0.8, 0.7))
    return rw.Scene(shapes, emitters=[sky], camera=CAMERA, **parameters)


@pytest.mark.parametrize("integrator", ["path", "bdpt", "volpath"])
def test_only_what_is_seen_directly_changes(integrator):
    settings = {**SIZE, "integrator": integrator}
    plain = rw.render(scene(), **settings)
    over = rw.render(scene(background=BACKGROUND), **settings)
    # Pixels that all samples miss show the background; those that all hit, the same bits as before.
    same = (over.pixels == plain.pixels).all(axis=2)
    background = np.isclose(over.pixels, BACKGROUND, rtol=1e-6).all(axis=2)
    assert same.sum() > 80
    assert background.sum() > 300
    assert (same | background).mean() > 0.85  # the others are edges
    assert background[0].all()
    assert same[SIZE["height"] // 2, 10]


def test_it_is_seen_through_what_is_not_there():
    veil = rw.Quad((-9, -9, 3), (18, 0, 0), (0, 18, 0), material=CLEAR)
    image = rw.render(
        rw.Scene([veil], camera=CAMERA, emitters=[rw.ConstantEnvironment(1)], background="tomato"),
        **SIZE,
    )
    expected = np.broadcast_to(rw.Diffuse("tomato").color, image.pixels.shape)
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-6)


def test_another_background_is_another_picture():
    widget_scene = scene(background="black")
    first = rw.render(widget_scene, **SIZE)
    second = rw.render(widget_scene.replace(background="white"), **SIZE)
    assert first.pixels[0].max() == 0.0
    assert second.pixels[0].min() == 1.0


def test_sketches_show_it():
    sketch = Sketch(scene(background=(0.25, 0.5, 1.0)))
    assert not sketch.is_of(scene())
    picture = sketch.draw(CAMERA, 32, 24, lambda: False)
    np.testing.assert_allclose(picture[0], np.broadcast_to((0.25, 0.5, 1.0), (32, 3)), atol=1e-6)


def test_a_sky_may_lie_on_its_side():
    """Turned with everything in it, the picture is the same but for rounding."""
    sky = {"top": (0.1, 0.4, 1.0), "bottom": (1.0, 0.7, 0.1)}
    ball = rw.Sphere((0, 0, 0), 1, material=rw.Diffuse(0.7))
    upright = rw.Scene([ball], emitters=[rw.GradientEnvironment(**sky)], camera=CAMERA)
    lying = rw.Scene(
        [ball],
        emitters=[rw.GradientEnvironment(**sky, up=(0, 0, 5))],
        camera=CAMERA.replace(look_from=(0, -8, 1), up=(0, 0, 1)),
    )
    a, b = (rw.render(s, **SIZE).pixels for s in (upright, lying))
    assert np.median(np.abs(a - b)) < 1e-5
    tilted = rw.render(
        upright.replace(emitters=[rw.GradientEnvironment(**sky, up=(1, 0, 0))]), **SIZE
    )
    assert tilted.pixels[12, -1, 2] > tilted.pixels[12, 0, 2] + 0.1
    with pytest.raises(rw.SceneError, match="up must be a vector that is not zero"):
        rw.GradientEnvironment(**sky, up=(0, 0, 0))
