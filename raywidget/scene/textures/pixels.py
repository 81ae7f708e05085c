"""Pictures that go into scenes: from files, through Pillow, or from the user's arrays.

Files may come from anywhere: their size is known and bounded before they are decoded, and formats
that run code are not read.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.values import checks
from raywidget.scene.values.checks import LARGEST, fail, label

MAX_PIXELS = 2**26  # of one picture: 8192 x 8192

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "TGA", "PPM", "GIF")
_EXPECTED = "a path, or an (H, W, 3), (H, W, 4), (H, W, 1) or (H, W) array of floats or uint8"


def read_pixels(owner: object, field: str, value: object) -> NDArray[Any]:
    """Check a path or an array for a picture; returns (H, W, 1 to 4), uint8 or float32.

    The first row is the top of the picture. Bytes stay bytes; numbers of 16 bits become floats from
    0 to 1, not decoded.
    """
    if isinstance(value, str | os.PathLike):
        return _read_file(owner, field, checks.path(owner, field, value))
    return _checked_array(owner, field, value)


def _checked_array(owner: object, field: str, value: object) -> NDArray[Any]:
    array = checks.array(owner, field, value, _EXPECTED)
    if array.ndim == 2:
        array = array[:, :, None]
    shape_is_right = array.ndim == 3 and array.shape[2] in (1, 3, 4) and min(array.shape) > 0
    if not shape_is_right or not (array.dtype.kind == "f" or array.dtype == np.uint8):
        advice = ""
        if array.ndim == 3 and array.dtype.kind in "iu" and array.dtype != np.uint8:
            advice = "convert integers: .astype(np.uint8), or / 65535 for 16 bits"
        raise fail(owner, field, _EXPECTED, value, advice)
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise fail(owner, field, f"of at most {MAX_PIXELS} pixels", value)
    if array.dtype == np.uint8:
        return np.array(array, order="C")
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(array) <= LARGEST)
    if bad.any():
        row, column = np.argwhere(bad)[0][:2]
        raise SceneError(
            f"{label(owner)}: {field} must be finite and within +-{LARGEST:g}, "
            f"got {array[row, column].tolist()} at row {row}, column {column}"
        )
    return np.array(array, np.float32, order="C")


def _read_file(owner: object, field: str, path: Path) -> NDArray[Any]:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings(), Image.open(path, formats=_FORMATS) as picture:
            warnings.simplefilter("ignore")  # the bound below is ours
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise SceneError(
                    f"{label(owner)}: {field} must have at most {MAX_PIXELS} pixels, "
                    f"{str(path)!r} has {width} x {height}"
                )
            if picture.mode.startswith("I;16"):
                return np.asarray(picture).astype(np.float32)[:, :, None] / np.float32(65535.0)
            if picture.mode == "F":
                return _checked_array(owner, field, np.asarray(picture))
            return np.array(picture.convert(_mode_of(picture)), np.uint8).reshape(height, width, -1)
    except UnidentifiedImageError:
        known = ", ".join(_FORMATS)
        raise SceneError(
            f"{label(owner)}: {field} must be a picture ({known}), {str(path)!r} is not one"
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise SceneError(
            f"{label(owner)}: {field} must be a picture that can be read, "
            f"{str(path)!r} cannot: {error}"
        ) from error


def _mode_of(picture: Any) -> str:
    """L, RGB or RGBA: what keeps all that the file holds."""
    if picture.mode in ("L", "1"):
        return "L"
    has_alpha = "A" in picture.getbands() or "transparency" in picture.info
    return "RGBA" if has_alpha else "RGB"
