"""Cameras and lights, as numbers."""

from __future__ import annotations

from typing import Any

from pxr import UsdLux

from raywidget.io.notes import Notes
from raywidget.io.usd.inside.networks import Networks
from raywidget.io.usd.inside.values import Reader, plain

CAMERA: dict[str, Any] = {
    "projection": "perspective",
    "horizontalAperture": 20.955,
    "verticalAperture": 15.2908,
    "horizontalApertureOffset": 0.0,
    "verticalApertureOffset": 0.0,
    "focalLength": 50.0,
    "fStop": 0.0,
    "focusDistance": 0.0,
}
_COMMON: dict[str, Any] = {
    "intensity": 1.0,
    "exposure": 0.0,
    "color": [1.0, 1.0, 1.0],
    "normalize": False,
    "enableColorTemperature": False,
    "colorTemperature": 6500.0,
    "diffuse": 1.0,
    "specular": 1.0,
}
_SHAPING: dict[str, Any] = {
    "shaping:cone:angle": 90.0,
    "shaping:cone:softness": 0.0,
    "shaping:focus": 0.0,
    "shaping:ies:file": "",
}
LIGHTS: dict[str, dict[str, Any]] = {
    "SphereLight": {"radius": 0.5},
    "DiskLight": {"radius": 0.5},
    "RectLight": {"width": 1.0, "height": 1.0, "texture:file": ""},
    "CylinderLight": {"radius": 0.5, "length": 1.0},
    "DistantLight": {"angle": 0.53, "intensity": 50000.0},
    "DomeLight": {"texture:file": "", "texture:format": "automatic"},
    "DomeLight_1": {"texture:file": "", "texture:format": "automatic", "poleAxis": "scene"},
    "PortalLight": {"width": 1.0, "height": 1.0},
    "MeshLight": {},
}


class Sights:
    """Tells of cameras and lights."""

    def __init__(self, reader: Reader, networks: Networks, notes: Notes) -> None:
        self._reader = reader
        self._networks = networks
        self._notes = notes

    def camera(self, prim: Any) -> dict[str, Any]:
        """What a camera says of itself."""
        return {
            name: self._reader.plain(prim.GetAttribute(name), default)
            for name, default in CAMERA.items()
        }

    def light(self, prim: Any, kind: str) -> dict[str, Any]:
        """What a light says of itself; `kind` is one of `LIGHTS`."""
        path = str(prim.GetPath())
        told: dict[str, Any] = {"kind": kind}
        for name, default in {**_COMMON, **_SHAPING, **LIGHTS[kind]}.items():
            told[name] = self._value(prim, name, default)
        told["treatAsPoint"] = bool(self._reader.plain(prim.GetAttribute("treatAsPoint"), False))
        if told["enableColorTemperature"]:
            told["temperature"] = plain(
                UsdLux.BlackbodyTemperatureAsRgb(float(told["colorTemperature"]))
            )
        shadows = self._value(prim, "shadow:enable", True)
        if shadows is False:
            self._notes.add("a light without shadows has them here", path)
        if told["diffuse"] != 1.0 or told["specular"] != 1.0:
            self._notes.add("the factors of a light for diffuse and specular are left out", path)
        if prim.GetRelationship("light:filters").GetTargets():
            self._notes.add("filters of a light are left out", path)
        for name in ("lightLink", "shadowLink"):
            root = prim.GetAttribute(f"collection:{name}:includeRoot").Get()
            targets = prim.GetRelationship(f"collection:{name}:includes").GetTargets()
            others = prim.GetRelationship(f"collection:{name}:excludes").GetTargets()
            if root is False or targets or others:
                self._notes.add("a light that shines on some things only shines on all", path)
        if told.get("texture:file"):
            told["picture"] = self._networks.picture(told["texture:file"], path)
        return told

    def _value(self, prim: Any, name: str, default: Any) -> Any:
        """An input; files from before 2021 have them without the prefix."""
        for full in (f"inputs:{name}", name):
            attribute = prim.GetAttribute(full)
            if attribute and attribute.HasAuthoredValue():
                value = self._reader.plain(attribute)
                if value is not None:
                    return value
        return default


def is_light(prim: Any) -> bool:
    """Is it any light, known here or not?"""
    return bool(prim.HasAPI(UsdLux.LightAPI))
