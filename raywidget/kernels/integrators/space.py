"""What a step of paths through media knows beside that of `path`, lane by lane; see `space_lanes`.

It is compiled where `PathSettings.space` is given; elsewhere calls return zeros, and what hangs on
them is left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from raywidget.kernels.geometry.surface_point import Hit, spawn_origin
from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_point,
    load_word,
    store_number,
    store_point,
    store_word,
)
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import where_given
from raywidget.kernels.language.random import Sequence, start_stream
from raywidget.kernels.language.vec3 import Vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.surfaces.surface import pass_through

# Beside those of `path_lanes` and `surface_lanes`
FOUND_SPACE = 1 << 17  # a point between surfaces, where light is scattered as the phase function is
FOUND_PASSED = 1 << 18  # what lets the path go straight on: it is not scattered in this step
FOUND_LIT = 1 << 19  # a point whose light of lamps has been added

NO_MATERIAL = -1  # of a point that is on no surface

_LOW_32 = np.uint64(0xFFFFFFFF)
_SHIFT_32 = np.uint64(32)

with_space = where_given("space")
"""Compile a function only where light may be scattered between surfaces."""

_inline_with_space = where_given("space", inlined=True)


@_inline_with_space
def in_space(settings: Any) -> bool:
    """May light be scattered between surfaces?"""
    return True


@_inline_with_space
def passed_before(settings: Any, bundle: Bundle, lane: int) -> int:
    """How many surfaces have let a path pass since it was last scattered."""
    return load_word(bundle, rows.PASSED, lane)


@_inline_with_space
def start_in_space(settings: Any, bundle: Bundle, lane: int, sequence: Sequence) -> None:
    """Begin a path."""
    store_word(bundle, rows.PASSED, lane, 0)
    store_word(bundle, rows.IN_SPACE, lane, 0)
    store_number(bundle, rows.GLOW_PDF, lane, 0.0)
    store_stream(bundle, lane, start_stream(sequence))


@with_space
def go_straight_on(settings: Any, scene: SceneView, bundle: Bundle, lane: int, hit: Hit) -> None:
    """Let a path pass a surface."""
    d = load_point(bundle, rows.DIRECTION, lane)
    bundle.inside[lane] = pass_through(scene, bundle.inside[lane], hit, d)
    go_on(settings, bundle, lane, hit, d, load_word(bundle, rows.PASSED, lane) + 1)


@with_space
def go_on(settings: Any, bundle: Bundle, lane: int, hit: Hit, d: Vec3, passed: int) -> None:
    """Let a path leave a surface along `d` without being scattered."""
    store_point(bundle, rows.ORIGIN, lane, spawn_origin(hit, d))
    store_point(bundle, rows.DIRECTION, lane, d)
    store_word(bundle, rows.PASSED, lane, passed)


@device
def load_stream(bundle: Bundle, lane: int) -> np.uint64:
    """The stream of numbers of what volumes draw."""
    low = np.uint64(load_word(bundle, rows.STREAM, lane)) & _LOW_32
    return low | (np.uint64(load_word(bundle, rows.STREAM + 1, lane)) << _SHIFT_32)


@device
def store_stream(bundle: Bundle, lane: int, stream: np.uint64) -> None:
    """Set it."""
    store_word(bundle, rows.STREAM, lane, stream & _LOW_32)
    store_word(bundle, rows.STREAM + 1, lane, stream >> _SHIFT_32)
