"""Walls and floors that hide no light."""

import numpy as np
import pytest
from kernel_drivers import compiled, scene_of

import raywidget as rw
from raywidget.compiler import compile_scene, scene_tables
from raywidget.kernels import layout

WALLS = [
    rw.Quad((-2, 0, 2), (4, 0, 0), (0, 0, -4)),
    rw.Quad((-2, 0, -2), (4, 0, 0), (0, 3, 0)),
    rw.Quad((2, 0, -2), (0, 0, 4), (0, 3, 0)),
]
LAMP = rw.Quad((-0.5, 2.9, 0.5), (0, 0, -1), (1, 0, 0), emission=5)
BOX = rw.Box((0, 0.5, 0), (1, 1, 1))


def sides(shapes, emitters=(), **more):
    scene = scene_of(shapes, list(emitters)).replace(**more)
    tables = compile_scene(scene)
    return tables.few_flats[:, layout.FEW_SIDE]


def test_walls_have_all_else_on_one_side():
    # Three walls, of which two are higher than the lamp, and the bottom of the box.
    marks = sides([*WALLS, LAMP, BOX])
    assert np.count_nonzero(marks) == 4
    assert np.all(marks[:-4] == 0)
    # Of less height, they leave the lamp alone above.
    low = [rw.Quad((-2, 0, 2), (4, 0, 0), (0, 0, -4)), LAMP, rw.Sphere((0, 1, 0), 0.5)]
    assert np.count_nonzero(sides(low)) == 2


def test_all_else_is_in_front_of_them_or_behind():
    tables = compiled([*WALLS, LAMP, BOX])
    flats = tables.few_flats[tables.few_flats[:, layout.FEW_SIDE] != 0]
    way = (0, 1.2, 0) - flats[:, layout.FEW_CORNER : layout.FEW_CORNER + 3]
    normals = flats[:, layout.FEW_NORMAL : layout.FEW_NORMAL + 3]
    assert np.all(np.sum(way * normals, axis=1) * flats[:, layout.FEW_SIDE] > 0)


@pytest.mark.parametrize(
    ("emitter", "count"),
    [
        (rw.PointLight((0, 1, 0), 1), 4),
        (rw.PointLight((0, 1, -3), 1), 3),
        (rw.PointLight((5, -1, 0), 1), 1),
        (rw.DirectionalLight((0, -1, 0), 1), 4),
        (rw.DirectionalLight((1, -2, 0.5), 1), 3),
        (rw.DirectionalLight((0, 1, 0), 1), 2),
        (rw.ImageEnvironment(np.ones((4, 8, 3), np.float32)), 0),
        (rw.ConstantEnvironment(1), 4),
    ],
    ids=["inside", "behind a wall", "beyond two", "noon", "sun", "from below", "image", "sky"],
)
def test_lights_beyond_them_are_hidden(emitter, count):
    assert np.count_nonzero(sides([*WALLS, BOX], [emitter])) == count


def test_fog_may_be_lit_from_everywhere():
    fog = rw.HomogeneousMedium(scattering=0.1)
    assert np.count_nonzero(sides([*WALLS, BOX], [rw.PointLight((0, 1, 0), 1)], medium=fog)) == 0


def unmarked(monkeypatch, scene, **settings):
    """A picture for which all flats are asked."""
    with monkeypatch.context() as patch:
        patch.setattr(scene_tables, "set_outer_last", lambda tables, boxes: tables)
        return rw.render(scene, **settings).pixels


@pytest.mark.parametrize("integrator", ["path", "bdpt"])
@pytest.mark.parametrize("behind", [False, True])
def test_pictures_are_what_they_are_without(monkeypatch, integrator, behind):
    camera = rw.PerspectiveCamera(
        look_from=(0.3, 1.5, -6) if behind else (0, 1.5, 7), look_at=(0, 1.3, 0), vfov=40
    )
    ball = rw.Sphere((1, 0.5, 1), 0.5, material=rw.Dielectric(1.5))
    emitters = [rw.PointLight((-1, 2, 1), 2), rw.DirectionalLight((1, -2, 0.5), 1)]
    settings = {"width": 24, "height": 20, "spp": 8, "seed": 3, "integrator": integrator}
    pictures = []
    for render in (
        lambda s: rw.render(s, **settings).pixels,
        lambda s: unmarked(monkeypatch, s, **settings),
    ):
        scene = rw.Scene([*WALLS, LAMP, BOX, ball], emitters=emitters, camera=camera)
        pictures.append(render(scene))
    assert np.array_equal(*pictures)
