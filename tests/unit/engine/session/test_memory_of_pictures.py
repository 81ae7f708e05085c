"""Bytes a pixel while a picture is rendered: what is added up, and what the caller asked for."""

import tracemalloc

import pytest

import raywidget as rw

WIDTH, HEIGHT = 1280, 800
SUMS, SWINGS, ALPHA = 24, 12, 12
BESIDE = 7  # strips of 2^16 pixels, tiles in work, and some hundred bytes for each of 1000 tiles
SCENE = rw.Scene(
    [rw.Sphere((0, 0, 0), 1), rw.Quad((-2, -1, -3), (4, 0, 0), (0, 2, 0))],
    emitters=[rw.ConstantEnvironment(1)],
    camera=rw.PerspectiveCamera(look_from=(0, 0, 6), look_at=(0, 0, 0), vfov=30),
)


def bytes_a_pixel(**settings):
    """What a picture holds, and the most that there was."""
    settings = {"spp": 1, "max_depth": 2, "threads": 2, **settings}
    rw.render(SCENE, width=16, height=16, **settings)  # compiles, and fills tables
    tracemalloc.start()
    try:
        image = rw.render(SCENE, width=WIDTH, height=HEIGHT, **settings)
        held, most = tracemalloc.get_traced_memory()
        assert image.shape == (HEIGHT, WIDTH, 3)
    finally:
        tracemalloc.stop()
    return held / (WIDTH * HEIGHT), most / (WIDTH * HEIGHT)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, SUMS),
        ({"spp": 2}, SUMS + SWINGS),
        ({"alpha": True}, SUMS + ALPHA),
        ({"aovs": ("depth",)}, SUMS + 16 + 4),
        ({"aovs": ("object_id",)}, SUMS + 8 + 4),
        ({"aovs": ("albedo", "normal")}, SUMS + 2 * (24 + 12)),
    ],
    ids=["one sample", "two", "alpha", "depth", "ids", "colours and normals"],
)
def test_a_large_picture_takes_what_it_is_made_of(settings, expected):
    held, most = bytes_a_pixel(**settings)
    assert held < expected + 2
    assert most < expected + BESIDE
