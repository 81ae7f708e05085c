"""Warps from the unit square to directions and surfaces, and frames to use them in."""

from __future__ import annotations

import math
from typing import NamedTuple

from raywidget.kernels.jit import device
from raywidget.kernels.vec3 import Vec3, dot, vec3

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
    sign = 1.0 if n.z >= 0.0 else -1.0
    a = -1.0 / (sign + n.z)
    b = n.x * n.y * a
    x = vec3(1.0 + sign * n.x * n.x * a, sign * b, -sign * n.x)
    y = vec3(b, sign + n.y * n.y * a, -n.y)
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
def sample_disk(u: float, v: float) -> tuple[float, float]:
    """A point of the unit disk, uniform by area."""
    r = math.sqrt(u)
    phi = 2.0 * PI * v
    return r * math.cos(phi), r * math.sin(phi)


@device
def sample_cosine_hemisphere(u: float, v: float) -> Vec3:
    """A direction around +z with density cos / pi (Malley's method)."""
    x, y = sample_disk(u, v)
    return vec3(x, y, math.sqrt(max(0.0, 1.0 - u)))


@device
def sample_sphere(u: float, v: float) -> Vec3:
    """A direction, uniform: density 1 / (4 pi)."""
    z = 1.0 - 2.0 * u
    r = math.sqrt(max(0.0, 1.0 - z * z))
    phi = 2.0 * PI * v
    return vec3(r * math.cos(phi), r * math.sin(phi), z)


@device
def sample_triangle(u: float, v: float) -> tuple[float, float]:
    """Coordinates (b1, b2) of a point of a triangle, uniform by area (Heitz 2019, "A low-distortion
    map between triangle and square").
    """
    if v > u:
        b1 = 0.5 * u
        return b1, v - b1
    b2 = 0.5 * v
    return u - b2, b2


@device
def power_heuristic(pdf: float, other: float) -> float:
    """Weight of a sample drawn with `pdf` where another technique has `other` (Veach 1997, 9.2)."""
    if pdf <= 0.0:
        return 0.0
    ratio = other / pdf  # a ratio of densities does not overflow where their squares would
    return 1.0 / (1.0 + ratio * ratio)
