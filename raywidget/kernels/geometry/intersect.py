"""One ray against a block of primitives, all lanes at once."""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.language.double import ball_quadratic, round_quadratic
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.simd import (
    WIDTH,
    Lanes,
    Real,
    choose,
    copy_sign,
    flip_sign,
    lane_mask,
    lanes_abs,
    lanes_max,
    lanes_min,
    lanes_sqrt,
    load_lanes,
)
from raywidget.kernels.language.vec3 import Vec3, vec3

FLAT_BLOCK = layout.FLAT_ROWS * WIDTH
BALL_BLOCK = layout.BALL_ROWS * WIDTH
ROUND_BLOCK = layout.ROUND_ROWS * WIDTH

# Which face of a round a ray ends on
ROUND_SIDE = 0
ROUND_BASE = 1
ROUND_TOP = 2

_INFINITY = float("inf")


@device
def intersect_flats(
    flats: Any, block: int, o: Vec3, d: Vec3, t_max: float
) -> tuple[Lanes, Lanes, Lanes, Lanes, Lanes]:
    """Triangles and parallelograms: (hit, t, u, v, size) with 0 < t / size < `t_max`.

    Möller and Trumbore 1997, with the edges' cross product computed anew (as Embree does). t, u and
    v are to be divided by `size`: most blocks are missed, and whether one is hit is known before
    the division (1.04 times the samples per second in a Cornell box).
    """
    row = block * FLAT_BLOCK
    corner_x = load_lanes(flats, row) - o.x
    corner_y = load_lanes(flats, row + WIDTH) - o.y
    corner_z = load_lanes(flats, row + 2 * WIDTH) - o.z
    ux = load_lanes(flats, row + 3 * WIDTH)
    uy = load_lanes(flats, row + 4 * WIDTH)
    uz = load_lanes(flats, row + 5 * WIDTH)
    vx = load_lanes(flats, row + 6 * WIDTH)
    vy = load_lanes(flats, row + 7 * WIDTH)
    vz = load_lanes(flats, row + 8 * WIDTH)
    shear = load_lanes(flats, row + layout.FLAT_SHEAR_ROW * WIDTH)

    normal_x = uy * vz - uz * vy
    normal_y = uz * vx - ux * vz
    normal_z = ux * vy - uy * vx
    side_x = corner_y * d.z - corner_z * d.y
    side_y = corner_z * d.x - corner_x * d.z
    side_z = corner_x * d.y - corner_y * d.x

    # Whether it is hit is decided before the division: most blocks are missed.
    facing = normal_x * d.x + normal_y * d.y + normal_z * d.z
    size = lanes_abs(facing)
    u = flip_sign(side_x * vx + side_y * vy + side_z * vz, facing)
    v = flip_sign(side_y * uy + side_x * ux + side_z * uz, 0.0 - facing)
    t = flip_sign(normal_x * corner_x + normal_y * corner_y + normal_z * corner_z, facing)

    # Degenerate and unused lanes have t = 0; every comparison with NaN is false.
    inside = (lanes_min(u, v) >= 0.0) & (lanes_max(lanes_max(u, v), shear * (u + v)) <= size)
    hits = inside & (t > 0.0) & (t < size * t_max)
    return hits, t, u, v, size


