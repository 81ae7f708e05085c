"""Tone curves, from linear light to the value shown, and the tables made from them.

`js/src/pixels/tonemap.js` repeats this file operation by operation in float64, so that the canvas
equals the saved PNG byte for byte; `tests/fixtures/protocol/tonemap.json` holds the digests that
both sides must reach. Change neither alone.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import PictureError
from raywidget.scene.values.checks import show

Curve: TypeAlias = Callable[[float], float]
"""From light >= 0 to what is shown; what leaves [0, 1] is clamped by the table."""

MAX_HALF = 65504.0
MAX_STOPS = 64.0  # so that 65504 * 2^exposure stays finite
MAX_EXPONENT = 64  # of the pre-exposure, see `development`


def linear(x: float) -> float:
    """The light as it is: for data, and for comparing numbers."""
    return x


def srgb(x: float) -> float:
    """IEC 61966-2-1."""
    x = min(x, 1.0)
    if x <= 0.0031308:
        return 12.92 * x
    # math.pow and not numpy's: the SIMD versions of that differ between processors.
    return 1.055 * math.pow(x, 1.0 / 2.4) - 0.055


def filmic(x: float) -> float:
    """Hable, "Filmic Tonemapping Operators" (2010), as in Uncharted 2; white at 11.2."""
    x = min(x, 1e6)  # where the fraction below has long reached its limit
    return srgb(_hable(2.0 * x) / _HABLE_WHITE)


def _hable(v: float) -> float:
    a, b, c, d, e, f = 0.15, 0.50, 0.10, 0.20, 0.02, 0.30
    return (v * (a * v + c * b) + d * e) / (v * (a * v + b) + d * f) - e / f


_HABLE_WHITE = _hable(11.2)

CURVES: dict[str, Curve] = {"srgb": srgb, "filmic": filmic, "linear": linear}
"""Curves that treat each channel alone."""

CURVE_NAMES = ("srgb", "filmic", "agx", "neutral", "linear")
"""All tone curves; those that mix channels are in `mixing`."""

CHANNELS = ("color", "red", "green", "blue", "luminance", "heat", "samples", "value")
"""What is shown: ``heat`` is luminance in false colour, ``samples`` their count, ``value`` no light
but the colours of the values that shapes show."""


def check_display(curve: object, exposure: object) -> tuple[str, float]:
    """Check display settings: the name of a curve, and an exposure in stops.

    Raises
    ------
    PictureError
        If there is no such curve, or the exposure is not a number within +-64.
    """
    if not isinstance(curve, str) or curve not in CURVE_NAMES:
        raise PictureError(f"curve must be one of {', '.join(CURVE_NAMES)}, got {show(curve)}")
    try:
        is_number = isinstance(exposure, Real) and not isinstance(exposure, bool)
        stops = float(exposure) if is_number else math.nan  # type: ignore[arg-type]
    except OverflowError:
        stops = math.nan
    if not abs(stops) <= MAX_STOPS:  # NaN compares false
        raise PictureError(f"exposure must be stops within +-{MAX_STOPS:g}, got {show(exposure)}")
    return curve, stops + 0.0  # -0.0 becomes 0.0


def check_channel(channel: object) -> str:
    """Check the name of what is shown of the light.

    Raises
    ------
    PictureError
        If there is no such channel.
    """
    if not isinstance(channel, str) or channel not in CHANNELS:
        raise PictureError(f"channel must be one of {', '.join(CHANNELS)}, got {show(channel)}")
    return channel


def make_table(curve: str, exposure: float, exponent: int = 0) -> NDArray[np.uint8]:
    """Make the table that develops half floats: a byte for each of the 65,536 bit patterns.

    Parameters
    ----------
    curve : str
        ``"srgb"``, ``"filmic"`` or ``"linear"``.
    exposure : float
        In stops: light is multiplied by 2^exposure.
    exponent : int
        The pre-exposure of the half floats, see `development`: they stand for 2^exponent times
        what they are.

    Returns
    -------
    (65536,) array of uint8
        Read-only; tables are kept, so asking again costs nothing.

    Raises
    ------
    PictureError
        If a display setting is unknown or out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.picture.curves import make_table
    >>> bits = np.float16(0.5).view(np.uint16)
    >>> int(make_table("srgb", 0.0)[bits]), int(make_table("srgb", 1.0)[bits])
    (188, 255)
    """
    curve, exposure = check_display(curve, exposure)
    if curve not in CURVES:
        raise PictureError(f"curve {curve!r} mixes channels: no table can hold it")
    return _table(curve, exposure, exponent)


def make_table_16(curve: str, exposure: float, exponent: int = 0) -> NDArray[np.uint16]:
    """The same for 16 bits a channel: whole numbers up to 65535."""
    return _words(curve, exposure, exponent, 65535)


def _table(curve: str, exposure: float, exponent: int) -> NDArray[np.uint8]:
    return _words(curve, exposure, exponent, 255)


@functools.lru_cache(maxsize=32)  # 64 or 128 kB each
def _words(curve: str, exposure: float, exponent: int, most: int) -> NDArray[Any]:
    apply = CURVES[curve]
    # Not 2^(exposure + exponent): a product with a power of two is exact in every language.
    gain = math.ldexp(math.pow(2.0, exposure), exponent)
    # The patterns up to 0x7c00 are 0 to infinity; all others are negative or NaN and shown as 0.
    halves = np.arange(0x7C01, dtype=np.uint16).view(np.float16)
    table = np.empty(65536, dtype=np.uint8 if most == 255 else np.uint16)
    for bits, value in enumerate(halves.astype(np.float64).tolist()):
        x = min(value, MAX_HALF) * gain
        y = min(max(apply(x), 0.0), 1.0)
        table[bits] = math.floor(y * most + 0.5)
    table[len(halves) :] = table[0]
    table.setflags(write=False)
    return table
