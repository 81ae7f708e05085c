"""Where samples go when they do not go everywhere alike.

A tile takes the same number of samples for all its pixels first, the *pilot*. Then it is divided
into cells of 4 x 4 pixels, coloured like a chess board, and the rest of its samples is dealt out
in proportion to relative error, which is the best for the mean of squares (Neyman's allocation,
1934). How many a cell gets is decided by the pilot of the cells beside it, and these are all of the
other colour; so are those that it shares a budget with compared by. A pixel's number of samples
thus depends on samples of other pixels only, of which its own know nothing: its mean has no bias,
not even where light is found once in a thousand samples, and neither has its estimated variance.
What is given up is little: light that shines into one cell and not beside it.

Each pixel's error is taken relative to its own value, a mean of these decides: a single bright spot
of light that is rarely found counts for no more than 1. (By root mean squares, and relative to a
larger area, samples went where the pilot had had such luck, and the picture got worse.) Shares stay
within a quarter and the sixfold of their mean. Tiles know nothing of each other.

Measured on the Cornell box at 128 x 128 pixels, with equal mean numbers of samples: the mean square
of relative error is smaller by a factor of 1.19 (64 samples) and 1.21 (256) at the same cost; what
is left comes from light that is rarely found, anywhere. Bias, in 2,500 pictures of a scene that a
small lamp lights by chance, of 48 samples with a pilot of 16: -0.01 +- 0.09 percent of the mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.tiles import Tile

LEAST_SAMPLES = 16
CELL = 4  # pixels a side
_LOW, _HIGH = 0.25, 6.0  # of the mean
_DARK = 0.1  # of a tile's mean: darker pixels are not measured against themselves

Floats = NDArray[np.float64]


class Refinement(NamedTuple):
    """A cell, and which of its samples are to be taken."""

    tile: Tile  # in the picture
    rows: slice  # in its tile
    columns: slice
    first: int
    end: int


def pilot_samples(spp: int) -> int:
    """Samples per pixel that all pixels take, of `spp` on average."""
    return min(spp, max(LEAST_SAMPLES, 1 << max(0, spp.bit_length() - 4)))


def plan_shares(sums: Floats, swings: NDArray[np.float32], pilot: int) -> Floats:
    """Share of each cell in what follows the pilot, (rows, columns), close to 1 on average.

    `sums` and `swings` are those of a tile after the pilot, see `film`.
    """
    pixels = sums / pilot
    # Twice the standard error of each pixel, and the square of its radiance
    error = np.sqrt(np.square(swings / pilot, dtype=np.float64).sum(axis=2))
    square = np.square(pixels).sum(axis=2)
    size, total = _cell_sums(np.ones(error.shape)), _cell_sums(pixels.mean(axis=2))
    colour = np.indices(size.shape).sum(axis=0) % 2
    shares = np.ones(size.shape)
    if size.size == 1:
        return shares
    for own in (0, 1):
        here, there = colour == own, colour != own
        dark = _DARK * total[there].sum() / size[there].sum()
        relative = _cell_sums(error / np.sqrt(np.maximum(square + 3.0 * dark**2, 1e-30)))
        of_others = _beside(np.where(there, relative, 0.0))[here]
        wanted = of_others / _beside(np.where(there, size, 0.0))[here]
        shares[here] = _clip_to_mean(wanted, size[here])
    return shares


def refinements(
    tile: Tile, shares: Floats, pilot: int, first: int, end: int
) -> Iterator[Refinement]:
    """What brings a tile from `first` samples per pixel, on average, to `end`; from a pilot on."""
    for (i, j), share in np.ndenumerate(shares):
        x, y = CELL * j, CELL * i
        width, height = min(CELL, tile.width - x), min(CELL, tile.height - y)
        yield Refinement(
            Tile(tile.index, tile.x + x, tile.y + y, width, height),
            slice(y, y + height),
            slice(x, x + width),
            pilot + int(share * (first - pilot)),
            pilot + int(share * (end - pilot)),
        )


def _clip_to_mean(wanted: Floats, size: Floats) -> Floats:
    """Proportional to `wanted` within limits, with a mean of at most 1 (weighted by `size`)."""
    if not wanted.max() > 0.0:
        return np.ones_like(wanted)
    wanted = np.maximum(wanted / wanted.max(), 1e-6)
    low, high = 0.0, _HIGH / 1e-6
    for _ in range(60):
        scale = 0.5 * (low + high)
        if np.average(np.clip(scale * wanted, _LOW, _HIGH), weights=size) <= 1.0:
            low = scale
        else:
            high = scale
    return np.asarray(np.clip(low * wanted, _LOW, _HIGH))


def _cell_sums(values: Floats) -> Floats:
    rows = np.add.reduceat(values, np.arange(0, values.shape[0], CELL), axis=0)
    return np.asarray(np.add.reduceat(rows, np.arange(0, values.shape[1], CELL), axis=1))


def _beside(values: Floats) -> Floats:
    """Sum over the four cells beside each one, as far as they are in the tile."""
    padded = np.pad(values, 1)
    return np.asarray(padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:])
