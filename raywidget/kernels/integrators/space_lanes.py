"""How far the paths of a bundle go before something between surfaces stops them, and what glows.

Media fill closed shapes or the world and are the same everywhere in them (see `medium`): distances
in them are drawn for all lanes at once. Volumes are boxes of numbers, wherever they lie (see
`flight`), and are flown through lane by lane. Surfaces of the material `Interface` only separate:
light passes straight on, and no edge is counted.
"""

from __future__ import annotations

from raywidget.kernels.geometry.clipping import find_closest_of_finite
from raywidget.kernels.geometry.traverse import RayHit
from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_number,
    load_point,
    load_point_row,
    load_row,
    load_sequence,
    load_sequences,
    load_word,
    load_word_row,
    replace_point_row,
    replace_row,
    replace_word_row,
    store_number,
    store_point,
    store_point_row,
    store_row,
    store_word,
    store_word_row,
)
from raywidget.kernels.integrators.lit_flight import fly_lit
from raywidget.kernels.integrators.path_lanes import (
    FOUND_DIFFUSE,
    FOUND_END,
    PathSettings,
    add_light,
    note_media,
    traced,
)
from raywidget.kernels.integrators.space import (
    FOUND_LIT,
    FOUND_SPACE,
    NO_MATERIAL,
    load_stream,
    store_stream,
    with_space,
)
from raywidget.kernels.language.exponential import log_of
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.random import (
    GROUP_CHOICE,
    GROUPS_PER_EDGE,
    Sequence,
    draw_four,
    mix,
    start_stream,
)
from raywidget.kernels.language.simd import (
    choose,
    lane_mask,
    lanes_in,
    lanes_max,
    lanes_min,
    spread_number,
    spread_word,
)
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import MISS, VOLUME_SHARPNESS, VOLUME_SIZE, SceneView
from raywidget.kernels.volumes.flight import fly, is_volume_unseen, look_at, share_through
from raywidget.kernels.volumes.glow import found_along, found_share, sample_along, sample_glow
from raywidget.kernels.volumes.looking import shaded_side
from raywidget.kernels.volumes.medium import (
    decay,
    in_sight,
    load_medium,
    transmittance,
)

INFINITY = float("inf")

# Of each straight piece of a path: channel, distance, what a volume stops, unused. Pieces are
# counted as `surface` counts what passes.
GROUP_PIECE = 1 << 31
_PIECE_SHIFT = 20
GROUP_GLOW = 3 << 30  # on the camera's ray, then at the end of an edge: a point that glows

_LIT_EDGES = 3  # of a path, on whose way through a volume light of lamps is looked for


@with_space
def fly_lanes(
    settings: PathSettings,
    scene: SceneView,
    bundle: Bundle,
    lanes: int,
    walking: int,
    lattice: bool,
) -> int:
    """Follow the rays of some lanes to the first surface, or to where a point in between stops
    them; the rays that were traced. Those that are `walking` have something to look for in the
    tree.

    Of lanes that get to a surface, or to none, rows say what was hit; of others, FOUND what stops
    them.
    """
    _draw_pieces(scene, bundle, lanes, lattice)
    rays = 0
    rest = lanes if scene.volume_count > 0 else lanes & walking
    while rest != 0:
        lane = lowest_bit(rest)
        rest &= rest - 1
        walks = (walking >> lane) & 1 != 0
        if scene.volume_count > 0:
            rays += _fly_one(scene, bundle, lane, lattice, walks, settings)
        else:
            ray = traced(bundle, lane)
            reach = min(ray.t, load_number(bundle, rows.FREE, lane))
            _note_ray(bundle, lane, _nearer(scene, bundle, lane, reach, ray))
    stopped = 0
    if scene.medium_count > 0:
        stopped = _stop_in_media(bundle, lanes, settings.max_depth)
    if scene.volume_count > 0:
        rest = lanes & ~stopped & lane_mask(load_word_row(bundle, rows.VOLUME) >= 0)
        d = load_point_row(bundle, rows.DIRECTION)
        p = load_point_row(bundle, rows.ORIGIN) + d * load_row(bundle, rows.DISTANCE)
        _scatter_in_space(bundle, rest, p, d)
        while rest != 0:
            lane = lowest_bit(rest)
            rest &= rest - 1
            found = _stop_in_volume(scene, bundle, lane, lattice, settings)
            store_word(bundle, rows.FOUND, lane, found | load_word(bundle, rows.FOUND, lane))
    return rays


# --- Media ----------------------------------------------------------------------------------------


