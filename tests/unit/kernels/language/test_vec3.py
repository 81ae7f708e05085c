import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.vec3 import cross, dot, length, normalize, vec3

ULP = 2.0**-23
FINITE = st.floats(-1e6, 1e6, width=32).filter(lambda x: x == 0.0 or abs(x) > 1e-6)
VECTORS = arrays(np.float32, (7, 3), elements=FINITE)
SCALARS = arrays(np.float32, 7, elements=FINITE.filter(lambda x: x != 0.0))


@entry
def _store(out, row, a):
    out[row, 0] = a.x
    out[row, 1] = a.y
    out[row, 2] = a.z


@entry
def _compute(a, b, s, out, scalars):
    for i in range(len(a)):
        u = vec3(a[i, 0], a[i, 1], a[i, 2])
        v = vec3(b[i, 0], b[i, 1], b[i, 2])
        _store(out[0], i, u + v)
        _store(out[1], i, u - v)
        _store(out[2], i, u * v)
        _store(out[3], i, u * s[i])
        _store(out[4], i, s[i] * u)
        _store(out[5], i, u / s[i])
        _store(out[6], i, -u)
        _store(out[7], i, cross(u, v))
        if length(u) > 0.0:
            _store(out[8], i, normalize(u))
        scalars[i, 0] = dot(u, v)
        scalars[i, 1] = length(u)


def compute(a, b, s):
    out = np.zeros((9, len(a), 3), np.float32)
    scalars = np.zeros((len(a), 2), np.float32)
    _compute(a, b, s, out, scalars)
    return out, scalars


@given(VECTORS, VECTORS, SCALARS)
@settings(max_examples=60, deadline=None)
def test_operators_are_those_of_numpy(a, b, s):
    out, scalars = compute(a, b, s)
    np.testing.assert_array_equal(out[0], a + b)
    np.testing.assert_array_equal(out[1], a - b)
    np.testing.assert_array_equal(out[2], a * b)
    np.testing.assert_array_equal(out[3], a * s[:, None])
    np.testing.assert_array_equal(out[4], a * s[:, None])
    np.testing.assert_allclose(out[5], a / s[:, None], rtol=2 * ULP)
    np.testing.assert_array_equal(out[6], -a)

    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    sizes = np.abs(a64)
    rounding = 3 * ULP * (sizes * np.abs(b64)).sum(axis=1) + 1e-35
    assert np.all(np.abs(scalars[:, 0] - (a64 * b64).sum(axis=1)) <= rounding)
    crossed = np.abs(np.cross(a64, b64) - out[7])
    terms = np.abs(np.roll(sizes, -1, 1) * np.roll(np.abs(b64), -2, 1))
    terms += np.abs(np.roll(sizes, -2, 1) * np.roll(np.abs(b64), -1, 1))
    assert np.all(crossed <= 3 * ULP * terms + 1e-35)
    norms = np.linalg.norm(a64, axis=1)
    np.testing.assert_allclose(scalars[:, 1], norms, rtol=3 * ULP)
    some = norms > 0
    np.testing.assert_allclose(out[8][some], a64[some] / norms[some, None], rtol=6 * ULP)


@entry
def _converted(i, x):
    a = vec3(i, x, 0.5) * 2 + vec3(1, 1.0, 1)
    return a.x, a.y, a.z


def test_integers_and_doubles_become_single():
    assert _converted(3, np.float64(0.1)) == (7.0, np.float32(0.1) * 2 + np.float32(1), 2.0)


@entry
def _literal():
    return 0.1


@entry
def _doubled(x):
    return x * 0.1


@pytest.mark.parametrize("x", [np.float32(3.0), np.float32(1e-3)])
def test_float_literals_are_single(x):
    assert _literal() == np.float32(0.1)
    assert _doubled(x) == x * np.float32(0.1)
    signature = _doubled.nopython_signatures[-1]
    assert str(signature.return_type) == "float32"
