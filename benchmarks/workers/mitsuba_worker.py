"""Mitsuba's side of the comparisons; scenes are translated by the means of the tests."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import mitsuba as mi

from benchmarks.harness import serve
from benchmarks.workers.rendering import make, reply

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "mitsuba"))

NO_ROULETTE = 1_000  # the depth at which it would begin

_loaded: dict[tuple[Any, ...], Any] = {}


def answer(
    scene: str,
    size: int,
    spp: int,
    depth: int,
    seed: int,
    variant: str = "llvm_ad_rgb",
    roulette: bool = True,
    sampler: str = "independent",
    followed_by: str | None = None,
    save: str | None = None,
    **_: Any,
) -> dict[str, Any]:
    """Render; the seconds are those of rendering, kernels and scene being compiled before."""
    from translate import for_mitsuba, to_mitsuba

    mi.set_variant(variant)
    if variant.startswith("llvm"):
        import drjit

        drjit.set_thread_count(1)
    key = (variant, scene, size, depth, roulette, sampler, spp, followed_by)
    warm = key in _loaded
    if not warm:
        description = to_mitsuba(make(scene), size, size, depth)
        if followed_by is not None:
            description["integrator"]["type"] = followed_by
        description["integrator"]["rr_depth"] = 5 if roulette else NO_ROULETTE
        description["sensor"]["sampler"] = {"type": sampler, "sample_count": spp}
        _loaded.clear()  # one at a time: a scene of a million triangles takes its room
        _loaded[key] = mi.load_dict(for_mitsuba(description))
        mi.render(_loaded[key], spp=spp, seed=seed + 1).numpy()  # compiles its kernels
    begin = time.process_time()
    pixels = mi.render(_loaded[key], spp=spp, seed=seed).numpy()
    return reply(pixels, time.process_time() - begin, save)


if __name__ == "__main__":
    serve(answer)
