"""Checks of what the user writes.

Every check takes the object that is being built (or its name as a string), the field's name and
the value; it returns the value in the form in which scene objects store it, or raises
:class:`~raywidget.errors.SceneError` with what was expected, what came, and which object.
"""

from __future__ import annotations

import difflib
import itertools
import math
import reprlib
from collections.abc import Iterable, Sequence
from numbers import Real
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.values.colors import parse_color
from raywidget.scene.values.given import NotNumbers, as_numpy
from raywidget.scene.values.paths import user_path

Vec3: TypeAlias = tuple[float, float, float]
Color: TypeAlias = tuple[float, float, float]
Vec3Like: TypeAlias = Sequence[float] | NDArray[Any]
ColorLike: TypeAlias = str | float | Sequence[float] | NDArray[Any]

# Kernels compute in single precision and square lengths: 1e15 squared is far from the largest
# float32 (3.4e38), and 1e-15 squared from the smallest normal one (1.2e-38).
LARGEST = 1e15
SMALLEST_LENGTH = 1e-15

_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}

MAX_ROWS = 2**27  # vertices, triangles or copies: indices times 12 stay within 31 bits

BYTES_ARE_NOT_LIGHT = "8-bit sRGB values become linear by raywidget.decode_srgb(values / 255)"

T = TypeVar("T")


def label(owner: object) -> str:
    """Name an object in a message: ``Sphere 'lamp'``, or ``Sphere`` when it has no name."""
    if isinstance(owner, str):
        return owner
    name = getattr(owner, "name", None)
    kind = type(owner).__name__
    return f"{kind} {name!r}" if isinstance(name, str) else kind


def show(value: object) -> str:
    """Show a value in a message, briefly."""
    if isinstance(value, np.ndarray):
        if value.ndim == 0 or value.size <= 4:
            return show(value.tolist())
        return f"an array of shape {value.shape} and type {value.dtype}"
    if isinstance(value, np.generic):
        return reprlib.repr(value.item())
    if isinstance(value, type):
        return f"the class {value.__name__}"
    try:
        shown = reprlib.repr(value)
        return " ".join(shown.split()) if "\n" in shown else shown  # on one line
    except Exception:  # integers of thousands of digits, and a stranger's `__repr__`
        return f"a {type(value).__name__}"


def fail(owner: object, field: str, expected: str, value: object, advice: str = "") -> SceneError:
    """Make the error to raise: ``<object>: <field> must be <expected>, got <value>; <advice>``."""
    tail = f"; {advice}" if advice else ""
    return SceneError(f"{label(owner)}: {field} must be {expected}, got {show(value)}{tail}")


# ---- single values -------------------------------------------------------------------------


def checked_name(owner: object, value: object) -> str | None:
    """Check an object's name: a non-empty string, or None."""
    if value is None or (isinstance(value, str) and value.strip()):
        return value
    raise fail(type(owner).__name__, "name", "a non-empty string or None", value)


def number(owner: object, field: str, value: object, expected: str = "a finite number") -> float:
    """Check for one finite real number."""
    value = _single(owner, field, value, expected)
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise fail(owner, field, expected, value)
    try:
        result = float(value)
    except (OverflowError, ValueError, TypeError):
        result = math.inf
    if not math.isfinite(result):
        raise fail(owner, field, expected, value)
    return result


def array(owner: object, field: str, value: object, expected: str) -> NDArray[Any]:
    """Whatever numpy sees as an array, of any type; nothing of it may be masked."""
    try:
        return as_numpy(value)
    except NotNumbers as error:
        raise fail(owner, field, expected, value, str(error)) from None


def _single(owner: object, field: str, value: object, expected: str) -> object:
    """What an array of no dimensions holds, of any library; anything else as it is."""
    if isinstance(value, Real | str | bytes) or not hasattr(value, "__array__"):
        return value
    item = array(owner, field, value, expected)
    return item.item() if item.ndim == 0 else value


