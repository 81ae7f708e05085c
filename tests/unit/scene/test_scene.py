import copy
import pickle
import re

import numpy as np
import pytest

import raywidget.scene as descriptions
from raywidget.errors import SceneError
from raywidget.picture.figure_elements import describe
from raywidget.scene import (
    Checkerboard,
    ConstantEnvironment,
    Diffuse,
    GradientEnvironment,
    Instances,
    Mesh,
    PerspectiveCamera,
    Quad,
    Scene,
    Sphere,
)
from raywidget.staging.studio import load_scene, scene_of

CAMERA = PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))


def raises(message):
    return pytest.raises(SceneError, match=f"^{re.escape(message)}$")


def ball(**parameters):
    return Sphere((0, 0, 0), 1, **parameters)


def test_any_iterable_of_shapes_will_do():
    shapes = [ball(), ball()]
    for given_shapes in (shapes, tuple(shapes), iter(shapes), (s for s in shapes)):
        scene = Scene(given_shapes, camera=CAMERA)
        assert scene.shapes == tuple(shapes)
    assert Scene(camera=CAMERA).shapes == ()


def test_environment_is_found_among_the_emitters():
    sky = GradientEnvironment(top=1, bottom=0)
    assert Scene(camera=CAMERA).environment is None
    assert Scene(emitters=[sky], camera=CAMERA).environment is sky


def test_environment_values_are_checked():
    with raises(
        "ConstantEnvironment 'sky': radiance must be 3 finite numbers >= 0, linear RGB, "
        "one for a grey, a name or '#rrggbb', got -1"
    ):
        ConstantEnvironment(-1, name="sky")
    with raises(
        "GradientEnvironment: bottom must be 3 finite numbers >= 0, linear RGB, "
        "one for a grey, a name or '#rrggbb', got 'no colour'; "
        'write "tomato" or "#ff6347"'
    ):
        GradientEnvironment(top=1, bottom="no colour")


def test_bounds_hold_all_shapes():
    scene = Scene([ball(), Quad((0, 0, 0), (5, 0, 0), (0, -7, 0))], camera=CAMERA)
    lo, hi = scene.bounds()
    assert lo.tolist() == [-1.0, -7.0, -1.0]
    assert hi.tolist() == [5.0, 1.0, 1.0]
    lo, hi = Scene(camera=CAMERA).bounds()
    assert lo.tolist() == hi.tolist() == [0.0, 0.0, 0.0]


def test_defaults_are_a_read_only_copy():
    defaults = {"width": 400}
    scene = Scene(camera=CAMERA, defaults=defaults)
    defaults["width"] = 1
    assert scene.defaults == {"width": 400}
    with pytest.raises(TypeError):
        scene.defaults["width"] = 2


def test_annotations_are_what_figures_take(tmp_path):
    labels = [((0, 1, 0), "top")]
    scene = Scene([ball()], camera=CAMERA, annotations={"title": "Heat", "labels": labels})
    assert "annotations={'title': 'Heat'" in repr(scene)
    again = pickle.loads(pickle.dumps(scene))
    assert again.annotations == scene.annotations
    assert describe(again)["title"] == "Heat"
    assert describe(again)["labels"] == [{"point": [0.0, 1.0, 0.0], "text": "top"}]
    scene.save(tmp_path / "scene.glb")
    loaded = load_scene(tmp_path / "scene.glb")
    assert describe(loaded) == describe(scene)
    lit = describe(scene_of(tmp_path / "scene.glb"))  # its studio's ground is light
    assert lit == {**describe(scene), "ink": "black"}
    assert describe(again, title="Cold")["title"] == "Cold"
    with pytest.raises(TypeError):
        scene.annotations["title"] = "Cold"
    with pytest.raises(SceneError, match="annotations must be about title, labels, scalebar"):
        Scene(camera=CAMERA, annotations={"tilte": "Heat"})
    with pytest.raises(SceneError, match="annotations must be a mapping of what Figure takes"):
        Scene(camera=CAMERA, annotations="Heat")


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({"title": 3}, r"annotations\['title'\] must be a string"),
        ({"labels": "no"}, "must be a list of"),
        ({"labels": [((0, 0), "a")]}, r"annotations\['labels'\]\[0\] must be"),
        ({"labels": [((0, float("nan"), 0), "a")]}, r"\(\(x, y, z\), text\)"),
        ({"scalebar": -1}, "a length > 0"),
        ({"axes": ["x", "y"]}, "True or three names"),
        ({"colorbars": "ball"}, "names of shapes"),
    ],
)
def test_annotations_are_those_that_can_be_drawn(annotations, message):
    with pytest.raises(SceneError, match=message):
        Scene(camera=CAMERA, annotations=annotations)


