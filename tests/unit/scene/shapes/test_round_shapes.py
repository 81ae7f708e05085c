"""Disk, cylinder, cone, and many spheres and cylinders at once."""

import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from raywidget.errors import SceneError
from raywidget.scene import Box, Cone, Cylinder, Cylinders, Disk, Quad, Sphere, Spheres

FINITE = st.floats(min_value=-1e3, max_value=1e3)
POINT = st.tuples(FINITE, FINITE, FINITE)
LENGTH = st.floats(min_value=1e-2, max_value=1e2)


def raises(message):
    return pytest.raises(SceneError, match=f"^{re.escape(message)}$")


def circle(center, normal, radius):
    """Points of a circle."""
    normal = np.array(normal) / np.linalg.norm(normal)
    x = np.linalg.svd(normal[None])[2][1]
    phi = np.linspace(0, 2 * np.pi, 400)[:, None]
    return np.add(center, radius * (np.cos(phi) * x + np.sin(phi) * np.cross(normal, x)))


@given(POINT, POINT, LENGTH, LENGTH)
def test_bounds_just_hold_the_shape(base, step, low, high):
    if np.linalg.norm(step) < 1e-3:
        step = (0, 0, 1)
    top = np.add(base, step)
    for shape, points in (
        (Disk(base, step, low), [circle(base, step, low)]),
        (Cylinder(base, top, low), [circle(base, step, low), circle(top, step, low)]),
        (Cone(base, top, low, high), [circle(base, step, low), circle(top, step, high)]),
        (Cone(base, top, low), [circle(base, step, low), [top]]),
        (Cylinders([base], [top], low), [circle(base, step, low), circle(top, step, low)]),
    ):
        points = np.concatenate(points)
        size = np.abs(points).max()
        lo, hi = shape.bounds()
        np.testing.assert_allclose(
            lo, points.min(axis=0), atol=2e-4 * low + 2e-4 * high + 1e-6 * size
        )
        np.testing.assert_allclose(
            hi, points.max(axis=0), atol=2e-4 * low + 2e-4 * high + 1e-6 * size
        )
        assert lo.dtype == np.float64


def test_areas():
    pi = np.pi
    assert Disk((1, 2, 3), (1, 1, 0), 2).area() == pytest.approx(4 * pi)
    assert Cylinder((0, 0, 0), (0, 3, 4), 2).area() == pytest.approx(20 * pi + 8 * pi)
    assert Cylinder((0, 0, 0), (0, 3, 4), 2, caps=False).area() == pytest.approx(20 * pi)
    assert Cone((0, 0, 0), (0, 0, 4), 3).area() == pytest.approx(15 * pi + 9 * pi)
    assert Cone((0, 0, 0), (0, 0, 4), 4, 1).area() == pytest.approx(25 * pi + 17 * pi)
    assert Cone((0, 0, 0), (0, 0, 4), 4, 1, caps=False).area() == pytest.approx(25 * pi)
    assert Sphere((0, 0, 0), 3).area() == pytest.approx(36 * pi)
    assert Quad((0, 0, 0), (2, 0, 0), (1, 3, 0)).area() == pytest.approx(6)
    assert Box((0, 0, 0), (1, 2, 3), rotation=(10, 20, 30)).area() == pytest.approx(22)
    assert Spheres([(0, 0, 0)] * 2, [1, 2]).area() == pytest.approx(20 * pi)
    ends = np.array([(0, 0, 0), (0, 0, 2), (3, 4, 2)])
    assert Cylinders(ends[:-1], ends[1:], 0.5).area() == pytest.approx(2 * pi + 5 * pi + pi)
    assert Cylinders(ends[:-1], ends[1:], [1, 2], caps=False).area() == pytest.approx(24 * pi)


