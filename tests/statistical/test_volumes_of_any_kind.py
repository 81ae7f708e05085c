"""Volumes of any kind of number and any shape against a few lines of numpy that track light."""

from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats
from scipy.ndimage import map_coordinates
from significance import LEVEL, corrected

import raywidget as rw

pytestmark = pytest.mark.statistical

RNG = np.random.default_rng(7)
HALF = 1.2  # of the square that is seen
ALBEDO, DEPTH = 0.8, 64
RAYS, BATCHES = 20_000, 4


class Kind(NamedTuple):
    """A volume in the cube from -1 to 1."""

    numbers: np.ndarray  # as they are stored
    density: float  # extinction for each unit of them
    interpolation: str = "linear"
    precision: str = "half"


def sparks(count):
    numbers = np.zeros((64, 64, 64), np.float32)
    numbers[tuple(RNG.integers(0, 64, (3, count)))] = 1.0
    return numbers


def shells():
    x = np.linspace(-1, 1, 48)
    radius = np.sqrt(sum(np.square(k) for k in np.meshgrid(x, x, x)))
    return np.float32((abs(radius - 0.6) < 0.03) | (abs(radius - 0.9) < 0.03))


def with_holes():
    numbers = RNG.random((14, 14, 14)).astype(np.float32)
    numbers[RNG.random(numbers.shape) < 0.1] = np.nan
    numbers[3, 4, 5] = np.inf
    return numbers


def colored():
    numbers = RNG.random((10, 9, 8, 4)).astype(np.float32)
    numbers[..., :3] = ALBEDO
    return numbers


HOLES = with_holes()
WIDE = (10.0 ** RNG.uniform(-3, 3, (16, 16, 16))).astype(np.float32)
CHECKED = (np.indices((32, 32, 32)).sum(0) % 2).astype(np.uint8)
KINDS = {
    "sparks": Kind(sparks(260), 90.0),
    "sparks in bricks": Kind(sparks(260), 90.0, "nearest"),
    "checked bricks": Kind(CHECKED, 10.0, "nearest"),
    "checked": Kind(CHECKED, 10.0),
    "thin shells": Kind(shells(), 30.0),
    "a thousandth to a thousand": Kind(WIDE, 1.0, precision="single"),
    "the same in halves": Kind(WIDE, 1.0),
    "the same in bytes": Kind(WIDE, 1.0, precision="byte"),
    "cells of unequal sides": Kind(RNG.random((40, 6, 17)).astype(np.float32), 3.0),
    "holes": Kind(HOLES, 5.0),
    "holes in bytes": Kind(HOLES, 5.0, precision="byte"),
    "holes in bricks": Kind(HOLES, 5.0, "nearest"),
    "float16": Kind(RNG.random((9, 9, 9)).astype(np.float16), 4.0),
    "big-endian": Kind(RNG.random((9, 9, 9)).astype(">f4"), 4.0),
    "backwards, every second": Kind(RNG.random((9, 18, 9))[::-1, ::2], 4.0),
    "int64": Kind(RNG.integers(0, 5, (9, 9, 9)), 2.0),
    "booleans": Kind(RNG.random((12, 12, 12)) > 0.5, 4.0, "nearest"),
    "colours": Kind(colored(), 4.0),
    "one number": Kind(np.ones((1, 1, 1), np.float32), 1.0),
    "a row of numbers": Kind(RNG.random((1, 1, 50)).astype(np.float32), 2.0),
}


tracked_before = {}  # precision is nothing to numpy


def track(kind):
    """What parallel rays bring of a white sky."""
    key = id(kind.numbers), kind.interpolation
    if key not in tracked_before:
        tracked_before[key] = tracked(kind, np.random.default_rng(1))
    return tracked_before[key]


def tracked(kind, random):
    """The same, of each of `RAYS` rays: tracking by one greatest number."""
    numbers = np.asarray(kind.numbers, float)
    numbers = numbers[..., 3] if numbers.ndim == 4 else numbers
    is_hole = ~np.isfinite(numbers)
    solid = np.where(is_hole, 0.0, numbers)
    shape = np.array(numbers.shape)

    def extinction(p):
        cell = (p + 1) * shape / 2 - 0.5
        if kind.interpolation == "nearest":
            nearest = np.clip(np.floor(cell + 0.5).astype(int), 0, shape - 1)
            return kind.density * solid[tuple(nearest.T)]
        found = map_coordinates(solid, cell.T, order=1, mode="nearest")
        beside = map_coordinates(is_hole.astype(float), cell.T, order=1, mode="nearest")
        return kind.density * np.where(beside > 0.0, 0.0, found)

    most = kind.density * solid.max()
    o = np.column_stack([random.uniform(-HALF, HALF, (RAYS, 2)), np.ones(RAYS)])
    d = np.tile([0.0, 0.0, -1.0], (RAYS, 1))
    brought, weight = np.zeros(RAYS), np.ones(RAYS)
    scattered = np.zeros(RAYS, int)
    going = np.arange(RAYS)
    while len(going):
        o[going] -= np.log(1 - random.random((len(going), 1))) / most * d[going]
        is_out = (abs(o[going]) > 1.0).any(axis=1)
        brought[going[is_out]] = weight[going[is_out]]
        going = going[~is_out]
        stopped = going[random.random(len(going)) * most < extinction(o[going])]
        weight[stopped] *= ALBEDO
        scattered[stopped] += 1
        random_directions = random.standard_normal((len(stopped), 3))
        lengths = np.linalg.norm(random_directions, axis=1, keepdims=True)
        d[stopped] = random_directions / lengths
        going = going[scattered[going] < DEPTH]
    return brought


@pytest.mark.parametrize("name", KINDS)
def test_a_volume_is_what_its_numbers_say(name):
    kind = KINDS[name]
    shape = np.array(kind.numbers.shape[:3])
    is_colored = kind.numbers.ndim == 4
    finite = kind.numbers[np.isfinite(kind.numbers)]
    most = 1.0 if is_colored else float(finite.max())
    transfer = rw.TransferFunction(
        1.0 if is_colored else ALBEDO, density=kind.density * most, limits=(0, most)
    )
    volume = rw.Volume(
        kind.numbers,
        spacing=tuple(2 / shape),
        origin=tuple(1 / shape - 1),
        transfer=transfer,
        interpolation=kind.interpolation,
        precision=kind.precision,
    )
    camera = rw.OrthographicCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), height=2 * HALF)
    scene = rw.Scene([volume], emitters=[rw.ConstantEnvironment(1.0)], camera=camera)
    how = {"integrator": "volpath", "roulette": False, "max_depth": DEPTH + 1, "spp": 16}
    ours = [
        rw.render(scene, width=24, height=24, seed=seed, **how).pixels[..., 0].mean(dtype=float)
        for seed in range(BATCHES)
    ]
    theirs = track(kind)
    error = np.hypot(np.std(ours, ddof=1) / BATCHES**0.5, theirs.std() / RAYS**0.5)
    # Halves and bytes are rounded.
    off = max(0.0, abs(np.mean(ours) - theirs.mean()) - 3e-4) / error
    assert 2 * stats.t.sf(off, 20) > corrected(LEVEL, len(KINDS))
