"""Samples per second against Mitsuba 3 on equal work: same depth, box filter, no roulette."""

from __future__ import annotations

from benchmarks.harness import Contender, Missing, Table
from benchmarks.peers import ensure, llvm_environment

SIZE, SPP, DEPTH = 512, 16, 8
CASES = ("cornell", "mesh under the sky", "mesh in a room")
VARIANTS = ("llvm_ad_rgb", "scalar_rgb")


def measure(repeats: int) -> list[Table]:
    """Ratios above 1: we are faster."""
    python = ensure("mitsuba")
    table = Table(
        f"Samples per CPU second, ours by Mitsuba's: {SIZE}x{SIZE}, {SPP} spp, depth {DEPTH}, "
        "roulette off, independent numbers, one core"
    )
    ours = Contender("raywidget", python, "raywidget_worker")
    theirs = Contender("mitsuba", python, "mitsuba_worker", environment=llvm_environment())
    work = {"size": SIZE, "spp": SPP, "depth": DEPTH, "roulette": False, "sampler": "independent"}
    try:
        for case in CASES:
            for variant in VARIANTS:
                _measure_case(table, ours, theirs, case, variant, work, repeats)
    finally:
        ours.close()
        theirs.close()
    return [table]


def _measure_case(
    table: Table,
    ours: Contender,
    theirs: Contender,
    case: str,
    variant: str,
    work: dict[str, object],
    repeats: int,
) -> None:
    means: dict[str, list[float]] = {}
    try:
        theirs.ask(scene=case, variant=variant, seed=0, **work)  # compiles
        ours.ask(scene=case, seed=0, **work)
        for seed in range(1, repeats + 1):
            here = ours.ask(scene=case, seed=seed, **work)
            there = theirs.ask(scene=case, variant=variant, seed=seed, **work)
            table.add(f"{case}, by {variant}", there["seconds"] / here["seconds"])
            rate = 1e-6 * SIZE * SIZE * SPP / here["seconds"]
            table.add(f"{case}, by {variant}: ours, Msamples/s", rate)
            means.setdefault("ours", []).append(sum(here["mean"]) / 3)
            means.setdefault("theirs", []).append(sum(there["mean"]) / 3)
    except Missing as error:
        table.note(f"{case}, {variant}: not measured: {error}")
        return
    a, b = (sum(means[side]) / repeats for side in ("ours", "theirs"))
    table.note(f"{case}, {variant}: means {a:.5f} (ours), {b:.5f}: ratio {a / b:.5f}")
