"""What a page may choose of the values of a scene: quantity, colour map, limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raywidget.errors import SceneError
from raywidget.scene.edits import edit_scene
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.meshes import Instances
from raywidget.scene.shapes.quantities import ValuedShape
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.colormaps import ColorMap
from raywidget.stream.protocol import Content, ValueChange

MOST_SHAPES = 64  # that are told of, and quantities of each

MAPS = (
    *("viridis", "plasma", "inferno", "magma", "cividis", "turbo", "gray", "batlow"),
    *("coolwarm", "RdBu", "vik", "Spectral", "twilight", "tab10", "tab20"),
)
"""Maps that a page offers, besides the one that is in use."""


def describe_menu(scene: Scene) -> list[Content]:
    """Each shape that shows values: what it has, what is shown and how, in what JSON has."""
    found = []
    for index, shape in enumerate(scene.shapes):
        entry = _entry(shape)
        if entry is not None:
            found.append({"index": index, "name": _name(shape, index), **entry})
        if len(found) == MOST_SHAPES:
            break
    return found


def _name(shape: Shape, index: int) -> str:
    return shape.name or f"{type(shape).__name__} {index + 1}"


def _entry(shape: Shape) -> Content | None:
    if isinstance(shape, Volume):
        colormap = shape.transfer.color
        if not isinstance(colormap, ColorMap) or shape.values.is_colored:
            return None
        low, high = shape.transfer.color_limits_for(shape.values.low, shape.values.high)
        return {"quantities": ["values"], "show": "values", **_look(colormap, low, high)}
    owner = _owner(shape)
    if owner is None or owner.shown is None:
        return None
    shown = owner.shown
    return {
        "quantities": list(owner.own_quantities)[:MOST_SHAPES],
        "show": shown.name,
        **_look(shown.colormap, *shown.limits),
    }


def _look(colormap: ColorMap, low: float, high: float) -> Content:
    name = colormap.colors if isinstance(colormap.colors, str) else None
    return {
        "map": name,
        "limits": [float(low), float(high)],
        "auto": colormap.limits is None,
        "log": colormap.log,
    }


def _owner(shape: Shape) -> ValuedShape | None:
    """What has the values: the shape, or the mesh that it copies."""
    if isinstance(shape, Instances) and not shape.own_quantities:
        return shape.mesh
    return shape if isinstance(shape, ValuedShape) else None


def change_values(scene: Scene, change: ValueChange) -> Scene:
    """The scene as a page wants it; of all shapes, those that can do so.

    Raises
    ------
    SceneError
        If the shape has no such quantity, there is no such map, or limits can't be so.
    """
    told = [entry["index"] for entry in describe_menu(scene)]
    if change.shape is None:
        chosen = [i for i in told if _has(scene.shapes[i], change.show)]
    else:
        chosen = [i for i in told if i == change.shape]
    if not chosen:
        raise SceneError("values: no such shape, or it has no such quantity")
    if change.colormap is not None and change.colormap not in MAPS:
        raise SceneError(f"values: no map is called {change.colormap!r}")
    return edit_scene(scene, {k: v for i in chosen for k, v in _edits(scene, i, change).items()})


def _has(shape: Shape, name: str | None) -> bool:
    if name is None:
        return True
    owner = _owner(shape)
    return owner is not None and name in owner.own_quantities


def _edits(scene: Scene, index: int, change: ValueChange) -> Mapping[str, Any]:
    shape = scene.shapes[index]
    path = f"shapes[{index}]"
    if isinstance(shape, Volume):
        assert isinstance(shape.transfer.color, ColorMap)
        return {f"{path}.transfer.color": _changed(shape.transfer.color, change)}
    owner = _owner(shape)
    assert owner is not None
    assert owner.shown is not None
    if owner is not shape:
        path += ".mesh"
    own = owner.own_quantities
    show = owner.shown.name if change.show is None else change.show
    if show not in own:
        raise SceneError(f"values: {_name(shape, index)} has no quantity {show!r}")
    edits: dict[str, Any] = {}
    if show != owner.shown.name:
        edits[f"{path}.show"] = show
    if change.colormap is not None or change.limits is not None or change.auto:
        # Each has a map of its own from here on: limits of one mean nothing to the others.
        maps = {name: quantity.colormap for name, quantity in own.items()}
        maps[show] = _changed(maps[show], change)
        edits[f"{path}.colormap"] = maps
    return edits


def _changed(colormap: ColorMap, change: ValueChange) -> ColorMap:
    changes: dict[str, Any] = {}
    if change.colormap is not None:
        changes["colors"] = change.colormap
    if change.auto:
        changes["limits"] = None
    elif change.limits is not None:
        changes |= {"limits": change.limits, "symmetric": False}
    return colormap.replace(**changes) if changes else colormap
