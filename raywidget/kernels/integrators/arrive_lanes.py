"""The ends of most edges, of all lanes at once: flats that do not shine, and the sky.

What else rays meet, `path_lanes.arrive` looks at, one lane after the other.
"""

from __future__ import annotations

from typing import Any

from raywidget.kernels import layout
from raywidget.kernels.geometry.beginnings import begin_to_closest, make_beginnings
from raywidget.kernels.geometry.brute_force import find_closest_of_few, find_near_rest
from raywidget.kernels.geometry.clipping import go_on_to_kept
from raywidget.kernels.geometry.intersect import FLAT_BLOCK
from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_number,
    load_point,
    load_point_row,
    load_row,
    load_word,
    load_word_row,
    replace_point_row,
    replace_row,
    replace_word_row,
    store_number,
    store_point_row,
    store_row,
    store_word,
    store_word_row,
)
from raywidget.kernels.integrators.caustics.chains import follows_chains
from raywidget.kernels.integrators.path_lanes import (
    FOUND_DIFFUSE,
    FOUND_END,
    FOUND_IMAGE,
    PathSettings,
    load_material,
)
from raywidget.kernels.integrators.space import in_space
from raywidget.kernels.integrators.surface_lanes import (
    FOUND_FLAT,
    FOUND_TEXTURED,
    note_flats,
)
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.look_up import gather, gather_point
from raywidget.kernels.language.simd import (
    WIDTH,
    Lanes,
    choose,
    lane_mask,
    lanes_in,
    spread_number,
    spread_word,
)
from raywidget.kernels.language.vec3 import dot, load_vec3, vec3
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.environment import is_image

INFINITY = float("inf")
_BLOCK_BITS = WIDTH.bit_length() - 1


