import math
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.scene.emitters.clear_sky import (
    matching_functions,
    sky_luminance,
    sun_luminous_irradiance,
    sun_spectrum,
    sun_xyz,
)
from raywidget.scene.emitters.sky import WHITE
from raywidget.scene.emitters.sun import RADIUS, sun_position


@pytest.mark.parametrize(
    ("latitude", "longitude", "time", "elevation", "azimuth"),
    [
        # Reda and Andreas 2004 (NREL/TP-560-34302), table A5.1: zenith angle 50.11162, with
        # 0.0163 of refraction, which is left out here.
        (39.742476, -105.1786, "2003-10-17T12:30:30-07:00", 39.8721, 194.34024),
        # Noon at the solstice: 90 - latitude + 23.44, by definition of the obliquity
        (51.4779, 0.0, "2024-06-20T12:01:45+00:00", 61.96, 180.0),
        (0.0, 0.0, "2024-03-20T06:07:20+00:00", 0.0, 89.95),  # due east, 3 h after the equinox
    ],
)
def test_where_the_sun_stands(latitude, longitude, time, elevation, azimuth):
    found = sun_position(latitude, longitude, datetime.fromisoformat(time))
    assert found == pytest.approx((elevation, azimuth), abs=0.03)


def test_the_matching_functions_are_those_of_the_cie():
    # CIE 1931, 2 degrees: 555, 450 and 600 nm
    expected = [(0.5121, 1.0, 0.0057), (0.3362, 0.0380, 1.7721), (1.0622, 0.6310, 0.0008)]
    found = matching_functions(np.array([555.0, 450.0, 600.0])).T
    np.testing.assert_allclose(found, expected, atol=0.03)


# Made by the program that Hosek and Wilkie have published beside their paper (version 1.4a), times
# 683: turbidity, the sun's elevation, angles from straight above and from the sun, albedo; red,
# green and blue.
PUBLISHED_SKIES = [
    ((1.0, 0.5, 90, 10, 0.0), (5268.85, 2813.09, 570.029)),
    ((1.0, 40, 30, 50, 0.2), (1297.01, 2726.63, 5932.47)),
    ((2.5, 12, 80, 70, 0.9), (5654.45, 7813.86, 8630.52)),
    ((3.0, 60, 60, 40, 0.5), (5244.67, 8487.59, 14475.1)),
    ((6.0, 1, 89, 3, 0.3), (13657.5, 4433.17, 893.328)),
    ((7.3, 25, 10, 65, 1.0), (2500.43, 3592.16, 5540.59)),
    ((10.0, 88, 45, 2, 0.1), (106232, 102735, 88334.1)),
]

# Likewise of the sun, 0.0035 from the middle of a disc with a radius of 0.255 degrees: turbidity,
# elevation; radiance at 400, 480, 560 and 640 nm.
PUBLISHED_SUNS = [
    ((1.0, 1), (0.514553, 161.777, 1381.28, 3931.99)),
    ((1.0, 12), (1689.52, 8119.38, 11428.3, 13576.5)),
    ((1.0, 60), (8600.49, 17798, 17455.6, 17401.3)),
    ((2.5, 12), (1565.18, 7438.48, 10460, 12520.4)),
    ((2.5, 60), (8442.41, 17423.9, 17083.2, 17063)),
    ((6.0, 1), (0.0107338, 1.93587, 15.8709, 66.7158)),
    ((6.0, 60), (7733.69, 15755.2, 15435.2, 15551.4)),
    ((10.0, 12), (254.14, 917.193, 1272.4, 1825.63)),
    ((10.0, 60), (5451.74, 10535.3, 10295.2, 10739.4)),
]


@pytest.mark.parametrize(("case", "expected"), PUBLISHED_SKIES)
def test_the_sky_is_that_of_the_published_program(case, expected):
    turbidity, elevation, zenith, away, albedo = case
    cosines = (np.array([math.cos(math.radians(angle))]) for angle in (zenith, away))
    found = sky_luminance(*cosines, elevation, turbidity, (albedo,) * 3)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(("case", "expected"), PUBLISHED_SUNS)
