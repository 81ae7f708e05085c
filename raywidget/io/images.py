"""Pictures into files, in the format that the suffix names."""

from __future__ import annotations

import importlib
import io
import itertools
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import PictureError
from raywidget.io.atomic import check_writable, replacing
from raywidget.io.png import write_png
from raywidget.io.tiff import write_tiff
from raywidget.scene.values.checks import show
from raywidget.scene.values.paths import user_path

_ROWS = 64  # of a picture that is written row by row, at a time


class Rows(Protocol):
    """A picture of which rows are asked for: an array, or what makes them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W, 3)."""

    def __getitem__(self, rows: Any, /) -> NDArray[np.float32]:
        """Some of the rows, by a slice."""


class _Picture(NamedTuple):
    """What a writer may choose from; bytes are only made for the formats that want them."""

    linear: Rows  # (H, W, 3)
    shown: Callable[[], Iterable[NDArray[Any]]]  # (rows, W, 3), or 4 with straight alpha
    aovs: Mapping[str, NDArray[Any]]  # (H, W) or (H, W, 3)
    alpha: NDArray[np.float32] | None  # (H, W); `linear` is premultiplied by it
    text: Mapping[str, str]  # what the file says of itself
    quality: int  # 0 to 100, of formats that lose something
    dpi: float | None
    title: str  # what a viewer calls it

    def channels(self, rows: slice) -> NDArray[np.float32]:
        """Some rows of RGB, or of RGB premultiplied by alpha and alpha."""
        pixels = np.ascontiguousarray(self.linear[rows], dtype=np.float32)
        return pixels if self.alpha is None else np.dstack([pixels, self.alpha[rows]])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of all `channels`."""
        height, width = self.linear.shape[:2]
        return height, width, 3 if self.alpha is None else 4


def encode_png(width: int, height: int, strips: Iterable[NDArray[Any]]) -> bytes:
    """Encode rows of bytes, from the top, as a PNG: see `png.write_png`."""
    buffer = io.BytesIO()
    write_png(buffer, width, height, strips)
    return buffer.getvalue()


def _write_png(path: Path, picture: _Picture) -> None:
    height, width, _ = picture.shape
    with path.open("wb") as file:
        write_png(file, width, height, picture.shown(), picture.text, picture.dpi)


def _write_npy(path: Path, picture: _Picture) -> None:
    with path.open("wb") as file:
        head = {"descr": "<f4", "fortran_order": False, "shape": picture.shape}
        np.lib.format.write_array_header_1_0(file, head)
        for top in range(0, picture.shape[0], _ROWS):
            rows = slice(top, min(picture.shape[0], top + _ROWS))
            file.write(picture.channels(rows).astype("<f4", copy=False).data)


def _write_npz(path: Path, picture: _Picture) -> None:
    arrays = {"pixels": np.asarray(picture.linear, dtype=np.float32), **picture.aovs}
    if picture.alpha is not None:
        arrays["alpha"] = picture.alpha
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


# What compositors and denoisers call the channels of a layer; one of a number each is its Z or X.
_CHANNELS = {"normal": "XYZ", "denoise_normal": "XYZ", "position": "XYZ", "depth": "Z"}


def exr_channels(name: str, values: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
    """The channels of a layer, by their full names."""
    numbers = np.asarray(values, np.float32)
    if numbers.ndim == 2:
        return {f"{name}.{_CHANNELS.get(name, 'X')}": np.ascontiguousarray(numbers)}
    letters = _CHANNELS.get(name, "RGB")
    return {
        f"{name}.{letter}": np.ascontiguousarray(numbers[..., k])
        for k, letter in enumerate(letters)
    }


def _write_exr(path: Path, picture: _Picture) -> None:
    import OpenEXR

    # Without chromaticities in the header the primaries are those of Rec. 709, which is right.
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    header |= {_exr_name(name): value for name, value in picture.text.items()}
    if picture.dpi is not None:
        header["xDensity"] = float(picture.dpi)
    whole = picture.channels(slice(0, picture.shape[0]))
    channels = {"RGB" if picture.alpha is None else "RGBA": whole}
    for name, values in picture.aovs.items():
        channels |= exr_channels(name, values)
    OpenEXR.File(header, channels).write(str(path))


def _exr_name(keyword: str) -> str:
    """Attributes have names as variables have, and some are known: see its documentation."""
    known = {"Software": "software", "Comment": "comments", "Title": "comments"}
    return known.get(keyword, keyword.replace("-", "_"))


def _write_tif(path: Path, picture: _Picture) -> None:
    strips = iter(picture.shown())
    first = next(strips)
    again = itertools.chain([first], strips)
    if first.dtype != np.uint16:
        _write_small_tif(path, picture._replace(shown=lambda: again))
        return
    height, width, _ = picture.shape
    with path.open("wb") as file:
        write_tiff(file, width, height, again, picture.text, picture.dpi)


def _write_by_pillow(kind: str, **options: Any) -> Callable[[Path, _Picture], None]:
    """Formats of 8 bits that Pillow writes well."""

    def write(path: Path, picture: _Picture) -> None:
        from PIL import Image as Pillow
        from PIL.TiffImagePlugin import ImageFileDirectory_v2

        strips = list(picture.shown())
        shown = Pillow.fromarray(np.concatenate(strips))
        chosen = dict(options)
        if kind in ("JPEG", "WEBP", "AVIF"):
            chosen["quality"] = picture.quality
        if kind == "JPEG" and picture.quality >= 90:
            chosen["subsampling"] = 0
        if kind in ("JPEG", "PDF") and shown.mode == "RGBA":  # they know no transparency
            white = Pillow.new("RGB", shown.size, "white")
            white.paste(shown, mask=shown.getchannel("A"))
            shown = white
        if picture.dpi is not None and kind == "PDF":
            chosen["resolution"] = picture.dpi
        elif picture.dpi is not None and kind in ("JPEG", "TIFF"):
            chosen["dpi"] = (picture.dpi, picture.dpi)
        if kind in ("JPEG", "WEBP", "AVIF") and (picture.text or picture.dpi is not None):
            exif = Pillow.Exif()
            if picture.text:
                exif[0x0131] = picture.text.get("Software", "raywidget")
                exif[0x010E] = "; ".join(f"{k}: {v}" for k, v in picture.text.items())
            if picture.dpi is not None:
                exif[0x011A] = exif[0x011B] = picture.dpi
                exif[0x0128] = 2  # inches
            chosen["exif"] = exif.tobytes()
        if kind == "PDF":  # without dates, so that equal pictures are equal files
            chosen |= {"title": picture.title, "creationDate": None, "modDate": None}
        if picture.text and kind == "PDF":
            chosen["producer"] = picture.text.get("Software", "raywidget")
            chosen["subject"] = "; ".join(f"{k}: {v}" for k, v in picture.text.items())
        elif picture.text and kind == "TIFF":
            tags = ImageFileDirectory_v2()
            tags[305] = picture.text.get("Software", "raywidget")
            tags[270] = "; ".join(f"{k}: {v}" for k, v in picture.text.items())
            chosen["tiffinfo"] = tags
        shown.save(path, format=kind, **chosen)

    return write


def _write_hdr(path: Path, picture: _Picture) -> None:
    """Radiance's RGBE, without run lengths (Ward 1991, "Real pixels")."""
    height, width, _ = picture.shape
    with path.open("wb") as file:
        lines = ["#?RADIANCE", *(f"{k}={v}" for k, v in picture.text.items() if "\n" not in v)]
        lines += ["FORMAT=32-bit_rle_rgbe", "", f"-Y {height} +X {width}", ""]
        file.write("\n".join(lines).encode("utf-8"))
        for top in range(0, height, _ROWS):
            light = picture.linear[slice(top, min(height, top + _ROWS))]
            light = np.nan_to_num(np.maximum(light, 0.0), posinf=1.7e38)
            largest = np.maximum(light.max(axis=2), np.float32(1e-37))
            exponent = np.frexp(largest)[1]
            mantissas = np.floor(np.ldexp(light, 8 - exponent[..., None]))
            coded = np.empty((*light.shape[:2], 4), np.uint8)
            coded[..., :3] = np.minimum(mantissas, 255)
            coded[..., 3] = np.clip(exponent + 128, 0, 255)
            coded[light.max(axis=2) < 1e-38] = 0
            file.write(coded.tobytes())


