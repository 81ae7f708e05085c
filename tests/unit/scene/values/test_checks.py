"""The checks of single values: what passes, in what form, and every message."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raywidget.errors import SceneError
from raywidget.scene import Sphere
from raywidget.scene.values import checks

FINITE = st.floats(min_value=-1e12, max_value=1e12)
NOT_NUMBERS = [None, "1", True, np.True_, [1.0], 1j, math.nan, math.inf, -math.inf, np.nan]


def raises(message):
    return pytest.raises(SceneError, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize("value", NOT_NUMBERS)
def test_number_refuses_what_is_not_a_finite_number(value):
    with pytest.raises(SceneError, match=r"^Lamp: size must be a finite number, got "):
        checks.number("Lamp", "size", value)


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int64(2), np.array(2.0)])
def test_number_returns_a_python_float(value):
    result = checks.number("Lamp", "size", value)
    assert result == 2.0
    assert type(result) is float


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (checks.length, -1.0, "Lamp: r must be > 0, got -1.0"),
        (checks.length, 0, "Lamp: r must be > 0, got 0"),
        (checks.length, np.float32(-2), "Lamp: r must be > 0, got -2.0"),
        (checks.length, "a", "Lamp: r must be a number > 0, got 'a'"),
        (
            checks.length,
            1e30,
            "Lamp: r must be in [1e-15, 1e+15] (rendering is in single precision), got 1e+30",
        ),
        (checks.non_negative, -0.5, "Lamp: r must be >= 0, got -0.5"),
        (checks.non_negative, 1e16, "Lamp: r must be <= 1e+15, got 1e+16"),
        (checks.unit_interval, 1.5, "Lamp: r must be in [0, 1], got 1.5"),
        (checks.flag, 1, "Lamp: r must be True or False, got 1"),
        (checks.vec3, (1, 2), "Lamp: r must be 3 finite numbers (x, y, z), got (1, 2)"),
        (checks.vec3, "abc", "Lamp: r must be 3 finite numbers (x, y, z), got 'abc'"),
        (checks.vec3, {1, 2, 3}, "Lamp: r must be 3 finite numbers (x, y, z), got {1, 2, 3}"),
        (checks.vec3, (1, 2, None), "Lamp: r must be 3 finite numbers (x, y, z), got (1, 2, None)"),
        (
            checks.vec3,
            np.zeros((3, 3)),
            "Lamp: r must be 3 finite numbers (x, y, z), "
            "got an array of shape (3, 3) and type float64",
        ),
        (
            checks.vec3,
            (0, 1e16, 0),
            "Lamp: r must be within +-1e+15 (rendering is in single precision), got (0, 1e+16, 0)",
        ),
        (checks.direction, (0, 0, 0), "Lamp: r must be a vector that is not zero, got (0, 0, 0)"),
        (checks.lengths, (1, 0, 1), "Lamp: r must be 3 numbers > 0 (x, y, z), got (1, 0, 1)"),
        (
            checks.pair,
            (1, 2, 3),
            "Lamp: r must be 2 finite numbers, or one for both, got (1, 2, 3)",
        ),
        (
            checks.reflectance,
            -0.1,
            "Lamp: r must be 3 numbers in [0, 1], linear RGB, one for a grey, "
            "a name or '#rrggbb', got -0.1",
        ),
        (
            checks.reflectance,
            (255, 0, 0),
            "Lamp: r must be 3 numbers in [0, 1], linear RGB, one for a grey, "
            "a name or '#rrggbb', got (255, 0, 0); "
            'more than 1 would make light; for 8-bit sRGB values write "#ff0000"',
        ),
        (
            checks.radiance,
            (1, math.inf, 1),
            "Lamp: r must be 3 finite numbers >= 0, linear RGB, one for a grey, "
            "a name or '#rrggbb', got (1, inf, 1)",
        ),
        (checks.radiance, 1e20, "Lamp: r must be <= 1e+15, got 1e+20"),
    ],
)
def test_messages(check, value, message):
    with raises(message):
        check("Lamp", "r", value)


@given(st.tuples(FINITE, FINITE, FINITE))
def test_vec3_keeps_values_whatever_holds_them(value):
    for given_value in (value, list(value), np.array(value), iter(value)):
        result = checks.vec3("Lamp", "at", given_value)
        assert result == value
        assert all(type(x) is float for x in result)


@given(st.floats(0, 1))
def test_a_single_number_is_a_grey(grey):
    assert checks.reflectance("Lamp", "color", grey) == (grey, grey, grey)
    assert checks.radiance("Lamp", "color", np.array(grey)) == (grey, grey, grey)


def test_pair_takes_one_for_both():
    assert checks.pair("Lamp", "scale", 3) == (3.0, 3.0)
    assert checks.pair("Lamp", "scale", (3, 4)) == (3.0, 4.0)


def test_label_names_class_and_name():
    assert checks.label(Sphere((0, 0, 0), 1)) == "Sphere"
    assert checks.label(Sphere((0, 0, 0), 1, name="lamp")) == "Sphere 'lamp'"


def test_a_class_in_place_of_an_object_is_understood():
    message = (
        "Lamp: body must be a shape, got the class Sphere; write Sphere(...), with its arguments"
    )
    with raises(message):
        checks.instance("Lamp", "body", Sphere, Sphere, "a shape")
