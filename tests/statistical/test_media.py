"""Media: what they absorb, what they scatter, and where to."""

import itertools

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
from raywidget.kernels.language.sampling import make_frame, to_world
from raywidget.kernels.language.vec3 import vec3
from raywidget.kernels.volumes.medium import eval_phase, sample_phase

pytestmark = pytest.mark.statistical

SMALL = {"width": 6, "height": 5}
ALONG_Z = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=1e-3)
LAMP = rw.Quad((-5, -5, -5), (10, 0, 0), (0, 10, 0), material=rw.Emissive((1, 2, 3)))
SMOKE = rw.HomogeneousMedium((0.1, 0.3, 0.2), (1.5, 0.9, 2.5), anisotropy=0.4)


def glass(medium, ior=1.0):
    return rw.Dielectric(ior, interior=medium)


# --- Holes ----------------------------------------------------------------------------------------


INTEGRATORS = ["path", "bdpt", "volpath"]
HALF = np.array([[0.5]])
# Half a surface, in all ways to say it
HALVES = {
    "number": 0.5,
    "picture": rw.ImageTexture(HALF),
    "leaf": rw.ImageTexture(np.array([[0.0, 1.0]]), filter="nearest", scale=7),
}


def masked(name, medium):
    """Glass that bends nothing, with holes, filled with a medium: along z it is 2 units long."""
    material = rw.Dielectric(1.0, interior=medium, opacity=HALVES.get(name, 0.5))
    if name == "mixture":
        parts = [rw.Dielectric(1.0, interior=medium), rw.Dielectric(1.0, interior=medium)]
        material = rw.Mix(*parts, opacity=0.5)
    if name == "box":
        return rw.Box((0, 0, 0), (2, 2, 2), material=material)
    if name == "mirrored copy":
        return rw.Instances(rw.Mesh(*cube(), material=material), [np.diag([-1.0, 1, 1, 1])])
    return rw.Sphere((0, 0, 0), 1, material=material)


def cube():
    """Corners and triangles of a cube from -1 to 1, with normals that point out of it."""
    corners = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1], indexing="ij")).reshape(3, -1).T
    sides = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return corners, [(a, b, c) for a, b, c, _ in sides] + [(a, c, d) for a, _, c, d in sides]


@pytest.mark.parametrize("integrator", INTEGRATORS)
@pytest.mark.parametrize("name", [*HALVES, "mixture", "box", "mirrored copy"])
def test_what_passes_through_holes_goes_through_the_interior(name, integrator):
    # However a ray gets in and out, it goes the same way through the same medium.
    medium = rw.HomogeneousMedium((0.5, 0.1, 1.5))
    scene = rw.Scene([masked(name, medium), LAMP], camera=ALONG_Z)
    picture = rw.render(scene, **SMALL, spp=16, max_depth=8, integrator=integrator)
    expected = np.array([1, 2, 3]) * np.exp(-2.0 * np.array(medium.absorption))
    np.testing.assert_allclose(picture.pixels, np.broadcast_to(expected, (5, 6, 3)), rtol=2e-5)


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_holes_in_balls_within_balls(integrator):
    # 1 in water, 1 in a clear ball, 1 in a red one, and back out: all three have holes.
    water, red = rw.HomogeneousMedium((0.3, 0.2, 0.1)), rw.HomogeneousMedium((0.1, 1.0, 1.0))
    shapes = [
        rw.Sphere((0, 0, 0), radius, material=rw.Dielectric(1.0, interior=medium, opacity=opacity))
        for radius, medium, opacity in ((2.5, water, 0.5), (1.5, None, 0.3), (0.5, red, 0.6))
    ]
    scene = rw.Scene([*shapes, LAMP], camera=ALONG_Z)
    picture = rw.render(scene, **SMALL, spp=32, max_depth=12, integrator=integrator)
    lost = 2.0 * np.array(water.absorption) + np.array(red.absorption)
    expected = np.array([1, 2, 3]) * np.exp(-lost)
    np.testing.assert_allclose(picture.pixels, np.broadcast_to(expected, (5, 6, 3)), rtol=2e-5)


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_shadow_rays_know_what_is_behind_holes(integrator):
    # A shadow ray crosses both faces of the glass and the veil by their holes, or is stopped; what
    # the glass is filled with takes its share of what comes through.
    medium = rw.HomogeneousMedium((0.5, 0.0, 1.5))
    screen = rw.Box(
        (0, 3, 0), (40, 2, 40), material=rw.Dielectric(1.5, interior=medium, opacity=0.5)
    )
    veil = rw.Quad((-20, 1, 20), (40, 0, 0), (0, 0, -40), material=rw.Diffuse(0, opacity=0.25))
    floor = rw.Quad((-9, 0, 9), (18, 0, 0), (0, 0, -18), material=rw.Diffuse(1))
    sun = rw.DirectionalLight((0, -1, 0), np.pi)
    camera = rw.PerspectiveCamera(look_from=(0, 0.5, 0.01), look_at=(0, 0, 0), vfov=20)
    scene = rw.Scene([screen, veil, floor], emitters=[sun], camera=camera)
    settings = {"max_depth": 2, "integrator": integrator}
    picture = picture_statistics(scene, **SMALL, per_batch=4, **settings)
    expected = exactly(0.75 / 4 * np.exp(-2.0 * np.array(medium.absorption)), (5, 6, 3))
    assert check_means(picture, expected, rounding=1e-5) > LEVEL


