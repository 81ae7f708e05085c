"""The pixels that lanes work on: their sums, and the keys of their random numbers.

Both are kept beside the paths from the first sample of a pixel to its last, so that samples begin
and end for all lanes at once: to hash keys and to add to the picture's sums sample by sample took
10 of 139 ns of a Cornell box.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_point_row,
    load_row,
    load_word_row,
    replace_word_row,
    store_four,
    store_word,
)
from raywidget.kernels.integrators.tile import (
    BatchView,
    PictureView,
    open_tile,
    swing_before,
)
from raywidget.kernels.language.buffers import (
    address_of,
    doubles_at,
    floats_at,
    make_stack_array,
)
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import count_bits, lowest_bit
from raywidget.kernels.language.random import (
    GROUP_EDGE,
    Sequence,
    draw_four,
    place_in_lattice,
    start_sequence,
)
from raywidget.kernels.language.simd import (
    WIDTH,
    add_to_doubles,
    choose,
    lane_mask,
    lanes_abs,
    lanes_in,
    load_lanes,
    spread_word,
    store_lanes,
)
from raywidget.kernels.language.toolchain import types

INFINITY = float("inf")

make_sums = make_stack_array(types.float64, 3 * WIDTH)
make_swings = make_stack_array(types.float32, 3 * WIDTH)
make_keys = make_stack_array(types.int32, 4 * WIDTH)
make_places = make_stack_array(types.int64, 2 * WIDTH)
make_following = make_stack_array(types.int64, 2)

# Elements of `PixelLanes.following`
NEXT_TILE = 0  # of the batch; there is no such tile when all pixels are taken
NEXT_PIXEL = 1  # of the tile, row by row


class PixelLanes(NamedTuple):
    """What is kept of each lane's pixel: buffers on the stack of who made them."""

    sums: Any  # three rows, see `tile.TILE_SUMS`
    swings: Any
    keys: Any  # two words of samples of even number, two of those of odd number
    places: Any  # addresses of where sums and swings go
    following: Any  # the next pixel that no lane has taken, see NEXT_TILE


@device
def begin_pixels(kept: PixelLanes) -> None:
    """Let the first pixel be the next."""
    kept.following[NEXT_TILE] = 0
    kept.following[NEXT_PIXEL] = 0


@device
def take_pixel(
    kept: PixelLanes, bundle: Bundle, lane: int, picture: PictureView, batch: BatchView
) -> bool:
    """Let a lane take the samples of the next pixel, on top of those that it has; is there one?"""
    number = kept.following[NEXT_TILE]
    if number == batch.length:
        return False
    tile = open_tile(batch, number)
    pixel = kept.following[NEXT_PIXEL]
    row = pixel // tile.width
    x = tile.x + (pixel - row * tile.width)
    y = tile.y + row
    store_word(bundle, rows.X, lane, x)
    store_word(bundle, rows.Y, lane, y)
    store_word(bundle, rows.SAMPLE, lane, batch.first)
    kept.places[lane] = address_of(tile.sums, 3 * pixel)
    kept.places[WIDTH + lane] = address_of(tile.swings, 3 * pixel)
    for k in range(3):
        kept.sums[k * WIDTH + lane] = tile.old_sums[3 * pixel + k]
        kept.swings[k * WIDTH + lane] = swing_before(tile, 3 * pixel + k)
    for half in range(2):
        first = start_sequence(picture.seed, y * picture.width + x, half, picture.lattices)
        kept.keys[2 * half * WIDTH + lane] = first.key
        kept.keys[(2 * half + 1) * WIDTH + lane] = first.other_key
    if pixel + 1 == tile.width * tile.height:
        kept.following[NEXT_TILE] = number + 1
        kept.following[NEXT_PIXEL] = 0
    else:
        kept.following[NEXT_PIXEL] = pixel + 1
    return True


class Turn(NamedTuple):
    """What `end_samples` did."""

    going: int  # lanes that have another sample to take
    fresh: int  # those whose pixel is complete, and that may have taken another
    done: int  # those for which there is no pixel left
    dropped: int  # samples that were not finite


