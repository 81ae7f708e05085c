"""Connections of light subpaths to the lens, of all lanes at once."""

from __future__ import annotations

from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bdpt import rows as more
from raywidget.kernels.integrators.bdpt.connect import Connection
from raywidget.kernels.integrators.bdpt.subpath import GROUP_SPLAT, Splats, splat_connection
from raywidget.kernels.integrators.bdpt.vertex import (
    BdptSettings,
)
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_number,
    load_point,
    load_point_row,
    load_row,
    load_sequence,
    load_word,
    load_word_row,
    store_number,
    store_point,
    store_point_row,
    store_word_row,
)
from raywidget.kernels.integrators.tile import COUNTER_DROPPED, COUNTER_SPLATS
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import count_bits, lowest_bit
from raywidget.kernels.language.look_up import whole
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import (
    lane_mask,
    lanes_abs,
    lanes_max,
    lanes_min,
)
from raywidget.kernels.layout import (
    SceneView,
)
from raywidget.kernels.sensors.filter import PIXEL
from raywidget.kernels.surfaces.surface import visibility_from_lens
from raywidget.kernels.volumes.medium import inside_towards

INFINITY = float("inf")


@device
def find_visible_from_lens(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """As `next_event.find_visible`, of the lens, where not all is seen."""
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        wi = load_point(bundle, rows.LIGHT_DIRECTION, lane)
        inside = bundle.inside[lane]
        if scene.medium_count > 0:
            ng = load_point(bundle, rows.NORMAL, lane)
            material = load_word(bundle, rows.MATERIAL, lane)
            wo = -load_point(bundle, rows.DIRECTION, lane)
            inside = inside_towards(scene, inside, ng, material, wo, wi)
        share = visibility_from_lens(
            scene,
            load_point(bundle, rows.SHADOW_ORIGIN, lane),
            wi,
            load_number(bundle, rows.LIGHT_REACH, lane),
            inside,
        )
        store_number(bundle, rows.VISIBLE, lane, 1.0)
        arrived = load_point(bundle, rows.LIGHT_RADIANCE, lane) * share
        store_point(bundle, rows.LIGHT_RADIANCE, lane, arrived)


@device
def splat(
    bundle: Bundle,
    lanes: int,
    lattice: bool,
    splats: Splats,
    settings: BdptSettings,
) -> None:
    """Note what RADIANCE of light arrives at the lens from points that see it."""
    radiance = load_point_row(bundle, rows.LIGHT_RADIANCE) * load_row(bundle, rows.VISIBLE)
    brightest = lanes_max(radiance.x, lanes_max(radiance.y, radiance.z))
    lanes &= lane_mask(brightest > 0.0)
    if lanes == 0:
        return
    store_point_row(bundle, rows.LIGHT_RADIANCE, radiance)
    if splats.filter.kind == PIXEL and not settings.bound < INFINITY:
        size = lanes_abs(radiance.x) + lanes_abs(radiance.y) + lanes_abs(radiance.z)
        _splat_pixels(bundle, lanes, splats, lanes & ~lane_mask(size < INFINITY))
        return
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        count = load_word(bundle, rows.DEPTH, lane)
        x = load_number(bundle, more.LENS_X, lane)
        y = load_number(bundle, more.LENS_Y, lane)
        found = Connection(load_point(bundle, rows.LIGHT_RADIANCE, lane), 1, x, y)
        sequence = load_sequence(bundle, lane, lattice)
        splat_connection(splats, sequence, GROUP_SPLAT + count, found, settings, count + 1)


@device
def _splat_pixels(bundle: Bundle, lanes: int, splats: Splats, infinite: int) -> None:
    """The same, where all light counts for the pixel that is met: places for all lanes at once."""
    log = splats.log
    x = (load_row(bundle, more.LENS_X) + 1.0) * (0.5 * single(splats.width))
    y = (1.0 - load_row(bundle, more.LENS_Y)) * (0.5 * single(splats.height))
    column = whole(lanes_min(x, single(splats.width - 1)))
    row = whole(lanes_min(y, single(splats.height - 1)))
    pixel = row * splats.width + column
    half = load_word_row(bundle, rows.HALF)
    store_word_row(bundle, rows.PRIMITIVE, pixel * 2 + half)
    count = log.counters[COUNTER_SPLATS]
    log.counters[COUNTER_DROPPED] = log.counters[COUNTER_DROPPED] + count_bits(infinite)
    lanes &= ~infinite
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        log.places[count] = load_word(bundle, rows.PRIMITIVE, lane)
        for k in range(3):
            log.values[3 * count + k] = load_number(bundle, rows.LIGHT_RADIANCE + k, lane)
        count += 1
    log.counters[COUNTER_SPLATS] = count


# --- Between subpaths -----------------------------------------------------------------------------
