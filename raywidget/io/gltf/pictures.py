"""Pictures and samplers of a glTF file, as textures on surfaces."""

from __future__ import annotations

import io
import warnings
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.io.gltf.document import Bytes, Document, Tree
from raywidget.io.maps import Affine, Picture, Wraps
from raywidget.scene.textures.image_texture import ImageTexture, Wrap
from raywidget.scene.textures.pixels import MAX_PIXELS, decoded

BASISU, WEBP = "KHR_texture_basisu", "EXT_texture_webp"
TRANSFORM = "KHR_texture_transform"

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_WRAPS: dict[int, Wrap] = {10497: "repeat", 33071: "clamp", 33648: "mirror"}
_NEAREST = 9728
_KTX2 = b"\xabKTX 20\xbb"


class TextureUse(NamedTuple):
    """What a material says of one of its maps."""

    texture: int
    uv_set: int
    transform: Affine  # of glTF's (u, v), where v points down
    place: str


class Lie(NamedTuple):
    """How a picture lies on the surface that a primitive becomes."""

    transform: Affine  # scales and shifts of glTF's (u, v)
    uvs: Literal[1, 2] = 1  # of which coordinates: the first or the second of the mesh


class Sampled(NamedTuple):
    """A picture with its sampler."""

    picture: Picture
    image: int  # for keys
    wrap: Wraps  # along u and v
    filter: Literal["bilinear", "nearest"]


