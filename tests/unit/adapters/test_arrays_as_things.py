"""Plain arrays: points, vertices with faces, height fields; and what they have wrong."""

import re

import numpy as np
import pandas as pd
import pytest

import raywidget as rw

CORNERS = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], float)
FACES = np.array([(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)])


class Tensor:
    """As torch's behave: an array only once it is off the card."""

    __module__ = "torch"

    def __init__(self, values):
        self.values = np.asarray(values)
        self.dtype, self.shape = self.values.dtype, self.values.shape

    def detach(self):
        return self

    cpu = resolve_conj = detach

    def __array__(self, dtype=None, copy=None):
        return self.values


def test_vertices_and_faces():
    for pair in ((CORNERS, FACES), [CORNERS.tolist(), FACES.tolist()], (Tensor(CORNERS), FACES)):
        (mesh,) = rw.shapes_of(pair)
        np.testing.assert_array_equal(mesh.vertices, CORNERS)
        np.testing.assert_array_equal(mesh.faces, FACES)
    (square,) = rw.shapes_of((CORNERS, [(0, 1, 2, 3)]))
    assert square.faces.tolist() == [[0, 1, 2], [0, 2, 3]]


def test_three_columns_are_points():
    """Their size follows from how densely they lie, whatever the unit."""
    grid = np.stack(np.meshgrid(*[np.arange(8.0)] * 3), axis=-1).reshape(-1, 3)
    for unit in (1e-6, 1.0, 1e4):
        (balls,) = rw.shapes_of(unit * grid)
        assert balls.radii[0] / unit == pytest.approx(0.02 * np.sqrt(3) * 7, rel=1e-5)
    (dense,) = rw.shapes_of(np.linspace(0, 1, 500)[:, None] * np.array([(1, 1, 1)]))
    assert dense.radii[0] == pytest.approx(0.5 * np.sqrt(3) / 499, rel=1e-4)


def test_a_table_of_heights():
    heights = np.add.outer(np.arange(9.0) * 0.1, np.zeros(12))
    (field,) = rw.shapes_of(heights)
    assert field.vertices.shape == (108, 3)
    np.testing.assert_allclose(np.ptp(field.vertices, axis=0), (11, 8, 0.8), rtol=1e-6)
    assert (field.normals[:, 2] > 0.9).all()
    corners = field.vertices[field.faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (across[:, 2] > 0).all()  # seen from above, fronts are seen
    (upright,) = rw.shapes_of(heights, up="y")
    np.testing.assert_allclose(np.ptp(upright.vertices, axis=0), (11, 0.8, 8), rtol=1e-6)
    corners = upright.vertices[upright.faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (across[:, 1] > 0).all()


def test_holes_in_heights_and_exaggeration():
    heights = np.full((10, 10), 3.0)
    heights[4, 4] = np.nan
    heights[0, 0] = 3.001
    scene = rw.studio(heights)
    assert "1 values that are not finite left out" in scene.notes[0]
    assert "times as large" in scene.notes[1]
    # The six triangles round the hole are gone.
    assert len(scene.shapes[0].faces) == 2 * 81 - 6
    masked = np.ma.masked_equal(np.full((10, 10), 3.0), 4.0)
    masked[4, 4] = np.ma.masked
    (field,) = rw.shapes_of(masked)
    assert len(field.faces) == 2 * 81 - 6


def test_what_is_wrong_with_a_mesh_is_mended_and_counted():
    vertices = np.vstack([CORNERS, [(np.nan, 0, 0), (9, 9, 9)]])  # one broken, both unused
    from raywidget.io.building import build
    from raywidget.io.pieces import Piece

    normals = np.vstack([np.zeros((1, 3)), np.ones((3, 3)), np.zeros((2, 3))])
    faces = np.vstack([FACES, [(0, 0, 1)]])
    notes = []
    (mesh,) = build([Piece(vertices=vertices, faces=faces, normals=normals, name="m")], notes)
    assert len(mesh.faces) == 4
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1, rtol=1e-6)
    # The corner's three triangles face -x, -y and -z.
    np.testing.assert_allclose(mesh.normals[0], np.full(3, -(3**-0.5)), rtol=1e-6)
    assert notes == [
        "mesh 'm': 1 triangle without area left out",
        "mesh 'm': 1 normal of length 0, or that were no numbers, replaced by those of the "
        "triangles",
    ]
    notes.clear()
    faces = np.vstack([FACES, [(0, 1, 4)]])
    (mesh,) = build([Piece(vertices=vertices, faces=faces)], notes)
    assert notes == ["a mesh: 1 triangle left out that had corners which are no (finite) numbers"]


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (3, "got int 3"),
        ({}, "got dict"),
        ([], "got an empty list"),
        (rw.Sphere, r"got the class Sphere: write Sphere\(\.\.\.\)"),
        (np.zeros((0, 3)), "must not be empty"),
        (np.zeros((5, 2)), "points in a plane need a third column"),
        (np.zeros((50, 6)), r"give array\[:, :3\]"),
        (np.zeros((4, 4, 1)), "at least 2 numbers along each axis"),
        (np.full((9, 9), np.nan), "must have numbers that are finite"),
        (np.array(["a", "b"]), "must hold numbers, got type <U1"),
        (np.array([object()] * 3, object), "must hold numbers"),
        ((CORNERS, FACES + 9), "faces that name vertices from 9 to 12, but there are 4"),
        (np.full((5, 3), np.nan), "there is nothing to show"),
    ],
)
def test_messages(thing, message):
    with pytest.raises(rw.SceneError, match=message):
        rw.shapes_of(thing)


