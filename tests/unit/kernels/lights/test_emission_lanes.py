"""Light that leaves the lamps of all lanes at once is what would leave one after the other."""

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
from raywidget.kernels.language.random import Four
from raywidget.kernels.language.simd import WIDTH, load_lanes, store_lanes
from raywidget.kernels.lights.emission import sample_emission_from
from raywidget.kernels.lights.emission_lanes import sample_emission_lanes

SHAPES = [
    rw.Quad((-1.2, 3, 0.3), (0, 0, -0.5), (0.5, 0, 0), emission=(4, 3, 2)),
    rw.Mesh([(1, 2, 0), (1.4, 2.1, 0), (1, 2, 0.5)], [(0, 1, 2)], emission=7),
    rw.Sphere((1.5, 1.2, 0.5), 0.3, emission=3),
    rw.Quad((0, 3, 1), (0, 1, 0), (1, 0, 0), emission=rw.Checkerboard((1, 1, 1), (0.5, 0.5, 0.5))),
]
EMITTERS = [rw.PointLight((0.5, 2, 1), 5), rw.ConstantEnvironment(0.3)]
SIZE = 14


@entry
def _send_both(tables, camera, rows, lights, at_once, singly):
    """`rows` (5, WIDTH): numbers, and which light; results (SIZE, WIDTH). Which lanes are done."""
    scene = pinned(view_scene(tables, camera))
    numbers = view(rows)
    four = Four(
        load_lanes(numbers, 0),
        load_lanes(numbers, WIDTH),
        load_lanes(numbers, 2 * WIDTH),
        load_lanes(numbers, 3 * WIDTH),
    )
    every = (1 << WIDTH) - 1
    sent = sample_emission_lanes(scene, whole(load_lanes(numbers, 4 * WIDTH)), every, four)
    out = view(at_once)
    store_lanes(out, 0, sent.p.x)
    store_lanes(out, WIDTH, sent.p.y)
    store_lanes(out, 2 * WIDTH, sent.p.z)
    store_lanes(out, 3 * WIDTH, sent.o.x)
    store_lanes(out, 4 * WIDTH, sent.o.y)
    store_lanes(out, 5 * WIDTH, sent.o.z)
    store_lanes(out, 6 * WIDTH, sent.d.x)
    store_lanes(out, 7 * WIDTH, sent.d.y)
    store_lanes(out, 8 * WIDTH, sent.d.z)
    store_lanes(out, 9 * WIDTH, sent.carried.x)
    store_lanes(out, 10 * WIDTH, sent.carried.y)
    store_lanes(out, 11 * WIDTH, sent.carried.z)
    store_lanes(out, 12 * WIDTH, sent.cos)
    store_lanes(out, 13 * WIDTH, sent.per_pdf)
    for k in range(WIDTH):
        one = Four(rows[0, k], rows[1, k], rows[2, k], rows[3, k])
        start = sample_emission_from(scene, lights[k], one)
        singly[0, k] = start.p.x
        singly[1, k] = start.p.y
        singly[2, k] = start.p.z
        singly[3, k] = start.o.x
        singly[4, k] = start.o.y
        singly[5, k] = start.o.z
        singly[6, k] = start.d.x
        singly[7, k] = start.d.y
        singly[8, k] = start.d.z
        singly[9, k] = start.carried.x
        singly[10, k] = start.carried.y
        singly[11, k] = start.carried.z
        singly[12, k] = start.cos
        singly[13, k] = start.cos / start.pdf if start.pdf > 0.0 else 0.0
    return sent.done


@pytest.mark.parametrize("only", [None, 0])
def test_lanes_send_what_each_of_them_would(only):
    shapes, emitters = (SHAPES, EMITTERS) if only is None else ([SHAPES[only]], EMITTERS[1:])
    tables = compile_scene(scene_of(shapes, emitters))
    kinds = tables.lights[:, layout.LIGHT_KIND]
    textured = tables.light_slots[:, layout.LIGHT_SLOT] != layout.MISS
    generator = np.random.default_rng(3)
    for _ in range(100):
        lights = generator.integers(len(kinds), size=WIDTH)
        rows = np.empty((5, WIDTH), np.float32)
        rows[:4] = generator.random((4, WIDTH), np.float32)
        rows[4] = lights
        at_once, singly = np.zeros((2, SIZE, WIDTH), np.float32)
        done = _send_both(tables, NO_CAMERA, rows, lights.astype(np.int64), at_once, singly)
        done = (done >> np.arange(WIDTH)) & 1 == 1
        np.testing.assert_array_equal(
            done, (kinds[lights] == layout.LIGHT_FLAT) & ~textured[lights]
        )
        np.testing.assert_allclose(at_once[:, done], singly[:, done], rtol=1e-5, atol=1e-6)
