"""Lights and cameras of USD files."""

import math

import numpy as np
import pytest
from PIL import Image
from usd_stages import mesh, read

import raywidget as rw
from raywidget.errors import SceneError

PLACE = """
    double3 xformOp:translate = (1, 2, 3)
    float xformOp:rotateX = -90
    double3 xformOp:scale = (2, 2, 2)
    uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:rotateX", "xformOp:scale"]
"""


def light(kind, body="", name="L", api=""):
    return f'def {kind} "{name}" {api}\n{{\n{body}\n}}\n'


def lamp(tmp_path, text, notes=0):
    parts = read(tmp_path, text)
    (found,) = (*parts.shapes, *parts.emitters)
    assert len(parts.notes) == notes, parts.notes
    return found


def test_radiance_is_intensity_times_exposure_times_colour(tmp_path):
    body = """    float inputs:intensity = 3
    float inputs:exposure = 2
    color3f inputs:color = (1, 0.5, 0)"""
    ball = lamp(tmp_path, light("SphereLight", body + PLACE))
    assert ball.emission == (12, 6, 0)
    np.testing.assert_allclose(ball.center, (1, 2, 3))
    assert ball.radius == pytest.approx(1.0)


def test_a_portal_is_an_opening(tmp_path):
    body = "    float inputs:width = 3\n    float inputs:height = 5" + PLACE
    window = lamp(tmp_path, light("PortalLight", body))
    assert isinstance(window, rw.Portal)
    lengths = [np.linalg.norm(edge) for edge in (window.edge_u, window.edge_v)]
    np.testing.assert_allclose(lengths, (6, 10))
    np.testing.assert_allclose(window.corners().mean(axis=0), (1, 2, 3), atol=1e-6)


def test_a_temperature_is_multiplied(tmp_path):
    body = """    bool inputs:enableColorTemperature = 1
    float inputs:colorTemperature = 3000"""
    red, green, blue = lamp(tmp_path, light("SphereLight", body)).emission
    assert red > green > blue
    # the luminance stays what it was, by the specification
    assert 0.2126 * red + 0.7152 * green + 0.0722 * blue == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize(
    ("kind", "numbers", "area"),
    [
        ("SphereLight", "float inputs:radius = 3", 4 * math.pi * 36),
        ("DiskLight", "float inputs:radius = 3", math.pi * 36),
        ("RectLight", "float inputs:width = 3\n float inputs:height = 5", 60),
        (
            "CylinderLight",
            "float inputs:radius = 3\n float inputs:length = 5",
            2 * math.pi * 6 * 10,
        ),
    ],
)
def test_normalised_lights_have_the_same_power_at_any_size(tmp_path, kind, numbers, area):
    body = f"    {numbers}\n    bool inputs:normalize = 1\n    float inputs:intensity = 7\n"
    shape = lamp(tmp_path, light(kind, body + PLACE))
    assert shape.area() == pytest.approx(area)
    assert shape.emission[0] == pytest.approx(7 / area)


def test_flat_lights_shine_along_minus_z(tmp_path):
    quad = lamp(tmp_path, light("RectLight", "    float inputs:width = 3" + PLACE))
    np.testing.assert_allclose(quad.normal, (0, -1, 0), atol=1e-12)
    np.testing.assert_allclose(quad.bounds(), [(-2, 2, 2), (4, 2, 4)], atol=1e-12)
    disk = lamp(tmp_path, light("DiskLight", PLACE))
    np.testing.assert_allclose(disk.normal, (0, -1, 0), atol=1e-12)
    mirrored = PLACE.replace("(2, 2, 2)", "(-2, 2, 2)")
    np.testing.assert_allclose(
        lamp(tmp_path, light("RectLight", mirrored)).normal, (0, -1, 0), atol=1e-12
    )


def test_a_cylinder_light_lies_along_x(tmp_path):
    tube = lamp(tmp_path, light("CylinderLight", PLACE))
    assert (tube.base, tube.top) == ((0, 2, 3), (2, 2, 3))
    assert tube.radius == pytest.approx(1.0)
    assert not tube.caps


def test_a_point(tmp_path):
    body = (
        "    bool treatAsPoint = 1\n    float inputs:radius = 0.5\n    float inputs:intensity = 8\n"
    )
    point = lamp(tmp_path, light("SphereLight", body + PLACE))
    assert isinstance(point, rw.PointLight)
    assert point.intensity[0] == pytest.approx(8 * math.pi)
    point = lamp(tmp_path, light("SphereLight", body + "bool inputs:normalize = 1"))
    assert point.intensity[0] == pytest.approx(8 / 4)


