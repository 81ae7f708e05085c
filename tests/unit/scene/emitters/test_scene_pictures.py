"""Files of pictures: sound ones, damaged ones, and ones that promise too much."""

import re
import struct

import numpy as np
import pytest
from PIL import Image

from raywidget.errors import SceneError
from raywidget.scene.emitters.pictures import checked_picture

LINEAR = (np.random.default_rng(0).random((5, 9, 3)) * 4).astype(np.float32)


def read(path):
    return checked_picture("Sky", "image", path)


def raises(message):
    return pytest.raises(SceneError, match="^Sky: image.*" + re.escape(message))


def rgbe(values):
    """Codes of Radiance's pixels: mantissas and a common exponent."""
    exponent = np.ceil(np.log2(np.maximum(values.max(axis=2), 1e-30)) + 1e-9)
    mantissas = np.floor(values / 2.0 ** exponent[..., None] * 256)
    return np.concatenate([mantissas, exponent[..., None] + 128], axis=2).astype(np.uint8)


def run_lengths(line):
    """A row of one channel: literals, and a run where there is one."""
    data, at = b"", 0
    while at < len(line):
        run = 1
        while at + run < len(line) and line[at + run] == line[at] and run < 127:
            run += 1
        if run > 2:
            data += bytes((128 + run, line[at]))
        else:
            run = 1
            data += bytes((1, line[at]))
        at += run
    return data


def hdr(values, coded=True, header=b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n", size=None):
    height, width = values.shape[:2]
    codes = rgbe(values)
    data = header + b"-Y %d +X %d\n" % (size or (height, width))
    if not coded:
        return data + codes.tobytes()
    for row in codes:
        data += struct.pack(">BBH", 2, 2, width)
        for channel in row.T:
            data += run_lengths(channel.tolist())
    return data


@pytest.mark.parametrize("coded", [True, False])
def test_radiance_files(tmp_path, coded):
    values = LINEAR.copy()
    values[2, 3:8] = values[2, 3]  # a run
    values[4, 4] = 0
    path = tmp_path / "sky.hdr"
    path.write_bytes(hdr(values, coded))
    pixels = read(path)
    assert pixels.shape == values.shape
    assert pixels.dtype == np.float32
    step = values.max(axis=2, keepdims=True) * 2 / 256
    assert np.all(np.abs(pixels - values) <= step)
    assert not pixels[4, 4].any()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"GIF89a", "does not begin with #?RADIANCE"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", "header does not end"),
        (hdr(LINEAR, header=b"#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n"), "XYZ"),
        (hdr(LINEAR)[:-20], "can't read"),
        (hdr(LINEAR, coded=False)[:-20], "can't read"),
        (hdr(LINEAR, size=(50, 9)), "can't read"),
        (hdr(LINEAR, size=(65536, 65536)), "must be of 1 to 33,554,432 pixels, got 65536 x 65536"),
        (hdr(LINEAR, size=(0, 9)), "must be of 1 to"),
        (hdr(LINEAR, size=(-5, 9)), "must be of 1 to"),
        (hdr(LINEAR).replace(b"-Y", b"+Y"), "rows must run from the top"),
    ],
)
def test_damaged_radiance_files(tmp_path, data, message):
    path = tmp_path / "sky.hdr"
    path.write_bytes(data)
    with raises(message):
        read(path)


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_are_refused_or_read_but_break_nothing(tmp_path, seed):
    generator = np.random.default_rng(seed)
    sound = bytearray(hdr(LINEAR))
    path = tmp_path / "sky.hdr"
    for _ in range(100):
        data = bytearray(sound)
        for place in generator.integers(0, len(data), 3):
            data[place] = generator.integers(256)
        path.write_bytes(bytes(data))
        try:
            pixels = read(path)
        except SceneError:
            continue
        assert np.isfinite(pixels).all()


def test_openexr_files(tmp_path):
    openexr = pytest.importorskip("OpenEXR")
    path = tmp_path / "sky.exr"
    header = {"compression": openexr.ZIP_COMPRESSION, "type": openexr.scanlineimage}
    openexr.File(header, {"RGB": LINEAR}).write(str(path))
    np.testing.assert_array_equal(read(path), LINEAR)
    alpha = np.ones(LINEAR.shape[:2], np.float32)
    halves = {"RGBA": np.dstack([LINEAR, alpha]).astype(np.float16)}
    openexr.File(header, halves).write(str(path))
    np.testing.assert_array_equal(read(path), LINEAR.astype(np.float16))
    openexr.File(header, {"Y": LINEAR[..., 0].copy()}).write(str(path))
    np.testing.assert_array_equal(read(path), LINEAR[..., :1].repeat(3, axis=2))
    openexr.File(header, {"Z": LINEAR[..., 0].copy()}).write(str(path))
    with raises("it has no channels R, G, B, only Z"):
        read(path)
    path.write_bytes(b"v/1\x01 no")
    with raises("can't read"):
        read(path)


def test_arrays_on_disk(tmp_path):
    path = tmp_path / "sky.npy"
    np.save(path, LINEAR.astype(np.float64))
    np.testing.assert_array_equal(read(path), LINEAR)
    np.save(path, LINEAR[0, 0])
    with raises("(H, W, 3)"):
        read(path)
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    with raises("can't read"):
        read(path)


def test_the_curve_of_integers_is_undone(tmp_path):
    codes = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3) * 3
    path = tmp_path / "sky.png"
    Image.fromarray(codes).save(path)
    v = codes / 255.0
    expected = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(read(path), expected, atol=1e-6)
    Image.fromarray(codes[..., 0]).save(path)
    np.testing.assert_allclose(read(path), expected[..., :1].repeat(3, axis=2), atol=1e-6)


def test_an_unknown_format(tmp_path):
    path = tmp_path / "sky.txt"
    path.write_text("blue")
    with raises("must be a picture"):
        read(path)
