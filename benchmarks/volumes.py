"""Volumes beside Mitsuba's, and what empty space costs.

Rate: samples per CPU second on one core, without roulette, equal depth. Efficiency: 1 / (relMSE x
CPU s) with each side's own roulette, against a reference of thousands of samples whose own noise is
subtracted (see `efficiency`). Mitsuba renders with `volpath` and with `volpathmis`, with its
roulette and without; ratios are by the best of them.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.efficiency import error_of, reference_of
from benchmarks.harness import Contender, Missing, Table
from benchmarks.peers import ensure, llvm_environment

SIZE, SPP = 64, 32
DEPTHS = {"cloud": 64, "smoke": 12, "scan": 24, "scan of bricks": 24}
# Mitsuba knows no transfer functions: it gets what one makes of the numbers, which is the same
# where voxels are bricks, and has its own reference where they are not.
BAKED = {"scan": "scan, baked"}
REFERENCE_SPP, REFERENCE_SEEDS = 1024, 4
WAYS = [
    {"followed_by": integrator, "roulette": roulette}
    for integrator in ("volpath", "volpathmis")
    for roulette in (True, False)
]
FILLS = {
    "no volume": (0.0, True),
    "0 %": (0.0, False),
    "1 %": (0.01, False),
    "1 %, in a box of its own": (0.01, True),
    "10 %": (0.1, False),
    "10 %, in a box of its own": (0.1, True),
    "50 %": (0.5, False),
    "50 %, in a box of its own": (0.5, True),
    "100 %": (1.0, False),
}


def measure(repeats: int) -> list[Table]:
    """Ratios above 1: we are faster, or need less time for the same error."""
    python = ensure("mitsuba")
    ours = Contender("raywidget", python, "raywidget_worker")
    theirs = Contender("mitsuba", python, "mitsuba_worker", environment=llvm_environment())
    rates = Table(f"Samples per second, ours by Mitsuba llvm_ad_rgb's: {SIZE}x{SIZE}, {SPP} spp")
    efficiency = Table("Efficiency, ours by the best of Mitsuba's")
    try:
        for name, depth in DEPTHS.items():
            try:
                _measure_scene(rates, efficiency, ours, theirs, name, depth, repeats)
            except Missing as error:
                rates.note(f"{name}: not measured: {error}")
        costs = _measure_fills(ours, repeats)
    finally:
        ours.close()
        theirs.close()
    return [rates, efficiency, costs]


def _measure_scene(
    rates: Table,
    efficiency: Table,
    ours: Contender,
    theirs: Contender,
    name: str,
    depth: int,
    repeats: int,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "picture.npy"))
        names = {ours.name: name, theirs.name: BAKED.get(name, name)}
        common: dict[str, Any] = {"size": SIZE, "depth": depth, "save": file}
        references = {}
        for scene in dict.fromkeys(names.values()):
            references[scene] = reference_of(
                ours,
                file,
                REFERENCE_SPP,
                REFERENCE_SEEDS,
                **common,
                scene=scene,
                integrator="volpath",
            )

        def run(who: Contender, seed: int, spp: int, **how: Any) -> tuple[float, float]:
            scene = names[who.name]
            answer = who.ask(**common, scene=scene, spp=spp, seed=seed, **how)
            means.setdefault(who.name, []).append(answer["mean"])
            return error_of(file, *references[scene]), answer["seconds"]

        means: dict[str, list[list[float]]] = {}
        # Each way of Mitsuba's is compiled and loaded once, so its turns come one after the other.
        there = {}
        here: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
        for way in WAYS:
            label = f"{way['followed_by']}, roulette {'on' if way['roulette'] else 'off'}"
            there[label] = []
            for seed in range(1, repeats + 1):
                there[label].append(run(theirs, seed, SPP, **way))
                roulette = bool(way["roulette"])
                here[roulette].append(
                    run(
                        ours,
                        100 * len(here[roulette]) + seed,
                        SPP,
                        integrator="volpath",
                        roulette=roulette,
                    )
                )
        count = SIZE * SIZE * SPP / 1e6
        mine = statistics.median(seconds for _, seconds in here[False])
        plain = {label: runs for label, runs in there.items() if label.endswith("off")}
        for label, runs in plain.items():
            for seconds in (seconds for _, seconds in runs):
                rates.add(f"{name}, by {label.split(',')[0]}", seconds / mine)
        best = max(_worth(runs) for runs in there.values())
        most = max(_worth(runs) for runs in here.values())
        # One picture's error says little: runs leave one out each, to show the spread.
        for k in range(repeats):
            some = max(_worth(runs[:k] + runs[k + 1 :] or runs) for runs in here.values())
            efficiency.add(name, some / best)
        for label, runs in there.items():
            efficiency.note(f"{name}: {most / _worth(runs):.1f} by {label}")
        rates.note(f"{name}: ours {count / mine:.3f} Msamples/s")
        both = [np.mean(values, axis=0) for values in means.values()]
        spread = np.std(means["mitsuba"], axis=0) / len(means["mitsuba"]) ** 0.5
        rates.note(
            f"{name}: means {np.round(both[0], 4)}, {np.round(both[1], 4)}, "
            f"standard error of Mitsuba's {np.round(spread, 4)}"
        )


def _worth(runs: list[tuple[float, float]]) -> float:
    error = statistics.mean(error for error, _ in runs)
    return 1.0 / (error * statistics.median(seconds for _, seconds in runs))


def _measure_fills(ours: Contender, repeats: int) -> Table:
    """Nanoseconds of CPU a sample, of one ball of smoke in ever larger boxes of nothing."""
    table = Table("Cost against fill of a grid of 256^3: ns of CPU a sample")
    for _ in range(repeats):
        for label, (share, cut) in FILLS.items():
            scene = f"filled {share} {int(cut)}"
            answer = ours.ask(scene=scene, size=128, spp=32, depth=16, seed=1, integrator="volpath")
            table.add(label, 1e9 * answer["seconds"] / (128 * 128 * 32))
    return table
