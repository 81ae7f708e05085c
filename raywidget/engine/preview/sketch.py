"""Sketches: what a scene looks like, about, before there are kernels to render it.

The first picture of a fresh installation has to wait until kernels are compiled, for many seconds.
A sketch needs none of them: it is drawn in numpy, as an old-fashioned renderer would, with a lamp
beside the camera and no shadows. It is shown as a coarse picture is, never part of a film, and
gone with the first one that is rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.preview.outline import Floats, Part, mean_color, outline_shapes
from raywidget.engine.preview.raster import View, hits, make_view, rays_of, reach
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
NOTHING = np.uint64(0xFFFF_FFFF_FFFF_FFFF)

F32: TypeAlias = NDArray[np.float32]
F64: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


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
        corners = _stack([part.corners for part in flat_parts], (3, 3))
        # Corner, axis, triangle: numpy is ten times as fast along the last one if that is long.
        self._corners = np.ascontiguousarray(corners.transpose(1, 2, 0))
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
        view = make_view(camera, columns, rows)
        view, found = reach(view, self._corners, self._balls)
        points = view.points()
        nearest = np.full(len(points), NOTHING)  # bits of the distance, then the primitive's number
        for pixel, depth, number in hits(view, points, found, self._corners.shape[2]):
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

    def _kept(self, view: View, points: F64, depth: F64, number: Ints) -> NDArray[np.bool_]:
        """Which hits lie behind all planes that cut their shapes."""
        origins, directions = rays_of(points, view)
        places = (origins + depth[:, None] * directions) @ view.axes + view.origin
        part_of = np.searchsorted(self._first, number, side="right") - 1
        kept = np.ones(len(number), bool)
        for index in np.unique(part_of):
            own = part_of == index
            for plane in self._parts[index].clip:
                kept[own] &= (places[own] - plane.point) @ plane.unit_normal() <= 0.0
        return kept

    def _shade(self, view: View, points: F64, nearest: NDArray[np.uint64], unlit: bool) -> F32:
        origins, directions = rays_of(points, view)
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
        count = self._corners.shape[2]
        is_flat: NDArray[Any] = number < count
        normals = np.empty((len(seen), 3))
        a, b, c = self._corners[:, :, number[is_flat]].astype(np.float64).swapaxes(1, 2)
        normals[is_flat] = np.cross(b - a, c - a)
        balls = self._balls[number[~is_flat] - count]
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


def _stack(parts: Sequence[Floats], shape: tuple[int, ...]) -> NDArray[Any]:
    return np.concatenate([*parts]) if parts else np.empty((0, *shape))


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
