"""Scenes of a few primitives: many rays at once find what each finds in the tree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_drivers import compiled, directions, trace_both_ways

import raywidget as rw
from raywidget.kernels import layout
from raywidget.kernels.language.simd import WIDTH

RAYS = 64 * WIDTH


def random_shapes(generator, count, size):
    shapes = []
    for _ in range(count):
        centre = generator.uniform(-2, 2, 3) * size
        kind = generator.integers(6)
        if kind == 0:
            shapes.append(rw.Sphere(centre, generator.uniform(0.05, 0.6) * size))
        elif kind == 1:
            shapes.append(rw.Quad(centre, *generator.normal(0, 0.5, (2, 3)) * size))
        elif kind == 2:
            corners = centre + generator.normal(0, 0.5, (3, 3)) * size
            shapes.append(rw.Mesh(corners, [[0, 1, 2]]))
        elif kind == 3:
            shapes.append(rw.Disk(centre, generator.normal(size=3), 0.5 * size))
        elif kind == 4:
            edge = generator.normal(size=3) * size
            shapes.append(rw.Cone(centre, centre + edge, *generator.uniform(0.1, 0.6, 2) * size))
        else:
            edges, turn = generator.uniform(0.1, 1, 3) * size, generator.uniform(0, 360, 3)
            shapes.append(rw.Box(centre, edges, rotation=turn))
    return shapes


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 6]), st.sampled_from([1e-4, 1.0, 1e5]))
@settings(max_examples=30, deadline=None)
def test_rays_end_where_they_end_in_the_tree(seed, count, size):
    generator = np.random.default_rng(seed)
    tables = compiled(random_shapes(generator, count, size))
    assert tables.nodes.view(np.int32)[layout.NODE_REST] == 0
    origins = (generator.uniform(-3, 3, (RAYS, 3)) * size).astype(np.float32)
    d = directions(generator, RAYS)
    t_max = generator.uniform(0, 4, RAYS).astype(np.float32) * np.float32(size)
    (tree, slots, occluded), (few, few_slots, few_occluded) = trace_both_ways(
        tables, origins, d, t_max
    )
    # Rays that graze an edge may go either way; hardly any does.
    assert np.mean(slots != few_slots) <= 2 / RAYS
    assert np.mean(occluded != few_occluded) <= 2 / RAYS
    same = (slots == few_slots) & (slots != layout.MISS)
    # The nearer the plane of a flat, the more rounding moves where it is met.
    np.testing.assert_allclose(few[same, 0], tree[same, 0], rtol=1e-3, atol=1e-4 * size)
    error = np.abs(few[same] - tree[same]) / np.array([size, 1, 1])
    if np.count_nonzero(same) > 100:
        assert np.quantile(error, 0.9, axis=0).max() < 2e-5


def test_more_of_them_are_left_to_the_tree():
    quads = [rw.Quad((k, 0, 0), (0.5, 0, 0), (0, 1, 0)) for k in range(layout.FEW + 1)]
    assert len(compiled(quads[:-1]).few_flats) == layout.FEW
    assert len(compiled(quads).few_flats) == 0


def many_triangles():
    corners = np.random.default_rng(0).normal(size=(layout.FEW + 1, 3, 3))
    return corners.reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3)


@pytest.mark.parametrize(
    "other",
    [
        rw.Mesh(*many_triangles()),
        rw.Instances(rw.Mesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]), [np.eye(4)]),
    ],
    ids=lambda shape: type(shape).__name__,
)
def test_a_world_with_other_primitives_has_a_tree_of_these(other):
    tables = compiled([rw.Sphere((0, 0, 0), 1), other])
    assert len(tables.few_flats) == 0
    assert len(tables.few_balls) == 1
    assert tables.nodes.view(np.int32)[layout.NODE_REST] == 1
    assert len(compiled([other]).few_balls) == 0


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 6, 30]), st.sampled_from([1, 3, 100]))
@settings(max_examples=30, deadline=None)
def test_rays_end_where_they_end_in_the_tree_of_all(seed, count, triangles):
    generator = np.random.default_rng(seed)
    corners = generator.uniform(-2, 2, (triangles, 1, 3)) + generator.normal(
        0, 0.3, (triangles, 3, 3)
    )
    mesh = rw.Mesh(corners.reshape(-1, 3), np.arange(3 * triangles).reshape(-1, 3))
    rounds = [rw.Cylinder(*generator.uniform(-2, 2, (2, 3)), 0.2) for _ in range(triangles % 4)]
    copies = rw.Instances(mesh, [np.eye(4)])
    floor = rw.Quad((-9, -2.1, 9), (18, 0, 0), (0, 0, -18))
    shapes = [*random_shapes(generator, count, 1.0), floor, mesh, *rounds, copies]
    tables = compiled([shapes[k] for k in generator.permutation(len(shapes))])
    assert tables.nodes.view(np.int32)[layout.NODE_REST] == 1
    origins = generator.uniform(-3, 3, (RAYS, 3)).astype(np.float32)
    t_max = generator.uniform(0, 4, RAYS).astype(np.float32)
    (tree, _, occluded), (few, _, few_occluded) = trace_both_ways(
        tables, origins, directions(generator, RAYS), t_max
    )
    # The copy lies where the mesh is: either may be met.
    same = np.isclose(few[:, 0], tree[:, 0], rtol=1e-3, atol=1e-4)
    assert np.mean(~same & (few[:, 0] != tree[:, 0])) <= 2 / RAYS
    assert np.mean(occluded != few_occluded) <= 2 / RAYS


def test_flats_without_area_are_never_hit():
    line = rw.Mesh([[0, 0, 0], [1, 0, 0], [2, 0, 0]], [[0, 1, 2]])
    tables = compiled([line, rw.Sphere((0, 0, 5), 1)])
    assert len(tables.few_flats) == 0
    origins = np.tile([0.5, 0, -3], (WIDTH, 1))
    _, (_, slots, _) = trace_both_ways(tables, origins, np.tile([0, 0, 1], (WIDTH, 1)), 1)
    assert np.all(slots != layout.MISS)


def test_the_smaller_of_two_in_the_same_place_is_seen():
    # Whatever their order: the bottom of a box, not the floor that it stands on.
    floor = rw.Quad((-4, 0, 4), (8, 0, 0), (0, 0, -8))
    box = rw.Box((0, 0.5, 0), (1, 1, 1))
    for shapes in ([floor, box], [box, floor]):
        tables = compiled(shapes)
        origins = np.random.default_rng(0).uniform(-0.4, 0.4, (RAYS, 3))
        origins[:, 1] += 0.5
        _, (_, slots, _) = trace_both_ways(tables, origins, np.tile([0, -1, 0], (RAYS, 1)), 1)
        (bottom,) = np.flatnonzero(tables.few_flats[:, layout.FEW_NORMAL + 1] == -1)
        assert np.all(slots == tables.few_flats.view(np.int32)[bottom, layout.FEW_SLOT])


def picture_of(scene, **changes):
    return rw.render(scene, width=24, height=24, spp=16, seed=3, **changes).pixels


@pytest.mark.parametrize("name", ["cornell_boxes", "default"])
def test_pictures_do_not_depend_on_threads_and_tiles(name):
    scene = getattr(rw.presets, name)()
    expected = picture_of(scene, threads=1, tile_size=24)
    for changes in ({"threads": 2, "tile_size": 8}, {"threads": 1, "tile_size": 16}):
        np.testing.assert_array_equal(picture_of(scene, **changes), expected)
