"""Pictures as files that a page downloads: linear light, from the kernel."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np

from raywidget.errors import PictureError
from raywidget.picture.image import Image

MOST_PIECES = 4096  # that pages take, as `js/src/wire/protocol.js` has it
PIECE = 256 * 1024  # bytes: far below what hosts and proxies let through in one message


def make_file(image: Image, suffix: str) -> list[bytes]:
    """A picture as an ``exr``, ``npz`` or ``png`` file, in pieces of at most 256 kB.

    Raises
    ------
    PictureError
        If the package that writes it isn't installed, or the file is larger than 1 GiB.
    """
    data = _npz(image) if suffix == "npz" else _saved(image, suffix)
    return in_pieces(data, f"save it in Python: widget.image.save('picture.{suffix}')")


def in_pieces(data: bytes, remedy: str) -> list[bytes]:
    """A file as pages take it.

    Raises
    ------
    PictureError
        If it is larger than 1 GiB; with what to do instead.
    """
    if len(data) > PIECE * MOST_PIECES:
        raise PictureError(
            f"the file has {len(data) / 1e6:,.0f} MB, more than a page can take; {remedy}"
        )
    return [data[start : start + PIECE] for start in range(0, max(len(data), 1), PIECE)]


def _npz(image: Image) -> bytes:
    """``pixels`` (H, W, 3) float32, ``alpha`` (H, W) if there is any, and the samples in them."""
    buffer = io.BytesIO()
    arrays = {"pixels": image.pixels, "spp": np.asarray(image.spp)}
    if image.alpha is not None:
        arrays["alpha"] = image.alpha
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _saved(image: Image, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="raywidget-") as folder:
        path = Path(folder, f"picture.{suffix}")
        image.save(path)
        return path.read_bytes()
