"""Media: what they absorb, what they scatter, and where to."""

import numpy as np
import pytest
from significance import (
    LEVEL,
    CapBins,
    check_batches,
    check_means,
    check_sampler,
    exactly,
    picture_statistics,
    render_batches,
)

import raywidget as rw
from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.vec3 import vec3
from raywidget.kernels.volumes.medium import eval_phase, sample_phase

pytestmark = pytest.mark.statistical

SMALL = {"width": 6, "height": 5}
ALONG_Z = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=1e-3)
LAMP = rw.Quad((-5, -5, -5), (10, 0, 0), (0, 10, 0), material=rw.Emissive((1, 2, 3)))
SMOKE = rw.HomogeneousMedium((0.1, 0.3, 0.2), (1.5, 0.9, 2.5), anisotropy=0.4)


def glass(medium, ior=1.0):
    return rw.Dielectric(ior, interior=medium)


# --- Phase function -------------------------------------------------------------------------------


@entry
def _sample_phases(g, d, numbers, directions):
    for i in range(len(numbers)):
        w = sample_phase(g, vec3(d[0], d[1], d[2]), numbers[i, 0], numbers[i, 1])
        directions[i, 0] = w.x
        directions[i, 1] = w.y
        directions[i, 2] = w.z


@entry
def _eval_phases(g, cosines, values):
    for i in range(len(cosines)):
        values[i] = eval_phase(g, cosines[i])


def eval_phases(g, cosines):
    values = np.zeros(len(cosines), np.float32)
    _eval_phases(np.float32(g), np.ascontiguousarray(cosines, np.float32), values)
    return values


@pytest.mark.parametrize("g", [-0.9, -0.3, 0.0, 1e-3, 0.5, 0.95])
def test_phase_function_is_sampled_by_its_density(g):
    axis = np.array([0.36, -0.48, 0.8], np.float32)
    numbers = np.random.default_rng(3).random((200_000, 2), np.float32)
    directions = np.zeros((len(numbers), 3), np.float32)
    _sample_phases(np.float32(g), axis, numbers, directions)
    bins = CapBins(axis if g >= 0 else -axis, power=3)
    p, total = check_sampler(
        directions, len(numbers), lambda w: eval_phases(g, w @ axis), bins, fineness=32
    )
    assert p > LEVEL
    assert total == pytest.approx(1, abs=2e-3)
    # "anisotropy" is the mean cosine
    assert (directions @ axis).mean() == pytest.approx(g, abs=5e-3)


# --- Absorption -----------------------------------------------------------------------------------


def slab(medium, depth=2.0):
    return rw.Box((0, 0, 0), (6, 6, depth), material=glass(medium))


@pytest.mark.parametrize("integrator", ["path", "bdpt", "volpath"])
def test_beer_lambert(integrator):
    medium = rw.HomogeneousMedium((0.5, 0.1, 1.5))
    scene = rw.Scene([slab(medium), LAMP], camera=ALONG_Z)
    picture = rw.render(scene, **SMALL, spp=2, max_depth=8, integrator=integrator)
    expected = np.array([1, 2, 3]) * np.exp(-2.0 * np.array(medium.absorption))
    np.testing.assert_allclose(picture.pixels, np.broadcast_to(expected, (5, 6, 3)), rtol=2e-5)


@pytest.mark.parametrize("integrator", ["path", "bdpt", "volpath"])
def test_beer_lambert_between_reflecting_faces(integrator):
    # Straight through: (1 - R)^2 T / (1 - R^2 T^2), all reflections between the faces included.
    medium = rw.HomogeneousMedium((0.5, 0.1, 0.0))
    pane = rw.Box((0, 0, 0), (60, 60, 1), material=glass(medium, 1.5))
    scene = rw.Scene([pane, LAMP], camera=ALONG_Z)
    settings = {"max_depth": 60, "integrator": integrator, "per_batch": 256, "batches": 32}
    picture = picture_statistics(scene, **SMALL, **settings)
    share, reflected = np.exp(-np.array(medium.absorption)), 0.04
    through = (1 - reflected) ** 2 * share / (1 - (reflected * share) ** 2)
    expected = exactly(np.array([1, 2, 3]) * through, (5, 6, 3))
    assert check_means(picture, expected, rounding=2e-5) > LEVEL


