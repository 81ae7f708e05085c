"""The entries that Python calls: one tile, a range of samples, no GIL."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels.buffers import as_int32, load_flag, view
from raywidget.kernels.camera import generate_ray
from raywidget.kernels.jit import device, entry
from raywidget.kernels.layout import F32, SceneTables, SceneView
from raywidget.kernels.path import PathSettings, trace_path
from raywidget.kernels.random import GROUP_EDGE, GROUP_LENS, draw_four, start_sequence
from raywidget.kernels.scalars import single

INFINITY = float("inf")

# Elements of `counters`
COUNTER_RAYS = 0
COUNTER_DROPPED = 1  # samples that were not finite, counted as black


class Picture(NamedTuple):
    """What names the samples of a render."""

    width: int
    height: int
    seed: np.uint64
    lattice: bool  # else independent numbers


class Work(NamedTuple):
    """Samples `first` to `first + samples - 1` of the pixels of one tile."""

    x: int
    y: int
    first: int
    samples: int


@device
def view_scene(tables: SceneTables, camera: F32) -> SceneView:
    """Bare pointers to the tables; the caller keeps the arrays alive."""
    nodes = view(tables.nodes)
    flats = view(tables.flats)
    balls = view(tables.balls)
    return SceneView(
        nodes,
        as_int32(nodes),
        flats,
        as_int32(flats),
        balls,
        as_int32(balls),
        view(tables.instances),
        view(tables.instance_codes),
        view(tables.primitives),
        view(tables.corners),
        view(tables.vertices),
        view(tables.colors),
        view(tables.material_codes),
        view(tables.materials),
        view(tables.textures),
        view(tables.lights),
        view(tables.light_cdf),
        len(tables.light_cdf),
        view(tables.environment),
        view(camera),
    )


@entry
def render_tile(
    tables: SceneTables,
    camera: F32,
    picture: Picture,
    settings: PathSettings,
    work: Work,
    sums: NDArray[np.float64],
    cancel: NDArray[np.uint8],
    counters: NDArray[np.int64],
) -> bool:
    """Add samples to the running `sums` (height, width, 3) of a tile; False if it was cancelled.

    Sample after sample is added to the sum that the earlier ones left, so the result does not
    depend on how a range is split into calls. `cancel[0]` is read before every row.
    """
    scene = view_scene(tables, camera)
    per_x = 2.0 / single(picture.width)
    per_y = 2.0 / single(picture.height)
    rays = 0
    dropped = 0
    for row in range(sums.shape[0]):
        if load_flag(view(cancel), 0) != 0:
            return False
        y = work.y + row
        for column in range(sums.shape[1]):
            x = work.x + column
            red = sums[row, column, 0]
            green = sums[row, column, 1]
            blue = sums[row, column, 2]
            for sample in range(work.first, work.first + work.samples):
                pixel = y * picture.width + x
                sequence = start_sequence(picture.seed, pixel, sample, picture.lattice)
                where = draw_four(sequence, GROUP_EDGE)
                lens = draw_four(sequence, GROUP_LENS)
                origin, direction = generate_ray(
                    scene.camera,
                    (single(x) + where.x) * per_x - 1.0,
                    1.0 - (single(y) + where.y) * per_y,
                    lens.x,
                    lens.y,
                )
                path = trace_path(scene, origin, direction, sequence, settings)
                rays += path.rays
                radiance = path.radiance
                if abs(radiance.x) + abs(radiance.y) + abs(radiance.z) < INFINITY:
                    red += radiance.x
                    green += radiance.y
                    blue += radiance.z
                else:  # one NaN would spoil the pixel for ever
                    dropped += 1
            sums[row, column, 0] = red
            sums[row, column, 1] = green
            sums[row, column, 2] = blue
    counters[COUNTER_RAYS] += rays
    counters[COUNTER_DROPPED] += dropped
    return True
