"""Textures in kernels against their twins in numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_drivers import NO_CAMERA, compiled

import raywidget as rw
from raywidget.kernels.geometry.attributes import hit_color
from raywidget.kernels.geometry.clipping import find_closest
from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.geometry.surface_point import Hit
from raywidget.kernels.integrators.tile import view_scene
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.pinned import pinned
from raywidget.kernels.language.vec3 import vec3
from raywidget.kernels.layout import (
    CHECKERBOARD,
    MISS,
    RAMP,
    TEXTURE_CHILDREN,
    TEXTURE_CODES_SIZE,
    TEXTURE_KIND,
    TEXTURE_SIZE,
)
from raywidget.kernels.lights.emitter import emission_at
from raywidget.kernels.surfaces.bsdf import load_bsdf, make_parameters
from raywidget.kernels.surfaces.texture import eval_painted


@device
def _at(hit: Hit, u: float, v: float) -> Hit:
    """The same with other surface coordinates."""
    return Hit(
        hit.p,
        hit.ng,
        hit.ns,
        u,
        v,
        hit.t,
        hit.offset,
        hit.material,
        hit.light,
        hit.shape,
        hit.primitive,
        hit.slot,
        hit.instance,
        hit.b1,
        hit.b2,
        hit.cap,
    )


@entry
def _colors(tables, camera, uv, colors, glow):
    scene = pinned(view_scene(tables, camera))
    o = vec3(0.0, 0.0, 5.0)
    d = vec3(0.0, 0.0, -1.0)
    on_ball = make_hit(scene, o, d, find_closest(scene, o, d, np.float32(np.inf)))
    for i in range(len(uv)):
        hit = _at(on_ball, uv[i, 0], uv[i, 1])
        if glow:
            color = emission_at(scene, hit)
        else:
            color = eval_painted(scene, 0, hit)
        colors[i, 0] = color.x
        colors[i, 1] = color.y
        colors[i, 2] = color.z


def colors_of(texture, uv, glow=False):
    material = rw.Emissive(texture) if glow else rw.Diffuse(texture)
    tables = compiled([rw.Sphere((0, 0, 0), 1, material=material)])
    colors = np.zeros((len(uv), 3), np.float32)
    assert len(tables.textures) == 1
    _colors(tables, NO_CAMERA, np.ascontiguousarray(uv, np.float32), colors, glow)
    return colors


def test_nothing_is_read_before_the_first_texture():
    tables = compiled([rw.Sphere((0, 0, 0), 1, material=rw.Diffuse(rw.Checkerboard(0.2, 0.8)))])
    codes = np.zeros((33, TEXTURE_CODES_SIZE), np.int32)
    codes[:, TEXTURE_KIND] = CHECKERBOARD
    codes[:, TEXTURE_CHILDREN : TEXTURE_CHILDREN + 2] = 1  # what is read there leads to a ramp
    codes[32, TEXTURE_KIND] = RAMP
    codes[31] = tables.texture_codes[0]
    numbers = np.full((33, TEXTURE_SIZE), 9.0, np.float32)
    numbers[31] = tables.textures[0]
    guarded = tables._replace(texture_codes=codes[31:], textures=numbers[31:])
    uv = np.array([(0.25, 0.25), (0.25, 0.75), (0.75, 0.75)], np.float32)
    found = []
    for told in (tables, guarded):
        colors = np.zeros((3, 3), np.float32)
        _colors(told, NO_CAMERA, uv, colors, False)
        found.append(colors)
    np.testing.assert_array_equal(found[1], found[0])
    assert set(np.round(found[0].ravel(), 5)) <= {np.float32(0.2), np.float32(0.8)}


@entry
def _look(tables, camera, origins, found):
    scene = pinned(view_scene(tables, camera))
    room = make_parameters()
    d = vec3(0.0, 0.0, -1.0)
    for i in range(len(origins)):
        o = vec3(origins[i, 0], origins[i, 1], 1.0)
        ray = find_closest(scene, o, d, np.float32(np.inf))
        if ray.slot == MISS:
            continue
        hit = make_hit(scene, o, d, ray)
        bsdf = load_bsdf(scene, hit, hit.material, room)
        own = hit_color(scene, hit)
        found[i, 0] = bsdf.color.x
        found[i, 1] = bsdf.color.y
        found[i, 2] = bsdf.color.z
        found[i, 3] = bsdf.alpha
        found[i, 4] = hit.u
        found[i, 5] = hit.v
        found[i, 6] = own.x
        found[i, 7] = own.y
        found[i, 8] = own.z


def look_at(shape, count=500):
    """Colours, alphas, coordinates and own colours at random points of a shape in [0, 1]^2."""
    origins = np.random.default_rng(0).random((count, 2), np.float32)
    found = np.full((count, 9), -1, np.float32)
    _look(compiled([shape]), NO_CAMERA, origins, found)
    found = found[found[:, 4] >= 0]
    assert len(found) > count / 3
    return found[:, :3], found[:, 3], found[:, 4:6], found[:, 6:]


def plate(material):
    return rw.Quad((0, 0, 0), (1, 0, 0), (0, 1, 0), material=material)


PIXELS = np.random.default_rng(5).random((5, 7, 3))
COORDINATES = np.concatenate(
    [
        np.random.default_rng(0).uniform(-3, 3, (3000, 2)),
        np.stack(np.meshgrid([-1, -0.5, 0, 0.25, 0.5, 1, 2], [-2, 0, 0.1, 0.5, 1]), -1).reshape(
            -1, 2
        ),
    ]
).astype(np.float32)


@pytest.mark.parametrize("scale", [1, (3, 5), (-2, 0.25)])
def test_checkerboards_are_those_of_the_description(scale):
    texture = rw.Checkerboard((0.1, 0.2, 0.3), (0.9, 0.8, 0.7), scale=scale)
    colors = colors_of(texture, COORDINATES)
    np.testing.assert_allclose(colors, texture.evaluate(COORDINATES), rtol=1e-7)
    assert 0.3 < (colors[:, 0] < 0.5).mean() < 0.7


@pytest.mark.parametrize("wrap", ["repeat", "mirror", "clamp", ("clamp", "mirror")])
@pytest.mark.parametrize("filter", ["bilinear", "nearest"])
@pytest.mark.parametrize("kind", ["floats", "grey floats", "bytes", "linear bytes", "one byte"])
def test_images_are_those_of_the_description(wrap, filter, kind):
    pixels = PIXELS if "float" in kind else (PIXELS * 255).astype(np.uint8)
    if kind in ("grey floats", "one byte"):
        pixels = pixels[:, :, 1]
    encoding = "linear" if kind == "linear bytes" else None
    texture = rw.ImageTexture(
        pixels, wrap=wrap, filter=filter, encoding=encoding, scale=(1.5, -0.75), offset=(0.1, 2.3)
    )
    colors = colors_of(texture, COORDINATES)
    expected = texture.evaluate(COORDINATES.astype(np.float64))
    difference = np.abs(colors - expected).max(axis=1)
    # A coordinate that is rounded across the edge of a pixel sees its neighbour.
    assert (difference > 3e-6).mean() < (0.002 if filter == "nearest" else 1e-9) + 1e-9


def test_v_points_up_and_u_to_the_right():
    pixels = np.array([[(1, 0, 0), (0, 1, 0)], [(0, 0, 1), (1, 1, 1)]], float)
    uv = [(0.25, 0.75), (0.75, 0.75), (0.25, 0.25), (0.75, 0.25)]  # pixel centres
    for filter in ("nearest", "bilinear"):
        texture = rw.ImageTexture(pixels, filter=filter)
        np.testing.assert_array_equal(texture.evaluate(uv), pixels.reshape(4, 3))
        np.testing.assert_array_equal(colors_of(texture, uv), pixels.reshape(4, 3))


def test_bytes_are_decoded_by_the_srgb_curve():
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    centres = (np.arange(16) + 0.5) / 16
    uv = np.stack(np.meshgrid(centres, centres[::-1]), axis=-1).reshape(-1, 2)
    value = np.arange(256) / 255  # IEC 61966-2-1
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    colors = colors_of(rw.ImageTexture(pixels), uv)
    np.testing.assert_array_equal(colors, np.repeat(linear.astype(np.float32)[:, None], 3, axis=1))
    np.testing.assert_array_equal(
        colors_of(rw.ImageTexture(pixels, encoding="linear"), uv)[:, 0], value.astype(np.float32)
    )


def test_gradients_are_those_of_the_description():
    for axis in ("u", "v"):
        texture = rw.Gradient((0.1, 0.2, 0.9), (1, 0, 0.5), axis=axis)
        np.testing.assert_allclose(
            colors_of(texture, COORDINATES), texture.evaluate(COORDINATES), atol=1e-6
        )


@given(st.floats(-1e30, 1e30), st.floats(-1e30, 1e30))
@settings(max_examples=50, deadline=None)
def test_far_coordinates_are_harmless(u, v):
    for texture in (rw.ImageTexture(PIXELS), rw.Gradient(0, 1)):
        colors = colors_of(texture, np.array([(u, v)]))
        assert np.all((colors >= 0) & (colors <= 1 + 1e-6))


def test_an_emission_may_be_a_texture():
    texture = rw.ImageTexture(PIXELS, factor=(1, 20, 300))
    np.testing.assert_allclose(
        colors_of(texture, COORDINATES, glow=True), texture.evaluate(COORDINATES), rtol=2e-4
    )
    np.testing.assert_allclose(texture.mean(), PIXELS.mean(axis=(0, 1)) * (1, 20, 300))


def test_checkerboards_of_textures():
    inner = rw.Checkerboard(0.2, rw.ImageTexture(PIXELS), scale=16)
    texture = rw.Checkerboard(rw.Gradient(0, 1), inner, scale=4)
    colors, _, uv, _ = look_at(plate(rw.Diffuse(texture)))
    np.testing.assert_allclose(colors, texture.evaluate(uv), atol=1e-5)


def test_numbers_take_the_mean_of_the_channels_and_roughness_is_squared():
    pixels = rw.ImageTexture(PIXELS)
    colors, alpha, uv, _ = look_at(plate(rw.Metal(rw.Gradient(0.1, 0.3), pixels)))
    np.testing.assert_allclose(alpha, pixels.evaluate(uv).mean(axis=1) ** 2, atol=1e-5)
    np.testing.assert_allclose(colors, rw.Gradient(0.1, 0.3).evaluate(uv), atol=1e-6)


@pytest.mark.parametrize("given", [True, False])
def test_attributes_are_the_colours_of_the_shape(given):
    generator = np.random.default_rng(2)
    vertices = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    faces = [(0, 1, 2), (0, 2, 3)]
    options = {"material": rw.Diffuse(rw.Attribute("color"))} if given else {}
    mesh = rw.Mesh(vertices, faces, colors=generator.random((4, 3)), **options)
    colors, _, _, own = look_at(mesh)
    np.testing.assert_array_equal(colors, own)
    assert np.unique(own[:, 0]).size > 100
    # A material that does not ask for them does not get them.
    colors, *_ = look_at(mesh.replace(material=rw.Diffuse(0.3)))
    assert np.unique(colors).size == 1


def test_a_texture_is_packed_once():
    texture = rw.ImageTexture(PIXELS)
    shapes = [plate(rw.Metal(texture, texture)), plate(rw.Diffuse(texture))]
    tables = compiled(shapes)
    assert len(tables.textures) == 1
    assert len(tables.texels) == 512 + PIXELS.size


def two_ways(copied, **more):
    """A square whose picture lies by the second coordinates, and one that has them as its first."""
    rng = np.random.default_rng(4)
    corners = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    faces = [(0, 1, 2), (0, 2, 3)]
    second = rng.uniform(-2, 2, (4, 2)).astype(np.float32)
    picture = rw.ImageTexture(rng.random((5, 6, 3)).astype(np.float32), wrap=("mirror", "clamp"))
    by_second = rw.Diffuse(picture.replace(uvs=2))
    # A mesh before it, so that nothing stands in the first row of a table.
    other = rw.Mesh([(9, 9, 0), (10, 9, 0), (9, 10, 0)], [(0, 1, 2)], uvs=np.ones((3, 2)))
    for uvs, uvs2, material in (
        (more.get("uvs"), second, by_second),
        (second, None, rw.Diffuse(picture)),
    ):
        mesh = rw.Mesh(
            corners,
            faces,
            uvs=uvs,
            uvs2=uvs2,
            material=material,
            **{k: a for k, a in more.items() if k != "uvs"},
        )
        yield [other, rw.Instances(mesh, [np.eye(4)]) if copied else mesh]


@pytest.mark.parametrize("copied", [False, True])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"uvs": np.zeros((4, 2))},
        {"uvs": np.ones((4, 2)), "normals": np.tile((0, 0.6, 0.8), (4, 1))},
        {"colors": np.ones((4, 3)) * 0.5},
    ],
)
def test_second_coordinates(copied, more):
    results = []
    for shapes in two_ways(copied, **more):
        origins = np.random.default_rng(0).random((200, 2), np.float32)
        found = np.full((200, 9), -1, np.float32)
        _look(compiled(shapes), NO_CAMERA, origins, found)
        results.append(found)
    second, first = results
    assert np.array_equal(second[:, :3], first[:, :3])
    assert first[:, :3].std() > 0.05
    assert np.array_equal(second[:, 6:], first[:, 6:])  # colours of vertices are where they were


def test_second_coordinates_of_what_has_none():
    picture = rw.ImageTexture(np.random.default_rng(5).random((3, 4, 3)).astype(np.float32))
    for make in (
        plate,
        lambda m: rw.Sphere((0.5, 0.5, 0), 0.5, material=m),
        lambda m: rw.Mesh([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)], material=m),
    ):
        second, first = (
            look_at(make(rw.Diffuse(texture)))[0] for texture in (picture.replace(uvs=2), picture)
        )
        assert np.array_equal(second, first)


@pytest.mark.parametrize("copied", [False, True])
def test_light_by_second_coordinates(copied):
    """Found by next-event estimation and by scattering: the same picture to the last bit."""
    pictures = []
    for shapes in two_ways(copied):
        mesh = shapes[1].mesh if copied else shapes[1]
        lamp = mesh.replace(material=rw.Emissive(mesh.material.color))
        lamp = rw.Instances(lamp, [rw.transforms.translate(0, 0, 1)]) if copied else lamp
        camera = rw.PerspectiveCamera(
            look_from=(0.5, -3, 1.5), look_at=(0.5, 0.5, 1.5), up=(0, 0, 1), vfov=60
        )
        floor = rw.Quad((-2, -2, 2.5), (0, 4, 0), (4, 0, 0), material=rw.Diffuse(0.8))
        scene = rw.Scene([shapes[0], lamp, floor], camera=camera)
        pictures.append(rw.render(scene, width=16, height=12, spp=4, progress=False).pixels)
    assert np.array_equal(*pictures)
    assert pictures[0].max() > 0.01