@given(npst.arrays(np.float64, (5, 3), elements=FINITE))
def test_arrays_are_copied_and_read_only(centers):
    radii = np.arange(1.0, 6.0)
    spheres = Spheres(centers, radii, colors=np.zeros((5, 3)))
    before = spheres.centers.copy()
    centers += 1
    radii += 1
    np.testing.assert_array_equal(spheres.centers, before)
    assert spheres.radii.tolist() == [1, 2, 3, 4, 5]
    assert not spheres.radii.flags.writeable
    again = pickle.loads(pickle.dumps(spheres))
    np.testing.assert_array_equal(again.colors, spheres.colors)
    lo, hi = spheres.bounds()
    wide = np.arange(1, 6)[:, None]
    np.testing.assert_allclose(lo, (before.astype(float) - wide).min(axis=0))
    np.testing.assert_allclose(hi, (before.astype(float) + wide).max(axis=0))


def test_one_radius_is_that_of_all():
    assert Spheres(np.zeros((3, 3)), 2).radii.tolist() == [2, 2, 2]
    assert Cylinders(np.zeros((2, 3)), np.ones((2, 3)), np.float32(0.5)).radii.tolist() == [
        0.5,
        0.5,
    ]


def test_normals_of_disks_have_length_one():
    assert Disk((0, 0, 0), (0, 3, 4), 1).normal == (0.0, 0.6, 0.8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Disk((0, 0, 0), (0, 0, 0), 1),
            "Disk: normal must be a vector that is not zero, got (0, 0, 0)",
        ),
        (lambda: Disk((0, 0, 0), (0, 0, 1), 0, name="d"), "Disk 'd': radius must be > 0, got 0"),
        (
            lambda: Cylinder((1, 0, 0), (1, 0, 0), 1),
            "Cylinder: base and top must be different points, got (1.0, 0.0, 0.0) twice",
        ),
        (
            lambda: Cylinder((0, 0, 0), (1, 0, 0), 1, caps=2),
            "Cylinder: caps must be True or False, got 2",
        ),
        (lambda: Cone((0, 0, 0), (1, 0, 0), 1, -1), "Cone: top_radius must be >= 0, got -1"),
        (
            lambda: Cone((0, 0, 0), (1, 0, 0), 0, 1),
            "Cone: base_radius must be > 0, got 0; are base_radius and top_radius swapped?",
        ),
        (
            lambda: Spheres(np.zeros((2, 3)), [1, 2, 3]),
            "Spheres: radii must be a number > 0, or (N,) of them for N = 2, got [1, 2, 3]",
        ),
        (
            lambda: Spheres(np.zeros((2, 3)), [1, 0]),
            "Spheres: radii must be in [1e-15, 1e+15], got radii[1] = 0",
        ),
        (lambda: Spheres(np.zeros((2, 3)), -1), "Spheres: radii must be in [1e-15, 1e+15], got -1"),
        (
            lambda: Spheres(np.zeros((2, 3)), [1, np.nan]),
            "Spheres: radii must be in [1e-15, 1e+15], got radii[1] = nan",
        ),
        (
            lambda: Spheres(np.zeros((2, 3)), 1, colors=[(0, 0, 0), (0, 0, 2)]),
            "Spheres: colors must be in [0, 1], linear RGB, got colors[1] = [0.0, 0.0, 2.0]; "
            "8-bit sRGB values become linear by raywidget.decode_srgb(values / 255)",
        ),
        (
            lambda: Cylinders(np.zeros((2, 3)), [(0, 0, 1), (0, 0, 0)], 1, name="bonds"),
            "Cylinders 'bonds': starts and ends must be different points, "
            "got [0.0, 0.0, 0.0] twice in row 1",
        ),
        (
            lambda: Cylinders(np.zeros((2, 3)), np.ones((3, 3)), 1),
            "Cylinders: ends must be a (2, 3) array of numbers, "
            "got an array of shape (3, 3) and type float64",
        ),
    ],
)
def test_messages(make, message):
    with raises(message):
        make()
