import math
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import raywidget as rw
from raywidget.compiler.scene_tables import compile_camera
from raywidget.errors import SceneError
from raywidget.kernels import layout
from raywidget.scene import OrthographicCamera, PanoramicCamera, PerspectiveCamera

POINT = st.tuples(*[st.floats(-1e3, 1e3)] * 3)


def camera(**parameters):
    return PerspectiveCamera(**{"look_from": (0, 0, 5), "look_at": (0, 0, 0)} | parameters)


@given(POINT, POINT, POINT)
def test_the_frame_is_orthonormal_and_right_handed(look_from, look_at, up):
    view = np.subtract(look_at, look_from)
    across = np.linalg.norm(np.cross(view, up))
    assume(np.linalg.norm(view) > 1e-3)
    assume(across > 1e-3 * np.linalg.norm(view) * np.linalg.norm(up) > 1e-6)
    frame = camera(look_from=look_from, look_at=look_at, up=up).frame()
    axes = np.array(frame)
    assert axes.dtype == np.float64
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(np.cross(frame.right, frame.up), -frame.forward, atol=1e-9)
    np.testing.assert_allclose(frame.forward, view / np.linalg.norm(view), atol=1e-9)
    assert frame.up @ np.array(up) > 0


def test_right_is_right():
    frame = camera().frame()
    assert frame.right.tolist() == [1.0, 0.0, 0.0]
    assert frame.up.tolist() == [0.0, 1.0, 0.0]
    assert frame.forward.tolist() == [0.0, 0.0, -1.0]


def test_focus_follows_look_at_unless_it_is_given():
    assert camera().focus == 5.0
    assert camera().replace(look_from=(0, 0, 7)).focus == 7.0
    assert camera(focus_distance=2).focus == 2.0
    assert camera(focus_distance=2).replace(look_from=(0, 0, 7)).focus == 2.0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"look_at": (0, 0, 5)}, "look_from and look_at must differ, both are (0.0, 0.0, 5.0)"),
        (
            {"up": (0, 0, -3)},
            "up must not be parallel to the direction of view (0.0, 0.0, -5.0), "
            "got (0.0, 0.0, -3.0); try another up, such as (0, 0, 1)",
        ),
        ({"up": (0, 0, 0)}, "up must be a vector that is not zero, got (0, 0, 0)"),
        ({"vfov": 0}, "vfov must be degrees between 0 and 180, got 0"),
        ({"vfov": 180.0}, "vfov must be degrees between 0 and 180, got 180.0"),
        ({"vfov": "wide"}, "vfov must be degrees between 0 and 180, got 'wide'"),
        ({"aperture_radius": -1}, "aperture_radius must be >= 0, got -1"),
        ({"focus_distance": 0}, "focus_distance must be > 0, got 0"),
        ({"look_from": None}, "look_from must be 3 finite numbers (x, y, z), got None"),
    ],
)
def test_messages(parameters, message):
    with pytest.raises(SceneError, match=f"^PerspectiveCamera 'c': {re.escape(message)}$"):
        camera(name="c", **parameters)


def test_where_it_stands_must_be_said():
    with pytest.raises(SceneError, match="look_from"):
        PerspectiveCamera(look_at=(0, 0, 0))


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        (OrthographicCamera, {"height": 0}, "height must be > 0, got 0"),
        (OrthographicCamera, {"height": "tall"}, "height must be a number > 0, got 'tall'"),
        (OrthographicCamera, {"height": 1, "up": (0, 0, 0)}, "up must be a vector that is not"),
        (PanoramicCamera, {"look_at": (0, 0, 5)}, "look_from and look_at must differ"),
        (PanoramicCamera, {"up": (0, 0, 2)}, "up must not be parallel to the direction of view"),
    ],
)
def test_messages_of_other_cameras(kind, parameters, message):
    with pytest.raises(SceneError, match=f"^{kind.__name__} 'c': {re.escape(message)}"):
        kind(**{"name": "c", "look_from": (0, 0, 5), "look_at": (0, 0, 0)} | parameters)


ASPECTS = (0.2, 0.75, 1.0, 4 / 3, 3.0)


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize(
    ("axis", "span"),
    [
        ("vertical", lambda x, y: y),
        ("horizontal", lambda x, y: x),
        ("smaller", min),
        ("larger", max),
        ("diagonal", math.hypot),
    ],
)
def test_the_field_of_view_spans_what_its_axis_says(axis, span, aspect):
    camera = rw.PerspectiveCamera(look_from=(1, 2, 9), look_at=(0, 1, 0), vfov=70, fov_axis=axis)
    size = (round(1000 * aspect), 1000)
    table = compile_camera(camera, *size)
    half = [np.linalg.norm(table[row : row + 3]) for row in (layout.CAMERA_RIGHT, layout.CAMERA_UP)]
    seen = size[0] / size[1]
    assert half[0] / half[1] == pytest.approx(seen, rel=1e-6)
    assert 2 * math.degrees(math.atan(span(*half))) == pytest.approx(70, rel=1e-6)
    other = camera.with_vertical_fov(31.0, seen)
    assert other.fov_axis == axis
    assert other.vertical_fov(seen) == pytest.approx(31.0, rel=1e-12)


def test_without_an_axis_tables_are_those_of_the_vertical_field_to_the_bit():
    camera = rw.PerspectiveCamera(look_from=(1, 2, 9), look_at=(0, 1, 0), vfov=33.3)
    table = compile_camera(camera, 640, 480)
    expected = np.float32(math.tan(math.radians(33.3) / 2))
    assert table[layout.CAMERA_LENS_UP] == np.float32(1 / math.tan(math.radians(33.3) / 2))
    np.testing.assert_array_equal(
        table[layout.CAMERA_UP : layout.CAMERA_UP + 3],
        (camera.frame().up * math.tan(math.radians(33.3) / 2)).astype(np.float32),
    )
    assert camera.half_height(7.0) == pytest.approx(expected)
    assert "fov_axis" not in repr(camera)


def test_the_axis_of_a_field_of_view_is_kept_and_checked():
    camera = rw.PerspectiveCamera(
        look_from=(1, 2, 9), look_at=(0, 1, 0), vfov=33, fov_axis="smaller"
    )
    assert eval(repr(camera), {"PerspectiveCamera": rw.PerspectiveCamera}).fov_axis == "smaller"
    assert camera.replace(vfov=20).fov_axis == "smaller"
    with pytest.raises(rw.SceneError, match=r"fov_axis must be one of 'vertical', .*, got 'x'"):
        camera.replace(fov_axis="x")
    with pytest.raises(rw.SceneError, match="did you mean 'fov_axis'"):
        rw.PerspectiveCamera(look_from=(0, 0, 1), look_at=(0, 0, 0), hfov=40)
