"""UsdPreviewSurface and its pictures."""

import numpy as np
import pytest
from PIL import Image
from usd_stages import BIND, READER, ST, material, mesh, only, read, texture

import raywidget as rw

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4) * 10


def shaded(inputs, others="", body=ST):
    return mesh(BIND + body) + material(inputs, READER + others)


def picture(tmp_path, pixels=PIXELS, name="map.png"):
    Image.fromarray(pixels).save(tmp_path / name)


def linked(name, output, kind="float"):
    return f"        {kind} inputs:{name}.connect = </Mat/{output}>\n"


def test_numbers_and_colours(tmp_path):
    inputs = """
        color3f inputs:diffuseColor = (0.1, 0.2, 0.3)
        float inputs:metallic = 0.25
        float inputs:roughness = 0.75
        float inputs:clearcoat = 0.5
        float inputs:clearcoatRoughness = 0.125
        float inputs:ior = 2
        color3f inputs:emissiveColor = (1, 2, 3)
"""
    made = only(tmp_path, shaded(inputs)).material
    assert isinstance(made, rw.Principled)
    np.testing.assert_allclose(made.base_color, (0.1, 0.2, 0.3), rtol=1e-6)
    assert (made.metallic, made.roughness, made.ior) == (0.25, 0.75, 2.0)
    assert (made.clearcoat, made.clearcoat_roughness) == (0.5, 0.125)
    assert made.emission == (1, 2, 3)
    assert made.name == "/Mat"


def test_defaults_are_those_of_the_specification(tmp_path):
    made = only(tmp_path, shaded("")).material
    assert made.base_color == (0.18, 0.18, 0.18)
    assert (made.metallic, made.roughness, made.ior) == (0.0, 0.5, 1.5)
    assert (made.clearcoat, made.clearcoat_roughness, made.emission) == (0.0, 0.01, None)


def test_specular_workflow_gives_the_reflectance(tmp_path):
    inputs = """
        int inputs:useSpecularWorkflow = 1
        color3f inputs:specularColor = (0.04, 0.08, 0)
        float inputs:metallic = 1
"""
    made = only(tmp_path, shaded(inputs)).material
    assert made.metallic == 0.0
    np.testing.assert_allclose(made.specular_color, (1, 2, 0), rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "space", "is_srgb"),
    [("RGBA", "auto", True), ("RGBA", "raw", False), ("L", "auto", False), ("L", "sRGB", True)],
)
def test_colour_spaces_of_pictures(tmp_path, kind, space, is_srgb):
    Image.fromarray(PIXELS).convert(kind).save(tmp_path / "map.png")
    body = (
        f'        asset inputs:file = @map.png@\n        token inputs:sourceColorSpace = "{space}"'
    )
    text = shaded(linked("diffuseColor", "T.outputs:rgb", "color3f"), texture("T", "rgb", body))
    assert only(tmp_path, text).material.base_color.is_srgb == is_srgb


def test_channels_scale_and_bias(tmp_path):
    picture(tmp_path)
    body = """        asset inputs:file = @map.png@
        token inputs:sourceColorSpace = "raw"
        float4 inputs:scale = (1, 0.5, -1, 1)
        float4 inputs:bias = (0, 0, 1, 0)"""
    text = shaded(
        linked("roughness", "T.outputs:g") + linked("metallic", "T.outputs:b"),
        texture("T", "g", body + "\n        float outputs:b"),
    )
    made = only(tmp_path, text).material
    uv = [(0.5 / 3, 0.75), (2.5 / 3, 0.25)]
    texels = PIXELS[(0, 1), (0, 2)] / 255.0
    np.testing.assert_allclose(made.roughness.evaluate(uv)[:, 0], 0.5 * texels[:, 1])
    np.testing.assert_allclose(made.metallic.evaluate(uv)[:, 0], 1 - texels[:, 2], atol=1e-7)


def test_a_picture_lies_as_its_coordinates_say(tmp_path):
    picture(tmp_path)
    body = "        asset inputs:file = @map.png@"
    shape = only(
        tmp_path,
        shaded(linked("diffuseColor", "T.outputs:rgb", "color3f"), texture("T", "rgb", body)),
    )
    np.testing.assert_array_equal(shape.uvs, [(0, 0), (1, 0), (1, 1), (0, 1)])
    lower_left = shape.material.base_color.evaluate([(0.5 / 3, 0.25)])[0]
    np.testing.assert_allclose(lower_left, rw.decode_srgb(PIXELS[1, 0, :3] / 255.0))


