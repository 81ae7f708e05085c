"""What few materials ask about a hit: the colour its shape brings, and how its surface lies."""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.grid import color_at
from raywidget.kernels.geometry.intersect import FLAT_BLOCK, ROUND_BLOCK
from raywidget.kernels.geometry.surface_point import Hit, largest
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.sampling import cos_sin_turn, make_frame
from raywidget.kernels.language.simd import WIDTH, Real, choose, lanes_sqrt
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, vec3
from raywidget.kernels.language.vec3_lanes import choose_vec3
from raywidget.kernels.layout import SceneView


@device
def hit_color(scene: SceneView, hit: Hit) -> Vec3:
    """The colour that the shape itself has there: of vertices, a face or an item; else white."""
    if hit.slot >= layout.VOLUME_SLOT:
        return color_at(scene, hit.slot - layout.VOLUME_SLOT, hit.p)
    if hit.instance >= 0:
        own = scene.instance_codes[
            hit.instance * layout.INSTANCE_CODES_SIZE + layout.INSTANCE_COLOR
        ]
        if own >= 0:
            return load_vec3(scene.colors, own * 3)
    row = hit.primitive * layout.PRIMITIVE_SIZE
    color = scene.primitives[row + layout.PRIMITIVE_COLOR]
    corners = scene.primitives[row + layout.PRIMITIVE_CORNERS]
    if corners < -1:
        end = -2 - corners
        along = along_round(scene, hit)
        first = load_vec3(scene.colors, color * 3)
        return first * (1.0 - along) + load_vec3(scene.colors, end * 3) * along
    if corners >= 0:
        corner_row = corners * layout.CORNERS_SIZE
        if scene.corners[corner_row + layout.CORNERS_FLAGS] & layout.CORNERS_COLORS:
            a = load_vec3(scene.colors, (scene.corners[corner_row] + color) * 3)
            b = load_vec3(scene.colors, (scene.corners[corner_row + 1] + color) * 3)
            c = load_vec3(scene.colors, (scene.corners[corner_row + 2] + color) * 3)
            return a * (1.0 - hit.b1 - hit.b2) + b * hit.b1 + c * hit.b2
    if color >= 0:
        return load_vec3(scene.colors, color * 3)
    return vec3(1.0, 1.0, 1.0)


@device
def along_round(scene: SceneView, hit: Hit) -> float:
    """How far from the base to the top of a round, 0 to 1."""
    slot = hit.slot - layout.ROUND_SLOT
    block = slot // WIDTH
    row = block * ROUND_BLOCK + (slot - block * WIDTH)
    rounds = scene.rounds
    base = vec3(rounds[row], rounds[row + WIDTH], rounds[row + 2 * WIDTH])
    at = row + 9 * WIDTH
    axis = vec3(rounds[at], rounds[at + WIDTH], rounds[at + 2 * WIDTH])
    height = rounds[row + layout.ROUND_HEIGHT_ROW * WIDTH]
    if not height > 0.0:
        return 0.0
    return min(1.0, max(0.0, dot(hit.p - base, axis) / height))


class Coordinates(NamedTuple):
    """Where on its surface a point lies."""

    u: float
    v: float


@device
def second_coordinates(scene: SceneView, hit: Hit) -> Coordinates:
    """The second texture coordinates of a mesh; elsewhere the first."""
    if hit.slot >= layout.BALL_SLOT:
        return Coordinates(hit.u, hit.v)
    corners = scene.primitives[hit.primitive * layout.PRIMITIVE_SIZE + layout.PRIMITIVE_CORNERS]
    if corners < 0:
        return Coordinates(hit.u, hit.v)
    row = corners * layout.CORNERS_SIZE
    further = scene.corners[row + layout.CORNERS_FLAGS] >> layout.CORNERS_BITS
    if further == 0:
        return Coordinates(hit.u, hit.v)
    table = scene.vertices
    a = (scene.corners[row] + further) * layout.VERTEX_SIZE + 3
    b = (scene.corners[row + 1] + further) * layout.VERTEX_SIZE + 3
    c = (scene.corners[row + 2] + further) * layout.VERTEX_SIZE + 3
    weight = 1.0 - hit.b1 - hit.b2
    return Coordinates(
        table[a] * weight + table[b] * hit.b1 + table[c] * hit.b2,
        table[a + 1] * weight + table[b + 1] * hit.b1 + table[c + 1] * hit.b2,
    )


