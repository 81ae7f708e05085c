import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_drivers import compiled, directions, trace
from trees import check_tree, children, walk

import raywidget as rw
from raywidget import transforms as tf
from raywidget.compiler import compile_scene
from raywidget.compiler.geometry import trees
from raywidget.compiler.geometry.bvh import build_binary_tree
from raywidget.compiler.geometry.primitives import write_boxes
from raywidget.kernels import layout
from raywidget.kernels.geometry.traverse import MAX_TREE_DEPTH
from raywidget.kernels.language.boxes import BOX
from raywidget.kernels.language.simd import WIDTH


def triangles(generator, count, size=0.1):
    corners = generator.uniform(-1, 1, (count, 1, 3)) + generator.normal(0, size, (count, 3, 3))
    return rw.Mesh(corners.reshape(-1, 3), np.arange(3 * count).reshape(-1, 3))


def balls(generator, count):
    return [
        rw.Sphere(c, r)
        for c, r in zip(
            generator.uniform(-1, 1, (count, 3)), generator.uniform(0.01, 0.2, count), strict=True
        )
    ]


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 100),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 20),
)
@settings(max_examples=40, deadline=None)
def test_every_primitive_is_in_one_lane_and_in_its_box(seed, faces, spheres, quads, copies):
    generator = np.random.default_rng(seed)
    shapes = balls(generator, spheres)
    shapes += [rw.Quad(*generator.normal(0, 1, (3, 3))) for _ in range(quads)]
    if faces:
        shapes.append(triangles(generator, faces))
    own = 7
    if copies:
        moves = [tf.translate(*generator.normal(0, 2, 3)) for _ in range(copies)]
        shapes.append(rw.Instances(triangles(generator, own), moves))
    tables = compiled(shapes)
    tree, primitives, instances = check_tree(tables)
    # Flats that are huge beside a ball are taken apart: there may be more of them.
    count = len(primitives)
    assert sorted(primitives) == list(range(count))
    assert count >= faces + spheres + quads
    assert sorted(instances) == list(range(copies))
    assert tree.depth < MAX_TREE_DEPTH
    if copies:
        codes = tables.instance_codes.reshape(-1, layout.INSTANCE_CODES_SIZE)
        (root,) = np.unique(codes[:, layout.INSTANCE_ROOT])
        _, of_mesh, nested = check_tree(tables, int(root))
        first = count
        assert sorted(of_mesh) == list(range(first, first + own))
        assert nested == []


def test_an_empty_scene_has_an_empty_root():
    tables = compiled([])
    assert walk(tables).leaves == []


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (rw.Sphere((0, 0, 0), 1), layout.LEAF_BALL),
        (rw.Quad((0, 0, 0), (1, 0, 0), (0, 1, 0)), layout.LEAF_FLAT),
        (rw.Mesh(np.eye(3), [(0, 1, 2)]), layout.LEAF_FLAT),
        (rw.Instances(rw.Mesh(np.eye(3), [(0, 1, 2)]), [np.eye(4)]), layout.LEAF_INSTANCE),
    ],
    ids=["ball", "quad", "triangle", "copy"],
)
def test_one_primitive_is_one_leaf(shape, kind):
    tree, primitives, instances = check_tree(compiled([shape]))
    assert [leaf.kind for leaf in tree.leaves] == [kind]
    assert len(primitives) + len(instances) == 1


