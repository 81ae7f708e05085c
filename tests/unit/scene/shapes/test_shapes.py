import copy
import dataclasses
import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raywidget.errors import SceneError
from raywidget.scene import DEFAULT_MATERIAL, Box, Diffuse, Emissive, Mesh, Quad, Sphere

FINITE = st.floats(min_value=-1e6, max_value=1e6)
POINT = st.tuples(FINITE, FINITE, FINITE)
LENGTH = st.floats(min_value=1e-3, max_value=1e3)


def raises(message):
    return pytest.raises(SceneError, match=f"^{re.escape(message)}$")


# ---- all shapes ----------------------------------------------------------------------------


def test_the_default_is_grey_matte():
    sphere = Sphere((0, 0, 0), 1)
    assert sphere.material is DEFAULT_MATERIAL
    assert sphere.material.color == (0.5, 0.5, 0.5)
    assert sphere.radiance is None


def test_shapes_are_frozen_and_compared_by_identity():
    sphere = Sphere((0, 0, 0), 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        sphere.radius = 2.0
    assert sphere != Sphere((0, 0, 0), 1)
    assert len({sphere, Sphere((0, 0, 0), 1)}) == 2


def test_material_and_the_rest_are_keyword_only():
    with pytest.raises(SceneError, match="too many positional"):
        Sphere((0, 0, 0), 1, DEFAULT_MATERIAL)
    with pytest.raises(SceneError, match="colour"):
        Sphere((0, 0, 0), 1, colour=1)


@pytest.mark.parametrize(
    ("emission", "material", "expected"),
    [
        (None, Diffuse(0.5), None),
        ((3, 2, 1), Diffuse(0.5), (3.0, 2.0, 1.0)),
        (None, Emissive(4), (4.0, 4.0, 4.0)),
        (2, Emissive(4), (2.0, 2.0, 2.0)),
        (0, Emissive(4), None),
        (None, Diffuse(0.5, emission=(1, 0, 0)), (1.0, 0.0, 0.0)),
    ],
)
def test_radiance_is_the_shapes_emission_else_its_materials(emission, material, expected):
    assert Sphere((0, 0, 0), 1, emission=emission, material=material).radiance == expected


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"radius": -1.0}, "Sphere 'lamp': radius must be > 0, got -1.0"),
        (
            {"center": (0, 0)},
            "Sphere 'lamp': center must be 3 finite numbers (x, y, z), got (0, 0)",
        ),
        ({"flip_normals": "no"}, "Sphere 'lamp': flip_normals must be True or False, got 'no'"),
        (
            {"material": (1, 0, 0)},
            "Sphere 'lamp': material must be a material, such as Diffuse(color), got (1, 0, 0)",
        ),
        (
            {"material": Diffuse},
            "Sphere 'lamp': material must be a material, such as Diffuse(color), "
            "got the class Diffuse; write Diffuse(...), with its arguments",
        ),
        (
            {"emission": (-1, 0, 0)},
            "Sphere 'lamp': emission must be 3 finite numbers >= 0, linear RGB, one for a grey, "
            "a name or '#rrggbb', "
            "got (-1, 0, 0)",
        ),
    ],
)
def test_sphere_messages(parameters, message):
    with raises(message):
        Sphere(**{"center": (0, 0, 0), "radius": 1.0, "name": "lamp"} | parameters)


@pytest.mark.parametrize("name", ["", "  ", 3, b"lamp"])
def test_names_are_strings(name):
    with raises(f"Sphere: name must be a non-empty string or None, got {name!r}"):
        Sphere((0, 0, 0), 1, name=name)


def test_replace_runs_the_checks_again():
    lamp = Sphere((0, 0, 0), 1, name="lamp")
    assert lamp.replace(radius=2).radius == 2.0
    assert lamp.replace(radius=2).name == "lamp"
    with raises("Sphere 'lamp': radius must be > 0, got 0"):
        lamp.replace(radius=0)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_are_equal_and_still_read_only(duplicate):
    mesh = Mesh(np.eye(3), [(0, 1, 2)], name="m", material=Emissive(3))
    other = duplicate(mesh)
    np.testing.assert_array_equal(other.vertices, mesh.vertices)
    assert not other.vertices.flags.writeable
    assert other.radiance == (3.0, 3.0, 3.0)
    assert other.name == "m"


