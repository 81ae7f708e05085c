"""Whole pictures, against what theory says and against each other."""

import numpy as np
import pytest
from scipy.special import roots_legendre
from significance import LEVEL, check_means, exactly, picture_statistics

import raywidget as rw
from raywidget import transforms as tf

pytestmark = pytest.mark.statistical

SMALL = {"width": 20, "height": 15}
SHAPE = (15, 20, 3)
MANY = {**SMALL, "batches": 96, "per_batch": 96}  # for scenes with rare bright paths


def floor(material, size=1e4):
    return rw.Quad((-size / 2, 0, size / 2), (size, 0, 0), (0, 0, -size), material=material)


def two_balls(material):
    """On a floor that reaches to the horizon: they touch it, and each other."""
    return [
        floor(rw.Diffuse(1)),
        rw.Sphere((-0.5, 0.5, 0), 0.5, material=material),
        rw.Sphere((0.5, 0.5, 0), 0.5, material=material),
    ]


# Close, and from above: where lamps or balls are small, rare bright paths make up the mean, and no
# sample tells how much is missing.
CAMERA = rw.PerspectiveCamera(look_from=(0, 1.5, 4), look_at=(0, 0.4, 0), vfov=20)
WHITE = {
    "diffuse": rw.Diffuse(1),
    "glass": rw.Dielectric(1.5),
    "diamond": rw.Dielectric(2.4),
    "lacquer": rw.Coated(rw.Diffuse(1)),
    "mirror": rw.Metal(1, 0),
}


# --- White furnaces: all that reflects all light vanishes where light is the same everywhere ------


@pytest.mark.parametrize("roulette", [True, False])
@pytest.mark.parametrize("name", WHITE)
def test_furnace_under_a_sky(name, roulette):
    # The reference loses a third of the light here, and more than half of it between the balls.
    sky = [rw.ConstantEnvironment(1)]
    scene = rw.Scene(two_balls(WHITE[name]), emitters=sky, camera=CAMERA)
    picture = picture_statistics(scene, per_batch=64, max_depth=2000, roulette=roulette, **SMALL)
    assert check_means(picture, exactly(1.0, SHAPE), rounding=1e-5) > LEVEL
    if name != "lacquer":  # every single path has weight 1; few are caught where the balls touch
        assert picture.mean.max() < 1.0 + 2e-5
        assert picture.mean.mean() > 1.0 - 2e-5


@pytest.mark.parametrize("roulette", [True, False])
@pytest.mark.parametrize("name", WHITE)
def test_furnace_in_a_lamp(name, roulette):
    # The same light from a ball round everything, which is sampled: two techniques are weighted.
    balls = two_balls(WHITE[name])[1:]
    lamp = rw.Sphere((0, 0, 0), 20, material=rw.Emissive(1), flip_normals=True)
    plate = rw.Quad((-2, 0, 2), (4, 0, 0), (0, 0, -4), material=rw.Diffuse(1))
    scene = rw.Scene([*balls, plate, lamp], camera=CAMERA)
    picture = picture_statistics(scene, per_batch=64, max_depth=2000, roulette=roulette, **SMALL)
    assert check_means(picture, exactly(1.0, SHAPE), rounding=1e-5) > LEVEL


def test_furnace_in_a_room_of_lamps():
    corners = np.array([(x, y, z) for x in (-9, 9) for y in (-9, 9) for z in (-9, 9)], float)
    faces = [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1)]
    faces += [(2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3)]
    room = rw.Mesh(corners, faces, material=rw.Emissive(1), flip_normals=True)
    plate = rw.Quad((-2, 0, 2), (4, 0, 0), (0, 0, -4), material=rw.Diffuse(1))
    scene = rw.Scene([room, plate, *two_balls(rw.Diffuse(1))[1:]], camera=CAMERA)
    picture = picture_statistics(scene, max_depth=2000, **SMALL)
    assert check_means(picture, exactly(1.0, SHAPE), rounding=1e-5) > LEVEL


def test_rough_metal_loses_light_and_makes_none():
    # Microfacets hide some of the light, which is not given back; no path gains any.
    darkest = []
    for roughness in (0.2, 0.6, 1.0):
        sky = [rw.ConstantEnvironment(1)]
        scene = rw.Scene(two_balls(rw.Metal(1, roughness)), emitters=sky, camera=CAMERA)
        picture = picture_statistics(scene, max_depth=200, **SMALL)
        assert picture.mean.max() <= 1.0 + 1e-5
        darkest.append(picture.mean.min())
    assert 1.0 > darkest[0] > darkest[1] > darkest[2] > 0.2


