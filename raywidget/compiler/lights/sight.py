"""How much of a scene each light can see, so that hidden ones are chosen less often.

What a light would bring to a point if nothing stood in between says nothing of walls: beside a sun
outside, a lamp in the room would hardly ever be chosen. So before the first sample, shadow rays go
from a few points among the scene's things to each light.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from raywidget.compiler.lights.environment import luminances_of
from raywidget.kernels import layout
from raywidget.kernels.geometry.traverse import is_occluded_whole
from raywidget.kernels.integrators.tile import view_scene
from raywidget.kernels.language.buffers import view
from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.pinned import pinned
from raywidget.kernels.language.vec3 import dot, load_vec3, vec3
from raywidget.kernels.layout import F32, I64, SceneTables
from raywidget.scene.emitters.emitters import Emitter
from raywidget.scene.emitters.panorama import directions_of, texel_solid_angles
from raywidget.scene.emitters.portal import Portal
from raywidget.scene.shapes.simple import Bounds

_POINTS = 256
_LEAST = 0.02  # a light that no point sees may still shine where none was

_OFTEN = 0.6  # the chance of an image, about, where it brings most of the light

_LEAST_EVEN = 0.05  # what has its back to the bright side of an image still asks for the rest

_INFINITY = float("inf")
_NO_CAMERA = np.zeros(layout.CAMERA_SIZE, np.float32)


def weigh_by_sight(
    tables: SceneTables, boxes: Sequence[Bounds], emitters: Sequence[Emitter]
) -> None:
    """Weaken the lights that are weighed one by one by the share of points that don't see them.

    `boxes` are those of the scene's shapes, in the tables. Of a tree nothing is known: it counts as
    seen by all points that see anything. An image is weighed by what has to be sought of it, too,
    unless it is seen through portals.
    """
    nodes = tables.light_nodes
    tree = 1 if len(tables.light_leaves) else 0  # its row
    rows = np.arange(tree, len(nodes))
    if not len(rows) or not boxes:
        return
    points, directions = _points_among(boxes)
    through_portals = any(isinstance(emitter, Portal) for emitter in emitters)
    if _has_own_row(tables) and not through_portals:
        sought = _sought_of_image(tables)
        directions = sought.directions
        nodes[-1, layout.LIGHT_NODE_STRENGTH] *= np.float32(sought.share)
        # What a surface receives of it, by that on average: 4 cos of a single direction, 1 of all
        # alike; how much it has of both, the mean of unit vectors tells. (While all surfaces were
        # taken to face it alike, a sun beside a bright texel near the horizon had 1.4 times the
        # squared error of a uniform choice; now it has 0.98.)
        towards = directions.mean(axis=0)
        nodes[-1, layout.LIGHT_NODE_AXIS : layout.LIGHT_NODE_AXIS + 3] = 4.0 * towards
        even = 1.0 - float(np.linalg.norm(towards))
        nodes[-1, layout.LIGHT_NODE_COS_NORMALS] = max(even, _LEAST_EVEN)
    seen = np.zeros((len(rows), _POINTS), np.int64)
    # Surfaces have the sky on one side: of a direction and its opposite one has to be open. (Where
    # the first alone was asked, an image above a floor counted as half hidden.)
    for ways in (directions, -directions):
        _count_seen(tables, _NO_CAMERA, points, ways, tree, seen)
    at_all = _POINTS if tree else max(1, int(seen.any(axis=0).sum()))
    # Squared: most of the points that see a light which is mostly hidden are in its own corner.
    shares = np.maximum((seen.sum(axis=1) / at_all) ** 2, _LEAST)
    nodes[rows, layout.LIGHT_NODE_STRENGTH] *= shares.astype(np.float32)


def _has_own_row(tables: SceneTables) -> bool:
    """Is an image weighed by itself? Its row is the last."""
    far = len(tables.lights) - len(tables.light_leaves)
    alone = len(tables.light_nodes) - min(1, len(tables.light_leaves)) == far
    return alone and bool(tables.environment[layout.ENVIRONMENT_LIGHT] >= 0.0)


def count_open(tables: SceneTables, points: F32, directions: F32) -> int:
    """How many of the rays from points in some directions, (N, 3) each, meet nothing."""
    nodes = np.zeros((1, layout.LIGHT_NODE_SIZE), np.float32)
    nodes[0, layout.LIGHT_NODE_RADIUS] = -1.0
    nodes[0, layout.LIGHT_NODE_COS_NORMALS] = 1.0
    seen = np.zeros((1, len(points)), np.int64)
    sky = tables._replace(light_nodes=nodes)
    _count_seen(sky, _NO_CAMERA, points, directions, 0, seen)
    return int(seen.sum())


class _Sought(NamedTuple):
    """What samples of an image bring, not scattering."""

    share: float  # of its light: 1 of a sun alone, 0.02 of an even sky
    directions: F32  # (_POINTS, 3), drawn from it


def _sought_of_image(tables: SceneTables) -> _Sought:
    """By the power heuristic, with the greatest density of a diffuse surface.

    The share is the root of a mean square, which chances to be chosen should be in proportion to.
    """
    width = int(tables.environment[layout.ENVIRONMENT_WIDTH])
    luminance = luminances_of(tables.environment_edges)[1:-1]
    rows = len(luminance)  # without those beyond the poles
    light = luminance * (texel_solid_angles(rows)[:, None] * (2 * rows / width))
    square = (luminance * (_OFTEN * np.pi / light.sum())) ** 2
    sought = light * (square / (1.0 + square)) ** 2
    sums = sought.cumsum()
    drawn = np.searchsorted(sums, sums[-1] * np.random.default_rng(2).uniform(size=_POINTS))
    row, column = np.divmod(np.minimum(drawn, sums.size - 1), width)
    directions = directions_of((row + 0.5) * (np.pi / rows), (column + 0.5) * (2.0 * np.pi / width))
    first = layout.ENVIRONMENT_FROM_WORLD
    directions = directions @ tables.environment[first : first + 9].reshape(3, 3)
    return _Sought(float(np.sqrt(sums[-1] / light.sum())), directions.astype(np.float32))


def _points_among(boxes: Sequence[Bounds]) -> tuple[F32, F32]:
    """Points in the boxes of things, as many in each, and a direction for each of them."""
    random = np.random.default_rng(1)
    low = np.array([lo for lo, _ in boxes], np.float64)
    high = np.array([hi for _, hi in boxes], np.float64)
    which = np.arange(_POINTS) % len(boxes)
    if len(boxes) > _POINTS:
        which = np.linspace(0, len(boxes) - 1, _POINTS).astype(np.int64)
    across = (high - low)[which]
    places = random.uniform(size=(_POINTS, 3))
    directions = random.normal(size=(_POINTS, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    points = low[which] + places * across
    # A little towards the middle of all: not on walls, which are seen from both sides.
    points += 0.05 * (np.median(0.5 * (low + high), axis=0) - points)
    return points.astype(np.float32), directions.astype(np.float32)


@entry
def _count_seen(
    tables: SceneTables, camera: F32, points: F32, directions: F32, first: int, seen: I64
) -> None:
    """1 for each node of `light_nodes` from `first` on, and each point, that see each other."""
    scene = pinned(view_scene(tables, camera))
    places = view(points)
    ways = view(directions)
    for number in range(len(seen)):
        row = (first + number) * layout.LIGHT_NODE_SIZE
        radius = scene.light_nodes[row + layout.LIGHT_NODE_RADIUS]
        for i in range(len(points)):
            p = load_vec3(places, 3 * i)
            d = load_vec3(scene.light_nodes, row + layout.LIGHT_NODE_AXIS)
            reach = _INFINITY
            if radius >= 0.0:
                d = load_vec3(scene.light_nodes, row + layout.LIGHT_NODE_CENTRE) - p
                distance = math.sqrt(dot(d, d))
                if distance <= radius:
                    seen[number, i] = 1
                    continue
                d = d * (1.0 / distance)
                reach = (distance - radius) * 0.999
            elif scene.light_nodes[row + layout.LIGHT_NODE_COS_NORMALS] > 0.0:
                d = load_vec3(ways, 3 * i)
            if not is_occluded_whole(scene, p, vec3(d.x, d.y, d.z), reach):
                seen[number, i] = 1
