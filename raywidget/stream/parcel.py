"""What goes into one `tiles` message."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from raywidget.stream.encoders import ENCODERS, sent_size
from raywidget.stream.ledger import Indices, Ledger
from raywidget.stream.protocol import RECORD, Record
from raywidget.stream.window import KB

ENCODING = "half3"
PIECE = 256 * KB - RECORD.itemsize  # tiles bigger than this go in strips

COARSE_FROM = 512 * KB  # a newcomer who needs more than this first gets the whole picture coarsely,
COARSE_SIZE = 64 * KB  # in about so many bytes,
COARSE_LIMIT = 256 * KB  # or not, if it takes more than this even so


class Parcel(NamedTuple):
    """Tiles for one message."""

    records: list[Record]
    versions: list[tuple[int, int]]  # piece and version of each record, in the same order
    full: bool  # was anything left out for want of room?


def pack_parcel(ledger: Ledger, unsent: Indices, room: int, at_least_one: bool) -> Parcel:
    """The first pieces that fit into `room` bytes.

    Nothing overtakes a piece that doesn't fit, or big pieces would wait for ever.
    """
    records: list[Record] = []
    versions: list[tuple[int, int]] = []
    for index in unsent.tolist():
        size = RECORD.itemsize + int(ledger.sizes[index])
        if size > room and (records or not at_least_one):
            return Parcel(records, versions, full=True)
        state = ledger.read(index)
        if state.spp == 0:
            ledger.mark_sent(index, state.version, 0)
            continue
        room -= size
        piece = ledger.pieces[index]
        pixels = ENCODERS[ENCODING](state.pixels, 0)
        records.append(Record(piece.x, piece.y, piece.width, piece.height, 0, state.spp, pixels))
        versions.append((index, state.version))
    return Parcel(records, versions, full=False)


def pack_coarse(ledger: Ledger, unsent: Indices, tile_size: int) -> list[Record]:
    """All pieces in one small message, at a coarse level of detail; none if that isn't worth it.

    A coarse tile goes as if it had one sample, so that it can't replace a better one that another
    page shows, or that overtook it. Hence there's no use for it below two.
    """
    if ledger.sizes[unsent].sum() <= COARSE_FROM:
        return []
    level, size = _coarse_level(ledger, unsent, tile_size)
    if size > COARSE_LIMIT:
        return []
    records = []
    for index in unsent.tolist():
        state = ledger.read(index)
        if state.spp >= 2:
            piece = ledger.pieces[index]
            pixels = ENCODERS[ENCODING](state.pixels, level)
            records.append(Record(piece.x, piece.y, piece.width, piece.height, level, 1, pixels))
    return records


def _coarse_level(ledger: Ledger, indices: Indices, tile_size: int) -> tuple[int, int]:
    """The finest level of detail at which pieces fit into one small message, and its size."""
    shapes = Counter((ledger.pieces[i].width, ledger.pieces[i].height) for i in indices.tolist())
    level, size = 0, 0
    for level in range(1, tile_size.bit_length() + 1):
        size = sum(
            count * (RECORD.itemsize + sent_size(width, height, level, ENCODING))
            for (width, height), count in shapes.items()
        )
        if size <= COARSE_SIZE:
            break
    return level, size
