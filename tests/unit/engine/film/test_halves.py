"""A message that compiled code writes is what numpy would make of the same sums, bit by bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raywidget.engine.film.film import Film, TileSums, mean_radiance
from raywidget.engine.film.halves import _preparation, is_prepared, write_message
from raywidget.picture.development import to_half
from raywidget.stream.encoders import EXACT
from raywidget.stream.ledger import Ledger
from raywidget.stream.outgoing import RECORD, pack_records
from raywidget.stream.parcel import choose_pieces, choose_plain, pack_parcel, pack_plain


def compiled(values, spp=1, exponent=0):
    """The halves of some sums."""
    sums = np.ascontiguousarray(values, np.float64)
    records, first = np.zeros((1, 8), np.uint16), np.zeros(1, np.int64)
    head = RECORD.itemsize
    message = write_message(
        head + 2 * (sums.size + sums.size % 2),
        [TileSums(sums, None, spp)],
        [0],
        records,
        first,
        np.array([sums.size]),
        exponent,
    )
    return np.frombuffer(message, np.uint16, sums.size, head)


def by_numpy(values, spp=1, exponent=0):
    with np.errstate(all="ignore"):
        mean = mean_radiance(np.asarray(values, np.float64), spp)
    return to_half(mean, exponent).view(np.uint16).ravel()


def test_halves_ties_and_all_between():
    """All halves, what lies between two of them, what is beside that, and many others."""
    halves = np.arange(0x7C01, dtype=np.uint16).view(np.float16).astype(np.float32)
    ties = halves[:-2] + np.diff(halves[:-1]) / 2
    beside = np.nextafter(ties, np.float32(0)), np.nextafter(ties, np.float32(np.inf))
    # Every 97th number from 2^-26 to beyond the greatest half, and bits of all kinds.
    bits = np.arange(101 << 23, (143 << 23) + 97, 97, dtype=np.uint32)
    noise = np.random.default_rng(1).integers(0, 2**32, 1 << 20, np.uint32)
    for values in (halves, ties, *beside, bits.view(np.float32), noise.view(np.float32)):
        with np.errstate(all="ignore"):
            sums = values.astype(np.float64)
        np.testing.assert_array_equal(compiled(sums), by_numpy(sums))


@given(
    st.lists(st.floats(), min_size=1, max_size=40),
    st.integers(1, 2**31),
    st.integers(-64, 64),
)
def test_any_sums(values, spp, exponent):
    got, expected = compiled(values, spp, exponent), by_numpy(values, spp, exponent)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("spp", [1, 2, 3, 7, 30, 1000])
@pytest.mark.parametrize("light", [1.0, 1e-7, 1e6])
def test_a_message_of_tiles_and_strips_is_that_of_numpy(spp, light):
    random = np.random.default_rng(spp)
    film = Film(75, 53, 16)  # those at the edges have odd numbers of numbers
    for tile in film.tiles:
        sums = random.random((tile.height, tile.width, 3)) * spp * light
        film.publish(tile, sums, spp)
    ledgers = [Ledger(film, 1000) for _ in range(2)]
    for ledger in ledgers:
        unsent = ledger.unsent()
        assert len(unsent) > len(film.tiles)  # strips
        if ledger is ledgers[0]:
            (chosen, full) = choose_pieces(ledger, unsent, EXACT, 20_000, False)
            ledger.expose(0.0, True)
            expected = pack_records(pack_parcel(ledger, chosen, EXACT).records), full
        else:
            plain, full = choose_plain(ledger, unsent, 20_000, False)
            ledger.expose(0.0, True)
            assert (pack_plain(ledger, plain), full) == expected
    assert ledgers[0].exponent == ledgers[1].exponent
    assert (ledgers[0].exponent != 0) == (light != 1.0)


def test_what_is_more_than_its_sums_is_left_to_numpy():
    film = Film(32, 16, 16)
    assert film.plain_parts([0]) is None  # no samples
    for tile in film.tiles:
        film.publish(tile, np.ones((16, 16, 3)), 2)
    assert film.plain_parts([0, 1]) is not None
    film.publish(film.tiles[0], np.ones((16, 16, 3)), 2, counts=np.full((16, 16), 2))
    assert film.plain_parts([0, 1]) is None
    assert film.plain_parts([1]) is not None
    film.publish(film.tiles[1], np.ones((16, 16, 3)), 2, coverage=np.ones((16, 16)))
    assert film.plain_parts([1]) is None


def test_it_is_prepared_soon_without_anybody_waiting():
    is_prepared()
    assert _preparation().wait(60.0)
    assert is_prepared()
