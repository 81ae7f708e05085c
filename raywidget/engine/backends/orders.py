"""What is asked of a worker, and what it answers: plain values and arrays.

An order is a dict::

    stamp        str, see `stamp`; another one is refused
    lanes        int, float32 in a vector of the tables
    description  see `parcel`
    arrays       {digest: bytes} of large arrays, those the worker is thought to lack
    seconds      float, after which no other piece or sample is begun
    pieces       list of (x, y, width, height, first, count, sums, swings, coverage)

A piece is a rectangle of the picture and a range of its samples; the last three are what is known
of it before `first`, or None where that is nothing. An answer is a dict, too::

    worker       str, who answers
    refused      str, why it will never do it; or
    missing      list of digests that it needs; or
    lanes        int, another number of lanes than that of the tables; or
    done         list of (taken, sums, swings, coverage, splats), one for each piece
    rays, dropped, seconds

`taken` counts samples of each pixel, which may be fewer than asked for, or none; `splats` is a list
of (places, values), see `kernels.integrators.splat`.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Order = dict[str, Any]
Answer = dict[str, Any]


class Piece(NamedTuple):
    """A rectangle of the picture, and samples of it that are wanted."""

    x: int
    y: int
    width: int
    height: int
    first: int
    spp: int  # so many, of each pixel
    sums: NDArray[np.float64] | None
    swings: NDArray[np.float32] | None
    coverage: NDArray[np.float64] | None

    @property
    def samples(self) -> int:
        """Of all its pixels."""
        return self.width * self.height * self.spp


@lru_cache(maxsize=1)
def stamp() -> str:
    """Which raywidget this is: its version, and a digest of what decides about pixels."""
    from raywidget.kernels.language.machine_code import source_digest

    return f"{sys.modules['raywidget'].__version__} ({source_digest()[:12]})"
