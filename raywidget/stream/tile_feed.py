"""What pages see of a film: its tiles, as many, and as exact, as get through."""

from __future__ import annotations

import math

from raywidget.engine.film.halves import is_prepared
from raywidget.stream.encoders import DRAFT, EXACT
from raywidget.stream.flow import Allowance, Flow
from raywidget.stream.ledger import Indices, Ledger
from raywidget.stream.news import AT_WORK, News, Send
from raywidget.stream.outgoing import RECORD, Record, announce_tiles, pack_records
from raywidget.stream.parcel import (
    PIECE,
    Plain,
    choose_pieces,
    choose_plain,
    pack_coarse,
    pack_parcel,
    pack_plain,
)
from raywidget.stream.source import Tiles, View


class TileFeed:
    """The tiles of the newest film, on their way to the pages.

    Parameters
    ----------
    flow : Flow
        How much may be on its way.
    news : News
        What is said beside them.
    send : callable
        ``send(content, buffers)``.
    epoch : int
        The random number of this conversation.
    """

    def __init__(self, flow: Flow, news: News, send: Send, *, epoch: int) -> None:
        self.ledger: Ledger | None = None
        self.hungry = True  # would a new tile be news? Read by other threads.
        self.coarse_due = False  # has a page come that shows nothing yet?
        self._film: Tiles | None = None
        self._flow = flow
        self._news = news
        self._send = send
        self._epoch = epoch

    def follow(self, film: Tiles | None) -> None:
        """From now on, tell of this film."""
        if film is not self._film:
            self._film = film
            self.ledger = None if film is None else Ledger(film, PIECE)
            self.coarse_due = False

    def arrived(self) -> bool:
        """Has everything that can be sent arrived, as far as can be known?"""
        if self.ledger is None or self._flow.exhausted():
            return True
        if self._flow.closed_loop() and self._flow.in_flight()[1]:
            return False
        return not self.ledger.unsent()

    def say(self, view: View, now: float, moving: bool) -> float:
        """Send the tiles for which there is room; none while the camera is `moving`.

        Returns
        -------
        float
            Seconds until there may be room without news; may be infinite.
        """
        ledger, begun = self.ledger, self._news.begun
        if not self._flow.audience():
            self.hungry = False
            return math.inf
        if ledger is None or begun is None or begun["generation"] != view.generation:
            return math.inf
        if moving:
            # The camera moves: tiles show what is past, and coarse pictures would wait behind them.
            self.hungry = False
            return math.inf
        allowance = self._flow.allowance(now)
        if allowance.size == 0:
            # Whatever there is to be sent, more of it is no news: the clock or an ack is.
            self.hungry = False
            return allowance.wait
        encoding, unsent = self._choose(ledger, view, now)
        if not unsent:
            return math.inf
        self.hungry = False
        if self.coarse_due:
            self.coarse_due = False
            coarse = pack_coarse(ledger, unsent, view.settings.tile_size)
            if coarse:
                # No mark in the ledger: this is a courtesy, the tiles themselves follow.
                self._send_records(view, coarse, EXACT, False, now)
                return self._flow.allowance(now).wait
        # Compiled code makes pixels of sums ten times as fast; the first message goes without.
        plain = None
        if encoding == EXACT and self._flow.next_seq > 1 and is_prepared():
            plain = choose_plain(ledger, unsent, allowance.size, allowance.at_least_one)
        if plain is not None:
            self._send_plain(ledger, view, *plain, now)
        elif not self._send_pieces(ledger, view, unsent, encoding, allowance, now):
            return math.inf
        # Until the next message may go, tiles are no news either: they would cost a turn each.
        return self._flow.allowance(now).wait

    def _send_plain(
        self, ledger: Ledger, view: View, chosen: Plain, full: bool, now: float
    ) -> None:
        self._flow.window.was_full |= full
        ledger.expose(now, at_work=True)
        buffer = pack_plain(ledger, chosen)
        count = len(chosen.indices)
        size = len(buffer) - count * RECORD.itemsize
        seq = self._send_tiles(view, count, buffer, size, EXACT, full, now)
        ledger.mark_all_sent(chosen.indices, chosen.versions, seq)

    def _send_pieces(
        self,
        ledger: Ledger,
        view: View,
        unsent: Indices,
        encoding: str,
        allowance: Allowance,
        now: float,
    ) -> bool:
        """The same for whatever is to be seen, in numpy; False if there was nothing."""
        chosen, full = choose_pieces(
            ledger, unsent, encoding, allowance.size, allowance.at_least_one
        )
        self._flow.window.was_full |= full
        if not chosen:
            self.hungry = not full
            return False
        ledger.expose(now, at_work=True)
        parcel = pack_parcel(ledger, chosen, encoding)
        seq = self._send_records(view, parcel.records, encoding, full, now)
        for index, version in parcel.versions:
            ledger.mark_sent(index, version, seq, encoding)
        return True

    def _choose(self, ledger: Ledger, view: View, now: float) -> tuple[str, Indices]:
        """What is to be sent, and how: on a narrow link drafts go first, while tiles still come."""
        if self._flow.window.narrow and view.state in AT_WORK:
            drafts = ledger.unsent(DRAFT)
            if drafts:
                return DRAFT, drafts
        unsent = ledger.unsent()
        if not unsent and ledger.expose(now, view.state in AT_WORK):
            unsent = ledger.unsent()
        return EXACT, unsent

    def _send_records(
        self, view: View, records: list[Record], encoding: str, more: bool, now: float
    ) -> int:
        size = sum(len(record.pixels) for record in records)
        buffer = pack_records(records)
        return self._send_tiles(view, len(records), buffer, size, encoding, more, now)

    def _send_tiles(
        self,
        view: View,
        count: int,
        buffer: bytes,
        size: int,
        encoding: str,
        more: bool,
        now: float,
    ) -> int:
        progress = self._news.digest(now)
        # Whatever waits for an acknowledgement asks for it: a full window, the end of the render.
        soon = more or view.state not in AT_WORK or self._flow.wants_word(size)
        content = announce_tiles(
            count,
            epoch=self._epoch,
            generation=view.generation,
            seq=self._flow.next_seq,
            encoding=encoding,
            soon=soon,
            progress=progress,
        )
        self._send(content, [buffer])
        self._news.note_progress_said(now)
        return self._flow.note_sent(len(buffer), now, more, soon)