MOVED = """
    def Shader "Move"
    {
        uniform token info:id = "UsdTransform2d"
        float2 inputs:in.connect = </Mat/Reader.outputs:result>
        float inputs:rotation = ROTATION
        float2 inputs:scale = (2, 3)
        float2 inputs:translation = (0.25, 0.5)
        float2 outputs:result
    }
"""


@pytest.mark.parametrize("rotation", [0, 30])
def test_coordinates_are_scaled_turned_and_shifted(tmp_path, rotation):
    picture(tmp_path)
    body = "        asset inputs:file = @map.png@"
    node = texture("T", "rgb", body).replace("Mat/Reader", "Mat/Move")
    move = MOVED.replace("ROTATION", str(rotation))
    shape = only(tmp_path, shaded(linked("diffuseColor", "T.outputs:rgb", "color3f"), node + move))
    map_ = shape.material.base_color
    seen = shape.uvs * map_.scale + map_.offset
    c, s = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))
    st = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * (2, 3)
    expected = st @ np.array([(c, s), (-s, c)]) + (0.25, 0.5)
    np.testing.assert_allclose(seen, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("s", "t", "wrap"),
    [("repeat", "repeat", "repeat"), ("mirror", "mirror", "mirror"), ("clamp", "clamp", "clamp"),
     ("clamp", "repeat", ("clamp", "repeat")), ("repeat", "mirror", ("repeat", "mirror"))],
)  # fmt: skip
def test_wraps(tmp_path, s, t, wrap):
    picture(tmp_path)
    body = f"""        asset inputs:file = @map.png@
        token inputs:wrapS = "{s}"
        token inputs:wrapT = "{t}" """
    high = ST.replace("(1,1), (0,1)", "(1,3), (0,3)")
    text = shaded(
        linked("diffuseColor", "T.outputs:rgb", "color3f"), texture("T", "rgb", body), high
    )
    assert only(tmp_path, text).material.base_color.wrap == wrap


@pytest.mark.parametrize("numbers", ["", "scale", "flipped"])
def test_normal_maps(tmp_path, numbers):
    picture(tmp_path)
    body = "        asset inputs:file = @map.png@\n"
    if numbers:
        y = -1 if numbers == "flipped" else 1
        body += f"        float4 inputs:scale = (2, {2 * y}, 2, 1)\n"
        body += f"        float4 inputs:bias = (-1, {-1 * y}, -1, 0)\n"
    text = shaded(linked("normal", "T.outputs:rgb", "normal3f"), texture("T", "rgb", body))
    found = only(tmp_path, text).material.normal_map.evaluate([(0.5 / 3, 0.75)])[0]
    r, g, b = PIXELS[0, 0, :3] / 255.0
    expected = (r, 1 - g, b) if numbers == "flipped" else (r, g, b)
    np.testing.assert_allclose(found, expected, atol=1e-6)


# --- Opacity --------------------------------------------------------------------------------------


def test_a_number_of_opacity_is_a_share_of_clear_glass(tmp_path):
    made = only(tmp_path, shaded("float inputs:opacity = 0.25")).material
    assert isinstance(made, rw.Mix)
    assert made.amount == 0.75
    assert (made.b.transmission, made.b.thin, made.b.base_color) == (1.0, True, (1, 1, 1))
    assert made.a.base_color == (0.18, 0.18, 0.18)


def test_presence_is_opacity(tmp_path):
    inputs = '        float inputs:opacity = 0.25\n        token inputs:opacityMode = "presence"'
    assert only(tmp_path, shaded(inputs)).material.opacity == 0.25


@pytest.mark.parametrize(("opacity", "seen"), [(0.25, False), (0.75, True)])
def test_a_threshold_cuts(tmp_path, opacity, seen):
    inputs = (
        f"        float inputs:opacity = {opacity}\n        float inputs:opacityThreshold = 0.5"
    )
    parts = read(tmp_path, shaded(inputs))
    assert len(parts.shapes) == seen
    assert parts.notes == (() if seen else ("/M: what is transparent everywhere is left out",))


