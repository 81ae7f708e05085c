"""Textures of pbrt -> textures; what is made of others is baked into a picture where it must."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.notes import Notes
from raywidget.io.pbrt import spectra
from raywidget.io.pbrt.budget import Budget
from raywidget.io.pbrt.directives import Placed
from raywidget.io.pbrt.parameters import COLORS, Parameters, placed
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.pixels import read_pixels
from raywidget.scene.textures.textures import Checkerboard, Gradient, Texture

F64 = NDArray[np.float64]

MAX_DEPTH = 32  # of textures of textures
BAKED = 512  # pixels on a side, of what has no pixels of its own
MAX_BAKED = 2048

Value = Any
"""A float, an (r, g, b) or a `Texture`."""


class Textures:
    """Translates textures, each once."""

    def __init__(
        self, declared: dict[tuple[str, str], Placed], notes: Notes, budget: Budget
    ) -> None:
        self._declared = declared
        self._notes = notes
        self._budget = budget
        self._made: dict[tuple[str, str], Value] = {}
        self._open: list[tuple[str, str]] = []
        self._pictures: dict[tuple[Any, ...], ImageTexture] = {}

    def value(
        self,
        owner: Parameters,
        name: str,
        kind: str,
        default: Value,
        meaning: spectra.Meaning = "albedo",
    ) -> Value:
        """A parameter that is a number ("float") or a colour ("spectrum"), or a texture of them."""
        item = owner.items.get(name)
        owner.ignore(name)
        if item is None:
            return default
        if item.type == "texture":
            if len(item.values) != 1:
                raise owner.fail(name, "the name of one texture", item.values)
            return self._named((kind, str(item.values[0])), item.place)
        if kind == "float":
            return owner.number(name, 0.0)
        if item.type not in COLORS:
            raise owner.fail(name, "a colour or a texture", item.type)
        return spectra.colour(item, meaning, owner.color_space, owner.scene)

    def _named(self, key: tuple[str, str], place: str) -> Value:
        if key in self._made:
            return self._made[key]
        found = self._declared.get(key)
        if found is None:
            raise SceneError(f"{place}: there is no {key[0]} texture {key[1]!r}")
        if key in self._open or len(self._open) >= MAX_DEPTH:
            raise SceneError(f"{place}: the texture {key[1]!r} is made of itself, or too deep")
        self._open.append(key)
        owner = found.parameters
        translate = _TEXTURES.get(owner.type)
        if translate is None:
            self._notes.add(
                f"texture {owner.type!r} is not known here: its mean instead", owner.place
            )
            owner.ignore(*owner.items)
            result: Value = 0.5 if key[0] == "float" else (0.5, 0.5, 0.5)
        else:
            with placed(owner):
                result = translate(self, owner, key[0])
        self._open.pop()
        self._made[key] = result
        return result

    # --- Kinds ------------------------------------------------------------------------------------

    def _constant(self, owner: Parameters, kind: str) -> Value:
        return self.value(owner, "value", kind, _all(kind, 1.0))

    def _image(self, owner: Parameters, kind: str) -> Value:
        path = owner.picture("filename", self._notes)
        scale, offset = self._mapping(owner)
        wrap = owner.text("wrap", "repeat")
        if wrap not in ("repeat", "clamp"):
            self._notes.add(f"texture 'imagemap': wrap {wrap!r} is clamp here", owner.place)
            wrap = "clamp"
        filtering = owner.text("filter", "bilinear")
        owner.ignore("maxanisotropy")
        encoding = owner.text("encoding", "")
        factor = owner.number("scale", 1.0)
        if path is None:
            owner.ignore("invert")
            return _all(kind, 0.5)
        key = (path, kind, wrap, filtering == "point", encoding, scale, offset)
        if key not in self._pictures:
            channel = "a" if kind == "float" and _has_alpha(path) else None
            picture = ImageTexture(
                _degamma(path, encoding, owner) if encoding.startswith("gamma") else path,
                wrap=wrap,  # type: ignore[arg-type]
                filter="nearest" if filtering == "point" else "bilinear",
                encoding="linear" if encoding == "linear" else None,
                scale=scale,
                offset=offset,
                channel=channel,  # type: ignore[arg-type]
            )
            if kind == "float" and picture.pixels.shape[2] == 3:
                grey = picture.decoded().mean(axis=2).astype(np.float32)
                picture = picture.replace(image=grey, encoding="linear")
            self._pictures[key] = picture
        picture = self._pictures[key]
        if owner.flag("invert", False):
            return self.mapped(picture, lambda v: np.maximum(1.0 - factor * v, 0.0), owner.place)
        return self._scaled(picture, factor, kind, owner.place)

    def _scaled(self, picture: Texture, factor: Any, kind: str, place: str) -> Value:
        """A texture times a constant; reflectances end at 1."""
        factor = np.maximum(np.broadcast_to(factor, 3), 0.0)
        if np.all(factor == 1.0):
            return picture
        limit = 1.0 if kind == "spectrum" else np.inf
        if isinstance(picture, ImageTexture) and picture.value_range()[1] * factor.max() <= limit:
            return picture.replace(factor=tuple(np.multiply(picture.factor, factor)))
        return self.mapped(picture, lambda v: np.minimum(v * factor, limit), place)

    def _scale(self, owner: Parameters, kind: str) -> Value:
        a = self.value(owner, "tex", kind, _all(kind, 1.0))
        b = self.value(owner, "scale", "float", 1.0, "plain")
        if isinstance(a, Texture) and isinstance(b, Texture):
            return self._baked([a, b], lambda a, b: a * b, owner.place)
        if isinstance(a, Texture):
            return self._scaled(a, b, kind, owner.place)
        if isinstance(b, Texture):
            return self._scaled(b, a, kind, owner.place)
        return _like(kind, np.multiply(a, b))

    def _mix(self, owner: Parameters, kind: str) -> Value:
        a = self.value(owner, "tex1", kind, _all(kind, 0.0))
        b = self.value(owner, "tex2", kind, _all(kind, 1.0))
        if owner.type == "mix":
            amount = self.value(owner, "amount", "float", 0.5)
        else:
            self._notes.add("texture 'directionmix' is half of both here", owner.place)
            owner.ignore("dir")
            amount = 0.5
        parts = [a, b, amount]
        if not any(isinstance(part, Texture) for part in parts):
            return _like(kind, np.multiply(a, 1.0 - amount) + np.multiply(b, amount))
        return self._baked(parts, lambda a, b, t: a * (1.0 - t) + b * t, owner.place)

    def _checkerboard(self, owner: Parameters, kind: str) -> Value:
        a = self.value(owner, "tex1", kind, _all(kind, 1.0))
        b = self.value(owner, "tex2", kind, _all(kind, 0.0))
        if owner.integer("dimension", 2) != 2:
            self._notes.add("a checkerboard in space is taken as its mean", owner.place)
            return _like(kind, (_mean(a) + _mean(b)) / 2.0)
        scale, offset = self._mapping(owner)
        if offset == (0.0, 0.0):
            return Checkerboard(_color(a), _color(b), scale=scale)
        board = Checkerboard(1.0, 0.0)
        u, v, _ = _unit(BAKED)
        odd = board.evaluate(np.stack([u * scale[0] + offset[0], v * scale[1] + offset[1]], -1))
        return self._baked(
            [a, b, _picture(odd)], lambda a, b, t: a * t + b * (1.0 - t), owner.place
        )

    def _bilerp(self, owner: Parameters, kind: str) -> Value:
        scale, offset = self._mapping(owner)
        corners = {
            name: self.value(owner, name, kind, _all(kind, float(name[2])))
            for name in ("v00", "v01", "v10", "v11")
        }
        rises = corners["v00"] == corners["v10"] and corners["v01"] == corners["v11"]
        if rises and scale == (1.0, 1.0) and offset == (0.0, 0.0):
            return Gradient(corners["v00"], corners["v01"])
        # Texel centres of a picture of 2 x 2 lie at 1/4 and 3/4: there, 0 and 1 are seen.
        rows = [[corners["v01"], corners["v11"]], [corners["v00"], corners["v10"]]]
        pixels = np.array([[_rgb(value) for value in row] for row in rows], np.float32)
        return ImageTexture(
            pixels,
            wrap="clamp",
            scale=(0.5 * scale[0], 0.5 * scale[1]),
            offset=(0.5 * offset[0] + 0.25, 0.5 * offset[1] + 0.25),
        )

    def _dots(self, owner: Parameters, kind: str) -> Value:
        self._notes.add("texture 'dots' is taken as what is outside of them", owner.place)
        self._mapping(owner)
        owner.ignore("inside")
        return self.value(owner, "outside", kind, _all(kind, 0.0))

    def _mapping(self, owner: Parameters) -> tuple[tuple[float, float], tuple[float, float]]:
        kind = owner.text("mapping", "uv")
        scale = owner.number("uscale", 1.0), owner.number("vscale", 1.0)
        offset = owner.number("udelta", 0.0), owner.number("vdelta", 0.0)
        if kind != "uv":
            self._notes.add(f"texture mapping {kind!r} is not known here: uv instead", owner.place)
            owner.ignore("v1", "v2")
        if 0.0 in scale:
            raise owner.fail("uscale or vscale", "a number that is not 0", 0.0)
        return scale, offset

    # --- Pictures of textures ---------------------------------------------------------------------

    def mapped(self, texture: Value, change: Callable[[F64], F64], place: str) -> Value:
        """The texture with another value in place of each; numbers and colours too."""
        if isinstance(texture, Checkerboard):
            return texture.replace(
                color_a=_color(self.mapped(texture.color_a, change, place)),
                color_b=_color(self.mapped(texture.color_b, change, place)),
            )
        if isinstance(texture, Texture):
            return self._baked([texture], change, place)
        values = change(np.asarray(texture, np.float64))
        return float(values) if values.ndim == 0 else tuple(float(v) for v in values)

    def _baked(self, parts: list[Value], change: Callable[..., F64], place: str) -> Value:
        """A picture of what becomes of some textures; they repeat from unit to unit of uv.

        Pictures that lie alike keep their place and their pixels.
        """
        pictures = [part for part in parts if isinstance(part, ImageTexture)]
        alike = {(p.scale, p.offset, p.wrap, p.filter) for p in pictures}
        others = any(isinstance(p, Texture) and not isinstance(p, ImageTexture) for p in parts)
        sizes = [max(p.pixels.shape[:2]) for p in pictures]
        size = min(max([BAKED] if others or not sizes else sizes), MAX_BAKED)
        self._budget.spend(64 * size * size, place)
        u, v, _ = _unit(size)
        keywords: dict[str, Any] = {}
        uv = np.stack([u, v], axis=-1)
        if len(alike) == 1 and not others:
            (scale, offset, wrap, filtering) = alike.pop()
            keywords = {"scale": scale, "offset": offset, "wrap": wrap, "filter": filtering}
            uv = (uv - np.asarray(offset)) / np.asarray(scale)
        elif len(alike) > 1 or others:
            self._notes.add("textures of textures are baked into pictures", place)
        values = [
            part.evaluate(uv) if isinstance(part, Texture) else np.asarray(part) for part in parts
        ]
        return _picture(change(*values), **keywords)


_TEXTURES: dict[str, Callable[[Textures, Parameters, str], Value]] = {
    "bilerp": Textures._bilerp,
    "checkerboard": Textures._checkerboard,
    "constant": Textures._constant,
    "directionmix": Textures._mix,
    "dots": Textures._dots,
    "imagemap": Textures._image,
    "mix": Textures._mix,
    "scale": Textures._scale,
}


def _unit(size: int) -> tuple[F64, F64, int]:
    """(u, v) at the pixel centres of a picture, the first row on top."""
    at = (np.arange(size) + 0.5) / size
    u, v = np.meshgrid(at, at[::-1])
    return u, v, size


def _picture(values: F64, **keywords: Any) -> ImageTexture:
    return ImageTexture(np.asarray(values, np.float32), encoding="linear", **keywords)


def _has_alpha(path: Any) -> bool:
    pixels = read_pixels("imagemap", "filename", path).values
    if pixels.shape[2] != 4:
        return False
    white = 255 if pixels.dtype == np.uint8 else 1.0
    return bool((pixels[:, :, 3] != white).any())


def _degamma(path: Any, encoding: str, owner: Parameters) -> NDArray[np.float32]:
    try:
        gamma = float(encoding.removeprefix("gamma"))
    except ValueError:
        gamma = 0.0
    if not 0.1 <= gamma <= 10.0:
        raise owner.fail("encoding", 'sRGB, linear or such as "gamma 2.2"', encoding)
    pixels = read_pixels("imagemap", "filename", path)
    values = pixels.values.astype(np.float32)
    if pixels.values.dtype == np.uint8:
        values /= 255.0
    return values**gamma if pixels.is_coded else values


def _all(kind: str, value: float) -> Value:
    return value if kind == "float" else (value, value, value)


def _like(kind: str, value: Any) -> Value:
    return float(np.mean(value)) if kind == "float" else _rgb(value)


def _rgb(value: Any) -> tuple[float, float, float]:
    red, green, blue = (float(v) for v in np.broadcast_to(value, 3))
    return red, green, blue


def _mean(value: Value) -> F64:
    return np.asarray(value.mean() if isinstance(value, Texture) else value, np.float64)


def _color(value: Value) -> Value:
    return value if isinstance(value, Texture) else _rgb(value)
