"""Changing a scene by paths: ``{"lamp.emission": 9, "ball.material.roughness": 0.2}``.

Scenes are immutable: an edit makes new objects along the path, and keeps all others as they are, so
that whoever compiles a scene can see by identity what has changed.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from raywidget.errors import SceneError
from raywidget.scene.moving import Moving
from raywidget.scene.textures.colormaps import ColorMap
from raywidget.scene.values import checks
from raywidget.scene.values.described import SceneObject
from raywidget.scene.values.named import Named

T = TypeVar("T", bound=SceneObject)

MOST_NAMES = 12  # in a message

_ITEM = re.compile(r"([^\[\]]+)\[(-?\d+)\]")


def edit_scene(scene: T, changes: Mapping[str, Any]) -> T:
    """A scene with some values changed.

    Parameters
    ----------
    scene : Scene
        Stays as it is.
    changes : mapping of str to value
        By path. A path begins with the name of an object in the scene, with ``camera``, or with a
        place such as ``shapes[0]``; then come parameters, each after a dot. Objects that share a
        part, such as a material, that has a name all get the new one.

    Returns
    -------
    Scene
        Objects that are not on a path are the same as in `scene`.

    Raises
    ------
    SceneError
        If a path leads nowhere, or a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> from raywidget.scene.edits import edit_scene
    >>> scene = rw.Scene(
    ...     [rw.Sphere((0, 1, 0), 1, material=rw.Metal(0.8), name="ball")],
    ...     camera=rw.PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 1, 0)),
    ... )
    >>> edited = edit_scene(scene, {"ball.material.roughness": 0.3, "camera.vfov": 30})
    >>> edited.shapes[0].material, edited.camera.vfov
    (Metal(color=(0.8, 0.8, 0.8), roughness=0.3), 30.0)
    """
    if not isinstance(changes, Mapping):
        raise SceneError(
            'update: expected a mapping such as {"lamp.emission": 9}, got ' + checks.show(changes)
        )
    if isinstance(scene, Moving):  # at all times
        rest = {path: value for path, value in changes.items() if path != "shutter"}
        if len(rest) < len(changes):
            exposed = scene.replace(shutter=changes["shutter"])
            return edit_scene(exposed, rest) if rest else exposed
        return scene.changed(edit_scene, rest)
    for path, value in changes.items():
        scene = _edit(scene, path, value)
    return scene


def _edit(scene: T, path: object, value: object) -> T:
    if not isinstance(path, str) or not all(path.split(".")):
        raise SceneError(
            'update: a path is names with dots between, such as "lamp.emission", '
            f"got {checks.show(path)}"
        )
    first, *rest = path.split(".")
    item = _ITEM.fullmatch(first)
    if item is not None and item[1] in _parameters(scene):
        target = _item_of(scene, item[1], int(item[2]), path)
    else:
        found = _named(scene, first)
        if found is None:
            if first not in _parameters(scene):
                raise SceneError(
                    f"update: {path!r}: the scene has no object named {first!r}"
                    + _instead(scene, first, rest)
                )
            return _changed(scene, [first, *rest], value, path)
        target = found
    if not rest:
        if not isinstance(value, SceneObject):
            raise SceneError(
                f"update: {path!r} is a {type(target).__name__}, and can only be replaced by "
                f"another object, got {checks.show(value)}; "
                f'parameters come after a dot, such as "{path}.{_parameters(target)[0]}"'
            )
        replacement: SceneObject = value
    else:
        replacement = _changed(target, rest, value, path)
    return _substitute(scene, target, replacement)


def _changed(owner: T, names: list[str], value: object, path: str) -> T:
    """An object with one parameter changed, however deep."""
    name, *rest = names
    item = _ITEM.fullmatch(name)
    if item is not None and item[1] in _parameters(owner):
        target = _item_of(owner, item[1], int(item[2]), path)
        changed: Any = _changed(target, rest, value, path) if rest else value
        items = tuple(changed if part is target else part for part in getattr(owner, item[1]))
        return owner.replace(**{item[1]: items})
    if name not in _parameters(owner):
        raise SceneError(
            f"update: {path!r}: {checks.label(owner)} has no parameter {name!r}"
            + _nearest(name, _parameters(owner))
        )
    if not rest:
        return owner.replace(**{name: value})
    part = getattr(owner, name)
    if part is None and name == "colormap" and getattr(owner, "own_quantities", None):
        part = ColorMap()  # what counts where none is given
    if isinstance(part, Named):
        return owner.replace(**{name: _changed_item(owner, name, part, rest, value, path)})
    if not isinstance(part, SceneObject):
        raise SceneError(
            f"update: {path!r}: {name} of {checks.label(owner)} is {checks.show(part)}, "
            f"which has no parameter {rest[0]!r}"
        )
    return owner.replace(**{name: _changed(part, rest, value, path)})


def _changed_item(
    owner: SceneObject, name: str, items: Named[Any], names: list[str], value: object, path: str
) -> dict[str, Any]:
    """A mapping with one item, or something of it, changed.

    A colour map without the name of its quantity is that of what is shown.
    """
    first, *rest = names
    shown: Any = getattr(owner, "shown", None)
    if first not in items and name == "colormap" and shown is not None and shown.name in items:
        first, rest = shown.name, names
    if first not in items:
        raise SceneError(
            f"update: {path!r}: {name} of {checks.label(owner)} has nothing named {first!r}"
            + _nearest(first, list(items))
        )
    if rest:
        part = items[first]
        if not isinstance(part, SceneObject):
            raise SceneError(f"update: {path!r}: {first!r} has no parameter {rest[0]!r}")
        value = _changed(part, rest, value, path)
    return {**items, first: value}


def _substitute(owner: T, old: SceneObject, new: SceneObject) -> T:
    """The same object with `old` replaced wherever it is; itself if it isn't there."""
    if owner is old:
        return new  # type: ignore[return-value]
    changes: dict[str, Any] = {}
    for name in _parameters(owner):
        value = getattr(owner, name)
        if isinstance(value, SceneObject):
            after: Any = _substitute(value, old, new)
        elif isinstance(value, tuple) and any(isinstance(item, SceneObject) for item in value):
            items = tuple(
                _substitute(item, old, new) if isinstance(item, SceneObject) else item
                for item in value
            )
            same = all(a is b for a, b in zip(items, value, strict=True))
            after = value if same else items
        elif isinstance(value, Named):
            changed = {
                key: _substitute(item, old, new) if isinstance(item, SceneObject) else item
                for key, item in value.items()
            }
            after = value if all(changed[key] is value[key] for key in value) else changed
        else:
            continue
        if after is not value:
            changes[name] = after
    return owner.replace(**changes) if changes else owner


