"""What is cut out: alpha is of the samples of the picture, and costs the others nothing."""

import numpy as np
import pytest

import raywidget as rw

SKY = rw.GradientEnvironment(top=(0.3, 0.5, 1.0), bottom=(0.9, 0.8, 0.7))
CAMERA = rw.PerspectiveCamera(look_from=(0, 1, 8), look_at=(0, 0, 0), vfov=40)
LENS = CAMERA.replace(aperture_radius=0.4, focus_distance=6.0)
SIZE = {"width": 32, "height": 24, "spp": 8, "max_depth": 5, "threads": 2, "tile_size": 8}
NET = rw.Quad((-3, -3, 2), (6, 0, 0), (0, 6, 0), material=rw.Diffuse(0.7, opacity=0.4))
BALLS = [
    rw.Sphere((-1, 0, 0), 1, material=rw.Metal(0.9)),
    rw.Sphere((1.2, 0, 0), 1, material=rw.Dielectric(1.5)),
    rw.Sphere((0, 2, 0), 0.3, emission=4.0),
]
ALL = ("path", "bdpt", "volpath", "direct", "ao", "normals", "albedo", "depth")
OF_LIGHT = ("path", "bdpt", "volpath", "direct")


def scene(*more, camera=CAMERA, **parameters):
    return rw.Scene([*BALLS, *more], emitters=[SKY], camera=camera, **parameters)


@pytest.mark.parametrize("integrator", ALL)
def test_a_picture_that_is_full_is_the_plain_one(integrator):
    room = scene(rw.Quad((-50, -50, -5), (100, 0, 0), (0, 100, 0), material=rw.Diffuse(0.4)))
    settings = {**SIZE, "integrator": integrator}
    plain, cut = (rw.render(room, **settings, alpha=alpha) for alpha in (False, True))
    assert plain.alpha is None
    np.testing.assert_array_equal(cut.alpha, np.ones((24, 32), np.float32))
    np.testing.assert_array_equal(cut.pixels, plain.pixels)
    np.testing.assert_array_equal(cut.to_uint8()[..., :3], plain.to_uint8())
    assert cut.to_uint8()[..., 3].min() == 255


@pytest.mark.filterwarnings("ignore::raywidget.errors.PictureWarning")  # it is black
@pytest.mark.parametrize("integrator", ALL)
def test_where_nothing_is_there_is_neither_light_nor_alpha(integrator):
    empty = rw.Scene(
        [rw.Sphere((0, 0, 99), 1)], emitters=[SKY], camera=CAMERA, background=(1.0, 2.0, 3.0)
    )
    image = rw.render(empty, **SIZE, integrator=integrator, alpha=True)
    assert not image.alpha.any()
    assert not image.pixels.any()


@pytest.mark.parametrize("integrator", OF_LIGHT)
@pytest.mark.parametrize("kind", ["image", "studio"])
def test_pictures_of_environments_light_what_is_cut_out_as_ever(integrator, kind):
    """What says where they are looked up stays, though the camera does not see them."""
    texels = np.random.default_rng(5).random((16, 32, 3), np.float32) ** 4
    sky = rw.ImageEnvironment(texels) if kind == "image" else rw.StudioEnvironment.named("window")
    room = rw.Scene(BALLS, emitters=[sky], camera=CAMERA, background=0.0)
    settings = {**SIZE, "integrator": integrator}
    cut = rw.render(room, **settings, alpha=True)
    np.testing.assert_array_equal(cut.pixels, rw.render(room, **settings).pixels)


