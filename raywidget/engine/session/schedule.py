"""Which tile is worked on next: pass by pass, centre first, each tile by one worker at a time."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from raywidget.engine.film.tiles import Tile


class Job(NamedTuple):
    """Bring some tiles, most often one, from `first` samples per pixel to `target`."""

    tiles: tuple[Tile, ...]
    pass_index: int
    first: int
    target: int

    @property
    def tile(self) -> Tile:
        """The only one."""
        (tile,) = self.tiles
        return tile


class Schedule:
    """The work of one render. Not thread-safe: its session holds a lock.

    Parameters
    ----------
    tiles : sequence of Tile
        All tiles, by index.
    order : sequence of int
        Tile indices, the most urgent first.
    targets : sequence of int
        Samples per pixel after each pass, increasing.
    spp : sequence of int
        Samples per pixel that each tile has already.
    hold_passes : bool
        Begin a pass only when `allow_pass` was called for it (the first is always allowed).
    one_by_one : bool
        A job is one sample of each pixel, and the next ones begin when no tile has fewer: for
        scenes that are another one with each sample.

    Notes
    -----
    There is no barrier between passes otherwise: a worker that finds no tile of this pass goes on
    with the next one.
    """

    def __init__(
        self,
        tiles: Sequence[Tile],
        order: Sequence[int],
        targets: Sequence[int],
        spp: Sequence[int],
        *,
        hold_passes: bool = False,
        one_by_one: bool = False,
    ) -> None:
        self._tiles = tiles
        self._one_by_one = one_by_one
        self._rank = {index: rank for rank, index in enumerate(order)}
        self._targets = tuple(targets)
        self._spp = list(spp)
        self._busy = 0
        self._count_passes()
        self._first: frozenset[int] = frozenset()  # tiles that come before all others
        # A heap of (0 if it comes first, pass_index, samples if they count, rank, tile index).
        self._ready: list[tuple[int, int, int, int, int]] = []
        for tile in tiles:
            self._make_ready(tile.index, self._pass_of(tile.index))
        first = self._ready[0][1] if self._ready else 0
        self._allowed = first if hold_passes else None

    @property
    def targets(self) -> tuple[int, ...]:
        """Samples per pixel after each pass."""
        return self._targets

    @property
    def finished(self) -> bool:
        """Has every tile reached the last target?"""
        return self._busy == 0 and not self._ready

    @property
    def passes_done(self) -> int:
        """How many passes all tiles have finished."""
        return self._passes_done

    def finish_early(self) -> None:
        """Begin no pass that has not begun."""
        self._ready.clear()

    def allow_pass(self, pass_index: int) -> None:
        """Let passes up to `pass_index` begin."""
        if self._allowed is not None:
            self._allowed = max(self._allowed, pass_index)

    def take(self, samples: float = 0.0) -> Job | None:
        """The most urgent job, or None if there is none to begin now.

        It goes on through the passes that follow as long as they are allowed, and as long as it
        takes no more than so many `samples` of pixels.
        """
        if not self._ready:
            return None
        if self._allowed is not None and self._ready[0][1] > self._allowed:
            return None
        _, pass_index, *_, index = heapq.heappop(self._ready)
        self._busy += 1
        tile, first = self._tiles[index], self._spp[index]
        if self._one_by_one:
            return Job((tile,), pass_index, first, first + 1)
        last = len(self._targets) - 1 if self._allowed is None else self._allowed
        most = first + samples / (tile.width * tile.height)
        while pass_index < min(last, len(self._targets) - 1):
            if self._targets[pass_index + 1] > most:
                break
            pass_index += 1
        return Job((tile,), pass_index, first, self._targets[pass_index])

    def take_together(self, samples: float, workers: int) -> Job | None:
        """The most urgent job, and with it those that follow and differ in nothing but their tiles.

        All of them have no more than so many `samples` of pixels, unless the first alone has; and
        they are no more than a share of what is left, so that `workers` end together.
        """
        job = self.take()
        if job is None or self._one_by_one or samples <= 0.0:
            return job
        (tile,), asked_pass, first, target = job
        tiles, ready, spp = [tile], self._ready, self._spp
        later = tile.index not in self._first
        left = len(ready)
        if self._allowed is not None:  # others may wait for the end of this pass
            left = min(left, self._tiles_at[asked_pass] - self._busy)
        pixels = samples / (target - first) - tile.width * tile.height
        for _ in range(left // (2 * workers - 1)):
            is_later, pass_index, _, _, index = ready[0]
            tile = self._tiles[index]
            pixels -= tile.width * tile.height
            alike = pass_index == asked_pass and spp[index] == first and is_later == later
            if pixels < 0.0 or not alike:
                break
            heapq.heappop(ready)
            tiles.append(tile)
        self._busy += len(tiles) - 1
        return Job(tuple(tiles), asked_pass, first, target)

    def give_back(self, job: Job, spp: int) -> None:
        """A job has ended, with its tiles at `spp` samples per pixel."""
        count, targets, at = len(job.tiles), self._targets, self._tiles_at
        pass_index = bisect_right(targets, spp)
        self._busy -= count
        at[bisect_right(targets, job.first)] -= count
        at[pass_index] += count
        self._advance()
        for tile in job.tiles:
            self._spp[tile.index] = spp
            self._make_ready(tile.index, pass_index)

    def prefer(self, indices: Iterable[int]) -> None:
        """Bring these tiles to the last pass before any other is taken."""
        self._first = frozenset(indices)
        waiting = [index for *_, index in self._ready]
        self._ready.clear()
        for index in waiting:
            self._make_ready(index, self._pass_of(index))

    def extend(self, targets: Sequence[int]) -> None:
        """More samples are wanted: `targets` continue where the present ones end."""
        waiting = {index for *_, index in self._ready}
        last = max(self._spp) if self._busy == 0 and not self._ready else self._targets[-1]
        self._targets = tuple(t for t in self._targets if t <= last)
        done = [t.index for t in self._tiles if self._spp[t.index] >= self._targets[-1]]
        self._targets += tuple(targets)
        self._count_passes()
        for index in done:
            if index not in waiting:
                self._make_ready(index, self._pass_of(index))

    def _count_passes(self) -> None:
        # Not a count for each pass: there may be a million, and this is asked after each tile.
        self._tiles_at = Counter(map(self._pass_of, range(len(self._spp))))
        self._passes_done = 0
        self._advance()

    def _advance(self) -> None:
        """All tiles have finished a pass if none is still at it."""
        while self._passes_done < len(self._targets) and not self._tiles_at[self._passes_done]:
            del self._tiles_at[self._passes_done]
            self._passes_done += 1

    def _pass_of(self, index: int) -> int:
        """Which pass a tile is at."""
        return bisect_right(self._targets, self._spp[index])

    def _make_ready(self, index: int, pass_index: int) -> None:
        if pass_index < len(self._targets):
            later = 0 if index in self._first else 1
            spp = self._spp[index] if self._one_by_one else 0
            heapq.heappush(self._ready, (later, pass_index, spp, self._rank[index], index))