_write_small_tif = _write_by_pillow("TIFF", compression="tiff_deflate")

_WRITERS: dict[str, Callable[[Path, _Picture], None]] = {
    ".png": _write_png,
    ".npy": _write_npy,
    ".npz": _write_npz,
    ".exr": _write_exr,
    ".jpg": _write_by_pillow("JPEG", optimize=True),
    ".jpeg": _write_by_pillow("JPEG", optimize=True),
    ".webp": _write_by_pillow("WEBP", method=4),
    ".avif": _write_by_pillow("AVIF"),
    ".tif": _write_tif,
    ".tiff": _write_tif,
    ".pdf": _write_by_pillow("PDF"),
    ".hdr": _write_hdr,
}

SUFFIXES: tuple[str, ...] = tuple(_WRITERS)
"""The formats that pictures can be saved in."""


def check_path(path: str | os.PathLike[str]) -> Path:
    """Check that a picture could be saved there, before it is rendered.

    Raises
    ------
    PictureError
        If the suffix is unknown, its package is not installed, or the folder is missing.
    """
    try:
        target = user_path(path)
    except ValueError as error:
        raise PictureError(f"can't save the picture: {error}") from None
    known = ", ".join(SUFFIXES)
    if not target.suffix:
        raise PictureError(f"{str(path)!r} must end in one of {known}")
    if target.suffix.lower() not in _WRITERS:
        raise PictureError(f"{str(path)!r} must end in one of {known}, got {target.suffix!r}")
    if target.suffix.lower() == ".exr":
        try:
            importlib.import_module("OpenEXR")
        except ImportError as error:
            broken = (
                "" if isinstance(error, ModuleNotFoundError) else f", which is broken ({error})"
            )
            raise PictureError(
                f'.exr needs the OpenEXR package{broken}: pip install "raywidget[io]" '
                "(or save as .npy, which needs nothing)"
            ) from None
    if target.suffix.lower() == ".avif":
        from PIL import features

        if not features.check("avif"):
            raise PictureError(".avif needs Pillow 11.3 or newer; save as .webp or .png")
    try:
        # What a link points to is replaced, not the link.
        target = Path(os.path.realpath(target))
        target.lstat()
    except FileNotFoundError:
        pass  # it is new
    except OSError as error:  # a name that is too long, a folder that may not be looked into, ...
        raise PictureError(f"can't save {show(path)}: {error.strerror or error}") from None
    if target.is_dir():
        raise PictureError(f"can't save {str(path)!r}: it is a folder")
    if not target.parent.is_dir():
        raise PictureError(f"can't save {str(path)!r}: there is no folder {str(target.parent)!r}")
    return target


