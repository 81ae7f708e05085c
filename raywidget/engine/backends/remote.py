"""Workers that are elsewhere, and may die, hang, refuse, or come back.

A `Remote` turns batches of pieces into answers, each exactly once. What has been sent twice, since
the first one is late, is answered by whichever comes first; what has been given up is not answered
at all. Not thread-safe but for what executors call: one thread sends and receives.
"""

from __future__ import annotations

import queue
import time
from asyncio import CancelledError
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from typing import Any, NamedTuple

from raywidget.engine.backends.orders import Answer, Order, Piece, stamp
from raywidget.engine.backends.parcel import Parcel
from raywidget.engine.backends.pools import Future, Pool

IN_HAND = 2  # orders for each worker: one that it works on, one that waits for it
# Until somebody has answered, kernels may have to be compiled first: be patient.
COLD_SECONDS = 180.0
LATE_SECONDS, LATE_TIMES = 5.0, 8.0  # after so long, and so many usual times, an order is late
IDLE_SECONDS, IDLE_TIMES = 1.0, 3.0  # the same where others have nothing to do
CHECK_SECONDS = 0.1
MOST_ATTEMPTS = 5  # to have one order carried out


class Errand:
    """Some pieces that are out."""

    def __init__(self, parcel: Parcel, pieces: list[Piece], seconds: float) -> None:
        self.parcel = parcel
        self.pieces = pieces
        self.seconds = seconds
        self.settled = False  # answered, or given up
        self.sent = 0  # how often
        self.failures = 0
        self.with_arrays: list[str] = []


class _Attempt(NamedTuple):
    errand: Errand
    number: int
    sent_at: float


