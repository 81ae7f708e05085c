import numpy as np
import pytest

from raywidget import presets
from raywidget.engine.settings import RenderSettings
from raywidget.errors import SceneError
from raywidget.presets.statues import DRAGON_FINISHES
from raywidget.scene import Box, Coated, Dielectric, Mesh, Metal, Scene, Sphere
from raywidget.scene.values.transforms import rotate


@pytest.fixture(params=presets.NAMES, scope="module")
def scene(request):
    return presets.preset(request.param)


def shape(scene, name):
    return next(s for s in scene.shapes if s.name == name)


def test_every_preset_is_a_scene_with_its_settings(scene):
    assert isinstance(scene, Scene)
    assert scene.name in presets.NAMES
    assert {"width", "height", "spp", "max_depth"} <= set(scene.defaults)
    RenderSettings.for_scene(scene.defaults, {})  # all known, all in range


def test_every_preset_has_light_that_reaches_it(scene):
    assert scene.emitters or any(s.radiance for s in scene.shapes)


def test_the_camera_looks_at_something(scene):
    lo, hi = scene.bounds()
    assert (np.array(scene.camera.look_at) >= lo).all()
    assert (np.array(scene.camera.look_at) <= hi).all()


def test_presets_are_made_anew():
    assert presets.cornell() is not presets.cornell()


@pytest.mark.parametrize("name", ["cornell-boxes", "Cornell_Boxes", " cornell-boxes "])
def test_names_are_forgiving(name):
    assert presets.preset(name).name == "cornell-boxes"


@pytest.mark.parametrize(
    ("name", "tail"),
    [
        ("cornel", "; did you mean 'cornell'?"),
        ("sphere grid", "; did you mean 'spheregrid'?"),
        ("zzz", ""),
    ],
)
def test_unknown_names(name, tail):
    known = ", ".join(presets.NAMES)
    with pytest.raises(SceneError) as caught:
        presets.preset(name)
    assert str(caught.value) == f"preset must be one of {known}, got {name!r}{tail}"


@pytest.mark.parametrize("alias", ["basic", "cornell-box", "sphere_grid"])
def test_the_references_other_names(alias):
    assert presets.preset(alias).name in presets.NAMES


def test_options_reach_the_scene():
    assert presets.options("cornell") == {"light": "quad"}
    grid = presets.preset("spheregrid", size=3, finish="glass")
    assert sum(isinstance(s.material, Dielectric) for s in grid.shapes) == 9
    assert shape(presets.preset("cornell", light="sphere"), "lamp").radius == 52.5


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("cornell", {"color": 1}, "preset 'cornell' takes light, got 'color'"),
        ("default", {"light": "quad"}, "preset 'default' takes no options, got 'light'"),
        ("cornell", {"light": "sfere"}, "light must be one of .*; did you mean 'sphere'?"),
        ("spheregrid", {"size": 1}, r"spheregrid\(\): size must be from 2 to 1,000, got 1"),
        ("spheregrid", {"size": 2.5}, r"spheregrid\(\): size must be a whole number, got 2.5"),
        ("spheregrid", {"finish": None}, "finish must be one of"),
    ],
)
def test_wrong_options(name, options, message):
    with pytest.raises(SceneError, match=message):
        presets.preset(name, **options)


def test_describe_has_a_line_for_each():
    lines = presets.describe()
    assert tuple(lines) == presets.NAMES
    assert {"cornell", "cornell-boxes", "cornell-empty", "default", "spheregrid"} <= set(lines)
    assert all(line and "\n" not in line for line in lines.values())
    for name, line in lines.items():
        defaults = presets.preset(name).defaults
        assert line.endswith(f"{defaults['width']}x{defaults['height']}")


REFERENCE = {
    "cornell": (400, 400),
    "cornell-boxes": (400, 400),
    "cornell-empty": (400, 400),
    "default": (400, 225),
    "spheregrid": (800, 450),
    "trianglemesh": (600, 337),
    "dragon": (900, 900),
    "caustic-glass": (525, 750),
    "cylinder-test": (400, 225),
    "cone-test": (400, 225),
    "texture-test": (800, 450),
    "simple-sphere": (200, 200),
    "test": (100, 100),
}


def test_all_scenes_of_the_reference_are_there_in_their_sizes():
    for name, size in REFERENCE.items():
        defaults = presets.preset(name).defaults
        assert (defaults["width"], defaults["height"]) == size


@pytest.mark.parametrize("finish", DRAGON_FINISHES)
def test_the_dragon_comes_from_a_file(tmp_path, finish):
    path = tmp_path / "dragon.off"
    path.write_text("OFF\n3 1 0\n0 0 0\n10 0 0\n0 0 10\n3 0 1 2\n")
    statue = shape(presets.dragon(path, finish=finish), "dragon")
    turned = rotate(-53, (0, 1, 0))[:3, :3] @ (10.0, 0.0, 0.0) * (-1.0, 1.0, 1.0)
    np.testing.assert_allclose(statue.vertices[1], turned, atol=1e-5)
    assert statue.normals is not None
    assert presets.dragon(finish=finish).shapes[1].material is not None


