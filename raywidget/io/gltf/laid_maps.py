"""Which maps a material of a glTF file has, and where on a primitive each of them lies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from raywidget.io.gltf import extensions
from raywidget.io.gltf.document import Document, Tree
from raywidget.io.gltf.pictures import Lie, Pictures, Sampled, TextureUse
from raywidget.io.maps import Affine, after_inverse, is_turned

RGB = tuple[float, float, float]
_AS_IS = np.eye(3)[:2]
Move = tuple[float, ...]  # six numbers: (2, 3) in rows


class Paint(NamedTuple):
    """What a primitive brings to its material beside texture coordinates."""

    sets: tuple[int, ...]  # of texture coordinates
    moves: tuple[Move | None, ...]  # of each: what takes the first set there, if anything does
    colored: bool  # has it colours of its own?
    tint: RGB | None  # if they are all the same
    alpha: float  # of its colours; no number where it varies


class Frame(NamedTuple):
    """Texture coordinates by which pictures lie."""

    uv_set: int  # of the primitive
    transform: Affine  # what is done to them, before v is turned upwards


class LaidMaps:
    """The maps of one material on one kind of primitive."""

    def __init__(
        self, document: Document, pictures: Pictures, tree: Tree, index: int | None, paint: Paint
    ) -> None:
        self.document = document
        self.pictures = pictures
        self.tree = tree
        self.place = "default material" if index is None else f"material {index}"
        self.paint = paint
        self.core = document.object(tree, "pbrMetallicRoughness", self.place)
        self.gloss = document.extension(tree, extensions.SPECULAR_GLOSSINESS, self.place)
        self.uses = self._all_uses()
        self.frames = self._frames()
        self.color_factor: RGB = (1.0, 1.0, 1.0)

    def _extension(self, name: str) -> Tree:
        return self.document.extension(self.tree, name, self.place) or {}

    def _all_uses(self) -> dict[str, TextureUse]:
        """Every map that the material has, the most important first."""
        owners: list[tuple[Tree, tuple[str, ...]]] = []
        if self.gloss is not None:
            owners.append((self.gloss, ("diffuseTexture", "specularGlossinessTexture")))
        else:
            owners.append((self.core, ("baseColorTexture",)))
        owners.append((self.tree, ("normalTexture",)))
        if self.gloss is None:
            owners.append((self.core, ("metallicRoughnessTexture",)))
        owners += [
            (self.tree, ("emissiveTexture",)),
            (self._extension(extensions.TRANSMISSION), ("transmissionTexture",)),
            (self._extension(extensions.SPECULAR), ("specularTexture", "specularColorTexture")),
            (
                self._extension(extensions.CLEARCOAT),
                ("clearcoatTexture", "clearcoatRoughnessTexture"),
            ),
            (self._extension(extensions.SHEEN), ("sheenColorTexture", "sheenRoughnessTexture")),
        ]
        uses = {}
        for owner, keys in owners:
            for key in keys:
                use = self.pictures.use(owner, key, self.place)
                if use is None:
                    continue
                if use.uv_set not in self.paint.sets:
                    self.document.note(
                        f"{use.place} asks for texture coordinates {use.uv_set}, which a primitive "
                        "with that material does not have; the map was left out there."
                    )
                    continue
                uses[key] = use
        return uses

    def _frames(self) -> tuple[Frame, ...]:
        """What the first and the second texture coordinates of the primitive become.

        A normal map goes by the first, whose tangents it needs; what does not lie along them, by
        the second.
        """
        frames: list[Frame] = []
        for _, use in sorted(self.uses.items(), key=lambda item: item[0] != "normalTexture"):
            if len(frames) < 2 and not any(self._fits(use, frame) for frame in frames):
                turned = is_turned(use.transform)
                sound = abs(np.linalg.det(use.transform[:, :2])) > 1e-12
                frames.append(Frame(use.uv_set, use.transform if turned and sound else _AS_IS))
        if not frames and self.paint.sets:
            frames.append(Frame(self.paint.sets[0], _AS_IS))
        return tuple(frames)

    def _fits(self, use: TextureUse, frame: Frame) -> bool:
        relative = self._relative(use, frame)
        return relative is not None and not is_turned(relative)

    def _sampled(self, key: str) -> tuple[Sampled, Lie] | None:
        """The picture of a map, and how it lies on the primitive."""
        use = self.uses.get(key)
        if use is None:
            return None
        lie = self._lie(use)
        sampled = None if lie is None else self.pictures.sampled(use)
        return None if lie is None or sampled is None else (sampled, lie)

    def _lie(self, use: TextureUse) -> Lie | None:
        others = []
        for number, frame in enumerate(self.frames):
            relative = self._relative(use, frame)
            if relative is not None and not is_turned(relative):
                return Lie(relative, 2 if number else 1)
            if relative is not None:
                others.append(number)
        if not others:
            sets = " and ".join(sorted({str(frame.uv_set) for frame in self.frames}))
            self.document.note(
                f"{use.place} lies by texture coordinates {use.uv_set}, other maps of that "
                f"material by {sets}; only two sets can be used at once, and the map was left out."
            )
            return None
        self.document.note(
            f"{use.place} is turned otherwise than other maps of that material; it lies as they do."
        )
        return Lie(_AS_IS, 2 if others[0] else 1)

    def _relative(self, use: TextureUse, frame: Frame) -> Affine | None:
        """What is left to do to coordinates of a frame; None if they don't tell."""
        whole = use.transform
        if use.uv_set != frame.uv_set:
            moves = dict(zip(self.paint.sets, self.paint.moves, strict=True))
            there, here = moves[use.uv_set], moves[frame.uv_set]
            if there is None or here is None:
                return None
            to_other, to_own = (np.reshape(move, (2, 3)) for move in (there, here))
            if abs(np.linalg.det(to_own[:, :2])) < 1e-12:
                return None
            across = np.vstack([after_inverse(to_other, to_own), (0.0, 0.0, 1.0)])
            whole = np.asarray(use.transform @ across)
        return after_inverse(whole, frame.transform)