@device
def _draw_pieces(scene: SceneView, bundle: Bundle, lanes: int, lattice: bool) -> None:
    """Draw how far each path goes in its medium, from the extinction of one channel.

    Channels are chosen as the path's throughput shares them, and densities are those of all
    channels together (the balance heuristic for one sample, Veach 1997, section 9.2.4): so where
    nothing is absorbed, the sum of throughput over the channels stays what it is.
    """
    group = load_word_row(bundle, rows.DEPTH) + load_word_row(bundle, rows.PASSED) * (
        1 << _PIECE_SHIFT
    )
    numbers = draw_four(load_sequences(bundle, lattice), group + (GROUP_PIECE - (1 << 32)))
    store_row(bundle, rows.NUMBER, numbers.z)
    if scene.medium_count == 0:
        store_row(bundle, rows.FREE, spread_number(INFINITY))
        return
    note_media(scene, bundle, lanes)
    medium = load_medium(scene, load_word_row(bundle, rows.MEDIUM))
    extinction = medium.absorption + medium.scattering
    carried = load_point_row(bundle, rows.THROUGHPUT)
    red = carried.x
    some = (red + carried.y + carried.z) * numbers.x
    rate = choose(some < red + carried.y, extinction.y, extinction.z)
    rate = choose(some < red, extinction.x, rate)
    scatters = lanes_max(medium.scattering.x, lanes_max(medium.scattering.y, medium.scattering.z))
    free = (0.0 - log_of(1.0 - numbers.y)) / rate
    free = choose((scatters > 0.0) & (rate > 0.0), free, INFINITY)
    store_row(bundle, rows.FREE, free)
    store_point_row(bundle, rows.EXTINCTION, extinction)
    store_point_row(bundle, rows.SCATTERING, medium.scattering)
    store_row(bundle, rows.ANISOTROPY, medium.anisotropy)


@device
def _stop_in_media(bundle: Bundle, lanes: int, max_depth: int) -> int:
    """Weaken what paths carry by their media; those that are scattered there."""
    reach = load_row(bundle, rows.DISTANCE)
    free = load_row(bundle, rows.FREE)
    extinction = load_point_row(bundle, rows.EXTINCTION)
    scattering = load_point_row(bundle, rows.SCATTERING)
    carried = load_point_row(bundle, rows.THROUGHPUT)
    is_stopped = (free <= reach) & (free < INFINITY)
    left = decay(extinction, lanes_min(free, reach))
    density = dot(carried, choose_vec3(is_stopped, left * extinction, left))
    density = density / (carried.x + carried.y + carried.z)
    some = lanes_max(scattering.x, lanes_max(scattering.y, scattering.z)) > 0.0
    share = choose(some, choose(density > 0.0, 1.0 / density, 0.0), 1.0)
    carried = carried * choose_vec3(is_stopped, left * scattering, left) * share
    replace_point_row(bundle, rows.THROUGHPUT, lanes, carried)
    brightest = lanes_max(carried.x, lanes_max(carried.y, carried.z))
    stopped = lanes & lane_mask(is_stopped)
    ended = stopped & lane_mask(load_word_row(bundle, rows.DEPTH) >= max_depth)
    ended |= lanes & ~lane_mask(brightest > 0.0)
    d = load_point_row(bundle, rows.DIRECTION)
    _scatter_in_space(bundle, stopped, load_point_row(bundle, rows.ORIGIN) + d * free, d)
    found = choose(lanes_in(stopped), spread_word(FOUND_SPACE), spread_word(0))
    found = choose(lanes_in(ended), spread_word(FOUND_END), found)
    store_word_row(bundle, rows.FOUND, found)
    return stopped | ended


@device
def _scatter_in_space(bundle: Bundle, lanes: int, p: Vec3, normal: Vec3) -> None:
    """Let points in space be what some lanes have found: like surfaces across the way, for whom
    the phase function is a lobe around it.
    """
    one = spread_number(1.0)
    replace_point_row(bundle, rows.POINT, lanes, p)
    replace_point_row(bundle, rows.NORMAL, lanes, normal)
    replace_point_row(bundle, rows.SHADING_NORMAL, lanes, normal)
    replace_row(bundle, rows.OFFSET, lanes, spread_number(0.0))
    replace_point_row(bundle, rows.COLOR, lanes, vec3(one, one, one))
    replace_word_row(bundle, rows.MATERIAL, lanes, spread_word(NO_MATERIAL))


# --- Volumes --------------------------------------------------------------------------------------


