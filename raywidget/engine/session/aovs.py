"""Arbitrary output variables of a picture: made when it is asked for, kept while it grows.

Of large pictures memory counts: only the sums are kept of which what was asked for is made, and
that is made tile by tile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.film import Film, FilmState
from raywidget.engine.film.tiles import Tile
from raywidget.engine.preview.unlit import shown_by
from raywidget.scene.shapes.simple import Shape

if TYPE_CHECKING:
    from raywidget.compiler import Placement
    from raywidget.engine.renderer import Renderer

MOST_SAMPLES = 256  # after that they have no noise worth a ray
MOST_TIMES = 64  # of scenes that move: each has to be compiled
_TRACED = ("albedo", "normal", "depth", "position", "object_id", "material_id", "value")
_WITH_IDS = ("object_id", "material_id", "value")
_GUIDES = ("denoise_albedo", "denoise_normal")


class Aovs:
    """What camera rays of one run have met so far."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spp = 0
        self._columns: list[int] = []  # of `kernels.integrators.aov`, those that are kept
        self._sums: NDArray[np.float64] | None = None  # (H, W, columns)
        self._ids: NDArray[np.int32] | None = None  # (H, W, AOV_IDS_SIZE), if they are asked for

    def images(
        self,
        names: tuple[str, ...],
        state: FilmState,
        film: Film,
        spp: int,
        renderer: Renderer | None,
        threads: int,
        guides: Callable[[], tuple[NDArray[np.float32], NDArray[np.float32]]],
        seen: tuple[slice, slice],
    ) -> dict[str, NDArray[Any]]:
        """Those of the first `spp` camera rays of each pixel of a film; `guides` of denoisers.

        `seen` are those rows and columns of the film that the picture has.
        """
        found: dict[str, NDArray[Any]] = {}
        traced = [name for name in names if name in _TRACED]
        if renderer is not None and traced:
            with self._lock:
                most = MOST_TIMES if renderer.is_exposed else MOST_SAMPLES
                self._trace(traced, film, renderer, min(spp, most), threads)
                found = {name: self._make(name, film, renderer) for name in traced}
        if renderer is not None and set(names).intersection(_GUIDES):
            found |= dict(zip(_GUIDES, guides(), strict=True))
        if "samples" in names:
            found["samples"] = state.spp.astype(np.int32)
        if "variance" in names:
            found["variance"] = state.variance()
        return {name: np.ascontiguousarray(found[name][seen]) for name in names if name in found}

    def middles(
        self, film: Film, renderer: Renderer, threads: int
    ) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """Values and numbers of shapes that the rays through the middles of pixels meet."""
        names = ("value", "object_id")
        with self._lock:
            self._trace(names, film, renderer, 1, threads)
            values, objects = (self._make(name, film, renderer) for name in names)
        return values, objects

    def _trace(
        self, names: Sequence[str], film: Film, renderer: Renderer, spp: int, threads: int
    ) -> None:
        from raywidget.kernels.integrators import aov

        columns = sorted({column for name in names for column in _columns_of(name)})
        has_ids = any(name in _WITH_IDS for name in names)
        if self._sums is None or self._columns != columns or has_ids != (self._ids is not None):
            self._spp, self._columns = 0, columns
            self._sums = np.zeros((film.height, film.width, len(columns)))
            self._ids = None
            if has_ids:
                self._ids = np.full((film.height, film.width, aov.AOV_IDS_SIZE), -1, np.int32)
        elif spp <= self._spp:
            return
        first, count = self._spp, spp - self._spp
        sums, ids = self._sums, self._ids

        def trace(tile: Tile) -> None:
            where = _slices(tile)
            part = np.zeros((tile.height, tile.width, aov.AOV_SIZE))
            part[..., columns] = sums[where]
            numbers = np.full((tile.height, tile.width, aov.AOV_IDS_SIZE), -1, np.int32)
            renderer.trace_aovs(tile, first, count, part, numbers)
            sums[where] = part[..., columns]
            if ids is not None and first == 0:
                ids[where] = numbers

        def trace_times(tile: Tile) -> None:
            where = _slices(tile)
            part = np.zeros((tile.height, tile.width, aov.AOV_SIZE))
            numbers = np.full((tile.height, tile.width, aov.AOV_IDS_SIZE), -1, np.int32)
            moved.trace_aovs(tile, sample, 1, part, numbers)
            _into_placement(part, moved.placement, renderer.placement)
            if sample == 0 and has_ids:
                # Numbers and values are not means: they are those of the middle of the exposure.
                middle = np.zeros_like(part)
                renderer.trace_aovs(tile, 0, 1, middle, numbers)
                part[..., aov.AOV_VALUE] = middle[..., aov.AOV_VALUE]
            sums[where] += part[..., columns]
            if ids is not None and sample == 0:
                ids[where] = numbers

        with ThreadPoolExecutor(threads, thread_name_prefix="raywidget-aovs") as pool:
            for sample in range(first, spp) if renderer.is_exposed else ():
                moved = renderer.at(sample)
                for _ in pool.map(trace_times, film.tiles):
                    pass
            for _ in pool.map(trace, () if renderer.is_exposed else film.tiles):
                pass
        self._spp = spp

    def _make(self, name: str, film: Film, renderer: Renderer) -> NDArray[Any]:
        """One of them, of the whole picture."""
        from raywidget.kernels.integrators import aov

        if name == "object_id":
            return self._id(aov.AOV_OBJECT).copy()
        if name == "material_id":
            return self._id(aov.AOV_MATERIAL).copy()
        if name == "value":
            return self._values(film, renderer.scene.shapes)
        shape = (film.height, film.width) if name == "depth" else (film.height, film.width, 3)
        is_far = name == "position" and renderer.placement.is_moved
        # What is far from the origin would not fit float32 (`compiler.geometry.placement`).
        whole = np.empty(shape, np.float64 if is_far else np.float32)
        make = {"depth": self._depth, "position": self._position}.get(name)
        for tile in film.tiles:
            where = _slices(tile)
            if make is None:
                whole[where] = self._of(where, *_columns_of(name)) * (1.0 / max(self._spp, 1))
            else:
                whole[where] = make(where, renderer.placement)
        return whole

    def _of(self, where: tuple[slice, slice], *columns: int) -> NDArray[np.float64]:
        """Sums of one tile, (height, width, columns)."""
        assert self._sums is not None
        return self._sums[where][..., [self._columns.index(column) for column in columns]]

    def _id(self, column: int) -> NDArray[np.int32]:
        assert self._ids is not None
        return self._ids[..., column]

    def _depth(self, where: tuple[slice, slice], placement: Placement) -> NDArray[np.float64]:
        depth, hits = np.moveaxis(self._of(where, *_columns_of("depth")), -1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(hits > 0, depth / hits, np.inf)
        return np.asarray(mean / placement.scale)

    def _position(self, where: tuple[slice, slice], placement: Placement) -> NDArray[np.float64]:
        sums = self._of(where, *_columns_of("position"))
        hits = sums[..., 3:]
        points = placement.points_back(sums[..., :3] * (1.0 / np.maximum(hits, 1.0)))
        return np.where(hits > 0, points, 0.0)

    def _values(self, film: Film, shapes: Sequence[Shape]) -> NDArray[np.floating[Any]]:
        """What shapes show, as it was given: kernels count some values from elsewhere."""
        from raywidget.kernels.integrators import aov

        objects = self._id(aov.AOV_OBJECT)
        seen = sorted({int(k) for tile in film.tiles for k in np.unique(objects[_slices(tile)])})
        counted = {}  # shapes whose values need more than float32
        for index in seen:
            quantity = shown_by(shapes, index)
            if quantity is not None and quantity.numbers.array.dtype == np.float64:
                counted[index] = quantity.numbers
        whole = np.empty(objects.shape, np.float64 if counted else np.float32)
        for tile in film.tiles:
            where = _slices(tile)
            values = self._of(where, aov.AOV_VALUE)[..., 0]
            for index, numbers in counted.items():
                own = objects[where] == index
                values[own] = numbers.as_given(values[own])
            whole[where] = values
        return whole


def _columns_of(name: str) -> tuple[int, ...]:
    """Which sums one of them is made of."""
    from raywidget.kernels.integrators import aov

    three = {"albedo": aov.AOV_ALBEDO, "normal": aov.AOV_NORMAL, "position": aov.AOV_POSITION}
    if name in three:
        columns = tuple(range(three[name], three[name] + 3))
        return (*columns, aov.AOV_HITS) if name == "position" else columns
    return {"depth": (aov.AOV_DEPTH, aov.AOV_HITS), "value": (aov.AOV_VALUE,)}.get(name, ())


def _into_placement(sums: NDArray[np.float64], own: Placement, other: Placement) -> None:
    """Turn sums of lengths and places in one kind of tables into those of another, in place."""
    from raywidget.kernels.integrators import aov

    if np.array_equal(own.as_array(), other.as_array()):
        return
    place = slice(aov.AOV_POSITION, aov.AOV_POSITION + 3)
    hits = sums[..., aov.AOV_HITS : aov.AOV_HITS + 1]
    points = other.points(own.points_back(sums[..., place] / np.maximum(hits, 1.0)))
    sums[..., place] = np.where(hits > 0, points * hits, 0.0)
    sums[..., aov.AOV_DEPTH] *= other.scale / own.scale


def _slices(tile: Tile) -> tuple[slice, slice]:
    return slice(tile.y, tile.y + tile.height), slice(tile.x, tile.x + tile.width)
