"""Pieces of a film as half floats by compiled code, a message at once: for those who send them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.film import TileSums


def write_message(
    size: int,
    parts: Sequence[TileSums],
    rows: Sequence[int],
    records: NDArray[np.uint16],
    first: NDArray[np.int64],
    sizes: NDArray[np.int64],
    exponent: int,
) -> bytes:
    """Records of some pieces, then their pixels, each padded to a multiple of 4 bytes.

    The same halves as `to_half` makes of `mean_radiance`. Compiled, or loaded, for the first who
    asks: see `is_prepared`.

    Parameters
    ----------
    size : int
        Bytes of all of it.
    parts : sequence of TileSums
        Of the tile of each piece; all of its pixels have the same number of samples.
    rows : sequence of int
        Which pieces these are among all that there are.
    records, first, sizes : arrays
        Of all pieces, as for `kernels.sensors.halves.write_pieces`.
    exponent : int
        Pre-exposure: the halves hold the radiance times 2^-exponent.
    """
    from raywidget.kernels.language.blocks import address_of_data
    from raywidget.kernels.sensors.halves import write_pieces

    places = [address_of_data(part.sums) for part in parts]
    pieces = np.array([places, [part.spp for part in parts], rows], np.int64)
    # Filled in place while nobody has seen it: what is sent has to be an object that never changes,
    # and a copy would take as long as half of the numbers.
    message = bytes(size)
    address = address_of_data(np.frombuffer(message, np.uint8))
    scale: Any = np.float32(2.0**-exponent)
    write_pieces(pieces, records, first, sizes, scale, address)
    return message


def prepare() -> None:
    """Have it compiled, or loaded from disk, before anybody asks."""
    nothing = np.zeros(0, np.int64)
    write_message(4, (), (), np.zeros((0, 8), np.uint16), nothing, nothing, 0)


def is_prepared() -> bool:
    """Can a message be written without waiting for a compiler? The first question sees to it.

    That is done in a thread of its own, once in a process: whoever sends pictures would wait for
    all else that is compiled just then, too.
    """
    return _preparation().is_set()


@lru_cache(maxsize=1)
def _preparation() -> threading.Event:
    done = threading.Event()

    def work() -> None:
        with suppress(Exception):  # then numpy goes on doing it
            prepare()
            done.set()

    threading.Thread(target=work, name="prepare-halves", daemon=True).start()
    return done
