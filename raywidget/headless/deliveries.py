"""Finished tiles and passes, as callbacks are told of them."""

from __future__ import annotations

import queue
from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.tiles import Tile, make_tiles
from raywidget.engine.session.session import POLL_SECONDS, Session
from raywidget.engine.settings import RenderSettings
from raywidget.errors import RenderCancelled

if TYPE_CHECKING:
    from raywidget.engine.session.run import ResumeState, TileUpdate
    from raywidget.picture.image import Image

# Finished tiles that wait for a callback, at most; when it is slower than the workers, they wait.
_WAITING_TILES = 8


class FinishedTile(NamedTuple):
    """What `on_tile` is told: one tile has finished one pass."""

    x: int  # left edge in pixels of the picture that comes back
    y: int  # top edge
    width: int
    height: int
    pass_index: int  # 0 for the first pass
    spp: int  # samples per pixel in it now
    pixels: NDArray[np.float32]  # (height, width, 3), linear Rec. 709, the caller's own copy
    alpha: NDArray[np.float32] | None = None  # (height, width), with ``alpha=True``


class FinishedPass(NamedTuple):
    """What `on_pass` is told: all tiles have finished one pass."""

    pass_index: int
    pass_count: int  # at most: a goal for noise may be reached before
    spp: int
    image: Image


class Deliveries:
    """Carries finished tiles from the workers to the callbacks' thread, and never loses one."""

    def __init__(
        self,
        settings: RenderSettings,
        on_tile: Callable[[FinishedTile], object] | None,
        on_pass: Callable[[FinishedPass], object] | None,
        resume: ResumeState | None,
    ) -> None:
        self.session: Session | None = None
        self._on_tile = on_tile
        self._on_pass = on_pass
        self._passes = settings.pass_targets()
        self._tiles_left = [0] * len(self._passes)
        before = None if resume is None else resume.film.spp
        rows, columns = settings.region_in_window
        self._left, self._top = columns.start, rows.start
        self._right, self._bottom = columns.stop, rows.stop
        for tile in make_tiles(*settings.window[2:], settings.tile_size):
            if self._seen(tile) is None:
                continue
            done = 0 if before is None else int(before[tile.y, tile.x])
            for index in range(bisect_right(self._passes, done), len(self._passes)):
                self._tiles_left[index] += 1
        self._waiting: queue.Queue[FinishedTile] = queue.Queue(_WAITING_TILES)
        self._abandoned = False

    def offer(self, update: TileUpdate) -> None:
        """In a worker: hand over a tile, waiting while too many wait."""
        assert self.session is not None
        if not update.settled:
            return
        film = self.session.current().film
        assert film is not None
        tile = self._seen(update.tile)
        if tile is None:
            return
        state = film.read(tile)
        place = tile.x - self._left, tile.y - self._top, tile.width, tile.height
        finished = FinishedTile(*place, update.pass_index, update.spp, state.pixels, state.alpha)
        while not self._abandoned:
            try:
                self._waiting.put(finished, timeout=POLL_SECONDS)
                return
            except queue.Full:
                pass

    def _seen(self, tile: Tile) -> Tile | None:
        """What the picture has of a tile of the film."""
        x, y = max(tile.x, self._left), max(tile.y, self._top)
        width = min(tile.x + tile.width, self._right) - x
        height = min(tile.y + tile.height, self._bottom) - y
        return Tile(tile.index, x, y, width, height) if width > 0 and height > 0 else None

    def abandon(self) -> None:
        """Nobody will call `deliver_waiting` again: let the workers go."""
        self._abandoned = True

    def deliver_waiting(self) -> None:
        """In the caller's thread: call the callbacks for what has come within a moment."""
        try:
            finished = self._waiting.get(timeout=POLL_SECONDS)
            while True:
                self._deliver(finished)
                finished = self._waiting.get_nowait()
        except queue.Empty:
            pass

    def deliver_rest(self) -> None:
        """The render is done: deliver what still waits, and insist that nothing is missing."""
        while not self._waiting.empty():
            self.deliver_waiting()
        assert self.session is not None
        spp = self.session.current().settings.spp  # less than asked for if the noise allowed it
        left = self._tiles_left[: bisect_right(self._passes, spp)]
        if any(left):
            raise RenderCancelled(f"{sum(left)} tiles were not rendered")

    def _deliver(self, finished: FinishedTile) -> None:
        assert self.session is not None
        if self._on_tile is not None:
            self._on_tile(finished)
        index = finished.pass_index
        self._tiles_left[index] -= 1
        if self._tiles_left[index] == 0 and self._on_pass is not None:
            image = self.session.image()
            self._on_pass(FinishedPass(index, len(self._passes), self._passes[index], image))
            self.session.allow_pass(index + 1)
