"""Volumes that glow, as lamps: what they light, by whichever way it is found."""

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
from raywidget.compiler import compile_scene
from raywidget.compiler.volumes.bounds import Ranges, find_glow

pytestmark = pytest.mark.statistical

SMALL = {"integrator": "volpath", "width": 6, "height": 5}
RNG = np.random.default_rng(21)
LUMPS = np.maximum(RNG.random((9, 12, 10)) - 0.4, 0.0)
FIRE = rw.TransferFunction(
    0.3, extinction=[(0, 0), (1, 1)], density=3.0, limits=(0, 1), emission="inferno", glow=6.0
)


def block(values, transfer, size, center=(0.0, 0.0, 0.0), **others):
    spacing = size / np.array(np.shape(values)[:3])
    origin = np.array(center) + spacing / 2 - size / 2
    return rw.Volume(values, spacing=spacing, origin=origin, transfer=transfer, **others)


def hall(fill, **others):
    """A dark place: a floor, a wall, a mirror, and what glows."""
    shapes = [
        rw.Quad((-3, -1, 3), (6, 0, 0), (0, 0, -6), material=rw.Diffuse((0.8, 0.6, 0.5))),
        rw.Quad((-3, -1, -2), (6, 0, 0), (0, 4, 0), material=rw.Principled(0.5, roughness=0.4)),
        rw.Sphere((1.1, -0.5, 0.4), 0.5, material=rw.Metal(0.8, roughness=0.0)),
        rw.Sphere((-1.3, -0.6, 0.3), 0.4, material=rw.Dielectric()),
        *fill,
    ]
    camera = rw.PerspectiveCamera(look_from=(0.5, 1, 5), look_at=(0, -0.3, 0), vfov=40)
    return rw.Scene(shapes, camera=camera, **others)


def both_ways(scene, **settings):
    """Does it look alike whether points that glow are drawn, or found by chance?"""
    settings = {"max_depth": 6, **SMALL, **settings}
    chance = 0.0
    for spp, seed in (128, 1), (512, 31):
        drawn = render_batches(scene, 24, spp, seed=seed, **settings)
        by_chance = render_batches(scene, 24, 8 * spp, seed=seed + 30, next_event=False, **settings)
        chance = check_batches(drawn, by_chance)
        if chance > LEVEL:
            break  # else once more: one in a hundred is, a fault is all the plainer in more samples
    return chance


def lit_by_a_cube(point, size, depth):
    """Share of the sky of a point that a cube fills, by the cosine to y and what it stops."""
    n = 1500
    u, v = (np.indices((n, n)).reshape(2, -1) + 0.5) / n
    r, phi = np.sqrt(u), 2 * np.pi * v
    d = np.stack([r * np.cos(phi), np.sqrt(1 - u), r * np.sin(phi)])
    near, far = ((s * size / 2 - np.array(point)[:, None]) / d for s in (-1, 1))
    length = np.minimum(near, far).max(axis=0), np.maximum(near, far).min(axis=0)
    within = np.maximum(0.0, length[1] - np.maximum(length[0], 0.0))
    return np.mean(1.0 - np.exp(-within * depth / size))


@pytest.mark.parametrize("depth", [0.05, 1.0, 20.0])
def test_a_floor_is_lit_by_a_cube_as_an_integral_has_it(depth):
    size = 0.5
    fire = rw.TransferFunction(
        0.0, extinction=1.0, density=depth / size, emission=(3, 1, 0.5), glow=4.0
    )
    floor = rw.Quad((-3, -1, 3), (6, 0, 0), (0, 0, -6), material=rw.Diffuse((0.5, 0.25, 1.0)))
    camera = rw.PerspectiveCamera(look_from=(0.7, 2, 3), look_at=(0.6, -1, 0.2), vfov=1e-3)
    scene = rw.Scene([block(np.ones((5, 6, 7)), fire, size), floor], camera=camera)
    share = lit_by_a_cube((0.6, -1.0, 0.2), size, depth)
    expected = 4.0 * np.array([3, 1, 0.5]) * (0.5, 0.25, 1.0) * share
    picture = picture_statistics(scene, per_batch=256, batches=32, max_depth=2, **SMALL)
    shape = picture.mean.shape
    sure = exactly(np.broadcast_to(expected, shape), shape)
    assert check_means(picture, sure, rounding=2e-3) > LEVEL


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_points_that_are_drawn_and_found_are_the_same_light(interpolation):
    fire = block(LUMPS, FIRE.replace(g=0.4), 1.0, (-0.2, 0, 0.2), interpolation=interpolation)
    assert both_ways(hall([fire], medium=rw.HomogeneousMedium(0.03, 0.05))) > LEVEL


def test_several_that_overlap_are_each_a_lamp_with_others_beside():
    smoke = rw.TransferFunction((0.9, 0.7, 0.5), density=2.0)
    fires = [
        block(LUMPS, smoke, 1.6),
        block(LUMPS, FIRE, 0.8, (0.2, 0, 0)),
        block(LUMPS[::-1], FIRE.replace(emission=(0, 0, 2)), 0.7, (-0.3, 0.2, 0.1)),
    ]
    lamp = rw.Quad((-0.5, 2, -0.5), (1, 0, 0), (0, 0, 1), emission=(2, 2, 1))
    assert both_ways(hall([*fires, lamp])) > LEVEL


