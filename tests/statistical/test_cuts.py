"""Planes that cut scenes open: against closed forms, and shapes made without what is cut away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from significance import LEVEL, check_batches, render_batches

import raywidget as rw

pytestmark = pytest.mark.statistical

SMALL = {"width": 12, "height": 10}
SKY = rw.GradientEnvironment(top=(0.3, 0.5, 1.0), bottom=(0.9, 0.8, 0.7))
ABOVE = rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), height=2.4)


def seen_area(scene):
    """Share of a picture, times its area, that surfaces cover."""
    picture = rw.render(scene, width=120, height=120, spp=16, alpha=True, integrator="path")
    return float(picture.alpha.mean()) * 2.4**2


def depth_of(scene, **camera):
    return rw.render(scene, width=3, height=3, spp=1, integrator="depth", **camera).pixels[1, 1, 0]


@pytest.mark.parametrize("caps", [False, True])
def test_a_ball_that_is_cut_shows_a_circular_segment(caps):
    # From the side of the cut: the disk less the segment beyond x = 0.3.
    scene = rw.Scene(
        [rw.Sphere((0, 0, 0), 1)],
        emitters=[SKY],
        camera=ABOVE,
        clip=[rw.Plane((0.3, 7, -2), (2, 0, 0))],
        caps=caps,
    )
    segment = np.arccos(0.3) - 0.3 * np.sqrt(1 - 0.09)
    assert seen_area(scene) == pytest.approx(np.pi - segment, abs=4e-3)


@pytest.mark.parametrize(("caps", "expected"), [(True, 4.6), (False, 6.0)])
def test_a_cap_is_where_the_plane_is(caps, expected):
    # Cut at z = 0.4, seen from z = 5: the cap, or through the opening the far side from within.
    ball = rw.Sphere((0, 0, 0), 1)
    plane = rw.Plane((0, 0, 0.4), (0, 0, 1))
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=1)
    scene = rw.Scene([ball], emitters=[SKY], camera=camera, clip=[plane], caps=caps)
    assert depth_of(scene) == pytest.approx(expected, rel=5e-5)
    moved = scene.replace(clip=[plane.replace(point=(0, 0, -0.2))])
    assert depth_of(moved) == pytest.approx(5.2 if caps else 6.0, rel=5e-5)


def half_room(cut):
    """A box on a floor, a lamp above: cut at x = 0.2, by a plane or by what their numbers are."""
    beyond = 1.5 if cut else 0.0  # how much farther they would go
    green, brown = rw.Diffuse((0.4, 0.7, 0.3)), rw.Diffuse((0.7, 0.6, 0.5))
    shapes = [
        rw.Quad((-2, 0, 2), (2.2 + beyond, 0, 0), (0, 0, -4), material=brown),
        rw.Box((-0.5 + beyond / 2, 0.5, 0), (1.4 + beyond, 1.0, 0.8), material=green),
        rw.Quad((-1, 2, -0.5), (1.2 + beyond, 0, 0), (0, 0, 1), emission=(5, 6, 7)),
    ]
    camera = rw.PerspectiveCamera(look_from=(3, 2.5, 4), look_at=(-0.3, 0.6, 0), vfov=35)
    point = rw.PointLight((1.5, 1.5, 1.5), intensity=(2, 1, 1))  # on the side that is cut away
    clip = [rw.Plane((0.2, 0, 0), (1, 0, 0))] if cut else []
    return rw.Scene(shapes, emitters=[SKY, point], camera=camera, clip=clip, caps=cut)


@pytest.mark.parametrize("integrator", ["path", "bdpt", "volpath"])
def test_a_cut_is_what_is_made_without_the_rest(integrator):
    options = {"max_depth": 5, "integrator": integrator, **SMALL}
    spp = 64 if integrator == "bdpt" else 256
    pictures = [
        render_batches(half_room(cut), 32, spp, seed=seed, **options)
        for seed, cut in enumerate((True, False))
    ]
    assert check_batches(*pictures) > LEVEL


def test_cut_glass_is_glass_with_another_side():
    red = rw.HomogeneousMedium((0.2, 0.8, 0.9))
    glass = rw.Dielectric(1.5, interior=red)
    camera = rw.PerspectiveCamera(look_from=(1.5, 1.0, 4), look_at=(0, 0, 0), vfov=35)

    def scene(cut):
        box = rw.Box((0.25, 0, 0), (1.5, 1, 1), material=glass)
        if not cut:
            box = rw.Box((-0.15, 0, 0), (0.7, 1, 1), material=glass)
        clip = [rw.Plane((0.2, 0, 0), (3, 0, 0))] if cut else []
        return rw.Scene([box], emitters=[SKY], camera=camera, clip=clip, caps=True)

    for integrator in ("path", "volpath"):
        pictures = [
            render_batches(
                scene(cut), 24, 128, seed=k, integrator=integrator, max_depth=12, **SMALL
            )
            for k, cut in enumerate((True, False))
        ]
        assert check_batches(*pictures) > LEVEL


def test_volumes_are_cut():
    black = rw.TransferFunction(0.0, extinction=1.0, density=0.6)
    volume = rw.Volume(
        np.ones((4, 4, 8)), spacing=0.25, origin=(-0.375, -0.375, -0.875), transfer=black
    )
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=1e-3)
    planes = [rw.Plane((0, 0, 0.5), (0, 0, 1)), rw.Plane((0, 0, -0.75), (0, 0, -1))]
    scene = rw.Scene([volume], camera=camera, emitters=[rw.ConstantEnvironment(1)], clip=planes)
    with pytest.warns(rw.PictureWarning):
        picture = rw.render(scene, **SMALL, spp=16, alpha=True)
    np.testing.assert_allclose(picture.alpha, 1 - np.exp(-0.6 * 1.25), atol=2e-4)


X, Y, Z = np.meshgrid(*[np.linspace(-1, 1, n) for n in (14, 15, 16)], indexing="ij")
BALL = rw.isosurface(
    X * X + Y * Y + Z * Z, 0.7, spacing=(2 / 13, 2 / 14, 2 / 15), origin=(-1, -1, -1)
)
BALL = BALL.replace(faces=BALL.faces[:, ::-1], normals=None)  # the field grows outwards
CLOSED = {
    "ball": rw.Sphere((0, 0, 0), 1),
    "box": rw.Box((0, 0, 0), (1.6, 1.4, 1.2), rotation=(20, 30, 40)),
    "tube": rw.Cylinder((0, -0.7, 0), (0.2, 0.7, 0), 0.6),
    "cone": rw.Cone((0, -0.7, 0), (0.2, 0.9, 0), 0.8),
    "balls": rw.Spheres([(0, 0, 0), (0.9, 0, 0), (0.3, 0.2, 0)], [0.8, 0.6, 0.3]),
    "mesh": BALL,
    "copies": rw.Instances(BALL, [np.eye(4), np.diag([0.5, 0.4, 0.7, 1.0])]),
}
unit = st.floats(-1, 1)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(sorted(CLOSED)),
    st.tuples(unit, unit, unit).filter(lambda n: np.linalg.norm(n) > 0.1),
    st.floats(-0.5, 0.5),
    st.tuples(unit, unit, unit).filter(lambda n: np.linalg.norm(n) > 0.1),
)
def test_with_caps_nobody_ever_looks_inside(name, normal, place, eye):
    shape = CLOSED[name]
    n = np.array(normal) / np.linalg.norm(normal)
    eye = 4 * np.array(eye) / np.linalg.norm(eye)
    camera = rw.PerspectiveCamera(
        look_from=eye, look_at=(0.01, 0.02, 0.03), up=(0.3, 1, 0.2), vfov=35
    )
    planes = [rw.Plane(place * n, n)]
    scene = rw.Scene([shape], emitters=[SKY], camera=camera, clip=planes, caps=True)
    picture = rw.render(
        scene, width=24, height=24, spp=2, integrator="normals", aovs=["normal", "position"]
    )
    normals, towards = picture.aovs["normal"], eye - picture.aovs["position"]
    facing = np.sum(normals * towards, axis=2) / np.linalg.norm(towards, axis=2)
    # A pixel on a rim holds two samples of two surfaces: its normals are not of length 1.
    inside = (np.linalg.norm(normals, axis=2) > 0.999) & (facing < -0.02)
    assert not inside.any()
