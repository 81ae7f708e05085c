"""Bidirectional path tracing shows what path tracing shows."""

import numpy as np
import pytest
from significance import LEVEL, check_batches, render_batches

import raywidget as rw
from raywidget.engine import renderer
from raywidget.engine.settings import RenderSettings
from raywidget.kernels.integrators.bdpt.vertex import MAX_EDGES, BdptSettings
from raywidget.presets.procedural import uv_sphere

pytestmark = pytest.mark.statistical

# Few pixels with many samples: rare bright paths then are part of every batch.
SMALL = {"width": 6, "height": 5}


def smooth_ball(center, radius, material):
    """Few triangles, whose vertex normals make a ball of them."""
    vertices, faces = uv_sphere(10, 6)
    return rw.Mesh(vertices * radius + center, faces, normals=vertices, material=material)


def floor(material):
    return rw.Quad((-3, 0, 3), (6, 0, 0), (0, 0, -6), material=material)


def corner():
    """Matt and rough things between two walls; every strategy finds all of their light."""
    shapes = [
        floor(rw.Diffuse(rw.Checkerboard((0.8, 0.6, 0.5), 0.3, scale=6))),
        rw.Quad((-1, 0, -1), (2, 0, 0), (0, 2, 0), material=rw.Diffuse((0.5, 0.6, 0.8))),
        rw.Quad((-1, 2.4, -1), (2, 0, 0), (0, 0, 2), material=rw.Emissive((1, 1.5, 2))),
        rw.Sphere((1.9, 1, 1), 0.5, emission=(1, 0.7, 0.5), material=rw.Diffuse(0.5)),
        rw.Sphere((0.4, 0.45, 0), 0.4, material=rw.Metal((0.2, 0.5, 0.8), 0.8)),
        rw.Sphere((-0.4, 0.45, 0.2), 0.4, material=rw.Metal((0.9, 0.8, 0.7), 0.6)),
        smooth_ball((0, 1, 0.1), 0.3, rw.Diffuse((0.8, 0.5, 0.3))),
    ]
    return rw.Scene(
        shapes,
        camera=rw.PerspectiveCamera(
            look_from=(0, 1, 3.5), look_at=(0, 0.7, 0), vfov=26, aperture_radius=0.1
        ),
    )


def floating():
    """Matt and rough things that do not touch: connections between them have a finite variance."""
    shapes = [
        floor(rw.Diffuse(0.8)),
        rw.Quad((-1.5, 0.7, -1.8), (3, 0, 0), (0, 3, 0), material=rw.Diffuse((0.5, 0.6, 0.8))),
        rw.Quad((-1.5, 3.5, -1.5), (3, 0, 0), (0, 0, 3), material=rw.Emissive((1, 1.5, 2))),
        rw.Sphere((0.7, 1.2, 0), 0.5, material=rw.Metal((0.2, 0.5, 0.8), 0.8)),
        smooth_ball((-0.7, 1.2, 0.1), 0.5, rw.Diffuse((0.8, 0.5, 0.3))),
    ]
    camera = rw.PerspectiveCamera(
        look_from=(0, 1.7, 4.5), look_at=(0, 1, 0), vfov=26, aperture_radius=0.1
    )
    return rw.Scene(shapes, camera=camera)


def smooth_meshes():
    """Shading normals of all kinds of surfaces, seen by camera and light."""
    lamp = rw.Sphere((1, 3.5, 2), 0.8, material=rw.Emissive((4, 3, 3)))
    shapes = [
        floor(rw.Diffuse(0.7)),
        smooth_ball((0, 1, 0), 1, rw.Diffuse((0.8, 0.5, 0.3))),
        smooth_ball((1.3, 0.5, 0.8), 0.5, rw.Metal((0.9, 0.8, 0.6), 0.5)),
        smooth_ball((-1.3, 0.5, 0.8), 0.5, rw.Dielectric(1.5)),
        lamp,
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 2, 6), look_at=(0, 0.5, 0.5), vfov=26)
    return rw.Scene(shapes, camera=camera)


def burning_glass(radius):
    """A ball of glass that gathers the light of a lamp on the floor."""
    lamp = rw.Sphere((1.5, 4, -1), radius, material=rw.Emissive(15 / radius**2))
    ball = rw.Sphere((0, 1, 0), 0.8, material=rw.Dielectric(1.5))
    camera = rw.PerspectiveCamera(look_from=(0, 3, 5), look_at=(0, 0.3, 0), vfov=30)
    return rw.Scene([floor(rw.Diffuse(0.7)), ball, lamp], camera=camera)


