"""Samples of tiles by path tracing: where they begin, and who follows which.

`WIDTH` paths are followed at once, see `path`. A lane whose path has ended takes the next sample,
so that all of them stay busy; which one does what changes nothing.
"""

from __future__ import annotations

from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bundle import (
    Bundle,
    clear,
    load_four,
    load_sequence,
    load_sequences,
    load_word_row,
    make_numbers,
    make_rooms,
    make_stacks,
    make_words,
    store_four,
)
from raywidget.kernels.integrators.caustics.chains import follows_chains, sends_photon
from raywidget.kernels.integrators.caustics.photons import trace_photon
from raywidget.kernels.integrators.path import advance_paths
from raywidget.kernels.integrators.path_lanes import PathSettings
from raywidget.kernels.integrators.pixel_lanes import (
    PixelLanes,
    begin_pixels,
    draw_ahead,
    end_samples,
    make_following,
    make_keys,
    make_places,
    make_sums,
    make_swings,
    start_sequences,
    take_pixel,
)
from raywidget.kernels.integrators.sample_start import begin_rows, note_samples
from raywidget.kernels.integrators.space import in_space, start_in_space
from raywidget.kernels.integrators.tile import (
    Batch,
    BatchView,
    Picture,
    PictureView,
    count_up,
    start_ray,
    view_batch,
    view_picture,
    view_scene,
)
from raywidget.kernels.language.buffers import load_flag
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.pinned import pinned
from raywidget.kernels.language.random import GROUP_EDGE, draw_four
from raywidget.kernels.language.simd import WIDTH, spread_word
from raywidget.kernels.layout import F32, SceneTables, SceneView


@device
def _start_samples(
    scene: SceneView,
    kept: PixelLanes,
    bundle: Bundle,
    lanes: int,
    are_drawn: bool,
    picture: PictureView,
    settings: PathSettings,
) -> int:
    """Begin paths of the samples and pixels that are noted for some lanes; rays of photons.

    `are_drawn`: their first numbers are in AHEAD.
    """
    start_sequences(kept, bundle, lanes, picture)
    if not picture.lattice or scene.has_backdrop:
        note_samples(scene, bundle, lanes, picture)
    if in_space(settings) or scene.medium_count > 0:
        _start_in_media(scene, bundle, lanes, picture, settings)
    sequences = load_sequences(bundle, picture.lattice)
    if not are_drawn:
        store_four(bundle, rows.AHEAD, draw_four(sequences, spread_word(GROUP_EDGE)))
    edge = load_four(bundle, rows.AHEAD)
    x = load_word_row(bundle, rows.X)
    y = load_word_row(bundle, rows.Y)
    origin, direction = start_ray(scene, picture, x, y, sequences, edge)
    begin_rows(bundle, lanes, origin, direction, edge)
    rays = 0
    if follows_chains(settings):
        rays = _send_photons(scene, bundle, lanes, picture, settings)
    return rays


@device
def _start_in_media(
    scene: SceneView, bundle: Bundle, lanes: int, picture: PictureView, settings: PathSettings
) -> None:
    """Note what the paths of some lanes begin in."""
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        if in_space(settings):
            sequence = load_sequence(bundle, lane, picture.lattice)
            start_in_space(settings, bundle, lane, sequence)
        bundle.inside[lane] = scene.surroundings[0]


@device
def _send_photons(
    scene: SceneView, bundle: Bundle, lanes: int, picture: PictureView, settings: PathSettings
) -> int:
    """Send the photons of some lanes' samples; rays."""
    rays = 0
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        sequence = load_sequence(bundle, lane, picture.lattice)
        if sends_photon(settings, sequence):
            rays += trace_photon(settings, scene, sequence)
    return rays


@device
def sample_paths(
    scene: SceneView, picture: PictureView, settings: PathSettings, batch: BatchView
) -> bool:
    """As `tile.sample_batch`, which says what it promises.

    A lane takes all samples of a pixel one after the other, so that they are added in their order,
    then the next pixel, of the next tile if need be: lanes are idle only at the end of a batch.
    The flag is read before every step, which takes microseconds.
    """
    bundle = Bundle(make_numbers(), make_words(), make_stacks(), make_rooms())
    clear(bundle, rows.NUMBER_ROWS)
    if batch.samples == 0:
        return True
    kept = PixelLanes(make_sums(), make_swings(), make_keys(), make_places(), make_following())
    begin_pixels(kept)
    lanes = 0  # that follow a path
    rays = 0
    dropped = 0
    for lane in range(WIDTH):
        bundle.inside[lane] = scene.surroundings[0]
        if take_pixel(kept, bundle, lane, picture, batch):
            lanes |= 1 << lane
    starting = lanes
    fresh = lanes  # of which this is the first sample of a pixel
    draws_ahead = picture.lattice and batch.samples > 1
    while lanes != 0:
        if load_flag(batch.cancel, 0) != 0:
            return False
        if starting != 0:
            are_drawn = draws_ahead and fresh == 0
            rays += _start_samples(scene, kept, bundle, starting, are_drawn, picture, settings)
            if draws_ahead:
                draw_ahead(kept, bundle, picture)
        step = advance_paths(scene, bundle, lanes, picture.lattice, settings)
        rays += step.rays
        starting = 0
        if step.ended != 0:
            turn = end_samples(kept, bundle, step.ended, picture, batch)
            starting = turn.going
            fresh = turn.fresh
            lanes ^= turn.done
            dropped += turn.dropped
    count_up(batch, rays, dropped)
    return True


@entry
def render_path(
    tables: SceneTables,
    camera: F32,
    picture: Picture,
    settings: PathSettings,
    batch: Batch,
) -> bool:
    """Path tracing, see `sample_paths`."""
    scene = pinned(view_scene(tables, camera))
    return sample_paths(scene, view_picture(picture), settings, view_batch(batch))
