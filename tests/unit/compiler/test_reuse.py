"""Trees are used again where no shape has moved."""

import threading

import numpy as np
import pytest

import raywidget as rw
from raywidget.compiler import compile_scene, compile_with_trees
from raywidget.compiler import scene_tables as compiled
from raywidget.compiler.geometry import trees as trees_of_scenes
from raywidget.engine.renderer import Renderer
from raywidget.engine.settings import RenderSettings
from raywidget.scene.edits import edit_scene

TETRAHEDRON = ([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], [(0, 2, 1), (0, 1, 3), (1, 2, 3)])
PLACES = np.stack([np.eye(4)] * 3)
PLACES[:, 0, 3] = (3, 5, 7)
SCENE = rw.Scene(
    [
        rw.Mesh(*TETRAHEDRON, name="mesh"),
        rw.Sphere((3, 0, 0), 1, name="ball"),
        rw.Disk((0, 3, 0), (0, -1, 0), 1, emission=(1, 1, 1), name="lamp"),
        rw.Instances(rw.Mesh(*TETRAHEDRON), PLACES, name="copies"),
    ],
    camera=rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0)),
)

UNMOVED = {
    "mesh.material": rw.Metal((0.9, 0.9, 0.9), 0.2),
    "ball.material": rw.Dielectric(1.5),
    "copies.material": rw.Diffuse((1, 0, 0)),
    "lamp.emission": (5, 1, 1),
    "mesh.emission": (1, 1, 1),
    "emitters": [rw.ConstantEnvironment((0.5, 0.5, 0.5))],
    "camera.look_from": (1, 0, 5),
}
MOVED = {
    "mesh.vertices": np.array(TETRAHEDRON[0]) + 1e-3,
    "mesh.flip_normals": True,
    "ball.radius": 1.01,
    "lamp.center": (0, 3.01, 0),
    "copies.transforms": PLACES[:2],
}


@pytest.fixture
def builds(monkeypatch):
    """A list that grows by one whenever trees are built."""
    calls = []
    build = compiled.build_trees

    here = threading.get_ident()  # a render of before may still compile in a thread of its own

    def count(*arguments):
        if threading.get_ident() == here:
            calls.append(1)
        return build(*arguments)

    monkeypatch.setattr(compiled, "build_trees", count)
    return calls


@pytest.mark.parametrize("path", [*UNMOVED, *MOVED])
def test_an_edit_builds_trees_only_if_a_shape_moves_and_tables_are_as_if_new(path, builds):
    _, trees = compile_with_trees(SCENE)
    edited = edit_scene(SCENE, {path: (UNMOVED | MOVED)[path]})
    tables, _ = compile_with_trees(edited, 1, trees)
    assert len(builds) == (1 if path in UNMOVED else 2)
    for field, ours, new in zip(tables._fields, tables, compile_scene(edited), strict=True):
        if isinstance(ours, np.ndarray):
            assert ours.tobytes() == new.tobytes(), field
        else:
            assert ours == new, field


def test_a_renderer_hands_its_trees_on(builds):
    settings = RenderSettings(width=8, height=8, spp=1, integrator="normals")
    renderer = Renderer(SCENE, settings)
    for path, value in UNMOVED.items():
        renderer = Renderer(edit_scene(renderer.scene, {path: value}), settings, renderer)
    assert len(builds) == 1
    Renderer(edit_scene(renderer.scene, {"ball.radius": 2}), settings, renderer)
    assert len(builds) == 2


def _wavy(count, name):
    """A strip of triangles whose tree has several levels."""
    x = np.arange(count + 2.0)
    points = np.stack([0.1 * x, np.sin(x), np.cos(0.3 * x)], axis=1)
    faces = np.stack([np.arange(count) + k for k in range(3)], axis=1)
    return rw.Mesh(points, faces, name=name)


@pytest.mark.parametrize(
    ("change", "trees"),
    [
        ({"one.transforms": PLACES[1:] @ np.diag([2, 1, 3, 1])}, 1),
        ({"one.transforms": PLACES[:1]}, 1),
        ({"own.vertices": _wavy(500, "own").vertices * 1.5}, 1),
        ({"other.mesh.vertices": _wavy(900, None).vertices + 0.5}, 2),
    ],
)
def test_meshes_that_are_copied_keep_their_trees_where_others_move(change, trees, monkeypatch):
    made = []
    build = trees_of_scenes.build_binary_tree

    def count(*arguments):
        made.append(1)
        return build(*arguments)

    monkeypatch.setattr(trees_of_scenes, "build_binary_tree", count)
    copies = [
        rw.Instances(_wavy(700, None), PLACES, name="one"),
        rw.Instances(_wavy(900, None), PLACES @ np.diag([1, 2, 2, 1]), name="other"),
    ]
    scene = rw.Scene([_wavy(500, "own"), *copies], camera=SCENE.camera)
    _, trees_before = compile_with_trees(scene)
    edited = scene
    for path, value in change.items():
        if path == "other.mesh.vertices":
            moved = copies[1].mesh.replace(vertices=value)
            edited = edit_scene(edited, {"other.mesh": moved})
        else:
            edited = edit_scene(edited, {path: value})
    made.clear()
    tables, kept = compile_with_trees(edited, 1, trees_before)
    assert len(made) == trees
    again, _ = compile_with_trees(scene, 1, kept)  # what was taken over can be taken over
    for own, new in ((tables, compile_scene(edited)), (again, compile_scene(scene))):
        for field, ours, theirs in zip(own._fields, own, new, strict=True):
            if isinstance(ours, np.ndarray):
                assert ours.tobytes() == theirs.tobytes(), field


def test_another_quantity_is_shown_without_its_values_being_copied():
    quantities = {name: np.arange(4.0) * k for k, name in enumerate("abc", 1)}
    mesh = rw.Mesh(*TETRAHEDRON, quantities=quantities, name="mesh")
    ball = rw.Sphere((3, 0, 0), 1)
    first = rw.Scene([ball, mesh], camera=SCENE.camera)
    scene, made = first, compiled.compile_after(first, 1)
    for change in ({"mesh.show": "c"}, {"mesh.show": "b"}, {"mesh.colormap": "gray"}):
        edited = edit_scene(scene, change)
        after = compiled.compile_after(edited, 1, (scene, made))
        assert after.tables.values is made.tables.values
        anew = compile_scene(edited)
        for name in ("fields", "values", "maps"):
            np.testing.assert_array_equal(getattr(after.tables, name), getattr(anew, name))
        scene, made = edited, after
    others = edit_scene(scene, {"mesh.quantities": {**quantities, "a": np.arange(4.0) + 7}})
    after = compiled.compile_after(others, 1, (scene, made))
    np.testing.assert_array_equal(after.tables.values, compile_scene(others).values)
    assert not np.array_equal(after.tables.values, made.tables.values)
