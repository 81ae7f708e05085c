"""Pixels become halves, and coarse pixels are means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stream_doubles import decode_luma8

from raywidget.picture.development import to_half
from raywidget.stream.encoders import ENCODERS, encode_half3, encode_luma8, sent_size, shrink


def some_pixels(height, width, seed=1):
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


def test_half3_is_the_halves_of_the_saved_picture():
    pixels = some_pixels(3, 5)
    pixels[0, 0] = (-1.0, np.nan, 1e9)
    data = encode_half3(pixels, 0)
    assert type(data) is bytes
    assert np.array_equal(np.frombuffer(data, "<f2").reshape(3, 5, 3), to_half(pixels))
    assert np.frombuffer(data, "<f2")[:3].tolist() == [0.0, 0.0, 65504.0]


@pytest.mark.parametrize("encoding", ENCODERS)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 6))
def test_sizes_are_known_beforehand(encoding, width, height, level):
    data = ENCODERS[encoding](some_pixels(height, width), level, 0)
    assert type(data) is bytes
    assert sent_size(width, height, level, encoding) == -(-len(data) // 4) * 4


def test_half3_has_a_pre_exposure():
    pixels = some_pixels(3, 5) * 2.0**30
    data = encode_half3(pixels, 0, 25)
    assert np.array_equal(np.frombuffer(data, "<f2").reshape(3, 5, 3), to_half(pixels, 25))


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([-20, 0, 7]))
def test_luma8_keeps_brightness_of_pixels_and_colour_of_squares(width, height, exponent):
    pixels = np.ldexp(some_pixels(height, width) + 0.01, exponent)
    data = encode_luma8(pixels, 0, exponent)
    shown, size = decode_luma8(data, 0, height, width)
    assert size == len(data)
    shown = np.ldexp(shown.astype(np.float32), exponent)
    np.testing.assert_allclose(shown.sum(axis=2), pixels.sum(axis=2), rtol=0.03)
    for y in range(0, height, 2):
        for x in range(0, width, 2):
            square = (slice(y, y + 2), slice(x, x + 2))
            light = pixels[square].sum(axis=(0, 1))
            share = shown[square].sum(axis=(0, 1)) / shown[square].sum()
            np.testing.assert_allclose(share, light / light.sum(), atol=0.01)


def test_luma8_of_extremes():
    dark = np.zeros((3, 3, 3), np.float32)
    assert not decode_luma8(encode_luma8(dark, 0), 0, 3, 3)[0].any()
    dark[1, 1] = (np.inf, np.nan, -1.0)
    shown, _ = decode_luma8(encode_luma8(dark, 0), 0, 3, 3)
    assert shown[1, 1, 0] == pytest.approx(65504, rel=0.02)
    assert not shown[0].any()


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 4))
def test_coarse_pixels_are_means_of_their_squares(width, height, level):
    pixels = some_pixels(height, width)
    size = 2**level
    small = shrink(pixels, level)
    for row in range(small.shape[0]):
        for column in range(small.shape[1]):
            square = pixels[row * size : (row + 1) * size, column * size : (column + 1) * size]
            assert small[row, column] == pytest.approx(square.mean(axis=(0, 1)), rel=1e-5)


def test_what_is_not_finite_does_not_spread():
    pixels = np.ones((4, 4, 3), np.float32)
    pixels[0, 0] = np.inf
    pixels[1, 1] = np.nan
    pixels[2:, 2:] = np.nan
    small = shrink(pixels, 1)
    assert small[0, 0].tolist() == [1.0, 1.0, 1.0]
    assert small[1, 1].tolist() == [0.0, 0.0, 0.0]
