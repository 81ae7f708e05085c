"""Triangles and balls -> which of them may be seen at which pixels of a sketch.

Triangles are rasterised in homogeneous coordinates, which need no clipping where a surface passes
the camera: Olano and Greer, "Triangle scan conversion using 2D homogeneous coordinates", 1997.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.preview.outline import Floats
from raywidget.scene.camera import OrthographicCamera, PerspectiveCamera

CHUNK = 1 << 18  # pairs of pixel and primitive at once: some 30 ms, 50 MB
MOST_PAIRS = 1 << 20  # in all, or the picture becomes smaller: a fifth of a second
LEAST_COLUMNS = 60  # but not smaller than this: then something is left out
BLOCK = 8  # pixels on a side of what is looked at first where a primitive's box is large
LARGE = 4 * BLOCK * BLOCK  # pixels of such a box
NEAR = 1e-6  # of a triangle's greatest distance: what is nearer of it makes no box
OVERSIZED = 1e-6  # a corner may be so far outside, in barycentric coordinates: no cracks

F64: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


class View(NamedTuple):
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


def rays_of(points: F64, view: View) -> tuple[F64, F64]:
    """Origins and directions (P, 3) in the camera's coordinates; directions advance by 1."""
    there = points * [*view.half, 1.0]
    if view.central:
        return np.zeros_like(there), there
    ahead = np.array([0.0, 0.0, 1.0])
    return there - ahead, np.broadcast_to(ahead, there.shape)


def make_view(camera: PerspectiveCamera | OrthographicCamera, columns: int, rows: int) -> View:
    """A camera's view, of so many pixels."""
    frame = camera.frame()
    height = 0.5 * camera.height if isinstance(camera, OrthographicCamera) else 0.0
    width, shift = height * columns / rows, np.zeros(2)
    if isinstance(camera, PerspectiveCamera):
        height, width = camera.half_height(columns / rows), camera.half_width(columns / rows)
        shift = 2.0 * np.array(camera.shift)
    half = np.array([width, height])
    axes = np.array([frame.right, frame.up, frame.forward])
    central = isinstance(camera, PerspectiveCamera)
    return View(axes, np.array(camera.look_from), half, shift, central, columns, rows)


def _in_front(pixel: Ints, depth: F64, number: Ints) -> tuple[Ints, F64, Ints]:
    seen = (depth > 0.0) & (depth < np.inf)
    return pixel[seen], depth[seen], number[seen]


class _Flats(NamedTuple):
    """Those triangles that may be in a view."""

    number: Ints  # (T,) among all of the scene
    across: F64  # (3, 2, T) corners, right and up in halves
    depth: F64  # (3, T) how far ahead of the camera
    low: F64  # (T, 2) boxes in the picture
    high: F64  # (T, 2)


class _Balls(NamedTuple):
    """Balls in a view."""

    moved: F64  # (B, 4)
    low: F64  # (B, 2)
    high: F64  # (B, 2)


