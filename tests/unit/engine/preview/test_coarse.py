"""Coarse pictures: a product of their own, beside a render that they never touch."""

import threading
import time

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.preview.coarse import MOST_PIXELS, MOST_SPP, coarse_size
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings

SETTINGS = RenderSettings(width=320, height=240, spp=4, max_depth=4, threads=2)
HANG = 240.0


@pytest.fixture(scope="module")
def scene():
    return rw.presets.cornell()


class Listener:
    """Collects coarse pictures, but no sketches: loading kernels may take long enough for one."""

    def __init__(self):
        self.pictures = []
        self.news = threading.Condition()

    def __call__(self, picture):
        if picture.sketched:
            return
        with self.news:
            self.pictures.append(picture)
            self.news.notify_all()

    def wait_for(self, condition):
        with self.news:
            assert self.news.wait_for(lambda: condition(self.pictures), HANG)


@pytest.fixture
def opened(scene):
    sessions = []

    def open_session(settings=SETTINGS, **listeners):
        sessions.append(Session(scene, settings, **listeners))
        sessions[-1].start()
        return sessions[-1]

    yield open_session
    for session in sessions:
        session.close()


def test_each_generation_begins_with_one_and_the_film_knows_nothing_of_it(scene, opened):
    listener = Listener()
    session = opened(on_coarse=listener)
    assert session.wait(HANG)
    listener.wait_for(lambda pictures: len(pictures) == 1)
    picture = listener.pictures[0]
    assert (picture.generation, picture.width, picture.height) == (1, 320, 240)
    assert picture.pixels.shape[0] * picture.pixels.shape[1] <= MOST_PIXELS
    assert picture.pixels.max() > 0
    plain = rw.render(scene, width=320, height=240, spp=4, max_depth=4)
    np.testing.assert_array_equal(session.image().pixels, plain.pixels)
    session.restart()
    listener.wait_for(lambda pictures: pictures[-1].generation == 2)


def test_without_a_listener_there_is_none(opened, monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr("raywidget.engine.session.workers.make_renderer", refuse)
    assert opened().wait(HANG)


def test_looks_show_cameras_and_leave_the_render_resting(scene, opened):
    listener = Listener()
    session = opened(SETTINGS.replace(spp=100_000), on_coarse=listener)
    listener.wait_for(lambda pictures: pictures)
    cameras = [scene.camera.replace(vfov=vfov) for vfov in (20.0, 25.0, 30.0)]
    for number, camera in enumerate(cameras, 1):
        session.look(scene.replace(camera=camera), client=5, number=number)
    assert session.scene.camera is cameras[-1]
    assert session.current().generation == 1
    listener.wait_for(lambda pictures: pictures[-1].number == 3)
    last = listener.pictures[-1]
    assert (last.client, last.generation) == (5, 4)
    generations = [picture.generation for picture in listener.pictures]
    assert generations == sorted(generations)
    assert len(set(generations)) == len(generations)

    # A call of some milliseconds may still end; then nothing is added any more.
    samples = -1
    deadline = time.monotonic() + HANG
    while samples != (samples := session.progress().samples):
        assert time.monotonic() < deadline
        time.sleep(0.1)

    session.restart(scene=session.scene, settings=SETTINGS)
    assert session.wait(HANG)
    assert session.current().generation == 5
    moved = rw.render(session.scene, width=320, height=240, spp=4, max_depth=4)
    np.testing.assert_array_equal(session.image().pixels, moved.pixels)


def test_a_look_after_the_end_is_shown_too(scene, opened):
    listener = Listener()
    session = opened(on_coarse=listener)
    assert session.wait(HANG)
    before = session.image().pixels
    session.look(scene.replace(camera=scene.camera.replace(vfov=20.0)), client=1, number=9)
    listener.wait_for(lambda pictures: pictures[-1].number == 9)
    assert session.current().state == "done"
    np.testing.assert_array_equal(session.image().pixels, before)


def test_a_coarse_picture_that_fails_ends_the_render_with_its_error(opened, monkeypatch):
    def fail(*_):
        raise RuntimeError("no picture today")

    monkeypatch.setattr("raywidget.engine.session.workers.render_strip", fail)
    session = opened(on_coarse=lambda picture: None)
    with pytest.raises(rw.RenderError, match="no picture today"):
        session.wait(HANG)


@pytest.mark.parametrize(
    "size", [(1, 1), (640, 480), (7, 5), (1920, 1080), (16384, 16), (400, 400), (997, 991)]
)
@pytest.mark.parametrize("samples", [1, 5_000, 20_000, 10**9])
def test_sizes_keep_the_shape_and_their_limits(size, samples):
    width, height = size
    columns, rows, spp = coarse_size(width, height, samples)
    assert 1 <= columns <= width
    assert 1 <= rows <= height
    assert columns * rows <= 1.1 * MOST_PIXELS + columns + rows
    assert 1 <= spp <= MOST_SPP
    side = -(-width // columns)
    assert (columns, rows) == (-(-width // side), -(-height // side))


def test_a_region_is_finished_before_the_rest_and_changes_no_pixel(scene, opened):
    settings = SETTINGS.replace(spp=64, tile_size=32, threads=1)
    updates = []
    session = Session(scene, settings, on_tile=updates.append)
    session.prefer((100, 100, 40, 30))
    session.start()
    assert session.wait(HANG)
    session.close()
    inside = [u for u in updates if u.tile.x in (96, 128) and u.tile.y in (96, 128)]
    last = max(updates.index(u) for u in inside)
    assert last < 4 * 7 + 2  # seven passes over four tiles, and what was taken already
    plain = rw.render(scene, width=320, height=240, spp=64, max_depth=4)
    np.testing.assert_array_equal(session.image().pixels, plain.pixels)


@pytest.mark.parametrize("alpha", [False, True])
def test_colours_of_values_are_shown_without_light_if_they_are_wanted(alpha):
    heat = rw.ColorMap("inferno", limits=(1e9, 1e9 + 4))
    # So far from 0 that kernels count from elsewhere.
    dots = rw.Spheres([(-1, 0, 0), (1, 0, 0)], 0.9, values=[1e9 + 1, 1e9 + 3], colormap=heat)
    scene = rw.Scene(
        [dots, rw.Sphere((0, 1.6, 0), 0.5)],
        emitters=[rw.DirectionalLight((0, -1, -1), 5)],
        camera=rw.OrthographicCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), height=5),
    )
    listener = Listener()
    settings = SETTINGS.replace(alpha=alpha)
    session = Session(scene, settings, on_coarse=listener)
    session.show_unlit(True)
    try:
        session.start()
        session.wait(HANG)
        session.look(scene, client=1, number=5)
        listener.wait_for(lambda pictures: pictures[-1:] and pictures[-1].number == 5)
        pixels = listener.pictures[-1].pixels
        shown = np.unique(pixels.reshape(-1, 3), axis=0)
        colors = heat.evaluate(np.array([1e9 + 1, 1e9 + 3]), (1e9, 1e9 + 4))
        assert len(shown) == 4  # two values, what has none, and the background
        for color in colors:
            assert np.abs(shown - color).max(axis=1).min() < 1e-6
        session.show_unlit(False)
        session.look(scene, client=1, number=6)
        listener.wait_for(lambda pictures: pictures[-1].number == 6)
        assert len(np.unique(listener.pictures[-1].pixels.reshape(-1, 3), axis=0)) > 20
    finally:
        session.close()
