import io
import pickle
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.scene.textures import image_texture
from raywidget.scene.values.colors import decode_srgb

BYTES = np.random.default_rng(0).integers(0, 256, (3, 4, 4), np.uint8)


def saved(tmp_path, name="p.png", pixels=BYTES, mode=None):
    path = tmp_path / name
    Image.fromarray(pixels, mode).save(path)
    return path


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_files_are_the_arrays_in_them(tmp_path, channels):
    pixels = BYTES[:, :, 0] if channels == 1 else BYTES[:, :, :channels]
    path = saved(tmp_path, pixels=np.ascontiguousarray(pixels))
    from_file, from_array = rw.ImageTexture(path), rw.ImageTexture(pixels)
    np.testing.assert_array_equal(from_file.pixels, from_array.pixels)
    assert from_file.pixels.shape[2] == min(channels, 3)
    assert from_file.is_srgb
    assert not from_file.pixels.flags.writeable
    assert rw.ImageTexture(str(path)).image == str(path)


def test_palettes_and_16_bits_are_read(tmp_path):
    path = tmp_path / "p.gif"
    Image.fromarray(BYTES[:, :, :3]).quantize(8).save(path)
    assert rw.ImageTexture(path).pixels.shape == (3, 4, 3)
    grey = np.array([[0, 1, 65535]], np.uint16)
    path = saved(tmp_path, "deep.png", grey)
    texture = rw.ImageTexture(path, encoding="linear")
    np.testing.assert_allclose(texture.decoded()[0, :, 0], grey[0] / 65535, rtol=1e-6)
    assert rw.ImageTexture(path).is_srgb


def test_one_channel_may_be_chosen_and_is_data(tmp_path):
    path = saved(tmp_path)
    for k, channel in enumerate("rgba"):
        texture = rw.ImageTexture(path, channel=channel)
        np.testing.assert_array_equal(texture.pixels[:, :, 0], BYTES[:, :, k])
        assert not texture.is_srgb
    assert rw.ImageTexture(path, channel="r", encoding="srgb").is_srgb
    np.testing.assert_array_equal(
        rw.ImageTexture(BYTES[:, :, 0], channel="b").pixels[:, :, 0], BYTES[:, :, 0]
    )


def test_arrays_are_copied():
    pixels = np.ones((2, 2, 3))
    texture = rw.ImageTexture(pixels)
    pixels[:] = 0
    assert texture.mean() == (1, 1, 1)
    again = pickle.loads(pickle.dumps(texture))
    np.testing.assert_array_equal(again.pixels, texture.pixels)
    assert texture.replace(wrap="clamp").wrap == "clamp"
    assert repr(texture) == "ImageTexture(image=<2x2x3 float32>)"


