"""Trees that follow what moves: the same rays meet the same as in trees that are built anew."""

import numpy as np
import pytest
from kernel_drivers import trace

import raywidget as rw
from raywidget.compiler.geometry import trees as tree_module
from raywidget.compiler.scene_tables import compile_after
from raywidget.kernels import layout

CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 9), look_at=(0, 0, 0))


def sheet(phase, count=12):
    """A wavy sheet, (vertices, faces)."""
    x, y = np.meshgrid(np.linspace(-3, 3, count), np.linspace(-3, 3, count), indexing="ij")
    vertices = np.stack([x, y, 0.4 * np.sin(2 * x + phase)], axis=-1).reshape(-1, 3)
    corner = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).reshape(-1)
    a, b, c, d = corner, corner + count, corner + count + 1, corner + 1
    return vertices, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


FACES = sheet(0)[1]


def scene_at(time):
    turned = rw.transforms.rotate(40 * time, (0, 1, 0)) @ rw.transforms.scale(0.2)
    places = [rw.transforms.translate(x, -4 + time, 0) @ turned for x in (-2.0, 0.0, 2.0)]
    centers = np.random.default_rng(0).uniform(-3, 3, (40, 3)) + np.array((0, 5 + time, 0))
    small = rw.Mesh(*sheet(0.3 + time, 5), name="copied")
    return rw.Scene(
        [
            rw.Mesh(sheet(time)[0], FACES),
            rw.Spheres(centers, 0.2),
            rw.Cylinder((-4, -2 + time, 0), (4, -2 + time, 1), 0.3),
            rw.Instances(small, places),
            rw.Quad((-5, -6, -1 - time), (10, 0, 0), (0, 12, 0)),
        ],
        camera=CAMERA,
    )


def compiled(scene, before=None, **how):
    return compile_after(scene, 1, before, **how)


def children(made):
    """Which nodes and blocks the nodes have."""
    rows = made.tables.nodes.reshape(-1, layout.NODE_SIZE)
    width = layout.NODE_SIZE // layout.NODE_ROWS
    return rows[:, layout.CHILD_ROW : layout.CHILD_ROW + width].view(np.int32)


def rays(seed, count=4000):
    random = np.random.default_rng(seed)
    origins = random.uniform(-5, 5, (count, 3)) + np.array((0, 0, 6))
    return origins.astype(np.float32), (random.uniform(-5, 5, (count, 3)) - origins).astype(
        np.float32
    )


def test_what_rests_keeps_every_bit():
    start = compiled(scene_at(0), will_move=True)
    trees = start.trees
    geometry = {}
    original = tree_module.refit_trees

    class Seen(Exception):
        pass

    def look(previous, found, threads):
        geometry["found"] = found
        return original(previous, found, threads)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("raywidget.compiler.scene_tables.refit_trees", look)
        compiled(scene_at(0.1), (scene_at(0), start), has_moved=True)
    # The geometry of the start, refitted to itself.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("raywidget.compiler.scene_tables.refit_trees", look)
        other = trees._replace(keys=None)
        compiled(scene_at(0), (scene_at(0), start._replace(trees=other)), has_moved=True)
    again = original(trees, geometry["found"], 1)
    for name in ("nodes", "flats", "balls", "rounds"):
        np.testing.assert_array_equal(
            getattr(again, name).view(np.int32), getattr(trees, name).view(np.int32)
        )


@pytest.mark.parametrize("time", [0.05, 0.6])
def test_rays_meet_the_same(time):
    start = compiled(scene_at(0), will_move=True)
    moved = compiled(scene_at(time), (scene_at(0), start), has_moved=True)
    anew = compiled(scene_at(time))
    assert moved.trees.plan is None
    np.testing.assert_array_equal(children(start), children(moved))  # refitted
    ours, theirs = (trace(each.tables, *rays(1)) for each in (moved, anew))
    assert 0.3 < np.isfinite(theirs.t).mean() < 1.0
    for name, own in ours._asdict().items():
        np.testing.assert_array_equal(own, getattr(theirs, name), err_msg=name)


def test_others_are_built_anew():
    start = compiled(scene_at(0), will_move=True)
    changed = scene_at(0.5)
    fewer = changed.replace(shapes=changed.shapes[:-1])
    for scene in (fewer, exploded()):
        moved = compiled(scene, (scene_at(0), start), has_moved=True)
        anew = compiled(scene, will_move=True)
        np.testing.assert_array_equal(
            moved.tables.nodes.view(np.int32), anew.tables.nodes.view(np.int32)
        )


def exploded():
    """The sheet with its corners shuffled: boxes would overlap everywhere."""
    vertices = sheet(0)[0]
    order = np.random.default_rng(3).permutation(len(vertices))
    scene = scene_at(0)
    return scene.replace(shapes=[rw.Mesh(vertices[order], FACES), *scene.shapes[1:]])


def test_pictures_of_a_deformed_mesh_equal_those_of_rebuilt_trees():
    def at(time):
        mesh = rw.Mesh(sheet(time)[0], FACES)
        lit = [rw.Quad((-9, -9, 12), (0, 18, 0), (18, 0, 0), emission=1)]
        return rw.Scene([mesh, *lit], camera=CAMERA)

    moving = rw.Moving(at, (0, 0.5))
    how = {"width": 48, "height": 48, "spp": 4}
    refitted = rw.render(moving, **how)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("raywidget.compiler.scene_tables.refit_trees", lambda *given: None)
        rebuilt = rw.render(moving, **how)
    np.testing.assert_array_equal(refitted.pixels, rebuilt.pixels)
