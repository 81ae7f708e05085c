"""Volumes against closed forms, against media, and against themselves said in another way."""

import numpy as np
import pytest
from significance import (
    LEVEL,
    check_batches,
    check_means,
    exactly,
    picture_statistics,
    render_batches,
)

import raywidget as rw
from raywidget.compiler.volumes import bounds, rows

pytestmark = pytest.mark.statistical

SMALL = {"width": 6, "height": 5}
VOLPATH = {"integrator": "volpath", **SMALL}
ALONG_Z = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=1e-3)
SKY = rw.ConstantEnvironment((1, 2, 3))
RNG = np.random.default_rng(8)
LUMPS = np.maximum(RNG.random((12, 9, 10)) - 0.4, 0.0)


def block(values, transfer, size=2.0, **others):
    """A volume in the cube from -size/2 to size/2."""
    spacing = size / np.array(np.shape(values)[:3])
    origin = spacing / 2 - size / 2
    return rw.Volume(values, spacing=spacing, origin=origin, transfer=transfer, **others)


def mean_is(scene, expected, **settings):
    settings = {"per_batch": 256, "batches": 32, **VOLPATH, **settings}
    picture = picture_statistics(scene, **settings)
    shape = picture.mean.shape
    return check_means(picture, exactly(np.broadcast_to(expected, shape), shape), rounding=3e-5)


# --- What gets through ----------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["byte", "half", "single"])
@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_a_slab_of_constant_extinction(precision, interpolation):
    black = rw.TransferFunction(0.0, extinction=1.0, density=0.6)
    volume = block(np.full((5, 6, 7), 4.5), black, precision=precision, interpolation=interpolation)
    scene = rw.Scene([volume], emitters=[SKY], camera=ALONG_Z)
    assert mean_is(scene, np.array([1, 2, 3]) * np.exp(-1.2)) > LEVEL


def test_holes_behind_smoke():
    # Whether smoke stops a path, and whether it finds a hole behind, are chances of their own.
    black = rw.TransferFunction(0.0, extinction=1.0, density=0.6)
    sieve = rw.Quad((-3, -3, -2), (6, 0, 0), (0, 6, 0), material=rw.Diffuse(0.0, opacity=0.7))
    scene = rw.Scene([block(np.ones((3, 3, 3)), black), sieve], emitters=[SKY], camera=ALONG_Z)
    assert mean_is(scene, 0.3 * np.array([1, 2, 3]) * np.exp(-1.2)) > LEVEL


def test_what_only_separates_in_smoke():
    # Each of the three pieces of the way has a chance of its own.
    black = rw.TransferFunction(0.0, extinction=1.0, density=0.6)
    shell = rw.Sphere((0, 0, 0), 0.4, material=rw.Interface(rw.HomogeneousMedium(0.0, 0.0)))
    scene = rw.Scene([block(np.ones((3, 3, 3)), black), shell], emitters=[SKY], camera=ALONG_Z)
    assert mean_is(scene, np.array([1, 2, 3]) * np.exp(-1.2)) > LEVEL


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_slab_of_linear_extinction(axis, order):
    # Numbers k + 1/2 in the middle of cells: linear, but for half a cell at both ends.
    along = np.moveaxis(np.broadcast_to(np.arange(8) + 0.5, (3, 4, 8)), 2, axis)
    black = rw.TransferFunction(0.0, density=0.9, limits=(0, 8), resolution=1024)
    eye = np.roll((0, 0, 5), axis + 1).tolist()
    camera = ALONG_Z.replace(look_from=eye, up=np.roll((0, 1, 0), axis + 1).tolist())
    volume = block(np.array(along, order=order), black)
    assert (
        mean_is(
            rw.Scene([volume], emitters=[SKY], camera=camera), np.array([1, 2, 3]) * np.exp(-0.9)
        )
        > LEVEL
    )


def test_the_camera_may_be_inside():
    black = rw.TransferFunction(0.0, extinction=1.0, density=0.6)
    camera = ALONG_Z.replace(look_from=(0, 0, 0.25), look_at=(0, 0, -1))
    scene = rw.Scene([block(np.ones((5, 6, 7)), black)], emitters=[SKY], camera=camera)
    assert mean_is(scene, np.array([1, 2, 3]) * np.exp(-0.75)) > LEVEL


