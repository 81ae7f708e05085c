"""One turn of the conversation with the browsers: what is said now, and when to look again.

Level-triggered: each turn compares what is with what was said, so no event can be lost and none
has to be queued. There is no thread in here, and the clock is given, so that a whole conversation
can be tested in no time.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from raywidget.engine.film.film import Film
from raywidget.engine.preview.coarse import CoarsePicture
from raywidget.errors import RaywidgetError
from raywidget.picture.development import choose_exponent
from raywidget.stream.encoders import DRAFT, ENCODERS, EXACT
from raywidget.stream.flow import Flow
from raywidget.stream.inbox import MAX_CLIENTS, Inbox, Slot
from raywidget.stream.ledger import Indices, Ledger
from raywidget.stream.parcel import PIECE, choose_pieces, pack_coarse, pack_parcel
from raywidget.stream.protocol import (
    CameraMove,
    Content,
    Control,
    Record,
    make_begin,
    make_coarse,
    make_progress,
    make_state,
    make_tiles,
    make_welcome,
)
from raywidget.stream.source import Source, View

DIGEST_EVERY = 0.2  # seconds between two looks at the progress
HEARTBEAT = 1.0  # seconds without progress said, and it is said though no tile was sent
SETTLING = 1.0  # seconds after a change of state in which a worker may still publish, unannounced,
LOOK_AGAIN = 0.1  # what it had begun: so the film is looked at this often
REPEATS = (1.0, 5.0)  # a state that lasts is said again after so many seconds: messages get lost
NEWS_RATE = 20.0  # messages a second that aren't tiles, whatever the browsers ask
NEWS_BURST = 40.0
LONGEST_MUTE = 2.0
STILL = 0.3  # seconds without a word of a camera that moves, and it has come to rest
COARSE_EVERY = 1 / 40  # seconds between two coarse pictures: pages see no more
MAX_ANSWERS = 256
COARSE_OTHERS = 1 / 8  # ... if pages look on that don't answer each

AT_WORK = ("compiling", "running")

Send = Callable[[Content, list[bytes]], None]


class Disconnected(Exception):
    """Raised by `send`: the channel is closed for good."""


class Said(NamedTuple):
    """A state as the browsers were told it."""

    generation: int
    state: str
    message: str | None
    prompt: bool


class Conversation:
    """What all pages that show one widget are told.

    Parameters
    ----------
    source : Source
        The render.
    inbox : Inbox
        Where the browsers' messages are put.
    send : callable
        ``send(content, buffers)``: what it raises is counted, and the message said again later;
        `Disconnected` ends the conversation.
    epoch : int
        The random number of this conversation.
    clock : callable
        Seconds that never go back.
    announce : callable, optional
        Told each new state at once, whether or not anybody looks.
    """

    def __init__(
        self,
        source: Source,
        inbox: Inbox,
        send: Send,
        *,
        epoch: int,
        clock: Callable[[], float],
        announce: Callable[[str], None] | None = None,
    ) -> None:
        self.inbox = inbox
        self.flow = Flow()
        self.epoch = epoch
        self.failures = 0  # how often send, or a button, failed
        self.hungry = True  # would a new tile be news? Read by other threads.
        self._source = source
        self._send_raw = send
        self._clock = clock
        self._announce = announce
        self._announced = ""
        self._settled_at = -math.inf
        self._ledger: Ledger | None = None
        self._film: Film | None = None
        self._welcomes: dict[int, None] = {}
        self._begun: Content | None = None  # the `begin` that everybody has been told
        self._said: Said | None = None  # the state that everybody has been told
        self._complaint: str | None = None  # why a button did nothing
        self._repeat_at: list[float] = []
        self._coarse_due = False
        self.coarse: CoarsePicture | None = (
            None  # the newest, to be sent; other threads put it here
        )
        self._coarse_at = -math.inf
        self._sketch_said: CoarsePicture | None = None  # to all who are here
        self._settle_at = math.inf
        # What other threads want to be said; a page that asks for more than this gets less.
        self.answers: deque[tuple[Content, list[bytes]]] = deque(maxlen=MAX_ANSWERS)
        self._described: tuple[int, Content | None] = (0, None)  # of which generation
        self._digest: Content = make_progress(samples=0, goal=0, elapsed=0.0, rate=0.0)
        self._digest_at = -math.inf
        self._progress_said_at = -math.inf
        self._tokens = NEWS_BURST
        self._tokens_at = clock()
        self._mute_until = -math.inf
        self._mute = 0.0

    def turn(self) -> float:
        """Say what is to be said now.

        Returns
        -------
        float
            Seconds until the next turn is worth while without news; infinity: there's only news.

        Raises
        ------
        Disconnected
            If nobody will ever hear anything again.
        """
        now = self._clock()
        self.hungry = True  # before anything is read, so that what comes meanwhile is noticed
        self.flow.displayed = self.inbox.displayed
        post = self.inbox.take()
        self._obey(post.controls, now)
        self._move(post.camera, now)
        for question in post.questions:
            self.flow.word(question.client, now)
            self._try("request", partial(self._source.answer, question))
        view = self._follow(now)
        for number, slot in post.slots.items():
            self._hear(number, slot, now)
        lost = self.flow.expire(now)
        if self._ledger is not None:
            self._ledger.forget_messages(lost)
        if now < self._mute_until:
            return self._mute_until - now
        try:
            wait = min(
                self._say_news(view, now),
                self._say_coarse(view, now),
                self._say_tiles(view, now),
                self.flow.next_event(now),
                self._settle_at - now,
            )
        except Disconnected:
            raise
        except Exception:
            # A host in trouble: whatever was to be said is still unsaid, and is said later.
            self.failures += 1
            self._mute = min(max(2 * self._mute, 0.05), LONGEST_MUTE)
            self._mute_until = now + self._mute
            return self._mute
        self._mute = 0.0
        return min(wait, LOOK_AGAIN) if now < self._settled_at else wait

    def farewell(self) -> None:
        """The last word."""
        if self.flow.audience():
            view = self._source.current()
            self._send_raw(self._state(view.generation, "closed", None), [])

    # -- listening --------------------------------------------------------------------------------

    def _obey(self, controls: Iterable[Control], now: float) -> None:
        for control in controls:
            self.flow.word(control.client, now)
            if control.do == "more":
                self._try(control.do, partial(self._source.extend, control.samples))
            else:
                self._try(control.do, getattr(self._source, control.do))

    def _move(self, move: CameraMove | None, now: float) -> None:
        """Let the camera follow; it settles when it is told to, or when nothing is heard of it."""
        if move is not None:
            self.flow.word(move.client, now)
            done = self._try("camera", partial(self._source.move_camera, move))
            self._settle_at = now + STILL if move.moving and done else now if done else math.inf
        if now >= self._settle_at:
            self._settle_at = math.inf
            self._try("camera", self._source.settle_camera)

    def _try(self, what: str, act: Callable[[], object]) -> bool:
        """Do what a page asks for; if that fails, it is told why."""
        try:
            act()
            self._complaint = None
        except RaywidgetError as error:
            self.failures += 1
            self._complaint = str(error)
        except Exception as error:
            self.failures += 1
            self._complaint = f"{what}: {type(error).__name__}: {error}"
        return self._complaint is None

    def _follow(self, now: float) -> View:
        """See what the render does now."""
        view = self._source.current()
        if view.film is not self._film:
            self._film = view.film
            self._ledger = None if view.film is None else Ledger(view.film, PIECE)
            self._coarse_due = False
        if view.state != self._announced:
            self._announced = view.state
            self._settled_at = now + SETTLING
            self._digest_at = -math.inf
            if self._announce is not None:
                try:
                    self._announce(view.state)
                except Exception:
                    self.failures += 1
        return view

    def _hear(self, number: int, slot: Slot, now: float) -> None:
        """Take in what one client said."""
        ledger = self._ledger
        if slot.hello is not None:
            have = slot.hello.have
            empty = have is None or have.epoch != self.epoch
            has = self.flow.hello(number, empty, now)
            if ledger is not None:
                # In flight or not: the welcome tells it to count from there on.
                ledger.forget_after(has, ())
            self._welcomes[number] = None
            while len(self._welcomes) > MAX_CLIENTS:
                del self._welcomes[next(iter(self._welcomes))]
            self._begun = self._said = self._sketch_said = None
            self._coarse_due = True
        if slot.ack is not None and slot.ack.epoch == self.epoch:
            heard = self.flow.ack(slot.ack, now)
            if heard is not None and ledger is not None:
                ledger.forget_messages(heard.lost)
                if heard.back:
                    ledger.forget_after(slot.ack.seq, self.flow.tracked())
        if slot.need is not None and slot.need.epoch == self.epoch:
            if not self.flow.word(number, now):
                return
            if ledger is not None:
                ledger.forget_all()
            self._begun = self._said = None

    # -- telling: all but tiles -------------------------------------------------------------------

    def _say_news(self, view: View, now: float) -> float:
        if not self.flow.audience():
            return math.inf
        self._tokens = min(NEWS_BURST, self._tokens + NEWS_RATE * (now - self._tokens_at))
        self._tokens_at = now
        for client in list(self._welcomes):
            if not self._say(
                make_welcome(epoch=self.epoch, client=client, next_seq=self.flow.next_seq)
            ):
                return 1 / NEWS_RATE
            del self._welcomes[client]
        begin = self._describe(view)
        if begin != self._begun:
            if not self._say(begin):
                return 1 / NEWS_RATE
            self._begun = begin
        while self.answers:
            content, buffers = self.answers[0]
            if not self._say({**content, "epoch": self.epoch}, buffers):
                return 1 / NEWS_RATE
            self.answers.popleft()
        due = self._state_due_in(view, now)
        if due > 0.0:
            return due
        said = self._to_say(view)
        self._refresh_digest(now)
        if not self._say(self._state(*said)):
            return 1 / NEWS_RATE
        if said != self._said:
            self._repeat_at = [now + delay for delay in REPEATS]
        self._said = said
        self._progress_said_at = now
        return self._state_due_in(view, now)

    def _say(self, content: Content, buffers: Sequence[bytes] = ()) -> bool:
        """Send a message without tiles, if the rate allows it."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        self._send_raw(content, list(buffers))
        return True

    def _to_say(self, view: View) -> Said:
        message = self._complaint or view.message
        return Said(view.generation, view.state, message, self.inbox.prompt)

    def _state_due_in(self, view: View, now: float) -> float:
        """Seconds until the state has to be said (again)."""
        said = self._to_say(view)
        if said != self._said:
            told_running = self._said is not None and self._said.generation == view.generation
            if view.state == "done" and told_running and not self._arrived():
                return math.inf  # the last tiles first; their acknowledgement is news
            return 0.0
        if not self.flow.closed_loop():
            return math.inf
        if view.state in AT_WORK:
            return max(0.0, self._progress_said_at + HEARTBEAT - now)
        while self._repeat_at and self._repeat_at[0] <= self._progress_said_at:
            self._repeat_at.pop(0)
        return max(0.0, self._repeat_at[0] - now) if self._repeat_at else math.inf

    def _arrived(self) -> bool:
        """Has everything that can be sent arrived, as far as can be known?"""
        if self._ledger is None or self.flow.exhausted():
            return True
        if self.flow.closed_loop() and self.flow.in_flight()[1]:
            return False
        return len(self._ledger.unsent()) == 0

    def _describe(self, view: View) -> Content:
        settings = view.settings
        return make_begin(
            epoch=self.epoch,
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

    def _state(
        self, generation: int, state: str, message: str | None, prompt: bool = True
    ) -> Content:
        return make_state(
            epoch=self.epoch,
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
        )

    # -- telling: coarse pictures ------------------------------------------------------------------

    def offer(self, picture: CoarsePicture) -> None:
        """Have a coarse picture sent, the newest only. From any thread."""
        waiting = self.coarse
        if picture.sketched and waiting is not None and not waiting.sketched:
            return  # what was rendered has overtaken it
        self.coarse = picture

    def _say_coarse(self, view: View, now: float) -> float:
        """Send the newest coarse picture: one message, which nobody repeats if it gets lost."""
        picture = self.coarse
        if picture is None or picture is self._sketch_said:
            return math.inf
        looking = self.flow.closed_loop() or (self.flow.open_loop() and not self.flow.exhausted())
        # There is nothing but a sketch until the scene is compiled: who comes later sees it, too.
        only = picture.sketched and view.film is None
        if only and not looking:
            return math.inf
        if picture.generation < view.generation or not looking or picture.sketched > only:
            self.coarse = None
            return math.inf
        # A page that moves the camera says how fast it sees; others can only be guessed at.
        watching = sum(client.live and client.visible for client in self.flow.clients.values())
        pause = COARSE_EVERY if picture.client and watching == 1 else COARSE_OTHERS
        if now < self._coarse_at + pause:
            return self._coarse_at + pause - now
        if only:
            self._sketch_said = picture
        elif self.coarse is picture:  # else another thread has put a newer one there
            self.coarse = None
        rows, columns, _ = picture.pixels.shape
        exponent = choose_exponent(picture.pixels)
        encoding = DRAFT if self.flow.window.narrow else EXACT
        pixels = ENCODERS[encoding](picture.pixels, 0, exponent)
        content = make_coarse(
            epoch=self.epoch,
            generation=picture.generation,
            size=(picture.width, picture.height),
            tile=picture.tile,
            columns=columns,
            rows=rows,
            exponent=exponent,
            encoding=encoding,
            client=picture.client,
            number=picture.number,
        )
        self._coarse_at = now
        self._send_raw(content, [pixels])
        return math.inf if self.coarse is None or self.coarse is self._sketch_said else pause

    # -- telling: tiles ---------------------------------------------------------------------------

    def _say_tiles(self, view: View, now: float) -> float:
        ledger = self._ledger
        if not self.flow.audience():
            self.hungry = False
            return math.inf
        if ledger is None or self._begun is None or self._begun["generation"] != view.generation:
            return math.inf
        if self._settle_at < math.inf:
            # The camera moves: tiles show what is past, and coarse pictures would wait behind them.
            self.hungry = False
            return math.inf
        encoding, unsent = self._choose(ledger, view, now)
        if not len(unsent):
            return math.inf
        # There is something to send already: more of it is no news, the clock or an ack is.
        self.hungry = False
        allowance = self.flow.allowance(now)
        if allowance.size == 0:
            return allowance.wait
        if self._coarse_due:
            self._coarse_due = False
            coarse = pack_coarse(ledger, unsent, view.settings.tile_size)
            if coarse:
                # No mark in the ledger: this is a courtesy, the tiles themselves follow.
                self._send_tiles(view, coarse, EXACT, False, now)
                return self.flow.allowance(now).wait
        chosen, full = choose_pieces(
            ledger, unsent, encoding, allowance.size, allowance.at_least_one
        )
        if full:
            self.flow.window.was_full = True
        if chosen:
            ledger.expose(now, at_work=True)
            parcel = pack_parcel(ledger, chosen, encoding)
            seq = self._send_tiles(view, parcel.records, encoding, full, now)
            for index, version in parcel.versions:
                ledger.mark_sent(index, version, seq, encoding)
        if chosen:
            # Until the next message may go, tiles are no news either: they would cost a turn each.
            return self.flow.allowance(now).wait
        self.hungry = not full
        return math.inf

    def _choose(self, ledger: Ledger, view: View, now: float) -> tuple[str, Indices]:
        """What is to be sent, and how: on a narrow link drafts go first, while tiles still come."""
        if self.flow.window.narrow and view.state in AT_WORK:
            drafts = ledger.unsent(DRAFT)
            if len(drafts):
                return DRAFT, drafts
        unsent = ledger.unsent()
        if not len(unsent) and ledger.expose(now, view.state in AT_WORK):
            unsent = ledger.unsent()
        return EXACT, unsent

    def _send_tiles(
        self, view: View, records: list[Record], encoding: str, more: bool, now: float
    ) -> int:
        self._refresh_digest(now)
        # Whatever waits for an acknowledgement asks for it: a full window, the end of the render.
        size = sum(len(record.pixels) for record in records)
        soon = more or view.state not in AT_WORK or self.flow.wants_word(size)
        content, buffer = make_tiles(
            records,
            epoch=self.epoch,
            generation=view.generation,
            seq=self.flow.next_seq,
            encoding=encoding,
            soon=soon,
            progress=self._digest,
        )
        self._send_raw(content, [buffer])
        self._progress_said_at = now
        return self.flow.note_sent(len(buffer), now, more, soon)
