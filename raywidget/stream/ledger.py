"""Per tile: which version was sent, and in which message.

This is all that the stream remembers of what it sent. There are no copies of pixels: whatever has
to go again goes with the pixels that the film holds then.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film import Film, TileState
from raywidget.engine.tiles import Tile, order_centre_out
from raywidget.stream.encoders import sent_size

Indices = NDArray[np.intp]


class Ledger:
    """What has been sent of one film.

    Parameters
    ----------
    film : Film
        Where the pixels are.
    encoding : str
        How they are sent, which says how big they are.
    piece_bytes : int
        Tiles bigger than this are sent in several pieces.
    """

    def __init__(self, film: Film, encoding: str, piece_bytes: int) -> None:
        self.film = film
        self.pieces = tuple(
            piece for tile in film.tiles for piece in cut_tile(tile, encoding, piece_bytes)
        )
        self.sizes = np.array(
            [sent_size(piece.width, piece.height, 0, encoding) for piece in self.pieces], np.int64
        )
        self._tile = np.array([piece.index for piece in self.pieces], np.intp)
        rank = np.empty(len(film.tiles), np.int64)
        rank[order_centre_out(film.tiles, film.width, film.height)] = np.arange(len(film.tiles))
        self._rank = rank[self._tile]
        self._sent = np.zeros(len(self.pieces), np.int64)  # version, 0: none
        self._carrier = np.zeros(len(self.pieces), np.int64)  # number of the message, 0: none

    def unsent(self) -> Indices:
        """Pieces whose newest pixels haven't been sent, in the order in which they should go.

        Those that were never sent go first, from the middle of the picture out; then those whose
        last message is oldest, so that all get their turn.
        """
        versions = np.asarray(self.film.versions(), np.int64)[self._tile]
        indices = np.flatnonzero(versions != self._sent)
        return indices[np.lexsort((indices, self._rank[indices], self._carrier[indices]))]

    def finished(self) -> Indices:
        """Pieces that have any pixels, in the same order."""
        versions = np.asarray(self.film.versions(), np.int64)[self._tile]
        indices = np.flatnonzero(versions)
        return indices[np.lexsort((indices, self._rank[indices]))]

    def read(self, index: int) -> TileState:
        """The current pixels of a piece."""
        return self.film.read(self.pieces[index])

    def mark_sent(self, index: int, version: int, seq: int) -> None:
        """A piece was sent at this version in message `seq` (0: there was nothing to send)."""
        self._sent[index] = version
        self._carrier[index] = seq

    def forget_all(self) -> None:
        """Everything has to be sent again."""
        self._sent[:] = 0

    def forget_messages(self, lost: Collection[int]) -> None:
        """Messages were lost: pieces that no newer message has carried have to go again."""
        if lost:
            self._sent[np.isin(self._carrier, np.fromiter(lost, np.int64))] = 0

    def forget_after(self, seq: int, in_flight: Collection[int]) -> None:
        """Somebody has nothing newer than `seq` but for what is still in flight."""
        late = self._carrier > seq
        if in_flight:
            late &= ~np.isin(self._carrier, np.fromiter(in_flight, np.int64))
        self._sent[late] = 0


def cut_tile(tile: Tile, encoding: str, most: int) -> list[Tile]:
    """A tile, or the strips of it that take at most `most` bytes (but one row at least)."""
    if sent_size(tile.width, tile.height, 0, encoding) <= most:
        return [tile]
    rows = max(1, (most - 4) // sent_size(tile.width, 1, 0, encoding))
    return [
        Tile(tile.index, tile.x, y, tile.width, min(rows, tile.y + tile.height - y))
        for y in range(tile.y, tile.y + tile.height, rows)
    ]
