"""Pixels become halves, and coarse pixels are means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raywidget.picture.development import to_half
from raywidget.stream.encoders import BYTES_PER_PIXEL, ENCODERS, encode_half3, sent_size, shrink


def some_pixels(height, width, seed=1):
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


def test_half3_is_the_halves_of_the_saved_picture():
    pixels = some_pixels(3, 5)
    pixels[0, 0] = (-1.0, np.nan, 1e9)
    data = encode_half3(pixels, 0)
    assert type(data) is bytes
    assert np.array_equal(np.frombuffer(data, "<f2").reshape(3, 5, 3), to_half(pixels))
    assert np.frombuffer(data, "<f2")[:3].tolist() == [0.0, 0.0, 65504.0]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 6))
def test_sizes_are_known_beforehand(width, height, level):
    data = encode_half3(some_pixels(height, width), level)
    assert len(data) == -(-width // 2**level) * -(-height // 2**level) * 6
    assert sent_size(width, height, level, "half3") == -(-len(data) // 4) * 4


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


def test_every_encoder_says_how_big_it_is():
    assert ENCODERS.keys() == BYTES_PER_PIXEL.keys()
