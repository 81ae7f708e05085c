"""Arbitrary output variables: what camera rays meet, beside light.

For the rays of the picture itself, in an entry of their own, so that a picture does not depend on
whether they were asked for.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.integrators.preview import albedo, find_surface
from raywidget.kernels.integrators.tile import Picture, Work, start_ray, view_picture, view_scene
from raywidget.kernels.language.buffers import load_flag, view
from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.random import GROUP_EDGE, draw_four, start_sequence
from raywidget.kernels.language.scalars import single
from raywidget.kernels.layout import F32, SceneTables
from raywidget.kernels.sensors.camera import generate_ray
from raywidget.kernels.surfaces.field import NAN, shown_value

# Columns of `AovTarget.sums`
AOV_ALBEDO = 0  # 3
AOV_NORMAL = 3  # 3: shading normal, in the world
AOV_POSITION = 6  # 3: in the world
AOV_DEPTH = 9  # along the ray
AOV_HITS = 10  # samples that have met something
AOV_VALUE = 11  # that the nearest surface shows, of the ray through the middle; NaN: none
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


@entry
def render_aovs(
    tables: SceneTables, camera: F32, picture: Picture, work: Work, target: AovTarget
) -> bool:
    """Add samples to the running sums of a tile; False if it was cancelled."""
    scene = view_scene(tables, camera)
    seen = view_picture(picture)
    sums = view(target.sums)
    ids = view(target.ids)
    flag = view(target.cancel)
    height = target.sums.shape[0]
    width = target.sums.shape[1]
    for row in range(height):
        if load_flag(flag, 0) != 0:
            return False
        y = work.y + row
        for column in range(width):
            x = work.x + column
            pixel = row * width + column
            place = AOV_SIZE * pixel
            for sample in range(work.first, work.first + work.samples):
                number = y * picture.width + x
                sequence = start_sequence(picture.seed, number, sample, picture.lattice)
                edge = draw_four(sequence, GROUP_EDGE)
                origin, direction = start_ray(scene, seen, x, y, sequence, edge)
                met = find_surface(scene, origin, direction, sequence)
                if not met.found:
                    continue
                hit = make_hit(scene, met.o, direction, met.ray)
                color = albedo(scene, hit, met.material)
                sums[place + AOV_ALBEDO] = sums[place + AOV_ALBEDO] + color.x
                sums[place + AOV_ALBEDO + 1] = sums[place + AOV_ALBEDO + 1] + color.y
                sums[place + AOV_ALBEDO + 2] = sums[place + AOV_ALBEDO + 2] + color.z
                sums[place + AOV_NORMAL] = sums[place + AOV_NORMAL] + met.ns.x
                sums[place + AOV_NORMAL + 1] = sums[place + AOV_NORMAL + 1] + met.ns.y
                sums[place + AOV_NORMAL + 2] = sums[place + AOV_NORMAL + 2] + met.ns.z
                sums[place + AOV_POSITION] = sums[place + AOV_POSITION] + hit.p.x
                sums[place + AOV_POSITION + 1] = sums[place + AOV_POSITION + 1] + hit.p.y
                sums[place + AOV_POSITION + 2] = sums[place + AOV_POSITION + 2] + hit.p.z
                sums[place + AOV_DEPTH] = sums[place + AOV_DEPTH] + met.distance
                sums[place + AOV_HITS] = sums[place + AOV_HITS] + 1.0
            if work.first == 0:
                origin, direction = generate_ray(
                    scene.camera,
                    (single(x) + 0.5) * (2.0 / single(picture.width)) - 1.0,
                    1.0 - (single(y) + 0.5) * (2.0 / single(picture.height)),
                    0.0,  # the middle of the lens
                    0.0,
                )
                number = y * picture.width + x
                sequence = start_sequence(picture.seed, number, 0, picture.lattice)
                met = find_surface(scene, origin, direction, sequence)
                ids[AOV_IDS_SIZE * pixel + AOV_OBJECT] = -1
                ids[AOV_IDS_SIZE * pixel + AOV_MATERIAL] = -1
                sums[place + AOV_VALUE] = NAN
                if met.found:
                    hit = make_hit(scene, met.o, direction, met.ray)
                    ids[AOV_IDS_SIZE * pixel + AOV_OBJECT] = hit.shape
                    ids[AOV_IDS_SIZE * pixel + AOV_MATERIAL] = met.material
                    sums[place + AOV_VALUE] = shown_value(scene, hit)
    return True
