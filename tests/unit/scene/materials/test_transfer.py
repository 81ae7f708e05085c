"""Transfer functions: tables of what users write, and what they may not write."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.scene.materials import transfer


def looks(function, low=0.0, high=1.0, g=0.0):
    return function.looks(function.limits_for(low, high), g)


def test_by_default_it_grows_thicker_with_the_number():
    table = looks(rw.TransferFunction())
    np.testing.assert_allclose(table[:, transfer.EXTINCTION], np.linspace(0, 1, 256))
    assert (table[:, 1:4] == 0.8).all()
    assert (table[:, 4:] == 0.0).all()


def test_points_are_at_numbers_and_arrays_in_equal_steps():
    function = rw.TransferFunction(
        color=[(0, "black"), (10, "white")],
        extinction=[(2, 0), (4, 3), (8, 3)],
        albedo=(0.25, 0.75),
        emission=np.array([[0.0, 0.0, 0.0], [4.0, 2.0, 0.0]]),
        glow=0.5,
        g=[(0, -0.5), (10, 0.5)],
        limits=(0, 10),
        resolution=1024,
    )
    table = looks(function, -50, 50)
    numbers = np.linspace(0, 10, 1024)
    np.testing.assert_allclose(table[:, 0], np.interp(numbers, [2, 4, 8], [0, 3, 3]))
    expected = np.interp(numbers, [0, 10], [0.25, 0.75]) * numbers / 10
    np.testing.assert_allclose(table[:, 1:4], expected[:, None].repeat(3, 1))
    np.testing.assert_allclose(table[:, 4], 0.2 * numbers)
    np.testing.assert_allclose(
        table[:, 6:], np.stack([0 * numbers, numbers / 10 - 0.5], 1), atol=1e-12
    )


def test_a_map_gives_the_colours_that_it_gives_elsewhere():
    heat = rw.ColorMap("inferno", limits=(0, 100))
    function = rw.TransferFunction(heat, albedo=0.5)
    assert function.limits_for(-5, 500) == (0.0, 100.0)
    np.testing.assert_allclose(
        looks(function)[:, 1:4], 0.5 * heat.evaluate(np.linspace(0, 100, 256)), atol=1e-12
    )
    words = looks(rw.TransferFunction("inferno", limits=(0, 100)))
    np.testing.assert_allclose(words[:, 1:4], heat.evaluate(np.linspace(0, 100, 256)), atol=1e-12)


def test_names_of_colours_are_colours():
    assert rw.TransferFunction("tomato").color == rw.Diffuse("tomato").color


def test_where_all_numbers_are_one_there_are_limits_all_the_same():
    assert rw.TransferFunction().limits_for(3.0, 3.0) == (3.0, 4.0)
    assert rw.TransferFunction(limits=(None, 2.0)).limits_for(3.0, 3.0) == (1.0, 2.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"color": "no such map"},
        {"color": (2, 0, 0)},
        {"color": [(1, "red"), (0, "blue")]},
        {"color": np.full((4, 3), 7.0)},
        {"extinction": -1},
        {"extinction": (1, -1)},
        {"extinction": []},
        {"extinction": [(1, 0), (0, 1)]},
        {"extinction": [(0, np.nan)]},
        {"extinction": "thick"},
        {"density": -1},
        {"density": np.inf},
        {"emission": (-1, 0, 0)},
        {"emission": np.full((4, 2), 1.0)},
        {"glow": -1},
        {"albedo": 1.1},
        {"albedo": None},
        {"g": 1.0},
        {"g": (0, -1)},
        {"limits": (1, 0)},
        {"limits": (0, 0)},
        {"limits": 3},
        {"limits": (0, np.nan)},
        {"resolution": 7},
        {"resolution": True},
    ],
)
def test_wrong_parameters_are_refused_by_name(wrong):
    with pytest.raises(SceneError, match=f"TransferFunction 'smoke'.*{next(iter(wrong))}"):
        rw.TransferFunction(**wrong, name="smoke")
