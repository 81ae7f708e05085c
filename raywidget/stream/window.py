"""How many bytes may be on their way, and how fast they go, learnt from acknowledgements."""

from __future__ import annotations

KB = 1 << 10
MB = 1 << 20

START = 256 * KB
FLOOR = 64 * KB
CEILING = 4 * MB
FAST = 0.060  # seconds there and back: the window may grow
STARTING = 0.100  # ... it doubles, until it has taken longer once
SLOW = 0.250  # it must shrink
BULK = 2 * MB  # a window from which on messages may be large: more tiles, and each a little later
SMALL_BATCHES = 0.150  # from here on, messages are kept small
LONGEST_TIMEOUT = 4.0  # shorter than the silence after which a client is given up
NARROW = 1.75 * MB  # bytes a second: on a narrower link, exact pixels would come too late;
ENOUGH = 3  # measurements in a row, to believe it
WIDE = 3.5 * MB  # from here on it counts as wide again


class Window:
    """The byte window of the closed loop; it moves at most once per round trip."""

    def __init__(self) -> None:
        self.limit = START
        self.round_trip = 0.0  # smoothed, in seconds; 0 until the first measurement
        self.was_full = False  # has it held anything back since it last moved?
        self.rate = 0.0  # bytes a second that get through; 0 until the first measurement
        self.narrow = False  # is the link so slow that drafts go ahead of exact pixels?
        self._slow_in_a_row = 0
        self._starting = True  # it doubles until something slows it down
        self._moved_at_seq = 0
        self._backoff = 1.0

    def measure(self, round_trip: float, seq: int, next_seq: int) -> None:
        """Message `seq` was acknowledged after `round_trip` seconds."""
        if self.round_trip:
            self.round_trip += 0.25 * (round_trip - self.round_trip)
        else:
            self.round_trip = round_trip
        self._backoff = 1.0
        if seq < self._moved_at_seq:
            return  # it left before the last move, and says nothing about it
        if round_trip > SLOW:
            self._starting = False
            self._move(self.limit // 2, next_seq)
        elif self.was_full:  # an idle stream proves nothing
            if self._starting and round_trip < STARTING:
                self._move(2 * self.limit, next_seq)
            elif round_trip < FAST:
                self._move(self.limit + self.limit // 4, next_seq)
            else:
                self._starting = False

    def measure_rate(self, rate: float, busy: bool) -> None:
        """So many bytes a second have got through; `busy`: there would have been more to send."""
        if rate > self.rate:
            self.rate += 0.5 * (rate - self.rate) if self.rate else rate
        elif busy:
            self.rate += 0.25 * (rate - self.rate)
        if busy:
            self._slow_in_a_row = self._slow_in_a_row + 1 if rate < NARROW else 0
        if self.rate > WIDE:
            self.narrow = False
        elif self._slow_in_a_row >= ENOUGH:
            self.narrow = True

    def lost(self, seq: int, next_seq: int) -> None:
        """Message `seq` wasn't acknowledged in time."""
        if seq >= self._moved_at_seq:
            self._move(self.limit // 2, next_seq)
            self._backoff *= 2.0  # else a way slower than the timeout would never be measured

    def timeout(self) -> float:
        """Seconds after which a message counts as lost."""
        return min(max(1.0, 4.0 * self.round_trip) * self._backoff, LONGEST_TIMEOUT)

    def batch(self) -> int:
        """The most bytes that one message should have."""
        if self.round_trip > SMALL_BATCHES:
            return 64 * KB
        return 512 * KB if self.limit >= BULK else 256 * KB

    def _move(self, limit: int, next_seq: int) -> None:
        self.limit = min(max(limit, FLOOR), CEILING)
        self._moved_at_seq = next_seq
        self.was_full = False
