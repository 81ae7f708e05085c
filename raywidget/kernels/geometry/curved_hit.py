"""Points on balls and rounds, put onto their surface whatever the rounding of a ray's length."""

from __future__ import annotations

import math

from raywidget.kernels import layout
from raywidget.kernels.geometry.intersect import BALL_BLOCK, ROUND_BASE, ROUND_BLOCK, ROUND_SIDE
from raywidget.kernels.geometry.surface_point import LARGE_OFFSET, RAY_OFFSET, Hit, largest
from raywidget.kernels.geometry.traverse import RayHit
from raywidget.kernels.language.double import ball_power, round_quadratic
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.sampling import turn_towards
from raywidget.kernels.language.scalars import index32
from raywidget.kernels.language.simd import WIDTH, Real, choose, lanes_sqrt
from raywidget.kernels.language.vec3 import Vec3, dot, length, normalize, vec3
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

    away = (o - base) + d * ray.t
    x = dot(away, x_axis)
    y = dot(away, y_axis)
    z = dot(away, axis)
    r = math.sqrt(x * x + y * y)
    cos = 1.0
    sin = 0.0
    if r > 0.0:
        cos = x / r
        sin = y / r
    face = int(ray.u)
    if face == ROUND_SIDE:
        # Onto the side, along its normal
        steepness = 1.0 / (1.0 + slope * slope)
        z = min(height, max(0.0, z + slope * steepness * (r - base_radius - slope * z)))
        r = base_radius + slope * z
        along = math.sqrt(steepness)
        outward = x_axis * (cos * along) + y_axis * (sin * along) - axis * (slope * along)
        v = z / height
    elif face == ROUND_BASE:
        z = 0.0
        outward = -axis
        v = min(1.0, r / base_radius)
    else:
        z = height
        outward = axis
        v = max(0.0, 1.0 - r / max(top_radius, 1e-30))
    ng = outward * (side / length(outward))
    p = base + x_axis * (cos * r) + y_axis * (sin * r) + axis * z
    extent = height + max(base_radius, top_radius)
    reach = largest(base) + height + max(base_radius, top_radius)
    offset = reach * RAY_OFFSET
    if extent > scene.large_radius:
        p = _on_large_round(o + d * ray.t, base, axis, base_radius, slope, height, face, outward)
        offset = largest(p) * RAY_OFFSET + reach * LARGE_OFFSET
    row = primitive * layout.PRIMITIVE_SIZE
    return Hit(
        p,
        ng,
        ng,
        0.5 + turn_towards(sin, cos),
        v,
        ray.t,
        offset,
        scene.primitives[row + layout.PRIMITIVE_MATERIAL],
        scene.primitives[row + layout.PRIMITIVE_LIGHT],
        scene.primitives[row + layout.PRIMITIVE_SHAPE],
        primitive,
        ray.slot,
        ray.instance,
        cos,
        sin,
        index32(-1),
    )


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
