"""One turn of the conversation with the browsers: what is heard, and what is said about it.

Level-triggered: each turn compares what is with what was said, so no event can be lost and none
has to be queued. There is no thread in here, and the clock is given, so that a whole conversation
can be tested in no time. What is said is `news`, `coarse_feed` and `tile_feed`, in this order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from raywidget.engine.preview.coarse import CoarsePicture
from raywidget.errors import RaywidgetError
from raywidget.stream.coarse_feed import CoarseFeed
from raywidget.stream.flow import Flow
from raywidget.stream.inbox import Inbox, Slot
from raywidget.stream.news import News, Send
from raywidget.stream.protocol import CameraMove, Content, Control
from raywidget.stream.source import Source, View
from raywidget.stream.tile_feed import TileFeed

SETTLING = 1.0  # seconds after a change of state in which a worker may still publish, unannounced,
LOOK_AGAIN = 0.1  # what it had begun: so the film is looked at this often
LONGEST_MUTE = 2.0
STILL = 0.3  # seconds without a word of a camera that moves, and it has come to rest


class Disconnected(Exception):
    """Raised by `send`: the channel is closed for good."""


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
        Told each new state at once, whether or not anybody looks; and the same state again if it is
        that of another generation or goal, as that of a render that was begun and done unseen.
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
        self._source = source
        self._send = send
        self._clock = clock
        self._announce = announce
        self._announced: tuple[int, int, str] = (0, 0, "")  # generation, goal, state
        self._settled_at = -math.inf
        self._settle_at = math.inf
        self._news = News(source, inbox, self.flow, send, epoch=epoch, now=clock())
        self._coarse = CoarseFeed(self.flow, send, epoch=epoch)
        self._tiles = TileFeed(self.flow, self._news, send, epoch=epoch)
        self._mute_until = -math.inf
        self._mute = 0.0

    @property
    def hungry(self) -> bool:
        """Would a new tile be news? Read by other threads."""
        return self._tiles.hungry

    def offer(self, picture: CoarsePicture) -> None:
        """Have a coarse picture sent, the newest only. From any thread."""
        self._coarse.offer(picture)

    def answer(self, content: Content, buffers: list[bytes]) -> None:
        """Have an answer said; of too many that wait, the oldest are dropped. From any thread."""
        self._news.answers.append((content, buffers))

    def send_file(self, client: int, pieces: Sequence[tuple[Content, list[bytes]]]) -> bool:
        """Have a page get a file, piece by piece; False if too many are. From any thread."""
        return self._news.send_file(client, pieces)

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
        # Before anything is read, so that what comes meanwhile is noticed.
        self._tiles.hungry = True
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
        if self._tiles.ledger is not None:
            self._tiles.ledger.forget_messages(lost)
        if now < self._mute_until:
            return self._mute_until - now
        try:
            wait = min(
                self._news.say(view, now, self._tiles.arrived),
                self._coarse.say(view, now),
                self._tiles.say(view, now, self._settle_at < math.inf),
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
            self._send(self._news.state(view.generation, "closed", None), [])

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
            self._news.complaint = None
        except RaywidgetError as error:
            self.failures += 1
            self._news.complaint = str(error)
        except Exception as error:
            self.failures += 1
            self._news.complaint = f"{what}: {type(error).__name__}: {error}"
        return self._news.complaint is None

    def _follow(self, now: float) -> View:
        """See what the render does now."""
        view = self._source.current()
        self._tiles.follow(view.film)
        stands = (view.generation, view.settings.spp, view.state)
        if stands != self._announced:
            self._announced = stands
            self._settled_at = now + SETTLING
            self._news.look_anew()
            if self._announce is not None:
                try:
                    self._announce(view.state)
                except Exception:
                    self.failures += 1
        return view

    def _hear(self, number: int, slot: Slot, now: float) -> None:
        """Take in what one client said."""
        ledger = self._tiles.ledger
        if slot.hello is not None:
            have = slot.hello.have
            empty = have is None or have.epoch != self.epoch
            has = self.flow.hello(number, empty, now)
            if ledger is not None:
                # In flight or not: the welcome tells it to count from there on.
                ledger.forget_after(has, ())
            self._news.welcome(number)
            self._coarse.say_again()
            self._tiles.coarse_due = True
        if slot.ack is not None and slot.ack.epoch == self.epoch:
            readmitted = self.flow.readmit(slot.ack, now)
            if readmitted:
                self._news.say_again()
            heard = self.flow.ack(slot.ack, now)
            if heard is not None and ledger is not None:
                ledger.forget_messages(heard.lost)
                if heard.back or readmitted:
                    ledger.forget_after(slot.ack.seq, self.flow.tracked())
        if slot.need is not None and slot.need.epoch == self.epoch:
            if not self.flow.word(number, now):
                return
            if ledger is not None:
                ledger.forget_all()
            self._news.say_again()
