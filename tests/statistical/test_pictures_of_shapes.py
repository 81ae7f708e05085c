"""Shapes with a formula against fine meshes of them, copies against meshes: whole pictures."""

from itertools import pairwise

import numpy as np
import pytest
from significance import LEVEL, check_means, corrected, exactly, picture_statistics

import raywidget as rw
from raywidget import transforms as tf

pytestmark = pytest.mark.statistical

SMALL = {"width": 20, "height": 15}
CAMERA = rw.PerspectiveCamera(look_from=(0, 2.2, 4), look_at=(0, 0.5, 0), vfov=28)
CLOSE = rw.PerspectiveCamera(look_from=(0.5, 3, 2.5), look_at=(0, 0, 0.5), vfov=18)
SKY = [rw.GradientEnvironment(top=(0.5, 0.7, 1), bottom=(0.6, 0.5, 0.4))]
FLOOR = rw.Quad((-20, 0, 20), (40, 0, 0), (0, 0, -40), material=rw.Diffuse((0.7, 0.6, 0.5)))


def lathe(profile, base, axis, steps, **parameters):
    """A mesh of a profile, rows of (radius, height), that is turned about an axis, smooth along it.

    Corners repeat where the profile does: there the surface has an edge.
    """
    axis = np.asarray(axis, float) / np.linalg.norm(axis)
    x = np.linalg.svd(axis[None])[2][1]
    y = np.cross(axis, x)
    phi = np.arange(steps + 1) / steps * 2 * np.pi
    around = np.cos(phi)[:, None] * x + np.sin(phi)[:, None] * y
    vertices, normals, faces = [], [], []
    for (r0, z0), (r1, z1) in pairwise(profile):
        if (r0, z0) == (r1, z1):
            continue
        first = len(vertices) * (steps + 1)
        slant = np.hypot(r1 - r0, z1 - z0)
        normal = ((z1 - z0) * around - (r1 - r0) * axis) / slant
        for r, z in ((r0, z0), (r1, z1)):
            vertices.append(base + r * around + z * axis)
            normals.append(normal)
        k = np.arange(steps)[:, None]
        low, high = first + k, first + steps + 1 + k
        faces += [np.concatenate([low, low + 1, high + 1], axis=1)]
        faces += [np.concatenate([low, high + 1, high], axis=1)]
    return rw.Mesh(
        np.concatenate(vertices),
        np.concatenate(faces),
        normals=np.concatenate(normals),
        **parameters,
    )


def ball_mesh(center, radius, **parameters):
    """A sphere of 40,000 triangles."""
    theta, phi = np.linspace(0, np.pi, 101), np.linspace(0, 2 * np.pi, 201)
    theta, phi = np.meshgrid(theta, phi, indexing="ij")
    normals = np.stack(
        [np.sin(theta) * np.cos(phi), np.cos(theta), np.sin(theta) * np.sin(phi)], -1
    )
    index = np.arange(101 * 201).reshape(101, 201)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.concatenate(
        [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)]
    )
    normals = normals.reshape(-1, 3)
    return rw.Mesh(center + radius * normals, faces, normals=normals, **parameters)


BASE, AXIS = np.array([-0.3, 0.4, 0.0]), np.array([0.6, 0.5, 0.2]) / np.linalg.norm([0.6, 0.5, 0.2])
TOP = BASE + 0.9 * AXIS
EDGE = [(0.4, 0.0)] * 2


def pairs(**parameters):
    """A shape with a formula, and a fine mesh of it."""
    turned = lambda profile, base=BASE, axis=AXIS: lathe(profile, base, axis, 720, **parameters)  # noqa: E731
    tall = [(0, 0), *EDGE, (0.4, 0.9), (0.4, 0.9), (0, 0.9)]
    return {
        "sphere": (
            rw.Sphere((0, 0.7, 0), 0.6, **parameters),
            ball_mesh((0, 0.7, 0), 0.6, **parameters),
        ),
        "disk": (
            rw.Disk((0, 0.6, 0), (0.2, 0.4, 1), 0.7, **parameters),
            turned([(0.7, 0), (0, 0)], (0, 0.6, 0), (0.2, 0.4, 1)),
        ),
        "cylinder": (rw.Cylinder(BASE, TOP, 0.4, **parameters), turned(tall)),
        "tube": (rw.Cylinder(BASE, TOP, 0.4, caps=False, **parameters), turned(tall[1:-1])),
        "cone": (rw.Cone(BASE, TOP, 0.4, **parameters), turned([(0, 0), *EDGE, (0, 0.9)])),
        "frustum": (
            rw.Cone(BASE, TOP, 0.4, 0.7, **parameters),
            turned([(0, 0), *EDGE, (0.7, 0.9), (0.7, 0.9), (0, 0.9)]),
        ),
    }


NAMES = list(pairs())


@pytest.mark.parametrize("name", NAMES)
def test_formulas_look_like_fine_meshes(name):
    material = rw.Metal((0.9, 0.7, 0.5), 0.3)
    lamp = rw.Quad((-0.5, 2.5, 1.5), (1, 0, 0), (0, 0.3, 1), emission=12)
    pictures = []
    for seed, shape in enumerate(pairs(material=material)[name]):
        scene = rw.Scene([shape, FLOOR, lamp], emitters=SKY, camera=CAMERA)
        pictures.append(picture_statistics(scene, max_depth=4, seed=seed, **SMALL))
    assert check_means(*pictures, rounding=2e-4) > corrected(LEVEL, len(NAMES))