def test_the_innermost_shape_decides():
    # Along the axis: 1 in water, 1 in a clear ball in it, 1 in a red ball in that, and back out.
    water, red = rw.HomogeneousMedium((0.3, 0.2, 0.1)), rw.HomogeneousMedium((0.1, 1.0, 1.0))
    shapes = [
        rw.Sphere((0, 0, 0), 2.5, material=glass(water)),
        rw.Sphere((0, 0, 0), 1.5, material=glass(None)),
        rw.Sphere((0, 0, 0), 0.5, material=glass(red)),
        LAMP,
    ]
    expected = np.array([1, 2, 3]) * np.exp(
        -2.0 * np.array(water.absorption) - np.array(red.absorption)
    )
    for integrator in ("path", "bdpt", "volpath"):
        scene = rw.Scene(shapes, camera=ALONG_Z)
        picture = rw.render(scene, **SMALL, spp=2, max_depth=12, integrator=integrator)
        np.testing.assert_allclose(picture.pixels[2, 3], expected, rtol=1e-4)


def test_a_bubble_is_left_by_its_flipped_normals():
    medium = rw.HomogeneousMedium((0.4, 0.2, 0.1))
    shapes = [
        rw.Sphere((0, 0, 0), 2, material=glass(medium)),
        rw.Sphere((0, 0, 0), 1, material=glass(medium), flip_normals=True),
        LAMP,
    ]
    picture = rw.render(rw.Scene(shapes, camera=ALONG_Z), **SMALL, spp=2, max_depth=12)
    expected = np.array([1, 2, 3]) * np.exp(-2.0 * np.array(medium.absorption))
    np.testing.assert_allclose(picture.pixels[2, 3], expected, rtol=1e-4)


@pytest.mark.parametrize("integrator", ["path", "bdpt", "volpath"])
def test_the_camera_may_be_inside(integrator):
    # In a red ball in water: 0.5 of the one, 2 of the other.
    water, red = rw.HomogeneousMedium((0.3, 0.2, 0.1)), rw.HomogeneousMedium((0.1, 1.0, 1.0))
    shapes = [
        rw.Sphere((0, 0, 0), 2.5, material=glass(water)),
        rw.Sphere((0, 0, 0), 0.5, material=glass(red)),
        LAMP,
    ]
    camera = ALONG_Z.replace(look_from=(0, 0, 0), look_at=(0, 0, -1))
    picture = rw.render(
        rw.Scene(shapes, camera=camera), **SMALL, spp=2, max_depth=12, integrator=integrator
    )
    expected = -2.0 * np.array(water.absorption) - 0.5 * np.array(red.absorption)
    np.testing.assert_allclose(
        picture.pixels[2, 3], np.array([1, 2, 3]) * np.exp(expected), rtol=1e-4
    )


def aquarium():
    """A lamp, things and a frosted ball in coloured glass, whose light falls on the floor."""
    green = rw.HomogeneousMedium((0.8, 0.1, 0.5))
    shapes = [
        rw.Quad((-3, 0, 3), (6, 0, 0), (0, 0, -6), material=rw.Diffuse(0.7)),
        rw.Sphere((0, 1.2, 0), 1, material=rw.Dielectric(1.3, interior=green)),
        rw.Sphere((0, 1.5, 0), 0.3, material=rw.Emissive((5, 6, 7))),
        rw.Sphere((0.3, 0.8, 0.3), 0.25, material=rw.Diffuse(0.8)),
        rw.Sphere((1.6, 0.6, 0.5), 0.5, material=rw.Dielectric(1.5, roughness=0.5, interior=green)),
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 2, 5), look_at=(0, 0.7, 0), vfov=36)
    return rw.Scene(shapes, camera=camera)


@pytest.mark.parametrize("integrator", ["bdpt", "volpath"])
def test_integrators_agree_about_coloured_glass(integrator):
    settings = {"max_depth": 6, **SMALL}
    path = render_batches(aquarium(), 48, 1024, seed=1, **settings)
    other = render_batches(aquarium(), 48, 512, seed=2, integrator=integrator, **settings)
    assert check_batches(path, other) > LEVEL


# --- Scattering -----------------------------------------------------------------------------------


def cloud(interior, **others):
    """A ball and a box of smoke on a white floor; one lamp is inside."""
    shapes = [
        rw.Quad((-3, 0, 3), (6, 0, 0), (0, 0, -6), material=rw.Diffuse((0.7, 0.6, 0.5))),
        rw.Sphere((-0.7, 1, 0), 0.9, material=rw.Interface(interior)),
        rw.Box((1, 0.7, 0.3), (1, 1.2, 1), material=rw.Interface(interior)),
        rw.Sphere((1, 0.8, 0.3), 0.3, material=rw.Emissive((2, 3, 4))),
        rw.Sphere((2, 4, 2), 0.8, material=rw.Emissive((9, 8, 7))),
        rw.Sphere((-0.7, 1, 0), 0.3, material=rw.Diffuse((0.2, 0.4, 0.8))),
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 2, 5), look_at=(0, 0.8, 0), vfov=36)
    return rw.Scene(shapes, camera=camera, **others)