@pytest.mark.parametrize("count", [2, WIDTH, WIDTH + 1, 1000, 3333])
def test_identical_triangles_are_all_kept(count):
    mesh = rw.Mesh(np.tile(np.eye(3), (count, 1)), np.arange(3 * count).reshape(-1, 3))
    tables = compiled([mesh])
    tree, primitives, _ = check_tree(tables)
    assert sorted(primitives) == list(range(count))
    assert len(tree.leaves) <= 2 * -(-count // WIDTH)  # blocks at least half full
    assert tree.depth <= (5 if WIDTH == 16 else 6)
    hits = trace(tables, np.full((10, 3), 3.0), -np.ones((10, 3)))
    assert np.all(hits.shape == 0)


def test_identical_balls_and_copies_are_all_kept():
    mesh = rw.Mesh(np.eye(3), [(0, 1, 2)])
    shapes = [rw.Sphere((0, 0, 0), 1) for _ in range(300)]
    shapes.append(rw.Instances(mesh, np.tile(np.eye(4), (300, 1, 1))))
    shapes.append(rw.Mesh(np.tile(np.eye(3), (300, 1)), np.arange(900).reshape(-1, 3)))
    _, primitives, instances = check_tree(compiled(shapes))
    assert sorted(instances) == list(range(300))
    assert len(primitives) == len(set(primitives)) == 600


PATHOLOGICAL = {
    "balls twice as far each": lambda k: rw.Sphere((2.0 ** (k - 40), 0, 0), 2.0 ** (k - 42)),
    "balls in each other": lambda k: rw.Sphere((0, 0, 0), 1.5 ** (k - 40)),
    "balls beside in each other": lambda k: rw.Sphere((1.5 ** (k - 40), 0, 0), 1.5 ** (k - 40)),
    "floors": lambda k: rw.Quad((0, 0, 0), (2.0 ** (k - 40), 0, 0), (0, 0, 2.0 ** (k - 40))),
}


@pytest.mark.parametrize("name", PATHOLOGICAL)
def test_pathological_scenes_stay_within_the_stack(name):
    shapes = [PATHOLOGICAL[name](k) for k in range(90)]
    shapes += [s.replace() for s in shapes for _ in range(3)]
    tables = compiled(shapes)
    tree, primitives, _ = check_tree(tables)
    # Each once, but for huge floors under small ones, which are taken apart (see `fans`).
    assert set(tables.primitives[primitives, layout.PRIMITIVE_SHAPE]) == set(range(360))
    assert len(primitives) == len(set(primitives))
    assert tree.depth < MAX_TREE_DEPTH / 2  # two trees share the stack where there are copies
    generator = np.random.default_rng(0)
    d = directions(generator, 1000)
    assert stack_needed(tables) < MAX_TREE_DEPTH * WIDTH
    hits = trace(tables, -3 * d + 0.1 * directions(generator, 1000), d)
    np.testing.assert_array_equal(hits.occluded, hits.shape >= 0)


def stack_needed(tables, root=0):
    """How many children can be put off at once on the way to any leaf."""
    deepest = 0
    stack = [(root, 0)]
    while stack:
        node, waiting = stack.pop()
        _, references = children(tables, node)
        waiting += len(references) - 1
        deepest = max(deepest, waiting)
        stack += [(r, waiting) for r in references.tolist() if r >= 0]
    return deepest


def test_huge_and_tiny_coordinates():
    for size in (1e-12, 1e12):
        generator = np.random.default_rng(0)
        shapes = [rw.Sphere(size * c, size * 0.1) for c in generator.uniform(-1, 1, (200, 3))]
        _, primitives, _ = check_tree(compiled(shapes))
        assert sorted(primitives) == list(range(200))


# --- Quality: the reference's tree was one leaf of 402 here ---------------------------------------


def visits(tables, o, d, t):
    """Nodes and blocks that one ray has to visit, at least: whose box it meets before its hit."""
    with np.errstate(divide="ignore"):
        inverse = 1.0 / d.astype(float)
    nodes, blocks = 0, 0
    stack = [0]
    while stack:
        boxes, references = children(tables, stack.pop())
        nodes += 1
        with np.errstate(invalid="ignore"):
            near, far = (boxes[:, :3] - o) * inverse, (boxes[:, 3:] - o) * inverse
        enter = np.minimum(near, far).max(axis=1)
        leave = np.maximum(near, far).min(axis=1)
        met = (enter <= leave) & (leave >= 0) & (enter <= t)
        for reference in references[met].tolist():
            if reference >= 0:
                stack.append(reference)
            else:
                blocks += 1
    return nodes, blocks


def test_spheregrid_has_a_real_tree():
    scene = rw.presets.spheregrid()
    tables = compile_scene(scene)
    tree, primitives, _ = check_tree(tables)
    assert len(primitives) == 402
    assert len(tree.leaves) >= 402 / WIDTH
    assert 2 <= tree.depth <= 5
    # The huge ground and the lamp have leaves of their own: they stretch no other box.
    sizes = sorted(np.prod(leaf.box[3:] - leaf.box[:3] + 1.0) for leaf in tree.leaves)
    assert sizes[-3] < 20.0
    generator = np.random.default_rng(0)
    frame = scene.camera.frame()
    x, y = generator.uniform(-0.4, 0.4, (2, 300))
    d = (frame.forward + x[:, None] * frame.right + 0.6 * y[:, None] * frame.up).astype(np.float32)
    o = np.tile(np.array(scene.camera.look_from, np.float32), (300, 1))
    hits = trace(tables, o, d)
    counts = np.array(
        [
            visits(tables, *ray)
            for ray in zip(o, d, np.where(hits.shape < 0, np.inf, hits.t), strict=True)
        ]
    )
    nodes, blocks = counts.mean(axis=0)
    assert nodes < 4
    assert blocks < 3  # of 26 or more
    assert counts[:, 1].max() < 9


def test_a_huge_ground_does_not_spoil_the_tree():
    generator = np.random.default_rng(3)
    mesh = triangles(generator, 20_000, 0.01)
    ground = rw.Quad((-1e4, -1.2, 1e4), (2e4, 0, 0), (0, 0, -2e4))
    d = directions(generator, 100)
    o = -3 * d + generator.uniform(-1, 1, (100, 3)).astype(np.float32)
    costs = []
    for shapes in ([mesh], [ground, mesh]):
        tables = compiled(shapes)
        t = np.where((hits := trace(tables, o, d)).shape < 0, np.inf, hits.t)
        costs.append(np.sum([visits(tables, *ray) for ray in zip(o, d, t, strict=True)]))
    assert costs[1] < 1.35 * costs[0]


def test_a_mesh_fills_its_blocks():
    tree, _, _ = check_tree(compiled([triangles(np.random.default_rng(0), 5000, 0.02)]))
    assert 5000 / len(tree.leaves) > WIDTH / 2
    assert tree.depth <= 7


def test_threads_build_the_same_tree():
    random = np.random.default_rng(11)
    lo = random.random((30_000, 3), np.float32)
    boxes = np.empty((len(lo), BOX), np.float32)
    write_boxes(boxes, lo, lo + np.float32(0.01))
    kinds = np.full(len(boxes), layout.LEAF_FLAT, np.uint8)
    one, three = (build_binary_tree(boxes.copy(), kinds, threads) for threads in (1, 3))
    assert np.array_equal(one.order, three.order)
    reachable = [(0, 0)]  # nodes have other numbers
    corners = [0, 1, 2, 4, 5, 6]
    for node, same in reachable:
        assert np.array_equal(one.bounds[node, corners], three.bounds[same, corners])
        (child, count), (its_child, its_count) = one.links[node], three.links[same]
        assert count == its_count
        if count == 0:
            reachable += [(child, its_child), (child + 1, its_child + 1)]
        else:
            assert child == its_child
    assert len(reachable) > 2 * 30_000 / WIDTH


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=3, deadline=None)
def test_threads_make_the_same_tables(seed):
    generator = np.random.default_rng(seed)
    copied = triangles(generator, 21_000, 0.02)
    shapes = [
        triangles(generator, 30_000, 0.02),
        rw.Instances(copied, [tf.translate(k, 0, 0) for k in range(5)]),
        *balls(generator, 50),
        rw.Quad((-9, -2, -9), (18, 0, 0), (0, 0, 18)),
    ]
    scene = rw.Scene(shapes, camera=rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0)))
    one, four = compile_scene(scene, 1), compile_scene(scene, 4)
    for name in ("nodes", "flats", "balls", "instance_codes", "primitives", "light_slots"):
        assert np.array_equal(
            getattr(one, name).view(np.int32), getattr(four, name).view(np.int32)
        ), name


def test_a_few_primitives_need_no_builder(monkeypatch):
    """It would have to be compiled first, which takes longer than their whole picture."""
    monkeypatch.setattr(trees, "build_binary_tree", None)
    generator = np.random.default_rng(5)
    for faces, spheres in ((0, 0), (3, 0), (0, 7), (layout.FEW - 9, 9)):
        shapes = balls(generator, spheres)
        if faces:
            shapes.append(triangles(generator, faces))
        tree, primitives, _ = check_tree(compiled(shapes))
        assert sorted(primitives) == list(range(faces + spheres))
        assert tree.depth == 1
    with pytest.raises(TypeError):
        compiled([triangles(generator, layout.FEW + 1)])
