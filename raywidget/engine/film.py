"""Where samples are added up: sums in float64 and a sample count per tile.

A worker takes a private copy of a tile's sums, adds samples to it, and publishes it: what others
see of a tile is always the sum of whole samples (no torn tile), and abandoned work leaves no trace.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.tiles import Tile, make_tiles


class TileState(NamedTuple):
    """An untorn copy of one tile."""

    pixels: NDArray[np.float32]  # (height, width, 3) mean radiance; zeros while spp == 0
    spp: int  # samples per pixel in it
    version: int  # grows with each publication


@dataclass(frozen=True)
class FilmState:
    """An untorn copy of a whole film, enough to go on from."""

    sums: NDArray[np.float64]  # (H, W, 3), sums of radiance, read-only
    spp: NDArray[np.int64]  # (H, W), samples per pixel, read-only


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
        self._spp = np.zeros((height, width), np.int64)
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
            self._spp[...] = state.spp
            self._versions = [version + 1 for version in self._versions]

    def check_out(self, tile: Tile) -> tuple[NDArray[np.float64], int]:
        """A private copy of a tile's sums (height, width, 3), and its samples per pixel."""
        rows, columns = _slices(tile)
        with self._lock:
            return self._sums[rows, columns].copy(), int(self._spp[tile.y, tile.x])

    def publish(self, tile: Tile, sums: NDArray[np.float64], spp: int) -> None:
        """Replace a tile's sums by those with all samples up to `spp` added."""
        rows, columns = _slices(tile)
        with self._lock:
            self._sums[rows, columns] = sums
            self._spp[rows, columns] = spp
            self._versions[tile.index] += 1

    def read(self, tile: Tile) -> TileState:
        """The mean radiance of one tile, as of now."""
        rows, columns = _slices(tile)
        with self._lock:
            sums = self._sums[rows, columns].copy()
            spp = int(self._spp[tile.y, tile.x])
            version = self._versions[tile.index]
        return TileState(mean_radiance(sums, spp), spp, version)

    def read_spp(self, tile: Tile) -> int:
        """Samples per pixel of one tile, as of now."""
        with self._lock:
            return int(self._spp[tile.y, tile.x])

    def versions(self) -> list[int]:
        """How often each tile has been published."""
        with self._lock:
            return self._versions.copy()

    def state(self) -> FilmState:
        """A copy of the sums, each tile of it untorn."""
        sums = np.empty_like(self._sums)
        spp = np.empty_like(self._spp)
        for tile in self.tiles:  # tile by tile, so that workers never wait for a whole picture
            rows, columns = _slices(tile)
            with self._lock:
                sums[rows, columns] = self._sums[rows, columns]
                spp[rows, columns] = self._spp[rows, columns]
        sums.flags.writeable = False
        spp.flags.writeable = False
        return FilmState(sums, spp)


def mean_radiance(sums: NDArray[np.float64], spp: int | NDArray[np.int64]) -> NDArray[np.float32]:
    """Sums over samples -> mean radiance in float32; 0 where there is no sample yet."""
    count = np.maximum(spp, 1)
    if isinstance(count, np.ndarray) and count.ndim == 2:
        count = count[..., None]
    return (sums / count).astype(np.float32)


def _slices(tile: Tile) -> tuple[slice, slice]:
    return slice(tile.y, tile.y + tile.height), slice(tile.x, tile.x + tile.width)
