"""Lists of parameters: "float radius" 2, with types that are held against what is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.files import beside
from raywidget.io.notes import Notes
from raywidget.io.pbrt.tokens import Token, Tokens, as_number, referred, shown

F64 = NDArray[np.float64]

MAX_STRINGS = 1 << 12  # of one parameter

_TYPES = {  # also by the names that earlier versions have for them
    "bool": "bool", "integer": "integer", "float": "float", "string": "string",
    "texture": "texture", "spectrum": "spectrum", "rgb": "rgb", "blackbody": "blackbody",
    "point": "point3", "point2": "point2", "point3": "point3", "vector": "vector3",
    "vector2": "vector2", "vector3": "vector3", "normal": "normal", "normal3": "normal",
    "color": "rgb", "xyz": "xyz",
}  # fmt: skip
_NUMBERS = ("float", "integer")
COLORS = ("rgb", "spectrum", "blackbody", "xyz", "float")


class Parameter(NamedTuple):
    """A parameter as it stands in the file."""

    type: str
    name: str
    values: Any  # (N,) numbers, or a list of str
    place: str

    @property
    def is_text(self) -> bool:
        """Are its values words?"""
        return isinstance(self.values, list)


@dataclass
class Parameters:
    """An object of the file, such as a shape of type "sphere", and its parameters."""

    kind: str
    type: str
    place: str
    scene: Path
    items: dict[str, Parameter]
    color_space: str = "srgb"
    taken: set[str] = field(default_factory=set)
    is_used: bool = False  # has anybody asked for anything?

    def __str__(self) -> str:
        return f"{self.kind} {self.type!r}"

    def fail(self, name: str, expected: str, value: object) -> SceneError:
        """The error for a parameter that is not as it should be."""
        place = self.items[name].place if name in self.items else self.place
        return SceneError(f"{place}: {self}: {name} must be {expected}, got {value!r}")

    def take(self, name: str, *types: str) -> Parameter | None:
        """A parameter of one of some types, if it is there."""
        self.ignore(name)
        item = self.items.get(name)
        if item is not None and item.type not in types:
            raise self.fail(name, f"of type {' or '.join(types)}", item.type)
        return item

    def has(self, name: str) -> bool:
        """Is it there, of whatever type?"""
        return name in self.items

    def ignore(self, *names: str) -> None:
        """What these tell has no meaning here, and needs none."""
        self.is_used = True
        self.taken.update(names)

    # --- What is asked for ------------------------------------------------------------------------

    def number(self, name: str, default: float) -> float:
        """A finite number."""
        item = self.take(name, *_NUMBERS)
        if item is None:
            return default
        if len(item.values) != 1 or not np.isfinite(item.values[0]):
            raise self.fail(name, "a finite number", shortened(item.values))
        return float(item.values[0])

    def positive(self, name: str, default: float) -> float:
        """A finite number above 0."""
        value = self.number(name, default)
        if not value > 0.0:
            raise self.fail(name, "a number > 0", value)
        return value

    def integer(self, name: str, default: int) -> int:
        """A whole number."""
        value = self.number(name, default)
        if value != int(value) or abs(value) > 2**53:
            raise self.fail(name, "a whole number", value)
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        item = self.take(name, "bool")
        if item is None:
            return default
        if len(item.values) != 1 or item.values[0] not in ("true", "false"):
            raise self.fail(name, "true or false", shortened(item.values))
        return bool(item.values[0] == "true")

    def text(self, name: str, default: str | None = None) -> str:
        """A string."""
        item = self.take(name, "string")
        if item is None:
            if default is None:
                raise self.fail(name, "a string", "nothing")
            return default
        if len(item.values) != 1:
            raise self.fail(name, "one string", shortened(item.values))
        return str(item.values[0])

    def texts(self, name: str) -> list[str]:
        """Strings."""
        item = self.take(name, "string")
        return [] if item is None else list(item.values)

    def file(self, name: str) -> Path:
        """A file below the folder of the scene."""
        return referred(self.scene, self.text(name), self.items[name].place)

    def picture(self, name: str, notes: Notes) -> Path | None:
        """A picture below the folder of the scene; None, with a note, if it is missing."""
        text = self.text(name)
        path = beside(self.scene, text)
        if path is None:
            place = self.items[name].place
            notes.add(f"there is no picture {text!r} in the folder of the scene", place)
        return path

    def array(self, name: str, columns: int, *types: str) -> F64 | None:
        """(N, columns) numbers, or (N,) for one column; None if it is not there."""
        item = self.take(name, *types)
        if item is None:
            return None
        if item.is_text or len(item.values) % columns:
            raise self.fail(name, f"rows of {columns} numbers", shortened(item.values))
        return np.asarray(item.values if columns == 1 else item.values.reshape(-1, columns))

    def point(self, name: str, default: tuple[float, float, float]) -> F64:
        """A point or a vector, (3,)."""
        rows = self.array(name, 3, "point3", "vector3", "normal")
        if rows is None:
            return np.array(default)
        if len(rows) != 1 or not np.isfinite(rows).all():
            raise self.fail(name, "three finite numbers", shortened(self.items[name].values))
        return np.asarray(rows[0])

    def leftovers(self) -> list[Parameter]:
        """What nobody has asked for."""
        return [item for name, item in self.items.items() if name not in self.taken]


@contextmanager
def placed(owner: Parameters) -> Iterator[None]:
    """Errors of scene objects get the file and the line, which they don't know."""
    try:
        yield
    except SceneError as error:
        if ", line " in str(error):
            raise
        raise SceneError(f"{owner.place}: {owner}: {error}") from None


