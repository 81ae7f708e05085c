"""`Control`: start, pause, change and await the render of a widget."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Mapping
from typing import Any

from raywidget.engine.settings import RenderSettings
from raywidget.errors import PictureWarning, SceneError, SettingsError
from raywidget.headless.asked import signature_with_settings
from raywidget.scene.edits import edit_scene
from raywidget.scene.scene import Scene
from raywidget.scene.values import checks
from raywidget.scene.values.checks import show as show_value
from raywidget.scene.values.given import as_whole
from raywidget.scene.values.telling import warn
from raywidget.widget.shown import Shown
from raywidget.widget.telling import look_for_light, notify_if_changed

AWAIT_SECONDS = 0.5  # a thread that waits for longer would hold up the interpreter's exit


class Control(Shown):
    """What the user does with the render of a widget, in Python as by its toolbar."""

    @property
    def settings(self) -> RenderSettings:
        """How it is rendered."""
        return self._session.current().settings

    @property
    def generation(self) -> int:
        """Counts restarts, from 1."""
        return self._session.current().generation

    def start(self) -> None:
        """Begin to render, if ``autostart=False`` was given; returns at once."""
        self._session.start()

    def pause(self) -> None:
        """Rest; `resume` goes on."""
        self._session.pause()

    def resume(self) -> None:
        """Go on after `pause` or `stop`."""
        self._session.resume()

    def stop(self) -> None:
        """End the render at once; the picture keeps the samples that it has."""
        self._session.stop()

    def restart(self, scene: Scene | None = None, **settings: Any) -> None:
        """Begin anew, with another scene or other settings if given.

        Parameters
        ----------
        scene : Scene, optional
            What to render from now on.
        **settings
            Fields of `RenderSettings` to change; the others stay as they are.

        Raises
        ------
        SettingsError
            If a setting is unknown, or out of its range.
        """
        if scene is not None and not isinstance(scene, Scene):
            raise SettingsError(f"restart: expected a Scene, got {type(scene).__name__}")
        # Checked as in the constructor, so that an unknown name gets the same message.
        RenderSettings.for_scene({}, settings)
        chosen = self.settings.replace(**settings)
        check_whole(chosen)
        self._session.restart(scene=scene, settings=chosen)
        this: weakref.ref[Shown] = weakref.ref(self)
        for name in ("width", "height", "scene", "camera"):
            notify_if_changed(this, name)
        if scene is not None:
            self._tell_overlay()

    def _tell_overlay(self) -> None:
        if self.comm is not None:
            self.send_state("_overlay")  # reads and sends, but sets nothing

    def more(self, spp: int) -> None:
        """Take `spp` more samples per pixel than were asked for before.

        Raises
        ------
        SettingsError
            If that isn't a number of samples, or too many in all.
        """
        more = as_whole(spp)
        if more is None or more < 1:
            raise SettingsError(f"more: expected a number of samples > 0, got {show_value(spp)}")
        self._session.extend(more)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the render has ended.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Returns
        -------
        bool
            False if it still goes on.

        Warns
        -----
        PictureWarning
            If the picture is black: why, and what to do. The status line says it, too.

        Raises
        ------
        RenderError
            If it failed.
        """
        if timeout is not None:
            try:
                timeout = checks.number("wait()", "timeout", timeout, "seconds, or None")
            except SceneError as error:
                raise SettingsError(str(error)) from None
        ended = self._session.wait(timeout)
        if ended:
            self._still.settle()  # here: nbclient hears only what is said while a cell runs
            self._warn_of_darkness()
        return ended

    def _warn_of_darkness(self) -> None:
        dark = look_for_light(weakref.ref(self))
        if dark is not None and dark != self._dark_told:
            warn(dark, PictureWarning)
        self._dark_told = dark

    async def done(self) -> bool:
        """Wait until the render has ended, while other things go on: ``await widget.done()``.

        Returns
        -------
        bool
            True.

        Raises
        ------
        RenderError
            If it failed.
        """
        while not await asyncio.to_thread(self._session.wait, AWAIT_SECONDS):
            pass
        await asyncio.to_thread(look_for_light, weakref.ref(self))
        self._warn_of_darkness()
        return True

    def update(self, changes: Mapping[str, Any]) -> None:
        """Change parts of the scene by their paths, and render anew.

        Parameters
        ----------
        changes : mapping of str to value
            Paths of names and parameters, such as ``"lamp.emission"`` or
            ``"ball.material.roughness"``; objects are found by their ``name``, and ``camera`` is
            the camera.

        Raises
        ------
        SceneError
            If a path leads nowhere, or a value is wrong; nothing is changed then.

        Examples
        --------
        With ipywidgets, ``interact(lambda power: widget.update({"lamp.emission": power}),
        power=(0, 20))`` makes a slider for the light.
        """
        self.restart(edit_scene(self.scene, changes))


def check_whole(settings: RenderSettings) -> None:
    """Refuse a part of a picture: that is for `render`."""
    if settings.region is not None:
        raise SettingsError("region: a widget shows whole pictures; zoom in it, or use render()")


Control.restart.__signature__ = signature_with_settings(  # type: ignore[attr-defined]
    Control.restart, ("region",)
)
