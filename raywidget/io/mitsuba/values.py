"""Elements -> plugins with typed properties: numbers, colours, matrices, references."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.mitsuba.elements import Element
from raywidget.io.notes import Notes
from raywidget.scene.values import transforms
from raywidget.scene.values.colors import decode_srgb

F64 = NDArray[np.float64]

OBJECTS = frozenset(
    [
        *("bsdf", "emitter", "film", "integrator", "medium", "phase", "rfilter", "sampler"),
        *("scene", "sensor", "shape", "spectrum", "texture", "volume"),
    ]
)
"""Tags of plugins; `spectrum` is one only if it has a type."""


@dataclass
class Plugin:
    """An object of the file, such as a bsdf of type "diffuse", and its properties."""

    kind: str
    type: str
    id: str | None
    place: str
    scene: Path
    properties: dict[str, Any]
    parts: list[Plugin]  # nested objects in their order; those with a name are properties, too
    taken: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        return f"{self.kind} {self.type!r}" + (f" {self.id!r}" if self.id else "")

    def fail(self, name: str, expected: str, value: object) -> SceneError:
        """The error for a property that is not as it should be."""
        return SceneError(f"{self.place}: {self}: {name} must be {expected}, got {value!r}")

    def take(self, name: str, default: Any = None) -> Any:
        """A property, whatever it is."""
        self.taken.add(name)
        return self.properties.get(name, default)

    def number(self, name: str, default: float) -> float:
        """A property that is a number."""
        value = self.take(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail(name, "a number", _shown(value))
        return float(value)

    def integer(self, name: str, default: int) -> int:
        """A property that is a whole number."""
        value = self.number(name, default)
        if value != int(value):
            raise self.fail(name, "a whole number", value)
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """A property that is true or false."""
        value = self.take(name, default)
        if not isinstance(value, bool):
            raise self.fail(name, "true or false", _shown(value))
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """A property that is a string."""
        value = self.take(name, default)
        if not isinstance(value, str):
            raise self.fail(name, "a string", _shown(value))
        return value

    def vector(self, name: str, default: tuple[float, ...] | None = None) -> F64:
        """A property that is a point or a vector, (3,)."""
        value = self.take(name, default)
        if value is None or np.shape(value) != (3,):
            raise self.fail(name, "a point or vector of three numbers", _shown(value))
        return np.asarray(value, dtype=np.float64)

    def matrix(self, name: str = "to_world") -> F64:
        """A property that is a transform, (4, 4); the identity if it is missing."""
        value = self.take(name)
        if value is None:
            return np.eye(4)
        if np.shape(value) != (4, 4):
            raise self.fail(name, "a transform", _shown(value))
        return np.asarray(value, dtype=np.float64)

    def of_kind(self, *kinds: str) -> list[Plugin]:
        """The nested objects of some kinds."""
        return [part for part in self.parts if part.kind in kinds]

    def leftovers(self) -> list[str]:
        """Names of properties that nobody has asked for, nested objects excepted."""
        return [
            name
            for name, value in self.properties.items()
            if name not in self.taken and not isinstance(value, Plugin)
        ]


def _shown(value: object) -> object:
    return str(value) if isinstance(value, Plugin) else value


class Plugins:
    """Builds plugins from elements; those with an id can be referred to by what follows."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self._by_id: dict[str, Plugin] = {}

    def plugin(self, element: Element) -> Plugin:
        """A plugin with everything that stands in its element."""
        result = Plugin(
            element.tag,
            element.attribute("type", "scene" if element.tag == "scene" else None),
            element.attributes.get("id"),
            element.place,
            element.scene,
            {},
            [],
        )
        for child in element:
            self._add(result, child)
        if result.id is not None:
            if result.id in self._by_id:
                raise SceneError(f"{result.place}: the id {result.id!r} is given twice")
            self._by_id[result.id] = result
        return result

    def _add(self, owner: Plugin, child: Element) -> None:
        tag = child.tag
        if tag == "default":
            return
        if tag in ("path", "alias"):
            if tag == "alias":
                known = self._referred(child, child.attribute("id"))
                self._by_id.setdefault(child.attribute("as"), known)
            else:
                self.notes.add("<path> is left out: files lie beside the scene", child.place)
            return
        name = child.attributes.get("name")
        value: Any
        if tag == "ref":
            value = self._referred(child, child.attribute("id"))
            owner.parts.append(value)
        elif tag in OBJECTS and (tag != "spectrum" or "type" in child.attributes):
            value = self.plugin(child)
            owner.parts.append(value)
        else:
            value = self._property(child)
            if value is None:
                return
            if name is None:
                raise SceneError(f"{child.place}: <{tag}> must have the attribute 'name'")
        if name is not None:
            owner.properties[name] = value

    def _referred(self, child: Element, name: str) -> Plugin:
        try:
            return self._by_id[name]
        except KeyError:
            raise SceneError(f"{child.place}: nothing above has the id {name!r}") from None

    def _property(self, child: Element) -> Any:
        match child.tag:
            case "float":
                return _number(child)
            case "integer":
                value = _number(child)
                return int(value) if value == int(value) else value
            case "string":
                return child.attribute("value")
            case "boolean":
                text = child.attribute("value").strip().lower()
                if text not in ("true", "false"):
                    raise SceneError(
                        f"{child.place}: <boolean> must be true or false, got {text!r}"
                    )
                return text == "true"
            case "point" | "vector":
                return _triple(child, 0.0)
            case "rgb":
                return _rgb(child)
            case "spectrum":
                return self._spectrum(child)
            case "transform":
                return _transform(child)
        self.notes.add(f"<{child.tag}> is not understood and was left out", child.place)
        return None

    def _spectrum(self, child: Element) -> Any:
        text = child.attribute("value").strip()
        if ":" not in text:
            numbers = _numbers(child, text)
            if len(numbers) == 1:
                return numbers[0]
            raise SceneError(f"{child.place}: <spectrum> must be a number or pairs, got {text!r}")
        pairs = [_numbers(child, pair.replace(":", " ")) for pair in text.replace(",", " ").split()]
        if any(len(pair) != 2 for pair in pairs):
            raise SceneError(f"{child.place}: <spectrum> must be wavelength:value pairs")
        self.notes.add("a spectrum is taken as its mean: rendering is in RGB", child.place)
        return float(np.mean([value for _, value in pairs]))


