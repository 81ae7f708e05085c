"""What `path` has to know where caustics are also found from the lights.

A caustic path goes from the camera to a surface, from there over a chain of casters (what mirrors
or bends light) to a light. `photons` draws it the other way round, and joins the surface to the
lens. Both finds are weighed by the power heuristic. A path carries along by how much more likely
than itself a photon is to draw its points (CHAIN); this grows from edge to edge by the ratio of the
densities on both ways, as in `bdpt.weights`, of which it is the part that has no connections within
the chain.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bdpt.subpath import GROUP_LIGHT, Splats
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_number,
    load_point,
    load_point_row,
    load_word,
    room_of,
    store_number,
    store_point,
    store_word,
)
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.on_demand import where_given
from raywidget.kernels.language.random import Sequence, draw_four
from raywidget.kernels.language.simd import Real, lanes_abs
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.aimed import Targets, pdf_aimed
from raywidget.kernels.lights.emission import is_point, is_surface
from raywidget.kernels.lights.lamp import is_one_lamp
from raywidget.kernels.surfaces.bsdf import view_bsdf
from raywidget.kernels.surfaces.scattering import eval_between

# Longer paths are left to `path`: what comes through so many surfaces is spread widely.
MOST_EDGES = 10
FEWEST_EDGES = 3

_MOST = 1e15  # of a ratio of densities: its square stays finite


class Casters(NamedTuple):
    """What sends photons, and where they end."""

    targets: Targets
    materials: Any  # buffer of uint8, by rows of the material tables: 1 if they are casters
    splats: Splats


with_casters = where_given("casters")
"""Compile a function only where photons are sent; elsewhere calls return zeros."""

_inline_with_casters = where_given("casters", inlined=True)


@device
def share_beside(weight: float, ratio: float) -> float:
    """A share by the power heuristic, once photons find the same, so many times as likely."""
    ratio = min(ratio, _MOST)
    return weight / (1.0 + weight * ratio * ratio)


@_inline_with_casters
def follows_chains(settings: Any) -> bool:
    """Are photons sent?"""
    return True


@_inline_with_casters
def note_light(settings: Any, bundle: Bundle, lane: int, light: int, normal: Vec3) -> None:
    """Keep which light was sampled."""
    store_word(bundle, rows.LIGHT, lane, light)
    store_point(bundle, rows.LIGHT_NORMAL, lane, normal)


@with_casters
def note_images(settings: Any, scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """The same, of lanes for which the environment was."""
    light = int(scene.environment[layout.ENVIRONMENT_LIGHT])
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        store_word(bundle, rows.LIGHT, lane, light)


@_inline_with_casters
def is_chained(settings: Any, bundle: Bundle, lane: int, part: int) -> bool:
    """Is the surface where a path has arrived a part of a chain?"""
    depth = load_word(bundle, rows.DEPTH, lane)
    if depth == 1 or depth >= MOST_EDGES or load_number(bundle, rows.CHAIN, lane) <= 0.0:
        return False
    return int(settings.casters.materials[part]) != 0


@_inline_with_casters
def may_be_found(settings: Any, bundle: Bundle, lane: int, depth: int) -> bool:
    """Might a photon draw a path that has met a light by itself?"""
    is_short = depth >= FEWEST_EDGES and depth <= MOST_EDGES
    return is_short and load_number(bundle, rows.CHAIN, lane) > 0.0


@_inline_with_casters
def sends_photon(settings: Any, sequence: Sequence) -> bool:
    """Does a sample send one?"""
    return draw_four(sequence, GROUP_LIGHT).z < settings.casters.targets.share


@with_casters
def ratio_at_surface(
    settings: Any, scene: SceneView, bundle: Bundle, lane: int, light: int, p: Vec3, ng: Vec3
) -> float:
    """How much more likely photons are to draw a path that has met a light by itself."""
    chain = load_number(bundle, rows.CHAIN, lane)
    d = load_point(bundle, rows.DIRECTION, lane)
    cos = -dot(d, ng)
    if cos <= 0.0:
        return 0.0
    return pdf_aimed(scene, settings.casters.targets, light, p, ng, -d) * chain / cos


@with_casters
def ratio_at_sky(settings: Any, scene: SceneView, bundle: Bundle, lane: int) -> float:
    """The same, of a path that has met the environment."""
    light = int(scene.environment[layout.ENVIRONMENT_LIGHT])
    if light < 0:
        return 0.0
    d = load_point(bundle, rows.DIRECTION, lane)
    p = load_point(bundle, rows.PREVIOUS, lane)
    ratio = pdf_aimed(scene, settings.casters.targets, light, p, vec3(0.0, 0.0, 0.0), -d)
    return ratio * load_number(bundle, rows.CHAIN, lane)


@with_casters
def weigh_images(settings: Any, scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Change SHARE, that of light from infinitely far away which paths have met by themselves."""
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        if may_be_found(settings, bundle, lane, load_word(bundle, rows.DEPTH, lane)):
            ratio = ratio_at_sky(settings, scene, bundle, lane)
            share = share_beside(load_number(bundle, rows.SHARE, lane), ratio)
            store_number(bundle, rows.SHARE, lane, share)


