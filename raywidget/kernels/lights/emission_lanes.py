"""Light that leaves flat lamps, of `WIDTH` lanes at once: see `emission`."""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.surface_point import largest
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.look_up import gather
from raywidget.kernels.language.random import Four
from raywidget.kernels.language.sampling import (
    INV_PI,
    make_frame,
    sample_cosine_hemisphere,
    sample_triangle,
    to_world,
)
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import Lanes, Real, choose, lane_mask
from raywidget.kernels.language.vec3 import Vec3
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
    pdf: Lanes
    done: int  # lanes of which this is known


@device
def sample_emission_lanes(scene: SceneView, lights: Lanes, lanes: int, four: Four) -> EmissionLanes:
    """As `emission.sample_emission_of`, of the flat lamp of each of the `lanes`; `lights` are valid
    rows in all. Those with a texture, or cut by planes, are left to it.
    """
    rows = rows_of(scene, lights)
    flat = rows.flat
    done = lanes & lane_mask(rows.kind == single(layout.LIGHT_FLAT))
    slot = gather(scene.light_slots, lights * layout.LIGHT_SLOT_SIZE + layout.LIGHT_SLOT)
    done &= lane_mask(slot == layout.MISS)
    done &= lane_mask(gather(scene.lights, lights * layout.LIGHT_SIZE + layout.LIGHT_BEAM) <= 0.0)
    if scene.clip_count > 0:
        done = 0
    is_triangle = rows.shear > 0.0
    u, v = sample_triangle(four.x, four.y)
    u, v = choose(is_triangle, u, four.x), choose(is_triangle, v, four.y)
    p = flat.corner + flat.edge_u * u + flat.edge_v * v
    local = sample_cosine_hemisphere(four.z, four.w)
    cos = local.z
    pdf = rows.probability / flat.area * (cos * INV_PI)
    d = to_world(make_frame(flat.normal), local)
    offset = OFFSET * (flat.extent + largest(p))
    carried = flat.radiance * (cos / pdf)
    return EmissionLanes(p, p + flat.normal * offset, d, cos, carried, pdf, done)
