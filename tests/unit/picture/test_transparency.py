import pickle

import numpy as np
import pytest

import raywidget as rw
from raywidget.picture.development import choose_exponent, develop
from raywidget.picture.transparency import (
    CHECK_DARK,
    CHECK_LIGHT,
    CHECK_PIXELS,
    lay_over_checkerboard,
)

COLOR = np.float32((0.75, 0.25, 0.0625))


@pytest.fixture
def image():
    """One colour everywhere, which covers less and less."""
    alpha = np.tile(np.linspace(1, 0, 9, dtype=np.float32), (4, 1))
    return rw.Image(alpha[..., None] * COLOR, alpha=alpha, spp=1)


def test_colours_on_the_screen_are_straight(image):
    shown = image.to_uint8(curve="filmic", exposure=0.5)
    assert shown.shape == (4, 9, 4)
    full = rw.Image(np.broadcast_to(COLOR, (4, 8, 3)), spp=1)
    np.testing.assert_array_equal(shown[:, :8, :3], full.to_uint8(curve="filmic", exposure=0.5))
    np.testing.assert_array_equal(shown[0, :, 3], [255, 223, 191, 159, 128, 96, 64, 32, 0])
    assert not shown[:, 8, :3].any()


@pytest.mark.parametrize("curve", ["srgb", "agx", "neutral", "linear"])
@pytest.mark.parametrize("channel", ["color", "green", "luminance", "heat"])
def test_what_is_full_is_developed_as_ever(curve, channel):
    pixels = np.random.default_rng(0).gamma(1.0, 3e5, (40, 50, 3)).astype(np.float32)
    plain = develop(pixels, curve, -18, channel)
    alpha = np.ones(pixels.shape[:2], np.float32)
    np.testing.assert_array_equal(develop(pixels, curve, -18, channel, alpha=alpha)[..., :3], plain)


def test_the_pre_exposure_is_that_of_straight_colours():
    alpha = np.full((30, 30), 1e-3, np.float32)
    pixels = np.full((30, 30, 3), 1e5, np.float32)
    assert choose_exponent(pixels * 1e-3, alpha) == choose_exponent(pixels) == 17
    assert choose_exponent(pixels * 1e-3) == 0


def test_over_a_colour_a_picture_and_a_file(image, tmp_path):
    behind = np.float32((0.0, 0.5, 1.0))
    expected = image.pixels + (1 - image.alpha[..., None]) * behind
    np.testing.assert_array_equal(image.over(tuple(behind.tolist())).pixels, expected)
    picture = np.broadcast_to(behind, image.shape)
    np.testing.assert_array_equal(image.over(picture).pixels, expected)
    np.testing.assert_array_equal(image.over(rw.Image(picture, spp=3)).pixels, expected)
    np.save(tmp_path / "a.npy", picture)
    np.testing.assert_array_equal(image.over(tmp_path / "a.npy").pixels, expected)
    np.testing.assert_array_equal(image.over(str(tmp_path / "a.npy")).pixels, expected)
    # Integers are by the sRGB curve, as is a word.
    half = rw.decode_srgb(128 / 255)
    grey = image.over(np.full(image.shape, 128, np.uint8))
    np.testing.assert_allclose(grey.pixels[:, -1], half, rtol=1e-6)
    np.testing.assert_array_equal(image.over("#808080").pixels, grey.pixels)
    np.testing.assert_array_equal(image.over(0.5).pixels, image.over((0.5, 0.5, 0.5)).pixels)
    assert image.over("white").to_uint8().shape == image.shape
    assert image.over("white").spp == image.spp


def test_over_a_picture_that_is_cut_out_itself(image):
    alpha = np.full(image.alpha.shape, 0.5, np.float32)
    behind = rw.Image(np.full(image.shape, 0.25), alpha=alpha, spp=1)
    both = image.over(behind)
    np.testing.assert_allclose(both.alpha, image.alpha + (1 - image.alpha) * 0.5, rtol=1e-6)
    # It does not matter which two of three are put together first.
    np.testing.assert_allclose(
        both.over("tomato").pixels, image.over(behind.over("tomato")).pixels, rtol=1e-6
    )


@pytest.mark.parametrize(
    ("background", "message"),
    [
        (np.zeros((2, 9, 3)), "as large as the picture, 9 x 4 pixels, got 9 x 2"),
        (np.zeros((4, 9, 4)), "must be opaque"),
        ("whit", "did you mean 'white'"),
        ((1, 2), "background must be"),
        ("nowhere.png", "there is no file 'nowhere.png'"),
        (None, "background must be"),
        ([[1, 2], [3]], "background"),
    ],
)
def test_what_is_no_background(image, background, message):
    with pytest.raises(rw.PictureError, match=f"^over: .*{message}"):
        image.over(background)


def test_a_picture_without_alpha_covers_all():
    with pytest.raises(rw.PictureError, match="no alpha; render it with alpha=True"):
        rw.Image(np.zeros((2, 2, 3)), spp=1).over("white")


@pytest.mark.parametrize(
    "alpha",
    [np.zeros((2, 3)), np.full((2, 2), 1.5), np.full((2, 2), np.nan), "full", np.zeros((2, 2, 1))],
)
def test_what_is_no_alpha(alpha):
    with pytest.raises(rw.PictureError, match="alpha must"):
        rw.Image(np.zeros((2, 2, 3)), spp=1, alpha=alpha)


def test_it_belongs_to_the_picture(image):
    assert repr(image) == "Image(9x4, 1 spp, alpha)"
    copy = pickle.loads(pickle.dumps(image))
    np.testing.assert_array_equal(copy.alpha, image.alpha)
    assert not copy.alpha.flags.writeable
    assert not image.alpha.flags.writeable
    assert np.asarray(image).shape == image.shape == (4, 9, 3)


def test_the_board_is_the_same_wherever_a_piece_of_it_is_cut():
    pixels = np.zeros((40, 60, 3), np.float32)
    alpha = np.zeros((40, 60), np.float32)
    alpha[:, 50:] = 1.0
    whole = lay_over_checkerboard(pixels, alpha)
    assert set(np.unique(whole[:, :50])) == {np.float32(CHECK_DARK), np.float32(CHECK_LIGHT)}
    assert not whole[:, 50:].any()
    assert whole[0, 0, 0] != whole[0, CHECK_PIXELS, 0]
    part = np.s_[5:31, 13:44]
    cut = lay_over_checkerboard(pixels[part], alpha[part], 13, 5)
    np.testing.assert_array_equal(cut, whole[part])
    # A coarse picture has its squares at the same places.
    coarse = lay_over_checkerboard(pixels[:20, :30], alpha[:20, :30], step=2.0)
    np.testing.assert_array_equal(coarse[:, :25], whole[::2, :50:2])