@device
def _nearer(scene: SceneView, bundle: Bundle, lane: int, reach: float, ray: RayHit) -> RayHit:
    """What the ray of a path meets in the tree, if that is nearer than `reach`; else as it was."""
    if scene.is_void:
        return ray
    o = load_point(bundle, rows.ORIGIN, lane)
    d = load_point(bundle, rows.DIRECTION, lane)
    met = find_closest_of_finite(scene, scene.rest, o, d, reach)
    return met if met.slot != MISS else ray


@device
def _note_ray(bundle: Bundle, lane: int, ray: RayHit) -> None:
    """Keep what a ray has hit."""
    store_number(bundle, rows.DISTANCE, lane, ray.t)
    store_number(bundle, rows.U, lane, ray.u)
    store_number(bundle, rows.V, lane, ray.v)
    store_word(bundle, rows.SLOT, lane, ray.slot)
    store_word(bundle, rows.INSTANCE, lane, ray.instance)


@device
def has_sides(scene: SceneView, volume: int) -> bool:
    """Is a volume shaded as surfaces are where its numbers change fast?"""
    return scene.volumes[volume * VOLUME_SIZE + VOLUME_SHARPNESS] > 0.0


@device
def _seeks_glow(scene: SceneView, settings: PathSettings) -> bool:
    """Are points that glow drawn?"""
    return settings.next_event and scene.glow_count > 0


@device
def _is_lit_on_way(scene: SceneView, depth: int, settings: PathSettings) -> bool:
    """Is light of lamps looked for on the whole way through a volume?"""
    if not settings.next_event or scene.light_count == 0 or scene.volume_count != 1:
        return False
    if scene.medium_count > 0 or has_sides(scene, 0):
        return False
    if depth == 1 and scene.has_unseen:
        return False
    return depth < min(settings.max_depth, _LIT_EDGES + 1)


@device
def _fly_one(
    scene: SceneView, bundle: Bundle, lane: int, lattice: bool, walks: bool, settings: PathSettings
) -> int:
    """Follow a ray through volumes; the rays that were traced towards lamps."""
    o = load_point(bundle, rows.ORIGIN, lane)
    d = load_point(bundle, rows.DIRECTION, lane)
    depth = load_word(bundle, rows.DEPTH, lane)
    number = load_number(bundle, rows.NUMBER, lane)
    free = load_number(bundle, rows.FREE, lane)
    stream = load_stream(bundle, lane)
    lit_on_way = _is_lit_on_way(scene, depth, settings)
    glows = _seeks_glow(scene, settings)
    ray = traced(bundle, lane)
    reach = min(free, ray.t)
    volume = -1
    place = 0.0
    rays = 0
    # What is near in smoke need not be looked beyond.
    flies_first = walks and not lit_on_way and load_word(bundle, rows.IN_SPACE, lane) > 0
    if flies_first:
        flown = fly(scene, o, d, reach, stream, number, False)
        reach = flown.t
        volume = flown.volume
        place = flown.place
        stream = flown.state
    if walks:
        # Points that glow are drawn on the whole of the camera's ray.
        looks_beyond = glows and depth == 1
        ray = _nearer(scene, bundle, lane, ray.t if looks_beyond else reach, ray)
    _note_ray(bundle, lane, ray)
    if ray.t < reach:
        reach = ray.t
        volume = -1
    if glows and depth == 1:
        store_number(bundle, rows.WAY, lane, ray.t)
        sequence = load_sequence(bundle, lane, lattice)
        came = _glow_on_ray(scene, o, d, ray.t, bundle.inside[lane], sequence)
        add_light(bundle, lane, came, settings, depth)
    if lit_on_way:
        lit_flight = fly_lit(scene, o, d, reach, bundle.inside[lane], number, stream)
        reach = lit_flight.t
        volume = lit_flight.volume
        place = lit_flight.place
        stream = lit_flight.state
        rays += lit_flight.rays
        if lit_flight.is_lit:
            store_word(bundle, rows.FOUND, lane, FOUND_LIT)
        add_light(bundle, lane, lit_flight.radiance, settings, depth + 1)
    elif not flies_first:
        flown = fly(scene, o, d, reach, stream, number, depth == 1)
        reach = flown.t
        volume = flown.volume
        place = flown.place
        stream = flown.state
    store_stream(bundle, lane, stream)
    store_word(bundle, rows.VOLUME, lane, volume)
    store_number(bundle, rows.VOLUME_PLACE, lane, place)
    if volume >= 0:
        store_number(bundle, rows.DISTANCE, lane, reach)
    return rays


