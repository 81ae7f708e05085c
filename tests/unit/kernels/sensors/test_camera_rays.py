"""Rays of each kind of camera, and what they show."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_drivers import camera_rays
from scipy import stats

import raywidget as rw

VIEW = {"look_from": (3, 1, 5), "look_at": (0.5, 0, -1), "up": (0.1, 1, 0.2)}
SIZES = st.tuples(st.integers(1, 2000), st.integers(1, 2000))


def points(seed, count=200):
    numbers = np.random.default_rng(seed).random((count, 4))
    numbers[:, :2] = 2 * numbers[:, :2] - 1
    return numbers


@given(st.integers(0, 2**32 - 1), SIZES, st.floats(1e-3, 1e3))
def test_orthographic_rays_are_parallel_and_start_on_a_plane(seed, size, height):
    width, rows = size
    camera = rw.OrthographicCamera(**VIEW, height=height)
    p = points(seed)
    origins, d = camera_rays(camera, width, rows, p)
    right, up, forward = camera.frame()
    np.testing.assert_allclose(d, np.broadcast_to(forward, d.shape), atol=1e-6)
    x, y = p[:, 0] * height / 2 * width / rows, p[:, 1] * height / 2
    expected = np.array(camera.look_from) + x[:, None] * right + y[:, None] * up
    np.testing.assert_allclose(origins, expected, rtol=1e-5, atol=1e-5 * (1 + np.abs(x).max()))


@given(st.integers(0, 2**32 - 1), SIZES)
def test_panoramic_rays_go_by_longitude_and_latitude(seed, size):
    camera = rw.PanoramicCamera(**VIEW)
    p = points(seed)
    p[:5, :2] = [(0, 0), (0, 1), (0, -1), (1, 0), (0.5, 0)]
    origins, d = camera_rays(camera, *size, p)
    right, up, forward = camera.frame()
    np.testing.assert_allclose(origins, np.broadcast_to(camera.look_from, d.shape), rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(d, axis=1), 1, atol=1e-6)
    for found, expected in zip(d[:5], (forward, up, -up, -forward, right), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(np.arcsin(np.clip(d @ up, -1, 1)), p[:, 1] * np.pi / 2, atol=1e-3)
    turned = np.arctan2(d @ right, d @ forward) - p[:, 0] * np.pi
    turned = (turned + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(turned * np.cos(p[:, 1] * np.pi / 2)).max() < 1e-5


def test_an_orthographic_picture_shows_true_sizes():
    # A ball covers pi r^2 of the picture, and the same wherever it is.
    size = {"width": 48, "height": 32, "spp": 16, "max_depth": 1}
    for z in (0.0, -40.0):
        ball = rw.Sphere((0.2, -0.1, z), 0.8, material=rw.Emissive(1))
        camera = rw.OrthographicCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), height=3)
        scene = rw.Scene([ball], camera=camera)
        shares = [rw.render(scene, seed=k, **size).pixels[..., 0].mean() for k in range(32)]
        areas = np.array(shares, float) * 3 * 4.5
        assert areas.std() < 2e-3 * areas.mean()  # else the next line would tell nothing
        assert stats.ttest_1samp(areas, np.pi * 0.64).pvalue > 0.005


def test_what_lies_behind_an_orthographic_camera_is_not_seen():
    ball = rw.Sphere((0, 0, 20), 1, material=rw.Emissive(1))
    camera = rw.OrthographicCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), height=3)
    assert not rw.render(rw.Scene([ball], camera=camera), width=8, height=8, spp=1).pixels.any()


def test_a_panorama_has_right_to_the_right_and_up_on_top():
    lamps = [
        rw.Sphere((0, 0, -5), 0.5, material=rw.Emissive((1, 0, 0))),  # ahead
        rw.Sphere((5, 0, 0), 0.5, material=rw.Emissive((0, 1, 0))),  # to the right
        rw.Sphere((0, 5, 0), 0.5, material=rw.Emissive((0, 0, 1))),  # above
    ]
    camera = rw.PanoramicCamera(look_from=(0, 0, 0), look_at=(0, 0, -1))
    pixels = rw.render(rw.Scene(lamps, camera=camera), width=64, height=32, spp=1600).pixels
    rows, columns = (np.arange(n) + 0.5 for n in (32, 64))
    red, green, blue = np.moveaxis(pixels, -1, 0).astype(float)
    for channel, x in ((red, 32), (green, 48)):
        assert (channel.sum(axis=0) @ columns) / channel.sum() == pytest.approx(x, abs=0.1)
        assert (channel.sum(axis=1) @ rows) / channel.sum() == pytest.approx(16, abs=0.1)
    assert blue[0].min() == 1.0
    assert not blue[2:].any()
    # Solid angles: pixels weigh by the cosine of their latitude. A ball of radius r at distance d
    # has 2 pi (1 - sqrt(1 - r^2 / d^2)).
    cosine = np.sin((rows / 32) * np.pi) * np.sin(np.pi / 64) * 2
    solid_angle = (red * cosine[:, None]).sum() * 2 * np.pi / 64
    assert solid_angle == pytest.approx(2 * np.pi * (1 - np.sqrt(0.99)), rel=5e-3)


@pytest.mark.parametrize(("focus", "distance"), [(4.0, 6.0), (4.0, 2.5), (3.0, 3.0)])
def test_the_circle_of_confusion(focus, distance):
    # A point of light at a distance is spread evenly over a disk of this radius in the plane in
    # focus; by similar triangles, seen from the lens.
    lens = 0.2
    radius = lens * abs(distance - focus) / distance
    camera = rw.PerspectiveCamera(
        look_from=(0, 0, 0),
        look_at=(0, 0, -1),
        vfov=np.degrees(2 * np.arctan(0.15 / focus)),  # 0.3 high in focus
        aperture_radius=lens,
        focus_distance=focus,
    )
    size = 0.01  # of the point
    point = rw.Sphere((0, 0, -distance), size, material=rw.Emissive(1))
    scene = rw.Scene([point], camera=camera)
    image = rw.render(scene, width=40, height=40, spp=4000, max_depth=1)
    pixels = image.pixels[..., 0].astype(float)
    where = ((np.arange(40) + 0.5) / 40 - 0.5) * 0.3
    away = np.hypot(where[:, None], where)
    pixel, size = 0.3 / 40, size * focus / distance
    assert not pixels[away > radius + size + pixel].any()
    variance = (pixels.sum(axis=0) @ where**2) / pixels.sum()  # r^2 / 4 for a disk
    expected = radius**2 / 4 + size**2 / 4 + pixel**2 / 12
    assert variance == pytest.approx(expected, rel=0.05)
    # As much light as without a lens: its area by that of the picture.
    assert pixels.mean() == pytest.approx(np.pi * size**2 / 0.09, rel=0.05)
    if focus != distance:
        inside = pixels[away < radius - size - pixel]
        even = pixels.sum() * pixel**2 / (np.pi * radius**2)
        assert inside.mean() == pytest.approx(even, rel=0.05)