@pytest.mark.parametrize("factor", [(1, 1, 1), (0.5, 0.5, 0.5), (0.2, 1, 3)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_what_is_asked_of_a_picture_follows_from_all_of_its_pixels(kind, channels, factor):
    pixels = BYTES[:, :, :channels] if kind is np.uint8 else BYTES[:, :, :channels] / 200.0
    texture = rw.ImageTexture(pixels, factor=factor, filter="nearest")
    light = decode_srgb(BYTES[:, :, :channels] / 255) if kind is np.uint8 else texture.pixels
    light = light.astype(np.float64)
    np.testing.assert_array_equal(texture.decoded(), light)
    tinted = light * np.array(factor)
    assert texture.value_range() == (tinted.min(), tinted.max())
    np.testing.assert_allclose(texture.mean(), np.broadcast_to(tinted.mean(axis=(0, 1)), 3))
    rows, columns = np.mgrid[:3, :4]
    places = np.stack([(columns + 0.5) / 4, 1 - (rows + 0.5) / 3], axis=2)
    np.testing.assert_array_equal(texture.evaluate(places), np.broadcast_to(tinted, (3, 4, 3)))


@pytest.mark.parametrize("pixels", [BYTES, BYTES / np.float32(255)], ids=["bytes", "floats"])
def test_only_pixels_that_are_looked_at_are_decoded(monkeypatch, pixels):
    """A sketch of a scene with large pictures spent its seconds on the others."""
    texture = rw.ImageTexture(np.tile(pixels, (200, 200, 1)), encoding="srgb")
    decoded = []

    def count(values):
        decoded.append(np.size(values))
        return decode_srgb(values)

    monkeypatch.setattr(image_texture, "decode_srgb", count)
    texture.evaluate([(0.3, 0.7)])
    texture.value_range()
    assert max(decoded) <= 256


def test_ranges_and_means():
    texture = rw.ImageTexture(BYTES, factor=(1, 2, 0.5))
    values = decode_srgb(BYTES[:, :, :3] / 255) * (1, 2, 0.5)
    np.testing.assert_allclose(texture.value_range(), (values.min(), values.max()))
    np.testing.assert_allclose(texture.mean(), values.mean(axis=(0, 1)))
    board = rw.Checkerboard(rw.Gradient(0.25, (0.5, 1, 0)), 0.125)
    assert board.value_range() == (0, 1)
    assert board.mean() == (0.25, 0.375, 0.125)
    assert rw.Attribute("color").value_range() == (0, 1)


def png_header(width, height):
    """A PNG file that says it is large, and holds nothing."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))


def test_files_that_cannot_be_read(tmp_path):
    def message(content):
        path = tmp_path / "bad.png"
        path.write_bytes(content)
        with pytest.raises(SceneError) as caught:
            rw.ImageTexture(path, name="t")
        assert str(caught.value).startswith("ImageTexture 't': image must ")
        return str(caught.value)

    assert "must be a picture (PNG, JPEG" in message(b"no picture at all")
    assert "of 1 to 67,108,864 pixels" in message(png_header(10_000, 8_000))
    assert "cannot" in message(png_header(100, 100))
    file = io.BytesIO()
    Image.fromarray(BYTES).save(file, "PNG")
    whole = file.getvalue()
    assert "cannot" in message(whole[: len(whole) // 2])
    with pytest.raises(SceneError, match="there is no file"):
        rw.ImageTexture(tmp_path / "nothing.png")
    with pytest.raises(SceneError, match="cannot"):
        rw.ImageTexture(tmp_path)
    eps = tmp_path / "program.eps"
    eps.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    with pytest.raises(SceneError, match="is not one"):
        rw.ImageTexture(eps)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rw.ImageTexture(np.zeros((2, 2, 2))), "image must be a path, or an"),
        (lambda: rw.ImageTexture(np.zeros((0, 2, 3))), "image must be a path, or an"),
        (lambda: rw.ImageTexture(np.zeros((2, 2, 3), np.int64)), "do not say what is white"),
        (lambda: rw.ImageTexture([[1, 2], [3]]), "image must be a path, or an"),
        (lambda: rw.ImageTexture(None), "image must be a path, or an"),
        (lambda: rw.ImageTexture(np.full((1, 1), np.nan)), "finite .* got .* at row 0, column 0"),
        (lambda: rw.ImageTexture(BYTES, wrap="black"), "wrap must be one of 'repeat', 'mirror'"),
        (lambda: rw.ImageTexture(BYTES, filter=1), "filter must be one of 'bilinear', 'nearest'"),
        (lambda: rw.ImageTexture(BYTES, encoding="gamma"), "encoding must be one of 'srgb'"),
        (lambda: rw.ImageTexture(BYTES, scale=(1, 0)), "scale must be pictures per unit, not 0"),
        (lambda: rw.ImageTexture(BYTES, offset="x"), "offset must be 2 finite numbers"),
        (lambda: rw.ImageTexture(BYTES[:, :, :3], channel="a"), "a picture with 3 channels"),
        (lambda: rw.ImageTexture(BYTES, factor=-1), "factor must be 3 finite numbers >= 0"),
        (lambda: rw.Gradient(-1, 0), "bottom must be 3 finite numbers >= 0"),
        (lambda: rw.Gradient(0, 1, axis="w"), "axis must be one of 'v', 'u', got 'w'"),
        (lambda: rw.Attribute(3), "attribute must be"),
        (
            lambda: rw.Diffuse(rw.ImageTexture(np.full((1, 1), 2.0), name="t")),
            r"Diffuse: color must be in \[0, 1\] everywhere, but ImageTexture 't' ranges from 2",
        ),
        (lambda: rw.Metal(1, rw.Gradient(0, 2)), r"roughness must be in \[0, 1\] everywhere"),
        (
            lambda: rw.Emissive(rw.ImageTexture(np.full((1, 1), -2.0))),
            "radiance must be >= 0 everywhere",
        ),
        (
            lambda: rw.Diffuse(1, emission=rw.Checkerboard(0, rw.Attribute("color"))),
            "attributes are no lamps",
        ),
    ],
)
def test_messages(make, message):
    with pytest.raises(SceneError, match=message):
        make()


def test_the_curve_is_that_of_the_standard():
    assert decode_srgb(1.0) == 1.0
    assert decode_srgb(0.04045) == 0.04045 / 12.92
    np.testing.assert_allclose(decode_srgb(0.5), 0.21404114048223255, rtol=1e-12)
    assert np.all(np.diff(decode_srgb(np.linspace(0, 1, 1000))) > 0)


def test_two_words_wrap_along_u_and_v():
    pixels = np.arange(12.0).reshape(3, 4) / 12.0
    both = rw.ImageTexture(pixels, wrap=("clamp", "mirror"), filter="nearest")
    uv = np.random.default_rng(0).uniform(-3, 3, (200, 2))
    along_u = np.stack([np.clip(uv[:, 0], 0.0, 1.0 - 1e-9), uv[:, 1]], axis=1)
    expected = rw.ImageTexture(pixels, wrap="mirror", filter="nearest").evaluate(along_u)
    assert np.array_equal(both.evaluate(uv), expected)
    assert rw.ImageTexture(pixels, wrap=("clamp", "clamp")).wrap == "clamp"
    for wrong in (("clamp",), ("clamp", "none"), 3):
        with pytest.raises(rw.SceneError, match="wrap"):
            rw.ImageTexture(pixels, wrap=wrong)


def test_colours_of_a_shape_times_a_picture():
    picture = rw.ImageTexture(np.full((2, 2, 3), 0.5))
    tinted = rw.Attribute("color", times=picture)
    assert list(tinted.parts()) == [tinted, picture]
    assert tinted.mean() == (0.5, 0.5, 0.5)
    assert tinted.value_range() == (0.0, 0.5)
    with pytest.raises(rw.SceneError, match="times"):
        rw.Attribute("color", times=rw.Checkerboard(rw.Attribute("color"), 1))
    with pytest.raises(rw.SceneError, match="times"):
        rw.Attribute("color", times=3)
