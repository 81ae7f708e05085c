"""A tile's samples, cut into pieces that are rendered apart, and put together again.

Each piece is chained to what is known of its pixels: samples are added one after the other onto
running sums, wherever that is done, so that the sums are those of one thread, bit for bit.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.backends.orders import Piece
from raywidget.engine.film.adaptive import pilot_samples, plan_shares, refinements
from raywidget.engine.film.film import TileSums
from raywidget.engine.film.tiles import Tile
from raywidget.engine.session.run import Run
from raywidget.engine.session.schedule import Job


class SplatParts:
    """Splats of many calls: places and values, see `kernels.integrators.splat`."""

    def __init__(self) -> None:
        self.parts: list[tuple[NDArray[np.int32], NDArray[np.float32]]] = []

    def add_to(self, layer: NDArray[np.int64]) -> None:
        """Add them to the layer of a film."""
        from raywidget.engine.renderer import LoggedSplats
        from raywidget.kernels.integrators.splat import SplatLog

        for places, values in self.parts:
            LoggedSplats(SplatLog(places.copy(), values.copy()), len(places)).add_to(layer)


class Cut(NamedTuple):
    """A piece of a slice that is out, or waits."""

    slice: Slice
    tile: Tile  # its pixels, in the picture
    first: int
    end: int
    before: TileSums | None  # of these pixels; None if there is nothing yet

    def piece(self) -> Piece:
        """What a worker is told of it."""
        tile, before = self.tile, self.before
        place = tile.x, tile.y, tile.width, tile.height
        if before is None:
            return Piece(*place, self.first, self.end - self.first, None, None, None)
        known = before.sums, before.swings, before.coverage
        return Piece(*place, self.first, self.end - self.first, *known)


class Slice:
    """Samples `first` to `end` of a tile, which are published together.

    Parameters
    ----------
    run : Run
        Of which render.
    job : Job
        Of which it is a part, or all.
    first, end : int
        Samples per pixel, on average if they are adaptive.
    bands : int
        Into how many bands of rows the tile is cut.
    """

    def __init__(self, run: Run, job: Job, first: int, end: int, bands: int) -> None:
        self.run = run
        self.job = job
        self.first = first
        self.end = end
        self.splats = SplatParts()
        self.rays = self.dropped = self.taken = 0
        self.counts: NDArray[np.int64] | None = None
        before = run.film.check_out(job.tile)
        settings = run.settings
        if settings.adaptive and first >= pilot_samples(settings.spp):
            self._parts = _copied(before)
            self.cuts = self._cut_cells(before)
        else:
            self._parts = _room_for(before)
            self.cuts = self._cut_bands(before, bands)
        self.left = len(self.cuts)

    def _cut_bands(self, before: TileSums, bands: int) -> list[Cut]:
        tile = self.job.tile
        edges = np.linspace(0, tile.height, min(bands, tile.height) + 1).astype(int).tolist()
        return [
            self._cut(before, tile.x, tile.y + top, tile.width, bottom - top, self.first, self.end)
            for top, bottom in itertools.pairwise(edges)
        ]

    def _cut_cells(self, before: TileSums) -> list[Cut]:
        run, tile = self.run, self.job.tile
        pilot = pilot_samples(run.settings.spp)
        if self.first == pilot:
            run.shares[tile.index] = plan_shares(before.sums, before.swings, pilot)
        self.counts = np.empty((tile.height, tile.width), np.int64)
        cuts = []
        shares = run.shares[tile.index]
        for cell, rows, columns, first, end in refinements(
            tile, shares, pilot, self.first, self.end
        ):
            self.counts[rows, columns] = end
            if end > first:
                place = cell.x, cell.y, cell.width, cell.height
                cuts.append(self._cut(before, *place, first, end))
        return cuts

    def _cut(
        self, before: TileSums, x: int, y: int, width: int, height: int, first: int, end: int
    ) -> Cut:
        tile = Tile(self.job.tile.index, x, y, width, height)
        known = None
        if first > 0:
            where = self._where(tile)
            coverage = None if before.coverage is None else before.coverage[where].copy()
            known = TileSums(
                before.sums[where].copy(), before.swings[where].copy(), first, None, coverage
            )
        return Cut(self, tile, first, end, known)

    def _where(self, tile: Tile) -> tuple[slice, slice]:
        x, y = tile.x - self.job.tile.x, tile.y - self.job.tile.y
        return slice(y, y + tile.height), slice(x, x + tile.width)

    def fill_in(self, cut: Cut, result: tuple[Any, ...]) -> Cut | None:
        """A worker has done a piece: what is left of it, if it had too little time."""
        taken, sums, swings, coverage, splats = result
        if taken == 0:
            return cut
        self.taken += taken * cut.tile.width * cut.tile.height
        self.splats.parts += splats
        if cut.first + taken < cut.end:
            known = TileSums(sums, swings, cut.first + taken, None, coverage)
            return cut._replace(first=cut.first + taken, before=known)
        where = self._where(cut.tile)
        self._parts.sums[where], self._parts.swings[where] = sums, swings
        if self._parts.coverage is not None:
            self._parts.coverage[where] = coverage
        self.left -= 1
        return None

    def publish(self) -> None:
        """Put it into the film: all pieces are there."""
        parts = self._parts
        splats = self.splats if self.splats.parts else None
        self.run.film.publish(
            self.job.tile,
            parts.sums,
            self.end,
            parts.swings,
            splats,
            self.counts,
            parts.coverage,
        )


def _copied(before: TileSums) -> TileSums:
    coverage = None if before.coverage is None else before.coverage.copy()
    return TileSums(before.sums.copy(), before.swings.copy(), before.spp, None, coverage)


def _room_for(before: TileSums) -> TileSums:
    coverage = None if before.coverage is None else np.empty_like(before.coverage)
    return TileSums(
        np.empty_like(before.sums), np.empty_like(before.swings), before.spp, None, coverage
    )


def plan_slice(
    job: Job, first: int, budget: float, least_bands: int, most_bands: int
) -> tuple[int, int]:
    """Where the next slice of a job ends, and how many bands it is cut into.

    Parameters
    ----------
    job : Job
        What is to be done.
    first : int
        Samples per pixel that are there.
    budget : float
        Samples of pixels that one piece may have.
    least_bands : int
        So many pieces are wanted, so that all workers have something to do.
    most_bands : int
        More pieces would wait for workers, and the tile with them. (The more there are, the more
        samples each can have, and the fewer sums travel.)
    """
    tile = job.tile
    pixels = tile.width * tile.height
    count = job.target - first
    bands = max(math.ceil(pixels * count / budget), least_bands, 1)
    bands = min(bands, most_bands, tile.height)
    most = max(1, int(budget * bands / pixels))
    return first + min(count, most), bands
