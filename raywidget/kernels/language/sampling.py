"""Warps from the unit square to directions and surfaces, and frames to use them in.

Frames, the disk, the hemisphere, the triangle and the heuristic also work on lanes (see `simd`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from raywidget.kernels.language.jit import device
from raywidget.kernels.language.simd import (
    Real,
    choose,
    lanes_abs,
    lanes_floor,
    lanes_max,
    lanes_min,
    lanes_sqrt,
)
from raywidget.kernels.language.vec3 import Vec3, dot, vec3

PI = math.pi
INV_PI = 1.0 / math.pi


class Frame(NamedTuple):
    """An orthonormal basis; z is the normal."""

    x: Vec3
    y: Vec3
    z: Vec3


@device
def make_frame(n: Vec3) -> Frame:
    """A frame around a unit normal (Duff et al. 2017, "Building an orthonormal basis,
    revisited").
    """
    sign = choose(n.z >= 0.0, 1.0, -1.0)
    a = -1.0 / (sign + n.z)
    b = n.x * n.y * a
    x = vec3(1.0 + sign * n.x * n.x * a, sign * b, (0.0 - sign) * n.x)
    y = vec3(b, sign + n.y * n.y * a, 0.0 - n.y)
    return Frame(x, y, n)


@device
def to_local(frame: Frame, w: Vec3) -> Vec3:
    """A world direction in the frame."""
    return vec3(dot(w, frame.x), dot(w, frame.y), dot(w, frame.z))


@device
def to_world(frame: Frame, w: Vec3) -> Vec3:
    """A direction of the frame in the world."""
    return frame.x * w.x + frame.y * w.y + frame.z * w.z


@device
def cos_sin_turn(v: Real) -> tuple[Real, Real]:
    """Cosine and sine of `v` turns, 0 <= v <= 1, to within 2^-23.

    Polynomials for an eighth of a turn to either side of the nearest quarter (Moshier 1989,
    "Methods and programs for mathematical functions", cosf and sinf of Cephes).
    """
    quarters = v * 4.0
    nearest = lanes_floor(quarters + 0.5)
    x = (quarters - nearest) * (0.5 * PI)
    square = x * x
    sin = x + x * square * (
        -1.6666654611e-1 + square * (8.3321608736e-3 - square * 1.9515295891e-4)
    )
    cos = (1.0 - 0.5 * square) + square * square * (
        4.166664568298827e-2 + square * (square * 2.443315711809948e-5 - 1.388731625493765e-3)
    )
    odd = (nearest == 1.0) | (nearest == 3.0)
    c = choose(odd, sin, cos)
    s = choose(odd, cos, sin)
    turned_c = (nearest == 1.0) | (nearest == 2.0)
    turned_s = (nearest == 2.0) | (nearest == 3.0)
    return choose(turned_c, 0.0 - c, c), choose(turned_s, 0.0 - s, s)


@device
def turn_towards(y: Real, x: Real) -> Real:
    """The angle of (x, y), from -1/2 to 1/2 of a turn, to within 2^-24; 0 for (0, 0).

    Arctangents of up to an eighth of a turn by a polynomial (Moshier 1989, atanf of Cephes). Unlike
    the C library's, a call whose result is not asked for costs nothing.
    """
    across = lanes_abs(x)
    up = lanes_abs(y)
    largest = lanes_max(across, up)
    ratio = lanes_min(across, up) / choose(largest > 0.0, largest, 1.0)
    folds = ratio > 0.41421356  # tan of a sixteenth of a turn
    t = choose(folds, (ratio - 1.0) / (ratio + 1.0), ratio)
    square = t * t
    series = 1.99777106478e-1 + square * (square * 8.05374449538e-2 - 1.38776856032e-1)
    angle = t + t * square * (square * series - 3.33329491539e-1)
    angle = angle * (0.5 / PI) + choose(folds, 0.125, 0.0)
    angle = choose(up > across, 0.25 - angle, angle)
    angle = choose(x < 0.0, 0.5 - angle, angle)
    return choose(y < 0.0, 0.0 - angle, angle)


@device
def sample_disk(u: Real, v: Real) -> tuple[Real, Real]:
    """A point of the unit disk, uniform by area."""
    r = lanes_sqrt(u)
    cos, sin = cos_sin_turn(v)
    return r * cos, r * sin


@device
def sample_cosine_hemisphere(u: Real, v: Real) -> Vec3:
    """A direction around +z with density cos / pi (Malley's method)."""
    x, y = sample_disk(u, v)
    return vec3(x, y, lanes_sqrt(lanes_max(1.0 - u, 0.0)))


@device
def sample_sphere(u: float, v: float) -> Vec3:
    """A direction, uniform: density 1 / (4 pi)."""
    z = 1.0 - 2.0 * u
    r = math.sqrt(max(0.0, 1.0 - z * z))
    phi = 2.0 * PI * v
    return vec3(r * math.cos(phi), r * math.sin(phi), z)


@device
def sample_triangle(u: Real, v: Real) -> tuple[Real, Real]:
    """Coordinates (b1, b2) of a point of a triangle, uniform by area (Heitz 2019, "A low-distortion
    map between triangle and square").
    """
    above = v > u
    half = choose(above, u, v) * 0.5
    return choose(above, half, u - half), choose(above, v - half, half)


@device
def power_heuristic(pdf: Real, other: Real) -> Real:
    """Weight of a sample drawn with `pdf` where another technique has `other` (Veach 1997, 9.2)."""
    ratio = other / pdf  # a ratio of densities does not overflow where their squares would
    return choose(pdf > 0.0, 1.0 / (1.0 + ratio * ratio), 0.0)


@device
def survival_per_throughput(all_is_sought: bool) -> float:
    """Russian roulette: a path lives on with probability min(1, this * its throughput).

    From the first bounce on: 1.1-1.5 times the efficiency of starting at the fourth with
    min(throughput, 0.95).
    """
    # A path that ends has brought something already where lights are sampled on the way: with 2.5
    # efficiency is 1.04-1.09 times that with 4 (5 scenes, 7 seeds). Where light is found at its end
    # only, be it that of a sky beside lamps, all of that is lost: 1.08 times with 10 under a sky
    # alone, 0.99-1.87 (median 1.15) with both (10 scenes, 11 seeds).
    return 2.5 if all_is_sought else 10.0


@device
def first_surface_spared(throughput: Real) -> Real:
    """What the first surface's own `throughput` is multiplied by for roulette: its root is left.

    All that a pixel shows is that dark, and so is what it is compared with: 1 / 1.3 to 1 / 1.6 of
    the squared error, relative to the pixel, and 1.23 to 1.46 times the efficiency on dark surfaces
    (five scenes, 7 seeds), 1.07 in scenes by chance whose pictures have dark texels, and as before
    in the rest of the suite. Left out of it altogether, 1.26 to 1.43 and 0.99.
    """
    return 1.0 / lanes_sqrt(lanes_min(lanes_max(throughput, 1e-6), 1.0))


@device
def survival_where_first_is_spared(all_is_sought: bool) -> float:
    """As `survival_per_throughput`, for as many rays where the first surface is bright."""
    return 2.0 if all_is_sought else 7.0


# Roulette after a reflection or refraction into a single direction is weaker by this factor: a
# coat's is drawn more often than it weighs (see `fresnel.drawn_share`), which roulette would take
# back. Whoever goes to and fro between mirrors still ends.
SPARED = 8.0
