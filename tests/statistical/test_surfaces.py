"""Masks, mixtures and normal maps in whole pictures, and every material with and without NEE."""

import numpy as np
import pytest
from significance import LEVEL, check_means, corrected, exactly, picture_statistics

import raywidget as rw
from raywidget import transforms as tf

pytestmark = pytest.mark.statistical

SMALL = {"width": 12, "height": 9}
SHAPE = (9, 12, 3)
DOWN = rw.PerspectiveCamera(look_from=(0, 4, 3), look_at=(0, 0, 0), vfov=25)


def sheet(material, height=1.0, size=8.0):
    return rw.Quad((-size / 2, height, size / 2), (size, 0, 0), (0, 0, -size), material=material)


# --- Opacity --------------------------------------------------------------------------------------


@pytest.mark.parametrize("opacity", [0.0, 0.25, 1.0])
def test_a_black_sheet_lets_through_what_it_does_not_cover(opacity):
    veil = sheet(rw.Diffuse(0, opacity=opacity))
    scene = rw.Scene([veil], emitters=[rw.ConstantEnvironment((1, 2, 3))], camera=DOWN)
    picture = picture_statistics(scene, max_depth=1, **SMALL)
    expected = (1 - opacity) * np.array((1.0, 2.0, 3.0))
    assert check_means(picture, exactly(expected, SHAPE), rounding=1e-6) > LEVEL


def test_many_veils_multiply():
    veils = [sheet(rw.Diffuse(0, opacity=0.1), 0.01 * k) for k in range(20)]
    scene = rw.Scene(veils, emitters=[rw.ConstantEnvironment(1)], camera=DOWN)
    picture = picture_statistics(scene, max_depth=1, **SMALL)
    assert check_means(picture, exactly(0.9**20, SHAPE), rounding=1e-6) > LEVEL


def lamp_above(*more, next_event=True):
    lamp = rw.Quad((-1, 3, -1), (2, 0, 0), (0, 0, 2), material=rw.Emissive(4))
    assert lamp.normal[1] < 0
    shapes = [sheet(rw.Diffuse((0.8, 0.5, 0.2)), 0.0), lamp, *more]
    camera = rw.PerspectiveCamera(look_from=(0, 0.9, 3), look_at=(0, 0, 0), vfov=25)
    scene = rw.Scene(shapes, camera=camera)
    return picture_statistics(scene, max_depth=2, next_event=next_event, **SMALL)


@pytest.mark.parametrize("next_event", [True, False])
@pytest.mark.parametrize("kind", ["number", "texture"])
def test_half_a_sheet_casts_half_a_shadow(next_event, kind):
    half = 0.5 if kind == "number" else rw.Gradient(0.5, (0.2, 0.3, 1.0), axis="u").replace(top=0.5)
    veil = sheet(rw.Diffuse(0, opacity=half), 2.0)
    plain = lamp_above()
    expected = plain._replace(mean=plain.mean / 2, variance=plain.variance / 4)
    assert check_means(lamp_above(veil, next_event=next_event), expected) > LEVEL


def test_a_mask_has_holes():
    holes = rw.Checkerboard(1, 0, scale=(2, 1))  # opaque for u < 1/2
    veil = sheet(rw.Diffuse(0, opacity=holes))
    scene = rw.Scene([veil], emitters=[rw.ConstantEnvironment(1)], camera=DOWN)
    pixels = np.asarray(rw.render(scene, spp=4, max_depth=1, **SMALL))[..., 0]
    assert np.all(pixels[:, :6] == 0)
    assert np.all(pixels[:, 6:] == 1)


def test_what_emits_must_be_opaque():
    for make in (
        lambda: rw.Diffuse(1, emission=1, opacity=0.5),
        lambda: rw.Sphere((0, 0, 0), 1, material=rw.Diffuse(1, opacity=0.5), emission=1),
    ):
        with pytest.raises(rw.SceneError, match="opa"):
            make()


