"""What the numbers of a picture mean: by their kind, alike in arrays and in files."""

import numpy as np
import pytest
from PIL import Image

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.scene.values.colors import decode_srgb
from raywidget.scene.values.primaries import REC709, Chromaticities, to_rec709

GENERATOR = np.random.default_rng(5)
DEEP = GENERATOR.integers(0, 65536, (3, 5, 3)).astype(np.uint16)
FLOATS = GENERATOR.random((3, 5, 3)).astype(np.float32)


def of_both(source):
    """What a texture and an environment make of a picture, (H, W, 3)."""
    texture = rw.ImageTexture(source).decoded()
    sky = rw.ImageEnvironment(source).image
    np.testing.assert_allclose(np.broadcast_to(texture, sky.shape), sky, atol=1e-6)
    return sky


@pytest.mark.parametrize("kind", ["bool", "uint8", "uint16", "uint32", "uint64"])
def test_integers_without_a_sign_are_coded_up_to_their_greatest(kind):
    white = 1 if kind == "bool" else np.iinfo(kind).max
    codes = (FLOATS > 0.5) if kind == "bool" else (FLOATS * 0.999 * white).astype(kind)
    expected = decode_srgb(codes.astype(np.float64) / white)
    np.testing.assert_allclose(of_both(codes), expected, atol=1e-6)
    np.testing.assert_allclose(of_both(codes[..., 0]), expected[..., :1].repeat(3, 2), atol=1e-6)


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "longdouble"])
def test_floats_are_linear(kind):
    np.testing.assert_allclose(of_both(FLOATS.astype(kind)), FLOATS.astype(kind), atol=1e-7)


@pytest.mark.parametrize("kind", ["int8", "int16", "int32", "int64"])
@pytest.mark.parametrize("make", [rw.ImageTexture, rw.ImageEnvironment])
def test_integers_with_a_sign_are_refused(make, kind):
    with pytest.raises(SceneError, match="do not say what is white"):
        make(np.ones((4, 4, 3), kind))


def test_numbers_in_lists_are_linear():
    np.testing.assert_array_equal(of_both([[[1, 0, 1]] * 2] * 2), [[[1, 0, 1]] * 2] * 2)


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_greys_of_16_bits(tmp_path, suffix):
    path = tmp_path / f"deep.{suffix}"
    Image.fromarray(DEEP[..., 0]).save(path)
    expected = decode_srgb(DEEP[..., :1].repeat(3, 2) / 65535)
    np.testing.assert_allclose(of_both(path), expected, atol=1e-6)


def deep_png(pixels):
    """A PNG of 16 bits a channel, whose rows are not filtered."""
    import struct
    import zlib

    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


@pytest.mark.parametrize("channels", [3, 4])
def test_colors_of_16_bits_keep_all_of_them(tmp_path, channels):
    pixels = np.dstack([DEEP, DEEP[..., :1]])[..., :channels]
    path = tmp_path / "deep.png"
    path.write_bytes(deep_png(pixels))
    linear = rw.ImageTexture(path, encoding="linear")
    np.testing.assert_allclose(linear.decoded(), DEEP / 65535, atol=1e-7)
    np.testing.assert_allclose(of_both(path), decode_srgb(DEEP / 65535), atol=1e-6)


@pytest.mark.parametrize("highest", [1, 100, 255, 1023, 65535])
def test_portable_maps_have_any_greatest_number(tmp_path, highest):
    codes = np.minimum(DEEP, highest) if highest == 65535 else DEEP % (highest + 1)
    data = codes.astype(">u2" if highest > 255 else "u1").tobytes()
    path = tmp_path / "map.ppm"
    path.write_bytes(b"P6\n# made by hand\n5 3\n%d\n" % highest + data)
    expected = decode_srgb(codes / highest)
    np.testing.assert_allclose(of_both(path), expected, atol=2e-5)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SceneError, match="ends before its pixels do"):
        rw.ImageTexture(path)


