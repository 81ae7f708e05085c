"""Compiled loops round the device functions, so that tests can call them on arrays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

import raywidget as rw
from raywidget.compiler import compile_camera, compile_scene, placement_in
from raywidget.kernels.geometry.attributes import hit_color, hit_tangent
from raywidget.kernels.geometry.brute_force import (
    find_closest_of_few,
    find_near_rest,
    is_occluded_by_few,
)
from raywidget.kernels.geometry.clipping import (
    find_closest,
    find_closest_of_finite,
    is_occluded,
    is_occluded_by_rest,
)
from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.geometry.surface_point import spawn_origin
from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_sequences,
    load_word_row,
    make_numbers,
    make_rooms,
    make_stacks,
    make_words,
    store_sequence,
    store_word,
    store_word_row,
)
from raywidget.kernels.integrators.tile import view_scene
from raywidget.kernels.language.buffers import view
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.pinned import pinned
from raywidget.kernels.language.random import draw_four, place_in_lattice, start_sequence
from raywidget.kernels.language.simd import WIDTH, lane_mask, load_lanes, store_lanes
from raywidget.kernels.language.vec3 import dot, vec3
from raywidget.kernels.layout import CAMERA_SIZE, ENVIRONMENT_LIGHT, MISS
from raywidget.kernels.lights.emitter import (
    emitted_radiance,
    eval_environment,
    light_probability,
    pdf_environment,
    pdf_light_hit,
    sample_light,
)
from raywidget.kernels.sensors.camera import generate_ray
from raywidget.kernels.surfaces.bsdf import eval_bsdf_cos, load_bsdf, make_parameters, sample_bsdf

NO_CAMERA = np.zeros(CAMERA_SIZE, np.float32)


class HitArrays(NamedTuple):
    """One row per ray; -1 in the integers and 0 elsewhere where nothing was hit."""

    t: np.ndarray
    shape: np.ndarray
    primitive: np.ndarray
    instance: np.ndarray
    p: np.ndarray
    ng: np.ndarray
    ns: np.ndarray
    uv: np.ndarray
    offset: np.ndarray
    occluded: np.ndarray


@entry
def _trace(tables, camera, origins, directions, t_max, floats, integers, occluded):
    scene = pinned(view_scene(tables, camera))
    for i in range(len(origins)):
        o = vec3(origins[i, 0], origins[i, 1], origins[i, 2])
        d = vec3(directions[i, 0], directions[i, 1], directions[i, 2])
        occluded[i] = is_occluded(scene, o, d, t_max[i])
        ray = find_closest(scene, o, d, t_max[i])
        floats[i, 0] = ray.t
        integers[i, 2] = ray.instance
        if ray.slot == MISS:
            continue
        hit = make_hit(scene, o, d, ray)
        for k, a in enumerate((hit.p, hit.ng, hit.ns)):
            floats[i, 1 + 3 * k] = a.x
            floats[i, 2 + 3 * k] = a.y
            floats[i, 3 + 3 * k] = a.z
        floats[i, 10] = hit.u
        floats[i, 11] = hit.v
        floats[i, 12] = hit.offset
        integers[i, 0] = hit.shape
        integers[i, 1] = hit.primitive


def trace(tables, origins, directions, t_max=np.inf) -> HitArrays:
    """Closest hits and occlusion of many rays, in the coordinates of the scene."""
    place = placement_in(tables.placement)
    origins, directions = _rows(place.points(origins)), _rows(directions)
    count = len(origins)
    floats = np.zeros((count, 13), np.float32)
    integers = np.full((count, 3), -1, np.int64)
    occluded = np.zeros(count, np.bool_)
    limits = np.broadcast_to(np.asarray(t_max * place.scale, np.float32), count).copy()
    _trace(tables, NO_CAMERA, origins, directions, limits, floats, integers, occluded)
    return HitArrays(
        floats[:, 0] / place.scale,
        *integers.T,
        _points_back(place, floats[:, 1:4]),
        floats[:, 4:7],
        floats[:, 7:10],
        floats[:, 10:12],
        floats[:, 12] / place.scale,
        occluded,
    )


def _points_back(place, points):
    return points if place.is_identity else place.points_back(points)


@entry
def _describe(tables, camera, origins, directions, floats):
    scene = pinned(view_scene(tables, camera))
    for i in range(len(origins)):
        o = vec3(origins[i, 0], origins[i, 1], origins[i, 2])
        d = vec3(directions[i, 0], directions[i, 1], directions[i, 2])
        ray = find_closest(scene, o, d, np.float32(np.inf))
        if ray.slot == MISS:
            continue
        hit = make_hit(scene, o, d, ray)
        for k, a in enumerate((hit_color(scene, hit), hit_tangent(scene, hit))):
            floats[i, 3 * k] = a.x
            floats[i, 1 + 3 * k] = a.y
            floats[i, 2 + 3 * k] = a.z


def describe(tables, origins, directions):
    """Colours and tangents where rays end; 0 where they hit nothing."""
    origins, directions = _both(placement_in(tables.placement).points(origins), directions)
    floats = np.zeros((len(origins), 6), np.float32)
    _describe(tables, NO_CAMERA, origins, directions, floats)
    return floats[:, :3], floats[:, 3:]


@entry
def _leave(tables, camera, origins, directions, leaving, starts, hits):
    scene = pinned(view_scene(tables, camera))
    for i in range(len(origins)):
        o = vec3(origins[i, 0], origins[i, 1], origins[i, 2])
        d = vec3(directions[i, 0], directions[i, 1], directions[i, 2])
        ray = find_closest(scene, o, d, np.float32(np.inf))
        hits[i, 0] = -1
        if ray.slot == MISS:
            continue
        hit = make_hit(scene, o, d, ray)
        hits[i, 0] = hit.primitive
        hits[i, 1] = ray.instance
        away = vec3(leaving[i, 0], leaving[i, 1], leaving[i, 2])
        start = spawn_origin(hit, away)
        starts[i, 0] = start.x
        starts[i, 1] = start.y
        starts[i, 2] = start.z
        hits[i, 4] = dot(away, hit.ng) >= 0.0
        again = find_closest(scene, start, away, np.float32(np.inf))
        hits[i, 2] = -1
        if again.slot != MISS:
            second = make_hit(scene, start, away, again)
            hits[i, 2] = second.primitive
            hits[i, 3] = again.instance


def leave(tables, origins, directions, leaving):
    """Trace rays, and from each hit another ray on; see the result's names."""
    place = placement_in(tables.placement)
    origins = _rows(place.points(origins))
    directions, leaving = _rows(directions), _rows(leaving)
    starts = np.zeros((len(origins), 3), np.float32)
    hits = np.full((len(origins), 5), -1, np.int64)
    _leave(tables, NO_CAMERA, origins, directions, leaving, starts, hits)
    return SimpleNamespace(
        primitive=hits[:, 0],
        instance=hits[:, 1],
        next_primitive=hits[:, 2],
        next_instance=hits[:, 3],
        outside=hits[:, 4] == 1,
        start=_points_back(place, starts),
    )


