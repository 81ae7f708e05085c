"""Names and objects of colour maps -> tables of what a screen shows.

`cmap` knows matplotlib's, ColorBrewer's, Crameri's, cmocean's and others' maps by name and needs
nothing but numpy; matplotlib itself is asked for maps that a user has registered there.
"""

from __future__ import annotations

import difflib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.values.colors import decode_srgb, encode_srgb, parse_color
from raywidget.scene.values.given import NotNumbers, as_items, as_numpy

ENTRIES = 256
MOST_ENTRIES = 1 << 16

Rgb = tuple[float, float, float]


class NoMap(ValueError):
    """It is no colour map; the message says why, or what was probably meant."""


class MapTable(NamedTuple):
    """What a map consists of, in linear light."""

    rows: NDArray[np.float32]  # (N, 3), from the lower to the upper limit in equal steps
    nan: Rgb | None  # colours that it brings along
    below: Rgb | None
    above: Rgb | None


def find_table(given: object, steps: int | None) -> MapTable:
    """The table of whatever stands for a colour map.

    Parameters
    ----------
    given : str, array, sequence of colours or object
        A name; numbers by the sRGB curve, (N, 3) or (N, 4); names of colours to blend; or a map of
        matplotlib or cmap.
    steps : int, optional
        Take so many colours of it, from end to end.

    Raises
    ------
    NoMap
        If it is none of these.

    Examples
    --------
    >>> from raywidget.scene.textures.map_tables import find_table
    >>> find_table("viridis", None).rows.shape
    (256, 3)
    >>> find_table(["black", "red"], 2).rows.tolist()
    [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    """
    if isinstance(given, str):
        return _by_name(given.strip(), steps)
    if callable(given) and hasattr(given, "N"):  # matplotlib's
        return _of_matplotlib(given, steps)
    if hasattr(given, "lut") and hasattr(given, "bad_color"):  # cmap's
        return _of_cmap(given, steps)
    words = as_items(given) if isinstance(given, list | tuple) else None
    if words and all(isinstance(word, str) for word in words):
        return _plain(_blended(words, steps or ENTRIES))
    return _plain(_reduced(_of_numbers(given), steps))


def _plain(screen: NDArray[Any]) -> MapTable:
    return MapTable(_linear(screen), None, None, None)


def _linear(screen: NDArray[Any]) -> NDArray[np.float32]:
    rows = np.ascontiguousarray(decode_srgb(np.clip(screen, 0.0, 1.0)), np.float32)
    rows.setflags(write=False)
    return rows


def _reduced(screen: NDArray[Any], steps: int | None) -> NDArray[Any]:
    """So many of the rows, from end to end, as matplotlib chooses them."""
    if steps is None:
        return screen
    at = np.linspace(0.0, 1.0, steps) * len(screen)
    return screen[np.minimum(at.astype(np.int64), len(screen) - 1)]


def _blended(words: tuple[Any, ...], count: int) -> NDArray[Any]:
    """Named colours at equal distances, and what lies between them on a screen."""
    try:
        stops = encode_srgb([parse_color(word) for word in words])
    except ValueError as error:
        raise NoMap(str(error)) from None
    along, places = np.linspace(0.0, 1.0, count), np.linspace(0.0, 1.0, len(stops))
    return np.stack([np.interp(along, places, stops[:, k]) for k in range(3)], axis=1)


def _of_numbers(given: object) -> NDArray[Any]:
    try:
        array = as_numpy(given)
    except NotNumbers as error:
        raise NoMap(str(error)) from None
    if array.dtype.kind not in "iuf" or array.ndim != 2 or array.shape[1] not in (3, 4):
        raise NoMap("")
    if not 1 <= len(array) <= MOST_ENTRIES:
        raise NoMap(f"it must have 1 to {MOST_ENTRIES} rows")
    if array.dtype == np.uint8:
        return array[:, :3] / 255.0
    numbers = array[:, :3].astype(np.float64)
    if not np.all((numbers >= 0.0) & (numbers <= 1.0)):  # NaN compares false
        raise NoMap("its numbers must lie in [0, 1], by the sRGB curve, or be uint8")
    return numbers


def written_out(given: object, table: MapTable) -> Any:
    """What a map is stored as: a name, names, or numbers by the sRGB curve."""
    if isinstance(given, str):
        return given.strip()
    if isinstance(given, list | tuple) and all(isinstance(word, str) for word in given):
        return tuple(given)
    name = getattr(given, "name", None)
    if isinstance(name, str):
        try:
            if np.array_equal(_by_name(name, None).rows, table.rows):
                return name
        except NoMap:
            pass
    kept = encode_srgb(table.rows) if name is not None or callable(given) else _of_numbers(given)
    kept = np.array(kept)
    kept.setflags(write=False)
    return kept


# --- By name --------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _by_name(name: str, steps: int | None) -> MapTable:
    import cmap

    with _quietly():
        try:
            return _of_cmap(cmap.Colormap(name), steps)
        except (ValueError, TypeError, KeyError, OSError):
            pass
    matplotlib = sys.modules.get("matplotlib")
    registered = getattr(matplotlib, "colormaps", {})
    if name in registered:
        return _of_matplotlib(registered[name], steps)
    raise NoMap(_meant(name, [*cmap.Catalog().short_keys(), *registered]))


@contextmanager
def _quietly() -> Iterator[None]:
    """The catalogue tells of every name that two collections have."""
    logger = logging.getLogger("cmap")

    def refuse(record: logging.LogRecord) -> bool:
        return False

    logger.addFilter(refuse)
    try:
        yield
    finally:
        logger.removeFilter(refuse)


def _meant(name: str, known: list[str]) -> str:
    folded = {other.lower(): other for other in known}
    near = difflib.get_close_matches(name.lower(), folded, 1)
    if near:
        return f"did you mean {folded[near[0]]!r}?"
    return "such as 'viridis', 'inferno', 'coolwarm', 'turbo', 'cividis', 'gray'"


def _of_cmap(given: Any, steps: int | None) -> MapTable:
    # A qualitative map has as many entries as it has colours; few others have more than 256.
    stops = len(given.color_stops)
    listed = given.interpolation in ("nearest", False) or stops > ENTRIES
    count = steps or (stops if listed else ENTRIES)
    table = np.asarray(given.lut(count), np.float64)

    def color(item: Any) -> Rgb | None:
        return None if item is None else _rgb(np.asarray(item.rgba, np.float64))

    return MapTable(
        _linear(table[:, :3]),
        color(given.bad_color),
        color(given.under_color),
        color(given.over_color),
    )


def _of_matplotlib(given: Any, steps: int | None) -> MapTable:
    if steps is not None and hasattr(given, "resampled"):
        given = given.resampled(steps)
    count = min(int(given.N), MOST_ENTRIES)
    table = np.asarray(given(np.arange(count)), np.float64)
    bad, under, over = (
        np.asarray(find(), np.float64) for find in (given.get_bad, given.get_under, given.get_over)
    )
    return MapTable(
        _linear(table[:, :3]),
        _rgb(bad) if bad[3] > 0.0 else None,
        None if np.array_equal(under, table[0]) else _rgb(under),
        None if np.array_equal(over, table[-1]) else _rgb(over),
    )


def _rgb(rgba: NDArray[Any]) -> Rgb:
    r, g, b = decode_srgb(np.clip(rgba[:3], 0.0, 1.0)).tolist()
    return r, g, b
