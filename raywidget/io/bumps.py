"""Pictures of heights, as older formats give relief, turned into normal maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.textures.pixels import read_pixels

_STEEPNESS = 2.0  # of the slope from black to white within one pixel


def normal_map(path: Path, is_normals: bool) -> dict[str, Any]:
    """What an `ImageTexture` of normals takes, from a file of normals, or of heights.

    Programs write both under one word: what is blue is a map of normals, unless it is known.

    Parameters
    ----------
    path : Path
    is_normals : bool
        They are normals for sure.
    """
    pixels = read_pixels("normal_map()", "image", path).values
    if is_normals or _looks_like_normals(pixels):
        return {"image": path, "encoding": "linear"}
    heights = pixels[:, :, :3].mean(axis=2, dtype=np.float32)
    if pixels.dtype == np.uint8:
        heights /= 255.0
    return {"image": normals_of_heights(heights), "encoding": "linear"}


def _looks_like_normals(pixels: NDArray[Any]) -> bool:
    if pixels.shape[2] < 3:
        return False
    some = pixels[:: 1 + pixels.shape[0] // 256, :: 1 + pixels.shape[1] // 256, :3]
    red, green, blue = some.reshape(-1, 3).mean(axis=0) / (255.0 if some.dtype == np.uint8 else 1.0)
    return bool(blue > 0.6 and abs(red - 0.5) < 0.2 and abs(green - 0.5) < 0.2)


def normals_of_heights(heights: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """(H, W, 3) normals, 0 to 1 for -1 to 1, of (H, W) heights from 0 to 1 that repeat.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.io.bumps import normals_of_heights
    >>> normals_of_heights(np.zeros((2, 2)))[0, 0].tolist()
    [0.5, 0.5, 1.0]
    """
    result = np.empty((*heights.shape, 3), np.float32)
    # Rows run down, v runs up.
    result[..., 0] = np.roll(heights, 1, axis=1) - np.roll(heights, -1, axis=1)
    result[..., 1] = np.roll(heights, -1, axis=0) - np.roll(heights, 1, axis=0)
    result[..., :2] *= 0.5 * _STEEPNESS
    result[..., 2] = 1.0
    result /= np.sqrt((result * result).sum(axis=2, keepdims=True))
    return result * np.float32(0.5) + np.float32(0.5)
