"""Render the scenes of `cases` in Mitsuba 3, and keep mean and variance of each pixel.

    python tests/mitsuba/reference.py            # writes tests/fixtures/mitsuba/*.npz
    python tests/mitsuba/reference.py glass box  # only these
    python tests/mitsuba/reference.py --check    # writes nothing: renders both sides and compares

Needs `pip install "raywidget[mitsuba]"`. Mitsuba's LLVM variant is an order of magnitude faster
than its scalar one; it is used where DRJIT_LIBLLVM_PATH names an LLVM library.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "statistical"))  # as conftest does

from cases import CASES, HEIGHT, WIDTH
from comparison import compare, render_here
from significance import of_batches
from stored import BATCHES, FOLDER, save
from translate import for_mitsuba, to_mitsuba


def choose_variant(name: str | None, threads: int) -> str:
    import drjit
    import mitsuba as mi

    for variant in [name] if name else ["llvm_ad_rgb", "scalar_rgb"]:
        try:
            mi.set_variant(variant)
            if variant == "llvm_ad_rgb":
                drjit.set_thread_count(threads)
            return variant
        except ImportError:
            continue
    raise SystemExit(f"Mitsuba has no variant {name}")


def render(case):
    """Mean and variance of the mean of each pixel, from batches with seeds of their own."""
    import mitsuba as mi

    words = to_mitsuba(case.make(), WIDTH, HEIGHT, case.max_depth, case.filter)
    scene = mi.load_dict(for_mitsuba(words))
    per_batch = case.reference_spp // BATCHES
    batches = np.array(
        [np.array(mi.render(scene, spp=per_batch, seed=seed)) for seed in range(BATCHES)], float
    )
    assert np.isfinite(batches).all()
    return of_batches(batches)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="SCENE", help=f"of {', '.join(CASES)}")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--samples", type=int, default=1, help="times as many, on both sides")
    parser.add_argument("--variant", help="of Mitsuba")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pictures", type=Path, help="folder for pictures of both sides")
    options = parser.parse_args()
    if unknown := set(options.names) - set(CASES):
        parser.error(f"no such scene: {', '.join(sorted(unknown))}")
    print(f"Mitsuba variant {choose_variant(options.variant, options.threads)}")
    FOLDER.mkdir(exist_ok=True)
    worst = 1.0
    for name in options.names or CASES:
        case = CASES[name]
        case = case._replace(
            spp=case.spp * options.samples, reference_spp=case.reference_spp * options.samples
        )
        begin = time.process_time()
        theirs = render(case)
        seconds = time.process_time() - begin
        if not options.check:
            save(name, theirs)
        ours = render_here(case, seed=1 if options.check else 0)
        result = compare(ours, theirs)
        worst = min(worst, result.p_value)
        print(f"{name:32} {result}  Mitsuba {seconds:.1f} s CPU", flush=True)
        if options.pictures:
            write_pictures(options.pictures, name, ours.picture, theirs)
    return 0 if worst > 1e-4 else 1


def write_pictures(folder: Path, name: str, ours, theirs) -> None:
    """Ours, theirs, and the difference in standard deviations (grey: none, white: +6)."""
    import raywidget as rw

    folder.mkdir(exist_ok=True, parents=True)
    z = (ours.mean - theirs.mean) / np.sqrt(ours.variance + theirs.variance + 1e-12)
    row = [ours.mean, theirs.mean, np.clip(0.2 + z / 30.0, 0.0, 1.0)]
    pixels = np.concatenate(row, axis=1).repeat(8, axis=0).repeat(8, axis=1)
    rw.Image(pixels, spp=1).save(folder / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
