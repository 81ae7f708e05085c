import pytest
from hypothesis import given
from hypothesis import strategies as st

from raywidget.scene.values.colors import from_oklch

# OKLCH of the corners of the sRGB cube, as CSS Color 4 implementations print them.
KNOWN = [
    ((0.62796, 0.25768, 29.234), (1, 0, 0)),
    ((0.86644, 0.29483, 142.495), (0, 1, 0)),
    ((0.45201, 0.31321, 264.052), (0, 0, 1)),
    ((0.96798, 0.21101, 109.769), (1, 1, 0)),
    ((1, 0, 0), (1, 1, 1)),
    ((0, 0, 0), (0, 0, 0)),
]


@pytest.mark.parametrize(("lch", "rgb"), KNOWN)
def test_corners_of_the_cube(lch, rgb):
    assert from_oklch(*lch) == pytest.approx(rgb, abs=2e-4)


@given(st.floats(0, 1), st.floats(0, 0.5), st.floats(-720, 720))
def test_always_a_reflectance(lightness, chroma, hue):
    assert all(0.0 <= c <= 1.0 for c in from_oklch(lightness, chroma, hue))


@given(st.floats(0, 1))
def test_grey_is_the_cube_of_lightness(lightness):
    assert from_oklch(lightness, 0, 123) == pytest.approx([lightness**3] * 3, abs=1e-6)
