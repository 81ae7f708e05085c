"""What surfaces at the ends of subpaths make of light from one direction to another, of lanes."""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bdpt import rows as more
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_point,
    load_point_row,
    load_row,
    store_number,
    store_point,
    store_point_row,
    store_row,
)
from raywidget.kernels.language.buffers import advance
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.sampling import INV_PI, make_frame, to_local
from raywidget.kernels.language.simd import (
    Lanes,
    choose,
    lane_mask,
    lanes_abs,
    lanes_in,
)
from raywidget.kernels.language.vec3 import Vec3, dot
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import (
    MATERIAL_SIZE,
    SceneView,
)
from raywidget.kernels.surfaces.bsdf import eval_bsdf_cos, view_bsdf


class Surfaces(NamedTuple):
    """Where subpaths have arrived, a lane for each; what scatters there."""

    p: Vec3
    ng: Vec3  # geometric and shading normal
    ns: Vec3
    offset: Lanes
    wo: Vec3  # to the point before
    color: Vec3  # of those that are diffuse
    smooth: int  # lanes where the two normals differ
    other: int  # lanes where something else scatters
    parts: Any  # its material, and the parameters of that
    rooms: Any


class Scattering(NamedTuple):
    """As `BsdfValue`, of lanes, and the density of the other way."""

    f_cos: Vec3
    pdf: Lanes  # of drawing where light comes from, seen by the viewer
    back: Lanes  # of drawing the viewer


@device
def spawn(surfaces: Surfaces, direction: Vec3) -> Vec3:
    """`surface_point.spawn_origin` of lanes."""
    offset = surfaces.offset
    return surfaces.p + surfaces.ng * choose(
        dot(direction, surfaces.ng) >= 0.0, offset, 0.0 - offset
    )


@device
def is_turned(surfaces: Surfaces, viewer: Vec3) -> Lanes:
    """`scattering.is_turned_away` of lanes."""
    return dot(viewer, surfaces.ng) * dot(viewer, surfaces.ns) <= 0.0


@device
def smooth_lanes(ng: Vec3, ns: Vec3) -> int:
    """Where the two normals differ."""
    return ~lane_mask((ng.x == ns.x) & (ng.y == ns.y) & (ng.z == ns.z))


@device
def scatter_between(
    scene: SceneView,
    bundle: Bundle,
    surfaces: Surfaces,
    lanes: int,
    reversed_lanes: int,
    viewer: Vec3,
    light: Vec3,
) -> Scattering:
    """`scattering.eval_scattering` of lanes; of those in `reversed_lanes` the other way, too.

    What is more than a diffuse surface without a shading normal of its own is told by a function
    that is called for it alone: numbers of 22 rows were handed over for nothing.
    """
    viewer_g = dot(viewer, surfaces.ng)
    light_g = dot(light, surfaces.ng)
    stays = viewer_g * light_g > 0.0
    pdf = choose(stays, lanes_abs(light_g) * INV_PI, 0.0)
    back = choose(stays, lanes_abs(viewer_g) * INV_PI, 0.0)
    f_cos = surfaces.color * pdf
    lanes &= surfaces.smooth | surfaces.other
    if lanes != 0:
        _scatter_between(scene, bundle, surfaces, lanes, reversed_lanes, viewer, light)
        is_rest = lanes_in(lanes)
        f_cos = choose_vec3(is_rest, load_point_row(bundle, rows.VALUE), f_cos)
        pdf = choose(is_rest, load_row(bundle, rows.VALUE_PDF), pdf)
        back = choose(is_rest, load_row(bundle, more.VALUE_BACK), back)
    return Scattering(f_cos, pdf, back)


@rare
@device
def _scatter_between(
    scene: SceneView,
    bundle: Bundle,
    surfaces: Surfaces,
    lanes: int,
    reversed_lanes: int,
    viewer: Vec3,
    light: Vec3,
) -> None:
    """The same of all kinds of surfaces: VALUE, VALUE_PDF and VALUE_BACK."""
    viewer_g = dot(viewer, surfaces.ng)
    light_g = dot(light, surfaces.ng)
    stays_g = viewer_g * light_g > 0.0
    viewer_s = dot(viewer, surfaces.ns)
    light_s = dot(light, surfaces.ns)
    # In the frame of who looks at it: see `scattering.viewed_frame`
    turned = viewer_g * viewer_s <= 0.0
    turned_back = light_g * light_s <= 0.0
    cos = choose(turned, light_g, light_s)
    stays = cos * choose(turned, viewer_g, viewer_s) > 0.0
    cos_back = choose(turned_back, viewer_g, viewer_s)
    stays_back = cos_back * choose(turned_back, light_g, light_s) > 0.0
    pdf = choose(stays, lanes_abs(cos) * INV_PI, 0.0)
    back = choose(stays_back, lanes_abs(cos_back) * INV_PI, 0.0)
    f_cos = surfaces.color * pdf
    other = surfaces.other & lanes
    if other != 0:
        is_other = lanes_in(other)
        frame = make_frame(choose_vec3(turned, surfaces.ng, surfaces.ns))
        _eval_others(
            scene, bundle, surfaces, other, to_local(frame, viewer), to_local(frame, light)
        )
        f_cos = choose_vec3(is_other, load_point_row(bundle, rows.VALUE), f_cos)
        pdf = choose(is_other, load_row(bundle, rows.VALUE_PDF), pdf)
        other &= reversed_lanes
        if other != 0:
            frame = make_frame(choose_vec3(turned_back, surfaces.ng, surfaces.ns))
            _eval_others(
                scene, bundle, surfaces, other, to_local(frame, light), to_local(frame, viewer)
            )
            back = choose(lanes_in(other), load_row(bundle, rows.VALUE_PDF), back)
    # Light is on the same side of both normals, or of neither.
    leaks = stays ^ stays_g
    store_point_row(bundle, rows.VALUE, choose_vec3(leaks, 0.0, f_cos))
    store_row(bundle, rows.VALUE_PDF, choose(leaks, 0.0, pdf))
    store_row(bundle, more.VALUE_BACK, choose(stays_back ^ stays_g, 0.0, back))


@device
def _eval_others(
    scene: SceneView, bundle: Bundle, surfaces: Surfaces, lanes: int, wo: Vec3, wi: Vec3
) -> None:
    store_point_row(bundle, rows.WO, wo)
    store_point_row(bundle, rows.LIGHT_LOCAL, wi)
    _eval_each(scene, bundle, surfaces.parts, surfaces.rooms, lanes)


@rare
@device
def _eval_each(scene: SceneView, bundle: Bundle, parts: Any, rooms: Any, lanes: int) -> None:
    """What surfaces that are not diffuse scatter to WO of light from LIGHT_LOCAL."""
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        bsdf = view_bsdf(scene, 0 + parts[lane], advance(rooms, lane * MATERIAL_SIZE))
        wo = load_point(bundle, rows.WO, lane)
        value = eval_bsdf_cos(bsdf, wo, load_point(bundle, rows.LIGHT_LOCAL, lane))
        store_point(bundle, rows.VALUE, lane, value.f_cos)
        store_number(bundle, rows.VALUE_PDF, lane, value.pdf)


# --- To a light, and to the lens ------------------------------------------------------------------
