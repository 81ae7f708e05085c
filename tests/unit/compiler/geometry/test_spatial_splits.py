"""Flats that are cut: each point of them stays in a box, and rays end where they did."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_drivers import compiled, directions, scene_of, trace
from trees import check_tree, flats_of

import raywidget as rw
from raywidget.compiler.geometry import bvh
from raywidget.compiler.geometry.bvh import UNCUT, build_binary_tree, room_for_cuts
from raywidget.compiler.geometry.primitives import PARALLELOGRAM, TRIANGLE, Flats
from raywidget.compiler.scene_tables import compile_after
from raywidget.kernels import layout
from raywidget.kernels.language.boxes import BOX


def sticks(generator, count, thick=0.01, far=0.0):
    """Long thin triangles that lie across each other."""
    middle = generator.uniform(-1, 1, (count, 1, 3)) + far
    along = directions(generator, count)[:, None] * generator.uniform(0.2, 2, (count, 1, 1))
    corners = middle + along * np.array([[-1], [1], [0.9]])
    corners = corners + generator.normal(0, thick, (count, 3, 3))
    return rw.Mesh(corners.reshape(-1, 3), np.arange(3 * count).reshape(-1, 3))


def references(tables):
    tree, primitives, _ = check_tree(tables)
    leaves = [leaf.index for leaf in tree.leaves if leaf.kind == layout.LEAF_FLAT]
    return sum(len(flats_of(tables, block)[2]) for block in leaves), primitives


@given(st.integers(0, 2**32 - 1), st.integers(40, 800), st.floats(0.0, 0.3), st.floats(-300, 300))
@settings(max_examples=25, deadline=None)
def test_no_part_of_a_flat_that_is_cut_gets_lost(seed, count, thick, far):
    generator = np.random.default_rng(seed)
    shapes = [sticks(generator, count, thick, far)]
    for corner, u, v in generator.normal(0, 1, (30, 3, 3)):
        shapes.append(rw.Quad(corner + far, u, v))
    held, primitives = references(compiled(shapes))
    assert sorted(set(primitives)) == list(range(len(set(primitives))))
    assert held >= len(primitives)


def test_long_flats_are_cut_and_rays_end_where_they_did(monkeypatch):
    generator = np.random.default_rng(5)
    mesh = sticks(generator, 3000)
    o = generator.uniform(-2, 2, (20_000, 3)).astype(np.float32)
    d = directions(generator, len(o))
    tables = compiled([mesh])
    held, primitives = references(tables)
    assert 1.1 * len(primitives) < held <= 1.25 * len(primitives)
    hits = trace(tables, o, d)
    monkeypatch.setattr(bvh, "_ROOM", 1 << 40)
    whole = compiled([mesh])
    assert references(whole)[0] == len(primitives)
    others = trace(whole, o, d)
    assert 0.2 < np.mean(hits.shape >= 0) < 0.9
    np.testing.assert_array_equal(hits.t, others.t)
    np.testing.assert_array_equal(hits.primitive, others.primitive)
    np.testing.assert_array_equal(hits.occluded, others.occluded)


def test_regular_meshes_stay_whole():
    x, y = np.meshgrid(np.linspace(-1, 1, 80), np.linspace(-1, 1, 80))
    vertices = np.stack([x, y, 0.2 * np.sin(5 * x) * np.cos(4 * y)], axis=-1).reshape(-1, 3)
    corner = (np.arange(79)[:, None] * 80 + np.arange(79)).reshape(-1, 1)
    faces = np.concatenate([np.add(corner, add) for add in ([0, 1, 81], [0, 81, 80])])
    held, primitives = references(compiled([rw.Mesh(vertices, faces)]))
    assert len(primitives) == len(faces)
    assert held < 1.01 * len(faces)


def test_what_is_to_be_refitted_is_not_cut():
    """Boxes of a part would grow to hold the whole flat."""
    scene = scene_of([sticks(np.random.default_rng(6), 400)], ())
    still, moving = (compile_after(scene, 1, will_move=w).tables for w in (False, True))
    assert references(still)[0] > 400
    assert references(moving)[0] == 400


def flats(generator, count, shear):
    corners = np.empty((count, 3, 3), np.float32)
    corners[:, 0] = generator.uniform(-1, 1, (count, 3))
    corners[:, 1] = directions(generator, count) * generator.uniform(0.2, 3, (count, 1))
    corners[:, 2] = generator.normal(0, 0.02, (count, 3))
    return Flats(corners, np.full(count, shear, np.float32), np.arange(count, dtype=np.int32))


@pytest.mark.parametrize("shear", [TRIANGLE, PARALLELOGRAM])
def test_threads_cut_the_same(shear):
    some = flats(np.random.default_rng(7), 30_000, shear)
    kinds = np.full(len(some.shears), layout.LEAF_FLAT, np.uint8)
    trees = []
    for threads in (1, 2, 5):
        boxes = np.empty((len(kinds) + room_for_cuts(len(kinds)), BOX), np.float32)
        some.write_boxes(boxes[: len(kinds)])
        trees.append(build_binary_tree(boxes, kinds, threads, some.outlines()))
    held = [held_by(tree) for tree in trees]
    assert sum(len(numbers) for _, numbers in held[0]) > 1.2 * len(kinds)
    for other in held[1:]:
        assert len(other) == len(held[0])
        for (box, numbers), (other_box, other_numbers) in zip(held[0], other, strict=True):
            np.testing.assert_array_equal(box, other_box)
            np.testing.assert_array_equal(numbers, other_numbers)


def held_by(tree):
    """Boxes of leaves and what they hold, from left to right."""
    leaves, stack = [], [0]
    while stack:
        node = stack.pop()
        first, count = tree.links[node].tolist()
        if count:
            leaves.append((tree.bounds[node], tree.order[first : first + count]))
        else:
            stack += [first + 1, first]
    return leaves


def test_numbers_of_boxes_may_be_others_than_of_flats():
    some = flats(np.random.default_rng(8), 500, TRIANGLE)
    kinds = np.full(500, layout.LEAF_FLAT, np.uint8)
    boxes = np.empty((625, BOX), np.float32)
    some.write_boxes(boxes[:500])
    turned = np.random.default_rng(9).permutation(500).astype(np.int32)
    shuffled = boxes.copy()
    shuffled[:500] = boxes[turned]
    straight = build_binary_tree(boxes, kinds, 1, some.outlines())
    renumbered = build_binary_tree(shuffled, kinds, 1, some.outlines(turned + 3, 3))
    for tree, numbers in ((straight, np.arange(500)), (renumbered, turned)):
        parts = [(number, box) for box, held in held_by(tree) for number in numbers[held]]
        assert len(parts) > 500
        cover(some, parts)


def cover(some, parts):
    """Each corner, and the middle of each side, is in a box of its flat's."""
    for number in range(len(some.shears)):
        boxes = np.array([box for n, box in parts if n == number])
        corner, u, v = some.corners[number].astype(float)
        for a, b in ((0, 0), (1, 0), (0, 1), (0.5, 0), (0, 0.5), (0.5, 0.5)):
            p = corner + a * u + b * v
            assert np.any(np.all((p >= boxes[:, :3]) & (p <= -boxes[:, 4:7]), axis=1))


def test_without_outlines_nothing_is_cut():
    some = flats(np.random.default_rng(8), 500, TRIANGLE)
    boxes = np.empty((625, BOX), np.float32)
    some.write_boxes(boxes[:500])
    tree = build_binary_tree(boxes, np.full(500, layout.LEAF_FLAT, np.uint8), 1, UNCUT)
    assert sum(len(numbers) for _, numbers in held_by(tree)) == 500
