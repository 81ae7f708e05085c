"""Huge things pass through the small ones on them, though float32 rounds where they are."""

import numpy as np
import pytest

import raywidget as rw
from raywidget import transforms as tf
from raywidget.compiler.geometry.contact import settle_ball, settle_round
from raywidget.compiler.geometry.fans import SmallThings
from raywidget.compiler.geometry.placement import AS_IT_IS
from raywidget.compiler.geometry.shape_rows import round_rows
from raywidget.kernels import layout

TILT = tf.rotate_xyz(25, 40, -20)[:3, :3]
BALL = (np.array([-1.0, 0, -1.0]), np.array([1.0, 2.0, 1.0]))


@pytest.mark.parametrize("radius", [1e4, 1e6, 1e7])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_ball_is_as_far_from_what_lies_on_it_as_it_should(radius, sign):
    for turn in (TILT, TILT @ TILT, TILT.T):
        centre, middle = turn @ (0, -radius, 0), turn @ (0, 1, 0)
        row = np.array([*centre, sign * radius], np.float32)
        before = row.copy()
        settle_ball(row, centre, radius, middle)
        away = np.linalg.norm(row[:3].astype(float) - middle) - abs(float(row[3]))
        assert abs(away - 1.0) < 3e-11 * radius  # an ulp is 6e-8
        assert np.all(np.abs(row - before) <= 8.01 * np.spacing(np.abs(before)))


def test_what_is_exact_stays():
    row = np.array([0, -1e6, 0, 1e6], np.float32)
    settle_ball(row, np.array([0, -1e6, 0]), 1e6, np.array([0.3, 1, 0.2]))
    assert row.tolist() == [0, -1e6, 0, 1e6]


def cone(turn, size):
    """Whose side passes the origin, upwards."""
    angle = np.radians(30)
    height = 2 * size * np.cos(angle)
    tip = np.array([-size, 0, 0])
    base = tip + height * np.array([np.cos(angle), -np.sin(angle), 0])
    return rw.Cone(turn @ base, turn @ tip, height * np.tan(angle))


@pytest.mark.parametrize("size", [1e4, 1e6, 1e7])
@pytest.mark.parametrize("turn", [np.eye(3), TILT])
def test_sides_of_cones_and_cylinders_do_too(turn, size):
    middle = turn @ (0, 1, 0)
    cylinder = rw.Cylinder(turn @ (-size, -size, 0), turn @ (size, -size, 0), size)
    for shape in (cone(turn, size), cylinder):
        row = round_rows(shape, AS_IT_IS)[0]
        base, top = np.array(shape.base), np.array(shape.top)
        height = np.linalg.norm(top - base)
        radii = (shape.radius,) * 2 if shape is cylinder else (shape.base_radius, shape.top_radius)
        settle_round(row, base, (top - base) / height, (height, *radii), middle)
        first = layout.ROUND_HEIGHT_ROW
        axis = row[9:12].astype(float)
        axis /= np.linalg.norm(axis)
        away = middle - row[:3].astype(float)
        along = away @ axis
        slope = float(row[first + 3])
        side = np.linalg.norm(away - along * axis) - float(row[first + 1]) - slope * along
        assert abs(side / np.hypot(1, slope) - 1.0) < 6e-11 * size


# --- Triangles ------------------------------------------------------------------------------------


def ground(size, **more):
    corners = TILT @ np.array([(-size, 0, size), (size, 0, 0.8 * size), (0.3 * size, 0, -size)]).T
    return rw.Mesh(corners.T, [(0, 1, 2)], **more)


def test_a_huge_triangle_is_taken_apart_below_what_stands_on_it():
    own = {
        "normals": np.tile(TILT @ (0, 1, 0), (3, 1)),
        "uvs": [(0, 0), (1, 0), (0, 1)],
        "uvs2": [(0, 0), (2, 0), (0, 2)],
        "colors": [(1, 0, 0), (0, 1, 0), (0, 0, 1)],
    }
    mesh = ground(1e5, **own)
    split, parts = SmallThings([mesh.bounds(), BALL]).split(mesh)
    assert parts.origins.tolist() == [0, 0, 0]
    assert split.faces[:, 0].tolist() == [3, 3, 3]
    assert np.abs(split.vertices[3]).max() < 2  # next to the ball
    corners = mesh.vertices.astype(float)
    weights = np.linalg.lstsq(
        np.vstack([corners.T / 1e5, np.ones(3)]), np.append(split.vertices[3] / 1e5, 1)
    )[0]
    np.testing.assert_allclose(split.colors[3], weights, atol=1e-6)
    np.testing.assert_allclose(split.uvs[3], weights[1:], atol=1e-6)
    np.testing.assert_allclose(split.uvs2[3], 2 * weights[1:], atol=1e-6)
    np.testing.assert_allclose(split.normals[3], TILT @ (0, 1, 0), atol=1e-6)

    def area(mesh):
        a, b, c = mesh.vertices[mesh.faces].astype(float).transpose(1, 0, 2)
        return 0.5 * np.cross(b - a, c - a)

    np.testing.assert_allclose(area(split).sum(axis=0), area(mesh)[0], rtol=1e-6)
    assert np.all((area(split) * area(mesh)).sum(axis=1) > 0)  # fronts stay fronts


