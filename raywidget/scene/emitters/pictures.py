"""Pictures that a scene is made of: arrays that are checked, and files that are read.

Files may come from anywhere: their size is looked at before their pixels are, and nothing in them
is executed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.textures.pixels import read_pixels
from raywidget.scene.values import checks
from raywidget.scene.values.checks import LARGEST, fail, label
from raywidget.scene.values.colors import decode_srgb

MAX_TEXELS = 2**25  # 8192 x 4096; 12 bytes each

F32 = NDArray[np.float32]


def checked_picture(owner: object, field: str, value: Any) -> F32:
    """Check for an (H, W, 3) array of finite numbers >= 0, or a file with one; returns a copy."""
    if isinstance(value, str | os.PathLike):
        array: NDArray[Any] = read_picture(owner, field, value)
    else:
        array = checks.array(owner, field, value, "an (H, W, 3) array or a path")
        if array.ndim != 3 or array.shape[2] != 3 or array.dtype.kind not in "iuf":
            advice = ""
            if array.ndim == 3 and array.shape[2] == 4:
                advice = "leave out the fourth channel: image[..., :3]"
            raise fail(owner, field, "an (H, W, 3) array of numbers, or a path", array, advice)
    if not 1 <= array.shape[0] * array.shape[1] <= MAX_TEXELS:
        raise fail(owner, field, f"of 1 to {MAX_TEXELS:,} texels", array)
    result = np.array(array, dtype=np.float32, order="C")
    low, high = float(result.min()), float(result.max())
    if not (low >= 0.0 and high <= LARGEST):  # NaN compares false
        y, x = np.argwhere(~((result >= 0.0) & (result <= LARGEST)).all(axis=2))[0]
        raise SceneError(
            f"{label(owner)}: {field} must be finite, >= 0 and <= {LARGEST:g}, "
            f"got {result[y, x].tolist()} in row {y}, column {x}"
        )
    result.setflags(write=False)
    return result


def read_picture(owner: object, field: str, path: str | os.PathLike[str]) -> F32:
    """Read a file as (H, W, 3) linear Rec. 709 values.

    Integers are taken to be coded by the sRGB curve.

    Raises
    ------
    SceneError
        If there is no such file, its format is unknown or needs a package that is not installed, it
        is damaged or too large.
    """
    source = checks.path(owner, field, path)
    if not source.is_file():
        raise SceneError(f"{label(owner)}: {field}: there is no file {str(path)!r}")
    read = _READERS.get(source.suffix.lower())
    if read is None:
        return _linear(read_pixels(owner, field, source), source.suffix.lower())
    try:
        return read(source)
    except _TooLarge as error:
        raise SceneError(
            f"{label(owner)}: {field} must be of 1 to {MAX_TEXELS:,} texels, "
            f"got {error} in {str(path)!r}"
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


class _TooLarge(Exception):
    """A picture's width and height, as read from its header."""


def _check_size(width: int, height: int) -> None:
    if not (width >= 1 and height >= 1 and width * height <= MAX_TEXELS):
        raise _TooLarge(f"{width} x {height}")


def _linear(pixels: NDArray[Any], suffix: str) -> F32:
    """What `read_pixels` gives, as (H, W, 3) without the curve and without opacity."""
    if pixels.dtype == np.uint8:
        values = decode_srgb(np.arange(256) / 255.0).astype(np.float32)[pixels]
    elif suffix in (".tif", ".tiff"):
        values = pixels
    else:  # 16 bits
        values = decode_srgb(pixels).astype(np.float32)
    return values[..., :3] if values.shape[2] >= 3 else np.repeat(values[..., :1], 3, axis=2)


def _read_npy(path: Path) -> F32:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype.kind not in "iuf":
        raise ValueError(f"it must hold an (H, W, 3) array of numbers, got {array.shape}")
    _check_size(array.shape[1], array.shape[0])
    return np.array(array, np.float32)


def _read_exr(path: Path) -> F32:
    import OpenEXR

    with OpenEXR.File(str(path), header_only=True) as file:
        (left, top), (right, bottom) = file.header()["dataWindow"]
    _check_size(int(right) - int(left) + 1, int(bottom) - int(top) + 1)
    with OpenEXR.File(str(path), separate_channels=True) as file:
        channels = {name: channel.pixels for name, channel in file.channels().items()}
        if all(name in channels for name in "RGB"):
            return np.stack([channels[name] for name in "RGB"], axis=-1).astype(np.float32)
        if "Y" in channels:
            return np.repeat(channels["Y"].astype(np.float32)[..., None], 3, axis=2)
    raise ValueError(f"it has no channels R, G, B, only {', '.join(channels)}")


# --- Radiance RGBE (Ward 1991, "Real pixels", Graphics Gems II) -----------------------------------


def _read_hdr(path: Path) -> F32:
    data = path.read_bytes()
    if not data.startswith((b"#?RADIANCE", b"#?RGBE")):
        raise ValueError("it does not begin with #?RADIANCE")
    end = data.find(b"\n\n")
    if end < 0:
        raise ValueError("its header does not end")
    if b"FORMAT=32-bit_rle_xyze" in data[:end]:
        raise ValueError("its colours are XYZ, not RGB")
    line_end = data.find(b"\n", end + 2)
    words = data[end + 2 : line_end].split()
    if len(words) != 4 or words[0] != b"-Y" or words[2] != b"+X":
        raise ValueError("its rows must run from the top and from the left (-Y height +X width)")
    height, width = int(words[1]), int(words[3])
    _check_size(width, height)
    codes = _decode_rgbe(data, line_end + 1, width, height)
    exponent = codes[..., 3:].astype(np.int32)
    values = codes[..., :3] * np.exp2(exponent - 136.0)  # mantissa / 256 * 2^(e - 128)
    return np.where(exponent > 0, values, 0.0).astype(np.float32)


def _decode_rgbe(data: bytes, at: int, width: int, height: int) -> NDArray[np.uint8]:
    """Four bytes a pixel, (height, width, 4), out of flat or run-length coded rows."""
    codes = np.empty((height, width, 4), np.uint8)
    marker = bytes((2, 2, width >> 8, width & 255))
    if not 8 <= width < 32768 or data[at : at + 4] != marker:  # flat
        flat = np.frombuffer(data, np.uint8, count=height * width * 4, offset=at)
        if (flat.reshape(-1, 4)[:, :3] == 1).all(axis=1).any():
            raise ValueError("it is coded in runs of the old kind")
        return flat.reshape(height, width, 4)
    for row in range(height):
        if data[at : at + 4] != marker:
            raise ValueError(f"row {row} does not begin as it must")
        at += 4
        for channel in range(4):
            line = bytearray()
            while len(line) < width:
                count = data[at]
                if count > 128:
                    line += data[at + 1 : at + 2] * (count - 128)
                    at += 2
                elif count > 0:
                    line += data[at + 1 : at + 1 + count]
                    at += 1 + count
                else:
                    raise ValueError(f"row {row} holds a run of length 0")
            if len(line) != width:
                raise ValueError(f"row {row} is too long")
            codes[row, :, channel] = np.frombuffer(bytes(line), np.uint8)
    return codes


_READERS: dict[str, Callable[[Path], F32]] = {
    ".exr": _read_exr,
    ".hdr": _read_hdr,
    ".npy": _read_npy,
    ".pic": _read_hdr,
}
