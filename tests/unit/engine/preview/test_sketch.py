"""Sketches: drawn without kernels, they show what kernels see, where they see it."""

import threading
import time

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.preview import outline, raster, sketch
from raywidget.engine.preview import sketch_thread as sketcher
from raywidget.engine.preview.sketch import Sketch
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
from raywidget.picture.transparency import lay_over_checkerboard

SIZE = 96, 72
AWAY = rw.PerspectiveCamera(look_from=(1, 2, 6), look_at=(0, 0, 0), vfov=40)
FLAT = rw.OrthographicCamera(look_from=(1, 2, 6), look_at=(0, 0, 0), height=4.5)
INSIDE = rw.PerspectiveCamera(look_from=(0.1, 0.2, 0.3), look_at=(1, 0, 0), vfov=100)
RED, GREEN, BLUE = rw.Diffuse((1, 0, 0)), rw.Diffuse((0, 1, 0)), rw.Diffuse((0, 0, 1))
BOWL = rw.Mesh(
    [(-2, -1, -2), (2, -1, -2), (2, -1, 2), (-2, -1, 2), (0, 1.5, 0)],
    [(0, 1, 2), (0, 2, 3), (0, 1, 4), (2, 3, 4)],
    material=BLUE,
)
SHAPES = {
    "sphere": [
        rw.Sphere((0, 0, 0), 1.3, material=RED),
        rw.Sphere((0.8, 0.8, 1), 0.6, material=GREEN),
    ],
    "spheres": [rw.Spheres([(-1, 0, 0), (1, 0, 1)], [0.8, 0.5], material=RED)],
    "quad": [rw.Quad((-2, -1, 1), (4, 0, 0), (0, 2, -2), material=GREEN)],
    "box": [rw.Box((0, 0, 0), (2, 1, 3), material=RED, rotation=(10, 30, 20))],
    "disk": [rw.Disk((0, 0, 0), (0.3, 1, 1), 1.5, material=RED)],
    "cylinder": [rw.Cylinder((-1, -1, 0), (1, 1, 0.5), 0.7, material=RED)],
    "cone": [rw.Cone((0, -1, 0), (0.5, 1.5, 0), 1.2, material=GREEN)],
    "cylinders": [rw.Cylinders([(-1, -1, 0)], [(1, 1, 0)], 0.5, material=BLUE)],
    "mesh": [BOWL],
    "copies": [
        rw.Instances(BOWL, [rw.transforms.translate(k, 0, k) @ rw.transforms.scale(0.4)])
        for k in (-1, 1)
    ],
}
# Circles are polygons there: in small ones an edge is half a pixel off.
POLYGONS = {"disk", "cylinder", "cone", "cylinders"}


def draw(scene, camera=None, size=SIZE):
    return Sketch(scene).draw(camera or scene.camera, *size, lambda: False)


def test_what_is_cut_out_lies_over_a_checkerboard():
    scene = rw.Scene(SHAPES["sphere"], emitters=[rw.ConstantEnvironment(5)], camera=AWAY)
    columns, rows = SIZE
    shown = Sketch(scene).draw(AWAY, columns, rows, lambda: False, 2 * columns)
    plain = draw(scene)
    sky = (plain == plain[0, 0]).all(axis=2)
    nothing = np.zeros((rows, columns), np.float32)
    board = lay_over_checkerboard(np.zeros_like(plain), nothing, step=2.0)
    np.testing.assert_array_equal(shown[sky], board[sky])
    np.testing.assert_array_equal(shown[~sky], plain[~sky])
    assert len(np.unique(board)) == 2


@pytest.mark.parametrize("camera", [AWAY, FLAT, INSIDE], ids=["perspective", "parallel", "inside"])
@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_is_where_kernels_see_it(name, camera):
    scene = rw.Scene(SHAPES[name], camera=camera)
    columns, rows = SIZE
    # A narrow filter, so that kernels look at the middles of pixels, too.
    seen = rw.render(
        scene, width=columns, height=rows, spp=1, integrator="albedo", filter="box",
        filter_radius=0.1,
    )  # fmt: skip
    drawn = draw(scene, camera)
    # Materials have one channel each: which one is on says what is seen.
    wrong = ((drawn > 0) != (seen.pixels > 0)).any(axis=2)
    assert (seen.pixels > 0).any()
    assert wrong.mean() < (0.03 if name in POLYGONS else 0.006)


