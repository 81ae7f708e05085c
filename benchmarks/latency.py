"""How soon a change is seen, and how soon work ends: two threads, a mesh of 328,000 triangles."""

from __future__ import annotations

from benchmarks.harness import Contender, Table
from benchmarks.peers import ensure


def measure(repeats: int) -> list[Table]:
    """Milliseconds of wall time."""
    table = Table("Latency, ms of wall time, two cores, mesh of 328,000 triangles, 640x480")
    worker = Contender("latency", ensure(), "latency", cores=(0, 1))
    try:
        worker.ask(do="camera")  # compiles
        for _ in range(3 * repeats):
            for row, milliseconds in worker.ask(do="camera")["rows"].items():
                table.add(row, milliseconds)
        for spp in (16, 256, 4096):
            for _ in range(4 * repeats):
                row = f"close() to the end of all threads, cornell in one pass of {spp} spp"
                table.add(row, worker.ask(do="stop", spp=spp)["ms"])
    finally:
        worker.close()
    return [table]
