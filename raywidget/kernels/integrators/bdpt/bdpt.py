"""Bidirectional path tracing: subpaths from camera and light, connected in every way (Veach 1997).

A sample is one light subpath and one camera subpath. Every point of the one is joined to every
point of the other and to a light, every point of the light subpath to the lens (`join`), and lights
that the camera subpath meets count as well (`arrive`). Each of these is an estimate of the same
light, and `weights` gives to each the share at which it is good.

What is joined to the lens lands anywhere in the picture: it goes into a log of splats.

`WIDTH` samples are taken at once (see `bundle`), as in `path`: a lane follows the light subpath of
its sample, then the camera's, and takes the next sample. Both kinds go the same steps, so that
lanes of either are followed together.
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.arrive_lanes import arrive_together, trace_together
from raywidget.kernels.integrators.bdpt import rows as more
from raywidget.kernels.integrators.bdpt.arrive import (
    FOUND_DARK,
    arrive,
    see_lights,
)
from raywidget.kernels.integrators.bdpt.begin import begin_subpaths, draw_numbers
from raywidget.kernels.integrators.bdpt.join import join_subpaths, keep_points
from raywidget.kernels.integrators.bdpt.lens import find_visible_from_lens, splat
from raywidget.kernels.integrators.bdpt.next_light import draw_lights
from raywidget.kernels.integrators.bdpt.scatter import (
    Surfaces,
    is_turned,
    scatter_between,
    smooth_lanes,
    spawn,
)
from raywidget.kernels.integrators.bdpt.subpath import (
    ROULETTE_FULL,
    Splats,
    make_splats,
)
from raywidget.kernels.integrators.bdpt.vertex import (
    MAX_EDGES,
    BdptSettings,
    Points,
    make_points,
)
from raywidget.kernels.integrators.bdpt.weights import (
    WORTH_SHOWN,
    Ratios,
    arrive_ratios,
    mirror_ratios,
    others,
    scatter_ratios,
    weigh,
)
from raywidget.kernels.integrators.bundle import (
    Bundle,
    clear,
    load_four,
    load_point_row,
    load_row,
    load_word_row,
    make_rooms,
    make_stacks,
    make_words,
    store_point_row,
    store_row,
    store_word,
    store_word_row,
)
from raywidget.kernels.integrators.next_event import find_visible
from raywidget.kernels.integrators.path import make_found_surfaces, that_found
from raywidget.kernels.integrators.path_lanes import (
    FOUND_END,
    FOUND_IMAGE,
    FOUND_OTHER,
    FOUND_SPECULAR,
    PathSettings,
    enter_media,
    indirect,
    sample_others,
    within_bound,
)
from raywidget.kernels.integrators.pixel_lanes import (
    PixelLanes,
    begin_pixels,
    end_samples,
    make_following,
    make_keys,
    make_places,
    make_sums,
    make_swings,
    take_pixel,
)
from raywidget.kernels.integrators.splat import SplatLog, view_splats
from raywidget.kernels.integrators.tile import (
    Batch,
    BatchView,
    Picture,
    PictureView,
    count_up,
    view_batch,
    view_picture,
    view_scene,
)
from raywidget.kernels.language.buffers import advance, load_flag, make_stack_array
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.lane_keys import count_bits, lowest_bit
from raywidget.kernels.language.pinned import pinned
from raywidget.kernels.language.sampling import (
    INV_PI,
    SPARED,
    make_frame,
    sample_cosine_hemisphere,
    survival_per_throughput,
    to_local,
    to_world,
)
from raywidget.kernels.language.simd import (
    WIDTH,
    as_floats,
    choose,
    lane_mask,
    lanes_abs,
    lanes_in,
    lanes_max,
    spread_number,
    spread_word,
)
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.language.vec3 import dot, vec3
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import F32, SceneTables, SceneView
from raywidget.kernels.lights.emitter import is_all_sought
from raywidget.kernels.sensors.importance import sample_lens

INFINITY = float("inf")
_LARGEST = 1e19  # of coordinates: times the reciprocal of a direction's, they stay finite

_make_numbers = make_stack_array(types.float32, more.NUMBER_ROWS * WIDTH)


class BdptRun(NamedTuple):
    """What the samples of a kernel call have in common."""

    lattice: bool
    settings: BdptSettings
    path: PathSettings  # the same, for what is done as in `path`
    points: Points
    splats: Splats


class Advanced(NamedTuple):
    """What one step of `advance_subpaths` did."""

    ended: int  # lanes whose subpath is complete
    rays: int


@device
def advance_subpaths(
    scene: SceneView, bundle: Bundle, lanes: int, from_light: int, run: BdptRun
) -> Advanced:
    """Trace one edge of the subpaths in `lanes`, join its end to what it can be, and go on.

    Those in `from_light` come from lights, the others from the camera.
    """
    settings = run.settings
    # --- Where do the rays end? What shines there, and what does it scatter? ----------------------
    trace_together(scene, bundle, lanes)
    store_word_row(bundle, rows.FOUND, spread_word(0))
    eyes = lanes & ~from_light
    waiting = lanes
    if settings.only_s < 0:
        together = arrive_together(scene, bundle, lanes, eyes, run.path)
        waiting &= ~together | (eyes & that_found(bundle, FOUND_IMAGE))
    rays = count_bits(lanes & ~waiting)
    while waiting != 0:
        lane = lowest_bit(waiting)
        bit = 1 << lane
        waiting &= waiting - 1
        arrival = arrive(
            scene, bundle, lane, from_light & bit != 0, run.lattice, settings, run.path
        )
        rays += arrival.rays
        store_word(bundle, rows.FOUND, lane, arrival.found)
    ended = that_found(bundle, FOUND_END)
    scattering = lanes & ~ended
    if scattering == 0:
        return Advanced(ended, rays)

    # --- The surface -----------------------------------------------------------------------------
    make_found_surfaces(scene, bundle, run.path)
    other = that_found(bundle, FOUND_OTHER)
    specular = that_found(bundle, FOUND_SPECULAR)
    dark = that_found(bundle, FOUND_DARK)
    p = load_point_row(bundle, rows.POINT)
    ng = load_point_row(bundle, rows.NORMAL)
    ns = load_point_row(bundle, rows.SHADING_NORMAL)
    offset = load_row(bundle, rows.OFFSET)
    wo = -load_point_row(bundle, rows.DIRECTION)
    color = load_point_row(bundle, rows.COLOR)
    parts = advance(bundle.words, rows.PART * WIDTH)
    surfaces = Surfaces(
        p, ng, ns, offset, wo, color, smooth_lanes(ng, ns), other, parts, bundle.rooms
    )
    depth = load_word_row(bundle, rows.DEPTH)
    edges = as_floats(depth)
    cos_g = dot(wo, ng)
    cos_o = lanes_abs(cos_g)
    per_cos_o = 1.0 / cos_o  # as `arrive_ratios` and `keep_points` have it: divisions are few
    grazing = scattering & ~lane_mask(cos_o > 0.0)
    ended |= grazing
    scattering &= ~grazing
    light = scattering & from_light
    eye = scattering & ~from_light
    is_light = lanes_in(light)
    first = light & lane_mask(edges == 1.0)
    if first != 0:
        see_lights(scene, bundle, first, settings)
    t = load_row(bundle, rows.DISTANCE)
    ratios = Ratios(load_row(bundle, more.NEAR), load_row(bundle, more.FAR))
    ratios = arrive_ratios(ratios, t * t, cos_o)
    if light != 0:
        keep_points(bundle, run.points, surfaces, ratios, light, specular)
    edge = load_four(bundle, rows.EDGE)
    choice = load_four(bundle, more.TURN)
    store_row(bundle, rows.CHOICE, choice.x)

    # --- Its ways to a light, and to the lens -----------------------------------------------------
    seek = 0
    if settings.next_event and scene.light_count > 0:
        seek = eye & ~specular
    shown = light & ~specular & ~dark
    joining = eye & ~specular
    if settings.only_s >= 0:
        seek &= lane_mask(edges + 1.0 == settings.only_t) if settings.only_s == 1 else 0
        shown &= lane_mask(edges + 1.0 == settings.only_s) if settings.only_t == 1 else 0
        joining &= lane_mask(edges + 1.0 == settings.only_t) if settings.only_s > 1 else 0
    seek = draw_lights(scene, bundle, seek, run.path)
    lens = sample_lens(scene.camera, p, edge.z, edge.w)
    in_picture = (lanes_abs(lens.x) < run.splats.most_x) & (lanes_abs(lens.y) < run.splats.most_y)
    shown &= lane_mask((lens.pdf > 0.0) & in_picture)
    if seek | shown != 0:
        is_shown = lanes_in(shown)
        w = choose_vec3(is_shown, lens.wi, load_point_row(bundle, rows.LIGHT_DIRECTION))
        viewer = choose_vec3(is_shown, w, wo)
        value = scatter_between(
            scene, bundle, surfaces, seek | shown, seek, viewer, choose_vec3(is_shown, wo, w)
        )
        found = lane_mask(value.pdf > 0.0)
        seek &= found
        shown &= found
        cos_w = lanes_abs(dot(w, ng))
        light_pdf = load_row(bundle, rows.LIGHT_PDF)
        # Density by area with which a camera ray would have drawn the point
        seen = lens.pdf * cos_w
        per_light_pdf = 1.0 / light_pdf
        weight = spread_number(1.0)
        if settings.only_s < 0:
            emit = load_row(bundle, more.LIGHT_EMIT) * cos_w * per_light_pdf
            from_there = choose(is_shown, seen, choose(edges < MAX_EDGES, emit, 0.0))
            by_scattering = value.pdf * per_light_pdf
            is_found = (load_row(bundle, rows.LIGHT_DELTA) == 0.0) & lanes_in(seek)
            beside = others(ratios, from_there, choose(is_shown, value.pdf, value.back))
            per_worth = 1.0 / (WORTH_SHOWN * WORTH_SHOWN)
            weight = weigh(
                choose(is_found, by_scattering * by_scattering, 0.0),
                beside * choose(is_shown, per_worth, spread_number(1.0)),
            )
        weight = weight * choose(is_shown, seen * per_cos_o, per_light_pdf)
        brought = choose_vec3(
            is_shown,
            load_point_row(bundle, more.EMITTED),
            load_point_row(bundle, rows.LIGHT_RADIANCE),
        )
        brought = brought * load_point_row(bundle, rows.THROUGHPUT) * value.f_cos * weight
        # Rays to a light start nearer to it by up to the offset, and over there coordinates are as
        # rough.
        reach = load_row(bundle, rows.LIGHT_REACH) - 2.0 * offset
        store_point_row(bundle, rows.LIGHT_DIRECTION, w)
        store_row(bundle, rows.LIGHT_REACH, choose(is_shown, lens.distance, reach))
        store_point_row(bundle, rows.LIGHT_RADIANCE, brought)
        store_point_row(bundle, rows.SHADOW_ORIGIN, spawn(surfaces, w))
        rays += count_bits(seek | shown)
        if scene.has_unseen:
            find_visible(scene, bundle, seek)
            find_visible_from_lens(scene, bundle, shown)
        else:
            find_visible(scene, bundle, seek | shown)
        _add_light(bundle, seek, settings.bound, indirect(bundle, seek, 1))
        store_row(bundle, more.LENS_X, lens.x)
        store_row(bundle, more.LENS_Y, lens.y)
        splat(bundle, shown, run.lattice, run.splats, settings)

    # --- And to the light subpath of its sample ---------------------------------------------------
    joining &= lane_mask(load_row(bundle, more.POINTS) > 0.0)
    if joining != 0:
        # The number that has chosen a light chooses a point, too: what both bring is added up.
        joining = join_subpaths(
            scene, bundle, run.points, surfaces, ratios, joining, choice.x, settings
        )
        rays += count_bits(joining)
        _add_light(bundle, joining, settings.bound, joining)

    # --- Scatter ----------------------------------------------------------------------------------
    turned = is_turned(surfaces, wo)
    frame = make_frame(choose_vec3(turned, ng, ns))
    wo_local = to_local(frame, wo)
    side = choose(wo_local.z >= 0.0, 1.0, spread_number(-1.0))
    above = sample_cosine_hemisphere(edge.x, edge.y)
    wi = vec3(above.x, above.y, above.z * side)
    weight = color
    pdf = above.z * INV_PI
    eta = spread_number(1.0)
    mirrored = 0
    if other != 0:
        is_other = lanes_in(other)
        store_row(bundle, rows.BSDF_U, edge.x)
        store_row(bundle, rows.BSDF_V, edge.y)
        store_row(bundle, rows.LOBE, choose(is_light, choice.x, choice.y))
        store_point_row(bundle, rows.WO, wo_local)
        sample_others(scene, bundle, other & scattering)
        wi = choose_vec3(is_other, load_point_row(bundle, rows.SAMPLED), wi)
        weight = choose_vec3(is_other, load_point_row(bundle, rows.WEIGHT), weight)
        pdf = choose(is_other, load_row(bundle, rows.SAMPLED_PDF), pdf)
        mirrored = other & scattering & lane_mask(load_row(bundle, rows.SPECULAR) > 0.0)
        eta = choose(is_other, load_row(bundle, rows.ETA), eta)
    is_mirrored = lanes_in(mirrored)
    d = to_world(frame, wi)
    cos_i = lanes_abs(dot(d, ng))
    crosses = wi.z * wo_local.z < 0.0
    leaks = (dot(d, ng) * cos_g < 0.0) ^ crosses
    lives = scattering & lane_mask(lanes_max(weight.x, lanes_max(weight.y, weight.z)) > 0.0)
    lives &= ~lane_mask(leaks)
    back = scatter_between(scene, bundle, surfaces, lives & ~mirrored, 0, d, wo)
    ratios_on = scatter_ratios(ratios, pdf, back.pdf, cos_i)
    if mirrored != 0:
        # Seen from `d`, another normal may mirror: then light can't come this way.
        differs = lane_mask(turned ^ is_turned(surfaces, d))
        lives &= ~(light & mirrored & differs)
        mirror = mirror_ratios(ratios, lanes_in(~differs), cos_i)
        ratios_on = Ratios(
            choose(is_mirrored, mirror.near, ratios_on.near),
            choose(is_mirrored, mirror.far, ratios_on.far),
        )
    if light != 0:
        # What came from `wo` goes on to a viewer in direction `d`. Cosines with the shading normal
        # belong to the side of the light, those with the geometric normal come from areas (Veach
        # 1997, section 5.3). The squeeze of radiance into another medium is undone: power is not
        # squeezed.
        sent = back.f_cos * (1.0 / pdf)
        if mirrored != 0:
            squeeze = eta * eta * lanes_abs(wo_local.z) / lanes_abs(wi.z)
            sent = choose_vec3(is_mirrored, weight * squeeze, sent)
        weight = choose_vec3(is_light, sent * (cos_i * per_cos_o), weight)
        lives &= ~light | lane_mask(cos_i > 0.0)
        longest = min(settings.max_depth, MAX_EDGES) - 1
        lives &= ~light | lane_mask(edges < longest)
    throughput = load_point_row(bundle, rows.THROUGHPUT) * weight
    brightest = lanes_max(throughput.x, lanes_max(throughput.y, throughput.z))
    lives &= lane_mask(brightest > 0.0)
    compression = load_row(bundle, rows.COMPRESSION) * eta * eta
    if scene.medium_count > 0:
        store_point_row(bundle, rows.SAMPLED, d)
        enter_media(scene, bundle, lives & lane_mask(crosses))

    # --- Russian roulette -------------------------------------------------------------------------
    if settings.roulette:
        spared = choose(is_mirrored, SPARED, spread_number(1.0))
        survival = brightest * choose(
            is_light,
            1.0 / ROULETTE_FULL,
            compression * survival_per_throughput(is_all_sought(scene)) * spared,
        )
        die = choose(is_light, choice.y, choice.z)
        lives &= lane_mask((survival >= 1.0) | (die < survival))
        throughput = throughput * choose(survival < 1.0, 1.0 / survival, 1.0)

    # Where arithmetic has failed, no walk would end.
    origin = spawn(surfaces, d)
    size = lanes_abs(d.x) + lanes_abs(d.y) + lanes_abs(d.z)
    size = size + lanes_abs(origin.x) + lanes_abs(origin.y) + lanes_abs(origin.z)
    lives &= lane_mask(size < _LARGEST)

    # Of lanes that don't go on, too: their next subpath overwrites it.
    store_point_row(bundle, rows.ORIGIN, origin)
    store_point_row(bundle, rows.DIRECTION, d)
    store_point_row(bundle, rows.THROUGHPUT, throughput)
    store_row(bundle, rows.COMPRESSION, compression)
    store_row(bundle, more.NEAR, ratios_on.near)
    store_row(bundle, more.FAR, ratios_on.far)
    store_row(bundle, rows.SCATTER_PDF, choose(lanes_in(specular | mirrored), 0.0, pdf))
    store_point_row(bundle, rows.PREVIOUS, p)
    store_row(bundle, rows.LIGHT_U, edge.z)
    store_row(bundle, rows.LIGHT_V, edge.w)
    store_word_row(bundle, rows.DEPTH, depth + 1)
    return Advanced(ended | (scattering & ~lives), rays)


@device
def _add_light(bundle: Bundle, lanes: int, bound: float, bounded: int) -> None:
    """Count what a connection has brought: LIGHT_RADIANCE where VISIBLE; `bounded`: see `bound`."""
    brought = load_point_row(bundle, rows.LIGHT_RADIANCE) * load_row(bundle, rows.VISIBLE)
    brought = choose_vec3(lanes_in(lanes), brought, 0.0)
    if bound < INFINITY:
        brought = within_bound(bound, brought, bounded)
    store_point_row(bundle, rows.RADIANCE, load_point_row(bundle, rows.RADIANCE) + brought)


# --- Tiles ----------------------------------------------------------------------------------------


@device
def sample_bdpt(
    scene: SceneView,
    picture: PictureView,
    settings: BdptSettings,
    batch: BatchView,
    splats: Splats,
) -> bool:
    """As `path_tiles.sample_paths`, which says what lanes do."""
    bundle = Bundle(_make_numbers(), make_words(), make_stacks(), make_rooms())
    clear(bundle, more.NUMBER_ROWS)
    path = PathSettings(
        settings.max_depth, settings.next_event, settings.roulette, settings.bound, None, None
    )
    run = BdptRun(picture.lattice, settings, path, make_points(), splats)
    if batch.samples == 0:
        return True
    lanes = 0
    from_light = 0  # those of them that follow a light subpath
    rays = 0
    dropped = 0
    kept = PixelLanes(make_sums(), make_swings(), make_keys(), make_places(), make_following())
    begin_pixels(kept)
    for lane in range(WIDTH):
        bundle.inside[lane] = scene.surroundings[0]
        store_word(bundle, rows.LIGHT, lane, 0)
        if take_pixel(kept, bundle, lane, picture, batch):
            lanes |= 1 << lane
    starting = lanes  # those that begin a sample
    fresh = lanes  # of which it is the first of a pixel
    cameras = 0  # and those that have their light subpath
    while lanes != 0:
        if load_flag(batch.cancel, 0) != 0:
            return False
        are_drawn = picture.lattice and fresh == 0
        begun = begin_subpaths(scene, kept, bundle, starting, cameras, are_drawn, picture, settings)
        from_light |= begun.sent
        draw_numbers(scene, kept, bundle, from_light, picture, settings)
        step = advance_subpaths(scene, bundle, lanes & ~begun.failed, from_light, run)
        rays += step.rays
        ended = step.ended | begun.failed
        cameras = ended & from_light
        from_light ^= cameras
        ended ^= cameras
        starting = 0
        fresh = 0
        if ended != 0:
            turn = end_samples(kept, bundle, ended, picture, batch)
            starting = turn.going
            fresh = turn.fresh
            lanes ^= turn.done
            dropped += turn.dropped
    count_up(batch, rays, dropped)
    return True


@entry
def render_bdpt(
    tables: SceneTables,
    camera: F32,
    picture: Picture,
    settings: BdptSettings,
    batch: Batch,
    log: SplatLog,
) -> bool:
    """Bidirectional path tracing, see `sample_bdpt`.

    The log has room for MAX_EDGES - 1 lines a sample, or `max_depth` - 1 if that is less.
    """
    view = view_picture(picture)
    splats = make_splats(view_splats(log, batch.counters), view)
    scene = pinned(view_scene(tables, camera))
    return sample_bdpt(scene, view, settings, view_batch(batch), splats)