# --- Mixtures -------------------------------------------------------------------------------------

SKY = [rw.GradientEnvironment(top=(1, 2, 3), bottom=0.5)]
A, B = rw.Diffuse((0.9, 0.2, 0.1)), rw.Metal((0.3, 0.6, 0.9), 0.4)


def picture_of(material, **settings):
    lamp = rw.Sphere((1.5, 3, 1), 0.7, emission=9)
    scene = rw.Scene([sheet(material, 0.0), lamp], emitters=SKY, camera=DOWN)
    return picture_statistics(scene, **{"max_depth": 2, **SMALL, **settings})


def one_color(value):
    """A texture that is the same everywhere."""
    return rw.Gradient(value, value)


@pytest.mark.parametrize("next_event", [True, False])
def test_a_mixture_is_the_mean_of_its_parts(next_event):
    a, b = picture_of(A, seed=1), picture_of(B, seed=2)
    painted, rough = A.replace(color=one_color(A.color)), B.replace(roughness=one_color(0.4))
    for mixture, share in (
        (rw.Mix(A, B, 0.3), 0.3),
        (rw.Mix(A, B, rw.Gradient(0.3, 0.3)), 0.3),
        (rw.Mix(painted, rough, 0.3), 0.3),
        (rw.Mix(rw.Mix(B, A, 0.25), rw.Mix(A, B, 0.5), 0.4), 0.6 * 0.75 + 0.4 * 0.5),
    ):
        expected = a._replace(
            mean=a.mean * (1 - share) + b.mean * share,
            variance=a.variance * (1 - share) ** 2 + b.variance * share**2,
        )
        many = {} if next_event else {"batches": 96, "per_batch": 128}  # the lamp is small
        mixed = picture_of(mixture, next_event=next_event, **many)
        assert check_means(mixed, expected) > corrected(LEVEL, 4)


def test_a_mixture_may_have_holes():
    mixture = rw.Mix(rw.Diffuse(0), rw.Diffuse(0), opacity=0.25)
    scene = rw.Scene([sheet(mixture)], emitters=[rw.ConstantEnvironment(1)], camera=DOWN)
    picture = picture_statistics(scene, max_depth=1, **SMALL)
    assert check_means(picture, exactly(0.75, SHAPE), rounding=1e-6) > LEVEL


# --- Normal maps ----------------------------------------------------------------------------------

TILT = np.array([0.3, 0.5, 0.8]) / np.linalg.norm([0.3, 0.5, 0.8])  # along u, along v, normal
SUN = np.array([0.3, 0.8, 0.5]) / np.linalg.norm([0.3, 0.8, 0.5])


def tilted(**options):
    pixels = np.broadcast_to(0.5 + 0.5 * TILT, (1, 1, 3))
    return rw.Diffuse(1, normal_map=rw.ImageTexture(pixels), **options)


def shading(shape, look_from):
    """What the middle of a picture shows of a white shape in the sun: cos / pi."""
    sun = rw.DirectionalLight(direction=-SUN, irradiance=1)
    camera = rw.PerspectiveCamera(look_from=look_from, look_at=(0, 0, 0), vfov=0.01)
    scene = rw.Scene([shape], emitters=[sun], camera=camera)
    return float(np.asarray(rw.render(scene, width=2, height=2, spp=1, max_depth=2))[0, 0, 0])


def lambert(u, v, n, tilt=TILT):
    normal = np.array(u) * tilt[0] + np.array(v) * tilt[1] + np.array(n) * tilt[2]
    return normal @ SUN / np.linalg.norm(normal) / np.pi


X, Y, Z = np.eye(3)


