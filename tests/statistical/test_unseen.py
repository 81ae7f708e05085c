"""What the camera does not see: its rays pass straight on, and no other light does.

A camera without perspective sees the same from above a thing and from below it: what it does not
see must not be told from what is behind it.
"""

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.picking import pick_pixel
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
from tests.statistical.significance import LEVEL, check_means, corrected, picture_statistics

SIZE = {"width": 16, "height": 16}
GLASS = rw.Dielectric(interior=rw.HomogeneousMedium((0.9, 0.2, 0.1), 0))
PYRAMID = rw.Mesh(
    [(-0.6, 0, -0.6), (0.6, 0, -0.6), (0.6, 0, 0.6), (-0.6, 0, 0.6), (0, 0.8, 0)],
    [(0, 1, 2), (0, 2, 3), (0, 4, 1), (1, 4, 2), (2, 4, 3), (3, 4, 0)],
    material=rw.Diffuse((0.8, 0.3, 0.2)),
)
UP = rw.transforms.translate(0, 1.6, 0)
THINGS = {
    "sphere": rw.Sphere((0, 2, 0), 0.6, visible=False),
    "glass": rw.Sphere((0, 2, 0), 0.6, material=GLASS, visible=False),
    "lamp": rw.Sphere((0, 2, 0), 0.3, material=rw.Emissive(5), visible=False),
    "box": rw.Box((0, 2, 0), (1, 0.5, 1), material=rw.Metal(0.8, 0.3), visible=False),
    "leaf": rw.Disk(
        (0, 2, 0), (0, 1, 0), 0.7, material=rw.Diffuse(0.5, opacity=0.5), visible=False
    ),
    "many": rw.Spheres([(-0.4, 2, 0), (0.4, 2, 0)], [0.3, 0.3], visible=False),
    "copies": rw.Instances(PYRAMID, [UP], visible=False),
    "own copies": rw.Instances(PYRAMID, [UP], material=rw.Metal(0.7), visible=False),
    "copies of one unseen": rw.Instances(PYRAMID.replace(visible=False), [UP]),
    "tubes": rw.Tubes([(-0.8, 2, 0), (0.8, 2.2, 0)], 0.2, visible=False),
    "mixture": rw.Sphere(
        (0, 2, 0), 0.6, material=rw.Mix(rw.Diffuse(0.3), rw.Metal(0.9)), visible=False
    ),
}
CLOUD = rw.Volume(
    np.ones((4, 4, 4)),
    origin=(-0.375, 1.6, -0.375),
    spacing=0.25,
    transfer=rw.TransferFunction(color=0.8, density=3.0),
    visible=False,
)
SMOKE = rw.Sphere(
    (0, 2, 0),
    0.6,
    material=rw.Interface(rw.HomogeneousMedium(0.4, (3, 2, 1))),
    visible=False,
)


def world(thing, height, **others):
    floor = rw.Quad((-4, 0, 4), (8, 0, 0), (0, 0, -8), material=rw.Diffuse((0.6, 0.5, 0.4)))
    return rw.Scene(
        [floor, thing],
        emitters=[rw.PointLight((1.5, 6, 1), 90), rw.ConstantEnvironment(0.3)],
        camera=rw.OrthographicCamera(
            look_from=(0, height, 0), look_at=(0, 0, 0), up=(0, 0, -1), height=3
        ),
        **others,
    )


def is_seen_alike(picture, reference):
    differs = ~np.isclose(picture, reference, rtol=2e-3, atol=1e-4).all(axis=-1)
    return differs.mean() < 0.02  # shadows' edges, by what is rounded


@pytest.mark.parametrize("name", list(THINGS))
def test_from_above_is_as_from_below(name):
    settings = {"spp": 4, **SIZE}
    below = rw.render(world(THINGS[name], 1.0), **settings).pixels
    assert is_seen_alike(rw.render(world(THINGS[name], 6.0), **settings).pixels, below)
    seen = rw.render(world(THINGS[name].replace(visible=True), 6.0), **settings).pixels
    if name != "copies of one unseen":
        assert not is_seen_alike(seen, below)
    # Its shadow, or its light, is there.
    alone = rw.render(world(rw.Sphere((30, 2, 0), 0.1), 1.0), **settings).pixels
    assert not is_seen_alike(alone, below)


