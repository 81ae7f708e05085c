"""TIFF files of 16 bits a channel, row by row: Pillow writes colours of 8 bits only.

TIFF 6.0 (Adobe 1992): the file's head in section 2, tags in section 8, differences between
neighbours in section 14; deflate as in Adobe's "Photoshop TIFF Technical Notes" (2002).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_SHORT, _LONG, _ASCII, _RATIONAL = 3, 4, 2, 5
_FORMS = {_SHORT: "H", _LONG: "I"}
MOST_BYTES = (1 << 32) - 1  # places in the file are numbers of 32 bits


def write_tiff(
    file: BinaryIO,
    width: int,
    height: int,
    strips: Iterable[NDArray[Any]],
    text: Mapping[str, str] | None = None,
    dpi: float | None = None,
) -> None:
    """Write a picture of 16 bits a channel.

    Parameters
    ----------
    file : binary file
        Open for writing, empty.
    width, height : int
        Size in pixels.
    strips : iterable of (rows, width, 3 or 4) arrays of uint16
        From top to bottom, all but the last equally high; a fourth channel is straight alpha.
    text : mapping of str to str, optional
        What the file says of itself; ``"Software"`` has a tag of its own.
    dpi : float, optional
        Pixels per inch.

    Raises
    ------
    ValueError
        If it would be larger than such files can be.
    """
    file.write(b"II*\0\0\0\0\0")  # little-endian; where the tags are follows
    places, sizes, rows, channels = [], [], 0, 3
    for strip in strips:
        if not len(strip):
            continue
        rows, channels = rows or len(strip), strip.shape[2]
        apart = strip.astype(np.uint16)
        apart[:, 1:] -= strip[:, :-1].astype(np.uint16)  # it wraps, as it is to
        packed = zlib.compress(apart.astype("<u2", copy=False).tobytes(), 6)
        places.append(file.tell())
        sizes.append(len(packed))
        file.write(packed)
    told = dict(text or {})
    software = told.pop("Software", "raywidget")
    tags: list[tuple[int, int, Any]] = [
        (256, _LONG, [width]),
        (257, _LONG, [height]),
        (258, _SHORT, [16] * channels),
        (259, _SHORT, [8]),  # deflate
        (262, _SHORT, [2]),  # RGB
        (270, _ASCII, "; ".join(f"{k}: {v}" for k, v in {"Software": software, **told}.items())),
        (273, _LONG, places),
        (277, _SHORT, [channels]),
        (278, _LONG, [rows]),
        (279, _LONG, sizes),
        (305, _ASCII, software),
        (317, _SHORT, [2]),  # differences
    ]
    if dpi is not None:
        inch = [(round(dpi * 1000), 1000)]
        tags += [(282, _RATIONAL, inch), (283, _RATIONAL, inch), (296, _SHORT, [2])]
    if channels == 4:
        tags.append((338, _SHORT, [2]))  # straight alpha
    _write_tags(file, sorted(tags))


def _write_tags(file: BinaryIO, tags: list[tuple[int, int, Any]]) -> None:
    entries = []
    for tag, kind, values in tags:
        if kind == _ASCII:
            data = values.encode("utf-8") + b"\0"
            count = len(data)
        elif kind == _RATIONAL:
            data = b"".join(struct.pack("<II", *value) for value in values)
            count = len(values)
        else:
            data = struct.pack(f"<{len(values)}{_FORMS[kind]}", *values)
            count = len(values)
        if len(data) > 4:
            file.write(b"\0" * (file.tell() % 2))  # values begin at even places
            place = file.tell()
            file.write(data)
            data = _at(place)
        entries.append(struct.pack("<HHI", tag, kind, count) + data.ljust(4, b"\0"))
    file.write(b"\0" * (file.tell() % 2))
    place = file.tell()
    file.write(struct.pack("<H", len(entries)) + b"".join(entries) + b"\0\0\0\0")
    file.seek(4)
    file.write(_at(place))


def _at(place: int) -> bytes:
    if place > MOST_BYTES:
        raise ValueError("a TIFF holds 4 GB at most; save it as .png or .exr")
    return struct.pack("<I", place)
