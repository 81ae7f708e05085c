"""What is allowed and nearly always a mistake is told; what is meant so is not."""

import math
import warnings

import numpy as np
import pytest

import raywidget as rw
from raywidget.scene.doubts import find_doubts
from raywidget.scene.values.radians import looks_like_radians

CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
CORNERS = ([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)])
FLAT = ([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], [(0, 1, 2), (0, 2, 3)])
PICTURE = np.ones((4, 4, 3))
BY_COLOR = rw.Diffuse(rw.Attribute("color"))
COLORS = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
UVS = [(0, 0), (1, 0), (0, 1)]


def doubts(*shapes, emitters=(), camera=CAMERA):
    return find_doubts(rw.Scene(shapes, emitters=emitters, camera=camera))


def lens(vfov, **more):
    return rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=vfov, **more)


@pytest.mark.parametrize("vfov", [0.7, 1.0, math.radians(60), math.pi / 2, 3])
def test_a_field_of_view_in_radians(vfov):
    (told,) = doubts(camera=lens(vfov, name="eye"))
    assert told.startswith(f"PerspectiveCamera 'eye': vfov={vfov:.4g} is in degrees")
    assert told.endswith(f"vfov={math.degrees(vfov):.3g}")


@pytest.mark.parametrize("vfov", [0.001, 3.2, 5, 40, 179])
def test_a_field_of_view_in_degrees(vfov):
    assert doubts(camera=lens(vfov)) == []


@pytest.mark.parametrize(
    "rotation",
    [(0, math.pi / 2, 0), (0, 1.57, 0), (0.785, 0, 3.14), (0, -math.pi / 4, 0), (0, 0.5235988, 0)],
)
def test_a_box_that_is_turned_by_radians(rotation):
    (told,) = doubts(rw.Box((0, 0, 0), (1, 1, 1), rotation=rotation, name="crate"))
    assert "Box 'crate': rotation=(" in told
    assert "radians" in told
    assert f"{math.degrees(rotation[1]):.4g}" in told


@pytest.mark.parametrize(
    "rotation", [(0, 45, 0), (0, 0.5, 0), (1, 2, 3), (0, 1.57, 30), (0, 6, 0), (0.3, -0.4, 0.1)]
)
def test_a_box_that_is_turned_by_degrees(rotation):
    assert doubts(rw.Box((0, 0, 0), (1, 1, 1), rotation=rotation)) == []


def test_few_small_angles_in_degrees_look_like_radians():
    angles = np.round(np.random.default_rng(0).uniform(-7, 7, 20_000), 3)
    assert np.mean([looks_like_radians(a) for a in angles]) < 0.01
    assert not any(looks_like_radians(a / 10) for a in range(-70, 71))


@pytest.mark.parametrize(
    ("rotation", "found"),
    [(math.pi / 2, True), ((0, 3.14, 0), True), ((math.pi / 2, 0, math.pi), True), (90, False),
     (0, False), ((10, 20, 30), False), (np.eye(3), False)],
)  # fmt: skip
def test_an_environment_that_is_turned_by_radians(rotation, found):
    sky = rw.ImageEnvironment(PICTURE, rotation=rotation, name="sky")
    told = doubts(emitters=[sky])
    assert [("ImageEnvironment 'sky': rotation=" in text) for text in told] == [True] * found


def test_a_cone_in_radians():
    spot = rw.SpotLight((0, 4, 0), (0, 0, 0), cone_angle=math.radians(30))
    (told,) = doubts(emitters=[spot])
    assert "cone_angle=0.5236 is in degrees" in told
    assert "cone_angle=30" in told
    assert doubts(emitters=[rw.SpotLight((0, 4, 0), (0, 0, 0), cone_angle=30)]) == []


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: rw.transforms.rotate(math.pi / 2, (0, 1, 0)), "rotate(): degrees=1.571"),
        (lambda: rw.transforms.rotate_xyz(0, 1.57, 0), "rotate_xyz(): angles=(0, 1.57, 0)"),
    ],
)
def test_transforms_tell_at_once_in_the_line_that_calls_them(call, name):
    with pytest.warns(rw.SceneWarning) as told:
        call()
    assert name in str(told[0].message)
    assert told[0].filename == __file__


