"""From linear radiance to the bytes of a screen: half floats first, then a table.

The halves are what the wire carries, so that a saved picture is made from the very numbers that
the browser has. See `curves` for the table.

Half floats reach from 6e-8 to 65,504. A picture that lies outside is multiplied by a power of two
first, its *pre-exposure*, which the table takes out again. `Metering` is the rule for it; the
stream follows the same one, from the same pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.errors import PictureError
from raywidget.picture.curves import (
    CURVES,
    MAX_EXPONENT,
    MAX_HALF,
    check_channel,
    check_display,
    make_table,
    make_table_16,
)
from raywidget.picture.luminance import strips
from raywidget.picture.mixing import mix, show_samples
from raywidget.picture.rows import MadeRows, Rows
from raywidget.picture.transparency import alpha_words, straight

Floating = TypeVar("Floating", np.float32, np.float64)

SINGLE = {"red": 0, "green": 1, "blue": 2}

# Pictures whose typical value lies in here need no pre-exposure: eight stops or more of full
# precision are left on both sides of it (halves are normal numbers from 2^-14 to 2^16).
DARK, BRIGHT = 2.0**-6, 2.0**8
_BITS_OF_LEAST_NORMAL = np.float32(2.0**-14).view(np.int32)  # the least normal half
_BITS_OF_MOST = np.float32(MAX_HALF).view(np.int32)
METERED = 1 << 14  # pixels that are looked at, at most: a median costs 0.2 ms


class Metering:
    """The rule for the pre-exposure of a picture of some size.

    The typical value is the median of the brightest channel over a grid of pixels, black ones
    left out. The median doesn't mind fireflies, nor the sun.
    """

    def __init__(self, width: int, height: int) -> None:
        self.step = max(1, math.ceil(math.sqrt(width * height / METERED)))

    def look(self, pixels: NDArray[np.float32], x: int = 0, y: int = 0) -> NDArray[np.float32]:
        """What a part of the picture, whose corner is at (x, y), adds to the values that count."""
        return self.lit(self.grid(pixels, x, y))

    def grid(self, pixels: NDArray[Floating], x: int, y: int) -> NDArray[Floating]:
        """The pixels that count of a part of the picture, (rows, columns, 3)."""
        return pixels[-y % self.step :: self.step, -x % self.step :: self.step]

    @staticmethod
    def lit(grid: NDArray[np.float32]) -> NDArray[np.float32]:
        """What pixels that count add to the values."""
        # Not by `max` over the axis of channels, which takes twice as long: rows of it are short.
        values = np.maximum(np.maximum(grid[..., 0], grid[..., 1]), grid[..., 2]).ravel()
        lit: NDArray[np.float32] = values[(values > 0.0) & (values < math.inf)]  # and not NaN
        return lit

    @staticmethod
    def exponent(values: NDArray[np.float32]) -> int:
        """The pre-exposure in stops: halves hold the radiance times 2^-exponent."""
        if not len(values):
            return 0
        middle = (len(values) - 1) // 2
        typical = float(np.partition(values, middle)[middle])
        if DARK <= typical <= BRIGHT:
            return 0
        exponent = math.frexp(typical)[1]
        return min(max(exponent, -MAX_EXPONENT), MAX_EXPONENT)


def choose_exponent(pixels: Rows, alpha: NDArray[np.float32] | None = None) -> int:
    """The pre-exposure of a whole picture, (H, W, 3), in stops.

    With alpha it is that of its straight colours.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.picture.development import choose_exponent
    >>> [choose_exponent(np.full((4, 4, 3), x, np.float32)) for x in (0.0, 0.5, 3e5, 1e-5)]
    [0, 0, 19, -16]
    """
    height, width = pixels.shape[:2]
    metering = Metering(width, height)
    values = []
    for y in range(0, height, metering.step):  # the rows that it looks at
        row = slice(y, y + 1)
        part = pixels[row].astype(np.float32, copy=False)
        values.append(metering.look(part if alpha is None else straight(part, alpha[row])))
    return metering.exponent(np.concatenate(values)) if values else 0


def to_half(pixels: ArrayLike, exponent: int = 0) -> NDArray[np.float16]:
    """Round radiance to half floats: NaN and what is negative to 0, the rest to at most 65504.

    Parameters
    ----------
    pixels : array of float
        Of any shape. Other types than float16 and float32 go through float32 first, as the film
        does, so that equal pixels always make equal halves.
    exponent : int
        Pre-exposure: the halves hold the radiance times 2^-exponent.

    Returns
    -------
    array of float16
        Of the same shape, in [0, 65504].

    Examples
    --------
    >>> from raywidget.picture.development import to_half
    >>> to_half([0.5, -1.0, float("nan"), float("inf")]).tolist()
    [0.5, 0.0, 0.0, 65504.0]
    """
    with np.errstate(all="ignore"):
        values = np.asarray(pixels)
        if values.dtype == np.float16 and not exponent:
            # Its absolute value: the greater of 0 and -0 may be either.
            return np.asarray(np.abs(_capped(values)))
        values = values.astype(np.float32, copy=False)
        if exponent:
            values = np.ldexp(values, -exponent)
        return _round_to_half(np.ascontiguousarray(values))


def _capped(values: NDArray[Any]) -> NDArray[Any]:
    kind = values.dtype.type
    return np.asarray(np.fmin(np.fmax(values, kind(0)), kind(MAX_HALF)))


def _round_to_half(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """The nearest half, ties to even, as ``astype(np.float16)`` finds it for what is in range.

    That goes number by number, and takes 21 to 65 us for a tile of 64x64; bits are shifted in
    vectors, in 13 us, and in 21 where there is black.
    """
    if not values.size:
        return values.astype(np.float16)
    bits = values.view(np.int32)
    least, most = bits.min(), bits.max()
    if least < 0 or most > _BITS_OF_MOST:  # negative or -0; too large, or NaN
        values = np.abs(_capped(values))
        bits = values.view(np.int32)
        least = bits.min()
    halves = bits >> np.int32(13)
    halves &= np.int32(1)  # a tie goes up if that makes it even
    halves += bits
    halves += np.int32(0xFFF - ((127 - 15) << 23))  # exponents count from 15
    halves >>= np.int32(13)
    if least < _BITS_OF_LEAST_NORMAL:
        np.maximum(halves, 0, out=halves)
        # Most of what is so small is 0, and done; less one, that is the largest there can be.
        if (bits.view(np.uint32) - np.uint32(1)).min() < np.uint32(_BITS_OF_LEAST_NORMAL - 1):
            # Halves here are whole multiples of 2^-24, as the last bit of numbers from 0.5 on is.
            half = np.float32(0.5)
            small = (values + half).view(np.int32) - half.view(np.int32)
            halves = np.where(bits < _BITS_OF_LEAST_NORMAL, small, halves)
    return halves.astype(np.uint16).view(np.float16)


def count_invalid(pixels: ArrayLike) -> int:
    """Count the pixels of which a channel is NaN or negative: (..., 3) -> int.

    There should be none; if there are, a kernel has a bug.
    """
    values = np.asarray(pixels)
    with np.errstate(invalid="ignore"):
        valid = values >= 0
    return int(valid.size // valid.shape[-1] - np.count_nonzero(valid.all(axis=-1)))


def develop(
    pixels: ArrayLike | MadeRows,
    curve: str = "srgb",
    exposure: float = 0.0,
    channel: str = "color",
    samples: NDArray[np.int64] | None = None,
    goal: int = 0,
    alpha: NDArray[np.float32] | None = None,
) -> NDArray[np.uint8]:
    """Turn linear radiance into bytes, exactly as the canvas does.

    Parameters
    ----------
    pixels : (H, W, 3) array of float
        Linear Rec. 709 radiance, as half floats or anything that `to_half` takes. Its
        pre-exposure is that of `choose_exponent`.
    curve : str
        ``"srgb"``, ``"filmic"``, ``"agx"`` (Sobotka's AgX), ``"neutral"`` (Khronos PBR Neutral)
        or ``"linear"``.
    exposure : float
        In stops.
    channel : str
        ``"color"``; ``"red"``, ``"green"``, ``"blue"`` or ``"luminance"`` as grey; ``"heat"``:
        luminance from -8 to 8 stops in false colour; ``"samples"``: their count, likewise;
        ``"value"``: by the sRGB curve, whatever else is asked for, as the pixels then are colours.
    samples : (H, W) array of int, optional
        Samples per pixel, for ``channel="samples"``.
    goal : int
        Samples that each pixel is to have, where the colours of counts end.
    alpha : (H, W) array of float32, optional
        Coverage; the pixels are premultiplied by it.

    Returns
    -------
    (H, W, 3) array of uint8, or (H, W, 4)
        With alpha, what is developed are the straight colours, and the fourth channel is alpha.

    Raises
    ------
    PictureError
        If the pixels have another shape, or a display setting is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.picture.development import develop
    >>> develop(np.full((1, 1, 3), 0.5)).tolist()
    [[[188, 188, 188]]]
    """
    made = develop_strips(pixels, curve, exposure, channel, samples, goal, alpha)
    size = pixels.shape if isinstance(pixels, MadeRows) else np.shape(pixels)
    shown = np.empty((*size[:2], 3 if alpha is None else 4), np.uint8)
    filled = 0
    for strip in made:
        shown[filled : filled + len(strip)] = strip
        filled += len(strip)
    return shown


def develop_strips(
    pixels: ArrayLike | MadeRows,
    curve: str = "srgb",
    exposure: float = 0.0,
    channel: str = "color",
    samples: NDArray[np.int64] | None = None,
    goal: int = 0,
    alpha: NDArray[np.float32] | None = None,
    bits: int = 8,
) -> Iterator[NDArray[Any]]:
    """Develop as `develop` does, some rows after the other, from the top: (rows, W, 3 or 4).

    With 16 `bits` they are uint16, from the same half floats; see `check_sixteen`.
    """
    curve, exposure = check_display(curve, exposure)  # settings that are wrong raise first
    channel = check_channel(channel)
    if channel == "value":  # what is given are those colours
        curve, exposure, channel = "srgb", 0.0, "color"
    values: Rows = pixels if isinstance(pixels, MadeRows) else np.asarray(pixels)
    if len(values.shape) != 3 or values.shape[2] != 3:
        raise PictureError(f"pixels must be an (H, W, 3) array, got shape {values.shape}")
    height, width = values.shape[:2]
    if channel == "samples" and (samples is None or samples.shape != (height, width)):
        raise PictureError("channel 'samples' needs the samples per pixel, (H, W)")
    with np.errstate(over="ignore"):
        exponent = choose_exponent(values, alpha)
    colors: NDArray[Any]
    for part in strips(height, width):
        if bits == 16:
            light = values[part] if alpha is None else straight(values[part], alpha[part])
            halves = np.ascontiguousarray(to_half(light, exponent))
            colors = make_table_16(curve, exposure, exponent)[halves.view(np.uint16)]
        elif channel == "samples":
            assert samples is not None
            colors = show_samples(np.asarray(samples[part], np.int64), goal)
        else:
            light = values[part] if alpha is None else straight(values[part], alpha[part])
            colors = _develop_strip(light, curve, exposure, channel, exponent)
        if alpha is not None:
            most = np.float32(65535.0 if bits == 16 else 255.0)
            colors = np.dstack([colors, alpha_words(alpha[part], most).astype(colors.dtype)])
        yield colors


def check_sixteen(curve: str, channel: str) -> None:
    """Check that a picture can be developed into 16 bits.

    Raises
    ------
    PictureError
        If the curve mixes channels, or something else than colour is shown.
    """
    if curve not in CURVES or channel != "color":
        names = ", ".join(CURVES)
        raise PictureError(
            f"bits=16 goes with the curves {names} in colour, got curve {curve!r} and channel "
            f"{channel!r}"
        )


def _develop_strip(
    values: NDArray[np.floating], curve: str, exposure: float, channel: str, exponent: int
) -> NDArray[np.uint8]:
    halves = np.ascontiguousarray(to_half(values, exponent))
    single = SINGLE.get(channel)
    if curve in CURVES and (single is not None or channel == "color"):
        shown = make_table(curve, exposure, exponent)[halves.view(np.uint16)]
        return shown if single is None else np.repeat(shown[..., single, None], 3, axis=-1)
    gain = math.ldexp(math.pow(2.0, exposure), exponent)
    return mix(halves.astype(np.float64) * gain, curve, channel)