@device
def intersect_balls(
    balls: Any, block: int, o: Vec3, d: Vec3, t_max: float, large: float
) -> tuple[Lanes, Lanes]:
    """Spheres: (hit, t) with 0 < t < `t_max`.

    The discriminant is taken from the distance between centre and ray, and the nearer root by
    division, which keeps small spheres far away and huge spheres close by exact (Haines, Günther
    and Akenine-Möller, Ray Tracing Gems 2019, chapter 7). Blocks with a sphere of a radius above
    `large` are tested in double precision.
    """
    row = block * BALL_BLOCK
    radius = load_lanes(balls, row + 3 * WIDTH)
    if lane_mask(lanes_abs(radius) > large) != 0:
        return _intersect_large_balls(balls, row, o, d, t_max)
    fx = o.x - load_lanes(balls, row)
    fy = o.y - load_lanes(balls, row + WIDTH)
    fz = o.z - load_lanes(balls, row + 2 * WIDTH)

    a = d.x * d.x + d.y * d.y + d.z * d.z
    b = 0.0 - (fx * d.x + fy * d.y + fz * d.z)
    nearest = b * (1.0 / a)
    lx = fx + nearest * d.x
    ly = fy + nearest * d.y
    lz = fz + nearest * d.z
    discriminant = radius * radius - (lx * lx + ly * ly + lz * lz)
    hit = discriminant > 0.0  # strictly: unused lanes have radius 0

    q = b + copy_sign(lanes_sqrt(a * discriminant), b)
    t0 = (fx * fx + fy * fy + fz * fz - radius * radius) / q
    t1 = q * (1.0 / a)
    near = lanes_min(t0, t1)
    t = choose(near > 0.0, near, lanes_max(t0, t1))
    return hit & (t > 0.0) & (t < t_max), t


@rare
@device
def _intersect_large_balls(
    balls: Any, row: int, o: Vec3, d: Vec3, t_max: float
) -> tuple[Lanes, Lanes]:
    """As `intersect_balls`, with an equation that is set up in double precision (see `double`).

    Twice as slow, and right where a ball lies on a floor that is a sphere of radius 1e6.
    """
    radius = load_lanes(balls, row + 3 * WIDTH)
    b, c, discriminant = ball_quadratic(
        o.x,
        o.y,
        o.z,
        load_lanes(balls, row),
        load_lanes(balls, row + WIDTH),
        load_lanes(balls, row + 2 * WIDTH),
        radius,
        d.x,
        d.y,
        d.z,
    )
    hit = (discriminant > 0.0) & (lanes_abs(radius) > 0.0)  # unused lanes have radius 0
    q = b + copy_sign(lanes_sqrt(discriminant), b)
    t0 = c / q
    t1 = q * (1.0 / (d.x * d.x + d.y * d.y + d.z * d.z))
    near = lanes_min(t0, t1)
    t = choose(near > 0.0, near, lanes_max(t0, t1))
    return hit & (t > 0.0) & (t < t_max), t


class Round(NamedTuple):
    """Truncated cones: those of a block, or one."""

    base: Any  # three numbers each, or three lanes
    x_axis: Any
    y_axis: Any
    axis: Any
    height: Real
    base_radius: Real
    top_radius: Real
    slope: Real
    has_base: Real
    has_top: Real


@device
def _load_rounds(rounds: Any, block: int) -> Round:
    row = block * ROUND_BLOCK
    return Round(
        _three_rows(rounds, row),
        _three_rows(rounds, row + 3 * WIDTH),
        _three_rows(rounds, row + 6 * WIDTH),
        _three_rows(rounds, row + 9 * WIDTH),
        load_lanes(rounds, row + layout.ROUND_HEIGHT_ROW * WIDTH),
        load_lanes(rounds, row + 13 * WIDTH),
        load_lanes(rounds, row + 14 * WIDTH),
        load_lanes(rounds, row + 15 * WIDTH),
        load_lanes(rounds, row + layout.ROUND_BASE_ROW * WIDTH),
        load_lanes(rounds, row + 17 * WIDTH),
    )


@device
def _three_rows(rounds: Any, row: int) -> Vec3:
    return vec3(
        load_lanes(rounds, row),
        load_lanes(rounds, row + WIDTH),
        load_lanes(rounds, row + 2 * WIDTH),
    )


