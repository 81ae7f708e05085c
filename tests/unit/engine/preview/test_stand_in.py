"""What stands in for large scenes until their tables are there."""

import threading

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.preview import coarse, sketch_thread, stand_in
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings

ROWS = 120
CAMERA = rw.PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 0, 0), vfov=30)


def ball(side, radius=1.0, center=(0, 0, 0)):
    u, v = np.meshgrid(np.linspace(0, 2 * np.pi, side + 1), np.linspace(0, np.pi, side + 1))
    points = np.stack([np.cos(u) * np.sin(v), np.cos(v), np.sin(u) * np.sin(v)], -1)
    corner = np.arange((side + 1) ** 2).reshape(side + 1, -1)[:-1, :-1].reshape(-1, 1)
    halves = [(0, 1, side + 2), (0, side + 2, side + 1)]
    faces = np.concatenate([corner + half for half in halves])
    return points.reshape(-1, 3) * radius + center, faces, (u.ravel(), v.ravel())


def scene_of(*shapes, **options):
    return rw.Scene(shapes, emitters=[rw.ConstantEnvironment(1.0)], camera=CAMERA, **options)


def depths(scene):
    return rw.render(scene, integrator="depth", width=160, height=ROWS, spp=4).pixels[..., 0]


@pytest.fixture
def eager(monkeypatch):
    """Have small scenes stood in for, too."""
    monkeypatch.setattr(stand_in, "WORTH_IT", 1_000)


def test_scenes_that_are_light_enough_have_none(eager):
    assert stand_in.stand_in(scene_of(rw.Mesh(*ball(20)[:2])), 160, ROWS) is None
    assert stand_in.stand_in(scene_of(rw.Mesh(*ball(200)[:2])), 160, ROWS) is not None


def test_scenes_of_many_things_that_would_stay_as_they_are_have_none(eager):
    things = [rw.Mesh(*ball(30, 0.1, (k, 0, 0))[:2]) for k in range(20)]
    assert sum(len(thing.faces) for thing in things) > 30_000
    assert stand_in.stand_in(scene_of(*things), 160, ROWS) is None


def test_it_has_a_fraction_of_the_triangles_and_looks_the_same(eager):
    vertices, faces, _ = ball(500)
    scene = scene_of(rw.Mesh(vertices, faces))
    light = stand_in.stand_in(scene, 160, ROWS)
    assert len(light.shapes[0].faces) < len(faces) / 2
    real, other = depths(scene), depths(light)
    both = (real > 0) & (other > 0)
    assert both.sum() > 0.95 * ((real > 0) | (other > 0)).sum() > 2000
    inner = both & (real < np.percentile(real[both], 90))  # the rim is steep
    assert np.abs(real - other)[inner].max() < 3 * 2 / stand_in._MOST_CELLS


def test_what_vertices_and_triangles_have_goes_along(eager):
    vertices, faces, (u, v) = ball(200)
    materials = [rw.Diffuse("red"), rw.Diffuse("blue")]
    uvs = np.stack([u, v], 1)
    mesh = rw.Mesh(
        vertices,
        faces,
        normals=vertices,
        uvs=uvs,
        colors=0.5 + 0.5 * vertices,
        materials=materials,
        face_materials=(vertices[faces[:, 0], 1] > 0).astype(int),
        name="ball",
    )
    light = stand_in.stand_in(scene_of(mesh), 160, ROWS).shapes[0]
    assert light.name == "ball"
    assert light.materials == mesh.materials
    away = np.linalg.norm(light.normals - light.vertices, axis=1)
    assert away.max() < 3 * 2 / stand_in._MOST_CELLS
    assert np.abs(light.colors - (0.5 + 0.5 * light.vertices)).max() < 3 / stand_in._MOST_CELLS
    middle = light.vertices[light.faces].mean(axis=1)
    apart = np.abs(middle[:, 1]) > 0.05
    assert np.array_equal(light.face_materials[apart], (middle[apart, 1] > 0).astype(int))
    # Corners keep their own coordinates: at a seam nothing is smeared from one side to the other.
    spread = np.ptp(light.uvs[light.faces][..., 0], axis=1)
    assert spread.max() < 1.0


def test_values_go_along_too(eager):
    vertices, faces, (u, v) = ball(200)
    uvs = np.stack([u, v], 1)
    heights = vertices[:, 1]
    middles = heights[faces].mean(axis=1)
    mesh = rw.Mesh(vertices, faces, uvs2=uvs, values=heights, quantities={"middle": middles})
    light = stand_in.stand_in(scene_of(mesh), 160, ROWS).shapes[0]
    assert len(light.uvs2) == len(light.vertices) == len(light.values)
    cell = 2 / stand_in._MOST_CELLS
    assert np.abs(light.values - light.vertices[:, 1]).max() < 3 * cell
    own = light.vertices[light.faces].mean(axis=1)[:, 1]
    assert np.abs(light.quantities["middle"] - own).max() < 3 * cell
    assert light.own_numbers()["middle"].on == "faces"