def check_output(path: str | os.PathLike[str]) -> Path:
    """Check as `check_path` does, and that the folder can be written to: before a long render.

    Raises
    ------
    PictureError
        If no picture could be saved there now.
    """
    target = check_path(path)
    try:
        check_writable(target)
    except OSError as error:
        raise PictureError(f"can't save {str(path)!r}: {error.strerror or error}") from None
    return target


def save_picture(
    path: str | os.PathLike[str],
    *,
    linear: Rows,
    shown: Callable[[], Iterable[NDArray[Any]]],
    aovs: Mapping[str, NDArray[Any]] | None = None,
    alpha: NDArray[np.float32] | None = None,
    text: Mapping[str, str] | None = None,
    quality: int = 92,
    dpi: float | None = None,
) -> None:
    """Save a picture; what was there before is replaced only once all is written.

    Parameters
    ----------
    path : path-like
        Ends in one of `SUFFIXES`.
    linear : (H, W, 3) array of float32
        Linear Rec. 709 radiance; premultiplied, if there is alpha.
    shown : callable
        Returns strips of the developed picture from the top, (rows, W, 3) bytes, for formats of 8
        bits; (rows, W, 4) with straight colours, if there is alpha.
    aovs : mapping of str to array, optional
        Other quantities of the same pixels, for formats that hold layers.
    alpha : (H, W) array of float32, optional
        How much of each pixel is covered.
    text : mapping of str to str, optional
        What the file says of itself, in formats that have room for it.
    quality : int
        0 to 100, of formats that lose something.
    dpi : float, optional
        Pixels per inch, for all but NPY, NPZ and HDR.

    Raises
    ------
    PictureError
        If the suffix is unknown, or the file can't be written.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.io.images import save_picture
    >>> save_picture("a.gif", linear=np.zeros((1, 1, 3), np.float32), shown=None)
    Traceback (most recent call last):
    raywidget.errors.PictureError: 'a.gif' must end in one of .png, .npy, .npz, .exr, .jpg, .jpeg, \
.webp, .avif, .tif, .tiff, .pdf, .hdr, got '.gif'
    """
    target = check_path(path)
    write = _WRITERS[target.suffix.lower()]
    try:
        with replacing(target) as part:
            told = text or {}
            title = told.get("Title", target.stem)  # not that of `part`
            write(part, _Picture(linear, shown, aovs or {}, alpha, told, quality, dpi, title))
    except (OSError, RuntimeError, ValueError) as error:  # OpenEXR raises the latter
        raise PictureError(f"can't save {str(path)!r}: {error}") from error