@pytest.mark.parametrize(("angle", "factor"), [(0, 1.0), (60, math.pi / 4)])
def test_a_distant_light_is_as_bright_as_it_is_wide(tmp_path, angle, factor):
    body = f"    float inputs:intensity = 2\n    float inputs:angle = {angle}\n"
    sun = lamp(tmp_path, light("DistantLight", body + PLACE), notes=angle > 1)
    assert sun.irradiance[0] == pytest.approx(2 * factor)
    np.testing.assert_allclose(sun.axis, (0, -1, 0), atol=1e-12)


def test_numbers_that_nobody_gives_are_those_of_the_schema(tmp_path):
    sun = lamp(tmp_path, light("DistantLight"))
    assert sun.irradiance[0] == pytest.approx(50000 * math.pi * math.sin(math.radians(0.265)) ** 2)


@pytest.mark.parametrize("kind", ["SphereLight", "DiskLight"])
def test_a_cone_makes_a_spot(tmp_path, kind):
    body = """    float inputs:intensity = 5
    float inputs:shaping:cone:angle = 40
    float inputs:shaping:cone:softness = 0.25"""
    api = '(prepend apiSchemas = ["ShapingAPI"])'
    spot = lamp(tmp_path, light(kind, body + PLACE, api=api))
    assert isinstance(spot, rw.SpotLight)
    assert (spot.cone_angle, spot.beam_angle, spot.radius) == (40, 30, pytest.approx(1.0))
    np.testing.assert_allclose(spot.axis, (0, -1, 0), atol=1e-12)
    assert spot.intensity[0] == pytest.approx(5 * math.pi)  # of the disc that is seen on its axis


def test_a_mesh_that_shines(tmp_path):
    text = mesh("    float inputs:intensity = 4").replace(
        '"MaterialBindingAPI"', '"MaterialBindingAPI", "MeshLightAPI"'
    )
    assert lamp(tmp_path, text).emission == (4, 4, 4)
    text = text.replace("= 4", "= 4\n    bool inputs:normalize = 1")
    tall = text.replace("(1, 1, 0), (0, 1, 0)", "(1, 2, 0), (0, 2, 0)")
    assert lamp(tmp_path, tall).emission == (2, 2, 2)


def test_lights_from_before_2021_have_no_prefix(tmp_path):
    assert lamp(tmp_path, light("SphereLight", "    float intensity = 9")).emission == (9, 9, 9)


def test_dark_and_invisible_lights_are_none(tmp_path):
    parts = read(
        tmp_path,
        light("SphereLight", "    float inputs:intensity = 0")
        + light("SphereLight", '    token visibility = "invisible"', name="K"),
    )
    assert (parts.shapes, parts.emitters) == ((), ())


# --- Domes ----------------------------------------------------------------------------------------


def seen_along(sky, direction):
    """The texel of an environment in a direction, as its documentation has it."""
    x, y, z = sky.rotation.T @ np.asarray(direction, float)
    height, width = sky.image.shape[:2]
    row = min(height - 1, int(math.acos(y) / math.pi * height))
    column = int(((math.atan2(-x, z) / (2 * math.pi) + 0.5) % 1.0) * width)
    return (sky.image[row, column] * sky.scale).tolist()


def dome_picture(tmp_path):
    """Up is red, +z (the middle) green, and +x (a quarter from the left) blue."""
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[0] = (255, 0, 0)
    pixels[3:5, 7:9] = (0, 255, 0)
    pixels[3:5, 3:5] = (0, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "sky.png")


SKY = "    asset inputs:texture:file = @sky.png@\n    color3f inputs:color = (1, 2, 3)\n"
RED, GREEN, BLUE = [1, 0, 0], [0, 2, 0], [0, 0, 3]
NEAR = np.array([0.05, 0.05, 0.05])  # off the edges of texels


def along(*axis):
    vector = np.array(axis, float) + NEAR
    return vector / np.linalg.norm(vector)


def test_a_dome_has_its_picture_where_the_specification_says(tmp_path):
    dome_picture(tmp_path)
    sky = lamp(tmp_path, light("DomeLight", SKY))
    assert seen_along(sky, along(0, 1, 0)) == RED
    assert seen_along(sky, along(0, 0, 1)) == GREEN
    assert seen_along(sky, along(1, 0, 0)) == BLUE


def test_a_turned_dome_turns_its_picture(tmp_path):
    dome_picture(tmp_path)
    turn = '    float xformOp:rotateY = 90\n    uniform token[] xformOpOrder = ["xformOp:rotateY"]'
    sky = lamp(tmp_path, light("DomeLight", SKY + turn))
    assert seen_along(sky, along(1, 0, 0)) == GREEN
    assert seen_along(sky, along(0, 1, 0)) == RED


