"""Where samples are added up: sums in float64 and a sample count per tile.

The arrays of a tile never change once they are published. A kernel writes what they hold, and more
samples, into new ones, which are published in their place: what others see of a tile is always the
sum of whole samples (no torn tile), abandoned work leaves no trace, and whoever looks holds the
lock for a few references only.

Samples of even number and those of odd number are estimates of the same picture. Where they know
nothing of each other, how far the two differ tells the error of their mean, whatever the sampler
does within each half; where all are one lattice, it tells more: the variance of a half less that of
the mean. So what the ones bring more than the others, their *swing*, is kept beside the sums. It
goes to and fro about 0, and float32 is enough for it: in n samples, rounding changes it by 6e-8
sqrt(n) of its own size, and not at all where all samples are alike. The swing of one sample alone
is that sample, and is not kept: the film holds 24 bytes a pixel then, and 36 with more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.tiles import Tile, make_tiles

SPLAT_ONE = 2.0**32  # of the splat layer, see `kernels.integrators.splat`


THE_SUMS: NDArray[np.float32] = np.empty(0, np.float32)
"""In place of swings: those of a single sample, which is all there is in the sums."""


_FLOAT32 = np.dtype(np.float32)


class Splats(Protocol):
    """Light that samples of one tile brought to pixels anywhere."""

    def add_to(self, layer: NDArray[np.int64]) -> None:
        """Add them to a layer (2, H, W, 3): halves, pixels, colours."""


class TileSums(NamedTuple):
    """What is known of one tile; all arrays are read-only."""

    sums: NDArray[np.float64]  # (height, width, 3)
    # (height, width, 3), samples of even number less those of odd; None: the sums, of one sample
    known_swings: NDArray[np.float32] | None
    spp: int  # samples per pixel, on average if they are adaptive
    counts: NDArray[np.int64] | None = None  # (height, width), those of the pixels if they differ
    coverage: NDArray[np.float64] | None = None  # (height, width), sums; of pictures with alpha

    @property
    def swings(self) -> NDArray[np.float32]:
        """Samples of even number less those of odd, (height, width, 3)."""
        return _only_sample(self.sums) if self.known_swings is None else self.known_swings

    def pixel_counts(self) -> NDArray[np.int64] | int:
        """Samples of each pixel, or of every one."""
        return self.spp if self.counts is None else self.counts


class TileState(NamedTuple):
    """The picture in one tile, as of one moment."""

    pixels: NDArray[np.float32]  # (height, width, 3) mean radiance; zeros while spp == 0
    spp: int  # samples per pixel in it, on average if they are adaptive
    version: int  # grows with each publication
    alpha: NDArray[np.float32] | None = None  # (height, width), mean coverage, if it is known


@dataclass(frozen=True)
class FilmState:
    """A whole film as of one moment, enough to go on from.

    It shares the tiles' arrays with the film, which never changes them: it costs no memory until
    one of its pictures is made. All arrays are read-only.
    """

    width: int
    height: int
    tiles: tuple[Tile, ...]
    parts: tuple[TileSums, ...]  # of each tile
    splats: NDArray[np.int64] | None = None  # (2, H, W, 3), see `kernels.integrators.splat`
    paths: float | None = None  # light paths for each pixel of the picture that it is a part of

    @property
    def sums(self) -> NDArray[np.float64]:
        """Sums of radiance, (H, W, 3); made anew."""
        whole = np.empty((self.height, self.width, 3))
        self._join(whole, lambda part: part.sums)
        return whole

    @property
    def swings(self) -> NDArray[np.float32]:
        """Radiance of samples of even number less that of the others, (H, W, 3); made anew."""
        whole = np.empty((self.height, self.width, 3), np.float32)
        self._join(whole, lambda part: part.swings)
        return whole

    @property
    def spp(self) -> NDArray[np.int64]:
        """Samples of each pixel, (H, W); made anew."""
        return self.counts()

    def coverage(self) -> NDArray[np.float64] | None:
        """Sums of coverage, (H, W), if there are any; made anew."""
        if self.parts[0].coverage is None:
            return None
        whole = np.empty((self.height, self.width))
        self._join(whole, lambda part: part.coverage)
        return whole

    def counts(self) -> NDArray[np.int64]:
        """The same."""
        whole = np.empty((self.height, self.width), np.int64)
        self._join(whole, lambda part: part.pixel_counts())
        return whole

    def samples(self) -> int:
        """Samples of all pixels together."""
        return sum(
            tile.width * tile.height * part.spp if part.counts is None else int(part.counts.sum())
            for tile, part in zip(self.tiles, self.parts, strict=True)
        )

    def least_spp(self) -> int:
        """Samples of the pixel that has the fewest."""
        return min(int(np.min(part.pixel_counts())) for part in self.parts)

    def pixels(self) -> NDArray[np.float32]:
        """Mean radiance, (H, W, 3); 0 where there is no sample yet."""
        paths = self._paths()
        pixels = np.empty((self.height, self.width, 3), np.float32)
        for tile, part in zip(self.tiles, self.parts, strict=True):
            where = tile.where
            pixels[where] = mean_radiance(part.sums, part.pixel_counts())
            if self.splats is not None:
                even, odd = (half[where] for half in self.splats)
                pixels[where] += _splatted(even + odd, paths)
        pixels.flags.writeable = False
        return pixels

    def alpha(self) -> NDArray[np.float32] | None:
        """Mean coverage, (H, W); 0 where there is no sample yet. None without coverage."""
        if self.parts[0].coverage is None:
            return None
        alpha = np.empty((self.height, self.width), np.float32)
        for tile, part in zip(self.tiles, self.parts, strict=True):
            assert part.coverage is not None
            alpha[tile.where] = mean_coverage(part.coverage, part.pixel_counts())
        alpha.flags.writeable = False
        return alpha

    def rows_of_pixels(self, rows: slice) -> NDArray[np.float32]:
        """Some rows of `pixels`, by a slice."""
        return self.part(rows, slice(None)).pixels()

    def rows_of_variance(self, rows: slice) -> NDArray[np.float32]:
        """Some rows of `variance`, by a slice."""
        return self.part(rows, slice(None)).variance()

    def part(self, rows: slice, columns: slice) -> FilmState:
        """A rectangle of it, for which the rest need not be computed."""
        top, bottom, _ = rows.indices(self.height)
        left, right, _ = columns.indices(self.width)
        tiles: list[Tile] = []
        parts: list[TileSums] = []
        for tile, part in zip(self.tiles, self.parts, strict=True):
            y, x = max(top, tile.y), max(left, tile.x)
            height = min(bottom, tile.y + tile.height) - y
            width = min(right, tile.x + tile.width) - x
            if height <= 0 or width <= 0:
                continue
            inner = Tile(0, x - tile.x, y - tile.y, width, height)
            where = inner.where
            counts = None if part.counts is None else part.counts[where]
            tiles.append(Tile(len(tiles), x - left, y - top, width, height))
            coverage = None if part.coverage is None else part.coverage[where]
            swings = None if part.known_swings is None else part.known_swings[where]
            parts.append(TileSums(part.sums[where], swings, part.spp, counts, coverage))
        splats = None if self.splats is None else self.splats[:, rows, columns]
        size, paths = (right - left, bottom - top), None if splats is None else self._paths()
        return FilmState(*size, tuple(tiles), tuple(parts), splats, paths)

    def variance(self) -> NDArray[np.float32]:
        """Squared standard error of each pixel, (H, W, 3), from the difference of the halves.

        The expectation of one pixel's estimate is right where halves are independent, and too large
        where all samples are one lattice; alone, it is as noisy as the square of a normal deviate.
        NaN below two samples.
        """
        paths = self._paths()
        variance = np.empty((self.height, self.width, 3), np.float32)
        for tile, part in zip(self.tiles, self.parts, strict=True):
            where = tile.where
            halves = None if self.splats is None else self.splats[:, where[0], where[1]]
            np.square(_difference(part, halves, paths), out=variance[where], casting="same_kind")
        return variance

    def halves(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The pictures that samples of even and of odd number make, (H, W, 3) each.

        Where one of them has no sample, it is what the other is.
        """
        paths = self._paths()
        made = np.empty((2, self.height, self.width, 3), np.float32)
        for tile, part in zip(self.tiles, self.parts, strict=True):
            where = tile.where
            spp = np.asarray(part.pixel_counts())[..., None]
            for half, sign in enumerate((1.0, -1.0)):
                count = (spp + 1 - half) // 2
                sums = np.where(count > 0, part.sums + sign * part.swings, 2.0 * part.sums)
                made[half][where] = sums / np.maximum(2 * np.where(count > 0, count, spp), 1)
                if self.splats is not None:
                    splats = self.splats[half][where[0], where[1]]
                    made[half][where] += _splatted(splats, paths / 2)
        return made[0], made[1]

    def _paths(self) -> float:
        """Light paths for each pixel of the picture, on average."""
        if self.paths is not None:
            return self.paths
        return self.samples() / (self.width * self.height)

    def _join(self, whole: NDArray[Any], take: Callable[[TileSums], Any]) -> None:
        for tile, part in zip(self.tiles, self.parts, strict=True):
            whole[tile.where] = take(part)
        whole.flags.writeable = False


