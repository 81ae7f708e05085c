"""Materials of a stage: UsdPreviewSurface -> Principled, all else in the colours of things.

After the UsdPreviewSurface specification 2.6. What is partly transparent by a number (`opacity`
without a threshold, in the mode "transparent") is a mixture with a thin clear pane, which keeps its
gloss as the specification asks for; by a picture, it is cut out as leaves and nets are.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from raywidget.io.maps import Affine, Wraps, after_inverse, cut_out, is_turned
from raywidget.io.notes import Notes
from raywidget.io.usd.pictures import Lying, Pictures, chosen, linear
from raywidget.scene.materials.materials import DEFAULT_MATERIAL, Diffuse, Material, Mix
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.materials.principled import Principled
from raywidget.scene.textures.image_texture import Wrap
from raywidget.scene.textures.textures import Attribute, Texture
from raywidget.scene.values.checks import LARGEST

Span = tuple[float, float, float, float]  # least u, v, greatest u, v
RGB = tuple[float, float, float]

_MAPS = (
    # the inputs that may be pictures, the most important first
    "diffuseColor", "normal", "roughness", "metallic", "emissiveColor", "opacity",
    "specularColor", "clearcoat", "clearcoatRoughness",
    # those of MaterialX
    "specular", "specularTint", "transmission", "sheenColor", "sheenRoughness",
)  # fmt: skip
_KNOWN = {
    *_MAPS, "useSpecularWorkflow", "ior", "opacityThreshold", "opacityMode", "occlusion",
    "displacement", "thin", "absorption",
}  # fmt: skip
_WRAPS: dict[str, Wrap] = {
    "repeat": "repeat", "mirror": "mirror", "clamp": "clamp", "black": "clamp",
    "useMetadata": "repeat",
}  # fmt: skip
_AS_IS = np.eye(3)[:2]


class Paint(NamedTuple):
    """What a thing brings to its material."""

    color: RGB | None  # the same everywhere
    color_name: str | None  # of the primvar that it has, whether it is the same or not
    opacity: float
    spans: tuple[tuple[str, Span], ...]  # of its texture coordinates, by name


class Surface(NamedTuple):
    """A material, and what it takes of a thing."""

    material: Material
    uv: str | None  # the name of the texture coordinates
    uv_transform: Affine
    takes_colors: bool
    visible: bool


class Surfaces:
    """Makes materials, each once for every way in which it is used."""

    def __init__(self, told: dict[str, Any], pictures: Pictures, names: Any, notes: Notes) -> None:
        self._told = told
        self._pictures = pictures
        self._names = names
        self._notes = notes
        self._made: dict[Any, Surface] = {}

    def of(self, path: str | None, paint: Paint) -> Surface:
        """The material at a path, or what a thing without one is made of."""
        key = (path, paint)
        if key not in self._made:
            inputs = self._told.get(path or "", {}).get("inputs")
            if path is None or inputs is None:
                surface = _plain(paint)
            else:
                surface = _Maker(path, inputs, paint, self._pictures, self._notes).surface()
            if surface.material is not DEFAULT_MATERIAL and path is not None:
                name = self._names.unique(path)
                surface = surface._replace(material=surface.material.replace(name=name))
            self._made[key] = surface
        return self._made[key]


def _plain(paint: Paint) -> Surface:
    uv = paint.spans[0][0] if paint.spans else None
    varies = paint.color_name is not None and paint.color is None
    material: Material = DEFAULT_MATERIAL
    if varies or paint.color is not None or paint.opacity != 1.0:
        color: Any = Attribute("color") if varies else paint.color or (0.5, 0.5, 0.5)
        material = Diffuse(color, opacity=paint.opacity)
    return Surface(material, uv, _AS_IS, varies, paint.opacity > 0.0)


class _Maker:
    """One material, being made."""

    def __init__(
        self,
        path: str,
        inputs: dict[str, Any],
        paint: Paint,
        pictures: Pictures,
        notes: Notes,
    ) -> None:
        self.path = path
        self.inputs = inputs
        self.paint = paint
        self.spans = dict(paint.spans)
        self.pictures = pictures
        self.notes = notes
        self.takes_colors = False
        self.uv, self.uv_transform = self._coordinates()

    def _tell(self, text: str) -> None:
        self.notes.add(text, self.path)

    # --- Where pictures lie -----------------------------------------------------------------------

    def _coordinates(self) -> tuple[str | None, Affine]:
        """Which texture coordinates the thing gets, and what is done to them."""
        used = [
            self.inputs[name]
            for name in _MAPS
            if "picture" in self.inputs.get(name, {}) and self.inputs[name]["picture"]
        ]
        if not used:
            return next(iter(self.spans), None), _AS_IS
        first = used[0]
        if not first["uv"]:  # nobody says which: those that are there
            return next(iter(self.spans), None), _AS_IS
        if first["uv"] not in self.spans:
            return next(iter(self.spans), None), _AS_IS
        transform = _affine(first["transforms"])
        if is_turned(transform) and abs(np.linalg.det(transform[:, :2])) > 1e-12:
            return first["uv"], transform
        return first["uv"], _AS_IS

    def _lying(self, name: str, told: dict[str, Any]) -> Lying | None:
        uv = told["uv"] or self.uv
        if uv != self.uv or uv is None:
            if uv in self.spans:
                self._tell(
                    f"{name} lies by other texture coordinates than other maps of the material; "
                    "only one set can be used at once, and the map was left out"
                )
            else:
                self._tell(
                    f"{name} asks for the texture coordinates {uv!r}, which a thing with that "
                    "material does not have; the map was left out there"
                )
            return None
        whole = _affine(told["transforms"])
        relative = after_inverse(whole, self.uv_transform)
        if is_turned(relative):
            self._tell(f"{name} is turned otherwise than other maps of the material; as they are")
            relative = _AS_IS
        return Lying(relative, self._wraps(name, told, whole))

    def _wraps(self, name: str, told: dict[str, Any], transform: Affine) -> Wraps:
        """How a picture goes on along u and along v."""
        s, t = (_WRAPS.get(str(wrap), "repeat") for wrap in told["wrap"])
        if "black" in told["wrap"]:
            low_u, low_v, high_u, high_v = self.spans[told["uv"] or self.uv or ""]
            corners = np.array([(u, v, 1.0) for u in (low_u, high_u) for v in (low_v, high_v)])
            for wrap, axis in zip(told["wrap"], (corners @ transform.T).T, strict=True):
                # Between 0 and 1 there is no wrap, but for half a pixel at the edges.
                if wrap == "black" and not (axis.min() >= -1e-3 and axis.max() <= 1.001):
                    self._tell(f"{name} is black outside of its picture; its edge goes on instead")
                    break
        return s, t

    # --- Values -----------------------------------------------------------------------------------

    def _texture(self, name: str, told: dict[str, Any], top: float = 1.0) -> Any:
        lying = self._lying(name, told) if told["picture"] else None
        return None if lying is None else self.pictures.texture(told, lying, self.path, top=top)

    def number(self, name: str, default: float) -> Any:
        """An input that is a number in [0, 1], or a picture of numbers."""
        told = self.inputs.get(name, {})
        if "picture" in told:
            texture = self._texture(name, told)
            if texture is not None:
                return texture
            fallback = told["fallback"] if told["picture"] is None else None
            if not isinstance(fallback, list):
                return default
            told = {"value": fallback["rgba".find(told["channel"]) % 4]}
        if "primvar" in told:
            self._tell(f"{name} is read from primvar {told['primvar']!r}, which is left out")
        value = self.scalar(name, default, told)
        if not 0.0 <= value <= 1.0:
            self._tell(f"{name} = {value:g} was brought into [0, 1]")
        return min(1.0, max(0.0, value))

    def scalar(self, name: str, default: float, told: dict[str, Any] | None = None) -> float:
        """An input that is any number."""
        told = self.inputs.get(name, {}) if told is None else told
        value = told.get("value")
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return default
        return float(value) if math.isfinite(value) else default

    def color(self, name: str, default: RGB, top: float = 1.0, factor: float = 1.0) -> Any:
        """An input that is a colour, or a picture."""
        told = self.inputs.get(name, {})
        if "picture" in told:
            scale = [factor * float(s) for s in told["scale"]]
            bias = [factor * float(b) for b in told["bias"]]
            texture = self._texture(name, {**told, "scale": scale, "bias": bias}, top)
            if texture is not None:
                return texture
            if told["picture"] is not None:
                return tuple(factor * c for c in default)
            told = {"value": told["fallback"]}
        value = told.get("value")
        if told.get("primvar") and told["primvar"] == self.paint.color_name:
            if self.paint.color is None:
                if top == 1.0 and factor == 1.0:
                    self.takes_colors = True
                    return Attribute("color")
                self._tell(f"{name} is read from colours that vary, which is left out")
            else:
                value = list(self.paint.color)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = [value] * 3
        if not isinstance(value, list) or len(value) < 3:
            value = list(default)
        rgb = [float(v) * factor if math.isfinite(v) else 0.0 for v in value[:3]]
        if min(rgb) < 0.0 or max(rgb) > top:
            self._tell(f"{name} was brought into [0, {top:g}]")
        r, g, b = (min(top, max(0.0, v)) for v in rgb)
        return (r, g, b)

    # --- The whole --------------------------------------------------------------------------------

    def surface(self) -> Surface:
        """Make it."""
        for name in self.inputs:
            if name not in _KNOWN:
                self._tell(f"the input {name!r} is not known here; left out")
        if self.scalar("displacement", 0.0) != 0.0 or "picture" in self.inputs.get(
            "displacement", {}
        ):
            self._tell("displacement is left out")
        opacity, share = self._opacity()
        emission = self._emission(opacity)
        values = self._values()
        common: dict[str, Any] = {}
        normal = self.inputs.get("normal", {})
        if normal.get("picture"):
            lying = self._lying("normal", normal)
            if lying is not None:
                common["normal_map"] = self.pictures.normals(normal, lying, self.path)
        material: Material
        base = self.color("diffuseColor", (0.18, 0.18, 0.18))
        if share > 0.0:
            pane = Principled(
                (1.0, 1.0, 1.0),
                roughness=values["roughness"],
                ior=values["ior"],
                clearcoat=values["clearcoat"],
                clearcoat_roughness=values["clearcoat_roughness"],
                transmission=1.0,
                thin=True,
            )
            if share == 1.0:
                material = pane.replace(emission=emission, **common)
            else:
                material = Mix(Principled(base, **values), pane, share, emission=emission, **common)
        else:
            material = Principled(base, **values, emission=emission, opacity=opacity, **common)
        visible = isinstance(opacity, Texture) or opacity > 0.0
        return Surface(material, self.uv, self.uv_transform, self.takes_colors, visible)

    def _values(self) -> dict[str, Any]:
        ior = self.scalar("ior", 1.5)
        if not 1.0 <= ior <= 4.0:
            self._tell(f"ior = {ior:g} was brought into [1, 4]")
            ior = min(4.0, max(1.0, ior))
        values: dict[str, Any] = {
            **self._beyond(),
            "roughness": self.number("roughness", 0.5),
            "ior": ior,
            "clearcoat": self.number("clearcoat", 0.0),
            "clearcoat_roughness": self.number("clearcoatRoughness", 0.01),
        }
        if self.scalar("useSpecularWorkflow", 0.0):
            # Paint of index 1.5 reflects 0.04 at right angles, which is multiplied.
            values["ior"] = 1.5
            values["specular_color"] = self.color(
                "specularColor", (0.0, 0.0, 0.0), LARGEST, 1.0 / 0.04
            )
        else:
            values["metallic"] = self.number("metallic", 0.0)
        return values

    def _beyond(self) -> dict[str, Any]:
        """What surfaces of MaterialX have beside."""
        values: dict[str, Any] = {}
        if "specular" in self.inputs:
            values["specular"] = self.number("specular", 1.0)
        if "specularTint" in self.inputs:
            values["specular_color"] = self.color("specularTint", (1.0, 1.0, 1.0), LARGEST)
        if "sheenColor" in self.inputs:
            values["sheen_color"] = self.color("sheenColor", (0.0, 0.0, 0.0))
            values["sheen_roughness"] = self.number("sheenRoughness", 0.3)
        if "transmission" in self.inputs:
            values["transmission"] = self.number("transmission", 0.0)
            values["thin"] = bool(self.scalar("thin", 0.0)) or self._flag("thin")
            absorption = self.inputs.get("absorption", {}).get("value")
            if not values["thin"] and values["transmission"] != 0.0 and absorption:
                values["interior"] = HomogeneousMedium(absorption)
        return values

    def _flag(self, name: str) -> bool:
        return self.inputs.get(name, {}).get("value") is True

    def _opacity(self) -> tuple[Any, float]:
        """How much of the surface is there, and which share of it is a clear pane."""
        told = self.inputs.get("opacity", {})
        threshold = self.scalar("opacityThreshold", 0.0)
        lying = None
        if told.get("picture"):
            lying = self._lying("opacity", told)
        if lying is None:
            if told.get("primvar") == "displayOpacity":
                opacity = self.paint.opacity
            else:
                opacity = self.number("opacity", 1.0) if "picture" not in told else 1.0
            if threshold > 0.0:
                return float(opacity >= threshold), 0.0
            if self.inputs.get("opacityMode", {}).get("value") == "presence":
                return opacity, 0.0
            return 1.0, 1.0 - opacity
        if threshold > 0.0:
            return self._mask(told, lying, threshold), 0.0
        pixels = self.pictures.pixels(told["picture"], self.path)
        if pixels is not None and told["channel"] == "a" and pixels.values.shape[2] < 4:
            return 1.0, 0.0
        texture = self.pictures.texture(told, lying, self.path)
        if texture is None or texture.value_range()[0] >= 1.0:
            return 1.0, 0.0
        return texture, 0.0

    def _mask(self, told: dict[str, Any], lying: Lying, threshold: float) -> Any:
        pixels = self.pictures.pixels(told["picture"], self.path)
        if pixels is None:
            return 1.0
        values, is_srgb, scale, bias = chosen(pixels, told)
        if values.shape[2] > 1:
            values, scale, bias = values[:, :, :1], scale[:1], bias[:1]
        alpha = np.clip(linear(values, is_srgb) * scale + bias, 0.0, 1.0)
        fine = np.rint(255.0 * alpha).astype(np.uint8)
        there = cut_out(fine, 1.0, threshold, lying.wraps)
        if there.min() == there.max():
            return float(there.max() > 0)
        return self.pictures.made(there, lying)

    def _emission(self, opacity: Any) -> Any:
        emission = self.color("emissiveColor", (0.0, 0.0, 0.0), LARGEST)
        dark = not isinstance(emission, Texture) and not max(emission) > 0.0
        if dark or (isinstance(emission, Texture) and not emission.value_range()[1] > 0.0):
            return None
        if isinstance(opacity, Texture) or opacity != 1.0:
            self._tell("what is not opaque can't give off light; it gives off none")
            return None
        return emission


def _affine(transforms: list[dict[str, Any]]) -> Affine:
    """What nodes of UsdTransform2d do to coordinates: scale, turn, shift; the last one first."""
    whole = np.eye(3)
    for node in transforms:
        a, b = node["scale"]
        x, y = node["translation"]
        angle = math.radians(float(node["rotation"]))
        c, s = math.cos(angle), math.sin(angle)
        if node["rotation"] == 0.0:
            c, s = 1.0, 0.0
        whole = whole @ np.array([(c * a, -s * b, x), (s * a, c * b, y), (0.0, 0.0, 1.0)])
    return np.asarray(whole[:2])
