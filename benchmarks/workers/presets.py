"""One preset, rendered by whatever kernels this process found."""

from __future__ import annotations

import time
from typing import Any

import raywidget as rw
from benchmarks.harness import serve
from raywidget.engine.about import place_of_kernels

SPP = 8
_scenes: dict[str, rw.Scene] = {}


def answer(preset: str, integrator: str, seed: int) -> dict[str, Any]:
    """Seconds of CPU for one picture, after one that is not counted."""
    settings = {"width": 96, "height": 96, "integrator": integrator, "threads": 1}
    if preset not in _scenes:
        _scenes[preset] = rw.presets.preset(preset)
    rw.render(_scenes[preset], **settings, spp=1)
    begin = time.process_time()
    image = rw.render(_scenes[preset], **settings, spp=SPP, seed=seed)
    seconds = time.process_time() - begin
    return {
        "seconds": seconds,
        "mean": float(image.pixels.mean()),
        "kernels": str(place_of_kernels()),
    }


if __name__ == "__main__":
    serve(answer)
