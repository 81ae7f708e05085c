"""Arbitrary output variables of a picture: made when it is asked for, kept while it grows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.film import Film, FilmState
from raywidget.scene.shapes.quantities import Quantity, ValuedShape
from raywidget.scene.shapes.simple import Shape

if TYPE_CHECKING:
    from raywidget.compiler import Placement
    from raywidget.engine.renderer import Renderer

MOST_SAMPLES = 256  # after that they have no noise worth a ray
_TRACED = ("albedo", "normal", "depth", "position", "object_id", "material_id", "value")
_GUIDES = ("denoise_albedo", "denoise_normal")


def shown_by(shapes: Sequence[Shape], index: int) -> Quantity | None:
    """What one of the shapes shows as colours, if it does."""
    shape = shapes[index] if 0 <= index < len(shapes) else None
    return shape.shown if isinstance(shape, ValuedShape) else None


class Aovs:
    """What camera rays of one run have met so far."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spp = 0
        self._arrays: tuple[NDArray[np.float64], NDArray[np.int32]] | None = None

    def images(
        self,
        names: tuple[str, ...],
        state: FilmState,
        film: Film,
        renderer: Renderer | None,
        threads: int,
        guides: Callable[[], tuple[NDArray[np.float32], NDArray[np.float32]]],
    ) -> dict[str, NDArray[Any]]:
        """Those of the camera rays that all pixels of a film have taken; `guides` of denoisers."""
        found: dict[str, NDArray[Any]] = {}
        if renderer is not None and set(names).intersection(_TRACED):
            with self._lock:
                self._trace(film, renderer, min(state.least_spp(), MOST_SAMPLES), threads)
                found = self._means(renderer.placement)
                found["value"] = self._values(renderer.scene.shapes)
        if renderer is not None and set(names).intersection(_GUIDES):
            found |= dict(zip(_GUIDES, guides(), strict=True))
        if "samples" in names:
            found["samples"] = state.spp.astype(np.int32)
        if "variance" in names:
            found["variance"] = state.variance()
        return {name: found[name] for name in names if name in found}

    def _trace(self, film: Film, renderer: Renderer, spp: int, threads: int) -> None:
        if self._arrays is None:
            self._arrays = renderer.make_aov_arrays(film.width, film.height)
        sums, ids = self._arrays
        first, count = self._spp, spp - self._spp
        if count <= 0 and self._spp > 0:
            return

        def trace(tile: Any) -> None:
            rows, columns = slice(tile.y, tile.y + tile.height), slice(tile.x, tile.x + tile.width)
            part, numbers = sums[rows, columns].copy(), ids[rows, columns].copy()
            renderer.trace_aovs(tile, first, count, part, numbers)
            sums[rows, columns], ids[rows, columns] = part, numbers

        with ThreadPoolExecutor(threads, thread_name_prefix="raywidget-aovs") as pool:
            for _ in pool.map(trace, film.tiles):
                pass
        self._spp = spp

    def _values(self, shapes: Sequence[Shape]) -> NDArray[np.floating[Any]]:
        """What shapes show, as it was given: kernels count some values from elsewhere."""
        from raywidget.kernels.integrators import aov as columns

        assert self._arrays is not None
        sums, ids = self._arrays
        values = sums[..., columns.AOV_VALUE].copy()
        objects = ids[..., columns.AOV_OBJECT]
        is_exact = True
        for index in np.unique(objects):
            quantity = shown_by(shapes, int(index))
            if quantity is not None and quantity.numbers.array.dtype == np.float64:
                is_exact = False
                where = objects == index
                values[where] = quantity.numbers.as_given(values[where])
        return values.astype(np.float32) if is_exact else values

    def _means(self, placement: Placement) -> dict[str, NDArray[Any]]:
        from raywidget.kernels.integrators import aov as columns

        assert self._arrays is not None
        sums, ids = self._arrays
        hits = sums[..., columns.AOV_HITS]
        with np.errstate(divide="ignore", invalid="ignore"):
            depth = np.where(hits > 0, sums[..., columns.AOV_DEPTH] / hits, np.inf)
            depth = depth / placement.scale
        per_sample = 1.0 / max(self._spp, 1)
        per_hit = 1.0 / np.maximum(hits, 1.0)[..., None]

        def three(first: int, scale: Any) -> NDArray[np.float32]:
            return np.asarray(sums[..., first : first + 3] * scale, np.float32)

        position = sums[..., columns.AOV_POSITION : columns.AOV_POSITION + 3] * per_hit
        position = np.where(hits[..., None] > 0, placement.points_back(position), 0.0)
        # What is far from the origin would not fit float32 (`compiler.placement`).
        position = position.astype(np.float64 if placement.is_moved else np.float32)

        return {
            "albedo": three(columns.AOV_ALBEDO, per_sample),
            "normal": three(columns.AOV_NORMAL, per_sample),
            "position": position,
            "depth": depth.astype(np.float32),
            "object_id": ids[..., columns.AOV_OBJECT].copy(),
            "material_id": ids[..., columns.AOV_MATERIAL].copy(),
        }
