"""Where samples are added up: sums in float64 and a sample count per tile.

A worker takes a private copy of a tile's sums, adds samples to it, and publishes it: what others
see of a tile is always the sum of whole samples (no torn tile), and abandoned work leaves no trace.

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

from raywidget.engine.tiles import Tile, make_tiles

SPLAT_ONE = 2.0**32  # of the splat layer, see `kernels.splat`


class Splats(Protocol):
    """Light that samples of one tile brought to pixels anywhere."""

    def add_to(self, layer: NDArray[np.int64]) -> None:
        """Add them to a layer (2, H, W, 3): halves, pixels, colours."""


class TileSums(NamedTuple):
    """A private copy of one tile."""

    sums: NDArray[np.float64]  # (height, width, 3)
    evens: NDArray[np.float64]  # (height, width, 3)
    spp: int  # samples per pixel, on average if they are adaptive


class TileState(NamedTuple):
    """An untorn copy of one tile."""

    pixels: NDArray[np.float32]  # (height, width, 3) mean radiance; zeros while spp == 0
    spp: int  # samples per pixel in it, on average if they are adaptive
    version: int  # grows with each publication


@dataclass(frozen=True)
class FilmState:
    """An untorn copy of a whole film, enough to go on from. All arrays are read-only."""

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
        self._sums = np.zeros((height, width, 3))
        self._evens = np.zeros((height, width, 3))
        self._splats: NDArray[np.int64] | None = None  # allocated for the first splats
        self._samples = 0  # of all pixels together
        self._spp = np.zeros((height, width), np.int64)
        self._tile_spp = [0] * len(self.tiles)
        self._versions = [0] * len(self.tiles)
        # One lock for all tiles: it is held for the copy of one tile (100 kB, some 10 us), never
        # for the whole picture.
        self._lock = threading.Lock()

    def load(self, state: FilmState) -> None:
        """Start from an earlier render's sums, which must have the same size."""
        if state.sums.shape != self._sums.shape:
            raise ValueError(f"expected sums of shape {self._sums.shape}, got {state.sums.shape}")
        with self._lock:
            self._sums[...] = state.sums
            self._evens[...] = state.evens
            self._spp[...] = state.spp
            self._tile_spp = [int(state.spp[tile.y, tile.x]) for tile in self.tiles]
            self._samples = int(state.spp.sum())
            self._splats = None if state.splats is None else state.splats.copy()
            self._versions = [version + 1 for version in self._versions]

    def check_out(self, tile: Tile) -> TileSums:
        """A private copy of a tile's sums."""
        rows, columns = _slices(tile)
        with self._lock:
            sums = self._sums[rows, columns].copy()
            evens = self._evens[rows, columns].copy()
            return TileSums(sums, evens, self._tile_spp[tile.index])

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

        `counts` (height, width) are those of the pixels if they are not all alike. Without `evens`,
        nothing is known about the error of this tile. `splats` are added to the layer.
        """
        rows, columns = _slices(tile)
        with self._lock:
            self._samples += (spp - self._tile_spp[tile.index]) * tile.width * tile.height
            self._sums[rows, columns] = sums
            self._evens[rows, columns] = np.nan if evens is None else evens
            self._spp[rows, columns] = spp if counts is None else counts
            self._tile_spp[tile.index] = spp
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
        """The mean radiance of one tile, as of now."""
        rows, columns = _slices(tile)
        splats = None
        with self._lock:
            sums = self._sums[rows, columns].copy()
            spp, counts = self._tile_spp[tile.index], self._spp[rows, columns].copy()
            version = self._versions[tile.index]
            if self._splats is not None:
                splats = self._splats[0, rows, columns] + self._splats[1, rows, columns]
                paths = self._samples / (self.width * self.height)
        pixels = mean_radiance(sums, counts)
        if splats is not None:
            pixels += _splatted(splats, paths)
        return TileState(pixels, spp, version)

    def read_spp(self, tile: Tile) -> int:
        """Samples per pixel of one tile, as of now; on average if they are adaptive."""
        with self._lock:
            return self._tile_spp[tile.index]

    def versions(self) -> list[int]:
        """How often each tile has been published."""
        with self._lock:
            return self._versions.copy()

    def state(self) -> FilmState:
        """A copy of the sums, each tile of it untorn; with splats, all of them as of one moment."""
        sums = np.empty_like(self._sums)
        evens = np.empty_like(self._evens)
        spp = np.empty_like(self._spp)
        splats = None
        with self._lock:
            if self._splats is not None:
                sums[...], evens[...], spp[...] = self._sums, self._evens, self._spp
                splats = self._splats.copy()
        if splats is None:
            for tile in self.tiles:  # one by one, so that workers never wait for a whole picture
                rows, columns = _slices(tile)
                with self._lock:
                    sums[rows, columns] = self._sums[rows, columns]
                    evens[rows, columns] = self._evens[rows, columns]
                    spp[rows, columns] = self._spp[rows, columns]
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
