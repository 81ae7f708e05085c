import numpy as np
import pytest
from kernel_drivers import NO_CAMERA, compiled

import raywidget as rw
from raywidget.kernels.bsdf import load_bsdf
from raywidget.kernels.jit import entry
from raywidget.kernels.tile import view_scene


@entry
def _colors(tables, camera, uv, colors):
    scene = view_scene(tables, camera)
    for i in range(len(uv)):
        color = load_bsdf(scene, 0, uv[i, 0], uv[i, 1]).color
        colors[i, 0] = color.x
        colors[i, 1] = color.y
        colors[i, 2] = color.z


@pytest.mark.parametrize("scale", [1, (3, 5), (-2, 0.25)])
def test_checkerboards_are_those_of_the_description(scale):
    texture = rw.Checkerboard((0.1, 0.2, 0.3), (0.9, 0.8, 0.7), scale=scale)
    tables = compiled([rw.Sphere((0, 0, 0), 1, material=rw.Diffuse(texture))])
    generator = np.random.default_rng(0)
    uv = np.concatenate([generator.uniform(-4, 4, (4000, 2)), [(0, 0), (1, 1), (-1, 0.5)]])
    uv = uv.astype(np.float32)
    colors = np.zeros((len(uv), 3), np.float32)
    _colors(tables, NO_CAMERA, uv, colors)
    np.testing.assert_allclose(colors, texture.evaluate(uv), rtol=1e-7)
    assert 0.4 < (colors[:, 0] < 0.5).mean() < 0.6
