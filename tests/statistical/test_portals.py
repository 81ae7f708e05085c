"""Portals: drawn by what is seen through them, and the same picture in the mean."""

import math

import numpy as np
import pytest
from kernel_drivers import LightsUnderTest
from significance import LEVEL, CapBins, check_batches, check_sampler, corrected, render_batches

import raywidget as rw

pytestmark = pytest.mark.statistical

SMALL = {"width": 6, "height": 5}
COUNT = 100_000

PANORAMA = np.full((16, 32, 3), 0.2, np.float32)
PANORAMA[5:7, 0:3] = 9.0
SKIES = {
    "constant": rw.ConstantEnvironment((3, 4, 5)),
    "gradient": rw.GradientEnvironment(top=(3, 5, 8), bottom=0.5),
    "image": rw.ImageEnvironment(PANORAMA, rotation=(10, 20, 30)),
}
SMOOTH = np.linspace(0.5, 4.0, 8 * 16 * 3, dtype=np.float32).reshape(8, 16, 3)
WALL = rw.Diffuse(0.6)
WINDOW = rw.Portal((-0.4, 1.2, -2), (0.8, 0, 0), (0, 0.6, 0))
SKYLIGHT = rw.Portal((0.8, 3, 0.8), (-0.5, 0, 0), (0, 0, -0.5))
VIEW = rw.PerspectiveCamera(look_from=(0, 1.5, 1.8), look_at=(0, 1, -1), vfov=70)


def pane(x, y, z, u, v):
    return rw.Quad((x, y, z), u, v, material=WALL)


# A room of 4 x 3 x 4 with a window in its wall at z = -2, and a hole in its ceiling.
ROOM = [
    pane(-2, 0, 2, (4, 0, 0), (0, 0, -4)),
    pane(-2, 0, -2, (0, 0, 4), (0, 3, 0)),
    pane(2, 0, -2, (0, 0, 4), (0, 3, 0)),
    pane(-2, 0, 2, (4, 0, 0), (0, 3, 0)),
    pane(-2, 0, -2, (4, 0, 0), (0, 1.2, 0)),
    pane(-2, 1.8, -2, (4, 0, 0), (0, 1.2, 0)),
    pane(-2, 1.2, -2, (1.6, 0, 0), (0, 0.6, 0)),
    pane(0.4, 1.2, -2, (1.6, 0, 0), (0, 0.6, 0)),
    pane(-2, 3, -2, (2.3, 0, 0), (0, 0, 4)),
    pane(0.8, 3, -2, (1.2, 0, 0), (0, 0, 4)),
    pane(0.3, 3, -2, (0.5, 0, 0), (0, 0, 2.3)),
    pane(0.3, 3, 0.8, (0.5, 0, 0), (0, 0, 1.2)),
]
BALL = rw.Sphere((0.7, 0.5, -0.5), 0.5, material=rw.Metal(0.8, roughness=0.4))


def lit(sky, *portals, shapes=(BALL,), **others):
    scene = {"camera": VIEW, **others}
    return rw.Scene([*ROOM, *shapes], emitters=[sky, *portals], **scene)


def both(sky, portals, per_batch=128, batches=16, shapes=(BALL,), others=None, **settings):
    settings = {"max_depth": 5, **settings, **SMALL}
    plain = lit(sky, shapes=shapes, **(others or {}))
    guided = lit(sky, *portals, shapes=shapes, **(others or {}))
    return (
        render_batches(plain, batches, per_batch, seed=21, **settings),
        render_batches(guided, batches, per_batch, seed=22, **settings),
    )


DRAWN_FROM = {**SKIES, "image": rw.ImageEnvironment(SMOOTH)}


