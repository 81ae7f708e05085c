"""Volumes that glow, as lamps: points in them are drawn, and seen from where light is scattered.

What shines in a volume is found in two ways: by light that is scattered towards it and stopped
there, and at points drawn from a coarse table of what glows where. Both are weighted as if nothing
stood in between (`found_share`): how much gets through is an estimate, and no density can be told
from it, but weights need only add up to 1 for each point (Veach 1997, section 9.2).

What is thin stops few of the camera's rays: there, a point is drawn on each of them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.grid import extinction_at, find_place, into_grid, load_look
from raywidget.kernels.geometry.kept import kept_part
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.random import Four
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.volumes.flight import start_walk


class Glow(NamedTuple):
    """A point that glows, seen from another one."""

    pdf: float  # per volume; 0: there is none
    wi: Vec3  # towards it
    reach: float
    sent: Vec3  # what comes from there, for each volume, if all gets through
    stopped: float  # share of light in this direction that is stopped there, for each solid angle


@device
def _axis(scene: SceneView, volume: int, axis: int) -> Vec3:
    """Cells for each unit along an axis of the grid."""
    row = volume * layout.VOLUME_SIZE + layout.VOLUME_FROM_WORLD + 4 * axis
    return load_vec3(scene.volumes, row)


@device
def _out_of_grid(scene: SceneView, volume: int, cell: Vec3) -> Vec3:
    """A point in cells of the grid as one in the world: its axes are at right angles."""
    row = volume * layout.VOLUME_SIZE + layout.VOLUME_FROM_WORLD
    x = _axis(scene, volume, 0)
    y = _axis(scene, volume, 1)
    z = _axis(scene, volume, 2)
    along_x = (cell.x - scene.volumes[row + 3]) / dot(x, x)
    along_y = (cell.y - scene.volumes[row + 7]) / dot(y, y)
    along_z = (cell.z - scene.volumes[row + 11]) / dot(z, z)
    return x * along_x + y * along_y + z * along_z


@device
def _width(scene: SceneView, codes: int, axis: int, part: int) -> float:
    """Cells of the grid along an axis of a part of it; the last one may be narrower."""
    side = scene.volume_codes[codes + layout.VOLUME_GLOW_SIDE]
    count = scene.volume_codes[codes + layout.VOLUME_SHAPE + axis]
    return single(min(side, count - part * side))


@device
def _density(scene: SceneView, volume: int, row: int, widths: float) -> float:
    """Probability per volume of a part, whose running sum stands in a row."""
    share = scene.volume_glow[row]
    if row > 0:
        share -= scene.volume_glow[row - 1]
    x = _axis(scene, volume, 0)
    y = _axis(scene, volume, 1)
    z = _axis(scene, volume, 2)
    cells = math.sqrt(dot(x, x)) * math.sqrt(dot(y, y)) * math.sqrt(dot(z, z))
    return share * cells / widths


@device
def _extinction_seen(
    scene: SceneView, volume: int, place: float, o: Vec3, d: Vec3, t: float
) -> float:
    """The extinction at a place, seen along a ray; 0 where it is cut away."""
    if scene.clip_count > 0:
        group = int(scene.volume_codes[volume * layout.VOLUME_CODES_SIZE + layout.VOLUME_CLIP])
        part = kept_part(scene, group, o, d, 2.0 * t)
        if not part.enter <= t <= part.leave:
            return 0.0
    return extinction_at(scene, volume, place)


@on_demand
def sample_glow(scene: SceneView, p: Vec3, numbers: Four) -> Glow:
    """A point that glows, seen from `p`, and what would come from there."""
    nothing = Glow(0.0, vec3(0.0, 0.0, 1.0), 0.0, vec3(0.0, 0.0, 0.0), 0.0)
    low = 0
    high = scene.glow_count - 1
    while low < high:  # the first row above the number
        middle = (low + high) // 2
        if scene.volume_glow[middle] > numbers.w:
            high = middle
        else:
            low = middle + 1
    volume = 0
    for other in range(scene.volume_count):
        start = scene.volume_codes[other * layout.VOLUME_CODES_SIZE + layout.VOLUME_GLOW]
        if 0 <= start <= low:
            volume = other
    codes = volume * layout.VOLUME_CODES_SIZE
    part = low - scene.volume_codes[codes + layout.VOLUME_GLOW]
    parts_y = scene.volume_codes[codes + layout.VOLUME_GLOW_PARTS + 1]
    parts_z = scene.volume_codes[codes + layout.VOLUME_GLOW_PARTS + 2]
    x = part // (parts_y * parts_z)
    y = part // parts_z - x * parts_y
    z = part - (x * parts_y + y) * parts_z
    side = scene.volume_codes[codes + layout.VOLUME_GLOW_SIDE]
    width_x = _width(scene, codes, 0, x)
    width_y = _width(scene, codes, 1, y)
    width_z = _width(scene, codes, 2, z)
    cell = vec3(
        single(x * side) + width_x * numbers.x,
        single(y * side) + width_y * numbers.y,
        single(z * side) + width_z * numbers.z,
    )
    away = _out_of_grid(scene, volume, cell) - p
    square = dot(away, away)
    if not square > 0.0:
        return nothing
    reach = math.sqrt(square)
    wi = away * (1.0 / reach)
    place = find_place(scene, volume, cell)
    stopped = _extinction_seen(scene, volume, place, p, wi, reach) / square
    if not stopped > 0.0:
        return nothing
    look = load_look(scene, volume, place, cell)
    pdf = _density(scene, volume, low, width_x * width_y * width_z)
    return Glow(pdf, wi, reach, look.emission * stopped, stopped)


@on_demand
def found_share(scene: SceneView, volume: int, o: Vec3, p: Vec3, pdf: float) -> float:
    """What counts of the glow at `p`, where light from `o` was stopped by a volume.

    `pdf` is that of its direction. The rest is left to points that are drawn.
    """
    codes = volume * layout.VOLUME_CODES_SIZE
    start = scene.volume_codes[codes + layout.VOLUME_GLOW]
    away = p - o
    square = dot(away, away)
    if start < 0 or not square > 0.0:
        return 1.0
    cell = into_grid(scene, volume, p)
    side = scene.volume_codes[codes + layout.VOLUME_GLOW_SIDE]
    parts_x = scene.volume_codes[codes + layout.VOLUME_GLOW_PARTS]
    parts_y = scene.volume_codes[codes + layout.VOLUME_GLOW_PARTS + 1]
    parts_z = scene.volume_codes[codes + layout.VOLUME_GLOW_PARTS + 2]
    x = min(max(int(cell.x), 0) // side, parts_x - 1)
    y = min(max(int(cell.y), 0) // side, parts_y - 1)
    z = min(max(int(cell.z), 0) // side, parts_z - 1)
    widths = _width(scene, codes, 0, x) * _width(scene, codes, 1, y) * _width(scene, codes, 2, z)
    row = start + (x * parts_y + y) * parts_z + z
    drawn = _density(scene, volume, row, widths)
    place = max(0.0, find_place(scene, volume, cell))
    stopped = pdf * extinction_at(scene, volume, place) / square
    if not stopped + drawn > 0.0:
        return 1.0
    return stopped / (stopped + drawn)


class Along(NamedTuple):
    """A point on a ray that goes through something that glows."""

    t: float
    sent: Vec3  # what counts of its light, by the density of the point, if all gets through


@on_demand
def sample_along(
    scene: SceneView, volume: int, o: Vec3, d: Vec3, reach: float, number: float
) -> Along:
    """A point that glows on a ray, all of which are equally likely; what is sent is 0 beside it."""
    walk = start_walk(scene, volume, o, d, reach)
    length = walk.leave - walk.enter
    if not length > 0.0:
        return Along(0.0, vec3(0.0, 0.0, 0.0))
    t = walk.enter + number * length
    cell = into_grid(scene, volume, o + d * t)
    place = find_place(scene, volume, cell)
    extinction = extinction_at(scene, volume, place)
    if not extinction > 0.0:
        return Along(0.0, vec3(0.0, 0.0, 0.0))
    counts = extinction / (extinction + 1.0 / length)
    return Along(t, load_look(scene, volume, place, cell).emission * counts)


@on_demand
def found_along(scene: SceneView, volume: int, o: Vec3, d: Vec3, reach: float, t: float) -> float:
    """What counts of the glow where a ray was stopped; the rest is left to `sample_along`."""
    walk = start_walk(scene, volume, o, d, reach)
    length = max(0.0, walk.leave - walk.enter)
    cell = into_grid(scene, volume, o + d * t)
    depth = length * extinction_at(scene, volume, max(0.0, find_place(scene, volume, cell)))
    return depth / (depth + 1.0)