@pytest.mark.parametrize(
    "shape",
    [
        rw.Mesh(*CORNERS, material=BY_COLOR, name="it"),
        rw.Sphere((0, 0, 0), 1, material=BY_COLOR, name="it"),
        rw.Spheres([(0, 0, 0)], 1, material=rw.Metal(rw.Attribute("color")), name="it"),
        rw.Instances(rw.Mesh(*CORNERS), [np.eye(4)], material=BY_COLOR, name="it"),
        rw.Mesh(*CORNERS, materials=[rw.Coated(BY_COLOR)], face_materials=[0], name="it"),
        rw.Mesh(
            *CORNERS,
            material=rw.Diffuse(rw.Checkerboard(rw.Attribute("color"), 0.2)),
            uvs=UVS,
            name="it",
        ),
    ],
)
def test_colours_that_are_asked_for_and_not_there(shape):
    (told,) = doubts(shape)
    assert told.startswith(f"{type(shape).__name__} 'it': Attribute('color') is white")
    assert "; give it" in told


@pytest.mark.parametrize(
    "shape",
    [
        rw.Mesh(*CORNERS, material=BY_COLOR, colors=COLORS),
        rw.Mesh(*CORNERS, material=BY_COLOR, face_colors=COLORS[:1]),
        rw.Mesh(*CORNERS),
        rw.Mesh(*CORNERS, colors=COLORS),
        rw.Spheres([(0, 0, 0)], 1, material=BY_COLOR, colors=COLORS[:1]),
        rw.Instances(rw.Mesh(*CORNERS), [np.eye(4)], material=BY_COLOR, colors=COLORS[:1]),
        rw.Instances(rw.Mesh(*CORNERS, colors=COLORS), [np.eye(4)], material=BY_COLOR),
    ],
)
def test_colours_that_are_there(shape):
    assert doubts(shape) == []


@pytest.mark.parametrize(
    "texture", [rw.ImageTexture(PICTURE), rw.Checkerboard(0.1, 0.9), rw.Gradient(0.1, 0.9)]
)
def test_textures_without_coordinates(texture):
    bare = rw.Mesh(*FLAT, material=rw.Diffuse(texture), name="it")
    (told,) = doubts(bare)
    assert told.startswith(f"Mesh 'it': {type(texture).__name__} needs texture coordinates")
    assert "uvs=" in told
    (told,) = doubts(rw.Instances(bare, [np.eye(4)], name="copies"))
    assert told.startswith("Instances 'copies'")
    assert doubts(rw.Mesh(*FLAT, material=rw.Diffuse(texture), uvs=[*UVS, (1, 1)])) == []
    assert doubts(rw.Mesh(*CORNERS, material=rw.Diffuse(texture))) == []  # once, as meant
    assert doubts(rw.Sphere((0, 0, 0), 1, material=rw.Diffuse(texture))) == []


def test_second_coordinates():
    texture = rw.ImageTexture(PICTURE, uvs=2)
    uvs = [*UVS, (1, 1)]
    (told,) = doubts(rw.Mesh(*FLAT, material=rw.Diffuse(texture), uvs=uvs, name="it"))
    assert "second texture coordinates" in told
    assert doubts(rw.Mesh(*FLAT, material=rw.Diffuse(texture), uvs2=uvs)) == []


def test_a_texture_of_one_colour_needs_no_coordinates():
    assert doubts(rw.Mesh(*FLAT, material=rw.Diffuse(rw.ImageTexture(PICTURE[:1, :1])))) == []


def test_of_each_kind_the_first_is_told():
    many = [rw.Mesh(*CORNERS, material=BY_COLOR, name=f"mesh {k}") for k in range(5)]
    (told,) = doubts(*many)
    assert "'mesh 0'" in told


def test_each_scene_is_told_of_once_where_it_is_rendered():
    sky = rw.ConstantEnvironment(1)
    scene = rw.Scene([rw.Sphere((0, 0, 0), 1)], emitters=[sky], camera=lens(0.7))
    small = {"width": 4, "height": 4, "spp": 1, "threads": 1}
    with pytest.warns(rw.SceneWarning, match="vfov=0.7") as told:
        rw.render(scene, **small)
    assert [w.filename for w in told] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rw.render(scene, **small)
    again = scene.replace(name="again")
    with pytest.warns(rw.SceneWarning, match="vfov=0.7") as told:
        rw.RayWidget(again, **small, autostart=False).close()
    assert [w.filename for w in told] == [__file__]


@pytest.mark.parametrize("name", [n for n in rw.presets.NAMES if n != "dragon"])
def test_presets_raise_no_doubts(name):
    assert find_doubts(rw.presets.preset(name)) == []