@pytest.mark.parametrize("order", ["<f4", ">f4"])
@pytest.mark.parametrize("channels", [1, 3])
def test_portable_float_maps(tmp_path, order, channels):
    values = FLOATS[..., :channels]
    scale = b"-1.0" if order == "<f4" else b"1.0"
    header = (b"PF" if channels == 3 else b"Pf") + b"\n5 3\n" + scale + b"\n"
    path = tmp_path / "map.pfm"
    path.write_bytes(header + values[::-1].astype(order).tobytes())
    np.testing.assert_array_equal(of_both(path), np.broadcast_to(values, (3, 5, 3)))


def test_float_and_integer_tiffs(tmp_path):
    path = tmp_path / "grey.tif"
    Image.fromarray(FLOATS[..., 0]).save(path)
    np.testing.assert_allclose(of_both(path), FLOATS[..., :1].repeat(3, 2), atol=1e-7)
    Image.fromarray(np.array([[0, 1000], [30000, 60000]], np.int32)).save(path)
    with pytest.raises(SceneError, match=r"grey\.tif.*do not say what is white"):
        rw.ImageTexture(path)


def test_arrays_on_disk_are_arrays(tmp_path):
    path = tmp_path / "pixels.npy"
    for pixels in (FLOATS, DEEP, (DEEP >> 8).astype(np.uint8)):
        np.save(path, pixels)
        np.testing.assert_array_equal(of_both(path), of_both(pixels))


# --- Just below 0 ---------------------------------------------------------------------------------


def test_what_rounding_leaves_below_0_is_0():
    pixels = np.full((8, 16, 3), 0.5)
    pixels[3, 4, 1] = -1e-6
    assert of_both(pixels)[3, 4, 1] == 0.0
    assert rw.Diffuse(rw.ImageTexture(pixels)).color.value_range() == (0.0, 0.5)
    pixels[3, 4, 1] = -0.1
    with pytest.raises(SceneError, match=r"in row 3, column 4; .*numpy\.maximum"):
        rw.ImageEnvironment(pixels)
    with pytest.raises(SceneError, match=r"ranges from -0\.1"):
        rw.Diffuse(rw.ImageTexture(pixels))


# --- Primaries ------------------------------------------------------------------------------------

ACES = Chromaticities(0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
XYZ = Chromaticities(1, 0, 0, 1, 0, 0, 1 / 3, 1 / 3)


def test_other_primaries():
    np.testing.assert_array_equal(to_rec709(FLOATS, REC709), FLOATS)
    white = np.ones((1, 3), np.float32)
    np.testing.assert_allclose(to_rec709(white, ACES), white, atol=1e-5)
    # IEC 61966-2-1: XYZ of a red of sRGB
    red = np.array([[0.4124, 0.2126, 0.0193]], np.float32)
    np.testing.assert_allclose(to_rec709(red, XYZ), [[1, 0, 0]], atol=1e-3)
    # ITU-R BT.2087: a colour in Rec. 2020, whose white is the same
    wide = Chromaticities(0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290)
    red = np.array([[0.6274, 0.0691, 0.0164]], np.float32)
    np.testing.assert_allclose(to_rec709(red, wide), [[1, 0, 0]], atol=1e-3)
    # What Rec. 709 can't show is not below 0; what was below 0 stays there.
    assert to_rec709(np.array([[0, 1, 0]], np.float32), wide).min() == 0.0
    assert to_rec709(np.array([[-1, 0, 0]], np.float32), wide).min() < 0.0


def test_nonsense_primaries_are_refused(tmp_path):
    openexr = pytest.importorskip("OpenEXR")
    path = tmp_path / "sky.exr"
    for points in ((0.3, 0.3) * 4, (*REC709[:6], 0.9, 0.0), (*REC709[:6], 0.9, 0.05)):
        header = {"type": openexr.scanlineimage, "chromaticities": points}
        openexr.File(header, {"RGB": FLOATS}).write(str(path))
        with pytest.raises(SceneError, match=r"can't read .*chromaticities"):
            rw.ImageEnvironment(path)


def test_primaries_of_a_file_are_converted(tmp_path):
    openexr = pytest.importorskip("OpenEXR")
    path = tmp_path / "sky.exr"
    header = {"type": openexr.scanlineimage, "chromaticities": tuple(ACES)}
    openexr.File(header, {"RGB": FLOATS}).write(str(path))
    np.testing.assert_allclose(of_both(path), to_rec709(FLOATS, ACES), atol=1e-6)
