"""Random numbers against plain integers, and against chance."""

import numpy as np
import pytest
from kernel_drivers import draw, draw_in_lanes
from scipy import stats

MASK = (1 << 64) - 1
LOW = (1 << 32) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def reference(seed, pixel, sample, group, lattices):
    key = mix(mix((seed + GOLDEN) & MASK) ^ mix(pixel * GOLDEN & MASK))
    if lattices == 0:
        key = mix((key + sample * GOLDEN) & MASK)
    elif lattices == 2 and sample % 2 == 1:  # a lattice of its own
        key = mix(key ^ GOLDEN)
    third = (group * 1664525 + 1013904223) & LOW
    words = stirred([key & LOW, key >> 32, third, (third * 1664525 + 1013904223) & LOW])
    words = stirred([word ^ word >> 16 for word in words])
    if lattices:
        x, y, z, w = words
        order = ((x ^ y * 0x3D20ADEA) + (z ^ w * 0x05526C56)) & LOW
        number = sample // lattices
        place = shuffled(int(f"{number:032b}"[::-1], 2), order ^ order >> 16)
        words = [place * z + word for z, word in zip(VECTOR, words, strict=True)]
    return [(word & LOW) // 256 / 2**24 for word in words]


def stirred(words):
    """Half of pcg4d."""
    x, y, z, w = words
    x = (x + y * w) & LOW
    y = (y + z * x) & LOW
    z = (z + x * y) & LOW
    w = (w + y * z) & LOW
    return [x, y, z, w]


VECTOR = (0x9E372C1D, 0x7F4A5419, 0xC2B20DA5, 0x165E4D01)


def shuffled(place, seed):
    """The permutation of Laine and Karras, with Vegdahl's constants."""
    place ^= place * 0x3D20ADEA
    place += seed
    place *= seed >> 16 | 1
    place ^= place * 0x05526C56
    place ^= place * 0x53A22864
    return place & 0xFFFFFFFF


KINDS = pytest.mark.parametrize("lattices", [0, 1, 2])


@KINDS
@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_numbers_are_those_of_the_definition(seed, lattices):
    generator = np.random.default_rng(0)
    where = [generator.integers(0, top, 50) for top in (2**25, 2**30, 2000)]
    rows = zip(*(a.tolist() for a in where), strict=True)
    expected = [reference(seed, *row, lattices) for row in rows]
    np.testing.assert_array_equal(draw(seed, *where, lattices), expected)


@KINDS
def test_lanes_are_the_same_numbers(lattices):
    generator = np.random.default_rng(1)
    where = [generator.integers(0, top, 64) for top in (2**25, 2**30, 2000)]
    np.testing.assert_array_equal(draw_in_lanes(7, *where, lattices), draw(7, *where, lattices))


def test_mixing_is_that_of_splitmix64():
    # The first numbers of SplitMix64 from seed 1234567, as published with the algorithm
    state, numbers = 1234567, []
    for _ in range(3):
        state = (state + GOLDEN) & MASK
        numbers.append(mix(state))
    assert numbers == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@KINDS
def test_all_are_below_one_and_at_least_zero(lattices):
    numbers = draw(3, np.arange(1_000_000), 0, 1, lattices)
    assert numbers.min() >= 0.0
    assert numbers.max() < 1.0
    assert numbers.max() > 1.0 - 1e-5


ALONG = {
    "pixels": (np.arange(65_536), 0, 1),
    "samples": (7, np.arange(65_536), 1),
    "groups": (7, 5, np.arange(65_536)),
    "pixels of a column": (np.arange(65_536) * 640, 3, 2),
}
BOTH = pytest.mark.parametrize(
    ("along", "lattices"),
    [(a, k) for a in ALONG for k in (0, 1, 2) if a != "samples" or k == 0],
)


@BOTH
def test_each_dimension_is_uniform(along, lattices):
    numbers = draw(11, *ALONG[along], lattices)
    for column in numbers.T:
        counts = np.bincount((column * 256).astype(int), minlength=256)
        assert stats.chisquare(counts).pvalue > 1e-4


@BOTH
def test_dimensions_and_neighbours_are_independent(along, lattices):
    numbers = draw(11, *ALONG[along], lattices)
    pairs = [(numbers[:, i], numbers[:, j]) for i in range(4) for j in range(i)]
    pairs += [(numbers[:-1, i], numbers[1:, j]) for i in range(4) for j in range(4)]
    check_independent(pairs)


def check_independent(pairs):
    p_values = []
    for a, b in pairs:
        cells = (a * 16).astype(int) * 16 + (b * 16).astype(int)
        p_values.append(stats.chisquare(np.bincount(cells, minlength=256)).pvalue)
        p_values.append(stats.pearsonr(a, b).pvalue)
    assert min(p_values) > 1.0 - (1.0 - 1e-3) ** (1.0 / len(p_values))


@KINDS
def test_seeds_give_independent_numbers(lattices):
    where = np.arange(65_536), 0, 1
    a, b = draw(0, *where, lattices), draw(1, *where, lattices)
    assert not np.any(np.all(a == b, axis=1))
    check_independent([(a[:, k], b[:, k]) for k in range(4)])


def test_bits_are_fair():
    numbers = (draw(5, np.arange(100_000), 1, 3).astype(np.float64) * 2**24).astype(np.int64)
    assert np.all(numbers / 2**24 == draw(5, np.arange(100_000), 1, 3))
    for bit in range(24):
        ones = (numbers >> bit & 1).sum(axis=0)
        z = (ones - 50_000) / np.sqrt(25_000)
        assert np.abs(z).max() < 4.8, bit  # 96 tests at 1e-4 in all


# --- The lattice ----------------------------------------------------------------------------------


@pytest.mark.parametrize("log_count", [0, 1, 2, 3, 5, 8, 12, 16])
@pytest.mark.parametrize("block", [0, 1, 5])
@pytest.mark.parametrize("half", [None, 0, 1])
def test_every_block_of_samples_is_spread_evenly(log_count, block, half):
    # One number in each interval of 1 / count, and all at the same place within it.
    count = 1 << log_count
    for pixel, group in ((0, 0), (12345, 1), (77, 40)):
        samples = np.arange(count) + block * count
        if half is not None:
            samples = 2 * samples + half
        numbers = draw(3, pixel, samples, group, 1 if half is None else 2).astype(float)
        for column in numbers.T:
            steps = np.sort(column * count)
            assert np.all(np.floor(steps) == np.arange(count))
            within = steps - np.floor(steps)
            assert np.ptp(within) <= count * 2.0**-24 or np.ptp(within) > 1 - count * 2.0**-23


@pytest.mark.parametrize("lattices", [1, 2])
def test_pixels_and_groups_have_their_own_order(lattices):
    first = draw(3, 0, np.arange(64), 0, lattices)
    for pixel, group in ((1, 0), (0, 1), (640, 0)):
        other = draw(3, pixel, np.arange(64), group, lattices)
        for k in range(4):
            order = np.argsort(first[:, k])
            assert np.any(np.argsort(other[:, k]) != order)


@pytest.mark.parametrize("lattices", [1, 2])
def test_groups_of_a_sample_are_independent_over_pixels(lattices):
    pixels = np.arange(65_536)
    for sample in (0, 1, 6):
        a, b = (draw(9, pixels, sample, group, lattices) for group in (1, 3))
        check_independent([(a[:, i], b[:, j]) for i in range(4) for j in range(4)])


def test_halves_of_a_pixel_are_independent():
    pixels = np.arange(65_536)
    for sample in (0, 6):
        a, b = (draw(9, pixels, sample + half, 1, 2) for half in (0, 1))
        check_independent([(a[:, i], b[:, j]) for i in range(4) for j in range(4)])
    # The errors of integrals, too: neither half knows where the other has its points.
    numbers = draw(2, np.repeat(np.arange(4096), 16), np.tile(np.arange(16), 4096), 1, 2)
    for k in range(4):
        halves = (numbers[:, k] ** 2).reshape(4096, 8, 2).mean(axis=1)
        assert stats.pearsonr(*halves.T).pvalue > 1e-3


@pytest.mark.parametrize("lattices", [1, 2])
def test_the_points_fill_pairs_of_dimensions_evenly(lattices):
    # Root mean square error of the mean of a function: far below that of chance.
    numbers = draw(1, np.repeat(np.arange(200), 256), np.tile(np.arange(256), 200), 1, lattices)
    for i in range(4):
        for j in range(i):
            f = np.sin(np.pi * numbers[:, i]) * numbers[:, j] ** 2
            error = f.reshape(200, 256).mean(axis=1) - (2 / np.pi) / 3
            assert np.sqrt((error**2).mean()) < 0.45 * f.std() / np.sqrt(256)
            assert abs(error.mean()) < 4 * error.std() / np.sqrt(200)  # no bias
