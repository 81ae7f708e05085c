"""Messages to the browser, as ``docs/protocol.md`` has them; those from it are in `protocol`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from raywidget.stream.protocol import BIGGEST, VERSION, Content

RECORD = np.dtype(
    [
        ("x", "<u2"),
        ("y", "<u2"),
        ("width", "<u2"),
        ("height", "<u2"),
        ("level", "<u2"),
        ("exponent", "<i2"),
        ("spp", "<u4"),
    ]
)
EXPONENT_WORD = 5  # which of the words of 16 bits of a record it is


class Record(NamedTuple):
    """One tile, encoded."""

    x: int
    y: int
    width: int
    height: int
    level: int
    spp: int
    pixels: bytes
    exponent: int = 0  # pre-exposure: the pixels stand for 2^exponent times what they are


def make_welcome(*, epoch: int, client: int, next_seq: int) -> Content:
    """The answer to `hello`."""
    return {"k": "welcome", "v": VERSION, "epoch": epoch, "client": client, "next": next_seq}


def make_begin(
    *,
    epoch: int,
    generation: int,
    width: int,
    height: int,
    tile: int,
    spp: int,
    encoding: str,
    extra: Content | None = None,
) -> Content:
    """A render begins, or is described to a newcomer."""
    content = {
        "k": "begin",
        "epoch": epoch,
        "generation": generation,
        "width": int(width),
        "height": int(height),
        "tile": int(tile),
        "spp": int(spp),
        "encoding": encoding,
    }
    return content if extra is None else {**content, **extra}


def make_coarse(
    *,
    epoch: int,
    generation: int,
    size: tuple[int, int],
    tile: int,
    columns: int,
    rows: int,
    exponent: int,
    encoding: str,
    client: int,
    number: int,
    denoised: bool = False,
) -> Content:
    """A coarse picture of a whole; its pixels are the buffer."""
    return {
        "k": "coarse",
        "epoch": epoch,
        "generation": generation,
        "width": int(size[0]),
        "height": int(size[1]),
        "tile": int(tile),
        "columns": int(columns),
        "rows": int(rows),
        "exponent": int(exponent),
        "encoding": encoding,
        "client": client,
        "number": number,
        **({"denoised": True} if denoised else {}),
    }


def make_progress(
    *,
    samples: int,
    goal: int,
    elapsed: float,
    rate: float,
    noise: float | None = None,
    denoised: bool = False,
) -> Content:
    """How far a render is; numbers that JSON can't carry are left at 0."""
    mark = {"denoised": True} if denoised else {}
    return {
        "samples": min(int(samples), BIGGEST),
        "goal": min(int(goal), BIGGEST),
        "elapsed": _finite(elapsed),
        "rate": _finite(rate),
        "noise": None if noise is None or not math.isfinite(noise) else float(noise),
        **mark,
    }


def make_state(
    *,
    epoch: int,
    generation: int,
    state: str,
    message: str | None,
    prompt: bool,
    progress: Content,
) -> Content:
    """What the render does now, with a line for the user; `prompt`: are pages heard at once?"""
    return {
        "k": "state",
        "epoch": epoch,
        "generation": generation,
        "state": state,
        "message": message,
        "prompt": prompt,
        "progress": progress,
    }


def announce_tiles(
    count: int,
    *,
    epoch: int,
    generation: int,
    seq: int,
    encoding: str,
    soon: bool,
    progress: Content,
) -> Content:
    """What goes with the buffer of so many tiles. `soon`: it is to be acknowledged at once."""
    return {
        "k": "tiles",
        "epoch": epoch,
        "generation": generation,
        "seq": seq,
        "n": count,
        "encoding": encoding,
        "soon": soon,
        "progress": progress,
    }


def pack_records(records: Iterable[Record]) -> bytes:
    """Records, then their pixels, each padded to a multiple of 4 bytes."""
    records = list(records)
    rows = [(r.x, r.y, r.width, r.height, r.level, r.exponent, r.spp) for r in records]
    head = np.array(rows, RECORD)
    parts = [head.tobytes()]
    for record in records:
        parts += [record.pixels, bytes(-len(record.pixels) % 4)]
    # One fresh immutable object: big buffers are sent later and by reference.
    return b"".join(parts)


def _finite(value: float) -> float:
    return round(float(value), 4) if math.isfinite(value) else 0.0
