"""The channel "value": what pages and files show are the colours of maps, whatever the light."""

import time

import numpy as np
import pytest
from stream_doubles import Browser

import raywidget as rw
from raywidget.picture.development import develop
from raywidget.scene.values.colors import encode_srgb


@pytest.fixture
def scene():
    heat = rw.ColorMap("inferno", limits=(0, 4))
    dots = rw.Spheres([(-1, 0, 0), (1, 0, 0)], 0.9, values=[1, 3], colormap=heat, name="dots")
    bare = rw.Sphere((0, 1.6, 0), 0.5)
    return rw.Scene(
        [dots, bare],
        emitters=[rw.DirectionalLight((0, -1, -1), 5)],
        camera=rw.OrthographicCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), height=5),
    )


def expected(scene):
    """Bytes that matplotlib's rule gives for the map's own table."""
    colors = scene.shapes[0].colormap.evaluate([1, 3])
    return np.round(255 * encode_srgb(colors)).astype(int)


def test_pictures_of_values(scene):
    image = rw.render(scene, width=50, height=40, spp=2)
    shown = image.to_uint8(channel="value", exposure=3, curve="filmic").astype(int)
    low, high = expected(scene)
    assert np.abs(shown[20, 17] - low).max() <= 1
    assert np.abs(shown[20, 33] - high).max() <= 1
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 4  # two values, none, background
    denoised = image.denoise("nlm")
    np.testing.assert_array_equal(denoised.to_uint8(channel="value"), shown)


def test_what_a_page_is_sent_is_what_is_saved(make_widget, scene):
    widget = make_widget(scene, width=50, height=40, spp=2, channel="value")
    page = Browser(1, time.monotonic())

    def is_shown():
        if page.state != "done" or page.picture is None:
            return False
        return np.array_equal(develop(page.picture.half), widget.image.to_uint8())

    widget.comm.converse(page, until=is_shown)
    assert len(np.unique(widget.image.to_uint8().reshape(-1, 3), axis=0)) == 4
    generation = widget.generation
    widget.update({"dots.colormap.colors": "gray"})
    widget.comm.converse(
        page, until=lambda: page.generation > generation and page.back is None and is_shown()
    )
    widget.channel = "color"
    widget.comm.converse(page, until=is_shown)
    assert len(np.unique(widget.image.to_uint8().reshape(-1, 3), axis=0)) > 20


def test_the_camera_moves_without_light_changing_the_colours(make_widget, scene, monkeypatch):
    widget = make_widget(scene, width=320, height=256, spp=1)
    pictures, before = [], widget._still.coarse_ready

    def keep(picture):
        pictures.append(picture)
        before(picture)

    monkeypatch.setattr(widget._still, "coarse_ready", keep)
    widget.channel = "value"
    session = widget._session
    session.wait(60)
    moved = scene.replace(camera=scene.camera.replace(look_from=(1, 0, 9)))

    def seen(number):
        session.look(moved, client=1, number=number)
        end = time.monotonic() + 60
        while not any(picture.number == number for picture in pictures):
            assert time.monotonic() < end
            time.sleep(0.01)
        pixels = next(picture.pixels for picture in pictures if picture.number == number)
        return np.unique(pixels.reshape(-1, 3), axis=0)

    shown = seen(1)
    assert len(shown) == 4
    for color in scene.shapes[0].colormap.evaluate([1, 3]):
        assert np.abs(shown - color).max(axis=1).min() < 1e-6
    widget.channel = "color"
    assert len(seen(2)) > 20