@pytest.mark.parametrize("next_event", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_formulas_shine_like_fine_meshes(name, next_event):
    # The mesh is left to scattering, where light sampling can't err.
    pictures = []
    for seed, shape in enumerate(pairs(material=rw.Emissive((4, 3, 2)))[name]):
        scene = rw.Scene([shape, FLOOR], camera=CLOSE)
        settings = {"next_event": next_event and seed == 0, "max_depth": 2, "seed": seed}
        pictures.append(picture_statistics(scene, per_batch=48, **settings, **SMALL))
    # Where scattering rarely finds the lamp, chance alone says nothing.
    lit = pictures[0].mean > 0.05
    assert lit.mean() > 0.5
    pictures = [
        picture._replace(mean=picture.mean * lit, variance=picture.variance * lit)
        for picture in pictures
    ]
    assert check_means(*pictures, rounding=2e-4) > corrected(LEVEL, 2 * len(NAMES))


@pytest.mark.parametrize("name", ["sphere", "cylinder", "cone", "frustum"])
def test_glass_furnace(name):
    # All that enters leaves again: no gaps, no rays caught by rounding.
    shape = pairs(material=rw.Dielectric(1.5))[name][0]
    scene = rw.Scene([shape], emitters=[rw.ConstantEnvironment(1)], camera=CAMERA)
    picture = picture_statistics(scene, max_depth=2000, **SMALL)
    assert check_means(picture, exactly(1.0, (15, 20, 3)), rounding=1e-5) > LEVEL
    assert picture.mean.max() < 1.0 + 2e-5


def test_many_are_like_single_ones():
    generator = np.random.default_rng(0)
    centres, radii = (
        np.add(generator.uniform(-1, 1, (30, 3)), (0, 1, 0)),
        generator.uniform(0.05, 0.2, 30),
    )
    ends = centres + generator.normal(0, 0.3, (30, 3))
    colors = generator.uniform(0.1, 1, (30, 3)).astype(np.float32)
    many = [
        rw.Spheres(centres, radii, colors=colors),
        rw.Cylinders(centres, ends, radii / 2, colors=colors[::-1]),
    ]
    single = [
        rw.Sphere(c, r, material=rw.Diffuse(color))
        for c, r, color in zip(centres, radii, colors, strict=True)
    ]
    single += [
        rw.Cylinder(a, b, r / 2, material=rw.Diffuse(color))
        for a, b, r, color in zip(centres, ends, radii, colors[::-1], strict=True)
    ]
    a, b = (
        rw.render(rw.Scene([*s, FLOOR], emitters=SKY, camera=CAMERA), spp=16, max_depth=4, **SMALL)
        for s in (many, single)
    )
    np.testing.assert_allclose(a.pixels, b.pixels, rtol=2e-5)


def test_copies_with_several_materials_colors_and_lights_are_like_meshes():
    generator = np.random.default_rng(1)
    corners = generator.uniform(-0.5, 0.5, (9, 1, 3)) + generator.normal(0, 0.3, (9, 3, 3))
    vertices, faces = corners.reshape(-1, 3), np.arange(27).reshape(-1, 3)
    parameters = {
        "colors": generator.uniform(0.2, 1, (27, 3)),
        "materials": [
            rw.Diffuse(rw.Attribute("color")),
            rw.Metal((0.9, 0.6, 0.3), 0.4),
            rw.Emissive((3, 2, 1)),
        ],
        "face_materials": np.arange(9) % 3,
    }
    matrices = [
        tf.translate(x, 0.7, 0) @ tf.rotate_xyz(20, 30 * x, 40) @ tf.scale(0.8, 1.2, sign)
        for x, sign in ((-1, 1), (0, -1), (1, 0.6))
    ]
    copies = rw.Instances(rw.Mesh(vertices, faces, **parameters), matrices)
    baked = [
        rw.Mesh(
            tf.apply(m, vertices),
            faces[:, [0, 2, 1]] if np.linalg.det(m[:3, :3]) < 0 else faces,
            **parameters,
        )
        for m in matrices
    ]
    pictures = [
        picture_statistics(
            rw.Scene([*shapes, FLOOR], emitters=SKY, camera=CAMERA),
            max_depth=5,
            seed=seed,
            next_event=next_event,
            per_batch=256,  # without next-event estimation, means of few are far from normal
            **SMALL,
        )
        for seed, (shapes, next_event) in enumerate(
            [([copies], True), (baked, True), ([copies], False)], start=10
        )
    ]
    assert check_means(pictures[0], pictures[1]) > LEVEL / 2
    assert check_means(pictures[0], pictures[2]) > LEVEL / 2


def test_another_emission_lets_all_copies_shine():
    # A square of two triangles, as copies that are told to shine, against a lamp.
    square = [(-1, 0, -1), (1, 0, -1), (1, 0, 1), (-1, 0, 1)]
    dark = rw.Diffuse(0.5)
    mesh = rw.Mesh(
        square, [(0, 1, 2), (0, 2, 3)], materials=[dark, rw.Metal(0.5)], face_materials=[0, 1]
    )
    place = tf.translate(0, 2.5, 0) @ tf.scale(0.5)
    lamp = rw.Quad((-0.5, 2.5, -0.5), (1, 0, 0), (0, 0, 1), emission=(5, 4, 3))
    pictures = []
    for seed, shape in enumerate([lamp, rw.Instances(mesh, [place], emission=(5, 4, 3))]):
        scene = rw.Scene([shape, FLOOR], camera=CAMERA)
        pictures.append(picture_statistics(scene, max_depth=2, seed=seed, **SMALL))
    assert check_means(*pictures) > LEVEL
