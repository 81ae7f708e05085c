"""Light that leaves flat lamps, of `WIDTH` lanes at once: see `emission`."""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.surface_point import largest
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.look_up import gather
from raywidget.kernels.language.random import Four
from raywidget.kernels.language.sampling import (
    PI,
    Frame,
    make_frame,
    sample_cosine_hemisphere,
    sample_triangle,
    to_world,
)
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import Lanes, Real, choose, lane_mask, spread_number
from raywidget.kernels.language.vec3 import Vec3, load_vec3, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.emission import OFFSET
from raywidget.kernels.lights.light_lanes import rows_of


class EmissionLanes(NamedTuple):
    """As `Emission`, of lanes."""

    p: Vec3
    o: Vec3
    d: Vec3
    cos: Real
    carried: Vec3
    per_pdf: Lanes  # cos by the density
    done: int  # lanes of which this is known


@device
def sample_emission_lanes(scene: SceneView, lights: Lanes, lanes: int, four: Four) -> EmissionLanes:
    """As `emission.sample_emission_of`, of the flat lamp of each of the `lanes`; `lights` are valid
    rows in all. Those with a texture, or cut by planes, are left to it.
    """
    rows = rows_of(scene, lights)
    flat = rows.flat
    done = lanes & lane_mask(rows.kind == single(layout.LIGHT_FLAT))
    if scene.light_count == 1:
        slot = scene.light_slots[layout.LIGHT_SLOT]
        if slot != layout.MISS or scene.lights[layout.LIGHT_BEAM] > 0.0:
            done = 0
        area = scene.lights[layout.LIGHT_AREA]
        per_pdf = spread_number(area / scene.lights[layout.LIGHT_PROBABILITY] * PI)
        frame = _spread(make_frame(load_vec3(scene.lights, layout.LIGHT_NORMAL)))
    else:
        slots = gather(scene.light_slots, lights * layout.LIGHT_SLOT_SIZE + layout.LIGHT_SLOT)
        done &= lane_mask(slots == layout.MISS)
        beams = gather(scene.lights, lights * layout.LIGHT_SIZE + layout.LIGHT_BEAM)
        done &= lane_mask(beams <= 0.0)
        per_pdf = flat.area / rows.probability * PI
        frame = make_frame(flat.normal)
    if scene.clip_count > 0:
        done = 0
    u, v = four.x, four.y
    is_triangle = rows.shear > 0.0
    if lane_mask(is_triangle) != 0:
        b1, b2 = sample_triangle(u, v)
        u, v = choose(is_triangle, b1, u), choose(is_triangle, b2, v)
    p = flat.corner + flat.edge_u * u + flat.edge_v * v
    local = sample_cosine_hemisphere(four.z, four.w)
    d = to_world(frame, local)
    offset = OFFSET * (flat.extent + largest(p))
    carried = flat.radiance * per_pdf
    return EmissionLanes(p, p + flat.normal * offset, d, local.z, carried, per_pdf, done)


@device
def _spread(frame: Frame) -> Frame:
    """The same in all lanes."""
    return Frame(_spread_vec3(frame.x), _spread_vec3(frame.y), _spread_vec3(frame.z))


@device
def _spread_vec3(a: Vec3) -> Vec3:
    return vec3(spread_number(a.x), spread_number(a.y), spread_number(a.z))
