"""Shapes of USD files that are no meshes."""

import numpy as np
import pytest
from usd_stages import area_normals, only, read

import raywidget as rw

MOVED = """
    double3 xformOp:translate = (1, 2, 3)
    double3 xformOp:scale = (2, 2, 2)
    uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:scale"]
"""
STRETCHED = MOVED.replace("(2, 2, 2)", "(2, 1, 3)")


def solid(kind, body=""):
    return f'def {kind} "S"\n{{\n{body}\n}}\n'


def test_a_sphere_stays_one(tmp_path):
    ball = only(tmp_path, solid("Sphere", "    double radius = 1.5\n" + MOVED))
    assert isinstance(ball, rw.Sphere)
    assert (ball.center, ball.radius) == ((1, 2, 3), 3.0)


def test_a_stretched_sphere_is_a_mesh_of_its_surface(tmp_path):
    ball = only(tmp_path, solid("Sphere", STRETCHED))
    assert isinstance(ball, rw.Mesh)
    local = (ball.vertices - (1, 2, 3)) / (2, 1, 3)
    np.testing.assert_allclose(np.linalg.norm(local, axis=1), 1.0, atol=1e-6)
    expected = local / (2, 1, 3)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(ball.normals, expected, atol=1e-5)
    outwards = np.einsum(
        "fi,fi->f", area_normals(ball), ball.vertices[ball.faces].mean(1) - (1, 2, 3)
    )
    assert (outwards > 0).all()


def test_a_cube_has_its_size(tmp_path):
    cube = only(tmp_path, solid("Cube", "    double size = 3"))
    low, high = cube.bounds()
    np.testing.assert_array_equal((low, high), ([-1.5] * 3, [1.5] * 3))
    assert cube.area() == pytest.approx(54.0)
    outwards = np.einsum("fi,fi->f", area_normals(cube), cube.vertices[cube.faces].mean(1))
    assert (outwards > 0).all()


@pytest.mark.parametrize(("axis", "top"), [("X", (3, 0, 0)), ("Y", (0, 3, 0)), ("Z", (0, 0, 3))])
def test_cylinders_and_cones_stand_along_their_axis(tmp_path, axis, top):
    numbers = f'    double height = 6\n    double radius = 0.5\n    uniform token axis = "{axis}"'
    cylinder = only(tmp_path, solid("Cylinder", numbers))
    assert (cylinder.base, cylinder.top, cylinder.radius) == (tuple(-c for c in top), top, 0.5)
    cone = only(tmp_path, solid("Cone", numbers))
    assert (cone.base, cone.top) == (tuple(-c for c in top), top)
    assert (cone.base_radius, cone.top_radius) == (0.5, 0.0)


def test_numbers_that_nobody_gives_are_those_of_the_schema(tmp_path):
    cylinder = only(tmp_path, solid("Cylinder"))
    assert (cylinder.base, cylinder.top, cylinder.radius) == ((0, 0, -1), (0, 0, 1), 1.0)
    capsule = only(tmp_path, solid("Capsule"))
    np.testing.assert_allclose(capsule.bounds(), [(-0.5, -0.5, -1), (0.5, 0.5, 1)], atol=1e-6)


def test_a_stretched_cone_is_a_mesh(tmp_path):
    cone = only(tmp_path, solid("Cone", STRETCHED))
    assert isinstance(cone, rw.Mesh)
    low, high = cone.bounds()
    np.testing.assert_allclose((low, high), [(-1, 1, 0), (3, 3, 6)], atol=1e-5)


def test_the_area_of_a_capsule(tmp_path):
    numbers = '    double height = 2\n    double radius = 1\n    uniform token axis = "X"'
    capsule = only(tmp_path, solid("Capsule", numbers))
    assert capsule.area() == pytest.approx(4 * np.pi + 2 * np.pi * 2, rel=2e-3)
    np.testing.assert_allclose(capsule.bounds(), [(-2, -1, -1), (2, 1, 1)], atol=1e-6)


