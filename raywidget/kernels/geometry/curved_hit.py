"""Points on balls and rounds, put onto their surface whatever the rounding of a ray's length."""

from __future__ import annotations

import math
from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.intersect import BALL_BLOCK, ROUND_BASE, ROUND_BLOCK, ROUND_SIDE
from raywidget.kernels.geometry.surface_point import LARGE_OFFSET, RAY_OFFSET, Hit, largest
from raywidget.kernels.geometry.traverse import RayHit
from raywidget.kernels.language.double import ball_power, round_quadratic
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.sampling import turn_towards
from raywidget.kernels.language.scalars import index32
from raywidget.kernels.language.simd import (
    WIDTH,
    Real,
    choose,
    lanes_max,
    lanes_min,
    lanes_sqrt,
)
from raywidget.kernels.language.vec3 import Vec3, dot, normalize, vec3
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import SceneView

_HUGE = 4.0  # times as large as the coordinates of a point on it


@device
def ball_hit(scene: SceneView, o: Vec3, d: Vec3, ray: RayHit) -> Hit:
    """On a sphere."""
    slot = ray.slot - layout.BALL_SLOT
    block = slot // WIDTH
    row = block * BALL_BLOCK + (slot - block * WIDTH)
    balls = scene.balls
    centre = vec3(balls[row], balls[row + WIDTH], balls[row + 2 * WIDTH])
    radius = balls[row + 3 * WIDTH]
    primitive = scene.ball_references[row + layout.BALL_PRIMITIVE_ROW * WIDTH]

    outward = ball_outward(o, d, ray.t, centre)
    p = centre + outward * abs(radius)
    offset = (largest(centre) + abs(radius)) * RAY_OFFSET
    if abs(radius) > scene.large_radius:
        p = _on_large_ball(o, d, ray.t, centre, radius, outward)
        offset = largest(p) * RAY_OFFSET + (largest(centre) + abs(radius)) * LARGE_OFFSET
    ng = outward if radius > 0.0 else -outward
    u, v = ball_coordinates(outward)
    row = primitive * layout.PRIMITIVE_SIZE
    return Hit(
        p,
        ng,
        ng,
        u,
        v,
        ray.t,
        offset,
        scene.primitives[row + layout.PRIMITIVE_MATERIAL],
        scene.primitives[row + layout.PRIMITIVE_LIGHT],
        scene.primitives[row + layout.PRIMITIVE_SHAPE],
        primitive,
        ray.slot,
        ray.instance,
        0.0,
        0.0,
        index32(-1),
    )


@device
def ball_outward(o: Vec3, d: Vec3, t: Real, centre: Vec3) -> Vec3:
    """The outward normal where a ray has met a sphere; of lanes, lanes.

    Along it the distance to the centre is the radius to the last bit, whatever the rounding of t.
    """
    away = (o - centre) + d * t  # in this order: small balls may be far from the world's origin
    # Of a ball that is no more than a point, towards where the ray comes from
    away = away - d * choose(dot(away, away) == 0.0, 1.0, 0.0)
    return normalize(away)


@device
def ball_coordinates(outward: Vec3) -> tuple[Real, Real]:
    """Texture coordinates: u once round the y axis, v from the bottom to the top."""
    across = lanes_sqrt(outward.x * outward.x + outward.z * outward.z)
    return (
        0.5 + turn_towards(outward.z, outward.x),
        2.0 * turn_towards(across, 0.0 - outward.y),
    )


@rare
@device
def _on_large_ball(o: Vec3, d: Vec3, t: float, centre: Vec3, radius: float, outward: Vec3) -> Vec3:
    """Where an ulp of the radius is too much: the point is put there in double precision."""
    p = centre + outward * abs(radius)
    if abs(radius) > _HUGE * (largest(o) + t * largest(d)):
        p = o + d * t
    power = ball_power(p.x, p.y, p.z, centre.x, centre.y, centre.z, radius)
    return p - outward * (power / (abs(radius) + math.sqrt(max(0.0, power + radius * radius))))


