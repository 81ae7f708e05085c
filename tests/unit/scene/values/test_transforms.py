import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raywidget.errors import SceneError
from raywidget.scene.values import transforms
from raywidget.scene.values.transforms import apply, rotate, rotate_xyz, scale, translate

ANGLE = st.floats(-720, 720)
AXIS = st.tuples(*[st.floats(-10, 10)] * 3).filter(lambda a: np.linalg.norm(a) > 1e-3)


@given(ANGLE, AXIS)
def test_rotations_turn_and_nothing_else(degrees, axis):
    matrix = rotate(degrees, axis)[:3, :3]
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1.0)
    np.testing.assert_allclose(matrix @ axis, axis, atol=1e-9)
    assert np.trace(matrix) == pytest.approx(1 + 2 * np.cos(np.radians(degrees)), abs=1e-9)


@given(ANGLE, ANGLE, AXIS)
def test_angles_about_one_axis_add_up(a, b, axis):
    np.testing.assert_allclose(rotate(a, axis) @ rotate(b, axis), rotate(a + b, axis), atol=1e-9)


@pytest.mark.parametrize(
    ("axis", "start", "end"),
    [
        ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
        ((0, 1, 0), (0, 0, 1), (1, 0, 0)),
        ((0, 0, 1), (1, 0, 0), (0, 1, 0)),
    ],
)
def test_counter_clockwise_seen_from_the_tip(axis, start, end):
    np.testing.assert_allclose(apply(rotate(90, axis), start), end, atol=1e-15)


@given(ANGLE, ANGLE, ANGLE)
def test_rotate_xyz_is_x_first(x, y, z):
    expected = rotate(z, (0, 0, 1)) @ rotate(y, (0, 1, 0)) @ rotate(x, (1, 0, 0))
    np.testing.assert_array_equal(rotate_xyz(x, y, z), expected)


def test_products_apply_from_the_right():
    matrix = translate(1, 0, 0) @ scale(2)
    assert apply(matrix, (1, 1, 1)).tolist() == [3.0, 2.0, 2.0]
    assert apply(matrix, np.zeros((4, 5, 3))).shape == (4, 5, 3)
    assert scale(1, -2, 3).diagonal().tolist() == [1.0, -2.0, 3.0, 1.0]
    assert all(m.dtype == np.float64 for m in (matrix, rotate(1, (1, 0, 0))))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: scale(0), "scale(): factors must be not 0, got (0.0, 0.0, 0.0)"),
        (lambda: scale(1, 2), "scale(): factors must be 1 number or 3, got (1, 2, None)"),
        (
            lambda: rotate(1, (0, 0, 0)),
            "rotate(): axis must be a vector that is not zero, got (0, 0, 0)",
        ),
        (
            lambda: rotate("1", (1, 0, 0)),
            "rotate(): degrees must be a finite number, before the axis, got '1'",
        ),
        (
            lambda: translate(0, None, 0),
            "translate(): shift must be 3 finite numbers (x, y, z), got (0, None, 0)",
        ),
        (
            lambda: apply(np.eye(3), (0, 0, 0)),
            "apply(): matrix must be a (4, 4) array, got an array of shape (3, 3) and type float64",
        ),
        (lambda: apply(np.eye(4), 1.0), "apply(): points must be a (..., 3) array, got 1.0"),
    ],
)
def test_messages(make, message):
    with pytest.raises(SceneError, match=f"^{re.escape(message)}$"):
        make()


def test_all_is_what_is_there():
    assert all(callable(getattr(transforms, name)) for name in transforms.__all__)
