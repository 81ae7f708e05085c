"""What a pixel shows: one ray through its centre, without light.

In volumes, that is the place behind which less than half is seen (`looking.find_seen`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels.geometry.clipping import find_closest
from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.geometry.traverse import RayHit
from raywidget.kernels.integrators.tile import view_scene
from raywidget.kernels.language.buffers import view
from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.pinned import pinned
from raywidget.kernels.language.scalars import index32, single
from raywidget.kernels.layout import F32, MISS, VOLUME_CODES_SIZE, VOLUME_INDEX, SceneTables
from raywidget.kernels.sensors.camera import generate_ray
from raywidget.kernels.surfaces.field import shown_value
from raywidget.kernels.surfaces.surface import find_in_sight
from raywidget.kernels.volumes.looking import find_seen

INFINITY = float("inf")

# Elements of `values`
PICK_DISTANCE = 0
PICK_POINT = 1  # 3
PICK_NORMAL = 4  # 3: geometric
PICK_SHADING_NORMAL = 7  # 3
PICK_UV = 10  # 2
PICK_VALUE = 12  # that the shape shows there, NaN: none
PICK_SIZE = 13

# Elements of `codes`
PICK_SHAPE = 0  # index in Scene.shapes
PICK_MATERIAL = 1  # row of the material tables
PICK_PRIMITIVE = 2
PICK_INSTANCE = 3  # row of `instances`, or -1
PICK_CODES = 4


@entry
def pick_point(
    tables: SceneTables,
    camera: F32,
    x: float,
    y: float,
    values: NDArray[np.float32],
    codes: NDArray[np.int32],
) -> bool:
    """Where the ray through (x, y) in [-1, 1]^2, y up, from the middle of the lens ends; False if
    nowhere.
    """
    scene = pinned(view_scene(tables, camera))
    origin, direction = generate_ray(view(camera), single(x), single(y), 0.0, 0.0)
    travelled = single(0.0)
    start = origin
    if scene.has_unseen:
        met = find_in_sight(scene, origin, direction)
        # What is compiled on demand hands out whole numbers of 64 bits.
        ray = RayHit(
            met.ray.t, met.ray.u, met.ray.v, index32(met.ray.slot), index32(met.ray.instance)
        )
        start = met.o
        travelled = met.travelled
    else:
        ray = find_closest(scene, origin, direction, INFINITY)
    if scene.volume_count > 0:
        reach = travelled + ray.t if ray.slot != MISS else INFINITY
        seen = find_seen(scene, origin, direction, reach)
        if seen.volume >= 0:
            p = origin + direction * seen.t
            values[PICK_DISTANCE] = seen.t
            values[PICK_POINT] = p.x
            values[PICK_POINT + 1] = p.y
            values[PICK_POINT + 2] = p.z
            for first in (PICK_NORMAL, PICK_SHADING_NORMAL):
                values[first] = seen.normal.x
                values[first + 1] = seen.normal.y
                values[first + 2] = seen.normal.z
            values[PICK_UV] = 0.0
            values[PICK_UV + 1] = 0.0
            values[PICK_VALUE] = seen.value
            codes[PICK_SHAPE] = scene.volume_codes[seen.volume * VOLUME_CODES_SIZE + VOLUME_INDEX]
            codes[PICK_MATERIAL] = -1
            codes[PICK_PRIMITIVE] = -1
            codes[PICK_INSTANCE] = -1
            return True
    if ray.slot == MISS:
        return False
    hit = make_hit(scene, start, direction, ray)
    values[PICK_DISTANCE] = travelled + hit.t
    values[PICK_POINT] = hit.p.x
    values[PICK_POINT + 1] = hit.p.y
    values[PICK_POINT + 2] = hit.p.z
    values[PICK_NORMAL] = hit.ng.x
    values[PICK_NORMAL + 1] = hit.ng.y
    values[PICK_NORMAL + 2] = hit.ng.z
    values[PICK_SHADING_NORMAL] = hit.ns.x
    values[PICK_SHADING_NORMAL + 1] = hit.ns.y
    values[PICK_SHADING_NORMAL + 2] = hit.ns.z
    values[PICK_UV] = hit.u
    values[PICK_UV + 1] = hit.v
    values[PICK_VALUE] = shown_value(scene, hit)
    codes[PICK_SHAPE] = hit.shape
    codes[PICK_MATERIAL] = hit.material
    codes[PICK_PRIMITIVE] = hit.primitive
    codes[PICK_INSTANCE] = hit.instance
    return True
