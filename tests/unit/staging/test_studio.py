"""The studio: what it shows is in the picture, on its ground, in its light, whatever its size."""

import re

import numpy as np
import pytest
import trimesh

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.io.building import CLAY
from raywidget.io.parts import SceneParts
from raywidget.staging.lights import LIGHTS
from raywidget.staging.studio import scene_of

BOX = trimesh.creation.box((1, 2, 3))
SIZE = {"width": 60, "height": 45, "spp": 16, "max_depth": 4, "threads": 1}


def projected(scene, points, aspect):
    """Places in the picture, from -1 to 1."""
    camera = scene.camera
    frame = camera.frame()
    local = points - np.array(camera.look_from)
    depth = local @ frame.forward
    half = camera.half_height(aspect)
    x, y = local @ frame.right / depth / half / aspect, local @ frame.up / depth / half
    assert (depth > 0).all()
    return x, y


@pytest.mark.parametrize("aspect", [0.3, 1.0, 16 / 9, 5.0])
@pytest.mark.parametrize("view", [(1, 0.6, 1), (0, 1, 0), (-3, -1, 0.1), (0, 0, 1)])
def test_everything_is_in_the_picture_and_fills_it(aspect, view):
    scene = rw.studio(BOX, view=view, aspect=aspect)
    x, y = projected(scene, scene.shapes[0].vertices.astype(float), aspect)
    assert max(np.abs(x).max(), np.abs(y).max()) == pytest.approx(1 / 1.12, abs=0.01)
    assert max(np.abs(x).max(), np.abs(y).max()) < 1


SHAPES = np.array([0.2, 1 / 3, 0.8, 1.0, 4 / 3, 3.0, 6.0])


@pytest.mark.parametrize("seed", range(12))
def test_a_studio_for_no_picture_in_particular_is_seen_whole_in_all_of_them(seed):
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(0, 1.5, 3))  # long, flat, tall
    turn = trimesh.transformations.random_rotation_matrix(rng.random(3))
    box = trimesh.creation.box(size, turn)
    up = ("x", "y", "z", "-x", "-y", "-z")[seed % 6]
    scene = rw.studio(box, up=up, view=rng.normal(size=3))
    points = scene.shapes[0].vertices.astype(float)
    for aspect in [*SHAPES, *np.exp(rng.uniform(-2, 2, 5))]:
        x, y = projected(scene, points, aspect)
        assert max(np.abs(x).max(), np.abs(y).max()) <= 1 / 1.12 + 1e-3
    x, y = projected(scene, points, 1.0)
    assert max(np.abs(x).max(), np.abs(y).max()) == pytest.approx(1 / 1.12, abs=0.01)


@pytest.mark.parametrize("aspect", SHAPES)
def test_what_is_framed_for_one_picture_is_never_cut_along_its_larger_side(aspect):
    long = trimesh.creation.box((20, 1, 1))
    scene = rw.studio(long, view=(0, 0.3, 1), aspect=aspect)
    points = scene.shapes[0].vertices.astype(float)
    x, y = projected(scene, points, aspect)
    assert max(np.abs(x).max(), np.abs(y).max()) == pytest.approx(1 / 1.12, abs=0.01)
    x, _ = projected(scene, points, min(1.0, aspect))
    assert np.abs(x).max() < 1


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e3])
def test_any_unit_gives_the_same_picture(unit):
    """Powers of two would be exact; these are equal but for rounding of the coordinates."""
    plain = rw.render(rw.studio((BOX.vertices, BOX.faces)), **SIZE).pixels
    other = rw.render(rw.studio((unit * BOX.vertices, BOX.faces)), **SIZE).pixels
    assert np.median(np.abs(plain - other)) < 1e-3
    assert abs(plain.mean() - other.mean()) < 0.02


def test_what_lies_far_away_is_brought_near_and_that_is_told():
    far = np.array([500_000.0, 5_000_000.0, 300.0])
    scene = rw.studio((BOX.vertices + far, BOX.faces))
    mesh = scene.shapes[0]
    offset = [float(n) for n in re.findall(r"-?[\d.]+", scene.notes[-1].split("(")[1])][:3]
    np.testing.assert_allclose(mesh.vertices, BOX.vertices + far + offset, atol=1e-6)
    assert np.abs(mesh.vertices).max() < 10
    assert "moved by" in scene.notes[-1]
    single = rw.Mesh(BOX.vertices + np.float32(4096), BOX.faces)
    (moved, _) = rw.studio(single).shapes
    np.testing.assert_array_equal(np.ptp(moved.vertices, axis=0), (1, 2, 3))
    assert np.abs(moved.vertices).max() < 10


