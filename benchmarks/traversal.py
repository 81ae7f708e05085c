"""Rays per second against Embree: primary, bounced and shadow rays; and the time to build."""

from __future__ import annotations

from benchmarks.harness import Contender, Missing, Table
from benchmarks.peers import ensure

CASES = (("room", 36), ("room", 328_000), ("room", 1_310_000), ("spheres", 100_000))
KINDS = ("primary", "bounce 1", "bounce 2", "shadow")


def measure(repeats: int) -> list[Table]:
    """Ratios above 1: we are faster."""
    python = ensure("embreex")
    rates = Table("Rays per second, ours by Embree's (rtcIntersect1, rtcOccluded1), one core")
    build = Table("Seconds to build, Embree's by ours, two cores")
    one = Contender("traversal", python, "traversal", cores=(0,))
    two = Contender("build", python, "traversal", cores=(0, 1))
    try:
        for name, size in CASES:
            label = f"{size:,} {'spheres' if name == 'spheres' else 'triangles'}"
            try:
                _measure_case(one, rates, label, name, size, repeats)
                for _ in range(repeats):
                    seconds = two.ask(do="build", name=name, size=size)
                    build.add(label, seconds["theirs"] / seconds["ours"])
                    build.add(f"{label}: CPU", seconds["their CPU"] / seconds["our CPU"])
                    build.add(f"{label}: ours, ms", 1e3 * seconds["ours"])
            except Missing as error:
                rates.note(f"{label}: not measured: {error}")
            else:
                two.ask(do="forget", name=name, size=size)
    finally:
        one.close()
        two.close()
    return [rates, build]


def _measure_case(
    one: Contender, rates: Table, label: str, name: str, size: int, repeats: int
) -> None:
    for kind in KINDS:
        check = one.ask(do="check", name=name, size=size, kind=kind)
        rates.note(
            f"{label}, {kind}: {check['rays']:,} rays, {check['hits']:,} hits, "
            f"{check['differ']:,} end elsewhere than Embree's"
        )
        for _ in range(repeats):
            seconds = one.ask(do="trace", name=name, size=size, kind=kind)
            rates.add(f"{label}, {kind}", seconds["theirs"] / seconds["ours"])
            rates.add(f"{label}, {kind}: ours, Mrays/s", 1e-6 * seconds["rays"] / seconds["ours"])
    one.ask(do="forget", name=name, size=size)