def lit_from_inside():
    """A lamp that shines inwards, and one in a lantern of glass; things that shine and reflect."""
    shapes = [
        rw.Sphere((0, 0, 0), 6, material=rw.Emissive((0.2, 0.3, 0.4)), flip_normals=True),
        floor(rw.Diffuse(0.6)),
        rw.Sphere((0, 1, 0), 0.8, material=rw.Dielectric(1.4, color=(0.9, 1, 0.8))),
        rw.Sphere((0, 1, 0), 0.4, emission=(3, 2, 1), material=rw.Diffuse(0.8)),
        rw.Cone((-1, 0.1, 1.5), (-1, 0.6, 1.5), 0.3, 0.1, emission=(1, 2, 3)),
        rw.Sphere((1.5, 0.5, 0.5), 0.5, material=rw.Coated(rw.Diffuse((0.2, 0.5, 0.8)))),
        rw.Sphere((-1.5, 0.5, 0.5), 0.5, material=rw.Coated(rw.Metal((0.9, 0.6, 0.3), 0.5))),
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 2, 5), look_at=(0, 0.6, 0), vfov=36)
    return rw.Scene(shapes, camera=camera)


def picture():
    """An environment with a bright spot, uneven all over."""
    pixels = np.random.default_rng(4).uniform(0, 0.5, (8, 16, 3))
    pixels[2, 5] = 20
    return rw.ImageEnvironment(pixels.astype(np.float32))


SPOT = rw.SpotLight((2, 3, 2), (0, 1, 0), intensity=15, cone_angle=30)
SUN = rw.DirectionalLight((1, -2, -1), (0.5, 0.4, 0.2))


def all_lights():
    """Lights of every kind, and some with textures, on matt and rough things."""
    scene = floating()
    board = rw.Checkerboard((1, 0.5, 0), (0, 0.3, 1), scale=3)
    lamps = [
        rw.Quad((-2.5, 1, -1), (0.8, 0, 0.5), (0, 0.8, 0), material=rw.Emissive(board)),
        rw.Sphere((2.2, 2.2, 0), 0.3, emission=board),
        rw.Cylinder((-1, 0.3, 1), (0.2, 0.3, 1), 0.1, emission=(1, 2, 1)),
    ]
    emitters = [rw.PointLight((-1, 2.5, 1), 2), SPOT, SUN, picture()]
    return scene.replace(shapes=[*scene.shapes, *lamps], emitters=emitters)


