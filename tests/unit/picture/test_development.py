import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from raywidget.errors import PictureError
from raywidget.picture import count_invalid, develop, luminance, make_table, to_half
from raywidget.picture.development import Metering, choose_exponent

ANY_FLOAT32 = st.floats(width=32)


@given(npst.arrays(np.float32, (4, 3), elements=ANY_FLOAT32))
def test_halves_are_never_negative_nan_or_infinite(pixels):
    half = to_half(pixels)
    assert half.dtype == np.float16
    assert half.shape == pixels.shape
    assert np.isfinite(half).all()
    assert not np.signbit(half).any()
    ordinary = (pixels >= 0) & (pixels <= 65504)
    np.testing.assert_array_equal(half[ordinary], pixels[ordinary].astype(np.float16))


def test_every_half_and_what_lies_between_two_is_rounded_as_numpy_does():
    halves = np.arange(0x7BFF, dtype=np.uint16).view(np.float16).astype(np.float32)
    steps = np.diff(np.append(halves, np.float32(65504)))
    ties = halves + steps / 2
    values = np.concatenate(
        [halves, ties, np.nextafter(ties, 0), np.nextafter(ties, np.float32(7e4))]
    )
    got, expected = to_half(values).view(np.uint16), values.astype(np.float16).view(np.uint16)
    np.testing.assert_array_equal(got, expected)
    for part in (values[:0], values[1000:0:-7], values[-1000:]):  # nothing, strided, none small
        np.testing.assert_array_equal(to_half(part), part.astype(np.float16))


def test_what_halves_do_to_the_rest():
    values = np.array(
        [np.nan, -1, -np.inf, np.inf, 1e9, 65504, 65519, 65520, -0.0, 1e-9], np.float32
    )
    expected = [0, 0, 0, 65504, 65504, 65504, 65504, 65504, 0, 0]
    assert to_half(values).tolist() == expected


def test_float64_goes_through_float32_as_the_film_does():
    # Rounded at once this is 1 + 2^-10; by way of float32 it is 1: the tie goes to even.
    value = 1 + 2**-11 + 2**-40
    assert np.float16(value) == 1 + 2**-10
    assert to_half(value) == to_half(np.float32(value)) == 1.0
    assert to_half(1e300) == 65504.0


def test_halves_stay_as_they_are():
    half = np.array([0.1, -1, np.nan, np.inf], np.float16)
    assert to_half(half).tolist() == [np.float16(0.1), 0, 0, 65504]


def test_count_invalid_counts_pixels():
    pixels = np.zeros((2, 3, 3), np.float32)
    assert count_invalid(pixels) == 0
    pixels[0, 0] = np.nan
    pixels[0, 1, 2] = -1
    pixels[1, 1, 0] = np.inf  # too bright is not wrong
    assert count_invalid(pixels) == 2


@given(npst.arrays(np.float32, (3, 5, 3), elements=ANY_FLOAT32), st.floats(-4, 4))
def test_develop_is_the_table_of_the_halves(pixels, exposure):
    exponent = choose_exponent(pixels)
    table = make_table("filmic", exposure, exponent)
    expected = [table[h] for h in to_half(pixels, exponent).view(np.uint16).ravel()]
    shown = develop(pixels, "filmic", exposure)
    assert shown.dtype == np.uint8
    assert shown.shape == pixels.shape
    assert shown.ravel().tolist() == expected
    # Rounded, a picture at the edge of a range may be metered otherwise.
    if exponent == choose_exponent(to_half(pixels).astype(np.float32)) == 0:
        np.testing.assert_array_equal(shown, develop(to_half(pixels), "filmic", exposure))


@pytest.mark.parametrize("stops", [-60, -30, 30, 60])
def test_pictures_far_outside_of_half_floats_are_developed_alike(stops):
    ordinary = np.random.default_rng(3).random((40, 30, 3), np.float32) + 0.01
    far = np.ldexp(ordinary, stops)
    assert choose_exponent(ordinary) == 0
    assert abs(choose_exponent(far) - stops) <= 1
    np.testing.assert_array_equal(develop(far, "filmic", -stops), develop(ordinary, "filmic"))


def test_fireflies_and_the_dark_do_not_move_the_pre_exposure():
    pixels = np.zeros((64, 64, 3), np.float32)
    assert choose_exponent(pixels) == 0
    pixels[:20] = 0.3
    pixels[:3] = 1e30
    pixels[3:5] = np.nan
    pixels[5:6] = np.inf
    assert choose_exponent(pixels) == 0


@given(
    st.integers(1, 700),
    st.integers(1, 500),
    st.integers(1, 200),
    st.randoms(use_true_random=False),
)
def test_the_tiles_of_a_picture_give_its_pre_exposure(width, height, size, random):
    pixels = np.random.default_rng(random.randrange(99)).random((height, width, 3), np.float32)
    pixels *= 2.0 ** random.choice([-20, 0, 8, 9, 20])
    metering = Metering(width, height)
    values = [
        metering.look(pixels[y : y + size, x : x + size], x, y)
        for y in range(0, height, size)
        for x in range(0, width, size)
    ]
    random.shuffle(values)
    assert metering.exponent(np.concatenate(values)) == choose_exponent(pixels)


def test_develop_takes_slices():
    pixels = np.linspace(0, 1, 6 * 8 * 3, dtype=np.float32).reshape(6, 8, 3)
    np.testing.assert_array_equal(develop(pixels[::2, ::-1]), develop(pixels)[::2, ::-1])


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 2, 4), (1, 2, 2, 3)])
def test_develop_refuses_other_shapes(shape):
    with pytest.raises(PictureError) as caught:
        develop(np.zeros(shape))
    assert str(caught.value) == f"pixels must be an (H, W, 3) array, got shape {shape}"


def test_luminance_of_white_is_one():
    assert luminance((1, 1, 1)) == pytest.approx(1.0)
    weights = [float(luminance(axis)) for axis in np.eye(3)]
    assert weights == [0.2126, 0.7152, 0.0722]
    assert luminance(np.ones((4, 5, 3), np.float32)).shape == (4, 5)
