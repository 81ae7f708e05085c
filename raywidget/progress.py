"""How far a render is, for a terminal, a notebook, or a file that keeps lines."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Self

from raywidget.engine.session.session import Session
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.meshes import Instances, Mesh

LINE_SHARE = 0.1  # of the render, and there is a line;
LINE_SECONDS = 30.0  # or after so many seconds
SOON = 2.0  # seconds between two lines, at least
AT_ONCE = 0.3  # seconds, where somebody watches: what is done by then needs no word


class Progress:
    """Says how far a session is, to standard error.

    In a terminal or a notebook that is a bar. Elsewhere, as in the log of a job, it is a line now
    and then: a bar would be one line of megabytes.

    Parameters
    ----------
    session : Session
        The render.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told: Any = _Bar(session) if _is_watched() else Lines(session)

    def update(self) -> None:
        """Say what has changed, if it is worth while. Called often."""
        self._told.update()

    def close(self) -> None:
        """The render has ended."""
        self._told.close()


def _is_watched() -> bool:
    ipython = sys.modules.get("IPython")  # a notebook's kernel has it loaded
    shell = None if ipython is None else ipython.get_ipython()
    if hasattr(shell, "kernel"):
        return True
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is none, or it has been closed
        return False


class _Bar:
    def __init__(self, session: Session) -> None:
        from tqdm.auto import tqdm

        self._session = session
        goal = session.progress().goal
        self._bar: Any = tqdm(total=goal, unit="sample", unit_scale=True, desc="preparing")

    def update(self) -> None:
        state = self._session.current().state
        if state != "compiling" and self._bar.desc != "rendering: ":
            self._bar.set_description("rendering")
        self._bar.update(self._session.progress().samples - self._bar.n)

    def close(self) -> None:
        self.update()
        self._bar.close()


class Lines:
    """A line at each tenth of a render, or every half a minute.

    Parameters
    ----------
    session : Session
        The render.
    say : callable, optional
        Takes a line; by default it goes to standard error.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        session: Session,
        say: Callable[[str], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._say = say or _say
        self._clock = clock
        self._began = self._said_at = clock()
        self._share = 0.0  # as it was said last
        self._compiling = False

    def update(self) -> None:
        """Say a line, if one is due. Called often."""
        now = self._clock()
        if self._session.current().state == "compiling":
            if not self._compiling and now - self._began >= SOON:
                self._compiling = True
                self._say("raywidget: preparing the scene and its kernels")
            return
        progress = self._session.progress()
        share = progress.samples / progress.goal if progress.goal else 0.0
        due = now - self._said_at
        if share >= 1.0 or due < SOON:
            return
        if share >= self._share + LINE_SHARE or due >= LINE_SECONDS:
            self._share, self._said_at = share, now
            settings = self._session.current().settings
            spp = share * settings.spp
            left = (progress.goal - progress.samples) / progress.rate if progress.rate else None
            words = [
                f"{100.0 * share:.0f} %",
                f"{spp:.3g} of {settings.spp} samples per pixel",
                f"{_duration(progress.elapsed)} so far",
            ]
            if left is not None:
                words.append(f"about {_duration(left)} left")
            self._say(f"raywidget: {', '.join(words)}")

    def close(self) -> None:
        """Say how it ended."""
        progress = self._session.progress()
        settings = self._session.current().settings
        share = progress.samples / progress.goal if progress.goal else 0.0
        spp = share * settings.spp
        ended = "done" if share >= 1.0 else f"ended at {100.0 * share:.0f} %"
        self._say(
            f"raywidget: {ended}, {spp:.3g} samples per pixel in {_duration(progress.elapsed)}"
        )


class Reading:
    """Says on standard error what is read, once it takes some time, and what there was.

    Parameters
    ----------
    name : str, optional
        Of the file; without it, nothing is said.

    Examples
    --------
    >>> import raywidget as rw
    >>> from raywidget.progress import Reading
    >>> with Reading("cornell.xml") as reading:
    ...     reading.scene = rw.presets.cornell()
    """

    def __init__(self, name: str | None) -> None:
        self.scene: Scene | None = None  # to be set when it is there
        self._name = name
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._told = self._over = False
        self._timer = threading.Timer(AT_ONCE if _is_watched() else SOON, self._tell)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        if self._name is not None:
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._over = True
        if self._told and self.scene is not None:
            took = _duration(time.monotonic() - self._began)
            _say(f"raywidget: read in {took}: {_contents(self.scene)}")

    def _tell(self) -> None:
        with self._lock:
            if not self._over:
                self._told = True
                _say(f"raywidget: reading {self._name}")


def _contents(scene: Scene) -> str:
    triangles = 0
    for shape in scene.shapes:
        if isinstance(shape, Mesh):
            triangles += len(shape.faces)
        elif isinstance(shape, Instances):
            triangles += len(shape.transforms) * len(shape.mesh.faces)
    words = [(len(scene.shapes), "shape"), (triangles, "triangle")]
    counted = [f"{n:,} {word}{'' if n == 1 else 's'}" for n, word in words if n]
    return ", ".join(counted) or "nothing"


class Steps:
    """Says how many of some steps are done: a bar, or lines in a log.

    Parameters
    ----------
    count : int, optional
        How many there are, where that is known.
    unit : str
        What one is called.
    """

    def __init__(self, count: int | None, unit: str) -> None:
        self._count = count
        self._unit = unit
        self._done = 0
        self._began = self._said_at = time.monotonic()
        self._bar: Any = None
        if _is_watched():
            from tqdm.auto import tqdm

            self._bar = tqdm(total=count, unit=unit)

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        if self._bar is not None:
            self._bar.update(1)
            return
        now = time.monotonic()
        if now - self._said_at >= SOON or self._done == self._count:
            self._said_at = now
            if self._count is None:
                _say(f"raywidget: {self._unit} {self._done}, {_duration(now - self._began)} so far")
                return
            left = (now - self._began) / self._done * (self._count - self._done)
            _say(
                f"raywidget: {self._unit} {self._done} of {self._count}, "
                f"about {_duration(left)} left"
            )

    def close(self) -> None:
        """No more steps."""
        if self._bar is not None:
            self._bar.close()


def _say(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody reads it; the picture is what counts
        print(line, file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    if seconds < 60.0:
        return f"{seconds:.0f} s" if seconds >= 9.5 else f"{seconds:.1f} s"
    minutes = round(seconds / 60.0)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