def _difference(
    part: TileSums, splats: NDArray[np.int64] | None, paths: float
) -> NDArray[np.float64]:
    """Twice the deviation of each half from the mean, scaled so that its square is the variance."""
    spp: float | NDArray[np.float64] = float(part.spp)
    if part.counts is not None:
        spp = part.counts[..., None].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        even_spp, odd_spp = np.ceil(np.divide(spp, 2)), np.floor(np.divide(spp, 2))
        # (even - odd)^2 n_even n_odd / n^2, which is a quarter of the square for equal halves
        of_even = np.sqrt(odd_spp / even_spp) / spp
        of_odd = np.sqrt(even_spp / odd_spp) / spp
        # even = (sums + swings) / 2, odd = (sums - swings) / 2
        difference = part.swings * (0.5 * (of_even + of_odd))
        if np.any(of_even != of_odd):
            difference += part.sums * (0.5 * (of_even - of_odd))
        if splats is not None:
            even, odd = (_splatted(half, paths / 2) for half in splats)
            difference += (even.astype(np.float64) - odd) / 2
    return difference


class Film:
    """Sums of radiance and sample counts of a picture, shared between threads.

    Parameters
    ----------
    width, height : int
        Size in pixels.
    tile_size : int
        Side of a tile in pixels.
    alpha : bool
        Are there sums of coverage, too?
    """

    def __init__(self, width: int, height: int, tile_size: int, alpha: bool = False) -> None:
        self.width = width
        self.height = height
        self.tiles = make_tiles(width, height, tile_size)
        nothing: dict[tuple[int, int], TileSums] = {}  # one for all tiles of a shape
        self._parts = [
            nothing.setdefault((tile.height, tile.width), _empty(tile, alpha))
            for tile in self.tiles
        ]
        self._splats: NDArray[np.int64] | None = None  # allocated for the first splats
        self._splats_shared = False  # with a `FilmState`: copied before it changes
        self._samples = 0  # of all pixels together
        self._versions = [0] * len(self.tiles)
        self._lock = threading.Lock()

    def load(self, state: FilmState) -> None:
        """Start from an earlier render's sums, which must have the same size."""
        expected, got = (self.width, self.height), (state.width, state.height)
        if got != expected:
            raise ValueError(f"expected a film of {expected} pixels, got {got}")
        parts = list(state.parts)  # which nobody changes
        if state.tiles != self.tiles:
            parts = []
            for tile in self.tiles:
                inner = state.part(*tile.where)
                parts.append(
                    TileSums(inner.sums, inner.swings, inner.parts[0].spp, None, inner.coverage())
                )
        parts = [_frozen(_contiguous(part)) for part in parts]
        with self._lock:
            self._parts = parts
            self._samples = state.samples()
            self._splats, self._splats_shared = state.splats, True
            self._versions = [version + 1 for version in self._versions]

    def check_out(self, tile: Tile) -> TileSums:
        """A tile's sums, to which samples are added in other arrays."""
        with self._lock:
            return self._parts[tile.index]

    def check_out_together(self, tiles: Sequence[Tile]) -> list[TileSums]:
        """The same of some tiles."""
        with self._lock:
            return [self._parts[tile.index] for tile in tiles]

    def publish(
        self,
        tile: Tile,
        sums: NDArray[np.float64],
        spp: int,
        swings: NDArray[np.float32] | None = None,
        splats: Splats | None = None,
        counts: NDArray[np.int64] | None = None,
        coverage: NDArray[np.float64] | None = None,
    ) -> None:
        """Replace a tile's sums by those with all samples up to `spp` added.

        The arrays are the film's from now on, and become read-only. `counts` (height, width) are
        those of the pixels if they are not all alike. Without `swings`, nothing is known about the
        error of this tile; those of the first sample may be `THE_SUMS`. `splats` are added to the
        layer. `coverage` (height, width) are sums.
        """
        if swings is None:
            swings = np.full(sums.shape, np.nan, np.float32)
        known = None if swings is THE_SUMS else swings
        part = _frozen(TileSums(sums, known, spp, counts, coverage))
        with self._lock:
            self._replace(tile, part)
            if splats is not None:
                if self._splats is None:
                    self._splats = np.zeros((2, self.height, self.width, 3), np.int64)
                elif self._splats_shared:
                    self._splats = self._splats.copy()
                self._splats_shared = False
                splats.add_to(self._splats)

    def publish_together(self, tiles: Sequence[Tile], parts: Sequence[TileSums]) -> None:
        """The same for some tiles, of which there are no splats.

        Of a single sample, swings are the sums.
        """
        if parts[0].spp == 1:
            parts = [part._replace(known_swings=None) for part in parts]
        for part in parts:
            _freeze(part)
        with self._lock:
            for tile, part in zip(tiles, parts, strict=True):
                self._replace(tile, part)

    def _replace(self, tile: Tile, part: TileSums) -> None:
        index = tile.index
        self._samples += (part.spp - self._parts[index].spp) * tile.width * tile.height
        self._parts[index] = part
        self._versions[index] += 1

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
                even, odd = (half[tile.where] for half in self._splats)
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
        alpha = None
        if part.coverage is not None:
            alpha = mean_coverage(part.coverage[rows, columns], counts)
        return TileState(pixels, part.spp, version, alpha)

    def plain_parts(self, indices: Sequence[int]) -> tuple[list[TileSums], list[int]] | None:
        """Sums of some tiles, by index, and their versions; None if more than sums is to be seen.

        That is, if there are splats or coverage, a tile without samples, or pixels of which some
        have more than others.
        """
        with self._lock:
            if self._splats is not None:
                return None
            parts = [self._parts[index] for index in indices]
            versions = [self._versions[index] for index in indices]
        for sums, _, spp, counts, coverage in parts:
            is_plain = spp > 0 and counts is None and coverage is None
            if not is_plain or not sums.flags.c_contiguous:
                return None
        return parts, versions

    def read_spp(self, tile: Tile) -> int:
        """Samples per pixel of one tile, as of now; on average if they are adaptive."""
        with self._lock:
            return self._parts[tile.index].spp

    def versions(self) -> list[int]:
        """How often each tile has been published."""
        with self._lock:
            return self._versions.copy()

    def state(self) -> FilmState:
        """What all tiles hold, as of one moment."""
        with self._lock:
            splats = self._splats
            if splats is not None:
                self._splats_shared = True
                splats = splats.view()
                splats.flags.writeable = False
            return FilmState(self.width, self.height, self.tiles, tuple(self._parts), splats)


