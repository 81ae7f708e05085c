"""Lights with a surface: a point of it is drawn, or a direction to it; densities per solid angle.

Shadow rays end as far before the light as rounding may put its surface nearer than it is, and no
farther: so nothing that stands close to a light is overlooked, and no light hides itself.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.surface_point import largest
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.sampling import (
    PI,
    cos_sin_turn,
    make_frame,
    sample_sphere,
    sample_triangle,
    to_world,
)
from raywidget.kernels.language.simd import Real, choose, lanes_max, lanes_min, lanes_sqrt
from raywidget.kernels.language.vec3 import Vec3, cross, dot, length, load_vec3, normalize, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.light_sample import LightSample, no_sample

# Rounding of a point, relative to the largest coordinates that went into it and into the test that
# finds it again: a few ulp.
ROUNDING = 2.0**-20

# A rectangle is drawn from by solid angle where its area is more than this times its squared
# distance: 1.2 times the efficiency in a room with a large lamp; always, it costs more than it
# brings (0.67 times, on a small lamp).
NEAR = 0.5
_SMALLEST_SOLID_ANGLE = 0.02  # below, rounding of the formula shows


# --- Triangles, parallelograms, rectangles --------------------------------------------------------


@device
def sample_flat(
    scene: SceneView, light: int, p: Vec3, chosen: float, u: float, v: float
) -> LightSample:
    """Uniform by area; near a rectangle, uniform by solid angle."""
    row = light * layout.LIGHT_SIZE
    from_corner = load_vec3(scene.lights, row + layout.LIGHT_CORNER) - p
    normal = load_vec3(scene.lights, row + layout.LIGHT_NORMAL)
    facing = -dot(from_corner, normal)
    rounding = ROUNDING * (scene.lights[row + layout.LIGHT_EXTENT] + largest(p))
    if facing <= rounding:  # its back, or its edge
        return no_sample(light)
    edge_u = load_vec3(scene.lights, row + layout.LIGHT_EDGE_U)
    edge_v = load_vec3(scene.lights, row + layout.LIGHT_EDGE_V)
    shear = scene.lights[row + layout.LIGHT_SHEAR]
    area = scene.lights[row + layout.LIGHT_AREA]
    per_solid_angle = 0.0
    if shear > 0.0:
        u, v = sample_triangle(u, v)
    elif shear == layout.RECTANGLE:
        middle = from_corner + (edge_u + edge_v) * 0.5
        if area > NEAR * dot(middle, middle):
            seen = sample_seen_rectangle(from_corner, edge_u, edge_v, u, v)
            if seen.solid_angle > _SMALLEST_SOLID_ANGLE:
                u = seen.u
                v = seen.v
                per_solid_angle = 1.0 / seen.solid_angle
    to_light = from_corner + edge_u * u + edge_v * v
    square = dot(to_light, to_light)
    distance = math.sqrt(square)
    cos = facing / distance
    if per_solid_angle == 0.0:
        per_solid_angle = square / (cos * area)
    return LightSample(
        to_light * (1.0 / distance),
        distance - min(rounding / cos, 0.01 * distance),
        load_vec3(scene.lights, row + layout.LIGHT_RADIANCE),
        chosen * per_solid_angle,
        False,
        normal,
        light,
    )


@device
def pdf_flat(scene: SceneView, row: int, p: Vec3, point: Vec3, cos: float) -> float:
    """Density with which `sample_flat` at `p` draws the direction to a point of it."""
    from_corner = load_vec3(scene.lights, row + layout.LIGHT_CORNER) - p
    facing = -dot(from_corner, load_vec3(scene.lights, row + layout.LIGHT_NORMAL))
    if facing <= ROUNDING * (scene.lights[row + layout.LIGHT_EXTENT] + largest(p)):
        return 0.0
    area = scene.lights[row + layout.LIGHT_AREA]
    if scene.lights[row + layout.LIGHT_SHEAR] == layout.RECTANGLE:
        edge_u = load_vec3(scene.lights, row + layout.LIGHT_EDGE_U)
        edge_v = load_vec3(scene.lights, row + layout.LIGHT_EDGE_V)
        middle = from_corner + (edge_u + edge_v) * 0.5
        if area > NEAR * dot(middle, middle):
            seen = sample_seen_rectangle(from_corner, edge_u, edge_v, 0.5, 0.5)
            if seen.solid_angle > _SMALLEST_SOLID_ANGLE:
                return 1.0 / seen.solid_angle
    return pdf_by_area(area, p, point, cos)


@device
def pdf_by_area(area: float, p: Vec3, point: Vec3, cos: float) -> float:
    """Density per solid angle at `p` of a point that is uniform on a surface of this area.

    `cos` is that between the surface's normal and the way from `p`, > 0.
    """
    way = point - p
    return dot(way, way) / (cos * area)


class FlatCoordinates(NamedTuple):
    """Where a ray meets the plane of a flat."""

    t: float
    u: float  # along its edges, 0 to 1
    v: float


@device
def flat_coordinates(scene: SceneView, row: int, p: Vec3, d: Vec3) -> FlatCoordinates:
    """As the test of rays against flats finds them (`intersect`)."""
    corner = load_vec3(scene.lights, row + layout.LIGHT_CORNER) - p
    edge_u = load_vec3(scene.lights, row + layout.LIGHT_EDGE_U)
    edge_v = load_vec3(scene.lights, row + layout.LIGHT_EDGE_V)
    normal = cross(edge_u, edge_v)
    inverse = 1.0 / dot(normal, d)
    side = cross(corner, d)
    u = min(1.0, max(0.0, dot(side, edge_v) * inverse))
    v = min(1.0, max(0.0, -dot(side, edge_u) * inverse))
    return FlatCoordinates(dot(normal, corner) * inverse, u, v)


class _SeenRectangle(NamedTuple):
    """A point of a rectangle, uniform by the solid angle that the rectangle fills."""

    u: float  # along its edges, 0 to 1
    v: float
    solid_angle: float


@rare
@device
def sample_seen_rectangle(
    corner: Vec3, edge_u: Vec3, edge_v: Vec3, u: float, v: float
) -> _SeenRectangle:
    """Ureña, Fajardo and King 2013, "An area-preserving parametrization for spherical rectangles";
    `corner` is as seen from the point.
    """
    length_u = length(edge_u)
    length_v = length(edge_v)
    x_axis = edge_u * (1.0 / length_u)
    y_axis = edge_v * (1.0 / length_v)
    x0 = dot(corner, x_axis)
    y0 = dot(corner, y_axis)
    z = -abs(dot(corner, cross(x_axis, y_axis)))
    x1 = x0 + length_u
    y1 = y0 + length_v
    # z components of the normals of the four planes through the point and an edge
    square = z * z
    n0 = -y0 / math.sqrt(square + y0 * y0)
    n1 = x1 / math.sqrt(square + x1 * x1)
    n2 = y1 / math.sqrt(square + y1 * y1)
    n3 = -x0 / math.sqrt(square + x0 * x0)
    # Angles between neighbouring planes, less a quarter turn each
    g0 = math.asin(n0 * n1)
    g1 = math.asin(n1 * n2)
    g2 = math.asin(n2 * n3)
    g3 = math.asin(n3 * n0)
    solid_angle = g0 + g1 + g2 + g3
    # Not a number where the point lies in the plane of the rectangle, on the line of an edge
    if not solid_angle > _SMALLEST_SOLID_ANGLE:
        return _SeenRectangle(u, v, 0.0)

    # The part to the left of x fills the share u.
    turn = u * solid_angle - g2 - g3 + PI  # a_u = u S + k, k = 2 pi - (g2 + pi/2) - (g3 + pi/2)
    f = (math.cos(turn) * n0 - n2) / math.sin(turn)
    c = math.copysign(1.0 / math.sqrt(f * f + n0 * n0), f)
    c = min(1.0, max(-1.0, c))
    x = -c * z / math.sqrt(max(1e-12, (1.0 - c) * (1.0 + c)))
    x = min(x1, max(x0, x))
    # Along the line at x, uniform by the sine of the elevation.
    near = math.sqrt(x * x + square)
    h0 = y0 / math.sqrt(near * near + y0 * y0)
    h1 = y1 / math.sqrt(near * near + y1 * y1)
    h = h0 + v * (h1 - h0)
    y = h * near / math.sqrt(max(1e-12, (1.0 - h) * (1.0 + h)))
    y = min(y1, max(y0, y))
    return _SeenRectangle((x - x0) / length_u, (y - y0) / length_v, solid_angle)


# --- Balls ----------------------------------------------------------------------------------------


@device
def cap_height(to_centre: Vec3, signed_radius: Real) -> Real:
    """1 - cos of the half angle under which a ball is seen; 0 from within, where it has none."""
    sin2 = signed_radius * signed_radius / dot(to_centre, to_centre)
    cap = sin2 / (1.0 + lanes_sqrt(1.0 - sin2))  # 1 - cos without its cancellation
    return choose(sin2 < 0.9999, cap, 0.0)


class BallPoint(NamedTuple):
    """A point of a ball as seen from outside; of lanes, lanes."""

    wi: Vec3
    distance: Real
    reach: Real
    normal: Vec3


@device
def aim_at_ball(
    to_centre: Vec3, radius: Real, cap: Real, rounding: Real, u: Real, v: Real
) -> BallPoint:
    """Uniform in the cone that a ball fills, whose `cap_height` is `cap` > 0."""
    below = u * cap  # 1 - cos
    sin2 = below * (2.0 - below)
    sin = lanes_sqrt(sin2)
    cos_phi, sin_phi = cos_sin_turn(v)
    axis = make_frame(normalize(to_centre))
    wi = to_world(axis, vec3(sin * cos_phi, sin * sin_phi, 1.0 - below))
    square = dot(to_centre, to_centre)
    half_chord = lanes_sqrt(lanes_max(0.0, radius * radius - square * sin2))
    distance = lanes_sqrt(square) * (1.0 - below) - half_chord
    # A surface that is `rounding` nearer is met rounding / cos earlier; along the horizon by the
    # chord of a cap of that height.
    slack = rounding + rounding * radius / lanes_max(half_chord, lanes_sqrt(radius * rounding))
    reach = distance - lanes_min(slack, 0.5 * distance)
    return BallPoint(wi, distance, reach, normalize(wi * distance - to_centre))


@device
def sample_ball(
    scene: SceneView, light: int, p: Vec3, chosen: float, u: float, v: float
) -> LightSample:
    """Uniform in the cone that a ball fills; from within, uniform by area."""
    row = light * layout.LIGHT_SIZE
    centre = load_vec3(scene.lights, row + layout.LIGHT_CORNER)
    to_centre = centre - p
    signed_radius = scene.lights[row + layout.LIGHT_EDGE_U]
    radius = abs(signed_radius)
    radiance = load_vec3(scene.lights, row + layout.LIGHT_RADIANCE)
    rounding = ROUNDING * (scene.lights[row + layout.LIGHT_EXTENT] + largest(p))
    cap = cap_height(to_centre, radius)
    if cap > 0.0:
        if signed_radius < 0.0:  # it shines inwards, and is seen from without
            return no_sample(light)
        seen = aim_at_ball(to_centre, radius, cap, rounding, u, v)
        pdf = chosen / (2.0 * PI * cap)
        return LightSample(seen.wi, seen.reach, radiance, pdf, False, seen.normal, light)
    outward = sample_sphere(u, v)
    to_light = to_centre + outward * radius
    square = dot(to_light, to_light)
    facing = -dot(to_light, outward)
    normal = outward
    if signed_radius < 0.0:
        facing = -facing
        normal = -outward
    if facing <= 0.0:
        return no_sample(light)
    distance = math.sqrt(square)
    cos = facing / distance
    slack = rounding + rounding / max(cos, math.sqrt(rounding / radius))
    return LightSample(
        to_light * (1.0 / distance),
        distance - min(slack, 0.5 * distance),
        radiance,
        chosen * square / (cos * scene.lights[row + layout.LIGHT_AREA]),
        False,
        normal,
        light,
    )


@device
def pdf_ball(scene: SceneView, row: int, p: Vec3, point: Vec3, cos: float) -> float:
    """Density with which `sample_ball` at `p` draws the direction to a point of it."""
    centre = load_vec3(scene.lights, row + layout.LIGHT_CORNER)
    cap = cap_height(centre - p, scene.lights[row + layout.LIGHT_EDGE_U])
    if cap > 0.0:
        return 1.0 / (2.0 * PI * cap)
    return pdf_by_area(scene.lights[row + layout.LIGHT_AREA], p, point, cos)


# --- Truncated cones ------------------------------------------------------------------------------


class RoundPoint(NamedTuple):
    """A point of a truncated cone."""

    p: Vec3  # from the middle of the base
    outward: Vec3  # unit normal
    curvature: float  # 0 on base and top, else at least that of the side


@device
def sample_round_point(scene: SceneView, row: int, u: float, v: float) -> RoundPoint:
    """Uniform by area on base, top and side."""
    frame = make_frame(load_vec3(scene.lights, row + layout.LIGHT_EDGE_U))
    height = scene.lights[row + layout.LIGHT_EDGE_V]
    base_radius = scene.lights[row + layout.LIGHT_EDGE_V + 1]
    top_radius = scene.lights[row + layout.LIGHT_EDGE_V + 2]
    area = scene.lights[row + layout.LIGHT_AREA]
    base_area = scene.lights[row + layout.LIGHT_CAPS]
    top_area = scene.lights[row + layout.LIGHT_CAPS + 1]
    phi = 2.0 * PI * v
    cos_phi = math.cos(phi)
    sin_phi = math.sin(phi)
    share = u * area
    curvature = 0.0
    if share < base_area:
        r = base_radius * math.sqrt(share / base_area)
        z = 0.0
        outward = -frame.z
    elif share < base_area + top_area:
        r = top_radius * math.sqrt((share - base_area) / top_area)
        z = height
        outward = frame.z
    else:
        # The area up to a radius goes with its square.
        s = min(1.0, (share - base_area - top_area) / (area - base_area - top_area))
        square = base_radius * base_radius
        r = math.sqrt(square + s * (top_radius * top_radius - square))
        z = height * s * (base_radius + top_radius) / (base_radius + r)
        side = vec3(height * cos_phi, height * sin_phi, base_radius - top_radius)
        outward = normalize(to_world(frame, side))
        curvature = 1.0 / max(base_radius, top_radius)
    return RoundPoint(to_world(frame, vec3(r * cos_phi, r * sin_phi, z)), outward, curvature)


@device
def sample_round(
    scene: SceneView, light: int, p: Vec3, chosen: float, u: float, v: float
) -> LightSample:
    """Uniform by area on base, top and side."""
    row = light * layout.LIGHT_SIZE
    point = sample_round_point(scene, row, u, v)
    normal = point.outward * scene.lights[row + layout.LIGHT_SIDE]
    to_light = load_vec3(scene.lights, row + layout.LIGHT_CORNER) - p + point.p
    facing = -dot(to_light, normal)
    if facing <= 0.0:
        return no_sample(light)
    square = dot(to_light, to_light)
    distance = math.sqrt(square)
    cos = facing / distance
    rounding = ROUNDING * (scene.lights[row + layout.LIGHT_EXTENT] + largest(p))
    slack = rounding + rounding / max(cos, math.sqrt(rounding * point.curvature))
    return LightSample(
        to_light * (1.0 / distance),
        distance - min(slack, 0.5 * distance),
        load_vec3(scene.lights, row + layout.LIGHT_RADIANCE),
        chosen * square / (cos * scene.lights[row + layout.LIGHT_AREA]),
        False,
        normal,
        light,
    )
