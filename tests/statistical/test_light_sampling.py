"""Directions to lights: drawn as their density says, the same that scattering is told."""

import numpy as np
import pytest
from kernel_drivers import LightsUnderTest
from scipy import stats
from significance import LEVEL, CapBins, check_sampler, corrected

import raywidget as rw
from raywidget import transforms as tf

pytestmark = pytest.mark.statistical

COUNT = 200_000
QUAD = [rw.Quad((-1, 3, 1), (0.3, 0.2, -2), (2, 0, 0.5), emission=1)]  # it shines down
RECTANGLE = [rw.Quad((-1, 3, 1), (0, 0, -2), (2, 0, 0), emission=1)]
TRIANGLE = [rw.Mesh([(-1, 3, 1), (0, 3, -2), (1.5, 3.5, 1)], [(0, 1, 2)], emission=1)]
BALL = [rw.Sphere((0, 3, 0), 1, emission=1)]
ROOM = [rw.Sphere((0, 0, 0), 2, emission=1, flip_normals=True)]
MANY = [
    rw.Quad((-4, 3, 1), (0, 0, -2), (2, 0, 0), emission=1),
    rw.Sphere((3, 3, 0), 0.7, emission=(2, 1, 0)),
    *TRIANGLE,
    rw.Sphere((0, -3, 0), 1, emission=0.2),
]
DISK = [rw.Disk((0, 3, 0), (0.2, -1, 0.3), 1.2, emission=1)]
CYLINDER = [rw.Cylinder((-1, 3, 0), (0.8, 2.5, 0.4), 0.5, emission=1)]
CONE = [rw.Cone((0, 3, 0), (0.4, 1.2, 0.2), 1.0, emission=1)]
FRUSTUM = [rw.Cone((0, 3, 0), (0.4, 1.2, 0.2), 0.3, 0.9, emission=1)]
BARREL = [rw.Cone((0, -2, 0), (0, 2, 0), 1, 1.5, emission=1, flip_normals=True)]
COPIES = [
    rw.Instances(
        rw.Mesh([(-1, 0, 1), (0, 0, -2), (1.5, 0.5, 1)], [(0, 1, 2)]),
        [tf.translate(0, 3, 0), tf.translate(-2, 3, 1) @ tf.scale(-0.5, 1, 1)],
        emission=1,
    )
]
LOW = (0.0, -1.0, 0.0)
CASES = {
    "quad": (QUAD, (0.2, -1.0, 0.3)),
    "quad close": (QUAD, (0.2, 2.6, 0.3)),
    "quad grazing": (QUAD, (6.0, 2.5, 0.0)),
    "rectangle": (RECTANGLE, (0.2, -1.0, 0.3)),
    "rectangle close": (RECTANGLE, (0.2, 2.6, 0.3)),
    "rectangle very close": (RECTANGLE, (-0.9, 2.999, 0.3)),
    "rectangle beside": (RECTANGLE, (1.3, 2.3, 0.3)),
    "rectangle from the side": (RECTANGLE, (1.5, 2.6, 0.2)),
    "triangle": (TRIANGLE, (0.2, -1.0, 0.3)),
    "triangle close": (TRIANGLE, (0.2, 2.7, 0.0)),
    "ball": (BALL, LOW),
    "ball close": (BALL, (0.0, 1.9, 0.1)),
    "ball far": (BALL, (300.0, -500.0, 0.0)),
    "room": (ROOM, (0.5, 0.3, -0.4)),
    "room at the wall": (ROOM, (0.0, 1.9, 0.0)),
    "disk": (DISK, (0.2, -1.0, 0.3)),
    "disk close": (DISK, (0.1, 2.6, 0.3)),
    "cylinder": (CYLINDER, LOW),
    "cylinder close": (CYLINDER, (0.1, 2.0, 0.2)),
    "cone": (CONE, LOW),
    "cone at the tip": (CONE, (0.5, 1.0, 0.3)),
    "frustum": (FRUSTUM, LOW),
    "barrel": (BARREL, (0.3, 0.5, -0.4)),
    "copies": (COPIES, LOW),
    "many": (MANY, LOW),
}


