"""Every integrator, chosen by its name: what it shows, and that only the scene and the settings
that name the picture decide about its bits.
"""

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.renderer import INTEGRATORS
from raywidget.engine.session.session import Session
from raywidget.engine.settings import INTEGRATORS as NAMES
from raywidget.engine.settings import RenderSettings

SETTINGS = RenderSettings(width=45, height=30, spp=6, max_depth=5, tile_size=16, threads=2, seed=3)
SCENE = rw.presets.default()
BALL = rw.Sphere((0, 0, 0), 2.0, material=rw.Diffuse((0.2, 0.5, 0.8)))
CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 10), look_at=(0, 0, 0), vfov=30)
SIZE = {"width": 31, "height": 31, "threads": 1}


def finish(settings):
    session = Session(SCENE, settings)
    session.start()
    assert session.wait(300)
    image = session.image()
    session.close()
    return image


def test_names_have_an_integrator_each():
    assert tuple(INTEGRATORS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_threads_tiles_and_passes_change_no_bit(name):
    settings = SETTINGS.replace(integrator=name)
    reference = finish(settings.replace(threads=1, passes=1, tile_size=64))
    image = finish(settings)  # whose first pass has one sample, of which no swings are kept
    np.testing.assert_array_equal(image.pixels, reference.pixels)
    np.testing.assert_array_equal(image.error, reference.error)
    first = finish(settings.replace(spp=3))
    on = rw.render(
        SCENE, resume=first, **{k: getattr(settings, k) for k in settings.__dataclass_fields__}
    )
    np.testing.assert_array_equal(on.pixels, reference.pixels)
    assert np.ptp(reference.pixels) > 0


def test_direct_is_a_path_of_two_edges():
    direct = finish(SETTINGS.replace(integrator="direct"))
    path = finish(SETTINGS.replace(max_depth=2))
    np.testing.assert_array_equal(direct.pixels, path.pixels)
    emission = finish(SETTINGS.replace(integrator="direct", max_depth=1))
    assert emission.pixels.sum() < direct.pixels.sum()


def rays_to_ball(width=31):
    """Distances to `BALL` through the middles of pixels, nan where it is missed; hit points."""
    half = np.tan(np.radians(15))
    x = ((np.arange(width) + 0.5) / width * 2 - 1) * half
    d = np.stack(np.broadcast_arrays(x[None, :], -x[:, None], -1.0), axis=-1)
    d /= np.linalg.norm(d, axis=-1, keepdims=True)
    o = np.array([0, 0, 10.0])
    b = -(d @ o)
    with np.errstate(invalid="ignore"):
        t = b - np.sqrt(b * b - (o @ o - 4.0))
    return t, o + d * t[..., None]


def middle_of_ball(t):
    """Pixels that see the ball only, and those that see none of it."""
    hit = ~np.isnan(np.pad(t, 1, constant_values=np.nan))
    around = [hit[1 + i : 32 + i, 1 + j : 32 + j] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return np.all(around, axis=0), ~np.any(around, axis=0)


def test_depth_and_normals_of_a_ball():
    scene = rw.Scene([BALL], camera=CAMERA)
    t, p = rays_to_ball()
    inside, outside = middle_of_ball(t)
    depth = rw.render(scene, spp=64, integrator="depth", **SIZE).pixels
    normals = rw.render(scene, spp=64, integrator="normals", **SIZE).pixels
    inner = inside & (np.hypot(p[..., 0], p[..., 1]) < 1.5)  # where a pixel is nearly flat
    np.testing.assert_allclose(depth[inner], np.repeat(t[inner], 3).reshape(-1, 3), rtol=3e-3)
    np.testing.assert_allclose(normals[inner], (p[inner] / 2 + 1) / 2, atol=0.01)
    assert not depth[outside].any()
    assert not normals[outside].any()


def test_albedo_is_the_colour_without_light():
    lamp = rw.Quad((-9, 3, -3), (18, 0, 0), (0, 9, 0), material=rw.Emissive((0.5, 7, 0)))
    scene = rw.Scene([BALL, lamp], camera=CAMERA)
    pixels = rw.render(scene, spp=4, integrator="albedo", **SIZE).pixels
    np.testing.assert_allclose(pixels[15, 15], (0.2, 0.5, 0.8), rtol=1e-6)
    np.testing.assert_allclose(pixels[0, 15], (0.5, 1, 0), rtol=1e-6)


def test_occlusion_has_a_reach():
    # A camera in a closed ball: all sky is hidden, unless walls farther than 1 do not count.
    room = rw.Sphere((0, 0, 0), 3, material=rw.Diffuse(0.1), flip_normals=True)
    camera = CAMERA.replace(look_from=(0, 0, 1))
    scene = rw.Scene([room], camera=camera)
    settings = {"integrator": "ao", "spp": 8, **SIZE}
    assert not rw.render(scene, ao_distance=6.001, **settings).pixels.any()
    some = rw.render(scene, ao_distance=1.0, **settings).pixels.mean()
    # On the inside of a ball, chords of length l = 2 r cos are met at angles with P(cos < l / 2r).
    assert some == pytest.approx(1 - (1 / 6) ** 2, abs=0.01)
    assert rw.render(scene, **settings).pixels.mean() == pytest.approx(1 - (0.2 / 6) ** 2, abs=0.01)


def test_what_misses_everything_is_not_occluded():
    scene = rw.Scene([], camera=CAMERA)
    assert rw.render(scene, integrator="ao", spp=1, **SIZE).pixels.min() == 1.0


def test_what_does_not_go_together_is_refused_at_once():
    camera = rw.PanoramicCamera(look_from=(0, 0, 0), look_at=(0, 0, -1))
    with pytest.raises(rw.SettingsError, match="'bdpt' knows no camera but PerspectiveCamera yet"):
        rw.render(rw.Scene([BALL], camera=camera), integrator="bdpt")
