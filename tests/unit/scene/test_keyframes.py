import numpy as np
import pytest

import raywidget as rw
from raywidget.errors import SceneError

A = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=20)
B = rw.PerspectiveCamera(look_from=(4, 1, 3), look_at=(1, 0, 0), vfov=40, aperture_radius=0.1)
C = rw.PerspectiveCamera(look_from=(9, 1, -2), look_at=(1, 1, 0), vfov=80)


def places(camera_at, count=201):
    return np.array([camera_at(t).look_from for t in np.linspace(0, 1, count)])


def test_it_goes_through_the_keys():
    camera_at = rw.keyframes([A, B, C])
    for t, key in ((0.0, A), (0.5, B), (1.0, C)):
        found = camera_at(t)
        np.testing.assert_allclose(found.look_from, key.look_from, atol=1e-9)
        np.testing.assert_allclose(found.look_at, key.look_at, atol=1e-9)
        assert found.vfov == pytest.approx(key.vfov)
        assert found.aperture_radius == pytest.approx(key.aperture_radius)
    assert camera_at(-1.0).look_from == camera_at(0.0).look_from
    assert camera_at(7.0).look_from == camera_at(1.0).look_from


def test_two_keys_make_a_straight_line():
    camera_at = rw.keyframes([A, C])
    middle = np.add(A.look_from, C.look_from) / 2
    np.testing.assert_allclose(camera_at(0.5).look_from, middle, atol=1e-9)
    assert camera_at(0.5).vfov == pytest.approx(40.0)  # the geometric mean


def test_speed():
    steps = np.linalg.norm(np.diff(places(rw.keyframes([A, B, C])), axis=0), axis=1)
    even = rw.keyframes([A, B, C], constant_speed=True)
    same = np.linalg.norm(np.diff(places(even), axis=0), axis=1)
    assert steps.max() > 1.2 * steps.min()
    assert same.max() < 1.01 * same.min()


def test_a_closed_way_has_no_corner():
    camera_at = rw.keyframes([A, B, C], closed=True)
    np.testing.assert_allclose(camera_at(1.0).look_from, A.look_from, atol=1e-9)
    np.testing.assert_allclose(camera_at(1.25).look_from, camera_at(0.25).look_from, atol=1e-9)
    e = 1e-4
    before, after = (np.subtract(camera_at(t).look_from, A.look_from) / e for t in (1 - e, e))
    np.testing.assert_allclose(-before, after, atol=0.05)


def test_other_cameras():
    a = rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), height=2)
    assert rw.keyframes([a, a.replace(height=8)])(0.5).height == pytest.approx(4.0)
    p = rw.PanoramicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
    assert rw.keyframes([p, p.replace(look_from=(2, 0, 5))])(0.5).look_from[0] == pytest.approx(1)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([A], "two cameras or more"),
        (7, "two cameras or more, got 7"),
        ([A, "b"], "two cameras or more"),
        ([A, rw.PanoramicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))], "of one class"),
    ],
)
def test_what_can_not_be(keys, message):
    with pytest.raises(SceneError, match=message):
        rw.keyframes(keys)


def test_a_camera_that_stays_has_no_speed():
    with pytest.raises(SceneError, match="has no speed"):
        rw.keyframes([A, A], constant_speed=True)