def test_repr_is_short_and_leaves_out_defaults():
    assert repr(Sphere((0, 1, 0), 2)) == "Sphere(center=(0, 1, 0), radius=2)"
    assert repr(Sphere((0, 1, 0), 2, name="a")) == "Sphere(center=(0, 1, 0), radius=2, name='a')"
    big = Mesh(np.zeros((1000, 3)), np.zeros((10, 3), int))
    assert repr(big) == "Mesh(vertices=<1000x3 float32>, faces=<10x3 int32>)"


# ---- bounds --------------------------------------------------------------------------------


@given(POINT, LENGTH)
def test_sphere_bounds(center, radius):
    lo, hi = Sphere(center, radius).bounds()
    assert lo.dtype == hi.dtype == np.float64
    np.testing.assert_allclose((lo + hi) / 2, center, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(hi - lo, 2 * radius, rtol=1e-6)


@given(POINT, st.tuples(LENGTH, LENGTH, LENGTH), st.tuples(FINITE, FINITE, FINITE))
def test_a_turned_box_keeps_its_size_and_lies_in_its_bounds(center, size, rotation):
    box = Box(center, size, rotation=rotation)
    corners = box.corners()
    lo, hi = box.bounds()
    slack = 1e-6 * (1 + np.abs(center).max() + max(size))
    assert (corners >= lo - slack).all()
    assert (corners <= hi + slack).all()
    edges = [np.linalg.norm(corners[k] - corners[0]) for k in (4, 2, 1)]
    np.testing.assert_allclose(edges, size, atol=slack)
    np.testing.assert_allclose(corners.mean(axis=0), center, atol=slack)


def test_a_box_turns_about_x_then_y_then_z():
    # The corner at the tip of +y goes to +z by x, then to +x by y, and stays there by x again.
    box = Box((0, 0, 0), (1, 3, 1), rotation=(90, 90, 0))
    lo, hi = box.bounds()
    np.testing.assert_allclose(hi - lo, (3, 1, 1), atol=1e-12)
    np.testing.assert_allclose(box.transform()[:3, 1], (3, 0, 0), atol=1e-12)


def test_box_sizes_are_full_edges():
    lo, hi = Box((1, 2, 3), (2, 4, 6)).bounds()
    assert lo.tolist() == [0.0, 0.0, 0.0]
    assert hi.tolist() == [2.0, 4.0, 6.0]


def test_box_messages():
    with raises("Box 'b': size must be 3 numbers > 0 (x, y, z), got (1, 0, 1)"):
        Box((0, 0, 0), (1, 0, 1), name="b")
    with raises("Box 'b': rotation must be 3 finite numbers (x, y, z), got 45"):
        Box((0, 0, 0), (1, 1, 1), rotation=45, name="b")


def test_quad_front_and_bounds():
    quad = Quad((0, 0, 0), (2, 0, 0), (0, 3, 0))
    assert quad.normal.tolist() == [0.0, 0.0, 1.0]
    lo, hi = quad.bounds()
    assert lo.tolist() == [0.0, 0.0, 0.0]
    assert hi.tolist() == [2.0, 3.0, 0.0]
    assert quad.corners().tolist() == [[0, 0, 0], [2, 0, 0], [2, 3, 0], [0, 3, 0]]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_quad_without_area(scale):
    message = (
        f"Quad 'q': edge_u and edge_v must not be parallel, got ({scale}, 0.0, 0.0) "
        f"and ({-2 * scale}, 0.0, 0.0)"
    )
    with raises(message):
        Quad((0, 0, 0), (scale, 0, 0), (-2 * scale, 0, 0), name="q")
    Quad((0, 0, 0), (scale, 0, 0), (0, scale, 0))


def test_quad_with_a_zero_edge():
    with raises("Quad: edge_u must be a vector that is not zero, got (0, 0, 0)"):
        Quad((0, 0, 0), (0, 0, 0), (0, 1, 0))