def test_the_sun_is_that_of_the_published_program(case, expected):
    turbidity, elevation = case
    sine = math.sin(0.0035) / math.sin(math.radians(0.255))
    cos_rim = np.array([math.sqrt(1.0 - sine * sine)])
    found = sun_spectrum(np.array([float(elevation)]), cos_rim, turbidity)[0, 2:9:2]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_each_channel_has_its_own_ground():
    up, away = np.array([1.0]), np.array([0.5])
    channels = [sky_luminance(up, away, 30.0, 3.0, (albedo,) * 3)[0] for albedo in (0.1, 0.5, 0.9)]
    mixed = sky_luminance(up, away, 30.0, 3.0, (0.1, 0.5, 0.9))[0]
    np.testing.assert_array_equal(mixed, np.diagonal(channels))
    assert channels[2][1] > channels[0][1]  # white ground lights the sky


def test_the_sky_where_the_sun_is_at_its_brightest():
    """Turbidity 10 is as whole a number as the others, and nothing lies beyond it."""
    up, away = np.array([1.0]), np.array([0.5])
    near, last = (sky_luminance(up, away, 30.0, haze, (0.2,) * 3) for haze in (10.0 - 1e-9, 10.0))
    np.testing.assert_allclose(near, last, rtol=1e-6)


def test_light_of_the_sun():
    # Less than outside of the air, 133 klx (Darula, Kittler and Gueymard 2005: 133.3), and less
    # again with haze
    clear = [sun_luminous_irradiance(90.0, turbidity)[1] for turbidity in (1.0, 3.0, 6.0, 10.0)]
    assert 133_300 > clear[0] > clear[1] > clear[2] > clear[3] > 50_000
    # It reddens as it sinks.
    x, _, z = sun_luminous_irradiance(5.0, 3.0)
    x_high, _, z_high = sun_luminous_irradiance(60.0, 3.0)
    assert x / z > 3 * x_high / z_high
    # Half of it is below the horizon.
    whole, half = (sun_luminous_irradiance(angle, 1.0)[1] for angle in (RADIUS, 1e-6))
    assert half < 0.5 * whole


def test_the_disc_is_darker_at_its_rim_and_has_an_end():
    away = np.array([0.0, 0.2, 0.26, RADIUS, 0.3, 2.0])
    light = sun_xyz(np.full(6, 50.0), away, 3.0)
    assert light[0, 1] > light[1, 1] > light[2, 1] > 0.0
    # Blue fades more.
    assert light[2, 2] / light[0, 2] < light[2, 0] / light[0, 0]
    assert not light[3:].any()


def test_the_picture_holds_sky_and_sun():
    both = rw.SkyEnvironment(sun_elevation=30.0, sun_azimuth=120.0)
    alone = rw.SkyEnvironment(sun_elevation=30.0, sun_azimuth=120.0, sun=False)
    toward = np.array(both.sun_direction)
    sun = np.array(both.irradiance(toward)) - alone.irradiance(toward)
    # What comes up from the ground, which is lit by the sun too, is seen by a surface that tilts.
    ground = np.subtract(both.irradiance((0, -1, 0)), alone.irradiance((0, -1, 0)))
    expected = sun_luminous_irradiance(30.0, 3.0)[1] / WHITE
    luminance = [0.2126, 0.7152, 0.0722]
    assert (sun - ground * (1 - 0.5) / 2) @ luminance == pytest.approx(expected, rel=0.01)
    image = np.asarray(both.image)
    row, column = np.unravel_index(image.sum(axis=2).argmax(), image.shape[:2])
    theta, phi = (row + 0.5) / 1024 * math.pi, (column + 0.5) / 1024 * math.pi
    found = (math.sin(theta) * math.sin(phi), math.cos(theta), -math.sin(theta) * math.cos(phi))
    assert np.dot(found, toward) > math.cos(math.radians(0.27))


def test_the_ground_reflects_what_arrives():
    sky = rw.SkyEnvironment(sun_elevation=50.0, ground_albedo=0.5, sun=False)
    below = np.asarray(sky.image)[-1, 0]
    np.testing.assert_allclose(
        below, np.multiply(sky.irradiance((0, 1, 0)), 0.5 / math.pi), rtol=0.01
    )


