"""Flights through a volume that are lit on their way, where it is thin.

What is thin stops few rays, and what those bring is noise. There, points of a flight are drawn more
often than light is stopped, and what a point sends is counted by the share of them that stop it,
whether this one does or not: the same in the mean (delta tracking survives to a point as often as
light does; see `flight`), from several times as many points.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from raywidget.kernels.geometry.clipping import is_lamp_cut
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.random import next_state, number_of, three_numbers_of
from raywidget.kernels.language.sampling import power_heuristic
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.layout import BOUNDS_LEAST, BOUNDS_MOST, BOUNDS_SIZE, SceneView
from raywidget.kernels.lights.emitter import sample_light
from raywidget.kernels.surfaces.surface import Shadow, trace_shadow
from raywidget.kernels.volumes.flight import (
    block_ends,
    depth_to_go,
    leap_from,
    look_at,
    look_once,
    next_block,
    point_on,
    share_through,
    start_walk,
)
from raywidget.kernels.volumes.medium import eval_phase

_OFTENER = 4.0  # than light is stopped at most
_POINTS = 2.0  # on a ray that are drawn for this alone, at most, in the mean


class Lit(NamedTuple):
    """What comes from lamps."""

    radiance: Vec3  # scattered, divided by its density
    rays: int
    state: np.uint64


class LitFlight(NamedTuple):
    """Where light is scattered by a volume, and what it scatters on the way there."""

    t: float  # the end of the ray if it is not
    volume: int  # or -1
    place: float  # see `flight.Flown`
    is_lit: bool  # does `radiance` have the light of where it is scattered?
    radiance: Vec3
    rays: int
    state: np.uint64


@on_demand
def _light_in_space(
    scene: SceneView,
    p: Vec3,
    d: Vec3,
    anisotropy: float,
    inside: int,
    numbers: Vec3,
    state: np.uint64,
) -> Lit:
    """Light of lamps that is scattered at a point in space, towards where `d` came from.

    `numbers` are of a point on a light, and of which light.
    """
    nothing = vec3(0.0, 0.0, 0.0)
    light = sample_light(scene, p, nothing, numbers.x, numbers.y, numbers.z)
    if not light.pdf > 0.0:
        return Lit(nothing, 0, state)
    if is_lamp_cut(scene, light.light, p, light.wi, light.reach, light.delta):
        return Lit(nothing, 0, state)
    phase = eval_phase(anisotropy, dot(d, light.wi))
    if not phase > 0.0:
        return Lit(nothing, 0, state)
    shadow = Shadow(vec3(1.0, 1.0, 1.0), 1)
    if not scene.is_void or scene.medium_count > 0:
        shadow = trace_shadow(scene, p, light.wi, light.reach, inside, 0)
    weight = phase / light.pdf
    if not light.delta:
        weight *= power_heuristic(light.pdf, phase)
    arrived = light.radiance * shadow.share
    if scene.volume_count > 0 and _is_any(arrived):
        through = share_through(scene, p, light.wi, light.reach, state, False)
        state = through.state
        weight *= through.share
    return Lit(arrived * weight, shadow.rays, state)


@device
def _is_any(color: Vec3) -> bool:
    return max(color.x, max(color.y, color.z)) > 0.0


@on_demand
def fly_lit(
    scene: SceneView,
    o: Vec3,
    d: Vec3,
    reach: float,
    inside: int,
    number: float,
    state: np.uint64,
) -> LitFlight:
    """As `flight.fly` through the only volume of a scene."""
    volume = 0
    lit = vec3(0.0, 0.0, 0.0)
    rays = 0
    walk = start_walk(scene, volume, o, d, reach)
    if not walk.enter < walk.leave:
        return LitFlight(reach, -1, 0.0, False, lit, rays, state)
    block = walk.first
    t = walk.enter
    enough = _POINTS / (walk.leave - walk.enter)
    depth = -math.log(1.0 - number)
    while True:
        bounds = block.row * BOUNDS_SIZE
        least = scene.volume_bounds[bounds + BOUNDS_LEAST]
        most = scene.volume_bounds[bounds + BOUNDS_MOST]
        if most <= 0.0:
            leap = leap_from(walk, block, least)
            t = leap.t
            block = leap.block
        else:
            is_linear = least < 0.0
            rate = max(most, min(_OFTENER * most, enough))
            stop = block_ends(walk, block)
            through = max(0.0, stop - t) * rate
            if through > depth:
                t += depth / rate
                state = next_state(state)
                chance = number_of(state) * rate
                is_lit = rate > most
                if is_lit or chance < most:
                    state = next_state(state)
                    found = look_once(scene, volume, point_on(walk, t), is_linear, state)
                    if is_lit and found.extinction > 0.0:
                        p = o + d * t
                        look = look_at(scene, volume, found.place, p)
                        state = next_state(state)
                        numbers = three_numbers_of(state)
                        sent = _light_in_space(scene, p, d, look.anisotropy, inside, numbers, state)
                        state = sent.state
                        rays += sent.rays
                        share = found.extinction / rate
                        lit = lit + sent.radiance * look.albedo * share
                    if chance < found.extinction:
                        return LitFlight(t, volume, found.place, is_lit, lit, rays, state)
                state = next_state(state)
                depth = depth_to_go(state)
                continue
            depth -= through
            t = stop
            block = next_block(walk, block)
        if t >= walk.leave or block.row < 0:
            break
    return LitFlight(reach, -1, 0.0, False, lit, rays, state)