@pytest.mark.parametrize("name", DRAWN_FROM)
@pytest.mark.parametrize("point", [(0.3, 0.2, 0.4), (1.2, 1.4, -1.7)], ids=["far", "near"])
def test_directions_follow_their_density(name, point):
    lights = LightsUnderTest(ROOM, [DRAWN_FROM[name], WINDOW, SKYLIGHT])
    numbers = np.random.default_rng(1).random((COUNT, 3), np.float32)
    sample = lights.sample(point, numbers)
    wi = sample.wi[sample.pdf > 0]
    assert len(wi) > 0.9999 * COUNT  # but for what rounding puts beside an edge
    np.testing.assert_allclose(np.linalg.norm(wi, axis=1), 1.0, atol=2e-6)
    density = density_of(lights, point)
    total = 0.0
    for through in (through_window, through_skylight):
        own = wi[through(point, wi)]
        axis = own.astype(float).mean(axis=0)
        axis /= np.linalg.norm(axis)
        height = 0.5001 * ((own - axis) ** 2).sum(axis=1).max()
        p, part = check_sampler(
            own,
            COUNT,
            lambda d, through=through: np.where(through(point, d), density(d), 0.0),
            CapBins(axis, height=height, rings=6, sectors=8),
            fineness=80,
        )
        assert p > corrected(LEVEL, 4 * len(SKIES))
        total += part
    if name != "image":  # of which a part is drawn from everywhere
        assert total == pytest.approx(1.0, abs=2e-3)


def through_window(point, d):
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (-2 - point[2]) / d[:, 2]
        x, y = point[0] + t * d[:, 0], point[1] + t * d[:, 1]
    return (t > 0) & (np.abs(x) < 0.4) & (np.abs(y - 1.5) < 0.3)


def through_skylight(point, d):
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (3 - point[1]) / d[:, 1]
        x, z = point[0] + t * d[:, 0], point[2] + t * d[:, 2]
    return (t > 0) & (np.abs(x - 0.55) < 0.25) & (np.abs(z - 0.55) < 0.25)


def density_of(lights, point):
    """What scattering is told, whatever stands in between: that of a sky without walls."""
    open_air = LightsUnderTest([], [rw.ConstantEnvironment(1)])
    open_air.tables = open_air.tables._replace(
        **{
            name: getattr(lights.tables, name)
            for name in (
                "lights", "light_cdf", "light_slots", "light_nodes", "light_leaves",
                "environment", "environment_edges", "environment_rows", "environment_guides",
                "portals", "portal_sums", "full",
            )
        }
    )  # fmt: skip
    return lambda directions: open_air.find(point, directions).pdf


def test_irradiance_through_an_opening():
    # The form factor of a rectangle that is parallel to a small plane below its middle.
    a, b, h = 0.5, 0.3, 2.0
    hole = rw.Portal((-a, h, -b), (2 * a, 0, 0), (0, 0, 2 * b))
    dark = rw.Diffuse(0.0)
    lid = [
        rw.Quad((-9, h, -9), (9 - a, 0, 0), (0, 0, 18), material=dark),
        rw.Quad((a, h, -9), (9 - a, 0, 0), (0, 0, 18), material=dark),
        rw.Quad((-a, h, -9), (2 * a, 0, 0), (0, 0, 9 - b), material=dark),
        rw.Quad((-a, h, b), (2 * a, 0, 0), (0, 0, 9 - b), material=dark),
        *(
            rw.Quad(o, u, (0, h, 0), material=dark)
            for o, u in [
                ((-9, 0, -9), (18, 0, 0)), ((-9, 0, 9), (18, 0, 0)),
                ((-9, 0, -9), (0, 0, 18)), ((9, 0, -9), (0, 0, 18)),
            ]
        ),
    ]  # fmt: skip
    spot = rw.Quad((-0.5, 0, 0.5), (1, 0, 0), (0, 0, -1), material=rw.Diffuse(0.5))
    camera = rw.PerspectiveCamera(look_from=(0, 1, 0), look_at=(0, 0, 0), up=(0, 0, 1), vfov=0.1)
    scene = rw.Scene([spot, *lid], emitters=[rw.ConstantEnvironment(4), hole], camera=camera)
    x, y = a / math.hypot(a, h), b / math.hypot(b, h)
    factor = x * math.atan(b / math.hypot(a, h)) + y * math.atan(a / math.hypot(b, h))
    expected = 4 * 0.5 * factor * 2 / math.pi
    batches = render_batches(scene, 16, 64, width=2, height=2, max_depth=2, roulette=False)
    mean, error = batches.mean(), batches.mean(axis=(1, 2, 3)).std(ddof=1) / 4
    assert abs(mean - expected) < 4 * error
    assert error < 0.005 * expected  # nearly nothing is left to chance