# Not the glass: what it gathers of a point's light, `path` can't find.
@pytest.mark.parametrize("name", ["sphere", "lamp", "leaf", "copies"])
def test_bdpt_agrees_with_path(name):
    camera = rw.PerspectiveCamera(look_from=(0, 6, 0), look_at=(0, 0, 0), up=(0, 0, -1), vfov=28)
    scene = world(THINGS[name], 6.0).replace(camera=camera)
    path = picture_statistics(scene, max_depth=4, **SIZE)
    bdpt = picture_statistics(scene, max_depth=4, integrator="bdpt", seed=1, **SIZE)
    assert check_means(path, bdpt) > corrected(LEVEL, 4)


@pytest.mark.parametrize("thing", [CLOUD, SMOKE], ids=["cloud", "smoke"])
def test_volumes_and_smoke(thing):
    settings = {"integrator": "volpath", "max_depth": 6, **SIZE}
    above, below = (picture_statistics(world(thing, height), **settings) for height in (6.0, 1.0))
    assert check_means(above, below, rounding=1e-4) > corrected(LEVEL, 2)
    cut = rw.render(world(thing, 6.0), alpha=True, spp=2, integrator="volpath", **SIZE)
    assert np.all(cut.alpha == 1.0)


def test_it_covers_nothing():
    thing = THINGS["lamp"]
    scene = rw.Scene([thing], camera=world(thing, 6.0).camera)
    for integrator in ("path", "volpath", "direct", "ao", "depth"):
        picture = rw.render(scene, alpha=True, spp=2, integrator=integrator, **SIZE)
        assert not picture.alpha.any()
        assert not picture.pixels.any()
    assert rw.render(
        scene.replace(shapes=[thing.replace(visible=True)]), spp=2, **SIZE
    ).pixels.any()


def test_channels_picks_and_previews_look_through():
    above, below = (world(THINGS["box"], height) for height in (6.0, 1.0))
    names = ["albedo", "normal", "depth", "object_id", "denoise_albedo", "denoise_normal"]
    a, b = (rw.render(scene, spp=2, aovs=names, **SIZE).aovs for scene in (above, below))
    assert a["object_id"].max() == 0  # the floor alone
    for name in names:
        shift = 5.0 if name == "depth" else 0.0
        assert np.allclose(a[name], b[name] + shift, atol=1e-4), name
    for integrator in ("ao", "normals", "albedo"):
        pictures = [
            rw.render(s, spp=4, integrator=integrator, **SIZE).pixels for s in (above, below)
        ]
        assert is_seen_alike(*pictures)


@pytest.mark.parametrize("visible", [True, False])
def test_what_is_not_seen_is_not_picked(visible):
    scene = world(THINGS["box"].replace(visible=visible), 6.0)
    session = Session(scene, RenderSettings(**SIZE, spp=1, threads=1))
    try:
        session.start()
        assert session.wait(300)
        hit = pick_pixel(session.run(), 8, 8).hit
    finally:
        session.close()
    assert hit.index == (1 if visible else 0)
    assert hit.distance == pytest.approx(3.75 if visible else 6.0, abs=1e-4)


def test_mirrors_and_glass_show_it():
    lamp = rw.Quad((-2, 4, -2), (4, 0, 0), (0, 0, 4), material=rw.Emissive(3), visible=False)
    camera = rw.OrthographicCamera(look_from=(0, 6, 0), look_at=(0, 0, 0), up=(0, 0, -1), height=1)
    mirror = rw.Quad((-1, 0, 1), (2, 0, 0), (0, 0, -2), material=rw.Metal(1.0))
    picture = rw.render(rw.Scene([mirror, lamp], camera=camera), spp=2, **SIZE)
    assert np.allclose(picture.pixels, 3.0)
    pane = rw.Quad((-1, 5, 1), (2, 0, 0), (0, 0, -2), material=rw.Dielectric(1.0, thin=True))
    up = rw.Quad((-2, 4, 2), (4, 0, 0), (0, 0, -4), material=rw.Emissive(3), visible=False)
    picture = rw.render(rw.Scene([pane, up], camera=camera), spp=2, **SIZE)
    assert np.allclose(picture.pixels, 3.0)


def test_an_environment_that_is_not_seen_lights_all_the_same():
    thing = rw.Sphere((0, 2, 0), 0.6)
    scene = world(thing, 6.0)
    emitters = [scene.emitters[0], scene.emitters[1].replace(visible=False)]
    dark = scene.replace(emitters=emitters)
    a, b = (rw.render(s, spp=4, **SIZE).pixels for s in (scene, dark))
    assert np.array_equal(a, b)  # the floor fills the picture
    lonely = [s.replace(shapes=[thing]) for s in (scene, dark)]
    a, b = (rw.render(s, spp=4, **SIZE) for s in lonely)
    assert a.pixels[0, 0, 0] == np.float32(0.3)
    assert not b.pixels[0, 0].any()
    assert b.pixels[8, 8].any()
