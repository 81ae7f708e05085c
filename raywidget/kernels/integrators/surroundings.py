"""Which shapes the camera and the lights are in, before any path starts."""

from __future__ import annotations

from raywidget.kernels import layout
from raywidget.kernels.geometry.clipping import find_closest
from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.geometry.surface_point import spawn_origin
from raywidget.kernels.integrators.tile import view_scene
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.pinned import pinned
from raywidget.kernels.language.random import Four
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, vec3
from raywidget.kernels.layout import F32, SceneTables, SceneView
from raywidget.kernels.lights.emission import is_point, is_surface, sample_emission_of
from raywidget.kernels.volumes.medium import STACK_BITS, STACK_LEVELS, push, remove

INFINITY = float("inf")
_MOST_CROSSINGS = 10_000


@device
def find_surroundings(scene: SceneView, o: Vec3) -> int:
    """The shapes that a point lies in: those that a ray from there leaves without entering them."""
    d = vec3(0.0, 1.0, 0.0)
    entered = 0
    around = 0
    level = 0
    for _ in range(_MOST_CROSSINGS):
        ray = find_closest(scene, o, d, INFINITY)
        if ray.slot == layout.MISS or level == STACK_LEVELS:
            break
        hit = make_hit(scene, o, d, ray)
        medium = scene.material_codes[
            hit.material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_INTERIOR
        ]
        if medium >= 0:
            if dot(d, hit.ng) < 0.0:
                entered = push(entered, medium)
            else:
                left = remove(entered, medium)
                if left == entered:
                    around |= medium << (STACK_BITS * level)
                    level += 1
                entered = left
        o = spawn_origin(hit, d)
    return around


@entry
def fill_surroundings(tables: SceneTables, camera: F32) -> None:
    """Fill `tables.surroundings`, for scenes with media."""
    scene = pinned(view_scene(tables, camera))
    scene.surroundings[0] = find_surroundings(scene, load_vec3(scene.camera, layout.CAMERA_ORIGIN))
    for light in range(scene.light_count):
        if is_point(scene, light):
            o = load_vec3(scene.lights, light * layout.LIGHT_SIZE + layout.LIGHT_CORNER)
            scene.surroundings[1 + light] = find_surroundings(scene, o)
        elif is_surface(scene, light):
            # All of a lamp is taken to be where one point of it is.
            emission = sample_emission_of(scene, light, Four(0.37, 0.41, 0.5, 0.5))
            if emission.pdf > 0.0:
                scene.surroundings[1 + light] = find_surroundings(scene, emission.o)
