"""When sketches are drawn: while a scene compiles, and only if that takes long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from raywidget.engine.coarse import MOST_PIXELS, CoarsePicture, Look, coarse_size
from raywidget.engine.sketch import Sketch

PATIENCE = 0.4  # seconds: kernels that are compiled already are loaded by then, or nearly so


def sketch_meanwhile(
    changed: threading.Condition,
    wanted: Callable[[], Look | None],
    show: Callable[[CoarsePicture], None],
) -> None:
    """Sketch each look that is wanted, until none is any more.

    Parameters
    ----------
    changed : threading.Condition
        Is notified when something else is wanted; its lock is held while `wanted` is called.
    wanted : callable
        Returns what is to be seen now; None ends it.
    show : callable
        Called with each sketch.
    """

    def over() -> bool:
        with changed:
            return wanted() is None

    sketch: Sketch | None = None
    shown = 0
    due = time.monotonic() + PATIENCE
    while True:
        with changed:
            while (look := wanted()) is not None:
                left = due - time.monotonic()
                if left <= 0.0 and look.generation != shown:
                    break
                changed.wait(left if left > 0.0 else None)
        if look is None:
            return
        if sketch is None or not sketch.is_of(look.scene):
            sketch = Sketch(look.scene)
        settings = look.settings
        columns, rows, _ = coarse_size(settings.width, settings.height, MOST_PIXELS)
        pixels = sketch.draw(look.scene.camera, columns, rows, over)
        shown = look.generation
        if pixels is not None and not over():
            show(
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