# --- Closed forms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("next_event", [True, False])
@pytest.mark.parametrize("depth", [1, 2, 3, 5, 40])
def test_light_of_each_depth_in_a_shining_white_ball(depth, next_event):
    # From any point of the inside, e + a e + a^2 e + ...: one term for each edge of the path.
    albedo, emission = np.array([0.8, 0.5, 0.2]), np.array([1.0, 0.5, 2.0])
    ball = rw.Sphere(
        (0, 0, 0), 3, material=rw.Diffuse(albedo), emission=emission, flip_normals=True
    )
    camera = rw.PerspectiveCamera(look_from=(0, 0.5, 1), look_at=(0, 0, 0), vfov=60)
    picture = picture_statistics(
        rw.Scene([ball], camera=camera), max_depth=depth, next_event=next_event, **SMALL
    )
    expected = emission * (1 - albedo**depth) / (1 - albedo)
    assert check_means(picture, exactly(expected, SHAPE), rounding=1e-5) > LEVEL


def floor_points(width, height, order=4, camera=None):
    """Points of the floor y = 0 that the pixels of a camera see, for integrals over pixels."""
    camera = camera or DOWN
    nodes, weights = roots_legendre(order)
    offsets, weights = (nodes + 1) / 2, weights / 2
    right, up, forward = camera.frame()
    half = np.tan(np.radians(camera.vfov) / 2)
    x = (np.arange(width)[:, None] + offsets) / width * 2 - 1
    y = 1 - (np.arange(height)[:, None] + offsets) / height * 2
    d = forward + (half * y[:, None, :, None, None]) * up
    d = d + (half * width / height * x[None, :, None, :, None]) * right
    p = np.array(camera.look_from) - d * (camera.look_from[1] / d[..., 1:2])
    return p, weights[:, None] * weights


DOWN = rw.PerspectiveCamera(look_from=(3, 4, 5), look_at=(0.5, 0, 0), vfov=35)


def check_direct_light(lamp, irradiance, next_event):
    albedo = np.array([0.9, 0.5, 0.1])
    scene = rw.Scene([floor(rw.Diffuse(albedo), 40), lamp], camera=DOWN)
    picture = picture_statistics(scene, max_depth=2, next_event=next_event, **SMALL)
    p, weights = floor_points(20, 15)
    expected = (irradiance(p) * weights).sum(axis=(2, 3))[..., None] * albedo / np.pi
    assert check_means(picture, exactly(expected, SHAPE), rounding=1e-4) > LEVEL


@pytest.mark.parametrize("next_event", [True, False])
def test_light_of_a_ball_on_a_floor(next_event):
    centre, radius, radiance = np.array([-0.5, 4.0, -1.0]), 1.5, 3.0

    def irradiance(p):  # pi L (r / d)^2 cos, of a ball that is in full above the horizon
        to_centre = centre - p
        square = (to_centre**2).sum(axis=-1)
        return np.pi * radiance * radius**2 / square * to_centre[..., 1] / np.sqrt(square)

    lamp = rw.Sphere(centre, radius, material=rw.Emissive(radiance))
    check_direct_light(lamp, irradiance, next_event)


@pytest.mark.parametrize("next_event", [True, False])
@pytest.mark.parametrize("kind", ["quad", "mesh"])
def test_light_of_a_panel_on_a_floor(next_event, kind):
    radiance = 5.0
    origin, u, v = np.array([(-1.5, 3.0, 0.5), (0.3, 0.4, -2.0), (2.0, 0.2, 0.0)])

    def irradiance(p):  # Lambert's formula for a polygon in full above the horizon
        corners = [origin + a - p for a in (0 * u, v, u + v, u)]
        corners = [c / np.linalg.norm(c, axis=-1, keepdims=True) for c in corners]
        total = 0.0
        for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
            cross = np.cross(a, b)
            angle = np.arccos(np.clip((a * b).sum(axis=-1), -1, 1))
            total = total + angle * cross[..., 1] / np.linalg.norm(cross, axis=-1)
        return radiance / 2 * np.abs(total)

    material = rw.Emissive(radiance)
    lamp = rw.Quad(origin, u, v, material=material)
    if kind == "mesh":
        faces = [(0, 1, 2), (0, 2, 3)]
        lamp = rw.Mesh([origin, origin + u, origin + u + v, origin + v], faces, material=material)
    assert rw.Quad(origin, u, v).normal[1] < 0  # it shines down
    check_direct_light(lamp, irradiance, next_event)


