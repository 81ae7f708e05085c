"""Efficiency and rate by Blender's Cycles, on the CPU, one thread, in scenes that it can be told.

Those are the scenes of `suite` that `cycles_scene` finds words for. Both sides use their own
numbers, choice of lights and roulette; nothing is clamped, blurred or adaptive. Error is the
variance between seeds, as in `suite`. Cycles' two patterns of samples are measured, of which the
best counts. Means of pictures are told; where they differ by more than `APART`, the row is left
out. `bpy`, which is 370 MB and there for one Python only, goes into an environment of its own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.harness import ROOT, Contender, Missing, Table
from benchmarks.peers import ensure
from benchmarks.suite import SEEDS, run_seeds
from benchmarks.suite_scenes import SUITE

PATTERNS = ("TABULATED_SOBOL", "BLUE_NOISE")
SIZE, SPP = 128, 64
APART = 0.02  # lamps of Cycles that are points with a radius are discs: 0.012 where there are 200

FOLDER = Path(os.environ.get("RAYWIDGET_CYCLES_ENV", ROOT / ".venv-bench-cycles"))


def measure(repeats: int) -> list[Table]:
    """Ratios above 1: we need less time for the same error."""
    python = _ensure_bpy()
    head = f"{SIZE}x{SIZE}, {SPP} spp, box filter, one core"
    efficiency = Table(f"Efficiency by that of Cycles: {head}")
    rate = Table(f"Samples per CPU second by those of Cycles: {head}")
    ours = Contender("raywidget", ensure(), "raywidget_worker")
    theirs = Contender("cycles", python, "cycles_worker")
    try:
        unsaid = []
        for name in SUITE:
            if SUITE[name].integrator == "bdpt":  # which Cycles does not have
                continue
            try:
                _measure_scene(efficiency, rate, ours, theirs, name, max(repeats, SEEDS))
            except Missing as error:
                unsaid.append(f"{name} ({str(error).rpartition(': ')[2]})")
        efficiency.note(f"not measured: {', '.join(unsaid) or 'none'}")
    finally:
        ours.close()
        theirs.close()
    return [efficiency, rate]


def _measure_scene(
    efficiency: Table, rate: Table, ours: Contender, theirs: Contender, name: str, seeds: int
) -> None:
    entry = SUITE[name]
    work = {"scene": name, "size": SIZE, "spp": SPP, "depth": entry.depth}
    others = [run_seeds(theirs, seeds, **work, sampling=pattern) for pattern in PATTERNS]
    mine = run_seeds(ours, seeds, **work, integrator=entry.integrator)
    mean = statistics.mean(other.mean() for other in others)
    note = f"{name}: means {mine.mean():.5f} ours, {mean:.5f} theirs"
    if abs(mine.mean() / mean - 1.0) > APART:
        efficiency.note(f"{note}: left out")
        return
    efficiency.note(note)
    best = max(statistics.mean(other.efficiencies()) for other in others)
    fastest = min(other.seconds for other in others)
    for value, seconds in zip(mine.efficiencies(), mine.times, strict=True):
        efficiency.add(name, value / best)
        rate.add(name, fastest / seconds)


def _ensure_bpy() -> Path:
    """The Python of an environment with `bpy`."""
    python = FOLDER / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
    command = [str(python), "-c", "import bpy"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        install = [str(python), "-m", "pip", "install", "--quiet", "--only-binary", "bpy", "bpy"]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no output"])[-1]
            raise Missing(f"pip can't install bpy: {last}")
    return python
