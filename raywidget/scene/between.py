"""Scenes between two scenes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.camera import Camera, PerspectiveCamera
from raywidget.scene.moving import Moving
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.meshes import Instances
from raywidget.scene.shapes.simple import Box, Quad
from raywidget.scene.values import checks
from raywidget.scene.values.checks import label, show
from raywidget.scene.values.described import SceneObject
from raywidget.scene.values.grids import Grid
from raywidget.scene.values.named import Named
from raywidget.scene.values.signatures import checked_call
from raywidget.scene.values.transforms import rotation_xyz
from raywidget.scene.values.turning import (
    HalfTurn,
    direction_between,
    matrix_between,
    turn_between,
)

_DIRECTIONS = ("direction", "normal", "up")  # which turn, and keep their length on the way
_OF_THE_FIRST = ("name", "defaults", "notes", "annotations")


@checked_call(SceneError)
def between(scene: Scene, other: Scene) -> Callable[[float], Scene]:
    """Scenes on the way from one scene to another, as a function of time.

    Things that have a name are matched by it, all others by their order. Positions, sizes, colours,
    vertices, values and all other numbers change evenly; cameras, copies (`Instances`), boxes,
    quads and directions turn at a constant speed, by the shorter way.

    Parameters
    ----------
    scene : Scene
        At time 0. What is the same object in both, or equal, is shared by all scenes.
    other : Scene
        At time 1.

    Returns
    -------
    callable
        From a time to a `Scene`; before 0 it is the first one, after 1 the other. For
        `Moving` and `animate`.

    Raises
    ------
    SceneError
        If there is no way: a thing is in one of the scenes only, is of another class or has
        another number of vertices, is mirrored, or turned by 180 degrees, or a text differs.

    Examples
    --------
    >>> import raywidget as rw
    >>> camera = rw.PerspectiveCamera(look_from=(0, 1, 9), look_at=(0, 1, 0))
    >>> ball = rw.Sphere((0, 1, 0), 1, name="ball")
    >>> start = rw.Scene([ball], camera=camera)
    >>> end = rw.Scene([ball.replace(center=(4, 1, 0))], camera=camera)
    >>> scene_at = rw.between(start, end)
    >>> scene_at(0.25).shapes[0].center
    (1.0, 1.0, 0.0)
    """
    for one in (scene, other):
        if not isinstance(one, Scene) or isinstance(one, Moving):
            raise SceneError(f"between: expected two scenes, got {show(one)}")
    made = Between(scene, other)
    made(0.5)  # says now what can't be
    return made


def ends_of(moving: Moving) -> tuple[Scene, Scene] | None:
    """The two scenes that a scene moves between; None if something else makes it move."""
    known = vars(moving)
    way = known["_scene_at"]
    return way.ends if isinstance(way, Between) and not known["_changes"] else None


class Between:
    """A function of time, which can be pickled."""

    def __init__(self, first: Scene, last: Scene) -> None:
        self._first, self._last = first, last
        self._equal: dict[tuple[int, int], bool] = {}  # arrays, by their ids

    @property
    def ends(self) -> tuple[Scene, Scene]:
        """The scenes at 0 and at 1."""
        return self._first, self._last

    def __reduce__(self) -> tuple[Any, ...]:
        return Between, (self._first, self._last)

    def __repr__(self) -> str:
        return f"between({label(self._first)}, {label(self._last)})"

    def __call__(self, time: float) -> Scene:
        """The scene at a time."""
        time = checks.number("between()", "time", time)
        share = min(1.0, max(0.0, time))
        scene: Scene = _Way(share, self._equal).object(self._first, self._last, "")
        return scene


class _Pose(NamedTuple):
    """Where a camera stands, how it is turned, and how far away is what it looks at."""

    place: NDArray[np.float64]
    turn: NDArray[np.float64]  # (3, 3) columns: right, up, back
    distance: float


class _Way:
    """One time on the way."""

    def __init__(self, share: float, equal: dict[tuple[int, int], bool]) -> None:
        self._share = share
        self._equal = equal
        self._made: dict[tuple[int, int], Any] = {}  # what is shared stays so

    def object(self, a: SceneObject, b: SceneObject, place: str) -> Any:
        """An object between two; the first itself where nothing differs."""
        key = id(a), id(b)
        if key not in self._made:
            self._made[key] = self._between(a, b, place or label(a))
        return self._made[key]

    def _between(self, a: SceneObject, b: SceneObject, place: str) -> SceneObject:
        if a is b:
            return a
        if type(a) is not type(b):
            kinds = f"a {type(a).__name__} in one scene, a {type(b).__name__} in the other"
            _refuse(place, f"is {kinds}")
        changes: dict[str, Any] = {}
        for field in fields(a):
            if not field.init or field.name in _OF_THE_FIRST:
                continue
            old, new = getattr(a, field.name), getattr(b, field.name)
            here = f"{place}.{field.name}"
            if isinstance(a, Scene) and field.name in ("shapes", "emitters"):
                value = self._matched(old, new, field.name)
            else:
                value = self._value(field.name, old, new, here)
            if value is not old:
                changes[field.name] = value
        try:
            changes |= self._poses(a, b, changes, place)
            return a.replace(**changes) if changes else a
        except HalfTurn:
            _refuse(
                place,
                "is turned by 180 degrees, which may go either way; give a function "
                "of time, or scenes between",
            )
        except SceneError as error:
            if str(error).startswith("between: "):
                raise
            raise SceneError(f"between: {place} has no state between the two: {error}") from None

    def _poses(self, a: Any, b: Any, changes: dict[str, Any], place: str) -> dict[str, Any]:
        """What turns."""
        if isinstance(a, Camera):
            return self._camera(a, b) if changes else {}
        if isinstance(a, Quad) and {"edge_u", "edge_v"} & set(changes):
            u, v, _ = self._matrices(_frame_of(a), _frame_of(b), place).T
            return {"edge_u": tuple(u.tolist()), "edge_v": tuple(v.tolist())}
        if isinstance(a, Instances) and "transforms" in changes:
            made = changes["transforms"].copy()
            made[:, :3, :3] = self._matrices(
                a.transforms[:, :3, :3], b.transforms[:, :3, :3], place
            )
            return {"transforms": made}
        if isinstance(a, Box) and "rotation" in changes:
            one, two = (rotation_xyz(*item.rotation)[:3, :3] for item in (a, b))
            return {"rotation": _angles(turn_between(one, two, self._share))}
        return {}

    def _matrices(self, a: Any, b: Any, place: str) -> NDArray[np.float64]:
        try:
            return matrix_between(a, b, self._share)
        except HalfTurn:
            raise
        except ValueError:
            _refuse(place, "is mirrored in one of the scenes only")

    def _camera(self, a: Camera, b: Camera) -> dict[str, Any]:
        share, one, two = self._share, _pose(a), _pose(b)
        place = one.place + share * (two.place - one.place)
        turn = turn_between(one.turn, two.turn, share)
        distance = one.distance + share * (two.distance - one.distance)
        made: dict[str, Any] = {
            "look_from": tuple(place.tolist()),
            "look_at": tuple((place - distance * turn[:, 2]).tolist()),
            "up": tuple(turn[:, 1].tolist()),
        }
        if isinstance(a, PerspectiveCamera) and isinstance(b, PerspectiveCamera):
            # A zoom is even where equal times enlarge by equal factors.
            made["vfov"] = math.exp((1.0 - share) * math.log(a.vfov) + share * math.log(b.vfov))
        return made

    def _matched(self, old: Sequence[Any], new: Sequence[Any], what: str) -> Sequence[Any]:
        """Things of two scenes, by name or by their order."""
        names = {item.name: item for item in new if item.name is not None}
        rest = [item for item in new if item.name is None]
        made = []
        for item in old:
            if item.name is not None:
                if item.name not in names:
                    _refuse(label(item), "is not in the other scene")
                partner = names.pop(item.name)
            elif rest:
                partner = rest.pop(0)
            else:
                _refuse(label(item), f"has no counterpart: the other scene has fewer {what}")
            made.append(self.object(item, partner, label(item)))
        for item in (*names.values(), *rest):
            _refuse(label(item), "is in the other scene only")
        same = len(made) == len(old) and all(a is b for a, b in zip(made, old, strict=True))
        return old if same else tuple(made)

    def _value(self, name: str, a: Any, b: Any, place: str) -> Any:
        """One parameter between two."""
        if a is b:
            return a
        if isinstance(a, SceneObject) and isinstance(b, SceneObject):
            return self.object(a, b, place)
        if _is_number(a) and _is_number(b):
            return a if a == b else float(a + self._share * (b - a))
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
            return self._array(a, b, place)
        if isinstance(a, Grid) and isinstance(b, Grid):
            made = self._array(a.array, b.array, place)
            return a if made is a.array else made
        if isinstance(a, Named) and isinstance(b, Named):
            if set(a) != set(b):
                _refuse(place, f"has {', '.join(a)} in one scene, {', '.join(b)} in the other")
            items = {key: self._value(name, a[key], b[key], f"{place}[{key!r}]") for key in a}
            return a if all(items[key] is a[key] for key in a) else items
        if isinstance(a, tuple | list) and isinstance(b, tuple | list):
            return self._items(name, a, b, place)
        if type(a) is not type(b) or a != b:
            _refuse(place, f"is {show(a)} in one scene, {show(b)} in the other")
        return a

    def _items(self, name: str, a: Any, b: Any, place: str) -> Any:
        if len(a) != len(b):
            _refuse(place, f"has {len(a)} parts in one scene, {len(b)} in the other")
        if name in _DIRECTIONS and all(map(_is_number, (*a, *b))):
            if tuple(a) == tuple(b):
                return a
            try:
                turned = direction_between(np.array(a), np.array(b), self._share)
            except HalfTurn:
                _refuse(
                    place,
                    "is turned by 180 degrees, which may go either way; give a "
                    "function of time, or scenes between",
                )
            return tuple(turned.tolist())
        items = [
            self._value("", x, y, f"{place}[{k}]")
            for k, (x, y) in enumerate(zip(a, b, strict=True))
        ]
        return a if all(x is y for x, y in zip(items, a, strict=True)) else tuple(items)

    def _array(self, a: NDArray[Any], b: NDArray[Any], place: str) -> NDArray[Any]:
        if a.shape != b.shape:
            _refuse(place, f"has {_shape(a)} numbers in one scene, {_shape(b)} in the other")
        key = id(a), id(b)
        if key not in self._equal:
            self._equal[key] = np.array_equal(a, b, equal_nan=a.dtype.kind == b.dtype.kind == "f")
        if self._equal[key]:
            return a
        if not a.dtype.kind == b.dtype.kind == "f":
            _refuse(place, "has other whole numbers in the other scene")
        kind = np.result_type(a, b)
        return np.asarray(a + kind.type(self._share) * (b.astype(kind) - a), kind)


def _pose(camera: Camera) -> _Pose:
    frame = camera.frame()
    place, at = np.array(camera.look_from, float), np.array(camera.look_at, float)
    turn = np.stack([frame.right, frame.up, -frame.forward], axis=1)
    return _Pose(place, turn, float(np.linalg.norm(at - place)))


def _frame_of(quad: Any) -> NDArray[np.float64]:
    """Its edges and a unit normal, as columns."""
    u, v = np.array(quad.edge_u, float), np.array(quad.edge_v, float)
    normal = np.cross(u, v)
    return np.stack([u, v, normal / np.linalg.norm(normal)], axis=1)


def _angles(turn: NDArray[np.float64]) -> tuple[float, float, float]:
    """What `rotation_xyz` makes a rotation of: first about x, then y, then z, in degrees."""
    sine = float(np.clip(-turn[2, 0], -1.0, 1.0))
    if abs(sine) > 1.0 - 1e-12:  # x and z turn about the same axis
        x, z = math.atan2(-turn[1, 2], turn[1, 1]), 0.0
    else:
        x, z = math.atan2(turn[2, 1], turn[2, 2]), math.atan2(turn[1, 0], turn[0, 0])
    return math.degrees(x), math.degrees(math.asin(sine)), math.degrees(z)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _shape(array: NDArray[Any]) -> str:
    return " x ".join(map(str, array.shape))


def _refuse(place: str, why: str) -> NoReturn:
    raise SceneError(f"between: {place} {why}")