@pytest.mark.parametrize(("kind", "pole"), [("DomeLight_1", "scene"), ("DomeLight_1", "Z")])
def test_the_pole_of_a_dome_follows_the_stage(tmp_path, kind, pole):
    dome_picture(tmp_path)
    text = light(kind, SKY + f'    uniform token poleAxis = "{pole}"')
    parts = read(tmp_path, text, up="Z")
    (sky,) = parts.emitters
    assert seen_along(sky, along(0, 1, 0)) == RED  # z of the file is y here
    assert seen_along(sky, along(1, 0, 0)) == BLUE


def test_a_dome_may_turn_itself_to_the_up_axis(tmp_path):
    dome_picture(tmp_path)
    turn = """    float xformOp:rotateX:orientToStageUpAxis = 90
    uniform token[] xformOpOrder = ["xformOp:rotateX:orientToStageUpAxis"]"""
    (sky,) = read(tmp_path, light("DomeLight", SKY + turn), up="Z").emitters
    assert seen_along(sky, along(0, 1, 0)) == RED


def test_a_dome_without_a_picture_is_even_and_a_second_one_is_told(tmp_path):
    text = light("DomeLight", "    float inputs:intensity = 2") + light("DomeLight", name="K")
    sky = lamp(tmp_path, text, notes=1)
    assert sky.radiance == (2, 2, 2)


def test_the_picture_of_a_dome_may_be_a_single_colour(tmp_path):
    Image.fromarray(np.full((1, 1, 3), (255, 0, 0), np.uint8)).save(tmp_path / "sky.png")
    sky = lamp(tmp_path, light("DomeLight", SKY))
    assert seen_along(sky, along(0, 1, 0)) == RED


# --- Cameras --------------------------------------------------------------------------------------


UNSCALED = PLACE.replace("    double3 xformOp:scale = (2, 2, 2)\n", "").replace(
    ', "xformOp:scale"', ""
)


def camera(body, place=UNSCALED):
    return f'def Camera "Eye"\n{{\n{body}\n{place}\n}}\n'


def test_a_camera(tmp_path):
    body = """    float horizontalAperture = 40
    float verticalAperture = 20
    float focalLength = 30"""
    parts = read(tmp_path, camera(body))
    (eye,) = parts.cameras
    assert eye.vfov == pytest.approx(2 * math.degrees(math.atan(10 / 30)))
    assert eye.look_from == (1, 2, 3)
    frame = eye.frame()
    np.testing.assert_allclose(frame.forward, (0, -1, 0), atol=1e-12)
    np.testing.assert_allclose(frame.up, (0, 0, -1), atol=1e-12)
    assert parts.defaults["width"] == pytest.approx(2 * parts.defaults["height"], abs=2)
    assert eye.aperture_radius == 0.0


def test_a_lens(tmp_path):
    body = "    float focalLength = 50\n    float fStop = 2\n    float focusDistance = 7"
    (eye,) = read(tmp_path, camera(body)).cameras
    assert eye.aperture_radius == pytest.approx(5 / 4)  # focal lengths are in tenths of a unit
    assert eye.focus == 7.0


def test_an_orthographic_camera(tmp_path):
    body = '    token projection = "orthographic"\n    float verticalAperture = 50'
    (eye,) = read(tmp_path, camera(body)).cameras
    assert isinstance(eye, rw.OrthographicCamera)
    assert eye.height == pytest.approx(5.0)


def test_a_shifted_lens(tmp_path):
    offsets = "    float horizontalApertureOffset = 2\n    float verticalApertureOffset = -3"
    parts = read(tmp_path, camera("    float horizontalAperture = 30\n" + offsets))
    assert parts.notes == ()
    across, high = 30, 30 / parts.defaults["width"] * parts.defaults["height"]
    assert parts.cameras[0].shift == pytest.approx((2 / across, -3 / high), rel=3e-3)


def test_a_camera_without_a_focal_length_is_refused(tmp_path):
    with pytest.raises(SceneError, match=r"'stage\.usda', /Eye: apertures and focalLength must be"):
        read(tmp_path, camera("    float focalLength = 0"))


def test_cameras_of_files_whose_z_is_up_are_upright(tmp_path):
    turn = '    float xformOp:rotateX = 90\n    uniform token[] xformOpOrder = ["xformOp:rotateX"]'
    (eye,) = read(tmp_path, camera("", turn), up="Z").cameras  # it looks along +y of the file
    np.testing.assert_allclose(eye.frame().forward, (0, 0, -1), atol=1e-12)
    np.testing.assert_allclose(eye.frame().up, (0, 1, 0), atol=1e-12)