@pytest.mark.parametrize("up", ["x", "y", "z", "-x", "-y", "-z"])
def test_the_ground_touches_from_below(up):
    scene = rw.studio(BOX, up=up)
    ground = scene.shapes[-1]
    axis = "xyz".index(up[-1])
    sign = -1 if up[0] == "-" else 1
    expected = np.zeros(3)
    expected[axis] = sign
    np.testing.assert_array_equal(ground.normal, expected)
    lowest = (sign * BOX.vertices[:, axis]).min()
    assert sign * ground.center[axis] == pytest.approx(lowest, abs=1e-3)
    assert sign * ground.center[axis] < lowest
    assert scene.camera.frame().up[axis] * sign > 0.5
    assert sign * scene.camera.look_from[axis] > lowest


def test_what_stands_up():
    assert rw.studio(BOX).shapes[-1].normal == (0, 0, 1)
    assert rw.studio(rw.Sphere((0, 0, 0), 1)).shapes[-1].normal == (0, 1, 0)
    with pytest.raises(rw.SceneError, match="up must be 'x', 'y' or 'z'"):
        rw.studio(BOX, up="w")


@pytest.mark.parametrize("light", list(LIGHTS))
def test_a_white_ground_looks_white_and_shadows_fall_on_it(light):
    """The ground's reflectance is what makes it as bright as the background: closed form."""
    scene = rw.studio(BOX, light=light)
    sky, ground = scene.environment, scene.shapes[-1]
    level = np.array(sky.irradiance((0, 0, 1))) * ground.material.color / np.pi
    np.testing.assert_allclose(level, (1, 1, 1), atol=0.06)
    assert sky.name == light
    empty = scene.replace(shapes=[ground])
    bare = rw.render(empty, **{**SIZE, "spp": 64}).pixels
    np.testing.assert_allclose(bare.mean(axis=(0, 1)), (1, 1, 1), atol=0.06)
    with_box = rw.render(scene, **{**SIZE, "spp": 64}).pixels
    shadow = (with_box - bare).mean(axis=2)
    assert shadow.min() < -0.3


def test_lights_and_backgrounds_of_ones_own():
    sun = rw.DirectionalLight((0, 0, -1), 3)
    scene = rw.studio(BOX, light=sun, background=None, ground=False)
    assert scene.emitters == (sun,)
    assert scene.background is None
    assert len(scene.shapes) == 1
    assert rw.studio(BOX, light=None).emitters == ()
    assert rw.studio(BOX, background="tomato").background == rw.Diffuse("tomato").color
    with pytest.raises(rw.SceneError, match="light must be one of 'soft', 'overcast', 'sun'"):
        rw.studio(BOX, light="moon")
    with pytest.raises(rw.SceneError, match='ground must be True, False or "shadow"'):
        rw.studio(BOX, ground="yes")


def test_its_repr_is_the_python_that_makes_it():
    scene = rw.studio(rw.Sphere((0, 0, 0), 1, material=rw.Metal(0.9)), light="sun")
    again = eval(repr(scene), {name: getattr(rw, name) for name in rw.__all__})
    a, b = (rw.render(s, **SIZE).pixels for s in (scene, again))
    assert np.median(np.abs(a - b)) < 1e-4


def test_what_brings_light_and_camera_keeps_them():
    lamp = rw.Quad((-1, 3, -1), (2, 0, 0), (0, 0, 2), emission=5)
    scene = scene_of([rw.Sphere((0, 0, 0), 1), lamp])
    assert scene.emitters == ()
    assert len(scene.shapes) == 2
    given = rw.presets.cornell()
    assert scene_of(given) is given
    staged = rw.studio(given, light="overcast")
    assert len(staged.shapes) == len(given.shapes) + 1


def small_lights(strength):
    """A device whose picture of emission is black but for one of 256 pixels."""
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[3, 4] = 255
    material = rw.Principled(0.1, emission=rw.ImageTexture(pixels, factor=strength))
    return rw.Mesh(
        [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0.5)],
        [(0, 1, 2), (0, 2, 3)],
        uvs=[(0, 0), (1, 0), (1, 1), (0, 1)],
        material=material,
    )


def test_lights_of_a_device_do_not_make_it_dark():
    scene = scene_of([small_lights(1.0)])
    assert scene.emitters
    assert any("too weak to light" in note for note in scene.notes)
    glow = rw.Quad((0, 0, 0), (0.01, 0, 0), (0, 0.01, 0), emission=0.9)
    assert scene_of([rw.Sphere((0, 0, 0), 1), glow]).emitters


