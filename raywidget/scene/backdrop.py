"""A picture that the camera sees behind everything."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.errors import SceneError
from raywidget.scene.textures.pixels import decoded, read_pixels
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Color
from raywidget.scene.values.colors import decode_srgb
from raywidget.scene.values.described import SceneObject
from raywidget.scene.values.given import as_whole

F32 = NDArray[np.float32]

FITS = ("cover", "contain", "stretch")
_MOST_PIXELS = 2**25
_KEPT = 4  # sizes, so that a camera in motion does not have it fitted anew


@dataclass(frozen=True, eq=False, repr=False)
class Backdrop(SceneObject):
    """A picture behind everything, fitted to the frame: only the camera sees it, straight on.

    It lights nothing, and neither mirrors nor glass show it; the environment does both. Each pixel
    shows what it has there, whatever the filter, the lens and the camera: where nothing covers, the
    render is the picture, and `Image.over` lays a cut-out over it alike.

    Parameters
    ----------
    image : path, (H, W, 3) array, Image or PIL image
        As in `ImageTexture`: integers without a sign are by the sRGB curve, floats are linear
        radiance. Grey pictures may have one channel; what is transparent is refused. At most 2^25
        pixels.
    fit : str
        ``"cover"``: the frame is filled, what is too wide or too high is cut off alike on both
        sides. ``"contain"``: all of it is seen, beside it is black. ``"stretch"``: as wide and as
        high as the frame, whatever becomes of its proportions.

    Raises
    ------
    SceneError
        If it is no picture, is transparent or negative, can't be read, or there is no such fit.

    Examples
    --------
    >>> import numpy as np
    >>> import raywidget as rw
    >>> wall = np.zeros((2, 4, 3), np.float32)
    >>> wall[:, 2:] = 1
    >>> rw.Backdrop(wall).frame(2, 2)[0].tolist()
    [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    """

    image: ArrayLike | str | os.PathLike[str]
    fit: str = field(default="cover", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.choice(self, "fit", self.fit, FITS)
        self._set(image=_checked_image(self, self.image))

    @cached_property
    def _frames(self) -> dict[tuple[int, int], F32]:
        return {}

    def frame(self, width: int, height: int) -> F32:
        """What is seen of it in a picture of that size: linear radiance, (height, width, 3).

        Where it is made smaller or larger, by a triangle as wide as a pixel of the coarser one. The
        array is read-only.

        Raises
        ------
        SceneError
            If there is no picture of such a size, or it has more than 2^25 pixels.
        """
        sides = as_whole(width), as_whole(height)
        wide, high = (0 if side is None else side for side in sides)
        if wide < 1 or high < 1 or wide * high > _MOST_PIXELS:
            raise SceneError(
                "Backdrop: frame: expected whole numbers of pixels, width and height, at most "
                f"{_MOST_PIXELS:,} in all, got {checks.show(width)}, {checks.show(height)}"
            )
        frame = self.table(wide, high).reshape(high, wide, 3)
        frame.setflags(write=False)
        return frame

    def table(self, width: int, height: int) -> F32:
        """The same as kernels have it, a row after the other: nobody writes into it."""
        key = width, height
        frame = self._frames.get(key)
        if frame is None:
            frame = self._fitted(width, height).ravel()
            while len(self._frames) >= _KEPT:
                self._frames.pop(next(iter(self._frames)), None)
            self._frames[key] = frame
        return frame

    def _fitted(self, width: int, height: int) -> F32:
        image: NDArray[Any] = np.asarray(self.image)
        rows, columns = image.shape[:2]
        scale_x, scale_y = width / columns, height / rows
        if self.fit != "stretch":
            scale_x = scale_y = (max if self.fit == "cover" else min)(scale_x, scale_y)
        # The part of it that is seen, in its pixels, and where that lies in the frame
        seen_x, seen_y = min(columns, width / scale_x), min(rows, height / scale_y)
        left, top = 0.5 * (columns - seen_x), 0.5 * (rows - seen_y)
        wide = min(width, max(1, round(seen_x * scale_x)))
        high = min(height, max(1, round(seen_y * scale_y)))
        frame = np.zeros((height, width, 3), np.float32)
        x, y = (width - wide) // 2, (height - high) // 2
        box = left, top, left + seen_x, top + seen_y
        for channel in range(3):
            part = _linear(image[:, :, channel if image.shape[2] == 3 else 0])
            frame[y : y + high, x : x + wide, channel] = _resized(part, wide, high, box)
        return frame


def checked_background(owner: object, value: Any) -> Color | Backdrop:
    """Check for a colour, or for whatever a `Backdrop` can be made of."""
    if isinstance(value, Backdrop):
        return value
    if _is_picture(value):
        try:
            return Backdrop(value)
        except SceneError as error:
            raise SceneError(f"{checks.label(owner)}: background: {error}") from None
    return checks.radiance(owner, "background", value)


def is_path(value: Any) -> bool:
    """Is it meant as a file, and not as the name of a colour?"""
    if isinstance(value, str):
        return os.path.basename(value) != value or bool(os.path.splitext(value)[1])
    return isinstance(value, os.PathLike)


def _is_picture(value: Any) -> bool:
    """Is something meant as a picture, and not as a colour?"""
    if is_path(value):
        return True
    if isinstance(getattr(value, "pixels", None), np.ndarray) or hasattr(value, "getbands"):
        return True
    try:
        return not isinstance(value, str) and np.ndim(value) > 1
    except ValueError:  # rows of different lengths
        return False


def _linear(values: NDArray[Any]) -> F32:
    if values.dtype == np.uint8:
        table = decode_srgb(np.arange(256) / 255.0).astype(np.float32)
        decoded_values: F32 = table[values]
        return decoded_values
    return np.ascontiguousarray(values, np.float32)


def _resized(values: F32, width: int, height: int, box: tuple[float, float, float, float]) -> F32:
    if values.shape == (height, width):  # of the size that is wanted, to the bit
        return values
    from PIL import Image

    picture = Image.fromarray(values)  # one number of 32 bits a pixel
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR, box=box))


def _as_file(picture: Any) -> Any:
    """A PIL picture that was not read from a file, as if it were."""
    picture = picture.copy()
    picture.tile = []
    return picture


def _checked_image(owner: Backdrop, value: Any) -> NDArray[Any]:
    """Bytes by the sRGB curve, or linear floats: (H, W, 1 or 3), read-only."""
    pixels: Any = getattr(value, "pixels", None)  # of an `Image`, of which scenes know nothing
    if isinstance(pixels, np.ndarray):
        if getattr(value, "alpha", None) is not None:
            raise checks.fail(
                owner, "image", "an opaque picture", value, "lay it over a colour: image.over(...)"
            )
        value = pixels
    elif hasattr(value, "getbands") and hasattr(value, "convert"):
        value = value if hasattr(value, "tile") else _as_file(value)
        value = decoded(value, value.copy)
    values, is_coded = read_pixels(owner, "image", value, _MOST_PIXELS)
    if values.shape[2] == 4:
        opaque = 255 if values.dtype == np.uint8 else 1.0
        if np.any(values[:, :, 3] < opaque):
            raise SceneError(
                f"{checks.label(owner)}: image must be opaque, got one that is transparent"
            )
        values = values[:, :, :3]
    if is_coded and values.dtype != np.uint8:
        values = decode_srgb(values).astype(np.float32)
    if values.dtype != np.uint8 and float(values.min()) < 0.0:
        raise checks.fail(owner, "image", "radiance of at least 0", float(values.min()))
    result = np.array(values, order="C")
    result.setflags(write=False)
    return result
