"""The keys by which children of a node are taken, nearest first."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from raywidget.kernels.language.buffers import view
from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.lane_keys import (
    NO_KEY,
    distance_bits,
    distance_keys,
    smallest_key,
    without_key,
)
from raywidget.kernels.language.simd import WIDTH, load_lanes

DISTANCES = st.floats(0.0, np.inf, width=32)
LANES = arrays(np.float32, WIDTH, elements=DISTANCES)


@entry
def _order(enter, leave, lanes):
    """The lanes that are entered before they are left, in the order of their keys."""
    distances = load_lanes(view(enter), 0)
    keys = distance_keys(distances, distances <= load_lanes(view(leave), 0))
    count = 0
    key = smallest_key(keys)
    while key != NO_KEY:
        lanes[count] = key & (WIDTH - 1)
        count += 1
        keys = without_key(keys, key)
        key = smallest_key(keys)
    return count


@entry
def _is_before(enter, distance):
    distances = load_lanes(view(enter), 0)
    key = smallest_key(distance_keys(distances, distances >= 0.0))
    return key & -WIDTH < distance_bits(distance)


@given(LANES, LANES)
def test_keys_give_each_lane_once_and_the_nearest_first(enter, leave):
    lanes = np.full(WIDTH, -1)
    count = _order(enter, leave, lanes)
    taken = lanes[:count]
    assert sorted(taken) == np.flatnonzero(enter <= leave).tolist()
    # Only distances whose highest 32 - log2(WIDTH) bits are the same may be the other way round.
    rounded = enter[taken].view(np.int32) // WIDTH
    assert np.all(np.diff(rounded) >= 0)


@given(LANES, DISTANCES)
def test_what_is_nearer_is_never_passed_over(enter, distance):
    is_before = _is_before(enter, np.float32(distance))
    nearest = enter.min()
    if nearest < distance:
        assert is_before
    if nearest > np.float32(distance) * np.float32(1.0 + 2.0 * WIDTH * 2.0**-23):
        assert not is_before or nearest < 1e-36
