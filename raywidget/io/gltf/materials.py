"""Materials of a glTF file -> Principled; `laid_maps` knows where on surfaces pictures lie.

The core of the specification (sections 3.9 and 5.19) and the extensions of Khronos that are named
below. What can't be said here is noted once.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.io.gltf import extensions
from raywidget.io.gltf.document import Document, Tree
from raywidget.io.gltf.laid_maps import RGB, Frame, LaidMaps, Paint
from raywidget.io.gltf.pictures import Lie, Pictures, Sampled
from raywidget.io.maps import (
    channel,
    colors,
    cut_out,
    white,
)
from raywidget.scene.materials.materials import Diffuse, Emissive, Material
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.materials.principled import Principled
from raywidget.scene.textures.textures import Attribute, Texture

# What `Principled` has nothing of: the number that says how much of it there is, and what is shown.
_WITHOUT = {
    "KHR_materials_anisotropy": ("anisotropyStrength", "highlights are round, not drawn out"),
    "KHR_materials_iridescence": ("iridescenceFactor", "there are no colours of thin films"),
    "KHR_materials_dispersion": ("dispersion", "all colours are bent alike"),
    "KHR_materials_diffuse_transmission": (
        "diffuseTransmissionFactor",
        "light that would come out diffusely on the other side is reflected",
    ),
    "KHR_materials_volume_scatter": ("multiscatterColor", "the inside absorbs, but scatters not"),
}
MISSED = tuple(_WITHOUT)

_NAMED = 8  # materials in a note


class Surface(NamedTuple):
    """A material, and what has to be done to the primitive for it."""

    material: Material
    frames: tuple[Frame, ...]  # of its first and second texture coordinates
    color_factor: RGB  # its colours are multiplied with that
    visible: bool


class Materials:
    """Makes materials of a document, each once for every way in which it is used."""

    def __init__(self, document: Document, pictures: Pictures, names: Any) -> None:
        self._document = document
        self._pictures = pictures
        self._names = names
        self._surfaces: dict[Any, Surface] = {}
        self._without: dict[str, list[str]] = {}

    def tell(self) -> None:
        """Note which of the materials that were made look otherwise than the file means."""
        for name, labels in self._without.items():
            shown = ", ".join(labels[:_NAMED])
            more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
            self._document.note(f"{name} is not known here: {_WITHOUT[name][1]} ({shown}{more}).")

    def _look(self, tree: Tree, index: int) -> None:
        """Remember what a material asks for that can't be shown."""
        document, place = self._document, f"material {index}"
        for name, (key, _) in _WITHOUT.items():
            asked = document.extension(tree, name, place)
            if asked is None or not asked.get(key):
                continue
            label = " ".join(document.text(tree, "name", place).split())[:40]
            label = f"{place} {label!r}" if label else place
            labels = self._without.setdefault(name, [])
            if label not in labels:
                labels.append(label)

    def of(self, index: int | None, paint: Paint, place: str) -> Surface:
        """The material of a primitive; without an index the default of the specification."""
        key = (index, paint)
        if key not in self._surfaces:
            tree: Tree = {}
            if index is not None:
                tree = self._document.item("materials", index, place)
                self._look(tree, index)
            maker = _Maker(self._document, self._pictures, tree, index, paint)
            surface = maker.surface()
            name = self._names.of(tree, "material") if index is not None else None
            self._surfaces[key] = surface._replace(material=surface.material.replace(name=name))
        return self._surfaces[key]


