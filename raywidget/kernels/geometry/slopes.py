"""A ray against the boxes of a node, all of them at once, and what is computed of it for that."""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.simd import (
    WIDTH,
    Lanes,
    lanes_max,
    lanes_min,
    load_lanes,
    multiply_add,
)
from raywidget.kernels.language.vec3 import Vec3, vec3

INFINITY = float("inf")

# Box distances carry rounding errors of a few ulp; the far side is pushed out by more than they can
# amount to, so that no box is missed (Ize 2013, "Robust BVH Ray Traversal").
_FAR_SLACK = 1.0000005


class RaySlopes(NamedTuple):
    """What the box test needs of a ray, computed once."""

    inverse: Vec3  # 1 / d
    offset: Vec3  # -o / d
    near_x: int  # row of a node that holds the near x planes; the far ones lie at far_x
    near_y: int
    near_z: int
    far_x: int
    far_y: int
    far_z: int


@device
def _reciprocal(x: float) -> float:
    """1 / x, kept finite so that 0 * infinity never arises."""
    if abs(x) > 1e-18:
        return 1.0 / x
    return 1e18 if x >= 0.0 else -1e18


@device
def ray_slopes(o: Vec3, d: Vec3) -> RaySlopes:
    """What the box test needs of a ray."""
    inverse = vec3(_reciprocal(d.x), _reciprocal(d.y), _reciprocal(d.z))
    return with_rows(inverse, -(o * inverse))


@device
def with_rows(inverse: Vec3, offset: Vec3) -> RaySlopes:
    """Slopes of which 1 / d and -o / d are known."""
    near_x = 0 if inverse.x >= 0.0 else WIDTH
    near_y = 2 * WIDTH if inverse.y >= 0.0 else 3 * WIDTH
    near_z = 4 * WIDTH if inverse.z >= 0.0 else 5 * WIDTH
    return RaySlopes(
        inverse,
        offset,
        near_x,
        near_y,
        near_z,
        WIDTH - near_x,
        5 * WIDTH - near_y,
        9 * WIDTH - near_z,
    )


@device
def is_sound(ray: RaySlopes, d: Vec3) -> bool:
    """Is every number of a ray finite?

    To what is not, boxes round nothing are as good as any, and the walk would not end.
    """
    total = abs(d.x) + abs(d.y) + abs(d.z)
    return total + abs(ray.offset.x) + abs(ray.offset.y) + abs(ray.offset.z) < INFINITY


@device
def box_distances(nodes: Any, node: int, ray: RaySlopes, t_max: float) -> tuple[Lanes, Lanes]:
    """Distances at which a ray enters and leaves each child's box; not hit where enter > leave."""
    row = node * layout.NODE_SIZE
    enter = lanes_max(
        lanes_max(
            multiply_add(load_lanes(nodes, row + ray.near_x), ray.inverse.x, ray.offset.x),
            multiply_add(load_lanes(nodes, row + ray.near_y), ray.inverse.y, ray.offset.y),
        ),
        lanes_max(
            multiply_add(load_lanes(nodes, row + ray.near_z), ray.inverse.z, ray.offset.z), 0.0
        ),
    )
    leave = lanes_min(
        lanes_min(
            multiply_add(load_lanes(nodes, row + ray.far_x), ray.inverse.x, ray.offset.x),
            multiply_add(load_lanes(nodes, row + ray.far_y), ray.inverse.y, ray.offset.y),
        ),
        lanes_min(
            multiply_add(load_lanes(nodes, row + ray.far_z), ray.inverse.z, ray.offset.z), t_max
        ),
    )
    return enter, leave * _FAR_SLACK
