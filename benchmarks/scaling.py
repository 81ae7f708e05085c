"""What rendering costs as things grow, what threads bring, what a tile costs outside kernels."""

from __future__ import annotations

import math
from typing import Any

from benchmarks.harness import Contender, Table
from benchmarks.peers import ensure

# Each over two decades.
AXES: dict[str, tuple[int, ...]] = {
    "spp": (4, 40, 400),
    "pixels": (64**2, 203**2, 640**2),
    "depth": (2, 14, 200),
    "triangles": (10_000, 100_000, 1_000_000),
    "spheres": (1_000, 10_000, 100_000),
    "lights": (10, 100, 1_000),
}


def measure(repeats: int) -> list[Table]:
    """Exponents of CPU time against size, and overheads."""
    python = ensure()
    growth = Table("CPU seconds per million samples, one core; the exponent of the cost in the row")
    one = Contender("one core", python, "scaling", cores=(0,))
    try:
        for axis, sizes in AXES.items():
            medians = []
            for size in sizes:
                row = f"{axis} {size:,}"
                for _ in range(repeats):
                    growth.add(row, one.ask(do="cost", axis=axis, size=size)["seconds"])
                medians.append(growth.median(row))
            exponent = math.log(medians[-1] / medians[0]) / math.log(sizes[-1] / sizes[0])
            growth.note(f"{axis}: cost per sample grows with the power {exponent:.3f}")
    finally:
        one.close()
    return [growth, _threads(python, repeats), _overhead(python, repeats), _memory(python)]


def _threads(python: Any, repeats: int) -> Table:
    table = Table("Two threads against two processes: samples per second of wall time")
    both = Contender("two threads", python, "scaling", cores=(0, 1))
    alone = [Contender(f"process {k}", python, "scaling", cores=(k,)) for k in (0, 1)]
    try:
        for worker in (both, *alone):
            worker.ask(do="rate", threads=1)  # compiles
        for _ in range(repeats):
            together = both.ask(do="rate", threads=2)["rate"]
            for worker in alone:
                worker.send(do="rate", threads=1)
            apart = sum(worker.receive()["rate"] for worker in alone)
            table.add("two threads by two processes", together / apart)
    finally:
        for worker in (both, *alone):
            worker.close()
    return table


def _overhead(python: Any, repeats: int) -> Table:
    table = Table("What a tile costs outside kernels")
    worker = Contender("overhead", python, "scaling", cores=(0, 1))
    try:
        for _ in range(repeats):
            answer = worker.ask(do="tiles")
            table.add("tiles a second with a kernel that does nothing", answer["tiles_per_second"])
            table.add("microseconds of CPU a tile", answer["microseconds"])
            calls = worker.ask(do="calls")
            for way in calls:
                table.add(f"microseconds of CPU a call without pixels, by {way}", calls[way])
            table.add("share of a 64x64 tile at 1 spp of cornell, %", answer["share"])
    finally:
        worker.close()
    return table


def _memory(python: Any) -> Table:
    table = Table("Memory of a mesh of 10 million triangles, bytes a triangle")
    worker = Contender("memory", python, "scaling", cores=(0, 1))
    try:
        answer = worker.ask(do="memory", triangles=10_000_000)
        for row in ("tables", "peak of the build"):
            table.add(row, answer[row])
        table.note(f"built in {answer['seconds']:.1f} s with two threads")
    finally:
        worker.close()
    return table
