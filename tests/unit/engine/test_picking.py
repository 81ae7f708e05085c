"""What a pixel shows is asked of the tables that are rendered."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.picking import pick_pixel
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings

SETTINGS = RenderSettings(width=64, height=48, spp=2, threads=1)


@pytest.fixture(scope="module")
def scene():
    mesh = rw.Mesh(
        [(-3, 0, -2), (-1, 0, -2), (-2, 2, -2)],
        [(0, 1, 2)],
        name="triangle",
        material=rw.Diffuse(0.3, name="red"),
    )
    small = rw.Mesh([(0, 0, 0), (0.5, 0, 0), (0, 0.5, 0)], [(0, 1, 2)])
    at = np.eye(4)
    at[:3, 3] = (2, 0, 0)
    return rw.Scene(
        [
            rw.Sphere((0, 0, 0), 1, material=rw.Metal(0.9, roughness=0.2), name="ball"),
            mesh,
            rw.Instances(small, [at], name="copies", material=rw.Diffuse(0.9, name="white")),
        ],
        emitters=[rw.ConstantEnvironment(1)],
        camera=rw.PerspectiveCamera(look_from=(0, 0, 6), look_at=(0, 0, 0), vfov=50),
    )


@pytest.fixture(scope="module")
def session(scene):
    session = Session(scene, SETTINGS)
    session.start()
    assert session.wait(300)
    yield session
    session.close()


@pytest.fixture(scope="module")
def run(session):
    return session.run()


def pixel_of(scene, point):
    """The pixel in which a point is seen."""
    camera = scene.camera
    frame = camera.frame()
    offset = np.subtract(point, camera.look_from)
    depth = offset @ frame.forward
    high = np.tan(np.radians(camera.vfov) / 2)
    across = offset @ frame.right / depth / (high * SETTINGS.width / SETTINGS.height)
    up = offset @ frame.up / depth / high
    return (
        int((across + 1) / 2 * SETTINGS.width),
        int((1 - up) / 2 * SETTINGS.height),
    )


def test_a_ball(scene, run):
    x, y = pixel_of(scene, (0, 0, 1))
    pick = pick_pixel(run, x, y)
    assert (pick.x, pick.y, pick.spp, pick.generation) == (x, y, 2, 1)
    hit = pick.hit
    assert hit.shape is scene.shapes[0]
    assert hit.material is scene.shapes[0].material
    assert hit.distance == pytest.approx(5, rel=0.01)
    np.testing.assert_allclose(hit.point, (0, 0, 1), atol=0.15)
    np.testing.assert_allclose(np.linalg.norm(hit.point), 1, rtol=1e-5)
    np.testing.assert_allclose(hit.normal, hit.point, atol=1e-5)


def test_a_triangle_and_a_copy(scene, run):
    hit = pick_pixel(run, *pixel_of(scene, (-2, 0.6, -2))).hit
    assert (hit.index, hit.shape.name, hit.material.name) == (1, "triangle", "red")
    assert hit.point[2] == pytest.approx(-2, abs=1e-5)
    np.testing.assert_allclose(hit.normal, (0, 0, 1), atol=1e-6)
    hit = pick_pixel(run, *pixel_of(scene, (2.12, 0.12, 0))).hit
    assert (hit.index, hit.shape.name, hit.material.name) == (2, "copies", "white")


def test_which_face_a_part_of_a_huge_one_belongs_to():
    """Huge triangles are taken apart round what stands on them."""
    corners = np.array([(-1e5, 0.3, 1.1e5), (1.2e5, 1e4, 1e5), (2e4, -1e4, -1.3e5)])
    ground = rw.Mesh([*(corners - (0, 50, 0)), *corners], [(0, 1, 2), (3, 4, 5)])
    scene = rw.Scene(
        [rw.Sphere((0, 900, 0), 1), ground],
        emitters=[rw.ConstantEnvironment(1)],
        camera=rw.PerspectiveCamera(look_from=(0, 2e4, 0), look_at=(0, 0, 0), up=(0, 0, 1)),
    )
    session = Session(scene, SETTINGS)
    session.start()
    try:
        assert session.wait(300)
        seen = set()
        for x, y in ((2, 2), (SETTINGS.width - 3, 2), (4, SETTINGS.height - 3)):
            hit = pick_pixel(session.run(), x, y).hit
            assert (hit.index, hit.row) == (1, 1)
            seen.add(hit.primitive)
        assert len(seen) > 1
    finally:
        session.close()


def test_which_of_many():
    """Rows count from 0 within a shape, whatever stands before it in the scene."""
    places = [(-2.0, 1.0, 0.0), (0.0, 1.0, 0.0), (2.0, 1.0, 0.0)]
    at = np.tile(np.eye(4), (3, 1, 1))
    at[:, :3, 3] = [(-2, -2.4, 0), (0, -2.4, 0), (2, -2.4, 0)]
    leaf = rw.Mesh([(-0.5, 0, 0), (0.5, 0, 0), (0, 0.8, 0)], [(0, 1, 2)])
    square = [(-3, 1.9, 0), (3, 1.9, 0), (3, 2.6, 0), (-3, 2.6, 0)]
    many = rw.Scene(
        [
            rw.Spheres([(0.0, 0.0, -50.0)] * 4, 0.1),
            rw.Spheres(places, 0.5, name="atoms"),
            rw.Instances(leaf, at[:1], name="other leaf"),
            rw.Cylinders([(-2, -0.5, 0), (1, -0.5, 0)], [(-1, -0.5, 0), (2, -0.5, 0)], 0.3),
            rw.Mesh(square, [(0, 1, 2), (0, 2, 3)], name="square"),
            rw.Instances(leaf, at[1:], name="leaves"),
            rw.Box((0, -0.5, 0), (0.5, 0.5, 0.5), name="box"),
        ],
        emitters=[rw.ConstantEnvironment(1)],
        camera=rw.PerspectiveCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), vfov=40),
    )
    session = Session(many, SETTINGS)
    session.start()
    try:
        assert session.wait(300)
        for point, index, row in (
            ((-2, 1, 0.5), 1, 0),
            ((2, 1, 0.5), 1, 2),
            ((-2, -2.1, 0), 2, 0),
            ((0, -2.1, 0), 5, 0),
            ((2, -2.1, 0), 5, 1),
            ((-1.5, -0.5, 0.3), 3, 0),
            ((1.5, -0.5, 0.3), 3, 1),
            ((2.4, 2.1, 0), 4, 0),
            ((-2.4, 2.4, 0), 4, 1),
            ((0, -0.5, 0.25), 6, None),
        ):
            hit = pick_pixel(session.run(), *pixel_of(many, point)).hit
            assert (hit.index, hit.row) == (index, row), point
    finally:
        session.close()


def test_before_anything_is_compiled_nobody_can_tell(scene):
    session = Session(scene, SETTINGS)
    with pytest.raises(rw.RenderError, match="not rendered yet"):
        pick_pixel(session.run(), 0, 0)
    session.close()


@pytest.mark.parametrize(("x", "y"), [(0, 0), (1, 47), (63, 20), (31, 30)])
def test_its_error_is_that_of_the_image(run, session, x, y):
    pick = pick_pixel(run, x, y)
    np.testing.assert_array_equal(pick.error, session.image().error[y, x])


def test_of_a_single_sample_the_error_is_unknown(scene):
    session = Session(scene, SETTINGS.replace(spp=1))
    session.start()
    try:
        assert session.wait(60)
        assert pick_pixel(session.run(), 5, 5).error is None
    finally:
        session.close()


def test_nothing(run):
    pick = pick_pixel(run, 0, 0)
    assert pick.hit is None
    np.testing.assert_allclose(pick.radiance, 1.0, rtol=1e-5)


def test_the_lens_is_looked_through_at_its_middle(scene):
    blurred = scene.replace(camera=scene.camera.replace(aperture_radius=0.5))
    session = Session(blurred, SETTINGS)
    session.start()
    assert session.wait(300)
    hit = pick_pixel(session.run(), 32, 24).hit
    session.close()
    assert hit.shape.name == "ball"
    np.testing.assert_allclose(hit.point, (0, 0, 1), atol=0.15)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (64, 0, "pick: x: expected 0 to 63, got 64"),
        (0, -1, "pick: y: expected 0 to 47, got -1"),
        (1.5, 0, "pick: x: expected a pixel's number, got 1.5"),
        (True, 0, "pick: x: expected a pixel's number, got True"),
    ],
)
def test_messages(run, x, y, message):
    with pytest.raises(rw.SettingsError, match=message):
        pick_pixel(run, x, y)