def test_what_glows():
    # Radiance (1 - exp(-tau)) of the source, before a black sky.
    fire = rw.TransferFunction(0.0, extinction=1.0, density=0.8, emission=(3, 1, 0.5), glow=2.0)
    scene = rw.Scene([block(np.ones((5, 6, 7)), fire)], camera=ALONG_Z)
    assert mean_is(scene, np.array([6, 2, 1]) * (1 - np.exp(-1.6))) > LEVEL


def test_holes_are_empty():
    values = np.ones((6, 6, 8))
    values[:, :, 2:4] = np.nan  # with half a cell on both sides, in which a hole counts
    black = rw.TransferFunction(0.0, extinction=1.0, density=1.0)
    for precision in ("byte", "half", "single"):
        scene = rw.Scene(
            [block(values, black, precision=precision)], emitters=[SKY], camera=ALONG_Z
        )
        assert mean_is(scene, np.array([1, 2, 3]) * np.exp(-2.0 * 5 / 8)) > LEVEL


def test_colours_with_opacity():
    # uint8 by the sRGB curve; what glows shows them, behind what takes half away.
    values = np.zeros((2, 2, 4, 4), np.uint8)
    values[..., :] = (255, 128, 0, 255)
    glowing = rw.TransferFunction(0.0, extinction=1.0, density=1.0, emission=1.0)
    color = np.array([1.0, rw.decode_srgb(128 / 255).item(), 0.0])
    for given in (
        values,
        np.concatenate([np.broadcast_to(color, (2, 2, 4, 3)), np.ones((2, 2, 4, 1))], 3),
    ):
        for precision in ("byte", "half", "single"):
            scene = rw.Scene([block(given, glowing, precision=precision)], camera=ALONG_Z)
            p = picture_statistics(scene, per_batch=256, batches=16, **VOLPATH)
            shape = p.mean.shape
            expected = exactly(np.broadcast_to(color * (1 - np.exp(-2.0)), shape), shape)
            assert check_means(p, expected, rounding=1.5e-2) > LEVEL


def test_islands_in_empty_space_are_not_leapt_over():
    # Of three axes, and askew: what gets through is what lies on the way.
    values = np.zeros((80, 72, 96), np.uint8)
    values[5:9, 30:33, 70:74] = values[60:66, 8:14, 20:27] = 1
    values[::37, ::29, ::31] = 1
    black = rw.TransferFunction(0.0, extinction=[(0, 0), (1, 1)], density=9.0, limits=(0, 1))
    volume = block(values, black, interpolation="nearest")
    eyes = np.random.default_rng(3).normal(size=(12, 3))
    for eye in eyes * 4 / np.linalg.norm(eyes, axis=1)[:, None]:
        aim = np.random.default_rng(4).uniform(-0.3, 0.3, 3)
        camera = rw.PerspectiveCamera(look_from=eye, look_at=aim, vfov=1e-3)
        along = (aim - eye) / np.linalg.norm(aim - eye)
        t = (np.arange(400_000) + 0.5) * (8.0 / 400_000)
        at = (eye + t[:, None] * along + 1.0) * (np.array(values.shape) / 2.0)
        within = np.all((at >= 0) & (at < values.shape), axis=1)
        met = values[tuple(at[within].astype(int).T)].sum() * (8.0 / 400_000)
        scene = rw.Scene([volume], emitters=[SKY], camera=camera)
        assert mean_is(scene, np.array([1, 2, 3]) * np.exp(-9.0 * met), per_batch=64) > LEVEL


@pytest.mark.parametrize("depth", [2.5, 4.0, 7.0])
def test_what_gets_out_of_what_is_thick(depth):
    # A sun behind a slab of smoke, seen by a white floor before it: shadow rays alone.
    black = rw.TransferFunction(0.0, extinction=1.0, density=depth / 2.0)
    volume = block(np.ones((64, 64, 64), np.uint8), black)
    floor = rw.Quad((-0.1, -0.1, 1.5), (0.2, 0, 0), (0, 0.2, 0), material=rw.Diffuse(1.0))
    sun = rw.DirectionalLight((0, 0, 1), irradiance=np.pi * np.exp(depth))
    camera = ALONG_Z.replace(look_from=(0, 0, 1.2), look_at=(0, 0, 2))
    scene = rw.Scene([volume, floor], emitters=[sun], camera=camera)
    assert mean_is(scene, 1.0, max_depth=2) > LEVEL


