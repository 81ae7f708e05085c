"""Colours that shapes bring, and the direction of u."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_drivers import compiled, describe, directions, trace

import raywidget as rw
from raywidget import transforms as tf

TRIANGLE = [(0, 0, 0), (2, 0, 0), (0, 3, 0)]
FACE = [(0, 1, 2)]


def down(points):
    """Rays from above onto points."""
    points = np.asarray(points, float)
    return np.add(points, (0, 0, 5)), np.broadcast_to((0.0, 0.0, -1.0), points.shape)


def barycentric(count):
    b = np.random.default_rng(0).dirichlet((1, 1, 1), count)
    return b, b @ np.array(TRIANGLE, float)


def test_colors_of_vertices_faces_and_copies():
    generator = np.random.default_rng(1)
    b, p = barycentric(100)
    ramp, plain = generator.random((3, 3)), generator.random((1, 3))
    moved = [tf.translate(40, 0, 0), tf.translate(50, 0, 0) @ tf.scale(1, -1, 1)]
    shapes = [
        rw.Mesh(TRIANGLE, FACE, normals=[(0, 0, 1)] * 3),
        rw.Mesh(np.add(TRIANGLE, (10, 0, 0)), FACE, face_colors=plain),
        rw.Mesh(np.add(TRIANGLE, (20, 0, 0)), FACE, colors=ramp),
        rw.Mesh(np.add(TRIANGLE, (30, 0, 0)), FACE, colors=ramp[::-1], uvs=[(0, 0)] * 3),
        rw.Instances(rw.Mesh(TRIANGLE, FACE, colors=ramp), moved),
    ]
    tables = compiled(shapes)
    for shift, expected in enumerate((np.ones((100, 3)), plain, b @ ramp, b @ ramp[::-1])):
        color, _ = describe(tables, *down(np.add(p, (10 * shift, 0, 0))))
        np.testing.assert_allclose(color, np.broadcast_to(expected, color.shape), atol=1e-6)
    for x, y in ((40, 1), (50, -1)):
        color, _ = describe(tables, *down(p * (1, y, 1) + (x, 0, 0)))
        np.testing.assert_allclose(color, b @ ramp, atol=2e-6)


def test_flipped_faces_keep_their_colors():
    b, p = barycentric(50)
    ramp = np.eye(3)
    color, _ = describe(
        compiled([rw.Mesh(TRIANGLE, FACE, colors=ramp, flip_normals=True)]), *down(p)
    )
    np.testing.assert_allclose(color, b @ ramp, atol=1e-6)


@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
@settings(max_examples=25)
def test_along_the_tangent_u_grows_and_v_stays(seed, flipped, copied):
    generator = np.random.default_rng(seed)
    corners, uvs = generator.normal(0, 1, (3, 3)), generator.uniform(-3, 3, (3, 2))
    mesh = rw.Mesh(corners, FACE, uvs=uvs, flip_normals=flipped)
    matrix = np.eye(4)
    shape = mesh
    if copied:
        matrix[:3] = generator.normal(0, 1, (3, 4))
        shape = rw.Instances(mesh, [matrix])
    a, b, c = tf.apply(matrix, mesh.vertices)
    middle = (a + b + c) / 3
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal)
    _, (tangent,) = describe(compiled([shape]), middle - 2 * normal, normal)
    np.testing.assert_allclose(np.linalg.norm(tangent), 1, atol=1e-6)
    assert abs(tangent @ normal) < 1e-4
    steps = np.linalg.lstsq(np.stack([b - a, c - a], axis=1), tangent, rcond=None)[0]
    du, dv = steps @ (mesh.uvs[1:] - mesh.uvs[0]).astype(float)
    assert du > 0
    assert abs(dv) < 1e-3 * du * max(1, np.ptp(uvs))


def test_tangents_of_quads_and_balls_follow_u():
    quad = rw.Quad((0, 0, 0), (2, 1, 0), (0, 3, 0))
    _, tangent = describe(compiled([quad]), *down([(1, 1, 0)]))
    np.testing.assert_allclose(tangent, [np.array([2, 1, 0]) / np.sqrt(5)], atol=1e-6)
    o = 3 * directions(np.random.default_rng(2), 300)
    for flipped in (False, True):
        tables = compiled([rw.Sphere((0, 0, 0), 1, flip_normals=flipped)])
        _, tangent = describe(tables, o, -o)
        here = trace(tables, o, -o)
        there = here.p + 1e-3 * tangent
        step = trace(tables, 3 * there, -there).uv - here.uv
        assert np.all(step[:, 0] % 1 < 0.2)
        assert np.all(np.abs(step[:, 1]) < 2e-5)
        assert np.abs((tangent * here.ns).sum(axis=1)).max() < 1e-6


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize(
    "shape",
    [
        rw.Cylinder((0, 0, -0.5), (0.2, 0.3, 0.7), 0.5),
        rw.Cone((0.1, 0, -0.5), (0, 0.3, 0.7), 0.8, 0.3),
        rw.Disk((0, 0, 0), (0.3, 0.5, -0.8), 1.5),
    ],
    ids=["cylinder", "cone", "disk"],
)
def test_tangents_of_rounds_follow_u(shape, flipped):
    tables = compiled([shape.replace(flip_normals=flipped)])
    generator = np.random.default_rng(3)
    o = 4 * directions(generator, 600)
    aim = generator.uniform(-0.3, 0.3, (600, 3))
    _, tangent = describe(tables, o, aim - o)
    here = trace(tables, o, aim - o)
    there = trace(tables, o, here.p + 1e-3 * tangent - o)
    step = (there.uv - here.uv)[(here.shape == 0) & (there.shape == 0)]
    # At a rim the step may lead to another face, next to an axis once round.
    assert np.mean(step[:, 0] % 1 < 0.1) > 0.97
    assert np.mean(step[:, 0] % 1 > 1e-5) > 0.97
    assert np.mean(np.abs(step[:, 1]) < 1e-4) > 0.97
    assert np.abs((tangent * here.ns)[here.shape == 0].sum(axis=1)).max() < 1e-6


def test_many_at_once_and_copies_have_colors_of_their_own():
    generator = np.random.default_rng(5)
    colors = generator.random((3, 4, 3)).astype(np.float32)
    places = np.stack([10.0 * np.arange(4), np.zeros(4), np.zeros(4)], axis=1)
    shapes = [
        rw.Mesh(np.add(TRIANGLE, (0, 90, 0)), FACE, face_colors=[(0.5, 0, 0)]),
        rw.Spheres(places, 1, colors=colors[0]),
        rw.Cylinders(np.add(places, (0, 20, 0)), np.add(places, (0, 22, 0)), 1, colors=colors[1]),
        rw.Instances(
            rw.Mesh(TRIANGLE, FACE, colors=np.eye(3)),
            [tf.translate(x, 40, 0) for x, _, _ in places],
            colors=colors[2],
        ),
    ]
    tables = compiled(shapes)
    for k in range(3):
        color, _ = describe(tables, *down(np.add(places, (0.3, 20 * k + 0.5, 0))))
        np.testing.assert_array_equal(color, colors[k])


@pytest.mark.parametrize("uvs", [[(1, 1)] * 3, [(0, 0), (0, 1), (0, 2)]])
def test_without_a_direction_of_u_there_is_some_tangent(uvs):
    meshes = [rw.Mesh(TRIANGLE, FACE, uvs=uvs)]
    meshes += [rw.Mesh(TRIANGLE, FACE, uvs=uvs, normals=[(1, 0, 1e-9)] * 3)]
    for mesh in meshes:
        _, tangent = describe(compiled([mesh]), *down([(0.5, 0.5, 0)]))
        hit = trace(compiled([mesh]), *down([(0.5, 0.5, 0)]))
        np.testing.assert_allclose(np.linalg.norm(tangent), 1, atol=1e-6)
        assert abs(tangent[0] @ hit.ns[0]) < 1e-5
    poles = np.array([(0, 3, 0), (0, -3, 0)])
    _, tangent = describe(compiled([rw.Sphere((0, 0, 0), 1)]), poles, -poles)
    np.testing.assert_allclose(np.linalg.norm(tangent, axis=1), 1, atol=1e-6)
    assert np.abs(tangent[:, 1]).max() < 1e-6
