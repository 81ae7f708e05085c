"""Who listens, what is on its way to them, and how much more may be sent now.

Pure bookkeeping: no thread, no clock (every call is told the time), no pixels.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from raywidget.stream.protocol import Ack
from raywidget.stream.window import KB, MB, Window

MAX_CLIENTS = 16
MAX_IN_FLIGHT = 64  # messages
SILENCE = 5.0  # seconds without a word while something is owed, and a client is given up
LONGEST_MEASURE = 5.0  # seconds
INTERVAL = 1 / 30  # seconds between messages while tiles are plentiful

OPEN_INTERVAL = 0.25
OPEN_RATE = 1 * MB  # bytes a second
OPEN_BUDGET = 8 * MB
OPEN_BATCH = 256 * KB


@dataclass
class Client:
    """One page that shows the widget."""

    joined: int  # the message from which on it counts
    acked: int  # every message up to this one has arrived there, or was reported missing
    heard: float  # when it last said something
    owes_since: float | None = None  # since when it has something to acknowledge
    visible: bool = True  # until it says otherwise: its first acknowledgement will
    live: bool = True
    proven: bool = False  # has it acknowledged anything? Whoever can say hello need not listen


@dataclass
class Flight:
    """One `tiles` message on its way."""

    size: int
    sent: float
    busy: bool = False  # did more wait behind it, and did all before it ask for a word at once?
    soon: bool = True  # was it to be acknowledged at once?
    delivered: int = 0  # bytes that had got through when it was sent, and when
    delivered_at: float = 0.0
    counted: bool = False  # has it been counted as delivered?
    expired: bool = False  # counted as lost; kept only to measure a late acknowledgement


class Allowance(NamedTuple):
    """How much may be sent now."""

    size: int  # bytes, 0: nothing
    wait: float  # seconds until it is worth asking again without news; may be infinite
    at_least_one: bool  # one piece may go even if it is bigger than `size`


class Heard(NamedTuple):
    """What an acknowledgement means for the ledger."""

    lost: tuple[int, ...]  # messages to be forgotten
    back: bool  # the client is seen again after it wasn't: it has nothing after its `seq`


class Flow:
    """Flow control for all clients of one widget."""

    def __init__(self) -> None:
        self.clients: dict[int, Client] = {}
        self.flights: OrderedDict[int, Flight] = OrderedDict()  # by sequence number
        self.next_seq = 1
        self.window = Window()
        self.displayed = False
        self._last_sent = -math.inf
        self._open_next = -math.inf
        self._open_left = OPEN_BUDGET
        self._delivered = 0  # bytes of closed-loop messages that the slowest client has
        self._delivered_at = -math.inf

    # -- what was heard ---------------------------------------------------------------------------

    def hello(self, number: int, empty: bool, now: float) -> int:
        """A client introduces itself: returns up to which message it is known to have all.

        `empty`: it says that it shows nothing.
        """
        self._word(now)
        known = self.clients.get(number)
        if known is not None:
            # It said hello again before the welcome reached it, or was cut off for a while. What
            # is on its way to it stays in the account, so that hellos can't open the window.
            known.heard, known.live, known.visible = now, True, True
            if empty and known.acked >= known.joined:
                return 0  # it had acknowledged something, and has lost it
            return known.acked
        if self._make_room(now):
            self.clients[number] = Client(self.next_seq, self.next_seq - 1, now)
        return 0

    def readmit(self, message: Ack, now: float) -> bool:
        """Count a page again that others had crowded out, and that is still heard of.

        It heard all that was sent meanwhile, or says what it misses, since all pages hear all
        messages; but nothing was kept for it, and nobody waited for it.
        """
        number = message.client
        if number in self.clients or message.seq >= self.next_seq or not self._make_room(now):
            return False
        self.clients[number] = Client(message.seq, message.seq, now)
        return True

    def _make_room(self, now: float) -> bool:
        """Have room for one more client, unless all have acknowledged something lately."""
        while len(self.clients) >= MAX_CLIENTS:
            number = min(self.clients, key=self._worth)
            client = self.clients[number]
            if client.live and client.proven and now < client.heard + SILENCE:
                return False
            del self.clients[number]
        return True

    def _worth(self, number: int) -> tuple[bool, bool, float]:
        """The dead go first, then those who only said hello; of them who was silent longest."""
        client = self.clients[number]
        return (client.live, client.proven, client.heard)

    def ack(self, message: Ack, now: float) -> Heard | None:
        """A client acknowledges; None if it isn't known, or claims what was never sent."""
        client = self.clients.get(message.client)
        if client is None or message.seq >= self.next_seq:
            return None
        self._word(now)
        counted = client.live and client.visible
        slowest = counted and client.acked == self._acked_by_all()
        client.heard, client.live, client.visible = now, True, message.visible
        client.proven = True
        if message.seq > client.acked:
            client.acked = message.seq
            flight = self.flights.get(message.seq)
            if flight is not None and slowest:
                taken = max(0.0, now - flight.sent - message.held)
                self.window.measure(taken, message.seq, self.next_seq)
                self._measure_rate(message, flight, now)
        client.owes_since = now if client.acked < self.next_seq - 1 else None
        back = message.visible and not counted
        if back:
            # It says what it has: what went out too long ago is not among it, and must go again.
            # To give that more time would be to wait for ever, if the client comes and goes.
            timeout = self.window.timeout()
            for flight in self.flights.values():
                flight.expired |= now >= flight.sent + timeout
        self._retire()
        return Heard(message.missing, back)

    def _measure_rate(self, message: Ack, flight: Flight, now: float) -> None:
        """Bytes that got through since this message was sent, over the time that it took.

        As in Cardwell et al., "BBR: Congestion-Based Congestion Control", 2016, section 3.
        """
        for seq, other in self.flights.items():
            if seq <= message.seq and not other.counted:
                other.counted = True
                self._delivered += other.size
        self._delivered_at = now
        since = max(flight.delivered_at, now - LONGEST_MEASURE)
        if now > since and not flight.expired and not message.missing:
            rate = (self._delivered - flight.delivered) / (now - since)
            self.window.measure_rate(rate, flight.busy)

    def word(self, number: int, now: float) -> bool:
        """A client said something else. False if it isn't known."""
        client = self.clients.get(number)
        if client is None:
            return False
        self._word(now)
        client.heard = now
        return True

    def _word(self, now: float) -> None:
        self._open_left = OPEN_BUDGET
        self._open_next = min(self._open_next, now)

    # -- what time brings -------------------------------------------------------------------------

    def expire(self, now: float) -> list[int]:
        """Give up silent clients; return the messages that weren't acknowledged in time."""
        given_up = False
        for client in self.clients.values():
            if client.live and now >= _given_up(client):
                client.live = False
                given_up = True
        self._retire()
        lost = []
        if not self.closed_loop():
            # Nobody will say whether these have arrived, so they go again, in the open loop: a
            # page that hears them, but was not heard, speaks up then.
            for seq, flight in self.flights.items() if given_up else ():
                if not flight.expired:
                    flight.expired = True
                    lost.append(seq)
            return lost
        timeout = self.window.timeout()
        for seq, flight in self.flights.items():
            if not flight.expired and now >= flight.sent + timeout:
                flight.expired = True
                lost.append(seq)
        if lost:
            self.window.lost(lost[-1], self.next_seq)
        return lost

    def next_event(self, now: float) -> float:
        """Seconds until `expire` may have something to say."""
        times = [_given_up(client) for client in self.clients.values() if client.live]
        if self.closed_loop():
            timeout = self.window.timeout()
            times += [f.sent + timeout for f in self.flights.values() if not f.expired]
        return max(0.0, min(times, default=math.inf) - now)

    # -- what may be sent -------------------------------------------------------------------------

    def closed_loop(self) -> bool:
        """Is anybody looking who acknowledges?"""
        return any(client.live and client.visible for client in self.clients.values())

    def open_loop(self) -> bool:
        """May somebody be looking of whom nothing can be heard?"""
        clients = self.clients.values()
        if not self.audience() or any(client.live for client in clients):
            return False
        return not clients or any(client.visible for client in clients)

    def audience(self) -> bool:
        """Is there anybody at all to tell things to?"""
        return self.displayed or bool(self.clients)

    def allowance(self, now: float) -> Allowance:
        """How many bytes of tiles may go out now."""
        if self.closed_loop():
            return self._closed_allowance(now)
        if self.open_loop() and not self.exhausted():
            wait = self._open_next - now
            if wait > 0:
                return Allowance(0, wait, False)
            return Allowance(OPEN_BATCH, math.inf, False)
        return Allowance(0, math.inf, False)

    def _closed_allowance(self, now: float) -> Allowance:
        wait = self._last_sent + INTERVAL - now
        if wait > 0:
            return Allowance(0, wait, False)
        used, count = self.in_flight()
        room = self.window.limit - used
        if room <= 0 or count >= MAX_IN_FLIGHT:
            return Allowance(0, math.inf, False)
        return Allowance(min(room, self.window.batch()), math.inf, used == 0)

    def wants_word(self, size: int) -> bool:
        """Is a message of so many bytes to be acknowledged at once, though more could follow it?

        Each word from a page costs about 1.2 ms of CPU here, so that there should be few of them
        while nothing waits for them.
        """
        if not self.closed_loop() or not self.window.round_trip or self.window.narrow:
            return True
        used, count = self.in_flight()
        return used + size > self.window.limit // 2 or count + 1 > MAX_IN_FLIGHT // 2

    def note_sent(self, size: int, now: float, busy: bool = False, soon: bool = True) -> int:
        """A message goes out; returns its number.

        `size` is in bytes. `busy`: more waits behind it. `soon`: its word is wanted at once.
        """
        seq = self.next_seq
        self.next_seq += 1
        if self.in_flight()[1] == 0:
            self._delivered_at = now  # the link has rested, which is not its fault
        # Behind a message whose word may wait, the bytes of two words say nothing of the link.
        busy = busy and all(flight.soon for flight in self.flights.values())
        self.flights[seq] = Flight(size, now, busy, soon, self._delivered, self._delivered_at)
        while len(self.flights) > 2 * MAX_IN_FLIGHT:
            expired = (old for old, flight in self.flights.items() if flight.expired)
            del self.flights[next(expired, next(iter(self.flights)))]
        self._last_sent = now
        if not self.closed_loop():
            self._open_left -= size
            self._open_next = now + max(OPEN_INTERVAL, size / OPEN_RATE)
        for client in self.clients.values():
            if client.owes_since is None:
                client.owes_since = now
        return seq

    def exhausted(self) -> bool:
        """Is the open loop waiting for a word from the browser?"""
        return self.open_loop() and self._open_left < OPEN_BATCH

    # -- what is on its way -----------------------------------------------------------------------

    def in_flight(self) -> tuple[int, int]:
        """Bytes, and messages, that the slowest client who counts hasn't acknowledged."""
        acked = self._acked_by_all()
        ahead = [f.size for seq, f in self.flights.items() if seq > acked and not f.expired]
        return sum(ahead), len(ahead)

    def tracked(self) -> list[int]:
        """Messages of which something will be heard, or which will time out."""
        return [seq for seq, flight in self.flights.items() if not flight.expired]

    def _acked_by_all(self) -> int:
        """The last message that every client who counts has; those who don't look don't count."""
        counting = [c.acked for c in self.clients.values() if c.live and c.visible]
        return min(counting, default=0)

    def _retire(self) -> None:
        acked = self._acked_by_all()
        for seq in [seq for seq in self.flights if seq <= acked]:
            del self.flights[seq]


def _given_up(client: Client) -> float:
    if client.owes_since is None:
        return math.inf
    return max(client.heard, client.owes_since) + SILENCE
