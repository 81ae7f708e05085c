"""Boxes that shadow rays ask about instead of their faces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_drivers import compiled, directions, trace_both_ways

import raywidget as rw
from raywidget.compiler.geometry.occluders import find_boxes
from raywidget.kernels import layout
from raywidget.kernels.language.simd import WIDTH

RAYS = 64 * WIDTH
FLOOR = rw.Quad((-4, 0, 4), (8, 0, 0), (0, 0, -8))


def six_quads(corner, u, v, w):
    corner, u, v, w = (np.array(value, float) for value in (corner, u, v, w))
    faces = [(corner, u, v), (corner + w, v, u), (corner, v, w), (corner + u, v, w)]
    faces += [(corner, w, u), (corner + v, w, u)]
    return [rw.Quad(tuple(a), tuple(b), tuple(c)) for a, b, c in faces]


@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-3, 1.0, 1e4]))
@settings(max_examples=30, deadline=None)
def test_boxes_are_found_in_whatever_order_their_faces_come(seed, size):
    generator = np.random.default_rng(seed)
    shapes = []
    for _ in range(4):
        edges = generator.uniform(0.3, 1, 3) * size
        centre, turn = generator.uniform(-2, 2, 3) * size, generator.uniform(0, 360, 3)
        shapes.append(rw.Box(centre, edges, rotation=turn))
    shapes += six_quads(generator.uniform(-2, 2, 3) * size, *np.eye(3) * size + 0.3 * size)
    shapes.append(rw.Sphere((0, 0, 0), size))
    tables = compiled([shapes[k] for k in generator.permutation(len(shapes))])
    boxes = find_boxes(tables.few_flats)
    assert len(boxes) == 5
    assert len(np.unique([box.faces for box in boxes])) == 30
    for box in boxes:
        # Corners of faces lie on the box, or a rounding beside it.
        faces = tables.few_flats[box.faces, layout.FEW_CORNER : layout.FEW_CORNER + 3]
        places = np.abs((faces - box.centre) @ box.rows.T)
        assert np.all((places >= 1) & (places < 1 + 1e-4))


def test_boxes_within_boxes_and_beside_equal_ones_are_told_apart():
    nested = [rw.Box((0, 3, 0), (edge,) * 3) for edge in (1, 2, 1.5)]
    row = [rw.Box((1.0 * k, 0.5, 0), (1, 1, 1)) for k in range(4)]
    tables = compiled([*nested, *row, rw.Sphere((0, 3, 0), 0.1)])
    assert len(find_boxes(tables.few_flats)) == 7


@pytest.mark.parametrize(
    "shapes",
    [
        six_quads((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))[1:],
        [*six_quads((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))[1:], rw.Quad(
            (0, 0, 0), (0.5, 0, 0), (0, 2, 0)
        )],
        [*six_quads((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))[1:], rw.Quad(
            (0.5, -0.2, 0), (0.7, 0.7, 0), (-0.7, 0.7, 0)
        )],
        [rw.Box((100, 0.5, 0), (1, 1e-5, 1))],
        [FLOOR],
    ],
    ids=["open", "a face of another form", "a face that is turned", "thinner than rounding", "one"],
)  # fmt: skip
def test_what_is_no_box_stays_flats(shapes):
    tables = compiled([*shapes, rw.Sphere((0, 5, 0), 1)])
    assert len(tables.few_boxes) == 0
    assert np.array_equal(tables.few_occluders, tables.few_flats)


def test_a_room_hides_nothing_within():
    room = rw.Box((0, 0, 0), (4, 4, 4))
    tables = compiled([room, rw.Box((0, -1.5, 0), (1, 1, 1)), rw.Sphere((1, 0, 0), 0.5)])
    assert len(tables.few_boxes) == 1
    assert len(tables.few_occluders) == 6
    assert np.all(tables.few_occluders[:, layout.FEW_SIDE] != 0)


def hidden(shapes, origins, d, t_max):
    """By the lists, where the tree tells the same."""
    tables = compiled(shapes)
    assert len(tables.few_boxes) > 0
    (_, _, by_tree), (_, _, by_few) = trace_both_ways(tables, origins, d, t_max)
    np.testing.assert_array_equal(by_few, by_tree)
    return by_few


def test_rays_along_axes_meet_boxes_and_pass_them():
    box = rw.Box((0, 1, 0), (2, 2, 2))
    generator = np.random.default_rng(0)
    origins = generator.uniform(-3, 3, (RAYS, 3)).astype(np.float32)
    d = np.eye(3)[generator.integers(0, 3, RAYS)] * generator.choice([-1, 1], RAYS)[:, None]
    t_max = generator.choice([0.5, 2.0, np.inf], RAYS).astype(np.float32)
    found = hidden([box, rw.Sphere((9, 9, 9), 0.1)], origins, d, t_max)
    assert 0.02 < np.mean(found) < 0.95


def test_between_its_faces_nothing_is_hidden():
    box = rw.Box((0, 1, 0), (2, 2, 2), rotation=(10, 20, 30))
    generator = np.random.default_rng(1)
    origins = (generator.uniform(-0.3, 0.3, (RAYS, 3)) + np.array([0, 1, 0])).astype(np.float32)
    d = directions(generator, RAYS)
    for reach, expected in ((0.4, False), (3.0, True), (np.inf, True)):
        t_max = np.full(RAYS, reach, np.float32)
        found = hidden([box, rw.Sphere((9, 9, 9), 0.1)], origins, d, t_max)
        assert np.all(found == expected)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-3, 1.0, 1e4]))
@settings(max_examples=20, deadline=None)
def test_rays_that_leave_a_face_are_not_hidden_by_it(seed, size):
    generator = np.random.default_rng(seed)
    centre, turn = generator.uniform(-20, 20, 3) * size, generator.uniform(0, 360, 3)
    box = rw.Box(centre, generator.uniform(0.2, 2, 3) * size, rotation=turn)
    tables = compiled([box, rw.Sphere(centre + 9 * size, 0.1 * size)])
    faces = tables.few_flats[generator.integers(0, 6, RAYS)].astype(float)
    corner, normal, v, u = (faces[:, at : at + 3] for at in (0, 3, 6, 9))
    area = 1 / np.linalg.norm(np.cross(u, v), axis=1)[:, None]
    weights = generator.uniform(0, 1, (2, RAYS, 1))
    p = (corner - u * area * weights[0] + v * area * weights[1]).astype(np.float32)
    offset = 2.0**-20 * np.sum(np.abs(normal) * np.abs(p), axis=1)[:, None]
    d = directions(generator, RAYS)
    d *= np.sign(np.sum(d * normal, axis=1))[:, None]
    origins = (p + normal * offset).astype(np.float32)
    _, (_, _, occluded) = trace_both_ways(tables, origins, d, np.full(RAYS, np.inf, np.float32))
    assert not np.any(occluded & (np.sum(d * (centre + 9 * size - p), axis=1) < 0))


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1.0, 300.0]), st.booleans())
@settings(max_examples=20, deadline=None)
def test_within_a_room_its_faces_hide_nothing_from_each_other(seed, away, is_turned):
    """Nor where they lie in planes through the origin, off which no ray starts."""
    generator = np.random.default_rng(seed)
    size = generator.uniform(1, 10, 3)
    turn = tuple(generator.uniform(0, 360, 3) * is_turned)
    room = rw.Box(tuple(size / 2 + away), tuple(size), rotation=turn)
    tables = compiled([room, rw.Sphere((0, 1000, 0), 0.1), rw.Sphere((0, -1000, 0), 0.1)])
    assert len(tables.few_boxes) == 1
    faces = tables.few_flats[generator.integers(0, 6, (2, RAYS))].astype(float)
    corner, normal, v, u = (faces[:, :, at : at + 3] for at in (0, 3, 6, 9))
    area = 1 / np.linalg.norm(np.cross(u, v), axis=2)[:, :, None]
    weights = generator.uniform(0.05, 0.95, (2, 2, RAYS, 1))
    p = corner - u * area * weights[0] + v * area * weights[1]
    normal *= np.sign(np.sum((size / 2 + away - p) * normal, axis=2))[:, :, None]  # inwards
    offsets = 2.0**-20 * np.sum(np.abs(normal) * np.abs(corner), axis=2)[:, :, None]
    origins, ends = (p + normal * offsets).astype(np.float32)
    way = ends.astype(float) - origins
    distance = np.linalg.norm(way, axis=1)
    crosses = np.abs(np.sum(normal[0] * normal[1], axis=1)) < 0.9
    crosses |= np.sum(normal[0] * normal[1], axis=1) < -0.9  # not from a face to itself
    d = way / np.maximum(distance, 1e-9)[:, None]
    _, (_, _, occluded) = trace_both_ways(tables, origins, d, distance * (1 - 1e-6))
    assert not np.any(occluded & crosses)
