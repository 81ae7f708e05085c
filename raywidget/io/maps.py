"""Maps of a material: channels of pictures, where they are cut, and how they lie on a surface."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.textures.image_texture import Wrap

Affine: TypeAlias = NDArray[np.float64]  # (2, 3): what is done to (u, v, 1)
Picture: TypeAlias = NDArray[Any]  # (H, W, 1 to 4): bytes, or float32 from 0 to 1 of 16 bits
Wraps: TypeAlias = tuple[Wrap, Wrap]  # along u and v


def channel(picture: Picture, index: int) -> Picture:
    """(H, W, 1): one channel; of a grey picture r, g and b are the same, and alpha is 255."""
    channels = picture.shape[2]
    if index == 3 and channels < 4:
        return np.full((*picture.shape[:2], 1), white(picture), picture.dtype)
    at = 0 if channels == 1 else index
    return np.ascontiguousarray(picture[:, :, at : at + 1])


def white(picture: Picture) -> int:
    """The greatest number of a picture of its kind."""
    return 255 if picture.dtype == np.uint8 else 1


def colors(picture: Picture) -> Picture:
    """(H, W, 1 or 3): without alpha."""
    return np.ascontiguousarray(picture[:, :, :3])


def cut_out(alpha: Picture, factor: float, cutoff: float, wrap: Wraps) -> Picture:
    """(h, w, 1), 0 or 255: where alpha, bilinear between pixels, is at least the cutoff.

    The cut runs between pixels, so the picture is made up to four times as fine.
    """
    height, width = alpha.shape[:2]
    fine = next((n for n in (4, 2) if n * n * width * height <= 2**24), 1)
    values = alpha[:, :, 0].astype(np.float32) * np.float32(factor / white(alpha))
    for axis, along in ((0, wrap[1]), (1, wrap[0])):
        values = _finer(values, fine, axis, along)
    return np.where(values >= cutoff - 1e-6, np.uint8(255), np.uint8(0))[:, :, None]


def _finer(values: NDArray[np.float32], times: int, axis: int, wrap: Wrap) -> NDArray[np.float32]:
    if times == 1:
        return values
    size = values.shape[axis]
    places = (np.arange(size * times) + 0.5) / times - 0.5
    left = np.floor(places).astype(np.int64)
    share = (places - left).astype(np.float32)
    ends = [left, left + 1]
    if wrap == "repeat":
        ends = [end % size for end in ends]
    else:  # beyond the edge, its mirror image begins with the edge
        ends = [np.clip(end, 0, size - 1) for end in ends]
    if axis == 0:
        share = share[:, None]
    below, above = (np.take(values, end, axis=axis) for end in ends)
    return below * (1 - share) + above * share


def is_turned(transform: Affine) -> bool:
    """Does it do more than to stretch along u and v, and to shift?"""
    size = float(np.abs(transform[:, :2]).max())
    return max(abs(float(transform[0, 1])), abs(float(transform[1, 0]))) > 1e-6 * size


def after_inverse(transform: Affine, inner: Affine) -> Affine:
    """What is left to do to coordinates that `inner` has been done to."""
    whole = np.vstack([transform, (0.0, 0.0, 1.0)])
    done = np.vstack([inner, (0.0, 0.0, 1.0)])
    return np.asarray((whole @ np.linalg.inv(done))[:2])
