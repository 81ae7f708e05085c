import threading
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from raywidget.engine.film.film import Film, mean_radiance
from raywidget.picture.image import Image
from raywidget.picture.rows import MadeRows

WIDTH, HEIGHT, SIZE = 70, 50, 32


@pytest.fixture
def film():
    return Film(WIDTH, HEIGHT, SIZE)


def constant(tile, value):
    return np.full((tile.height, tile.width, 3), float(value))


def publish(film, tile, sums, spp, **options):
    film.publish(tile, sums, spp, (sums * 0.5).astype(np.float32), **options)


def test_a_new_film_is_black(film):
    for tile in film.tiles:
        pixels, spp, version, _ = film.read(tile)
        assert pixels.shape == (tile.height, tile.width, 3)
        assert pixels.dtype == np.float32
        assert not pixels.any()
        assert (spp, version) == (0, 0)


def test_what_is_published_is_read(film):
    tile = film.tiles[4]
    sums = np.random.default_rng(0).random((tile.height, tile.width, 3))
    publish(film, tile, sums, 4)
    pixels, spp, version, _ = film.read(tile)
    np.testing.assert_array_equal(pixels, (sums / 4).astype(np.float32))
    assert (spp, version, film.read_spp(tile)) == (4, 1, 4)
    publish(film, tile, sums, 8)
    assert film.versions() == [0, 0, 0, 0, 2, 0]
    state = film.state()
    rows, columns = slice(tile.y, tile.y + tile.height), slice(tile.x, tile.x + tile.width)
    np.testing.assert_array_equal(state.sums[rows, columns], sums)
    assert np.all(state.spp[rows, columns] == 8)
    state_elsewhere = state.spp.copy()
    state_elsewhere[rows, columns] = 0
    assert not state_elsewhere.any()


def test_what_is_published_never_changes(film):
    tile = film.tiles[0]
    published = constant(tile, 3)
    publish(film, tile, published, 1)
    with pytest.raises(ValueError, match="read-only"):
        published += 5  # the film's from now on
    before = film.check_out(tile)
    with pytest.raises(ValueError, match="read-only"):
        before.sums[0] += 5
    publish(film, tile, before.sums + 4, 1)
    assert np.all(before.sums == 3)
    assert np.all(film.read(tile).pixels == 7)


def test_a_rectangle_within_a_tile_is_read(film):
    tile = film.tiles[4]
    sums = np.random.default_rng(2).random((tile.height, tile.width, 3))
    counts = np.arange(1, 1 + tile.width * tile.height).reshape(tile.height, tile.width)
    publish(film, tile, sums, 7, counts=counts)
    strip = replace(tile, x=tile.x + 3, y=tile.y + 2, width=5, height=4)
    expected = (sums / counts[..., None]).astype(np.float32)[2:6, 3:8]
    np.testing.assert_array_equal(film.read(strip).pixels, expected)


def test_counts_of_single_pixels(film):
    tile = film.tiles[0]
    counts = np.arange(1, 1 + tile.width * tile.height).reshape(tile.height, tile.width)
    publish(film, tile, constant(tile, 6), 40, counts=counts)
    assert np.all(film.read(tile).pixels == (6 / counts[..., None]).astype(np.float32))
    assert film.read_spp(tile) == 40
    assert np.all(film.state().spp[: tile.height, : tile.width] == counts)


