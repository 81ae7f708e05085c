"""Boxes of balls are the same numbers whoever writes them."""

import numpy as np
import pytest

from raywidget.compiler.geometry.apart import _around
from raywidget.compiler.geometry.primitives import MANY_BALLS, Balls
from raywidget.kernels.language.boxes import BOX

SIDES = [0, 1, 2, 4, 5, 6]


@pytest.mark.parametrize("count", [MANY_BALLS, 3 * MANY_BALLS + 5])
@pytest.mark.parametrize("size", [1.0, 1e-6, 1e7])
def test_boxes_of_many_balls_are_those_of_few(count, size):
    random = np.random.default_rng(count)
    rows = (size * random.normal(size=(count, 4)) ** 3).astype(np.float32)
    rows[:9, :3] = 0.0
    rows[4:20, 3] = 0.0
    many = np.empty((count, BOX), np.float32)
    Balls(rows, np.arange(count, dtype=np.int32)).write_boxes(many, threads=2)
    few = np.empty_like(many)
    for first in range(0, count, MANY_BALLS - 1):
        part = slice(first, first + MANY_BALLS - 1)
        numbers = np.arange(len(rows[part]), dtype=np.int32)
        Balls(rows[part], numbers).write_boxes(few[part])
    np.testing.assert_array_equal(many[:, SIDES], few[:, SIDES])
    reach = np.abs(rows[:, 3:])
    assert np.all(many[:, :3] <= rows[:, :3] - reach)
    assert np.all(-many[:, 4:7] >= rows[:, :3] + reach)


@pytest.mark.parametrize("count", [1, 63, 64, 65, 1000])
def test_the_box_around_boxes(count):
    boxes = np.random.default_rng(count).normal(size=(count, BOX)).astype(np.float32)
    np.testing.assert_array_equal(_around(boxes), boxes.min(axis=0))
