"""What goes into one `tiles` message."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from raywidget.engine.film.film import TileState, TileSums
from raywidget.engine.film.halves import write_message
from raywidget.stream.encoders import ENCODERS, EXACT, sent_size
from raywidget.stream.ledger import Indices, Ledger
from raywidget.stream.outgoing import RECORD, Record
from raywidget.stream.window import KB

PIECE = 256 * KB - RECORD.itemsize  # tiles bigger than this go in strips

COARSE_FROM = 512 * KB  # a newcomer who needs more than this first gets the whole picture coarsely,
COARSE_SIZE = 64 * KB  # in about so many bytes,
COARSE_LIMIT = 256 * KB  # or not, if it takes more than this even so


class Parcel(NamedTuple):
    """Tiles for one message."""

    records: list[Record]
    versions: list[tuple[int, int]]  # piece and version of each record, in the same order


class Plain(NamedTuple):
    """Pieces of which the sums say all, for one message."""

    indices: Indices
    parts: list[TileSums]  # of their tiles
    versions: list[int]
    size: int  # bytes of all of it


def choose_plain(
    ledger: Ledger, unsent: Indices, room: int, at_least_one: bool
) -> tuple[Plain, bool] | None:
    """As `choose_pieces`, for exact pixels; None where one of them is more than its sums."""
    sizes, count, total = ledger.sizes[EXACT], 0, 0
    for index in unsent:
        size = RECORD.itemsize + sizes[index]
        if total + size > room and (count or not at_least_one):
            break
        total += size
        count += 1
    chosen = unsent[:count]
    found = ledger.read_sums(chosen) if count else None
    if found is None:
        return None
    return Plain(chosen, *found, total), count < len(unsent)


def pack_plain(ledger: Ledger, chosen: Plain) -> bytes:
    """Their records and their pixels."""
    return write_message(
        chosen.size,
        chosen.parts,
        chosen.indices,
        ledger.records,
        ledger.first,
        ledger.numbers,
        ledger.exponent,
    )


def choose_pieces(
    ledger: Ledger, unsent: Indices, encoding: str, room: int, at_least_one: bool
) -> tuple[list[tuple[int, TileState]], bool]:
    """The first pieces that fit into `room` bytes, and whether any had to be left out.

    Nothing overtakes a piece that doesn't fit, or big pieces would wait for ever.
    """
    chosen: list[tuple[int, TileState]] = []
    for index in unsent:
        size = RECORD.itemsize + ledger.sizes[encoding][index]
        if size > room and (chosen or not at_least_one):
            return chosen, True
        state = ledger.read(index)
        if state.spp == 0:
            ledger.mark_sent(index, state.version, 0)
            continue
        room -= size
        chosen.append((index, state))
    return chosen, False


def pack_parcel(ledger: Ledger, chosen: list[tuple[int, TileState]], encoding: str) -> Parcel:
    """Pieces, encoded."""
    records = [pack_piece(ledger, index, state, encoding) for index, state in chosen]
    return Parcel(records, [(index, state.version) for index, state in chosen])


def pack_piece(
    ledger: Ledger, index: int, state: TileState, encoding: str, level: int = 0
) -> Record:
    """One piece, encoded; a coarse one as if it had one sample."""
    piece = ledger.pieces[index]
    return Record(
        piece.x,
        piece.y,
        piece.width,
        piece.height,
        level,
        1 if level else state.spp,
        ENCODERS[encoding](state.pixels, level, ledger.exponent),
        ledger.exponent,
    )


def pack_coarse(ledger: Ledger, unsent: Indices, tile_size: int) -> list[Record]:
    """All pieces in one small message, at a coarse level of detail; none if that isn't worth it.

    A coarse tile goes as if it had one sample, so that it can't replace a better one that another
    page shows, or that overtook it.
    """
    if sum(ledger.sizes[EXACT][index] for index in unsent) <= COARSE_FROM:
        return []
    level, size = _coarse_level(ledger, unsent, tile_size)
    if size > COARSE_LIMIT:
        return []
    records = []
    for index in unsent:
        state = ledger.read(index)
        if state.spp:
            records.append(pack_piece(ledger, index, state, EXACT, level))
    return records


def _coarse_level(ledger: Ledger, indices: Indices, tile_size: int) -> tuple[int, int]:
    """The finest level of detail at which pieces fit into one small message, and its size."""
    shapes = Counter((ledger.pieces[i].width, ledger.pieces[i].height) for i in indices)
    level, size = 0, 0
    for level in range(1, tile_size.bit_length() + 1):
        size = sum(
            count * (RECORD.itemsize + sent_size(width, height, level, EXACT))
            for (width, height), count in shapes.items()
        )
        if size <= COARSE_SIZE:
            break
    return level, size