@rare
@device
def round_hit(scene: SceneView, o: Vec3, d: Vec3, ray: RayHit) -> Hit:
    """On a truncated cone: u once round, v from the middle of the base to its rim, from there along
    the side to the top, and from the rim of the top to its middle, 0 to 1 each.
    """
    slot = ray.slot - layout.ROUND_SLOT
    block = slot // WIDTH
    row = block * ROUND_BLOCK + (slot - block * WIDTH)
    rounds = scene.rounds
    base = vec3(rounds[row], rounds[row + WIDTH], rounds[row + 2 * WIDTH])
    at = row + 3 * WIDTH
    x_axis = vec3(rounds[at], rounds[at + WIDTH], rounds[at + 2 * WIDTH])
    at += 3 * WIDTH
    y_axis = vec3(rounds[at], rounds[at + WIDTH], rounds[at + 2 * WIDTH])
    at += 3 * WIDTH
    axis = vec3(rounds[at], rounds[at + WIDTH], rounds[at + 2 * WIDTH])
    at = row + layout.ROUND_HEIGHT_ROW * WIDTH
    height = rounds[at]
    base_radius = rounds[at + WIDTH]
    top_radius = rounds[at + 2 * WIDTH]
    slope = rounds[at + 3 * WIDTH]
    side = rounds[row + layout.ROUND_SIDE_ROW * WIDTH]
    primitive = scene.round_references[row + layout.ROUND_PRIMITIVE_ROW * WIDTH]

    met = round_surface(
        o, d, ray.t, base, x_axis, y_axis, axis, height, base_radius, top_radius, slope, ray.u
    )
    p = met.p
    ng = met.outward * side
    extent = height + max(base_radius, top_radius)
    reach = largest(base) + height + max(base_radius, top_radius)
    offset = reach * RAY_OFFSET
    if extent > scene.large_radius:
        start = o + d * ray.t
        face = int(ray.u)
        p = _on_large_round(start, base, axis, base_radius, slope, height, face, met.outward)
        offset = largest(p) * RAY_OFFSET + reach * LARGE_OFFSET
    row = primitive * layout.PRIMITIVE_SIZE
    return Hit(
        p,
        ng,
        ng,
        0.5 + turn_towards(met.sin, met.cos),
        met.v,
        ray.t,
        offset,
        scene.primitives[row + layout.PRIMITIVE_MATERIAL],
        scene.primitives[row + layout.PRIMITIVE_LIGHT],
        scene.primitives[row + layout.PRIMITIVE_SHAPE],
        primitive,
        ray.slot,
        ray.instance,
        met.cos,
        met.sin,
        index32(-1),
    )


class RoundSurface(NamedTuple):
    """A point of a truncated cone."""

    p: Vec3
    outward: Vec3  # unit
    cos: Real  # of the angle round the axis
    sin: Real
    v: Real  # texture coordinate, see `round_hit`


@device
def round_surface(
    o: Vec3,
    d: Vec3,
    t: Real,
    base: Vec3,
    x_axis: Vec3,
    y_axis: Vec3,
    axis: Vec3,
    height: Real,
    base_radius: Real,
    top_radius: Real,
    slope: Real,
    face: Real,
) -> RoundSurface:
    """Where a ray has met a face of a truncated cone; of lanes, lanes."""
    away = (o - base) + d * t
    x = dot(away, x_axis)
    y = dot(away, y_axis)
    z = dot(away, axis)
    r = lanes_sqrt(x * x + y * y)
    is_beside = r > 0.0
    cos = choose(is_beside, x / r, 1.0)
    sin = choose(is_beside, y / r, 0.0)
    on_side = face == ROUND_SIDE
    on_base = face == ROUND_BASE
    # Onto the side, along its normal
    steepness = 1.0 / (1.0 + slope * slope)
    side_z = lanes_max(z + slope * steepness * (r - base_radius - slope * z), 0.0)
    side_z = lanes_min(side_z, height)
    along = lanes_sqrt(steepness)
    beside = x_axis * (cos * along) + y_axis * (sin * along) - axis * (slope * along)
    outward = choose_vec3(on_side, beside, axis * choose(on_base, -1.0, 1.0))
    top_v = lanes_max(1.0 - r / lanes_max(top_radius, 1e-30), 0.0)
    cap_v = choose(on_base, lanes_min(r / base_radius, 1.0), top_v)
    v = choose(on_side, side_z / height, cap_v)
    z = choose(on_side, side_z, choose(on_base, 0.0, height))
    r = choose(on_side, base_radius + slope * side_z, r)
    p = base + x_axis * (cos * r) + y_axis * (sin * r) + axis * z
    return RoundSurface(p, normalize(outward), cos, sin, v)


@rare
@device
def _on_large_round(
    p: Vec3,
    base: Vec3,
    axis: Vec3,
    base_radius: float,
    slope: float,
    height: float,
    face: int,
    outward: Vec3,
) -> Vec3:
    """A point that is close to a face, put onto it in double precision."""
    equation = round_quadratic(
        p.x,
        p.y,
        p.z,
        base.x,
        base.y,
        base.z,
        axis.x,
        axis.y,
        axis.z,
        base_radius,
        slope,
        height,
        0.0,
        0.0,
        0.0,
    )
    away = equation[6]  # above the top
    if face == ROUND_BASE:
        away = equation[5]
    elif face == ROUND_SIDE:
        radius = base_radius - slope * equation[5]
        power = equation[2]
        away = power / (radius + math.sqrt(max(0.0, power + radius * radius)))
        away *= 1.0 / math.sqrt(1.0 + slope * slope)
    return p - outward * away