def room_for(part: TileSums, spp: int) -> TileSums:
    """Arrays for the sums of a tile with more samples, so many then; what they hold is not said."""
    shape = part.sums.shape
    coverage = None if part.coverage is None else np.empty(shape[:2])
    return TileSums(np.empty(shape), np.empty(shape, _FLOAT32), spp, None, coverage)


def mean_radiance(sums: NDArray[np.float64], spp: int | NDArray[np.int64]) -> NDArray[np.float32]:
    """Sums over samples -> mean radiance in float32; 0 where there is no sample yet."""
    if isinstance(spp, np.ndarray):
        return (sums / np.maximum(spp, 1)[..., None]).astype(np.float32)
    count = max(int(spp), 1)
    if count.bit_count() == 1:
        return (sums * (1.0 / count)).astype(np.float32)  # the same, in 0.6 of the time
    return (sums / count).astype(np.float32)


def mean_coverage(
    coverage: NDArray[np.float64], spp: int | NDArray[np.int64]
) -> NDArray[np.float32]:
    """Sums over samples -> alpha in float32; 0 where there is no sample yet."""
    return (coverage / np.maximum(spp, 1)).astype(np.float32)


def _splatted(layer: NDArray[np.int64], paths: float) -> NDArray[np.float32]:
    """Splats -> radiance, for so many light paths for each pixel of the picture."""
    return (layer * (1.0 / (SPLAT_ONE * max(paths, 1e-30)))).astype(np.float32)