# --- Scattering -----------------------------------------------------------------------------------


def test_single_scattering():
    # Along z through a slab of thickness 2, light from the side through infinitely wide space would
    # never arrive; from behind the camera, of irradiance E: albedo E / (4 pi) times the integral of
    # extinction exp(-2 extinction x).
    grey = rw.TransferFunction(0.7, extinction=1.0, density=0.5)
    sun = rw.DirectionalLight((0, 0, -1), irradiance=(1, 2, 4))
    scene = rw.Scene([block(np.ones((4, 4, 4)), grey)], emitters=[sun], camera=ALONG_Z)
    expected = 0.7 * np.array([1, 2, 4]) / (4 * np.pi) * 0.5 * (1 - np.exp(-2 * 0.5 * 2))
    assert mean_is(scene, expected, max_depth=2) > LEVEL


@pytest.mark.parametrize("seed", [1, 2])
def test_a_white_furnace(seed):
    white = rw.TransferFunction(1.0, density=30.0, g=[(0.0, -0.4), (0.6, 0.8)])
    volume = block(np.random.default_rng(seed).random((9, 8, 7)), white)
    camera = rw.PerspectiveCamera(look_from=(1, 2, 5), look_at=(0, 0, 0), vfov=40)
    scene = rw.Scene([volume], emitters=[rw.ConstantEnvironment(1.0)], camera=camera)
    picture = rw.render(scene, **VOLPATH, spp=64, max_depth=10_000)
    np.testing.assert_allclose(picture.pixels, 1.0, atol=1e-5)


def test_a_gradient_is_shaded_as_a_surface_is():
    # Numbers rise along z within a cell, so sharply that it is a surface for sure, of which
    # albedo E cos / pi comes back of the light that gets there. That passes as much as the view
    # does, askew: exp(-depth (1 + 1 / cos)) integrates to 1 / (1 + sqrt 2).
    values = np.zeros((4, 4, 16))
    values[:, :, :8] = 1.0
    look = rw.TransferFunction(0.7, extinction=[(0.5, 0), (0.6, 1)], density=4000.0, limits=(0, 1))
    sharp = block(values, look, shading="gradient", sharpness=1e3)
    sun = rw.DirectionalLight((0, 1, -1), irradiance=(1, 2, 4))
    scene = rw.Scene([sharp], emitters=[sun], camera=ALONG_Z)
    expected = 0.7 * np.array([1, 2, 4]) * np.cos(np.radians(45)) / np.pi / (1 + np.sqrt(2))
    picture = picture_statistics(scene, per_batch=64, batches=32, max_depth=2, **VOLPATH)
    shape = picture.mean.shape
    # The extinction grows within the surface, a few thousandths thick.
    sure = exactly(np.broadcast_to(expected, shape), shape)
    assert check_means(picture, sure, rounding=2e-2) > LEVEL


def test_shaded_volumes_are_white_in_a_white_furnace():
    white = rw.TransferFunction(1.0, density=30.0)
    volume = block(LUMPS, white, shading="gradient", sharpness=8.0)
    camera = rw.PerspectiveCamera(look_from=(1, 2, 5), look_at=(0, 0, 0), vfov=40)
    scene = rw.Scene([volume], emitters=[rw.ConstantEnvironment(1.0)], camera=camera)
    picture = rw.render(scene, **VOLPATH, spp=64, max_depth=10_000)
    np.testing.assert_allclose(picture.pixels, 1.0, atol=1e-5)


def test_of_shaded_volumes_light_samples_and_scattering_find_the_same():
    look = rw.TransferFunction(COLOR, density=6.0)
    scene = smoky([block(LUMPS, look, shading="gradient", sharpness=6.0)])
    scene = scene.replace(emitters=scene.emitters[:1])
    with_lights = render_batches(scene, 32, 256, seed=1, max_depth=8, **VOLPATH)
    without = render_batches(scene, 32, 1024, seed=2, max_depth=8, next_event=False, **VOLPATH)
    assert check_batches(with_lights, without) > LEVEL
    plain = scene.replace(shapes=[*scene.shapes[:-1], block(LUMPS, look)])
    unlike = render_batches(plain, 32, 256, seed=3, max_depth=8, **VOLPATH)
    assert check_batches(with_lights, unlike) < LEVEL