@device
def hit_tangent(scene: SceneView, hit: Hit) -> Vec3:
    """The direction in which the texture coordinate u grows, in the world.

    Unit, and at right angles to the shading normal. Where u has no direction (a pole, a
    triangle whose corners have the same coordinates) it is some direction at right angles.
    """
    if hit.slot >= layout.ROUND_SLOT:
        tangent = _round_tangent(scene, hit)
    elif hit.slot >= layout.BALL_SLOT:
        tangent = ball_tangent(hit.u)
    else:
        tangent = _flat_tangent(scene, hit)
    return tangent_beside(tangent, hit.ns)


@device
def tangent_beside(tangent: Vec3, ns: Vec3) -> Vec3:
    """A unit vector at right angles to a normal, along a tangent if it can be; of lanes, lanes."""
    tangent = tangent - ns * dot(ns, tangent)
    square = dot(tangent, tangent)
    is_sound = square > 1e-8
    scale = 1.0 / lanes_sqrt(choose(is_sound, square, 1.0))
    return choose_vec3(is_sound, tangent * scale, make_frame(ns).x)


@device
def ball_tangent(u: Real) -> Vec3:
    """Where u = 1/2 + atan2(z, x) / (2 pi) of the outward normal; of lanes, lanes."""
    cos, sin = cos_sin_turn(u)
    return vec3(sin, 0.0, 0.0 - cos)


@device
def tangent_by_coordinates(
    edge_u: Vec3, edge_v: Vec3, b_u: Real, b_v: Real, c_u: Real, c_v: Real
) -> Vec3:
    """The direction on a triangle in which u grows, and v doesn't; of lanes, lanes.

    It is no unit vector. By as much do u and v differ at the ends of the edges.
    """
    # u and v are linear on the triangle: solve for the step with du > 0 and dv = 0.
    along = edge_u * c_v - edge_v * b_v
    return along * choose(b_u * c_v - c_u * b_v >= 0.0, 1.0, -1.0)


@device
def shortened(tangent: Vec3) -> Vec3:
    """Brought to the size of 1, whatever its own; of lanes, lanes."""
    size = largest(tangent)
    return tangent * (1.0 / choose(size > 0.0, size, 1.0))


@device
def _round_tangent(scene: SceneView, hit: Hit) -> Vec3:
    """Once round the axis, from x to y."""
    slot = hit.slot - layout.ROUND_SLOT
    block = slot // WIDTH
    row = block * ROUND_BLOCK + (slot - block * WIDTH) + 3 * WIDTH
    rounds = scene.rounds
    x_axis = vec3(rounds[row], rounds[row + WIDTH], rounds[row + 2 * WIDTH])
    row += 3 * WIDTH
    y_axis = vec3(rounds[row], rounds[row + WIDTH], rounds[row + 2 * WIDTH])
    return y_axis * hit.b1 - x_axis * hit.b2


@device
def _flat_tangent(scene: SceneView, hit: Hit) -> Vec3:
    """The edge along u; with texture coordinates, the direction that their differences give."""
    block = hit.slot // WIDTH
    row = block * FLAT_BLOCK + (hit.slot - block * WIDTH)
    flats = scene.flats
    tangent = vec3(flats[row + 3 * WIDTH], flats[row + 4 * WIDTH], flats[row + 5 * WIDTH])
    corners = scene.primitives[hit.primitive * layout.PRIMITIVE_SIZE + layout.PRIMITIVE_CORNERS]
    if corners >= 0:
        corner_row = corners * layout.CORNERS_SIZE
        if scene.corners[corner_row + layout.CORNERS_FLAGS] & layout.CORNERS_UVS:
            edge_v = vec3(flats[row + 6 * WIDTH], flats[row + 7 * WIDTH], flats[row + 8 * WIDTH])
            table = scene.vertices
            a = scene.corners[corner_row] * layout.VERTEX_SIZE
            b = scene.corners[corner_row + 1] * layout.VERTEX_SIZE
            c = scene.corners[corner_row + 2] * layout.VERTEX_SIZE
            b_u = table[b + 3] - table[a + 3]
            b_v = table[b + 4] - table[a + 4]
            c_u = table[c + 3] - table[a + 3]
            c_v = table[c + 4] - table[a + 4]
            tangent = tangent_by_coordinates(tangent, edge_v, b_u, b_v, c_u, c_v)
    if hit.instance >= 0:
        place = hit.instance * layout.INSTANCE_SIZE
        x = load_vec3(scene.instances, place)
        y = load_vec3(scene.instances, place + 4)
        z = load_vec3(scene.instances, place + 8)
        tangent = vec3(dot(x, tangent), dot(y, tangent), dot(z, tangent))
    return shortened(tangent)