@pytest.mark.parametrize("integrator", ["path", "volpath", "bdpt"])
@pytest.mark.parametrize("name", SKIES)
def test_the_picture_is_the_same_in_the_mean(name, integrator):
    samples = {"path": 512, "volpath": 256, "bdpt": 128}[integrator]
    pictures = both(SKIES[name], [WINDOW, SKYLIGHT], samples, integrator=integrator)
    assert check_batches(*pictures) > LEVEL


@pytest.mark.parametrize(
    "portals",
    [
        [WINDOW],  # and the skylight is forgotten
        [WINDOW.replace(origin=(-0.9, 0.9, -2), edge_u=(1.8, 0, 0), edge_v=(0.1, 1.3, 0))],
        [SKYLIGHT, SKYLIGHT.replace(), WINDOW.replace(edge_u=(0, 0.6, 0), edge_v=(0.8, 0, 0))],
        [rw.Portal((-1, 1, 0), (2, 0, 0), (0, 1, 0))],  # in the middle of the room
    ],
    ids=["one of two", "larger and askew", "twice, and turned", "no opening"],
)
@pytest.mark.parametrize("name", ["constant", "image"])
def test_portals_may_be_wrong(portals, name):
    assert check_batches(*both(SKIES[name], portals, 512)) > LEVEL


@pytest.mark.parametrize(
    ("change", "others", "shapes"),
    [
        ({"next_event": False}, {}, (BALL,)),
        ({"caustics": True}, {}, (BALL,)),
        ({"sampler": "lattice"}, {}, (BALL, rw.Sphere((-1, 2, 0), 0.2, emission=3))),
        ({}, {"background": (0.3, 0.1, 0.2)}, (BALL,)),
        ({"alpha": True}, {}, ()),
        ({}, {}, (rw.Sphere((0, 0.6, -0.5), 0.5, material=rw.Dielectric(1.5)),)),
    ],
    ids=["no next event", "caustics", "a lamp", "background", "alpha", "glass"],
)
def test_settings_mean_the_same(change, others, shapes):
    sky = SKIES["gradient"]
    pictures = both(sky, [WINDOW, SKYLIGHT], 512, shapes=shapes, others=others, **change)
    assert check_batches(*pictures) > LEVEL


def test_the_test_notices_light_that_is_counted_twice():
    plain, guided = both(SKIES["constant"], [WINDOW, SKYLIGHT], 512)
    assert check_batches(plain, guided * 1.25) < LEVEL


@pytest.mark.parametrize("name", ["constant", "image", "smooth"])
def test_a_shadow_catcher_asks_what_would_come_without_walls(name):
    # Few of its candidates went elsewhere than through the window, where an image has no peaks:
    # their weights were so uneven that three times the light was said to be left.
    sky = {**SKIES, "smooth": rw.ImageEnvironment(SMOOTH)}[name]
    catcher = rw.Quad((-1, 0.01, 0), (2, 0, 0), (0, 0, -1.5), material=rw.ShadowCatcher(0.6))
    pictures = both(sky, [WINDOW], 512, shapes=(BALL, catcher), max_depth=3)
    assert check_batches(*pictures) > LEVEL


@pytest.mark.parametrize("name", SKIES)
def test_a_room_with_a_window_has_less_noise(name):
    plain, guided = both(SKIES[name], [WINDOW, SKYLIGHT], shapes=())
    gain = plain.var(axis=0) / guided.var(axis=0)
    assert np.median(gain) > 3.0  # but where the sky itself is seen


def test_a_scene_far_away_and_large():
    where = np.array((3e6, 0, -2e6))
    far = [shape.replace(origin=tuple(np.array(shape.origin) + where)) for shape in (*ROOM, WINDOW)]
    camera = VIEW.replace(
        look_from=tuple(np.array(VIEW.look_from) + where),
        look_at=tuple(np.array(VIEW.look_at) + where),
    )
    settings = {"max_depth": 3, **SMALL}
    near = rw.Scene(ROOM, emitters=[SKIES["gradient"], WINDOW], camera=VIEW)
    away = rw.Scene(far[:-1], emitters=[SKIES["gradient"], far[-1]], camera=camera)
    pictures = [render_batches(scene, 8, 64, seed=5, **settings) for scene in (near, away)]
    assert check_batches(*pictures) > LEVEL