def test_states_are_read_only_and_go_back_in(film):
    for tile in film.tiles:
        publish(film, tile, constant(tile, tile.index), 2)
    state = film.state()
    with pytest.raises(ValueError, match="read-only"):
        state.sums[0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        state.spp[0, 0] = 1
    other = Film(WIDTH, HEIGHT, 16)
    other.load(state)
    np.testing.assert_array_equal(other.state().sums, state.sums)
    np.testing.assert_array_equal(other.state().spp, state.spp)
    assert all(version == 1 for version in other.versions())
    with pytest.raises(ValueError, match="expected a film of"):
        other.load(Film(5, 5, 16).state())
    larger = Film(WIDTH, HEIGHT, 64)
    larger.load(film.state())
    np.testing.assert_array_equal(larger.state().sums, state.sums)
    np.testing.assert_array_equal(larger.state().pixels(), state.pixels())


def test_a_part_of_a_state_is_the_part_of_its_pictures(film):
    random = np.random.default_rng(1)
    for tile in film.tiles:
        shape = (tile.height, tile.width, 3)
        film.publish(tile, random.random(shape), 5, random.random(shape, np.float32))
    state = film.state()
    for rows, columns in ((slice(3, 29), slice(7, 40)), (slice(0, 1), slice(0, 1))):
        inner = state.part(rows, columns)
        np.testing.assert_array_equal(inner.pixels(), state.pixels()[rows, columns])
        np.testing.assert_array_equal(inner.variance(), state.variance()[rows, columns])
        np.testing.assert_array_equal(inner.spp, state.spp[rows, columns])


def test_a_state_shares_the_tiles_of_its_film(film):
    tile = film.tiles[1]
    sums = constant(tile, 2.0)
    publish(film, tile, sums, 1)
    assert film.state().parts[1].sums is sums


def test_means_are_taken_in_double_precision():
    sums = np.full((1, 1, 3), 1.0) * (2**30 + 1)
    assert mean_radiance(sums, 3)[0, 0, 0] == np.float32((2**30 + 1) / 3)
    assert mean_radiance(sums, 0).dtype == np.float32
    each = mean_radiance(np.ones((2, 2, 3)), np.array([[1, 2], [4, 0]]))
    assert each[..., 0].tolist() == [[1.0, 0.5], [0.25, 1.0]]


def test_no_snapshot_is_torn():
    # Every published state of a tile is one number everywhere, of which the samples are known. A
    # copy that mixes two states would hold two numbers, or another count than its number says.
    film = Film(96, 96, 32)
    stop = threading.Event()
    torn = []
    reads = [0] * 3

    def write(seed):
        value = seed
        while not stop.is_set():
            for tile in film.tiles[seed::2]:
                publish(film, tile, constant(tile, value * value), value)
            value += 2

    def read(reader):
        while reads[reader] < 4000:
            if reader == 0:
                state = film.state()
                for tile in film.tiles:
                    rows = slice(tile.y, tile.y + tile.height)
                    columns = slice(tile.x, tile.x + tile.width)
                    spp = np.unique(state.spp[rows, columns])
                    sums = np.unique(state.sums[rows, columns])
                    swings = np.unique(state.swings[rows, columns])
                    one = len(spp) == len(sums) == len(swings) == 1
                    if not one or spp[0] ** 2 != sums[0] or np.float32(0.5 * sums[0]) != swings[0]:
                        torn.append((tile.index, spp, sums))
                reads[reader] += len(film.tiles)
                continue
            tile = film.tiles[reads[reader] % len(film.tiles)]
            pixels, spp, *_ = film.read(tile)
            if np.unique(pixels).tolist() != [spp]:  # spp^2 / spp
                torn.append((tile.index, spp, np.unique(pixels)))
            reads[reader] += 1

    writers = [threading.Thread(target=write, args=(k,)) for k in range(2)]
    readers = [threading.Thread(target=read, args=(k,)) for k in range(3)]
    for thread in writers + readers:
        thread.start()
    for thread in readers:
        thread.join()
    stop.set()
    for thread in writers:
        thread.join()
    assert sum(reads) >= 10_000
    assert torn == []
    assert min(film.versions()) > 10


def test_a_picture_takes_no_copies_of_its_film(tmp_path):
    side = 512
    film = Film(side, side, 64)
    random = np.random.default_rng(3)
    for tile in film.tiles:
        shape = (tile.height, tile.width, 3)
        film.publish(tile, random.random(shape), 4, random.random(shape, np.float32))

    def peak(work):
        tracemalloc.start()
        work()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most / side**2

    state = film.state()
    pixels, variance = (
        MadeRows(side, side, make) for make in (state.rows_of_pixels, state.rows_of_variance)
    )
    image = Image(pixels, spp=4, variance=variance, samples=state.counts)
    image.to_uint8()  # makes tables, once
    picture = 12  # three float32
    assert peak(film.state) < 1
    assert picture <= peak(state.pixels) < picture + 4
    # Beside what is asked for: strips of 2^16 pixels, which are a quarter of so small a picture.
    assert peak(image.to_uint8) < 3 + 20
    assert peak(lambda: image.noise) < 20
    assert peak(lambda: image.save(tmp_path / "a.png")) < 26
    assert peak(lambda: image.save(tmp_path / "a.npy")) < 10
    held = sum(part.sums.nbytes + part.swings.nbytes for part in state.parts)
    assert held == 36 * side**2


def test_one_sample_is_held_once():
    """Its swing is the sample itself, bit for bit, and is there again with the second one."""
    random = np.random.default_rng(7)
    film = Film(16, 8, 8)
    first = random.random((8, 8, 3), np.float32)
    for tile in film.tiles:
        film.publish(tile, first.astype(np.float64), 1, first.copy())
    state = film.state()
    assert sum(a.nbytes for part in state.parts for a in part if isinstance(a, np.ndarray)) == (
        24 * 16 * 8
    )
    np.testing.assert_array_equal(state.swings[:, :8], first)
    np.testing.assert_array_equal(state.part(slice(2, 5), slice(3, 7)).swings, first[2:5, 3:7])
    assert np.isnan(state.variance()).all()
    other = Film(16, 8, 16)
    other.load(state)
    np.testing.assert_array_equal(other.state().swings, state.swings)
    for unlike in (None, 0.5 * first):  # nothing, or something else, is known of the error
        film.publish(film.tiles[0], first.astype(np.float64), 1, unlike)
        expected = np.full_like(first, np.nan) if unlike is None else unlike
        np.testing.assert_array_equal(film.state().swings[:, :8], expected)


def test_swings_tell_the_error_of_means_of_any_number_of_samples():
    """Even samples less odd ones and the sum of both are as good as the sums of either."""
    random = np.random.default_rng(5)
    film = Film(8, 8, 8)
    tile = film.tiles[0]
    for count in (2, 3, 8, 9):
        samples = random.gamma(1.0, 1.0, (count, 8, 8, 3))
        even, odd = samples[::2], samples[1::2]
        film.publish(tile, samples.sum(0), count, (even.sum(0) - odd.sum(0)).astype(np.float32))
        share = len(even) * len(odd) / count**2
        expected = (even.mean(0) - odd.mean(0)) ** 2 * share
        np.testing.assert_allclose(film.state().variance(), expected, rtol=1e-4, atol=1e-9)
    film.publish(tile, samples.sum(0), 1, samples.sum(0).astype(np.float32))
    assert np.isnan(film.state().variance()).all()
