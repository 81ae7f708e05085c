"""What light subpaths draw, and where light goes that reaches the lens."""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.integrators.bdpt.connect import Connection
from raywidget.kernels.integrators.bdpt.vertex import BdptSettings
from raywidget.kernels.integrators.bound import is_bounded, within
from raywidget.kernels.integrators.splat import SplatView, note_splat
from raywidget.kernels.integrators.tile import COUNTER_DROPPED, PictureView
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.random import Sequence, draw_four
from raywidget.kernels.language.scalars import index_below, single
from raywidget.kernels.sensors.filter import PIXEL, FilterView, choose_pixel

# Far above the groups of the camera's subpath, those of surfaces that it passes included.
GROUP_EMISSION = 1 << 31  # point u, v and direction u, v at the light
GROUP_LIGHT = (1 << 31) + 1  # which light, three unused
GROUP_LIGHT_EDGE = (1 << 31) + 2  # at point i: BSDF u, v, and point of the lens u, v
GROUP_LIGHT_CHOICE = (1 << 31) + 3  # at point i: lobe, roulette, unused, see `surface`
GROUP_SPLAT = 3 << 30  # of point i: which pixel, see `filter`
LIGHT_GROUPS_PER_EDGE = 2

# Roulette leaves light subpaths alone down to this throughput: light that is hidden in a fixture
# has lost much before it comes out. With 1, a lamp in an open box has 0.90 of the efficiency.
ROULETTE_FULL = 0.5


class Splats(NamedTuple):
    """Where light goes that reaches the lens."""

    log: SplatView
    width: int  # of the picture
    height: int
    filter: FilterView
    most_x: float  # where filters see: from -most to most, the picture is from -1 to 1
    most_y: float


@device
def make_splats(log: SplatView, picture: PictureView) -> Splats:
    """For a picture and its filter."""
    margin = 0.0 if picture.filter.kind == PIXEL else 2.0 * picture.filter.radius
    return Splats(
        log,
        picture.width,
        picture.height,
        picture.filter,
        1.0 + margin / single(picture.width),
        1.0 + margin / single(picture.height),
    )


@device
def splat_connection(
    splats: Splats,
    sequence: Sequence,
    group: int,
    found: Connection,
    settings: BdptSettings,
    edges: int,
) -> None:
    """Note light for the pixel that a connection to the lens has met, or for one near it.

    Two numbers of `group` choose which, unless it is the one that was met.
    """
    x = (found.x + 1.0) * 0.5 * single(splats.width)
    y = (1.0 - found.y) * 0.5 * single(splats.height)
    if splats.filter.kind == PIXEL:
        column = index_below(x, splats.width)
        row = index_below(y, splats.height)
        value = found.radiance
    else:
        choice = draw_four(sequence, group)
        column, weight_x = choose_pixel(splats.filter, x, choice.x)
        row, weight_y = choose_pixel(splats.filter, y, choice.y)
        if min(column, row) < 0 or column >= splats.width or row >= splats.height:
            return
        value = found.radiance * (weight_x * weight_y)
    if is_bounded(settings.bound, edges):
        value = within(settings.bound, value)
    if not note_splat(splats.log, row * splats.width + column, sequence.half, value):
        splats.log.counters[COUNTER_DROPPED] = splats.log.counters[COUNTER_DROPPED] + 1
