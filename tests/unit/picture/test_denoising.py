import importlib.util
import pickle

import numpy as np
import OpenEXR
import pytest

import raywidget as rw
from raywidget.engine.film.film import Film
from raywidget.errors import PictureError, SettingsError
from raywidget.picture.denoising import METHODS, DenoiserInputs, choose_method, keep_mean
from raywidget.picture.nonlocal_means import filter_halves

SIZE = {"width": 64, "height": 64}
needs_oidn = pytest.mark.skipif(
    importlib.util.find_spec("mitsuba_oidn") is None, reason="Open Image Denoise is not installed"
)
pytestmark = pytest.mark.usefixtures("no_workers_left")


def relative_mse(pixels, truth):
    return float(np.mean((pixels - truth) ** 2 / (truth**2 + 0.01)))


@pytest.fixture(scope="module")
def scene():
    return rw.presets.cornell()


@pytest.fixture(scope="module")
def noisy(scene):
    return rw.render(scene, spp=16, **SIZE)


@pytest.fixture(scope="module")
def truth(scene):
    return rw.render(scene, spp=256, seed=1, **SIZE).pixels


@pytest.mark.parametrize("method", [pytest.param("oidn", marks=needs_oidn), "nlm"])
def test_it_is_nearer_to_the_truth_and_as_bright(noisy, truth, method):
    clean = noisy.denoise(method)
    assert relative_mse(clean.pixels, truth) < 0.4 * relative_mse(noisy.pixels, truth)
    # Its mean is that of the samples, which is right but for noise.
    assert abs(float(clean.pixels.mean()) - float(noisy.pixels.mean())) < 0.01 * truth.mean()
    assert clean.pixels.min() >= 0.0


def test_the_original_stays(noisy):
    before = noisy.pixels.copy()
    clean = noisy.denoise("nlm")
    np.testing.assert_array_equal(noisy.pixels, before)
    assert clean.denoised
    assert not noisy.denoised
    assert clean.raw is noisy
    assert noisy.raw is noisy
    assert repr(clean) == "Image(64x64, 16 spp, denoised)"
    assert clean.noise is None  # it is no estimate whose error is known
    assert clean.raw.noise == noisy.noise
    again = clean.denoise("nlm")  # of the original, not of what was made of it
    np.testing.assert_array_equal(again.pixels, clean.pixels)
    assert again.raw is noisy


def test_it_never_feeds_back(scene, noisy):
    clean = noisy.denoise("nlm")
    resumed = rw.render(scene, spp=32, resume=clean, **SIZE)
    np.testing.assert_array_equal(resumed.pixels, rw.render(scene, spp=32, **SIZE).pixels)


def test_display_settings_go_along(noisy):
    noisy = rw.Image(noisy.pixels, spp=16, exposure=1.5, curve="agx", denoiser=noisy._denoiser)
    clean = noisy.denoise("nlm")
    assert (clean.exposure, clean.curve) == (1.5, "agx")


def test_it_goes_on_after_pickling(noisy):
    copy = pickle.loads(pickle.dumps(noisy))
    clean = copy.denoise("nlm")
    np.testing.assert_array_equal(clean.pixels, noisy.denoise("nlm").pixels)
    assert pickle.loads(pickle.dumps(clean)).denoised


