"""Efficiency and rate over a wide set of scenes, by the best that Mitsuba 3 can do with each.

Error is the variance between renders of different seeds, over mean^2 + 0.01, averaged over the
picture: both sides are unbiased, so it is the squared error, and no reference has to be believed.
That the means agree is looked at, too: where they don't, the two don't render the same thing, and
the row says so. Efficiency is 1 / (error x CPU seconds); each side uses its own sampler and
roulette, Mitsuba each of `WAYS` of which the best counts. The rate is samples per CPU second, by
Mitsuba's fastest way.

What was measured last is kept in `benchmarks/landings/suite.json`; rows that fell from there by
more than both spreads are told.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.efficiency import WAYS
from benchmarks.harness import LANDINGS, Contender, Missing, Table
from benchmarks.peers import ensure, llvm_environment
from benchmarks.suite_scenes import SUITE

SIZE, SPP, SEEDS = 128, 64, 5
WORST = 3
BEYOND = 4.5  # sigma, from where means are not called equal


class Runs(NamedTuple):
    """What the seeds of one way gave."""

    errors: list[float]  # each by leaving one seed out
    seconds: float
    mean: float
    sigma: float  # of the mean

    def efficiencies(self) -> list[float]:
        return [1.0 / (error * self.seconds) for error in self.errors]


def measure(repeats: int) -> list[Table]:
    """Ratios above 1: we need less time for the same error; the worst rows come first."""
    python = ensure("mitsuba")
    head = f"{SIZE}x{SIZE}, {SPP} spp, box filter, one core"
    efficiency = Table(f"Efficiency by the best of Mitsuba llvm_ad_rgb's: {head}")
    rate = Table(f"Samples per CPU second by the fastest of Mitsuba llvm_ad_rgb's: {head}")
    ours = Contender("raywidget", python, "raywidget_worker")
    theirs = Contender("mitsuba", python, "mitsuba_worker", environment=llvm_environment())
    try:
        for name in SUITE:
            try:
                _measure_scene(efficiency, rate, ours, theirs, name, max(repeats, SEEDS))
            except Missing as error:
                efficiency.note(f"{name}: not measured: {error}")
    finally:
        ours.close()
        theirs.close()
    for table in (efficiency, rate):
        _sum_up(table)
    return [efficiency, rate]


def _measure_scene(
    efficiency: Table, rate: Table, ours: Contender, theirs: Contender, name: str, seeds: int
) -> None:
    entry = SUITE[name]
    work = {"scene": name, "size": SIZE, "spp": SPP, "depth": entry.depth}
    mine = _runs(ours, seeds, **work, integrator=entry.integrator)
    others = [_runs(theirs, seeds, **work, **way) for way in WAYS]
    best = max(statistics.mean(other.efficiencies()) for other in others)
    for value in mine.efficiencies():
        efficiency.add(name, value / best)
    rate.add(name, min(other.seconds for other in others) / mine.seconds)
    theirs_mean = statistics.mean(other.mean for other in others)
    print(f"{name}: {efficiency.median(name):.2f}, rate {rate.median(name):.2f}", file=sys.stderr)
    sigma = float(np.hypot(mine.sigma, statistics.mean(o.sigma for o in others) / len(WAYS) ** 0.5))
    if abs(mine.mean - theirs_mean) > BEYOND * sigma:
        efficiency.note(
            f"{name}: means differ: {mine.mean:.5f} ours, {theirs_mean:.5f} theirs, "
            f"{abs(mine.mean - theirs_mean) / sigma:.1f} sigma"
        )


def _runs(contender: Contender, seeds: int, **work: object) -> Runs:
    pictures, seconds = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "picture.npy"))
        contender.ask(**work, seed=0)  # compiles
        for seed in range(1, seeds + 1):
            seconds.append(contender.ask(**work, seed=seed, save=file)["seconds"])
            pictures.append(np.load(file, allow_pickle=False).astype(float))
    stack = np.array(pictures)
    means = stack.mean(axis=(1, 2, 3))
    errors = [_error(np.delete(stack, k, axis=0)) for k in range(seeds)]
    sigma = float(means.std(ddof=1) / seeds**0.5)
    return Runs(errors, min(seconds), float(means.mean()), sigma)


def _error(stack: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return float(np.mean(stack.var(axis=0, ddof=1) / (stack.mean(axis=0) ** 2 + 0.01)))


def _sum_up(table: Table) -> None:
    """The worst rows first, the median of all, and what fell since the last landing."""
    order = sorted(table.rows, key=table.median)
    for row in order:
        table.rows[row] = table.rows.pop(row)  # sorts the table
    worst = ", ".join(f"{row} {table.median(row):.2f}" for row in order[:WORST])
    middle = statistics.median(table.median(row) for row in order)
    table.note(f"worst: {worst}; median of {len(order)} scenes: {middle:.2f}")
    kept = LANDINGS / "suite.json"
    if not kept.exists():
        return
    for before in json.loads(kept.read_text())["tables"]:
        if before["title"] != table.title:
            continue
        for row, runs in before["rows"].items():
            now = table.rows.get(row)
            if now is not None and max(now) < min(runs):
                table.note(f"FELL: {row}: {statistics.median(runs):.2f} -> {table.median(row):.2f}")
