"""Next event estimation for all paths of a bundle: a direction to a light, and what comes along it.

`path` calls it at each surface, and at each point between surfaces.
"""

from __future__ import annotations

from raywidget.kernels.geometry.beginnings import begin_shadows, make_beginnings
from raywidget.kernels.geometry.brute_force import find_near_rest, is_occluded_by_few
from raywidget.kernels.geometry.clipping import is_kept_in_the_way, is_lamp_cut
from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_number,
    load_point,
    load_point_row,
    load_row,
    load_row_of,
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
from raywidget.kernels.integrators.caustics.chains import (
    follows_chains,
    note_images,
    note_light,
)
from raywidget.kernels.integrators.path_lanes import PathSettings, stack_towards
from raywidget.kernels.language.buffers import make_stack_array
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.look_up import whole
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import (
    WIDTH,
    choose,
    lane_mask,
    lanes_in,
    lanes_max,
    lanes_min,
    spread_number,
    spread_word,
)
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.layout import (
    ENVIRONMENT_LIGHT,
    MEDIUM_WORLD,
    SceneView,
)
from raywidget.kernels.lights.emitter import sample_chosen
from raywidget.kernels.lights.environment import (
    aim_at_image,
    draw_from_image,
    fetch_aimed,
    fetch_guide,
    is_far_to_fetch,
)
from raywidget.kernels.lights.lamp import is_one_lamp, sample_lamp
from raywidget.kernels.lights.light_choice import choose_light, draw_weighed
from raywidget.kernels.lights.light_lanes import sample_lanes
from raywidget.kernels.lights.light_tree import (
    Chosen,
    Descent,
    begin_descent,
    chosen_by,
    descend,
)
from raywidget.kernels.lights.portal import draw_beside
from raywidget.kernels.surfaces.surface import visibility_through_masks
from raywidget.kernels.volumes.medium import (
    decay,
    innermost,
    load_medium,
)

INFINITY = float("inf")
_BELOW_ONE = 1.0 - 2.0**-24
_make_numbers = make_stack_array(types.float32, WIDTH)
_make_nodes = make_stack_array(types.int32, WIDTH)
_make_choices = make_stack_array(types.float64, WIDTH)
_make_bits = make_stack_array(types.uint64, WIDTH)


@device
def seeks_far(scene: SceneView) -> bool:
    """Is an image the only light, and one that has to be fetched from far?"""
    if scene.light_count != 1 or scene.portal_count > 0:
        return False
    return scene.environment[ENVIRONMENT_LIGHT] >= 0.0 and is_far_to_fetch(scene)


