"""PNG files, written row by row: Pillow wants the whole picture, and makes a copy of it.

W3C, "Portable Network Graphics (PNG) Specification (Third Edition)", 2025: chunks in section 5,
filters in section 9.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOR_TYPES = {3: 2, 4: 6}  # truecolour, without and with alpha
_LEVEL = 6  # of zlib, its own default
_CHUNK = 1 << 18  # bytes, at least, of all IDAT chunks but the last


def write_png(
    file: BinaryIO,
    width: int,
    height: int,
    strips: Iterable[NDArray[Any]],
    text: Mapping[str, str] | None = None,
    dpi: float | None = None,
) -> None:
    """Write a picture of 8 or 16 bits a channel.

    Parameters
    ----------
    file : binary file
        Open for writing.
    width, height : int
        Size in pixels.
    strips : iterable of (rows, width, 3 or 4) arrays of uint8 or uint16
        From top to bottom, all rows together; a fourth channel is straight alpha.
    text : mapping of str to str, optional
        What the file says of itself, by keywords of Latin letters.
    dpi : float, optional
        Pixels per inch.
    """
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, 9)
    above, packed, began = None, bytearray(), False
    for strip in strips:
        if not len(strip):
            continue
        channels = strip.shape[2]
        if not began:
            bits, color = 8 * strip.itemsize, _COLOR_TYPES[channels]
            head = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
            file.write(_SIGNATURE)
            _write_chunk(file, b"IHDR", head)
            if dpi is not None:
                per_metre = max(1, round(dpi / 0.0254))
                _write_chunk(file, b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1))
            for keyword, value in (text or {}).items():
                # Not compressed, no language, no translation of the keyword
                data = keyword.encode("latin-1") + b"\0\0\0\0\0" + value.encode("utf-8")
                _write_chunk(file, b"iTXt", data)
            above, began = np.zeros(width * channels * strip.itemsize, np.uint8), True
        big_endian = strip.astype(strip.dtype.newbyteorder(">"), copy=False)
        rows = np.ascontiguousarray(big_endian).view(np.uint8).reshape(len(strip), -1)
        assert above is not None
        packed += packer.compress(_filtered(rows, above, channels * strip.itemsize))
        above = rows[-1].copy()
        if len(packed) >= _CHUNK:
            _write_chunk(file, b"IDAT", packed)
            packed.clear()
    _write_chunk(file, b"IDAT", packed + packer.flush())
    _write_chunk(file, b"IEND", b"")


def _write_chunk(file: BinaryIO, kind: bytes, data: bytes | bytearray) -> None:
    file.write(struct.pack(">I", len(data)) + kind)
    file.write(data)
    file.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(kind))))


def _filtered(rows: Bytes, above: Bytes, channels: int) -> bytes:
    """Rows (n, bytes) as they are packed: each by the filter whose numbers are the smallest.

    By the sum of absolute differences, as the specification recommends (section 12.7).
    """
    least = np.full(len(rows), np.iinfo(np.int64).max)
    chosen = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
    for kind, values in enumerate(_candidates(rows, above, channels)):
        cost = np.abs(values.view(np.int8)).view(np.uint8).sum(axis=1, dtype=np.int64)
        better = cost < least
        least[better] = cost[better]
        chosen[better, 0] = kind
        chosen[better, 1:] = values[better]
    return chosen.tobytes()


def _candidates(rows: Bytes, above: Bytes, channels: int) -> Iterator[Bytes]:
    """What each of the five filters makes of rows; arithmetic on bytes wraps, as it is to."""
    up = np.vstack([above[None], rows[:-1]])
    left, up_left = (np.pad(x, ((0, 0), (channels, 0)))[:, :-channels] for x in (rows, up))
    yield rows
    yield rows - left
    yield rows - up
    yield rows - ((left >> 1) + (up >> 1) + (left & up & 1))  # the mean, without a carry
    # Paeth: the one of the three that is nearest to left + up - up_left.
    a, b, c = (x.astype(np.int16) for x in (left, up, up_left))
    to_left, to_up = np.abs(b - c), np.abs(a - c)
    to_up_left = np.abs((a - c) + (b - c))
    nearest = np.where(to_up <= to_up_left, up, up_left)
    nearest = np.where((to_left <= to_up) & (to_left <= to_up_left), left, nearest)
    yield rows - nearest