def test_without_scattering_volpath_is_path():
    scene = rw.presets.cornell()
    settings = {"max_depth": 6, "spp": 8, "width": 24, "height": 24}
    path = rw.render(scene, **settings)
    np.testing.assert_allclose(
        rw.render(scene, **settings, integrator="volpath").pixels, path.pixels, rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("g", [0.0, 0.8])
def test_white_furnace(g):
    # What absorbs nothing can't be seen where light is the same everywhere.
    medium = rw.HomogeneousMedium(0, (1, 2, 4), anisotropy=g)
    shapes = [
        rw.Sphere((0, 0, 0), 1, material=rw.Interface(medium)),
        rw.Sphere((0, 0, 0), 0.3, material=rw.Diffuse(1)),
        rw.Sphere((0.8, 0.8, 0), 0.6, material=glass(medium, 1.4)),
    ]
    sky = [rw.ConstantEnvironment(1)]
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=25)
    scene = rw.Scene(shapes, emitters=sky, camera=camera)
    picture = picture_statistics(scene, **SMALL, per_batch=64, max_depth=2000, integrator="volpath")
    assert check_means(picture, exactly(1.0, (5, 6, 3)), rounding=1e-4) > LEVEL
    lamp = rw.Sphere((0, 0, 0), 20, material=rw.Emissive(1), flip_normals=True)
    inside = rw.Scene([*shapes, lamp], camera=camera)
    picture = picture_statistics(
        inside, **SMALL, per_batch=256, max_depth=2000, integrator="volpath"
    )
    assert check_means(picture, exactly(1.0, (5, 6, 3)), rounding=1e-4) > LEVEL


def test_single_scattering_of_parallel_light():
    # Thin smoke, seen along z and lit along -y: the integral of its two transmittances.
    medium = rw.HomogeneousMedium(0.2, 0.3, anisotropy=0.0)
    block = rw.Box((0, 0, 0), (200, 2, 2), material=rw.Interface(medium))
    scene = rw.Scene([block], emitters=[rw.DirectionalLight((0, -1, 0), 1)], camera=ALONG_Z)
    picture = picture_statistics(scene, **SMALL, per_batch=512, max_depth=2, integrator="volpath")
    # At y = 0 the light has gone 1 deep: albedo part s / 4 pi e^-1t, times (1 - e^-2t) / t.
    t, s = 0.5, 0.3
    expected = s / (4 * np.pi) * np.exp(-t) * (1 - np.exp(-2 * t)) / t
    assert check_means(picture, exactly(expected, (5, 6, 3)), rounding=1e-4) > LEVEL


@pytest.mark.parametrize("change", [{"next_event": False}, {"roulette": False}])
def test_settings_change_only_the_noise(change):
    settings = {"max_depth": 6, "integrator": "volpath", **SMALL}
    for scene in (cloud(SMOKE), cloud(SMOKE, medium=rw.HomogeneousMedium(0.02, 0.05))):
        reference = render_batches(scene, 48, 256, seed=1, **settings)
        other = render_batches(scene, 48, 512, seed=2, **settings, **change)
        assert check_batches(reference, other) > LEVEL


def test_an_interface_does_not_count():
    scene = cloud(rw.HomogeneousMedium())
    bare = scene.replace(
        shapes=[s for s in scene.shapes if not isinstance(s.material, rw.Interface)]
    )
    a, b = (
        rw.render(s, **SMALL, spp=64, max_depth=3, integrator=i)
        for s, i in ((scene, "volpath"), (bare, "path"))
    )
    np.testing.assert_allclose(a.pixels, b.pixels, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("integrator", ["path", "bdpt", "direct"])
def test_other_integrators_refuse_what_scatters(integrator):
    with pytest.raises(rw.RaywidgetError, match="integrator='volpath'"):
        rw.render(cloud(SMOKE), **SMALL, spp=1, integrator=integrator)
    scene = rw.Scene([slab(SMOKE)], camera=ALONG_Z)
    with pytest.raises(rw.RaywidgetError, match="integrator='volpath'"):
        rw.render(scene, **SMALL, spp=1, integrator=integrator)
