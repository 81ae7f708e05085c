"""What a pixel tells of a volume: the place behind which less than half is seen."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.picking import pick_pixel
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
from raywidget.widget.interaction import _describe_hit

SKY = rw.ConstantEnvironment(1.0)
CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 6), look_at=(0, 0, 0), vfov=1.0)
SMALL = {"width": 9, "height": 9, "spp": 2}
AOVS = ("depth", "value", "position", "normal", "object_id", "material_id", "albedo")


def block(values, **others):
    """A volume in the cube from -1 to 1."""
    spacing = 2.0 / np.array(np.shape(values)[:3])
    return rw.Volume(values, spacing=spacing, origin=spacing / 2 - 1, **others)


def along_z(count=64):
    """Numbers from 100 to 300, the middle of cells of a straight line from z = -1 to 1."""
    steps = (np.arange(count) + 0.5) / count
    return np.broadcast_to(100 + 200 * steps, (4, 4, count))


def even(density, **others):
    label = rw.ColorMap("viridis", limits=(0, 400), label="T / K")
    return rw.TransferFunction(label, extinction=1.0, density=density, **others)


def seen(*shapes, camera=CAMERA, **others):
    return rw.render(rw.Scene(shapes, emitters=[SKY], camera=camera, **others), **SMALL, aovs=AOVS)


def test_half_of_the_light_is_lost_before_it():
    for density in (0.4, 2.0, 40.0):
        picture = seen(block(along_z(), transfer=even(density)))
        z = 1.0 - np.log(2.0) / density
        depth = picture.aovs["depth"]
        np.testing.assert_allclose(depth, 6.0 - z, atol=1e-3)
        np.testing.assert_allclose(picture.aovs["position"][4, 4], (0, 0, z), atol=0.02)
        np.testing.assert_allclose(picture.aovs["value"], 200 + 100 * z, atol=0.2)
        np.testing.assert_allclose(picture.aovs["normal"][4, 4], (0, 0, 1), atol=1e-3)
        assert np.all(picture.aovs["object_id"] == 0)
        assert np.all(picture.aovs["material_id"] == -1)
        color = rw.ColorMap("viridis", limits=(0, 400)).evaluate([200 + 100 * z])[0]
        np.testing.assert_allclose(picture.aovs["albedo"][4, 4], color, atol=5e-3)


def test_of_thin_smoke_nothing_is_seen_and_what_is_behind_it_is():
    thin = block(along_z(), transfer=even(0.3))
    assert np.all(seen(thin).aovs["object_id"] == -1)
    assert np.all(np.isinf(seen(thin).aovs["depth"]))
    wall = rw.Quad((-3, -3, -2), (6, 0, 0), (0, 6, 0))
    picture = seen(thin, wall)
    assert np.all(picture.aovs["object_id"] == 1)
    np.testing.assert_allclose(picture.aovs["depth"], 8.0, rtol=1e-3)
    front = seen(block(along_z(), transfer=even(9.0)), wall.replace(origin=(-3, -3, 2)))
    assert np.all(front.aovs["object_id"] == 1)


def test_volumes_that_overlap_hide_together():
    one = block(along_z(), transfer=even(1.0))
    other = block(along_z(), transfer=even(3.0))
    picture = seen(one, other)
    np.testing.assert_allclose(picture.aovs["depth"], 5.0 + np.log(2.0) / 4.0, atol=1e-3)
    assert np.all(picture.aovs["object_id"] == 1)  # the thicker one


def test_what_is_cut_away_is_not_seen():
    volume = block(along_z(), transfer=even(5.0))
    picture = seen(volume, clip=[rw.Plane((0, 0, 0.25), (0, 0, 1))])
    np.testing.assert_allclose(picture.aovs["depth"], 5.75 + np.log(2.0) / 5.0, atol=1e-3)


def test_empty_blocks_are_leapt_over_to_the_first_number():
    values = np.zeros((40, 40, 200), np.uint8)
    values[:, :, 30] = 1
    look = rw.TransferFunction(0.5, extinction=[(0, 0), (1, 1)], density=4e3, limits=(0, 1))
    picture = seen(block(values, transfer=look, interpolation="nearest"))
    top = -1.0 + 31 / 100
    np.testing.assert_allclose(picture.aovs["depth"], 6.0 - top, atol=1e-3)
    np.testing.assert_array_equal(picture.aovs["value"], 1.0)


@pytest.mark.parametrize("factor", [1.0, 1e-5, 1e6])
def test_depths_of_scenes_of_any_size(factor):
    volume = block(along_z(), transfer=even(2.0 / factor))
    volume = volume.replace(
        spacing=np.multiply(volume.spacing, factor), origin=np.multiply(volume.origin, factor)
    )
    picture = seen(volume, camera=CAMERA.replace(look_from=(0, 0, 6 * factor)))
    expected = (5.0 + np.log(2.0) / 2.0) * factor
    np.testing.assert_allclose(picture.aovs["depth"], expected, rtol=1e-3)


def test_a_pick_tells_its_number_with_the_label():
    volume = block(along_z(), transfer=even(2.0), name="gas")
    scene = rw.Scene([rw.Sphere((0, 0, -9), 1), volume], emitters=[SKY], camera=CAMERA)
    settings = RenderSettings(**SMALL, threads=1, integrator="volpath")
    session = Session(scene, settings)
    try:
        session.start()
        assert session.wait(300)
        hit = pick_pixel(session.run(), 4, 4).hit
    finally:
        session.close()
    z = 1.0 - np.log(2.0) / 2.0
    assert hit.shape is volume
    assert (hit.index, hit.row, hit.label) == (1, None, "T / K")
    assert hit.distance == pytest.approx(6.0 - z, abs=1e-3)
    assert hit.value == pytest.approx(200 + 100 * z, abs=0.2)
    np.testing.assert_allclose(hit.normal, (0, 0, 1), atol=1e-3)
    told = _describe_hit(hit)
    assert told["object"]["name"] == "gas"
    assert told["material"]["type"] == "TransferFunction"
    assert told["value"]["label"] == "T / K"


def test_guides_of_denoisers_show_the_volume():
    volume = block(along_z(), transfer=even(9.0))
    scene = rw.Scene([volume], emitters=[SKY], camera=CAMERA)
    picture = rw.render(scene, **SMALL, aovs=("denoise_albedo", "denoise_normal", "albedo"))
    np.testing.assert_allclose(picture.aovs["denoise_albedo"], picture.aovs["albedo"], atol=1e-3)
    np.testing.assert_allclose(picture.aovs["denoise_normal"][4, 4], (0, 0, 1), atol=1e-3)
