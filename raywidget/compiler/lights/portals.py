"""Portals -> their tables: where the sky is seen through them, and sums over maps of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.placement import Placement
from raywidget.compiler.lights.environment import luminances_of
from raywidget.compiler.lights.sight import count_open
from raywidget.kernels import layout
from raywidget.kernels.layout import F32, I32, SceneTables
from raywidget.scene.emitters.emitters import Emitter
from raywidget.scene.emitters.portal import Portal
from raywidget.scene.values.colors import REC709_WEIGHTS

F64 = NDArray[np.float64]

_CELLS = 64  # of a map each way, where the sky is smooth
_FINE_CELLS = 128  # of an image
_PEAK = 2.5  # times the mean of a cell: where something is brighter, the image draws it better
_LEFT = 16.0  # medians of the light from all cells, at most, that is left of cells with peaks
_MOST = 2**31 - 1  # of sums
_WITHIN = 2  # directions that are looked at in each cell, each way
_EVERYWHERE = 0.02  # of the mean, so that no cell is left out that is brighter than it looks
_RAYS = 8  # each way, by which it is found out on which side of a portal the sky is
_OUTSHONE = 1.5  # times what else comes through: from there, portals cost more than they bring


def with_portals(
    tables: SceneTables, emitters: Sequence[Emitter], placement: Placement
) -> SceneTables:
    """The tables with those of the portals among the emitters, if there is a sky behind them.

    Where the sun shines in, what it brings by way of walls and floors is nearly all the noise, and
    portals don't change it: then there are none.
    """
    portals = [emitter for emitter in emitters if isinstance(emitter, Portal)]
    if not portals or tables.environment[layout.ENVIRONMENT_LIGHT] < 0.0:
        return tables
    rows = np.array([_row(tables, portal, placement) for portal in portals])
    is_image = tables.environment[layout.ENVIRONMENT_KIND] == layout.PANORAMA
    cells = _FINE_CELLS if is_image else _CELLS
    # Windows of one wall see the same map.
    frames = np.round(rows[:, layout.PORTAL_X : layout.PORTAL_OUT + 3], 6) + 0.0
    _, first, numbers = np.unique(frames, axis=0, return_index=True, return_inverse=True)
    maps = [_maps(tables, frames[at].reshape(3, 3), cells) for at in first]
    if _is_outshone(tables, rows, [maps[number] for number in numbers.ravel()]):
        return tables
    sums, units = zip(*map(_sums, np.concatenate([seen.cells for seen in maps])), strict=True)
    first = numbers.ravel() * len(maps[0].cells)
    rows[:, layout.PORTAL_MAP] = first
    rows[:, layout.PORTAL_CELLS] = cells
    rows[:, layout.PORTAL_UNIT] = np.array(units)[first]
    if is_image:
        rows[:, layout.PORTAL_PEAK_UNIT] = np.array(units)[first + 1]
    return tables._replace(
        portals=np.ascontiguousarray(rows, np.float32), portal_sums=np.stack(sums)
    )


def _sums(cells: F64) -> tuple[I32, float]:
    """Running sums over a map both ways, in whole numbers, and what one of them means.

    Those of the four corners of a cell stand together: kernels look all of them up at once.
    """
    total = float(cells.sum())
    unit = total / (_MOST - cells.size)  # each may be rounded up
    sums = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1), np.int32)
    if total > 0.0:
        sums[1:, 1:] = np.rint(cells / unit).astype(np.int64).cumsum(axis=0).cumsum(axis=1)
    corners = [sums[:-1, :-1], sums[:-1, 1:], sums[1:, :-1], sums[1:, 1:]]
    return np.stack(corners, axis=-1), unit


def _row(tables: SceneTables, portal: Portal, placement: Placement) -> F64:
    corners = placement.points(portal.corners())
    x = corners[1] - corners[0]
    x /= np.linalg.norm(x)
    y = corners[3] - corners[0]
    y -= x * (x @ y)
    y /= np.linalg.norm(y)
    along_x, along_y = _extent(corners, x), _extent(corners, y)
    origin = corners[0] + x * (along_x[0] - corners[0] @ x) + y * (along_y[0] - corners[0] @ y)
    row = np.zeros(layout.PORTAL_SIZE)
    row[layout.PORTAL_CORNER : layout.PORTAL_CORNER + 3] = origin
    row[layout.PORTAL_X : layout.PORTAL_X + 3] = x
    row[layout.PORTAL_Y : layout.PORTAL_Y + 3] = y
    row[layout.PORTAL_WIDTH] = along_x[1] - along_x[0]
    row[layout.PORTAL_HEIGHT] = along_y[1] - along_y[0]
    front = np.cross(x, y)
    is_outside = _is_open(tables, row, front) > _is_open(tables, row, -front)
    row[layout.PORTAL_OUT : layout.PORTAL_OUT + 3] = front if is_outside else -front
    return row


def _extent(corners: F64, axis: F64) -> tuple[float, float]:
    along = corners @ axis
    return float(along.min()), float(along.max())


def _is_open(tables: SceneTables, row: F64, towards: F64) -> int:
    """How many of some rays from a portal to one side meet nothing."""
    points = _points_on(row, towards)
    around = np.random.default_rng(1).normal(size=points.shape)
    around /= np.linalg.norm(around, axis=1, keepdims=True)
    directions = around + 1.001 * towards  # as the cosine
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return count_open(tables, points.astype(np.float32), directions.astype(np.float32))


def _points_on(row: F64, towards: F64) -> F64:
    at = (np.indices((_RAYS, _RAYS)).reshape(2, -1).T + 0.5) / _RAYS
    x = row[layout.PORTAL_X : layout.PORTAL_X + 3]
    y = row[layout.PORTAL_Y : layout.PORTAL_Y + 3]
    width, height = row[layout.PORTAL_WIDTH], row[layout.PORTAL_HEIGHT]
    points = row[layout.PORTAL_CORNER : layout.PORTAL_CORNER + 3] + (
        at[:, :1] * width * x + at[:, 1:] * height * y
    )
    return np.asarray(points + 0.02 * min(width, height) * towards)  # not on a pane


class _Map(NamedTuple):
    """What is seen through portals that look the same way."""

    cells: F64  # the light from each, (1, N, N); of an image (2, N, N), without peaks and of them
    smooth: float  # that comes through each unit of their area, without peaks
    peaks: float
    way: F64  # to the brightest of them


def _is_outshone(tables: SceneTables, rows: F64, maps: Sequence[_Map]) -> bool:
    """Do peaks bring far more through portals than all else?"""
    smooth = peaks = 0.0
    for row, seen in zip(rows, maps, strict=True):
        area = row[layout.PORTAL_WIDTH] * row[layout.PORTAL_HEIGHT]
        smooth += area * seen.smooth
        if seen.peaks > 0.0:
            points = _points_on(row, row[layout.PORTAL_OUT : layout.PORTAL_OUT + 3])
            ways = np.tile(seen.way, (len(points), 1))
            is_open = count_open(tables, points.astype(np.float32), ways.astype(np.float32))
            peaks += area * seen.peaks * is_open / len(points)
    return peaks > _OUTSHONE * smooth


# --- What comes from where ------------------------------------------------------------------------


def _maps(tables: SceneTables, frame: F64, cells: int) -> _Map:
    """What comes from in front of a portal, whose axes are the rows of `frame`."""
    fine = cells * _WITHIN
    at = (np.arange(fine) + 0.5) * (2.0 / fine) - 1.0
    t = at / (1.0 - np.abs(at))
    across, up = np.meshgrid(t, t)
    local = np.stack([across, up, np.ones_like(up)], axis=-1)
    squares = (local**2).sum(axis=-1)
    angle = 4.0 * (1.0 + np.abs(across)) ** 2 * (1.0 + np.abs(up)) ** 2 / squares**1.5 / fine**2
    directions = (local / np.sqrt(squares)[..., None]) @ frame
    light = _luminance(tables, directions) * angle
    light = light.reshape(cells, _WITHIN, cells, _WITHIN).sum(axis=(1, 3))
    angles = angle.reshape(cells, _WITHIN, cells, _WITHIN).sum(axis=(1, 3))
    if tables.environment[layout.ENVIRONMENT_KIND] != layout.PANORAMA:
        return _Map(_everywhere(light, angles)[None], 1.0, 0.0, frame[2])
    # What lies between the directions that were looked at, as a small sun, is in its texels.
    thrown, brightest, texels = _thrown(tables, frame, cells)
    light = np.where(texels >= _WITHIN**2, thrown, light)
    is_peak = brightest * angles > _PEAK * light
    light = np.maximum(light, np.where(is_peak, thrown, 0.0))
    shining = (light / angles)[light > 0.0]
    limit = _LEFT * (float(np.median(shining)) if len(shining) else 0.0)
    smooth = np.where(is_peak, np.minimum(light, limit * angles), light)
    peaks = np.where(is_peak, light, 0.0)
    middle = local.reshape(cells, _WITHIN, cells, _WITHIN, 3).mean(axis=(1, 3))
    middle /= np.linalg.norm(middle, axis=-1, keepdims=True)
    return _Map(
        np.stack([_everywhere(smooth, angles), _widened(peaks)]),
        float((smooth * middle[..., 2]).sum()),
        float((peaks * middle[..., 2]).sum()),
        middle[np.unravel_index(peaks.argmax(), peaks.shape)] @ frame,
    )


def _everywhere(light: F64, angles: F64) -> F64:
    return np.asarray(light + _EVERYWHERE * angles * (light.sum() / angles.sum()))


def _widened(cells: F64) -> F64:
    """The brightest of each cell and of those around it: what is seen between two is not lost."""
    padded = np.pad(cells, 1)
    count = len(cells)
    around = [padded[y : y + count, x : x + count] for y in range(3) for x in range(3)]
    return np.asarray(np.max(around, axis=0))


def _luminance(tables: SceneTables, directions: F64) -> F64:
    """Of what comes from directions (..., 3)."""
    values = tables.environment.astype(np.float64)
    weights = np.array(REC709_WEIGHTS)
    kind = values[layout.ENVIRONMENT_KIND]
    top = values[layout.ENVIRONMENT_TOP : layout.ENVIRONMENT_TOP + 3] @ weights
    bottom = values[layout.ENVIRONMENT_BOTTOM : layout.ENVIRONMENT_BOTTOM + 3] @ weights
    from_world = layout.ENVIRONMENT_FROM_WORLD
    if kind == layout.PANORAMA:
        turned = directions @ values[from_world : from_world + 9].reshape(3, 3).T
        return _of_image(tables, turned)
    if kind == layout.GRADIENT:
        height = 0.5 * (directions @ values[from_world + 3 : from_world + 6] + 1.0)
        return np.asarray(bottom + (top - bottom) * height)
    return np.full(directions.shape[:-1], top)


def _of_image(tables: SceneTables, directions: F64) -> F64:
    """Between texels, as `kernels.lights.environment` has it."""
    image = luminances_of(tables.environment_edges)
    height, width = image.shape
    x, y, z = np.moveaxis(directions, -1, 0)
    across = np.arctan2(x, -z) / (2.0 * np.pi) % 1.0 * width - 0.5
    down = np.arccos(np.clip(y, -1.0, 1.0)) / np.pi * (height - 2) + 0.5
    row = np.clip(np.floor(down).astype(int), 0, height - 2)
    column = np.floor(across).astype(int)
    right, below = across - column, down - row
    left = column % width
    beside = (column + 1) % width
    upper = image[row, left] * (1.0 - right) + image[row, beside] * right
    lower = image[row + 1, left] * (1.0 - right) + image[row + 1, beside] * right
    return np.asarray(upper * (1.0 - below) + lower * below)


class _Thrown(NamedTuple):
    """Texels, in the cells where their middles are seen."""

    light: F64  # that comes from them
    brightest: F64
    texels: F64  # how many they are


def _thrown(tables: SceneTables, frame: F64, cells: int) -> _Thrown:
    # Its first and its last row are repeated beyond the poles.
    image = luminances_of(tables.environment_edges)[1:-1]
    height, width = image.shape
    theta = (np.arange(height) + 0.5) * (np.pi / height)
    phi = (np.arange(width) + 0.5) * (2.0 * np.pi / width)
    flat = np.sin(theta)[:, None]
    own = np.stack(
        np.broadcast_arrays(flat * np.sin(phi), np.cos(theta)[:, None], -flat * np.cos(phi)),
        axis=-1,
    )
    values = tables.environment.astype(np.float64)
    from_world = layout.ENVIRONMENT_FROM_WORLD
    turned = frame @ values[from_world : from_world + 9].reshape(3, 3).T
    x, y, depth = np.moveaxis(own @ turned.T, -1, 0)
    seen = depth > 1e-6
    light = image * (2.0 * np.pi / width * (np.pi / height)) * flat
    x, y, depth, light, image = x[seen], y[seen], depth[seen], light[seen], image[seen]
    column, row = (
        np.clip(((0.5 + 0.5 * t / (depth + np.abs(t))) * cells).astype(int), 0, cells - 1)
        for t in (x, y)
    )
    where = row * cells + column
    brightest = np.zeros(cells * cells)
    np.maximum.at(brightest, where, image)
    shape = cells, cells
    return _Thrown(
        np.asarray(np.bincount(where, light, cells * cells).reshape(shape), np.float64),
        brightest.reshape(shape),
        np.asarray(np.bincount(where, None, cells * cells).reshape(shape), np.float64),
    )


def no_portals() -> tuple[F32, I32]:
    """The tables of a scene without any."""
    return np.zeros((0, layout.PORTAL_SIZE), np.float32), np.zeros((0, 1, 1, 4), np.int32)
