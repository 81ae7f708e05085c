"""Scene files of Mitsuba 0.4 to 0.6 -> the names of today.

Most public scenes are still written so. Names of properties had humps (`toWorld`, `intIOR`) until
version 2, three numbers in a spectrum were red, green and blue, bitmaps told their gamma, and
textures were scaled and shifted by four numbers of their own.
"""

from __future__ import annotations

import contextlib
import re

from raywidget.errors import SceneError
from raywidget.io.mitsuba.elements import Element
from raywidget.scene.values.colors import decode_srgb

MODERN = 2  # the first version with today's names

_TAGS = {"lookAt": "lookat", "srgb": "rgb"}
_HUMP = re.compile("(?<=[a-z])(?=[A-Z])")


def is_old(root: Element) -> bool:
    """Does a scene say that it is older than version 2? (One that says nothing is not.)"""
    version = root.attributes.get("version", "")
    major = version.strip().split(".")[0]
    if version and not major.isdecimal():
        raise SceneError(f"{root.place}: version must be like 3.0.0, got {version!r}")
    return bool(version) and int(major) < MODERN


def modernise(element: Element) -> None:
    """Give an element of an old file, and all that is in it, the names of today."""
    for child in element:
        modernise(child)
    if element.tag == "spectrum":
        _rename_triple(element)
    if element.tag == "srgb":
        _decode(element)
    element.tag = _TAGS.get(element.tag, element.tag)
    if element.tag != "default" and "name" in element.attributes:
        element.attributes["name"] = _HUMP.sub("_", element.attributes["name"]).lower()
    if element.tag == "emitter" and element.attributes.get("type") in ("sky", "sunsky"):
        _turn_sky(element)
    if element.tag == "texture":
        _rename_mapping(element)
        _rename_gamma(element)


def _rename_triple(spectrum: Element) -> None:
    """Three numbers, or one of #rrggbb, are a colour."""
    text = spectrum.attributes.get("value", "").strip()
    if text.startswith("#") or (":" not in text and len(text.replace(",", " ").split()) == 3):
        spectrum.tag = "rgb"


def _decode(color: Element) -> None:
    """Numbers along the curve of sRGB as linear ones; #rrggbb are on it anyway."""
    text = color.attributes.get("value", "").replace(",", " ")
    with contextlib.suppress(ValueError):  # told where it is read
        linear = decode_srgb([float(word) for word in text.split()])
        color.attributes["value"] = " ".join(f"{number:.9g}" for number in linear)


def _rename_mapping(texture: Element) -> None:
    """`uscale` and its like are steps of a transform."""
    steps = []
    for name, tag, default in (("scale", "scale", "1"), ("offset", "translate", "0")):
        found = {
            axis: child
            for child in texture
            for axis, letter in (("x", "u"), ("y", "v"))
            if child.attributes.get("name") == letter + name
        }
        if found:
            first = next(iter(found.values()))
            values = {axis: child.attribute("value") for axis, child in found.items()}
            step = {"x": default, "y": default, "z": default} | values
            steps.append(Element(tag, step, first.place, first.scene))
            texture.children = [c for c in texture if not any(c is f for f in found.values())]
    if steps:
        placed = Element("transform", {"name": "to_uv"}, steps[0].place, texture.scene, steps)
        texture.children.append(placed)


def _rename_gamma(texture: Element) -> None:
    """A gamma of 1 says that a picture holds numbers as they are; any other is sRGB's."""
    for child in list(texture):
        if child.attributes.get("name") == "gamma":
            texture.children.remove(child)
            if child.attribute("value").strip() in ("1", "1.0"):
                flag = {"name": "raw", "value": "true"}
                texture.children.append(Element("boolean", flag, child.place, child.scene))


def _turn_sky(sky: Element) -> None:
    """Its zenith was +y."""
    turn = Element("rotate", {"x": "1", "angle": "-90"}, sky.place, sky.scene)
    for child in sky:
        if child.tag == "transform":
            child.children.insert(0, turn)
            return
    sky.children.append(Element("transform", {"name": "to_world"}, sky.place, sky.scene, [turn]))
