"""`WIDTH` paths side by side: what is kept of each between two steps, one lane for each path.

Every quantity is a row of `WIDTH` numbers. Steps that are the same for all paths take whole rows as
vectors (`load_row`, `load_point_row`); those that differ from path to path take one lane
(`load_number`, `load_point`). A set of lanes is an integer with a bit for each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types

from raywidget.kernels.language.buffers import advance, make_stack_array
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.random import Sequence
from raywidget.kernels.language.simd import WIDTH, Lanes, Real, load_lanes, store_lanes
from raywidget.kernels.language.vec3 import Vec3, vec3
from raywidget.kernels.layout import MATERIAL_SIZE

# --- Rows of `numbers`, float32; those of three are points, directions or colours -----------------
# A path between two surfaces
ORIGIN = 0  # 3
DIRECTION = 3  # 3
THROUGHPUT = 6  # 3
COMPRESSION = 9  # of radiance inside dense media, which is not a loss of throughput
RADIANCE = 10  # 3: what it has brought
SCATTER_PDF = 13  # of its direction; 0 if light sampling can't find what the direction finds
PREVIOUS = 14  # 3: the surface it comes from
PREVIOUS_NORMAL = 17  # 3: that of the lit side there
LIGHT_U = 20  # numbers that choose a point on a light at its end
LIGHT_V = 21
# The surface at its end
POINT = 22  # 3; of a bare flat (see `hit`) its corner
NORMAL = 25  # 3: geometric; of a bare flat edge_u
SHADING_NORMAL = 28  # 3; of a bare flat edge_v
OFFSET = 31
COLOR = 32  # 3: of a diffuse surface
LIT_SIDE = 35  # 3: its normal towards the viewer, 0 where light comes through
WO = 38  # 3: to the viewer, in the frame of the surface
CHOICE = 41  # numbers that choose a light, and a lobe
LOBE = 42
# A light
LIGHT_DIRECTION = 43  # 3
LIGHT_LOCAL = 46  # 3: the same in the frame of the surface
LIGHT_REACH = 49
LIGHT_RADIANCE = 50  # 3
LIGHT_PDF = 53
LIGHT_DELTA = 54  # 1 if scattering can't find it
SHADOW_ORIGIN = 55  # 3
VISIBLE = 58
# What the surface makes of it
VALUE = 59  # 3: BSDF times cosine
VALUE_PDF = 62
# Where the path goes on
BSDF_U = 63
BSDF_V = 64
SAMPLED = 65  # 3: direction in the frame of the surface
WEIGHT = 68  # 3
SAMPLED_PDF = 71
SPECULAR = 72  # 1: a single direction
ETA = 73
# Where rays end
DISTANCE = 74  # if they were traced side by side
U = 75  # weights of a flat's edges
V = 76
_NUMBER_ROWS = 77

# --- Rows of `words`, int32 -----------------------------------------------------------------------
KEY = 0  # of its random numbers
OTHER_KEY = 1
PLACE = 2
HALF = 3
DEPTH = 4  # edges, the one to be traced included
PIXEL = 5  # of the tile, row by row
SAMPLE = 6
MATERIAL = 7  # of the surface, and that of it that scatters: it may be a mixture
PART = 8
SLOT = 9
_WORD_ROWS = 10

make_numbers = make_stack_array(types.float32, _NUMBER_ROWS * WIDTH)
make_words = make_stack_array(types.int32, _WORD_ROWS * WIDTH)
make_stacks = make_stack_array(types.int64, WIDTH)
make_rooms = make_stack_array(types.float32, MATERIAL_SIZE * WIDTH)


class Bundle(NamedTuple):
    """Where it all is: buffers on the stack of who made them, by the functions above."""

    numbers: Any
    words: Any
    inside: Any  # of each lane, see `medium`
    rooms: Any  # of each lane, for parameters of a textured material


@device
def room_of(bundle: Bundle, lane: int) -> Any:
    """The parameters of one lane's material."""
    return advance(bundle.rooms, lane * MATERIAL_SIZE)


# --- One lane -------------------------------------------------------------------------------------


@device
def load_number(bundle: Bundle, row: int, lane: int) -> float:
    """One number."""
    return bundle.numbers[row * WIDTH + lane]


@device
def store_number(bundle: Bundle, row: int, lane: int, value: float) -> None:
    """Set one number."""
    bundle.numbers[row * WIDTH + lane] = value


@device
def load_point(bundle: Bundle, row: int, lane: int) -> Vec3:
    """Three numbers."""
    at = row * WIDTH + lane
    return vec3(bundle.numbers[at], bundle.numbers[at + WIDTH], bundle.numbers[at + 2 * WIDTH])


@device
def store_point(bundle: Bundle, row: int, lane: int, value: Vec3) -> None:
    """Set three numbers."""
    at = row * WIDTH + lane
    bundle.numbers[at] = value.x
    bundle.numbers[at + WIDTH] = value.y
    bundle.numbers[at + 2 * WIDTH] = value.z


@device
def load_word(bundle: Bundle, row: int, lane: int) -> int:
    """One integer."""
    return bundle.words[row * WIDTH + lane]


@device
def store_word(bundle: Bundle, row: int, lane: int, value: Any) -> None:
    """Set one integer; of a longer one, the lower 32 bits."""
    bundle.words[row * WIDTH + lane] = value


@device
def load_sequence(bundle: Bundle, lane: int, lattice: bool) -> Sequence:
    """The random numbers of one path."""
    return Sequence(
        lattice,
        np.uint64(load_word(bundle, KEY, lane)),
        np.uint64(load_word(bundle, OTHER_KEY, lane)),
        np.uint64(load_word(bundle, PLACE, lane)),
        load_word(bundle, HALF, lane),
    )


@device
def store_sequence(bundle: Bundle, lane: int, sequence: Sequence) -> None:
    """Set them."""
    store_word(bundle, KEY, lane, sequence.key)
    store_word(bundle, OTHER_KEY, lane, sequence.other_key)
    store_word(bundle, PLACE, lane, sequence.place)
    store_word(bundle, HALF, lane, sequence.half)


# --- All lanes ------------------------------------------------------------------------------------


@device
def load_row(bundle: Bundle, row: int) -> Any:
    """One number of each path."""
    return load_lanes(bundle.numbers, row * WIDTH)


@device
def store_row(bundle: Bundle, row: int, value: Real) -> None:
    """Set it for all of them."""
    store_lanes(bundle.numbers, row * WIDTH, value)


@device
def load_point_row(bundle: Bundle, row: int) -> Vec3:
    """A point of each path."""
    return vec3(load_row(bundle, row), load_row(bundle, row + 1), load_row(bundle, row + 2))


@device
def store_point_row(bundle: Bundle, row: int, value: Vec3) -> None:
    """Set it for all of them."""
    store_row(bundle, row, value.x)
    store_row(bundle, row + 1, value.y)
    store_row(bundle, row + 2, value.z)


@device
def load_word_row(bundle: Bundle, row: int) -> Any:
    """One integer of each path."""
    return load_lanes(bundle.words, row * WIDTH)


@device
def load_sequences(bundle: Bundle, lattice: bool) -> Sequence:
    """The random numbers of all paths."""
    return Sequence(
        lattice,
        load_word_row(bundle, KEY),
        load_word_row(bundle, OTHER_KEY),
        load_word_row(bundle, PLACE),
        load_word_row(bundle, HALF),
    )


@device
def store_word_row(bundle: Bundle, row: int, value: Lanes) -> None:
    """Set it for all of them."""
    store_lanes(bundle.words, row * WIDTH, value)