@device
def load_round(rounds: Any, number: int) -> Round:
    """One round of the blocks."""
    block = number // WIDTH
    at = block * ROUND_BLOCK + (number - block * WIDTH)
    return Round(
        _three(rounds, at),
        _three(rounds, at + 3 * WIDTH),
        _three(rounds, at + 6 * WIDTH),
        _three(rounds, at + 9 * WIDTH),
        rounds[at + layout.ROUND_HEIGHT_ROW * WIDTH],
        rounds[at + 13 * WIDTH],
        rounds[at + 14 * WIDTH],
        rounds[at + 15 * WIDTH],
        rounds[at + layout.ROUND_BASE_ROW * WIDTH],
        rounds[at + 17 * WIDTH],
    )


@device
def _three(rounds: Any, at: int) -> Vec3:
    return vec3(rounds[at], rounds[at + WIDTH], rounds[at + 2 * WIDTH])


@rare
@device
def intersect_rounds(
    rounds: Any, block: int, o: Vec3, d: Vec3, t_max: float, large: float
) -> tuple[Lanes, Lanes, Lanes]:
    """A block of truncated cones: see `intersect_round`.

    Blocks with one that is larger than `large` are tested in double precision.
    """
    part = _load_rounds(rounds, block)
    extent = lanes_max(part.base_radius, part.top_radius)
    if lane_mask(part.height + extent > large) != 0:
        return intersect_large_round(part, o, d, t_max)
    return intersect_round(part, o, d, t_max)


@device
def intersect_round(part: Round, o: Vec3, d: Vec3, t_max: Real) -> tuple[Lanes, Lanes, Lanes]:
    """Truncated cones: (hit, t, face) with 0 < t < `t_max`; the face is one of ROUND_SIDE...

    One ray and lanes of rounds, or one round and lanes of rays.

    What a ray has of the solid is what it has of the infinite cone and of the slab between base and
    top; it is hit where that begins, or where it ends if the beginning lies behind or has no face.
    So no ray slips through between the side and a cap. As for balls, roots are found by division
    and the discriminant next to the cone, from products that don't cancel: with f from the axis,
    |R d - s d_z f|^2 - |f x d|^2 is the same anywhere on the ray.
    """
    fx = o.x - part.base.x
    fy = o.y - part.base.y
    fz = o.z - part.base.z
    x = fx * part.x_axis.x + fy * part.x_axis.y + fz * part.x_axis.z
    dx = part.x_axis.x * d.x + part.x_axis.y * d.y + part.x_axis.z * d.z
    y = fx * part.y_axis.x + fy * part.y_axis.y + fz * part.y_axis.z
    dy = part.y_axis.x * d.x + part.y_axis.y * d.y + part.y_axis.z * d.z
    z = fx * part.axis.x + fy * part.axis.y + fz * part.axis.z
    dz = part.axis.x * d.x + part.axis.y * d.y + part.axis.z * d.z
    height = part.height
    base_radius = part.base_radius
    slope = part.slope

    # --- The slab, and the cone at a point of the ray near to it, but within the slab -------------
    steep = _steep(dz)
    per_steep = 1.0 / steep
    at_base = (0.0 - z) * per_steep
    at_top = (height - z) * per_steep
    slab_in = lanes_min(at_base, at_top)
    slab_out = lanes_max(at_base, at_top)
    across = dx * dx + dy * dy
    near = lanes_max(lanes_min(0.0 - (x * dx + y * dy) / across, slab_out), slab_in)
    near_x = x + near * dx
    near_y = y + near * dy
    near_radius = base_radius + slope * (z + near * dz)
    turn = slope * dz
    wx = near_radius * dx - turn * near_x
    wy = near_radius * dy - turn * near_y
    cross = near_x * dy - near_y * dx
    discriminant = wx * wx + wy * wy - cross * cross

    a = across - turn * turn
    least = 1e-14 * (dz * dz)  # along the axis of a cylinder, or along the side of a cone
    in_reach = (slab_out > 0.0) & (slab_in < t_max) & ((discriminant >= 0.0) | (a <= least))
    if lane_mask(in_reach) == 0:  # what is left takes as long
        return in_reach, at_base, at_base

    # --- a t^2 + 2 b t + c < 0 within; c and b at the origin itself decide what lies behind it ----
    radius = base_radius + slope * z
    distance = lanes_sqrt(x * x + y * y)
    b = x * dx + y * dy - turn * radius
    c = (distance - radius) * (distance + radius)
    along = (a <= least) & (a >= 0.0 - least)
    a = choose(along, least, a)
    discriminant = choose(along, b * b - a * c, discriminant)
    return _enter_or_leave(part, t_max, a, b, c, discriminant, dz, turn, at_base, at_top)