def test_surfaces_are_lit_from_the_camera_and_lamps_glow():
    ball = rw.Sphere((0, 0, 0), 1, material=rw.Diffuse((0.5, 0.25, 1)))
    lamp = rw.Quad((2, -1, 0), (1, 0, 0), (0, 1, 0), emission=(20, 10, 0))
    camera = rw.PerspectiveCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), vfov=40)
    drawn = draw(rw.Scene([ball, lamp], camera=camera), size=(97, 73))
    np.testing.assert_allclose(drawn[36, 48], (0.5, 0.25, 1), atol=0.01)
    lit = drawn[36, :, 2]
    at_rim = lit[lit > 0][0]
    assert sketch.AMBIENT <= at_rim < 0.5
    assert any(np.allclose(pixel, (1, 0.5, 0)) for pixel in drawn.reshape(-1, 3))


def test_what_is_nearer_hides_what_is_behind():
    near = rw.Sphere((0, 0, 2), 0.5, material=RED)
    far = rw.Quad((-2, -2, 0), (4, 0, 0), (0, 4, 0), material=BLUE)
    camera = rw.PerspectiveCamera(look_from=(0, 0, 9), look_at=(0, 0, 0))
    for shapes in ([near, far], [far, near]):
        assert draw(rw.Scene(shapes, camera=camera))[36, 48].argmax() == 0


def test_textures_and_colours_of_items_are_seen():
    halves = rw.ImageTexture(np.array([[(1.0, 0, 0), (0, 1.0, 0)]]), filter="nearest")
    camera = rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), height=2)
    wall = rw.Quad((-1, -1, 0), (2, 0, 0), (0, 2, 0), material=rw.Diffuse(halves))
    drawn = draw(rw.Scene([wall], camera=camera), size=(40, 40))
    assert (drawn[:, :20].argmax(axis=2) == 0).all()
    assert (drawn[:, 20:].argmax(axis=2) == 1).all()
    balls = rw.Spheres([(-0.5, 0, 0), (0.5, 0, 0)], 0.3, colors=[(0, 1, 0), (0, 0, 1)])
    drawn = draw(rw.Scene([balls], camera=camera), size=(40, 40))
    assert (drawn[20, 10].argmax(), drawn[20, 30].argmax()) == (1, 2)


def test_the_sky_is_where_nothing_is():
    camera = rw.PerspectiveCamera(look_from=(0, 0, 0), look_at=(0, 0, -1), vfov=90)
    sky = rw.GradientEnvironment(top=(0, 0, 1), bottom=(1, 0, 0))
    drawn = draw(rw.Scene([], emitters=[sky], camera=camera))
    assert drawn[0, 0, 2] > drawn[0, 0, 0]
    assert drawn[-1, 0, 0] > drawn[-1, 0, 2]
    image = np.zeros((64, 128, 3))
    image[20:28, 56:64] = 5.0
    scene = rw.Scene([], emitters=[rw.ImageEnvironment(image, rotation=70)], camera=camera)
    seen = rw.render(scene, width=SIZE[0], height=SIZE[1], spp=1).pixels > 2.5
    turned = [
        scene.replace(camera=camera.replace(look_at=(np.sin(a), 0.5, -np.cos(a))))
        for a in np.linspace(0, 2 * np.pi, 5)[:4]
    ]
    counts = []
    for view in turned:
        seen = rw.render(view, width=SIZE[0], height=SIZE[1], spp=1).pixels[..., 0] > 2.5
        drawn = draw(view)[..., 0] > 0.5
        assert (seen != drawn).mean() < 0.01
        counts.append(drawn.sum())
    assert max(counts) > 20


def test_all_materials_can_be_drawn():
    drawn = draw(rw.presets.materials(), size=(160, 100))
    assert np.isfinite(drawn).all()
    assert len({tuple(c) for c in (10 * drawn.reshape(-1, 3)).astype(int)}) > 30


def test_of_very_many_primitives_some_are_drawn_larger(monkeypatch):
    grid = np.stack(np.meshgrid(np.linspace(-2, 2, 60), np.linspace(-2, 2, 60)), axis=2)
    vertices = np.concatenate([grid, np.zeros((60, 60, 1))], axis=2).reshape(-1, 3)
    at = np.arange(59 * 60).reshape(59, 60)[:, :-1].ravel()
    faces = np.concatenate(
        [np.stack([at, at + 1, at + 60], 1), np.stack([at + 1, at + 61, at + 60], 1)]
    )
    camera = rw.PerspectiveCamera(look_from=(0, 0, 4), look_at=(0, 0, 0), vfov=40)
    scene = rw.Scene([rw.Mesh(vertices, faces, material=RED)], camera=camera)
    assert (draw(scene)[..., 0] > 0).all()
    monkeypatch.setattr(outline, "MOST", 700)
    assert sum(len(part.corners) for part in outline.outline_shapes(scene.shapes)) <= 700
    assert (draw(scene)[..., 0] > 0).mean() > 0.7