def reach(view: View, corners: NDArray[Any], balls: NDArray[Any]) -> tuple[View, Reach]:
    """Where triangles, (3, 3, T) corners and their axes, and balls (B, 4) may be seen.

    And in which picture: a smaller one where it would take too long.
    """
    flats = _place_flats(corners, view)
    placed = _place_balls(view.move(balls[:, :3]), balls[:, 3:], view)
    found = _reach(view, flats, placed)
    while view.columns > LEAST_COLUMNS and found.pairs() > MOST_PAIRS:
        view = view._replace(columns=-(-view.columns // 2), rows=-(-view.rows // 2))
        found = _reach(view, flats, placed)
    return view, found


def _place_flats(corners: NDArray[Any], view: View) -> _Flats:
    """Those of some triangles, (3, 3, T) as `Sketch` has them, that may be in the picture."""
    moved = view.axes @ (corners - view.origin[:, None])
    across, depth = moved[:, :2] / view.half[:, None], moved[:, 2]
    low, high = _flat_boxes(across, depth, view.central)
    edge = view.shift[:, None]
    seen = np.flatnonzero(((low <= 1.0 + edge) & (high >= edge - 1.0)).all(axis=0))
    return _Flats(seen, across[..., seen], depth[:, seen], low[:, seen].T, high[:, seen].T)


def _flat_boxes(across: F64, depth: F64, central: bool) -> tuple[F64, F64]:
    """Boxes (2, T) round triangles in the picture, from infinity where they are behind it.

    Those that pass the camera are cut off where they come near: walls and floors of a room would
    have boxes as large as the picture. Corners are in `across` (3, 2, T) and `depth` (3, T).
    """
    if not central:
        low, high = across.min(axis=0), across.max(axis=0)
        low[:, (depth <= 0.0).all(axis=0)] = np.inf
        return low, high
    near = np.maximum(NEAR * depth.max(axis=0), 1e-300)
    ahead = depth >= near
    seen = across / np.where(ahead, depth, 1.0)[:, None]
    low = np.where(ahead[:, None], seen, np.inf).min(axis=0)
    high = np.where(ahead[:, None], seen, -np.inf).max(axis=0)
    passes = np.flatnonzero(ahead.any(axis=0) & ~ahead.all(axis=0))
    for first, second in ((0, 1), (1, 2), (2, 0)):
        rows = passes[ahead[first, passes] != ahead[second, passes]]
        start, end = depth[first, rows], depth[second, rows]
        share = (near[rows] - start) / (end - start)
        cut = across[first][:, rows] * (1.0 - share) + across[second][:, rows] * share
        cut = cut / near[rows]
        low[:, rows] = np.minimum(low[:, rows], cut)
        high[:, rows] = np.maximum(high[:, rows], cut)
    return low, high


def _place_balls(centres: F64, radii: Floats, view: View) -> _Balls:
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


class Reach(NamedTuple):
    """Where in a picture primitives may be seen: pixels of small boxes, blocks of large ones."""

    number: Ints  # (T,) of triangles that may be at the middle of a pixel
    depth: F64  # (T, 3) of their corners
    inverse: F64  # (T, 3, 3) turn points into barycentric coordinates; Olano and Greer
    small: Ints  # rows of such triangles
    first: Ints  # pixels of their boxes, (S, 2)
    last: Ints
    blocks: Ints  # (N,) places of blocks
    large: Ints  # (N,) rows of the triangles that may be there
    balls: F64  # (B, 4) as the camera sees them
    ball_pixels: tuple[Ints, Ints]  # of their boxes

    def pairs(self) -> int:
        """How many pairs of pixel and primitive there are to look at."""
        total = BLOCK * BLOCK * len(self.blocks)
        for first, last in ((self.first, self.last), self.ball_pixels):
            total += int(np.maximum(last - first + 1, 0).prod(axis=1).sum())
        return total


def _reach(view: View, flats: _Flats, balls: _Balls) -> Reach:
    first, last = view.pixels(flats.low, flats.high)
    width, height = (last - first + 1).T
    here = np.flatnonzero((width > 0) & (height > 0))
    corners = flats.across[..., here], flats.depth[:, here]
    inverse, is_flat = _inverse(*corners, view.central)
    here = here[is_flat]
    first, last, inverse = first[here], last[here], inverse[is_flat]
    is_large = width[here] * height[here] > LARGE
    small, large = np.flatnonzero(~is_large), np.flatnonzero(is_large)
    blocks, own = _blocks(view, inverse[large], first[large] // BLOCK, last[large] // BLOCK)
    return Reach(
        flats.number[here],
        flats.depth[:, here].T,
        inverse,
        small,
        first[small],
        last[small],
        blocks,
        large[own],
        balls.moved,
        view.pixels(balls.low, balls.high),
    )


def _inverse(across: F64, depth: F64, central: bool) -> tuple[F64, NDArray[np.bool_]]:
    """Inverses (T, 3, 3) of the matrices of corners, and whether there is one."""
    last = depth if central else np.ones_like(depth)
    a, b, c = np.concatenate([across, last[:, None]], axis=1).swapaxes(1, 2)
    inverse = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    determinant = (inverse[:, 0] * a).sum(axis=1)
    exists = np.abs(determinant) >= 1e-300  # else it is seen edge on
    inverse /= np.where(exists, determinant, 1.0)[:, None, None]
    return inverse, exists


def _blocks(view: View, inverse: F64, first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Blocks that large triangles reach, and which triangle: one may miss most of its box."""
    columns = -(-view.columns // BLOCK)
    size = np.array([view.columns, view.rows])
    half = (BLOCK - 1.0) / size  # from the middle of a block to that of its outermost pixel
    kept: list[tuple[Ints, Ints]] = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for block, own in _pairs(first, last, columns, 2**63 - 1):
        down, across = np.divmod(block, columns)
        x = (2.0 * BLOCK * across + BLOCK) / size[0] - 1.0 + view.shift[0]
        y = 1.0 - (2.0 * BLOCK * down + BLOCK) / size[1] + view.shift[1]
        rows = inverse[own]
        # Linear in x and y: the greatest numbers are at corners.
        weights = rows[:, :, 0] * x[:, None] + rows[:, :, 1] * y[:, None] + rows[:, :, 2]
        total = weights.sum(axis=1) + np.abs(rows[:, :, :2].sum(axis=1)) @ half
        weights += np.abs(rows[:, :, :2]) @ half
        near = (total > 0.0) & (weights.min(axis=1) >= -OVERSIZED * total)
        kept.append((block[near], own[near]))
    return np.concatenate([b for b, _ in kept]), np.concatenate([r for _, r in kept])


def _flat_pairs(view: View, found: Reach, most: int) -> Iterator[tuple[Ints, Ints]]:
    """Pixels, and rows of triangles that may be seen there."""
    for pixel, own in _pairs(found.first, found.last, view.columns, most):
        yield pixel, found.small[own]
    within = np.arange(BLOCK)
    for begin in range(0, min(len(found.blocks), most // BLOCK**2), CHUNK // BLOCK**2):
        part = slice(begin, begin + CHUNK // BLOCK**2)
        down, across = np.divmod(found.blocks[part], -(-view.columns // BLOCK))
        y = BLOCK * down[:, None, None] + within[:, None]
        x = BLOCK * across[:, None, None] + within
        there = ((y < view.rows) & (x < view.columns)).ravel()
        pixel = (y * view.columns + x).ravel()[there]
        yield pixel, np.repeat(found.large[part], BLOCK**2)[there]


def hits(view: View, points: F64, found: Reach, count: int) -> Iterator[tuple[Ints, F64, Ints]]:
    """Pixels, distances along the view, and numbers of primitives that are seen there.

    Balls come after `count` triangles.
    """
    most = max(MOST_PAIRS, 4 * CHUNK)
    for pixel, own in _flat_pairs(view, found, most):
        weights = np.einsum("nij,nj->ni", found.inverse[own], points[pixel])
        total = weights.sum(axis=1)
        inside = (total > 0.0) & (weights.min(axis=1) >= -OVERSIZED * total)
        own, pixel, total = own[inside], pixel[inside], total[inside]
        depth = 1.0 / total
        if not view.central:
            depth = (weights[inside] * found.depth[own]).sum(axis=1)
        yield _in_front(pixel, depth, found.number[own])
    for pixel, own in _pairs(*found.ball_pixels, view.columns, most):
        depth = _ball_depth(found.balls[own], *rays_of(points[pixel], view))
        yield _in_front(pixel, depth, own + count)


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
