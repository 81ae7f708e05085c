"""Pictures of a stage, from files and out of packages, as textures."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.maps import Affine, Wraps
from raywidget.io.notes import Notes
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.pixels import Pixels, read_pixels
from raywidget.scene.values.colors import decode_srgb

MAX_PIXELS = 1 << 29  # of all pictures of a stage

_CHANNELS = {"r": 0, "g": 1, "b": 2, "a": 3}


class Lying(NamedTuple):
    """How a picture lies on a surface."""

    transform: Affine
    wraps: Wraps


class Pictures:
    """Reads pictures, each once, and makes textures of them."""

    def __init__(self, told: dict[str, Any], notes: Notes) -> None:
        self._told = told
        self._notes = notes
        self._read: dict[str, Pixels | None] = {}
        self._textures: dict[Any, ImageTexture] = {}
        self._left = MAX_PIXELS

    def pixels(self, name: str | None, place: str) -> Pixels | None:
        """A picture; None, with a note, if it can't be read."""
        if name is None:
            return None
        if name not in self._read:
            self._read[name] = self._decoded(name, place)
        return self._read[name]

    def _decoded(self, name: str, place: str) -> Pixels | None:
        content = self._told.get(name)
        try:
            if content is None:
                found = read_pixels("a texture", "file", name)
            else:
                with tempfile.TemporaryDirectory(prefix="raywidget-") as folder:
                    # The suffix tells the format, and is the only part of the name that is used.
                    suffix = Path(name.rstrip("]")).suffix
                    safe = suffix if suffix[1:].isascii() and suffix[1:].isalnum() else ""
                    path = Path(folder) / f"picture{safe}"
                    path.write_bytes(content.tobytes())
                    found = read_pixels("a texture", "file", path)
        except SceneError as error:
            short = Path(name.rstrip("]")).name
            reason = str(error).rsplit(": ", 1)[-1][:200]
            self._notes.add(f"the picture {short!r} can't be read ({reason}); left out", place)
            return None
        self._left -= found.values.shape[0] * found.values.shape[1]
        if self._left < 0:
            raise SceneError(f"{place}: the pictures must have at most {MAX_PIXELS:,} pixels")
        return found

    def texture(
        self, told: dict[str, Any], lying: Lying, place: str, *, top: float = 1.0
    ) -> ImageTexture | None:
        """A texture of colours, or of one channel, times the scale, plus the bias, up to `top`."""
        pixels = self.pixels(told["picture"], place)
        if pixels is None:
            return None
        key = (str(told), lying.transform.tobytes(), lying.wraps, top)
        if key not in self._textures:
            values, is_srgb, scale, bias = chosen(pixels, told)
            factor = scale
            white = 1.0 if values.dtype == np.uint8 else float(values.max(initial=0.0))
            if any(bias) or min(scale) < 0.0 or max(scale) * white > top:
                values = np.clip(linear(values, is_srgb) * scale + bias, 0.0, top)
                values, is_srgb, factor = values.astype(np.float32), False, [1.0]
            self._textures[key] = self._made(values, is_srgb, factor, lying)
        return self._textures[key]

    def normals(self, told: dict[str, Any], lying: Lying, place: str) -> ImageTexture | None:
        """A texture of normals, 0 to 1 for -1 to 1.

        Pictures without scale and bias are taken as if they had those that the specification asks
        for (2 and -1), and none as sRGB.
        """
        pixels = self.pixels(told["picture"], place)
        if pixels is None or pixels.values.shape[2] < 3:
            return None
        key = ("normals", str(told), lying.transform.tobytes(), lying.wraps)
        if key not in self._textures:
            values, _, scale, bias = chosen(pixels, {**told, "channel": "rgb", "space": "raw"})
            usual = scale == [2.0] * 3 and bias == [-1.0] * 3
            if not usual and not (scale == [1.0] * 3 and bias == [0.0] * 3):
                moved = linear(values, False) * scale + bias
                values = np.clip(0.5 * moved + 0.5, 0.0, 1.0).astype(np.float32)
            self._textures[key] = self._made(values, False, [1.0], lying)
        return self._textures[key]

    def made(self, values: NDArray[Any], lying: Lying) -> ImageTexture:
        """A texture of numbers that were made from a picture."""
        return self._made(values, False, [1.0], lying)

    def _made(
        self, values: NDArray[Any], is_srgb: bool, factor: list[float], lying: Lying
    ) -> ImageTexture:
        transform = lying.transform
        r, g, b = factor * 3 if len(factor) == 1 else factor
        return ImageTexture(
            values,
            wrap=lying.wraps,
            encoding="srgb" if is_srgb else "linear",
            scale=(float(transform[0, 0]) or 1e-9, float(transform[1, 1]) or 1e-9),
            offset=(float(transform[0, 2]), float(transform[1, 2])),
            factor=(r, g, b),
        )


def chosen(
    pixels: Pixels, told: dict[str, Any]
) -> tuple[NDArray[Any], bool, list[float], list[float]]:
    """The channels that are asked for, whether they are sRGB, and their scale and bias."""
    values = pixels.values
    scale, bias = (_four(told[name], name == "scale") for name in ("scale", "bias"))
    space = told["space"]
    is_srgb = pixels.is_coded and (
        space == "sRGB" or (space != "raw" and values.dtype == np.uint8 and values.shape[2] >= 3)
    )
    channel = told["channel"]
    if channel not in _CHANNELS:
        if values.shape[2] != 3:
            values = np.ascontiguousarray(values[:, :, :3] if values.shape[2] > 3 else values)
        return values, is_srgb, scale[:3], bias[:3]
    index = _CHANNELS[channel]
    count = values.shape[2]
    if index == 3 and count < 4:
        full = np.uint8(255) if values.dtype == np.uint8 else np.float32(1.0)
        values = np.full((*values.shape[:2], 1), full)
    else:
        at = 0 if count == 1 else index
        values = np.ascontiguousarray(values[:, :, at : at + 1])
    return values, is_srgb and index < 3, [scale[index]], [bias[index]]


def linear(values: NDArray[Any], is_srgb: bool) -> NDArray[np.float64]:
    """Numbers of a picture as they are meant."""
    result = values.astype(np.float64)
    if values.dtype == np.uint8:
        result /= 255.0
    return decode_srgb(result) if is_srgb else result


def _four(value: Any, is_scale: bool) -> list[float]:
    default = 1.0 if is_scale else 0.0
    if not isinstance(value, list) or len(value) != 4:
        return [default] * 4
    return [float(v) if np.isfinite(v) else default for v in value]