@with_casters
def weigh_chains(settings: Any, scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Change SHARE, that of light which was sampled at chains: photons may bring it, too."""
    casters = settings.casters
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        chain = load_number(bundle, rows.CHAIN, lane)
        part = load_word(bundle, rows.PART, lane)
        light = load_word(bundle, rows.LIGHT, lane)
        normal = load_point(bundle, rows.LIGHT_NORMAL, lane)
        if is_one_lamp(scene):
            light = 0
            normal = load_vec3(scene.lights, layout.LIGHT_NORMAL)
        p = load_point(bundle, rows.POINT, lane)
        ng = load_point(bundle, rows.NORMAL, lane)
        d = load_point(bundle, rows.DIRECTION, lane)
        wi = load_point(bundle, rows.LIGHT_DIRECTION, lane)
        reach = load_number(bundle, rows.LIGHT_REACH, lane)
        emit = abs(dot(wi, ng)) / load_number(bundle, rows.LIGHT_PDF, lane)
        if is_surface(scene, light):
            cos = -dot(wi, normal)
            if cos <= 0.0:
                continue
            at = p + wi * reach
            emit *= pdf_aimed(scene, casters.targets, light, at, normal, -wi) / cos
        elif is_point(scene, light):
            at = load_vec3(scene.lights, light * layout.LIGHT_SIZE + layout.LIGHT_CORNER)
            way = at - p
            emit *= pdf_aimed(scene, casters.targets, light, at, normal, -wi) / dot(way, way)
        else:
            emit *= pdf_aimed(scene, casters.targets, light, p, normal, -wi)
        bsdf = view_bsdf(scene, part, room_of(bundle, lane))
        ns = load_point(bundle, rows.SHADING_NORMAL, lane)
        back = eval_between(ng, ns, bsdf, wi, -d).pdf
        ratio = emit * back * chain / abs(dot(d, ng))
        share = share_beside(load_number(bundle, rows.SHARE, lane), ratio)
        store_number(bundle, rows.SHARE, lane, share)


@device
def start_chains(scene: SceneView, bundle: Bundle, d: Vec3, ng: Vec3, pdf: Real) -> Real:
    """CHAIN of all lanes whose first surface scatters them towards `d`, drawn with `pdf`.

    There the camera's ray arrives, drawn as `importance.per_pdf_camera` says.
    """
    arriving = load_point_row(bundle, rows.DIRECTION)
    way = load_point_row(bundle, rows.POINT) - load_point_row(bundle, rows.ORIGIN)
    forward = load_vec3(scene.camera, layout.CAMERA_FORWARD)
    cos = arriving.x * forward.x + arriving.y * forward.y + arriving.z * forward.z
    across = scene.camera[layout.CAMERA_LENS_RIGHT] * scene.camera[layout.CAMERA_LENS_UP] * 0.25
    ratio = dot(way, way) * (cos * cos * cos) / (lanes_abs(dot(arriving, ng)) * across)
    return ratio * lanes_abs(dot(d, ng)) / pdf


@with_casters
def follow_chains(
    settings: Any, scene: SceneView, bundle: Bundle, lanes: int, specular: int
) -> None:
    """Carry CHAIN on over casters, where paths scatter towards SAMPLED with SAMPLED_PDF.

    `specular` are those that have scattered, or can only scatter, into a single direction.
    """
    while lanes != 0:
        lane = lowest_bit(lanes)
        bit = 1 << lane
        lanes &= lanes - 1
        store_number(
            bundle, rows.CHAIN, lane, _next_chain(scene, bundle, lane, specular & bit != 0)
        )


@device
def _next_chain(scene: SceneView, bundle: Bundle, lane: int, is_mirrored: bool) -> float:
    ng = load_point(bundle, rows.NORMAL, lane)
    ns = load_point(bundle, rows.SHADING_NORMAL, lane)
    wo = -load_point(bundle, rows.DIRECTION, lane)
    d = load_point(bundle, rows.SAMPLED, lane)
    cos_o = abs(dot(wo, ng))
    if cos_o <= 0.0:
        return 0.0
    chain = load_number(bundle, rows.CHAIN, lane) / cos_o * abs(dot(d, ng))
    if is_mirrored:
        # Another normal would mirror for who comes from the other side, see `bdpt.bdpt`.
        if (dot(d, ng) * dot(d, ns) <= 0.0) != (dot(wo, ng) * dot(wo, ns) <= 0.0):
            return 0.0
        return chain
    bsdf = view_bsdf(scene, load_word(bundle, rows.PART, lane), room_of(bundle, lane))
    back = eval_between(ng, ns, bsdf, d, wo).pdf
    return chain * (back / load_number(bundle, rows.SAMPLED_PDF, lane))
