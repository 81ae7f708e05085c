"""Textures -> pictures, samplers and textures of glTF.

Colours are sRGB there and data are linear, of 8 or 16 bits. What is stored so already goes as it
is; all else becomes 16 bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.io.gltf.writing.sheaf import Sheaf, Tree
from raywidget.scene.textures.image_texture import ImageTexture, Wrap
from raywidget.scene.textures.textures import Attribute, Checkerboard, Gradient, Texture
from raywidget.scene.values.colors import encode_srgb

TRANSFORM = "KHR_texture_transform"

_WRAPS = {"repeat": 10497, "clamp": 33071, "mirror": 33648}
_NEAREST, _LINEAR, _MIPMAPS = 9728, 9729, 9987
_FINE = 1024  # pixels along each side of what has to be painted anew

Numbers = NDArray[Any]  # (H, W, channels): uint8 or uint16


class Lie(NamedTuple):
    """How a picture lies on a surface; pictures that lie alike can share one."""

    size: tuple[int, int]
    wrap: tuple[Wrap, Wrap]
    filter: str
    scale: tuple[float, float]
    offset: tuple[float, float]
    uvs: int = 1  # the first texture coordinates, or the second


class Map(NamedTuple):
    """A picture that is ready to be written, and what it is multiplied with."""

    numbers: Numbers  # (H, W, 1 or 3)
    factor: tuple[float, float, float]
    lie: Lie


class Maps:
    """Writes textures into a sheaf."""

    def __init__(self, sheaf: Sheaf) -> None:
        self._sheaf = sheaf
        self._colors: dict[Any, Map] = {}
        self._kept: list[Any] = []  # what ids in keys belong to

    def color(self, texture: Texture, most: float) -> Map:
        """A texture of colours, with a factor of at most `most`."""
        return self._remembered("color", texture, most)

    def number(self, texture: Texture) -> Map:
        """A texture of numbers in [0, 1]: the mean of its channels."""
        return self._remembered("number", texture, 1.0)

    def vector(self, texture: Texture) -> Map:
        """A normal map."""
        return self._remembered("vector", texture, 0.0)

    def _remembered(self, kind: str, texture: Texture, most: float) -> Map:
        key = (kind, id(texture), most)
        if key not in self._colors:
            self._kept.append(texture)
            picture = self.picture(texture)
            if kind == "color":
                result = self._color(picture, most)
            elif kind == "number":
                result = self._number(picture)
            else:
                result = self._vector(picture)
            self._colors[key] = result
        return self._colors[key]

    # --- Numbers ---------------------------------------------------------------------------------

    def picture(self, texture: Texture) -> ImageTexture:
        """Any texture as a picture."""
        if isinstance(texture, ImageTexture):
            return texture
        plain = not any(isinstance(part, Texture) for part in vars(texture).values())
        if isinstance(texture, Checkerboard) and plain:
            # Four squares are all that there is to it.
            a, b = np.array(texture.color_a), np.array(texture.color_b)
            u, v = texture.scale if isinstance(texture.scale, tuple) else (texture.scale,) * 2
            return ImageTexture(
                np.array([[b, a], [a, b]]), filter="nearest", scale=(0.5 * u, 0.5 * v)
            )
        if isinstance(texture, Gradient):
            # Between the centres of two pixels a picture is the same blend.
            ends = np.array([texture.top, texture.bottom])
            if texture.axis == "u":
                strip, scale, offset = ends[None, ::-1], (0.5, 1.0), (0.25, 0.0)
            else:
                strip, scale, offset = ends[:, None], (1.0, 0.5), (0.0, 0.25)
            return ImageTexture(strip, wrap="clamp", scale=scale, offset=offset)
        self._sheaf.note(
            f"A {type(texture).__name__} of textures was painted as a picture of {_FINE} x {_FINE} "
            "pixels, which repeats itself outside of [0, 1]."
        )
        if any(isinstance(part, Attribute) for part in texture.parts()):
            self._sheaf.note("Colours of a shape within another texture became white.")
        return painted(texture)

    def _color(self, texture: ImageTexture, most: float) -> Map:
        lie, factor = _lie(texture), np.array(texture.factor)
        if texture.pixels.dtype == np.uint8 and texture.is_srgb and factor.max() <= most:
            return Map(texture.pixels, _triple(factor), lie)
        light = texture.decoded() * factor
        brightest = float(light.max())
        size = brightest if brightest > 1.0 else 1.0
        return Map(self._coded(encode_srgb(light / size)), (size, size, size), lie)

    def _number(self, texture: ImageTexture) -> Map:
        lie, colors = _lie(texture), _triple(texture.factor)
        factor = sum(colors) / 3.0
        if texture.pixels.dtype == np.uint8 and not texture.is_srgb:
            grey = texture.pixels[:, :, :1]
            if factor <= 1.0 and (texture.pixels == grey).all() and len(set(colors)) == 1:
                return Map(np.ascontiguousarray(grey), colors, lie)
        light = (texture.decoded() * np.array(texture.factor)).mean(axis=2, keepdims=True)
        return Map(self._coded(light), (1.0, 1.0, 1.0), lie)

    def _vector(self, texture: ImageTexture) -> Map:
        lie = _lie(texture)
        if texture.pixels.dtype == np.uint8 and set(_triple(texture.factor)) == {1.0}:
            return Map(texture.pixels, (1.0, 1.0, 1.0), lie)
        values = texture.decoded() * np.array(texture.factor)
        return Map(self._coded(values), (1.0, 1.0, 1.0), lie)

    def _coded(self, values: NDArray[np.float64]) -> Numbers:
        whole = np.rint(np.clip(values, 0.0, 1.0) * 65535.0).astype(np.uint16)
        if not (whole % 257).any():
            return (whole // 257).astype(np.uint8)
        self._sheaf.note("A texture whose numbers are no bytes was written with 16 bits.")
        return whole

    # --- glTF ------------------------------------------------------------------------------------

    def info(self, numbers: Numbers, lie: Lie) -> Tree:
        """What a material says of a picture."""
        sheaf = self._sheaf
        nearest = lie.filter == "nearest"
        sampler = sheaf.once(
            "samplers",
            {
                "magFilter": _NEAREST if nearest else _LINEAR,
                "minFilter": _NEAREST if nearest else _MIPMAPS,
                "wrapS": _WRAPS[lie.wrap[0]],
                "wrapT": _WRAPS[lie.wrap[1]],
            },
        )
        source = sheaf.picture(numbers)
        tree: Tree = {"index": sheaf.once("textures", {"sampler": sampler, "source": source})}
        # v points down there and up here.
        offset = [lie.offset[0], 1.0 - lie.scale[1] - lie.offset[1]]
        if lie.uvs == 2:
            tree["texCoord"] = 1
        moved: Tree = {}
        if offset != [0.0, 0.0]:
            moved["offset"] = offset
        if lie.scale != (1.0, 1.0):
            moved["scale"] = list(lie.scale)
        if moved:
            sheaf.extend(tree, TRANSFORM, moved)
        return tree

    def together(self, maps: list[Map]) -> tuple[list[Numbers], Lie]:
        """Pictures in one size and place, of one type; painted anew where they lie differently."""
        if len({m.lie.uvs for m in maps}) > 1:
            self._sheaf.note(
                "Two textures that share a picture in glTF lie by different texture coordinates; "
                "both lie by those of the first."
            )
            maps = [m._replace(lie=m.lie._replace(uvs=maps[0].lie.uvs)) for m in maps]
        lies = {m.lie for m in maps}
        numbers = [m.numbers for m in maps]
        if len(lies) > 1:
            self._sheaf.note(
                "Two textures that share a picture in glTF lie differently; both were painted anew."
            )
            numbers = [self._laid(m) for m in maps]
            first = maps[0].lie.uvs
            whole = Lie((_FINE, _FINE), ("repeat",) * 2, "bilinear", (1.0, 1.0), (0.0, 0.0), first)
            lies = {whole}
        if any(array.dtype == np.uint16 for array in numbers):
            numbers = [
                array if array.dtype == np.uint16 else array.astype(np.uint16) * np.uint16(257)
                for array in numbers
            ]
        return numbers, lies.pop()

    def _laid(self, m: Map) -> Numbers:
        """As it lies between 0 and 1, by numbers as they are."""
        lie, white = m.lie, float(np.iinfo(m.numbers.dtype).max)
        shown = painted(
            ImageTexture(
                m.numbers / white,
                wrap=lie.wrap,
                filter=lie.filter,  # type: ignore[arg-type]
                scale=lie.scale,
                offset=lie.offset,
            )
        )
        values = shown.pixels[:, :, : m.numbers.shape[2]]
        return np.rint(values * white).astype(m.numbers.dtype)


def painted(texture: Texture) -> ImageTexture:
    """What a texture shows between 0 and 1, pixel by pixel."""
    steps = (np.arange(_FINE) + 0.5) / _FINE
    u, v = np.meshgrid(steps, steps[::-1])
    return ImageTexture(texture.evaluate(np.stack([u, v], axis=-1)).astype(np.float32))


def _lie(texture: ImageTexture) -> Lie:
    height, width = texture.pixels.shape[:2]
    u, v = texture.scale if isinstance(texture.scale, tuple) else (texture.scale,) * 2
    return Lie((height, width), texture.wraps, texture.filter, (u, v), texture.offset, texture.uvs)


def _triple(values: Any) -> tuple[float, float, float]:
    r, g, b = (float(value) for value in values)
    return r, g, b