class Remote:
    """A pool, and what has been handed over to it.

    Parameters
    ----------
    pool : Pool
        Who does the work.
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, pool: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._came: queue.SimpleQueue[tuple[_Attempt, Future]] = queue.SimpleQueue()
        self._out: dict[int, tuple[_Attempt, Future]] = {}  # of which an answer is hoped for
        self._late: set[int] = set()  # numbers of those that hold up nobody any more
        self._count = 0
        self._failed_in_a_row = self._refused_in_a_row = 0
        self._refused: dict[str, str] = {}
        self._last_error = ""
        self._usual = 0.0  # seconds from sending to answer, a running mean
        self._heard_at: float | None = None  # of the last good answer
        self._begun_at: float | None = None  # when the first order was sent
        self._checked_at = clock()
        self._parcel: Parcel | None = None
        self.alive = True
        self.broken = False  # for good
        self.notes: list[str] = []

    @property
    def workers(self) -> int:
        """How many have answered."""
        return len(self._pool.names)

    @property
    def size(self) -> int:
        """How many orders are worked on at the same time."""
        return self._pool.size()

    @property
    def busy(self) -> bool:
        """Is an answer waited for?"""
        return any(not attempt.errand.settled for attempt, _ in self._out.values())

    def room(self) -> int:
        """How many more errands can go out."""
        if not self.alive:
            return 0
        return max(0, IN_HAND * self._pool.size() - (len(self._out) - len(self._late)))

    def send(self, parcel: Parcel, pieces: list[Piece], seconds: float) -> Errand | None:
        """Hand pieces over; None if nobody is left to do them."""
        errand = Errand(parcel, pieces, seconds)
        if parcel is not self._parcel:
            self._parcel = parcel
            if not self._try(lambda: self._pool.lay_out(parcel)):
                return None
        return errand if self._submit(errand) else None

    def receive(self, timeout: float) -> list[tuple[Errand, Answer]]:
        """What has been done, waiting so long for the first of it."""
        done: list[tuple[Errand, Answer]] = []
        try:
            attempt, future = self._came.get(timeout=timeout)
            while True:
                answer = self._look_at(attempt, future)
                if answer is not None:
                    done.append((attempt.errand, answer))
                attempt, future = self._came.get_nowait()
        except queue.Empty:
            pass
        if self._clock() - self._checked_at >= CHECK_SECONDS:
            self._checked_at = self._clock()
            self._look_after()
        return done

    def double_up(self, room: int) -> None:
        """There is nothing else to do: send those again that take long."""
        limit = max(IDLE_SECONDS, IDLE_TIMES * self._usual)
        if self._heard_at is None:
            return
        for attempt, _ in list(self._out.values()):
            if room <= 0 or not self.alive:
                return
            errand = attempt.errand
            if not errand.settled and errand.sent == 1 and self._age(attempt) > limit:
                room -= 1
                self._submit(errand)

    def withdraw(self) -> None:
        """Nobody wants to hear of what is out."""
        for attempt, _ in self._out.values():
            attempt.errand.settled = True
        futures = [future for _, future in self._out.values()]
        self._pool.withdraw(futures)

    def close(self) -> None:
        """The end."""
        self.withdraw()
        self._pool.close()

    # --- Sending ---------------------------------------------------------------------------------

    def _submit(self, errand: Errand) -> bool:
        from raywidget.kernels.language.toolchain import choose_width

        wanted = [digest for digest in errand.with_arrays if digest in errand.parcel.arrays]
        order: Order = {
            "stamp": stamp(),
            "lanes": choose_width(),
            "description": errand.parcel.description,
            "arrays": {digest: errand.parcel.arrays[digest] for digest in wanted},
            "seconds": errand.seconds,
            "pieces": [tuple(piece) for piece in errand.pieces],
        }
        made: list[Future] = []
        if not self._try(lambda: made.append(self._pool.submit(order))):
            return False
        self._count += 1
        errand.sent += 1
        if self._begun_at is None:
            self._begun_at = self._clock()
        attempt = _Attempt(errand, self._count, self._clock())
        self._out[attempt.number] = attempt, made[0]
        made[0].add_done_callback(lambda future: self._came.put((attempt, future)))
        return True

    def _try(self, deed: Callable[[], Any]) -> bool:
        """Do something with the pool; begin anew if it has died and can; False if that is it."""
        while not self.broken:
            try:
                deed()
            except Exception as error:  # executors raise what they like
                self._last_error = _told(error)
                if not (isinstance(error, BrokenExecutor) and self._renew()):
                    self._give_up(f"the executor takes no more work ({self._last_error})")
            else:
                return True
        return False

    def _renew(self) -> bool:
        if not self._pool.renew():
            return False
        self._note("a worker process has died; others were started")
        return True

    # --- Answers ---------------------------------------------------------------------------------

    def _look_at(self, attempt: _Attempt, future: Future) -> Answer | None:
        """A future has ended: an answer that somebody waits for, or None."""
        errand = attempt.errand
        self._out.pop(attempt.number, None)
        self._late.discard(attempt.number)
        try:
            answer: Answer = future.result()
        except (Exception, CancelledError) as error:
            if not errand.settled:
                self._failed(errand, error)
            return None
        name = str(answer.get("worker"))
        if "refused" in answer or "lanes" in answer:
            self._refuse(name, answer)
            if not errand.settled:
                self._again(errand)
            return None
        is_warm = name in self._pool.names  # before that it has loaded all that it needs
        self._pool.names.add(name)
        self._failed_in_a_row = self._refused_in_a_row = 0
        self._heard_at = self._clock()
        if not self.alive and not self.broken:
            self.alive = True
            self._note("the executor's workers answer again")
        if errand.settled:
            return None
        if "missing" in answer:
            errand.with_arrays = list(answer["missing"])
            self._submit(errand)
            return None
        age = self._age(attempt)
        if is_warm:
            self._usual = age if self._usual == 0.0 else 0.8 * self._usual + 0.2 * age
        errand.settled = True
        return answer

    def _failed(self, errand: Errand, error: BaseException) -> None:
        self._last_error = _told(error)
        self._failed_in_a_row += 1
        errand.failures += 1
        if isinstance(error, BrokenExecutor):
            if not self._is_out(errand):
                self._submit(errand)
        elif errand.failures >= MOST_ATTEMPTS:
            self._give_up(f"workers fail: {self._last_error}")
        elif self._failed_in_a_row > MOST_ATTEMPTS + IN_HAND * self._pool.size():
            self._give_up(f"all workers fail: {self._last_error}")
        elif not self._is_out(errand):
            self._submit(errand)

    def _refuse(self, name: str, answer: Answer) -> None:
        from raywidget.kernels.language.toolchain import choose_width

        if name in self._refused:
            return
        why = answer.get("refused")
        if why is None:
            why = (
                f"its vectors have {answer['lanes']} lanes, and not {choose_width()}, so its "
                "pictures would differ in the last digits; with NUMBA_CPU_NAME=x86-64-v3 in the "
                "environment of all of them, they are alike"
            )
        self._refused[name] = why
        self._note(f"worker {name} does not take part: {why}")

    def _again(self, errand: Errand) -> None:
        """It came back undone."""
        if self._is_out(errand):
            return
        self._refused_in_a_row += 1
        if self._refused_in_a_row > MOST_ATTEMPTS + IN_HAND * self._pool.size():
            self._give_up("no worker fits")
        else:
            self._submit(errand)

    def _is_out(self, errand: Errand) -> bool:
        return any(attempt.errand is errand for attempt, _ in self._out.values())

    # --- Those that take too long ----------------------------------------------------------------

    def _look_after(self) -> None:
        if not self.alive or self._begun_at is None:
            return
        waiting = [attempt for attempt, _ in self._out.values() if not attempt.errand.settled]
        if self._heard_at is None:
            if waiting and self._clock() - self._begun_at > COLD_SECONDS:
                self._rest(f"no worker has answered for {COLD_SECONDS:.0f} s")
            return
        limit = max(LATE_SECONDS, LATE_TIMES * self._usual)
        if waiting:
            silent = self._clock() - max(self._heard_at, min(a.sent_at for a in waiting))
            if silent > 2.0 * limit:
                self._rest(f"no worker has answered for {silent:.0f} s")
                return
        for attempt, _ in list(self._out.values()):
            if attempt.number in self._late or self._age(attempt) <= limit:
                continue
            self._late.add(attempt.number)
            if not attempt.errand.settled and attempt.errand.sent < MOST_ATTEMPTS:
                self._submit(attempt.errand)

    def _age(self, attempt: _Attempt) -> float:
        return self._clock() - attempt.sent_at

    def _rest(self, why: str) -> None:
        """Do without them, for as long as they are silent."""
        self.alive = False
        self._note(f"{why}; the render goes on in this process")

    def _give_up(self, why: str) -> None:
        if not self.broken:
            self.alive, self.broken = False, True
            self._note(f"{why}; the render goes on in this process")

    def _note(self, text: str) -> None:
        self.notes.append(f"executor: {text}")


def _told(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
