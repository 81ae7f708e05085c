"""What a picture with alpha is laid over: a colour, or another picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import PictureError, SceneError
from raywidget.scene.backdrop import Backdrop, is_path
from raywidget.scene.textures.pixels import read_pixels
from raywidget.scene.values import checks
from raywidget.scene.values.colors import decode_srgb

F32 = NDArray[np.float32]


def read_background(background: Any, shape: tuple[int, ...], settings: Any = None) -> F32:
    """Linear radiance that a picture of (height, width) can be laid over: (3,) or (H, W, 3).

    Parameters
    ----------
    background : colour, Image, path, array or Backdrop
        See `Image.over`.
    shape : (int, int)
        Height and width that a picture must have.
    settings : RenderSettings, optional
        Of the picture: a part of a whole shows that part of a backdrop.

    Raises
    ------
    PictureError
        If it is neither a colour nor a picture of that size; a backdrop is fitted to it.
    """
    try:
        if isinstance(background, Backdrop):
            return _behind(background, shape, settings)
        values = _radiance(background)
    except SceneError as error:
        told = str(error)
        raise PictureError(told if told.startswith("over: ") else f"over: {told}") from None
    if values.ndim == 3 and values.shape[:2] != shape:
        height, width = shape
        raise PictureError(
            f"over: the background must be as large as the picture, {width} x {height} pixels, "
            f"got {values.shape[1]} x {values.shape[0]}"
        )
    return values


def _behind(backdrop: Backdrop, shape: tuple[int, ...], settings: Any) -> F32:
    height, width = shape
    if settings is not None and settings.region is not None:
        x, y, wide, high = settings.region
        if (high, wide) == (height, width):  # and nobody has cut it since
            whole = backdrop.frame(settings.width, settings.height)
            return whole[y : y + high, x : x + wide]
    return backdrop.frame(width, height)


def _is_color(background: Any) -> bool:
    """Or is it of the form of a picture?"""
    try:
        return np.ndim(background) <= 1
    except ValueError:  # rows of different lengths
        return False


def _radiance(background: Any) -> F32:
    pixels: F32 | None = getattr(background, "pixels", None)
    if isinstance(pixels, np.ndarray):
        return pixels
    if not is_path(background) and (isinstance(background, str) or _is_color(background)):
        return np.asarray(checks.radiance("over", "background", background), np.float32)
    values, is_coded = read_pixels("over", "background", background)
    if values.shape[2] == 4:
        raise PictureError(
            "over: the background must be opaque: three channels, or an Image with its alpha"
        )
    if is_coded:
        scale = 255.0 if values.dtype == np.uint8 else 1.0
        values = decode_srgb(values / scale).astype(np.float32)
    return np.broadcast_to(values, (*values.shape[:2], 3))
