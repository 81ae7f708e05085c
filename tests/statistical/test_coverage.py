"""Alpha against closed forms: outlines, filters, masks, fog."""

import numpy as np
import pytest
from scipy import stats
from significance import LEVEL, check_batches, corrected

import raywidget as rw
from raywidget.engine.film.filters import filter_value

pytestmark = pytest.mark.statistical

CAMERA = rw.OrthographicCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), height=4)
SKY = [rw.ConstantEnvironment((0.9, 0.6, 0.3))]
INDEPENDENT = {"sampler": "independent", "threads": 2}


def scene(*shapes, **parameters):
    return rw.Scene(shapes, emitters=SKY, camera=CAMERA, **parameters)


def of_counts(alpha, expected, spp) -> float:
    """p-value of hits among independent samples, in all pixels and in their sum."""
    hits = np.rint(alpha.astype(float) * spp)
    np.testing.assert_allclose(hits, alpha * spp, atol=1e-4 * spp)
    expected = np.clip(np.broadcast_to(expected, hits.shape), 0.0, 1.0)
    tails = stats.binom.cdf(hits, spp, expected), stats.binom.sf(hits - 1, spp, expected)
    each = min(1.0, 2.0 * float(np.minimum(*tails).min()) * hits.size)  # Bonferroni
    spread = np.sqrt(spp * (expected * (1.0 - expected)).sum())
    whole = 2.0 * float(stats.norm.sf(abs(hits.sum() - spp * expected.sum()) / spread))
    return min(1.0, 2.0 * min(each, whole))


@pytest.mark.parametrize("name", ["box", "tent", "gaussian", "blackman-harris"])
def test_the_outline_of_a_ball_has_the_area_of_a_disk(name):
    side, spp = 40, 256  # of 4 units: the disk and the filters lie within the picture
    image = rw.render(
        scene(rw.Sphere((0, 0, 0), 1)),
        width=side,
        height=side,
        spp=spp,
        filter=name,
        alpha=True,
        max_depth=1,
        **INDEPENDENT,
    )
    alpha = image.alpha.astype(float)
    area = alpha.sum() * (4.0 / side) ** 2
    spread = np.sqrt((alpha * (1.0 - alpha)).sum() / spp) * (4.0 / side) ** 2
    assert 2.0 * stats.norm.sf(abs(area - np.pi) / spread) > corrected(LEVEL, 4)
    assert alpha.max() == 1.0
    assert alpha.min() == 0.0


@pytest.mark.parametrize("name", ["box", "tent", "gaussian", "blackman-harris"])
def test_an_edge_is_as_soft_as_the_filter(name):
    spp, edge = 4096, 0.3  # in pixels, right of the middle of the picture
    board = rw.Quad((edge * 0.5, -9, 0), (9, 0, 0), (0, 18, 0))
    image = rw.render(
        scene(board),
        width=8,
        height=8,
        spp=spp,
        filter=name,
        alpha=True,
        max_depth=1,
        **INDEPENDENT,
    )
    fine = (np.arange(200_000) + 0.5) / 200_000
    across = np.arange(8) + 0.5 - 4.0
    expected = []
    for middle in across:  # the part of its filter that lies on the board
        places = edge + (8.0 - edge) * fine
        expected.append((filter_value(name, None, places - middle)).mean() * (8.0 - edge))
    assert of_counts(image.alpha, np.array(expected), spp) > corrected(LEVEL, 4)


@pytest.mark.parametrize("integrator", ["path", "bdpt", "volpath"])
def test_a_veil_covers_by_its_opacity(integrator):
    veils = [
        rw.Quad((-9, -9, z), (18, 0, 0), (0, 18, 0), material=rw.Diffuse(0.5, opacity=opacity))
        for z, opacity in ((1, 0.3), (-1, 0.5))
    ]
    seen_by = rw.PerspectiveCamera(look_from=(0, 0, 9), look_at=(0, 0, 0))
    image = rw.render(
        scene(*veils).replace(camera=seen_by),
        width=16,
        height=16,
        spp=400,
        alpha=True,
        integrator=integrator,
        **INDEPENDENT,
    )
    assert of_counts(image.alpha, 1.0 - 0.7 * 0.5, 400) > corrected(LEVEL, 3)


@pytest.mark.parametrize(
    ("absorption", "scattering"), [(0.4, 0.0), (0.0, 0.7), ((0.1, 0.2, 0.3), (0.3, 0.2, 0.5))]
)
def test_fog_covers_by_what_it_takes_away(absorption, scattering):
    fog = rw.Interface(rw.HomogeneousMedium(absorption, scattering))
    thickness = 1.5
    image = rw.render(
        scene(rw.Box((0, 0, 0), (18, 18, thickness), material=fog)),
        width=4,
        height=4,
        spp=4,
        alpha=True,
        integrator="volpath",
    )
    extinction = np.broadcast_to(absorption, 3) + np.broadcast_to(scattering, 3)
    expected = 1.0 - np.exp(-extinction * thickness).mean()
    np.testing.assert_allclose(image.alpha, expected, rtol=2e-5)


