"""Edges of triangles and polygons, drawn on their surface: which points of it they cover.

Widths in pixels are measured in the picture, by the line through an edge that the camera sees:
wherever on the surface a path arrives, the answer is the same, whichever way it has come.
"""

from __future__ import annotations

import math

from raywidget.kernels import layout
from raywidget.kernels.geometry.intersect import FLAT_BLOCK
from raywidget.kernels.geometry.surface_point import Hit
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.sampling import PI
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.language.vec3 import Vec3, cross, dot, length, load_vec3, vec3
from raywidget.kernels.layout import SceneView

_ASIDE = 0.1  # cosine to the axis below which nothing is in the picture
_FAR = 1e30
_WIDEST = 0.25  # 1 / how many times wider on the surface than where it faces the camera


@on_demand
def edge_share(scene: SceneView, hit: Hit, material: int) -> float:
    """The share of a surface that edges cover where a ray has hit: 0 or 1, where they are not
    narrower than a pixel.
    """
    if hit.slot >= layout.BALL_SLOT or hit.cap >= 0:
        return 0.0
    marks = int(scene.edge_marks[hit.primitive])
    if marks == 0:
        return 0.0
    block = hit.slot // WIDTH
    row = block * FLAT_BLOCK + (hit.slot - block * WIDTH)
    flats = scene.flats
    edge_u = vec3(flats[row + 3 * WIDTH], flats[row + 4 * WIDTH], flats[row + 5 * WIDTH])
    edge_v = vec3(flats[row + 6 * WIDTH], flats[row + 7 * WIDTH], flats[row + 8 * WIDTH])
    if hit.instance >= 0:
        edge_u = _turned(scene, hit.instance, edge_u)
        edge_v = _turned(scene, hit.instance, edge_v)
    # Corners as seen from the point: nothing is lost where it is far from the origin.
    a = -(edge_u * hit.b1 + edge_v * hit.b2)
    b = a + edge_u
    c = a + edge_v
    is_triangle = flats[row + layout.FLAT_SHEAR_ROW * WIDTH] != 0.0
    width = scene.materials[material * layout.MATERIAL_SIZE + layout.MATERIAL_EDGE_WIDTH]
    drawn = width
    in_pixels = width > 0.0
    share = 1.0
    if in_pixels:
        # What is narrower than a pixel covers a share of it, instead of being missed or not.
        drawn = max(width, scene.camera[layout.CAMERA_COARSENESS])
        share = width / drawn
    reach = 0.5 * abs(drawn)
    p = hit.p - load_vec3(scene.camera, layout.CAMERA_ORIGIN)
    # Where the camera sees a surface from its side, mirrors don't: no black bands in them.
    least = _WIDEST * _per_length(scene, p) if in_pixels else 0.0
    for k in range(4):
        start = a
        end = b
        if is_triangle:
            if k == 1:
                start = b
                end = c
            elif k == 2:
                start = c
                end = a
        elif k == 1:
            start = b
            end = b + edge_v
        elif k == 2:
            start = b + edge_v
            end = c
        elif k == 3:
            start = c
            end = a
        if marks & (layout.MARK_EDGE << k) != 0:
            away = _in_space(start, end)
            if in_pixels:
                away = max(least * away, _from_line(scene, p, start, end))
            if away < reach:
                return share
        if marks & (layout.MARK_CORNER << k) != 0:
            away = length(start)
            if in_pixels:
                away = max(least * away, _from_point(scene, p, start))
            if away < reach:
                return share
    if scene.edge_end_count == 0:
        return 0.0
    for row in range(scene.edge_rows[hit.primitive], scene.edge_rows[hit.primitive + 1]):
        at = row * layout.EDGE_END_SIZE
        edge = load_vec3(scene.edge_ends, at)
        if hit.instance >= 0:
            edge = _turned(scene, hit.instance, edge)
        corner = scene.edge_ends[at + layout.EDGE_END_CORNER]
        start = a if corner == 0.0 else b if corner == 1.0 else c
        # Only beside it: there is nothing behind its ends.
        along = -dot(start, edge)
        if along > 0.0 and along < dot(edge, edge):
            away = _in_space(start, start + edge)
            if in_pixels:
                away = max(least * away, _from_line(scene, p, start, start + edge))
            if away < reach:
                return share
    return 0.0


