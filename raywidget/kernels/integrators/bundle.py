"""`WIDTH` paths side by side: what is kept of each between two steps, one lane for each path.

Every quantity is a row of `WIDTH` numbers. Steps that are the same for all paths take whole rows as
vectors (`load_row`, `load_point_row`); those that differ from path to path take one lane
(`load_number`, `load_point`). A set of lanes is an integer with a bit for each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from raywidget.kernels.integrators import rows
from raywidget.kernels.language.buffers import advance, make_stack_array
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.random import Four, Sequence
from raywidget.kernels.language.simd import (
    WIDTH,
    Lanes,
    Real,
    choose,
    lanes_in,
    load_lanes,
    store_lanes,
)
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.language.vec3 import Vec3, vec3
from raywidget.kernels.layout import MATERIAL_SIZE

make_numbers = make_stack_array(types.float32, rows.NUMBER_ROWS * WIDTH)
make_words = make_stack_array(types.int32, rows.WORD_ROWS * WIDTH)
make_stacks = make_stack_array(types.int64, WIDTH)
make_rooms = make_stack_array(types.float32, MATERIAL_SIZE * WIDTH)


class Bundle(NamedTuple):
    """Where it all is: buffers on the stack of who made them, by the functions above.

    Whoever made them calls `clear` first.
    """

    numbers: Any
    words: Any
    inside: Any  # of each lane, see `medium`
    rooms: Any  # of each lane, for parameters of a textured material


@device
def clear(bundle: Bundle, number_rows: int) -> None:
    """Set all numbers to 0.

    What the stack held before are halves of addresses, which are tiny as numbers, and processors
    take a hundred cycles for each instruction that meets one, though nobody asks for what is made
    of it: 20 to 34 ns a sample where surfaces have textures.
    """
    for number in range(number_rows * WIDTH):
        bundle.numbers[number] = 0.0


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
        np.uint64(load_word(bundle, rows.KEY, lane)),
        np.uint64(load_word(bundle, rows.OTHER_KEY, lane)),
        np.uint64(load_word(bundle, rows.PLACE, lane)),
        load_word(bundle, rows.HALF, lane),
    )


@device
def store_sequence(bundle: Bundle, lane: int, sequence: Sequence) -> None:
    """Set them."""
    store_word(bundle, rows.KEY, lane, sequence.key)
    store_word(bundle, rows.OTHER_KEY, lane, sequence.other_key)
    store_word(bundle, rows.PLACE, lane, sequence.place)
    store_word(bundle, rows.HALF, lane, sequence.half)


@device
def store_nine(bundle: Bundle, row: int, lane: int, first: Vec3, second: Vec3, third: Vec3) -> None:
    """Set three times three numbers."""
    store_point(bundle, row, lane, first)
    store_point(bundle, row + 3, lane, second)
    store_point(bundle, row + 6, lane, third)


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
def load_row_of(bundle: Bundle, row: int, lanes: int) -> Any:
    """It of some paths, one or more; all others have that of the first of them.

    Where it says what is looked up, none of the others waits for memory that nobody asked for.
    """
    first = load_number(bundle, row, lowest_bit(lanes))
    return choose(lanes_in(lanes), load_row(bundle, row), first)


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
def load_four(bundle: Bundle, row: int) -> Four:
    """Four numbers of each path."""
    return Four(
        load_row(bundle, row),
        load_row(bundle, row + 1),
        load_row(bundle, row + 2),
        load_row(bundle, row + 3),
    )


@device
def store_four(bundle: Bundle, row: int, value: Four) -> None:
    """Set them for all of them."""
    store_row(bundle, row, value.x)
    store_row(bundle, row + 1, value.y)
    store_row(bundle, row + 2, value.z)
    store_row(bundle, row + 3, value.w)


@device
def load_word_row(bundle: Bundle, row: int) -> Any:
    """One integer of each path."""
    return load_lanes(bundle.words, row * WIDTH)


@device
def load_sequences(bundle: Bundle, lattice: bool) -> Sequence:
    """The random numbers of all paths."""
    return Sequence(
        lattice,
        load_word_row(bundle, rows.KEY),
        load_word_row(bundle, rows.OTHER_KEY),
        load_word_row(bundle, rows.PLACE),
        load_word_row(bundle, rows.HALF),
    )


@device
def store_word_row(bundle: Bundle, row: int, value: Lanes) -> None:
    """Set it for all of them."""
    store_lanes(bundle.words, row * WIDTH, value)


# --- Some lanes -----------------------------------------------------------------------------------


@device
def replace_row(bundle: Bundle, row: int, lanes: int, value: Real) -> None:
    """Set one number of some paths."""
    store_row(bundle, row, choose(lanes_in(lanes), value, load_row(bundle, row)))


@device
def replace_point_row(bundle: Bundle, row: int, lanes: int, value: Vec3) -> None:
    """Set a point of some paths."""
    replace_row(bundle, row, lanes, value.x)
    replace_row(bundle, row + 1, lanes, value.y)
    replace_row(bundle, row + 2, lanes, value.z)


@device
def replace_word_row(bundle: Bundle, row: int, lanes: int, value: Lanes) -> None:
    """Set one integer of some paths."""
    store_word_row(bundle, row, choose(lanes_in(lanes), value, load_word_row(bundle, row)))