def test_what_would_take_too_long_is_drawn_smaller(monkeypatch):
    monkeypatch.setattr(raster, "MOST_PAIRS", 5000)
    drawn = draw(rw.presets.cornell(), size=(160, 120))
    assert drawn.shape == (30, 40, 3)
    assert drawn.any()


def test_a_room_of_large_boards_is_drawn_in_full():
    """They pass the camera, and would be looked for in the whole picture."""
    boards = [
        rw.Quad((-50, height, side), (100, 0, 0), (0, 0, 0.5), material=RED)
        for side in np.arange(-50, 50, 0.5)
        for height in (-1, 1)
    ]
    camera = rw.PerspectiveCamera(look_from=(0.1, 0.2, 0.3), look_at=(1, 0, 0.2), vfov=60)
    assert draw(rw.Scene(boards, camera=camera), size=(200, 150)).shape == (150, 200, 3)


def test_of_very_many_faces_the_large_ones_are_drawn_as_they_are(monkeypatch):
    rng = np.random.default_rng(5)
    small = rng.uniform(-1, 1, (3000, 1, 3)) + rng.uniform(-0.01, 0.01, (3000, 3, 3))
    wall = [[(-3, -3, -2), (3, -3, -2), (3, 3, -2)], [(-3, -3, -2), (3, 3, -2), (-3, 3, -2)]]
    corners = np.concatenate([small[:1500], wall, small[1500:]]).reshape(-1, 3)
    mesh = rw.Mesh(corners, np.arange(len(corners)).reshape(-1, 3), material=RED)
    monkeypatch.setattr(outline, "MOST", 200)
    drawn = [part.corners for part in outline.outline_shapes([mesh])]
    assert sum(map(len, drawn)) <= 200
    whole = {tuple(map(tuple, triangle)) for part in drawn for triangle in part.tolist()}
    assert {tuple(map(tuple, triangle)) for triangle in np.float32(wall).tolist()} <= whole


def test_of_many_shapes_those_of_few_faces_are_drawn_whole(monkeypatch):
    ring = np.linspace(0, 6, 900)
    fan = rw.Mesh(
        [(0, 0, 0), *((np.cos(a), np.sin(a), 0) for a in ring)],
        [(0, k, k + 1) for k in range(1, 900)],
    )
    monkeypatch.setattr(outline, "MOST", 400)
    drawn = [part.corners for part in outline.outline_shapes([fan, BOWL, fan, BOWL])]
    assert sum(map(len, drawn)) <= 400
    assert sum(part.tolist() == BOWL.vertices[BOWL.faces].tolist() for part in drawn) == 2


def test_it_can_be_given_up_and_leaves_panoramas_alone():
    scene = rw.presets.cornell()
    assert Sketch(scene).draw(scene.camera, 40, 30, lambda: True) is None
    round_view = rw.PanoramicCamera(look_from=(278, 278, 278), look_at=(278, 278, 555))
    assert draw(scene, round_view) is None


# --- While a scene compiles -----------------------------------------------------------------------


class SlowCompilation:
    """Holds every renderer up until it is let go."""

    def __init__(self, monkeypatch):
        import raywidget.engine.renderer as module

        self.go = threading.Event()
        real = module.Renderer.__init__

        def wait(renderer, *args):
            assert self.go.wait(60)
            real(renderer, *args)

        monkeypatch.setattr(module.Renderer, "__init__", wait)
        monkeypatch.setattr(sketcher, "PATIENCE", 0.01)


@pytest.fixture
def slow(monkeypatch):
    return SlowCompilation(monkeypatch)


def wait_until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


SETTINGS = RenderSettings(width=320, height=240, spp=1, max_depth=3, threads=1)


def test_a_session_sketches_while_it_compiles_and_then_no_more(slow):
    scene, pictures = rw.presets.cornell(), []
    session = Session(scene, SETTINGS, on_coarse=pictures.append)
    session.start()
    wait_until(lambda: pictures)
    assert pictures[0].sketched
    assert (pictures[0].generation, pictures[0].width, pictures[0].height) == (1, 320, 240)
    turned = scene.replace(camera=scene.camera.replace(look_at=(0, 0, 0)))
    session.look(turned, client=3, number=7)
    wait_until(lambda: len(pictures) == 2)
    assert (pictures[1].client, pictures[1].number, pictures[1].sketched) == (3, 7, True)
    assert not np.array_equal(pictures[0].pixels, pictures[1].pixels)
    slow.go.set()  # the camera still moves: what is rendered first is what it sees
    wait_until(lambda: len(pictures) == 3)
    assert (pictures[2].generation, pictures[2].sketched) == (pictures[1].generation, False)
    assert session.scene is turned
    session.restart(scene=turned)
    assert session.wait(60)
    session.close()
    assert [p.sketched for p in pictures[3:]] == [False] * len(pictures[3:])
    plain = rw.render(turned, width=320, height=240, spp=1, max_depth=3)
    np.testing.assert_array_equal(session.image().pixels, plain.pixels)


