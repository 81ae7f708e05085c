"""What lanes look up is what numbers look up."""

import numpy as np

from raywidget.kernels.language.buffers import view
from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.look_up import gather
from raywidget.kernels.language.simd import WIDTH, load_lanes, store_lanes


@entry
def _look_up(table, places, together, alone):
    store_lanes(view(together), 0, gather(view(table), load_lanes(view(places), 0)))
    for lane in range(WIDTH):
        alone[lane] = gather(view(table), places[lane])


def look_up(table, places, dtype):
    together, alone = np.zeros((2, WIDTH), dtype)
    _look_up(table, places.astype(np.int32), together, alone)
    return together, alone


def test_lanes_and_numbers_find_the_same_elements():
    generator = np.random.default_rng(2)
    places = generator.integers(0, 1000, WIDTH)
    places[:2] = 0, 999
    for dtype in (np.float32, np.int32):
        table = (1000 * generator.random(1000)).astype(dtype)
        for found in look_up(table, places, dtype):
            np.testing.assert_array_equal(found, table[places])


def test_of_bytes_four_are_found_the_first_the_lowest():
    generator = np.random.default_rng(3)
    table = generator.integers(0, 256, 1003).astype(np.uint8)
    places = generator.integers(0, 1000, WIDTH)
    places[:2] = 0, 999
    for found in look_up(table, places, np.int32):
        for k in range(4):
            np.testing.assert_array_equal((found.view(np.uint32) >> 8 * k) & 255, table[places + k])
