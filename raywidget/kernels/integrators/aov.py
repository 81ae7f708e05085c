"""Arbitrary output variables: what camera rays meet, beside light.

In volumes, that is the place behind which less than half is seen (`looking.find_seen`).

For the rays of the picture itself, in an entry of their own, so that a picture does not depend on
whether they were asked for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.integrators.preview import albedo, find_surface
from raywidget.kernels.integrators.tile import (
    Picture,
    PictureView,
    Work,
    add_vec3,
    start_sample,
    visit_pixels,
)
from raywidget.kernels.language.buffers import view
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.random import start_sequence
from raywidget.kernels.language.scalars import single
from raywidget.kernels.layout import F32, VOLUME_CODES_SIZE, VOLUME_INDEX, SceneTables, SceneView
from raywidget.kernels.sensors.camera import generate_ray
from raywidget.kernels.surfaces.field import NAN, shown_value
from raywidget.kernels.volumes.looking import find_seen

# Columns of `AovTarget.sums`
AOV_ALBEDO = 0  # 3
AOV_NORMAL = 3  # 3: shading normal, in the world
AOV_POSITION = 6  # 3: in the world
AOV_DEPTH = 9  # along the ray
AOV_HITS = 10  # samples that have met something
AOV_VALUE = 11  # that the nearest surface shows, of the ray through the middle; NaN: none. Of a
# volume, in rows of its transfer function
AOV_SIZE = 12

# Columns of `AovTarget.ids`
AOV_OBJECT = 0  # index of the shape in Scene.shapes, -1: none
AOV_MATERIAL = 1  # row of the material tables, -1: none
AOV_IDS_SIZE = 2


class AovTarget(NamedTuple):
    """What is written."""

    sums: NDArray[np.float64]  # (height, width, AOV_SIZE), added to
    ids: NDArray[np.int32]  # (height, width, AOV_IDS_SIZE), of the ray through the middle
    cancel: NDArray[np.uint8]  # (1,)


@device
def _meet_pixel(
    scene: SceneView,
    picture: PictureView,
    work: Work,
    x: int,
    y: int,
    pixel: int,
    sums: Any,
    ids: Any,
) -> None:
    place = AOV_SIZE * pixel
    for sample in range(work.first, work.first + work.samples):
        started = start_sample(scene, picture, x, y, sample)
        met = find_surface(scene, started.o, started.d, started.sequence)
        if scene.volume_count > 0:
            seen = find_seen(scene, started.o, started.d, met.distance)
            if seen.volume >= 0:
                add_vec3(sums, place + AOV_ALBEDO, seen.albedo)
                add_vec3(sums, place + AOV_NORMAL, seen.normal)
                add_vec3(sums, place + AOV_POSITION, started.o + started.d * seen.t)
                sums[place + AOV_DEPTH] = sums[place + AOV_DEPTH] + seen.t
                sums[place + AOV_HITS] = sums[place + AOV_HITS] + 1.0
                continue
        if not met.found:
            continue
        hit = make_hit(scene, met.o, started.d, met.ray)
        add_vec3(sums, place + AOV_ALBEDO, albedo(scene, hit, met.material))
        add_vec3(sums, place + AOV_NORMAL, met.ns)
        add_vec3(sums, place + AOV_POSITION, hit.p)
        sums[place + AOV_DEPTH] = sums[place + AOV_DEPTH] + met.distance
        sums[place + AOV_HITS] = sums[place + AOV_HITS] + 1.0
    if work.first > 0:
        return
    origin, direction = generate_ray(
        scene.camera,
        (single(x) + 0.5) * picture.per_x - 1.0,
        1.0 - (single(y) + 0.5) * picture.per_y,
        0.0,  # the middle of the lens
        0.0,
    )
    number = y * picture.width + x
    sequence = start_sequence(picture.seed, number, 0, picture.lattices)
    met = find_surface(scene, origin, direction, sequence)
    ids[AOV_IDS_SIZE * pixel + AOV_OBJECT] = -1
    ids[AOV_IDS_SIZE * pixel + AOV_MATERIAL] = -1
    sums[place + AOV_VALUE] = NAN
    if scene.volume_count > 0:
        seen = find_seen(scene, origin, direction, met.distance)
        if seen.volume >= 0:
            code = seen.volume * VOLUME_CODES_SIZE + VOLUME_INDEX
            ids[AOV_IDS_SIZE * pixel + AOV_OBJECT] = scene.volume_codes[code]
            sums[place + AOV_VALUE] = seen.value
            return
    if met.found:
        hit = make_hit(scene, met.o, direction, met.ray)
        ids[AOV_IDS_SIZE * pixel + AOV_OBJECT] = hit.shape
        ids[AOV_IDS_SIZE * pixel + AOV_MATERIAL] = met.material
        sums[place + AOV_VALUE] = shown_value(scene, hit)


@entry
def render_aovs(
    tables: SceneTables, camera: F32, picture: Picture, work: Work, target: AovTarget
) -> bool:
    """Add samples to the running sums of a tile; False if it was cancelled."""
    ids = view(target.ids)
    return visit_pixels(_meet_pixel, tables, camera, picture, work, target.sums, target.cancel, ids)
