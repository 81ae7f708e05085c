"""What numbers in pictures mean: bytes and 16 bits are coded, floats are light, from any source."""

import numpy as np
import OpenEXR
import pytest
from PIL import Image

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.scene.values.colors import decode_srgb

GREY = 0.4


def save(folder, kind):
    path = folder / f"grey.{kind.split('-')[0]}"
    if kind in ("png", "bmp", "tif"):
        Image.fromarray(np.full((3, 6, 3), 102, np.uint8)).save(path)
    elif kind in ("png-16", "tif-16"):
        Image.fromarray(np.full((3, 6), 26214, np.uint16)).save(path)
    elif kind == "pgm-16":
        path.write_bytes(b"P5\n6 3\n65535\n" + np.full((3, 6), 26214, ">u2").tobytes())
    elif kind == "pgm-12":  # white is 4095
        path.write_bytes(b"P5\n6 3\n4095\n" + np.full((3, 6), 1638, ">u2").tobytes())
    elif kind == "tif-float":
        Image.fromarray(np.full((3, 6), GREY, np.float32)).save(path)
    elif kind == "exr":
        OpenEXR.File({}, {"RGB": np.full((3, 6, 3), GREY, np.float32)}).write(str(path))
    elif kind == "npy":
        np.save(path, np.full((3, 6, 3), GREY))
    elif kind == "npy-bytes":
        np.save(path, np.full((3, 6, 3), 102, np.uint8))
    return path


CODED = ("png", "bmp", "tif", "png-16", "tif-16", "pgm-16", "pgm-12", "npy-bytes")
LIGHT = ("tif-float", "exr", "npy")


@pytest.mark.parametrize("kind", [*CODED, *LIGHT])
def test_files_mean_the_same_as_textures_and_as_light(tmp_path, kind):
    path = save(tmp_path, kind)
    expected = GREY if kind in LIGHT else float(decode_srgb(GREY))
    assert rw.ImageTexture(path).decoded() == pytest.approx(expected, abs=2e-4)
    assert rw.ImageEnvironment(path).image == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [(np.uint8, 102), (np.uint16, 26214), (np.float32, GREY), (np.float64, GREY)],
)
def test_arrays_mean_the_same_as_textures_and_as_light(dtype, value):
    array = np.full((3, 6, 3), value, dtype)
    expected = GREY if array.dtype.kind == "f" else float(decode_srgb(GREY))
    assert rw.ImageTexture(array).decoded() == pytest.approx(expected, abs=1e-6)
    assert rw.ImageEnvironment(array).image == pytest.approx(expected, abs=1e-6)
    assert rw.ImageTexture(array, encoding="linear").decoded() == pytest.approx(GREY, abs=1e-6)


def test_integers_of_32_bits_say_what_to_do(tmp_path):
    Image.fromarray(np.array([[0, 70000]], np.int32)).save(tmp_path / "data.tif")
    for use in (rw.ImageTexture, rw.ImageEnvironment):
        with pytest.raises(SceneError, match="do not say what is white"):
            use(tmp_path / "data.tif")


# Of "Academy Color Encoding Specification" (AP1), and of Rec. 2020.
PRIMARIES = {
    "AP1": (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767),
    "Rec. 2020": (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290),
}


@pytest.mark.parametrize("name", PRIMARIES)
def test_primaries_of_an_exr_are_converted_and_white_stays_white(tmp_path, name):
    path = tmp_path / "wide.exr"
    pixels = np.array(
        [[(1, 1, 1), (0.5, 0.5, 0.5)], [(0.6, 0.5, 0.4), (0.3, 0.2, 0.2)]], np.float32
    )
    OpenEXR.File({"chromaticities": PRIMARIES[name]}, {"RGB": pixels}).write(str(path))
    image = np.asarray(rw.ImageEnvironment(path).image)
    np.testing.assert_allclose(image[0], [(1, 1, 1), (0.5, 0.5, 0.5)], atol=1e-4)
    if name == "Rec. 2020":  # the matrix of ITU-R BT.2087, the other way round
        matrix = np.linalg.inv(
            [(0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956)]
        )
        np.testing.assert_allclose(image[1], pixels[1] @ matrix.T, atol=1e-3)


def test_an_hdr_is_divided_by_its_exposure(tmp_path):
    path = tmp_path / "sky.hdr"
    texel = bytes((128, 128, 128, 129))  # 128 / 256 * 2 = 1
    path.write_bytes(
        b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\nEXPOSURE=4\nEXPOSURE=0.5\n\n-Y 2 +X 2\n" + 4 * texel
    )
    np.testing.assert_allclose(rw.ImageEnvironment(path).image, 0.5)


def test_what_rounding_leaves_below_0_is_0_and_more_says_what_to_do():
    image = np.full((4, 8, 3), 0.5, np.float32)
    image[1, 2, 0] = -1e-6
    assert rw.ImageEnvironment(image).image[1, 2, 0] == 0.0
    image[1, 2, 0] = -0.1
    with pytest.raises(SceneError, match=r"row 1, column 2; .*numpy.maximum\(image, 0\)"):
        rw.ImageEnvironment(image)


@pytest.mark.parametrize("wrap", ["clamp", "repeat", "mirror"])
@pytest.mark.parametrize("where", [-7.3, 10.0, 1e5])
def test_far_outside_of_a_picture_kernels_and_numpy_agree(wrap, where):
    pixels = np.random.default_rng(1).random((4, 4, 3))
    texture = rw.ImageTexture(pixels, wrap=wrap, filter="nearest")
    corners = [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]
    uv = (where + 0.125, -where + 0.125)
    square = rw.Mesh(corners, [(0, 1, 2), (0, 2, 3)], uvs=[uv] * 4, material=rw.Diffuse(texture))
    camera = rw.OrthographicCamera(look_from=(0, 0, 1), look_at=(0, 0, 0), height=2)
    scene = rw.Scene([square], camera=camera)
    image = rw.render(scene, width=1, height=1, spp=1, integrator="albedo")
    np.testing.assert_allclose(np.asarray(image)[0, 0], texture.evaluate(uv), atol=1e-6)


def test_a_clamped_picture_ends_in_its_edge_at_any_distance():
    pixels = np.array([[(1.0, 0, 0), (0, 1.0, 0)], [(0, 0, 1.0), (1.0, 1.0, 0)]])
    texture = rw.ImageTexture(pixels, wrap="clamp", filter="nearest")
    corners = [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]
    camera = rw.OrthographicCamera(look_from=(0, 0, 1), look_at=(0, 0, 0), height=2)
    for uv in ((1e7, 1e7), (-1e9, 1e12), (1e15, -1e15)):
        square = rw.Mesh(
            corners, [(0, 1, 2), (0, 2, 3)], uvs=[uv] * 4, material=rw.Diffuse(texture)
        )
        scene = rw.Scene([square], camera=camera)
        image = rw.render(scene, width=1, height=1, spp=1, integrator="albedo")
        np.testing.assert_array_equal(np.asarray(image)[0, 0], texture.evaluate(uv))
