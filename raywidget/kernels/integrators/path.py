"""Path tracing: follow light backwards from the camera until it is found.

`WIDTH` paths are followed at once (see `bundle`), an edge of each at a time. What is arithmetic is
done for all of them in vectors; what looks something up (the tree, a material, a light) is done one
lane after the other. Where paths begin, and who takes the next sample, see `path_tiles`.
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.arrive_lanes import arrive_together, meet_few, walk
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_four,
    load_point_row,
    load_row,
    load_sequences,
    load_word_row,
    replace_point_row,
    replace_row,
    replace_word_row,
    store_four,
    store_point_row,
    store_row,
    store_word,
    store_word_row,
)
from raywidget.kernels.integrators.caustics.chains import (
    follow_chains,
    follows_chains,
    start_chains,
    weigh_chains,
)
from raywidget.kernels.integrators.next_event import (
    aim_at_lights,
    fetch_lights,
    find_visible,
    sample_lights,
    seeks_far,
)
from raywidget.kernels.integrators.path_lanes import (
    FOUND_CHAINED,
    FOUND_DIFFUSE,
    FOUND_END,
    FOUND_FIRST,
    FOUND_IMAGE,
    FOUND_OTHER,
    FOUND_SPECULAR,
    FOUND_TRANSMITS,
    PathSettings,
    add_images,
    arrive,
    draw_textures,
    enter_media,
    eval_others,
    indirect,
    sample_others,
    within_bound,
)
from raywidget.kernels.integrators.space import (
    FOUND_LIT,
    FOUND_PASSED,
    FOUND_SPACE,
    in_space,
    with_space,
)
from raywidget.kernels.integrators.space_lanes import (
    draw_glow,
    fly_lanes,
    seeks_glow,
    weaken_by_volumes,
)
from raywidget.kernels.integrators.surface_lanes import (
    FOUND_BALL,
    FOUND_COORDINATES,
    FOUND_FLAT,
    FOUND_MAPPED,
    FOUND_ROUND,
    FOUND_SMOOTH,
    FOUND_TEXTURED,
    LaneSets,
    make_surfaces,
)
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import count_bits, lowest_bit
from raywidget.kernels.language.random import GROUP_CHOICE, GROUP_EDGE, GROUPS_PER_EDGE, draw_four
from raywidget.kernels.language.sampling import (
    INV_PI,
    SPARED,
    Frame,
    first_surface_spared,
    make_frame,
    power_heuristic,
    sample_cosine_hemisphere,
    survival_where_first_is_spared,
    to_local,
    to_world,
)
from raywidget.kernels.language.simd import (
    Lanes,
    choose,
    lane_mask,
    lanes_abs,
    lanes_in,
    lanes_max,
    spread_word,
)
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.emitter import is_all_sought
from raywidget.kernels.volumes.medium import eval_phase, sample_phase

INFINITY = float("inf")
_LARGEST = 1e19  # of coordinates: times the reciprocal of a direction's, they stay finite


class Advanced(NamedTuple):
    """What one step of `advance_paths` did."""

    ended: int  # lanes whose path is complete
    rays: int


@device
def advance_paths(
    scene: SceneView, bundle: Bundle, lanes: int, lattice: bool, settings: PathSettings
) -> Advanced:
    """Trace one edge of the paths in `lanes`, and scatter them where it ends.

    Next-event estimation and scattering are combined by multiple importance sampling (Veach 1997,
    section 9.2), which weights the emission that each of them finds and nothing else.
    """
    # --- Where do the rays end? What shines there, and what does it scatter? ----------------------
    aims = settings.next_event and seeks_far(scene)
    if aims:
        aim_at_lights(scene, bundle, lanes)
    walking = meet_few(scene, bundle, lanes)
    store_word_row(bundle, rows.FOUND, spread_word(0))
    rays = 0
    rest = lanes
    if in_space(settings):
        rays = fly_lanes(settings, scene, bundle, lanes, walking, lattice)
        stopped = load_word_row(bundle, rows.FOUND) & (FOUND_END | FOUND_SPACE | FOUND_DIFFUSE)
        rest = lanes & lane_mask(stopped == 0)
        rays += count_bits(lanes & ~rest)
    else:
        walk(scene, bundle, lanes & walking)
        together = arrive_together(scene, bundle, lanes, lanes, settings)
        rest = lanes & ~together
        rays = count_bits(together)
    while rest != 0:
        lane = lowest_bit(rest)
        rest &= rest - 1
        arrival = arrive(scene, bundle, lane, lattice, settings)
        rays += arrival.rays
        store_word(bundle, rows.FOUND, lane, arrival.found)
    images = that_found(bundle, FOUND_IMAGE)
    if images != 0:
        add_images(scene, bundle, images, settings)
    ended = that_found(bundle, FOUND_END)
    passing = 0
    if in_space(settings):
        passing = that_found(bundle, FOUND_PASSED)
    scattering = lanes & ~ended & ~passing
    if scattering == 0:
        return Advanced(ended, rays)

    # --- What are the surfaces? -------------------------------------------------------------------
    if aims:
        fetch_lights(scene, bundle, scattering & ~that_found(bundle, FOUND_SPECULAR))
    make_found_surfaces(scene, bundle, settings)
    space = 0
    if in_space(settings):
        space = that_found(bundle, FOUND_SPACE)
    diffuse = that_found(bundle, FOUND_DIFFUSE)
    other = that_found(bundle, FOUND_OTHER)
    specular = that_found(bundle, FOUND_SPECULAR)
    transmitting = that_found(bundle, FOUND_TRANSMITS)
    first = that_found(bundle, FOUND_FIRST)
    chained = that_found(bundle, FOUND_CHAINED)

    # --- Seen in the frame of the shading normal --------------------------------------------------
    is_diffuse = lanes_in(diffuse | space)
    throughput = load_point_row(bundle, rows.THROUGHPUT)
    p = load_point_row(bundle, rows.POINT)
    ng = load_point_row(bundle, rows.NORMAL)
    normal = load_point_row(bundle, rows.SHADING_NORMAL)
    offset = load_row(bundle, rows.OFFSET)
    wo_world = -load_point_row(bundle, rows.DIRECTION)
    cos_g = dot(wo_world, ng)
    # Interpolation, or a map, may have turned the surface away from who sees it.
    normal = choose_vec3(cos_g * dot(wo_world, normal) <= 0.0, ng, normal)
    frame = make_frame(normal)
    wo = to_local(frame, wo_world)
    side = choose(wo.z >= 0.0, 1.0, -1.0)
    lit_side = normal * choose(lanes_in(transmitting | space), 0.0, side)
    sequences = load_sequences(bundle, lattice)
    depth = load_word_row(bundle, rows.DEPTH)
    choice = draw_four(sequences, depth * GROUPS_PER_EDGE + (GROUP_CHOICE - GROUPS_PER_EDGE))
    # Those of the end, too, which nothing would go on beside when they are needed.
    store_four(bundle, rows.EDGE, draw_four(sequences, depth * GROUPS_PER_EDGE + GROUP_EDGE))
    store_row(bundle, rows.CHOICE, choice.x)
    store_row(bundle, rows.LOBE, choice.y)
    store_point_row(bundle, rows.LIT_SIDE, lit_side)
    store_point_row(bundle, rows.WO, wo)

    # --- Emission found by next-event estimation --------------------------------------------------
    sampled = 0
    if settings.next_event and scene.light_count > 0:
        sampled = scattering & ~specular
    seen = Scatterers(frame, p, ng, cos_g, offset, wo, other, space)
    asking = sampled
    if in_space(settings):
        asking &= ~that_found(bundle, FOUND_LIT)
    lit = sample_lights(scene, bundle, asking, settings)
    if lit != 0:
        value, value_pdf, lit = _eval_towards(scene, bundle, seen, lit)
        find_visible(scene, bundle, lit)
        if scene.volume_count > 0:
            weaken_by_volumes(settings, scene, bundle, lit)
        rays += count_bits(lit)
        light_pdf = load_row(bundle, rows.LIGHT_PDF)
        weight = choose(
            load_row(bundle, rows.LIGHT_DELTA) > 0.0, 1.0, power_heuristic(light_pdf, value_pdf)
        )
        if follows_chains(settings) and lit & chained != 0:
            store_row(bundle, rows.SHARE, weight)
            weigh_chains(settings, scene, bundle, lit & chained)
            weight = load_row(bundle, rows.SHARE)
        weight = weight * load_row(bundle, rows.VISIBLE) / light_pdf
        _add_brought(settings, bundle, value, weight, lit)
    sees_glow = 0
    if seeks_glow(settings, scene):
        sees_glow = scattering & ~specular
        rays += _add_glow(settings, scene, bundle, seen, sees_glow, lattice)

    # --- Scatter ----------------------------------------------------------------------------------
    edge = load_four(bundle, rows.EDGE)
    above = sample_cosine_hemisphere(edge.x, edge.y)
    wi = vec3(above.x, above.y, above.z * side)
    weight = load_point_row(bundle, rows.COLOR)
    pdf = above.z * INV_PI
    compression = load_row(bundle, rows.COMPRESSION)
    if other != 0:
        store_row(bundle, rows.BSDF_U, edge.x)
        store_row(bundle, rows.BSDF_V, edge.y)
        sample_others(scene, bundle, other)
        wi = choose_vec3(is_diffuse, wi, load_point_row(bundle, rows.SAMPLED))
        weight = choose_vec3(is_diffuse, weight, load_point_row(bundle, rows.WEIGHT))
        pdf = choose(is_diffuse, pdf, load_row(bundle, rows.SAMPLED_PDF))
        specular |= other & lane_mask(load_row(bundle, rows.SPECULAR) > 0.0)
        eta = choose(is_diffuse, 1.0, load_row(bundle, rows.ETA))
        compression = compression * eta * eta
    if space != 0:
        anisotropy = load_row(bundle, rows.ANISOTROPY)
        around = sample_phase(anisotropy, edge.x, edge.y)
        is_space = lanes_in(space)
        wi = choose_vec3(is_space, around, wi)
        pdf = choose(is_space, eval_phase(anisotropy, around.z), pdf)
    throughput = throughput * weight
    brightest = lanes_max(throughput.x, lanes_max(throughput.y, throughput.z))
    d = to_world(frame, wi)
    crosses = wi.z * wo.z < 0.0
    leaks = (dot(d, ng) * cos_g < 0.0) ^ crosses
    lives = lane_mask(brightest > 0.0) & (~lane_mask(leaks) | space)
    if scene.medium_count > 0:
        store_point_row(bundle, rows.SAMPLED, d)
        enter_media(scene, bundle, scattering & lives & lane_mask(crosses))

    if follows_chains(settings):
        if chained & lives != 0:
            store_point_row(bundle, rows.SAMPLED, d)
            store_row(bundle, rows.SAMPLED_PDF, pdf)
            follow_chains(settings, scene, bundle, chained & lives, specular)
        chain = choose(lanes_in(chained & lives), load_row(bundle, rows.CHAIN), 0.0)
        started = start_chains(scene, bundle, d, ng, pdf)
        store_row(bundle, rows.CHAIN, choose(lanes_in(first & ~specular), started, chain))

    # --- Russian roulette -------------------------------------------------------------------------
    if settings.roulette:
        all_sought = settings.next_event and is_all_sought(scene)
        compression = compression * choose(depth == 1, first_surface_spared(brightest), 1.0)
        survival = brightest * compression * survival_where_first_is_spared(all_sought)
        survival = choose(lanes_in(specular), survival * SPARED, survival)
        lives &= lane_mask((survival >= 1.0) | (choice.z < survival))
        throughput = throughput * choose(survival < 1.0, 1.0 / survival, 1.0)

    # Where arithmetic has failed, no walk would end.
    origin = _spawn(p, ng, offset, d)
    size = lanes_abs(d.x) + lanes_abs(d.y) + lanes_abs(d.z)
    size = size + lanes_abs(origin.x) + lanes_abs(origin.y) + lanes_abs(origin.z)
    lives &= lane_mask(size < _LARGEST)

    # Of lanes that don't go on, too: their next path overwrites it.
    found_by_light = lanes_in(sampled & ~specular)
    moved = ~passing
    replace_point_row(bundle, rows.ORIGIN, moved, origin)
    replace_point_row(bundle, rows.DIRECTION, moved, d)
    replace_point_row(bundle, rows.THROUGHPUT, moved, throughput)
    replace_row(bundle, rows.COMPRESSION, moved, compression)
    replace_row(bundle, rows.SCATTER_PDF, moved, choose(found_by_light, pdf, 0.0))
    replace_point_row(bundle, rows.PREVIOUS, moved, p)
    replace_point_row(bundle, rows.PREVIOUS_NORMAL, moved, lit_side)
    replace_row(bundle, rows.LIGHT_U, moved, edge.z)
    replace_row(bundle, rows.LIGHT_V, moved, edge.w)
    replace_word_row(bundle, rows.DEPTH, moved, depth + 1)
    if in_space(settings):
        replace_row(bundle, rows.GLOW_PDF, moved, choose(lanes_in(sees_glow & ~specular), pdf, 0.0))
        replace_word_row(bundle, rows.PASSED, moved, spread_word(0))
        replace_word_row(
            bundle, rows.IN_SPACE, moved, choose(lanes_in(space), spread_word(1), spread_word(0))
        )
    return Advanced(ended | (scattering & ~lives), rays)


class Scatterers(NamedTuple):
    """What scatters at the ends of edges, in lanes."""

    frame: Frame  # of the shading normal
    p: Vec3
    ng: Vec3
    cos_g: Lanes  # with the direction to the viewer
    offset: Lanes
    wo: Vec3  # in the frame
    other: int  # lanes whose surfaces are not diffuse
    space: int  # lanes that are between surfaces


@device
def _eval_towards(
    scene: SceneView, bundle: Bundle, seen: Scatterers, lit: int
) -> tuple[Vec3, Lanes, int]:
    """What is made of light from LIGHT_DIRECTION, with what density scattering draws that, and
    which of the `lit` lanes make anything of it; their shadow rays.
    """
    wi_world = load_point_row(bundle, rows.LIGHT_DIRECTION)
    wi = to_local(seen.frame, wi_world)
    store_point_row(bundle, rows.LIGHT_LOCAL, wi)
    stays = wi.z * seen.wo.z > 0.0
    cos = choose(stays, lanes_abs(wi.z) * INV_PI, 0.0)
    value = load_point_row(bundle, rows.COLOR) * cos
    value_pdf = cos
    if lit & seen.other != 0:
        eval_others(scene, bundle, lit & seen.other)
        is_other = lanes_in(seen.other)
        value = choose_vec3(is_other, load_point_row(bundle, rows.VALUE), value)
        value_pdf = choose(is_other, load_row(bundle, rows.VALUE_PDF), value_pdf)
    if seen.space != 0:
        phase = eval_phase(load_row(bundle, rows.ANISOTROPY), wi.z)
        value = choose_vec3(lanes_in(seen.space), phase, value)
        value_pdf = choose(lanes_in(seen.space), phase, value_pdf)
    # On the same side of the true surface as of the shading one: nothing leaks.
    leaks = (dot(wi_world, seen.ng) * seen.cos_g > 0.0) ^ stays
    lit &= lane_mask(value_pdf > 0.0) & (~lane_mask(leaks) | seen.space)
    origin = _spawn(seen.p, seen.ng, seen.offset, wi_world)
    store_point_row(bundle, rows.SHADOW_ORIGIN, origin)
    # The ray starts nearer to the light by up to the offset, and over there coordinates are as
    # rough.
    reach = load_row(bundle, rows.LIGHT_REACH) - 2.0 * seen.offset
    store_row(bundle, rows.LIGHT_REACH, reach)
    return value, value_pdf, lit


@with_space
def _add_glow(
    settings: PathSettings,
    scene: SceneView,
    bundle: Bundle,
    seen: Scatterers,
    lanes: int,
    lattice: bool,
) -> int:
    """Count the light of a point that glows for each lane; the rays towards them."""
    lit = draw_glow(settings, scene, bundle, lanes, lattice)
    if lit == 0:
        return 0
    value, value_pdf, lit = _eval_towards(scene, bundle, seen, lit)
    find_visible(scene, bundle, lit)
    weaken_by_volumes(settings, scene, bundle, lit)
    found = load_row(bundle, rows.LIGHT_PDF) + value_pdf * load_row(bundle, rows.STOPPED)
    weight = load_row(bundle, rows.VISIBLE) / found
    _add_brought(settings, bundle, value, weight, lit)
    return count_bits(lit)


@device
def _add_brought(
    settings: PathSettings, bundle: Bundle, value: Vec3, weight: Lanes, lit: int
) -> None:
    """Count the light of LIGHT_RADIANCE in the lanes that are lit."""
    throughput = load_point_row(bundle, rows.THROUGHPUT)
    brought = throughput * value * load_point_row(bundle, rows.LIGHT_RADIANCE) * weight
    brought = choose_vec3(lanes_in(lit), brought, 0.0)
    if settings.bound < INFINITY:
        brought = within_bound(settings.bound, brought, indirect(bundle, lit, 1))
    store_point_row(bundle, rows.RADIANCE, load_point_row(bundle, rows.RADIANCE) + brought)


@device
def make_found_surfaces(scene: SceneView, bundle: Bundle, settings: PathSettings) -> None:
    """Points, normals, and what textures say, of the lanes that `surface_lanes` has noted."""
    textured = that_found(bundle, FOUND_TEXTURED)
    mapped = that_found(bundle, FOUND_MAPPED)
    sets = LaneSets(
        that_found(bundle, FOUND_FLAT),
        that_found(bundle, FOUND_BALL),
        that_found(bundle, FOUND_ROUND),
        that_found(bundle, FOUND_SMOOTH),
        that_found(bundle, FOUND_COORDINATES),
        textured | mapped,
        mapped,
    )
    make_surfaces(scene, bundle, sets)
    if textured | mapped != 0:
        draw_textures(scene, bundle, textured, mapped, settings)


@device
def that_found(bundle: Bundle, what: int) -> int:
    """The lanes that have found one of FOUND_*."""
    return 0 + lane_mask((load_word_row(bundle, rows.FOUND) & what) == what)


@device
def _spawn(p: Vec3, ng: Vec3, offset: Lanes, direction: Vec3) -> Vec3:
    """`surface_point.spawn_origin` of lanes."""
    return p + ng * choose(dot(direction, ng) >= 0.0, offset, 0.0 - offset)
