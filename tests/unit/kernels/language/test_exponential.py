"""Exponentials and logarithms, of numbers and of lanes."""

import numpy as np
import pytest

from raywidget.kernels.language.buffers import view
from raywidget.kernels.language.exponential import exp_of, log_of
from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.simd import WIDTH, load_lanes, store_lanes


@entry
def _exps(x, alone, together):
    for i in range(len(x)):
        alone[i] = exp_of(x[i])
    for i in range(0, len(x), WIDTH):
        store_lanes(view(together), i, exp_of(load_lanes(view(x), i)))


@entry
def _logs(x, alone, together):
    for i in range(len(x)):
        alone[i] = log_of(x[i])
    for i in range(0, len(x), WIDTH):
        store_lanes(view(together), i, log_of(load_lanes(view(x), i)))


def _both(entry, x):
    x = x.astype(np.float32)
    alone, together = np.empty_like(x), np.empty_like(x)
    entry(x, alone, together)
    return x.astype(float), alone, together


@pytest.fixture
def many():
    return np.random.default_rng(1).random(1 << 16)


def test_exponentials_are_as_exact_as_promised(many):
    x, alone, together = _both(_exps, 174.0 * many - 86.0)
    assert np.max(np.abs(alone / np.exp(x) - 1.0)) < 2.0**-22
    assert np.max(np.abs(together / np.exp(x) - 1.0)) < 2.0**-22


def test_logarithms_are_as_exact_as_promised(many):
    x, alone, together = _both(_logs, 2.0 ** (252.0 * many - 126.0))
    near = np.abs(np.log(x)) * 2.0**-22 + 1e-12
    assert np.all(np.abs(alone - np.log(x)) < near)
    assert np.all(np.abs(together - np.log(x)) < near)


def test_logarithms_near_one(many):
    x, alone, together = _both(_logs, 1.0 - 2.0**-24 * np.floor(many * 2.0**12))
    near = np.abs(np.log(x)) * 2.0**-22 + 1e-12
    assert np.all(np.abs(alone - np.log(x)) < near)
    assert np.all(np.abs(together - np.log(x)) < near)


def test_ends_are_exact():
    ends = np.array([0.0, -0.0, -1e30, -np.inf] * (WIDTH // 4))
    _, alone, together = _both(_exps, ends)
    assert alone.tolist() == together.tolist() == [1.0, 1.0, 0.0, 0.0] * (WIDTH // 4)
    _, alone, together = _both(_logs, np.ones(WIDTH))
    assert not alone.any()
    assert not together.any()
