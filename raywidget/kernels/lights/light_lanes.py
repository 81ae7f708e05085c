"""Points of lights, or directions to them, for `WIDTH` surfaces at once that have chosen one each.

Of all kinds that scenes have many of: flats and balls seen from outside, points, spots, and light
from one direction. What else there is (near rectangles, what has a texture, rounds, environments)
is left to `emitter.sample_chosen`.
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.surface_point import largest
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.look_up import look_up, look_up_four
from raywidget.kernels.language.sampling import PI, sample_triangle
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import (
    Lanes,
    choose,
    lane_mask,
    lanes_abs,
    lanes_in,
    lanes_sqrt,
    spread_number,
)
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.area_light import ROUNDING, aim_at_ball, cap_height
from raywidget.kernels.lights.delta_light import falloff_of, height_between
from raywidget.kernels.lights.lamp import Flat, aim_at_flat, flat_of_one, is_near

INFINITY = float("inf")
_NEAREST = 1e-36  # squared distance of a point


class LightLanes(NamedTuple):
    """As `LightSample`, of lanes."""

    wi: Vec3
    reach: Lanes
    radiance: Vec3
    pdf: Lanes  # without the choice; 0: no sample
    delta: Lanes
    normal: Vec3
    done: int  # lanes of which this is known


class LightRows(NamedTuple):
    """The light that each lane has chosen."""

    flat: Flat
    shear: Lanes
    probability: Lanes  # of being chosen by power
    kind: Lanes


@device
def rows_of(scene: SceneView, lights: Lanes) -> LightRows:
    """Look up the lights of all lanes; where there is but one, it is not gathered."""
    if scene.light_count == 1:
        return _row_of_one(scene)
    first = lights * (layout.LIGHT_SIZE // 4)
    red, green, blue, corner_x = look_up_four(scene.lights, first)
    corner_y, corner_z, u_x, u_y = look_up_four(scene.lights, first + 1)
    u_z, v_x, v_y, v_z = look_up_four(scene.lights, first + 2)
    shear, area, probability, kind = look_up_four(scene.lights, first + 3)
    n_x, n_y, n_z, extent = look_up_four(scene.lights, first + 4)
    flat = Flat(
        vec3(corner_x, corner_y, corner_z),
        vec3(u_x, u_y, u_z),
        vec3(v_x, v_y, v_z),
        vec3(n_x, n_y, n_z),
        vec3(red, green, blue),
        area,
        1.0 / area,
        extent,
    )
    return LightRows(flat, shear, probability, kind)


@device
def _row_of_one(scene: SceneView) -> LightRows:
    shear = spread_number(scene.lights[layout.LIGHT_SHEAR])
    probability = spread_number(scene.lights[layout.LIGHT_PROBABILITY])
    kind = spread_number(scene.lights[layout.LIGHT_KIND])
    return LightRows(flat_of_one(scene), shear, probability, kind)


@device
def sample_lanes(
    scene: SceneView, p: Vec3, lights: Lanes, lanes: int, u: Lanes, v: Lanes
) -> LightLanes:
    """A direction from `p` to the light of each of the `lanes`; `lights` are valid rows in all."""
    rows = rows_of(scene, lights)
    flat = rows.flat
    flats = lanes & lane_mask(rows.kind == single(layout.LIGHT_FLAT))
    balls = lanes & lane_mask(rows.kind == single(layout.LIGHT_BALL))
    is_sun = rows.kind == single(layout.LIGHT_DIRECTIONAL)
    is_spot = rows.kind == single(layout.LIGHT_SPOT)
    is_point = is_spot | (rows.kind == single(layout.LIGHT_POINT))
    deltas = lanes & lane_mask(is_sun | is_point)
    if flats | balls != 0:
        textured = look_up(scene.light_slots, lights, layout.LIGHT_SLOT_SIZE, layout.LIGHT_SLOT)
        plain = lane_mask(textured == layout.MISS)
        flats &= plain
        balls &= plain

    to_light = flat.corner - p
    none = spread_number(0.0)
    wi = vec3(none, none, none)
    reach = none
    radiance = flat.radiance
    pdf = none
    normal = flat.normal
    if deltas != 0:
        square = dot(to_light, to_light)
        distance = lanes_sqrt(square)
        reach = choose(is_sun, INFINITY, distance)
        wi = choose_vec3(is_sun, -flat.edge_u, to_light * (1.0 / distance))
        strength = choose(is_sun, 1.0, 1.0 / square)
        pdf = choose(is_sun | (square >= _NEAREST), 1.0, none)
        if lanes & lane_mask(is_spot) != 0:
            below = height_between(-wi, flat.edge_u)
            cone = flat.edge_v
            share = falloff_of(cone.x, cone.y, cone.z, below)
            strength = strength * choose(is_spot, share, 1.0)
            pdf = choose(strength > 0.0, pdf, 0.0)
        radiance = radiance * strength
        normal = vec3(none, none, none)
    if flats != 0:
        triangle = rows.shear > 0.0
        b1, b2 = sample_triangle(u, v)
        b1, b2 = choose(triangle, b1, u), choose(triangle, b2, v)
        flats &= ~lane_mask((rows.shear == single(layout.RECTANGLE)) & is_near(flat, p))
        seen = aim_at_flat(flat, p, b1, b2, lanes_in(0))
        is_flat = lanes_in(flats)
        wi = choose_vec3(is_flat, seen.wi, wi)
        reach = choose(is_flat, seen.reach, reach)
        radiance = choose_vec3(is_flat, flat.radiance, radiance)
        pdf = choose(is_flat, choose(seen.faces, seen.pdf, 0.0), pdf)
        normal = choose_vec3(is_flat, flat.normal, normal)
    if balls != 0:
        signed_radius = flat.edge_u.x
        radius = lanes_abs(signed_radius)
        cap = cap_height(to_light, radius)
        balls &= lane_mask(cap > 0.0)
        rounding = ROUNDING * (flat.extent + largest(p))
        aimed = aim_at_ball(to_light, radius, cap, rounding, u, v)
        is_ball = lanes_in(balls)
        wi = choose_vec3(is_ball, aimed.wi, wi)
        reach = choose(is_ball, aimed.reach, reach)
        radiance = choose_vec3(is_ball, flat.radiance, radiance)
        # One that shines inwards is not seen from without.
        pdf = choose(is_ball, choose(signed_radius > 0.0, 0.5 / (PI * cap), 0.0), pdf)
        normal = choose_vec3(is_ball, aimed.normal, normal)
    done = flats | balls | deltas
    return LightLanes(wi, reach, radiance, pdf, is_sun | is_point, normal, done)