def test_files_hold_both(noisy, tmp_path):
    clean = noisy.denoise("nlm")
    clean.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as arrays:
        np.testing.assert_array_equal(arrays["pixels"], clean.pixels)
        np.testing.assert_array_equal(arrays["raw"], noisy.pixels)
    clean.save(tmp_path / "a.exr")
    with OpenEXR.File(str(tmp_path / "a.exr"), separate_channels=True) as file:
        channels = file.channels()
        np.testing.assert_array_equal(channels["R"].pixels, clean.pixels[..., 0])
        np.testing.assert_array_equal(channels["raw.B"].pixels, noisy.pixels[..., 2])
    clean.save(tmp_path / "a.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), clean.pixels)


def test_shadows_are_cut_out_without_their_noise(tmp_path):
    pytest.importorskip("mitsuba_oidn")
    ball = rw.Sphere((0, 0, 0), 1)
    scene = rw.studio(ball, ground="shadow")
    how = {"width": 64, "height": 48, "alpha": True}
    noisy = rw.render(scene, spp=16, **how)
    clean = noisy.denoise("oidn")
    truth = rw.render(scene, spp=2048, seed=9, **how).alpha

    def error(alpha):
        return np.mean((alpha - truth) ** 2)

    assert error(clean.alpha) < 0.3 * error(noisy.alpha)
    assert clean.alpha.mean() == pytest.approx(noisy.alpha.mean(), rel=0.03)
    np.testing.assert_array_equal(clean.raw.alpha, noisy.alpha)
    np.testing.assert_array_equal(noisy.alpha[20:28, 28:36], 1.0)
    np.testing.assert_array_equal(clean.alpha[20:28, 28:36], 1.0)  # what is opaque stays so
    clean.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as kept:
        np.testing.assert_array_equal(kept["alpha"], clean.alpha)
        np.testing.assert_array_equal(kept["raw_alpha"], noisy.alpha)
    np.testing.assert_array_equal(noisy.denoise("nlm").alpha, noisy.alpha)


def test_a_picture_with_alpha(tmp_path):
    cut = rw.render(rw.presets.spheregrid(), spp=4, alpha=True, width=32, height=24)
    clean = cut.denoise("nlm")
    np.testing.assert_array_equal(clean.alpha, cut.alpha)
    over = clean.over("white")
    assert over.denoised
    np.testing.assert_array_equal(over.raw.pixels, cut.over("white").pixels)
    assert over.alpha is None


def test_render_does_it(scene):
    settings = {"width": 16, "height": 16, "spp": 4}
    clean = rw.render(scene, denoise="nlm", **settings)
    np.testing.assert_array_equal(clean.raw.pixels, rw.render(scene, **settings).pixels)
    assert clean.denoised
    assert rw.render(scene, denoise=True, **settings).denoised
    with pytest.raises(SettingsError, match="method must be one of oidn, nlm, got 'magic'"):
        rw.render(scene, denoise="magic", **settings)
    with pytest.raises(SettingsError, match="expected True, False or a method, got 3"):
        rw.render(scene, denoise=3, **settings)


def test_what_can_not_be():
    with pytest.raises(PictureError, match="method must be one of"):
        rw.Image(np.ones((4, 4, 3)), spp=1).denoise("median")
    with pytest.raises(PictureError, match="nothing is known of this picture but its pixels"):
        rw.Image(np.ones((4, 4, 3)), spp=1).denoise("nlm")
    one = rw.render(rw.presets.cornell(), width=8, height=8, spp=1)
    with pytest.raises(PictureError, match="'nlm' needs more than 1 samples per pixel"):
        one.denoise("nlm")
    with pytest.raises(PictureError, match="raw must be an Image of the same size"):
        rw.Image(np.ones((4, 4, 3)), spp=1, raw=one)


def test_without_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert choose_method(None) == "nlm"
    with pytest.raises(PictureError, match=r'pip install "raywidget\[denoise\]"'):
        choose_method("oidn")
    assert set(METHODS) == {"oidn", "nlm"}


@needs_oidn
def test_lamps_do_not_spread():
    scene = rw.presets.veach_mis()
    settings = {"width": 80, "height": 60}
    noisy = rw.render(scene, spp=16, **settings)
    truth = rw.render(scene, spp=256, seed=1, **settings).pixels
    clean = noisy.denoise("oidn")
    assert relative_mse(clean.pixels, truth) < relative_mse(noisy.pixels, truth)


@needs_oidn
def test_a_picture_of_which_only_pixels_are_known():
    rng = np.random.default_rng(0)
    pixels = np.full((64, 64, 3), 0.5) * rng.gamma(4.0, 0.25, (64, 64, 1))
    clean = rw.Image(pixels, spp=4).denoise("oidn")
    assert clean.pixels.std() < 0.2 * pixels.std()


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_a_pixel_that_is_no_light_spoils_nothing(value):
    even = np.full((16, 16, 3), 0.5, np.float32)
    inputs = DenoiserInputs(even, even, even, even)
    pixels = even.copy()
    pixels[8, 8] = value
    for method in METHODS if importlib.util.find_spec("mitsuba_oidn") else ("nlm",):
        clean = rw.Image(pixels, spp=2, denoiser=lambda: inputs).denoise(method)
        assert np.isfinite(clean.pixels).all()


def test_noise_on_an_even_wall_is_averaged_and_edges_of_colours_stay():
    rng = np.random.default_rng(1)
    albedo = np.full((40, 40, 3), 0.2, np.float32)
    albedo[:, 20:] = 0.8
    normal = np.zeros_like(albedo)
    even, odd = (
        albedo * (1 + 0.3 * rng.standard_normal((40, 40, 1)).astype(np.float32)) for _ in (0, 1)
    )
    smooth = filter_halves(even, odd, albedo, normal)
    before, after = ((even + odd) / 2 - albedo).std(), (smooth - albedo).std()
    assert after < before / 3
    assert np.abs(smooth[:, 19].mean() - 0.2) < 0.03
    assert np.abs(smooth[:, 20].mean() - 0.8) < 0.05


def test_light_that_is_lost_comes_back_unless_it_may_be_noise():
    rng = np.random.default_rng(2)
    truth = np.full((64, 64, 3), 1.0, np.float32)
    even, odd = (truth + 0.5 * rng.standard_normal(truth.shape).astype(np.float32) for _ in "ab")
    inputs = DenoiserInputs(truth, truth, even, odd)
    noisy = (even + odd) / 2
    kept = keep_mean(0.9 * truth, noisy, inputs)
    assert float(kept.mean()) == pytest.approx(float(noisy.mean()), abs=0.001)
    # 0.0055 is the standard error of each colour's mean
    same = keep_mean(noisy.mean((0, 1)) * truth + np.float32(0.003), noisy, inputs)
    np.testing.assert_allclose(same, noisy.mean((0, 1)) * truth + 0.003, rtol=1e-6)


@pytest.mark.parametrize("spp", [1, 2, 5, 8])
def test_halves_of_a_film(spp):
    rng = np.random.default_rng(3)
    samples = rng.random((spp, 8, 8, 3))
    film = Film(8, 8, 8)
    swings = samples[0::2].sum(0) - samples[1::2].sum(0)
    film.publish(film.tiles[0], samples.sum(0), spp, swings.astype(np.float32))
    even, odd = film.state().halves()
    np.testing.assert_allclose(even, samples[0::2].mean(0), rtol=1e-5, atol=1e-6)
    expected = samples[1::2].mean(0) if spp > 1 else samples[0]
    np.testing.assert_allclose(odd, expected, rtol=1e-5, atol=1e-6)


def render_guides(shapes, **camera):
    camera = {"look_from": (0, 0, 5), "look_at": (0, 0, 0), "vfov": 30, **camera}
    scene = rw.Scene(
        shapes, camera=rw.PerspectiveCamera(**camera), emitters=[rw.ConstantEnvironment(0.25)]
    )
    names = ("denoise_albedo", "denoise_normal")
    image = rw.render(scene, width=9, height=9, spp=1, aovs=names)
    return (image.aovs[name][4, 4] for name in names)


RED = rw.Diffuse((0.8, 0.1, 0.1))
WALL = rw.Quad((-9, -9, -3), (18, 0, 0), (0, 18, 0), material=RED)


def test_guides_of_a_plain_wall_and_of_the_sky():
    albedo, normal = render_guides([WALL])
    np.testing.assert_allclose(albedo, (0.8, 0.1, 0.1), rtol=1e-5)
    np.testing.assert_allclose(normal, (0, 0, 1), atol=1e-6)
    albedo, normal = render_guides([WALL], look_at=(0, 0, 9))
    np.testing.assert_allclose(albedo, 0.25, rtol=1e-5)
    np.testing.assert_array_equal(normal, 0)


def test_guides_see_through_panes_and_off_mirrors():
    pane = rw.Quad((-1, -1, 0), (2, 0, 0), (0, 2, 0), material=rw.Dielectric(1.5, thin=True))
    albedo, normal = render_guides([WALL, pane])
    reflected = 2 * 0.04 / 1.04  # of a pane, face on
    expected = (1 - reflected) * np.array((0.8, 0.1, 0.1)) + reflected * 0.25
    np.testing.assert_allclose(albedo, expected, rtol=1e-3)
    np.testing.assert_allclose(normal, (0, 0, 1 - reflected), atol=1e-3)
    behind = rw.Quad((9, -9, 6), (-18, 0, 0), (0, 18, 0), material=RED)
    mirror = rw.Quad((-1, -1, 0), (2, 0, 0), (0, 2, 0), material=rw.Metal((0.9, 0.9, 0.9)))
    albedo, normal = render_guides([behind, mirror])
    np.testing.assert_allclose(albedo, 0.9 * np.array((0.8, 0.1, 0.1)), rtol=1e-3)
    np.testing.assert_allclose(normal, (0, 0, -1), atol=1e-5)


def test_guides_of_solid_glass_are_what_is_behind_it():
    ball = rw.Sphere((0, 0, 0), 1, material=rw.Dielectric(1.5))
    albedo, _ = render_guides([WALL, ball])
    assert albedo[0] > 0.7
    assert albedo[1] < 0.2


def test_guides_fade_in_fog():
    inside = rw.HomogeneousMedium(absorption=0.5)
    ball = rw.Sphere((0, 0, 0), 1, material=rw.Dielectric(1.0, interior=inside))
    albedo, _ = render_guides([WALL, ball])
    np.testing.assert_allclose(albedo, np.exp(-1.0) * np.array((0.8, 0.1, 0.1)), rtol=1e-2)
