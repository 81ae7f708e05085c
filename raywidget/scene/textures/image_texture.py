"""Pictures on surfaces."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.scene.textures.pixels import read_pixels
from raywidget.scene.textures.textures import Texture
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Color, ColorLike
from raywidget.scene.values.colors import decode_srgb
from raywidget.scene.values.given import as_whole

Wrap: TypeAlias = Literal["repeat", "mirror", "clamp"]

_CHANNELS = {"r": 0, "g": 1, "b": 2, "a": 3}


@dataclass(frozen=True, eq=False, repr=False)
class ImageTexture(Texture):
    """A picture on a surface, from a file or an array.

    The lower left corner of the picture lies at (u, v) = (0, 0), its upper right corner at (1, 1):
    v points up, row 0 of an array is at the top.

    Parameters
    ----------
    image : path or array
        A PNG, JPEG, TIFF, BMP, WebP, TGA, PPM, GIF, EXR, HDR, PFM or NPY file, or an (H, W, 3),
        (H, W, 1), (H, W) or (H, W, 4) array of floats, uint8 or uint16. At most 2^26 pixels. What
        a path holds is read once, when the texture is made. An alpha channel is left out of
        colours; see `channel`. Primaries that an EXR names are converted to Rec. 709. What rounding
        has left just below 0 becomes 0.
    wrap : {"repeat", "mirror", "clamp"}, or two of them
        What is seen outside of [0, 1]: the picture again, its mirror image, or its edge; two words
        are for u and for v.
    filter : {"bilinear", "nearest"}
        How colours are found between pixel centres.
    encoding : {"srgb", "linear"}, optional
        What the numbers mean: colours by the sRGB curve, or proportional to light. By default
        "srgb" for integers (0 is black, the greatest of their kind white), "linear" for floats and
        where `channel` picks data. Normal maps must be "linear".
    scale : (float, float) or float
        Pictures per unit of u and of v, not 0; one number serves both.
    offset : (float, float)
        Is added to (u, v) after scaling.
    channel : {"r", "g", "b", "a"}, optional
        Take this channel alone, as a grey: the roughness in the green one of a glTF texture, the
        opacity in the alpha of a leaf.
    factor : colour
        Is multiplied with every pixel, >= 0: a tint, or a radiance for a texture of emission.
    uvs : {1, 2}
        By which surface coordinates it lies: 2 means `Mesh.uvs2`, where a mesh has them. Not for
        normal maps.

    Raises
    ------
    SceneError
        If the file can't be read or is too large, or a value is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> import raywidget as rw
    >>> pixels = np.zeros((2, 2, 3), np.uint8)
    >>> pixels[0] = 255  # the upper row is white
    >>> stripes = rw.ImageTexture(pixels, filter="nearest")
    >>> stripes.evaluate([(0.5, 0.75), (0.5, 0.25)])
    array([[1., 1., 1.],
           [0., 0., 0.]])
    >>> rw.Diffuse(stripes)
    Diffuse(color=ImageTexture(image=<2x2x3 uint8>, filter='nearest'))
    """

    image: str | os.PathLike[str] | NDArray[Any]
    wrap: Wrap | tuple[Wrap, Wrap] = field(default="repeat", kw_only=True)
    filter: Literal["bilinear", "nearest"] = field(default="bilinear", kw_only=True)
    encoding: Literal["srgb", "linear"] | None = field(default=None, kw_only=True)
    scale: tuple[float, float] | float = field(default=(1.0, 1.0), kw_only=True)
    offset: tuple[float, float] = field(default=(0.0, 0.0), kw_only=True)
    channel: Literal["r", "g", "b", "a"] | None = field(default=None, kw_only=True)
    factor: ColorLike = field(default=(1.0, 1.0, 1.0), kw_only=True)
    uvs: Literal[1, 2] = field(default=1, kw_only=True)
    pixels: NDArray[Any] = field(init=False)  # (H, W, 1 or 3), uint8 or float32
    is_coded: bool = field(init=False)  # as integers are, unless `encoding` says otherwise

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(wrap=_checked_wrap(self, self.wrap))
        checks.choice(self, "filter", self.filter, ("bilinear", "nearest"))
        if self.encoding is not None:
            checks.choice(self, "encoding", self.encoding, ("srgb", "linear"))
        if self.channel is not None:
            checks.choice(self, "channel", self.channel, tuple(_CHANNELS))
        scale = checks.pair(self, "scale", self.scale)
        if 0.0 in scale:
            raise checks.fail(self, "scale", "pictures per unit, not 0", self.scale)
        if as_whole(self.uvs) not in (1, 2):
            raise checks.fail(self, "uvs", "1 or 2: Mesh.uvs, or Mesh.uvs2", self.uvs)
        pixels, is_coded = read_pixels(self, "image", self.image)
        if isinstance(self.image, str | os.PathLike):
            self._set(image=os.fspath(self.image))
        else:
            pixels.setflags(write=False)
            self._set(image=pixels)
        self._set(
            scale=scale,
            offset=checks.pair(self, "offset", self.offset),
            factor=checks.radiance(self, "factor", self.factor),
            pixels=self._chosen(pixels),
            is_coded=is_coded,
        )

    def _chosen(self, pixels: NDArray[Any]) -> NDArray[Any]:
        channels = pixels.shape[2]
        if self.channel is None:
            chosen = pixels[:, :, : 3 if channels >= 3 else 1]
        else:
            index = _CHANNELS[self.channel]
            if channels == 1 and index < 3:
                index = 0  # grey: all three are the same
            if index >= channels:
                raise checks.fail(
                    self, "channel", f"one of a picture with {channels} channels", self.channel
                )
            chosen = pixels[:, :, index : index + 1]
        chosen = np.ascontiguousarray(chosen)
        chosen.setflags(write=False)
        return chosen

    @property
    def wraps(self) -> tuple[Wrap, Wrap]:
        """How it goes on along u and along v."""
        return (self.wrap, self.wrap) if isinstance(self.wrap, str) else self.wrap

    @property
    def is_srgb(self) -> bool:
        """Are the numbers coded by the sRGB curve?"""
        if self.encoding is not None:
            return self.encoding == "srgb"
        return self.channel is None and self.is_coded

    def decoded(self) -> NDArray[np.float64]:
        """The pixels as linear light, without the factor: (H, W, 1 or 3)."""
        return self._as_light(self.pixels)

    def _as_light(self, pixels: NDArray[Any]) -> NDArray[np.float64]:
        """Some of the pixels, decoded; of bytes there are 256 only."""
        if pixels.dtype == np.uint8:
            levels = np.arange(256) / 255.0
            return np.asarray((decode_srgb(levels) if self.is_srgb else levels)[pixels])
        values = pixels.astype(np.float64)
        return decode_srgb(values) if self.is_srgb else values

    def evaluate(self, uv: ArrayLike) -> NDArray[np.float64]:
        """Colours at surface coordinates, (..., 2) -> (..., 3)."""
        height, width = self.pixels.shape[:2]
        uv = np.asarray(uv, dtype=np.float64) * self.scale + self.offset
        u, v = (_brought_near(uv[..., k], wrap) for k, wrap in enumerate(self.wraps))
        x, y = u * width, (1.0 - v) * height

        def pixel(column: NDArray[Any], row: NDArray[Any]) -> NDArray[Any]:
            across, up = self.wraps
            row, column = _wrapped(row, height, up), _wrapped(column, width, across)
            return self._as_light(self.pixels[row, column])

        if self.filter == "nearest":
            values = pixel(np.floor(x), np.floor(y))
        else:
            left, top = np.floor(x - 0.5), np.floor(y - 0.5)
            a, b = (x - 0.5 - left)[..., None], (y - 0.5 - top)[..., None]
            upper = pixel(left, top) * (1.0 - a) + pixel(left + 1, top) * a
            lower = pixel(left, top + 1) * (1.0 - a) + pixel(left + 1, top + 1) * a
            values = upper * (1.0 - b) + lower * b
        return np.asarray(values * np.asarray(self.factor))

    def value_range(self) -> tuple[float, float]:
        """The least and the greatest number that any channel takes anywhere."""
        return self._range

    @cached_property
    def _range(self) -> tuple[float, float]:
        # Decoding is monotonic: the extremes are enough, of each channel where they are tinted
        # differently (numpy takes ten times as long for three channels that lie side by side).
        pixels, factor = self.pixels, np.asarray(self.factor)
        is_tinted = factor.min() < factor.max()
        parts = np.moveaxis(pixels, 2, 0) if is_tinted else [pixels]
        extremes = np.array([[part.min() for part in parts], [part.max() for part in parts]])
        values = self._as_light(extremes) * (factor if is_tinted else factor[0])
        return float(values.min()), float(values.max())

    def mean(self) -> Color:
        """The mean colour of the picture."""
        return self._mean

    @cached_property
    def _mean(self) -> Color:
        r, g, b = np.broadcast_to(self.decoded().mean(axis=(0, 1)), 3) * np.asarray(self.factor)
        return (float(r), float(g), float(b))


def _checked_wrap(owner: ImageTexture, value: object) -> Wrap | tuple[Wrap, Wrap]:
    known = ("repeat", "mirror", "clamp")
    if not isinstance(value, tuple | list):
        checks.choice(owner, "wrap", value, known)
        return cast(Wrap, value)
    if len(value) != 2:
        raise checks.fail(owner, "wrap", "one word, or two for u and v", value)
    for item in value:
        checks.choice(owner, "wrap", item, known)
    u, v = value
    return u if u == v else (u, v)


def _brought_near(uv: NDArray[Any], wrap: Wrap) -> NDArray[np.float64]:
    """Coordinates at which the same is seen, whose rows and columns are integers of 64 bits."""
    if wrap == "clamp":
        return np.asarray(np.clip(np.nan_to_num(uv, nan=0.0), -1.0, 2.0))
    finite = np.where(np.isfinite(uv), uv, 0.0)
    return np.asarray(np.where(np.abs(finite) < 16.0, finite, np.mod(finite, 2.0)))


def _wrapped(index: NDArray[Any], size: int, wrap: Wrap) -> NDArray[np.int64]:
    whole = index.astype(np.int64)
    if wrap == "repeat":
        return whole % size
    if wrap == "mirror":
        whole = whole % (2 * size)
        return np.where(whole < size, whole, 2 * size - 1 - whole)
    return np.clip(whole, 0, size - 1)
