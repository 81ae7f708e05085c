"""Flat lamps: a point of one is drawn for `WIDTH` surfaces at once, of the same or of others."""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.surface_point import largest
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.sampling import sample_triangle
from raywidget.kernels.language.simd import (
    Lanes,
    Real,
    choose,
    lane_mask,
    lanes_in,
    lanes_min,
    lanes_sqrt,
    spread_number,
)
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.area_light import NEAR, ROUNDING


class LampSample(NamedTuple):
    """As `LightSample`, of lanes."""

    wi: Vec3
    reach: Lanes
    radiance: Vec3
    pdf: Lanes
    faces: Lanes  # where the lamp turns its front to the surface
    near: Lanes  # where it is drawn from by solid angle, and the rest means nothing


@device
def is_one_lamp(scene: SceneView) -> bool:
    """Is a flat without a texture, which no plane cuts, the only light that is sampled?"""
    return (
        scene.light_count == 1
        and scene.clip_count == 0
        and int(scene.lights[layout.LIGHT_KIND]) == layout.LIGHT_FLAT
        and scene.light_slots[0] == layout.MISS
    )


@device
def _spread(scene: SceneView, column: int) -> Vec3:
    """A point, direction or colour of the lamp, in all lanes."""
    return vec3(
        spread_number(scene.lights[column]),
        spread_number(scene.lights[column + 1]),
        spread_number(scene.lights[column + 2]),
    )


@device
def sample_lamp(scene: SceneView, p: Vec3, u: Real, v: Real) -> LampSample:
    """As `area_light.sample_flat` where it draws uniformly by area."""
    flat = flat_of_one(scene)
    near = lanes_in(0)
    if scene.lights[layout.LIGHT_SHEAR] > 0.0:
        u, v = sample_triangle(u, v)
    elif scene.lights[layout.LIGHT_SHEAR] == layout.RECTANGLE:
        near = is_near(flat, p)
    return aim_at_flat(flat, p, u, v, near)


@device
def pdf_lamp(scene: SceneView, p: Vec3, point: Vec3, cos: Lanes, lanes: int) -> tuple[Lanes, int]:
    """As `area_light.pdf_flat`, of the lamp's points from `p`; in which of the `lanes` it holds."""
    flat = flat_of_one(scene)
    if scene.lights[layout.LIGHT_SHEAR] == layout.RECTANGLE:
        lanes &= ~lane_mask(is_near(flat, p))
    facing = 0.0 - dot(flat.corner - p, flat.normal)
    way = point - p
    pdf = dot(way, way) / (cos * flat.area)
    return choose(facing > ROUNDING * (flat.extent + largest(p)), pdf, 0.0), lanes


class Flat(NamedTuple):
    """Flat lamps, one for each lane; see `layout.LIGHT_SIZE`."""

    corner: Vec3
    edge_u: Vec3
    edge_v: Vec3
    normal: Vec3
    radiance: Vec3
    area: Lanes
    per_area: Lanes
    extent: Lanes


@device
def flat_of_one(scene: SceneView) -> Flat:
    """The first row of lights, in all lanes."""
    return Flat(
        _spread(scene, layout.LIGHT_CORNER),
        _spread(scene, layout.LIGHT_EDGE_U),
        _spread(scene, layout.LIGHT_EDGE_V),
        _spread(scene, layout.LIGHT_NORMAL),
        _spread(scene, layout.LIGHT_RADIANCE),
        spread_number(scene.lights[layout.LIGHT_AREA]),
        spread_number(1.0 / scene.lights[layout.LIGHT_AREA]),
        spread_number(scene.lights[layout.LIGHT_EXTENT]),
    )


@device
def is_near(flat: Flat, p: Vec3) -> Lanes:
    """Is a rectangle drawn from by solid angle?"""
    middle = flat.corner - p + (flat.edge_u + flat.edge_v) * 0.5
    return dot(middle, middle) * NEAR < flat.area


@device
def aim_at_flat(flat: Flat, p: Vec3, u: Real, v: Real, near: Lanes) -> LampSample:
    """Seen from `p`, the point of a flat at `u` and `v` along its edges, uniform by area."""
    from_corner = flat.corner - p
    facing = 0.0 - dot(from_corner, flat.normal)
    rounding = ROUNDING * (flat.extent + largest(p))
    to_light = from_corner + flat.edge_u * u + flat.edge_v * v
    square = dot(to_light, to_light)
    distance = lanes_sqrt(square)
    per_cos = distance / facing
    return LampSample(
        to_light * (1.0 / distance),
        distance - lanes_min(rounding * per_cos, 0.01 * distance),
        flat.radiance,
        square * per_cos * flat.per_area,
        facing > rounding,
        near,
    )