class Pictures:
    """Decodes pictures of a document, each once, and makes textures of them."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._pictures: dict[int, Picture | None] = {}
        self._textures: dict[Any, ImageTexture] = {}

    def use(self, owner: Tree, key: str, place: str) -> TextureUse | None:
        """What a textureInfo says; None where there is none."""
        document = self._document
        if key not in owner:
            return None
        info = document.object(owner, key, place)
        where = f"{place}, {key}"
        if "index" not in info:
            return None
        texture = document.integer(info, "index", where)
        uv_set = document.integer(info, "texCoord", where, 0, most=31)
        transform = np.eye(3)[:2]
        moved = document.extension(info, TRANSFORM, where)
        if moved is not None:
            uv_set = document.integer(moved, "texCoord", where, uv_set, most=31)
            x, y = document.numbers(moved, "offset", where, (0.0, 0.0))
            a, b = document.numbers(moved, "scale", where, (1.0, 1.0))
            turn = document.number(moved, "rotation", where, 0.0)
            c, s = np.cos(turn), np.sin(turn)
            # Shift after turn after scale, as the extension writes it down.
            transform = np.array([(c * a, s * b, x), (-s * a, c * b, y)])
        return TextureUse(texture, uv_set, transform, where)

    def sampled(self, use: TextureUse) -> Sampled | None:
        """The picture and the sampler of a texture; None, with a note, if it can't be shown."""
        document = self._document
        texture = document.item("textures", use.texture, use.place)
        here = f"texture {use.texture}"
        image = self._image_of(texture, here)
        picture = None if image is None else self.picture(image, here)
        if picture is None or image is None:
            return None
        sampler: Tree = {}
        if "sampler" in texture:
            sampler = document.item("samplers", document.integer(texture, "sampler", here), here)
        wraps = [document.integer(sampler, key, here, 10497) for key in ("wrapS", "wrapT")]
        for wrap in wraps:
            if wrap not in _WRAPS:
                raise document.error(here, f"its sampler wraps by {wrap}, which is unknown")
        nearest = document.integer(sampler, "magFilter", here, 0) == _NEAREST
        s, t = (_WRAPS[wrap] for wrap in wraps)
        return Sampled(picture, image, (s, t), "nearest" if nearest else "bilinear")

    def texture(
        self,
        sampled: Sampled,
        pixels: NDArray[Any],
        key: object,
        *,
        lie: Lie,
        srgb: bool = False,
        factor: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ) -> ImageTexture:
        """Make a texture of pixels that were made from a picture; `key` says how."""
        wrap, transform = sampled.wrap, lie.transform
        scale = (float(transform[0, 0]) or 1e-9, float(transform[1, 1]) or 1e-9)
        # v points down there and up here.
        offset = (float(transform[0, 2]), 1.0 - scale[1] - float(transform[1, 2]))
        whole = (sampled.image, key, wrap, sampled.filter, scale, offset, srgb, factor, lie.uvs)
        if whole not in self._textures:
            self._document.spend(pixels.nbytes, f"image {sampled.image}", on="pictures")
            self._textures[whole] = ImageTexture(
                pixels,
                wrap=wrap,
                filter=sampled.filter,
                encoding="srgb" if srgb else "linear",
                scale=scale,
                offset=offset,
                factor=factor,
                uvs=lie.uvs,
            )
        return self._textures[whole]

    def _image_of(self, texture: Tree, place: str) -> int | None:
        document = self._document
        webp = document.extension(texture, WEBP, place)
        if webp is not None and "source" in webp:
            return document.integer(webp, "source", place)
        if "source" in texture:
            return document.integer(texture, "source", place)
        basis = document.extension(texture, BASISU, place)
        if basis is not None and "source" in basis:
            return document.integer(basis, "source", place)
        document.note(f"{place} names no picture and was left out.")
        return None

    def picture(self, index: int, place: str) -> Picture | None:
        """The pixels of an image; None, with a note, if it can't be read."""
        if index not in self._pictures:
            image = self._document.item("images", index, place)
            here = f"image {index}"
            data = self._bytes(image, here)
            self._pictures[index] = None if data is None else self._decode(data, here)
        return self._pictures[index]

    def _bytes(self, image: Tree, place: str) -> Bytes | None:
        document = self._document
        if "bufferView" in image:
            return document.view(document.integer(image, "bufferView", place), place)
        uri = document.text(image, "uri", place)
        data = document.resource(uri, place)
        if data is None:
            document.note(f"{place}: there is no file {uri[:100]!r} in its folder; left out.")
        return data

    def _decode(self, data: Bytes, place: str) -> Picture | None:
        from PIL import Image

        document = self._document
        if bytes(data[: len(_KTX2)]) == _KTX2:
            return self._unpack(data.tobytes(), place)
        try:
            with (
                warnings.catch_warnings(),
                Image.open(io.BytesIO(data.tobytes()), formats=_FORMATS) as picture,
            ):
                warnings.simplefilter("ignore")  # the bound below is ours
                width, height = picture.size
                if width * height > MAX_PIXELS:
                    raise document.error(
                        place, f"must have at most {MAX_PIXELS:,} pixels, got {width} x {height}"
                    )
                document.spend(4 * width * height, place, on="pictures")
                array = decoded(picture, lambda: Image.open(io.BytesIO(data.tobytes())))
                array = array.reshape(height, width, -1)
                if array.dtype == np.uint8:
                    return array
                document.spend(16 * width * height, place, on="pictures")
                return array.astype(np.float32) / np.float32(65535.0)
        except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
            # An OSError says all that Pillow does not recognise.
            document.note(f"{place} is no picture that can be read ({error}); left out.")
            return None

    def _unpack(self, data: bytes, place: str) -> Picture | None:
        """A picture in KTX2, packed by Basis Universal (KHR_texture_basisu)."""
        document = self._document
        try:
            import opengl_basisu
        except ImportError:
            document.note(
                f"{place} is a picture in KTX2 and was left out; pip install opengl_basisu to read "
                "it (it is a part of raywidget[gltf])."
            )
            return None
        try:
            texture = opengl_basisu.open(data)
            width, height = texture.width, texture.height
            if not 0 < width * height <= MAX_PIXELS:
                raise document.error(
                    place, f"must have 1 to {MAX_PIXELS:,} pixels, got {width} x {height}"
                )
            document.spend(8 * width * height, place, on="pictures")
            pixels = np.asarray(texture.transcode(opengl_basisu.Target.RGBA8).data)
        except (ValueError, IndexError, MemoryError) as error:
            document.note(f"{place} is no KTX2 picture that can be read ({error}); left out.")
            return None
        return np.ascontiguousarray(pixels if texture.has_alpha else pixels[:, :, :3])
