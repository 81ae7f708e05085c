"""Surfaces in volumes: where they are, which way they look, and what is refused."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.errors import SceneError

X, Y, Z = np.meshgrid(*[np.linspace(-1, 1, n) for n in (30, 34, 38)], indexing="ij")
STEPS = (2 / 29, 2 / 33, 2 / 37)
SQUARES = X * X + Y * Y + Z * Z


@pytest.mark.parametrize("falls", [False, True])
def test_a_ball_is_where_it_should_be_and_looks_towards_smaller_numbers(falls):
    field, level = (-SQUARES, -0.5) if falls else (SQUARES, 0.5)
    ball = rw.isosurface(field, level, spacing=STEPS, origin=(-1, -1, -1))
    radius = np.linalg.norm(ball.vertices, axis=1)
    np.testing.assert_allclose(radius, np.sqrt(0.5), atol=2e-3)
    outwards = 1.0 if falls else -1.0
    normals = np.sum(ball.normals * ball.vertices, axis=1) / radius
    assert (outwards * normals > 0.995).all()
    a, b, c = np.moveaxis(ball.vertices[ball.faces], 1, 0)
    faces = np.sum(np.cross(b - a, c - a) * (a + b + c), axis=1)
    assert (outwards * faces > 0).all()


def test_the_surface_lies_in_its_volume():
    turn = rw.transforms.rotation_xyz(30, 50, 70)[:3, :3]
    volume = rw.Volume(SQUARES, spacing=STEPS, origin=turn @ (-1, -1, -1), direction=turn)
    ball = rw.isosurface(volume, 0.5, material=rw.Diffuse("ivory"))
    np.testing.assert_allclose(np.linalg.norm(ball.vertices, axis=1), np.sqrt(0.5), atol=2e-3)
    assert ball.material.color == rw.Diffuse("ivory").color


def test_there_is_no_surface_at_what_is_not_known():
    field = np.where(X < -0.3, np.nan, SQUARES)
    ball = rw.isosurface(field, 0.5, spacing=STEPS, origin=(-1, -1, -1))
    assert ball.vertices[ball.faces.ravel(), 0].min() >= -0.3


@pytest.mark.parametrize(
    ("values", "level", "word"),
    [
        (SQUARES, 5.0, "level"),
        (SQUARES, np.nan, "level"),
        (SQUARES, "high", "level"),
        (SQUARES[0], 0.5, "values"),
        (np.ones((4, 4, 4)), 1.0, "level"),
        (SQUARES[:1], 1.5, "2 numbers"),
        (np.ones((4, 4, 4, 4)), 0.5, "colours"),
    ],
)
def test_what_has_no_surface_says_why(values, level, word):
    with pytest.raises(SceneError, match=word):
        rw.isosurface(values, level)


def test_a_plane_shows_the_numbers_of_a_volume():
    field = rw.Volume(
        X, spacing=STEPS, origin=(-1, -1, -1), transfer=rw.TransferFunction("viridis")
    )
    cut = rw.plane_cut(field, (0, 0, 0.1), (0, 0, 1))
    np.testing.assert_allclose(cut.vertices[:, 2], 0.1, atol=1e-6)
    low, high = field.bounds()
    np.testing.assert_allclose(cut.vertices.min(axis=0)[:2], low[:2], atol=1e-5)
    np.testing.assert_allclose(cut.vertices.max(axis=0)[:2], high[:2], atol=1e-5)
    assert cut.area() == pytest.approx(float(np.prod((high - low)[:2])), rel=1e-5)
    # The numbers themselves, at all of its vertices; beyond the outermost ones, those.
    np.testing.assert_allclose(cut.values, np.clip(cut.vertices[:, 0], -1, 1), atol=1e-5)
    assert cut.shown.limits == pytest.approx((-1, 1))
    assert cut.shown.colormap.colors == "viridis"


@pytest.mark.parametrize("normal", [(1, 1, 1), (0, 1, 2), (1, -2, 3)])
def test_an_oblique_plane_shows_the_numbers_without_gaps(normal):
    field = rw.Volume(X, spacing=STEPS, origin=(-1, -1, -1))
    cut = rw.plane_cut(field, (0.05, 0, 0), normal, colormap="gray")
    away = (cut.vertices - (0.05, 0, 0)) @ normal
    np.testing.assert_allclose(away, 0, atol=1e-5)
    np.testing.assert_allclose(cut.values, np.clip(cut.vertices[:, 0], -1, 1), atol=1e-5)
    edges = np.sort(
        np.concatenate([cut.faces[:, [0, 1]], cut.faces[:, [1, 2]], cut.faces[:, [2, 0]]])
    )
    places = np.unique(cut.vertices.round(5), axis=0, return_inverse=True)[1].ravel()
    _, counts = np.unique(np.sort(places[edges], axis=1), axis=0, return_counts=True)
    ends = cut.vertices.astype(float)
    assert counts.max() == 2  # within, each edge has two triangles
    outer = np.unique(np.sort(places[edges], axis=1), axis=0)[counts == 1]
    first = np.unique(places, return_index=True)[1]
    low, high = field.bounds()
    middle = (ends[first[outer[:, 0]]] + ends[first[outer[:, 1]]]) / 2
    on_box = (np.abs(middle - low) < 1e-4) | (np.abs(middle - high) < 1e-4)
    assert on_box.any(axis=1).all()  # and at the rim, one


def test_a_plane_meets_a_mesh_in_lines():
    ball = rw.isosurface(SQUARES, 0.5, spacing=STEPS, origin=(-1, -1, -1))
    lines = rw.plane_cut(ball, (0, 0, 0.3), (0, 0, 2))
    for ends in (lines.starts, lines.ends):
        np.testing.assert_allclose(ends[:, 2], 0.3, atol=1e-6)
        np.testing.assert_allclose(np.linalg.norm(ends, axis=1), np.sqrt(0.5), atol=4e-3)
    length = np.linalg.norm(lines.ends - lines.starts, axis=1).sum()
    assert length == pytest.approx(2 * np.pi * np.sqrt(0.5 - 0.09), rel=5e-3)


@pytest.mark.parametrize(
    ("thing", "point", "normal", "word"),
    [
        (rw.Volume(SQUARES), (0, 0, 99), (0, 0, 1), "does not meet"),
        (rw.Mesh([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)]), (0, 0, 1), (0, 0, 1), "meet"),
        (rw.Volume(SQUARES), (0, 0, 0), (0, 0, 0), "normal"),
        (rw.Volume(SQUARES), (0, 0), (0, 0, 1), "point"),
        (rw.Sphere((0, 0, 0), 1), (0, 0, 0), (0, 0, 1), "a Volume, a Mesh"),
    ],
)
def test_what_is_not_cut_says_why(thing, point, normal, word):
    with pytest.raises(SceneError, match=word):
        rw.plane_cut(thing, point, normal)
