"""A render that goes on in the background: passes, pause, stop, restart.

The widget, `render()` and the command line all run this. A `Session` is what they call; its
`Workers` do the work; `Stage` is what both share.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from raywidget.engine.backends.pools import pool_of
from raywidget.engine.backends.remote import Remote
from raywidget.engine.film.adaptive import pilot_samples
from raywidget.engine.preview.coarse import CoarsePicture, Look
from raywidget.engine.session.dispatch import Dispatcher
from raywidget.engine.session.finishing import catch_up_on_noise
from raywidget.engine.session.guides import PictureInputs
from raywidget.engine.session.run import (
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
from raywidget.engine.session.stage import Listeners, Stage
from raywidget.engine.session.values import PictureValues
from raywidget.engine.session.workers import Workers
from raywidget.engine.settings import RenderSettings, check_scene_fits
from raywidget.errors import RenderError, SceneError, SettingsError
from raywidget.picture.image import Image
from raywidget.picture.luminance import mean_luminance
from raywidget.picture.rows import MadeRows
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
    on_part : callable, optional
        Called in a worker thread whenever more of a tile is in the film, in the middle of a pass.
    resume : ResumeState, optional
        Go on from an earlier render's samples.
    hold_passes : bool
        Wait for `allow_pass` before each pass but the first.
    give_way : bool
        Let other threads of the machine go first, where its system can (Linux).
    executor : Executor or Client, optional
        Who renders tiles, instead of threads of this process: see `backends.pools.pool_of`.

    Raises
    ------
    SettingsError
        If scene and settings do not go together, or the executor is none.

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
        on_part: Callable[[], None] | None = None,
        resume: ResumeState | None = None,
        hold_passes: bool = False,
        give_way: bool = False,
        executor: object = None,
    ) -> None:
        check_scene_fits(scene, settings)
        listeners = Listeners(on_tile, on_state, on_coarse, on_part)
        self._stage = Stage(scene, settings, listeners, hold_passes)
        self._workers = Workers(self._stage, give_way)
        self._remote: Remote | None = None
        self._dispatcher: Dispatcher | None = None
        if executor is not None:
            self._remote = Remote(pool_of(executor))
            self._dispatcher = Dispatcher(self._stage, self._remote)
            self._stage.tiles_elsewhere = True
        if resume is not None:
            self._stage.run.take_up(resume)

    # --- What is there ---------------------------------------------------------------------------

    def current(self) -> Current:
        """Generation, settings, film and state, as of one moment."""
        stage = self._stage
        with stage.lock:
            run = stage.run
            film = run.film if run.renderer is not None else None
            return Current(run.generation, run.settings, film, stage.state, stage.message)

    @property
    def scene(self) -> Scene:
        """What is rendered; while the camera moves, with the camera as it is now."""
        stage = self._stage
        with stage.lock:
            return stage.run.scene if stage.look is None else stage.look.scene

    @property
    def looking(self) -> bool:
        """Does the camera move, so that the render rests?"""
        with self._stage.lock:
            return self._stage.look is not None

    def notes(self) -> list[str]:
        """What there is to be said of an executor's workers: those that failed or do not fit."""
        return [] if self._remote is None else list(self._remote.notes)

    def run(self) -> Run:
        """The present generation, for those who look into its tables."""
        with self._stage.lock:
            return self._stage.run

    def progress(self) -> Progress:
        """Samples, time, rate and noise of the present generation."""
        catch_up_on_noise(self._stage)
        return self._progress()

    def _progress(self) -> Progress:
        stage = self._stage
        with stage.lock:
            run = stage.run
            elapsed = run.elapsed
            if run.since is not None:
                elapsed += time.perf_counter() - run.since
            goal = run.film.width * run.film.height * run.settings.spp
            if run.settings.adaptive and stage.state == DONE:
                goal = run.samples  # shares are rounded down to whole samples
            rate = run.taken / elapsed if elapsed > 0.0 else 0.0
            return Progress(run.samples, goal, elapsed, rate, run.rays, run.noise)

    def image(self, *, exposure: float = 0.0, curve: str = "srgb", channel: str = "color") -> Image:
        """The picture as it is now, to be shown so; black where there is no sample yet."""
        with self._stage.lock:
            run = self._stage.run
        reached = min(run.film.read_spp(tile) for tile in run.film.tiles)
        state = run.film.state()
        progress = self._progress()
        spp = reached if run.settings.adaptive else state.least_spp()
        seen = run.settings.region_in_window
        shown = state if run.settings.region is None else state.part(*seen)
        rate = progress.rays / progress.elapsed if progress.elapsed > 0.0 else 0.0
        elsewhere = {} if self._remote is None else {"workers": self._remote.workers}
        pixels = MadeRows(shown.height, shown.width, shown.rows_of_pixels)
        return Image(
            pixels,
            spp=spp,
            settings=run.settings,
            exposure=exposure,
            curve=curve,
            channel=channel,
            samples=shown.counts,
            goal=run.settings.spp,
            statistics={
                "seconds": progress.elapsed,
                "samples": progress.samples,
                "samples_per_second": progress.rate,
                "rays": progress.rays,
                "rays_per_second": rate,
                "mean_luminance": mean_luminance(pixels),
                "dropped_samples": run.dropped,
                "threads": run.settings.thread_count(),
                **elsewhere,
            },
            state=ResumeState(run.scene, run.settings, state),
            variance=MadeRows(shown.height, shown.width, shown.rows_of_variance),
            alpha=shown.alpha(),
            value_colors=PictureValues(run.values, run.scene, run.settings, run.renderer),
            denoiser=PictureInputs(run.guides, run.scene, run.settings, state, run.renderer),
            aovs=run.aovs.images(
                run.settings.aovs,
                state,
                run.film,
                # As many wherever samples were dealt out, so that a region has those of the whole.
                min(state.least_spp(), pilot_samples(run.settings.spp))
                if run.settings.adaptive
                else state.least_spp(),
                run.renderer,
                run.settings.thread_count(),
                lambda: run.guides.images(run.scene, run.settings, run.renderer),
                seen,
            ),
        )

    # --- Control, from any thread ----------------------------------------------------------------

    def remark(self, generation: int, text: str | None) -> None:
        """Say something about the finished picture, beside the state; None takes it back."""
        stage = self._stage
        with stage.lock:
            if stage.state != DONE or generation != stage.run.generation or text == stage.message:
                return
            stage.message = text
        stage.tell_state()

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
        stage = self._stage
        with stage.lock:
            if stage.state == CLOSED:
                return
            old = stage.run
            check_scene_fits(scene or old.scene, settings or old.settings)
            old.cancel[0] = 1
            stage.run = Run(
                stage.next_generation(),
                scene or old.scene,
                settings or old.settings,
                old.renderer or old.previous,
            )
            stage.look = None
            stage.coarse.forget()
            stage.error = None
            stage.message = None
            started = self._workers.started
            stage.set_state(COMPILING if started else STOPPED)
        stage.tell_state()
        self.start()

    def look(self, scene: Scene, *, client: int = 0, number: int = 0) -> None:
        """Show a coarse picture of a scene that differs from the present one in its camera.

        The render rests from now on, until `restart` begins it anew with the scene that it is to
        show. `client` and `number` come back in the `CoarsePicture`.
        """
        stage = self._stage
        with stage.lock:
            run = stage.run
            sketching = stage.sketcher is not None and stage.sketcher.at_work
            if stage.state == CLOSED or (run.renderer is None and not sketching):
                return
            run.cancel[0] = 1
            stage.look = Look(
                stage.next_generation(), scene, run.settings, client, number, stage.unlit
            )
            stage.coarse.want(stage.look)
            stage.changed.notify_all()

    def show_unlit(self, on: bool) -> None:
        """Let coarse pictures show the colours of what shapes show, whatever the light, or not."""
        stage = self._stage
        with stage.lock:
            if on != stage.unlit and stage.look is not None:
                stage.look = stage.look._replace(generation=stage.next_generation(), unlit=on)
                if stage.run.renderer is not None:
                    stage.coarse.want(stage.look)
                stage.changed.notify_all()
            stage.unlit = on

    def bound_coarse(self, pixels: int) -> None:
        """Let coarse pictures have so many pixels at most."""
        with self._stage.lock:
            self._stage.coarse.most_pixels = pixels

    def extend(self, spp: int) -> None:
        """Ask for `spp` more samples per pixel than before; goes on if the render was done.

        A goal for noise no longer counts: more is wanted than was needed for that.

        Raises
        ------
        SettingsError
            If it is none, or samples are adaptive: they have been dealt out already.
        """
        if spp < 1:  # a render that goes on without anything to do would never be done
            raise SettingsError(f"more samples: expected a number > 0, got {spp}")
        stage = self._stage
        with stage.lock:
            run = stage.run
            if stage.state in (CLOSED, FAILED):
                return
            if run.settings.adaptive:
                raise SettingsError("adaptive: can't be gone on with; restart with a larger spp")
            before = run.settings.spp
            run.settings = run.settings.replace(spp=before + spp, noise=None)
            run.noise_allows = math.inf
            if run.schedule is not None:
                later = [t for t in run.settings.pass_targets() if t > before]
                run.schedule.extend(later)
                stage.open_gates(run)
            if stage.state == DONE:
                stage.set_state(RUNNING)
        stage.tell_state()

    def prefer(self, region: tuple[int, int, int, int] | None) -> None:
        """Render the tiles that touch (x, y, width, height) to the end before the others.

        None: no tile before another. It changes no pixel.
        """
        stage = self._stage
        with stage.lock:
            stage.region = region
            stage.prefer_region()
            stage.changed.notify_all()

    def await_rest(self, timeout: float) -> None:
        """Wait until the scene is there as tables, or won't be, and until its camera rests."""
        stage = self._stage
        deadline = time.monotonic() + timeout
        with stage.lock:
            while time.monotonic() < deadline:
                moves = stage.look is not None and stage.state != CLOSED
                if stage.state != COMPILING and not moves:
                    return
                stage.changed.wait(POLL_SECONDS)

    def allow_pass(self, pass_index: int) -> None:
        """Let passes up to `pass_index` begin (see `hold_passes`)."""
        stage = self._stage
        with stage.lock:
            stage.run.caller_allows = max(stage.run.caller_allows, pass_index)
            stage.open_gates(stage.run)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the render has ended; False if it still goes on after `timeout` seconds.

        Raises
        ------
        RenderError
            If it has failed; the cause is attached.
        SceneError, SettingsError
            If what was asked for turned out to be wrong while it was compiled.
        """
        stage = self._stage
        deadline = None if timeout is None else time.monotonic() + timeout
        with stage.lock:
            while stage.state not in ENDED:
                left = POLL_SECONDS
                if deadline is not None:
                    left = min(left, deadline - time.monotonic())
                    if left <= 0.0:
                        return False
                stage.changed.wait(left)
            if stage.state == FAILED:
                if isinstance(stage.error, SceneError | SettingsError):
                    # As if it had been seen before anything began, under its own name.
                    raise type(stage.error)(str(stage.error)) from stage.error
                raise RenderError(f"the render failed: {stage.message}") from stage.error
        return True

    def close(self) -> None:
        """End the render and join every thread.

        A thread that is compiling kernels can't be interrupted: it is left to end by itself, at
        the end of its compilation.
        """
        stage = self._stage
        with stage.lock:
            stage.run.cancel[0] = 1
            if stage.state != CLOSED:
                stage.set_state(CLOSED)
        stage.tell_state()
        self._workers.join()
        if self._dispatcher is not None:
            self._dispatcher.join()
        if stage.sketcher is not None:
            stage.sketcher.join()

    # --- How it changes state --------------------------------------------------------------------

    def _go_on(self, *sources: str) -> None:
        stage = self._stage
        with stage.lock:
            if stage.state not in sources:
                return
            run = stage.run
            stage.set_state(RUNNING if run.renderer is not None else COMPILING)
            stage.finish_if_done()  # the last tile may have come in while it was paused
            self._workers.start(run.settings.thread_count())
            if self._dispatcher is not None:
                self._dispatcher.start()
        stage.tell_state()

    def _move(self, sources: tuple[str, ...], state: str) -> None:
        stage = self._stage
        with stage.lock:
            if stage.state not in sources:
                return
            stage.set_state(state)
        stage.tell_state()