@pytest.mark.parametrize(("axis", "size"), [("X", (0, 3, 2)), ("Y", (2, 0, 3)), ("Z", (2, 3, 0))])
def test_planes_face_along_their_axis(tmp_path, axis, size):
    numbers = f'    double width = 2\n    double length = 3\n    uniform token axis = "{axis}"'
    plane = only(tmp_path, solid("Plane", numbers))
    low, high = plane.bounds()
    np.testing.assert_array_equal(high - low, size)
    np.testing.assert_array_equal(plane.normal, np.eye(3)["XYZ".index(axis)])


def test_points_are_balls_of_half_their_width(tmp_path):
    text = solid(
        "Points",
        """    point3f[] points = [(0,0,0), (1,0,0)]
    float[] widths = [0.5, 1.0] (interpolation = "vertex")
    color3f[] primvars:displayColor = [(1,0,0), (0,1,0)] (interpolation = "vertex")"""
        + MOVED,
    )
    balls = only(tmp_path, text)
    np.testing.assert_array_equal(balls.centers, [(1, 2, 3), (3, 2, 3)])
    np.testing.assert_array_equal(balls.radii, [0.5, 1.0])
    np.testing.assert_array_equal(balls.colors, [(1, 0, 0), (0, 1, 0)])


def test_points_without_widths_are_told_of(tmp_path):
    parts = read(tmp_path, solid("Points", "    point3f[] points = [(0,0,0), (1,0,0)]"))
    assert parts.notes == ("/S: points without widths are shown as small balls",)


def curves(kind, points, wrap="nonperiodic", basis="bezier"):
    return solid(
        "BasisCurves",
        f"""    point3f[] points = {points}
    int[] curveVertexCounts = [{len(points)}]
    uniform token type = "{kind}"
    uniform token basis = "{basis}"
    uniform token wrap = "{wrap}"
    float[] widths = [0.2] (interpolation = "constant")""",
    )


def test_linear_curves_are_cylinders_from_point_to_point(tmp_path):
    parts = read(tmp_path, curves("linear", [(0, 0, 0), (1, 0, 0), (1, 1, 0)]))
    tube = parts.shapes[0]
    np.testing.assert_array_equal(tube.starts, [(0, 0, 0), (1, 0, 0)])
    np.testing.assert_array_equal(tube.ends, [(1, 0, 0), (1, 1, 0)])
    np.testing.assert_allclose(tube.radii, 0.1)


def test_a_periodic_linear_curve_is_closed(tmp_path):
    parts = read(tmp_path, curves("linear", [(0, 0, 0), (1, 0, 0), (1, 1, 0)], "periodic"))
    np.testing.assert_array_equal(parts.shapes[0].ends[-1], (0, 0, 0))
    assert len(parts.shapes[0].starts) == 3


def bernstein(points, t):
    a, b, c, d = np.array(points, float)
    s = 1.0 - t
    return s**3 * a + 3 * s * s * t * b + 3 * s * t * t * c + t**3 * d


def test_bezier_curves_lie_where_they_should(tmp_path):
    points = [(0, 0, 0), (0, 1, 0), (1, 1, 0), (1, 0, 0)]
    tube = read(tmp_path, curves("cubic", points)).shapes[0]
    expected = [bernstein(points, t) for t in np.arange(9) / 8]
    np.testing.assert_allclose(tube.starts, expected[:-1], atol=1e-6)
    np.testing.assert_allclose(tube.ends, expected[1:], atol=1e-6)


def test_a_b_spline_begins_at_the_mean_of_its_first_points(tmp_path):
    points = [(0, 0, 0), (6, 0, 0), (6, 6, 0), (0, 6, 0)]
    tube = read(tmp_path, curves("cubic", points, basis="bspline")).shapes[0]
    np.testing.assert_allclose(tube.starts[0], (5, 1, 0), atol=1e-6)
    np.testing.assert_allclose(tube.ends[-1], (5, 5, 0), atol=1e-6)


def test_pinned_curves_begin_and_end_at_their_ends(tmp_path):
    points = [(0, 0, 0), (1, 1, 0), (2, 0, 0)]
    for basis in ("bspline", "catmullRom"):
        tube = read(tmp_path, curves("cubic", points, "pinned", basis)).shapes[0]
        np.testing.assert_allclose(tube.starts[0], points[0], atol=1e-6)
        np.testing.assert_allclose(tube.ends[-1], points[-1], atol=1e-6)
