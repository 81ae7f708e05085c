"""What single subpaths do at their ends: light that is found, points that are joined to the lens.

s counts the points that come from the side of the light, t those from the side of the camera with
the one on the lens (Veach 1997, section 10.2).
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.geometry.surface_point import Hit, spawn_origin
from raywidget.kernels.integrators.bdpt.vertex import (
    MAX_EDGES,
    BdptSettings,
    Vertex,
    no_normal,
)
from raywidget.kernels.integrators.bdpt.weights import Ratios, others, others_at_light, weigh
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.sampling import power_heuristic
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.layout import (
    ENVIRONMENT_LIGHT,
    ENVIRONMENT_PROBABILITY,
    MATERIAL_DARK,
    SceneView,
)
from raywidget.kernels.lights.emission import pdf_emission
from raywidget.kernels.lights.emitter import pdf_environment, pdf_light_hit
from raywidget.kernels.sensors.importance import sample_lens
from raywidget.kernels.surfaces.bsdf import is_specular
from raywidget.kernels.surfaces.scattering import eval_scattering
from raywidget.kernels.surfaces.surface import has_flags, visibility, visibility_from_lens
from raywidget.kernels.volumes.medium import inside_towards


class Connection(NamedTuple):
    """What one connection brought."""

    radiance: Vec3
    rays: int
    x: float  # where in the picture, for a connection to the lens
    y: float


@device
def _failed(rays: int) -> Connection:
    return Connection(vec3(0.0, 0.0, 0.0), rays, 0.0, 0.0)


@device
def _inside(scene: SceneView, x: Vertex, w: Vec3) -> int:
    """The stack of shapes in direction `w` from a point."""
    if scene.medium_count == 0:
        return x.inside
    return inside_towards(scene, x.inside, x.hit.ng, x.hit.material, x.wo, w)


@device
def _is_black(color: Vec3) -> bool:
    return max(color.x, max(color.y, color.z)) <= 0.0


@device
def counts(settings: BdptSettings, s: int, t: int) -> bool:
    """Is this one of the strategies that are asked for?"""
    return settings.only_s < 0 or (settings.only_s == s and settings.only_t == t)


@device
def weigh_emission(
    scene: SceneView,
    hit: Hit,
    ratios: Ratios,
    previous: Vec3,
    d: Vec3,
    edges: int,
    pdf: float,
    settings: BdptSettings,
) -> float:
    """Weight of a camera subpath that found a light by itself (s = 0).

    `ratios` are those at its end, `hit`; `previous` is the point before, where the direction `d`
    was drawn with `pdf`; 0: next-event estimation can't draw it.
    """
    if settings.only_s >= 0 or edges == 1:
        return 1.0
    direct = 0.0
    if settings.next_event:
        direct = pdf_light_hit(scene, previous, no_normal(), hit, d)
    if edges > MAX_EDGES:
        return power_heuristic(pdf, direct) if pdf > 0.0 else 1.0
    cos = abs(dot(d, hit.ng))
    direct_area = direct * cos / (hit.t * hit.t)
    emit = pdf_emission(scene, hit.light, cos, -d)
    return weigh(0.0, others_at_light(ratios, direct_area, emit))


@device
def weigh_environment(
    scene: SceneView,
    ratios: Ratios,
    previous: Vec3,
    d: Vec3,
    edges: int,
    pdf: float,
    settings: BdptSettings,
) -> float:
    """As `weigh_emission`, of light from infinitely far away: the last point is a direction."""
    if settings.only_s >= 0 or edges == 1:
        return 1.0
    direct = 0.0
    if settings.next_event:
        direct = pdf_environment(scene, previous, no_normal(), d)
    if edges > MAX_EDGES:
        return power_heuristic(pdf, direct) if pdf > 0.0 else 1.0
    emit = 0.0
    light = int(scene.environment[ENVIRONMENT_LIGHT])
    if scene.environment[ENVIRONMENT_PROBABILITY] > 0.0:
        emit = pdf_emission(scene, light, 1.0, -d)
    return weigh(0.0, others_at_light(ratios, direct, emit))


@device
def connect_to_lens(
    scene: SceneView,
    y: Vertex,
    u: float,
    v: float,
    most_x: float,
    most_y: float,
    settings: BdptSettings,
) -> Connection:
    """Join the end `y` of a light subpath to a point of the lens (t = 1).

    The picture, and what filters see beyond its edge, goes from -`most` to `most`.
    """
    if is_specular(y.bsdf) or has_flags(scene, y.hit, MATERIAL_DARK):
        return _failed(0)
    lens = sample_lens(scene.camera, y.hit.p, u, v)
    if not (lens.pdf > 0.0 and abs(lens.x) < most_x and abs(lens.y) < most_y):
        return _failed(0)
    value = eval_scattering(y.hit, y.bsdf, lens.wi, y.wo)
    if value.pdf <= 0.0:
        return _failed(0)
    start = spawn_origin(y.hit, lens.wi)
    if scene.has_unseen:
        visible = visibility_from_lens(
            scene, start, lens.wi, lens.distance, _inside(scene, y, lens.wi)
        )
    else:
        visible = visibility(scene, start, lens.wi, lens.distance, _inside(scene, y, lens.wi))
    if _is_black(visible):
        return _failed(1)
    # Density by area with which a camera ray would have drawn this point
    seen = lens.pdf * abs(dot(lens.wi, y.hit.ng))
    weight = 1.0
    if settings.only_s < 0:
        weight = weigh(others(y.ratios, seen, value.pdf), 0.0)
    radiance = y.carried * value.f_cos * (weight * seen / abs(dot(y.wo, y.hit.ng)))
    return Connection(radiance * visible, 1, lens.x, lens.y)
