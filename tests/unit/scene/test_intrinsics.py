"""Cameras from the matrices of a calibration, and lenses that are shifted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import raywidget as rw
from raywidget.engine.picking import pick_pixel
from raywidget.engine.session.session import Session
from raywidget.picture.figure_layout import project

SIZE = (64, 48)


def calibration(seed):
    """A matrix K, a pose, and points that are seen, with their columns and rows."""
    rng = np.random.default_rng(seed)
    fx, fy = rng.uniform(40, 90, 2)
    cx, cy = rng.uniform(5, 58), rng.uniform(5, 42)
    K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn, rng.uniform(-3, 3, 3)
    seen = np.column_stack([rng.uniform(4, 59, 9), rng.uniform(4, 43, 9)])
    depth = rng.uniform(1, 9, 9)
    local = np.column_stack([(seen - (cx, cy)) / (fx, fy), np.ones(9)]) * depth[:, None]
    return K, pose, local @ turn.T + pose[:3, 3], seen


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_points_are_projected_as_the_matrix_does(seed):
    K, pose, points, seen = calibration(seed)
    camera = rw.PerspectiveCamera.from_intrinsics(K, SIZE, pose, distance=3)
    found = project(camera, *SIZE, points)
    np.testing.assert_allclose(found[:, :2] - 0.5, seen, atol=1e-7)
    np.testing.assert_allclose(found[:, 2], np.linalg.norm(points - pose[:3, 3], axis=1))
    corners = rw.PerspectiveCamera.from_intrinsics(K, SIZE, pose, pixel_center=0.5)
    np.testing.assert_allclose(project(corners, *SIZE, points)[:, :2], seen, atol=1e-7)
    half = rw.PerspectiveCamera.from_intrinsics(K, SIZE, pose)  # at half the size, the same
    small = project(half, SIZE[0] // 2, SIZE[1] // 2, points)[:, :2]
    np.testing.assert_allclose(small, (seen + 0.5) / 2, atol=1e-7)


@pytest.mark.parametrize("integrator", ["path", "bdpt"])
@pytest.mark.parametrize("seed", [1, 2])
def test_pictures_show_points_where_the_matrix_says(integrator, seed):
    K, pose, points, seen = calibration(seed)
    camera = rw.PerspectiveCamera.from_intrinsics(K, SIZE, pose)
    for point, (x, y) in zip(points[:3], seen[:3], strict=True):
        radius = 0.02 * np.linalg.norm(point - pose[:3, 3])
        scene = rw.Scene([rw.Sphere(point, radius, emission=1)], camera=camera)
        image = rw.render(
            scene, width=SIZE[0], height=SIZE[1], spp=64, max_depth=2, integrator=integrator
        )
        light = image.pixels[..., 0]
        rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
        middle = np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()
        assert middle == pytest.approx((x, y), abs=0.1)


def test_a_pick_and_the_depth_are_those_of_the_matrix():
    K, pose, _, _ = calibration(5)
    camera = rw.PerspectiveCamera.from_intrinsics(K, SIZE, pose)
    wall = pose[:3, 3] + 4 * pose[:3, 2]
    across, up = 40 * pose[:3, 0], 40 * pose[:3, 1]
    scene = rw.Scene([rw.Quad(wall - across - up, 2 * across, 2 * up)], camera=camera)
    session = Session(scene, rw.RenderSettings(width=SIZE[0], height=SIZE[1], spp=1))
    session.start()
    assert session.wait(300)
    pick = pick_pixel(session.run(), 50, 7).hit
    session.close()
    x, y = (50 - K[0, 2]) / K[0, 0], (7 - K[1, 2]) / K[1, 1]
    expected = pose[:3, 3] + pose[:3, :3] @ (4 * np.array([x, y, 1.0]))
    np.testing.assert_allclose(pick.point, expected, atol=1e-4)
    depth = rw.render(
        scene, width=SIZE[0], height=SIZE[1], spp=64, integrator="depth", filter_radius=0.1
    )
    assert depth.pixels[7, 50, 0] == pytest.approx(4 * np.sqrt(x * x + y * y + 1), rel=1e-3)


def test_a_middle_in_the_middle_is_no_shift():
    K = [[50, 0, 31.5], [0, 50, 23.5], [0, 0, 1]]
    camera = rw.PerspectiveCamera.from_intrinsics(K, SIZE)
    assert camera.shift == (0, 0)
    assert camera.pixel_aspect == 1
    assert (camera.look_from, camera.look_at, camera.up) == ((0, 0, 0), (0, 0, 1), (0, -1, 0))
    assert camera.vfov == pytest.approx(np.degrees(2 * np.arctan(24 / 50)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"K": np.eye(4)}, r"K must be a \(3, 3\) array of finite numbers"),
        ({"K": [[50, 3, 30], [0, 50, 20], [0, 0, 1]]}, "skewed pixels are not known here"),
        ({"K": [[50, 0, 0], [0, 50, 0], [30, 20, 1]]}, "is it transposed?"),
        ({"K": [[-50, 0, 30], [0, 50, 20], [0, 0, 1]]}, "turn the axes of the pose instead"),
        ({"K": [[np.nan, 0, 30], [0, 50, 20], [0, 0, 1]]}, "finite numbers"),
        ({"size": (640,)}, r"size must be two whole numbers > 0, \(width, height\)"),
        ({"size": (640, 0)}, "size must be two whole numbers"),
        ({"pose": np.diag([1, 1, -1, 1])}, "it mirrors: turn two axes around, not one"),
        ({"pose": np.diag([2, 2, 2, 1])}, "must have length 1"),
        ({"pose": np.eye(3)}, r"pose must be a \(4, 4\) array"),
        ({"distance": 0}, "distance must be"),
        ({"pixel_center": 0.25}, "pixel_center must be 0 or 0.5"),
        ({"vfov": 40}, "vfov follows from K and pose"),
    ],
)
def test_bad_matrices(change, message):
    given = {"K": [[50, 0, 30], [0, 50, 20], [0, 0, 1]], "size": SIZE, "pose": np.eye(4)} | change
    with pytest.raises(rw.SceneError, match=message):
        rw.PerspectiveCamera.from_intrinsics(**given)


@pytest.mark.parametrize("shift", [(1,), "right", (np.nan, 0), (0, 2000)])
def test_bad_shifts(shift):
    with pytest.raises(rw.SceneError, match="shift must be two numbers"):
        rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), shift=shift)


def test_keyframes_shift_on_the_way():
    a = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
    b = a.replace(look_from=(0, 0, 7), shift=(0.5, -0.25), pixel_aspect=2)
    middle = rw.keyframes([a, b])(0.5)
    assert middle.shift == pytest.approx((0.25, -0.125))
    assert middle.pixel_aspect == pytest.approx(np.sqrt(2))