def test_occlusion_of_a_floor_by_a_ball():
    centre, radius = np.array([-1.5, 1.6, -1.0]), 1.5
    ball = rw.Sphere(centre, radius, material=rw.Diffuse(0.5))
    scene = rw.Scene([floor(rw.Diffuse(0.1), 40), ball], camera=DOWN.replace(look_at=(3, 0, 2.5)))
    picture = picture_statistics(scene, integrator="ao", ao_distance=50.0, per_batch=64, **SMALL)
    p, weights = floor_points(20, 15, camera=scene.camera)
    to_centre = centre - p  # a ball in full above the horizon hides (r / d)^2 cos of the sky
    square = (to_centre**2).sum(axis=-1)
    sky = 1 - radius**2 * to_centre[..., 1] / square**1.5
    expected = np.broadcast_to((sky * weights).sum(axis=(2, 3))[..., None], SHAPE)
    assert check_means(picture, exactly(expected, SHAPE), rounding=1e-4) > LEVEL
    assert expected.min() < 0.9  # it is seen from the corner of the picture on


def test_light_of_a_gradient_on_a_floor():
    top, bottom, albedo = np.array([1.0, 2, 0]), np.array([0.5, 1, 3]), np.array([0.9, 0.5, 0.1])
    sky = [rw.GradientEnvironment(top=top, bottom=bottom)]
    scene = rw.Scene([floor(rw.Diffuse(albedo), 40)], emitters=sky, camera=DOWN)
    picture = picture_statistics(scene, max_depth=2, **SMALL)
    expected = albedo * (bottom + (top - bottom) * 5 / 6)  # the integral of (1 + cos) / 2 cos
    assert check_means(picture, exactly(expected, SHAPE), rounding=1e-5) > LEVEL


@pytest.mark.parametrize("roulette", [True, False])
@pytest.mark.parametrize("ior", [1.1, 1.5, 2.4])
def test_light_through_a_pane(ior, roulette):
    # At right angles, with all reflections between its faces: (1 - R) / (1 + R) comes through.
    pane = rw.Box((0, 0, 0), (20, 20, 1), material=rw.Dielectric(ior))
    lamp = rw.Quad((-9, -9, -3), (18, 0, 0), (0, 18, 0), material=rw.Emissive(1))
    camera = rw.PerspectiveCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), vfov=0.5)
    scene = rw.Scene([pane, lamp], camera=camera)
    picture = picture_statistics(
        scene, width=4, height=4, per_batch=256, max_depth=200, roulette=roulette
    )
    reflected = ((ior - 1) / (ior + 1)) ** 2
    expected = (1 - reflected) / (1 + reflected)
    assert check_means(picture, exactly(expected, (4, 4, 3)), rounding=1e-5) > LEVEL


def test_depth_1_shows_emission_only():
    scene = rw.presets.cornell()
    picture = np.asarray(rw.render(scene, width=80, height=80, spp=4, max_depth=1))
    assert set(np.unique(picture[..., 0])) == {45.0 * k / 4 for k in range(5)}
    assert (picture[..., 0] == 0.0).mean() > 0.9


# --- Two ways to the same picture -----------------------------------------------------------------


def lamps_and_sky():
    """Many lights of all kinds, and a sky."""
    shapes = [
        floor(rw.Diffuse((0.8, 0.6, 0.4))),
        rw.Sphere((-0.6, 0.5, 0), 0.5, material=rw.Metal((0.9, 0.7, 0.5), 0.3)),
        rw.Sphere((0.6, 0.5, 0), 0.5, material=rw.Coated(rw.Diffuse((0.2, 0.5, 0.8)))),
        rw.Sphere((0, 1.6, 0.5), 0.3, emission=(2, 4, 6)),  # grey, and shines
        rw.Quad((-1.5, 1, -1), (1, 0, 0), (0, 1, 0.3), material=rw.Emissive((5, 2, 1))),
        rw.Mesh([(1, 0.2, 1), (1.6, 0.2, 0.8), (1.2, 0.9, 0.8)], [(0, 1, 2)], emission=4),
        rw.Box((0, 0.15, 0.9), (0.3, 0.3, 0.3), rotation=(0, 30, 0), emission=(1, 0, 1)),
    ]
    sky = [rw.GradientEnvironment(top=(0.2, 0.3, 0.5), bottom=(0.3, 0.3, 0.3))]
    camera = rw.PerspectiveCamera(look_from=(0, 4, 5), look_at=(0, 0.4, 0), vfov=30)
    return rw.Scene(shapes, emitters=sky, camera=camera)


SCENES = {
    "cornell": (rw.presets.cornell, 6),
    "default": (rw.presets.default, 8),
    "trianglemesh": (rw.presets.trianglemesh, 6),
    "lamps and sky": (lamps_and_sky, 6),
}


@pytest.fixture(scope="module")
def references():
    """Each scene by next-event estimation, without roulette."""
    return {
        name: picture_statistics(make(), max_depth=depth, roulette=False, seed=1, **MANY)
        for name, (make, depth) in SCENES.items()
    }


