"""The tree against brute force, and what must never be hit."""

import numpy as np
import pytest
from brute_force import check_against, primitives_of
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_drivers import compiled, directions, leave, trace

import raywidget as rw
from raywidget import transforms as tf


def random_mesh(generator, count, size):
    corners = generator.uniform(-1, 1, (count, 1, 3)) + generator.normal(0, size, (count, 3, 3))
    return rw.Mesh(corners.reshape(-1, 3), np.arange(3 * count).reshape(-1, 3))


KINDS = ["ball", "quad", "box", "mesh", "copies", "round", "many"]


def random_matrix(generator):
    """Turned, stretched (perhaps mirrored), and moved."""
    factors = np.exp(generator.uniform(-0.7, 0.7, 3)) * generator.choice([-1, 1], 3)
    turned = tf.rotate_xyz(*generator.uniform(0, 360, 3)) @ tf.scale(*factors)
    shear = np.eye(4)
    shear[0, 1] = generator.uniform(-0.5, 0.5)
    return tf.translate(*generator.uniform(-2, 2, 3)) @ turned @ shear


def random_shapes(generator, kinds, count):
    shapes = []
    for _ in range(count):
        kind = generator.choice(kinds)
        centre = generator.uniform(-2, 2, 3)
        if kind == "ball":
            shapes.append(rw.Sphere(centre, generator.uniform(0.05, 0.6)))
        elif kind == "quad":
            shapes.append(rw.Quad(centre, *generator.normal(0, 0.5, (2, 3))))
        elif kind == "box":
            size, turn = generator.uniform(0.1, 1, 3), generator.uniform(0, 360, 3)
            shapes.append(rw.Box(centre, size, rotation=turn))
        elif kind == "mesh":
            shapes.append(random_mesh(generator, generator.integers(1, 40), 0.3))
        elif kind == "round":
            shapes.append(random_round(generator, centre))
        elif kind == "many":
            ends = centre + generator.normal(0, 0.4, (2, 9, 3))
            radii = generator.uniform(0.02, 0.2, 9)
            shapes.append(rw.Spheres(ends[0], 1.5 * radii))
            shapes.append(rw.Cylinders(*ends, radii, caps=bool(generator.integers(2))))
        else:
            mesh = random_mesh(generator, generator.integers(1, 40), 0.3)
            copies = [random_matrix(generator) for _ in range(generator.integers(1, 6))]
            shapes.append(rw.Instances(mesh, copies))
    return shapes


def random_round(generator, base):
    """A disk, or a cylinder or cone of any proportions."""
    axis = generator.normal(0, 0.5, 3)
    low, high = np.exp(generator.uniform(-3, 0, 2))
    kind, closed = generator.integers(4), bool(generator.integers(2))
    if kind == 0:
        return rw.Disk(base, axis, low)
    if kind == 1:
        return rw.Cylinder(base, base + axis, low, caps=closed)
    return rw.Cone(base, base + axis, low, high if kind == 2 else 0, caps=closed)


def random_rays(generator, count):
    d = directions(generator, count)
    lengths = np.exp(generator.uniform(-1, 1, (count, 1)))
    return generator.uniform(-3, 3, (count, 3)).astype(np.float32), (d * lengths).astype(np.float32)


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.sampled_from(KINDS), min_size=1, unique=True),
    st.sampled_from([1, 2, 5, 20, 60]),
    st.sampled_from([1e-6, 1e-3, 1.0, 1e4, 1e6]),
)
@settings(max_examples=60, deadline=None)
def test_hits_are_those_of_brute_force(seed, kinds, count, size):
    generator = np.random.default_rng(seed)
    shapes = [scaled(shape, size) for shape in random_shapes(generator, kinds, count)]
    o, d = random_rays(generator, 400)
    o *= np.float32(size)
    d *= np.float32(size)
    hits = trace(compiled(shapes), o, d)
    tolerance = 3e-5 * (1.0 + hits.t)
    grazing = np.abs((d * hits.ng).sum(axis=1)) / np.linalg.norm(d, axis=1)
    tolerance = tolerance / np.maximum(grazing, 1e-3)  # rounding across moves far along
    check_against(primitives_of(shapes), o, d, hits.t.astype(float), hits.shape, tolerance)
    np.testing.assert_array_equal(hits.occluded, hits.shape >= 0)