@on_demand
def aim_at_lights(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Have brought near what tells where in an image `sample_lights` will look.

    Guide, edges of cells and texels wait for each other; so fetched, the one while rays walk, the
    other while surfaces are looked up, both waits are saved.
    """
    u = load_row_of(bundle, rows.LIGHT_U, lanes)
    v = load_row_of(bundle, rows.LIGHT_V, lanes)
    aim = aim_at_image(scene, u, v)
    store_word_row(bundle, rows.AIM_ROW, whole(aim.row))
    store_word_row(bundle, rows.AIM_CELL, aim.cell)
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        fetch_guide(scene, load_word(bundle, rows.AIM_CELL, lane))


@on_demand
def fetch_lights(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """The next step of it, for the same lanes or some of them."""
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        row = load_word(bundle, rows.AIM_ROW, lane)
        fetch_aimed(scene, row, load_word(bundle, rows.AIM_CELL, lane))


@device
def sample_lights(scene: SceneView, bundle: Bundle, lanes: int, settings: PathSettings) -> int:
    """Draw a direction to a light for each lane; those that have one."""
    lit = 0
    if is_one_lamp(scene):
        seen = sample_lamp(
            scene,
            load_point_row(bundle, rows.POINT),
            load_row(bundle, rows.LIGHT_U),
            load_row(bundle, rows.LIGHT_V),
        )
        store_point_row(bundle, rows.LIGHT_DIRECTION, seen.wi)
        store_row(bundle, rows.LIGHT_REACH, seen.reach)
        store_row(bundle, rows.LIGHT_PDF, seen.pdf)
        store_row(bundle, rows.LIGHT_DELTA, spread_number(0.0))
        store_point_row(bundle, rows.LIGHT_RADIANCE, seen.radiance)
        lit = lanes & lane_mask(seen.faces) & ~lane_mask(seen.near)
        lanes &= lane_mask(seen.near)
    together = scene.weighed_count > 0 and scene.leaf_count == 0
    if together and lanes != 0:
        _choose_lights(scene, bundle, lanes)
    if lanes != 0 and scene.environment[ENVIRONMENT_LIGHT] >= 0.0:
        if together or scene.light_count == 1:
            drawn = _sample_images(scene, bundle, lanes, together)
            note_images(settings, scene, bundle, drawn)
            lanes &= ~drawn
            lit |= drawn & lane_mask(load_row(bundle, rows.LIGHT_PDF) > 0.0)
    if lanes != 0 and scene.clip_count == 0 and not is_one_lamp(scene):
        if not together:
            _choose_each(scene, bundle, lanes)
        done = _sample_points(scene, bundle, lanes, settings)
        lanes &= ~done
        lit |= done & lane_mask(load_row(bundle, rows.LIGHT_PDF) > 0.0)
        together = together or done != 0
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        p = load_point(bundle, rows.POINT, lane)
        u = load_number(bundle, rows.LIGHT_U, lane)
        v = load_number(bundle, rows.LIGHT_V, lane)
        if together:
            number = int(load_number(bundle, rows.CHOSEN, lane))
            chosen = Chosen(number, load_number(bundle, rows.CHOSEN_PROBABILITY, lane))
        else:
            n = load_point(bundle, rows.LIT_SIDE, lane)
            chosen = choose_light(scene, p, n, u, v, load_number(bundle, rows.CHOICE, lane))
        light = sample_chosen(scene, p, u, v, chosen)
        is_cut = is_lamp_cut(scene, light.light, p, light.wi, light.reach, light.delta)
        if light.pdf > 0.0 and not is_cut:
            lit |= 1 << lane
            store_point(bundle, rows.LIGHT_DIRECTION, lane, light.wi)
            store_number(bundle, rows.LIGHT_REACH, lane, light.reach)
            store_point(bundle, rows.LIGHT_RADIANCE, lane, light.radiance)
            store_number(bundle, rows.LIGHT_PDF, lane, light.pdf)
            store_number(bundle, rows.LIGHT_DELTA, lane, 1.0 if light.delta else 0.0)
            store_number(bundle, rows.CHOSEN, lane, single(light.light))
            note_light(settings, bundle, lane, light.light, light.normal)
    return lit


@on_demand
def _choose_each(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Choose the only light, or one of many, for each lane."""
    if scene.light_count == 1:
        store_row(bundle, rows.CHOSEN, spread_number(0.0))
        store_row(bundle, rows.CHOSEN_PROBABILITY, spread_number(1.0))
        return
    if scene.weighed_count == 1:
        _choose_in_tree(scene, bundle, lanes)
        return
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        chosen = choose_light(
            scene,
            load_point(bundle, rows.POINT, lane),
            load_point(bundle, rows.LIT_SIDE, lane),
            load_number(bundle, rows.LIGHT_U, lane),
            load_number(bundle, rows.LIGHT_V, lane),
            load_number(bundle, rows.CHOICE, lane),
        )
        store_number(bundle, rows.CHOSEN, lane, single(chosen.light))
        store_number(bundle, rows.CHOSEN_PROBABILITY, lane, chosen.probability)


@on_demand
def _choose_in_tree(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """The same where all lights are in the tree: lanes go down it side by side, level by level.

    Where one goes on is known when a node is weighed, so that a lane alone waits most of the time.
    """
    nodes = _make_nodes()
    choices = _make_choices()
    probabilities = _make_numbers()
    resolved = _make_numbers()
    fresh = _make_bits()
    rest = lanes
    while rest != 0:
        lane = lowest_bit(rest)
        rest &= rest - 1
        at = begin_descent(
            load_number(bundle, rows.LIGHT_U, lane),
            load_number(bundle, rows.LIGHT_V, lane),
            load_number(bundle, rows.CHOICE, lane),
            1.0,
        )
        nodes[lane] = at.node
        choices[lane] = at.choice
        probabilities[lane] = at.probability
        resolved[lane] = at.resolved
        fresh[lane] = at.fresh
    walking = lanes
    while walking != 0:
        rest = walking
        while rest != 0:
            lane = lowest_bit(rest)
            rest &= rest - 1
            at = descend(
                scene,
                Descent(
                    int(nodes[lane]),
                    choices[lane],
                    probabilities[lane],
                    resolved[lane],
                    fresh[lane],
                ),
                load_point(bundle, rows.POINT, lane),
                load_point(bundle, rows.LIT_SIDE, lane),
            )
            nodes[lane] = at.node
            choices[lane] = at.choice
            probabilities[lane] = at.probability
            resolved[lane] = at.resolved
            fresh[lane] = at.fresh
            walking &= ~((at.node < 0) << lane)
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        chosen = chosen_by(
            Descent(nodes[lane], choices[lane], probabilities[lane], resolved[lane], fresh[lane])
        )
        store_number(bundle, rows.CHOSEN, lane, single(chosen.light))
        store_number(bundle, rows.CHOSEN_PROBABILITY, lane, chosen.probability)


@on_demand
def _choose_lights(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Choose one of few lights for some lanes, by one of the numbers that draw a point on it.

    What is left of that number draws then: so the points on each light are spread evenly, too. With
    a number of its own, each light got points by chance: 2.7 times the variance where a point
    stands beside an image of one bright texel.
    """
    drawn = draw_weighed(
        scene,
        load_point_row(bundle, rows.POINT),
        load_point_row(bundle, rows.LIT_SIDE),
        load_row(bundle, rows.LIGHT_V),
    )
    store_row(bundle, rows.CHOSEN, drawn.number)
    store_row(bundle, rows.CHOSEN_PROBABILITY, drawn.probability)
    rest = lanes_min(lanes_max(drawn.rest, 0.0), _BELOW_ONE)
    replace_row(bundle, rows.LIGHT_V, lanes, rest)  # others need theirs once they have passed


@on_demand
def _sample_images(scene: SceneView, bundle: Bundle, lanes: int, together: bool) -> int:
    """Draw a direction to the environment for the lanes that have chosen it; which they are."""
    probability = spread_number(1.0)
    if together:
        chosen = load_row(bundle, rows.CHOSEN) == scene.environment[ENVIRONMENT_LIGHT]
        lanes &= lane_mask(chosen)
        if lanes == 0:
            return 0
        probability = load_row(bundle, rows.CHOSEN_PROBABILITY)
    else:
        store_row(bundle, rows.CHOSEN, spread_number(0.0))
    u = load_row_of(bundle, rows.LIGHT_U, lanes)
    v = load_row_of(bundle, rows.LIGHT_V, lanes)
    if scene.portal_count > 0:
        drawn = draw_beside(scene, load_point_row(bundle, rows.POINT), u, v)
    else:
        drawn = draw_from_image(scene, u, v)
    store_point_row(bundle, rows.LIGHT_DIRECTION, drawn.wi)
    store_row(bundle, rows.LIGHT_REACH, spread_number(INFINITY))
    store_row(bundle, rows.LIGHT_PDF, drawn.pdf * probability)
    store_row(bundle, rows.LIGHT_DELTA, spread_number(0.0))
    store_point_row(bundle, rows.LIGHT_RADIANCE, drawn.radiance)
    return lanes


@on_demand
def _sample_points(scene: SceneView, bundle: Bundle, lanes: int, settings: PathSettings) -> int:
    """Draw directions to the lights that lanes have chosen; of which it could be done at once."""
    number = load_row(bundle, rows.CHOSEN)
    seeing = lanes & lane_mask(number >= 0.0)
    lights = choose(lanes_in(seeing), whole(number), 0)
    drawn = sample_lanes(
        scene,
        load_point_row(bundle, rows.POINT),
        lights,
        seeing,
        load_row(bundle, rows.LIGHT_U),
        load_row(bundle, rows.LIGHT_V),
    )
    done = drawn.done | (lanes & ~seeing)
    pdf = choose(lanes_in(drawn.done), drawn.pdf, 0.0) * load_row(bundle, rows.CHOSEN_PROBABILITY)
    replace_point_row(bundle, rows.LIGHT_DIRECTION, done, drawn.wi)
    replace_row(bundle, rows.LIGHT_REACH, done, drawn.reach)
    replace_point_row(bundle, rows.LIGHT_RADIANCE, done, drawn.radiance)
    replace_row(bundle, rows.LIGHT_PDF, done, pdf)
    replace_row(bundle, rows.LIGHT_DELTA, done, choose(drawn.delta, 1.0, spread_number(0.0)))
    if follows_chains(settings):
        replace_word_row(bundle, rows.LIGHT, done, lights)
        replace_point_row(bundle, rows.LIGHT_NORMAL, done, drawn.normal)
    return done


@device
def find_visible(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Trace a shadow ray for each lane, and weaken what comes through media."""
    walking = lanes
    visible = spread_number(1.0)
    if scene.has_few and not scene.has_masks:
        o = load_point_row(bundle, rows.SHADOW_ORIGIN)
        d = load_point_row(bundle, rows.LIGHT_DIRECTION)
        t_max = load_row(bundle, rows.LIGHT_REACH)
        occluded = is_occluded_by_few(scene, o, d, t_max, scene.few_occluder_count)
        visible = choose(occluded, 0.0, visible)
        walking = 0
        if not scene.is_few:
            walking = lanes & find_near_rest(scene, o, d, t_max) & ~lane_mask(occluded)
    if not scene.has_masks:
        shadowed = 0
        beginnings = make_beginnings()
        if walking != 0 and scene.clip_count == 0:
            walking = begin_shadows(
                scene,
                beginnings,
                scene.rest,
                walking,
                load_point_row(bundle, rows.SHADOW_ORIGIN),
                load_point_row(bundle, rows.LIGHT_DIRECTION),
                load_row(bundle, rows.LIGHT_REACH),
            )
        while walking != 0:
            lane = lowest_bit(walking)
            bit = 1 << lane
            walking &= walking - 1
            start = load_point(bundle, rows.SHADOW_ORIGIN, lane)
            wi = load_point(bundle, rows.LIGHT_DIRECTION, lane)
            reach = load_number(bundle, rows.LIGHT_REACH, lane)
            if is_kept_in_the_way(scene, scene.rest, beginnings, lane, start, wi, reach):
                shadowed |= bit
        store_row(bundle, rows.VISIBLE, choose(lanes_in(shadowed), 0.0, visible))
    else:
        rest = lanes
        while rest != 0:
            lane = lowest_bit(rest)
            rest &= rest - 1
            wi = load_point(bundle, rows.LIGHT_DIRECTION, lane)
            inside = 0
            if scene.medium_count > 0:
                inside = stack_towards(scene, bundle, lane, wi)
            start = load_point(bundle, rows.SHADOW_ORIGIN, lane)
            reach = load_number(bundle, rows.LIGHT_REACH, lane)
            share = visibility_through_masks(scene, start, wi, reach, inside)
            store_number(bundle, rows.VISIBLE, lane, share.x)
            if scene.medium_count > 0:  # the share is a colour
                store_number(bundle, rows.VISIBLE, lane, 1.0)
                arrived = load_point(bundle, rows.LIGHT_RADIANCE, lane) * share
                store_point(bundle, rows.LIGHT_RADIANCE, lane, arrived)
    if scene.medium_count > 0 and not scene.has_masks:
        _weaken_by_media(scene, bundle, lanes)


@on_demand
def _weaken_by_media(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """What gets through the media that shadow rays of some lanes go through."""
    store_word_row(bundle, rows.MEDIUM, spread_word(MEDIUM_WORLD))
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        inside = stack_towards(scene, bundle, lane, load_point(bundle, rows.LIGHT_DIRECTION, lane))
        store_word(bundle, rows.MEDIUM, lane, innermost(inside))
    medium = load_medium(scene, load_word_row(bundle, rows.MEDIUM))
    left = decay(medium.absorption + medium.scattering, load_row(bundle, rows.LIGHT_REACH))
    arrived = load_point_row(bundle, rows.LIGHT_RADIANCE) * left
    store_point_row(bundle, rows.LIGHT_RADIANCE, arrived)
