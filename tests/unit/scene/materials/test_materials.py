import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raywidget.errors import SceneError
from raywidget.scene import (
    Checkerboard,
    Coated,
    Conductor,
    Dielectric,
    Diffuse,
    Emissive,
    ImageTexture,
    Material,
    Metal,
    Mix,
    Principled,
)

UNIT = st.floats(0, 1)
ALSO = "3 numbers in [0, 1], linear RGB, one for a grey, a name or '#rrggbb', or a texture"


def raises(message):
    return pytest.raises(SceneError, match=f"^{re.escape(message)}$")


@given(st.tuples(UNIT, UNIT, UNIT), UNIT)
def test_colours_are_stored_as_three_floats(color, roughness):
    metal = Metal(np.array(color), roughness)
    assert metal.color == color
    assert metal.roughness == roughness
    assert Diffuse(list(color)).color == color
    assert Diffuse(roughness).color == (roughness,) * 3


@pytest.mark.parametrize("kind", [Diffuse, Metal])
def test_colours_may_be_textures(kind):
    board = Checkerboard(0, 1)
    assert kind(board).color is board


def test_defaults():
    assert Metal(0.9).roughness == 0.0
    assert Dielectric().ior == 1.5
    assert Dielectric().color == (1.0, 1.0, 1.0)
    assert Coated(Diffuse(0.5)).ior == 1.5
    assert Diffuse(0.5).emission is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Diffuse(-1, name="d"), f"Diffuse 'd': color must be {ALSO}, got -1"),
        (
            lambda: Diffuse("redd"),
            f"Diffuse: color must be {ALSO}, got 'redd'; did you mean 'red'?",
        ),
        (
            lambda: Metal(2),
            f"Metal: color must be {ALSO}, got 2; more than 1 would make light; "
            'for 8-bit sRGB values write "#020202"',
        ),
        (lambda: Metal(1, 1.5, name="m"), "Metal 'm': roughness must be in [0, 1], got 1.5"),
        (
            lambda: Dielectric(0.5),
            "Dielectric: ior must be a number in [1, 4], got 0.5; "
            "swap inside and outside by flip_normals=True",
        ),
        (lambda: Dielectric(5), "Dielectric: ior must be a number in [1, 4], got 5"),
        (
            lambda: Coated(Dielectric(), name="c"),
            "Coated 'c': base must be a Diffuse, a Metal or a Conductor, got Dielectric()",
        ),
        (
            lambda: Coated(Diffuse(0.5, emission=1)),
            "Coated: base must not have its own emission, "
            "got Diffuse(color=(0.5, 0.5, 0.5), emission=(1, 1, 1)); "
            "give emission= to the Coated",
        ),
        (
            lambda: Conductor("brass"),
            "Conductor: eta must be one of 'gold', 'silver', 'copper', 'aluminium', got 'brass'",
        ),
        (
            lambda: Conductor("gold", (1, 1, 1)),
            "Conductor: k must be left out for 'gold', got (1, 1, 1)",
        ),
        (
            lambda: Conductor(0.2, name="c"),
            "Conductor 'c': k must be 3 numbers in [0, 20], for red, green and blue, "
            "or one for all, got None",
        ),
        (
            lambda: Principled(0.5, sheen_roughness=2),
            "Principled: sheen_roughness must be in [0, 1], got 2",
        ),
        (
            lambda: Principled(specular_color=-1, name="p"),
            "Principled 'p': specular_color must be 3 finite numbers >= 0, linear RGB, "
            "one for a grey, a name or '#rrggbb', got -1",
        ),
        (lambda: Principled(ior=9), "Principled: ior must be a number in [1, 4], got 9"),
        (lambda: Mix(Metal(1), 3), "Mix: b must be a material, such as Diffuse(color), got 3"),
        (
            lambda: Mix(Metal(1), Metal(0, opacity=0)),
            "Mix: b must not have its own opacity, got Metal(color=(0, 0, 0), opacity=0); "
            "give opacity= to the Mix",
        ),
        (
            lambda: Mix(Metal(1), Metal(1), 1.5, name="m"),
            "Mix 'm': amount must be in [0, 1], got 1.5",
        ),
        (
            lambda: Diffuse(1, normal_map=ImageTexture(np.zeros((1, 1, 3), np.uint8))),
            "Diffuse: normal_map must be of linear numbers, "
            'got ImageTexture(...<1x1x3 uint8>); say encoding="linear" to the texture',
        ),
        (
            lambda: Diffuse(
                1, normal_map=ImageTexture(np.zeros((1, 1, 3)), encoding="linear", uvs=2)
            ),
            "Diffuse: normal_map must be of the first texture coordinates, got "
            "ImageTexture(...inear', uvs=2); its tangents are those of the first; "
            "swap the mesh's uvs and uvs2",
        ),
        (
            lambda: Diffuse(1, normal_map="bumps.png"),
            "Diffuse: normal_map must be a texture, such as ImageTexture(path), got 'bumps.png'",
        ),
        (lambda: Diffuse(1, opacity=2), "Diffuse: opacity must be in [0, 1], got 2"),
        (lambda: Dielectric(thin=1), "Dielectric: thin must be True or False, got 1"),
        (lambda: Metal(1, compensate="yes"), "Metal: compensate must be True or False, got 'yes'"),
        (lambda: Coated(Metal(1), ior=None), "Coated: ior must be a number in [1, 4], got None"),
        (
            lambda: Emissive(-1, name="e"),
            "Emissive 'e': radiance must be 3 finite numbers >= 0, linear RGB, one for a grey, "
            "a name or '#rrggbb', "
            "got -1",
        ),
    ],
)
def test_messages(make, message):
    with pytest.raises(SceneError) as caught:
        make()
    assert str(caught.value) == message


def test_emissive_is_a_material_with_emission():
    lamp = Emissive((3, 2, 1), name="lamp")
    assert isinstance(lamp, Material)
    assert lamp.emission == lamp.radiance == (3.0, 2.0, 1.0)
    assert lamp.replace(radiance=5).emission == (5.0, 5.0, 5.0)
    assert pickle.loads(pickle.dumps(lamp)).emission == lamp.emission
    with pytest.raises(SceneError, match="no parameter 'emission'"):
        Emissive(1, emission=2)


def test_a_coat_may_emit():
    assert Coated(Metal(0.5), emission=1).emission == (1.0, 1.0, 1.0)


def test_checkerboard_against_a_loop():
    board = Checkerboard((1, 0, 0), 0.25, scale=(4, 2))
    uv = np.random.default_rng(1).uniform(-2, 2, (50, 2))
    colors = board.evaluate(uv)
    for (u, v), color in zip(uv, colors, strict=True):
        is_a = (int(np.floor(u * 4)) + int(np.floor(v * 2))) % 2 == 0
        assert tuple(color) == ((1.0, 0.0, 0.0) if is_a else (0.25, 0.25, 0.25))
    assert board.evaluate((0.1, 0.1)).tolist() == [1.0, 0.0, 0.0]
    assert Checkerboard(0, 1, scale=8).scale == (8.0, 8.0)


def test_checkerboard_messages():
    with raises("Checkerboard 'b': scale must be squares per unit, not 0, got (1, 0)"):
        Checkerboard(0, 1, scale=(1, 0), name="b")
    with raises("Checkerboard: scale must be 2 finite numbers, or one for both, got 'a'"):
        Checkerboard(0, 1, scale="a")
    grey = "3 numbers in [0, 1], linear RGB, one for a grey, a name or '#rrggbb'"
    with raises(f"Checkerboard: color_b must be {grey}, got -1"):
        Checkerboard(0, -1)