def scaled(shape, size):
    """The same shape, `size` times as large."""
    if isinstance(shape, rw.Sphere):
        return shape.replace(center=np.multiply(shape.center, size), radius=shape.radius * size)
    if isinstance(shape, rw.Quad):
        corners = {
            name: np.multiply(getattr(shape, name), size) for name in ("origin", "edge_u", "edge_v")
        }
        return shape.replace(**corners)
    if isinstance(shape, rw.Box):
        return shape.replace(
            center=np.multiply(shape.center, size), size=np.multiply(shape.size, size)
        )
    if isinstance(shape, rw.Mesh):
        return shape.replace(vertices=shape.vertices * np.float32(size))
    lengths = ("center", "radius", "base", "top", "base_radius", "top_radius")
    lengths += ("centers", "radii", "starts", "ends")
    own = {
        name: np.multiply(getattr(shape, name), size) for name in lengths if hasattr(shape, name)
    }
    if own:
        return shape.replace(**own)
    return shape.replace(transforms=tf.scale(size) @ shape.transforms)


def test_a_large_scene_against_brute_force():
    generator = np.random.default_rng(5)
    shapes = random_shapes(generator, KINDS, 150)
    shapes.append(rw.Quad((-5e3, -2.5, 5e3), (1e4, 0, 0), (0, 0, -1e4)))  # a huge ground
    o, d = random_rays(generator, 1000)
    hits = trace(compiled(shapes), o, d)
    tolerance = 3e-5 * (1.0 + hits.t) / np.maximum(np.abs((d * hits.ng).sum(axis=1)), 1e-3)
    count = check_against(primitives_of(shapes), o, d, hits.t.astype(float), hits.shape, tolerance)
    assert count > 700


def test_occlusion_agrees_with_the_closest_hit_at_every_reach():
    generator = np.random.default_rng(6)
    shapes = random_shapes(generator, KINDS, 40)
    tables = compiled(shapes)
    o, d = random_rays(generator, 4000)
    closest = trace(tables, o, d)
    reach = generator.uniform(0.0, 6.0, len(o)).astype(np.float32)
    # The reach is compared before the division, so that a few ulp may be missing.
    reach[:1000] = closest.t[:1000] * (1.0 - 1e-6)
    reach[1000:2000] = closest.t[1000:2000] * (1.0 + 1e-6)
    within = trace(tables, o, d, reach)
    expected = (closest.shape >= 0) & (closest.t < reach)
    np.testing.assert_array_equal(within.shape >= 0, expected)
    np.testing.assert_array_equal(within.occluded, expected)
    np.testing.assert_array_equal(within.t[expected], closest.t[expected])


AXES = np.concatenate([np.eye(3), -np.eye(3)]).astype(np.float32)


@pytest.mark.parametrize(
    "shapes",
    [
        [rw.Sphere((5, 5, 5), 0.5)],
        [rw.Quad((5, 5, 5), (1, 0, 0), (0, 1, 0))],
        [rw.Mesh([(5, 5, 5), (6, 5, 5), (5, 6, 5)], [(0, 1, 2)])],
        [rw.Instances(rw.Mesh([(5, 5, 5), (6, 5, 5), (5, 6, 5)], [(0, 1, 2)]), [np.eye(4)])],
    ],
    ids=["ball", "quad", "mesh", "copy"],
)
def test_unused_lanes_are_never_hit(shapes):
    # Unused lanes hold zeros: a primitive of no size at the world's origin. The first box holds
    # everything, so that every lane of the block is tested.
    inside = [rw.Sphere((0, 0, 0), 20), *shapes, *(s.replace() for s in shapes)]
    generator = np.random.default_rng(0)
    d = np.concatenate([AXES, directions(generator, 2000)])
    for distance in (1.0, 3.0, 0.0):
        hits = trace(compiled(inside), -distance * d, d)
        assert not np.any((hits.shape >= 0) & (np.linalg.norm(hits.p, axis=1) < 1.0))
        assert np.all(hits.shape >= 0)
        assert np.all(hits.primitive >= 0)