def bins_round(directions):
    """Bins that just hold all directions."""
    axis = directions.astype(float).mean(axis=0)
    if np.linalg.norm(axis) < 0.3:  # all around
        return CapBins((0.1, 0.2, 1.0), rings=8, sectors=12)
    axis /= np.linalg.norm(axis)
    height = 0.5 * ((directions - axis) ** 2).sum(axis=1).max()
    return CapBins(axis, height=min(2.0, 1.0001 * height), rings=8, sectors=12)


@pytest.mark.parametrize("name", CASES)
def test_directions_follow_their_density(name):
    shapes, point = CASES[name]
    lights = LightsUnderTest(shapes)
    numbers = np.random.default_rng(1).random((COUNT, 3), np.float32)
    sample = lights.sample(point, numbers)
    wi = sample.wi[sample.pdf > 0]
    hit = lights.find(point, wi).light
    tests = len(CASES) + len(MANY) - 1
    total = 0.0
    for light in range(len(lights.tables.lights)):

        def density(directions, light=light):
            """What scattering is told where it finds this light."""
            found = lights.find(point, directions)
            lit = (found.light == light) & (found.radiance.max(axis=1) > 0)
            return np.where(lit, found.pdf, 0.0)

        own = wi[hit == light]
        p, part = check_sampler(own, COUNT, density, bins_round(own), fineness=80)
        assert p > corrected(LEVEL, tests), (light, part)
        total += part
    assert total < 1.0 + 1e-3
    assert len(wi) / COUNT == pytest.approx(total, abs=0.005)


@pytest.mark.parametrize("name", CASES)
def test_scattering_is_told_the_density_of_sampling(name):
    shapes, point = CASES[name]
    lights = LightsUnderTest(shapes)
    numbers = np.random.default_rng(2).random((50_000, 3), np.float32)
    sample = lights.sample(point, numbers)
    drawn = sample.pdf > 0
    found = lights.find(point, sample.wi[drawn])
    same = found.light >= 0
    assert same.mean() > 0.999  # directions to an edge may just miss it
    same &= np.all(found.radiance == sample.radiance[drawn], axis=1)
    if name != "many":
        assert same.mean() > 0.999
    # Along a surface the densities themselves are badly conditioned.
    tolerance = 0.02 if "grazing" in name else 1e-3
    relative = sample.pdf[drawn][same] / found.pdf[same] - 1.0
    share = 0.98 if "cylinder" in name else 0.999  # its outline is seen at a grazing angle
    assert np.quantile(np.abs(relative), share) < tolerance
    # Nothing else is as near as the light: shadow rays end just before it.
    reach = sample.reach[drawn][same]
    assert np.all(reach < found.distance[same])
    if "very close" not in name:
        assert np.quantile(reach / found.distance[same], 0.05) > 0.999
    assert np.all(reach > 0.95 * found.distance[same])
    np.testing.assert_allclose(np.linalg.norm(sample.wi[drawn], axis=1), 1.0, atol=2e-6)


def test_radiance_by_sampling_is_that_by_looking():
    # Radiance over density averages to the integral of radiance over all directions.
    shapes, point = MANY, LOW
    lights = LightsUnderTest(shapes)
    sample = lights.sample(point, np.random.default_rng(3).random((COUNT, 3), np.float32))
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(sample.pdf > 0, sample.radiance[:, 0] / sample.pdf, 0.0).astype(float)
    all_around = CapBins((0.1, 0.2, 1.0), rings=24)
    expected = all_around.integrate(
        lambda w: lights.find(point, w).radiance[:, 0], fineness=48
    ).sum()
    error = values.std() / np.sqrt(COUNT) + 0.002 * expected  # and that of the midpoints
    assert abs(values.mean() - expected) < stats.norm.isf(LEVEL / 2) * error


