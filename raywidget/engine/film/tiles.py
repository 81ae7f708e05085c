"""The grid of tiles, and the order in which they are worked on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of pixels; those at the right and bottom edges are cut to the picture."""

    index: int
    x: int
    y: int
    width: int
    height: int

    @property
    def where(self) -> tuple[slice, slice]:
        """Its rows and columns, in arrays of the whole."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)


def make_tiles(width: int, height: int, size: int) -> tuple[Tile, ...]:
    """All tiles of a picture, row by row; ``tiles[i].index == i``."""
    corners = [(x, y) for y in range(0, height, size) for x in range(0, width, size)]
    return tuple(
        Tile(index, x, y, min(size, width - x), min(size, height - y))
        for index, (x, y) in enumerate(corners)
    )


def tiles_in(tiles: tuple[Tile, ...], region: tuple[int, int, int, int]) -> list[int]:
    """Indices of the tiles that touch a rectangle (x, y, width, height)."""
    x, y, width, height = region
    return [
        tile.index
        for tile in tiles
        if tile.x < x + width
        and x < tile.x + tile.width
        and tile.y < y + height
        and y < tile.y + tile.height
    ]


def order_centre_out(tiles: tuple[Tile, ...], width: int, height: int) -> list[int]:
    """Indices of `tiles`, those nearest to the middle of the picture first.

    The eye is there first, and the middle is usually what the picture is about.
    """

    def distance(tile: Tile) -> tuple[float, int]:
        dx = tile.x + tile.width / 2 - width / 2
        dy = tile.y + tile.height / 2 - height / 2
        return (dx * dx + dy * dy, tile.index)

    return [tile.index for tile in sorted(tiles, key=distance)]