def _is_single(value: object) -> bool:
    return hasattr(value, "__array__") and getattr(value, "ndim", None) == 0


def path(owner: object, field: str, value: object) -> Path:
    """Check for a path, in which ``~`` is the home."""
    try:
        return user_path(value)
    except ValueError as error:
        raise SceneError(f"{label(owner)}: {field}: {error}") from None


def length(owner: object, field: str, value: object) -> float:
    """Check for a length in scene units, > 0."""
    result = number(owner, field, value, "a number > 0")
    if result <= 0.0:
        raise fail(owner, field, "> 0", value)
    if not SMALLEST_LENGTH <= result <= LARGEST:
        expected = f"in [{SMALLEST_LENGTH:g}, {LARGEST:g}] (rendering is in single precision)"
        raise fail(owner, field, expected, value)
    return result


def non_negative(owner: object, field: str, value: object) -> float:
    """Check for a number >= 0."""
    result = number(owner, field, value, "a number >= 0")
    if result < 0.0:
        raise fail(owner, field, ">= 0", value)
    if result > LARGEST:
        raise fail(owner, field, f"<= {LARGEST:g}", value)
    return result


def unit_interval(owner: object, field: str, value: object) -> float:
    """Check for a number in [0, 1]."""
    result = number(owner, field, value, "a number in [0, 1]")
    if not 0.0 <= result <= 1.0:
        raise fail(owner, field, "in [0, 1]", value)
    return result