@device
def _some_hit(scene):
    """On the unit ball that `MaterialUnderTest` makes."""
    o = vec3(0.3, 0.2, 5.0)
    d = vec3(0.0, 0.0, -1.0)
    return make_hit(scene, o, d, find_closest(scene, o, d, np.float32(np.inf)))


@entry
def _sample_bsdfs(tables, camera, wo, numbers, floats, specular):
    scene = pinned(view_scene(tables, camera))
    hit = _some_hit(scene)
    bsdf = load_bsdf(scene, hit, 0 + hit.material, make_parameters())
    for i in range(len(wo)):
        sample = sample_bsdf(
            bsdf, vec3(wo[i, 0], wo[i, 1], wo[i, 2]), numbers[i, 0], numbers[i, 1], numbers[i, 2]
        )
        floats[i, 0] = sample.wi.x
        floats[i, 1] = sample.wi.y
        floats[i, 2] = sample.wi.z
        floats[i, 3] = sample.weight.x
        floats[i, 4] = sample.weight.y
        floats[i, 5] = sample.weight.z
        floats[i, 6] = sample.pdf
        floats[i, 7] = sample.eta
        specular[i] = sample.is_specular


@entry
def _eval_bsdfs(tables, camera, wo, wi, floats):
    scene = pinned(view_scene(tables, camera))
    hit = _some_hit(scene)
    bsdf = load_bsdf(scene, hit, 0 + hit.material, make_parameters())
    for i in range(len(wi)):
        value = eval_bsdf_cos(
            bsdf, vec3(wo[i, 0], wo[i, 1], wo[i, 2]), vec3(wi[i, 0], wi[i, 1], wi[i, 2])
        )
        floats[i, 0] = value.f_cos.x
        floats[i, 1] = value.f_cos.y
        floats[i, 2] = value.f_cos.z
        floats[i, 3] = value.pdf


