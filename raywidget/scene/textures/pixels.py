"""Pictures that go into scenes: from files, or from the user's arrays.

What numbers mean follows from their kind, alike in files and in arrays: integers without a sign are
colours as screens show them, from 0 to the greatest of their kind, and floats are linear. Integers
with a sign do not say what is white, and are refused.

Files may come from anywhere: their size is known and bounded before they are decoded, and formats
that run code are not read.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.textures import files
from raywidget.scene.values import checks
from raywidget.scene.values.checks import LARGEST, fail, label

MAX_PIXELS = 2**26  # of one picture: 8192 x 8192

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "TGA", "PPM", "GIF")
_EXPECTED = (
    "a path, or an (H, W, 3), (H, W, 4), (H, W, 1) or (H, W) array of numbers: "
    "floats, uint8 or uint16"
)
_BY_SUFFIX: dict[str, files.Reader] = {
    ".exr": files.read_exr,
    ".hdr": files.read_hdr,
    ".npy": files.read_npy,
    ".pic": files.read_hdr,
}
_BY_BEGINNING: dict[bytes, files.Reader] = {
    b"\x76\x2f\x31\x01": files.read_exr,
    b"\x93NUMPY": files.read_npy,
    b"#?RADIANCE": files.read_hdr,
    b"#?RGBE": files.read_hdr,
    **dict.fromkeys((b"P5", b"P6", b"Pf", b"PF"), files.read_map),
}


class Pixels(NamedTuple):
    """A picture as it is, the first row on top."""

    values: NDArray[Any]  # (H, W, 1 to 4): uint8, or float32, where other integers go from 0 to 1
    is_coded: bool  # by the sRGB curve, as integers are


def read_pixels(owner: object, field: str, value: object, most: int = MAX_PIXELS) -> Pixels:
    """Check a path or an array for a picture of at most so many pixels.

    Raises
    ------
    SceneError
        If it is no picture, is too large, holds numbers that are not finite or do not say what is
        white, or can't be read.
    """
    if isinstance(value, str | os.PathLike):
        return _read_file(owner, field, value, most)
    array = checks.array(owner, field, value, _EXPECTED)
    if isinstance(value, list | tuple) and array.dtype.kind in "iu":
        array = array.astype(np.float32)  # written down by hand: numbers as they are
    return _checked(owner, field, array, most)


def _checked(owner: object, field: str, array: NDArray[Any], most: int) -> Pixels:
    if array.ndim == 2:
        array = array[:, :, None]
    shape_is_right = array.ndim == 3 and array.shape[2] in (1, 3, 4) and min(array.shape) > 0
    if not shape_is_right or array.dtype.kind not in "buif":
        raise fail(owner, field, _EXPECTED, array)
    if array.dtype.kind == "i":
        advice = (
            "integers with a sign do not say what is white: .astype(np.uint8) for bytes, "
            ".astype(np.uint16) for 16 bits, .astype(float) for linear light"
        )
        raise fail(owner, field, _EXPECTED, array, advice)
    if array.shape[0] * array.shape[1] > most:
        raise fail(owner, field, f"of at most {most} pixels", array)
    if array.dtype == np.bool_:
        return Pixels(array.astype(np.uint8) * np.uint8(255), True)
    if array.dtype == np.uint8:
        return Pixels(np.array(array, order="C"), True)
    if array.dtype.kind == "u":
        white = float(np.iinfo(array.dtype).max)
        return Pixels(np.array(array / white, np.float32, order="C"), True)
    array = array.astype(np.promote_types(array.dtype, np.float32), copy=False)
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(array) <= LARGEST)
    if bad.any():
        row, column = np.argwhere(bad)[0][:2]
        raise SceneError(
            f"{label(owner)}: {field} must be finite and within +-{LARGEST:g}, "
            f"got {array[row, column].tolist()} at row {row}, column {column}"
        )
    return Pixels(without_undershoot(np.array(array, np.float32, order="C")), False)


def without_undershoot(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Set to 0 what rounding and resampling have left just below, in place.

    That is where it is neither much beside the brightest number nor, all in all, beside the light
    of the picture.
    """
    low = float(values.min())
    if low < 0.0 and -low <= 1e-2 * float(values.max()):
        negative = values < 0.0
        lost = -float(values.sum(where=negative, dtype=np.float64))
        if lost <= 1e-3 * float(values.sum(where=~negative, dtype=np.float64)):
            values[negative] = 0.0
    return values


# --- Files ----------------------------------------------------------------------------------------