@pytest.mark.parametrize("make", ["mesh", "copy"])
def test_values_are_those_of_the_whole_triangle(make):
    """At its corners, and in the middle of what stands on it; and when only values change."""
    values = np.array([1.0, 5.0, 9.0], np.float32)
    mesh = ground(1e5, values=values, quantities={"face": [3.5]})
    shape = mesh if make == "mesh" else rw.Instances(mesh, [np.eye(4)])
    corners = mesh.vertices.astype(float)
    camera = rw.PerspectiveCamera(
        look_from=TILT @ (0.5, 3, 0.5), look_at=TILT @ (0.5, 0, 0.5), up=TILT @ (0, 0, 1), vfov=60
    )
    ball = rw.Sphere(TILT @ (0, 1, 0), 1.0)
    scene = rw.Scene([shape, ball], emitters=[rw.ConstantEnvironment(1)], camera=camera)
    for factor in (1.0, 2.0):
        changed = mesh.replace(values=factor * values)
        changed = changed if make == "mesh" else shape.replace(mesh=changed)
        scene = scene.replace(shapes=[changed, ball])
        settings = {"width": 8, "height": 8, "spp": 1, "aovs": ("value", "position", "object_id")}
        aovs = rw.render(scene, **settings).aovs
        seen = aovs["object_id"] == 0
        assert seen.sum() > 20
        places = aovs["position"][seen].astype(float)
        system = np.vstack([corners.T / 1e5, np.ones(3)])
        weights = [np.linalg.lstsq(system, np.append(p / 1e5, 1))[0] for p in places]
        expected = factor * (np.array(weights) @ values)
        np.testing.assert_allclose(aovs["value"][seen], expected, rtol=1e-4)


def test_faces_keep_their_materials_and_colours():
    vertices = np.concatenate([ground(1e5).vertices, np.eye(3, dtype=np.float32)])
    mesh = rw.Mesh(
        vertices,
        [(3, 4, 5), (0, 1, 2)],
        materials=[rw.Diffuse(0.1), rw.Diffuse(0.2)],
        face_materials=[0, 1],
        face_colors=[(1, 0, 0), (0, 1, 0)],
    )
    split, parts = SmallThings([mesh.bounds(), BALL]).split(mesh)
    assert parts.origins.tolist() == [0, 1, 1, 1]
    assert split.face_materials.tolist() == [0, 1, 1, 1]
    assert split.face_colors[:, 1].tolist() == [0, 1, 1, 1]
    assert split.faces[0].tolist() == [3, 4, 5]


def test_large_triangles_that_nothing_lies_on_cost_no_equations(monkeypatch):
    """Rooms of large triangles have hundreds of them, and many small things."""
    asked = []
    solve, median = np.linalg.lstsq, np.median

    def count(name, function):
        def counted(*args, **options):
            asked.append(name)
            return function(*args, **options)

        return counted

    monkeypatch.setattr(np.linalg, "lstsq", count("equation", solve))
    monkeypatch.setattr(np, "median", count("median", median))
    far = np.array([tf.translate(0, 1e7 * (k + 1), 0)[:3, 3] for k in range(50)])
    wall = ground(1e5).vertices[ground(1e5).faces[0]].astype(float)
    walls = [wall + place for place in far]
    vertices = np.concatenate([*walls, wall])
    mesh = rw.Mesh(vertices, np.arange(len(vertices)).reshape(-1, 3))
    _, parts = SmallThings([mesh.bounds(), BALL]).split(mesh)
    assert parts.corners.tolist() == [[150, 151, 152]]
    assert asked == ["median", "equation"]


@pytest.mark.parametrize("size", [10.0, 100.0])
def test_ordinary_triangles_stay(size):
    mesh = ground(size)
    assert SmallThings([mesh.bounds(), BALL]).split(mesh)[0] is mesh
