import io
import pickle

import numpy as np
import pytest
from PIL import Image as Pillow

from raywidget.errors import PictureError
from raywidget.picture import Image, develop


@pytest.fixture
def pixels():
    return np.random.default_rng(0).gamma(1.0, 0.5, (4, 6, 3)).astype(np.float32)


def test_it_is_an_array_to_numpy(pixels):
    image = Image(pixels, spp=4)
    array = np.asarray(image)
    assert array.dtype == np.float32
    assert array is image.pixels
    np.testing.assert_array_equal(array, pixels)
    assert image.shape == (4, 6, 3)
    assert (image.width, image.height, image.spp) == (6, 4, 4)
    assert float(np.mean(image)) == pytest.approx(float(pixels.mean()))


def test_the_array_protocol_of_numpy_2(pixels):
    image = Image(pixels, spp=1)
    copied = np.array(image)
    copied[0, 0, 0] = 7.0
    assert image.pixels[0, 0, 0] == pixels[0, 0, 0]
    assert np.asarray(image, dtype=np.float64).dtype == np.float64
    assert np.asarray(image, copy=False) is image.pixels
    assert np.array(image, dtype=np.float16, copy=True).dtype == np.float16
    with pytest.raises(ValueError, match="pixels are float32: float64 needs a copy"):
        np.asarray(image, dtype=np.float64, copy=False)


def test_pixels_are_read_only_and_copied_unless_they_can_not_change(pixels):
    image = Image(pixels, spp=1)
    pixels[...] = 0
    assert image.pixels.max() > 0
    with pytest.raises(ValueError, match="read-only"):
        image.pixels[0] = 0
    pixels.setflags(write=False)
    assert Image(pixels, spp=1).pixels is pixels
    wide = np.zeros((4, 12, 3), np.float32)
    wide.setflags(write=False)
    assert Image(wide[:, ::2], spp=1).pixels.flags.c_contiguous


def test_display_settings_are_defaults(pixels):
    image = Image(pixels, spp=1, exposure=1, curve="filmic")
    assert (image.exposure, image.curve) == (1.0, "filmic")
    np.testing.assert_array_equal(image.to_uint8(), develop(pixels, "filmic", 1.0))
    np.testing.assert_array_equal(image.to_uint8(exposure=0), develop(pixels, "filmic", 0.0))
    np.testing.assert_array_equal(image.to_uint8(curve="linear"), develop(pixels, "linear", 1.0))


def test_jupyter_shows_what_is_saved(pixels, tmp_path):
    image = Image(pixels, spp=1, exposure=-1)
    image.save(tmp_path / "a.png")
    with (
        Pillow.open(tmp_path / "a.png") as saved,
        Pillow.open(io.BytesIO(image._repr_png_())) as shown,
    ):
        np.testing.assert_array_equal(np.asarray(saved), image.to_uint8())
        np.testing.assert_array_equal(np.asarray(shown), image.to_uint8())
    image.save(tmp_path / "b.png", exposure=2, curve="linear")
    with Pillow.open(tmp_path / "b.png") as saved:
        np.testing.assert_array_equal(np.asarray(saved), image.to_uint8(2, "linear"))


def test_nothing_is_written_when_a_display_setting_is_wrong(pixels, tmp_path):
    image = Image(pixels, spp=1)
    for name in ("a.png", "a.npy"):
        with pytest.raises(PictureError, match="curve must be one of"):
            image.save(tmp_path / name, curve="aces")
    assert list(tmp_path.iterdir()) == []


def test_statistics_settings_and_state(pixels):
    statistics = {"seconds": 1.5}
    image = Image(pixels, spp=1, statistics=statistics, settings="settings", state="state")
    statistics["seconds"] = 0
    assert image.statistics == {"seconds": 1.5}
    with pytest.raises(TypeError):
        image.statistics["seconds"] = 0
    assert image.settings == "settings"
    assert image.state == "state"
    assert Image(pixels, spp=1).statistics == {}


def test_images_can_be_sent(pixels):
    image = pickle.loads(pickle.dumps(Image(pixels, spp=3, statistics={"seconds": 1.0})))
    assert image.spp == 3
    np.testing.assert_array_equal(image.pixels, pixels)
    with pytest.raises(ValueError, match="read-only"):
        image.pixels[0] = 0


def test_repr_is_short(pixels):
    assert repr(Image(pixels, spp=16)) == "Image(6x4, 16 spp)"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"pixels": np.zeros((2, 2))}, "pixels must be an (H, W, 3) array, got shape (2, 2)"),
        ({"pixels": np.zeros((0, 2, 3))}, "pixels must be an (H, W, 3) array, got shape (0, 2, 3)"),
        ({"pixels": np.full((1, 1, 3), "a")}, "pixels must be numbers, got type <U1"),
        ({"spp": -1}, "spp must be an integer >= 0, got -1"),
        ({"spp": 1.0}, "spp must be an integer >= 0, got 1.0"),
        (
            {"curve": "gamma"},
            "curve must be one of srgb, filmic, agx, neutral, linear, got 'gamma'",
        ),
        ({"exposure": None}, "exposure must be stops within +-64, got None"),
    ],
)
def test_messages(parameters, message):
    with pytest.raises(PictureError) as caught:
        Image(**{"pixels": np.zeros((1, 1, 3)), "spp": 1} | parameters)
    assert str(caught.value) == message
