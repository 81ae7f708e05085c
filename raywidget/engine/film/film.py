"""Where samples are added up: sums in float64 and a sample count per tile.

The arrays of a tile never change once they are published. A kernel writes what they hold, and more
samples, into new ones, which are published in their place: what others see of a tile is always the
sum of whole samples (no torn tile), abandoned work leaves no trace, and whoever looks holds the
lock for a few references only.

Samples of even number are added up a second time on their own. They and the others are estimates of
the same picture that know nothing of each other: how far the two differ tells the error of their
mean, whatever the sampler does within each half.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.tiles import Tile, make_tiles

SPLAT_ONE = 2.0**32  # of the splat layer, see `kernels.splat`


class Splats(Protocol):
    """Light that samples of one tile brought to pixels anywhere."""

    def add_to(self, layer: NDArray[np.int64]) -> None:
        """Add them to a layer (2, H, W, 3): halves, pixels, colours."""


class TileSums(NamedTuple):
    """What is known of one tile; all arrays are read-only."""

    sums: NDArray[np.float64]  # (height, width, 3)
    evens: NDArray[np.float64]  # (height, width, 3)
    spp: int  # samples per pixel, on average if they are adaptive
    counts: NDArray[np.int64] | None = None  # (height, width), those of the pixels if they differ

    def pixel_counts(self) -> NDArray[np.int64] | int:
        """Samples of each pixel, or of every one."""
        return self.spp if self.counts is None else self.counts


class TileState(NamedTuple):
    """The picture in one tile, as of one moment."""

    pixels: NDArray[np.float32]  # (height, width, 3) mean radiance; zeros while spp == 0
    spp: int  # samples per pixel in it, on average if they are adaptive
    version: int  # grows with each publication


@dataclass(frozen=True)
class FilmState:
    """A copy of a whole film as of one moment, enough to go on from. All arrays are read-only."""

    sums: NDArray[np.float64]  # (H, W, 3), sums of radiance
    evens: NDArray[np.float64]  # (H, W, 3), sums of radiance of samples of even number
    spp: NDArray[np.int64]  # (H, W), samples of each pixel
    splats: NDArray[np.int64] | None = None  # (2, H, W, 3), see `kernels.splat`

    def pixels(self) -> NDArray[np.float32]:
        """Mean radiance, (H, W, 3); 0 where there is no sample yet."""
        pixels = mean_radiance(self.sums, self.spp)
        if self.splats is not None:
            pixels[...] += _splatted(self.splats[0] + self.splats[1], float(self.spp.mean()))
        return pixels

    def part(self, rows: slice, columns: slice) -> FilmState:
        """A rectangle of it, for which the rest need not be computed."""
        where = rows, columns
        splats = None if self.splats is None else self.splats[:, rows, columns]
        return FilmState(self.sums[where], self.evens[where], self.spp[where], splats)

    def variance(self) -> NDArray[np.float32]:
        """Squared standard error of each pixel, (H, W, 3), from the difference of the halves.

        The expectation of one pixel's estimate is right; alone, it is as noisy as the square of a
        normal deviate. NaN below two samples.
        """
        least, most = int(self.spp.min()), int(self.spp.max())
        spp: float | NDArray[np.float64] = float(least)
        if least != most:
            spp = self.spp[..., None].astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            even_spp, odd_spp = np.ceil(np.divide(spp, 2)), np.floor(np.divide(spp, 2))
            # (even - odd)^2 n_even n_odd / n^2, which is a quarter of the square for equal halves
            of_even = np.sqrt(odd_spp / even_spp) / spp
            of_odd = np.sqrt(even_spp / odd_spp) / spp
            difference = self.evens * (of_even + of_odd)
            difference -= self.sums * of_odd
            if self.splats is not None:
                even, odd = (_splatted(half, float(np.mean(spp)) / 2) for half in self.splats)
                difference += (even.astype(np.float64) - odd) / 2
        return np.square(difference, dtype=np.float32, casting="same_kind")


class Film:
    """Sums of radiance and sample counts of a picture, shared between threads.

    Parameters
    ----------
    width, height : int
        Size in pixels.
    tile_size : int
        Side of a tile in pixels.
    """

    def __init__(self, width: int, height: int, tile_size: int) -> None:
        self.width = width
        self.height = height
        self.tiles = make_tiles(width, height, tile_size)
        self._parts = [_empty(tile) for tile in self.tiles]
        self._splats: NDArray[np.int64] | None = None  # allocated for the first splats
        self._samples = 0  # of all pixels together
        self._versions = [0] * len(self.tiles)
        self._lock = threading.Lock()

    def load(self, state: FilmState) -> None:
        """Start from an earlier render's sums, which must have the same size."""
        expected = (self.height, self.width, 3)
        if state.sums.shape != expected:
            raise ValueError(f"expected sums of shape {expected}, got {state.sums.shape}")
        parts = []
        for tile in self.tiles:
            where = _slices(tile)
            spp = int(state.spp[tile.y, tile.x])
            sums, evens = state.sums[where].copy(), state.evens[where].copy()
            parts.append(_frozen(TileSums(sums, evens, spp)))
        with self._lock:
            self._parts = parts
            self._samples = int(state.spp.sum())
            self._splats = None if state.splats is None else state.splats.copy()
            self._versions = [version + 1 for version in self._versions]

    def check_out(self, tile: Tile) -> TileSums:
        """A tile's sums, to which samples are added in other arrays."""
        with self._lock:
            return self._parts[tile.index]

    def publish(
        self,
        tile: Tile,
        sums: NDArray[np.float64],
        spp: int,
        evens: NDArray[np.float64] | None = None,
        splats: Splats | None = None,
        counts: NDArray[np.int64] | None = None,
    ) -> None:
        """Replace a tile's sums by those with all samples up to `spp` added.

        The arrays are the film's from now on, and become read-only. `counts` (height, width) are
        those of the pixels if they are not all alike. Without `evens`, nothing is known about the
        error of this tile. `splats` are added to the layer.
        """
        if evens is None:
            evens = np.full_like(sums, np.nan)
        part = _frozen(TileSums(sums, evens, spp, counts))
        with self._lock:
            before = self._parts[tile.index].spp
            self._samples += (spp - before) * tile.width * tile.height
            self._parts[tile.index] = part
            self._versions[tile.index] += 1
            if splats is not None:
                if self._splats is None:
                    self._splats = np.zeros((2, self.height, self.width, 3), np.int64)
                splats.add_to(self._splats)

    def renew_versions(self) -> bool:
        """Count each tile as published again if splats from others have changed it since."""
        with self._lock:
            if self._splats is None:
                return False
            self._versions = [version + 1 for version in self._versions]
            return True

    def read(self, tile: Tile) -> TileState:
        """The mean radiance of one tile, or of a rectangle within it, as of now."""
        splats = None
        with self._lock:
            part, version = self._parts[tile.index], self._versions[tile.index]
            if self._splats is not None:
                even, odd = (half[_slices(tile)] for half in self._splats)
                splats = even + odd
                paths = self._samples / (self.width * self.height)
        whole = self.tiles[tile.index]
        left, top = tile.x - whole.x, tile.y - whole.y
        rows, columns = slice(top, top + tile.height), slice(left, left + tile.width)
        counts = part.pixel_counts()
        if isinstance(counts, np.ndarray):
            counts = counts[rows, columns]
        pixels = mean_radiance(part.sums[rows, columns], counts)
        if splats is not None:
            pixels += _splatted(splats, paths)
        return TileState(pixels, part.spp, version)

    def read_spp(self, tile: Tile) -> int:
        """Samples per pixel of one tile, as of now; on average if they are adaptive."""
        with self._lock:
            return self._parts[tile.index].spp

    def versions(self) -> list[int]:
        """How often each tile has been published."""
        with self._lock:
            return self._versions.copy()

    def state(self) -> FilmState:
        """A copy of the sums, all of them as of one moment."""
        with self._lock:
            parts = self._parts.copy()
            splats = None if self._splats is None else self._splats.copy()
        sums = np.empty((self.height, self.width, 3))
        evens = np.empty_like(sums)
        spp = np.empty((self.height, self.width), np.int64)
        for tile, part in zip(self.tiles, parts, strict=True):
            where = _slices(tile)
            sums[where], evens[where], spp[where] = part.sums, part.evens, part.pixel_counts()
        for array in (sums, evens, spp, splats):
            if array is not None:
                array.flags.writeable = False
        return FilmState(sums, evens, spp, splats)


def mean_radiance(sums: NDArray[np.float64], spp: int | NDArray[np.int64]) -> NDArray[np.float32]:
    """Sums over samples -> mean radiance in float32; 0 where there is no sample yet."""
    count = np.maximum(spp, 1)
    if isinstance(count, np.ndarray) and count.ndim == 2:
        count = count[..., None]
    return (sums / count).astype(np.float32)


def _splatted(layer: NDArray[np.int64], paths: float) -> NDArray[np.float32]:
    """Splats -> radiance, for so many light paths for each pixel of the picture."""
    return (layer * (1.0 / (SPLAT_ONE * max(paths, 1e-30)))).astype(np.float32)


def _slices(tile: Tile) -> tuple[slice, slice]:
    return slice(tile.y, tile.y + tile.height), slice(tile.x, tile.x + tile.width)


def _empty(tile: Tile) -> TileSums:
    shape = (tile.height, tile.width, 3)
    return _frozen(TileSums(np.zeros(shape), np.zeros(shape), 0))


def _frozen(part: TileSums) -> TileSums:
    for array in (part.sums, part.evens, part.counts):
        if array is not None:
            array.flags.writeable = False
    return part