def _numbers(element: Element, text: str) -> list[float]:
    try:
        values = [float(word) for word in text.replace(",", " ").split()]
    except ValueError:
        values = []
    if not values or not all(math.isfinite(v) for v in values):
        raise SceneError(f"{element.place}: <{element.tag}> must hold numbers, got {text[:60]!r}")
    return values


def _number(element: Element, name: str = "value", default: str | None = None) -> float:
    values = _numbers(element, element.attribute(name, default))
    if len(values) != 1:
        raise SceneError(f"{element.place}: <{element.tag}> must hold one number")
    return values[0]


def _triple(element: Element, default: float) -> F64:
    """Three numbers, as one `value` or as `x`, `y` and `z`."""
    if "value" in element.attributes:
        values = _numbers(element, element.attribute("value"))
        values = values * 3 if len(values) == 1 else values
    else:
        values = [_number(element, axis, str(default)) for axis in "xyz"]
    if len(values) != 3:
        raise SceneError(f"{element.place}: <{element.tag}> must hold three numbers")
    return np.array(values)


def _rgb(element: Element) -> tuple[float, ...]:
    text = element.attribute("value").strip()
    if text.startswith("#"):
        digits = text[1:]
        if len(digits) != 6 or any(c not in "0123456789abcdefABCDEF" for c in digits):
            raise SceneError(f"{element.place}: <rgb> must be #rrggbb, got {text!r}")
        values = [int(digits[i : i + 2], 16) / 255.0 for i in (0, 2, 4)]
        return tuple(float(v) for v in decode_srgb(values))
    values = _numbers(element, text)
    if len(values) not in (1, 3):
        raise SceneError(f"{element.place}: <rgb> must hold three numbers, got {text[:60]!r}")
    return tuple(values * 3 if len(values) == 1 else values)


def _transform(element: Element) -> F64:
    """Steps are applied in the order in which they stand."""
    result = np.eye(4)
    for step in element:
        result = _step(step) @ result
    return result


def _step(step: Element) -> F64:
    match step.tag:
        case "translate":
            return transforms.translate(*_triple(step, 0.0))
        case "scale":
            return np.diag([*_triple(step, 1.0), 1.0])
        case "rotate":
            return transforms.rotation(_number(step, "angle"), list(_triple(step, 0.0)))
        case "matrix":
            values = _numbers(step, step.attribute("value"))
            if len(values) not in (9, 16):
                raise SceneError(f"{step.place}: <matrix> must hold 9 or 16 numbers")
            size = math.isqrt(len(values))
            result = np.eye(4)
            result[:size, :size] = np.reshape(values, (size, size))
            return result
        case "lookat":
            return _look_at(step)
    raise SceneError(f"{step.place}: <{step.tag}> is no step of a transform")


def _look_at(step: Element) -> F64:
    """Mitsuba's camera looks along its z axis, with y up and x to the left."""
    origin, target, up = (
        np.array(_numbers(step, step.attribute(name, default)))
        for name, default in (("origin", None), ("target", None), ("up", "0 1 0"))
    )
    if not origin.shape == target.shape == up.shape == (3,):
        raise SceneError(f"{step.place}: <lookat> must have an origin, a target and an up of three")
    forward = target - origin
    left = np.cross(up, forward)
    if not np.linalg.norm(left) > 0.0:
        raise SceneError(f"{step.place}: <lookat> must not look along its own up, or at its origin")
    forward /= np.linalg.norm(forward)
    left /= np.linalg.norm(left)
    result = np.eye(4)
    result[:3] = np.stack([left, np.cross(forward, left), forward, origin], axis=1)
    return result
