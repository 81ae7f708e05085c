"""Sketches: what a scene looks like, about, before there are kernels to render it.

The first picture of a fresh installation has to wait until kernels are compiled, for many seconds.
A sketch needs none of them: it is drawn in numpy, as an old-fashioned renderer would, with a lamp
beside the camera and no shadows. It is shown as a coarse picture is, never part of a film, and
gone with the first one that is rendered.

Triangles are rasterised in homogeneous coordinates, which need no clipping where a surface passes
the camera: Olano and Greer, "Triangle scan conversion using 2D homogeneous coordinates", 1997.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.preview.outline import Floats, Part, mean_color, outline_shapes
from raywidget.engine.preview.unlit import BACKGROUND
from raywidget.picture.transparency import lay_over_checkerboard
from raywidget.scene.backdrop import Backdrop
from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera
from raywidget.scene.emitters.emitters import (
    ConstantEnvironment,
    GradientEnvironment,
    ImageEnvironment,
)
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.meshes import Instances
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.textures.textures import Texture

AMBIENT = 0.3  # of the light comes from everywhere, the rest from the camera
CHUNK = 1 << 18  # pairs of pixel and primitive at once: some 30 ms, 50 MB
MOST_PAIRS = 1 << 22  # in all, or the picture becomes smaller: a second
LEAST_COLUMNS = 60  # but not smaller than this: then something is left out
OVERSIZED = 1e-6  # a corner may be so far outside, in barycentric coordinates: no cracks
NOTHING = np.uint64(0xFFFF_FFFF_FFFF_FFFF)

F32: TypeAlias = NDArray[np.float32]
F64: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


class _View(NamedTuple):
    """A camera and its pixels, in coordinates right, up and forward of it."""

    axes: F64  # (3, 3) rows: right, up, forward
    origin: F64  # (3,)
    half: F64  # (2,) half the picture's size, at distance 1 or anywhere
    shift: F64  # (2,) by how many of these its middle lies beside the axis
    central: bool  # perspective; else rays are parallel
    columns: int
    rows: int

    def points(self) -> F64:
        """Middles of pixels from the axis, right and up in halves, (P, 3) with 1 behind."""
        x = (2.0 * np.arange(self.columns) + 1.0) / self.columns - 1.0
        y = 1.0 - (2.0 * np.arange(self.rows) + 1.0) / self.rows
        across, down = np.meshgrid(x + self.shift[0], y + self.shift[1])
        return np.stack([across, down, np.ones_like(across)], axis=2).reshape(-1, 3)

    def move(self, points: NDArray[Any]) -> F64:
        """Points of the scene, (..., 3), as the camera sees them."""
        return np.asarray((points - self.origin) @ self.axes.T)

    def pixels(self, low: F64, high: F64) -> tuple[Ints, Ints]:
        """First and last pixels (N, 2) whose middles may lie in boxes from `low` to `high`."""
        size = np.array([self.columns, self.rows])
        turned = np.array([1.0, -1.0])
        low, high = low - self.shift, high - self.shift
        a = (low * turned + 1.0) * 0.5 * size - 0.5
        b = (high * turned + 1.0) * 0.5 * size - 0.5
        first = np.ceil(np.clip(np.minimum(a, b), 0.0, size)).astype(np.int64)
        last = np.floor(np.clip(np.maximum(a, b), -1.0, size - 1)).astype(np.int64)
        return first, last


class Sketch:
    """Draws one scene from any camera. Not thread-safe.

    Parameters
    ----------
    scene : Scene
        What is drawn. Taken apart here, which takes up to half a second.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        seen = [shape for shape in scene.shapes if _is_seen(shape)]
        parts = list(outline_shapes(seen, scene.clip))
        self._is_cut = any(part.clip for part in parts)
        # Triangles come first, then balls.
        flat_parts = [part for part in parts if part.corners.ndim == 3]
        ball_parts = [part for part in parts if part.corners.ndim == 2]
        self._parts = flat_parts + ball_parts
        self._first = np.cumsum([0, *(len(part.corners) for part in self._parts)])
        self._corners = _stack([part.corners for part in flat_parts], (3, 3))
        self._balls = _stack([part.corners for part in ball_parts], (4,))

    def is_of(self, scene: Scene) -> bool:
        """Does this scene differ from the one that is drawn in its camera at most?"""
        before = self._scene
        same_light = scene.emitters is before.emitters and scene.background == before.background
        return scene.shapes is before.shapes and scene.clip is before.clip and same_light

    def draw(
        self,
        camera: Camera,
        columns: int,
        rows: int,
        give_up: Callable[[], bool],
        cut_out: int | None = None,
        unlit: bool = False,
    ) -> F32 | None:
        """The picture, (rows, columns, 3); None if it was given up, or the camera is panoramic.

        It is smaller than that if it would take too long. With `cut_out`, how many pixels wide the
        picture is that it stands for, what is behind everything is a checkerboard. `unlit`, colours
        are what they are, before a grey.
        """
        if not isinstance(camera, PerspectiveCamera | OrthographicCamera):
            return None
        view = _view(camera, columns, rows)
        flats = _place_flats(view.move(self._corners), view)
        balls = _place_balls(view.move(self._balls[:, :3]), self._balls[:, 3:], view)
        while view.columns > LEAST_COLUMNS and _count(view, flats, balls) > MOST_PAIRS:
            view = view._replace(columns=-(-view.columns // 2), rows=-(-view.rows // 2))
        points = view.points()
        nearest = np.full(len(points), NOTHING)  # bits of the distance, then the primitive's number
        for pixel, depth, number in _hits(view, points, flats, balls):
            if give_up():
                return None
            if self._is_cut:
                kept = self._kept(view, points[pixel], depth, number)
                pixel, depth, number = pixel[kept], depth[kept], number[kept]
            # Bits of positive floats are in order.
            bits = depth.astype(np.float32).view(np.uint32).astype(np.uint64)
            np.minimum.at(nearest, pixel, bits << np.uint64(32) | number.astype(np.uint64))
        picture = self._shade(view, points, nearest, unlit).reshape(view.rows, view.columns, 3)
        if cut_out is None:
            return picture
        covers = (nearest != NOTHING).astype(np.float32).reshape(picture.shape[:2])
        inked = picture * covers[..., None]
        return lay_over_checkerboard(inked, covers, step=cut_out / view.columns)

    def _kept(self, view: _View, points: F64, depth: F64, number: Ints) -> NDArray[np.bool_]:
        """Which hits lie behind all planes that cut their shapes."""
        origins, directions = _rays(points, view)
        places = (origins + depth[:, None] * directions) @ view.axes + view.origin
        part_of = np.searchsorted(self._first, number, side="right") - 1
        kept = np.ones(len(number), bool)
        for index in np.unique(part_of):
            own = part_of == index
            for plane in self._parts[index].clip:
                kept[own] &= (places[own] - plane.point) @ plane.unit_normal() <= 0.0
        return kept

    def _shade(self, view: _View, points: F64, nearest: NDArray[np.uint64], unlit: bool) -> F32:
        origins, directions = _rays(points, view)
        backdrop = self._scene.background
        if unlit:
            result = np.full((len(points), 3), BACKGROUND)
        elif isinstance(backdrop, Backdrop):
            behind = backdrop.frame(view.columns, view.rows).reshape(-1, 3)
            result = np.minimum(behind.astype(np.float64), 1.0)
        else:
            result = _sky(self._scene, directions @ view.axes)
        seen = np.flatnonzero(nearest != NOTHING)
        number = (nearest[seen] & np.uint64(0xFFFF_FFFF)).astype(np.int64)
        depth = (nearest[seen] >> np.uint64(32)).astype(np.uint32).view(np.float32)
        # Directions advance by 1 along the view.
        places = (origins[seen] + depth[:, None] * directions[seen]) @ view.axes + view.origin
        towards = directions[seen] @ view.axes
        is_flat: NDArray[Any] = number < len(self._corners)
        normals = np.empty((len(seen), 3))
        corners = self._corners[number[is_flat]].astype(np.float64)
        normals[is_flat] = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        balls = self._balls[number[~is_flat] - len(self._corners)]
        normals[~is_flat] = places[~is_flat] - balls[:, :3]
        lengths = np.linalg.norm(normals, axis=1) * np.linalg.norm(towards, axis=1)
        facing = np.abs((normals * towards).sum(axis=1)) / np.maximum(lengths, 1e-300)
        light = AMBIENT + (1.0 - AMBIENT) * facing
        part_of = np.searchsorted(self._first, number, side="right") - 1
        for index in np.unique(part_of):
            own = np.flatnonzero(part_of == index)
            part = self._parts[index]
            color = _colors(part, number[own] - self._first[index], places[own])
            result[seen[own]] = color if unlit or part.paint.glows else color * light[own, None]
        return result.astype(np.float32)


def _view(camera: PerspectiveCamera | OrthographicCamera, columns: int, rows: int) -> _View:
    frame = camera.frame()
    height = 0.5 * camera.height if isinstance(camera, OrthographicCamera) else 0.0
    width, shift = height * columns / rows, np.zeros(2)
    if isinstance(camera, PerspectiveCamera):
        height, width = camera.half_height(columns / rows), camera.half_width(columns / rows)
        shift = 2.0 * np.array(camera.shift)
    half = np.array([width, height])
    axes = np.array([frame.right, frame.up, frame.forward])
    central = isinstance(camera, PerspectiveCamera)
    return _View(axes, np.array(camera.look_from), half, shift, central, columns, rows)


def _stack(parts: Sequence[Floats], shape: tuple[int, ...]) -> NDArray[Any]:
    return np.concatenate([*parts]) if parts else np.empty((0, *shape))


def _rays(points: F64, view: _View) -> tuple[F64, F64]:
    """Origins and directions (P, 3) in the camera's coordinates; directions advance by 1."""
    there = points * [*view.half, 1.0]
    if view.central:
        return np.zeros_like(there), there
    ahead = np.array([0.0, 0.0, 1.0])
    return there - ahead, np.broadcast_to(ahead, there.shape)


def _in_front(pixel: Ints, depth: F64, number: Ints) -> tuple[Ints, F64, Ints]:
    seen = (depth > 0.0) & (depth < np.inf)
    return pixel[seen], depth[seen], number[seen]


class _Flats(NamedTuple):
    """Triangles in a view."""

    moved: F64  # (T, 3, 3)
    inverse: F64  # (T, 3, 3) turn points into barycentric coordinates; Olano and Greer
    low: F64  # (T, 2) boxes in the picture
    high: F64  # (T, 2)


class _Balls(NamedTuple):
    """Balls in a view."""

    moved: F64  # (B, 4)
    low: F64  # (B, 2)
    high: F64  # (B, 2)


def _place_flats(moved: F64, view: _View) -> _Flats:
    matrix = np.swapaxes(moved / [*view.half, 1.0], 1, 2)  # its columns are the corners
    if not view.central:
        matrix[:, 2] = 1.0
    a, b, c = matrix[:, :, 0], matrix[:, :, 1], matrix[:, :, 2]
    inverse = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    determinant = (inverse[:, 0] * a).sum(axis=1)
    on_edge = np.abs(determinant) < 1e-300
    inverse /= np.where(on_edge, np.inf, determinant)[:, None, None]
    across, depth = moved[:, :, :2] / view.half, moved[:, :, 2]
    passes: Any = np.zeros(len(moved), np.bool_)
    if view.central:
        across = across / np.where(depth > 0.0, depth, 1.0)[:, :, None]
        passes = ~(depth > 0.0).all(axis=1)
    hidden = on_edge | (depth <= 0.0).all(axis=1)
    return _Flats(moved, inverse, *_boxes(across.min(axis=1), across.max(axis=1), passes, hidden))


def _place_balls(centres: F64, radii: Floats, view: _View) -> _Balls:
    """Boxes are round the cubes that are round balls."""
    near, far = centres[:, 2:] - radii, centres[:, 2:] + radii
    low, high = (centres[:, :2] - radii) / view.half, (centres[:, :2] + radii) / view.half
    passes: Any = np.zeros(len(radii), np.bool_)
    if view.central:
        passes = near[:, 0] <= 0.0
        a, b = (np.where(passes[:, None], 1.0, side) for side in (near, far))
        low, high = np.minimum(low / a, low / b), np.maximum(high / a, high / b)
    moved = np.concatenate([centres, radii], axis=1)
    return _Balls(moved, *_boxes(low, high, passes, far[:, 0] <= 0.0))


def _boxes(
    low: F64, high: F64, passes: NDArray[np.bool_], hidden: NDArray[np.bool_]
) -> tuple[F64, F64]:
    """The whole picture for what passes the camera, nothing for what is behind it."""
    low = np.where(hidden[:, None], np.inf, np.where(passes[:, None], -np.inf, low))
    high = np.where((hidden | passes)[:, None], np.inf, high)
    return low, high


def _count(view: _View, flats: _Flats, balls: _Balls) -> int:
    """How many pairs of pixel and primitive there are to look at."""
    total = 0
    for group in (flats, balls):
        first, last = view.pixels(group.low, group.high)
        total += int(np.maximum(last - first + 1, 0).prod(axis=1).sum())
    return total


def _hits(
    view: _View, points: F64, flats: _Flats, balls: _Balls
) -> Iterator[tuple[Ints, F64, Ints]]:
    """Pixels, distances along the view, and numbers of primitives that are seen there."""
    most = max(MOST_PAIRS, 4 * CHUNK)
    for pixel, own in _pairs(*view.pixels(flats.low, flats.high), view.columns, most):
        weights = np.einsum("nij,nj->ni", flats.inverse[own], points[pixel])
        total = weights.sum(axis=1)
        inside = (total > 0.0) & (weights.min(axis=1) >= -OVERSIZED * total)
        own, pixel, total = own[inside], pixel[inside], total[inside]
        depth = 1.0 / total
        if not view.central:
            depth = (weights[inside] * flats.moved[own, :, 2]).sum(axis=1)
        yield _in_front(pixel, depth, own)
    for pixel, own in _pairs(*view.pixels(balls.low, balls.high), view.columns, most):
        depth = _ball_depth(balls.moved[own], *_rays(points[pixel], view))
        yield _in_front(pixel, depth, own + len(flats.moved))


def _ball_depth(balls: F64, origins: F64, directions: F64) -> F64:
    """Where rays enter balls, or leave them if they start inside; infinity if they miss."""
    away = origins - balls[:, :3]
    a = (directions * directions).sum(axis=1)
    b = (away * directions).sum(axis=1)
    c = (away * away).sum(axis=1) - balls[:, 3] ** 2
    square = b * b - a * c
    root = np.sqrt(np.maximum(square, 0.0))
    first, second = (-b - root) / a, (-b + root) / a
    return np.where(square < 0.0, np.inf, np.where(first > 0.0, first, second))


def _pairs(first: Ints, last: Ints, columns: int, most: int) -> Iterator[tuple[Ints, Ints]]:
    """Pixels in boxes, and whose box it is, some at a time: `most` of them."""
    size = np.maximum(last - first + 1, 0)
    count = size.prod(axis=1)
    which = np.flatnonzero(count)
    ends = np.cumsum(count[which])
    begin = 0
    while begin < len(which):
        done = ends[begin - 1] if begin else 0
        if done >= most:
            return
        end = max(begin + 1, int(np.searchsorted(ends, done + CHUNK, side="right")))
        own = which[begin:end]
        each = np.repeat(own, count[own])
        place = np.arange(len(each)) - np.repeat(ends[begin:end] - count[own] - done, count[own])
        y, x = np.divmod(place, size[each, 0])
        yield (first[each, 1] + y) * columns + first[each, 0] + x, each
        begin = end


def _colors(part: Part, rows: Ints, places: F64) -> F64 | F32:
    """Colours (N, 3) of points on primitives of a part."""
    if part.colors is not None:
        return part.colors[rows]
    color = part.paint.color
    if part.uvs is not None and isinstance(color, Texture):
        a, b, c = (part.corners[rows, k].astype(np.float64) for k in range(3))
        # Barycentric coordinates: Ericson, "Real-time collision detection", 2005, 3.4.
        u, v, w = b - a, c - a, places - a
        uu, uv, vv = (u * u).sum(1), (u * v).sum(1), (v * v).sum(1)
        wu, wv = (w * u).sum(1), (w * v).sum(1)
        area = np.maximum(uu * vv - uv * uv, 1e-300)
        second = ((vv * wu - uv * wv) / area)[:, None]
        third = ((uu * wv - uv * wu) / area)[:, None]
        corners = part.uvs[rows]
        at = corners[:, 0] * (1.0 - second - third) + corners[:, 1] * second + corners[:, 2] * third
        return color.evaluate(at)
    return np.broadcast_to(np.array(mean_color(color)), (len(rows), 3))


def _is_seen(shape: Shape) -> bool:
    return shape.visible and (not isinstance(shape, Instances) or shape.mesh.visible)


def _sky(scene: Scene, directions: F64) -> F64:
    """Light from directions (P, 3) of any length, no more than white."""
    result = np.zeros_like(directions)
    environment = scene.environment
    behind: Any = scene.background
    if behind is not None:
        result[:] = behind
        return np.minimum(result, 1.0)
    if environment is not None and not environment.visible:
        return result
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    if isinstance(environment, ConstantEnvironment):
        result[:] = environment.radiance
    elif isinstance(environment, GradientEnvironment):
        share = 0.5 * (unit @ np.array(environment.axis)[:, None] + 1.0)
        bottom, top = np.array(environment.bottom), np.array(environment.top)
        result[:] = bottom + (top - bottom) * share
    elif isinstance(environment, ImageEnvironment):
        image = np.asarray(environment.image)
        x, y, z = (unit @ np.asarray(environment.rotation)).T  # back by its transpose
        rows = np.arccos(np.clip(y, -1.0, 1.0)) / np.pi * image.shape[0]
        columns = (np.arctan2(x, -z) / (2.0 * np.pi) % 1.0) * image.shape[1]
        at = np.minimum(rows.astype(int), image.shape[0] - 1)
        result[:] = image[at, np.minimum(columns.astype(int), image.shape[1] - 1)]
        result *= environment.scale
    return np.minimum(result, 1.0)