def test_the_caustic_glass_and_its_table_come_from_files(tmp_path):
    path = tmp_path / "thing.off"
    path.write_text("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    scene = presets.caustic_glass(path, path, light="point")
    assert shape(scene, "goblet").vertices.min() == -1.0  # x is mirrored
    assert isinstance(shape(scene, "goblet").material, Dielectric)
    assert [presets.caustic_glass(light=kind).emitters[0].radius for kind in ("disk", "point")] == [
        0.7,
        0.0,
    ]


@pytest.mark.parametrize("light", ["quad", "sphere", "point"])
def test_the_cornell_room_with_each_light(light):
    scene = presets.cornell_empty(light=light)
    assert (len(scene.shapes), len(scene.emitters)) == ((6, 0) if light != "point" else (5, 1))


@pytest.mark.parametrize("name", ["cornell", "cornell-boxes"])
def test_the_cornell_room(name):
    scene = presets.preset(name)
    middle = np.array([278.0, 278.0, 278.0])
    for side in ("floor", "ceiling", "back wall", "left wall", "right wall", "lamp"):
        quad = shape(scene, side)
        assert quad.normal @ (middle - quad.corners().mean(axis=0)) > 0, f"{side} faces outwards"
    assert shape(scene, "lamp").radiance == (45.0, 37.5, 20.0)
    right = scene.camera.frame().right
    assert shape(scene, "left wall").material.name == "red"
    assert right @ (shape(scene, "left wall").corners().mean(axis=0) - middle) < 0
    assert right @ (shape(scene, "right wall").corners().mean(axis=0) - middle) > 0


def test_things_in_the_cornell_room_stand_in_it_and_apart():
    for scene in (presets.cornell(), presets.cornell_boxes()):
        first, second = (s for s in scene.shapes if isinstance(s, Box | Sphere))
        for thing in (first, second):
            lo, hi = thing.bounds()
            assert lo[1] == pytest.approx(0.0, abs=1e-9)
            assert (lo >= -1e-9).all()
            assert (hi <= 556.0).all()
        assert apart(first, second)


def apart(first, second):
    """Is there a direction (of an edge of either, or between them) along which they're apart?"""
    between = np.subtract(first.center, second.center)
    directions = [between / np.linalg.norm(between)]
    directions += [
        rotate(s.rotation[1], (0, 1, 0))[:3, 0] for s in (first, second) if isinstance(s, Box)
    ]

    def extent(shape, direction):
        if isinstance(shape, Sphere):
            middle = np.dot(shape.center, direction)
            return middle - shape.radius, middle + shape.radius
        along = shape.corners() @ direction
        return along.min(), along.max()

    pairs = [(extent(first, d), extent(second, d)) for d in directions]
    return any(hi1 < lo2 or hi2 < lo1 for (lo1, hi1), (lo2, hi2) in pairs)


def test_the_hollow_ball_is_a_shell_of_glass():
    scene = presets.default()
    outside, inside = shape(scene, "shell, outside"), shape(scene, "shell, inside")
    assert isinstance(outside.material, Dielectric)
    assert inside.material is outside.material
    assert (outside.radius, inside.radius) == (0.25, 0.24)
    assert (outside.flip_normals, inside.flip_normals) == (False, True)
    assert isinstance(shape(scene, "lacquer ball").material, Coated)


def test_spheregrid_has_400_metal_balls_apart_from_each_other():
    scene = presets.spheregrid()
    balls = [s for s in scene.shapes if isinstance(s, Sphere) and isinstance(s.material, Metal)]
    assert len(balls) == 400
    assert len({s.material.color for s in balls}) > 350
    centers = np.array([s.center for s in balls])
    assert np.ptp(centers[:, 0]) == pytest.approx(9.0)
    assert np.ptp(centers[:, 2]) == pytest.approx(9.0)
    gaps = np.linalg.norm(centers[:, None] - centers, axis=2) + np.eye(400) * 9
    assert gaps.min() > 2 * balls[0].radius


def test_the_mesh_ball_is_closed_round_and_turned_outwards():
    scene = presets.trianglemesh()
    mesh = shape(scene, "mesh ball")
    assert isinstance(mesh, Mesh)
    assert mesh.faces.shape == (1472, 3)
    vertices = mesh.vertices.astype(np.float64) - (1.5, 1.0, 0.0)
    np.testing.assert_allclose(np.linalg.norm(vertices, axis=1), 1.0, atol=1e-6)
    a, b, c = (vertices[mesh.faces[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    assert (np.linalg.norm(normals, axis=1) > 1e-4).all()
    assert (np.einsum("ij,ij->i", normals, a + b + c) > 0).all()
    # Closed: every edge is walked once in either direction.
    edges = np.concatenate([mesh.faces[:, [0, 1]], mesh.faces[:, [1, 2]], mesh.faces[:, [2, 0]]])
    there = {tuple(e) for e in edges.tolist()}
    assert len(there) == len(edges)
    assert there == {(b, a) for a, b in there}
