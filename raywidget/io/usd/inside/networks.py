"""Materials: the networks of shaders behind their surfaces, UsdPreviewSurface and MaterialX."""

from __future__ import annotations

from typing import Any

import numpy as np
from pxr import Ar, Usd, UsdShade

from raywidget.io.files import MAX_BYTES
from raywidget.io.notes import Notes
from raywidget.io.usd.inside import materialx
from raywidget.io.usd.inside.layers import Folder
from raywidget.io.usd.inside.values import Reader, plain

_CONTEXTS = ("mtlx", "mdl", "ri", "glslfx", "arnold", "karma", "vray")
_READERS = {
    "UsdPrimvarReader_float": "float",
    "UsdPrimvarReader_float2": "float2",
    "UsdPrimvarReader_float3": "float3",
    "UsdPrimvarReader_vector": "float3",
}
_LINEAR_SPACES = ("raw", "data", "none", "lin_rec709", "lin_srgb", "lin_rec709_scene")
_MAX_CHAIN = 32


class Networks:
    """Tells of materials, each once."""

    def __init__(self, reader: Reader, folder: Folder, notes: Notes) -> None:
        self._reader = reader
        self._folder = folder
        self._notes = notes
        self._graphs = materialx.Graphs(self)
        self.materials: dict[str, dict[str, Any]] = {}
        self.pictures: dict[str, Any] = {}

    def bound(self, prim: Any) -> str | None:
        """The path of the material of a prim, and tell of it; None if it has none."""
        binding = UsdShade.MaterialBindingAPI(prim)
        for purpose in (UsdShade.Tokens.preview, UsdShade.Tokens.full):
            material, _ = binding.ComputeBoundMaterial(purpose)
            if material:
                return self.told(material)
        return None

    def told(self, material: Any) -> str:
        """Tell of a material."""
        prim = material.GetPrim()
        if prim.IsInPrototype() or prim.IsInstanceProxy():
            prim = prim.GetPrimInPrototype() if prim.IsInstanceProxy() else prim
        path = str(prim.GetPath())
        if path not in self.materials:
            self.materials[path] = {}  # before its parts, which might come back to it
            self.materials[path] = self._material(material, path)
        return path

    def _material(self, material: Any, path: str) -> dict[str, Any]:
        shader = material.ComputeSurfaceSource()[0]
        if not shader:
            for context in _CONTEXTS:
                other = material.ComputeSurfaceSource(context)[0]
                if other and context == "mtlx":
                    shader = other
                    break
                if other:
                    self._unknown(str(other.GetIdAttr().Get() or context), path)
                    return {}
        if not shader:
            self._notes.add("the material has no surface; its things are shown plain", path)
            return {}
        kind = shader.GetIdAttr().Get()
        if kind in materialx.SURFACES:
            return {"inputs": self._graphs.inputs(shader, kind, path)}
        if kind != "UsdPreviewSurface":
            self._unknown(str(kind or "of its own source"), path)
            return {}
        inputs = {}
        for item in shader.GetInputs():
            told = self._input(item, path)
            if told is not None:
                inputs[item.GetBaseName()] = told
        if material.GetDisplacementOutput().HasConnectedSource():
            source = material.ComputeDisplacementSource()[0]
            if source and source.GetPath() != shader.GetPath():
                self._notes.add("displacement is left out", path)
        return {"inputs": inputs}

    def _unknown(self, kind: str, path: str) -> None:
        self._notes.add(f"the shader {kind!r} is not known here: displayColor instead", path)

    def _input(self, item: Any, path: str) -> Any:
        """An input: {"value"}, {"picture", "channel", ...} or {"primvar"}."""
        found = item.GetValueProducingAttributes()
        if not found:
            return None
        source = found[0]
        if not UsdShade.Output.IsOutput(source):
            value = plain(source.Get(self._reader.time))
            return None if value is None else {"value": value}
        node = UsdShade.Shader(source.GetPrim())
        channel = UsdShade.Output(source).GetBaseName()
        kind = node.GetIdAttr().Get() if node else None
        if kind == "UsdUVTexture":
            return self.told_picture(node, channel, path)
        if kind in _READERS:
            return {
                "primvar": self._varname(node),
                "value": self.value(node, "fallback"),
            }
        self._notes.add(
            f"the node {str(kind)!r} at {item.GetBaseName()!r} is not known here; left out", path
        )
        return None

    def value(self, node: Any, name: str, default: Any = None) -> Any:
        """The value of an input, through its connections, if it is one."""
        item = node.GetInput(name)
        found = item.GetValueProducingAttributes() if item else []
        if found and not UsdShade.Output.IsOutput(found[0]):
            value = plain(found[0].Get(self._reader.time))
            return default if value is None else value
        return default

    def _varname(self, node: Any) -> str:
        return str(self.value(node, "varname", ""))

    def plain(self, attribute: Any) -> Any:
        """The value of an attribute as JSON knows it."""
        return self._reader.plain(attribute)

    def tell(self, text: str, path: str) -> None:
        """Add a note about a material."""
        self._notes.add(text, path)

    def told_picture(self, node: Any, channel: str, path: str) -> dict[str, Any]:
        """Tell of a node that reads a picture."""
        told: dict[str, Any] = {
            "channel": channel,
            "wrap": [self.value(node, name, "useMetadata") for name in ("wrapS", "wrapT")],
            "scale": self.value(node, "scale", [1.0] * 4),
            "bias": self.value(node, "bias", [0.0] * 4),
            "fallback": self.value(node, "fallback", [0.0, 0.0, 0.0, 1.0]),
            "space": self.value(node, "sourceColorSpace", "auto"),
        }
        name = self.value(node, "file", "")
        file = node.GetInput("file")
        if told["space"] == "auto" and file:
            told["space"] = self.space(file)
        told["picture"] = self.picture(str(name), path)
        told["uv"], told["transforms"] = self._coordinates(node, path)
        return told

    def space(self, file: Any) -> str:
        """What the attribute itself says of its colours."""
        for attribute in file.GetValueProducingAttributes():
            space = attribute.GetColorSpace() if attribute.HasColorSpace() else ""
            if space.lower() in _LINEAR_SPACES:
                return "raw"
            if space.lower() in ("srgb", "srgb_texture", "srgb_rec709_scene"):
                return "sRGB"
        return "auto"

    def picture(self, name: str, path: str) -> str | None:
        """The key of a picture; those in packages are told as bytes."""
        if not name:
            self._notes.add("a texture names no picture; left out", path)
            return None
        found = self._folder.inside(name, name, False)
        if found is None:
            self._notes.add(f"the picture {name[-80:]!r} is missing; left out", path)
            return None
        if found not in self.pictures:
            content = None
            if Ar.IsPackageRelativePath(found):
                asset = Ar.GetResolver().OpenAsset(Ar.ResolvedPath(found))
                if asset is None or asset.GetSize() > MAX_BYTES:
                    self._notes.add(f"the picture {name[-80:]!r} can't be read; left out", path)
                    return None
                content = self._reader.as_array(
                    np.frombuffer(asset.GetBuffer(), np.uint8), np.uint8
                )
            self.pictures[found] = content
        return found

    def _coordinates(self, node: Any, path: str) -> tuple[str, list[dict[str, Any]]]:
        """The primvar with the coordinates of a texture, and what is done to them, last first."""
        transforms: list[dict[str, Any]] = []
        item = node.GetInput("st")
        for _ in range(_MAX_CHAIN):
            found = item.GetValueProducingAttributes() if item else []
            if not found or not UsdShade.Output.IsOutput(found[0]):
                break
            source = UsdShade.Shader(found[0].GetPrim())
            kind = source.GetIdAttr().Get() if source else None
            if kind == "UsdTransform2d":
                transforms.append(
                    {
                        "rotation": self.value(source, "rotation", 0.0),
                        "scale": self.value(source, "scale", [1.0, 1.0]),
                        "translation": self.value(source, "translation", [0.0, 0.0]),
                    }
                )
                item = source.GetInput("in")
                continue
            if kind in _READERS:
                return self._varname(source), transforms
            self._notes.add(f"the node {str(kind)!r} at 'st' is not known here", path)
            break
        return "", transforms


def names_of_coordinates(material: dict[str, Any]) -> list[str]:
    """The primvars that a material reads texture coordinates from, in the order of its inputs."""
    names = (told.get("uv") for told in material.get("inputs", {}).values() if "picture" in told)
    return list(dict.fromkeys(name for name in names if name))


def names_of_colors(material: dict[str, Any]) -> list[str]:
    """The primvars that a material reads values from."""
    found = (told.get("primvar") for told in material.get("inputs", {}).values())
    return list(dict.fromkeys(name for name in found if name))


def time_of(stage: Any) -> Any:
    """The time at which a stage is read: where it starts, if it says so, else its first samples."""
    if stage.HasAuthoredTimeCodeRange():
        return Usd.TimeCode(stage.GetStartTimeCode())
    return Usd.TimeCode.EarliestTime()
