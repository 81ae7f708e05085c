"""Where subpaths begin: at lights, and at the camera, of some lanes at once."""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bdpt import rows as more
from raywidget.kernels.integrators.bdpt.subpath import (
    GROUP_EMISSION,
    GROUP_LIGHT,
    GROUP_LIGHT_CHOICE,
    GROUP_LIGHT_EDGE,
    LIGHT_GROUPS_PER_EDGE,
)
from raywidget.kernels.integrators.bdpt.vertex import MAX_EDGES, BdptSettings
from raywidget.kernels.integrators.bdpt.weights import start_camera_ratios, start_light_ratios
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_four,
    load_number,
    load_sequence,
    load_sequences,
    load_word,
    load_word_row,
    replace_point_row,
    replace_row,
    store_four,
    store_number,
    store_point,
    store_row,
    store_word,
)
from raywidget.kernels.integrators.pixel_lanes import PixelLanes, sequences_of, start_sequences
from raywidget.kernels.integrators.sample_start import begin_rows, note_samples
from raywidget.kernels.integrators.tile import PictureView, start_ray
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.random import (
    GROUP_CHOICE,
    GROUP_EDGE,
    GROUPS_PER_EDGE,
    Four,
    draw_four,
)
from raywidget.kernels.language.simd import choose, lanes_in, spread_number, spread_word
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.emission import is_delta, sample_emission_from
from raywidget.kernels.lights.emission_lanes import sample_emission_lanes
from raywidget.kernels.lights.light_choice import choose_by_power
from raywidget.kernels.sensors.importance import per_pdf_camera


class Begun(NamedTuple):
    """What `begin_subpaths` did with the samples."""

    sent: int  # lanes that follow a light subpath
    failed: int  # those of them that have none to follow


@device
def begin_subpaths(
    scene: SceneView,
    kept: PixelLanes,
    bundle: Bundle,
    samples: int,
    cameras: int,
    are_drawn: bool,
    picture: PictureView,
    settings: BdptSettings,
) -> Begun:
    """Begin the samples that are noted for some lanes, and the camera subpaths of other lanes.

    A sample begins with its light subpath, if lights send any out. `are_drawn`: the numbers that
    they begin with are in AHEAD, see `draw_numbers`.
    """
    start_sequences(kept, bundle, samples, picture)
    if not picture.lattice or scene.has_backdrop:
        note_samples(scene, bundle, samples, picture)
    replace_row(bundle, more.POINTS, samples, spread_number(0.0))
    if not _sends_light(scene, settings):
        cameras |= samples
        samples = 0
    sequences = load_sequences(bundle, picture.lattice)
    is_sent = lanes_in(samples)
    if not are_drawn:
        group = choose(is_sent, spread_word(GROUP_EMISSION), spread_word(GROUP_EDGE))
        store_four(bundle, rows.AHEAD, draw_four(sequences, group))
    four = load_four(bundle, rows.AHEAD)

    # --- At the camera ----------------------------------------------------------------------------
    x = load_word_row(bundle, rows.X)
    y = load_word_row(bundle, rows.Y)
    origin, direction = start_ray(scene, picture, x, y, sequences, four)
    ratios = start_camera_ratios(per_pdf_camera(scene.camera, direction))
    near = ratios.near
    far = ratios.far
    rest = cameras if scene.medium_count > 0 else 0
    while rest != 0:
        lane = lowest_bit(rest)
        rest &= rest - 1
        bundle.inside[lane] = scene.surroundings[0]

    # --- At lights --------------------------------------------------------------------------------
    others = 0
    if samples != 0:
        rest = samples if scene.light_count > 1 or scene.medium_count > 0 else 0
        while rest != 0:
            lane = lowest_bit(rest)
            rest &= rest - 1
            light = 0
            if scene.light_count > 1:
                sequence = load_sequence(bundle, lane, picture.lattice)
                light = choose_by_power(scene, draw_four(sequence, GROUP_LIGHT).x)
            store_word(bundle, rows.LIGHT, lane, light)
            bundle.inside[lane] = scene.surroundings[1 + light]
        lights = choose(is_sent, load_word_row(bundle, rows.LIGHT), spread_word(0))
        start = sample_emission_lanes(scene, lights, samples, four)
        others = samples & ~start.done
        origin = choose_vec3(is_sent, start.o, origin)
        direction = choose_vec3(is_sent, start.d, direction)
        sent = start_light_ratios(start.per_pdf, True)
        near = choose(is_sent, sent.near, near)
        far = choose(is_sent, sent.far, far)
        replace_point_row(bundle, more.EMITTED, samples, start.carried)
        replace_point_row(bundle, more.START, samples, start.p)
        replace_row(bundle, more.START_COS, samples, start.cos)

    lanes = samples | cameras
    begin_rows(bundle, lanes, origin, direction, four)
    replace_row(bundle, more.NEAR, lanes, near)
    replace_row(bundle, more.FAR, lanes, far)
    replace_point_row(bundle, rows.PREVIOUS, lanes, origin)
    failed = 0
    if others != 0:
        store_row(bundle, rows.BSDF_U, four.x)
        store_row(bundle, rows.BSDF_V, four.y)
        failed = _send_others(scene, bundle, others)
    return Begun(samples, failed)