def test_a_tilted_normal_shades_like_a_tilted_surface():
    quad = rw.Quad((-1, 0, 1), (2, 0, 0), (0, 0, -2), material=tilted())
    assert shading(quad, (0.1, 5, 0.2)) == pytest.approx(lambert(X, -Z, Y), rel=1e-5)
    assert shading(quad.replace(material=rw.Diffuse(1)), (0, 5, 0.1)) == pytest.approx(
        SUN[1] / np.pi
    )
    scaled = quad.replace(material=tilted(normal_scale=0.5))
    expected = lambert(X, -Z, Y, TILT * (0.5, 0.5, 1))
    assert shading(scaled, (0.1, 5, 0.2)) == pytest.approx(expected, rel=1e-5)


def test_normal_maps_of_spheres_and_round_shapes():
    # Seen from +z; u runs from x to z there towards -x, v up.
    ball = rw.Sphere((0, 0, -1), 1, material=tilted())
    assert shading(ball, (0, 0, 5)) == pytest.approx(lambert(-X, Y, Z), rel=1e-4)
    tube = rw.Cylinder((0, -2, -1), (0, 2, -1), 1, material=tilted())
    u = X  # counter-clockwise about the axis +y, seen from above
    assert shading(tube, (0, 0, 5)) == pytest.approx(lambert(u, Y, Z), rel=1e-3)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("copied", [None, 1, -1])
def test_normal_maps_follow_texture_coordinates(mirrored, copied):
    vertices = np.array([(-1, 0, 1), (1, 0, 1), (1, 0, -1), (-1, 0, -1)], float)
    uvs = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    if mirrored:
        uvs[:, 0] = -uvs[:, 0]
    mesh = rw.Mesh(vertices, [(0, 1, 2), (0, 2, 3)], uvs=uvs, material=tilted())
    u = -X if mirrored else X
    if copied is not None:
        mesh = rw.Instances(mesh, [tf.scale(1, 1, copied)])
    v = Z if copied == -1 else -Z
    assert shading(mesh, (0.1, 5, 0.2)) == pytest.approx(lambert(u, v, Y), rel=1e-5)


def test_a_part_of_a_mixture_takes_its_normal_map():
    plain = rw.Diffuse(1)
    bumps = rw.ImageTexture(np.broadcast_to(0.5 + 0.5 * TILT, (1, 1, 3)))
    quad = rw.Quad(
        (-1, 0, 1), (2, 0, 0), (0, 0, -2), material=rw.Mix(plain, plain, normal_map=bumps)
    )
    assert shading(quad, (0.1, 5, 0.2)) == pytest.approx(lambert(X, -Z, Y), rel=1e-5)
    own = rw.Mix(
        plain.replace(normal_map=rw.Gradient((0.5, 0.5, 1), (0.5, 0.5, 1))),
        plain,
        0,
        normal_map=bumps,
    )
    assert shading(quad.replace(material=own), (0.1, 5, 0.2)) == pytest.approx(SUN[1] / np.pi)


def test_wild_normal_maps_make_no_light_and_no_nan():
    pixels = np.random.default_rng(0).random((32, 32, 3))
    for material in (
        rw.Diffuse(1, normal_map=rw.ImageTexture(pixels)),
        rw.Metal(1, 0.3, normal_map=rw.ImageTexture(pixels)),
        rw.Dielectric(1.5, roughness=0.3, normal_map=rw.ImageTexture(pixels)),
    ):
        ball = rw.Sphere((0, 0, 0), 1, material=material)
        scene = rw.Scene([ball], emitters=[rw.ConstantEnvironment(1)], camera=DOWN)
        picture = picture_statistics(scene, batches=16, max_depth=30, **SMALL)
        assert picture.mean.max() < 1.0 + 1e-5


# --- Every material, with and without next-event estimation ---------------------------------------

