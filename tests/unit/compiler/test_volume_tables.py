"""The tables of volumes: numbers in memory, bounds of blocks, and what is made only once."""

import tracemalloc

import numpy as np
import pytest

import raywidget as rw
from raywidget.compiler import compile_scene
from raywidget.compiler.geometry.placement import AS_IT_IS
from raywidget.compiler.volumes import storage
from raywidget.compiler.volumes.bounds import (
    Ranges,
    bound_extinction,
    find_ranges,
    measure_emptiness,
)
from raywidget.compiler.volumes.rows import pack_volumes
from raywidget.compiler.volumes.storage import store
from raywidget.kernels import layout
from raywidget.scene.values.grids import Grid

CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))


def numbers_of(stored):
    return stored.array.astype(np.float64) * stored.scale + stored.offset


@pytest.mark.parametrize("precision", ["byte", "half", "single"])
@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", ">u2", "i8", "f2", "f4", "f8"])
def test_numbers_are_kept_to_half_a_step(dtype, precision):
    numbers = np.random.default_rng(1).integers(0, 100, (5, 6, 7)).astype(dtype)
    stored = store(Grid("test", numbers), precision)
    steps = {"byte": 255, "half": 65535, "single": 2**24}[precision]
    np.testing.assert_allclose(numbers_of(stored), numbers, atol=100 / steps * 0.51)


@pytest.mark.parametrize("span", [(1e-300, 3e-300), (-1e308, 1e308), (-3e38, 3e38), (5.0, 5.0)])
@pytest.mark.parametrize("precision", ["byte", "half", "single"])
def test_no_span_is_too_large_or_too_small(precision, span):
    share = np.linspace(0.0, 1.0, 24).reshape(2, 3, 4)
    numbers = span[0] * (1.0 - share) + span[1] * share
    stored = store(Grid("test", numbers), precision)
    size = max(abs(span[0]), abs(span[1]))
    with np.errstate(over="ignore"):
        found = stored.array * (stored.scale / size) + stored.offset / size
    np.testing.assert_allclose(found, numbers / size, atol=2 / 255)


def test_fitting_arrays_are_used_as_they_are():
    for dtype, precision in (
        *(("u1", "half"), ("u2", "half"), ("i2", "half")),
        *(("f4", "single"), ("?", "single")),
    ):
        numbers = np.ones((4, 5, 6), dtype)
        stored = store(Grid("test", numbers), precision)
        assert np.shares_memory(stored.array, numbers)
        turned = store(Grid("test", np.asfortranarray(numbers)), precision)
        assert turned.axes == (2, 1, 0)
        assert turned.array.shape == (6, 5, 4)


def test_many_floats_are_not_kept_twice(monkeypatch, tmp_path):
    monkeypatch.setattr(storage, "LARGE", 100)
    numbers = np.random.default_rng(4).random((4, 5, 6), np.float32)
    numbers[1, 2, 3] = np.nan
    kept = store(Grid("test", numbers), "half")
    assert np.shares_memory(kept.array, numbers)
    assert kept.has_holes
    assert kept.storage == layout.GRID_FLOATS
    assert store(Grid("test", numbers), "byte").array.dtype == np.uint8
    assert store(Grid("test", numbers[:3]), "half").array.dtype == np.uint16
    np.save(tmp_path / "numbers.npy", numbers)
    mapped = np.load(tmp_path / "numbers.npy", mmap_mode="r")
    assert store(Grid("test", mapped), "half").array.dtype == np.uint16


def test_holes_are_told_from_all_numbers():
    numbers = np.linspace(0, 1, 60).reshape(3, 4, 5)
    numbers[1, 2, 3] = np.nan
    numbers[0, 0, 0] = -np.inf
    for precision, hole in (("byte", 255), ("half", 65535)):
        stored = store(Grid("test", numbers), precision)
        assert stored.has_holes
        np.testing.assert_array_equal(stored.array == hole, ~np.isfinite(numbers))
        found = numbers_of(stored)[np.isfinite(numbers)]
        np.testing.assert_allclose(found, numbers[np.isfinite(numbers)], atol=0.51 / (hole - 1))