def test_no_trouble_with_it_ends_a_render(eager, monkeypatch):
    def fail(*_):
        raise ValueError("never seen")

    monkeypatch.setattr(coarse, "stand_in", fail)
    vertices, faces, _ = ball(80)
    scene, seen = scene_of(rw.Mesh(vertices, faces)), threading.Event()
    session = Session(
        scene, RenderSettings(width=320, height=240, spp=1), on_coarse=lambda _: seen.set()
    )
    session.start()
    try:
        assert session.wait(600)
        assert seen.wait(600)
    finally:
        session.close()


def test_crumbs_and_threads_do_not_vanish(eager):
    rng = np.random.default_rng(5)
    centers = rng.uniform(-1, 1, (300, 3))
    parts = [ball(8, 0.002, center) for center in centers]
    vertices = np.concatenate([part[0] for part in parts])
    faces = np.concatenate([part[1] + 81 * k for k, part in enumerate(parts)])
    light = stand_in.stand_in(scene_of(rw.Mesh(vertices, faces)), 160, ROWS).shapes[0]
    middle = light.vertices[light.faces].mean(axis=1)
    nearest = np.linalg.norm(centers[:, None] - middle[None], axis=2).min(axis=1)
    assert nearest.max() < 2 * np.sqrt(3) * 2 / stand_in._MOST_CELLS
    assert len(light.faces) < len(faces) / 10


@pytest.mark.parametrize("flatten", [(1, 1, 0), (1, 0, 0), (1e-20, 1e-20, 1e-20), (1e9, 1e9, 1e9)])
def test_flat_thin_tiny_and_huge_ones(eager, flatten):
    vertices, faces, _ = ball(100)
    scene = scene_of(rw.Mesh(vertices * np.array(flatten), faces))
    light = stand_in.stand_in(scene, 160, ROWS)
    low, high = scene.shapes[0].bounds()
    its_low, its_high = light.shapes[0].bounds()
    cell = (high - low).max() / stand_in._MOST_CELLS
    near = 2 * cell + 1e-12
    assert np.all(np.abs(its_low - low) <= near)
    assert np.all(np.abs(its_high - high) <= near)


def test_what_is_far_away_becomes_coarser_and_copies_stay_copies(eager):
    vertices, faces, _ = ball(100)
    mesh = rw.Mesh(vertices, faces)
    places = [rw.transforms.translate(3 * k, 0, 0) for k in range(3)]
    far = rw.Mesh(vertices - (0, 0, 500), faces)
    light = stand_in.stand_in(scene_of(mesh, far, rw.Instances(mesh, places)), 160, ROWS)
    near, distant, copies = light.shapes
    assert len(distant.faces) < len(near.faces) / 20
    assert isinstance(copies, rw.Instances)
    assert len(copies.transforms) == 3


@pytest.mark.parametrize(
    "camera",
    [
        rw.OrthographicCamera(look_from=(0, 1, 5), look_at=(0, 0, 0), height=3),
        rw.PanoramicCamera(look_from=(0, 1, 5), look_at=(0, 0, 0)),
    ],
)
def test_all_cameras(eager, camera):
    vertices, faces, _ = ball(200)
    scene = scene_of(rw.Mesh(vertices, faces)).replace(camera=camera)
    light = stand_in.stand_in(scene, 160, ROWS)
    assert 100 < len(light.shapes[0].faces) < len(faces)


@pytest.mark.parametrize("alpha", [False, True])
def test_a_session_shows_it_first_and_the_picture_is_that_of_the_scene(eager, monkeypatch, alpha):
    monkeypatch.setattr(sketch_thread, "PATIENCE", 600.0)
    vertices, faces, _ = ball(100)
    scene = scene_of(rw.Mesh(vertices, faces, material=rw.Diffuse("orange")))
    settings = {"width": 320, "height": 240, "spp": 2, "alpha": alpha}
    pictures, enough = [], threading.Event()

    def keep(picture):
        pictures.append(picture)
        if len(pictures) == 2:
            enough.set()

    session = Session(scene, RenderSettings(**settings), on_coarse=keep)
    session.start()
    try:
        assert enough.wait(600)
        assert session.wait(600)
        image = session.image()
    finally:
        session.close()
    first, second = pictures
    assert [first.sketched, second.sketched] == [True, False]
    assert first.generation == second.generation
    rows, columns, _ = first.pixels.shape
    middle = first.pixels[rows // 2 - 5 : rows // 2 + 5, columns // 2 - 5 : columns // 2 + 5]
    middle = middle.mean(axis=(0, 1))
    assert middle[0] > 2 * middle[2]  # it is orange, and not an outline
    assert np.array_equal(image.pixels, rw.render(scene, **settings).pixels)