@pytest.mark.parametrize("integrator", OF_LIGHT)
@pytest.mark.parametrize(
    "how",
    [{}, {"filter": "gaussian"}, {"filter": "blackman-harris", "sampler": "independent"}],
    ids=["box", "gaussian", "blackman-harris"],
)
@pytest.mark.parametrize(
    "world", [scene(), scene(NET), scene(camera=LENS)], ids=["", "net", "lens"]
)
def test_over_a_background_it_is_the_picture_with_that_background(integrator, how, world):
    """The same samples, filtered and focused alike: equal but for rounding."""
    background = (0.25, 0.5, 2.0)
    settings = {**SIZE, **how, "integrator": integrator}
    cut = rw.render(world, **settings, alpha=True)
    whole = rw.render(world.replace(background=background), **settings)
    assert np.mean((cut.alpha > 0) & (cut.alpha < 1)) > 0.02
    composed = cut.over(background)
    assert composed.alpha is None
    np.testing.assert_allclose(composed.pixels, whole.pixels, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("integrator", OF_LIGHT[1:])
def test_all_integrators_have_the_same_alpha(integrator):
    path, other = (
        rw.render(scene(NET, camera=LENS), **SIZE, alpha=True, integrator=name)
        for name in ("path", integrator)
    )
    np.testing.assert_array_equal(path.alpha, other.alpha)


def test_threads_tiles_and_passes_change_no_bit():
    first = rw.render(scene(NET), **SIZE, alpha=True)
    how = {"threads": 1, "tile_size": 64, "passes": 3}
    second = rw.render(scene(NET), **{**SIZE, **how}, alpha=True)
    np.testing.assert_array_equal(first.alpha, second.alpha)
    np.testing.assert_array_equal(first.pixels, second.pixels)


@pytest.mark.parametrize("tile_size", [8, 16])
def test_it_is_gone_on_with(tile_size):
    world = scene(NET)
    whole = rw.render(world, **{**SIZE, "spp": 12}, alpha=True)
    half = rw.render(world, **{**SIZE, "spp": 5}, alpha=True)
    assert not np.array_equal(half.alpha, whole.alpha)
    more = {**SIZE, "spp": 12, "tile_size": tile_size}
    resumed = rw.render(world, **more, alpha=True, resume=half)
    np.testing.assert_array_equal(resumed.alpha, whole.alpha)
    np.testing.assert_array_equal(resumed.pixels, whole.pixels)
    with pytest.raises(rw.PictureError, match="alpha"):
        rw.render(world, **more, resume=half)


def test_it_goes_with_adaptive_samples():
    settings = {**SIZE, "spp": 64, "tile_size": 32}
    cut = rw.render(scene(NET), **settings, alpha=True, adaptive=True)
    assert cut.samples.min() < cut.samples.max()
    hits = cut.alpha * cut.samples  # whole numbers: of a pixel's own samples
    np.testing.assert_allclose(hits, np.rint(hits), atol=1e-3)
    even = rw.render(scene(NET), **settings, alpha=True)
    assert np.abs(cut.alpha - even.alpha).mean() < 0.03


def test_it_goes_with_a_goal_for_noise():
    image = rw.render(scene(), **{**SIZE, "spp": 512}, alpha=True, noise=0.2)
    assert image.spp < 512
    same = {**SIZE, "spp": image.spp, "sampler": "halves"}
    again = rw.render(scene(), **same, alpha=True)
    np.testing.assert_array_equal(image.alpha, again.alpha)


def test_callbacks_are_told():
    tiles, passes = [], []
    image = rw.render(
        scene(NET), **SIZE, alpha=True, on_tile=tiles.append, on_pass=lambda p: passes.append(p)
    )
    whole = np.full(image.alpha.shape, -1.0, np.float32)
    for tile in tiles[-12:]:
        whole[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = tile.alpha
    np.testing.assert_array_equal(whole, image.alpha)
    assert [p.image.alpha is not None for p in passes] == [True] * len(passes)
    rw.render(scene(), **SIZE, on_tile=tiles.append)
    assert tiles[-1].alpha is None


def test_glass_covers_and_mirrors_show_the_sky():
    image = rw.render(scene(), **SIZE, alpha=True)
    plain = rw.render(scene(), **SIZE)
    full = image.alpha == 1.0
    assert full[12, 10]  # the mirror
    assert full[12, 22]  # the glass
    np.testing.assert_array_equal(image.pixels[full], plain.pixels[full])
    assert image.pixels[full].max() > 0.2


def test_a_picture_of_nothing_says_why():
    aside = rw.Scene([rw.Sphere((0, 0, 99), 1)], emitters=[SKY], camera=CAMERA)
    with pytest.warns(rw.errors.PictureWarning, match="no shape is, and alpha=True leaves out"):
        rw.render(aside, **SIZE, alpha=True)


def test_alpha_is_true_or_false():
    with pytest.raises(rw.SettingsError, match="alpha: expected True or False, got 1"):
        rw.RenderSettings(alpha=1)
