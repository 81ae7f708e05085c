"""What pages are told besides pictures: welcomes, what begins, answers, how the render stands."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from raywidget.stream.encoders import EXACT
from raywidget.stream.flow import Flow
from raywidget.stream.inbox import MAX_CLIENTS, Inbox
from raywidget.stream.outgoing import make_begin, make_progress, make_state, make_welcome
from raywidget.stream.protocol import Content
from raywidget.stream.source import Source, View

DIGEST_EVERY = 0.2  # seconds between two looks at the progress
HEARTBEAT = 1.0  # seconds without progress said, and it is said though no tile was sent
REPEATS = (1.0, 5.0)  # a state that lasts is said again after so many seconds: messages get lost
NEWS_RATE = 20.0  # messages a second that aren't tiles, whatever the browsers ask
NEWS_BURST = 40.0
MAX_ANSWERS = 256
MAX_FILES = 4  # that are on their way, each to a page of its own
RESERVE = 5.0  # messages that pieces of files leave for all else

AT_WORK = ("compiling", "running")

Send = Callable[[Content, list[bytes]], None]


class Said(NamedTuple):
    """A state as the browsers were told it."""

    generation: int
    state: str
    message: str | None
    prompt: bool


class News:
    """All that is said of a render but its pixels, no more than `NEWS_RATE` messages a second.

    Parameters
    ----------
    source : Source
        The render.
    inbox : Inbox
        Knows whether pages are heard while a cell runs.
    flow : Flow
        Who listens.
    send : callable
        ``send(content, buffers)``.
    epoch : int
        The random number of this conversation.
    now : float
        The time.
    """

    def __init__(
        self, source: Source, inbox: Inbox, flow: Flow, send: Send, *, epoch: int, now: float
    ) -> None:
        self.begun: Content | None = None  # the `begin` that everybody has been told,
        self._begun_settings: object = None  # ... and of which settings; they never change
        self.complaint: str | None = None  # why a button did nothing
        # What other threads want to be said; a page that asks for more than this gets less.
        self.answers: deque[tuple[Content, list[bytes]]] = deque(maxlen=MAX_ANSWERS)
        # Pieces of files that are still to be said, by client: all arrive, however many they are.
        self.files: dict[int, deque[tuple[Content, list[bytes]]]] = {}
        self.welcomes: dict[int, None] = {}
        self._source = source
        self._inbox = inbox
        self._flow = flow
        self._send = send
        self._epoch = epoch
        self._said: Said | None = None  # the state that everybody has been told
        self._repeat_at: list[float] = []
        self._described: tuple[int, Content | None] = (0, None)  # of which generation
        self._digest: Content = make_progress(samples=0, goal=0, elapsed=0.0, rate=0.0)
        self._digest_at = -math.inf
        self._progress_said_at = -math.inf
        self._tokens = NEWS_BURST
        self._tokens_at = now

    def welcome(self, number: int) -> None:
        """A page has said hello: it is to hear everything."""
        self.welcomes[number] = None
        while len(self.welcomes) > MAX_CLIENTS:
            del self.welcomes[next(iter(self.welcomes))]
        self.say_again()

    def say_again(self) -> None:
        """Somebody has not heard what begins, and how it stands."""
        self.begun = self._said = None

    def look_anew(self) -> None:
        """The state is another one: what is known of the progress is old."""
        self._digest_at = -math.inf

    def digest(self, now: float) -> Content:
        """How far the render is, to be said with tiles."""
        self._refresh_digest(now)
        return self._digest

    def note_progress_said(self, now: float) -> None:
        """The progress has been said with tiles."""
        self._progress_said_at = now

    def send_file(self, client: int, pieces: Sequence[tuple[Content, list[bytes]]]) -> bool:
        """Have a page get all pieces of a file; False if too many are on their way."""
        if client not in self.files and len(self.files) >= MAX_FILES:
            return False
        self.files[client] = deque(pieces)  # it has forgotten what it asked for before
        return True

    def say(self, view: View, now: float, arrived: Callable[[], bool]) -> float:
        """Say what is news; `arrived` tells whether every tile that can be sent has arrived.

        Returns
        -------
        float
            Seconds until there may be something to say without news; may be infinite.
        """
        if not self._flow.audience():
            return math.inf
        return min(self._say_short(view, now, arrived), self._say_pieces())

    def _say_pieces(self) -> float:
        """Send pieces of files, one for each page in turn, as far as the rate allows."""
        for client in list(self.files):
            if client not in self._flow.clients:
                self.files.pop(client, None)  # it is gone
        while self.files and self._tokens >= RESERVE:
            client = next(iter(self.files))
            pieces = self.files.pop(client)
            content, buffers = pieces[0]
            try:
                self._say({**content, "epoch": self._epoch}, buffers)
                pieces.popleft()
            finally:
                if pieces and client not in self.files:  # a newer file takes its place
                    self.files[client] = pieces
        return 1 / NEWS_RATE if self.files else math.inf

    def _say_short(self, view: View, now: float, arrived: Callable[[], bool]) -> float:
        """Say all that is one message each."""
        self._tokens = min(NEWS_BURST, self._tokens + NEWS_RATE * (now - self._tokens_at))
        self._tokens_at = now
        for client in list(self.welcomes):
            if not self._say(
                make_welcome(epoch=self._epoch, client=client, next_seq=self._flow.next_seq)
            ):
                return 1 / NEWS_RATE
            del self.welcomes[client]
        begun = self.begun
        is_told = begun is not None and begun["generation"] == view.generation
        if not is_told or self._begun_settings is not view.settings:
            begin = self._describe(view)
            if begin != self.begun:
                if not self._say(begin):
                    return 1 / NEWS_RATE
                self.begun = begin
            self._begun_settings = view.settings
        while self.answers:
            content, buffers = self.answers[0]
            if not self._say({**content, "epoch": self._epoch}, buffers):
                return 1 / NEWS_RATE
            self.answers.popleft()
        due = self._state_due_in(view, now, arrived)
        if due > 0.0:
            return due
        said = self._to_say(view)
        self._refresh_digest(now)
        if not self._say(self.state(*said)):
            return 1 / NEWS_RATE
        if said != self._said:
            self._repeat_at = [now + delay for delay in REPEATS]
        self._said = said
        self._progress_said_at = now
        return self._state_due_in(view, now, arrived)

    def _say(self, content: Content, buffers: Sequence[bytes] = ()) -> bool:
        """Send a message without tiles, if the rate allows it."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        self._send(content, list(buffers))
        return True

    def _to_say(self, view: View) -> Said:
        message = self.complaint or view.message
        return Said(view.generation, view.state, message, self._inbox.prompt)

    def _state_due_in(self, view: View, now: float, arrived: Callable[[], bool]) -> float:
        """Seconds until the state has to be said (again)."""
        said = self._to_say(view)
        if said != self._said:
            told_running = self._said is not None and self._said.generation == view.generation
            if view.state == "done" and told_running and not arrived():
                return math.inf  # the last tiles first; their acknowledgement is news
            return 0.0
        if not self._flow.closed_loop():
            return math.inf
        if view.state in AT_WORK:
            return max(0.0, self._progress_said_at + HEARTBEAT - now)
        while self._repeat_at and self._repeat_at[0] <= self._progress_said_at:
            self._repeat_at.pop(0)
        return max(0.0, self._repeat_at[0] - now) if self._repeat_at else math.inf

    def _describe(self, view: View) -> Content:
        settings = view.settings
        return make_begin(
            epoch=self._epoch,
            generation=view.generation,
            width=settings.width,
            height=settings.height,
            tile=settings.tile_size,
            spp=settings.spp,
            encoding=EXACT,
            extra=self._extra_of(view.generation),
        )

    def _extra_of(self, generation: int) -> Content | None:
        if self._described[0] != generation:
            self._described = (generation, self._source.describe())
        return self._described[1]

    def state(
        self, generation: int, state: str, message: str | None, prompt: bool = True
    ) -> Content:
        """A state, as it is said."""
        return make_state(
            epoch=self._epoch,
            generation=generation,
            state=state,
            message=message,
            prompt=prompt,
            progress=self._digest,
        )

    def _refresh_digest(self, now: float) -> None:
        if now - self._digest_at < DIGEST_EVERY:
            return
        self._digest_at = now
        progress = self._source.progress()
        self._digest = make_progress(
            samples=progress.samples,
            goal=progress.goal,
            elapsed=progress.elapsed,
            rate=progress.rate,
            noise=progress.noise,
            denoised=getattr(progress, "denoised", False),
        )