def test_degenerate_triangles_are_harmless():
    point, line = np.ones((3, 3)), [(0, 0, 0), (1, 1, 1), (3, 3, 3)]
    good = [(-1, -1, 0), (2, -1, 0), (0, 2, 0)]
    vertices = np.concatenate([point, line, good])
    mesh = rw.Mesh(vertices, [(0, 1, 2), (3, 4, 5), (3, 3, 4), (6, 7, 8)])
    generator = np.random.default_rng(0)
    targets = np.repeat(generator.uniform(0, 1, 2000), 3).reshape(-1, 3)  # on the line
    o = targets + directions(generator, 2000) * 3
    hits = trace(compiled([mesh]), o, targets - o)
    assert set(np.unique(hits.primitive)) <= {-1, 3}
    assert np.all(np.isfinite(hits.p))
    assert np.all(np.isfinite(hits.ng))


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1e-9, 1e-3, 1.0, 1e6]),
    st.sampled_from([1e-9, 1e-6, 1e-3, 0.0]),
    st.sampled_from([0.0, 1.0, 1e3]),
)
@settings(max_examples=40)
def test_needles_and_slivers_are_harmless(seed, size, thinness, shift):
    # Next to triangles of no width there are good ones, which must be hit as if they were alone.
    generator = np.random.default_rng(seed)
    a, u = generator.normal(0, 1, (2, 30, 3))
    v = u * generator.uniform(-1, 2, (30, 1)) + thinness * generator.normal(0, 1, (30, 3))
    thin = np.stack([a, a + u, a + v], axis=1)
    thin[:3] = thin[:3, :1]  # points
    good = generator.normal(0, 1, (10, 3, 3))
    corners = (np.concatenate([thin, good]) + shift * generator.normal(0, 1, 3)) * size
    mesh = rw.Mesh(corners.reshape(-1, 3), np.arange(120).reshape(-1, 3))
    b = generator.dirichlet((1, 1, 1), 400)
    aim = (b[:, :, None] * mesh.vertices.reshape(-1, 3, 3)[generator.integers(0, 40, 400)]).sum(
        axis=1
    )
    d = directions(generator, 400)
    o = (aim - d * 3 * size).astype(np.float32)
    tables = compiled([mesh])
    hits = trace(tables, o, d)
    hit = hits.shape >= 0
    for name in ("t", "p", "ng", "ns", "uv", "offset"):
        assert np.all(np.isfinite(getattr(hits, name)[hit])), name
    np.testing.assert_allclose(np.linalg.norm(hits.ng[hit], axis=1), 1.0, atol=1e-5)
    alone = rw.Mesh(mesh.vertices[90:], np.arange(30).reshape(-1, 3))
    other_tables = compiled([alone])
    before = trace(other_tables, o, d)
    found = before.shape >= 0
    # Far from the origin both have origins of their own, from which numbers are rounded.
    slack = 0.0 if np.array_equal(tables.placement, other_tables.placement) else 1e-3 * size
    assert np.mean(hits.t[found] <= before.t[found] + slack) >= (1.0 if slack == 0.0 else 0.98)
    same = found & (hits.primitive == before.primitive + 30)
    np.testing.assert_allclose(hits.t[same], before.t[same], rtol=0, atol=slack)
    np.testing.assert_allclose(hits.p[same], before.p[same], rtol=0, atol=slack)


def test_copies_far_from_the_origin_are_as_sharp_as_balls():
    # The camera is near to them: what counts is the distance, not the coordinates.
    generator = np.random.default_rng(4)
    far = np.array([2.0**20, -(2.0**19), 2.0**20])
    turn = tf.rotate_xyz(30, 40, 50)
    mesh = rw.Mesh([(-4, -4, 0), (4, -4, 0), (0, 6, 0)], [(0, 1, 2)])
    tables = compiled([rw.Instances(mesh, [tf.translate(*far) @ turn])])
    normal = turn[:3, 2]
    o = far + 2.0 * normal.round()
    d = -normal + 0.2 * directions(generator, 500)
    o, d = np.tile(o, (500, 1)).astype(np.float32), d.astype(np.float32)
    hits = trace(tables, o, d)
    expected = -((o - far) @ normal) / (d.astype(float) @ normal)
    assert np.all(hits.shape == 0)
    np.testing.assert_allclose(hits.t, expected, rtol=1e-5)


