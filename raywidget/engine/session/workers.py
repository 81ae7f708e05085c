"""The threads of a session: they compile the scene, and render coarse pictures and tiles.

They are daemons named ``raywidget-worker-N``; they hold the GIL only between kernel calls of about
10 ms, and end within one row of pixels of the session's end.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

from raywidget.engine.film.adaptive import pilot_samples
from raywidget.engine.film.tiles import order_centre_out
from raywidget.engine.preview.coarse import (
    Look,
    Strip,
    develop_coarse,
    helps,
    make_renderer,
    render_stand_in,
    render_strip,
)
from raywidget.engine.session.accumulation import Accumulator, samples_together
from raywidget.engine.session.finishing import end_job, measure_noise
from raywidget.engine.session.run import CLOSED, COMPILING, RUNNING, Run
from raywidget.engine.session.schedule import Job, Schedule
from raywidget.engine.session.stage import Stage

# A quarter of a core that others want, and all of one that nobody does. With it a drag is seen a
# fifth sooner (`docs/how-it-became-fast.md`); 10 brought no more.
NICENESS = 5


class Workers:
    """Threads that take jobs from a stage.

    Parameters
    ----------
    stage : Stage
        What they share with those who control them.
    give_way : bool
        Let other threads go first, where the system knows of priorities of threads (Linux).
    """

    def __init__(self, stage: Stage, give_way: bool) -> None:
        self._stage = stage
        self._give_way = give_way
        self._accumulator = Accumulator(stage.lock, stage.may_go_on)
        self._threads: list[threading.Thread] = []
        self._compiler: threading.Thread | None = None  # while it compiles

    @property
    def started(self) -> bool:
        """Are there threads?"""
        return bool(self._threads)

    def start(self, count: int) -> None:
        """Start so many, unless there are some already; the lock is held."""
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._work, name=f"raywidget-worker-{k}", daemon=True)
                for k in range(count)
            ]
            for thread in self._threads:
                thread.start()

    def join(self) -> None:
        """Wait until they have ended, which they do when the session is closed.

        A thread that is compiling kernels can't be interrupted: it is left to end by itself.
        """
        with self._stage.lock:
            threads = [t for t in self._threads if t is not self._compiler]
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()

    def _work(self) -> None:
        stage = self._stage
        if self._give_way:
            _go_second()
        while True:
            with stage.lock:
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
                stage.fail(run, error)

    def _await_job(self) -> tuple[Run | None, Job | Strip | None]:
        """A job of the present run, (run, None) to compile it, or (None, None) to end."""
        stage = self._stage
        while True:
            run = stage.run
            if stage.state == CLOSED:
                return None, None
            if stage.state == COMPILING and not run.compiling:
                run.compiling = True
                return run, None
            strip = stage.coarse.take() if run.renderer is not None else None
            if strip is not None:
                return run, strip
            rests = stage.look is not None or stage.tiles_elsewhere
            if stage.state == RUNNING and run.schedule is not None and not rests:
                job = run.schedule.take_together(samples_together(run), len(self._threads))
                if job is not None:
                    return run, job
            stage.idle += 1
            stage.changed.wait()
            stage.idle -= 1

    def _compile(self, run: Run) -> None:
        stage = self._stage
        with stage.lock:
            self._compiler = threading.current_thread()
        try:
            if stage.sketcher is not None:
                stage.sketcher.await_first()
            # Only here, in the background: it loads numba, which takes most of a second.
            from raywidget.engine.renderer import Renderer

            if run.previous is None and self._is_awaited(run):
                self._show_stand_in(run)
            renderer = Renderer(run.scene, run.settings, run.previous)
        finally:
            with stage.lock:
                self._compiler = None
        tiles = run.film.tiles
        order = order_centre_out(tiles, run.film.width, run.film.height)
        spp = [run.film.read_spp(tile) for tile in tiles]
        with stage.lock:
            run.renderer = renderer
            targets = run.settings.pass_targets()
            held = stage.hold_passes or run.settings.noise is not None
            run.schedule = Schedule(
                tiles, order, targets, spp, hold_passes=held, one_by_one=renderer.is_exposed
            )
            first = run.schedule.passes_done  # of an image that is gone on with
            if stage.hold_passes:
                run.caller_allows = first
            if run.settings.noise is not None:
                run.noise_allows = first
            if run is stage.run and stage.region is not None:
                stage.prefer_region()
        # Where a later pass has begun already, this one was not the last.
        if first > 0 and max(spp) == targets[first - 1]:
            measure_noise(stage, run, first)
        with stage.lock:
            if run is stage.run and stage.state == COMPILING:
                if stage.look is not None:
                    stage.coarse.want(stage.look)
                elif self._is_awaited(run):
                    stage.coarse.want(self._first_look(run))
                stage.set_state(RUNNING)
                stage.finish_if_done()
        stage.tell_state()

    def _first_look(self, run: Run) -> Look:
        return Look(run.generation, run.scene, run.settings, 0, 0, self._stage.unlit)

    def _is_awaited(self, run: Run) -> bool:
        """Is there somebody to see a coarse picture, and nothing better to be seen?"""
        empty = all(run.film.read_spp(tile) == 0 for tile in run.film.tiles)
        return self._stage.listeners.on_coarse is not None and empty and helps(run.settings)

    def _show_stand_in(self, run: Run) -> None:
        """Let something be seen of a scene whose tables take long."""
        stage = self._stage
        picture = None
        with suppress(Exception):  # the scene itself says what is wrong; no preview ends a render
            picture = render_stand_in(self._first_look(run))
        if picture is None:
            return
        with stage.lock:
            wanted = run is stage.run and stage.look is None and stage.state == COMPILING
            if wanted and stage.sketcher is not None:
                stage.sketcher.leave_out(run.generation)
        if wanted and stage.listeners.on_coarse is not None:
            stage.listeners.on_coarse(picture)

    def _render_coarse(self, run: Run, strip: Strip) -> None:
        stage = self._stage
        job, tile = strip
        finished = False
        try:
            if tile is None:
                assert run.renderer is not None
                size = stage.coarse.size(job.look.settings, len(self._threads))
                renderer = make_renderer(job, run.renderer, size)
            else:
                render_strip(job, tile)
        except BaseException:
            with stage.lock:
                stage.coarse.drop(job)
            raise
        with stage.lock:
            if tile is None:
                stage.coarse.begin(job, renderer, size)
            else:
                finished = stage.coarse.finish(job)
            stage.changed.notify_all()
        if not finished:
            return
        picture = develop_coarse(job)
        with stage.lock:
            stage.coarse.drop(job)
            stage.changed.notify_all()
        if stage.listeners.on_coarse is not None:
            stage.listeners.on_coarse(picture)

    def _render(self, run: Run, job: Job) -> None:
        """Bring tiles to the end of a pass."""
        assert run.renderer is not None
        if run.settings.adaptive and job.first >= pilot_samples(run.settings.spp):
            spp = self._accumulator.refine(run, job)
        else:
            spp = self._accumulator.accumulate(run, job)
        end_job(self._stage, run, job, spp)


def _go_second() -> None:
    """Have the present thread give way to others.

    What brings pictures to the eye (kernel, server, browser) competes with what makes them where
    all run on one machine, and so does what the user computes meanwhile.
    """
    if sys.platform == "linux":  # elsewhere priorities are those of whole processes
        thread = threading.get_native_id()
        with suppress(OSError):  # a sandbox may forbid it, and the picture is worth more
            before = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, before + NICENESS)
