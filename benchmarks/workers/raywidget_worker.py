"""Our side of the comparisons of pictures."""

from __future__ import annotations

import time
from typing import Any

import raywidget as rw
from benchmarks.harness import serve
from benchmarks.workers.rendering import make, reply
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings

_scenes: dict[str, rw.Scene] = {}


def answer(
    scene: str,
    size: int,
    spp: int,
    depth: int,
    seed: int,
    roulette: bool = True,
    sampler: str = "lattice",
    integrator: str = "path",
    threads: int = 1,
    save: str | None = None,
) -> dict[str, Any]:
    """Render; the seconds are those of rendering, not of compiling the scene."""
    if scene not in _scenes:
        _scenes[scene] = make(scene)
    settings = RenderSettings(
        width=size,
        height=size,
        spp=1,
        max_depth=depth,
        roulette=roulette,
        sampler=sampler,
        integrator=integrator,
        threads=threads,
        seed=seed,
    )
    session = Session(_scenes[scene], settings)
    try:
        session.start()
        session.wait()
        begin = time.process_time()
        session.extend(spp - 1)
        session.wait()
        seconds = time.process_time() - begin
        pixels = session.image()
    finally:
        session.close()
    return reply(pixels, seconds * spp / (spp - 1), save)


if __name__ == "__main__":
    serve(answer)