def smoky(fill, **others):
    """A cube of smoke on a floor under a lamp, in a corner of a room."""
    shapes = [
        rw.Quad((-3, -1, 3), (6, 0, 0), (0, 0, -6), material=rw.Diffuse((0.7, 0.6, 0.5))),
        rw.Quad((-0.5, 2, -0.5), (1, 0, 0), (0, 0, 1), emission=(9, 8, 7)),
        rw.Sphere((1.2, -0.4, 0.6), 0.4, material=rw.Metal(0.8)),
        *fill,
    ]
    camera = rw.PerspectiveCamera(look_from=(1, 1.5, 5), look_at=(0, -0.1, 0), vfov=36)
    point = rw.PointLight((-1.5, 0.2, 1.4), intensity=(1, 2, 3))
    return rw.Scene(shapes, emitters=[SKY.replace(radiance=0.3), point], camera=camera, **others)


COLOR, DENSITY = (0.9, 0.7, 0.5), 1.4


def test_a_constant_grid_is_a_homogeneous_medium():
    transfer = rw.TransferFunction(COLOR, extinction=1.0, density=DENSITY, g=0.5)
    volume = block(np.ones((3, 4, 5)), transfer, 1.8)
    scattering = DENSITY * np.array(COLOR)
    medium = rw.HomogeneousMedium(DENSITY - scattering, scattering, anisotropy=0.5)
    box = rw.Box((0, 0, 0), (1.8, 1.8, 1.8), material=rw.Interface(medium))
    pictures = [
        render_batches(smoky([shape]), 32, 256, seed=seed, max_depth=8, **VOLPATH)
        for seed, shape in enumerate((volume, box))
    ]
    assert check_batches(*pictures) > LEVEL


def test_two_halves_that_overlap_are_one():
    whole = rw.TransferFunction(COLOR, density=4.0, g=0.3)
    half = whole.replace(density=2.0)
    fog = rw.HomogeneousMedium(0.02, 0.05)
    pictures = [
        render_batches(smoky(fill, medium=fog), 32, 256, seed=seed, max_depth=8, **VOLPATH)
        for seed, fill in enumerate(
            ([block(LUMPS, whole)], [block(LUMPS, half), block(LUMPS, half)])
        )
    ]
    assert check_batches(*pictures) > LEVEL


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_light_on_the_way_is_that_of_where_it_is_stopped(interpolation):
    # One volume is lit on the way through it, two are where they stop light; turned from red to
    # blue by what is stopped where.
    colors = [(0.0, (0.9, 0.3, 0.2)), (0.6, (0.2, 0.4, 0.9))]
    whole = rw.TransferFunction(colors, extinction=[(0, 0), (0.6, 1)], density=0.9, g=0.4)
    half = whole.replace(density=0.45)
    pictures = [
        render_batches(smoky(fill), 32, 256, seed=seed, max_depth=6, **VOLPATH)
        for seed, fill in enumerate(
            [block(LUMPS, look, interpolation=interpolation) for look in looks]
            for looks in ([whole], [half, half])
        )
    ]
    assert check_batches(*pictures) > LEVEL


@pytest.mark.parametrize("kind", ["straight", "bent", "colours", "nearest", "signed"])
def test_a_number_by_chance_has_the_mean_of_all_around_a_point(kind, monkeypatch):
    # Everywhere linear, nowhere, in some blocks; the other scene blends all eight everywhere.
    bent = [(0, 0), (0.2, 1), (0.3, 0.1), (0.6, 0.7)]
    options = {"color": "viridis", "extinction": bent if kind == "bent" else None, "limits": (0, 1)}
    values, others = LUMPS, {}
    if kind == "colours":
        values = RNG.random((6, 5, 7, 4))
        options["color"] = 1.0
    elif kind == "nearest":
        others["interpolation"] = "nearest"
    elif kind == "signed":
        values = np.int16(1000 * LUMPS - 300)
        options["limits"] = (-300, 700)
    transfer = rw.TransferFunction(density=3.0, **options)
    sun = rw.DirectionalLight((-1, -2, -1), irradiance=2.0)
    camera = ALONG_Z.replace(vfov=30)
    scene = rw.Scene([block(values, transfer, **others)], emitters=[SKY, sun], camera=camera)
    first = render_batches(scene, 48, 64, seed=1, **VOLPATH)
    straight = bounds.bound_extinction

    def blended(*given):
        return np.abs(straight(*given)) * (given[0].low.reshape(-1, 1) > -np.inf)

    if kind != "nearest":
        monkeypatch.setattr(rows, "bound_extinction", blended)
    copy = scene.replace(shapes=[block(values.copy(), transfer)]) if kind != "nearest" else scene
    second = render_batches(copy, 48, 64, seed=2, **VOLPATH)
    assert check_batches(first, second) > LEVEL


