"""Renders of growing things, and sessions whose kernel does nothing."""

from __future__ import annotations

import gc
import resource
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import raywidget as rw
from benchmarks import scenes
from benchmarks.harness import serve
from raywidget.compiler import compile_scene
from raywidget.engine import renderer as renderer_module
from raywidget.engine.film.film import TileSums
from raywidget.engine.film.tiles import Tile
from raywidget.engine.session import workers
from raywidget.engine.session.accumulation import TOGETHER_SECONDS
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
from raywidget.kernels.integrators.path_tiles import render_path
from raywidget.kernels.language.toolchain import COMPILES

_BASE = RenderSettings(width=203, height=203, spp=16, max_depth=8, threads=1)


def answer(do: str, **question: Any) -> dict[str, Any]:
    answers = {"cost": _cost, "rate": _rate, "tiles": _tiles, "calls": _calls, "memory": _memory}
    return answers[do](**question)


def _cost(axis: str, size: int) -> dict[str, Any]:
    """CPU seconds per million samples, with one thing changed."""
    scene, settings = scenes.cornell(), _BASE
    if axis == "spp":
        settings = settings.replace(spp=size)
    elif axis == "pixels":
        side = round(size**0.5)
        settings = settings.replace(width=side, height=side)
    elif axis == "depth":
        settings = settings.replace(max_depth=size, roulette=False)
    elif axis == "triangles":
        scene = scenes.room(scenes.bumpy_sphere(size))
    elif axis == "spheres":
        scene = scenes.many_spheres(size)
    else:
        scene = scenes.small_lamps(size)
    session = Session(scene, settings.replace(spp=1))
    try:
        session.start()
        session.wait()
        begin = time.process_time()
        session.extend(settings.spp - 1)
        session.wait()
        seconds = time.process_time() - begin
    finally:
        session.close()
    samples = settings.width * settings.height * (settings.spp - 1)
    return {"seconds": 1e6 * seconds / samples}


def _rate(threads: int) -> dict[str, Any]:
    settings = _BASE.replace(width=512, height=512, spp=1, threads=threads)
    session = Session(scenes.cornell(), settings)
    try:
        session.start()
        session.wait()
        begin = time.perf_counter()
        session.extend(24)
        session.wait()
        seconds = time.perf_counter() - begin
    finally:
        session.close()
    return {"rate": 512 * 512 * 24 / seconds}


def _tiles() -> dict[str, Any]:
    """All that happens to a tile but for its samples; and that as a share of a real tile's time."""
    settings = _BASE.replace(width=1024, height=1024, spp=1, threads=1)
    real = _session_seconds(settings)

    class Idle(renderer_module.Renderer):
        def render_together(self, *arguments: Any) -> Any:
            return renderer_module.Rendered(True, 0, 0)

    # As many in a call as real ones: those that take no time would all be in one.
    together = TOGETHER_SECONDS * 64**2 / real
    original, renderer_module.Renderer = renderer_module.Renderer, Idle  # type: ignore[misc]
    workers.samples_together, counted = lambda run: together, workers.samples_together
    try:
        idle = _session_seconds(settings)
    finally:
        renderer_module.Renderer = original  # type: ignore[misc]
        workers.samples_together = counted
    return {
        "tiles_per_second": 1.0 / idle,
        "microseconds": 1e6 * idle,
        "share": 100.0 * idle / real,
    }


def _calls() -> dict[str, Any]:
    """What it takes to call `render_path` for a tile without pixels, by a block and by numba."""
    made = renderer_module.Renderer(scenes.cornell(), _BASE)
    cancel = np.zeros(1, np.uint8)
    sums, swings = np.zeros((0, 0, 3)), np.zeros((0, 0, 3), np.float32)
    tile, part = Tile(0, 0, 0, 0, 0), TileSums(sums, swings, 0)

    def microseconds(count: int = 20_000) -> float:
        begin = time.process_time()
        for _ in range(count):
            made.render_together((tile,), (part,), (part,), cancel)
        return 1e6 * (time.process_time() - begin) / count

    microseconds(100)
    found = {"block": microseconds()}
    if COMPILES:
        scene = (made._tables, made._camera, made._picture, made._integrator.settings)
        made._trace = partial(render_path, *scene)
        found["numba"] = microseconds()
    return found


def _session_seconds(settings: RenderSettings) -> float:
    """CPU seconds a tile, over 8 passes of 1 spp of one render: its end is counted once."""
    session = Session(scenes.cornell(), settings)
    try:
        session.start()
        session.wait()
        begin = time.process_time()
        for _ in range(8):
            session.extend(1)
        session.wait()
        seconds = time.process_time() - begin
        assert session.current().film is not None
        return seconds / (8 * len(session.current().film.tiles))
    finally:
        session.close()


def _memory(triangles: int) -> dict[str, Any]:
    compile_scene(rw.presets.cornell())  # loads the kernels
    scene = scenes.room(scenes.bumpy_sphere(triangles))
    count = len(scene.shapes[0].faces)
    gc.collect()
    # To make the scene took more than its build does: the peak is counted from here on.
    Path("/proc/self/clear_refs").write_text("5")
    before = _resident()
    begin = time.perf_counter()
    tables = compile_scene(scene, 2)
    seconds = time.perf_counter() - begin
    peak = _peak()
    size = sum(table.nbytes for table in tables if hasattr(table, "nbytes"))
    return {
        "tables": size / count,
        "peak of the build": (peak - before) / count,
        "seconds": seconds,
    }


def _peak() -> int:
    """Bytes of memory that this process has had at most since that was last cleared."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _resident() -> int:
    """Bytes of memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    serve(answer)
