"""Messages from the browser, until the pump looks at them: bounded whatever a page sends."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from raywidget.errors import ProtocolError
from raywidget.stream.protocol import (
    Ack,
    CameraMove,
    Control,
    Hello,
    Message,
    Need,
    Question,
    parse_message,
)

MAX_CLIENTS = 16
MAX_CONTROLS = 32
MAX_QUESTIONS = 16
MAX_MISSING_KEPT = 256


@dataclass
class Slot:
    """What one client has said since the pump last looked; the newest of a kind counts."""

    hello: Hello | None = None
    ack: Ack | None = None
    need: Need | None = None


@dataclass
class Post:
    """What has come since the last look."""

    slots: OrderedDict[int, Slot] = field(default_factory=OrderedDict)  # oldest word first
    controls: deque[Control] = field(default_factory=lambda: deque(maxlen=MAX_CONTROLS))
    camera: CameraMove | None = None  # the newest of all
    questions: deque[Question] = field(default_factory=lambda: deque(maxlen=MAX_QUESTIONS))

    def __bool__(self) -> bool:
        return bool(self.slots or self.controls or self.camera or self.questions)


class Inbox:
    """Where any thread may drop messages; dropping one never blocks for long and never raises."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._post = Post()
        self.prompt = False  # do messages come while a cell runs? Until one has, who knows
        self.displayed = False  # was a view asked for, even if no browser could be heard yet?

    def put(self, content: object) -> bool:
        """Keep a message for the pump. False if it made no sense, and is forgotten."""
        try:
            message = parse_message(content)
        except ProtocolError:
            return False
        with self._lock:
            self._keep(message)
        return True

    def take(self) -> Post:
        """All that has come since the last call."""
        with self._lock:
            post, self._post = self._post, Post()
        return post

    def _keep(self, message: Message) -> None:
        if isinstance(message, Control):
            self._post.controls.append(message)
            return
        if isinstance(message, CameraMove):
            self._post.camera = message
            return
        if isinstance(message, Question):
            self._post.questions.append(message)
            return
        slots = self._post.slots
        slot = slots.setdefault(message.client, Slot())
        slots.move_to_end(message.client)
        if isinstance(message, Hello):
            slot.hello = message
        elif isinstance(message, Need):
            slot.need = message
        else:
            slot.ack = message if slot.ack is None else _merge(slot.ack, message)
        while len(slots) > MAX_CLIENTS:
            # Anybody can say hello, and says it again; who acknowledges is listening.
            mute = (number for number, slot in slots.items() if slot.ack is None)
            del slots[next(mute, next(iter(slots)))]


def _merge(old: Ack, new: Ack) -> Ack:
    """The newer acknowledgement, with the losses that the older one reported.

    Acknowledgements count up, so one that overtook another on the way keeps the higher number.
    """
    if old.epoch != new.epoch:
        return new
    missing = tuple(dict.fromkeys((*new.missing, *old.missing)))[:MAX_MISSING_KEPT]
    return new._replace(seq=max(old.seq, new.seq), missing=missing)