def _empty(tile: Tile, alpha: bool) -> TileSums:
    shape = (tile.height, tile.width, 3)
    coverage = np.zeros(shape[:2]) if alpha else None
    swings = np.zeros(shape, np.float32)
    return _frozen(TileSums(np.zeros(shape), swings, 0, None, coverage))


def _contiguous(part: TileSums) -> TileSums:
    """As kernels, who are given addresses, take them to be."""
    swings = part.known_swings
    if swings is not None:
        swings = np.ascontiguousarray(swings, np.float32)
    return part._replace(sums=np.ascontiguousarray(part.sums, np.float64), known_swings=swings)


def _frozen(part: TileSums) -> TileSums:
    """Read-only, and without swings that its sums tell."""
    is_one = part.spp == 1 and part.counts is None and part.known_swings is not None
    if is_one and np.array_equal(part.swings, _only_sample(part.sums)):
        part = part._replace(known_swings=None)
    _freeze(part)
    return part


def _freeze(part: TileSums) -> None:
    sums, swings, _, counts, coverage = part
    sums.setflags(write=False)
    if swings is not None:
        swings.setflags(write=False)
    if counts is not None:
        counts.setflags(write=False)
    if coverage is not None:
        coverage.setflags(write=False)


def _only_sample(sums: NDArray[np.float64]) -> NDArray[np.float32]:
    return sums.astype(np.float32)