@rare
@device
def intersect_large_round(part: Round, o: Vec3, d: Vec3, t_max: Real) -> tuple[Lanes, Lanes, Lanes]:
    """As `intersect_round`, with an equation that is set up in double precision (see `double`)."""
    a, b, c, discriminant, dz, below, above = round_quadratic(
        o.x,
        o.y,
        o.z,
        part.base.x,
        part.base.y,
        part.base.z,
        part.axis.x,
        part.axis.y,
        part.axis.z,
        part.base_radius,
        part.slope,
        part.height,
        d.x,
        d.y,
        d.z,
    )
    steep = _steep(dz)
    least = 1e-14 * (dz * dz)
    along = (a <= least) & (a >= 0.0 - least)
    a = choose(along, least, a)
    discriminant = choose(along, b * b - a * c, discriminant)
    turn = part.slope * dz
    at_base = below / steep
    at_top = (0.0 - above) / steep
    return _enter_or_leave(part, t_max, a, b, c, discriminant, dz, turn, at_base, at_top)


@device
def _steep(dz: Lanes) -> Lanes:
    """What may be divided by."""
    return choose((dz < 1e-30) & (dz > -1e-30), 1e-30, dz)


@device
def _enter_or_leave(
    part: Round,
    t_max: Real,
    a: Lanes,
    b: Lanes,
    c: Lanes,
    discriminant: Lanes,
    dz: Lanes,
    turn: Lanes,
    at_base: Lanes,
    at_top: Lanes,
) -> tuple[Lanes, Lanes, Lanes]:
    """Where a ray enters the solid, or leaves it."""
    has_base = part.has_base
    has_top = part.has_top
    rises = dz > 0.0
    slab_in = lanes_min(at_base, at_top)
    slab_out = lanes_max(at_base, at_top)
    opens = a < 0.0  # steeper than the side: within the cone from one root on, or up to it
    root = lanes_sqrt(choose(opens, lanes_max(discriminant, 0.0), discriminant))
    q = 0.0 - (b + copy_sign(root, b))
    t0 = c / q
    t1 = q / a
    first = lanes_min(t0, t1)
    last = lanes_max(t0, t1)
    widens = turn > 0.0
    cone_in = choose(opens, choose(widens, last, -_INFINITY), first)
    cone_out = choose(opens, choose(widens, _INFINITY, first), last)

    t_in = lanes_max(cone_in, slab_in)
    t_out = lanes_min(cone_out, slab_out)
    face_in = choose(slab_in >= cone_in, choose(rises, ROUND_BASE, ROUND_TOP), ROUND_SIDE)
    face_out = choose(slab_out <= cone_out, choose(rises, ROUND_TOP, ROUND_BASE), ROUND_SIDE)
    # Unused lanes, and rays that miss the cone, divide 0 by 0 or take roots below 0: comparisons
    # with NaN are false.
    within = (root >= 0.0) & (t0 <= _INFINITY) & (t_in <= t_out)
    closed_in = choose(rises, has_base, has_top)
    closed_out = choose(rises, has_top, has_base)
    there_in = (face_in < 0.5) | (closed_in > 0.0)
    there_out = (face_out < 0.5) | (closed_out > 0.0)
    hit_in = within & there_in & (t_in > 0.0) & (t_in < t_max)
    hit_out = within & there_out & (t_out > 0.0) & (t_out < t_max)
    return hit_in | hit_out, choose(hit_in, t_in, t_out), choose(hit_in, face_in, face_out)