@device
def trace_together(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Trace the rays of some lanes: DISTANCE, U, V, SLOT and INSTANCE tell what they meet."""
    walk(scene, bundle, lanes & meet_few(scene, bundle, lanes))


@device
def meet_few(scene: SceneView, bundle: Bundle, lanes: int) -> int:
    """Trace rays as far as it is done for all lanes; those which may meet something in the tree."""
    walking = lanes
    t = spread_number(INFINITY)
    u = spread_number(0.0)
    v = spread_number(0.0)
    slot = spread_word(layout.MISS)
    if scene.has_few:
        o = load_point_row(bundle, rows.ORIGIN)
        d = load_point_row(bundle, rows.DIRECTION)
        t, u, v, slot = find_closest_of_few(scene, o, d)
        walking = 0
        if not scene.is_few:
            walking = find_near_rest(scene, o, d, t)
    store_row(bundle, rows.DISTANCE, t)
    store_row(bundle, rows.U, u)
    store_row(bundle, rows.V, v)
    store_word_row(bundle, rows.SLOT, slot)
    store_word_row(bundle, rows.INSTANCE, spread_word(-1))
    return walking


@device
def walk(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Find out what some rays meet in the tree, one after the other, if it is nearer than what
    DISTANCE, U, V and SLOT tell.
    """
    if lanes == 0:
        return
    beginnings = make_beginnings()
    if scene.clip_count == 0:
        lanes = begin_to_closest(
            scene,
            beginnings,
            scene.rest,
            lanes,
            load_point_row(bundle, rows.ORIGIN),
            load_point_row(bundle, rows.DIRECTION),
            load_row(bundle, rows.DISTANCE),
        )
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        o = load_point(bundle, rows.ORIGIN, lane)
        d = load_point(bundle, rows.DIRECTION, lane)
        t = load_number(bundle, rows.DISTANCE, lane)
        ray = go_on_to_kept(scene, scene.rest, beginnings, lane, o, d, t)
        if ray.slot != layout.MISS:
            store_number(bundle, rows.DISTANCE, lane, ray.t)
            store_number(bundle, rows.U, lane, ray.u)
            store_number(bundle, rows.V, lane, ray.v)
            store_word(bundle, rows.SLOT, lane, ray.slot)
            store_word(bundle, rows.INSTANCE, lane, ray.instance)


@device
def arrive_together(
    scene: SceneView, bundle: Bundle, lanes: int, eyes: int, settings: PathSettings
) -> int:
    """Note the surfaces, and add the light, that some rays have met; lanes for which it is done.

    FOUND tells what was found, as `arrive` does. What comes from the sky counts for `eyes` alone.
    Lane by lane it took half as long again as the arithmetic of a whole step: 20 to 30 ns a sample.
    """
    if follows_chains(settings) or in_space(settings) or scene.medium_count > 0:
        return 0
    slot = load_word_row(bundle, rows.SLOT)
    depth = load_word_row(bundle, rows.DEPTH)
    missed = lanes & lane_mask(slot == layout.MISS)
    if scene.has_backdrop:
        missed &= ~lane_mask(depth == 1)
    if settings.bound < INFINITY:
        missed = 0
    ended = missed
    found = spread_word(0)
    if missed != 0:
        end = FOUND_END
        if is_image(scene) or scene.portal_count > 0:
            end |= FOUND_IMAGE
        else:
            _add_sky(scene, bundle, missed & eyes, depth)
        found = choose(lanes_in(missed), spread_word(end), found)

    flats = lanes & lane_mask((slot < layout.BALL_SLOT) & (slot > layout.MISS))
    flats &= lane_mask(load_word_row(bundle, rows.INSTANCE) < 0)
    if flats != 0:
        slot = choose(lanes_in(flats), slot, spread_word(0))
        material = gather(scene.bare_materials, slot)
        others = flats & lane_mask(material < 0)
        flats ^= others
        if others != 0 and scene.clip_count == 0:
            noted = note_flats(scene, bundle, others, slot)
            flats |= noted.lanes
            is_noted = lanes_in(noted.lanes)
            material = choose(is_noted, noted.material, material)
            found = choose(is_noted, noted.found, found)
        last = flats & lane_mask(depth >= settings.max_depth)
        found = choose(lanes_in(last), spread_word(FOUND_END), found)
        ended |= last
        flats &= ~last
    drawn = 0
    if flats != 0:
        material = choose(lanes_in(flats), material, spread_word(0))
        _load_flats(scene, bundle, flats, slot)
        replace_word_row(bundle, rows.MATERIAL, flats, material)
        codes = material * layout.MATERIAL_CODES_SIZE
        kind = gather(scene.material_codes, codes + layout.MATERIAL_KIND)
        drawn = flats & lane_mask((found & FOUND_TEXTURED) == FOUND_TEXTURED)
        diffuse = flats & lane_mask(kind == layout.DIFFUSE) & ~drawn
        if diffuse != 0:
            place = material * layout.MATERIAL_SIZE + layout.MATERIAL_COLOR
            replace_point_row(bundle, rows.COLOR, diffuse, gather_point(scene.materials, place))
        found = choose(lanes_in(flats), found | FOUND_FLAT, found)
        found = choose(lanes_in(diffuse), found | FOUND_DIFFUSE, found)
        drawn |= diffuse
    replace_word_row(bundle, rows.FOUND, ended | flats, found)
    others = flats & ~drawn
    while others != 0:
        lane = lowest_bit(others)
        others &= others - 1
        number = load_word(bundle, rows.MATERIAL, lane)
        kinds = load_material(scene, bundle, lane, number, settings)
        store_word(bundle, rows.FOUND, lane, load_word(bundle, rows.FOUND, lane) | kinds)
    return ended | flats


@device
def _load_flats(scene: SceneView, bundle: Bundle, lanes: int, slot: Lanes) -> None:
    """Corners and edges of flats."""
    block = slot >> _BLOCK_BITS
    place = block * FLAT_BLOCK + (slot - block * WIDTH)
    for number in range(9):
        value = gather(scene.flats, place + number * WIDTH)
        replace_row(bundle, rows.POINT + number, lanes, value)


@device
def _add_sky(scene: SceneView, bundle: Bundle, lanes: int, depth: Any) -> None:
    """Count what a sky that is no image brings: see `environment.eval_missed`."""
    kind = int(scene.environment[layout.ENVIRONMENT_KIND])
    none = spread_number(0.0)
    seen = vec3(none, none, none)
    if kind != layout.NO_ENVIRONMENT:
        top = load_vec3(scene.environment, layout.ENVIRONMENT_TOP)
        seen = vec3(spread_number(top.x), spread_number(top.y), spread_number(top.z))
    if kind == layout.GRADIENT:
        up = load_vec3(scene.environment, layout.ENVIRONMENT_FROM_WORLD + 3)
        axis = vec3(spread_number(up.x), spread_number(up.y), spread_number(up.z))
        height = 0.5 * (dot(axis, load_point_row(bundle, rows.DIRECTION)) + 1.0)
        low = load_vec3(scene.environment, layout.ENVIRONMENT_BOTTOM)
        bottom = vec3(spread_number(low.x), spread_number(low.y), spread_number(low.z))
        seen = seen * height + bottom * (1.0 - height)
    if scene.environment[layout.ENVIRONMENT_BACKGROUND] >= 0.0:
        behind = load_vec3(scene.environment, layout.ENVIRONMENT_BACKGROUND)
        seen = choose_vec3(
            depth == 1,
            vec3(spread_number(behind.x), spread_number(behind.y), spread_number(behind.z)),
            seen,
        )
    radiance = load_point_row(bundle, rows.RADIANCE)
    lit = radiance + load_point_row(bundle, rows.THROUGHPUT) * seen
    store_point_row(bundle, rows.RADIANCE, choose_vec3(lanes_in(lanes), lit, radiance))