MATERIALS = {
    "gold": rw.Conductor("gold", roughness=0.4),
    "compensated": rw.Conductor("copper", roughness=0.8, compensate=True),
    "frosted": rw.Dielectric(1.5, roughness=0.5, color=(0.9, 0.7, 0.5)),
    "frosted, compensated": rw.Dielectric(1.5, roughness=0.8, compensate=True),
    "frosted pane": rw.Dielectric(1.5, roughness=0.5, thin=True),
    "textured": rw.Metal(rw.Checkerboard(0.9, (0.5, 0.2, 0.1), scale=9), rw.Gradient(0.2, 0.9)),
    "principled": rw.Principled(
        (0.9, 0.6, 0.3),
        metallic=0.5,
        roughness=0.4,
        clearcoat=0.7,
        sheen_color=0.3,
        sheen_roughness=0.5,
    ),
    "principled glass": rw.Principled(0.9, roughness=0.5, transmission=0.8),
    "bumpy": rw.Metal(
        0.9, 0.4, normal_map=rw.Checkerboard((0.6, 0.5, 0.9), (0.4, 0.45, 0.9), scale=7)
    ),
    "mixed": rw.Mix(rw.Diffuse(0.8), rw.Dielectric(1.5, roughness=0.6), rw.Gradient(0.2, 0.9)),
    "veiled": rw.Diffuse(0.8, opacity=rw.Checkerboard(0.3, 0.9, scale=5)),
}


@pytest.mark.parametrize("name", MATERIALS)
def test_next_event_estimation_changes_only_the_noise(name):
    material = MATERIALS[name]
    shapes = [
        sheet(rw.Diffuse(0.6), 0.0),
        rw.Sphere((0, 0.7, 0), 0.6, material=material),
        rw.Quad((-1.2, 0.02, -1), (0.4, 0, 0), (0, 1.5, 0), material=material),
        rw.Sphere((2.5, 3, 1), 1.2, emission=(3, 4, 5)),
        rw.Quad((-1, 0.2, 3), (0, 2, 0), (2, 0, 0), material=rw.Emissive(2)),
    ]
    scene = rw.Scene(shapes, camera=DOWN)
    settings = {"max_depth": 5, "roulette": False, "batches": 64, "per_batch": 64, **SMALL}
    with_lights = picture_statistics(scene, seed=1, **settings)
    without = picture_statistics(scene, seed=2, next_event=False, **settings)
    assert check_means(with_lights, without) > LEVEL


@pytest.mark.parametrize(
    "name", ["frosted, compensated", "mixed", "veiled", "bumpy", "principled glass"]
)
def test_bidirectional_paths_see_the_same_surfaces(name):
    material = MATERIALS[name]
    shapes = [
        sheet(rw.Diffuse(0.6), 0.0),
        rw.Sphere((0, 0.7, 0), 0.6, material=material),
        rw.Quad((-1.2, 0.02, -1), (0.4, 0, 0), (0, 1.5, 0), material=material),
        rw.Sphere((2.5, 3, 1), 1.2, emission=(3, 4, 5)),
    ]
    scene = rw.Scene(shapes, camera=DOWN)
    settings = {"max_depth": 5, "roulette": False, "batches": 48, "per_batch": 48, **SMALL}
    path = picture_statistics(scene, seed=1, **settings)
    both = picture_statistics(scene, seed=2, integrator="bdpt", **settings)
    assert check_means(path, both) > LEVEL


def test_previews_look_through_holes_and_into_mixtures():
    holes = rw.Checkerboard(1, 0, scale=(2, 1))
    shapes = [sheet(rw.Diffuse(0.2, opacity=holes)), sheet(rw.Mix(rw.Diffuse(0.8), A, 0), -2.0, 20)]
    scene = rw.Scene(shapes, camera=DOWN)
    pictures = {
        kind: np.asarray(rw.render(scene, integrator=kind, spp=1, **SMALL))
        for kind in ("albedo", "depth", "normals")
    }
    assert np.all(pictures["albedo"][:, :6] == np.float32(0.2))
    assert np.all(pictures["albedo"][:, 6:] == np.float32(0.8))
    depth = pictures["depth"][..., 0]
    np.testing.assert_allclose(depth[:, 6:].mean() / depth[:, :6].mean(), 2.0, rtol=0.02)
    np.testing.assert_allclose(pictures["normals"][4, 2], (0.5, 1, 0.5), atol=1e-6)
