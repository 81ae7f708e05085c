"""From linear radiance to the bytes of a screen: half floats first, then a table.

The halves are what the wire carries, so that a saved picture is made from the very numbers that
the browser has. See `curves` for the table.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.errors import PictureError
from raywidget.picture.curves import MAX_HALF, make_table


def to_half(pixels: ArrayLike) -> NDArray[np.float16]:
    """Round radiance to half floats: NaN and what is negative to 0, the rest to at most 65504.

    Parameters
    ----------
    pixels : array of float
        Of any shape. Other types than float16 and float32 go through float32 first, as the film
        does, so that equal pixels always make equal halves.

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
        if values.dtype != np.float16:
            values = values.astype(np.float32, copy=False)
        clean = np.where(values > 0, values, values.dtype.type(0))  # NaN compares false
        capped = np.minimum(clean, values.dtype.type(MAX_HALF))
        return np.asarray(capped, dtype=np.float16)


def count_invalid(pixels: ArrayLike) -> int:
    """Count the pixels of which a channel is NaN or negative: (..., 3) -> int.

    There should be none; if there are, a kernel has a bug.
    """
    values = np.asarray(pixels)
    with np.errstate(invalid="ignore"):
        valid = values >= 0
    return int(valid.size // valid.shape[-1] - np.count_nonzero(valid.all(axis=-1)))


def develop(pixels: ArrayLike, curve: str = "srgb", exposure: float = 0.0) -> NDArray[np.uint8]:
    """Turn linear radiance into bytes, exactly as the canvas does.

    Parameters
    ----------
    pixels : (H, W, 3) array of float
        Linear Rec. 709 radiance, as half floats or anything that `to_half` takes.
    curve : str
        ``"srgb"``, ``"filmic"`` or ``"linear"``.
    exposure : float
        In stops.

    Returns
    -------
    (H, W, 3) array of uint8

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
    table = make_table(curve, exposure)
    values = np.asarray(pixels)
    if values.ndim != 3 or values.shape[2] != 3:
        raise PictureError(f"pixels must be an (H, W, 3) array, got shape {values.shape}")
    return table[np.ascontiguousarray(to_half(values)).view(np.uint16)]
