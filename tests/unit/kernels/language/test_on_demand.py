"""Kernels for plain scenes, and full ones."""

from typing import NamedTuple

import numpy as np
import pytest

import raywidget as rw
from raywidget.compiler import compile_scene
from raywidget.engine.film.tiles import make_tiles
from raywidget.engine.renderer import Renderer
from raywidget.engine.settings import RenderSettings
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.on_demand import FULL, on_demand
from raywidget.kernels.language.vec3 import Vec3, vec3


class World(NamedTuple):
    number: float
    full: int | None


class Answer(NamedTuple):
    color: Vec3
    pair: tuple[float, int]


@on_demand
def _answer(world: World, x: float) -> Answer:
    return Answer(vec3(x, 2.0 * x, 3.0 * x), (world.number, 7))


@device
def _ask(world: World, x: float) -> float:
    answer = _answer(world, x)
    return answer.color.z + answer.pair[0] + answer.pair[1]


@entry
def _run(number, full, x):
    return _ask(World(number, full), x)


def test_plain_kernels_do_without():
    number, x = np.float32(0.5), np.float32(2.0)
    assert _run(number, FULL, x) == 13.5
    assert _run(number, None, x) == 0.0
    assert len(_run.signatures) == 2


def test_it_is_no_function_of_python():
    with pytest.raises(NotImplementedError, match="_answer exists in compiled code only"):
        _answer(World(0.5, FULL), 2.0)


CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 4), look_at=(0, 0, 0))
SKY = rw.ConstantEnvironment(0.5)
PLAIN = [rw.presets.cornell(), rw.presets.cornell_boxes(), rw.presets.default()]


def scene_of(material=None, emitters=(SKY,), emission=None):
    ball = rw.Sphere((0, 0, 0), 1, emission=emission)
    if material is not None:
        ball = ball.replace(material=material)
    return rw.Scene([ball], emitters=emitters, camera=CAMERA)


BOARD = rw.Checkerboard(0.1, 0.9, scale=4)
IN_NEED = {
    "conductor": scene_of(rw.Conductor("gold")),
    "frosted glass": scene_of(rw.Dielectric(1.5, roughness=0.3)),
    "cylinder": rw.Scene([rw.Cylinder((0, 0, 0), (0, 1, 0), 1)], emitters=[SKY], camera=CAMERA),
    "texture": scene_of(rw.Diffuse(BOARD)),
    "principled": scene_of(rw.Principled(0.5)),
    "mixture": scene_of(rw.Mix(rw.Diffuse(0.5), rw.Metal(0.5))),
    "mask": scene_of(rw.Diffuse(0.5, opacity=0.5)),
    "normal map": scene_of(rw.Diffuse(0.5, normal_map=rw.Gradient(0.5, 1))),
    "textured emission": scene_of(emission=BOARD),
    "point light": scene_of(emitters=[rw.PointLight((0, 3, 0), 5)]),
    "environment image": scene_of(emitters=[rw.ImageEnvironment(np.ones((4, 8, 3), np.float32))]),
}


@pytest.mark.parametrize("scene", PLAIN, ids=lambda scene: scene.name)
def test_a_full_kernel_gives_the_same_picture(scene):
    """Up to rounding: LLVM fuses other multiplications and additions."""
    settings = RenderSettings(width=24, height=16, spp=4, tile_size=24)
    renderer = Renderer(scene, settings)
    assert renderer._tables.full is None
    (tile,) = make_tiles(24, 16, 24)
    pictures = []
    for full in (None, FULL):
        renderer._tables = renderer._tables._replace(full=full)
        pictures.append(np.zeros((16, 24, 3)))
        renderer.render(tile, 0, 4, pictures[-1], np.zeros(1, np.uint8))
    assert pictures[0].any()
    # A rounding error may send a path elsewhere, but few.
    assert np.isclose(*pictures, rtol=1e-3, atol=1e-5).mean() > 0.97


@pytest.mark.parametrize("name", IN_NEED)
def test_scenes_that_need_more_get_full_kernels(name):
    assert compile_scene(IN_NEED[name]).full == FULL
