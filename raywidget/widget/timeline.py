"""Scenes that follow each other: which one is shown, and how they are played.

While they are played, or the slider is dragged, each is a coarse picture, as a moving camera's are;
the one that it comes to rest at is rendered. `Timeline` knows the session, and no widget: whoever
listens is told by a call.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple, cast

import numpy as np

from raywidget.engine.preview.coarse import CoarsePicture
from raywidget.engine.session.session import Session
from raywidget.errors import RaywidgetError, SceneError, SettingsError
from raywidget.headless.asked import scene_and_settings
from raywidget.scene.camera import Camera
from raywidget.scene.moving import check_takes_a_time
from raywidget.scene.scene import Scene
from raywidget.scene.values.checks import show
from raywidget.scene.values.given import as_items
from raywidget.staging.common_limits import with_common_limits

MOST_TIMES = 10_000
KEPT = 64  # scenes that a function has made
STILL = 0.3  # seconds without a word of a slider that is dragged, and it has come to rest
UNSEEN = 2.0  # seconds after which a coarse picture that never comes is not waited for


class Series(NamedTuple):
    """Scenes by their numbers, and the times that they stand for."""

    make: Callable[[int], Scene]
    times: tuple[float, ...]


def is_series(thing: object) -> bool:
    """Is it more than one whole scene, so that nothing could be seen of all at once?"""
    items = thing if isinstance(thing, list | tuple) else ()
    return len(items) > 1 and all(isinstance(item, Scene) for item in items)


def checked_fps(given: object) -> float:
    """How many scenes a second.

    Raises
    ------
    SettingsError
        If it is no such number.
    """
    number: Any = given
    is_number = isinstance(given, int | float | np.integer | np.floating)
    if not is_number or isinstance(given, bool) or not 0.01 <= number <= 120:
        raise SettingsError(f"fps: expected 0.01 to 120, got {show(given)}")
    return float(number)


def staged_series(thing: object, times: object, settings: Mapping[str, Any]) -> Series:
    """What is to be shown when, each thing put into a studio that is no scene.

    Raises
    ------
    SettingsError, SceneError
        As `series_of` raises them, or a studio.
    """
    first: list[Camera] = []

    def scene_of(shown: object) -> Scene:
        if callable(shown) and not isinstance(shown, Scene):
            raise SceneError(f"expected a scene for each time, got {show(shown)}")
        scene, _ = scene_and_settings(shown, settings)
        if isinstance(shown, Scene):
            return scene
        # Each would be framed for itself, and nothing be seen to move or grow.
        first.append(scene.camera)
        return scene if len(first) == 1 else scene.replace(camera=first[0])

    return series_of(thing, times, scene_of)


def series_of(thing: object, times: object, scene_of: Callable[[object], Scene]) -> Series:
    """What is to be shown at which time.

    Parameters
    ----------
    thing : callable or sequence
        From a time to what is shown then; or all of it.
    times : sequence of float, optional
        Rising; of a sequence, by default 0, 1, 2, ...
    scene_of : callable
        From what is shown to a scene.

    Raises
    ------
    SettingsError
        If times don't rise, or are not as many as scenes.
    SceneError
        If there is nothing to be shown.
    """
    if callable(thing):
        check_takes_a_time("RayWidget: the function", thing)
    if callable(thing) and times is None:
        raise SettingsError(
            "times: a function of time needs times, such as times=numpy.linspace(0, 1, 25)"
        )
    items = None if callable(thing) else as_items(thing)
    if not callable(thing) and not items:
        raise SceneError(
            "times= are for a function from a time to its scene, or for a list of scenes, "
            f"got {show(thing)}"
        )
    at = _checked_times(range(len(items or ())) if times is None else times)
    if items is not None and len(items) != len(at):
        raise SettingsError(f"times: expected as many as scenes, {len(items)}, got {len(at)}")
    if items is not None and len(items) <= KEPT and all(item is not None for item in items):
        items = tuple(with_common_limits([scene_of(item) for item in items]))
        scene_of = _as_it_is
    kept: OrderedDict[int, Scene] = OrderedDict()
    lock = threading.Lock()

    def make(index: int) -> Scene:
        with lock:
            scene = kept.get(index)
        if scene is None:
            shown = thing(at[index]) if callable(thing) else (items or [])[index]
            if shown is None:
                raise SceneError(f"there must be a scene for each time, got None at {at[index]:g}")
            scene = scene_of(shown)
            with lock:
                kept[index] = scene
                if len(kept) > KEPT:
                    kept.popitem(last=False)
        return scene

    return Series(make, at)


def _as_it_is(scene: Any) -> Scene:
    return cast(Scene, scene)


def _checked_times(times: object) -> tuple[float, ...]:
    items = as_items(times)
    numbers: list[float] = []
    for item in items or ():
        is_number = isinstance(item, int | float | np.integer | np.floating)
        if not is_number or isinstance(item, bool):
            raise SettingsError(f"times: expected numbers, got {show(item)}")
        numbers.append(float(item) if abs(item) < 1e15 else math.nan)
    if not numbers or len(numbers) > MOST_TIMES:
        raise SettingsError(f"times: expected 1 to {MOST_TIMES:,} numbers, got {show(times)}")
    if not all(b > a for a, b in pairwise(numbers)) or not all(
        math.isfinite(number) for number in numbers
    ):
        raise SettingsError(f"times: expected finite numbers that rise, got {show(times)}")
    return tuple(numbers)


class Timeline:
    """A series that a session shows.

    Parameters
    ----------
    session : Session
        Renders the scene of the present time.
    series : Series
        Its first scene is in the session already.
    fps : float
        Scenes a second, at most, while it is played.
    told : callable
        Called with True when another scene is rendered, with False when only what is told of the
        time has changed; from any thread.
    """

    def __init__(
        self, session: Session, series: Series, fps: float, told: Callable[[bool], object]
    ) -> None:
        self._session = session
        self._series = series
        self._told = told
        self._fps = fps
        self._changed = threading.Condition()  # guards everything below
        self._index = 0
        self._shown = 0  # the last that there was a scene for
        self._turn = 0  # counts who has gone somewhere by himself
        self._playing = False
        self._loop = True
        self._until = -math.inf  # a slider is dragged, and has come to rest by then
        self._wanted = False  # is another scene to be shown than is?
        self._seen = 0  # the newest generation of a coarse picture
        self._message: str | None = None
        self._edits: deque[Callable[[Scene], Scene]] = deque(maxlen=KEPT)
        self._closed = False
        self._thread: threading.Thread | None = None
        self._own: Camera = session.scene.camera  # of the scene that is shown, as it was made

    @property
    def times(self) -> tuple[float, ...]:
        """All times."""
        return self._series.times

    @property
    def time(self) -> float:
        """The time that is shown."""
        return self._series.times[self._index]

    @property
    def playing(self) -> bool:
        """Is it played now?"""
        return self._playing

    def describe(self) -> dict[str, Any]:
        """What a page shows of it, but for the times."""
        return {
            "index": self._index,
            "playing": self._playing,
            "loop": self._loop,
            "message": self._message,
        }

    def scene_at(self, index: int) -> Scene:
        """The scene of a time as it would be shown now: seen from where the user has gone."""
        scene = self._series.make(index)
        for edit in list(self._edits):
            with contextlib.suppress(SceneError):  # there may be no such values at this time
                scene = edit(scene)
        camera = self._session.scene.camera
        return scene if camera == self._own else scene.replace(camera=camera)

    def keep(self, edit: Callable[[Scene], Scene]) -> None:
        """Show the scenes of all times with this change, as far as they can have it."""
        self._edits.append(edit)

    def nearest(self, moment: float) -> int:
        """The number of the time that is nearest."""
        return int(np.argmin(np.abs(np.array(self._series.times) - moment)))

    def go(self, index: int) -> None:
        """Show another time, and rest there; what its scene raises comes out.

        Raises
        ------
        SceneError
            If there is no scene then.
        """
        with self._changed:
            self._playing, self._wanted, self._until = False, False, -math.inf
            self._turn += 1
        scene, own = self.scene_at(index), self._series.make(index).camera
        with self._changed:
            self._index, self._shown, self._own, self._message = index, index, own, None
            self._session.restart(scene=scene)
        self._told(True)

    def rest(self) -> None:
        """Play no more, and render what is shown.

        Raises
        ------
        SceneError
            If there is no scene then.
        """
        self.go(self._index)

    def drag(self, index: int, moving: bool) -> None:
        """Show another time, coarsely while more will follow; returns at once."""
        with self._changed:
            self._playing = False
            self._index = min(max(index, 0), len(self.times) - 1)
            self._until = time.monotonic() + STILL if moving else -math.inf
            self._begin()

    def play(self, on: bool) -> None:
        """Play on from here, from the start if it was at the end; or rest here."""
        with self._changed:
            if on and self._index == len(self.times) - 1 and not self._playing:
                self._index = 0
            self._playing = on and len(self.times) > 1
            self._until = -math.inf
            self._begin()

    def set_loop(self, on: bool) -> None:
        """At the end, begin anew?"""
        self._loop = on
        self._told(False)

    @property
    def fps(self) -> float:
        """Scenes a second, at most."""
        return self._fps

    def stand(self, timeout: float) -> None:
        """Rest, and wait until something of the scene has been rendered."""
        self.rest()
        self._session.await_rest(timeout)
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            film = self._session.current().film
            if film is not None and all(film.versions()):
                return
            time.sleep(0.02)

    def coarse_ready(self, picture: CoarsePicture) -> None:
        """A coarse picture has been rendered. From any thread."""
        with self._changed:
            self._seen = max(self._seen, picture.generation)
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed, self._playing = True, False
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(10.0)

    def _begin(self) -> None:
        """Have the thread look at what is wanted; the lock is held."""
        self._wanted, self._message = True, None
        self._changed.notify_all()
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="raywidget-time", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closed or not self._wanted:
                    self._thread = None
                    return
                index, turn, self._wanted = self._index, self._turn, False
                moves = self._playing or time.monotonic() < self._until
            began = time.monotonic()
            try:
                scene, own = self.scene_at(index), self._series.make(index).camera
                with self._changed:
                    if turn != self._turn:
                        continue  # somebody has gone elsewhere meanwhile
                    self._own, self._shown, seen = own, index, self._seen
                    if moves:
                        self._session.look(scene)
                    else:
                        self._session.restart(scene=scene)
            except Exception as error:
                self._fail(error)
                continue
            self._told(not moves)
            if moves:
                self._await_picture(seen)
                self._go_on(began)

    def _await_picture(self, before: int) -> None:
        """One scene after the other: none is begun before the last one was seen."""
        end = time.monotonic() + UNSEEN
        with self._changed:
            while self._seen <= before and not self._closed and time.monotonic() < end:
                self._changed.wait(0.1)

    def _go_on(self, began: float) -> None:
        """Wait for the next scene's time, or for the hand that drags to rest."""
        with self._changed:
            due = began + 1.0 / self._fps if self._playing else self._until
            while not self._wanted and not self._closed and time.monotonic() < due:
                self._changed.wait(max(due - time.monotonic(), 1e-3))
            if self._wanted or self._closed:
                return
            if self._playing:
                last = self._index == len(self.times) - 1
                if last and not self._loop:
                    self._playing = False
                else:
                    self._index = 0 if last else self._index + 1
            self._wanted = True

    def _fail(self, error: Exception) -> None:
        """There is no scene then: what was shown stays, and is rendered."""
        text = str(error) if isinstance(error, RaywidgetError) else f"{error!r}"
        with self._changed:
            self._playing, self._wanted, self._until = False, False, -math.inf
            self._message = f"at {self.time:g}: {text}"
            self._index = self._shown
        if self._session.looking:
            self._session.restart(scene=self._session.scene)
        self._told(True)
