"""Surfaces of MaterialX in stages: numbers, pictures, and the nodes between."""

import numpy as np
import pytest
from PIL import Image
from usd_stages import BIND, ST, mesh, only, read

import raywidget as rw

PIXELS = np.random.default_rng(1).integers(20, 230, (2, 3, 3)).astype(np.uint8)


def material(inputs, nodes="", kind="standard_surface"):
    return (
        mesh(BIND + ST)
        + f"""def Material "Mat"
{{
    token outputs:mtlx:surface.connect = </Mat/S.outputs:out>
    def Shader "S"
    {{
        uniform token info:id = "ND_{kind}_surfaceshader"
        token outputs:out
{inputs}
    }}
    def NodeGraph "G"
    {{
        color3f outputs:color.connect = </Mat/G/Picture.outputs:out>
{nodes}
    }}
}}
"""
    )


def node(name, kind, body, output="out"):
    return f"""
        def Shader "{name}"
        {{
            uniform token info:id = "ND_{kind}"
            token outputs:{output}
{body}
        }}
"""


PICTURE = node("Picture", "image_color3", "            asset inputs:file = @map.png@")


@pytest.fixture
def folder(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "map.png")
    return tmp_path


def test_numbers_of_standard_surface(tmp_path):
    inputs = """
        float inputs:base = 0.5
        color3f inputs:base_color = (0.5, 0.25, 1)
        float inputs:metalness = 0.25
        float inputs:specular = 0.75
        color3f inputs:specular_color = (1, 0.5, 0.25)
        float inputs:specular_roughness = 0.625
        float inputs:specular_IOR = 1.75
        float inputs:coat = 0.5
        float inputs:coat_roughness = 0.125
        float inputs:sheen = 0.5
        color3f inputs:sheen_color = (1, 0.5, 0)
        float inputs:sheen_roughness = 0.75
        float inputs:emission = 4
        color3f inputs:emission_color = (1, 0.5, 0.25)
"""
    made = only(tmp_path, material(inputs)).material
    assert isinstance(made, rw.Principled)
    assert made.base_color == (0.25, 0.125, 0.5)
    assert (made.metallic, made.specular, made.roughness, made.ior) == (0.25, 0.75, 0.625, 1.75)
    assert made.specular_color == (1, 0.5, 0.25)
    assert (made.clearcoat, made.clearcoat_roughness) == (0.5, 0.125)
    assert (made.sheen_color, made.sheen_roughness) == ((0.5, 0.25, 0), 0.75)
    assert made.emission == (4, 2, 1)


def test_what_nobody_says_is_as_in_the_library(tmp_path):
    made = only(tmp_path, material("")).material
    np.testing.assert_allclose(made.base_color, 0.8)
    assert (made.metallic, made.roughness, made.ior) == (0.0, 0.2, 1.5)
    assert (made.clearcoat, made.transmission, made.emission) == (0.0, 0.0, None)
    made = only(tmp_path, material("", kind="open_pbr_surface")).material
    np.testing.assert_allclose(made.base_color, 0.8)
    assert made.roughness == 0.3
    made = only(tmp_path, material("", kind="gltf_pbr")).material
    assert (made.base_color, made.metallic, made.roughness) == ((1, 1, 1), 1.0, 1.0)


def test_glass(tmp_path):
    inputs = """
        float inputs:transmission = 1
        color3f inputs:transmission_color = (0.5, 1, 0.25)
        float inputs:specular_roughness = 0
"""
    made = only(tmp_path, material(inputs)).material
    assert (made.transmission, made.base_color, made.interior) == (1.0, (0.5, 1, 0.25), None)
    made = only(tmp_path, material(inputs + "        float inputs:transmission_depth = 2")).material
    assert made.base_color == (1, 1, 1)
    np.testing.assert_allclose(
        made.interior.absorption, (np.log(2) / 2, 0, np.log(4) / 2), atol=1e-7
    )
    made = only(tmp_path, material(inputs + "        bool inputs:thin_walled = 1")).material
    assert made.thin


def test_opacity_lets_light_pass(tmp_path):
    made = only(tmp_path, material("        color3f inputs:opacity = (0.25, 0.25, 0.25)")).material
    assert made.opacity == 0.25


