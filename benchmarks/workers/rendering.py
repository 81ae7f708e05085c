"""Pictures of one of `benchmarks.scenes`, by raywidget or by Mitsuba: seconds of CPU, and pixels.

Started as ``python -m benchmarks.workers.raywidget_worker`` or ``mitsuba_worker``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import scenes
from benchmarks.suite_scenes import SUITE

MAKERS: dict[str, Callable[[], Any]] = {
    "cornell": lambda: scenes.cornell("diffuse"),
    "cornell, glossy and glass": lambda: scenes.cornell("glossy"),
    "mesh under the sky": lambda: scenes.under_the_sky(scenes.bumpy_sphere(328_000)),
    "mesh in a room": lambda: scenes.room(scenes.bumpy_sphere(328_000)),
    "metal spheres": scenes.metal_spheres,
    "small lamps": scenes.small_lamps,
    **{name: entry.make for name, entry in SUITE.items()},
}


def reply(pixels: Any, seconds: float, save: str | None) -> dict[str, Any]:
    """What a worker answers."""
    pixels = np.asarray(pixels, np.float32)
    if save is not None:
        np.save(save, pixels)
    return {"seconds": seconds, "mean": pixels.mean(axis=(0, 1), dtype=float).tolist()}