class MaterialUnderTest:
    """A material compiled on its own, with `eval_bsdf_cos` and `sample_bsdf` on arrays."""

    def __init__(self, material) -> None:
        self.tables = compile_scene(scene_of([rw.Sphere((0, 0, 0), 1, material=material)]))

    def sample(self, wo, numbers):
        """Directions wi, weights, densities, specular or not, and etas."""
        wo, numbers = _both(wo, numbers)
        floats = np.zeros((len(wo), 8), np.float32)
        specular = np.zeros(len(wo), np.bool_)
        _sample_bsdfs(self.tables, NO_CAMERA, wo, numbers, floats, specular)
        return SimpleNamespace(
            wi=floats[:, :3],
            weight=floats[:, 3:6],
            pdf=floats[:, 6],
            eta=floats[:, 7],
            specular=specular,
        )

    def eval(self, wo, wi):
        """BSDF times cosine (N, 3), and densities (N,)."""
        wo, wi = _both(wo, wi)
        floats = np.zeros((len(wo), 4), np.float32)
        _eval_bsdfs(self.tables, NO_CAMERA, wo, wi, floats)
        return floats[:, :3], floats[:, 3]


@entry
def _sample_lights(tables, camera, point, normal, numbers, floats, lights, delta):
    scene = pinned(view_scene(tables, camera))
    p = vec3(point[0], point[1], point[2])
    n = vec3(normal[0], normal[1], normal[2])
    for i in range(len(numbers)):
        sample = sample_light(scene, p, n, numbers[i, 0], numbers[i, 1], numbers[i, 2])
        floats[i, 0] = sample.wi.x
        floats[i, 1] = sample.wi.y
        floats[i, 2] = sample.wi.z
        floats[i, 3] = sample.radiance.x
        floats[i, 4] = sample.radiance.y
        floats[i, 5] = sample.radiance.z
        floats[i, 6] = sample.pdf
        floats[i, 7] = sample.reach
        floats[i, 8] = sample.normal.x
        floats[i, 9] = sample.normal.y
        floats[i, 10] = sample.normal.z
        lights[i] = sample.light
        delta[i] = sample.delta


@entry
def _find_lights(tables, camera, point, normal, directions, floats, lights):
    scene = pinned(view_scene(tables, camera))
    p = vec3(point[0], point[1], point[2])
    n = vec3(normal[0], normal[1], normal[2])
    for i in range(len(directions)):
        d = vec3(directions[i, 0], directions[i, 1], directions[i, 2])
        ray = find_closest(scene, p, d, np.float32(np.inf))
        lights[i] = -1
        if ray.slot == MISS:
            radiance = eval_environment(scene, d)
            floats[i, 3] = pdf_environment(scene, p, n, d)
            if floats[i, 3] > 0.0:
                lights[i] = int(scene.environment[ENVIRONMENT_LIGHT])
            floats[i, 4] = np.float32(np.inf)
        else:
            hit = make_hit(scene, p, d, ray)
            floats[i, 4] = ray.t
            radiance = emitted_radiance(scene, hit, d)
            if hit.light >= 0:
                lights[i] = hit.light
                floats[i, 3] = pdf_light_hit(scene, p, n, hit, d)
        floats[i, 0] = radiance.x
        floats[i, 1] = radiance.y
        floats[i, 2] = radiance.z


@entry
def _light_probabilities(tables, camera, points, normals, probabilities):
    scene = pinned(view_scene(tables, camera))
    for i in range(len(points)):
        p = vec3(points[i, 0], points[i, 1], points[i, 2])
        n = vec3(normals[i, 0], normals[i, 1], normals[i, 2])
        for light in range(probabilities.shape[1]):
            probabilities[i, light] = light_probability(scene, p, n, light)


