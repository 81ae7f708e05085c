"""What a camera ray sees first, without light: ambient occlusion, normals, albedo, depth.

One small entry for all of them; it compiles in a third of the time of `path`.
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.geometry.clipping import find_closest
from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.geometry.surface_point import Hit, spawn_origin
from raywidget.kernels.geometry.traverse import RayHit
from raywidget.kernels.integrators.tile import (
    Batch,
    PathResult,
    Picture,
    sample_batch,
)
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.random import GROUP_CHOICE, GROUP_EDGE, Sequence, draw_four
from raywidget.kernels.language.sampling import make_frame, sample_cosine_hemisphere, to_world
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.layout import F32, MISS, SceneTables, SceneView
from raywidget.kernels.lights.emitter import emitted_radiance
from raywidget.kernels.surfaces.bsdf import base_color, load_bsdf, make_parameters
from raywidget.kernels.surfaces.surface import (
    MAX_PASSED,
    is_special,
    is_unlit,
    resolve_surface,
    unlit_radiance,
)

INFINITY = float("inf")

# Kinds of previews
OCCLUSION = 0
NORMALS = 1
ALBEDO = 2
DEPTH = 3


class PreviewSettings(NamedTuple):
    """What `trace_preview` needs of the render settings."""

    kind: int  # code above
    distance: float  # as np.float32: occluders farther than this do not count
    unit: float  # as np.float32: a unit of the tables in the scene's
    sky: float  # as np.float32: what is seen where nothing is


@device
def albedo(scene: SceneView, hit: Hit, material: int) -> Vec3:
    """Colour of the surface without light and shadow, at most 1; lamps show their own.

    `material` is that of `hit`, or one of its parts.
    """
    color = base_color(load_bsdf(scene, hit, material, make_parameters()))
    color = color + emitted_radiance(scene, hit, -hit.ng)
    if is_unlit(scene, material):
        color = color + unlit_radiance(scene, hit, material)
    return vec3(min(1.0, color.x), min(1.0, color.y), min(1.0, color.z))


class Met(NamedTuple):
    """The first surface on a camera ray that does not let it pass."""

    found: bool
    ray: RayHit  # its last piece, which begins at `o`
    o: Vec3
    material: int  # row of the material tables: part of a mixture
    ns: Vec3  # shading normal, unit, with the normal map
    distance: float  # from where the whole ray began


@device
def find_surface(scene: SceneView, o: Vec3, d: Vec3, sequence: Sequence) -> Met:
    """Follow a camera ray through what is masked, as `path_lanes.arrive` does."""
    travelled = 0.0
    passed = 0
    while True:
        ray = find_closest(scene, o, d, INFINITY)
        if ray.slot == MISS or passed == MAX_PASSED:
            return Met(False, ray, o, 0, d, INFINITY)
        hit = make_hit(scene, o, d, ray)
        distance = travelled + ray.t
        if not is_special(scene, hit):
            return Met(True, ray, o, 0 + hit.material, hit.ns, distance)  # 64 bits, as below
        surface = resolve_surface(scene, hit, sequence, GROUP_CHOICE, passed)
        if not surface.passes:
            return Met(True, ray, o, 0 + surface.material, surface.ns, distance)
        travelled = distance
        passed += 1
        o = spawn_origin(hit, d)


@device
def trace_preview(
    scene: SceneView,
    o: Vec3,
    d: Vec3,
    sequence: Sequence,
    behind: Vec3,
    settings: PreviewSettings,
) -> PathResult:
    """One estimate of what `settings.kind` shows; where nothing is hit, it is that of the sky."""
    met = find_surface(scene, o, d, sequence)
    if not met.found:
        return PathResult(vec3(settings.sky, settings.sky, settings.sky), 1)
    ns = met.ns
    if settings.kind == DEPTH:
        distance = met.distance * settings.unit
        return PathResult(vec3(distance, distance, distance), 1)
    if settings.kind == NORMALS:
        return PathResult(ns * 0.5 + vec3(0.5, 0.5, 0.5), 1)
    hit = make_hit(scene, met.o, d, met.ray)
    if settings.kind == ALBEDO:
        return PathResult(albedo(scene, hit, met.material), 1)

    # Ambient occlusion: the share of a white sky that arrives, weighted by the cosine (Landis 2002,
    # "Production-ready global illumination").
    geometric = hit.ng if dot(d, hit.ng) < 0.0 else -hit.ng
    normal = ns if dot(ns, geometric) > 0.0 else -ns
    numbers = draw_four(sequence, GROUP_EDGE)
    wi = to_world(make_frame(normal), sample_cosine_hemisphere(numbers.z, numbers.w))
    if dot(wi, geometric) <= 0.0:  # interpolated normals: into the surface
        return PathResult(vec3(0.0, 0.0, 0.0), 1)
    # Not `is_occluded`: the search for the closest hit is compiled already.
    occluder = find_closest(scene, spawn_origin(hit, wi), wi, settings.distance)
    arrived = 1.0 if occluder.slot == MISS else 0.0
    return PathResult(vec3(arrived, arrived, arrived), 2)


@entry
def render_preview(
    tables: SceneTables,
    camera: F32,
    picture: Picture,
    settings: PreviewSettings,
    batch: Batch,
) -> bool:
    """Previews, see `tile.sample_batch`."""
    return sample_batch(trace_preview, tables, camera, picture, settings, batch)
