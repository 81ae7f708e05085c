import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.scene.values.colors import decode_srgb, from_oklch, parse_color

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


@pytest.mark.parametrize(
    ("word", "srgb"),
    [
        ("tomato", (255, 99, 71)),
        (" Tomato ", (255, 99, 71)),
        ("#ff6347", (255, 99, 71)),
        ("#FF6347", (255, 99, 71)),
        ("#ff6347ff", (255, 99, 71)),
        ("#f80", (255, 136, 0)),
        ("#f80f", (255, 136, 0)),
        ("slate grey", (112, 128, 144)),
        ("rebeccapurple", (102, 51, 153)),
    ],
)
def test_words_are_srgb_and_become_linear(word, srgb):
    assert parse_color(word) == pytest.approx(tuple(decode_srgb(np.array(srgb) / 255)), abs=1e-12)
    assert rw.Diffuse(word).color == parse_color(word)
    assert rw.ConstantEnvironment(word).radiance == parse_color(word)
    assert rw.Checkerboard(word, 0.5).color_a == parse_color(word)


def test_numbers_stay_linear():
    assert rw.Diffuse((0.5, 0.25, 0)).color == (0.5, 0.25, 0)
    assert rw.Diffuse(np.array([0.5, 0.25, 0])).color == (0.5, 0.25, 0)
    # As matplotlib's maps give them: the fourth says how opaque.
    assert rw.Diffuse((0.5, 0.25, 0, 1.0)).color == (0.5, 0.25, 0)


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("tomatoe", "did you mean 'tomato'?"),
        ("#ff63", "a colour has no transparency; give opacity= to the material"),
        ("#ff634", 'write "tomato" or "#ff6347"'),
        ("#gg6347", 'write "tomato" or "#ff6347"'),
        ("", 'write "tomato" or "#ff6347"'),
        ((255, 99, 71), 'for 8-bit sRGB values write "#ff6347"'),
        (np.array([255, 99, 71], np.uint8), "raywidget.decode_srgb(values / 255)"),
        (np.array([1, 0, 1], np.uint8), "raywidget.decode_srgb(values / 255)"),
        ((0.1, 0.2, 0.3, 0.5), "give opacity= to the material"),
    ],
)
def test_what_is_no_colour_gets_advice(value, advice):
    with pytest.raises(SceneError, match=re.escape(advice)):
        rw.Diffuse(value)


def test_rows_of_colours():
    places = np.eye(3)
    by_name = rw.Spheres(places, 0.1, colors=["tomato", "#fff", "black"]).colors
    np.testing.assert_allclose(by_name[0], parse_color("tomato"), atol=1e-7)
    np.testing.assert_array_equal(by_name[1:], [(1, 1, 1), (0, 0, 0)])
    rgba = np.array([(0.5, 0.25, 0, 1)] * 3)
    np.testing.assert_array_equal(rw.Spheres(places, 0.1, colors=rgba).colors, rgba[:, :3])
    for wrong, advice in (
        (np.full((3, 3), 200, np.uint8), "raywidget.decode_srgb(values / 255)"),
        (np.full((3, 3), 200), "raywidget.decode_srgb(values / 255)"),
        (rgba * 0.5, "give opacity= to the material"),
        (["tomato", "tomatoe", "red"], "did you mean 'tomato'?"),
    ):
        with pytest.raises(SceneError, match=re.escape(advice)):
            rw.Spheres(places, 0.1, colors=wrong)