def flag(owner: object, field: str, value: object) -> bool:
    """Check for True or False."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise fail(owner, field, "True or False", value)


def choice(owner: object, field: str, value: object, choices: Sequence[str]) -> str:
    """Check for one of some words."""
    if isinstance(value, str) and value in choices:
        return value
    word = value.lower() if isinstance(value, str) else ""
    near = difflib.get_close_matches(word, choices, 1, 0.6)
    hint = f"did you mean {near[0]!r}?" if near else ""
    raise fail(owner, field, f"one of {', '.join(map(repr, choices))}", value, hint)


def instance(
    owner: object, field: str, value: object, kind: type[T], expected: str, advice: str = ""
) -> T:
    """Check for an object of a class."""
    if isinstance(value, kind):
        return value
    if isinstance(value, type) and issubclass(value, kind):
        advice = f"write {value.__name__}(...), with its arguments"
    raise fail(owner, field, expected, value, advice)


# ---- three numbers -------------------------------------------------------------------------


def _numbers(owner: object, field: str, value: object, count: int, expected: str) -> list[float]:
    """Check for `count` finite numbers."""
    if not isinstance(value, list | tuple | str | bytes) and hasattr(value, "__array__"):
        given = array(owner, field, value, expected)
        items: list[object] = list(given.tolist()) if given.ndim == 1 else []
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes | dict | set):
        items = list(itertools.islice(value, count + 1))
    else:
        items = []
    if len(items) != count:
        raise fail(owner, field, expected, value)
    try:
        return [number("", "", item) for item in items]
    except SceneError:
        raise fail(owner, field, expected, value) from None


def vec3(owner: object, field: str, value: object) -> Vec3:
    """Check for three finite coordinates."""
    x, y, z = _numbers(owner, field, value, 3, "3 finite numbers (x, y, z)")
    if max(abs(x), abs(y), abs(z)) > LARGEST:
        raise fail(owner, field, f"within +-{LARGEST:g} (rendering is in single precision)", value)
    return (x, y, z)


def direction(owner: object, field: str, value: object) -> Vec3:
    """Check for three finite coordinates that are not all (nearly) zero, or the name of an axis."""
    if isinstance(value, str):
        name = value.strip().lower()
        if name.removeprefix("-") not in _AXES:
            raise fail(owner, field, "3 finite numbers (x, y, z), or an axis such as 'x'", value)
        sign = -1.0 if name[0] == "-" else 1.0
        x, y, z = _AXES[name[-1]]
        return (sign * x + 0.0, sign * y + 0.0, sign * z + 0.0)
    result = vec3(owner, field, value)
    if math.hypot(*result) < SMALLEST_LENGTH:
        raise fail(owner, field, "a vector that is not zero", value)
    return result


def lengths(owner: object, field: str, value: object) -> Vec3:
    """Check for three lengths, each > 0."""
    x, y, z = _numbers(owner, field, value, 3, "3 numbers > 0 (x, y, z)")
    if min(x, y, z) <= 0.0:
        raise fail(owner, field, "3 numbers > 0 (x, y, z)", value)
    return (length(owner, field, x), length(owner, field, y), length(owner, field, z))


def pair(owner: object, field: str, value: object) -> tuple[float, float]:
    """Check for two finite numbers, or one that stands for both."""
    if isinstance(value, Real) or _is_single(value):
        single = number(owner, field, value)
        return (single, single)
    a, b = _numbers(owner, field, value, 2, "2 finite numbers, or one for both")
    return (a, b)


def _color(owner: object, field: str, value: object, expected: str) -> Color:
    if isinstance(value, str):
        try:
            return parse_color(value)
        except ValueError as error:
            raise fail(owner, field, expected, value, str(error)) from None
    if isinstance(value, Real) or _is_single(value):
        grey = number(owner, field, value, expected)
        return (grey, grey, grey)
    if isinstance(value, np.ndarray) and value.dtype == np.uint8:
        raise fail(owner, field, expected, value, BYTES_ARE_NOT_LIGHT)
    if isinstance(value, Sequence | np.ndarray) and len(value) == 4:
        # As matplotlib writes colours: red, green, blue, and how opaque.
        *value, alpha = _numbers(owner, field, value, 4, expected)
        if alpha != 1.0:
            advice = "the fourth number would be opacity; give opacity= to the material"
            raise fail(owner, field, expected, [*value, alpha], advice)
    r, g, b = _numbers(owner, field, value, 3, expected)
    return (r, g, b)


def _advice_for_bytes(color: Color) -> str:
    """What to write instead of a colour that looks like three bytes."""
    if max(color) <= 255.0 and all(channel == int(channel) for channel in color):
        word = "#" + "".join(f"{int(channel):02x}" for channel in color)
        return f'more than 1 would make light; for 8-bit sRGB values write "{word}"'
    return f"more than 1 would make light; {BYTES_ARE_NOT_LIGHT}"


def reflectance(owner: object, field: str, value: object, also: str = "") -> Color:
    """Check for a colour whose channels lie in [0, 1]; a single number is a grey.

    `also` names what else the field takes, for the message.
    """
    expected = f"3 numbers in [0, 1], linear RGB, one for a grey, a name or '#rrggbb'{also}"
    r, g, b = _color(owner, field, value, expected)
    if min(r, g, b) < 0.0:
        raise fail(owner, field, expected, value)
    if max(r, g, b) > 1.0:
        raise fail(owner, field, expected, value, _advice_for_bytes((r, g, b)))
    return (r, g, b)


def indices(owner: object, field: str, value: object) -> Color:
    """Check for parts of an index of refraction in red, green and blue; one number serves all."""
    expected = "3 numbers in [0, 20], for red, green and blue, or one for all"
    if isinstance(value, str):
        raise fail(owner, field, expected, value)
    r, g, b = _color(owner, field, value, expected)
    if min(r, g, b) < 0.0 or max(r, g, b) > 20.0:
        raise fail(owner, field, expected, value)
    return (r, g, b)


def radiance(owner: object, field: str, value: object) -> Color:
    """Check for a radiance, in W/(sr m^2), each channel >= 0; a single number is a grey."""
    expected = "3 finite numbers >= 0, linear RGB, one for a grey, a name or '#rrggbb'"
    r, g, b = _color(owner, field, value, expected)
    if min(r, g, b) < 0.0:
        raise fail(owner, field, expected, value)
    if max(r, g, b) > LARGEST:
        raise fail(owner, field, f"<= {LARGEST:g}", value)
    return (r, g, b)
