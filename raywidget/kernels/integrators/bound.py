"""A bound on what single paths bring: fireflies cut off, and some light with them.

What has gone more than two edges counts with its brightest channel at most so large. In pictures
without a bound, none of this is called, and no number changes.
"""

from __future__ import annotations

from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.vec3 import Vec3

INFINITY = float("inf")

_DIRECT = 2  # edges of a path to a lamp's light on what is seen


@device
def is_bounded(bound: float, edges: int) -> bool:
    """Is there a bound, and do paths of so many edges have it?"""
    return bound < INFINITY and edges > _DIRECT


@rare
@device
def within(bound: float, color: Vec3) -> Vec3:
    """A colour, darkened until its brightest channel is no larger than the bound."""
    brightest = max(color.x, max(color.y, color.z))
    if brightest > bound:
        return color * (bound / brightest)
    return color


@rare
@device
def add_within(bound: float, radiance: Vec3, carried: Vec3, emitted: Vec3, weight: float) -> Vec3:
    """Count emission that a path has found: a function of its own, so that where there is no bound
    sums are rounded as ever.
    """
    return radiance + within(bound, carried * emitted * weight)
