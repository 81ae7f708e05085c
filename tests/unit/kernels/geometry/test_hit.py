"""What is known about a point that a ray has hit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_drivers import compiled, directions, trace

import raywidget as rw
from raywidget import transforms as tf

TRIANGLE = [(0, 0, 0), (2, 0, 0), (0, 3, 0)]


def look_down(x, y, shapes, z=5.0, side=-1.0):
    """Hits of rays parallel to the z axis."""
    points = np.stack(np.broadcast_arrays(x, y, z), axis=-1).reshape(-1, 3)
    return trace(compiled(shapes), points, np.broadcast_to((0.0, 0.0, side), points.shape))


def barycentric(count):
    b = np.random.default_rng(0).dirichlet((1, 1, 1), count)
    return b, b @ np.array(TRIANGLE, float)


@given(st.integers(0, 2**32 - 1), st.floats(1e-4, 1e5))
@settings(max_examples=25, deadline=None)
def test_hits_lie_on_their_surface(seed, size):
    generator = np.random.default_rng(seed)
    corner, u, v = generator.normal(0, size, (3, 3)).astype(np.float32)
    centre = corner + 10 * np.float32(size)
    shapes = [
        rw.Quad(corner, u, v),
        rw.Mesh([corner, corner + u, corner + v], [(0, 2, 1)]),
        rw.Sphere(centre, size),
    ]
    for shape in shapes:
        d = directions(generator, 500)
        if isinstance(shape, rw.Sphere):
            aim = centre + directions(generator, 500) * 0.3 * size
        else:  # within the triangle, however thin it is
            a, b = generator.uniform(0.1, 0.4, (2, 500, 1))
            aim = corner + a * u + b * v
        hits = trace(compiled([shape]), aim - d * 5 * size, d)
        p = hits.p[hits.shape >= 0].astype(float)
        assert len(p) > 250
        if isinstance(shape, rw.Sphere):
            assert np.abs(np.linalg.norm(p - centre, axis=1) - size).max() < 3e-6 * size * 12
        else:
            normal = np.cross(u.astype(float), v.astype(float))
            normal /= np.linalg.norm(normal)
            assert np.abs((p - corner) @ normal).max() <= hits.offset.max()
        assert hits.offset.max() < 1e-4 * size


def test_quads_have_coordinates_along_their_edges():
    u, v = np.random.default_rng(0).random((2, 200))
    hits = look_down(1 + 4 * u, 2 + 3 * v, [rw.Quad((1, 2, 0), (4, 0, 0), (0, 3, 0))])
    np.testing.assert_allclose(hits.uv, np.stack([u, v], axis=1), atol=1e-5)
    np.testing.assert_allclose(hits.ng, [(0, 0, 1)] * 200, atol=1e-7)
    np.testing.assert_array_equal(hits.ns, hits.ng)


def test_spheres_have_longitude_and_height():
    generator = np.random.default_rng(0)
    outward = directions(generator, 500)
    hits = trace(compiled([rw.Sphere((1, 2, 3), 2)]), (1, 2, 3) + outward * 5, -outward)
    np.testing.assert_allclose(hits.ng, outward, atol=3e-6)
    u = 0.5 + np.arctan2(outward[:, 2], outward[:, 0]) / (2 * np.pi)
    v = np.arccos(-outward[:, 1]) / np.pi
    np.testing.assert_allclose(hits.uv, np.stack([u, v], axis=1), atol=1e-5)
    poles = np.array([(0, 3, 0), (0, -3, 0)])
    top, bottom = trace(compiled([rw.Sphere((0, 0, 0), 1)]), poles, -poles).uv
    np.testing.assert_allclose((top[1], bottom[1]), (1.0, 0.0), atol=1e-7)


def test_triangles_without_attributes_have_barycentric_coordinates():
    b, p = barycentric(200)
    hits = look_down(p[:, 0], p[:, 1], [rw.Mesh(TRIANGLE, [(0, 1, 2)])])
    np.testing.assert_allclose(hits.uv, b[:, 1:], atol=1e-6)


def test_attributes_are_interpolated():
    generator = np.random.default_rng(1)
    uvs = generator.uniform(-2, 3, (3, 2))
    normals = np.add(generator.normal(0, 0.3, (3, 3)), (0, 0, 1))
    b, p = barycentric(200)
    mesh = rw.Mesh(TRIANGLE, [(0, 1, 2)], normals=normals, uvs=uvs)
    hits = look_down(p[:, 0], p[:, 1], [mesh])
    np.testing.assert_allclose(hits.uv, b @ uvs, atol=1e-5)
    smooth = b @ (normals / np.linalg.norm(normals, axis=1, keepdims=True))
    smooth /= np.linalg.norm(smooth, axis=1, keepdims=True)
    np.testing.assert_allclose(hits.ns, smooth, atol=1e-6)
    np.testing.assert_allclose(hits.ng, [(0, 0, 1)] * 200, atol=1e-7)
    # normals and uvs alone
    alone = look_down(p[:, 0], p[:, 1], [rw.Mesh(TRIANGLE, [(0, 1, 2)], normals=normals)])
    np.testing.assert_array_equal(alone.ns, hits.ns)
    np.testing.assert_allclose(alone.uv, b[:, 1:], atol=1e-6)
    alone = look_down(p[:, 0], p[:, 1], [rw.Mesh(TRIANGLE, [(0, 1, 2)], uvs=uvs)])
    np.testing.assert_array_equal(alone.uv, hits.uv)
    np.testing.assert_array_equal(alone.ns, hits.ng)


def test_attributes_follow_their_own_mesh():
    # Two meshes with attributes and one without between them: rows must not be mixed up.
    def mesh(shift, **attributes):
        return rw.Mesh(np.add(TRIANGLE, (shift, 0, 0)), [(0, 1, 2)], **attributes)

    flat = [(0, 0, 1)] * 3
    shapes = [
        mesh(0, uvs=[(7, 7)] * 3),
        mesh(10),
        mesh(20, uvs=[(9, 9)] * 3, normals=[(0, 0.6, 0.8)] * 3),
        mesh(30, normals=flat),
    ]
    hits = look_down([0.5, 10.5, 20.5, 30.5], 0.5, shapes)
    np.testing.assert_allclose(hits.uv[[0, 2]], [(7, 7), (9, 9)], rtol=1e-6)
    np.testing.assert_allclose(hits.ns[2], (0, 0.6, 0.8), rtol=1e-6)
    np.testing.assert_allclose(hits.ns[[0, 1, 3]], flat, atol=1e-7)
    np.testing.assert_array_equal(hits.shape, [0, 1, 2, 3])


def test_shading_normals_are_on_the_side_of_the_geometric_ones():
    upside_down = rw.Mesh(TRIANGLE, [(0, 1, 2)], normals=[(0, 0.6, -0.8)] * 3)
    hits = look_down([0.5], [0.5], [upside_down])
    np.testing.assert_allclose(hits.ns, [(0, -0.6, 0.8)], rtol=1e-6)
    opposite = rw.Mesh(TRIANGLE, [(0, 1, 2)], normals=[(1, 0, 0), (-1, 0, 0), (1, 0, 0)])
    middle = look_down([1.0], [1e-7], [opposite])  # halfway between +x and -x: none
    assert np.all(np.isfinite(middle.ns))


def test_flipped_normals_swap_front_and_back():
    for make in (
        lambda flip: rw.Mesh(TRIANGLE, [(0, 1, 2)], normals=[(0, 0.6, 0.8)] * 3, flip_normals=flip),
        lambda flip: rw.Instances(rw.Mesh(TRIANGLE, [(0, 1, 2)], flip_normals=flip), [np.eye(4)]),
        lambda flip: rw.Sphere((0.5, 0.5, 0), 1, flip_normals=flip),
    ):
        plain, flipped = (look_down([0.5], [0.5], [make(flip)]) for flip in (False, True))
        np.testing.assert_array_equal(flipped.ng, -plain.ng)
        np.testing.assert_allclose(flipped.ns, -plain.ns, rtol=1e-6)
        np.testing.assert_array_equal(flipped.t, plain.t)


@pytest.mark.parametrize("mirrored", [False, True])
def test_copies_are_like_moved_meshes(mirrored):
    generator = np.random.default_rng(4)
    equilateral = np.array([(1, 0, 0), (-0.5, 0.866, 0), (-0.5, -0.866, 0)])
    turned = [
        tf.apply(tf.rotate_xyz(*generator.uniform(0, 360, 3)), equilateral) for _ in range(10)
    ]
    vertices = (np.array(turned) + generator.normal(0, 1, (10, 1, 3))).reshape(-1, 3)
    faces = np.arange(30).reshape(-1, 3)
    uvs = generator.random((30, 2))
    matrix = tf.translate(1, 2, 3) @ tf.rotate(40, (1, 1, 0)) @ tf.scale(2, 1, 0.5)
    if mirrored:
        matrix = matrix @ tf.scale(1, -1, 1)
    copies = rw.Instances(rw.Mesh(vertices, faces, uvs=uvs), [tf.translate(100, 0, 0), matrix])
    moved_faces = faces[:, [0, 2, 1]] if mirrored else faces  # what is in front stays in front
    baked = rw.Mesh(tf.apply(matrix, vertices), moved_faces, uvs=uvs)
    o = (1, 2, 3) + directions(generator, 3000) * 8
    d = np.add((1, 2, 3), generator.normal(0, 0.8, (3000, 3))) - o
    a, b = trace(compiled([copies]), o, d), trace(compiled([baked]), o, d)
    both = (a.shape == 0) & (b.shape == 0) & (a.primitive == b.primitive)
    neither = (a.shape == -1) & (b.shape == -1)
    assert both.sum() > 500
    assert (both | neither).mean() > 0.999  # rays along an edge may go either way
    assert np.all(a.instance[both] >= 0)
    grazing = np.abs((d * b.ng).sum(axis=1) / np.linalg.norm(d, axis=1))[both]
    for name in ("t", "p", "ng", "ns", "uv"):
        error = np.abs(getattr(a, name)[both] - getattr(b, name)[both]).reshape(both.sum(), -1)
        assert np.all(error.max(axis=1) < 1e-5 / np.maximum(grazing, 1e-3)), name


@pytest.mark.parametrize("mirrored", [False, True])
def test_shading_normals_of_copies_go_by_the_inverse_transpose(mirrored):
    generator = np.random.default_rng(5)
    normals = np.add(generator.normal(0, 0.3, (3, 3)), (0, 0, 1))
    mesh = rw.Mesh(TRIANGLE, [(0, 1, 2)], normals=normals)
    matrix = tf.rotate(40, (1, 1, 0)) @ tf.scale(2, -1 if mirrored else 1, 0.5)
    b, p = barycentric(200)
    p = tf.apply(matrix, p)
    outside = matrix[:3, :3] @ (0.1, 0.2, 1)  # mirrored or not, the front stays in front
    hits = trace(compiled([rw.Instances(mesh, [matrix])]), p + outside, np.tile(-outside, (200, 1)))
    linear = np.linalg.inv(matrix[:3, :3])
    ng = np.array((0, 0, 1)) @ linear
    ns = b @ mesh.normals.astype(float) @ linear
    np.testing.assert_allclose(hits.ng, np.tile(ng / np.linalg.norm(ng), (200, 1)), atol=1e-6)
    np.testing.assert_allclose(hits.ns, ns / np.linalg.norm(ns, axis=1, keepdims=True), atol=2e-6)


def test_materials_and_shapes_of_copies_are_their_own():
    mesh = rw.Mesh(TRIANGLE, [(0, 1, 2)])
    moves = [tf.translate(10 * k, 0, 0) for k in range(5)]
    shapes = [
        rw.Instances(mesh, moves[:2]),
        mesh.replace(vertices=np.add(TRIANGLE, (40, 0, 0))),
        rw.Instances(mesh, moves[2:4], material=rw.Metal(0.5)),
        rw.Instances(rw.Mesh(TRIANGLE, [(0, 1, 2)]), [tf.translate(0, 20, 0)]),
    ]
    hits = look_down([0.5, 10.5, 20.5, 30.5, 40.5, 0.5], [0.5] * 5 + [20.5], shapes)
    np.testing.assert_array_equal(hits.shape, [0, 0, 2, 2, 1, 3])
    np.testing.assert_array_equal(hits.instance >= 0, [True, True, True, True, False, True])