# --- Glass in water -------------------------------------------------------------------------------


def through(indices, shares):
    """Share of light that gets straight through layers, with all reflections between their faces.

    `shares` are those that the layers let through. Layers are added one by one, as light that is
    not coherent: T = T1 T2 / (1 - R1 R2), R1 seen from behind.
    """
    transmitted, behind = 1.0, 0.0
    for k, (before, after) in enumerate(itertools.pairwise(indices)):
        share = shares[k - 1] if k else 1.0
        r = ((before - after) / (before + after)) ** 2
        behind = behind * share * share
        between = 1.0 / (1.0 - behind * r)
        transmitted = transmitted * share * (1.0 - r) * between
        behind = r + (1.0 - r) ** 2 * behind * between
    return transmitted


WATER, GLASS = 1.33, 1.5


@pytest.mark.parametrize("integrator", INTEGRATORS)
@pytest.mark.parametrize("order", ["glass in water", "water in glass"])
def test_layers_within_each_other(order, integrator):
    # Along the axis, 2 units of one, 2 of the other within it, 2 of the first: Fresnel's formula
    # for each pair of indices, Beer and Lambert between, every reflection counted.
    swapped = order == "water in glass"
    outer, inner = (GLASS, WATER) if swapped else (WATER, GLASS)
    media = [rw.HomogeneousMedium(a) for a in (0.05, 0.2)]
    shapes = [
        rw.Sphere((0, 0, 0), 3, material=rw.Dielectric(outer, interior=media[0])),
        rw.Sphere((0, 0, 0), 1, material=rw.Dielectric(GLASS / WATER, interior=media[1])),
    ]
    if swapped:  # the thinner side is where normals point to; so both are clear
        clear = rw.Dielectric(GLASS / WATER)
        shapes = [
            shapes[0].replace(material=rw.Dielectric(outer)),
            rw.Sphere((0, 0, 0), 1, material=clear, flip_normals=True),
        ]
    sky = rw.GradientEnvironment(top=0, bottom=1)
    camera = rw.PerspectiveCamera(look_from=(0, 9, 0), look_at=(0, 0, 0), up=(0, 0, 1), vfov=1e-3)
    scene = rw.Scene(shapes, emitters=[sky], camera=camera)
    settings = {"max_depth": 60, "integrator": integrator, "per_batch": 256, "batches": 32}
    picture = picture_statistics(scene, **SMALL, **settings)
    shares = (1, 1, 1) if swapped else (np.exp(-0.1), np.exp(-0.4), np.exp(-0.1))
    expected = exactly(through((1, outer, inner, outer, 1), shares), (5, 6, 3))
    assert check_means(picture, expected, rounding=2e-5) > LEVEL


def test_a_ball_of_the_same_index_is_not_there():
    shape = rw.Sphere((0, 0, 0), 1, material=rw.Dielectric(1.5))
    inner = rw.Sphere((0.2, 0.1, 0), 0.5, material=rw.Dielectric(1.0))
    sky = rw.GradientEnvironment(top=0, bottom=1)
    camera = rw.PerspectiveCamera(look_from=(0, 1, 4), look_at=(0, 0, 0), vfov=35)
    pictures = [
        picture_statistics(
            rw.Scene(shapes, emitters=[sky], camera=camera),
            **SMALL,
            max_depth=40,
            per_batch=128,
            seed=seed,
        )
        for seed, shapes in enumerate(([shape], [shape, inner]))
    ]
    assert check_means(*pictures) > LEVEL


# --- Phase function -------------------------------------------------------------------------------


@entry
def _sample_phases(g, d, numbers, directions):
    for i in range(len(numbers)):
        frame = make_frame(vec3(d[0], d[1], d[2]))
        w = to_world(frame, sample_phase(g, numbers[i, 0], numbers[i, 1]))
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
