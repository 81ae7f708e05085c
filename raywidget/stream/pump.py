"""The thread that talks: the only one that ever sends."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from raywidget.engine.preview.coarse import CoarsePicture
from raywidget.stream.conversation import Conversation, Disconnected
from raywidget.stream.inbox import Inbox
from raywidget.stream.news import Send
from raywidget.stream.protocol import Content
from raywidget.stream.source import Source

SHORTEST_TURN = 0.004  # seconds: what comes faster than this is said together
AFTER_FAILURE = 0.5


class Bell:
    """What one thread waits for, and any may ring: an Event takes a dozen calls for this one."""

    def __init__(self) -> None:
        self._silent = threading.Lock()
        self._silent.acquire()

    def ring(self) -> None:
        """Wake whoever waits, or will wait next."""
        if self._silent.locked():
            with suppress(RuntimeError):  # another thread rings it in this very moment
                self._silent.release()

    def hush(self) -> None:
        """Forget that it was rung; for the one who waits only."""
        self._silent.acquire(blocking=False)

    def wait(self, seconds: float) -> None:
        """Wait until it is rung, so long at most; then it is silent."""
        if seconds >= threading.TIMEOUT_MAX:
            self._silent.acquire()
        else:
            self._silent.acquire(timeout=seconds)


class Pump:
    """Streams a render to the browsers from a thread of its own.

    It ends with `close`, or when `send` raises `Disconnected`. All methods may be called from any
    thread, return at once (`close` waits for the thread), and never raise what went wrong in the
    stream.

    Parameters
    ----------
    send : callable
        ``send(content, buffers)``, called from the pump's thread only.
    announce : callable, optional
        ``announce(state)``, called from the pump's thread for each new state of the render, and
        for the same state of another.

    Examples
    --------
    A front end needs no more than this::

        pump = Pump(comm_send)
        session = Session(scene, settings, on_tile=pump.tile_ready, on_state=pump.wake)
        pump.start(session)
        session.start()
    """

    def __init__(self, send: Send, *, announce: Callable[[str], None] | None = None) -> None:
        self.epoch = secrets.randbelow(2**52) + 1
        self.failures = 0  # turns that failed as a whole
        self._send = send
        self._announce = announce
        self._inbox = Inbox()
        self._conversation: Conversation | None = None
        self._news = Bell()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()  # for starting and closing

    @property
    def narrow(self) -> bool:
        """Is the way to the browser so slow that drafts go ahead of exact pixels?"""
        return self._conversation is not None and self._conversation.flow.window.narrow

    def start(self, source: Source) -> None:
        """Begin to stream a render, unless closed already."""
        with self._lock:
            if self._closing or self._thread is not None:
                return
            conversation = self._conversation = Conversation(
                source,
                self._inbox,
                self._send,
                epoch=self.epoch,
                clock=time.monotonic,
                announce=self._announce,
            )
            self._thread = threading.Thread(
                target=self._run, args=(conversation,), name="raywidget-pump", daemon=True
            )
            self._thread.start()

    def wake(self) -> None:
        """Something has changed."""
        self._news.ring()

    def tile_ready(self, update: object = None) -> None:
        """A tile was published; called by the workers for each, so it's next to nothing."""
        if self._conversation is not None and self._conversation.hungry:
            self._news.ring()

    def coarse_ready(self, picture: CoarsePicture) -> None:
        """A coarse picture is there; only the newest is kept. Called by the workers."""
        if self._conversation is not None:
            self._conversation.offer(picture)
            self._news.ring()

    def say(self, content: Content, buffers: list[bytes]) -> None:
        """Have something said soon that isn't part of the stream: the answer to a question."""
        if self._conversation is not None:
            self._conversation.answer(content, buffers)
            self._news.ring()

    def send_file(self, client: int, pieces: Sequence[tuple[Content, list[bytes]]]) -> bool:
        """Have a page get a file, however many pieces it has; False if too many are on the way."""
        if self._conversation is None:
            return False
        taken = self._conversation.send_file(client, pieces)
        self._news.ring()
        return taken

    def hear(self, content: object, prompt: bool = True) -> None:
        """A message has come from a browser; `prompt`: it would have while a cell runs."""
        self._inbox.prompt = prompt
        if not self._closing and self._inbox.put(content):
            self._news.ring()

    def displayed(self) -> None:
        """A view of the widget has been asked for, though no browser may be heard yet."""
        self._inbox.displayed = True
        self._news.ring()

    def close(self, timeout: float = 1.0) -> bool:
        """Say goodbye and end the thread; False if it hasn't ended within `timeout` seconds."""
        with self._lock:
            self._closing = True
            thread = self._thread
        self._news.ring()
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(timeout)
        return not thread.is_alive()

    def _run(self, conversation: Conversation) -> None:
        try:
            while not self._closing:
                self._take_turn(conversation)
            conversation.farewell()
        except Disconnected:
            self._closing = True
        except Exception:
            # The last word failed. Threads have nobody to tell.
            self.failures += 1

    def _take_turn(self, conversation: Conversation) -> None:
        started = time.monotonic()
        self._news.hush()
        try:
            wait = conversation.turn()
        except Disconnected:
            raise
        except Exception:
            # A bug, or a render that can't be asked: the stream goes on as soon as it can.
            self.failures += 1
            wait = AFTER_FAILURE
        wait += started - time.monotonic()  # it is told from the begin of the turn
        if wait > 0 and not self._closing:
            self._news.wait(wait)
        rest = started + SHORTEST_TURN - time.monotonic()
        if rest > 0 and not self._closing:
            time.sleep(rest)
