import numpy as np
import pytest

import raywidget as rw
from raywidget.compiler.scene_tables import compile_scene
from raywidget.kernels import layout
from raywidget.scene.doubts import find_doubts

CAMERA = rw.PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 1, 0))
SKY = rw.ConstantEnvironment(1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rw.Portal((0, 0), (1, 0, 0), (0, 1, 0)), "origin must be 3 finite numbers"),
        (lambda: rw.Portal((0, 0, 0), (0, 0, 0), (0, 1, 0)), "edge_u must be a vector that is not"),
        (lambda: rw.Portal((0, 0, 0), (1, 0, 0), (2, 0, 0)), "must not be parallel"),
        (lambda: rw.Portal((0, 0, np.nan), (1, 0, 0), (0, 1, 0)), "origin must be 3 finite"),
    ],
)
def test_what_is_no_portal(make, message):
    with pytest.raises(rw.SceneError, match=message):
        make()


def tables_of(*portals, shapes=(), sky=SKY):
    emitters = [*([sky] if sky else []), *portals]
    return compile_scene(rw.Scene(shapes, emitters=emitters, camera=CAMERA))


@pytest.mark.parametrize("turned", [False, True])
def test_the_sky_is_where_less_stands(turned):
    wall = rw.Box((0, 1, -4), (9, 9, 1))  # behind the portal
    u, v = ((0, 2, 0), (2, 0, 0)) if turned else ((2, 0, 0), (0, 2, 0))
    tables = tables_of(rw.Portal((-1, 0, -3), u, v), shapes=[wall])
    (row,) = tables.portals
    assert row[layout.PORTAL_OUT : layout.PORTAL_OUT + 3].tolist() == [0, 0, 1]


def test_a_parallelogram_becomes_the_rectangle_round_it():
    (row,) = tables_of(rw.Portal((0, 0, 0), (2, 0, 0), (-1, 1, 0))).portals
    assert row[layout.PORTAL_CORNER : layout.PORTAL_CORNER + 3].tolist() == [-1, 0, 0]
    assert (row[layout.PORTAL_WIDTH], row[layout.PORTAL_HEIGHT]) == (3, 1)


def test_windows_of_one_wall_share_a_map():
    portals = [rw.Portal((x, 0, 0), (1, 0, 0), (0, 1, 0)) for x in range(5)]
    portals.append(rw.Portal((0, 0, 0), (0, 0, 1), (0, 1, 0)))
    tables = tables_of(*portals)
    assert tables.portals.shape == (6, layout.PORTAL_SIZE)
    assert len(tables.portal_sums) == 2


def test_a_map_holds_half_of_a_sky():
    (sums,) = tables_of(rw.Portal((0, 0, 0), (1, 0, 0), (0, 1, 0))).portal_sums
    assert sums[-1, -1] == pytest.approx(2 * np.pi * 1.02, rel=0.005)
    assert np.all(np.diff(sums[1:], axis=1) > 0)


@pytest.mark.parametrize("sky", [None, rw.ConstantEnvironment(0)])
def test_without_a_sky_there_is_nothing_to_be_seen(sky):
    assert len(tables_of(rw.Portal((0, 0, 0), (1, 0, 0), (0, 1, 0)), sky=sky).portals) == 0


def test_a_portal_without_a_sky_is_doubted():
    window = rw.Portal((0, 0, 0), (1, 0, 0), (0, 1, 0), name="window")
    (doubt,) = find_doubts(rw.Scene(emitters=[window], camera=CAMERA))
    assert doubt.startswith("Portal 'window': there is no environment")
    assert not find_doubts(rw.Scene(emitters=[SKY, window], camera=CAMERA))


def test_a_portal_comes_back_from_a_file(tmp_path):
    window = rw.Portal((0, 0, 0), (1, 0, 0), (0, 1, 0), name="window")
    scene = rw.Scene([rw.Sphere((0, 0, 0), 1)], emitters=[SKY, window], camera=CAMERA)
    notes = scene.save(tmp_path / "room.glb")
    assert "The Portal has no place in glTF." in notes
    assert repr(rw.load_scene(tmp_path / "room.glb")) == repr(scene)
