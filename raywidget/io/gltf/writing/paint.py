"""Materials -> those of glTF: the core and its extensions, as the reader takes them.

What glTF can't say becomes the nearest that it can; how near is noted.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from raywidget.io.gltf import extensions
from raywidget.io.gltf.writing.maps import Lie, Map, Maps
from raywidget.io.gltf.writing.sheaf import Sheaf, Tree
from raywidget.scene.materials.catcher import ShadowCatcher
from raywidget.scene.materials.materials import (
    Coated,
    Conductor,
    Dielectric,
    Diffuse,
    Emissive,
    Interface,
    Material,
    Metal,
    Mix,
)
from raywidget.scene.materials.principled import Principled
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.textures import Attribute, Texture
from raywidget.scene.values.checks import Color

_WHITE = (1.0, 1.0, 1.0)


class Coat(NamedTuple):
    """A material of the file, and what a shape must bring along for it."""

    material: int  # its index
    wants_uvs: bool
    wants_colors: bool
    wants_second: bool  # texture coordinates


class Paint:
    """Writes materials into a sheaf, each once for every light that it gives off."""

    def __init__(self, sheaf: Sheaf) -> None:
        self._sheaf = sheaf
        self._maps = Maps(sheaf)
        self._coats: dict[Any, Coat | None] = {}
        self._nearest: dict[int, Principled | None] = {}
        self._kept: list[Any] = []  # what ids in keys belong to

    def coat(
        self,
        material: Material,
        radiance: Color | Texture | None,
        thickness: float,
        tint: Color | None = None,
    ) -> Coat | None:
        """The material of a surface; None where there is nothing to be seen.

        `thickness` is about how thick what it covers is: viewers that don't trace rays want to
        know. `tint` stands for the colours of the shape.
        """
        light = id(radiance) if isinstance(radiance, Texture) else radiance
        key = (id(material), light, tint)
        if key not in self._coats:
            self._kept += [material, radiance]
            surface = self.nearest(material)
            base = None if surface is None else surface.base_color
            if surface is not None and tint is not None and isinstance(base, Attribute):
                times = base.times
                color = tint if times is None else self._scaled(times, tint)
                surface = surface.replace(base_color=color, name=None)
            self._coats[key] = None
            if surface is not None:
                tree = _Coating(self._sheaf, self._maps, surface, radiance, thickness)
                self._coats[key] = tree.written(material.name)
        return self._coats[key]

    def nearest(self, material: Material) -> Principled | None:
        """What glTF has instead; None for what can't be seen."""
        if id(material) not in self._nearest:
            self._kept.append(material)
            self._nearest[id(material)] = self._found(material)
        return self._nearest[id(material)]

    def _found(self, material: Material) -> Principled | None:
        note = self._sheaf.note
        if isinstance(material, Interface):
            note("Skins of media (Interface) were left out.")
            return None
        outer: dict[str, Any] = {
            "opacity": material.opacity,
            "normal_map": material.normal_map,
            "normal_scale": material.normal_scale,
        }
        if isinstance(material, Principled):
            if not material.compensate and _is_rough(material.roughness):
                note("Principled without compensation: others give back what it loses.")
            return material
        if isinstance(material, Emissive):
            return Principled(0.0, specular=0.0, roughness=1.0, **outer)
        if isinstance(material, Diffuse):
            return Principled(material.color, specular=0.0, roughness=1.0, **outer)
        if isinstance(material, ShadowCatcher):
            note("A ShadowCatcher became a matte surface: others see it.")
            return Principled(material.color, specular=0.0, roughness=1.0, **outer)
        if isinstance(material, Metal):
            if not material.compensate and _is_rough(material.roughness):
                note("Metal without compensation: others give back what it loses.")
            return Principled(material.color, metallic=1.0, roughness=material.roughness, **outer)
        if isinstance(material, Conductor):
            note("A Conductor became a metal with its reflectance at right angles.")
            color = self._scaled(material.color, _reflectance(material))
            return Principled(color, metallic=1.0, roughness=material.roughness, **outer)
        if isinstance(material, Dielectric):
            if material.thin or (_is_rough(material.roughness) and not material.compensate):
                note("Thin or frosted glass became the glass of glTF, which is a little different.")
            return Principled(
                material.color,
                transmission=1.0,
                ior=material.ior,
                roughness=material.roughness,
                thin=material.thin,
                interior=material.interior,
                **outer,
            )
        if isinstance(material, Coated):
            coat = "" if material.ior == 1.5 else ", whose index is always 1.5"
            note(f"A Coated material became the clear coat of glTF{coat}.")
            base = self._found(material.base)
            assert base is not None
            return base.replace(clearcoat=1.0, **outer)
        if isinstance(material, Mix):
            return self._mixed(material, outer)
        note(f"A {type(material).__name__} was left out.")
        return None

    def _mixed(self, material: Mix, outer: dict[str, Any]) -> Principled | None:
        """Two materials in one: every number between theirs."""
        self._sheaf.note("A Mix became one material whose numbers lie between those of its parts.")
        a, b = self.nearest(material.a), self.nearest(material.b)
        if a is None or b is None:
            return a or b
        if outer["normal_map"] is None:
            outer["normal_map"], outer["normal_scale"] = a.normal_map, a.normal_scale
        share: Any = material.amount
        if isinstance(share, Texture):
            share = self._maps.picture(share)
        names = ["base_color", "metallic", "roughness", "specular", "specular_color"]
        names += ["transmission", "clearcoat", "clearcoat_roughness", "sheen_color"]
        values = {n: self._between(getattr(a, n), getattr(b, n), share) for n in names}
        mean = _mean(share)[0]
        ior = a.ior + (b.ior - a.ior) * mean
        rough = _mean(a.sheen_roughness)[0], _mean(b.sheen_roughness)[0]
        glass = max((a, b), key=lambda part: _mean(part.transmission)[0])
        return Principled(
            **values,
            ior=ior,
            sheen_roughness=max(rough),
            thin=glass.thin,
            interior=glass.interior if values["transmission"] != 0.0 else None,
            **outer,
        )

    def _between(self, a: Any, b: Any, share: Any) -> Any:
        if a is b or a == b:
            return a
        single = isinstance(a, float) and isinstance(b, float)
        low, high = np.array(_mean(a)), np.array(_mean(b))
        if isinstance(share, ImageTexture):
            amount = (share.decoded() * np.array(share.factor)).mean(axis=2, keepdims=True)
        else:
            value = low + (high - low) * share
            return float(value[0]) if single else tuple(value.tolist())
        values = np.asarray(low + (high - low) * amount, np.float32)
        return share.replace(
            image=values[:, :, :1] if single else values,
            encoding="linear",
            channel=None,
            factor=_WHITE,
            name=None,
        )

    def _scaled(self, color: Any, factor: Color) -> Any:
        if not isinstance(color, Texture):
            return tuple(c * f for c, f in zip(color, factor, strict=True))
        if isinstance(color, Attribute):
            times = color.times
            return color if times is None else Attribute(times=self._scaled(times, factor))
        picture = self._maps.picture(color)
        both = tuple(a * b for a, b in zip(_triple(picture.factor), factor, strict=True))
        return picture.replace(factor=both, name=None)


