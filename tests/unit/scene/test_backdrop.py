"""Pictures behind everything: what they may be, and how they are fitted."""

import numpy as np
import pytest
from PIL import Image as Pillow

import raywidget as rw
from raywidget.errors import PictureError, SceneError
from tests.generated_scenes import is_same

CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
COLORS = np.random.default_rng(0).random((6, 8, 3)).astype(np.float32)


def seen(background, width=8, height=6, **settings):
    scene = rw.Scene(camera=CAMERA, background=background)
    return rw.render(scene, width=width, height=height, **{"spp": 3, **settings})


@pytest.mark.parametrize("integrator", ["path", "bdpt", "volpath"])
@pytest.mark.parametrize("filter", ["box", "gaussian"])
def test_what_is_behind_all_is_the_picture_to_the_bit(integrator, filter):
    picture = seen(COLORS, integrator=integrator, filter=filter)
    assert np.allclose(picture.pixels, COLORS, rtol=1e-6)


def test_a_window_of_it_is_that_of_the_whole():
    whole = seen(COLORS).pixels
    assert np.array_equal(seen(COLORS, region=(2, 1, 4, 3)).pixels, whole[1:4, 2:6])


def test_whatever_it_is_given_as(tmp_path):
    codes = np.random.default_rng(1).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    linear = rw.decode_srgb(codes / 255.0).astype(np.float32)
    path = tmp_path / "wall.png"
    Pillow.fromarray(codes).save(path)
    opaque = np.dstack([codes, np.full((6, 8), 255, np.uint8)])
    for background in (codes, path, str(path), Pillow.fromarray(codes), opaque, linear.tolist()):
        assert np.allclose(seen(background).pixels, linear, rtol=1e-5)
    rendered = rw.Image(linear, spp=1)
    assert np.allclose(seen(rendered).pixels, linear, rtol=1e-6)
    grey = Pillow.fromarray(codes[:, :, 0])
    assert np.allclose(seen(grey).pixels, linear[:, :, :1].repeat(3, axis=2), rtol=1e-5)


def test_it_fills_the_frame_is_seen_whole_or_stretched():
    wide = np.zeros((2, 8, 3), np.float32)
    wide[:, 2:6] = 1.0
    assert np.all(rw.Backdrop(wide).frame(4, 2) == 1.0)
    whole = rw.Backdrop(wide, fit="contain").frame(8, 6)
    assert np.array_equal(whole[2:4], wide)
    assert not whole[:2].any()
    assert not whole[4:].any()
    tall = rw.Backdrop(wide, fit="stretch").frame(8, 4)
    assert np.array_equal(tall[0], wide[0])
    assert np.array_equal(tall[3], wide[0])


def test_smaller_ones_are_means():
    fine = np.random.default_rng(2).random((60, 80, 3)).astype(np.float32)
    coarse = rw.Backdrop(fine).frame(8, 6)
    assert abs(float(coarse.mean() - fine.mean())) < 0.01
    assert coarse.std() < 0.3 * fine.std()


def test_it_lights_nothing_and_no_mirror_shows_it():
    ball = rw.Sphere((0, 0, 0), 1, material=rw.Metal(1.0))
    scene = rw.Scene([ball], camera=CAMERA, background=COLORS)
    picture = rw.render(scene, width=8, height=6, spp=4)
    cut = rw.render(scene, width=8, height=6, spp=4, alpha=True)
    assert not cut.pixels.any()
    assert np.allclose(cut.over(COLORS).pixels, picture.pixels, rtol=1e-6)
    assert np.allclose(cut.over(rw.Backdrop(COLORS)).pixels, picture.pixels, rtol=1e-6)


def test_over_fits_a_backdrop_of_another_size():
    cut = rw.render(rw.Scene(camera=CAMERA), width=4, height=3, spp=1, alpha=True)
    wall = rw.Backdrop(COLORS)
    assert np.array_equal(cut.over(wall).pixels, wall.frame(4, 3))
    with pytest.raises(PictureError, match="as large as"):
        cut.over(COLORS)
    with pytest.raises(PictureError, match=r"^over: background: there is no file"):
        cut.over("nowhere.png")


def test_over_shows_a_part_of_a_picture_its_part_of_a_backdrop():
    scene = rw.Scene(camera=CAMERA, background=rw.Backdrop(COLORS))
    how = {"width": 16, "height": 12, "spp": 1, "region": (3, 5, 6, 4)}
    cut = rw.render(scene, alpha=True, **how)
    assert np.array_equal(cut.over(scene.background).pixels, rw.render(scene, **how).pixels)


@pytest.mark.parametrize("size", [(0, 4), (4, -1), (2.5, 4), ("a", 4), (None, 4), (2**20, 2**20)])
def test_there_is_no_frame_of_such_a_size(size):
    with pytest.raises(SceneError, match="frame: expected whole numbers of pixels"):
        rw.Backdrop(COLORS).frame(*size)


def test_files_keep_it(tmp_path):
    for image in (COLORS, (COLORS * 255).astype(np.uint8)):
        scene = rw.Scene(
            [
                rw.Sphere(
                    (0, 0, 0), 1, material=rw.ShadowCatcher(0.3, reflection=0.1), visible=False
                )
            ],
            emitters=[rw.ConstantEnvironment(1, visible=False)],
            camera=CAMERA,
            background=rw.Backdrop(image, fit="contain"),
        )
        path = tmp_path / "scene.glb"
        notes = scene.save(path)
        assert any("visible=False" in note for note in notes)
        back = rw.load_scene(path)
        assert is_same(back.background, scene.background)
        assert is_same(back.shapes, scene.shapes)
        assert is_same(back.emitters, scene.emitters)


@pytest.mark.parametrize(
    ("background", "message"),
    [
        (np.dstack([COLORS, 0.5 * np.ones((6, 8))]), "opaque"),
        (-COLORS, "at least 0"),
        (np.zeros((2, 2, 7)), "array"),
        ("nowhere.png", "there is no file"),
        ("no colour", "colour"),
        ("photographs/wall", "there is no file"),
        (np.zeros((0, 0, 3)), "array"),
    ],
)
def test_what_is_no_background(background, message):
    with pytest.raises(SceneError, match=message):
        rw.Scene(camera=CAMERA, background=background)


def test_there_is_no_such_fit():
    with pytest.raises(SceneError, match="fit"):
        rw.Backdrop(COLORS, fit="cove")