def shortened(values: Any) -> object:
    """Some of many values, for a message."""
    some = list(values[:4])
    return some if len(values) <= 4 else [*some, f"... {len(values):,} in all"]


def read_parameters(tokens: Tokens) -> dict[str, Parameter]:
    """The parameters up to the next directive; the first of a name counts."""
    items: dict[str, Parameter] = {}
    while (token := tokens.peek()) is not None and token.kind == "string":
        tokens.take()
        item = _parameter(token, tokens)
        items.setdefault(item.name, item)
    return items


def _parameter(declared: Token, tokens: Tokens) -> Parameter:
    words = declared.text.split()
    if len(words) != 2 or words[0] not in _TYPES:
        raise SceneError(
            f"{declared.place}: a parameter must be given as a type (one of "
            f'{", ".join(_TYPES)}) and a name, such as "float radius", got {shown(declared)}'
        )
    kind, name = _TYPES[words[0]], words[1]
    values = _values(tokens, declared)
    if len(values) == 0 and kind in ("rgb", "blackbody", "float") and name != "P":
        raise SceneError(f"{declared.place}: {declared.text!r} must have a value")
    is_text = isinstance(values, list)
    if kind in ("bool", "string", "texture"):
        # Earlier versions had "true" in quotes, and a list may be empty.
        if not is_text and len(values):
            raise SceneError(f"{declared.place}: {declared.text!r} must be words")
        return Parameter(kind, name, values if is_text else [], declared.place)
    if is_text and kind != "spectrum":
        raise SceneError(
            f"{declared.place}: {declared.text!r} must be numbers, got {shortened(values)}"
        )
    if kind in ("rgb", "xyz") and len(values) != 3:
        raise SceneError(f"{declared.place}: {declared.text!r} must be three numbers")
    return Parameter(kind, name, values, declared.place)


def _values(tokens: Tokens, declared: Token) -> Any:
    first = tokens.take()
    if first is None:
        raise SceneError(f"{declared.place}: {declared.text!r} must have a value")
    if first.kind != "[":
        return _as_values([first], declared)
    found = tokens.block()
    if found is not None:
        return found
    values: list[float] = []
    texts: list[str] = []
    while (token := tokens.take()) is None or token.kind != "]":
        if token is None:
            raise SceneError(f"{declared.place}: {declared.text!r} must end by ]")
        value = as_number(token.text) if token.kind == "word" else None
        if value is not None:
            values.append(value)
            continue
        texts += _as_values([token], declared)
        if len(texts) > MAX_STRINGS:
            raise SceneError(f"{declared.place}: {declared.text!r} has too many words")
    if texts and values:
        raise SceneError(f"{declared.place}: {declared.text!r} must be numbers or words, not both")
    return texts or np.array(values)


def _as_values(tokens: list[Token], declared: Token) -> Any:
    (token,) = tokens
    if token.kind == "string" or (token.kind == "word" and token.text in ("true", "false")):
        return [token.text]
    value = as_number(token.text) if token.kind == "word" else None
    if value is None:
        raise SceneError(f"{token.place}: {declared.text!r} can't be {shown(token)}")
    return np.array([value])
