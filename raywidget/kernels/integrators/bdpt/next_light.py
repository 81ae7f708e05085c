"""Connections of camera subpaths to a light, of all lanes at once."""

from __future__ import annotations

from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bdpt import rows as more
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_number,
    load_point,
    load_row,
    store_number,
    store_point_row,
    store_row,
)
from raywidget.kernels.integrators.next_event import sample_lights
from raywidget.kernels.integrators.path_lanes import PathSettings
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.look_up import gather, whole
from raywidget.kernels.language.sampling import INV_PI
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import (
    choose,
    lane_mask,
    lanes_in,
    spread_number,
)
from raywidget.kernels.language.vec3 import vec3
from raywidget.kernels.layout import (
    LIGHT_AREA,
    LIGHT_BALL,
    LIGHT_FLAT,
    LIGHT_KIND,
    LIGHT_PROBABILITY,
    LIGHT_ROUND,
    LIGHT_SIZE,
    SceneView,
)
from raywidget.kernels.lights.emission import is_point, pdf_emission
from raywidget.kernels.lights.lamp import is_one_lamp


@device
def draw_lights(scene: SceneView, bundle: Bundle, lanes: int, path: PathSettings) -> int:
    """Draw a direction to a light for each lane; those that have one.

    LIGHT_EMIT is the density with which a light subpath draws the point that was drawn: by area,
    times that of the light as LIGHT_PDF measures it, and by the cosine under which the ray arrives.
    """
    none = spread_number(0.0)
    store_point_row(bundle, rows.LIT_SIDE, vec3(none, none, none))  # see `no_normal`
    lit = sample_lights(scene, bundle, lanes, path)
    if is_one_lamp(scene):
        emit = scene.lights[LIGHT_PROBABILITY] / scene.lights[LIGHT_AREA] * INV_PI
        store_row(bundle, more.LIGHT_EMIT, spread_number(emit))
    elif lit != 0:
        _note_emission(scene, bundle, lit)
    return lit


@rare
@device
def _note_emission(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """LIGHT_EMIT of lights that lanes have chosen."""
    lights = choose(lanes_in(lanes), whole(load_row(bundle, rows.CHOSEN)), 0)
    at = lights * LIGHT_SIZE
    kind = gather(scene.lights, at + LIGHT_KIND)
    surfaces = (kind == single(LIGHT_FLAT)) | (kind == single(LIGHT_BALL))
    surfaces = surfaces | (kind == single(LIGHT_ROUND))
    area = choose(surfaces, gather(scene.lights, at + LIGHT_AREA), 1.0)
    emit = gather(scene.lights, at + LIGHT_PROBABILITY) / area * INV_PI
    store_row(bundle, more.LIGHT_EMIT, emit)
    lanes &= ~lane_mask(surfaces)
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        light = int(load_number(bundle, rows.CHOSEN, lane))
        wi = load_point(bundle, rows.LIGHT_DIRECTION, lane)
        density = pdf_emission(scene, light, 1.0, -wi)
        if is_point(scene, light):
            reach = load_number(bundle, rows.LIGHT_REACH, lane)
            density = density / (reach * reach)
        store_number(bundle, more.LIGHT_EMIT, lane, density)
