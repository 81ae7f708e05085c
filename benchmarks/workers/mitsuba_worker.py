"""Mitsuba's side of the comparisons; scenes are translated by the means of the tests."""

from __future__ import annotations

import ctypes
import sys
import time
from pathlib import Path
from typing import Any

import mitsuba as mi

from benchmarks.harness import serve
from benchmarks.workers.rendering import make, reply

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "mitsuba"))

NO_ROULETTE = 1_000  # the depth at which it would begin


def _hold_to_avx2(folder: str) -> None:
    """Have Dr.Jit compile for 8 lanes; Python is not offered its call, which is C++."""
    library = ctypes.CDLL(f"{folder}/libdrjit-core.so")
    width = library._Z21jit_llvm_vector_widthv
    width.restype = ctypes.c_uint32
    if width() != 8:
        set_target = library._Z19jit_llvm_set_targetPKcS0_j
        set_target.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint32]
        set_target.restype = None
        set_target(b"haswell", b"+avx2,+fma,+f16c,+bmi,+bmi2", 8)


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
    threads: int = 1,
    narrow: bool = False,
    save: str | None = None,
    **_: Any,
) -> dict[str, Any]:
    """Render; the seconds are those of rendering, kernels and scene being compiled before."""
    from translate import for_mitsuba, to_mitsuba

    mi.set_variant(variant)
    if variant.startswith("llvm"):
        import drjit

        drjit.set_thread_count(threads)
        if narrow:
            _hold_to_avx2(str(Path(drjit.__file__).parent))
    key = (variant, scene, size, depth, roulette, sampler, spp, followed_by, threads)
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
