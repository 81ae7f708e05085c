"""Per tile: which version was sent, how well, and in which message.

This is all that the stream remembers of what it sent. There are no copies of pixels: whatever has
to go again goes with the pixels that the film holds then.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.film import TileState
from raywidget.engine.film.tiles import Tile, order_centre_out
from raywidget.picture.development import Metering
from raywidget.picture.transparency import lay_over_checkerboard
from raywidget.stream.encoders import DRAFT, EXACT, sent_size
from raywidget.stream.source import Tiles

Indices = NDArray[np.intp]

METER_EVERY = 0.5  # seconds between two looks at how bright the picture is
EXPOSE_EVERY = 5.0  # seconds for which another pre-exposure stays, while tiles still come


class Ledger:
    """What has been sent of one film.

    Parameters
    ----------
    film : Tiles
        Where the pixels are.
    piece_bytes : int
        Tiles bigger than this are sent in several pieces.
    """

    def __init__(self, film: Tiles, piece_bytes: int) -> None:
        self.film = film
        self.exponent = 0  # the pre-exposure of what is sent
        self.pieces = tuple(
            piece for tile in film.tiles for piece in cut_tile(tile, EXACT, piece_bytes)
        )
        self.sizes = {  # bytes of each piece, by encoding
            encoding: np.array(
                [sent_size(piece.width, piece.height, 0, encoding) for piece in self.pieces],
                np.int64,
            )
            for encoding in (EXACT, DRAFT)
        }
        self._tile = np.array([piece.index for piece in self.pieces], np.intp)
        rank = np.empty(len(film.tiles), np.int64)
        rank[order_centre_out(film.tiles, film.width, film.height)] = np.arange(len(film.tiles))
        self._rank = rank[self._tile]
        self._sent = np.zeros(len(self.pieces), np.int64)  # version, 0: none
        self._exact = np.zeros(len(self.pieces), np.int64)  # version that was sent exactly
        self._carrier = np.zeros(len(self.pieces), np.int64)  # number of the message, 0: none
        self._metering = Metering(film.width, film.height)
        self._grids: list[NDArray[np.float32] | None] = [None] * len(self.pieces)
        self._metered_at = -math.inf
        self._exposed_at = -math.inf

    def unsent(self, encoding: str = EXACT) -> Indices:
        """Pieces whose newest pixels haven't been sent, in the order in which they should go.

        Those that were never sent go first, from the middle of the picture out; then those whose
        last message is oldest, so that all get their turn. What was sent as a draft counts as
        sent among drafts only.
        """
        versions = np.asarray(self.film.versions(), np.int64)[self._tile]
        indices = np.flatnonzero(versions != (self._exact if encoding == EXACT else self._sent))
        return indices[np.lexsort((indices, self._rank[indices], self._carrier[indices]))]

    def read(self, index: int) -> TileState:
        """The current pixels of a piece; with alpha, over the squares that stand for nothing."""
        piece = self.pieces[index]
        state = self.film.read(piece)
        if state.alpha is not None:
            shown = lay_over_checkerboard(state.pixels, state.alpha, piece.x, piece.y)
            state = state._replace(pixels=shown)
        if state.spp:
            # A copy, or it would keep the pixels; looked at when the time has come.
            self._grids[index] = self._metering.grid(state.pixels, piece.x, piece.y).copy()
        return state

    def expose(self, now: float, at_work: bool) -> bool:
        """Follow the brightness of what has been read with the pre-exposure.

        When nothing changes any more, it is that of the whole picture, by the rule that saved
        pictures follow too. Before that it is in no hurry: with each change everything has to go
        again, which True says.
        """
        first = self._exposed_at == -math.inf
        due = max(self._metered_at + METER_EVERY, self._exposed_at + EXPOSE_EVERY)
        if at_work and not first and now < due:
            return False
        self._metered_at = now
        values = [self._metering.lit(grid) for grid in self._grids if grid is not None]
        if not values:
            return False
        exponent = self._metering.exponent(np.concatenate(values))
        if exponent == self.exponent and not first:
            return False
        self._exposed_at = now
        changed, self.exponent = exponent != self.exponent, exponent
        if changed:
            self.forget_all()
        return changed

    def mark_sent(self, index: int, version: int, seq: int, encoding: str = EXACT) -> None:
        """A piece was sent at this version in message `seq` (0: there was nothing to send)."""
        self._sent[index] = version
        if encoding == EXACT:
            self._exact[index] = version
        self._carrier[index] = seq

    def forget_all(self) -> None:
        """Everything has to be sent again."""
        self._forget(slice(None))

    def forget_messages(self, lost: Collection[int]) -> None:
        """Messages were lost: pieces that no newer message has carried have to go again."""
        if lost:
            self._forget(np.isin(self._carrier, np.fromiter(lost, np.int64)))

    def forget_after(self, seq: int, in_flight: Collection[int]) -> None:
        """Somebody has nothing newer than `seq` but for what is still in flight."""
        late = self._carrier > seq
        if in_flight:
            late &= ~np.isin(self._carrier, np.fromiter(in_flight, np.int64))
        self._forget(late)

    def _forget(self, which: slice | NDArray[np.bool_]) -> None:
        self._sent[which] = 0
        self._exact[which] = 0


def cut_tile(tile: Tile, encoding: str, most: int) -> list[Tile]:
    """A tile, or the strips of it that take at most `most` bytes (but one row at least)."""
    if sent_size(tile.width, tile.height, 0, encoding) <= most:
        return [tile]
    rows = max(1, (most - 4) // sent_size(tile.width, 1, 0, encoding))
    return [
        Tile(tile.index, tile.x, y, tile.width, min(rows, tile.y + tile.height - y))
        for y in range(tile.y, tile.y + tile.height, rows)
    ]
