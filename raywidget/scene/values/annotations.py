"""What a scene may say of itself over its picture: whether it is what `Figure` can draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from raywidget.scene.values import checks
from raywidget.scene.values.given import NotNumbers, as_items, as_numpy

ANNOTATIONS = (
    *("title", "labels", "scalebar", "axes", "colorbars"),
    *("legend", "texts", "orientation"),
)
CORNERS = ("upper left", "upper right", "lower left", "lower right")


def checked_annotations(owner: object, given: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with points as plain numbers; a shape that a bar names may come later.

    Raises
    ------
    SceneError
        If there is something else, or of another kind.
    """
    made = dict(given)
    for name, value in given.items():
        if name not in ANNOTATIONS:
            raise checks.fail(owner, "annotations", f"about {', '.join(ANNOTATIONS)}", name)
        field = f"annotations[{name!r}]"
        if name == "title" and not (value is None or isinstance(value, str)):
            raise checks.fail(owner, field, "a string or None", value)
        if name == "labels":
            made[name] = _labels(owner, field, value)
        if name == "scalebar" and not _is_scalebar(value):
            expected = "True, a length > 0, a unit, or (length, unit)"
            raise checks.fail(owner, field, expected, value)
        if name == "legend":
            made[name] = _legend(owner, field, value)
        if name == "texts":
            made[name] = _texts(owner, field, value)
        is_known = value is None or _is_flag(value) or len(_words(value)) == 3
        if name == "axes" and (ranged := _ranged(value)) is not None:
            made[name], is_known = ranged, True
        if name in ("axes", "orientation") and not is_known:
            raise checks.fail(owner, field, "True or three names", value)
        if name == "colorbars" and not (_is_flag(value) or as_items(value) == () or _words(value)):
            raise checks.fail(owner, field, "True, False or names of shapes", value)
    return made


def _ranged(value: object) -> tuple[Any, ...] | None:
    """Three names, some of them with the numbers at both ends of the axis; None: something else."""
    items = as_items(value) if isinstance(value, list | tuple) else None
    made: list[Any] = []
    for item in items or ():
        if isinstance(item, str):
            made.append(item)
            continue
        parts = as_items(item) or ()
        if len(parts) != 3 or not isinstance(parts[0], str):
            return None
        ends = [end for end in parts[1:] if isinstance(end, int | float) and np.isfinite(end)]
        if len(ends) != 2 or ends[0] == ends[1]:
            return None
        made.append((parts[0], float(ends[0]), float(ends[1])))
    return tuple(made) if len(made) == 3 else None


def _labels(owner: object, field: str, value: object) -> tuple[Any, ...]:
    items = as_items(value)
    if items is None:
        raise checks.fail(owner, field, "a list of (point, text)", value)
    made = []
    for number, item in enumerate(items):
        parts = as_items(item) or ()
        point = _point(parts[0]) if len(parts) in (2, 3) else None
        is_known = len(parts) == 2 or parts[2:] == ("always",)
        if point is None or not isinstance(parts[1], str) or not is_known:
            expected = '((x, y, z), text), or with "always" as a third'
            raise checks.fail(owner, f"{field}[{number}]", expected, item)
        made.append((point, *parts[1:]))
    return tuple(made)


def _legend(owner: object, field: str, value: object) -> tuple[Any, ...]:
    items = as_items(value)
    if items is None:
        raise checks.fail(owner, field, "a list of (text, colour)", value)
    made = []
    for number, item in enumerate(items):
        pair = as_items(item) or ()
        if len(pair) != 2 or not isinstance(pair[0], str):
            raise checks.fail(owner, f"{field}[{number}]", "(text, colour)", item)
        made.append((pair[0], checks.reflectance(owner, f"{field}[{number}]", pair[1])))
    return tuple(made)


def _texts(owner: object, field: str, value: object) -> dict[str, str] | None:
    if value is None:
        return None
    expected = f"a mapping of {', '.join(map(repr, CORNERS))} to strings"
    if not isinstance(value, Mapping) or not set(value) <= set(CORNERS):
        raise checks.fail(owner, field, expected, value)
    if not all(isinstance(text, str) for text in value.values()):
        raise checks.fail(owner, field, expected, value)
    return dict(value)


def _point(value: object) -> tuple[Any, ...] | None:
    try:
        array = as_numpy(value)
    except NotNumbers:
        return None
    if array.dtype.kind not in "iuf" or array.shape != (3,) or not np.isfinite(array).all():
        return None
    return tuple(array.tolist())


def _is_scalebar(value: Any) -> bool:
    if value is None or _is_flag(value) or isinstance(value, str):
        return True
    pair = as_items(value) if isinstance(value, tuple | list) else (value, "")
    if pair is None or len(pair) != 2 or not isinstance(pair[1], str):
        return False
    length: Any = pair[0]
    is_real = isinstance(length, int | float | np.integer | np.floating)
    return is_real and not isinstance(length, bool) and bool(0.0 < length <= checks.LARGEST)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _words(value: object) -> tuple[str, ...]:
    """Words of a list; none if something else is among them."""
    items = as_items(value) or ()
    return items if all(isinstance(item, str) for item in items) else ()
