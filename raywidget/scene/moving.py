"""A scene that moves while the shutter is open."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Self

from raywidget.errors import SceneError
from raywidget.scene.scene import Scene
from raywidget.scene.values import checks
from raywidget.scene.values.given import as_items
from raywidget.scene.values.signatures import takes_parameters_of_its_class

Change = tuple[Callable[[Scene, Any], Scene], Any]  # of a scene at any time, and what it is told


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Moving(Scene):
    """A scene that moves while it is exposed: what moves is blurred, as on a photograph.

    It goes wherever a `Scene` goes: `render`, `show`, `RayWidget`, `animate`, ... Whatever differs
    from time to time moves: camera, shapes, vertices, values, colours, lamps. Each sample of a
    picture sees the scene at a time of its own; times are spread evenly over the exposure, in an
    order that the seed shuffles, so that the picture is right for any number of samples, on average
    over seeds, and comes to the true mean with more of them.

    What asks for a single scene, as picking, coarse pictures while the camera moves, bounds and the
    numbers of objects, gets that of the middle of the exposure, which is what its attributes say.

    Parameters
    ----------
    scene_at : callable
        From a time to the `Scene` then, such as `between` makes it. It is called once for each
        sample, never by two threads at a time, and must return the same for the same time. What
        does not move is best made once, outside of it: it is compiled once, too.
    shutter : (float, float)
        When the shutter opens and when it closes, in the unit of `scene_at`.

    Raises
    ------
    SceneError
        If what `scene_at` returns is no scene, or the shutter closes before it opens.

    Examples
    --------
    >>> import raywidget as rw
    >>> room = rw.presets.preset("simple-sphere")
    >>> def scene_at(time):
    ...     camera = room.camera.replace(look_from=(time, 1, 4))
    ...     return room.replace(camera=camera)
    >>> image = rw.render(rw.Moving(scene_at, shutter=(0, 0.5)), width=32, height=24, spp=4)
    >>> image.spp
    4
    """

    def __init__(
        self, scene_at: Callable[[float], Scene], shutter: tuple[float, float] = (0.0, 1.0)
    ) -> None:
        if isinstance(scene_at, Scene) or not callable(scene_at):
            raise SceneError(
                "Moving: scene_at must be a function from a time to a Scene, such as "
                f"between(scene, other), got {checks.show(scene_at)}"
            )
        check_takes_a_time("Moving: scene_at", scene_at)
        ends = checked_shutter("Moving", shutter)
        self._take(scene_at, ends, (), _scene_at(scene_at, 0.5 * (ends[0] + ends[1])))

    def _take(
        self,
        scene_at: Callable[[float], Scene],
        shutter: tuple[float, float],
        changes: tuple[Change, ...],
        still: Scene,
    ) -> None:
        """Be the scene of the middle, and know the others."""
        self._set(
            _scene_at=scene_at,
            _shutter=shutter,
            _changes=changes,
            _still=still,
            _lock=threading.Lock(),
            **{field.name: getattr(still, field.name) for field in fields(still)},
        )

    @property
    def shutter(self) -> tuple[float, float]:
        """When it opens and closes."""
        ends: tuple[float, float] = vars(self)["_shutter"]
        return ends

    @property
    def still(self) -> Scene:
        """The scene in the middle of the exposure."""
        scene: Scene = vars(self)["_still"]
        return scene

    def is_like(self, other: Scene) -> bool:
        """Is another one certainly the same at all times?"""
        if not isinstance(other, Moving):
            return False
        ours, theirs = vars(self), vars(other)
        same_way = ours["_scene_at"] is theirs["_scene_at"]
        return same_way and self.shutter == other.shutter and ours["_changes"] == theirs["_changes"]

    def at(self, time: float) -> Scene:
        """The scene at a time, with all that it has been changed by.

        Parameters
        ----------
        time : float
            In the unit of `scene_at`; also outside of the exposure.

        Raises
        ------
        SceneError
            If what `scene_at` returns is no scene, or the time is no number.
        """
        time = checks.number("Moving", "time", time)
        known = vars(self)
        with known["_lock"]:
            scene = _scene_at(known["_scene_at"], time)
        for change, told in known["_changes"]:
            scene = change(scene, told)
        return scene

    def at_share(self, share: float) -> Scene:
        """The scene when so much of the exposure has gone by, 0 to 1."""
        begin, end = self.shutter
        return self.at(begin + (end - begin) * share)

    def changed(
        self, change: Callable[[Scene, Any], Scene], told: Any, *, instead: bool = False
    ) -> Self:
        """The same with a change that is made at all times; what is not on its way stays.

        It may stand instead of the last one of its kind: hundreds of them come from a drag.
        """
        known = vars(self)
        made = object.__new__(type(self))
        before: tuple[Change, ...] = known["_changes"]
        if instead and before and before[-1][0] is change:
            before = before[:-1]
        changes = (*before, (change, told))
        made._take(known["_scene_at"], self.shutter, changes, change(self.still, told))
        return made

    @takes_parameters_of_its_class
    def replace(self, **changes: Any) -> Self:
        """Return a copy with some parameters of the scene changed, at all times.

        Of ``shutter`` the exposure is another one.
        """
        known = vars(self)
        if set(changes) & {"shutter", "scene_at"}:
            made = type(self)(
                changes.pop("scene_at", known["_scene_at"]), changes.pop("shutter", self.shutter)
            )
            for change, told in known["_changes"]:
                made = made.changed(change, told)
            return made.replace(**changes) if changes else made
        return self.changed(_replaced, changes)

    def save(self, path: Any, *, in_full: bool = True) -> tuple[str, ...]:
        """Refused: a file holds a scene at one time."""
        raise SceneError(
            "Moving: a file holds a scene at one time; save moving.at(time), or moving.still"
        )

    def _parameters(self) -> dict[str, Any]:
        return {"scene_at": vars(self)["_scene_at"], "shutter": self.shutter}

    def __reduce__(self) -> tuple[Any, ...]:
        known = vars(self)
        return _rebuild, (type(self), known["_scene_at"], self.shutter, known["_changes"])

    def __repr__(self) -> str:
        known = vars(self)
        called = getattr(known["_scene_at"], "__name__", None) or checks.show(known["_scene_at"])
        begin, end = self.shutter
        return f"Moving({called}, shutter=({begin:g}, {end:g})): {self.still!r}"


def checked_shutter(owner: str, shutter: object) -> tuple[float, float]:
    """Two times, the second not before the first."""
    items = as_items(shutter)
    if items is None or len(items) != 2:
        raise SceneError(
            f"{owner}: shutter must be two times, when it opens and when it closes, such as "
            f"(0, 0.5), got {checks.show(shutter)}"
        )
    begin, end = (checks.number(owner, "shutter", item) for item in items)
    if end < begin:
        raise SceneError(f"{owner}: the shutter closes at {end:g}, before it opens at {begin:g}")
    return begin, end


def takes_a_time(scene_at: Callable[..., object]) -> bool:
    """Can it be called with one argument?"""
    try:
        signature = inspect.signature(scene_at)
    except (TypeError, ValueError):  # of what is no Python, nobody knows
        return True
    try:
        signature.bind(0.0)
    except TypeError:
        return False
    return True


def check_takes_a_time(called: str, scene_at: Callable[..., object], what: str = "time") -> None:
    """Refuse a function that can't be called with one argument, before its own words do."""
    if not takes_a_time(scene_at):
        raise SceneError(
            f"{called} must take one argument, the {what}, and {checks.show(scene_at)} does not"
        )


def _scene_at(scene_at: Callable[[float], Scene], time: float) -> Scene:
    scene: object = scene_at(time)
    if not isinstance(scene, Scene) or isinstance(scene, Moving):
        advice = ""
        if isinstance(scene, Moving):
            advice = "; moving.at(time) is the scene at a time"
        elif scene is not None:
            advice = "; studio(thing) makes a scene of other things"
        raise SceneError(
            f"Moving: scene_at({time:g}) must return a Scene, got {checks.show(scene)}{advice}"
        )
    return scene


def _replaced(scene: Scene, changes: dict[str, Any]) -> Scene:
    return scene.replace(**changes)


def _rebuild(
    kind: type[Moving],
    scene_at: Callable[[float], Scene],
    shutter: tuple[float, float],
    changes: tuple[Change, ...],
) -> Moving:
    made = kind(scene_at, shutter)
    for change, told in changes:
        made = made.changed(change, told)
    return made
