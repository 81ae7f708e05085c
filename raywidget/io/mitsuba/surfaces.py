"""BSDFs, textures and media of Mitsuba -> materials."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from raywidget.errors import SceneError
from raywidget.io.mitsuba.elements import referred
from raywidget.io.mitsuba.values import Plugin
from raywidget.io.notes import Notes
from raywidget.scene.materials.materials import (
    Coated,
    Conductor,
    Dielectric,
    Diffuse,
    Interface,
    Material,
    Metal,
    Mix,
)
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.materials.principled import Principled
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.textures import Attribute, Checkerboard, Texture

GREY = Diffuse(0.5)

_INDICES = {  # of the plugin `dielectric`
    "vacuum": 1.0, "helium": 1.000036, "hydrogen": 1.000132, "air": 1.000277,
    "carbon dioxide": 1.00045, "water": 1.333, "acetone": 1.36, "ethanol": 1.361,
    "carbon tetrachloride": 1.461, "glycerol": 1.4729, "benzene": 1.501, "silicone oil": 1.52045,
    "bromine": 1.661, "water ice": 1.31, "fused quartz": 1.458, "pyrex": 1.47,
    "acrylic glass": 1.49, "polypropylene": 1.49, "bk7": 1.5046, "sodium chloride": 1.544,
    "amber": 1.55, "pet": 1.575, "diamond": 2.419,
}  # fmt: skip

_METALS = {"Au": "gold", "Ag": "silver", "Cu": "copper", "Al": "aluminium"}


class Surfaces:
    """Translates what surfaces are made of; each plugin once, however often it is referred to."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self._materials: dict[int, Material | None] = {}
        self._media: dict[int, HomogeneousMedium | None] = {}
        self._turned: dict[int, Material] = {}
        self._textures: dict[tuple[int, str | None], Texture] = {}

    # --- Materials --------------------------------------------------------------------------------

    def material(self, plugin: Plugin) -> Material | None:
        """What a BSDF is here; None for `null`, which needs a medium to be something."""
        key = id(plugin)
        if key not in self._materials:
            self._materials[key] = self._translated(plugin)
        return self._materials[key]

    def _translated(self, plugin: Plugin) -> Material | None:
        translate = _MATERIALS.get(plugin.type)
        if translate is None:
            self.notes.add(
                f"bsdf {plugin.type!r} is not known here: grey matte instead", plugin.place
            )
            return Diffuse(0.5, name=plugin.id)
        material = translate(self, plugin)
        if material is not None and plugin.id is not None and material.name is None:
            material = self._like(material, material.replace(name=plugin.id))
        return material

    def _nested(self, plugin: Plugin, count: int = 1) -> list[Plugin]:
        found = plugin.of_kind("bsdf")
        if len(found) != count:
            raise SceneError(
                f"{plugin.place}: {plugin} must have {count} nested bsdf, got {len(found)}"
            )
        return found

    def _inner(self, plugin: Plugin) -> Material:
        """The single nested BSDF, without its name: the outer one has its own."""
        material = self.material(self._nested(plugin)[0])
        if material is None:
            raise SceneError(f"{plugin.place}: {plugin}: 'null' can't stand in it here")
        return self._like(material, material.replace(name=None)) if material.name else material

    def is_turned(self, material: Material) -> bool:
        """Is the inside optically thinner? The shape is then turned inside out, with 1 / ior."""
        return id(material) in self._turned

    def _like(self, material: Material, copy: Material) -> Material:
        if self.is_turned(material):
            self._turned[id(copy)] = copy
        return copy

    def _twosided(self, plugin: Plugin) -> Material:
        found = plugin.of_kind("bsdf")
        if len(found) == 2:
            self.notes.add("twosided with two materials: the first is on both sides", plugin.place)
            plugin.parts = [found[0]]
        return self._inner(plugin)

    def _diffuse(self, plugin: Plugin) -> Material:
        return Diffuse(self.color(plugin, "reflectance", 0.5))

    def _rough_diffuse(self, plugin: Plugin) -> Material:
        self.notes.add("bsdf 'roughdiffuse' is smooth and matte here", plugin.place)
        plugin.take("alpha")
        return self._diffuse(plugin)

    def _lobes(self, plugin: Plugin) -> Material:
        """Phong's and Ward's models of 0.6: a matte part below a glossy one."""
        self.notes.add(f"bsdf {plugin.type!r} is near: glTF's layers instead", plugin.place)
        if "alpha" in plugin.properties or "alpha_u" in plugin.properties:
            plugin.properties["distribution"] = "ggx"
            roughness = self._roughness(plugin)
        else:  # alpha^2 = 2 / (exponent + 2) (Walter et al. 2007, section 5)
            exponent = max(plugin.number("exponent", 30.0), 0.0)
            roughness = (2.0 / (exponent + 2.0)) ** 0.25
        plugin.take("specular_reflectance")
        plugin.take("variant")
        return Principled(self.color(plugin, "diffuse_reflectance", 0.5), roughness=roughness)

    def _null(self, plugin: Plugin) -> None:
        return None

    def _conductor(self, plugin: Plugin) -> Material:
        roughness = self._roughness(plugin) if plugin.type == "roughconductor" else 0.0
        color = self.color(plugin, "specular_reflectance", 1.0)
        name = plugin.take("material")
        if name is None and "eta" in plugin.properties:
            eta, k = self._index(plugin, "eta"), self._index(plugin, "k")
            # Of spectra that were turned into RGB some are below 0; Fresnel's terms square both.
            eta, k = np.abs(eta).tolist(), np.abs(k).tolist()
            return Conductor(eta, k, roughness=roughness, color=color)
        if name in (None, "none"):
            return Metal(color, roughness)
        if name not in _METALS:
            self.notes.add(f"conductor {name!r} is not known here: aluminium instead", plugin.place)
        return Conductor(_METALS.get(str(name), "aluminium"), roughness=roughness, color=color)

    def _dielectric(self, plugin: Plugin) -> Material:
        rough = plugin.type == "roughdielectric"
        ratio = self._ior(plugin, "int_ior", "bk7") / self._ior(plugin, "ext_ior", "air")
        roughness = self._roughness(plugin) if rough else 0.0
        thin = plugin.type == "thindielectric"
        self._is_one(plugin, "specular_reflectance")
        color = self.color(plugin, "specular_transmittance", 1.0)
        turned = ratio < 1.0 and not thin
        if ratio < 1.0:
            ratio = 1.0 / ratio
        material = Dielectric(ratio, roughness=roughness, color=color, thin=thin)
        if turned:
            self._turned[id(material)] = material
        return material

    def _plastic(self, plugin: Plugin) -> Material:
        color = self.color(plugin, "diffuse_reflectance", 0.5)
        ratio = self._ior(plugin, "int_ior", "polypropylene") / self._ior(plugin, "ext_ior", "air")
        self._is_one(plugin, "specular_reflectance")
        nonlinear = plugin.flag("nonlinear", False)
        if plugin.type == "roughplastic":
            self.notes.add(
                "bsdf 'roughplastic' is near: glTF's layers instead of Mitsuba's", plugin.place
            )
            return Principled(color, roughness=self._roughness(plugin), ior=ratio)
        if not nonlinear:
            self.notes.add(
                "bsdf 'plastic': light under the coat is coloured each time, as with nonlinear",
                plugin.place,
            )
        return Coated(Diffuse(color), ior=ratio)

    def _principled(self, plugin: Plugin) -> Material:
        metallic = self.number(plugin, "metallic", 0.0)
        color = self.color(plugin, "base_color", 0.5)
        roughness = self.number(plugin, "roughness", 0.5)
        if metallic == 1.0 and not {"clearcoat", "sheen", "spec_trans"} & set(plugin.properties):
            return Metal(color, roughness)  # all metal, the two models are one
        self.notes.add(
            f"bsdf {plugin.type!r} is Disney's model, taken as glTF's, which is near", plugin.place
        )
        specular = plugin.take("specular")
        if specular is None:
            ior = self._ior(plugin, "eta", 1.5)
        else:  # F0 = 0.08 specular
            root = math.sqrt(0.08 * min(max(plugin.number("specular", 0.5), 0.0), 1.0))
            ior = (1.0 + root) / (1.0 - root)
        sheen = plugin.number("sheen", 0.0)
        gloss = plugin.number("clearcoat_gloss", 0.0)
        return Principled(
            color,
            metallic=metallic,
            roughness=roughness,
            ior=max(ior, 1.0),
            transmission=self.number(plugin, "spec_trans", 0.0),
            thin=plugin.type == "principledthin",
            clearcoat=0.25 * plugin.number("clearcoat", 0.0),  # Burley 2012: its full strength
            clearcoat_roughness=math.sqrt(0.1 + (0.001 - 0.1) * gloss),
            sheen_color=sheen,
            sheen_roughness=0.3 if sheen > 0.0 else 0.0,
        )

    def _blend(self, plugin: Plugin) -> Material:
        parts = [self.material(part) for part in self._nested(plugin, 2)]
        if any(part is None for part in parts):
            raise SceneError(f"{plugin.place}: {plugin}: 'null' can't be mixed here; use 'mask'")
        a, b = (part.replace(name=None) for part in parts if part is not None)
        return Mix(a, b, self.number(plugin, "weight", 0.5))

    def _mask(self, plugin: Plugin) -> Material:
        material = self._inner(plugin)
        return self._like(material, material.replace(opacity=self.number(plugin, "opacity", 0.5)))

    def _normal_map(self, plugin: Plugin) -> Material:
        texture = next(iter(plugin.of_kind("texture")), None)
        if texture is None:
            raise SceneError(f"{plugin.place}: {plugin} must have a texture")
        plugin.take("use_shadowing_function")
        material = self._inner(plugin)
        if isinstance(material, Interface):
            return material
        tilted = material.replace(normal_map=self.texture(texture, encoding="linear"))
        return self._like(material, tilted)

    def _bump_map(self, plugin: Plugin) -> Material:
        self.notes.add("bsdf 'bumpmap' is left out: bake it into a normal map", plugin.place)
        return self._inner(plugin)

    # --- Numbers, colours and textures ------------------------------------------------------------

    def color(self, plugin: Plugin, name: str, default: float) -> Any:
        """A property that is a reflectance: a colour, a number or a texture."""
        value = plugin.take(name, default)
        if isinstance(value, Plugin):
            return self._spectral(value)
        return tuple(np.clip(value, 0.0, 1.0)) if isinstance(value, tuple) else value

    def number(self, plugin: Plugin, name: str, default: float) -> Any:
        """A property that is a number or a texture of numbers."""
        value = plugin.take(name, default)
        if isinstance(value, Plugin):
            return self._spectral(value)
        return float(np.mean(value))

    def radiance(self, plugin: Plugin, name: str, default: float = 1.0) -> Any:
        """A property that is light: any colour that is not negative, or a texture."""
        value = plugin.take(name, default)
        return self._spectral(value) if isinstance(value, Plugin) else value

    def _spectral(self, plugin: Plugin) -> Any:
        if plugin.kind == "texture":
            return self.texture(plugin)
        if plugin.kind == "spectrum":
            if plugin.type in ("uniform", "srgb", "d65"):
                if plugin.type == "d65":
                    return plugin.take("color", plugin.number("scale", 1.0))
                return plugin.take("color", plugin.number("value", 1.0))
            self.notes.add(f"spectrum {plugin.type!r} is not known here: 1 instead", plugin.place)
            return 1.0
        raise SceneError(f"{plugin.place}: {plugin} is no texture")

    def texture(self, plugin: Plugin, encoding: str | None = None) -> Texture:
        """What a texture is here; each once, however often it is referred to."""
        key = (id(plugin), encoding)
        if key not in self._textures:
            texture = self._translated_texture(plugin, encoding)
            named = any(seen == id(plugin) for seen, _ in self._textures)  # in another encoding
            self._textures[key] = texture.replace(name=None) if named else texture
        return self._textures[key]

    def _translated_texture(self, plugin: Plugin, encoding: str | None) -> Texture:
        to_uv = plugin.matrix("to_uv")
        scale, shift = to_uv.diagonal()[:2], to_uv[:2, 3]
        if not np.allclose(to_uv[:2, :2], np.diag(scale)) or np.any(scale == 0.0):
            self.notes.add("to_uv turns a texture: left out", plugin.place)
            scale, shift = np.ones(2), np.zeros(2)
        name = plugin.id
        if plugin.type == "bitmap":
            raw = plugin.flag("raw", False)
            wrap = plugin.text("wrap_mode", "repeat")
            kind = plugin.text("filter_type", "bilinear")
            path = referred(plugin.scene, plugin.text("filename"), plugin.place)
            # Mitsuba's v points down: v' = s v + t is 1 - v' upwards.
            return ImageTexture(
                path,
                wrap=wrap if wrap in ("repeat", "mirror", "clamp") else "repeat",  # type: ignore[arg-type]
                filter="nearest" if kind == "nearest" else "bilinear",
                encoding="linear" if raw or encoding == "linear" else None,
                scale=(float(scale[0]), float(-scale[1])),
                offset=(float(shift[0]), float(1.0 - shift[1])),
                name=name,
            )
        if plugin.type == "checkerboard":
            if np.any(shift != 0.0):
                self.notes.add("to_uv shifts a checkerboard: left out", plugin.place)
            return Checkerboard(
                self.color(plugin, "color0", 0.4),
                self.color(plugin, "color1", 0.2),
                scale=(2.0 * float(scale[0]), 2.0 * float(scale[1])),
                name=name,
            )
        if plugin.type == "mesh_attribute" and plugin.text("name", "") in (
            "vertex_color", "face_color",
        ):  # fmt: skip
            return Attribute("color", name=name)
        self.notes.add(f"texture {plugin.type!r} is not known here: grey instead", plugin.place)
        return Checkerboard(0.5, 0.5, name=name)

    def _roughness(self, plugin: Plugin) -> Any:
        """Perceptual, alpha = roughness^2."""
        if plugin.text("distribution", "beckmann") != "ggx":
            self.notes.add("microfacets are GGX here, Beckmann in the file", plugin.place)
        plugin.take("sample_visible")
        if "alpha_u" in plugin.properties or "alpha_v" in plugin.properties:
            self.notes.add("anisotropic roughness is taken as its mean", plugin.place)
            alpha = (plugin.number("alpha_u", 0.1) * plugin.number("alpha_v", 0.1)) ** 0.5
        else:
            value = plugin.take("alpha", 0.1)
            if isinstance(value, Plugin):
                self.notes.add("a texture of roughness is taken as its mean", plugin.place)
                texture = self._spectral(value)
                value = float(np.mean(texture.mean())) if isinstance(texture, Texture) else texture
            alpha = float(np.mean(value))
        return math.sqrt(min(max(alpha, 0.0), 1.0))

    def _index(self, plugin: Plugin, name: str) -> Any:
        value = plugin.take(name, 0.0)
        if isinstance(value, Plugin):
            value = self._spectral(value)
        return value if isinstance(value, tuple) else float(np.mean(value))

    def _ior(self, plugin: Plugin, name: str, default: str | float) -> float:
        value = plugin.take(name, default)
        if isinstance(value, str):
            if value.lower() not in _INDICES:
                raise plugin.fail(name, f"a number or one of {', '.join(_INDICES)}", value)
            return _INDICES[value.lower()]
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0.0:
            raise plugin.fail(name, "an index of refraction > 0", value)
        return float(value)

    def _is_one(self, plugin: Plugin, name: str) -> None:
        if plugin.take(name, 1.0) not in (1, 1.0, (1.0, 1.0, 1.0)):
            self.notes.add(f"bsdf {plugin.type!r}: {name} is left out", plugin.place)

    # --- Media ------------------------------------------------------------------------------------

    def medium(self, plugin: Plugin) -> HomogeneousMedium | None:
        """What a medium is here; None if it varies from point to point."""
        key = id(plugin)
        if key not in self._media:
            self._media[key] = self._translated_medium(plugin)
        return self._media[key]

    def _translated_medium(self, plugin: Plugin) -> HomogeneousMedium | None:
        if plugin.type != "homogeneous":
            self.notes.add(f"medium {plugin.type!r} is left out", plugin.place)
            return None
        scale = plugin.number("scale", 1.0)
        if "sigma_a" in plugin.properties or "sigma_s" in plugin.properties:
            absorption = np.broadcast_to(self._index(plugin, "sigma_a"), 3)
            scattering = np.broadcast_to(self._index(plugin, "sigma_s"), 3)
        else:
            extinction = np.broadcast_to(plugin.take("sigma_t", 1.0), 3)
            albedo = np.broadcast_to(plugin.take("albedo", 0.75), 3)
            absorption, scattering = extinction * (1.0 - albedo), extinction * albedo
        plugin.take("sample_emitters")
        plugin.take("has_spectral_extinction")
        anisotropy = 0.0
        for phase in plugin.of_kind("phase"):
            if phase.type == "hg":
                anisotropy = phase.number("g", 0.8)
            elif phase.type != "isotropic":
                self.notes.add(f"phase {phase.type!r} is taken as isotropic", phase.place)
        return HomogeneousMedium(
            tuple(float(v) for v in scale * absorption),
            tuple(float(v) for v in scale * scattering),
            anisotropy,
            name=plugin.id,
        )


_MATERIALS: dict[str, Callable[[Surfaces, Plugin], Material | None]] = {
    "twosided": Surfaces._twosided,
    "diffuse": Surfaces._diffuse,
    "roughdiffuse": Surfaces._rough_diffuse,
    "phong": Surfaces._lobes,
    "ward": Surfaces._lobes,
    "null": Surfaces._null,
    "conductor": Surfaces._conductor,
    "roughconductor": Surfaces._conductor,
    "dielectric": Surfaces._dielectric,
    "roughdielectric": Surfaces._dielectric,
    "thindielectric": Surfaces._dielectric,
    "plastic": Surfaces._plastic,
    "roughplastic": Surfaces._plastic,
    "principled": Surfaces._principled,
    "principledthin": Surfaces._principled,
    "blendbsdf": Surfaces._blend,
    "mask": Surfaces._mask,
    "normalmap": Surfaces._normal_map,
    "bumpmap": Surfaces._bump_map,
}
