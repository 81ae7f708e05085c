"""Which light: by what each may bring to a point, and never one that is not told."""

import numpy as np
import pytest
from kernel_drivers import LightsUnderTest
from significance import (
    LEVEL,
    check_means,
    chi_square,
    corrected,
    picture_statistics,
)

import raywidget as rw
from raywidget.compiler.lights import light_nodes
from raywidget.kernels import layout
from raywidget.scene.emitters.panorama import directions_of

pytestmark = pytest.mark.statistical

COUNT = 100_000
SKY = np.full((8, 16, 3), 0.2)
SKY[2, 3] = 30.0

LAMP = rw.Quad((-1.2, 3, 0.3), (0, 0, -0.5), (0.5, 0, 0), emission=4)  # it shines down
BALL = rw.Sphere((1.5, 1.2, 0.5), 0.3, emission=3)
TUBE = rw.Cylinder((-1, 2.5, -1), (1, 2.7, -1), 0.1, emission=2)
POINT = rw.PointLight((0.5, 2, 1), 5)
SPOT = rw.SpotLight((-1, 4, 0), (0, 0, 0), 30, cone_angle=20)
SUN = rw.DirectionalLight((1, -2, 0.5), 1.5)
IMAGE = rw.ImageEnvironment(SKY)

FEW = {
    "sun and point": ([], [SUN, POINT]),
    "sun and image": ([], [SUN, IMAGE]),
    "ball and image": ([BALL], [IMAGE]),
    "two surfaces": ([LAMP, BALL], []),
    "point, spot, sun, ball": ([BALL], [POINT, SPOT, SUN]),
    "all kinds": ([LAMP, BALL, TUBE], [POINT, SPOT, SUN, IMAGE]),
}