@device
def _stop_in_volume(
    scene: SceneView, bundle: Bundle, lane: int, lattice: bool, settings: PathSettings
) -> int:
    """Let a volume be what a path has found."""
    o = load_point(bundle, rows.ORIGIN, lane)
    d = load_point(bundle, rows.DIRECTION, lane)
    depth = load_word(bundle, rows.DEPTH, lane)
    volume = load_word(bundle, rows.VOLUME, lane)
    t = load_number(bundle, rows.DISTANCE, lane)
    p = o + d * t
    look = look_at(scene, volume, load_number(bundle, rows.VOLUME_PLACE, lane), p)
    weight = 1.0
    if depth == 1 and _seeks_glow(scene, settings):
        weight = found_along(scene, volume, o, d, load_number(bundle, rows.WAY, lane), t)
    glow_pdf = load_number(bundle, rows.GLOW_PDF, lane)
    if glow_pdf > 0.0:
        previous = load_point(bundle, rows.PREVIOUS, lane)
        weight = found_share(scene, volume, previous, p, glow_pdf)
    add_light(bundle, lane, look.emission * weight, settings, depth)
    carried = load_point(bundle, rows.THROUGHPUT, lane) * look.albedo
    if depth >= settings.max_depth or max(carried.x, max(carried.y, carried.z)) <= 0.0:
        return FOUND_END
    store_point(bundle, rows.THROUGHPUT, lane, carried)
    store_number(bundle, rows.ANISOTROPY, lane, look.anisotropy)
    if has_sides(scene, volume):
        sequence = load_sequence(bundle, lane, lattice)
        group = GROUP_CHOICE + GROUPS_PER_EDGE * (depth - 1)
        side = shaded_side(scene, volume, p, d, draw_four(sequence, group).y)
        if dot(side, side) > 0.0:
            store_point(bundle, rows.NORMAL, lane, side)
            store_point(bundle, rows.SHADING_NORMAL, lane, side)
            return FOUND_DIFFUSE
    return FOUND_SPACE


@with_space
def weaken_by_volumes(settings: PathSettings, scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Let volumes take their share of the light that some lanes have drawn."""
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        visible = load_number(bundle, rows.VISIBLE, lane)
        if visible > 0.0:
            through = share_through(
                scene,
                load_point(bundle, rows.POINT, lane),
                load_point(bundle, rows.LIGHT_DIRECTION, lane),
                load_number(bundle, rows.LIGHT_REACH, lane),
                load_stream(bundle, lane),
                False,
            )
            store_stream(bundle, lane, through.state)
            store_number(bundle, rows.VISIBLE, lane, visible * through.share)


# --- What glows -----------------------------------------------------------------------------------


@with_space
def seeks_glow(settings: PathSettings, scene: SceneView) -> bool:
    """Are points that glow drawn?"""
    return _seeks_glow(scene, settings)


@on_demand
def _glow_on_ray(
    scene: SceneView, o: Vec3, d: Vec3, reach: float, inside: int, sequence: Sequence
) -> Vec3:
    """What glows on a ray of the camera, as far as points on it are to find it."""
    sum = vec3(0.0, 0.0, 0.0)
    numbers = draw_four(sequence, GROUP_GLOW)
    stream = mix(start_stream(sequence))
    for volume in range(scene.volume_count):
        if is_volume_unseen(scene, volume):
            continue
        along = sample_along(scene, volume, o, d, reach, numbers.x)
        sent = along.sent
        if max(sent.x, max(sent.y, sent.z)) <= 0.0:
            continue
        if scene.medium_count > 0:
            sent = sent * transmittance(scene, in_sight(scene, inside), along.t)
        through = share_through(scene, o, d, along.t, stream, True)
        stream = through.state
        sum = sum + sent * through.share
    return sum


@with_space
def draw_glow(
    settings: PathSettings, scene: SceneView, bundle: Bundle, lanes: int, lattice: bool
) -> int:
    """Draw a point that glows for each lane, as lights are; those that have one."""
    drawn = 0
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        group = GROUP_GLOW + load_word(bundle, rows.DEPTH, lane)
        numbers = draw_four(load_sequence(bundle, lane, lattice), group)
        glow = sample_glow(scene, load_point(bundle, rows.POINT, lane), numbers)
        if glow.pdf > 0.0:
            drawn |= 1 << lane
            store_point(bundle, rows.LIGHT_DIRECTION, lane, glow.wi)
            store_number(bundle, rows.LIGHT_REACH, lane, glow.reach)
            store_point(bundle, rows.LIGHT_RADIANCE, lane, glow.sent)
            store_number(bundle, rows.LIGHT_PDF, lane, glow.pdf)
            store_number(bundle, rows.STOPPED, lane, glow.stopped)
    return drawn
