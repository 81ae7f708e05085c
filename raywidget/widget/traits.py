"""Traits whose values are computed: what the render does now, whenever anybody asks.

None of them is ever set by a thread of the render (see `ray_widget` for the reasons). Setting
`scene` or `camera` is a restart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets

from raywidget.engine.vantage import Straight
from raywidget.errors import SettingsError
from raywidget.picture.figure_layout import describe_camera
from raywidget.scene.camera import Camera
from raywidget.scene.scene import Scene
from raywidget.scene.values.checks import show
from raywidget.widget.snapshot import MOST_PIXELS, MOST_PIXELS_NARROW, encode_snapshot

__all__ = [
    "CameraTrait",
    "Overlay",
    "PlayingTrait",
    "RecordingState",
    "SceneTrait",
    "Size",
    "Snapshot",
    "Status",
    "TimeTrait",
    "TimelineState",
    "Times",
]


class Status(traitlets.Unicode[str, str]):
    """A trait that is never set: its value is what the render does when it is asked for."""

    def get(self, obj: traitlets.HasTraits, cls: type | None = None) -> str:
        """The state of the session."""
        session = getattr(obj, "_session", None)
        return "stopped" if session is None else str(session.current().state)


class Size(traitlets.Int[int, int]):
    """A trait that is never set: its value is that of the render's settings."""

    def get(self, obj: traitlets.HasTraits, cls: type | None = None) -> int:
        """Its own name in the settings."""
        session = getattr(obj, "_session", None)
        if session is None:
            return 1
        return int(getattr(session.current().settings, str(self.name)))


class Snapshot(traitlets.Bytes):
    """A trait that is never set: its value is the picture, for pages without a kernel."""

    def get(self, obj: traitlets.HasTraits, cls: type | None = None) -> bytes:
        """The picture, or nothing while there is none."""
        session = getattr(obj, "_session", None)
        film = None if session is None else session.current().film
        if session is None or film is None or not any(film.versions()):
            return b""
        narrow = obj._pump.narrow  # type: ignore[attr-defined]
        return encode_snapshot(obj.image, MOST_PIXELS_NARROW if narrow else MOST_PIXELS)  # type: ignore[attr-defined]


class Overlay(traitlets.TraitType[dict[str, Any], dict[str, Any]]):
    """A trait that is never set: its value is what stands over the picture."""

    def get(self, obj: traitlets.HasTraits, cls: type | None = None) -> dict[str, Any]:
        """As `figure_elements.describe` says it, and what pages alone need.

        That is where the camera is, and which of the changes that pages asked for are in it.
        """
        session = getattr(obj, "_session", None)
        if session is None:
            return {}
        answered: dict[int, int] = obj._answered  # type: ignore[attr-defined]
        scene, settings = session.scene, session.current().settings
        found: dict[str, Any] = obj._describe(scene)  # type: ignore[attr-defined]
        if answered:
            found = found | {"answered": [list(pair) for pair in answered.items()]}
        if not isinstance(scene.camera, Straight):
            return found
        aspect = settings.width / settings.height
        return found | {"pose": describe_camera(scene.camera, aspect)}


class SceneTrait(traitlets.TraitType[Scene, Scene]):
    """A trait whose value is the scene that is rendered; setting it begins to render another."""

    def get(self, obj: traitlets.HasTraits, cls: type | None = None) -> Any:
        """The session's scene."""
        session = getattr(obj, "_session", None)
        return None if session is None else session.scene

    def set(self, obj: traitlets.HasTraits, value: Any) -> None:
        """Begin anew with it."""
        if not isinstance(value, Scene):
            raise SettingsError(f"scene: expected a Scene, got {type(value).__name__}")
        obj.restart(value)  # type: ignore[attr-defined]


class CameraTrait(traitlets.TraitType[Camera, Camera]):
    """A trait whose value is the camera as it is now; setting it moves the view."""

    def get(self, obj: traitlets.HasTraits, cls: type | None = None) -> Any:
        """The camera of the session's scene."""
        session = getattr(obj, "_session", None)
        return None if session is None else session.scene.camera

    def set(self, obj: traitlets.HasTraits, value: Any) -> None:
        """Begin anew with it."""
        if not isinstance(value, Camera):
            raise SettingsError(
                f"camera: expected a camera, such as PerspectiveCamera(look_from=(0, 1, 5), "
                f"look_at=(0, 1, 0)), got {type(value).__name__}"
            )
        obj.restart(obj.scene.replace(camera=value))  # type: ignore[attr-defined]


class TimeTrait(traitlets.TraitType[float | None, float | None]):
    """A trait whose value is the time that is shown; setting it shows the nearest there is."""

    def get(self, obj: traitlets.HasTraits, cls: type | None = None) -> Any:
        """The timeline's time; None where there is but one scene."""
        timeline = getattr(obj, "_line", None)
        return None if timeline is None else timeline.time

    def set(self, obj: traitlets.HasTraits, value: Any) -> None:
        """Show another time."""
        timeline = getattr(obj, "_line", None)
        if timeline is None:
            raise SettingsError("time: this widget shows one scene; give it several, or times=")
        is_number = isinstance(value, int | float | np.integer | np.floating)
        if not is_number or isinstance(value, bool) or not -1e300 <= value <= 1e300:
            first, last = timeline.times[0], timeline.times[-1]
            raise SettingsError(f"time: expected {first:g} to {last:g}, got {show(value)}")
        timeline.go(timeline.nearest(float(value)))


class PlayingTrait(traitlets.TraitType[bool, bool]):
    """A trait whose value is whether times are played; setting it begins or ends that."""

    def get(self, obj: traitlets.HasTraits, cls: type | None = None) -> Any:
        """Does the timeline move by itself?"""
        timeline = getattr(obj, "_line", None)
        return timeline is not None and timeline.playing

    def set(self, obj: traitlets.HasTraits, value: Any) -> None:
        """Play, or rest."""
        timeline = getattr(obj, "_line", None)
        if timeline is None:
            raise SettingsError("playing: this widget shows one scene; give it several, or times=")
        if not isinstance(value, bool):
            raise SettingsError(f"playing: expected True or False, got {show(value)}")
        if value:
            timeline.play(True)
        elif timeline.playing:
            timeline.rest()


class Times(traitlets.TraitType[list[float], list[float]]):
    """A trait that is never set: its value are the times that there are scenes for."""

    def get(self, obj: traitlets.HasTraits, cls: type | None = None) -> Any:
        """All times, or none."""
        timeline = getattr(obj, "_line", None)
        return [] if timeline is None else list(timeline.times)


class TimelineState(traitlets.TraitType[dict[str, Any], dict[str, Any]]):
    """A trait that is never set: its value is what a page shows of the time."""

    def get(self, obj: traitlets.HasTraits, cls: type | None = None) -> Any:
        """Which time is shown, and is it played?"""
        timeline = getattr(obj, "_line", None)
        return {} if timeline is None else timeline.describe()


class RecordingState(traitlets.TraitType[dict[str, Any], dict[str, Any]]):
    """A trait that is never set: its value is how far a film is."""

    def get(self, obj: traitlets.HasTraits, cls: type | None = None) -> Any:
        """What the recorder does."""
        recorder = getattr(obj, "_recorder", None)
        return {} if recorder is None else recorder.describe()