@pytest.mark.parametrize(
    "lamp",
    [
        small_lights(100.0),
        rw.Quad((0, 0, 2), (0.01, 0, 0), (0, 0.01, 0), emission=2),
        rw.Quad((-1, -1, 2), (2, 0, 0), (0, 2, 0), emission=0.5),
        rw.Mesh(
            [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)],
            [(0, 1, 2), (0, 2, 3)],
            materials=[rw.Diffuse(0.5), rw.Emissive(0.9)],
            face_materials=[0, 1],
        ),
    ],
)
def test_lamps_are_all_the_light_there_is(lamp):
    assert scene_of([rw.Box((0.5, 0.5, 0.5), (1, 1, 1)), lamp]).emitters == ()


@pytest.mark.parametrize("copied", [False, True])
def test_files_whose_meshes_have_several_materials(monkeypatch, copied):
    """What is bare in them is clay, the rest as it is."""
    bare = rw.Mesh([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)]).material
    mesh = rw.Mesh(
        [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)],
        [(0, 1, 2), (0, 2, 3)],
        materials=[bare, rw.Metal(0.9)],
        face_materials=[0, 1],
    )
    plain = rw.Mesh([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)])
    shapes = [mesh, plain]
    if copied:
        shapes = [rw.Instances(shape, [np.eye(4), np.eye(4)]) for shape in shapes]
    parts = SceneParts(shapes=tuple(shapes))
    monkeypatch.setattr("raywidget.adapters.read_scene", lambda path: parts)
    several, single = rw.studio("a.usda").shapes[:2]
    if copied:
        assert single.material is CLAY
        several, single = several.mesh, single.mesh
    assert [type(m) for m in several.materials] == [type(CLAY), rw.Metal]
    assert single.material is CLAY


def test_files(tmp_path):
    path = tmp_path / "part.stl"
    BOX.export(path)
    scene = rw.studio(path)
    assert scene.shapes[0].material is CLAY
    assert rw.load_scene(path).emitters == ()
    assert rw.load_scene(path).notes[-1].endswith("one that sees all of it was added, z up")
    BOX.export(tmp_path / "part.obj")
    for read in (rw.load_scene, rw.studio):
        assert read(path).camera.up == (0, 0, 1)
        assert read(tmp_path / "part.obj").camera.up == (0, 1, 0)
        assert read(tmp_path / "part.obj", up="x").camera.up == (1, 0, 0)
    image = rw.render(path, **SIZE)
    np.testing.assert_array_equal(image.pixels, rw.render(scene, **SIZE).pixels)
    overcast = rw.render(str(path), light="overcast", **SIZE)
    assert (overcast.pixels != image.pixels).any()
    with pytest.raises(rw.SceneError, match=r"no file|nothing\.stl"):
        rw.studio(tmp_path / "nothing.stl")


def test_a_thing_that_shines_before_a_bright_background_is_told_of_darker_ones():
    lamp = rw.Sphere((0, 0, 0), 1, emission=3)
    (note,) = rw.studio(lamp).notes
    assert "a darker one shows it" in note
    assert rw.studio(lamp, background="#22262c").notes == ()
    assert rw.studio(lamp, background=None).notes == ()


def test_the_sun_leaves_shadows_nearly_grey():
    """What only the sky lights is a little blue, no more."""
    sky = rw.studio(BOX, light="sun").environment
    red, _, blue = sky.irradiance((1, 0.3, 0.2))  # away from the sun
    assert 1.0 < blue / red < 1.35


def test_before_a_picture_the_ground_catches_shadows_alone(tmp_path):
    wall = np.full((4, 6, 3), 0.25, np.float32)
    scene = rw.studio(BOX, background=wall)
    assert np.array_equal(scene.background.image, wall)
    (ground,) = (shape for shape in scene.shapes if shape.name == "ground")
    assert isinstance(ground.material, rw.ShadowCatcher)
    path = tmp_path / "wall.npy"
    np.save(path, wall)
    assert np.array_equal(rw.studio(BOX, background=path).background.image, wall)
    with pytest.raises(SceneError, match="studio: background"):
        rw.studio(BOX, background="nowhere.png")


def test_the_shadow_alone():
    scene = rw.studio(BOX, ground="shadow", light="sun")
    assert isinstance(scene.shapes[-1].material, rw.ShadowCatcher)
    image = rw.render(scene, width=48, height=32, spp=16, alpha=True)
    assert image.alpha.max() == 1.0
    # Somewhere there is shadow, which is black and lets light through; else there is nothing.
    ground = np.abs(image.pixels).max(axis=2) == 0.0
    assert (ground & (image.alpha > 0.2) & (image.alpha < 1.0)).sum() > 20
    assert image.alpha[0, 0] < 0.05
    assert rw.studio(BOX, ground="shadow").replace(background=None).background is None
