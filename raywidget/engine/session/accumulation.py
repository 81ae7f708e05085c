"""Adding samples to a tile: kernel calls of bounded length, on private copies of its sums."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.adaptive import pilot_samples, plan_shares, refinements
from raywidget.engine.film.film import THE_SUMS
from raywidget.engine.film.tiles import Tile
from raywidget.engine.session.run import Run
from raywidget.engine.session.schedule import Job

# One kernel call is bounded to about this long, so that pause, stop and restart act at once,
# however many samples a pass takes. The Python around a call costs some 30 us.
CALL_SECONDS = 0.010

Sums = NDArray[np.float64]
Swings = NDArray[np.float32]


class _Taken(NamedTuple):
    """What a series of calls has come to."""

    spp: int  # samples per pixel now
    published: int  # of which so many are in the film already
    sums: Sums
    swings: Swings
    coverage: Sums | None  # if the picture has alpha


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
        """Bring a tile to the end of a pass, or as far as it may go: its samples per pixel then.

        Whole samples of a pass that was broken off are published, too.
        """
        before = run.film.check_out(job.tile)
        taken = self._take(
            run, job.tile, job.first, job.target, before.sums, before.swings, before.coverage
        )
        if taken.spp > taken.published:
            swings = taken.swings if taken.spp > 1 else THE_SUMS
            run.film.publish(job.tile, taken.sums, taken.spp, swings, coverage=taken.coverage)
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
            taken = self._take(
                run, cell, first, end, sums[where].copy(), swings[where].copy(), covered
            )
            added += (taken.spp - first) * cell.width * cell.height
            if taken.spp < end:  # broken off
                with self._lock:
                    run.samples -= added
                    run.taken -= added
                return job.first
            sums[where], swings[where], counts[where] = taken.sums, taken.swings, end
            if coverage is not None:
                coverage[where] = taken.coverage
        run.film.publish(tile, sums, job.target, swings, counts=counts, coverage=coverage)
        return job.target

    def _take(
        self,
        run: Run,
        tile: Tile,
        first: int,
        target: int,
        sums: Sums,
        swings: Swings,
        coverage: Sums | None,
    ) -> _Taken:
        """Add samples to sums, in calls of about `CALL_SECONDS`; the arrays stay as they are."""
        assert run.renderer is not None
        spp = published = first
        pixels = tile.width * tile.height
        most = 1 if run.renderer.is_exposed else run.renderer.most_samples(tile)
        while spp < target and self._may_go_on(run):
            count = 1
            if run.seconds_per_sample > 0.0:
                count = int(CALL_SECONDS / (run.seconds_per_sample * pixels))
            count = max(1, min(count, target - spp, most))
            renderer = run.renderer.at(spp)
            attempt, swing_attempt = np.empty_like(sums), np.empty_like(swings)
            begin = time.perf_counter()
            rendered = renderer.render(
                tile, spp, count, attempt, run.cancel, swing_attempt, (sums, swings)
            )
            finished, covered = rendered.finished, None
            if finished and coverage is not None:
                covered = np.empty_like(coverage)
                finished = renderer.cover(tile, spp, count, covered, run.cancel, coverage)
            if not finished:  # cancelled, they are left half done
                continue
            sums, swings, coverage = attempt, swing_attempt, covered
            spp += count
            seconds = (time.perf_counter() - begin) / (count * pixels)
            if rendered.splats is not None:  # not kept for long: they would fill the memory
                run.film.publish(tile, sums, spp, swings, rendered.splats, coverage=coverage)
                published = spp
            with self._lock:
                run.settled = run.settled and rendered.splats is None
                run.rays += rendered.rays
                run.dropped += rendered.dropped
                run.samples += count * pixels
                run.taken += count * pixels
                old = run.seconds_per_sample
                run.seconds_per_sample = seconds if old == 0.0 else 0.75 * old + 0.25 * seconds
        return _Taken(spp, published, sums, swings, coverage)