@pytest.mark.parametrize("point", [(0.0, 4.5, 0.0), (0.2, 8.0, 0.3)])
def test_no_light_comes_from_behind(point):
    lights = LightsUnderTest(QUAD)
    sample = lights.sample(point, np.random.default_rng(4).random((5000, 3), np.float32))
    assert not sample.pdf.any()
    found = lights.find(point, -np.ones((1, 3)) * (0.1, 1.0, 0.1))
    assert found.light[0] == 0
    assert not found.radiance.any()


def test_a_ball_that_is_nearly_touched_is_sampled_by_area():
    # The cone would be half the world, of which most is dark: hardly anything is drawn, and
    # scattering is told so.
    lights = LightsUnderTest(BALL)
    point = np.array((0.0, 1.99999, 0.0), np.float32)
    d = np.random.default_rng(8).standard_normal((2000, 3))
    d[:, 1] = np.abs(d[:, 1]) + 0.1
    d = (d / np.linalg.norm(d, axis=1, keepdims=True)).astype(np.float32)
    found = lights.find(point, d)
    assert np.all(found.light == 0)
    p = point + found.distance[:, None].astype(float) * d
    cosine = -((p - (0, 3, 0)) * d).sum(axis=1)
    expected = found.distance**2 / (cosine * 4 * np.pi)
    np.testing.assert_allclose(found.pdf, expected, rtol=0.01)


def test_a_ball_does_not_shine_inwards_nor_a_room_outwards():
    numbers = np.random.default_rng(5).random((5000, 3), np.float32)
    assert not LightsUnderTest(BALL).sample((0.3, 3.0, 0.0), numbers).pdf.any()
    assert not LightsUnderTest(ROOM).sample((0.0, 5.0, 0.0), numbers).pdf.any()


def fan(count):
    """A hexagonal lamp, of so many triangles of different sizes: no tree is made for it."""
    angle = 2 * np.pi * np.sqrt(np.arange(count + 1) / count)
    rim = np.stack([np.cos(angle), np.full(count + 1, 3.0), np.sin(angle)], axis=1)
    faces = [(0, k + 1, k + 2) for k in range(count)]
    return [rw.Mesh([(0.1, 3, 0.2), *rim], faces, emission=1)]


def test_lights_are_drawn_by_their_power():
    lights = LightsUnderTest(fan(6))
    assert lights.tables.light_leaves.size == 0
    sample = lights.sample(LOW, np.random.default_rng(6).random((COUNT, 3), np.float32))
    assert np.all(sample.pdf > 0)
    expected = lights.tables.lights[:, 14].astype(float) * COUNT
    assert expected.max() > 2 * expected.min()
    assert stats.chisquare(np.bincount(sample.light), expected).pvalue > LEVEL


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_choices_at_the_limits_between_lights(count):
    lights = LightsUnderTest([rw.Sphere((0, 5, 0), 1, emission=1)] if count == 1 else fan(count))
    first = np.append(np.float32(0), lights.tables.light_cdf[:-1])
    last = lights.tables.light_cdf - np.float32(2.0**-24)
    for choice in (first, last):
        numbers = np.stack([np.full(count, 0.5), np.full(count, 0.5), choice], axis=1)
        assert lights.sample((0, 0, 0), numbers).light.tolist() == list(range(count))


def test_environments_are_those_of_the_description():
    directions = np.random.default_rng(7).standard_normal((1000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    top, bottom = np.array((1, 2, 3)), np.array((0.5, 0.25, 0))
    sky = LightsUnderTest([], [rw.GradientEnvironment(top=top, bottom=bottom)])
    height = (directions[:, 1:2] + 1) / 2
    expected = bottom + (top - bottom) * height
    np.testing.assert_allclose(sky.find((0, 0, 0), directions).radiance, expected, atol=1e-6)
    constant = LightsUnderTest([], [rw.ConstantEnvironment((1, 2, 3))])
    assert np.all(constant.find((0, 0, 0), directions).radiance == (1, 2, 3))
    assert not LightsUnderTest([]).find((0, 0, 0), directions).radiance.any()
