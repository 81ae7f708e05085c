"""Pictures of which every pixel is known: slabs of glass, lenses, furnaces made of presets."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import roots_legendre
from significance import (
    LEVEL,
    check_means,
    corrected,
    exactly,
    picture_statistics,
    render_batches,
)

import raywidget as rw

pytestmark = pytest.mark.statistical

SMALL = {"width": 20, "height": 15}


def camera_rays(camera, width, height, order=3):
    """Directions through points of the pixels, (H, W, order, order, 3), and their weights."""
    nodes, weights = roots_legendre(order)
    offsets, weights = (nodes + 1) / 2, weights / 2
    right, up, forward = camera.frame()
    half = np.tan(np.radians(camera.vfov) / 2)
    x = (np.arange(width)[:, None] + offsets) / width * 2 - 1
    y = 1 - (np.arange(height)[:, None] + offsets) / height * 2
    d = forward + (half * y[:, None, :, None, None]) * up
    d = d + (half * width / height * x[None, :, None, :, None]) * right
    return d / np.linalg.norm(d, axis=-1, keepdims=True), weights[:, None] * weights


# --- Snell and Fresnel on a slab ------------------------------------------------------------------


def fresnel(cos_i, eta):
    cos_t = np.sqrt(1 - (1 - cos_i**2) / eta**2)
    parallel = (eta * cos_i - cos_t) / (eta * cos_i + cos_t)
    perpendicular = (cos_i - eta * cos_t) / (cos_i + eta * cos_t)
    return (parallel**2 + perpendicular**2) / 2


@pytest.mark.parametrize("ior", [1.1, 1.5, 2.4])
@pytest.mark.parametrize("tilt", [0.0, 1.0, 3.0])
def test_a_panel_seen_through_a_slab(ior, tilt):
    # The light that crosses the slab once, three times, ... comes from ever farther places of the
    # panel, whose radiance grows linearly along x.
    thickness, depth, half, glow = 1.0, 2.0, 60.0, 4.0
    camera = rw.PerspectiveCamera(
        look_from=(-tilt, 3, 0.2), look_at=(0, 0, 0), up=(0, 0, -1), vfov=25
    )
    slab = rw.Box(
        (0, -thickness / 2, 0), (2 * half, thickness, 2 * half), material=rw.Dielectric(ior)
    )
    panel = rw.Quad(
        (-half, -depth, half),
        (2 * half, 0, 0),
        (0, 0, -2 * half),
        material=rw.Emissive(rw.Gradient((0, glow, 1), (glow, 0, 1), axis="u")),
    )
    scene = rw.Scene([slab, panel], camera=camera)
    # So many that each pixel sees a reflection, also of the few at an index of 1.1.
    picture = picture_statistics(scene, max_depth=60, per_batch=256, **SMALL)

    d, weights = camera_rays(camera, 20, 15)
    cos = -d[..., 1]
    sin = np.sqrt(1 - cos**2)
    cos_t = np.sqrt(1 - (sin / ior) ** 2)
    reflectance = fresnel(cos, ior)
    tan, tan_t = sin / cos, sin / ior / cos_t
    along_x = d[..., 0] / np.maximum(np.hypot(d[..., 0], d[..., 2]), 1e-12)
    straight = camera.look_from[0] + along_x * tan * (3.0 + depth - thickness)
    expected = 0.0
    for crossings in range(1, 60, 2):
        share = (1 - reflectance) ** 2 * reflectance ** (crossings - 1)
        x = straight + along_x * tan_t * thickness * crossings
        t = (x + half) / (2 * half)
        red = glow * t
        expected = expected + share[..., None] * np.stack([red, glow - red, np.ones_like(t)], -1)
    expected = (expected * weights[..., None]).sum(axis=(2, 3))
    assert check_means(picture, exactly(expected, (15, 20, 3)), rounding=1e-4) > LEVEL


# --- A thin lens ----------------------------------------------------------------------------------


@pytest.mark.parametrize("distance", [3.0, 4.0, 12.0])
def test_the_circle_of_confusion(distance):
    # A small ball at some distance is spread over a disc whose radius in the plane in focus is
    # aperture * |distance - focus| / distance; a disc has a mean square radius of half its square.
    aperture, focus, radius, size, vfov = 0.3, 5.0, 0.02, 63, 24.0
    camera = rw.PerspectiveCamera(
        look_from=(0, 0, 0),
        look_at=(0, 0, -1),
        vfov=vfov,
        aperture_radius=aperture,
        focus_distance=focus,
    )
    spot = rw.Sphere((0, 0, -distance), radius, material=rw.Emissive(100))
    batches = render_batches(
        rw.Scene([spot], camera=camera), 32, 128, width=size, height=size, max_depth=1
    )[..., 0]
    pixel = 2 * focus * np.tan(np.radians(vfov / 2)) / size  # in the plane in focus
    places = (np.arange(size) - (size - 1) / 2) * pixel
    square = places[:, None] ** 2 + places**2
    confusion = aperture * abs(distance - focus) / distance
    own = radius * focus / distance
    # The ball's outline is seen a little larger than its radius: r / sqrt(1 - (r / d)^2).
    expected = (confusion**2 + own**2) / 2 + 2 * pixel**2 / 12
    excess = ((square - expected) * batches).sum(axis=(1, 2))  # 0 in the mean
    scale = batches.sum(axis=(1, 2)).mean() * expected
    t = abs(excess.mean()) / max(excess.std(ddof=1) / np.sqrt(len(excess)), 2e-3 * scale)
    assert 2 * stats.t.sf(t, len(excess) - 1) > corrected(LEVEL, 3)
    # And no light is lost: a ball of radiance L sends pi L (r / d)^2 cos^4 ~ through the pinhole.
    solid_angle = np.pi * radius**2 / distance**2
    of_pixel = (pixel / focus) ** 2
    total = batches.sum(axis=(1, 2)) * of_pixel / (100 * solid_angle)
    # Rays through the rim of the lens meet the ball at an angle: 1 % covers their cosines.
    assert total.mean() == pytest.approx(1.0, abs=0.01 + 4 * total.std() / np.sqrt(len(total)))


# --- Furnaces made of presets ---------------------------------------------------------------------


def whitened(material):
    """The same kind of material, without losses."""
    if isinstance(material, rw.Metal):
        return rw.Metal(1)
    if isinstance(material, rw.Dielectric):
        return rw.Dielectric(material.ior)
    if isinstance(material, rw.Coated):
        return rw.Coated(rw.Diffuse(1), ior=material.ior)
    return rw.Diffuse(1)


@pytest.mark.parametrize("name", ["cornell", "cornell-boxes", "default", "trianglemesh"])
def test_presets_vanish_in_a_furnace(name):
    scene = rw.presets.preset(name)
    shapes = [
        s.replace(material=whitened(s.material), emission=None)
        for s in scene.shapes
        if s.radiance is None
    ]
    white = scene.replace(shapes=shapes, emitters=[rw.ConstantEnvironment(1)])
    picture = picture_statistics(white, per_batch=16, max_depth=5000, **SMALL)
    assert check_means(picture, exactly(1.0, (15, 20, 3)), rounding=2e-4) > LEVEL


def test_a_picture_times_the_colours_of_vertices():
    """A tinted picture is as bright as the product says, in the whole picture."""
    corners = [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]
    uvs = [(0, 0), (1, 0), (1, 1), (0, 1)]
    tint, paint = np.array((0.5, 0.25, 0.75)), np.array((0.8, 0.4, 0.2))
    picture = rw.ImageTexture(np.tile(paint, (2, 2, 1)))
    mesh = rw.Mesh(
        corners,
        [(0, 1, 2), (0, 2, 3)],
        uvs=uvs,
        colors=[tint] * 4,
        material=rw.Diffuse(rw.Attribute("color", times=picture)),
    )
    camera = rw.OrthographicCamera(look_from=(0, 0, 3), look_at=(0, 0, 0), height=1)
    scene = rw.Scene([mesh], emitters=[rw.DirectionalLight((0, 0, -1), np.pi)], camera=camera)
    size = {"width": 6, "height": 4}
    found = picture_statistics(scene, max_depth=2, batches=4, per_batch=1, **size)
    assert check_means(found, exactly(tint * paint, (4, 6, 3)), rounding=1e-5) > LEVEL


@pytest.mark.parametrize("tilt", [0.0, 3.0])
@pytest.mark.parametrize("glass", ["principled", "dielectric"])
def test_a_slab_that_absorbs(glass, tilt):
    # Each crossing leaves the share exp(-sigma d / cos) of Beer and Lambert; the panel below is
    # even, above all is black.
    thickness, half = 1.0, 60.0
    sigma = np.array((0.2, 0.7, 1.6))
    medium = rw.HomogeneousMedium(tuple(sigma))
    material = rw.Dielectric(1.5, interior=medium)
    if glass == "principled":
        material = rw.Principled(1.0, transmission=1, roughness=0, ior=1.5, interior=medium)
    camera = rw.PerspectiveCamera(
        look_from=(-tilt, 3, 0.2), look_at=(0, 0, 0), up=(0, 0, -1), vfov=25
    )
    slab = rw.Box((0, -thickness / 2, 0), (2 * half, thickness, 2 * half), material=material)
    panel = rw.Quad((-half, -2, half), (2 * half, 0, 0), (0, 0, -2 * half), emission=(1, 2, 3))
    black = rw.Diffuse(0)
    scene = rw.Scene([slab, panel.replace(material=black)], camera=camera)
    picture = picture_statistics(scene, max_depth=40, per_batch=64, **SMALL)

    d, weights = camera_rays(camera, 20, 15)
    cos = -d[..., 1]
    cos_t = np.sqrt(1 - (1 - cos**2) / 1.5**2)
    reflectance = fresnel(cos, 1.5)[..., None]
    once = np.exp(-sigma * thickness / cos_t[..., None])
    through = (1 - reflectance) ** 2 * once / (1 - (reflectance * once) ** 2)
    expected = (np.array((1.0, 2.0, 3.0)) * through * weights[..., None]).sum(axis=(2, 3))
    assert check_means(picture, exactly(expected, (15, 20, 3)), rounding=5e-4) > LEVEL