@device
def end_samples(
    kept: PixelLanes,
    bundle: Bundle,
    lanes: int,
    picture: PictureView,
    batch: BatchView,
) -> Turn:
    """Add up the samples of some lanes, and note the next ones, of other pixels if need be."""
    dropped = count_bits(lanes) - count_bits(deposit_lanes(kept, bundle, lanes))
    sample = load_word_row(bundle, rows.SAMPLE)
    complete = lanes & lane_mask(sample == batch.first + batch.samples - 1)
    replace_word_row(bundle, rows.SAMPLE, lanes, sample + 1)
    fresh = complete
    done = 0
    while complete != 0:
        lane = lowest_bit(complete)
        complete &= complete - 1
        leave_pixel(kept, lane)
        if not take_pixel(kept, bundle, lane, picture, batch):
            done |= 1 << lane
    return Turn(lanes ^ done, fresh, done, dropped)


@device
def leave_pixel(kept: PixelLanes, lane: int) -> None:
    """Write what a lane has added up."""
    sums = doubles_at(kept.places[lane])
    swings = floats_at(kept.places[WIDTH + lane])
    for k in range(3):
        sums[k] = kept.sums[k * WIDTH + lane]
        swings[k] = kept.swings[k * WIDTH + lane]


@device
def deposit_lanes(kept: PixelLanes, bundle: Bundle, lanes: int) -> int:
    """As `tile.deposit`, for the samples of some lanes; which of them were finite."""
    radiance = load_point_row(bundle, rows.RADIANCE)
    size = lanes_abs(radiance.x) + lanes_abs(radiance.y) + lanes_abs(radiance.z)
    lanes &= lane_mask(size < INFINITY)
    adding = lanes_in(lanes)
    is_even = load_word_row(bundle, rows.SAMPLE) & 1 == 0
    for k in range(3):
        value = load_row(bundle, rows.RADIANCE + k)
        add_to_doubles(kept.sums, k * WIDTH, value, adding)
        swing = load_lanes(kept.swings, k * WIDTH)
        swung = swing + choose(is_even, value, 0.0 - value)
        store_lanes(kept.swings, k * WIDTH, choose(adding, swung, swing))
    return lanes


@device
def sequences_of(kept: PixelLanes, sample: Any, picture: PictureView) -> Sequence:
    """The random numbers of samples of the lanes' pixels, unless they are independent."""
    half = sample & 1
    is_even = half == 0
    return Sequence(
        picture.lattice,
        choose(is_even, load_lanes(kept.keys, 0), load_lanes(kept.keys, 2 * WIDTH)),
        choose(is_even, load_lanes(kept.keys, WIDTH), load_lanes(kept.keys, 3 * WIDTH)),
        place_in_lattice(sample, picture.lattices),
        half,
    )


@device
def start_sequences(kept: PixelLanes, bundle: Bundle, lanes: int, picture: PictureView) -> None:
    """The random numbers of the samples that are noted for some lanes."""
    sequences = sequences_of(kept, load_word_row(bundle, rows.SAMPLE), picture)
    replace_word_row(bundle, rows.KEY, lanes, sequences.key)
    replace_word_row(bundle, rows.OTHER_KEY, lanes, sequences.other_key)
    replace_word_row(bundle, rows.PLACE, lanes, sequences.place)
    replace_word_row(bundle, rows.HALF, lanes, sequences.half)


@device
def draw_ahead(kept: PixelLanes, bundle: Bundle, picture: PictureView) -> None:
    """Draw what the camera rays of the lanes' next samples begin with.

    A group of numbers takes some 150 cycles, most of which are waiting for products of products.
    So early, it is done beside other work.
    """
    following = sequences_of(kept, load_word_row(bundle, rows.SAMPLE) + 1, picture)
    store_four(bundle, rows.AHEAD, draw_four(following, spread_word(GROUP_EDGE)))