def test_blocks_change_no_mean(monkeypatch):
    transfer = rw.TransferFunction(COLOR, extinction=[(0, 0), (0.3, 1), (0.6, 0.2)], density=6.0)
    numbers = np.kron(LUMPS, np.ones((3, 3, 3)))
    pictures = []
    for seed, most in enumerate((64, 3, 1)):
        monkeypatch.setattr(bounds, "BLOCKS", most)
        scene = smoky([block(numbers, transfer)])
        pictures.append(render_batches(scene, 32, 256, seed=seed, max_depth=8, **VOLPATH))
    assert check_batches(pictures[0], pictures[1]) > LEVEL
    assert check_batches(pictures[0], pictures[2]) > LEVEL


def test_light_samples_and_scattering_find_the_same():
    scene = smoky([block(LUMPS, rw.TransferFunction(COLOR, density=6.0, g=-0.3))])
    scene = scene.replace(emitters=scene.emitters[:1])  # points are never found
    with_lights = render_batches(scene, 32, 256, seed=1, max_depth=8, **VOLPATH)
    without = render_batches(scene, 32, 1024, seed=2, max_depth=8, next_event=False, **VOLPATH)
    assert check_batches(with_lights, without) > LEVEL


@pytest.mark.parametrize("scale", [1e-6, 1e7])
def test_scenes_of_any_size_look_alike(scale):
    def scene(s):
        transfer = rw.TransferFunction(COLOR, density=6.0 / s)
        volume = block(LUMPS, transfer, 2.0 * s, name="smoke")
        camera = rw.PerspectiveCamera(look_from=(s, 2 * s, 5 * s), look_at=(0, 0, 0), vfov=30)
        sun = rw.DirectionalLight((1, -2, -1), irradiance=4.0)
        return rw.Scene([volume], emitters=[SKY, sun], camera=camera)

    pictures = [
        render_batches(scene(s), 24, 128, seed=seed, **VOLPATH)
        for seed, s in enumerate((1.0, scale))
    ]
    assert check_batches(*pictures) > LEVEL


def test_turned_volumes_are_what_is_turned():
    transfer = rw.TransferFunction(COLOR, density=6.0)
    volume = block(LUMPS, transfer)
    turn = rw.transforms.rotation_xyz(20, -40, 65)[:3, :3]
    turned = volume.replace(direction=turn, origin=turn @ np.array(volume.origin))
    sun = np.array((1, -2, -1))
    eye, up = np.array((1, 2, 5)), np.array((0, 1, 0))

    def scene(shape, matrix):
        camera = rw.PerspectiveCamera(
            look_from=matrix @ eye, look_at=(0, 0, 0), up=matrix @ up, vfov=30
        )
        light = rw.DirectionalLight(matrix @ sun, irradiance=4.0)
        return rw.Scene([shape], emitters=[light, SKY], camera=camera)

    pictures = [
        render_batches(scene(shape, matrix), 24, 128, seed=seed, **VOLPATH)
        for seed, (shape, matrix) in enumerate(((volume, np.eye(3)), (turned, turn)))
    ]
    assert check_batches(*pictures) > LEVEL


def test_alpha_is_what_does_not_get_through():
    black = rw.TransferFunction(0.0, extinction=1.0, density=0.6)
    scene = rw.Scene([block(np.ones((5, 6, 7)), black)], emitters=[SKY], camera=ALONG_Z)
    with pytest.warns(rw.PictureWarning, match="volumes"):  # black, and nothing behind it
        picture = rw.render(scene, **SMALL, spp=512, alpha=True)
    # In a constant block, what gets through is known without chance.
    np.testing.assert_allclose(picture.alpha, 1 - np.exp(-1.2), atol=2e-4)
