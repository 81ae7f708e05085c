"""Trees are used again where no shape has moved."""

import threading

import numpy as np
import pytest

import raywidget as rw
from raywidget.compiler import compile_scene, compile_with_trees
from raywidget.compiler import scene_tables as compiled
from raywidget.compiler.geometry import bodies, own_trees
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
    _assert_same(tables, compile_scene(edited))


def test_a_renderer_hands_its_trees_on(builds):
    settings = RenderSettings(width=8, height=8, spp=1, integrator="normals")
    renderer = Renderer(SCENE, settings)
    for path, value in UNMOVED.items():
        renderer = Renderer(edit_scene(renderer.scene, {path: value}), settings, renderer)
    assert len(builds) == 1
    Renderer(edit_scene(renderer.scene, {"ball.radius": 2}), settings, renderer)
    assert len(builds) == 2


def _wavy(count, name, y=0.0):
    """A strip of triangles whose tree has several levels."""
    x = np.arange(count + 2.0)
    points = np.stack([0.1 * x, y + np.sin(x), np.cos(0.3 * x)], axis=1)
    faces = np.stack([np.arange(count) + k for k in range(3)], axis=1)
    return rw.Mesh(points, faces, name=name)


def _count_trees(monkeypatch):
    """A list that grows by one whenever a tree is built."""
    made = []
    build = trees_of_scenes.build_binary_tree

    def count(*arguments):
        made.append(1)
        return build(*arguments)

    for module in (trees_of_scenes, own_trees):
        monkeypatch.setattr(module, "build_binary_tree", count)
    return made


def _assert_same(tables, others):
    for field, ours, theirs in zip(tables._fields, tables, others, strict=True):
        if isinstance(ours, np.ndarray):
            assert ours.tobytes() == theirs.tobytes(), field
        else:
            assert ours == theirs, field


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
    made = _count_trees(monkeypatch)
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
    _assert_same(tables, compile_scene(edited))
    _assert_same(again, compile_scene(scene))


BODIES = rw.Scene(
    [
        _wavy(2100, "low"),
        _wavy(2400, "middle", 5.0).replace(face_colors=np.linspace(0, 1, 7200).reshape(-1, 3)),
        _wavy(2300, "high", 10.0),
        rw.Sphere((3, 2, 0), 1, name="ball"),
        rw.Mesh(*TETRAHEDRON, name="small"),
    ],
    camera=SCENE.camera,
)


@pytest.fixture
def few_are_worth_it(monkeypatch):
    monkeypatch.setattr(bodies, "_WORTH", 0)


@pytest.mark.usefixtures("few_are_worth_it")
@pytest.mark.parametrize(
    ("path", "value", "trees"),
    [
        ("middle.material", rw.Metal((0.9, 0.9, 0.9), 0.2), 0),
        ("middle.emission", (1, 1, 1), 0),
        ("ball.center", (3, 2, 1), 1),
        ("middle.vertices", _wavy(2400, None, 5.5).vertices, 2),
        ("middle.flip_normals", True, 2),
        ("low", _wavy(2200, "low", 0.2), 2),  # all others have other numbers
        ("low", rw.Sphere((3, 0, 0), 1, name="low"), 1),
        ("low", _wavy(2100, "low", 4.5), 1),  # in the way of another: of so few, none keeps its own
    ],
)
def test_large_meshes_that_stand_apart_keep_their_trees(path, value, trees, monkeypatch):
    made = _count_trees(monkeypatch)
    first, before = compile_with_trees(BODIES, 2)
    assert len(made) == 4
    edited = edit_scene(BODIES, {path: value})
    made.clear()
    tables, kept = compile_with_trees(edited, 2, before)
    assert len(made) == trees
    _assert_same(tables, compile_scene(edited))
    again, _ = compile_with_trees(BODIES, 1, kept)
    _assert_same(again, first)


@pytest.mark.usefixtures("few_are_worth_it")
def test_rays_meet_the_same_whether_meshes_have_trees_of_their_own_or_not(monkeypatch):
    camera = rw.PerspectiveCamera(look_from=(50, 5, 60), look_at=(50, 5, 0), vfov=60)
    settings = {"width": 64, "height": 48, "spp": 4, "integrator": "depth"}
    scene = rw.Scene(list(BODIES.shapes), camera=camera)
    with_own = np.asarray(rw.render(scene, **settings))
    monkeypatch.setattr(compiled, "choose_bodies", lambda *_: frozenset())
    np.testing.assert_array_equal(with_own, np.asarray(rw.render(scene, **settings)))
    assert len(np.unique(with_own)) > 100


def _chosen(*shapes):
    return sorted(bodies.choose_bodies(shapes, [shape.bounds() for shape in shapes]))


@pytest.mark.usefixtures("few_are_worth_it")
def test_meshes_have_trees_of_their_own_if_none_is_in_the_way_of_another():
    row = [_wavy(2100, None, 5.0 * k) for k in range(5)]
    assert _chosen(*row, rw.Sphere((0, 0, 0), 9)) == [0, 1, 2, 3, 4]
    assert _chosen(row[0]) == []
    assert _chosen(*row, _wavy(1000, None, 30.0)) == [0, 1, 2, 3, 4]
    round_all = rw.Mesh(_wavy(2100, None).vertices * 40.0, row[0].faces)
    assert _chosen(round_all, *row) == [1, 2, 3, 4, 5]
    heap = [_wavy(2100, None, 0.5 * k) for k in range(5)]
    assert _chosen(*heap) == []
    flat = [rw.Mesh(mesh.vertices * (1, 1, 0), mesh.faces) for mesh in row]
    assert _chosen(*flat) == [0, 1, 2, 3, 4]
    assert _chosen(*flat, flat[2]) == [0, 1, 2, 3, 4]


def test_few_triangles_share_one_tree():
    assert _chosen(*BODIES.shapes) == []
    assert _chosen(*(_wavy(33_000, None, 5.0 * k) for k in range(2))) == [0, 1]


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


def test_what_was_to_be_refitted_is_built_anew_for_a_still_scene():
    """Nothing of it is cut, nor set apart: what came after had other tables than a new scene."""
    generator = np.random.default_rng(1)
    ends = generator.uniform(-3, 3, (900, 1, 3)) + generator.normal(0, 1, (900, 3, 3)) * (
        np.array([[1], [1], [0.01]])
    )
    strips = rw.Mesh(ends.reshape(-1, 3), np.arange(2700).reshape(-1, 3), name="strips")
    copies = rw.Instances(strips.replace(name=None), PLACES, name="copies")

    def scene_at(time):
        ball = rw.Sphere((3 + time, 0, 0), 1, name="ball")
        return rw.Scene([strips, copies, ball], camera=SCENE.camera)

    settings = RenderSettings(width=8, height=8, spp=1, integrator="normals")
    renderer = Renderer(rw.Moving(scene_at, (0, 1)), settings)
    renderer = Renderer(scene_at(0.5), settings, renderer)
    metal, grey = rw.Metal((0.9, 0.9, 0.9), 0.1), rw.Diffuse(0.4)
    for change in ({"ball.material": metal}, {"ball.radius": 1.1}, {"ball.material": grey}):
        renderer = Renderer(edit_scene(renderer.scene, change), settings, renderer)
        _assert_same(renderer._compiled.tables, compile_scene(renderer.scene))
