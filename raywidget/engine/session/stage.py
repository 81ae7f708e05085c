"""What the workers of a session and those who control it share, and the one lock for all of it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from raywidget.engine.film.tiles import Tile, tiles_in
from raywidget.engine.preview.coarse import Coarse, CoarsePicture, Look
from raywidget.engine.preview.sketch_thread import Sketcher
from raywidget.engine.session.run import (
    CLOSED,
    COMPILING,
    DONE,
    ENDED,
    FAILED,
    PAUSED,
    RUNNING,
    STOPPED,
    Run,
    TileUpdate,
)
from raywidget.engine.settings import MAX_SPP, RenderSettings
from raywidget.scene.scene import Scene


class Listeners(NamedTuple):
    """Who hears of what happens, see `Session`."""

    on_tile: Callable[[TileUpdate], None] | None = None
    on_state: Callable[[], None] | None = None
    on_coarse: Callable[[CoarsePicture], None] | None = None
    on_part: Callable[[], None] | None = None


class Stage:
    """The present run, its state, and what is to be seen of it.

    Parameters
    ----------
    scene : Scene
        What the first run renders.
    settings : RenderSettings
        How.
    listeners : Listeners
        Who hears of it.
    hold_passes : bool
        Does somebody allow each pass but the first?
    """

    def __init__(
        self, scene: Scene, settings: RenderSettings, listeners: Listeners, hold_passes: bool
    ) -> None:
        self.listeners = listeners
        self.hold_passes = hold_passes
        self.lock = threading.RLock()  # guards everything below
        self.changed = threading.Condition(self.lock)
        self.idle = 0  # workers that wait for a job
        self.tiles_elsewhere = False  # do others than this process's threads render tiles?
        self.state = STOPPED
        self.message: str | None = None
        self.error: BaseException | None = None
        self.run = Run(1, scene, settings)
        self.coarse = Coarse()
        self.region: tuple[int, int, int, int] | None = None
        self.unlit = False  # do coarse pictures show colours of values instead of light?
        self.look: Look | None = None  # where the camera is while it moves
        self.sketcher: Sketcher | None = None
        if listeners.on_coarse is not None:
            self.sketcher = Sketcher(self.changed, self._look_to_sketch, listeners.on_coarse)
        self._last_generation = 1

    # --- While the lock is held ------------------------------------------------------------------

    def set_state(self, state: str) -> None:
        """Be in another state from now on, and wake whoever waits for one."""
        run = self.run
        now = time.perf_counter()
        if run.since is not None:
            run.elapsed += now - run.since
        run.since = now if state == RUNNING else None
        if state == STOPPED:
            run.cancel[0] = 1
        elif state in (RUNNING, COMPILING):
            run.cancel[0] = 0
        self.state = state
        if state not in (FAILED, CLOSED):
            self.message = None
        if state == COMPILING and self.sketcher is not None:
            self.sketcher.begin(self.run.previous is None)
        self.changed.notify_all()

    def next_generation(self) -> int:
        """A number that no run and no look has had."""
        self._last_generation += 1
        return self._last_generation

    def prefer_region(self) -> None:
        """Have the schedule of the present run know which tiles come first."""
        run = self.run
        if run.schedule is not None:
            region = self.region
            run.schedule.prefer(() if region is None else tiles_in(run.film.tiles, region))

    def open_gates(self, run: Run) -> None:
        """Let those passes begin that nothing holds back any more."""
        allowed = min(run.caller_allows, run.noise_allows)
        if run.schedule is not None and allowed < math.inf:
            run.schedule.allow_pass(int(allowed))
        elif run.schedule is not None:
            run.schedule.allow_pass(MAX_SPP)
        self.changed.notify_all()

    def finish_if_done(self) -> None:
        """Be done, if nothing is left to do."""
        schedule = self.run.schedule
        if (
            self.state == RUNNING
            and schedule is not None
            and schedule.finished
            and self.run.settled
            and self.run.closing == 0
        ):
            self.set_state(DONE)

    def _look_to_sketch(self) -> Look | None:
        """What can't be rendered yet."""
        run = self.run
        if run.renderer is not None or self.state in ENDED:
            return None
        return self.look or Look(run.generation, run.scene, run.settings, 0, 0, self.unlit)

    # --- ... and while it is not -----------------------------------------------------------------

    def tell_state(self) -> None:
        """Tell that state, generation or goal have changed."""
        if self.listeners.on_state is not None:
            self.listeners.on_state()

    def tell_tiles(
        self, run: Run, pass_index: int, tiles: Iterable[Tile], spp: int, settled: bool
    ) -> None:
        """Tell that tiles have finished a pass, unless their run is over."""
        on_tile = self.listeners.on_tile
        if on_tile is None:
            return
        for tile in tiles:  # who listens may take long
            if not self.is_late(run):
                on_tile(TileUpdate(run.generation, pass_index, tile, spp, settled))

    def tell_part(self, run: Run) -> None:
        """Tell that there is more to be seen of a tile, which is in the middle of a pass."""
        if self.listeners.on_part is not None and not self.is_late(run):
            self.listeners.on_part()

    def fail(self, run: Run, error: BaseException) -> None:
        """Something was raised in a worker: keep it for those who wait."""
        with self.lock:
            if run is not self.run or self.state == CLOSED:
                return
            run.cancel[0] = 1
            self.error = error
            self.message = f"{type(error).__name__}: {error}"
            self.set_state(FAILED)
        self.tell_state()

    def may_go_on(self, run: Run) -> bool:
        """Wait while paused; False if this run is over or stopped."""
        if self.state == RUNNING and run is self.run and self.look is None:
            return True  # as it is before nearly every call, of which none needs the lock
        with self.lock:
            while self.state == PAUSED and run is self.run:
                self.changed.wait()
            return run is self.run and self.state == RUNNING and self.look is None

    def is_late(self, run: Run) -> bool:
        """Does nobody want to hear of this run any more?"""
        with self.lock:
            return run is not self.run or self.state in (CLOSED, FAILED)