def test_small_balls_far_from_the_origin():
    # Coordinates are coarser there than the balls are large.
    generator = np.random.default_rng(2)
    centres = generator.integers(-4, 4, (20, 3)) * 2.0**20
    cloud = rw.Spheres(centres, 0.01)
    d = directions(generator, 4000)
    target = generator.integers(0, 20, 4000)
    o = (centres[target] - np.round(d * 256)).astype(np.float32)
    d = (centres[target] - o) / np.linalg.norm(centres[target] - o, axis=1, keepdims=True)
    hits = trace(compiled([cloud]), o, d)
    assert np.all(hits.shape == 0)
    assert np.all(np.isfinite(hits.p))
    np.testing.assert_allclose((hits.ng * d).sum(axis=1), -1.0, atol=0.02)


def test_nothing_is_hit_in_an_empty_world():
    generator = np.random.default_rng(0)
    hits = trace(compiled([]), *random_rays(generator, 100))
    assert np.all(hits.shape == -1)
    assert not np.any(hits.occluded)


@pytest.mark.parametrize("radius", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("distance", [1.5, 100.0, 1e4])
def test_spheres_near_and_far(radius, distance):
    generator = np.random.default_rng(0)
    away = directions(generator, 500)
    o = (away * distance * radius).astype(np.float32)
    inner = directions(generator, 500) * radius * 0.9  # a point inside to aim at
    d = inner - o
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    hits = trace(compiled([rw.Sphere((0, 0, 0), radius)]), o, d)
    assert np.all(hits.shape == 0)
    np.testing.assert_allclose(np.linalg.norm(hits.p, axis=1), radius, rtol=1e-6)
    exact = o + hits.t[:, None].astype(float) * d
    assert np.abs(np.linalg.norm(exact, axis=1) - radius).max() < 4e-6 * distance * radius


def test_a_sphere_from_inside():
    generator = np.random.default_rng(0)
    o = directions(generator, 1000) * generator.uniform(0, 0.99, (1000, 1))
    d = directions(generator, 1000)
    shapes = [rw.Sphere((0, 0, 0), 1), rw.Sphere((0, 0, 0), 2, flip_normals=True)]
    hits = trace(compiled(shapes), o, d)
    assert np.all(hits.shape == 0)
    np.testing.assert_allclose(hits.ng, hits.p, atol=1e-6)  # outwards, also from inside
    half = (o * d).sum(axis=1)
    expected = -half + np.sqrt(half**2 + 1.0 - (o * o).sum(axis=1))
    np.testing.assert_allclose(hits.t, expected, atol=1e-6)
    flipped = trace(compiled(shapes[1:]), o, d)
    np.testing.assert_allclose(flipped.ng, -flipped.p / 2, atol=1e-6)


# --- Rays that leave a surface do not meet it again -----------------------------------------------


def check_leaving(shape, on_surface, generator):
    """Send rays to points of a flat surface from both sides, and on to both sides."""
    count = len(on_surface)
    d = directions(generator, count)
    extent = np.linalg.norm(np.ptp(on_surface, axis=0))
    o = on_surface - d * extent * generator.uniform(0.05, 3, (count, 1))
    result = leave(compiled([shape]), o, d, directions(generator, count))
    hit = result.primitive >= 0
    again = hit & (result.next_primitive == result.primitive)
    again &= result.next_instance == result.instance
    assert hit.mean() > 0.5
    assert 0.3 < result.outside[hit].mean() < 0.7
    assert not np.any(again)


@pytest.mark.parametrize("aspect", [1.0, 30.0, 1000.0])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3, 1e6])
@pytest.mark.parametrize("shift", [0.0, 1.0, 1000.0])
def test_flats_are_left_for_good(size, shift, aspect):
    generator = np.random.default_rng(7)
    for make_triangle in (False, True) * 3:
        u, v = generator.normal(0, 1, (2, 3))
        if aspect > 1.0:
            v = u * generator.normal() + v / aspect
        corner, u, v = generator.normal(0, shift * size, 3), u * size, v * size
        b = generator.random((1500, 2))
        if make_triangle:
            b = np.where(b.sum(axis=1, keepdims=True) > 1, 1 - b, b)
            shape = rw.Mesh([corner, corner + u, corner + v], [(0, 1, 2)])
        else:
            shape = rw.Quad(corner, u, v)
        check_leaving(shape, corner + b[:, :1] * u + b[:, 1:] * v, generator)


