"""Tuples that kernels hand on as one pointer."""

from typing import Any, NamedTuple

import numpy as np

from raywidget.kernels.language.buffers import view
from raywidget.kernels.language.jit import device, entry, rare
from raywidget.kernels.language.pinned import PinnedType, pinned


class Parts(NamedTuple):
    numbers: Any
    nothing: None
    count: int
    flag: bool
    factor: float


@device
def _fields(numbers, flag, factor):
    return Parts(view(numbers), None, len(numbers), flag, factor)


@rare
@device
def _apart(parts, i):
    """Not inlined: it reads what it gets a pointer to."""
    return parts.numbers[i] * parts.factor if parts.flag else -parts.numbers[i]


@device
def _add_up(parts):
    total = 0.0
    for i in range(parts.count):
        total += _apart(parts, i)
        # Does a field stay what it is, whatever is written?
        parts.numbers[i] = 0.0
    if parts.nothing is None:
        total += 0.5
    return total


@entry
def _by_pointer(numbers, flag, factor):
    return _add_up(pinned(_fields(numbers, flag, factor)))


@entry
def _by_value(numbers, flag, factor):
    return _add_up(_fields(numbers, flag, factor))


def test_fields_are_those_of_the_tuple():
    for flag in (True, False):
        numbers = np.arange(10, dtype=np.float32)
        expected = 45 * 3 + 0.5 if flag else -45 + 0.5
        for add_up in (_by_pointer, _by_value):
            assert add_up(numbers.copy(), flag, np.float32(3)) == expected


def test_types_are_named_by_all_their_fields():
    """Functions of compiled code are told apart by the names of what they take."""
    one, other = (PinnedType(("a", "b"), ("int", kind), "Parts") for kind in ("int", "none"))
    assert one != other
    assert one.name != other.name
    assert one == PinnedType(("a", "b"), ("int", "int"), "Parts")
