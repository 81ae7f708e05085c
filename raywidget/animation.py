"""`animate()` and `turntable()`: films, frame by frame.

All frames are rendered by one session, which takes over tables and trees from frame to frame where
nothing has moved; each is, bit by bit, what `render` makes of its scene. A frame is kept as a PNG
in a folder beside the film as soon as it is finished, with the name of all that it was made of: who
comes again after a crash, or with one scene changed, renders only what is missing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from raywidget.engine.backends.pools import pool_of
from raywidget.engine.settings import RenderSettings
from raywidget.errors import PictureError, SceneError, SettingsError
from raywidget.frames import FINGERPRINT, Frames, checked_flag, fingerprint_of_picture
from raywidget.headless.asked import choose_denoiser, scene_and_settings, signature_with_settings
from raywidget.headless.termination import heeding_termination
from raywidget.io.atomic import sweep
from raywidget.io.films import check_film, is_series, read_frames, write_film
from raywidget.io.metadata import read_text
from raywidget.picture.curves import check_display
from raywidget.progress import Steps
from raywidget.scene.between import between
from raywidget.scene.camera import Camera
from raywidget.scene.moving import Moving, check_takes_a_time
from raywidget.scene.scene import Scene
from raywidget.scene.values.checks import show
from raywidget.scene.values.given import as_whole
from raywidget.scene.values.paths import user_path
from raywidget.scene.values.signatures import checked_call
from raywidget.scene.values.transforms import rotation
from raywidget.staging.studio import STUDIO_WORDS

MOST_FRAMES = 100_000

_EVERY = 60.0  # seconds, and more where that takes long, after which the film is written anew
_PATIENCE = 20.0  # times as long as it took to write it


@checked_call(SettingsError)
def animate(
    scene_at: Callable[[int], Scene] | Sequence[Scene],
    frames: int | None = None,
    path: str | Path = "film.mp4",
    *,
    fps: float = 24.0,
    denoise: bool | str = False,
    exposure: float = 0.0,
    curve: str = "srgb",
    quality: int = 80,
    loop: bool = True,
    keep_frames: bool = False,
    progress: bool = False,
    executor: object = None,
    shutter: float = 0.0,
    **settings: Any,
) -> Path:
    """Render a film.

    Parameters
    ----------
    scene_at : callable or sequence of Scene
        From the number of a frame, 0 to ``frames - 1``, to its scene; or the scenes themselves. For
        a film from one scene to another, `between` makes such a function of a time. Whatever
        `studio` takes may stand for a scene: all frames are seen from where the first is.
    frames : int, optional
        How many; of a sequence, by default all.
    path : path-like
        ``.mp4``, ``.mov``, ``.webm`` (by ffmpeg, from the extra ``video``), ``.gif``, ``.webp``,
        ``.apng``; or a series of pictures, such as ``"frames/%04d.png"``. Where colours have half
        the resolution, an odd side gets its last row or column twice. With ``alpha=True``, all but
        ``.mp4`` are transparent: ``.mov`` for programs that show slides or cut films (ProRes 4444),
        ``.webm`` and ``.webp`` for browsers.
    fps : float
        Frames a second.
    denoise : bool or {"oidn", "nlm"}
        Take the noise out of each frame, as in `render`.
    exposure, curve : float, str
        As in `render`.
    quality : int
        Of films that lose something, 0 to 100.
    loop : bool
        Begin anew at the end, in formats that can say so.
    keep_frames : bool
        Leave the folder ``PATH.frames`` with the finished frames there, which is removed otherwise
        once the film is complete. Frames that are there already, of the same scenes and settings,
        are not rendered again.
    progress : bool
        Say how far it is.
    executor : concurrent.futures.Executor or dask.distributed.Client, optional
        Who renders, as in `render`: tiles of one frame after the other, to the same pixels.
    shutter : float
        Which share of the time of a frame the shutter is open, 0 to 1: 0.5 is the 180 degrees of
        film cameras. What moves meanwhile is blurred, see `Moving`: frame k is exposed from time k
        to ``k + shutter``, and `scene_at` is asked for scenes at such times, too. Of a sequence,
        they are those `between` two scenes; the last one rests.
    **settings
        Any of `RenderSettings`; the same for all frames, of the first scene's defaults. Of things
        that are no scene, the parameters of `studio`, too.

    Returns
    -------
    Path
        The film.

    Raises
    ------
    SceneError
        If a frame's scene is none.
    SettingsError
        If a setting is out of its range.
    PictureError
        If the film can't be written, or its encoder is missing: before anything is rendered.

    Notes
    -----
    Ctrl-C, SIGTERM and whatever goes wrong in a frame leave a film of the frames that are finished,
    and these frames, so that the same call goes on from there. While it is made, the film is
    written once in some minutes: one can look at it, and a crash leaves what was there then.

    Examples
    --------
    >>> import raywidget as rw
    >>> scene = rw.presets.cornell()
    >>> def scene_at(frame):
    ...     return scene.replace(camera=scene.camera.replace(vfov=40 - frame))
    >>> film = rw.animate(scene_at, 3, "zoom.gif", fps=10, width=16, height=16, spp=1)
    >>> film.name
    'zoom.gif'
    >>> film.unlink()
    """
    count, made = _frames(scene_at, frames)
    make: Callable[[Any], Any] = _Staged(made, settings)
    _check_number("fps", fps, 0.1, 1000.0)
    _check_number("shutter", shutter, 0.0, 1.0)
    if shutter > 0.0:
        way: Any = make if callable(scene_at) else _Way(make, count)
        make = _exposed(way, float(shutter))
    if as_whole(quality) is None or not 0 <= quality <= 100:
        raise SettingsError(f"quality: expected 0 to 100, got {show(quality)}")
    check_display(curve, exposure)
    loop, keep_frames = checked_flag("loop", loop), checked_flag("keep_frames", keep_frames)
    progress = checked_flag("progress", progress)
    method = choose_denoiser(denoise)
    if executor is not None:
        pool_of(executor)  # or it is said here
    scene, chosen = scene_and_settings(make(0), _for_renders(settings))
    look = Look(chosen, method, exposure, curve)
    film = Film(checked_film(path, chosen.alpha), count, look)
    told = Steps(count, "frame") if progress else None
    due = time.monotonic() + _EVERY

    def step() -> None:
        nonlocal due
        if told is not None:
            told.step()
        if time.monotonic() >= due and not film.complete:
            began = time.monotonic()
            film.encode(fps, quality, loop)
            due = time.monotonic() + max(_EVERY, _PATIENCE * (time.monotonic() - began))

    with heeding_termination():
        try:
            film.render(lambda frame: scene if frame == 0 else make(frame), Frames(executor), step)
        except BaseException:
            with contextlib.suppress(PictureError):  # it is not what went wrong first
                film.encode(fps, quality, loop)
            film.clear_if_empty()
            raise
        finally:
            if told is not None:
                told.close()
        film.encode(fps, quality, loop)
    if not keep_frames:
        film.clear()
    return film.path


@checked_call(SettingsError)
def turntable(
    thing: object,
    path: str | Path = "turntable.mp4",
    *,
    seconds: float = 6.0,
    fps: float = 24.0,
    turns: float = 1.0,
    **settings: Any,
) -> Path:
    """Render a film of a thing that is seen from all round.

    The camera goes round what it looks at, about its `up`; the last frame is one step before the
    first, so that the film goes on for ever.

    Parameters
    ----------
    thing : Scene, or what `studio` takes
        What is seen.
    path : path-like
        As in `animate`.
    seconds : float
        How long the film is.
    fps : float
        Frames a second.
    turns : float
        How often round; negative, the other way.
    **settings
        As in `animate`: ``shutter``, ``denoise``, ``exposure``, ``progress``, ...,
        any of `RenderSettings`; and of things that are no scene, the parameters of `studio`.

    Returns
    -------
    Path
        The film.

    Examples
    --------
    >>> import raywidget as rw
    >>> ball = rw.Sphere((0, 0, 0), 1)
    >>> film = rw.turntable(ball, "ball.webp", seconds=1, fps=3, width=16, height=12, spp=1)
    >>> film.unlink()
    """
    _check_number("seconds", seconds, 1e-3, 1e6)
    _check_number("fps", fps, 0.1, 1000.0)
    _check_number("turns", turns, -1e3, 1e3)
    of_films = {
        "denoise",
        "exposure",
        "curve",
        "quality",
        "loop",
        "keep_frames",
        "progress",
        "executor",
        "shutter",
    }
    for_film = {name: value for name, value in settings.items() if name in of_films}
    scene, chosen = scene_and_settings(
        thing, {name: value for name, value in settings.items() if name not in of_films}
    )
    count = max(1, round(seconds * fps))
    named = {field.name: getattr(chosen, field.name) for field in fields(chosen)}
    return animate(turned(scene, count, turns), count, path, fps=fps, **for_film, **named)


def turned(scene: Scene, count: int, turns: float = 1.0) -> Callable[[int], Scene]:
    """The scenes of a film that goes round what the camera looks at."""
    camera: Any = scene.camera
    pivot, arm = np.array(camera.look_at), np.array(camera.look_from) - np.array(camera.look_at)
    axis = tuple(float(x) for x in camera.up)

    def scene_at(frame: float) -> Scene:
        turn = rotation(360.0 * turns * frame / count, axis)[:3, :3]
        place = tuple((pivot + turn @ arm).tolist())
        return scene if frame == 0 else scene.replace(camera=camera.replace(look_from=place))

    return scene_at


class Look(NamedTuple):
    """How all frames are rendered and shown."""

    settings: RenderSettings
    method: str | None
    exposure: float
    curve: str


class Film:
    """Finished frames on disk, and the film that they become."""

    def __init__(self, path: Path, count: int, look: Look) -> None:
        self.path = path
        self._look = look
        self._size = look.settings.whole_or_region[2:]
        self._is_series = is_series(path)
        self._folder = path.parent if self._is_series else path.with_name(path.name + ".frames")
        self._pattern = path.name if self._is_series else "%06d.png"
        self._count = count
        self._done = 0
        try:
            self._folder.mkdir(exist_ok=True)
        except OSError as error:
            raise PictureError(f"can't save {str(path)!r}: {error.strerror or error}") from None
        for place in (path, self._place(0)):
            sweep(place)  # of processes that were killed while they wrote

    @property
    def complete(self) -> bool:
        """Are all frames there?"""
        return self._done == self._count

    def _place(self, frame: int) -> Path:
        return self._folder / (self._pattern % frame)

    def render(
        self, make: Callable[[int], Scene], frames: Frames, step: Callable[[], object]
    ) -> None:
        """Have all frames in their files, and `frames` closed; `step` is called after each."""
        try:
            for frame in range(self._count):
                self.keep(frame, make(frame), frames)
                step()
        finally:
            frames.close()

    def keep(self, frame: int, scene: Scene, render: Frames) -> None:
        """Have a frame in its file, unless it is there."""
        if not isinstance(scene, Scene):
            raise SceneError(f"animate: frame {frame} must be a Scene, got {show(scene)}")
        settings, method, exposure, curve = self._look
        name = fingerprint_of_picture(scene, settings, exposure, curve, method)
        place = self._place(frame)
        if read_text(place).get(FINGERPRINT) != name:
            image = render.image(scene, settings, method, exposure, curve)
            image.save(place, text={FINGERPRINT: name})
        self._done = frame + 1

    def encode(self, fps: float, quality: int, loop: bool) -> None:
        """Make the film of all frames that are there."""
        if self._is_series or not self._done:
            return
        places = [self._place(frame) for frame in range(self._done)]
        write_film(self.path, lambda: read_frames(places), self._size, fps, quality, loop)

    def clear_if_empty(self) -> None:
        """Remove the folder for frames, if there are none in it."""
        if not self._is_series:
            with contextlib.suppress(OSError):
                self._folder.rmdir()

    def clear(self) -> None:
        """Remove what the film has been made of."""
        if not self._is_series:
            for frame in range(self._count):
                self._place(frame).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # frames of a longer film are in it
                self._folder.rmdir()


def _frames(scene_at: object, frames: object) -> tuple[int, Callable[[int], Scene]]:
    count = None if frames is None else as_whole(frames)
    if callable(scene_at):
        if count is None or not 1 <= count <= MOST_FRAMES:
            raise SettingsError(f"frames: expected 1 to {MOST_FRAMES:,}, got {show(frames)}")
        check_takes_a_time("animate: scene_at", scene_at, "number of a frame")
        return count, scene_at
    if not isinstance(scene_at, Sequence) or isinstance(scene_at, str) or not scene_at:
        raise SceneError(
            "animate: expected a function from a frame's number to its scene, or scenes, "
            f"got {show(scene_at)}"
        )
    most = len(scene_at)
    if frames is not None and (count is None or not 1 <= count <= most):
        raise SettingsError(f"frames: expected 1 to {most}, as many as scenes, got {show(frames)}")
    return count or most, lambda frame: scene_at[frame]


def _exposed(scene_at: Callable[[float], Scene], shutter: float) -> Callable[[int], Scene]:
    return lambda frame: Moving(scene_at, (frame, frame + shutter))


def _for_renders(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in STUDIO_WORDS}


class _Staged:
    """Scenes of whatever there is to be seen, the camera where the first one has it."""

    def __init__(self, make: Callable[[Any], Any], settings: Mapping[str, Any]) -> None:
        self._make = make
        self._settings = settings
        self._camera: Camera | None = None
        self._has_words = any(name in STUDIO_WORDS for name in settings)

    def __call__(self, frame: float) -> Scene:
        thing = self._make(frame)
        if isinstance(thing, Scene) and not self._has_words:
            return thing
        if thing is None:
            raise SceneError(f"animate: frame {frame:g} must be a Scene, got None")
        if self._camera is None:  # of frame 0, whichever is asked for first
            first = thing if frame == 0 else self._make(0)
            self._camera = scene_and_settings(first, self._settings)[0].camera
        try:
            scene, _ = scene_and_settings(thing, self._settings)
        except SceneError as error:
            raise SceneError(f"animate: frame {frame:g}: {error}") from None
        return scene.replace(camera=self._camera)


class _Way:
    """From scene to scene of a sequence, one for each unit of time."""

    def __init__(self, make: Callable[[int], Scene], count: int) -> None:
        self._make = make
        self._last = count - 1
        self._steps: dict[int, Callable[[float], Scene]] = {}

    def __call__(self, time: float) -> Scene:
        step = int(time)
        if step >= self._last:
            return self._make(self._last)
        if step not in self._steps:  # of the frame that is rendered
            self._steps = {step: between(self._make(step), self._make(step + 1))}
        return self._steps[step](time - step)


def checked_film(path: object, alpha: bool) -> Path:
    """Where a film is to be written.

    Raises
    ------
    PictureError
        If it can't be, or its encoder is missing.
    """
    try:
        target = user_path(path)
    except ValueError as error:
        raise PictureError(f"can't save the film: {error}") from None
    check_film(target, alpha)
    if not target.parent.is_dir():
        raise PictureError(f"can't save {str(path)!r}: there is no folder {str(target.parent)!r}")
    if target.is_dir():
        raise PictureError(f"can't save {str(path)!r}: it is a folder")
    return target


def _check_number(name: str, value: object, low: float, high: float) -> None:
    is_number = isinstance(value, (int, float, np.integer, np.floating))
    number: Any = value  # not made a float first: a whole number may be too large for one
    if not is_number or isinstance(value, bool) or not low <= number <= high:
        raise SettingsError(f"{name}: expected {low:g} to {high:g}, got {show(value)}")


animate.__signature__ = signature_with_settings(animate)  # type: ignore[attr-defined]
turntable.__signature__ = signature_with_settings(turntable)  # type: ignore[attr-defined]