def _item_of(scene: SceneObject, name: str, index: int, path: str) -> SceneObject:
    items = getattr(scene, name)
    if not isinstance(items, tuple) or not -len(items) <= index < len(items):
        count = len(items) if isinstance(items, tuple) else 0
        raise SceneError(f"update: {path!r}: {name} has {count} items, there is no [{index}]")
    item = items[index]
    assert isinstance(item, SceneObject)
    return item


def _objects(owner: SceneObject) -> list[SceneObject]:
    """All objects below one, each once."""
    found: dict[int, SceneObject] = {}
    waiting: list[object] = [getattr(owner, name) for name in _parameters(owner)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Named):
            item = tuple(item.values())
        if isinstance(item, tuple):
            waiting += [part for part in item if isinstance(part, SceneObject)]
        elif isinstance(item, SceneObject) and id(item) not in found:
            found[id(item)] = item
            waiting += [getattr(item, name) for name in _parameters(item)]
    return list(found.values())


def _named(scene: SceneObject, name: str) -> SceneObject | None:
    return next((item for item in _objects(scene) if item.name == name), None)


def _names(scene: SceneObject) -> list[str]:
    return [item.name for item in _objects(scene) if item.name is not None]


def _instead(scene: SceneObject, first: str, rest: list[str]) -> str:
    """What might have been meant by a name that nothing has."""
    names = sorted(set(_names(scene)))
    near = difflib.get_close_matches(first, [*names, *_parameters(scene)], 1)
    if near:
        return f"; did you mean {near[0]!r}?"
    place, item = _of_kind(scene, first)
    if item is not None and item.name is not None:
        return f"; did you mean {'.'.join([item.name, *rest])!r}?"
    hint = "; objects are found by the name= that they were made with"
    if item is not None:
        path = ".".join([place, *rest])
        kind = type(item).__name__
        hint = f"; {kind} has no name yet: make it with name={first!r}, or write {path!r}"
    if not names:
        return f"{hint}; no object has a name"
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{hint}; there are the names {', '.join(map(repr, names[:MOST_NAMES]))}{more}"


def _of_kind(scene: SceneObject, word: str) -> tuple[str, SceneObject | None]:
    """The first object of the kind that a word tells, and its place; those without a name first."""
    word = word.lower().replace("_", "").rstrip("s")
    found = [
        (f"{name}[{index}]", item)
        for name in ("emitters", "shapes")
        for index, item in enumerate(getattr(scene, name, ()))
        if word and word in type(item).__name__.lower()
    ]
    return min(found, key=lambda pair: pair[1].name is not None, default=("", None))


def _parameters(item: SceneObject) -> list[str]:
    return [field.name for field in dataclasses.fields(item) if field.init]


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known are {', '.join(sorted(known))}" if known else ""