class LightsUnderTest:
    """The lights of a scene, as sampled from a point and as found in directions from there.

    Points and distances are in the coordinates of the scene, as those of `trace`.
    """

    def __init__(self, shapes, emitters=()) -> None:
        self.tables = compile_scene(scene_of(shapes, emitters))
        self._place = placement_in(self.tables.placement)

    def _placed(self, point):
        return _rows(self._place.points(np.asarray(point)))

    def sample(self, point, numbers, normal=(0, 0, 0)):
        """Directions, radiances, densities, reaches, light rows, normals; delta lights or not."""
        numbers = _rows(numbers)
        floats = np.zeros((len(numbers), 11), np.float32)
        lights = np.zeros(len(numbers), np.int64)
        delta = np.zeros(len(numbers), np.bool_)
        place = self._placed(point)[0], np.asarray(normal, np.float32)
        _sample_lights(self.tables, NO_CAMERA, *place, numbers, floats, lights, delta)
        return SimpleNamespace(
            wi=floats[:, :3],
            radiance=floats[:, 3:6],
            pdf=floats[:, 6],
            reach=floats[:, 7] / self._place.scale,
            normal=floats[:, 8:11],
            light=lights,
            delta=delta,
        )

    def probabilities(self, points, normals):
        """Probability of each light to be chosen at each point, (N, L)."""
        points, normals = _both(self._placed(points), normals)
        result = np.zeros((len(points), len(self.tables.lights)), np.float32)
        _light_probabilities(self.tables, NO_CAMERA, points, normals, result)
        return result

    def find(self, point, directions, normal=(0, 0, 0)):
        """Radiances and densities in given directions, light rows (-1: none) and distances."""
        directions = _rows(directions)
        floats = np.zeros((len(directions), 5), np.float32)
        lights = np.zeros(len(directions), np.int64)
        place = self._placed(point)[0], np.asarray(normal, np.float32)
        _find_lights(self.tables, NO_CAMERA, *place, directions, floats, lights)
        return SimpleNamespace(
            radiance=floats[:, :3],
            pdf=floats[:, 3],
            distance=floats[:, 4] / self._place.scale,
            light=lights,
        )


@entry
def _draw(seed, pixels, samples, groups, lattices, numbers):
    for i in range(len(pixels)):
        four = draw_four(start_sequence(seed, pixels[i], samples[i], lattices), groups[i])
        numbers[i, 0] = four.x
        numbers[i, 1] = four.y
        numbers[i, 2] = four.z
        numbers[i, 3] = four.w


def draw(seed, pixels, samples, groups, lattices=0):
    """The renderer's sample numbers, (N, 4)."""
    parts = np.broadcast_arrays(*(np.asarray(a, np.int64) for a in (pixels, samples, groups)))
    numbers = np.zeros((parts[0].size, 4), np.float32)
    _draw(np.uint64(seed), *(a.ravel().copy() for a in parts), lattices, numbers)
    return numbers


def scene_of(shapes, emitters=(), **camera):
    """A scene whose camera matters little."""
    chosen = {"look_from": (0, 0, 5), "look_at": (0, 0, 0), **camera}
    return rw.Scene(shapes, emitters=emitters, camera=rw.PerspectiveCamera(**chosen))


def compiled(shapes, emitters=()):
    """The tables of some shapes."""
    return compile_scene(scene_of(shapes, emitters))


@entry
def _generate(camera, points, origins, directions):
    table = view(camera)
    for i in range(len(points)):
        origin, d = generate_ray(table, points[i, 0], points[i, 1], points[i, 2], points[i, 3])
        origins[i, 0] = origin.x
        origins[i, 1] = origin.y
        origins[i, 2] = origin.z
        directions[i, 0] = d.x
        directions[i, 1] = d.y
        directions[i, 2] = d.z


def camera_rays(camera, width, height, points):
    """Origins and directions of rays through points (x, y, u, v) of picture and lens."""
    points = _rows(points)
    origins, directions = np.zeros((2, len(points), 3), np.float32)
    _generate(compile_camera(camera, width, height), points, origins, directions)
    return origins.astype(float), directions.astype(float)


def directions(generator, count):
    """Uniform unit directions, (count, 3) float32."""
    d = generator.standard_normal((count, 3))
    return (d / np.linalg.norm(d, axis=1, keepdims=True)).astype(np.float32)


def _rows(a):
    return np.ascontiguousarray(np.atleast_2d(np.asarray(a, np.float32)))


def _both(a, b):
    a, b = np.broadcast_arrays(_rows(a), _rows(b))
    return np.ascontiguousarray(a), np.ascontiguousarray(b)


@entry
def _draw_in_lanes(seed, pixels, samples, groups, lattices, room, numbers):
    lanes = Bundle(make_numbers(), make_words(), make_stacks(), make_rooms())
    table = view(numbers)
    for first in range(0, len(pixels), WIDTH):
        for lane in range(WIDTH):
            i = first + lane
            store_sequence(lanes, lane, start_sequence(seed, pixels[i], samples[i], lattices))
            store_word(lanes, rows.SAMPLE, lane, samples[i])
            room[lane] = groups[i]
        if lattices != 0:
            places = place_in_lattice(load_word_row(lanes, rows.SAMPLE), lattices)
            store_word_row(lanes, rows.PLACE, places)
        four = draw_four(load_sequences(lanes, lattices != 0), load_lanes(view(room), 0))
        for k, lane_numbers in enumerate((four.x, four.y, four.z, four.w)):
            store_lanes(table, 4 * first + k * WIDTH, lane_numbers)


