"""Textures -> rows of the texture tables, and their pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.surfaces.fields import Fields
from raywidget.errors import SceneError
from raywidget.kernels import layout
from raywidget.kernels.layout import F32, I32
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.textures import Attribute, Checkerboard, Gradient, Texture
from raywidget.scene.values.colors import decode_srgb

_WRAPS = {"repeat": layout.WRAP_REPEAT, "mirror": layout.WRAP_MIRROR, "clamp": layout.WRAP_CLAMP}
_MOST_ELEMENTS = 2**31 - 1  # offsets are int32


class TextureTables(NamedTuple):
    """See layout."""

    codes: I32
    values: F32
    texels: F32
    texel_bytes: layout.U8


class TextureRows:
    """Gives each texture a row, and each array of pixels a place."""

    def __init__(self) -> None:
        # By id of the objects, which the scene keeps alive.
        self._rows: dict[tuple[int, int, bool], int] = {}
        self._codes: list[I32] = []
        self._values: list[F32] = []
        steps = np.arange(256) / 255.0
        self._floats: list[F32] = [np.concatenate([steps, decode_srgb(steps)]).astype(np.float32)]
        self._bytes: list[layout.U8] = []

    def unlit_row(self, fields: Fields) -> int:
        """The row of what a shape gives off of its values' colours."""
        key = (0, id(fields), False)
        if key not in self._rows:
            codes = np.zeros(layout.TEXTURE_CODES_SIZE, np.int32)
            values = np.zeros(layout.TEXTURE_SIZE, np.float32)
            codes[layout.TEXTURE_KIND] = layout.ATTRIBUTE
            codes[layout.TEXTURE_CHILDREN] = -1
            codes[layout.TEXTURE_FIELD] = fields.first
            values[layout.TEXTURE_COLORS] = fields.unlit
            self._rows[key] = len(self._codes)
            self._codes.append(codes)
            self._values.append(values)
        return self._rows[key]

    def constant_row(self, owner: object, color: NDArray[np.float64]) -> int:
        """A row that has one colour everywhere."""
        key = (id(owner), hash(color.tobytes()), True)
        if key not in self._rows:
            codes = np.zeros(layout.TEXTURE_CODES_SIZE, np.int32)
            values = np.zeros(layout.TEXTURE_SIZE, np.float32)
            codes[layout.TEXTURE_KIND] = layout.RAMP
            values[layout.TEXTURE_COLORS : layout.TEXTURE_COLORS + 6] = [*color, *color]
            self._rows[key] = len(self._codes)
            self._codes.append(codes)
            self._values.append(values)
        return self._rows[key]

    def row_of(
        self, texture: Texture, fields: Fields | None = None, as_number: bool = False
    ) -> int:
        """The row of a texture, on a shape with these fields, as a colour or a number."""
        key = (id(texture), 0, False)
        if fields is not None and any(isinstance(part, Attribute) for part in texture.parts()):
            key = (id(texture), id(fields), as_number)
        if key not in self._rows:
            codes = np.zeros(layout.TEXTURE_CODES_SIZE, np.int32)
            values = np.zeros(layout.TEXTURE_SIZE, np.float32)
            if isinstance(texture, Checkerboard):
                self._pack_checkerboard(texture, codes, values, fields, as_number)
            elif isinstance(texture, ImageTexture):
                self._pack_image(texture, codes, values)
            elif isinstance(texture, Gradient):
                codes[layout.TEXTURE_KIND] = layout.RAMP
                codes[layout.TEXTURE_AXIS] = "uv".index(texture.axis)
                values[layout.TEXTURE_COLORS : layout.TEXTURE_COLORS + 3] = texture.bottom
                values[layout.TEXTURE_COLORS + 3 : layout.TEXTURE_COLORS + 6] = texture.top
            elif isinstance(texture, Attribute):
                codes[layout.TEXTURE_KIND] = layout.ATTRIBUTE
                times = texture.times
                codes[layout.TEXTURE_CHILDREN] = -1 if times is None else self.row_of(times)
                _pack_field(texture, codes, values, fields, as_number)
            else:  # the scene admits no other
                raise AssertionError(f"no row for {type(texture).__name__}")
            self._rows[key] = len(self._codes)
            self._codes.append(codes)
            self._values.append(values)
        return self._rows[key]

    def tables(self) -> TextureTables:
        """All rows and pixels."""
        return TextureTables(
            np.array(self._codes, np.int32).reshape(-1, layout.TEXTURE_CODES_SIZE),
            np.array(self._values, np.float32).reshape(-1, layout.TEXTURE_SIZE),
            np.concatenate(self._floats),
            # Kernels load four bytes at a time, the last of which may lie behind a pixel.
            np.concatenate([*self._bytes, np.zeros(3, np.uint8)]),
        )

    def _pack_checkerboard(
        self,
        texture: Checkerboard,
        codes: I32,
        values: F32,
        fields: Fields | None,
        as_number: bool,
    ) -> None:
        codes[layout.TEXTURE_KIND] = layout.CHECKERBOARD
        values[layout.TEXTURE_SCALE : layout.TEXTURE_SCALE + 2] = texture.scale
        for k, color in enumerate((texture.color_a, texture.color_b)):
            if isinstance(color, Texture):
                codes[layout.TEXTURE_CHILDREN + k] = self.row_of(color, fields, as_number)
            else:
                codes[layout.TEXTURE_CHILDREN + k] = -1
                at = layout.TEXTURE_COLORS + 3 * k
                values[at : at + 3] = color

    def _pack_image(self, texture: ImageTexture, codes: I32, values: F32) -> None:
        pixels: NDArray[np.float32] | layout.U8 = texture.pixels
        codes[layout.TEXTURE_KIND] = layout.IMAGE
        (
            codes[layout.TEXTURE_HEIGHT],
            codes[layout.TEXTURE_WIDTH],
            codes[layout.TEXTURE_CHANNELS],
        ) = pixels.shape
        across, up = (_WRAPS[wrap] for wrap in texture.wraps)
        codes[layout.TEXTURE_WRAP] = across | up << layout.WRAP_BITS
        codes[layout.TEXTURE_NEAREST] = texture.filter == "nearest"
        codes[layout.TEXTURE_SECOND] = texture.uvs == 2
        values[layout.TEXTURE_SCALE : layout.TEXTURE_SCALE + 2] = texture.scale
        values[layout.TEXTURE_OFFSET : layout.TEXTURE_OFFSET + 2] = texture.offset
        values[layout.TEXTURE_COLORS : layout.TEXTURE_COLORS + 3] = texture.factor
        if pixels.dtype == np.uint8:
            codes[layout.TEXTURE_STORAGE] = (
                layout.TEXELS_SRGB if texture.is_srgb else layout.TEXELS_LINEAR
            )
            codes[layout.TEXTURE_FIRST] = _append(self._bytes, pixels)
        else:
            codes[layout.TEXTURE_STORAGE] = layout.TEXEL_FLOATS
            codes[layout.TEXTURE_FIRST] = _append(
                self._floats, texture.decoded().astype(np.float32)
            )
        manner = 1
        for flag in (
            codes[layout.TEXTURE_STORAGE] == layout.TEXEL_FLOATS,
            codes[layout.TEXTURE_NEAREST],
            codes[layout.TEXTURE_SECOND],
            codes[layout.TEXTURE_CHANNELS] == 3,
        ):
            manner = 2 * manner + int(flag)
        wraps = 1 << 2 * layout.WRAP_BITS
        codes[layout.TEXTURE_MANNER] = manner * wraps + codes[layout.TEXTURE_WRAP]


def _pack_field(
    texture: Attribute, codes: I32, values: F32, fields: Fields | None, as_number: bool
) -> None:
    """What an attribute reads of a shape: its colours (-1), or a field."""
    codes[layout.TEXTURE_FIELD] = -1 if fields is None else fields.row_of(texture)
    values[layout.TEXTURE_COLORS] = 1.0 if fields is None or as_number else 1.0 - fields.unlit
    if fields is None:
        return
    if as_number and texture.attribute != "color":  # of colours it is the mean
        codes[layout.TEXTURE_NUMBER] = 1
        values[layout.TEXTURE_SCALE], values[layout.TEXTURE_OFFSET] = fields.as_number(texture)


def _append(parts: list[NDArray], more: NDArray) -> int:  # type: ignore[type-arg]
    """Put the elements of an array at the end; where that was."""
    first = sum(len(part) for part in parts)
    if first + more.size > _MOST_ELEMENTS:
        raise SceneError("Scene: all its textures together must have less than 2^31 numbers")
    parts.append(more.ravel())
    return first
