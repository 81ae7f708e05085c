"""Pictures of scenes by Blender's Cycles (`bpy` from PyPI): seconds of CPU, and pixels."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import bpy
import numpy as np

import raywidget as rw
from benchmarks.harness import serve
from benchmarks.workers import cycles_scene
from benchmarks.workers.rendering import make, reply

_loaded: list[tuple[Any, ...]] = []
_idle: dict[tuple[Any, ...], float] = {}  # seconds of what is not samples


def answer(
    scene: str,
    size: int,
    spp: int,
    depth: int,
    seed: int,
    sampling: str = "TABULATED_SOBOL",
    save: str | None = None,
) -> dict[str, Any]:
    """Render; the seconds are those of samples: what one sample takes is told by two renders."""
    key = (scene, size, depth, sampling)
    if _loaded != [key]:
        _load(make(scene), size, depth, sampling)
        _loaded[:] = [key]
        _render(1, size, 1)
        _idle[key] = min(_render(1, size, k)[1] for k in (2, 3, 4))
    pixels, seconds = _render(spp, size, seed)
    return reply(pixels, (seconds - _idle[key]) * spp / (spp - 1), save)


def _render(spp: int, size: int, seed: int) -> tuple[Any, float]:
    view = bpy.context.scene
    view.cycles.samples, view.cycles.seed = spp, seed
    with tempfile.TemporaryDirectory() as folder:
        view.render.filepath = str(Path(folder, "picture.exr"))
        begin = time.process_time()
        bpy.ops.render.render(write_still=True)
        seconds = time.process_time() - begin
        image = bpy.data.images.load(view.render.filepath)
        pixels = np.empty(size * size * 4, np.float32)
        image.pixels.foreach_get(pixels)
        bpy.data.images.remove(image)
    return pixels.reshape(size, size, 4)[::-1, :, :3], seconds


def _load(scene: rw.Scene, size: int, depth: int, sampling: str) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    view = bpy.context.scene
    render, cycles = view.render, view.cycles
    render.engine = "CYCLES"
    render.resolution_x = render.resolution_y = size
    render.resolution_percentage = 100
    render.threads_mode, render.threads = "FIXED", 1
    render.use_persistent_data = True
    render.image_settings.file_format = "OPEN_EXR"
    render.image_settings.color_depth = "32"
    view.view_settings.view_transform = "Standard"
    cycles.device = "CPU"
    # Nothing that blurs or bounds: the same integral, by its own numbers, choice and roulette.
    cycles.use_adaptive_sampling = cycles.use_denoising = False
    cycles.pixel_filter_type, cycles.filter_width = "BOX", 1.0
    cycles.sample_clamp_direct = cycles.sample_clamp_indirect = 0.0
    cycles.blur_glossy = cycles.light_sampling_threshold = 0.0
    cycles.sampling_pattern = sampling
    for kind in ("max", "diffuse", "glossy", "transmission", "volume"):
        setattr(cycles, f"{kind}_bounces", depth - 2)  # without emission and direct light
    cycles_scene.load(scene)


if __name__ == "__main__":
    serve(answer)
