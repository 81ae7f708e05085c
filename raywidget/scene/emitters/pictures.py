"""Pictures of light: radiance in all directions, from arrays and files."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.textures.pixels import Pixels, read_pixels
from raywidget.scene.values.checks import fail, label
from raywidget.scene.values.colors import decode_srgb

MAX_TEXELS = 2**25  # 8192 x 4096; 12 bytes each

F32 = NDArray[np.float32]


def checked_picture(owner: object, field: str, value: Any) -> F32:
    """Check for (H, W, 3) radiances >= 0, or a file with them; returns a copy.

    What numbers mean `read_pixels` says: the curve of bytes is undone. Greys get three channels,
    the alpha of a file is left out.
    """
    pixels = read_pixels(owner, field, value, MAX_TEXELS)
    channels = pixels.values.shape[2]
    if channels == 4 and isinstance(value, np.ndarray):
        advice = "leave out the fourth channel: image[..., :3]"
        raise fail(owner, field, "an (H, W, 3) array of numbers, or a path", value, advice)
    result = _linear(pixels)
    if result.min() < 0.0:
        y, x = np.argwhere(result < 0.0)[0][:2]
        raise SceneError(
            f"{label(owner)}: {field} must be finite and >= 0, "
            f"got {result[y, x].tolist()} in row {y}, column {x}; "
            "if that comes from resampling, clip it: numpy.maximum(image, 0)"
        )
    result.setflags(write=False)
    return result


def _linear(pixels: Pixels) -> F32:
    values = pixels.values
    values = values[..., :3] if values.shape[2] >= 3 else values[..., :1]
    if values.dtype == np.uint8:
        values = decode_srgb(np.arange(256) / 255.0).astype(np.float32)[values]
    elif pixels.is_coded:
        values = decode_srgb(values).astype(np.float32)
    return np.array(np.broadcast_to(values, (*values.shape[:2], 3)), np.float32, order="C")
