"""Efficiency and rate over a wide set of scenes, by the best that Mitsuba 3 can do with each.

Error is the variance between renders of different seeds, over mean^2 + 0.01, averaged over the
picture: both sides are unbiased, so it is the squared error, and no reference has to be believed.
That the means agree is looked at, too: where they don't, the two don't render the same thing, and
the row says so. Efficiency is 1 / (error x CPU seconds); each side uses its own sampler and
roulette, Mitsuba each of `WAYS` of which the best counts. The rate is samples per CPU second, by
Mitsuba's fastest way.

What was measured last is kept in `benchmarks/landings/suite.json`; rows that fell from there by
more than both spreads are told. A row is kept as soon as it is measured: a run that was ended goes
on where it was with ``--resume``, and ``--only`` measures some scenes alone.

``--narrow`` has the kernels of both compiled for a processor with AVX2 (8 lanes), whatever this one
has: ours by ``NUMBA_CPU_NAME``, Mitsuba's by Dr.Jit's ``jit_llvm_set_target``. (Embree, which
Mitsuba's LLVM variants trace rays with, is compiled ahead and goes on to choose for itself.)
``--threads 2`` gives both sides two threads and two cores; seconds are CPU seconds of both. Neither
is a landing.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.efficiency import WAYS
from benchmarks.harness import LANDINGS, RESULTS, Contender, Missing, Table
from benchmarks.peers import ensure, llvm_environment
from benchmarks.suite_scenes import SUITE, Entry, drawn_by
from benchmarks.workers.files import PREFIX

SIZE, SPP, SEEDS = 128, 64, 5
FIRST_SEEDS = 2  # of each of Mitsuba's ways; all only of those that come to half of the best
WORST = 3
BEYOND = 4.5  # sigma, from where means are not called equal

NARROW = {"NUMBA_CPU_NAME": "x86-64-v3"}  # AVX2

_PARTIAL = RESULTS / "suite.partial.jsonl"  # a line for each scene that was measured


class Runs(NamedTuple):
    """What the seeds of one way gave."""

    stack: NDArray[np.float64]  # pictures (seeds, H, W, 3)
    times: list[float]  # CPU seconds of each

    @property
    def seconds(self) -> float:
        return min(self.times)

    def efficiency(self) -> float:
        return 1.0 / (_error(self.stack) * self.seconds)

    def efficiencies(self) -> list[float]:
        """Each by leaving one seed out, of three or more."""
        seeds = range(len(self.stack))
        errors = [_error(np.delete(self.stack, k, axis=0)) for k in seeds]
        return [1.0 / (error * self.seconds) for error in errors]

    def mean(self) -> float:
        return float(self.stack.mean())

    def sigma(self) -> float:
        """Of the mean."""
        means = self.stack.mean(axis=(1, 2, 3))
        return float(means.std(ddof=1) / len(means) ** 0.5)


class Row(NamedTuple):
    """What was measured of a scene."""

    efficiencies: list[float]
    rates: list[float]
    note: str


def measure(
    repeats: int,
    only: Sequence[str] = (),
    resume: bool = False,
    narrow: bool = False,
    threads: int = 1,
) -> list[Table]:
    """Ratios above 1: we need less time for the same error; the worst rows come first.

    `only` has the names of the scenes to measure, all if it is empty, "drawn N" with any seed,
    or "file:PATH" of any scene that can be loaded. With `resume`, rows that a run before has left
    behind are taken from there. `narrow` compiles kernels of both for AVX2; `threads` is how many
    each side has, on as many cores.
    """
    unknown = [name for name in only if not _is_known(name)]
    if unknown:
        raise Missing(f"no such scene: {', '.join(unknown)}; known are {', '.join(SUITE)}")
    names = list(only or SUITE)
    how = ", ".join(["one core" if threads == 1 else f"{threads} cores"] + ["AVX2"] * narrow)
    if not resume:
        _PARTIAL.unlink(missing_ok=True)
    known = _kept_rows(how)
    python = ensure("mitsuba")
    head = f"{SIZE}x{SIZE}, {SPP} spp, box filter, {how}"
    efficiency = Table(f"Efficiency by the best of Mitsuba llvm_ad_rgb's: {head}")
    rate = Table(f"Samples per CPU second by the fastest of Mitsuba llvm_ad_rgb's: {head}")
    cores = range(threads)
    own = NARROW if narrow else {}
    ours = Contender("raywidget", python, "raywidget_worker", cores=cores, environment=own)
    theirs = Contender(
        "mitsuba", python, "mitsuba_worker", cores=cores, environment=llvm_environment()
    )
    try:
        for name in names:
            row = known.get(name)
            if row is None:
                try:
                    row = _measure_scene(ours, theirs, name, max(repeats, SEEDS), narrow, threads)
                except Missing as error:
                    efficiency.note(f"{name}: not measured: {error}")
                    continue
                _keep_row(name, row, how)
            efficiency.rows[name], rate.rows[name] = row.efficiencies, row.rates
            print(
                f"{name}: {efficiency.median(name):.2f}, rate {rate.median(name):.2f}",
                file=sys.stderr,
                flush=True,
            )
            if row.note:
                efficiency.note(row.note)
    finally:
        ours.close()
        theirs.close()
    for table in (efficiency, rate):
        if table.rows:
            _sum_up(table)
    return [efficiency, rate]


def _is_known(name: str) -> bool:
    return name in SUITE or name.startswith(PREFIX) or drawn_by(name) is not None


def _kept_rows(how: str) -> dict[str, Row]:
    """What a run of the same kind that was ended has measured."""
    if not _PARTIAL.exists():
        return {}
    lines = [json.loads(line) for line in _PARTIAL.read_text().splitlines()]
    kept = [line for line in lines if line.pop("how", "one core") == how]
    return {line.pop("name"): Row(**line) for line in kept}


def _keep_row(name: str, row: Row, how: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    with _PARTIAL.open("a") as file:
        file.write(json.dumps({"name": name, "how": how, **row._asdict()}) + "\n")


def _measure_scene(
    ours: Contender, theirs: Contender, name: str, seeds: int, narrow: bool, threads: int
) -> Row:
    entry = SUITE.get(name, Entry(lambda: None))  # workers make the others by their name
    work = {
        "scene": name,
        "size": SIZE,
        "spp": SPP,
        "depth": entry.depth,
        "threads": threads,
    }
    mine = run_seeds(ours, seeds, **work, integrator=entry.integrator)
    work["narrow"] = narrow  # our process is compiled so
    others = [run_seeds(theirs, min(seeds, FIRST_SEEDS), **work, **way) for way in WAYS]
    fastest = min(other.seconds for other in others)
    at_first = [other.efficiency() for other in others]
    promising = [way for way, e in zip(WAYS, at_first, strict=True) if e >= max(at_first) / 2]
    whole = [run_seeds(theirs, seeds, **work, **way) for way in promising]
    best = max(statistics.mean(other.efficiencies()) for other in whole)
    fastest = min(fastest, *(other.seconds for other in whole))
    theirs_mean = statistics.mean(other.mean() for other in whole)
    of_theirs = statistics.mean(o.sigma() for o in whole) / len(whole) ** 0.5
    sigma = float(np.hypot(mine.sigma(), of_theirs))
    note = ""
    if abs(mine.mean() - theirs_mean) > BEYOND * sigma:
        note = (
            f"{name}: means differ: {mine.mean():.5f} ours, {theirs_mean:.5f} theirs, "
            f"{abs(mine.mean() - theirs_mean) / sigma:.1f} sigma"
        )
    rates = [fastest / seconds for seconds in mine.times]
    return Row([value / best for value in mine.efficiencies()], rates, note)


def run_seeds(contender: Contender, seeds: int, **work: object) -> Runs:
    """Pictures of seeds from 1 on, after one that compiles."""
    pictures, seconds = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "picture.npy"))
        contender.ask(**work, seed=0)  # compiles
        for seed in range(1, seeds + 1):
            seconds.append(contender.ask(**work, seed=seed, save=file)["seconds"])
            pictures.append(np.load(file, allow_pickle=False).astype(float))
    return Runs(np.array(pictures), seconds)


def _error(stack: NDArray[np.float64]) -> float:
    return float(np.mean(stack.var(axis=0, ddof=1) / (stack.mean(axis=0) ** 2 + 0.01)))


def _sum_up(table: Table) -> None:
    """The worst rows first, the median of all, and what fell since the last landing."""
    order = sorted(table.rows, key=table.median)
    for row in order:
        table.rows[row] = table.rows.pop(row)  # sorts the table
    # A row fell if its best run is below the worst of before.
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
