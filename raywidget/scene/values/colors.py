"""Colour spaces in which to think of colours; scenes store linear Rec. 709 RGB.

Numbers are linear everywhere. Words ("tomato", "#ff6347") are what a screen shows, sRGB, and are
converted here.
"""

from __future__ import annotations

import difflib
import math
import string
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.errors import SceneError
from raywidget.scene.values.color_names import NAMES
from raywidget.scene.values.given import NotNumbers, as_numpy
from raywidget.scene.values.signatures import checked_call

if TYPE_CHECKING:
    from raywidget.scene.values.checks import Color

REC709_WEIGHTS = (0.2126, 0.7152, 0.0722)  # of R, G, B in luminance: ITU-R BT.709-6, item 3.2


def from_oklch(lightness: float, chroma: float, hue: float) -> Color:
    """Convert OKLCH to linear Rec. 709 RGB, clipped to [0, 1].

    Björn Ottosson, "A perceptual color space for image processing" (2020),
    https://bottosson.github.io/posts/oklab/

    Parameters
    ----------
    lightness : float
        In [0, 1].
    chroma : float
        From 0 (grey) to about 0.3.
    hue : float
        In degrees.

    Examples
    --------
    >>> from raywidget.scene.values.colors import from_oklch
    >>> [round(c, 3) for c in from_oklch(1, 0, 0)]
    [1.0, 1.0, 1.0]
    """
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _clip(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _clip(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _clip(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


@checked_call(SceneError)
def decode_srgb(values: ArrayLike) -> NDArray[np.float64]:
    """Convert numbers by the sRGB curve, 0 to 1, to linear light (IEC 61966-2-1).

    Parameters
    ----------
    values : array
        Of any shape; an 8-bit value is divided by 255 first.

    Raises
    ------
    SceneError
        If they are no numbers, or whole numbers above 1, which were not divided.

    Examples
    --------
    >>> from raywidget.scene.values.colors import decode_srgb
    >>> [round(float(v), 3) for v in decode_srgb([0, 0.5, 1])]
    [0.0, 0.214, 1.0]
    """
    try:
        given = as_numpy(values)
        if given.dtype.kind not in "iuf":
            raise NotNumbers
        v: NDArray[Any] = given.astype(np.float64, copy=False)
    except NotNumbers as error:
        advice = f"; {error}" if str(error) else ""
        raise SceneError(
            f"decode_srgb(): values must be numbers, got a {type(values).__name__}{advice}"
        ) from None
    if given.dtype.kind in "iu" and given.size and np.max(given) > 1:
        raise SceneError(
            f"decode_srgb(): values must be 0 to 1, got the integer {int(np.max(given))}; "
            "bytes are divided first: decode_srgb(values / 255)"
        )
    curve = np.maximum((v + 0.055) / 1.055, 0.0) ** 2.4
    return np.where(v <= 0.04045, v / 12.92, curve)


def encode_srgb(values: ArrayLike) -> NDArray[np.float64]:
    """Convert linear light, 0 to 1, to numbers by the sRGB curve: undoes `decode_srgb`.

    Examples
    --------
    >>> from raywidget.scene.values.colors import decode_srgb, encode_srgb
    >>> [round(float(v), 6) for v in decode_srgb(encode_srgb([0, 0.2, 1]))]
    [0.0, 0.2, 1.0]
    """
    v: NDArray[Any] = np.asarray(values, np.float64)
    curve = 1.055 * np.maximum(v, 0.0) ** (1.0 / 2.4) - 0.055
    return np.where(v <= 0.04045 / 12.92, 12.92 * v, curve)


@lru_cache(maxsize=4096)
def parse_color(text: str) -> Color:
    """Convert a name of CSS, or "#rgb", "#rrggbb" or "#rrggbbff", from sRGB to linear RGB.

    Parameters
    ----------
    text : str
        Upper and lower case, spaces within names and around them don't matter.

    Raises
    ------
    ValueError
        If it is no colour; the message says what would be one.

    Examples
    --------
    >>> from raywidget.scene.values.colors import parse_color
    >>> [round(c, 3) for c in parse_color("#ff8000")]
    [1.0, 0.216, 0.0]
    >>> parse_color("white")
    (1.0, 1.0, 1.0)
    """
    word = "".join(text.lower().split())
    digits = word[1:] if word.startswith("#") else NAMES.get(word, "")
    if word.startswith("#") and not set(digits) <= set(string.hexdigits):
        digits = ""
    if len(digits) in (3, 4):
        digits = "".join(2 * digit for digit in digits)
    if len(digits) == 8:
        if digits[6:] != "ff":
            raise ValueError("a colour has no transparency; give opacity= to the material")
        digits = digits[:6]
    if len(digits) != 6:
        near = difflib.get_close_matches(word, NAMES, 1)
        raise ValueError(f"did you mean {near[0]!r}?" if near else 'write "tomato" or "#ff6347"')
    r, g, b = decode_srgb([int(digits[i : i + 2], 16) / 255.0 for i in (0, 2, 4)]).tolist()
    return (r, g, b)


def _clip(value: float) -> float:
    return min(max(value, 0.0), 1.0)
