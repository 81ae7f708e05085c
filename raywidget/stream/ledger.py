"""Per tile: which version was sent, how well, and in which message.

This is all that the stream remembers of what it sent. There are no copies of pixels: whatever has
to go again goes with the pixels that the film holds then.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.film import Film, TileState, TileSums, mean_radiance
from raywidget.engine.film.tiles import Tile, order_centre_out
from raywidget.picture.development import Metering
from raywidget.picture.transparency import lay_over_checkerboard
from raywidget.stream.encoders import DRAFT, EXACT, sent_size
from raywidget.stream.outgoing import EXPONENT_WORD, RECORD
from raywidget.stream.source import Tiles

Indices = list[int]

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
        # All of it in lists: of a message's few pieces, numpy would take several times as long,
        # where kernels have had the caches meanwhile.
        self.sizes = {  # bytes of each piece, by encoding
            encoding: [sent_size(piece.width, piece.height, 0, encoding) for piece in self.pieces]
            for encoding in (EXACT, DRAFT)
        }
        heads = [(p.x, p.y, p.width, p.height, 0, 0, 0) for p in self.pieces]
        # What is said of each, in words; exponents follow the pre-exposure.
        self.records = np.array(heads, RECORD).view(np.uint16).reshape(-1, RECORD.itemsize // 2)
        # Of the numbers of its tile, row by row: the first that a piece has, and how many.
        self.first = np.array(
            [3 * p.width * (p.y - film.tiles[p.index].y) for p in self.pieces], np.int64
        )
        self.numbers = np.array([3 * p.width * p.height for p in self.pieces], np.int64)
        self._tile = [piece.index for piece in self.pieces]
        order = order_centre_out(film.tiles, film.width, film.height)
        self._rank = {index: rank for rank, index in enumerate(order)}  # of tiles
        self._sent = [0] * len(self.pieces)  # version, 0: none
        self._exact = [0] * len(self.pieces)  # version that was sent exactly
        self._carrier = [0] * len(self.pieces)  # number of the message, 0: none
        self._metering = Metering(film.width, film.height)
        self._grids: list[NDArray[np.float32] | None] = [None] * len(self.pieces)
        self._unmetered: set[int] = set()  # sent by their sums since they were looked at
        self._is_metered = False  # is the exposure that of all that has been read?
        self._metered_at = -math.inf
        self._exposed_at = -math.inf

    def unsent(self, encoding: str = EXACT) -> Indices:
        """Pieces whose newest pixels haven't been sent, in the order in which they should go.

        Those that were never sent go first, from the middle of the picture out; then those whose
        last message is oldest, so that all get their turn. What was sent as a draft counts as
        sent among drafts only.
        """
        versions = self.film.versions()
        sent = self._exact if encoding == EXACT else self._sent
        changed = [k for k, tile in enumerate(self._tile) if versions[tile] != sent[k]]
        changed.sort(key=self._turn)
        return changed

    def _turn(self, index: int) -> tuple[int, int, int]:
        return self._carrier[index], self._rank[self._tile[index]], index

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
            self._unmetered.discard(index)
            self._is_metered = False
        return state

    def read_sums(self, indices: Indices) -> tuple[list[TileSums], list[int]] | None:
        """The sums of the tiles of some pieces, and their versions, if they say all that is seen.

        They are to be sent: that is, how bright they are will count.
        """
        found = None
        if isinstance(self.film, Film):
            found = self.film.plain_parts([self._tile[index] for index in indices])
        if found is not None:
            self._unmetered.update(indices)
        return found

    def _meter(self) -> None:
        """Look at what was sent by its sums alone, as it is now."""
        indices = list(self._unmetered)
        found = self.read_sums(indices)
        if found is None:
            for index in indices:
                self.read(index)
        else:
            for index, part in zip(indices, found[0], strict=True):
                piece, whole = self.pieces[index], self.film.tiles[self.pieces[index].index]
                sums = part.sums[piece.y - whole.y : piece.y - whole.y + piece.height]
                grid = self._metering.grid(sums, piece.x, piece.y)
                self._grids[index] = mean_radiance(grid, part.spp)
        self._unmetered.clear()

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
        if self._is_metered and not self._unmetered:
            return False
        self._metered_at = now
        self._meter()
        self._is_metered = True
        values = [self._metering.lit(grid) for grid in self._grids if grid is not None]
        if not values:
            return False
        exponent = self._metering.exponent(np.concatenate(values))
        if exponent == self.exponent and not first:
            return False
        self._exposed_at = now
        changed, self.exponent = exponent != self.exponent, exponent
        if changed:
            self.records[:, EXPONENT_WORD] = exponent & 0xFFFF
            self.forget_all()
        return changed

    def mark_sent(self, index: int, version: int, seq: int, encoding: str = EXACT) -> None:
        """A piece was sent at this version in message `seq` (0: there was nothing to send)."""
        self._sent[index] = version
        if encoding == EXACT:
            self._exact[index] = version
        self._carrier[index] = seq

    def mark_all_sent(self, indices: Indices, versions: list[int], seq: int) -> None:
        """Pieces were sent exactly, at these versions, in message `seq`."""
        for index, version in zip(indices, versions, strict=True):
            self._sent[index] = self._exact[index] = version
            self._carrier[index] = seq

    def forget_all(self) -> None:
        """Everything has to be sent again."""
        self._forget(range(len(self.pieces)))

    def forget_messages(self, lost: Collection[int]) -> None:
        """Messages were lost: pieces that no newer message has carried have to go again."""
        if lost:
            them = set(lost)
            self._forget([k for k, carrier in enumerate(self._carrier) if carrier in them])

    def forget_after(self, seq: int, in_flight: Collection[int]) -> None:
        """Somebody has nothing newer than `seq` but for what is still in flight."""
        them = set(in_flight)
        late = [k for k, c in enumerate(self._carrier) if c > seq and c not in them]
        self._forget(late)

    def _forget(self, which: Iterable[int]) -> None:
        for index in which:
            self._sent[index] = self._exact[index] = 0


def cut_tile(tile: Tile, encoding: str, most: int) -> list[Tile]:
    """A tile, or the strips of it that take at most `most` bytes (but one row at least)."""
    if sent_size(tile.width, tile.height, 0, encoding) <= most:
        return [tile]
    rows = max(1, (most - 4) // sent_size(tile.width, 1, 0, encoding))
    return [
        Tile(tile.index, tile.x, y, tile.width, min(rows, tile.y + tile.height - y))
        for y in range(tile.y, tile.y + tile.height, rows)
    ]