def test_turned_shaded_and_cut_ones_glow_as_they_are_found():
    turn = rw.transforms.rotation_xyz(20, -40, 65)[:3, :3]
    fire = block(LUMPS, FIRE, 1.2, shading="gradient", sharpness=4.0)
    fire = fire.replace(direction=turn, origin=turn @ np.array(fire.origin))
    cut = rw.Plane((0.05, 0, 0), (1, 0.3, 0))
    assert both_ways(hall([fire.replace(clip=[cut])])) > LEVEL
    whole = render_batches(hall([fire]), 24, 128, seed=3, max_depth=6, **SMALL)
    some = render_batches(hall([fire.replace(clip=[cut])]), 24, 128, seed=4, max_depth=6, **SMALL)
    assert check_batches(whole, some) < LEVEL


def test_colours_that_glow_light_what_is_round_them():
    colors = RNG.random((6, 5, 7, 4))
    fire = rw.TransferFunction(0.5, density=3.0, emission=2.0)
    assert both_ways(hall([block(colors, fire, 0.8)])) > LEVEL


def test_a_small_fire_in_a_dark_place_makes_little_noise():
    fire = block(LUMPS, FIRE.replace(density=20.0), 0.15, (0, 0.5, 0))
    floor = rw.Quad((-3, -1, 3), (6, 0, 0), (0, 0, -6), material=rw.Diffuse(0.7))
    camera = rw.PerspectiveCamera(look_from=(0.5, 0.2, 2), look_at=(0.5, -1, 0), vfov=40)
    scene = rw.Scene([fire, floor], camera=camera)
    settings = {"max_depth": 3, **SMALL}
    drawn, by_chance = (
        np.array(render_batches(scene, 16, 64, seed=5, next_event=way, **settings))
        for way in (True, False)
    )
    mean = drawn.mean(axis=0)
    noise = [np.mean(p.var(axis=0) / (mean**2 + 1e-6)) for p in (drawn, by_chance)]
    assert 50.0 * noise[0] < noise[1], noise


@pytest.mark.parametrize("density", [0.02, 2.0])
def test_what_is_thin_is_seen_to_glow_without_noise(density):
    # Of two colours, the farther one behind smoke and fog, beside one that the camera does not see.
    values = np.zeros((3, 3, 8))
    values[:, :, 4:] = 1.0
    fire = rw.TransferFunction(
        0.0, extinction=1.0, density=density, emission=[(0, (1, 2, 0)), (1, (3, 0, 1))]
    )
    smoke = rw.TransferFunction(0.0, extinction=1.0, density=0.5)
    fills = [
        block(values, fire, 2.0, interpolation="nearest"),
        block(np.ones((2, 2, 2)), smoke, 2.0),
        block(values, fire.replace(glow=9.0), 2.0, visible=False),
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=1e-3)
    fog = rw.HomogeneousMedium(0.1, 0.0)
    scene = rw.Scene(fills, medium=fog, camera=camera)
    total = density + 0.6
    of_each = density / total * (1.0 - np.exp(-total)) * np.exp(-0.4)
    expected = of_each * (np.array([3.0, 0, 1]) + np.exp(-total) * np.array([1.0, 2, 0]))
    settings = {"max_depth": 1, **SMALL}
    found = render_batches(scene, 32, 256, seed=1, **settings)
    shape = found.shape[1:]
    sure = exactly(np.broadcast_to(expected, shape), shape)
    statistics = picture_statistics(scene, per_batch=256, batches=32, **settings)
    assert check_means(statistics, sure, rounding=2e-4) > LEVEL
    by_chance = render_batches(scene, 32, 256, seed=2, next_event=False, **settings)
    assert check_batches(found, by_chance) > LEVEL
    if density < 1.0:
        assert 10.0 * found.var(axis=0).mean() < by_chance.var(axis=0).mean()


def test_parts_have_power_where_something_glows():
    looks = np.zeros((11, 8), np.float32)
    looks[:, 0] = 2.0
    looks[5:, 4:7] = 3.0
    low = np.array([0, 0, 6, -np.inf, -np.inf], np.float32).reshape(5, 1, 1)
    high = np.array([4, 5, 8, 9, -np.inf], np.float32).reshape(5, 1, 1)
    parts = find_glow(Ranges(low, high, 4), looks, 1.0, 0.0)
    assert parts.side == 4
    assert parts.power.ravel().tolist() == [0.0, 1.0, 6.0, 3.0, 0.0]
    many = Ranges(np.full((70, 3, 2), 6.0), np.full((70, 3, 2), 7.0), 4)
    parts = find_glow(many, looks, 1.0, 0.0)
    assert (parts.side, parts.power.shape) == (12, (24, 1, 1))
    assert parts.power.sum() == pytest.approx(70 * 6 * 6.0)


def test_what_does_not_glow_is_no_lamp():
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=30)
    smoke = block(LUMPS, FIRE.replace(emission=None), 1.0)
    tables = compile_scene(rw.Scene([smoke, block(LUMPS, FIRE, 1.0)], camera=camera))
    assert tables.volume_codes[:, 19].tolist() == [-1, 0]
    assert tables.volume_glow[-1] == 1.0
    assert (np.diff(tables.volume_glow) >= 0).all()
    for dark in (smoke, block(LUMPS, FIRE.replace(glow=0.0), 1.0)):
        assert len(compile_scene(rw.Scene([dark], camera=camera)).volume_glow) == 0