def test_directions():
    east = rw.SkyEnvironment(sun_elevation=30.0, sun_azimuth=90.0, sun=False)
    assert east.sun_direction == pytest.approx((math.sqrt(0.75), 0.5, 0.0))
    north = rw.SkyEnvironment(sun_elevation=30.0, sun_azimuth=0.0, sun=False)
    assert north.sun_direction == pytest.approx((0.0, 0.5, -math.sqrt(0.75)))
    up = rw.SkyEnvironment(sun_elevation=30.0, sun_azimuth=0.0, sun=False, up=(0, 0, 2))
    assert up.sun_direction == pytest.approx((0.0, math.sqrt(0.75), 0.5))
    down = rw.SkyEnvironment(sun_elevation=30.0, sun_azimuth=90.0, sun=False, up=(0, -1, 0))
    assert down.sun_direction == pytest.approx((math.sqrt(0.75), -0.5, 0.0))


def test_times_are_the_same_however_they_are_written():
    written = rw.SkyEnvironment(
        latitude=48.2, longitude=16.4, time="2026-06-21T12:00+02:00", sun=False
    )
    for time in (
        datetime(2026, 6, 21, 12, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 6, 21, 10, tzinfo=UTC),
    ):
        other = rw.SkyEnvironment(latitude=48.2, longitude=16.4, time=time, sun=False)
        assert other.sun_angles == pytest.approx(written.sun_angles)
    again = written.replace(turbidity=5.0)
    assert again.sun_angles == written.sun_angles


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "got no latitude, longitude, time"),
        ({"sun_elevation": 20, "time": "2026-01-01T00:00Z"}, "got both"),
        ({"latitude": 48, "longitude": 16}, "got no time"),
        ({"latitude": 99, "longitude": 16, "time": "2026-06-21T12:00Z"}, "from -90 to 90, got 99"),
        ({"latitude": 48, "longitude": 16, "time": "2026-06-21T12:00"}, "with a time zone"),
        ({"latitude": 48, "longitude": 16, "time": 7}, "with a time zone"),
        (
            {"latitude": 48, "longitude": 16, "time": "2026-06-21T23:00+02:00"},
            "the sun is 13.8 degrees below the horizon then",
        ),
        ({"sun_elevation": 0}, r"degrees in \(0, 90\], got 0"),
        ({"sun_elevation": 20, "turbidity": 99}, "from 1 to 10, got 99"),
        ({"sun_elevation": 20, "turbidity": 0.9}, "from 1 to 10, got 0.9"),
        ({"sun_elevation": 20, "ground_albedo": 2}, "ground_albedo"),
        ({"sun_elevation": 20, "scale": -1}, "scale"),
    ],
)
def test_what_can_not_be(given, message):
    with pytest.raises(SceneError, match=message):
        rw.SkyEnvironment(**given)


@pytest.mark.parametrize("turbidity", [1.0, 3.0, 10.0])
@pytest.mark.parametrize("elevation", [0.5, 20.0, 90.0])
def test_light_is_never_negative_and_finite(turbidity, elevation):
    sky = rw.SkyEnvironment(sun_elevation=elevation, turbidity=turbidity, sun=False)
    image = np.asarray(sky.image)
    assert np.isfinite(image).all()
    assert image.min() >= 0.0
    assert image.max() > 0.0


@pytest.mark.parametrize("name", ["softboxes", "window", "ring", "overcast", "dusk", "dark"])
def test_rooms_by_name(name):
    room = rw.StudioEnvironment.named(name)
    dim = rw.StudioEnvironment.named(name, scale=0.5)
    np.testing.assert_allclose(
        dim.irradiance((0, 1, 0)), np.multiply(room.irradiance((0, 1, 0)), 0.5)
    )
    assert sum(room.irradiance((0, 1, 0))) > 0.05


def test_there_is_no_such_room():
    with pytest.raises(SceneError, match="'softboxes', 'window'"):
        rw.StudioEnvironment.named("kitchen")
