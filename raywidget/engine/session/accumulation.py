"""Adding samples to a tile: kernel calls of bounded length, on private copies of its sums."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.adaptive import pilot_samples, plan_shares, refinements
from raywidget.engine.film.film import TileSums, room_for
from raywidget.engine.film.tiles import Tile
from raywidget.engine.session.run import Run
from raywidget.engine.session.schedule import Job

if TYPE_CHECKING:
    from raywidget.engine.renderer import Renderer

# One kernel call is bounded to about this long, so that pause, stop and restart act at once,
# however many samples a pass takes. The Python around a call costs some 30 us.
CALL_SECONDS = 0.010

# Several tiles are rendered in a call if all of them take no longer than this: it is how much later
# than alone the first of them is seen. Of 64x64 at 1 spp of a Cornell box those are seven. A tile
# costs 9 us outside of kernels then instead of 24, and lanes that have nothing left to do at the
# end of a call, 3 % of a tile, are so once in seven tiles.
TOGETHER_SECONDS = 0.004


def samples_together(run: Run) -> float:
    """How many samples of pixels the tiles of one job may have, if there are several of them."""
    renderer, pace = run.renderer, run.seconds_per_sample
    if renderer is None or renderer.makes_splats or run.settings.adaptive or pace == 0.0:
        return 0.0
    return TOGETHER_SECONDS / pace


class _Taken(NamedTuple):
    """What a series of calls has come to."""

    spp: int  # samples per pixel now
    published: int  # of which so many are in the film already
    parts: list[TileSums]


class Accumulator:
    """What a session's workers do with a tile. Safe to call from many threads.

    Parameters
    ----------
    lock : context manager
        Guards the counts of a `Run`.
    may_go_on : callable
        Asked before each kernel call; it waits while the render is paused, and says False if the
        run is over or stopped.
    """

    def __init__(self, lock: AbstractContextManager[Any], may_go_on: Callable[[Run], bool]) -> None:
        self._lock = lock
        self._may_go_on = may_go_on

    def accumulate(self, run: Run, job: Job) -> int:
        """Bring tiles to the end of a pass, or as far as they may go: samples per pixel then.

        Whole samples of a pass that was broken off are published, too.
        """
        before = run.film.check_out_together(job.tiles)
        taken = self._take(run, job.tiles, job.first, job.target, before)
        if taken.spp > taken.published:
            run.film.publish_together(job.tiles, taken.parts)
        return taken.spp

    def refine(self, run: Run, job: Job) -> int:
        """The same with samples where they are needed; all of them, or none is published."""
        tile, pilot = job.tile, pilot_samples(run.settings.spp)
        before = run.film.check_out(tile)
        sums, swings = before.sums.copy(), before.swings.copy()
        coverage = None if before.coverage is None else before.coverage.copy()
        if job.first == pilot:
            run.shares[tile.index] = plan_shares(sums, swings, pilot)
        counts = np.empty((tile.height, tile.width), np.int64)
        added = 0
        shares = run.shares[tile.index]
        for cell, rows, columns, first, end in refinements(
            tile, shares, pilot, job.first, job.target
        ):
            where = rows, columns
            covered = None if coverage is None else coverage[where].copy()
            known = TileSums(sums[where].copy(), swings[where].copy(), first, None, covered)
            taken = self._take(run, (cell,), first, end, [known])
            added += (taken.spp - first) * cell.width * cell.height
            if taken.spp < end:  # broken off
                with self._lock:
                    run.samples -= added
                    run.taken -= added
                return job.first
            (part,) = taken.parts
            sums[where], swings[where], counts[where] = part.sums, part.swings, end
            if coverage is not None:
                coverage[where] = part.coverage
        run.film.publish(tile, sums, job.target, swings, counts=counts, coverage=coverage)
        return job.target

    def _take(
        self, run: Run, tiles: Sequence[Tile], first: int, target: int, parts: list[TileSums]
    ) -> _Taken:
        """Add samples to sums, in calls of about `CALL_SECONDS`; the arrays stay as they are."""
        assert run.renderer is not None
        spp = published = first
        pixels = sum(tile.width * tile.height for tile in tiles)
        most = 1 if run.renderer.is_exposed else run.renderer.most_samples(tiles[0])
        while spp < target and self._may_go_on(run):
            count = 1
            if run.seconds_per_sample > 0.0:
                count = int(CALL_SECONDS / (run.seconds_per_sample * pixels))
            count = max(1, min(count, target - spp, most))
            renderer = run.renderer.at(spp)
            made = [room_for(part, spp + count) for part in parts]
            begin = time.perf_counter()
            rendered = renderer.render_together(tiles, parts, made, run.cancel)
            finished = rendered.finished
            if finished and renderer.has_alpha:
                finished = _cover(renderer, tiles, parts, made, run.cancel)
            if not finished:  # cancelled, they are left half done
                continue
            spp += count
            parts = made
            seconds = (time.perf_counter() - begin) / (count * pixels)
            if rendered.splats is not None:  # not kept for long: they would fill the memory
                (tile,), (part,) = tiles, parts  # such are rendered one by one
                run.film.publish(
                    tile,
                    part.sums,
                    spp,
                    part.known_swings,
                    rendered.splats,
                    coverage=part.coverage,
                )
                published = spp
            with self._lock:
                run.settled = run.settled and rendered.splats is None
                run.rays += rendered.rays
                run.dropped += rendered.dropped
                run.samples += count * pixels
                run.taken += count * pixels
                old = run.seconds_per_sample
                run.seconds_per_sample = seconds if old == 0.0 else 0.75 * old + 0.25 * seconds
        return _Taken(spp, published, parts)


def _cover(
    renderer: Renderer,
    tiles: Sequence[Tile],
    before: Sequence[TileSums],
    after: Sequence[TileSums],
    cancel: NDArray[np.uint8],
) -> bool:
    """Add the coverage of the same samples; False if it was cancelled."""
    for tile, old, new in zip(tiles, before, after, strict=True):
        assert old.coverage is not None
        assert new.coverage is not None
        count = new.spp - old.spp
        if not renderer.cover(tile, old.spp, count, new.coverage, cancel, old.coverage):
            return False
    return True