def draw_in_lanes(seed, pixels, samples, groups, lattices):
    """The same as `draw`, drawn for `WIDTH` sequences at once; N is a multiple of that."""
    numbers = np.zeros((len(pixels) // WIDTH, 4, WIDTH), np.float32)
    room = np.zeros(WIDTH, np.int32)
    _draw_in_lanes(np.uint64(seed), pixels, samples, groups, lattices, room, numbers)
    return numbers.transpose(0, 2, 1).reshape(-1, 4)


# --- A few primitives, many rays at once ----------------------------------------------------------


@entry
def _trace_few(tables, camera, origins, directions, t_max, floats, slots, occluded):
    """Rays are in blocks of `WIDTH`, (B, 3, WIDTH); those that may walk on through the tree."""
    scene = pinned(view_scene(tables, camera))
    o, d, limits, hits = view(origins), view(directions), view(t_max), view(floats)
    found = view(slots)
    for block in range(len(origins)):
        at = 3 * block * WIDTH
        origin = vec3(load_lanes(o, at), load_lanes(o, at + WIDTH), load_lanes(o, at + 2 * WIDTH))
        direction = vec3(
            load_lanes(d, at), load_lanes(d, at + WIDTH), load_lanes(d, at + 2 * WIDTH)
        )
        t, u, v, slot = find_closest_of_few(scene, origin, direction)
        store_lanes(hits, at, t)
        store_lanes(hits, at + WIDTH, u)
        store_lanes(hits, at + 2 * WIDTH, v)
        store_lanes(found, block * WIDTH, slot)
        reach = load_lanes(limits, block * WIDTH)
        flats = len(tables.few_occluders)
        mask = lane_mask(is_occluded_by_few(scene, origin, direction, reach, flats))
        near = find_near_rest(scene, origin, direction, t)
        in_reach = find_near_rest(scene, origin, direction, reach)
        for lane in range(WIDTH):
            i = block * WIDTH + lane
            occluded[i] = (mask >> lane) & 1
            if scene.is_few:
                continue
            start = vec3(o[at + lane], o[at + WIDTH + lane], o[at + 2 * WIDTH + lane])
            along = vec3(d[at + lane], d[at + WIDTH + lane], d[at + 2 * WIDTH + lane])
            if (near >> lane) & 1 != 0:
                ray = find_closest_of_finite(scene, scene.rest, start, along, hits[at + lane])
                if ray.slot != MISS:
                    hits[at + lane] = ray.t
                    hits[at + WIDTH + lane] = ray.u
                    hits[at + 2 * WIDTH + lane] = ray.v
                    found[i] = ray.slot
            walks = (in_reach >> lane) & 1 != 0
            if walks and is_occluded_by_rest(scene, scene.rest, start, along, limits[i]):
                occluded[i] = 1


@entry
def _trace_slots(tables, camera, origins, directions, t_max, floats, slots, occluded):
    scene = pinned(view_scene(tables, camera))
    for i in range(len(origins)):
        o = vec3(origins[i, 0], origins[i, 1], origins[i, 2])
        d = vec3(directions[i, 0], directions[i, 1], directions[i, 2])
        ray = find_closest(scene, o, d, np.float32(np.inf))
        floats[i, 0] = ray.t
        floats[i, 1] = ray.u
        floats[i, 2] = ray.v
        slots[i] = ray.slot
        occluded[i] = is_occluded(scene, o, d, t_max[i])


def trace_both_ways(tables, origins, directions, t_max):
    """Rays through the tree and against lists (`kernels.geometry.brute_force`): (t, u, v), slots,
    occluded.

    As many as a multiple of `WIDTH`.
    """
    origins, directions = _rows(origins), _rows(directions)
    count = len(origins)
    limits = np.broadcast_to(np.asarray(t_max, np.float32), count).copy()
    found = []
    for entry_, in_blocks in ((_trace_slots, False), (_trace_few, True)):
        floats = np.zeros((count, 3), np.float32)
        slots = np.zeros(count, np.int32)
        occluded = np.zeros(count, np.bool_)
        o, d = (_in_blocks(a) if in_blocks else a for a in (origins, directions))
        out = _in_blocks(floats) if in_blocks else floats
        entry_(tables, NO_CAMERA, o, d, limits, out, slots, occluded)
        if in_blocks:
            out = out.transpose(0, 2, 1).reshape(-1, 3)
        found.append((out, slots, occluded))
    return found


def _in_blocks(rows):
    """(N, 3) as (N / WIDTH, 3, WIDTH)."""
    return np.ascontiguousarray(rows.reshape(-1, WIDTH, 3).transpose(0, 2, 1))