@device
def _turned(scene: SceneView, instance: int, edge: Vec3) -> Vec3:
    """An edge out of the object space of an instance."""
    row = instance * layout.INSTANCE_SIZE
    return vec3(
        dot(load_vec3(scene.instances, row), edge),
        dot(load_vec3(scene.instances, row + 4), edge),
        dot(load_vec3(scene.instances, row + 8), edge),
    )


@device
def _in_space(a: Vec3, b: Vec3) -> float:
    """Distance of the origin from the line through two points."""
    along = b - a
    size = length(along)
    return length(cross(a, b)) / size if size > 0.0 else _FAR


@device
def _seen(scene: SceneView, w: Vec3) -> Vec3:
    """A vector in pixels to the right and up, and forward: for cameras that are not panoramic."""
    camera = scene.camera
    across = camera[layout.CAMERA_LENS_RIGHT]
    along = camera[layout.CAMERA_LENS_UP]
    x = dot(w, load_vec3(camera, layout.CAMERA_RIGHT)) * across * across
    y = dot(w, load_vec3(camera, layout.CAMERA_UP)) * along * along
    return vec3(
        x * camera[layout.CAMERA_PIXELS],
        y * camera[layout.CAMERA_PIXELS + 1],
        dot(w, load_vec3(camera, layout.CAMERA_FORWARD)),
    )


@device
def _per_radian(scene: SceneView, p: Vec3) -> float:
    """Pixels for a radian, for points that are not in a plane picture; else 0."""
    camera = scene.camera
    kind = int(camera[layout.CAMERA_KIND])
    if kind == layout.PANORAMIC:
        return camera[layout.CAMERA_PIXELS + 1] * (2.0 / PI)
    if kind == layout.ORTHOGRAPHIC:
        return 0.0
    if dot(p, load_vec3(camera, layout.CAMERA_FORWARD)) > _ASIDE * length(p):
        return 0.0
    return camera[layout.CAMERA_PIXELS + 1] * camera[layout.CAMERA_LENS_UP]


@device
def _per_length(scene: SceneView, p: Vec3) -> float:
    """Pixels for a unit of length that faces the camera, at a point that is `p` from it."""
    camera = scene.camera
    per_radian = _per_radian(scene, p)
    if per_radian > 0.0:
        return per_radian / max(length(p), 1e-30)
    high = camera[layout.CAMERA_PIXELS + 1] * camera[layout.CAMERA_LENS_UP]
    if int(camera[layout.CAMERA_KIND]) == layout.ORTHOGRAPHIC:
        return high
    return high / dot(p, load_vec3(camera, layout.CAMERA_FORWARD))


@device
def _from_line(scene: SceneView, p: Vec3, a: Vec3, b: Vec3) -> float:
    """Pixels between a point, `p` from the camera, and the line through two others, seen from it.

    The plane through the camera and the line is where it is seen, even if an end is behind the
    camera; its normal (p + a) x (p + b) is written so that nothing cancels out.
    """
    per_radian = _per_radian(scene, p)
    if per_radian > 0.0:
        n = cross(p, b - a) + cross(a, b)
        size = length(n) * length(p)
        return per_radian * abs(dot(cross(a, b), p)) / size if size > 0.0 else _FAR
    there = _seen(scene, p)
    a = _seen(scene, a)
    b = _seen(scene, b)
    if int(scene.camera[layout.CAMERA_KIND]) == layout.ORTHOGRAPHIC:
        x = b.x - a.x
        y = b.y - a.y
        size = math.sqrt(x * x + y * y)
        return abs(a.x * b.y - a.y * b.x) / size if size > 0.0 else _FAR
    between = cross(a, b)
    n = cross(there, b - a) + between
    size = there.z * math.sqrt(n.x * n.x + n.y * n.y)
    return abs(dot(between, there)) / size if size > 0.0 else _FAR


@device
def _from_point(scene: SceneView, p: Vec3, a: Vec3) -> float:
    """Pixels between a point, `p` from the camera, and one that is `a` from it."""
    per_radian = _per_radian(scene, p)
    if per_radian > 0.0:
        size = length(p) * length(p + a)
        return per_radian * length(cross(p, a)) / size if size > 0.0 else _FAR
    there = _seen(scene, p)
    a = _seen(scene, a)
    if int(scene.camera[layout.CAMERA_KIND]) == layout.ORTHOGRAPHIC:
        return math.sqrt(a.x * a.x + a.y * a.y)
    size = there.z * (there.z + a.z)
    x = a.x * there.z - there.x * a.z
    y = a.y * there.z - there.y * a.z
    return math.sqrt(x * x + y * y) / size if size > 0.0 else _FAR
