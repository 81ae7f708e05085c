"""When sketches are drawn: while a scene compiles, and only if that takes long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from raywidget.engine.preview.coarse import MOST_PIXELS, CoarsePicture, Look, coarse_size
from raywidget.engine.preview.outline import count_primitives
from raywidget.engine.preview.sketch import Sketch
from raywidget.scene.scene import Scene

PATIENCE = 0.4  # seconds: kernels that are compiled already are loaded by then, or nearly so
HEAD_START = 0.6  # seconds that what compiles such a scene waits for the first sketch
HEAVY = 50_000  # triangles, or what is drawn as such: a scene of more is not rendered by then


class Sketcher:
    """Sketches each look that is wanted, in a thread of its own, until none is any more.

    Parameters
    ----------
    changed : threading.Condition
        Is notified when something else is wanted.
    wanted : callable
        Returns what is to be seen now, or None; the lock of `changed` is held meanwhile.
    show : callable
        Called with each sketch.
    """

    def __init__(
        self,
        changed: threading.Condition,
        wanted: Callable[[], Look | None],
        show: Callable[[CoarsePicture], None],
    ) -> None:
        self._changed = changed
        self._wanted = wanted
        self._show = show
        self._thread: threading.Thread | None = None  # the last one
        self._goes_first = False
        self._shown = 0  # generation of what is seen
        self.at_work = False

    def leave_out(self, generation: int) -> None:
        """There is something better to be seen of this one; the lock is held."""
        self._shown = generation

    def begin(self, is_first: bool) -> None:
        """Sketch from now on; the lock is held. Is nothing there that compiling begins with?"""
        if not self.at_work:
            self.at_work = True
            look = self._wanted()
            self._goes_first = is_first and look is not None and is_heavy(look.scene)
            self._thread = threading.Thread(target=self._work, name="raywidget-sketch", daemon=True)
            self._thread.start()

    def await_first(self) -> None:
        """Let a heavy scene be sketched first, for a moment; the lock is not held.

        Both are Python, which one thread runs at a time: what compiles would have the sketch wait
        for its turn hundreds of times.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._goes_first, HEAD_START)

    def join(self) -> None:
        """Wait for the end of its thread, which is near when nothing is wanted any more."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _ask(self) -> Look | None:
        """What is wanted; None ends the thread that asks. The lock is held."""
        if self._thread is not threading.current_thread():  # it has ended, and another has begun
            return None
        look = self._wanted()
        self.at_work = look is not None
        return look

    def _is_over(self) -> bool:
        with self._changed:
            return self._ask() is None

    def _let_others_go(self) -> None:
        if self._goes_first:
            self._goes_first = False
            self._changed.notify_all()

    def _work(self) -> None:
        try:
            self._sketch()
        except Exception:  # the picture itself will come: no sketch is worth ending the render
            with self._changed:
                self.at_work = False
        finally:
            with self._changed:
                self._let_others_go()

    def _sketch(self) -> None:
        sketch: Sketch | None = None
        due = time.monotonic() + (0.0 if self._goes_first else PATIENCE)
        while True:
            with self._changed:
                while (look := self._ask()) is not None:
                    left = due - time.monotonic()
                    if left <= 0.0 and look.generation != self._shown:
                        break
                    self._changed.wait(left if left > 0.0 else None)
            if look is None:
                return
            if sketch is None or not sketch.is_of(look.scene):
                sketch = Sketch(look.scene)
            settings = look.settings
            columns, rows, _ = coarse_size(settings.width, settings.height, MOST_PIXELS)
            cut_out = settings.width if look.is_cut_out else None
            pixels = sketch.draw(
                look.scene.camera, columns, rows, self._is_over, cut_out, look.unlit
            )
            with self._changed:
                self._let_others_go()
                if self._shown == look.generation:  # it has been overtaken
                    continue
                self._shown = look.generation
            if pixels is not None and not self._is_over():
                self._show(
                    CoarsePicture(
                        look.generation,
                        settings.width,
                        settings.height,
                        settings.tile_size,
                        pixels,
                        look.client,
                        look.number,
                        sketched=True,
                    )
                )


def is_heavy(scene: Scene) -> bool:
    """Does it take longer to compile than anybody likes to wait?"""
    return count_primitives(scene.shapes) >= HEAVY
