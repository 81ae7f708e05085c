"""Films of what a widget shows, recorded in the background: a turn round it, or all of its times.

`Recorder` renders by a session of its own, with the frames of `animation`, so that the live picture
goes on; whoever listens is told how far it is.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from raywidget.animation import Film, Look, checked_film, turned
from raywidget.engine.settings import RenderSettings
from raywidget.errors import PictureError, RaywidgetError, SettingsError
from raywidget.frames import Frames
from raywidget.headless.asked import choose_denoiser
from raywidget.io.atomic import replacing
from raywidget.scene.scene import Scene
from raywidget.scene.values.checks import show

MOST_SAMPLES = 64  # of a frame, however many the live picture is to have
FPS = 15.0  # of turns
QUALITY = 80


def checked_seconds(given: object) -> float:
    """How long a turn lasts.

    Raises
    ------
    SettingsError
        If it is no number of seconds.
    """
    number: Any = given
    if not isinstance(given, int | float) or isinstance(given, bool) or not 0 < number <= 600:
        raise SettingsError(f"seconds: expected 0 to 600, got {show(given)}")
    return float(number)


class Shot(NamedTuple):
    """What is shown when a film is asked for."""

    scene: Scene
    settings: RenderSettings
    denoise: bool
    exposure: float
    curve: str
    scene_at: Callable[[int], Scene] | None  # of the times, if there are any
    times: int  # how many
    fps: float  # of these


class _Cancelled(Exception):
    """Nobody wants the film any more."""


class Recorder:
    """Makes one film at a time.

    Parameters
    ----------
    shoot : callable
        What is shown now; None when there is nobody any more.
    told : callable
        Called when there is something new to be told; from any thread.
    """

    def __init__(self, shoot: Callable[[], Shot | None], told: Callable[[], object]) -> None:
        self._shoot = shoot
        self._told = told
        self._lock = threading.Lock()  # guards everything below
        self._thread: threading.Thread | None = None
        self._cancel = threading.Event()
        self._state, self._message = "idle", ""
        self._done, self._count, self._began = 0, 0, 0.0
        self._film: Path | None = None

    @property
    def film(self) -> Path | None:
        """The last one that was made."""
        return self._film

    @property
    def recording(self) -> bool:
        """Is one being made?"""
        return self._thread is not None

    def describe(self) -> dict[str, Any]:
        """What a page shows of it."""
        left = None
        if self._state == "recording" and self._done:
            elapsed = time.monotonic() - self._began
            left = elapsed / self._done * (self._count - self._done)
        has_ffmpeg = importlib.util.find_spec("imageio_ffmpeg") is not None
        return {
            "state": self._state,
            "done": self._done,
            "count": self._count,
            "left": left,
            "name": None if self._film is None else self._film.name,
            "message": self._message,
            "formats": ["mp4"] * has_ffmpeg + ["webp", "gif"],
        }

    def start(
        self,
        what: str = "turntable",
        path: str | os.PathLike[str] | None = None,
        *,
        suffix: str = ".webp",
        seconds: float = 4.0,
    ) -> Path:
        """Begin to record; returns at once.

        Parameters
        ----------
        what : {"turntable", "times"}
        path : path-like, optional
            The film; by default one in the working directory that is not there yet.
        suffix : str
            Its format, where no path is given.
        seconds : float
            How long a turn lasts; all times last as long as they are played.

        Returns
        -------
        Path
            Where it will be.

        Raises
        ------
        SettingsError
            If one is being recorded, or there are no times.
        PictureError
            If it can't be written, or its encoder is missing.
        """
        shot = self._shoot()
        if shot is None:
            raise SettingsError("record: the widget is closed")
        if what == "times" and shot.scene_at is None:
            raise SettingsError("record: this widget shows one scene, and has no times")
        if shot.settings.alpha and suffix == ".mp4" and path is None:
            suffix = ".webp"  # which knows transparency
        target = _free_place(what, suffix) if path is None else path
        target = checked_film(target, shot.settings.alpha)
        with self._lock:
            if self._thread is not None:
                raise SettingsError("record: a film is being recorded; cancel it first")
            self._cancel.clear()
            self._state, self._message, self._done = "recording", "", 0
            fps = shot.fps if what == "times" else FPS
            self._count = shot.times if what == "times" else max(2, round(seconds * fps))
            self._began = time.monotonic()
            arguments = (shot, what, target, fps)
            self._thread = threading.Thread(
                target=self._run, args=arguments, name="raywidget-film", daemon=True
            )
            self._thread.start()
        self._told()
        return target

    def cancel(self) -> None:
        """Break it off; nothing is left of it."""
        self._cancel.set()

    def wait(self, timeout: float | None = None) -> Path | None:
        """Wait for the film; None if there is none yet, or none came of it.

        Raises
        ------
        PictureError
            If it failed.
        """
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        if self._state == "failed":
            raise PictureError(f"the film could not be recorded: {self._message}")
        return self._film if self._state == "done" else None

    def close(self) -> None:
        """End the thread."""
        self.cancel()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(10.0)

    def _look(self) -> None:
        if self._cancel.is_set():
            raise _Cancelled

    def _step(self) -> None:
        self._look()
        self._done += 1
        self._told()

    def _run(self, shot: Shot, what: str, target: Path, fps: float) -> None:
        state, message, film = "done", "", None
        try:
            self._make(shot, what, target, fps)
            film = target
            message = f"saved {target}"
        except _Cancelled:
            state = "idle"
        except Exception as error:
            state = "failed"
            message = str(error) if isinstance(error, RaywidgetError) else repr(error)
        with self._lock:
            self._state, self._message, self._thread = state, message, None
            self._film = film or self._film
        with contextlib.suppress(Exception):  # a page that has gone hears nothing
            self._told()

    def _make(self, shot: Shot, what: str, target: Path, fps: float) -> None:
        settings = shot.settings
        if settings.noise is None:
            settings = settings.replace(spp=min(settings.spp, MOST_SAMPLES))
        settings = settings.replace(passes=None, aovs=())
        method = choose_denoiser(True) if shot.denoise else None
        make = shot.scene_at if what == "times" else turned(shot.scene, self._count)
        assert make is not None
        # Frames lie where nobody else looks for any, and go with the folder whatever happens.
        with tempfile.TemporaryDirectory(prefix="raywidget-") as folder:
            look = Look(settings, method, shot.exposure, shot.curve)
            film = Film(Path(folder, f"film{target.suffix}"), self._count, look)
            film.render(make, Frames(look=self._look), self._step)
            self._look()
            film.encode(fps, QUALITY, True)
            try:
                with replacing(target) as part:
                    shutil.copyfile(film.path, part)
            except OSError as error:
                raise PictureError(f"can't save {str(target)!r}: {error}") from None


def _free_place(what: str, suffix: str) -> Path:
    """A name that is not taken, where the kernel runs; else among temporary files."""
    here = Path.cwd()
    folder = here if os.access(here, os.W_OK) else Path(tempfile.gettempdir())
    number = 1
    while True:
        place = folder / (f"{what}{suffix}" if number == 1 else f"{what}-{number}{suffix}")
        if not place.exists():
            return place
        number += 1