def both(scene, per_batch=512, seed=11, **settings):
    """Batches of path tracing, and half as many samples of bidirectional path tracing."""
    settings = {**settings, **SMALL}
    path = render_batches(scene, 48, per_batch, seed=seed, integrator="path", **settings)
    bdpt = render_batches(scene, 48, per_batch // 2, seed=seed + 1, integrator="bdpt", **settings)
    return path, bdpt


SCENES = {
    "cornell": (rw.presets.cornell, 8),
    "cornell-boxes": (rw.presets.cornell_boxes, 8),
    "default": (rw.presets.default, 8),
    "smooth meshes": (smooth_meshes, 5),
    "burning glass": (lambda: burning_glass(0.9), 6),
    "lit from inside": (lit_from_inside, 5),
    "all lights": (all_lights, 4),
}


@pytest.mark.parametrize("name", SCENES)
def test_bdpt_shows_what_path_shows(name):
    make, depth = SCENES[name]
    chance = check_batches(*both(make(), max_depth=depth))
    if chance <= LEVEL:  # one in a hundred is; a fault is all the plainer in more samples
        chance = check_batches(*both(make(), 2048, seed=21, max_depth=depth))
    assert chance > LEVEL


@pytest.mark.parametrize("depth", range(1, 7))
def test_depths_mean_the_same(depth):
    assert check_batches(*both(corner(), 256, max_depth=depth, roulette=depth % 2 == 0)) > LEVEL


@pytest.mark.parametrize("name", ["tent", "gaussian"])
def test_light_paths_see_the_filter_too(name):
    # Wide, in a small picture: at its edge they see what lies outside.
    assert check_batches(*both(corner(), 256, max_depth=4, filter=name)) > LEVEL


@pytest.mark.parametrize("change", [{"next_event": False}, {"roulette": True}, {"seed": 5}])
def test_settings_change_only_the_noise(change):
    settings = {"max_depth": 4, "roulette": False, "integrator": "bdpt", **SMALL}
    reference = render_batches(corner(), 32, 128, seed=1, **settings)
    other = render_batches(corner(), 32, 128, **{**settings, "seed": 2, **change})
    assert check_batches(reference, other) > LEVEL
    lattice = render_batches(corner(), 32, 128, "lattice", **{**settings, "seed": 99})
    assert check_batches(reference, lattice) > LEVEL


def test_the_test_notices_a_small_bias():
    path, bdpt = both(corner(), max_depth=3)
    assert check_batches(path, bdpt * 1.02) < LEVEL


# --- Strategies -----------------------------------------------------------------------------------


def of_strategy(scene, s, t, batches=48, per_batch=256):
    """Batches of what one strategy alone finds, unweighted; (batches, 1, 1, 3)."""
    settings = RenderSettings(
        **SMALL, max_depth=s + t - 1, sampler="independent", integrator="bdpt", roulette=False
    )
    chosen = BdptSettings(settings.max_depth, True, False, s, t)
    only = renderer.INTEGRATORS["bdpt"](scene, settings, 1.0)._replace(settings=chosen)
    before = renderer.INTEGRATORS["bdpt"]
    try:
        renderer.INTEGRATORS["bdpt"] = lambda *_: only
        values = {**SMALL, "max_depth": settings.max_depth, "integrator": "bdpt"}
        pictures = render_batches(scene, batches, per_batch, seed=7, **values)
    finally:
        renderer.INTEGRATORS["bdpt"] = before
    return pictures.mean(axis=(1, 2), keepdims=True)


@pytest.mark.parametrize("edges", [2, 4])
def test_each_strategy_alone_finds_all_light(edges):
    # So the shares by which they are weighted have to add up to one for every path, or the sum of
    # all would differ from each.
    settings = {"max_depth": edges, "roulette": False, **SMALL}
    long = render_batches(floating(), 48, 1024, seed=1, **settings)
    short = render_batches(floating(), 48, 1024, seed=1, **{**settings, "max_depth": edges - 1})
    expected = (long - short).mean(axis=(1, 2), keepdims=True)
    for s in range(edges + 1):
        assert check_batches(expected, of_strategy(floating(), s, edges + 1 - s)) > LEVEL


@pytest.mark.parametrize(
    ("emitter", "least"),
    [(rw.PointLight((0.3, 2.8, 1), 3), 1), (SPOT, 1), (SUN, 1), (picture(), 0)],
    ids=lambda item: type(item).__name__,
)
def test_each_strategy_finds_light_that_comes_from_no_shape(emitter, least):
    shapes = [s for s in floating().shapes if s.radiance is None]
    scene = floating().replace(shapes=shapes, emitters=[emitter])
    found = [of_strategy(scene, s, 4 - s, per_batch=512) for s in range(least, 4)]
    for other in found[1:]:
        assert check_batches(found[0], other) > LEVEL


def test_what_cannot_be_found_from_the_camera_is_found_from_the_light():
    path, bdpt = both(burning_glass(0.1), max_depth=5)
    noisy = bdpt.std(axis=0) > 0.001  # not all black, nor a lamp that fills the pixel
    gain = path.var(axis=0)[noisy] / bdpt.var(axis=0)[noisy]
    assert np.quantile(gain, 0.95) > 20  # in the caustic


def test_paths_too_long_for_connections_count_too():
    edges = MAX_EDGES + 8
    room = [
        rw.Sphere((0, 0, 0), 1, material=rw.Diffuse(0.97), flip_normals=True),
        rw.Sphere((0, 0.5, 0), 0.2, material=rw.Emissive(1)),
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 0, 0.9), look_at=(0, -0.3, 0), vfov=60)
    settings = {"max_depth": edges, "roulette": False, "width": 4, "height": 4}
    scene = rw.Scene(room, camera=camera)
    path = render_batches(scene, 48, 64, seed=1, **settings)
    bdpt = render_batches(scene, 48, 16, seed=2, integrator="bdpt", **settings)
    assert check_batches(path, bdpt) > LEVEL
    short = render_batches(scene, 48, 64, seed=1, **{**settings, "max_depth": MAX_EDGES})
    assert check_batches(short, bdpt) < LEVEL
