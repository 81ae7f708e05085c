"""Emissive primitives and environments -> the table of lights, with the chance of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from raywidget.compiler.geometry import Geometry
from raywidget.kernels.layout import (
    CONSTANT,
    ENVIRONMENT_BOTTOM,
    ENVIRONMENT_KIND,
    ENVIRONMENT_SIZE,
    ENVIRONMENT_TOP,
    F32,
    GRADIENT,
    LIGHT_AREA,
    LIGHT_BALL,
    LIGHT_CORNER,
    LIGHT_EDGE_U,
    LIGHT_FLAT,
    LIGHT_KIND,
    LIGHT_PROBABILITY,
    LIGHT_RADIANCE,
    LIGHT_SHEAR,
    LIGHT_SIZE,
    MATERIAL_EMISSION,
    PRIMITIVE_LIGHT,
    PRIMITIVE_MATERIAL,
)
from raywidget.scene.colors import REC709_WEIGHTS
from raywidget.scene.emitters import ConstantEnvironment, Emitter, GradientEnvironment

_STEPS = 2.0**24  # random numbers of kernels are multiples of 1 / this


class LightTables(NamedTuple):
    """See layout."""

    lights: F32
    cdf: F32
    environment: F32


def pack_lights(geometry: Geometry, materials: F32, emitters: Sequence[Emitter]) -> LightTables:
    """Number all lights, and write their numbers into the table of primitives."""
    flats, balls = geometry.flats, geometry.balls
    emission = materials[:, MATERIAL_EMISSION : MATERIAL_EMISSION + 3]
    areas = flats.areas()
    flat_emission = emission[geometry.primitives[flats.primitives, PRIMITIVE_MATERIAL]]
    shining = np.flatnonzero(np.any(flat_emission > 0.0, axis=1) & (areas > 0.0))
    flat_rows = np.zeros((len(shining), LIGHT_SIZE))
    flat_rows[:, LIGHT_KIND] = LIGHT_FLAT
    flat_rows[:, LIGHT_RADIANCE : LIGHT_RADIANCE + 3] = flat_emission[shining]
    flat_rows[:, LIGHT_CORNER : LIGHT_CORNER + 9] = flats.corners[shining].reshape(-1, 9)
    flat_rows[:, LIGHT_SHEAR] = flats.shears[shining]
    flat_rows[:, LIGHT_AREA] = areas[shining]

    ball_emission = emission[geometry.primitives[balls.primitives, PRIMITIVE_MATERIAL]]
    glowing = np.flatnonzero(np.any(ball_emission > 0.0, axis=1))
    ball_rows = np.zeros((len(glowing), LIGHT_SIZE))
    ball_rows[:, LIGHT_KIND] = LIGHT_BALL
    ball_rows[:, LIGHT_RADIANCE : LIGHT_RADIANCE + 3] = ball_emission[glowing]
    ball_rows[:, LIGHT_CORNER : LIGHT_CORNER + 3] = balls.centres_radii[glowing, :3]
    ball_rows[:, LIGHT_EDGE_U] = balls.centres_radii[glowing, 3]
    ball_rows[:, LIGHT_AREA] = 4.0 * np.pi * balls.centres_radii[glowing, 3].astype(float) ** 2

    rows = np.concatenate([flat_rows, ball_rows])
    sources = np.concatenate([flats.primitives[shining], balls.primitives[glowing]])
    geometry.primitives[sources, PRIMITIVE_LIGHT] = np.arange(len(sources))

    # By power, pi A L: a light that gives twice as much is asked twice as often.
    power = rows[:, LIGHT_AREA] * (
        rows[:, LIGHT_RADIANCE : LIGHT_RADIANCE + 3] @ np.array(REC709_WEIGHTS)
    )
    # In steps of the random number that chooses, so that each is drawn exactly as often as its
    # density says. One too weak for a step is left to scattering.
    cdf = np.round(np.cumsum(power) / max(power.sum(), 1e-300) * _STEPS) / _STEPS
    cdf[-1:] = 1.0
    rows[:, LIGHT_PROBABILITY] = np.diff(cdf, prepend=0.0)
    return LightTables(
        np.ascontiguousarray(rows, np.float32),
        cdf.astype(np.float32),
        _pack_environment(emitters),
    )


def _pack_environment(emitters: Sequence[Emitter]) -> F32:
    values = np.zeros(ENVIRONMENT_SIZE, np.float32)
    for emitter in emitters:  # the scene admits one environment
        if isinstance(emitter, ConstantEnvironment):
            kind, top, bottom = CONSTANT, emitter.radiance, emitter.radiance
        elif isinstance(emitter, GradientEnvironment):
            kind, top, bottom = GRADIENT, emitter.top, emitter.bottom
        else:
            raise AssertionError(f"no row for {type(emitter).__name__}")
        values[ENVIRONMENT_KIND] = kind
        values[ENVIRONMENT_TOP : ENVIRONMENT_TOP + 3] = top
        values[ENVIRONMENT_BOTTOM : ENVIRONMENT_BOTTOM + 3] = bottom
    return values
