"""The thread that has tiles rendered elsewhere: cuts jobs up, sends them, adds up what comes.

It stands beside the session's workers, which compile the scene and render coarse pictures as ever,
and take tiles only where nobody else does (`Stage.tiles_elsewhere`).
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from raywidget.engine.backends.orders import Answer
from raywidget.engine.backends.parcel import Parcel
from raywidget.engine.backends.remote import Errand, Remote
from raywidget.engine.film.adaptive import pilot_samples
from raywidget.engine.session.finishing import end_job
from raywidget.engine.session.run import CLOSED, PAUSED, RUNNING, Run
from raywidget.engine.session.schedule import Job
from raywidget.engine.session.slices import Cut, Slice, plan_slice
from raywidget.engine.session.stage import Stage

if TYPE_CHECKING:
    from raywidget.engine.renderer import Renderer

# What is sent at a time takes a worker about so long: the cost of a message is small beside it,
# and what is not wanted any more ends soon.
ORDER_SECONDS = 0.2
LEAST_SECONDS = 0.02  # smaller orders are not worth a message, though some worker be idle
POLL_SECONDS = 0.05
GUESS = 1e-6  # seconds for a sample of a pixel, until it has been measured


class Dispatcher:
    """Has the tiles of a session rendered by an executor.

    Parameters
    ----------
    stage : Stage
        What it shares with those who control the session.
    remote : Remote
        Who renders.
    """

    def __init__(self, stage: Stage, remote: Remote) -> None:
        self._stage = stage
        self._remote = remote
        self._run: Run | None = None
        self._parcel: Parcel | None = None
        self._parcel_of_renderer: Renderer | None = None
        self._slices: dict[int, Slice] = {}  # by index of their tiles
        self._waiting: deque[Cut] = deque()
        self._out: dict[int, tuple[Errand, list[Cut]]] = {}  # by id of their errands
        self._told = 0  # notes
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, unless it has been; the lock is held."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, name="raywidget-worker-dispatch", daemon=True
            )
            self._thread.start()

    def join(self) -> None:
        """Wait until it has ended, which it does when the session is closed."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _work(self) -> None:
        stage = self._stage
        try:
            while not self._remote.broken:
                with stage.lock:
                    run = self._await_work()
                if run is None:
                    return
                self._step(run)
                self._tell_notes()
        except BaseException as error:  # must reach whoever waits, not die with the thread
            stage.fail(stage.run, error)
        finally:
            self._abandon()
            self._remote.close()
            self._let_others(True)

    def _await_work(self) -> Run | None:
        """The run that has something to be done for; None to end."""
        stage = self._stage
        while True:
            run = stage.run
            if stage.state == CLOSED:
                return None
            held = stage.state == PAUSED and run is self._run
            if self._slices and not held and (run is not self._run or not self._wanted(run)):
                return run
            if self._wanted(run):
                return run
            stage.changed.wait()

    def _wanted(self, run: Run) -> bool:
        stage = self._stage
        is_ready = run.renderer is not None and run.schedule is not None
        return stage.state == RUNNING and run is stage.run and is_ready and stage.look is None

    def _step(self, run: Run) -> None:
        stage = self._stage
        with stage.lock:
            wanted = self._wanted(run)
        if run is not self._run or not wanted:
            self._abandon()
            self._run = run
            if not wanted:
                return
        if not self._remote.alive:
            self._abandon()
            self._let_others(True)
            self._remote.receive(POLL_SECONDS)
            return
        self._let_others(False)
        self._fill(run)
        # What was withdrawn takes up room until it is heard of: then there is something to hear.
        if not self._out and not self._waiting and self._remote.room() > 0:
            with stage.lock:
                if self._wanted(run):
                    stage.changed.wait(POLL_SECONDS)
            return
        for errand, answer in self._remote.receive(POLL_SECONDS):
            out = self._out.pop(id(errand), None)
            if out is not None:
                self._take_in(run, out[1], answer)

    def _let_others(self, do: bool) -> None:
        """Have the threads of this process render tiles, or not."""
        if self._stage.tiles_elsewhere == do:  # which nobody else changes
            with self._stage.lock:
                self._stage.tiles_elsewhere = not do
                self._stage.changed.notify_all()

    def _tell_notes(self) -> None:
        notes = self._remote.notes
        if len(notes) == self._told:
            return
        self._told = len(notes)
        with self._stage.lock:
            self._stage.message = notes[-1]
        self._stage.tell_state()

    # --- Out -------------------------------------------------------------------------------------

    def _fill(self, run: Run) -> None:
        """Give all workers something to do."""
        assert run.renderer is not None
        room = self._remote.room()
        if room <= 0:
            return
        pace = run.seconds_per_sample or GUESS
        planned = sum(_samples(cut) for cut in self._waiting) * pace
        while planned < room * ORDER_SECONDS:
            job = self._take_job(run, pace)
            if job is None:
                break
            planned += sum(_samples(cut) for cut in self._open(run, job, job.first)) * pace
        while room > 0 and self._waiting:
            goal = min(ORDER_SECONDS, max(LEAST_SECONDS, planned / room))
            cuts: list[Cut] = []
            seconds = 0.0
            while self._waiting:
                more = _samples(self._waiting[0]) * pace
                if cuts and seconds + more > goal:
                    break
                if cuts and run.renderer.is_exposed and self._waiting[0].first != cuts[0].first:
                    break  # they see the scene at another time
                cuts.append(self._waiting.popleft())
                seconds += more
            planned -= seconds
            room -= 1
            errand = self._remote.send(
                self._parcel_of(run, cuts[0].first), [cut.piece() for cut in cuts], ORDER_SECONDS
            )
            if errand is None:
                self._waiting.extendleft(reversed(cuts))
                return
            self._out[id(errand)] = errand, cuts
        if room > 0:
            self._remote.double_up(room)

    def _take_job(self, run: Run, pace: float) -> Job | None:
        stage = self._stage
        with stage.lock:
            if run.schedule is None or not self._wanted(run):
                return None
            # Where nobody looks at passes, a tile goes through as many as there is time for.
            unseen = stage.listeners.on_tile is None and not run.settings.adaptive
            samples = ORDER_SECONDS / pace if unseen and run.seconds_per_sample else 0.0
            return run.schedule.take(samples)

    def _open(self, run: Run, job: Job, first: int) -> list[Cut]:
        """Cut the next samples of a job into pieces, which wait then."""
        if run.settings.adaptive and first >= pilot_samples(run.settings.spp):
            end, bands = job.target, 1
        else:
            pace = run.seconds_per_sample or GUESS
            size = self._remote.size
            pixels = job.tile.width * job.tile.height
            worth = max(1, int(pixels * (job.target - first) * pace / LEAST_SECONDS))
            least = min(-(-2 * size // len(run.film.tiles)), worth)  # so that none is idle
            end, bands = plan_slice(job, first, ORDER_SECONDS / pace, least, max(least, size))
        made = Slice(run, job, first, end, bands)
        self._slices[job.tile.index] = made
        self._waiting.extend(made.cuts)
        if made.left == 0:  # nothing to be refined
            self._finish(made)
        return made.cuts

    def _parcel_of(self, run: Run, sample: int) -> Parcel:
        """What those who render a sample need to know."""
        assert run.renderer is not None
        renderer = run.renderer.at(sample)
        if self._parcel is None or self._parcel_of_renderer is not renderer:
            self._parcel_of_renderer = renderer
            self._parcel = Parcel(renderer.prepared, run.settings.integrator, self._parcel)
        return self._parcel

    # --- In --------------------------------------------------------------------------------------

    def _take_in(self, run: Run, cuts: list[Cut], answer: Answer) -> None:
        """Add up what a worker has done."""
        samples = sum(
            done[0] * cut.tile.width * cut.tile.height
            for cut, done in zip(cuts, answer["done"], strict=True)
        )
        if samples:
            pace = answer["seconds"] / samples
            with self._stage.lock:
                old = run.seconds_per_sample
                run.seconds_per_sample = pace if old == 0.0 else 0.75 * old + 0.25 * pace
        touched: dict[int, Slice] = {}
        for cut, done in zip(cuts, answer["done"], strict=True):
            part = cut.slice
            touched[id(part)] = part
            rest = part.fill_in(cut, done)
            if rest is not None:
                self._waiting.appendleft(rest)
        # Rays are told of a whole order: they are its last slice's.
        part.rays += answer["rays"]
        part.dropped += answer["dropped"]
        for part in touched.values():
            if part.left == 0:
                self._finish(part)

    def _finish(self, part: Slice) -> None:
        """All pieces of a slice are there."""
        run, job = part.run, part.job
        part.publish()
        self._slices.pop(job.tile.index, None)
        with self._stage.lock:
            run.settled = run.settled and not part.splats.parts
            run.rays += part.rays
            run.dropped += part.dropped
            run.samples += part.taken
            run.taken += part.taken
        if part.end < job.target:
            self._open(run, job, part.end)
        else:
            end_job(self._stage, run, job, job.target)

    def _abandon(self) -> None:
        """Give back what is not done; what is in the film stays there."""
        self._waiting.clear()
        self._out.clear()
        self._remote.withdraw()
        slices = list(self._slices.values())
        self._slices.clear()
        for part in slices:
            end_job(self._stage, part.run, part.job, part.first)


def _samples(cut: Cut) -> int:
    return cut.tile.width * cut.tile.height * (cut.end - cut.first)