@pytest.mark.parametrize("precision", ["byte", "half"])
def test_memory_is_that_of_the_numbers_and_little_more(precision):
    numbers = np.zeros((256, 256, 256), np.float32)
    numbers[::7] = 3.0
    size = numbers.size * {"byte": 1, "half": 2}[precision]
    tracemalloc.start()
    tables = pack_volumes([rw.Volume(numbers, precision=precision)], AS_IT_IS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(tables.values) == 1
    # Numbers as they are converted, a million at a time, do not grow with the array.
    assert peak < 1.1 * size + 24e6


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 5, 6), (9, 17, 30), (3, 70, 2)])
@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("between", [True, False])
def test_ranges_hold_all_that_is_between_the_numbers(shape, holes, between):
    rng = np.random.default_rng(5)
    numbers = rng.random(shape)
    if holes:
        numbers[tuple(s // 2 for s in shape)] = np.nan
        if numbers.size == 1:
            return
    stored = store(Grid("test", numbers), "half")
    ranges = find_ranges(stored, between)
    size = ranges.size
    raw = stored.array.astype(np.float64)
    hole = ~np.isfinite(numbers)
    for block in np.ndindex(ranges.low.shape):
        around = tuple(slice(max(0, b * size - between), b * size + size + between) for b in block)
        part, gone = raw[around], hole[around]
        solid = part[~gone]
        expected = (
            -np.inf if gone.any() else solid.min(),
            solid.max() if len(solid) else -np.inf,
        )
        assert (ranges.low[block], ranges.high[block]) == expected


def test_bounds_are_those_of_the_table_between_two_numbers():
    rng = np.random.default_rng(6)
    stored = store(Grid("test", rng.random((40, 9, 13))), "half")
    ranges = find_ranges(stored, True)
    extinction = rng.random(256).astype(np.float32)
    bounds = bound_extinction(ranges, extinction, 300 / 65535, -20.0, True)
    for (low, high), (least, most) in zip(
        zip(ranges.low.ravel(), ranges.high.ravel(), strict=True), bounds, strict=True
    ):
        places = np.clip(np.linspace(low, high, 2001) * (300 / 65535) - 20.0, 0, 255)
        values = np.interp(places, np.arange(256), extinction)
        assert abs(least) <= values.min() + 1e-29
        assert values.max() <= most
        rows = extinction[int(max(places[0] - 1, 0)) : int(np.ceil(places[-1])) + 2]
        assert most <= rows.max()


def test_blocks_in_which_extinction_is_linear_are_told():
    # A ramp with a knee at row 100, flat from 200 on; numbers are rows, one for each block.
    extinction = np.interp(np.arange(256), [0, 100, 200], [0, 10, 90]).astype(np.float32)
    spans = [(-9, -2), (-2, 0), (0, 0), (0, 100), (3, 7.5), (99, 101), (100, 200), (150, 150.2),
             (180, 220), (200, 255), (230, 900), (-np.inf, 50)]  # fmt: skip
    low, high = np.array(spans, np.float32).T.reshape(2, -1, 1, 1)
    bounds = bound_extinction(Ranges(low, high, 4), extinction, 1.0, 0.0, True)
    expected = [True] * 5 + [False] + [True] * 2 + [False] + [True] * 2 + [False]
    assert (bounds[:, 0] < 0).tolist() == expected
    # Where nothing lies between the numbers, all but holes.
    bounds = bound_extinction(Ranges(low, high, 4), extinction, 1.0, 0.0, False)
    assert (bounds[:, 0] < 0).tolist() == [True] * 11 + [False]
    # What is 0 up to its last row is empty, whatever comes behind it.
    assert (bounds[:, 1] == 0).tolist() == [True] * 3 + [False] * 9


def test_a_ball_in_an_empty_box_leaves_most_blocks_empty():
    x, y, z = np.mgrid[-1:1:32j, -1:1:32j, -1:1:32j]
    ball = np.maximum(0.0, 0.2 - x * x - y * y - z * z)
    tables = pack_volumes([rw.Volume(ball)], AS_IT_IS)
    empty = tables.bounds[:, 1] == 0.0
    assert empty.mean() > 0.7
    assert (tables.bounds[empty, 0] <= -1.0).all()


def test_an_edit_of_the_transfer_function_converts_nothing_again():
    scene = rw.Scene([rw.Volume(np.random.default_rng(2).random((8, 8, 8)))], camera=CAMERA)
    edited = scene.replace(
        shapes=[scene.shapes[0].replace(transfer=rw.TransferFunction("inferno", density=7))]
    )
    first, second = compile_scene(scene), compile_scene(edited)
    assert first.volume_codes[0, 0] == second.volume_codes[0, 0]
    assert first.volume_looks[-1, 0] != second.volume_looks[-1, 0]
    assert second.volume_looks[-1, 0] == 7.0


def test_tables_keep_the_grid_alive():
    tables = compile_scene(rw.Scene([rw.Volume(np.ones((8, 8, 8)) * 2.5)], camera=CAMERA))
    kept = tables.volume_codes.base.grids[0]
    assert kept.ctypes.data == tables.volume_codes[0, 0]


@pytest.mark.parametrize("share", [0.0, 0.002, 0.05, 1.0])
def test_leaps_end_before_what_is_not_empty(share):
    rng = np.random.default_rng(7)
    most = (rng.random((23, 40, 9)) < share).astype(np.float32)
    bounds = np.stack([0.25 * most, most], axis=-1)
    measure_emptiness(bounds)
    full = np.argwhere(most > 0)
    for block in np.ndindex(most.shape):
        if most[block] > 0:
            assert bounds[block][0] == 0.25
        else:
            nearest = np.abs(full - block).max(axis=1).min() if len(full) else 16
            assert bounds[block][0] == -min(nearest, 16)
