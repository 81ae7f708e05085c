"""Error against CPU time: 1 / (relMSE x seconds) by that of the best of Mitsuba's ways.

relMSE = mean((x - ref)^2 / (ref^2 + 0.01)) at equal spp, without clamping; the noise of the
reference is subtracted. Each side uses its own sampler and roulette.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Contender, Missing, Table
from benchmarks.peers import ensure, llvm_environment

SIZE, SPP, DEPTH = 128, 64, 8
SEEDS = 5
REFERENCE_SPP, REFERENCE_SEEDS = 4096, 4
CASES = (
    "cornell, glossy and glass",
    "mesh in a room",
    "cornell",
    "mesh under the sky",
    "metal spheres",
    "small lamps",
)
WAYS = [
    {"sampler": sampler, "roulette": roulette}
    for sampler in ("independent", "multijitter")
    for roulette in (True, False)
]


def measure(repeats: int) -> list[Table]:
    """Ratios above 1: we need less time for the same error."""
    python = ensure("mitsuba")
    table = Table(
        f"Efficiency, ours by the best of Mitsuba llvm_ad_rgb's: {SIZE}x{SIZE}, {SPP} spp, "
        f"depth {DEPTH}, box filter, one core"
    )
    ours = Contender("raywidget", python, "raywidget_worker")
    theirs = Contender("mitsuba", python, "mitsuba_worker", environment=llvm_environment())
    try:
        for case in CASES:
            try:
                _measure_case(table, ours, theirs, case, max(repeats, SEEDS))
            except Missing as error:
                table.note(f"{case}: not measured: {error}")
    finally:
        ours.close()
        theirs.close()
    return [table]


def _measure_case(table: Table, ours: Contender, theirs: Contender, case: str, seeds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "picture.npy"))
        where = {"scene": case, "size": SIZE, "depth": DEPTH, "save": file}
        reference, noise = reference_of(ours, file, REFERENCE_SPP, REFERENCE_SEEDS, **where)
        work = {**where, "spp": SPP}
        here: list[tuple[float, float]] = []
        there: list[list[tuple[float, float]]] = [[] for _ in WAYS]
        for way in WAYS:
            theirs.ask(**work, seed=0, **way)  # compiles
        for seed in range(1, seeds + 1):
            answer = ours.ask(**work, seed=seed)
            here.append((error_of(file, reference, noise), answer["seconds"]))
        # Way by way: each loads its scene anew.
        for way, runs in zip(WAYS, there, strict=True):
            for seed in range(1, seeds + 1):
                answer = theirs.ask(**work, seed=seed, **way)
                runs.append((error_of(file, reference, noise), answer["seconds"]))
    mine = _efficiency(here)
    other = [_efficiency(runs) for runs in there]
    best = max(other)
    # One seed's error says little: the row's runs leave one seed out each, to show the spread.
    for k in range(seeds):
        some = [run for index, run in enumerate(here) if index != k]
        table.add(case, _efficiency(some) / best)
    for way, value in zip(WAYS, other, strict=True):
        how = f"{way['sampler']}, roulette {'on' if way['roulette'] else 'off'}"
        table.note(f"{case}: {mine / value:.2f} by {how}")


def reference_of(
    ours: Contender, file: str, spp: int, seeds: int, **work: Any
) -> tuple[NDArray[np.float64], float]:
    """Mean of long renders that are saved to `file`, and the relMSE of its own noise."""
    pictures = []
    for seed in range(seeds):
        ours.ask(**work, spp=spp, seed=1000 + seed)
        pictures.append(np.load(file, allow_pickle=False).astype(float))
    mean = np.mean(pictures, axis=0)
    variance = np.var(pictures, axis=0, ddof=1) / len(pictures)
    return mean, float(np.mean(variance / (mean**2 + 0.01)))


def error_of(file: str, reference: NDArray[np.float64], noise: float) -> float:
    """relMSE of a saved picture, without that of the reference."""
    pixels = np.load(file, allow_pickle=False).astype(float)
    return float(np.mean((pixels - reference) ** 2 / (reference**2 + 0.01))) - noise


def _efficiency(runs: list[tuple[float, float]]) -> float:
    error = statistics.mean(error for error, _ in runs)
    return 1.0 / (error * statistics.median(seconds for _, seconds in runs))