def test_replace_keeps_the_rest():
    scene = Scene([ball()], camera=CAMERA, defaults={"spp": 4}, name="s")
    other = scene.replace(camera=CAMERA.replace(vfov=20))
    assert other.shapes == scene.shapes
    assert other.camera.vfov == 20.0
    assert other.defaults == {"spp": 4}
    assert other.name == "s"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_scenes_can_be_copied_and_sent(duplicate):
    shared = Diffuse(0.5, name="paint")
    mesh = Mesh(np.eye(3), [(0, 1, 2)], material=shared)
    scene = Scene(
        [mesh, Instances(mesh, [np.eye(4)]), ball(material=shared)],
        camera=CAMERA,
        defaults={"spp": 4},
    )
    other = duplicate(scene)
    assert other.defaults == {"spp": 4}
    assert other.shapes[1].mesh is other.shapes[0]
    assert other.shapes[2].material is other.shapes[0].material
    assert not other.shapes[1].transforms.flags.writeable


def test_objects_walks_everything_once():
    board = Checkerboard(0, 1, name="board")
    tiles = Diffuse(board, name="tiles")
    mesh = Mesh(np.eye(3), [(0, 1, 2)], material=tiles, name="mesh")
    copies = Instances(mesh, [np.eye(4)], name="copies")
    floor = ball(material=tiles, name="floor")
    sky = ConstantEnvironment(1, name="sky")
    camera = CAMERA.replace(name="camera")
    scene = Scene([floor, copies], emitters=[sky], camera=camera)
    names = [o.name for o in scene.objects()]
    assert sorted(names) == ["board", "camera", "copies", "floor", "mesh", "sky", "tiles"]
    assert names[0] == "floor"
    assert names.index("tiles") < names.index("board")


def test_repr_counts():
    scene = Scene([ball() for _ in range(500)], camera=CAMERA, name="many")
    assert repr(scene) == "Scene('many': 500 shapes: 500 Sphere; 0 emitters; PerspectiveCamera)"


def test_repr_of_a_small_scene_is_the_python_that_makes_it():
    scene = Scene(
        [ball(), Quad((0, 0, 0), (5, 0, 0), (0, -7, 0))],
        emitters=[ConstantEnvironment(0.5)],
        camera=CAMERA,
        defaults={"spp": 4},
        background="white",
        notes=["nobody reads this in a repr"],
        name="s",
    )
    again = eval(repr(scene), vars(descriptions))
    assert repr(again) == repr(scene)
    assert again.background == (1.0, 1.0, 1.0)
    assert (again.name, again.defaults, again.notes) == ("s", {"spp": 4}, ())
    assert [type(shape) for shape in again.shapes] == [type(shape) for shape in scene.shapes]


def test_notes_are_sentences():
    notes = Scene(camera=CAMERA, notes=["3 normals were zero"]).notes
    assert notes == ("3 normals were zero",)
    assert copy.deepcopy(Scene(camera=CAMERA, notes=notes)).notes == notes
    with raises("Scene: notes must be a list of strings, got 'one'"):
        Scene(camera=CAMERA, notes="one")
    with raises("Scene: notes must be a list of strings, got 3"):
        Scene(camera=CAMERA, notes=[3])


def test_messages_about_items():
    with raises("Scene 's': shapes[1] must be a shape, got int 3"):
        Scene([ball(), 3], camera=CAMERA, name="s")
    with raises(
        "Scene: shapes[0] must be a shape, got the class Sphere; "
        "write Sphere(...), with its arguments"
    ):
        Scene([Sphere], camera=CAMERA)
    with pytest.raises(SceneError, match=r"shapes\[0\] .* write it into emitters=$"):
        Scene([ConstantEnvironment(1)], camera=CAMERA)
    with pytest.raises(
        SceneError, match=r"emitters\[0\] must be an emitter, got Sphere .*; write it into shapes=$"
    ):
        Scene(emitters=[ball()], camera=CAMERA)
    with pytest.raises(
        SceneError, match=r"shapes must be a list of shapes, got Sphere.*; put it in \[ \]$"
    ):
        Scene(ball(), camera=CAMERA)
    with raises("Scene: shapes must be a list of shapes, got None"):
        Scene(None, camera=CAMERA)
    same = ball(name="b")
    with raises("Scene: shapes must hold each object once, got Sphere 'b' at 0 and 2"):
        Scene([same, ball(), same], camera=CAMERA)


def test_messages_about_the_whole():
    advice = "write camera=PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 1, 0))"
    with raises(f"Scene: camera must be a camera, got None; {advice}"):
        Scene([ball()])
    with raises(
        "Scene: emitters must hold at most one environment, "
        "got 2: ConstantEnvironment, ConstantEnvironment 'b'"
    ):
        Scene(emitters=[ConstantEnvironment(1), ConstantEnvironment(1, name="b")], camera=CAMERA)
    with raises("Scene: names must be unique, got 'a' for a Sphere and a Diffuse"):
        Scene([ball(name="a", material=Diffuse(0, name="a"))], camera=CAMERA)
    mapping = 'a mapping of settings, such as {"width": 400}'
    with raises(f"Scene: defaults must be {mapping}, got 4"):
        Scene(camera=CAMERA, defaults=4)
    with raises(f"Scene: defaults must be {mapping}, with strings as keys, got 4"):
        Scene(camera=CAMERA, defaults={4: 4})