def test_boards_before_fog_and_in_it():
    """A board covers what is before it, one within the fog what the fog has left."""
    fog = rw.Interface(rw.HomogeneousMedium(0.2, 0.3))
    shapes = [
        rw.Box((0, 0, 0), (18, 18, 4), material=fog),
        rw.Box((-5, 0, 3), (8, 18, 1)),  # as far as x = -1
        rw.Box((5, 0, 0), (8, 18, 2)),  # from x = 1 on
    ]
    image = rw.render(scene(*shapes), width=4, height=4, spp=4, alpha=True, integrator="volpath")
    expected = np.array([1.0, 1.0 - np.exp(-0.5 * 4), 1.0 - np.exp(-0.5 * 4), 1.0])
    np.testing.assert_allclose(image.alpha, np.broadcast_to(expected, (4, 4)), rtol=2e-5)


def test_a_world_full_of_fog_has_no_end():
    medium = rw.HomogeneousMedium(0.1)
    world = scene(rw.Sphere((0, 0, 0), 1), medium=medium)
    image = rw.render(world, width=4, height=4, spp=2, alpha=True)
    np.testing.assert_array_equal(image.alpha, 1.0)


@pytest.mark.parametrize("scattering", [0.8, (0.2, 0.5, 1.1)])
def test_smoke_over_a_background_is_smoke_before_it(scattering):
    """The free flight is drawn in the picture, and exact in alpha: equal in the mean only."""
    smoke = rw.Interface(rw.HomogeneousMedium(0.1, scattering, 0.4))
    behind = rw.Sphere((0.6, 0.3, -1.5), 0.7, material=rw.Diffuse((0.7, 0.2, 0.1)))
    world = scene(rw.Sphere((0, 0, 0), 1.4, material=smoke), behind)
    grey = np.ndim(scattering) == 0
    # Alpha is the mean over the colours: only over a grey of the same in all is that no loss.
    background = (0.3, 1.2, 0.7) if grey else (1.0, 1.0, 1.0)
    settings = {
        "width": 12,
        "height": 12,
        "spp": 64,
        "integrator": "volpath",
        "max_depth": 6,
        **INDEPENDENT,
    }
    cut, whole = [], []
    for batch in range(24):
        image = rw.render(world, **settings, alpha=True, seed=batch)
        cut.append(image.over(background).pixels)
        over = world.replace(background=background)
        whole.append(rw.render(over, **settings, seed=100 + batch).pixels)
    cut, whole = np.array(cut, float), np.array(whole, float)
    if not grey:
        cut, whole = (x.mean(axis=-1, keepdims=True) for x in (cut, whole))
    assert check_batches(cut, whole) > corrected(LEVEL, 2)


def test_light_that_comes_to_the_lens_by_itself_belongs_to_the_colour():
    """`bdpt` splats: its colours are those of `path` in the mean, over the very same alpha."""
    shapes = [
        rw.Sphere((0, -0.4, 0), 0.9, material=rw.Diffuse((0.6, 0.5, 0.4))),
        rw.Disk((0.3, 1.3, 1), (0, -1, -0.4), 0.4, emission=6.0),
        rw.Sphere((-1, 0.8, 0.6), 0.4, material=rw.Dielectric(1.5)),
    ]
    world = rw.Scene(
        shapes,
        emitters=[rw.ImageEnvironment(np.linspace(0, 2, 8 * 16 * 3).reshape(8, 16, 3))],
        camera=rw.PerspectiveCamera(
            look_from=(0, 0, 6), look_at=(0, 0, 0), aperture_radius=0.2, vfov=40
        ),
    )
    settings = {"width": 12, "height": 12, "spp": 64, "max_depth": 5, "filter": "gaussian"}
    pictures = {}
    for name in ("path", "bdpt"):
        images = [
            rw.render(world, **settings, **INDEPENDENT, alpha=True, integrator=name, seed=seed)
            for seed in range(24)
        ]
        pictures[name] = np.array([image.over(0.0).pixels for image in images], float)
        pictures[name, "alpha"] = np.array([image.alpha for image in images])
    np.testing.assert_array_equal(pictures["path", "alpha"], pictures["bdpt", "alpha"])
    assert check_batches(pictures["path"], pictures["bdpt"]) > LEVEL
