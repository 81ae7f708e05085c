"""Files of pictures whose numbers Pillow does not give as they are: floats, and colours of 16 bits.

Files may come from anywhere: their size is looked at before their pixels are, and nothing in them
is executed. Each reader returns (H, W, 1 to 4) values, integers as they are in the file or floats;
it raises `TooLarge` or whatever its decoder does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.values.primaries import Chromaticities, to_rec709

Values = NDArray[Any]
Reader = Callable[[Path, int], Values]


class TooLarge(Exception):
    """A picture's width and height, as read from its header."""


def check_size(width: int, height: int, most: int) -> None:
    """Refuse what has no pixels, or more than `most`."""
    if not (width >= 1 and height >= 1 and width * height <= most):
        raise TooLarge(f"{width} x {height}")


def read_npy(path: Path, most: int) -> Values:
    """An array that numpy has saved."""
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.ndim not in (2, 3):
        raise ValueError(f"it must hold an (H, W, 3) array of numbers, got {array.shape}")
    check_size(array.shape[1], array.shape[0], most)
    return np.array(array)


def read_exr(path: Path, most: int) -> Values:
    """OpenEXR: R, G, B or Y, with or without A; colours as Rec. 709, whatever the file's are."""
    import OpenEXR

    with OpenEXR.File(str(path), header_only=True) as file:
        header = dict(file.header())
    (left, top), (right, bottom) = header["dataWindow"]
    check_size(int(right) - int(left) + 1, int(bottom) - int(top) + 1, most)
    with OpenEXR.File(str(path), separate_channels=True) as file:
        channels = {name: channel.pixels for name, channel in file.channels().items()}
    if all(name in channels for name in "RGB"):
        names = "RGBA" if "A" in channels else "RGB"
    elif "Y" in channels:
        if "RY" in channels or "BY" in channels:
            raise ValueError("its colours are luminance and chroma: save it as R, G, B")
        names = "YYYA" if "A" in channels else "Y"
    else:
        raise ValueError(f"it has no channels R, G, B, only {', '.join(channels)}")
    values = np.stack([channels[name].astype(np.float32) for name in names], axis=-1)
    if "chromaticities" in header and names.startswith("RGB"):
        values[..., :3] = to_rec709(values[..., :3], Chromaticities(*header["chromaticities"]))
    return values


# --- Portable maps: https://netpbm.sourceforge.net/doc/, https://www.pauldebevec.com/Research/HDR/PFM/

_MAP = re.compile(
    rb"(P5|P6|Pf|PF)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+"
    rb"([-+.0-9eE]+)\s"
)
_HEADER_BYTES = 4096


def read_map(path: Path, most: int) -> Values:
    """Binary PGM, PPM and PFM; integers are stretched to all of their bits."""
    with path.open("rb") as file:
        header = _MAP.match(file.read(_HEADER_BYTES))
        if header is None:
            raise ValueError("its header is not that of a binary PGM, PPM or PFM")
        kind, width, height = header[1], int(header[2]), int(header[3])
        check_size(width, height, most)
        file.seek(header.end())
        channels = 3 if kind in (b"P6", b"PF") else 1
        count = width * height * channels
        if kind in (b"Pf", b"PF"):
            order = "<f4" if float(header[4]) < 0.0 else ">f4"
            values = _counted(file.read(4 * count), order, count)
            return values.reshape(height, width, channels)[::-1]  # the lowest row comes first
        highest = int(header[4])
        if not 1 <= highest <= 65535:
            raise ValueError(f"its greatest number must be 1 to 65535, got {highest}")
        order, full = (">u2", 65535) if highest > 255 else ("u1", 255)
        codes = _counted(file.read(np.dtype(order).itemsize * count), order, count)
        codes = codes.reshape(height, width, channels)
        if highest == full:
            return codes.astype(codes.dtype.newbyteorder("="))
        return np.round(np.minimum(codes / highest, 1.0) * 65535.0).astype(np.uint16)


def _counted(data: bytes, order: str, count: int) -> Values:
    if len(data) < np.dtype(order).itemsize * count:
        raise ValueError("it ends before its pixels do")
    return np.frombuffer(data, order, count=count)


# --- Radiance RGBE (Ward 1991, "Real pixels", Graphics Gems II) -----------------------------------


def read_hdr(path: Path, most: int) -> Values:
    """Shared exponents; flat, or coded in runs."""
    data = path.read_bytes()
    if not data.startswith((b"#?RADIANCE", b"#?RGBE")):
        raise ValueError("it does not begin with #?RADIANCE")
    end = data.find(b"\n\n")
    if end < 0:
        raise ValueError("its header does not end")
    if b"FORMAT=32-bit_rle_xyze" in data[:end]:
        raise ValueError("its colours are XYZ, not RGB")
    exposure = 1.0
    for line in data[:end].split(b"\n"):
        name, _, value = line.partition(b"=")
        if name.strip() == b"EXPOSURE":  # each is multiplied with the numbers already
            exposure *= float(value)
    if not 0.0 < exposure < np.inf:
        raise ValueError(f"its exposure must be > 0, it is {exposure}")
    line_end = data.find(b"\n", end + 2)
    words = data[end + 2 : line_end].split()
    if len(words) != 4 or words[0] != b"-Y" or words[2] != b"+X":
        raise ValueError("its rows must run from the top and from the left (-Y height +X width)")
    height, width = int(words[1]), int(words[3])
    check_size(width, height, most)
    codes = _decode_rgbe(data, line_end + 1, width, height)
    exponent = codes[..., 3:].astype(np.int32)
    values = codes[..., :3] * np.exp2(exponent - 136.0) / exposure  # mantissa / 256 * 2^(e - 128)
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
