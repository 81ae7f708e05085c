"""Which floats the places of things are stored in."""

from collections import Counter

import numpy as np
import pytest

import raywidget as rw
from raywidget.io.pieces import Piece, mended
from raywidget.scene.values.arrays import kind_of_points

MAP = np.array([500_000.01, 5_000_000.01, 0])
NEAR = np.random.default_rng(2).normal(size=(30, 3))
UTM = NEAR + MAP
FACES = np.arange(30).reshape(-1, 3)


def test_coordinates_of_a_map_keep_their_precision():
    for stored in (
        rw.Mesh(UTM, FACES).vertices,
        rw.Spheres(UTM, 0.1).centers,
        rw.Cylinders(UTM[:15], UTM[15:], 0.1).starts,
        rw.Cylinders(UTM[:15], UTM[15:], 0.1).ends,
    ):
        assert stored.dtype == np.float64
        assert not stored.flags.writeable
    np.testing.assert_array_equal(rw.Mesh(UTM, FACES).vertices, UTM)


@pytest.mark.parametrize(
    "points",
    [NEAR, NEAR + 3, UTM.astype(np.float32), np.round(UTM).astype(np.int64), NEAR.astype(">f8")],
    ids=["near", "not far", "float32", "exact", "foreign bytes"],
)
def test_all_else_takes_four_bytes(points):
    assert rw.Mesh(points, FACES).vertices.dtype == np.float32


def test_what_no_triangle_uses_does_not_count():
    mesh = rw.Mesh(np.concatenate([UTM, [(0, 0, 0)]]), FACES)
    assert mesh.vertices.dtype == np.float64


def test_copies_are_equal():
    mesh = rw.Mesh(UTM, FACES)
    again = mesh.replace(name="again")
    assert again.vertices.dtype == np.float64
    np.testing.assert_array_equal(again.vertices, mesh.vertices)


def test_triangles_of_files_that_are_small_for_their_place_are_no_flat_ones():
    corners = np.array([(0, 0, 0), (0.1, 0, 0), (0, 0.1, 0)]) + MAP
    count = Counter()
    piece = mended(Piece(vertices=corners, faces=np.array([(0, 1, 2)])), count)
    assert piece is not None
    assert count["flat"] == 0
    assert kind_of_points(piece.vertices) is np.float64
