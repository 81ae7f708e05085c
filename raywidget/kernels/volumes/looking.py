"""What is seen of a volume by who asks for one place and one direction: its surfaces.

A volume has none; what comes nearest is where its numbers change fast, and for depths, picks and
guides of denoisers the place behind which an eye sees less than half.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.grid import (
    along_grid,
    extinction_at,
    find_place,
    find_slope,
    into_grid,
    load_look,
    out_of_grid,
    value_at,
)
from raywidget.kernels.geometry.kept import kept_part
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.vec3 import Vec3, dot, normalize, vec3
from raywidget.kernels.layout import SceneView

_HALF = math.log(2.0)  # the optical depth that half of the light gets through
_STEP = 0.5  # cells
_LEAST_STEP = 1e-3  # cells: over the sides of blocks, whatever is rounded
_FAR = 1e30
_NAN = float("nan")


@device
def _towards(slope: Vec3, d: Vec3) -> Vec3:
    """The unit normal of a slope, against a direction; 0 where there is none."""
    if not dot(slope, slope) > 0.0:
        return vec3(0.0, 0.0, 0.0)
    normal = normalize(slope)
    return normal if dot(normal, d) < 0.0 else -normal


@on_demand
def shaded_side(scene: SceneView, volume: int, p: Vec3, d: Vec3, chance: float) -> Vec3:
    """The normal against `d` if a point is to be shaded as a surface is, which is decided by
    chance; else 0.

    The probability is 1 - exp(-sharpness * change), where `change` is how much of the whole
    transfer function the numbers go through from one cell to the next. (That a point of a volume is
    a surface with a probability that grows with the gradient is an idea of Kroes, Post and Botha
    2012, "Exposure Render".)
    """
    slope = find_slope(scene, volume, into_grid(scene, volume, p))
    last = scene.volume_codes[volume * layout.VOLUME_CODES_SIZE + layout.VOLUME_ENTRIES] - 1
    change = math.sqrt(dot(slope, slope)) / single(last)
    sharpness = scene.volumes[volume * layout.VOLUME_SIZE + layout.VOLUME_SHARPNESS]
    if chance >= 1.0 - math.exp(-sharpness * change):
        return vec3(0.0, 0.0, 0.0)
    return _towards(out_of_grid(scene, volume, slope), d)


class Seen(NamedTuple):
    """The place in volumes behind which less than half is seen."""

    volume: int  # the one that is thickest there; -1: there is no such place
    t: float
    value: float  # its number there; NaN in a hole
    normal: Vec3  # of its numbers, towards the viewer; 0 where they do not change
    albedo: Vec3  # with what glows, at most 1


@device
def _box_side(o: float, d: float, low: float, high: float) -> float:
    """Distance at which a ray leaves what lies between two planes."""
    if abs(d) < 1e-12:
        return _FAR
    return ((high if d > 0.0 else low) - o) / d


@device
def _stride(scene: SceneView, volume: int, o: Vec3, d: Vec3, t: float) -> float:
    """How far a ray may go from `t` on until a volume has to be asked again."""
    codes = volume * layout.VOLUME_CODES_SIZE
    origin = into_grid(scene, volume, o)
    along = along_grid(scene, volume, d)
    speed = math.sqrt(dot(along, along))
    p = origin + along * t
    nx = scene.volume_codes[codes + layout.VOLUME_SHAPE]
    ny = scene.volume_codes[codes + layout.VOLUME_SHAPE + 1]
    nz = scene.volume_codes[codes + layout.VOLUME_SHAPE + 2]
    high = vec3(single(nx), single(ny), single(nz))
    out = _box_side(p.x, along.x, 0.0, high.x)
    out = min(out, _box_side(p.y, along.y, 0.0, high.y))
    out = min(out, _box_side(p.z, along.z, 0.0, high.z))
    if out <= 0.0:
        return _FAR
    into = -min(_box_side(p.x, -along.x, 0.0, high.x), _box_side(p.y, -along.y, 0.0, high.y))
    into = max(into, -_box_side(p.z, -along.z, 0.0, high.z))
    least = _LEAST_STEP / speed
    if into > 0.0:
        return into + least if into < out else _FAR
    per_block = scene.volumes[volume * layout.VOLUME_SIZE + layout.VOLUME_PER_BLOCK]
    blocks = codes + layout.VOLUME_BLOCKS
    x = min(max(int(p.x * per_block), 0), scene.volume_codes[blocks] - 1)
    y = min(max(int(p.y * per_block), 0), scene.volume_codes[blocks + 1] - 1)
    z = min(max(int(p.z * per_block), 0), scene.volume_codes[blocks + 2] - 1)
    block = (x * scene.volume_codes[blocks + 1] + y) * scene.volume_codes[blocks + 2] + z
    row = (scene.volume_codes[codes + layout.VOLUME_BOUNDS] + block) * layout.BOUNDS_SIZE
    if scene.volume_bounds[row + layout.BOUNDS_MOST] > 0.0:
        return _STEP / speed
    size = 1.0 / per_block
    more = -scene.volume_bounds[row + layout.BOUNDS_LEAST] - 1.0
    x_low = single(x) - more
    y_low = single(y) - more
    z_low = single(z) - more
    across = 2.0 * more + 1.0
    stride = _box_side(p.x, along.x, x_low * size, (x_low + across) * size)
    stride = min(stride, _box_side(p.y, along.y, y_low * size, (y_low + across) * size))
    stride = min(stride, _box_side(p.z, along.z, z_low * size, (z_low + across) * size))
    return max(stride, 0.0) + least


@device
def _extinction_on(scene: SceneView, volume: int, o: Vec3, d: Vec3, t: float) -> float:
    """Of one volume at a point of a ray; 0 outside."""
    codes = volume * layout.VOLUME_CODES_SIZE
    if scene.volume_codes[codes + layout.VOLUME_IS_UNSEEN] != 0:
        return 0.0
    p = into_grid(scene, volume, o + d * t)
    nx = single(scene.volume_codes[codes + layout.VOLUME_SHAPE])
    ny = single(scene.volume_codes[codes + layout.VOLUME_SHAPE + 1])
    nz = single(scene.volume_codes[codes + layout.VOLUME_SHAPE + 2])
    within = (p.x >= 0.0) & (p.y >= 0.0) & (p.z >= 0.0) & (p.x <= nx) & (p.y <= ny) & (p.z <= nz)
    if not within:
        return 0.0
    if scene.clip_count > 0:
        part = kept_part(scene, int(scene.volume_codes[codes + layout.VOLUME_CLIP]), o, d, _FAR)
        if not part.enter <= t <= part.leave:
            return 0.0
    return extinction_at(scene, volume, find_place(scene, volume, p))


@on_demand
def find_seen(scene: SceneView, o: Vec3, d: Vec3, reach: float) -> Seen:
    """Go through all volumes in steps of half a cell until half of the light is lost."""
    nothing = vec3(0.0, 0.0, 0.0)
    t = 0.0
    depth = 0.0
    while t < reach:
        step = reach - t
        for volume in range(scene.volume_count):
            step = min(step, _stride(scene, volume, o, d, t))
        if step >= _FAR:
            break
        total = 0.0
        thickest = -1
        most = 0.0
        for volume in range(scene.volume_count):
            extinction = _extinction_on(scene, volume, o, d, t + 0.5 * step)
            total += extinction
            if extinction > most:
                most = extinction
                thickest = volume
        if depth + total * step >= _HALF:
            t += (_HALF - depth) / total
            p = into_grid(scene, thickest, o + d * t)
            look = load_look(scene, thickest, max(0.0, find_place(scene, thickest, p)), p)
            color = look.albedo + look.emission
            color = vec3(min(1.0, color.x), min(1.0, color.y), min(1.0, color.z))
            slope = out_of_grid(scene, thickest, find_slope(scene, thickest, p))
            value = value_at(scene, thickest, o + d * t)
            return Seen(thickest, t, value, _towards(slope, d), color)
        depth += total * step
        # In a volume far from the camera a step may be lost in what is rounded.
        t = max(t + step, t * (1.0 + 2e-7))
    return Seen(-1, reach, _NAN, nothing, nothing)