def some_places(generator, count):
    points = generator.uniform((-2, 0, -2), (2, 4, 2), (count, 3))
    normals = generator.standard_normal((count, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals[::3] = 0  # light may come from all sides
    return points, normals


def check_choices(lights, points, normals, places, tests):
    probabilities = lights.probabilities(points, normals).astype(float)
    generator = np.random.default_rng(9)
    for place in places:
        numbers = generator.random((COUNT, 3), np.float32)
        chosen = lights.sample(points[place], numbers, normals[place]).light
        counts = np.bincount(chosen + 1, minlength=probabilities.shape[1] + 1)
        expected = np.append(max(0.0, 1 - probabilities[place].sum()), probabilities[place]) * COUNT
        assert np.all(counts[expected == 0] == 0)
        if np.sort(expected)[-2] > 20:
            assert chi_square(counts, expected) > corrected(LEVEL, tests)
    return probabilities


@pytest.mark.parametrize("name", FEW)
def test_few_lights_are_drawn_as_their_probabilities_say(name):
    lights = LightsUnderTest(*FEW[name])
    assert lights.tables.light_leaves.size == 0
    assert len(lights.tables.light_nodes) == len(lights.tables.lights)
    points, normals = some_places(np.random.default_rng(3), 30)
    probabilities = check_choices(lights, points, normals, range(8), 8 * len(FEW))
    total = probabilities.sum(axis=1)
    lit = total > 0
    assert lit.mean() > 0.6
    np.testing.assert_allclose(total[lit], 1, atol=1e-5)
    # It knows where the point is.
    assert np.ptp(probabilities[lit], axis=0).max() > 0.3


def test_who_is_nearer_and_faces_the_light_is_told():
    lights = LightsUnderTest([], [rw.PointLight((-2, 1, 0), 1), rw.PointLight((2, 1, 0), 1)])
    up = [(0, 1, 0)] * 2
    near, middle = lights.probabilities([(-2, 0, 0), (0, 0, 0)], up)
    assert near[0] > 0.8
    np.testing.assert_allclose(middle, 0.5, atol=1e-6)
    # The sun is below the horizon of this side.
    lights = LightsUnderTest([], [SUN, POINT])
    below = lights.probabilities([(0, 1, 0)], [(-0.2, 1, -0.1)])[0]
    assert np.all(below > 0)
    turned = lights.probabilities([(0, 1, 0)], [(1, -0.1, 0.5)])[0]
    np.testing.assert_allclose(turned.max(), 1, atol=1e-6)


@pytest.mark.parametrize("near", [3, 20])
@pytest.mark.parametrize("far", [3, 40])
def test_suns_beside_a_tree_are_drawn_as_their_probabilities_say(near, far):
    generator = np.random.default_rng(near + far)
    emitters = [
        rw.PointLight(p, 10 ** generator.uniform(-1, 1))
        for p in generator.uniform((-2, 1, -2), (2, 4, 2), (near, 3))
    ]
    emitters += [
        rw.DirectionalLight(d - (0, 1, 0), 10 ** generator.uniform(-2, -0.5))
        for d in generator.standard_normal((far, 3))
    ]
    lights = LightsUnderTest([], emitters)
    assert (lights.tables.light_leaves.size > 0) == (near + far > 8)
    points, normals = some_places(generator, 6)
    total = check_choices(lights, points, normals, range(6), 24).sum(axis=1)
    assert np.all(total < 1 + 2e-5)
    assert total.max() > 0.99


def test_many_suns_alone_are_drawn_by_their_power():
    generator = np.random.default_rng(5)
    suns = [
        rw.DirectionalLight(d, 10 ** generator.uniform(-2, 0))
        for d in generator.standard_normal((30, 3))
    ]
    lights = LightsUnderTest([], suns)
    assert not len(lights.tables.light_nodes)
    check_choices(lights, *some_places(generator, 2), range(2), 2)


def test_lights_that_are_hidden_are_drawn_rarely():
    # A bright lamp within a box of walls, a dim one over the floor.
    floor = rw.Quad((-3, 0, 3), (6, 0, 0), (0, 0, -6))
    things = [rw.Sphere((x, 0.3, z), 0.3) for x in (-1, 0, 1) for z in (-1, 0, 1)]
    emitters = [rw.PointLight((2, 1, 0), 100), rw.PointLight((-1, 2, 0), 1)]
    seen = LightsUnderTest([floor, *things], emitters)
    hidden = LightsUnderTest([floor, *things, rw.Box((2, 1, 0), (0.5, 0.5, 0.5))], emitters)
    of_seen, of_hidden = (
        lights.tables.light_nodes[:, layout.LIGHT_NODE_STRENGTH] for lights in (seen, hidden)
    )
    assert of_seen[0] > 50 * of_seen[1]
    assert of_hidden[0] < 0.25 * of_seen[0]
    assert of_hidden[1] > 0.8 * of_seen[1]
    at, up = [(0.5, 0.0, 1.6)], [(0, 1, 0)]
    assert hidden.probabilities(at, up)[0, 1] > 1.2 * seen.probabilities(at, up)[0, 1]
    assert hidden.probabilities(at, up)[0, 0] > 0.12  # nothing is given up


def test_images_are_drawn_by_what_scattering_does_not_find_of_them():
    floor = rw.Quad((-3, 0, 3), (6, 0, 0), (0, 0, -6))
    walls = rw.Box((0, 0, 0), (8, 8, 8))
    even = np.full((16, 32, 3), 1.0)
    peak = np.full((16, 32, 3), 0.5)
    peak[3, 3] = 0.5 + 0.5 * 4 * np.pi / 0.024  # as bright as the other one in all

    def strength(image, *shapes):
        lights = LightsUnderTest([*shapes], [POINT, rw.ImageEnvironment(image)])
        return lights.tables.light_nodes[1, layout.LIGHT_NODE_STRENGTH]

    assert strength(peak, floor) > 5 * strength(even, floor)
    # A floor hides one half of all directions, which no surface on it faces; walls hide all.
    upwards = even.copy()
    upwards[8:] = 0.0
    assert strength(upwards, floor) > 0.8 * strength(2 * even, floor)
    assert strength(peak, floor, walls) < 0.05 * strength(peak, floor)


def test_images_are_drawn_where_their_bright_side_is_faced():
    floor = rw.Quad((-3, 0, 3), (6, 0, 0), (0, 0, -6))
    even = np.full((16, 32, 3), 0.5)
    peak = even.copy()
    peak[3, 3] = 1000.0
    towards = directions_of(3.5 / 16 * np.pi, 3.5 / 32 * 2 * np.pi)

    def lights_of(image):
        return LightsUnderTest([floor], [SUN, rw.ImageEnvironment(image)])

    node = lights_of(peak).tables.light_nodes[1]
    axis = node[layout.LIGHT_NODE_AXIS : layout.LIGHT_NODE_AXIS + 3]
    np.testing.assert_allclose(axis, 4 * towards, atol=0.3)  # a cosine by its mean, a quarter
    assert node[layout.LIGHT_NODE_COS_NORMALS] < 0.1
    node = lights_of(even).tables.light_nodes[1]
    axis = node[layout.LIGHT_NODE_AXIS : layout.LIGHT_NODE_AXIS + 3]
    assert np.linalg.norm(axis) < 0.6
    assert node[layout.LIGHT_NODE_COS_NORMALS] > 0.85
    # Both normals face the sun alike, one of them the peak.
    to_sun = -np.array(SUN.axis)
    aside = np.cross(to_sun, towards)
    aside /= np.linalg.norm(aside)
    bright = np.cross(aside, to_sun)
    normals = [to_sun + bright, to_sun - bright]
    normals = [normal / np.linalg.norm(normal) for normal in normals]
    facing, averted = lights_of(peak).probabilities([(0, 1, 0)] * 2, normals)[:, 1]
    assert facing > 2 * averted > 0


# --- Pictures -------------------------------------------------------------------------------------

SMALL = {"width": 6, "height": 4}
DOWN = rw.OrthographicCamera(look_from=(0, 6, 0), look_at=(0, 0, 0), up=(0, 0, -1), height=2)


@pytest.mark.parametrize("integrator", ["path", "volpath"])
def test_a_floor_under_points_spots_and_suns_by_closed_form(integrator):
    albedo = 0.6
    lights = [POINT, rw.PointLight((-1, 0.8, 0.5), 1), SUN, rw.DirectionalLight((-1, -1, 0), 0.3)]
    floor = rw.Quad((-9, 0, 9), (18, 0, 0), (0, 0, -18), material=rw.Diffuse(albedo))
    scene = rw.Scene([floor], emitters=lights, camera=DOWN)

    def irradiance(p):
        total = 0.0
        for light in lights:
            if isinstance(light, rw.PointLight):
                way = np.array(light.position) - p
                square = (way**2).sum()
                total += np.array(light.intensity)[0] * way[1] / square**1.5
            else:
                total += np.array(light.irradiance)[0] * -np.array(light.axis)[1]
        return total

    statistics = picture_statistics(scene, max_depth=2, integrator=integrator, **SMALL)
    # The camera's points are jittered within their pixels: the mean over each, by Gauss' rule.
    nodes, weights = np.polynomial.legendre.leggauss(8)
    expected = np.zeros((4, 6, 3))
    for row in range(4):
        for column in range(6):
            value = 0.0
            for a, wa in zip(nodes, weights, strict=True):
                for b, wb in zip(nodes, weights, strict=True):
                    x = (column + 0.5 + 0.5 * a) / 6 * 3 - 1.5
                    z = (row + 0.5 + 0.5 * b) / 4 * 2 - 1
                    value += 0.25 * wa * wb * irradiance(np.array((x, 0.0, z)))
            expected[row, column] = albedo / np.pi * value
    known = statistics._replace(mean=expected, variance=np.zeros_like(expected))
    assert check_means(statistics, known, rounding=1e-5) > corrected(LEVEL, 2)


@pytest.mark.parametrize("name", ["ball and image", "all kinds"])
def test_choosing_and_scattering_agree_in_every_integrator(name):
    shapes, emitters = FEW[name]
    things = [
        rw.Quad((-3, 0, 3), (6, 0, 0), (0, 0, -6), material=rw.Diffuse(0.6)),
        rw.Sphere((0, 0.5, 0), 0.5, material=rw.Metal((0.8, 0.7, 0.5), roughness=0.4)),
        rw.Sphere((-1, 0.4, 0.8), 0.4, material=rw.Dielectric(1.5)),
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 1.5, 4), look_at=(0, 0.7, 0), vfov=45)
    scene = rw.Scene([*things, *shapes], emitters=emitters, camera=camera)
    settings = {"max_depth": 3, "batches": 32, "per_batch": 32, **SMALL}
    path = picture_statistics(scene, **settings)
    for seed, integrator in enumerate(("volpath", "bdpt"), 1):
        other = picture_statistics(scene, integrator=integrator, seed=seed, **settings)
        assert check_means(path, other) > corrected(LEVEL, 4), integrator
    if name == "ball and image":  # scattering finds both
        found = picture_statistics(
            scene, next_event=False, seed=9, **{**settings, "per_batch": 128}
        )
        assert check_means(path, found) > LEVEL


def test_strengths_are_intensities_of_the_brightest_side():
    # A square, a disk and a ball of one cross-section and radiance, and a point as strong.
    radius = 0.5
    area = np.pi * radius**2
    edge = np.sqrt(area)
    angles = np.arange(5) * 2 * np.pi / 5  # on a circle, where all see each other
    places = 9 * np.stack([np.cos(angles), 0 * angles, np.sin(angles)], axis=1)
    shapes = [
        rw.Quad(places[0], (edge, 0, 0), (0, 0, edge), emission=2),
        rw.Disk(places[1], (0, 1, 0), radius, emission=2),
        rw.Sphere(places[2], radius, emission=2),
    ]
    spot = rw.SpotLight(places[3], None, 2 * area, cone_angle=3, direction=(0, -1, 0))
    tables = LightsUnderTest(shapes, [spot, rw.PointLight(places[4], 2 * area)]).tables
    # As they are before shadow rays weaken what is hidden
    strengths = light_nodes._strengths(tables.lights.astype(float))
    assert len(strengths) == 5
    np.testing.assert_allclose(strengths, strengths.max(), rtol=1e-5)