@pytest.mark.parametrize("stretch", [1.0, 30.0])
@pytest.mark.parametrize("shift", [0.0, 1.0, 300.0, 1e5])
def test_copies_are_left_for_good(shift, stretch):
    generator = np.random.default_rng(8)
    for _ in range(6):
        corner, u, v = generator.normal(0, 1, (3, 3))
        mesh = rw.Mesh([corner, corner + u, corner + v], [(0, 1, 2)])
        factors = stretch ** generator.uniform(-0.5, 0.5, 3) * generator.choice([-1, 1], 3)
        matrix = tf.translate(*generator.normal(0, 1, 3) * shift) @ tf.rotate_xyz(
            *generator.uniform(0, 360, 3)
        )
        matrix = matrix @ tf.scale(*factors) @ tf.rotate_xyz(*generator.uniform(0, 360, 3))
        b = generator.random((1500, 2))
        b = np.where(b.sum(axis=1, keepdims=True) > 1, 1 - b, b)
        on_surface = tf.apply(matrix, corner + b[:, :1] * u + b[:, 1:] * v)
        check_leaving(rw.Instances(mesh, [matrix]), on_surface, generator)


@pytest.mark.parametrize("radius", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("shift", [0.0, 1.0, 1000.0])
def test_balls_are_left_for_good(radius, shift):
    # From outside outwards, and from inside no hit at the point itself: what comes next lies
    # across the ball.
    generator = np.random.default_rng(9)
    centre = generator.normal(0, 1, 3) * shift * radius
    outward = directions(generator, 4000)
    o = centre + outward * 3 * radius
    aim = centre + directions(generator, 4000) * 0.8 * radius
    away = directions(generator, 4000)
    tables = compiled([rw.Sphere(centre, radius)])
    result = leave(tables, o, aim - o, away)
    assert np.all(result.primitive == 0)
    assert 0.4 < result.outside.mean() < 0.6
    assert np.all(result.next_primitive[result.outside] == -1)
    inside = ~result.outside
    across = trace(tables, result.start[inside], away[inside])
    normal = (result.start[inside] - centre) / radius
    chord = -2.0 * (normal * away[inside]).sum(axis=1) * radius
    assert np.all(across.shape == 0)
    error = np.abs(across.t - chord) / radius
    assert np.all(error < 1e-4 * (1 + shift) / np.maximum(chord / radius, 0.01))


def test_a_ball_on_a_huge_floor_is_not_entered_from_below():
    # Points of the floor under the ball, next to where they touch, see the ball from outside.
    size = 1e4
    floor = rw.Quad((-size / 2, 0, size / 2), (size, 0, 0), (0, 0, -size))
    tables = compiled([floor, rw.Sphere((0, 0.2, 0), 0.2)])
    generator = np.random.default_rng(1)
    angle, radius = generator.uniform(0, 2 * np.pi, 2000), generator.uniform(0.005, 0.1, 2000)
    on_floor = np.stack([radius * np.cos(angle), np.zeros(2000), radius * np.sin(angle)], axis=1)
    gap = 0.2 - np.sqrt(0.04 - radius**2)
    o = on_floor + np.array([0, 1, 0]) * gap[:, None] / 2  # between floor and ball
    away = directions(generator, 2000)
    away[:, 1] = np.abs(away[:, 1])
    result = leave(tables, o, on_floor - o, away)
    assert np.all(result.primitive == 0)
    outside = np.linalg.norm(result.start - np.array([0, 0.2, 0]), axis=1) > 0.2
    assert np.all(outside)


@pytest.mark.parametrize("count", [3, 300])
def test_rays_that_are_not_finite_end_and_hit_nothing(count):
    generator = np.random.default_rng(5)
    shapes = [*random_shapes(generator, ["mesh", "ball", "round", "copies"], 8)]
    shapes.append(rw.Spheres(generator.uniform(-2, 2, (count, 3)), 0.1))
    tables = compiled(shapes)
    bad = [np.nan, np.inf, -np.inf, 3e38]
    origins, ways = np.zeros((48, 3)), np.tile((0.0, 0.6, 0.8), (48, 1))
    for row in range(24):
        origins[row, row % 3] = bad[row % 4]
        ways[24 + row, row % 3] = bad[row % 4]
    hits = trace(tables, origins, ways)
    odd = ~np.isfinite(origins).all(axis=1) | ~np.isfinite(ways).all(axis=1)
    assert (hits.shape[odd] == -1).all()
    assert not hits.occluded[odd].any()
