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
    tables = tables_of(rw.Portal((0, 0, 0), (1, 0, 0), (0, 1, 0)))
    (sums,) = tables.portal_sums
    light = sums[-1, -1, -1] * tables.portals[0, layout.PORTAL_UNIT]
    assert light == pytest.approx(2 * np.pi * 1.02, rel=0.005)
    assert sums[-1, -1, -1] > 2**31 - 2**14  # as fine as they can be
    assert np.all(np.diff(sums[..., -1], axis=1) > 0)


def test_peaks_of_an_image_have_a_map_of_their_own():
    pixels = np.full((512, 1024, 3), 0.5, np.float32)
    pixels[180, 3] = 20000.0  # near the left edge, which is straight towards -z
    sky = rw.ImageEnvironment(pixels)
    tables = tables_of(
        rw.Portal((0, 0, 0), (1, 0, 0), (0, 1, 0)),
        rw.Portal((0, 0, 4), (0, 1, 0), (1, 0, 0)),
        shapes=[rw.Sphere((0, 0, 2), 1.5)],
        sky=sky,
    )
    units = tables.portals[:, layout.PORTAL_UNIT]
    peak_units = tables.portals[:, layout.PORTAL_PEAK_UNIT]
    first = int(tables.portals[0, layout.PORTAL_MAP])
    assert sorted(tables.portals[:, layout.PORTAL_MAP].tolist()) == [0, 2]
    without = tables.portal_sums[first, -1, -1, -1] * units[0]
    assert without == pytest.approx(2 * np.pi * 0.5 * 1.02, rel=0.02)
    assert tables.portal_sums[first + 1, -1, -1, -1] * peak_units[0] > 0.5
    assert peak_units[1] == 0.0  # the other one does not see it


def test_where_the_sun_shines_in_there_are_no_portals():
    pixels = np.full((512, 1024, 3), 0.5, np.float32)
    pixels[180, 3] = 500_000.0  # up towards -z
    window = rw.Portal((0, 0, 0), (1, 0, 0), (0, 1, 0))
    back = rw.Box((0, 0, 3), (9, 9, 1))

    def count(turn=0, shapes=()):
        sky = rw.ImageEnvironment(pixels, rotation=(0, turn, 0))
        return len(tables_of(window, sky=sky, shapes=[back, *shapes]).portals)

    assert count() == 0
    assert count(turn=180) == 1  # behind the wall at its back
    assert count(shapes=[rw.Sphere((0, 2.4, -3), 1.5)]) == 1  # in the shade
    assert count(shapes=[rw.Sphere((6, 2.4, -3), 1.5)]) == 0


@pytest.mark.parametrize("size", [4, 16, 100, 300])
def test_an_image_without_peaks_has_none(size):
    pixels = np.full((size, 2 * size, 3), 0.3, np.float32)
    pixels[size // 4 : size // 2, : size // 2] = 9.0  # what is large is no peak, however bright
    tables = tables_of(rw.Portal((0, 0, 0), (1, 0, 0), (0, 1, 0)), sky=rw.ImageEnvironment(pixels))
    light = (
        tables.portal_sums[:, -1, -1, -1]
        * tables.portals[0, [layout.PORTAL_UNIT, layout.PORTAL_PEAK_UNIT]]
    )
    assert light[0] > 3.0
    assert light[1] < 0.05 * light[0]  # but for its rim


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
