"""What all lanes draw at once is what one after the other would draw."""

import numpy as np
import pytest
from kernel_drivers import NO_CAMERA, scene_of

import raywidget as rw
from raywidget.compiler import compile_scene
from raywidget.kernels import layout
from raywidget.kernels.integrators.tile import view_scene
from raywidget.kernels.language.buffers import view
from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.look_up import whole
from raywidget.kernels.language.pinned import pinned
from raywidget.kernels.language.simd import WIDTH, choose, load_lanes, spread_number, store_lanes
from raywidget.kernels.language.vec3 import vec3
from raywidget.kernels.lights.emitter import sample_chosen
from raywidget.kernels.lights.light_lanes import sample_lanes
from raywidget.kernels.lights.light_tree import Chosen

SHAPES = [
    rw.Quad((-1.2, 3, 0.3), (0, 0, -0.5), (0.5, 0, 0), emission=(4, 3, 2)),
    rw.Quad((-1.2, 2, 0.3), (0.1, 0, -0.5), (0.5, 0.2, 0), emission=5),
    rw.Mesh([(1, 2, 0), (1.4, 2.1, 0), (1, 2, 0.5)], [(0, 1, 2)], emission=7),
    rw.Sphere((1.5, 1.2, 0.5), 0.3, emission=3),
    rw.Sphere((-1.5, 2.2, 0.5), 0.01, emission=30),
    rw.Cylinder((-1, 2.5, -1), (1, 2.7, -1), 0.1, emission=2),
    rw.Sphere((0, 3, 1), 0.2, emission=rw.Checkerboard((1, 1, 1), (0.5, 0.5, 0.5))),
]
EMITTERS = [
    rw.PointLight((0.5, 2, 1), 5),
    *(
        rw.SpotLight((-1, 4, 0), (0, 0, 0), 30, cone_angle=40, beam_angle=15, falloff=falloff)
        for falloff in ("linear", "smooth", "quartic")
    ),
    rw.SpotLight((1, 4, 0), (1, 0, 0), 30, cone_angle=8, falloff="linear"),
    rw.DirectionalLight((1, -2, 0.5), 1.5),
    rw.ConstantEnvironment(0.3),
]
SIZE = 11


@entry
def _draw_both(tables, camera, rows, lights, at_once, singly):
    """`rows` (6, WIDTH): points and numbers; results (SIZE, WIDTH). Which lanes are done."""
    scene = pinned(view_scene(tables, camera))
    numbers = view(rows)
    p = vec3(load_lanes(numbers, 0), load_lanes(numbers, WIDTH), load_lanes(numbers, 2 * WIDTH))
    u, v = load_lanes(numbers, 3 * WIDTH), load_lanes(numbers, 4 * WIDTH)
    every = (1 << WIDTH) - 1
    drawn = sample_lanes(scene, p, whole(load_lanes(numbers, 5 * WIDTH)), every, u, v)
    out = view(at_once)
    store_lanes(out, 0, drawn.wi.x)
    store_lanes(out, WIDTH, drawn.wi.y)
    store_lanes(out, 2 * WIDTH, drawn.wi.z)
    store_lanes(out, 3 * WIDTH, drawn.radiance.x)
    store_lanes(out, 4 * WIDTH, drawn.radiance.y)
    store_lanes(out, 5 * WIDTH, drawn.radiance.z)
    store_lanes(out, 6 * WIDTH, drawn.pdf)
    store_lanes(out, 7 * WIDTH, drawn.reach)
    store_lanes(out, 8 * WIDTH, drawn.normal.x)
    store_lanes(out, 9 * WIDTH, drawn.normal.y)
    store_lanes(out, 10 * WIDTH, choose(drawn.delta, 1.0, spread_number(0.0)))
    for k in range(WIDTH):
        at = vec3(rows[0, k], rows[1, k], rows[2, k])
        chosen = Chosen(lights[k], np.float32(1.0))
        sample = sample_chosen(scene, at, rows[3, k], rows[4, k], chosen)
        singly[0, k] = sample.wi.x
        singly[1, k] = sample.wi.y
        singly[2, k] = sample.wi.z
        singly[3, k] = sample.radiance.x
        singly[4, k] = sample.radiance.y
        singly[5, k] = sample.radiance.z
        singly[6, k] = sample.pdf
        singly[7, k] = sample.reach
        singly[8, k] = sample.normal.x
        singly[9, k] = sample.normal.y
        singly[10, k] = 1.0 if sample.delta else 0.0
    return drawn.done


def draw_both(tables, generator, lights):
    rows = np.empty((6, WIDTH), np.float32)
    rows[:3] = generator.uniform((-2, 0, -2), (2, 4, 2), (WIDTH, 3)).T
    rows[3:5] = generator.random((2, WIDTH), np.float32)
    rows[5] = lights
    results = np.zeros((2, SIZE, WIDTH), np.float32)
    done = _draw_both(tables, NO_CAMERA, rows, lights.astype(np.int64), *results)
    return (done >> np.arange(WIDTH)) & 1 == 1, *results


@pytest.mark.parametrize("only", [None, 3, 7, 8])
def test_lanes_draw_what_each_of_them_would(only):
    shapes, emitters = SHAPES, EMITTERS[:-1]
    if only is not None:  # the only light: a row that all lanes share
        shapes, emitters = ([SHAPES[only]], []) if only < 7 else ([], [EMITTERS[only - 7]])
    tables = compile_scene(scene_of(shapes, [*emitters, EMITTERS[-1]]))
    kinds = tables.lights[:, layout.LIGHT_KIND]
    textured = tables.light_slots[:, layout.LIGHT_SLOT] != layout.MISS
    generator = np.random.default_rng(7)
    seen = np.zeros(len(kinds), int)
    for _ in range(400):
        lights = generator.integers(len(kinds), size=WIDTH)
        done, at_once, singly = draw_both(tables, generator, lights)
        pdf = singly[6]
        np.testing.assert_array_equal(at_once[6, done] > 0, pdf[done] > 0)
        left = (kinds[lights] == layout.LIGHT_ROUND) | textured[lights]
        assert not done[left].any()
        points = kinds[lights] >= layout.LIGHT_POINT
        assert done[points & ~left].all()
        lit = done & (pdf > 0)
        close = {"rtol": 3e-4, "atol": 3e-5}
        np.testing.assert_allclose(at_once[:8, lit], singly[:8, lit], **close)
        np.testing.assert_allclose(at_once[8:, lit], singly[8:, lit], atol=2e-3)  # of tiny balls
        np.add.at(seen, lights[lit], 1)
    assert np.all(seen[(kinds != layout.LIGHT_ROUND) & ~textured] > 0)