class _Maker(LaidMaps):
    """One material, being made."""

    # --- Values ----------------------------------------------------------------------------------

    def _number(self, owner: Tree, key: str, default: float, map_key: str, at: int) -> Any:
        """A number in [0, 1], maybe with a channel of a picture."""
        factor = self.document.unit(owner, key, self.place, default)
        found = self._sampled(map_key) if factor > 0.0 else None
        if found is None:
            return factor
        sampled, lie = found
        pixels = channel(sampled.picture, at)
        if pixels.min() == white(pixels):
            return factor
        return self.pictures.texture(
            sampled,
            pixels,
            ("channel", at),
            lie=lie,
            factor=(factor, factor, factor),
        )

    def _color(self, owner: Tree, key: str, default: RGB, map_key: str, most: float = 1.0) -> Any:
        """A colour, maybe with a picture."""
        factor = self._rgb(owner, key, default, most)
        return self._tinted(factor, map_key)

    def _tinted(self, factor: RGB, map_key: str) -> Any:
        found = self._sampled(map_key) if any(factor) else None
        if found is None:
            return factor
        sampled, lie = found
        pixels = colors(sampled.picture)
        if pixels.min() == white(pixels):
            return factor
        return self.pictures.texture(
            sampled,
            pixels,
            "colors",
            lie=lie,
            srgb=True,
            factor=factor,
        )

    def _rgb(self, owner: Tree, key: str, default: RGB, most: float = 1.0) -> RGB:
        values = self.document.numbers(owner, key, self.place, default)
        if min(values) < 0.0 or max(values) > most:
            self.document.note(f"{self.place}: {key} was clipped to [0, {most:g}].")
        r, g, b = (min(most, max(0.0, value)) for value in values)
        return r, g, b

    # --- The whole -------------------------------------------------------------------------------

    def surface(self) -> Surface:
        """Make it."""
        document, place = self.document, self.place
        owner, key, map_key = self.core, "baseColorFactor", "baseColorTexture"
        if self.gloss is not None:
            owner, key, map_key = self.gloss, "diffuseFactor", "diffuseTexture"
        r, g, b, alpha = document.numbers(owner, key, place, (1.0, 1.0, 1.0, 1.0))
        base = self._base_color(self._rgb({"rgb": [r, g, b]}, "rgb", (1.0,) * 3), map_key)
        opacity = self._opacity(alpha, map_key)
        material: Material
        if extensions.UNLIT in document.object(self.tree, "extensions", place):
            material = self._unlit(base, opacity)
        else:
            material = self._principled(base, opacity)
        return Surface(material, self.frames, self.color_factor, opacity != 0.0)

    def _base_color(self, factor: RGB, map_key: str) -> Any:
        if not self.paint.colored:
            return self._tinted(factor, map_key)
        tint = self.paint.tint
        r, g, b = factor if tint is None else np.multiply(factor, tint).tolist()
        base = self._tinted((r, g, b), map_key)
        if isinstance(base, Texture):
            return base if tint is not None else Attribute("color", times=base)
        self.color_factor = factor
        return Attribute("color")

    def _opacity(self, alpha: float, map_key: str) -> Any:
        mode = self.document.text(self.tree, "alphaMode", self.place, "OPAQUE")
        if mode not in ("OPAQUE", "MASK", "BLEND"):
            raise self.document.error(self.place, f"no alphaMode is called {mode[:20]!r}")
        if mode == "OPAQUE":
            return 1.0
        if math.isnan(self.paint.alpha):
            self.document.note(
                f"{self.place}: the opacity of vertices varies, which can't be shown."
            )
        else:
            alpha *= self.paint.alpha
        alpha = min(1.0, max(0.0, alpha))
        found = self._sampled(map_key)
        if found is not None and found[0].picture.shape[2] < 4:
            found = None
        cutoff = self.document.number(self.tree, "alphaCutoff", self.place, 0.5)
        if found is None:
            return alpha if mode == "BLEND" else float(alpha >= cutoff)
        sampled, lie = found
        pixels = channel(sampled.picture, 3)
        if mode == "MASK":
            return self._mask(sampled, pixels, alpha, cutoff, lie)
        if pixels.min() == white(pixels):
            return alpha
        return self.pictures.texture(sampled, pixels, ("channel", 3), lie=lie, factor=(alpha,) * 3)

    def _mask(
        self,
        sampled: Sampled,
        pixels: NDArray[Any],
        alpha: float,
        cutoff: float,
        lie: Lie,
    ) -> Any:
        if sampled.filter == "nearest":
            there = pixels.astype(np.float32) * np.float32(alpha / white(pixels)) >= cutoff - 1e-6
            pixels = np.where(there, np.uint8(255), np.uint8(0))
        else:
            pixels = cut_out(pixels, alpha, cutoff, sampled.wrap)
        if pixels.min() == pixels.max():
            return float(pixels.max() > 0)
        return self.pictures.texture(sampled, pixels, ("mask", alpha, cutoff), lie=lie)

    def _unlit(self, base: Any, opacity: Any) -> Material:
        """Light that is given off by itself, whatever comes; else a matte surface."""
        if isinstance(base, Attribute) or opacity != 1.0:
            what = "colours of vertices" if isinstance(base, Attribute) else "what is not opaque"
            self.document.note(
                f"{self.place} is unlit, but {what} can't give off light: it is matte instead."
            )
            return Diffuse(base, opacity=opacity)
        return Emissive(base)

    def _principled(self, base: Any, opacity: Any) -> Principled:
        emission = self._emission(opacity)
        scale = 1.0
        normal_map = None
        found = self._sampled("normalTexture")
        if found is not None:
            sampled, lie = found
            info = self.document.object(self.tree, "normalTexture", self.place)
            scale = self.document.number(info, "scale", self.place, 1.0)
            normal_map = self.pictures.texture(sampled, colors(sampled.picture), "colors", lie=lie)
        values = self._glossy() if self.gloss is not None else self._metallic_rough()
        return Principled(
            base,
            **values,
            **self._layers(),
            emission=emission,
            opacity=opacity,
            normal_map=normal_map,
            normal_scale=scale,
        )

    def _metallic_rough(self) -> dict[str, Any]:
        specular = self._extension(extensions.SPECULAR)
        number = self._number
        key = "metallicRoughnessTexture"
        return {
            "metallic": number(self.core, "metallicFactor", 1.0, key, 2),
            "roughness": number(self.core, "roughnessFactor", 1.0, key, 1),
            "specular": number(specular, "specularFactor", 1.0, "specularTexture", 3),
            "specular_color": self._color(
                specular, "specularColorFactor", (1.0,) * 3, "specularColorTexture", 1e6
            ),
        }

    def _glossy(self) -> dict[str, Any]:
        """The archived KHR_materials_pbrSpecularGlossiness: paint whose reflectance is given.

        At right angles paint of index 1.5 reflects 0.04, which `specular_color` is multiplied with.
        """
        assert self.gloss is not None
        rgb = self._rgb(self.gloss, "specularFactor", (1.0,) * 3)
        r, g, b = (value / 0.04 for value in rgb)
        glossiness = self.document.unit(self.gloss, "glossinessFactor", self.place, 1.0)
        key = "specularGlossinessTexture"
        roughness: Any = 1.0 - glossiness
        found = self._sampled(key) if glossiness > 0.0 else None
        if found is not None:
            sampled, lie = found
            gloss = channel(sampled.picture, 3)
            rough = white(gloss) - glossiness * gloss.astype(np.float32)
            rough = np.rint(rough) if gloss.dtype == np.uint8 else rough
            roughness = self.pictures.texture(
                sampled,
                rough.astype(gloss.dtype),
                ("gloss", glossiness),
                lie=lie,
            )
        return {
            "metallic": 0.0,
            "roughness": roughness,
            "specular_color": self._tinted((r, g, b), key),
        }

    def _layers(self) -> dict[str, Any]:
        document, place, number = self.document, self.place, self._number
        coat, sheen = self._extension(extensions.CLEARCOAT), self._extension(extensions.SHEEN)
        values: dict[str, Any] = {
            "clearcoat": number(coat, "clearcoatFactor", 0.0, "clearcoatTexture", 0),
            "clearcoat_roughness": number(
                coat, "clearcoatRoughnessFactor", 0.0, "clearcoatRoughnessTexture", 1
            ),
            "sheen_color": self._color(sheen, "sheenColorFactor", (0.0,) * 3, "sheenColorTexture"),
            "sheen_roughness": number(
                sheen, "sheenRoughnessFactor", 0.0, "sheenRoughnessTexture", 3
            ),
        }
        if "clearcoatNormalTexture" in coat and coat.get("clearcoatFactor"):
            document.note(f"{place}: the coat has no normal map of its own here.")
        ior = document.number(self._extension(extensions.IOR), "ior", place, 1.5)
        if not 1.0 <= ior <= 4.0:
            # 0 asks for a surface that reflects everything at all angles.
            document.note(f"{place}: ior = {ior:g} was clipped to [1, 4].")
            ior = 4.0 if ior > 4.0 or ior == 0.0 else 1.0
        values["ior"] = ior
        glass = self._extension(extensions.TRANSMISSION)
        transmission = number(glass, "transmissionFactor", 0.0, "transmissionTexture", 0)
        values["transmission"] = transmission
        volume = self._extension(extensions.VOLUME)
        thick = document.number(volume, "thicknessFactor", place, 0.0) > 0.0
        if transmission != 0.0:
            values["thin"] = not thick
            if thick:
                values["interior"] = self._interior(volume)
        return values

    def _interior(self, volume: Tree) -> HomogeneousMedium | None:
        """Of light that goes attenuationDistance, attenuationColor is left."""
        key = "attenuationDistance"
        distance = self.document.number(volume, key, self.place, 0.0)
        if distance <= 0.0:
            return None
        color = self._rgb(volume, "attenuationColor", (1.0,) * 3)
        r, g, b = (-math.log(max(value, 1e-6)) / distance for value in color)
        return HomogeneousMedium((r, g, b)) if max(r, g, b) > 0.0 else None

    def _emission(self, opacity: Any) -> Any:
        strength = self.document.number(
            self._extension(extensions.EMISSIVE_STRENGTH), "emissiveStrength", self.place, 1.0
        )
        factor = self._rgb(self.tree, "emissiveFactor", (0.0,) * 3, 1e6)
        r, g, b = (value * max(0.0, strength) for value in factor)
        if not max(r, g, b) > 0.0:
            return None
        if opacity != 1.0:
            self.document.note(
                f"{self.place}: what is not opaque can't give off light; it gives off none."
            )
            return None
        if self.document.flag(self.tree, "doubleSided", self.place):
            self.document.note(f"{self.place} gives off light on its front side only.")
        return self._tinted((r, g, b), "emissiveTexture")
