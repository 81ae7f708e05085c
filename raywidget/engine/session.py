"""A render that goes on in the background: threads, passes, pause, stop, restart.

The widget, `render()` and the command line all run this. Threads are daemons named
``raywidget-worker-N``; they hold the GIL only between kernel calls of about 10 ms, and end within
one row of pixels of `close`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import numpy as np

from raywidget.engine.accumulation import Accumulator
from raywidget.engine.adaptive import pilot_samples
from raywidget.engine.coarse import (
    Coarse,
    CoarsePicture,
    Look,
    Strip,
    helps,
    make_renderer,
    render_strip,
)
from raywidget.engine.run import (
    CLOSED,
    COMPILING,
    DONE,
    ENDED,
    FAILED,
    PAUSED,
    RUNNING,
    STOPPED,
    Current,
    Progress,
    ResumeState,
    Run,
    TileUpdate,
)
from raywidget.engine.schedule import Job, Schedule
from raywidget.engine.settings import MAX_SPP, RenderSettings, check_scene_fits
from raywidget.engine.sketcher import sketch_meanwhile
from raywidget.engine.tiles import order_centre_out, tiles_in
from raywidget.errors import RenderError, SettingsError
from raywidget.picture.image import Image
from raywidget.picture.luminance import luminance
from raywidget.picture.noise import relative_noise
from raywidget.scene.scene import Scene

# Waits are polled, so that an interrupt (Ctrl-C) is seen on every system.
POLL_SECONDS = 0.05


class Session:
    """A render in the background.

    Parameters
    ----------
    scene : Scene
        What to render.
    settings : RenderSettings
        How.
    on_tile : callable, optional
        Called with a `TileUpdate` in a worker thread whenever a tile has finished a pass. While it
        runs, that worker waits.
    on_state : callable, optional
        Called without arguments, in whatever thread, when the state, the generation or the goal
        has changed.
    on_coarse : callable, optional
        Called with a `CoarsePicture` in a worker thread whenever one is finished: one at the
        begin of each generation, and one for each `look`. Where kernels have to be compiled first,
        sketches come before it.
    resume : ResumeState, optional
        Go on from an earlier render's samples.
    hold_passes : bool
        Wait for `allow_pass` before each pass but the first.

    Raises
    ------
    SettingsError
        If scene and settings do not go together.

    Notes
    -----
    States: ``compiling`` (scene and kernels), ``running``, ``paused``, ``done``, ``stopped``,
    ``failed``, ``closed``. A generation begins with the session and with each `restart`.
    """

    def __init__(
        self,
        scene: Scene,
        settings: RenderSettings,
        *,
        on_tile: Callable[[TileUpdate], None] | None = None,
        on_state: Callable[[], None] | None = None,
        on_coarse: Callable[[CoarsePicture], None] | None = None,
        resume: ResumeState | None = None,
        hold_passes: bool = False,
    ) -> None:
        check_scene_fits(scene, settings)
        self._on_tile = on_tile
        self._on_state = on_state
        self._on_coarse = on_coarse
        self._hold_passes = hold_passes
        self._lock = threading.RLock()  # guards everything below
        self._changed = threading.Condition(self._lock)
        self._idle = 0  # workers that wait for a job
        self._accumulator = Accumulator(self._lock, self._may_go_on)
        self._threads: list[threading.Thread] = []
        self._compiler: threading.Thread | None = None  # while it compiles
        self._sketcher: threading.Thread | None = None  # meanwhile, the last one
        self._sketching = False  # does it go on?
        self._state = STOPPED
        self._message: str | None = None
        self._error: BaseException | None = None
        self._run = Run(1, scene, settings)
        self._last_generation = 1
        self._coarse = Coarse()
        self._region: tuple[int, int, int, int] | None = None
        self._look: Look | None = None  # where the camera is while it moves
        if resume is not None:
            self._run.take_up(resume)

    # --- What is there ---------------------------------------------------------------------------

    def current(self) -> Current:
        """Generation, settings, film and state, as of one moment."""
        with self._changed:
            run = self._run
            film = run.film if run.renderer is not None else None
            return Current(run.generation, run.settings, film, self._state, self._message)

    @property
    def scene(self) -> Scene:
        """What is rendered; while the camera moves, with the camera as it is now."""
        with self._changed:
            return self._run.scene if self._look is None else self._look.scene

    @property
    def looking(self) -> bool:
        """Does the camera move, so that the render rests?"""
        with self._changed:
            return self._look is not None

    def run(self) -> Run:
        """The present generation, for those who look into its tables."""
        with self._changed:
            return self._run

    def progress(self) -> Progress:
        """Samples, time and rate of the present generation."""
        with self._changed:
            run = self._run
            elapsed = run.elapsed
            if run.since is not None:
                elapsed += time.perf_counter() - run.since
            goal = run.settings.width * run.settings.height * run.settings.spp
            if run.settings.adaptive and self._state == DONE:
                goal = run.samples  # shares are rounded down to whole samples
            rate = run.taken / elapsed if elapsed > 0.0 else 0.0
            return Progress(run.samples, goal, elapsed, rate, run.rays, run.noise)

    def image(self, *, exposure: float = 0.0, curve: str = "srgb", channel: str = "color") -> Image:
        """The picture as it is now, to be shown so; black where there is no sample yet."""
        with self._changed:
            run = self._run
        reached = min(run.film.read_spp(tile) for tile in run.film.tiles)
        state = run.film.state()
        progress = self.progress()
        spp = reached if run.settings.adaptive else int(state.spp.min())
        rate = progress.rays / progress.elapsed if progress.elapsed > 0.0 else 0.0
        pixels = state.pixels()
        return Image(
            pixels,
            spp=spp,
            settings=run.settings,
            exposure=exposure,
            curve=curve,
            channel=channel,
            samples=state.spp,
            goal=run.settings.spp,
            statistics={
                "seconds": progress.elapsed,
                "samples": progress.samples,
                "samples_per_second": progress.rate,
                "rays": progress.rays,
                "rays_per_second": rate,
                "mean_luminance": float(luminance(pixels).mean(dtype=np.float64)),
                "dropped_samples": run.dropped,
                "threads": run.settings.thread_count(),
            },
            state=ResumeState(run.scene, run.settings, state),
            variance=state.variance(),
            aovs=run.aovs.images(
                run.settings.aovs, state, run.film, run.renderer, run.settings.thread_count()
            ),
        )

    # --- Control, from any thread ----------------------------------------------------------------

    def start(self) -> None:
        """Begin, or go on after `stop`; returns at once."""
        self._go_on(STOPPED)

    def pause(self) -> None:
        """Hold all workers at the end of their kernel calls."""
        self._move((RUNNING, COMPILING), PAUSED)

    def resume(self) -> None:
        """Go on after `pause` or `stop`."""
        self._go_on(PAUSED, STOPPED)

    def stop(self) -> None:
        """End the render at once; the film keeps all whole samples taken so far."""
        self._move((RUNNING, COMPILING, PAUSED), STOPPED)

    def restart(
        self, *, scene: Scene | None = None, settings: RenderSettings | None = None
    ) -> None:
        """Begin a new generation from nothing, with another scene or settings if given."""
        with self._changed:
            if self._state == CLOSED:
                return
            old = self._run
            check_scene_fits(scene or old.scene, settings or old.settings)
            old.cancel[0] = 1
            self._run = Run(
                self._next_generation(),
                scene or old.scene,
                settings or old.settings,
                old.renderer or old.previous,
            )
            self._look = None
            self._coarse.forget()
            self._error = None
            self._message = None
            started = bool(self._threads)
            self._set_state(COMPILING if started else STOPPED)
        self._tell()
        self.start()

    def look(self, scene: Scene, *, client: int = 0, number: int = 0) -> None:
        """Show a coarse picture of a scene that differs from the present one in its camera.

        The render rests from now on, until `restart` begins it anew with the scene that it is to
        show. `client` and `number` come back in the `CoarsePicture`.
        """
        with self._changed:
            run = self._run
            if self._state == CLOSED or (run.renderer is None and not self._sketching):
                return
            run.cancel[0] = 1
            self._look = Look(self._next_generation(), scene, run.settings, client, number)
            self._coarse.want(self._look)
            self._changed.notify_all()

    def extend(self, spp: int) -> None:
        """Ask for `spp` more samples per pixel than before; goes on if the render was done.

        A goal for noise no longer counts: more is wanted than was needed for that.

        Raises
        ------
        SettingsError
            If samples are adaptive: they have been dealt out already.
        """
        with self._changed:
            run = self._run
            if self._state in (CLOSED, FAILED):
                return
            if run.settings.adaptive:
                raise SettingsError("adaptive: can't be gone on with; restart with a larger spp")
            before = run.settings.spp
            run.settings = run.settings.replace(spp=before + spp, noise=None)
            run.noise_allows = math.inf
            if run.schedule is not None:
                later = [t for t in run.settings.pass_targets() if t > before]
                run.schedule.extend(later)
                self._open_gates(run)
            if self._state == DONE:
                self._set_state(RUNNING)
        self._tell()

    def prefer(self, region: tuple[int, int, int, int] | None) -> None:
        """Render the tiles that touch (x, y, width, height) to the end before the others.

        None: no tile before another. It changes no pixel.
        """
        with self._changed:
            self._region = region
            self._prefer(self._run)
            self._changed.notify_all()

    def await_compiled(self, timeout: float) -> None:
        """Wait until the scene is there as tables, or won't be."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while self._state == COMPILING and time.monotonic() < deadline:
                self._changed.wait(POLL_SECONDS)

    def allow_pass(self, pass_index: int) -> None:
        """Let passes up to `pass_index` begin (see `hold_passes`)."""
        with self._changed:
            self._run.caller_allows = max(self._run.caller_allows, pass_index)
            self._open_gates(self._run)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the render has ended; False if it still goes on after `timeout` seconds.

        Raises
        ------
        RenderError
            If it has failed; the cause is attached.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while self._state not in ENDED:
                left = POLL_SECONDS
                if deadline is not None:
                    left = min(left, deadline - time.monotonic())
                    if left <= 0.0:
                        return False
                self._changed.wait(left)
            if self._state == FAILED:
                raise RenderError(f"the render failed: {self._message}") from self._error
        return True

    def close(self) -> None:
        """End the render and join every thread.

        A thread that is compiling kernels can't be interrupted: it is left to end by itself, at
        the end of its compilation.
        """
        with self._changed:
            self._run.cancel[0] = 1
            if self._state != CLOSED:
                self._set_state(CLOSED)
            threads = [t for t in self._threads if t is not self._compiler]
            if self._sketcher is not None:
                threads.append(self._sketcher)
        self._tell()
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()

    # --- State; the lock is held -----------------------------------------------------------------

    def _set_state(self, state: str) -> None:
        run = self._run
        now = time.perf_counter()
        if run.since is not None:
            run.elapsed += now - run.since
        run.since = now if state == RUNNING else None
        if state == STOPPED:
            run.cancel[0] = 1
        elif state in (RUNNING, COMPILING):
            run.cancel[0] = 0
        self._state = state
        if state == COMPILING and not self._sketching and self._on_coarse is not None:
            self._sketching = True
            self._sketcher = threading.Thread(
                target=self._sketch, name="raywidget-sketch", daemon=True, args=(self._on_coarse,)
            )
            self._sketcher.start()
        self._changed.notify_all()

    def _look_to_sketch(self) -> Look | None:
        """What can't be rendered yet; None ends the thread that asks."""
        run = self._run
        if self._sketcher is not threading.current_thread():
            return None
        if run.renderer is not None or self._state in ENDED:
            self._sketching = False
            return None
        return self._look or Look(run.generation, run.scene, run.settings, 0, 0)

    def _next_generation(self) -> int:
        self._last_generation += 1
        return self._last_generation

    def _prefer(self, run: Run) -> None:
        if run.schedule is not None:
            region = self._region
            run.schedule.prefer(() if region is None else tiles_in(run.film.tiles, region))

    def _open_gates(self, run: Run) -> None:
        allowed = min(run.caller_allows, run.noise_allows)
        if run.schedule is not None and allowed < math.inf:
            run.schedule.allow_pass(int(allowed))
        elif run.schedule is not None:
            run.schedule.allow_pass(MAX_SPP)
        self._changed.notify_all()

    def _finish_if_done(self) -> None:
        schedule = self._run.schedule
        if (
            self._state == RUNNING
            and schedule is not None
            and schedule.finished
            and self._run.settled
            and self._run.closing == 0
        ):
            self._set_state(DONE)

    def _conclude(self, run: Run) -> bool:
        """A job has ended; does that end the render?"""
        done_before = self._state == DONE
        if run is self._run:
            self._finish_if_done()
        if self._idle:  # the next pass of this tile may be a job for them
            self._changed.notify_all()
        return self._state == DONE and not done_before

    # --- ... and is not held ---------------------------------------------------------------------

    def _go_on(self, *sources: str) -> None:
        with self._changed:
            if self._state not in sources:
                return
            self._set_state(RUNNING if self._run.renderer is not None else COMPILING)
            self._finish_if_done()  # the last tile may have come in while it was paused
            if not self._threads:
                count = self._run.settings.thread_count()
                self._threads = [
                    threading.Thread(target=self._work, name=f"raywidget-worker-{k}", daemon=True)
                    for k in range(count)
                ]
                for thread in self._threads:
                    thread.start()
        self._tell()

    def _move(self, sources: tuple[str, ...], state: str) -> None:
        with self._changed:
            if self._state not in sources:
                return
            self._set_state(state)
        self._tell()

    def _tell(self) -> None:
        if self._on_state is not None:
            self._on_state()

    def _fail(self, run: Run, error: BaseException) -> None:
        with self._changed:
            if run is not self._run or self._state == CLOSED:
                return
            run.cancel[0] = 1
            self._error = error
            self._message = f"{type(error).__name__}: {error}"
            self._set_state(FAILED)
        self._tell()

    # --- Workers ---------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._lock:
                run, job = self._await_job()
            if run is None:
                return
            try:
                if job is None:
                    self._compile(run)
                elif isinstance(job, Strip):
                    self._render_coarse(run, job)
                else:
                    self._render(run, job)
            except BaseException as error:  # must reach whoever waits, not die with the thread
                self._fail(run, error)

    def _await_job(self) -> tuple[Run | None, Job | Strip | None]:
        """A job of the present run, (run, None) to compile it, or (None, None) to end."""
        while True:
            run = self._run
            if self._state == CLOSED:
                return None, None
            if self._state == COMPILING and not run.compiling:
                run.compiling = True
                return run, None
            strip = self._coarse.take() if run.renderer is not None else None
            if strip is not None:
                return run, strip
            if self._state == RUNNING and run.schedule is not None and self._look is None:
                job = run.schedule.take()
                if job is not None:
                    return run, job
            self._idle += 1
            self._changed.wait()
            self._idle -= 1

    def _sketch(self, show: Callable[[CoarsePicture], None]) -> None:
        """Show sketches while scenes compile, should it take long."""
        try:
            sketch_meanwhile(self._changed, self._look_to_sketch, show)
        except Exception:  # the picture itself will come: no sketch is worth ending the render
            with self._changed:
                self._sketching = False

    def _compile(self, run: Run) -> None:
        with self._changed:
            self._compiler = threading.current_thread()
        try:
            # Only here, in the background: it loads numba, which takes most of a second.
            from raywidget.engine.renderer import Renderer

            renderer = Renderer(run.scene, run.settings, run.previous)
        finally:
            with self._changed:
                self._compiler = None
        tiles = run.film.tiles
        order = order_centre_out(tiles, run.settings.width, run.settings.height)
        spp = [run.film.read_spp(tile) for tile in tiles]
        with self._changed:
            run.renderer = renderer
            targets = run.settings.pass_targets()
            held = self._hold_passes or run.settings.noise is not None
            run.schedule = Schedule(tiles, order, targets, spp, hold_passes=held)
            first = run.schedule.passes_done  # of an image that is gone on with
            if self._hold_passes:
                run.caller_allows = first
            if run.settings.noise is not None:
                run.noise_allows = first
            if self._region is not None:
                self._prefer(run)
        if first > 0:
            self._measure(run)
        with self._changed:
            if run is self._run and self._state == COMPILING:
                if self._look is not None:
                    self._coarse.want(self._look)
                elif self._on_coarse is not None and max(spp) == 0 and helps(run.settings):
                    self._coarse.want(Look(run.generation, run.scene, run.settings, 0, 0))
                self._set_state(RUNNING)
                self._finish_if_done()
        self._tell()

    def _render_coarse(self, run: Run, strip: Strip) -> None:
        job, tile = strip
        picture = None
        try:
            if tile is None:
                assert run.renderer is not None
                size = self._coarse.size(job.look.settings, len(self._threads))
                renderer = make_renderer(job, run.renderer, size)
            else:
                render_strip(job, tile)
        except BaseException:
            with self._changed:
                self._coarse.drop(job)
            raise
        with self._changed:
            if tile is None:
                self._coarse.begin(job, renderer, size)
            else:
                picture = self._coarse.finish(job)
            self._changed.notify_all()
        if picture is not None and self._on_coarse is not None:
            self._on_coarse(picture)

    def _render(self, run: Run, job: Job) -> None:
        """Bring a tile to the end of a pass."""
        assert run.renderer is not None
        if run.settings.adaptive and job.first >= pilot_samples(run.settings.spp):
            spp = self._accumulator.refine(run, job)
        else:
            spp = self._accumulator.accumulate(run, job)
        self._end_job(run, job, spp)

    def _end_job(self, run: Run, job: Job, spp: int) -> None:
        """Tell of a tile that has `spp` samples now, and of what ends with it."""
        assert run.renderer is not None
        tile = job.tile
        splats = run.renderer.makes_splats
        if spp == job.target and self._on_tile is not None and not self._is_late(run):
            last = spp == run.settings.spp or run.settings.looks_at_noise(spp)
            settled = not (splats and last)
            self._on_tile(TileUpdate(run.generation, job.pass_index, tile, spp, settled))
        with self._lock:
            assert run.schedule is not None
            run.schedule.give_back(job, spp)
            measure = run.schedule.passes_done > run.passes_measured
            if not measure and not splats:  # most tiles
                done = self._conclude(run)
            else:
                run.passes_measured = max(run.passes_measured, run.schedule.passes_done)
                run.closing += measure
        if measure or splats:
            done = self._end_pass(run, measure, splats and spp != job.target)
        if done or spp != job.target:  # the end, or whole samples of a pass that was broken off
            self._tell()

    def _end_pass(self, run: Run, measure: bool, renew: bool) -> bool:
        """What comes with the last tile of a pass, or with splats; does it end the render?"""
        assert run.renderer is not None
        assert run.schedule is not None
        if measure:  # by whoever has finished the last tile of a pass
            self._measure(run)
        splats = run.renderer.makes_splats
        with self._changed:
            run.closing -= measure
            settle = splats and run.schedule.finished and not run.settled and run.closing == 0
            run.closing += settle
        if settle:
            self._settle(run)
        elif renew:
            run.film.renew_versions()
        with self._changed:
            return self._conclude(run)

    def _measure(self, run: Run) -> None:
        """All tiles have finished a pass: how much noise is left, and is it little enough?"""
        assert run.schedule is not None
        passes = run.schedule.passes_done
        spp = run.schedule.targets[passes - 1]
        looks = run.settings.looks_at_noise(spp)
        noise = run.noise
        if looks or spp >= max(4, 2 * run.spp_measured):  # not after each of many passes
            state = run.film.state()
            noise = relative_noise(state.pixels(), state.variance())
        with self._changed:
            run.noise = noise
            run.spp_measured = max(run.spp_measured, spp)
            goal = run.settings.noise
            enough = looks and goal is not None and noise is not None and noise <= goal
            if enough:
                run.schedule.finish_early()
                run.settings = run.settings.replace(spp=spp)
        if goal is None or enough:
            return
        assert run.renderer is not None
        if looks and spp < run.settings.spp and run.renderer.makes_splats:
            self._tell_again(run)  # it might have been the end
        with self._changed:
            run.noise_allows = max(run.noise_allows, passes)
            self._open_gates(run)

    def _settle(self, run: Run) -> None:
        """All samples are taken: the first tiles have got light from the last ones since."""
        self._tell_again(run)
        with self._changed:
            run.settled = True
            run.closing -= 1

    def _tell_again(self, run: Run) -> None:
        assert run.schedule is not None
        last = run.schedule.passes_done - 1
        run.film.renew_versions()
        for tile in run.film.tiles:
            if self._on_tile is not None and not self._is_late(run):
                spp = run.schedule.targets[last]
                self._on_tile(TileUpdate(run.generation, last, tile, spp, True))

    def _may_go_on(self, run: Run) -> bool:
        """Wait while paused; False if this run is over or stopped."""
        if self._state == RUNNING and run is self._run and self._look is None:
            return True  # as it is before nearly every call, of which none needs the lock
        with self._changed:
            while self._state == PAUSED and run is self._run:
                self._changed.wait()
            return run is self._run and self._state == RUNNING and self._look is None

    def _is_late(self, run: Run) -> bool:
        with self._lock:
            return run is not self._run or self._state in (CLOSED, FAILED)
