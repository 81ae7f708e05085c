"""What camera rays meet beside light: the same rays, in a render of its own."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.settings import AOVS
from raywidget.io.images import exr_channels

SIZE = {"width": 31, "height": 21, "max_depth": 3, "seed": 5}
RED = rw.Diffuse((0.8, 0.2, 0.1))
SCENE = rw.Scene(
    [
        rw.Sphere((0, 0, 0), 1, material=RED),
        rw.Quad((-2, -1, -3), (4, 0, 0), (0, 2, 0), material=rw.Diffuse((0.1, 0.2, 0.9))),
        rw.Sphere((1.5, 0, 0), 0.4, material=RED),
    ],
    emitters=[rw.ConstantEnvironment(1)],
    camera=rw.PerspectiveCamera(look_from=(0, 0, 6), look_at=(0, 0, 0), vfov=30),
)


def render(**settings):
    return rw.render(SCENE, **{**SIZE, "spp": 16, "threads": 2, **settings})


@pytest.fixture(scope="module")
def image():
    return render(aovs=AOVS)


def test_the_picture_is_the_same_to_the_bit(image):
    np.testing.assert_array_equal(render().pixels, image.pixels)
    assert tuple(image.aovs) == AOVS
    assert not render().aovs


@pytest.mark.parametrize("how", [{"threads": 1, "tile_size": 7}, {"passes": 3}, {"passes": 1}])
def test_threads_tiles_passes_and_resuming_change_no_bit(image, how):
    other = render(aovs=AOVS, **how)
    first = render(aovs=("depth",), **{**how, "spp": 6})
    on = render(aovs=AOVS, resume=first, **how)
    for name in AOVS:
        np.testing.assert_array_equal(other.aovs[name], image.aovs[name])
        np.testing.assert_array_equal(on.aovs[name], image.aovs[name])


@pytest.mark.parametrize("name", AOVS)
def test_what_else_is_asked_for_changes_no_bit(image, name):
    np.testing.assert_array_equal(render(aovs=(name,)).aovs[name], image.aovs[name])


def test_they_grow_with_the_picture(image):
    seen = []
    last = render(aovs=AOVS, on_pass=lambda done: seen.append(done.image))
    assert [np.unique(i.aovs["samples"]).tolist() for i in seen] == [[1], [2], [4], [8], [16]]
    for name in AOVS:
        np.testing.assert_array_equal(seen[-1].aovs[name], image.aovs[name])
        np.testing.assert_array_equal(last.aovs[name], image.aovs[name])


def test_what_is_in_them(image):
    aovs = image.aovs
    shapes = {"depth": (21, 31), "object_id": (21, 31), "material_id": (21, 31)}
    shapes |= {"samples": (21, 31), "value": (21, 31)}
    for name in AOVS:
        assert aovs[name].shape == shapes.get(name, (21, 31, 3))
        assert not aovs[name].flags.writeable
    ball, wall, nothing = (10, 15), (7, 8), (0, 0)
    ids, materials = aovs["object_id"], aovs["material_id"]
    assert (ids[ball], ids[wall], ids[nothing]) == (0, 1, -1)
    assert materials[nothing] == -1
    other = tuple(np.argwhere(ids == 2)[0])
    assert materials[ball] == materials[other] != materials[wall]
    np.testing.assert_allclose(aovs["albedo"][ball], RED.color, rtol=1e-6)
    np.testing.assert_allclose(aovs["albedo"][wall], (0.1, 0.2, 0.9), rtol=1e-6)
    np.testing.assert_allclose(aovs["normal"][ball], (0, 0, 1), atol=0.02)
    np.testing.assert_allclose(aovs["normal"][wall], (0, 0, 1), atol=1e-6)
    np.testing.assert_allclose(aovs["position"][ball], (0, 0, 1), atol=0.02)
    half = np.tan(np.radians(15))
    x, y = ((8.5 / 31) * 2 - 1) * half * 31 / 21, (1 - 7.5 / 21 * 2) * half
    np.testing.assert_allclose(aovs["position"][wall], (9 * x, 9 * y, -3), atol=0.02)
    assert aovs["depth"][ball] == pytest.approx(5, abs=0.01)
    assert aovs["depth"][wall] == pytest.approx(9 * np.sqrt(1 + x * x + y * y), rel=2e-3)
    assert aovs["depth"][nothing] == np.inf
    assert np.isnan(aovs["value"]).all()  # no shape has values
    assert not aovs["normal"][nothing].any()
    assert np.all(aovs["samples"] == 16)
    np.testing.assert_array_equal(aovs["variance"], image.state.film.variance())


def test_at_edges_they_are_means_of_what_pixels_see(image):
    # The share of a pixel that the ball covers before the sky is that of its colour, and of its
    # normal.
    red, _, blue = np.moveaxis(image.aovs["albedo"], -1, 0)
    edge = np.isfinite(image.aovs["depth"]) & (red < 0.7) & (blue < red / 7)
    assert edge.sum() > 5
    length = np.linalg.norm(image.aovs["normal"], axis=2)
    np.testing.assert_allclose(length[edge], red[edge] / 0.8, atol=0.1)


def test_layers_of_exr_files(image, tmp_path):
    OpenEXR = pytest.importorskip("OpenEXR")
    image.save(tmp_path / "a.exr")
    channels = OpenEXR.File(str(tmp_path / "a.exr"), separate_channels=True).channels()
    assert set(channels) == {
        *"RGB",
        *(f"albedo.{c}" for c in "RGB"),
        *(f"denoise_albedo.{c}" for c in "RGB"),
        *(f"{name}.{c}" for name in ("normal", "denoise_normal", "position") for c in "XYZ"),
        "depth.Z",
        "object_id.X",
        "material_id.X",
        "samples.X",
        "value.X",
        *(f"variance.{c}" for c in "RGB"),
    }
    np.testing.assert_array_equal(channels["G"].pixels, image.pixels[..., 1])
    for name in AOVS:
        for full, expected in exr_channels(name, image.aovs[name]).items():
            np.testing.assert_array_equal(channels[full].pixels, expected)
    assert channels["normal.Y"].pixels[3, 15] == image.aovs["normal"][3, 15, 1]


def test_arrays_of_npz_files(image, tmp_path):
    image.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"pixels", *AOVS}
        np.testing.assert_array_equal(arrays["pixels"], image.pixels)
        for name in AOVS:
            np.testing.assert_array_equal(arrays[name], image.aovs[name])


def test_one_name_is_enough_and_each_counts_once():
    assert tuple(render(aovs="depth", spp=1).aovs) == ("depth",)
    assert rw.RenderSettings(aovs=["depth", "normal", "depth"]).aovs == ("depth", "normal")
