import io
import zlib

import numpy as np
import pytest
from PIL import Image as Pillow

from raywidget.io import png
from raywidget.io.png import write_png


def encode(pixels, *cuts):
    buffer = io.BytesIO()
    height, width, _ = pixels.shape
    write_png(buffer, width, height, np.split(pixels, cuts))
    return buffer.getvalue()


def pictures():
    random = np.random.default_rng(0)
    y, x = np.mgrid[:37, :53]
    yield "noise", random.integers(0, 256, (37, 53, 3), np.uint8)
    yield "alpha", random.integers(0, 256, (37, 53, 4), np.uint8)
    yield "ramps", np.stack([x, 3 * y, x + 5 * y], axis=-1).astype(np.uint8)
    yield "waves", np.uint8(127 + 100 * np.sin(x / 7 + y / 9))[..., None].repeat(4, axis=2)
    yield "flat", np.full((37, 53, 3), 255, np.uint8)
    yield "one", np.array([[[1, 2, 3]]], np.uint8)
    yield "column", random.integers(0, 256, (90, 1, 4), np.uint8)


CASES = dict(pictures())


@pytest.mark.parametrize("name", CASES)
def test_another_program_reads_the_same_pixels(name):
    pixels = CASES[name]
    with Pillow.open(io.BytesIO(encode(pixels, 1, 2, 20))) as picture:
        picture.verify()  # all checksums
    with Pillow.open(io.BytesIO(encode(pixels, 1, 2, 20))) as picture:
        assert picture.mode == ("RGB" if pixels.shape[2] == 3 else "RGBA")
        np.testing.assert_array_equal(np.asarray(picture), pixels)


@pytest.mark.parametrize("kind", range(5))
def test_each_filter_is_undone(kind, monkeypatch):
    candidates = png._candidates

    def only_one(rows, above, channels):
        for index, values in enumerate(candidates(rows, above, channels)):
            # The others would cost more, were they chosen.
            yield values if index == kind else np.full_like(values, 128)

    monkeypatch.setattr(png, "_candidates", only_one)
    pixels = CASES["waves"]
    data = encode(pixels, 5)
    with Pillow.open(io.BytesIO(data)) as picture:
        np.testing.assert_array_equal(np.asarray(picture), pixels)
    start = data.index(b"IDAT") + 4
    rows = np.frombuffer(zlib.decompressobj().decompress(data[start:]), np.uint8)
    assert set(rows.reshape(37, -1)[:, 0]) == {kind}


def test_where_strips_begin_changes_no_byte():
    pixels = CASES["waves"]
    assert encode(pixels) == encode(pixels, *range(1, 37))


def test_large_pictures_have_many_chunks_and_are_no_larger_than_usual(monkeypatch):
    monkeypatch.setattr(png, "_CHUNK", 1 << 10)
    y, x = np.mgrid[:300, :400]
    smooth = np.stack([np.sin(x / 60 + k) * np.cos(y / 45 - k) for k in range(3)], axis=-1)
    noise = np.random.default_rng(1).normal(0, 0.01, smooth.shape)
    pixels = np.uint8(127 + 110 * np.clip(smooth + noise, -1, 1))
    data = encode(pixels, *range(10, 300, 10))
    assert data.count(b"IDAT") > 1
    with Pillow.open(io.BytesIO(data)) as picture:
        np.testing.assert_array_equal(np.asarray(picture), pixels)
    usual = io.BytesIO()
    Pillow.fromarray(pixels).save(usual, format="PNG")
    assert len(data) < 1.05 * len(usual.getvalue())