def test_a_heavy_scene_is_sketched_before_anything_is_compiled_and_only_once(monkeypatch):
    import raywidget.engine.renderer as module

    told, pictures = [], []
    draw_it, compile_it = Sketch.draw, module.Renderer.__init__

    def draw_and_tell(*args):
        made = draw_it(*args)
        told.append("sketched")
        return made

    def tell_and_compile(*args):
        told.append("compiled")
        compile_it(*args)

    monkeypatch.setattr(Sketch, "draw", draw_and_tell)
    monkeypatch.setattr(module.Renderer, "__init__", tell_and_compile)
    monkeypatch.setattr(sketcher, "HEAVY", 1)
    monkeypatch.setattr(sketcher, "HEAD_START", 60.0)
    monkeypatch.setattr(sketcher, "PATIENCE", 600.0)
    session = Session(rw.presets.cornell(), SETTINGS, on_coarse=pictures.append)
    session.start()
    assert session.wait(60)
    session.restart(scene=rw.Scene([rw.Sphere((0, 0, 0), 300)], camera=session.scene.camera))
    assert session.wait(60)
    session.close()
    assert told[:2] == ["sketched", "compiled"]
    assert told.count("sketched") == 1
    assert not any(picture.sketched for picture in pictures[1:])


def test_a_heavy_scene_that_cannot_be_sketched_is_compiled_at_once(monkeypatch):
    def fail(scene):
        raise MemoryError

    monkeypatch.setattr(sketcher, "HEAVY", 1)
    monkeypatch.setattr(sketcher, "HEAD_START", 600.0)
    monkeypatch.setattr(sketcher, "Sketch", fail)
    session = Session(rw.presets.cornell(), SETTINGS, on_coarse=lambda picture: None)
    session.start()
    assert session.wait(120)
    session.close()


def test_what_is_begun_anew_while_it_compiles_is_sketched_too(slow):
    """Though no worker is free to compile it."""
    scene, pictures = rw.presets.cornell(), []
    session = Session(scene, SETTINGS, on_coarse=pictures.append)
    session.start()
    wait_until(lambda: pictures)
    turned = scene.replace(camera=scene.camera.replace(look_at=(0, 0, 0)))
    other = rw.Scene([rw.Sphere((0, 0, 0), 300)], camera=scene.camera)
    for count, next_scene in enumerate((turned, other), start=2):
        session.restart(scene=next_scene)
        wait_until(lambda count=count: len(pictures) == count)
        assert pictures[-1].generation == session.current().generation
        assert not np.array_equal(pictures[-1].pixels, pictures[-2].pixels)
    assert [t.name for t in threading.enumerate()].count("raywidget-sketch") == 1
    slow.go.set()
    assert session.wait(60)
    session.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("raywidget-")]


def test_closing_ends_the_sketching(slow):
    pictures = []
    session = Session(rw.presets.cornell(), SETTINGS, on_coarse=pictures.append)
    session.start()
    wait_until(lambda: pictures)
    session.close()
    assert not [t for t in threading.enumerate() if t.name == "raywidget-sketch"]
    slow.go.set()


def test_nobody_sketches_for_headless_renders(slow):
    session = Session(rw.presets.cornell(), SETTINGS)
    session.start()
    assert not [t for t in threading.enumerate() if t.name == "raywidget-sketch"]
    slow.go.set()
    assert session.wait(60)
    session.close()


def test_a_sketch_that_fails_leaves_the_render_alone(slow, monkeypatch):
    tried = threading.Event()

    def fail(scene):
        tried.set()
        raise MemoryError

    monkeypatch.setattr(sketcher, "Sketch", fail)
    pictures = []
    session = Session(rw.presets.cornell(), SETTINGS, on_coarse=pictures.append)
    session.start()
    assert tried.wait(60)
    slow.go.set()
    assert session.wait(60)
    session.close()
    assert session.image().pixels.any()
    assert not any(picture.sketched for picture in pictures)
