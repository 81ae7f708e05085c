"""Pictures of one of `benchmarks.scenes`, by raywidget or by Mitsuba: seconds of CPU, and pixels.

Started as ``python -m benchmarks.workers.raywidget_worker`` or ``mitsuba_worker``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import scenes, volume_scenes
from benchmarks.suite_scenes import SUITE, drawn, drawn_by
from benchmarks.workers.files import PREFIX, from_file

MAKERS: dict[str, Callable[[], Any]] = {
    "cornell": lambda: scenes.cornell("diffuse"),
    "cornell, glossy and glass": lambda: scenes.cornell("glossy"),
    "mesh under the sky": lambda: scenes.under_the_sky(scenes.bumpy_sphere(328_000)),
    "mesh in a room": lambda: scenes.room(scenes.bumpy_sphere(328_000)),
    "metal spheres": scenes.metal_spheres,
    "small lamps": scenes.small_lamps,
    **{name: entry.make for name, entry in SUITE.items()},
    "cloud": volume_scenes.cloud,
    "smoke": volume_scenes.smoke,
    "scan": volume_scenes.scan,
    "scan, baked": lambda: volume_scenes.baked(volume_scenes.scan()),
    "scan of bricks": lambda: volume_scenes.scan(interpolation="nearest"),
}


def make(name: str) -> Any:
    """The scene of a name; "file:PATH" is a file's, "filled SHARE CUT" `volume_scenes.filled`."""
    if name.startswith(PREFIX):
        return from_file(name.removeprefix(PREFIX))
    if name.startswith("filled "):
        share, cut = name.split()[1:]
        scene = volume_scenes.filled(float(share), cut=cut == "1")
        return scene.replace(shapes=[]) if cut == "1" and float(share) == 0.0 else scene
    seed = drawn_by(name)
    return MAKERS[name]() if seed is None else drawn(seed)


def reply(pixels: Any, seconds: float, save: str | None) -> dict[str, Any]:
    """What a worker answers."""
    pixels = np.asarray(pixels, np.float32)
    if save is not None:
        np.save(save, pixels)
    return {"seconds": seconds, "mean": pixels.mean(axis=(0, 1), dtype=float).tolist()}
