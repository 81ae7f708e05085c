import math
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.scene.emitters.sky import WHITE, sky_xyy
from raywidget.scene.emitters.sun import (
    matching_functions,
    sun_luminous_irradiance,
    sun_position,
)


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


def test_light_of_the_sun():
    # Illuminance outside of the air: 133 klx (Darula, Kittler and Gueymard 2005: 133.3)
    thin = [sun_luminous_irradiance(90.0, turbidity)[1] for turbidity in (1.7, 3.0, 6.0)]
    assert 133_300 > thin[0] > thin[1] > thin[2] > 60_000
    # It reddens as it sinks.
    x, _, z = sun_luminous_irradiance(5.0, 3.0)
    x_high, _, z_high = sun_luminous_irradiance(60.0, 3.0)
    assert x / z > 4 * x_high / z_high


def test_the_zenith_is_that_of_the_paper():
    # By hand from equations of appendix A.2, turbidity 3, the sun 60 degrees from the zenith
    chi = (4 / 9 - 3 / 120) * (math.pi - 2 * math.pi / 3)
    luminance = (4.0453 * 3 - 4.9710) * math.tan(chi) - 0.2155 * 3 + 2.4192
    found = sky_xyy(np.array([1.0]), np.array([math.pi / 3]), math.pi / 3, 3.0)[0]
    assert found[2] == pytest.approx(1000 * luminance)
    assert found[2] == pytest.approx(5139.2, abs=0.5)
    assert found[:2] == pytest.approx((0.245, 0.253), abs=0.001)  # blue


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
        ({"sun_elevation": 20, "turbidity": 99}, "from 1.7 to 10, got 99"),
        ({"sun_elevation": 20, "ground_albedo": 2}, "ground_albedo"),
        ({"sun_elevation": 20, "scale": -1}, "scale"),
    ],
)
def test_what_can_not_be(given, message):
    with pytest.raises(SceneError, match=message):
        rw.SkyEnvironment(**given)


@pytest.mark.parametrize("turbidity", [1.7, 3.0, 10.0])
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