@pytest.mark.parametrize("threshold", [0.0, 0.5])
def test_alpha_of_a_picture_is_cut_or_let_through(tmp_path, threshold):
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:, 2:, 3] = 255
    picture(tmp_path, pixels)
    body = '        asset inputs:file = @map.png@\n        token inputs:wrapS = "clamp"\n'
    body += '        token inputs:wrapT = "clamp"'
    inputs = linked("opacity", "T.outputs:a") + f"float inputs:opacityThreshold = {threshold}"
    opacity = only(tmp_path, shaded(inputs, texture("T", "a", body))).material.opacity
    found = opacity.evaluate([(0.05, 0.5), (0.45, 0.5), (0.95, 0.5)])[:, 0]
    expected = (0, 0, 1) if threshold else (0, 0.3, 1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


# --- Bindings and what is not known ---------------------------------------------------------------


def test_bindings_are_inherited_and_the_nearest_counts_unless_one_is_stronger(tmp_path):
    def group(strength):
        return f"""def Xform "A" (prepend apiSchemas = ["MaterialBindingAPI"])
{{
    rel material:binding = </Mat>{strength}
    {mesh("    rel material:binding = </Other>")}
}}
"""

    both = material("color3f inputs:diffuseColor = (1, 0, 0)") + material(
        "color3f inputs:diffuseColor = (0, 1, 0)", name="Other"
    )
    assert only(tmp_path, group("") + both).material.name == "/Other"
    strong = ' (\n        bindMaterialAs = "strongerThanDescendants"\n    )'
    assert only(tmp_path, group(strong) + both).material.name == "/Mat"


def test_collections_bind(tmp_path):
    text = f"""def Xform "A" (
    prepend apiSchemas = ["MaterialBindingAPI", "CollectionAPI:red"]
)
{{
    rel collection:red:includes = </A/M>
    rel material:binding:collection:red = [</A.collection:red>, </Mat>]
    {mesh()}
}}
"""
    assert only(tmp_path, text + material()).material.name == "/Mat"


def test_the_material_of_previews_is_taken_first(tmp_path):
    body = "    rel material:binding:full = </Other>\n    rel material:binding:preview = </Mat>"
    assert only(tmp_path, mesh(body) + material() + material(name="Other")).material.name == "/Mat"
    body = "    rel material:binding:full = </Mat>"
    assert only(tmp_path, mesh(body) + material()).material.name == "/Mat"


def test_values_come_through_interfaces(tmp_path):
    text = mesh(BIND) + material("        float inputs:roughness.connect = </Mat.inputs:rough>")
    text = text.replace(
        'def Material "Mat"\n{', 'def Material "Mat"\n{\n    float inputs:rough = 0.875'
    )
    assert only(tmp_path, text).material.roughness == 0.875


def test_other_shaders_leave_the_colours_of_the_thing(tmp_path):
    body = BIND + "    color3f[] primvars:displayColor = [(1, 0, 0)]"
    text = mesh(body) + material().replace("UsdPreviewSurface", "mtlx_of_its_own")
    parts = read(tmp_path, text)
    assert parts.shapes[0].material.color == (1, 0, 0)
    (note,) = parts.notes
    assert note == ("/Mat: the shader 'mtlx_of_its_own' is not known here: displayColor instead")


COLORS = """
    def Shader "Colors"
    {
        uniform token info:id = "UsdPrimvarReader_float3"
        string inputs:varname = "displayColor"
        float3 outputs:result
    }
"""


def test_colours_of_vertices_in_a_material(tmp_path):
    values = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)]
    body = f'    color3f[] primvars:displayColor = {values} (interpolation = "vertex")'
    inputs = linked("diffuseColor", "Colors.outputs:result", "color3f")
    shape = only(tmp_path, shaded(inputs, COLORS, body))
    assert shape.material.base_color.attribute == "color"
    np.testing.assert_array_equal(shape.colors, [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)])


def test_what_a_material_has_that_is_not_shown_is_told(tmp_path):
    inputs = "        float inputs:displacement = 1\n        float inputs:sparkle = 1"
    assert set(read(tmp_path, shaded(inputs)).notes) == {
        "/Mat: displacement is left out",
        "/Mat: the input 'sparkle' is not known here; left out",
    }


def test_a_missing_picture_is_told_and_the_default_taken(tmp_path):
    body = "        asset inputs:file = @nowhere.png@"
    text = shaded(linked("diffuseColor", "T.outputs:rgb", "color3f"), texture("T", "rgb", body))
    parts = read(tmp_path, text)
    assert "'nowhere.png' is missing or lies outside of the folder" in parts.notes[0]
    assert not isinstance(parts.shapes[0].material.base_color, rw.ImageTexture)


def test_a_damaged_picture_is_told(tmp_path):
    (tmp_path / "map.png").write_bytes(b"no picture")
    body = "        asset inputs:file = @map.png@"
    text = shaded(linked("diffuseColor", "T.outputs:rgb", "color3f"), texture("T", "rgb", body))
    (note,) = read(tmp_path, text).notes
    assert note.startswith("/Mat: the picture 'map.png' can't be read")
