"""``python -m benchmarks [NAME ...]``: measure, print tables, keep them as JSON."""

from __future__ import annotations

import argparse
import importlib
import sys

from benchmarks.harness import Missing, machine, write

NAMES = (
    "first_light",
    "ahead",
    "opening",
    "traversal",
    "path_tracing",
    "efficiency",
    "suite",
    "cycles",
    "latency",
    "scaling",
    "cluster",
    "volumes",
)


def main() -> int:
    """Run what was asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--repeats", type=int, default=5, help="turns of each contender")
    parser.add_argument(
        "--landing", action="store_true", help="keep the figures in benchmarks/landings"
    )
    parser.add_argument(
        "--only", nargs="+", default=(), metavar="SCENE", help="of the suite: these scenes alone"
    )
    parser.add_argument(
        "--resume", action="store_true", help="of the suite: keep what an ended run has measured"
    )
    parser.add_argument(
        "--narrow", action="store_true", help="of the suite: kernels for AVX2, 8 lanes"
    )
    parser.add_argument(
        "--threads", type=int, default=1, help="of the suite: threads and cores of each side"
    )
    options = parser.parse_args()
    if options.landing and (options.narrow or options.threads != 1):
        parser.error("a landing is one of all lanes in one thread")
    if options.only and options.landing:
        parser.error("--landing keeps all scenes: leave --only out (--resume may go on with a run)")
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(NAMES)}")
    missing = []
    for name in options.names or NAMES:
        before = machine()
        try:
            measure = importlib.import_module(f"benchmarks.{name}").measure
            of_suite = ("only", "resume", "narrow", "threads")
            how = {key: getattr(options, key) for key in of_suite} if name == "suite" else {}
            tables = measure(options.repeats, **how)
        except Missing as error:
            missing.append(f"{name}: {error}")
            continue
        write(name, tables, before, options.landing)
    for line in missing:
        print(f"NOT MEASURED: {line}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