def test_lists_of_everything():
    ball = rw.Sphere((0, 0, 0), 1)
    shapes = rw.shapes_of([ball, (CORNERS, FACES), np.eye(3)])
    assert shapes[0] is ball
    assert [type(shape).__name__ for shape in shapes] == ["Sphere", "Mesh", "Spheres"]


TENT = (
    np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0.5, 0.5, 1)]),
    np.array([(0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)]),
)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.uint8, np.uint64, np.int16])
def test_faces_are_whole_numbers_of_any_type(kind):
    (mesh,) = rw.shapes_of((TENT[0], TENT[1].astype(kind)))
    np.testing.assert_array_equal(mesh.faces, TENT[1])


def test_two_clouds_are_no_mesh():
    rng = np.random.default_rng(2)
    voxels = rng.integers(0, 3, (40, 3)).astype(float)
    shapes = rw.shapes_of([rng.normal(size=(50, 3)), voxels])
    assert [type(shape) for shape in shapes] == [rw.Spheres, rw.Spheres]
    assert len(shapes[1].centers) == 40


def test_the_other_way_round_is_understood_and_told():
    scene = rw.studio((TENT[1], TENT[0]))
    np.testing.assert_array_equal(scene.shapes[0].faces, TENT[1])
    assert "the other way round" in scene.notes[0]


@pytest.mark.parametrize("names", [("vertices", "faces"), ("points", "triangles")])
def test_dictionaries(names):
    (mesh,) = rw.shapes_of(dict(zip(names, TENT, strict=True)))
    np.testing.assert_array_equal(mesh.faces, TENT[1])
    (points,) = rw.shapes_of({names[0]: TENT[0]})
    np.testing.assert_allclose(points.centers, TENT[0])


def test_tables_with_columns_called_x_y_z_have_points_whatever_else_they_have():
    x, y, z = TENT[0].T
    table = pd.DataFrame({"name": list("abcde"), "Z": z, "mass": 1.0, "X": x, "Y": y})
    (points,) = rw.shapes_of(table)
    np.testing.assert_allclose(points.centers, TENT[0])


def test_a_table_of_heights_without_units_is_never_a_sheet():
    x, y = np.meshgrid(np.linspace(-3, 3, 40), np.linspace(-3, 3, 40))
    for scale in (1e-6, 1.0, 3.0):
        scene = rw.studio(scale * np.sin(x) * np.cos(y))
        low, high = scene.shapes[0].bounds()
        assert (high - low)[2] / (high - low)[:2].max() >= 0.06 - 1e-6


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (np.ones((9, 9)) * 1j, "complex128; give its real part"),
        (np.full((9, 9), "a"), "must hold numbers, got type <U1"),
        (np.zeros((3, 4), "M8[s]"), "must hold numbers, got type datetime64"),
        ((row for row in TENT), "looked at only once: write list(...)"),
    ],
)
def test_what_is_no_table_of_numbers_is_told_with_its_type(thing, words):
    with pytest.raises(rw.SceneError, match=re.escape(words)):
        rw.studio(thing)
