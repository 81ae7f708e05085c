"""Planes and scenes that they cut: what is refused, what is kept."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.compiler.geometry.clips import pack_clips
from raywidget.compiler.geometry.placement import AS_IT_IS
from raywidget.compiler.scene_tables import compile_after
from raywidget.engine.preview.sketch import Sketch
from raywidget.errors import SceneError
from raywidget.kernels import layout
from raywidget.scene.edits import edit_scene

CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
FACES = "013 032 467 475 045 051 237 276 026 064 157 173"
CUBE = rw.Mesh(
    [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)],
    [tuple(map(int, face)) for face in FACES.split()],
)


@pytest.mark.parametrize(
    ("point", "normal", "word"),
    [
        ((0, 0, 0), (0, 0, 0), "normal"),
        ((0, 0, 0), (0, np.nan, 1), "normal"),
        ((0, np.inf, 0), (0, 0, 1), "point"),
        ((0, 0), (0, 0, 1), "point"),
        ("here", (0, 0, 1), "point"),
    ],
)
def test_planes_that_are_none_are_refused_by_name(point, normal, word):
    with pytest.raises(SceneError, match=f"Plane 'cut': {word}"):
        rw.Plane(point, normal, name="cut")


@pytest.mark.parametrize("clip", [3, "x", [3], [(0, 0, 1)], [rw.Plane]])
def test_what_is_no_list_of_planes_is_refused(clip):
    with pytest.raises(SceneError, match="clip"):
        rw.Scene(camera=CAMERA, clip=clip)


def test_a_single_plane_is_a_list_of_one():
    plane = rw.Plane((0, 0, 0), (0, 0, 1))
    assert rw.Scene(camera=CAMERA, clip=plane).clip == (plane,)
    with pytest.raises(SceneError, match="caps"):
        rw.Scene(camera=CAMERA, clip=plane, caps="yes")


def closed(shapes):
    """Which shapes get caps in a scene with a plane."""
    scene = rw.Scene(shapes, camera=CAMERA, clip=rw.Plane((0, 0, 0), (0, 0, 1)), caps=True)
    return pack_clips(scene, scene.shapes, AS_IT_IS).shapes[:, layout.SHAPE_CAPS].tolist()


def test_shapes_that_are_closed_are_known():
    open_cube = CUBE.replace(faces=CUBE.faces[1:])
    turned = CUBE.faces.copy()
    turned[0] = turned[0, ::-1]
    seams = rw.Mesh(CUBE.vertices[CUBE.faces].reshape(-1, 3), np.arange(36).reshape(-1, 3))
    shapes = [CUBE, open_cube, CUBE.replace(faces=turned), seams, CUBE.replace(flip_normals=True)]
    assert closed(shapes) == [1, 0, 0, 1, 0]
    tube = rw.Cylinder((0, 0, 0), (0, 1, 0), 1)
    others = [rw.Instances(CUBE, [np.eye(4)]), tube, tube.replace(caps=False)]
    others += [rw.Quad((0, 0, 0), (1, 0, 0), (0, 1, 0)), rw.Sphere((0, 0, 0), 1, flip_normals=True)]
    assert closed(others) == [1, 1, 0, 0, 0]


def test_a_plane_that_moves_leaves_all_other_tables_where_they_are():
    scene = rw.Scene([CUBE], camera=CAMERA, clip=[rw.Plane((0, 0, 0.5), (0, 0, 2))], caps=True)
    first = compile_after(scene, 1)
    moved = edit_scene(scene, {"clip[0].point": (0, 0, 0.25)})
    second = compile_after(moved, 1, (scene, first))
    assert second.tables.clips.tolist() == [[0, 0, 1, 0.25]]
    for name in first.tables._fields:
        if name not in ("clips", "clip_groups"):
            assert getattr(second.tables, name) is getattr(first.tables, name)
    whole = compile_after(moved.replace(clip=[]), 1, (moved, second))
    assert len(whole.tables.clips) == 0
    assert len(whole.tables.few_flats) == 12


def test_cut_scenes_go_into_files_and_come_back(tmp_path):
    scene = rw.Scene([CUBE], camera=CAMERA, clip=[rw.Plane((0, 0, 0.5), (0, 0, 2))], caps=True)
    scene.save(tmp_path / "cut.glb")
    assert repr(rw.load_scene(tmp_path / "cut.glb")) == repr(scene)


def test_a_plane_of_a_shape_that_moves_leaves_all_other_tables_where_they_are():
    cut = CUBE.replace(clip=[rw.Plane((0, 0, 0.5), (0, 0, 2))], name="cube")
    scene = rw.Scene([cut, rw.Sphere((0, 0, 0), 1, clip=())], camera=CAMERA, caps=True)
    first = compile_after(scene, 1)
    assert first.tables.shape_clips.tolist() == [[1, 1], [-1, 0]]
    moved = edit_scene(scene, {"cube.clip[0].point": (0, 0, 0.25)})
    assert moved.shapes[0].vertices is scene.shapes[0].vertices
    second = compile_after(moved, 1, (scene, first))
    assert second.tables.clips.tolist() == [[0, 0, 1, 0.25]]
    for name in first.tables._fields:
        if name not in ("clips", "clip_groups"):
            assert getattr(second.tables, name) is getattr(first.tables, name)


def test_groups_of_planes():
    plane, other = rw.Plane((0, 0, 0), (0, 0, 1)), rw.Plane((0, 0, 0), (1, 0, 0))
    both = [plane, other]
    shapes = [CUBE, CUBE.replace(clip=both), CUBE.replace(clip=()), CUBE.replace(clip=both)]
    scene = rw.Scene(shapes, camera=CAMERA, clip=other)
    tables = pack_clips(scene, scene.shapes, AS_IT_IS)
    assert tables.shapes[:, 0].tolist() == [0, 1, -1, 1]
    assert tables.groups.tolist() == [[0, 1], [1, 2]]
    assert len(tables.planes) == 3
    alone = pack_clips(scene.replace(shapes=[CUBE]), [CUBE], AS_IT_IS)
    assert alone.groups.tolist() == [[0, 1]]  # one for all: the quick way
    none = scene.replace(shapes=[CUBE], clip=())
    assert len(pack_clips(none, none.shapes, AS_IT_IS).shapes) == 0


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"clip": [1]}, r"clip\[0\] must be a Plane, such as"),
        ({"clip": "x"}, "clip"),
        ({"caps": "yes"}, "caps must be True, False or 'values'"),
        ({"caps": 3}, "caps"),
    ],
)
def test_bad_cuts_of_shapes(changes, word):
    with pytest.raises(SceneError, match=word):
        rw.Sphere((0, 0, 0), 1, name="ball", **changes)


def test_sketches_are_cut():
    ball = rw.Sphere((0, 0, 0), 1)
    half = rw.Plane((0, 0, 0), (1, 0, 0))
    sky = [rw.ConstantEnvironment(0)]
    for scene in (
        rw.Scene([ball], emitters=sky, camera=CAMERA, clip=half),
        rw.Scene([ball.replace(clip=half)], emitters=sky, camera=CAMERA),
    ):
        picture = Sketch(scene).draw(CAMERA, 64, 48, lambda: False)
        assert picture[:, :32].max() > 0.1
        assert picture[:, 33:].max() == 0
    whole = rw.Scene([ball.replace(clip=())], emitters=sky, camera=CAMERA, clip=half)
    assert Sketch(whole).draw(CAMERA, 64, 48, lambda: False)[:, 33:].max() > 0.1
