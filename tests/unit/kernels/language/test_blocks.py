"""Arguments of entries in one block: how they are laid out, and how compiled code reads them."""

import struct
from typing import NamedTuple

import numpy as np
import pytest

from raywidget.errors import RenderError
from raywidget.kernels.language import blocks, compilers, compiling, jit
from raywidget.kernels.language.blocks import FAILED, BlockEntry, Layout, address_of_data


class Tables(NamedTuple):
    rows: np.ndarray
    full: int | None


class Nested(NamedTuple):
    tables: Tables
    many: tuple[np.ndarray, np.ndarray]
    scale: np.float32
    deep: bool


# -- layouts --------------------------------------------------------------------------------------


def test_an_array_is_its_address_and_its_shape_and_none_is_nothing():
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    packed = Layout("entry", "piiif", ["f4 2"]).pack((Tables(rows, None), 7, np.float32(0.5)))
    assert struct.unpack("<Qqqqf4x", packed.block) == (rows.ctypes.data, 2, 3, 7, 0.5)
    assert packed[1:] == (5, 1)


def test_slots_hold_numbers_as_their_kinds_say():
    layout = Layout("entry", "iiiifd", [])
    block = layout.pack((-1, np.uint64(2**63 + 5), True, np.int32(-7), 0.1, 0.1)).block
    assert struct.unpack("<qQqqf4xd", block) == (-1, 2**63 + 5, 1, -7, np.float32(0.1), 0.1)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3),
        np.zeros((3, 1), np.float32),
        np.zeros(3, np.int32),
        np.zeros(3, ">f4"),
        np.zeros((3, 3), np.float32)[:, 0],
    ],
)
def test_arrays_of_another_type_are_refused(array):
    layout = Layout("entry", "pi", ["f4 1"])
    assert len(layout.pack((np.zeros(3, np.float32),)).block) == 2 * 8
    with pytest.raises(RenderError, match=r"f4 1|contiguous"):
        layout.pack((array,))


def test_too_many_arguments_are_refused():
    with pytest.raises(RenderError, match="takes 1 slots"):
        Layout("entry", "i", []).pack((1, 2))
    with pytest.raises(RenderError, match="no more arrays"):
        Layout("entry", "i", []).pack((np.zeros(1),))


def test_too_few_arguments_are_refused():
    entry = BlockEntry(lambda block: 0, Layout("entry", "ii", []), "None")
    with pytest.raises(RenderError, match="takes 2 slots, got 1"):
        entry(1)


def test_addresses_are_those_that_numpy_gives():
    base = np.zeros((4, 5, 3), np.float32)
    assert blocks._is_quick_right()
    for array in (base, base[2], base[1:, 2:, 1], np.zeros(0), np.frombuffer(b"abc", np.uint8)):
        assert address_of_data(array) == array.__array_interface__["data"][0]


def test_a_failure_is_told_with_its_status():
    for status in (-1, 3):
        entry = BlockEntry(lambda block, s=status: s + FAILED, Layout("kernel", "", []), "int")
        with pytest.raises(RenderError, match=f"kernel failed with status {status}"):
            entry()


# -- what compiled code makes of them --------------------------------------------------------------


@jit.entry
def weigh(
    nested: Nested, first: int, small: np.uint8, factor: float, flag: bool, out: np.ndarray
) -> int:
    total = 0.0
    for i in range(nested.tables.rows.shape[0]):
        for j in range(nested.tables.rows.shape[1]):
            total += nested.tables.rows[i, j]
    total += nested.many[0][first] * nested.many[1].size
    out[0] = total * nested.scale * factor + small
    out[1] = nested.many[1].strides[0]
    return -5 if flag and nested.deep else len(out)


@pytest.fixture
def arguments():
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    many = (np.array([1.0, 2.0]), np.zeros((4, 2), np.int32))
    nested = Nested(Tables(rows, None), many, np.float32(0.5), True)
    return nested, 1, np.uint8(200), 2.0, True, np.zeros(3)


def test_a_block_gives_an_entry_what_a_call_gives_it(arguments):
    out = arguments[-1]
    expected = weigh(*arguments), out.copy()
    version = compiling._read_by_blocks(weigh, arguments)
    for run in (version, version.bind(*arguments[:2])):
        out[:] = 0
        assert run(*arguments[2:] if run is not version else arguments) == expected[0] == -5
        np.testing.assert_array_equal(out, expected[1])
    assert out.tolist() == [(15 + 2 * 8) * 0.5 * 2 + 200, 8, 0]


def test_a_bound_entry_is_read_by_blocks_from_its_second_call_on(arguments):
    bound = jit.bind(weigh, *arguments[:2])
    read_only = arguments[-1]
    assert bound(*arguments[2:]) == -5
    assert bound(arguments[2], 2.0, False, read_only) == 3
    with pytest.raises(RenderError, match="f8 1"):  # numba would compile another version
        bound(arguments[2], 2.0, False, np.zeros((2, 2)))
    assert len(weigh.signatures) == 1


def test_with_numbas_own_passes_numba_calls(arguments, monkeypatch):
    weigh(*arguments)
    monkeypatch.setattr(compilers, "_given_up", ["asked for"])
    assert compiling._read_by_blocks(weigh, arguments) is None
    bound = jit.bind(weigh, *arguments[:2])
    assert bound(*arguments[2:]) == bound(*arguments[2:]) == -5


def test_what_does_not_fit_into_a_block_is_called_by_numba():
    @jit.entry
    def halve(x):
        return x / 2.0

    assert compiling._read_by_blocks(halve, (3.0,)) is None
    assert jit.bind(halve)(3.0) == 1.5