def _read_file(owner: object, field: str, path: str | os.PathLike[str], most: int) -> Pixels:
    source = checks.path(owner, field, path)
    try:
        with source.open("rb") as file:
            beginning = file.read(16)
    except (OSError, ValueError) as error:
        told = f"can't read {str(path)!r}: {error}"
        if isinstance(error, FileNotFoundError):
            told = f"there is no file {str(path)!r}"
            if not source.is_absolute():
                told += f"; paths count from {str(Path.cwd())!r}"
        raise SceneError(f"{label(owner)}: {field}: {told}") from None
    read = _BY_SUFFIX.get(source.suffix.lower())
    if read is None:
        starts = (b for b in _BY_BEGINNING if beginning.startswith(b))
        read = next((_BY_BEGINNING[b] for b in starts), None)
    if read is None:
        return _read_with_pillow(owner, field, source, most)
    try:
        array = read(source, most)
    except files.TooLarge as error:
        raise SceneError(
            f"{label(owner)}: {field} must be of 1 to {most:,} pixels, got {error} in {str(path)!r}"
        ) from None
    except ModuleNotFoundError as error:
        raise SceneError(
            f"{label(owner)}: {field}: {source.suffix} needs the {error.name} package: "
            'pip install "raywidget[io]"'
        ) from None
    except Exception as error:  # whatever a decoder raises on a damaged file
        raise SceneError(
            f"{label(owner)}: {field}: can't read {str(path)!r} as a picture: {error}"
        ) from error
    return _checked(owner, f"{field} {str(path)!r}", array, most)


def _read_with_pillow(owner: object, field: str, path: Path, most: int) -> Pixels:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings(), Image.open(path, formats=_FORMATS) as picture:
            warnings.simplefilter("ignore")  # the bound below is ours
            width, height = picture.size
            if width * height > most:
                raise SceneError(
                    f"{label(owner)}: {field} must be of 1 to {most:,} pixels, "
                    f"got {width} x {height} in {str(path)!r}"
                )
            array = decoded(picture, lambda: Image.open(path, formats=_FORMATS))
    except UnidentifiedImageError:
        known = ", ".join((*_FORMATS, "EXR", "HDR", "PFM", "NPY"))
        advice = ""
        if path.suffix.lower() in (".tif", ".tiff"):
            advice = "; of TIFFs with floats, only grey ones are read: save it as EXR"
        raise SceneError(
            f"{label(owner)}: {field} must be a picture ({known}), {str(path)!r} is not one{advice}"
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise SceneError(
            f"{label(owner)}: {field} must be a picture that can be read, "
            f"{str(path)!r} cannot: {error}"
        ) from error
    return _checked(owner, f"{field} {str(path)!r}", array, most)


def decoded(picture: Any, again: Callable[[], Any]) -> NDArray[Any]:
    """The numbers of an open picture in the kind that the file has; `again` opens it once more."""
    width, height = picture.size
    if picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16)
    if picture.mode == "I":
        return _grey_integers(picture)
    if picture.mode == "F":
        return np.asarray(picture)
    deep = _colors_of_16_bits(picture, again)
    if deep is not None:
        return deep
    return np.array(picture.convert(_mode_of(picture)), np.uint8).reshape(height, width, -1)


_BITS_PER_SAMPLE, _SAMPLE_FORMAT = 258, 339  # TIFF 6.0
_UNSIGNED = 1


def _grey_integers(picture: Any) -> NDArray[Any]:
    """Pillow's integers of 32 bits are of 16 in all formats but TIFF."""
    numbers = np.asarray(picture)
    if picture.format != "TIFF":
        return np.asarray(np.clip(numbers, 0, 65535).astype(np.uint16))
    formats = picture.tag_v2.get(_SAMPLE_FORMAT, (_UNSIGNED,))
    bits = picture.tag_v2.get(_BITS_PER_SAMPLE, (32,))[0]
    if formats[0] != _UNSIGNED:
        return numbers
    return numbers.astype(np.uint16) if bits == 16 else numbers.astype(np.int32).view(np.uint32)


_OTHER_HALF = {"B": "L", "L": "B", "N": "B"}  # of an order of bytes, the one that swaps them


def _colors_of_16_bits(picture: Any, again: Callable[[], Any]) -> NDArray[Any] | None:
    """Colours of 16 bits, of which Pillow gives the upper 8; None for other pictures.

    It decodes the file twice: told that the bytes are in the other order, it gives the lower 8.
    """
    if len(picture.tile) != 1 or picture.mode not in ("RGB", "RGBA"):
        return None
    tile = picture.tile[0]
    args = (tile.args,) if isinstance(tile.args, str) else tile.args
    if not (isinstance(args, tuple) and args and isinstance(args[0], str)):
        return None
    mode, _, order = args[0].partition(";16")
    if mode not in ("RGB", "RGBA", "RGBX") or order not in _OTHER_HALF:
        return None
    if order == "N" and sys.byteorder != "little":
        return None
    swapped = f"{mode};16{_OTHER_HALF[order]}"
    with again() as second:
        other = swapped if isinstance(tile.args, str) else (swapped, *args[1:])
        second.tile = [second.tile[0]._replace(args=other)]
        low = np.array(second, np.uint16)
    high = np.array(picture, np.uint16)
    return high << 8 | low


def _mode_of(picture: Any) -> str:
    """L, LA, RGB or RGBA: what keeps all that the file holds."""
    if picture.mode in ("L", "1"):
        return "L"
    has_alpha = "A" in picture.getbands() or "transparency" in picture.info
    return "RGBA" if has_alpha else "RGB"