class _Coating:
    """One material, being written."""

    def __init__(
        self,
        sheaf: Sheaf,
        maps: Maps,
        surface: Principled,
        radiance: Color | Texture | None,
        thickness: float,
    ) -> None:
        self.sheaf, self.maps = sheaf, maps
        self.surface, self.radiance, self.thickness = surface, radiance, thickness
        self.wants_uvs = self.wants_second = False
        self.tree: Tree = {}

    def written(self, name: str | None) -> Coat:
        """Put it into the sheaf."""
        surface, tree = self.surface, self.tree
        if name is not None:
            tree["name"] = name
        core: Tree = {}
        self._base(core)
        self._metal(core)
        tree["pbrMetallicRoughness"] = core
        if surface.normal_map is not None:
            normal = self.maps.vector(surface.normal_map)
            tree["normalTexture"] = self._info(normal)
            if surface.normal_scale != 1.0:
                tree["normalTexture"]["scale"] = surface.normal_scale
        if self.radiance is not None:
            self._emission()
        self._extensions()
        if self.radiance is None and extensions.VOLUME not in tree.get("extensions", {}):
            tree["doubleSided"] = True  # as all surfaces here are, but for the light they give off
        index = self.sheaf.once("materials", tree)
        return Coat(index, self.wants_uvs, _asks_for_colors(surface.base_color), self.wants_second)

    # --- Parts -----------------------------------------------------------------------------------

    def _lies(self, lie: Lie) -> None:
        self.wants_uvs = True
        self.wants_second = self.wants_second or lie.uvs == 2

    def _info(self, found: Map, channel: int | None = None) -> Tree:
        """A textureInfo; a channel other than the first needs a picture that has it."""
        self._lies(found.lie)
        numbers = found.numbers
        if channel == 3:
            white = np.full((*numbers.shape[:2], 3), np.iinfo(numbers.dtype).max, numbers.dtype)
            numbers = np.concatenate([white, numbers], axis=2)
        return self.maps.info(numbers, found.lie)

    def _number(self, owner: Tree, name: str, value: Any, default: float, channel: int) -> None:
        """A number as a factor, or as a picture in one of its channels."""
        key, map_key = f"{name}Factor", f"{name}Texture"
        if isinstance(value, Attribute):
            self.sheaf.note("Colours of a shape were taken as 1 where glTF wants a number.")
            value = 1.0
        if isinstance(value, Texture):
            found = self.maps.number(value)
            owner[map_key] = self._info(found, channel)
            value = found.factor[0]
        if value != default:
            owner[key] = value

    def _color(self, owner: Tree, name: str, value: Any, default: Color, most: float) -> None:
        key, map_key = f"{name}Factor", f"{name}Texture"
        if isinstance(value, Attribute):
            self.sheaf.note("Colours of a shape were taken as white where glTF has no place.")
            value = _WHITE
        if isinstance(value, Texture):
            found = self.maps.color(value, most)
            owner[map_key] = self._info(found)
            value = found.factor
        if tuple(value) != default:
            owner[key] = list(value)

    def _base(self, core: Tree) -> None:
        """Base colour and opacity, which share a picture and a factor."""
        color: Any = self.surface.base_color
        opacity: Any = self.surface.opacity
        if isinstance(color, Attribute):
            color = _WHITE if color.times is None else color.times  # and COLOR_0 of the primitive
        if isinstance(opacity, Attribute):
            self.sheaf.note("An opacity by the colours of a shape became 1.")
            opacity = 1.0
        alpha = 1.0
        if isinstance(opacity, Texture):
            found = self.maps.number(opacity)
            maps = [found]
            if isinstance(color, Texture):
                base = self.maps.color(color, 1.0)
                maps, color = [base, found], base.factor
            numbers, lie = self.maps.together(maps)
            whole = numbers[0]
            if len(maps) == 1:
                whole = np.full_like(whole, np.iinfo(whole.dtype).max)
            rgb = np.broadcast_to(whole, (*whole.shape[:2], 3))
            self._lies(lie)
            core["baseColorTexture"] = self.maps.info(
                np.concatenate([rgb, numbers[-1]], axis=2), lie
            )
            alpha = found.factor[0]
            cut = lie.filter == "nearest" and alpha == 1.0 and len(np.unique(numbers[-1])) <= 2
            white = np.iinfo(numbers[-1].dtype).max
            cut = cut and bool(np.isin(numbers[-1], (0, white)).all())
            self.tree["alphaMode"] = "MASK" if cut else "BLEND"
        else:
            alpha = opacity
            if isinstance(color, Texture):
                base = self.maps.color(color, 1.0)
                core["baseColorTexture"] = self._info(base)
                color = base.factor
            if alpha < 1.0:
                self.tree["alphaMode"] = "BLEND"
        factor = [*color, alpha]
        if factor != [1.0] * 4:
            core["baseColorFactor"] = factor

    def _metal(self, core: Tree) -> None:
        """Metallic and roughness, which share a picture: blue and green."""
        values: list[Any] = []
        for value in (self.surface.metallic, self.surface.roughness):
            if isinstance(value, Attribute):
                self.sheaf.note("Colours of a shape were taken as 1 where glTF wants a number.")
            values.append(1.0 if isinstance(value, Attribute) else value)
        found = [self.maps.number(v) if isinstance(v, Texture) else None for v in values]
        present = [m for m in found if m is not None]
        if present:
            numbers, lie = self.maps.together(present)
            white = np.full_like(numbers[0], np.iinfo(numbers[0].dtype).max)
            channels = iter(numbers)
            metal, rough = (white if m is None else next(channels) for m in found)
            self._lies(lie)
            core["metallicRoughnessTexture"] = self.maps.info(
                np.concatenate([white, rough, metal], axis=2), lie
            )
        for key, value, m in zip(("metallic", "roughness"), values, found, strict=True):
            factor = value if m is None else m.factor[0]
            if factor != 1.0:
                core[f"{key}Factor"] = factor

    def _emission(self) -> None:
        assert self.radiance is not None
        light: Any = self.radiance
        if isinstance(light, Texture):
            found = self.maps.color(light, math.inf)
            self.tree["emissiveTexture"] = self._info(found)
            light = found.factor
        strength = max(1.0, *light)
        self.tree["emissiveFactor"] = [value / strength for value in light]
        if strength > 1.0:
            content = {"emissiveStrength": strength}
            self.sheaf.extend(self.tree, extensions.EMISSIVE_STRENGTH, content)

    def _extensions(self) -> None:
        surface, tree, extend = self.surface, self.tree, self.sheaf.extend
        if surface.ior != 1.5:
            extend(tree, extensions.IOR, {"ior": surface.ior})
        specular: Tree = {}
        self._number(specular, "specular", surface.specular, 1.0, 3)
        self._color(specular, "specularColor", surface.specular_color, _WHITE, math.inf)
        if specular:
            extend(tree, extensions.SPECULAR, specular)
        if surface.transmission != 0.0:
            glass: Tree = {}
            self._number(glass, "transmission", surface.transmission, 0.0, 0)
            extend(tree, extensions.TRANSMISSION, glass)
            if not surface.thin:
                extend(tree, extensions.VOLUME, self._volume())
        if surface.clearcoat != 0.0:
            coat: Tree = {}
            self._number(coat, "clearcoat", surface.clearcoat, 0.0, 0)
            rough: Any = surface.clearcoat_roughness
            if isinstance(rough, Texture):
                self._number(coat, "clearcoatRoughness", rough, 0.0, 1)
            elif rough != 0.0:
                coat["clearcoatRoughnessFactor"] = rough
            extend(tree, extensions.CLEARCOAT, coat)
        if surface.sheen_color != (0.0, 0.0, 0.0):
            sheen: Tree = {}
            self._color(sheen, "sheenColor", surface.sheen_color, (0.0, 0.0, 0.0), 1.0)
            self._number(sheen, "sheenRoughness", surface.sheen_roughness, 0.0, 3)
            extend(tree, extensions.SHEEN, sheen)

    def _volume(self) -> Tree:
        """Of light that goes attenuationDistance, attenuationColor is left."""
        volume: Tree = {"thicknessFactor": self.thickness}
        medium = self.surface.interior
        if medium is None:
            return volume
        if medium.has_scattering:
            self.sheaf.note("A medium that scatters only absorbs in glTF.")
        absorption = np.array(medium.absorption)
        most = float(absorption.max())
        if most > 0.0:
            volume["attenuationDistance"] = 1.0 / most
            volume["attenuationColor"] = np.exp(-absorption / most).tolist()
        return volume


def _asks_for_colors(color: Any) -> bool:
    return isinstance(color, Attribute)


def _is_rough(roughness: Any) -> bool:
    return isinstance(roughness, Texture) or roughness > 0.1


def _reflectance(material: Conductor) -> Color:
    """At right angles (Fresnel's equations)."""
    eta, k = np.array(material.eta, float), np.array(material.k, float)
    r, g, b = (((eta - 1.0) ** 2 + k**2) / ((eta + 1.0) ** 2 + k**2)).tolist()
    return r, g, b


def _mean(value: Any) -> Color:
    if isinstance(value, Texture):
        return value.mean()
    return _triple(value if isinstance(value, tuple) else (value,) * 3)


def _triple(values: Any) -> Color:
    r, g, b = (float(value) for value in values)
    return r, g, b
