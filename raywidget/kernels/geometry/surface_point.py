"""A point on a surface, and rays that leave it."""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.language.jit import device
from raywidget.kernels.language.simd import lanes_abs, lanes_max
from raywidget.kernels.language.vec3 import Vec3, dot, vec3

# Rays that leave a surface start this far off it, as a share of the magnitudes that went into the
# point and will go into the next test against the same surface. For flats each axis counts as much
# as it contributes to the normal: on a huge floor y = 0 nothing is rounded along y, and a ball that
# lies on it is not entered from below.
RAY_OFFSET = 2.0**-20

# Large balls and rounds are tested in double precision, where only the rounding of the point itself
# counts, and what is left of theirs where their surface passes through the origin.
LARGE_OFFSET = 2.0**-40


class Hit(NamedTuple):
    """A point on a surface."""

    p: Vec3  # on the surface to within rounding
    ng: Vec3  # geometric normal, unit, outwards (flats: edge_u x edge_v)
    ns: Vec3  # shading normal, unit, on the side of `ng`
    u: float  # texture coordinates
    v: float
    t: float  # distance along the ray
    offset: float  # how far off the surface a ray has to start
    material: int  # row of the material tables
    light: int  # row of the light tables, or -1
    shape: int  # index in Scene.shapes
    primitive: int
    slot: int  # what was hit, for what is rarely asked (see `attributes`): layout.BALL_SLOT
    instance: int  # row of `instances`, or -1
    b1: float  # flats: weights of edge_u and edge_v; rounds: cosine and sine of the angle
    b2: float
    cap: int  # plane of a cut that this closes, or -1


@device
def largest(a: Vec3) -> float:
    """The largest magnitude of a component."""
    return lanes_max(lanes_abs(a.x), lanes_max(lanes_abs(a.y), lanes_abs(a.z)))


@device
def magnitude(a: Vec3) -> Vec3:
    """The magnitude of each component."""
    return vec3(lanes_abs(a.x), lanes_abs(a.y), lanes_abs(a.z))


@device
def spawn_origin(hit: Hit, direction: Vec3) -> Vec3:
    """Where a ray in `direction` starts so that it does not meet the surface that it leaves."""
    if dot(direction, hit.ng) >= 0.0:
        return hit.p + hit.ng * hit.offset
    return hit.p - hit.ng * hit.offset


@device
def reach_from_spawn(hit: Hit, reach: float) -> float:
    """How far a shadow ray from `spawn_origin` may go so as not to meet what lies `reach` away.

    The ray starts nearer to it by up to the offset, and over there coordinates are as rough.
    """
    return reach - 2.0 * hit.offset
