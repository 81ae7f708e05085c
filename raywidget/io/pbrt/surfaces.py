"""Materials and media of pbrt -> materials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from raywidget.errors import SceneError
from raywidget.io.notes import Notes
from raywidget.io.pbrt import spectra
from raywidget.io.pbrt.directives import Declared
from raywidget.io.pbrt.parameters import Parameters, placed
from raywidget.io.pbrt.textures import Textures, Value
from raywidget.scene.materials.materials import (
    Coated,
    Conductor,
    Dielectric,
    Diffuse,
    Material,
    Metal,
    Mix,
)
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.materials.principled import Principled
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.textures import Texture

GREY = Diffuse(0.5)

MAX_DEPTH = 16  # of mixtures of mixtures

_BRIGHTEST = 0.99  # what a conductor of index 1 and k 20, the greatest here, reflects

# Scattering (reduced) and absorption per mm, in red, green and blue: Jensen et al., "A practical
# model for subsurface light transport" (2001), figure 5.
_PRESETS = {
    "Apple": ((2.29, 2.39, 1.97), (0.003, 0.0034, 0.046)),
    "Chicken1": ((0.15, 0.21, 0.38), (0.015, 0.077, 0.19)),
    "Chicken2": ((0.19, 0.25, 0.32), (0.018, 0.088, 0.2)),
    "Cream": ((7.38, 5.47, 3.15), (0.0002, 0.0028, 0.0163)),
    "Ketchup": ((0.18, 0.07, 0.03), (0.061, 0.97, 1.45)),
    "Marble": ((2.19, 2.62, 3.0), (0.0021, 0.0041, 0.0071)),
    "Potato": ((0.68, 0.7, 0.55), (0.0024, 0.009, 0.12)),
    "Skimmilk": ((0.7, 1.22, 1.9), (0.0014, 0.0025, 0.0142)),
    "Skin1": ((0.74, 0.88, 1.01), (0.032, 0.17, 0.48)),
    "Skin2": ((1.09, 1.59, 1.79), (0.013, 0.07, 0.145)),
    "Spectralon": ((11.6, 20.4, 14.9), (0.0, 0.0, 0.0)),
    "Wholemilk": ((2.55, 3.21, 3.77), (0.0011, 0.0024, 0.014)),
}


class Surfaces:
    """Translates what surfaces are made of, each material once."""

    def __init__(self, declared: Declared, textures: Textures, notes: Notes) -> None:
        self._declared = declared
        self._textures = textures
        self._notes = notes
        self._materials: dict[int, Material | None] = {}
        self._media: dict[str, HomogeneousMedium | None] = {}
        self._turned: dict[int, Material] = {}
        self._depth = 0

    def material(self, given: Parameters | str | None, place: str) -> Material | None:
        """What a material is here; None for `interface`, which needs a medium to be something."""
        if given is None:
            return GREY
        owner = given
        if isinstance(owner, str):
            found = self._declared.materials.get(owner)
            if found is None:
                raise SceneError(f"{place}: there is no material {owner!r}")
            owner = found
        key = id(owner)
        if key not in self._materials:
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise SceneError(f"{owner.place}: {owner} is made of itself, or too deep")
            with placed(owner):
                self._materials[key] = self._translated(owner)
            self._depth -= 1
        return self._materials[key]

    def _translated(self, owner: Parameters) -> Material | None:
        translate = _MATERIALS.get(owner.type)
        if translate is None:
            self._notes.add(
                f"material {owner.type!r} is not known here: grey matte instead", owner.place
            )
            owner.ignore(*owner.items)
            return GREY
        material = translate(self, owner)
        if material is None:
            owner.ignore(*owner.items)
            return None
        if owner.has("normalmap"):
            path = owner.picture("normalmap", self._notes)
            if path is not None:
                tilted = ImageTexture(path, encoding="linear")
                material = self._like(material, material.replace(normal_map=tilted))
        if owner.has("displacement"):
            owner.ignore("displacement")
            self._notes.add("displacement is left out: bake it into a normal map", owner.place)
        return material

    def is_turned(self, material: Material) -> bool:
        """Is the inside optically thinner? The shape is then turned inside out, with 1 / eta."""
        return id(material) in self._turned

    def _like(self, material: Material, copy: Material) -> Material:
        if self.is_turned(material):
            self._turned[id(copy)] = copy
        return copy

    # --- Kinds ------------------------------------------------------------------------------------

    def _diffuse(self, owner: Parameters) -> Material:
        return Diffuse(self._color(owner, "reflectance", 0.5))

    def _interface(self, owner: Parameters) -> None:
        return None

    def _coated_diffuse(self, owner: Parameters) -> Material:
        color = self._color(owner, "reflectance", 0.5)
        roughness = self._roughness(owner, "")
        index = self._index(owner, "eta", 1.5)
        if roughness == 0.0:
            self._layer(owner, "the coat has no thickness here, which is near")
            return Coated(Diffuse(color), ior=index)
        self._layer(owner, "a rough coat is glTF's dielectric layer here, which is near")
        return Principled(color, roughness=roughness, ior=index)

    def _coated_conductor(self, owner: Parameters) -> Material:
        metal = self._metal(owner, "conductor.")
        index = self._index(owner, "interface.eta", 1.5)
        roughness = self._roughness(owner, "interface.")
        smooth = "" if roughness == 0.0 else ", and is smooth"
        self._layer(owner, f"the coat has no thickness here{smooth}, which is near")
        return Coated(metal, ior=index)

    def _layer(self, owner: Parameters, note: str) -> None:
        self._notes.add(f"material {owner.type!r}: {note}", owner.place)
        owner.ignore("thickness", "maxdepth", "nsamples")
        if np.any(np.asarray(self._color(owner, "albedo", 0.0)) != 0.0):
            self._notes.add("what scatters within a coat is left out", owner.place)
            owner.ignore("g")

    def _conductor(self, owner: Parameters) -> Material:
        return self._metal(owner, "")

    def _metal(self, owner: Parameters, prefix: str) -> Metal | Conductor:
        roughness = self._roughness(owner, prefix)
        if owner.has("reflectance"):
            color = self._color(owner, "reflectance", 0.5)
            if isinstance(color, Texture):
                self._notes.add("a texture of a conductor's reflectance: Schlick's term instead",
                                owner.place)  # fmt: skip
                return Metal(color, roughness)
            if max(color) > _BRIGHTEST:
                return Metal(color, roughness)  # which differs by less than the rest to 1
            # As pbrt has it: a real index of 1, and a k that reflects so much straight on.
            share = np.array(color)
            k = 2.0 * np.sqrt(share) / np.sqrt(1.0 - share)
            return Conductor((1.0, 1.0, 1.0), tuple(float(v) for v in k), roughness=roughness)
        eta, k = (
            self._plain(owner, f"{prefix}{name}", spectra.metal(f"metal-Cu-{name}"))
            for name in ("eta", "k")
        )
        eta, k = (tuple(float(v) for v in np.clip(value, 0.0, 20.0)) for value in (eta, k))
        return Conductor(eta, k, roughness=roughness)

    def _dielectric(self, owner: Parameters) -> Material:
        thin = owner.type == "thindielectric"
        index = self._index(owner, "eta", 1.5)
        roughness = 0.0 if thin else self._roughness(owner, "")
        material = Dielectric(max(index, 1.0 / index), roughness=roughness, thin=thin)
        if index < 1.0 and not thin:
            self._turned[id(material)] = material
        return material

    def _diffuse_transmission(self, owner: Parameters) -> Material:
        self._notes.add(
            "material 'diffusetransmission' is matte mixed with a rough thin pane, which is near",
            owner.place,
        )
        scale = owner.number("scale", 1.0)
        colors = [self._color(owner, name, 0.25) for name in ("reflectance", "transmittance")]
        shares = [float(np.mean(c.mean() if isinstance(c, Texture) else c)) for c in colors]
        total = max(sum(shares), 1e-6)
        amount = shares[1] / total
        parts = [
            self._times(color, scale / max(share, 1e-6), owner)
            for color, share in zip(colors, (1.0 - amount, amount), strict=True)
        ]
        pane = Principled(parts[1], roughness=1.0, ior=1.0, transmission=1.0, thin=True)
        return Mix(Diffuse(parts[0]), pane, amount)

    def _mix(self, owner: Parameters) -> Material:
        names = owner.texts("materials")
        if len(names) != 2:
            raise owner.fail("materials", "the names of two materials", names)
        parts = [self.material(name, owner.items["materials"].place) for name in names]
        amount = self._number(owner, "amount", 0.5)
        a, b = parts
        if a is None or b is None:
            raise owner.fail("materials", "two that are no 'interface' (use alpha)", names)
        return Mix(a, b, amount)

    def _subsurface(self, owner: Parameters) -> Material:
        self._notes.add(
            f"material {owner.type!r} is taken as a coat on matte, without light below the surface",
            owner.place,
        )
        color = self._color(owner, "reflectance", 0.0)
        if not owner.has("reflectance"):
            preset = _PRESETS.get(owner.text("name", ""), _PRESETS["Wholemilk"])
            absorbed = np.asarray(self._plain(owner, "sigma_a", preset[1]))
            scattered = np.asarray(self._plain(owner, "sigma_s", preset[0]))
            # What a half space of it gives back, roughly: Hapke's formula for equal directions.
            albedo = scattered / np.maximum(scattered + absorbed, 1e-12)
            root = np.sqrt(np.maximum(1.0 - albedo, 0.0))
            color = tuple(float(v) for v in (1.0 - root) / (1.0 + root))
        owner.ignore("mfp", "g", "scale", "name", "sigma_a", "sigma_s")
        index, roughness = self._index(owner, "eta", 1.33), self._roughness(owner, "")
        if roughness == 0.0:
            return Coated(Diffuse(color), ior=index)
        return Principled(color, roughness=roughness, ior=index)

    def _hair(self, owner: Parameters) -> Material:
        self._notes.add("material 'hair' is taken as a glossy surface of its colour", owner.place)
        color: Value = (0.16, 0.08, 0.04)
        if owner.has("color") or owner.has("reflectance"):
            color = self._color(owner, "color" if owner.has("color") else "reflectance", 0.5)
        elif owner.has("eumelanin") or owner.has("pheomelanin"):
            amounts = [
                float(np.mean(v.mean() if isinstance(v, Texture) else v))
                for v in (self._number(owner, n, 0.0) for n in ("eumelanin", "pheomelanin"))
            ]
            # Absorption by d'Eon et al., "An energy-conserving hair reflectance model" (2011); its
            # colour by Chiang et al. (2016), at their default azimuthal roughness of 0.3.
            absorbed = np.array([(0.419, 0.697, 1.37), (0.187, 0.4, 1.05)]).T @ amounts
            color = tuple(float(v) for v in np.exp(-5.63 * np.sqrt(absorbed)))
        elif owner.has("sigma_a"):
            absorbed = np.asarray(self._plain(owner, "sigma_a", 0.0))
            color = tuple(float(v) for v in np.exp(-5.63 * np.sqrt(absorbed)))
        owner.ignore(*owner.items)
        return Principled(color, roughness=0.5, ior=1.55)

    def _measured(self, owner: Parameters) -> Material:
        self._notes.add("material 'measured' is grey matte here", owner.place)
        owner.ignore("filename")
        return GREY

    # --- Values -----------------------------------------------------------------------------------

    def _color(self, owner: Parameters, name: str, default: float) -> Value:
        return self._textures.value(owner, name, "spectrum", (default, default, default))

    def _number(self, owner: Parameters, name: str, default: float) -> Value:
        return self._unit(self._textures.value(owner, name, "float", default), owner)

    def _times(self, value: Value, factor: float, owner: Parameters) -> Value:
        """A colour or a texture of colours times a number, up to 1."""
        return self._textures.mapped(value, lambda v: np.clip(v * factor, 0.0, 1.0), owner.place)

    def _unit(self, value: Value, owner: Parameters) -> Value:
        """A number or a texture of numbers within [0, 1]."""
        if isinstance(value, Texture):
            low, high = value.value_range()
            if low >= 0.0 and high <= 1.0:
                return value
            return self._textures.mapped(value, lambda v: np.clip(v, 0.0, 1.0), owner.place)
        return float(np.clip(value, 0.0, 1.0))

    def opacity(self, owner: Parameters) -> Value:
        """The `alpha` of a shape, of whatever type."""
        return self._number(owner, "alpha", 1.0)

    def _plain(self, owner: Parameters, name: str, default: Any) -> Any:
        value = self._textures.value(owner, name, "spectrum", default, "plain")
        if isinstance(value, Texture):
            self._notes.add(f"a texture of {name} is taken as its mean", owner.place)
            return value.mean()
        return np.broadcast_to(value, 3)

    def _index(self, owner: Parameters, name: str, default: float) -> float:
        item = owner.items.get(name)
        owner.ignore(name)
        if item is None:
            return default
        if item.type == "texture":
            value = self._number(owner, name, default)
            index = float(np.mean(value.mean() if isinstance(value, Texture) else value))
        else:
            if item.type == "spectrum":
                self._notes.add("glass has one index of refraction here: no dispersion", item.place)
            index = spectra.glass_index(item, owner.scene)
        if not 0.05 <= index <= 20.0:
            raise owner.fail(name, "an index of refraction", index)
        return index

    def _roughness(self, owner: Parameters, prefix: str) -> Value:
        """Perceptual here: alpha = roughness^2; there, alpha = sqrt(roughness) unless told not."""
        remapped = owner.flag("remaproughness", True)
        names = [f"{prefix}{axis}roughness" for axis in "uv"]
        plain = self._textures.value(owner, f"{prefix}roughness", "float", 0.0)
        both = [self._textures.value(owner, name, "float", plain) for name in names]
        if any(owner.has(name) for name in names) and both[0] is not both[1]:
            if both[0] != both[1]:
                self._notes.add("anisotropic roughness is taken as its mean", owner.place)
            means = [v.mean()[0] if isinstance(v, Texture) else v for v in both]
            value: Value = float(np.sqrt(max(means[0], 0.0) * max(means[1], 0.0)))
        else:
            value = both[0]
        power = 0.25 if remapped else 0.5
        return self._textures.mapped(value, lambda v: np.clip(v, 0.0, 1.0) ** power, owner.place)

    # --- Media ------------------------------------------------------------------------------------

    def medium(self, name: str, place: str) -> HomogeneousMedium | None:
        """What a medium is here; None for empty space, and for what varies from point to point."""
        if not name:
            return None
        if name not in self._media:
            owner = self._declared.media.get(name)
            if owner is None:
                raise SceneError(f"{place}: there is no medium {name!r}")
            self._media[name] = self._translated_medium(owner)
        return self._media[name]

    def _translated_medium(self, owner: Parameters) -> HomogeneousMedium | None:
        if owner.type != "homogeneous":
            self._notes.add(f"medium {owner.type!r} is left out", owner.place)
            owner.ignore(*owner.items)
            return None
        preset = owner.text("preset", "")
        scattering, absorption = _PRESETS.get(preset, _PRESETS["Wholemilk"])
        if preset and preset not in _PRESETS:
            self._notes.add(f"the preset {preset!r} is not known here: milk instead", owner.place)
        scale = owner.number("scale", 1.0)
        if scale < 0.0:
            raise owner.fail("scale", "a number >= 0", scale)
        absorbed = scale * np.asarray(self._plain(owner, "sigma_a", absorption))
        scattered = scale * np.asarray(self._plain(owner, "sigma_s", scattering))
        if owner.has("Le"):
            owner.ignore("Le", "Lescale")
            self._notes.add("a medium that shines is left dark", owner.place)
        anisotropy = owner.number("g", 0.0)
        return HomogeneousMedium(
            tuple(float(v) for v in absorbed), tuple(float(v) for v in scattered), anisotropy
        )


_MATERIALS: dict[str, Callable[[Surfaces, Parameters], Material | None]] = {
    "": Surfaces._interface,
    "coatedconductor": Surfaces._coated_conductor,
    "coateddiffuse": Surfaces._coated_diffuse,
    "conductor": Surfaces._conductor,
    "dielectric": Surfaces._dielectric,
    "diffuse": Surfaces._diffuse,
    "diffusetransmission": Surfaces._diffuse_transmission,
    "hair": Surfaces._hair,
    "interface": Surfaces._interface,
    "measured": Surfaces._measured,
    "mix": Surfaces._mix,
    "none": Surfaces._interface,
    "subsurface": Surfaces._subsurface,
    "thindielectric": Surfaces._dielectric,
}
