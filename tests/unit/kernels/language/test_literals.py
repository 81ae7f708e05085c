"""Numbers that are written out in kernels, in every way that brings them there."""

import constants_of_kernels
import numba
import numpy as np
import pytest
from constants_of_kernels import BIG, BOTH, COUNT, HALF, NESTED, ON, PAIR
from numba import types

from raywidget.kernels.language import storage
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.literals import single
from raywidget.kernels.language.on_demand import FULL, on_demand
from raywidget.kernels.language.vec3 import vec3


@pytest.fixture(autouse=True)
def compiled_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(storage.config, "CACHE_DIR", str(tmp_path))


module = constants_of_kernels
free = 0.5
free_pair = (0.5, (0.25, 1))


def closing_over(number, numbers):
    def of_free(x):
        return x * number

    def of_free_tuple(x):
        return x * numbers[0] + numbers[1][0]

    return of_free, of_free_tuple


def constant_tuple(x):
    return 0.5, 0.25


def nested_tuple(x):
    return (0.5, (1, 0.25), (-0.125,))


def of_tuple(x):
    a, (b, c) = 0.5, (2, 0.25)
    return x * a * c if b == 2 else x


def negative(x):
    return x * -0.5


def folded(x):
    return x * (1.0 / 3.0)


def chosen(x):
    return 0.5 if x > 1.5 else 0.25


def of_global(x):
    return x * HALF


def of_global_tuple(x):
    return x * PAIR[1]


def of_nested_global(x):
    return x * NESTED[1][1][1]


def of_named_global(x):
    return x * BOTH.share


def of_default(x, y=0.5, z=(0.25, 1)):
    return x * y + z[0]


def of_module(x):
    return x * module.HALF


def of_tuple_of_module(x):
    return x * module.NESTED[0][0]


def of_module_in_module(x):
    return x * module.inner.pi


def of_module_by_another_name(x):
    other = module
    return x * other.BOTH.share


KERNELS = [
    constant_tuple,
    nested_tuple,
    of_tuple,
    negative,
    folded,
    chosen,
    of_global,
    of_global_tuple,
    of_nested_global,
    of_named_global,
    of_default,
    of_module,
    of_tuple_of_module,
    of_module_in_module,
    of_module_by_another_name,
    *closing_over(free, free_pair),
]


def numbers_in(kind):
    """Types of all floats in a type."""
    if isinstance(kind, types.BaseTuple):
        return [number for part in kind for number in numbers_in(part)]
    return [kind] if isinstance(kind, types.Float) else []


def values_of(result):
    """All numbers in a tuple of tuples."""
    if isinstance(result, tuple):
        return [value for part in result for value in values_of(part)]
    return [result]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_floats_are_single(kernel):
    compiled = entry(kernel)
    x = np.float32(2)
    expected = single(kernel(x))
    assert values_of(compiled(x)) == pytest.approx(values_of(expected), rel=1e-6)
    (signature,) = compiled.nopython_signatures
    found = numbers_in(signature.return_type)
    assert found
    assert set(found) == {types.float32}


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_and_in_functions_that_only_kernels_call(kernel):
    inner = device(kernel)

    def outer(x):
        return inner(x)

    compiled = entry(outer)
    compiled(np.float32(2))
    (signature,) = compiled.nopython_signatures
    assert set(numbers_in(signature.return_type)) == {types.float32}


@on_demand
def _needed(scene: module.Both, x: float) -> tuple[float, float]:
    if x > 1.0:
        return 1.0, 0.0
    return x, module.HALF


def test_and_in_functions_of_full_kernels():
    from typing import NamedTuple

    class Scene(NamedTuple):
        full: int | None

    @entry
    def ask(full, x):
        return _needed(Scene(full), x)

    assert ask(FULL, np.float32(2)) == (1.0, 0.0)
    assert ask(FULL, np.float32(0.25)) == (0.25, 0.5)
    assert ask.nopython_signatures[0].return_type == types.UniTuple(types.float32, 2)


def test_what_numpy_typed_stays():
    double = np.float64(0.5)

    @entry
    def keep(x):
        return x * double

    keep(np.float32(2))
    assert keep.nopython_signatures[0].return_type == types.float64
    assert type(single(double)) is np.float64


def make_note(seen):
    @numba.extending.intrinsic(prefer_literal=True)
    def note(context, x):
        seen.append(x)
        return types.void(
            x
        ), lambda context, builder, signature, arguments: context.get_dummy_value()

    return note


def imported(note):
    return [
        lambda: note(HALF),
        lambda: note(COUNT),
        lambda: note(BIG),
        lambda: note(ON),
        lambda: note(PAIR),
        lambda: note(NESTED),
        lambda: note(BOTH),
    ]


def of_a_module(note):
    return [
        lambda: note(module.HALF),
        lambda: note(module.COUNT),
        lambda: note(module.BIG),
        lambda: note(module.ON),
        lambda: note(module.PAIR),
        lambda: note(module.NESTED),
        lambda: note(module.BOTH),
    ]


def types_seen(kernels):
    """For each kernel, the types that a function it calls was asked for."""
    found = []
    for number in range(len(kernels([]))):
        seen = []
        entry(kernels(make_note(seen))[number])()
        found.append(seen)
    return found


def test_a_constant_of_a_module_is_typed_as_one_that_was_imported():
    expected = types_seen(imported)
    assert types_seen(of_a_module) == expected
    assert types.float32 in expected[0]
    assert types.literal(COUNT) in expected[1]


def test_which_part_of_a_tuple_may_be_a_constant_of_a_module():
    """Its parts are of several types: numba has to know the number."""

    @entry
    def pick(x):
        parts = (1, vec3(x, x, x), x, x * module.HALF)
        return parts[module.COUNT] + parts[1].x

    assert pick(np.float32(2)) == 3.0
    assert pick.nopython_signatures[0].return_type == types.float32


def test_functions_of_modules_are_still_found():
    @entry
    def root(x):
        return np.sqrt(x) + module.inner.cos(module.HALF - 0.5)

    assert root(np.float32(4)) == 3.0