@pytest.mark.parametrize("name", SCENES)
def test_next_event_estimation_changes_only_the_noise(references, name):
    make, depth = SCENES[name]
    settings = {"max_depth": depth, "roulette": False, "next_event": False, "seed": 2}
    without = picture_statistics(make(), **settings, **MANY)
    assert check_means(references[name], without) > LEVEL
    if name == "lamps and sky":
        quieter = references[name].variance < 0.5 * without.variance
        assert quieter.mean() > 0.7


@pytest.mark.parametrize("name", SCENES)
def test_roulette_changes_only_the_noise(references, name):
    make, depth = SCENES[name]
    played = picture_statistics(make(), max_depth=depth, seed=3, **MANY)
    assert check_means(references[name], played) > LEVEL


@pytest.mark.parametrize("name", SCENES)
def test_the_lattice_changes_only_the_noise(references, name):
    make, depth = SCENES[name]
    settings = {"max_depth": depth, "roulette": False, "seed": 100}
    lattice = picture_statistics(make(), sampler="lattice", **settings, **MANY)
    assert check_means(references[name], lattice) > LEVEL
    if name != "cornell":  # its noise is that of rare paths through glass
        assert (lattice.variance < references[name].variance).mean() > 0.6  # 0.5 by chance


def scaled(scene, size):
    """The same scene, `size` times as large."""
    shapes = []
    for shape in scene.shapes:
        if isinstance(shape, rw.Sphere):
            changes = {"center": np.multiply(shape.center, size), "radius": shape.radius * size}
        else:
            names = ("origin", "edge_u", "edge_v")
            changes = {name: np.multiply(getattr(shape, name), size) for name in names}
        shapes.append(shape.replace(name=None, **changes))
    camera = scene.camera
    camera = camera.replace(
        look_from=np.multiply(camera.look_from, size), look_at=np.multiply(camera.look_at, size)
    )
    return scene.replace(shapes=shapes, camera=camera)


@pytest.mark.parametrize("size", [1e-3, 1000.0])
def test_size_does_not_matter(references, size):
    make, depth = SCENES["cornell"]
    large = picture_statistics(
        scaled(make(), size), max_depth=depth, roulette=False, seed=4, **MANY
    )
    assert check_means(references["cornell"], large) > LEVEL


@pytest.mark.parametrize("size", [2.0**-10, 2.0**10])
def test_powers_of_two_do_not_matter_to_the_bit(size):
    scene = rw.presets.cornell()
    a, b = (
        rw.render(s, width=32, height=32, spp=8, max_depth=6) for s in (scene, scaled(scene, size))
    )
    np.testing.assert_array_equal(a.pixels, b.pixels)


def test_copies_are_as_good_as_meshes():
    generator = np.random.default_rng(0)
    corners = generator.uniform(-0.5, 0.5, (12, 1, 3)) + generator.normal(0, 0.3, (12, 3, 3))
    vertices, faces = corners.reshape(-1, 3), np.arange(36).reshape(-1, 3)
    matrices = [
        tf.translate(x, 0.7, 0) @ tf.rotate_xyz(20, 30 * x, 40) @ tf.scale(0.8, 1.2, sign)
        for x, sign in ((-1, 1), (0, -1), (1, 0.6))
    ]
    pictures = []
    for seed in (1, 2):
        material = rw.Metal((0.9, 0.6, 0.3), 0.4)
        mesh = rw.Mesh(vertices, faces, material=material)
        shapes = [rw.Instances(mesh, matrices)]
        if seed == 2:
            shapes = [
                rw.Mesh(
                    tf.apply(m, vertices),
                    faces[:, [0, 2, 1]] if det < 0 else faces,
                    material=material,
                )
                for m in matrices
                for det in [np.linalg.det(m[:3, :3])]
            ]
        lamp = rw.Sphere((2, 4, 3), 1, emission=5)
        sky = [rw.GradientEnvironment(top=(0.5, 0.7, 1), bottom=1)]
        scene = rw.Scene([*shapes, floor(rw.Diffuse(0.6)), lamp], emitters=sky, camera=CAMERA)
        pictures.append(picture_statistics(scene, max_depth=6, seed=seed, **SMALL))
    assert check_means(*pictures) > LEVEL


def test_the_test_notices_a_small_bias(references):
    a = references["default"]
    assert check_means(a, a) > LEVEL
    assert check_means(a, a._replace(mean=a.mean * 1.01)) < LEVEL
    spot = a.mean.copy()
    spot[8, 9] *= 1.4
    assert check_means(a, a._replace(mean=spot)) < LEVEL