def test_a_picture_behind_a_graph(folder):
    inputs = """
        color3f inputs:base_color.connect = </Mat/G.outputs:color>
        float inputs:base = 0.5
"""
    shape = only(folder, material(inputs, PICTURE))
    texture = shape.material.base_color
    assert np.array_equal(texture.pixels, PIXELS)
    assert texture.is_srgb
    assert texture.factor == (0.5, 0.5, 0.5)
    assert np.array_equal(shape.uvs, [(0, 0), (1, 0), (1, 1), (0, 1)])


def test_tiles_channels_and_products(folder):
    tiles = node(
        "Picture",
        "tiledimage_color3",
        """            asset inputs:file = @map.png@
            float2 inputs:uvtiling = (2, 3)
            float2 inputs:uvoffset = (0.25, 0.5)
            float2 inputs:texcoord.connect = </Mat/G/At.outputs:out>""",
    )
    nodes = [
        tiles,
        node("At", "geompropvalue_vector2", '            string inputs:geomprop = "st"'),
        node(
            "Green",
            "extract_color3",
            """            color3f inputs:in.connect = </Mat/G/Picture.outputs:out>
            int inputs:index = 1""",
        ),
        node(
            "Tinted",
            "multiply_color3",
            """            color3f inputs:in1.connect = </Mat/G/Picture.outputs:out>
            color3f inputs:in2 = (0.5, 0.25, 1)""",
        ),
    ]
    inputs = """
        color3f inputs:base_color.connect = </Mat/G/Tinted.outputs:out>
        float inputs:specular_roughness.connect = </Mat/G/Green.outputs:out>
"""
    made = only(folder, material(inputs, "".join(nodes))).material
    assert made.base_color.factor == (0.5, 0.25, 1.0)
    assert (made.base_color.scale, made.base_color.offset) == ((2, 3), (-0.25, -0.5))
    green = PIXELS[:, :, 1:2]
    # One channel of a picture of colours: as the picture means it.
    at = [((0.5 / 3 + 0.25) / 2, (0.75 + 0.5) / 3)]
    found = made.roughness.evaluate(at)[0, :1]
    np.testing.assert_allclose(found, rw.decode_srgb(green[0, 0] / 255.0), rtol=1e-6)


def test_address_modes(folder):
    body = """            asset inputs:file = @map.png@
            string inputs:uaddressmode = "mirror"
            string inputs:vaddressmode = "clamp\""""
    inputs = "        color3f inputs:base_color.connect = </Mat/G.outputs:color>"
    shape = only(folder, material(inputs, node("Picture", "image_color3", body)))
    assert shape.material.base_color.wrap == ("mirror", "clamp")


def test_normal_maps(folder):
    nodes = node("Bumps", "image_vector3", "            asset inputs:file = @map.png@") + node(
        "Map", "normalmap", "            float3 inputs:in.connect = </Mat/G/Bumps.outputs:out>"
    )
    inputs = "        float3 inputs:normal.connect = </Mat/G/Map.outputs:out>"
    made = only(folder, material(inputs, nodes)).material
    assert np.array_equal(made.normal_map.pixels, PIXELS)
    assert not made.normal_map.is_srgb


def test_what_is_not_known_is_told(tmp_path):
    inputs = """
        float inputs:subsurface = 0.5
        color3f inputs:base_color.connect = </Mat/G/Noise.outputs:out>
"""
    parts = read(tmp_path, material(inputs, node("Noise", "fractal3d_color3", "")))
    notes = " ".join(parts.notes)
    assert "ND_fractal3d_color3" in notes
    assert "subsurface" in notes
    assert isinstance(parts.shapes[0].material, rw.Principled)


def test_a_graph_that_comes_back_to_itself(tmp_path):
    body = "            color3f inputs:in.connect = </Mat/G/Again.outputs:out>"
    inputs = "        color3f inputs:base_color.connect = </Mat/G/Again.outputs:out>"
    parts = read(tmp_path, material(inputs, node("Again", "dot_color3", body)))
    assert "too deep" in " ".join(parts.notes)


def test_the_preview_surface_of_materialx(tmp_path):
    inputs = """
        color3f inputs:diffuseColor = (0.5, 0.25, 1)
        float inputs:roughness = 0.25
"""
    made = only(tmp_path, material(inputs, kind="UsdPreviewSurface")).material
    assert (made.base_color, made.roughness) == ((0.5, 0.25, 1), 0.25)
