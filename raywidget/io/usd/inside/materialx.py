"""Surfaces of MaterialX in a stage, as far as the material of glTF goes.

The nodes and their defaults are those of the MaterialX libraries 1.39 (`standard_surface`,
`open_pbr_surface`, `gltf_pbr`, `UsdPreviewSurface`). What comes out are the inputs of
UsdPreviewSurface, and some more that `raywidget.io.usd.surfaces` knows beside: `specular`,
`specularTint`, `transmission`, `thin`, `absorption`, `sheenColor`, `sheenRoughness`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pxr import UsdShade

if TYPE_CHECKING:
    from raywidget.io.usd.inside.networks import Networks

Told = dict[str, Any]  # {"value"}, {"picture", "channel", ...} or {"primvar"}, as in `networks`

STANDARD = "ND_standard_surface_surfaceshader"
OPEN_PBR = "ND_open_pbr_surface_surfaceshader"
GLTF = "ND_gltf_pbr_surfaceshader"
PREVIEW = "ND_UsdPreviewSurface_surfaceshader"
SURFACES = (STANDARD, OPEN_PBR, GLTF, PREVIEW)

_DEEPEST = 16  # nodes behind each other
_WHITE = [1.0, 1.0, 1.0]
_BLACK = [0.0, 0.0, 0.0]

# Input there -> what it is called here, and what it is where nobody says.
_NAMES: dict[str, dict[str, tuple[str, Any]]] = {
    STANDARD: {
        "specular_roughness": ("roughness", 0.2),
        "specular_IOR": ("ior", 1.5),
        "metalness": ("metallic", 0.0),
        "specular": ("specular", 1.0),
        "specular_color": ("specularTint", _WHITE),
        "transmission": ("transmission", 0.0),
        "coat": ("clearcoat", 0.0),
        "coat_roughness": ("clearcoatRoughness", 0.1),
        "sheen_roughness": ("sheenRoughness", 0.3),
        "opacity": ("opacity", _WHITE),
        "normal": ("normal", None),
        "thin_walled": ("thin", False),
    },
    OPEN_PBR: {
        "specular_roughness": ("roughness", 0.3),
        "specular_ior": ("ior", 1.5),
        "base_metalness": ("metallic", 0.0),
        "specular_weight": ("specular", 1.0),
        "specular_color": ("specularTint", _WHITE),
        "transmission_weight": ("transmission", 0.0),
        "coat_weight": ("clearcoat", 0.0),
        "coat_roughness": ("clearcoatRoughness", 0.0),
        "fuzz_roughness": ("sheenRoughness", 0.5),
        "geometry_opacity": ("opacity", 1.0),
        "geometry_normal": ("normal", None),
        "geometry_thin_walled": ("thin", False),
    },
    GLTF: {
        "base_color": ("diffuseColor", _WHITE),
        "roughness": ("roughness", 1.0),
        "ior": ("ior", 1.5),
        "metallic": ("metallic", 1.0),
        "specular": ("specular", 1.0),
        "specular_color": ("specularTint", _WHITE),
        "transmission": ("transmission", 0.0),
        "clearcoat": ("clearcoat", 0.0),
        "clearcoat_roughness": ("clearcoatRoughness", 0.0),
        "sheen_color": ("sheenColor", _BLACK),
        "sheen_roughness": ("sheenRoughness", 0.0),
        "alpha": ("opacity", 1.0),
        "normal": ("normal", None),
    },
}
# Weights and colours that are multiplied: what it is called here, weight, colour, their defaults.
_PRODUCTS: dict[str, tuple[tuple[str, str, str, float, list[float]], ...]] = {
    STANDARD: (
        ("diffuseColor", "base", "base_color", 1.0, [0.8, 0.8, 0.8]),
        ("emissiveColor", "emission", "emission_color", 0.0, _WHITE),
        ("sheenColor", "sheen", "sheen_color", 0.0, _WHITE),
    ),
    OPEN_PBR: (
        ("diffuseColor", "base_weight", "base_color", 1.0, [0.8, 0.8, 0.8]),
        ("emissiveColor", "emission_luminance", "emission_color", 0.0, _WHITE),
        ("sheenColor", "fuzz_weight", "fuzz_color", 0.0, _WHITE),
    ),
    GLTF: (("emissiveColor", "emissive_strength", "emissive", 1.0, _BLACK),),
}
# Numbers that change nothing at 0, and what is shown where they are not.
_LEFT_OUT: dict[str, dict[str, str]] = {
    STANDARD: {
        "subsurface": "light under the skin is shown as paint",
        "thin_film_thickness": "there are no colours of thin films",
        "specular_anisotropy": "highlights are round",
        "transmission_dispersion": "all colours are bent alike",
        "diffuse_roughness": "paint is matte as Lambert's",
    },
    OPEN_PBR: {
        "subsurface_weight": "light under the skin is shown as paint",
        "thin_film_weight": "there are no colours of thin films",
        "specular_roughness_anisotropy": "highlights are round",
        "transmission_dispersion_scale": "all colours are bent alike",
        "base_diffuse_roughness": "paint is matte as Lambert's",
    },
    GLTF: {"iridescence": "there are no colours of thin films"},
}
_WRAPS = {"periodic": "repeat", "clamp": "clamp", "mirror": "mirror", "constant": "black"}
_CHANNELS = "rgba"


class Graphs:
    """Follows nodes of MaterialX to where their values come from."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    def inputs(self, shader: Any, kind: str, path: str) -> dict[str, Told]:
        """What a surface says, in the words of UsdPreviewSurface."""
        given = {}
        for item in shader.GetInputs():
            told = self._input(item, path)
            if told is not None:
                given[item.GetBaseName()] = told
        if kind == PREVIEW:
            return given
        result: dict[str, Told] = {}
        for name, (here, default) in _NAMES[kind].items():
            told = given.get(name, {"value": default})
            if told.get("value", 0.0) is not None:
                result[here] = told
        for here, weight, color, usual, default in _PRODUCTS[kind]:
            how_much = given.get(weight, {"value": usual})
            product = self._product(given.get(color, {"value": default}), how_much, path)
            if product is not None:
                result[here] = product
        result["opacityMode"] = {"value": "presence"}
        self._glass(kind, given, result, path)
        for name, instead in _LEFT_OUT[kind].items():
            if given.get(name, {"value": 0.0}).get("value", 1.0):
                self._networks.tell(f"{name} is not known here: {instead}", path)
        return result

    def _glass(self, kind: str, given: dict[str, Told], result: dict[str, Told], path: str) -> None:
        """What colours the light that goes through: the skin, or the inside by its depth."""
        share = result["transmission"].get("value")
        if share == 0.0:
            del result["transmission"]
            return
        tint, depth = ("transmission_color", "transmission_depth")
        if kind == GLTF:
            tint, depth = ("attenuation_color", "attenuation_distance")
            if _number(given.get("thickness")) == 0.0:
                result["thin"] = {"value": True}
        color = given.get(tint, {"value": _WHITE})
        far = _number(given.get(depth))
        rgb = color.get("value")
        if far > 0.0 and isinstance(rgb, list):
            result["absorption"] = {"value": [-math.log(max(float(c), 1e-6)) / far for c in rgb]}
        elif kind != GLTF and share == 1.0:
            result["diffuseColor"] = color
        elif kind != GLTF and rgb != _WHITE:
            self._networks.tell(f"{tint} counts only where all is transmitted", path)
        if kind != GLTF and far > 0.0 and share == 1.0:
            result["diffuseColor"] = {"value": _WHITE}

    def _product(self, color: Told, weight: Told, path: str) -> Told | None:
        """A colour times a weight; None where one of them can't be told."""
        factor = weight.get("value")
        if isinstance(factor, list):
            factor = factor[0] if factor else None
        if not isinstance(factor, int | float):
            value = color.get("value")
            if "picture" in weight and isinstance(value, list):
                return _scaled(weight, [float(c) for c in value])
            self._networks.tell("a weight that varies is taken as 1", path)
            factor = 1.0
        return _scaled(color, [float(factor)] * 3)

    # --- Nodes ------------------------------------------------------------------------------------

    def _input(self, item: Any, path: str, depth: int = 0) -> Told | None:
        found = item.GetValueProducingAttributes() if item else []
        if not found:
            return None
        source = found[0]
        if not UsdShade.Output.IsOutput(source):
            value = self._networks.plain(source)
            return None if value is None else {"value": value}
        node = UsdShade.Shader(source.GetPrim())
        kind = str(node.GetIdAttr().Get() or "") if node else ""
        if depth >= _DEEPEST:
            self._networks.tell("a graph of nodes is too deep; left out", path)
            return None
        return self._node(node, kind, source, path, depth + 1)

    def _node(self, node: Any, kind: str, source: Any, path: str, depth: int) -> Told | None:
        words = kind.removeprefix("ND_").split("_")
        base = words[0]
        if base in ("image", "tiledimage"):
            return self._picture(node, base, words[-1], path, depth)
        if base == "UsdUVTexture" or kind == "UsdUVTexture":
            told = self._networks.told_picture(node, UsdShade.Output(source).GetBaseName(), path)
            told["wrap"] = [_WRAPS.get(str(w), w) for w in told["wrap"]]
            return told
        if base == "constant":
            return self._input(node.GetInput("value"), path, depth)
        if base in ("geompropvalue", "UsdPrimvarReader"):
            name = "geomprop" if base == "geompropvalue" else "varname"
            default = self._networks.value(node, "default")
            return {"primvar": str(self._networks.value(node, name, "")), "value": default}
        if base in ("normalmap", "dot", "convert"):
            inner = self._input(node.GetInput("in"), path, depth)
            if inner is not None and base == "normalmap":
                inner = {**inner, "scale": [2.0] * 4, "bias": [-1.0] * 4, "space": "raw"}
                if (strength := self._networks.value(node, "scale", 1.0)) not in (1.0, [1.0, 1.0]):
                    self._networks.tell(f"a normal map is scaled by {strength}; taken as 1", path)
            return inner
        if base in ("extract", "swizzle", "separate2", "separate3", "separate4"):
            return self._channel(node, base, source, path, depth)
        if base == "multiply":
            parts = [self._input(node.GetInput(name), path, depth) for name in ("in1", "in2")]
            for part, other in (parts, reversed(parts)):
                value = None if other is None else other.get("value")
                if isinstance(value, int | float):
                    value = [float(value)] * 3
                if part is not None and isinstance(value, list) and len(value) >= 3:
                    return _scaled(part, [float(v) for v in value])
        self._networks.tell(f"the node {kind or 'without a name'!r} is not known here", path)
        return None

    def _channel(self, node: Any, base: str, source: Any, path: str, depth: int) -> Told | None:
        told = self._input(node.GetInput("in"), path, depth)
        if base == "extract":
            index = int(self._networks.value(node, "index", 0))
        elif base == "swizzle":
            index = _index_of(str(self._networks.value(node, "channels", "r"))[:1])
        else:
            index = _index_of(UsdShade.Output(source).GetBaseName()[-1:])
        if told is None or not 0 <= index < 4:
            return None
        if "picture" in told:
            return {**told, "channel": _CHANNELS[index]}
        value = told.get("value")
        return {"value": value[index]} if isinstance(value, list) and index < len(value) else told

    def _picture(self, node: Any, base: str, kind: str, path: str, depth: int) -> Told:
        networks = self._networks
        value = networks.value
        file = node.GetInput("file")
        space = networks.space(file) if file else "auto"
        if space == "auto" and not kind.startswith("color"):
            space = "raw"
        uv, transforms = self._coordinates(node.GetInput("texcoord"), path, depth)
        if base == "tiledimage":
            tiling, offset = value(node, "uvtiling", [1.0] * 2), value(node, "uvoffset", [0.0] * 2)
            moved = [-float(o) for o in offset]  # the picture is moved there, not its coordinates
            transforms = [{"rotation": 0.0, "scale": tiling, "translation": moved}, *transforms]
        modes = [value(node, f"{axis}addressmode", "periodic") for axis in "uv"]
        # What the library shows of a picture that is missing is black: grey tells more.
        default = value(node, "default", 0.5)
        fallback = default if isinstance(default, list) else [float(default)] * 4
        return {
            "channel": "r" if kind in ("float", "integer", "boolean") else "rgb",
            "wrap": [_WRAPS.get(str(mode), "repeat") for mode in modes],
            "scale": [1.0] * 4,
            "bias": [0.0] * 4,
            "fallback": (fallback + [1.0] * 4)[:4],
            "space": space,
            "picture": networks.picture(str(value(node, "file", "")), path),
            "uv": uv,
            "transforms": transforms,
        }

    def _coordinates(self, item: Any, path: str, depth: int) -> tuple[str, list[dict[str, Any]]]:
        """The primvar with the coordinates of a picture, and what is done to them, last first."""
        transforms: list[dict[str, Any]] = []
        value = self._networks.value
        for _ in range(_DEEPEST):
            found = item.GetValueProducingAttributes() if item else []
            if not found or not UsdShade.Output.IsOutput(found[0]):
                return "", transforms
            node = UsdShade.Shader(found[0].GetPrim())
            kind = str(node.GetIdAttr().Get() or "") if node else ""
            base = kind.removeprefix("ND_").split("_")[0]
            if base in ("geompropvalue", "UsdPrimvarReader"):
                name = "geomprop" if base == "geompropvalue" else "varname"
                return str(value(node, name, "")), transforms
            if base == "UsdTransform2d":
                names = {"rotation": 0.0, "scale": [1.0] * 2, "translation": [0.0] * 2}
                transforms.append({name: value(node, name, d) for name, d in names.items()})
                item = node.GetInput("in")
                continue
            if base == "place2d":
                if value(node, "rotate", 0.0) or value(node, "pivot", [0.0] * 2) != [0.0] * 2:
                    self._networks.tell("place2d turns a picture; it is shown unturned", path)
                scale = [1.0 / float(s or 1.0) for s in value(node, "scale", [1.0] * 2)]
                shift = [-float(o) for o in value(node, "offset", [0.0] * 2)]
                transforms.append({"rotation": 0.0, "scale": scale, "translation": shift})
                item = node.GetInput("texcoord")
                continue
            if base != "texcoord":
                self._networks.tell(f"the node {kind!r} at texture coordinates is not known", path)
            return "", transforms
        return "", transforms


def _scaled(told: Told, factors: list[float]) -> Told:
    """Something times a colour."""
    if "picture" in told:
        both = [*factors, 1.0]
        pairs = {name: [a * b for a, b in zip(told[name], both, strict=True)] for name in _LINEAR}
        return {**told, **pairs, "channel": "rgb" if told["channel"] == "rgb" else told["channel"]}
    value = told.get("value")
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = [float(value)] * 3
    if isinstance(value, list):
        return {**told, "value": [float(v) * f for v, f in zip(value, factors, strict=False)]}
    return told


_LINEAR = ("scale", "bias")


def _number(told: Told | None) -> float:
    value = None if told is None else told.get("value")
    return float(value) if isinstance(value, int | float) else 0.0


def _index_of(name: str) -> int:
    return next((names.index(name) for names in ("rgba", "xyzw", "0123") if name in names), -1)
