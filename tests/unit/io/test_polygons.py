import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raywidget.io import polygons
from raywidget.io.polygons import triangulate


def split(points, *faces):
    corners = np.concatenate([np.asarray(face, np.int64) for face in faces])
    counts = np.array([len(face) for face in faces])
    return triangulate(np.asarray(points, float), corners, counts), corners


def areas(points, corners, result):
    a, b, c = np.moveaxis(np.asarray(points, float)[corners[result.corners]], 1, 0)
    return 0.5 * np.cross(b - a, c - a)


def flat(points):
    return np.column_stack([np.asarray(points, float), np.zeros(len(points))])


def shoelace(points):
    x, y = np.asarray(points, float).T
    return 0.5 * (x * np.roll(y, -1) - y * np.roll(x, -1)).sum()


L = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]
COMB = [
    (0, 0),
    (5, 0),
    (5, 3),
    (4, 3),
    (4, 1),
    (3, 1),
    (3, 3),
    (2, 3),
    (2, 1),
    (1, 1),
    (1, 3),
    (0, 3),
]
SPIRAL = [(0, 0), (9, 0), (9, 9), (1, 9), (1, 2), (7, 2), (7, 7), (3, 7), (3, 4), (5, 4), (5, 5),
          (4, 5), (4, 6), (6, 6), (6, 3), (2, 3), (2, 8), (8, 8), (8, 1), (0, 1)]  # fmt: skip
HOLE = [(0, 0), (6, 0), (6, 6), (0, 6), (0, 0), (2, 2), (2, 4), (4, 4), (4, 2), (2, 2)]  # a bridge


@pytest.mark.parametrize("shape", [L, COMB, SPIRAL, HOLE], ids=["L", "comb", "spiral", "hole"])
@pytest.mark.parametrize("turn", range(3))
def test_every_triangle_looks_to_the_front_and_the_area_is_that_of_the_polygon(shape, turn):
    for shift in range(len(shape)):
        outline = shape[shift:] + shape[:shift]
        for mirrored in (False, True):
            points = np.roll(flat(outline[::-1] if mirrored else outline), turn, axis=1)
            result, corners = split(points, range(len(outline)))
            got = areas(points, corners, result)[:, (2 + turn) % 3] * (-1 if mirrored else 1)
            assert got.min() >= 0
            assert got.sum() == pytest.approx(shoelace(shape), abs=1e-12)
            assert result.crossed == 0


def test_triangles_cover_the_comb_once():
    result, corners = split(flat(COMB), range(len(COMB)))
    triangles = np.asarray(COMB, float)[corners[result.corners]]
    for x, y, inside in [
        (0.53, 2.1, 1),
        (1.51, 2, 0),
        (1.57, 0.41, 1),
        (2.53, 2.7, 1),
        (4.6, 2.9, 1),
    ]:
        edges = np.roll(triangles, -1, axis=1) - triangles
        offset = np.array((x, y)) - triangles
        sides = edges[..., 0] * offset[..., 1] - edges[..., 1] * offset[..., 0]
        assert (sides > 0).all(axis=1).sum() == inside


def test_polygons_keep_their_order_and_small_ones_give_nothing():
    points = flat([*L, (5, 5), (6, 5), (6, 6)])
    result, corners = split(points, (6, 7), (6, 7, 8), range(6), (0,), (0, 1, 2, 5))
    assert result.polygons.tolist() == [1, 2, 2, 2, 2, 4, 4]
    assert corners[result.corners[0]].tolist() == [6, 7, 8]
    whole = np.bincount(result.polygons, areas(points, corners, result)[:, 2])
    np.testing.assert_allclose(whole[[1, 2]], (0.5, 3))
    empty = triangulate(points, np.empty(0, np.int64), np.empty(0, np.int64))
    assert empty.corners.shape == (0, 3)


def test_what_lies_on_a_line_or_crosses_itself_ends():
    line = flat([(0, 0), (1, 0), (2, 0), (3, 0), (1.5, 0)])
    result, corners = split(line, range(5))
    assert np.abs(areas(line, corners, result)).sum() == 0
    angles = np.arange(5) * 4 * np.pi / 5
    star = flat(np.column_stack([np.cos(angles), np.sin(angles)]))
    result, _ = split(star, range(5))
    assert result.corners.shape == (3, 3)
    collinear, corners = split(flat([(0, 0), (1, 0), (2, 0), (2, 2), (1, 1), (0, 2)]), range(6))
    assert areas(flat([(0, 0), (1, 0), (2, 0), (2, 2), (1, 1), (0, 2)]), corners, collinear)[
        :, 2
    ].sum() == pytest.approx(3)


def test_far_away_and_tilted():
    rng = np.random.default_rng(3)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    points = flat(SPIRAL) @ turn + (5e5, -4e6, 1e5)
    result, corners = split(points, range(len(SPIRAL)))
    got = areas(points, corners, result)
    assert (got @ got.sum(axis=0)).min() > 0
    assert np.linalg.norm(got.sum(axis=0)) == pytest.approx(abs(shoelace(SPIRAL)), rel=1e-6)
    assert np.linalg.norm(got, axis=1).sum() == pytest.approx(abs(shoelace(SPIRAL)), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(4, 40), st.integers(0, 2**32 - 1))
def test_stars_round_a_point(size, seed):
    rng = np.random.default_rng(seed)
    angles = 2 * np.pi * (np.arange(size) + rng.uniform(0.1, 0.9, size)) / size
    points = flat(
        rng.uniform(0.05, 1, size)[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    )
    result, corners = split(points, range(size), range(size))
    got = areas(points, corners, result)[:, 2]
    expected = shoelace(points[:, :2])
    if expected > 1e-3:
        assert np.abs(got).sum() == pytest.approx(2 * expected)
        assert result.crossed == 0


def test_large_ones_are_split_and_too_large_ones_refused(monkeypatch):
    x = np.arange(1000)
    saw = np.concatenate([np.column_stack([x, x % 2]), [(999, 5), (0, 5)]])[::-1]
    result, corners = split(flat(saw), range(len(saw)))
    got = areas(flat(saw), corners, result)[:, 2]
    assert abs(got.sum()) == np.abs(got).sum() == pytest.approx(abs(shoelace(saw)))
    monkeypatch.setattr(polygons, "MAX_WORK", 1000**2)
    with pytest.raises(ValueError, match="too many corners"):
        split(flat(saw), range(len(saw)))