@device
def _sends_light(scene: SceneView, settings: BdptSettings) -> bool:
    return scene.light_count > 0 and min(settings.max_depth, MAX_EDGES) >= 2


@device
def draw_numbers(
    scene: SceneView,
    kept: PixelLanes,
    bundle: Bundle,
    from_light: int,
    picture: PictureView,
    settings: BdptSettings,
) -> None:
    """Draw the numbers of the ends of edges (EDGE and TURN), and those of next beginnings (AHEAD).

    A group of numbers takes some 170 cycles, of which nearly all are waiting for products of
    products: three at once take hardly longer, and rays are traced meanwhile.
    """
    sequences = load_sequences(bundle, picture.lattice)
    is_light = lanes_in(from_light)
    per_edge = load_word_row(bundle, rows.DEPTH) * GROUPS_PER_EDGE
    edge_group = choose(
        is_light,
        spread_word(GROUP_LIGHT_EDGE - LIGHT_GROUPS_PER_EDGE),
        spread_word(GROUP_EDGE),
    )
    turn_group = choose(
        is_light,
        spread_word(GROUP_LIGHT_CHOICE - LIGHT_GROUPS_PER_EDGE),
        spread_word(GROUP_CHOICE - GROUPS_PER_EDGE),
    )
    edge = draw_four(sequences, per_edge + edge_group)
    turn = draw_four(sequences, per_edge + turn_group)
    if picture.lattice:
        # After a light subpath the camera's, then the next sample
        sample = load_word_row(bundle, rows.SAMPLE)
        following = sequences_of(kept, choose(is_light, sample, sample + 1), picture)
        first = GROUP_EMISSION if _sends_light(scene, settings) else GROUP_EDGE
        group = choose(is_light, spread_word(GROUP_EDGE), spread_word(first))
        store_four(bundle, rows.AHEAD, draw_four(following, group))
    store_four(bundle, rows.EDGE, edge)
    store_four(bundle, more.TURN, turn)


@device
def _send_others(scene: SceneView, bundle: Bundle, lanes: int) -> int:
    """Begin light subpaths lane by lane, at lights that are no plain flats; which of them fail."""
    failed = 0
    while lanes != 0:
        lane = lowest_bit(lanes)
        bit = 1 << lane
        lanes &= lanes - 1
        light = 0 + load_word(bundle, rows.LIGHT, lane)
        four = Four(
            load_number(bundle, rows.BSDF_U, lane),
            load_number(bundle, rows.BSDF_V, lane),
            load_number(bundle, rows.LIGHT_U, lane),
            load_number(bundle, rows.LIGHT_V, lane),
        )
        start = sample_emission_from(scene, light, four)
        if start.pdf <= 0.0:
            failed |= bit
            continue
        ratios = start_light_ratios(start.cos / start.pdf, not is_delta(scene, light))
        store_point(bundle, rows.ORIGIN, lane, start.o)
        store_point(bundle, rows.DIRECTION, lane, start.d)
        store_number(bundle, more.NEAR, lane, ratios.near)
        store_number(bundle, more.FAR, lane, ratios.far)
        store_point(bundle, more.EMITTED, lane, start.carried)
        store_point(bundle, more.START, lane, start.p)
        store_number(bundle, more.START_COS, lane, start.cos)
    return failed
